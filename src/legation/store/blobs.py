# SPDX-License-Identifier: Apache-2.0
"""
What is too long for a row: a file each, named by the SHA-256 of what it holds.

``ab/cd/abcd….blob`` in the folder; what is being written lies in ``part``.

Rules kept here:

1. What was put is on the disk: the file, and every folder that leads to it.
2. A file appears under its name whole, and whole ones are never written again.
3. What comes back has the hash that was asked for, or there is an error that names its beginning.
4. What a crash left is taken away by the next process that opens the folder; what others are just writing
   is not.
5. When the disk fails to keep what it took, nothing more is written until a restart.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

from legation.errors import StoreError
from legation.item.shape import VIEW_SIZE_BYTES_MAX
from legation.store.disk import NO_ROOM, failure, make_file, sync

BLOB_SIZE_BYTES_MAX = VIEW_SIZE_BYTES_MAX + (1 << 20)  # a view, with what is put before it on its way
INLINE_SIZE_BYTES_MAX = 64 << 10  # up to this a row is faster than a file, and nothing has to be kept in step
HASH_SIZE_BYTES = 32
_PARTS = "part"


class Blobs:
    """
    A folder of blobs. Threads share it; processes may too.

    It is made where there is none.
    """

    def __init__(self, folder: Path) -> None:
        """
        Open the folder, and clear away what was not finished.

        Raises:
            StoreError: The disk says no.
        """
        self._folder = folder
        self._parts = folder / _PARTS
        self._synced: set[bytes] = set()  # folders, by the bytes they stand for, known to be on the disk
        self._is_broken = False
        try:
            _make_folder(folder)
            _make_folder(self._parts)
            for part in self._parts.iterdir():
                _clear(part)
        except OSError as error:
            raise failure(error, "the folder of blobs cannot be opened") from error

    def put(self, data: bytes) -> bytes:
        """
        Keep a blob, and give its hash; one that is there already is left alone.

        Only a damaged one is replaced, by what it should be.

        Raises:
            StoreError: The disk is full, or fails.
        """
        if len(data) > BLOB_SIZE_BYTES_MAX:
            raise StoreError(f"a blob has {len(data)} bytes, expected at most {BLOB_SIZE_BYTES_MAX}")
        if self._is_broken:
            raise StoreError(
                "the blobs are closed for writing: their disk failed", hint="see to the disk and start again"
            )
        digest = sha256(data).digest()
        path = self._path(digest)
        try:
            self._make_folders(digest)
            if not self._is_whole(digest):
                self._write(path, data)
            # Also for what was there: whoever put it may not have come so far.
            self._sync(path.parent)
        except OSError as error:
            raise failure(error, f"blob `{_brief(digest)}` cannot be written") from error
        return digest

    def get(self, digest: bytes, *, size_bytes_max: int = BLOB_SIZE_BYTES_MAX) -> bytes:
        """
        Give a blob.

        Raises:
            StoreError: It is not there, damaged, or longer than it may be.
        """
        try:
            descriptor = os.open(self._path(digest), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "rb") as file:
                data = file.read(size_bytes_max + 1)
        except FileNotFoundError as error:
            raise StoreError(f"blob `{_brief(digest)}` is missing") from error
        except OSError as error:
            raise StoreError(f"blob `{_brief(digest)}` cannot be read") from error
        if len(data) > size_bytes_max:
            raise StoreError(f"blob `{_brief(digest)}` is longer than {size_bytes_max} bytes")
        if sha256(data).digest() != digest:
            raise StoreError(f"blob `{_brief(digest)}` is damaged")
        return data

    def has(self, digest: bytes) -> bool:
        """Tell whether there is a file for it; only ``get`` tells whether it is whole."""
        return self._path(digest).is_file()

    def hashes(self) -> Iterator[bytes]:
        """Give the hash of every blob that there is a file for, as its name says; other files are passed over."""
        for path in self._folder.glob("??/??/*.blob"):
            with contextlib.suppress(ValueError):
                digest = bytes.fromhex(path.stem)
                if len(digest) == HASH_SIZE_BYTES and self._path(digest) == path:
                    yield digest

    def remove(self, digest: bytes) -> None:
        """
        Take a blob away, if it is there; nothing may name it.

        Raises:
            StoreError: The disk says no.
        """
        try:
            self._path(digest).unlink(missing_ok=True)
        except OSError as error:
            raise failure(error, f"blob `{_brief(digest)}` cannot be removed") from error

    def erase(self, digest: bytes) -> None:
        """
        Write zeros over a blob and take it away, if it is there; afterwards that is on the disk.

        Raises:
            StoreError: The disk says no.
        """
        path = self._path(digest)
        try:
            with contextlib.suppress(FileNotFoundError):
                with path.open("r+b") as file:
                    left = os.fstat(file.fileno()).st_size
                    while left > 0:
                        left -= file.write(bytes(min(left, 1 << 20)))
                    file.flush()
                    os.fsync(file.fileno())
                path.unlink()
            if path.parent.is_dir():
                sync(path.parent)
        except OSError as error:
            raise failure(error, f"blob `{_brief(digest)}` cannot be erased") from error

    def _path(self, digest: bytes) -> Path:
        assert len(digest) == HASH_SIZE_BYTES, "a blob is named by a SHA-256"
        name = digest.hex()
        return self._folder / name[:2] / name[2:4] / f"{name}.blob"

    def _is_whole(self, digest: bytes) -> bool:
        try:
            self.get(digest)
        except StoreError:
            return False
        return True

    def _make_folders(self, digest: bytes) -> None:
        """Make both folders of a blob, unless this process knows already that they are on the disk."""
        folder = self._folder
        for prefix in (digest[:1], digest[:2]):
            folder /= prefix[-1:].hex()
            if prefix not in self._synced:
                folder.mkdir(mode=0o700, exist_ok=True)
                self._sync(folder.parent)
                self._synced.add(prefix)

    def _write(self, path: Path, data: bytes) -> None:
        part, descriptor = self._new_part()
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                self._sync_file(descriptor)
                part.replace(path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                part.unlink()

    def _new_part(self) -> tuple[Path, int]:
        """Make a file to write into, locked: so another process sees that it is no leftover."""
        while True:
            part = self._parts / token_hex(16)
            descriptor = make_file(part)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                return part, descriptor
            # Cleared away between the two calls.
            os.close(descriptor)

    def _sync_file(self, descriptor: int) -> None:
        try:
            os.fsync(descriptor)
        except OSError as error:
            # The file is thrown away, so a lack of room does no harm; anything else means the disk.
            self._is_broken = error.errno not in NO_ROOM
            raise

    def _sync(self, folder: Path) -> None:
        try:
            sync(folder)
        except OSError:
            self._is_broken = True
            raise


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    sync(folder.parent)


def _clear(part: Path) -> None:
    """Take away what a crash left; what is locked is being written."""
    with contextlib.suppress(FileNotFoundError), part.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        part.unlink()


def _brief(digest: bytes) -> str:
    """Name a blob in a message: enough to find it, too little to ask for it."""
    return digest[:4].hex()
