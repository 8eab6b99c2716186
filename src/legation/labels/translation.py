# SPDX-License-Identifier: Apache-2.0
"""
Translating a label of one policy into another, where their owners say what is equivalent.

The result is a new label in the target's normal form, to stand beside the original, which nobody
changes. Equivalence has a direction and loses things, so a translated label is never translated back
or onward: a label does not say that it is a translation, so whoever translates takes the originator's.

Rules kept here:

1. What counts is what the source policy says of writing for the other (``applied`` encrypt or both),
   and what the target policy says of reading from the other (decrypt or both). One side is enough. If
   both say something, they must say the same; if a name could become several by what the target says,
   nobody chooses. Only the label's own policy may give one value several equivalents: it gets them all.
2. A value without an equivalent stops everything. It is left out only where the label's own policy says
   ``action="discard"``; of a permissive list never the last one, for a list that is gone lets everybody
   in. A caveat or a note that its owner lets go is gone.
3. A constraint stays one. No value that decides becomes informative. A permissive list of the result is
   made of one list of the label, and of no more than one value where that list is restrictive: "all of
   these" does not become "one of these", nor "of this and of that list" "of either".
4. Then comes what the equivalence requires in the target policy, for the policy, the classification
   and the tag sets. Where it leaves a choice, nobody chooses. A value is not added to a permissive list
   that came from the label: that would open it.
5. The result is valid in the target policy, as a label that is written now.

Source: XML SPIF 2.1 (equivalentPolicy, equivalentClassification, equivalentSecCategoryTag,
equivalentSecurityCategoryTagSet); ADatP-4774.1, section 4.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from msgspec.structs import replace

from legation.encoding import Canonical
from legation.errors import RefusedError
from legation.labels.equivalence import (
    ClassEquivalent,
    Equivalences,
    decides,
    equivalences,
    members_of,
    names_of,
)
from legation.labels.label import Category, Label, TagType, category, gathered
from legation.labels.policy import (
    CategoryReference,
    Member,
    Operation,
    Policy,
    Requirement,
    is_same_value,
)
from legation.labels.validity import Fault, FaultCode, is_met, validate


class TranslationCode(StrEnum):
    """Why a label cannot be translated."""

    LABEL_INVALID = "label-invalid"
    POLICY_IS_THE_SAME = "policy-is-the-same"
    POLICY_NOT_EQUIVALENT = "policy-not-equivalent"
    CLASSIFICATION_UNMAPPED = "classification-unmapped"
    CLASSIFICATION_AMBIGUOUS = "classification-ambiguous"
    VALUE_UNMAPPED = "value-unmapped"
    VALUE_AMBIGUOUS = "value-ambiguous"
    CONSTRAINT_LOST = "constraint-lost"
    LIST_LOST = "list-lost"
    LISTS_JOINED = "lists-joined"
    REQUIREMENT_OPEN = "requirement-open"
    REQUIREMENT_UNMET = "requirement-unmet"
    WOULD_WIDEN = "would-widen"
    RESULT_INVALID = "result-invalid"


class TranslationFault(Canonical, frozen=True):
    """
    One thing that stands in the way of a translation; ``legation.words`` says it to a person.

    ``subject`` is the classification or value it is about, ``tag`` its tag set, ``values`` the names
    of the target policy that are concerned. ``fault`` is set where one of the two labels is not valid.
    """

    code: TranslationCode
    subject: str = ""
    tag: str = ""
    values: tuple[str, ...] = ()
    fault: Fault | None = None


def translate(label: Label, source: Policy, target: Policy, *, at: datetime | None = None) -> Label:
    """
    Write *label* anew for another policy.

    What the label becomes at a date is translated with it; what it was before is left behind.

    Args:
        label: A label of *source*, as its originator wrote it.
        source: The policy of the label.
        target: The policy to write it for.
        at: The instant at which the label and its translation must be valid, with a time zone.

    Raises:
        RefusedError: There is no translation; ``faults`` has every ``TranslationFault`` that is known.
        TypeError: *at* has no time zone.
    """
    if at is not None and at.tzinfo is None:
        raise TypeError("translate needs an instant with a time zone")
    outcome = _translated(label, source, target, at)
    if outcome.label is None:
        raise refused(source, target, outcome.faults)
    return outcome.label


def refused(source: Policy, target: Policy, faults: tuple[TranslationFault, ...]) -> RefusedError:
    """The error that says why there is no translation."""
    codes = ", ".join(dict.fromkeys(fault.code.value for fault in faults))
    return RefusedError(
        f"the label has no translation from {source.name} to {target.name}: {codes}", faults=faults
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What became of a label: a label of the target policy, or why there is none."""

    label: Label | None = None
    faults: tuple[TranslationFault, ...] = ()


def _translated(label: Label, source: Policy, target: Policy, at: datetime | None) -> Mapped:
    """Translate a label and what it becomes; each is valid when it comes to count."""
    later = label.succession
    if later is not None and at is not None:
        if later.at <= at:
            return _translated(later.label, source, target, at)
        successor = _translated(later.label, source, target, later.at)
        present = _translated(replace(label, succession=None), source, target, at)
        if successor.label is None or present.label is None:
            return Mapped(faults=tuple(dict.fromkeys((*present.faults, *successor.faults))))
        chained = replace(present.label, succession=replace(later, label=successor.label))
        return Mapped(label=chained)
    mapped = map_label(label, source, target, at=at)
    if mapped.label is None:
        return mapped
    faults = _as_faults(TranslationCode.RESULT_INVALID, validate(target, mapped.label, at=at, new=True))
    return Mapped(faults=faults) if faults else mapped


def map_label(label: Label, source: Policy, target: Policy, *, at: datetime | None = None) -> Mapped:
    """
    Do steps 1 to 4 alone: the outcome may break the rules of the target policy.

    For the dominant label of ADatP-4774.1, whose rule 9 looks at the whole afterwards.
    """
    faults = _as_faults(TranslationCode.LABEL_INVALID, validate(source, label, at=at))
    if faults or label.succession is not None:
        # A label that depends on dates has no one translation; ``translate`` takes it apart.
        needed = Fault(code=FaultCode.DATE_NEEDED, subject=label.classification)
        return Mapped(faults=faults or _as_faults(TranslationCode.LABEL_INVALID, (needed,)))
    if source.id == target.id:
        fault = TranslationFault(code=TranslationCode.POLICY_IS_THE_SAME, subject=target.name)
        return Mapped(faults=(fault,))
    known = equivalences(source, target)
    if not known.is_stated:
        fault = TranslationFault(code=TranslationCode.POLICY_NOT_EQUIVALENT, subject=target.name)
        return Mapped(faults=(fault,))
    return _Mapping(source, target, known).of(source.normalize(label))


def _as_faults(code: TranslationCode, faults: tuple[Fault, ...]) -> tuple[TranslationFault, ...]:
    return tuple(TranslationFault(code=code, fault=fault) for fault in faults)


@dataclass(slots=True)
class _TargetList:
    """
    One list of the result.

    ``images`` has what each constraint of the label became in it: a permissive list is one constraint,
    and each restrictive value is one of its own.
    """

    members: dict[int, Member] = field(default_factory=dict)
    images: dict[tuple[str, ...], set[int]] = field(default_factory=dict)


class _Mapping:
    """One label on its way into another policy."""

    def __init__(self, source: Policy, target: Policy, known: Equivalences) -> None:
        self._source, self._target, self._known = source, target, known
        self._lists: dict[tuple[str, TagType], _TargetList] = {}
        self._faults: list[TranslationFault] = []

    def of(self, label: Label) -> Mapped:
        """Map a valid label in its normal form."""
        named = self._known.classes[label.classification]
        if named.target is None:
            unmapped, ambiguous = (
                TranslationCode.CLASSIFICATION_UNMAPPED,
                TranslationCode.CLASSIFICATION_AMBIGUOUS,
            )
            self._fault(ambiguous if named.is_ambiguous else unmapped, label.classification)
        for part in label.categories:
            self._map_list(part)
        self._check_lists()
        # What an equivalence requires is asked only of what has one.
        if not self._faults:
            self._require(_required(self._known, named, label))
        if self._faults or named.target is None:
            return Mapped(faults=tuple(self._faults))
        parts = [category(*key, names_of(each.members.values())) for key, each in self._lists.items()]
        moved = Label(policy_id=self._target.id, classification=named.target.name, categories=gathered(parts))
        return Mapped(label=moved)

    def _fault(
        self, code: TranslationCode, subject: str, tag: str = "", values: tuple[str, ...] = ()
    ) -> None:
        self._faults.append(TranslationFault(code=code, subject=subject, tag=tag, values=values))

    def _map_list(self, part: Category) -> None:
        discarded = 0
        for value in part.values:
            member = self._source.member(part, value)
            assert member is not None, "a valid label has known values"
            found = self._known.values[member.bit]
            discarded += found.is_discarded
            if found.is_ambiguous:
                self._fault(TranslationCode.VALUE_AMBIGUOUS, value, part.tag)
            elif not found.targets and not found.is_discarded:
                self._fault(TranslationCode.VALUE_UNMAPPED, value, part.tag)
            elif found.targets and decides(part.type) and not any(map(_decides, found.targets)):
                self._fault(TranslationCode.CONSTRAINT_LOST, value, part.tag, names_of(found.targets))
            else:
                self._put(part, value, found.targets)
        if part.type is TagType.PERMISSIVE and discarded == len(part.values):
            self._fault(TranslationCode.LIST_LOST, "", part.tag)

    def _put(self, part: Category, value: str, targets: tuple[Member, ...]) -> None:
        constraint = (part.tag, part.type, value if part.type is TagType.RESTRICTIVE else "")
        for member in targets:
            into = self._list_of(member)
            into.members[member.bit] = member
            into.images.setdefault(constraint, set()).add(member.bit)

    def _list_of(self, member: Member) -> _TargetList:
        return self._lists.setdefault((member.tag_set.name, member.tag.type), _TargetList())

    def _check_lists(self) -> None:
        """Refuse a permissive list that several constraints became, save where they are the same."""
        for (tag, type_), each in self._lists.items():
            if type_ is TagType.PERMISSIVE and any(
                image != each.members.keys() for image in each.images.values()
            ):
                self._fault(TranslationCode.LISTS_JOINED, "", tag, names_of(each.members.values()))

    def _require(self, required: tuple[Requirement, ...]) -> None:
        """Add what is required and leaves no choice, then see that all is met."""
        for requirement in sorted(required, key=lambda each: each.operation is not Operation.ALL):
            wanted = self._wanted(requirement)
            if requirement.operation is Operation.ALL or len(wanted) == 1:
                self._add(wanted)
        for requirement in required:
            wanted = self._wanted(requirement)
            there = [member for member in wanted if self._has(member)]
            if not is_met(requirement.operation, len(there), len(wanted)):
                is_open = len(wanted) > 1 and not there
                code = TranslationCode.REQUIREMENT_OPEN if is_open else TranslationCode.REQUIREMENT_UNMET
                self._fault(code, "", requirement.groups[0].tag_set, names_of(wanted))

    def _add(self, wanted: list[Member]) -> None:
        for member in wanted:
            into = self._list_of(member)
            if member.bit in into.members:
                continue
            if into.images and member.tag.type is TagType.PERMISSIVE:
                self._fault(
                    TranslationCode.WOULD_WIDEN,
                    member.category.name,
                    member.tag_set.name,
                    names_of(into.members.values()),
                )
            else:
                into.members[member.bit] = member

    def _has(self, member: Member) -> bool:
        found = self._lists.get((member.tag_set.name, member.tag.type))
        return found is not None and member.bit in found.members

    def _wanted(self, requirement: Requirement) -> list[Member]:
        """The values of the target that a requirement of the source names; none if one is in doubt."""
        found: dict[int, Member] = {}
        for reference in requirement.groups:
            named = [each for each in members_of(self._target) if _is_meant(self._target, reference, each)]
            if not named or (reference.lacv and len(named) > 1):
                return []
            found |= {member.bit: member for member in named}
        return list(found.values())


def _required(known: Equivalences, named: ClassEquivalent, label: Label) -> tuple[Requirement, ...]:
    by_set = [each for part in label.categories for each in known.required_by_set.get(part.tag, ())]
    return tuple(dict.fromkeys((*known.required, *named.required, *by_set)))


def _decides(member: Member) -> bool:
    return decides(member.tag.type)


def _is_meant(policy: Policy, reference: CategoryReference, member: Member) -> bool:
    return (
        policy.fold(reference.tag_set) == policy.fold(member.tag_set.name)
        and reference.type is member.tag.type
        and (not reference.lacv or is_same_value(reference.lacv, member.category.lacv))
    )
