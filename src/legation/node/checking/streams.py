# SPDX-License-Identifier: Apache-2.0
"""
The check of every stream, ours and theirs.

1. It is numbered without gaps, and its entries lead to the roots that are stored, and to those that were signed.
2. Every payload is the one that was numbered; and of ours none shows more than was approved.
3. What is kept of our trees for proofs is what their leaves make.
4. What became of an entry is what the log and later entries say.
"""

from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from typing import NamedTuple

from legation.errors import StoreError
from legation.exchange import EntryHeader, EntryKind, read_start, read_view, write_view
from legation.exchange.entry import PREDECESSORS_MAX
from legation.item.view import inspect
from legation.log import Frontier, LogKind, completed, completed_count, stream_origin
from legation.merkle import Hash
from legation.node.checking.findings import Listed
from legation.node.checking.log import NOT_ALL_KEPT, NOT_KEPT
from legation.node.checking.signed import Link, Notes, StreamNotes
from legation.store.sqlite import checks, incoming, items, outgoing, rebuilding
from legation.store.sqlite.checks import Side
from legation.store.sqlite.incoming import EntryState, Incoming, NewIncoming
from legation.store.sqlite.items import ViewState
from legation.store.sqlite.outgoing import Outgoing

ANOTHER_ROOT = "it leads to another root than was stored"


def check_outgoing(link: Link) -> None:
    """Our streams to a peer, the present one and those that were left."""
    streams = outgoing.streams(link.db, link.theirs)
    for place, stream in enumerate(streams):
        is_left = stream is not streams[-1]
        where = f"stream to {link.theirs}" + (f" that was left, {place + 1}" if is_left else "")
        link.found.tries(where, partial(_check_outgoing, link, stream, where))
        link.found.tries(where, partial(_check_start, link, stream, streams[:place]))


def _check_start(link: Link, stream: Outgoing, before: Sequence[Outgoing]) -> None:
    """
    See that the start of a stream names those before it, and no more of them than was here.

    Raises:
        StoreError: It does not.
    """
    payload = outgoing.payload(link.db, stream.stream_id, 0, link.blobs) if stream.frontier.size else None
    if payload is None:
        return
    named = {each.incarnation: each for each in read_start(payload).predecessors}
    for each in before[-PREDECESSORS_MAX:]:
        found = named.get(each.incarnation)
        if found is None:
            raise StoreError("its start does not name a stream that was left for it")
        # What was lost whole is named by what the peer showed of it.
        if 0 < found.size <= each.frontier.size and found.root != outgoing.root_at(
            link.db, each.stream_id, found.size
        ):
            raise StoreError("its start says of a stream that was left what is not so")


def _check_outgoing(link: Link, stream: Outgoing, where: str) -> None:
    """A stream to a peer: numbers, leaves, payloads, roots, checkpoints, receipts."""
    look = StreamNotes(link, where, stream_origin(link.ours, link.theirs, stream.incarnation), is_ours=True)
    checkpoints = Notes(outgoing.checkpoints(link.db, stream.stream_id), look.checkpoint)
    receipts = Notes(outgoing.receipts(link.db, stream.stream_id), look.receipt)
    walk = _OutgoingWalk(link, stream.stream_id, where)
    for number in outgoing.numbers(link.db, stream.stream_id):
        link.found.hold("entries sent", f"{where}, entry {number}", partial(walk.take, number))
        checkpoints.pass_by(walk.frontier)
        receipts.pass_by(walk.frontier)
    checkpoints.finish()
    receipts.finish()
    holds = walk.frontier == stream.frontier
    if not holds:
        link.found.note(where, "its entries lead to another root than its own")
    if outgoing.subtree_count(link.db, stream.stream_id) != completed_count(walk.frontier.size):
        walk.astray.add(where, NOT_ALL_KEPT)
    # What stands beside the entries can be made again if these lead to where they led when they were appended.
    link.found.mend_all(
        walk.astray, lambda change: rebuilding.outgoing_hashes(change, stream.stream_id), can_be=holds
    )
    ends = _Ends(size=walk.frontier.size, stated=stream.receipt_size, newest=receipts.newest, holds=holds)
    _check_row(link, Side.OUTGOING, stream.stream_id, where, ends)


class _OutgoingWalk:
    """Goes through our own entries in order; ``astray`` tells beside which of them another hash stands."""

    def __init__(self, link: Link, stream_id: int, where: str) -> None:
        self.frontier = Frontier()
        self.astray = Listed()
        self._link = link
        self._db = link.db
        self._stream_id = stream_id
        self._where = where
        self._voided = checks.voided(link.db, Side.OUTGOING, stream_id)

    def take(self, number: int) -> None:
        """
        Take the next entry.

        Raises:
            LegationError: It does not follow, or is not the one that was numbered.
        """
        header, root = outgoing.header(self._db, self._stream_id, number)
        follows = number == self.frontier.size
        made = list(completed(self.frontier, [header.leaf]))
        self.frontier = self.frontier.extend([header.leaf])
        if not follows:
            raise StoreError("a number is missing before it")
        if self.frontier.root != root:
            self.astray.add(f"{self._where}, entry {number}", ANOTHER_ROOT)
        if any(outgoing.subtree(self._db, self._stream_id, *place) != kept for *place, kept in made):
            self.astray.add(f"{self._where}, entry {number}", NOT_KEPT)
        self._look(header)

    def _look(self, header: EntryHeader) -> None:
        payload = outgoing.payload(self._db, self._stream_id, header.number, self._link.blobs)
        is_gone = outgoing.is_destroyed(self._db, self._stream_id, header.number)
        if (payload is None) != (header.number in self._voided or is_gone):
            raise StoreError("whether it was taken back is not what later entries say")
        if header.kind is EntryKind.VOID:
            self._link.logged.meets(LogKind.VOIDED, header.payload_hash)
        if payload is None:
            return
        if sha256(payload).digest() != header.payload_hash:
            raise StoreError("its payload is not the one that was numbered")
        if header.kind is EntryKind.VIEW:
            self._look_into(header, payload)

    def _look_into(self, header: EntryHeader, payload: bytes) -> None:
        """See that a view shows no more than was approved for whom it goes to."""
        delivery = checks.delivery_of_entry(self._db, self._stream_id, header.number)
        if delivery is None:
            return
        slip, view = read_view(payload)
        contents = inspect(view)
        shown = {self._link.rules.ids.get((each.policy, each.label)) for each in contents.layers}
        if (slip, contents.item_id) != (delivery.slip, delivery.item_id):
            raise StoreError("it is of another delivery than its row says")
        if not shown <= checks.approved_for(self._db, delivery.delivery_id):
            raise StoreError("it shows more than was approved")


def check_incoming(link: Link) -> None:
    """A peer's streams to us, the present one and those that it left."""
    streams = incoming.streams(link.db, link.theirs)
    for place, stream in enumerate(streams):
        is_left = stream is not streams[-1]
        where = f"stream from {link.theirs}" + (f" that was left, {place + 1}" if is_left else "")
        link.found.tries(where, partial(_check_incoming, link, stream, where))
        before = None if place == 0 else streams[place - 1]
        link.found.tries(where, partial(_check_follows, link, stream, before))


def _check_follows(link: Link, stream: Incoming, before: Incoming | None) -> None:
    """
    See that a stream names the one that was held before it.

    Raises:
        StoreError: It does not.
    """
    if before is None or stream.held.frontier.size == 0:
        return
    [start] = incoming.entries(link.db, stream.stream_id, 0, count_max=1, blobs=link.blobs)
    if start.payload is None or before.incarnation not in {
        each.incarnation for each in read_start(start.payload).predecessors
    }:
        raise StoreError("it does not follow on the one that was held before it")


def _check_incoming(link: Link, stream: Incoming, where: str) -> None:
    """A stream of a peer: numbers, leaves, payloads, root, and the receipts that we gave."""
    look = StreamNotes(link, where, stream_origin(link.theirs, link.ours, stream.incarnation), is_ours=False)
    receipts = Notes(incoming.receipts(link.db, stream.stream_id), look.receipt)
    walk = _IncomingWalk(link, stream.stream_id)
    for number, leaf in incoming.leaves(link.db, stream.stream_id):
        link.found.hold(
            "entries received", f"{where}, entry {number}", partial(walk.take, number, Hash(leaf))
        )
        receipts.pass_by(walk.frontier)
    receipts.finish()
    holds = walk.frontier == stream.held.frontier
    if not holds:
        link.found.note(where, "its entries lead to another root than was held")
    ends = _Ends(
        size=walk.frontier.size, stated=stream.held.receipt_size, newest=receipts.newest, holds=holds
    )
    _check_row(link, Side.INCOMING, stream.stream_id, where, ends)


class _IncomingWalk:
    """Goes through the entries of a peer in order."""

    def __init__(self, link: Link, stream_id: int) -> None:
        self.frontier = Frontier()
        self._link = link
        self._db = link.db
        self._stream_id = stream_id
        self._voided = checks.voided(link.db, Side.INCOMING, stream_id)

    def take(self, number: int, leaf: Hash) -> None:
        """
        Hold the next entry against its leaf, its payload, and what is said of it elsewhere.

        Raises:
            LegationError: It does not hold.
        """
        follows = number == self.frontier.size
        self.frontier = self.frontier.extend([leaf])
        if not follows:
            raise StoreError("a number is missing before it")
        [entry] = incoming.entries(self._db, self._stream_id, number, count_max=1, blobs=self._link.blobs)
        if entry.header is not None:
            self._look(entry, entry.header)
        if entry.state is not self._state(entry):
            raise StoreError("what became of it is not what the log and later entries say")

    def _look(self, entry: NewIncoming, header: EntryHeader) -> None:
        if header.leaf != entry.leaf:
            raise StoreError("its row says something else than its leaf")
        payload = entry.payload
        is_whole = (
            entry.view_key is not None
            and items.view(self._db, entry.view_key).state is not ViewState.DESTROYED
        )
        if is_whole and entry.view_key is not None and entry.slip is not None:
            payload = write_view(entry.slip, items.view_data(self._db, entry.view_key, self._link.blobs))
        if payload is not None and sha256(payload).digest() != header.payload_hash:
            raise StoreError("its payload is not the one that came")

    def _state(self, entry: NewIncoming) -> EntryState:
        met = [
            self._link.logged.meets(kind, entry.leaf)
            for kind in (LogKind.ACCEPTED, LogKind.QUARANTINED, LogKind.REFUSED)
        ]
        if not any(met):
            raise StoreError("it is not in the log")
        if entry.number in self._voided:
            return EntryState.VOID
        if entry.header is None:
            return EntryState.TAKEN_BACK
        return EntryState.REFUSED if met == [False, False, True] else EntryState.HELD


class _Ends(NamedTuple):
    """
    How many entries a stream has; how far it says that it is receipted; how far it is.

    And whether its entries lead to where it says.
    """

    size: int
    stated: int
    newest: int
    holds: bool


def _check_row(link: Link, side: Side, stream_id: int, where: str, ends: _Ends) -> None:
    """Hold what the row of a stream says of its end against its entries and its receipts."""
    if ends.holds and checks.stated_size(link.db, side, stream_id) != ends.size:
        link.found.mend(
            where,
            "it has another size than its row says",
            lambda change: rebuilding.stream_size(change, side, stream_id, ends.size),
        )
    said = "its newest receipt is another one than it says"
    if ends.holds and ends.stated < ends.newest <= ends.size:
        link.found.mend(
            where,
            said,
            lambda change: rebuilding.receipt_size(change, side, stream_id, ends.newest),
        )
    elif ends.stated != ends.newest:
        link.found.note(where, said)
