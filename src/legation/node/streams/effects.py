# SPDX-License-Identifier: Apache-2.0
"""
What an entry does where it came: one table, by its kind.

``EFFECTS`` is the only place that says so. A kind that is not in it has no effect of its own: ``start`` begins a stream,
what ``refused`` says is kept for our own people, and a view was judged before (``judging``).

Rules kept here:

1. The effect of an entry is in the transaction that stores it, in the order of the entries, after their rows.
2. An effect says with which code the entry is refused for ever, or nothing. It never raises for what a peer wrote,
   unless the entry is out of turn: then nothing of what came is taken.
3. What depends on whom we trust is not refused: that would tell.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from legation.errors import RemoteProtocolError
from legation.exchange import EntryHeader, EntryKind, RefusalCode, read_void
from legation.keys.card import Card
from legation.node.peers.introducing import take_cards
from legation.node.peers.offering import take_offer
from legation.node.rules import Rules
from legation.node.streams.judging import TAKEN_BACK
from legation.node.surroundings import Surroundings
from legation.node.withdrawal.certifying import accept_certificate
from legation.node.withdrawal.withdrawing import accept_withdrawal
from legation.store.blobs import Blobs
from legation.store.sqlite import incoming, items
from legation.store.sqlite.database import Writing
from legation.store.sqlite.incoming import Incoming
from legation.store.sqlite.items import ViewState


@dataclass(frozen=True, kw_only=True)
class Came:
    """
    An entry that came whole, in the change that stores it.

    Args:
        db: The change.
        own: Our own card.
        peer: Whose stream it is.
        stream: That stream; the row of the entry is there.
        header: The entry's.
        payload: Its bytes, which match the header.
        rules: As they hold when it is its turn.
        blobs: Where long payloads are.
        around: Clock and dice.
    """

    db: Writing
    own: Card
    peer: str
    stream: Incoming
    header: EntryHeader
    payload: bytes = field(repr=False)
    rules: Rules
    blobs: Blobs
    around: Surroundings


Effect = Callable[[Came], RefusalCode | None]
"""What an entry does; the code with which it is refused for ever, or None."""


def _void(came: Came) -> None:
    """Mark what the sender took back; a view that we hold nevertheless is shown to nobody."""
    number = read_void(came.payload).number
    if incoming.kind(came.db, came.stream.stream_id, number) not in {None, EntryKind.VIEW.value}:
        raise RemoteProtocolError("an entry was voided that is no view")
    view_key = incoming.void(came.db, came.stream.stream_id, number)
    if view_key is not None:
        items.set_view_state(came.db, view_key, ViewState.QUARANTINED, TAKEN_BACK)


def _withdraw(came: Came) -> RefusalCode | None:
    """Take in a withdrawal, and let it have its effect."""
    taken = accept_withdrawal(came.db, came.payload, source=came.peer, rules=came.rules, around=came.around)
    return taken.refusal if taken.state is None else None


def _certify(came: Came) -> RefusalCode | None:
    """Take in a certificate of destruction, and pass it on towards the author."""
    taken = accept_certificate(came.db, came.payload, source=came.peer, rules=came.rules, around=came.around)
    return taken.refusal if taken.state is None else None


def _follow(came: Came) -> RefusalCode | None:
    """Take in newer cards of the sender, and all that follows from them."""
    return take_cards(
        came.db, came.payload, peer=came.peer, own=came.own, blobs=came.blobs, around=came.around
    )


def _offer(came: Came) -> RefusalCode | None:
    """Keep a policy that the sender offers."""
    return take_offer(
        came.db, came.payload, stream=came.stream, number=came.header.number, around=came.around
    )


EFFECTS: Final[Mapping[EntryKind, Effect]] = MappingProxyType(
    {
        EntryKind.VOID: _void,
        EntryKind.WITHDRAWAL: _withdraw,
        EntryKind.KEY: _follow,
        EntryKind.POLICY: _offer,
        EntryKind.DESTRUCTION: _certify,
    }
)

CHANGES_RULES: Final = frozenset({EntryKind.KEY})
"""The kinds whose effect may change by which rules the next entries are judged."""
