# SPDX-License-Identifier: Apache-2.0
"""
The installed program as a process: how long it took, and how much memory at most.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.measure import check

MIB = 1 << 20
LOOK_EVERY_S = 0.01  # at a process whose memory is measured
_PROGRAM = str(Path(sys.executable).with_name("legation"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A process that has ended well: wall time, and the most memory that was resident."""

    seconds: float
    memory_bytes: int


def run(*arguments: str | Path) -> Ran:
    """Run the program to its end."""
    begun = time.perf_counter()
    with subprocess.Popen([_PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL) as process:
        most_bytes = 0
        # Not what the system tells in the end: that counts the process that started it too.
        while process.poll() is None:
            most_bytes = max(most_bytes, memory_bytes(process))
            time.sleep(LOOK_EVERY_S)
        taken = time.perf_counter() - begun
    check(process.returncode == 0, f"`legation {arguments[0]}` failed")
    return Ran(seconds=taken, memory_bytes=most_bytes)


@contextmanager
def running(*arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """Have the program run for a while; it is killed at the end, if it has not ended by then."""
    with subprocess.Popen([_PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``legation serve`` on a folder for a while."""
    command = [_PROGRAM, "serve", "--dir", str(folder), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            check(process.stdout.readline().startswith(b"listening"), "it does not listen")
            yield process
        finally:
            process.terminate()


def memory_bytes(process: subprocess.Popen[bytes]) -> int:
    """The most memory that was resident in a process that runs; 0 of one that has just ended."""
    told = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    lines = [each for each in told.splitlines() if each.startswith("VmHWM:")]
    return int(lines[0].split()[1]) << 10 if lines else 0
