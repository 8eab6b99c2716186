# SPDX-License-Identifier: Apache-2.0
"""
The roll-up: one label for a whole, no wider than any of its parts.

It is for display and coarse gates; access is decided portion by portion.

ADatP-4774.1, section 4.4, drops a permissive category that is absent in one label (rule 6) or has
no common value (rule 5). To the decision an absent category means "no constraint", so both rules
can permit somebody whom a part refuses. Here an absent category means everybody, an intersection
keeps what is common, and an empty one is NOBODY, which is never the same as absent. The standard's
own label is in ``dominant``, for those who must show it.

What holds: whoever holds the classifications at and below the roll-up's, and is permitted by the
roll-up, is permitted by every part.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from legation.errors import RefusedError
from legation.labels.label import Label
from legation.labels.policy import Policy
from legation.labels.succession import in_force, join
from legation.labels.translation import TranslationFault, translate
from legation.labels.validity import Fault, FaultCode, validate


@dataclass(frozen=True, slots=True, kw_only=True)
class RollUp:
    """
    The outcome of a roll-up; without a label there is no valid one.

    ``nobody``: the parts have no common reader in some list, named in ``faults``.
    ``faults``: why there is no label. ``untranslated``: why a part of another policy has no place in it.
    """

    label: Label | None
    nobody: bool = False
    faults: tuple[Fault, ...] = ()
    untranslated: tuple[TranslationFault, ...] = ()


def roll_up(
    policy: Policy,
    labels: Iterable[Label],
    *,
    at: datetime | None = None,
    sources: Iterable[Policy] = (),
) -> RollUp:
    """
    Join *labels* into the narrowest reading of them all.

    The highest classification; all restrictive and informative values; of each permissive list
    what all labels that have it share. Of a label that becomes another one, all counts that counts
    at the instant.

    Args:
        policy: The policy of the whole.
        labels: The parts; none at all gives no label and no faults, for there is nothing to mark.
        at: The instant at which the parts and the result must be valid.
        sources: Policies of parts that are not of *policy*; such a part is translated first.
    """
    parts, untranslated = _translated(policy, tuple(labels), at, tuple(sources))
    faults = tuple(fault for part in parts for fault in validate(policy, part, at=at))
    if faults or untranslated or not parts:
        return RollUp(label=None, faults=faults, untranslated=untranslated)
    counting = [each for part in parts for each in in_force(policy, part, at)]
    joined = join(policy, [policy.normalize(each) for each in counting])
    empty = tuple(
        Fault(code=FaultCode.CATEGORY_EMPTY, tag=part.tag) for part in joined.categories if not part.values
    )
    if empty:
        return RollUp(label=None, nobody=True, faults=empty)
    faults = validate(policy, joined, at=at)
    return RollUp(label=None if faults else joined, faults=faults)


def _translated(
    policy: Policy, labels: tuple[Label, ...], at: datetime | None, sources: tuple[Policy, ...]
) -> tuple[list[Label], tuple[TranslationFault, ...]]:
    parts: list[Label] = []
    faults: list[TranslationFault] = []
    for label in labels:
        source = source_of(policy, label, sources)
        if source is None:
            parts.append(label)
            continue
        try:
            parts.append(translate(label, source, policy, at=at))
        except RefusedError as error:
            faults += [fault for fault in error.faults if isinstance(fault, TranslationFault)]
    return parts, tuple(dict.fromkeys(faults))


def source_of(policy: Policy, label: Label, sources: Iterable[Policy]) -> Policy | None:
    """Which of some policies a label is to be translated from; none where it is of *policy* itself."""
    if policy.is_named(label.policy_id, label.policy):
        return None
    return next((each for each in sources if each.is_named(label.policy_id, label.policy)), None)
