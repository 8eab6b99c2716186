# SPDX-License-Identifier: Apache-2.0
"""
The bytes of attachments: a file each, sealed under a key of its own, which its row in the store holds.

``ab/cd…ef.sealed`` in the folder, under a name that was drawn; chunk after chunk, each with its tag.

Rules kept here:

1. What ``write`` returned from is on the disk, and so is the folder that names it.
2. A file says nothing: neither what it is called, nor to what it belongs, nor to whom it may be shown.
3. What comes back is what was written under that key, or there is an error.

Not here: whether the bytes are those that an author signed (``item.attachment``), and which files there are
to be (``sqlite.attachments``).
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from legation.errors import SealError, StoreError
from legation.item.attachment import CHUNK_SIZE_BYTES, chunk_count, chunk_size
from legation.keys.rest import REST_KEY_SIZE_BYTES, REST_TAG_SIZE_BYTES, open_at_rest, seal_at_rest
from legation.store.disk import failure, sync

FILE_NAME_SIZE_BYTES = 16  # random: no two are alike, and none says anything
_SEALED_SIZE_BYTES = CHUNK_SIZE_BYTES + REST_TAG_SIZE_BYTES
_SUFFIX = ".sealed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """A file of the folder: its name and its key."""

    name: bytes
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        assert len(self.name) == FILE_NAME_SIZE_BYTES, "a file has a name of its own"
        assert len(self.key) == REST_KEY_SIZE_BYTES, "a file has a key of its own"


class Attachments:
    """
    A folder of sealed files. Threads and processes share it.

    It is made where there is none.
    """

    def __init__(self, folder: Path) -> None:
        """
        Open the folder.

        Raises:
            StoreError: The disk says no.
        """
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            sync(folder.parent)
        except OSError as error:
            raise failure(error, "the folder of attachments cannot be opened") from error

    def write(self, file: SealedFile, first: int, chunks: Iterable[bytes]) -> int:
        """
        Write chunks of a file from chunk *first* on, and give how many the file has up to there.

        Two may write the same chunks of one file at the same time: they write the same bytes.

        Raises:
            StoreError: The disk is full, or fails. What is on it then counts for nothing: nothing notes it yet, and
                the next try writes it anew.
        """
        path = self._path(file.name)
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            with os.fdopen(os.open(path, flags, 0o600), "r+b") as opened:
                opened.seek(first * _SEALED_SIZE_BYTES)
                count = first
                for chunk in chunks:
                    assert len(chunk) <= CHUNK_SIZE_BYTES, "a chunk has at most a mebibyte"
                    opened.write(seal_at_rest(file.key, count, chunk))
                    count += 1
                opened.flush()
                os.fsync(opened.fileno())
            if first == 0:
                sync(path.parent)
                sync(self._folder)
        except OSError as error:
            raise failure(error, "an attachment cannot be written") from error
        return count

    def chunk(self, file: SealedFile, size_bytes: int, number: int) -> bytes:
        """
        Read one chunk of a file of *size_bytes*.

        Raises:
            StoreError: The file is missing or damaged.
        """
        return next(self._read(file, size_bytes, number))

    def chunks(self, file: SealedFile, size_bytes: int) -> Iterator[bytes]:
        """
        Read the chunks of a file of *size_bytes*, one after the other.

        Raises:
            StoreError: The file is missing or damaged.
        """
        yield from self._read(file, size_bytes, 0)

    def _read(self, file: SealedFile, size_bytes: int, first: int) -> Iterator[bytes]:
        try:
            descriptor = os.open(self._path(file.name), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "rb") as opened:
                opened.seek(first * _SEALED_SIZE_BYTES)
                for number in range(first, chunk_count(size_bytes)):
                    sealed = opened.read(chunk_size(size_bytes, number) + REST_TAG_SIZE_BYTES)
                    yield open_at_rest(file.key, number, sealed)
        except FileNotFoundError as error:
            raise StoreError(
                "the file of an attachment is missing", hint="restore the newest backup"
            ) from error
        except SealError as error:
            raise StoreError(
                "the file of an attachment is damaged", hint="restore the newest backup"
            ) from error
        except OSError as error:
            raise StoreError("the file of an attachment cannot be read") from error

    def remove(self, name: bytes) -> None:
        """
        Take a file away, if it is there.

        Raises:
            StoreError: The disk says no.
        """
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise failure(error, "the file of an attachment cannot be removed") from error

    def erase(self, name: bytes) -> None:
        """
        Take a file away, if it is there; afterwards that is on the disk. Its bytes say nothing without its key.

        Raises:
            StoreError: The disk says no.
        """
        self.remove(name)
        folder = self._path(name).parent
        try:
            if folder.is_dir():
                sync(folder)
        except OSError as error:
            raise failure(error, "the file of an attachment cannot be removed") from error

    def changed_at(self, name: bytes) -> int:
        """
        When a file was last written to, in seconds since 1970.

        Raises:
            StoreError: It is not there.
        """
        try:
            return int(self._path(name).stat().st_mtime)
        except OSError as error:
            raise StoreError("the file of an attachment cannot be looked at") from error

    def names(self) -> Iterator[bytes]:
        """The names of all files that are there."""
        for path in self._folder.glob(f"*/*{_SUFFIX}"):
            yield bytes.fromhex(path.name.removesuffix(_SUFFIX))

    def _path(self, name: bytes) -> Path:
        spelled = name.hex()
        return self._folder / spelled[:2] / f"{spelled}{_SUFFIX}"
