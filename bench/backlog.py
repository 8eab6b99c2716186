# SPDX-License-Identifier: Apache-2.0
"""
P9: a peer comes back after months, and takes what waits for it; it is killed on the way, and goes on.

The 200,000 items of the goal take as long as everything else on the page together. A full run takes a tenth of
them, and tells by two sizes whether memory and time grow with more.
"""

import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.exchange import DURABLE
from bench.floors import ITEM_SIZE_BYTES, bytes_and_signatures
from bench.measure import Effort, check
from bench.offices import Offices, free_port
from bench.programs import MIB, memory_bytes, run, running, serving
from bench.report import Goal, Group, Line, Row, at_least, digits, no_dearer
from bench.stock import stock

GOAL_COUNT = 200_000
FULL_COUNT = 20_000
MEMORY_BYTES_MAX = 300 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class _Caught:
    """How a peer caught up: items a second, and the most memory of either node."""

    rate: float
    author_bytes: int
    peer_bytes: int


def backlog(effort: Effort, count: int = FULL_COUNT) -> Row:
    """Measure P9."""
    count = effort.of(count, 60)
    few = min(count, FULL_COUNT) // 4
    small = [_catch_up(few, is_killed=False) for _ in range(effort.of(3, 1))]
    large = _catch_up(count, is_killed=True)
    rate = statistics.median(each.rate for each in small)
    floor = bytes_and_signatures(ITEM_SIZE_BYTES, few)
    author = max(large.author_bytes, *(each.author_bytes for each in small))
    peer = max(large.peer_bytes, *(each.peer_bytes for each in small))
    return Row(
        code="P9",
        title="a backlog to a peer that is back",
        about=f"{count:,} items of 20 portions wait, about 10 KiB each as they are handed over. `legation serve` at "
        "one office, `legation pull` at the other, started for it; when a third has come, the peer is killed (SIGKILL) "
        f"and started again. Timed is all of it, the kill included. Wall time. {DURABLE}.",
        checked=f"{count:,} items are held, each once, and the last receipt covers all of them.",
        groups=(
            Group(
                operation=f"one item of {count:,}",
                ours=1 / large.rate,
                others=(
                    Line(whose=f"Legation, one of {few:,}, nobody killed", seconds=1 / rate),
                    Line(whose="floor: the same bytes and signatures, on one core", seconds=1 / floor),
                ),
            ),
        ),
        goals=(
            at_least("at least 1,500 items a second", large.rate, 1_500, "a second"),
            _below("memory of the author below 300 MB", author),
            _below("memory of the peer below 300 MB", peer),
            no_dearer(
                f"one of {count:,} takes what one of {few:,} does (at most 1.3 x)", rate / large.rate, 1.3
            ),
        ),
        spread=max(each.rate for each in small) / min(each.rate for each in small),
        facts=(
            _memory("author", large.author_bytes, few, max(each.author_bytes for each in small)),
            _memory("peer", large.peer_bytes, few, max(each.peer_bytes for each in small)),
            f'All {GOAL_COUNT:,} items of the goal: `make bench ARGS="--rows P9 --backlog {GOAL_COUNT}"`.',
        ),
    )


def _below(text: str, found_bytes: int) -> Goal:
    return Goal(text=text, found=_mib(found_bytes), is_met=found_bytes < MEMORY_BYTES_MAX)


def _memory(whose: str, most_bytes: int, few: int, of_few_bytes: int) -> str:
    return f"Memory of the {whose} at most: {_mib(most_bytes)}; with {few:,} items {_mib(of_few_bytes)}."


def _mib(size_bytes: int) -> str:
    return f"{digits(size_bytes / MIB)} MiB"


def _catch_up(count: int, *, is_killed: bool) -> _Caught:
    port = free_port()
    with tempfile.TemporaryDirectory() as scratch, closing(Offices(Path(scratch), port=port)) as one:
        stock(one, count)
        folder = one.folder / "peer"
        with serving(one.folder / "author", port) as author:
            begun, lost = time.perf_counter(), 0
            if is_killed:
                lost = _pull_some(one, count // 3)
            ran = run("pull", "--dir", folder)
            taken = time.perf_counter() - begun
            author_bytes = memory_bytes(author)
        _check_all_came(one, count)
    return _Caught(rate=count / taken, author_bytes=author_bytes, peer_bytes=max(ran.memory_bytes, lost))


def _pull_some(one: Offices, count: int) -> int:
    """Pull until so many items are held, and be killed; the most memory of it."""
    with running("pull", "--dir", one.folder / "peer") as process:
        until = time.perf_counter() + 600
        while _held(one) < count:
            check(process.poll() is None and time.perf_counter() < until, "it ended before it was killed")
            time.sleep(0.02)
        return memory_bytes(process)


def _held(one: Offices) -> int:
    """How many entries the peer has; one row, however many they are."""
    with one.peer.database.read() as db:
        row = db.one("SELECT size FROM incoming")
    return 0 if row is None else int(row[0])


def _check_all_came(one: Offices, count: int) -> None:
    with one.peer.database.read() as db:
        held = db.one("SELECT count(*), count(DISTINCT item_id) FROM view WHERE state = 'held'")
        listed = db.one("SELECT count(DISTINCT item_id) FROM inbox")
    check(held == (count, count) and listed == (count,), "another number of items came than waited")
    with one.author.database.read() as db:
        row = db.one("SELECT count(*), sum(state = 'receipted') FROM delivery")
    check(row == (count, count), "not everything was receipted")
