# SPDX-License-Identifier: Apache-2.0
"""
Drafts: kept by their digest, never changed.
"""

from legation.encoding import Codec, encode
from legation.item.draft import Draft
from legation.item.shape import VIEW_SIZE_BYTES_MAX
from legation.store.sqlite.database import Reading, Writing

_DRAFT = Codec(Draft, size_bytes_max=2 * VIEW_SIZE_BYTES_MAX, what="draft")
FOUND_MAX = 2  # of a beginning; more than one is a question in any case


def save_draft(db: Writing, draft: Draft, by: str, at: int) -> None:
    """Keep a draft; one that is there stays as it is."""
    db.run(
        "INSERT OR IGNORE INTO draft (digest, data, written_by, written_at) VALUES (?, ?, ?, ?)",
        (draft.digest, encode(draft), by, at),
    )


def draft(db: Reading, digest: bytes) -> Draft | None:
    """The draft of this digest, or None."""
    row = db.one("SELECT data FROM draft WHERE digest = ?", (digest,))
    return None if row is None else _DRAFT.decode(row[0])


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
