# SPDX-License-Identifier: Apache-2.0
"""
Our streams: what was numbered for each peer, the checkpoints that we signed, the receipts that came.

An entry keeps its payload as it was numbered until it is taken back; then its header alone stays, for
the tree. Of the tree the roots of complete subtrees are kept too, for proofs. Receipts are evidence: none is
ever removed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from legation.encoding import INTEGER_MAX, Codec, encode
from legation.exchange import EntryHeader, EntryKind
from legation.log import Frontier, RootOf, completed
from legation.merkle import Hash
from legation.store.blobs import INLINE_SIZE_BYTES_MAX, Blobs
from legation.store.sqlite import subtrees
from legation.store.sqlite.database import Reading, Row, Writing
from legation.store.sqlite.stretches import NOTES_AT_ONCE, stretches

FRONTIER_SIZE_BYTES_MAX = 1 << 13  # 64 hashes in base64

FRONTIER = Codec(Frontier, size_bytes_max=FRONTIER_SIZE_BYTES_MAX, what="frontier")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """
    A stream to a peer, the present one unless something else is said.

    ``is_settled``: whether what had not been receipted in those before it goes again.
    """

    stream_id: int
    office: str
    incarnation: bytes
    frontier: Frontier
    receipt_size: int
    is_settled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry to append; ``root`` is that of the stream with it."""

    header: EntryHeader
    payload: bytes = field(repr=False)
    root: Hash
    delivery_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingEntry:
    """
    An entry that was numbered; without a payload it is taken back. ``epoch``: when it was decided.

    ``lacks_void``: it was destroyed here after it was receipted, and nothing takes it back yet.
    """

    header: EntryHeader
    payload: bytes | None = field(repr=False)
    root: bytes
    delivery_id: int | None
    epoch: int
    lacks_void: bool = False


def stream(db: Reading, office: str) -> Outgoing | None:
    """The present stream to an office, or None."""
    row = db.one(_STREAM + "WHERE office = ? AND is_current = 1", (office,))
    return None if row is None else _stream(row)


_STREAM = "SELECT stream_id, office, incarnation, frontier, receipt_size, is_settled FROM outgoing "


def _stream(row: Row) -> Outgoing:
    stream_id, office, incarnation, frontier, receipt_size, is_settled = row
    return Outgoing(
        stream_id=stream_id,
        office=office,
        incarnation=incarnation,
        frontier=FRONTIER.decode(frontier),
        receipt_size=receipt_size,
        is_settled=bool(is_settled),
    )


def note_told(db: Writing, stream_id: int, size: int, at: int) -> None:
    """Note how many entries of a stream its receiver says that it holds."""
    db.run("UPDATE outgoing SET told_size = ?, told_at = ? WHERE stream_id = ?", (size, at, stream_id))


def told(db: Reading, stream_id: int) -> tuple[int, int | None]:
    """How many entries the receiver of a stream last said that it holds, and when; never, if that is None."""
    row = db.one("SELECT told_size, told_at FROM outgoing WHERE stream_id = ?", (stream_id,))
    assert row is not None, "a stream is asked for by its id"
    size, at = row
    return int(size), at


def streams(db: Reading, office: str) -> list[Outgoing]:
    """Every stream to an office, in the order in which they began; the present one is the last."""
    return [_stream(row) for row in db.rows(_STREAM + "WHERE office = ? ORDER BY stream_id", (office,))]


def stream_of(db: Reading, office: str, incarnation: bytes) -> Outgoing | None:
    """The stream to an office that has this incarnation, present or left; or None."""
    row = db.one(_STREAM + "WHERE office = ? AND incarnation = ?", (office, incarnation))
    return None if row is None else _stream(row)


def left(db: Reading, office: str) -> frozenset[bytes]:
    """The incarnations of the stream to an office that were left for others."""
    rows = db.rows("SELECT incarnation FROM outgoing WHERE office = ? AND is_current = 0", (office,))
    return frozenset(incarnation for (incarnation,) in rows)


def leave(db: Writing, stream_id: int) -> None:
    """Let a stream be one that was left; what it holds stays."""
    db.run("UPDATE outgoing SET is_current = 0 WHERE stream_id = ?", (stream_id,))


def set_settled(db: Writing, stream_id: int, *, is_settled: bool) -> None:
    """Note whether what had not been receipted before this stream goes again in it."""
    db.run("UPDATE outgoing SET is_settled = ? WHERE stream_id = ?", (int(is_settled), stream_id))


def signed_size(db: Reading, stream_id: int) -> int:
    """The size of the largest checkpoint that was signed of a stream; 0 if there is none."""
    row = db.one("SELECT coalesce(max(size), 0) FROM outgoing_checkpoint WHERE stream_id = ?", (stream_id,))
    assert row is not None, "an aggregate gives a row"
    return int(row[0])


def of_kinds(
    db: Reading, stream_id: int, kinds: Iterable[EntryKind], *, start: int, stop: int | None, blobs: Blobs
) -> Iterator[tuple[EntryKind, bytes]]:
    """
    The kind and payload of each entry of these kinds from *start* up to *stop*, or to the last one, in order.

    No views: they can be taken back.

    Raises:
        StoreError: A payload is damaged.
    """
    wanted = encode(sorted(each.value for each in kinds)).decode("ascii")
    sql = (
        "SELECT number, kind, payload, payload_hash FROM outgoing_entry WHERE stream_id = ? "
        "AND kind IN (SELECT value FROM json_each(?)) AND number < ? AND number > ? ORDER BY number LIMIT ?"
    )
    end = INTEGER_MAX if stop is None else stop
    for _, kind, payload, payload_hash in stretches(db, sql, stream_id, wanted, end, after=start - 1):
        yield EntryKind(kind), blobs.get(payload_hash) if payload is None else payload


def start_stream(db: Writing, office: str, incarnation: bytes, at: int) -> Outgoing:
    """Begin the stream to an office; it has no entry yet."""
    db.run(
        "INSERT INTO outgoing (office, incarnation, frontier, started_at) VALUES (?, ?, ?, ?)",
        (office, incarnation, encode(Frontier()), at),
    )
    found = stream(db, office)
    assert found is not None, "a stream that was begun is there"
    return found


def told_card(db: Reading, office: str) -> int:
    """The number of our newest card that the stream to an office has told; 0 if none: the first goes by persons."""
    row = db.one("SELECT told_card FROM outgoing WHERE office = ? AND is_current = 1", (office,))
    return 0 if row is None else int(row[0])


def note_told_card(db: Writing, stream_id: int, number: int) -> None:
    """Note that a stream has told our card of this number."""
    db.run("UPDATE outgoing SET told_card = ? WHERE stream_id = ?", (number, stream_id))


def append(
    db: Writing,
    stream: Outgoing,
    entries: Sequence[NewEntry],
    frontier: Frontier,
    *,
    epoch: int,
    blobs: Blobs | None,
    at: int,
) -> Outgoing:
    """
    Append entries to a stream.

    Args:
        db: The change.
        stream: As it is now.
        entries: In order, numbered on from its size.
        frontier: Of the stream with them.
        epoch: At which epoch they were decided.
        blobs: Where long payloads go; not needed for short ones.
        at: When.

    Returns:
        The stream as it is then.
    """
    before, after = stream.frontier.size, frontier.size
    assert [each.header.number for each in entries] == [*range(before, after)], "entries follow one another"
    assert not entries or entries[-1].root == frontier.root, "the last root is that of the frontier"
    db.run_many(
        "INSERT INTO outgoing_entry (stream_id, number, kind, payload_hash, payload_size_bytes, root, "
        "payload, delivery_id, epoch, numbered_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (stream.stream_id, *_header_row(each), _kept_payload(each, blobs), each.delivery_id, epoch, at)
            for each in entries
        ],
    )
    grown = completed(stream.frontier, [each.header.leaf for each in entries])
    db.run_many(
        "INSERT INTO outgoing_subtree (stream_id, height, place, root) VALUES (?, ?, ?, ?)",
        [(stream.stream_id, height, place, root) for height, place, root in grown],
    )
    db.run(
        "UPDATE outgoing SET frontier = ?, size = ? WHERE stream_id = ? AND size = ?",
        (encode(frontier), after, stream.stream_id, before),
    )
    assert db.changed() == 1, "the stream is as it is now"
    return replace(stream, frontier=frontier)


def _header_row(each: NewEntry) -> tuple[int, str, bytes, int, Hash]:
    header = each.header
    return header.number, header.kind.value, header.payload_hash, header.payload_size_bytes, each.root


def _kept_payload(each: NewEntry, blobs: Blobs | None) -> bytes | None:
    """What stands in the row: the payload, or nothing where it is long and has become a blob."""
    if len(each.payload) <= INLINE_SIZE_BYTES_MAX:
        return each.payload
    assert blobs is not None, "a long payload is a blob"
    blobs.put(each.payload)
    return None


def root_at(db: Reading, stream_id: int, size: int) -> Hash:
    """The root of the first *size* entries of a stream, which has them; *size* is at least 1."""
    row = db.one("SELECT root FROM outgoing_entry WHERE stream_id = ? AND number = ?", (stream_id, size - 1))
    assert row is not None, "a root is asked for within the stream"
    return Hash(row[0])


def subtree(db: Reading, stream_id: int, height: int, place: int) -> bytes | None:
    """The root that is kept of a complete subtree of a stream, or None."""
    row = db.one(
        "SELECT root FROM outgoing_subtree WHERE stream_id = ? AND height = ? AND place = ?",
        (stream_id, height, place),
    )
    return None if row is None else bytes(row[0])


def subtree_count(db: Reading, stream_id: int) -> int:
    """How many roots of complete subtrees are kept of a stream."""
    row = db.one("SELECT count(*) FROM outgoing_subtree WHERE stream_id = ?", (stream_id,))
    assert row is not None, "a count gives a row"
    return int(row[0])


def leaves(db: Reading, stream_id: int, start: int, count: int) -> list[Hash]:
    """The leaf hashes of the entries from *start* on, at most *count*; no payload is read."""
    rows = db.rows(
        "SELECT number, kind, payload_hash, payload_size_bytes FROM outgoing_entry "
        "WHERE stream_id = ? AND number >= ? ORDER BY number LIMIT ?",
        (stream_id, start, count),
    )
    return [
        EntryHeader(
            number=number, kind=EntryKind(kind), payload_hash=payload_hash, payload_size_bytes=size_bytes
        ).leaf
        for number, kind, payload_hash, size_bytes in rows
    ]


def root_of(db: Reading, stream_id: int) -> RootOf:
    """What proofs about a stream are made with."""
    return subtrees.roots(
        lambda height, place: subtree(db, stream_id, height, place),
        lambda start, count: leaves(db, stream_id, start, count),
    )


_ENTRY = (
    "SELECT number, kind, payload_hash, payload_size_bytes, root, payload, delivery_id, epoch, is_taken_back, is_destroyed "
    "FROM outgoing_entry WHERE stream_id = ? AND number >= ? ORDER BY number"
)


def entries(
    db: Reading, stream_id: int, start: int, *, size_bytes_max: int, count_max: int, blobs: Blobs
) -> list[OutgoingEntry]:
    """
    The entries from *start* on, as many as fit; at least one, if there is one.

    Args:
        db: The snapshot.
        stream_id: Of the stream.
        start: Number of the first.
        size_bytes_max: Of all payloads together.
        count_max: How many at most.
        blobs: Where long payloads are.

    Raises:
        StoreError: A payload is damaged.
    """
    # The sizes first, so that no payload is read that does not fit.
    sizes = db.rows(
        "SELECT iif(is_taken_back OR is_destroyed, 0, payload_size_bytes) FROM outgoing_entry "
        "WHERE stream_id = ? AND number >= ? ORDER BY number LIMIT ?",
        (stream_id, start, count_max),
    )
    totals = accumulate(size for (size,) in sizes)
    count = sum(1 for place, total in enumerate(totals) if place == 0 or total <= size_bytes_max)
    return [_entry(row, blobs) for row in db.rows(_ENTRY + " LIMIT ?", (stream_id, start, count))]


def numbers(db: Reading, stream_id: int) -> Iterator[int]:
    """The numbers of the entries of a stream, ascending."""
    sql = "SELECT number FROM outgoing_entry WHERE stream_id = ? AND number > ? ORDER BY number LIMIT ?"
    return (number for (number,) in stretches(db, sql, stream_id))


def header(db: Reading, stream_id: int, number: int) -> tuple[EntryHeader, bytes]:
    """The header of an entry that is there, and the root that was stored with it."""
    row = db.one(
        "SELECT kind, payload_hash, payload_size_bytes, root FROM outgoing_entry "
        "WHERE stream_id = ? AND number = ?",
        (stream_id, number),
    )
    assert row is not None, "an entry is asked for by its number"
    kind, payload_hash, size_bytes, root = row
    found = EntryHeader(
        number=number, kind=EntryKind(kind), payload_hash=payload_hash, payload_size_bytes=size_bytes
    )
    return found, root


def payload(db: Reading, stream_id: int, number: int, blobs: Blobs) -> bytes | None:
    """
    The payload of an entry that is there; None if it was taken back, or destroyed here.

    Raises:
        StoreError: It is damaged.
    """
    row = db.one(
        "SELECT payload, payload_hash, is_taken_back OR is_destroyed FROM outgoing_entry "
        "WHERE stream_id = ? AND number = ?",
        (stream_id, number),
    )
    assert row is not None, "an entry is asked for by its number"
    found, payload_hash, is_gone = row
    return blobs.get(payload_hash) if found is None and not is_gone else found


def small_payload(db: Reading, stream_id: int, number: int) -> bytes:
    """The payload of an entry that is there, is no view, and is short: it stands in its row."""
    row = db.one("SELECT payload FROM outgoing_entry WHERE stream_id = ? AND number = ?", (stream_id, number))
    assert row is not None, "an entry is asked for by its number"
    assert row[0] is not None, "what is short stands in its row"
    return bytes(row[0])


def walk(db: Reading, stream_id: int, blobs: Blobs) -> Iterator[OutgoingEntry]:
    """Every entry of a stream, in order, one at a time."""
    return (_entry(row, blobs) for row in db.rows(_ENTRY, (stream_id, 0)))


def _entry(row: Row, blobs: Blobs) -> OutgoingEntry:
    number, kind, payload_hash, size_bytes, root, payload, delivery_id, epoch, is_taken_back, is_destroyed = (
        row
    )
    if payload is None and not is_taken_back and not is_destroyed:
        payload = blobs.get(payload_hash)
    return OutgoingEntry(
        header=EntryHeader(
            number=number, kind=EntryKind(kind), payload_hash=payload_hash, payload_size_bytes=size_bytes
        ),
        payload=payload,
        root=root,
        delivery_id=delivery_id,
        epoch=epoch,
        lacks_void=bool(is_destroyed and not is_taken_back),
    )


def take_back(db: Writing, stream_id: int, number: int, *, although_receipted: bool = False) -> int | None:
    """
    Drop the payload of a view entry that nobody has receipted.

    Args:
        db: The change.
        stream_id: Of the stream.
        number: Of the entry.
        although_receipted: Whether it may be below the receipt: the peer lost it, and may not have it again.

    Returns:
        Its delivery; None if it is no such entry, and then nothing was done.
    """
    row = db.one(
        "UPDATE outgoing_entry SET is_taken_back = 1, payload = NULL WHERE stream_id = ? AND number = ? "
        "AND is_taken_back = 0 AND delivery_id IS NOT NULL "
        "AND (? OR number >= "
        "(SELECT receipt_size FROM outgoing WHERE outgoing.stream_id = outgoing_entry.stream_id)) "
        "RETURNING delivery_id",
        (stream_id, number, int(although_receipted)),
    )
    return None if row is None else int(row[0])


def destroy(db: Writing, stream_id: int, number: int) -> bytes | None:
    """
    Drop the payload of a view entry that was receipted; the entry stays what it is.

    Returns:
        The hash of the blob that it was, if it was one.
    """
    row = db.one(
        "SELECT payload IS NULL, payload_hash, is_taken_back OR is_destroyed FROM outgoing_entry "
        "WHERE stream_id = ? AND number = ? AND kind = 'view'",
        (stream_id, number),
    )
    assert row is not None, "what a delivery names is a view entry"
    was_blob, payload_hash, is_gone = row
    if is_gone:
        return None
    db.run(
        "UPDATE outgoing_entry SET is_destroyed = 1, payload = NULL WHERE stream_id = ? AND number = ?",
        (stream_id, number),
    )
    return bytes(payload_hash) if was_blob else None


def is_destroyed(db: Reading, stream_id: int, number: int) -> bool:
    """Whether the payload of an entry was destroyed here."""
    row = db.one(
        "SELECT is_destroyed FROM outgoing_entry WHERE stream_id = ? AND number = ?", (stream_id, number)
    )
    return row is not None and bool(row[0])


_PASSES = "kind IN ('void', 'refused', 'withdrawal', 'destruction')"


def has_passing(db: Reading, stream_id: int, start: int) -> bool:
    """Whether from *start* on there is an entry that goes also where the link is stopped."""
    row = db.one(
        f"SELECT 1 FROM outgoing_entry WHERE stream_id = ? AND number >= ? AND {_PASSES} LIMIT 1",  # noqa: S608 - constants
        (stream_id, start),
    )
    return row is not None


def views_from(db: Reading, stream_id: int, start: int) -> list[int]:
    """The numbers of the view entries from *start* on that are not taken back."""
    rows = db.rows(
        "SELECT number FROM outgoing_entry WHERE stream_id = ? AND number >= ? AND kind = 'view' "
        "AND is_taken_back = 0 ORDER BY number",
        (stream_id, start),
    )
    return [number for (number,) in rows]


def checkpoint(db: Reading, stream_id: int, size: int) -> bytes | None:
    """The checkpoint that was signed over the first *size* entries, or None."""
    row = db.one("SELECT data FROM outgoing_checkpoint WHERE stream_id = ? AND size = ?", (stream_id, size))
    return None if row is None else bytes(row[0])


def save_checkpoint(db: Writing, stream_id: int, size: int, data: bytes) -> None:
    """Keep a checkpoint; there is one for a size."""
    db.run(
        "INSERT INTO outgoing_checkpoint (stream_id, size, data) VALUES (?, ?, ?)", (stream_id, size, data)
    )


def replace_checkpoint(db: Writing, stream_id: int, size: int, data: bytes) -> None:
    """Keep a checkpoint in the place of one whose key is revoked: nobody accepts that any more."""
    db.run(
        "UPDATE outgoing_checkpoint SET data = ? WHERE stream_id = ? AND size = ?", (data, stream_id, size)
    )
    assert db.changed() == 1, "what is replaced is there"


def checkpoints(db: Reading, stream_id: int) -> Iterator[tuple[int, bytes]]:
    """Every checkpoint of a stream, by size."""
    sql = "SELECT size, data FROM outgoing_checkpoint WHERE stream_id = ? AND size > ? ORDER BY size LIMIT ?"
    yield from stretches(db, sql, stream_id, count=NOTES_AT_ONCE)


def save_receipt(db: Writing, stream_id: int, size: int, data: bytes, at: int) -> None:
    """Keep a receipt over entries that there are; the highest one counts."""
    db.run(
        "INSERT INTO outgoing_receipt (stream_id, size, data, received_at) VALUES (?, ?, ?, ?)",
        (stream_id, size, data, at),
    )
    db.run("UPDATE outgoing SET receipt_size = max(receipt_size, ?) WHERE stream_id = ?", (size, stream_id))


def receipt(db: Reading, stream_id: int) -> bytes | None:
    """The highest receipt that came, or None."""
    row = db.one(
        "SELECT data FROM outgoing_receipt WHERE stream_id = ? ORDER BY size DESC LIMIT 1", (stream_id,)
    )
    return None if row is None else bytes(row[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipted:
    """
    An entry that came of a delivery, and the first receipt over it.

    ``header`` is the entry's, ``root`` that of the stream at the size of the receipt.
    """

    stream_id: int
    incarnation: bytes
    header: EntryHeader
    size: int
    root: bytes
    receipt: bytes = field(repr=False)


def receipted(db: Reading, item_id: bytes, office: str) -> Receipted | None:
    """
    What proves that an office has an item: its entry and the first receipt over it.

    None if there is no receipt, or the entry was taken back before there was one.
    """
    # A receipt covers what is void as well. What was taken back after its receipt stays receipted; of what
    # was withdrawn, nothing says whether it was taken back before.
    row = db.one(
        "SELECT stream_id, incarnation, number FROM delivery JOIN outgoing USING (stream_id) "
        "JOIN outgoing_entry USING (stream_id) WHERE number = entry_number "
        "AND item_id = ? AND delivery.office = ? AND number < outgoing.receipt_size "
        "AND (state = 'receipted' OR (state = 'withdrawn' AND is_taken_back = 0)) "
        "ORDER BY delivery.delivery_id DESC LIMIT 1",
        (item_id, office),
    )
    if row is None:
        return None
    stream_id, incarnation, number = row
    receipt = db.one(
        "SELECT size, data FROM outgoing_receipt WHERE stream_id = ? AND size > ? ORDER BY size LIMIT 1",
        (stream_id, number),
    )
    assert receipt is not None, "a stream that is receipted so far has its receipt"
    size, data = receipt
    return Receipted(
        stream_id=stream_id,
        incarnation=incarnation,
        header=header(db, stream_id, number)[0],
        size=size,
        root=root_at(db, stream_id, size),
        receipt=data,
    )


def receipts(db: Reading, stream_id: int) -> Iterator[tuple[int, bytes]]:
    """Every receipt that came, by size."""
    sql = "SELECT size, data FROM outgoing_receipt WHERE stream_id = ? AND size > ? ORDER BY size LIMIT ?"
    yield from stretches(db, sql, stream_id, count=NOTES_AT_ONCE)
