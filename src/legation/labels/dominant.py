# SPDX-License-Identifier: Apache-2.0
"""
The dominant label of ADatP-4774.1, section 4.4, as the standard has it, with what is wrong with it.

For those who must show the standard's own answer beside ours (``rollup``). It decides nothing: by its
rules 5 and 6 it can permit somebody whom a part refuses, and then it comes with a witness, a clearance
and a part for which that happens.

Rules of the standard, by their numbers:

1. All labels are of one policy; others are mapped first.
2. A label that cannot be mapped leaves the answer to people: there is no label.
3. The classification is the highest by hierarchy.
4. Of a permissive category stands what all labels share.
5. If they share nothing, the category is dropped.
6. If one label does not have it, it is dropped.
7. Of a restrictive category stands all there is.
8. Of an informative category as well.
9. The outcome is held against the policy; if it is not valid, the answer is left to people.

Source: ADatP-4774.1, section 4.4.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from legation.labels.decision import decide
from legation.labels.label import Clearance, Label, TagType, category
from legation.labels.policy import Policy
from legation.labels.rollup import source_of
from legation.labels.succession import in_force, join
from legation.labels.translation import TranslationFault, map_label
from legation.labels.validity import Fault, validate


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Who shows that a label widens: a clearance that it permits, and a part that refuses it."""

    clearance: Clearance
    part: Label
    tags: tuple[str, ...]
    """The lists of the part that are not in the label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DominantLabel:
    """
    What the standard's rules give.

    ``label`` is there even if it is flawed; it is None where a part is not valid or not mapped, as
    ``part_faults`` and ``untranslated`` then say. ``faults``: how it breaks the policy's own rules
    (rule 9). ``witness``: that it permits more than its parts do.
    """

    label: Label | None
    witness: Witness | None = None
    faults: tuple[Fault, ...] = ()
    part_faults: tuple[Fault, ...] = ()
    untranslated: tuple[TranslationFault, ...] = ()

    @property
    def is_flawed(self) -> bool:
        """Whether it widens or breaks a rule, so that people must decide."""
        return self.label is None or self.witness is not None or bool(self.faults)


def dominant_label(
    policy: Policy,
    labels: Iterable[Label],
    *,
    at: datetime | None = None,
    sources: Iterable[Policy] = (),
) -> DominantLabel:
    """
    Join *labels* by the standard's rules 1 to 9, and say what is wrong with the outcome.

    Args:
        policy: The policy of the whole.
        labels: The parts; none at all gives no label.
        at: The instant at which the parts and the result must be valid, with a time zone.
        sources: Policies of parts that are not of *policy* (rule 1).
    """
    found = _Parts(policy, tuple(sources), at)
    for label in labels:
        found.add(label)
    if found.faults or found.untranslated or not found.labels:
        return DominantLabel(
            label=None,
            part_faults=tuple(dict.fromkeys(found.faults)),
            untranslated=tuple(dict.fromkeys(found.untranslated)),
        )
    parts = [policy.normalize(each) for each in found.labels]
    label = _joined(policy, parts)
    return DominantLabel(
        label=label, witness=_witness(policy, label, parts, at), faults=validate(policy, label, at=at)
    )


class _Parts:
    """What counts of some labels, in the policy of the whole, and what stands in the way."""

    def __init__(self, policy: Policy, sources: tuple[Policy, ...], at: datetime | None) -> None:
        self._policy, self._sources, self._at = policy, sources, at
        self.labels: list[Label] = []
        self.faults: list[Fault] = []
        self.untranslated: list[TranslationFault] = []

    def add(self, label: Label) -> None:
        """Take one label in."""
        source = source_of(self._policy, label, self._sources)
        if source is None:
            self.faults += validate(self._policy, label, at=self._at)
            self.labels += in_force(self._policy, label, self._at)
            return
        # Without an instant nothing of a label that depends on one counts; mapping then says so.
        for each in in_force(source, label, self._at) or (label,):
            mapped = map_label(each, source, self._policy, at=self._at)
            self.untranslated += mapped.faults
            self.labels += () if mapped.label is None else (mapped.label,)


def _joined(policy: Policy, parts: list[Label]) -> Label:
    """Rules 3 to 8. What ``join`` leaves empty shares nothing; what a part lacks is dropped."""
    joined = join(policy, parts)  # 3, 4, 7, 8
    kept = tuple(
        each
        for each in joined.categories
        if each.type is not TagType.PERMISSIVE
        or (each.values and all(_has(part, each.tag) for part in parts))  # 5 and 6
    )
    return Label(policy_id=policy.id, classification=joined.classification, categories=kept)


def _has(part: Label, tag: str) -> bool:
    return any(each.tag == tag and each.type is TagType.PERMISSIVE for each in part.categories)


def _witness(policy: Policy, label: Label, parts: list[Label], at: datetime | None) -> Witness | None:
    """Somebody cleared for everything, save for the lists that were dropped."""
    clearance = Clearance(
        policy_id=policy.id,
        classifications=tuple(each.name for each in policy.classifications),
        categories=tuple(
            category(each.tag, each.type, each.values)
            for each in label.categories
            if each.type is not TagType.INFORMATIVE
        ),
    )
    if not decide(policy, label, clearance, at=at).permitted:
        return None
    for part in parts:
        if not decide(policy, part, clearance, at=at).permitted:
            tags = tuple(
                each.tag
                for each in part.categories
                if each.type is TagType.PERMISSIVE and not _has(label, each.tag)
            )
            return Witness(clearance=clearance, part=part, tags=tags)
    return None
