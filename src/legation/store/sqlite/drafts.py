# SPDX-License-Identifier: Apache-2.0
"""
Drafts: kept by their digest, never changed.
"""

from legation.encoding import Codec, encode
from legation.item.draft import Draft
from legation.item.shape import VIEW_SIZE_BYTES_MAX
from legation.store.sqlite.database import Reading, Writing

_DRAFT = Codec(Draft, size_bytes_max=2 * VIEW_SIZE_BYTES_MAX, what="draft")
PIECE_SIZE_BYTES = 1 << 20  # nearly every draft is one piece; the longest is longer than a value may be
FOUND_MAX = 2  # of a beginning; more than one is a question in any case


def save_draft(db: Writing, draft: Draft, by: str, at: int) -> None:
    """Keep a draft; one that is there stays as it is."""
    if db.one("SELECT 1 FROM draft WHERE digest = ?", (draft.digest,)) is not None:
        return
    db.run("INSERT INTO draft (digest, written_by, written_at) VALUES (?, ?, ?)", (draft.digest, by, at))
    data = encode(draft)
    starts = range(0, len(data), PIECE_SIZE_BYTES)
    db.run_many(
        "INSERT INTO draft_piece (digest, place, data) VALUES (?, ?, ?)",
        [(draft.digest, place, data[start : start + PIECE_SIZE_BYTES]) for place, start in enumerate(starts)],
    )


def draft(db: Reading, digest: bytes) -> Draft | None:
    """The draft of this digest, or None."""
    pieces = db.rows("SELECT data FROM draft_piece WHERE digest = ? ORDER BY place", (digest,))
    data = b"".join(piece for (piece,) in pieces)
    return _DRAFT.decode(data) if data else None


def is_released(db: Reading, digest: bytes) -> bool:
    """Whether an item was made of a draft."""
    return db.one("SELECT 1 FROM released WHERE draft_digest = ?", (digest,)) is not None


def digests(db: Reading) -> list[bytes]:
    """The digests of all drafts, ascending."""
    return [digest for (digest,) in db.rows("SELECT digest FROM draft ORDER BY digest")]


def find_draft(db: Reading, beginning: str) -> list[bytes]:
    """
    Find drafts by the beginning of their digest.

    Args:
        db: The snapshot.
        beginning: Hexadecimal digits, at most 64.

    Returns:
        At most ``FOUND_MAX`` digests.
    """
    low, high = bytes.fromhex(beginning.ljust(64, "0")), bytes.fromhex(beginning.ljust(64, "f"))
    rows = db.rows(
        "SELECT digest FROM draft WHERE digest BETWEEN ? AND ? ORDER BY digest LIMIT ?",
        (low, high, FOUND_MAX),
    )
    return [digest for (digest,) in rows]
