# SPDX-License-Identifier: Apache-2.0

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.encoding import Codec, encode
from legation.errors import MalformedError, ProofError
from legation.item import attachment
from legation.item import portion as portion_module
from legation.item.attachment import (
    CHUNK_SIZE_BYTES,
    Hashing,
    chunk_count,
    chunk_hash,
    chunk_size,
    verified,
    verify_chunk,
)
from legation.item.portion import Attachment, Portion
from legation.merkle import inclusion_proof
from tests.log.handmade import tree_root

CODEC: Codec[Portion] = Codec(Portion, size_bytes_max=4096, what="portion")  # type: ignore[arg-type]
SIZES = (0, 1, CHUNK_SIZE_BYTES - 1, CHUNK_SIZE_BYTES, CHUNK_SIZE_BYTES + 1, 3 * CHUNK_SIZE_BYTES + 7)


def content(size: int) -> bytes:
    """Bytes of which no two chunks are alike."""
    return hashlib.shake_256(b"a file").digest(size)


def cut(data: bytes) -> list[bytes]:
    """The chunks of a file."""
    return [data[start : start + CHUNK_SIZE_BYTES] for start in range(0, len(data), CHUNK_SIZE_BYTES)]


def hashed(data: bytes, piece: int = 1 << 16) -> Hashing:
    """Take a file in pieces of one size."""
    hashing = Hashing()
    for start in range(0, len(data), piece):
        hashing.update(data[start : start + piece])
    return hashing


def portion(data: bytes) -> Attachment:
    """The portion for a file."""
    return Attachment(name="a", media_type="a/b", size=len(data), root=hashed(data).root())


class TestTree:
    @pytest.mark.parametrize("size", SIZES)
    def test_root_is_that_of_the_page(self, size: int) -> None:
        """Chunks, domain and tree as docs/spec/item.md has them, by another hand."""
        data = content(size)
        leaves = [hashlib.sha256(b"\x00legation/chunk/v1\n" + each).digest() for each in cut(data)]
        found = hashed(data)
        assert found.size == size
        assert found.root() == tree_root(leaves)
        assert found.chunks == leaves == [chunk_hash(each) for each in cut(data)]
        assert chunk_count(size) == len(leaves)
        assert [chunk_size(size, number) for number in range(len(leaves))] == [
            len(each) for each in cut(data)
        ]

    @settings(max_examples=30)
    @given(st.lists(st.integers(0, CHUNK_SIZE_BYTES + 3), max_size=5))
    def test_how_the_bytes_come_changes_nothing(self, pieces: list[int]) -> None:
        """Pieces of any size, empty ones too."""
        data = content(sum(pieces))
        hashing, start = Hashing(), 0
        for piece in pieces:
            hashing.update(memoryview(data)[start : start + piece])
            start += piece
        assert hashing.root() == hashed(data).root()

    def test_what_is_too_long_is_refused_as_it_comes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not one byte more is hashed."""
        monkeypatch.setattr(attachment, "ATTACHMENT_SIZE_BYTES_MAX", 10)
        hashing = Hashing()
        hashing.update(bytes(10))
        with pytest.raises(MalformedError, match="more than"):
            hashing.update(b"1")


class TestSpecification:
    PAGE = (Path(__file__).parents[2] / "docs" / "spec" / "attachment.md").read_text()

    def test_the_example_is_what_is_computed(self) -> None:
        """Portion, leaves and root of the page."""
        hashing = Hashing()
        hashing.update(b"a" * CHUNK_SIZE_BYTES + b"end\n")
        root = hashing.root()
        found = CODEC.decode(encode(json.loads(self.PAGE.split("```json\n")[1].split("```")[0])))
        assert isinstance(found, Attachment)
        assert (found.size, found.root) == (hashing.size, root)
        for each in (*hashing.chunks, root):
            assert each.hex() in self.PAGE

    def test_the_limits_are_those_of_the_code(self) -> None:
        """Both that are constants."""
        for limit in (portion_module.ATTACHMENT_SIZE_BYTES_MAX, portion_module.FILE_NAME_SIZE_BYTES_MAX):
            assert f"| {limit:,} |" in self.PAGE
        assert f"{CHUNK_SIZE_BYTES:,}" in self.PAGE


class TestChunks:
    @pytest.mark.parametrize("size", SIZES[1:])
    def test_each_proves_itself(self, size: int) -> None:
        """By its number, its bytes and a few hashes; and not as another, nor changed or cut short."""
        data = content(size)
        signed, chunks = portion(data), cut(data)
        hashes = [chunk_hash(each) for each in chunks]
        for number, chunk in enumerate(chunks):
            proof = inclusion_proof(hashes, number)
            verify_chunk(signed, number, chunk, proof)
            for wrong in (chunk[:-1], chunk + b"\x00", bytes([chunk[0] ^ 1]) + chunk[1:]):
                with pytest.raises(ProofError):
                    verify_chunk(signed, number, wrong, proof)
            for other in (number + 1, number - 1, len(chunks)):
                with pytest.raises(ProofError):
                    verify_chunk(signed, other, chunk, proof)

    def test_an_empty_file_has_none(self) -> None:
        """No chunk is one of it."""
        with pytest.raises(ProofError):
            verify_chunk(portion(b""), 0, b"", [])


class TestStream:
    @pytest.mark.parametrize("size", SIZES)
    def test_what_was_signed_passes(self, size: int) -> None:
        """Every byte, in order."""
        data = content(size)
        pieces = [data[start : start + 70_001] for start in range(0, size, 70_001)]
        assert b"".join(verified(portion(data), pieces)) == data

    @pytest.mark.parametrize("change", ["longer", "shorter", "other", "swapped"])
    def test_what_was_not_raises_before_the_last_piece(self, change: str) -> None:
        """Nobody who waits for the end ever has the whole of it."""
        data = content(2 * CHUNK_SIZE_BYTES)
        other = {
            "longer": data + b"\x00",
            "shorter": data[:-1],
            "other": data[:-1] + bytes([data[-1] ^ 1]),
            "swapped": data[CHUNK_SIZE_BYTES:] + data[:CHUNK_SIZE_BYTES],
        }[change]
        pieces = cut(other)
        came: list[bytes] = []

        def taking() -> Iterator[bytes]:
            yield from verified(portion(data), pieces)

        with pytest.raises(ProofError):
            came.extend(taking())
        assert len(came) < len(pieces)
