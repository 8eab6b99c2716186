# SPDX-License-Identifier: Apache-2.0
"""
Checkpoints and receipts: how much of a stream there is, signed by whoever writes it and whoever holds it.

A checkpoint is a signed note (c2sp.org/tlog-checkpoint): the origin that names the stream, its size, the
root over its entries. Its office signs it twice, so that neither a flaw of the old algorithm nor one of
the new suffices to forge it. A receipt is that note with two more lines, cosignatures of the office that
holds all entries below (c2sp.org/tlog-cosignature). ``docs/spec/log.md`` has the format with an example.

Rules kept here, stricter than the standard's:

1. A checkpoint has exactly two lines in this order: Ed25519 (0x01), ML-DSA-44 (0x06, time 0, start 0);
   a receipt has two more: Ed25519 (0x04), ML-DSA-44 (0x06), of one time, which is not 0.
2. **Every** line must verify, under the expected name and a key that is among the given ones. The key
   hash in a line only says which of these; it brings in no other.
3. No extension lines: ML-DSA-44 would not sign them. Size 0 is never signed: it says nothing.
4. One spelling: what is read would be written the same, byte for byte.
5. Signatures of ML-DSA-44 are randomised: the same checkpoint signed again is other bytes, and two
   are compared by size and root. Whoever signs stores the bytes before they are sent.

Not here: whether one size was ever signed with two roots. That takes memory.

Use::

    data = sign_checkpoint(checkpoint, name=key_name("KOR@NATO"), signers=signers)
    checkpoint = verify_checkpoint(data, origin=origin, name=key_name("KOR@NATO"), keys=card.stream_keys)
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from legation.encoding import INTEGER_MAX
from legation.errors import MalformedError, SignatureError, VerificationError
from legation.keys.card import TIME_MAX, Card, Office
from legation.keys.sign import SIGNATURE_SIZES_BYTES, PublicKey, Purpose, Signer, Verify
from legation.log.note import (
    Note,
    NoteSignature,
    SignatureType,
    decode_base64,
    key_hash,
    read_note,
    write_note,
)
from legation.log.signing import (
    ALGORITHMS,
    NAME_SIZE_BYTES_MAX,
    TIME_SIZE_BYTES,
    check_signing_name,
    subtree,
    timed_text,
    verify_by_one,
)
from legation.merkle import HASH_SIZE_BYTES, Hash

INCARNATION_SIZE_BYTES = 16  # 128 random bits: nobody draws one twice
SIZE_MAX = INTEGER_MAX  # sizes are written into JSON as well
CHECKPOINT_SIZE_BYTES_MAX = 4096  # two lines, of the longest offices: 3,611 bytes
RECEIPT_SIZE_BYTES_MAX = 8192  # four lines, likewise: 7,051 bytes

_SIZE = re.compile("[1-9][0-9]{0,15}")
_ORIGIN = re.compile(r"legation/(stream|log)/v1/[!-*,-~]+")  # visible ASCII, no plus
_INCARNATION = re.compile("[0-9a-f]{32}")
_LOG_LINES = (SignatureType.ED25519, SignatureType.MLDSA44_COSIGNATURE)
_COSIGNER_LINES = (SignatureType.ED25519_COSIGNATURE, SignatureType.MLDSA44_COSIGNATURE)


def stream_origin(sender: str, receiver: str, incarnation: bytes) -> str:
    """
    Name the stream from one office to another.

    Raises:
        MalformedError: One of them is no office, both are the same, or the incarnation has not 16 bytes.
    """
    if sender == receiver:
        raise MalformedError(f"`{sender}` has no stream to itself")
    return f"legation/stream/v1/{_office(sender)}/{_office(receiver)}/{_incarnation(incarnation)}"


def log_origin(office: str, incarnation: bytes) -> str:
    """
    Name the own log of an office's node.

    Raises:
        MalformedError: It is no office, or the incarnation has not 16 bytes.
    """
    return f"legation/log/v1/{_office(office)}/{_incarnation(incarnation)}"


def key_name(office: str) -> str:
    """
    Name the stream keys of an office, as signature lines do.

    Raises:
        MalformedError: It is no office.
    """
    return f"{_office(office)}/stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """
    How much there is of a stream or log; not a word of what it says.

    One that ``verify_checkpoint`` returned has been signed; one made here says only what is to be signed.

    Args:
        origin: Which one; from ``stream_origin`` or ``log_origin``.
        size: Count of entries, from 1, at most ``SIZE_MAX``.
        root: The root over their leaf hashes.

    Raises:
        MalformedError: One of these is not such.
    """

    origin: str
    size: int
    root: Hash

    def __post_init__(self) -> None:
        if len(self.origin) > NAME_SIZE_BYTES_MAX or not _ORIGIN.fullmatch(self.origin):
            raise MalformedError("the origin of a checkpoint is that of a stream or a log")
        if not 1 <= self.size <= SIZE_MAX:
            raise MalformedError(f"the size of a checkpoint is not between 1 and {SIZE_MAX}")
        if len(self.root) != HASH_SIZE_BYTES:
            raise MalformedError(f"root has {len(self.root)} bytes, expected {HASH_SIZE_BYTES}")

    @property
    def text(self) -> str:
        """The note's text: three lines."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode('ascii')}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """
    A verified receipt: another office holds every entry below the checkpoint.

    ``time`` is when it said so, by its clock, in seconds since 1970, UTC. ``data`` are the bytes: evidence.
    """

    checkpoint: Checkpoint
    time: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSigners:
    """
    The two stream keys with which an office signs.

    Raises:
        MalformedError: One of them is of another algorithm.
    """

    ed25519: Signer
    mldsa44: Signer

    def __post_init__(self) -> None:
        found = self.ed25519.public_key.algorithm, self.mldsa44.public_key.algorithm
        if found != ("ed25519", "ml-dsa-44"):
            raise MalformedError("streams are signed with an ed25519 and an ml-dsa-44 key")


def sign_checkpoint(checkpoint: Checkpoint, *, name: str, signers: StreamSigners) -> bytes:
    """
    Sign a checkpoint as the office whose stream or log it is.

    Args:
        checkpoint: What has been committed: never a size that may yet get another root.
        name: The office's key name.
        signers: Its current stream keys.

    Returns:
        The note: other bytes each time.

    Raises:
        MalformedError: The name is not one.
    """
    lines = tuple(_sign(_LOG_LINES, checkpoint, name, signers, time=0))
    return write_note(Note(text=checkpoint.text, signatures=lines))


def names_key(data: bytes, name: str, keys: Iterable[PublicKey]) -> bool:
    """
    Whether a line of a note claims to be of one of an office's keys; nothing is verified.

    Args:
        data: A checkpoint or a receipt.
        name: The office's key name.
        keys: Stream keys of it.

    Raises:
        MalformedError: It is no note.
    """
    hashes = {key_hash(name, type_, key.key) for key in keys for type_ in SignatureType}
    return any(line.name == name and line.key_hash in hashes for line in read_note(data).signatures)


def verify_checkpoint(
    data: bytes, *, origin: str, name: str, keys: Iterable[PublicKey], verify: Verify = PublicKey.verify
) -> Checkpoint:
    """
    Verify a checkpoint as its own office signs it.

    1. It is a note in the form of a checkpoint, with an office's two lines, of no time.
    2. Its origin is the expected one.
    3. Both lines bear the expected name, and each the key hash of one of *keys*, which verifies it.

    Args:
        data: The note, at most ``CHECKPOINT_SIZE_BYTES_MAX``.
        origin: Which stream or log it must be of.
        name: The key name of whoever writes that.
        keys: Their stream keys, current and retired.
        verify: How signatures are verified; another rule only where two worlds are compared.

    Raises:
        MalformedError: These are not the bytes of a checkpoint.
        VerificationError: It is of another stream or log.
        SignatureError: A line is of another name or key, or does not verify.
    """
    # 1. Form.
    checkpoint, lines = _read_checkpoint(data)
    # 2. Which.
    _check_origin(checkpoint, origin)
    # 3. Who.
    _verify(lines, checkpoint, name, keys, verify)
    return checkpoint


def open_checkpoint(data: bytes, card: Card, *, verify: Verify = PublicKey.verify) -> Checkpoint:
    """
    Verify a checkpoint by the card of the office that writes it, whichever stream or log of it.

    For whoever was handed a file and asks which stream it is of. A node knows that beforehand and asks
    ``verify_checkpoint``.

    Args:
        data: The note, at most ``CHECKPOINT_SIZE_BYTES_MAX``.
        card: The pinned card of that office.
        verify: As for ``verify_checkpoint``.

    Raises:
        MalformedError: These are not the bytes of a checkpoint.
        VerificationError: It is of a stream or log of another office.
        SignatureError: A line is of another name or key, or does not verify.
    """
    claimed, _ = _read(data, _LOG_LINES, CHECKPOINT_SIZE_BYTES_MAX, "checkpoint")
    _check_form(claimed.origin)
    office = str(card.office)
    if claimed.origin.split("/")[3] != office:
        raise VerificationError(f"checkpoint is of a stream or log of another office than `{office}`")
    return verify_checkpoint(
        data, origin=claimed.origin, name=key_name(office), keys=card.stream_keys, verify=verify
    )


def claimed_incarnation(data: bytes, sender: str, receiver: str) -> bytes | None:
    """
    Say of which incarnation of a stream a receipt claims to be; nothing of it is verified.

    Returns:
        None if it claims to be of another stream.

    Raises:
        MalformedError: These are not the bytes of a receipt, or one of the two is no office.
    """
    return incarnation_of(_read_receipt(data)[0], sender, receiver)


def incarnation_of(checkpoint: Checkpoint, sender: str, receiver: str) -> bytes | None:
    """The incarnation that the origin of a checkpoint names, if it is of the stream from *sender* to *receiver*."""
    *_, last = checkpoint.origin.rpartition("/")
    if not _INCARNATION.fullmatch(last):
        return None
    found = bytes.fromhex(last)
    return found if checkpoint.origin == stream_origin(sender, receiver, found) else None


def is_receipt(data: bytes) -> bool:
    """
    Tell a receipt from a checkpoint, for whoever was handed one of the two; nothing of it is verified.

    Its form is checked, all of it: what a note is comes before whose it is.

    Raises:
        MalformedError: It is neither.
    """
    is_long = len(read_note(data).signatures) != len(_LOG_LINES)
    _read_receipt(data) if is_long else _read_checkpoint(data)
    return is_long


def cosign(data: bytes, *, name: str, signers: StreamSigners, time: int) -> bytes:
    """
    Make the receipt for a checkpoint.

    Args:
        data: What ``verify_checkpoint`` took; nothing is verified again. Every entry below is held.
        name: The key name of the office that holds them.
        signers: Its current stream keys.
        time: When, in seconds since 1970, UTC; not 0.

    Returns:
        The receipt: *data* and two more lines, other bytes each time.

    Raises:
        MalformedError: These are not the bytes of a checkpoint, it is of the same name, or the name or
            the time is not one.
    """
    checkpoint, lines = _read_checkpoint(data)
    if any(line.found.name == name for line in lines):
        raise MalformedError("a checkpoint is receipted by another office than its own")
    _check_time(time, 1, TIME_MAX)
    own = (line.found for line in lines)
    more = _sign(_COSIGNER_LINES, checkpoint, name, signers, time=time)
    return write_note(Note(text=checkpoint.text, signatures=(*own, *more)))


def verify_receipt(
    data: bytes,
    *,
    origin: str,
    name: str,
    keys: Iterable[PublicKey],
    cosigner: str,
    cosigner_keys: Iterable[PublicKey],
    verify: Verify = PublicKey.verify,
) -> Receipt:
    """
    Verify a receipt.

    1. It is a note in the form of a checkpoint, with two lines of no time and two of one time.
    2. Its origin is the expected one.
    3. The first two lines are those of the office whose stream it is, as for a checkpoint.
    4. The last two are, likewise, those of the office that holds it.

    Args:
        data: The note, at most ``RECEIPT_SIZE_BYTES_MAX``.
        origin: Which stream it must be of.
        name: The key name of whoever writes that.
        keys: Their stream keys, current and retired.
        cosigner: The key name of whoever holds it.
        cosigner_keys: Theirs.
        verify: How signatures are verified; another rule only where two worlds are compared.

    Raises:
        MalformedError: These are not the bytes of a receipt.
        VerificationError: It is of another stream.
        SignatureError: A line is of another name or key, or does not verify.
    """
    # 1. Form.
    checkpoint, written, held, time = _read_receipt(data)
    # 2. Which.
    _check_origin(checkpoint, origin)
    # 3. and 4. Who.
    _verify(written, checkpoint, name, keys, verify)
    _verify(held, checkpoint, cosigner, cosigner_keys, verify)
    return Receipt(checkpoint=checkpoint, time=time, data=data)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A signature line taken apart: what it must be, what was found, and its time, if it has one."""

    type: SignatureType
    found: NoteSignature
    time: int
    signature: bytes


def _sign(
    types: Sequence[SignatureType], checkpoint: Checkpoint, name: str, signers: StreamSigners, *, time: int
) -> Iterator[NoteSignature]:
    """Make an office's two lines."""
    check_signing_name(name)
    for type_, signer in zip(types, (signers.ed25519, signers.mldsa44), strict=True):
        signature = signer.sign(*_message(type_, checkpoint, name, time))
        yield NoteSignature(
            name=name,
            key_hash=key_hash(name, type_, signer.public_key.key),
            signature=_time_bytes(type_, time) + signature,
        )


def _verify(
    lines: Sequence[_Line], checkpoint: Checkpoint, name: str, keys: Iterable[PublicKey], verify: Verify
) -> None:
    """Verify an office's two lines."""
    check_signing_name(name)
    known = tuple(keys)
    for line in lines:
        if line.found.name != name:
            raise SignatureError(f"a line is of another name than `{name}`")
        found = [key for key in known if _is_of(line, name, key)]
        if not found:
            raise SignatureError(f"a line of `{name}` is of a key that is not known")
        purpose, message = _message(line.type, checkpoint, name, line.time)
        verify_by_one(found, purpose, message, line.signature, verify)


def _is_of(line: _Line, name: str, key: PublicKey) -> bool:
    expected = ALGORITHMS[line.type]
    return key.algorithm == expected and key_hash(name, line.type, key.key) == line.found.key_hash


def _message(type_: SignatureType, checkpoint: Checkpoint, name: str, time: int) -> tuple[Purpose, bytes]:
    """Say what a line of this type signs: a purpose, and what follows its prefix."""
    text = checkpoint.text.encode("ascii")
    if type_ is SignatureType.ED25519:
        purpose = Purpose.STREAM if text.startswith(Purpose.STREAM.prefix) else Purpose.LOG
        return purpose, text.removeprefix(purpose.prefix)
    if type_ is SignatureType.ED25519_COSIGNATURE:
        return Purpose.COSIGNATURE, timed_text(time, text)
    return Purpose.SUBTREE, subtree(name, time, checkpoint.origin, checkpoint.size, checkpoint.root)


def _time_bytes(type_: SignatureType, time: int) -> bytes:
    return b"" if type_ is SignatureType.ED25519 else time.to_bytes(TIME_SIZE_BYTES, "big")


def _read_checkpoint(data: bytes) -> tuple[Checkpoint, list[_Line]]:
    checkpoint, lines = _read(data, _LOG_LINES, CHECKPOINT_SIZE_BYTES_MAX, "checkpoint")
    _one_time(lines, least=0, most=0)
    return checkpoint, lines


def _read_receipt(data: bytes) -> tuple[Checkpoint, list[_Line], list[_Line], int]:
    """Take a receipt apart: what it is over, the lines of either office, and the time of the cosignatures."""
    checkpoint, lines = _read(data, (*_LOG_LINES, *_COSIGNER_LINES), RECEIPT_SIZE_BYTES_MAX, "receipt")
    written, held = lines[: len(_LOG_LINES)], lines[len(_LOG_LINES) :]
    _one_time(written, least=0, most=0)
    return checkpoint, written, held, _one_time(held, least=1, most=TIME_MAX)


def _read(
    data: bytes, types: Sequence[SignatureType], size_bytes_max: int, what: str
) -> tuple[Checkpoint, list[_Line]]:
    """Take a note of exactly these lines apart."""
    if len(data) > size_bytes_max:
        raise MalformedError(f"{what} has {len(data)} bytes, expected at most {size_bytes_max}")
    note = read_note(data)
    checkpoint = _read_text(note.text)
    if len(note.signatures) != len(types):
        raise MalformedError(f"{what}: expected {len(types)} signatures, got {len(note.signatures)}")
    return checkpoint, list(map(_read_line, types, note.signatures))


def _read_text(text: str) -> Checkpoint:
    origin, *lines = text.removesuffix("\n").split("\n")
    if len(lines) != 2 or not _SIZE.fullmatch(lines[0]):
        raise MalformedError("a checkpoint is an origin, a size and a root")
    return Checkpoint(origin=origin, size=int(lines[0]), root=Hash(decode_base64(lines[1])))


def _read_line(type_: SignatureType, found: NoteSignature) -> _Line:
    time_size_bytes = len(_time_bytes(type_, 0))
    time, signature = found.signature[:time_size_bytes], found.signature[time_size_bytes:]
    if len(signature) != SIGNATURE_SIZES_BYTES[ALGORITHMS[type_]]:
        raise MalformedError("a signature of a checkpoint has another size, or stands in another's place")
    return _Line(type=type_, found=found, time=int.from_bytes(time, "big"), signature=signature)


def _one_time(lines: Sequence[_Line], *, least: int, most: int) -> int:
    """Give the one time of an office's lines; Ed25519 over the bare text has none."""
    times = {line.time for line in lines if line.type is not SignatureType.ED25519}
    if len(times) != 1:
        raise MalformedError("the lines of one office have one time")
    [time] = times
    _check_time(time, least, most)
    return time


def _check_time(time: int, least: int, most: int) -> None:
    if not least <= time <= most:
        raise MalformedError(f"the time of a signature is not between {least} and {most}")


def _check_origin(checkpoint: Checkpoint, origin: str) -> None:
    if checkpoint.origin != origin:
        raise VerificationError(f"checkpoint is of another origin than `{origin}`")


def _check_form(origin: str) -> None:
    """Refuse an origin that nobody was told to expect and that is not of the specification's form."""
    match origin.split("/"):
        case [_, "stream", _, sender, receiver, incarnation] if _INCARNATION.fullmatch(incarnation):
            stream_origin(sender, receiver, bytes.fromhex(incarnation))
        case [_, "log", _, office, incarnation] if _INCARNATION.fullmatch(incarnation):
            log_origin(office, bytes.fromhex(incarnation))
        case _:
            raise MalformedError(
                "the origin of a checkpoint is that of a stream between offices, or of a log"
            )


def _office(office: str) -> Office:
    return Office.parse(office)


def _incarnation(incarnation: bytes) -> str:
    if len(incarnation) != INCARNATION_SIZE_BYTES:
        raise MalformedError(f"incarnation has {len(incarnation)} bytes, expected {INCARNATION_SIZE_BYTES}")
    return incarnation.hex()
