# SPDX-License-Identifier: Apache-2.0
"""
Bodies of requests on their way in, each within size and time, all within number.

A body may begin slowly (``grace_time_s``), must then come at ``RATE_BYTES_PER_S_MIN`` or faster, and
must be whole after ``time_s``. One that is long is let in by whoever knows its sender, by its beginning; then it has as
long as it takes at ``LONG_RATE_BYTES_PER_S_MIN``. If too many come in at once, the oldest makes room for the newest: an
honest one is there within a few round trips, so what has been coming for long is slow.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.types import Receive

from legation.errors import MalformedError, UnreachableError

RATE_BYTES_PER_S_MIN = 4096  # a slower body is not worth its place
LONG_RATE_BYTES_PER_S_MIN = 8192  # 64 kbit/s: its place is one of few

LetIn = Callable[[bytes], Awaitable[int]]
"""Lets a long body in, by its beginning, and says how long it may be; or raises."""


class GoneError(Exception):
    """The sender has hung up: there is nobody to answer."""


class Bodies:
    """
    Reads bodies.

    Args:
        count_max: Bodies at once.
        size_bytes_max: Of a body; that many bytes may be held for each.
        time_s: For a whole body.
        grace_time_s: Before the rate counts.
    """

    def __init__(self, *, count_max: int, size_bytes_max: int, time_s: float, grace_time_s: float) -> None:
        self.size_bytes_max = size_bytes_max
        self._count_max = count_max
        self._time_s = time_s
        self._grace_time_s = grace_time_s
        # The time limits of those that are being read, the oldest first.
        self._reading: dict[asyncio.Timeout, None] = {}

    async def read(self, receive: Receive, let_in: LetIn) -> bytes:
        """
        Read one body.

        Args:
            receive: Gives its parts.
            let_in: Lets it in, or not, when it has become longer than ``size_bytes_max``.

        Raises:
            MalformedError: It is too long.
            UnreachableError: It is too slow.
            GoneError: Its sender hung up.
        """
        try:
            async with self._place() as limit:
                return await self._read(receive, let_in, limit)
        except TimeoutError:
            raise UnreachableError("an envelope came too slowly") from None

    async def _read(self, receive: Receive, let_in: LetIn, limit: asyncio.Timeout) -> bytes:
        began = asyncio.get_running_loop().time()
        parts: list[bytes] = []
        size_bytes, more, size_bytes_max = 0, True, self.size_bytes_max
        while more:
            # One that has made room has no time left, whatever it still sends.
            if limit in self._reading:
                earned_s = self._grace_time_s + size_bytes / RATE_BYTES_PER_S_MIN
                limit.reschedule(began + min(self._time_s, earned_s))
            elif size_bytes_max > self.size_bytes_max:
                limit.reschedule(began + self._time_s + size_bytes / LONG_RATE_BYTES_PER_S_MIN)
            message = await receive()
            if message["type"] != "http.request":
                raise GoneError
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
            size_bytes += len(parts[-1])
            if size_bytes > size_bytes_max == self.size_bytes_max:
                size_bytes_max = await let_in(b"".join(parts))
                # It has a place of another kind now; unless it had to make room meanwhile.
                if self._reading.pop(limit, limit) is limit:
                    raise TimeoutError
            if size_bytes > size_bytes_max:
                raise MalformedError(f"an envelope is longer than {size_bytes_max} bytes")
        return b"".join(parts)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[asyncio.Timeout]:
        if len(self._reading) >= self._count_max:
            self._make_room()
        async with asyncio.timeout(None) as limit:
            self._reading[limit] = None
            try:
                yield limit
            finally:
                self._reading.pop(limit, None)

    def _make_room(self) -> None:
        oldest = next(iter(self._reading))
        del self._reading[oldest]
        if not oldest.expired():
            oldest.reschedule(0)
