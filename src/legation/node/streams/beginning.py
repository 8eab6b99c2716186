# SPDX-License-Identifier: Apache-2.0
"""
Beginning a stream anew with a peer that can be asked: what it holds of the incarnations that were left.

1. A peer that holds nothing of the present incarnation is given its start and nothing else.
2. With the next pull it says how much it holds of those before. What it had receipted and says it does not hold is
   believed with a challenge only, and kept as evidence.
3. Then what had not been receipted goes again (``incarnations.settle``), and the stream goes on like any other.

A bag cannot wait for that: what was not receipted goes again in the first one (``handing_over``). What a peer says in a
bag that it lost is believed in a new incarnation of its own stream only.
"""

from collections.abc import Iterator

from legation.encoding import encode
from legation.exchange import Bag, Position, Pull
from legation.node.streams.incarnations import begin_again, settle
from legation.node.streams.receipting import freeze
from legation.node.surroundings import Surroundings
from legation.store.blobs import Blobs
from legation.store.sqlite import deliveries, outgoing, peers
from legation.store.sqlite.database import Reading, Writing
from legation.store.sqlite.outgoing import Outgoing, OutgoingEntry

LOST = "it has lost what it had receipted"
LOST_OLD = "it has lost what it had receipted of a stream that was left"


def start_of(db: Reading, stream: Outgoing, blobs: Blobs) -> list[OutgoingEntry]:
    """The first entry of a stream, which names those before it; none if it has no entry yet."""
    return outgoing.entries(db, stream.stream_id, 0, size_bytes_max=1, count_max=1, blobs=blobs)


def hear_old(
    db: Writing,
    stream: Outgoing,
    pull: Pull,
    *,
    challenge_holds: bool,
    epoch: int,
    blobs: Blobs,
    around: Surroundings,
) -> Outgoing | None:
    """
    Let go again what a peer that holds the start of a stream does not hold of those before it.

    Args:
        db: The change.
        stream: The present one.
        pull: What the peer says.
        challenge_holds: Whether it says so just now.
        epoch: The present one.
        blobs: Where long payloads are.
        around: Clock and dice.

    Returns:
        The stream as it is then; None if the peer is to be asked with a challenge first. If what it holds is another
        history, the link is frozen, and the stream as it was.
    """
    told = {each.incarnation: each.position for each in pull.old}
    if pull.position is not None and pull.position.size > 0:
        told.setdefault(pull.position.incarnation, pull.position)
    held, lost = dict[bytes, int](), list[Outgoing]()
    for each in _before(db, stream):
        theirs = told.get(each.incarnation)
        if theirs is not None and _is_forked(db, each, theirs):
            because = "what it holds of a stream that was left is another history than ours"
            freeze(db, each, theirs.size, because=because, theirs=encode(theirs), around=around)
            return stream
        held[each.incarnation] = 0 if theirs is None else min(theirs.size, each.frontier.size)
        if deliveries.receipted_in(db, each.stream_id, held[each.incarnation]):
            lost.append(each)
    if stream.is_settled and not lost:
        return stream
    if lost and not challenge_holds:
        return None
    for each in lost:
        receipt = outgoing.receipt(db, each.stream_id) or b""
        said = encode(list(told.values()))
        peers.add_evidence(db, stream.office, LOST_OLD, ours=receipt, theirs=said, at=around.seconds())
    return settle(db, stream, held, epoch=epoch, blobs=blobs, around=around)


def hear_loss(db: Writing, bag: Bag, *, epoch: int, blobs: Blobs, around: Surroundings) -> None:
    """
    Take in what a peer says in a bag that it holds of our streams, in a new incarnation of its own: that alone counts.

    Nobody can ask it back. If it has lost what it had receipted, our stream begins anew, and that goes again in it.
    """
    stream = outgoing.stream(db, bag.sender)
    told = {each.incarnation: each.size for each in bag.old}
    if bag.position is not None:
        told[bag.position.incarnation] = bag.position.size
    lost = [
        each
        for each in outgoing.streams(db, bag.sender)
        if deliveries.receipted_in(db, each.stream_id, told.get(each.incarnation, 0))
    ]
    if stream is None or not lost:
        return
    for each in lost:
        receipt = outgoing.receipt(db, each.stream_id) or b""
        said = b"" if bag.position is None else encode(bag.position)
        peers.add_evidence(db, bag.sender, LOST, ours=receipt, theirs=said, at=around.seconds())
    new = begin_again(db, bag.sender, epoch=epoch, around=around)
    settle(db, new, told, epoch=epoch, blobs=blobs, around=around)


def _before(db: Reading, stream: Outgoing) -> Iterator[Outgoing]:
    return (each for each in outgoing.streams(db, stream.office) if each.stream_id != stream.stream_id)


def _is_forked(db: Reading, ours: Outgoing, theirs: Position) -> bool:
    """Whether a peer holds another history than we signed of an incarnation that was left."""
    signed = min(ours.frontier.size, outgoing.signed_size(db, ours.stream_id))
    return theirs.size <= signed and theirs.root != outgoing.root_at(db, ours.stream_id, theirs.size)
