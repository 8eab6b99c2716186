# SPDX-License-Identifier: Apache-2.0
"""
How far something is, on stderr: what is looked at, and how much of how much.

On a terminal one line is written over and taken away in the end; elsewhere each is a line of its own. There are
at most a few in a second.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from legation.node.checking.findings import Tell

TERMINAL_EVERY_S = 0.25
LINE_EVERY_S = 1.0  # in a file somebody has to read them


class Progress:
    """
    Tells how far it is.

    Args:
        stream: Where to.
        clock: Seconds that only go forward.
        is_terminal: Whether a line can be written over.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float], *, is_terminal: bool) -> None:
        self._stream = stream
        self._clock = clock
        self._is_terminal = is_terminal
        self._every_s = TERMINAL_EVERY_S if is_terminal else LINE_EVERY_S
        self._told_at = clock()
        self._width = 0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Take note of how far it is, and tell it if that is due."""
        now = self._clock()
        if now - self._told_at < self._every_s:
            return
        self._told_at = now
        said = f"{what}: {done} of {total}"
        if self._is_terminal:
            self._stream.write(f"\r{said:<{self._width}}")
            self._width = len(said)
        else:
            self._stream.write(f"{said}\n")
        self._stream.flush()

    def close(self) -> None:
        """Leave a terminal's line as it was before."""
        if self._is_terminal and self._width:
            self._stream.write(f"\r{'':<{self._width}}\r")
            self._stream.flush()


@contextmanager
def telling(*, wanted: bool = False) -> "Iterator[Tell]":
    """Say on stderr how far it is, if that is wanted, or somebody is there to see it."""
    from legation.node.checking.findings import untold

    is_terminal = sys.stderr.isatty()
    if not wanted and not is_terminal:
        yield untold
        return
    progress = Progress(sys.stderr, monotonic, is_terminal=is_terminal)
    try:
        yield progress
    finally:
        progress.close()
