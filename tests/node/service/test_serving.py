# SPDX-License-Identifier: Apache-2.0

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace as changed

from legation.errors import LegationError, MalformedError, RefusedError, StoreError, UnreachableError
from legation.exchange import ANSWER_SIZE_BYTES_MAX, Answer, Position, Pull, read_envelope
from legation.node.service import serving
from legation.node.service.doorbell import Doorbell
from legation.node.service.reception import Answerer
from legation.node.service.serving import Keeper, PullLoop, pull_all, serve_node
from legation.node.streams.answering import Answering
from legation.node.streams.handing_over import Batch
from legation.store.lock import FolderLock
from tests.node.pair import Node, Village, next_card, unchanged
from tests.transports.ends import eventually

KOR, JPN, AUS = "KOR@NATO", "JPN@NATO", "AUS@NATO"
SECRET = "(S//REL KOR, JPN)"
LONG_S = 50  # a long poll; nothing here waits that long
SOON_S = 10.0  # by then something must have happened that takes some milliseconds

Found = TypeVar("Found")


class Served:
    """A node that answers with all the waiting, in an event loop, without HTTP."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.reports: list[tuple[str, BaseException]] = []
        self.doorbell = Doorbell(node.database)
        self.answerer = Answerer(
            node.answering,
            node.taking_pushes,
            self.doorbell,
            node.database,
            lambda where, error: self.reports.append((where, error)),
        )

    async def asked(self, asker: Node, **fields: Any) -> Answer:
        """Ask, and look into the answer as the asker."""
        pieces = [
            piece async for piece in await self.answerer(asker.asks_with(self.node, **fields), asker.office)
        ]
        return read_envelope(
            pieces,
            Answer,
            openers=[asker.home.signing.opener],
            receiver=asker.office,
            key_of=lambda _: self.node.card.envelope_key,
            size_bytes_max=ANSWER_SIZE_BYTES_MAX,
        ).letter


def run(act: Callable[[Served], Awaitable[Found]], node: Node) -> Found:
    """Run something beside a served node."""

    async def main() -> Found:
        async with asyncio.timeout(SOON_S):
            return await act(Served(node))

    return asyncio.run(main())


class TestAnswerer:
    def test_what_is_there_is_answered_at_once(self, village: Village) -> None:
        """
        A pull that may wait does not, if there is something.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        found = run(lambda served: served.asked(jpn, wait_s=LONG_S), kor)
        assert len(found.entries) == 2

    def test_a_pull_that_does_not_wait_is_answered_with_nothing(self, village: Village) -> None:
        """
        With or without a grant, and with a first pull or a later one.
        """
        kor, jpn = village.pair(KOR, JPN)
        aus = village.node(AUS)
        kor.trusts(aus.card)
        for node in (jpn, aus, jpn, aus):
            assert run(lambda served, node=node: served.asked(node), kor).entries == ()  # type: ignore[misc]

    @pytest.mark.parametrize("granted", [True, False])
    def test_a_waiting_pull_spins_nowhere(
        self, village: Village, monkeypatch: pytest.MonkeyPatch, granted: bool
    ) -> None:
        """
        While nothing is committed nothing is looked at, with or without a grant; then its time ends.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        kor.trusts(jpn.card)
        if granted:
            kor.grants(JPN)
        looks: list[Pull] = []
        honest = Answering.batch

        def counted(own: Answering, pull: Pull) -> Batch:
            looks.append(pull)
            return honest(own, pull)

        monkeypatch.setattr(Answering, "batch", counted)
        began = time.monotonic()
        assert run(lambda served: served.asked(jpn, wait_s=1), kor).entries == ()
        assert 1 <= time.monotonic() - began < SOON_S
        assert len(looks) <= 3

    def test_a_release_answers_a_waiting_pull(self, village: Village) -> None:
        """
        By this process or another: the commit wakes it, and it has the item.
        """
        kor, jpn = village.pair(KOR, JPN)

        async def act(served: Served) -> tuple[Answer, float]:
            waiting = asyncio.create_task(served.asked(jpn, wait_s=LONG_S))
            await asyncio.sleep(0.1)
            assert not waiting.done()
            other = Node(kor.folder, kor.clock, "another process", {})
            await asyncio.to_thread(other.releases, f"{SECRET} Words.", to=[JPN])
            began = time.monotonic()
            answer = await waiting
            other.close()
            return answer, time.monotonic() - began

        found, took_s = run(act, kor)
        assert len(found.entries) == 2
        assert took_s < SOON_S / 4

    def test_a_commit_that_is_not_for_it_leaves_it_waiting(self, village: Village) -> None:
        """
        What is released to others wakes, is looked at, and is no answer.
        """
        kor, jpn, _ = village.star(KOR, JPN, AUS)

        async def act(served: Served) -> bool:
            waiting = asyncio.create_task(served.asked(jpn, wait_s=LONG_S))
            await asyncio.sleep(0.1)
            await asyncio.to_thread(kor.releases, "(C//REL KOR, AUS) Words.", to=[AUS])
            await asyncio.sleep(0.2)
            still = not waiting.done()
            waiting.cancel()
            return still

        assert run(act, kor)

    def test_what_is_withheld_leaves_it_waiting(self, village: Village) -> None:
        """
        Something waited, was decided, and may not go: that is no answer, and no reason to look again.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        kor.grants(JPN, "LIMITED")

        async def act(served: Served) -> bool:
            waiting = asyncio.create_task(served.asked(jpn, wait_s=LONG_S))
            while kor.states() != {JPN: "withheld"}:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            still = not waiting.done()
            waiting.cancel()
            return still

        assert run(act, kor)

    def test_of_two_pulls_of_one_peer_the_newer_waits_on(self, village: Village) -> None:
        """
        The older one is answered with nothing at once, so a peer holds one place; others are not touched.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)

        async def act(served: Served) -> tuple[list[bool], Answer]:
            other = asyncio.create_task(served.asked(aus, wait_s=LONG_S))
            pulls = []
            for _ in range(3):
                pulls.append(asyncio.create_task(served.asked(jpn, wait_s=LONG_S)))
                await asyncio.sleep(0.1)
            done = [each.done() for each in (other, *pulls)]
            assert pulls[0].result().entries == pulls[1].result().entries == ()
            await asyncio.to_thread(kor.releases, f"{SECRET} Words.", to=[JPN])
            answer = await pulls[2]
            other.cancel()
            return done, answer

        done, answer = run(act, kor)
        assert done == [False, True, True, False]
        assert len(answer.entries) == 2

    def test_a_node_that_ends_answers_those_who_wait(self, village: Village) -> None:
        """
        With nothing, at once; and whoever comes then does not wait.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)

        async def act(served: Served) -> list[Answer]:
            waiting = [asyncio.create_task(served.asked(each, wait_s=LONG_S)) for each in (jpn, aus)]
            await asyncio.sleep(0.1)
            assert not any(each.done() for each in waiting)
            await served.doorbell.close()
            return [*await asyncio.gather(*waiting), await served.asked(jpn, wait_s=LONG_S)]

        assert [each.entries for each in run(act, kor)] == [(), (), ()]

    def test_many_pulls_of_one_peer_at_once_have_one_effect(self, village: Village) -> None:
        """
        Ten ask at once: all get the same entries, numbered once, under one checkpoint.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Words.", to=[JPN])

        async def act(served: Served) -> list[Answer]:
            return await asyncio.gather(*(served.asked(jpn) for _ in range(10)))

        found = run(act, kor)
        assert {each.entries for each in found} == {found[0].entries}
        assert len({each.checkpoint for each in found}) == 1
        assert kor.rows("SELECT count(*) FROM outgoing_entry") == [(2,)]

    @pytest.mark.parametrize("lie", ["ahead", "another", "forked"])
    def test_a_position_that_stops_is_answered_at_once(self, village: Village, lie: str) -> None:
        """
        Nothing will come of waiting; the peer comes back after a while.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        answer = kor.hears(jpn.asks_with(kor))
        held = Position(incarnation=answer.incarnation, size=2, root=bytes(32))
        if lie == "ahead":
            held = changed(held, size=9)
        elif lie == "another":
            held = changed(held, incarnation=bytes(16))
        found = run(lambda served: served.asked(jpn, wait_s=LONG_S, position=held), kor)
        # What only shows that something is not here is to be proven, by a receipt that comes with the challenge.
        assert (found.entries, found.challenge is None) == ((), lie == "forked")

    def test_what_waits_behind_a_batch_is_made_while_it_is_taken(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        The next batch is numbered when this one has been given out; its failure is told and hurts nobody.
        """
        monkeypatch.setattr("legation.node.streams.numbering.DELIVERIES_PER_STEP", 1)
        kor, jpn = village.pair(KOR, JPN)
        for number in range(2):
            kor.releases(f"{SECRET} {number}.", to=[JPN])

        async def act(served: Served) -> list[tuple[str, BaseException]]:
            assert len((await served.asked(jpn)).entries) == 2
            while kor.rows("SELECT count(*) FROM outgoing_entry") != [(3,)]:
                await asyncio.sleep(0.01)

            def fail(*_: object) -> None:
                raise StoreError("planted")

            monkeypatch.setattr(Answering, "work_ahead", fail)
            await served.asked(jpn)
            while not served.reports:
                await asyncio.sleep(0.01)
            return served.reports

        [(where, error)] = run(act, kor)
        assert (where, type(error)) == ("work ahead", StoreError)

    def test_what_is_refused_is_raised_before_the_first_piece(self, village: Village) -> None:
        """
        A stranger's envelope never gets an answer.
        """
        kor, aus = village.node(KOR), village.node(AUS)
        with unchanged(kor), pytest.raises(LegationError, match="not known"):
            run(lambda served: served.asked(aus), kor)


class Line:
    """Stands for ``Peer``: leads to a node in memory, or to nobody."""

    nodes: dict[str, Node]
    down: set[str]
    asked: list[str]

    def __init__(self, address: str, *, size_bytes_max: int) -> None:
        self._address = address
        assert size_bytes_max == ANSWER_SIZE_BYTES_MAX
        self._closed = False

    def exchange(self, envelope: bytes, *, wait_s: float = 0) -> Iterator[bytes]:
        """Ask the node at the address."""
        self.asked.append(self._address)
        assert wait_s >= 0
        if self._closed or self._address in self.down:
            raise UnreachableError(f"{self._address} does not answer")
        pieces: Iterable[bytes] = self.nodes[self._address].answers([envelope])
        yield from pieces

    def close(self) -> None:
        """End it."""
        self._closed = True


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> type[Line]:
    """
    The line, with nobody on it yet.
    """
    Line.nodes, Line.down, Line.asked = {}, set(), []
    monkeypatch.setattr(serving, "Peer", Line)
    return Line


def on_the_line(village: Village, line: type[Line]) -> tuple[Node, Node, Node]:
    """KOR@NATO and AUS@NATO with addresses, and JPN@NATO which pulls from both."""
    kor = village.node(KOR, addresses=["kor.example:1"])
    aus = village.node(AUS, addresses=["aus.example:1"])
    jpn = village.node(JPN)
    for node in (kor, aus):
        village.joins(node, jpn)
        line.nodes[node.card.body.addresses[0]] = node
    return kor, aus, jpn


class TestPullAll:
    def test_everybody_with_an_address_is_asked_until_there_is_nothing_more(
        self, village: Village, line: type[Line]
    ) -> None:
        """
        What each had is counted, and each has the receipt for it.
        """
        kor, aus, jpn = on_the_line(village, line)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        for number in range(2):
            aus.releases(f"(C//REL AUS, JPN) {number}.", to=[JPN])
        found = pull_all(jpn.home, None, jpn.around)
        assert [(each.office, each.entries, each.views, each.error) for each in found.record.peers] == [
            (AUS, 3, 2, ""),
            (KOR, 2, 1, ""),
        ]
        assert found.errors == ()
        assert kor.states() == {JPN: "receipted"}

    def test_who_does_not_answer_is_told_and_the_others_are_asked(
        self, village: Village, line: type[Line]
    ) -> None:
        """
        One failure is no failure of all.
        """
        kor, _, jpn = on_the_line(village, line)
        line.down.add("aus.example:1")
        kor.releases(f"{SECRET} Words.", to=[JPN])
        found = pull_all(jpn.home, None, jpn.around)
        assert [(each.office, each.views, each.error) for each in found.record.peers] == [
            (AUS, 0, "aus.example:1 does not answer"),
            (KOR, 1, ""),
        ]
        assert [type(each) for each in found.errors] == [UnreachableError]

    def test_one_may_be_asked_alone(self, village: Village, line: type[Line]) -> None:
        """
        By its office; who has no address, or is not trusted, cannot be asked.
        """
        kor, _, jpn = on_the_line(village, line)
        assert [each.office for each in pull_all(jpn.home, KOR, jpn.around).record.peers] == [KOR]
        with pytest.raises(RefusedError, match="is not confirmed"):
            pull_all(jpn.home, "FRA@NATO", jpn.around)
        with pytest.raises(MalformedError, match="names no address"):
            pull_all(kor.home, JPN, kor.around)

    def test_a_loss_is_made_good_in_one_go(self, village: Village, line: type[Line]) -> None:
        """
        The challenge of a peer that sends again is answered by itself.
        """
        kor, _, jpn = on_the_line(village, line)
        backup = village.copies(jpn)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        pull_all(jpn.home, KOR, jpn.around)
        village.restores(jpn, backup)
        [found] = pull_all(jpn.home, KOR, jpn.around).record.peers
        assert (found.views, found.error) == (1, "")

    def test_a_peer_that_only_asks_back_ends_it(
        self, village: Village, line: type[Line], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        No peer keeps a command going for ever.
        """
        kor, _, jpn = on_the_line(village, line)
        monkeypatch.setattr(
            kor,
            "answers",
            kor.lies(lambda answer: changed(answer, challenge=bytes(16), checkpoint=None, entries=())),
        )
        found = pull_all(jpn.home, KOR, jpn.around)
        assert [each.error for each in found.record.peers] == ["the peer asks back and never answers"]


class TestPullLoop:
    def loop(self, jpn: Node, reports: list[tuple[str, BaseException]]) -> PullLoop:
        """A loop that pulls from KOR@NATO."""
        return PullLoop(
            jpn.home, KOR, "kor.example:1", jpn.around, lambda where, error: reports.append((where, error))
        )

    def test_it_pulls_and_writes_down_once_why_it_cannot(
        self, village: Village, line: type[Line], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        While the peer is away the reason is kept once, however often it is tried; when it is back it goes on.
        """
        monkeypatch.setattr(serving, "RETRY_S_MIN", 0.01)
        monkeypatch.setattr(serving, "RETRY_S_MAX", 0.02)
        kor, _, jpn = on_the_line(village, line)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        line.down.add("kor.example:1")
        reports: list[tuple[str, BaseException]] = []
        loop = self.loop(jpn, reports)
        loop.start()
        assert eventually(lambda: len(reports) > 3)
        assert jpn.peer(KOR).why == "kor.example:1 does not answer"
        version = jpn.database.data_version()
        tries = len(reports)
        assert eventually(lambda: len(reports) > tries + 3)
        assert jpn.database.data_version() == version
        line.down.clear()
        assert eventually(lambda: len(jpn.inbox()) == 1)
        assert eventually(lambda: jpn.peer(KOR).why == "")
        loop.stop()
        loop.join(SOON_S)
        assert not loop.is_alive()

    def test_a_peer_that_answers_at_once_with_nothing_is_not_asked_without_pause(
        self, village: Village, line: type[Line]
    ) -> None:
        """
        A peer that does not let us wait does not make us spin.
        """
        _, _, jpn = on_the_line(village, line)
        loop = self.loop(jpn, [])
        loop.start()
        time.sleep(0.5)
        loop.stop()
        loop.join(SOON_S)
        assert 1 <= len(line.asked) <= 4

    def test_whatever_fails_does_not_end_it(
        self, village: Village, line: type[Line], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        An error that nobody foresaw is told by its type, and the loop goes on.
        """
        monkeypatch.setattr(serving, "RETRY_S_MIN", 0.01)
        _, _, jpn = on_the_line(village, line)

        def fail(*_: object, **__: object) -> None:
            raise ValueError("Zq7wanderer")

        reports: list[tuple[str, BaseException]] = []
        loop = self.loop(jpn, reports)
        monkeypatch.setattr("legation.node.streams.pulling.Pulling.pull", fail)
        loop.start()
        assert eventually(lambda: len(reports) > 2)
        assert loop.is_alive()
        loop.stop()
        loop.join(SOON_S)


class TestKeeper:
    def keeper(self, node: Node) -> tuple[Keeper, list[tuple[str, BaseException]]]:
        """A keeper that runs."""
        reports: list[tuple[str, BaseException]] = []
        return Keeper(
            node.home, node.around, lambda where, error: reports.append((where, error)), lambda: None
        ), reports

    def test_a_peer_that_is_confirmed_is_pulled_from(self, village: Village, line: type[Line]) -> None:
        """
        From the moment its card is confirmed, at the address that it names, and at its next one.
        """
        kor = village.node(KOR, addresses=["kor.example:1"])
        jpn = village.node(JPN)
        line.nodes["kor.example:1"] = line.nodes["kor.example:2"] = kor
        kor.trusts(jpn.card)
        kor.grants(JPN)
        keeper, reports = self.keeper(jpn)
        keeper.start()
        kor.releases(f"{SECRET} Words.", to=[JPN])
        jpn.adds(kor.card)
        time.sleep(0.4)
        assert line.asked == []
        jpn.confirms(KOR)
        assert eventually(lambda: len(jpn.inbox()) == 1)
        jpn.trusts(next_card(kor, addresses=("kor.example:2",)))
        assert eventually(lambda: "kor.example:2" in line.asked)
        keeper.stop()
        keeper.join(SOON_S)
        assert not keeper.is_alive()
        assert reports == []

    def test_a_date_that_passes_is_noticed(self, village: Village) -> None:
        """
        Nobody commits anything, and still a new epoch begins.
        """
        kor, _ = village.pair(KOR, JPN)
        kor.grants(JPN, not_after=kor.clock() + timedelta(hours=1))
        keeper, _ = self.keeper(kor)
        keeper.start()
        time.sleep(0.3)
        [(before,)] = kor.rows("SELECT number FROM epoch")
        kor.clock.move(hours=2)
        assert eventually(lambda: kor.rows("SELECT number FROM epoch") == [(before + 1,)])
        keeper.stop()
        keeper.join(SOON_S)

    def test_what_it_cannot_do_is_told_and_tried_again_after_a_while(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A keeper that fails does not spin, and goes on when it can.
        """
        kor, _ = village.pair(KOR, JPN)
        honest = Keeper.look
        failing = [True]

        def look(keeper: Keeper) -> None:
            if failing[0]:
                raise ValueError("Zq7wanderer")
            honest(keeper)

        monkeypatch.setattr(Keeper, "look", look)
        keeper, reports = self.keeper(kor)
        keeper.start()
        time.sleep(0.6)
        assert 1 <= len(reports) <= 3
        failing[0] = False
        kor.runs("UPDATE epoch SET changes_at = 1")
        assert eventually(lambda: kor.rows("SELECT changes_at FROM epoch") == [(None,)])
        keeper.stop()
        keeper.join(SOON_S)

    def test_an_address_that_is_none_hinders_no_other(
        self, village: Village, line: type[Line], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A card may name what cannot be reached from here; the other peers are pulled from.
        """
        kor, _, jpn = on_the_line(village, line)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        honest = Line.__init__

        def picky(own: Line, address: str, *, size_bytes_max: int) -> None:
            if address.startswith("aus"):
                raise MalformedError("the address is none")
            honest(own, address, size_bytes_max=size_bytes_max)

        monkeypatch.setattr(Line, "__init__", picky)
        keeper, reports = self.keeper(jpn)
        keeper.start()
        assert eventually(lambda: len(jpn.inbox()) == 1)
        keeper.stop()
        keeper.join(SOON_S)
        assert [where for where, _ in reports] == ["pull from AUS@NATO"]

    def test_a_disk_that_failed_ends_the_node(self, village: Village) -> None:
        """
        Where nothing can be written any more nothing is served.
        """
        kor, _ = village.pair(KOR, JPN)
        ended: list[int] = []
        keeper = Keeper(kor.home, kor.around, lambda *_: None, lambda: ended.append(1))
        kor.home.database._writer._is_broken = True
        keeper.start()
        keeper.join(SOON_S)
        assert ended == [1]


class TestServe:
    def test_a_second_one_on_a_folder_is_refused_before_it_listens(self, village: Village) -> None:
        """
        Two that serve one folder would answer one pull twice.
        """
        kor = village.node(KOR)
        started: list[object] = []

        async def main() -> None:
            await serve_node(
                kor.home,
                host="127.0.0.1",
                port=0,
                around=kor.around,
                started=lambda *where: started.append(where),
                stop=asyncio.Event(),
                report=lambda *_: None,
            )

        with FolderLock(kor.folder), unchanged(kor), pytest.raises(StoreError, match="in use by another"):
            asyncio.run(main())
        assert started == []
