# SPDX-License-Identifier: Apache-2.0
"""
The node's own log: what was done, in order, and never what was said; and the checkpoints signed over it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from legation.encoding import encode
from legation.log import Frontier, LogEntry, LogKind, RootOf, completed
from legation.merkle import Hash
from legation.store.sqlite import subtrees
from legation.store.sqlite.database import Reading, Writing
from legation.store.sqlite.outgoing import FRONTIER
from legation.store.sqlite.stretches import NOTES_AT_ONCE, stretches


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """Which log it is, and how far."""

    incarnation: bytes
    frontier: Frontier


def start_log(db: Writing, incarnation: bytes) -> None:
    """Begin the log."""
    db.run(
        "INSERT INTO log_state (one, incarnation, frontier) VALUES (1, ?, ?)",
        (incarnation, encode(Frontier())),
    )


def state(db: Reading) -> LogState:
    """How far the log is."""
    row = db.one("SELECT incarnation, frontier FROM log_state")
    assert row is not None, "a store is made with its log"
    return LogState(incarnation=row[0], frontier=FRONTIER.decode(row[1]))


def append(db: Writing, entries: Iterable[LogEntry]) -> int:
    """Append entries and give how many there are then."""
    new = list(entries)
    before = state(db).frontier
    db.run_many(
        "INSERT INTO log_entry (number, kind, hash, time) VALUES (?, ?, ?, ?)",
        [(number, each.kind.value, each.hash, each.time) for number, each in enumerate(new, before.size)],
    )
    leaves = [each.leaf for each in new]
    db.run_many("INSERT INTO log_subtree (height, place, root) VALUES (?, ?, ?)", completed(before, leaves))
    after = before.extend(leaves)
    db.run("UPDATE log_state SET frontier = ?", (encode(after),))
    return after.size


def is_numbered(db: Reading) -> bool:
    """Whether the entries are numbered from 0 without gaps."""
    row = db.one("SELECT count(*), coalesce(min(number), 0), coalesce(max(number), -1) FROM log_entry")
    assert row is not None, "a count gives a row"
    count, first, last = row
    return bool(first == 0 and last == count - 1)


def entries(db: Reading, start: int, count: int) -> list[LogEntry]:
    """The entries from number *start* on, at most *count*."""
    rows = db.rows(
        "SELECT kind, hash, time FROM log_entry WHERE number >= ? ORDER BY number LIMIT ?", (start, count)
    )
    return [LogEntry(kind=LogKind(kind), hash=digest, time=time) for kind, digest, time in rows]


def subtree(db: Reading, height: int, place: int) -> bytes | None:
    """The root that is kept of a complete subtree, or None."""
    row = db.one("SELECT root FROM log_subtree WHERE height = ? AND place = ?", (height, place))
    return None if row is None else bytes(row[0])


def subtree_count(db: Reading) -> int:
    """How many roots of complete subtrees are kept."""
    row = db.one("SELECT count(*) FROM log_subtree")
    assert row is not None, "a count gives a row"
    return int(row[0])


def root_of(db: Reading) -> RootOf:
    """What proofs about the log are made with."""

    def leaves(start: int, count: int) -> list[Hash]:
        return [each.leaf for each in entries(db, start, count)]

    return subtrees.roots(lambda height, place: subtree(db, height, place), leaves)


def checkpoint(db: Reading, size: int) -> bytes | None:
    """The checkpoint that was signed over the first *size* entries, or None."""
    row = db.one("SELECT data FROM log_checkpoint JOIN log_state USING (incarnation) WHERE size = ?", (size,))
    return None if row is None else bytes(row[0])


def save_checkpoint(db: Writing, size: int, data: bytes) -> None:
    """Keep a checkpoint; there is one for a size."""
    db.run(
        "INSERT INTO log_checkpoint (incarnation, size, data) SELECT incarnation, ?, ? FROM log_state",
        (size, data),
    )


def incarnations(db: Reading) -> list[bytes]:
    """Every incarnation of the log of which a checkpoint was signed."""
    return [
        each for (each,) in db.rows("SELECT DISTINCT incarnation FROM log_checkpoint ORDER BY incarnation")
    ]


def checkpoints(db: Reading, incarnation: bytes) -> Iterator[tuple[int, bytes]]:
    """Every checkpoint of an incarnation, by size."""
    sql = "SELECT size, data FROM log_checkpoint WHERE incarnation = ? AND size > ? ORDER BY size LIMIT ?"
    yield from stretches(db, sql, incarnation, count=NOTES_AT_ONCE)


def begin_again(db: Writing, incarnation: bytes) -> None:
    """Go on under another incarnation, over the same entries: what was signed of the old one binds no more."""
    db.run("UPDATE log_state SET incarnation = ?", (incarnation,))
