# SPDX-License-Identifier: Apache-2.0
"""
Envelopes: a letter and its payloads, signed by the sender and sealed to the receiver.

Every message between two nodes, on a wire or in a bag, is one envelope. Whoever carries it sees a
constant line, 1,200 bytes that look random, and a padded length::

    legation/envelope/v1 LF        in clear, the same for all
    binding                        in clear, 32 bytes: hash of the letter, which holds a random nonce
    sealed secret                  1,168 bytes: HPKE to the receiver, under the binding
    sealed chunks                  each of 64 KiB and a tag, the last one may be shorter:
        length (2), front          sender, receiver, purpose, signature over these and the binding
        cards                      only where the front says so: those that introduce the key that signed
        length (4), letter         canonical JSON
        payloads                   one after the other, as the letter's entries or chunks say
        attachments                in a bag or a push: one after the other, as the letter says
        zeros                      up to ``padded_size``

Rules kept here:

1. An envelope has one form: what is read would be written the same, given the secret.
2. Before the signature has verified, a stranger costs us one line of a table, ``OPENERS_MAX`` openings
   of a secret, one chunk and one signature.
3. A size is compared with its limit before memory is given for it; that of the whole envelope follows from
   the letter, and is compared before anything behind the letter is read.
4. Nothing is returned before the last byte has been seen and was right.

While it is read, an envelope is held in memory once; the payload that is being put together, twice. The
attachments of a bag are not held: they are hashed as they pass, and handed on.

Not here: whether what it says is lawful, and whether it was said before. A letter that was read proves
who wrote it to us, and no more.

Use::

    for piece in write_envelope(letter, payloads, signer=ours, to=key, secret=fresh, sealer=sealer):
        connection.write(piece)

    envelope = read_envelope(pieces, Pull, openers=[ours], receiver="KOR@NATO", key_of=key_of,
                             size_bytes_max=PULL_SIZE_BYTES_MAX)
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, Generic, Literal, TypeAlias, TypeVar, cast

from legation.encoding import Canonical, Codec, encode
from legation.errors import LocalProtocolError, MalformedError, ProofError, SealError, SignatureError
from legation.exchange.bag import BAG_LETTER_SIZE_BYTES_MAX, Bag, Enclosed
from legation.exchange.entry import PAYLOAD_SIZE_BYTES_MAX, EntryHeader
from legation.exchange.letter import (
    LETTER_SIZE_BYTES_MAX,
    PROTOCOL,
    Answer,
    Chunk,
    Pull,
    binding_of_bytes,
    check_offices,
)
from legation.exchange.parts import CARDS_SIZE_BYTES_MAX
from legation.exchange.push import Push, Taken
from legation.item.attachment import Hashing
from legation.item.shape import check_size
from legation.keys.seal import (
    BINDING_SIZE_BYTES,
    CHUNK_SIZE_BYTES,
    SEALED_SECRET_SIZE_BYTES,
    TAG_SIZE_BYTES,
    Opener,
    Sealer,
    SealPublicKey,
    content_key,
    open_chunks,
    padded_size,
    seal_chunks,
)
from legation.keys.sign import SIGNATURE_SIZES_BYTES, PublicKey, Purpose, Signer, Verify

FORMAT: Final = b"legation/envelope/v1\n"

HEAD_SIZE_BYTES = len(FORMAT) + BINDING_SIZE_BYTES + SEALED_SECRET_SIZE_BYTES
FRONT_LENGTH_SIZE_BYTES = 2  # the length before the front
LETTER_LENGTH_SIZE_BYTES = 4  # the length before the letter
FRONT_SIZE_BYTES_MAX = 512  # the longest has 240
OPENERS_MAX = 4  # the current seal key, and those that were replaced within the last 90 days

LetterPurpose = Literal["answer", "bag", "pull", "push", "taken"]
"""What an envelope is for; signed, so that none serves for another."""

Letter: TypeAlias = Pull | Answer | Bag | Push | Taken

Said = TypeVar("Said", bound=Letter)

Attached = Iterable[bytes]
"""The bytes of one attachment, in pieces of any size."""

Introduced = Callable[[str, bytes], PublicKey]
"""Gives the key of a peer by the newer cards that it brings (``read_cards``), or raises ``LegationError``."""

TakeAttached = Callable[[Enclosed, Iterator[bytes]], None]
"""Takes one attachment as it passes. Only when the envelope has been read whole was it the right one."""


class Front(Canonical, frozen=True):
    """Who writes to whom and for what, and the signature over that and the binding."""

    sender: str
    receiver: str
    purpose: LetterPurpose
    signature: bytes
    cards_size_bytes: int = 0
    """Of the cards behind the front, from the one after that which the receiver may have to the sender's newest."""

    def __post_init__(self) -> None:
        check_offices(self.sender, self.receiver)
        if not 0 <= self.cards_size_bytes <= CARDS_SIZE_BYTES_MAX:
            raise MalformedError(f"cards before a letter have not 0 to {CARDS_SIZE_BYTES_MAX} bytes")
        check_size(self.signature, SIGNATURE_SIZES_BYTES["ed25519"], "signature")


class Claim(Canonical, frozen=True):
    """What the signature of an envelope is over, under ``Purpose.ENVELOPE``."""

    sender: str
    receiver: str
    purpose: LetterPurpose
    binding: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope(Generic[Said]):
    """
    What an envelope said; made by ``read_envelope`` only.

    ``letter.sender`` wrote it to us. ``payloads`` are those that the letter is ``followed_by``, in order, and
    match it. ``binding`` names the letter. ``cards`` are those that came with it; where ``introduced`` was asked, the
    signature is by the key that it gave for them.
    """

    letter: Said
    payloads: tuple[bytes, ...] = field(repr=False)
    binding: bytes
    cards: bytes = field(default=b"", repr=False)


_FRONT = Codec(Front, size_bytes_max=FRONT_SIZE_BYTES_MAX, what="front of an envelope")
_PULL = Codec(Pull, size_bytes_max=LETTER_SIZE_BYTES_MAX, what="pull")
_ANSWER = Codec(Answer, size_bytes_max=LETTER_SIZE_BYTES_MAX, what="answer")
_BAG = Codec(Bag, size_bytes_max=BAG_LETTER_SIZE_BYTES_MAX, what="bag")
_PUSH = Codec(Push, size_bytes_max=LETTER_SIZE_BYTES_MAX, what="push")
_TAKEN = Codec(Taken, size_bytes_max=LETTER_SIZE_BYTES_MAX, what="answer to a push")
_CODECS: Final[
    Mapping[type[Canonical], Codec[Pull] | Codec[Answer] | Codec[Bag] | Codec[Push] | Codec[Taken]]
] = {
    Pull: _PULL,
    Answer: _ANSWER,
    Bag: _BAG,
    Push: _PUSH,
    Taken: _TAKEN,
}
_PURPOSES: Final[Mapping[type[Canonical], LetterPurpose]] = {
    Pull: "pull",
    Answer: "answer",
    Bag: "bag",
    Push: "push",
    Taken: "taken",
}
_LETTER_SIZES_BYTES_MAX: Final[Mapping[type[Canonical], int]] = {
    Pull: LETTER_SIZE_BYTES_MAX,
    Answer: LETTER_SIZE_BYTES_MAX,
    Bag: BAG_LETTER_SIZE_BYTES_MAX,
    Push: LETTER_SIZE_BYTES_MAX,
    Taken: LETTER_SIZE_BYTES_MAX,
}
_ZEROS = bytes(CHUNK_SIZE_BYTES)


def envelope_size(content_size_bytes: int) -> int:
    """Give the size of an envelope whose front, letter and payloads have so many bytes, with lengths."""
    padded = padded_size(content_size_bytes)
    chunk_count = -(-padded // CHUNK_SIZE_BYTES)
    return HEAD_SIZE_BYTES + padded + chunk_count * TAG_SIZE_BYTES


_OVERHEAD_SIZE_BYTES_MAX = (
    FRONT_LENGTH_SIZE_BYTES
    + FRONT_SIZE_BYTES_MAX
    + CARDS_SIZE_BYTES_MAX
    + LETTER_LENGTH_SIZE_BYTES
    + LETTER_SIZE_BYTES_MAX
)
BATCH_SIZE_BYTES = 1 << 22  # payloads in one answer, about: what is lost when a line breaks is small
PULL_SIZE_BYTES_MAX = 1 << 18  # a pull has no payloads; honest ones have one chunk
ANSWER_SIZE_BYTES_MAX = envelope_size(_OVERHEAD_SIZE_BYTES_MAX + PAYLOAD_SIZE_BYTES_MAX)
"""Of the answer that carries the largest payload and nothing besides."""
PUSH_SIZE_BYTES_MAX = ANSWER_SIZE_BYTES_MAX
"""The receiver of a push holds it whole; what is longer goes with an answer or in a bag."""
BAG_SIZE_BYTES_MAX = (
    1 << 39
)  # 512 GiB: any one view with as much attached as goes on a disk; half of a key's due

_SIZES_BYTES_MAX: Final[Mapping[type[Canonical], int]] = {
    Pull: PULL_SIZE_BYTES_MAX,
    Answer: ANSWER_SIZE_BYTES_MAX,
    Bag: BAG_SIZE_BYTES_MAX,
    Push: PUSH_SIZE_BYTES_MAX,
    Taken: PULL_SIZE_BYTES_MAX,
}


def write_envelope(
    letter: Letter,
    payloads: Iterable[bytes],
    *,
    signer: Signer,
    to: SealPublicKey,
    secret: bytes,
    sealer: Sealer,
    attached: Iterable[Attached] = (),
    cards: bytes = b"",
) -> Iterator[bytes]:
    """
    Write an envelope piece by piece: the head, then each sealed chunk.

    A piece is made when it is asked for, and payloads are taken one by one when a chunk needs them. So
    the caller can look again before each piece whether the rest may still be handed over, and stop: a
    beginning of an envelope opens to nothing.

    Args:
        letter: What is said.
        payloads: Those that it is ``followed_by``, in order.
        signer: The sender's Ed25519 stream key.
        to: The receiver's seal key: that of a card for a pull, a bag or a push; of a pull or a push for its answer.
        secret: 32 fresh random bytes, used for nothing else.
        sealer: How secrets are sealed.
        attached: The attachments that a bag or a push encloses, in order.
        cards: The sender's newer cards (``write_cards``), where the receiver may not know the signer's key yet.

    Raises:
        LocalProtocolError: What follows is not what the letter says, or is too much for one envelope.
    """
    assert signer.public_key.algorithm == "ed25519", "envelopes are signed with ed25519"
    told = encode(letter)
    binding = binding_of_bytes(told)
    head = _lead(_sign_front(letter, binding, signer, len(cards)), cards, told)
    size_bytes = len(head) + _following_size(letter)
    if (
        len(told) > _LETTER_SIZES_BYTES_MAX[type(letter)]
        or envelope_size(size_bytes) > _SIZES_BYTES_MAX[type(letter)]
    ):
        raise LocalProtocolError(f"an envelope of {size_bytes} bytes would not be read")
    yield b"".join((FORMAT, binding, sealer.seal_secret(to, secret, binding)))
    padding = padded_size(size_bytes) - size_bytes
    content = chain(
        [head],
        _checked(_followed_by(letter), payloads),
        _checked_attached(_enclosed(letter), attached),
        _zeros(padding),
    )
    yield from seal_chunks(content_key(secret, binding), content)


def read_envelope(
    pieces: Iterable[bytes],
    *shapes: type[Said],
    openers: Sequence[Opener],
    receiver: str,
    key_of: Callable[[str], PublicKey | None],
    introduced: Introduced | None = None,
    verify: Verify = PublicKey.verify,
    size_bytes_max: int,
    size_bytes: int | None = None,
    take: TakeAttached | None = None,
    protocols: Collection[int] = (PROTOCOL,),
) -> Envelope[Said]:
    """
    Read an envelope from a stream, and verify who wrote it to us.

    1. It has a head, and its secret opens.
    2. The first chunk opens and begins with a front.
    3. The sender is known, the receiver is us, the purpose is the expected one, the signature verifies.
       Until here no more was read than the first chunk and the piece behind it; or, where cards introduce the
       sender's key, as much more as these.
    4. The letter fits, has the binding that was signed, has the right form, names the same offices, and is of a
       version that is spoken here.
    5. With what it declares to follow the envelope is not too long, and as long as it is known to be.
    6. Each payload is the one that its header says, each attachment the one that the letter names.
    7. The rest are zeros, as many as the padding has; and there the envelope ends.

    Args:
        pieces: The envelope, in pieces of any size.
        shapes: ``Pull``, ``Answer``, ``Bag``, ``Push``, ``Taken``: what is expected; of several, one.
        openers: Who may open it; the first ``OPENERS_MAX`` are tried.
        receiver: Our office.
        key_of: Gives the key with which an office signs envelopes, or None if it is no peer of ours.
        introduced: Gives the key for a peer that brings newer cards; without it they are not looked at.
        verify: How signatures are verified; another rule only where two worlds are compared.
        size_bytes_max: ``PULL_SIZE_BYTES_MAX``, ``ANSWER_SIZE_BYTES_MAX``, ``BAG_SIZE_BYTES_MAX``, or less.
        size_bytes: Of the envelope, where that is known before: of a file.
        take: Takes each attachment of a bag or a push as it passes; without it they are only looked through.
        protocols: The versions of the exchange that are spoken here.

    Raises:
        SealError: It does not open: altered, cut short, or meant for somebody else.
        SignatureError: The sender is not known, another receiver or purpose was signed, or another key.
        ProofError: The letter, a payload or an attachment is another one than was signed.
        MalformedError: It is no envelope, no letter of this shape, of an unknown version, or too long.
    """
    # 1. Who may open it.
    stream = _bounded(pieces, size_bytes_max)
    binding, sealed, rest = _take_head(stream)
    key = content_key(_open_secret(sealed, binding, openers), binding)
    # 2. The first chunk.
    content = _Content(open_chunks(key, chain([rest], stream)))
    front = _take_front(content)
    # 3. Who wrote it.
    purposes = [_PURPOSES[each] for each in shapes]
    signer, cards = _signer(content, front, key_of, introduced)
    _verify_front(front, purposes, binding, receiver=receiver, key=signer, verify=verify)
    shape = shapes[purposes.index(front.purpose)]
    size_bytes_max = min(size_bytes_max, _SIZES_BYTES_MAX[shape])
    # 4. What it says.
    told = content.take_measured(LETTER_LENGTH_SIZE_BYTES, _LETTER_SIZES_BYTES_MAX[shape], "letter")
    letter = _read_letter(told, shape, front, binding)
    check_spoken(letter, protocols)
    # 5. How much follows.
    declared = content.taken_size_bytes + _following_size(letter)
    if envelope_size(declared) > size_bytes_max:
        raise _too_long(size_bytes_max)
    if size_bytes not in {None, envelope_size(declared)}:
        raise MalformedError(f"envelope is cut short or grew: it has {size_bytes} bytes, not what it says")
    # 6. What follows.
    payloads = tuple(_take_payload(content, header) for header in _followed_by(letter))
    for each in _enclosed(letter):
        _take_attached(content, each, take or _look_through)
    # 7. Nothing else.
    content.end(padded_size(declared))
    return Envelope(letter=letter, payloads=payloads, binding=binding, cards=cards)


def read_sender(
    beginning: bytes,
    shape: type[Letter],
    *,
    openers: Sequence[Opener],
    receiver: str,
    key_of: Callable[[str], PublicKey | None],
    introduced: Introduced | None = None,
    verify: Verify = PublicKey.verify,
) -> tuple[str, bytes]:
    """
    Say who wrote an envelope of which only the beginning has come, and its binding.

    Steps 1 to 3 of ``read_envelope``: what has not come yet may still be anything.

    Args:
        beginning: More than the head, the first chunk, and the cards if there are any.
        shape: What is expected.
        openers: Who may open it.
        receiver: Our office.
        key_of: Gives the key with which an office signs envelopes, or None if it is no peer of ours.
        introduced: As for ``read_envelope``.
        verify: How signatures are verified.

    Raises:
        SealError: It does not open.
        SignatureError: The sender is not known, another receiver or purpose was signed, or another key.
        MalformedError: It is no envelope, or too little of one.
    """
    binding, sealed, rest = _take_head(iter([beginning]))
    content = _Content(open_chunks(content_key(_open_secret(sealed, binding, openers), binding), [rest]))
    front = _take_front(content)
    signer = _signer(content, front, key_of, introduced)[0]
    _verify_front(front, [_PURPOSES[shape]], binding, receiver=receiver, key=signer, verify=verify)
    return front.sender, binding


def binding_in(head: bytes) -> bytes | None:
    """Give the binding that stands in clear at the beginning of an envelope; None if these bytes are no such."""
    end = len(FORMAT) + BINDING_SIZE_BYTES
    return head[len(FORMAT) : end] if head.startswith(FORMAT) and len(head) >= end else None


# Writing.


def _sign_front(letter: Letter, binding: bytes, signer: Signer, cards_size_bytes: int) -> bytes:
    purpose = _PURPOSES[type(letter)]
    claim = Claim(sender=letter.sender, receiver=letter.receiver, purpose=purpose, binding=binding)
    signature = signer.sign(Purpose.ENVELOPE, encode(claim))
    front = Front(
        sender=letter.sender,
        receiver=letter.receiver,
        purpose=purpose,
        signature=signature,
        cards_size_bytes=cards_size_bytes,
    )
    return _FRONT.encode(front)


def _lead(front: bytes, cards: bytes, letter: bytes) -> bytes:
    """Join what stands before the payloads."""
    return b"".join(
        (
            len(front).to_bytes(FRONT_LENGTH_SIZE_BYTES, "big"),
            front,
            cards,
            len(letter).to_bytes(LETTER_LENGTH_SIZE_BYTES, "big"),
            letter,
        )
    )


def _checked(headers: Sequence[EntryHeader | Chunk], payloads: Iterable[bytes]) -> Iterator[bytes]:
    """Hand on the payloads that the headers ask for, each when it is needed, in slices of a chunk."""
    rest = iter(payloads)
    for header in headers:
        payload = next(rest, None)
        if payload is None or not header.fits(payload):
            raise LocalProtocolError(f"payload {header.number} is not the one that was numbered")
        for start in range(0, len(payload), CHUNK_SIZE_BYTES):
            yield payload[start : start + CHUNK_SIZE_BYTES]
    if next(rest, None) is not None:
        raise LocalProtocolError("there are more payloads than entries")


def _checked_attached(enclosed: Sequence[Enclosed], attached: Iterable[Attached]) -> Iterator[bytes]:
    """Hand on the attachments, each as it is needed; what is not the right one ends the envelope before its end."""
    rest = iter(attached)
    for each in enclosed:
        hashing = Hashing()
        for piece in next(rest, ()):
            hashing.update(piece)
            if hashing.size > each.size:
                break
            yield piece
        if hashing.size != each.size or hashing.root() != each.root:
            raise LocalProtocolError(f"an attachment of entry {each.number} is not the one that was named")
    if next(rest, None) is not None:
        raise LocalProtocolError("there are more attachments than are named")


def _zeros(size_bytes: int) -> Iterator[bytes]:
    for start in range(0, size_bytes, CHUNK_SIZE_BYTES):
        yield _ZEROS[: min(CHUNK_SIZE_BYTES, size_bytes - start)]


# Reading.


def _bounded(pieces: Iterable[bytes], size_bytes_max: int) -> Iterator[bytes]:
    """Hand on the pieces in slices of at most a chunk, and no byte beyond the limit."""
    left = size_bytes_max
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise _too_long(size_bytes_max)
        for start in range(0, len(piece), CHUNK_SIZE_BYTES):
            yield piece[start : start + CHUNK_SIZE_BYTES]


def _take_head(stream: Iterator[bytes]) -> tuple[bytes, bytes, bytes]:
    """Take the binding, the sealed secret, and what came along behind them."""
    held = b""
    for piece in stream:
        held += piece
        if len(held) >= HEAD_SIZE_BYTES:
            break
    if len(held) < HEAD_SIZE_BYTES or not held.startswith(FORMAT):
        raise MalformedError("these bytes do not begin like an envelope")
    end = len(FORMAT) + BINDING_SIZE_BYTES
    return held[len(FORMAT) : end], held[end:HEAD_SIZE_BYTES], held[HEAD_SIZE_BYTES:]


def _open_secret(sealed: bytes, binding: bytes, openers: Sequence[Opener]) -> bytes:
    for opener in openers[:OPENERS_MAX]:
        try:
            return opener.open_secret(sealed, binding)
        except SealError:
            continue
    raise SealError(
        "envelope does not open",
        hint="it was altered, or sealed to a key that is destroyed by now, 90 days after it was replaced: "
        "let its sender confirm our newest card and pack or send it anew",
    )


def _take_front(content: "_Content") -> Front:
    return _FRONT.decode(content.take_measured(FRONT_LENGTH_SIZE_BYTES, FRONT_SIZE_BYTES_MAX, "front"))


def _signer(
    content: "_Content",
    front: Front,
    key_of: Callable[[str], PublicKey | None],
    introduced: Introduced | None,
) -> tuple[PublicKey | None, bytes]:
    """Say with which key the sender signs, and give the cards that introduce it."""
    cards = content.take(front.cards_size_bytes)
    signer = key_of(front.sender)
    if signer is not None and cards and introduced is not None:
        signer = introduced(front.sender, cards)
    return signer, cards


def check_spoken(letter: Letter, protocols: Collection[int]) -> None:
    """Refuse a version that is not spoken here; what answers has that of what was asked."""
    if isinstance(letter, Pull | Bag | Push) and letter.protocol not in protocols:
        raise MalformedError(f"version {letter.protocol} of the exchange is not spoken here")


def _verify_front(
    front: Front,
    purposes: Collection[LetterPurpose],
    binding: bytes,
    *,
    receiver: str,
    key: PublicKey | None,
    verify: Verify,
) -> None:
    if key is None:
        raise SignatureError(f"sender `{front.sender}` is not known", hint="pin the card of the sender")
    if front.receiver != receiver:
        raise SignatureError(f"envelope is signed for another receiver than `{receiver}`")
    if front.purpose not in purposes:
        raise SignatureError(f"envelope is signed for another purpose than `{'` or `'.join(purposes)}`")
    claim = Claim(sender=front.sender, receiver=receiver, purpose=front.purpose, binding=binding)
    verify(key, Purpose.ENVELOPE, encode(claim), front.signature)


def _read_letter(told: bytes, shape: type[Said], front: Front, binding: bytes) -> Said:
    # The hash is of the bytes as they came, so nobody's letter is parsed but the one that was signed.
    if binding_of_bytes(told) != binding:
        raise ProofError("letter is another one than was signed")
    letter = cast("Said", _CODECS[shape].decode(told))
    if (letter.sender, letter.receiver) != (front.sender, front.receiver):
        raise MalformedError("letter names other offices than its envelope")
    return letter


def _take_payload(content: "_Content", header: EntryHeader | Chunk) -> bytes:
    payload = content.take(header.size_bytes)
    if not header.fits(payload):
        raise ProofError(f"payload {header.number} is another one than its header says")
    return payload


def _take_attached(content: "_Content", each: Enclosed, take: TakeAttached) -> None:
    """Let one attachment pass by whoever takes it, and see that it was the one that is named."""
    hashing = Hashing()

    def passing() -> Iterator[bytes]:
        for piece in content.pass_by(each.size):
            hashing.update(piece)
            yield bytes(piece)

    pieces = passing()
    take(each, pieces)
    # Whoever takes it may have seen enough before its end.
    _look_through(each, pieces)
    if hashing.root() != each.root:
        raise ProofError(f"an attachment of entry {each.number} is another one than the letter names")


def _look_through(_: Enclosed, pieces: Iterator[bytes]) -> None:
    for _piece in pieces:
        pass


class _Content:
    """The content of an envelope, taken from its beginning; it keeps no more than the present chunk."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._part = memoryview(b"")
        self.taken_size_bytes = 0

    def take(self, size_bytes: int) -> bytes:
        """Take so many bytes, or raise ``MalformedError`` if there are fewer."""
        return b"".join(list(self.pass_by(size_bytes)))

    def pass_by(self, size_bytes: int) -> Iterator[memoryview]:
        """Take so many bytes as they come, or raise ``MalformedError`` if there are fewer."""
        left = size_bytes
        while left:
            if not self._part:
                self._part = memoryview(self._next())
            found = self._part[:left]
            self._part = self._part[left:]
            left -= len(found)
            self.taken_size_bytes += len(found)
            yield found

    def take_measured(self, length_size_bytes: int, size_bytes_max: int, what: str) -> bytes:
        """Take what stands behind its own length."""
        size_bytes = int.from_bytes(self.take(length_size_bytes), "big")
        if size_bytes > size_bytes_max:
            raise MalformedError(f"{what} has {size_bytes} bytes, expected at most {size_bytes_max}")
        return self.take(size_bytes)

    def end(self, size_bytes: int) -> None:
        """Check that zeros follow up to *size_bytes*, and nothing after them."""
        left = size_bytes - self.taken_size_bytes
        for part in chain([bytes(self._part)], self._parts):
            left -= len(part)
            if left < 0 or part != _ZEROS[: len(part)]:
                raise MalformedError("padding of an envelope is not as it must be")
        if left:
            raise MalformedError("padding of an envelope is cut short")

    def _next(self) -> bytes:
        part = next(self._parts, b"")
        if not part:
            raise MalformedError("content of an envelope ends early")
        return part


# Both.


def _followed_by(letter: Letter) -> Sequence[EntryHeader | Chunk]:
    if isinstance(letter, Answer):
        return letter.followed_by
    return letter.headers if isinstance(letter, Bag | Push) else ()


def _enclosed(letter: Letter) -> Sequence[Enclosed]:
    return letter.enclosed if isinstance(letter, Bag | Push) else ()


def _following_size(letter: Letter) -> int:
    """How many bytes follow the letter, before the padding."""
    payloads = sum(header.size_bytes for header in _followed_by(letter))
    return payloads + sum(each.size for each in _enclosed(letter))


def _too_long(size_bytes_max: int) -> MalformedError:
    return MalformedError(f"envelope has more than {size_bytes_max} bytes")
