# SPDX-License-Identifier: Apache-2.0
"""
Servers by which offices could otherwise hand each other reports, for P4; each installed on request, for itself.

``make bench-peers`` installs them. A module each, with ``hand_over(texts)``: a server is started, every text goes
from an author to a reader through it, and is looked for at the reader's; seconds of one.

None of them does what the row asks of us: none decides who may see what, cuts, signs to an author (but mail), or
gives a receipt. So a ratio here is at least what it says.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen
from time import perf_counter, sleep

from bench.measure import check

CHECKOUT = Path(__file__).parents[2]
READY_S = 60


def folder(name: str) -> Path | None:
    """Where a server is installed; None if it is not."""
    found = CHECKOUT / f".venv-{name}"
    return found if (found / ".made-of").is_file() else None


def versions() -> list[str]:
    """Name the servers that are installed with their versions."""
    found = []
    for place, package in (("taxii", "medallion"), ("synapse", "matrix_synapse")):
        at = folder(place)
        names = [] if at is None else at.glob(f"lib/python*/site-packages/{package}-*.dist-info")
        found += [each.name.removesuffix(".dist-info").replace("-", " ").replace("_", "-") for each in names]
    postfix = folder("postfix")
    if postfix is not None:
        name, version, *_ = (postfix / ".made-of").read_text(encoding="ascii").split("_")
        found.append(f"{name} {version}")
    return found


@contextmanager
def running(*command: str | Path) -> Iterator[Popen[bytes]]:
    """Run a server for a while."""
    with Popen([*map(str, command)], stdout=DEVNULL, stderr=DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


def wait_until_ready(is_ready: Callable[[], object], what: str) -> None:
    """Ask again and again whether a server answers."""
    until = perf_counter() + READY_S
    while True:
        try:
            if is_ready():
                return
        except OSError:
            pass
        check(perf_counter() < until, f"{what} does not answer")
        sleep(0.1)
