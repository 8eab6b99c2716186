# SPDX-License-Identifier: Apache-2.0
"""
Runs an application on a socket, with ``uvicorn``, and keeps within limits what an application cannot see.

Rules kept here:

1. A request has ``HEAD_TIME_S`` to say its headers, an idle connection ``KEEP_ALIVE_TIME_S``, and one that is
   being closed ``LINGER_TIME_S`` to take what was sent. If there are more than ``CONNECTIONS_MAX``, the one
   goes that has asked for nothing yet, for longest: an honest one has asked after a round trip.
2. What is no HTTP gets the same refusal as everything else.
3. Nothing is printed and no signal is caught; that is for whoever runs a server.
4. When it stops, what is going on has ``STOP_TIME_S`` to end, and is then cut.

TLS is left to a proxy in front.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from math import ceil
from typing import cast

from starlette.types import ASGIApp
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from legation.errors import LegationError
from legation.transports.http.app import EMPTY_HEADERS, HEADERS_SIZE_BYTES_MAX

CONNECTIONS_MAX = 512  # half of the files that a process may usually have open
HEAD_TIME_S = 10.0  # from the connection to the end of the first headers
KEEP_ALIVE_TIME_S = 30.0  # from an answer to the end of the next headers; more than a client keeps one
LINGER_TIME_S = 10.0  # for the last bytes of a connection that is being closed
STOP_TIME_S = 2.0  # for what is going on when the server stops

_SILENT = logging.CRITICAL + 1  # uvicorn's own messages may hold what a request held
_NO_LINGERING = struct.pack("ii", 1, 0)  # struct linger: on, for no time
_TICKS_PER_S = 10  # how often uvicorn looks around


async def serve(
    app: ASGIApp, *, host: str, port: int, stop: asyncio.Event, started: Callable[[str, int], None]
) -> None:
    """
    Serve until told to stop.

    Args:
        app: What is served.
        host: Number or name of the interface.
        port: 0 for one that is free.
        stop: Set by the caller, from this event loop.
        started: Told host and port as soon as connections are taken.

    Raises:
        LegationError: There is nothing to listen on.
    """
    config = Config(
        app,
        http=_Connection,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level=_SILENT,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        workers=1,
        timeout_keep_alive=ceil(KEEP_ALIVE_TIME_S),
        timeout_graceful_shutdown=ceil(STOP_TIME_S) + 1,  # should an answerer not let itself be cancelled
        h11_max_incomplete_event_size=HEADERS_SIZE_BYTES_MAX,
    )
    server = _Server(config, stop, started)
    with _listen(host, port) as listener:
        try:
            await server.serve([listener])
        finally:
            server.cut()  # nothing is left, unless this was cancelled


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server((str(address[0]), port), family=family)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = (getattr(error, "strerror", None) or "not an address").lower()
        raise LegationError(f"cannot listen on `{host}:{port}`: {reason}") from None


class _Server(Server):
    """A server that stops when told, looks after its connections, and leaves signals alone."""

    def __init__(self, config: Config, stop: asyncio.Event, started: Callable[[str, int], None]) -> None:
        super().__init__(config)
        self.servers = []
        self._stop = stop
        self._started = started

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            self._started(*listener.getsockname()[:2])

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_PER_S == 0:
            for connection in self._connections():
                connection.look()
        self.should_exit = self._stop.is_set()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        cut = asyncio.get_running_loop().call_later(STOP_TIME_S, self.cut)
        await super().shutdown(sockets)
        cut.cancel()

    def cut(self) -> None:
        """Take no connections and hang up on everybody: their exchanges end as if the askers had."""
        for listener in self.servers:
            listener.close()
        for connection in self._connections():
            connection.cut()

    def _connections(self) -> list["_Connection"]:
        return cast("list[_Connection]", list(self.server_state.connections))


class _Connection(H11Protocol):
    """A connection that does not wait for ever."""

    # What it was last seen doing (for which request, idle, closing), and since when.
    _seen: tuple[RequestResponseCycle | None, bool, bool] = (None, True, False)
    _since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._since = self.loop.time()
        # Or the end of an answer waits until its beginning is acknowledged: 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if len(self.connections) > CONNECTIONS_MAX:
            self._make_room()

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self._request is None or self._request.response_complete

    @property
    def _request(self) -> RequestResponseCycle | None:
        """The last request, which uvicorn says is always there."""
        return cast("RequestResponseCycle | None", self.cycle)

    def look(self) -> None:
        """Hang up if the other side has kept us waiting too long."""
        now, seen = self.loop.time(), (self._request, self.is_idle, self.transport.is_closing())
        if seen != self._seen:
            self._seen, self._since = seen, now
        elif now - self._since > self._time_s():
            self.cut()

    def cut(self) -> None:
        """Hang up at once; what was sent and not taken is forgotten, also by the system."""
        connection = self.transport.get_extra_info("socket")
        with suppress(OSError):  # it may be gone
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
        self.transport.abort()

    def _time_s(self) -> float:
        if self.transport.is_closing():
            return LINGER_TIME_S
        if not self.is_idle:
            return float("inf")  # the application has limits of its own
        return HEAD_TIME_S if self._request is None else KEEP_ALIVE_TIME_S

    def _make_room(self) -> None:
        """Hang up on the one that has asked for nothing yet, for longest; at worst on this one."""
        silent = [
            other
            for other in cast("set[_Connection]", self.connections)
            if other._request is None and not other.transport.is_closing()
        ]
        min(silent, key=lambda other: other._since).cut()

    def send_400_response(self, msg: str) -> None:
        if self.is_idle or not self.cycle.response_started:
            self.transport.write(self._refusal())
            self.transport.close()
        else:
            self.cut()

    def _refusal(self) -> bytes:
        """Write what the application's refusal looks like on the wire."""
        headers = [*self.server_state.default_headers, *EMPTY_HEADERS]
        lines = [b"HTTP/1.1 400 Bad Request", *(name + b": " + value for name, value in headers)]
        return b"\r\n".join(lines) + b"\r\n\r\n"
