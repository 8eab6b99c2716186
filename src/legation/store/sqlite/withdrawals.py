# SPDX-License-Identifier: Apache-2.0
"""
Withdrawals: of items that are held, and of items that have not come.

One that is held counts for the items of the office whose key signed it. One that is set apart counts for
nothing, and is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from legation.store.sqlite.database import Reading, Row, Writing
from legation.store.sqlite.items import ViewState


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWithdrawal:
    """A withdrawal; ``source`` is the office that it came from, empty for our own."""

    digest: bytes
    item_id: bytes
    office: str
    source: str
    state: ViewState
    because: str
    received_at: int
    data: bytes


def save_withdrawal(
    db: Writing,
    *,
    data: bytes,
    item_id: bytes,
    office: str,
    source: str,
    at: int,
    state: ViewState = ViewState.HELD,
    because: str = "",
) -> bool:
    """
    Keep a withdrawal, or judge anew one that was set apart.

    Returns:
        Whether the item is withdrawn since; not if it was before.
    """
    is_held = state is ViewState.HELD
    if is_held and withdrawn_at(db, item_id, office) is not None:
        return False
    db.run(
        "INSERT INTO withdrawal (digest, item_id, office, source, state, because, received_at, data) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET office = excluded.office, "
        "state = excluded.state, because = excluded.because, received_at = excluded.received_at "
        "WHERE state = 'quarantined'",
        (sha256(data).digest(), item_id, office, source, state.value, because, at, data),
    )
    return is_held


def withdrawn_at(db: Reading, item_id: bytes, office: str) -> int | None:
    """When an item of an office was withdrawn, by our clock; None if it is not."""
    row = db.one(
        "SELECT received_at FROM withdrawal WHERE item_id = ? AND office = ? AND state = 'held'",
        (item_id, office),
    )
    return None if row is None else int(row[0])


def held(db: Reading, item_id: bytes, office: str) -> StoredWithdrawal | None:
    """The withdrawal that counts for an item of an office, or None."""
    row = db.one(
        _WITHDRAWAL + "WHERE item_id = ? AND office = ? AND state = 'held'",
        (item_id, office),
    )
    return None if row is None else _withdrawal(row)


def told(db: Reading) -> dict[tuple[str, bytes], bool]:
    """
    Who was told of a withdrawal in their stream, by office and item; and whether their receipt covers that.
    """
    rows = db.rows(
        "SELECT outgoing.office, withdrawal.item_id, max(outgoing_entry.number < outgoing.receipt_size) "
        "FROM outgoing_entry JOIN outgoing USING (stream_id) "
        "JOIN withdrawal ON withdrawal.digest = outgoing_entry.payload_hash "
        "WHERE outgoing_entry.kind = 'withdrawal' GROUP BY outgoing.office, withdrawal.item_id"
    )
    return {(office, item_id): bool(is_received) for office, item_id, is_received in rows}


def withdrawals(db: Reading) -> Iterator[StoredWithdrawal]:
    """Every withdrawal, by digest."""
    return map(_withdrawal, db.rows(_WITHDRAWAL + "ORDER BY digest"))


def quarantined(db: Reading) -> list[StoredWithdrawal]:
    """Those that are set apart, by digest."""
    rows = db.rows(_WITHDRAWAL + "WHERE state = 'quarantined' ORDER BY digest")
    return [_withdrawal(row) for row in rows]


_WITHDRAWAL = "SELECT digest, item_id, office, source, state, because, received_at, data FROM withdrawal "


def _withdrawal(row: Row) -> StoredWithdrawal:
    digest, item_id, office, source, state, because, received_at, data = row
    return StoredWithdrawal(
        digest=digest,
        item_id=item_id,
        office=office,
        source=source,
        state=ViewState(state),
        because=because,
        received_at=received_at,
        data=data,
    )
