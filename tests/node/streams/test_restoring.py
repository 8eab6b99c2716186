# SPDX-License-Identifier: Apache-2.0

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from msgspec.structs import replace as changed

from legation.errors import (
    EquivocationError,
    GapError,
    LegationError,
    ProofError,
    RefusedError,
    RemoteProtocolError,
)
from legation.exchange import ACTIONS, Action, Carried, Former, Position, Predecessor, Standing, read_start
from legation.log import LogKind
from legation.node.peers.stopping import resume_peer
from legation.node.streams import beginning, incarnations, recalling
from legation.node.streams.incarnations import LOST, RESTORED
from legation.node.streams.receipting import old_to_give
from legation.node.streams.restoring import declare, read_restoration
from legation.records import RestorationRecord
from legation.store.sqlite import deliveries, incoming, outgoing, peers
from legation.store.sqlite.outgoing import Outgoing
from tests.node.pair import FIRST, SECOND, Node, Village, unchanged

KOR, JPN, AUS = "KOR@NATO", "JPN@NATO", "AUS@NATO"
SECRET = "(S//REL KOR, JPN)"
TEXT = "The seating was changed."


def says(node: Node, *, by: str = FIRST, is_copy: bool = False) -> RestorationRecord:
    """Let one person say what happened to a folder."""
    return declare(by=by, is_copy=is_copy, database=node.database, around=node.around)


def restores(node: Node, *, is_copy: bool = False) -> RestorationRecord:
    """Let two persons say what happened to a folder."""
    says(node, is_copy=is_copy)
    return says(node, by=SECOND, is_copy=is_copy)


def resumes(node: Node, *offices: str) -> None:
    """Let two persons let links go on."""
    for office in offices:
        for by in (FIRST, SECOND):
            resume_peer(office, by=by, database=node.database, around=node.around)


def told(node: Node) -> RestorationRecord:
    """What a node says of its restoration."""
    return read_restoration(database=node.database)


def meets(one: Node, other: Node) -> None:
    """Let two nodes pull from each other until nothing is new."""
    for _ in range(3):
        for asks, answers in ((one, other), (other, one)):
            asks.catches_up(answers)


def present(node: Node, office: str) -> Outgoing:
    """The present stream of a node to an office."""
    with node.database.read() as db:
        found = outgoing.stream(db, office)
    assert found is not None
    return found


def named(node: Node, office: str) -> tuple[Predecessor, ...]:
    """What the start of the present stream names."""
    with node.database.read() as db:
        payload = outgoing.payload(db, present(node, office).stream_id, 0, node.home.blobs)
    assert payload is not None
    return read_start(payload).predecessors


def held(node: Node, office: str = KOR) -> tuple[bytes, int]:
    """Which stream of an office a node holds, and how much of it."""
    with node.database.read() as db:
        found = incoming.stream(db, office)
    assert found is not None
    return found.incarnation, found.held.frontier.size


def evidence(node: Node, office: str) -> list[tuple[str, bytes, bytes]]:
    """What a node keeps about an office."""
    with node.database.read() as db:
        return [(each.what, each.ours, each.theirs) for each in peers.evidence(db, office)]


def stand(node: Node) -> set[str]:
    """How what was released stands, all of it."""
    return {state for (state,) in node.rows("SELECT DISTINCT state FROM delivery WHERE state <> 'void'")}


def sends(node: Node, *numbers: int, to: str = JPN) -> list[str]:
    """Release a report for each number."""
    return [node.releases(f"(C//REL KOR, JPN, AUS) {TEXT} {number}", to=[to]) for number in numbers]


@pytest.fixture
def lost(village: Village) -> tuple[Node, Node, list[str]]:
    """KOR@NATO, put back to when it had sent one report of three, and JPN@NATO, which has receipted all."""
    kor, jpn = village.pair(KOR, JPN)
    items = sends(kor, 0)
    jpn.catches_up(kor)
    backup = village.copies(kor)
    items += sends(kor, 1, 2)
    jpn.catches_up(kor)
    village.restores(kor, backup)
    return kor, jpn, items


class TestNotDeclared:
    def test_what_we_signed_and_do_not_have_stops_every_link(self, village: Village) -> None:
        """
        The peer's receipt carries our own signature: nothing is signed any more, to nobody.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        backup = village.copies(kor)
        sends(kor, 0)
        jpn.catches_up(kor)
        village.restores(kor, backup)
        sends(kor, 1)
        sends(kor, 2, to=AUS)
        with unchanged(jpn):
            assert not jpn.catches_up(kor).entries
        assert {kor.peer(each).link for each in (JPN, AUS)} == {"paused"}
        assert kor.peer(AUS).why == LOST
        assert not aus.catches_up(kor).views
        assert kor.rows("SELECT count(*) FROM outgoing_checkpoint") == [(0,)]
        [held] = told(kor).held_there
        assert (held.office, held.there, held.here, held.signed, held.waits) == (JPN, 2, 0, True, True)
        assert told(kor).stopped
        assert kor.log()[-1].kind is LogKind.PAUSED
        with unchanged(kor), pytest.raises(RefusedError, match="lost what it signed"):
            resumes(kor, AUS)
        assert not kor.faults()

    def test_a_restored_node_hears_of_it_and_goes_on_when_it_is_declared(
        self, lost: tuple[Node, Node, list[str]]
    ) -> None:
        """
        What was released meanwhile goes in another incarnation, what the peer holds stays, and nothing is shown twice.
        """
        kor, jpn, items = lost
        items += sends(kor, 3)
        meets(jpn, kor)
        assert kor.peer(JPN).why == LOST
        restores(kor)
        assert (kor.peer(JPN).link, kor.peer(JPN).why) == ("paused", RESTORED)
        meets(jpn, kor)
        assert len(jpn.listed()) == 3
        resumes(kor, JPN)
        meets(jpn, kor)
        assert sorted(jpn.listed()) == sorted(items)
        assert stand(kor) == {"receipted"}
        assert (kor.faults(), jpn.faults()) == ((), ())


class TestDeclared:
    def test_it_takes_two_persons(self, lost: tuple[Node, Node, list[str]]) -> None:
        """
        The first changes nothing; the same person twice is one.
        """
        kor, _, _ = lost
        streams = kor.rows("SELECT * FROM outgoing")
        found = says(kor)
        assert (found.asks, found.asked_by, found.declared) == ("restored", FIRST, "")
        assert kor.rows("SELECT * FROM outgoing") == streams
        with unchanged(kor), pytest.raises(RefusedError, match="declared this"):
            says(kor, by=FIRST.upper())
        found = says(kor, by=SECOND)
        assert (found.declared, found.asks, found.stopped) == ("restored", "", False)
        assert kor.rows("SELECT * FROM outgoing") != streams
        assert not kor.faults()

    def test_every_stream_and_the_own_log_begin_anew(self, village: Village) -> None:
        """
        Also those to peers that saw nothing of the loss; and what was signed of the old log stays what it is.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        sends(kor, 0)
        sends(kor, 1, to=AUS)
        jpn.catches_up(kor)
        aus.catches_up(kor)
        before = {each: present(kor, each).incarnation for each in (JPN, AUS)}
        log = kor.rows("SELECT incarnation FROM log_state")
        restores(kor)
        for office, incarnation in before.items():
            now = present(kor, office)
            assert now.incarnation != incarnation
            assert [each.incarnation for each in named(kor, office)] == [incarnation]
            assert (kor.peer(office).link, kor.peer(office).why) == ("paused", RESTORED)
        assert kor.rows("SELECT incarnation FROM log_state") != log
        assert kor.log()[-1].kind is LogKind.RESTORED
        assert not kor.faults()

    def test_a_paused_link_brings_the_start_and_nothing_else(
        self, lost: tuple[Node, Node, list[str]]
    ) -> None:
        """
        The peer learns of it before anybody lets the link go on, and says what it holds.
        """
        kor, jpn, _ = lost
        restores(kor)
        jpn.pulls(kor)
        assert held(jpn) == (present(kor, JPN).incarnation, 1)
        jpn.catches_up(kor)
        [shown] = told(kor).held_there
        assert (shown.here, shown.there, shown.state, shown.signed, shown.waits) == (
            2,
            4,
            "left",
            True,
            False,
        )
        assert jpn.rows("SELECT is_current, size FROM incoming ORDER BY stream_id") == [(0, 4), (1, 1)]
        assert [each[0] for each in evidence(jpn, KOR)] == [
            "its stream began anew: it lost something, and says so"
        ]
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_what_was_receipted_does_not_go_again(self, village: Village) -> None:
        """
        And what was numbered and not receipted does, decided anew.
        """
        kor, jpn = village.pair(KOR, JPN)
        items = sends(kor, 0)
        jpn.catches_up(kor)
        items += sends(kor, 1)
        list(kor.answers([jpn.asks(kor)]))
        assert [kor.states(each)[JPN] for each in items] == ["receipted", "numbered"]
        restores(kor)
        resumes(kor, JPN)
        meets(jpn, kor)
        assert sorted(jpn.listed()) == sorted(items)
        assert kor.rows("SELECT count(*) FROM outgoing_entry WHERE kind = 'view'") == [(3,)]
        assert jpn.rows("SELECT count(*) FROM incoming_entry WHERE kind = 'view'") == [(2,)]
        assert stand(kor) == {"receipted"}
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_what_is_no_longer_permitted_does_not_go_again(self, village: Village) -> None:
        """
        A grant that was narrowed before the link goes on holds also for what was numbered before.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = sends(kor, 0)[0]
        list(kor.answers([jpn.asks(kor)]))
        restores(kor)
        kor.grants(JPN, "LIMITED")
        resumes(kor, JPN)
        meets(jpn, kor)
        assert jpn.listed() == []
        assert kor.states(item) == {JPN: "withheld"}
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_what_was_appended_and_never_signed_is_not_named(self, village: Village) -> None:
        """
        After the backup was put back the stream grew, and the peer holds other entries there.
        """
        kor, jpn = village.pair(KOR, JPN)
        items = sends(kor, 0)
        jpn.catches_up(kor)
        backup = village.copies(kor)
        items += sends(kor, 1)
        jpn.catches_up(kor)
        village.restores(kor, backup)
        kor.withdraws(items[0])
        assert present(kor, JPN).frontier.size == 3
        restores(kor)
        assert [each.size for each in named(kor, JPN)] == [2]
        resumes(kor, JPN)
        meets(jpn, kor)
        assert jpn.listed() == items[1:]
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_a_withdrawal_without_a_receipt_goes_again(self, village: Village) -> None:
        """
        Once, however often the stream begins anew; one that is receipted does not.
        """
        kor, jpn = village.pair(KOR, JPN)
        items = sends(kor, 0, 1)
        jpn.catches_up(kor)
        kor.withdraws(items[0])
        jpn.catches_up(kor)
        kor.withdraws(items[1])
        for _ in range(2):
            restores(kor)
            resumes(kor, JPN)
        meets(jpn, kor)
        assert kor.rows(
            "SELECT is_current, count(*) FROM outgoing_entry JOIN outgoing USING (stream_id) "
            "WHERE kind = 'withdrawal' GROUP BY is_current"
        ) == [(0, 2), (1, 1)]
        assert jpn.rows("SELECT count(*) FROM withdrawal") == [(2,)]
        restores(kor)
        resumes(kor, JPN)
        meets(jpn, kor)
        assert jpn.rows("SELECT count(*) FROM incoming_entry WHERE kind = 'withdrawal'") == [(2,)]
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_a_stream_that_was_lost_whole_is_named(self, village: Village) -> None:
        """
        The backup is from before its first entry: what the peer shows of it is what the start says.
        """
        kor, jpn = village.pair(KOR, JPN)
        backup = village.copies(kor)
        items = sends(kor, 0)
        jpn.catches_up(kor)
        lost_stream = held(jpn)[0]
        village.restores(kor, backup)
        restores(kor)
        meets(jpn, kor)
        assert (lost_stream, 0) in [(each.incarnation, each.size) for each in named(kor, JPN)]
        items += sends(kor, 1)
        resumes(kor, JPN)
        meets(jpn, kor)
        assert sorted(jpn.listed()) == sorted(items)
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_a_stream_that_had_begun_and_no_entry_yet_is_named(self, village: Village) -> None:
        """
        Nothing of it is here, and the peer follows all the same.
        """
        kor, jpn = village.pair(KOR, JPN)
        jpn.pulls(kor)
        backup = village.copies(kor)
        items = sends(kor, 0)
        jpn.catches_up(kor)
        village.restores(kor, backup)
        restores(kor)
        assert [each.size for each in named(kor, JPN)] == [0]
        resumes(kor, JPN)
        items += sends(kor, 1)
        meets(jpn, kor)
        assert sorted(jpn.listed()) == sorted(items)
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_the_same_backup_put_back_twice_is_noticed_again(self, village: Village) -> None:
        """
        The second time the peer holds an incarnation that the backup does not know: what it shows is named too.
        """
        kor, jpn = village.pair(KOR, JPN)
        items = sends(kor, 0)
        jpn.catches_up(kor)
        backup = village.copies(kor)
        for number in (1, 2):
            village.restores(kor, backup)
            restores(kor)
            meets(jpn, kor)
            items += sends(kor, number)
            resumes(kor, JPN)
            meets(jpn, kor)
            assert sorted(jpn.listed()) == sorted(items)
        assert len(named(kor, JPN)) == 3
        assert jpn.rows("SELECT is_current FROM incoming ORDER BY stream_id") == [(0,), (0,), (1,)]
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_a_node_that_lost_everything_goes_on_with_its_keys(self, village: Village) -> None:
        """
        An empty folder with the same keys: nothing is signed for whoever holds more, until two persons have spoken.
        """
        kor, jpn = village.pair(KOR, JPN)
        jpn.catches_up(kor)
        empty = village.copies(kor)
        kor.runs("DELETE FROM outgoing")
        items = sends(kor, 0)
        jpn.catches_up(kor)
        village.restores(kor, empty)
        kor.runs("DELETE FROM outgoing")
        sends(kor, 1)
        jpn.catches_up(kor)
        assert kor.peer(JPN).why == LOST
        restores(kor)
        resumes(kor, JPN)
        meets(jpn, kor)
        assert len(jpn.listed()) == 2
        assert set(items) < set(jpn.listed())

    def test_more_receipts_of_a_stream_that_was_left_stop_nothing(
        self, lost: tuple[Node, Node, list[str]]
    ) -> None:
        """
        What they show has been answered; the largest is kept.
        """
        kor, jpn, _ = lost
        restores(kor)
        with jpn.database.read() as db:
            [stream] = incoming.streams(db, KOR)
            data = incoming.receipt(db, stream.stream_id)
        kor.hears(jpn.asks_with(kor, receipt=data))
        assert (kor.peer(JPN).why, told(kor).stopped) == (RESTORED, False)
        with unchanged(kor):
            kor.hears(jpn.asks_with(kor, receipt=data))

    def test_a_peer_that_lost_what_it_had_receipted_gets_it_again(self, village: Village) -> None:
        """
        Both lost something: it is believed with a challenge, kept as evidence, and sent in the new stream.
        """
        kor, jpn = village.pair(KOR, JPN)
        jpn_backup = village.copies(jpn)
        items = sends(kor, 0, 1)
        jpn.catches_up(kor)
        village.restores(jpn, jpn_backup)
        restores(kor)
        resumes(kor, JPN)
        assert jpn.pulls(kor).entries == 1
        assert jpn.pulls(kor).is_challenged
        meets(jpn, kor)
        assert sorted(jpn.listed()) == sorted(items)
        assert evidence(kor, JPN)[-1][0] == "it has lost what it had receipted of a stream that was left"
        assert stand(kor) == {"receipted"}
        assert (kor.faults(), jpn.faults()) == ((), ())


class TestWhatIsSaid:
    """A peer's word, and what our signature proves."""

    def test_a_liar_stops_its_own_link_and_no_other(self, village: Village) -> None:
        """
        Two persons who do not believe it let it go on; nothing begins anew.
        """
        kor, jpn, _aus = village.star(KOR, JPN, AUS)
        sends(kor, 0)
        jpn.catches_up(kor)
        stream = present(kor, JPN)
        for told_position in (
            Position(incarnation=stream.incarnation, size=9, root=bytes(32)),
            Position(incarnation=bytes(16), size=2, root=bytes(32)),
        ):
            assert kor.hears(jpn.asks_with(kor, position=told_position)).entries == ()
            assert [kor.peer(each).link for each in (JPN, AUS)] == ["paused", "active"]
            assert not told(kor).stopped
            with unchanged(kor):
                kor.hears(jpn.asks_with(kor, position=told_position))
            resumes(kor, JPN)
            assert not any(each.waits for each in told(kor).held_there)
        assert present(kor, JPN) == stream
        item = sends(kor, 1)[0]
        jpn.catches_up(kor)
        assert kor.states(item) == {JPN: "receipted"}
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_more_and_more_of_what_was_lost_stops_the_node_once(self, village: Village) -> None:
        """
        A peer that shows its receipts one by one, the smallest first, stops nothing that goes on since.
        """
        kor, jpn = village.pair(KOR, JPN)
        backup = village.copies(kor)
        receipts = []
        for number in range(3):
            sends(kor, number)
            jpn.catches_up(kor)
            with jpn.database.read() as db:
                receipts.append(incoming.receipt(db, incoming.streams(db, KOR)[0].stream_id))
        village.restores(kor, backup)
        kor.hears(jpn.asks_with(kor, receipt=receipts[0]))
        assert kor.peer(JPN).why == LOST
        restores(kor)
        resumes(kor, JPN)
        for data in receipts[1:]:
            kor.hears(jpn.asks_with(kor, receipt=data))
            assert (kor.peer(JPN).link, told(kor).stopped) == ("active", False)
        [shown] = told(kor).held_there
        assert (shown.there, shown.signed, shown.waits) == (4, True, False)
        meets(jpn, kor)
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_what_a_liar_says_is_bounded(self, village: Village) -> None:
        """
        A new incarnation with every pull fills no store.
        """
        kor, jpn = village.pair(KOR, JPN)
        jpn.catches_up(kor)
        for number in range(40):
            position = Position(incarnation=bytes([number]) * 16, size=2, root=bytes(32))
            kor.hears(jpn.asks_with(kor, position=position))
        assert len(told(kor).held_there) == 16
        assert len(kor.rows("SELECT 1 FROM evidence")) == 0

    def test_another_history_that_we_signed_freezes_and_one_that_we_did_not_is_a_loss(
        self, village: Village
    ) -> None:
        """
        After a restoration the stream grew again, unsigned, to where the peer's receipt shows another root.
        """
        kor, jpn = village.pair(KOR, JPN)
        sends(kor, 0)
        jpn.catches_up(kor)
        backup = village.copies(kor)
        sends(kor, 1)
        jpn.catches_up(kor)
        village.restores(kor, backup)
        sends(kor, 2, 3)
        kor.answering.work_ahead(JPN)
        assert present(kor, JPN).frontier.size > held(jpn)[1]
        jpn.catches_up(kor)
        assert (kor.peer(JPN).link, kor.peer(JPN).why) == ("paused", LOST)
        restores(kor)
        resumes(kor, JPN)
        meets(jpn, kor)
        assert len(jpn.listed()) == 4
        assert (kor.peer(JPN).link, jpn.peer(KOR).link) == ("active", "active")


class TestCopies:
    def test_the_second_of_two_that_signs_is_noticed_by_whoever_holds_both(self, village: Village) -> None:
        """
        Both roots are kept where they meet, and that link is frozen.
        """
        kor, jpn = village.pair(KOR, JPN)
        sends(kor, 0)
        jpn.catches_up(kor)
        copy = runs_twice(village, kor)
        kor.releases(f"{SECRET} One.", to=[JPN])
        copy.releases(f"{SECRET} Another.", to=[JPN])
        asked = jpn.asks(copy)
        other = list(copy.answers([asked]))
        jpn.pulls(kor)
        assert other
        sends(copy, 1)
        jpn.pulls(copy)
        jpn.catches_up(copy)
        assert copy.peer(JPN).link in {"paused", "frozen"}
        copy.close()

    def test_a_copy_hands_nothing_over_and_takes_nothing_in(self, village: Village) -> None:
        """
        Until it is declared that it goes on after all.
        """
        kor, jpn = village.pair(KOR, JPN)
        copy = runs_twice(village, kor)
        found = restores(copy, is_copy=True)
        assert (found.declared, found.stopped) == ("copy", True)
        copy.releases(f"{SECRET} Another.", to=[JPN])
        assert not jpn.catches_up(copy).entries
        with pytest.raises(RefusedError, match="copy"):
            copy.pulls(jpn)
        with unchanged(copy), pytest.raises(RefusedError, match="copy"):
            resumes(copy, JPN)
        assert not copy.faults()
        restores(copy)
        resumes(copy, JPN)
        jpn.catches_up(copy)
        assert len(jpn.listed()) == 1
        assert not copy.faults()
        copy.close()

    def test_a_new_peer_gets_nothing_of_a_copy_either(self, village: Village) -> None:
        """
        A link that begins there is paused from the start, and so is one of a node that may have lost something.
        """
        kor, _ = village.pair(KOR, JPN)
        aus = village.node(AUS)
        restores(kor, is_copy=True)
        kor.trusts(aus.card)
        assert kor.peer(AUS).link == "paused"
        with pytest.raises(RefusedError, match="copy"):
            resumes(kor, AUS)
        restores(kor)
        resumes(kor, AUS)
        assert kor.peer(AUS).link == "active"


def runs_twice(village: Village, node: Node) -> Node:
    """A second node in a copy of a node's folder, with dice of its own."""
    return Node(village.copies(node), node.clock, f"copy of {node.office}", village.nodes)


class TestPeerWasRestored:
    """The other side was put back to an old copy, after a stream had begun anew."""

    @pytest.mark.parametrize("when", ["before anything", "before the new stream", "in the new stream"])
    def test_it_gets_again_what_it_lost(self, village: Village, when: str) -> None:
        """
        Whatever it had receipted in whichever stream, once it gives a challenge back; and nothing is shown twice.
        """
        kor, jpn = village.pair(KOR, JPN)
        backups = {"before anything": village.copies(jpn)}
        items = sends(kor, 0)
        jpn.catches_up(kor)
        backups["before the new stream"] = village.copies(jpn)
        items += sends(kor, 1)
        jpn.catches_up(kor)
        restores(kor)
        resumes(kor, JPN)
        jpn.catches_up(kor)
        backups["in the new stream"] = village.copies(jpn)
        items += sends(kor, 2)
        jpn.catches_up(kor)
        assert stand(kor) == {"receipted"}
        village.restores(jpn, backups[when])
        meets(jpn, kor)
        assert sorted(jpn.listed()) == sorted(items)
        assert stand(kor) == {"receipted"}
        assert any("lost what it had receipted" in each[0] for each in evidence(kor, JPN))
        village.nodes[JPN].reopen()
        with unchanged(kor):
            jpn.catches_up(kor)
        assert (kor.peer(JPN).link, jpn.peer(KOR).link) == ("active", "active")
        assert (kor.faults(), jpn.faults()) == ((), ())


class TestBags:
    """Where no line reaches, a restoration is all that says that something was lost."""

    def test_a_restored_node_packs_in_a_new_stream_what_was_not_receipted(self, village: Village) -> None:
        """
        The first bag of it has everything for which there is no receipt; one that is late is refused by name.
        """
        kor, jpn = village.pair(KOR, JPN)
        items = sends(kor, 0)
        jpn.unpacks(*kor.packs(jpn))
        kor.unpacks(*jpn.packs(kor))
        backup = village.copies(kor)
        items += sends(kor, 1)
        first = kor.packs(jpn)
        items += sends(kor, 2)
        late = kor.packs(jpn)
        jpn.unpacks(*first)
        village.restores(kor, backup)
        items += sends(kor, 3)
        restores(kor)
        with pytest.raises(RefusedError, match="paused"):
            kor.packs(jpn)
        resumes(kor, JPN)
        new = kor.packs(jpn)
        jpn.unpacks(*new)
        with unchanged(jpn), pytest.raises(RemoteProtocolError, match=r"bag 3 .* of a stream that was left"):
            jpn.unpacks(*late)
        assert sorted(jpn.listed()) == sorted([items[0], items[1], items[3]])
        kor.unpacks(*jpn.packs(kor))
        assert stand(kor) == {"receipted"}
        [shown] = told(kor).held_there
        assert (shown.here, shown.there, shown.signed, shown.waits) == (2, 3, True, False)
        items += sends(kor, 4)
        jpn.unpacks(*kor.packs(jpn))
        kor.unpacks(*jpn.packs(kor))
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_a_bag_of_a_new_stream_before_its_first_is_missing_something(self, village: Village) -> None:
        """
        What is missing is named, as in any stream.
        """
        kor, jpn = village.pair(KOR, JPN)
        sends(kor, 0)
        jpn.unpacks(*kor.packs(jpn))
        restores(kor)
        resumes(kor, JPN)
        sends(kor, 1)
        first = kor.packs(jpn)
        sends(kor, 2)
        second = kor.packs(jpn)
        with unchanged(jpn), pytest.raises(GapError, match=r"bag 1 is missing: entries 0-2"):
            jpn.unpacks(*second)
        jpn.unpacks(*first, *second)
        assert len(jpn.listed()) == 3

    def test_a_restored_node_that_is_not_declared_is_stopped_by_the_first_bag_back(
        self, village: Village
    ) -> None:
        """
        The receipt in it is over more than is here.
        """
        kor, jpn = village.pair(KOR, JPN)
        backup = village.copies(kor)
        sends(kor, 0)
        jpn.unpacks(*kor.packs(jpn))
        village.restores(kor, backup)
        kor.unpacks(*jpn.packs(kor))
        assert kor.peer(JPN).why == LOST
        sends(kor, 1)
        with pytest.raises(RefusedError, match="paused"):
            kor.packs(jpn)
        restores(kor)
        resumes(kor, JPN)
        jpn.unpacks(*kor.packs(jpn))
        assert len(jpn.listed()) == 2
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_a_peer_that_lost_something_says_so_in_a_new_stream_of_its_own(self, village: Village) -> None:
        """
        What a bag says of less than was receipted counts there alone: an old bag cannot make us send again.
        """
        kor, jpn = village.pair(KOR, JPN)
        backup = village.copies(jpn)
        items = sends(kor, 0, 1)
        jpn.unpacks(*kor.packs(jpn))
        kor.unpacks(*jpn.packs(kor))
        items += sends(kor, 2)
        before = present(kor, JPN)
        village.restores(jpn, backup)
        restores(jpn)
        resumes(jpn, KOR)
        kor.unpacks(*jpn.packs(kor))
        assert present(kor, JPN).incarnation != before.incarnation
        assert evidence(kor, JPN)[-1][0] == "it has lost what it had receipted"
        jpn.unpacks(*kor.packs(jpn))
        assert sorted(jpn.listed()) == sorted(items)
        kor.unpacks(*jpn.packs(kor))
        assert stand(kor) == {"receipted"}
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_a_lower_position_in_the_same_stream_changes_nothing(self, village: Village) -> None:
        """
        It is from when the bag was packed; only a new stream says that something was lost.
        """
        kor, jpn = village.pair(KOR, JPN)
        sends(kor, 0)
        jpn.unpacks(*kor.packs(jpn))
        late = jpn.packs(kor)
        sends(kor, 1)
        jpn.unpacks(*kor.packs(jpn))
        kor.unpacks(*jpn.packs(kor))
        before = present(kor, JPN)
        kor.unpacks(*late)
        assert (present(kor, JPN), evidence(kor, JPN)) == (before, [])

    def test_what_is_not_declared_shows_as_two_histories(self, village: Village) -> None:
        """
        Nobody could warn the node that packs: whoever opens both bags freezes the link, and keeps both.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Zero.", to=[JPN])
        jpn.unpacks(*kor.packs(jpn))
        backup = village.copies(kor)
        kor.releases(f"{SECRET} One.", to=[JPN])
        jpn.unpacks(*kor.packs(jpn))
        village.restores(kor, backup)
        kor.releases(f"{SECRET} Another one.", to=[JPN])
        with pytest.raises(EquivocationError):
            jpn.unpacks(*kor.packs(jpn))
        assert jpn.peer(KOR).link == "frozen"
        [(_, ours, theirs)] = evidence(jpn, KOR)
        assert ours != theirs


class TestFollowing:
    """What a stream that begins anew must say of what is held."""

    def test_one_that_does_not_name_what_is_held_is_told_and_not_taken(self, village: Village) -> None:
        """
        The office has lost more than it knows, or there are two of it.
        """
        kor, jpn = village.pair(KOR, JPN)
        sends(kor, 0)
        jpn.catches_up(kor)
        kor.runs("UPDATE outgoing SET is_current = 0, incarnation = x'00112233445566778899aabbccddeeff'")
        with kor.database.read() as db:
            assert outgoing.stream(db, JPN) is None
        sends(kor, 1)
        kor.runs("DELETE FROM held_there")
        bag = kor.packs(jpn)
        with (
            unchanged(jpn),
            pytest.raises(RemoteProtocolError, match="begins anew, and not with what we hold"),
        ):
            jpn.unpacks(*bag)

    def test_one_that_says_otherwise_of_what_is_held_freezes_the_link(self, village: Village) -> None:
        """
        Its start names another root of what we hold than it signed to us.
        """
        kor, jpn = village.pair(KOR, JPN)
        sends(kor, 0)
        jpn.catches_up(kor)
        kor.runs("UPDATE outgoing_entry SET root = zeroblob(32) WHERE number = 1")
        restores(kor)
        with pytest.raises(EquivocationError, match="two histories of its first 2 entries"):
            jpn.catches_up(kor)
        assert jpn.peer(KOR).link == "frozen"
        assert held(jpn)[1] == 2

    def test_one_that_was_left_is_not_gone_back_to(self, village: Village) -> None:
        """
        A copy that still runs in it is not answered.
        """
        kor, jpn = village.pair(KOR, JPN)
        sends(kor, 0)
        jpn.catches_up(kor)
        copy = runs_twice(village, kor)
        restores(kor)
        resumes(kor, JPN)
        meets(jpn, kor)
        sends(copy, 1)
        size = held(jpn)
        jpn.catches_up(copy)
        assert held(jpn) == size
        assert (copy.peer(JPN).link, copy.peer(JPN).why) == ("paused", LOST)
        copy.close()


def signed(node: Node) -> dict[tuple[bytes, int], str]:
    """The root of every checkpoint that a node has signed, by incarnation and size."""
    rows = node.rows(
        "SELECT incarnation, outgoing_checkpoint.size, data FROM outgoing_checkpoint JOIN outgoing USING (stream_id)"
    )
    return {(incarnation, size): bytes(data).decode().split("\n")[2] for incarnation, size, data in rows}


class History:
    """Two nodes, of which one loses something now and then; and every root that it ever signed."""

    def __init__(self, village: Village, seed: int, *, is_declared: bool) -> None:
        self.dice = random.Random(seed)
        self.village, self.is_declared = village, is_declared
        self.kor, self.jpn = village.pair(KOR, JPN)
        self.backups = [village.copies(self.kor)]
        self.seen = dict[tuple[bytes, int], str]()
        self.number = 0

    def steps(self) -> list[Callable[[], Any]]:
        """What can happen; what nobody could notice happens only where it is declared."""
        found = [self.release, self.release, self.pull, self.pull, self.back_up, self.lose, self.withdraw]
        return [*found, self.lose_answer, self.carry] if self.is_declared else found

    def step(self) -> None:
        """Let something happen, and see that no size was signed with two roots."""
        self.dice.choice(self.steps())()
        for name, root in signed(self.kor).items():
            assert self.seen.setdefault(name, root) == root, "a size was signed twice"

    def release(self) -> None:
        """Something is released."""
        self.number += 1
        sends(self.kor, self.number)

    def withdraw(self) -> None:
        """What was released first is withdrawn."""
        items = self.kor.rows("SELECT item_id FROM delivery WHERE state NOT IN ('void', 'withdrawn') LIMIT 1")
        if items and self.dice.random() < 0.3:
            self.kor.withdraws(bytes(items[0][0]).hex())

    def pull(self) -> None:
        """The peer asks, perhaps once too often of a node that forgets its challenges."""
        with suppress(RemoteProtocolError):
            self.jpn.pulls(self.kor)

    def lose_answer(self) -> None:
        """What is answered does not arrive."""
        list(self.kor.answers([self.jpn.asks(self.kor)]))

    def carry(self) -> None:
        """A bag goes there and another comes back, or is lost."""
        try:
            files = self.kor.packs(self.jpn)
            if self.dice.random() < 0.7:
                self.jpn.unpacks(*files)
                self.kor.unpacks(*self.jpn.packs(self.kor))
        except (RefusedError, RemoteProtocolError, GapError):
            pass  # nothing new, nothing that may go, or one before it was lost

    def back_up(self) -> None:
        """The folder is copied."""
        self.backups.append(self.village.copies(self.kor))

    def lose(self) -> None:
        """The folder is put back to a copy."""
        self.village.restores(self.kor, self.dice.choice(self.backups))
        if self.is_declared:
            restores(self.kor)
            resumes(self.kor, JPN)

    def settle(self) -> None:
        """In the end persons have spoken, and both have everything that is there."""
        self.jpn.reopen()
        for _ in range(3):
            meets(self.jpn, self.kor)
            if told(self.kor).stopped or self.kor.peer(JPN).link == "paused":
                restores(self.kor)
                resumes(self.kor, JPN)
        meets(self.jpn, self.kor)
        assert stand(self.kor) <= {"receipted", "withdrawn"}
        found = self.kor.rows("SELECT DISTINCT item_id FROM delivery WHERE state = 'receipted'")
        # What was withdrawn in what was lost is withdrawn there.
        assert set(found) <= set(self.jpn.rows("SELECT item_id FROM view"))
        assert (self.kor.peer(JPN).link, self.jpn.peer(KOR).link) == ("active", "active")
        assert len(set(self.jpn.listed())) == len(self.jpn.listed())
        assert (self.kor.faults(), self.jpn.faults()) == ((), ())


@pytest.mark.parametrize("is_declared", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_no_size_is_ever_signed_with_two_roots(village: Village, seed: int, is_declared: bool) -> None:
    """
    Histories at random, put back to any copy at any moment; in the end everything that is there is receipted.
    """
    found = History(village, seed, is_declared=is_declared)
    for _ in range(20):
        found.step()
    found.settle()


def plays(village: Village, *, is_declared: bool) -> None:
    """Six histories, each in a village of its own."""
    for seed in range(6):
        folder = village.folder / str(seed)
        folder.mkdir()
        with Village(folder) as one:
            found = History(one, seed, is_declared=is_declared)
            for _ in range(20):
                found.step()
            found.settle()


def settles_nothing(db: Any, stream: Outgoing, *_: Any, **__: Any) -> Outgoing:
    """What had not been receipted is forgotten."""
    outgoing.set_settled(db, stream.stream_id, is_settled=True)
    return stream


def begins_nothing(db: Any, office: str, **_: Any) -> Outgoing | None:
    """The stream goes on as if nothing had been lost."""
    return outgoing.stream(db, office)


class TestRecalling:
    """What a node had sent and lost, as its peer gives it back."""

    def test_a_peer_gives_back_what_entries_were_lost(self, lost: tuple[Node, Node, list[str]]) -> None:
        """
        Their kinds and items, proven by our own signature; while the link is paused, and once.
        """
        kor, jpn, items = lost
        restores(kor)
        meets(jpn, kor)
        [shown] = told(kor).held_there
        assert [(each.number, each.kind, each.item) for each in shown.lost] == [
            (2, "view", items[1]),
            (3, "view", items[2]),
        ]
        assert kor.peer(JPN).link == "paused"
        jpn.reopen()
        with unchanged(kor):
            meets(jpn, kor)
        assert not kor.faults()
        kor.runs("UPDATE lost_entry SET leaf = zeroblob(32) WHERE number = 3")
        assert any("does not lead to what was signed" in each.what for each in kor.faults())

    def test_what_was_lost_whole_is_given_back_too(self, village: Village) -> None:
        """
        Also a withdrawal, and what was taken back, of a stream that is not known here.
        """
        kor, jpn = village.pair(KOR, JPN)
        backup = village.copies(kor)
        item = sends(kor, 0)[0]
        jpn.catches_up(kor)
        kor.withdraws(item)
        jpn.catches_up(kor)
        village.restores(kor, backup)
        meets(jpn, kor)
        restores(kor)
        meets(jpn, kor)
        [shown] = told(kor).held_there
        assert [each.kind for each in shown.lost] == ["start", "view", "withdrawal"]
        assert shown.lost[1].item == item
        assert not kor.faults()

    def test_by_bag_as_well(self, village: Village) -> None:
        """
        With the first bag that comes back after the new stream was opened there.
        """
        kor, jpn = village.pair(KOR, JPN)
        sends(kor, 0)
        jpn.unpacks(*kor.packs(jpn))
        backup = village.copies(kor)
        item = sends(kor, 1)[0]
        jpn.unpacks(*kor.packs(jpn))
        village.restores(kor, backup)
        restores(kor)
        resumes(kor, JPN)
        jpn.unpacks(*kor.packs(jpn))
        kor.unpacks(*jpn.packs(kor))
        [shown] = told(kor).held_there
        assert [each.item for each in shown.lost] == [item]

    def test_what_does_not_lead_to_our_signature_is_refused(self, lost: tuple[Node, Node, list[str]]) -> None:
        """
        A peer cannot say that we sent what we did not.
        """
        kor, jpn, _ = lost
        restores(kor)
        jpn.catches_up(kor)
        [old] = old_of(jpn)
        entry = old.lost[0].entry
        assert isinstance(entry, Carried)
        header = changed(entry.header, payload_hash=bytes(32))
        bent = changed(old, lost=(changed(old.lost[0], entry=changed(entry, header=header)), *old.lost[1:]))
        kor.runs("DELETE FROM lost_entry")
        asked = jpn.asks_with(kor, position=jpn_position(jpn), old=(bent,))
        with unchanged(kor), pytest.raises(ProofError, match="does not lead"):
            kor.takes([asked])
        kor.takes([jpn.asks_with(kor, position=jpn_position(jpn), old=(old,))])
        assert len(told(kor).held_there[0].lost) == 2

    def test_what_goes_by_a_start_that_was_lost_too_is_passed_over(self, village: Village) -> None:
        """
        An older backup was put back since: what lies before what the peer gives back is not here either.
        """
        kor, jpn = village.pair(KOR, JPN)
        sends(kor, 0)
        jpn.catches_up(kor)
        oldest = village.copies(kor)
        sends(kor, 1)
        jpn.catches_up(kor)
        newer = village.copies(kor)
        sends(kor, 2)
        jpn.catches_up(kor)
        village.restores(kor, newer)
        restores(kor)
        jpn.pulls(kor)
        village.restores(kor, oldest)
        restores(kor)
        [old] = old_of(jpn)
        assert [each.entry.number for each in old.lost] == [3]
        meets(jpn, kor)
        resumes(kor, JPN)
        meets(jpn, kor)
        assert stand(kor) == {"receipted"}
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_what_is_too_much_is_not_given_back_in_part(
        self, lost: tuple[Node, Node, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A part proves nothing; how much it was is known all the same.
        """
        monkeypatch.setattr(recalling, "LOST_MAX", 1)
        kor, jpn, _ = lost
        restores(kor)
        meets(jpn, kor)
        [shown] = told(kor).held_there
        assert (shown.here, shown.there, shown.lost) == (2, 4, ())


def old_of(node: Node, office: str = KOR) -> tuple[Former, ...]:
    """What a node says of streams of an office that were left."""
    with node.database.read() as db:
        return old_to_give(db, office, node.card)


def jpn_position(node: Node) -> Position:
    """Where a node stands in the present stream of KOR@NATO."""
    with node.database.read() as db:
        stream = incoming.stream(db, KOR)
    assert stream is not None
    assert stream.held.position is not None
    return stream.held.position


class TestChecking:
    """What ``fsck`` says of what was done behind the program's back."""

    @pytest.mark.parametrize(
        ("statement", "said"),
        [
            ("UPDATE restoration SET record = x'7b7d'", "it is not in the log"),
            ("DELETE FROM restoration", "kind restored stand for is missing"),
            ("UPDATE held_there SET root = zeroblob(32)", "it is over other entries than its row says"),
            ("UPDATE held_there SET receipt = x'00'", ""),
            (
                "UPDATE outgoing SET incarnation = zeroblob(16) WHERE is_current = 0",
                "its start does not name a stream that was left for it",
            ),
            ("DELETE FROM outgoing_receipt WHERE size = 2", "newest receipt is another one"),
        ],
    )
    def test_finds_it(self, lost: tuple[Node, Node, list[str]], statement: str, said: str) -> None:
        """
        Of streams that were left as well as of the present one.
        """
        kor, jpn, _ = lost
        restores(kor)
        meets(jpn, kor)
        assert not kor.faults()
        kor.runs(statement)
        assert any(said in each.what for each in kor.faults())

    def test_finds_a_stream_of_a_peer_that_does_not_follow(self, lost: tuple[Node, Node, list[str]]) -> None:
        """
        Its start names the one that was held before it.
        """
        kor, jpn, _ = lost
        restores(kor)
        meets(jpn, kor)
        jpn.runs("UPDATE incoming SET incarnation = zeroblob(16) WHERE is_current = 0")
        assert any("does not follow" in each.what for each in jpn.faults())


class TestPlantedBugs:
    """Each makes the program wrong in one way, and a history at random finds it."""

    @pytest.mark.parametrize(
        ("bug", "is_declared", "patches"),
        [
            (
                "what a peer holds beyond ours is overlooked",
                False,
                {
                    "legation.node.streams.answering.ACTIONS": {**ACTIONS, Standing.AHEAD: Action.ANSWER},
                    "legation.node.streams.answering.notice": lambda *_, **__: None,
                    "legation.node.streams.receipting.notice": lambda *_, **__: None,
                    "legation.node.streams.answering._start_in": lambda stream, _: stream.frontier.size,
                },
            ),
            (
                "a restored stream goes on",
                True,
                {"legation.node.streams.restoring.begin_again": begins_nothing},
            ),
        ],
        ids=lambda each: each if isinstance(each, str) else "",
    )
    def test_is_found_by_histories_at_random(
        self,
        village: Village,
        bug: str,
        is_declared: bool,
        patches: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """
        Found by ``test_no_size_is_ever_signed_with_two_roots``.
        """
        for name, wrong in patches.items():
            monkeypatch.setattr(name, wrong)
        with pytest.raises((AssertionError, LegationError)):
            plays(village, is_declared=is_declared)

    def test_a_start_that_names_what_was_never_signed(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Found by ``test_what_was_appended_and_never_signed_is_not_named``.
        """
        monkeypatch.setattr(
            "legation.node.streams.incarnations.outgoing.signed_size",
            lambda db, stream_id: len(list(outgoing.numbers(db, stream_id))),
        )
        with pytest.raises(AssertionError):
            TestDeclared().test_what_was_appended_and_never_signed_is_not_named(village)

    def test_what_was_not_receipted_is_forgotten(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Found by ``test_what_was_receipted_does_not_go_again``.
        """
        monkeypatch.setattr("legation.node.streams.beginning.settle", settles_nothing)
        with pytest.raises(AssertionError):
            TestDeclared().test_what_was_receipted_does_not_go_again(village)

    def test_what_was_receipted_goes_again(self, village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Found by the same.
        """
        real = deliveries.in_stream
        monkeypatch.setattr(
            "legation.node.streams.incarnations.deliveries.in_stream",
            lambda db, stream_id, **_: real(db, stream_id, receipted_from=0),
        )
        with pytest.raises(AssertionError):
            TestDeclared().test_what_was_receipted_does_not_go_again(village)

    def test_what_a_peer_says_it_lost_is_believed_at_once(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Found by ``test_a_peer_that_lost_what_it_had_receipted_gets_it_again``.
        """
        real = beginning.hear_old

        def credulous(*given: Any, **named: Any) -> Any:
            return real(*given, **(named | {"challenge_holds": True}))

        monkeypatch.setattr("legation.node.streams.answering.hear_old", credulous)
        with pytest.raises(AssertionError):
            TestDeclared().test_a_peer_that_lost_what_it_had_receipted_gets_it_again(village)

    def test_whatever_a_peer_says_stops_every_link(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Found by ``test_a_liar_stops_its_own_link_and_no_other``.
        """
        real = incarnations.notice

        def credulous(*given: Any, **named: Any) -> None:
            real(*given, **(named | {"receipt": named.get("receipt") or b"said"}))

        monkeypatch.setattr("legation.node.streams.answering.notice", credulous)
        with pytest.raises(AssertionError):
            TestWhatIsSaid().test_a_liar_stops_its_own_link_and_no_other(village)
