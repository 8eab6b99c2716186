# SPDX-License-Identifier: Apache-2.0
"""
How long a peer waits while others flood the node it asks, against the real server process on the loopback interface.

JPN@NATO pulls from KOR@NATO again and again, and each pull is measured: with an attack and without, by turns, so that
whatever else the machine does falls on both. What counts are the medians.
"""

import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from legation.exchange import ANSWER_SIZE_BYTES_MAX
from legation.node.surroundings import HERE
from legation.transports.http.peer import Peer
from tests.flood import attacks
from tests.flood.attacks import Attack, Where, going_on
from tests.node.pair import Node, Village

KOR, JPN, AUS = "KOR@NATO", "JPN@NATO", "AUS@NATO"
ROUNDS = 6
PULLS = 20  # of one round
REST_S = 0.01  # between two pulls
THREADS = 4  # of one attack


@dataclass
class Flooded:
    """A node that is served by a process of its own, the peer that asks it, and one that attacks it."""

    process: "subprocess.Popen[bytes]"
    where: Where
    kor: Node
    jpn: Node
    aus: Node
    peer: Peer = field(init=False)

    def __post_init__(self) -> None:
        self.peer = Peer(f"{self.where[0]}:{self.where[1]}", size_bytes_max=ANSWER_SIZE_BYTES_MAX)

    def pull_s(self) -> float:
        """Make one pull, and say how long it took."""
        began = time.monotonic()
        self.jpn.from_(KOR).pull(self.peer.exchange)
        return time.monotonic() - began

    def pulls_s(self) -> list[float]:
        """Make the pulls of one round."""
        found = []
        for _ in range(PULLS):
            time.sleep(REST_S)
            found.append(self.pull_s())
        return found

    def peak_size_bytes(self) -> int:
        """The most memory that the process has held."""
        told = Path(f"/proc/{self.process.pid}/status").read_text()
        [line] = [each for each in told.splitlines() if each.startswith("VmHWM")]
        return int(line.split()[1]) * 1024

    def attacks(self) -> dict[str, Attack]:
        """Every attack, by name."""
        return {
            "slow": attacks.slow,
            "endless": attacks.endless,
            "huge": attacks.huge,
            "long": attacks.long,
            "malformed": attacks.malformed,
            "replayed": partial(attacks.again, envelopes=[self.jpn.asks(self.kor)]),
            "of a peer": partial(attacks.again, envelopes=[self.aus.asks_with(self.kor) for _ in range(200)]),
        }

    def measured(self, attack: Attack) -> dict[str, Any]:
        """Measure one attack: delays in milliseconds, memory in bytes."""
        quiet: list[float] = []
        flooded: list[float] = []
        before = self.peak_size_bytes()
        for _ in range(ROUNDS):
            quiet += self.pulls_s()
            with going_on(attack, self.where, THREADS):
                flooded += self.pulls_s()
        without, with_ = (1000 * statistics.median(each) for each in (quiet, flooded))
        return {
            "pulls": len(quiet),
            "quiet_ms": round(without, 2),
            "flooded_ms": round(with_, 2),
            "more": round(with_ / without - 1, 3),
            "memory_grew_bytes": self.peak_size_bytes() - before,
        }


@contextmanager
def flooded(folder: Path) -> Iterator[Flooded]:
    """Serve KOR@NATO in a process of its own, joined with the others."""
    with Village(folder) as village:
        nodes = [village.node(each) for each in (KOR, JPN, AUS)]
        kor, jpn, aus = nodes
        for each in nodes:
            each.around = HERE
            each.reopen()
        village.joins(kor, jpn)
        village.joins(kor, aus)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "legation", "serve", "--dir", str(kor.folder), "--json"]
        with (folder / "serve.log").open("wb") as log:
            process = subprocess.Popen(
                [*command, "--port", str(port)], stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL
            )
        try:
            assert process.stdout is not None
            told = b""
            while not told.endswith(b"}\n"):
                told += process.stdout.readline()
            assert json.loads(told)["port"] == port
            found = Flooded(process, ("127.0.0.1", port), kor, jpn, aus)
            found.pull_s()
            yield found
            found.peer.close()
        finally:
            process.terminate()
            process.wait(20)
            assert process.stdout is not None
            process.stdout.close()
