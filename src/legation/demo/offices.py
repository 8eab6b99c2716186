# SPDX-License-Identifier: Apache-2.0
"""
The offices of the tale as processes: their folders, their servers, and the words on their cards.
"""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

from legation.demo.terminal import DeviationError

START_TIME_S = 20.0  # for a process to listen; a slow machine takes one
STOP_TIME_S = 10.0  # for it to end


def free_port() -> int:
    """Find a port that nobody listens at, on the loopback interface."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Server:
    """
    One ``legation serve``, or the pages of one node, as a process of its own.

    Args:
        folder: Where it runs.
        arguments: Of ``legation``; it prints one JSON document when it listens.
        log: Where its stderr goes.
    """

    def __init__(self, folder: Path, arguments: list[str], log: Path) -> None:
        self._log: IO[bytes] = log.open("ab")
        self._process = subprocess.Popen(  # noqa: S603 - the program's own commands
            [sys.executable, "-m", "legation", *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self.told = self._first_words()

    def _first_words(self) -> Any:
        assert self._process.stdout is not None, "stdout is a pipe"
        lines: list[bytes] = []
        until = time.monotonic() + START_TIME_S
        while time.monotonic() < until:
            line = self._process.stdout.readline()
            if not line:
                break
            lines.append(line)
            if line.startswith(b"}"):
                return json.loads(b"".join(lines))
        self.stop()
        raise DeviationError("a server did not start; its log says more")

    def stop(self) -> int:
        """Ask it to end, and see that it does; its exit code."""
        self._process.terminate()
        try:
            return self._process.wait(STOP_TIME_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            assert self._process.stdout is not None, "stdout is a pipe"
            self._process.stdout.close()
            self._log.close()

    def wait(self) -> None:
        """Wait until it ends by itself."""
        self._process.wait()
