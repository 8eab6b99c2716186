# SPDX-License-Identifier: Apache-2.0
"""
The roll-up: one label for a whole, no wider than any of its parts.

It is for display and coarse gates; access is decided portion by portion.

ADatP-4774.1, section 4.4, drops a permissive category that is absent in one label (rule 6) or has
no common value (rule 5). To the decision an absent category means "no constraint", so both rules
can permit somebody whom a part refuses. Here an absent category means everybody, an intersection
keeps what is common, and an empty one is NOBODY, which is never the same as absent.

What holds: whoever holds the classifications at and below the roll-up's, and is permitted by the
roll-up, is permitted by every part.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from legation.labels.label import Label, TagType, category
from legation.labels.policy import Policy
from legation.labels.validity import Fault, FaultCode, validate


@dataclass(frozen=True, slots=True, kw_only=True)
class RollUp:
    """
    The outcome of a roll-up; without a label there is no valid one.

    ``nobody``: the parts have no common reader in some list, named in ``faults``.
    ``faults``: why there is no label.
    """

    label: Label | None
    nobody: bool = False
    faults: tuple[Fault, ...] = ()


def roll_up(policy: Policy, labels: Iterable[Label], *, at: datetime | None = None) -> RollUp:
    """
    Join *labels* into the narrowest reading of them all.

    The highest classification; all restrictive and informative values; of each permissive list
    what all labels that have it share.

    Args:
        policy: The policy of all the labels.
        labels: The parts; none at all gives no label and no faults, for there is nothing to mark.
        at: The instant at which the parts and the result must be valid.
    """
    parts = tuple(labels)
    faults = tuple(fault for part in parts for fault in validate(policy, part, at=at))
    if faults or not parts:
        return RollUp(label=None, faults=faults)
    joined = _join(policy, [policy.normalize(part) for part in parts])
    empty = tuple(
        Fault(code=FaultCode.CATEGORY_EMPTY, tag=part.tag) for part in joined.categories if not part.values
    )
    if empty:
        return RollUp(label=None, nobody=True, faults=empty)
    faults = validate(policy, joined, at=at)
    return RollUp(label=None if faults else joined, faults=faults)


def _join(policy: Policy, parts: list[Label]) -> Label:
    ranks = {each.name: each.hierarchy for each in policy.classifications}
    lists: dict[tuple[str, TagType], set[str]] = {}
    for part in parts:
        for each in part.categories:
            key, values = (each.tag, each.type), set(each.values)
            if each.type is TagType.PERMISSIVE:
                lists[key] = lists.get(key, values) & values
            else:
                lists[key] = lists.get(key, set()) | values
    return Label(
        policy_id=policy.id,
        classification=max((part.classification for part in parts), key=ranks.__getitem__),
        categories=tuple(category(tag, type_, lists[tag, type_]) for tag, type_ in sorted(lists)),
    )
