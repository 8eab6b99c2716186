# SPDX-License-Identifier: Apache-2.0
"""
Answering a pull: what a peer is handed, and when.

The order is the promise. For each pull:

1. The envelope opens, its signature is that of a pinned card, and it was not answered before.
2. A receipt in it is verified and stored; its deliveries are receipted.
3. The position in it is weighed against our own stream (``exchange.sending``).
4. Decide, cut, append: one transaction. Commit.
5. The checkpoint of a committed size is signed, once, and stored. Commit.
6. Only then bytes are given out. Before each chunk the epoch is looked at again; if it moved, what has
   not been given out is decided again, and a changed outcome ends the answer in the middle.

A pull with nothing new costs a few indexed reads, however much was sent, received or refused before.
What a peer is told depends on its own stream and the entries in it alone.

Plain and synchronous: ``serving`` calls it from worker threads and does the waiting.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from legation.encoding import encode
from legation.errors import (
    MalformedError,
    ProtocolError,
    VerificationError,
)
from legation.exchange import (
    ACTIONS,
    CHALLENGE_SIZE_BYTES,
    NONCE_SIZE_BYTES,
    Action,
    Answer,
    EntryKind,
    Envelope,
    Fetch,
    Position,
    Pull,
    offered,
    read_view,
    write_envelope,
)
from legation.exchange.letter import EMPTY_ROOT
from legation.item.view import inspect
from legation.keys.card import Card
from legation.keys.seal import SECRET_SIZE_BYTES
from legation.node.desk.attaching import attached_in, wanted_of
from legation.node.keys.signing import Signing
from legation.node.peers.introducing import has_card_to_tell, introduction_for
from legation.node.rules import RuleBook, is_due
from legation.node.streams.beginning import LOST, hear_old, start_of
from legation.node.streams.handing_over import Batch, HandingOver, passes_stopped
from legation.node.streams.incarnations import notice
from legation.node.streams.letterbox import Letterbox
from legation.node.streams.numbering import not_to_go, stream_to
from legation.node.streams.receipting import (
    freeze,
    is_new,
    note_failure,
    note_told,
    says_more,
    standing_of,
    take_old,
    take_receipt,
)
from legation.node.surroundings import Surroundings, is_recent
from legation.store.attachments import Attachments
from legation.store.blobs import Blobs
from legation.store.sqlite import attachments, deliveries, node, outgoing, peers, restorations
from legation.store.sqlite.attachments import Kept
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.outgoing import Outgoing

CHALLENGE_TIME_S = 600  # a challenge counts for ten minutes, and once
HEARD_EVERY_S = 30  # how often a link that is idle is written down as alive
RESENT_EVERY_S = 600  # what a peer lost takes many answers to send, and is one loss


@dataclass(frozen=True, kw_only=True)
class _Offer:
    """An attachment that a peer may be handed, and the entry that it belongs to as a batch."""

    kept: Kept
    batch: Batch


@dataclass(kw_only=True)
class _Remembered:
    """What is remembered of one peer while the process lives; all of it may be lost."""

    heard_at: int | None = None
    challenge: bytes | None = None
    challenged_at: int = 0
    resent_at: int | None = None  # when it was last sent again what it had receipted
    pulled_at: int | None = None  # when it last pulled


class Answering:
    """
    Answers the pulls of all peers; one for a process.

    Args:
        card: The office's own card.
        signing: Its keys.
        database: The node's store.
        blobs: Where long payloads are.
        attachments: Where the bytes of attachments are.
        around: Clock and dice.
    """

    def __init__(
        self,
        *,
        card: Card,
        signing: Signing,
        database: Database,
        blobs: Blobs,
        attachments: Attachments,
        around: Surroundings,
    ) -> None:
        self._card = card
        self._office = str(card.office)
        self._signing = signing
        self._database = database
        self._blobs = blobs
        self._attachments = attachments
        self._around = around
        self._book = RuleBook(card, around)
        self._handing = HandingOver(
            card=card,
            signing=signing,
            database=database,
            blobs=blobs,
            book=self._book,
            around=around,
        )
        self.letterbox = Letterbox(card=card, signing=signing, database=database, around=around)
        self._lock = threading.Lock()  # over what is remembered
        self._remembered: dict[str, _Remembered] = {}

    def open(self, envelope: bytes) -> Envelope[Pull]:
        """
        Open a pull (step 1).

        Raises:
            LegationError: It is not one that is answered. The peer is not told why.
        """
        return self.letterbox.open(envelope, Pull)

    def take_in(self, pull: Pull) -> None:
        """
        Take in what a pull brings: that the peer is there, and its receipt (step 2).

        Of a receipt that is refused nothing stays but a word to our own people.

        Raises:
            RemoteProtocolError: The receipt is for what was never sent.
            VerificationError: The receipt does not hold.
        """
        now = self._around.seconds()
        remembered = self._of(pull.sender)
        remembered.pulled_at = now
        if not is_recent(remembered.heard_at, now, HEARD_EVERY_S):
            self._database.write(lambda db: self._note_heard(db, pull, now))
            remembered.heard_at = now
        receipt = pull.receipt
        is_new = receipt is not None and self._is_new(pull.sender, receipt)
        if is_new or self._says_more(pull):
            try:
                self._database.write(lambda db: self._take_receipts(db, pull, receipt if is_new else None))
            except (MalformedError, ProtocolError, VerificationError) as error:
                told = f"its receipt is refused: {error.message}"
                self._database.write(lambda db: note_failure(db, pull.sender, told, now))
                raise

    def _says_more(self, pull: Pull) -> bool:
        """Whether a pull says of streams that were left what is not known here yet."""
        if not pull.old:
            return False
        with self._database.read() as db:
            return any(says_more(db, pull.sender, each) for each in pull.old)

    def _take_receipts(self, db: Writing, pull: Pull, receipt: bytes | None) -> None:
        if receipt is not None:
            take_receipt(db, pull.sender, receipt, own=self._card, around=self._around)
        take_old(db, pull.sender, pull.old, own=self._card, around=self._around)
        note_told(db, pull.sender, pull.position, self._around.seconds())

    def _note_heard(self, db: Writing, pull: Pull, now: int) -> None:
        peers.heard(db, pull.sender, now)
        note_told(db, pull.sender, pull.position, now)

    def pulls(self, office: str, within_s: int) -> bool:
        """Whether a peer has pulled within so many seconds, while this process lives."""
        return is_recent(self._of(office).pulled_at, self._around.seconds(), within_s)

    def has_news(self, pull: Pull) -> bool:
        """Whether a waiting pull would be answered now; a few indexed reads and nothing else."""
        with self._database.read() as db:
            return self._has_work(db, pull)

    def batch(self, pull: Pull) -> Batch:
        """
        Decide, cut, append and sign what the peer is to be given (steps 3 to 5).

        Whatever it returns is committed.
        """
        challenge_holds = self._use_challenge(pull)
        with self._database.read() as db:
            if not self._has_work(db, pull):
                stream = outgoing.stream(db, pull.sender)
                assert stream is not None, "where there is no stream there is work"
                return _nothing(stream, pull, node.epoch(db).number)
            self._book.at(db)  # what is committed is remembered; what decides below begins with it
        batch = self._database.write(lambda db: self._decide(db, pull, challenge_holds))
        if not batch.entries:
            return batch
        return self._database.write(lambda db: self._handing.checked(db, batch))

    def answer(self, found: Envelope[Pull]) -> Iterator[bytes]:
        """Answer a pull that was taken in, without waiting for news (steps 3 to 6)."""
        fetch = found.letter.fetch
        return self.pieces(found, self.batch(found.letter)) if fetch is None else self.chunks(found, fetch)

    def work_ahead(self, office: str) -> None:
        """
        Number what waits for a peer that is taking what there is, before it asks for it.

        It is decided again when it is sent, if the epoch has moved by then.
        """
        with self._database.read() as db:
            waits = peers.link(db, office) == "active" and (
                deliveries.has_waiting(db, office) or has_card_to_tell(db, office, self._card)
            )
        if waits:
            self._database.write(lambda db: self._number_ahead(db, office))

    def _number_ahead(self, db: Writing, office: str) -> None:
        # Between the look and the change the link may have been stopped.
        stream = outgoing.stream(db, office)
        if peers.link(db, office) == "active" and (stream is None or stream.is_settled):
            self._handing.number(db, office, self._book.turn(db))

    def pieces(self, found: Envelope[Pull], batch: Batch) -> Iterator[bytes]:
        """
        Give out the answer, piece by piece (step 6).

        Raises:
            RemoteProtocolError: The rules changed on the way, and with them what may be handed over.
        """
        answer = Answer(
            sender=self._office,
            receiver=found.letter.sender,
            nonce=self._around.random(NONCE_SIZE_BYTES),
            pull=found.binding,
            incarnation=batch.stream.incarnation,
            start=batch.start,
            entries=batch.letter_entries,
            checkpoint=batch.checkpoint,
            challenge=batch.challenge,
        )
        written = self._written(answer, batch.payloads, found)
        # What hands nothing over cannot hand over too much.
        return self._handing.guarded(written, found.letter.sender, batch) if batch.entries else written

    def chunks(self, found: Envelope[Pull], fetch: Fetch) -> Iterator[bytes]:
        """
        Give out chunks of an attachment, piece by piece; none if the peer is not to have them, or there are none.

        That is decided anew each time, and before each piece, as for entries.

        Raises:
            RemoteProtocolError: The rules changed on the way, and with them what may be handed over.
        """
        with self._database.read() as db:
            begins = is_due(db, self._around)
            given = None if begins else self._offer(db, found.letter.sender, fetch)
        if begins:
            given = self._database.write(lambda db: self._offer(db, found.letter.sender, fetch))
        chunks = () if given is None else offered(fetch, given.kept.leaves)
        answer = Answer(
            sender=self._office,
            receiver=found.letter.sender,
            nonce=self._around.random(NONCE_SIZE_BYTES),
            pull=found.binding,
            incarnation=fetch.incarnation,
            start=fetch.number,
            chunks=chunks,
        )
        payloads = (
            self._attachments.chunk(given.kept.file, fetch.size, each.number)
            for each in chunks
            if given is not None
        )
        written = self._written(answer, payloads, found)
        return written if given is None else self._handing.guarded(written, found.letter.sender, given.batch)

    def _offer(self, db: Reading, office: str, fetch: Fetch) -> "_Offer | None":
        """Find an attachment of an entry that the peer may be handed now, and where it lies."""
        rules = self._book.turn(db) if isinstance(db, Writing) else self._book.at(db)
        stream = outgoing.stream(db, office)
        if (
            stream is None
            or stream.incarnation != fetch.incarnation
            or fetch.number >= stream.frontier.size
            or peers.link(db, office) != "active"
        ):
            return None
        entries = outgoing.entries(
            db, stream.stream_id, fetch.number, size_bytes_max=1, count_max=1, blobs=self._blobs
        )
        [entry] = entries
        if entry.payload is None or entry.header.kind is not EntryKind.VIEW:
            return None
        if not_to_go(db, office, entries, rules):
            return None
        contents = inspect(read_view(entry.payload)[1])
        for each in attached_in(contents):
            if (each.portion.root, each.portion.size) == (fetch.root, fetch.size):
                kept = attachments.find(db, wanted_of(each.portion, rules.ids[each.policy, each.label]))
                if kept is not None:
                    batch = Batch(stream=stream, start=fetch.number, epoch=rules.epoch, entries=entries)
                    return _Offer(kept=kept, batch=batch)
        return None

    def _written(self, answer: Answer, payloads: Iterable[bytes], found: Envelope[Pull]) -> Iterator[bytes]:
        with self._database.read() as db:
            cards = introduction_for(db, answer.receiver, self._card, holds=_start(found.letter))
        return write_envelope(
            answer,
            payloads,
            signer=self._signing.stream.ed25519,
            to=found.letter.answer_key,
            secret=self._around.random(SECRET_SIZE_BYTES),
            sealer=self._around.sealer,
            cards=cards,
        )

    def _of(self, office: str) -> _Remembered:
        with self._lock:
            return self._remembered.setdefault(office, _Remembered())

    def _is_new(self, office: str, receipt: bytes) -> bool:
        with self._database.read() as db:
            return is_new(db, office, receipt)

    def _has_work(self, db: Reading, pull: Pull) -> bool:
        """Whether anything has to be decided or sent for this peer."""
        stream = outgoing.stream(db, pull.sender)
        if stream is None or is_due(db, self._around):
            return True
        is_elsewhere = pull.position is not None and (
            pull.position.incarnation != stream.incarnation or pull.position.size > stream.frontier.size
        )
        if (is_elsewhere or pull.old or not stream.is_settled) and peers.link(db, pull.sender) != "frozen":
            return True
        link = peers.link(db, pull.sender)
        if link != "active":
            return link != "frozen" and passes_stopped(db, stream, _start(pull))
        position = pull.position or Position(incarnation=stream.incarnation, size=0, root=EMPTY_ROOT)
        return (
            position.size != stream.frontier.size
            or position.root != stream.frontier.root
            or deliveries.has_waiting(db, pull.sender)
            or has_card_to_tell(db, pull.sender, self._card)
        )

    def _decide(self, db: Writing, pull: Pull, challenge_holds: bool) -> Batch:
        """Steps 3 and 4, in one transaction."""
        rules = self._book.turn(db)
        office = pull.sender
        stream = stream_to(db, office, self._around)
        nothing = _nothing(stream, pull, rules.epoch)
        link = peers.link(db, office)
        if link == "frozen":
            return nothing
        action = ACTIONS[standing_of(db, stream, pull.position, challenge_holds=challenge_holds)]
        if (
            link != "active"
            and action not in {Action.BEGIN, Action.STOP, Action.FREEZE}
            and stream.is_settled
            and not passes_stopped(db, stream, _start(pull))
        ):
            return nothing
        if action is Action.ASK:
            return replace(nothing, challenge=self._new_challenge(office))
        if action in {Action.FREEZE, Action.STOP}:
            is_proven = self._stop(db, stream, pull, action)
            # With a challenge the peer gives back its receipt, which proves what it says.
            is_asked = action is Action.STOP and not (challenge_holds or is_proven)
            challenge = self._new_challenge(office) if is_asked else None
            return replace(nothing, challenge=challenge, is_stopped=True)
        start = _start_in(stream, pull)
        if start == 0 and (link != "active" or not stream.is_settled):
            # It names what was left, and hands nothing over.
            entries = start_of(db, stream, self._blobs)
            return Batch(stream=stream, start=0, epoch=rules.epoch, entries=entries)
        has_lost_all = action is Action.ANSWER_AND_REPORT and start == 0
        if not stream.is_settled or pull.old or has_lost_all:
            found = hear_old(
                db,
                stream,
                pull,
                challenge_holds=challenge_holds,
                epoch=rules.epoch,
                blobs=self._blobs,
                around=self._around,
            )
            if found is None:
                return replace(nothing, challenge=self._new_challenge(office))
        if peers.link(db, office) != "active":
            return self._handing.fill_stopped(db, office, rules, start) or nothing
        if action is Action.ANSWER_AND_REPORT:
            self._report_loss(db, stream, pull)
        return self._handing.fill(db, office, rules, start)

    def _stop(self, db: Writing, stream: Outgoing, pull: Pull, action: Action) -> bool:
        """Keep what a position shows that is not ours, or not here; say whether that is proven."""
        if action is Action.FREEZE:
            said = "its position shows another history than ours"
            freeze(db, stream, _start(pull), because=said, theirs=_told(pull), around=self._around)
        elif pull.position is not None:
            epoch = node.epoch(db).number
            notice(db, stream.office, pull.position, epoch=epoch, around=self._around)
            found = restorations.shown(db, stream.office, pull.position.incarnation)
            return found is not None and found.receipt is not None
        return False

    def _report_loss(self, db: Writing, stream: Outgoing, pull: Pull) -> None:
        """Keep the receipt for what the peer has lost; once, however many answers it takes to send it."""
        now, remembered = self._around.seconds(), self._of(stream.office)
        if not is_recent(remembered.resent_at, now, RESENT_EVERY_S):
            receipt = outgoing.receipt(db, stream.stream_id) or b""
            peers.add_evidence(db, stream.office, LOST, ours=receipt, theirs=_told(pull), at=now)
        remembered.resent_at = now

    def _new_challenge(self, office: str) -> bytes:
        remembered = self._of(office)
        remembered.challenge = self._around.random(CHALLENGE_SIZE_BYTES)
        remembered.challenged_at = self._around.seconds()
        return remembered.challenge

    def _use_challenge(self, pull: Pull) -> bool:
        """Whether the pull brings back a challenge that was issued lately; then it is used up."""
        remembered = self._of(pull.sender)
        issued, remembered.challenge = remembered.challenge, None
        age_s = self._around.seconds() - remembered.challenged_at
        return issued is not None and pull.challenge == issued and 0 <= age_s < CHALLENGE_TIME_S


def _nothing(stream: Outgoing, pull: Pull, epoch: int) -> Batch:
    """Nothing new, wherever the peer stands: also in an incarnation that it is not told more of."""
    incarnation = (
        stream.incarnation if _start(pull) == 0 or pull.position is None else pull.position.incarnation
    )
    return Batch(stream=replace(stream, incarnation=incarnation), start=_start(pull), epoch=epoch)


def _start_in(stream: Outgoing, pull: Pull) -> int:
    """How much the peer holds of a stream."""
    is_of_it = pull.position is not None and pull.position.incarnation == stream.incarnation
    return _start(pull) if is_of_it else 0


def _start(pull: Pull) -> int:
    return 0 if pull.position is None else pull.position.size


def _told(pull: Pull) -> bytes:
    """What a pull said of its position, as it is kept as evidence."""
    return encode(pull.position) if pull.position is not None else b""
