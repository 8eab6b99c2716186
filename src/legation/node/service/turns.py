# SPDX-License-Identifier: Apache-2.0
"""
Fair turns: those who want something at the same time get it one after the other, each in their turn.

Whoever asks for much waits for themselves: of each key a bounded number acts at once, a bounded number waits, and the
keys take turns, however many wait behind one of them.

Of one event loop.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from legation.errors import LegationError


class Turns:
    """
    Hands out turns.

    Args:
        at_once: How many act at once.
        each: How many of one key do.
        waiting_max: How many of one key may wait.
    """

    def __init__(self, *, at_once: int, each: int, waiting_max: int) -> None:
        self._free = at_once
        self._each = each
        self._waiting_max = waiting_max
        self._acting: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """
        Wait for a turn, and have it.

        Raises:
            LegationError: Too many of this key wait already.
        """
        await self._begin(key)
        try:
            yield
        finally:
            self._end(key)

    async def _begin(self, key: str) -> None:
        if self._free and self._acting[key] < self._each:
            self._take(key)
            return
        waiting = self._waiting.setdefault(key, deque())
        if len(waiting) >= self._waiting_max:
            raise LegationError("too many at once from one side")
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._end(key)
            else:
                self._leave(key, mine)
            raise

    def _take(self, key: str) -> None:
        self._free -= 1
        self._acting[key] += 1

    def _end(self, key: str) -> None:
        self._free += 1
        self._acting[key] -= 1
        if not self._acting[key]:
            del self._acting[key]
        self._next()

    def _next(self) -> None:
        """Give what is free to those who wait: one of each key, then the next."""
        for key in list(self._waiting):
            if not self._free:
                return
            if self._acting[key] < self._each:
                mine = self._waiting[key].popleft()
                self._take(key)
                self._forget(key)
                mine.set_result(None)

    def _forget(self, key: str) -> None:
        """Let a key that was served go behind the others, or go if nothing of it waits."""
        if self._waiting[key]:
            self._waiting.move_to_end(key)
        else:
            del self._waiting[key]

    def _leave(self, key: str, mine: "asyncio.Future[None]") -> None:
        waiting = self._waiting.get(key)
        if waiting is not None and mine in waiting:
            waiting.remove(mine)
            if not waiting:
                del self._waiting[key]
