# SPDX-License-Identifier: Apache-2.0
"""
Pulling: ask a peer for what is new, and take it in.

For each answer:

1. It opens with the key that this pull alone knows, is signed by the peer, and answers this pull.
2. Its entries follow without a gap on what is held, and lead to the root that the peer signed.
3. Every view is judged: held, set apart, or refused for ever (``judge``).
4. What is attached to those that are not refused is fetched, chunk by chunk (``fetching``). That is on the disk.
5. One transaction stores views, access ids, cursor, inbox rows, log entries and our receipt (``taking_in``). Commit.
6. The receipt goes with the next pull. Nothing was receipted to the peer before it was durable.

Where more is likely to follow, the next answer is fetched while this one is taken in. The pull for it
says how far this one reaches, and receipts nothing of it: if it is not committed, what was fetched is
dropped and asked for again.

Synchronous, as ``answering``, but for the one thread that fetches ahead.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from legation.errors import (
    EquivocationError,
    RemoteProtocolError,
)
from legation.exchange import (
    BATCH_SIZE_BYTES,
    ENTRIES_MAX,
    NONCE_SIZE_BYTES,
    Accepted,
    Answer,
    Envelope,
    Fetch,
    Former,
    Held,
    Pull,
    TakenBack,
    accept,
    binding_of,
)
from legation.keys.card import Card
from legation.keys.seal import Opener
from legation.log import Frontier
from legation.node.keys.signing import Signing
from legation.node.peers.introducing import followed
from legation.node.peers.speaking import version_for
from legation.node.rules import RuleBook, Rules
from legation.node.streams.asking import Asking, Exchange
from legation.node.streams.fetching import Coming, Fetching
from legation.node.streams.receipting import old_to_give, receipt_to_give
from legation.node.streams.taking_in import Arrived, Pulled, TakingIn, held_of
from legation.node.surroundings import Surroundings, is_recent
from legation.store.attachments import Attachments, SealedFile
from legation.store.blobs import Blobs
from legation.store.sqlite import incoming, peers
from legation.store.sqlite.database import Database, Writing

REACHED_EVERY_S = 30  # how often an idle link is written down as alive
ASKED_BACK_MAX = 3  # challenges in a row; one is enough, unless the peer started anew or the clock moved


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What a pull is made from: what is held, the peer's card, the receipt that goes with it, the version, what was left."""

    held: Held
    card: Card
    receipt: bytes | None
    protocol: int
    old: tuple[Former, ...] = ()
    wait_s: int = 0


@dataclass(frozen=True, kw_only=True)
class _Fetched:
    """An answer that opened, and what was asked."""

    asked: _Asked
    envelope: Envelope[Answer]


class _Ahead(threading.Thread):
    """
    Fetches the next answer beside what else is done.

    Args:
        fetch: Asks and waits.
    """

    def __init__(self, fetch: Callable[[], _Fetched]) -> None:
        super().__init__(name="pull ahead", daemon=True)
        self._fetch = fetch
        self._fetched: _Fetched | None = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Fetch; what fails, fails for whoever asks for the result."""
        try:
            self._fetched = self._fetch()
        except BaseException as error:  # noqa: BLE001 - it is raised again, in the thread that asks
            self._error = error

    def result(self) -> _Fetched:
        """Wait for the answer, or for what went wrong."""
        self.join()
        if self._error is not None:
            raise self._error
        assert self._fetched is not None, "it is one or the other"
        return self._fetched


class Pulling:
    """
    Pulls from one peer; used by one thread at a time.

    Args:
        card: The office's own card.
        peer: The office that is pulled from.
        signing: Our keys.
        database: The node's store.
        blobs: Where long views go.
        attachments: Where the bytes of attachments go.
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
        self._office = str(card.office)
        self._own_card = card
        self._book = RuleBook(card, around)
        self._peer = peer
        self._asking = Asking(office=self._office, peer=peer, signing=signing, around=around)
        self._database = database
        self._taking = TakingIn(
            office=self._office,
            peer=peer,
            signing=signing,
            database=database,
            blobs=blobs,
            book=self._book,
            around=around,
        )
        self._fetching = Fetching(peer=peer, store=attachments, database=database, around=around)
        self._around = around
        self._challenge: bytes | None = None
        self._asked_back = 0  # in a row
        self._reached_at: int | None = None
        self._told: bytes | None = (
            None  # the incarnation of which it has heard what we hold of those before it
        )
        self._reported: bytes | None = None  # the newest receipt that the peer has had
        self._ahead: _Ahead | None = None  # what is being fetched already

    def pull(self, exchange: Exchange, *, wait_s: int = 0) -> Pulled:
        """
        Make one pull and take in the answer.

        Args:
            exchange: The way to the peer.
            wait_s: How long the peer may wait for news.

        Raises:
            RefusedError: The peer's card is not confirmed here, the link is stopped, or no version of the exchange is
                common to both.
            UnreachableError: No answer came.
            VerificationError: The answer does not hold; nothing of it was taken in.
            ProtocolError: It is out of turn; nothing of it was taken in.
        """
        with self._database.read() as db:
            rules = self._book.at(db)
            card = self._taking.card(db, rules)
            stream = incoming.stream(db, self._peer)
            receipt = receipt_to_give(db, self._peer, self._own_card)
            protocol = version_for(db, card, self._own_card, self._around)
            held = held_of(stream)
            # Once in each process is enough; it is of use in a stream that has just begun.
            old = () if self._told == held.incarnation else old_to_give(db, self._peer, self._own_card)
        asked = _Asked(held=held, card=card, receipt=receipt, protocol=protocol, old=old, wait_s=wait_s)
        try:
            fetched = self._next(exchange, asked)
            self._reported = fetched.asked.receipt
            if fetched.asked.old and fetched.envelope.letter.challenge is None:
                self._told = fetched.asked.held.incarnation
            return self._take(fetched.envelope, asked, rules, exchange)
        except EquivocationError as error:
            self._taking.freeze(error)
            raise

    def _next(self, exchange: Exchange, asked: _Asked) -> _Fetched:
        """
        Give the next answer: the one that was fetched ahead, if it follows on what is held now.

        One that brings nothing is not it: the peer is to have the receipt for what came last.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            found = ahead.result()
            letter = found.envelope.letter
            follows = (found.asked.held.position, found.asked.card) == (asked.held.position, asked.card)
            if follows and (letter.entries or letter.challenge is not None):
                return found
        return self._fetch(exchange, asked)

    def _fetch(self, exchange: Exchange, asked: _Asked) -> _Fetched:
        """Ask, and open the answer (step 1)."""
        opener = self._asking.opener()
        return _Fetched(
            asked=asked, envelope=self._ask(exchange, self._pull(opener, asked), opener, asked.card)
        )

    def _fetch_chunks(self, exchange: Exchange, asked: _Asked, fetch: Fetch) -> Envelope[Answer]:
        """Ask for chunks of an attachment, and open the answer."""
        opener = self._asking.opener()
        pull = Pull(
            sender=self._office,
            receiver=self._peer,
            nonce=self._around.random(NONCE_SIZE_BYTES),
            answer_key=opener.public_key,
            protocol=asked.protocol,
            fetch=fetch,
        )
        return self._ask(exchange, pull, opener, asked.card)

    def _ask(self, exchange: Exchange, pull: Pull, opener: Opener, card: Card) -> Envelope[Answer]:
        found = self._asking.ask(exchange, self._asking.write(pull, card), Answer, opener, card)
        if found.letter.pull != binding_of(pull):
            raise RemoteProtocolError("an answer came to another pull than ours")
        return found

    def _pull(self, opener: Opener, asked: _Asked) -> Pull:
        challenge, self._challenge = self._challenge, None
        return Pull(
            sender=self._office,
            receiver=self._peer,
            nonce=self._around.random(NONCE_SIZE_BYTES),
            answer_key=opener.public_key,
            protocol=asked.protocol,
            position=asked.held.position,
            receipt=None if asked.receipt == self._reported else asked.receipt,
            challenge=challenge,
            wait_s=asked.wait_s,
            old=asked.old,
        )

    def _take(self, found: Envelope[Answer], asked: _Asked, rules: Rules, exchange: Exchange) -> Pulled:
        """Steps 2 to 5."""
        held, answer = asked.held, found.letter
        card = followed(asked.card, found.cards, self._around) if found.cards else asked.card
        if answer.challenge is not None:
            return self._take_challenge(answer.challenge)
        self._asked_back = 0
        accepted = accept(
            found,
            held,
            sender=self._peer,
            keys=card.stream_keys,
            verify=self._around.verify,
            root_at=self._root_at,
        )
        if not answer.entries:
            self._note_reached()
            return Pulled()
        if _is_full(accepted) and card == asked.card:
            after = _Asked(held=accepted.held, card=card, receipt=asked.receipt, protocol=asked.protocol)
            self._ahead = _Ahead(lambda: self._fetch(exchange, after))
        with self._database.read() as db:
            judged = self._taking.judge_all(db, accepted, rules)
        coming = _coming(answer, judged)
        if coming:
            # Both would use the one way to the peer.
            self._drop_ahead()
            self._fetching.fetch(coming, lambda fetch: self._fetch_chunks(exchange, asked, fetch))

        def act(db: Writing) -> tuple[Pulled, Sequence[SealedFile]]:
            self._taking.introduce(db, found.cards)
            now, arrived = self._taking.present(db, accepted, rules, judged, card)
            pulled = self._commit(db, held=held, accepted=accepted, judged=arrived, rules=now)
            came = coming if arrived is judged else _coming(answer, arrived)
            return pulled, self._take_attached(db, answer, came)

        pulled, spare = self._database.write(act)
        self._fetching.remove(spare)
        return pulled

    def _root_at(self, size: int) -> bytes:
        """The root of the first entries that are held."""
        with self._database.read() as db:
            stream = incoming.stream(db, self._peer)
            assert stream is not None, "what is asked of is held"
            return Frontier().extend(incoming.leaves_between(db, stream.stream_id, 0, size)).root

    def _take_attached(self, db: Writing, answer: Answer, coming: Coming) -> Sequence[SealedFile]:
        """Take in what came with the entries, let go of what came of those that were taken back."""
        gone = [each.number for each in answer.entries if isinstance(each, TakenBack)]
        return [
            *self._fetching.take_in(db, coming),
            *self._fetching.let_go(db, answer.incarnation, gone),
        ]

    def _drop_ahead(self) -> None:
        """Let what is being fetched ahead end, and throw it away."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.join()

    def _take_challenge(self, challenge: bytes) -> Pulled:
        """Keep a challenge for the next pull; a peer that only ever asks back is refused."""
        self._asked_back += 1
        if self._asked_back > ASKED_BACK_MAX:
            self._asked_back = 0
            raise RemoteProtocolError("the peer asks back and never answers")
        self._challenge = challenge
        # Whoever asks back may have lost what it was told.
        self._reported = None
        return Pulled(is_challenged=True)

    def _note_reached(self) -> None:
        """Write down now and then that the peer is there; a commit for each idle answer would be too much."""
        now = self._around.seconds()
        if not is_recent(self._reached_at, now, REACHED_EVERY_S):
            self._reached_at = now
            self._database.write(lambda db: peers.reached(db, self._peer, now))

    def _commit(
        self, db: Writing, *, held: Held, accepted: Accepted, judged: Mapping[int, Arrived], rules: Rules
    ) -> Pulled:
        """Store what came; and that the peer is there."""
        pulled = self._taking.commit(db, held=held, accepted=accepted, judged=judged, rules=rules)
        peers.reached(db, self._peer, self._around.seconds())
        return pulled


def _is_full(accepted: Accepted) -> bool:
    """Whether an answer brought so much that more is likely to wait."""
    size_bytes = sum(header.payload_size_bytes for header, _ in accepted.entries)
    return 2 * size_bytes >= BATCH_SIZE_BYTES or 2 * len(accepted.entries) >= ENTRIES_MAX


def _coming(answer: Answer, arrived: Mapping[int, Arrived]) -> Coming:
    return Coming.of(answer.incarnation, {number: each.judged for number, each in arrived.items()})
