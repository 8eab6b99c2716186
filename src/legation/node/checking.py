# SPDX-License-Identifier: Apache-2.0
"""
The check of everything that a node holds (``legation fsck``).

1. The store is whole: pages, indexes, references between rows.
2. Every view hashes to its name, and verifies against its author's card; what is quarantined has the
   form of a view.
3. Every stream, ours and theirs, is numbered without gaps and leads to the roots, checkpoints and
   receipts on file, and these verify.
4. The node's own log leads to its root.
5. The inbox, folded again from the views, is the inbox that is there.

Nothing is changed. A fault names where it is and what does not hold, and never content.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import NamedTuple

from legation.errors import LegationError, ProofError, StoreError, VerificationError
from legation.item.view import inspect, verify
from legation.keys.card import Card
from legation.log import Frontier, key_name, stream_origin, verify_checkpoint, verify_receipt
from legation.merkle import Hash
from legation.node.rules import RuleBook, Rules
from legation.node.surroundings import Surroundings
from legation.projections import InboxRow, fold
from legation.records import CheckRecord, FaultRecord
from legation.store.blobs import Blobs
from legation.store.sqlite import inbox, incoming, items, logbook, outgoing, peers
from legation.store.sqlite.database import Database, Reading
from legation.store.sqlite.items import StoredView, ViewState
from legation.store.sqlite.outgoing import OutgoingEntry

READ_AT_ONCE = 1000  # entries; memory stays bounded however long a stream is


@dataclass(kw_only=True)
class _Findings:
    checked: Counter[str] = field(default_factory=Counter)
    faults: list[FaultRecord] = field(default_factory=list)

    def hold(self, what: str, where: str, check: Callable[[], object]) -> None:
        """Count one thing as looked at, and note the fault if it does not hold."""
        self.checked[what] += 1
        try:
            check()
        except LegationError as error:
            self.faults.append(FaultRecord(where=where, what=error.message))

    def note(self, where: str, what: str) -> None:
        """Note a fault."""
        self.faults.append(FaultRecord(where=where, what=what))


def check(*, card: Card, database: Database, blobs: Blobs, around: Surroundings) -> CheckRecord:
    """Look at everything, in one snapshot of the store."""
    found = _Findings()
    with database.read() as db:
        rules = RuleBook(card, around).at(db)
        found.hold("stores", "store", partial(_store, db))
        for view in items.views(db):
            found.hold("views", f"view {view.hash.hex()[:16]}", partial(_view, db, view, blobs, rules))
        for peer in peers.peers(db):
            _check_outgoing(_Side(db, str(card.office), peer.office, card, rules, around), blobs, found)
            _check_incoming(_Side(db, str(card.office), peer.office, card, rules, around), found)
        found.hold("log entries", "log", partial(_log, db))
        found.checked["log entries"] = logbook.state(db).frontier.size
        _check_inbox(db, blobs, rules, found)
    return CheckRecord(checked=dict(found.checked), faults=tuple(found.faults))


def _store(db: Reading) -> None:
    """
    Look at the pages, the indexes and the references between rows.

    Raises:
        StoreError: Something is damaged.
    """
    if db.one("PRAGMA integrity_check(1)") != ("ok",) or db.one("PRAGMA foreign_key_check") is not None:
        raise StoreError("the database is damaged", hint="restore the newest backup")


def _view(db: Reading, view: StoredView, blobs: Blobs, rules: Rules) -> None:
    """
    Hold a stored view against its hash, its author's card and its rows.

    Raises:
        LegationError: It does not hold.
    """
    data = items.view_data(db, view.view_key, blobs)
    if sha256(data).digest() != view.hash:
        raise StoreError("the bytes are not those that were stored")
    quarantined = view.state is ViewState.QUARANTINED
    contents = inspect(data) if quarantined else verify(data, rules.pinned)
    if contents.item_id != view.item_id:
        raise StoreError("it is a view of another item than its row says")
    if {rules.access_id(layer) for layer in contents.layers} != set(items.layers(db, view.view_key)):
        raise StoreError("its rows carry other labels than its layers")


class _Side(NamedTuple):
    """What both directions of a link are checked with."""

    db: Reading
    ours: str
    theirs: str
    card: Card
    rules: Rules
    around: Surroundings


def _check_outgoing(side: _Side, blobs: Blobs, found: _Findings) -> None:
    """Our stream to a peer: numbers, leaves, payloads, roots, checkpoints, receipts."""
    stream = outgoing.stream(side.db, side.theirs)
    if stream is None:
        return
    where = f"stream to {side.theirs}"
    walk = _Walk(Frontier())
    for entry in outgoing.walk(side.db, stream.stream_id, blobs):
        found.hold("entries sent", f"{where}, entry {entry.header.number}", partial(walk.take, entry))
    if walk.frontier != stream.frontier:
        found.note(where, "its entries lead to another root than its own")
    origin = stream_origin(side.ours, side.theirs, stream.incarnation)
    for size, data in outgoing.checkpoints(side.db, stream.stream_id):
        look = partial(_checkpoint, side, data, origin, walk.roots.get(size))
        found.hold("checkpoints", f"{where}, checkpoint {size}", look)
    theirs = side.rules.cards.get(side.theirs)
    for size, data in outgoing.receipts(side.db, stream.stream_id):
        look = partial(_receipt, side, data, origin, (side.card, theirs), walk.roots.get(size))
        found.hold("receipts", f"{where}, receipt {size}", look)


def _check_incoming(side: _Side, found: _Findings) -> None:
    """A peer's stream to us: numbers, leaves, root, and the receipts that we gave."""
    stream = incoming.stream(side.db, side.theirs)
    if stream is None:
        return
    where = f"stream from {side.theirs}"
    frontier, roots = Frontier(), dict[int, bytes]()
    for number, leaf in incoming.leaves(side.db, stream.stream_id):
        found.checked["entries received"] += 1
        if number != frontier.size:
            found.note(f"{where}, entry {number}", f"expected number {frontier.size}")
        frontier = frontier.extend([Hash(leaf)])
        roots[frontier.size] = frontier.root
    if frontier != stream.held.frontier:
        found.note(where, "its entries lead to another root than was held")
    origin = stream_origin(side.theirs, side.ours, stream.incarnation)
    theirs = side.rules.cards.get(side.theirs)
    for size, data in incoming.receipts(side.db, stream.stream_id):
        look = partial(_receipt, side, data, origin, (theirs, side.card), roots.get(size))
        found.hold("receipts", f"{where}, receipt {size}", look)


class _Walk:
    """Goes through our own entries in order and keeps the root after each."""

    def __init__(self, frontier: Frontier) -> None:
        self.frontier = frontier
        self.roots: dict[int, bytes] = {}

    def take(self, entry: OutgoingEntry) -> None:
        """
        Take the next entry.

        Raises:
            StoreError: It does not follow, or is not the one whose root was stored.
        """
        follows = entry.header.number == self.frontier.size
        self.frontier = self.frontier.extend([entry.header.leaf])
        self.roots[self.frontier.size] = self.frontier.root
        if not follows:
            raise StoreError("a number is missing before it")
        if self.frontier.root != entry.root:
            raise StoreError("it leads to another root than was stored")
        if entry.payload is not None and sha256(entry.payload).digest() != entry.header.payload_hash:
            raise StoreError("its payload is not the one that was numbered")


def _checkpoint(side: _Side, data: bytes, origin: str, root: bytes | None) -> None:
    found = verify_checkpoint(
        data,
        origin=origin,
        name=key_name(side.ours),
        keys=side.card.stream_keys,
        verify=side.around.verify,
    )
    if found.root != root:
        raise ProofError("it is over other entries than are here")


def _receipt(
    side: _Side, data: bytes, origin: str, cards: tuple[Card | None, Card | None], root: bytes | None
) -> None:
    sender, receiver = cards
    if sender is None or receiver is None:
        raise VerificationError("the card of the other office is not pinned any more")
    receipt = verify_receipt(
        data,
        origin=origin,
        name=key_name(str(sender.office)),
        keys=sender.stream_keys,
        cosigner=key_name(str(receiver.office)),
        cosigner_keys=receiver.stream_keys,
        verify=side.around.verify,
    )
    if receipt.checkpoint.root != root:
        raise ProofError("it is over other entries than are here")


def _log(db: Reading) -> None:
    frontier, start = Frontier(), 0
    while entries := logbook.entries(db, start, READ_AT_ONCE):
        frontier = frontier.extend([entry.leaf for entry in entries])
        start += len(entries)
    if frontier != logbook.state(db).frontier:
        raise ProofError("its entries lead to another root than its own")


def _refold(db: Reading, view: StoredView, blobs: Blobs, rules: Rules) -> InboxRow:
    contents = inspect(items.view_data(db, view.view_key, blobs))
    return fold(contents, [rules.access_id(layer) for layer in contents.layers])


def _check_inbox(db: Reading, blobs: Blobs, rules: Rules, found: _Findings) -> None:
    """Fold every view again, and compare with what is there."""
    wanted = {
        view.view_key: _refold(db, view, blobs, rules)
        for view in items.views(db)
        if view.source and view.state is ViewState.HELD
    }
    found.checked["inbox rows"] = len(wanted)
    for view_key, row in inbox.folded(db):
        if wanted.pop(view_key, None) != row:
            found.note("inbox", "a row is not what its view says")
    for _ in wanted:
        found.note("inbox", "a row is missing")
