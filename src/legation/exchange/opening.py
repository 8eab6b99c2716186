# SPDX-License-Identifier: Apache-2.0
"""
The receiver's half for bags: whether a bag carries on what is held, and what of it is new.

A bag does not answer a position, so it may begin before what is held ends: the wire, or another bag, was
faster. What is held already is compared leaf by leaf, and the rest is taken as an answer would be.

Rules kept here:

1. What begins behind what is held is refused: something is missing between.
2. What is held already came with the same leaves, or the sender has signed two histories.
3. The rest is what an answer would have brought (``receiving.carry_on``).

Not here: which bag is missing, and the receipt that rides back.
"""

from collections.abc import Callable, Iterable

from legation.encoding import encode
from legation.errors import EquivocationError, ProofError, RemoteProtocolError
from legation.exchange.bag import Bag
from legation.exchange.envelope import Envelope
from legation.exchange.letter import Carried
from legation.exchange.receiving import Accepted, Brought, Held, carry_on
from legation.keys.sign import PublicKey, Verify
from legation.log.checkpoint import Checkpoint, key_name, stream_origin, verify_checkpoint
from legation.log.frontier import Frontier
from legation.merkle import Hash

Leaves = Callable[[int, int], Iterable[Hash]]
"""The leaves that are held, from one number up to another that is not among them."""


def accept_bag(
    envelope: Envelope[Bag],
    held: Held,
    *,
    keys: Iterable[PublicKey],
    leaves: Leaves,
    verify: Verify = PublicKey.verify,
) -> Accepted | None:
    """
    Check a bag against what is held, and say what is held with it.

    1. It is of the incarnation that is held; where nothing is held, of any.
    2. It begins where we hold, or before.
    3. Its checkpoint verifies and is over all its entries.
    4. What is held already has the same leaves, and under the same root if the bag ends there.
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
    bag, size = envelope.letter, held.frontier.size
    # 1. Which history.
    if size > 0 and held.incarnation != bag.incarnation:
        raise RemoteProtocolError("bag is of another incarnation than we hold")
    # 2. Where.
    if bag.start > size:
        raise RemoteProtocolError(f"entries {size}-{bag.start - 1} are missing before this bag")
    if bag.checkpoint is None:
        return None
    # 3. What was signed.
    keys = tuple(keys)
    signed = _checkpoint(bag, bag.checkpoint, keys, verify)
    # 4. What is held already.
    overlap = min(size, bag.end) - bag.start
    _compare(bag, bag.checkpoint, signed, leaves, size)
    # 5. The rest.
    if bag.end <= size:
        return None
    skipped = sum(isinstance(each, Carried) for each in bag.entries[:overlap])
    rest = Brought(
        sender=bag.sender,
        receiver=bag.receiver,
        incarnation=bag.incarnation,
        start=size,
        entries=bag.entries[overlap:],
        payloads=envelope.payloads[skipped:],
        checkpoint=bag.checkpoint,
    )
    return carry_on(rest, held, keys=keys, verify=verify)


def _checkpoint(bag: Bag, data: bytes, keys: Iterable[PublicKey], verify: Verify) -> Checkpoint:
    found = verify_checkpoint(
        data,
        origin=stream_origin(bag.sender, bag.receiver, bag.incarnation),
        name=key_name(bag.sender),
        keys=keys,
        verify=verify,
    )
    if found.size != bag.end:
        raise RemoteProtocolError(f"checkpoint is over {found.size} entries, expected {bag.end}")
    return found


def _compare(bag: Bag, data: bytes, signed: Checkpoint, leaves: Leaves, size: int) -> None:
    """Hold what is held already against the bag; only where they meet is more than that read."""
    end = min(size, bag.end)
    theirs = [Hash(each.leaf) for each in bag.entries]
    agrees = theirs[: end - bag.start] == list(leaves(bag.start, end))
    if agrees and bag.end > size:
        return
    # What of the bag lies behind what is held stands for itself: its root is the one that counts.
    before = Frontier().extend(leaves(0, bag.start))
    if bag.end <= size:
        ours = before.extend(leaves(bag.start, bag.end))
        if ours.root != signed.root:
            raise _two_histories(bag, ours, data)
    if not agrees:
        if before.extend(theirs).root == signed.root:
            raise _two_histories(bag, before.extend(leaves(bag.start, end)), data)
        raise ProofError("entries lead to another root than that of the checkpoint")


def _two_histories(bag: Bag, ours: Frontier, theirs: bytes) -> EquivocationError:
    return EquivocationError(
        f"stream of `{bag.sender}` has two histories of its first {ours.size} entries",
        ours=encode(ours),
        theirs=theirs,
    )
