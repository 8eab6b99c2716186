# SPDX-License-Identifier: Apache-2.0

from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from legation.errors import (
    LegationError,
    MalformedError,
    RefusedError,
    SignatureError,
    StoreError,
    VerificationError,
)
from legation.keys.card import KeyState
from legation.log import LogKind
from legation.node.desk.reading import verify_item
from legation.node.home import open_home
from legation.node.keys.keyring import OFFICE_KEYS, ROOT_KEY, RootKey
from legation.node.keys.renewing import Wanted, install_card, prepare_renewal, recover_keys, vouch_renewal
from legation.node.keys.settling import CARD, KEYS
from legation.store.lock import FolderLock
from tests.node.pair import Node, Village, Way, unchanged
from tests.node.renewals import installs, item_key, next_of, renews, seal_key, stream_keys

KOR, JPN = "KOR@NATO", "JPN@NATO"
ALL: dict[str, Any] = {"item": True, "stream": True, "seal": True}
TEXT = "(C//REL KOR, JPN) The seating was changed."
OTHER = "(C//REL KOR, JPN) The seating stays."


def states(node: Node, role: str) -> dict[str, KeyState]:
    """How the keys of a role stand on a node's card, by id."""
    return {each.key.key_id.hex(): each.state for each in getattr(node.card.body, role)}


def keys_file(node: Node) -> bytes:
    """The file of a node's keys."""
    return (node.folder / KEYS).read_bytes()


class TestPrepare:
    def test_until_a_card_is_installed_nothing_is_another(self, village: Village) -> None:
        """
        What was drawn is used by nobody: the node signs and opens with what it had, also as a new process.
        """
        kor = village.node(KOR)
        card, item = kor.card, item_key(kor)
        with unchanged(kor):
            next_of(kor, **ALL)
            kor.reopen()
        assert (kor.card.digest, item_key(kor)) == (card.digest, item)

    def test_what_goes_to_the_root_holds_no_secret(self, village: Village) -> None:
        """
        None of the seeds in the file of keys, present or next, stands in it.
        """
        kor = village.node(KOR)
        data = prepare_renewal(kor.home, Wanted(**ALL), kor.around)
        keys = OFFICE_KEYS.decode(keys_file(kor))
        assert keys.next is not None
        for seed in (
            keys.item,
            keys.next.item,
            keys.next.stream_mldsa44,
            keys.next.seal_mlkem768,
            keys.draws,
        ):
            assert seed not in data
            assert b64encode(seed) not in data

    @pytest.mark.parametrize("role", ["item", "stream", "seal"])
    def test_each_role_is_renewed_alone(self, village: Village, role: str) -> None:
        """
        The others stay current, and the replaced one is retired.
        """
        kor = village.node(KOR)
        before = {each: states(kor, f"{each}_keys") for each in ALL}
        renews(kor, **{role: True})
        for each in ALL:
            after = states(kor, f"{each}_keys")
            if each != role:
                assert after == before[each]
            else:
                assert {after[key] for key in before[each]} == {KeyState.RETIRED}
                assert len(after) == 2 * len(before[each])

    def test_a_second_renewal_waits_for_the_first(self, village: Village) -> None:
        """
        Two cards of one number would be proof of a fork, so it takes a word; then the first one cannot be installed.
        """
        kor = village.node(KOR)
        first = next_of(kor, item=True)
        with unchanged(kor), pytest.raises(RefusedError, match="prepared and not installed"):
            next_of(kor, item=True)
        second = next_of(kor, item=True, instead=True)
        with unchanged(kor), pytest.raises(MalformedError, match="not those that were drawn here"):
            install_card(kor.folder, first.data, kor.around)
        installs(kor, second)
        assert kor.card.digest == second.digest

    def test_nothing_new_is_refused(self, village: Village) -> None:
        """
        A card that says what the one before says is none that anybody needs.
        """
        kor = village.node(KOR)
        with unchanged(kor), pytest.raises(MalformedError, match="nothing new"):
            next_of(kor)

    def test_addresses_are_others_without_other_keys(self, village: Village) -> None:
        """
        The keys stay, and the file of keys too.
        """
        kor = village.node(KOR)
        before = keys_file(kor)
        renews(kor, addresses=("192.0.2.9:8443",))
        assert kor.card.body.addresses == ("192.0.2.9:8443",)
        assert keys_file(kor) == before

    @pytest.mark.parametrize("key", ["", "00", "0000000000000000", "zz" * 16])
    def test_a_key_that_is_none_cannot_be_revoked(self, village: Village, key: str) -> None:
        """
        Too short, unknown, no number: nothing is drawn.
        """
        kor = village.node(KOR)
        before = keys_file(kor)
        with pytest.raises(MalformedError, match="begins with these"):
            next_of(kor, revoked=(key,))
        assert keys_file(kor) == before

    def test_since_an_instant_to_come_is_refused(self, village: Village) -> None:
        """
        Nobody knows yet from when a key will be stolen.
        """
        kor = village.node(KOR)
        later = kor.around.seconds() + 1
        with pytest.raises(MalformedError, match="to come"):
            next_of(kor, revoked=(item_key(kor),), since=later)

    def test_a_stream_key_is_revoked_without_an_instant(self, village: Village) -> None:
        """
        Of a checkpoint nobody keeps when it came, so "since" would promise too much.
        """
        kor = village.node(KOR)
        with pytest.raises(MalformedError, match="only of an item key"):
            next_of(kor, revoked=stream_keys(kor)[:1], since=0)

    def test_a_fifth_seal_key_within_ninety_days_is_refused(self, village: Village) -> None:
        """
        A receiver tries four; a fifth would let a bag that is on its way go unopened without a word.
        """
        kor = village.node(KOR)
        oldest = seal_key(kor)
        for _ in range(3):
            renews(kor, seal=True)
        with pytest.raises(RefusedError, match="kept still"):
            next_of(kor, seal=True)
        renews(kor, item=True, revoked=(oldest,))
        renews(kor, seal=True)
        assert len(kor.home.signing.openers(kor.around.seconds())) == 4


class TestSign:
    def test_another_root_signs_nothing(self, village: Village) -> None:
        """
        Neither another party's nor another one of the same party.
        """
        kor = village.node(KOR)
        data = prepare_renewal(kor.home, Wanted(item=True), kor.around)
        for party, error in (("JPN", MalformedError), ("KOR", SignatureError)):
            root = RootKey(format="legation/root/v1", party=party, seed=bytes(32))
            with pytest.raises(error):
                vouch_renewal(data, root, kor.around)

    @pytest.mark.parametrize(
        "old", [b'"number":1', b'"item_keys"', b'"state":"retired"', b"legation/renewal/v1"]
    )
    def test_what_was_altered_on_its_way_is_refused(self, village: Village, old: bytes) -> None:
        """
        Everything but the root signs before it leaves the node, so the root signs what the node wrote or nothing.
        """
        kor = village.node(KOR)
        data = prepare_renewal(kor.home, Wanted(item=True), kor.around)
        root = ROOT_KEY.decode((kor.folder / "root.key").read_bytes())
        assert old in data
        new = {b'"state":"retired"': b'"state":"revoked"'}.get(old, old[:-2] + b"2" + old[-1:])
        with pytest.raises((MalformedError, VerificationError)):
            vouch_renewal(data.replace(old, new), root, kor.around)


class TestInstall:
    def test_replaced_private_halves_are_destroyed(self, village: Village) -> None:
        """
        Of items and streams at once, of the seal key after 90 days; what draws items are made from stays.
        """
        kor = village.node(KOR)
        old = OFFICE_KEYS.decode(keys_file(kor))
        renews(kor, **ALL)
        new = OFFICE_KEYS.decode(keys_file(kor))
        assert new.draws == old.draws
        assert (new.next, [each.x25519 for each in new.former]) == (None, [old.seal_x25519])
        for seed in (old.item, old.stream_ed25519, old.stream_mldsa44):
            assert seed not in {new.item, new.stream_ed25519, new.stream_mldsa44}
        kor.clock.move(days=90, seconds=-1)
        kor.reopen()
        assert OFFICE_KEYS.decode(keys_file(kor)).former
        kor.clock.move(seconds=1)
        kor.reopen()
        assert not OFFICE_KEYS.decode(keys_file(kor)).former
        assert old.seal_x25519 not in keys_file(kor)

    def test_a_node_that_serves_for_months_destroys_it_too(self, village: Village) -> None:
        """
        Its keeper does, without a restart.
        """
        kor = village.node(KOR)
        old = OFFICE_KEYS.decode(keys_file(kor))
        renews(kor, seal=True)
        kor.clock.move(days=90, seconds=-1)
        kor.keeper.forget()
        assert [each.x25519 for each in OFFICE_KEYS.decode(keys_file(kor)).former] == [old.seal_x25519]
        kor.clock.move(seconds=1)
        kor.keeper.forget()
        assert OFFICE_KEYS.decode(keys_file(kor)).former == ()

    def test_a_revoked_seal_key_is_destroyed_at_once(self, village: Village) -> None:
        """
        Whoever else has it can read along; nothing is opened with it any more.
        """
        kor = village.node(KOR)
        renews(kor, revoked=(seal_key(kor),))
        assert not OFFICE_KEYS.decode(keys_file(kor)).former

    def test_the_log_says_that_the_card_was_renewed(self, village: Village) -> None:
        """
        By its digest; a new epoch begins, and the check holds the chain against the log.
        """
        kor = village.node(KOR)
        epoch = kor.rows("SELECT number FROM epoch")[0][0]
        card = renews(kor, **ALL)
        assert kor.log()[-1].kind is LogKind.RENEWED
        assert kor.log()[-1].hash == card.digest
        assert kor.rows("SELECT number FROM epoch")[0][0] > epoch
        assert kor.checks().checked["own cards"] == 2
        assert kor.faults() == ()

    def test_nothing_is_installed_while_somebody_serves(self, village: Village) -> None:
        """
        That process has the present keys in memory, and would go on signing with them.
        """
        kor = village.node(KOR)
        card = next_of(kor, **ALL)
        with FolderLock(kor.folder), unchanged(kor), pytest.raises(StoreError, match="in use"):
            install_card(kor.folder, card.data, kor.around)
        kor.reopen()
        assert kor.card.body.number == 0

    def test_a_card_of_another_chain_is_refused(self, village: Village) -> None:
        """
        Another office's, the one that is there already twice, one that skips a number.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        foreign = next_of(jpn, item=True)
        with unchanged(kor), pytest.raises(VerificationError):
            install_card(kor.folder, foreign.data, kor.around)
        first = renews(kor, item=True)
        second = renews(kor, item=True)
        with unchanged(kor):
            install_card(kor.folder, second.data, kor.around)
            with pytest.raises(VerificationError):
                install_card(kor.folder, first.data, kor.around)
        assert (kor.folder / CARD).read_bytes() == second.data

    def test_an_old_card_in_the_folder_is_noticed(self, village: Village) -> None:
        """
        A card that was put back from a backup alone fits neither store nor keys.
        """
        kor = village.node(KOR)
        first = kor.card.data
        renews(kor, addresses=("192.0.2.9:8443",))
        kor.close()
        (kor.folder / CARD).write_bytes(first)
        with pytest.raises(StoreError, match="not that of its store"):
            open_home(kor.folder, kor.around)
        (kor.folder / CARD).write_bytes(kor.card.data)
        kor.open()


class TestLost:
    def test_an_office_without_its_keys_goes_on_by_its_root(self, village: Village) -> None:
        """
        All keys are new; peers that confirm the card get what waits, and what was held before verifies.
        """
        kor, jpn = village.pair(KOR, JPN)
        old = kor.releases(TEXT, to=[JPN])
        jpn.catches_up(kor)
        new = kor.releases(OTHER, to=[JPN])
        kor.close()
        (kor.folder / KEYS).unlink()
        with pytest.raises(OSError, match=KEYS):
            open_home(kor.folder, kor.around)
        data = recover_keys(kor.folder, Wanted(), kor.around)
        root = ROOT_KEY.decode((kor.folder / "root.key").read_bytes())
        card = vouch_renewal(data, root, kor.around)
        with pytest.raises(MalformedError, match="not the current ones"):
            open_home(kor.folder, kor.around)
        install_card(kor.folder, card.data, kor.around)
        kor.open()
        jpn.trusts(card)
        jpn.catches_up(kor)
        assert sorted(jpn.listed()) == sorted([old, new])
        assert kor.states(old) == kor.states(new) == {JPN: "receipted"}
        assert kor.faults() == jpn.faults() == ()

    def test_keys_that_are_there_are_not_drawn_anew(self, village: Village) -> None:
        """
        They would be overwritten.
        """
        kor = village.node(KOR)
        before = keys_file(kor)
        with pytest.raises(RefusedError, match="are there"):
            recover_keys(kor.folder, Wanted(), kor.around)
        assert keys_file(kor) == before


class TestExchange:
    """F14: a key is rotated in flight."""

    def test_both_sides_go_on_with_the_new_card(self, village: Village) -> None:
        """
        What waited in between arrives once; receipts from before hold; the old item verifies, by a retired key.
        """
        kor, jpn = village.pair(KOR, JPN)
        old = kor.releases(TEXT, to=[JPN])
        jpn.catches_up(kor)
        kor.clock.move(minutes=1)
        kept = kor.rows("SELECT data FROM outgoing_receipt")
        renews(kor, **ALL)
        new = kor.releases(OTHER, to=[JPN])
        jpn.catches_up(kor)
        assert sorted(jpn.listed()) == sorted([old, new])
        assert kor.states(old) == kor.states(new) == {JPN: "receipted"}
        assert kor.rows("SELECT data FROM outgoing_receipt WHERE size = 2") == kept
        found = verify_item(
            old, JPN, card=jpn.card, database=jpn.database, blobs=jpn.home.blobs, around=jpn.around
        )
        assert found.key_state == "retired"
        assert kor.faults() == jpn.faults() == ()

    def test_until_it_is_confirmed_both_sides_are_told(self, village: Village) -> None:
        """
        In plain words, in the list of peers; and neither is told so any more once it goes on.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.catches_up(jpn)
        card = renews(kor, stream=True)
        with pytest.raises(LegationError):
            kor.pulls(jpn)
        assert "may have a new card" in jpn.peer(kor).why
        assert (
            kor.peer(jpn).unheard
            == "has accepted nothing since our card 1: it comes with its next pull, push or bag"
        )
        jpn.adds(card)
        assert (jpn.peer(kor).card, jpn.peer(kor).trusted) == (1, 0)
        jpn.confirms(KOR)
        kor.clock.move(minutes=1)
        kor.catches_up(jpn)
        assert kor.peer(jpn).unheard == ""
        assert (jpn.peer(kor).card, jpn.peer(kor).trusted) == (1, 1)

    def test_a_pull_that_is_sealed_to_the_replaced_key_is_opened_for_ninety_days(
        self, village: Village
    ) -> None:
        """
        Then it is refused, with what is to be done: the sender takes the new card and seals anew.
        """
        kor, jpn = village.pair(KOR, JPN)
        pulls = [jpn.asks(kor) for _ in range(2)]
        renews(kor, seal=True)
        kor.clock.move(days=89)
        assert kor.answering.open(pulls[0]).letter.sender == JPN
        kor.clock.move(days=1)
        with pytest.raises(VerificationError) as refused:
            kor.answering.open(pulls[1])
        assert "newest card" in refused.value.hint

    def test_a_checkpoint_that_was_signed_is_not_signed_again(self, village: Village) -> None:
        """
        What was signed before the renewal and never sent goes with the bytes that are there: the key is retired.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(TEXT, to=[JPN])
        with pytest.raises(LegationError, match="lost"):
            jpn.pulls(kor, lost(kor))
        signed = kor.rows("SELECT size, data FROM outgoing_checkpoint")
        jpn.trusts(renews(kor, stream=True))
        jpn.catches_up(kor)
        assert kor.rows("SELECT size, data FROM outgoing_checkpoint WHERE size = 2") == signed
        assert jpn.listed() == [item]
        assert kor.states(item) == {JPN: "receipted"}

    def test_a_checkpoint_of_a_revoked_key_is_signed_anew(self, village: Village) -> None:
        """
        Nobody takes the old one any more; over the same entries the new one is no fork, and the link goes on.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(TEXT, to=[JPN])
        with pytest.raises(LegationError, match="lost"):
            jpn.pulls(kor, lost(kor))
        [(size, old)] = kor.rows("SELECT size, data FROM outgoing_checkpoint")
        jpn.trusts(renews(kor, revoked=stream_keys(kor)))
        jpn.catches_up(kor)
        [(again, new)] = kor.rows("SELECT size, data FROM outgoing_checkpoint WHERE size = 2")
        assert (again, new != old) == (size, True)
        assert jpn.listed() == [item]
        assert kor.states(item) == {JPN: "receipted"}
        assert kor.faults() == jpn.faults() == ()

    def test_a_receipt_on_its_way_counts_although_the_sender_revoked_its_key(self, village: Village) -> None:
        """
        It is held against the sender's own entries: what was receipted stays so.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(TEXT, to=[JPN])
        jpn.pulls(kor)
        jpn.trusts(renews(kor, revoked=stream_keys(kor)))
        jpn.catches_up(kor)
        assert kor.states(item) == {JPN: "receipted"}
        assert kor.faults() == jpn.faults() == ()

    def test_a_link_goes_on_although_the_receiver_revoked_the_key_of_its_receipt(
        self, village: Village
    ) -> None:
        """
        That receipt is not sent any more; the next one covers the same and more.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(TEXT, to=[JPN])
        jpn.pulls(kor)
        kor.trusts(renews(jpn, revoked=stream_keys(jpn)))
        second = kor.releases(OTHER, to=[JPN])
        jpn.catches_up(kor)
        assert kor.states(first) == kor.states(second) == {JPN: "receipted"}
        assert kor.faults() == jpn.faults() == ()


def lost(peer: Node) -> Way:
    """A way on which the answer is made and lost."""

    def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
        list(peer.answers(pieces))
        raise LegationError("lost on its way")

    return way
