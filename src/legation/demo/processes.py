# SPDX-License-Identifier: Apache-2.0
"""
The processes of the demonstration: commands, which end, and servers, which end when they are told to.

Rules kept here:

1. A process is known from the moment it is there, so that all can be ended, whatever happens.
2. Once they were told to end, nothing new begins: whoever tries gets ``StoppedError``.
3. A signal for the demonstration is not one for its processes: each has a group of its own.
"""

import json
import os
import random
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND_TIME_S = 120.0  # for a command to end; a slow machine takes one
START_TIME_S = 60.0  # for a server to listen; a slow machine takes two
PORTS = range(20_000, 32_000)  # below those that the system gives to the near ends of connections
STOP_TIME_S = 30.0  # for a process to end when it is told to; a busy server takes two


class DeviationError(Exception):
    """Something came out otherwise than the tale tells it."""


class StoppedError(Exception):
    """The demonstration was told to end."""


def check(holds: bool, what: str) -> None:
    """Go on if something holds; the tale ends here if not."""
    if not holds:
        raise DeviationError(what)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that ended: its exit code, what it printed, what it told."""

    code: int
    out: str
    err: str


class Server:
    """
    A process that listens; it says so on stdout, in one JSON document.

    Args:
        process: The process.
        name: What it is called when something deviates.
        check_going_on: Raises ``StoppedError`` if it was ended with everything, which is no deviation.
    """

    def __init__(
        self, process: "subprocess.Popen[bytes]", name: str, check_going_on: Callable[[], None]
    ) -> None:
        self._process = process
        self._name = name
        self._check_going_on = check_going_on

    @property
    def is_up(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def told(self) -> Any:
        """
        Wait until it listens, and give what it said.

        Raises:
            DeviationError: It ended, or said nothing for too long.
        """
        assert self._process.stdout is not None, "stdout is a pipe"
        said, until = b"", time.monotonic() + START_TIME_S
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not said.endswith(b"}\n"):
                is_there = selector.select(until - time.monotonic())
                more = os.read(self._process.stdout.fileno(), 1 << 16) if is_there else b""
                self._check(bool(more), "did not start")
                said += more
        return json.loads(said)

    def stop(self) -> None:
        """
        Ask it to end, and see that it does.

        Raises:
            DeviationError: It had ended before, or ended otherwise than well.
        """
        self.check_up()
        _end([self._process])
        code = self._process.returncode
        self._check(code == 0, f"ended with {code}")

    def check_up(self) -> None:
        """
        See that it has not ended.

        Raises:
            DeviationError: It has.
        """
        self._check(self.is_up, "ended by itself")

    def _check(self, holds: bool, what: str) -> None:
        if not holds:
            self._check_going_on()
            raise DeviationError(f"{self._name} {what}; its log says more")


class Processes:
    """
    Everything that the demonstration runs, in one folder.

    Args:
        folder: Where all of it runs; the logs of servers are laid there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commands = 0
        self._lock = threading.Lock()
        self._begun: list[subprocess.Popen[bytes]] = []
        self._stopped = threading.Event()
        # Whatever the user has set, and in whatever language: the same outcome.
        outside = {name: value for name, value in os.environ.items() if name != "LEGATION_DIR"}
        self._environment = outside | {"PYTHONUTF8": "1"}

    def run(self, arguments: Sequence[str]) -> Ended:
        """
        Run ``legation`` with *arguments* until it ends.

        Raises:
            DeviationError: It does not end.
            StoppedError: The demonstration was told to end.
        """
        process = self._start(arguments, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=COMMAND_TIME_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise DeviationError(f"legation {' '.join(arguments)} does not end") from None
        self._check_going_on()
        return Ended(code=process.returncode, out=out.decode(), err=err.decode())

    def serve(self, arguments: Sequence[str], log: str) -> Server:
        """Start ``legation`` with *arguments* as a server whose stderr goes to the file *log*."""
        with (self.folder / log).open("ab") as errors:
            process = self._start(arguments, stderr=errors)
        return Server(process, f"legation {' '.join(arguments[:3])}", self._check_going_on)

    def pause(self, time_s: float) -> None:
        """
        Wait.

        Raises:
            StoppedError: The demonstration was told to end.
        """
        self._stopped.wait(time_s)
        self._check_going_on()

    def stop(self) -> None:
        """End everything, and let nothing new begin."""
        self._stopped.set()
        with self._lock:  # whoever is starting something has noted it when this goes on
            begun = list(self._begun)
        _end(begun)

    def close(self) -> None:
        """Let go of what servers say, once nobody listens any more."""
        for process in self._begun:
            if process.stdout is not None:
                process.stdout.close()

    def _check_going_on(self) -> None:
        if self._stopped.is_set():
            raise StoppedError

    def _start(self, arguments: Sequence[str], *, stderr: Any) -> "subprocess.Popen[bytes]":
        with self._lock:
            self._check_going_on()
            process = subprocess.Popen(  # noqa: S603 - the program's own commands, by a list of arguments
                [sys.executable, "-m", "legation", *arguments],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                process_group=0,
            )
            self.commands += 1
            self._begun.append(process)
        return process


def _end(processes: "Sequence[subprocess.Popen[bytes]]") -> None:
    """Ask all to end, side by side; those that do not are killed."""
    for process in processes:
        process.terminate()
    until = time.monotonic() + STOP_TIME_S
    for process in processes:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """Find a port that nobody listens at, on the loopback interface."""
    for port in random.sample(PORTS, 100):
        with socket.socket() as found:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if found.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise DeviationError("no port is free on the loopback interface")
