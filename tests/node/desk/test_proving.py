# SPDX-License-Identifier: Apache-2.0

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from legation.errors import MalformedError, RefusedError, StoreError
from legation.exchange import EntryHeader
from legation.keys.sign import Purpose, Signer
from legation.log import LogKind, StreamSigners, read_proof
from legation.merkle import Hash, inclusion_proof, root, verify_consistency
from legation.node.desk.proving import (
    ProvenReceipt,
    prove_log_entry,
    prove_log_growth,
    prove_receipt,
    sign_log,
)
from legation.sdk import SignedReceipt, verify_checkpoint, verify_payload, verify_proof
from legation.store.sqlite import outgoing
from tests.node.pair import Node, Village, unchanged

KOR, JPN = "KOR@NATO", "JPN@NATO"
TEXT = "(C//REL KOR, JPN) The seating was changed."


def proves(node: Node, item: str, office: str = JPN, *, with_payload: bool = False) -> ProvenReceipt:
    """Prove that an office has receipted an item."""
    return prove_receipt(
        item,
        office,
        with_payload=with_payload,
        card=node.card,
        database=node.database,
        blobs=node.home.blobs,
        around=node.around,
    )


def signs(node: Node) -> bytes:
    """Sign the own log."""
    return sign_log(card=node.card, signing=node.home.signing, database=node.database)


def proves_entry(node: Node, number: int) -> bytes:
    """Prove an entry of the own log."""
    return prove_log_entry(number, card=node.card, signing=node.home.signing, database=node.database)


def proves_growth(node: Node, old_size: int) -> tuple[bytes, list[Hash]]:
    """Prove that the own log has only grown."""
    return prove_log_growth(old_size, card=node.card, signing=node.home.signing, database=node.database)


class Watched:
    """
    Signs as another signer does, and tells before it does.
    """

    def __init__(self, signer: Signer, told: Callable[[], None]) -> None:
        self.public_key = signer.public_key
        self._signer, self._told = signer, told

    def sign(self, purpose: Purpose, message: bytes) -> bytes:
        """
        Tell, and sign.
        """
        self._told()
        return self._signer.sign(purpose, message)


def headers(node: Node) -> list[EntryHeader]:
    """All that was numbered for JPN@NATO."""
    with node.database.read() as db:
        stream = outgoing.stream(db, JPN)
        assert stream is not None
        return [
            outgoing.header(db, stream.stream_id, each)[0] for each in outgoing.numbers(db, stream.stream_id)
        ]


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """
    A stream of forty entries in two receipts, the second over all of them.
    """
    with Village(tmp_path_factory.mktemp("long")) as village:
        kor, jpn = village.pair(KOR, JPN)
        items = [kor.releases(f"{TEXT} {each}", to=[JPN]) for each in range(21)]
        jpn.catches_up(kor)
        kor.clock.move(days=1)
        jpn.clock.move(days=1)
        items += [kor.releases(f"{TEXT} {each}", to=[JPN]) for each in range(21, 39)]
        jpn.catches_up(kor)
        yield kor, jpn, items


class TestReceipts:
    def test_prove_every_copy_that_was_receipted(self, long: tuple[Node, Node, list[str]]) -> None:
        """
        Each file verifies by the two cards, and by the first receipt that covers its copy.
        """
        kor, jpn, items = long
        leaves = [each.leaf for each in headers(kor)]
        assert len(leaves) == 40
        times = set[tuple[int, int]]()
        for place, item in enumerate(items, start=1):
            found = proves(kor, item, with_payload=True)
            told = verify_proof(found.proof, [kor.card, jpn.card], payload=found.payload)
            assert isinstance(told.note, SignedReceipt)
            assert told.view is not None
            assert (told.number, told.view.item_id.hex(), found.holder) == (place, item, jpn.card)
            size = told.note.checkpoint.size
            assert list(read_proof(found.proof).hashes) == inclusion_proof(leaves[:size], place)
            times.add((size, told.note.time))
        (first, then), (second, later) = sorted(times)
        assert (first, second, later - then) == (22, 40, 86_400)

    def test_need_no_more_than_was_asked_for(self, long: tuple[Node, Node, list[str]]) -> None:
        """
        Without the payload there is none, and to prove changes nothing.
        """
        kor, _, items = long
        with unchanged(kor):
            assert proves(kor, items[3]).payload is None
            assert proves(kor, items[3], with_payload=True).payload is not None

    @pytest.mark.parametrize("text", ["", "nonsense", "KOR@NATO 2026-0000-0000", "00" * 32])
    def test_of_what_is_not_there_there_are_none(self, long: tuple[Node, Node, list[str]], text: str) -> None:
        """
        No item of such a name, and none that went to such an office.
        """
        kor, _, items = long
        with unchanged(kor):
            with pytest.raises(MalformedError, match="no item"):
                proves(kor, text)
            with pytest.raises(MalformedError, match="not released to `AUS@NATO`"):
                proves(kor, items[0], "AUS@NATO")
            with pytest.raises(MalformedError):
                proves(kor, items[0], "no office")

    def test_come_after_the_receipt(self, village: Village) -> None:
        """
        What waits, and what is on its way, is not receipted, and it is said so.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(TEXT, to=[JPN])
        for _ in range(2):
            with unchanged(kor), pytest.raises(RefusedError, match="no receipt of `JPN@NATO`"):
                proves(kor, item)
            jpn.pulls(kor)
        assert verify_proof(proves(kor, item).proof, [kor.card, jpn.card]).number == 1

    def test_are_not_for_what_was_taken_back_before(self, village: Village) -> None:
        """
        A receipt covers what is void too: that it lies below one proves nothing then.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases("(S//REL KOR, JPN) The envoy.", to=[JPN])
        list(kor.answers([jpn.asks(kor)]))
        kor.grants(JPN, "CONFIDENTIAL")
        jpn.catches_up(kor)
        assert kor.states(item) == {JPN: "withheld"}
        assert kor.rows("SELECT receipt_size > 1 FROM outgoing") == [(1,)]
        with pytest.raises(RefusedError, match="no receipt"):
            proves(kor, item)

    def test_of_a_cut_that_was_made_again_are_for_what_was_handed_over(self, village: Village) -> None:
        """
        The entry that was taken back stays out of it.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases("(S//REL KOR, JPN) The envoy.", "(O) Noon.", to=[JPN])
        list(kor.answers([jpn.asks(kor)]))
        kor.grants(JPN, "CONFIDENTIAL")
        jpn.catches_up(kor)
        found = proves(kor, item, with_payload=True)
        told = verify_proof(found.proof, [kor.card, jpn.card], payload=found.payload)
        assert told.view is not None
        assert [each.portion for each in told.view.shown()] == [
            each.portion for each in verify_payload(found.payload or b"", [kor.card])[1].shown()
        ]
        assert len(told.view.portions) == 1
        assert told.number == 3

    def test_stay_when_the_peer_lost_what_it_had(self, village: Village) -> None:
        """
        What was taken back after its receipt is not kept, but that it was receipted stays proven.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(TEXT, to=[JPN])
        jpn.catches_up(kor)
        kor.runs("UPDATE outgoing_entry SET is_taken_back = 1, payload = NULL WHERE number = 1")
        assert verify_proof(proves(kor, item).proof, [kor.card, jpn.card]).number == 1
        with pytest.raises(RefusedError, match="not kept any more"):
            proves(kor, item, with_payload=True)

    def test_are_not_given_for_what_the_mission_may_not_see(self, village: Village) -> None:
        """
        An item of which the mission's people may see nothing is not there; a copy that shows more is kept.
        """
        kor, jpn = village.pair(KOR, JPN)
        secret = kor.releases("(S//REL KOR, JPN) The envoy.", to=[JPN])
        both = kor.releases("(S//REL KOR, JPN) The envoy.", "(L//REL KOR, JPN) Noon.", to=[JPN])
        jpn.catches_up(kor)
        kor.runs(
            "UPDATE mission_clearance SET clearance = cast(replace(clearance, '\"SECRET\"', '\"OTHER\"') AS BLOB)"
        )
        with pytest.raises(MalformedError, match="no item"):
            proves(kor, secret)
        assert verify_proof(proves(kor, both).proof, [kor.card, jpn.card]).number == 2
        with pytest.raises(RefusedError, match="may not see"):
            proves(kor, both, with_payload=True)

    def test_of_long_copies_are_whole(self, village: Village) -> None:
        """
        What is a blob is read as one.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"(C//REL KOR, JPN) {'long ' * 15_000}", to=[JPN])
        jpn.catches_up(kor)
        found = proves(kor, item, with_payload=True)
        assert found.payload is not None
        assert len(found.payload) > 65_536
        assert verify_proof(found.proof, [kor.card, jpn.card], payload=found.payload).view is not None

    @pytest.mark.parametrize(
        "damage",
        [
            "UPDATE outgoing_subtree SET root = zeroblob(32)",
            "DELETE FROM outgoing_subtree",
            "UPDATE outgoing_entry SET payload_hash = zeroblob(32) WHERE number = 33",
            "UPDATE outgoing_entry SET root = zeroblob(32)",
        ],
    )
    def test_that_do_not_hold_are_not_given_out(self, village: Village, damage: str) -> None:
        """
        Where the store is damaged it is told, and no false proof leaves.
        """
        kor, jpn = village.pair(KOR, JPN)
        items = [kor.releases(f"{TEXT} {each}", to=[JPN]) for each in range(34)]
        jpn.catches_up(kor)
        kor.runs(damage)
        with pytest.raises(StoreError):
            proves(kor, items[20])


class TestLog:
    def test_is_signed_once_for_a_size(self, village: Village) -> None:
        """
        The same bytes each time, until the log grows; the root is that of its entries.
        """
        kor, _ = village.pair(KOR, JPN)
        first = signs(kor)
        with unchanged(kor):
            assert signs(kor) == first
        kor.releases(TEXT, to=[JPN])
        second = signs(kor)
        sizes = [verify_checkpoint(each, kor.card).checkpoint.size for each in (first, second)]
        assert sizes == [len(kor.log()) - 2, len(kor.log())]
        assert kor.rows("SELECT size, data FROM log_checkpoint ORDER BY size") == [
            (sizes[0], first),
            (sizes[1], second),
        ]
        kor.reopen()
        assert signs(kor) == second
        assert kor.faults() == ()

    def test_of_a_size_that_was_signed_is_not_signed_again(self, village: Village) -> None:
        """
        Randomised signatures are made once; another process that was quicker made the ones that count.
        """
        kor, _ = village.pair(KOR, JPN)
        signing = kor.home.signing
        asked: list[bytes] = []
        overtaken = Watched(signing.stream.ed25519, lambda: asked.append(signs(kor)))
        stream = StreamSigners(ed25519=overtaken, mldsa44=signing.stream.mldsa44)
        for _ in range(2):
            found = sign_log(card=kor.card, signing=replace(signing, stream=stream), database=kor.database)
            assert asked == [found]
        assert kor.rows("SELECT data FROM log_checkpoint") == [(asked[0],)]

    def test_proves_each_of_its_entries(self, long: tuple[Node, Node, list[str]]) -> None:
        """
        And what they say is what was done.
        """
        kor, _, items = long
        entries = kor.log()
        assert len(entries) > 80
        for number, entry in enumerate(entries):
            found = verify_proof(proves_entry(kor, number), [kor.card])
            assert (found.number, found.entry) == (number, entry)
        released = [each.hash.hex() for each in entries if each.kind is LogKind.RELEASED]
        assert released == items

    @pytest.mark.parametrize("number", [-1, 1_000_000, 2**60])
    def test_has_no_entry_outside(self, long: tuple[Node, Node, list[str]], number: int) -> None:
        """
        Below 0 and above the last.
        """
        with pytest.raises(MalformedError, match="the log has entries 0 to"):
            proves_entry(long[0], number)

    def test_proves_that_it_only_grew(self, long: tuple[Node, Node, list[str]]) -> None:
        """
        Whoever has an old checkpoint sees that the new one continues it.
        """
        kor, _, _ = long
        leaves = [each.leaf for each in kor.log()]
        new = verify_checkpoint(signs(kor), kor.card).checkpoint

        for old in range(1, new.size + 1):
            note, hashes = proves_growth(kor, old)
            assert note == signs(kor)
            verify_consistency(
                old_size=old,
                old_root=root(leaves[:old]),
                new_size=new.size,
                new_root=new.root,
                proof=hashes,
            )
        for old in (-1, 0, new.size + 1, 2**60):
            with pytest.raises(MalformedError, match="sizes from 1 to"):
                proves_growth(kor, old)

    @pytest.mark.parametrize(
        "damage",
        [
            "UPDATE log_subtree SET root = zeroblob(32)",
            "DELETE FROM log_subtree",
            "UPDATE log_entry SET time = time + 1",
            "DELETE FROM log_entry WHERE number IN (3, 17)",
        ],
    )
    def test_gives_out_no_proof_that_does_not_hold(self, village: Village, damage: str) -> None:
        """
        Where the store is damaged it is told.
        """
        kor, _ = village.pair(KOR, JPN)
        for each in range(10):
            kor.releases(f"{TEXT} {each}", to=[JPN])
        proves_entry(kor, 20)
        kor.runs(damage)
        with pytest.raises(StoreError):
            proves_entry(kor, 20)
        with pytest.raises(StoreError):
            proves_growth(kor, 19)


# What is done behind the program's back, where it is found, and what is told.
DAMAGES: dict[str, tuple[str, str, str]] = {
    "a hash of a stream is another": (
        "UPDATE outgoing_subtree SET root = zeroblob(32) WHERE height = 5",
        "stream to JPN@NATO, entry 31",
        "a hash that is kept for proofs is not what the entries make",
    ),
    "a hash of a stream is missing": (
        "DELETE FROM outgoing_subtree WHERE height = 4 AND place = 0",
        "stream to JPN@NATO, entry 15",
        "a hash that is kept for proofs is not what the entries make",
    ),
    "a hash of a stream is too many": (
        "INSERT INTO outgoing_subtree SELECT stream_id, 9, 0, zeroblob(32) FROM outgoing WHERE office = 'JPN@NATO'",
        "stream to JPN@NATO",
        "it keeps more or fewer hashes than its entries make",
    ),
    "a hash of the log is another": (
        "UPDATE log_subtree SET root = zeroblob(32) WHERE height = 6",
        "log, entries from 0",
        "a hash that is kept for proofs is not what the entries make",
    ),
    "a hash of the log is missing": (
        "DELETE FROM log_subtree WHERE height = 4 AND place = 2",
        "log, entries from 0",
        "a hash that is kept for proofs is not what the entries make",
    ),
    "a hash of the log is too many": (
        "INSERT INTO log_subtree VALUES (9, 0, zeroblob(32))",
        "log",
        "it keeps more or fewer hashes than its entries make",
    ),
    "a checkpoint of the log is none": (
        "UPDATE log_checkpoint SET data = x'00'",
        r"log, checkpoint \d+",
        "",
    ),
    "a checkpoint of the log is over fewer entries": (
        "UPDATE log_checkpoint SET size = size - 1",
        r"log, checkpoint \d+",
        "it is over other entries than are here",
    ),
    "a checkpoint of the log is over more entries": (
        "UPDATE log_checkpoint SET size = size + 1000",
        r"log, checkpoint \d+",
        "it is over more entries than there are",
    ),
}


@pytest.mark.parametrize(("statement", "where", "what"), DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damage_is_found(long: tuple[Node, Node, list[str]], statement: str, where: str, what: str) -> None:
    """
    The check of the node looks at all that proofs are made of.
    """
    kor, _, _ = long
    signs(kor)
    assert kor.faults() == ()

    found = damaged(kor, statement)
    assert any(re.fullmatch(where, each) and said.startswith(what) for each, said in found), found
    assert kor.faults() == ()


def damaged(node: Node, statement: str) -> list[tuple[str, str]]:
    """What a check finds after a damage, which is undone in the end."""
    tables = ("outgoing_subtree", "log_subtree", "log_checkpoint")
    kept = {table: node.rows(f"SELECT * FROM {table}") for table in tables}  # noqa: S608 - tables of ours
    node.runs(statement)
    try:
        return [(each.where, each.what) for each in node.faults()]
    finally:
        for table, rows in kept.items():
            node.runs(f"DELETE FROM {table}")  # noqa: S608 - a table of ours
            for row in rows:
                marks = ", ".join("?" * len(row))
                node.runs(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608 - a table of ours
