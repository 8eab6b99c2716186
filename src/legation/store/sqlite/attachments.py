# SPDX-License-Identifier: Apache-2.0
"""
Attachments: where the bytes of each lie, under what key, and what is still coming.

An attachment is named by the root and the size that its portion states, and by the access id of that portion's
label: the same file under two labels is kept twice, so that to destroy the one is not to destroy the other.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from legation.merkle import HASH_SIZE_BYTES, Hash
from legation.store.attachments import SealedFile
from legation.store.sqlite.database import Reading, Row, Writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Names an attachment: what its portion says of it, and the access id of its label."""

    root: bytes
    size_bytes: int
    access_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """
    An attachment, or as much of it as is on the disk: ``leaves`` are the hashes of those chunks, in order.
    """

    wanted: Wanted
    file: SealedFile
    leaves: tuple[Hash, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryName:
    """Names an entry of a peer's stream to us."""

    office: str
    incarnation: bytes
    number: int


_COLUMNS = "root, size_bytes, access_id, file, key, leaves"
_OF_ENTRY = "office = ? AND incarnation = ? AND number = ?"


def find(db: Reading, wanted: Wanted) -> Kept | None:
    """The attachment, if it is held whole."""
    row = db.one(
        f"SELECT {_COLUMNS} FROM attachment WHERE root = ? AND size_bytes = ? AND access_id = ?",  # noqa: S608 - constants
        (wanted.root, wanted.size_bytes, wanted.access_id),
    )
    return None if row is None else _kept(row)


def keep(db: Writing, kept: Kept, at: int) -> bool:
    """
    Keep an attachment whose bytes are on the disk, all of them.

    Returns:
        False if it is held already, in another file; then the one that is given serves nobody.
    """
    row = db.one(
        f"INSERT INTO attachment ({_COLUMNS}, kept_at) VALUES (?, ?, ?, ?, ?, ?, ?) "  # noqa: S608 - constants
        "ON CONFLICT (root, size_bytes, access_id) DO NOTHING RETURNING 1",
        (*_values(kept), at),
    )
    return row is not None


def forget(db: Writing, wanted: Wanted) -> bytes | None:
    """
    Let go of an attachment, and of the key that opens it.

    Returns:
        The name of its file, which is to be removed; None if it is not held.
    """
    row = db.one(
        "DELETE FROM attachment WHERE root = ? AND size_bytes = ? AND access_id = ? RETURNING file",
        (wanted.root, wanted.size_bytes, wanted.access_id),
    )
    return None if row is None else bytes(row[0])


def kept(db: Reading) -> Iterator[Kept]:
    """Every attachment that is held, in the order in which they came."""
    yield from map(_kept, db.rows(f"SELECT {_COLUMNS} FROM attachment ORDER BY attachment_key"))  # noqa: S608 - constants


def arriving(db: Reading, entry: EntryName) -> dict[Wanted, Kept]:
    """What has come so far with an entry."""
    rows = db.rows(f"SELECT {_COLUMNS} FROM arriving WHERE {_OF_ENTRY}", _named(entry))  # noqa: S608 - constants
    return {each.wanted: each for each in map(_kept, rows)}


def all_arriving(db: Reading) -> Iterator[Kept]:
    """What has come so far, with whatever entry."""
    yield from map(_kept, db.rows(f"SELECT {_COLUMNS} FROM arriving ORDER BY rowid"))  # noqa: S608 - constants


def begin_arriving(db: Writing, entry: EntryName, kept: Kept) -> None:
    """Note that an attachment comes with an entry, and in which file."""
    db.run(
        f"INSERT INTO arriving (office, incarnation, number, {_COLUMNS}) "  # noqa: S608 - constants
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*_named(entry), *_values(kept)),
    )


def came(db: Writing, entry: EntryName, kept: Kept) -> bool:
    """
    Note how much of an attachment has come with an entry; it is on the disk.

    Returns:
        False if it does not come any more: somebody else has taken it in meanwhile, or let go of it.
    """
    leaves = b"".join(kept.leaves)
    db.run(
        f"UPDATE arriving SET leaves = iif(length(leaves) > length(?), leaves, ?) "  # noqa: S608 - constants
        f"WHERE {_OF_ENTRY} AND file = ?",
        (leaves, leaves, *_named(entry), kept.file.name),
    )
    return db.changed() == 1


def forget_arriving(db: Writing, entries: Iterable[EntryName]) -> None:
    """Let go of what came with entries: they are taken in, or will never be."""
    db.run_many(f"DELETE FROM arriving WHERE {_OF_ENTRY}", map(_named, entries))  # noqa: S608 - constants


def files(db: Reading) -> frozenset[bytes]:
    """The names of all files that there are to be."""
    rows = db.rows("SELECT file FROM attachment UNION ALL SELECT file FROM arriving")
    return frozenset(file for (file,) in rows)


def _named(entry: EntryName) -> tuple[str, bytes, int]:
    return entry.office, entry.incarnation, entry.number


def _values(kept: Kept) -> tuple[bytes, int, int, bytes, bytes, bytes]:
    wanted, file = kept.wanted, kept.file
    return wanted.root, wanted.size_bytes, wanted.access_id, file.name, file.key, b"".join(kept.leaves)


def _kept(row: Row) -> Kept:
    root, size_bytes, access_id, name, key, leaves = row
    return Kept(
        wanted=Wanted(root=root, size_bytes=size_bytes, access_id=access_id),
        file=SealedFile(name=name, key=key),
        leaves=tuple(_hashes(leaves)),
    )


def _hashes(data: bytes) -> Sequence[Hash]:
    return [Hash(data[at : at + HASH_SIZE_BYTES]) for at in range(0, len(data), HASH_SIZE_BYTES)]
