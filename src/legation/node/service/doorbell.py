# SPDX-License-Identifier: Apache-2.0
"""
The doorbell: tells those who wait that something was committed, by this process or another.

It remembers nothing and carries nothing. Whoever hears it looks in the store; whoever misses it has
lost nothing but time.
"""

import asyncio
from collections.abc import Callable

from legation.store.sqlite.database import Database

LOOK_EVERY_S = 0.01  # a look costs microseconds, and is taken only while somebody waits


class Doorbell:
    """Wakes waiting tasks of one event loop when the store changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting = 0
        self.is_closed = False
        self._rung = asyncio.Condition()
        self._watch: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """End all waiting, from now on; the node is about to end."""
        self.is_closed = True
        await self.ring()

    async def ring(self) -> None:
        """Have everybody who waits look at their own reasons not to."""
        async with self._rung:
            self._rung.notify_all()

    async def wait(self, seen: int, timeout_s: float, *, unless: Callable[[], bool] = lambda: False) -> None:
        """
        Wait until the store is no longer at version *seen*, or until the time is over.

        Args:
            seen: What ``Database.data_version`` gave before the caller looked in the store.
            timeout_s: How long to wait at most.
            unless: A reason of the caller's own to wait no longer; asked when the bell rings.
        """
        self._waiting += 1
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(timeout_s), self._rung:
                await self._rung.wait_for(
                    lambda: self.is_closed or unless() or self._database.data_version() != seen
                )
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1

    async def _look(self) -> None:
        seen = self._database.data_version()
        while self._waiting and not self.is_closed:
            await asyncio.sleep(LOOK_EVERY_S)
            now = self._database.data_version()
            if now != seen:
                seen = now
                async with self._rung:
                    self._rung.notify_all()
