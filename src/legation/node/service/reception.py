# SPDX-License-Identifier: Apache-2.0
"""
Where what peers send comes in: it is opened, answered when there is something to say, and nobody is kept waiting by
others.

Rules kept here:

1. Opening, before a signature has verified, has threads of its own: strangers take none from peers. Sources take turns;
   one whose envelopes fail too often has its turn with all others of that kind.
2. What follows has other threads. Peers take turns, so that none has the writer for itself; one that asks for more
   than its share waits for itself, and has a bounded number of exchanges at once, however slowly it takes their answers.
3. A pull that has nothing to be answered with holds no thread.
4. A long envelope is let in when its beginning shows a peer that wrote it: one of each peer, and few at once.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, nullcontext
from typing import TypeVar, cast

from legation.errors import LegationError
from legation.exchange import PULL_SIZE_BYTES_MAX, Envelope, Pull, Push
from legation.node.service.doorbell import Doorbell
from legation.node.service.quotas import Quota, Quotas
from legation.node.service.turns import Turns
from legation.node.streams.answering import Answering
from legation.node.streams.handing_over import Batch
from legation.node.streams.pushed import TakingPushes
from legation.store.sqlite.database import Database

OPENINGS_AT_ONCE_MAX = 2  # threads that open what anybody sent
OPENINGS_WAITING_MAX = 64  # of one source; each takes half a millisecond
ANSWERS_AT_ONCE_MAX = 4  # threads that decide and seal; waiting pulls hold none
ANSWERS_OF_A_PEER_MAX = 2  # of these for one peer: its next pull, and what is made ahead
ANSWERS_WAITING_MAX = 32  # of one peer
EXCHANGES_OF_A_PEER_MAX = 32  # at once, with those that it takes slowly; an honest one has four
LONG_AT_ONCE_MAX = 4  # long envelopes on their way in, each held in memory whole; one of each peer
LETTERS = Quota(per_s=200, burst=1_000)  # of a peer; one that catches up asks for 50 a second
BYTES = Quota(per_s=32 << 20, burst=1 << 28)  # of a peer, in long envelopes; what a disk can take in
FAILURES = Quota(per_s=1, burst=20)  # of a source: more than an office does whose card is not confirmed here
SUSPECTS = "suspects"  # the one name under which sources take turns that have failed too often

Done = TypeVar("Done")

Report = Callable[[str, BaseException], None]
"""Told what failed and why; the message of an error names no content."""


class Answerer:
    """
    Answers envelopes for a server, with the waiting.

    Args:
        answering: Answers pulls.
        pushed: Takes pushes.
        doorbell: Rings when something is committed.
        database: The node's store.
        report: Told what failed.
    """

    def __init__(
        self,
        answering: Answering,
        pushed: TakingPushes,
        doorbell: Doorbell,
        database: Database,
        report: Report,
    ) -> None:
        self._answering = answering
        self._letterbox = answering.letterbox
        self._pushed = pushed
        self._report = report
        self._ahead: set[asyncio.Task[None]] = set()
        self._doorbell = doorbell
        self._database = database
        self._openings = Turns(
            at_once=OPENINGS_AT_ONCE_MAX, each=OPENINGS_AT_ONCE_MAX, waiting_max=OPENINGS_WAITING_MAX
        )
        self._answers = Turns(
            at_once=ANSWERS_AT_ONCE_MAX, each=ANSWERS_OF_A_PEER_MAX, waiting_max=ANSWERS_WAITING_MAX
        )
        self._letters, self._bytes, self._failures = Quotas(LETTERS), Quotas(BYTES), Quotas(FAILURES)
        self._exchanges: Counter[str] = Counter()
        self._long: set[str] = set()
        self._long_turn = asyncio.Semaphore(1)
        self._turns: dict[str, int] = {}

    async def __call__(self, envelope: bytes, source: str, /) -> AsyncIterator[bytes]:
        """
        Answer a push, or a pull: now or when there is something to say.

        Raises:
            LegationError: It is not one that is answered.
        """
        opened = await self._open(source, lambda: self._letterbox.open(envelope, Pull, Push))
        office = opened.letter.sender
        if self._exchanges[office] >= EXCHANGES_OF_A_PEER_MAX:
            raise LegationError("too many exchanges at once of one peer")
        self._exchanges[office] += 1
        try:
            await asyncio.sleep(self._letters.use(office, 1, self._now()))
            if isinstance(opened.letter, Push):
                pieces = await self._taken(office, envelope, cast("Envelope[Push]", opened))
            else:
                pieces = await self._answered(office, cast("Envelope[Pull]", opened))
        except BaseException:
            self._ended(office)
            raise
        return self._until_given(office, pieces)

    async def _until_given(self, office: str, pieces: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
        """Give out an answer, and count the exchange until it ends; it begins as soon as it is asked for."""
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    yield piece
        finally:
            self._ended(office)

    def _ended(self, office: str) -> None:
        self._exchanges[office] -= 1
        if not self._exchanges[office]:
            del self._exchanges[office]

    async def _taken(self, office: str, envelope: bytes, push: Envelope[Push]) -> AsyncGenerator[bytes, None]:
        await asyncio.sleep(self._bytes.use(office, len(envelope), self._now()))
        # While it is taken in, a long one is held in memory more than once: one at a time is.
        async with self._long_turn if len(envelope) > PULL_SIZE_BYTES_MAX else nullcontext():
            return self._passed(office, await self._work(office, lambda: self._pushed.take(envelope, push)))

    async def _answered(self, office: str, found: Envelope[Pull]) -> AsyncGenerator[bytes, None]:
        await self._work(office, lambda: self._answering.take_in(found.letter))
        fetch = found.letter.fetch
        if fetch is not None:
            chunks = await self._work(office, lambda: self._answering.chunks(found, fetch))
            return self._passed(office, chunks)
        return self._give(found, await self._wait(found))

    @asynccontextmanager
    async def let_in(self, beginning: bytes, source: str, /) -> AsyncIterator[None]:
        """
        Let a long envelope in, by its beginning: a push that a peer wrote.

        Raises:
            LegationError: It is none, another of that peer is coming in, or too many are.
        """
        office = await self._open(source, lambda: self._letterbox.sender(beginning))
        if office in self._long or len(self._long) >= LONG_AT_ONCE_MAX:
            raise LegationError("too many long envelopes at once")
        self._long.add(office)
        try:
            yield
        finally:
            self._long.discard(office)

    async def _open(self, source: str, act: Callable[[], Done]) -> Done:
        """Open something of which nobody knows yet who wrote it."""
        is_suspect = self._failures.owes(source, self._now())
        try:
            async with self._openings.turn(SUSPECTS if is_suspect else source):
                return await asyncio.to_thread(act)
        except LegationError:
            self._failures.use(source, 1, self._now())
            raise

    async def _wait(self, found: Envelope[Pull]) -> Batch:
        """Wait until there is news, the time is over, or the same peer pulls anew."""
        pull = found.letter
        turn = self._turns[pull.sender] = self._turns.get(pull.sender, 0) + 1
        await self._doorbell.ring()
        until = asyncio.get_running_loop().time() + pull.wait_s
        while True:
            seen = self._database.data_version()
            batch = await self._work(pull.sender, lambda: self._answering.batch(pull))
            if batch.is_due or not await self._news(pull, turn, seen, until):
                return batch

    async def _news(self, pull: Pull, turn: int, seen: int, until: float) -> bool:
        """
        Wait until a commit brings something for a pull.

        Returns:
            False if its time is over before that, or its turn, or the node ends.
        """
        while True:
            left = until - asyncio.get_running_loop().time()
            if left <= 0 or turn != self._turns[pull.sender] or self._doorbell.is_closed:
                return False
            await self._doorbell.wait(seen, left, unless=lambda: turn != self._turns[pull.sender])
            seen = self._database.data_version()
            if self._answering.has_news(pull):
                return True

    async def _give(self, found: Envelope[Pull], batch: Batch) -> AsyncGenerator[bytes, None]:
        office = found.letter.sender
        async for piece in self._passed(office, self._answering.pieces(found, batch)):
            yield piece
        if batch.entries:
            # The peer is busy with this batch and will come for the next: it is made meanwhile.
            ahead = asyncio.create_task(self._work(office, lambda: self._answering.work_ahead(office)))
            self._ahead.add(ahead)
            ahead.add_done_callback(self._done)

    async def _passed(self, office: str, pieces: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
        """Pass pieces on, each made by a worker when it is asked for."""
        while (piece := await self._work(office, lambda: next(pieces, None))) is not None:
            yield piece

    def _done(self, ahead: "asyncio.Task[None]") -> None:
        """Let go of a task; what it could not do is done at the next pull, and fails there if it must."""
        self._ahead.discard(ahead)
        if not ahead.cancelled() and ahead.exception() is not None:
            self._report("work ahead", ahead.exception() or LegationError("cancelled"))

    async def _work(self, office: str, act: Callable[[], Done]) -> Done:
        async with self._answers.turn(office):
            return await asyncio.to_thread(act)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
