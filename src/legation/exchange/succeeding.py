# SPDX-License-Identifier: Apache-2.0
"""
The receiver's half where a stream begins anew: whether another incarnation follows on the one that is held.

A node that may have lost entries begins another incarnation, and its start names those before it, as far as they
are known there. What is held of the old one stays as it is, for ever.

Rules kept here:

1. Another incarnation is taken from its first entry on, and only if that names the one that is held.
2. What it says of the one that is held is what is held, as far as that reaches. Else the sender has signed two
   histories.

Not here: how the new one goes on (``receiving``, ``opening``), and what a person is told of one that is refused.
"""

from collections.abc import Callable, Sequence

from legation.encoding import encode
from legation.errors import EquivocationError, RemoteProtocolError
from legation.exchange.entry import EntryKind, Predecessor, read_start
from legation.exchange.letter import Carried, Position, TakenBack

RootAt = Callable[[int], bytes]
"""Gives the root of the first so many entries that are held of a stream; asked for 1 up to all of them."""


def predecessor_in(
    sender: str,
    incarnation: bytes,
    entries: Sequence[Carried | TakenBack],
    payloads: Sequence[bytes],
    held: bytes,
) -> Predecessor:
    """
    Find what another incarnation says of the one that is held.

    Args:
        sender: Whose stream it is.
        incarnation: The new one.
        entries: As they came, with their payloads.
        payloads: Of those that are carried, in order.
        held: The one that is held.

    Raises:
        MalformedError: The first payload is not of its kind.
        RemoteProtocolError: It does not come from its first entry on, or does not name the one that is held.
    """
    if not entries or not isinstance(entries[0], Carried) or entries[0].header.kind is not EntryKind.START:
        raise RemoteProtocolError("what came is of another incarnation than we hold")
    named = {each.incarnation: each for each in read_start(payloads[0]).predecessors}
    if held not in named or incarnation in named:
        raise RemoteProtocolError(
            f"stream of `{sender}` begins anew, and not with what we hold",
            hint="call that office: it has lost more than it knows, or there are two of it",
        )
    return named[held]


def check_agrees(sender: str, before: Predecessor, held: Position, *, root_at: RootAt, proof: bytes) -> None:
    """
    Check that what the sender says of the incarnation that is held is what is held, as far as both reach.

    Args:
        sender: Whose stream it is.
        before: What it says.
        held: What is held of that incarnation.
        root_at: Gives its roots.
        proof: What proves that the sender says so.

    Raises:
        EquivocationError: It is something else.
    """
    if 0 < before.size <= held.size and before.root != root_at(before.size):
        raise EquivocationError(
            f"stream of `{sender}` has two histories of its first {before.size} entries",
            ours=encode(held),
            theirs=proof,
        )
