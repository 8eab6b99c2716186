# SPDX-License-Identifier: Apache-2.0
"""
Taking a push: what a peer brings is taken in as a bag is, and answered with where we stand then.

1. It follows on what is held, and every view is judged (``unasked``). One that begins behind what is held brings
   nothing: the answer says what is held, and the next push begins there.
2. One transaction takes in the receipt in it, what is new, and our receipt over that. Commit.
3. Only then the answer is written: our position, and our newest receipt.
"""

from collections.abc import Iterator

from legation.errors import (
    EquivocationError,
    MalformedError,
    ProtocolError,
    RefusedError,
    VerificationError,
)
from legation.exchange import NONCE_SIZE_BYTES, Envelope, Push, Taken, write_envelope
from legation.keys.card import Card
from legation.keys.seal import SECRET_SIZE_BYTES
from legation.node.keys.signing import Signing
from legation.node.rules import RuleBook
from legation.node.streams.letterbox import Letterbox
from legation.node.streams.receipting import (
    note_failure,
    note_told,
    old_to_give,
    receipt_to_give,
    take_what_rides_back,
)
from legation.node.streams.taking_in import held_of
from legation.node.streams.unasked import TakingUnasked
from legation.node.surroundings import Surroundings
from legation.store.attachments import Attachments
from legation.store.blobs import Blobs
from legation.store.sqlite import incoming, peers
from legation.store.sqlite.database import Database, Writing


class TakingPushes:
    """
    Takes the pushes of all peers; one for a process.

    Args:
        card: The office's own card.
        signing: Its keys.
        database: The node's store.
        blobs: Where long views go.
        attachments: Where the bytes of attachments go.
        around: Clock and dice.
        letterbox: Reads a push again, for what it encloses.
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
        letterbox: Letterbox,
    ) -> None:
        self._card = card
        self._office = str(card.office)
        self._signing = signing
        self._database = database
        self._blobs = blobs
        self._store = attachments
        self._around = around
        self._letterbox = letterbox
        self._book = RuleBook(card, around)

    def take(self, envelope: bytes, found: Envelope[Push]) -> Iterator[bytes]:
        """
        Take in a push, and give the answer to it, piece by piece; all of it is durable before the first.

        Args:
            envelope: As it came.
            found: What it says.

        Raises:
            RefusedError: The peer's card is not confirmed, or the link is stopped.
            ProtocolError, VerificationError, MalformedError: Nothing of it was taken in.
            EquivocationError: It shows two histories: the link is frozen.
            StoreError: The disk is full, or fails.
        """
        push = found.letter
        try:
            if push.entries and self._follows(push):
                self._take_in(envelope, found)
            else:
                self._database.write(lambda db: self._take_note(db, push))
        except (MalformedError, ProtocolError, VerificationError) as error:
            told, now = f"its push is refused: {error.message}", self._around.seconds()
            self._database.write(lambda db: note_failure(db, push.sender, told, now))
            raise
        return self._answer(found)

    def _follows(self, push: Push) -> bool:
        """Whether it begins where we hold, or before; another incarnation begins with its start."""
        with self._database.read() as db:
            held = held_of(incoming.stream(db, push.sender))
        is_same = held.incarnation in {None, push.incarnation}
        return push.start <= (held.frontier.size if is_same else 0)

    def _take_in(self, envelope: bytes, found: Envelope[Push]) -> None:
        """Steps 1 and 2."""
        push = found.letter
        taking = TakingUnasked(
            card=self._card,
            peer=push.sender,
            signing=self._signing,
            database=self._database,
            blobs=self._blobs,
            store=self._store,
            book=self._book,
            around=self._around,
        )
        try:
            with self._database.read() as db:
                weighed = taking.weigh(db, found)
        except EquivocationError as error:
            taking.freeze(error)
            raise
        pulled = taking.take(
            lambda take: self._letterbox.read_again(envelope, take),
            weighed,
            note=lambda db: self._note_heard(db, push),
        )
        if pulled is None:
            raise _frozen(push.sender)

    def _take_note(self, db: Writing, push: Push) -> None:
        """Of a push that brings nothing, or begins too late, take in what rides along."""
        if peers.link(db, push.sender) in {"frozen", "excluded"}:
            raise _frozen(push.sender)
        take_what_rides_back(db, push, own=self._card, around=self._around)
        self._note_heard(db, push)

    def _note_heard(self, db: Writing, push: Push) -> None:
        now = self._around.seconds()
        peers.heard(db, push.sender, now)
        note_told(db, push.sender, push.position, now)

    def _answer(self, found: Envelope[Push]) -> Iterator[bytes]:
        """Step 3."""
        push = found.letter
        with self._database.read() as db:
            if peers.link(db, push.sender) in {"frozen", "excluded"}:
                raise _frozen(push.sender)
            taken = Taken(
                sender=self._office,
                receiver=push.sender,
                nonce=self._around.random(NONCE_SIZE_BYTES),
                push=found.binding,
                challenge=push.challenge,
                position=held_of(incoming.stream(db, push.sender)).position,
                receipt=receipt_to_give(db, push.sender, self._card),
                old=old_to_give(db, push.sender, self._card),
            )
        return write_envelope(
            taken,
            [],
            signer=self._signing.stream.ed25519,
            to=push.answer_key,
            secret=self._around.random(SECRET_SIZE_BYTES),
            sealer=self._around.sealer,
        )


def _frozen(office: str) -> RefusedError:
    return RefusedError(f"the link to `{office}` is stopped", hint="legation peer list says why")
