# SPDX-License-Identifier: Apache-2.0
"""
Connections to the database, and what must hold on each.

Rules kept here:

1. A library with known ways to lose what was committed is refused.
2. A file that another program made is refused before a byte of it is changed.
3. Every setting is read back: a connection has them all, or there is no connection.
4. A reader cannot write: its file is open for reading only. Temporary tables it may fill.
5. Nothing of the library's own messages goes on: they may quote what was searched for.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path

import apsw

from legation.errors import StoreError
from legation.store.disk import NO_ROOM, make_file

# Older ones may lose committed data when two connections meet at a checkpoint. sqlite.org/wal.html#walresetbug
SQLITE_VERSION_MIN = (3, 51, 3)
APPLICATION_ID = 0x4C474154  # "LGAT" in the header of the file
# Of rows with 10 KB, 500 a commit, 4096 takes 27,000 a second, 8192 36,000, 16384 32,000, 32768 57,000; but
# with 32768 small commits are a fifth slower and small rows are read at 285,000 a second, with 8192 at 500,000.
PAGE_SIZE_BYTES = 8192
BUSY_TIMEOUT_MS = 5_000  # another process commits in milliseconds; one that takes longer is stuck
WRITER_CACHE_SIZE_KIB = 16 << 10  # a group of changes in memory, so that it is written once
READER_CACHE_SIZE_KIB = 4 << 10  # the upper levels of every index; there may be many readers
JOURNAL_SIZE_BYTES_MAX = 64 << 20  # a log that grew behind a slow reader is cut back to this
STATEMENTS_CACHED_MAX = 300  # more than there are statements in the modules beside this
VALUE_SIZE_BYTES_MAX = 16 << 20  # longer values are files: see `legation.store.blobs`
SQL_SIZE_BYTES_MAX = 1 << 20  # a whole migration is one text

READER_SET = "CREATE TEMPORARY TABLE allowed (access_id INTEGER PRIMARY KEY)"
"""Readers and the writer have this table from the start, empty: what may be seen in a snapshot or change."""


class Role(Enum):
    """What a connection is for."""

    READER = "reader"
    WRITER = "writer"
    MIGRATOR = "migrator"  # alone: while it is there nobody else has the database open


# By name of the pragma; each is set, and must then read the same.
PRAGMAS: dict[str, int] = {
    "synchronous": 2,  # FULL: NORMAL loses commits in a power cut
    "foreign_keys": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
    "secure_delete": 1,
    "mmap_size": 0,  # an I/O error would be a signal that ends the process
    "temp_store": 2,  # MEMORY: nothing of a snapshot reaches the disk
    "recursive_triggers": 1,
    "busy_timeout": BUSY_TIMEOUT_MS,
    "wal_autocheckpoint": 0,  # the writer checkpoints by hand: the automatic one swallows errors of the disk
    "journal_size_limit": JOURNAL_SIZE_BYTES_MAX,
}
SWITCHES: dict[int, int] = {
    apsw.SQLITE_DBCONFIG_DEFENSIVE: 1,
    apsw.SQLITE_DBCONFIG_DQS_DDL: 0,
    apsw.SQLITE_DBCONFIG_DQS_DML: 0,
    apsw.SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER: 0,
    apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION: 0,
    apsw.SQLITE_DBCONFIG_LEGACY_ALTER_TABLE: 0,
    apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA: 0,
    apsw.SQLITE_DBCONFIG_WRITABLE_SCHEMA: 0,
}
LIMITS: dict[int, int] = {
    apsw.SQLITE_LIMIT_ATTACHED: 0,
    apsw.SQLITE_LIMIT_LENGTH: VALUE_SIZE_BYTES_MAX,
    apsw.SQLITE_LIMIT_SQL_LENGTH: SQL_SIZE_BYTES_MAX,
    apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 100,
    apsw.SQLITE_LIMIT_TRIGGER_DEPTH: 10,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
}


def failure(error: apsw.Error, connection: apsw.Connection | None = None) -> StoreError:
    """
    Say what an error of the library means, without its own words.

    Raise what this returns ``from`` the error.
    """
    if isinstance(error, apsw.FullError) or (connection and _lacks_room(connection, error)):
        return StoreError("the disk is full", hint="make room and try again")
    match error:
        case apsw.BusyError():
            return StoreError("the store is busy", hint="another process writes; try again")
        case apsw.CorruptError() | apsw.NotADBError():
            said = "the store is damaged"
        case apsw.IOError():
            said = "the disk fails"
        case apsw.ConstraintError():
            said = "a change breaks a rule of the store"
        case _:
            said = "the store failed"
    code = _code(error)
    name = apsw.mapping_extended_result_codes.get(code) or apsw.mapping_result_codes.get(code)
    return StoreError(f"{said} ({name if code else type(error).__name__})")


def _code(error: apsw.Error) -> int:
    """The extended result; 0 where the library was not even asked. The type does not tell of it."""
    return getattr(error, "extendedresult", 0)


_UNTRUSTED = (apsw.IOError, apsw.CorruptError, apsw.NotADBError)
_SYNCS = (apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC)


@contextmanager
def translated(connection: apsw.Connection) -> Iterator[None]:
    """Translate what the library raises meanwhile; for what is done once, not for each row."""
    try:
        yield
    except apsw.Error as error:
        raise failure(error, connection) from error


def cannot_be_trusted(connection: apsw.Connection, error: BaseException) -> bool:
    """
    Tell whether nothing may be written after an error, until a restart.

    A full disk is no such error. But after a sync that failed nobody knows what the disk has, whatever it
    failed of.
    """
    return isinstance(error, _UNTRUSTED) and not _lacks_room(connection, error)


def _lacks_room(connection: apsw.Connection, error: apsw.Error) -> bool:
    """A quota that is used up, or no room for a file beside the database, comes as an error of the disk."""
    if not isinstance(error, apsw.IOError) or _code(error) in _SYNCS:
        return False
    return connection.system_errno in NO_ROOM


def check_library() -> None:
    """
    Refuse a library that may lose what was committed.

    Raises:
        StoreError: It is older than ``SQLITE_VERSION_MIN``.
    """
    version = apsw.sqlite_lib_version()
    if tuple(int(part) for part in version.split(".")) < SQLITE_VERSION_MIN:
        wanted = ".".join(map(str, SQLITE_VERSION_MIN))
        raise StoreError(
            f"expected SQLite {wanted} or newer, got {version}", hint="older ones may lose changes"
        )


def connect(path: Path, role: Role, *, vfs: str | None = None) -> apsw.Connection:
    """
    Open a connection on which everything holds that must.

    Args:
        path: The database, which is there; nothing is made.
        role: What the connection is for.
        vfs: Which of the library's file layers to use; tests have one that fails.

    Raises:
        StoreError: It is no database of ours, in use, or a setting does not hold.
    """
    check_library()
    reading = role is Role.READER
    flags = apsw.SQLITE_OPEN_READONLY if reading else apsw.SQLITE_OPEN_READWRITE
    try:
        connection = apsw.Connection(
            str(path), flags=flags, vfs=vfs, statementcachesize=STATEMENTS_CACHED_MAX
        )
    except apsw.Error as error:
        raise failure(error) from error
    try:
        with translated(connection):
            _set_up(connection, role)
    except BaseException:
        let_go(connection)
        raise
    return connection


def let_go(connection: apsw.Connection) -> None:
    """Close a connection. What cannot be moved into the database then stays in the log, safe."""
    with suppress(apsw.Error):
        connection.close(True)


def create_empty(path: Path, *, vfs: str | None = None) -> None:
    """
    Make a database without tables: ours, and nobody else's to read.

    Raises:
        FileExistsError: Something is there.
        StoreError: It cannot be written.
    """
    # The library would let everybody read it. Its other files take the permissions of this one.
    os.close(make_file(path))
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs)
    try:
        with translated(connection):
            connection.pragma("page_size", PAGE_SIZE_BYTES)
            connection.pragma("application_id", APPLICATION_ID)
            connection.pragma("journal_mode", "wal")
    finally:
        let_go(connection)


def _set_up(connection: apsw.Connection, role: Role) -> None:
    # Two that wait to be alone would wait for each other.
    connection.set_busy_timeout(0 if role is Role.MIGRATOR else BUSY_TIMEOUT_MS)
    if role is Role.MIGRATOR:
        # Before the file is first looked into: from then on nobody else can.
        connection.pragma("locking_mode", "exclusive")
    _check_ours(connection)
    for limit, value in LIMITS.items():
        connection.limit(limit, value)
    for switch, value in SWITCHES.items():
        _expect(f"switch {switch}", connection.config(switch, value), value)
    cache_size_kib = READER_CACHE_SIZE_KIB if role is Role.READER else WRITER_CACHE_SIZE_KIB
    for name, value in (*PRAGMAS.items(), ("cache_size", -cache_size_kib)):
        connection.pragma(name, value)
        _expect(name, connection.pragma(name), value)
    if role is Role.READER:
        _expect("readonly", connection.readonly("main"), True)
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    else:
        connection.pragma("journal_mode", "wal")
    if role is not Role.MIGRATOR:
        connection.execute(READER_SET)
    _expect("journal_mode", connection.pragma("journal_mode"), "wal")


def _check_ours(connection: apsw.Connection) -> None:
    """Look at the mark of the file before anything is set that would change it."""
    found = connection.pragma("application_id")
    if found != APPLICATION_ID:
        raise StoreError(f"expected a file of this program (application {APPLICATION_ID}), got {found}")


def _expect(name: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise StoreError(f"expected `{name}` to be {wanted} in the store, got {found}")
