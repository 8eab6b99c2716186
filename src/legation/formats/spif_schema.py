# SPDX-License-Identifier: Apache-2.0
"""
The schema of XML SPIF as a table, and a document held against it.

``SHAPES`` says for each element which attributes and children it may have. ``tree_of`` turns a
document into ``Node``s that stand where the table wants them, and notes all that does not.

Source: XML SPIF 2.1 (http://www.xmlspif.org/), which holds what 1.0 and 2.0 allow.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from legation.errors import MalformedError
from legation.formats import xml

NAMESPACE = "http://www.xmlspif.org/spif"
WHAT = "policy"
FAULTS_MAX = 100  # a person mends the first ones and reads again
CHILDREN_MAX = 1024  # of one name in one element; the largest published tag set has about 400 values


class Faults:
    """What is wrong with a document, and which of it is forgiven."""

    def __init__(self, *, lenient: bool) -> None:
        self._lenient = lenient
        self._refused: set[tuple[int, str]] = set()
        self._forgiven: set[tuple[int, str]] = set()

    def refuse(self, line: int, reason: str) -> None:
        """Note a fault that nobody forgives."""
        self._refused.add((line, reason))
        if len(self._refused) >= FAULTS_MAX:
            self.settle()

    def forgive(self, line: int, reason: str) -> None:
        """Note a fault that a lenient reader forgives."""
        if not self._lenient:
            self.refuse(line, reason)
        else:
            self._forgiven.add((line, reason))

    def forgiven(self) -> list[str]:
        """List what was forgiven, in the order of lines."""
        return [f"line {line}: {reason}" for line, reason in sorted(self._forgiven)]

    def settle(self) -> None:
        """Raise what is not forgiven, if there is any."""
        if not self._refused:
            return
        listed = [f"line {line}: {reason}" for line, reason in sorted(self._refused)]
        count = f"{len(listed)} or more faults" if len(listed) >= FAULTS_MAX else f"{len(listed)} faults"
        message = listed[0] if len(listed) == 1 else f"{count}, the first at {listed[0]}"
        raise MalformedError(f"{WHAT} is refused: {message}", faults=listed)


@dataclass(frozen=True, slots=True)
class Shape:
    """
    What one element of the schema may hold.

    ``attributes`` names them, with ``!`` where one must be there. ``children`` names elements in
    their order, with ``?`` for at most one, ``*`` for any number, ``+`` for at least one; a plain
    name stands exactly once. ``text`` says whether the element holds text.
    """

    attributes: str = ""
    children: str = ""
    text: bool = False

    def allowed(self) -> frozenset[str]:
        """Name the attributes that may be there."""
        return frozenset(self.attributes.replace("!", "").split())

    def needed(self) -> list[str]:
        """Name the attributes that must be there."""
        return [name[:-1] for name in self.attributes.split() if name.endswith("!")]

    def places(self) -> dict[str, tuple[int, int | None]]:
        """Say how often each child may stand, at least and at most, in their order."""
        counts: dict[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}
        return {name.rstrip("?*+"): counts.get(name[-1], (1, 1)) for name in self.children.split()}


_MARKS = "markingData* markingQualifier*"
_VALIDITY = "notBefore notAfter"

SHAPES: Mapping[str, Shape] = {
    "SPIF": Shape(
        "schemaVersion! version creationDate! originatorDN! keyIdentifier! privilegeId! rbacId! "
        f"userRefURI docRefURI {_VALIDITY}",
        "defaultSecurityPolicyId? securityPolicyId updateInfo? securityClassifications "
        f"securityCategoryTagSets? privacyMarks? equivalentPolicies? {_MARKS} extensions?",
    ),
    "defaultSecurityPolicyId": Shape("name! id!", _MARKS),
    "securityPolicyId": Shape("name! id!", _MARKS),
    "updateInfo": Shape(),
    "securityClassifications": Shape("name", f"securityClassification+ {_MARKS}"),
    "securityClassification": Shape(
        "name! lacv! hierarchy! color obsolete", f"equivalentClassification* {_MARKS} requiredCategory*"
    ),
    "equivalentClassification": Shape("policyRef! lacv! applied!", "requiredCategory*"),
    "securityCategoryTagSets": Shape("", "securityCategoryTagSet+"),
    "securityCategoryTagSet": Shape("name! id!", "securityCategoryTag+ equivalentSecurityCategoryTagSet*"),
    "securityCategoryTag": Shape(
        "name tagType! enumType tag7Encoding singleSelection maxSelection minSelection",
        "tagCategory* markingQualifier*",
    ),
    "tagCategory": Shape(
        f"name! lacv! userInput dateFormat requiredClass obsolete {_VALIDITY}",
        f"equivalentSecCategoryTag* {_MARKS} excludedClass* requiredCategory* excludedCategory*",
    ),
    "equivalentSecCategoryTag": Shape("policyRef! tagSetId! tagType! enumType lacv! applied! action"),
    "equivalentSecurityCategoryTagSet": Shape("policyRef! name id", "requiredCategory*"),
    "excludedClass": Shape(text=True),
    "requiredCategory": Shape("operation!", "categoryGroup+"),
    "categoryGroup": Shape("tagSetRef! tagType! enumType lacv all"),
    "excludedCategory": Shape("tagSetRef! tagType! enumType lacv all"),
    "privacyMarks": Shape("maxSelection minSelection", f"privacyMark+ {_MARKS}"),
    "privacyMark": Shape("name obsolete", _MARKS),
    "equivalentPolicies": Shape("", "equivalentPolicy+"),
    "equivalentPolicy": Shape("name! id! userRefURI docRefURI", "requiredCategory*"),
    "markingData": Shape("phrase", "code+"),
    "code": Shape(text=True),
    "markingQualifier": Shape("markingCode", "qualifier+"),
    "qualifier": Shape("markingQualifier! qualifierCode!"),
    "extensions": Shape(),
}

_OID = r"[0-2](\.(0|[1-9][0-9]*))+"
_FLAG = "true|false|1|0"
_COUNT = r"unbounded|\+?[0-9]{1,15}"

# What the schema lets an attribute say, wherever it stands. Where it decides, ``spif`` looks again
# and forgives nothing; this is for what is passed over.
VALUES: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "id": _OID,
        "privilegeId": _OID,
        "rbacId": _OID,
        "tagSetId": _OID,
        "tagType": "notApplicable|restrictive|enumerated|permissive|tagType7",
        "enumType": "restrictive|permissive",
        "tag7Encoding": "bitSetAttributes|securityAttributes",
        "operation": "onlyOne|oneOrMore|all",
        "applied": "encrypt|decrypt|both",
        "action": "discard",
        "userInput": "string|integer|date",
        "obsolete": _FLAG,
        "all": _FLAG,
        "singleSelection": _FLAG,
        "minSelection": _COUNT,
        "maxSelection": _COUNT,
    }.items()
}

_ALLOWED = {name: shape.allowed() for name, shape in SHAPES.items()}
_NEEDED = {name: shape.needed() for name, shape in SHAPES.items()}
_PLACES = {name: shape.places() for name, shape in SHAPES.items()}
_ORDER = {name: {child: index for index, child in enumerate(places)} for name, places in _PLACES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An element of the document that stands where the schema wants it."""

    name: str
    line: int
    attributes: Mapping[str, str]
    language: str
    text: str
    children: tuple["Node", ...]

    def all(self, name: str) -> Iterator["Node"]:
        """Go through the children of one name, in their order."""
        return (child for child in self.children if child.name == name)

    def within(self, *path: str) -> Iterator["Node"]:
        """Go through what lies at the end of a path of names."""
        if not path:
            yield self
        for child in self.all(path[0]) if path else ():
            yield from child.within(*path[1:])


def unknown_value(name: str, key: str) -> str:
    """Word the fault of an attribute whose value the schema does not have."""
    return f"{name} has a value of @{key} that the schema does not know"


def tree_of(root: xml.Element, faults: Faults) -> Node:
    """Turn a document whose root element is a SPIF into nodes; what does not fit is noted and left out."""
    return _node(root, "SPIF", faults)


def _node(element: xml.Element, name: str, faults: Faults) -> Node:
    attributes, language = _attributes(element, name, faults)
    shape = SHAPES[name]
    children: tuple[Node, ...] = ()
    # Anything at all may stand in the extensions, so nobody looks into them.
    if name != "extensions":
        children = tuple(_children(element, name, faults))
        if not shape.text and xml.has_stray_text(element):
            faults.refuse(xml.line_of(element), f"{name} holds text")
    return Node(
        name=name,
        line=xml.line_of(element),
        attributes=attributes,
        language=language,
        text=element.text or "" if shape.text else "",
        children=children,
    )


def _attributes(element: xml.Element, name: str, faults: Faults) -> tuple[dict[str, str], str]:
    """Read the attributes that the schema knows, and the language."""
    line, found, language = xml.line_of(element), dict[str, str](), ""
    for namespace, key, value in xml.attributes_of(element):
        if namespace == xml.XML:
            language = value if key == "lang" else language
        elif not namespace and key in _ALLOWED[name]:
            found[key] = value
            if key in VALUES and not VALUES[key].fullmatch(value):
                faults.forgive(line, unknown_value(name, key))
        elif namespace != xml.SCHEMA_INSTANCE or key not in {"schemaLocation", "noNamespaceSchemaLocation"}:
            faults.refuse(line, f"{name} has an unknown attribute @{xml.shown(key)}")
    for key in _NEEDED[name]:
        if key not in found:
            faults.refuse(line, f"{name} lacks @{key}")
    return found, language


def _children(element: xml.Element, name: str, faults: Faults) -> Iterator[Node]:
    counts = dict.fromkeys(_PLACES[name], 0)
    last = 0
    for child in element:
        namespace, local = xml.names_of(child)
        line = xml.line_of(child)
        if namespace not in {NAMESPACE, ""} or local not in counts:
            faults.refuse(line, f"{name} holds an unknown element {xml.shown(local)}")
            continue
        if not namespace:
            faults.forgive(line, f"{local} has no namespace")
        if _ORDER[name][local] < last:
            faults.forgive(line, f"{local} stands after what it should precede")
        last = max(last, _ORDER[name][local])
        counts[local] += 1
        if counts[local] > CHILDREN_MAX:
            faults.refuse(line, f"{name} holds more than {CHILDREN_MAX} of {local}")
            faults.settle()
        yield _node(child, local, faults)
    for local, (count_min, count_max) in _PLACES[name].items():
        if counts[local] < count_min:
            faults.refuse(xml.line_of(element), f"{name} lacks {local}")
        if count_max is not None and counts[local] > count_max:
            faults.refuse(xml.line_of(element), f"{name} holds {counts[local]} of {local}, expected one")
