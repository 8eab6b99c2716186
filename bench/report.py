# SPDX-License-Identifier: Apache-2.0
"""
What a row of the bench is, and how rows are printed: on the terminal and as ``docs/benchmarks.md``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

METHOD = """\
Everything on this page was measured in one run, by the command above. What is compared stands side by
side: a run of each in turn, then again from the start, and a figure is the **median** of these runs.
Machines are noisy, so the **ratios** say more than the figures, and each row tells the widest spread
it saw between runs of one and the same thing. Time is processor time of the one process that works,
so a rate is what one core does; rows that start processes or wait for the disk are wall time.

Results are checked before anything is timed, and each row says how. A **floor** is what cannot be
saved: the signature, the hash, the call. **Peers** are what people would otherwise take for a part of
the same job. Each is used as its own documentation shows, in the fastest way found, with everything
parsed beforehand that it lets one parse; they are installed in an environment of their own. A goal is
met or it is not, and both are written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A floor or a peer, and the seconds that one operation takes it."""

    whose: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One operation: the seconds it takes us, and what stands beside it."""

    operation: str
    ours: float
    others: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One goal: as it was set, what was found, and whether it is met; None if it was not measured."""

    text: str
    found: str
    is_met: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the performance goals, measured; ``missing`` are peers that are not installed."""

    code: str
    title: str
    about: str
    checked: str
    groups: tuple[Group, ...]
    goals: tuple[Goal, ...]
    spread: float
    facts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """When, where and with what the rows were measured."""

    date: str
    machine: str
    python: str
    packages: str
    command: str


def at_least(text: str, found: float, wanted: float, unit: str) -> Goal:
    """Judge a goal of at least so many."""
    return Goal(text=text, found=f"{digits(found)} {unit}", is_met=found >= wanted)


def at_most(text: str, seconds: float, wanted_s: float) -> Goal:
    """Judge a goal of at most so long."""
    return Goal(text=text, found=duration(seconds), is_met=seconds <= wanted_s)


def no_dearer(text: str, ratio: float, most: float) -> Goal:
    """Judge a goal of at most so many times as much."""
    return Goal(text=text, found=f"{digits(ratio)} x", is_met=ratio <= most)


def not_measured(text: str, peer: str, why: str = "is not installed") -> Goal:
    """Leave open a goal that is set against a peer that is not there."""
    return Goal(text=text, found=f"{peer} {why}", is_met=None)


def digits(value: float) -> str:
    """Print a number with three significant digits: ``9,880,000``, ``112``, ``1.12``."""
    shown = float(f"{value:.3g}")
    return f"{shown:,.0f}" if abs(shown) >= 100 else f"{shown:.3g}"


def duration(seconds: float) -> str:
    """Print a time in the unit that suits it."""
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 1:
            return f"{digits(seconds * factor)} {unit}"
    return f"{digits(seconds * 1e9)} ns"


def render_row(row: Row) -> str:
    """Print a row as a section of the page."""
    parts = [f"## {row.code}: {row.title}", row.about, _figures(row.groups)]
    parts.append(f"Checked: {row.checked} Widest spread between runs: {digits(row.spread)} x.")
    if row.facts:
        parts.append("\n".join(f"* {fact}" for fact in row.facts))
    if row.missing:
        parts.append(f"Not installed, so not measured: {', '.join(row.missing)}.")
    parts.append(_table(("goal", "found", "met"), map(_cells, row.goals)))
    return "\n\n".join(parts)


def render_page(rows: Sequence[Row], setting: Setting) -> str:
    """Print the whole page."""
    set_at = [(name, getattr(setting, name)) for name in ("date", "machine", "python", "packages")]
    goals = [(row.code, *_cells(goal)) for row in rows for goal in row.goals]
    parts = [
        "# Benchmarks",
        "`make bench` wrote this page; nothing in it was typed in by hand.",
        _table(("measured", "with"), [*set_at, ("command", f"`{setting.command}`")]),
        f"## Method\n\n{METHOD}",
        f"## Goals\n\n{_table(('row', 'goal', 'found', 'met'), goals)}",
        *map(render_row, rows),
    ]
    return "\n\n".join(parts) + "\n"


def _figures(groups: Iterable[Group]) -> str:
    lines: list[Sequence[str]] = []
    for group in groups:
        lines.append((f"**{group.operation}**", "**Legation**", *_speed(group.ours), ""))
        lines += [
            ("", line.whose, *_speed(line.seconds), f"{digits(line.seconds / group.ours)} x")
            for line in group.others
        ]
    return _table(("operation", "whose", "a second", "one takes", "Legation does"), lines)


def _speed(seconds: float) -> tuple[str, str]:
    return digits(1 / seconds), duration(seconds)


def _cells(goal: Goal) -> tuple[str, str, str]:
    met = {True: "yes", False: "**no**", None: "not measured"}[goal.is_met]
    return goal.text, goal.found, met


def _table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rule = ["---"] * len(heads)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *lines))
