# SPDX-License-Identifier: Apache-2.0
"""
Letters: what one office says to another in one envelope, a pull or its answer; a bag is in ``bag``.

A letter says everything but the payloads, and of these it says the hashes. So one hash of the letter,
its **binding**, stands for all that an envelope holds: the envelope is sealed under it and signed over it.

Rules kept here, all by the shapes, so that no letter can exist wrong:

1. The two offices differ; ids, hashes and nonces have their sizes.
2. The entries of an answer are numbered on from its start, without gaps.
3. An answer with entries has a checkpoint over them. One with a challenge, or with chunks, has nothing else.
4. A pull that asks for chunks of an attachment asks for nothing else.
5. Whatever is unknown is refused: a field, a kind, a version of the protocol.

Not here: what a checkpoint or a receipt says (``legation.log``), and whether anything of it is lawful in
the state of the link (``sending``, ``receiving``).
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from legation.encoding import INTEGER_MAX, Canonical, encode
from legation.errors import MalformedError
from legation.exchange.entry import EntryHeader, EntryKind, check_number
from legation.item.attachment import CHUNK_SIZE_BYTES, chunk_count, chunk_hash
from legation.item.portion import ATTACHMENT_SIZE_BYTES_MAX
from legation.item.shape import check_size
from legation.keys.card import PROTOCOL_MAX, Office
from legation.keys.seal import BINDING_SIZE_BYTES, SealPublicKey
from legation.log.checkpoint import (
    CHECKPOINT_SIZE_BYTES_MAX,
    INCARNATION_SIZE_BYTES,
    RECEIPT_SIZE_BYTES_MAX,
)
from legation.merkle import HASH_SIZE_BYTES, Hash, root

PROTOCOL: Final = 1
"""The version of the exchange that is spoken here; ``docs/spec/exchange.md`` describes it."""

NONCE_SIZE_BYTES = 16  # random: without it a binding, which is sent in clear, could be guessed
CHALLENGE_SIZE_BYTES = 16  # random; nobody answers to one that was not issued
ENTRIES_MAX = 1024  # of one answer; the letter is held in memory beside the payloads
CHUNKS_MAX = 16  # of one answer; all of them are held in memory
CHUNK_COUNT_MAX = chunk_count(ATTACHMENT_SIZE_BYTES_MAX)
PROOF_LENGTH_MAX = (CHUNK_COUNT_MAX - 1).bit_length()  # of hashes: the tree of the longest attachment
OLD_MAX = 16  # incarnations that were left, in one letter; with their receipts they have 160 KB
LOST_MAX = 128  # entries that were lost, in one letter: some 40 KB
WAIT_S_MAX = 55  # proxies cut what is silent for a minute
LETTER_SIZE_BYTES_MAX = 1 << 18  # 1,024 entries have 170 KB, a checkpoint or receipt less than 12 KB

EMPTY_ROOT: Final = root([])


class Position(Canonical, frozen=True):
    """What the puller durably holds of a stream: the incarnation, how many entries, and their root."""

    incarnation: bytes
    size: int
    root: bytes

    def __post_init__(self) -> None:
        check_size(self.incarnation, INCARNATION_SIZE_BYTES, "incarnation")
        check_size(self.root, HASH_SIZE_BYTES, "root")
        check_number(self.size, "size of a position")
        # Nothing has one root; another one would be no fork, only nonsense.
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise MalformedError("a position of no entries has another root than that of nothing")


class Carried(Canonical, frozen=True, tag="carried"):
    """An entry whose payload follows the letter."""

    header: EntryHeader

    @property
    def number(self) -> int:
        """The number of the entry."""
        return self.header.number

    @property
    def leaf(self) -> Hash:
        """The leaf of the entry, computed from its header."""
        return self.header.leaf


class TakenBack(Canonical, frozen=True, tag="taken-back"):
    """An entry that is not permitted any more: its place in the tree and nothing else."""

    number: int
    leaf: bytes

    def __post_init__(self) -> None:
        check_number(self.number, "number of an entry that is taken back", least=1)
        check_size(self.leaf, HASH_SIZE_BYTES, "leaf of an entry that is taken back")


class Lost(Canonical, frozen=True):
    """
    An entry that the office whose stream it is has lost, as its receiver has it.

    Args:
        entry: Its header, or its leaf if it was taken back.
        item: The item of a view, as the receiver says; absent if it was refused, or is no view.
    """

    entry: Carried | TakenBack
    item: bytes | None = None

    def __post_init__(self) -> None:
        if self.item is not None:
            check_size(self.item, HASH_SIZE_BYTES, "item of an entry that was lost")
            if isinstance(self.entry, TakenBack) or self.entry.header.kind is not EntryKind.VIEW:
                raise MalformedError("an entry that was lost is of an item, and is no view")


class Former(Canonical, frozen=True):
    """
    What is durably held of an incarnation that was left, and the newest receipt that was given for it.

    Args:
        incarnation: Which one.
        size: How many entries of it are held, from 1.
        root: Their root.
        receipt: Over as many of them as were receipted; absent if none were.
        lost: The entries up to that receipt that the office whose stream it is has not named as its own.
    """

    incarnation: bytes
    size: int
    root: bytes
    receipt: bytes | None = None
    lost: tuple[Lost, ...] = ()

    def __post_init__(self) -> None:
        check_size(self.incarnation, INCARNATION_SIZE_BYTES, "incarnation")
        check_number(self.size, "size of what is held of an incarnation that was left", least=1)
        check_size(self.root, HASH_SIZE_BYTES, "root")
        check_note(self.receipt, "receipt", RECEIPT_SIZE_BYTES_MAX)
        if self.lost and self.receipt is None:
            raise MalformedError("what was lost is proven by no receipt")
        first = self.lost[0].entry.number if self.lost else 0
        if any(each.entry.number != number for number, each in enumerate(self.lost, first)):
            raise MalformedError("entries that were lost are not numbered on from the first")
        if first + len(self.lost) > self.size:
            raise MalformedError("more was lost than is held")

    @property
    def position(self) -> Position:
        """The same as a position."""
        return Position(incarnation=self.incarnation, size=self.size, root=self.root)


class Fetch(Canonical, frozen=True):
    """
    Names chunks of an attachment that belongs to a view in the receiver's stream to the sender.

    Args:
        incarnation: Of the stream.
        number: Of the entry that the view came with.
        root: As its portion says.
        size: As its portion says, in bytes.
        first: Number of the first chunk that is wanted, from 0.
    """

    incarnation: bytes
    number: int
    root: bytes
    size: int
    first: int = 0

    def __post_init__(self) -> None:
        check_size(self.incarnation, INCARNATION_SIZE_BYTES, "incarnation")
        check_number(self.number, "number of an entry with an attachment", least=1)
        check_size(self.root, HASH_SIZE_BYTES, "root")
        if not 0 < self.size <= ATTACHMENT_SIZE_BYTES_MAX:
            raise MalformedError(f"size of an attachment is not between 1 and {ATTACHMENT_SIZE_BYTES_MAX}")
        if not 0 <= self.first < chunk_count(self.size):
            raise MalformedError("an attachment has no chunk of this number")


class Chunk(Canonical, frozen=True):
    """
    A chunk of an attachment, whose bytes follow the letter.

    Args:
        number: Of the chunk, from 0.
        size_bytes: How many bytes follow.
        leaf: The hash of the chunk (``item.attachment``).
        proof: From the leaf up to the root that the portion states (RFC 9162, section 2.1.3).
    """

    number: int
    size_bytes: int
    leaf: bytes
    proof: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.number < CHUNK_COUNT_MAX:
            raise MalformedError(f"number of a chunk is not below {CHUNK_COUNT_MAX}")
        if not 0 < self.size_bytes <= CHUNK_SIZE_BYTES:
            raise MalformedError(f"chunk of {self.size_bytes} bytes, expected 1 to {CHUNK_SIZE_BYTES}")
        check_size(self.leaf, HASH_SIZE_BYTES, "leaf of a chunk")
        if len(self.proof) > PROOF_LENGTH_MAX:
            raise MalformedError(f"proof of {len(self.proof)} hashes, expected at most {PROOF_LENGTH_MAX}")
        for each in self.proof:
            check_size(each, HASH_SIZE_BYTES, "hash in a proof")

    def fits(self, payload: bytes) -> bool:
        """Whether these are the bytes of the chunk."""
        return len(payload) == self.size_bytes and chunk_hash(payload) == self.leaf


class Pull(Canonical, frozen=True, tag="pull"):
    """
    Asks for what is new in the receiver's stream to the sender, or for chunks of what belongs to it.

    Args:
        sender: Who asks.
        receiver: Whose stream it is.
        nonce: Fresh random bytes.
        answer_key: A fresh key that the answer is to be sealed to; its private half lives in memory only.
        protocol: The version of the exchange.
        position: What the sender holds of the stream; absent if it holds nothing.
        receipt: The newest cosigned checkpoint of the stream.
        challenge: The one that the receiver sent last, given back.
        wait_s: How long the receiver may wait until there is something to answer.
        fetch: Chunks that are asked for instead of entries.
        old: What the sender holds of incarnations that were before the one of its position, the oldest first.
    """

    sender: str
    receiver: str
    nonce: bytes
    answer_key: SealPublicKey
    protocol: int = PROTOCOL
    position: Position | None = None
    receipt: bytes | None = None
    challenge: bytes | None = None
    wait_s: int = 0
    fetch: Fetch | None = None
    old: tuple[Former, ...] = ()

    def __post_init__(self) -> None:
        check_offices(self.sender, self.receiver)
        check_size(self.nonce, NONCE_SIZE_BYTES, "nonce")
        check_protocol(self.protocol)
        check_note(self.receipt, "receipt", RECEIPT_SIZE_BYTES_MAX)
        _check_challenge(self.challenge)
        if not 0 <= self.wait_s <= WAIT_S_MAX:
            raise MalformedError(f"waiting time is not between 0 and {WAIT_S_MAX} seconds")
        check_old(self.old, self.position)
        if self.fetch is not None and (
            self.wait_s or any(each is not None for each in (self.position, self.receipt, self.challenge))
        ):
            raise MalformedError("a pull that asks for chunks asks for something else")


class Answer(Canonical, frozen=True, tag="answer"):
    """
    Answers a pull.

    Args:
        sender: Whose stream it is.
        receiver: Who asked.
        nonce: Fresh random bytes.
        pull: The binding of the pull.
        incarnation: The present one of the stream.
        start: Number of the first entry, or of the one that would come next; where chunks were asked for,
            of the entry that they belong to.
        entries: What follows, in order; payloads of those that are carried follow the letter.
        checkpoint: Signed by the sender, over ``end`` entries.
        challenge: To be given back in the next pull, before anything is sent.
        chunks: Of the attachment that was asked for, in order; their bytes follow the letter. None says that
            there are none for the asker, and not why.
    """

    sender: str
    receiver: str
    nonce: bytes
    pull: bytes
    incarnation: bytes
    start: int
    entries: tuple[Carried | TakenBack, ...] = ()
    checkpoint: bytes | None = None
    challenge: bytes | None = None
    chunks: tuple[Chunk, ...] = ()

    def __post_init__(self) -> None:
        check_offices(self.sender, self.receiver)
        check_size(self.nonce, NONCE_SIZE_BYTES, "nonce")
        check_size(self.pull, BINDING_SIZE_BYTES, "binding of the pull")
        check_size(self.incarnation, INCARNATION_SIZE_BYTES, "incarnation")
        check_note(self.checkpoint, "checkpoint", CHECKPOINT_SIZE_BYTES_MAX)
        _check_challenge(self.challenge)
        check_entries(self.start, self.entries, self.checkpoint)
        if self.challenge is not None and self.checkpoint is not None:
            raise MalformedError("an answer with a challenge has something else")
        _check_chunks(self)

    @property
    def end(self) -> int:
        """How many entries the stream has with those of this answer."""
        return self.start + len(self.entries)

    @property
    def headers(self) -> tuple[EntryHeader, ...]:
        """The headers of the entries whose payloads follow, in their order."""
        return headers_of(self.entries)

    @property
    def followed_by(self) -> tuple[EntryHeader | Chunk, ...]:
        """What says of each payload behind the letter how long it is, and which one."""
        return self.headers or self.chunks


def binding_of(letter: Canonical) -> bytes:
    """Hash all that an envelope says: 32 bytes."""
    return binding_of_bytes(encode(letter))


def binding_of_bytes(letter: bytes) -> bytes:
    """Hash the canonical bytes of a letter."""
    return sha256(b"legation/binding/v1\n" + letter).digest()


def check_offices(sender: str, receiver: str) -> None:
    """Refuse what does not name two offices."""
    Office.parse(sender)
    Office.parse(receiver)
    if sender == receiver:
        raise MalformedError("an office writes to itself")


def check_protocol(protocol: int) -> None:
    """Refuse what is no version of the exchange; which are spoken, ``read_envelope`` is told."""
    if not 1 <= protocol <= PROTOCOL_MAX:
        raise MalformedError(f"version of the exchange is not between 1 and {PROTOCOL_MAX}")


def headers_of(entries: Sequence[Carried | TakenBack]) -> tuple[EntryHeader, ...]:
    """The headers of the entries whose payloads follow, in their order."""
    return tuple(each.header for each in entries if isinstance(each, Carried))


def check_entries(start: int, entries: Sequence[Carried | TakenBack], checkpoint: bytes | None) -> None:
    """Refuse entries that are not numbered on from *start*, too many, or without a checkpoint over them."""
    check_number(start, "start of a letter")
    if len(entries) > ENTRIES_MAX or start + len(entries) > INTEGER_MAX:
        raise MalformedError(f"letter of {len(entries)} entries, expected at most {ENTRIES_MAX}")
    if any(each.number != number for number, each in enumerate(entries, start)):
        raise MalformedError("the entries of a letter are not numbered on from its start")
    if entries and checkpoint is None:
        raise MalformedError("a letter with entries has no checkpoint over them")


def _check_chunks(answer: Answer) -> None:
    if not answer.chunks:
        return
    if answer.entries or answer.checkpoint is not None or answer.challenge is not None:
        raise MalformedError("an answer with chunks has something else")
    if len(answer.chunks) > CHUNKS_MAX:
        raise MalformedError(f"answer of {len(answer.chunks)} chunks, expected at most {CHUNKS_MAX}")
    if any(each.number != number for number, each in enumerate(answer.chunks, answer.chunks[0].number)):
        raise MalformedError("the chunks of an answer are not numbered on from the first")


def check_old(old: Sequence[Former], position: Position | None) -> None:
    """Refuse what is said of incarnations that were left, if it is too much, said twice, or of the present one."""
    if len(old) > OLD_MAX:
        raise MalformedError(f"{len(old)} incarnations were left, expected at most {OLD_MAX}")
    if sum(len(each.lost) for each in old) > LOST_MAX:
        raise MalformedError(f"more than {LOST_MAX} entries were lost")
    named = {each.incarnation for each in old}
    if len(named) != len(old):
        raise MalformedError("an incarnation that was left is named twice")
    if old and (position is None or position.incarnation in named):
        raise MalformedError("incarnations were left for none that is held")


def check_note(note: bytes | None, what: str, size_bytes_max: int) -> None:
    """Refuse a checkpoint or a receipt that is empty or too long to be one."""
    if note is not None and not 0 < len(note) <= size_bytes_max:
        raise MalformedError(f"{what} has {len(note)} bytes, expected 1 to {size_bytes_max}")


def _check_challenge(challenge: bytes | None) -> None:
    if challenge is not None:
        check_size(challenge, CHALLENGE_SIZE_BYTES, "challenge")
