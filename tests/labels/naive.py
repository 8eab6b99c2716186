# SPDX-License-Identifier: Apache-2.0
"""
The same questions answered a second time, slowly and plainly.

Written from the text of the standards (ADatP-4774.1, section 4; XML SPIF 2.1), not from the code it
is compared with: a policy is a few tuples, a label a classification and pairs of list and values,
and every rule is a loop. Nothing of ``legation`` is used here.
"""

from datetime import datetime
from typing import NamedTuple

EVERY = "*"


class Place(NamedTuple):
    """A value of a tag set and type, or every one of them."""

    tag_set: str
    type: str
    value: str = EVERY


class Rule(NamedTuple):
    """So many of these places must be taken: "onlyOne", "oneOrMore" or "all"."""

    operation: str
    places: tuple[Place, ...]


class Value(NamedTuple):
    """One value and its own rules."""

    name: str
    excluded_classes: tuple[str, ...] = ()
    required_class: str = ""
    required: tuple[Rule, ...] = ()
    excluded: tuple[Place, ...] = ()
    begins: datetime | None = None
    ends: datetime | None = None
    obsolete: bool = False


class Choice(NamedTuple):
    """A tag: values of one type, of which some number may be chosen."""

    type: str
    values: tuple[Value, ...]
    least: int = 0
    most: int | None = None


class Level(NamedTuple):
    """A classification."""

    name: str
    hierarchy: int
    required: tuple[Rule, ...] = ()
    obsolete: bool = False


class Plain(NamedTuple):
    """A policy."""

    name: str
    levels: tuple[Level, ...]
    sets: tuple[tuple[str, tuple[Choice, ...]], ...]


class Stated(NamedTuple):
    """A list on a label or a clearance: tag set, type, and values; it may be there without any."""

    tag_set: str
    type: str
    values: tuple[str, ...]


class PlainLabel(NamedTuple):
    """A label."""

    level: str
    lists: tuple[Stated, ...]


class PlainClearance(NamedTuple):
    """A clearance."""

    levels: tuple[str, ...]
    lists: tuple[Stated, ...]
    begins: datetime | None = None
    ends: datetime | None = None


def in_force(begins: datetime | None, ends: datetime | None, at: datetime | None) -> bool:
    """Whether something bounded in time counts; without an instant nothing that is bounded does."""
    if begins is None and ends is None:
        return True
    if at is None:
        return False
    if begins is not None and at < begins:
        return False
    return not (ends is not None and at > ends)


def taken(label: PlainLabel) -> set[tuple[str, str, str]]:
    """Every value on a label, once."""
    found = set()
    for stated in label.lists:
        for value in stated.values:
            found.add((stated.tag_set, stated.type, value))
    return found


def places_of(policy: Plain, place: Place) -> set[tuple[str, str, str]]:
    """The values that a rule means."""
    found = set()
    for name, choices in policy.sets:
        for choice in choices:
            for value in choice.values:
                if name == place.tag_set and choice.type == place.type and place.value in {EVERY, value.name}:
                    found.add((name, choice.type, value.name))
    return found


def is_met(policy: Plain, rule: Rule, label: PlainLabel) -> bool:
    """Whether a label holds what a rule requires."""
    wanted = set()
    for place in rule.places:
        wanted |= places_of(policy, place)
    there = wanted & taken(label)
    if rule.operation == "onlyOne":
        return len(there) == 1
    if rule.operation == "oneOrMore":
        return len(there) > 0
    return len(wanted) > 0 and there == wanted


def is_valid(policy: Plain, label: PlainLabel, at: datetime | None, *, new: bool = False) -> bool:
    """Whether a label keeps every rule of its policy."""
    levels = [level for level in policy.levels if level.name == label.level]
    if not levels:
        return False
    if new and levels[0].obsolete:
        return False
    for rule in levels[0].required:
        if not is_met(policy, rule, label):
            return False
    return all_known(policy, label) and all_kept(policy, label, at, new=new)


def all_known(policy: Plain, label: PlainLabel) -> bool:
    """Whether every list of a label has values, and the policy knows them all."""
    for stated in label.lists:
        if not stated.values:
            return False
        for value in stated.values:
            if not places_of(policy, Place(stated.tag_set, stated.type, value)):
                return False
    return True


def all_kept(policy: Plain, label: PlainLabel, at: datetime | None, *, new: bool) -> bool:
    """Whether each tag has as many values as it may, and each value may stand where it does."""
    there = taken(label)
    for name, choices in policy.sets:
        for choice in choices:
            chosen = [each for each in choice.values if (name, choice.type, each.name) in there]
            if len(chosen) < choice.least:
                return False
            if choice.most is not None and len(chosen) > choice.most:
                return False
            for each in chosen:
                if not in_force(each.begins, each.ends, at) or (new and each.obsolete):
                    return False
                if not may_stand(policy, each, (name, choice.type, each.name), label):
                    return False
    return True


def may_stand(policy: Plain, value: Value, where: tuple[str, str, str], label: PlainLabel) -> bool:
    """Whether one value may stand on this label."""
    if label.level in value.excluded_classes:
        return False
    if value.required_class and value.required_class != label.level:
        return False
    for rule in value.required:
        if not is_met(policy, rule, label):
            return False
    others = taken(label) - {where}
    return not any(places_of(policy, place) & others for place in value.excluded)


def decide(policy: Plain, label: PlainLabel, clearance: PlainClearance, at: datetime | None = None) -> bool:
    """Whether the holder of a clearance may see what carries a label."""
    if not is_valid(policy, label, at):
        return False
    if not in_force(clearance.begins, clearance.ends, at):
        return False
    if label.level not in clearance.levels:
        return False
    for stated in label.lists:
        wanted = {value for tag_set, type_, value in taken(label) if (tag_set, type_) == stated[:2]}
        held = set()
        for other in clearance.lists:
            if other.tag_set == stated.tag_set and other.type == stated.type:
                held |= set(other.values)
        if stated.type == "restrictive" and not wanted <= held:
            return False
        if stated.type == "permissive" and not wanted & held:
            return False
    return True


def drop_roll_up(policy: Plain, labels: list[PlainLabel]) -> PlainLabel:
    """
    The dominant label of ADatP-4774.1, section 4.4, as written: rules 3 to 8.

    It is here to show what its rules 5 and 6 do, and is used nowhere else.
    """
    heights = {level.name: level.hierarchy for level in policy.levels}
    level = labels[0].level
    for label in labels:
        if heights[label.level] > heights[level]:
            level = label.level
    lists = []
    for key in sorted({stated[:2] for label in labels for stated in label.lists}):
        each = [{value for *where, value in taken(label) if tuple(where) == key} for label in labels]
        if key[1] != "permissive":
            lists.append(Stated(*key, tuple(sorted(set().union(*each)))))  # rules 7 and 8
        elif common := set.intersection(*each):
            lists.append(Stated(*key, tuple(sorted(common))))  # rule 4; else rules 5 and 6
    return PlainLabel(level, tuple(lists))
