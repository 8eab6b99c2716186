# SPDX-License-Identifier: Apache-2.0
"""
The bytes of attachments: a tree of hashes over chunks, so that a part can be checked before the whole is there.

A file is cut into chunks of 1 MiB, the last one shorter; an empty file has none. A chunk is hashed as a
leaf behind a domain of its own, and the root is that of RFC 9162 over all of them. The portion in the item
states size and root, so the author's signature covers every byte and where it stands.

Nothing here reads a file or holds one: bytes are given piece by piece.

Use::

    found = measured(pieces)
    portion = Attachment(name=name, media_type="text/plain", size=found.size, root=found.root)
    for piece in verified(portion, pieces):
        ...
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from legation.errors import MalformedError, ProofError
from legation.item.portion import ATTACHMENT_SIZE_BYTES_MAX, Attachment
from legation.merkle import Hash, root, verify_inclusion

CHUNK_SIZE_BYTES = 1 << 20
CHUNK_DOMAIN = b"legation/chunk/v1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a portion says of the bytes of a file: how many there are, and the root over their chunks."""

    size: int
    root: Hash


def measured(pieces: Iterable[bytes]) -> Measured:
    """
    Measure a file, piece by piece.

    Raises:
        MalformedError: It is longer than an attachment may be.
    """
    hashing = Hashing()
    for piece in pieces:
        hashing.update(piece)
    return Measured(size=hashing.size, root=hashing.root())


def chunk_hash(chunk: bytes) -> Hash:
    """Hash one chunk as a leaf."""
    found = sha256(b"\x00" + CHUNK_DOMAIN)
    found.update(chunk)
    return Hash(found.digest())


def chunk_count(size: int) -> int:
    """How many chunks a file of *size* bytes has."""
    return -(-size // CHUNK_SIZE_BYTES)


def chunk_size(size: int, number: int) -> int:
    """How many bytes chunk *number*, from 0, of a file of *size* bytes has."""
    assert 0 <= number < chunk_count(size), "a chunk is one of the file"
    return min(CHUNK_SIZE_BYTES, size - number * CHUNK_SIZE_BYTES)


class Hashing:
    """
    Takes the bytes of a file in pieces of any size; keeps 32 bytes of each mebibyte.

    Raises:
        MalformedError: There are more than ``ATTACHMENT_SIZE_BYTES_MAX``.
    """

    def __init__(self) -> None:
        self.size = 0
        self.chunks: list[Hash] = []
        self._open = sha256(b"\x00" + CHUNK_DOMAIN)
        self._filled = 0

    def update(self, piece: bytes | memoryview) -> None:
        """Take the next bytes."""
        self.size += len(piece)
        if self.size > ATTACHMENT_SIZE_BYTES_MAX:
            raise MalformedError(f"an attachment has more than {ATTACHMENT_SIZE_BYTES_MAX} bytes")
        view = memoryview(piece)
        while view:
            part = view[: CHUNK_SIZE_BYTES - self._filled]
            self._open.update(part)
            self._filled += len(part)
            view = view[len(part) :]
            if self._filled == CHUNK_SIZE_BYTES:
                self._close()

    def root(self) -> Hash:
        """The root over all chunks; nothing may be taken after that."""
        if self._filled:
            self._close()
        return root(self.chunks)

    def _close(self) -> None:
        self.chunks.append(Hash(self._open.digest()))
        self._open = sha256(b"\x00" + CHUNK_DOMAIN)
        self._filled = 0


def verify_chunk(portion: Attachment, number: int, chunk: bytes, proof: Sequence[Hash]) -> None:
    """
    Check one chunk of a file, wherever the others are.

    Args:
        portion: As its author signed it.
        number: Of the chunk, from 0.
        chunk: Its bytes.
        proof: Hashes from the chunk upward, as ``merkle.inclusion_proof`` makes them.

    Raises:
        ProofError: It is not that chunk of that file.
    """
    count = chunk_count(portion.size)
    if not 0 <= number < count or len(chunk) != chunk_size(portion.size, number):
        raise ProofError(f"chunk {number} is none of the file, or has another size")
    leaf = chunk_hash(chunk)
    verify_inclusion(leaf=leaf, index=number, size=count, proof=proof, root=Hash(portion.root))


def verified(portion: Attachment, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """
    Pass the bytes of a file on as they come, and raise at the end if they are not those that were signed.

    Whoever uses this throws away what came if it raises: the last piece is given out only once all holds.

    Raises:
        ProofError: There are more or fewer bytes, or others.
    """
    hashing, held = Hashing(), b""
    for piece in pieces:
        if hashing.size + len(piece) > portion.size:
            raise ProofError("an attachment is longer than its portion says")
        hashing.update(piece)
        if held:
            yield held
        held = piece
    if hashing.size != portion.size or hashing.root() != portion.root:
        raise ProofError("an attachment is not the one that was signed")
    if held:
        yield held
