# SPDX-License-Identifier: Apache-2.0
"""
The check of bags: those that were packed are numbered without gaps, of entries that there are, and in the log; those
that were opened brought nothing that is not here.
"""

from functools import partial

from legation.errors import StoreError
from legation.log import LogKind
from legation.node.checking.findings import Findings
from legation.node.checking.log import Logged
from legation.store.sqlite import bags, incoming
from legation.store.sqlite.bags import OpenedBag, PackedBag
from legation.store.sqlite.database import Reading


def check_bags(db: Reading, found: Findings, logged: Logged) -> None:
    """Look at every bag."""
    before: dict[tuple[str, int], int] = {}
    for each, stream_id, size in bags.packed_with_sizes(db):
        where = f"bag {each.number} for {each.office}"
        expected = before.get((each.office, stream_id), 0) + 1
        found.hold("bags packed", where, partial(_packed, each, expected, size, logged))
        before[each.office, stream_id] = each.number
    held = {(office, incarnation): size for office, incarnation, size in incoming.sizes(db)}
    for one in bags.all_opened(db):
        where = f"bag {one.number} of {one.office}"
        found.hold("bags opened", where, partial(_opened, one, held.get((one.office, one.incarnation))))


def _packed(each: PackedBag, expected: int, size: int, logged: Logged) -> None:
    """
    Hold a bag that was packed against its stream and the log.

    Raises:
        StoreError: It does not hold.
    """
    logged.claim(LogKind.PACKED, each.binding)
    if each.number != expected:
        raise StoreError("a number is missing before it")
    if each.stop > size:
        raise StoreError("it is of entries that there are not")


def _opened(each: OpenedBag, held: int | None) -> None:
    """
    Hold a bag that was opened against what came.

    Raises:
        StoreError: It does not hold.
    """
    # One without entries may be all that ever came of a stream.
    if each.stop > (held or 0):
        raise StoreError("it brought entries that are not here")
