# SPDX-License-Identifier: Apache-2.0
"""
What a node has lost of its own streams, as their receivers have it: headers, and of which items they were.

1. Whoever takes a stream that begins anew sees in its start how much of the old one its sender still has. What it has
   receipted beyond that it gives back: headers or leaves, and the ids of items. Not what they said.
2. The sender holds them against its own signature in that receipt: with what it still has they lead to that root.
   The ids of items are the receiver's word.

Not here: which items these are. Whoever has lost them asks, by another way.
"""

from legation.errors import ProofError
from legation.exchange import LOST_MAX, Carried, Former, Lost, read_start
from legation.log import Frontier
from legation.merkle import Hash
from legation.store.sqlite import incoming, outgoing, restorations
from legation.store.sqlite.database import Reading, Writing
from legation.store.sqlite.incoming import Incoming
from legation.store.sqlite.outgoing import Outgoing
from legation.store.sqlite.restorations import LostEntry

LEAVES_AT_ONCE = 1000


def recalled(db: Reading, left: Incoming) -> tuple[Lost, ...]:
    """
    Give what a peer has lost of a stream that it left for the present one, up to our receipt.

    Nothing if that does not name it, or more than ``LOST_MAX`` entries were lost: what is not whole proves nothing.
    """
    present = incoming.stream(db, left.office)
    start = None if present is None else incoming.small_payload(db, present.stream_id, 0)
    if start is None:
        return ()
    named = {each.incarnation: each.size for each in read_start(start).predecessors}
    first, stop = named.get(left.incarnation, left.held.receipt_size), left.held.receipt_size
    # Of others that were left before there is no room: they were told when they were.
    is_last = list(named)[-1:] == [left.incarnation]
    if not is_last or not 0 < stop - first <= LOST_MAX:
        return ()
    return tuple(incoming.remembered(db, left.stream_id, first, stop))


def take_lost(db: Writing, office: str, each: Former) -> None:
    """
    Keep what a peer says that this node has lost, if it leads to what this node signed.

    Raises:
        ProofError: It does not.
    """
    shown = restorations.shown(db, office, each.incarnation)
    if not each.lost or shown is None or shown.receipt is None:
        return
    first = each.lost[0].entry.number
    if first + len(each.lost) != shown.size:
        return
    stream = outgoing.stream_of(db, office, each.incarnation)
    if first > (0 if stream is None else outgoing.signed_size(db, stream.stream_id)):
        # It goes by a start that was lost as well: what lies between is not here, or was never signed so.
        return
    lost = [_lost_entry(one) for one in each.lost]
    if root_with(db, stream, lost) != shown.root:
        raise ProofError("what a peer says was lost does not lead to what was signed")
    restorations.keep_lost(db, office, each.incarnation, lost)


def root_with(db: Reading, stream: Outgoing | None, lost: list[LostEntry]) -> Hash:
    """The root of what is still here of a stream, up to where something was lost, and of that."""
    frontier, first = Frontier(), lost[0].number if lost else 0
    while stream is not None and frontier.size < first:
        count = min(LEAVES_AT_ONCE, first - frontier.size)
        some = outgoing.leaves(db, stream.stream_id, frontier.size, count)
        if not some:
            break
        frontier = frontier.extend(some)
    return frontier.extend(Hash(each.leaf) for each in lost).root


def _lost_entry(one: Lost) -> LostEntry:
    kind = one.entry.header.kind.value if isinstance(one.entry, Carried) else None
    return LostEntry(number=one.entry.number, leaf=one.entry.leaf, kind=kind, item_id=one.item)
