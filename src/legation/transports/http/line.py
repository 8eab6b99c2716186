# SPDX-License-Identifier: Apache-2.0
"""
The line to a peer: where its bytes go, how long they may take, and how it is closed.

Rules kept here:

1. A name is resolved once and its numbers are pinned for ``PIN_TIME_S``. Each is judged
   (``may_be_called``), and what is called is that very number, not the name again.
2. Nothing waits for ever, and only waiting counts. Until its answer begins, the other side has the time
   it was given, whatever else it says. While we send, and while it answers, what moves earns time at
   ``RATE_BYTES_PER_S_MIN``, of which no more than ``STALL_TIME_S`` is saved up.
3. Nothing is endless: all that comes in is counted, with heads, chunk sizes and what is never handed on.
4. ``close`` works from any thread at any moment: whoever waits gets an ``UnreachableError`` at once,
   while a name is resolved, while connecting, and in a long poll.

One thread at a time uses a line; only ``close`` may come from another.
"""

import select
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import contextmanager, suppress
from enum import Enum, auto
from threading import Lock, Thread
from typing import Any

import httpcore2

from legation.errors import UnreachableError
from legation.transports.http.address import Address, Resolve, may_be_called

PIN_TIME_S = 600  # a peer that moves is found again within ten minutes
NUMBERS_MAX = 4  # of one name; more are not tried
CONNECT_TIME_S = 10  # for resolving, connecting and TLS, each; a line over a satellite needs about 2
ANSWER_TIME_S = 20  # until the first byte of an answer, beyond what the other side may wait
STALL_TIME_S = 30  # how long the other side may fall behind
HEAD_SIZE_BYTES_MAX = 1 << 17  # until an answer begins; ours have 200 bytes, and 64 KiB are read at once
FRAMING_FACTOR = 2  # what chunks may add to an answer; ours of 64 KiB add 8 bytes each
RATE_BYTES_PER_S_MIN = 2048  # 16 kbit/s: less than any line that is worth its exchange


class _Phase(Enum):
    """Whose turn it is."""

    ASKING = auto()
    WAITING = auto()
    ANSWERED = auto()


class Line(httpcore2.NetworkBackend):
    """
    Connects to one address, whatever it is asked for, and keeps the socket at hand.

    Args:
        address: Where the peer is.
        resolve: How names are resolved.
    """

    def __init__(self, address: Address, resolve: Resolve) -> None:
        self._address = address
        self._resolve = resolve
        self._pinned: Sequence[str] = ()
        self._pinned_until = 0.0
        self._left_s = 0.0
        self._left_size_bytes = 0
        self._answer_time_s = 0.0
        self._phase = _Phase.ASKING
        # What `close` touches from another thread.
        self._lock = Lock()
        self._is_closed = False
        self._socket: socket.socket | None = None
        self._question: Future[Sequence[str]] | None = None

    @property
    def is_closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._is_closed

    def begin(self, wait_s: float) -> None:
        """
        Begin an exchange.

        Args:
            wait_s: How long the other side may wait before it answers.

        Raises:
            UnreachableError: The line has been closed.
        """
        self._check_open()
        self._phase = _Phase.ASKING
        self._left_s = STALL_TIME_S
        self._left_size_bytes = HEAD_SIZE_BYTES_MAX
        self._answer_time_s = wait_s + ANSWER_TIME_S

    def turn(self) -> None:
        """All is sent; now the other side has the time it was given."""
        if self._phase is _Phase.ASKING:
            self._phase = _Phase.WAITING
            self._left_s = self._answer_time_s

    def answered(self, size_bytes_max: int) -> None:
        """The answer has begun, and has at most *size_bytes_max*."""
        self._phase = _Phase.ANSWERED
        self._left_s = STALL_TIME_S
        self._left_size_bytes += size_bytes_max * FRAMING_FACTOR

    def close(self) -> None:
        """Cut the line, now and for ever; harmless when it is cut already."""
        with self._lock:
            self._is_closed = True
            if self._question is not None:
                self._question.cancel()
            if self._socket is not None:
                # Only shut down: to close a descriptor that another thread waits on may hand that
                # thread somebody else's. And by the plain socket's method, which leaves TLS alone.
                with suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def unreachable(self, what: str, *, hint: str = "") -> UnreachableError:
        """Say what went wrong on the line; that it was closed here explains everything else."""
        if self._is_closed:
            return UnreachableError(f"the line to `{self._address}` was closed here")
        return UnreachableError(f"`{self._address}` {what}", hint=hint)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """
        Connect to the first pinned number that answers; the arguments are not asked.

        Raises:
            UnreachableError: There is none.
        """
        numbers = self._numbers()
        self._left_s = CONNECT_TIME_S
        for index, number in enumerate(numbers):
            # The first one, dead, leaves the others their share of time.
            with suppress(OSError):
                connection = self._connect(number, self._left_s / (len(numbers) - index))
                self._left_s = STALL_TIME_S
                return _Stream(connection, self)
        raise self.unreachable("cannot be connected to")

    @contextmanager
    def waiting(self, connection: socket.socket, time_s: float | None = None) -> Iterator[None]:
        """
        Use a socket, for at most *time_s* and at most as long as the other side still has.

        Raises:
            TimeoutError: That was not long enough.
            UnreachableError: The line has been closed, maybe before there was anything to shut down.
        """
        self._check_open()
        if self._left_s <= 0:
            raise TimeoutError
        connection.settimeout(min(self._left_s, time_s or self._left_s))
        began = time.monotonic()
        try:
            yield
        finally:
            self._left_s -= time.monotonic() - began

    def received(self, size_bytes: int) -> None:
        """
        Count what the other side gave.

        Raises:
            UnreachableError: It is more than an answer can be.
        """
        self._left_size_bytes -= size_bytes
        if self._left_size_bytes < 0:
            raise self.unreachable("answers without end")
        self.moved(size_bytes)

    def moved(self, size_bytes: int) -> None:
        """Give the other side time for what it took or gave."""
        if self._phase is not _Phase.WAITING:
            self._left_s = min(self._left_s + size_bytes / RATE_BYTES_PER_S_MIN, STALL_TIME_S)

    def secure(self, connection: socket.socket, context: ssl.SSLContext, host: str | None) -> ssl.SSLSocket:
        """
        Speak TLS from here on.

        Raises:
            OSError: It does not, or not with a certificate that is trusted.
        """
        try:
            # From here on the old socket is an empty shell.
            secured = context.wrap_socket(connection, server_hostname=host, do_handshake_on_connect=False)
        except BaseException:
            self.drop(connection)
            raise
        try:
            self._hold(secured)
            self._left_s = CONNECT_TIME_S
            with self.waiting(secured):
                secured.do_handshake()
        except BaseException:
            self.drop(secured)
            raise
        self._left_s = STALL_TIME_S
        return secured

    def drop(self, connection: socket.socket) -> None:
        """Close a socket, and not while `close` has it in hand."""
        with self._lock:
            if self._socket is connection:
                self._socket = None
            connection.close()

    def _hold(self, connection: socket.socket) -> None:
        """Take a socket as the one that `close` shuts down."""
        with self._lock:
            self._socket = connection
        self._check_open()

    def _check_open(self) -> None:
        if self._is_closed:
            raise self.unreachable("is closed")

    def _connect(self, number: str, time_s: float) -> socket.socket:
        connection = socket.socket(socket.AF_INET6 if ":" in number else socket.AF_INET)
        try:
            self._hold(connection)
            with self.waiting(connection, time_s):
                connection.connect((number, self._address.port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            self.drop(connection)
            raise
        return connection

    def _numbers(self) -> Sequence[str]:
        """Give the numbers that are called."""
        written = self._address.number
        if written is None and time.monotonic() >= self._pinned_until:
            self._pinned = self._ask()
            self._pinned_until = time.monotonic() + PIN_TIME_S
        found = self._pinned if written is None else (written,)
        numbers = [number for number in found if may_be_called(number, written=written is not None)]
        if not numbers:
            raise self.unreachable("leads to no number that is called", hint="see the addresses of its card")
        return numbers[:NUMBERS_MAX]

    def _ask(self) -> Sequence[str]:
        """Resolve the name in a thread of its own: the system's resolver cannot be interrupted."""
        question: Future[Sequence[str]] = Future()
        with self._lock:
            self._question = question
        self._check_open()
        Thread(target=self._reply, args=(question,), daemon=True).start()
        try:
            return question.result(CONNECT_TIME_S)
        except (CancelledError, OSError, UnicodeError):  # a TimeoutError too
            raise self.unreachable("is a name that does not resolve") from None

    def _reply(self, question: Future[Sequence[str]]) -> None:
        # Whoever asked may have gone.
        with suppress(InvalidStateError):
            try:
                question.set_result(self._resolve(self._address.host))
            except (OSError, UnicodeError) as error:
                question.set_exception(error)


class _Stream(httpcore2.NetworkStream):
    """A connected socket, as ``httpcore2`` wants it, under the rules of its line."""

    def __init__(self, connection: socket.socket, line: Line) -> None:
        self._socket = connection
        self._line = line

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._line.turn()
        try:
            with self._line.waiting(self._socket):
                data = self._socket.recv(max_bytes)
        except TimeoutError:
            raise self._line.unreachable("does not answer in time") from None
        except OSError:
            raise self._line.unreachable("broke off") from None
        self._line.received(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        view = memoryview(buffer)
        while view:
            try:
                with self._line.waiting(self._socket):
                    size_bytes = self._socket.send(view)
            except TimeoutError:
                raise self._line.unreachable("does not take what it is sent") from None
            except OSError as error:
                # It may have answered before it hung up: then the answer says more.
                raise httpcore2.WriteError from error
            self._line.moved(size_bytes)
            view = view[size_bytes:]

    def close(self) -> None:
        self._line.drop(self._socket)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        try:
            return _Stream(self._line.secure(self._socket, ssl_context, server_hostname), self._line)
        except ssl.SSLCertVerificationError:
            hint = "ask its administrator, and see which authorities this system trusts"
            raise self._line.unreachable("shows a certificate that is not trusted", hint=hint) from None
        except OSError:
            raise self._line.unreachable("does not speak TLS") from None

    def get_extra_info(self, info: str) -> Any:
        return self._has_input() if info == "is_readable" else None

    def _has_input(self) -> bool:
        """Whether there is something to read; an idle peer that has hung up looks like this."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))
