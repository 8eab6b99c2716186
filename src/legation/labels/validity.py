# SPDX-License-Identifier: Apache-2.0
"""
Whether a label is valid in its policy; asked before any decision.

An absent permissive category means "no constraint" to the decision, not "not releasable". What
closes that gap is the policy's own rules (which category a classification requires), so a label
that breaks one of them is refused before anybody's clearance is looked at.

What is found about a label is remembered: it follows from policy and label alone, but for dates,
which are looked at each time.

Source: XML SPIF 2.1; ADatP-4774.1, section 4.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from msgspec.structs import replace

from legation.encoding import Canonical
from legation.labels.label import Label, TagType
from legation.labels.policy import (
    CategoryReference,
    Classification,
    Member,
    Operation,
    Policy,
    Requirement,
    Window,
    is_same_value,
)
from legation.labels.succession import in_force

LABELS_REMEMBERED = 1 << 14  # a node has a few thousand labels that differ; some megabytes
REQUIREMENTS_REMEMBERED = 1 << 12  # a large policy states some hundreds, most of them alike


class FaultCode(StrEnum):
    """What can be wrong with a label under a policy."""

    POLICY_DIFFERS = "policy-differs"
    POLICY_NOT_IN_FORCE = "policy-not-in-force"
    DATE_NEEDED = "date-needed"
    CLASSIFICATION_UNKNOWN = "classification-unknown"
    CLASSIFICATION_OBSOLETE = "classification-obsolete"
    TAG_UNKNOWN = "tag-unknown"
    TYPE_DIFFERS = "type-differs"
    CATEGORY_EMPTY = "category-empty"
    VALUE_UNKNOWN = "value-unknown"
    VALUE_OBSOLETE = "value-obsolete"
    VALUE_NOT_IN_FORCE = "value-not-in-force"
    CLASS_EXCLUDED = "class-excluded"
    CLASS_REQUIRED = "class-required"
    CATEGORY_REQUIRED = "category-required"
    CATEGORY_EXCLUDED = "category-excluded"
    TOO_FEW = "too-few"
    TOO_MANY = "too-many"


class Fault(Canonical, frozen=True):
    """
    One thing that is wrong with a label.

    ``subject`` is the classification or value it is about, ``tag`` the tag set concerned, and
    ``values`` the names it wants, forbids or has too many of. All are names of the policy or of
    the label, never content.
    """

    code: FaultCode
    subject: str = ""
    tag: str = ""
    values: tuple[str, ...] = ()


def validate(
    policy: Policy, label: Label, *, at: datetime | None = None, new: bool = False
) -> tuple[Fault, ...]:
    """
    List everything that is wrong with *label* under *policy*; nothing wrong is an empty tuple.

    Args:
        policy: The policy the label is judged by.
        label: Any label.
        at: The instant it is judged at, with a time zone. Without it, whatever depends on a date
            is a fault.
        new: Whether the label is being written now: then obsolete names are faults too.

    A label that becomes another one is judged by what counts of it at that instant (``succession``);
    being written now, by all that it will become as well.
    """
    if label.succession is not None:
        return _faults_in_time(policy, label, at, new)
    standing = _standing(policy, label)
    if not standing.dated and not new:
        return standing.faults
    dated = (fault for each in standing.dated for fault in _dated_faults(each, at))
    return (*dated, *standing.faults, *(standing.obsolete if new else ()))


def _faults_in_time(policy: Policy, label: Label, at: datetime | None, new: bool) -> tuple[Fault, ...]:
    if at is None:
        return (Fault(code=FaultCode.DATE_NEEDED, subject=label.classification),)
    found = [
        fault for each in in_force(policy, label, at) for fault in validate(policy, each, at=at, new=new)
    ]
    later = label.succession if new else None
    while later is not None:
        # Each at the instant from which it counts; dates that are past count no more.
        alone = replace(later.label, succession=None)
        found += validate(policy, alone, at=max(at, later.at), new=True)
        later = later.label.succession
    return tuple(dict.fromkeys(found))


class _Standing(NamedTuple):
    """What is wrong with a label at any time; what depends on a date; what is wrong if it is new."""

    faults: tuple[Fault, ...]
    dated: tuple[tuple[Window, Fault], ...] = ()
    obsolete: tuple[Fault, ...] = ()


@lru_cache(maxsize=LABELS_REMEMBERED)
def _standing(policy: Policy, label: Label) -> _Standing:
    if not policy.is_named(label.policy_id, label.policy):
        return _Standing((Fault(code=FaultCode.POLICY_DIFFERS, subject=policy.name),))
    in_force = Fault(code=FaultCode.POLICY_NOT_IN_FORCE, subject=policy.name)
    windows = [] if policy.window.is_open else [(policy.window, in_force)]
    classification = policy.classification(label.classification)
    if classification is None:
        unknown = Fault(code=FaultCode.CLASSIFICATION_UNKNOWN, subject=label.classification)
        return _Standing((unknown,), tuple(windows))
    found: dict[int, Member] = {}
    unresolved = tuple(_resolve(policy, label, found))
    members = list(found.values())
    faults = list(unresolved)
    faults += _unmet(policy, classification.name, classification.required, found)
    for member in members:
        faults += _value_faults(policy, classification, member, found)
        windows += _window_of(member)
    if not unresolved:
        faults += _selection_faults(policy, members)
    return _Standing(tuple(faults), tuple(windows), tuple(_obsolete_faults(classification, members)))


def _dated_faults(each: tuple[Window, Fault], at: datetime | None) -> Iterator[Fault]:
    window, fault = each
    if at is None:
        yield Fault(code=FaultCode.DATE_NEEDED, subject=fault.subject, tag=fault.tag)
    elif not window.holds(at):
        yield fault


def _window_of(member: Member) -> Iterator[tuple[Window, Fault]]:
    value = member.category
    if not value.window.is_open:
        fault = Fault(code=FaultCode.VALUE_NOT_IN_FORCE, subject=value.name, tag=member.tag_set.name)
        yield value.window, fault


def _obsolete_faults(classification: Classification, members: list[Member]) -> Iterator[Fault]:
    if classification.obsolete:
        yield Fault(code=FaultCode.CLASSIFICATION_OBSOLETE, subject=classification.name)
    for member in members:
        if member.category.obsolete:
            yield Fault(code=FaultCode.VALUE_OBSOLETE, subject=member.category.name, tag=member.tag_set.name)


def _resolve(policy: Policy, label: Label, found: dict[int, Member]) -> Iterator[Fault]:
    """
    Find every value of the label in the policy, by its bit; faults for those that are not there.

    One value may be spelled twice, or stand in two parts of one list. It counts once.
    """
    for part in label.categories:
        field = policy.field(part)
        if field is None:
            known = policy.tag_set(part.tag, part.tag_id) is not None
            code = FaultCode.TYPE_DIFFERS if known else FaultCode.TAG_UNKNOWN
            yield Fault(code=code, tag=part.tag, subject=part.type.value)
            continue
        if not part.values:
            yield Fault(code=FaultCode.CATEGORY_EMPTY, tag=part.tag)
        for value in part.values:
            member = field.members.get(policy.fold(value))
            if member is None:
                yield Fault(code=FaultCode.VALUE_UNKNOWN, tag=part.tag, subject=value)
            else:
                found[member.bit] = member


def _value_faults(
    policy: Policy, classification: Classification, member: Member, found: Mapping[int, Member]
) -> Iterator[Fault]:
    value, tag = member.category, member.tag_set.name
    if classification.name in value.excluded_classes:
        yield Fault(code=FaultCode.CLASS_EXCLUDED, subject=value.name, tag=tag, values=(classification.name,))
    if value.required_class and value.required_class != classification.name:
        yield Fault(
            code=FaultCode.CLASS_REQUIRED, subject=value.name, tag=tag, values=(value.required_class,)
        )
    yield from _unmet(policy, value.name, value.required, found)
    for reference in value.excluded:
        held = [other for other in found.values() if other is not member and _matches(reference, other)]
        if held:
            names = tuple(sorted(other.category.name for other in held))
            yield Fault(
                code=FaultCode.CATEGORY_EXCLUDED, subject=value.name, tag=reference.tag_set, values=names
            )


def _matches(reference: CategoryReference, member: Member) -> bool:
    return (
        reference.tag_set == member.tag_set.name
        and reference.type is member.tag.type
        and (not reference.lacv or is_same_value(reference.lacv, member.category.lacv))
    )


def _unmet(
    policy: Policy, subject: str, required: tuple[Requirement, ...], found: Mapping[int, Member]
) -> Iterator[Fault]:
    """Faults for each requirement that the label's values, by their bits, do not meet."""
    for requirement in required:
        wanted = _wanted_bits(policy, requirement)
        if not is_met(requirement.operation, len(wanted & found.keys()), len(wanted)):
            yield Fault(
                code=FaultCode.CATEGORY_REQUIRED,
                subject=subject,
                tag=requirement.groups[0].tag_set,
                values=tuple(member.category.name for member in wanted_members(policy, requirement)),
            )


def is_met(operation: Operation, count: int, wanted: int) -> bool:
    """Whether so many of the wanted values are as many as an operation asks for."""
    if operation is Operation.ONE_OR_MORE:
        return count >= 1
    if operation is Operation.ONLY_ONE:
        return count == 1
    return count == wanted > 0


@lru_cache(maxsize=REQUIREMENTS_REMEMBERED)
def _wanted_bits(policy: Policy, requirement: Requirement) -> frozenset[int]:
    return frozenset(member.bit for member in wanted_members(policy, requirement))


@lru_cache(maxsize=REQUIREMENTS_REMEMBERED)
def wanted_members(policy: Policy, requirement: Requirement) -> tuple[Member, ...]:
    """Every value that a requirement names, in the order of the SPIF."""
    return tuple(
        member
        for field in policy.fields.values()
        for member in field.members.values()
        if any(_matches(reference, member) for reference in requirement.groups)
    )


def _selection_faults(policy: Policy, members: list[Member]) -> Iterator[Fault]:
    """Faults where a tag has fewer or more values than it may (SPIF minSelection, maxSelection)."""
    for tag_set, tag in policy.bounded_tags:
        count = sum(member.tag is tag for member in members)
        if count < tag.count_min:
            yield Fault(code=FaultCode.TOO_FEW, tag=tag_set.name, subject=tag.name)
        if tag.count_max is not None and count > tag.count_max:
            yield Fault(code=FaultCode.TOO_MANY, tag=tag_set.name, subject=tag.name)


def lists_without(policy: Policy, label: Label, party: str) -> tuple[str, ...]:
    """
    The tag sets whose list on *label* leaves out *party*, though the policy has it as a value.

    A drafter who leaves their own party off a list has written what their own office may not
    read; composing refuses it.
    """
    return tuple(
        part.tag
        for part in label.categories
        if part.type is TagType.PERMISSIVE
        and policy.member(part, party) is not None
        and policy.fold(party) not in {policy.fold(value) for value in part.values}
    )
