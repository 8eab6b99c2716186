# SPDX-License-Identifier: Apache-2.0
"""
Hostile input over the real server: the exchange of JPN@NATO on 127.0.0.1, with what the others and strangers send.

What the server itself does with slow, endless and malformed requests is in ``tests/transports``; here a node is behind
it, and what must hold is that nothing of it reaches the store and that KOR@NATO is served beside it.
"""

import random
import socket
import time
from contextlib import ExitStack, closing, suppress
from threading import Event, Thread

import pytest

from legation.errors import UnreachableError
from legation.exchange import ANSWER_SIZE_BYTES_MAX
from legation.node.service.doorbell import Doorbell
from legation.node.service.reception import Answerer
from legation.node.service.serving import pull_all, taking_pushes
from legation.transports.http.peer import Peer
from tests.federation.attacker import position
from tests.federation.keeping import sends
from tests.federation.stage import AUS, KOR, Stage
from tests.node.pair import Node, unchanged
from tests.transports.ends import PATIENCE_S, Running, running

HEAD = (
    b"POST /exchange HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n"
)


def answerer(node: Node) -> Answerer:
    """What answers for a node behind a server."""
    pushed = taking_pushes(node.home, node.around, node.answering.letterbox)
    return Answerer(node.answering, pushed, Doorbell(node.database), node.database, lambda *_: None)


def asks(server: Running, asker: Node, sender: Node) -> None:
    """Let a node pull over the server, until nothing is new."""
    with closing(Peer(server.address, size_bytes_max=ANSWER_SIZE_BYTES_MAX)) as peer:
        while True:
            found = asker.from_(sender).pull(peer.exchange)
            if not found.entries and not found.is_challenged:
                return


def posted(body: bytes) -> bytes:
    """A request with a body."""
    return HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


class TestBeside:
    def test_a_peer_is_served_beside_what_others_send(self, stage: Stage) -> None:
        """
        H14, H15, H28, F10: slow bodies, an endless one, garbage, one pull a thousand times, and AUS@NATO asking without
        pause. KOR@NATO has its reports and JPN@NATO its receipts; of all else nothing is in the store.
        """
        jpn, kor, aus = stage.jpn, stage.kor, stage.aus
        items = sends(jpn, kor, "one", "two", "three")
        is_over = Event()
        dice = random.Random(15)
        again = aus.asks_with(jpn, position=position(stage, 2))
        garbage = [dice.randbytes(dice.choice([0, 1, 500, 66_773])) for _ in range(20)]
        cut = again[:40_000]

        def floods(server: Running) -> None:
            while not is_over.is_set():
                for body in (*garbage, again, cut, aus.asks_with(jpn, position=position(stage, 2))):
                    with suppress(OSError):
                        server.hears(posted(body))

        def never_ends(server: Running) -> None:
            with server.connect() as connection, suppress(OSError):
                connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
                while not is_over.is_set():
                    connection.sendall(b"10000\r\n" + bytes(1 << 16) + b"\r\n")

        with running(answerer(jpn), size_bytes_max=1 << 18) as server, ExitStack() as stack:
            for _ in range(50):
                stack.enter_context(server.connect()).sendall(HEAD + b"Content-Length: 66773\r\n\r\nslow")
            attackers = [Thread(target=each, args=(server,), daemon=True) for each in (floods, never_ends)]
            for each in attackers:
                each.start()
            began = time.monotonic()
            asks(server, kor, jpn)
            took_s = time.monotonic() - began
            is_over.set()
            for each in attackers:
                each.join(PATIENCE_S)
        assert took_s < PATIENCE_S
        assert set(items) <= set(kor.listed())
        for item in items:
            assert jpn.states(item) == {KOR: "receipted"}
        assert jpn.peer(AUS).link == "active"
        assert jpn.rows("SELECT count(*) FROM evidence") == [(0,)]
        stage.goes_on()

    def test_all_refusals_are_alike_and_leave_nothing(self, stage: Stage) -> None:
        """
        Of a stranger, for another, altered, twice, of a peer under another key: the same bytes, and nothing in the store.
        """
        jpn, aus = stage.jpn, stage.aus
        good = aus.asks_with(jpn, position=position(stage, 2))
        turned = good[:-1] + bytes([good[-1] ^ 1])
        nobody = stage.village.node("NATO")
        nobody.trusts(jpn.card)
        bodies = [
            nobody.asks_with(jpn),
            stage.kor.asks(aus),
            turned,
            aus.asks_with(jpn, signer=aus.home.signing.item),
            aus.asks_with(jpn, sender=KOR),
            b"",
            b"nonsense",
        ]
        with running(answerer(jpn), size_bytes_max=1 << 18) as server:
            first = server.hears(posted(good))
            assert first.startswith(b"HTTP/1.1 200")
            with unchanged(jpn):
                said = {_without_date(server.hears(posted(body))) for body in (*bodies, good)}
        assert len(said) == 1
        assert said.pop().startswith(b"HTTP/1.1 400")
        stage.goes_on()


class TestOutbound:
    """H13."""

    @pytest.mark.parametrize(
        "address",
        ["169.254.169.254:80", "0.0.0.0:80", "224.0.0.1:80", "localhost.example:1"],
        ids=["where clouds keep secrets", "this network", "many", "a name that is nobody's"],
    )
    def test_a_card_that_leads_elsewhere_is_called_nowhere(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch, address: str
    ) -> None:
        """
        A peer may write what it likes as its address: no connection is made but to what can be a peer.
        """
        called: list[object] = []

        def connect(*given: object, **_: object) -> socket.socket:
            called.append(given)
            raise OSError("no")

        def resolve(name: str, *_: object, **__: object) -> list[object]:
            # A name of the peer's choosing leads into our own house.
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))]

        monkeypatch.setattr(socket, "create_connection", connect)
        monkeypatch.setattr(socket.socket, "connect", connect)
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        with (
            closing(Peer(address, size_bytes_max=1 << 18)) as peer,
            unchanged(stage.jpn),
            pytest.raises(UnreachableError),
        ):
            stage.jpn.from_(stage.aus).pull(peer.exchange)
        assert called == []

    def test_only_confirmed_peers_with_an_address_are_asked(self, stage: Stage) -> None:
        """
        A card that one person added, and that names an address, makes nothing go out.
        """
        jpn = stage.jpn
        nato = stage.village.node("NATO", addresses=("192.0.2.1:8443",))
        jpn.adds(nato.card)
        found = pull_all(jpn.home, None, jpn.around)
        assert (found.record.peers, found.errors) == ((), ())


def _without_date(said: bytes) -> bytes:
    return b"\r\n".join(line for line in said.split(b"\r\n") if not line.lower().startswith(b"date:"))
