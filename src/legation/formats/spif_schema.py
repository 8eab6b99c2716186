# SPDX-License-Identifier: Apache-2.0
"""
The schema of XML SPIF as a table, and a document held against it.

``SHAPES`` says for each element which attributes and children it may have. ``tree_of`` turns a
document into ``Node``s that stand where the table wants them, and notes all that does not.

Attributes of another namespace are the vendor's own, as extensions are. A strict reader refuses
them, because the schema has no word for them; a lenient one passes them over.

Source: XML SPIF 2.1 (http://www.xmlspif.org/), which holds what 1.0 and 2.0 allow.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from legation.errors import MalformedError
from legation.formats import xml
from legation.labels.label import NAME_LENGTH_MAX

NAMESPACE = "http://www.xmlspif.org/spif"
WHAT = "policy"
FAULTS_MAX = 100  # a person mends the first ones and reads again
ATTRIBUTES_MAX = 64  # of one element; the schema knows 11, and the time to read them grows with the square
REPEATS_MAX = 1000  # faults that are told once, such as one for each element of a very long line
CHILDREN_MAX = 1024  # of one name in one element; the largest published tag set has about 400 values


class Faults:
    """What is wrong with a document, and which of it is forgiven."""

    def __init__(self, *, lenient: bool) -> None:
        self._lenient = lenient
        self._refused: set[tuple[int, str]] = set()
        self._count = 0
        self._forgiven: set[tuple[int, str]] = set()

    @property
    def is_lenient(self) -> bool:
        """Whether what cannot change a decision is forgiven."""
        return self._lenient

    def refuse(self, line: int, reason: str) -> None:
        """Note a fault that nobody forgives."""
        self._refused.add((line, reason))
        self._count += 1
        if len(self._refused) >= FAULTS_MAX or self._count >= REPEATS_MAX:
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

    def order(self) -> dict[str, int]:
        """Say at which place each child stands."""
        return {name.rstrip("?*+"): place for place, name in enumerate(self.children.split())}

    def least_one(self) -> list[str]:
        """Name the children that must be there."""
        return [name.rstrip("+") for name in self.children.split() if name[-1] not in "?*"]

    def most_one(self) -> frozenset[str]:
        """Name the children that may not stand twice."""
        return frozenset(name.rstrip("?") for name in self.children.split() if name[-1] not in "*+")


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

# What the header of the file says of itself: nothing of it decides.
_HEADER = frozenset(
    {"schemaVersion", "creationDate", "originatorDN", "keyIdentifier", "privilegeId", "rbacId"}
)

# Elements that only show; what stands on one and is not known cannot change a decision.
_SHOWN = frozenset(
    {"updateInfo", "markingData", "code", "markingQualifier", "qualifier", "privacyMarks", "privacyMark"}
)

# Elements on which the schema has no place for attributes of another namespace, not even a language.
_CLOSED = frozenset(
    {
        "updateInfo",
        "code",
        "excludedClass",
        "securityCategoryTagSets",
        "privacyMarks",
        "equivalentPolicies",
        "extensions",
    }
)

_PASSED_OVER = frozenset(
    (xml.SCHEMA_INSTANCE, key) for key in ("schemaLocation", "noNamespaceSchemaLocation")
)
_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")
UNDETERMINED = "und"  # what RFC 5646 calls a language that is not known; nobody asks for it

_ALLOWED = {name: shape.allowed() for name, shape in SHAPES.items()}
_NEEDED = {name: shape.needed() for name, shape in SHAPES.items()}
_ORDER = {name: shape.order() for name, shape in SHAPES.items()}
_LEAST_ONE = {name: shape.least_one() for name, shape in SHAPES.items()}
_MOST_ONE = {name: shape.most_one() for name, shape in SHAPES.items()}


class Node(NamedTuple):
    """
    An element of the document that stands where the schema wants it.

    A named tuple, because there are thousands and it is made in half the time of a dataclass.
    """

    name: str
    line: int
    attributes: Mapping[str, str]
    language: str
    text: str
    children: Mapping[str, Sequence["Node"]]

    def all(self, name: str) -> Sequence["Node"]:
        """Give the children of one name, in their order."""
        return self.children.get(name, ())

    def within(self, *path: str) -> Sequence["Node"]:
        """Give what lies at the end of a path of names."""
        found: Sequence[Node] = (self,)
        for name in path:
            found = [child for node in found for child in node.all(name)]
        return found


def unknown_value(name: str, key: str) -> str:
    """Word the fault of an attribute whose value the schema does not have."""
    return f"{name} has a value of @{key} that the schema does not know"


def tree_of(root: xml.Element, faults: Faults) -> Node:
    """Turn a document whose root element is a SPIF into nodes; what does not fit is noted and left out."""
    home, _ = xml.names_of(root)
    if home != NAMESPACE:
        # Said once, for the root: where it has no namespace, none below it needs one.
        faults.forgive(xml.line_of(root), "SPIF has no namespace")
    return _node(root, "SPIF", home, faults)


def _node(element: xml.Element, name: str, home: str, faults: Faults) -> Node:
    line, shape = xml.line_of(element), SHAPES[name]
    attributes, language = _attributes(element, name, line, faults)
    children: Mapping[str, Sequence[Node]] = {}
    # Anything at all may stand in the extensions, so nobody looks into them here.
    if name != "extensions":
        children = _children(element, name, home, faults)
        if not shape.text and (len(element) or element.text) and xml.has_stray_text(element):
            faults.refuse(line, f"{name} holds text")
    return Node(
        name=name,
        line=line,
        attributes=attributes,
        language=language,
        text=element.text or "" if shape.text else "",
        children=children,
    )


def _attributes(element: xml.Element, name: str, line: int, faults: Faults) -> tuple[dict[str, str], str]:
    """Read the attributes that the schema knows, and the language."""
    found, language, allowed = dict[str, str](), "", _ALLOWED[name]
    if len(element.attrib) > ATTRIBUTES_MAX:
        faults.refuse(line, f"{name} has more than {ATTRIBUTES_MAX} attributes")
        faults.settle()
    for stated, text in element.attrib.items():
        key, value = str(stated), str(text)
        if key in allowed:
            found[key] = value
            pattern = VALUES.get(key)
            if pattern is not None and not (len(value) <= NAME_LENGTH_MAX and pattern.fullmatch(value)):
                faults.forgive(line, unknown_value(name, key))
        elif key.startswith("{"):
            language = _foreign(key, value, name, line, faults) or language
        else:
            note = faults.forgive if name in _SHOWN else faults.refuse
            note(line, f"{name} has an unknown attribute @{xml.shown(key)}")
    for key in _NEEDED[name]:
        if key not in found:
            note = faults.forgive if key in _HEADER else faults.refuse
            note(line, f"{name} lacks @{key}")
    return found, language


def _foreign(stated: str, value: str, name: str, line: int, faults: Faults) -> str:
    """Judge an attribute that has a namespace; the language is all that is read of them."""
    namespace, key = xml.split_name(stated)
    if (namespace, key) in _PASSED_OVER:
        return ""
    if namespace in {NAMESPACE, xml.SCHEMA_INSTANCE}:
        faults.refuse(line, f"{name} has an unknown attribute @{xml.shown(key)}")
    elif namespace != xml.XML or name in _CLOSED:
        faults.forgive(line, f"{name} has an attribute of another namespace, @{xml.shown(key)}")
    elif key == "lang":
        return _language(value, name, line, faults)
    return ""


def _language(value: str, name: str, line: int, faults: Faults) -> str:
    if len(value) <= NAME_LENGTH_MAX and (not value or _LANGUAGE.fullmatch(value)):
        return value
    faults.forgive(line, f"{name} has an @xml:lang that is no language")
    mended = xml.trimmed(value[:NAME_LENGTH_MAX]).replace("_", "-")
    return mended if _LANGUAGE.fullmatch(mended) else UNDETERMINED


def _children(element: xml.Element, name: str, home: str, faults: Faults) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    order, last = _ORDER[name], 0
    for child in element:
        namespace, local = xml.names_of(child)
        place = order.get(local)
        if place is None or namespace not in {NAMESPACE, ""}:
            faults.refuse(xml.line_of(child), f"{name} holds an unknown element {xml.shown(local)}")
            continue
        if home and not namespace:
            faults.forgive(xml.line_of(child), f"{local} has no namespace")
        if place < last:
            faults.forgive(xml.line_of(child), f"{local} stands after what it should precede")
        last = max(last, place)
        same = found.setdefault(local, [])
        if len(same) == CHILDREN_MAX:
            faults.refuse(xml.line_of(child), f"{name} holds more than {CHILDREN_MAX} of {local}")
            faults.settle()
        same.append(_node(child, local, home, faults))
    _check_counts(element, name, found, faults)
    return found


def _check_counts(
    element: xml.Element, name: str, found: Mapping[str, Sequence[Node]], faults: Faults
) -> None:
    for local in _LEAST_ONE[name]:
        if local not in found:
            faults.refuse(xml.line_of(element), f"{name} lacks {local}")
    for local, nodes in found.items():
        if len(nodes) > 1 and local in _MOST_ONE[name]:
            faults.refuse(xml.line_of(element), f"{name} holds {len(nodes)} of {local}, expected one")
