# SPDX-License-Identifier: Apache-2.0
"""
Pushing, between two real nodes joined in memory.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from legation.errors import (
    LegationError,
    RefusedError,
    RemoteProtocolError,
    SignatureError,
    UnreachableError,
)
from legation.exchange import PUSH_SIZE_BYTES_MAX, Push, Taken, read_envelope, write_envelope
from legation.node.streams import pushing as pushing_module
from legation.node.streams.pushing import Pushed
from tests.node.courier.test_packing import attaches
from tests.node.pair import Node, Village, Way, unchanged
from tests.node.streams.test_restoring import restores, resumes

KOR, JPN, AUS = "KOR@NATO", "JPN@NATO", "AUS@NATO"
SECRET = "(S//REL KOR, JPN)"


def keeps(node: Node, into: list[bytes]) -> Way:
    """A way to a node that keeps what goes there."""

    def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
        into.append(b"".join(pieces))
        return node.is_pushed([into[-1]])

    return way


def is_lost(node: Node) -> Way:
    """A way on which what a node answers is lost."""

    def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
        list(node.is_pushed(pieces))
        raise UnreachableError("the line broke")

    return way


def opened(node: Node, envelope: bytes, sender: Node) -> Push:
    """What a push says, as the node that it is for reads it."""
    return read_envelope(
        [envelope],
        Push,
        openers=[node.home.signing.opener],
        receiver=node.office,
        key_of=lambda _: sender.card.envelope_key,
        size_bytes_max=PUSH_SIZE_BYTES_MAX,
        protocols=node.around.protocols,
    ).letter


def lies(node: Node, sender: Node, **fields: Any) -> Way:
    """A way to a node that takes a push in honestly and answers with other fields."""

    def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
        envelope = b"".join(pieces)
        push = opened(node, envelope, sender)
        # What honest nodes answer is sealed to a key that nobody else has, so it is written anew.
        list(node.is_pushed([envelope]))
        honest: dict[str, Any] = {
            "sender": node.office,
            "receiver": sender.office,
            "nonce": bytes(16),
            "push": node.answering.letterbox.open(envelope, Push).binding if "push" not in fields else b"",
            "challenge": push.challenge,
        }
        return write_envelope(
            Taken(**(honest | fields)),
            [],
            signer=node.home.signing.stream.ed25519,
            to=push.answer_key,
            secret=node.around.random(32),
            sealer=node.around.sealer,
        )

    return way


class TestPush:
    def test_one_round_trip_delivers_and_receipts(self, village: Village) -> None:
        """
        The receiver never asked for anything, and its registry has receipted.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Words.", to=[JPN])
        found = kor.pushes(jpn)
        assert found == Pushed(entries=2, held=2, size=2)
        assert jpn.reads(item) == ["Words."]
        assert kor.states(item) == {JPN: "receipted"}
        assert kor.faults() == jpn.faults() == ()

    def test_attachments_come_along(self, village: Village) -> None:
        """
        What is attached stands on the disk of the receiver before it receipts.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor)
        assert kor.pushes(jpn).held == 2
        assert len(jpn.inbox()) == 1
        assert set(kor.states().values()) == {"receipted"}
        assert jpn.rows("SELECT count(*) FROM attachment") == kor.rows("SELECT count(*) FROM attachment")
        assert kor.faults() == jpn.faults() == ()

    def test_a_push_of_nothing_changes_nothing_but_what_is_known(self, village: Village) -> None:
        """
        It says where both stand.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        kor.pushes(jpn)
        with unchanged(jpn):
            assert kor.pushes(jpn) == Pushed(entries=0, held=2, size=2)

    def test_an_answer_that_is_lost_does_no_harm(self, village: Village) -> None:
        """
        The same comes again, is seen to be held, and has its effect once.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        with pytest.raises(UnreachableError):
            kor.pushes(jpn, is_lost(jpn))
        assert kor.states() == {JPN: "numbered"}
        assert kor.pushes(jpn).held == 2
        assert kor.states() == {JPN: "receipted"}
        assert len(jpn.inbox()) == 1

    def test_a_new_process_begins_at_the_receipt(self, village: Village) -> None:
        """
        What was receipted does not go again.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} One.", to=[JPN])
        kor.pushes(jpn)
        kor.reopen()
        kor.releases(f"{SECRET} Two.", to=[JPN])
        sent: list[bytes] = []
        kor.pushes(jpn)
        kor.pushes(jpn, keeps(jpn, sent))
        assert [each.number for each in opened(jpn, sent[0], kor).entries] == [2]

    def test_a_process_that_begins_signs_nothing_before_the_peer_has_said_where_it_stands(
        self, village: Village
    ) -> None:
        """
        The folder may be an old copy: the answer to a push without entries shows it, and nothing is signed twice.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} One.", to=[JPN])
        kor.pushes(jpn)
        backup = village.copies(kor)
        kor.releases(f"{SECRET} Two.", to=[JPN])
        kor.pushes(jpn)
        kor.pushes(jpn)
        village.restores(kor, backup)
        kor.releases(f"{SECRET} Another.", to=[JPN])
        signed = kor.rows("SELECT size FROM outgoing_checkpoint")
        with pytest.raises(RemoteProtocolError, match="another history"):
            kor.pushes(jpn)
        assert kor.rows("SELECT size FROM outgoing_checkpoint") == signed
        assert (kor.peer(jpn).link, jpn.peer(kor).link) == ("paused", "active")

    def test_what_came_by_pull_is_not_pushed_again(self, village: Village) -> None:
        """
        Both ways number alike: the first push finds out where the peer stands.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} One.", to=[JPN])
        jpn.pulls(kor)
        assert kor.pushes(jpn).held == 2
        assert len(jpn.inbox()) == 1
        assert kor.states() == {JPN: "receipted"}

    def test_what_begins_too_late_is_answered_with_where_the_peer_stands(self, village: Village) -> None:
        """
        It lost what it never receipted; the next push begins there.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} One.", to=[JPN])
        kor.pushes(jpn)
        kor.releases(f"{SECRET} Two.", to=[JPN])
        kor.to(jpn)._said = 3, 2
        kor.releases(f"{SECRET} Three.", to=[JPN])
        kor.answering.work_ahead(JPN)
        with unchanged(jpn):
            found = kor.pushes(jpn)
        assert (found.held, found.has_more) == (2, True)
        assert kor.pushes_all(jpn).held == 4
        assert len(jpn.inbox()) == 3

    def test_loss_is_found_out_and_made_good(self, village: Village) -> None:
        """
        The receiver comes back from a backup: what it had receipted goes again, and its receipt is kept as evidence.
        """
        kor, jpn = village.pair(KOR, JPN)
        backup = village.copies(jpn)
        item = kor.releases(f"{SECRET} Words.", to=[JPN])
        kor.pushes(jpn)
        village.restores(jpn, backup)
        assert jpn.inbox() == ()
        kor.pushes_all(jpn)
        assert jpn.reads(item) == ["Words."]
        assert kor.rows("SELECT what FROM evidence") == [("it has lost what it had receipted",)]

    def test_receipts_ride_along(self, village: Village) -> None:
        """
        What the pusher holds of the receiver is receipted by the push, without a pull.
        """
        kor, jpn = village.pair(KOR, JPN)
        jpn.releases(f"{SECRET} Words.", to=[KOR])
        kor.pulls(jpn)
        assert jpn.states() == {KOR: "numbered"}
        kor.pushes(jpn)
        assert jpn.states() == {KOR: "receipted"}

    def test_what_is_refused_comes_back(self, village: Village) -> None:
        """
        A refusal goes in the receiver's own stream, by its own push.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        kor.grants(JPN, "SECRET")
        kor.pushes_all(jpn)
        jpn.releases(f"{SECRET} Back.", to=[KOR])
        jpn.pushes_all(kor)
        assert len(kor.inbox()) == 1
        assert jpn.states() == {KOR: "receipted"}


class TestNarrowing:
    def test_what_is_not_permitted_is_not_pushed(self, village: Village) -> None:
        """
        Decided when it is pushed, not when it was released.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        kor.grants(JPN, "LIMITED")
        assert kor.pushes(jpn).entries == 0
        assert jpn.inbox() == ()
        assert kor.states() == {JPN: "withheld"}

    def test_rules_that_change_on_the_way_end_a_push(self, village: Village) -> None:
        """
        Between two pieces: the receiver gets a beginning, which opens to nothing; then the leaf and its void.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} {'long ' * 19_000}", to=[JPN])

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            rest = iter(pieces)
            began = [next(rest), next(rest)]
            kor.grants(JPN, "LIMITED")
            return jpn.is_pushed([*began, *rest])

        with unchanged(jpn), pytest.raises(RemoteProtocolError, match="the rules changed"):
            kor.pushes(jpn, way)
        kor.pushes_all(jpn)
        kor.pushes_all(jpn)
        assert jpn.inbox() == ()
        assert set(kor.states().values()) <= {"void", "withheld"}

    @pytest.mark.parametrize("link", ["frozen", "excluded"])
    def test_a_stopped_link_is_not_pushed_to(self, village: Village, link: str) -> None:
        """
        Nothing is sent.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        kor.runs("UPDATE peer SET link = ?", [link])
        sent: list[bytes] = []
        with pytest.raises(RefusedError, match=link):
            kor.pushes(jpn, keeps(jpn, sent))
        assert sent == []

    def test_on_a_paused_link_only_where_both_stand_is_said(self, village: Village) -> None:
        """
        What waits goes on to wait.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        kor.runs("UPDATE peer SET link = 'paused'")
        assert kor.pushes(jpn).entries == 0
        assert jpn.inbox() == ()


class TestTooLong:
    def test_what_does_not_fit_waits_and_is_told(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A person reads why; a pull brings it, and pushes go on behind it.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} First.", to=[JPN])
        kor.pushes(jpn)
        attaches(kor)
        monkeypatch.setattr(pushing_module, "PAYLOAD_SIZE_BYTES_MAX", 2_000)
        found = kor.pushes(jpn)
        assert (found.entries, found.too_long, found.has_more) == (0, 2, False)
        assert not kor.to(jpn).has_news()
        told = {each.number: each.why for each in kor.deliveries()}
        assert told[2] == "too long to be pushed: waits for a bag, or until they ask"
        jpn.catches_up(kor)
        assert all("too long" not in each.why for each in kor.deliveries())
        kor.releases(f"{SECRET} Last.", to=[JPN])
        assert kor.to(jpn).has_news()
        assert kor.pushes_all(jpn).held == 4

    def test_what_is_before_it_goes(self, village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        The push ends before the entry that does not fit.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} First.", to=[JPN])
        attaches(kor)
        monkeypatch.setattr(pushing_module, "PUSHED_MAX", 0)
        assert kor.pushes(jpn) == Pushed(entries=2, held=2, size=3)


class TestAnswer:
    @pytest.mark.parametrize("field", ["push", "challenge"])
    def test_an_answer_to_another_push_is_refused(self, village: Village, field: str) -> None:
        """
        It names the push and gives its challenge back, or nothing in it counts.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        other = bytes(32) if field == "push" else bytes(16)
        way = lies(jpn, kor, **{field: other, **({} if field == "push" else {"push": bytes(32)})})
        with pytest.raises(RemoteProtocolError, match="another push"):
            kor.pushes(jpn, way)
        assert kor.states() == {JPN: "numbered"}

    def test_an_answer_of_another_is_refused(self, village: Village) -> None:
        """
        Only the peer's own key signs it.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        kor.releases(f"{SECRET} Words.", to=[JPN])

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            push = opened(jpn, b"".join(pieces), kor)
            taken = Taken(sender=AUS, receiver=KOR, nonce=bytes(16), push=bytes(32), challenge=push.challenge)
            return write_envelope(
                taken,
                [],
                signer=aus.home.signing.stream.ed25519,
                to=push.answer_key,
                secret=bytes(32),
                sealer=aus.around.sealer,
            )

        with pytest.raises(SignatureError):
            kor.pushes(jpn, way)


class TestTaking:
    def test_a_push_that_comes_again_is_not_answered(self, village: Village) -> None:
        """
        Who recorded it learns nothing by it.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        sent: list[bytes] = []
        kor.pushes(jpn, keeps(jpn, sent))
        with unchanged(jpn), pytest.raises(RemoteProtocolError, match="answered before"):
            jpn.is_pushed(sent)

    def test_a_push_recorded_before_a_restart_has_no_effect(self, village: Village) -> None:
        """
        What is held already is skipped.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        sent: list[bytes] = []
        kor.pushes(jpn, keeps(jpn, sent))
        jpn.reopen()
        with unchanged(jpn):
            list(jpn.is_pushed(sent))

    def test_a_strangers_push_is_refused(self, village: Village) -> None:
        """
        Only a confirmed peer is heard.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        kor.trusts(jpn.card)
        with unchanged(jpn), pytest.raises(SignatureError, match="not known"):
            kor.pushes(jpn)

    def test_two_histories_freeze_the_link(self, village: Village) -> None:
        """
        A copy of the sender, which had heard where the peer stood, pushes other entries under the same numbers.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Start.", to=[JPN])
        kor.pushes(jpn)
        copy = Node(village.copies(kor), kor.clock, "a copy", village.nodes)
        copy.pushes(jpn)
        kor.releases(f"{SECRET} One.", to=[JPN])
        kor.pushes_all(jpn)
        kor.pushes(jpn)
        copy.releases(f"{SECRET} Other.", to=[JPN])
        with pytest.raises(LegationError):
            copy.pushes(jpn)
        copy.close()
        assert jpn.peer(kor).link == "frozen"
        assert len(jpn.inbox()) == 2

    def test_a_crash_before_the_answer_leaves_it_whole(self, village: Village) -> None:
        """
        What was taken in was committed before the first byte of the answer.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Words.", to=[JPN])

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            jpn.is_pushed(pieces)
            raise UnreachableError("the process was killed")

        with suppress(UnreachableError):
            kor.pushes(jpn, way)
        jpn.reopen()
        assert jpn.reads(item) == ["Words."]
        assert jpn.faults() == ()


class TestLoss:
    def test_a_restored_node_hears_of_it_by_its_push_and_goes_on_when_it_is_declared(
        self, village: Village
    ) -> None:
        """
        Nobody pulls. What was released after the backup is at the peer, what is released now goes in a new stream.
        """
        kor, jpn = village.pair(KOR, JPN)
        items = [kor.releases(f"{SECRET} One.", to=[JPN])]
        kor.pushes_all(jpn)
        backup = village.copies(kor)
        items.append(kor.releases(f"{SECRET} Two.", to=[JPN]))
        kor.pushes_all(jpn)
        village.restores(kor, backup)
        with pytest.raises(RemoteProtocolError, match="another history"):
            kor.pushes(jpn)
        assert kor.peer(JPN).why != ""
        restores(kor)
        assert kor.pushes(jpn).entries <= 1
        resumes(kor, JPN)
        items.append(kor.releases(f"{SECRET} Three.", to=[JPN]))
        kor.pushes_all(jpn)
        kor.pushes_all(jpn)
        assert sorted(jpn.listed()) == sorted(items)
        assert set(kor.states().values()) == {"receipted"}
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_a_restored_receiver_gets_again_what_it_lost(self, village: Village) -> None:
        """
        It is declared; then it says what it holds, and the rest goes again in one push after another.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} One.", to=[JPN])
        kor.pushes_all(jpn)
        backup = village.copies(jpn)
        second = kor.releases(f"{SECRET} Two.", to=[JPN])
        kor.pushes_all(jpn)
        village.restores(jpn, backup)
        restores(jpn)
        resumes(jpn, KOR)
        kor.pushes_all(jpn)
        kor.pushes_all(jpn)
        assert sorted(jpn.listed()) == sorted([first, second])
        assert (kor.faults(), jpn.faults()) == ((), ())
