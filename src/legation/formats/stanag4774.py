# SPDX-License-Identifier: Apache-2.0
"""
Labels and clearances in the XML of ADatP-4774 (STANAG 4774), edition A version 1.

Rules kept here:

1. One document, one label: a second one anywhere in it is refused.
2. What is not known is refused, for it may have been meant to restrict: elements of another
   namespace in a label, attributes of another spelling, values that are integers or bit strings
   (the schema has them, the text forbids them), a type in small letters.
3. A category without a value is kept, so that the decision can refuse it; it is never joined with
   another of its list.
4. Extensions of a clearance are passed over in the two places where the schema lets anything
   stand. They are not read, so they cannot widen what it grants.

Tolerated, because much that is in use needs it: a missing CreationDateTime, and the root element
``OriginatorConfidentialityLabel`` in its common misspelling.

Not done here: succession. A label that says what it becomes later is refused by name, because a
reader that drops the successor would keep the stricter half or the laxer one by accident. Nothing
here knows the policy either; ``legation.labels`` judges what was read.

Source: ADatP-4774(A)(1), schema version 1.3; for clearances Appendix 2, Annex A, schema version 1.2.
"""

import re
from collections.abc import Iterable, Iterator

from lxml import etree

from legation.errors import MalformedError
from legation.formats import xml
from legation.labels.label import Category, Clearance, Label, TagType, category, gathered

LABEL_NAMESPACE = "urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"
CLEARANCE_NAMESPACE = "urn:nato:stanag:4774:confidentialityclearance:1:0"

LABEL_SIZE_BYTES_MAX = 256 << 10  # a label that names every value of a large policy
CLEARANCE_SIZE_BYTES_MAX = 256 << 10  # as a label, and it may hold them all

ROOTS = frozenset(
    {
        "originatorConfidentialityLabel",
        "alternativeConfidentialityLabel",
        "metadataConfidentialityLabel",
        "ConfidentialityLabel",
        "OriginatorConfidentialityLabel",
    }
)

_TYPES = {type_.value.upper(): type_ for type_ in TagType}
_OID_URI = re.compile(r"urn:oid:([0-2](?:\.(?:0|[1-9][0-9]*))+)")
_DATE_TIME = re.compile(
    r"-?[0-9]{4,9}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


def read_label(data: bytes) -> Label:
    """
    Read a label.

    Args:
        data: A document whose root element is a confidentiality label.

    Raises:
        MalformedError: It is not a label, holds what is not known, or has a successor.
    """
    root = xml.parse(data, size_bytes_max=LABEL_SIZE_BYTES_MAX, what="label")
    namespace, name = xml.names_of(root)
    if namespace != LABEL_NAMESPACE or name not in ROOTS:
        raise MalformedError("label does not begin with a confidentiality label of ADatP-4774")
    _check_alone(root)
    parts = _Parts(root, "label")
    information = parts.one("ConfidentialityInformation")
    parts.optional("OriginatorID")
    created = parts.optional("CreationDateTime")
    if created is not None and not _DATE_TIME.fullmatch(xml.trimmed(xml.text_of(created, what="label"))):
        raise parts.fault(created, "is no date and time")
    parts.refuse_succession()
    parts.end()
    return _label(information)


def _check_alone(root: xml.Element) -> None:
    names = {f"{{{LABEL_NAMESPACE}}}{name}" for name in ROOTS}
    if sum(element.tag in names for element in root.iter()) != 1:
        raise MalformedError("label holds a second label")


def _label(information: xml.Element) -> Label:
    _check_attributes(information, (), "label")
    parts = _Parts(information, "label")
    policy_id, policy = _policy(parts.one("PolicyIdentifier"), "label")
    classification = _token(parts.one("Classification"), "label")
    # A privacy mark is for people and was never meant to decide (ADatP-4774: legacy).
    parts.optional("PrivacyMark")
    categories = _categories(parts.many("Category"), "label")
    parts.end()
    return Label(policy_id=policy_id, policy=policy, classification=classification, categories=categories)


def read_clearance(data: bytes) -> Clearance:
    """
    Read a clearance; it has no bounds in time.

    Args:
        data: A document whose root element is a ``ConfidentialityClearance``.

    Raises:
        MalformedError: It is not a clearance, or holds what is not known where it could widen.
    """
    root = xml.parse(data, size_bytes_max=CLEARANCE_SIZE_BYTES_MAX, what="clearance")
    if xml.names_of(root) != (CLEARANCE_NAMESPACE, "ConfidentialityClearance"):
        raise MalformedError("clearance does not begin with a ConfidentialityClearance of ADatP-4774")
    parts = _Parts(root, "clearance")
    policy_id, policy = _policy(parts.one("PolicyIdentifier"), "clearance")
    classifications = _classifications(parts.one("ClassificationList", CLEARANCE_NAMESPACE))
    categories = _categories(parts.many("Category"), "clearance")
    parts.pass_extensions()
    parts.end()
    return Clearance(
        policy_id=policy_id,
        policy=policy,
        classifications=classifications,
        categories=categories,
    )


def _classifications(element: xml.Element) -> tuple[str, ...]:
    _check_attributes(element, (), "clearance")
    held = _Parts(element, "clearance")
    names = [_token(each, "clearance") for each in held.many("Classification")]
    if not names:
        raise held.fault(element, "lacks Classification")
    held.pass_extensions()
    held.end()
    return tuple(dict.fromkeys(names))


def write_clearance(clearance: Clearance) -> bytes:
    """
    Write a clearance; ``read_clearance`` gives it back.

    Args:
        clearance: One that names its policy, holds a classification and has no bounds in time.

    Raises:
        MalformedError: The XML cannot say what it says, so what would be written is another one.
    """
    if clearance.not_before is not None or clearance.not_after is not None:
        raise MalformedError("a clearance of ADatP-4774 has no bounds in time")
    if not clearance.policy or not clearance.classifications:
        raise MalformedError("a clearance of ADatP-4774 names its policy and at least one classification")
    names = {"sclr": CLEARANCE_NAMESPACE, "slab": LABEL_NAMESPACE}
    root = etree.Element(f"{{{CLEARANCE_NAMESPACE}}}ConfidentialityClearance", nsmap=names)
    _write_token(root, "PolicyIdentifier", clearance.policy, clearance.policy_id)
    held = etree.SubElement(root, f"{{{CLEARANCE_NAMESPACE}}}ClassificationList")
    for name in clearance.classifications:
        _write_token(held, "Classification", name)
    for part in clearance.categories:
        _write_category(root, part)
    etree.indent(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def _write_token(parent: xml.Element, name: str, text: str, oid: str = "") -> None:
    if xml.collapsed(text) != text:
        raise MalformedError("a name of ADatP-4774 has no two spaces beside one another")
    element = etree.SubElement(parent, f"{{{LABEL_NAMESPACE}}}{name}")
    element.text = text
    _write_oid(element, oid)


def _write_oid(element: xml.Element, oid: str) -> None:
    uri = f"urn:oid:{oid}"
    if oid and not _OID_URI.fullmatch(uri):
        raise MalformedError("a URI of ADatP-4774 is that of an object identifier")
    if oid:
        element.set("URI", uri)


def _write_category(parent: xml.Element, part: Category) -> None:
    element = etree.SubElement(parent, f"{{{LABEL_NAMESPACE}}}Category")
    element.set("Type", part.type.value.upper())
    element.set("TagName", part.tag)
    _write_oid(element, part.tag_id)
    for value in part.values:
        etree.SubElement(element, f"{{{LABEL_NAMESPACE}}}GenericValue").text = value


class _Parts:
    """The children of an element, taken one after another in the order of the schema."""

    def __init__(self, parent: xml.Element, what: str) -> None:
        self._parent = parent
        self._what = what
        self._children = list(parent)
        if xml.has_stray_text(parent):
            raise self.fault(parent, "holds text between its elements")

    def fault(self, element: xml.Element, reason: str) -> MalformedError:
        """Make the error about one element."""
        return xml.fault_at(element, reason, what=self._what)

    def optional(self, name: str, namespace: str = LABEL_NAMESPACE) -> xml.Element | None:
        """Take the next child if it has this name."""
        if self._children and xml.names_of(self._children[0]) == (namespace, name):
            return self._children.pop(0)
        return None

    def one(self, name: str, namespace: str = LABEL_NAMESPACE) -> xml.Element:
        """Take the next child, which must have this name."""
        found = self.optional(name, namespace)
        if found is None:
            raise self.fault(self._parent, f"lacks {name}, or has something before it")
        return found

    def many(self, name: str) -> Iterator[xml.Element]:
        """Take the next children as long as they have this name."""
        while (found := self.optional(name)) is not None:
            yield found

    def refuse_succession(self) -> None:
        """Refuse a label that says what it becomes later."""
        found = self.optional("SuccessionHandling")
        if found is not None:
            raise self.fault(found, "is not supported: the label has a successor")

    def pass_extensions(self) -> None:
        """Pass over the one element of a clearance in which the schema lets anything stand."""
        namespace, name = xml.names_of(self._children[0]) if self._children else ("", "")
        if namespace == CLEARANCE_NAMESPACE and name.endswith("Extensions"):
            self._children.pop(0)

    def end(self) -> None:
        """Refuse whatever is left."""
        if self._children:
            raise self.fault(self._children[0], "is not expected here")


def _policy(element: xml.Element, what: str) -> tuple[str, str]:
    return _oid(element, what), _token(element, what)


def _token(element: xml.Element, what: str) -> str:
    """Read a text as ``xs:token``; the URI that the schema allows on a classification says nothing."""
    _check_attributes(element, {"URI"}, what)
    text = xml.collapsed(xml.text_of(element, what=what))
    if not text:
        raise xml.fault_at(element, "is empty", what=what)
    return text


def _check_attributes(element: xml.Element, known: Iterable[str], what: str) -> None:
    for namespace, name, _ in xml.attributes_of(element):
        if namespace != xml.XML and (namespace or name not in known):
            raise xml.fault_at(element, f"has an unknown attribute @{xml.shown(name)}", what=what)


def _oid(element: xml.Element, what: str) -> str:
    """Read @URI, which is ``urn:oid:`` and an object identifier where it is there at all."""
    uri = element.get("URI")
    if uri is None:
        return ""
    found = _OID_URI.fullmatch(xml.trimmed(uri))
    if found is None:
        raise xml.fault_at(element, "has a @URI other than urn:oid:", what=what)
    return found[1]


def _categories(elements: Iterable[xml.Element], what: str) -> tuple[Category, ...]:
    """Read categories and join those that are one list."""
    parts = [_category(element, what) for element in elements]
    empty = {part.key for part in parts if not part.values}
    if any(part.values and part.key in empty for part in parts):
        raise MalformedError(f"{what} has one list both with and without a value")
    return gathered(parts)


def _category(element: xml.Element, what: str) -> Category:
    _check_attributes(element, {"Type", "TagName", "URI"}, what)
    parts = _Parts(element, what)
    type_ = _TYPES.get(element.get("Type", ""))
    if type_ is None:
        raise parts.fault(element, "has a @Type that is none of RESTRICTIVE, PERMISSIVE and INFORMATIVE")
    values = [_generic_value(each, what) for each in parts.many("GenericValue")]
    parts.end()
    return category(xml.trimmed(element.get("TagName", "")), type_, values, tag_id=_oid(element, what))


def _generic_value(element: xml.Element, what: str) -> str:
    _check_attributes(element, (), what)
    return xml.trimmed(xml.text_of(element, what=what))
