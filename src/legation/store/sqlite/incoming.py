# SPDX-License-Identifier: Apache-2.0
"""
Peers' streams to us: every entry that we hold, up to where, and the receipts that we gave.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from legation.encoding import Codec, encode
from legation.exchange import Carried, EntryHeader, EntryKind, Held, Lost, TakenBack
from legation.exchange.entry import SLIP_SIZE_BYTES_MAX
from legation.item.draft import Slip
from legation.merkle import Hash
from legation.store.blobs import INLINE_SIZE_BYTES_MAX, Blobs
from legation.store.sqlite.database import Reading, Row, Writing
from legation.store.sqlite.outgoing import FRONTIER
from legation.store.sqlite.stretches import NOTES_AT_ONCE, stretches

_SLIP = Codec(Slip, size_bytes_max=SLIP_SIZE_BYTES_MAX, what="slip")


class EntryState(StrEnum):
    """What became of an entry."""

    HELD = "held"
    REFUSED = "refused"
    """Its bytes are the sender's, and can never be accepted."""
    TAKEN_BACK = "taken-back"
    """Only its leaf came, and no void yet."""
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """The present stream of a peer, and how much of it is held."""

    stream_id: int
    office: str
    incarnation: bytes
    held: Held


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIncoming:
    """
    An entry that came.

    ``header`` is absent if it was taken back, ``view_key`` and ``slip`` are there for a view,
    ``payload`` for everything else.
    """

    number: int
    leaf: bytes
    state: EntryState
    header: EntryHeader | None = None
    view_key: int | None = None
    slip: Slip | None = None
    payload: bytes | None = field(default=None, repr=False)


def stream(db: Reading, office: str) -> Incoming | None:
    """The present stream of an office, or None."""
    row = db.one(_STREAM + "WHERE office = ? AND is_current = 1", (office,))
    return None if row is None else _stream(db, row)


_STREAM = "SELECT stream_id, office, incarnation, frontier, receipt_size FROM incoming "


def _stream(db: Reading, row: Row) -> Incoming:
    stream_id, office, incarnation, frontier, receipt_size = row
    taken_back = db.rows(
        "SELECT number FROM incoming_entry WHERE stream_id = ? AND state = 'taken-back'", (stream_id,)
    )
    held = Held(
        incarnation=incarnation,
        frontier=FRONTIER.decode(frontier),
        taken_back=frozenset(number for (number,) in taken_back),
        receipt_size=receipt_size,
    )
    return Incoming(stream_id=stream_id, office=office, incarnation=incarnation, held=held)


def streams(db: Reading, office: str) -> list[Incoming]:
    """Every stream of an office, in the order in which they began here; the present one is the last."""
    rows = list(db.rows(_STREAM + "WHERE office = ? ORDER BY stream_id", (office,)))
    return [_stream(db, row) for row in rows]


def former(db: Reading, office: str, count: int) -> list[Incoming]:
    """What is held of streams of an office that it left for others, the oldest first; of more than *count* the newest."""
    rows = list(
        db.rows(
            _STREAM + "WHERE office = ? AND is_current = 0 AND size > 0 ORDER BY stream_id DESC LIMIT ?",
            (office, count),
        )
    )
    return [_stream(db, row) for row in reversed(rows)]


def small_payload(db: Reading, stream_id: int, number: int) -> bytes | None:
    """The payload of an entry that is no view and stands in its row; None if there is none such."""
    row = db.one("SELECT payload FROM incoming_entry WHERE stream_id = ? AND number = ?", (stream_id, number))
    return None if row is None else row[0]


def remembered(db: Reading, stream_id: int, start: int, stop: int) -> Iterator[Lost]:
    """What is known of the entries from *start* up to *stop*: headers or leaves, and of which items they were."""
    rows = db.rows(
        "SELECT number, leaf, kind, payload_hash, payload_size_bytes, item_id FROM incoming_entry "
        "LEFT JOIN view USING (view_key) WHERE stream_id = ? AND number >= ? AND number < ? ORDER BY number",
        (stream_id, start, stop),
    )
    for number, leaf, kind, payload_hash, size_bytes, item_id in rows:
        if kind is None:
            yield Lost(entry=TakenBack(number=number, leaf=leaf))
        else:
            header = EntryHeader(
                number=number, kind=EntryKind(kind), payload_hash=payload_hash, payload_size_bytes=size_bytes
            )
            yield Lost(entry=Carried(header=header), item=item_id)


def was_left(db: Reading, office: str, incarnation: bytes) -> bool:
    """Whether an office left this incarnation of its stream for another."""
    row = db.one(
        "SELECT 1 FROM incoming WHERE office = ? AND incarnation = ? AND is_current = 0",
        (office, incarnation),
    )
    return row is not None


def leave(db: Writing, stream_id: int) -> None:
    """Let a stream be one that its office left; what came of it stays."""
    db.run("UPDATE incoming SET is_current = 0 WHERE stream_id = ?", (stream_id,))


def start_stream(db: Writing, office: str, incarnation: bytes, at: int) -> Incoming:
    """Begin the stream of an office; nothing of it is held yet."""
    db.run(
        "INSERT INTO incoming (office, incarnation, frontier, started_at) VALUES (?, ?, ?, ?)",
        (office, incarnation, encode(Held().frontier), at),
    )
    found = stream(db, office)
    assert found is not None, "a stream that was begun is there"
    return found


def append(
    db: Writing,
    stream: Incoming,
    entries: Sequence[NewIncoming],
    held: Held,
    at: int,
    *,
    blobs: Blobs | None = None,
) -> None:
    """
    Append entries that came.

    Args:
        db: The change.
        stream: As it is now.
        entries: In order, numbered on from what is held.
        held: What is held then; the store works out itself what of it is void.
        at: When.
        blobs: Where payloads go that are long and no views; without it they stay in their rows.
    """
    before, after = stream.held.frontier.size, held.frontier.size
    assert held.incarnation == stream.incarnation, "what is held is of the same incarnation"
    assert [each.number for each in entries] == [*range(before, after)], "entries follow one another"
    db.run_many(
        "INSERT INTO incoming_entry (stream_id, number, leaf, state, kind, payload_hash, payload_size_bytes, "
        "view_key, slip, payload, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                stream.stream_id,
                each.number,
                each.leaf,
                each.state.value,
                None if each.header is None else each.header.kind.value,
                None if each.header is None else each.header.payload_hash,
                None if each.header is None else each.header.payload_size_bytes,
                each.view_key,
                None if each.slip is None else encode(each.slip),
                _inline(each.payload, blobs),
                at,
            )
            for each in entries
        ],
    )
    db.run(
        "UPDATE incoming SET frontier = ?, size = ? WHERE stream_id = ? AND size = ?",
        (encode(held.frontier), after, stream.stream_id, before),
    )
    assert db.changed() == 1, "the stream is as it is now"


def _inline(payload: bytes | None, blobs: Blobs | None) -> bytes | None:
    if payload is None or blobs is None or len(payload) <= INLINE_SIZE_BYTES_MAX:
        return payload
    blobs.put(payload)
    return None


def void(db: Writing, stream_id: int, number: int) -> int | None:
    """
    Note that an entry is void.

    Returns:
        The view that came with it; None if there was none, or if it is ours or destroyed, or if another entry that is
        held brought it too, be it of another office: who takes back speaks only for their own entry.
    """
    db.run("UPDATE incoming_entry SET state = 'void' WHERE stream_id = ? AND number = ?", (stream_id, number))
    row = db.one(
        "SELECT view_key FROM incoming_entry JOIN view USING (view_key) "
        "WHERE stream_id = ? AND number = ? AND source <> '' AND view.state <> 'destroyed' AND NOT EXISTS ("
        "SELECT 1 FROM incoming_entry AS other WHERE other.view_key = view.view_key AND other.state = 'held')",
        (stream_id, number),
    )
    return None if row is None else int(row[0])


def refuse(db: Writing, stream_id: int, number: int) -> None:
    """Note that an entry can never be accepted."""
    db.run(
        "UPDATE incoming_entry SET state = 'refused' WHERE stream_id = ? AND number = ?", (stream_id, number)
    )


def kind(db: Reading, stream_id: int, number: int) -> str | None:
    """The kind of an entry; None if there is none, or it was taken back before it came."""
    row = db.one("SELECT kind FROM incoming_entry WHERE stream_id = ? AND number = ?", (stream_id, number))
    return None if row is None else row[0]


def entries(db: Reading, stream_id: int, start: int, *, count_max: int, blobs: Blobs) -> list[NewIncoming]:
    """
    The entries from *start* on, in order, at most *count_max*; a view is to be asked for by its key.

    Raises:
        StoreError: A payload is damaged.
    """
    rows = db.rows(
        "SELECT number, leaf, state, kind, payload_hash, payload_size_bytes, view_key, slip, payload "
        "FROM incoming_entry WHERE stream_id = ? AND number >= ? ORDER BY number LIMIT ?",
        (stream_id, start, count_max),
    )
    return [_entry(row, blobs) for row in rows]


def _entry(row: Row, blobs: Blobs) -> NewIncoming:
    number, leaf, state, kind, payload_hash, size_bytes, view_key, slip, payload = row
    header = None
    if kind is not None:
        header = EntryHeader(
            number=number, kind=EntryKind(kind), payload_hash=payload_hash, payload_size_bytes=size_bytes
        )
        if payload is None and header.kind is not EntryKind.VIEW:
            payload = blobs.get(payload_hash)
    return NewIncoming(
        number=number,
        leaf=leaf,
        state=EntryState(state),
        header=header,
        view_key=view_key,
        slip=None if slip is None else _SLIP.decode(slip),
        payload=payload,
    )


def leaves(db: Reading, stream_id: int) -> Iterator[tuple[int, bytes]]:
    """The number and leaf of every entry, in order."""
    sql = "SELECT number, leaf FROM incoming_entry WHERE stream_id = ? AND number > ? ORDER BY number LIMIT ?"
    yield from stretches(db, sql, stream_id)


def sizes(db: Reading) -> Iterator[tuple[str, bytes, int]]:
    """Of every stream that ever came its office, incarnation, and how many entries are held."""
    yield from db.rows("SELECT office, incarnation, size FROM incoming ORDER BY stream_id")


def leaves_between(db: Reading, stream_id: int, start: int, stop: int) -> Iterator[Hash]:
    """The leaves of the entries from *start* up to *stop*, in order."""
    sql = (
        "SELECT number, leaf FROM incoming_entry WHERE stream_id = ? AND number < ? AND number > ? "
        "ORDER BY number LIMIT ?"
    )
    for _, leaf in stretches(db, sql, stream_id, stop, after=start - 1):
        yield Hash(leaf)


def save_receipt(db: Writing, stream_id: int, size: int, data: bytes, at: int) -> None:
    """Keep a receipt that we made, before it is sent; there is one for a size, and it is not made twice."""
    db.run(
        "INSERT INTO incoming_receipt (stream_id, size, data, made_at) VALUES (?, ?, ?, ?)",
        (stream_id, size, data, at),
    )
    db.run("UPDATE incoming SET receipt_size = max(receipt_size, ?) WHERE stream_id = ?", (size, stream_id))


def receipt(db: Reading, stream_id: int) -> bytes | None:
    """The highest receipt that we made, or None."""
    row = db.one(
        "SELECT data FROM incoming_receipt WHERE stream_id = ? ORDER BY size DESC LIMIT 1", (stream_id,)
    )
    return None if row is None else bytes(row[0])


def receipts(db: Reading, stream_id: int) -> Iterator[tuple[int, bytes]]:
    """Every receipt that we made, by size."""
    sql = "SELECT size, data FROM incoming_receipt WHERE stream_id = ? AND size > ? ORDER BY size LIMIT ?"
    yield from stretches(db, sql, stream_id, count=NOTES_AT_ONCE)
