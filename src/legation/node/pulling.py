# SPDX-License-Identifier: Apache-2.0
"""
Pulling: ask a peer for what is new, and take it in.

For each answer:

1. It opens with the key that this pull alone knows, is signed by the peer, and answers this pull.
2. Its entries follow without a gap on what is held, and lead to the root that the peer signed.
3. Every view is judged: held, set apart, or refused for ever (``judge``).
4. What is attached to those that are not refused is fetched, chunk by chunk (``fetching``). That is on the disk.
5. One transaction stores views, access ids, cursor, inbox rows, log entries and our receipt. Commit.
6. The receipt goes with the next pull. Nothing was receipted to the peer before it was durable.

Where more is likely to follow, the next answer is fetched while this one is taken in. The pull for it
says how far this one reaches, and receipts nothing of it: if it is not committed, what was fetched is
dropped and asked for again.

Synchronous, as ``answering``, but for the one thread that fetches ahead.
"""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from legation.errors import (
    EquivocationError,
    RefusedError,
    RemoteProtocolError,
)
from legation.exchange import (
    ANSWER_SIZE_BYTES_MAX,
    BATCH_SIZE_BYTES,
    ENTRIES_MAX,
    NONCE_SIZE_BYTES,
    Accepted,
    Answer,
    Carried,
    EntryKind,
    Envelope,
    Fetch,
    Held,
    Pull,
    RefusalCode,
    Refused,
    TakenBack,
    accept,
    binding_of,
    read_envelope,
    read_view,
    read_void,
    write_envelope,
    write_refused,
)
from legation.item.draft import Slip
from legation.keys.card import Card
from legation.keys.seal import MLKEM_SEED_SIZE_BYTES, SECRET_SIZE_BYTES, X25519_KEY_SIZE_BYTES, Opener
from legation.log import LogEntry, LogKind, cosign, key_name
from legation.node.fetching import Coming, Fetching
from legation.node.home import Signing
from legation.node.judging import TAKEN_BACK, Judged, WhyApart, judge, keep_view
from legation.node.numbering import append, begun
from legation.node.rules import RuleBook, Rules, begin_epoch, received_reader
from legation.node.surroundings import Surroundings, is_recent
from legation.node.withdrawing import accept_withdrawal
from legation.store.attachments import Attachments, SealedFile
from legation.store.blobs import Blobs
from legation.store.sqlite import incoming, items, logbook, node, peers
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.incoming import EntryState, Incoming, NewIncoming
from legation.store.sqlite.items import ViewState

REACHED_EVERY_S = 30  # how often an idle link is written down as alive
ASKED_BACK_MAX = 3  # challenges in a row; one is enough, unless the peer started anew or the clock moved

Exchange = Callable[[Iterable[bytes]], Iterator[bytes]]
"""How an envelope gets to the peer and its answer back, piece by piece."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What a pull is made from: what is held, the peer's card, and the receipt that goes with it."""

    held: Held
    card: Card
    receipt: bytes | None
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


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """A view entry: its slip, and what becomes of its view."""

    slip: Slip
    judged: Judged


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """What one pull brought."""

    entries: int = 0
    views: int = 0
    quarantined: int = 0
    refused: int = 0
    is_challenged: bool = False


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
        self._peer = peer
        self._signing = signing
        self._database = database
        self._blobs = blobs
        self._fetching = Fetching(peer=peer, store=attachments, database=database, around=around)
        self._around = around
        self._book = RuleBook(card, around)
        self._challenge: bytes | None = None
        self._asked_back = 0  # in a row
        self._reached_at: int | None = None
        self._reported: bytes | None = None  # the newest receipt that the peer has had
        self._ahead: _Ahead | None = None  # what is being fetched already

    def pull(self, exchange: Exchange, *, wait_s: int = 0) -> Pulled:
        """
        Make one pull and take in the answer.

        Args:
            exchange: The way to the peer.
            wait_s: How long the peer may wait for news.

        Raises:
            RefusedError: The peer's card is not confirmed here, or the link is stopped.
            UnreachableError: No answer came.
            VerificationError: The answer does not hold; nothing of it was taken in.
            ProtocolError: It is out of turn; nothing of it was taken in.
        """
        with self._database.read() as db:
            rules = self._book.at(db)
            card = self._card(db, rules)
            stream = incoming.stream(db, self._peer)
            receipt = incoming.receipt(db, stream.stream_id) if stream is not None else None
        asked = _Asked(held=_held(stream), card=card, receipt=receipt, wait_s=wait_s)
        try:
            fetched = self._next(exchange, asked)
            self._reported = fetched.asked.receipt
            return self._take(fetched.envelope, asked, rules, exchange)
        except EquivocationError as error:
            self._freeze(error)
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
        opener = self._opener()
        return _Fetched(
            asked=asked, envelope=self._ask(exchange, self._pull(opener, asked), opener, asked.card)
        )

    def _fetch_chunks(self, exchange: Exchange, card: Card, fetch: Fetch) -> Envelope[Answer]:
        """Ask for chunks of an attachment, and open the answer."""
        opener = self._opener()
        pull = Pull(
            sender=self._office,
            receiver=self._peer,
            nonce=self._around.random(NONCE_SIZE_BYTES),
            answer_key=opener.public_key,
            fetch=fetch,
        )
        return self._ask(exchange, pull, opener, card)

    def _ask(self, exchange: Exchange, pull: Pull, opener: Opener, card: Card) -> Envelope[Answer]:
        pieces = exchange(self._write(pull, card))
        try:
            return self._read(pieces, opener, card, pull)
        finally:
            if isinstance(pieces, Generator):
                pieces.close()

    def _opener(self) -> Opener:
        """A key that one answer is sealed to."""
        return self._around.opener(
            self._around.random(MLKEM_SEED_SIZE_BYTES), self._around.random(X25519_KEY_SIZE_BYTES)
        )

    def _card(self, db: Reading, rules: Rules) -> Card:
        card = rules.cards.get(self._peer)
        if card is None:
            raise RefusedError(
                f"the card of `{self._peer}` is not confirmed", hint=f"legation peer confirm {self._peer}"
            )
        if peers.link(db, self._peer) == "frozen":
            raise RefusedError(f"the link to `{self._peer}` is frozen", hint="legation peer list says why")
        return card

    def _pull(self, opener: Opener, asked: _Asked) -> Pull:
        challenge, self._challenge = self._challenge, None
        return Pull(
            sender=self._office,
            receiver=self._peer,
            nonce=self._around.random(NONCE_SIZE_BYTES),
            answer_key=opener.public_key,
            position=asked.held.position,
            receipt=None if asked.receipt == self._reported else asked.receipt,
            challenge=challenge,
            wait_s=asked.wait_s,
        )

    def _write(self, pull: Pull, card: Card) -> Iterator[bytes]:
        return write_envelope(
            pull,
            [],
            signer=self._signing.stream.ed25519,
            to=card.seal_key,
            secret=self._around.random(SECRET_SIZE_BYTES),
            sealer=self._around.sealer,
        )

    def _read(self, pieces: Iterator[bytes], opener: Opener, card: Card, pull: Pull) -> Envelope[Answer]:
        found = read_envelope(
            pieces,
            Answer,
            openers=[opener],
            receiver=self._office,
            key_of=lambda sender: card.envelope_key if sender == self._peer else None,
            verify=self._around.verify,
            size_bytes_max=ANSWER_SIZE_BYTES_MAX,
        )
        if found.letter.pull != binding_of(pull):
            raise RemoteProtocolError("an answer came to another pull than ours")
        return found

    def _take(self, found: Envelope[Answer], asked: _Asked, rules: Rules, exchange: Exchange) -> Pulled:
        """Steps 2 to 5."""
        held, card, answer = asked.held, asked.card, found.letter
        if answer.challenge is not None:
            return self._take_challenge(answer.challenge)
        self._asked_back = 0
        accepted = accept(found, held, sender=self._peer, keys=card.stream_keys, verify=self._around.verify)
        if not answer.entries:
            self._note_reached()
            return Pulled()
        if _is_full(accepted):
            after = _Asked(held=accepted.held, card=card, receipt=asked.receipt)
            self._ahead = _Ahead(lambda: self._fetch(exchange, after))
        with self._database.read() as db:
            judged = self._judge_all(db, accepted, rules)
        coming = _coming(answer, judged)
        if coming:
            # Both would use the one way to the peer.
            self._drop_ahead()
            self._fetching.fetch(coming, lambda fetch: self._fetch_chunks(exchange, card, fetch))

        def act(db: Writing) -> tuple[Pulled, Sequence[SealedFile]]:
            now, arrived = self._present(db, accepted, rules, judged)
            pulled = self._commit(db, answer, held=held, accepted=accepted, judged=arrived, rules=now)
            came = coming if arrived is judged else _coming(answer, arrived)
            return pulled, self._take_attached(db, answer, came)

        pulled, spare = self._database.write(act)
        self._fetching.remove(spare)
        return pulled

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

    def _judge_all(self, db: Reading, accepted: Accepted, rules: Rules) -> Mapping[int, Arrived]:
        """Judge every view that an answer brought, by the number of its entry."""
        why = WhyApart(rules.policies, received_reader(db, self._office, self._around.now()))
        return {
            header.number: Arrived(slip=slip, judged=self._judge(slip, view, rules, why))
            for header, payload in accepted.entries
            if header.kind is EntryKind.VIEW
            for slip, view in [read_view(payload)]
        }

    def _present(
        self, db: Writing, accepted: Accepted, rules: Rules, judged: Mapping[int, Arrived]
    ) -> tuple[Rules, Mapping[int, Arrived]]:
        """
        Judge again what came if the rules have changed since; seldom, so it may be done by the writer.

        To refuse the answer and ask again would show the peer that something changed, which may be
        between us and others.
        """
        if node.epoch(db).number == rules.epoch:
            return rules, judged
        now = self._book.at(db)
        if self._card(db, now) != rules.cards[self._peer]:
            raise RemoteProtocolError("the card of the peer changed", hint="nothing is lost: pull again")
        return now, self._judge_all(db, accepted, now)

    def _take_challenge(self, challenge: bytes) -> Pulled:
        """Keep a challenge for the next pull; a peer that only ever asks back is refused."""
        self._asked_back += 1
        if self._asked_back > ASKED_BACK_MAX:
            self._asked_back = 0
            raise RemoteProtocolError("the peer asks back and never answers")
        self._challenge = challenge
        return Pulled(is_challenged=True)

    def _judge(self, slip: Slip, view: bytes, rules: Rules, why: WhyApart) -> Judged:
        """Judge a view; one that was addressed to somebody else can never be accepted here."""
        if slip.addressee != self._office:
            return Judged(contents=None, state=None, refusal=RefusalCode.ADDRESSEE)
        return judge(view, self._peer, rules, why)

    def _note_reached(self) -> None:
        """Write down now and then that the peer is there; a commit for each idle answer would be too much."""
        now = self._around.seconds()
        if not is_recent(self._reached_at, now, REACHED_EVERY_S):
            self._reached_at = now
            self._database.write(lambda db: peers.reached(db, self._peer, now))

    def _commit(
        self,
        db: Writing,
        answer: Answer,
        *,
        held: Held,
        accepted: Accepted,
        judged: Mapping[int, Arrived],
        rules: Rules,
    ) -> Pulled:
        """Store everything that an answer brought, and the receipt for it, in one transaction."""
        stream = incoming.stream(db, self._peer)
        if _held(stream) != held:
            raise RemoteProtocolError("another pull was faster", hint="nothing is lost: pull again")
        now = self._around.seconds()
        if stream is None:
            stream = incoming.start_stream(db, self._peer, answer.incarnation, now)
        payloads = {header.number: payload for header, payload in accepted.entries}
        new = [
            self._keep(db, stream, each, payload=payloads.get(each.number), judged=judged, now=now)
            for each in answer.entries
        ]
        incoming.append(db, stream, new, accepted.held, now, blobs=self._blobs)
        self._void(db, stream, accepted)
        refused = {number: each.judged.refusal for number, each in judged.items()}
        refused |= self._withdraw(db, stream, accepted, rules)
        self._refuse(db, stream, refused, rules.epoch)
        logged = [
            LogEntry(
                kind=_logged(judged.get(each.number), refused.get(each.number)), hash=each.leaf, time=now
            )
            for each in new
        ]
        if accepted.may_receipt and accepted.checkpoint is not None:
            receipt = cosign(
                accepted.checkpoint,
                name=key_name(self._office),
                signers=self._signing.stream,
                time=now,
            )
            incoming.save_receipt(db, stream.stream_id, accepted.held.frontier.size, receipt, now)
            logged.append(LogEntry(kind=LogKind.RECEIPTED, hash=sha256(receipt).digest(), time=now))
        logbook.append(db, logged)
        peers.reached(db, self._peer, now)
        return _count(answer, judged)

    def _keep(
        self,
        db: Writing,
        stream: Incoming,
        each: Carried | TakenBack,
        *,
        payload: bytes | None,
        judged: Mapping[int, Arrived],
        now: int,
    ) -> NewIncoming:
        """Store one entry, and the view in it."""
        if isinstance(each, TakenBack):
            return NewIncoming(number=each.number, leaf=each.leaf, state=EntryState.TAKEN_BACK)
        arrived = judged.get(each.number)
        if arrived is None:
            return NewIncoming(
                number=each.number,
                leaf=each.leaf,
                state=EntryState.HELD,
                header=each.header,
                payload=payload,
            )
        view_key = None
        if arrived.judged.state is not None:
            view_key = keep_view(db, arrived.judged, self._peer, blobs=self._blobs, now=now)
        return NewIncoming(
            number=each.number,
            leaf=each.leaf,
            state=EntryState.REFUSED if arrived.judged.state is None else EntryState.HELD,
            header=each.header,
            view_key=view_key,
            slip=arrived.slip,
        )

    def _withdraw(
        self, db: Writing, stream: Incoming, accepted: Accepted, rules: Rules
    ) -> Mapping[int, RefusalCode | None]:
        """Take in the withdrawals that came, and let them have their effect; those that are none are refused."""
        codes: dict[int, RefusalCode | None] = {}
        for header, payload in accepted.entries:
            if header.kind is EntryKind.WITHDRAWAL:
                taken = accept_withdrawal(db, payload, source=self._peer, rules=rules, around=self._around)
                if taken.state is None:
                    incoming.refuse(db, stream.stream_id, header.number)
                    codes[header.number] = taken.refusal
        return codes

    def _void(self, db: Writing, stream: Incoming, accepted: Accepted) -> None:
        """Mark what the sender took back; a view that we hold nevertheless is shown to nobody."""
        for header, payload in accepted.entries:
            if header.kind is EntryKind.VOID:
                number = read_void(payload).number
                if incoming.kind(db, stream.stream_id, number) not in {None, EntryKind.VIEW.value}:
                    raise RemoteProtocolError("an entry was voided that is no view")
                view_key = incoming.void(db, stream.stream_id, number)
                if view_key is not None:
                    items.set_view_state(db, view_key, ViewState.QUARANTINED, TAKEN_BACK)

    def _refuse(
        self, db: Writing, stream: Incoming, codes: Mapping[int, RefusalCode | None], epoch: int
    ) -> None:
        """Tell the sender, in our own stream to it, which entries can never be accepted."""
        entries: list[tuple[EntryKind, bytes, int | None]] = [
            (
                EntryKind.REFUSED,
                write_refused(Refused(incarnation=stream.incarnation, number=number, code=code)),
                None,
            )
            for number, code in sorted(codes.items())
            if code is not None
        ]
        if entries:
            ours = begun(db, self._peer, epoch=epoch, around=self._around)
            append(db, ours, entries, epoch=epoch, around=self._around)

    def _freeze(self, error: EquivocationError) -> None:
        """Two histories: keep both, and stop."""
        now = self._around.seconds()

        def act(db: Writing) -> None:
            peers.add_evidence(db, self._peer, error.message, ours=error.ours, theirs=error.theirs, at=now)
            peers.set_link(db, self._peer, "frozen", error.message)
            logged = LogEntry(kind=LogKind.FROZEN, hash=sha256(error.theirs).digest(), time=now)
            logbook.append(db, [logged])
            begin_epoch(db, self._around)

        self._database.write(act)


def _is_full(accepted: Accepted) -> bool:
    """Whether an answer brought so much that more is likely to wait."""
    size_bytes = sum(header.payload_size_bytes for header, _ in accepted.entries)
    return 2 * size_bytes >= BATCH_SIZE_BYTES or 2 * len(accepted.entries) >= ENTRIES_MAX


def _coming(answer: Answer, arrived: Mapping[int, Arrived]) -> Coming:
    return Coming.of(answer.incarnation, {number: each.judged for number, each in arrived.items()})


def _held(stream: Incoming | None) -> Held:
    return Held() if stream is None else stream.held


def _logged(arrived: Arrived | None, refusal: RefusalCode | None) -> LogKind:
    if refusal is not None:
        return LogKind.REFUSED
    is_held = arrived is None or arrived.judged.state is ViewState.HELD
    return LogKind.ACCEPTED if is_held else LogKind.QUARANTINED


def _count(answer: Answer, judged: Mapping[int, Arrived]) -> Pulled:
    states = [each.judged.state for each in judged.values()]
    return Pulled(
        entries=len(answer.entries),
        views=states.count(ViewState.HELD),
        quarantined=states.count(ViewState.QUARANTINED),
        refused=states.count(None),
    )
