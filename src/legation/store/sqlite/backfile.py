# SPDX-License-Identifier: Apache-2.0
"""
The back-file: our own items of which an office may see more than it was given; and its admission by two persons.

Queries go by ``temp.allowed``: what the reader may not see is neither counted nor listed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from legation.encoding import encode
from legation.store.sqlite.database import Reading, Row, Writing
from legation.store.sqlite.given import GIVEN_LABELS, READABLE, access_ids

SETS_REMEMBERED = 1 << 12
LIVE = "('waiting', 'numbered', 'receipted', 'withheld', 'printed')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """
    The newest version of a document of ours, which is not withdrawn.

    ``labels`` are the access ids of all its layers. ``given`` are, of each delivery of it to the office, the access
    ids that it has or may have by it.
    """

    item_id: bytes
    reference: str
    time: int
    view_key: int
    labels: frozenset[int]
    given: tuple[frozenset[int], ...]


_CANDIDATES = f"""
SELECT item.item_id, reference, item.time, view.view_key,
    (SELECT group_concat(access_id) FROM layer WHERE layer.view_key = view.view_key),
    (SELECT group_concat(coalesce({GIVEN_LABELS}, ''), ';') FROM delivery
        WHERE delivery.item_id = item.item_id AND delivery.office = :office AND delivery.state IN {LIVE})
FROM view JOIN item USING (item_id)
WHERE view.source = '' AND item.is_own = 1 AND item.time >= :since
    AND EXISTS (SELECT 1 FROM layer WHERE layer.view_key = view.view_key
        AND +access_id IN (SELECT value FROM json_each(:wanted))
        AND +access_id IN (SELECT access_id FROM temp.allowed))
    AND NOT EXISTS (SELECT 1 FROM item AS newer WHERE newer.document = item.document AND newer.is_own = 1
        AND (newer.time, newer.item_id) > (item.time, item.item_id))
    AND NOT EXISTS (SELECT 1 FROM withdrawal WHERE withdrawal.item_id = item.item_id
        AND withdrawal.office = item.office AND withdrawal.state = 'held')
"""  # noqa: S608 - constants


def candidates(db: Reading, office: str, wanted: Iterable[int], *, since: int = 0) -> Iterator[Candidate]:
    """
    The newest versions of our own documents with a layer under one of these access ids, in no order.

    Args:
        db: The snapshot, bound to a reader, who sees that layer too.
        office: Whose deliveries are told.
        wanted: The access ids.
        since: Only items of then or later, in seconds since 1970.
    """
    told = encode(sorted(wanted)).decode("ascii")
    # There may be a hundred thousand items, under a few sets of labels.
    read = lru_cache(maxsize=SETS_REMEMBERED)(access_ids)
    for row in db.rows(_CANDIDATES, {"office": office, "wanted": told, "since": since}):
        item_id, reference, time, view_key, labels, given = row
        yield Candidate(
            item_id=item_id,
            reference=reference,
            time=time,
            view_key=view_key,
            labels=read(labels),
            given=() if given is None else tuple(map(read, given.split(";"))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """A delivery that is not received yet, and the access ids that are in its copy or may come into it."""

    item_id: bytes
    reference: str
    state: str
    labels: frozenset[int]


_HAS_ANY = (
    "EXISTS (SELECT 1 FROM delivery_label WHERE delivery_label.delivery_id = delivery.delivery_id "
    "AND is_cut = 0 AND access_id IN (SELECT value FROM json_each({})))"
)
# What is numbered can only lose: of what it may see more it has a copy already.
_MOVING = f"""
SELECT item.item_id, reference, state, {GIVEN_LABELS}
FROM delivery JOIN item USING (item_id)
WHERE delivery_id IN (
    SELECT delivery_id FROM delivery
        WHERE office = :office AND state = 'waiting' AND {_HAS_ANY.format(":turned")}
    UNION ALL
    SELECT delivery_id FROM delivery_label WHERE office = :office AND is_withheld = 1
        AND access_id IN (SELECT value FROM json_each(:gained))
    UNION ALL
    SELECT delivery_id FROM outgoing CROSS JOIN delivery USING (stream_id)
        WHERE :lost <> '[]' AND outgoing.office = :office AND is_current = 1 AND state = 'numbered'
            AND {_HAS_ANY.format(":lost")}
) AND {READABLE}
ORDER BY delivery_id
"""  # noqa: S608 - constants


def moving(db: Reading, office: str, *, gained: frozenset[int], lost: frozenset[int]) -> list[Moving]:
    """
    The deliveries that change by themselves, by age.

    They wait and have one of these access ids, are withheld and have one that is gained, or are numbered, not
    received, and have one that is lost.

    Args:
        db: The snapshot, bound to a reader.
        office: To whom.
        gained: The access ids that the office may see and could not before.
        lost: Those that it may see no more.
    """
    told = {"turned": gained | lost, "gained": gained, "lost": lost}
    named = {name: encode(sorted(ids)).decode("ascii") for name, ids in told.items()}
    return [
        Moving(item_id=item_id, reference=reference, state=state, labels=access_ids(labels))
        for item_id, reference, state, labels in db.rows(_MOVING, {"office": office, **named})
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAdmission:
    """A back-file that was proposed, and admitted if ``confirmed_by`` is somebody; ``done`` of ``size`` items."""

    admission_id: int
    office: str
    preview_digest: bytes
    proposed_by: str
    proposed_at: int
    confirmed_by: str | None
    size: int
    done: int


_ADMISSION = "SELECT admission_id, office, preview_digest, proposed_by, proposed_at, confirmed_by, size, done FROM admission "


def proposed(db: Reading, office: str, digest: bytes) -> StoredAdmission | None:
    """What one person proposed for an office by this preview, or None."""
    row = db.one(
        _ADMISSION + "WHERE office = ? AND preview_digest = ? AND confirmed_by IS NULL", (office, digest)
    )
    return None if row is None else _admission(row)


def admitted(db: Reading, office: str, digest: bytes) -> StoredAdmission | None:
    """What two persons admitted for an office by this preview, the last time that they did, or None."""
    row = db.one(
        _ADMISSION + "WHERE office = ? AND preview_digest = ? AND confirmed_by IS NOT NULL "
        "ORDER BY admission_id DESC LIMIT 1",
        (office, digest),
    )
    return None if row is None else _admission(row)


def unfinished(db: Reading) -> StoredAdmission | None:
    """The oldest one that is admitted and not carried out to its end, or None: one look at an index."""
    row = db.one(_ADMISSION + "WHERE confirmed_by IS NOT NULL AND done < size ORDER BY admission_id LIMIT 1")
    return None if row is None else _admission(row)


def by_id(db: Reading, admission_id: int) -> StoredAdmission:
    """One that is there."""
    row = db.one(_ADMISSION + "WHERE admission_id = ?", (admission_id,))
    assert row is not None, "an admission is asked for by its id"
    return _admission(row)


def admissions(db: Reading) -> list[StoredAdmission]:
    """Every one, the oldest first."""
    return [_admission(row) for row in db.rows(_ADMISSION + "ORDER BY admission_id")]


def _admission(row: Row) -> StoredAdmission:
    admission_id, office, digest, proposed_by, proposed_at, confirmed_by, size, done = row
    return StoredAdmission(
        admission_id=admission_id,
        office=office,
        preview_digest=digest,
        proposed_by=proposed_by,
        proposed_at=proposed_at,
        confirmed_by=confirmed_by,
        size=size,
        done=done,
    )


def propose(
    db: Writing, office: str, digest: bytes, items: Sequence[tuple[bytes, Iterable[int]]], *, by: str, at: int
) -> int:
    """
    Keep what one person wants to admit.

    Args:
        db: The change.
        office: For whom.
        digest: The preview that was seen.
        items: The items in their order, at least one, each with the access ids approved.
        by: Who proposes.
        at: When.
    """
    row = db.one(
        "INSERT INTO admission (office, preview_digest, proposed_by, proposed_at, size) VALUES (?, ?, ?, ?, ?) "
        "RETURNING admission_id",
        (office, digest, by, at, len(items)),
    )
    assert row is not None, "an insert gives a row back"
    db.run_many(
        "INSERT INTO admission_item (admission_id, place, item_id, labels) VALUES (?, ?, ?, ?)",
        [
            (row[0], place, item_id, encode(sorted(labels)).decode("ascii"))
            for place, (item_id, labels) in enumerate(items)
        ],
    )
    return int(row[0])


def confirm(db: Writing, admission_id: int, by: str, at: int) -> None:
    """Admit what was proposed, as a second person."""
    db.run(
        "UPDATE admission SET confirmed_by = ?, confirmed_at = ? WHERE admission_id = ? AND confirmed_by IS NULL",
        (by, at, admission_id),
    )
    assert db.changed() == 1, "what is confirmed was proposed"


def items_from(db: Reading, admission_id: int, place: int, count: int) -> list[tuple[bytes, frozenset[int]]]:
    """The items of an admission from a place on, at most so many, each with the access ids approved."""
    rows = db.rows(
        "SELECT item_id, labels FROM admission_item WHERE admission_id = ? AND place >= ? ORDER BY place LIMIT ?",
        (admission_id, place, count),
    )
    return [(item_id, access_ids(labels.strip("[]"))) for item_id, labels in rows]


def note_done(db: Writing, admission_id: int, done: int) -> None:
    """Note how many of its items became deliveries."""
    db.run("UPDATE admission SET done = ? WHERE admission_id = ?", (done, admission_id))
