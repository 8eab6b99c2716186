# SPDX-License-Identifier: Apache-2.0
"""
Two worlds that differ only in what an observer may not see give that observer the same bytes.

``LEGATION_TWIN_PAIRS`` says how many random pairs are played, 60 if it says nothing: three fifths before a
peer, the others before readers. What fails names its pair, and that number alone makes the pair again::

    from tests.twin.pairs import peer_pair
    from tests.twin.surfaces import told_apart
    told_apart(peer_pair(17))
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache

import pytest

from tests.twin.bags import CARRIED
from tests.twin.handmade import HANDMADE
from tests.twin.pairs import Pair, peer_pair, reader_pair
from tests.twin.passing import PASSED_ON
from tests.twin.pushes import PUSHED
from tests.twin.surfaces import PEER_SURFACES, READER_SURFACES, told_apart

PAIRS = int(os.environ.get("LEGATION_TWIN_PAIRS", "60"))
PEER_PAIRS = PAIRS * 3 // 5
CHUNKS = 4


def play(pairs: Iterable[Pair], surfaces: frozenset[str]) -> Counter[str]:
    """
    Compare the worlds of many pairs, and count what happened in them.
    """
    done = Counter[str]()
    for pair in pairs:
        first, second = told_apart(pair)
        done.update(first.done + second.done)
        done["pairs"] += 1
        done["pairs that differ in what is hidden"] += first.dump != second.dump
        assert {each.surface for each in first.sights} <= surfaces
    return done


def chunk(make: Callable[[int], Pair], number: int, count: int) -> Iterable[Pair]:
    """
    Every fourth pair.
    """
    return map(make, range(number, count, CHUNKS))


@cache
def seen_of(make: Callable[[], Pair]) -> frozenset[str]:
    """
    The surfaces on which something is seen of a pair that is not told apart.
    """
    return frozenset(each.surface for each in told_apart(make())[0].sights)


class TestPeer:
    @pytest.mark.parametrize("number", range(CHUNKS))
    def test_a_peer_is_told_nothing_of_what_it_may_not_see(self, number: int) -> None:
        """
        Whatever else is in its items, other offices are sent, ask or get wrong: not a byte is another.
        """
        done = play(chunk(peer_pair, number, PEER_PAIRS), PEER_SURFACES)
        # Where nothing happened nothing was tested.
        assert done["pairs that differ in what is hidden"] >= done["pairs"] * 9 // 10
        assert done["views"] > 2 * done["pairs"]
        assert done["wrong requests"] > 0


class TestReaders:
    @pytest.mark.parametrize("number", range(CHUNKS))
    def test_readers_are_told_nothing_of_what_they_may_not_see(self, number: int) -> None:
        """
        Whatever else the node holds of their items, and besides: inbox, items, errors and pages are the same.
        """
        done = play(chunk(reader_pair, number, PAIRS - PEER_PAIRS), READER_SURFACES)
        assert done["pairs that differ in what is hidden"] >= done["pairs"] * 9 // 10
        assert done["listed"] > done["pairs"]
        assert done["passed on"] > 0


class TestHandmade:
    @pytest.mark.parametrize(
        "make", [*HANDMADE, *PASSED_ON, *CARRIED, *PUSHED], ids=lambda make: make.__name__
    )
    def test_worlds_made_by_hand_are_not_told_apart(self, make: Callable[[], Pair]) -> None:
        """
        Each shows one leak that was in the program, or could be, at its smallest.
        """
        assert seen_of(make)


class TestHarness:
    def test_every_surface_is_seen(self) -> None:
        """
        No surface stands in the list that never shows anything, and none shows something that does not.
        """
        assert (
            frozenset().union(*map(seen_of, (*HANDMADE, *PASSED_ON, *CARRIED, *PUSHED)))
            == PEER_SURFACES | READER_SURFACES
        )

    def test_a_pair_is_the_same_each_time(self) -> None:
        """
        The number of a pair is all that it follows from, or no failure could be looked at again.
        """
        first, second = (told_apart(peer_pair(4)) for _ in range(2))
        assert [each.sights for each in first] == [each.sights for each in second]
        assert [each.dump for each in first] == [each.dump for each in second]
