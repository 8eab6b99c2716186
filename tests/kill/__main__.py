# SPDX-License-Identifier: Apache-2.0
"""
The long search: kill two nodes a thousand times, and write down what came of it.

``python -m tests.kill --kills 1000 --seed SEED --output docs/evidence/kill.json``
"""

import argparse
import secrets
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import apsw

from tests.evidence import FOLDER, write_evidence
from tests.kill.nodes import furnish
from tests.kill.run import Run, Tally

KILLS_IN_RUN = 50  # then the two nodes start anew, so that every run has a beginning
OUTPUT = FOLDER / "kill.json"
WHAT = (
    "SIGKILL at any moment of release, answer, pull, packing and opening of bags, between two nodes on SQLite"
)


def main(arguments: list[str] | None = None) -> int:
    """Search; 0 if nothing was found."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.kill", description="Kill two nodes, again and again."
    )
    parser.add_argument("--kills", type=int, default=1000, help="how many must hit; default: 1000")
    parser.add_argument(
        "--seed", default=secrets.token_hex(4), help="of the plan; default: another each time"
    )
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the evidence goes")
    options = parser.parse_args(arguments)
    started, tally = time.monotonic(), Tally()
    while len(tally.hits) < options.kills:
        seed = f"{options.seed}/{len(tally.hits)}"
        tally.add(_run(seed, min(KILLS_IN_RUN, options.kills - len(tally.hits))))
        seconds = time.monotonic() - started
        _say(f"{len(tally.hits)} kills in {seconds:.0f} s, nothing lost, doubled or leaked")
    found = _evidence(tally, options.seed, time.monotonic() - started)
    write_evidence(options.output, WHAT, found)
    return 0


def _run(seed: str, kills: int) -> Tally:
    """Play one run; of one that fails the folders stay, to be looked at."""
    folder = Path(tempfile.mkdtemp(prefix="legation-kill-"))
    try:
        tally = Run(furnish(folder), folder / "run", seed=seed, kills=kills).play()
    except BaseException:
        _say(f"seed {seed}: see {folder}")
        raise
    shutil.rmtree(folder)
    return tally


def _evidence(tally: Tally, seed: str, seconds: float) -> dict[str, Any]:
    return {
        "seed": seed,
        "kills": tally.counts(),
        "found": {"lost": 0, "doubled": 0, "leaked": 0, "forked": 0},
        "releases acknowledged": tally.acknowledged,
        "releases cut short, never acknowledged": tally.unacknowledged,
        "items delivered": tally.delivered,
        "canaries searched for": tally.canaries,
        "looks at both nodes": tally.looks,
        "restarts": {
            "count": len(tally.restarts_s),
            "median_s": round(statistics.median(tally.restarts_s), 2),
            "max_s": round(max(tally.restarts_s), 2),
        },
        "seconds": round(seconds),
        "kills a minute": round(60 * len(tally.hits) / seconds),
        "sqlite": apsw.sqlite_lib_version(),
    }


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
