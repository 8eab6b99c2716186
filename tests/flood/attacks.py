# SPDX-License-Identifier: Apache-2.0
"""
What strangers and peers may send to a node that listens: slow, endless, huge, malformed, replayed, concurrent.

Each attack goes on in a process of its own until it is told to stop, as fast as it is answered but for a short rest: a
flood that takes the processor away from the one that measures would say nothing of the server.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from threading import Thread
from typing import Protocol

REST_S = 0.02  # of each thread between two requests
PATIENCE_S = 5.0
BEGIN_S = 0.6  # until a process has begun

Where = tuple[str, int]


class Stop(Protocol):
    """Tells an attack to stop, from another process."""

    def is_set(self) -> bool:
        """Whether it was told."""
        ...

    def wait(self, timeout: float) -> bool:
        """Wait until it is told, for so many seconds at most."""
        ...


Attack = Callable[[Where, Stop], None]


def _head(*more: str) -> bytes:
    lines = ["POST /exchange HTTP/1.1", "Host: kor", "Content-Type: application/octet-stream", *more, "", ""]
    return "\r\n".join(lines).encode()


def post(where: Where, body: bytes) -> bytes:
    """Post a body, and hear everything that comes back."""
    with socket.create_connection(where, PATIENCE_S) as line:
        line.sendall(_head(f"Content-Length: {len(body)}", "Connection: close") + body)
        heard = bytearray()
        while piece := line.recv(1 << 16):
            heard += piece
        return bytes(heard)


def slow(where: Where, stop: Stop) -> None:
    """Hold connections open, and say a byte now and then."""
    lines = [socket.create_connection(where, PATIENCE_S) for _ in range(20)]
    for line in lines:
        line.sendall(_head("Content-Length: 66773"))
    while not stop.wait(0.2):
        for line in lines:
            with suppress(OSError):
                line.send(b"x")
    for line in lines:
        line.close()


def endless(where: Where, stop: Stop) -> None:
    """Send chunks without end."""
    chunk = b"10000\r\n" + os.urandom(1 << 16) + b"\r\n"
    while not stop.wait(REST_S):
        with suppress(OSError), socket.create_connection(where, PATIENCE_S) as line:
            line.sendall(_head("Transfer-Encoding: chunked"))
            for _ in range(64):
                if stop.is_set():
                    break
                line.sendall(chunk)


def huge(where: Where, stop: Stop) -> None:
    """Say that more will come than any envelope has, and begin."""
    while not stop.wait(REST_S):
        with suppress(OSError), socket.create_connection(where, PATIENCE_S) as line:
            line.sendall(_head(f"Content-Length: {1 << 40}") + bytes(1 << 20))
            line.recv(1 << 10)


def long(where: Where, stop: Stop) -> None:
    """Begin an envelope as long as the longest push, of nobody."""
    body = b"legation/envelope/v1\n" + os.urandom(1 << 19)
    while not stop.wait(REST_S):
        with suppress(OSError), socket.create_connection(where, PATIENCE_S) as line:
            line.sendall(_head("Content-Length: 69224133") + body)
            line.recv(1 << 10)


def malformed(where: Where, stop: Stop) -> None:
    """Send what looks like an envelope from outside."""
    while not stop.wait(REST_S):
        with suppress(OSError):
            post(where, b"legation/envelope/v1\n" + os.urandom(66_752))


def again(where: Where, stop: Stop, *, envelopes: Sequence[bytes]) -> None:
    """Send these, over and over: each is honest once, and replayed from then on."""
    while True:
        for each in envelopes:
            if stop.wait(REST_S):
                return
            with suppress(OSError):
                post(where, each)


def _goes_on(attack: Attack, where: Where, stop: Stop, threads: int) -> None:
    """Let an attack go on in so many threads of this process."""
    running = [Thread(target=attack, args=(where, stop), daemon=True) for _ in range(threads)]
    for each in running:
        each.start()
    for each in running:
        each.join()


@contextmanager
def going_on(attack: Attack, where: Where, threads: int) -> Iterator[None]:
    """Let an attack go on in a process of its own, in so many threads."""
    process_of = get_context("spawn")
    stop = process_of.Event()
    attacker = process_of.Process(target=_goes_on, args=(attack, where, stop, threads), daemon=True)
    attacker.start()
    time.sleep(BEGIN_S)
    try:
        yield
    finally:
        stop.set()
        attacker.join(PATIENCE_S)
        if attacker.is_alive():
            attacker.kill()
            attacker.join()
        attacker.close()
