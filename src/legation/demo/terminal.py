# SPDX-License-Identifier: Apache-2.0
"""
How the tale is told: numbered steps, commands as one would type them, what they print, tables.

Nothing is wider than ``WIDTH``; what a command prints wider than that is folded.
"""

import os
import shlex
import textwrap
from collections.abc import Iterator, Sequence

WIDTH = 100  # columns of the tale; a sheet that a command prints has as many
INDENT = "   "  # of all that belongs to a step, as far as its number stands out
STEP = "  "  # further in, for what continues a line


class Terminal:
    """
    Tells the tale on stdout.

    Args:
        is_plain: Whether to leave out bold and faint type, for a log or a pipe.
    """

    def __init__(self, *, is_plain: bool) -> None:
        self._is_plain = is_plain or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
        self._number = 0

    def step(self, text: str) -> None:
        """Begin the next step."""
        self._number += 1
        self.heading(f"{self._number}. {text}")

    def heading(self, text: str) -> None:
        """Begin something that has no number."""
        self._print("", *(self._styled(line, "1") for line in textwrap.wrap(text, WIDTH)))

    def typed(self, *arguments: str) -> None:
        """Show a command as one would type it; no line ends between an option and its value."""
        words = [word if word == shlex.quote(word) else f'"{word}"' for word in arguments]
        folded = [f"{INDENT}$ legation"]
        while words:
            count = 2 if words[0].startswith("--") else 1
            part, words = " ".join(words[:count]), words[count:]
            if len(folded[-1]) + len(f" {part} \\") > WIDTH:
                folded[-1] += " \\"
                folded.append(INDENT + 2 * STEP + part)
            else:
                folded[-1] += f" {part}"
        self._print(*(self._styled(line, "2") for line in folded))

    def say(self, text: str) -> None:
        """Tell something, folded to the width of the page."""
        self._print(*textwrap.wrap(text, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT))

    def show(self, text: str) -> None:
        """Print what a command printed; what is too wide with the indent is folded."""
        self._print(*(line for each in text.rstrip("\n").split("\n") for line in _folded(each)))

    def sheet(self, text: str) -> None:
        """Print a sheet as the command printed it, to its full width."""
        self._print("", *text.rstrip("\n").split("\n"), "")

    def table(self, rows: Sequence[tuple[str, ...]]) -> None:
        """Print rows in columns; the last one is folded."""
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
        for row in rows:
            start = "".join(f"{cell:{width}}  " for cell, width in zip(row, widths, strict=False))
            room = WIDTH - len(INDENT) - len(start)
            first, *rest = textwrap.wrap(row[-1], room, break_on_hyphens=False) or [""]
            self._print(
                f"{INDENT}{start}{first}".rstrip(), *(INDENT + " " * len(start) + line for line in rest)
            )

    def _styled(self, text: str, code: str) -> str:
        return text if self._is_plain else f"\033[{code}m{text}\033[0m"

    def _print(self, *lines: str) -> None:
        # Written out at once: whoever watches a log or a pipe sees how far it is.
        print("\n".join(lines), flush=True)  # noqa: T201 - the tale is what this program prints


def _folded(line: str) -> Iterator[str]:
    if len(INDENT) + len(line) <= WIDTH:
        yield (INDENT + line).rstrip()
        return
    start = INDENT + line[: len(line) - len(line.lstrip())]
    yield from textwrap.wrap(
        line.strip(), WIDTH, initial_indent=start, subsequent_indent=start + STEP, break_on_hyphens=False
    )


def listed(names: Sequence[str]) -> str:
    """Name some: a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
