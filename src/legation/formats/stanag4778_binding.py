# SPDX-License-Identifier: Apache-2.0
"""
The binding information of ADatP-4778: which metadata, labels above all, are bound to which data.

Rules kept here:

1. Metadata and data hold exactly one element each. Two labels are two Metadata in one binding; two
   labels in one Metadata, or a label hidden inside other metadata, are refused.
2. One binding has one originator's label at most: with two it is open which counts.
3. A label is refused here for whatever it is refused for alone.
4. A signature is counted and **not checked**. What is read here says what somebody wrote, and not
   who; only a digest of the data, where there is one, can be held against them.
5. Foreign elements where the schema lets them stand, behind the bindings, are not read and are
   listed; only a manifest of digests is looked for among them. A label that stands there is refused.

Source: ADatP-4778(A)(1), schema version 1.4; the identifiers of profiles are those of ADatP-4778.2.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass

from legation.errors import MalformedError
from legation.formats import xml
from legation.formats.stanag4774_label import LabelDocument, Role, document_of, is_label
from legation.formats.stanag4774_parts import Notes, Parts

BINDING_NAMESPACE = "urn:nato:stanag:4778:bindinginformation:1:0"
EXTENSION_NAMESPACE = "urn:nato:stanag:4778:bindinginformation:extensions:1:0"
SIGNATURE_NAMESPACE = "http://www.w3.org/2000/09/xmldsig#"
MIME_NAMESPACE = "http://www.w3.org/2005/05/xmlmime"

BINDING_SIZE_BYTES_MAX = 1 << 20  # labels of every part of a document; data inside are for small objects
URI_LENGTH_MAX = 2048  # characters
SIGNATURES_MAX = 16  # nobody has more to sign one binding

PROFILES = {
    f"urn:nato:stanag:4778:profile:{name}": what
    for name, what in (
        ("cryptoartefact:1:2", "crypto artefact"),
        ("smtp:1:2", "SMTP"),
        ("xmpp:1:3", "XMPP"),
        ("ooxml:1:2", "Office Open XML"),
        ("soap:1:1", "SOAP"),
        ("rest:1:2", "REST"),
        ("gopc:1:2", "open packaging"),
        ("sidecar:1:2", "sidecar file"),
        ("xmp:1:1", "XMP"),
        ("wsmp:1:1", "web service messaging"),
        ("xml:schema:1:0", "XML schema"),
    )
}
"""The profiles of ADatP-4778.2, by their identifiers."""

DIGESTS = {
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
"""The digests that ADatP-4778.2, chapter 2 allows, by their identifiers; SHA-1 and MD5 are not."""
_DIGEST_SIZES_BYTES = {"sha256": 32, "sha384": 48, "sha512": 64}

_WHAT = "binding"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataObject:
    """
    What labels are bound to: data elsewhere, or inside the binding.

    ``uri`` is empty for the object that the binding itself lies in, and None where the data are
    embedded; then ``element`` names what they are. ``is_transformed`` says that only a part is meant,
    or the data in another form.
    """

    uri: str | None
    element: str = ""
    content_type: str = ""
    is_transformed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """
    One MetadataBinding: all its metadata hold for all its data.

    ``other_metadata`` names the elements of metadata that are no labels, and the addresses of
    metadata that lie elsewhere.
    """

    labels: tuple[LabelDocument, ...]
    data: tuple[DataObject, ...]
    other_metadata: tuple[str, ...] = ()
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What the bytes at a URI hashed to when they were bound; ``algorithm`` is a name of hashlib."""

    uri: str
    algorithm: str
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingInformation:
    """
    A binding data object (BDO).

    ``profile`` is the identifier it states, or empty. ``signatures`` counts its signatures, **none of
    which was checked**. ``faults`` lists what does not conform, or was not read.
    """

    bindings: tuple[Binding, ...]
    profile: str = ""
    signatures: int = 0
    digests: tuple[Digest, ...] = ()
    faults: tuple[str, ...] = ()

    def labels_of(self, uris: Iterable[str]) -> tuple[LabelDocument, ...]:
        """Every label that is bound to the whole of what one of these URIs names, in order."""
        wanted = frozenset(uris)
        return tuple(
            label
            for binding in self.bindings
            if any(each.uri in wanted and not each.is_transformed for each in binding.data)
            for label in binding.labels
        )


def read(data: bytes) -> BindingInformation:
    """
    Read a binding data object.

    Args:
        data: A document whose root element is ``BindingInformation``.

    Raises:
        MalformedError: It is none, or holds what is not known where it may mean more.
    """
    root = xml.parse(data, size_bytes_max=BINDING_SIZE_BYTES_MAX, what=_WHAT)
    if xml.names_of(root) != (BINDING_NAMESPACE, "BindingInformation"):
        raise MalformedError("binding does not begin with BindingInformation of ADatP-4778")
    return _Reader().information(root)


class _Reader:
    """Reads one binding data object, and collects what does not conform or is not read."""

    def __init__(self) -> None:
        self._notes = Notes()
        self._digests: list[Digest] = []

    def information(self, root: xml.Element) -> BindingInformation:
        parts = Parts(root, _WHAT)
        signatures = len(list(parts.many("Signature", SIGNATURE_NAMESPACE)))
        if signatures > SIGNATURES_MAX:
            raise MalformedError(f"binding has {signatures} signatures, expected at most {SIGNATURES_MAX}")
        bindings = [
            binding
            for container in parts.many("MetadataBindingContainer", BINDING_NAMESPACE)
            for binding in self._container(container)
        ]
        if not bindings:
            raise parts.fault(root, "lacks MetadataBindingContainer, or has something before it")
        self._foreign(parts)
        profile = root.get(f"{{{EXTENSION_NAMESPACE}}}profile", "")
        if profile not in {"", *PROFILES}:
            self._notes.add(root, "has a profile that is not known")
        return BindingInformation(
            bindings=tuple(bindings),
            profile=profile if profile in PROFILES else "",
            signatures=signatures,
            digests=tuple(self._digests),
            faults=self._notes.faults,
        )

    def _container(self, element: xml.Element) -> list[Binding]:
        parts = Parts(element, _WHAT)
        bindings = [self._binding(each) for each in parts.many("MetadataBinding", BINDING_NAMESPACE)]
        if not bindings:
            raise parts.fault(element, "lacks MetadataBinding, or has something before it")
        self._foreign(parts)
        return bindings

    def _foreign(self, parts: Parts) -> None:
        """Pass over what the schema lets stand behind the bindings, but for a manifest of digests."""
        for element in parts.foreign(BINDING_NAMESPACE):
            if xml.names_of(element) == (SIGNATURE_NAMESPACE, "Manifest"):
                self._manifest(element)
            elif is_label(element):
                raise parts.fault(element, "is a label outside of Metadata, bound to nothing")
            else:
                self._notes.add(element, "is an extension, which was not read")
        parts.end()

    def _binding(self, element: xml.Element) -> Binding:
        parts = Parts(element, _WHAT)
        labels: list[LabelDocument] = []
        others: list[str] = []
        data: list[DataObject] = []
        while (child := parts.any()) is not None:
            match xml.names_of(child):
                case (namespace, "Metadata") if namespace == BINDING_NAMESPACE and not data:
                    self._metadata(child, labels, others)
                case (namespace, "MetadataReference") if namespace == BINDING_NAMESPACE and not data:
                    others.append(self._reference(child).uri or "")
                case (namespace, "Data") if namespace == BINDING_NAMESPACE and (labels or others):
                    data.append(self._embedded(child))
                case (namespace, "DataReference") if namespace == BINDING_NAMESPACE and (labels or others):
                    data.append(self._reference(child))
                case (namespace, "VisualMarking") if namespace != BINDING_NAMESPACE and not data:
                    # One office program in use puts how the label looks before the metadata.
                    self._notes.add(child, "has no place in the schema; it decides nothing")
                case _:
                    raise parts.fault(child, "is not expected here")
        if not data:
            raise parts.fault(element, "binds nothing, or its metadata to nothing")
        if sum(each.role in {Role.ORIGINATOR, Role.LEGACY} for each in labels) > 1:
            raise parts.fault(element, "has two labels of the originator")
        return Binding(
            labels=tuple(labels), data=tuple(data), other_metadata=tuple(others), id=element.get("Id", "")
        )

    def _metadata(self, element: xml.Element, labels: list[LabelDocument], others: list[str]) -> None:
        child = _only_child(element)
        if not is_label(child):
            if any(is_label(each) for each in child.iter("{*}*")):
                raise xml.fault_at(element, "has a label inside other metadata", what=_WHAT)
            others.append(xml.shown(xml.names_of(child)[1]))
            return
        found = document_of(child)
        labels.append(found)
        self._notes.extend(found.faults)

    def _embedded(self, element: xml.Element) -> DataObject:
        name = xml.shown(xml.names_of(_only_child(element))[1])
        return DataObject(uri=None, element=name, content_type=_content_type(element))

    def _reference(self, element: xml.Element) -> DataObject:
        parts = Parts(element, _WHAT)
        transforms = parts.optional("Transforms", SIGNATURE_NAMESPACE)
        parts.end()
        uri = element.get("URI")
        if uri is None or len(uri) > URI_LENGTH_MAX or not uri.isprintable():
            raise parts.fault(element, "has no @URI, or one that is too long or not printable")
        return DataObject(
            uri=uri.strip(), content_type=_content_type(element), is_transformed=transforms is not None
        )

    def _manifest(self, element: xml.Element) -> None:
        """Read the digests that can be checked: of whole files, by an algorithm that is allowed."""
        parts = Parts(element, _WHAT)
        for reference in parts.many("Reference", SIGNATURE_NAMESPACE):
            found = _digest(reference)
            if found is None:
                self._notes.add(
                    reference, "has a transform, or a digest that is not allowed, and was not read"
                )
            else:
                self._digests.append(found)
        parts.end()


def _only_child(element: xml.Element) -> xml.Element:
    if len(element) != 1 or xml.has_stray_text(element):
        raise xml.fault_at(element, "holds other than exactly one element", what=_WHAT)
    return element[0]


def _content_type(element: xml.Element) -> str:
    found = element.get(f"{{{MIME_NAMESPACE}}}contentType", "")
    return found if found.isprintable() and len(found) <= 256 else ""


def _digest(reference: xml.Element) -> Digest | None:
    """Read one ds:Reference; None where it is not a digest of the bytes at its URI."""
    parts = Parts(reference, _WHAT)
    transforms = parts.optional("Transforms", SIGNATURE_NAMESPACE)
    method = parts.one("DigestMethod", SIGNATURE_NAMESPACE)
    value = parts.one("DigestValue", SIGNATURE_NAMESPACE)
    parts.end()
    algorithm = DIGESTS.get(method.get("Algorithm", ""))
    uri = reference.get("URI")
    if transforms is not None or algorithm is None or uri is None:
        return None
    try:
        digest = base64.b64decode("".join(xml.text_of(value, what=_WHAT).split()), validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != _DIGEST_SIZES_BYTES[algorithm]:
        raise xml.fault_at(value, "is no digest of its algorithm in base64", what=_WHAT)
    return Digest(uri=uri.strip(), algorithm=algorithm, value=digest)
