# SPDX-License-Identifier: Apache-2.0

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from legation.errors import StoreError
from tests.cli.ends import CANARY
from tests.node.pair import Clock, Node, Village, unchanged
from tests.node.test_pulling import hands_over, item_of

KOR, JPN = "KOR@NATO", "JPN@NATO"


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    Two nodes that have exchanged everything there is: copies short and long, something taken back,
    something set apart, something refused. Their folders are copied, and stay as they are.
    """
    folder = tmp_path_factory.mktemp("lived")
    with Village(folder) as village:
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"(S//REL KOR, JPN) {CANARY} was here.", title=f"(O) {CANARY}", to=[JPN])
        kor.releases(f"(C//REL KOR, JPN) {'long ' * 15_000}", "(O) And short.", to=[JPN])
        jpn.catches_up(kor)
        kor.releases(f"(S//REL KOR, JPN) {CANARY} was there.", "(L//REL KOR, JPN) Noon.", to=[JPN])
        list(kor.answers([jpn.asks(kor)]))
        kor.grants(JPN, "CONFIDENTIAL")
        jpn.catches_up(kor)
        hands_over(kor, item_of(kor, ("(S//REL KOR)", CANARY)))
        hands_over(kor, b"nonsense")
        jpn.catches_up(kor)
        kor.catches_up(jpn)
        jpn.releases(f"(S//REL JPN, KOR) {CANARY} to you.", to=[KOR])
        kor.catches_up(jpn)
        kor.releases(f"(C//REL KOR, JPN) {CANARY} waits.", to=[JPN])
        assert (kor.faults(), jpn.faults()) == ((), ())
    return folder


@pytest.fixture
def opened(lived: Path, tmp_path: Path) -> Iterator["Opened"]:
    """
    Copies of the two nodes.
    """
    found = Opened(lived, tmp_path)
    yield found
    found.close()


class Opened:
    """Copies of nodes, damaged before they are opened."""

    def __init__(self, lived: Path, folder: Path) -> None:
        self._lived, self._folder = lived, folder
        self.node: Node | None = None

    def folder(self, office: str) -> Path:
        """A copy of a node's folder."""
        return Path(shutil.copytree(self._lived / office, self._folder / office))

    def damaged(self, office: str, *statements: str) -> Node:
        """A copy of a node whose store something was done to, behind all its rules."""
        folder = self.folder(office)
        connection = apsw.Connection(str(folder / "node.db"))
        for each in ("PRAGMA foreign_keys = 0", "PRAGMA ignore_check_constraints = 1", *statements):
            connection.execute(each)
        if statements:
            assert connection.changes() > 0, "the damage is one"
        connection.close()
        self.node = Node(folder, Clock(), "checks", {})
        return self.node

    def close(self) -> None:
        """Close what was opened."""
        if self.node is not None:
            self.node.close()


def flipped(table: str, column: str, where: str = "1") -> str:
    """One character of what stands in a column is another."""
    other = f"cast(substr({column}, 1, length({column}) - 9) || 'x' || substr({column}, -8) AS BLOB)"
    return f"UPDATE {table} SET {column} = {other} WHERE {where}"  # noqa: S608 - tables of ours


# Whose store, what is done to it, where it is found, and what is told.
DAMAGES: dict[str, tuple[str, str, str, str]] = {
    "a byte of a view": (
        JPN,
        flipped("view", "data", "data IS NOT NULL AND view_key = 1"),
        "view [0-9a-f]{16}",
        "the bytes are not those that were stored",
    ),
    "a byte of our own item": (
        KOR,
        flipped("view", "data", "source = '' AND view_key = 1"),
        "view [0-9a-f]{16}",
        "the bytes are not those that were stored",
    ),
    "a byte of what is set apart": (
        JPN,
        flipped("view", "data", "state = 'quarantined'"),
        "view [0-9a-f]{16}",
        "the bytes are not those that were stored",
    ),
    "another hash": (
        JPN,
        "UPDATE view SET hash = zeroblob(32) WHERE view_key = 1",
        "view 0{16}",
        "the bytes are not those that were stored",
    ),
    "a missing layer": (
        JPN,
        "DELETE FROM layer WHERE view_key = 1 AND access_id = (SELECT min(access_id) FROM layer WHERE view_key = 1)",
        "view [0-9a-f]{16}",
        "its rows carry other labels than its layers",
    ),
    "a layer too many": (
        JPN,
        "INSERT INTO layer SELECT 1, max(access_id) FROM access",
        "view [0-9a-f]{16}",
        "its rows carry other labels than its layers",
    ),
    "a label that is another": (
        JPN,
        "UPDATE access SET label = cast(replace(label, 'SECRET', 'GEHEIM') AS BLOB)",
        "view [0-9a-f]{16}",
        "its rows carry other labels than its layers",
    ),
    "a label that is none": (
        JPN,
        "UPDATE access SET label = x'00' WHERE access_id = 1",
        "labels",
        "label does not have the form",
    ),
    "a missing view": (JPN, "DELETE FROM view WHERE view_key = 1", "store", "a row of `"),
    "a missing item": (KOR, "DELETE FROM item WHERE is_own = 1", "store", "a row of `"),
    "a missing card": (KOR, "DELETE FROM card", "stream to JPN@NATO, receipt 3", "the card of the other"),
    "an item of another author": (
        JPN,
        "UPDATE item SET office = 'AUS@NATO' WHERE office = 'KOR@NATO'",
        "view [0-9a-f]{16}",
        "its row names another author than it has",
    ),
    "an item of another time": (
        JPN,
        "UPDATE item SET time = time + 1",
        "view [0-9a-f]{16}",
        "it is a view of another item than its row says",
    ),
    "a missing entry": (
        KOR,
        "DELETE FROM outgoing_entry WHERE number = 1",
        "stream to JPN@NATO, entry 2",
        "a number is missing before it",
    ),
    "a missing last entry": (
        KOR,
        "DELETE FROM outgoing_entry WHERE number = (SELECT max(number) FROM outgoing_entry)",
        "stream to JPN@NATO",
        "its entries lead to another root than its own",
    ),
    "a payload that is another": (
        KOR,
        flipped("outgoing_entry", "payload", "number = 1"),
        "stream to JPN@NATO, entry 1",
        "its payload is not the one that was numbered",
    ),
    "a header that is another": (
        KOR,
        "UPDATE outgoing_entry SET payload_size_bytes = payload_size_bytes + 1 WHERE number = 1",
        "stream to JPN@NATO, entry 1",
        "it leads to another root than was stored",
    ),
    "another root": (
        KOR,
        "UPDATE outgoing_entry SET root = zeroblob(32) WHERE number = 2",
        "stream to JPN@NATO, entry 2",
        "it leads to another root than was stored",
    ),
    "a frontier that is another": (
        KOR,
        "UPDATE outgoing SET frontier = (SELECT frontier FROM log_state)",
        "stream to JPN@NATO",
        "its entries lead to another root than its own",
    ),
    "a checkpoint that is another": (
        KOR,
        flipped("outgoing_checkpoint", "data", "size = 3"),
        "stream to JPN@NATO, checkpoint 3",
        "",
    ),
    "a checkpoint of another size": (
        KOR,
        "UPDATE outgoing_checkpoint SET size = 2 WHERE size = 3",
        "stream to JPN@NATO, checkpoint 2",
        "it is over other entries than are here",
    ),
    "a receipt that came and is another": (
        KOR,
        flipped("outgoing_receipt", "data"),
        "stream to JPN@NATO, receipt 3",
        "",
    ),
    "a receipt that is missing": (
        KOR,
        "DELETE FROM outgoing_receipt WHERE size = (SELECT max(size) FROM outgoing_receipt)",
        "stream to JPN@NATO",
        "its newest receipt is another one than it says",
    ),
    "a receipt that we gave and is another": (
        JPN,
        flipped("incoming_receipt", "data"),
        "stream from KOR@NATO, receipt 3",
        "",
    ),
    "a receipt that we gave and is missing": (
        JPN,
        "DELETE FROM incoming_receipt WHERE size = (SELECT max(size) FROM incoming_receipt)",
        "stream from KOR@NATO",
        "its newest receipt is another one than it says",
    ),
    "a draft without its words": (
        KOR,
        "DELETE FROM draft_piece WHERE piece_key = 1",
        "release of [0-9a-f]{16}",
        "its draft is missing",
    ),
    "an entry that came and is missing": (
        JPN,
        "DELETE FROM incoming_entry WHERE number = 1",
        "stream from KOR@NATO, entry 2",
        "a number is missing before it",
    ),
    "a leaf that is another": (
        JPN,
        "UPDATE incoming_entry SET leaf = zeroblob(32) WHERE number = 1",
        "stream from KOR@NATO, entry 1",
        "its row says something else than its leaf",
    ),
    "an entry that came and is of another kind": (
        JPN,
        "UPDATE incoming_entry SET payload_hash = zeroblob(32) WHERE number = 0",
        "stream from KOR@NATO, entry 0",
        "its row says something else than its leaf",
    ),
    "a slip that is another": (
        JPN,
        "UPDATE incoming_entry SET slip = cast(replace(slip, 'JPN', 'AUS') AS BLOB) WHERE number = 1",
        "stream from KOR@NATO, entry 1",
        "its payload is not the one that came",
    ),
    "an inbox row that is missing": (
        JPN,
        "DELETE FROM inbox WHERE view_key = 1",
        "inbox",
        "a row is missing",
    ),
    "an inbox title that is another": (
        JPN,
        "UPDATE inbox_layer SET title = 'x' WHERE title IS NOT NULL",
        "inbox",
        "a row is not what its view says",
    ),
    "an inbox title under another label": (
        JPN,
        "UPDATE inbox_layer SET access_id = (SELECT max(access_id) FROM access) WHERE title IS NOT NULL",
        "inbox",
        "a row is not what its view says",
    ),
    "a log entry that is another": (
        KOR,
        "UPDATE log_entry SET time = time + 1 WHERE number = 1",
        "log",
        "its entries lead to another root than its own",
    ),
    "a log entry that is missing": (
        KOR,
        "DELETE FROM log_entry WHERE number = 1",
        "log",
        "a number is missing in it",
    ),
    "a label approved that nobody saw": (
        KOR,
        "INSERT INTO delivery_label SELECT 1, max(access_id), 'JPN@NATO', 0 FROM access",
        "release of [0-9a-f]{16}",
        "",
    ),
    "a label approved that is missing": (
        KOR,
        "DELETE FROM delivery_label WHERE delivery_id = 1",
        "release of [0-9a-f]{16}",
        "what is approved is not what was seen",
    ),
    "a delivery to somebody else": (
        KOR,
        "UPDATE delivery SET office = 'AUS@NATO' WHERE delivery_id = 1",
        "release of [0-9a-f]{16}",
        "a delivery to AUS@NATO is not what was approved",
    ),
    "a preview that nobody saw": (
        KOR,
        "UPDATE released SET preview_digest = zeroblob(32) WHERE release_id = 1",
        "release of [0-9a-f]{16}",
        "it is not in the log",
    ),
    "a draft that is another": (
        KOR,
        "UPDATE draft_piece SET data = cast(replace(data, 'report', 'record') AS BLOB) WHERE piece_key = 1",
        "draft [0-9a-f]{16}",
        "it is another one than was kept",
    ),
    "a draft that is none": (
        KOR,
        "UPDATE draft_piece SET data = x'00' WHERE piece_key = 1",
        "draft [0-9a-f]{16}",
        "draft does not have the form it must have",
    ),
    "a grant that was never given": (
        KOR,
        "UPDATE granted SET clearance = cast(replace(clearance, 'CONFIDENTIAL', 'SECRET') AS BLOB)",
        "grant to JPN@NATO under [0-9.]+",
        "it is not in the log",
    ),
    "a grant that is none": (
        KOR,
        "UPDATE granted SET clearance = x'00'",
        "clearances",
        "clearance does not have the form it must have",
    ),
    "a card that is another": (
        KOR,
        flipped("card", "data"),
        "card 0 of JPN@NATO",
        "",
    ),
    "a card of another office": (
        KOR,
        "UPDATE card SET number = 1",
        "card 1 of JPN@NATO",
        "it is another one than its row says",
    ),
    "a policy that is another": (
        KOR,
        "UPDATE policy SET spif = cast(replace(spif, 'Legation', 'Legatiox') AS BLOB) WHERE name = 'EXERCISE'",
        "policy [0-9.]+ version 1",
        "its file is another one than its row says",
    ),
    "a policy that is none": (
        KOR,
        "UPDATE policy SET spif = x'00' WHERE name = 'EXERCISE'",
        "policy [0-9.]+ version 1",
        "",
    ),
}


@pytest.mark.parametrize(("office", "statement", "where", "what"), DAMAGES.values(), ids=DAMAGES.keys())
def test_finds_a_damage_and_says_where(
    opened: Opened, office: str, statement: str, where: str, what: str
) -> None:
    """
    Whatever is altered behind the program's back is found, with where it is, and without content.
    """
    node = opened.damaged(office, statement)
    with unchanged(node):
        faults = node.faults()
    told = [(each.where, each.what) for each in faults]
    assert any(re.fullmatch(where, each) and said.startswith(what) for each, said in told), told
    assert CANARY not in repr(told)


@pytest.mark.parametrize("office", [KOR, JPN])
def test_finds_nothing_where_everything_holds(opened: Opened, office: str) -> None:
    """
    After a life with everything in it everything holds, and each kind of thing was looked at.
    """
    node = opened.damaged(office)
    assert node.faults() == ()


@pytest.mark.parametrize("office", [KOR, JPN])
@pytest.mark.parametrize("damage", ["altered", "missing", "longer"])
def test_finds_a_damaged_blob(opened: Opened, office: str, damage: str) -> None:
    """
    What is too long for a row is looked at too.
    """
    node = opened.damaged(office)
    for blob in (node.folder / "blobs").rglob("*.blob"):
        if damage == "missing":
            blob.unlink()
        else:
            blob.write_bytes(blob.read_bytes()[:-1] + {"altered": b"x", "longer": b"}}"}[damage])
    told = {each.where for each in node.faults()}
    assert any(where.startswith("view ") for where in told)
    if office == KOR:
        assert "stream to JPN@NATO, entry 2" in told


@pytest.mark.parametrize("page", range(1, 20, 3))
def test_finds_a_page_that_was_torn(opened: Opened, page: int) -> None:
    """
    A page of the store with other bytes is told, by the check or already when the store is opened.
    """
    folder = opened.folder(KOR)
    with (folder / "node.db").open("r+b") as file:
        file.seek(8192 * page)
        file.write(b"\xff" * 8192)
    try:
        node = opened.node = Node(folder, Clock(), "checks", {})
    except StoreError:
        return
    assert node.faults()


def test_what_cannot_be_judged_is_said(opened: Opened) -> None:
    """
    Without a policy that can be read not everything can be looked at; that is a fault of its own.
    """
    node = opened.damaged(KOR, "UPDATE policy SET spif = x'00' WHERE name = 'EXERCISE'")
    assert node.faults()[-1].what == "not everything could be looked at"
