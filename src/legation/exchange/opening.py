# SPDX-License-Identifier: Apache-2.0
"""
The receiver's half for bags and pushes: whether one carries on what is held, and what of it is new.

Neither answers a position, so it may begin before what is held ends: the wire, or another bag, was
faster. What is held already is compared leaf by leaf, and the rest is taken as an answer would be.

Rules kept here:

1. What begins behind what is held is refused: something is missing between.
2. What is held already came with the same leaves, or the sender has signed two histories.
3. The rest is what an answer would have brought (``receiving.carry_on``).

Not here: which bag is missing, and the receipt that rides back.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from legation.encoding import encode
from legation.errors import EquivocationError, ProofError, RemoteProtocolError
from legation.exchange.bag import Bag
from legation.exchange.envelope import Envelope
from legation.exchange.letter import Carried
from legation.exchange.push import Push
from legation.exchange.receiving import Accepted, Brought, Held, carry_on
from legation.keys.sign import PublicKey, Verify
from legation.log.checkpoint import Checkpoint, key_name, stream_origin, verify_checkpoint
from legation.log.frontier import Frontier
from legation.merkle import Hash

Leaves = Callable[[int, int], Iterable[Hash]]
"""The leaves that are held, from one number up to another that is not among them."""


Unasked: TypeAlias = Bag | Push
"""What comes without a pull before it."""


def accept_unasked(
    envelope: Envelope[Bag] | Envelope[Push],
    held: Held,
    *,
    keys: Iterable[PublicKey],
    leaves: Leaves,
    verify: Verify = PublicKey.verify,
) -> Accepted | None:
    """
    Check a bag or a push against what is held, and say what is held with it.

    1. It is of the incarnation that is held; or of one that begins with it and names that; where nothing is held,
       of any.
    2. It begins where we hold, or before.
    3. Its checkpoint verifies and is over all its entries.
    4. What is held already has the same leaves, and under the same root if it ends there.
    5. The rest carries on what is held.

    Args:
        envelope: From ``read_envelope``.
        held: What is held of the sender's stream.
        keys: The stream keys on the sender's card.
        leaves: Gives what is held already.
        verify: How signatures are verified.

    Returns:
        None if nothing of it is new.

    Raises:
        MalformedError: A payload is not of its kind.
        RemoteProtocolError: It is out of turn, or something before it is missing.
        SignatureError: The checkpoint is not signed by those keys.
        ProofError: The entries lead to another root than was signed.
        EquivocationError: The sender has signed another history than the one that is held.
    """
    letter: Unasked = envelope.letter
    size = held.frontier.size
    # 1. Which history; of another one nothing is held yet.
    if size > 0 and held.incarnation != letter.incarnation:
        whole = _brought(envelope, start=letter.start, skipped=0)
        return carry_on(
            whole, held, keys=keys, verify=verify, root_at=lambda end: Frontier().extend(leaves(0, end)).root
        )
    # 2. Where.
    if letter.start > size:
        raise RemoteProtocolError(
            f"entries {size}-{letter.start - 1} are missing before this {_named(letter)}"
        )
    if letter.checkpoint is None:
        return None
    # 3. What was signed.
    keys = tuple(keys)
    signed = _checkpoint(letter, letter.checkpoint, keys, verify)
    # 4. What is held already.
    overlap = min(size, letter.end) - letter.start
    _compare(letter, letter.checkpoint, signed, leaves, size)
    # 5. The rest.
    if letter.end <= size:
        return None
    return carry_on(_brought(envelope, start=size, skipped=overlap), held, keys=keys, verify=verify)


def _brought(envelope: Envelope[Bag] | Envelope[Push], *, start: int, skipped: int) -> Brought:
    """What is left of it without the first *skipped* entries; the others begin with number *start*."""
    letter: Unasked = envelope.letter
    payloads = sum(isinstance(each, Carried) for each in letter.entries[:skipped])
    return Brought(
        sender=letter.sender,
        receiver=letter.receiver,
        incarnation=letter.incarnation,
        start=start,
        entries=letter.entries[skipped:],
        payloads=envelope.payloads[payloads:],
        checkpoint=letter.checkpoint,
    )


def _checkpoint(letter: Unasked, data: bytes, keys: Iterable[PublicKey], verify: Verify) -> Checkpoint:
    found = verify_checkpoint(
        data,
        origin=stream_origin(letter.sender, letter.receiver, letter.incarnation),
        name=key_name(letter.sender),
        keys=keys,
        verify=verify,
    )
    if found.size != letter.end:
        raise RemoteProtocolError(f"checkpoint is over {found.size} entries, expected {letter.end}")
    return found


def _compare(letter: Unasked, data: bytes, signed: Checkpoint, leaves: Leaves, size: int) -> None:
    """Hold what is held already against the bag; only where they meet is more than that read."""
    end = min(size, letter.end)
    theirs = [Hash(each.leaf) for each in letter.entries]
    agrees = theirs[: end - letter.start] == list(leaves(letter.start, end))
    if agrees and letter.end > size:
        return
    # What of it lies behind what is held stands for itself: its root is the one that counts.
    before = Frontier().extend(leaves(0, letter.start))
    if letter.end <= size:
        ours = before.extend(leaves(letter.start, letter.end))
        if ours.root != signed.root:
            raise _two_histories(letter, ours, data)
    if not agrees:
        if before.extend(theirs).root == signed.root:
            raise _two_histories(letter, before.extend(leaves(letter.start, end)), data)
        raise ProofError("entries lead to another root than that of the checkpoint")


def _two_histories(letter: Unasked, ours: Frontier, theirs: bytes) -> EquivocationError:
    return EquivocationError(
        f"stream of `{letter.sender}` has two histories of its first {ours.size} entries",
        ours=encode(ours),
        theirs=theirs,
    )


def _named(letter: Unasked) -> str:
    """What it is called in a message."""
    return "bag" if isinstance(letter, Bag) else "push"
