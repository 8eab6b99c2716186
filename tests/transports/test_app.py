# SPDX-License-Identifier: Apache-2.0

import asyncio
import gc
import statistics
import threading
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing, suppress

import pytest

from legation.errors import (
    EquivocationError,
    LegationError,
    LocalProtocolError,
    MalformedError,
    ProofError,
    RefusedError,
    RemoteProtocolError,
    SealError,
    SignatureError,
    StoreError,
    UnreachableError,
)
from legation.transports.http.app import HEADERS_SIZE_BYTES_MAX
from legation.transports.http.peer import Peer
from tests.transports.ends import (
    PATIENCE_S,
    SIZE_BYTES_MAX,
    Running,
    answering,
    asked,
    echo,
    eventually,
    post,
    received,
    rest,
    running,
    undated,
    whole,
)

REFUSAL = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ncache-control: no-store\r\nConnection: close\r\n\r\n"
)
ELSEWHERE = REFUSAL.replace(b"400 Bad Request", b"404 Not Found")

LARGE_SIZE_BYTES = 70 << 20  # about what the largest answer has
ERRORS: dict[str, Exception] = {
    type(error).__name__: error
    for error in (
        LegationError("it is not said why"),
        MalformedError("form"),
        SignatureError("unknown sender"),
        SealError("not for us"),
        ProofError("binding"),
        EquivocationError("fork"),
        RefusedError("not confirmed"),
        LocalProtocolError("we"),
        RemoteProtocolError("they"),
        UnreachableError("there"),
        StoreError("full"),
        ValueError("a mistake of ours"),
        TimeoutError("a mistake of ours"),
    )
}


class Actor:
    """Does what the envelope says, and tells how far it is."""

    def __init__(self) -> None:
        self.is_waiting = threading.Event()
        self.is_cancelled = threading.Event()

    async def __call__(self, envelope: bytes, source: str, /) -> AsyncIterator[bytes]:
        """Raise the error that the envelope names, or give pieces."""
        if envelope.decode("latin-1") in ERRORS:
            raise ERRORS[envelope.decode("latin-1")]
        return self.pieces(envelope)

    async def pieces(self, envelope: bytes) -> AsyncIterator[bytes]:
        """Give the envelope back, or what it asks for."""
        if envelope == b"raise late":
            raise SignatureError("late, and before the first piece")
        if envelope == b"wait":
            await self._wait()
        if envelope != b"nothing":
            yield envelope
        if envelope == b"cut":
            raise StoreError("in the middle")
        if envelope == b"much":
            for _ in range(LARGE_SIZE_BYTES >> 20):
                yield bytes(1 << 20)

    async def _wait(self) -> None:
        self.is_waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.is_cancelled.set()


@pytest.fixture
def actor() -> Actor:
    """What answers."""
    return Actor()


@pytest.fixture
def server(actor: Actor) -> Iterator[Running]:
    """A server around it, with little patience."""
    with running(actor, grace_time_s=0.3, send_time_s=0.5, paths=("/exchange", "/a/b")) as server:
        yield server


@pytest.fixture(scope="module")
def patient() -> Iterator[Running]:
    """One server for many."""
    with running(Actor(), grace_time_s=0.3) as server:
        yield server


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """Write a request in chunks."""
    head = b"POST /exchange HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


class TestAnswers:
    def test_eight_mebibytes_go_and_come_back(self) -> None:
        """
        A large envelope comes back as it went, sent with a length or in chunks.
        """
        envelope = bytes(range(256)) * (8 << 12)
        with running(answering(echo), size_bytes_max=8 << 20) as server:
            pieces = [envelope[begin : begin + 99_991] for begin in range(0, len(envelope), 99_991)]
            for sent in (envelope, pieces):
                assert asked(server.address, sent, size_bytes_max=8 << 20) == envelope

    def test_a_long_poll_is_answered_when_there_is_something(self) -> None:
        """
        An answer that takes two seconds arrives after two seconds, and not before.
        """

        async def later(envelope: bytes) -> AsyncIterator[bytes]:
            await asyncio.sleep(2)
            yield envelope

        with running(answering(later)) as server:
            began = time.monotonic()
            assert asked(server.address, b"pull") == b"pull"
            assert 1.9 < time.monotonic() - began < 4

    @pytest.mark.parametrize("path", [b"/exchange", b"/a/b"])
    def test_says_no_more_than_it_must(self, server: Running, path: bytes) -> None:
        """
        An answer has a type, is not to be kept, and comes in chunks; there is nothing else about it.
        """
        assert undated(server.hears(post(b"pull", b"Connection: close", path=path))) == (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncache-control: no-store\r\n"
            b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\npull\r\n0\r\n\r\n"
        )

    def test_pieces_are_sent_as_they_come(self) -> None:
        """
        The first piece is there before the second one is made.
        """
        seen = threading.Event()

        async def pieces(envelope: bytes) -> AsyncIterator[bytes]:
            yield envelope
            assert await asyncio.to_thread(seen.wait, PATIENCE_S)
            yield b" and more"

        with running(answering(pieces)) as server, closing(Peer(server.address, size_bytes_max=20)) as peer:
            answer = peer.exchange(b"pull")
            assert next(answer) == b"pull"
            seen.set()
            assert whole(answer) == b" and more"

    def test_a_large_answer_is_not_held_in_memory(self, server: Running) -> None:
        """
        Of an answer of 70 MiB, server and client together hold a few pieces.
        """
        with closing(Peer(server.address, size_bytes_max=LARGE_SIZE_BYTES + 4)) as peer:
            whole(peer.exchange(b"pull"))
            gc.collect()
            tracemalloc.start()
            size_bytes = sum(map(len, peer.exchange(b"much")))
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert size_bytes == LARGE_SIZE_BYTES + 4
        assert peak < 5 << 20


HTTP_FAULTS = {
    "GET": b"GET /exchange HTTP/1.1\r\nHost: a\r\n\r\n",
    "HEAD": b"HEAD /exchange HTTP/1.1\r\nHost: a\r\n\r\n",
    "PUT": post(b"pull").replace(b"POST", b"PUT"),
    "OPTIONS": b"OPTIONS /exchange HTTP/1.1\r\nHost: a\r\n\r\n",
    "another version": b"POST /exchange HTTP/1.0\r\nContent-Length: 4\r\n\r\npull",
    "hangs up itself": post(b"StoreError", b"Connection: close"),
    "wants to stay": post(b"StoreError", b"Connection: keep-alive"),
    "waits to be told": post(b"StoreError", b"Expect: a miracle"),
    "wants another protocol": post(b"StoreError", b"Connection: Upgrade", b"Upgrade: websocket"),
    "no length": b"POST /exchange HTTP/1.1\r\nHost: a\r\n\r\n",
    "two framings": post(b"4\r\npull\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"),
    "two lengths": post(b"pull", b"Content-Length: 5"),
    "another coding": b"POST /exchange HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "length in words": b"POST /exchange HTTP/1.1\r\nHost: a\r\nContent-Length: four\r\n\r\npull",
    "length of many digits": b"POST /exchange HTTP/1.1\r\nHost: a\r\nContent-Length: "
    + b"9" * 5000
    + b"\r\n\r\n",
    "length too large": b"POST /exchange HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n",
    "body too long": post(bytes(SIZE_BYTES_MAX + 1)),
    "chunks too long": chunked(bytes(SIZE_BYTES_MAX), b"1"),
    "chunk without size": chunked(end=b"x\r\npull\r\n"),
    "chunk of another size": chunked(end=b"2\r\npull\r\n0\r\n\r\n"),
    "chunk size of many digits": chunked(end=b"0" * 30 + b"4\r\npull\r\n0\r\n\r\n"),
    "no host": b"POST /exchange HTTP/1.1\r\nContent-Length: 4\r\n\r\npull",
    "header without name": post(b"pull", b": a"),
    "header of two lines": post(b"pull", b"X: a\r\n b").replace(b"X: a", b"X\x00: a"),
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    "no request": b"\r\nexchange\r\n\r\n",
    "one huge header": post(b"pull", b"X: " + b"a" * HEADERS_SIZE_BYTES_MAX),
    "a header of 1 MiB": post(b"pull", b"X: " + b"a" * (1 << 20)),
    "10,000 headers": post(b"pull", *[b"X%d: a" % n for n in range(10_000)]),
    "never an end of headers": b"POST /exchange HTTP/1.1\r\nX: " + b"a" * (1 << 16),
}
ENVELOPES = [*(name.encode("ascii") for name in ERRORS), b"raise late", b"nothing"]


class TestRefusals:
    @pytest.mark.parametrize("request_", HTTP_FAULTS.values(), ids=list(HTTP_FAULTS))
    def test_what_is_no_exchange_gets_the_one_refusal(self, patient: Running, request_: bytes) -> None:
        """
        Method, version, framing, size and form: the response is the same, byte for byte.
        """
        assert undated(patient.hears(request_)) == REFUSAL
        assert asked(patient.address, b"pull") == b"pull"

    @pytest.mark.parametrize("envelope", ENVELOPES, ids=lambda envelope: envelope.decode())
    def test_what_is_not_answered_gets_the_one_refusal(self, server: Running, envelope: bytes) -> None:
        """
        Whatever the answerer raises before its first piece: the response is the same, and we hear why.
        """
        assert undated(server.hears(post(envelope))) == REFUSAL
        (reason,) = server.reports
        assert type(reason).__name__ in {envelope.decode(), "SignatureError", "LocalProtocolError"}

    def test_dates_are_all_that_differs(self, server: Running) -> None:
        """
        The date stands at the same place in every refusal, ours and those of the server below.
        """
        responses = [server.hears(request) for request in (HTTP_FAULTS["no HTTP"], post(b"StoreError"))]
        lines = [response.split(b"\r\n")[1] for response in responses]
        assert all(line.startswith(b"date: ") and line.endswith(b" GMT") for line in lines)

    def test_a_length_that_is_too_large_is_not_waited_for(self, server: Running) -> None:
        """
        What says that it is too long is refused before it comes.
        """
        assert undated(server.hears(HTTP_FAULTS["length too large"])) == REFUSAL
        assert [str(reason) for reason in server.reports] == ["an envelope is longer than 1048576 bytes"]

    def test_too_many_at_once_get_the_one_refusal(self) -> None:
        """
        Who comes when all seats are taken learns nothing of it; our operator does.
        """
        with running(Actor(), answering_max=0) as server:
            assert undated(server.hears(post(b"pull"))) == REFUSAL
        assert [str(reason) for reason in server.reports] == ["too many exchanges at once"]

    @pytest.mark.parametrize(
        "path",
        [b"/", b"/exchange/", b"/exchange?a", b"/%65xchange", b"//exchange", b"http://a/exchange", b"/a"],
    )
    def test_there_is_nothing_elsewhere(self, server: Running, path: bytes) -> None:
        """
        Every other path, and every other spelling of ours, is not found.
        """
        assert undated(server.hears(post(b"pull", path=path))) == ELSEWHERE
        assert server.reports == []

    def test_no_reason_is_told(self, server: Running) -> None:
        """
        The asker's error speaks of a status, and of no reason but the customary ones.
        """
        with pytest.raises(UnreachableError, match="answered with status 400") as caught:
            asked(server.address, b"SignatureError")
        assert "confirmed our card" in caught.value.hint

    def test_garbage_after_a_request_does_no_harm(self, server: Running) -> None:
        """
        What follows an answered request, and is none, gets the refusal after the answer.
        """
        response = undated(server.hears(post(b"pull") + b"\x00\r\n\r\n"))
        assert response.startswith(b"HTTP/1.1 200 OK")
        assert response.endswith(b"0\r\n\r\n" + REFUSAL)

    def test_a_report_that_fails_changes_nothing(self) -> None:
        """
        Should the reason not be taken down, the response is the same.
        """

        def report(reason: BaseException) -> None:
            raise StoreError("the disk is full")

        with running(Actor(), report=report) as server:
            assert undated(server.hears(post(b"SealError"))) == REFUSAL
            assert server.hears(post(b"cut")).endswith(b"\r\n\r\n3\r\ncut\r\n")


class TestAnswersThatBreakOff:
    def test_the_asker_does_not_take_it_for_whole(self, server: Running) -> None:
        """
        The piece that was sent arrives, then an error: never an end.
        """
        with closing(Peer(server.address, size_bytes_max=SIZE_BYTES_MAX)) as peer:
            answer = peer.exchange(b"cut")
            assert next(answer) == b"cut"
            with pytest.raises(UnreachableError, match="broke off"):
                next(answer)
        assert [str(reason) for reason in server.reports] == ["in the middle"]

    def test_there_is_no_last_chunk(self, server: Running) -> None:
        """
        On the wire the answer ends without the chunk that would end it, and without the reason.
        """
        assert server.hears(post(b"cut")).endswith(b"\r\n\r\n3\r\ncut\r\n")

    def test_who_hangs_up_in_a_long_poll_frees_the_seat(self, actor: Actor) -> None:
        """
        The answerer is cancelled, and the one seat there is serves the next asker.
        """
        with running(actor, answering_max=1) as server:
            with server.connect() as connection:
                connection.sendall(post(b"wait"))
                assert actor.is_waiting.wait(PATIENCE_S)
            assert actor.is_cancelled.wait(PATIENCE_S)
            assert asked(server.address, b"pull") == b"pull"
            assert server.reports == []

    def test_who_takes_nothing_is_cut_off(self, server: Running) -> None:
        """
        A large answer that nobody reads is given up after the time for one part.
        """
        with server.connect() as connection:
            connection.sendall(post(b"much"))
            assert eventually(lambda: bool(server.reports))
            assert "an answer is not taken" in str(server.reports[0])
            assert not rest(connection).endswith(b"0\r\n\r\n")


class TestBodies:
    def test_a_body_that_stops_is_cut(self, server: Running) -> None:
        """
        Of a body, a beginning is not enough: after the grace time the connection is closed.
        """
        began = time.monotonic()
        assert undated(server.hears(post(b"pull")[:-1])) == REFUSAL
        assert 0.2 < time.monotonic() - began < 3
        assert [str(reason) for reason in server.reports] == ["an envelope came too slowly"]

    def test_a_body_that_drips_is_cut(self, server: Running) -> None:
        """
        Bytes that come one by one earn too little time.
        """
        began = time.monotonic()
        with server.connect() as connection, suppress(OSError):
            connection.sendall(post(bytes(1 << 10))[: -1 << 10])
            while time.monotonic() - began < PATIENCE_S:
                connection.sendall(b"a")
                time.sleep(0.02)
        assert time.monotonic() - began < 5

    def test_a_body_that_is_never_whole_is_cut(self) -> None:
        """
        However fast it comes, a body has its time.
        """
        with running(answering(echo), body_time_s=0.3, size_bytes_max=1 << 40) as server:
            began = time.monotonic()
            with server.connect() as connection, suppress(OSError):
                connection.sendall(chunked(end=b""))
                while time.monotonic() - began < PATIENCE_S:
                    connection.sendall(b"1\r\na\r\n" * 100)
            assert time.monotonic() - began < 5
            assert eventually(lambda: len(server.reports) == 1)

    def test_an_endless_body_is_cut_at_the_limit(self, server: Running) -> None:
        """
        No more is read than an envelope may have, and what the sockets hold.
        """
        sent = 0
        with server.connect() as connection, suppress(OSError):
            connection.sendall(chunked(end=b""))
            chunk = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
            while sent < 100 << 20:
                sent += connection.send(chunk)
        assert sent < 20 << 20
        assert [type(reason) for reason in server.reports] == [MalformedError]

    def test_who_hangs_up_in_a_body_is_not_heard_of(self, server: Running) -> None:
        """
        There is nobody to refuse, and nothing to report.
        """
        with server.connect() as connection:
            connection.sendall(post(b"pull")[:-1])
        assert asked(server.address, b"pull") == b"pull"
        assert server.reports == []

    def test_the_slowest_body_makes_room(self) -> None:
        """
        When as many bodies come in as may, the one that has been coming for longest goes.
        """
        with running(answering(echo), reading_max=2) as server, ExitStack() as stack:
            slow = [stack.enter_context(server.connect()) for _ in range(2)]
            for connection in slow:
                # What it is told to wait for shows that its body is being read.
                connection.sendall(post(b"pull", b"Expect: 100-continue")[:-4])
                assert received(connection).startswith(b"HTTP/1.1 100")
            assert asked(server.address, b"pull") == b"pull"
            assert undated(rest(slow[0])) == REFUSAL
            slow[1].sendall(b"late")
            assert received(slow[1]).startswith(b"HTTP/1.1 200")

    def test_slow_bodies_take_no_place_from_long_polls_nor_long_polls_from_bodies(self, actor: Actor) -> None:
        """
        While a poll waits and more bodies come slowly than may, an exchange is still answered.
        """
        with running(actor, reading_max=2, answering_max=2) as server, ExitStack() as stack:
            poll = stack.enter_context(server.connect())
            poll.sendall(post(b"wait"))
            assert actor.is_waiting.wait(PATIENCE_S)
            for _ in range(8):
                stack.enter_context(server.connect()).sendall(post(b"pull")[:-1])
            assert asked(server.address, b"pull") == b"pull"
            assert not actor.is_cancelled.is_set()

    def test_others_hardly_notice_an_attack(self) -> None:
        """
        Beside a hundred slow bodies and two endless ones, an exchange takes at most 50 ms longer.
        """
        is_over = threading.Event()

        def attack(server: Running) -> None:
            while not is_over.is_set():
                with server.connect() as connection, suppress(OSError):
                    connection.sendall(chunked(end=b"fffffff\r\n"))
                    while not is_over.is_set():
                        connection.sendall(bytes(1 << 16))

        with running(answering(echo)) as server, ExitStack() as stack:
            calm_s = latency_s(server)
            for _ in range(100):
                stack.enter_context(server.connect()).sendall(post(b"pull")[:-1])
            attackers = [threading.Thread(target=attack, args=(server,)) for _ in range(2)]
            for attacker in attackers:
                attacker.start()
            attacked_s = latency_s(server)
            is_over.set()
            for attacker in attackers:
                attacker.join(PATIENCE_S)
        assert attacked_s - calm_s < 0.05


def latency_s(server: Running) -> float:
    """How long an exchange takes, in the middle."""
    taken = []
    with closing(Peer(server.address, size_bytes_max=SIZE_BYTES_MAX)) as peer:
        for _ in range(50):
            began = time.perf_counter()
            whole(peer.exchange(bytes(1 << 16)))
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)
