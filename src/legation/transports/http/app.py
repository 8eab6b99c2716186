# SPDX-License-Identifier: Apache-2.0
"""
The answering side: one route, and what may come in by it.

Rules kept here:

1. There are three responses. An answer: status 200, and what was asked for. One refusal: status 400
   and nothing else, byte for byte the same, whatever the reason: method, form, length, time, unknown
   sender, signature, store, too many at once. And 404, for every other path. So nobody learns from a
   response whom we know, what we hold or how busy we are; the reason goes to ``report`` alone.
2. Every refusal closes the connection: the rest of a body is not read.
3. An answer that breaks off cuts the connection between chunks, so that it never looks whole. HTTP/1.0,
   which has no chunks, is refused.
4. Bodies on their way in (``bodies``) and exchanges being answered are bounded each for itself: slow
   bodies take no place from long polls, nor long polls from bodies. One that is long is let in by a doorkeeper,
   who has seen its beginning, or not at all.
5. An answer that nobody takes is cut off; if the asker hangs up, the answerer is cancelled.

"Too many at once" is 400 and not 503 because of rule 1: how busy we are says how many talk to us. The
asker comes back later either way, and our own operator hears of it through ``report``.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from legation.errors import LegationError, LocalProtocolError, MalformedError, UnreachableError
from legation.transports.http.address import PATH
from legation.transports.http.bodies import Bodies, GoneError

HEADERS_SIZE_BYTES_MAX = 1 << 14  # of a request; ours have less than 512
READING_MAX = 256  # bodies on their way in; each may hold an envelope's size in memory
ANSWERING_MAX = 256  # most of them long polls: more than one node has peers
BODY_TIME_S = 60.0  # for a whole body
GRACE_TIME_S = 10.0  # for the beginning of a body, before its rate counts
SEND_TIME_S = 30.0  # for each part of an answer
PART_SIZE_BYTES = 1 << 16  # of an answer, sent at once: about what a socket holds

# The last one as h11 spells it, which writes it itself where the asker asked for it.
EMPTY_HEADERS = ((b"content-length", b"0"), (b"cache-control", b"no-store"), (b"Connection", b"close"))
ANSWER_HEADERS = ((b"content-type", b"application/octet-stream"), (b"cache-control", b"no-store"))
STATUS_ANSWERED, STATUS_REFUSED, STATUS_ELSEWHERE = 200, 400, 404


class Answerer(Protocol):
    """
    What answers an envelope.

    It may take its time (long poll), and is cancelled if the asker goes away. What it raises before its
    first piece refuses the exchange; what it raises later cuts it off.
    """

    async def __call__(self, envelope: bytes, source: str, /) -> AsyncIterator[bytes]:
        """Give the pieces of the answer, one at least; *source* is the number that it came from."""
        ...


class Doorkeeper(Protocol):
    """
    Lets a long envelope in, by its beginning: ``size_bytes_max`` of it and maybe more.

    What it raises refuses the exchange. Its place is held until the exchange ends.
    """

    def __call__(self, beginning: bytes, source: str, /) -> AbstractAsyncContextManager[None]:
        """Give it a place."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Long:
    """
    How long envelopes come in.

    Args:
        size_bytes_max: Of one; it is held in memory whole.
        doorkeeper: Who lets it in.
    """

    size_bytes_max: int
    doorkeeper: Doorkeeper


Report = Callable[[BaseException], None]
"""Told why an exchange was refused or cut; it does not raise."""


def exchange_app(
    answer: Answerer,
    *,
    size_bytes_max: int,
    report: Report,
    long: Long | None = None,
    paths: Collection[str] = (PATH,),
    reading_max: int = READING_MAX,
    answering_max: int = ANSWERING_MAX,
    body_time_s: float = BODY_TIME_S,
    grace_time_s: float = GRACE_TIME_S,
    send_time_s: float = SEND_TIME_S,
) -> ASGIApp:
    """
    Make the application that answers exchanges; it knows no lifespan.

    Args:
        answer: What answers an envelope.
        size_bytes_max: Of an envelope that comes in from anybody; it is held in memory whole.
        long: How longer ones come in; none do without.
        report: Told why an exchange was refused or cut.
        paths: Where exchanges are answered: ``/exchange``, and the path that our card names. They are
            compared with the raw path, so there is one spelling of each.
        reading_max: Bodies on their way in at once.
        answering_max: Exchanges that wait or are being answered at once.
        body_time_s: For a whole body.
        grace_time_s: For the beginning of a body, before its rate counts.
        send_time_s: For each part of an answer.
    """
    bodies = Bodies(
        count_max=reading_max, size_bytes_max=size_bytes_max, time_s=body_time_s, grace_time_s=grace_time_s
    )
    return _Exchanges(
        answer=answer,
        report=report,
        paths={path.encode("ascii") for path in paths},
        bodies=bodies,
        long=long,
        answering_max=answering_max,
        send_time_s=send_time_s,
    )


class _CutError(Exception):
    """Makes the server cut the connection; holds nothing."""


class _Exchanges:
    """The application."""

    def __init__(
        self,
        *,
        answer: Answerer,
        report: Report,
        paths: Collection[bytes],
        bodies: Bodies,
        long: Long | None,
        answering_max: int,
        send_time_s: float,
    ) -> None:
        self._answer = answer
        self._report = report
        self._paths = paths
        self._bodies = bodies
        self._long = long
        self._answering_max = answering_max
        self._answering = 0
        self._send_time_s = send_time_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", "an exchange is an HTTP request"
        reply = _Reply(send, self._send_time_s)
        # What a mount has taken off a path stands in the raw path still.
        if scope["raw_path"] not in self._paths or scope["query_string"]:
            await reply.close(STATUS_ELSEWHERE)
            return
        try:
            await self._exchange(scope, receive, reply)
        except GoneError:
            return
        except Exception as error:  # noqa: BLE001 - one of the three doors where everything is caught
            try:
                self._report(error)
            finally:
                await reply.refuse()

    async def _exchange(self, scope: Scope, receive: Receive, reply: "_Reply") -> None:
        long, source = self._long, _source(scope)
        _check_form(scope, self._bodies.size_bytes_max if long is None else long.size_bytes_max)
        async with AsyncExitStack() as places:

            async def let_in(beginning: bytes) -> int:
                if long is None:
                    raise MalformedError(f"an envelope is longer than {self._bodies.size_bytes_max} bytes")
                await places.enter_async_context(long.doorkeeper(beginning, source))
                return long.size_bytes_max

            envelope = await self._bodies.read(receive, let_in)
            if self._answering >= self._answering_max:
                raise LegationError("too many exchanges at once")
            self._answering += 1
            try:
                await _unless_gone(self._stream(envelope, source, reply), receive)
            finally:
                self._answering -= 1

    async def _stream(self, envelope: bytes, source: str, reply: "_Reply") -> None:
        pieces = await self._answer(envelope, source)
        try:
            async for piece in pieces:
                await reply.send(piece)
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()
        if not reply.is_started:
            raise LocalProtocolError("an answer has no piece")
        await reply.end()


class _Reply:
    """The one response to a request; its status is not sent before there is something to send."""

    def __init__(self, send: Send, send_time_s: float) -> None:
        self._send = send
        self._send_time_s = send_time_s
        self.is_started = False

    async def send(self, piece: bytes) -> None:
        """Send a piece of the answer, in parts that a slow reader can take in time."""
        if not self.is_started:
            await self._start(STATUS_ANSWERED, ANSWER_HEADERS)
        for begin in range(0, len(piece), PART_SIZE_BYTES):
            await self._body(piece[begin : begin + PART_SIZE_BYTES], more=True)

    async def end(self) -> None:
        """The answer is whole."""
        await self._body(b"", more=False)

    async def refuse(self) -> None:
        """
        Refuse, or cut an answer that has begun.

        Raises:
            _CutError: It has begun; the server then cuts the connection.
        """
        if self.is_started:
            raise _CutError from None
        await self.close(STATUS_REFUSED)

    async def close(self, status: int) -> None:
        """Answer nothing but this status."""
        await self._start(status, EMPTY_HEADERS)
        await self._body(b"", more=False)

    async def _start(self, status: int, headers: Collection[tuple[bytes, bytes]]) -> None:
        self.is_started = True
        await self._send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def _body(self, data: bytes, *, more: bool) -> None:
        try:
            async with asyncio.timeout(self._send_time_s):
                await self._send({"type": "http.response.body", "body": data, "more_body": more})
        except TimeoutError:
            raise UnreachableError("an answer is not taken") from None


def _source(scope: Scope) -> str:
    """The number that a request came from; of a proxy, where one stands in front."""
    client = scope.get("client")
    return "" if client is None else str(client[0])


def _check_form(scope: Scope, size_bytes_max: int) -> None:
    """
    Check what can be said of a request before its body.

    1. It is a POST, in a version of HTTP that has chunks.
    2. Its headers are few. The server bounds those that come in pieces; this bounds the others.
    3. It says in one way how long its body is: a proxy may have read the other.
    4. It does not say that it is too long.

    Raises:
        MalformedError: One does not hold.
    """
    # 1. Method and version.
    if scope["method"] != "POST" or scope["http_version"] != "1.1":
        raise MalformedError("an exchange is a POST in HTTP/1.1")
    # 2. Size.
    headers = scope["headers"]
    if sum(len(name) + len(value) for name, value in headers) > HEADERS_SIZE_BYTES_MAX:
        raise MalformedError(f"headers are longer than {HEADERS_SIZE_BYTES_MAX} bytes")
    # 3. Framing.
    framing = [(name, value) for name, value in headers if name in {b"content-length", b"transfer-encoding"}]
    if len(framing) != 1:
        raise MalformedError("a request says in one way how long its body is")
    # 4. Length; the server has seen to it that it is a number.
    name, value = framing[0]
    if name == b"content-length" and int(value) > size_bytes_max:
        raise MalformedError(f"an envelope is longer than {size_bytes_max} bytes")


async def _unless_gone(act: Awaitable[None], receive: Receive) -> None:
    """
    Act, but no longer than the asker is there.

    Raises:
        GoneError: The asker hung up.
    """
    work = asyncio.ensure_future(act)
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
    finally:
        work.cancel()
        gone.cancel()
        await asyncio.wait((work, gone))
    if work.cancelled():
        raise GoneError
    work.result()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
