# SPDX-License-Identifier: Apache-2.0
"""
What the store asks of the disk beside the database: that files are on it, and what its errors mean.
"""

import errno
import os
from pathlib import Path

from legation.errors import StoreError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def failure(error: OSError, said: str) -> StoreError:
    """
    Say what an error of the disk means; *said* where it is not that there is no room.

    Raise what this returns ``from`` the error.
    """
    if error.errno in NO_ROOM:
        return StoreError("the disk is full", hint="make room and try again")
    return StoreError(said)


def make_file(path: Path) -> int:
    """
    Make an empty file that is nobody else's to read, and open it.

    Returns:
        Its descriptor, for reading and writing.

    Raises:
        FileExistsError: Something is there.
        OSError: The disk says no.
    """
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def sync(path: Path) -> None:
    """
    Wait until a file is on the disk, or what a folder names.

    A file is there after a power cut only if the folder that names it is on the disk too.

    Raises:
        OSError: The disk says no; then nobody knows what is on it.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
