# SPDX-License-Identifier: Apache-2.0
"""
Groups: a value that stands for others, such as a community of states, at one instant.

Who holds a member of a group counts as holding the group in the same list. That is worked out where
a reader's clearance is taken (``Reader.clearance``) and nowhere else: ``decide`` compares what it is
given, as ADatP-4774.1 has it, and labels keep the names that were written on them.

Rules kept here:

1. Only permissive lists: a community is an audience, and no caveat is held through others.
2. A member counts if the policy does not call it obsolete, as a member or as a value, and if the value
   is in force at the instant. A value of another number than the member has is another value.
3. Groups do not nest: what is held through a group makes nobody a member of the next.
4. A group, a member or a list that the policy does not know brings in nobody.

Source: NATO extension of the SPIF (membership, member).
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from msgspec.structs import replace

from legation.encoding import Canonical
from legation.labels.label import VALUES_MAX, Category, Clearance, TagType
from legation.labels.policy import Field, GroupMember, Member, Membership, Policy, is_same_value

POLICIES_REMEMBERED = 16  # those that people and peers are cleared under at one time
CLEARANCES_REMEMBERED = 1 << 10  # those of the peers of a node, at the instant of one epoch


class Counted(Canonical, frozen=True):
    """A group that counts as held: its list and name, and the members that are held."""

    tag: str
    group: str
    members: tuple[str, ...]


class Expansion(Canonical, frozen=True):
    """
    What a clearance counts as holding, and since when that is known.

    ``clearance`` holds the groups in ``counted`` beside what was granted. It is for decisions at ``at``
    and is not kept as anybody's clearance.
    """

    clearance: Clearance
    at: datetime
    counted: tuple[Counted, ...] = ()


def expand(policy: Policy, clearance: Clearance, *, at: datetime) -> Expansion:
    """
    Add to a clearance the groups that it counts as holding.

    Args:
        policy: The policy whose groups these are.
        clearance: What was granted; under another policy it stays as it is.
        at: The instant, with a time zone.

    Raises:
        TypeError: *at* has no time zone.
    """
    if at.tzinfo is None:
        raise TypeError("groups are expanded at an instant with a time zone")
    if not policy.memberships or not policy.is_named(clearance.policy_id, clearance.policy):
        return Expansion(clearance=clearance, at=at)
    return _expanded(policy, clearance, at)


@lru_cache(maxsize=CLEARANCES_REMEMBERED)
def _expanded(policy: Policy, clearance: Clearance, at: datetime) -> Expansion:
    counted = tuple(
        found
        for group, members in _groups(policy)
        if (found := _count(policy, clearance, group, members, at)) is not None
    )
    parts = tuple(_with_groups(policy, part, counted) for part in clearance.categories)
    return Expansion(clearance=replace(clearance, categories=parts), at=at, counted=counted)


def _with_groups(policy: Policy, part: Category, counted: Iterable[Counted]) -> Category:
    """Add to one list the groups of its tag set; a list that is full already stays as it is."""
    field = policy.field(part)
    if field is None or field.type is not TagType.PERMISSIVE:
        return part
    added = [each.group for each in counted if each.tag == field.tag_set.name]
    values = {*part.values, *added}
    return part if len(values) > VALUES_MAX else replace(part, values=tuple(sorted(values)))


def _count(
    policy: Policy, clearance: Clearance, group: Member, members: tuple[Member, ...], at: datetime
) -> Counted | None:
    held = {
        policy.fold(value)
        for part in clearance.categories
        if (field := policy.field(part)) is not None
        and (field.tag_set.name == group.tag_set.name and field.type is group.tag.type)
        for value in part.values
    }
    names = tuple(
        each.category.name
        for each in members
        if policy.fold(each.category.name) in held and each.category.window.holds(at)
    )
    if not names or policy.fold(group.category.name) in held:
        return None
    return Counted(tag=group.tag_set.name, group=group.category.name, members=names)


@lru_cache(maxsize=POLICIES_REMEMBERED)
def _groups(policy: Policy) -> tuple[tuple[Member, tuple[Member, ...]], ...]:
    """Each group with its members, list by list, as far as the policy knows them."""
    found = []
    for field in policy.fields.values():
        for each in policy.memberships if field.type is TagType.PERMISSIVE else ():
            group = _group(policy, field, each)
            members = [_member(policy, field, member) for member in each.members]
            known = tuple(member for member in members if member is not None and member is not group)
            if group is not None and known:
                found.append((group, known))
    return tuple(found)


def _group(policy: Policy, field: Field, membership: Membership) -> Member | None:
    """
    The value that stands for a group: the one of its name, else the only one that prints as it.

    Published policies give a group by the words that its value prints as.
    """
    named = field.members.get(policy.fold(membership.name))
    if named is not None:
        return named
    printed = [
        member
        for member in field.members.values()
        if any(
            marking.phrase is not None and policy.fold(marking.phrase) == policy.fold(membership.name)
            for marking in member.category.markings
        )
    ]
    return printed[0] if len(printed) == 1 else None


def _member(policy: Policy, field: Field, member: GroupMember) -> Member | None:
    found = field.members.get(policy.fold(member.name))
    if found is None or member.obsolete or found.category.obsolete:
        return None
    return found if is_same_value(member.lacv, found.category.lacv) else None
