# SPDX-License-Identifier: Apache-2.0
"""
When a node pushes by itself, and what an idle link shows.
"""

import threading
import time
from collections.abc import Iterable, Iterator

import pytest

from legation.errors import UnreachableError
from legation.node.peers.links import SILENT_S
from legation.node.service.serving import Keeper
from legation.node.streams import push_loop as module
from legation.node.streams.push_loop import PushLoop
from tests.node.pair import Node, Village
from tests.transports.ends import eventually

KOR, JPN = "KOR@NATO", "JPN@NATO"
SECRET = "(S//REL KOR, JPN)"
SOON_S = 10.0


class Line:
    """
    Stands for ``Peer``: leads to a node in memory, or to nobody.
    """

    node: Node
    is_down = False
    asked = 0

    def __init__(self, address: str, *, size_bytes_max: int) -> None:
        assert (address, size_bytes_max > 0) == ("jpn.example:1", True)

    def exchange(self, envelope: Iterable[bytes], *, wait_s: float = 0) -> Iterator[bytes]:
        """Push to the node."""
        assert wait_s == 0
        type(self).asked += 1
        if self.is_down:
            raise UnreachableError("jpn.example:1 does not answer")
        yield from self.node.is_pushed(envelope)

    def close(self) -> None:
        """End it."""


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> type[Line]:
    """
    The line, and a loop that is quick.
    """
    Line.is_down, Line.asked = False, 0
    monkeypatch.setattr(module, "Peer", Line)
    monkeypatch.setattr(module, "COMES_WITHIN_S", 0)
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(module, "RETRY_S_MIN", 0.05)
    return Line


def joined(village: Village, line: type[Line]) -> tuple[Node, Node]:
    """KOR@NATO, and JPN@NATO that has an address and cannot come for anything."""
    kor, jpn = village.node(KOR), village.node(JPN, addresses=["jpn.example:1"])
    village.joins(kor, jpn)
    line.node = jpn
    return kor, jpn


def loop_of(kor: Node, reports: list[BaseException], *, pulls: bool = False) -> PushLoop:
    """A loop that pushes to JPN@NATO."""
    return PushLoop(
        kor.home,
        JPN,
        "jpn.example:1",
        kor.around,
        lambda _, error: reports.append(error),
        pulls=lambda office, within_s: pulls,
    )


class TestPushLoop:
    def test_what_is_released_is_brought(self, village: Village, line: type[Line]) -> None:
        """
        At once, and the next one too; what the peer answers receipts it.
        """
        kor, jpn = joined(village, line)
        reports: list[BaseException] = []
        loop = loop_of(kor, reports)
        loop.start()
        for number in (1, 2):
            kor.releases(f"{SECRET} {number}.", to=[JPN])
            assert eventually(lambda number=number: len(jpn.inbox()) == number)  # type: ignore[misc]
        assert eventually(lambda: set(kor.states().values()) == {"receipted"})
        loop.stop()
        loop.join(SOON_S)
        assert not loop.is_alive()
        assert reports == []

    def test_an_idle_link_is_looked_after_and_not_more_often(
        self, village: Village, line: type[Line]
    ) -> None:
        """
        One push of nothing when it begins, and then none until its time has come.
        """
        kor, _ = joined(village, line)
        loop = loop_of(kor, [])
        loop.start()
        assert eventually(lambda: line.asked == 1)
        time.sleep(0.3)
        assert line.asked == 1
        loop._pushed_at = time.monotonic() - module.STATUS_EVERY_S
        assert eventually(lambda: line.asked == 2)
        loop.stop()
        loop.join(SOON_S)

    def test_a_peer_that_comes_by_itself_is_left_alone(self, village: Village, line: type[Line]) -> None:
        """
        It gets everything by its pulls.
        """
        kor, _ = joined(village, line)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        loop = loop_of(kor, [], pulls=True)
        loop.start()
        time.sleep(0.2)
        loop.stop()
        loop.join(SOON_S)
        assert line.asked == 0

    def test_who_pulls_is_known_from_its_pulls(self, village: Village) -> None:
        """
        For as long as is asked for, and no longer.
        """
        kor, jpn = village.pair(KOR, JPN)
        assert not kor.answering.pulls(JPN, 120)
        jpn.pulls(kor)
        assert kor.answering.pulls(JPN, 120)
        kor.clock.move(seconds=121)
        assert not kor.answering.pulls(JPN, 120)

    def test_a_line_that_is_down_is_told_and_tried_again(self, village: Village, line: type[Line]) -> None:
        """
        More seldom each time; and when it is up again, what waited goes.
        """
        kor, jpn = joined(village, line)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        line.is_down = True
        reports: list[BaseException] = []
        loop = loop_of(kor, reports)
        loop.start()
        assert eventually(lambda: "does not answer" in kor.peer(JPN).why)
        line.is_down = False
        assert eventually(lambda: len(jpn.inbox()) == 1)
        loop.stop()
        loop.join(SOON_S)
        assert {type(each) for each in reports} == {UnreachableError}
        assert kor.peer(JPN).why == ""

    def test_it_ends_in_the_middle_of_a_push(self, village: Village, line: type[Line]) -> None:
        """
        Whoever stops a node does not wait for a slow peer.
        """
        kor, _ = joined(village, line)
        closed = threading.Event()

        def exchange(self: Line, envelope: Iterable[bytes], *, wait_s: float = 0) -> Iterator[bytes]:
            closed.wait(SOON_S)
            raise UnreachableError("closed here")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Line, "exchange", exchange)
            patch.setattr(Line, "close", lambda _: closed.set())
            loop = loop_of(kor, [])
            loop.start()
            time.sleep(0.1)
            loop.stop()
            loop.join(SOON_S)
            assert not loop.is_alive()


class TestStatus:
    def test_both_sides_notice_what_the_other_lost_though_only_one_can_connect(
        self, village: Village
    ) -> None:
        """
        KOR@NATO pulls and pushes, JPN@NATO does neither. Each comes back from an old backup once.
        """
        kor, jpn = village.pair(KOR, JPN)
        old = village.copies(jpn)
        item = kor.releases(f"{SECRET} To you.", to=[JPN])
        kor.pushes_all(jpn)
        village.restores(jpn, old)
        # An idle link: nothing is released any more.
        kor.pushes(jpn)
        assert kor.rows("SELECT what FROM evidence") == [("it has lost what it had receipted",)]
        kor.pushes_all(jpn)
        assert jpn.reads(item) == ["To you."]

    def test_where_both_stand_is_shown(self, village: Village) -> None:
        """
        On either side, whoever connects.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} To you.", to=[JPN])
        jpn.releases(f"{SECRET} And back.", to=[KOR])
        kor.pushes_all(jpn)
        kor.catches_up(jpn)
        kor.pushes(jpn)
        for node, peer in ((kor, JPN), (jpn, KOR)):
            found = node.peer(peer)
            assert (found.sent, found.told, found.received) == (2, 2, 2)
            assert found.told_at != ""
            assert (found.silent, found.unsaid) == ("", "")

    def test_silence_is_an_alarm(self, village: Village) -> None:
        """
        After an hour without a word in either way, and no longer once there is one.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.pushes(jpn)
        assert kor.peer(JPN).silent == ""
        kor.clock.move(seconds=SILENT_S + 1)
        assert kor.peer(JPN).silent == kor.peer(JPN).reached
        jpn.pulls(kor)
        assert kor.peer(JPN).silent == ""

    def test_what_drops_one_direction_is_an_alarm_too(self, village: Village) -> None:
        """
        We pull and are answered; of what we sent nobody says anything.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        kor.pushes(jpn)
        before = kor.peer(JPN).told_at
        for _ in range(3):
            kor.clock.move(seconds=SILENT_S / 2 + 1)
            kor.pulls(jpn)
        found = kor.peer(JPN)
        assert (found.silent, found.unsaid) == ("", before)
        kor.pushes(jpn)
        assert kor.peer(JPN).unsaid == ""

    def test_a_peer_by_bag_or_paper_is_not_silent(self, village: Village) -> None:
        """
        No line is expected to it.
        """
        kor, _ = village.pair(KOR, JPN)
        kor.clock.move(days=9)
        assert kor.peer(JPN).silent == ""

    def test_a_peer_with_an_address_that_never_answered_is_silent(self, village: Village) -> None:
        """
        From the beginning.
        """
        kor, jpn = village.node(KOR), village.node(JPN, addresses=["jpn.example:1"])
        village.joins(kor, jpn)
        assert kor.peer(JPN).silent == "the beginning"


class TestServed:
    def test_a_node_that_is_served_pushes_to_whoever_does_not_come(
        self, village: Village, line: type[Line], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        From the moment its card is confirmed; pulling from it goes on beside.
        """
        monkeypatch.setattr("legation.node.service.serving.Peer", Line)
        kor, jpn = joined(village, line)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        keeper = Keeper(kor.home, kor.around, lambda *_: None, lambda: None)
        keeper.start()
        assert eventually(lambda: len(jpn.inbox()) == 1)
        assert eventually(lambda: set(kor.states().values()) == {"receipted"})
        keeper.stop()
        keeper.join(SOON_S)
        assert not keeper.is_alive()
        assert [each.name for each in threading.enumerate() if each.name.startswith("push ")] == []
