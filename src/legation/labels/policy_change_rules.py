# SPDX-License-Identifier: Apache-2.0
"""
Changes of the rules in a policy: dates, what is required and excluded, how many, and what is equivalent.

References are compared by what they lead to, not by their numbers.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from legation.labels.label import TagType
from legation.labels.policy import (
    CategoryReference,
    EquivalentCategory,
    EquivalentClassification,
    Member,
    Operation,
    Policy,
    Requirement,
    Tag,
    TagSet,
    Window,
    is_same_value,
)
from legation.labels.policy_change import ChangeCode, Effect, PolicyChange


def windows(old: Window, new: Window, base: PolicyChange) -> Iterator[PolicyChange]:
    """A window that ends later or begins earlier widens, and the other way round."""
    if old == new:
        return
    base = replace(base, before=_dates(old), after=_dates(new))
    begins_earlier = new.not_before is None or (
        old.not_before is not None and new.not_before < old.not_before
    )
    begins_later = old.not_before is None or (new.not_before is not None and old.not_before < new.not_before)
    ends_later = new.not_after is None or (old.not_after is not None and new.not_after > old.not_after)
    ends_earlier = old.not_after is None or (new.not_after is not None and old.not_after > new.not_after)
    if (begins_earlier and old.not_before is not None) or (ends_later and old.not_after is not None):
        yield replace(base, effect=Effect.WIDENS)
    if (begins_later and new.not_before is not None) or (ends_earlier and new.not_after is not None):
        yield replace(base, effect=Effect.NARROWS)


def _dates(window: Window) -> str:
    """Write a window as ISO 8601 writes an interval, two dots for an open end; nothing for always."""
    if window.is_open:
        return ""
    return "/".join(
        ".." if each is None else each.isoformat() for each in (window.not_before, window.not_after)
    )


def gained_and_lost(base: PolicyChange, old: Iterable[str], new: Iterable[str]) -> Iterator[PolicyChange]:
    """What is stated only now widens, what is stated no more narrows."""
    before, after = dict.fromkeys(old), dict.fromkeys(new)
    for each in before:
        if each not in after:
            yield replace(base, effect=Effect.NARROWS, before=each)
    for each in after:
        if each not in before:
            yield replace(base, effect=Effect.WIDENS, after=each)


def stated(text: str, required: tuple[Requirement, ...]) -> str:
    """What an equivalence says, with what it requires: enough to see that it is another."""
    wanted = "; ".join(
        f"{each.operation.value} {', '.join(f'{group.tag_set} {group.lacv}'.strip() for group in each.groups)}"
        for each in required
    )
    return f"{text} [{wanted}]" if wanted else text


def obsolete(base: PolicyChange, before: bool, after: bool) -> Iterator[PolicyChange]:
    """What is obsolete is on no new label, and nobody is in a community by it."""
    if before != after:
        effect = Effect.NARROWS if after else Effect.WIDENS
        yield replace(base, code=ChangeCode.OBSOLETE, effect=effect)


def equivalents(
    base: PolicyChange,
    old: Iterable[EquivalentClassification | EquivalentCategory],
    new: Iterable[EquivalentClassification | EquivalentCategory],
) -> Iterator[PolicyChange]:
    """One equivalent more lets more be translated; one less, less."""
    before, after = list(old), list(new)
    for policy in dict.fromkeys(each.policy for each in (*before, *after)):
        yield from gained_and_lost(
            replace(base, code=ChangeCode.EQUIVALENT, others=(policy,)),
            [_equivalent(each) for each in before if each.policy == policy],
            [_equivalent(each) for each in after if each.policy == policy],
        )


def _equivalent(each: EquivalentClassification | EquivalentCategory) -> str:
    if isinstance(each, EquivalentClassification):
        return stated(f"{each.lacv} ({each.applied.value})", each.required)
    if each.discard:
        return f"discard ({each.applied.value})"
    return f"{each.tag_set_id} {each.type.value} {each.lacv} ({each.applied.value})"


_Rule = tuple[Operation, tuple[str, ...]]


def rules_of(policy: Policy, required: Iterable[Requirement]) -> dict[_Rule, None]:
    """Requirements by what they lead to: how many, of which lists or values."""
    return dict.fromkeys(_rule(policy, each) for each in required)


def _rule(policy: Policy, each: Requirement) -> _Rule:
    # "All of a list" grows with the list; "one of a list" does not become another rule by it.
    in_full = each.operation is Operation.ALL
    names = (name for group in each.groups for name in referred(policy, group, in_full=in_full))
    return each.operation, tuple(dict.fromkeys(names))


def referred(policy: Policy, group: CategoryReference, *, in_full: bool = False) -> Iterator[str]:
    """Name what a reference leads to: a list, or values of it."""
    field = policy.fields.get((group.tag_set, group.type))
    if not group.lacv and not in_full:
        yield f"{group.tag_set} ({group.type.value})"
    for member in field.members.values() if field is not None and (group.lacv or in_full) else ():
        if not group.lacv or is_same_value(group.lacv, member.category.lacv):
            yield f"{group.tag_set} ({group.type.value}): {member.category.name}"


def requirements(
    base: PolicyChange, old: Mapping[_Rule, None], new: Mapping[_Rule, None]
) -> Iterator[PolicyChange]:
    """One requirement more narrows, one less widens; another one is both."""
    for rules, others, effect in ((old, new, Effect.WIDENS), (new, old, Effect.NARROWS)):
        for operation, names in rules:
            if (operation, names) not in others:
                yield replace(
                    base,
                    code=ChangeCode.REQUIREMENT,
                    effect=effect,
                    operation=operation.value,
                    others=names,
                )


def limits(
    base: PolicyChange, code: ChangeCode, old: Iterable[str], new: Iterable[str]
) -> Iterator[PolicyChange]:
    """Names that a rule forbids or wants: one more narrows, one less widens."""
    before, after = dict.fromkeys(old), dict.fromkeys(new)
    lost = tuple(name for name in before if name not in after)
    gained = tuple(name for name in after if name not in before)
    if lost:
        yield replace(base, code=code, effect=Effect.WIDENS, others=lost)
    if gained:
        yield replace(base, code=code, effect=Effect.NARROWS, others=gained)


def members_of(policy: Policy, tag_set: TagSet, type_: TagType) -> dict[str, Member]:
    """The values of one type in a tag set, by their names as the policy compares them."""
    field = policy.fields.get((tag_set.name, type_))
    return {} if field is None else field.members


_Place = tuple[str, TagType, frozenset[str]]


def bounds(old: Policy, new: Policy) -> Iterator[PolicyChange]:
    """Compare how many of which values are wanted and allowed, by the names that both versions have."""
    common = _names(old) & _names(new)
    before, after = _bounded(old, common), _bounded(new, common)
    for place in {**before, **after}:
        tag, type_, names = place
        least, most = zip(before.get(place, _ANY), after.get(place, _ANY), strict=True)
        base = PolicyChange(
            code=ChangeCode.LEAST,
            effect=Effect.NARROWS if least[1] > least[0] else Effect.WIDENS,
            tag=tag,
            type=type_.value,
            names=tuple(sorted(names)),
        )
        if least[0] != least[1]:
            yield replace(base, before=str(least[0]), after=str(least[1]))
        # Of names that only one version has, more than are allowed is no label of the other.
        if most[0] != most[1] and names:
            effect = Effect.NARROWS if most[1] < most[0] else Effect.WIDENS
            before_, after_ = ("" if each == float("inf") else str(each) for each in most)
            yield replace(base, code=ChangeCode.MOST, effect=effect, before=before_, after=after_)


_ANY: tuple[float, float] = (0, float("inf"))


def _names(policy: Policy) -> frozenset[tuple[str, TagType, str]]:
    return frozenset(
        (policy.fold(tag), type_, name)
        for (tag, type_), field in policy.fields.items()
        for name in field.members
    )


def _bounded(
    policy: Policy, common: frozenset[tuple[str, TagType, str]]
) -> dict[_Place, tuple[float, float]]:
    found: dict[_Place, tuple[float, float]] = {}
    for tag_set, tag in policy.bounded_tags:
        names = frozenset(
            name
            for name, member in members_of(policy, tag_set, tag.type).items()
            if member.tag is tag and (policy.fold(tag_set.name), tag.type, name) in common
        )
        least, most = found.get((tag_set.name, tag.type, names), _ANY)
        bounds = (max(least, tag.count_min), min(most, _most(tag)))
        found[tag_set.name, tag.type, names] = bounds
    return found


def _most(tag: Tag) -> float:
    return float("inf") if tag.count_max is None else tag.count_max
