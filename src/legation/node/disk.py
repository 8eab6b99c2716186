# SPDX-License-Identifier: Apache-2.0
"""
Files, read within limits and written whole or not at all.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from legation.errors import MalformedError

FILE_SIZE_BYTES_MAX = 65 << 20  # a little over the largest view: what is too long is told by its reader


def read_file(path: Path, *, size_bytes_max: int = FILE_SIZE_BYTES_MAX) -> bytes:
    """
    Read a file.

    Raises:
        MalformedError: It is longer than anything that is read here.
        OSError: It is not there, or not to be read.
    """
    with path.open("rb") as file:
        data = file.read(size_bytes_max + 1)
    if len(data) > size_bytes_max:
        raise MalformedError(f"`{path.name}` is longer than {size_bytes_max} bytes")
    return data


def open_plain(path: Path) -> BinaryIO:
    """
    Open a file for reading, and nothing that is none: no folder, no device, no pipe that never ends.

    Raises:
        OSError: It is not there, not to be read, or something else.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "is there and is no file", str(path))
    return os.fdopen(descriptor, "rb")


def write_file(path: Path, data: bytes | Iterable[bytes], *, public: bool = False, new: bool = False) -> None:
    """
    Write a file so that it is there whole, on the disk, or as it was before.

    Args:
        path: Where it goes; what is there is replaced.
        data: What it holds, whole or in pieces; if making a piece fails, nothing was written.
        public: Whether everybody may read it, or its owner only.
        new: Whether nothing may be replaced.

    Raises:
        FileExistsError: Something is there that may not be replaced, or is no file.
        OSError: The disk says no.
    """
    if path.exists() and not path.is_file():
        # A rename would put a file in the place of a device.
        raise FileExistsError(errno.EEXIST, "is there and is no file", str(path))
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        _write_part(part, path, data, public=public, new=new)
    except OSError as error:
        # The part is nothing that anybody asked for.
        error.filename, error.filename2 = str(path), None
        raise
    _sync_folder(path.parent)


def _write_part(part: Path, path: Path, data: bytes | Iterable[bytes], *, public: bool, new: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    descriptor = os.open(part, flags, 0o644 if public else 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines([data] if isinstance(data, bytes) else data)
            file.flush()
            os.fsync(file.fileno())
        if new:
            os.link(part, path)  # unlike a rename, this fails if something is there
        else:
            part.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()


def _sync_folder(folder: Path) -> None:
    """A file is there after a power cut only if the folder that names it is on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
