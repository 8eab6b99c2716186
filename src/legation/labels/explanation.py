# SPDX-License-Identifier: Apache-2.0
"""
What would turn a refusal: the nearest change of the label, and the nearest change of the clearance.

A change is proposed only if it works: the changed label is valid and ``decide`` permits it. What
cannot be turned on one side has no proposal there. Nothing here changes anything.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from itertools import islice

import msgspec

from legation.encoding import Canonical
from legation.labels.decision import decide, held_values
from legation.labels.label import Category, Clearance, Label, TagType, category, gathered
from legation.labels.policy import Policy
from legation.labels.validity import FaultCode, validate


class Act(StrEnum):
    """What a change does."""

    ADD = "add"
    """Put a value on the label's list."""
    REMOVE = "remove"
    """Take a value off the label."""
    LOWER = "lower"
    """Lower the label's classification."""
    GRANT = "grant"
    """Give the clearance a classification or a value."""


class Change(Canonical, frozen=True):
    """One act on one list; without a tag it is about the classification."""

    act: Act
    values: tuple[str, ...]
    tag: str = ""


class Explanation(Canonical, frozen=True):
    """The changes that would permit, all of a side together; empty where that side cannot."""

    of_label: tuple[Change, ...] = ()
    of_clearance: tuple[Change, ...] = ()


def explain(policy: Policy, label: Label, clearance: Clearance, *, at: datetime | None = None) -> Explanation:
    """
    Find the nearest changes that would permit what is refused now.

    A label that is not valid, and a clearance under another policy or out of date, have none: they
    are mended, not changed. What is already permitted has none either.
    """
    if decide(policy, label, clearance, at=at).permitted or validate(policy, label, at=at):
        return Explanation()
    return Explanation(
        of_label=_label_changes(policy, policy.normalize(label), clearance, at),
        of_clearance=_clearance_changes(policy, label, clearance, at),
    )


def _label_changes(
    policy: Policy, label: Label, clearance: Clearance, at: datetime | None
) -> tuple[Change, ...]:
    classification = _nearest_class(policy, label, clearance)
    if classification is None:
        return ()
    changed = msgspec.structs.replace(label, classification=classification)
    changed = _open_lists(policy, changed, clearance)
    changed = _meet_requirements(policy, changed, clearance, at)
    if not decide(policy, changed, clearance, at=at).permitted:
        return ()
    return tuple(_differences(policy, label, changed))


def _nearest_class(policy: Policy, label: Label, clearance: Clearance) -> str | None:
    """The label's own classification if it is held, else the highest held one below it."""
    own = policy.classification(label.classification)
    assert own is not None, "explain looks at valid labels only"
    held = [policy.classification(name) for name in clearance.classifications]
    fitting = [each for each in held if each is not None and each.hierarchy <= own.hierarchy]
    return max(fitting, key=lambda each: each.hierarchy).name if fitting else None


def _open_lists(policy: Policy, label: Label, clearance: Clearance) -> Label:
    """Add to each permissive list one value that is held, and drop restrictive values that are not."""
    holdings = held_values(policy, clearance.categories)
    lists: list[Category] = []
    for part in label.categories:
        held = holdings.get((part.tag, part.type), {})
        values = set(part.values)
        if part.type is TagType.RESTRICTIVE:
            values &= set(held)
        elif part.type is TagType.PERMISSIVE and not values & set(held):
            values |= set(islice(held, 1))  # one is enough, and more would open it to more
        if values:
            lists.append(category(part.tag, part.type, values))
    return msgspec.structs.replace(label, categories=gathered(lists))


def _meet_requirements(policy: Policy, label: Label, clearance: Clearance, at: datetime | None) -> Label:
    """Where the changed label now needs a list it does not have, start it with what is held."""
    holdings = held_values(policy, clearance.categories)
    for fault in validate(policy, label, at=at):
        held = holdings.get((fault.tag, TagType.PERMISSIVE), {})
        values = [name for name in held if name in fault.values][:1]
        if fault.code is FaultCode.CATEGORY_REQUIRED and values:
            added = category(fault.tag, TagType.PERMISSIVE, values)
            label = msgspec.structs.replace(label, categories=gathered((*label.categories, added)))
    return label


def _differences(policy: Policy, old: Label, new: Label) -> Iterator[Change]:
    if new.classification != old.classification:
        yield Change(act=Act.LOWER, values=(new.classification,))
    before, after = held_values(policy, old.categories), held_values(policy, new.categories)
    for key in policy.fields:
        had, has = before.get(key, {}), after.get(key, {})
        removed = tuple(name for name in had if name not in has)
        added = tuple(name for name in has if name not in had)
        if removed:
            yield Change(act=Act.REMOVE, tag=key[0], values=removed)
        if added:
            yield Change(act=Act.ADD, tag=key[0], values=added)


def _clearance_changes(
    policy: Policy, label: Label, clearance: Clearance, at: datetime | None
) -> tuple[Change, ...]:
    holdings = held_values(policy, clearance.categories)
    classifications, lists = list(clearance.classifications), list(clearance.categories)
    changes: list[Change] = []
    if policy.fold(label.classification) not in {policy.fold(name) for name in classifications}:
        classifications.append(label.classification)
        changes.append(Change(act=Act.GRANT, values=(label.classification,)))
    for (tag, type_), wanted in held_values(policy, label.categories).items():
        missing = tuple(name for name in wanted if name not in holdings.get((tag, type_), {}))
        is_open = type_ is TagType.INFORMATIVE or (type_ is TagType.PERMISSIVE and len(missing) < len(wanted))
        if missing and not is_open:
            # Any one value of a permissive list is enough; all are named, the person chooses.
            lists.append(category(tag, type_, missing))
            changes.append(Change(act=Act.GRANT, tag=tag, values=missing))
    changed = msgspec.structs.replace(
        clearance, classifications=tuple(classifications), categories=gathered(lists)
    )
    return tuple(changes) if decide(policy, label, changed, at=at).permitted else ()
