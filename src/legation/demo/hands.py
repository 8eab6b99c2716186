# SPDX-License-Identifier: Apache-2.0
"""
The hands of the tale: they run commands at offices, and end the tale where one comes out otherwise.
"""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from legation.demo.processes import DeviationError, Ended, Processes, check
from legation.demo.terminal import Terminal

WAIT_S = 60.0  # until something must have happened that takes a fraction of a second
LOOK_EVERY_S = 0.05  # whether it has; each look is a command, and that takes longer

Done = TypeVar("Done")


class Hands:
    """
    Run commands, each at an office; the folder of an office has its name.

    Args:
        terminal: Shows what is typed.
        processes: Runs it.
    """

    def __init__(self, terminal: Terminal, processes: Processes) -> None:
        self._terminal = terminal
        self._processes = processes

    def ended(self, office: str, *arguments: str) -> Ended:
        """Run a command at an office, whatever comes of it."""
        return self._processes.run([*arguments, "--dir", office])

    def run(self, office: str, *arguments: str, expect: int = 0) -> str:
        """Run a command at an office; what it printed, or what it told where it was to be refused."""
        ended = self.ended(office, *arguments)
        if ended.code != expect:
            named = f"legation {' '.join(arguments)} --dir {office}"
            raise DeviationError(f"{named}: exit {ended.code}, expected {expect}\n{ended.err.strip()}")
        return ended.out if expect == 0 else ended.err

    def json(self, office: str, *arguments: str) -> Any:
        """Run a command at an office; the document that it printed."""
        return json.loads(self.run(office, *arguments, "--json"))

    def typed(self, office: str, *arguments: str, expect: int = 0) -> str:
        """Run a command at an office before everybody's eyes; what it printed or told."""
        self._terminal.typed(*arguments, "--dir", office)
        said = self.run(office, *arguments, expect=expect)
        self._terminal.show(said)
        return said

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds; it deviates if it takes too long."""
        until = time.monotonic() + WAIT_S
        while not holds():
            check(time.monotonic() < until, what)
            self._processes.pause(LOOK_EVERY_S)


def at_once(acts: Sequence[Callable[[], Done]]) -> list[Done]:
    """Do several things side by side that know nothing of each other; what they gave, in order."""
    with ThreadPoolExecutor(max(1, len(acts))) as threads:
        return [each.result() for each in [threads.submit(act) for act in acts]]
