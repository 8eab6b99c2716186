# SPDX-License-Identifier: Apache-2.0

from collections.abc import Iterator
from io import StringIO
from itertools import count

from legation.cli.progress import LINE_EVERY_S, TERMINAL_EVERY_S, Progress


def told(every_s: float, steps: int, *, is_terminal: bool) -> str:
    """What is told of so many steps, each after so many seconds."""
    times: Iterator[float] = (number * every_s for number in count())
    stream = StringIO()
    progress = Progress(stream, lambda: next(times), is_terminal=is_terminal)
    for done in range(1, steps + 1):
        progress("views", done, steps)
    progress.close()
    return stream.getvalue()


def test_a_file_has_a_line_a_second() -> None:
    """
    However fast it goes, there is a line a second.
    """
    assert told(LINE_EVERY_S / 4, 10, is_terminal=False) == "views: 4 of 10\nviews: 8 of 10\n"


def test_a_terminal_has_one_line_that_is_taken_away() -> None:
    """
    It is written over, and in the end there is nothing of it.
    """
    said = told(TERMINAL_EVERY_S / 2, 101, is_terminal=True)
    assert said.startswith("\rviews: 2 of 101\rviews: 4 of 101\r")
    assert "\n" not in said
    width = len("views: 100 of 101")
    assert said.endswith(f"\r{' ' * width}\r")


def test_what_is_soon_over_says_nothing() -> None:
    """
    Nobody has to see a line flash by.
    """
    assert told(TERMINAL_EVERY_S / 100, 50, is_terminal=True) == ""
