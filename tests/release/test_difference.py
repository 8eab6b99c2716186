# SPDX-License-Identifier: Apache-2.0

import random

import pytest

from legation.item.portion import Text
from legation.item.substance import Substance, substance_of_draft
from legation.release.difference import (
    PORTIONS_COMPARED_MAX,
    WORDS_COMPARED_MAX,
    Change,
    News,
    differences,
    news,
    word_by_word,
)
from tests.item.test_substance import MARKS, draft_of


def said(*blocks: str) -> Substance:
    """
    What a report of these blocks says.
    """
    return substance_of_draft(draft_of(*blocks))


def only_open(substance: Substance) -> Substance:
    """
    What of it is open.
    """
    return substance.within(lambda _, label: label.classification == "OPEN")


class TestNews:
    @pytest.mark.parametrize(
        ("before", "after", "wanted"),
        [
            (None, ("(O) a",), News.FIRST),
            (("(O) a",), ("(O) a",), News.SAME),
            (("(O) a",), ("(O) b",), News.DIFFERENT),
            (("(O) a",), ("(S) a",), News.NOTHING),
            (None, ("(S) a",), News.NOTHING),
            (("(O) a", "(S) x"), ("(O) a", "(S) y"), News.SAME),
        ],
    )
    def test_what_a_version_is_to_somebody(
        self, before: tuple[str, ...] | None, after: tuple[str, ...], wanted: News
    ) -> None:
        """
        Whoever sees what is open notices that and nothing else.
        """
        older = None if before is None else only_open(said(*before))
        assert news(older, only_open(said(*after))) is wanted


class TestDifferences:
    def test_each_change_is_told_for_itself(self) -> None:
        """
        A word, a mark, one more, one less.
        """
        before = said("(O) One two.", "(O) stays", "(S) Mark.", "(O) stays too", "(O) gone")
        after = said("(O) One three.", "(O) stays", "(O) Mark.", "(O) stays too")
        assert [each.change for each in differences(before, after)] == [
            Change.CHANGED,
            Change.MARKED,
            Change.LOST,
        ]
        assert [each.change for each in differences(after, before)] == [
            Change.CHANGED,
            Change.MARKED,
            Change.GAINED,
        ]

    def test_what_only_stands_for_something_else_is_told_once(self) -> None:
        """
        The paragraphs are the same; their relation is not.
        """
        found = differences(said("(O) a", "(O) b"), said("(O) a", "(O) {tearline} b"))
        assert [each.change for each in found] == [Change.MOVED]

    @pytest.mark.parametrize("seed", range(30))
    def test_it_tells_all_that_differs(self, seed: int) -> None:
        """
        The older text with every change made is the newer one; the same is no difference.
        """
        dice = random.Random(seed)
        blocks = [
            [f"{dice.choice(MARKS)} {dice.choice('abc')}" for _ in range(dice.randint(1, 6))]
            for _ in range(2)
        ]
        before, after = (said(*each) for each in blocks)
        found = differences(before, after)
        old, new = list(before.portions), list(after.portions)
        for each in found:
            if each.before is not None:
                old.remove(each.before)
            if each.after is not None:
                new.remove(each.after)
        assert old == new
        assert differences(before, before) == ()
        assert (found == ()) is (before == after)

    def test_a_very_long_report_is_compared_in_bulk(self) -> None:
        """
        Without pairing what comes with what goes: a person does not wait for hours.
        """
        blocks = [f"(O) {number}" for number in range(PORTIONS_COMPARED_MAX + 1)]
        found = differences(said(*blocks), said(*blocks[1:], "(O) new"))
        assert [each.change for each in found] == [Change.LOST, Change.GAINED]


class TestWords:
    @pytest.mark.parametrize("seed", range(30))
    def test_old_and_new_can_be_read_out_of_it(self, seed: int) -> None:
        """
        What stays and goes is the older text, what stays and comes the newer one, byte for byte.
        """
        dice = random.Random(seed)
        old, new = (
            "".join(dice.choice(["a", "b ", " c", "\n", "좌석 "]) for _ in range(dice.randint(1, 30))).strip()
            or "x"
            for _ in range(2)
        )
        found = list(word_by_word(old, new))
        assert "".join(each.text for each in found if each.kind != "+") == old
        assert "".join(each.text for each in found if each.kind != "-") == new
        assert Text(text=old).text == old

    def test_texts_that_are_too_long_are_told_as_a_whole(self) -> None:
        """
        Word by word would take too long.
        """
        long = "word " * (WORDS_COMPARED_MAX + 1)
        assert list(word_by_word(long, "word")) == []
        assert list(word_by_word("word", "word")) != []
