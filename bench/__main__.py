# SPDX-License-Identifier: Apache-2.0
"""
Run the bench: ``python -m bench``; ``make bench ARGS="--rows P1,P3"``.

A full run writes ``docs/benchmarks.md``. A choice of rows, or a quick run, only prints: the page is of
one run, or its figures could not be compared.
"""

import argparse
import os
import platform
import ssl
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from bench.backlog import FULL_COUNT, backlog
from bench.bags import bag
from bench.decisions import all_decisions, one_decision
from bench.exchange import delay, exchange, nothing_new
from bench.fanning import fan_out
from bench.items import item
from bench.large import large_attachment, large_item
from bench.measure import FULL, QUICK, Effort
from bench.peers import packages
from bench.report import Row, Setting, render_page, render_row
from bench.servers import versions
from bench.start import help_page

ROWS: dict[str, Callable[[Effort], Row]] = {
    "P1": one_decision,
    "P2": all_decisions,
    "P3": item,
    "P3a": large_item,
    "P3b": large_attachment,
    "P4": exchange,
    "P5": delay,
    "P8": nothing_new,
    "P9": backlog,
    "P10": fan_out,
    "P11": bag,
    "P13": help_page,
}
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def main(arguments: Sequence[str]) -> None:
    """Measure the rows that are asked for, print them, and write the page if it is all of them."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rows", default=",".join(ROWS), help="P1,P3: only these, and write nothing")
    parser.add_argument("--quick", action="store_true", help="see that it runs; the figures mean nothing")
    parser.add_argument(
        "--backlog", type=int, default=FULL_COUNT, help="P9 with so many items, and write nothing"
    )
    asked = parser.parse_args(arguments)
    codes = asked.rows.split(",")
    if unknown := set(codes) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    rows = []
    measured = dict(ROWS)
    if asked.backlog != FULL_COUNT:
        measured["P9"] = partial(backlog, count=asked.backlog)
    for code in codes:
        print(f"measuring {code} ...", file=sys.stderr)
        rows.append(measured[code](QUICK if asked.quick else FULL))
        print(f"\n{render_row(rows[-1])}\n")
    is_whole = codes == list(ROWS) and asked.backlog == FULL_COUNT
    if is_whole and not asked.quick:
        PAGE.write_text(render_page(rows, setting()), encoding="utf-8")
        print(f"wrote {PAGE.name}", file=sys.stderr)


def setting() -> Setting:
    """Tell when, where and with what the rows are measured; nothing that names the machine."""
    libraries = [f"{name} {version(name)}" for name in ("apsw-sqlite3mc", "cryptography", "msgspec")]
    return Setting(
        date=datetime.now(UTC).date().isoformat(),
        machine=f"{processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}, hashing by {ssl.OPENSSL_VERSION}",
        packages=", ".join([*libraries, *packages(), *versions()]),
        command="make bench",
    )


def processor() -> str:
    """Name the kind of processor."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main(sys.argv[1:])
