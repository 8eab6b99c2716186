# SPDX-License-Identifier: Apache-2.0
"""
Small tables to test the database with, and a database that has them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from legation.store.sqlite.database import Database, Reading
from legation.store.sqlite.migrations import Migration

NAME = "node.db"
FIRST = Migration(
    number=1,
    name="0001.sql",
    sql="""
    CREATE TABLE entry (number INTEGER PRIMARY KEY, data BLOB) STRICT;
    CREATE TABLE reference (
        number INTEGER NOT NULL REFERENCES entry (number) DEFERRABLE INITIALLY DEFERRED
    ) STRICT;
    CREATE TABLE strict_reference (number INTEGER NOT NULL REFERENCES entry (number)) STRICT;
    """,
)
TABLES = (FIRST,)


@contextmanager
def database(folder: Path, *, vfs: str | None = None) -> Iterator[Database]:
    """An empty database in a folder, closed in the end."""
    Database.create(folder / NAME, now=0, migrations=TABLES).close()
    with opened(folder, vfs=vfs) as made:
        yield made


@contextmanager
def opened(folder: Path, *, vfs: str | None = None) -> Iterator[Database]:
    """The database in a folder, closed in the end."""
    made = Database.open(folder / NAME, now=0, migrations=TABLES, vfs=vfs)
    try:
        yield made
    finally:
        made.close()


def numbers(db: Reading) -> list[int]:
    """The numbers of the entries, ascending."""
    return [number for (number,) in db.rows("SELECT number FROM entry ORDER BY number")]


def numbers_in(store: Database) -> list[int]:
    """The numbers of the entries as they are now."""
    with store.read() as db:
        return numbers(db)
