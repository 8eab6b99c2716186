# SPDX-License-Identifier: Apache-2.0
"""
Policies from XML SPIF files, schema versions 1.0, 2.0 and 2.1.

Reading goes in two steps. First the document is held against the schema (``spif_schema``) and
becomes a tree of nodes; then the nodes are read into a ``Policy``. Both steps go on after a fault,
so that whoever writes a policy sees all of them at once.

Rules kept here:

1. Strict reading refuses every fault. Lenient reading, for files as they are found, forgives what
   cannot change a decision and lists it: white space around values, order, a missing namespace, a
   value that stands twice and says the same, marks and colours that are not known.
2. What could change a decision is never forgiven: an element or attribute that is not known, a tag
   type that is not known, a reference that leads nowhere or to two places, a missing hierarchy.
3. What is not understood is not guessed. Values that a user types (``userInput``) are left out by a
   lenient reader, so that a label which holds one is refused.

Equivalences, privacy marks and extensions are checked for their place and passed over.

Source: XML SPIF 2.1 (http://www.xmlspif.org/); ADatP-4774.1, Annex B.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

from legation.errors import MalformedError
from legation.formats import xml
from legation.formats.spif_schema import NAMESPACE, WHAT, Faults, Node, tree_of
from legation.formats.spif_values import (
    name_of,
    phrase_of,
    read_value,
    to_choice,
    to_count,
    to_flag,
    to_integer,
    to_lacv,
    to_oid,
    to_text,
    trim,
    type_of,
    value_of,
    window_of,
)
from legation.labels.label import CATEGORIES_MAX, VALUES_MAX, TagType
from legation.labels.policy import (
    CategoryReference,
    Classification,
    Marking,
    Operation,
    Policy,
    Qualifier,
    Requirement,
    Tag,
    TagCategory,
    TagSet,
    folded,
)

SCHEMA_VERSIONS = frozenset({"1.0", "2.0", "2.1"})
POLICY_SIZE_BYTES_MAX = 1 << 20  # the largest published policy has about 120 KiB
CLASSIFICATIONS_MAX = 64  # published policies have at most eight

_COLOR = re.compile(
    r"#[0-9a-fA-F]{6}|aqua|black|blue|fuschia|gray|green|lime|maroon|navy|olive|purple|red|silver|teal"
    r"|white|yellow"
)
_PLACE = re.compile(
    r"pageTop|pageBottom|pageTopBottom|documentStart|documentEnd|noNameDisplay|noMarkingDisplay"
    r"|suppressClassName|firstLineOfText|lastLineOfText|subject|xHeader|portionMarking|inputTitle"
    r"|waterMark|replacePolicy"
)
_QUALIFIER = frozenset({"prefix", "suffix", "separator"})


def read(data: bytes, *, lenient: bool = False) -> Policy:
    """
    Read a policy.

    Args:
        data: An XML SPIF as received; ``Policy.digest`` is the SHA-256 of just these bytes.
        lenient: Whether to forgive what cannot change a decision. ``Policy.faults`` then lists it;
            a policy that was read strictly has none.

    Raises:
        MalformedError: It is not an XML SPIF, or has faults; ``faults`` lists them with their lines.
    """
    root = xml.parse(data, size_bytes_max=POLICY_SIZE_BYTES_MAX, what=WHAT)
    _check_version(root)
    faults = Faults(lenient=lenient)
    policy = _policy(tree_of(root, faults), sha256(data).digest(), faults)
    faults.settle()
    return replace(policy, faults=tuple(faults.forgiven()))


def _check_version(root: xml.Element) -> None:
    if xml.names_of(root) != (NAMESPACE, "SPIF"):
        raise MalformedError(f"{WHAT} is not an XML SPIF: the root element is another")
    version = root.get("schemaVersion", "")
    if version == "3.0":
        hint = "ask for the policy in schema version 2.1"
        raise MalformedError("XML SPIF of schema version 3.0 is not supported", hint=hint)
    if version not in SCHEMA_VERSIONS:
        raise MalformedError(f"{WHAT} has a schema version that is none of 1.0, 2.0 and 2.1")


# --- Parts of a policy


def _policy(root: Node, digest: bytes, faults: Faults) -> Policy:
    identity = next(root.all("securityPolicyId"), root)
    id = read_value(identity, "id", to_oid, "", faults)
    classifications = tuple(_classifications(root, id, faults))
    tag_sets = tuple(_tag_sets(root, id, faults))
    marked = (identity, *root.all("securityClassifications"), root)
    _check_root(root, faults)
    _check_passed_over(root, faults)
    _check_references(root, classifications, tag_sets, faults)
    return Policy(
        name=name_of(identity, "name", faults),
        id=id,
        version=read_value(root, "version", to_count, 1, faults),
        digest=digest,
        classifications=classifications,
        tag_sets=tag_sets,
        window=window_of(root, faults),
        markings=tuple(marking for node in marked for marking in _markings(node, faults)),
        qualifiers=tuple(qualifier for node in marked for qualifier in _qualifiers(node, faults)),
    )


def _check_root(root: Node, faults: Faults) -> None:
    for key in ("creationDate", "originatorDN", "keyIdentifier"):
        if root.attributes.get(key) == "":
            faults.forgive(root.line, f"SPIF has an empty @{key}")


def _classifications(root: Node, policy_id: str, faults: Faults) -> Iterator[Classification]:
    nodes = list(root.within("securityClassifications", "securityClassification"))
    if len(nodes) > CLASSIFICATIONS_MAX:
        faults.refuse(nodes[0].line, f"{len(nodes)} classifications, expected at most {CLASSIFICATIONS_MAX}")
    seen: set[tuple[str, object]] = set()
    for node in nodes:
        found = _classification(node, faults)
        for key, value in (
            ("name", folded(policy_id, found.name)),
            ("lacv", found.lacv),
            ("hierarchy", found.hierarchy),
        ):
            # A missing one is a fault already; of two missing ones the second is not also a twin.
            if key in node.attributes and (key, value) in seen:
                faults.refuse(node.line, f"{node.name} has the @{key} of another")
            seen.add((key, value))
        if found.color and ("color", found.color) in seen:
            faults.forgive(node.line, f"{node.name} has the @color of another")
        seen.add(("color", found.color))
        yield found


def _classification(node: Node, faults: Faults) -> Classification:
    return Classification(
        name=name_of(node, "name", faults),
        lacv=read_value(node, "lacv", to_integer, 0, faults),
        hierarchy=read_value(node, "hierarchy", to_integer, 0, faults),
        obsolete=read_value(node, "obsolete", to_flag, False, faults),
        color=_color(node, faults),
        required=tuple(_requirements(node, faults)),
        markings=tuple(_markings(node, faults)),
        qualifiers=tuple(_qualifiers(node, faults)),
    )


def _color(node: Node, faults: Faults) -> str:
    color = value_of(node, "color", faults)
    if color and not _COLOR.fullmatch(color):
        faults.forgive(node.line, f"{node.name} has a @color that the schema does not know")
        return ""
    return color


def _tag_sets(root: Node, policy_id: str, faults: Faults) -> Iterator[TagSet]:
    nodes = list(root.within("securityCategoryTagSets", "securityCategoryTagSet"))
    if len(nodes) > CATEGORIES_MAX:
        faults.refuse(nodes[0].line, f"{len(nodes)} tag sets, expected at most {CATEGORIES_MAX}")
    seen: set[tuple[str, str]] = set()
    for node in nodes:
        found = _tag_set(node, policy_id, faults)
        for key, value in (("name", folded(policy_id, found.name)), ("id", found.id)):
            if key in node.attributes and (key, value) in seen:
                faults.refuse(node.line, f"{node.name} has the @{key} of another")
            seen.add((key, value))
        yield found


def _tag_set(node: Node, policy_id: str, faults: Faults) -> TagSet:
    seen = _Seen(policy_id)
    tags = tuple(_tag(each, seen, faults) for each in node.all("securityCategoryTag"))
    count = sum(len(tag.categories) for tag in tags)
    if count > VALUES_MAX:
        faults.refuse(node.line, f"{node.name} has {count} values, expected at most {VALUES_MAX}")
    return TagSet(
        name=name_of(node, "name", faults), id=read_value(node, "id", to_oid, "", faults), tags=tags
    )


def _tag(node: Node, seen: "_Seen", faults: Faults) -> Tag:
    type_ = type_of(node, faults)
    count_min, count_max = _selection(node, faults)
    return Tag(
        name=name_of(node, "name", faults, optional=True),
        type=type_,
        categories=tuple(_categories(node, type_, seen, faults)),
        count_min=count_min,
        count_max=count_max,
        qualifiers=tuple(_qualifiers(node, faults)),
    )


def _selection(node: Node, faults: Faults) -> tuple[int, int | None]:
    """Read how many values a tag may have; the schema's default for the least is unbounded, meant as 0."""
    count_min = _bound(node, "minSelection", faults) or 0
    count_max = _bound(node, "maxSelection", faults)
    if read_value(node, "singleSelection", to_flag, False, faults):
        count_max = 1 if count_max is None else min(count_max, 1)
    if count_max is not None and count_max < count_min:
        faults.refuse(node.line, f"{node.name} wants more values than it allows")
    return count_min, count_max


def _bound(node: Node, key: str, faults: Faults) -> int | None:
    if xml.trimmed(node.attributes.get(key, "")) == "unbounded":
        return None
    return read_value(node, key, to_count, None, faults)


class _Seen:
    """The values of one tag set so far, to find those that stand twice."""

    def __init__(self, policy_id: str) -> None:
        self._policy_id = policy_id
        self._by_name: dict[tuple[TagType, str], tuple[Node, TagCategory]] = {}
        self._lacvs: set[tuple[TagType, str]] = set()

    def is_new(self, node: Node, tag: Node, type_: TagType, found: TagCategory, faults: Faults) -> bool:
        """Whether a value is to be kept: the second of two that say the same in one tag is not."""
        key = (type_, folded(self._policy_id, found.name))
        where, twin = self._by_name.setdefault(key, (tag, found))
        if twin is not found and where is tag and _rules(twin) == _rules(found):
            faults.forgive(node.line, f"{node.name} stands twice in its tag")
            return False
        if twin is not found:
            faults.refuse(node.line, f"{node.name} has the @name of another and says something else")
        # The names still differ, and a label states the name; only a reference cannot tell them apart.
        if (type_, found.lacv) in self._lacvs:
            faults.forgive(node.line, f"{node.name} has the @lacv of another")
        self._lacvs.add((type_, found.lacv))
        return True


def _rules(found: TagCategory) -> TagCategory:
    """
    Take off all that only shows, so that what decides can be compared.

    The lacv is taken off too: labels in XML do not state it, and a reference to the one that is
    not kept leads nowhere, which is refused.
    """
    return replace(found, name="", lacv="", markings=(), qualifiers=())


def _categories(node: Node, type_: TagType, seen: _Seen, faults: Faults) -> Iterator[TagCategory]:
    for each in node.all("tagCategory"):
        if "userInput" in each.attributes or "dateFormat" in each.attributes:
            faults.forgive(each.line, f"{each.name} is typed by the user, which is not supported")
            continue
        found = _category(each, faults)
        if seen.is_new(each, node, type_, found, faults):
            yield found


def _category(node: Node, faults: Faults) -> TagCategory:
    return TagCategory(
        name=name_of(node, "name", faults),
        lacv=read_value(node, "lacv", to_lacv, "0", faults),
        obsolete=read_value(node, "obsolete", to_flag, False, faults),
        window=window_of(node, faults),
        required_class=name_of(node, "requiredClass", faults),
        excluded_classes=tuple(_excluded_classes(node, faults)),
        required=tuple(_requirements(node, faults)),
        excluded=tuple(_reference(each, faults) for each in node.all("excludedCategory")),
        markings=tuple(_markings(node, faults)),
        qualifiers=tuple(_qualifiers(node, faults)),
    )


def _excluded_classes(node: Node, faults: Faults) -> Iterator[str]:
    for each in node.all("excludedClass"):
        yield trim(each, each.text, "text", faults)


def _requirements(node: Node, faults: Faults) -> Iterator[Requirement]:
    for each in node.all("requiredCategory"):
        operation = read_value(each, "operation", to_choice(Operation), Operation.ALL, faults)
        groups = tuple(_reference(group, faults) for group in each.all("categoryGroup"))
        yield Requirement(operation=operation, groups=groups)


def _reference(node: Node, faults: Faults) -> CategoryReference:
    lacv, all_ = read_value(node, "lacv", to_lacv, "", faults), read_value(node, "all", to_flag, None, faults)
    if ("lacv" in node.attributes) == bool(all_):
        faults.refuse(node.line, f"{node.name} wants either @lacv or @all")
    return CategoryReference(
        tag_set=name_of(node, "tagSetRef", faults), type=type_of(node, faults), lacv=lacv
    )


# --- References between parts


def _check_references(
    root: Node, classifications: tuple[Classification, ...], tag_sets: tuple[TagSet, ...], faults: Faults
) -> None:
    """See that every class and category that the policy's own rules name is there, and is one."""
    names = {each.name for each in classifications}
    index = _index(tag_sets)
    for node in root.within("securityClassifications", "securityClassification"):
        _check_groups(node, index, faults)
    path = ("securityCategoryTagSets", "securityCategoryTagSet", "securityCategoryTag", "tagCategory")
    for node in root.within(*path):
        _check_groups(node, index, faults)
        wanted = {xml.trimmed(each.text) for each in node.all("excludedClass")}
        if "requiredClass" in node.attributes:
            wanted.add(xml.trimmed(node.attributes["requiredClass"]))
        if not wanted <= names:
            faults.refuse(node.line, f"{node.name} names a classification that is not there")


def _index(tag_sets: tuple[TagSet, ...]) -> dict[tuple[str, TagType], Counter[str]]:
    """How many values of each lacv there are, by tag set and type."""
    found: dict[tuple[str, TagType], Counter[str]] = {}
    for tag_set in tag_sets:
        for tag in tag_set.tags:
            counts = found.setdefault((tag_set.name, tag.type), Counter())
            counts.update(each.lacv for each in tag.categories)
    return found


def _check_groups(node: Node, index: dict[tuple[str, TagType], Counter[str]], faults: Faults) -> None:
    for each in (*node.within("requiredCategory", "categoryGroup"), *node.all("excludedCategory")):
        # Its own faults are noted already; this pass is only about where it leads.
        reference = _reference(each, Faults(lenient=True))
        counts = index.get((reference.tag_set, reference.type))
        if not counts:
            faults.refuse(each.line, f"{each.name} names a tag set that has no such values")
        elif reference.lacv and counts[reference.lacv] != 1:
            faults.refuse(each.line, f"{each.name} names a value that is not there, or there twice")


def _check_passed_over(root: Node, faults: Faults) -> None:
    """See that what is not read yet, equivalences above all, is at least what the schema wants."""
    others = [*root.all("defaultSecurityPolicyId"), *root.within("equivalentPolicies", "equivalentPolicy")]
    for key, convert in (("name", to_text), ("id", to_oid)):
        values = [read_value(node, key, convert, "", faults) for node in others]
        if len(set(values)) != len(values):
            faults.refuse(others[0].line, f"two other policies have one @{key}")
    names = {xml.trimmed(node.attributes.get("name", "")) for node in others}
    for node in _equivalents(root):
        if xml.trimmed(node.attributes.get("policyRef", "")) not in names:
            faults.refuse(node.line, f"{node.name} names a policy that is not there")
        if node.name == "equivalentClassification":
            read_value(node, "lacv", to_integer, 0, faults)


def _equivalents(root: Node) -> Iterator[Node]:
    tag_sets = ("securityCategoryTagSets", "securityCategoryTagSet")
    yield from root.within("securityClassifications", "securityClassification", "equivalentClassification")
    yield from root.within(*tag_sets, "equivalentSecurityCategoryTagSet")
    yield from root.within(*tag_sets, "securityCategoryTag", "tagCategory", "equivalentSecCategoryTag")


# --- Marks


def _markings(node: Node, faults: Faults) -> Iterator[Marking]:
    for each in node.all("markingData"):
        codes = {code for part in each.all("code") for code in _codes(part, faults)}
        phrase = phrase_of(each, "phrase", faults) if "phrase" in each.attributes else None
        yield Marking(codes=frozenset(codes), phrase=phrase, language=each.language)


def _codes(node: Node, faults: Faults) -> Iterator[str]:
    code = trim(node, node.text, "text", faults)
    if _PLACE.fullmatch(code):
        yield code
    else:
        faults.forgive(node.line, "code names a place that the schema does not know")


def _qualifiers(node: Node, faults: Faults) -> Iterator[Qualifier]:
    for each in node.all("markingQualifier"):
        place = value_of(each, "markingCode", faults)
        if place and not _PLACE.fullmatch(place):
            faults.forgive(each.line, f"{each.name} names a place that the schema does not know")
            continue
        for part in each.all("qualifier"):
            code = value_of(part, "qualifierCode", faults)
            if code in _QUALIFIER:
                text = phrase_of(part, "markingQualifier", faults)
                yield Qualifier(place=place, code=code, text=text, language=part.language)
            else:
                faults.forgive(part.line, f"{part.name} is no prefix, suffix or separator")
