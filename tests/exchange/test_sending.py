# SPDX-License-Identifier: Apache-2.0

from itertools import product

import pytest

from legation.exchange import ACTIONS, Action, Position, Standing, weigh
from legation.exchange.letter import EMPTY_ROOT
from tests.exchange.made import INCARNATION, naive_root
from tests.keys.office import seed

OTHER = seed("another incarnation", 16)
LEFT = seed("an incarnation that was left", 16)
LEAVES = [seed(f"leaf {number}") for number in range(4)]
ROOTS = [naive_root(LEAVES[:size]) for size in range(5)]


def at(size: int, *, incarnation: bytes = INCARNATION, is_forked: bool = False) -> Position:
    """
    A position in our stream, or in another one.
    """
    root = seed("a forked root") if is_forked else ROOTS[size] if size < len(ROOTS) else seed("beyond")
    return Position(incarnation=incarnation, size=size, root=root)


def standing(
    position: Position | None,
    *,
    size: int = 3,
    receipt_size: int = 0,
    challenge_holds: bool = False,
    signed_size: int | None = None,
) -> Standing:
    """
    Weigh a position, and see that roots are asked for within our stream only, and once.
    """
    asked: list[int] = []

    def root_at(asked_size: int) -> bytes:
        assert 0 < asked_size <= size
        asked.append(asked_size)
        return ROOTS[asked_size]

    found = weigh(
        position,
        incarnation=INCARNATION,
        size=size,
        root_at=root_at,
        receipt_size=receipt_size,
        challenge_holds=challenge_holds,
        signed_size=signed_size,
        left={LEFT},
    )
    assert len(asked) <= 1
    return found


class TestWeigh:
    @pytest.mark.parametrize(
        ("position", "receipt_size", "challenge_holds", "expected"),
        [
            (None, 0, False, Standing.FIRST),
            (None, 0, True, Standing.FIRST),
            (None, 1, False, Standing.CHALLENGED),
            (None, 1, True, Standing.AMNESIA),
            (at(0), 0, False, Standing.FIRST),
            (at(0), 2, False, Standing.CHALLENGED),
            (at(0), 2, True, Standing.AMNESIA),
            (at(0, incarnation=OTHER), 0, False, Standing.FIRST),
            (at(1), 0, False, Standing.FOLLOWS),
            (at(3), 0, False, Standing.FOLLOWS),
            (at(3), 3, False, Standing.FOLLOWS),
            (at(2), 2, True, Standing.FOLLOWS),
            (at(1), 2, False, Standing.CHALLENGED),
            (at(2), 3, False, Standing.CHALLENGED),
            (at(1), 2, True, Standing.AMNESIA),
            (at(4), 0, False, Standing.AHEAD),
            (at(4), 3, True, Standing.AHEAD),
            (at(2**53 - 1), 0, False, Standing.AHEAD),
            (at(3, is_forked=True), 0, False, Standing.FORKED),
            (at(1, is_forked=True), 0, True, Standing.FORKED),
            (at(1, is_forked=True), 3, False, Standing.FORKED),
            (at(1, incarnation=OTHER), 0, False, Standing.ANOTHER),
            (at(3, incarnation=OTHER), 3, True, Standing.ANOTHER),
            (at(9, incarnation=OTHER), 3, True, Standing.ANOTHER),
            (at(0, incarnation=LEFT), 0, False, Standing.FIRST),
            (at(1, incarnation=LEFT), 0, False, Standing.LEFT),
            (at(9, incarnation=LEFT), 0, True, Standing.LEFT),
            (at(9, incarnation=LEFT), 1, False, Standing.CHALLENGED),
            (at(9, incarnation=LEFT), 1, True, Standing.AMNESIA),
        ],
    )
    def test_weighs_by_the_table(
        self, position: Position | None, receipt_size: int, challenge_holds: bool, expected: Standing
    ) -> None:
        """
        Each row of the specification, with its borders.
        """
        assert standing(position, receipt_size=receipt_size, challenge_holds=challenge_holds) is expected

    def test_of_everything_only_what_is_shown_to_be_lawful_is_answered(self) -> None:
        """
        All small cases: entries go out from nothing or from a true beginning, and below a receipt only
        to whoever gives back a challenge.
        """
        positions = [None] + [
            at(size, incarnation=incarnation, is_forked=is_forked)
            for size in range(5)
            for incarnation in (INCARNATION, OTHER, LEFT)
            for is_forked in (False, True)
            if size > 0 or not is_forked
        ]
        seen = set[Standing]()
        for position, size, receipt_size, challenge in product(positions, range(4), range(4), (False, True)):
            if receipt_size > size:
                continue
            found = standing(position, size=size, receipt_size=receipt_size, challenge_holds=challenge)
            seen.add(found)
            is_left = position is not None and position.incarnation == LEFT
            held = 0 if position is None or is_left else position.size
            is_true = held == 0 or (
                position is not None
                and position.incarnation == INCARNATION
                and held <= size
                and position.root == ROOTS[held]
            )
            goes_out = ACTIONS[found] in {Action.ANSWER, Action.ANSWER_AND_REPORT, Action.BEGIN}
            assert goes_out is (is_true and (held >= receipt_size or challenge))
            assert (ACTIONS[found] is Action.ASK) is (is_true and held < receipt_size and not challenge)
        assert seen == set(Standing)

    def test_another_root_of_what_was_never_signed_is_no_fork(self) -> None:
        """
        Nobody can hold it: whoever shows another one there shows what this node lost.
        """
        for size in (1, 2, 3):
            for signed_size in range(4):
                found = standing(at(size, is_forked=True), signed_size=signed_size)
                assert found is (Standing.FORKED if size <= signed_size else Standing.AHEAD)
                assert standing(at(size), signed_size=signed_size) is Standing.FOLLOWS

    def test_a_receipt_is_weighed_like_a_position(self) -> None:
        """
        Our own signature over a size that we do not have, or over another root, shows as what it is.
        """
        assert standing(at(2)) is Standing.FOLLOWS
        assert standing(at(4)) is Standing.AHEAD
        assert standing(at(2, is_forked=True)) is Standing.FORKED

    def test_a_receipt_above_the_position_asks_for_a_challenge(self) -> None:
        """
        Who sends a receipt over three entries and says that it holds two has lost something.
        """
        assert standing(at(2), receipt_size=3) is Standing.CHALLENGED

    def test_a_receipt_beyond_our_stream_is_a_mistake(self) -> None:
        """
        Such a receipt is evidence, and nothing to weigh against.
        """
        with pytest.raises(AssertionError):
            standing(at(1), receipt_size=4)

    def test_an_empty_stream_is_followed_by_nothing(self) -> None:
        """
        Before the first entry there is nothing to compare.
        """
        assert standing(None, size=0) is Standing.FIRST
        assert standing(at(1), size=0) is Standing.AHEAD
        assert ROOTS[0] == EMPTY_ROOT


class TestActions:
    def test_every_standing_has_an_action_and_every_action_a_standing(self) -> None:
        """
        The table is whole, and nothing in it is idle.
        """
        assert set(ACTIONS) == set(Standing)
        assert set(ACTIONS.values()) == set(Action)

    def test_the_table_cannot_be_changed(self) -> None:
        """
        What is done about a standing is the same for all.
        """
        with pytest.raises(TypeError):
            ACTIONS[Standing.FORKED] = Action.ANSWER  # type: ignore[index]
