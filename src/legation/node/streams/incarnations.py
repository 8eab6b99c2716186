# SPDX-License-Identifier: Apache-2.0
"""
Incarnations of our own streams: noticing that this node has lost what it signed, and beginning anew.

A node that was put back from a backup, or that runs twice, would sign a second history of a stream. So nothing of an
incarnation is carried on once a peer shows more of it than is here.

Rules kept here:

1. What carries our own signature is proof. Until two persons say what happened (``restoring``), nothing that was
   released is handed over to anybody: also the grants and policies here may be old ones.
2. What a peer merely says stops its own link, and no other.
3. Another incarnation begins with an entry that names those before it, as far as they are known here.
4. In it goes again what had not been receipted: deliveries are decided anew, and withdrawals, cards, policies,
   certificates and refusals go as they are. What is receipted goes again only if the peer says that it lost it.
5. What stands in the old ones stays there, and so do their receipts.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from legation.encoding import encode
from legation.exchange import EntryKind, Position, Predecessor, Start, read_start, write_start
from legation.exchange.entry import PREDECESSORS_MAX
from legation.exchange.letter import EMPTY_ROOT
from legation.exchange.link import LinkEvent, LinkState, link_after
from legation.log import INCARNATION_SIZE_BYTES
from legation.node.peers.stopping import PAUSED, set_link
from legation.node.streams.numbering import append
from legation.node.surroundings import Surroundings
from legation.store.blobs import Blobs
from legation.store.sqlite import deliveries, outgoing, peers, restorations
from legation.store.sqlite.database import Reading, Writing
from legation.store.sqlite.outgoing import Outgoing
from legation.store.sqlite.restorations import Declared, HeldThere

ASK = "legation restore says more"
LOST = f"this node has lost what it signed, or a copy of it runs: {ASK}"
"""Why every link is paused once our own signature shows it."""
AHEAD = f"it says that it holds more of our stream than is here: {ASK}"
UNKNOWN = f"it says that it holds a stream of ours that is not known here: {ASK}"
"""Why the link to a peer is paused that says so."""
WHY_DOUBTED = frozenset({LOST, AHEAD, UNKNOWN})
RESTORED = "restored from a backup: look at what it may see, then legation peer resume"
"""Why every link is paused after a restoration."""

# What goes again as it is; deliveries are decided anew, and a void is of its own incarnation.
AS_IT_IS = frozenset(EntryKind) - {EntryKind.START, EntryKind.VIEW, EntryKind.VOID}


def notice(
    db: Writing,
    office: str,
    shown: Position,
    *,
    receipt: bytes | None = None,
    epoch: int,
    around: Surroundings,
) -> None:
    """
    Take notice of what a peer shows of our streams to it and is not here; once.

    Args:
        db: The change.
        office: The peer.
        shown: What it holds.
        receipt: What proves that, verified; None if it is its word.
        epoch: The present one.
        around: Clock and dice.
    """
    stream = outgoing.stream_of(db, office, shown.incarnation)
    is_answered = _is_named(db, office, shown.incarnation)
    new = HeldThere(
        office=office,
        incarnation=shown.incarnation,
        size=shown.size,
        root=shown.root,
        is_open=not is_answered,
        shown_at=around.seconds(),
        receipt=receipt,
    )
    if not restorations.note_shown(db, new):
        return
    if receipt is not None:
        ours = b"" if stream is None else _held_here(stream)
        peers.add_evidence(db, office, LOST, ours=ours, theirs=receipt, at=around.seconds())
    if is_answered:
        return
    if receipt is not None and _waits_since_restored(db, office):
        # That this node lost something was said already, and nothing has gone to that peer since.
        restorations.close(db, office)
        begin_again(db, office, epoch=epoch, around=around)
    elif receipt is not None:
        for each in peers.peers(db):
            _stop(db, each.office, LOST, around)
    else:
        _stop(db, office, UNKNOWN if stream is None else AHEAD, around)


def _stop(db: Writing, office: str, because: str, around: Surroundings) -> None:
    """Stop a link that is not stopped; what is proven counts more than what a peer says."""
    found = peers.peer(db, office)
    before = LinkState.PAUSED if found is None else LinkState(found.link)
    after = link_after(before, LinkEvent.LOSS)
    assert after is not None, "it can happen to any link"
    if after is not before or (found is not None and found.because in WHY_DOUBTED - {because}):
        set_link(db, office, after, because, around)


def _is_named(db: Reading, office: str, incarnation: bytes) -> bool:
    """Whether the start of the present stream to an office names an incarnation: what is lost of it has been answered."""
    present = outgoing.stream(db, office)
    if present is None or present.frontier.size == 0:
        return False
    start = outgoing.small_payload(db, present.stream_id, 0)
    return incarnation in {each.incarnation for each in read_start(start).predecessors}


def _waits_since_restored(db: Reading, office: str) -> bool:
    """Whether a restoration was declared, and the link to a peer was not resumed since."""
    found, declared = peers.peer(db, office), restorations.declared(db)
    is_restored = bool(declared) and declared[-1].what is Declared.RESTORED
    return is_restored and found is not None and (found.link, found.because) == (PAUSED, RESTORED)


def note_old(db: Writing, office: str, old: Sequence[Position], around: Surroundings) -> None:
    """Keep what a peer says that it holds of incarnations that were left."""
    for each in old:
        restorations.note_shown(
            db,
            HeldThere(
                office=office,
                incarnation=each.incarnation,
                size=each.size,
                root=each.root,
                is_open=False,
                shown_at=around.seconds(),
            ),
        )


def begin_again(db: Writing, office: str, *, epoch: int, around: Surroundings) -> Outgoing:
    """
    Begin another incarnation of the stream to *office*, with a start that names those before it.

    What had not been receipted in them is not in it yet: ``settle`` says what goes again.
    """
    before = _predecessors(db, office)
    present = outgoing.stream(db, office)
    if present is not None:
        outgoing.leave(db, present.stream_id)
    new = outgoing.start_stream(db, office, around.random(INCARNATION_SIZE_BYTES), around.seconds())
    outgoing.set_settled(db, new.stream_id, is_settled=not before)
    start = (EntryKind.START, write_start(Start(predecessors=before)), None)
    append(db, new, [start], epoch=epoch, around=around)
    found = outgoing.stream(db, office)
    assert found is not None, "a stream that was begun is there"
    return found


def _predecessors(db: Reading, office: str) -> tuple[Predecessor, ...]:
    """
    The incarnations to an office in the order in which they began, as far as that is known; the newest, if too many.

    Of each what was signed and is here, so that the peer can compare it and sees what is lost.
    """
    streams = outgoing.streams(db, office)
    known = {each.incarnation for each in streams}
    found = [_predecessor(db, each) for each in streams]
    lost = [
        Predecessor(incarnation=each.incarnation, size=0, root=EMPTY_ROOT)
        for each in restorations.held_there(db, office)
        if each.incarnation not in known
    ]
    return tuple([*found, *lost][-PREDECESSORS_MAX:])


def _predecessor(db: Reading, stream: Outgoing) -> Predecessor:
    size = outgoing.signed_size(db, stream.stream_id)
    root = outgoing.root_at(db, stream.stream_id, size) if size else EMPTY_ROOT
    return Predecessor(incarnation=stream.incarnation, size=size, root=root)


def settle(
    db: Writing,
    stream: Outgoing,
    held: Mapping[bytes, int] | None,
    *,
    epoch: int,
    blobs: Blobs,
    around: Surroundings,
) -> Outgoing:
    """
    Let go again what had not been receipted in the incarnations before the present one.

    Args:
        db: The change.
        stream: The present one.
        held: How many entries of each the peer says that it holds; None if it cannot be asked: then it holds what it
            receipted.
        epoch: The present one.
        blobs: Where long payloads are.
        around: Clock and dice.

    Returns:
        The stream as it is then.
    """
    before = [each for each in outgoing.streams(db, stream.office) if each.stream_id != stream.stream_id]
    now = around.seconds()
    for each in before:
        lost_from = each.receipt_size if held is None else held.get(each.incarnation, 0)
        for delivery_id in deliveries.in_stream(db, each.stream_id, receipted_from=lost_from):
            deliveries.send_again(db, delivery_id, epoch=epoch, at=now)
    again = _not_receipted(db, [*before, stream], blobs)
    outgoing.set_settled(db, stream.stream_id, is_settled=True)
    append(
        db,
        stream,
        [(kind, payload, None) for kind, payload in again],
        epoch=epoch,
        around=around,
        blobs=blobs,
    )
    found = outgoing.stream(db, stream.office)
    assert found is not None, "the present stream is there"
    return found


def _not_receipted(db: Reading, streams: Sequence[Outgoing], blobs: Blobs) -> list[tuple[EntryKind, bytes]]:
    """
    What of these streams goes again as it is: each once, in order, and not if it is receipted in any of them.

    What stands in the present one, which is the last, goes there.
    """
    done = {
        (kind, sha256(payload).digest())
        for each in streams
        for kind, payload in outgoing.of_kinds(
            db,
            each.stream_id,
            AS_IT_IS,
            start=0,
            stop=None if each is streams[-1] else each.receipt_size,
            blobs=blobs,
        )
    }
    found: dict[tuple[EntryKind, bytes], bytes] = {}
    for each in streams[:-1]:
        for kind, payload in outgoing.of_kinds(
            db, each.stream_id, AS_IT_IS, start=each.receipt_size, stop=None, blobs=blobs
        ):
            name = kind, sha256(payload).digest()
            if name not in done:
                found.setdefault(name, payload)
    return [(kind, payload) for (kind, _), payload in found.items()]


def _held_here(stream: Outgoing) -> bytes:
    """What is here of a stream, as it is kept as evidence."""
    frontier = stream.frontier
    return encode(Position(incarnation=stream.incarnation, size=frontier.size, root=frontier.root))
