# SPDX-License-Identifier: Apache-2.0
"""
What peers show of our streams that is not here, and what was declared of this folder because of that.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from legation.store.sqlite.database import Reading, Row, Writing

UNSIGNED_MAX = 16  # of one peer: as many as one letter says; what our signature is on is never too much


class Declared(StrEnum):
    """What two persons say of a folder."""

    RESTORED = "restored"
    """It was put back from a backup, and goes on; no other one does."""
    COPY = "copy"
    """It is a copy of one that goes on elsewhere, and never does itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldThere:
    """
    What a peer holds of one of our incarnations.

    ``receipt``: what proves it, or None if it is their word. ``is_open``: it says that this node has lost something, and
    no restoration has answered that.
    """

    office: str
    incarnation: bytes
    size: int
    root: bytes
    is_open: bool
    shown_at: int
    receipt: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """What was declared; without ``confirmed_by`` it takes a second person. ``record``: what stands in the log."""

    what: Declared
    proposed_by: str
    proposed_at: int
    confirmed_by: str | None
    confirmed_at: int | None
    record: bytes | None = field(default=None, repr=False)


_HELD = "SELECT office, incarnation, size, root, is_open, shown_at, receipt FROM held_there "


def held_there(db: Reading, office: str) -> list[HeldThere]:
    """What a peer holds, in the order in which it was shown."""
    return [
        _held_there(row)
        for row in db.rows(_HELD + "WHERE office = ? ORDER BY shown_at, incarnation", (office,))
    ]


def all_held_there(db: Reading) -> list[HeldThere]:
    """What every peer holds, by office, in the order in which it was shown."""
    return [_held_there(row) for row in db.rows(_HELD + "ORDER BY office, shown_at, incarnation")]


def shown(db: Reading, office: str, incarnation: bytes) -> HeldThere | None:
    """What a peer holds of one incarnation, or None."""
    row = db.one(_HELD + "WHERE office = ? AND incarnation = ?", (office, incarnation))
    return None if row is None else _held_there(row)


def _held_there(row: Row) -> HeldThere:
    office, incarnation, size, root, is_open, shown_at, receipt = row
    return HeldThere(
        office=office,
        incarnation=incarnation,
        size=size,
        root=root,
        is_open=bool(is_open),
        shown_at=shown_at,
        receipt=receipt,
    )


def note_shown(db: Writing, new: HeldThere) -> bool:
    """
    Keep what a peer shows, if it says more than what is kept: what is signed before what is said, the larger before
    the smaller.

    Returns:
        Whether it was kept.
    """
    before = shown(db, new.office, new.incarnation)
    if before is not None and (before.receipt is not None, before.size) >= (
        new.receipt is not None,
        new.size,
    ):
        return False
    if before is None and new.receipt is None and _unsigned(db, new.office) >= UNSIGNED_MAX:
        return False
    db.run(
        "INSERT OR REPLACE INTO held_there (office, incarnation, size, root, is_open, shown_at, receipt) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            new.office,
            new.incarnation,
            new.size,
            new.root,
            int(new.is_open),
            new.shown_at,
            new.receipt,
        ),
    )
    return True


def _unsigned(db: Reading, office: str) -> int:
    row = db.one("SELECT count(*) FROM held_there WHERE office = ? AND receipt IS NULL", (office,))
    assert row is not None, "a count gives a row"
    return int(row[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class LostEntry:
    """An entry that this node has lost, as its receiver has it; without a kind it was taken back."""

    number: int
    leaf: bytes
    kind: str | None
    item_id: bytes | None


def keep_lost(db: Writing, office: str, incarnation: bytes, lost: Iterable[LostEntry]) -> None:
    """Keep what a peer says that this node has lost; what is kept already stays."""
    db.run_many(
        "INSERT OR IGNORE INTO lost_entry (office, incarnation, number, leaf, kind, item_id) VALUES (?, ?, ?, ?, ?, ?)",
        [(office, incarnation, each.number, each.leaf, each.kind, each.item_id) for each in lost],
    )


def lost(db: Reading, office: str, incarnation: bytes) -> list[LostEntry]:
    """What a peer says that this node has lost of an incarnation, in order."""
    rows = db.rows(
        "SELECT number, leaf, kind, item_id FROM lost_entry WHERE office = ? AND incarnation = ? ORDER BY number",
        (office, incarnation),
    )
    return [
        LostEntry(number=number, leaf=leaf, kind=kind, item_id=item_id)
        for number, leaf, kind, item_id in rows
    ]


def close(db: Writing, office: str = "") -> None:
    """Note that persons have answered what a peer shows, or every peer."""
    db.run("UPDATE held_there SET is_open = 0 WHERE ? IN ('', office)", (office,))


def is_doubted(db: Reading) -> bool:
    """Whether our own signature shows that this node has lost something, and no restoration has answered that."""
    return db.one("SELECT 1 FROM held_there WHERE is_open = 1 AND receipt IS NOT NULL LIMIT 1") is not None


_RESTORATION = "SELECT what, proposed_by, proposed_at, confirmed_by, confirmed_at, record FROM restoration WHERE confirmed_by "


def proposed(db: Reading) -> Restoration | None:
    """What one person declared and waits for another, or None."""
    row = db.one(_RESTORATION + "IS NULL")
    return None if row is None else _restoration(row)


def declared(db: Reading) -> list[Restoration]:
    """What two persons declared, the oldest first."""
    return [_restoration(row) for row in db.rows(_RESTORATION + "IS NOT NULL ORDER BY restoration_id")]


def is_copy(db: Reading) -> bool:
    """Whether the last that was declared of this folder is that it is a copy."""
    found = declared(db)
    return bool(found) and found[-1].what is Declared.COPY


def _restoration(row: Row) -> Restoration:
    what, proposed_by, proposed_at, confirmed_by, confirmed_at, record = row
    return Restoration(
        what=Declared(what),
        proposed_by=proposed_by,
        proposed_at=proposed_at,
        confirmed_by=confirmed_by,
        confirmed_at=confirmed_at,
        record=record,
    )


def propose(db: Writing, what: Declared, by: str, at: int) -> None:
    """Note what one person declares, in the place of what was declared and not confirmed."""
    db.run("DELETE FROM restoration WHERE confirmed_by IS NULL")
    db.run("INSERT INTO restoration (what, proposed_by, proposed_at) VALUES (?, ?, ?)", (what.value, by, at))


def confirm(db: Writing, by: str, at: int, record: bytes) -> None:
    """Note that a second person declares the same."""
    db.run(
        "UPDATE restoration SET confirmed_by = ?, confirmed_at = ?, record = ? WHERE confirmed_by IS NULL",
        (by, at, record),
    )
    assert db.changed() == 1, "what is confirmed was proposed"
