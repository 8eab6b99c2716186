# SPDX-License-Identifier: Apache-2.0
"""
Deliveries: one item on its way to one addressee, with what was approved for it.

A pull asks for those that wait and finds them by one index; those that were withheld are not visited.
They come back through ``withheld_by_access`` and ``wake``, when a decision about one of their labels
has changed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from legation.encoding import Codec, encode
from legation.errors import LocalProtocolError
from legation.exchange.entry import SLIP_SIZE_BYTES_MAX
from legation.item.draft import Precedence, Slip
from legation.release import Because, DeliveryEvent, DeliveryState, move_on
from legation.store.sqlite.database import Reading, Writing
from legation.store.sqlite.stretches import stretches

SLIP = Codec(Slip, size_bytes_max=SLIP_SIZE_BYTES_MAX, what="slip")
OF_ITEM_MAX = 500  # deliveries of one item to one office; each comes of a release of its own
_RANKS = {each: rank for rank, each in enumerate(Precedence)}  # routine first


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """
    A delivery that waits to be numbered; ``labels`` are the access ids approved for it.

    ``versions_of`` is the document, if other versions of it were released here, or this one to this office before:
    then they are decided together.
    ``view_key`` is of the view that is cut, if it is another office's item that is passed on.
    """

    delivery_id: int
    item_id: bytes
    slip: Slip
    labels: frozenset[int]
    versions_of: bytes | None = None
    view_key: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDelivery(Waiting):
    """A delivery of one of several versions, as it stands; ``stream_id`` and ``number`` are of its entry."""

    state: DeliveryState
    because: Because
    stream_id: int | None
    number: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOn:
    """
    A delivery of another office's item, as it stands; ``release_id`` tells which was approved later.

    ``labels`` are the access ids approved; ``stream_id`` and ``number`` are of its entry.
    """

    delivery_id: int
    release_id: int
    state: DeliveryState
    labels: frozenset[int]
    stream_id: int | None
    number: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDelivery:
    """
    A delivery as it stands.

    ``number`` is that of its entry in the stream to the addressee, ``copy`` that of its copy on paper.
    """

    delivery_id: int
    office: str
    item_id: bytes
    reference: str
    state: DeliveryState
    because: Because
    number: int | None
    copy: int | None
    changed_at: int


def add_release(
    db: Writing, *, item_id: bytes, draft_digest: bytes | None, preview_digest: bytes, by: str, at: int
) -> int:
    """Write down who released what, and what they had seen; without a draft, another's item was passed on."""
    row = db.one(
        "INSERT INTO released (item_id, draft_digest, preview_digest, released_by, released_at) "
        "VALUES (?, ?, ?, ?, ?) RETURNING release_id",
        (item_id, draft_digest, preview_digest, by, at),
    )
    assert row is not None, "an insert gives a row back"
    return int(row[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRelease:
    """
    A release: what was released, of which draft, and what whoever did it had seen.

    Without a draft another office's item was passed on.
    """

    release_id: int
    item_id: bytes
    draft_digest: bytes | None
    preview_digest: bytes


def releases(db: Reading) -> Iterator[StoredRelease]:
    """Every release, the oldest first."""
    sql = (
        "SELECT release_id, item_id, draft_digest, preview_digest FROM released "
        "WHERE release_id > ? ORDER BY release_id LIMIT ?"
    )
    for release_id, item_id, draft_digest, preview_digest in stretches(db, sql):
        yield StoredRelease(
            release_id=release_id, item_id=item_id, draft_digest=draft_digest, preview_digest=preview_digest
        )


def approved(db: Reading, release_id: int) -> list[tuple[str, Slip, frozenset[int]]]:
    """Of each delivery of a release: to whom, with which slip, and the access ids approved for it."""
    rows = db.rows(
        "SELECT office, slip, (SELECT group_concat(access_id) FROM delivery_label "
        "WHERE delivery_label.delivery_id = delivery.delivery_id) FROM delivery "
        "WHERE release_id = ? ORDER BY delivery_id",
        (release_id,),
    )
    return [
        (office, SLIP.decode(slip), frozenset(map(int, labels.split(","))) if labels else frozenset())
        for office, slip, labels in rows
    ]


def passed_views(db: Reading, release_id: int) -> dict[str, int]:
    """By addressee the key of the view that is cut for it, of a release that passed on another's item."""
    rows = db.rows(
        "SELECT office, view_key FROM delivery WHERE release_id = ? AND view_key IS NOT NULL ORDER BY delivery_id",
        (release_id,),
    )
    return dict(rows)


def is_released(db: Reading, draft_digest: bytes) -> bool:
    """Whether this very draft was released before."""
    return db.one("SELECT 1 FROM released WHERE draft_digest = ?", (draft_digest,)) is not None


def add_delivery(
    db: Writing,
    *,
    office: str,
    item_id: bytes,
    release_id: int,
    slip: Slip,
    labels: Iterable[int],
    state: DeliveryState,
    because: Because,
    epoch: int,
    at: int,
    view_key: int | None = None,
) -> int:
    """
    Add a delivery with what was approved for it.

    Args:
        db: The change.
        office: The addressee; it need not be a peer yet.
        item_id: What is delivered.
        release_id: By which release.
        slip: What concerns this addressee.
        labels: The access ids that the approver saw in its copy.
        state: ``WAITING``, or ``WITHHELD`` if the copy is empty.
        because: Why it is withheld.
        epoch: At which epoch that was decided.
        at: When.
        view_key: Of another's item, the view that is cut.
    """
    row = db.one(
        "INSERT INTO delivery (office, item_id, release_id, view_key, slip, precedence, state, because, epoch, "
        "changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING delivery_id",
        (
            office,
            item_id,
            release_id,
            view_key,
            encode(slip),
            _RANKS[slip.precedence],
            state.value,
            because.value,
            epoch,
            at,
        ),
    )
    assert row is not None, "an insert gives a row back"
    delivery_id = int(row[0])
    is_withheld = int(state is DeliveryState.WITHHELD)
    db.run_many(
        "INSERT INTO delivery_label (delivery_id, access_id, office, is_withheld) VALUES (?, ?, ?, ?)",
        [(delivery_id, each, office, is_withheld) for each in labels],
    )
    return delivery_id


def has_waiting(db: Reading, office: str) -> bool:
    """Whether anything waits for an office: one look at an index."""
    return (
        db.one("SELECT 1 FROM delivery WHERE office = ? AND state = 'waiting' LIMIT 1", (office,)) is not None
    )


def waiting(db: Reading, office: str, limit: int, item_id: bytes | None = None) -> list[Waiting]:
    """What waits for an office, the most urgent first, then the oldest; or what of it is of one item."""
    rows = db.rows(
        f"SELECT delivery_id, item_id, slip, {_LABELS}, (SELECT document FROM item "  # noqa: S608 - constants
        "WHERE item.item_id = delivery.item_id AND item.is_own = 1 AND EXISTS (SELECT 1 FROM item AS other "
        "WHERE other.document = item.document AND other.is_own = 1 AND other.item_id <> item.item_id "
        "UNION ALL SELECT 1 FROM delivery AS other WHERE other.item_id = item.item_id "
        "AND other.office = delivery.office AND other.release_id <> delivery.release_id AND other.state <> 'void')), "
        "view_key FROM delivery WHERE office = ? AND state = 'waiting' "
        f"{'' if item_id is None else 'AND item_id = ? '}ORDER BY precedence DESC, delivery_id LIMIT ?",
        (office, limit) if item_id is None else (office, item_id, limit),
    )
    return [
        Waiting(
            delivery_id=delivery_id,
            item_id=item_id,
            slip=SLIP.decode(slip),
            labels=_ids(labels),
            versions_of=document,
            view_key=view_key,
        )
        for delivery_id, item_id, slip, labels, document, view_key in rows
    ]


def of_document(db: Reading, office: str, document: bytes) -> list[VersionDelivery]:
    """
    The deliveries to an office of all our versions of a document, the oldest version first.

    What is void has another one in its place.
    """
    rows = db.rows(
        f"SELECT delivery_id, item_id, slip, {_LABELS}, state, because, stream_id, "  # noqa: S608 - constants
        "entry_number FROM item JOIN delivery USING (item_id) WHERE item.document = ? AND item.is_own = 1 "
        "AND delivery.office = ? AND state <> 'void' ORDER BY item.time, item_id, delivery_id",
        (document, office),
    )
    return [
        VersionDelivery(
            delivery_id=delivery_id,
            item_id=item_id,
            slip=SLIP.decode(slip),
            labels=_ids(labels),
            versions_of=document,
            state=DeliveryState(state),
            because=Because(because),
            stream_id=stream_id,
            number=number,
        )
        for delivery_id, item_id, slip, labels, state, because, stream_id, number in rows
    ]


def passed_on(db: Reading, office: str, item_id: bytes) -> list[PassedOn]:
    """
    The deliveries of another's item to an office, in the order in which they were approved.

    What is void has another one in its place.
    """
    rows = db.rows(
        f"SELECT delivery_id, release_id, state, {_LABELS}, stream_id, entry_number "  # noqa: S608 - constants
        "FROM delivery WHERE office = ? AND item_id = ? AND state <> 'void' ORDER BY release_id, delivery_id",
        (office, item_id),
    )
    return [
        PassedOn(
            delivery_id=delivery_id,
            release_id=release_id,
            state=DeliveryState(state),
            labels=_ids(labels),
            stream_id=stream_id,
            number=number,
        )
        for delivery_id, release_id, state, labels, stream_id, number in rows
    ]


def addressees_of(db: Reading, document: bytes) -> dict[str, Slip]:
    """To whom versions of a document were released here, in the order in which it was, with the newest slip."""
    rows = db.rows(
        "SELECT delivery.office, slip FROM item JOIN delivery USING (item_id) WHERE item.document = ? "
        "AND item.is_own = 1 AND state <> 'void' ORDER BY item.time, item_id, delivery_id",
        (document,),
    )
    return {office: SLIP.decode(slip) for office, slip in rows}


def of_item(db: Reading, item_id: bytes) -> list[tuple[int, str, DeliveryState, int | None, int | None]]:
    """The deliveries of an item that can still be met by something: id, office, state, stream and number."""
    rows = db.rows(
        "SELECT delivery_id, office, state, stream_id, entry_number FROM delivery "
        "WHERE item_id = ? AND state IN ('waiting', 'numbered', 'receipted', 'withheld', 'printed') "
        "ORDER BY delivery_id",
        (item_id,),
    )
    return [
        (delivery_id, office, DeliveryState(state), stream_id, number)
        for delivery_id, office, state, stream_id, number in rows
    ]


def stopped_among(db: Reading, delivery_ids: Iterable[int]) -> set[int]:
    """Those of these deliveries that were withdrawn, or are of another's view that is held no more."""
    rows = db.rows(
        "SELECT delivery_id FROM json_each(?) AS wanted JOIN delivery ON delivery_id = wanted.value "
        "LEFT JOIN view USING (view_key) WHERE delivery.state = 'withdrawn' OR view.state <> 'held'",
        (encode(list(delivery_ids)).decode("ascii"),),
    )
    return {delivery_id for (delivery_id,) in rows}


def alike(db: Reading, document: bytes) -> list[int]:
    """The deliveries of a document's versions that are withheld because they say nothing new."""
    rows = db.rows(
        "SELECT delivery_id FROM item JOIN delivery USING (item_id) WHERE item.document = ? "
        "AND item.is_own = 1 AND state = 'withheld' AND because = 'no-difference' ORDER BY delivery_id",
        (document,),
    )
    return [delivery_id for (delivery_id,) in rows]


_LABELS = (
    "(SELECT group_concat(access_id) FROM delivery_label "
    "WHERE delivery_label.delivery_id = delivery.delivery_id)"
)


def _ids(labels: str | None) -> frozenset[int]:
    return frozenset(map(int, labels.split(","))) if labels else frozenset()


def move(
    db: Writing, delivery_id: int, event: DeliveryEvent, because: Because, *, epoch: int, at: int
) -> DeliveryState:
    """
    Let something happen to a delivery; ``number`` and ``receipted`` are for many at once.

    What is printed gets the next number among the copies on paper of its item for its office.

    Raises:
        LocalProtocolError: It cannot happen in its state.
    """
    row = db.one("SELECT state FROM delivery WHERE delivery_id = ?", (delivery_id,))
    assert row is not None, "an id of a delivery names one"
    before = DeliveryState(row[0])
    after = move_on(before, event)
    db.run(
        "UPDATE delivery SET state = ?, because = ?, epoch = ?, changed_at = ?, copy_number = iif(?, "
        "(SELECT 1 + coalesce(max(other.copy_number), 0) FROM delivery AS other "
        "WHERE (other.office, other.item_id) = (delivery.office, delivery.item_id)), copy_number) "
        "WHERE delivery_id = ?",
        (after.value, because.value, epoch, at, int(event is DeliveryEvent.PRINT), delivery_id),
    )
    if DeliveryState.WITHHELD in {before, after}:
        db.run(
            "UPDATE delivery_label SET is_withheld = ? WHERE delivery_id = ?",
            (int(after is DeliveryState.WITHHELD), delivery_id),
        )
    return after


def number(db: Writing, numbered: Iterable[tuple[int, int]], stream_id: int, *, epoch: int, at: int) -> None:
    """
    Note that deliveries were appended to a stream.

    Args:
        db: The change.
        numbered: Deliveries that wait, each with the number of its entry.
        stream_id: Of the stream.
        epoch: At which epoch they were decided.
        at: When.

    Raises:
        LocalProtocolError: One of them does not wait.
    """
    after = move_on(DeliveryState.WAITING, DeliveryEvent.NUMBER)
    new = list(numbered)
    db.run_many(
        "UPDATE delivery SET state = ?, because = '', stream_id = ?, entry_number = ?, epoch = ?, "
        "changed_at = ? WHERE delivery_id = ? AND state = 'waiting'",
        [(after.value, stream_id, entry, epoch, at, delivery_id) for delivery_id, entry in new],
    )
    # One look for all of them: each in turn would cost as much as the change itself.
    row = db.one(
        "SELECT count(*) FROM delivery WHERE stream_id = ? AND entry_number >= ? AND state = 'numbered'",
        (stream_id, min((entry for _, entry in new), default=0)),
    )
    if new and row != (len(new),):
        raise LocalProtocolError("a delivery was numbered that does not wait")


def leave_out(db: Writing, left_out: Iterable[tuple[int, int]]) -> None:
    """Note which approved access ids are not in the copy that was numbered: pairs of delivery and access id."""
    db.run_many(
        "UPDATE delivery_label SET is_cut = 1 WHERE delivery_id = ? AND access_id = ?", list(left_out)
    )


def again(db: Writing, delivery_id: int, *, epoch: int, at: int) -> int:
    """
    Let what a voided delivery was for wait anew: a smaller cut goes as a new entry.

    Raises:
        LocalProtocolError: The delivery is not void.
    """
    row = db.one(
        "INSERT INTO delivery (office, item_id, release_id, view_key, slip, precedence, state, because, epoch, "
        "changed_at) SELECT office, item_id, release_id, view_key, slip, precedence, 'waiting', '', ?, ? FROM delivery "
        "WHERE delivery_id = ? AND state = 'void' RETURNING delivery_id",
        (epoch, at, delivery_id),
    )
    if row is None:
        raise LocalProtocolError("a delivery that is not void cannot wait anew")
    db.run(
        "INSERT INTO delivery_label (delivery_id, access_id, office) "
        "SELECT ?, access_id, office FROM delivery_label WHERE delivery_id = ?",
        (row[0], delivery_id),
    )
    return int(row[0])


def in_stream(db: Reading, stream_id: int, *, receipted_from: int) -> list[int]:
    """
    The deliveries that are numbered in a stream and not receipted, and those that are, from an entry on; by entry.

    Args:
        db: The snapshot.
        stream_id: Of the stream.
        receipted_from: Number of the first entry of which also what is receipted is wanted.
    """
    rows = db.rows(
        "SELECT delivery_id FROM outgoing_entry JOIN delivery USING (delivery_id) WHERE outgoing_entry.stream_id = ? "
        "AND (delivery.state = 'numbered' OR (delivery.state = 'receipted' AND number >= ? AND is_destroyed = 0)) "
        "ORDER BY number",
        (stream_id, receipted_from),
    )
    return [delivery_id for (delivery_id,) in rows]


def receipted_in(db: Reading, stream_id: int, start: int) -> bool:
    """Whether a delivery is receipted in a stream at an entry from *start* on, and could go again."""
    row = db.one(
        "SELECT 1 FROM outgoing_entry JOIN delivery USING (delivery_id) WHERE outgoing_entry.stream_id = ? "
        "AND number >= ? AND delivery.state = 'receipted' AND is_destroyed = 0 LIMIT 1",
        (stream_id, start),
    )
    return row is not None


def send_again(db: Writing, delivery_id: int, *, epoch: int, at: int) -> None:
    """
    Let what a delivery was for wait anew: it went in a history that one of the two lost.

    Raises:
        LocalProtocolError: It is neither numbered nor receipted.
    """
    move(db, delivery_id, DeliveryEvent.SEND_AGAIN, Because.SENT_AGAIN, epoch=epoch, at=at)
    again(db, delivery_id, epoch=epoch, at=at)


def receipted(db: Writing, stream_id: int, size: int, at: int) -> int:
    """Note a receipt over the first *size* entries of a stream; gives how many deliveries it was for."""
    after = move_on(DeliveryState.NUMBERED, DeliveryEvent.RECEIPT)
    db.run(
        "UPDATE delivery SET state = ?, because = '', changed_at = ? "
        "WHERE stream_id = ? AND entry_number < ? AND state = 'numbered'",
        (after.value, at, stream_id, size),
    )
    return db.changed()


def leave(db: Writing, stream_id: int, start: int, stop: int, at: int) -> None:
    """Note that entries from *start* up to *stop* were handed over where no receipt can come back."""
    after = move_on(DeliveryState.NUMBERED, DeliveryEvent.LEAVE)
    db.run(
        "UPDATE delivery SET state = ?, because = ?, changed_at = ? "
        "WHERE stream_id = ? AND entry_number >= ? AND entry_number < ? AND state = 'numbered'",
        (after.value, Because.NO_WAY_BACK.value, at, stream_id, start, stop),
    )


def withheld_access(db: Reading, office: str) -> list[int]:
    """The access ids that are approved in any delivery that is withheld from an office, ascending."""
    # Steps from one access id to the next, however many deliveries carry each.
    rows = db.rows(
        "WITH RECURSIVE step (access_id) AS ("
        "SELECT min(access_id) FROM delivery_label WHERE office = :office AND is_withheld = 1 "
        "UNION ALL SELECT (SELECT min(access_id) FROM delivery_label "
        "WHERE office = :office AND is_withheld = 1 AND access_id > step.access_id) "
        "FROM step WHERE step.access_id IS NOT NULL) "
        "SELECT access_id FROM step WHERE access_id IS NOT NULL",
        {"office": office},
    )
    return [access_id for (access_id,) in rows]


def withheld_of(db: Reading, office: str, item_id: bytes) -> list[int]:
    """The deliveries of an item that are withheld from an office, ascending."""
    rows = db.rows(
        "SELECT delivery_id FROM delivery WHERE item_id = ? AND office = ? AND state = 'withheld' "
        "ORDER BY delivery_id",
        (item_id, office),
    )
    return [delivery_id for (delivery_id,) in rows]


def withheld_by_access(db: Reading, office: str, access_ids: Iterable[int]) -> list[int]:
    """The deliveries withheld from an office for which one of these access ids is approved, ascending."""
    found: set[int] = set()
    for access_id in access_ids:
        rows = db.rows(
            "SELECT delivery_id FROM delivery_label WHERE office = ? AND access_id = ? AND is_withheld = 1",
            (office, access_id),
        )
        found.update(delivery_id for (delivery_id,) in rows)
    return sorted(found)


def wake(db: Writing, delivery_ids: Iterable[int], at: int) -> None:
    """Let withheld deliveries wait again: they are decided anew when they are numbered."""
    ids = list(delivery_ids)
    after = move_on(DeliveryState.WITHHELD, DeliveryEvent.WAKE)
    db.run_many(
        "UPDATE delivery SET state = ?, because = '', changed_at = ? WHERE delivery_id = ? AND state = 'withheld'",
        [(after.value, at, each) for each in ids],
    )
    db.run_many("UPDATE delivery_label SET is_withheld = 0 WHERE delivery_id = ?", [(each,) for each in ids])


_SELECT = (
    "SELECT delivery_id, delivery.office, item_id, reference, state, because, entry_number, copy_number, changed_at "
    "FROM delivery JOIN item USING (item_id) "
)
_ORDER = "ORDER BY release_id DESC, delivery.office, delivery_id"
_DELIVERIES = {  # by whether an item is named, and an office
    (False, False): _SELECT + _ORDER,
    (True, False): _SELECT + "WHERE item_id = :item_id " + _ORDER,
    (False, True): _SELECT + "WHERE delivery.office = :office " + _ORDER,
    (True, True): _SELECT + "WHERE item_id = :item_id AND delivery.office = :office " + _ORDER,
}


def deliveries(
    db: Reading, *, item_id: bytes | None = None, office: str | None = None
) -> list[StoredDelivery]:
    """Every delivery, or those of an item or to an office, the newest release first, then by addressee."""
    rows = db.rows(
        _DELIVERIES[item_id is not None, office is not None], {"item_id": item_id, "office": office}
    )
    return [
        StoredDelivery(
            delivery_id=delivery_id,
            office=office,
            item_id=item_id,
            reference=reference,
            state=DeliveryState(state),
            because=Because(because),
            number=entry,
            copy=copy,
            changed_at=changed_at,
        )
        for delivery_id, office, item_id, reference, state, because, entry, copy, changed_at in rows
    ]
