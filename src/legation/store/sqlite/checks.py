# SPDX-License-Identifier: Apache-2.0
"""
What the tables are asked to find where they disagree; see ``legation.node.checking.whole``, where it is judged.

What there is much of is read by keys, a stretch at a time: within a change all rows of a statement are read at
once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from legation.exchange import EntryKind, read_void
from legation.item.draft import Slip
from legation.release import DeliveryState
from legation.store.sqlite.database import Reading, Row
from legation.store.sqlite.deliveries import SLIP
from legation.store.sqlite.stretches import stretches

TOLD_MAX = 1000  # of what the library finds in its pages; more says nothing new


# What the library says of an index alone; everything else it says is about the rows themselves.
_OF_INDEX = re.compile(r"row \d+ missing from index \S+|wrong # of entries in index \S+")


class Health(StrEnum):
    """How the pages and indexes of the store are."""

    SOUND = "sound"
    INDEXES = "indexes"
    """The rows are whole, an index is not; it can be made again."""
    DAMAGED = "damaged"


class Side(StrEnum):
    """Which way a stream goes."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"


def health(db: Reading) -> Health:
    """Go through all pages and indexes."""
    told = [said for (said,) in db.rows(f"PRAGMA integrity_check({TOLD_MAX})")]
    if told == ["ok"]:
        return Health.SOUND
    return Health.INDEXES if all(map(_OF_INDEX.fullmatch, told)) else Health.DAMAGED


def dangling(db: Reading) -> list[tuple[str, str]]:
    """The tables in which a row names another that is missing, each with the table where it is missing."""
    rows = db.rows('SELECT DISTINCT "table", parent FROM pragma_foreign_key_check ORDER BY 1, 2')
    return [(table, parent) for table, parent in rows]


def count(db: Reading, table: str) -> int:
    """How many rows a table has; the name is one of ours."""
    row = db.one(f"SELECT count(*) FROM {table}")  # noqa: S608 - a table of ours
    assert row is not None, "a count gives a row"
    return int(row[0])


def view_keys(db: Reading) -> Iterator[int]:
    """The key of every view, ascending."""
    sql = "SELECT view_key FROM view WHERE view_key > ? ORDER BY view_key LIMIT ?"
    return (view_key for (view_key,) in stretches(db, sql))


def stated_size(db: Reading, side: Side, stream_id: int) -> int:
    """How many entries the row of a stream says that it has, beside its frontier."""
    row = db.one(f"SELECT size FROM {side} WHERE stream_id = ?", (stream_id,))  # noqa: S608 - constants
    assert row is not None, "a stream is asked for by its id"
    return int(row[0])


def voided(db: Reading, side: Side, stream_id: int) -> frozenset[int]:
    """
    The numbers of the entries that later entries of the stream say are void.

    Raises:
        MalformedError: One of these says nothing.
    """
    rows = db.rows(
        f"SELECT payload FROM {side}_entry WHERE stream_id = ? AND kind = ?",  # noqa: S608 - constants
        (stream_id, EntryKind.VOID.value),
    )
    return frozenset(read_void(payload).number for (payload,) in rows)


def items_without_view(db: Reading) -> int:
    """How many items there are of which nothing is held."""
    row = db.one(
        "SELECT count(*) FROM item WHERE NOT EXISTS (SELECT 1 FROM view WHERE view.item_id = item.item_id)"
    )
    assert row is not None, "a count gives a row"
    return int(row[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """An entry that a view came with: from whom, what became of the entry, and its leaf."""

    office: str
    state: str
    leaf: bytes


def came_with(db: Reading, view_key: int) -> list[Came]:
    """Every entry that a view came with."""
    rows = db.rows(
        "SELECT office, state, leaf FROM incoming_entry JOIN incoming USING (stream_id) WHERE view_key = ?",
        (view_key,),
    )
    return [Came(office=office, state=state, leaf=leaf) for office, state, leaf in rows]


def is_released(db: Reading, item_id: bytes) -> bool:
    """Whether a release names an item."""
    return db.one("SELECT 1 FROM released WHERE item_id = ?", (item_id,)) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDelivery:
    """
    A delivery, and what is said elsewhere of its entry; all of that is None where it has none.

    ``of_entry`` is the delivery that the entry names, ``entry_office`` whose stream the entry is in, ``receipt_size``
    that of the newest receipt over it. ``is_taken_back``: or it goes again, in a stream that took the place of that one.
    """

    delivery_id: int
    office: str
    item_id: bytes
    slip: Slip
    precedence: int
    state: DeliveryState
    number: int | None
    of_entry: int | None
    entry_office: str | None
    receipt_size: int | None
    is_taken_back: int | None


_DELIVERY = (
    "SELECT delivery.delivery_id, delivery.office, delivery.item_id, delivery.slip, delivery.precedence, "
    "delivery.state, delivery.entry_number, outgoing_entry.delivery_id, outgoing.office, "
    "(SELECT max(size) FROM outgoing_receipt WHERE outgoing_receipt.stream_id = delivery.stream_id), "
    "outgoing_entry.is_taken_back OR (delivery.because = 'sent-again' AND outgoing.is_current = 0) FROM delivery "
    "LEFT JOIN outgoing ON outgoing.stream_id = delivery.stream_id "
    "LEFT JOIN outgoing_entry ON outgoing_entry.stream_id = delivery.stream_id "
    "AND outgoing_entry.number = delivery.entry_number "
)


def deliveries_of(db: Reading, release_id: int) -> list[CheckedDelivery]:
    """Every delivery of a release."""
    return [
        _delivery(row)
        for row in db.rows(_DELIVERY + "WHERE release_id = ? ORDER BY delivery.delivery_id", (release_id,))
    ]


def delivery_of_entry(db: Reading, stream_id: int, number: int) -> CheckedDelivery | None:
    """The delivery that an entry of ours says it is of, or None."""
    row = db.one(
        _DELIVERY + "WHERE delivery.delivery_id = "  # noqa: S608 - constants
        "(SELECT delivery_id FROM outgoing_entry WHERE stream_id = ? AND number = ?)",
        (stream_id, number),
    )
    return None if row is None else _delivery(row)


def _delivery(row: Row) -> CheckedDelivery:
    delivery_id, office, item_id, slip, precedence, state, number, of_entry, entry_office, size, taken = row
    return CheckedDelivery(
        delivery_id=delivery_id,
        office=office,
        item_id=item_id,
        slip=SLIP.decode(slip),
        precedence=precedence,
        state=DeliveryState(state),
        number=number,
        of_entry=of_entry,
        entry_office=entry_office,
        receipt_size=size,
        is_taken_back=taken,
    )


def approved_for(db: Reading, delivery_id: int) -> frozenset[int]:
    """The access ids that are approved for a delivery."""
    rows = db.rows("SELECT access_id FROM delivery_label WHERE delivery_id = ?", (delivery_id,))
    return frozenset(access_id for (access_id,) in rows)


def labels_astray(db: Reading) -> int:
    """How many rows of approved labels repeat their delivery's office or state wrongly."""
    row = db.one(
        "SELECT count(*) FROM delivery_label JOIN delivery USING (delivery_id) "
        "WHERE delivery_label.office <> delivery.office OR is_withheld <> (state = 'withheld') "
        "OR (is_cut = 1 AND entry_number IS NULL)"
    )
    assert row is not None, "a count gives a row"
    return int(row[0])


def taken_back(db: Reading, stream_id: int, number: int) -> bool:
    """Whether an entry of ours that is there is marked as taken back."""
    row = db.one(
        "SELECT is_taken_back FROM outgoing_entry WHERE stream_id = ? AND number = ?", (stream_id, number)
    )
    assert row is not None, "an entry is asked for by its number"
    return bool(row[0])


def confirmed_cards(db: Reading, office: str) -> list[tuple[int, bytes]]:
    """The number and digest of every card of an office that was ever confirmed, by number."""
    rows = db.rows(
        "SELECT number, digest FROM card WHERE office = ? AND confirmed_by IS NOT NULL ORDER BY number",
        (office,),
    )
    return [(number, digest) for number, digest in rows]


def confirmed_grants(db: Reading, office: str) -> list[tuple[str, bytes, str, bool]]:
    """Every grant that was ever confirmed for an office: policy, clearance, agreement, whether it is in force."""
    rows = db.rows(
        "SELECT policy_id, clearance, agreement, ended_at IS NULL FROM granted "
        "WHERE office = ? AND confirmed_at IS NOT NULL ORDER BY grant_id",
        (office,),
    )
    return [(policy, clearance, agreement, bool(is_open)) for policy, clearance, agreement, is_open in rows]


def mission_policies(db: Reading) -> list[tuple[str, bytes]]:
    """What the mission holds: under which policy the row says, and the clearance."""
    rows = db.rows("SELECT policy_id, clearance FROM mission_clearance ORDER BY policy_id, purpose")
    return [(policy_id, clearance) for policy_id, clearance in rows]


def blob_names(db: Reading) -> set[bytes]:
    """The hashes of all that is too long for a row, each 64 KiB on the disk for 32 bytes here."""
    rows = db.rows(
        "SELECT hash FROM view WHERE data IS NULL AND state <> 'destroyed' UNION ALL "
        "SELECT payload_hash FROM outgoing_entry WHERE payload IS NULL AND is_taken_back = 0 "
        "AND is_destroyed = 0 UNION ALL "
        "SELECT payload_hash FROM incoming_entry WHERE payload IS NULL AND kind IS NOT NULL AND kind <> 'view'"
    )
    return {digest for (digest,) in rows}
