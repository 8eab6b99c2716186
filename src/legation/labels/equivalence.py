# SPDX-License-Identifier: Apache-2.0
"""
What the names of one policy are called in another, by what both policies say.

Only looked up here; what may be done with it is said in ``translation``.

Source: XML SPIF 2.1 (equivalentPolicy, equivalentClassification, equivalentSecCategoryTag,
equivalentSecurityCategoryTagSet).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from legation.labels.label import TagType
from legation.labels.policy import (
    Applied,
    Classification,
    EquivalentCategory,
    EquivalentClassification,
    Member,
    Policy,
    Requirement,
    value_key,
)

PAIRS_REMEMBERED = 64  # policies that a node translates between

WRITING = frozenset({Applied.ENCRYPT, Applied.BOTH})
READING = frozenset({Applied.DECRYPT, Applied.BOTH})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassEquivalent:
    """
    What one classification is called there; nothing where neither policy says.

    ``is_ambiguous``: it could be several, or the policies disagree. ``required`` names categories of
    the target that must then stand beside it.
    """

    target: Classification | None = None
    is_ambiguous: bool = False
    required: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueEquivalent:
    """
    What one value is called there; nothing where neither policy says.

    ``targets`` are several only where the source policy itself gives several. ``is_discarded``: the
    source policy lets it go.
    """

    targets: tuple[Member, ...] = ()
    is_discarded: bool = False
    is_ambiguous: bool = False


AMBIGUOUS_CLASS = ClassEquivalent(is_ambiguous=True)
AMBIGUOUS_VALUE = ValueEquivalent(is_ambiguous=True)


@dataclass(frozen=True, kw_only=True)
class Equivalences:
    """
    All that two policies say of translating from the first to the second.

    ``classes`` are by name, ``values`` by the bit of the source's member, ``required_by_set`` by the
    name of the source's tag set. ``is_stated``: at least one of the policies names the other.
    """

    is_stated: bool
    classes: Mapping[str, ClassEquivalent]
    values: Mapping[int, ValueEquivalent]
    required: tuple[Requirement, ...]
    required_by_set: Mapping[str, tuple[Requirement, ...]]


@lru_cache(maxsize=PAIRS_REMEMBERED)
def equivalences(source: Policy, target: Policy) -> Equivalences:
    """Read what *source* says of writing for *target*, and what *target* says of reading from *source*."""
    there, back = _names_of(source, target), _names_of(target, source)
    return Equivalences(
        is_stated=bool(there or back),
        classes={
            each.name: _class_equivalent(each, source, target, there, back) for each in source.classifications
        },
        values=_value_equivalents(source, target, there, back),
        required=tuple(
            requirement
            for each in source.equivalents
            if each.id == target.id
            for requirement in each.required
        ),
        required_by_set={
            tag_set.name: tuple(
                requirement
                for each in tag_set.equivalents
                if each.policy in there
                for requirement in each.required
            )
            for tag_set in source.tag_sets
        },
    )


def _names_of(one: Policy, other: Policy) -> frozenset[str]:
    """By which names a policy refers to another; only the identifier says which policy is meant."""
    return frozenset(each.name for each in one.equivalents if each.id == other.id)


def _class_equivalent(
    each: Classification, source: Policy, target: Policy, there: frozenset[str], back: frozenset[str]
) -> ClassEquivalent:
    written = [entry for entry in each.equivalents if entry.policy in there and entry.applied in WRITING]
    wanted = {entry.lacv for entry in written}
    read = [
        other
        for other in target.classifications
        if any(_reads(entry, each, back) for entry in other.equivalents)
    ]
    twins = [other for other in source.classifications if other.lacv == each.lacv]
    if len(wanted) > 1 or len(read) > 1 or (read and len(twins) > 1):
        return AMBIGUOUS_CLASS
    found = [other for other in target.classifications if other.lacv in wanted]
    if len(found) > 1 or (wanted and read and found != read):
        return AMBIGUOUS_CLASS
    required = tuple(requirement for entry in written for requirement in entry.required)
    return ClassEquivalent(target=next(iter(found or read), None), required=required)


def _reads(entry: EquivalentClassification, each: Classification, back: frozenset[str]) -> bool:
    return entry.policy in back and entry.applied in READING and entry.lacv == each.lacv


def _value_equivalents(
    source: Policy, target: Policy, there: frozenset[str], back: frozenset[str]
) -> dict[int, ValueEquivalent]:
    read: dict[int, list[Member]] = {}
    doubtful: set[int] = set()  # values that an entry of the target cannot tell from others
    for other in members_of(target):
        for entry in other.category.equivalents:
            if entry.policy in back and entry.applied in READING and not entry.discard:
                meant = _named(source, entry)
                doubtful |= {member.bit for member in meant} if len(meant) > 1 else set()
                for member in meant:
                    read.setdefault(member.bit, []).append(other)
    return {
        each.bit: AMBIGUOUS_VALUE
        if each.bit in doubtful
        else _value_equivalent(target, each, there, read.get(each.bit, []))
        for each in members_of(source)
    }


def _value_equivalent(
    target: Policy, each: Member, there: frozenset[str], read: list[Member]
) -> ValueEquivalent:
    written = [
        entry for entry in each.category.equivalents if entry.policy in there and entry.applied in WRITING
    ]
    is_discarded = any(entry.discard for entry in written)
    meant = [_named(target, entry) for entry in written if not entry.discard]
    if (is_discarded and (meant or read)) or len({member.bit for member in read}) > 1:
        return AMBIGUOUS_VALUE
    if any(len(members) > 1 for members in meant):
        return AMBIGUOUS_VALUE
    found = {member.bit: member for members in meant for member in members}
    if read and meant and found.keys() != {member.bit for member in read}:
        return AMBIGUOUS_VALUE
    if not all(meant):
        return ValueEquivalent()  # a name that the target does not have; half of them would be a guess
    found = found or {member.bit: member for member in read}
    return ValueEquivalent(targets=tuple(found.values()), is_discarded=is_discarded)


def _named(policy: Policy, entry: EquivalentCategory) -> Sequence[Member]:
    """The values of a policy that an entry of another policy means; one, or the entry says nothing."""
    return _by_value(policy).get((entry.tag_set_id, entry.type, value_key(entry.lacv)), ())


@lru_cache(maxsize=PAIRS_REMEMBERED)
def _by_value(policy: Policy) -> Mapping[tuple[str, TagType, str], Sequence[Member]]:
    """The values of a policy by their place as other policies state it; twins share one."""
    found: dict[tuple[str, TagType, str], list[Member]] = {}
    for member in members_of(policy):
        key = (member.tag_set.id, member.tag.type, value_key(member.category.lacv))
        found.setdefault(key, []).append(member)
    return found


def members_of(policy: Policy) -> Iterator[Member]:
    """Every value that a label of a policy may name."""
    for field in policy.fields.values():
        yield from field.members.values()


def names_of(members: Iterable[Member]) -> tuple[str, ...]:
    """The names of values, in their order."""
    return tuple(member.category.name for member in members)


def decides(type_: TagType) -> bool:
    """Whether values of a type can refuse anybody."""
    return type_ is not TagType.INFORMATIVE
