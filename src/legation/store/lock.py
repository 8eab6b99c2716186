# SPDX-License-Identifier: Apache-2.0
"""
One process serves a folder at a time.

The lock is the system's: it ends with whoever holds it, however that ends. What lies in the folder is
only what the lock hangs on. It stays there, for a file that is taken away while another waits at its name
makes two holders.
"""

import errno
import fcntl
import os
from pathlib import Path
from typing import Self

from legation.errors import StoreError

NAME = "serve.lock"


class FolderLock:
    """
    A folder, held until ``close`` or the end of the process.

    Args:
        folder: Which.
        name: What it is held for; whoever holds it for one thing does not keep another from the other.
    """

    def __init__(self, folder: Path, *, name: str = NAME) -> None:
        """
        Take the folder, or raise at once.

        Raises:
            StoreError: Another holds it, be it in this process, or the lock cannot be had.
        """
        path = folder / name
        try:
            # A child process does not inherit it.
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise StoreError(f"`{name}` cannot be made") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise StoreError(
                    "the folder is in use by another process", hint="another process serves this folder"
                ) from error
            raise StoreError(f"`{name}` cannot be locked") from error

    def close(self) -> None:
        """Let the folder go."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
