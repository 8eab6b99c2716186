# SPDX-License-Identifier: Apache-2.0
"""
How a database comes to have the tables of this release.

Migrations are SQL files in the folder ``schema``, numbered from ``0001.sql`` and never changed once they
are released. A database notes in its table ``migration`` which it has had, and with what bytes.

Rules kept here:

1. Forward only: a database of a newer release is refused.
2. Each migration is there whole or not at all, its number and note with it.
3. What was applied is what this release has under that number, byte for byte, or the database is refused.
4. Before the first change a whole copy of an older database is laid beside it, on the disk. It is kept.
5. Nobody else has the database open meanwhile: no older program goes on with tables that changed.
6. Afterwards every reference leads somewhere.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from time import monotonic, sleep
from typing import cast

import apsw

from legation.errors import StoreError
from legation.store import disk
from legation.store.disk import make_file, sync
from legation.store.sqlite.connection import BUSY_TIMEOUT_MS, Role, connect, failure, let_go, translated

_NAME = re.compile(r"(\d{4})(-[a-z0-9-]+)?\.sql")
_NOTES = """
CREATE TABLE IF NOT EXISTS migration (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    checksum BLOB NOT NULL CHECK (length(checksum) = 32),
    applied_at INTEGER NOT NULL
) STRICT
"""
_TRY_AGAIN_S = 0.02  # between two tries to be alone
# What a migration does not do: its transaction, connection and settings are seen to here.
_FORBIDDEN = frozenset(
    [
        apsw.SQLITE_ATTACH,
        apsw.SQLITE_DETACH,
        apsw.SQLITE_PRAGMA,
        apsw.SQLITE_SAVEPOINT,
        apsw.SQLITE_TRANSACTION,
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the tables, forward."""

    number: int  # from 1, without gaps
    name: str
    sql: str

    @property
    def checksum(self) -> bytes:
        """Hash what the step does, byte for byte."""
        return sha256(self.sql.encode()).digest()


def shipped() -> tuple[Migration, ...]:
    """Read the migrations of this release, in order."""
    folder = files("legation.store.sqlite") / "schema"
    texts = {each.name: each.read_text("utf-8") for each in folder.iterdir() if _NAME.fullmatch(each.name)}
    return tuple(Migration(number=int(name[:4]), name=name, sql=texts[name]) for name in sorted(texts))


def check(connection: apsw.Connection, migrations: Sequence[Migration]) -> int:
    """
    Compare what a database has had with what this release has.

    Returns:
        How many migrations it has had; those after them are to come.

    Raises:
        StoreError: It is of a newer release, or has had something else.
    """
    assert [each.number for each in migrations] == [*range(1, len(migrations) + 1)], "numbered from 1"
    count = int(connection.pragma("user_version"))
    if count > len(migrations):
        raise StoreError(
            f"the store was made by a newer release (schema {count}, expected at most {len(migrations)})",
            hint="use that release, or the backup that it made before the change",
        )
    noted = _notes(connection) if count else []
    if noted != [(each.number, each.checksum) for each in migrations[:count]]:
        raise StoreError("the store has had other migrations than this release has", hint="restore a backup")
    return count


def connect_current(
    path: Path, migrations: Sequence[Migration], *, now: int, vfs: str | None = None
) -> apsw.Connection:
    """
    Connect for writing to a database that has all migrations; what it lacks is applied.

    1. Where nothing is lacking, nobody has to be alone.
    2. Whoever has the database open, is waited for as long as for any lock, and no longer.
    3. Nothing is changed in a database that is damaged; and before anything is, a copy is laid beside it.
       One that never had a table needs none.
    4. Each migration is committed by itself, so that what was applied is not lost by what fails later.

    Args:
        path: The database.
        migrations: What there is, in order.
        now: The time, noted with each.
        vfs: Which of the library's file layers to use.

    Raises:
        StoreError: See ``check``; or it is in use, damaged, or a migration fails.
    """
    # 1. Where nothing is lacking, nobody has to be alone.
    connection = connect(path, Role.WRITER, vfs=vfs)
    if _count(connection, migrations) == len(migrations):
        return connection
    let_go(connection)
    # 2. From here on nobody else has it open, so what is checked again stays true.
    with _alone(path, vfs) as connection:
        count = check(connection, migrations)
        # 3. A copy, before anything is changed.
        if 0 < count < len(migrations):
            _check_sound(connection)
            _back_up(connection, path.with_name(f"{path.name}.v{count}-{now}.backup"))
        # 4. Each by itself.
        for migration in migrations[count:]:
            _apply(connection, migration, now)
    connection = connect(path, Role.WRITER, vfs=vfs)
    _count(connection, migrations)
    return connection


def _count(connection: apsw.Connection, migrations: Sequence[Migration]) -> int:
    """Check, and let go of a database that is refused."""
    try:
        with translated(connection):
            return check(connection, migrations)
    except StoreError:
        let_go(connection)
        raise


@contextmanager
def _alone(path: Path, vfs: str | None) -> Iterator[apsw.Connection]:
    """Connect so that nobody else has the database open; what the library raises meanwhile is translated."""
    connection = _connect_alone(path, vfs)
    try:
        with translated(connection):
            yield connection
    finally:
        let_go(connection)


def _connect_alone(path: Path, vfs: str | None) -> apsw.Connection:
    """Try until everybody else has gone, letting go between: two that hold on would wait for each other."""
    end = monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            return connect(path, Role.MIGRATOR, vfs=vfs)
        except StoreError as error:
            if not isinstance(error.__cause__, apsw.BusyError):
                raise
            if monotonic() >= end:
                raise StoreError(
                    "the store is in use while it has to be changed for this release",
                    hint="stop every program that has it open, and try again",
                ) from error
        sleep(_TRY_AGAIN_S)


def _notes(connection: apsw.Connection) -> list[tuple[int, bytes]]:
    try:
        noted = connection.execute("SELECT number, checksum FROM migration ORDER BY number").fetchall()
    except apsw.SQLError:
        # A number without notes: whoever set it was not this program.
        return []
    return cast("list[tuple[int, bytes]]", noted)


def _check_sound(connection: apsw.Connection) -> None:
    if connection.execute("PRAGMA integrity_check(1)").fetchall() != [("ok",)]:
        raise StoreError(
            "the store is damaged", hint="restore a backup before it is changed for this release"
        )
    _check_references(connection)


def _check_references(connection: apsw.Connection) -> None:
    if connection.execute("PRAGMA foreign_key_check").fetchall():
        raise StoreError("the store is damaged: a reference leads nowhere", hint="restore a backup")


def _back_up(connection: apsw.Connection, backup: Path) -> None:
    """Lay a whole copy beside the database; what is there under the name is there whole."""
    part = backup.with_name(f".{backup.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(make_file(part))
        limit = connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 1)
        connection.execute("VACUUM INTO ?", (str(part),))
        connection.limit(apsw.SQLITE_LIMIT_ATTACHED, limit)
        sync(part)
        part.replace(backup)
        sync(backup.parent)
    except OSError as error:
        raise disk.failure(error, "the backup before a migration cannot be written") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _apply(connection: apsw.Connection, migration: Migration, now: int) -> None:
    """Apply one migration, whole or not at all."""
    # Tables are renewed by dropping the old one, which would take along what refers to it. This connection
    # does nothing but migrations.
    connection.pragma("foreign_keys", 0)
    connection.execute("BEGIN IMMEDIATE")
    try:
        with _fenced(connection):
            connection.execute(migration.sql).fetchall()
        connection.execute(_NOTES)
        connection.execute(
            "INSERT INTO migration (number, name, checksum, applied_at) VALUES (?, ?, ?, ?)",
            (migration.number, migration.name, migration.checksum, now),
        )
        connection.pragma("user_version", migration.number)
        _check_references(connection)
        connection.execute("COMMIT")
    except (apsw.Error, StoreError) as error:
        why = failure(error, connection) if isinstance(error, apsw.Error) else error
        raise StoreError(f"migration {migration.number} failed", hint=why.message) from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def _fenced(connection: apsw.Connection) -> Iterator[None]:
    """Let a migration change tables, and nothing else."""
    connection.authorizer = _permit
    try:
        yield
    finally:
        connection.authorizer = None


def _permit(action: int, _1: str | None, _2: str | None, _3: str | None, _4: str | None) -> int:
    return apsw.SQLITE_DENY if action in _FORBIDDEN else apsw.SQLITE_OK
