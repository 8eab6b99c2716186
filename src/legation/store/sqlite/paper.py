# SPDX-License-Identifier: Apache-2.0
"""
Copies on paper: which layers each shows, and what persons said of it.

A copy is made again from the item and these layers whenever it is asked for; its bytes are kept nowhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from legation.item.draft import Slip
from legation.release import Because, DeliveryEvent, DeliveryState
from legation.store.sqlite import deliveries
from legation.store.sqlite.database import Reading, Row, Writing


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCopy:
    """
    A copy on paper as it stands.

    ``cut`` is the SHA-256 of the cut that it shows, ``layers`` are the access ids of that. ``view_key`` is of the view
    that is cut, if it is another office's item. What nobody has said yet is None. Times are seconds since 1970, UTC.
    """

    delivery_id: int
    office: str
    item_id: bytes
    view_key: int | None
    slip: Slip
    state: DeliveryState
    copy: int
    cut: bytes
    layers: frozenset[int]
    languages: tuple[str, ...]
    printed_by: str
    printed_at: int
    handed_to: str | None
    handed_by: str | None
    handed_at: int | None
    destroyed_by: str | None
    destroyed_at: int | None


def print_copy(
    db: Writing,
    delivery_id: int,
    *,
    cut: bytes,
    layers: Iterable[int],
    languages: Iterable[str],
    by: str,
    epoch: int,
    at: int,
) -> int:
    """
    Note that a delivery that waits is printed; gives the number of the copy.

    Args:
        db: The change.
        delivery_id: Of the delivery.
        cut: SHA-256 of what is printed.
        layers: The access ids of what it shows.
        languages: Those that were asked for, best first.
        by: Who prints.
        epoch: At which epoch it was decided.
        at: When.

    Raises:
        LocalProtocolError: The delivery does not wait.
    """
    deliveries.move(db, delivery_id, DeliveryEvent.PRINT, Because.NONE, epoch=epoch, at=at)
    db.run(
        "INSERT INTO printed (delivery_id, cut, languages, printed_by, printed_at) VALUES (?, ?, ?, ?, ?)",
        (delivery_id, cut, " ".join(languages), by, at),
    )
    db.run_many(
        "INSERT INTO printed_layer (delivery_id, access_id) VALUES (?, ?)",
        [(delivery_id, each) for each in layers],
    )
    row = db.one("SELECT copy_number FROM delivery WHERE delivery_id = ?", (delivery_id,))
    assert row is not None, "what was printed is there"
    return int(row[0])


_COPY = (
    "SELECT delivery_id, office, item_id, view_key, slip, state, copy_number, cut, (SELECT group_concat(access_id) "
    "FROM printed_layer WHERE printed_layer.delivery_id = printed.delivery_id), languages, printed_by, "
    "printed_at, handed_to, handed_by, handed_at, destroyed_by, destroyed_at "
    "FROM delivery JOIN printed USING (delivery_id) "
)


def copies(db: Reading, item_id: bytes, office: str | None = None) -> list[StoredCopy]:
    """The copies on paper of an item, or those for one office, by office and number."""
    rows = db.rows(
        _COPY + "WHERE item_id = ? AND (?2 IS NULL OR office = ?2) AND copy_number IS NOT NULL "
        "ORDER BY office, copy_number",
        (item_id, office),
    )
    return [_copy(row) for row in rows]


def printed_items(db: Reading) -> list[bytes]:
    """The ids of the items of which there are copies on paper, ascending."""
    rows = db.rows("SELECT DISTINCT item_id FROM delivery WHERE copy_number IS NOT NULL ORDER BY item_id")
    return [item_id for (item_id,) in rows]


def copy_of(db: Reading, delivery_id: int) -> StoredCopy | None:
    """The copy on paper of a delivery, or None."""
    row = db.one(_COPY + "WHERE delivery_id = ? AND copy_number IS NOT NULL", (delivery_id,))
    return None if row is None else _copy(row)


def layers_of(db: Reading, delivery_id: int) -> frozenset[int]:
    """The access ids of what the copy on paper of a delivery shows; none if there is no copy."""
    rows = db.rows("SELECT access_id FROM printed_layer WHERE delivery_id = ?", (delivery_id,))
    return frozenset(access_id for (access_id,) in rows)


def _copy(row: Row) -> StoredCopy:
    delivery_id, office, item_id, view_key, slip, state, copy, cut, layers, languages, by, at, *said = row
    handed_to, handed_by, handed_at, destroyed_by, destroyed_at = said
    return StoredCopy(
        delivery_id=delivery_id,
        office=office,
        item_id=item_id,
        view_key=view_key,
        slip=deliveries.SLIP.decode(slip),
        state=DeliveryState(state),
        copy=copy,
        cut=cut,
        layers=frozenset(map(int, layers.split(","))) if layers else frozenset(),
        languages=tuple(languages.split()),
        printed_by=by,
        printed_at=at,
        handed_to=handed_to,
        handed_by=handed_by,
        handed_at=handed_at,
        destroyed_by=destroyed_by,
        destroyed_at=destroyed_at,
    )


def say_handed(db: Writing, delivery_id: int, *, to: str, by: str, at: int) -> None:
    """Write down to whom a copy was handed, which nobody has said before."""
    db.run(
        "UPDATE printed SET handed_to = ?, handed_by = ?, handed_at = ? "
        "WHERE delivery_id = ? AND handed_to IS NULL AND destroyed_by IS NULL",
        (to, by, at, delivery_id),
    )
    assert db.changed() == 1, "a copy is handed over once, while there is one"


def say_destroyed(db: Writing, delivery_id: int, *, by: str, at: int) -> None:
    """Write down that a copy was destroyed, which nobody has said before."""
    db.run(
        "UPDATE printed SET destroyed_by = ?, destroyed_at = ? "
        "WHERE delivery_id = ? AND destroyed_by IS NULL",
        (by, at, delivery_id),
    )
    assert db.changed() == 1, "a copy is destroyed once"


def explain_withdrawn(db: Writing, delivery_id: int, because: Because) -> None:
    """Say of a delivery that was withdrawn what has become known of its copy since."""
    db.run(
        "UPDATE delivery SET because = ? WHERE delivery_id = ? AND state = 'withdrawn'",
        (because.value, delivery_id),
    )
    assert db.changed() == 1, "only what was withdrawn is explained so"


def astray(db: Reading) -> int:
    """How many copies on paper are of no delivery that has a copy, or the other way round."""
    row = db.one(
        "SELECT (SELECT count(*) FROM delivery WHERE copy_number IS NOT NULL AND delivery_id NOT IN "
        "(SELECT delivery_id FROM printed)) + (SELECT count(*) FROM printed WHERE delivery_id NOT IN "
        "(SELECT delivery_id FROM delivery WHERE copy_number IS NOT NULL))"
    )
    assert row is not None, "a count gives a row"
    return int(row[0])
