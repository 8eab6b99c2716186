# SPDX-License-Identifier: Apache-2.0
"""
The classifications and tag sets of an XML SPIF.

Names are compared as the policy compares them. Two that are one name are a fault: one that says
the same as the first is left out and forgiven, one that says something else is refused.

Source: XML SPIF 2.1, securityClassification, securityCategoryTagSet; ADatP-4774.1 for the
uniqueness of @hierarchy.
"""

from collections.abc import Iterator
from dataclasses import replace

from legation.formats import spif_equivalents as equivalents
from legation.formats import xml
from legation.formats.spif_marks import color, markings, qualifiers
from legation.formats.spif_rules import References
from legation.formats.spif_schema import Faults, Node, unknown_value
from legation.formats.spif_values import (
    name_of,
    read_value,
    to_count,
    to_flag,
    to_integer,
    to_lacv,
    to_oid,
    type_of,
    value_of,
    window_of,
)
from legation.labels.label import CATEGORIES_MAX, VALUES_MAX, TagType
from legation.labels.policy import Classification, Tag, TagCategory, TagSet, folded

CLASSIFICATIONS_MAX = 64  # published policies have at most fifteen
USER_INPUTS = frozenset({"string", "integer", "date"})


# --- Classifications


def classifications(
    root: Node, policy_id: str, references: References, faults: Faults
) -> Iterator[Classification]:
    """Read the classifications, in the order of the file."""
    nodes = list(root.within("securityClassifications", "securityClassification"))
    if len(nodes) > CLASSIFICATIONS_MAX:
        faults.refuse(nodes[0].line, f"{len(nodes)} classifications, expected at most {CLASSIFICATIONS_MAX}")
    seen: set[tuple[str, object]] = set()
    for node in nodes:
        found = _classification(node, references, faults)
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


def _classification(node: Node, references: References, faults: Faults) -> Classification:
    return Classification(
        name=name_of(node, "name", faults),
        lacv=read_value(node, "lacv", to_integer, 0, faults),
        hierarchy=read_value(node, "hierarchy", to_integer, 0, faults),
        obsolete=read_value(node, "obsolete", to_flag, False, faults),
        color=color(node, faults),
        required=references.required(node),
        markings=markings(node, faults),
        qualifiers=qualifiers(node, faults),
        equivalents=equivalents.classifications(node, faults),
    )


# --- Tag sets


def tag_sets(root: Node, policy_id: str, references: References, faults: Faults) -> Iterator[TagSet]:
    """Read the tag sets, in the order of the file."""
    nodes = list(root.within("securityCategoryTagSets", "securityCategoryTagSet"))
    if len(nodes) > CATEGORIES_MAX:
        faults.refuse(nodes[0].line, f"{len(nodes)} tag sets, expected at most {CATEGORIES_MAX}")
    seen: set[tuple[str, str]] = set()
    for node in nodes:
        found = _tag_set(node, policy_id, references, faults)
        for key, value in (("name", folded(policy_id, found.name)), ("id", found.id)):
            if key in node.attributes and (key, value) in seen:
                faults.refuse(node.line, f"{node.name} has the @{key} of another")
            seen.add((key, value))
        if found.name or _is_needed(node, found, faults):
            yield found


def _is_needed(node: Node, found: TagSet, faults: Faults) -> bool:
    """Judge a tag set without a name: no label can state it, so it only counts where each one must."""
    if "name" not in node.attributes or any(tag.count_min for tag in found.tags):
        faults.refuse(node.line, f"{node.name} has no name that a label could state")
        return True
    faults.forgive(node.line, f"{node.name} has no name that a label could state, and is left out")
    return False


def _tag_set(node: Node, policy_id: str, references: References, faults: Faults) -> TagSet:
    seen = _Seen(policy_id)
    tags = tuple(_tag(each, seen, references, faults) for each in node.all("securityCategoryTag"))
    count = sum(len(tag.categories) for tag in tags)
    if count > VALUES_MAX:
        faults.refuse(node.line, f"{node.name} has {count} values, expected at most {VALUES_MAX}")
    return TagSet(
        name=name_of(node, "name", faults, optional=True),
        id=read_value(node, "id", to_oid, "", faults),
        tags=tags,
        equivalents=equivalents.tag_sets(node, faults),
    )


def _tag(node: Node, seen: "_Seen", references: References, faults: Faults) -> Tag:
    type_ = type_of(node, faults)
    count_min, count_max = _selection(node, faults)
    return Tag(
        name=name_of(node, "name", faults, optional=True),
        type=type_,
        categories=tuple(_categories(node, type_, seen, references, faults)),
        count_min=count_min,
        count_max=count_max,
        qualifiers=qualifiers(node, faults),
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


# --- Values


def _categories(
    node: Node, type_: TagType, seen: "_Seen", references: References, faults: Faults
) -> Iterator[TagCategory]:
    for each in node.all("tagCategory"):
        found = _category(each, type_, references, faults)
        if seen.is_new(each, node, type_, found, faults):
            yield found


def _category(node: Node, type_: TagType, references: References, faults: Faults) -> TagCategory:
    user_input, date_format = _user_input(node, faults)
    # What a person types is the value, so such an entry needs no number of its own.
    empty = bool(user_input) and not xml.trimmed(node.attributes.get("lacv", ""))
    return TagCategory(
        name=name_of(node, "name", faults),
        lacv="" if empty else read_value(node, "lacv", to_lacv, "0", faults),
        obsolete=read_value(node, "obsolete", to_flag, False, faults),
        window=window_of(node, faults),
        required_class=references.required_class(node),
        excluded_classes=references.excluded_classes(node),
        required=references.required(node),
        excluded=references.excluded(node),
        markings=markings(node, faults),
        qualifiers=qualifiers(node, faults),
        equivalents=equivalents.categories(node, type_, faults),
        user_input=user_input,
        date_format=date_format,
    )


def _user_input(node: Node, faults: Faults) -> tuple[str, str]:
    """Read what a person types in place of a value, and how a date is written."""
    if "userInput" not in node.attributes and "dateFormat" not in node.attributes:
        return "", ""
    kind = value_of(node, "userInput", faults)
    if "userInput" in node.attributes and kind not in USER_INPUTS:
        faults.refuse(node.line, unknown_value(node.name, "userInput"))
    if "dateFormat" in node.attributes and not kind:
        # Nobody writes down how to type a name, so the value is no name.
        faults.forgive(node.line, f"{node.name} has a @dateFormat without @userInput, read as a date")
        kind = "date"
    return kind, name_of(node, "dateFormat", faults, optional=True)


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
        if found.lacv and (type_, found.lacv) in self._lacvs:
            faults.forgive(node.line, TWIN_LACV)
        self._lacvs.add((type_, found.lacv))
        return True


TWIN_LACV = "tagCategory has the @lacv of another"


def _rules(found: TagCategory) -> TagCategory:
    """
    Take off all that only shows, so that what decides can be compared.

    The lacv is taken off too: labels in XML do not state it, and a reference to the one that is
    not kept leads nowhere, which is refused.
    """
    return replace(found, name="", lacv="", markings=(), qualifiers=())
