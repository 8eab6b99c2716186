# SPDX-License-Identifier: Apache-2.0
"""
Faults of clocks and lines between real nodes (F7 to F10): nothing is lost, doubled or mixed up.
"""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest

from legation.errors import UnreachableError
from tests.federation.keeping import holds_once, sends, settles
from tests.federation.lines import FAULTS, Line, pulls_over
from tests.federation.stage import AUS, JPN, KOR, Stage, mark
from tests.node.pair import Node

YEARS = 365 * 10


class TestClocks:
    """F7."""

    @pytest.mark.parametrize("who", [KOR, JPN])
    @pytest.mark.parametrize(
        "by",
        [{"hours": 1}, {"hours": -1}, {"days": YEARS}, {"days": -YEARS}, {"minutes": 5}, {}],
        ids=lambda by: " ".join(f"{count} {unit}" for unit, count in by.items()) or "standing still",
    )
    def test_a_clock_that_jumps_loses_and_reorders_nothing(
        self, stage: Stage, who: str, by: dict[str, float]
    ) -> None:
        """
        Before the jump, over it and behind it; and back again. Order never depends on a clock.
        """
        kor, jpn = stage.kor, stage.jpn
        items = sends(kor, jpn, "one")
        kor.answering.work_ahead(JPN)
        items += sends(kor, jpn, "two")
        stage.village.nodes[who].clock.move(**by)
        items += sends(kor, jpn, "three")
        jpn.catches_up(kor)
        items += sends(kor, jpn, "four")
        stage.village.nodes[who].clock.move(**{unit: -count for unit, count in by.items()})
        items += sends(kor, jpn, "five")
        jpn.catches_up(kor)
        holds_once(kor, jpn, items)
        stage.goes_on_here()

    @pytest.mark.parametrize("days", [8, YEARS])
    def test_what_ran_out_by_a_wrong_clock_is_withheld_and_goes_when_the_clock_is_right(
        self, stage: Stage, days: int
    ) -> None:
        """
        A grant fails closed while the clock is wrong; nothing is lost.
        """
        kor, jpn = stage.kor, stage.jpn
        kor.grants(JPN, not_after=kor.clock() + timedelta(days=7))
        [item] = sends(kor, jpn, "one")
        kor.clock.move(days=days)
        kor.keeps_house()
        assert jpn.catches_up(kor).views == 0
        assert kor.states(item) == {JPN: "withheld"}
        kor.clock.move(days=-days)
        kor.keeps_house()
        jpn.catches_up(kor)
        holds_once(kor, jpn, [item])


class TestLines:
    """F8 and F9."""

    @pytest.mark.parametrize("seed", range(3))
    def test_a_bad_line_loses_doubles_and_reorders_nothing(self, stage: Stage, seed: int) -> None:
        """
        Lost, doubled, delayed by a month, cut and twisted, both ways at once: what came is always a beginning.
        """
        dice = Random(seed)
        kor, jpn = stage.kor, stage.jpn
        there, back = Line(jpn, dice), Line(kor, dice)
        sent: dict[str, list[str]] = {KOR: [], JPN: []}
        taken = 0
        for step in range(32):
            if step % 4 == 0:
                sent[KOR] += sends(kor, jpn, f"{seed} {step}")
                sent[JPN] += sends(jpn, kor, f"{seed} {step} back")
            if step == 16:
                kor.clock.move(days=30)
                jpn.clock.move(days=30)
            taken += pulls_over(back, jpn) + pulls_over(there, kor)
            is_a_beginning(kor, jpn, sent[KOR])
            is_a_beginning(jpn, kor, sent[JPN])
        assert set(FAULTS) <= there.met.keys() | back.met.keys()
        assert 0 < taken < 64
        there.is_bad = back.is_bad = False
        settles(kor, jpn)
        holds_once(kor, jpn, sent[KOR])
        holds_once(jpn, kor, sent[JPN])
        assert {node.peer(other).link for node, other in ((kor, jpn), (jpn, kor))} == {"active"}

    @pytest.mark.parametrize("shape", ["symmetric", "asymmetric", "flapping"])
    def test_a_partition_heals_and_both_meet(self, stage: Stage, shape: str) -> None:
        """
        Nobody reaches the other, or one does, or now and then; then all is there, without a person.
        """
        kor, jpn = stage.kor, stage.jpn
        sent: dict[str, list[str]] = {KOR: [], JPN: []}
        for step in range(12):
            sent[KOR] += sends(kor, jpn, f"{step}")
            sent[JPN] += sends(jpn, kor, f"{step} back")
            for asker, answers in ((kor, jpn), (jpn, kor)):
                is_open = {
                    "symmetric": False,
                    "asymmetric": asker is kor,
                    "flapping": step % 3 == 0,
                }[shape]
                if is_open:
                    asker.pulls(answers)
                    continue
                with pytest.raises(UnreachableError):
                    asker.pulls(answers, cut_off)
        settles(kor, jpn)
        holds_once(kor, jpn, sent[KOR])
        holds_once(jpn, kor, sent[JPN])
        stage.goes_on()

    def test_a_peer_that_never_takes_its_answer_keeps_nobody_waiting(self, stage: Stage) -> None:
        """
        F10: answers to AUS@NATO are begun and never taken; KOR@NATO has all it should, AUS@NATO too in the end.
        """
        jpn = stage.jpn
        begun = []
        for number in range(8):
            stage.jpn.releases(f"{mark('JPN', 'AUS')} {number}", to=[AUS])
            answer = jpn.answers([stage.aus.asks(jpn)])
            next(answer)
            begun.append(answer)
            stage.exchanges(jpn, stage.kor)
            stage.exchanges(stage.kor, jpn)
        stage.goes_on()


def cut_off(_: object) -> Iterator[bytes]:
    """A line that is cut."""
    raise UnreachableError("the line is dead")


def is_a_beginning(sender: Node, receiver: Node, items: list[str]) -> None:
    """See that what came is a beginning of what was sent, and that the receipt is for no more than that."""
    rows = receiver.rows(
        "SELECT number FROM incoming_entry JOIN incoming USING (stream_id) WHERE office = ? ORDER BY number",
        (sender.office,),
    )
    numbers = [number for (number,) in rows]
    assert numbers == list(range(len(numbers)))
    assert sender.peer(receiver).receipted <= len(numbers)
    shown = [item for item in reversed(receiver.listed()) if item in set(items)]
    assert sorted(shown) == sorted(items[: len(shown)])
