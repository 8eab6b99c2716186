# SPDX-License-Identifier: Apache-2.0
"""
What the functions over tables are handed: a snapshot to read, or a change to make.

Rules kept here:

1. Whatever the library raises becomes a ``StoreError``; what the caller did wrong (a value of no SQL
   type, say) stays what it is.
2. When a change can no longer be undone alone, nothing more can be done in it.
3. A row that is read while the same rows are changed is never seen twice, nor half.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, cast

import apsw

from legation.errors import StoreError
from legation.store.sqlite.connection import failure

Value = int | str | bytes | float | None
Parameters = Sequence[Value] | Mapping[str, Value]
# What a statement gives; the function that wrote the statement knows the types.
Row = tuple[Any, ...]


class _Ended:
    """Stands where the connection was, which somebody else may have by now."""

    def __getattr__(self, name: str) -> NoReturn:
        raise TypeError("a snapshot or change is used after its end")


_ENDED = cast("apsw.Connection", _Ended())


class Reading:
    """
    One state of the database: what others commit meanwhile is not in it.

    It is made by ``Database.read`` and ends with it. One thread at a time.
    """

    __slots__ = ("_connection", "_cursors")

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._cursors: set[apsw.Cursor] = set()

    def one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """Give the first row, or None where there is none."""
        try:
            cursor = self._connection.execute(sql, parameters)
            row = next(cursor, None)
            cursor.close(True)
        except apsw.Error as error:
            raise self._failed(error) from error
        return row

    def rows(self, sql: str, parameters: Parameters = ()) -> Iterator[Row]:
        """Give the rows one after the other, while the snapshot lasts."""
        try:
            cursor = self._connection.execute(sql, parameters)
        except apsw.Error as error:
            raise self._failed(error) from error
        self._cursors.add(cursor)
        return self._each(cursor)

    def _each(self, cursor: apsw.Cursor) -> Iterator[Row]:
        try:
            yield from cursor
        except apsw.Error as error:
            raise self._failed(error) from error
        finally:
            cursor.close(True)
            self._cursors.discard(cursor)

    def _failed(self, error: apsw.Error) -> StoreError:
        return failure(error, self._connection)

    def end(self) -> None:
        """Let go of the connection, and of rows that nobody went through: they hold on to the snapshot."""
        for cursor in tuple(self._cursors):
            cursor.close(True)
        self._connection = _ENDED


class Writing(Reading):
    """
    One change: all of it is there in the end, or nothing.

    It is handed to an act by ``Database.write`` and ends with it. Acts never begin or end a transaction.
    """

    __slots__ = ("failed", "interned")

    def __init__(self, connection: apsw.Connection) -> None:
        super().__init__(connection)
        self.failed: apsw.Error | None = None  # what the library said, also if the act goes on
        # Ids that this change has found or given, by what they stand for. It may be undone, and they with it: so
        # they are forgotten with it.
        self.interned: dict[tuple[object, ...], int] = {}

    def one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """Give the first row, or None; a change that gives rows back has been made wholly by then."""
        return next(self.rows(sql, parameters), None)

    def rows(self, sql: str, parameters: Parameters = ()) -> Iterator[Row]:
        """Give the rows, all read at once: what they come from may be changed while going through them."""
        self._check()
        try:
            return iter(self._connection.execute(sql, parameters).fetchall())
        except apsw.Error as error:
            raise self._failed(error) from error

    def run(self, sql: str, parameters: Parameters = ()) -> None:
        """Run one statement."""
        self._check()
        try:
            self._connection.execute(sql, parameters).fetchall()
        except apsw.Error as error:
            raise self._failed(error) from error

    def run_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Run one statement for each row of parameters."""
        self._check()
        try:
            self._connection.executemany(sql, rows).fetchall()
        except apsw.Error as error:
            raise self._failed(error) from error

    def changed(self) -> int:
        """Count the rows that the last statement changed; of ``run_many``, those of its last row."""
        return self._connection.changes()

    def _check(self) -> None:
        if self.failed is not None and not self._connection.in_transaction:
            # The library rolled all of it back. By now each statement would be kept at once.
            raise failure(self.failed, self._connection) from self.failed

    def _failed(self, error: apsw.Error) -> StoreError:
        self.failed = error
        return failure(error, self._connection)
