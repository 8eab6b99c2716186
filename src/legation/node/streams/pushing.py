# SPDX-License-Identifier: Apache-2.0
"""
Pushing: what waits for a peer is brought to it, where it cannot come for it; and where both sides stand is compared.

The order is that of an answer to a pull. For each push:

1. Decide, cut, append: one transaction. Commit.
2. The checkpoint of the committed size is signed, once, and stored. Commit.
3. Only then bytes are sent. Before each piece the epoch is looked at again; if it moved so that something may no
   longer be handed over, the push ends in the middle, and opens to nothing.
4. What answers it opens with the key that this push alone knows, and gives its challenge back.
5. One transaction takes in the receipt, and weighs the position. The next push begins where the peer stands.

A push is held by its receiver whole, so an entry with more attached than fits waits for a pull or a bag, and all that
follows it waits too. A push that brings nothing is how an idle link is looked after, in both directions at once.

Synchronous, and used by one thread at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from legation.encoding import encode
from legation.errors import RefusedError, RemoteProtocolError
from legation.exchange import (
    CHALLENGE_SIZE_BYTES,
    NONCE_SIZE_BYTES,
    PAYLOAD_SIZE_BYTES_MAX,
    PUSHED_MAX,
    Action,
    Enclosed,
    Push,
    Taken,
    binding_of,
)
from legation.keys.card import Card
from legation.node.keys.signing import Signing
from legation.node.peers.introducing import has_card_to_tell, introduction_for
from legation.node.peers.speaking import version_for
from legation.node.rules import RuleBook, Rules
from legation.node.streams.asking import Asking, Exchange
from legation.node.streams.filling import attached_to
from legation.node.streams.handing_over import Batch, HandingOver, passes_stopped
from legation.node.streams.numbering import stream_to
from legation.node.streams.receipting import note_told, old_to_give, receipt_to_give, take_what_rides_back
from legation.node.streams.taking_in import held_of
from legation.node.surroundings import Surroundings, is_recent
from legation.store.attachments import Attachments
from legation.store.blobs import Blobs
from legation.store.sqlite import deliveries, incoming, outgoing, peers
from legation.store.sqlite.attachments import Kept
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.outgoing import Outgoing

STALLED_MAX = 3  # one is enough to find out where a peer stands; others may have been faster
LOST_EVERY_S = 600  # what a peer lost takes many pushes to send, and is one loss


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """
    What one push came to.

    Args:
        entries: How many it brought.
        held: How many entries of the stream the peer holds now.
        size: How many the stream has.
        too_long: The entry that does not fit in a push, if the next one is such.
    """

    entries: int
    held: int
    size: int
    too_long: int | None = None

    @property
    def has_more(self) -> bool:
        """Whether another push would bring something now."""
        return self.held < self.size and self.too_long is None


@dataclass(frozen=True, kw_only=True)
class _Filled:
    """What one push is made from: entries, and where the attachments lie that belong to them."""

    batch: Batch
    card: Card
    protocol: int
    enclosed: Sequence[tuple[Enclosed, Kept]] = ()
    too_long: int | None = None


class Pushing:
    """
    Pushes to one peer; used by one thread at a time.

    Args:
        card: The office's own card.
        peer: The office that is pushed to.
        signing: Our keys.
        database: The node's store.
        blobs: Where long payloads are.
        attachments: Where the bytes of attachments are.
        around: Clock and dice.
    """

    def __init__(
        self,
        *,
        card: Card,
        peer: str,
        signing: Signing,
        database: Database,
        blobs: Blobs,
        attachments: Attachments,
        around: Surroundings,
    ) -> None:
        self._card = card
        self._office = str(card.office)
        self._peer = peer
        self._database = database
        self._store = attachments
        self._around = around
        self._book = RuleBook(card, around)
        self._asking = Asking(office=self._office, peer=peer, signing=signing, around=around)
        self._handing = HandingOver(
            card=card, signing=signing, database=database, blobs=blobs, book=self._book, around=around
        )
        self._said: tuple[int, int] | None = (
            None  # how much the peer held when it answered last, and had receipted
        )
        self._stalled = 0  # pushes in a row after which the peer held no more than before
        self._lost_at: int | None = None  # when it was last found to have lost something

    def has_news(self) -> bool:
        """Whether a push would bring something; a few indexed reads and nothing else."""
        with self._database.read() as db:
            stream, link = outgoing.stream(db, self._peer), peers.peer(db, self._peer)
            stands = peers.link(db, self._peer)
            if link is None or stands != "active":
                passes = stream is not None and passes_stopped(db, stream, self._start(stream))
                return passes and stands != "frozen"
            if stream is None:
                return self._waits(db)
            waits = self._waits(db)
            return link.too_long is None and (waits or self._start(stream) < stream.frontier.size)

    def push(self, exchange: Exchange) -> Pushed:
        """
        Bring the peer what is next, and take in where it stands.

        Args:
            exchange: The way to the peer.

        Raises:
            RefusedError: The peer's card is not confirmed here, the link is stopped, or no version of the exchange is
                common to both.
            UnreachableError: No answer came.
            VerificationError: What answers does not hold.
            ProtocolError: It is out of turn, or the rules changed on the way.
        """
        filled = self._database.write(self._fill)
        batch = filled.batch
        if batch.entries:
            batch = self._database.write(lambda db: self._handing.checked(db, batch))
        opener = self._asking.opener()
        with self._database.read() as db:
            push = Push(
                sender=self._office,
                receiver=self._peer,
                nonce=self._around.random(NONCE_SIZE_BYTES),
                answer_key=opener.public_key,
                challenge=self._around.random(CHALLENGE_SIZE_BYTES),
                incarnation=batch.stream.incarnation,
                start=batch.start,
                protocol=filled.protocol,
                entries=batch.letter_entries,
                checkpoint=batch.checkpoint,
                enclosed=tuple(each for each, _ in filled.enclosed),
                receipt=receipt_to_give(db, self._peer, self._card),
                position=held_of(incoming.stream(db, self._peer)).position,
                old=old_to_give(db, self._peer, self._card),
            )
        taken = self._asking.ask(exchange, self._written(push, filled, batch), Taken, opener, filled.card)
        letter = taken.letter
        if (letter.push, letter.challenge) != (binding_of(push), push.challenge):
            raise RemoteProtocolError("an answer came to another push than ours")
        return self._take(letter, filled)

    def _fill(self, db: Writing) -> _Filled:
        """Step 1: what is next, as much as fits."""
        rules = self._book.turn(db)
        card = rules.cards.get(self._peer)
        if card is None:
            raise RefusedError(
                f"the card of `{self._peer}` is not confirmed", hint=f"legation peer confirm {self._peer}"
            )
        link = peers.link(db, self._peer)
        protocol = version_for(db, card, self._card, self._around)
        batch = self._batch(db, rules) if link == "active" else self._stopped(db, rules, link)
        filled = self._fitting(db, _Filled(batch=batch, card=card, protocol=protocol), rules)
        peers.set_too_long(db, self._peer, filled.too_long)
        return filled

    def _batch(self, db: Writing, rules: Rules) -> Batch:
        """What is next."""
        stream = stream_to(db, self._peer, self._around)
        if self._said is None and stream.frontier.size > 0:
            # Nothing new is signed before the peer has said where it stands: this node may have forgotten something.
            return Batch(stream=stream, start=self._start(stream), epoch=rules.epoch)
        if not stream.is_settled:
            # What was left for this stream goes again in it; nobody has to ask first.
            self._handing.number(db, self._peer, rules)
        return self._handing.fill(db, self._peer, rules, self._start(stream))

    def _stopped(self, db: Writing, rules: Rules, link: str) -> Batch:
        """What goes where the link is stopped: what is to stop the use of something. Where both stand is compared."""
        stream = stream_to(db, self._peer, self._around)
        start = self._start(stream)
        found = self._handing.fill_stopped(db, self._peer, rules, start) if link != "frozen" else None
        if found is None and link != "paused":
            raise RefusedError(f"the link to `{self._peer}` is {link}", hint="legation peer list says why")
        return found or Batch(stream=stream, start=start, epoch=rules.epoch)

    def _waits(self, db: Reading) -> bool:
        """Whether something is to be numbered for the peer."""
        return deliveries.has_waiting(db, self._peer) or has_card_to_tell(db, self._peer, self._card)

    def _start(self, stream: Outgoing) -> int:
        """Where the peer stands, as far as is known: where it said; unless it has receipted more since, by any way."""
        if self._said is None:
            return stream.receipt_size
        held, receipted = self._said
        held = held if stream.receipt_size <= receipted else max(held, stream.receipt_size)
        return min(held, stream.frontier.size)

    def _fitting(self, db: Reading, filled: _Filled, rules: Rules) -> _Filled:
        """End a push before what is attached makes it too long."""
        enclosed: list[tuple[Enclosed, Kept]] = []
        size_bytes = 0
        for place, entry in enumerate(filled.batch.entries):
            more = list(attached_to(db, entry, rules))
            if entry.payload is not None:
                size_bytes += len(entry.payload)
            size_bytes += sum(each.size for each, _ in more)
            if size_bytes > PAYLOAD_SIZE_BYTES_MAX or len(enclosed) + len(more) > PUSHED_MAX:
                kept = replace(filled.batch, entries=filled.batch.entries[:place])
                too_long = entry.header.number if place == 0 else None
                return replace(filled, batch=kept, enclosed=enclosed, too_long=too_long)
            enclosed += more
        return replace(filled, enclosed=enclosed)

    def _written(self, push: Push, filled: _Filled, batch: Batch) -> Iterator[bytes]:
        """Step 3."""
        attached = (self._store.chunks(kept.file, each.size) for each, kept in filled.enclosed)
        with self._database.read() as db:
            cards = introduction_for(db, self._peer, self._card)
        written = self._asking.write(push, filled.card, batch.payloads, attached, cards)
        # What hands nothing over cannot hand over too much.
        return self._handing.guarded(written, self._peer, batch) if batch.entries else written

    def _take(self, taken: Taken, filled: _Filled) -> Pushed:
        """Step 5."""
        now = self._around.seconds()

        def act(db: Writing) -> tuple[Action, Outgoing]:
            action = take_what_rides_back(
                db, taken, own=self._card, around=self._around, challenge_holds=True
            )
            if action is Action.ANSWER_AND_REPORT:
                self._report_loss(db, taken, now)
            note_told(db, self._peer, taken.position, now)
            peers.reached(db, self._peer, now)
            stream = outgoing.stream(db, self._peer)
            assert stream is not None, "the stream was just used"
            return action, stream

        action, stream = self._database.write(act)
        if action in {Action.STOP, Action.FREEZE}:
            raise RemoteProtocolError(f"`{self._peer}` holds another history than ours of our stream to it")
        stands = taken.position is not None and action is not Action.BEGIN
        held = taken.position.size if taken.position is not None and stands else 0
        self._check_moves(held, filled)
        self._said = held, stream.receipt_size
        return Pushed(
            entries=len(filled.batch.entries), held=held, size=stream.frontier.size, too_long=filled.too_long
        )

    def _check_moves(self, held: int, filled: _Filled) -> None:
        """See that a peer takes what it is sent, sooner or later; one that does not is no reason to go on sending."""
        moves = not filled.batch.entries or held >= filled.batch.end
        self._stalled = 0 if moves else self._stalled + 1
        if self._stalled > STALLED_MAX:
            self._stalled = 0
            raise RemoteProtocolError(f"`{self._peer}` does not take what it is sent")

    def _report_loss(self, db: Writing, taken: Taken, now: int) -> None:
        """Keep the receipt for what the peer has lost; once, however many pushes it takes to send it."""
        if not is_recent(self._lost_at, now, LOST_EVERY_S):
            stream = outgoing.stream(db, self._peer)
            receipt = (None if stream is None else outgoing.receipt(db, stream.stream_id)) or b""
            theirs = b"" if taken.position is None else encode(taken.position)
            said = "it has lost what it had receipted"
            peers.add_evidence(db, self._peer, said, ours=receipt, theirs=theirs, at=now)
        self._lost_at = now
