# SPDX-License-Identifier: Apache-2.0
"""
P13: how long it takes until ``legation --help`` is there.
"""

import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from bench.measure import Effort, Job, check, measure
from bench.report import Group, Line, Row, at_most

OURS = (str(Path(sys.executable).with_name("legation")), "--help")
NOTHING = (sys.executable, "-c", "pass")
CLICK = (sys.executable, "-c", "import click; click.command()(lambda: None)()", "--help")


def help_page(effort: Effort) -> Row:
    """Measure P13."""
    for command in (OURS, CLICK):
        check("Usage:" in _output(command), "there is no help page")
    commands = {"ours": OURS, "nothing": NOTHING, "click": CLICK}
    jobs = [Job(name=name, run=partial(_output, command)) for name, command in commands.items()]
    runs = Effort(runs=effort.of(25, 1), run_s=0.0)
    found = measure(jobs, runs, clock=time.perf_counter)
    return Row(
        code="P13",
        title="`legation --help`",
        about="Wall time of the installed command, its process started anew each time, files in the "
        "system's cache.",
        checked=f"the page is there. {runs.runs} runs of each.",
        groups=(
            Group(
                operation="legation --help",
                ours=found["ours"],
                others=(
                    Line(whose="floor: python -c pass", seconds=found["nothing"]),
                    Line(whose="floor: a click program without commands", seconds=found["click"]),
                ),
            ),
        ),
        goals=(at_most("at most 150 ms", found["ours"], 0.150),),
        spread=found.spread,
    )


def _output(command: tuple[str, ...]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
