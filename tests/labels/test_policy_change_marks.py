# SPDX-License-Identifier: Apache-2.0
"""
What people see of another version: phrases, and what is not displayed.
"""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from legation.labels import TagType
from legation.labels.policy import Marking, Policy, PrivacyMark, Qualifier, Tag, TagCategory, TagSet
from legation.labels.policy_change import ChangeCode, Effect, PolicyChange
from legation.labels.policy_diff import differences
from tests.labels.edits import changed
from tests.labels.exercise import EXERCISE
from tests.labels.test_policy_diff import with_class, with_value

NOW = datetime(2026, 12, 1, tzinfo=UTC)
LEFT_OUT = ("noNameDisplay", "noMarkingDisplay", "suppressClassName")


def marked(*markings: Marking) -> Policy:
    """
    EXERCISE whose own name prints otherwise.
    """
    return changed(EXERCISE, markings=(*EXERCISE.markings, *markings))


def marking(place: str, before: str, after: str, *names: str, language: str = "") -> PolicyChange:
    """
    That something prints otherwise at one place.
    """
    return PolicyChange(
        code=ChangeCode.MARKING,
        effect=Effect.SHOWS,
        names=names,
        before=before,
        after=after,
        places=(place,),
        language=language,
    )


def test_another_phrase_for_the_policy_itself_is_told() -> None:
    """
    Its name prints on every page, so another phrase for it is a change, in each language on its own.
    """
    new = marked(
        Marking(codes=frozenset({"pageTop"}), phrase="DRILL"),
        Marking(codes=frozenset({"pageBottom"}), phrase="훈련", language="ko"),
    )
    assert set(differences(EXERCISE, new, at=NOW)) == {
        marking("pageTop", "EXERCISE", "DRILL"),
        marking("pageBottom", "EXERCISE", "훈련", language="ko"),
    }
    assert differences(new, changed(new), at=NOW) == ()


@pytest.mark.parametrize("code", LEFT_OUT)
def test_what_is_displayed_no_more_is_told_by_its_code(code: str) -> None:
    """
    Such a code prints no phrase, its own or another: told is the code, and nothing where it did not stand.
    """
    for phrase in (None, "never printed"):
        new = marked(Marking(codes=frozenset({code}), phrase=phrase))
        assert differences(EXERCISE, new, at=NOW) == (marking(code, "", code),)
        back = changed(new, markings=EXERCISE.markings)
        assert differences(new, back, at=NOW) == (marking(code, code, ""),)


@pytest.mark.parametrize("code", LEFT_OUT)
def test_another_phrase_of_what_is_not_displayed_is_no_change(code: str) -> None:
    """
    Nobody sees it, so that nothing is told of it.
    """
    one, other = (
        with_class("OPEN", markings=(Marking(codes=frozenset({code}), phrase=phrase),))
        for phrase in ("one", "two")
    )
    assert differences(one, replace(other, version=9), at=NOW) == ()


def test_privacy_marks_come_go_and_change() -> None:
    """
    What is new has nothing before it, what is gone nothing after it, and what is otherwise has both.
    """
    one, other = (
        PrivacyMark(name="ONE"),
        replace(PrivacyMark(name="ONE"), markings=(Marking(codes=frozenset({"pageTop"}), phrase="1"),)),
    )
    without, with_one, with_other = (
        replace(EXERCISE, privacy_marks=marks, version=version)
        for version, marks in ((7, ()), (8, (one,)), (9, (other,)))
    )
    for old, new, before, after in (
        (without, with_one, "", "ONE"),
        (with_one, replace(without, version=9), "ONE", ""),
        (with_one, with_other, "ONE", "ONE"),
    ):
        [found] = differences(old, new, at=NOW)
        assert (found.code, found.before, found.after) == (ChangeCode.PRIVACY_MARK, before, after)


def test_another_phrase_for_a_value_is_told() -> None:
    """
    Of the values that both versions have.
    """
    new = with_value("Handling", "STAFF", markings=(Marking(codes=frozenset({"pageTop"}), phrase="CREW"),))
    found = [each for each in differences(EXERCISE, new, at=NOW) if each.places == ("pageTop",)]
    assert [(each.names, each.before, each.after) for each in found] == [(("STAFF",), "STAFF", "CREW")]


def test_what_stands_around_values_of_one_type_is_told_of_that_type() -> None:
    """
    A tag set may have tags of two types, each with its own.
    """
    text = Qualifier(place="subject", code="prefix", text="!")

    def of_two_types(prefix: tuple[Qualifier, ...]) -> Policy:
        tags = tuple(
            Tag(
                name=type_.value,
                type=type_,
                categories=(TagCategory(name=type_.value, lacv=str(number)),),
                qualifiers=prefix if type_ is TagType.PERMISSIVE else (),
            )
            for number, type_ in enumerate((TagType.INFORMATIVE, TagType.PERMISSIVE), start=1)
        )
        return changed(EXERCISE, tag_sets=(TagSet(name="Notes", id="2.25.9", tags=tags),))

    found = differences(of_two_types(()), replace(of_two_types((text,)), version=9), at=NOW)
    assert [(each.code, each.type) for each in found] == [(ChangeCode.QUALIFIER, "permissive")]


def test_a_marking_without_a_phrase_prints_the_name() -> None:
    """
    As nothing at all does there, so that it is no change.
    """
    assert differences(EXERCISE, marked(Marking(codes=frozenset({"subject"}))), at=NOW) == ()
