# SPDX-License-Identifier: Apache-2.0

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.errors import StoreError
from legation.log import Frontier, LogEntry, LogKind, completed_count, prove_consistency, prove_inclusion
from legation.merkle import consistency_proof, inclusion_proof, root
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


@settings(max_examples=30, deadline=None)
@given(steps=st.lists(st.integers(0, 40), min_size=1, max_size=5), data=st.data())
def test_proofs_are_those_of_all_leaves(steps: list[int], data: st.DataObject) -> None:
    """
    In however many steps a log has grown, a proof from what is kept is the one from its leaves.
    """
    db, wanted = began(), [entry(0)]
    logbook.append(db, wanted)
    for step in steps:
        new = [entry(len(wanted) + place) for place in range(step)]
        wanted += new
        logbook.append(db, new)
    leaves = [each.leaf for each in wanted]
    assert logbook.subtree_count(db) == completed_count(len(leaves))
    end = data.draw(st.integers(1, len(leaves)))
    index, old = data.draw(st.integers(0, end - 1)), data.draw(st.integers(1, end))
    assert prove_inclusion(index, end, logbook.root_of(db)) == inclusion_proof(leaves[:end], index)
    assert prove_consistency(old, end, logbook.root_of(db)) == consistency_proof(leaves[:end], old)


@pytest.mark.parametrize("table", ["log_subtree", "log_entry"])
def test_a_proof_is_not_made_of_what_is_missing(db: Writing, table: str) -> None:
    """
    A hash that is not there is told.
    """
    logbook.append(db, [entry(number) for number in range(40)])
    db.run(f"DELETE FROM {table}")  # noqa: S608 - a table of ours
    with pytest.raises(StoreError, match="missing"):
        prove_inclusion(20, 40, logbook.root_of(db))


def test_a_checkpoint_of_a_size_is_kept_once(db: Writing) -> None:
    """
    What was signed over a size is what is given out for it, for ever.
    """
    assert logbook.checkpoint(db, 1) is None
    logbook.save_checkpoint(db, 2, b"second")
    logbook.save_checkpoint(db, 1, b"first")
    with pytest.raises(StoreError, match="breaks a rule"):
        logbook.save_checkpoint(db, 1, b"another")
    assert logbook.checkpoint(db, 1) == b"first"
    [incarnation] = logbook.incarnations(db)
    assert list(logbook.checkpoints(db, incarnation)) == [(1, b"first"), (2, b"second")]


def test_another_incarnation_is_signed_anew_over_the_same_entries(db: Writing) -> None:
    """
    What was signed of the old one is kept, and is not given out for the new one.
    """
    old = logbook.state(db)
    logbook.save_checkpoint(db, 1, b"first")
    logbook.begin_again(db, bytes(16))
    assert logbook.state(db).frontier == old.frontier
    assert logbook.checkpoint(db, 1) is None
    logbook.save_checkpoint(db, 1, b"another")
    assert logbook.checkpoint(db, 1) == b"another"
    assert list(logbook.checkpoints(db, old.incarnation)) == [(1, b"first")]
    assert logbook.incarnations(db) == sorted([old.incarnation, bytes(16)])
