# SPDX-License-Identifier: Apache-2.0
"""
What can be made again from the rest, made again: rows that only repeat, in a form that is quick to ask for,
what views, entries and deliveries say.

Nothing here touches what was signed, numbered, logged or receipted.
"""

from collections.abc import Iterable

import apsw

from legation.errors import StoreError
from legation.log import Frontier, completed
from legation.projections import InboxRow, SubstanceRow
from legation.store.sqlite import inbox, logbook, outgoing, versions
from legation.store.sqlite.checks import Side
from legation.store.sqlite.database import Writing
from legation.store.sqlite.items import StoredItem

LEAVES_AT_ONCE = 1000  # some 100 KB

PROJECTIONS = {
    "inbox_layer": "view_key NOT IN (SELECT view_key FROM inbox) OR access_id NOT IN (SELECT access_id FROM access)",
    "inbox": "view_key NOT IN (SELECT view_key FROM view) OR item_id NOT IN (SELECT item_id FROM item)",
    "substance": "view_key NOT IN (SELECT view_key FROM view) "
    "OR NOT EXISTS (SELECT 1 FROM access WHERE access_id = first) "
    "OR NOT EXISTS (SELECT 1 FROM access WHERE access_id = second)",
    "layer": "view_key NOT IN (SELECT view_key FROM view) OR access_id NOT IN (SELECT access_id FROM access)",
}
"""By table of which every row can be made again: which of its rows name something that is missing."""


def indexes(db: Writing) -> bool:
    """Make every index again; tell whether the rows allow it: what must be there once may be there twice."""
    try:
        db.run("REINDEX")
    except StoreError as error:
        if isinstance(error.__cause__, apsw.ConstraintError):
            return False
        raise
    return True


def drop_dangling(db: Writing, table: str) -> None:
    """Drop the rows of a projection that name something that is missing."""
    db.run(f"DELETE FROM {table} WHERE {PROJECTIONS[table]}")  # noqa: S608 - constants


def layers(db: Writing, view_key: int, access_ids: Iterable[int]) -> None:
    """Set under which access ids a view is found."""
    db.run("DELETE FROM layer WHERE view_key = ?", (view_key,))
    db.run_many(
        "INSERT INTO layer (view_key, access_id) VALUES (?, ?)", [(view_key, each) for each in access_ids]
    )


def item(db: Writing, found: StoredItem) -> None:
    """Set what is known of an item that is there."""
    db.run(
        "UPDATE item SET document = ?, time = ?, kind = ?, author = ?, office = ?, reference = ?, is_own = ? "
        "WHERE item_id = ?",
        (
            found.document,
            found.time,
            found.kind.value,
            found.author,
            found.office,
            found.reference,
            int(found.is_own),
            found.item_id,
        ),
    )


def inbox_row(db: Writing, view_key: int, row: InboxRow | None) -> None:
    """Set what the inbox shows of a view; None: nothing."""
    inbox.drop(db, view_key)
    if row is not None:
        inbox.fold_view(db, view_key, row)


def substance(db: Writing, view_key: int, rows: Iterable[SubstanceRow]) -> None:
    """Set what versions are compared by, of one view."""
    db.run("DELETE FROM substance WHERE view_key = ?", (view_key,))
    versions.fold(db, view_key, rows)


def precedence(db: Writing, delivery_id: int, rank: int) -> None:
    """Set by how much a delivery goes before others."""
    db.run("UPDATE delivery SET precedence = ? WHERE delivery_id = ?", (rank, delivery_id))


def delivery_labels(db: Writing) -> None:
    """Let every row of an approved label repeat what its delivery says."""
    db.run(
        "UPDATE delivery_label SET office = delivery.office, is_withheld = (delivery.state = 'withheld'), "
        "is_cut = (is_cut = 1 AND delivery.entry_number IS NOT NULL) "
        "FROM delivery WHERE delivery.delivery_id = delivery_label.delivery_id AND "
        "(delivery_label.office <> delivery.office OR is_withheld <> (delivery.state = 'withheld') "
        "OR (is_cut = 1 AND delivery.entry_number IS NULL))"
    )


def stream_size(db: Writing, side: Side, stream_id: int, size: int) -> None:
    """Set how many entries the row of a stream says that it has."""
    db.run(f"UPDATE {side} SET size = ? WHERE stream_id = ?", (size, stream_id))  # noqa: S608 - constants


def receipt_size(db: Writing, side: Side, stream_id: int, size: int) -> None:
    """Set how far the row of a stream says that it is receipted."""
    db.run(f"UPDATE {side} SET receipt_size = ? WHERE stream_id = ?", (size, stream_id))  # noqa: S608 - constants


def outgoing_hashes(db: Writing, stream_id: int) -> None:
    """Hash again, from the entries of a stream, the roots that stand beside them and those of its subtrees."""
    db.run("DELETE FROM outgoing_subtree WHERE stream_id = ?", (stream_id,))
    frontier = Frontier()
    while some := outgoing.leaves(db, stream_id, frontier.size, LEAVES_AT_ONCE):
        db.run_many(
            "INSERT INTO outgoing_subtree (stream_id, height, place, root) VALUES (?, ?, ?, ?)",
            [(stream_id, *each) for each in completed(frontier, some)],
        )
        roots = []
        for leaf in some:
            frontier = frontier.extend([leaf])
            roots.append((frontier.root, stream_id, frontier.size - 1))
        db.run_many("UPDATE outgoing_entry SET root = ? WHERE stream_id = ? AND number = ?", roots)


def log_hashes(db: Writing) -> None:
    """Hash again, from the entries of the node's own log, the roots of its subtrees."""
    db.run("DELETE FROM log_subtree")
    frontier = Frontier()
    while some := [each.leaf for each in logbook.entries(db, frontier.size, LEAVES_AT_ONCE)]:
        db.run_many(
            "INSERT INTO log_subtree (height, place, root) VALUES (?, ?, ?)", completed(frontier, some)
        )
        frontier = frontier.extend(some)
