# SPDX-License-Identifier: Apache-2.0
"""
Dates and equivalents of another version: which way each change goes, and how it is told.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from legation.labels import TagType
from legation.labels.policy import (
    Applied,
    CategoryReference,
    EquivalentCategory,
    EquivalentClassification,
    Operation,
    Policy,
    Requirement,
    Window,
)
from legation.labels.policy_change import ChangeCode, Effect, PolicyChange
from legation.labels.policy_change_rules import windows
from legation.labels.policy_diff import differences
from tests.labels.edits import changed
from tests.labels.exercise import EXERCISE
from tests.labels.test_policy_diff import with_class, with_value

NOW = datetime(2026, 12, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DATES = (None, NOW, NOW + DAY)
WINDOWS = [
    Window(not_before=begin, not_after=end) for begin in DATES for end in (None, NOW + 2 * DAY, NOW + 3 * DAY)
]
MOMENTS = [NOW + each * DAY / 2 for each in range(-2, 8)]


@pytest.mark.parametrize("old", WINDOWS, ids=str)
def test_a_window_goes_the_way_that_the_days_show(old: Window) -> None:
    """
    It widens exactly if some moment is in force only now, and narrows exactly if one is no more, whichever
    ends are open.
    """
    base = PolicyChange(code=ChangeCode.WINDOW, effect=Effect.SHOWS)
    for new in WINDOWS:
        effects = []
        if any(new.holds(at) and not old.holds(at) for at in MOMENTS):
            effects.append(Effect.WIDENS)
        if any(old.holds(at) and not new.holds(at) for at in MOMENTS):
            effects.append(Effect.NARROWS)
        assert [each.effect for each in windows(old, new, base)] == effects, new


def with_equivalent(*, discard: bool) -> Policy:
    """
    EXERCISE in which one value has an equivalent in another policy, or is left out on the way there.
    """
    found = EquivalentCategory(
        policy="OTHER",
        tag_set_id="2.25.9",
        type=TagType.RESTRICTIVE,
        lacv="1",
        applied=Applied.ENCRYPT,
        discard=discard,
    )
    return with_value("Caveats", "HERON", equivalents=(found,))


def told(old: Policy, new: Policy) -> list[tuple[Effect, str, str]]:
    """
    What is told of equivalents: which way, and what stood and stands there.
    """
    found = differences(old, new, at=NOW)
    assert {each.code for each in found} == {ChangeCode.EQUIVALENT}
    return [(each.effect, each.before, each.after) for each in found]


def test_an_equivalent_is_told_by_what_it_leads_to() -> None:
    """
    A value there with its list, or that it is discarded; and for which way.
    """
    value, discard = "2.25.9 restrictive 1 (encrypt)", "discard (encrypt)"
    assert told(EXERCISE, with_equivalent(discard=False)) == [(Effect.WIDENS, "", value)]
    assert told(EXERCISE, with_equivalent(discard=True)) == [(Effect.WIDENS, "", discard)]


def test_a_value_that_is_discarded_from_now_on_is_two_changes() -> None:
    """
    What was translated is no more, and what was not is left out: the one narrows, the other widens.
    """
    value, discard = "2.25.9 restrictive 1 (encrypt)", "discard (encrypt)"
    old, new = with_equivalent(discard=False), changed(with_equivalent(discard=True))
    assert told(old, new) == [(Effect.WIDENS, "", discard), (Effect.NARROWS, value, "")]


def test_what_is_obsolete_no_more_is_on_labels_again() -> None:
    """
    The one way narrows, the other widens.
    """
    old, new = with_value("Caveats", "HERON", obsolete=True), with_value("Caveats", "HERON", obsolete=False)
    [back] = differences(old, replace(new, version=9), at=NOW)
    assert (back.code, back.effect) == (ChangeCode.OBSOLETE, Effect.WIDENS)


def test_an_equivalent_that_requires_more_is_another() -> None:
    """
    What it requires there stands beside what it leads to.
    """
    group = CategoryReference(tag_set="Circle", type=TagType.PERMISSIVE, lacv="7")
    needed = Requirement(operation=Operation.ONE_OR_MORE, groups=(group,))
    old, new = (
        with_class(
            "SECRET",
            equivalents=(
                EquivalentClassification(policy="OTHER", lacv=4, applied=Applied.BOTH, required=required),
            ),
        )
        for required in ((), (needed,))
    )
    assert told(old, replace(new, version=9)) == [
        (Effect.WIDENS, "", f"4 (both) [{Operation.ONE_OR_MORE.value} Circle 7]"),
        (Effect.NARROWS, "4 (both)", ""),
    ]
