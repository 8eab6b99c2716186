# SPDX-License-Identifier: Apache-2.0
"""
The check of the files beside the store: blobs and attachments.

1. Every chunk of an attachment opens under its key, and hashes to what is stored of it; all of them lead to the root
   that its author signed. Of one that is still coming, as many as have come.
2. Files that nothing names are counted. They do no harm: what was taken back, or never committed.

Blobs that something names are read and hashed with what names them.
"""

from collections.abc import Iterator
from functools import partial

from legation.errors import ProofError
from legation.item.attachment import chunk_count, chunk_hash
from legation.merkle import root
from legation.node.checking.findings import Findings
from legation.node.surroundings import Surroundings
from legation.store.attachments import Attachments
from legation.store.blobs import Blobs
from legation.store.sqlite import attachments, checks
from legation.store.sqlite.attachments import Kept
from legation.store.sqlite.database import Reading

# An attachment is on the disk before anything names it: of what is younger, somebody may just be writing it.
UNNAMED_FOR_S = 86_400


def check_files(db: Reading, found: Findings, blobs: Blobs, store: Attachments) -> None:
    """Look at every attachment, chunk by chunk, and count what nothing names."""
    for each in attachments.kept(db):
        where = f"attachment {each.file.name.hex()[:16]}"
        _check_chunks(found, store, each, where)
        found.hold("attachments", where, partial(_whole, each))
    for each in attachments.all_arriving(db):
        _check_chunks(found, store, each, f"attachment {each.file.name.hex()[:16]}, still coming")
    found.count("blobs", sum(1 for _ in blobs.hashes()))
    found.leftovers = len(leftover_blobs(db, blobs)) + sum(1 for _ in _leftover_attachments(db, store))


def _check_chunks(found: Findings, store: Attachments, each: Kept, where: str) -> None:
    found.expect_more("chunks", len(each.leaves))
    for number in range(len(each.leaves)):
        found.hold("chunks", f"{where}, chunk {number}", partial(_chunk, store, each, number))


def _chunk(store: Attachments, each: Kept, number: int) -> None:
    """
    Hold one chunk against its hash.

    Raises:
        LegationError: It does not hold.
    """
    if chunk_hash(store.chunk(each.file, each.wanted.size_bytes, number)) != each.leaves[number]:
        raise ProofError("it is not the chunk that was kept")


def _whole(each: Kept) -> None:
    """
    Hold the hashes of the chunks against the root that was signed.

    Raises:
        ProofError: They lead elsewhere.
    """
    is_whole = len(each.leaves) == chunk_count(each.wanted.size_bytes)
    if not is_whole or root(each.leaves) != each.wanted.root:
        raise ProofError("its chunks lead to another root than was signed")


def leftover_blobs(db: Reading, blobs: Blobs) -> set[bytes]:
    """The hashes of the blobs that no row names."""
    named = checks.blob_names(db)
    return {digest for digest in blobs.hashes() if digest not in named}


def _leftover_attachments(db: Reading, store: Attachments) -> Iterator[bytes]:
    """The names of the files of attachments that no row names."""
    named = attachments.files(db)
    return (name for name in store.names() if name not in named)


def remove_leftovers(db: Reading, blobs: Blobs, store: Attachments, around: Surroundings) -> int:
    """
    Remove what no row names, and give how many files these were.

    In a change alone: nobody puts a blob meanwhile. Attachments that nothing names are left alone for a day.
    """
    count = 0
    for digest in leftover_blobs(db, blobs):
        blobs.remove(digest)
        count += 1
    for name in _leftover_attachments(db, store):
        if store.changed_at(name) <= around.seconds() - UNNAMED_FOR_S:
            store.remove(name)
            count += 1
    return count
