# SPDX-License-Identifier: Apache-2.0
"""
Receipts that come for our streams, by whatever way; and what is done where two histories show.

A receipt carries our own signature, so one that is ahead of our stream or forked from it is proof: we lost
something, or somebody else signs as we do.
"""

from hashlib import sha256

from legation.encoding import encode
from legation.errors import RemoteProtocolError
from legation.exchange import ACTIONS, Action, Bag, Position, weigh
from legation.keys.card import Card
from legation.log import LogEntry, LogKind, Receipt, key_name, names_key, stream_origin, verify_receipt
from legation.node.rules import begin_epoch, read_card
from legation.node.surroundings import Surroundings
from legation.store.sqlite import deliveries, incoming, logbook, outgoing, peers
from legation.store.sqlite.database import Reading, Writing
from legation.store.sqlite.outgoing import Outgoing

OTHER_KEY = "what comes in its name is not signed by the key of its confirmed card: it may have a new card"
"""Why nothing is accepted from a peer that renewed its card, until that is confirmed here too."""


def is_new(db: Reading, office: str, receipt: bytes) -> bool:
    """Whether a receipt is another one than the newest that is kept."""
    stream = outgoing.stream(db, office)
    return stream is None or outgoing.receipt(db, stream.stream_id) != receipt


def receipt_to_give(db: Reading, office: str, own: Card) -> bytes | None:
    """
    Give our newest receipt over the stream of *office*; none that is signed with a key that we revoked.

    They would refuse it. What it covers is covered by the next one too.
    """
    stream = incoming.stream(db, office)
    found = None if stream is None else incoming.receipt(db, stream.stream_id)
    revoked = own.revoked_stream_keys
    is_refused = found is not None and names_key(found, key_name(str(own.office)), revoked)
    return None if is_refused else found


def take_receipt(db: Writing, office: str, data: bytes, *, own: Card, around: Surroundings) -> None:
    """
    Verify a receipt over our stream to *office* and keep it; what it covers is receipted.

    Of one that shows another history than ours, both are kept, and the link is frozen.

    Raises:
        RemoteProtocolError: It is for what was never sent.
        VerificationError: It does not hold.
    """
    stream, found = judge_receipt(db, office, data, own=own, around=around)
    size, now = found.checkpoint.size, around.seconds()
    if found.checkpoint.root != outgoing.root_at(db, stream.stream_id, size):
        said = "a receipt shows another history than ours"
        freeze(db, stream, size, because=said, theirs=data, around=around)
    elif size > stream.receipt_size:
        outgoing.save_receipt(db, stream.stream_id, size, data, now)
        deliveries.receipted(db, stream.stream_id, size, now)
        logbook.append(db, [LogEntry(kind=LogKind.RECEIPTED, hash=sha256(data).digest(), time=now)])


def judge_receipt(
    db: Reading, office: str, data: bytes, *, own: Card, around: Surroundings
) -> tuple[Outgoing, Receipt]:
    """
    Verify a receipt over our stream to *office*, and give both; nothing is kept.

    Raises:
        RemoteProtocolError: It is for what was never sent.
        VerificationError: It does not hold.
    """
    stream, pinned = outgoing.stream(db, office), peers.pinned_card(db, office)
    if stream is None or pinned is None:
        raise RemoteProtocolError("a receipt came for a stream that does not exist")
    ours = str(own.office)
    found = verify_receipt(
        data,
        origin=stream_origin(ours, office, stream.incarnation),
        name=key_name(ours),
        # Also with keys that we revoked since: what it is over is held against our own entries below.
        keys=own.stream_keys_ever,
        cosigner=key_name(office),
        cosigner_keys=read_card(pinned, around.verify).stream_keys,
        verify=around.verify,
    )
    if found.checkpoint.size > stream.frontier.size:
        # Our own signature is on it: we have lost what we sent.
        raise RemoteProtocolError("a receipt came for entries that this node does not have")
    return stream, found


def take_what_rides_back(db: Writing, bag: Bag, *, own: Card, around: Surroundings) -> None:
    """
    Take in the receipt in a bag, and weigh the position in it, which is from when the bag was packed.

    Where one of them shows another history than ours, both are kept, and the link is frozen.

    Raises:
        RemoteProtocolError: The receipt is for what was never sent.
        VerificationError: It does not hold.
    """
    if bag.receipt is not None and is_new(db, bag.sender, bag.receipt):
        take_receipt(db, bag.sender, bag.receipt, own=own, around=around)
    stream = outgoing.stream(db, bag.sender)
    if bag.position is None or stream is None:
        return
    standing = weigh(
        bag.position,
        incarnation=stream.incarnation,
        size=stream.frontier.size,
        root_at=lambda size: outgoing.root_at(db, stream.stream_id, size),
        receipt_size=stream.receipt_size,
        challenge_holds=False,
    )
    if ACTIONS[standing] is Action.FREEZE:
        said = "its position shows another history than ours"
        freeze(db, stream, bag.position.size, because=said, theirs=encode(bag.position), around=around)
    elif ACTIONS[standing] is Action.STOP:
        said = f"its position in our stream is {standing.value}"
        note_failure(db, bag.sender, said, around.seconds())


def freeze(
    db: Writing, stream: Outgoing, size: int, *, because: str, theirs: bytes, around: Surroundings
) -> None:
    """Keep both histories of so many entries of our stream, and stop the link; once."""
    if peers.link(db, stream.office) in {"frozen", "excluded"}:
        return
    ours = outgoing.checkpoint(db, stream.stream_id, size) or _position_at(db, stream, size)
    stop(db, stream.office, because, ours=ours, theirs=theirs, around=around)


def stop(db: Writing, office: str, because: str, *, ours: bytes, theirs: bytes, around: Surroundings) -> None:
    """Keep what proves two histories, freeze the link, and log that; one that is excluded stays so."""
    now = around.seconds()
    peers.add_evidence(db, office, because, ours=ours, theirs=theirs, at=now)
    if peers.link(db, office) != "excluded":
        peers.set_link(db, office, "frozen", because)
    logbook.append(db, [LogEntry(kind=LogKind.FROZEN, hash=sha256(theirs).digest(), time=now)])
    begin_epoch(db, around)


def note_failure(db: Writing, office: str, failure: str, at: int) -> None:
    """Write down what is wrong with a peer, once: it may say so a thousand times."""
    known = peers.peer(db, office)
    if known is not None and known.failure != failure:
        peers.failed(db, office, failure, at)


def _position_at(db: Reading, stream: Outgoing, size: int) -> bytes:
    """What we have of a stream up to a size, as it is kept as evidence."""
    root = outgoing.root_at(db, stream.stream_id, size)
    return encode(Position(incarnation=stream.incarnation, size=size, root=root))
