# SPDX-License-Identifier: Apache-2.0
"""
Long envelopes: let in by their beginning, bounded, and one place each.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from legation.errors import SignatureError, UnreachableError
from legation.transports.http.app import Long
from legation.transports.http.peer import Peer
from tests.transports.ends import SIZE_BYTES_MAX, answering, echo, eventually, running

LONG_SIZE_BYTES_MAX = 3 * SIZE_BYTES_MAX


class Door:
    """
    A doorkeeper that knows whose envelopes begin with ``k``.
    """

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.inside = 0

    @asynccontextmanager
    async def __call__(self, beginning: bytes, source: str, /) -> AsyncIterator[None]:
        """
        Let it in.
        """
        assert source == "127.0.0.1"
        self.seen.append(len(beginning))
        if not beginning.startswith(b"k"):
            raise SignatureError("sender is not known")
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1


def asked(address: str, envelope: bytes) -> bytes:
    """
    What a server answers to an envelope.
    """
    peer = Peer(address, size_bytes_max=LONG_SIZE_BYTES_MAX)
    try:
        return b"".join(peer.exchange(iter([envelope])))
    finally:
        peer.close()


def test_a_short_one_needs_no_doorkeeper() -> None:
    """
    It is answered as ever.
    """
    door = Door()
    with running(answering(echo), long=Long(size_bytes_max=LONG_SIZE_BYTES_MAX, doorkeeper=door)) as server:
        assert asked(server.address, b"x" * SIZE_BYTES_MAX) == b"x" * SIZE_BYTES_MAX
    assert door.seen == []


def test_a_long_one_is_let_in_once_by_its_beginning() -> None:
    """
    When it has become longer than what anybody may send, and not before; its place is free again afterwards.
    """
    door = Door()
    with running(answering(echo), long=Long(size_bytes_max=LONG_SIZE_BYTES_MAX, doorkeeper=door)) as server:
        told = b"k" * LONG_SIZE_BYTES_MAX
        assert asked(server.address, told) == told
        assert eventually(lambda: door.inside == 0)
    [size_bytes] = door.seen
    assert SIZE_BYTES_MAX < size_bytes < 2 * SIZE_BYTES_MAX


@pytest.mark.parametrize("envelope", [b"x" * LONG_SIZE_BYTES_MAX, b"k" * (LONG_SIZE_BYTES_MAX + 1)])
def test_a_strangers_and_one_that_is_too_long_are_refused(envelope: bytes) -> None:
    """
    With the one refusal, and no place is held.
    """
    door = Door()
    with running(answering(echo), long=Long(size_bytes_max=LONG_SIZE_BYTES_MAX, doorkeeper=door)) as server:
        with pytest.raises(UnreachableError):
            asked(server.address, envelope)
        assert eventually(lambda: door.inside == 0)
        assert len(door.seen) == 1


def test_without_a_doorkeeper_none_comes_in() -> None:
    """
    A server that takes no pushes.
    """
    with running(answering(echo)) as server, pytest.raises(UnreachableError):
        asked(server.address, b"k" * LONG_SIZE_BYTES_MAX)


def test_a_place_is_held_until_the_exchange_ends() -> None:
    """
    For what is held in memory is held until then; also if the asker hangs up.
    """
    door = Door()
    inside: list[int] = []

    async def later(envelope: bytes) -> AsyncIterator[bytes]:
        inside.append(door.inside)
        await asyncio.sleep(0.2)
        inside.append(door.inside)
        yield envelope[:1]

    with running(answering(later), long=Long(size_bytes_max=LONG_SIZE_BYTES_MAX, doorkeeper=door)) as server:
        assert asked(server.address, b"k" * LONG_SIZE_BYTES_MAX) == b"k"
        assert inside == [1, 1]
        with server.connect() as line, suppress(OSError):
            head = f"POST /exchange HTTP/1.1\r\nHost: a\r\nContent-Length: {LONG_SIZE_BYTES_MAX}\r\n\r\n"
            line.sendall(head.encode() + b"k" * (2 * SIZE_BYTES_MAX))
            assert eventually(lambda: door.inside == 1)
        assert eventually(lambda: door.inside == 0)
