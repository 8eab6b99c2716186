# SPDX-License-Identifier: Apache-2.0

from typing import Any

import pytest
from msgspec.structs import replace as changed

from legation.errors import (
    EquivocationError,
    LegationError,
    MalformedError,
    RefusedError,
    SignatureError,
    VerificationError,
)
from legation.exchange import Answer
from legation.item.withdrawal import withdraw
from legation.keys.card import KeyState, ListedKey, make, read, succeeds
from legation.keys.sign import Ed25519Signer, MLDSA44Signer, Purpose
from legation.log import LogKind, StreamSigners, sign_statement, verify_statement
from legation.node.home import ROOT
from legation.node.keys.keyring import ROOT_KEY
from legation.node.peers.cards import read_peer_cards
from legation.node.peers.peering import drop_card
from tests.node.pair import SECOND, Node, Village, unchanged
from tests.node.renewals import forged, hands_over, installs, item_key, next_of, renews, stream_keys

KOR, JPN, AUS = "KOR@NATO", "JPN@NATO", "AUS@NATO"
TEXT = "(C//REL KOR, JPN) The seating was changed."
REVOKED = "its author's key is revoked"


def apart(node: Node) -> list[tuple[str, str]]:
    """What a node holds and shows to nobody: from whom, and why."""
    return node.rows("SELECT source, because FROM view WHERE state = 'quarantined' ORDER BY view_key")


def held(node: Node, item: str) -> str:
    """How the view of an item stands."""
    [(state,)] = node.rows("SELECT state FROM view WHERE item_id = ?", (bytes.fromhex(item),))
    return str(state)


def evidence(node: Node, office: str) -> list[str]:
    """What is kept about an office because it proves something."""
    found = read_peer_cards(office, database=node.database, around=node.around)
    return [each.what for each in found.evidence]


class TestKeyCompromiseDeclaredWithBackDate:
    """F15: items in the window are marked, not deleted."""

    def test_what_was_held_before_the_instant_stays_and_the_rest_is_set_apart(self, village: Village) -> None:
        """
        By when it came, not by the date that its author wrote; all of it is still there.
        """
        kor, jpn = village.pair(KOR, JPN)
        thief, key = kor.home.signing.item, item_key(kor)
        before = hands_over(kor, forged(thief, "before"), JPN)
        jpn.pulls(kor)
        since = jpn.around.seconds() + 60
        for node in (kor, jpn):
            node.clock.move(minutes=2)
        inside = hands_over(kor, forged(thief, "inside", time=1_500_000_000), JPN)
        jpn.pulls(kor)
        assert (held(jpn, before), held(jpn, inside)) == ("held", "held")
        card = renews(kor, revoked=(key,), since=since)
        jpn.adds(card)
        assert held(jpn, inside) == "held"
        jpn.confirms(KOR)
        assert (held(jpn, before), held(jpn, inside)) == ("held", "quarantined")
        assert jpn.reads(before) == ["before"]
        assert jpn.listed() == [before]
        after = hands_over(kor, forged(thief, "after", time=1_500_000_000), JPN)
        assert jpn.pulls(kor).quarantined == 1
        assert held(jpn, after) == "quarantined"
        assert apart(jpn) == [(KOR, REVOKED)] * 2
        assert jpn.faults() == kor.faults() == ()

    @pytest.mark.parametrize("seconds", [-1, 0, 1])
    def test_the_instant_itself_is_in_the_window(self, village: Village, seconds: int) -> None:
        """
        What came in that very second is set apart; a second before it, not.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = hands_over(kor, forged(kor.home.signing.item, "x"), JPN)
        jpn.pulls(kor)
        since = jpn.around.seconds() - seconds
        kor.clock.move(minutes=1)
        jpn.trusts(renews(kor, revoked=(item_key(kor),), since=since))
        assert held(jpn, item) == ("held" if seconds < 0 else "quarantined")

    def test_without_an_instant_nothing_of_the_key_holds(self, village: Village) -> None:
        """
        Whenever it came.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = hands_over(kor, forged(kor.home.signing.item, "x"), JPN)
        jpn.pulls(kor)
        jpn.trusts(renews(kor, revoked=(item_key(kor),)))
        assert held(jpn, item) == "quarantined"
        assert jpn.listed() == []

    def test_the_window_only_grows(self, village: Village) -> None:
        """
        The next card may name an earlier instant, and never a later one: nobody brings back what was set apart.
        """
        kor, jpn = village.pair(KOR, JPN)
        key = item_key(kor)
        item = hands_over(kor, forged(kor.home.signing.item, "x"), JPN)
        jpn.pulls(kor)
        since = jpn.around.seconds() + 30
        jpn.trusts(renews(kor, revoked=(key,), since=since))
        assert held(jpn, item) == "held"
        with pytest.raises(VerificationError, match="since an earlier instant"):
            next_of(kor, revoked=(key,), since=since + 1)
        kor.clock.move(minutes=5)
        jpn.trusts(renews(kor, revoked=(key,), since=since - 60))
        assert held(jpn, item) == "quarantined"

    def test_the_check_finds_what_should_be_set_apart(self, village: Village) -> None:
        """
        A row that says that it is held, of a key that was revoked when it came, is a fault.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(TEXT, to=[JPN])
        jpn.catches_up(kor)
        jpn.trusts(renews(kor, revoked=(item_key(kor),), since=jpn.around.seconds() + 1))
        assert held(jpn, item) == "held"
        assert jpn.faults() == ()
        jpn.runs("UPDATE view SET received_at = received_at + 1")
        assert "its author's key is revoked, and it is not set apart" in {each.what for each in jpn.faults()}

    def test_our_own_items_stay_ours(self, village: Village) -> None:
        """
        What the author's own people released they know, whoever has had the key; they read it and the check holds.
        """
        kor, _ = village.pair(KOR, JPN)
        item = kor.releases(TEXT, to=[JPN])
        renews(kor, revoked=(item_key(kor),))
        assert kor.reads(item) == ["The seating was changed."]
        assert kor.faults() == ()

    def test_what_comes_back_under_our_own_revoked_key_is_set_apart(self, village: Village) -> None:
        """
        Somebody may have made it; it came by another office and is not what we released.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = hands_over(jpn, forged(kor.home.signing.item, "x"), KOR)
        kor.pulls(jpn)
        assert held(kor, item) == "held"
        card = next_of(kor, revoked=(item_key(kor),))
        installs(kor, card)
        assert held(kor, item) == "quarantined"
        assert kor.faults() == ()


class TestRollback:
    def test_an_older_card_is_refused_and_reported(self, village: Village) -> None:
        """
        The newest stays trusted, and our own people are told once; nothing else happens.
        """
        kor, jpn = village.pair(KOR, JPN)
        old, new = kor.card, renews(kor, item=True)
        jpn.trusts(new)
        trusted = jpn.rows("SELECT number, digest FROM card WHERE confirmed_by IS NOT NULL")
        for _ in range(2):
            with pytest.raises(VerificationError, match="is an old one: number 1 is here"):
                jpn.adds(old)
        assert jpn.rows("SELECT number, digest FROM card WHERE confirmed_by IS NOT NULL") == trusted
        assert evidence(jpn, KOR) == ["card number 0 of `KOR@NATO` is an old one: number 1 is here"]
        assert jpn.peer(kor).link == "active"
        assert jpn.peer(kor).trusted == 1
        assert jpn.faults() == ()

    def test_a_revoked_key_does_not_come_back_with_an_old_card(self, village: Village) -> None:
        """
        What it signs stays set apart.
        """
        kor, jpn = village.pair(KOR, JPN)
        old, thief = kor.card, kor.home.signing.item
        jpn.trusts(renews(kor, revoked=(item_key(kor),)))
        with pytest.raises(VerificationError):
            jpn.adds(old)
        item = hands_over(kor, forged(thief, "x"), JPN)
        jpn.pulls(kor)
        assert held(jpn, item) == "quarantined"


class TestFastForward:
    def test_a_jump_is_refused_whatever_the_number(self, village: Village) -> None:
        """
        The root itself cannot move a peer to the last number that there is; nothing is kept of it.
        """
        kor, jpn = village.pair(KOR, JPN)
        root = Ed25519Signer(ROOT_KEY.decode((kor.folder / ROOT).read_bytes()).seed)
        signing = kor.home.signing
        body = changed(kor.card.body, number=1_000_000, previous=kor.card.digest)
        far = make(body, [root, signing.item, signing.stream.ed25519, signing.stream.mldsa44])
        with unchanged(jpn), pytest.raises(VerificationError, match="expected 1") as refused:
            jpn.adds(far)
        assert "missing cards" in refused.value.hint

    def test_with_the_missing_cards_one_confirmation_is_enough(self, village: Village) -> None:
        """
        Each names the one before; all are in the log, and the keys of the newest are trusted.
        """
        kor, jpn = village.pair(KOR, JPN)
        chain = [renews(kor, item=True), renews(kor, seal=True), renews(kor, stream=True)]
        for skipping in chain[1:]:
            with unchanged(jpn), pytest.raises(VerificationError, match="expected 1"):
                jpn.adds(skipping)
        for card in chain:
            jpn.adds(card)
        assert (jpn.peer(kor).card, jpn.peer(kor).trusted) == (3, 0)
        jpn.confirms(KOR)
        pinned = [each.hash for each in jpn.log() if each.kind is LogKind.PINNED]
        assert pinned == [read_first(jpn, KOR), *(each.digest for each in chain)]
        assert jpn.peer(kor).trusted == 3
        assert jpn.faults() == ()

    def test_whoever_added_one_of_the_missing_cards_does_not_confirm(self, village: Village) -> None:
        """
        Two persons stand for each card.
        """
        kor, jpn = village.pair(KOR, JPN)
        jpn.adds(renews(kor, item=True), by=SECOND)
        jpn.adds(renews(kor, item=True))
        with unchanged(jpn), pytest.raises(RefusedError, match="added this card"):
            jpn.confirms(KOR, by=SECOND)
        assert jpn.peer(kor).trusted == 0


def read_first(node: Node, office: str) -> bytes:
    """The digest of the first card of an office that a node has."""
    [(digest,)] = node.rows("SELECT digest FROM card WHERE office = ? AND number = 0", (office,))
    return bytes(digest)


class TestFork:
    def test_two_cards_of_one_number_are_kept_and_stop_the_link(self, village: Village) -> None:
        """
        Whoever signed both has the root key; nothing of the second one is trusted.
        """
        kor, jpn = village.pair(KOR, JPN)
        one, other = next_of(kor, item=True), next_of(kor, item=True, instead=True)
        jpn.trusts(one)
        cards = jpn.rows("SELECT * FROM card")
        for _ in range(2):
            with pytest.raises(EquivocationError, match="two cards of number 1") as found:
                jpn.adds(other)
            assert (found.value.ours, found.value.theirs) == (one.data, other.data)
        assert jpn.rows("SELECT * FROM card") == cards
        assert jpn.rows("SELECT ours, theirs FROM evidence") == [(one.data, other.data)]
        assert jpn.peer(kor).link == "frozen"
        assert jpn.log()[-1].kind is LogKind.FROZEN
        with pytest.raises(LegationError):
            jpn.pulls(kor)
        assert jpn.faults() == ()

    def test_a_fork_of_what_waits_is_one_too(self, village: Village) -> None:
        """
        Both bear the signature of the root that was compared.
        """
        kor, jpn = village.pair(KOR, JPN)
        one, other = next_of(kor, item=True), next_of(kor, item=True, instead=True)
        jpn.adds(one)
        with pytest.raises(EquivocationError):
            jpn.adds(other)
        assert jpn.peer(kor).link == "frozen"
        assert jpn.peer(kor).trusted == 0

    def test_a_card_under_another_root_stops_nothing(self, village: Village) -> None:
        """
        Anybody can make one, so it says nothing against the office.
        """
        kor, jpn = village.pair(KOR, JPN)
        theirs = Ed25519Signer(bytes(32))
        signing = kor.home.signing
        body = changed(kor.card.body, root=theirs.public_key)
        other = make(body, [theirs, signing.item, signing.stream.ed25519, signing.stream.mldsa44])
        with unchanged(jpn), pytest.raises(VerificationError, match="another root"):
            jpn.adds(other)

    def test_a_card_that_waits_can_be_dropped(self, village: Village) -> None:
        """
        What was added by mistake does not keep the right one out; what is trusted stays.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        jpn.adds(kor.card)
        assert drop_card(KOR, by=SECOND, database=jpn.database) == 1
        with pytest.raises(MalformedError, match="waits"):
            drop_card(KOR, by=SECOND, database=jpn.database)
        jpn.trusts(kor.card)
        with unchanged(jpn), pytest.raises(MalformedError, match="waits"):
            drop_card(KOR, by=SECOND, database=jpn.database)


class TestOneOnlineKeyStolen:
    """It can forge receipts or transport only, not items or policy."""

    def test_stream_keys_make_no_item(self, village: Village) -> None:
        """
        It arrives on a stream that they sign, and is of no author that anybody knows.
        """
        kor, jpn = village.pair(KOR, JPN)
        stream = kor.home.signing.stream.ed25519
        assert isinstance(stream, Ed25519Signer)
        item = hands_over(kor, forged(stream, "x"), JPN)
        jpn.pulls(kor)
        assert held(jpn, item) == "quarantined"
        assert apart(jpn) == [(KOR, "its author's card is not pinned")]
        assert jpn.listed() == []

    def test_stream_keys_withdraw_nothing(self, village: Village) -> None:
        """
        The item stays, and is shown.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(TEXT, to=[JPN])
        jpn.catches_up(kor)
        stream = kor.home.signing.stream.ed25519
        assert isinstance(stream, Ed25519Signer)
        jpn.takes_in(withdraw(bytes.fromhex(item), stream), kor)
        assert jpn.reads(item) == ["The seating was changed."]

    def test_all_online_keys_together_sign_no_card(self, village: Village) -> None:
        """
        Without the root there is none; a card under another root follows none of the office's.
        """
        kor, jpn = village.pair(KOR, JPN)
        signing, body = kor.home.signing, next_of(kor, addresses=("192.0.2.66:1",)).body
        online = [signing.item, signing.stream.ed25519, signing.stream.mldsa44]
        with pytest.raises(SignatureError):
            make(body, online)
        mine = Ed25519Signer(bytes(32))
        with unchanged(jpn), pytest.raises(VerificationError, match="another root"):
            jpn.adds(make(changed(body, root=mine.public_key), [mine, *online]))

    @pytest.mark.parametrize("role", ["item", "stream"])
    def test_a_stolen_key_as_a_root_of_its_own_is_nobody(self, village: Village, role: str) -> None:
        """
        A card of the same office with that key as root is whole in itself, and refused.
        """
        kor, jpn = village.pair(KOR, JPN)
        signing, new = kor.home.signing, [Ed25519Signer(bytes([each]) * 32) for each in range(1, 3)]
        thief = signing.item if role == "item" else signing.stream.ed25519
        mldsa44 = signing.stream.mldsa44
        streams = sorted([new[1].public_key, mldsa44.public_key], key=lambda each: each.key_id)
        body = changed(
            kor.card.body,
            number=1,
            previous=kor.card.digest,
            root=thief.public_key,
            item_keys=(ListedKey(key=new[0].public_key, state=KeyState.CURRENT),),
            stream_keys=tuple(ListedKey(key=each, state=KeyState.CURRENT) for each in streams),
        )
        with unchanged(jpn), pytest.raises(VerificationError, match="another root"):
            jpn.adds(make(body, [thief, *new, mldsa44]))

    def test_no_online_key_makes_a_policy(self, village: Village) -> None:
        """
        A version of a policy is stated by its own authority's keys; an office's are not these, by whatever name.
        """
        kor = village.node(KOR)
        authority = StreamSigners(ed25519=Ed25519Signer(bytes(32)), mldsa44=MLDSA44Signer(bytes(32)))
        told: dict[str, Any] = {"purpose": Purpose.POLICY, "name": "authority/policy"}
        keys = [authority.ed25519.public_key, authority.mldsa44.public_key]
        text = f"{Purpose.POLICY.prefix.decode()}x\n"
        assert verify_statement(sign_statement(text, signers=authority, **told), keys=keys, **told) == text
        false = sign_statement(text, signers=kor.home.signing.stream, **told)
        with pytest.raises(SignatureError):
            verify_statement(false, keys=keys, **told)

    def test_an_item_key_signs_no_answer_and_no_receipt(self, village: Village) -> None:
        """
        What comes in the name of the office is refused; nothing is received, nothing receipted.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(TEXT, to=[JPN])
        with unchanged(jpn), pytest.raises(SignatureError):
            jpn.pulls(kor, kor.lies(signer=kor.home.signing.item))
        with unchanged(kor), pytest.raises(SignatureError):
            kor.hears(jpn.asks_with(kor, signer=jpn.home.signing.item))

    def test_one_stream_key_of_two_signs_no_checkpoint(self, village: Village) -> None:
        """
        Both algorithms sign, so a thief of either alone forges no history.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(TEXT, to=[JPN])

        def half(answer: Answer) -> Answer:
            assert answer.checkpoint is not None
            lines = answer.checkpoint.splitlines(keepends=True)
            return changed(answer, checkpoint=b"".join(lines[:-1]))

        with unchanged(jpn), pytest.raises(LegationError):
            jpn.pulls(kor, kor.lies(half))


class TestNodeFullyCompromised:
    """It can read what it was sent, and cannot alter the past of others; an update of keys ends it."""

    def test_after_the_revocation_the_old_keys_do_nothing(self, village: Village) -> None:
        """
        No answer, no pull, no item of theirs is taken; what was received before stays as it was.
        """
        kor, jpn = village.pair(KOR, JPN)
        before = kor.releases(TEXT, to=[JPN])
        jpn.catches_up(kor)
        views = jpn.rows("SELECT hash, state FROM view")
        entries = jpn.rows("SELECT * FROM incoming_entry")
        since = jpn.around.seconds() + 1
        for node in (kor, jpn):
            node.clock.move(minutes=5)
        thief = kor.home.signing
        pull = kor.asks(jpn)
        card = renews(kor, revoked=(item_key(kor), *stream_keys(kor)), since=since)
        jpn.trusts(card)
        assert jpn.rows("SELECT hash, state FROM view") == views
        assert jpn.rows("SELECT * FROM incoming_entry") == entries
        assert jpn.reads(before) == ["The seating was changed."]
        with unchanged(jpn), pytest.raises(SignatureError):
            jpn.pulls(kor, kor.lies(signer=thief.stream.ed25519))
        with unchanged(jpn), pytest.raises(SignatureError):
            jpn.answering.open(pull)
        item = hands_over(kor, forged(thief.item, "forged"), JPN)
        jpn.pulls(kor)
        assert held(jpn, item) == "quarantined"
        assert jpn.listed() == [before]
        assert kor.faults() == jpn.faults() == ()

    def test_the_thief_makes_no_next_card(self, village: Village) -> None:
        """
        Without the root key all keys of the node together sign none, and the office's own next card follows.
        """
        kor, jpn = village.pair(KOR, JPN)
        signing = kor.home.signing
        mine = Ed25519Signer(b"\1" * 32)
        body = changed(
            kor.card.body,
            number=1,
            previous=kor.card.digest,
            root=mine.public_key,
        )
        stolen = read(make(body, [mine, signing.item, signing.stream.ed25519, signing.stream.mldsa44]))
        with unchanged(jpn), pytest.raises(VerificationError, match="another root"):
            jpn.adds(stolen)
        card = renews(kor, revoked=(item_key(kor), *stream_keys(kor)))
        succeeds(read(jpn.rows("SELECT data FROM card")[0][0]), card)
        jpn.trusts(card)
        assert jpn.peer(kor).trusted == 1
