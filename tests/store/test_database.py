# SPDX-License-Identifier: Apache-2.0

import errno
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import partial, partialmethod
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import cast

import apsw
import pytest

from legation.errors import StoreError
from legation.store.sqlite import connection, writer
from legation.store.sqlite import database as module
from legation.store.sqlite.connection import Role, cannot_be_trusted, connect, failure
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.writer import Writer
from tests.store.disks import Disk, Step, Sync, Write, full_error, sync_error, syncs, write_error
from tests.store.tables import NAME, TABLES, database, numbers, numbers_in, opened

ROOT = Path(__file__).parents[2]


def put(number: int, data: bytes = b"") -> Callable[[Writing], None]:
    """An act that adds an entry."""
    return lambda db: db.run("INSERT INTO entry VALUES (?, ?)", (number, data))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    """An empty database."""
    with database(tmp_path) as made:
        yield made


@pytest.fixture
def disk() -> Disk:
    """A disk that fails when it is told to."""
    return Disk()


@pytest.fixture
def failing(tmp_path: Path, disk: Disk) -> Iterator[Database]:
    """An empty database on that disk."""
    with database(tmp_path, vfs=disk.name) as made:
        yield made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for other processes a moment only."""
    monkeypatch.setitem(connection.PRAGMAS, "busy_timeout", 50)
    for each in (connection, writer, module):
        monkeypatch.setattr(each, "BUSY_TIMEOUT_MS", 50)


@contextmanager
def raw(path: Path) -> Iterator[apsw.Connection]:
    """A connection without any of our rules."""
    made = apsw.Connection(str(path))
    try:
        yield made
    finally:
        made.close(True)


@contextmanager
def held_up(store: Database) -> Iterator[None]:
    """Keep the writer busy with an act, so that all that is queued meanwhile comes into one group."""
    started, release = threading.Event(), threading.Event()

    def act(_: Writing) -> None:
        started.set()
        release.wait()

    future = store.submit(act)
    started.wait()
    yield
    release.set()
    future.result()


def outcome(future: Future[object]) -> object:
    """What a future gave, or the class and message of what it raised."""
    error = future.exception()
    return future.result() if error is None else f"{type(error).__name__}: {error}"


# Written down once more: what the code sets is not the measure of itself.
SETTINGS = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
    "secure_delete": 1,
    "mmap_size": 0,
    "temp_store": 2,
    "busy_timeout": 5_000,
    "wal_autocheckpoint": 0,
    "application_id": connection.APPLICATION_ID,
    "user_version": 1,
    "page_size": 8192,
}


class TestSettings:
    @pytest.mark.parametrize("role", Role)
    def test_every_connection_has_all_settings(self, tmp_path: Path, role: Role) -> None:
        """
        Reader, writer and migrator have every durability and safety setting.
        """
        with database(tmp_path):
            pass
        made = connect(tmp_path / NAME, role)
        assert {name: made.pragma(name) for name in SETTINGS} == SETTINGS
        made.close()

    @pytest.mark.parametrize(
        ("name", "impossible"), [("cell_size_check", 7), ("mmap_size", -2), ("temp_store", 9)]
    )
    def test_refuses_a_connection_on_which_a_setting_does_not_hold(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, impossible: int
    ) -> None:
        """
        A setting that reads back as another is refused, and nothing is left open.
        """
        with database(tmp_path):
            pass
        monkeypatch.setitem(connection.PRAGMAS, name, impossible)
        with pytest.raises(
            StoreError, match=rf"^expected `{name}` to be {impossible} in the store, got \d+$"
        ):
            Database.open(tmp_path / NAME, now=0, migrations=TABLES)

    @pytest.mark.parametrize("version", ["3.51.2", "3.40.1", "3.7.0"])
    def test_refuses_a_library_that_may_lose_changes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
    ) -> None:
        """
        A library older than the mend of the log is not used; not even a file is made.
        """
        monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: version)
        with pytest.raises(StoreError, match=rf"^expected SQLite 3\.51\.3 or newer, got {version}$"):
            Database.create(tmp_path / NAME, now=0, migrations=TABLES)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("sql", "error"),
        [
            ("SELECT load_extension('x')", apsw.SQLError),
            ('SELECT "no such column"', apsw.SQLError),
            ("ATTACH ':memory:' AS other", apsw.SQLError),
            ("PRAGMA writable_schema = 1; DELETE FROM sqlite_schema", apsw.SQLError),
        ],
        ids=["extensions", "text in double quotes", "other databases", "the schema itself"],
    )
    def test_refuses_what_is_never_needed(self, store: Database, sql: str, error: type[Exception]) -> None:
        """
        What only an attacker or a mistake would ask for does not work.
        """
        with pytest.raises(StoreError) as refused:
            store.write(lambda db: db.run(sql))
        assert isinstance(refused.value.__cause__, error)


class TestFile:
    def test_nobody_else_may_read_any_file(self, tmp_path: Path) -> None:
        """
        The database and all that lies beside it belong to their owner, whatever the umask.
        """
        before = os.umask(0)
        try:
            with database(tmp_path) as store:
                store.write(put(1))
                modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        finally:
            os.umask(before)
        assert modes == {NAME: 0o600, f"{NAME}-wal": 0o600, f"{NAME}-shm": 0o600}

    def test_a_closed_database_is_one_file(self, tmp_path: Path) -> None:
        """
        After closing, everything is in the database file; it can be copied as it is.
        """
        with database(tmp_path) as store:
            store.write(put(1))
        assert [path.name for path in tmp_path.iterdir()] == [NAME]
        with opened(tmp_path) as store:
            assert numbers_in(store) == [1]

    def test_a_new_database_is_on_the_disk_under_its_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        The folder is synced when it names the database.
        """
        seen = syncs(monkeypatch)
        Database.create(tmp_path / NAME, now=0, migrations=TABLES).close()
        assert seen == [str(tmp_path)]

    def test_never_replaces_what_is_there(self, tmp_path: Path) -> None:
        """
        Where something is, no database is made, and it stays as it was.
        """
        (tmp_path / NAME).write_bytes(b"something")
        with pytest.raises(StoreError, match=rf"^`{NAME}` is there already$"):
            Database.create(tmp_path / NAME, now=0, migrations=TABLES)
        assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(NAME, b"something")]

    def test_makes_no_database_in_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        """
        A folder is not made on the way.
        """
        with pytest.raises(StoreError, match=rf"^`{NAME}` cannot be made$"):
            Database.create(tmp_path / "folder" / NAME, now=0, migrations=TABLES)

    def test_a_creation_that_fails_leaves_nothing(self, tmp_path: Path, disk: Disk) -> None:
        """
        On a full disk no part of a database stays behind.
        """
        disk.fault = lambda step: full_error() if isinstance(step, Write) and step.offset else None
        with pytest.raises(StoreError):
            Database.create(tmp_path / NAME, now=0, migrations=TABLES, vfs=disk.name)
        assert list(tmp_path.iterdir()) == []

    def test_opens_nothing_where_nothing_is(self, tmp_path: Path) -> None:
        """
        A missing database is told, not made.
        """
        with pytest.raises(StoreError, match=rf"^there is no store at `{NAME}`$"):
            Database.open(tmp_path / NAME, now=0, migrations=TABLES)
        assert list(tmp_path.iterdir()) == []

    def test_a_database_that_goes_while_it_is_opened_is_told(self, tmp_path: Path) -> None:
        """
        Nothing is made in its place.
        """
        with pytest.raises(StoreError, match=r"^the store failed \(SQLITE_CANTOPEN\)$"):
            connect(tmp_path / NAME, Role.READER)
        assert list(tmp_path.iterdir()) == []

    def test_an_opening_that_fails_half_way_leaves_nobody_in(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        When the first reader cannot be had, the writer lets go of the file too.
        """

        def fail(_path: Path, _role: Role, *, vfs: str | None) -> apsw.Connection:
            raise StoreError("planted", hint=str(vfs))

        with database(tmp_path):
            pass
        with monkeypatch.context() as patch:
            patch.setattr(module, "connect", fail)
            with pytest.raises(StoreError, match="planted"):
                Database.open(tmp_path / NAME, now=0, migrations=TABLES)
        connect(tmp_path / NAME, Role.MIGRATOR).close()

    @pytest.mark.parametrize("what", ["another program", "no database", "nothing", "a page and a half"])
    def test_refuses_a_file_of_another_program_and_leaves_it_alone(self, tmp_path: Path, what: str) -> None:
        """
        What is not ours is refused before a byte of it is changed, or a file is laid beside it.
        """
        path = tmp_path / NAME
        if what == "another program":
            with raw(path) as other:
                other.execute("CREATE TABLE contacts (name)")
        else:
            path.write_bytes(
                {"no database": b"text " * 400, "nothing": b""}.get(what, b"SQLite format 3\0" * 800)
            )
        before = path.read_bytes()
        with pytest.raises(StoreError):
            Database.open(path, now=0, migrations=TABLES)
        assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [(NAME, before)]


class TestReading:
    def test_sees_one_state(self, store: Database) -> None:
        """
        What is committed while somebody reads is not seen before the next reading.
        """
        store.write(put(1))
        with store.read() as db:
            assert numbers(db) == [1]
            store.write(put(2))
            assert numbers(db) == [1]
        assert numbers_in(store) == [1, 2]

    def test_the_state_is_that_of_its_beginning(self, store: Database) -> None:
        """
        The snapshot is taken when the reading begins, not at the first question.
        """
        with store.read() as db:
            store.write(put(1))
            assert numbers(db) == []

    def test_readings_inside_each_other_are_apart(self, store: Database) -> None:
        """
        A reading inside another has a state, a connection and a set of its own.
        """
        with store.read() as outer:
            outer.one("INSERT INTO allowed VALUES (1)")
            store.write(put(1))
            with store.read() as inner:
                assert numbers(inner) == [1]
                assert inner.one("SELECT count(*) FROM allowed") == (0,)
            assert numbers(outer) == []
            assert outer.one("SELECT count(*) FROM allowed") == (1,)

    @pytest.mark.parametrize(
        "sql",
        [
            "INSERT INTO entry VALUES (1, NULL)",
            "INSERT INTO main.entry VALUES (1, NULL)",
            "DELETE FROM migration",
            "CREATE TABLE main.allowed (access_id)",
            "PRAGMA user_version = 7",
            "PRAGMA main.application_id = 7",
            "VACUUM",
        ],
    )
    def test_cannot_write(self, store: Database, sql: str) -> None:
        """
        A reader changes nothing of the database, whatever it tries.
        """
        with store.read() as db, pytest.raises(StoreError):
            db.one(sql)
        with store.read() as db:
            assert db.one("SELECT count(*) FROM migration") == (1,)
            assert db.one("SELECT count(*) FROM entry") == (0,)
            assert db.one("PRAGMA user_version") == (1,)

    def test_cannot_write_by_a_trigger_of_its_own(self, store: Database) -> None:
        """
        A temporary trigger does not carry a change into the database.
        """
        with store.read() as db:
            db.one(
                "CREATE TEMP TRIGGER t AFTER INSERT ON allowed BEGIN INSERT INTO entry VALUES (1, NULL); END"
            )
            with pytest.raises(StoreError):
                db.one("INSERT INTO allowed VALUES (1)")
        assert numbers_in(store) == []

    def test_the_next_reader_finds_nothing_of_the_last(self, store: Database) -> None:
        """
        What a reading put into temporary tables is gone, for whoever has the connection next.
        """
        with store.read() as db:
            db.one("INSERT INTO allowed VALUES (1), (2)")
            db.one("CREATE TEMP TABLE mine (a)")
            assert db.one("SELECT count(*) FROM allowed") == (2,)
        for _ in range(3):
            with store.read() as db:
                assert db.one("SELECT count(*) FROM allowed") == (0,)
                assert db.one("SELECT count(*) FROM temp.sqlite_schema") == (1,)

    def test_the_next_reader_finds_nothing_of_one_that_failed(self, store: Database) -> None:
        """
        An error that leaves the context leaves nothing on the connection either.
        """
        with pytest.raises(StoreError), store.read() as db:
            _fill_and_fail(db)
        with store.read() as db:
            assert db.one("SELECT count(*) FROM allowed") == (0,)

    def test_rows_that_nobody_went_through_hold_nothing_up(self, store: Database) -> None:
        """
        A result that is left half read, or not read at all, does not keep its snapshot alive.
        """
        for number in range(100):
            store.write(put(number))
        with store.read() as db:
            half, unread = db.rows("SELECT * FROM entry"), db.rows("SELECT * FROM entry")
            next(half)
        store.write(put(100))
        assert numbers_in(store) == [*range(101)]
        with pytest.raises(StoreError):
            next(half)
        with pytest.raises(StoreError):
            next(unread)

    def test_a_connection_that_fails_is_not_kept(self, store: Database) -> None:
        """
        What cannot be undone on a connection goes with it; the next reading has another.
        """
        with store.read() as db:
            broken = db._connection
            broken.close(True)
        assert broken not in store._idle
        assert numbers_in(store) == []

    def test_keeps_nothing_of_what_was_gone_through(self, store: Database) -> None:
        """
        A reading that asks much does not hold on to what it has been told.
        """
        with store.read() as db:
            for _ in range(100):
                assert list(db.rows("SELECT 1")) == [(1,)]
            assert not db._cursors

    def test_is_over_when_it_is_over(self, store: Database) -> None:
        """
        A reading that somebody kept cannot reach the connection, which another has by now.
        """
        with store.read() as db:
            kept = db
        for ask in (kept.one, kept.rows):
            with pytest.raises(TypeError, match="after its end"):
                ask("SELECT 1")

    def test_one_gives_none_where_there_is_nothing(self, store: Database) -> None:
        """
        No row is None, which no row can be.
        """
        with store.read() as db:
            assert db.one("SELECT * FROM entry") is None
            assert db.one("SELECT NULL") == (None,)
            assert list(db.rows("SELECT * FROM entry")) == []

    def test_takes_parameters_by_place_and_by_name(self, store: Database) -> None:
        """
        Parameters stand for values only.
        """
        with store.read() as db:
            assert db.one("SELECT ?, ?", (b"a", "'; DROP TABLE entry; --")) == (
                b"a",
                "'; DROP TABLE entry; --",
            )
            assert db.one("SELECT :a + :b", {"a": 1, "b": 2}) == (3,)

    def test_no_word_of_what_was_asked_for_is_in_an_error(self, store: Database) -> None:
        """
        An error of the library is told by its code; its words may quote the question.
        """
        for ask in ("one", "rows"):
            with store.read() as db, pytest.raises(StoreError) as told:
                getattr(db, ask)("SELECT secret FROM entry")
            assert str(told.value) == "the store failed (SQLITE_ERROR)"

    def test_many_threads_read_while_one_writes(self, store: Database) -> None:
        """
        Threads never share a connection: each sees whole states only, and its own set only.
        """

        def look(seed: int) -> None:
            for each in range(100):
                with store.read() as db:
                    mine = seed * 1_000 + each
                    db.one("INSERT INTO allowed VALUES (?)", (mine,))
                    seen = numbers(db)
                    assert seen == [*range(len(seen))]
                    assert len(seen) % 2 == 0
                    assert list(db.rows("SELECT * FROM allowed")) == [(mine,)]

        def add(db: Writing) -> None:
            (count,) = db.one("SELECT count(*) FROM entry") or (0,)
            db.run_many("INSERT INTO entry VALUES (?, NULL)", [(count,), (count + 1,)])

        with ThreadPoolExecutor(8) as threads:
            readers = [threads.submit(look, seed) for seed in range(7)]
            while not all(reader.done() for reader in readers):
                store.write(add)
            for reader in readers:
                reader.result()

    def test_too_many_readings_are_told_so(
        self, store: Database, monkeypatch: pytest.MonkeyPatch, impatient: None
    ) -> None:
        """
        Past the limit a reader is refused after a while, and let in when another has ended.
        """
        monkeypatch.setattr(store, "_free", threading.Semaphore(1))
        with store.read(), pytest.raises(StoreError, match=r"^the store is busy$"), store.read():
            pass
        assert numbers_in(store) == []

    def test_keeps_no_more_connections_than_it_should(self, store: Database) -> None:
        """
        After a rush most of the connections are closed again.
        """

        def nest(depth: int) -> None:
            with store.read():
                if depth:
                    nest(depth - 1)

        nest(40)
        assert len(store._idle) == module.READERS_IDLE_MAX

    def test_a_reading_outlives_the_closing(self, tmp_path: Path) -> None:
        """
        Whoever reads when the database is closed reads on; nobody begins anew.
        """
        with database(tmp_path) as store:
            store.write(put(1))
            with store.read() as db:
                store.close()
                assert numbers(db) == [1]
            with pytest.raises(StoreError, match=r"^the store is closed$"), store.read():
                pass
            assert store._idle == []


class TestWriting:
    def test_gives_what_the_act_gives(self, store: Database) -> None:
        """
        The result of an act comes back when the change is there.
        """
        assert store.write(lambda db: db.one("INSERT INTO entry VALUES (7, NULL) RETURNING number")) == (7,)
        assert numbers_in(store) == [7]

    def test_an_act_that_raises_leaves_nothing(self, store: Database) -> None:
        """
        What the act raised is raised, and nothing of it is left.
        """

        def act(db: Writing) -> None:
            put(1)(db)
            raise ValueError("planted")

        with pytest.raises(ValueError, match="planted"):
            store.write(act)
        assert numbers_in(store) == []

    def test_neighbours_in_a_group_do_not_notice(self, store: Database) -> None:
        """
        Of a group the acts that raise leave nothing, and all others are there.
        """

        def fails(number: int, error: BaseException) -> Callable[[Writing], None]:
            def act(db: Writing) -> None:
                put(number)(db)
                raise error

            return act

        with held_up(store):
            acts = [put(1), fails(2, ValueError("two")), put(3), put(3), fails(4, SystemExit("four")), put(5)]
            futures: list[Future[object]] = [store.submit(act) for act in acts]
        wait(futures)
        assert [outcome(future) for future in futures] == [
            None,
            "ValueError: two",
            None,
            "StoreError: a change breaks a rule of the store (SQLITE_CONSTRAINT_PRIMARYKEY)",
            "SystemExit: four",
            None,
        ]
        assert numbers_in(store) == [1, 3, 5]

    def test_an_act_sees_what_those_before_it_did(self, store: Database) -> None:
        """
        Acts run one after the other, also within a group.
        """
        with held_up(store):
            futures = [store.submit(partial(_append_and_list, number)) for number in range(4)]
        assert [future.result() for future in futures] == [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]

    def test_nothing_is_confirmed_before_it_is_synced(self, failing: Database, disk: Disk) -> None:
        """
        When a result is there, the log has been synced behind the last write.
        """
        for number in range(5):
            failing.write(put(number))
            assert disk.steps[-1] == Sync(f"{NAME}-wal")

    def test_a_group_is_synced_once(self, failing: Database, disk: Disk) -> None:
        """
        Many acts cost one sync.
        """
        failing.write(put(-1))
        with held_up(failing):
            before = disk.steps.count(Sync(f"{NAME}-wal"))
            futures = [failing.submit(put(number)) for number in range(50)]
        wait(futures)
        assert disk.steps.count(Sync(f"{NAME}-wal")) - before == 1

    @pytest.mark.parametrize(
        ("limit", "commits"), [(("GROUP_MAX", 3), 4), (("GROUP_TIME_S", 0), 10), (("GROUP_MAX", 10), 1)]
    )
    def test_a_group_has_limits(
        self,
        failing: Database,
        disk: Disk,
        monkeypatch: pytest.MonkeyPatch,
        limit: tuple[str, int],
        commits: int,
    ) -> None:
        """
        What is above the limits of a group is committed in the next ones, in order.
        """
        monkeypatch.setattr(writer, *limit)
        failing.write(put(-1))
        with held_up(failing):
            before = disk.steps.count(Sync(f"{NAME}-wal"))
            futures = [failing.submit(partial(_append_and_list, number)) for number in range(10)]
        assert [len(future.result()) for future in futures] == [*range(2, 12)]
        assert disk.steps.count(Sync(f"{NAME}-wal")) - before == commits

    def test_an_act_cannot_write_through_the_database(self, store: Database) -> None:
        """
        It would wait for itself for ever, or leave something behind when it is undone.
        """
        for again in (store.write, store.submit):
            with pytest.raises(TypeError, match="an act writes with what it is handed"):
                store.write(lambda _, again=again: again(put(1)))  # type: ignore[misc]
        assert numbers_in(store) == []

    def test_an_act_may_read_what_is_committed(self, store: Database) -> None:
        """
        A reading inside an act sees the state before it.
        """

        def act(db: Writing) -> list[int]:
            put(1)(db)
            return numbers_in(store)

        assert store.write(act) == []

    def test_rows_may_be_changed_while_going_through_them(self, store: Database) -> None:
        """
        An act goes through the rows as they were when it asked.
        """

        def act(db: Writing) -> None:
            for (number,) in db.rows("SELECT number FROM entry ORDER BY number"):
                put(number + 1_000)(db)

        store.write(lambda db: db.run_many("INSERT INTO entry VALUES (?, NULL)", [(n,) for n in range(100)]))
        store.write(act)
        assert numbers_in(store) == [*range(100), *range(1_000, 1_100)]

    def test_counts_what_was_changed(self, store: Database) -> None:
        """
        A change that found nothing to change is told from one that did.
        """

        def act(db: Writing) -> list[int]:
            counts = []
            for sql in (
                "INSERT INTO entry VALUES (1, NULL), (2, NULL)",
                "INSERT INTO entry VALUES (2, NULL), (3, NULL) ON CONFLICT DO NOTHING",
                "UPDATE entry SET data = x'00' WHERE number = 9",
                "DELETE FROM entry",
            ):
                db.run(sql)
                counts.append(db.changed())
            return counts

        assert store.write(act) == [2, 1, 0, 3]

    @pytest.mark.parametrize("how", ["run", "one", "rows", "run_many"])
    def test_a_reference_to_nothing_is_refused_at_once(self, store: Database, how: str) -> None:
        """
        Whichever way a change is made, also one that gives rows back, a broken rule is seen by the act.
        """
        sql = "INSERT INTO strict_reference VALUES (1)"

        def act(db: Writing) -> str:
            try:
                if how == "run_many":
                    db.run_many("INSERT INTO strict_reference VALUES (?)", [(1,)])
                elif how == "run":
                    db.run(sql)
                else:
                    getattr(db, how)(f"{sql} RETURNING number")
            except StoreError as error:
                return error.message
            raise AssertionError

        wanted = "a change breaks a rule of the store (SQLITE_CONSTRAINT_FOREIGNKEY)"
        assert store.write(act) == wanted

    def test_a_reference_to_nothing_in_the_end_is_its_own_act_s_fault(self, store: Database) -> None:
        """
        A rule that is checked in the end fails the act that broke it, not the group.
        """
        with held_up(store):
            acts = [put(1), lambda db: db.run("INSERT INTO reference VALUES (9)"), _refer_and_put, put(3)]
            futures: list[Future[object]] = [store.submit(act) for act in acts]
        wait(futures)
        assert [outcome(future) for future in futures] == [
            None,
            "StoreError: a change breaks a rule of the store (SQLITE_CONSTRAINT_FOREIGNKEY)",
            None,
            None,
        ]
        assert numbers_in(store) == [1, 2, 3]

    def test_a_fault_of_the_writer_itself_leaves_nobody_waiting(
        self, store: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Whatever goes wrong, those who wait are told, nothing is left, and the thread lives.
        """
        with monkeypatch.context() as patch:
            patch.setattr(Writer, "_check_references", lambda _: None)
            patch.setattr(Writer, "_act", _do_half)
            with pytest.raises(MemoryError):
                store.write(put(1))
        store.write(put(2))
        assert numbers_in(store) == [2]

    def test_what_cannot_be_undone_ends_all_writing(
        self, store: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        When not even a rollback works, nobody knows what the next change would be part of.
        """

        class Stubborn:
            in_transaction = True

            def execute(self, _: str) -> None:
                raise apsw.IOError("planted")

        with monkeypatch.context() as patch:
            patch.setattr(Writer, "_undo", partialmethod(_undo_on, Stubborn(), Writer._undo))
            with pytest.raises(StoreError):
                store.write(lambda db: db.run("COMMIT"))
        with pytest.raises(StoreError, match=CLOSED):
            store.write(put(1))

    def test_an_act_that_ends_the_transaction_is_told_so(self, store: Database) -> None:
        """
        It is a mistake, and whoever made it hears of it; the writer goes on.
        """
        with pytest.raises(StoreError, match=r"^an act ended the transaction it was part of$"):
            store.write(lambda db: db.run("ROLLBACK"))
        store.write(put(1))
        assert numbers_in(store) == [1]

    def test_is_over_when_it_is_over(self, store: Database) -> None:
        """
        What an act was handed cannot be used after it.
        """
        kept = store.write(lambda db: db)
        for use in (partial(kept.run, "SELECT 1"), partial(kept.one, "SELECT 1"), kept.changed):
            with pytest.raises(TypeError, match="after its end"):
                use()

    def test_what_was_given_up_is_not_done(self, store: Database) -> None:
        """
        A future that is cancelled in time never runs.
        """
        with held_up(store):
            first, second = store.submit(put(1)), store.submit(put(2))
            assert first.cancel()
        second.result()
        assert numbers_in(store) == [2]

    def test_closing_commits_what_waits(self, tmp_path: Path) -> None:
        """
        What was queued before the end is done; what comes after is refused.
        """
        with database(tmp_path) as store:
            futures = [store.submit(put(number)) for number in range(1_200)]
            store.close()
            assert all(future.done() for future in futures)
            with pytest.raises(StoreError, match=r"^the store is closed$"):
                store.write(put(5_000))
        with opened(tmp_path) as store:
            assert numbers_in(store) == [*range(1_200)]

    def test_too_much_that_waits_is_told_so(self, store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Past the limit nothing more is queued, and what was queued is done.
        """
        monkeypatch.setattr(writer, "QUEUE_MAX", 3)
        with held_up(store):
            futures = [store.submit(put(number)) for number in range(3)]
            with pytest.raises(StoreError, match=r"^the store is busy$"):
                store.submit(put(3))
        wait(futures)
        assert numbers_in(store) == [0, 1, 2]

    def test_a_store_that_another_writes_to_is_busy(self, tmp_path: Path, impatient: None) -> None:
        """
        Who cannot have the lock in time is told so, and may try again.
        """
        with database(tmp_path) as store, raw(tmp_path / NAME) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match=r"^the store is busy$"):
                store.write(put(1))
            other.execute("COMMIT")
            store.write(put(2))
            assert numbers_in(store) == [2]

    def test_values_of_no_sql_type_are_the_caller_s_mistake(self, store: Database) -> None:
        """
        They raise what Python raises for them, and the change is undone.
        """
        with pytest.raises(TypeError):
            store.write(lambda db: db.run("INSERT INTO entry VALUES (1, ?)", (object(),)))  # type: ignore[arg-type]
        with pytest.raises(OverflowError):
            store.write(lambda db: db.run("INSERT INTO entry VALUES (?, NULL)", (1 << 64,)))
        assert numbers_in(store) == []


def _do_half(self: Writer, outcome: writer._Outcome) -> None:
    outcome.job.act(Writing(self._connection))
    raise MemoryError


def _undo_on(
    self: Writer, stand_in: object, undo: Callable[[Writer, BaseException], None], error: BaseException
) -> None:
    """Undo on something that stands in for the connection."""
    real = self._connection
    self._connection = stand_in  # type: ignore[assignment]
    try:
        undo(self, error)
    finally:
        self._connection = real


def _fill_and_fail(db: Reading) -> None:
    db.one("INSERT INTO allowed VALUES (1)")
    db.one("INSERT INTO allowed VALUES (1)")


def _append_and_list(number: int, db: Writing) -> list[int]:
    put(number)(db)
    return numbers(db)


def _refer_and_put(db: Writing) -> None:
    """Refer to an entry first, and put it then."""
    db.run("INSERT INTO reference VALUES (2)")
    put(2)(db)


CLOSED = r"^the store is closed for writing: its disk failed$"


class TestFailingDisk:
    def test_a_full_disk_is_told_and_passes(self, tmp_path: Path, failing: Database, disk: Disk) -> None:
        """
        While there is no room changes are refused and reading works; then changes work again.
        """
        failing.write(put(1))
        disk.fault = lambda step: full_error() if isinstance(step, Write) else None
        with held_up(failing):
            futures = [failing.submit(put(number)) for number in (2, 3)]
        for future in futures:
            with pytest.raises(StoreError, match=r"^the disk is full$"):
                future.result()
        assert numbers_in(failing) == [1]
        assert not failing.is_broken
        disk.fault = lambda _: None
        failing.write(put(4))
        assert numbers_in(failing) == [1, 4]
        failing.close()
        with opened(tmp_path) as again:
            again.verify()
            assert numbers_in(again) == [1, 4]

    def test_a_disk_that_fills_under_an_act_undoes_the_group(
        self, tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        When the library has rolled everything back, an act cannot go on as if nothing was, nor can others.
        """
        monkeypatch.setattr(connection, "WRITER_CACHE_SIZE_KIB", 64)

        def stubborn(db: Writing) -> None:
            for number in range(100, 200):
                with suppress(StoreError):
                    put(number, bytes(20_000))(db)
                with suppress(StoreError):
                    db.one("INSERT INTO entry VALUES (?, NULL) RETURNING number", (number + 1_000,))

        with database(tmp_path, vfs=disk.name) as store:
            store.write(put(1))
            faults = iter([full_error()])
            disk.fault = lambda step: next(faults, None) if isinstance(step, Write) else None
            with held_up(store):
                futures: list[Future[object]] = [store.submit(act) for act in (put(2), stubborn, put(3))]
            wait(futures)
            assert {outcome(future) for future in futures} == {"StoreError: the disk is full"}
            assert numbers_in(store) == [1]
            store.write(put(4))
            assert numbers_in(store) == [1, 4]

    @pytest.mark.parametrize(("kind", "error"), [(Sync, sync_error), (Write, write_error)])
    def test_a_disk_that_fails_at_a_commit_ends_all_writing(
        self,
        tmp_path: Path,
        failing: Database,
        disk: Disk,
        kind: type[Step],
        error: Callable[[], Exception],
    ) -> None:
        """
        Nothing is confirmed, nothing more is written though the disk works again, and reading goes on.
        """
        failing.write(put(1))
        disk.fault = lambda step: error() if isinstance(step, kind) else None
        with held_up(failing):
            futures = [failing.submit(put(number)) for number in (2, 3)]
        for future in futures:
            with pytest.raises(StoreError, match=r"^the disk fails \(SQLITE_IOERR_(FSYNC|WRITE)\)$"):
                future.result()
        disk.fault = lambda _: None
        steps = len(disk.steps)
        with pytest.raises(StoreError, match=CLOSED):
            failing.write(put(4))
        assert failing.is_broken
        assert numbers_in(failing) == [1]
        failing.close()
        assert len(disk.steps) == steps, "not even on closing"
        with opened(tmp_path) as again:
            again.verify()
            assert {1} <= set(numbers_in(again)) <= {1, 2, 3}
            again.write(put(5))

    def test_a_disk_that_fails_when_the_log_is_moved_ends_all_writing(
        self, tmp_path: Path, failing: Database, disk: Disk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        The error that the library would swallow is seen; what was confirmed stays.
        """
        monkeypatch.setattr(writer, "CHECKPOINT_PAGES", 1)
        disk.fault = lambda step: sync_error() if step == Sync(NAME) else None
        failing.write(put(1))
        with pytest.raises(StoreError, match=CLOSED):
            failing.write(put(2))
        assert numbers_in(failing) == [1]
        failing.close()
        with opened(tmp_path) as again:
            again.verify()
            assert numbers_in(again) == [1]

    def test_a_disk_that_fails_while_many_wait_leaves_nobody_waiting(
        self, failing: Database, disk: Disk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        All that was queued is told, in this group and in those behind it.
        """
        monkeypatch.setattr(writer, "GROUP_MAX", 2)
        with held_up(failing):
            futures = [failing.submit(put(number)) for number in range(9)]
            disk.fault = lambda step: sync_error() if isinstance(step, Sync) else None
        for future in futures:
            with pytest.raises(StoreError):
                future.result(timeout=10)

    def test_a_log_that_finds_no_room_in_the_database_stays(
        self, tmp_path: Path, failing: Database, disk: Disk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        If the database cannot grow, what is confirmed is in the log, and more comes.
        """
        monkeypatch.setattr(writer, "CHECKPOINT_PAGES", 1)
        disk.fault = lambda step: full_error() if isinstance(step, Write) and step.file == NAME else None
        for number in range(3):
            failing.write(put(number, bytes(20_000)))
        assert not failing.is_broken
        failing.close()
        with opened(tmp_path) as again:
            assert numbers_in(again) == [0, 1, 2]

    def test_a_damaged_page_is_never_read_over(self, tmp_path: Path) -> None:
        """
        Damage is told by reading, writing and looking through, and nothing more is written onto it.
        """
        with database(tmp_path) as store:
            store.write(lambda db: db.run_many("INSERT INTO entry VALUES (?, ?)", _many(300)))
        data = bytearray((tmp_path / NAME).read_bytes())
        draw = Random(1)
        for page in range(len(data) // 8192 // 2, len(data) // 8192):
            data[page * 8192 : page * 8192 + 16] = draw.randbytes(16)
        (tmp_path / NAME).write_bytes(data)
        with opened(tmp_path) as store:
            with pytest.raises(StoreError, match="damaged"), store.read() as db:
                sum(1 for _ in db.rows("SELECT * FROM entry"))
            with pytest.raises(StoreError, match=r"^the store is damaged"):
                store.verify()
            with pytest.raises(StoreError, match="damaged"):
                store.write(_read_and_go_on)
            with pytest.raises(StoreError, match=CLOSED):
                store.write(put(1_000))


def _read_and_go_on(db: Writing) -> None:
    """Meet damage, and then something harmless, and look away both times."""
    for sql in ("SELECT sum(length(data)) FROM entry", "no statement"):
        with suppress(StoreError):
            db.one(sql)


class TestTrust:
    @pytest.mark.parametrize(
        ("error", "number", "trusted"),
        [
            (write_error(), errno.EIO, False),
            (write_error(), errno.ENOSPC, True),
            (write_error(), errno.EDQUOT, True),
            (sync_error(), errno.ENOSPC, False),
            (sync_error(), errno.EIO, False),
            (full_error(), 0, True),
            (apsw.CorruptError("planted"), 0, False),
            (apsw.CorruptError("planted"), errno.ENOSPC, False),
            (apsw.NotADBError("planted"), 0, False),
            (apsw.BusyError("planted"), 0, True),
            (apsw.ConstraintError("planted"), 0, True),
            (ValueError("planted"), 0, True),
        ],
    )
    def test_ends_with_damage_and_with_a_disk_that_fails(
        self, error: Exception, number: int, trusted: bool
    ) -> None:
        """
        A lack of room passes, however it is said; but not for a sync, after which nobody knows.
        """
        seen = cast("apsw.Connection", SimpleNamespace(system_errno=number))
        assert cannot_be_trusted(seen, error) is not trusted

    @pytest.mark.parametrize(
        ("error", "number", "said"),
        [
            (write_error(), errno.EDQUOT, "the disk is full"),
            (write_error(), errno.EIO, "the disk fails (SQLITE_IOERR_WRITE)"),
            (sync_error(), errno.ENOSPC, "the disk fails (SQLITE_IOERR_FSYNC)"),
            (apsw.ThreadingViolationError("planted"), 0, "the store failed (ThreadingViolationError)"),
        ],
    )
    def test_what_happened_is_said(self, error: apsw.Error, number: int, said: str) -> None:
        """
        Each error is told by its kind and code.
        """
        seen = cast("apsw.Connection", SimpleNamespace(system_errno=number))
        assert failure(error, seen).message == said


def _many(count: int) -> list[tuple[int, bytes]]:
    return [(number, bytes(1_000)) for number in range(count)]


class TestLog:
    def test_is_moved_into_the_database_now_and_then(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        The log does not grow for ever.
        """
        monkeypatch.setattr(writer, "CHECKPOINT_PAGES", 10)
        with database(tmp_path) as store:
            for number in range(100):
                store.write(put(number, bytes(8_000)))
            assert (tmp_path / f"{NAME}-wal").stat().st_size < 30 * 8_300

    def test_is_not_moved_again_and_again_behind_a_reader(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        While a reader holds the log, it is tried after every so many pages, not after every change.
        """
        calls, real = list[int](), Writer._checkpoint

        def checkpoint(self: Writer, mode: int, *, wait_ms: int) -> None:
            calls.append(mode)
            real(self, mode, wait_ms=wait_ms)

        monkeypatch.setattr(writer, "CHECKPOINT_PAGES", 20)
        with database(tmp_path) as store, store.read():
            monkeypatch.setattr(Writer, "_checkpoint", checkpoint)
            for number in range(100):
                store.write(put(number))
            assert 2 <= len(calls) <= 10

    def test_does_not_grow_for_ever_behind_readers_that_take_turns(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Though there is always somebody who reads, the log begins anew when it is long.
        """
        monkeypatch.setattr(writer, "CHECKPOINT_PAGES", 10)
        monkeypatch.setattr(writer, "LOG_PAGES_MAX", 30)
        done = threading.Event()

        def look(store: Database) -> None:
            while not done.is_set():
                with store.read():
                    done.wait(0.005)

        with database(tmp_path) as store, ThreadPoolExecutor(4) as threads:
            for _ in range(4):
                threads.submit(look, store)
            for number in range(300):
                store.write(put(number, bytes(8_000)))
            done.set()
            assert (tmp_path / f"{NAME}-wal").stat().st_size < 200 * 8_300

    def test_grows_behind_a_reader_and_is_cut_back_after(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A long reading makes the log grow; the writer waits a little for it, and goes on.
        """
        monkeypatch.setattr(writer, "CHECKPOINT_PAGES", 10)
        monkeypatch.setattr(writer, "LOG_PAGES_MAX", 30)
        monkeypatch.setattr(writer, "LOG_WAIT_MS", 1)
        monkeypatch.setitem(connection.PRAGMAS, "journal_size_limit", 20 * 8_300)
        with database(tmp_path) as store:
            with store.read() as db:
                for number in range(100):
                    store.write(put(number, bytes(8_000)))
                assert (tmp_path / f"{NAME}-wal").stat().st_size > 100 * 8_000
                assert numbers(db) == []
            for number in range(100, 130):
                store.write(put(number, bytes(8_000)))
            assert (tmp_path / f"{NAME}-wal").stat().st_size < 60 * 8_300
            assert numbers_in(store) == [*range(130)]


class TestDataVersion:
    def test_is_another_after_every_commit(self, store: Database) -> None:
        """
        A commit of this process changes the number; reading, and an act that changes nothing, do not.
        """
        seen = [store.data_version()]
        for number in range(5):
            store.write(put(number))
            seen.append(store.data_version())
        assert len(set(seen)) == len(seen)
        numbers_in(store)
        store.write(lambda _: None)
        with pytest.raises(StoreError):
            store.write(put(0))
        assert store.data_version() == seen[-1]

    def test_is_another_after_somebody_else_s_commit(self, tmp_path: Path) -> None:
        """
        Also what another writes is noticed.
        """
        with database(tmp_path) as store, raw(tmp_path / NAME) as other:
            before = store.data_version()
            other.execute("INSERT INTO entry VALUES (1, NULL)")
            assert store.data_version() != before

    def test_is_not_held_back_by_a_reading(self, store: Database) -> None:
        """
        Whoever has a snapshot open learns that it is old.
        """
        with store.read() as db:
            before = store.data_version()
            store.write(put(1))
            assert store.data_version() != before
            assert numbers(db) == []

    def test_many_threads_may_ask(self, store: Database) -> None:
        """
        The one connection for it is not used by two at a time.
        """
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            with ThreadPoolExecutor(8) as threads:
                asked = [threads.submit(store.data_version) for _ in range(2_000)]
        finally:
            sys.setswitchinterval(before)
        assert {future.result() for future in asked} == {store.data_version()}

    def test_is_not_there_after_the_end(self, store: Database) -> None:
        """
        A closed database has none.
        """
        store.close()
        with pytest.raises(StoreError, match=r"^the store is closed$"):
            store.data_version()


class TestVerify:
    def test_finds_nothing_in_a_sound_database(self, store: Database) -> None:
        """
        What was written as it should be is sound.
        """
        store.write(put(1))
        store.verify()

    def test_finds_a_reference_to_nothing(self, tmp_path: Path) -> None:
        """
        What another program broke is found.
        """
        with database(tmp_path) as store, raw(tmp_path / NAME) as other:
            other.execute("INSERT INTO reference VALUES (9)")
            with pytest.raises(StoreError, match=r"^the store is damaged \(1 faults\)$"):
                store.verify()


# Another process: writes entries from its first argument on, and says of each that it is confirmed.
OTHER = """
import sys
from pathlib import Path
from tests.store.tables import opened
from tests.store.test_database import put
with opened(Path(sys.argv[1])) as store:
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        store.write(put(number, bytes(3_000)))
        print(number, flush=True)
"""


def other_process(folder: Path, first: int, last: int) -> "subprocess.Popen[str]":
    """Start another process that writes."""
    arguments = [sys.executable, "-c", OTHER, str(folder), str(first), str(last)]
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True)


class TestProcesses:
    def test_two_processes_write_to_one_database(self, tmp_path: Path) -> None:
        """
        What either confirms is there, and each learns of the other's changes.
        """
        first, mine = 1_000_000, 0
        with database(tmp_path) as store, other_process(tmp_path, first, first + 150) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == f"{first}\n"
            before = store.data_version()
            while other.poll() is None:
                wait([store.submit(put(mine + each)) for each in range(3)])
                mine += 3
            assert other.returncode == 0
            assert store.data_version() != before
            assert numbers_in(store) == [*range(mine), *range(first, first + 150)]
            store.verify()

    def test_a_process_that_is_killed_loses_nothing_it_confirmed(self, tmp_path: Path) -> None:
        """
        Whenever it is killed, what it said is there is there, and the next process goes on.
        """
        with database(tmp_path):
            pass
        confirmed: list[int] = []
        draw = Random(1)
        for first in range(0, 1_000_000, 250_000):
            with other_process(tmp_path, first, first + 250_000) as other:
                assert other.stdout is not None
                lines = [other.stdout.readline() for _ in range(draw.randrange(1, 80))]
                other.kill()
                lines += other.stdout.read().split()
            confirmed += [int(line) for line in lines]
            with opened(tmp_path) as store:
                store.verify()
                found = numbers_in(store)
                assert set(confirmed) <= set(found)
                # At most what it was just doing is there besides.
                assert len(found) - len(confirmed) <= len(range(0, first + 1, 250_000))

    def test_a_writer_of_another_process_is_waited_for(self, tmp_path: Path) -> None:
        """
        A lock that is held for a moment delays a change, and no more.
        """
        with database(tmp_path) as store, raw(tmp_path / NAME) as other:
            other.execute("BEGIN IMMEDIATE")
            future = store.submit(put(1))
            with pytest.raises(TimeoutError):
                future.result(timeout=0.1)
            other.execute("COMMIT")
            future.result(timeout=5)
            assert numbers_in(store) == [1]
