# SPDX-License-Identifier: Apache-2.0
"""
What can be done to a node behind its program's back, and what its check must say of it.

``live`` makes two nodes that have exchanged everything there is; their folders are copied, damaged and opened.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import apsw
from msgspec.structs import replace as changed

from legation.item.attachment import CHUNK_SIZE_BYTES
from tests.cli.ends import CANARY
from tests.node.on_paper import knows_on_paper, prints, says
from tests.node.pair import Clock, Node, Village
from tests.node.streams.test_answering import position
from tests.node.streams.test_pulling import hands_over, item_of

AUS, KOR, JPN, NATO = "AUS@NATO", "KOR@NATO", "JPN@NATO", "NATO"
SECRET = "(S//REL KOR, JPN)"


def live(folder: Path) -> None:
    """
    Let two nodes exchange copies short and long, something taken back, something set apart, something refused, a new
    version, a withdrawal, an attachment, enough for hashes of subtrees; and let one freeze its link to a third.
    """
    with Village(folder) as village:
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} {CANARY} was here.", title=f"(O) {CANARY}", to=[JPN])
        kor.releases(f"(C//REL KOR, JPN) {'long ' * 15_000}", "(O) And short.", to=[JPN])
        jpn.catches_up(kor)
        kor.releases(f"{SECRET} {CANARY} was there.", "(L//REL KOR, JPN) Noon.", to=[JPN])
        list(kor.answers([jpn.asks(kor)]))
        kor.grants(JPN, "CONFIDENTIAL")
        jpn.catches_up(kor)
        hands_over(kor, item_of(kor, ("(S//REL KOR)", CANARY)))
        hands_over(kor, b"nonsense")
        jpn.catches_up(kor)
        kor.catches_up(jpn)
        jpn.releases(f"(S//REL JPN, KOR) {CANARY} to you.", to=[KOR])
        kor.catches_up(jpn)
        kor.grants(JPN, "SECRET", not_after=kor.clock.at.replace(year=kor.clock.at.year + 1))
        _and_more(kor, jpn)
        _print(kor)
        kor.releases(f"(C//REL KOR, JPN) {CANARY} waits.", to=[JPN])
        _freeze(village, kor)
        assert (kor.faults(), jpn.faults()) == ((), ())


def _and_more(kor: Node, jpn: Node) -> None:
    first = kor.releases(f"{SECRET} {CANARY} at nine.", "(O) The rest.", to=[JPN])
    jpn.catches_up(kor)
    kor.corrects(first, f"{SECRET} {CANARY} at ten.", "(O) The rest.", to=[JPN])
    kor.withdraws(kor.releases("(C//REL KOR, JPN) Never mind.", to=[JPN]))
    text = f"kind: report\npolicy: EXERCISE\naction: {JPN}\n\n{SECRET} Attached.\n\n{SECRET} {{attachment: Plan.pdf}}\n"
    kor.lets_go(kor.writes_text(text, files={"Plan.pdf": bytes(CHUNK_SIZE_BYTES + 7)}))
    for number in range(16):
        kor.releases(f"(C//REL KOR, JPN) Number {number}.", to=[JPN])
    jpn.catches_up(kor)
    kor.catches_up(jpn)
    kor.releases(f"{SECRET} {CANARY} by courier.", to=[JPN])
    jpn.unpacks(*kor.packs(jpn))
    kor.unpacks(*jpn.packs(kor))


def _print(kor: Node) -> None:
    """Paper for an office without a node: a copy destroyed, one handed over, one withdrawn, one nobody speaks of."""
    knows_on_paper(kor, NATO)
    for what in ("handed over", "withdrawn", "printed"):
        item = kor.releases(f"(S//REL KOR, NATO) {CANARY} {what}.", "(O) The rest.", to=[NATO])
        prints(kor, item, NATO)
        if what == "handed over":
            says(kor, item, NATO)
            prints(kor, item, NATO)
            says(kor, item, NATO, to="their registry")
        elif what == "withdrawn":
            kor.withdraws(item)


def _freeze(village: Village, kor: Node) -> None:
    """A third office shows another history than was sent to it."""
    aus = village.node(AUS)
    village.joins(kor, aus)
    kor.releases("(C//REL KOR, AUS) To you.", to=[AUS])
    aus.pulls(kor)
    assert (
        kor.hears(aus.asks_with(kor, position=changed(position(kor, 1, AUS), root=bytes(32)))).entries == ()
    )
    assert kor.peer(AUS).link == "frozen"


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
        damage(folder, *statements)
        return self.opens(folder)

    def opens(self, folder: Path) -> Node:
        """A node in a folder that was damaged."""
        self.node = Node(folder, Clock(), "checks", {})
        return self.node

    def close(self) -> None:
        """Close what was opened."""
        if self.node is not None:
            self.node.close()


def damage(folder: Path, *statements: str) -> None:
    """Do something to the store of a node that is closed, behind all its rules."""
    connection = apsw.Connection(str(folder / "node.db"))
    for each in ("PRAGMA foreign_keys = 0", "PRAGMA ignore_check_constraints = 1", *statements):
        connection.execute(each)
    if statements:
        assert connection.changes() > 0, "the damage is one"
    connection.close()


@dataclass(frozen=True)
class Damage:
    """Whose store, what is done to it, where it is found, and how what is told begins."""

    office: str
    statement: str
    where: str
    what: str


def flipped(table: str, column: str, where: str = "1") -> str:
    """One character of what stands in a column is another."""
    other = f"cast(substr({column}, 1, length({column}) - 9) || 'x' || substr({column}, -8) AS BLOB)"
    return f"UPDATE {table} SET {column} = {other} WHERE {where}"  # noqa: S608 - tables of ours


# What was signed, numbered, logged or decided: it cannot be made again.
TRUTH: dict[str, Damage] = {
    "a bag of another binding": Damage(
        KOR, "UPDATE packed_bag SET binding = zeroblob(32)", "bag 1 for JPN@NATO", "it is not in the log"
    ),
    "a bag that is forgotten": Damage(
        KOR, "DELETE FROM packed_bag", "log", "what 1 of its entries of kind packed stand for is missing"
    ),
    "a bag of another number": Damage(
        KOR, "UPDATE packed_bag SET number = 2", "bag 2 for JPN@NATO", "a number is missing before it"
    ),
    "a bag of more than there is": Damage(
        KOR,
        "UPDATE packed_bag SET stop = stop + 1",
        "bag 1 for JPN@NATO",
        "it is of entries that there are not",
    ),
    "a bag that brought more than is here": Damage(
        JPN,
        "UPDATE opened_bag SET stop = stop + 1",
        "bag 1 of KOR@NATO",
        "it brought entries that are not here",
    ),
    "a copy on paper of another cut": Damage(
        KOR,
        "UPDATE printed SET cut = zeroblob(32)",
        "copy 1 of .* for NATO",
        "what was printed cannot be made again",
    ),
    "a copy on paper that shows less": Damage(
        KOR,
        "DELETE FROM printed_layer WHERE access_id = (SELECT max(access_id) FROM printed_layer)",
        "copy 2 of .* for NATO",
        "what was printed cannot be made again",
    ),
    "a copy on paper that nobody approved": Damage(
        KOR,
        "INSERT INTO printed_layer SELECT delivery_id, (SELECT min(access_id) FROM access WHERE access_id NOT IN "
        "(SELECT access_id FROM printed_layer)) FROM printed",
        "copy 1 of .* for NATO",
        "it shows something else than was approved",
    ),
    "a copy on paper without a number": Damage(
        KOR,
        "UPDATE delivery SET copy_number = NULL WHERE copy_number = 2",
        "copies on paper",
        "one is of no delivery",
    ),
    "a copy on paper that is missing": Damage(
        KOR,
        "DELETE FROM printed WHERE handed_to IS NOT NULL",
        "copies on paper|store",
        "one is of no delivery|a row of `",
    ),
    "a copy on paper that was handed to somebody else": Damage(
        KOR,
        "UPDATE printed SET handed_to = 'x' WHERE handed_to IS NOT NULL",
        "copy 2 of .* for NATO",
        "it is not in the log",
    ),
    "a copy on paper that nobody speaks of, and is theirs": Damage(
        KOR,
        "UPDATE delivery SET state = 'receipted', because = 'handed-over' WHERE state = 'printed'",
        "copy 1 of .* for NATO",
        "it does not stand where persons say",
    ),
    "a copy on paper that was printed by somebody else": Damage(
        KOR, "UPDATE printed SET printed_by = 'x'", "copy 1 of .* for NATO", "it is not in the log"
    ),
    "a copy on paper that was destroyed by somebody else": Damage(
        KOR,
        "UPDATE printed SET destroyed_by = 'x' WHERE destroyed_by IS NOT NULL",
        "copy 1 of .* for NATO",
        "it is not in the log",
    ),
    "a byte of a view": Damage(
        JPN,
        flipped("view", "data", "data IS NOT NULL AND view_key = 1"),
        "view [0-9a-f]{16}",
        "the bytes are not those that were stored",
    ),
    "a byte of our own item": Damage(
        KOR,
        flipped("view", "data", "source = '' AND view_key = 1"),
        "view [0-9a-f]{16}",
        "the bytes are not those that were stored",
    ),
    "a byte of what is set apart": Damage(
        JPN,
        flipped("view", "data", "state = 'quarantined'"),
        "view [0-9a-f]{16}",
        "the bytes are not those that were stored",
    ),
    "another hash": Damage(
        JPN,
        "UPDATE view SET hash = zeroblob(32) WHERE view_key = 1",
        "view 0{16}",
        "the bytes are not those that were stored",
    ),
    "a label that is none": Damage(
        JPN,
        "UPDATE access SET label = x'00' WHERE access_id = 1",
        "labels",
        "label does not have the form",
    ),
    "a missing view": Damage(JPN, "DELETE FROM view WHERE view_key = 1", "store", "a row of `"),
    "a missing item": Damage(KOR, "DELETE FROM item WHERE is_own = 1", "store", "a row of `"),
    "a missing card": Damage(
        KOR, "DELETE FROM card", "stream to JPN@NATO, receipt 3", "the card of the other"
    ),
    "a missing entry": Damage(
        KOR,
        "DELETE FROM outgoing_entry WHERE number = 1",
        "stream to JPN@NATO, entry 2",
        "a number is missing before it",
    ),
    "a missing last entry": Damage(
        KOR,
        "DELETE FROM outgoing_entry WHERE number = (SELECT max(number) FROM outgoing_entry)",
        "stream to JPN@NATO",
        "its entries lead to another root than its own",
    ),
    "a payload that is another": Damage(
        KOR,
        flipped("outgoing_entry", "payload", "number = 1"),
        "stream to JPN@NATO, entry 1",
        "its payload is not the one that was numbered",
    ),
    "a header that is another": Damage(
        KOR,
        "UPDATE outgoing_entry SET payload_size_bytes = payload_size_bytes + 1 WHERE number = 1",
        "stream to JPN@NATO, entry 1",
        "it leads to another root than was stored",
    ),
    "a checkpoint that is another": Damage(
        KOR,
        flipped("outgoing_checkpoint", "data", "size = 3"),
        "stream to JPN@NATO, checkpoint 3",
        "",
    ),
    "a checkpoint of another size": Damage(
        KOR,
        "UPDATE outgoing_checkpoint SET size = 2 WHERE size = 3",
        "stream to JPN@NATO, checkpoint 2",
        "it is over other entries than are here",
    ),
    "a receipt that came and is another": Damage(
        KOR,
        flipped("outgoing_receipt", "data"),
        "stream to JPN@NATO, receipt 3",
        "",
    ),
    "a receipt that is missing": Damage(
        KOR,
        "DELETE FROM outgoing_receipt WHERE size = (SELECT max(size) FROM outgoing_receipt)",
        "stream to JPN@NATO",
        "its newest receipt is another one than it says",
    ),
    "a receipt that we gave and is another": Damage(
        JPN,
        flipped("incoming_receipt", "data"),
        "stream from KOR@NATO, receipt 3",
        "",
    ),
    "a receipt that we gave and is missing": Damage(
        JPN,
        "DELETE FROM incoming_receipt WHERE size = (SELECT max(size) FROM incoming_receipt)",
        "stream from KOR@NATO",
        "its newest receipt is another one than it says",
    ),
    "a draft without its words": Damage(
        KOR,
        "DELETE FROM draft_piece WHERE piece_key = 1",
        "release of [0-9a-f]{16}",
        "its draft is missing",
    ),
    "an entry that came and is missing": Damage(
        JPN,
        "DELETE FROM incoming_entry WHERE number = 1",
        "stream from KOR@NATO, entry 2",
        "a number is missing before it",
    ),
    "a leaf that is another": Damage(
        JPN,
        "UPDATE incoming_entry SET leaf = zeroblob(32) WHERE number = 1",
        "stream from KOR@NATO, entry 1",
        "its row says something else than its leaf",
    ),
    "an entry that came and is of another kind": Damage(
        JPN,
        "UPDATE incoming_entry SET payload_hash = zeroblob(32) WHERE number = 0",
        "stream from KOR@NATO, entry 0",
        "its row says something else than its leaf",
    ),
    "a slip that is another": Damage(
        JPN,
        "UPDATE incoming_entry SET slip = cast(replace(slip, 'JPN', 'AUS') AS BLOB) WHERE number = 1",
        "stream from KOR@NATO, entry 1",
        "its payload is not the one that came",
    ),
    "a log entry that is another": Damage(
        KOR,
        "UPDATE log_entry SET time = time + 1 WHERE number = 1",
        "log",
        "its entries lead to another root than its own",
    ),
    "a log entry that is missing": Damage(
        KOR,
        "DELETE FROM log_entry WHERE number = 1",
        "log",
        "a number is missing in it",
    ),
    "a label approved that nobody saw": Damage(
        KOR,
        "INSERT INTO delivery_label SELECT 1, max(access_id), 'JPN@NATO', 0, 0 FROM access",
        "release of [0-9a-f]{16}",
        "",
    ),
    "a label approved that is missing": Damage(
        KOR,
        "DELETE FROM delivery_label WHERE delivery_id = 1",
        "release of [0-9a-f]{16}",
        "what is approved is not what was seen",
    ),
    "a delivery to somebody else": Damage(
        KOR,
        "UPDATE delivery SET office = 'AUS@NATO' WHERE delivery_id = 1",
        "release of [0-9a-f]{16}",
        "a delivery to AUS@NATO is not what was approved",
    ),
    "a preview that nobody saw": Damage(
        KOR,
        "UPDATE released SET preview_digest = zeroblob(32) WHERE release_id = 1",
        "release of [0-9a-f]{16}",
        "it is not in the log",
    ),
    "a draft that is another": Damage(
        KOR,
        "UPDATE draft_piece SET data = cast(replace(data, 'report', 'record') AS BLOB) WHERE piece_key = 1",
        "draft [0-9a-f]{16}",
        "it is another one than was kept",
    ),
    "a draft that is none": Damage(
        KOR,
        "UPDATE draft_piece SET data = x'00' WHERE piece_key = 1",
        "draft [0-9a-f]{16}",
        "draft does not have the form it must have",
    ),
    "a grant that was never given": Damage(
        KOR,
        "UPDATE granted SET clearance = cast(replace(clearance, 'CONFIDENTIAL', 'SECRET') AS BLOB)",
        "grant to JPN@NATO under [0-9.]+",
        "it is not in the log",
    ),
    "a grant that is none": Damage(
        KOR,
        "UPDATE granted SET clearance = x'00'",
        "clearances",
        "clearance does not have the form it must have",
    ),
    "a card that is another": Damage(
        KOR,
        flipped("card", "data"),
        "card 0 of JPN@NATO",
        "",
    ),
    "a card of another office": Damage(
        KOR,
        "UPDATE card SET number = 1",
        "card 1 of JPN@NATO",
        "it is another one than its row says",
    ),
    "a policy that is another": Damage(
        KOR,
        "UPDATE policy SET spif = cast(replace(spif, 'Legation', 'Legatiox') AS BLOB) WHERE name = 'EXERCISE'",
        "policy [0-9.]+ version 1",
        "its file is another one than its row says",
    ),
    "a policy that is none": Damage(
        KOR,
        "UPDATE policy SET spif = x'00' WHERE name = 'EXERCISE'",
        "policy [0-9.]+ version 1",
        "",
    ),
    "a label that is another, and was approved": Damage(
        JPN,
        "UPDATE access SET label = cast(replace(label, 'SECRET', 'GEHEIM') AS BLOB)",
        "view [0-9a-f]{16}",
        "its rows carry other labels than its layers",
    ),
    "another author of what is set apart": Damage(
        JPN,
        "UPDATE item SET office = 'AUS@NATO' WHERE item_id IN (SELECT item_id FROM view WHERE state <> 'held')",
        "view [0-9a-f]{16}",
        "its row names another author than it has",
    ),
    "an item of a kind that is none": Damage(
        JPN,
        "UPDATE item SET kind = 'sonnet'",
        "view [0-9a-f]{16}",
        "a row holds what this program never writes",
    ),
    "an item of which nothing is held": Damage(
        JPN,
        "INSERT INTO item SELECT zeroblob(32), document, time, kind, author, office, reference, 0, 0 FROM item LIMIT 1",
        "items",
        "nothing is held of 1 of them",
    ),
    "a view of another item": Damage(
        JPN,
        "UPDATE view SET item_id = (SELECT item_id FROM view WHERE view_key = 2) WHERE view_key = 1",
        "view [0-9a-f]{16}",
        "it is a view of another item than its row says",
    ),
    "a view from somebody else": Damage(
        JPN,
        "UPDATE view SET source = 'AUS@NATO' WHERE view_key = 1",
        "view [0-9a-f]{16}",
        "it did not come from whom its row says",
    ),
    "a view that is ours all at once": Damage(
        JPN,
        "UPDATE view SET source = '' WHERE view_key = 1",
        "view [0-9a-f]{16}",
        "it is ours, and was never released",
    ),
    "what was set apart is held": Damage(
        JPN,
        "UPDATE view SET state = 'held', because = '' WHERE state = 'quarantined'",
        "view [0-9a-f]{16}",
        "whether it may be shown is not what the log says",
    ),
    "what is held was set apart": Damage(
        JPN,
        "UPDATE view SET state = 'quarantined', because = 'so' WHERE view_key = 1",
        "view [0-9a-f]{16}",
        "whether it may be shown is not what the log says",
    ),
    "what is held was taken back": Damage(
        JPN,
        "UPDATE view SET state = 'quarantined', because = 'taken back by its sender' WHERE view_key = 1",
        "view [0-9a-f]{16}",
        "whether it may be shown is not what the log says",
    ),
    "a frontier that is another": Damage(
        KOR,
        "UPDATE outgoing SET frontier = (SELECT frontier FROM log_state)",
        "stream to JPN@NATO",
        "its entries lead to another root than its own",
    ),
    "an end of what came that is another": Damage(
        JPN,
        "UPDATE incoming SET frontier = (SELECT frontier FROM log_state)",
        "stream from KOR@NATO",
        "its entries lead to another root than was held",
    ),
    "another incarnation": Damage(
        KOR,
        "UPDATE outgoing SET incarnation = zeroblob(16) WHERE office = 'JPN@NATO'",
        "stream to .*point 3",
        "",
    ),
    "an entry that was not taken back": Damage(
        KOR,
        "UPDATE outgoing_entry SET is_taken_back = 1, payload = NULL WHERE number = 1",
        "stream to JPN@NATO, entry 1",
        "whether it was taken back is not what later entries say",
    ),
    "an entry of no delivery": Damage(
        KOR,
        "UPDATE outgoing_entry SET delivery_id = NULL WHERE number = 1",
        "delivery 1 to JPN@NATO",
        "it does not stand where its entry and the receipts say",
    ),
    "an entry of another delivery": Damage(
        KOR,
        "UPDATE outgoing_entry SET delivery_id = (SELECT max(delivery_id) FROM delivery WHERE "
        "entry_number IS NULL) WHERE delivery_id = 1",
        "stream to JPN@NATO, entry 1",
        "it is of another delivery than its row says",
    ),
    "a delivery that got more than was approved": Damage(
        KOR,
        "DELETE FROM delivery_label WHERE delivery_id = 1",
        "stream to JPN@NATO, entry 1",
        "it shows more than was approved",
    ),
    "a delivery of another item": Damage(
        KOR,
        "UPDATE delivery SET item_id = (SELECT item_id FROM delivery WHERE delivery_id = 2) WHERE delivery_id = 1",
        "delivery 1 to JPN@NATO",
        "it is of another item than its release",
    ),
    "a delivery by another entry": Damage(
        KOR,
        "UPDATE delivery SET entry_number = 2 WHERE delivery_id = 1",
        "delivery 1 to JPN@NATO",
        "it does not stand where its entry and the receipts say",
    ),
    "a delivery that nobody receipted": Damage(
        KOR,
        "UPDATE delivery SET state = 'receipted' WHERE state = 'numbered'",
        r"delivery \d+ to AUS@NATO",
        "it does not stand where its entry and the receipts say",
    ),
    "a delivery whose receipt is forgotten": Damage(
        KOR,
        "UPDATE delivery SET state = 'numbered' WHERE delivery_id = 1",
        "delivery 1 to JPN@NATO",
        "it does not stand where its entry and the receipts say",
    ),
    "a delivery that was not taken back": Damage(
        KOR,
        "UPDATE delivery SET state = 'void', because = 'taken-back' WHERE delivery_id = 1",
        "delivery 1 to JPN@NATO",
        "it does not stand where its entry and the receipts say",
    ),
    "a release that is missing with all that was delivered": Damage(
        KOR,
        "DELETE FROM delivery_label WHERE delivery_id = 4; DELETE FROM delivery WHERE delivery_id = 4; "
        "DELETE FROM released WHERE release_id = (SELECT max(release_id) FROM released)",
        "log",
        "what 1 of its entries of kind approved stand for is missing",
    ),
    "a release of another item of ours": Damage(
        KOR,
        "UPDATE released SET item_id = (SELECT item_id FROM released WHERE release_id = 2) WHERE release_id = 1",
        "release of [0-9a-f]{16}",
        "its item says something else than its draft",
    ),
    "a receipt that came first and is missing": Damage(
        KOR,
        "DELETE FROM outgoing_receipt WHERE size = (SELECT min(size) FROM outgoing_receipt)",
        "log",
        r"what 1 of its entries of kind receipted stand for is missing",
    ),
    "an entry that was void all at once": Damage(
        JPN,
        "UPDATE incoming_entry SET state = 'void' WHERE number = 1",
        "stream from KOR@NATO, entry 1",
        "what became of it is not what the log and later entries say",
    ),
    "a void that is forgotten": Damage(
        JPN,
        "UPDATE incoming_entry SET state = 'taken-back' WHERE kind IS NULL",
        "stream from KOR@NATO",
        "a row holds what this program never writes",
    ),
    "a log entry of a kind that is none": Damage(
        KOR,
        "UPDATE log_entry SET kind = 'eaten' WHERE number = 1",
        "store",
        "a row holds what this program never writes",
    ),
    "a log entry of another kind": Damage(
        JPN,
        "UPDATE log_entry SET kind = 'refused' WHERE number = (SELECT max(number) FROM log_entry WHERE kind = 'accepted')",
        "log",
        "its entries lead to another root than its own",
    ),
    "a policy that nobody accepted": Damage(
        KOR,
        "UPDATE policy SET accepted_by = NULL, accepted_at = NULL WHERE name <> 'EXERCISE'",
        "log",
        "what 1 of its entries of kind policy stand for is missing",
    ),
    "a card that nobody confirmed": Damage(
        KOR,
        "UPDATE card SET confirmed_by = NULL, confirmed_at = NULL WHERE office = 'AUS@NATO'",
        "log",
        "what 1 of its entries of kind pinned stand for is missing",
    ),
    "a grant that was replaced": Damage(
        KOR,
        "UPDATE granted SET ended_at = 1 WHERE ended_at IS NULL AND office = 'JPN@NATO'; UPDATE granted SET ended_at "
        "= NULL WHERE grant_id = (SELECT min(grant_id) FROM granted WHERE office = 'JPN@NATO')",
        "grant to JPN@NATO under [0-9.]+",
        "another one was given after it",
    ),
    "a grant under another policy": Damage(
        KOR,
        "UPDATE granted SET policy_id = '1.2.3' WHERE grant_id = 1",
        "grant to JPN@NATO under 1.2.3",
        "it is under another policy than its row says",
    ),
    "a clearance under another policy": Damage(
        KOR,
        "UPDATE mission_clearance SET policy_id = '1.2.3'",
        "clearances",
        "one is under another policy than its row says",
    ),
    "a link that was let go on": Damage(
        KOR,
        "UPDATE peer SET link = 'active' WHERE office = 'AUS@NATO'",
        "link to AUS@NATO",
        "it is not as the evidence says",
    ),
    "a link that nobody froze": Damage(
        KOR,
        "UPDATE peer SET link = 'frozen' WHERE office = 'JPN@NATO'",
        "link to JPN@NATO",
        "it is not as the evidence says",
    ),
    "evidence that is missing": Damage(
        KOR, "DELETE FROM evidence", "log", "what 1 of its entries of kind frozen stand for is missing"
    ),
    "a withdrawal that is missing": Damage(
        KOR, "DELETE FROM withdrawal", "log", "what 2 of its entries of kind withdrawn stand for is missing"
    ),
    "a withdrawal that is another": Damage(
        KOR, flipped("withdrawal", "data"), "withdrawal of [0-9a-f]{16}", ""
    ),
    "an attachment that is missing": Damage(
        JPN, "DELETE FROM attachment", "view [0-9a-f]{16}", "a file that belongs to it is missing"
    ),
    "an attachment of another root": Damage(
        JPN,
        "UPDATE attachment SET root = zeroblob(32)",
        "attachment [0-9a-f]{16}",
        "its chunks lead to another root than was signed",
    ),
    "an attachment of other chunks": Damage(
        JPN,
        "UPDATE attachment SET leaves = zeroblob(64)",
        "attachment [0-9a-f]{16}, chunk 1",
        "it is not the chunk that was kept",
    ),
    "an attachment under another key": Damage(
        JPN,
        "UPDATE attachment SET key = zeroblob(32)",
        "attachment [0-9a-f]{16}, chunk 0",
        "the file of an attachment is damaged",
    ),
}

# What only repeats that: it can.
REPEATED: dict[str, Damage] = {
    "a missing layer": Damage(
        JPN,
        "DELETE FROM layer WHERE view_key = 1 AND access_id = (SELECT min(access_id) FROM layer WHERE view_key = 1)",
        "view [0-9a-f]{16}",
        "its rows carry other labels than its layers",
    ),
    "a layer too many": Damage(
        JPN,
        "INSERT INTO layer SELECT 1, max(access_id) FROM access",
        "view [0-9a-f]{16}",
        "its rows carry other labels than its layers",
    ),
    "an item of another time": Damage(
        JPN,
        "UPDATE item SET time = time + 1",
        "view [0-9a-f]{16}",
        "it is a view of another item than its row says",
    ),
    "another root": Damage(
        KOR,
        "UPDATE outgoing_entry SET root = zeroblob(32) WHERE number = 2",
        "stream to JPN@NATO, entry 2",
        "it leads to another root than was stored",
    ),
    "an inbox row that is missing": Damage(
        JPN,
        "DELETE FROM inbox WHERE view_key = 1",
        "inbox",
        "a row is missing",
    ),
    "an inbox title that is another": Damage(
        JPN,
        "UPDATE inbox_layer SET title = 'x' WHERE title IS NOT NULL",
        "inbox",
        "a row is not what its view says",
    ),
    "an inbox title under another label": Damage(
        JPN,
        "UPDATE inbox_layer SET access_id = (SELECT max(access_id) FROM access) WHERE title IS NOT NULL",
        "inbox",
        "a row is not what its view says",
    ),
    "no layers at all": Damage(
        JPN, "DELETE FROM layer", "view [0-9a-f]{16}", "its rows carry other labels than its layers"
    ),
    "a layer of a label that is missing": Damage(
        JPN,
        "INSERT INTO layer VALUES (1, 999)",
        "store",
        "a row of `layer` names one of `access` that is missing",
    ),
    "a layer of a view that is missing": Damage(
        JPN,
        "INSERT INTO layer VALUES (999, 1)",
        "store",
        "a row of `layer` names one of `view` that is missing",
    ),
    "an item of another author": Damage(
        JPN,
        "UPDATE item SET office = 'AUS@NATO' WHERE item_id = (SELECT item_id FROM view WHERE view_key = 1)",
        "view [0-9a-f]{16}",
        "its row names another author than it has",
    ),
    "an item of another reference": Damage(
        JPN,
        "UPDATE item SET reference = 'KOR@NATO 2026-7KQ4-M2X6'",
        "view [0-9a-f]{16}",
        "its row names another author than it has",
    ),
    "an item of another document": Damage(
        JPN,
        "UPDATE item SET document = zeroblob(16)",
        "view [0-9a-f]{16}",
        "it is a view of another item than its row says",
    ),
    "an item of another kind": Damage(
        JPN,
        "UPDATE item SET kind = 'note'",
        "view [0-9a-f]{16}",
        "it is a view of another item than its row says",
    ),
    "an item of another key": Damage(
        KOR,
        "UPDATE item SET author = zeroblob(32)",
        "view [0-9a-f]{16}",
        "it is a view of another item than its row says",
    ),
    "an item that is not ours any more": Damage(
        KOR,
        "UPDATE item SET is_own = 0 WHERE is_own = 1",
        "view [0-9a-f]{16}",
        "it is a view of another item than its row says",
    ),
    "an item that is ours all at once": Damage(
        JPN,
        "UPDATE item SET is_own = 1 WHERE item_id = (SELECT item_id FROM view WHERE view_key = 1)",
        "view [0-9a-f]{16}",
        "it is a view of another item than its row says",
    ),
    "an empty inbox": Damage(JPN, "DELETE FROM inbox_layer; DELETE FROM inbox", "inbox", "a row is missing"),
    "an inbox row of another item": Damage(
        JPN,
        "UPDATE inbox SET item_id = (SELECT item_id FROM view WHERE view_key = 2) WHERE view_key = 1",
        "inbox",
        "a row is not what its view says",
    ),
    "an inbox row without a layer": Damage(
        JPN, "DELETE FROM inbox_layer WHERE view_key = 1", "inbox", "a row is not what its view says"
    ),
    "an inbox row with nothing to read": Damage(
        JPN,
        "UPDATE inbox_layer SET has_body = 1 - has_body WHERE view_key = 1",
        "inbox",
        "a row is not what its view says",
    ),
    "an inbox row of our own item": Damage(
        KOR,
        "INSERT INTO inbox SELECT view_key, item_id FROM view WHERE view_key = 1",
        "inbox",
        "a row is not what its view says",
    ),
    "a layer in the inbox of a label that is missing": Damage(
        JPN,
        "INSERT INTO inbox_layer VALUES (999, 1, 1, NULL)",
        "store",
        "a row of `inbox_layer` names one of `access` that is missing",
    ),
    "versions compared by something else": Damage(
        JPN,
        "UPDATE substance SET digest = zeroblob(32)",
        "view [0-9a-f]{16}",
        "what its versions are compared by is not what it says",
    ),
    "versions with nothing to read": Damage(
        JPN,
        "UPDATE substance SET has_body = 0",
        "view [0-9a-f]{16}",
        "what its versions are compared by is not what it says",
    ),
    "versions compared by nothing": Damage(
        KOR,
        "DELETE FROM substance",
        "view [0-9a-f]{16}",
        "what its versions are compared by is not what it says",
    ),
    "what has no versions is compared": Damage(
        JPN,
        "INSERT INTO substance VALUES (1, 1, 1, 1, zeroblob(32))",
        "view [0-9a-f]{16}",
        "what its versions are compared by is not what it says",
    ),
    "a delivery of another precedence": Damage(
        KOR,
        "UPDATE delivery SET precedence = 3 WHERE delivery_id = 1",
        "delivery 1 to JPN@NATO",
        "its precedence is another one than its slip says",
    ),
    "an approved label that is withheld": Damage(
        KOR,
        "UPDATE delivery_label SET is_withheld = 1 - is_withheld",
        "deliveries",
        "",
    ),
    "an approved label of another office": Damage(
        KOR,
        "UPDATE delivery_label SET office = 'AUS@NATO' WHERE delivery_id = 1",
        "deliveries",
        "2 approved labels",
    ),
    "a stream of another size": Damage(
        KOR,
        "UPDATE outgoing SET size = size + 1 WHERE office = 'JPN@NATO'",
        "stream to JPN@NATO",
        "it has another size than its row says",
    ),
    "what came of another size": Damage(
        JPN,
        "UPDATE incoming SET size = size + 1",
        "stream from KOR@NATO",
        "it has another size than its row says",
    ),
    "a receipt that came and is forgotten": Damage(
        KOR,
        "UPDATE outgoing SET receipt_size = 3 WHERE office = 'JPN@NATO'",
        "stream to JPN@NATO",
        "its newest receipt is another one than it says",
    ),
    "a receipt that we gave and is forgotten": Damage(
        JPN,
        "UPDATE incoming SET receipt_size = 3",
        "stream from KOR@NATO",
        "its newest receipt is another one than it says",
    ),
    "a hash of a stream that is another": Damage(
        KOR,
        "UPDATE outgoing_subtree SET root = zeroblob(32)",
        "stream to JPN@NATO, entry 15",
        "a hash that is kept for proofs is not what the entries make",
    ),
    "a hash of a stream that is missing": Damage(
        KOR,
        "DELETE FROM outgoing_subtree",
        "stream to JPN@NATO",
        "it keeps more or fewer hashes than its entries make",
    ),
    "a hash of a stream too many": Damage(
        KOR,
        "INSERT INTO outgoing_subtree SELECT stream_id, 9, 0, zeroblob(32) FROM outgoing WHERE office = 'JPN@NATO'",
        "stream to JPN@NATO",
        "it keeps more or fewer hashes than its entries make",
    ),
    "a hash of the log that is another": Damage(
        KOR,
        "UPDATE log_subtree SET root = zeroblob(32) WHERE height = 5",
        "log, entries from 0",
        "a hash that is kept for proofs is not what the entries make",
    ),
    "a hash of the log that is missing": Damage(
        KOR, "DELETE FROM log_subtree", "log", "it keeps more or fewer hashes than its entries make"
    ),
    "everything that only repeats": Damage(
        JPN,
        "DELETE FROM inbox_layer; DELETE FROM inbox; DELETE FROM substance; DELETE FROM layer; "
        "DELETE FROM log_subtree; UPDATE item SET time = 0, document = zeroblob(16), reference = 'x'",
        "view [0-9a-f]{16}",
        "its rows carry other labels than its layers",
    ),
}
