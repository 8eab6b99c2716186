# SPDX-License-Identifier: Apache-2.0
"""
Named points in a node's work, at which its process can be made to kill itself.

A page of memory is shared with the harness: the process counts in it what it passes, and looks in it at
which point, and at the how manieth time, it is to die. So it can be told while it runs, and what it had
done is known when it is dead.
"""

import os
import signal
from collections.abc import Callable
from enum import IntEnum
from mmap import mmap
from pathlib import Path
from struct import Struct
from threading import Lock


class Point(IntEnum):
    """Where a process may die."""

    WRITING = 0  # before something is written to a file of the store
    TEARING = 1  # when the first half of it is written
    SYNCING = 2  # before a file of the store is synced
    COMMITTING = 3  # when all of a group has been run, before it is committed
    COMMITTED = 4  # when it is committed, before anybody is told
    PLACING = 5  # when a blob is written, before it has its name
    PLACED = 6  # when it has its name, and no row names it
    GIVING = 7  # before a piece of an answer is given out
    GIVEN = 8  # when all of an answer is given out
    TAKING = 9  # when a piece of an answer has come in
    TAKEN = 10  # when all of it has
    TOLD = 11  # when a release was acknowledged, before the next
    SEALING = 12  # before chunks of an attachment are written
    SEALED = 13  # when they are on the disk, and nothing notes it
    CARRYING = 14  # before a piece of a bag is written
    CARRIED = 15  # when its file has its name, and nothing notes it
    PLANTED = 16  # where a planted bug does its harm


OF_ALL = (Point.WRITING, Point.TEARING, Point.SYNCING, Point.COMMITTING, Point.COMMITTED)
"""Points that every process passes that changes something."""

_NUMBER = Struct("<q")
_COUNTS = 2  # numbers before the counts: the point, and how often it is still passed
_SIZE_BYTES = _NUMBER.size * (_COUNTS + len(Point))
_NOWHERE = -1


class Page:
    """The shared page of one process."""

    def __init__(self, path: Path) -> None:
        """Open the page; one that is not there is made."""
        if not path.exists():
            path.write_bytes(_NUMBER.pack(_NOWHERE) + bytes(_SIZE_BYTES - _NUMBER.size))
        with path.open("r+b") as file:
            self._memory = mmap(file.fileno(), _SIZE_BYTES)
        self._lock = Lock()

    def arm(self, point: Point, nth: int) -> None:
        """Let the process die when it passes *point* for the *nth* time from now on; at least 1."""
        self._put(1, nth)
        self._put(0, point)

    def disarm(self) -> None:
        """Let the process live."""
        self._put(0, _NOWHERE)

    def count(self, point: Point) -> int:
        """How often the process has come to *point*."""
        return self._get(_COUNTS + point)

    def passing(self, point: Point, *, last: Callable[[], object] | None = None) -> None:
        """
        Come to a point, and go on, or die there.

        Args:
            point: Where the process is.
            last: What it does before it dies.
        """
        with self._lock:
            self._put(_COUNTS + point, self._get(_COUNTS + point) + 1)
            if self._get(0) != point:
                return
            left = self._get(1) - 1
            self._put(1, left)
            if left == 0:
                if last is not None:
                    last()
                os.kill(os.getpid(), signal.SIGKILL)

    def _get(self, place: int) -> int:
        number: int = _NUMBER.unpack_from(self._memory, place * _NUMBER.size)[0]
        return number

    def _put(self, place: int, number: int) -> None:
        _NUMBER.pack_into(self._memory, place * _NUMBER.size, number)
