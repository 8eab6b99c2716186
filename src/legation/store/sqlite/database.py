# SPDX-License-Identifier: Apache-2.0
"""
The database of a node: snapshots to read in, one writer, and a number that changes with every commit.

Rules kept here:

1. Whoever reads sees one state, and cannot write.
2. What a reader put into its temporary tables is gone with its snapshot; the next finds them empty.
3. No connection is used by two threads at one time.
4. Whatever was confirmed is on the disk; see ``legation.store.sqlite.writer``.
5. A database is made whole or not at all.

Use::

    database = Database.create(folder / "node.db", now=now)   # once
    database = Database.open(folder / "node.db", now=now)
    number = database.write(lambda db: outgoing.append(db, ...))
    with database.read() as db:
        rows = inbox.rows(db)
    database.close()
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock, Semaphore
from typing import Self, TypeVar

import apsw

from legation.errors import StoreError
from legation.store import disk
from legation.store.disk import sync
from legation.store.sqlite.connection import (
    BUSY_TIMEOUT_MS,
    Role,
    connect,
    create_empty,
    failure,
    let_go,
    translated,
)
from legation.store.sqlite.migrations import Migration, connect_current, shipped
from legation.store.sqlite.reading import Parameters, Reading, Row, Writing
from legation.store.sqlite.writer import Writer

__all__ = ["Database", "Parameters", "Reading", "Row", "Writing"]

Result = TypeVar("Result")

READERS_MAX = 64  # snapshots at one time; each is a connection of about 2 MB and three open files
READERS_IDLE_MAX = 16  # connections kept for the next snapshots, warm


class Database:
    """One database file, open. Threads share it; processes may too, each with its own."""

    def __init__(self, path: Path, writer: apsw.Connection, *, vfs: str | None = None) -> None:
        """Take over a connection to what is there and up to date; ``create`` and ``open`` see to that."""
        self._path = path
        self._vfs = vfs
        self._is_closed = False
        self._lock = Lock()  # of what follows, and of what is closed
        self._idle: list[apsw.Connection] = []
        self._free = Semaphore(READERS_MAX)
        self._watch_lock = Lock()
        try:
            self._watch = connect(path, Role.READER, vfs=vfs)
        except BaseException:
            let_go(writer)
            raise
        self._writer = Writer(writer)

    @classmethod
    def create(
        cls, path: Path, *, now: int, migrations: Sequence[Migration] | None = None, vfs: str | None = None
    ) -> Self:
        """
        Make a database, and open it.

        It is made in a folder beside its place and put there when it is whole. What is left of one that was
        cut short is a hidden folder that nobody looks into.

        Args:
            path: Where it goes; nothing is there yet.
            now: The time, noted with each migration.
            migrations: What makes the tables; those of this release.
            vfs: Which of the library's file layers to use; tests have one that fails.

        Raises:
            StoreError: Something is there, or the disk says no.
        """
        path, migrations = path.resolve(), migrations or shipped()
        try:
            part = Path(mkdtemp(prefix=f".{path.name}.", dir=path.parent))
            try:
                _make(part / path.name, migrations, now=now, vfs=vfs)
                os.link(part / path.name, path)  # unlike a rename, this fails if something is there
                sync(path.parent)
            finally:
                shutil.rmtree(part, ignore_errors=True)
        except FileExistsError as error:
            raise StoreError(f"`{path.name}` is there already") from error
        except OSError as error:
            raise disk.failure(error, f"`{path.name}` cannot be made") from error
        return cls.open(path, now=now, migrations=migrations, vfs=vfs)

    @classmethod
    def open(
        cls, path: Path, *, now: int, migrations: Sequence[Migration] | None = None, vfs: str | None = None
    ) -> Self:
        """
        Open a database; one of an older release is backed up and brought up first.

        Args:
            path: The database.
            now: The time, noted with each migration.
            migrations: What makes the tables; those of this release.
            vfs: Which of the library's file layers to use; tests have one that fails.

        Raises:
            StoreError: It is not there, not ours, of a newer release, damaged, or in use while it has to
                be brought up.
        """
        path, migrations = path.resolve(), migrations or shipped()
        if not path.is_file():
            raise StoreError(f"there is no store at `{path.name}`")
        return cls(path, connect_current(path, migrations, now=now, vfs=vfs), vfs=vfs)

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """
        Give a snapshot for as long as the context lasts; short, for the log grows behind it.

        Raises:
            StoreError: Too many read at one time, or the store is closed.
        """
        if not self._free.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise StoreError("the store is busy", hint=f"{READERS_MAX} read at one time")
        try:
            connection = self._take()
            reading = Reading(connection)
            try:
                # The snapshot begins with the first look, so that is taken at once.
                reading.one("BEGIN")
                reading.one("SELECT 1 FROM main.sqlite_schema LIMIT 1")
                yield reading
            finally:
                reading.end()
                self._give_back(connection)
        finally:
            self._free.release()

    def write(self, act: Callable[[Writing], Result]) -> Result:
        """
        Run an act and wait until what it did is durable.

        Raises:
            StoreError: The store is busy, full, damaged or closed; nothing of the act is left. Only when the
                disk itself failed is that not known before a restart.
            TypeError: An act calls this.
            Exception: What the act raised; nothing of it is left.
        """
        return self.submit(act).result()

    def submit(self, act: Callable[[Writing], Result]) -> Future[Result]:
        """Queue an act, to be waited for by its future; see ``write``."""
        return self._writer.submit(act)

    def data_version(self) -> int:
        """
        Give a number that is another after every commit, by whomever.

        It may change without one. It compares only with what the same object gave. Ask before you look: what
        is seen then is at least as new.
        """
        with self._watch_lock:
            self._check_open()
            with translated(self._watch):
                return int(self._watch.execute("PRAGMA data_version").get)

    def clear_log(self) -> None:
        """
        Move the log into the database and leave nothing in it: what was deleted before is gone from the disk then.

        Raises:
            StoreError: Somebody reads for long, or the disk says no; what was committed is safe.
        """
        connection = connect(self._path, Role.WRITER, vfs=self._vfs)
        try:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.Error as error:
            raise failure(error, connection) from error
        finally:
            let_go(connection)

    @property
    def is_broken(self) -> bool:
        """Whether the disk failed: nothing more is written until the process starts again."""
        return self._writer.is_broken

    def verify(self) -> None:
        """
        Go through the whole database, for as long as that takes.

        Raises:
            StoreError: A page, an index or a reference is not what it must be.
        """
        with self.read() as db:
            faults = sum(row != ("ok",) for row in db.rows("PRAGMA integrity_check"))
            faults += sum(1 for _ in db.rows("PRAGMA foreign_key_check"))
        if faults:
            raise StoreError(f"the store is damaged ({faults} faults)", hint="restore a backup")

    def close(self) -> None:
        """Commit what waits, and let go of the file; snapshots that others have open end in their time."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        # The last to leave moves the log into the database, and that is the writer.
        for connection in idle:
            let_go(connection)
        with self._watch_lock:
            let_go(self._watch)
        self._writer.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreError("the store is closed")

    def _take(self) -> apsw.Connection:
        with self._lock:
            self._check_open()
            if self._idle:
                return self._idle.pop()
        return connect(self._path, Role.READER, vfs=self._vfs)

    def _give_back(self, connection: apsw.Connection) -> None:
        """Keep a connection for the next snapshot, if nothing of this one is left on it."""
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except apsw.Error:
            let_go(connection)
            return
        with self._lock:
            if not self._is_closed and len(self._idle) < READERS_IDLE_MAX:
                self._idle.append(connection)
                return
        let_go(connection)


def _make(path: Path, migrations: Sequence[Migration], *, now: int, vfs: str | None) -> None:
    create_empty(path, vfs=vfs)
    connection = connect_current(path, migrations, now=now, vfs=vfs)
    try:
        with translated(connection):
            # On closing, the library would do that too, but say nothing if there is no room. And the log
            # does not come along to where the database goes.
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    finally:
        let_go(connection)
