# SPDX-License-Identifier: Apache-2.0
"""
How everything here is timed.

Rules kept here:

1. What is compared is timed side by side: a run of each job in turn, then again from the start, so
   that a machine that is slow for a while is slow for all of them.
2. The figure is the median of the runs; the widest spread between runs is told with it.
3. Time is processor time of this process unless the job waits for another: then it is wall time.
   So a figure is one core's, and other work on the machine disturbs it less.
4. Garbage is collected before each run, and collecting goes on during it, as in a real process; what
   was there before all runs is left out of it, for it says nothing about the job.
5. Results are checked, all of them, before anything is timed: a fast wrong answer is no figure.
"""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Clock = Callable[[], float]


class WrongResultError(Exception):
    """What was to be timed gives a wrong result; there is no figure for it."""


def check(holds: bool, what: str) -> None:
    """Refuse to go on where a result is wrong."""
    if not holds:
        raise WrongResultError(what)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something that is timed; a call of ``run`` does ``count`` operations."""

    name: str
    run: Callable[[], object]
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much time is spent: so many runs of each job, each of about ``run_s`` seconds."""

    runs: int
    run_s: float
    is_quick: bool = False

    def of(self, full: int, quick: int) -> int:
        """Choose the size of some work."""
        return quick if self.is_quick else full


FULL = Effort(runs=9, run_s=0.25)
QUICK = Effort(runs=1, run_s=0.0, is_quick=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Seconds of one operation of each job, by its name, and the widest spread between its runs."""

    seconds: dict[str, float]
    spread: float

    def __getitem__(self, name: str) -> float:
        return self.seconds[name]


def measure(jobs: Sequence[Job], effort: Effort, clock: Clock = time.process_time) -> Timings:
    """
    Time jobs side by side.

    Args:
        jobs: What is compared, each with a name of its own.
        effort: How many runs, and how long each.
        clock: What tells the time, in seconds.
    """
    repeats = {job.name: _repeats(job, effort.run_s, clock) for job in jobs}
    found: dict[str, list[float]] = {job.name: [] for job in jobs}
    gc.collect()
    gc.freeze()
    for _ in range(effort.runs):
        for job in jobs:
            gc.collect()
            found[job.name].append(_time(job, repeats[job.name], clock))
    gc.unfreeze()
    return Timings(
        seconds={name: statistics.median(times) for name, times in found.items()},
        spread=max(max(times) / max(min(times), 1e-9) for times in found.values()),
    )


def _time(job: Job, repeats: int, clock: Clock) -> float:
    run = job.run
    begun = clock()
    for _ in range(repeats):
        run()
    return (clock() - begun) / (repeats * job.count)


def _repeats(job: Job, run_s: float, clock: Clock) -> int:
    """How often a job is called in one run; found by calling it twice as often until it takes long enough."""
    repeats = 1
    while (taken := _time(job, repeats, clock) * repeats * job.count) < run_s / 2:
        repeats *= 2
    return max(1, round(repeats * run_s / taken)) if run_s else 1
