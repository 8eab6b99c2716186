# SPDX-License-Identifier: Apache-2.0
"""
What was destroyed here, what is being destroyed, and the certificates of it: our own, and those that came.

A certificate that is held counts for the office whose key signed it. One that is set apart counts for nothing, and is
kept.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from legation.store.sqlite.database import Reading, Row, Writing
from legation.store.sqlite.items import ViewState


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDestruction:
    """
    A certificate; ``source`` is the office that it came from, empty for our own.

    ``destroyed_at`` is by the clock of the office that signed, ``withdrawal`` the hash of what it answers or empty.
    """

    digest: bytes
    item_id: bytes
    office: str
    source: str
    state: ViewState
    because: str
    destroyed_at: int
    withdrawal: bytes
    received_at: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAct:
    """What two persons did here; without a certificate it is going on."""

    destroyed_id: int
    item_id: bytes
    by: str
    witness: str
    began_at: int
    certificate: bytes | None


def save_certificate(
    db: Writing,
    *,
    data: bytes,
    item_id: bytes,
    office: str,
    source: str,
    destroyed_at: int,
    withdrawal: bytes,
    at: int,
    state: ViewState = ViewState.HELD,
    because: str = "",
) -> bool:
    """
    Keep a certificate, or judge anew one that was set apart.

    Returns:
        Whether it counts since; not if it did before.
    """
    db.run(
        "INSERT INTO destruction (digest, item_id, office, source, state, because, destroyed_at, withdrawal, "
        "received_at, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE "
        "SET office = excluded.office, state = excluded.state, because = excluded.because, "
        "received_at = excluded.received_at WHERE state = 'quarantined'",
        (
            sha256(data).digest(),
            item_id,
            office,
            source,
            state.value,
            because,
            destroyed_at,
            withdrawal or None,
            at,
            data,
        ),
    )
    return state is ViewState.HELD and db.changed() == 1


_CERTIFICATE = (
    "SELECT digest, item_id, office, source, state, because, destroyed_at, withdrawal, received_at, data "
    "FROM destruction "
)


def certificates(db: Reading) -> Iterator[StoredDestruction]:
    """Every certificate, by digest."""
    return map(_certificate, db.rows(_CERTIFICATE + "ORDER BY digest"))


def apart(db: Reading) -> list[StoredDestruction]:
    """Those that are set apart, by digest."""
    rows = db.rows(_CERTIFICATE + "WHERE state = 'quarantined' ORDER BY digest")
    return [_certificate(row) for row in rows]


def certified(db: Reading, item_id: bytes) -> dict[str, StoredDestruction]:
    """The newest certificate of each office that has destroyed an item, by office."""
    rows = db.rows(
        _CERTIFICATE + "WHERE state = 'held' AND item_id = ? ORDER BY destroyed_at, digest", (item_id,)
    )
    return {each.office: each for each in map(_certificate, rows)}


def all_certified(db: Reading) -> dict[tuple[str, bytes], StoredDestruction]:
    """The newest certificate of each office for each item, by office and item."""
    rows = db.rows(_CERTIFICATE + "WHERE state = 'held' ORDER BY destroyed_at, digest")
    return {(each.office, each.item_id): each for each in map(_certificate, rows)}


def _certificate(row: Row) -> StoredDestruction:
    digest, item_id, office, source, state, because, destroyed_at, withdrawal, received_at, data = row
    return StoredDestruction(
        digest=digest,
        item_id=item_id,
        office=office,
        source=source,
        state=ViewState(state),
        because=because,
        destroyed_at=destroyed_at,
        withdrawal=withdrawal or b"",
        received_at=received_at,
        data=data,
    )


def is_destroyed(db: Reading, item_id: bytes) -> bool:
    """Whether an item was destroyed here, or is being; then its bytes are not kept again."""
    return db.one("SELECT 1 FROM destroyed WHERE item_id = ?", (item_id,)) is not None


def begin(db: Writing, item_id: bytes, *, by: str, witness: str, at: int, files: Iterable[bytes]) -> int:
    """Note that an item is being destroyed, and which files are to go."""
    row = db.one(
        "INSERT INTO destroyed (item_id, destroyed_by, witness, began_at) VALUES (?, ?, ?, ?) "
        "RETURNING destroyed_id",
        (item_id, by, witness, at),
    )
    assert row is not None, "an insert gives a row back"
    destroyed_id = int(row[0])
    db.run_many(
        "INSERT OR IGNORE INTO erasing (file, destroyed_id) VALUES (?, ?)",
        [(each, destroyed_id) for each in files],
    )
    return destroyed_id


_ACT = "SELECT destroyed_id, item_id, destroyed_by, witness, began_at, certificate FROM destroyed "


def going_on(db: Reading) -> list[StoredAct]:
    """What is being destroyed."""
    return [_act(row) for row in db.rows(_ACT + "WHERE certificate IS NULL ORDER BY destroyed_id")]


def acts(db: Reading) -> Iterator[StoredAct]:
    """Everything that was destroyed here or is being, in order."""
    return map(_act, db.rows(_ACT + "ORDER BY destroyed_id"))


def last_act(db: Reading, item_id: bytes) -> StoredAct | None:
    """The last time an item was destroyed here, or None."""
    row = db.one(_ACT + "WHERE item_id = ? ORDER BY destroyed_id DESC LIMIT 1", (item_id,))
    return None if row is None else _act(row)


def _act(row: Row) -> StoredAct:
    destroyed_id, item_id, by, witness, began_at, certificate = row
    return StoredAct(
        destroyed_id=destroyed_id,
        item_id=item_id,
        by=by,
        witness=witness,
        began_at=began_at,
        certificate=certificate,
    )


def erasing(db: Reading, destroyed_id: int) -> list[bytes]:
    """The files that are to go: blobs by their hashes, attachments by their names."""
    rows = db.rows("SELECT file FROM erasing WHERE destroyed_id = ? ORDER BY file", (destroyed_id,))
    return [file for (file,) in rows]


def end(db: Writing, destroyed_id: int, certificate: bytes) -> None:
    """Note that no byte is left, and what certifies it."""
    db.run("DELETE FROM erasing WHERE destroyed_id = ?", (destroyed_id,))
    db.run(
        "UPDATE destroyed SET certificate = ? WHERE destroyed_id = ? AND certificate IS NULL",
        (certificate, destroyed_id),
    )
    assert db.changed() == 1, "what ends was going on"


# The free text of a slip is the sender's word on the item; it goes with it.
_DROP = (
    # What was set apart was shown to nobody: without labels nobody is told of it either.
    (
        "DELETE FROM layer WHERE view_key = :view_key AND EXISTS "
        "(SELECT 1 FROM view WHERE view.view_key = layer.view_key AND view.state = 'quarantined')"
    ),
    "UPDATE view SET state = 'destroyed', because = '', data = NULL WHERE view_key = :view_key",
    "DELETE FROM inbox_layer WHERE view_key = :view_key",
    "DELETE FROM inbox WHERE view_key = :view_key",
    # It stays another version; but a hash of what it said, and of nothing else, could be found by guessing.
    (
        "UPDATE substance SET digest = view.hash FROM view WHERE view.view_key = :view_key "
        "AND substance.view_key = :view_key"
    ),
    (
        "UPDATE incoming_entry SET slip = CAST(json_remove(CAST(slip AS TEXT), '$.attention') AS BLOB) "
        "WHERE view_key = :view_key"
    ),
)


def drop_view(db: Writing, view_key: int) -> None:
    """Drop the bytes of a view, and all that was folded from them; its row and its labels stay."""
    for sql in _DROP:
        db.run(sql, {"view_key": view_key})


def views_left(db: Reading, item_id: bytes) -> list[int]:
    """The views of an item whose bytes are here."""
    rows = db.rows(
        "SELECT view_key FROM view WHERE item_id = ? AND state <> 'destroyed' ORDER BY view_key", (item_id,)
    )
    return [view_key for (view_key,) in rows]


def is_listed(db: Reading, item_id: bytes) -> bool:
    """Whether the inbox has anything of an item."""
    return db.one("SELECT 1 FROM inbox WHERE item_id = ?", (item_id,)) is not None


def bringers(db: Reading, item_id: bytes) -> list[str]:
    """Whose streams brought copies of an item, who was first before."""
    rows = db.rows(
        "SELECT office FROM view JOIN incoming_entry USING (view_key) JOIN incoming USING (stream_id) "
        "WHERE item_id = ? GROUP BY office ORDER BY min(incoming_entry.received_at), office",
        (item_id,),
    )
    return [office for (office,) in rows]


def readable_bringers(db: Reading, item_id: bytes) -> list[str]:
    """Whose streams brought copies of an item of which the reader may see something, by name."""
    rows = db.rows(
        "SELECT DISTINCT office FROM view JOIN incoming_entry USING (view_key) JOIN incoming USING (stream_id) "
        "WHERE item_id = ? AND view.state <> 'quarantined' AND EXISTS (SELECT 1 FROM layer WHERE layer.view_key = view.view_key "
        "AND access_id IN (SELECT access_id FROM temp.allowed)) ORDER BY office",
        (item_id,),
    )
    return [office for (office,) in rows]


def told(db: Reading, item_id: bytes, office: str) -> set[str]:
    """To whom a certificate of *office* about an item was numbered."""
    rows = db.rows(
        "SELECT DISTINCT outgoing.office FROM destruction "
        "JOIN outgoing_entry ON payload_hash = destruction.digest AND kind = 'destruction' "
        "JOIN outgoing USING (stream_id) WHERE destruction.item_id = ? AND destruction.office = ?",
        (item_id, office),
    )
    return {each for (each,) in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class SentCopy:
    """A copy of another's item that was numbered for an office; ``size_bytes`` of its payload."""

    stream_id: int
    number: int
    office: str
    is_current: bool
    is_receipted: bool
    is_taken_back: bool
    payload_hash: bytes
    size_bytes: int


def sent_copies(db: Reading, item_id: bytes) -> list[SentCopy]:
    """Every copy of an item that was numbered, by stream and number."""
    rows = db.rows(
        "SELECT entry.stream_id, number, outgoing.office, is_current, number < receipt_size, is_taken_back, "
        "payload_hash, payload_size_bytes FROM delivery JOIN outgoing_entry AS entry USING (delivery_id) "
        "JOIN outgoing ON outgoing.stream_id = entry.stream_id WHERE item_id = ? ORDER BY 1, 2",
        (item_id,),
    )
    return [
        SentCopy(
            stream_id=stream_id,
            number=number,
            office=office,
            is_current=bool(is_current),
            is_receipted=bool(is_receipted),
            is_taken_back=bool(is_taken_back),
            payload_hash=payload_hash,
            size_bytes=size_bytes,
        )
        for stream_id, number, office, is_current, is_receipted, is_taken_back, payload_hash, size_bytes in rows
    ]


def others_that_may_have(db: Reading, item_id: bytes, access_id: int, needle: bytes) -> list[int]:
    """The views of other items under an access id in whose bytes *needle* stands; also all that are blobs."""
    rows = db.rows(
        "SELECT view_key FROM view JOIN layer USING (view_key) WHERE access_id = ? AND item_id <> ? "
        "AND state <> 'destroyed' AND (data IS NULL OR instr(data, ?)) ORDER BY view_key",
        (access_id, item_id, needle),
    )
    return [view_key for (view_key,) in rows]


def drafts_that_may_have(db: Reading, needle: bytes) -> list[bytes]:
    """The digests of the drafts in whose bytes *needle* may stand."""
    rows = db.rows(
        "SELECT DISTINCT digest FROM draft_piece WHERE instr(data, ?) OR place > 0 ORDER BY digest", (needle,)
    )
    return [digest for (digest,) in rows]


def quoting(db: Reading, item_id: bytes, office: str) -> list[tuple[int, bytes]]:
    """The views of other items in which words of *office* may be repeated, with their items."""
    needle = b'"origin":"' + office.encode("ascii") + b'"'
    rows = db.rows(
        "SELECT view_key, item_id FROM view WHERE item_id <> ? AND state = 'held' "
        "AND (data IS NULL OR instr(data, ?)) ORDER BY view_key",
        (item_id, needle),
    )
    return list(rows)
