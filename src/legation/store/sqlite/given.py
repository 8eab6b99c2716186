# SPDX-License-Identifier: Apache-2.0
"""
What an office was handed, delivery by delivery: in a stream, or on paper.

Queries go by ``temp.allowed``: an item of which the reader may see nothing is not there for them.
"""

from dataclasses import dataclass

from legation.item.draft import Slip
from legation.release import Because, DeliveryState
from legation.store.sqlite.database import Reading, Row
from legation.store.sqlite.deliveries import SLIP


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGiven:
    """
    One copy that an office was handed, or that was on its way to it.

    ``stream_id``, ``incarnation`` and ``number`` are of its entry, or ``copy`` is the number of its copy on paper;
    ``handed_at`` is when it was numbered or printed. ``labels`` are the access ids approved, without those that the
    copy left out. ``receipt_size`` and ``receipted_at`` are of the first receipt over it; on paper the latter is when
    it was handed to a person. ``is_newest``: of its document's versions that the office has, it is the newest.
    """

    delivery_id: int
    item_id: bytes
    reference: str
    author: str
    slip: Slip
    state: DeliveryState
    because: Because
    released_by: str
    released_at: int
    stream_id: int | None
    incarnation: bytes | None
    number: int | None
    copy: int | None
    handed_at: int
    receipt_size: int | None
    receipted_at: int | None
    labels: frozenset[int]
    is_newest: bool


READABLE = (
    "EXISTS (SELECT 1 FROM view JOIN layer USING (view_key) WHERE view.item_id = item.item_id "
    "AND view.state IN ('held', 'destroyed') AND +layer.access_id IN (SELECT access_id FROM temp.allowed))"
)
"""Of a row of ``item``: whether the reader may see anything of it."""
GIVEN_LABELS = (
    "(SELECT group_concat(access_id) FROM delivery_label WHERE delivery_label.delivery_id = delivery.delivery_id "
    "AND is_cut = 0 AND (delivery.copy_number IS NULL OR access_id IN (SELECT printed_layer.access_id "
    "FROM printed_layer WHERE printed_layer.delivery_id = delivery.delivery_id)))"
)
"""Of a row of ``delivery``: the access ids that were approved and not left out of the copy."""
_HAS = "('numbered', 'receipted')"

# The first receipt that covers an entry counts: a later one says nothing new about it. None is about what was taken
# back before: a receipt covers what is void as well.
_GIVEN = f"""
SELECT delivery.delivery_id, item.item_id, reference, item.office, slip, delivery.state, because, released_by, released_at,
    delivery.stream_id, incarnation, entry_number, copy_number, coalesce(numbered_at, printed_at),
    (SELECT min(size) FROM outgoing_receipt AS receipt
        WHERE receipt.stream_id = delivery.stream_id AND size > entry_number
            AND (delivery.state = 'receipted' OR (delivery.state = 'withdrawn' AND is_taken_back = 0))),
    handed_at, {GIVEN_LABELS},
    delivery.state IN {_HAS} AND NOT EXISTS (
        SELECT 1 FROM item AS newer JOIN delivery AS later ON later.item_id = newer.item_id
        WHERE newer.document = item.document AND newer.office = item.office AND later.office = delivery.office
            AND later.state IN {_HAS}
            AND (newer.time, newer.item_id, later.delivery_id) > (item.time, item.item_id, delivery.delivery_id)
    )
FROM delivery JOIN item ON item.item_id = delivery.item_id JOIN released USING (release_id)
    LEFT JOIN outgoing ON outgoing.stream_id = delivery.stream_id
    LEFT JOIN outgoing_entry ON outgoing_entry.stream_id = delivery.stream_id AND number = entry_number
    LEFT JOIN printed ON printed.delivery_id = delivery.delivery_id
WHERE delivery.office = :office AND delivery.delivery_id > :after
    AND (entry_number IS NOT NULL OR copy_number IS NOT NULL)
    AND coalesce(numbered_at, printed_at) >= :since AND {READABLE}
ORDER BY delivery.delivery_id LIMIT :count
"""  # noqa: S608 - constants


def given(db: Reading, office: str, *, since: int, after: int, count: int) -> list[StoredGiven]:
    """
    What an office was handed, in the order in which it was approved.

    Args:
        db: The snapshot, bound to a reader.
        office: To whom.
        since: Only what was numbered or printed then or later, in seconds since 1970.
        after: Only deliveries above this one.
        count: How many at most.
    """
    rows = db.rows(_GIVEN, {"office": office, "since": since, "after": after, "count": count})
    return [_given(db, row) for row in rows]


def _given(db: Reading, row: Row) -> StoredGiven:
    delivery_id, item_id, reference, author, slip, state, because, by, at, *placed, labels, is_newest = row
    stream_id, incarnation, number, copy, handed_at, receipt_size, handed_to_person_at = placed
    receipted_at = handed_to_person_at
    if receipt_size is not None:
        found = db.one(
            "SELECT received_at FROM outgoing_receipt WHERE stream_id = ? AND size = ?",
            (stream_id, receipt_size),
        )
        assert found is not None, "a receipt that was found is there"
        receipted_at = found[0]
    return StoredGiven(
        delivery_id=delivery_id,
        item_id=item_id,
        reference=reference,
        author=author,
        slip=SLIP.decode(slip),
        state=DeliveryState(state),
        because=Because(because),
        released_by=by,
        released_at=at,
        stream_id=stream_id,
        incarnation=incarnation,
        number=number,
        copy=copy,
        handed_at=handed_at,
        receipt_size=receipt_size,
        receipted_at=receipted_at,
        labels=access_ids(labels),
        is_newest=bool(is_newest),
    )


def access_ids(listed: str | None) -> frozenset[int]:
    """Read access ids that a query put one behind the other."""
    return frozenset(map(int, listed.split(","))) if listed else frozenset()
