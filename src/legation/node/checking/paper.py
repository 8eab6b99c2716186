# SPDX-License-Identifier: Apache-2.0
"""
The check of copies on paper.

Each is of a delivery that stands where persons say, shows nothing that was not approved, can be made again as it was
(unless the item was destroyed here), and what persons did with it stands in the log.
"""

from functools import partial

from legation.errors import StoreError
from legation.log import LogKind
from legation.node.checking.findings import Findings
from legation.node.checking.log import Logged
from legation.node.desk.printing import copy_data
from legation.node.rules import Rules
from legation.release import DeliveryState, Destroyed, HandedOver, Printed
from legation.store.blobs import Blobs
from legation.store.sqlite import checks, destructions, paper
from legation.store.sqlite.database import Reading
from legation.store.sqlite.paper import StoredCopy


def check_paper(db: Reading, found: Findings, blobs: Blobs, rules: Rules, logged: Logged) -> None:
    """Look at every copy on paper."""
    if paper.astray(db):
        found.note("copies on paper", "one is of no delivery, or a delivery has a number and no copy")
    for item_id in paper.printed_items(db):
        for each in paper.copies(db, item_id):
            where = f"copy {each.copy} of {item_id.hex()[:16]} for {each.office}"
            found.hold("copies on paper", where, partial(_copy, db, each, blobs, rules, logged))


def _copy(db: Reading, each: StoredCopy, blobs: Blobs, rules: Rules, logged: Logged) -> None:
    """
    Hold a copy against its delivery, its item and the log.

    Raises:
        LegationError: It does not hold.
    """
    if not each.layers or not each.layers <= checks.approved_for(db, each.delivery_id):
        raise StoreError("it shows something else than was approved")
    if not _stands(each):
        raise StoreError("it does not stand where persons say")
    if not destructions.is_destroyed(db, each.item_id):
        copy_data(db, each, rules, blobs)
    for kind, digest in _said(each):
        logged.claim(kind, digest)


def _stands(each: StoredCopy) -> bool:
    is_handed, is_destroyed = each.handed_to is not None, each.destroyed_by is not None
    match each.state:
        case DeliveryState.PRINTED:
            return not is_handed and not is_destroyed
        case DeliveryState.RECEIPTED:
            return is_handed and not is_destroyed
        case DeliveryState.VOID:
            return is_destroyed and not is_handed
    return each.state is DeliveryState.WITHDRAWN


def _said(each: StoredCopy) -> list[tuple[LogKind, bytes]]:
    """What stands in the log of a copy."""
    office, item, copy = each.office, each.item_id, each.copy
    printed = Printed(
        office=office, item=item, copy=copy, by=each.printed_by, at=each.printed_at, cut=each.cut
    )
    said = [(LogKind.PRINTED, printed.digest)]
    if each.handed_to is not None and each.handed_by is not None and each.handed_at is not None:
        handed = HandedOver(
            office=office, item=item, copy=copy, by=each.handed_by, at=each.handed_at, to=each.handed_to
        )
        said.append((LogKind.HANDED_OVER, handed.digest))
    if each.destroyed_by is not None and each.destroyed_at is not None:
        destroyed = Destroyed(office=office, item=item, copy=copy, by=each.destroyed_by, at=each.destroyed_at)
        said.append((LogKind.DESTROYED, destroyed.digest))
    return said
