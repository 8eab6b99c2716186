# SPDX-License-Identifier: Apache-2.0
"""
Rows of which there may be a million, read a stretch at a time.

A change reads all rows of a statement at once (``reading``); and who goes through many slowly should not keep a
statement open meanwhile.
"""

from collections.abc import Iterator

from legation.store.sqlite.reading import Reading, Row, Value

KEYS_AT_ONCE = 1000  # keys, numbers, leaves: some 100 KB
NOTES_AT_ONCE = 100  # checkpoints and receipts of 4 to 7 KB


def stretches(
    db: Reading, sql: str, *named: Value, after: int = -1, count: int = KEYS_AT_ONCE
) -> Iterator[Row]:
    """
    Give rows in the order of the number that stands first in each.

    Args:
        db: The snapshot, or the change.
        sql: A statement that gives them in that order; its last two parameters are the number that all are above,
            and how many it gives at most.
        named: Its other parameters, before these.
        after: The number that all are above.
        count: How many are read at once.
    """
    while found := list(db.rows(sql, (*named, after, count))):
        yield from found
        after = found[-1][0]
