# SPDX-License-Identifier: Apache-2.0
"""
What would turn a refusal: the nearest change of the label, and the nearest change of the clearance.

A change is proposed only if it works: the changed label is valid and ``decide`` permits it. What
cannot be turned on one side has no proposal there. Nothing here changes anything.

What is nearest:

1. Of a label: the highest classification that is held and not above its own, and with it the fewest
   values put on or taken off; of as few, those that come first in the policy.
2. No list of parties is ever taken off whole, for that opens a label to everybody; no caveat is put on
   that is not held; and no classification is raised.
3. Of a clearance: the classification and the caveats that are missing, and of each list all that would
   do, of which one is enough.

A label that several labels stand for at an instant (``succession``) is not changed but written anew.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from heapq import heappop, heappush

import msgspec

from legation.encoding import Canonical
from legation.labels.decision import decide, held_values
from legation.labels.label import Category, Clearance, Label, TagType, category, gathered
from legation.labels.policy import Member, Policy
from legation.labels.succession import in_force
from legation.labels.validity import Fault, FaultCode, validate

TRIED_MAX = 200  # labels, for one classification; each is validated, and a person waits for the answer


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
    counting = in_force(policy, label, at)
    return Explanation(
        of_label=_label_changes(policy, policy.normalize(counting[0]), clearance, at)
        if len(counting) == 1
        else (),
        of_clearance=_clearance_changes(policy, counting, clearance, at),
    )


def _label_changes(
    policy: Policy, label: Label, clearance: Clearance, at: datetime | None
) -> tuple[Change, ...]:
    for classification in _classes_to_try(policy, label, clearance):
        changed = _Search(policy, label, classification, clearance, at).nearest()
        if changed is not None:
            return tuple(_differences(policy, label, changed))
    return ()


def _classes_to_try(policy: Policy, label: Label, clearance: Clearance) -> list[str]:
    """The classifications that are held, from the label's own downwards."""
    own = policy.classification(label.classification)
    assert own is not None, "explain looks at valid labels only"
    known = [policy.classification(name) for name in clearance.classifications]
    held = {each.name: each.hierarchy for each in known if each is not None}
    below = {name for name, height in held.items() if height < own.hierarchy or name == own.name}
    return sorted(below, key=lambda name: (-held[name], name))


class _Search:
    """
    The least change of values that makes a label of one classification valid and permitted.

    A change is a set of bits of the policy: values that are put on or taken off. Of a label that will
    not do, one thing that is wrong is picked; every change that helps must touch a value which that
    thing is about. So the changes are tried from the smallest up, and the first that does is the least.
    """

    def __init__(
        self, policy: Policy, label: Label, classification: str, clearance: Clearance, at: datetime | None
    ) -> None:
        self._policy, self._clearance, self._at = policy, clearance, at
        self._classification = classification
        self._members = {each.bit: each for each in _members_of(policy)}
        self._own = {
            each.bit
            for part in label.categories
            for value in part.values
            if (each := policy.member(part, value)) is not None
        }
        self._lists = {part.tag for part in label.categories if part.type is TagType.PERMISSIVE}
        self._held = _bits_of(policy, clearance.categories)

    def nearest(self) -> Label | None:
        """Find it, or give up."""
        # A caveat that is not held has to go, whatever else is done.
        first = tuple(
            sorted(
                bit for bit in self._own - self._held if self._members[bit].tag.type is TagType.RESTRICTIVE
            )
        )
        waiting, seen = [(len(first), first)], {first}
        for _ in range(TRIED_MAX):
            if not waiting:
                return None
            _, change = heappop(waiting)
            label = self._label(self._own ^ set(change))
            helping = self._helping(label, self._own ^ set(change))
            if helping is None:
                return label
            for bit in helping - set(change):
                more = tuple(sorted((*change, bit)))
                if more not in seen:
                    seen.add(more)
                    heappush(waiting, (len(more), more))
        return None

    def _label(self, bits: set[int]) -> Label:
        parts = [
            category(each.tag_set.name, each.tag.type, [each.category.name])
            for each in map(self._members.__getitem__, sorted(bits))
        ]
        return Label(
            policy_id=self._policy.id, classification=self._classification, categories=gathered(parts)
        )

    def _helping(self, label: Label, bits: set[int]) -> set[int] | None:
        """The values one of which must be put on or taken off; None where nothing is wrong."""
        for key, held in self._lists_without_a_reader(bits):
            return {each.bit for each in self._policy.fields[key].members.values() if each.bit in held}
        for fault in validate(self._policy, label, at=self._at):
            return {
                each.bit
                for each in self._members.values()
                if _is_about(fault, each) and self._may_change(each, bits)
            }
        return None if decide(self._policy, label, self._clearance, at=self._at).permitted else set()

    def _lists_without_a_reader(self, bits: set[int]) -> Iterator[tuple[tuple[str, TagType], set[int]]]:
        """The permissive lists, also those that were emptied, on which nothing is held."""
        for key, field in self._policy.fields.items():
            there = {each.bit for each in field.members.values()} & bits
            if key[1] is TagType.PERMISSIVE and (there or key[0] in self._lists) and not there & self._held:
                yield key, self._held

    def _may_change(self, member: Member, bits: set[int]) -> bool:
        is_caveat = member.tag.type is TagType.RESTRICTIVE
        return member.bit in bits or member.bit in self._held or not is_caveat


def _members_of(policy: Policy) -> Iterator[Member]:
    for field in policy.fields.values():
        yield from field.members.values()


def _bits_of(policy: Policy, categories: tuple[Category, ...]) -> set[int]:
    return {
        policy.fields[key].members[policy.fold(name)].bit
        for key, names in held_values(policy, categories).items()
        for name in names
    }


def _is_about(fault: Fault, member: Member) -> bool:
    """Whether putting a value on a label, or taking it off, can mend a fault; rather too often yes."""
    if fault.code in {FaultCode.TOO_FEW, FaultCode.TOO_MANY}:
        return member.tag_set.name == fault.tag and member.tag.name == fault.subject
    return member.category.name in {fault.subject, *fault.values}


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
    policy: Policy, labels: tuple[Label, ...], clearance: Clearance, at: datetime | None
) -> tuple[Change, ...]:
    classifications, lists = list(clearance.classifications), list(clearance.categories)
    changes: dict[Change, None] = {}
    for label in labels:
        if policy.fold(label.classification) not in {policy.fold(name) for name in classifications}:
            classifications.append(label.classification)
            changes[Change(act=Act.GRANT, values=(label.classification,))] = None
        holdings = held_values(policy, clearance.categories)
        for (tag, type_), missing in _missing(policy, label, holdings):
            # Any one value of a permissive list is enough; all are named, the person chooses.
            lists.append(category(tag, type_, missing))
            changes[Change(act=Act.GRANT, tag=tag, values=missing)] = None
    changed = msgspec.structs.replace(
        clearance, classifications=tuple(classifications), categories=gathered(lists)
    )
    permits = all(decide(policy, label, changed, at=at).permitted for label in labels)
    return tuple(changes) if permits else ()


def _missing(
    policy: Policy, label: Label, holdings: Mapping[tuple[str, TagType], Mapping[str, None]]
) -> Iterator[tuple[tuple[str, TagType], tuple[str, ...]]]:
    """The values that must be held, list by list: all of a restrictive one, one of a permissive one."""
    for key, wanted in held_values(policy, label.categories).items():
        missing = tuple(name for name in wanted if name not in holdings.get(key, {}))
        is_open = key[1] is TagType.INFORMATIVE or (
            key[1] is TagType.PERMISSIVE and len(missing) < len(wanted)
        )
        if missing and not is_open:
            yield key, missing
