# SPDX-License-Identifier: Apache-2.0

from collections.abc import Iterable, Iterator

import pytest
from msgspec.structs import replace as changed

from legation.errors import (
    LegationError,
    MalformedError,
    RemoteProtocolError,
    SealError,
    SignatureError,
    VerificationError,
)
from legation.exchange import EntryKind, Position, TakenBack, read_void
from legation.exchange.letter import EMPTY_ROOT
from legation.keys.seal import HPKEOpener
from legation.keys.sign import Ed25519Signer
from legation.log import Checkpoint, LogKind, StreamSigners, cosign, key_name, sign_checkpoint, stream_origin
from legation.merkle import Hash
from legation.node.streams.answering import CHALLENGE_TIME_S, HEARD_EVERY_S
from legation.node.streams.incarnations import AHEAD, LOST, UNKNOWN
from legation.store.sqlite import outgoing, peers
from legation.store.sqlite.database import Database
from legation.store.sqlite.outgoing import Outgoing
from tests.node.pair import Node, Village, next_card, unchanged

KOR, JPN, AUS = "KOR@NATO", "JPN@NATO", "AUS@NATO"
SECRET = "(S//REL KOR, JPN)"
TEXT = "The seating was changed."


@pytest.fixture
def pair(village: Village) -> tuple[Node, Node]:
    """
    KOR@NATO, which has sent three reports to JPN@NATO and has its receipt for all.
    """
    kor, jpn = village.pair(KOR, JPN)
    for number in range(3):
        kor.releases(f"{SECRET} {TEXT} {number}", to=[JPN])
    jpn.catches_up(kor)
    assert stream(kor).receipt_size == 4
    return kor, jpn


def stream(node: Node, office: str = JPN) -> Outgoing:
    """The present stream of a node to an office."""
    with node.database.read() as db:
        found = outgoing.stream(db, office)
    assert found is not None
    return found


def position(node: Node, size: int, office: str = JPN) -> Position:
    """An honest position in the stream of a node."""
    sent = stream(node, office)
    with node.database.read() as db:
        root = outgoing.root_at(db, sent.stream_id, size)
    return Position(incarnation=sent.incarnation, size=size, root=root)


def receipt(
    sender: Node,
    holder: Node,
    size: int,
    *,
    root: bytes | None = None,
    incarnation: bytes | None = None,
    signers: StreamSigners | None = None,
) -> bytes:
    """A receipt that only both together can make, over whatever a test wants."""
    sent = stream(sender, holder.office)
    checkpoint = Checkpoint(
        origin=stream_origin(sender.office, holder.office, incarnation or sent.incarnation),
        size=size,
        root=Hash(root) if root is not None else Hash(position(sender, size, holder.office).root),
    )
    signed = sign_checkpoint(
        checkpoint, name=key_name(sender.office), signers=signers or sender.home.signing.stream
    )
    return cosign(
        signed, name=key_name(holder.office), signers=holder.home.signing.stream, time=1_700_000_000
    )


def evidence(node: Node, office: str = JPN) -> list[tuple[str, bytes, bytes]]:
    """What a node keeps about an office."""
    with node.database.read() as db:
        return [(each.what, each.ours, each.theirs) for each in peers.evidence(db, office)]


class TestWhoIsAnswered:
    def test_a_pull_of_a_stranger_is_refused(self, village: Village) -> None:
        """
        Whose card was never added is not answered.
        """
        kor, aus = village.node(KOR), village.node(AUS)
        with unchanged(kor), pytest.raises(SignatureError, match="`AUS@NATO` is not known"):
            kor.takes([aus.asks_with(kor)])

    def test_a_pull_under_an_unconfirmed_card_is_refused_alike(self, village: Village) -> None:
        """
        A card that one person added is worth nothing yet.
        """
        kor, aus = village.node(KOR), village.node(AUS)
        kor.adds(aus.card)
        with unchanged(kor), pytest.raises(SignatureError, match="`AUS@NATO` is not known"):
            kor.takes([aus.asks_with(kor)])

    def test_a_pull_signed_by_another_peer_is_refused(self, village: Village) -> None:
        """
        A peer cannot ask in the name of another.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        forged = jpn.asks_with(kor, signer=aus.home.signing.stream.ed25519)
        with unchanged(kor), pytest.raises(SignatureError):
            kor.takes([forged])

    @pytest.mark.parametrize("key", ["item", "another"])
    def test_a_pull_signed_with_a_wrong_key_is_refused(self, village: Village, key: str) -> None:
        """
        Only the current stream key signs envelopes; the item key of the same office does not.
        """
        kor, jpn = village.pair(KOR, JPN)
        signer = jpn.home.signing.item if key == "item" else Ed25519Signer(bytes(32))
        with unchanged(kor), pytest.raises(SignatureError):
            kor.takes([jpn.asks_with(kor, signer=signer)])

    def test_a_pull_for_another_receiver_is_refused(self, village: Village) -> None:
        """
        What a peer sealed to us but signed for somebody else is not ours.
        """
        kor, jpn = village.pair(KOR, JPN)
        with unchanged(kor), pytest.raises(SignatureError, match="another receiver"):
            kor.takes([jpn.asks_with(kor, receiver=AUS)])

    def test_a_pull_sealed_to_another_key_is_refused(self, village: Village) -> None:
        """
        What we cannot open says nothing.
        """
        kor, jpn = village.pair(KOR, JPN)
        other = HPKEOpener(mlkem_seed=bytes(64), x25519_seed=bytes(31) + b"\1").public_key
        with unchanged(kor), pytest.raises(SealError):
            kor.takes([jpn.asks_with(kor, to=other)])

    def test_a_pull_is_answered_once(self, pair: tuple[Node, Node]) -> None:
        """
        A recorded pull that comes again is refused, and nothing is sent for it.
        """
        kor, jpn = pair
        recorded = jpn.asks(kor)
        list(kor.answers([recorded]))
        with unchanged(kor), pytest.raises(RemoteProtocolError, match="answered before"):
            kor.takes([recorded])

    def test_a_recorded_pull_gets_nothing_from_a_node_that_started_anew(self, village: Village) -> None:
        """
        What a node remembers in memory is not needed: the recorded position is below the receipt.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} {TEXT}", to=[JPN])
        recorded = jpn.asks(kor)
        jpn.catches_up(kor)
        kor.reopen()
        found = kor.takes([recorded])
        batch = kor.batch(found.letter)
        assert batch.challenge is not None
        assert batch.entries == ()

    def test_altered_pulls_are_refused(self, pair: tuple[Node, Node]) -> None:
        """
        Not one byte can be another: of the line, the binding, the secret, the content, its end.
        """
        kor, jpn = pair
        whole = jpn.asks(kor)
        places = [0, 22, 53, 54, 1000, 1220, 1221, 1500, 40_000, len(whole) - 1]
        with unchanged(kor):
            for place in places:
                altered = bytearray(whole)
                altered[place] ^= 1
                with pytest.raises((SealError, MalformedError)):
                    kor.takes([bytes(altered)])
            for cut in (whole[:-1], whole[:1221], whole[:10], b"", whole + b"\0", whole + whole):
                with pytest.raises((SealError, MalformedError)):
                    kor.takes([cut])

    def test_an_answer_is_no_pull(self, pair: tuple[Node, Node]) -> None:
        """
        What was signed as an answer cannot be handed back as a pull.
        """
        kor, jpn = pair
        answer = b"".join(kor.answers([jpn.asks_with(kor, answer_key=kor.card.seal_key)]))
        with unchanged(kor, jpn), pytest.raises(SignatureError):
            kor.takes([answer])

    def test_a_peer_whose_card_has_a_new_number_is_answered_under_the_new_keys(
        self, village: Village
    ) -> None:
        """
        The newest confirmed card counts; until it is confirmed the old one does.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} {TEXT}", to=[JPN])
        kor.adds(next_card(jpn))
        assert jpn.pulls(kor).views == 1
        kor.confirms(JPN)
        assert jpn.catches_up(kor).entries == 0
        assert kor.states() == {JPN: "receipted"}


class TestReceipts:
    def test_a_receipt_over_what_is_not_here_stops_every_link(self, pair: tuple[Node, Node]) -> None:
        """
        Our own signature is on it: this node has lost something, or a copy of it runs. The proof is kept.
        """
        kor, jpn = pair
        proof = receipt(kor, jpn, 9, root=bytes(32))
        asked = jpn.asks_with(kor, receipt=proof, position=position(kor, 4))
        receipts = kor.rows("SELECT * FROM outgoing_receipt")
        assert kor.hears(asked).entries == ()
        assert (kor.peer(JPN).link, kor.peer(JPN).why) == ("paused", LOST)
        assert [each[2] for each in evidence(kor)] == [proof]
        assert kor.rows("SELECT * FROM outgoing_receipt") == receipts
        with unchanged(kor):
            kor.hears(jpn.asks_with(kor, receipt=proof, position=position(kor, 4)))

    def test_a_receipt_of_another_cosigner_is_refused(self, village: Village) -> None:
        """
        JPN@NATO cannot hand in that AUS@NATO holds something.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        for office in (JPN, AUS):
            kor.releases("(C//REL KOR, JPN, AUS) Words.", to=[office])
        jpn.catches_up(kor)
        aus.pulls(kor)
        theirs = receipt(kor, aus, 2)
        mixed = receipt(kor, jpn, 2).split(b"\n\n")[0] + b"\n\n" + theirs.split(b"\n\n")[1]
        for bad in (theirs, mixed):
            with unchanged(kor), pytest.raises(VerificationError):
                kor.takes([jpn.asks_with(kor, receipt=bad, position=position(kor, 2))])
        assert kor.states()[AUS] == "numbered"

    def test_a_receipt_without_our_own_signature_is_refused(self, pair: tuple[Node, Node]) -> None:
        """
        Whoever holds something can show the checkpoint that we signed for it.
        """
        kor, jpn = pair
        forged = receipt(kor, jpn, 4, signers=jpn.home.signing.stream)
        with unchanged(kor), pytest.raises(SignatureError):
            kor.takes([jpn.asks_with(kor, receipt=forged, position=position(kor, 4))])

    def test_a_receipt_of_an_incarnation_that_is_not_here_receipts_nothing(
        self, pair: tuple[Node, Node]
    ) -> None:
        """
        A receipt is for one stream, whatever its entries are; this one proves that there was another one.
        """
        kor, jpn = pair
        other = receipt(kor, jpn, 4, incarnation=bytes(16))
        receipts = kor.rows("SELECT * FROM outgoing_receipt")
        kor.takes([jpn.asks_with(kor, receipt=other, position=position(kor, 4))])
        assert kor.rows("SELECT * FROM outgoing_receipt") == receipts
        assert kor.peer(JPN).why == LOST

    def test_a_receipt_of_another_stream_is_refused(self, village: Village) -> None:
        """
        What we signed to another office is not theirs to show.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        for office in (JPN, AUS):
            kor.releases("(C//REL KOR, JPN, AUS) Words.", to=[office])
        jpn.catches_up(kor)
        aus.catches_up(kor)
        with unchanged(kor), pytest.raises(VerificationError):
            kor.takes([jpn.asks_with(kor, receipt=receipt(kor, aus, 2), position=position(kor, 2))])

    @pytest.mark.parametrize("data", [b"", b"\0", b"nonsense", b"x" * 8192])
    def test_what_is_no_receipt_is_refused(self, pair: tuple[Node, Node], data: bytes) -> None:
        """
        Nonsense in a signed pull is nonsense.
        """
        kor, jpn = pair
        with unchanged(kor), pytest.raises(LegationError):
            kor.takes([jpn.asks_with(kor, receipt=data, position=position(kor, 4))])

    def test_a_receipt_over_another_history_freezes_the_link(self, pair: tuple[Node, Node]) -> None:
        """
        Both histories are kept, a person is told, and from then on nothing is sent.
        """
        kor, jpn = pair
        kor.releases(f"{SECRET} {TEXT} 3", to=[JPN])
        jpn.pulls(kor)
        other = receipt(kor, jpn, 5, root=b"\7" * 32)
        epoch = kor.rows("SELECT number FROM epoch")
        found = kor.hears(jpn.asks_with(kor, receipt=other, position=position(kor, 5)))
        assert (found.entries, found.checkpoint, found.challenge) == ((), None, None)
        assert (kor.peer(JPN).link, kor.peer(JPN).why) == (
            "frozen",
            "a receipt shows another history than ours",
        )
        [(what, ours, theirs)] = evidence(kor)
        assert what == "a receipt shows another history than ours"
        assert theirs == other
        with kor.database.read() as db:
            assert ours == outgoing.checkpoint(db, stream(kor).stream_id, 5)
        assert kor.log()[-1].kind is LogKind.FROZEN
        assert kor.rows("SELECT number FROM epoch") != epoch
        assert kor.states()[JPN] == "numbered"
        kor.releases(f"{SECRET} {TEXT} 4", to=[JPN])
        with unchanged(kor):
            again = kor.hears(jpn.asks_with(kor, receipt=other, position=position(kor, 5)))
        assert again.entries == ()

    def test_a_receipt_counts_once(self, pair: tuple[Node, Node]) -> None:
        """
        The same receipt again, and a lower one, change nothing.
        """
        kor, jpn = pair
        with kor.database.read() as db:
            newest = outgoing.receipt(db, stream(kor).stream_id)
        with unchanged(kor):
            kor.takes([jpn.asks_with(kor, receipt=newest, position=position(kor, 4))])
            kor.takes([jpn.asks_with(kor, receipt=receipt(kor, jpn, 2), position=position(kor, 4))])

    def test_a_receipt_for_a_stream_that_does_not_exist_is_refused(self, village: Village) -> None:
        """
        A peer that was never sent anything can have received nothing.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        kor.releases(f"{SECRET} {TEXT}", to=[JPN])
        jpn.pulls(kor)
        with unchanged(kor), pytest.raises(RemoteProtocolError, match="does not exist"):
            kor.takes([aus.asks_with(kor, receipt=receipt(kor, jpn, 2))])


class TestPositions:
    def test_a_position_beyond_ours_stops_and_is_told(self, pair: tuple[Node, Node]) -> None:
        """
        Nothing is sent, nothing is signed, and the list of peers says why.
        """
        kor, jpn = pair
        kor.releases(f"{SECRET} {TEXT}", to=[JPN])
        ahead = Position(incarnation=stream(kor).incarnation, size=9, root=bytes(32))
        before = kor.rows("SELECT count(*) FROM outgoing_entry")
        found = kor.hears(jpn.asks_with(kor, position=ahead))
        assert (found.entries, found.checkpoint) == ((), None)
        assert found.challenge is not None
        assert (kor.peer(JPN).link, kor.peer(JPN).why) == ("paused", AHEAD)
        assert kor.rows("SELECT count(*) FROM outgoing_entry") == before
        with unchanged(kor):
            kor.hears(jpn.asks_with(kor, position=ahead))

    def test_a_position_of_another_incarnation_stops_and_is_told(self, pair: tuple[Node, Node]) -> None:
        """
        A stream that is not ours is not continued.
        """
        kor, jpn = pair
        other = changed(position(kor, 4), incarnation=b"\1" * 16)
        assert kor.hears(jpn.asks_with(kor, position=other)).entries == ()
        assert (kor.peer(JPN).link, kor.peer(JPN).why) == ("paused", UNKNOWN)

    @pytest.mark.parametrize("size", [1, 3, 4])
    def test_a_forked_position_freezes_the_link(self, pair: tuple[Node, Node], size: int) -> None:
        """
        One size with two roots is two histories: both are kept.
        """
        kor, jpn = pair
        forked = changed(position(kor, size), root=b"\7" * 32)
        assert kor.hears(jpn.asks_with(kor, position=forked)).entries == ()
        assert kor.peer(JPN).link == "frozen"
        [(what, ours, theirs)] = evidence(kor)
        assert what == "its position shows another history than ours"
        assert b"BwcHBwcH" in theirs
        assert ours
        assert kor.log()[-1].kind is LogKind.FROZEN
        with unchanged(kor):
            assert kor.hears(jpn.asks_with(kor, position=position(kor, 4))).entries == ()

    def test_a_position_below_the_receipt_is_asked_back(self, pair: tuple[Node, Node]) -> None:
        """
        A challenge is all that is sent, and it is another one each time.
        """
        kor, jpn = pair
        with unchanged(kor):
            found = [kor.hears(jpn.asks_with(kor, position=each)) for each in (position(kor, 2), None)]
        assert all(each.entries == () and each.checkpoint is None for each in found)
        challenges = {each.challenge for each in found}
        assert len(challenges) == 2
        assert None not in challenges

    def test_with_a_fresh_challenge_it_is_sent_again_and_reported(self, pair: tuple[Node, Node]) -> None:
        """
        The peer has lost what it had receipted: it gets the same entries, and our people are told.
        """
        kor, jpn = pair
        challenge = kor.hears(jpn.asks_with(kor, position=position(kor, 2))).challenge
        found = kor.hears(jpn.asks_with(kor, position=position(kor, 2), challenge=challenge))
        assert [each.number for each in found.entries] == [2, 3]
        [(what, ours, theirs)] = evidence(kor)
        assert what == "it has lost what it had receipted"
        assert ours.startswith(b"legation/stream/v1/KOR@NATO/JPN@NATO/")
        assert b'"size":2' in theirs
        assert kor.states() == {JPN: "receipted"}

    def test_a_challenge_counts_once(self, pair: tuple[Node, Node]) -> None:
        """
        A challenge that was answered is asked back anew.
        """
        kor, jpn = pair
        challenge = kor.hears(jpn.asks_with(kor)).challenge
        assert kor.hears(jpn.asks_with(kor, challenge=challenge)).entries
        found = kor.hears(jpn.asks_with(kor, challenge=challenge))
        assert found.entries == ()
        assert found.challenge not in {None, challenge}

    @pytest.mark.parametrize(
        ("seconds", "holds"), [(CHALLENGE_TIME_S - 1, True), (CHALLENGE_TIME_S, False), (-1, False)]
    )
    def test_a_challenge_is_worth_something_for_ten_minutes(
        self, pair: tuple[Node, Node], seconds: int, holds: bool
    ) -> None:
        """
        An old challenge, or one from a time that is still to come, is asked back anew.
        """
        kor, jpn = pair
        challenge = kor.hears(jpn.asks_with(kor)).challenge
        kor.clock.move(seconds=seconds)
        assert bool(kor.hears(jpn.asks_with(kor, challenge=challenge)).entries) is holds

    def test_a_challenge_of_another_peer_is_worth_nothing(self, village: Village) -> None:
        """
        A challenge belongs to the peer that it was sent to.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        for node in (jpn, aus):
            kor.releases("(C//REL KOR, JPN, AUS) Words.", to=[node.office])
            node.catches_up(kor)
        challenge = kor.hears(jpn.asks_with(kor)).challenge
        assert kor.hears(aus.asks_with(kor, challenge=challenge)).entries == ()

    def test_a_made_up_challenge_is_worth_nothing(self, pair: tuple[Node, Node]) -> None:
        """
        Only what we sent counts.
        """
        kor, jpn = pair
        assert kor.hears(jpn.asks_with(kor, challenge=bytes(16))).entries == ()

    def test_a_position_of_nothing_in_any_incarnation_is_a_beginning(self, village: Village) -> None:
        """
        Whoever holds nothing has no history to compare.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} {TEXT}", to=[JPN])
        nothing = Position(incarnation=b"\1" * 16, size=0, root=EMPTY_ROOT)
        assert len(kor.hears(jpn.asks_with(kor, position=nothing)).entries) == 2


class TestRestored:
    def test_a_peer_put_back_to_an_old_copy_catches_up_through_a_challenge(self, village: Village) -> None:
        """
        With real files of a real backup: everything is there again, once, and it is reported once.
        """
        kor, jpn = village.pair(KOR, JPN)
        items = [kor.releases(f"{SECRET} {TEXT} {number}", to=[JPN]) for number in range(2)]
        jpn.catches_up(kor)
        backup = village.copies(jpn)
        items += [kor.releases(f"{SECRET} {TEXT} {number}", to=[JPN]) for number in range(2, 4)]
        jpn.catches_up(kor)
        village.restores(jpn, backup)
        assert len(jpn.listed()) == 2
        assert jpn.pulls(kor).is_challenged
        assert jpn.pulls(kor).views == 2
        jpn.catches_up(kor)
        assert sorted(jpn.listed()) == sorted(items)
        assert [each[0] for each in evidence(kor)] == ["it has lost what it had receipted"]
        items.append(kor.releases(f"{SECRET} {TEXT} 4", to=[JPN]))
        jpn.catches_up(kor)
        assert sorted(jpn.listed()) == sorted(items)
        assert set(kor.states().values()) == {"receipted"}
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_a_long_loss_is_one_report(self, village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        However many answers it takes to send again, a person is told once.
        """
        monkeypatch.setattr("legation.node.streams.handing_over.ENTRIES_MAX", 2)
        kor, jpn = village.pair(KOR, JPN)
        backup = village.copies(jpn)
        for number in range(5):
            kor.releases(f"{SECRET} {TEXT} {number}", to=[JPN])
        jpn.catches_up(kor)
        village.restores(jpn, backup)
        jpn.catches_up(kor)
        assert len(jpn.listed()) == 5
        assert len(evidence(kor)) == 1

    def test_what_was_lost_and_may_not_be_had_again_comes_as_a_leaf(self, village: Village) -> None:
        """
        The grant was narrowed since: the entry is void, and the rest is there. It stays received once.
        """
        kor, jpn = village.pair(KOR, JPN)
        backup = village.copies(jpn)
        secret = kor.releases(f"{SECRET} {TEXT}", to=[JPN])
        limited = kor.releases("(L//REL KOR, JPN) Lunch is at noon.", to=[JPN])
        jpn.catches_up(kor)
        village.restores(jpn, backup)
        kor.grants(JPN, "LIMITED")
        assert jpn.catches_up(kor).views == 1
        assert jpn.listed() == [limited]
        with kor.database.read() as db:
            [gone] = [
                each
                for each in outgoing.walk(db, stream(kor).stream_id, kor.home.blobs)
                if each.payload is None
            ]
        assert gone.header.number == 1
        assert kor.states(secret) == {JPN: "receipted"}
        jpn.catches_up(kor)
        assert kor.peer(JPN).receipted == kor.peer(JPN).sent == 4
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_a_sender_put_back_to_an_old_copy_signs_nothing(self, village: Village) -> None:
        """
        What the peer holds beyond our stream stops it: no second history is begun.
        """
        kor, jpn = village.pair(KOR, JPN)
        backup = village.copies(kor)
        kor.releases(f"{SECRET} {TEXT}", to=[JPN])
        jpn.pulls(kor)
        village.restores(kor, backup)
        kor.releases(f"{SECRET} Another one.", to=[JPN])
        with unchanged(jpn):
            jpn.catches_up(kor)
        assert (kor.peer(JPN).link, kor.peer(JPN).why) == ("paused", LOST)
        assert kor.rows("SELECT count(*) FROM outgoing_checkpoint") == [(0,)]
        assert len(jpn.listed()) == 1


class TestMeanwhile:
    """Between the decision and the last byte."""

    def answer(self, kor: Node, jpn: Node) -> Iterator[bytes]:
        """The pieces of an answer with something in it, none of them given out yet."""
        kor.releases(f"{SECRET} {TEXT}", to=[JPN])
        return kor.answers([jpn.asks(kor)])

    def test_a_narrower_grant_cuts_the_answer_before_the_next_piece(self, village: Village) -> None:
        """
        Another process narrows the grant after the first piece: not a byte more is given out.
        """
        kor, jpn = village.pair(KOR, JPN)
        pieces = self.answer(kor, jpn)
        next(pieces)
        other = Node(kor.folder, kor.clock, "another process", village.nodes)
        other.grants(JPN, "LIMITED")
        other.close()
        with pytest.raises(RemoteProtocolError, match="the rules changed"):
            next(pieces)

    def test_a_narrower_grant_cuts_before_the_first_piece(self, village: Village) -> None:
        """
        Between the commit and the first piece is a moment too.
        """
        kor, jpn = village.pair(KOR, JPN)
        pieces = self.answer(kor, jpn)
        kor.grants(JPN, "LIMITED")
        with pytest.raises(RemoteProtocolError, match="the rules changed"):
            next(pieces)

    def test_a_grant_that_runs_out_cuts_the_answer(self, village: Village) -> None:
        """
        What is not given out when the date has passed stays here, once anybody has noticed the date.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.grants(JPN, not_after=kor.clock())
        pieces = self.answer(kor, jpn)
        next(pieces)
        kor.clock.move(days=1)
        kor.keeps_house()
        with pytest.raises(RemoteProtocolError, match="the rules changed"):
            next(pieces)

    def test_a_frozen_link_cuts_the_answer(self, village: Village) -> None:
        """
        A fork that shows in another pull ends what is on its way.
        """
        kor, jpn = village.pair(KOR, JPN)
        pieces = self.answer(kor, jpn)
        next(pieces)
        kor.hears(jpn.asks_with(kor, position=changed(position(kor, 1), root=b"\7" * 32)))
        with pytest.raises(RemoteProtocolError, match="the rules changed"):
            next(pieces)

    def test_a_change_that_concerns_others_cuts_nothing(self, village: Village) -> None:
        """
        A new epoch is looked at, and where the outcome is the same the answer goes on.
        """
        kor, jpn, _ = village.star(KOR, JPN, AUS)
        pieces = self.answer(kor, jpn)
        first = next(pieces)
        kor.grants(AUS, "LIMITED")
        kor.grants(JPN, "SECRET", agreement="a newer one")
        assert len(first) + len(b"".join(pieces)) > 65_000

    def test_commits_of_no_concern_are_not_looked_at(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A commit without a new epoch costs one look at the count, and no decision.
        """
        kor, jpn = village.pair(KOR, JPN)
        pieces = self.answer(kor, jpn)
        next(pieces)
        writes: list[object] = []
        monkeypatch.setattr(Database, "write", lambda _, act: writes.append(act))
        other = Node(kor.folder, kor.clock, "another process", village.nodes)
        other.database.submit(lambda db: db.run("UPDATE node SET created_at = 1")).result()
        b"".join(pieces)
        assert writes == []
        other.close()

    def test_what_was_cut_off_is_decided_again(self, village: Village) -> None:
        """
        At the next pull the entry is void and a smaller copy follows.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} {TEXT}", "(L//REL KOR, JPN) Lunch is at noon.", to=[JPN])

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            answer = kor.answers(pieces)
            yield next(answer)
            kor.grants(JPN, "LIMITED")
            yield from answer

        with unchanged(jpn), pytest.raises(RemoteProtocolError):
            jpn.pulls(kor, way)
        jpn.catches_up(kor)
        assert jpn.reads(item) == ["Lunch is at noon."]
        assert [each.state for each in kor.deliveries(item)] == ["void", "receipted"]
        assert (kor.faults(), jpn.faults()) == ((), ())


class TestNothingNew:
    def test_a_peer_without_a_grant_gets_an_empty_answer(self, village: Village) -> None:
        """
        It is told nothing but the incarnation, and after the first time nothing is written for it.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        kor.trusts(jpn.card)
        jpn.trusts(kor.card)
        assert jpn.pulls(kor).entries == 0
        with unchanged(kor):
            assert jpn.pulls(kor).entries == 0
            assert not kor.answering.has_news(kor.opens(jpn.asks(kor), jpn))

    def test_a_peer_with_a_grant_and_nothing_to_get_is_answered_alike(self, village: Village) -> None:
        """
        Whether there is a grant cannot be seen from an empty answer.
        """
        kor, jpn = village.pair(KOR, JPN)
        jpn.pulls(kor)
        with unchanged(kor):
            found = kor.hears(jpn.asks_with(kor))
        assert (found.start, found.entries, found.checkpoint, found.challenge) == (0, (), None, None)

    def test_a_pull_with_nothing_new_writes_nothing(self, pair: tuple[Node, Node]) -> None:
        """
        An idle link costs reads; now and then it is written down as alive.
        """
        kor, jpn = pair
        before = kor.database.data_version()
        jpn.pulls(kor)
        assert kor.database.data_version() == before
        kor.clock.move(seconds=HEARD_EVERY_S)
        jpn.pulls(kor)
        assert kor.database.data_version() != before

    @pytest.mark.parametrize("days", [-1, -3650])
    def test_a_clock_put_back_does_not_make_a_peer_silent(self, pair: tuple[Node, Node], days: int) -> None:
        """
        What was heard in a future that is none any more does not count.
        """
        kor, jpn = pair
        kor.clock.move(days=days)
        jpn.pulls(kor)
        assert kor.rows("SELECT heard_at FROM peer") == [(kor.around.seconds(),)]

    def test_a_stopped_link_is_answered_with_nothing(self, pair: tuple[Node, Node]) -> None:
        """
        On a paused link nothing is numbered and nothing is sent.
        """
        kor, jpn = pair
        kor.database.write(lambda db: peers.set_link(db, JPN, "paused", "a test"))
        kor.releases(f"{SECRET} {TEXT}", to=[JPN])
        with unchanged(kor):
            assert jpn.pulls(kor).entries == 0

    def test_what_was_answered_was_signed_once(self, pair: tuple[Node, Node]) -> None:
        """
        A checkpoint is signed for a size and kept; the same answer again has the same bytes of it.
        """
        kor, jpn = pair
        kor.releases(f"{SECRET} {TEXT}", to=[JPN])
        found = [kor.hears(jpn.asks_with(kor, position=position(kor, 4))) for _ in range(2)]
        assert found[0].checkpoint == found[1].checkpoint
        assert kor.rows("SELECT size FROM outgoing_checkpoint ORDER BY size") == [(4,), (5,)]


class TestUndone:
    """What a transaction that was undone had seen is not remembered."""

    def test_the_rules_of_an_epoch_that_was_undone_are_forgotten(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A date passes, the new epoch is undone with the act that began it, and its number is then given
        to a narrower grant: what is decided with is that grant.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.grants(JPN, not_after=kor.clock.at.replace(year=2023))
        secret = kor.releases(f"{SECRET} {TEXT}", to=[JPN])
        kor.runs("UPDATE epoch SET changes_at = 1")
        with monkeypatch.context() as patched:
            patched.setattr("legation.node.streams.handing_over.number", failing)
            with pytest.raises(LegationError, match="planted"):
                jpn.pulls(kor)
        # Not by way of the act that failed: another process does it.
        other = Node(kor.folder, kor.clock, "another process", village.nodes)
        other.grants(JPN, "LIMITED")
        other.close()
        assert jpn.catches_up(kor).views == 0
        assert kor.states(secret) == {JPN: "withheld"}


def failing(*_: object, **__: object) -> None:
    """Fail, as a full disk does."""
    raise LegationError("planted")


def test_a_taken_back_entry_is_voided_by_its_number(village: Village) -> None:
    """
    The leaf comes in its place, the void behind it, and nothing covers the one without the other.
    """
    kor, jpn = village.pair(KOR, JPN)
    kor.releases(f"{SECRET} {TEXT}", "(L//REL KOR, JPN) Lunch is at noon.", to=[JPN])
    list(kor.answers([jpn.asks(kor)]))
    kor.grants(JPN, "LIMITED")
    with kor.database.read() as db:
        [entry] = outgoing.entries(
            db, stream(kor).stream_id, 1, size_bytes_max=1 << 20, count_max=9, blobs=kor.home.blobs
        )
    found = kor.hears(jpn.asks_with(kor))
    assert [type(each).__name__ for each in found.entries] == ["Carried", "TakenBack", "Carried"]
    assert found.entries[1] == TakenBack(number=1, leaf=entry.header.leaf)
    [void] = [each for each in found.headers if each.kind is EntryKind.VOID]
    with kor.database.read() as db:
        [row] = db.rows("SELECT payload FROM outgoing_entry WHERE number = ?", (void.number,))
    assert read_void(row[0]).number == 1
    assert kor.rows("SELECT payload FROM outgoing_entry WHERE number = 1") == [(None,)]
