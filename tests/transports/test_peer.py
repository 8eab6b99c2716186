# SPDX-License-Identifier: Apache-2.0

import datetime as dt
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legation.errors import MalformedError, StoreError, UnreachableError
from legation.transports.http import line
from legation.transports.http.peer import Peer
from tests.transports.ends import (
    PATIENCE_S,
    SIZE_BYTES_MAX,
    answering,
    asked,
    echo,
    heard,
    received,
    running,
    saying,
    speaking,
    whole,
)

OK = b"HTTP/1.1 200 OK\r\n"
ANSWER = OK + b"Content-Length: 6\r\n\r\nanswer"
LAST = OK + b"Connection: close\r\nContent-Length: 6\r\n\r\nanswer"
CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n6\r\nanswer\r\n0\r\n\r\n"

Script = Callable[[socket.socket], None]


def silent(connection: socket.socket) -> None:
    """Read, and say nothing."""
    while connection.recv(1 << 16):
        pass


def dripping(start: bytes, drop: bytes) -> Script:
    """Say something, and then the same little thing for ever."""

    def script(connection: socket.socket) -> None:
        heard(connection)
        connection.sendall(start)
        while True:
            connection.sendall(drop)
            time.sleep(0.005)

    return script


def everywhere(number: str, *, written: bool) -> bool:
    """Call every number: the tests have none but loopback."""
    return True


def fails(peer: Peer, named: str) -> str:
    """Ask a peer that cannot be reached, and give what we are told."""
    with closing(peer), pytest.raises(UnreachableError, match=named) as caught:
        whole(peer.exchange(b"pull"))
    return caught.value.message


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client without patience."""
    monkeypatch.setattr(line, "ANSWER_TIME_S", 0.3)
    monkeypatch.setattr(line, "STALL_TIME_S", 0.3)
    monkeypatch.setattr(line, "CONNECT_TIME_S", 0.3)


class TestWhatIsSent:
    @pytest.mark.parametrize(
        ("envelope", "framing", "body"),
        [
            (b"pull", b"Content-Length: 4", b"pull"),
            ([b"pu", b"", b"ll"], b"Transfer-Encoding: chunked", b"2\r\npu\r\n2\r\nll\r\n0\r\n\r\n"),
        ],
        ids=["whole", "in pieces"],
    )
    def test_is_the_envelope_and_nothing_about_us(
        self, envelope: bytes | list[bytes], framing: bytes, body: bytes
    ) -> None:
        """
        The request has a host, a type and a length: no program, no language, no cookie.
        """
        requests: list[bytes] = []

        def script(connection: socket.socket) -> None:
            requests.append(heard(connection))
            connection.sendall(ANSWER)

        with speaking(script) as address:
            assert asked(address, envelope) == b"answer"
        head = b"POST /exchange HTTP/1.1\r\nHost: %b\r\n" % address.encode()
        assert requests == [
            head + b"Content-Type: application/octet-stream\r\n" + framing + b"\r\n\r\n" + body,
        ]

    def test_one_connection_serves_many_exchanges(self) -> None:
        """
        A second exchange goes over the connection of the first.
        """

        def twice(connection: socket.socket) -> None:
            saying(ANSWER)(connection)
            saying(CHUNKS)(connection)

        with speaking(twice, silent) as address, closing(Peer(address, size_bytes_max=6)) as peer:
            assert [whole(peer.exchange(b"pull")) for _ in range(2)] == [b"answer", b"answer"]

    def test_a_connection_that_was_closed_meanwhile_is_replaced(self) -> None:
        """
        After the other node was started anew, the next exchange finds it.
        """
        has_ended = threading.Event()

        def once(connection: socket.socket) -> None:
            saying(ANSWER)(connection)
            connection.close()
            has_ended.set()

        with speaking(once) as address, closing(Peer(address, size_bytes_max=6)) as peer:
            for _ in range(3):
                assert whole(peer.exchange(b"pull")) == b"answer"
                assert has_ended.wait(PATIENCE_S)
                has_ended.clear()

    def test_a_piece_that_cannot_be_made_is_no_fault_of_the_peer(self) -> None:
        """
        What making the envelope raises comes out as it is, and the next exchange is a clean one.
        """

        def pieces() -> Iterator[bytes]:
            yield b"pu"
            raise StoreError("the disk is full")

        with running(answering(echo)) as server, closing(Peer(server.address, size_bytes_max=4)) as peer:
            with pytest.raises(StoreError, match="the disk is full"):
                whole(peer.exchange(pieces()))
            assert whole(peer.exchange(b"pull")) == b"pull"

    def test_an_exchange_that_is_let_go_does_not_disturb_the_next(self) -> None:
        """
        Whoever does not want the rest of an answer gets a new connection.
        """
        size_bytes_max = 8 << 20
        with (
            running(answering(echo), size_bytes_max=size_bytes_max) as server,
            closing(Peer(server.address, size_bytes_max=size_bytes_max)) as peer,
        ):
            answer = peer.exchange(bytes(size_bytes_max))
            next(answer)
            del answer
            assert whole(peer.exchange(b"pull")) == b"pull"

    def test_two_at_once_are_a_mistake(self) -> None:
        """
        A second exchange is not mixed into one that is going on.
        """
        with speaking(saying(ANSWER)) as address, closing(Peer(address, size_bytes_max=6)) as peer:
            answer = peer.exchange(b"pull")
            assert next(answer) == b"answer"
            with pytest.raises(TypeError, match="one exchange at a time"):
                next(peer.exchange(b"pull"))
            assert list(answer) == []


# What is no answer: what is said instead, and what we say of it.
NO_ANSWERS = {
    "nothing": (b"", "broke off"),
    "no HTTP": (b"\x16\x03\x01\r\n\r\n", "broke off"),
    "half a head": (OK, "broke off"),
    "refusal": (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "answered with status 400"),
    "not found": (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answered with status 404"),
    "created": (ANSWER.replace(b"200 OK", b"201 Created"), "answered with status 201"),
    "another protocol": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\n", "broke off"),
    "cut length": (ANSWER[:-1], "broke off"),
    "cut chunk": (CHUNKS[:-10], "broke off"),
    "no last chunk": (CHUNKS[:-5], "broke off"),
    "half a last chunk": (CHUNKS[:-1], "broke off"),
    "no end": (OK + b"\r\nanswer", "does not say where its answer ends"),
    "no end, old": (b"HTTP/1.0 200 OK\r\n\r\nanswer", "does not say where its answer ends"),
    "too long": (OK + b"Content-Length: 7\r\n\r\nanswers", "answers with more than 6 bytes"),
    "said to be too long": (OK + b"Content-Length: 7\r\n\r\n", "answers with more than 6 bytes"),
    "too long in chunks": (CHUNKS.replace(b"6\r\nanswer", b"7\r\nanswers"), "answers with more than 6 bytes"),
    "long beyond words": (OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", "`"),
    "two lengths": (OK + b"Content-Length: 6\r\nContent-Length: 7\r\n\r\nanswer", "broke off"),
    "chunk size of many digits": (CHUNKS.replace(b"6\r\n", b"0" * 30 + b"6\r\n"), "broke off"),
    "huge head": (OK + b"X: " + b"a" * (1 << 20) + b"\r\n\r\n", "broke off|without end"),
}


class TestWhatIsNoAnswer:
    @pytest.mark.parametrize(("said", "named"), NO_ANSWERS.values(), ids=list(NO_ANSWERS))
    def test_is_an_unreachable_peer(self, said: bytes, named: str) -> None:
        """
        Whatever comes instead of a whole answer is told in our words, with host and port and no more.
        """
        with speaking(saying(said)) as address:
            with pytest.raises(UnreachableError, match=named) as caught:
                asked(address, b"pull", size_bytes_max=6)
            assert address in caught.value.message

    def test_a_redirect_is_not_followed(self) -> None:
        """
        Where a peer points to, nobody is asked.
        """
        visited = threading.Event()

        def visit(connection: socket.socket) -> None:
            visited.set()

        with speaking(visit) as elsewhere:
            for status in (301, 302, 303, 307, 308):
                redirect = b"HTTP/1.1 %d a\r\nLocation: http://%b/\r\nContent-Length: 0\r\n\r\n"
                with speaking(saying(redirect % (status, elsewhere.encode()))) as address:
                    fails(Peer(address, size_bytes_max=6), f"answered with status {status}")
            assert not visited.is_set()

    def test_proxies_of_the_environment_are_not_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        The peer itself is asked, whatever the environment says about proxies.
        """
        visited = threading.Event()

        def visit(connection: socket.socket) -> None:
            visited.set()

        with speaking(visit) as proxy, speaking(saying(ANSWER)) as address:
            for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
                monkeypatch.setenv(name, f"http://{proxy}")
                monkeypatch.setenv(name.lower(), f"http://{proxy}")
            monkeypatch.delenv("NO_PROXY", raising=False)
            monkeypatch.delenv("no_proxy", raising=False)
            assert asked(address, b"pull") == b"answer"
            assert not visited.is_set()

    def test_what_it_claims_to_be_packed_in_is_not_unpacked(self) -> None:
        """
        An encoding is not obeyed: the bytes are handed on as they are.
        """
        with speaking(saying(ANSWER.replace(OK, OK + b"Content-Encoding: gzip\r\n"))) as address:
            assert asked(address, b"pull") == b"answer"

    def test_an_early_refusal_of_a_long_envelope_is_heard(self) -> None:
        """
        A peer that refuses in the middle and hangs up is told by what it said, or by its hanging up.
        """
        pieces = (bytes(1 << 16) for _ in range(1 << 8))
        with (
            running(answering(echo), size_bytes_max=1 << 16) as server,
            pytest.raises(UnreachableError, match=r"answered with status 400|broke off"),
        ):
            asked(server.address, pieces)

    @settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(
        data=st.data(),
        whole_answer=st.sampled_from([ANSWER, CHUNKS]),
        strange=st.binary(max_size=8)
        | st.sampled_from([b"\r\n", b"\r\n\r\n", b"0", b"-1", b"9" * 30, b"\n"]),
    )
    def test_only_our_errors_come_out(self, data: st.DataObject, whole_answer: bytes, strange: bytes) -> None:
        """
        Whatever is changed in an answer: it is read within its limit, or unreachable.
        """
        begin = data.draw(st.integers(0, len(whole_answer)))
        end = data.draw(st.integers(begin, min(begin + 8, len(whole_answer))))
        said = whole_answer[:begin] + strange + whole_answer[end:]
        with suppress(UnreachableError), speaking(saying(said)) as address:
            assert len(asked(address, b"pull", size_bytes_max=20)) <= 20

    @pytest.mark.parametrize(
        "script",
        [
            dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
            dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 60_000 + b"\r\na\r\n"),
            dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 1000),
        ],
        ids=["hesitating", "chunks of little", "trailers"],
    )
    def test_what_never_becomes_an_answer_is_counted_too(self, script: Script) -> None:
        """
        However fast it comes: endless talk around an answer is cut.
        """
        with speaking(script) as address:
            fails(Peer(address, size_bytes_max=1 << 10), "answers without end|broke off")

    def test_the_framing_of_an_answer_is_not_held_against_it(self) -> None:
        """
        A long answer in small chunks is read to its end.
        """
        said = OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"8\r\nanswered\r\n" * (1 << 16) + b"0\r\n\r\n"
        with speaking(saying(said)) as address:
            assert asked(address, b"pull", size_bytes_max=8 << 16) == b"answered" * (1 << 16)


@pytest.mark.usefixtures("hasty")
class TestTime:
    @pytest.mark.parametrize(
        "script",
        [
            silent,
            dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            dripping(OK, b"X: y\r\n"),
            dripping(OK + b"Content-Length: 1000000\r\n\r\n", b"a"),
            dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        ],
        ids=["silent", "hesitating", "dripping head", "dripping body", "dripping chunks"],
    )
    def test_a_slow_peer_is_given_up(self, script: Script) -> None:
        """
        However it spends our time, it does not get much of it.
        """
        began = time.monotonic()
        with speaking(script) as address, pytest.raises(UnreachableError, match="does not answer in time"):
            asked(address, b"pull")
        assert time.monotonic() - began < 5

    def test_a_peer_that_takes_nothing_is_given_up(self) -> None:
        """
        An envelope that is not read is not sent for ever.
        """
        is_over = threading.Event()
        with speaking(lambda _: (is_over.wait(PATIENCE_S), None)[1]) as address:
            with pytest.raises(UnreachableError, match="does not take what it is sent"):
                asked(address, (bytes(1 << 16) for _ in range(1 << 10)))
            is_over.set()

    def test_a_long_poll_has_the_time_it_was_given(self) -> None:
        """
        Waiting that was agreed on is no slowness.
        """

        def later(connection: socket.socket) -> None:
            heard(connection)
            time.sleep(0.6)
            connection.sendall(ANSWER)

        with speaking(later) as address, closing(Peer(address, size_bytes_max=6)) as peer:
            assert whole(peer.exchange(b"pull", wait_s=PATIENCE_S)) == b"answer"

    def test_our_own_slowness_is_not_held_against_the_peer(self) -> None:
        """
        Time that we take to make an envelope, or to read an answer, is not counted.
        """
        is_read = threading.Event()

        def slow() -> Iterator[bytes]:
            for _ in range(3):
                time.sleep(0.2)
                yield b"a"

        def later(connection: socket.socket) -> None:
            saying(OK + b"Content-Length: 2\r\n\r\na")(connection)
            is_read.wait(PATIENCE_S)
            connection.sendall(b"b")

        with speaking(later) as address, closing(Peer(address, size_bytes_max=6)) as peer:
            answer = peer.exchange(slow())
            assert next(answer) == b"a"
            time.sleep(0.6)
            is_read.set()
            assert whole(answer) == b"b"

    def test_a_number_that_is_dead_leaves_time_for_the_next(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Of several numbers, one that does not answer is passed over.
        """
        monkeypatch.setattr(line, "may_be_called", everywhere)
        with full() as address:
            # One port, two numbers of the loopback network: only the second one answers.
            host, port = address.split(":")
            with speaking(saying(ANSWER), host="127.0.0.3", port=int(port)) as other:
                numbers = [host, other.split(":")[0]]
                peer = Peer(f"mission.example:{port}", size_bytes_max=6, resolve=lambda _: numbers)
                with closing(peer):
                    assert whole(peer.exchange(b"pull")) == b"answer"

    def test_a_name_server_that_is_dead_is_given_up(self) -> None:
        """
        A name that is never resolved is not waited for.
        """
        is_over = threading.Event()

        def resolve(host: str) -> list[str]:
            is_over.wait(PATIENCE_S)
            return []

        fails(Peer("mission.example", size_bytes_max=6, resolve=resolve), "does not resolve")
        is_over.set()


@contextmanager
def full() -> Iterator[str]:
    """A peer that takes no more connections: who connects now waits."""
    with socket.socket() as listener, ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        host, port = listener.getsockname()
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((host, port))
        yield f"{host}:{port}"


class TestNames:
    def test_a_name_is_resolved_once_and_pinned(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        New connections go to the number that the name had first; after the time of the pin it is asked anew.
        """
        monkeypatch.setattr(line, "may_be_called", everywhere)
        asked_for: list[str] = []

        def resolve(host: str) -> list[str]:
            asked_for.append(host)
            return ["127.0.0.1"]

        with speaking(saying(LAST)) as address:
            name = f"mission.example:{address.split(':')[1]}"
            with closing(Peer(name, size_bytes_max=6, resolve=resolve)) as peer:
                for _ in range(3):
                    assert whole(peer.exchange(b"pull")) == b"answer"
                assert asked_for == ["mission.example"]
                monkeypatch.setattr(line, "PIN_TIME_S", 0)
                peer._line._pinned_until = 0
                whole(peer.exchange(b"pull"))
                whole(peer.exchange(b"pull"))
        assert asked_for == ["mission.example"] * 3

    @pytest.mark.parametrize(
        "number", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "0.1.2.3", "224.0.0.1", "::"]
    )
    def test_a_name_does_not_lead_into_our_own_house(self, number: str) -> None:
        """
        A name that resolves to loopback or to no peer is not called, though something listens there.
        """
        visited = threading.Event()

        def visit(connection: socket.socket) -> None:
            visited.set()

        with speaking(visit) as address:
            name = f"mission.example:{address.split(':')[1]}"
            fails(
                Peer(name, size_bytes_max=6, resolve=lambda _: [number]), "leads to no number that is called"
            )
            assert not visited.is_set()

    @pytest.mark.parametrize(
        "address", ["169.254.169.254", "0.0.0.0:80", "https://224.0.0.1/a", "255.255.255.255"]
    )
    def test_a_number_that_is_no_peer_is_not_called(self, address: str) -> None:
        """
        A card that writes such a number itself does not get it called either.
        """
        fails(Peer(address, size_bytes_max=6), "leads to no number that is called")

    def test_localhost_is_asked_of_nobody(self) -> None:
        """
        Whoever writes localhost means this machine, whatever a name server says.
        """
        with speaking(saying(ANSWER)) as address:
            name = f"localhost:{address.split(':')[1]}"
            with closing(Peer(name, size_bytes_max=6, resolve=lambda _: pytest.fail("asked"))) as peer:
                assert whole(peer.exchange(b"pull")) == b"answer"

    @pytest.mark.parametrize("error", [socket.gaierror("none"), UnicodeError("idna"), OSError("none")])
    def test_a_name_that_there_is_not_is_unreachable(self, error: Exception) -> None:
        """
        No error of the resolver comes out.
        """

        def resolve(host: str) -> list[str]:
            raise error

        fails(
            Peer("mission.example", size_bytes_max=6, resolve=resolve),
            r"`mission.example:80` is a name that does not resolve",
        )

    def test_where_nobody_listens_is_unreachable(self) -> None:
        """
        A refused connection is told as such.
        """
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        with pytest.raises(UnreachableError, match=f"`127.0.0.1:{port}` cannot be connected to"):
            asked(f"127.0.0.1:{port}", b"pull")

    def test_what_is_no_address_is_refused_at_once(self) -> None:
        """
        A peer needs an address.
        """
        with pytest.raises(MalformedError):
            Peer("http://127.0.0.1", size_bytes_max=6)


class TestClose:
    def closed_while(self, peer: Peer, is_waiting: threading.Event | None = None) -> float:
        """Close a peer while it waits for an answer; tell how long that took."""
        caught: list[UnreachableError] = []

        def pull() -> None:
            try:
                whole(peer.exchange(b"pull", wait_s=60))
            except UnreachableError as error:
                caught.append(error)

        thread = threading.Thread(target=pull)
        thread.start()
        if is_waiting is not None:
            assert is_waiting.wait(PATIENCE_S)
        time.sleep(0.1)
        began = time.monotonic()
        peer.close()
        thread.join(PATIENCE_S)
        assert [error.message.endswith("was closed here") for error in caught] == [True]
        return time.monotonic() - began

    def test_ends_a_long_poll(self) -> None:
        """
        Who waits for an answer is told at once, in the thread that waits.
        """
        is_waiting = threading.Event()

        def script(connection: socket.socket) -> None:
            heard(connection)
            is_waiting.set()
            silent(connection)

        with speaking(script) as address:
            assert self.closed_while(Peer(address, size_bytes_max=6), is_waiting) < 1

    def test_ends_an_answer(self) -> None:
        """
        Who waits for the rest of an answer is told as well.
        """
        is_waiting = threading.Event()

        def script(connection: socket.socket) -> None:
            saying(ANSWER[:-1])(connection)
            is_waiting.set()
            silent(connection)

        with speaking(script) as address:
            assert self.closed_while(Peer(address, size_bytes_max=6), is_waiting) < 1

    def test_ends_connecting(self) -> None:
        """
        A peer that does not take the connection does not hold us.
        """
        with full() as address:
            assert self.closed_while(Peer(address, size_bytes_max=6)) < 1

    def test_ends_resolving(self) -> None:
        """
        A name server that does not answer does not hold us.
        """
        is_waiting, is_over = threading.Event(), threading.Event()

        def resolve(host: str) -> list[str]:
            is_waiting.set()
            is_over.wait(PATIENCE_S)
            return ["192.0.2.17"]

        peer = Peer("mission.example", size_bytes_max=6, resolve=resolve)
        assert self.closed_while(peer, is_waiting) < 1
        is_over.set()

    def test_ends_greeting(self) -> None:
        """
        A peer that takes the connection and then does not speak TLS does not hold us.
        """
        is_waiting = threading.Event()

        def script(connection: socket.socket) -> None:
            received(connection)
            is_waiting.set()
            silent(connection)

        with speaking(script) as address:
            assert self.closed_while(Peer(f"https://{address}", size_bytes_max=6), is_waiting) < 1

    def test_leaves_no_connection_behind(self) -> None:
        """
        An idle connection is closed too: the other side sees the end of it.
        """
        is_over = threading.Event()

        def script(connection: socket.socket) -> None:
            saying(ANSWER)(connection)
            assert connection.recv(1) == b""
            is_over.set()

        with speaking(script) as address:
            peer = Peer(address, size_bytes_max=6)
            assert whole(peer.exchange(b"pull")) == b"answer"
            peer.close()
            assert is_over.wait(PATIENCE_S)

    def test_in_the_middle_of_an_answer_leaves_no_connection_behind(self) -> None:
        """
        If the rest of the answer was here already, it is handed on, and then the connection is closed.
        """
        said = OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n"
        with speaking(saying(said)) as address:
            peer = Peer(address, size_bytes_max=6)
            answer = peer.exchange(b"pull")
            assert next(answer) == b"a"
            peer.close()
            assert whole(answer) == b"b"
            assert peer._pool.connections == []

    def test_is_for_ever(self) -> None:
        """
        A closed peer is not asked again; to close it twice does no harm.
        """
        with speaking(saying(ANSWER)) as address:
            peer = Peer(address, size_bytes_max=6)
            peer.close()
            peer.close()
            with pytest.raises(UnreachableError, match="was closed here"):
                whole(peer.exchange(b"pull"))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


def secured(script: Script, authority: Path) -> Script:
    """Play a script under TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)

    def secure(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as under:
            script(under)

    return secure


class TestTLS:
    def test_path_and_trust_are_those_of_the_address(self, authority: Path) -> None:
        """
        An https URL is called under TLS, at its path, if its certificate is trusted.
        """
        requests: list[bytes] = []

        def script(connection: socket.socket) -> None:
            for _ in range(2):
                requests.append(heard(connection))
                connection.sendall(ANSWER)

        with speaking(secured(script, authority)) as address:
            trust = ssl.create_default_context(cafile=str(authority))
            url = f"https://localhost:{address.split(':')[1]}/a/b"
            with closing(Peer(url, size_bytes_max=6, tls=trust)) as peer:
                assert [whole(peer.exchange(b"pull")) for _ in range(2)] == [b"answer", b"answer"]
        assert [request.split(b"\r\n")[0] for request in requests] == [b"POST /a/b HTTP/1.1"] * 2

    def test_a_certificate_of_a_stranger_is_refused(self, authority: Path) -> None:
        """
        Without trust nothing is sent; nor where the name is another.
        """
        trust = ssl.create_default_context(cafile=str(authority))
        with speaking(secured(saying(ANSWER), authority)) as address:
            port = address.split(":")[1]
            for peer in (
                Peer(f"https://localhost:{port}", size_bytes_max=6),
                Peer(f"https://127.0.0.1:{port}", size_bytes_max=6, tls=trust),
            ):
                with closing(peer), pytest.raises(UnreachableError, match="certificate that is not trusted"):
                    whole(peer.exchange(b"pull"))

    def test_who_speaks_no_tls_is_unreachable(self) -> None:
        """
        An https URL is never called in clear.
        """
        with speaking(lambda connection: connection.sendall(ANSWER)) as address:
            fails(Peer(f"https://{address}", size_bytes_max=6), "does not speak TLS")

    def test_an_answer_that_is_cut_never_looks_whole(self, authority: Path) -> None:
        """
        Under TLS too, the end of the connection is not the end of an answer.
        """
        trust = ssl.create_default_context(cafile=str(authority))
        for said in (ANSWER[:-1], CHUNKS[:-1], OK + b"\r\nanswer"):
            with speaking(secured(saying(said), authority)) as address:
                url = f"https://localhost:{address.split(':')[1]}"
                fails(Peer(url, size_bytes_max=SIZE_BYTES_MAX, tls=trust), "broke off|where its answer ends")

    @pytest.mark.usefixtures("hasty")
    def test_a_greeting_that_never_ends_is_given_up(self) -> None:
        """
        TLS has its time like everything else.
        """
        with speaking(silent) as address:
            fails(Peer(f"https://{address}", size_bytes_max=6), "does not speak TLS")
