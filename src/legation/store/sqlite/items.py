# SPDX-License-Identifier: Apache-2.0
"""
Items and the views that are held of them.

A view is stored once, by its hash. Long ones are blobs; their row then holds no data.

Rules kept here:

1. Queries for a reader go by ``temp.allowed`` (``access.allow``) and see only views that are held. What
   they give follows from the layers that are allowed and from nothing else: which of two views is taken is
   never settled by bytes that the reader may not see, unless the reader sees no difference.
2. Our own whole item is never set apart, whatever comes from elsewhere.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import islice

from legation.encoding import encode
from legation.errors import StoreError
from legation.item.portion import Kind
from legation.store.blobs import INLINE_SIZE_BYTES_MAX, Blobs
from legation.store.sqlite.database import Reading, Row, Writing
from legation.store.sqlite.versions import HAS_OTHERS, noticed_versions

FOUND_MAX = 2  # more than one is a question in any case
PREFIX_LENGTH_MIN = 8  # digits of an id that people may type instead of all 64
_ID_LENGTH = 64
_DIGITS = frozenset("0123456789abcdef")


class ViewState(StrEnum):
    """Whether a view may be shown at all."""

    HELD = "held"
    QUARANTINED = "quarantined"
    """Stored and receipted like any other, and shown to nobody."""
    DESTROYED = "destroyed"
    """Receipted, and its bytes are gone: persons have destroyed the item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredView:
    """A view without its bytes; ``source`` is the office that it came from, empty for our own item."""

    view_key: int
    hash: bytes
    item_id: bytes
    size_bytes: int
    source: str
    state: ViewState
    because: str
    received_at: int


def save_item(
    db: Writing,
    *,
    item_id: bytes,
    document: bytes,
    time: int,
    kind: Kind,
    author: bytes,
    office: str,
    reference: str,
    is_own: bool,
    at: int,
) -> None:
    """
    Keep what is known of an item; one that is there stays, save that its author may have become known.

    Args:
        db: The change.
        item_id: Its id.
        document: Its document id.
        time: As its author wrote it.
        kind: Its kind.
        author: The id of the key that signed it.
        office: The author's office, empty if the key is not known.
        reference: How people name it, empty like *office*.
        is_own: Whether it was released here.
        at: When it came.
    """
    db.run(
        "INSERT INTO item (item_id, document, time, kind, author, office, reference, is_own, received_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (item_id) DO UPDATE "
        "SET office = excluded.office, reference = excluded.reference WHERE office = ''",
        (item_id, document, time, kind.value, author, office, reference, int(is_own), at),
    )


def save_view(
    db: Writing,
    *,
    data: bytes,
    item_id: bytes,
    source: str,
    layers: Iterable[int],
    blobs: Blobs,
    at: int,
    state: ViewState = ViewState.HELD,
    because: str = "",
) -> int:
    """
    Keep a view under its hash and give its key.

    One that is there is not stored twice. If it was set apart, it is judged anew: what one office had to
    take back, another may hand over, or the same once more; then it came now. If it is held it stays so,
    and is the author's own from when the author hands it over.

    Args:
        db: The change.
        data: The view's bytes.
        item_id: Of which item; it is stored already.
        source: The office that it came from; empty for our own whole item.
        layers: The access ids of its layers.
        blobs: Where it goes if it is long; it is durable there before the row names it.
        at: When it came.
        state: Whether it may be shown.
        because: Why not.
    """
    digest = sha256(data).digest()
    found = db.one("SELECT view_key FROM view WHERE hash = ?", (digest,))
    if found is not None:
        came = {"source": source, "state": state.value, "because": because, "at": at}
        db.run(_CAME_AGAIN, {"view_key": found[0], **came})
        return int(found[0])
    is_short = len(data) <= INLINE_SIZE_BYTES_MAX
    if not is_short:
        blobs.put(data)
    stored = data if is_short else None
    return _add_view(db, digest, item_id, stored, len(data), source, state.value, because, at, layers=layers)


def save_destroyed(
    db: Writing, data: bytes, item_id: bytes, *, source: str, layers: Iterable[int], at: int
) -> int:
    """Note that a view came of an item that was destroyed here, and give its key; none of its bytes are kept."""
    digest, state = sha256(data).digest(), ViewState.DESTROYED.value
    found = db.one("SELECT view_key FROM view WHERE hash = ?", (digest,))
    if found is not None:
        return int(found[0])
    return _add_view(db, digest, item_id, None, len(data), source, state, "", at, layers=layers)


def _add_view(
    db: Writing, digest: bytes, item_id: bytes, *columns: str | int | bytes | None, layers: Iterable[int]
) -> int:
    row = db.one(
        "INSERT INTO view (hash, item_id, data, size_bytes, source, state, because, received_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING view_key",
        (digest, item_id, *columns),
    )
    assert row is not None, "an insert gives a row back"
    view_key = int(row[0])
    db.run_many(
        "INSERT INTO layer (view_key, access_id) VALUES (?, ?)", [(view_key, each) for each in layers]
    )
    return view_key


# Of two who hand over the same bytes the author is the source, else who came first; in one second, whoever
# stands first by name. So it comes out as if each had brought a view with other hidden layers.
_CAME_AGAIN = """
UPDATE view SET source = :source, state = :state, because = :because,
    received_at = iif(view.state = 'quarantined' AND :state = 'held', :at, received_at)
FROM (SELECT item_id, office FROM item) AS item
WHERE view_key = :view_key AND item.item_id = view.item_id AND source <> ''
    AND (state = 'quarantined' OR (:state = 'held' AND source <> item.office
        AND (:source = item.office OR (:at = received_at AND :source < source))))
"""

_VIEW = "SELECT view_key, hash, item_id, size_bytes, source, state, because, received_at FROM view "


def view(db: Reading, view_key: int) -> StoredView:
    """A view that is there."""
    row = db.one(_VIEW + "WHERE view_key = ?", (view_key,))
    assert row is not None, "a view is asked for by its key"
    return _view(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredItem:
    """What is known of an item; ``office`` and ``reference`` are empty where its author is not."""

    item_id: bytes
    document: bytes
    time: int
    kind: Kind
    author: bytes
    office: str
    reference: str
    is_own: bool


def item(db: Reading, item_id: bytes) -> StoredItem | None:
    """What is known of an item, or None."""
    row = db.one(
        "SELECT document, time, kind, author, office, reference, is_own FROM item WHERE item_id = ?",
        (item_id,),
    )
    if row is None:
        return None
    document, time, kind, author, office, reference, is_own = row
    return StoredItem(
        item_id=item_id,
        document=document,
        time=time,
        kind=Kind(kind),
        author=author,
        office=office,
        reference=reference,
        is_own=bool(is_own),
    )


def own_view(db: Reading, item_id: bytes) -> StoredView | None:
    """The whole of an item that was released here."""
    row = db.one(_VIEW + "WHERE item_id = ? AND source = ''", (item_id,))
    return None if row is None else _view(row)


def views_naming(db: Reading, office: str) -> Iterator[tuple[int, str]]:
    """
    The views that came and are held of an office's items, and of others' in which it may be quoted.

    Of these, all that are blobs, and those in which its name stands as an origin. Gives the key of each, and the
    office that wrote it.
    """
    return db.rows(
        "SELECT view_key, item.office FROM view JOIN item USING (item_id) WHERE state = 'held' AND source <> '' "
        "AND (item.office = ? OR data IS NULL OR instr(data, ?)) ORDER BY view_key",
        (office, b'"origin":' + encode(office)),
    )


def quarantined(db: Reading) -> list[StoredView]:
    """The views that are shown to nobody, by source and in the order in which they came."""
    return [_view(row) for row in db.rows(_VIEW + "WHERE state = 'quarantined' ORDER BY source, view_key")]


def held_by_author(db: Reading, author: bytes) -> list[StoredView]:
    """The views that came and are held of items that a key signed, in the order in which they came."""
    rows = db.rows(
        _VIEW + "WHERE state = 'held' AND source <> '' AND item_id IN "  # noqa: S608 - constants
        "(SELECT item_id FROM item WHERE author = ?) ORDER BY view_key",
        (author,),
    )
    return [_view(row) for row in rows]


def _view(row: Row) -> StoredView:
    view_key, digest, item_id, size_bytes, source, state, because, received_at = row
    return StoredView(
        view_key=view_key,
        hash=digest,
        item_id=item_id,
        size_bytes=size_bytes,
        source=source,
        state=ViewState(state),
        because=because,
        received_at=received_at,
    )


def view_data(db: Reading, view_key: int, blobs: Blobs) -> bytes:
    """
    The bytes of a view.

    Raises:
        StoreError: They are damaged, destroyed, or not there.
    """
    row = db.one("SELECT data, hash, state FROM view WHERE view_key = ?", (view_key,))
    if row is None:
        raise StoreError("a view is missing")
    data, digest, state = row
    if state == ViewState.DESTROYED:
        raise StoreError("a view is destroyed")
    return blobs.get(digest) if data is None else bytes(data)


def layers(db: Reading, view_key: int) -> list[int]:
    """The access ids of a view, ascending."""
    rows = db.rows("SELECT access_id FROM layer WHERE view_key = ? ORDER BY access_id", (view_key,))
    return [access_id for (access_id,) in rows]


def held_layers(db: Reading, item_id: bytes) -> frozenset[int]:
    """The access ids of all views that are held of an item."""
    rows = db.rows(
        "SELECT DISTINCT access_id FROM view JOIN layer USING (view_key) WHERE item_id = ? AND state = 'held'",
        (item_id,),
    )
    return frozenset(access_id for (access_id,) in rows)


def set_view_state(db: Writing, view_key: int, state: ViewState, because: str) -> None:
    """Set whether a view may be shown, and if not, why; of a view that is held *because* is empty."""
    db.run("UPDATE view SET state = ?, because = ? WHERE view_key = ?", (state.value, because, view_key))


# A view counts for a reader if it is held and one of its layers is allowed; or was, where it is destroyed.
_READABLE = (
    "EXISTS (SELECT 1 FROM view JOIN layer USING (view_key) WHERE view.item_id = item.item_id "
    "AND view.state = ? AND +layer.access_id IN (SELECT access_id FROM temp.allowed)) "
    "ORDER BY item_id"
)
_FOUND = f"SELECT item_id, document, office, {HAS_OTHERS} "
_FIND_BY_ID = _FOUND + "FROM item WHERE item_id BETWEEN ? AND ? AND " + _READABLE
_FIND_BY_REFERENCE = _FOUND + "FROM item WHERE reference = ? AND " + _READABLE


def find_items(db: Reading, text: str, state: ViewState = ViewState.HELD) -> list[bytes]:
    """
    Find items that the reader may see, by reference, by id, or by the beginning of an id.

    A version that says to the reader what the older one says is not there for them.

    Args:
        db: The snapshot, bound to a reader.
        text: As a person typed it.
        state: Of the views that count: held, or destroyed.

    Returns:
        At most ``FOUND_MAX`` ids.
    """
    if not text.isascii():
        return []
    typed = " ".join(text.split())
    digits = typed.lower()
    if PREFIX_LENGTH_MIN <= len(digits) <= _ID_LENGTH and not set(digits) - _DIGITS:
        low, high = (bytes.fromhex(digits.ljust(_ID_LENGTH, filler)) for filler in "0f")
        rows = db.rows(_FIND_BY_ID, (low, high, state.value))
    else:
        rows = db.rows(_FIND_BY_REFERENCE, (typed.upper(), state.value))
    return list(islice((row[0] for row in rows if _is_noticed(db, *row)), FOUND_MAX))


def _is_noticed(db: Reading, item_id: bytes, document: bytes, office: str, has_others: int) -> bool:
    """Whether an item is there for the reader at all, who may see some of it."""
    return not has_others or any(each.item_id == item_id for each in noticed_versions(db, document, office))


# Views that show the reader the same are one to them, as in the inbox.
_MOST_READABLE = """
WITH readable AS (
    SELECT view.view_key, view.source, view.received_at, item.office, count(*) AS layer_count,
        max(coalesce(inbox_layer.has_body, 1)) AS has_body,
        group_concat(format('%019d', layer.access_id) ORDER BY layer.access_id) AS access_ids
    FROM view JOIN layer USING (view_key) JOIN item USING (item_id)
        LEFT JOIN inbox_layer USING (view_key, access_id)
    WHERE item_id = ? AND view.state = 'held' AND +layer.access_id IN (SELECT access_id FROM temp.allowed)
    GROUP BY view.view_key
)
SELECT min(view_key), iif(max(source IN ('', office)), '', substr(min(format('%019d', received_at) || source), 20))
FROM readable GROUP BY access_ids
ORDER BY max(has_body) DESC, max(layer_count) DESC, max(source = '') DESC, max(source = office) DESC,
    min(format('%019d', received_at) || source), access_ids
LIMIT 1
"""


def readable_view(db: Reading, item_id: bytes, blobs: Blobs) -> bytes:
    """
    The view of an item that holds most of what the reader may see.

    One with something to read goes before one without. At a tie it is our own, then that of the author's
    own office, then the one that came first; as the inbox lists it.

    Raises:
        StoreError: It is damaged.
    """
    row = db.one(_MOST_READABLE, (item_id,))
    assert row is not None, "an item that was found for a reader has a view for them"
    return view_data(db, row[0], blobs)


def passed_on_by(db: Reading, item_id: bytes) -> str:
    """
    Who handed over the view that ``readable_view`` gives; empty if it is ours, or its author did.

    Of several who handed over what the reader cannot tell apart, the first.
    """
    row = db.one(_MOST_READABLE, (item_id,))
    assert row is not None, "an item that was found for a reader has a view for them"
    return str(row[1])


# As the best for a reader, but of some access ids, whoever asks.
_FULLEST = """
WITH holding AS (
    SELECT view.view_key, view.source, view.received_at, item.office, count(*) AS layer_count,
        max(coalesce(inbox_layer.has_body, 1)) AS has_body,
        group_concat(format('%019d', layer.access_id) ORDER BY layer.access_id) AS access_ids
    FROM view JOIN layer USING (view_key) JOIN item USING (item_id)
        LEFT JOIN inbox_layer USING (view_key, access_id)
    WHERE item_id = ? AND view.state = 'held' AND +layer.access_id IN (SELECT value FROM json_each(?))
    GROUP BY view.view_key
)
SELECT view_key FROM holding
ORDER BY has_body DESC, layer_count DESC, source = office DESC, received_at, source, access_ids, view_key LIMIT 1
"""


def fullest_view(db: Reading, item_id: bytes, access_ids: Iterable[int]) -> StoredView | None:
    """
    The view that is held of an item with the most layers under these access ids; None if none has any.

    One with something to read in them goes before one without; at a tie that of the author's own office, then
    the one that came first.
    """
    wanted = encode(sorted(access_ids)).decode("ascii")
    row = db.one(_FULLEST, (item_id, wanted))
    return None if row is None else view(db, row[0])
