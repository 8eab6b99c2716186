# SPDX-License-Identifier: Apache-2.0
"""
Which label counts now, of one that becomes another at a date.

ADatP-4774.1, section 4.3, uses the successor as soon as a review date has passed. A review date is
when somebody looks again, not when somebody has decided, so here it may narrow and never widens.

Rules kept here:

1. From the succession date on the successor counts, alone. The date is held against the instant that
   is given, never against a clock.
2. A successor is only ever the one that stands inside the label itself.
3. Before that, from the earlier of review date and succession date on, the successor is heeded too:
   alone if it is at least as strict, not at all if it is at most as strict. If it is neither, both
   labels must permit, and so must what joins them (``join``).
4. Successors of successors follow the same rules. None counts before the one that it follows, save to
   narrow.
5. Without an instant there is no answer.

Source: ADatP-4774.1, section 4.3, made safe.
"""

from datetime import datetime

from msgspec.structs import replace

from legation.labels.label import Label, Succession, TagType, category
from legation.labels.policy import Policy


def in_force(policy: Policy, label: Label, at: datetime | None) -> tuple[Label, ...]:
    """
    Give the labels that count at an instant, without what becomes of them; all of them must permit.

    Args:
        policy: The policy that tells which of two labels is the stricter.
        label: Any label, valid or not.
        at: The instant, with a time zone.

    Returns:
        Mostly one. Several where a review date has passed and no label is the strictest; the last of
        them joins the others, as far as the policy knows them. None at all where the label depends on
        a date and there is no instant.

    Raises:
        TypeError: *at* has no time zone.
    """
    if label.succession is None:
        return (label,)
    if at is None:
        return ()
    strictest: list[Label] = []
    for each in _heeded(label, at):
        if not any(is_as_strict(policy, other, each) for other in strictest):
            strictest = [other for other in strictest if not is_as_strict(policy, each, other)]
            strictest.append(each)
    if len(strictest) == 1 or not all(_is_known(policy, each) for each in strictest):
        return tuple(strictest)
    return (*strictest, join(policy, [policy.normalize(each) for each in strictest]))


def _heeded(label: Label, at: datetime) -> list[Label]:
    """The last label whose date and all dates before it have passed, then those heeded early."""
    heeded, has_passed = [label], True
    later = label.succession
    while later is not None:
        has_passed = has_passed and later.at <= at
        if has_passed:
            heeded = [later.label]
        elif earlier(later) <= at:
            heeded.append(later.label)
        later = later.label.succession
    return [replace(each, succession=None) for each in heeded]


def earlier(succession: Succession) -> datetime:
    """The instant from which a stricter successor counts: the review or the succession date."""
    return min(succession.at, succession.review_at or succession.at)


def is_as_strict(policy: Policy, one: Label, other: Label) -> bool:
    """
    Whether *one* permits nobody whom *other* refuses, among those cleared to its level and below.

    Both are compared without what becomes of them. Labels that the policy does not know are as strict
    as themselves only.
    """
    if one == other:
        return True
    if not (_is_known(policy, one) and _is_known(policy, other)):
        return False
    one, other = policy.normalize(one), policy.normalize(other)
    return _is_as_high(policy, one.classification, other.classification) and all(
        _is_as_narrow(part.type, _values(one, part.tag, part.type), part.values) for part in other.categories
    )


def _is_as_high(policy: Policy, one: str, other: str) -> bool:
    # Clearances list their levels, so two names of one height are not the same.
    ranks = {each.name: each.hierarchy for each in policy.classifications}
    return one == other or ranks[one] > ranks[other]


def _is_as_narrow(type_: TagType, one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if type_ is TagType.RESTRICTIVE:
        return set(one) >= set(other)
    if type_ is TagType.PERMISSIVE:
        return bool(one) and set(one) <= set(other)
    return True


def _values(label: Label, tag: str, type_: TagType) -> tuple[str, ...]:
    return next((each.values for each in label.categories if (each.tag, each.type) == (tag, type_)), ())


def _is_known(policy: Policy, label: Label) -> bool:
    """Whether the policy knows every name on a label, and no list is empty."""
    return (
        policy.is_named(label.policy_id, label.policy)
        and policy.classification(label.classification) is not None
        and all(
            part.values and all(policy.member(part, value) is not None for value in part.values)
            for part in label.categories
        )
    )


def join(policy: Policy, labels: list[Label]) -> Label:
    """
    Join labels in the normal form of *policy* so that the whole is no wider than any of them.

    The highest classification; all restrictive and informative values; of each permissive list what
    all labels that have it share. Nothing shared leaves the list empty, which permits nobody.
    """
    ranks = {each.name: each.hierarchy for each in policy.classifications}
    lists: dict[tuple[str, TagType], set[str]] = {}
    for label in labels:
        for each in label.categories:
            key, values = (each.tag, each.type), set(each.values)
            if each.type is TagType.PERMISSIVE:
                lists[key] = lists.get(key, values) & values
            else:
                lists[key] = lists.get(key, set()) | values
    return Label(
        policy_id=policy.id,
        classification=max((label.classification for label in labels), key=ranks.__getitem__),
        categories=tuple(category(tag, type_, lists[tag, type_]) for tag, type_ in sorted(lists)),
    )
