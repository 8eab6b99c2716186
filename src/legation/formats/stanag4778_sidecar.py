# SPDX-License-Identifier: Apache-2.0
"""
A sidecar file: the binding of ADatP-4778 that lies beside the file it labels.

For ``report.pdf`` it is called ``report.pdf.bdo`` and names ``./report.pdf``.

A sidecar without a digest proves nothing: any file of the name fits it. The standard has a digest
only inside a signature. By a convention of this project, a sidecar written here carries a
``ds:Manifest`` beside the binding, in the place where the schema lets foreign elements stand: one
``ds:Reference`` with the SHA-384 of the file. It validates; readers who do not know it pass over
it; and a signature made later can cover it as it is. It is no signature: whoever can write both files
can write another digest. It tells that a file is the one that was labelled, not who labelled it.

Source: ADatP-4778(A)(1), schema version 1.4; ADatP-4778.2, chapters 2 (digests) and 9 (sidecar files).
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote, unquote

from lxml import etree

from legation.errors import MalformedError
from legation.formats import xml
from legation.formats.stanag4774_label import OriginatorID, Role
from legation.formats.stanag4774_parts import to_bytes
from legation.formats.stanag4774_writing import label_element
from legation.formats.stanag4778_binding import (
    BINDING_NAMESPACE,
    DIGESTS,
    EXTENSION_NAMESPACE,
    MIME_NAMESPACE,
    SIGNATURE_NAMESPACE,
    URI_LENGTH_MAX,
    BindingInformation,
)
from legation.labels.label import Label
from legation.labels.policy import Policy

SUFFIX = ".bdo"
SIDECAR_PROFILE = "urn:nato:stanag:4778:profile:sidecar:1:2"
ALTERNATIVES_MAX = 16  # policies that one object is labelled under; a mission has a few partners

_SHA384 = next(uri for uri, name in DIGESTS.items() if name == "sha384")

CONTENT_TYPES = {
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "md": "text/markdown",
    "odt": "application/vnd.oasis.opendocument.text",
    "pdf": "application/pdf",
    "png": "image/png",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "txt": "text/plain",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "zip": "application/zip",
}
"""What the ends of common names stand for; the same on every machine."""


class Held(StrEnum):
    """What a sidecar says about the bytes of a file."""

    MATCHES = "matches"
    """They are the bytes that were labelled."""
    DIFFERS = "differs"
    """They are others."""
    NO_DIGEST = "no-digest"
    """It names the file and nothing can be held against its bytes: this proves nothing."""
    OTHER_NAME = "other-name"
    """It is about a file of another name."""


def sidecar_name(name: str) -> str:
    """Name the sidecar of a file."""
    return f"{name}{SUFFIX}"


def write_sidecar(
    name: str,
    data: bytes,
    label: Label,
    policy: Policy,
    *,
    alternatives: Sequence[tuple[Label, Policy]] = (),
    content_type: str = "",
    originator: OriginatorID | None = None,
    created: datetime | None = None,
    review_at: datetime | None = None,
) -> bytes:
    """
    Write the sidecar that binds a label to a file, with a digest of the file.

    Args:
        name: The name of the file, without folders.
        data: Its bytes.
        label: The originator's label, valid in *policy*.
        policy: The policy of the label.
        alternatives: Equivalent labels with their policies, at most ``ALTERNATIVES_MAX``.
        content_type: The media type of the file; by the end of its name if it is not given.
        originator: Who puts the labels on.
        created: When, with a time zone; see ``stanag4774.write_label``.
        review_at: When they are to be reviewed; see ``stanag4774.write_label``.

    Raises:
        MalformedError: A label is not valid in its policy, or the name is none of a file.
    """
    if len(alternatives) > ALTERNATIVES_MAX:
        raise MalformedError(f"{len(alternatives)} alternative labels, expected at most {ALTERNATIVES_MAX}")
    uri = _uri(name)
    names = {"mb": BINDING_NAMESPACE, "ds": SIGNATURE_NAMESPACE, "xmime": MIME_NAMESPACE}
    root = etree.Element(
        f"{{{BINDING_NAMESPACE}}}BindingInformation", nsmap={**names, "mbx": EXTENSION_NAMESPACE}
    )
    root.set(f"{{{EXTENSION_NAMESPACE}}}profile", SIDECAR_PROFILE)
    container = _child(root, BINDING_NAMESPACE, "MetadataBindingContainer")
    binding = _child(container, BINDING_NAMESPACE, "MetadataBinding")
    labels = ((label, policy, Role.ORIGINATOR), *((*each, Role.ALTERNATIVE) for each in alternatives))
    for each, own, role in labels:
        metadata = _child(binding, BINDING_NAMESPACE, "Metadata")
        metadata.append(
            label_element(each, own, role=role, originator=originator, created=created, review_at=review_at)
        )
    reference = _child(binding, BINDING_NAMESPACE, "DataReference")
    reference.set("URI", uri)
    reference.set(f"{{{MIME_NAMESPACE}}}contentType", content_type or _content_type(name))
    _write_manifest(container, uri, data)
    return to_bytes(root)


def _child(parent: xml.Element, namespace: str, name: str) -> xml.Element:
    return etree.SubElement(parent, f"{{{namespace}}}{name}")


def _uri(name: str) -> str:
    """Name a file from beside it; what a URI does not hold is escaped."""
    if not name.isprintable() or name in {"", ".", ".."} or any(each in name for each in "/\\"):
        raise MalformedError("a sidecar is for a file with a plain name, without folders")
    uri = "./" + quote(name, safe="-._~!$&'()*+,;=@")
    if len(uri) > URI_LENGTH_MAX:
        raise MalformedError(f"name of a file is too long, expected at most {URI_LENGTH_MAX} characters")
    return uri


def _content_type(name: str) -> str:
    return CONTENT_TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")


def _write_manifest(parent: xml.Element, uri: str, data: bytes) -> None:
    reference = _child(_child(parent, SIGNATURE_NAMESPACE, "Manifest"), SIGNATURE_NAMESPACE, "Reference")
    reference.set("URI", uri)
    _child(reference, SIGNATURE_NAMESPACE, "DigestMethod").set("Algorithm", _SHA384)
    digest = hashlib.sha384(data).digest()
    _child(reference, SIGNATURE_NAMESPACE, "DigestValue").text = b64encode(digest).decode()


def uris_of(information: BindingInformation, name: str) -> frozenset[str]:
    """The URIs in a sidecar that mean the file of this name beside it, however they are escaped."""
    return frozenset(
        each.uri
        for binding in information.bindings
        for each in binding.data
        if each.uri is not None and name and _named(each.uri) == name
    )


def sole_name(information: BindingInformation) -> str:
    """The name of the one file that a sidecar is about; empty where it is about several, or none."""
    objects = [each for binding in information.bindings for each in binding.data]
    names = {_named(each.uri) if each.uri is not None else "" for each in objects}
    return names.pop() if len(names) == 1 else ""


def _named(uri: str) -> str:
    """
    The plain name of a file that a URI names from beside it; empty where it names another thing.

    A fragment or a query means a part of a file, and what has a colon and no ``./`` has a scheme.
    """
    rest = uri.removeprefix("./")
    if any(each in rest for each in "/\\?#") or (":" in rest and rest == uri):
        return ""
    try:
        name = unquote(rest, errors="strict")
    except UnicodeDecodeError:
        return ""
    return name if name.isprintable() and not any(each in name for each in "/\\") else ""


def check(information: BindingInformation, data: bytes, *, name: str) -> Held:
    """
    Hold a file against its sidecar.

    Args:
        information: What the sidecar says.
        data: The bytes of the file.
        name: Its name, without folders; a renamed file is another one to its sidecar.

    Returns:
        ``MATCHES`` only if the sidecar has a digest of this file, and each one it has is right.
    """
    uris = uris_of(information, name)
    if not uris:
        return Held.OTHER_NAME
    digests = [each for each in information.digests if _named(each.uri) == name]
    if not digests:
        return Held.NO_DIGEST
    right = [hmac.compare_digest(hashlib.new(each.algorithm, data).digest(), each.value) for each in digests]
    return Held.MATCHES if all(right) else Held.DIFFERS
