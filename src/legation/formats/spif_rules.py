# SPDX-License-Identifier: Apache-2.0
"""
The rules in an XML SPIF: which categories and classes one thing requires, and which it excludes.

``requirements`` reads a rule as it stands, which is all that can be done for a rule of an
equivalence: it names tag sets of the other policy. ``References`` reads the rules of the policy
itself and sees, when all of it is read, that each leads to one thing.

Source: XML SPIF 2.1, requiredCategory, excludedCategory, excludedClass, requiredClass.
"""

from collections import Counter
from collections.abc import Iterator

from legation.formats.spif_schema import Faults, Node
from legation.formats.spif_values import (
    name_in,
    name_of,
    read_value,
    to_choice,
    to_flag,
    to_lacv,
    type_of,
)
from legation.labels.label import TagType
from legation.labels.policy import CategoryReference, Classification, Operation, Requirement, TagSet


def requirements(node: Node, faults: Faults) -> tuple[Requirement, ...]:
    """Read what an element requires, whichever policy's tag sets it names."""
    if "requiredCategory" not in node.children:
        return ()  # by far the most, and there are thousands
    return tuple(
        Requirement(
            operation=read_value(each, "operation", to_choice(Operation), Operation.ALL, faults),
            groups=tuple(_reference(group, faults) for group in each.all("categoryGroup")),
        )
        for each in node.all("requiredCategory")
    )


def _reference(node: Node, faults: Faults) -> CategoryReference:
    lacv, all_ = read_value(node, "lacv", to_lacv, "", faults), read_value(node, "all", to_flag, None, faults)
    if not {"lacv", "all"} & node.attributes.keys():
        # "One, and only one, of lacv or all should be present": two published policies mean all.
        faults.forgive(node.line, f"{node.name} has neither @lacv nor @all, read as all")
    elif ("lacv" in node.attributes) == bool(all_):
        faults.refuse(node.line, f"{node.name} wants either @lacv or @all")
    return CategoryReference(
        tag_set=name_of(node, "tagSetRef", faults), type=type_of(node, faults), lacv=lacv
    )


class References:
    """The references of a policy to its own parts: noted while they are read, followed at the end."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._categories: list[tuple[Node, CategoryReference]] = []
        self._classes: list[tuple[Node, str]] = []

    def required(self, node: Node) -> tuple[Requirement, ...]:
        """Read which categories an element requires."""
        found = requirements(node, self._faults)
        if not found:
            return ()
        nodes = node.within("requiredCategory", "categoryGroup")
        references = (group for requirement in found for group in requirement.groups)
        self._categories.extend(zip(nodes, references, strict=True))
        return found

    def excluded(self, node: Node) -> tuple[CategoryReference, ...]:
        """Read which categories an element excludes."""
        nodes = node.all("excludedCategory")
        if not nodes:
            return ()
        found = tuple(_reference(each, self._faults) for each in nodes)
        self._categories.extend(zip(nodes, found, strict=True))
        return found

    def required_class(self, node: Node) -> str:
        """Read which classification a value requires, if any."""
        if "requiredClass" not in node.attributes:
            return ""
        found = name_of(node, "requiredClass", self._faults)
        self._classes.append((node, found))
        return found

    def excluded_classes(self, node: Node) -> tuple[str, ...]:
        """Read which classifications a value excludes."""
        nodes = node.all("excludedClass")
        if not nodes:
            return ()
        found = tuple(name_in(each, self._faults) for each in nodes)
        self._classes.extend((node, name) for name in found)
        return found

    def follow(self, classifications: tuple[Classification, ...], tag_sets: tuple[TagSet, ...]) -> None:
        """See that every class and category that the policy's own rules name is there, and is one."""
        names = {each.name for each in classifications}
        for node, name in self._classes:
            if name not in names:
                self._faults.refuse(node.line, f"{node.name} names a classification that is not there")
        values = dict(_values(tag_sets))
        for node, reference in self._categories:
            counts = values.get((reference.tag_set, reference.type))
            if not counts:
                self._faults.refuse(node.line, f"{node.name} names a tag set that has no such values")
            elif reference.lacv and counts[reference.lacv] != 1:
                reason = f"{node.name} names a value that is not there, or there twice"
                self._faults.refuse(node.line, reason)


def _values(tag_sets: tuple[TagSet, ...]) -> Iterator[tuple[tuple[str, TagType], Counter[str]]]:
    """How many values of each lacv there are, by tag set and type."""
    for tag_set in tag_sets:
        for type_ in TagType:
            tags = (tag for tag in tag_set.tags if tag.type is type_)
            yield (tag_set.name, type_), Counter(each.lacv for tag in tags for each in tag.categories)
