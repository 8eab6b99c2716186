# SPDX-License-Identifier: Apache-2.0
"""
The sender's half: what a peer's position says, and what is done about it.

A pull says how much of our stream the peer durably holds. Mostly that is where the last answer ended.
If not, one of the two has lost something, or one history has become two, and this is where it shows.

Rules kept here:

1. A position below the receipt on file counts only with a challenge that we issued a moment ago: a pull
   that somebody recorded cannot make us send again. No position at all is below every receipt.
2. A receipt that a pull brings is taken in before its position is weighed.
3. Two roots of one size that we signed are a fork, whatever receipt or challenge there is. What we have and never
   signed, nobody can hold: who shows another root there shows what we lost.
4. Whoever holds an incarnation that we left is told of the present one from its start; of that it holds nothing.
5. ``ACTIONS`` is the table: the code looks up what to do, the tests and the specification compare.

A receipt carries our own signature. Weighed like a position, one that is ahead or forked is proof that
*we* lost something, or that somebody else signs as we do; a position alone is what a peer says.

Not here: making and remembering challenges, and the state of the link. Use::

    standing = weigh(pull.position, incarnation=..., size=..., root_at=..., receipt_size=...,
                     challenge_holds=...)
    action = ACTIONS[standing]
"""

from collections.abc import Callable, Container, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from legation.exchange.letter import Position


class Standing(StrEnum):
    """What a position is to our stream."""

    FIRST = "first"
    """No position, and never a receipt: the peer holds nothing."""
    FOLLOWS = "follows"
    """A beginning of our stream, and not below the receipt."""
    CHALLENGED = "challenged"
    """Below the receipt, and nothing shows that it was said just now."""
    AMNESIA = "amnesia"
    """Below the receipt, and said just now: the peer has lost what it once held."""
    AHEAD = "ahead"
    """Beyond what we signed: we have lost something, or the peer says what is not so."""
    FORKED = "forked"
    """Of a size that we have, with another root."""
    LEFT = "left"
    """In an incarnation that we left for another."""
    ANOTHER = "another"
    """In an incarnation that we do not know."""


class Action(StrEnum):
    """What is done with a pull."""

    ANSWER = "answer"
    """Answer from the position."""
    BEGIN = "begin"
    """Answer from the start of the present incarnation, which names the one that is left."""
    ASK = "ask"
    """Answer with a fresh challenge and nothing else."""
    ANSWER_AND_REPORT = "answer and report"
    """Answer from the position, no faster than such a thing should happen, and tell a person."""
    STOP = "stop"
    """Answer and sign nothing on this stream until persons have said what happened."""
    FREEZE = "freeze"
    """Keep both roots, freeze the link and tell a person."""


ACTIONS: Final[Mapping[Standing, Action]] = MappingProxyType(
    {
        Standing.FIRST: Action.ANSWER,
        Standing.FOLLOWS: Action.ANSWER,
        Standing.CHALLENGED: Action.ASK,
        Standing.AMNESIA: Action.ANSWER_AND_REPORT,
        Standing.AHEAD: Action.STOP,
        Standing.FORKED: Action.FREEZE,
        Standing.LEFT: Action.BEGIN,
        Standing.ANOTHER: Action.STOP,
    }
)


def weigh(
    position: Position | None,
    *,
    incarnation: bytes,
    size: int,
    root_at: Callable[[int], bytes],
    receipt_size: int,
    challenge_holds: bool,
    signed_size: int | None = None,
    left: Container[bytes] = (),
) -> Standing:
    """
    Say what a position is to our stream.

    1. Nothing held: no history to compare, in whatever incarnation.
    2. Another incarnation; of one that we left, as if nothing were held.
    3. More than we have.
    4. Another root, of a size that we signed or of one that we did not.
    5. Less than was receipted.

    Args:
        position: As the pull has it; None if it has none.
        incarnation: Of our stream, the present one.
        size: How many entries our stream has.
        root_at: Gives the root of its first so many entries; asked once, for 1 to *size* of them.
        receipt_size: How many entries the peer has receipted in this incarnation; 0 if none.
        challenge_holds: Whether the pull gives back a challenge that we issued to this peer less than ten
            minutes ago and that was not used.
        signed_size: Of the largest checkpoint that we signed of this incarnation; all of it, if nothing is said.
        left: The incarnations of this stream that were before the present one.
    """
    assert 0 <= receipt_size <= size, "a receipt beyond our stream is no receipt but proof that we lost it"
    # 1. Nothing held.
    if position is None or position.size == 0:
        return _unless_receipted(Standing.FIRST, 0, receipt_size, challenge_holds)
    # 2. Another incarnation.
    if position.incarnation != incarnation:
        is_left = position.incarnation in left
        return (
            _unless_receipted(Standing.LEFT, 0, receipt_size, challenge_holds)
            if is_left
            else Standing.ANOTHER
        )
    # 3. More than we have.
    if position.size > size:
        return Standing.AHEAD
    # 4. Another root.
    if position.root != root_at(position.size):
        is_signed = position.size <= (size if signed_size is None else signed_size)
        return Standing.FORKED if is_signed else Standing.AHEAD
    # 5. Less than was receipted.
    return _unless_receipted(Standing.FOLLOWS, position.size, receipt_size, challenge_holds)


def _unless_receipted(standing: Standing, size: int, receipt_size: int, challenge_holds: bool) -> Standing:
    """Let a position pass that is not below the receipt."""
    if size >= receipt_size:
        return standing
    return Standing.AMNESIA if challenge_holds else Standing.CHALLENGED
