# SPDX-License-Identifier: Apache-2.0
"""
P11: a bag of 10,000 items, packed at one office and opened at the other.
"""

import statistics
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.exchange import DURABLE
from bench.measure import Effort, check
from bench.offices import AUTHOR, PEER, Offices
from bench.programs import MIB, Ran, run
from bench.report import Goal, Group, Row, at_least, digits
from bench.stock import stock

MEMORY_BYTES_MAX = 200 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class _Carried:
    """One round: what packing and opening took, and the size of the files."""

    packed: Ran
    opened: Ran
    size_bytes: int


def bag(effort: Effort) -> Row:
    """Measure P11."""
    count = effort.of(10_000, 40)
    rounds = [_carry(count) for _ in range(effort.of(3, 1))]
    packing, opening = [each.packed for each in rounds], [each.opened for each in rounds]
    sealed, unsealed = _middle(packing), _middle(opening)
    size_bytes = rounds[0].size_bytes
    return Row(
        code="P11",
        title=f"a bag of {count:,} items",
        about=f"{count:,} items of 20 portions wait for a peer that no line reaches. `legation bag pack`: decided, cut, "
        "numbered, logged, sealed, on the disk. `legation bag open`: looked through whole, then verified, stored, listed "
        f"in the inbox, receipted. Each a process of its own, its start included. Wall time. {DURABLE}.",
        checked=f"{count:,} items are held, each once; to open it again brings nothing.",
        groups=(
            Group(operation="pack, one item", ours=sealed / count),
            Group(operation="open, one item", ours=unsealed / count),
        ),
        goals=(
            at_least("pack at least 1,000 items a second", count / sealed, 1_000, "a second"),
            at_least("open at least 1,000 items a second", count / unsealed, 1_000, "a second"),
            _below("memory of packing below 200 MB", packing),
            _below("memory of opening below 200 MB", opening),
        ),
        spread=max(_spread(packing), _spread(opening)),
        facts=(
            f"The bag has {size_bytes:,} bytes, {size_bytes // count:,} for an item.",
            f"A megabyte of it: packed in {_per_megabyte(sealed, size_bytes)}.",
            f"A megabyte of it: opened in {_per_megabyte(unsealed, size_bytes)}.",
        ),
    )


def _carry(count: int) -> _Carried:
    with tempfile.TemporaryDirectory() as scratch, closing(Offices(Path(scratch))) as one:
        stock(one, count)
        bags = Path(scratch) / "bags"
        bags.mkdir()
        by = ("--by", "bench", "--dir")
        packed = run("bag", "pack", PEER, "-o", bags, *by, one.folder / "author")
        files = sorted(bags.iterdir())
        size_bytes = sum(each.stat().st_size for each in files)
        opened = run("bag", "open", *files, *by, one.folder / "peer")
        _check_all_came(one, count)
        run("bag", "open", *files, *by, one.folder / "peer")
        _check_all_came(one, count)
    return _Carried(packed=packed, opened=opened, size_bytes=size_bytes)


def _check_all_came(one: Offices, count: int) -> None:
    with one.peer.database.read() as db:
        held = db.one(
            "SELECT count(*), count(DISTINCT item_id) FROM view WHERE state = 'held' AND source = ?",
            (AUTHOR,),
        )
        listed = db.one("SELECT count(DISTINCT item_id) FROM inbox")
        receipt = db.one("SELECT size, receipt_size FROM incoming")
    check(held == (count, count) and listed == (count,), "another number of items came than was packed")
    check(receipt is not None and receipt[0] == receipt[1] > count, "not everything was receipted")


def _per_megabyte(seconds: float, size_bytes: int) -> str:
    return f"{digits(1e9 * seconds / size_bytes)} ms"


def _middle(ran: Sequence[Ran]) -> float:
    return statistics.median(each.seconds for each in ran)


def _spread(ran: Sequence[Ran]) -> float:
    return max(each.seconds for each in ran) / min(each.seconds for each in ran)


def _below(text: str, ran: Sequence[Ran]) -> Goal:
    most = max(each.memory_bytes for each in ran)
    return Goal(text=text, found=f"{digits(most / MIB)} MiB", is_met=most < MEMORY_BYTES_MAX)
