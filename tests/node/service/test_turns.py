# SPDX-License-Identifier: Apache-2.0
"""
Fair turns and quotas: whoever asks for much waits for themselves.
"""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from legation.errors import LegationError
from legation.node.service.quotas import SIDES_MAX, Quota, Quotas
from legation.node.service.turns import Turns


def run(act: Callable[[], Awaitable[None]]) -> None:
    """Run something that ends soon."""

    async def main() -> None:
        async with asyncio.timeout(10):
            await act()

    asyncio.run(main())


class Busy:
    """Has turns, and says in which order they were had."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.order: list[str] = []
        self.most = 0
        self.now: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    async def has(self, key: str, name: str = "") -> None:
        """Wait for a turn, keep it until the gate is opened, and leave."""
        async with self.turns.turn(key):
            self.order.append(name or key)
            self.now.append(key)
            self.most = max(self.most, len(self.now))
            await self.gates.setdefault(name or key, asyncio.Event()).wait()
            self.now.remove(key)

    def begins(self, *keys: str) -> list["asyncio.Task[None]"]:
        """Begin turns, each of which ends when a moment has passed."""
        return [asyncio.create_task(self.passes(key)) for key in keys]

    async def passes(self, key: str) -> None:
        """Have a turn that ends by itself."""
        async with self.turns.turn(key):
            self.order.append(key)
            self.now.append(key)
            self.most = max(self.most, len(self.now))
            await asyncio.sleep(0.001)
            self.now.remove(key)


class TestTurns:
    def test_one_that_asks_for_much_does_not_go_before_the_others(self) -> None:
        """
        A hundred wait of one; the one of another is second.
        """

        async def act() -> None:
            busy = Busy(Turns(at_once=1, each=1, waiting_max=200))
            tasks = busy.begins(*["flood"] * 100)
            await asyncio.sleep(0)
            tasks += busy.begins("honest", "other")
            await asyncio.gather(*tasks)
            assert busy.order.index("honest") <= 2
            assert busy.order.index("other") <= 3
            assert len(busy.order) == 102

        run(act)

    def test_so_many_act_at_once_and_so_many_of_each(self) -> None:
        """
        One alone does not take all places.
        """

        async def act() -> None:
            busy = Busy(Turns(at_once=4, each=2, waiting_max=50))
            tasks = busy.begins(*["flood"] * 20)
            await asyncio.sleep(0)
            assert busy.most <= 2
            tasks += busy.begins(*["one", "two", "three"] * 5)
            await asyncio.gather(*tasks)
            assert busy.most == 4
            assert len(busy.order) == 35

        run(act)

    def test_too_many_of_one_are_refused_and_no_other_is(self) -> None:
        """
        At once, without a wait.
        """

        async def act() -> None:
            busy = Busy(Turns(at_once=1, each=1, waiting_max=3))
            tasks = busy.begins(*["flood"] * 4)
            await asyncio.sleep(0)
            with pytest.raises(LegationError, match="too many"):
                await busy.has("flood")
            tasks += busy.begins("honest")
            await asyncio.gather(*tasks)
            assert busy.order.count("flood") == 4

        run(act)

    def test_one_that_goes_away_leaves_its_place(self) -> None:
        """
        Waiting, acting, and in the very moment between: afterwards all places are free.
        """

        async def act() -> None:
            turns = Turns(at_once=1, each=1, waiting_max=9)
            busy = Busy(turns)
            first = asyncio.create_task(busy.has("first"))
            await asyncio.sleep(0)
            waiting, next_ = (asyncio.create_task(busy.has(each)) for each in ("waiting", "next"))
            await asyncio.sleep(0)
            waiting.cancel()
            first.cancel()
            # The place was given to the next one, which goes away before it has noticed.
            await asyncio.sleep(0)
            next_.cancel()
            await asyncio.gather(first, waiting, next_, return_exceptions=True)
            await busy.passes("last")
            assert (turns._free, dict(turns._acting), dict(turns._waiting)) == (1, {}, {})

        run(act)

    def test_what_fails_gives_its_turn_back(self) -> None:
        """
        The next one has it.
        """

        async def act() -> None:
            turns = Turns(at_once=1, each=1, waiting_max=1)
            for _ in range(3):
                with pytest.raises(ValueError, match="planted"):
                    async with turns.turn("one"):
                        raise ValueError("planted")
            assert turns._free == 1

        run(act)


class TestQuotas:
    def test_a_burst_is_free_and_then_it_costs_time(self) -> None:
        """
        What is owed is paid with time, whoever else there is.
        """
        quotas = Quotas(Quota(per_s=2, burst=4))
        assert [quotas.use("one", 1, 0) for _ in range(6)] == [0, 0, 0, 0, 0.5, 1.0]
        assert quotas.owes("one", 0.9)
        assert not quotas.owes("one", 1.0)
        assert quotas.use("other", 4, 0) == 0
        assert quotas.use("one", 4, 100) == 0
        assert not quotas.owes("nobody", 100)

    def test_a_rest_saves_no_more_than_a_burst(self) -> None:
        """
        However long it was.
        """
        quotas = Quotas(Quota(per_s=1, burst=3))
        quotas.use("one", 1, 0)
        assert quotas.use("one", 5, 1_000_000) == 2

    def test_not_more_sides_are_remembered_than_there_is_room_for(self) -> None:
        """
        A stranger with many numbers costs no memory.
        """
        quotas = Quotas(Quota(per_s=1, burst=1))
        for number in range(2 * SIDES_MAX):
            quotas.use(str(number), 2, 0)
        assert len(quotas._buckets) == SIDES_MAX
        assert quotas.owes(str(2 * SIDES_MAX - 1), 0)
        assert not quotas.owes("0", 0)
