# SPDX-License-Identifier: Apache-2.0

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.errors import StoreError
from legation.log import Frontier, LogEntry, LogKind
from legation.merkle import root
from legation.store.sqlite import logbook
from legation.store.sqlite.database import Writing
from legation.store.sqlite.logbook import LogState
from tests.store import rows

INCARNATION = rows.drawn("log", 16)


def entry(number: int) -> LogEntry:
    """The entry of this number."""
    kinds = list(LogKind)
    return LogEntry(kind=kinds[number % len(kinds)], hash=rows.digest(str(number)), time=1000 + number)


def began() -> Writing:
    """A log without entries."""
    db = rows.memory()
    logbook.start_log(db, INCARNATION)
    return db


@pytest.fixture
def db() -> Writing:
    """A log without entries."""
    return began()


def test_a_log_begins_empty(db: Writing) -> None:
    """
    A new log has its incarnation and no entry, and there is one of it.
    """
    assert logbook.state(db) == LogState(incarnation=INCARNATION, frontier=Frontier())
    assert logbook.entries(db, 0, 10) == []
    with pytest.raises(StoreError, match="breaks a rule"):
        logbook.start_log(db, rows.drawn("another", 16))
    assert logbook.state(db).incarnation == INCARNATION


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=12))
def test_entries_come_back_in_order_under_their_root(sizes: list[int]) -> None:
    """
    In however many steps entries were appended, all are there and the tree is theirs.
    """
    db, wanted = began(), list[LogEntry]()
    for size in sizes:
        new = [entry(len(wanted) + place) for place in range(size)]
        wanted += new
        assert logbook.append(db, iter(new)) == len(wanted)
    assert logbook.entries(db, 0, 1000) == wanted
    state = logbook.state(db)
    assert state.frontier.size == len(wanted)
    assert state.frontier.root == root([each.leaf for each in wanted])


def test_a_part_is_given_from_a_number_on(db: Writing) -> None:
    """
    A reader goes through the log piece by piece, and finds an end.
    """
    wanted = [entry(number) for number in range(7)]
    logbook.append(db, wanted)
    assert logbook.entries(db, 2, 3) == wanted[2:5]
    assert logbook.entries(db, 5, 100) == wanted[5:]
    assert logbook.entries(db, 7, 100) == []


def test_a_refused_append_leaves_nothing(db: Writing) -> None:
    """
    Where an entry of that number is there already, nothing of the append stays, the tree neither.
    """
    logbook.append(db, [entry(0)])
    db.run(
        "INSERT INTO log_entry (number, kind, hash, time) VALUES (2, 'released', ?, 0)", (rows.digest("2"),)
    )
    before = rows.everything(db)
    db.run("SAVEPOINT act")
    with pytest.raises(StoreError, match="breaks a rule"):
        logbook.append(db, [entry(1), entry(2)])
    db.run("ROLLBACK TO act")
    assert rows.everything(db) == before


@pytest.mark.parametrize(
    ("statement", "is_numbered"),
    [
        ("SELECT 1", True),
        ("DELETE FROM log_entry", True),
        ("DELETE FROM log_entry WHERE number = 4", True),
        ("DELETE FROM log_entry WHERE number = 0", False),
        ("DELETE FROM log_entry WHERE number = 2", False),
        ("UPDATE log_entry SET number = 9 WHERE number = 4", False),
    ],
)
def test_a_gap_is_seen(db: Writing, statement: str, *, is_numbered: bool) -> None:
    """
    Numbers begin at 0 and follow one another, or it is told that they do not.
    """
    logbook.append(db, [entry(number) for number in range(5)])
    db.run(statement)
    assert logbook.is_numbered(db) is is_numbered
