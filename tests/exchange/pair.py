# SPDX-License-Identifier: Apache-2.0
"""
Two peers joined in memory by a bad line, with real keys: ``PeerPair``.

The sender appends, takes back and voids; the receiver pulls, accepts and receipts, and may be put back to
an earlier state. Whole envelopes are lost, doubled and reordered. One seed decides everything but the
randomness of HPKE and ML-DSA, on which nothing depends.

The oracle is ``Ledger`` beside the receiver: what was taken in, looked through again after each answer.
"""

from copy import deepcopy
from dataclasses import dataclass, field, replace
from random import Random

from legation.errors import LegationError, RemoteProtocolError, SealError
from legation.exchange import (
    ACTIONS,
    ANSWER_SIZE_BYTES_MAX,
    PULL_SIZE_BYTES_MAX,
    Action,
    Answer,
    Carried,
    EntryHeader,
    EntryKind,
    Envelope,
    Held,
    Pull,
    Standing,
    TakenBack,
    accept,
    binding_of,
    header_of,
    read_envelope,
    weigh,
    write_envelope,
)
from legation.keys.seal import HPKEOpener, HPKESealer
from legation.log import (
    Checkpoint,
    Frontier,
    cosign,
    key_name,
    sign_checkpoint,
    stream_origin,
    verify_receipt,
)
from tests.exchange.made import (
    INCARNATION,
    RECEIVER,
    SENDER,
    START,
    Payload,
    a_view,
    a_void,
    key_of,
    naive_root,
    seal_opener,
    signers,
    stream_keys,
)
from tests.exchange.properties import Ledger

ORIGIN = stream_origin(SENDER, RECEIVER, INCARNATION)


@dataclass(kw_only=True)
class Line:
    """
    What is on its way in one direction.
    """

    dice: Random
    flying: list[bytes] = field(default_factory=list)
    is_bad: bool = True

    def put(self, data: bytes) -> None:
        """
        Hand an envelope over: it arrives once, never, or several times.
        """
        copies = self.dice.choice([0, 1, 1, 1, 2]) if self.is_bad else 1
        self.flying += [data] * copies

    def take(self) -> bytes | None:
        """
        Take what arrives next, in any order.
        """
        if not self.flying:
            return None
        return self.flying.pop(self.dice.randrange(len(self.flying)) if self.is_bad else 0)


@dataclass(kw_only=True)
class SendingPeer:
    """
    The sender: its stream, the receipts it has, and what it asks back.
    """

    dice: Random
    headers: list[EntryHeader] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    to_void: list[int] = field(default_factory=list)
    receipt: bytes | None = None
    receipt_size: int = 0
    challenge: bytes | None = None
    checkpoints: dict[int, bytes] = field(default_factory=dict)
    seen: list[Standing] = field(default_factory=list)

    def append(self, payload: Payload) -> None:
        """
        Number an entry.
        """
        kind, data = payload
        self.headers.append(header_of(len(self.headers), kind, data))
        self.payloads.append(data)

    def write_something(self) -> None:
        """
        A view, an opaque entry, a void that is due, or a view that is taken back.
        """
        if not self.headers:
            return self.append(START)
        way = self.dice.randrange(8)
        open_views = [
            header.number
            for header in self.headers[self.receipt_size :]
            if header.kind is EntryKind.VIEW and header.number not in self.gone
        ]
        if way == 0 and open_views:
            number = self.dice.choice(open_views)
            self.gone.add(number)
            self.to_void.append(number)
        elif way <= 2 and self.to_void:
            self.append(a_void(self.to_void.pop(self.dice.randrange(len(self.to_void)))))
        elif way == 3:
            self.append((EntryKind.WITHDRAWAL, b"opaque %d" % len(self.headers)))
        else:
            self.append(a_view(self.dice.randbytes(self.dice.choice([1, 100, 40_000]))))
        return None

    def root_at(self, size: int) -> bytes:
        """
        The root of a beginning of the stream.
        """
        assert 0 < size <= len(self.headers)
        return naive_root([header.leaf for header in self.headers[:size]])

    def checkpoint(self, size: int) -> bytes:
        """
        The checkpoint over so many entries, signed once.
        """
        if size not in self.checkpoints:
            frontier = Frontier().extend(header.leaf for header in self.headers[:size])
            self.checkpoints[size] = sign_checkpoint(
                Checkpoint(origin=ORIGIN, size=size, root=frontier.root),
                name=key_name(SENDER),
                signers=signers(SENDER),
            )
        return self.checkpoints[size]

    def take_receipt(self, data: bytes) -> None:
        """
        Verify a receipt, and keep the highest.
        """
        receipt = verify_receipt(
            data,
            origin=ORIGIN,
            name=key_name(SENDER),
            keys=stream_keys(SENDER),
            cosigner=key_name(RECEIVER),
            cosigner_keys=stream_keys(RECEIVER),
        )
        size = receipt.checkpoint.size
        assert receipt.checkpoint.root == self.root_at(size)
        if size > self.receipt_size:
            self.receipt, self.receipt_size = data, size

    def respond(self, data: bytes) -> bytes | None:
        """
        Answer a pull, as its position says.
        """
        pull = read_envelope(
            [data],
            Pull,
            openers=[seal_opener(SENDER)],
            receiver=SENDER,
            key_of=key_of,
            size_bytes_max=PULL_SIZE_BYTES_MAX,
        ).letter
        if pull.receipt is not None:
            self.take_receipt(pull.receipt)
        holds = pull.challenge is not None and pull.challenge == self.challenge
        standing = weigh(
            pull.position,
            incarnation=INCARNATION,
            size=len(self.headers),
            root_at=self.root_at,
            receipt_size=self.receipt_size,
            challenge_holds=holds,
        )
        if holds:
            self.challenge = None
        self.seen.append(standing)
        start = 0 if pull.position is None else pull.position.size
        assert ACTIONS[standing] not in {Action.STOP, Action.FREEZE}
        if ACTIONS[standing] is Action.ASK:
            self.challenge = self.dice.randbytes(16)
            return self.seal(pull, self.letter(pull, start, start, challenge=self.challenge))
        end = self.dice.randint(start, len(self.headers))
        return self.seal(pull, self.letter(pull, start, end))

    def letter(self, pull: Pull, start: int, end: int, *, challenge: bytes | None = None) -> Answer:
        """
        An answer with the entries from *start* to *end*.
        """
        entries = tuple(
            TakenBack(number=header.number, leaf=header.leaf)
            if header.number in self.gone
            else Carried(header=header)
            for header in self.headers[start:end]
        )
        has_checkpoint = bool(entries) or (end > 0 and challenge is None and self.dice.random() < 0.5)
        return Answer(
            sender=SENDER,
            receiver=pull.sender,
            nonce=self.dice.randbytes(16),
            pull=binding_of(pull),
            incarnation=INCARNATION,
            start=start,
            entries=entries,
            checkpoint=self.checkpoint(end) if has_checkpoint else None,
            challenge=challenge,
        )

    def seal(self, pull: Pull, answer: Answer) -> bytes:
        """
        Seal an answer to the key of its pull.
        """
        pieces = write_envelope(
            answer,
            [self.payloads[header.number] for header in answer.headers],
            signer=signers(SENDER).ed25519,
            to=pull.answer_key,
            secret=self.dice.randbytes(32),
            sealer=HPKESealer(),
        )
        return b"".join(pieces)


@dataclass(kw_only=True)
class ReceivingPeer:
    """
    The receiver: what it durably holds, and the pulls whose answers it can still open.
    """

    dice: Random
    held: Held = field(default_factory=Held)
    entries: dict[int, bytes] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=lambda: Ledger([], set(), set()))
    receipt: bytes | None = None
    challenge: bytes | None = None
    open_pulls: list[tuple[HPKEOpener, bytes]] = field(default_factory=list)

    def pull(self) -> bytes:
        """
        Ask for what is new, with a fresh key for the answer.
        """
        key = HPKEOpener(mlkem_seed=self.dice.randbytes(64), x25519_seed=self.dice.randbytes(32))
        letter = Pull(
            sender=RECEIVER,
            receiver=SENDER,
            nonce=self.dice.randbytes(16),
            answer_key=key.public_key,
            position=self.held.position,
            receipt=self.receipt,
            challenge=self.challenge,
        )
        self.open_pulls = [*self.open_pulls[-3:], (key, binding_of(letter))]
        pieces = write_envelope(
            letter,
            [],
            signer=signers(RECEIVER).ed25519,
            to=seal_opener(SENDER).public_key,
            secret=self.dice.randbytes(32),
            sealer=HPKESealer(),
        )
        return b"".join(pieces)

    def take(self, data: bytes) -> bool:
        """
        Take an answer in, or leave everything as it is.
        """
        before = deepcopy((self.held, self.entries, self.ledger))
        failed: LegationError | None = None
        try:
            envelope = read_envelope(
                [data],
                Answer,
                openers=[key for key, _ in reversed(self.open_pulls)],
                receiver=RECEIVER,
                key_of=key_of,
                size_bytes_max=ANSWER_SIZE_BYTES_MAX,
            )
            self.store(envelope)
        except LegationError as error:
            # The answer of an older pull: its key is gone, or what it brings came already.
            failed = error
        if failed is None:
            return True
        assert type(failed) in {SealError, RemoteProtocolError}, failed
        assert (self.held, self.entries, self.ledger) == before
        return False

    def store(self, envelope: Envelope[Answer]) -> None:
        """
        Check an answer, and store what it comes to.
        """
        assert envelope.letter.pull in {binding for _, binding in self.open_pulls}
        accepted = accept(envelope, self.held, sender=SENDER, keys=stream_keys(SENDER))
        self.challenge = envelope.letter.challenge
        self.ledger.take(envelope)
        may = accepted.may_receipt if accepted.checkpoint is not None else None
        self.ledger.agrees(accepted.held, may_receipt=may)
        for header, payload in accepted.entries:
            # Once: what was stored is never stored again.
            assert header.number not in self.entries
            self.entries[header.number] = payload
        self.held = accepted.held
        if accepted.may_receipt and self.dice.random() < 0.8:
            assert accepted.checkpoint is not None
            # A receipt vouches for every entry below: it is here, or the sender has said that it is void.
            assert all(
                number in self.entries or number in self.ledger.voided
                for number in range(self.held.frontier.size)
            )
            time = 1_790_000_000 + self.held.frontier.size
            self.receipt = cosign(
                accepted.checkpoint, name=key_name(RECEIVER), signers=signers(RECEIVER), time=time
            )
            self.held = replace(self.held, receipt_size=self.held.frontier.size)


class PeerPair:
    """
    Both peers and the line between them.
    """

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.sender = SendingPeer(dice=self.dice)
        self.receiver = ReceivingPeer(dice=self.dice)
        self.there, self.back = Line(dice=self.dice), Line(dice=self.dice)
        self.backup = deepcopy(self.receiver)
        self.refused_count = 0
        self.restored_count = 0

    def step(self) -> None:
        """
        Let one thing happen.
        """
        way = self.dice.randrange(12)
        if way <= 3:
            self.sender.write_something()
        elif way <= 6:
            self.there.put(self.receiver.pull())
        elif way <= 8:
            self.deliver_pull()
        elif way <= 10:
            self.deliver_answer()
        elif self.dice.random() < 0.3:
            self.restore()
        else:
            self.backup = deepcopy(replace_line(self.receiver))

    def deliver_pull(self) -> None:
        """
        Let a pull arrive, and its answer set out.
        """
        data = self.there.take()
        if data is not None:
            response = self.sender.respond(data)
            if response is not None:
                self.back.put(response)

    def deliver_answer(self) -> None:
        """
        Let an answer arrive.
        """
        data = self.back.take()
        if data is not None:
            self.refused_count += not self.receiver.take(data)

    def restore(self) -> None:
        """
        Put the receiver back to its backup: it forgets what came since.
        """
        kept = deepcopy(self.backup)
        kept.dice = self.dice
        self.receiver = kept
        self.restored_count += 1

    def settle(self) -> None:
        """
        Mend the line, void what is due, and go on until nothing is left to do.
        """
        self.there.is_bad = self.back.is_bad = False
        while self.sender.to_void:
            self.sender.append(a_void(self.sender.to_void.pop()))
        for _ in range(400):
            if self.is_equal():
                return
            self.there.put(self.receiver.pull())
            while self.there.flying:
                self.deliver_pull()
            while self.back.flying:
                self.deliver_answer()
        raise AssertionError("the two do not meet")

    def is_equal(self) -> bool:
        """
        Whether the receiver holds everything, and the sender has the receipt over it.
        """
        size = len(self.sender.headers)
        return self.receiver.held.frontier.size == size == self.sender.receipt_size


def replace_line(receiver: ReceivingPeer) -> ReceivingPeer:
    """
    What a backup has of a receiver: not the keys of answers, which live in memory only.
    """
    return replace(receiver, open_pulls=[], challenge=None)
