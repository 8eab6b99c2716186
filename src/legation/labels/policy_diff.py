# SPDX-License-Identifier: Apache-2.0
"""
What changes for whom when one version of a policy takes the place of another.

A change **widens** if somebody may see, by a label of the same words, what nobody like them could see
before; it **narrows** if somebody may see less, or if labels that are written are refused; it **shows** if it
is for people only. What changes both ways is two changes.

Rules kept here:

1. Both versions are compared as they stand alone: what a new label does under each. A label that is written
   already never gains (``chain``); what it loses is what is said here.
2. A name that is new is no widening by itself where it can only limit: a new caveat, a new list. A value
   that is new on a permissive list widens: more can be let in.
3. References are compared by what they lead to: another number for the same value is no other rule.
4. Whatever permits more is found. Where a rule of the new version follows from another one, it may be named
   as a change without being one.

Names of lists are those of tag sets. Nothing here is worded: ``legation.words.policy_changes`` says it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from msgspec.structs import replace

from legation.errors import RefusedError
from legation.labels.label import Clearance, TagType, category
from legation.labels.membership import expand
from legation.labels.policy import (
    Classification,
    Field,
    Member,
    Policy,
    TagCategory,
    TagSet,
    is_same_value,
)
from legation.labels.policy_change import ChangeCode, Effect, PolicyChange
from legation.labels.policy_change_marks import mark_changes
from legation.labels.policy_change_rules import (
    bounds,
    equivalents,
    gained_and_lost,
    limits,
    members_of,
    obsolete,
    referred,
    requirements,
    rules_of,
    stated,
    windows,
)


def differences(old: Policy, new: Policy, *, at: datetime) -> tuple[PolicyChange, ...]:
    """
    List what changes for whom from *old* to *new*: first what widens, then what narrows, then what shows.

    Args:
        old: One version of a policy.
        new: Another version of it.
        at: The instant at which communities are compared, with a time zone: some values have dates.

    Raises:
        RefusedError: They are two policies.
        TypeError: *at* has no time zone.
    """
    if old.id != new.id:
        raise RefusedError(f"{old.name} and {new.name} are two policies, not two versions of one")
    found = (
        *_of_policy(old, new),
        *_of_classes(old, new),
        *_of_lists(old, new),
        *_of_groups(old, new, at),
        *mark_changes(old, new),
    )
    order = list(Effect)
    return tuple(sorted(_merged(found), key=lambda change: order.index(change.effect)))


def _merged(changes: Iterable[PolicyChange]) -> list[PolicyChange]:
    """Say once of many names what is the same of each."""
    names: dict[PolicyChange, dict[str, None]] = {}
    for change in changes:
        names.setdefault(replace(change, names=()), {}).update(dict.fromkeys(change.names))
    return [replace(change, names=tuple(found)) for change, found in names.items()]


# --- The policy


def _of_policy(old: Policy, new: Policy) -> Iterator[PolicyChange]:
    if new.version <= old.version:
        yield PolicyChange(
            code=ChangeCode.VERSION_NOT_ABOVE,
            effect=Effect.NARROWS,
            before=str(old.version),
            after=str(new.version),
        )
    if old.fold(old.name) != new.fold(new.name):
        yield PolicyChange(
            code=ChangeCode.POLICY_RENAMED, effect=Effect.NARROWS, before=old.name, after=new.name
        )
    yield from windows(old.window, new.window, PolicyChange(code=ChangeCode.WINDOW, effect=Effect.SHOWS))
    base = PolicyChange(code=ChangeCode.EQUIVALENT, effect=Effect.SHOWS)
    for name in dict.fromkeys(each.name for each in (*old.equivalents, *new.equivalents)):
        yield from gained_and_lost(
            replace(base, others=(name,)),
            [stated(each.id, each.required) for each in old.equivalents if each.name == name],
            [stated(each.id, each.required) for each in new.equivalents if each.name == name],
        )


# --- Classifications


def _of_classes(old: Policy, new: Policy) -> Iterator[PolicyChange]:
    before = {old.fold(each.name): each for each in old.classifications}
    after = {new.fold(each.name): each for each in new.classifications}
    added = [each for key, each in after.items() if key not in before]
    for key, each in before.items():
        if key not in after:
            yield _gone_class(each, added)
    for key, each in after.items():
        if key not in before:
            yield PolicyChange(code=ChangeCode.CLASS_ADDED, effect=Effect.WIDENS, names=(each.name,))
        else:
            yield from _of_class(old, new, before[key], each)
    common = [key for key in before if key in after]
    orders = [_order(before, common), _order(after, common)]
    if orders[0] != orders[1]:
        told = [" < ".join(after[key].name for key in each) for each in orders]
        yield PolicyChange(code=ChangeCode.CLASS_ORDER, effect=Effect.SHOWS, before=told[0], after=told[1])


def _order(classes: Mapping[str, Classification], common: Iterable[str]) -> list[str]:
    return sorted(common, key=lambda key: classes[key].hierarchy)


def _gone_class(each: Classification, new: Iterable[Classification]) -> PolicyChange:
    found = next((other.name for other in new if other.lacv == each.lacv), "")
    if found:
        return PolicyChange(
            code=ChangeCode.CLASS_RENAMED, effect=Effect.NARROWS, names=(each.name,), after=found
        )
    return PolicyChange(code=ChangeCode.CLASS_REMOVED, effect=Effect.NARROWS, names=(each.name,))


def _of_class(
    old: Policy, new: Policy, before: Classification, after: Classification
) -> Iterator[PolicyChange]:
    base = PolicyChange(code=ChangeCode.SPELLING, effect=Effect.SHOWS, names=(after.name,))
    if before.name != after.name:
        yield replace(base, before=before.name, after=after.name)
    if before.lacv != after.lacv:
        yield replace(
            base,
            code=ChangeCode.CLASS_RENUMBERED,
            effect=Effect.NARROWS,
            before=str(before.lacv),
            after=str(after.lacv),
        )
    if before.color != after.color:
        yield replace(base, code=ChangeCode.COLOR, before=before.color, after=after.color)
    yield from obsolete(base, before.obsolete, after.obsolete)
    yield from requirements(base, rules_of(old, before.required), rules_of(new, after.required))
    yield from equivalents(base, before.equivalents, after.equivalents)


# --- Lists and their values


def _of_lists(old: Policy, new: Policy) -> Iterator[PolicyChange]:
    before = {old.fold(each.name): each for each in old.tag_sets}
    after = {new.fold(each.name): each for each in new.tag_sets}
    added = [each for key, each in after.items() if key not in before]
    for key, each in before.items():
        if key not in after:
            yield _gone_list(each, added)
    for key, each in after.items():
        if key not in before:
            yield from _new_list(each)
        else:
            yield from _of_list(old, new, before[key], each)
    yield from bounds(old, new)


def _gone_list(each: TagSet, new: Iterable[TagSet]) -> PolicyChange:
    found = next((other.name for other in new if other.id == each.id), "")
    code = ChangeCode.LIST_RENAMED if found else ChangeCode.LIST_REMOVED
    return PolicyChange(code=code, effect=Effect.NARROWS, tag=each.name, after=found)


def _new_list(each: TagSet) -> Iterator[PolicyChange]:
    for type_ in TagType:
        values = [value.name for tag in each.tags if tag.type is type_ for value in tag.categories]
        if values:
            yield PolicyChange(
                code=ChangeCode.LIST_ADDED,
                # Lists are ANDed: one more can only limit.
                effect=Effect.SHOWS if type_ is TagType.INFORMATIVE else Effect.NARROWS,
                tag=each.name,
                type=type_.value,
                names=tuple(values),
            )


def _of_list(old: Policy, new: Policy, before: TagSet, after: TagSet) -> Iterator[PolicyChange]:
    if before.name != after.name:
        yield PolicyChange(
            code=ChangeCode.SPELLING,
            effect=Effect.SHOWS,
            tag=after.name,
            before=before.name,
            after=after.name,
        )
    if before.id != after.id:
        yield PolicyChange(
            code=ChangeCode.LIST_RENUMBERED,
            effect=Effect.NARROWS,
            tag=after.name,
            before=before.id,
            after=after.id,
        )
    for type_ in TagType:
        yield from _of_values(old, new, before, after, type_)
    yield from _typed(before, after)
    for policy in dict.fromkeys(each.policy for each in (*before.equivalents, *after.equivalents)):
        yield from gained_and_lost(
            PolicyChange(code=ChangeCode.EQUIVALENT, effect=Effect.SHOWS, tag=after.name, others=(policy,)),
            [
                stated(f"{each.name} {each.id}", each.required)
                for each in before.equivalents
                if each.policy == policy
            ],
            [
                stated(f"{each.name} {each.id}", each.required)
                for each in after.equivalents
                if each.policy == policy
            ],
        )


_WEIGHT = {TagType.INFORMATIVE: 0, TagType.PERMISSIVE: 1, TagType.RESTRICTIVE: 2}


def _of_values(
    old: Policy, new: Policy, before: TagSet, after: TagSet, type_: TagType
) -> Iterator[PolicyChange]:
    here, there = members_of(old, before, type_), members_of(new, after, type_)
    base = PolicyChange(code=ChangeCode.VALUE_ADDED, effect=Effect.SHOWS, tag=after.name, type=type_.value)
    added = [member for key, member in there.items() if key not in here]
    for key in here:
        if key not in there:
            yield from _gone_value(base, here[key], added, _moved(old, new, before, after, key))
    effects = {TagType.PERMISSIVE: Effect.WIDENS, TagType.RESTRICTIVE: Effect.NARROWS}
    for key, member in there.items():
        if key not in here:
            yield replace(base, effect=effects.get(type_, Effect.SHOWS), names=(member.category.name,))
        else:
            yield from _of_value(old, new, here[key], member, replace(base, names=(member.category.name,)))
    orders = [[key for key in found if key in here and key in there] for found in (here, there)]
    if orders[0] != orders[1]:
        yield replace(base, code=ChangeCode.ORDER)


def _moved(old: Policy, new: Policy, before: TagSet, after: TagSet, key: str) -> TagType | None:
    """The type that a value has now and did not have."""
    found = (
        type_
        for type_ in TagType
        if key in members_of(new, after, type_) and key not in members_of(old, before, type_)
    )
    return next(found, None)


def _gone_value(
    base: PolicyChange, gone: Member, added: Iterable[Member], moved: TagType | None
) -> Iterator[PolicyChange]:
    value, type_ = gone.category, gone.tag.type
    base = replace(base, effect=Effect.NARROWS, names=(value.name,))
    renamed = [each.category.name for each in added if is_same_value(each.category.lacv, value.lacv)]
    if moved is not None:
        base = replace(base, code=ChangeCode.VALUE_TYPE, before=type_.value, after=moved.value)
        yield base
        if _WEIGHT[moved] < _WEIGHT[type_]:
            yield replace(base, effect=Effect.WIDENS)
    elif renamed:
        yield replace(base, code=ChangeCode.VALUE_RENAMED, after=renamed[0])
    else:
        yield replace(base, code=ChangeCode.VALUE_REMOVED)


def _of_value(
    old: Policy, new: Policy, one: Member, other: Member, base: PolicyChange
) -> Iterator[PolicyChange]:
    before, after = one.category, other.category
    if before.name != after.name:
        yield replace(base, code=ChangeCode.SPELLING, before=before.name, after=after.name)
    if not is_same_value(before.lacv, after.lacv):
        yield replace(
            base,
            code=ChangeCode.VALUE_RENUMBERED,
            effect=Effect.NARROWS,
            before=before.lacv,
            after=after.lacv,
        )
    yield from obsolete(base, before.obsolete, after.obsolete)
    yield from windows(before.window, after.window, replace(base, code=ChangeCode.WINDOW))
    yield from _rules_of_value(old, new, before, after, base)
    yield from equivalents(base, before.equivalents, after.equivalents)


def _rules_of_value(
    old: Policy, new: Policy, before: TagCategory, after: TagCategory, base: PolicyChange
) -> Iterator[PolicyChange]:
    if before.required_class != after.required_class:
        # Another one is two rules: what stood with the one stands no more, what did not may now.
        for each, effect in ((before, Effect.WIDENS), (after, Effect.NARROWS)):
            if each.required_class:
                others = (each.required_class,)
                yield replace(base, code=ChangeCode.CLASS_REQUIRED, effect=effect, others=others)
    yield from limits(base, ChangeCode.CLASS_EXCLUDED, before.excluded_classes, after.excluded_classes)
    yield from requirements(base, rules_of(old, before.required), rules_of(new, after.required))
    yield from limits(
        base,
        ChangeCode.EXCLUSION,
        (name for each in before.excluded for name in referred(old, each)),
        (name for each in after.excluded for name in referred(new, each)),
    )


def _typed(before: TagSet, after: TagSet) -> Iterator[PolicyChange]:
    """Values that a person types; labels cannot name them, so they are compared as they are written."""
    here, there = _typed_values(before), _typed_values(after)
    for key in {**here, **there}:
        one, other = here.get(key, ""), there.get(key, "")
        if one != other:
            yield PolicyChange(
                code=ChangeCode.TYPED,
                effect=Effect.SHOWS,
                tag=after.name,
                names=(key,),
                before=one,
                after=other,
            )


def _typed_values(tag_set: TagSet) -> dict[str, str]:
    return {
        each.name: f"{each.user_input} {each.date_format}".strip()
        for tag in tag_set.tags
        for each in tag.categories
        if each.user_input
    }


# --- Communities


def _of_groups(old: Policy, new: Policy, at: datetime) -> Iterator[PolicyChange]:
    """Compare, list by list, whom a group stands for; a group that is new or gone counts like its value."""
    before, after = _counted(old, at), _counted(new, at)
    for tag, group in {**before, **after}:
        base = PolicyChange(
            code=ChangeCode.GROUP,
            effect=Effect.SHOWS,
            tag=tag,
            type=TagType.PERMISSIVE.value,
            others=(group,),
        )
        one, other = before.get((tag, group), {}), after.get((tag, group), {})
        lost = tuple(name for name in one if name not in other)
        gained = tuple(name for name in other if name not in one)
        if lost:
            yield replace(base, effect=Effect.NARROWS, names=lost)
        if gained:
            yield replace(base, effect=Effect.WIDENS, names=gained)


def _counted(policy: Policy, at: datetime) -> dict[tuple[str, str], dict[str, None]]:
    """Who counts as which group, asked of the very rule that decides: for each value, what it brings."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for field in policy.fields.values() if policy.memberships else ():
        if field.type is TagType.PERMISSIVE:
            for member in field.members.values():
                for group in _brought(policy, field, member, at):
                    found.setdefault((field.tag_set.name, group), {})[member.category.name] = None
    return found


def _brought(policy: Policy, field: Field, member: Member, at: datetime) -> Iterator[str]:
    held = Clearance(
        policy_id=policy.id,
        classifications=(policy.classifications[0].name,),
        categories=(category(field.tag_set.name, field.type, [member.category.name]),),
    )
    for counted in expand(policy, held, at=at).counted:
        if counted.tag == field.tag_set.name:
            yield counted.group
