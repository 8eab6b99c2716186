# SPDX-License-Identifier: Apache-2.0
"""
The two ends of a line, on 127.0.0.1: our server around any answerer, and peers that say what they like.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from legation.transports.http.app import Answerer, exchange_app
from legation.transports.http.peer import Peer
from legation.transports.http.server import serve

PATIENCE_S = 20.0  # for what must happen; far more than it takes
SIZE_BYTES_MAX = 1 << 20

Pieces = Callable[[bytes], AsyncIterator[bytes]]


def answering(pieces: Pieces) -> Answerer:
    """Make an answerer of a function that gives pieces."""

    async def answer(envelope: bytes, source: str, /) -> AsyncIterator[bytes]:
        assert source == "127.0.0.1"
        return pieces(envelope)

    return answer


async def echo(envelope: bytes) -> AsyncIterator[bytes]:
    """Give back what came, in pieces."""
    for begin in range(0, len(envelope), 1 << 16):
        yield envelope[begin : begin + (1 << 16)]


@dataclass
class Running:
    """A server that runs: where, what it reported, and what its event loop complained of."""

    loop: asyncio.AbstractEventLoop
    stop: asyncio.Event
    host: str = ""
    port: int = 0
    reports: list[BaseException] = field(default_factory=list)
    complaints: list[dict[str, Any]] = field(default_factory=list)
    has_started: Event = field(default_factory=Event)
    has_stopped: Event = field(default_factory=Event)

    @property
    def address(self) -> str:
        """As a card has it."""
        return f"{self.host}:{self.port}"

    def start(self, host: str, port: int) -> None:
        """Hear from the server that it has started."""
        self.host, self.port = host, port
        self.has_started.set()

    def told_to_stop(self) -> None:
        """Tell it to stop."""
        self.loop.call_soon_threadsafe(self.stop.set)

    def has_stopped_within_s(self) -> float:
        """Tell it to stop, and how long that takes."""
        began = time.monotonic()
        self.told_to_stop()
        assert self.has_stopped.wait(PATIENCE_S)
        return time.monotonic() - began

    def connect(self) -> socket.socket:
        """Connect to it, plainly."""
        return socket.create_connection((self.host, self.port), timeout=PATIENCE_S)

    def hears(self, request: bytes) -> bytes:
        """Everything it says to a request until it hangs up; one sent away at the door has heard nothing."""
        try:
            connection = self.connect()
        except ConnectionError:
            return b""
        with connection:
            with suppress(OSError):
                connection.sendall(request)
            return rest(connection)


@contextmanager
def running(answer: Answerer, **limits: Any) -> Iterator[Running]:
    """Run our server, in a thread and an event loop of its own; it must have had nothing to complain of."""
    loop = asyncio.new_event_loop()
    server = Running(loop=loop, stop=asyncio.Event())
    loop.set_exception_handler(lambda _, context: server.complaints.append(context))
    usual: dict[str, Any] = {"size_bytes_max": SIZE_BYTES_MAX, "report": server.reports.append}
    app = exchange_app(answer, **(usual | limits))

    def run() -> None:
        task = serve(app, host="127.0.0.1", port=0, stop=server.stop, started=server.start)
        loop.run_until_complete(task)
        server.has_stopped.set()

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        assert server.has_started.wait(PATIENCE_S)
        yield server
    finally:
        if not server.has_stopped.is_set():
            server.told_to_stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
        left = asyncio.all_tasks(loop)
        loop.close()
    assert server.complaints == []
    assert not left


@contextmanager
def speaking(
    *scripts: Callable[[socket.socket], None], host: str = "127.0.0.1", port: int = 0
) -> Iterator[str]:
    """Be a peer that plays one script for each connection, the last one again and again; give its address."""
    listener = socket.create_server((host, port))
    connections: list[socket.socket] = []

    def run() -> None:
        turn = 0
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.settimeout(PATIENCE_S)
                connections.append(connection)
                script = scripts[min(turn, len(scripts) - 1)]
                Thread(target=play, args=(script, connection), daemon=True).start()
                turn += 1

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        host, port = listener.getsockname()
        yield f"{host}:{port}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(PATIENCE_S)
        for connection in connections:
            connection.close()


def play(script: Callable[[socket.socket], None], connection: socket.socket) -> None:
    """Play a script; that the other side hangs up is no fault of it."""
    with suppress(OSError):
        script(connection)
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def saying(answer: bytes) -> Callable[[socket.socket], None]:
    """Read one request and say this."""

    def script(connection: socket.socket) -> None:
        heard(connection)
        connection.sendall(answer)

    return script


def heard(connection: socket.socket) -> bytes:
    """Read one request to its end."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += received(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    if b"chunked" in head:
        while not body.endswith(b"0\r\n\r\n"):
            body += received(connection)
    else:
        size_bytes = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        while len(body) < size_bytes:
            body += received(connection)
    return head + b"\r\n\r\n" + body


def received(connection: socket.socket) -> bytes:
    """Read something."""
    data = connection.recv(1 << 16)
    if not data:
        raise ConnectionError
    return data


def rest(connection: socket.socket) -> bytes:
    """Read until the other side hangs up, gently or not."""
    parts: list[bytes] = []
    with suppress(ConnectionError):
        while data := connection.recv(1 << 16):
            parts.append(data)
    return b"".join(parts)


def post(body: bytes, *headers: bytes, path: bytes = b"/exchange") -> bytes:
    """Write a request."""
    lines = [b"POST " + path + b" HTTP/1.1", b"Host: a", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def eventually(holds: Callable[[], bool]) -> bool:
    """Wait until something holds."""
    until = time.monotonic() + PATIENCE_S
    while not holds() and time.monotonic() < until:
        time.sleep(0.01)
    return holds()


def undated(response: bytes) -> bytes:
    """Leave out the one header that differs."""
    return b"\r\n".join(line for line in response.split(b"\r\n") if not line.startswith(b"date: "))


def asked(address: str, envelope: bytes | Iterable[bytes], *, size_bytes_max: int = SIZE_BYTES_MAX) -> bytes:
    """Make one exchange with a peer."""
    with closing(Peer(address, size_bytes_max=size_bytes_max)) as peer:
        return whole(peer.exchange(envelope))


def whole(pieces: Iterable[bytes]) -> bytes:
    """Put pieces together."""
    return b"".join(pieces)
