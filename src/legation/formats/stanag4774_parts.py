# SPDX-License-Identifier: Apache-2.0
"""
What labels and clearances of ADatP-4774 are put together from: policy, names, lists, dates.

Both readers take the children of an element one after another, in the order of the schema, and
refuse whatever is left. Nothing is looked up by name in a document, so nothing can hide in it.

Source: ADatP-4774(A)(1), schema version 1.3.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from lxml import etree

from legation.errors import MalformedError
from legation.formats import xml
from legation.labels.label import Category, TagType, category, gathered

LABEL_NAMESPACE = "urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"

_TYPES = {type_.value.upper(): type_ for type_ in TagType}
_OID_URI = re.compile(r"urn:oid:([0-2](?:\.(?:0|[1-9][0-9]*))+)")
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?"
    r"(?P<zone>Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?"
)


FAULTS_MAX = 100  # that are listed of one document; more would not be read


class Notes:
    """What does not conform in a document and is read all the same, in its order, up to a limit."""

    def __init__(self) -> None:
        self._faults: list[str] = []

    def add(self, element: xml.Element, reason: str) -> None:
        """Note what is wrong with one element, with its line."""
        if len(self._faults) < FAULTS_MAX:
            name = xml.shown(xml.names_of(element)[1])
            self._faults.append(f"line {xml.line_of(element)}: {name} {reason}")

    def extend(self, faults: Iterable[str]) -> None:
        """Take over the faults of a part."""
        self._faults = [*self._faults, *faults][:FAULTS_MAX]

    @property
    def faults(self) -> tuple[str, ...]:
        """All that were noted; at the limit there may be more."""
        more = ("there may be more faults, which are not listed",)
        return (*self._faults, *(more if len(self._faults) == FAULTS_MAX else ()))


class Parts:
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

    def many(self, name: str, namespace: str = LABEL_NAMESPACE) -> Iterator[xml.Element]:
        """Take the next children as long as they have this name."""
        while (found := self.optional(name, namespace)) is not None:
            yield found

    def foreign(self, namespace: str) -> Iterator[xml.Element]:
        """Take the next children as long as they are of another namespace than this (``##other``)."""
        while self._children and xml.names_of(self._children[0])[0] not in {"", namespace}:
            yield self._children.pop(0)

    def extensions(self, namespace: str) -> None:
        """Pass over the one element of a clearance in which the schema lets anything stand."""
        found, name = xml.names_of(self._children[0]) if self._children else ("", "")
        if found == namespace and name.endswith("Extensions"):
            self._children.pop(0)

    def any(self) -> xml.Element | None:
        """Take the next child, whatever it is."""
        return self._children.pop(0) if self._children else None

    def end(self) -> None:
        """Refuse whatever is left."""
        if self._children:
            raise self.fault(self._children[0], "is not expected here")


def check_attributes(element: xml.Element, known: Iterable[str], what: str) -> None:
    """Refuse attributes other than these and those of XML itself: they may mean more."""
    for namespace, name in names_of_attributes(element):
        if namespace != xml.XML and (namespace or name not in known):
            raise xml.fault_at(element, f"has an unknown attribute @{xml.shown(name)}", what=what)


def names_of_attributes(element: xml.Element) -> Iterator[tuple[str, str]]:
    """
    The namespaces and names of an element's attributes, one by one.

    Without their values: to collect them all costs the square of their number.
    """
    for key in element.keys():  # noqa: SIM118 - an element yields its children
        yield xml.split_name(str(key))


def read_policy(element: xml.Element, what: str) -> tuple[str, str]:
    """
    Read a PolicyIdentifier: the identifier and the name, either of which may be empty.

    A ``urn:oid:`` where the name belongs names the policy just as exactly, unless @URI is another.
    """
    id_, text = read_oid(element, what), read_token(element, what)
    in_text = _OID_URI.fullmatch(text)
    if in_text is None:
        return id_, text
    if id_ not in {"", in_text[1]}:
        raise xml.fault_at(element, "names one policy by its @URI and another by its text", what=what)
    return in_text[1], ""


def read_token(element: xml.Element, what: str) -> str:
    """Read a text as ``xs:token``; the URI that the schema allows on a classification says nothing."""
    check_attributes(element, {"URI"}, what)
    text = xml.collapsed(xml.text_of(element, what=what))
    if not text:
        raise xml.fault_at(element, "is empty", what=what)
    return text


def read_oid(element: xml.Element, what: str) -> str:
    """Read @URI, which is ``urn:oid:`` and an object identifier where it is there at all."""
    uri = element.get("URI")
    if uri is None:
        return ""
    found = _OID_URI.fullmatch(xml.trimmed(uri))
    if found is None:
        raise xml.fault_at(element, "has a @URI other than urn:oid:", what=what)
    return found[1]


def read_categories(elements: Iterable[xml.Element], what: str) -> tuple[Category, ...]:
    """Read categories and join those that are one list."""
    parts = [_category(element, what) for element in elements]
    empty = {part.key for part in parts if not part.values}
    if any(part.values and part.key in empty for part in parts):
        raise MalformedError(f"{what} has one list both with and without a value")
    return gathered(parts)


def _category(element: xml.Element, what: str) -> Category:
    check_attributes(element, {"Type", "TagName", "URI"}, what)
    parts = Parts(element, what)
    type_ = _TYPES.get(element.get("Type", ""))
    if type_ is None:
        raise parts.fault(element, "has a @Type that is none of RESTRICTIVE, PERMISSIVE and INFORMATIVE")
    values = [_generic_value(each, what) for each in parts.many("GenericValue")]
    parts.end()
    return category(xml.trimmed(element.get("TagName", "")), type_, values, tag_id=read_oid(element, what))


def _generic_value(element: xml.Element, what: str) -> str:
    check_attributes(element, (), what)
    return xml.trimmed(xml.text_of(element, what=what))


def read_instant(text: str) -> tuple[datetime | None, bool]:
    """
    Read an ``xs:dateTime`` between the years 1 and 9999.

    Returns:
        The instant in UTC, or None where the text is a date and time without a zone, which is
        another instant at every post; and whether the text is a date and time at all.
    """
    found = _DATE_TIME.fullmatch(xml.trimmed(text))
    if found is None:
        return None, False
    try:
        instant = datetime.fromisoformat(found[0])
        return (instant.astimezone(UTC) if found["zone"] else None), True
    except (ValueError, OverflowError):
        return None, False


def instant_text(at: datetime) -> str:
    """Write an instant as ``xs:dateTime`` in UTC."""
    if at.tzinfo is None:
        raise MalformedError("a date of ADatP-4774 needs a time zone")
    try:
        return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
    except OverflowError:
        raise MalformedError("a date of ADatP-4774 lies between the years 1 and 9999") from None


# --- Writing


def write_token(parent: xml.Element, name: str, text: str, oid: str = "") -> None:
    """Write a name, and the identifier that goes with it."""
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


def write_category(
    parent: xml.Element, tag: str, type_: TagType, values: Iterable[str], *, tag_id: str = ""
) -> None:
    """Write one list with its values in the order given."""
    element = etree.SubElement(parent, f"{{{LABEL_NAMESPACE}}}Category")
    element.set("Type", type_.value.upper())
    element.set("TagName", tag)
    _write_oid(element, tag_id)
    for value in values:
        etree.SubElement(element, f"{{{LABEL_NAMESPACE}}}GenericValue").text = value


def to_bytes(root: xml.Element) -> bytes:
    """Write a document that is fit to read: one element a line."""
    etree.indent(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"
