# SPDX-License-Identifier: Apache-2.0
"""
Receipts that come for our streams, by whatever way; and what is done where two histories show.

A receipt carries our own signature, so one that is ahead of our stream or forked from it is proof: we lost
something, or somebody else signs as we do.
"""

from collections.abc import Iterable
from hashlib import sha256

from legation.encoding import encode
from legation.errors import RemoteProtocolError
from legation.exchange import (
    ACTIONS,
    OLD_MAX,
    Action,
    Former,
    Position,
    Standing,
    Taken,
    Unasked,
    weigh,
)
from legation.exchange.link import LinkEvent, LinkState, link_after
from legation.keys.card import Card
from legation.log import (
    Checkpoint,
    LogEntry,
    LogKind,
    Receipt,
    claimed_incarnation,
    incarnation_of,
    key_name,
    names_key,
    stream_origin,
    verify_receipt,
)
from legation.node.rules import begin_epoch, read_card
from legation.node.streams.incarnations import note_old, notice
from legation.node.streams.recalling import recalled, take_lost
from legation.node.surroundings import Surroundings
from legation.store.sqlite import deliveries, incoming, logbook, node, outgoing, peers, restorations
from legation.store.sqlite.database import Reading, Writing
from legation.store.sqlite.outgoing import Outgoing

OTHER_KEY = "what comes in its name is not signed by the key of its confirmed card: it may have a new card"
"""Why nothing is accepted from a peer that renewed its card, until its stream has brought that, or persons confirm it."""


def is_new(db: Reading, office: str, receipt: bytes) -> bool:
    """Whether a receipt is another one than the newest that is kept, or the one that shows more than is here."""
    stream = outgoing.stream(db, office)
    if stream is not None and outgoing.receipt(db, stream.stream_id) == receipt:
        return False
    return receipt not in {each.receipt for each in restorations.held_there(db, office)}


def _brings_receipt(db: Reading, office: str, each: Former) -> bool:
    """Whether what a peer says of an incarnation that was left has a receipt that is not kept yet."""
    stream = outgoing.stream_of(db, office, each.incarnation)
    if each.receipt is None or (
        stream is not None and outgoing.receipt(db, stream.stream_id) == each.receipt
    ):
        return False
    shown = restorations.shown(db, office, each.incarnation)
    return shown is None or shown.receipt != each.receipt


def says_more(db: Reading, office: str, each: Former) -> bool:
    """Whether a peer says of an incarnation that was left what is not kept yet."""
    shown = restorations.shown(db, office, each.incarnation)
    is_new = bool(each.lost) and not restorations.lost(db, office, each.incarnation)
    return shown is None or shown.size < each.size or is_new or _brings_receipt(db, office, each)


def receipt_to_give(db: Reading, office: str, own: Card) -> bytes | None:
    """
    Give our newest receipt over the stream of *office*; none that is signed with a key that we revoked.

    They would refuse it. What it covers is covered by the next one too.
    """
    stream = incoming.stream(db, office)
    return None if stream is None else _may_give(incoming.receipt(db, stream.stream_id), own)


def old_to_give(db: Reading, office: str, own: Card) -> tuple[Former, ...]:
    """What is held of streams that *office* left for others, the newest of them, each with our newest receipt."""
    return tuple(
        Former(
            incarnation=each.incarnation,
            size=each.held.frontier.size,
            root=each.held.frontier.root,
            receipt=receipt,
            lost=() if receipt is None else recalled(db, each),
        )
        for each in incoming.former(db, office, OLD_MAX)
        for receipt in [_may_give(incoming.receipt(db, each.stream_id), own)]
    )


def _may_give(receipt: bytes | None, own: Card) -> bytes | None:
    """A receipt of ours, unless it is signed with a key that we revoked: it would be refused."""
    revoked = own.revoked_stream_keys
    is_refused = receipt is not None and names_key(receipt, key_name(str(own.office)), revoked)
    return None if is_refused else receipt


def take_receipt(db: Writing, office: str, data: bytes, *, own: Card, around: Surroundings) -> None:
    """
    Verify a receipt over our stream to *office* and keep it; what it covers is receipted.

    Of one that shows another history than ours, both are kept, and the link is frozen. One over more than is here, or of
    an incarnation that is not, is proof that this node lost it, or that a copy of it runs (``incarnations``).

    Raises:
        RemoteProtocolError: There is nothing that it could be for.
        VerificationError: It does not hold.
    """
    stream, found = judge_receipt(db, office, data, own=own, around=around)
    size, now = found.checkpoint.size, around.seconds()
    if stream is None or is_beyond(db, stream, found.checkpoint):
        incarnation = incarnation_of(found.checkpoint, str(own.office), office)
        assert incarnation is not None, "it was verified as one of this stream"
        shown = Position(incarnation=incarnation, size=size, root=found.checkpoint.root)
        notice(db, office, shown, receipt=data, epoch=node.epoch(db).number, around=around)
    elif found.checkpoint.root != outgoing.root_at(db, stream.stream_id, size):
        said = "a receipt shows another history than ours"
        freeze(db, stream, size, because=said, theirs=data, around=around)
    elif size > stream.receipt_size:
        outgoing.save_receipt(db, stream.stream_id, size, data, now)
        deliveries.receipted(db, stream.stream_id, size, now)
        peers.receipted(db, office, size)
        logbook.append(db, [LogEntry(kind=LogKind.RECEIPTED, hash=sha256(data).digest(), time=now)])


def take_old(db: Writing, office: str, old: Iterable[Former], *, own: Card, around: Surroundings) -> None:
    """
    Take in what a peer says that it holds of incarnations that were left, with its receipts for them.

    Raises:
        RemoteProtocolError, VerificationError: As ``take_receipt``.
    """
    for each in old:
        if each.receipt is not None and _brings_receipt(db, office, each):
            take_receipt(db, office, each.receipt, own=own, around=around)
        take_lost(db, office, each)
    note_old(db, office, [each.position for each in old], around)


def judge_receipt(
    db: Reading, office: str, data: bytes, *, own: Card, around: Surroundings
) -> tuple[Outgoing | None, Receipt]:
    """
    Verify a receipt over a stream of ours to *office*, and give both; nothing is kept.

    Returns:
        None for the stream if its incarnation is not here.

    Raises:
        RemoteProtocolError: There is nothing that it could be for.
        VerificationError: It does not hold.
    """
    ours, pinned = str(own.office), peers.pinned_card(db, office)
    claimed = claimed_incarnation(data, ours, office)
    stream = outgoing.stream(db, office) if claimed is None else outgoing.stream_of(db, office, claimed)
    if pinned is None or (stream is None and claimed is None):
        raise RemoteProtocolError("a receipt came for a stream that does not exist")
    incarnation = stream.incarnation if stream is not None else claimed
    assert incarnation is not None, "one of the two is there"
    found = verify_receipt(
        data,
        origin=stream_origin(ours, office, incarnation),
        name=key_name(ours),
        # Also with keys that we revoked since: what it is over is held against our own entries below.
        keys=own.stream_keys_ever,
        cosigner=key_name(office),
        cosigner_keys=read_card(pinned, around.verify).stream_keys,
        verify=around.verify,
    )
    return stream, found


def try_receipt(db: Reading, office: str, data: bytes, *, own: Card, around: Surroundings) -> None:
    """
    Look at a receipt as ``take_receipt`` would; nothing is kept.

    Raises:
        RemoteProtocolError: There is nothing that it could be for; or it shows that this node has lost something.
        VerificationError: It does not hold.
    """
    stream, found = judge_receipt(db, office, data, own=own, around=around)
    present = outgoing.stream(db, office)
    is_present = stream is not None and present is not None and stream.stream_id == present.stream_id
    if stream is None or (is_present and is_beyond(db, stream, found.checkpoint)):
        raise RemoteProtocolError(
            "this bag shows that this node has lost what it signed, or that a copy of it runs",
            hint="open it, so that the proof is kept; then: legation restore",
        )


def is_beyond(db: Reading, stream: Outgoing, checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint with our signature is over what is not here: more, or what we never signed so."""
    if checkpoint.size > stream.frontier.size:
        return True
    is_other = checkpoint.root != outgoing.root_at(db, stream.stream_id, checkpoint.size)
    return is_other and checkpoint.size > outgoing.signed_size(db, stream.stream_id)


def standing_of(
    db: Reading, stream: Outgoing, position: Position | None, *, challenge_holds: bool
) -> Standing:
    """Say what a position is to our present stream, with what is here."""
    is_other = position is not None and position.incarnation != stream.incarnation
    return weigh(
        position,
        incarnation=stream.incarnation,
        size=stream.frontier.size,
        root_at=lambda size: outgoing.root_at(db, stream.stream_id, size),
        receipt_size=stream.receipt_size,
        challenge_holds=challenge_holds,
        signed_size=outgoing.signed_size(db, stream.stream_id),
        left=_left(db, stream.office) if is_other else (),
    )


def _left(db: Reading, office: str) -> frozenset[bytes]:
    """The incarnations that were left for the present one, also those of which only the peer knows."""
    shown = restorations.held_there(db, office)
    return outgoing.left(db, office).union(each.incarnation for each in shown if not each.is_open)


def take_what_rides_back(
    db: Writing, letter: Unasked | Taken, *, own: Card, around: Surroundings, challenge_holds: bool = False
) -> Action:
    """
    Take in the receipt in a letter, and weigh the position in it; say what is to be done about that.

    Where one of them shows another history than ours, both are kept, and the link is frozen. A position in a bag is
    from when it was packed, and one in a push could have been recorded: without a challenge nothing is sent on its word.

    Raises:
        RemoteProtocolError: The receipt is for what was never sent.
        VerificationError: It does not hold.
    """
    if letter.receipt is not None and is_new(db, letter.sender, letter.receipt):
        take_receipt(db, letter.sender, letter.receipt, own=own, around=around)
    take_old(db, letter.sender, letter.old, own=own, around=around)
    stream = outgoing.stream(db, letter.sender)
    if stream is None or (letter.position is None and not challenge_holds):
        return Action.ANSWER
    action = ACTIONS[standing_of(db, stream, letter.position, challenge_holds=challenge_holds)]
    if action is Action.FREEZE and letter.position is not None:
        said = "its position shows another history than ours"
        freeze(db, stream, letter.position.size, because=said, theirs=encode(letter.position), around=around)
    elif action is Action.STOP and letter.position is not None:
        notice(db, letter.sender, letter.position, epoch=node.epoch(db).number, around=around)
    return action


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
    after = link_after(LinkState(peers.link(db, office)), LinkEvent.FORK)
    if after is LinkState.FROZEN:
        peers.set_link(db, office, after, because)
    logbook.append(db, [LogEntry(kind=LogKind.FROZEN, hash=sha256(theirs).digest(), time=now)])
    begin_epoch(db, around)


def note_failure(db: Writing, office: str, failure: str, at: int) -> None:
    """Write down what is wrong with a peer, once: it may say so a thousand times."""
    known = peers.peer(db, office)
    if known is not None and known.failure != failure:
        peers.failed(db, office, failure, at)


def note_told(db: Writing, office: str, position: Position | None, at: int) -> None:
    """Note how much of our stream a peer says that it holds, if that is so; it acknowledges nothing."""
    stream = outgoing.stream(db, office)
    if stream is None:
        return
    size = 0 if position is None else position.size
    agrees = size == 0 or (
        position is not None
        and position.incarnation == stream.incarnation
        and size <= stream.frontier.size
        and position.root == outgoing.root_at(db, stream.stream_id, size)
    )
    if agrees:
        outgoing.note_told(db, stream.stream_id, size, at)


def _position_at(db: Reading, stream: Outgoing, size: int) -> bytes:
    """What we have of a stream up to a size, as it is kept as evidence."""
    root = outgoing.root_at(db, stream.stream_id, size)
    return encode(Position(incarnation=stream.incarnation, size=size, root=root))
