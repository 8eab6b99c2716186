# SPDX-License-Identifier: Apache-2.0
"""
Bindings of labels to data: ADatP-4778 (STANAG 4778), edition A version 1.

Use::

    sidecar = write_sidecar("report.pdf", data, label, policy, created=now)  # -> report.pdf.bdo
    held = check(read(sidecar), data, name="report.pdf")  # matches, differs, or no digest
    found = find(data)  # the labels in a PDF, JPEG, PNG, DOCX, a .bdo, or a bare label

No signature is checked: what is read says what somebody wrote, not who. The parts are
``stanag4778_binding`` (the structure), ``stanag4778_sidecar``, ``stanag4778_xmp`` (PDF, JPEG, PNG)
and ``stanag4778_opc`` (Office Open XML).

Source: ADatP-4778(A)(1), schema version 1.4; ADatP-4778.2.
"""

from dataclasses import dataclass
from enum import StrEnum

from legation.errors import MalformedError
from legation.formats import stanag4778_opc as opc
from legation.formats import stanag4778_xmp as xmp
from legation.formats.stanag4774_label import LABEL_SIZE_BYTES_MAX, LabelDocument, document_of, is_label
from legation.formats.stanag4778_binding import (
    BINDING_NAMESPACE,
    BINDING_SIZE_BYTES_MAX,
    DIGESTS,
    EXTENSION_NAMESPACE,
    PROFILES,
    Binding,
    BindingInformation,
    DataObject,
    Digest,
    read,
)
from legation.formats.stanag4778_sidecar import (
    CONTENT_TYPES,
    SIDECAR_PROFILE,
    SUFFIX,
    Held,
    check,
    sidecar_name,
    sole_name,
    uris_of,
    write_sidecar,
)
from legation.formats.xml import parse

__all__ = [
    "BINDING_NAMESPACE",
    "BINDING_SIZE_BYTES_MAX",
    "CONTENT_TYPES",
    "DIGESTS",
    "EXTENSION_NAMESPACE",
    "PROFILES",
    "SIDECAR_PROFILE",
    "SUFFIX",
    "Binding",
    "BindingInformation",
    "Carrier",
    "DataObject",
    "Digest",
    "Found",
    "Held",
    "check",
    "find",
    "kind_of",
    "read",
    "sidecar_name",
    "sole_name",
    "uris_of",
    "write_sidecar",
]


class Carrier(StrEnum):
    """What a label was found in."""

    LABEL = "label"
    """A document of its own (ADatP-4774)."""
    BINDING = "binding"
    """A binding data object of its own, such as a sidecar."""
    PDF = "pdf"
    JPEG = "jpeg"
    PNG = "png"
    ARCHIVE = "ooxml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """
    The labels that were found in some bytes.

    ``labels`` are those of the whole: of the object in which a binding lies, of the one file that a
    sidecar names, or the label itself. ``binding`` is None for a bare label, and where there is none.
    """

    carrier: Carrier
    labels: tuple[LabelDocument, ...] = ()
    binding: BindingInformation | None = None
    faults: tuple[str, ...] = ()


def kind_of(data: bytes) -> Carrier | None:
    """What these bytes begin as; any XML counts as a label until it is read."""
    if data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return Carrier.LABEL
    if xmp.is_jpeg(data):
        return Carrier.JPEG
    if xmp.is_png(data):
        return Carrier.PNG
    if opc.is_archive(data):
        return Carrier.ARCHIVE
    return Carrier.PDF if xmp.is_pdf(data) else None


def find(data: bytes) -> Found:
    """
    Find the labels in a label document, a binding data object, a PDF, a JPEG, a PNG or an Office file.

    Raises:
        MalformedError: It is none of them, is broken, or it is open which label counts.
    """
    carrier, notes = kind_of(data), tuple[str, ...]()
    match carrier:
        case Carrier.JPEG:
            inside = xmp.from_jpeg(data)
        case Carrier.PNG:
            inside = xmp.from_png(data)
        case Carrier.ARCHIVE:
            inside = opc.from_archive(data)
        case Carrier.PDF:
            inside, notes = xmp.from_pdf(data)
        case None:
            raise MalformedError(
                "this is no label, binding, PDF, JPEG, PNG or Office file",
                hint=f"a file of another kind has its label beside it, in NAME{SUFFIX}",
            )
        case _:
            return _in_document(data)
    if inside is None:
        return Found(carrier=carrier, faults=notes)
    binding = read(inside)
    labels = binding.labels_of(opc.MAIN_PARTS | {""} if carrier is Carrier.ARCHIVE else _own_uris(binding))
    return Found(carrier=carrier, labels=labels, binding=binding, faults=(*notes, *binding.faults))


def _in_document(data: bytes) -> Found:
    root = parse(data, size_bytes_max=max(LABEL_SIZE_BYTES_MAX, BINDING_SIZE_BYTES_MAX), what="document")
    if is_label(root):
        if len(data) > LABEL_SIZE_BYTES_MAX:
            raise MalformedError(f"label has {len(data)} bytes, expected at most {LABEL_SIZE_BYTES_MAX}")
        document = document_of(root)
        return Found(carrier=Carrier.LABEL, labels=(document,), faults=document.faults)
    binding = read(data)
    name = sole_name(binding)
    labels = binding.labels_of(uris_of(binding, name)) if name else ()
    return Found(carrier=Carrier.BINDING, labels=labels, binding=binding, faults=binding.faults)


def _own_uris(binding: BindingInformation) -> frozenset[str]:
    """What means the object around the binding: nothing, or the one file that it was called once."""
    name = sole_name(binding)
    return frozenset({""}) | (uris_of(binding, name) if name else frozenset())
