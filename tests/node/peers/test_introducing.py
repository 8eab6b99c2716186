# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace as changed

from legation.encoding import encode
from legation.errors import LegationError, SignatureError
from legation.exchange import (
    Answer,
    Bag,
    EntryKind,
    Letter,
    Pull,
    Push,
    read_cards,
    read_refused,
    write_cards,
    write_envelope,
)
from legation.item.withdrawal import withdraw
from legation.keys.card import Card, SignedCard, make, read
from legation.keys.seal import SealPublicKey
from legation.keys.sign import Ed25519Signer, Signer
from legation.log import LogKind
from legation.node.home import ROOT
from legation.node.keys.keyring import ROOT_KEY
from legation.node.peers import introducing
from legation.node.peers.introducing import BY_ROOT, followed, introduction, introduction_for
from legation.node.peers.stopping import exclude_peer, pause_peer, resume_peer
from legation.node.streams import pulling, unasked
from legation.node.streams.restoring import declare
from legation.node.surroundings import HERE
from tests.node.pair import FIRST, SECOND, Node, Village, unchanged
from tests.node.renewals import forged, hands_over, item_key, next_of, renews, stream_keys

KOR, JPN, AUS = "KOR@NATO", "JPN@NATO", "AUS@NATO"
TEXT = "(C//REL KOR, JPN) The seating was changed."
OTHER = "(C//REL KOR, JPN) The seating stays."


def pinned(node: Node, office: str = KOR) -> list[tuple[int, str, str]]:
    """The cards of an office that are trusted: number, who brought it, who vouches."""
    return node.rows(
        "SELECT number, added_by, confirmed_by FROM card WHERE office = ? AND confirmed_by IS NOT NULL "
        "ORDER BY number",
        (office,),
    )


def states(node: Node, kind: EntryKind) -> list[str]:
    """What became of the entries of a kind that came."""
    found = node.rows("SELECT state FROM incoming_entry WHERE kind = ? ORDER BY number", (kind.value,))
    return [state for (state,) in found]


def keys_told(node: Node) -> list[int]:
    """The numbers of the cards that a node's stream tells, entry by entry."""
    rows = node.rows("SELECT payload FROM outgoing_entry WHERE kind = 'key' ORDER BY stream_id, number")
    return [read(data).body.number for (payload,) in rows for data in read_cards(payload)]


def apart(node: Node) -> list[str]:
    """What is kept of a peer's cards that do not follow."""
    return [what for (what,) in node.rows("SELECT what FROM evidence ORDER BY evidence_id")]


def tells(node: Node, *cards: Card | bytes, to: str = JPN) -> None:
    """Number cards for a peer, whatever they are."""
    told = [each if isinstance(each, bytes) else each.data for each in cards]
    node.appends(to, (EntryKind.KEY, write_cards(told)))


def refusals(node: Node) -> list[str]:
    """What a node's streams refuse of others."""
    rows = node.rows("SELECT payload FROM outgoing_entry WHERE kind = 'refused' ORDER BY stream_id, number")
    return [read_refused(payload).code.value for (payload,) in rows]


class TestRotation:
    """F14 without a person: the root has signed."""

    @pytest.mark.parametrize("role", ["item", "stream", "seal"])
    def test_a_peer_takes_the_next_card_with_its_next_pull(self, village: Village, role: str) -> None:
        """
        What is released afterwards arrives and is read, receipts go both ways, and both stores are sound.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(TEXT, to=[JPN])
        jpn.catches_up(kor)
        card = renews(kor, **{role: True})
        item = kor.releases(OTHER, to=[JPN])
        jpn.catches_up(kor)
        assert pinned(jpn) == [(0, FIRST, SECOND), (1, KOR, BY_ROOT)]
        assert jpn.log()[-1].kind is LogKind.RECEIPTED
        assert card.digest in {each.hash for each in jpn.log() if each.kind is LogKind.PINNED}
        assert jpn.reads(item) == ["The seating stays."]
        back = jpn.releases("(C//REL KOR, JPN) Seen.", to=[KOR])
        kor.catches_up(jpn)
        assert kor.states(first) == kor.states(item) == {JPN: "receipted"}
        assert jpn.states(back) == {KOR: "receipted"}
        assert kor.peer(jpn).unheard == ""
        assert kor.faults() == jpn.faults() == ()

    def test_cards_that_were_missed_come_together(self, village: Village) -> None:
        """
        Each follows the one before; all are pinned, in one change, and stand in the log.
        """
        kor, jpn = village.pair(KOR, JPN)
        chain = [renews(kor, stream=True), renews(kor, item=True), renews(kor, stream=True, seal=True)]
        jpn.catches_up(kor)
        assert [number for number, _, _ in pinned(jpn)] == [0, 1, 2, 3]
        logged = [each.hash for each in jpn.log() if each.kind is LogKind.PINNED]
        assert logged[1:] == [each.digest for each in chain]
        assert keys_told(kor) == [1, 2, 3]
        assert jpn.faults() == ()

    def test_without_a_grant_it_comes_too(self, village: Village) -> None:
        """
        The stream begins for it.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        kor.trusts(jpn.card)
        jpn.trusts(kor.card)
        renews(kor, stream=True)
        jpn.catches_up(kor)
        assert jpn.peer(kor).trusted == 1
        assert kor.rows("SELECT kind FROM outgoing_entry ORDER BY number") == [("start",), ("key",)]

    def test_a_peer_that_was_given_an_old_card_gets_the_newest(self, village: Village) -> None:
        """
        It was renewed before the two knew each other; a stream tells all cards but the first.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        old = kor.card
        renews(kor, stream=True)
        renews(kor, seal=True)
        jpn.trusts(old)
        kor.trusts(jpn.card)
        jpn.catches_up(kor)
        assert jpn.peer(kor).trusted == 2

    def test_each_stream_tells_a_card_once(self, village: Village) -> None:
        """
        However often it is pulled from, also after the process began anew.
        """
        kor, jpn, _ = village.star(KOR, JPN, AUS)
        renews(kor, item=True)
        for _ in range(2):
            jpn.catches_up(kor)
            kor.reopen()
        village.nodes[AUS].catches_up(kor)
        assert keys_told(kor) == [1, 1]

    @pytest.mark.parametrize("taken", [True, False])
    def test_a_stream_that_begins_anew_tells_them_again(self, village: Village, taken: bool) -> None:
        """
        The node was restored, before or after the peer had the card; what is released then is read.
        """
        kor, jpn = village.pair(KOR, JPN)
        renews(kor, item=True, stream=True)
        if taken:
            jpn.catches_up(kor)
        else:
            kor.answering.work_ahead(JPN)
        village.restores(kor, village.copies(kor))
        told: dict[str, Any] = {"database": kor.database, "around": kor.around}
        for person in (FIRST, SECOND):
            declare(by=person, is_copy=False, **told)
        for person in (FIRST, SECOND):
            resume_peer(JPN, by=person, **told)
        item = kor.releases(TEXT, to=[JPN])
        jpn.catches_up(kor)
        assert jpn.reads(item) == ["The seating was changed."]
        assert jpn.peer(kor).trusted == 1
        assert kor.faults() == jpn.faults() == ()

    def test_a_waiting_pull_is_answered_for_a_card(self, village: Village) -> None:
        """
        That there is one to tell is news, until it is told.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(TEXT, to=[JPN])
        jpn.catches_up(kor)
        asked = kor.answering.open(jpn.asks(kor)).letter
        assert not kor.answering.has_news(asked)
        renews(kor, item=True)
        assert kor.answering.has_news(asked)
        jpn.catches_up(kor)
        assert not kor.answering.has_news(kor.answering.open(jpn.asks(kor)).letter)

    def test_what_a_person_added_and_nobody_confirmed_is_vouched_for_by_the_root(
        self, village: Village
    ) -> None:
        """
        The card is the same, so nothing waits any more.
        """
        kor, jpn = village.pair(KOR, JPN)
        jpn.adds(renews(kor, item=True), by="clerk")
        renews(kor, stream=True)
        jpn.catches_up(kor)
        assert pinned(jpn)[1:] == [(1, "clerk", BY_ROOT), (2, KOR, BY_ROOT)]
        assert jpn.faults() == ()

    def test_what_waits_is_pinned_with_a_card_that_follows_on_it(self, village: Village) -> None:
        """
        Also where the stream does not bring it itself.
        """
        kor, jpn = village.pair(KOR, JPN)
        jpn.adds(renews(kor, item=True), by="clerk")
        tells(kor, renews(kor, seal=True))
        kor.runs("UPDATE outgoing SET told_card = 2")
        jpn.catches_up(kor)
        assert pinned(jpn)[1:] == [(1, "clerk", BY_ROOT), (2, KOR, BY_ROOT)]

    def test_what_was_confirmed_by_persons_comes_without_effect(self, village: Village) -> None:
        """
        The entry is held, and nothing is pinned or logged a second time.
        """
        kor, jpn = village.pair(KOR, JPN)
        card = renews(kor, item=True)
        jpn.trusts(card)
        jpn.catches_up(kor)
        assert pinned(jpn)[1:] == [(1, FIRST, SECOND)]
        assert [each.hash for each in jpn.log() if each.kind is LogKind.PINNED].count(card.digest) == 1
        assert states(jpn, EntryKind.KEY) == ["held"]

    def test_bags_bring_it_as_well(self, village: Village) -> None:
        """
        Also where the bag is signed with the key that it brings, and the receipt in it is too.
        """
        kor, jpn = village.pair(KOR, JPN)
        back = jpn.releases("(C//REL KOR, JPN) By courier.", to=[KOR])
        [given] = jpn.packs(kor)
        renews(kor, item=True, stream=True, seal=True)
        kor.unpacks(given)
        item = kor.releases(TEXT, to=[JPN])
        [path] = kor.packs(jpn)
        with unchanged(jpn):
            assert jpn.unpacks(path, is_trial=True).state == "not opened"
        found = jpn.unpacks(path)
        assert (found.state, found.views, found.quarantined) == ("opened", 1, 0)
        assert jpn.peer(kor).trusted == 1
        assert jpn.reads(item) == ["The seating was changed."]
        kor.unpacks(*jpn.packs(kor))
        assert kor.states(item) == {JPN: "receipted"}
        assert jpn.states(back) == {KOR: "receipted"}
        assert kor.faults() == jpn.faults() == ()

    def test_pushes_bring_it_as_well(self, village: Village) -> None:
        """
        To a peer that never asks: what comes unasked is introduced, and the receipt that answers it counts.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(TEXT, to=[JPN])
        for _ in range(3):
            kor.pushes(jpn)
        renews(kor, item=True, stream=True, seal=True)
        item = kor.releases(OTHER, to=[JPN])
        for _ in range(3):
            kor.pushes(jpn)
        assert jpn.peer(kor).trusted == 1
        assert jpn.reads(item) == ["The seating stays."]
        assert kor.states(first) == kor.states(item) == {JPN: "receipted"}
        assert kor.faults() == jpn.faults() == ()


class TestRevocation:
    def test_a_stream_key_that_was_stolen_is_left_without_a_person(self, village: Village) -> None:
        """
        The new one is introduced by the root; what the thief signs afterwards is refused.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(TEXT, to=[JPN])
        jpn.catches_up(kor)
        thief = kor.home.signing.stream.ed25519
        renews(kor, revoked=stream_keys(kor))
        item = kor.releases(OTHER, to=[JPN])
        jpn.catches_up(kor)
        assert jpn.reads(item) == ["The seating stays."]
        with unchanged(jpn), pytest.raises(SignatureError):
            jpn.pulls(kor, kor.lies(signer=thief))
        assert kor.faults() == jpn.faults() == ()

    def test_what_a_revoked_key_signed_is_set_apart_in_the_change_that_brings_it(
        self, village: Village
    ) -> None:
        """
        Nobody pulls the item and confirms the card in between; a receipt covers both.
        """
        kor, jpn = village.pair(KOR, JPN)
        thief = kor.home.signing.item
        held, later = (hands_over(kor, forged(thief, text), JPN) for text in ("one", "two"))
        jpn.pulls(kor)
        assert sorted(jpn.listed()) == sorted([held, later])
        renews(kor, revoked=(item_key(kor),))
        last = hands_over(kor, forged(thief, "three"), JPN)
        jpn.catches_up(kor)
        assert jpn.listed() == []
        assert jpn.rows("SELECT DISTINCT state, because FROM view WHERE source = ?", (KOR,)) == [
            ("quarantined", "its author's key is revoked")
        ]
        assert last
        assert jpn.faults() == ()

    @pytest.mark.parametrize("together", [True, False])
    def test_entries_count_in_their_order_however_they_are_cut(
        self, village: Village, together: bool
    ) -> None:
        """
        A withdrawal before the revocation of its key holds, one behind it is set apart; a view under the new key is read.
        """
        kor, jpn = village.pair(KOR, JPN)
        items = [kor.releases(text, to=[JPN]) for text in (TEXT, OTHER)]
        jpn.catches_up(kor)
        thief = kor.home.signing.item
        renews(kor, revoked=(item_key(kor),), since=0)
        card = kor.card
        entries = [
            (EntryKind.WITHDRAWAL, withdraw(bytes.fromhex(items[0]), thief)),
            (EntryKind.KEY, write_cards([card.data])),
            (EntryKind.WITHDRAWAL, withdraw(bytes.fromhex(items[1]), thief)),
        ]
        kor.runs("UPDATE outgoing SET told_card = 1")
        for each in entries:
            kor.appends(JPN, each)
            if not together:
                jpn.pulls(kor)
        new = hands_over(kor, forged(kor.home.signing.item, "new"), JPN)
        jpn.catches_up(kor)
        found = jpn.rows("SELECT item_id, state FROM withdrawal")
        assert sorted(found) == sorted(
            [(bytes.fromhex(items[0]), "held"), (bytes.fromhex(items[1]), "quarantined")]
        )
        assert jpn.reads(new) == ["new"]
        assert jpn.faults() == ()

    def test_what_a_pull_brings_is_counted_as_it_stands_in_the_end(self, village: Village) -> None:
        """
        A view that could be read only with the card in the same answer is no longer set apart.
        """
        kor, jpn = village.pair(KOR, JPN)
        renews(kor, item=True)
        kor.releases(TEXT, to=[JPN])
        found = jpn.pulls(kor)
        assert (found.views, found.quarantined) == (1, 0)


class TestWhatIsNotTaken:
    def test_another_offices_card_is_refused(self, village: Village) -> None:
        """
        Nobody relays cards; the sender is told so, and nothing is pinned.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        jpn.trusts(aus.card)
        tells(kor, next_of(aus, item=True))
        jpn.catches_up(kor)
        assert pinned(jpn, AUS) == [(0, FIRST, SECOND)]
        assert states(jpn, EntryKind.KEY) == ["refused"]
        assert refusals(jpn) == ["malformed"]
        assert jpn.faults() == ()

    @pytest.mark.parametrize("payload", [b"\x00", b"\x00\x00\x00\x02{}", b"\x00\x00\x00\x05{}"])
    def test_what_is_no_card_is_refused_and_the_stream_goes_on(
        self, village: Village, payload: bytes
    ) -> None:
        """
        By its number; what is behind it arrives.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.appends(JPN, (EntryKind.KEY, payload))
        item = kor.releases(TEXT, to=[JPN])
        jpn.catches_up(kor)
        assert refusals(jpn) == ["malformed"]
        assert jpn.listed() == [item]

    def test_a_signature_that_does_not_hold_is_refused(self, village: Village) -> None:
        """
        The card is the sender's own, so this says nothing of whom the receiver trusts.
        """
        kor, jpn = village.pair(KOR, JPN)
        card = next_of(kor, item=True)
        one, *others = read_signed(card).signatures
        broken = changed(read_signed(card), signatures=(changed(one, signature=bytes(64)), *others))
        tells(kor, encode(broken))
        jpn.catches_up(kor)
        assert refusals(jpn) == ["signature"]
        assert len(pinned(jpn)) == 1

    def test_two_cards_of_one_number_are_kept_and_stop_the_link(self, village: Village) -> None:
        """
        The root has signed both; nothing is told to the sender, and all else that came with it is stored.
        """
        kor, jpn = village.pair(KOR, JPN)
        one, other = next_of(kor, item=True), next_of(kor, item=True, instead=True)
        jpn.trusts(one)
        item = hands_over(kor, forged(kor.home.signing.item, "x"), JPN)
        tells(kor, other)
        jpn.pulls(kor)
        assert jpn.rows("SELECT ours, theirs FROM evidence") == [(one.data, other.data)]
        assert jpn.peer(kor).link == "frozen"
        assert [number for number, _, _ in pinned(jpn)] == [0, 1]
        assert jpn.rows("SELECT count(*) FROM view WHERE item_id = ?", (bytes.fromhex(item),)) == [(1,)]
        assert refusals(jpn) == []
        assert states(jpn, EntryKind.KEY) == ["held"]
        with pytest.raises(LegationError):
            jpn.pulls(kor)
        assert jpn.faults() == ()

    def test_a_jump_and_another_root_change_nothing_and_are_told_to_our_people(
        self, village: Village
    ) -> None:
        """
        Neither is refused: that would say which card is pinned here.
        """
        kor, jpn = village.pair(KOR, JPN)
        renews(kor, item=True)
        kor.runs("UPDATE own_card SET number = 7 WHERE number = 1")
        second = next_of(kor, item=True)
        kor.runs("UPDATE own_card SET number = 1 WHERE number = 7")
        stranger = Ed25519Signer(bytes(32))
        signing = kor.home.signing
        body = changed(kor.card.body, root=stranger.public_key)
        other = make(body, [stranger, signing.item, signing.stream.ed25519, signing.stream.mldsa44])
        kor.runs("UPDATE outgoing SET told_card = 1")
        for bad, why in ((second.data, "expected 1"), (other, "another root")):
            tells(kor, bad)
            kor.runs("UPDATE outgoing SET told_card = 1")
            jpn.pulls(kor)
            assert why in apart(jpn)[-1]
        assert len(pinned(jpn)) == 1
        assert refusals(jpn) == []
        assert jpn.peer(kor).link == "active"
        assert len(apart(jpn)) == 2
        assert jpn.faults() == ()

    def test_a_key_of_another_office_that_is_trusted_is_not_taken_over(self, village: Village) -> None:
        """
        The card follows and is signed by all its keys, and one of them is another's.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        jpn.trusts(aus.card)
        tells(kor, with_key_of(kor, aus))
        jpn.pulls(kor)
        assert "stands in a card of" in apart(jpn)[0]
        assert len(pinned(jpn)) == 1

    def test_a_paused_link_tells_it_when_it_goes_on(self, village: Village) -> None:
        """
        And an excluded peer gets none.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        told: dict[str, Any] = {"database": kor.database, "around": kor.around}
        pause_peer(JPN, by=FIRST, **told)
        exclude_peer(AUS, by=FIRST, **told)
        renews(kor, item=True)
        jpn.pulls(kor)
        aus.pulls(kor)
        assert keys_told(kor) == []
        for person in (FIRST, SECOND):
            resume_peer(JPN, by=person, database=kor.database, around=kor.around)
        jpn.catches_up(kor)
        assert (jpn.peer(kor).trusted, aus.peer(kor).trusted) == (1, 0)


class TestIntroduction:
    """Cards before a letter: which key has to have signed it."""

    def test_it_goes_until_there_is_a_receipt_for_what_the_new_key_signed(self, village: Village) -> None:
        """
        And never where only other keys are new.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(TEXT, to=[JPN])
        jpn.catches_up(kor)

        def goes() -> bool:
            with kor.database.read() as db:
                return introduction_for(db, JPN, kor.card) != b""

        renews(kor, item=True, seal=True)
        assert not goes()
        renews(kor, stream=True)
        assert goes()
        jpn.pulls(kor)
        assert goes()
        jpn.catches_up(kor)
        assert not goes()
        renews(kor, item=True)
        assert not goes()

    def test_a_peer_that_lost_the_card_is_introduced_again(self, village: Village) -> None:
        """
        It came back from a backup of before the renewal, and has a receipt on file here for what the new key signed.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(TEXT, to=[JPN])
        jpn.catches_up(kor)
        backup = village.copies(jpn)
        renews(kor, stream=True)
        second = kor.releases(OTHER, to=[JPN])
        jpn.catches_up(kor)
        village.restores(jpn, backup)
        assert jpn.peer(kor).trusted == 0
        jpn.catches_up(kor)
        assert sorted(jpn.listed()) == sorted([first, second])
        assert jpn.peer(kor).trusted == 1
        assert jpn.faults() == ()

    def test_without_an_entry_nothing_is_pinned_by_it(self, village: Village) -> None:
        """
        An answer that brings nothing changes nothing, whoever signed it.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(TEXT, to=[JPN])
        jpn.catches_up(kor)
        renews(kor, stream=True)
        kor.runs("UPDATE outgoing SET told_card = 1")
        jpn.pulls(kor)
        assert len(pinned(jpn)) == 1

    def test_it_is_pinned_with_what_comes_before_the_entry(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        An answer ends before it, and its checkpoint is signed with the new key: the store is sound at once.
        """
        kor, jpn = village.pair(KOR, JPN)
        items = [kor.releases(text, to=[JPN]) for text in (TEXT, OTHER)]
        kor.answering.work_ahead(JPN)
        monkeypatch.setattr("legation.node.streams.handing_over.ENTRIES_MAX", 2)
        renews(kor, stream=True)
        jpn.pulls(kor)
        assert jpn.listed() == items[:1]
        assert states(jpn, EntryKind.KEY) == []
        assert jpn.peer(kor).trusted == 1
        assert jpn.faults() == ()
        jpn.catches_up(kor)
        assert sorted(jpn.listed()) == sorted(items)
        assert jpn.faults() == kor.faults() == ()

    def test_cards_of_a_stranger_introduce_nobody(self, village: Village) -> None:
        """
        Whoever makes cards for somebody's name has not their root; whoever has another's cards has not its keys.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        for cards in ([renews(aus, stream=True).data], [b"no card"], [kor.card.data, aus.card.data]):
            with pytest.raises(SignatureError):
                followed(kor.card, write_cards(cards), kor.around)
        stranger = Ed25519Signer(bytes(32))
        signing, body = kor.home.signing, changed(kor.card.body, root=stranger.public_key)
        other = make(body, [stranger, signing.item, signing.stream.ed25519, signing.stream.mldsa44])
        with pytest.raises(SignatureError):
            followed(kor.card, write_cards([other]), kor.around)
        card = next_of(kor, stream=True)
        assert followed(kor.card, write_cards([kor.card.data, card.data]), kor.around).digest == card.digest
        assert followed(card, write_cards([kor.card.data]), kor.around).digest == card.digest
        assert jpn.peer(kor).trusted == 0

    def test_a_card_that_is_missing_introduces_nobody(self, village: Village) -> None:
        """
        The one behind it is genuine, and says nothing of what is between.
        """
        kor = village.node(KOR)
        first = kor.card
        one, two = renews(kor, stream=True), renews(kor, stream=True)
        with pytest.raises(SignatureError):
            followed(first, write_cards([two.data]), kor.around)
        assert followed(first, write_cards([one.data, two.data]), kor.around).digest == two.digest

    def test_more_cards_than_there_is_room_for_go_with_the_newest(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Whoever has all but those is introduced; entries bring the others, in several if need be.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(TEXT, to=[JPN])
        jpn.catches_up(kor)
        cards = [renews(kor, stream=True) for _ in range(3)]
        monkeypatch.setattr(introducing, "CARDS_MAX", 2)
        with kor.database.read() as db:
            assert read_cards(introduction(db, kor.card)) == (cards[1].data, cards[2].data)
        jpn.trusts(cards[0])
        jpn.catches_up(kor)
        assert jpn.peer(kor).trusted == 3
        assert kor.rows("SELECT count(*) FROM outgoing_entry WHERE kind = 'key'") == [(2,)]


def written(letter: Letter, signer: Signer, cards: bytes, to: SealPublicKey) -> bytes:
    """An envelope that was signed with some key, with cards that are to introduce it."""
    pieces = write_envelope(
        letter, [], signer=signer, to=to, secret=bytes(32), sealer=HERE.sealer, cards=cards
    )
    return b"".join(pieces)


def a_pull(node: Node) -> Pull:
    """A pull of KOR@NATO that brings nothing."""
    key = node.around.opener(node.around.random(64), node.around.random(32)).public_key
    return Pull(sender=KOR, receiver=JPN, nonce=node.around.random(16), answer_key=key)


def a_push(node: Node) -> Push:
    """A push of KOR@NATO that brings nothing."""
    return Push(
        sender=KOR,
        receiver=JPN,
        nonce=node.around.random(16),
        answer_key=a_pull(node).answer_key,
        challenge=node.around.random(16),
        incarnation=bytes(16),
        start=0,
    )


def a_bag(node: Node) -> Bag:
    """A bag of KOR@NATO with nothing in it."""
    random = node.around.random
    return Bag(sender=KOR, receiver=JPN, nonce=random(16), number=1, incarnation=bytes(16), start=0)


def opens(node: Node, envelope: bytes) -> None:
    """Open a bag that came as a file."""
    path = node.folder.parent / "came.bag"
    path.write_bytes(envelope)
    node.unpacks(path)


Letters = Callable[[Node], Pull | Push | Bag]
Door = Callable[[Node, bytes], object]
DOORS: dict[str, tuple[Letters, Door]] = {
    "a pull": (a_pull, lambda node, envelope: node.answering.open(envelope)),
    "a push": (a_push, lambda node, envelope: node.answering.letterbox.open(envelope, Push)),
    "the beginning of a push": (a_push, lambda node, envelope: node.answering.letterbox.sender(envelope)),
    "a bag": (a_bag, opens),
}


def stranger_to(kor: Node) -> tuple[Ed25519Signer, list[bytes]]:
    """The stream key of somebody who is not KOR@NATO, and cards to introduce it: made up, genuine, and both."""
    genuine = next_of(kor, stream=True)
    root, item, stream = (Ed25519Signer(bytes([number]) * 32) for number in range(3))
    others = [each for each in kor.card.body.stream_keys if each.key.algorithm != "ed25519"]
    listed = [changed(kor.card.body.stream_keys[0], key=stream.public_key), *others]
    body = changed(
        kor.card.body,
        number=1,
        previous=kor.card.digest,
        root=root.public_key,
        item_keys=(changed(kor.card.body.item_keys[0], key=item.public_key),),
        stream_keys=tuple(sorted(listed, key=lambda each: each.key.key_id)),
    )
    card = make(body, [root, item, stream, kor.home.signing.stream.mldsa44])
    assert read(card).envelope_key == stream.public_key
    return stream, [write_cards(each) for each in ([card], [genuine.data], [genuine.data, card])]


def lets_in_nobody(village: Village, letter: Letters, door: Door) -> None:
    """See that whoever is not KOR@NATO opens nothing in its name, and leaves nothing."""
    kor, jpn = village.pair(KOR, JPN)
    stream, made_up = stranger_to(kor)
    for cards in made_up:
        with unchanged(jpn), pytest.raises(SignatureError):
            door(jpn, written(letter(jpn), stream, cards, jpn.card.seal_key))


def hears_nobody(village: Village) -> None:
    """See that whoever is not KOR@NATO answers nothing in its name, although it can read what was asked."""
    kor, jpn = village.pair(KOR, JPN)
    stream, made_up = stranger_to(kor)
    for cards in made_up:

        def answers(pieces: Iterable[bytes], cards: bytes = cards) -> Iterator[bytes]:
            found = kor.answering.open(b"".join(pieces))
            answer = Answer(
                sender=KOR,
                receiver=JPN,
                nonce=kor.around.random(16),
                pull=found.binding,
                incarnation=bytes(16),
                start=0,
                challenge=kor.around.random(16),
            )
            yield written(answer, stream, cards, found.letter.answer_key)

        with unchanged(jpn), pytest.raises(SignatureError):
            jpn.pulls(kor, answers)


def takes_any_card(patch: pytest.MonkeyPatch) -> None:
    """Planted: the last card that comes with a letter gives the key, whatever it follows on."""
    for module in (introducing, pulling, unasked):  # what brings entries is looked at twice
        patch.setattr(module, "followed", lambda _card, cards, _around: read(read_cards(cards)[-1]))


class TestAnswers:
    def test_whoever_makes_cards_for_somebody_answers_nothing(self, village: Village) -> None:
        """
        A stranger that stands in the way, and has the seal key of the one that was asked.
        """
        hears_nobody(village)

    def test_a_node_that_takes_any_card_is_found(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        What such a stranger says is heard then.
        """
        takes_any_card(monkeypatch)
        with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
            hears_nobody(village)


@pytest.mark.parametrize(("letter", "door"), DOORS.values(), ids=DOORS)
class TestDoors:
    """Wherever a peer sends unasked, only cards that follow on the pinned one introduce its key."""

    def test_whoever_makes_cards_for_somebody_is_let_in_nowhere(
        self,
        village: Village,
        letter: Callable[[Node], Pull | Push | Bag],
        door: Callable[[Node, bytes], object],
    ) -> None:
        """
        A stranger lists keys of its own on a card under its own root; and brings a genuine card with its own signature.
        """
        lets_in_nobody(village, letter, door)

    def test_a_node_that_takes_any_card_is_found(
        self, village: Village, letter: Letters, door: Door, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Planted: the last card that comes with a letter gives the key, whatever it follows on.
        """
        takes_any_card(monkeypatch)
        with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
            lets_in_nobody(village, letter, door)

    def test_a_card_that_follows_introduces_its_key(
        self,
        village: Village,
        letter: Callable[[Node], Pull | Push | Bag],
        door: Callable[[Node, bytes], object],
    ) -> None:
        """
        What is refused above is the stranger, and not that there are cards.
        """
        kor, jpn = village.pair(KOR, JPN)
        card = renews(kor, stream=True)
        door(
            jpn,
            written(
                letter(jpn), kor.home.signing.stream.ed25519, write_cards([card.data]), jpn.card.seal_key
            ),
        )


def read_signed(card: Card) -> SignedCard:
    """A card, before anybody has verified it."""
    return msgspec.json.decode(card.data, type=SignedCard)


def with_key_of(node: Node, other: Node) -> bytes:
    """The next card of a node's office, which lists the item key of another as its own, signed by all."""
    signing, body = node.home.signing, node.card.body
    key = other.home.signing.item
    listed = [*body.item_keys, changed(other.card.body.item_keys[0])]
    root = Ed25519Signer(ROOT_KEY.decode((node.folder / ROOT).read_bytes()).seed)
    return make(
        changed(
            body,
            number=1,
            previous=node.card.digest,
            item_keys=tuple(sorted(listed, key=lambda each: each.key.key_id)),
        ),
        [root, signing.item, key, signing.stream.ed25519, signing.stream.mldsa44],
    )
