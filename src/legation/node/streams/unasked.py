# SPDX-License-Identifier: Apache-2.0
"""
Taking in what came unasked: a bag or a push, both in the same way.

1. It follows on what is held; what came already is the same.
2. Every view is judged.
3. The attachments of those that are not refused are read out of it again, and sealed. That is on the disk.
4. One transaction takes in the receipt that rides along, stores what is new, and our receipt for it. Commit.

Up to step 3 nothing is written.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from legation.errors import EquivocationError, MalformedError, RemoteProtocolError, StoreError
from legation.exchange import (
    Accepted,
    Bag,
    Envelope,
    Held,
    Push,
    TakeAttached,
    Unasked,
    accept_unasked,
)
from legation.keys.card import Card
from legation.merkle import Hash
from legation.node.courier.bags import check_nothing_missing
from legation.node.courier.enclosing import Enclosures, check_enclosed, coming_of
from legation.node.keys.signing import Signing
from legation.node.peers.introducing import followed
from legation.node.peers.speaking import check_not_lower, note_spoken
from legation.node.rules import RuleBook, Rules
from legation.node.streams.beginning import hear_loss
from legation.node.streams.fetching import Coming
from legation.node.streams.receipting import take_what_rides_back
from legation.node.streams.taking_in import Arrived, Pulled, TakingIn, held_of
from legation.node.surroundings import Surroundings
from legation.store.attachments import Attachments, SealedFile
from legation.store.blobs import Blobs
from legation.store.sqlite import bags, incoming, node, peers
from legation.store.sqlite.database import Database, Reading, Writing

Read = Callable[[TakeAttached], bytes]
"""Reads the same envelope again, with whoever takes what is enclosed in it; gives its binding."""

Note = Callable[[Writing], None]
"""Does its part in the change that takes everything in, or refuses it."""


def _nothing(_: Writing) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """
    A bag or a push, and what it comes to at this moment; ``accepted`` is None if nothing of it is new.

    ``card``: the sender's, with those that came before the letter (``cards``).
    """

    letter: Unasked
    binding: bytes
    cards: bytes
    card: Card
    rules: Rules
    held: Held
    accepted: Accepted | None
    judged: Mapping[int, Arrived]

    def begins_anew(self, db: Reading) -> bool:
        """Whether it begins another stream in the place of one that is held, or of which there were empty bags."""
        if self.accepted is None or self.accepted.brought.start > 0:
            return False
        return self.held.incarnation is not None or bags.has_opened_others(
            db, self.letter.sender, self.letter.incarnation
        )

    @property
    def coming(self) -> Coming:
        """What is attached to what is new and not refused."""
        return coming_of(self.letter, self.judged)


class TakingUnasked:
    """
    Takes in what one peer brings unasked.

    Args:
        card: The office's own card.
        peer: Whose stream it is.
        signing: Its keys.
        database: The node's store.
        blobs: Where long views go.
        store: Where the bytes of attachments go.
        book: The rules.
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
        store: Attachments,
        book: RuleBook,
        around: Surroundings,
    ) -> None:
        self._own_card = card
        self._peer = peer
        self._database = database
        self._blobs = blobs
        self._store = store
        self._book = book
        self._around = around
        self._taking = TakingIn(
            office=str(card.office),
            peer=peer,
            signing=signing,
            database=database,
            blobs=blobs,
            book=book,
            around=around,
        )

    def weigh(self, db: Reading, found: Envelope[Bag] | Envelope[Push]) -> Weighed:
        """
        Say what it comes to (steps 1 and 2).

        Raises:
            RefusedError: The peer's card is not confirmed, or the link is stopped.
            GapError: Something before a bag has not come; it says which bag, and which entries.
            MalformedError, ProtocolError, VerificationError: As ``accept_unasked``.
        """
        letter: Unasked = found.letter
        rules = self._book.at(db)
        card = self._taking.card(db, rules)
        if found.cards:
            card = followed(card, found.cards, self._around)
        stream = incoming.stream(db, self._peer)
        held = held_of(stream)
        check_not_lower(self._peer, letter.protocol, peers.protocol(db, self._peer))
        if isinstance(letter, Bag):
            is_held = held.incarnation in {None, letter.incarnation}
            if incoming.was_left(db, letter.sender, letter.incarnation):
                raise RemoteProtocolError(
                    f"bag {letter.number} of `{letter.sender}` is of a stream that was left since",
                    hint="what was in it comes again in the present one: ask for a new bag",
                )
            check_nothing_missing(db, letter, held.frontier.size if is_held else 0)

        def leaves(start: int, stop: int) -> Iterator[Hash]:
            return incoming.leaves_between(db, stream.stream_id, start, stop) if stream else iter(())

        accepted = accept_unasked(
            found, held, keys=card.stream_keys, leaves=leaves, verify=self._around.verify
        )
        judged = {} if accepted is None else self._taking.judge_all(db, accepted, rules)
        weighed = Weighed(
            letter=letter,
            binding=found.binding,
            cards=found.cards,
            card=card,
            rules=rules,
            held=held,
            accepted=accepted,
            judged=judged,
        )
        if accepted is not None:
            check_enclosed(letter, accepted, judged)
        return weighed

    def freeze(self, error: EquivocationError) -> None:
        """Keep what proves two histories, and stop the link."""
        with self._database.read() as db:
            stream = incoming.stream(db, self._peer)
            # The checkpoint that we hold, in the receipt that we gave for it; nothing without one.
            ours = (incoming.receipt(db, stream.stream_id) if stream else None) or b""
        self._taking.freeze(error, ours=ours)

    def take(
        self, read: Read, weighed: Weighed, *, check: Note = _nothing, note: Note = _nothing
    ) -> Pulled | None:
        """
        Take in everything (steps 3 and 4).

        Args:
            read: Reads the envelope again, if something enclosed in it is wanted.
            weighed: What it comes to.
            check: May refuse, at the beginning of the change.
            note: Writes down what else is true then.

        Returns:
            None if its receipt or position shows a fork: only that took effect, and the link is frozen.

        Raises:
            MalformedError: It reads otherwise the second time.
            RemoteProtocolError: Something else was taken in since, or its receipt is for what was never sent.
            VerificationError: Its receipt does not hold.
            StoreError: The disk is full, or fails.
        """
        enclosures = Enclosures(weighed.coming, self._store, self._around)
        spare: Sequence[SealedFile] = enclosures.files
        try:
            if enclosures.files and read(enclosures.take) != weighed.binding:
                raise MalformedError("the file changed while it was opened")

            def act(db: Writing) -> tuple[Pulled | None, Sequence[SealedFile]]:
                check(db)
                found = self._commit(db, weighed, enclosures)
                if found[0] is not None:
                    note(db)
                return found

            pulled, spare = self._database.write(act)
        finally:
            for each in spare:
                with suppress(StoreError):
                    self._store.remove(each.name)
        return pulled

    def _commit(
        self, db: Writing, weighed: Weighed, enclosures: Enclosures
    ) -> tuple[Pulled | None, Sequence[SealedFile]]:
        """Step 4. Gives what came, and files that serve nobody."""
        letter = weighed.letter
        note_spoken(db, letter.sender, letter.protocol)
        self._taking.introduce(db, weighed.cards)
        take_what_rides_back(db, letter, own=self._own_card, around=self._around)
        if isinstance(letter, Bag) and weighed.begins_anew(db):
            epoch = node.epoch(db).number
            hear_loss(db, letter, epoch=epoch, blobs=self._blobs, around=self._around)
        if peers.link(db, letter.sender) in {"frozen", "excluded"}:
            return None, enclosures.files
        pulled, spare = Pulled(), list[SealedFile]()
        if weighed.accepted is not None:
            rules, judged = self._taking.present(
                db, weighed.accepted, weighed.rules, weighed.judged, weighed.card
            )
            now = replace(weighed, judged=judged)
            spare += enclosures.keep(db, now.coming)
            pulled = self._taking.commit(
                db, held=weighed.held, accepted=weighed.accepted, judged=judged, rules=rules
            )
            spare += enclosures.let_go(db, letter)
        return pulled, spare
