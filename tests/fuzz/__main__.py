# SPDX-License-Identifier: Apache-2.0
"""
The long search: very many inputs for every decoder, in two processes, and write down what came of it.

``python -m tests.fuzz --inputs 1000000 --decoder policy --seed SEED``

What is found is printed with its seed and the input in base64, made as small as it still shows the same;
``--keep`` writes it to ``tests/fuzz/kept``, where every test run tries it again.
"""

import argparse
import secrets
import sys
import time
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.evidence import FOLDER, write_evidence
from tests.fuzz.decoders import decoders
from tests.fuzz.judge import Finding
from tests.fuzz.pool import Pool, Task
from tests.fuzz.run import Tally, keep, smaller

OUTPUT = FOLDER / "fuzz.json"
WHAT = "mutated inputs for every decoder: type of error, time, memory, canaries in messages, one form"
INPUTS_IN_TASK = 2000


def main(arguments: list[str] | None = None) -> int:
    """Search; 0 if nothing was found."""
    options = _options(arguments)
    names = options.decoder or list(decoders())
    started, tallies = time.monotonic(), {name: Tally() for name in names}
    tasks = _tasks(names, options.seed, options.inputs)
    with Pool(options.processes) as pool:
        for done, (task, tally) in enumerate(pool.tallies(tasks), start=1):
            for finding in tally.findings.values():
                if finding.kind not in tallies[task.decoder].findings:
                    _report(finding, is_kept=options.keep)
            tallies[task.decoder].add(tally)
            if done % 50 == 0:
                _say(f"{done} of {len(tasks)} parts in {time.monotonic() - started:.0f} s")
    write_evidence(options.output, WHAT, _evidence(tallies, options, time.monotonic() - started))
    return int(any(tally.findings for tally in tallies.values()))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Try every decoder.")
    parser.add_argument("--inputs", type=int, default=1_000_000, help="for each decoder; default: 1000000")
    parser.add_argument("--decoder", action="append", choices=list(decoders()), help="only this one")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="default: another each time")
    parser.add_argument("--processes", type=int, default=2, help="default: 2")
    parser.add_argument("--keep", action="store_true", help="keep what is found for the tests")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the evidence goes")
    return parser.parse_args(arguments)


def _tasks(names: Sequence[str], seed: str, inputs: int) -> list[Task]:
    """Turn by turn, so that every decoder has its share if the run is stopped."""
    return [
        Task(decoder=name, seed=seed, start=start, stop=min(inputs, start + INPUTS_IN_TASK))
        for start in range(0, inputs, INPUTS_IN_TASK)
        for name in names
    ]


def _report(finding: Finding, *, is_kept: bool) -> None:
    found = smaller(decoders()[finding.decoder], finding)
    _say(f"FOUND in {found.decoder}, {found.origin}: {found.what}: {found.why}")
    _say(f"  {b64encode(found.data).decode()}")
    if is_kept:
        _say(f"  kept as {keep(found)}")


def _evidence(tallies: dict[str, Tally], options: argparse.Namespace, seconds: float) -> dict[str, Any]:
    inputs = sum(tally.inputs for tally in tallies.values())
    findings = [finding for tally in tallies.values() for finding in tally.findings.values()]
    return {
        "seed": options.seed,
        "inputs": inputs,
        "found": [f"{each.decoder}: {each.what}: {each.why} ({each.origin})" for each in findings],
        "decoders": {
            name: {
                "inputs": tally.inputs,
                "read": tally.read,
                "places that refused": len(tally.refused_at),
            }
            for name, tally in tallies.items()
        },
        "seconds": round(seconds),
        "inputs a second": round(inputs / seconds),
    }


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
