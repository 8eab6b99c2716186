# SPDX-License-Identifier: Apache-2.0

import asyncio
import select
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legation.errors import LegationError, UnreachableError
from legation.transports.http import server as module
from legation.transports.http.app import exchange_app
from legation.transports.http.peer import Peer
from legation.transports.http.server import serve
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
    whole,
)

SHREDS = st.sampled_from(
    [
        *(b"POST", b"GET", b" ", b"/exchange", b"%", b"?", b" HTTP/1.1\r\n", b"\r\n", b"\x00", b"\xff", b"a"),
        *(b"Host: a\r\n", b"Connection: close\r\n", b"Expect: 100-continue\r\n"),
        *(b"Content-Length: 1\r\n", b"Content-Length: " + b"9" * 30, b"Transfer-Encoding: chunked\r\n"),
        *(b"1\r\n", b"0\r\n\r\n", post(b"pull")),
    ]
)


async def never(envelope: bytes) -> AsyncIterator[bytes]:
    """Wait for ever."""
    await asyncio.Event().wait()
    yield envelope


async def much(envelope: bytes) -> AsyncIterator[bytes]:
    """Give more than sockets hold."""
    for _ in range(64):
        yield bytes(1 << 20)


@pytest.fixture(scope="module")
def patient() -> Iterator[Running]:
    """One server for many."""
    with running(answering(echo), grace_time_s=0.05) as server:
        yield server


class TestStart:
    def test_a_free_port_is_found_and_told(self) -> None:
        """
        Asked for port 0, it tells the port that it has.
        """
        with running(answering(echo)) as server:
            assert server.host == "127.0.0.1"
            assert server.port > 0
            assert asked(server.address, b"pull") == b"pull"

    @pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.1", "no such host", "a" * 70])
    def test_where_it_cannot_listen_it_says_so(self, host: str) -> None:
        """
        A port in use, a number that is not ours, a name that is none: one error of ours, and no exit.
        """
        app = exchange_app(answering(echo), size_bytes_max=SIZE_BYTES_MAX, report=print)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(LegationError, match=f"cannot listen on `{host}:{port}`: ") as caught:
                asyncio.run(serve(app, host=host, port=port, stop=asyncio.Event(), started=print))
        assert type(caught.value) is LegationError

    def test_signals_are_left_to_the_caller(self) -> None:
        """
        In the main thread too, the handlers are those that were there.
        """
        handlers: list[object] = []

        async def run() -> None:
            stop = asyncio.Event()

            def started(host: str, port: int) -> None:
                handlers.append(signal.getsignal(signal.SIGTERM))
                handlers.append(signal.getsignal(signal.SIGINT))
                stop.set()

            app = exchange_app(answering(echo), size_bytes_max=SIZE_BYTES_MAX, report=print)
            await serve(app, host="127.0.0.1", port=0, stop=stop, started=started)

        before = signal.getsignal(signal.SIGTERM)
        asyncio.run(run())
        assert handlers[0] == before
        assert getattr(handlers[1], "__module__", "") != "uvicorn.server"

    def test_nothing_is_printed(
        self, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        """
        Neither start nor exchange nor fault nor end leaves a word anywhere.
        """

        async def cut(envelope: bytes) -> AsyncIterator[bytes]:
            yield envelope
            raise ValueError("content")

        with running(answering(cut)) as server:
            with pytest.raises(UnreachableError):
                asked(server.address, b"pull")
            server.hears(b"no HTTP\r\n\r\n")
            server.hears(post(b"pull", b"Connection: Upgrade", b"Upgrade: websocket"))
        assert caplog.records == []
        assert capfd.readouterr() == ("", "")

    def test_short_answers_are_not_held_back(self) -> None:
        """
        An exchange of a few bytes does not wait for an acknowledgement, which takes 40 ms.
        """
        with running(answering(echo)) as server, closing(Peer(server.address, size_bytes_max=4)) as peer:
            began = time.monotonic()
            for _ in range(50):
                whole(peer.exchange(b"pull"))
            assert time.monotonic() - began < 50 * 0.03


class TestConnections:
    @pytest.fixture(autouse=True)
    def hasty(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A server without patience."""
        for name in ("HEAD_TIME_S", "KEEP_ALIVE_TIME_S", "LINGER_TIME_S"):
            monkeypatch.setattr(module, name, 0.5)

    @pytest.mark.parametrize("said", [b"", b"POST /exchange HT", post(b"pull") + b"POST /exch"])
    def test_a_head_that_does_not_end_is_cut(self, said: bytes) -> None:
        """
        Silence, half a head, and half a head after an exchange: each has its time.
        """
        with running(answering(echo)) as server:
            began = time.monotonic()
            server.hears(said)
            assert time.monotonic() - began < 5

    def test_a_head_that_drips_is_cut(self) -> None:
        """
        That something comes is not enough; the head has to end.
        """
        with running(answering(echo)) as server, server.connect() as connection:
            began = time.monotonic()
            with suppress(OSError):
                connection.sendall(b"POST /exchange HTTP/1.1\r\n")
                while time.monotonic() - began < PATIENCE_S:
                    connection.sendall(b"X: y\r\n")
                    time.sleep(0.05)
            assert time.monotonic() - began < 5

    def test_one_that_is_at_work_is_not_cut(self) -> None:
        """
        Exchange after exchange, and a long poll, go on for longer than an idle connection may.
        """

        async def later(envelope: bytes) -> AsyncIterator[bytes]:
            await asyncio.sleep(2.5 if envelope == b"wait" else 0.02)
            yield envelope

        with running(answering(later)) as server, closing(Peer(server.address, size_bytes_max=4)) as peer:
            began = time.monotonic()
            while time.monotonic() - began < 2.5:
                assert whole(peer.exchange(b"pull")) == b"pull"
            assert whole(peer.exchange(b"wait")) == b"wait"

    def test_one_whose_end_is_not_taken_is_cut(self) -> None:
        """
        An answer was sent, its last bytes lie in our buffers, and nobody takes them: they are let go.
        """
        with running(answering(much), send_time_s=0.3) as server, server.connect() as connection:
            connection.sendall(post(b"pull"))
            assert eventually(lambda: bool(server.reports))
            poll = select.poll()
            poll.register(connection, select.POLLHUP)
            assert poll.poll(PATIENCE_S * 1000)
            # What lies in the sockets is all that comes, and not the end.
            assert not rest(connection).endswith(b"0\r\n\r\n")

    def test_when_there_are_too_many_those_go_that_asked_nothing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Of two that wait, the one that has had an answer stays, though it has been there for longer.
        """
        monkeypatch.setattr(module, "KEEP_ALIVE_TIME_S", PATIENCE_S)
        monkeypatch.setattr(module, "HEAD_TIME_S", PATIENCE_S)
        monkeypatch.setattr(module, "CONNECTIONS_MAX", 2)
        with running(answering(echo)) as server, closing(Peer(server.address, size_bytes_max=4)) as peer:
            assert whole(peer.exchange(b"pull")) == b"pull"
            with server.connect() as silent:
                assert asked(server.address, b"pull") == b"pull"
                assert rest(silent) == b""
            assert whole(peer.exchange(b"pull")) == b"pull"

    def test_when_all_wait_for_answers_the_next_one_goes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Who waits for an answer is not sent away for anybody.
        """
        monkeypatch.setattr(module, "HEAD_TIME_S", PATIENCE_S)
        monkeypatch.setattr(module, "CONNECTIONS_MAX", 2)
        is_over = asyncio.Event()
        is_waiting = threading.Semaphore(0)

        async def later(envelope: bytes) -> AsyncIterator[bytes]:
            is_waiting.release()
            await is_over.wait()
            yield envelope

        with running(answering(later)) as server, ExitStack() as stack:
            polls = [stack.enter_context(server.connect()) for _ in range(2)]
            for poll in polls:
                poll.sendall(post(b"pull"))
                assert is_waiting.acquire(timeout=PATIENCE_S)
            for _ in range(4):
                assert server.hears(post(b"pull")) == b""
            server.loop.call_soon_threadsafe(is_over.set)
            assert [received(poll)[:15] for poll in polls] == [b"HTTP/1.1 200 OK"] * 2

    @settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(said=st.lists(st.lists(SHREDS, max_size=12).map(b"".join) | st.binary(max_size=40), max_size=8))
    def test_whatever_is_said_the_next_is_served(self, patient: Running, said: list[bytes]) -> None:
        """
        No sequence of bytes makes the event loop complain, or the server deaf.
        """
        with ExitStack() as stack:
            for data in said:
                connection = stack.enter_context(patient.connect())
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
            assert asked(patient.address, b"pull") == b"pull"


class TestStop:
    def test_a_long_poll_does_not_hold_it(self) -> None:
        """
        With an exchange that waits, it stops within three seconds, and the asker is told.
        """
        caught: list[UnreachableError] = []

        def pull(address: str) -> None:
            try:
                asked(address, b"pull")
            except UnreachableError as error:
                caught.append(error)

        with running(answering(never)) as server:
            asker = threading.Thread(target=pull, args=(server.address,))
            asker.start()
            time.sleep(0.3)
            assert server.has_stopped_within_s() < 3
            asker.join(PATIENCE_S)
        assert ["broke off" in error.message for error in caught] == [True]
        assert server.reports == []

    def test_an_answer_that_is_under_way_is_finished(self) -> None:
        """
        What can end in a moment, ends; new connections are not taken meanwhile.
        """

        async def later(envelope: bytes) -> AsyncIterator[bytes]:
            yield b"pu"
            await asyncio.sleep(1)
            yield b"ll"

        with running(answering(later)) as server, closing(Peer(server.address, size_bytes_max=4)) as peer:
            answer = peer.exchange(b"pull")
            assert next(answer) == b"pu"
            server.told_to_stop()
            assert whole(answer) == b"ll"
            with pytest.raises(UnreachableError):
                asked(server.address, b"pull")

    def test_neither_silence_nor_greed_holds_it(self) -> None:
        """
        Connections that say nothing, half a head, half a body, or take nothing: it stops all the same.
        """
        with running(answering(much)) as server, ExitStack() as stack:
            for said in (b"", b"POST /exch", post(b"pull")[:-1], post(b"pull"), post(b"pull")):
                stack.enter_context(server.connect()).sendall(said)
            time.sleep(0.3)
            assert server.has_stopped_within_s() < 3

    def test_cancelled_it_leaves_nothing_behind(self) -> None:
        """
        Whoever cancels it instead gets the port back, and no exchange goes on.
        """

        async def run() -> int:
            has_started = asyncio.get_running_loop().create_future()
            app = exchange_app(answering(never), size_bytes_max=SIZE_BYTES_MAX, report=print)
            task = asyncio.create_task(
                serve(
                    app,
                    host="127.0.0.1",
                    port=0,
                    stop=asyncio.Event(),
                    started=lambda _, port: has_started.set_result(port),
                )
            )
            port: int = await has_started
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(post(b"pull"))
            await asyncio.sleep(0.3)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            with suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()
            while len(asyncio.all_tasks()) > 1:
                await asyncio.sleep(0.01)
            return port

        port = asyncio.run(run())
        with socket.create_server(("127.0.0.1", port)):
            pass
