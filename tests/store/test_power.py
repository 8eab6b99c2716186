# SPDX-License-Identifier: Apache-2.0
"""
The power goes at any moment: what was confirmed is there, and nothing is there by halves.

A search that finds nothing shows nothing, until it has been seen to find: so the same search is let loose on
a store with a bug, of each kind that it is there to find.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from legation.errors import StoreError
from legation.store.sqlite import connection, writer
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.migrations import Migration
from legation.store.sqlite.writer import Writer
from tests.item.worlds import SEARCH
from tests.store.disks import Disk, Failed, Note, Step, Sync, acknowledged, after_a_cut, lay_out, sync_error

CUTS = 100 * SEARCH
CHANGES = 60  # by then the log has been moved into the database some times
NAME = "node.db"
TABLES = (
    Migration(
        number=1,
        name="0001.sql",
        sql="""
        CREATE TABLE entry (number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, data BLOB) STRICT;
        CREATE TABLE total (one INTEGER PRIMARY KEY, entries INTEGER NOT NULL) STRICT;
        INSERT INTO total VALUES (1, 0);
        """,
    ),
)


@dataclass(frozen=True)
class Recording:
    """What a disk was told while changes were made, and how it was before."""

    before: dict[str, bytes]
    steps: Sequence[Step]


def content(number: int) -> bytes:
    """What the change of that number writes: some bytes, or some pages."""
    return Random(number).randbytes(Random(number).choice([10, 1_000, 20_000]))


def append(number: int) -> Callable[[Writing], None]:
    """A change of two tables; it also takes back the content of an earlier one."""

    def act(db: Writing) -> None:
        data = content(number)
        db.run("INSERT INTO entry VALUES (?, ?, ?)", (number, sha256(data).digest(), data))
        db.run("UPDATE entry SET data = NULL WHERE number = ?", (number - 10,))
        db.run("UPDATE total SET entries = entries + 1")

    return act


def change(database: Database, disk: Disk, numbers: Sequence[int]) -> None:
    """Make changes, some alone and some in company, and note when each is confirmed."""
    draw, left = Random(numbers[0]), list(numbers)
    while left:
        size = draw.choice([1, 2, 5])
        batch, left = left[:size], left[size:]
        futures = [database.submit(append(number)) for number in batch]
        for number, future in zip(batch, futures, strict=True):
            future.add_done_callback(partial(note, disk, number))
        for future in futures:
            future.result()


def note(disk: Disk, number: int, future: Future[None]) -> None:
    """Note that a change is confirmed, if it is."""
    if future.exception() is None:
        disk.steps.append(Note(number))


def fresh(folder: Path) -> dict[str, bytes]:
    """Make an empty store in a new folder; give its files."""
    folder.mkdir()
    Database.create(folder / NAME, now=0, migrations=TABLES).close()
    return {NAME: (folder / NAME).read_bytes()}


def record(folder: Path) -> Recording:
    """Make changes, and give what the disk was told."""
    before, disk = fresh(folder), Disk()
    database = Database.open(folder / NAME, now=0, migrations=TABLES, vfs=disk.name)
    change(database, disk, range(CHANGES))
    steps = tuple(disk.steps)
    database.close()
    return Recording(before, steps)


def record_failure(folder: Path, *, after: int) -> Recording:
    """Make changes until a sync fails, start again, and make more."""
    before, disk = fresh(folder), Disk()
    database = Database.open(folder / NAME, now=0, migrations=TABLES, vfs=disk.name)
    change(database, disk, range(after))
    disk.fault = lambda step: sync_error() if isinstance(step, Sync) else None
    with pytest.raises(StoreError):
        change(database, disk, range(after, after + 1))
    database.close()
    disk.fault = lambda _: None
    database = Database.open(folder / NAME, now=0, migrations=TABLES, vfs=disk.name)
    # Whether the last change happened is known only now.
    with database.read() as db:
        (count,) = db.one("SELECT count(*) FROM entry") or (0,)
    change(database, disk, range(count, count + 8))
    steps = tuple(disk.steps)
    database.close()
    return Recording(before, steps)


def faults(db: Reading, confirmed: set[int]) -> list[str]:
    """Say what is not as it must be after a cut."""
    found = {number: (digest, data) for number, digest, data in db.rows("SELECT * FROM entry")}
    (total,) = db.one("SELECT entries FROM total") or (None,)
    complaints = []
    if lost := confirmed - found.keys():
        complaints.append(f"lost {sorted(lost)}")
    if total != len(found) or found.keys() != set(range(len(found))):
        complaints.append(f"{total} counted, {len(found)} there")
    for number, (digest, data) in found.items():
        wanted = None if number + 10 in found else content(number)
        if digest != sha256(content(number)).digest() or data != wanted:
            complaints.append(f"{number} is another")
    return complaints


def look(path: Path, confirmed: set[int]) -> list[str]:
    """Open what a cut left, as a node does when it starts, and say what is wrong with it."""
    try:
        database = Database.open(path, now=0, migrations=TABLES)
        try:
            database.verify()
            with database.read() as db:
                return faults(db, confirmed)
        finally:
            database.close()
    except StoreError as error:
        return [error.message]


def search(folder: Path, recording: Recording, *, seed: int = 1) -> list[str]:
    """Cut the power at many moments, and list what went wrong, each with its number."""
    complaints = []
    for number in range(CUTS):
        draw = Random(f"{seed}-{number}")
        steps = recording.steps[: draw.randrange(len(recording.steps) + 1)]
        place = folder / f"cut-{number}"
        lay_out(place, after_a_cut(recording.before, steps, draw))
        complaints += [f"cut {number}: {each}" for each in look(place / NAME, acknowledged(steps))]
    return complaints


@pytest.fixture(autouse=True)
def short_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the log be moved into the database often."""
    monkeypatch.setattr(writer, "CHECKPOINT_PAGES", 40)


class TestPowerCut:
    def test_loses_nothing_that_was_confirmed(self, tmp_path: Path) -> None:
        """
        After a cut at any moment every confirmed change is there whole, and no part of another.
        """
        recording = record(tmp_path / "node")
        moved = [step for step in recording.steps if step == Sync(NAME)]
        assert len(moved) > 1, "the log has been moved into the database meanwhile"
        assert acknowledged(recording.steps) == set(range(CHANGES))
        assert search(tmp_path, recording) == []

    def test_a_store_that_syncs_less_is_found_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        With the setting that is often advised, changes that were confirmed are lost.
        """
        monkeypatch.setitem(connection.PRAGMAS, "synchronous", 1)
        found = search(tmp_path, record(tmp_path / "node"))
        assert any("lost" in each for each in found)

    def test_a_store_that_confirms_too_early_is_found_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A writer that answers before the commit loses what it has confirmed.
        """
        run, resolve = Writer._act, writer._resolve

        def act(self: Writer, outcome: writer._Outcome) -> None:
            run(self, outcome)
            resolve(outcome)

        monkeypatch.setattr(Writer, "_act", act)
        monkeypatch.setattr(writer, "_resolve", lambda _: None)
        found = search(tmp_path, record(tmp_path / "node"))
        assert any("lost" in each for each in found)

    def test_a_store_that_keeps_changes_by_halves_is_found_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A writer without transactions keeps one of two rows that belong together.
        """

        def group(self: Writer, outcomes: list[writer._Outcome]) -> None:
            for outcome in outcomes:
                outcome.job.act(Writing(self._connection))

        monkeypatch.setattr(Writer, "_group", group)
        found = search(tmp_path, record(tmp_path / "node"))
        assert any("counted" in each for each in found)

    @pytest.mark.parametrize("after", [1, 4, 14])
    def test_loses_nothing_after_a_sync_that_failed(self, tmp_path: Path, after: int) -> None:
        """
        What is confirmed after a restart does not stand on what the disk forgot before.
        """
        recording = record_failure(tmp_path / "node", after=after)
        assert any(isinstance(step, Failed) for step in recording.steps)
        assert search(tmp_path, recording) == []

    def test_a_restart_that_trusts_the_log_is_found_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        If the log is taken for written because it can be read, what is confirmed later is lost.
        """
        monkeypatch.setattr(Writer, "_checkpoint", lambda *_args, **_options: None)
        found = search(tmp_path, record_failure(tmp_path / "node", after=4))
        assert any("lost" in each for each in found)

    @pytest.mark.parametrize("name", [NAME, f"{NAME}-wal"], ids=["the database", "the log"])
    def test_a_disk_that_lies_is_found_out(self, tmp_path: Path, name: str) -> None:
        """
        A disk that says it has synced one of the files, and has not, loses changes or the database.
        """
        told = record(tmp_path / "node")
        lie = Recording(told.before, [step for step in told.steps if step != Sync(name)])
        assert search(tmp_path, lie)
