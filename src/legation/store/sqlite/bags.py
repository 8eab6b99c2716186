# SPDX-License-Identifier: Apache-2.0
"""
Bags: which were packed of our streams, and which of our peers' were opened.

A bag is written down before its file is made, and once more when the file is on the disk. One whose file never
came to be keeps its number, and its entries count as not handed over.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from legation.store.sqlite.database import Reading, Row, Writing

BAG_NAME_SIZE_BYTES = 8  # random: the name of a file says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBag:
    """
    A bag that is about to be written: the entries from ``start`` up to ``stop`` of a stream to ``office``.

    ``receipt_size``: how many entries of the other stream the receipt in it is over; 0 without one. ``receipt_of``: the id of
    that stream.
    """

    number: int
    start: int
    stop: int
    binding: bytes
    file: bytes
    has_way_back: bool
    receipt_size: int
    receipt_of: int | None
    by: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedBag(NewBag):
    """
    A bag that was packed for an office; without ``written_at`` its file did not come to be.

    ``is_receipted``: whether all its entries are. ``is_current``: whether it is of the present stream.
    """

    office: str
    size_bytes: int | None
    written_at: int | None
    is_receipted: bool
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedBag:
    """A bag of a peer that was opened: entries from ``start`` up to ``stop`` of its stream."""

    binding: bytes
    office: str
    incarnation: bytes
    number: int
    start: int
    stop: int
    by: str
    at: int


def next_number(db: Reading, stream_id: int) -> int:
    """The number of the next bag of a stream."""
    row = db.one("SELECT coalesce(max(number), 0) + 1 FROM packed_bag WHERE stream_id = ?", (stream_id,))
    assert row is not None, "an aggregate gives a row"
    return int(row[0])


def packed_up_to(db: Reading, stream_id: int) -> int:
    """How many entries of a stream are in bags that were written."""
    row = db.one(
        "SELECT coalesce(max(stop), 0) FROM packed_bag WHERE stream_id = ? AND written_at IS NOT NULL",
        (stream_id,),
    )
    assert row is not None, "an aggregate gives a row"
    return int(row[0])


def has_opened_others(db: Reading, office: str, incarnation: bytes) -> bool:
    """Whether a bag of an office was opened that is of another incarnation of its stream."""
    row = db.one(
        "SELECT 1 FROM opened_bag WHERE office = ? AND incarnation <> ? LIMIT 1", (office, incarnation)
    )
    return row is not None


def brought_back(db: Reading, stream_id: int, receipt_of: int) -> int:
    """Over how many entries of a stream of the other office a receipt was in a bag that was written."""
    row = db.one(
        "SELECT coalesce(max(receipt_size), 0) FROM packed_bag WHERE stream_id = ? AND receipt_of = ? "
        "AND written_at IS NOT NULL",
        (stream_id, receipt_of),
    )
    assert row is not None, "an aggregate gives a row"
    return int(row[0])


def add(db: Writing, stream_id: int, new: NewBag) -> None:
    """Write down a bag before its file is made."""
    db.run(
        "INSERT INTO packed_bag (stream_id, number, start, stop, binding, file, has_way_back, receipt_size, "
        "receipt_of, packed_by, packed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            stream_id,
            new.number,
            new.start,
            new.stop,
            new.binding,
            new.file,
            int(new.has_way_back),
            new.receipt_size,
            new.receipt_of,
            new.by,
            new.at,
        ),
    )


def written(db: Writing, stream_id: int, number: int, size_bytes: int, at: int) -> None:
    """Note that the file of a bag is on the disk."""
    db.run(
        "UPDATE packed_bag SET size_bytes = ?, written_at = ? WHERE stream_id = ? AND number = ?",
        (size_bytes, at, stream_id, number),
    )
    assert db.changed() == 1, "a bag is written down before it is written"


_PACKED = (
    "SELECT number, start, stop, binding, file, has_way_back, packed_bag.receipt_size, receipt_of, packed_by, packed_at, "
    "office, size_bytes, written_at, stop <= outgoing.receipt_size, is_current "
    "FROM packed_bag JOIN outgoing USING (stream_id) "
)


def packed(db: Reading, stream_id: int, number: int) -> PackedBag | None:
    """The bag of a stream with this number, or None."""
    row = db.one(_PACKED + "WHERE stream_id = ? AND number = ?", (stream_id, number))
    return None if row is None else _packed(row)


def packed_as(db: Reading, file: bytes) -> PackedBag | None:
    """The bag that was written to a file of this name, or None."""
    row = db.one(_PACKED + "WHERE file = ?", (file,))
    return None if row is None else _packed(row)


def packed_with(db: Reading, binding: bytes) -> PackedBag | None:
    """The bag that was packed here with this binding, or None."""
    row = db.one(_PACKED + "WHERE binding = ?", (binding,))
    return None if row is None else _packed(row)


def all_packed(db: Reading, office: str = "") -> Iterator[PackedBag]:
    """Every bag that was packed, for one office or for all, in the order in which streams and bags began."""
    sql = _PACKED + "WHERE ? IN ('', office) ORDER BY office, stream_id, number"
    return map(_packed, db.rows(sql, (office,)))


def packed_with_sizes(db: Reading) -> Iterator[tuple[PackedBag, int, int]]:
    """Every bag that was packed, with the id of its stream, and how many entries that has."""
    sql = _PACKED.replace(" FROM ", ", stream_id, outgoing.size FROM ", 1) + "ORDER BY stream_id, number"
    for *row, stream_id, size in db.rows(sql):
        yield _packed(tuple(row)), stream_id, size


def _packed(row: Row) -> PackedBag:
    number, start, stop, binding, file, has_way_back, receipt_size, receipt_of, by, at, office, *rest = row
    size_bytes, written_at, is_receipted, is_current = rest
    return PackedBag(
        number=number,
        start=start,
        stop=stop,
        binding=binding,
        file=file,
        has_way_back=bool(has_way_back),
        receipt_size=receipt_size,
        receipt_of=receipt_of,
        by=by,
        at=at,
        office=office,
        size_bytes=size_bytes,
        written_at=written_at,
        is_receipted=bool(is_receipted),
        is_current=bool(is_current),
    )


_OPENED = "SELECT binding, office, incarnation, number, start, stop, opened_by, opened_at FROM opened_bag "


def note_opened(db: Writing, bag: OpenedBag) -> None:
    """Write down that a bag was opened."""
    db.run(
        "INSERT INTO opened_bag (binding, office, incarnation, number, start, stop, opened_by, opened_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (bag.binding, bag.office, bag.incarnation, bag.number, bag.start, bag.stop, bag.by, bag.at),
    )


def opened(db: Reading, binding: bytes) -> OpenedBag | None:
    """The bag with this binding, if it was opened."""
    row = db.one(_OPENED + "WHERE binding = ?", (binding,))
    return None if row is None else _opened(row)


def opened_before(db: Reading, office: str, incarnation: bytes, number: int) -> int:
    """The highest number below *number* of a bag that was opened; 0 if there is none."""
    row = db.one(
        "SELECT coalesce(max(number), 0) FROM opened_bag WHERE office = ? AND incarnation = ? AND number < ?",
        (office, incarnation, number),
    )
    assert row is not None, "an aggregate gives a row"
    return int(row[0])


def all_opened(db: Reading, office: str = "") -> Iterator[OpenedBag]:
    """Every bag that was opened, of one office or of all, by number within an incarnation."""
    sql = _OPENED + "WHERE ? IN ('', office) ORDER BY office, incarnation, number, opened_at"
    return map(_opened, db.rows(sql, (office,)))


def _opened(row: Row) -> OpenedBag:
    binding, office, incarnation, number, start, stop, by, at = row
    return OpenedBag(
        binding=binding,
        office=office,
        incarnation=incarnation,
        number=number,
        start=start,
        stop=stop,
        by=by,
        at=at,
    )
