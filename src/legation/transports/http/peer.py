# SPDX-License-Identifier: Apache-2.0
"""
The asking side: an envelope goes to a peer, and the pieces of another come back.

Rules kept here:

1. Nothing is followed and nothing obeyed: no redirect, cookie, proxy or encoding, and nothing of the
   environment. This is why it stands on ``httpcore2``, the layer of ``httpx2`` that has none of them.
2. An answer has status 200, says where it ends (a length, or chunks) and is no longer than what
   was allowed. One that only ends with the connection might be cut and look whole: it is refused.
3. Whatever else happens is an ``UnreachableError``; in the middle of an answer too. So pieces that came
   without an error at their end are all there are.
4. What a message names of the peer is host and port.

Use, in a worker thread::

    peer = Peer("192.0.2.17:8443", size_bytes_max=ENVELOPE_SIZE_BYTES_MAX)
    envelope = read_envelope(peer.exchange(pull, wait_s=55), ...)
"""

import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock

import httpcore2
from httpx2 import create_ssl_context

from legation.transports.http.address import Resolve, read_address, resolve
from legation.transports.http.line import Line

KEEP_ALIVE_TIME_S = 20  # less than a server keeps an idle line: it does not hang up while we ask
STATUS_ANSWERED = 200

_REFUSED_HINT = "the other office may not have confirmed our card, or has too many exchanges at once"


class Peer:
    """
    One other node, and the one connection to it, kept open between exchanges.

    ``exchange`` is for one thread at a time; ``close`` may be called from any, and ends an exchange
    that is going on.

    Args:
        address: As its card has it.
        size_bytes_max: Of an answer.
        resolve: How names are resolved.
        tls: Whom to trust, and as whom to come; the operating system's authorities if not given.

    Raises:
        MalformedError: The address is none.
    """

    def __init__(
        self,
        address: str,
        *,
        size_bytes_max: int,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._address = read_address(address)
        self._size_bytes_max = size_bytes_max
        self._line = Line(self._address, resolve)
        self._busy = Lock()
        if tls is None and self._address.secure:
            tls = create_ssl_context(trust_env=False)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls,
            max_connections=1,
            keepalive_expiry=KEEP_ALIVE_TIME_S,
            network_backend=self._line,
        )

    def exchange(self, envelope: bytes | Iterable[bytes], *, wait_s: float = 0) -> Iterator[bytes]:
        """
        Send an envelope and hand on the pieces of the answer as they come.

        Nothing is sent before the first piece is asked for. Whoever lets go in the middle loses the
        connection, and nothing else.

        Args:
            envelope: The envelope; as pieces if it is long.
            wait_s: How long the other side may wait until it answers (long poll).

        Raises:
            UnreachableError: There is no answer, or it ends before its end. A piece of *envelope* that
                cannot be made raises what it raises.
        """
        if not self._busy.acquire(blocking=False):
            raise TypeError("a peer has one exchange at a time")
        try:
            with self._translated():
                yield from self._exchange(envelope, wait_s)
        finally:
            self._busy.release()
            if self._line.is_closed:
                self._tidy()

    def close(self) -> None:
        """End what is going on, and everything after it."""
        self._line.close()
        self._tidy()

    def _tidy(self) -> None:
        """Close the socket; if it is in use, its user does so when they leave."""
        if self._busy.acquire(blocking=False):
            self._pool.close()
            self._busy.release()

    def _exchange(self, envelope: bytes | Iterable[bytes], wait_s: float) -> Iterator[bytes]:
        self._line.begin(wait_s)
        response = self._pool.handle_request(self._request(envelope))
        self._line.answered(self._size_bytes_max)
        try:
            self._check(response)
            size_bytes = 0
            for piece in response.iter_stream():
                size_bytes += len(piece)
                self._check_size(size_bytes)
                yield piece
        finally:
            response.close()

    def _request(self, envelope: bytes | Iterable[bytes]) -> httpcore2.Request:
        address = self._address
        framing = (
            ("Content-Length", str(len(envelope)))
            if isinstance(envelope, bytes)
            else ("Transfer-Encoding", "chunked")
        )
        return httpcore2.Request(
            "POST",
            httpcore2.URL(
                scheme="https" if address.secure else "http",
                host=address.host,
                port=address.port,
                target=address.path,
            ),
            headers=[("Host", str(address)), ("Content-Type", "application/octet-stream"), framing],
            content=envelope,
        )

    def _check(self, response: httpcore2.Response) -> None:
        if response.status != STATUS_ANSWERED:
            raise self._line.unreachable(f"answered with status {response.status}", hint=_REFUSED_HINT)
        headers = {name.lower(): value for name, value in response.headers}
        if b"transfer-encoding" in headers:
            return
        if b"content-length" not in headers:
            raise self._line.unreachable("does not say where its answer ends")
        self._check_size(int(headers[b"content-length"]))

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self._size_bytes_max:
            raise self._line.unreachable(f"answers with more than {self._size_bytes_max} bytes")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Let no foreign exception of the connection out."""
        try:
            yield
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException):
            raise self._line.unreachable("broke off") from None
