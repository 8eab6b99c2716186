# SPDX-License-Identifier: Apache-2.0
"""
What goes beside the entries of a bag or a push: the attachments of their views, and where their bytes lie.
"""

from collections.abc import Iterator

from legation.errors import StoreError
from legation.exchange import Enclosed, EntryKind, read_view
from legation.item.view import inspect
from legation.node.desk.attaching import attached_in, wanted_of
from legation.node.rules import Rules
from legation.store.sqlite import attachments
from legation.store.sqlite.attachments import Kept
from legation.store.sqlite.database import Reading
from legation.store.sqlite.outgoing import OutgoingEntry


def attached_to(db: Reading, entry: OutgoingEntry, rules: Rules) -> Iterator[tuple[Enclosed, Kept]]:
    """
    Name what is attached to the view of an entry, in order, the same file once; and where it lies.

    Raises:
        StoreError: Its bytes are not here.
    """
    if entry.payload is None or entry.header.kind is not EntryKind.VIEW:
        return
    found: dict[Enclosed, Kept] = {}
    for each in attached_in(inspect(read_view(entry.payload)[1])):
        portion = each.portion
        kept = attachments.find(db, wanted_of(portion, rules.ids[each.policy, each.label]))
        if kept is None:
            raise StoreError("the bytes of an attachment are not here", hint="restore the newest backup")
        found[Enclosed(number=entry.header.number, root=portion.root, size=portion.size)] = kept
    yield from sorted(found.items(), key=lambda each: each[0].order)
