# SPDX-License-Identifier: Apache-2.0
"""
The demonstration's hands: it runs commands as a user would, and says what happens.
"""

import json
import subprocess
import sys
import textwrap
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WIDTH = 96  # columns of the tale


class DeviationError(Exception):
    """Something came out otherwise than the tale tells it."""


class Terminal:
    """
    Runs ``legation`` in one folder and tells the tale on stdout.

    Args:
        folder: Where the demonstration's files go.
        is_plain: Whether to leave out bold type, for a log or a pipe.
    """

    def __init__(self, folder: Path, *, is_plain: bool) -> None:
        self._folder = folder
        self._is_plain = is_plain
        self.commands = 0
        self._counting = threading.Lock()

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run ``legation`` with *arguments* and return what it printed; another exit code deviates."""
        with self._counting:
            self.commands += 1
        command = [sys.executable, "-m", "legation", *arguments]
        done = subprocess.run(  # noqa: S603 - the program's own commands, by a list of arguments
            command, cwd=self._folder, capture_output=True, text=True, check=False
        )
        if done.returncode != expect:
            said = done.stderr.strip()
            raise DeviationError(
                f"legation {' '.join(arguments)}: exit {done.returncode}, expected {expect}\n{said}"
            )
        return done.stdout if expect == 0 else done.stderr

    def table(self, rows: Sequence[tuple[str, ...]]) -> None:
        """Print rows in columns; the last one is folded."""
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
        for row in rows:
            start = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
            indent = " " * (len(start) + 6)
            folded = textwrap.wrap(row[-1], max(24, WIDTH + 24 - len(indent)))
            print("\n".join([f"    {start}  {folded[0]}", *(indent + line for line in folded[1:])]))  # noqa: T201

    def json(self, *arguments: str) -> Any:
        """Run ``legation`` with ``--json`` and return the document."""
        return json.loads(self.run(*arguments, "--json"))

    def heading(self, text: str) -> None:
        """Begin a step."""
        bold = "" if self._is_plain else "\033[1m"
        plain = "" if self._is_plain else "\033[0m"
        print(f"\n{bold}{text}{plain}")  # noqa: T201 - the tale is what this program prints

    def say(self, text: str, *, indent: int = 2) -> None:
        """Tell something, folded to the width of the page."""
        space = " " * indent
        for line in text.rstrip("\n").split("\n"):
            folded = textwrap.wrap(line, WIDTH, initial_indent=space, subsequent_indent=space)
            print("\n".join(folded) if folded else "")  # noqa: T201

    def show(self, text: str) -> None:
        """Print what a command printed, as it is."""
        print(textwrap.indent(text.rstrip("\n"), "    "))  # noqa: T201


def check(holds: bool, what: str) -> None:
    """Go on if something holds; the tale ends here if not."""
    if not holds:
        raise DeviationError(what)
