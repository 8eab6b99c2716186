# SPDX-License-Identifier: Apache-2.0
"""
Notes of anybody, opened with verifier keys in text form.

``open_note`` follows c2sp.org/signed-note to the letter: lines of unknown keys are passed over, a line
of a known key that does not verify refuses the whole note, and one line at least must verify. What our
own checkpoints must be beyond that is the business of ``checkpoint``, which asks for every line.

A verifier key is ``<name>+<key hash>+<base64 of type and key>``. Known are the types Ed25519 (0x01) and
the two cosignatures of c2sp.org/tlog-cosignature (0x04, 0x06); a key of any other is refused.

Use::

    note = open_note(data, ["example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"])
    note.text
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from legation.errors import MalformedError, SignatureError
from legation.keys.sign import SIGNATURE_SIZES_BYTES, PublicKey, Purpose
from legation.log.note import (
    Note,
    NoteSignature,
    SignatureType,
    check_key_name,
    decode_base64,
    key_hash,
    read_note,
)
from legation.log.signing import ALGORITHMS, NAME_SIZE_BYTES_MAX, TIME_SIZE_BYTES, subtree, timed_text
from legation.merkle import HASH_SIZE_BYTES

KEYS_MAX = 1024  # that one note is held against
_HASH = re.compile("[0-9a-f]{8}")
_SIZE = re.compile("0|[1-9][0-9]{0,19}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedNote(Note):
    """
    A note of which at least one signature has been verified.

    ``signatures`` are those that were, ``unverified`` those of keys that are not known.
    """

    unverified: tuple[NoteSignature, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A key by which somebody's notes are verified: its name, what it signs as, and the key."""

    name: str
    type: SignatureType
    key: PublicKey

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if ALGORITHMS[self.type] != self.key.algorithm:
            raise MalformedError("a verifier key is of another algorithm than its type")

    @property
    def key_hash(self) -> bytes:
        """The four bytes by which a line names this key."""
        return key_hash(self.name, self.type, self.key.key)

    def __str__(self) -> str:
        told = b64encode(bytes([self.type]) + self.key.key).decode("ascii")
        return f"{self.name}+{self.key_hash.hex()}+{told}"


def read_verifier_key(text: str) -> VerifierKey:
    """
    Read a verifier key.

    Raises:
        MalformedError: It has another form, its hash is not that of its name and key, or its type is
            not known.
    """
    name, hash_, encoded = text.split("+", 2) if text.count("+") >= 2 else ("", "", "")
    if not _HASH.fullmatch(hash_):
        raise MalformedError("a verifier key is a name, a key hash and a key, with a plus between them")
    data = decode_base64(encoded)
    known = {int(each): each for each in SignatureType}
    type_ = known.get(data[0]) if data else None
    if type_ is None:
        raise MalformedError("the type of a verifier key is not known")
    found = VerifierKey(name=name, type=type_, key=PublicKey(algorithm=ALGORITHMS[type_], key=data[1:]))
    if found.key_hash.hex() != hash_:
        raise MalformedError("the hash of a verifier key is not that of its name and key")
    return found


def open_note(data: bytes, vkeys: Iterable[str]) -> OpenedNote:
    """
    Open a signed note.

    1. It is a note, and every given key is one.
    2. A line of a known name and key hash verifies, or the whole note is refused.
    3. At least one line verifies.

    Args:
        data: The note, at most ``NOTE_SIZE_BYTES_MAX``.
        vkeys: Verifier keys in text form, at most ``KEYS_MAX``.

    Raises:
        MalformedError: The note, or a key, is not one.
        SignatureError: A line of a known key does not verify, or none is of a known key.

    Source: c2sp.org/signed-note, section "Signatures".
    """
    # 1. Form.
    known = [read_verifier_key(each) for each in vkeys]
    if len(known) > KEYS_MAX:
        raise MalformedError(f"{len(known)} verifier keys, expected at most {KEYS_MAX}")
    note = read_note(data)
    by_line = {(each.name, each.key_hash): each for each in known}
    # 2. Lines of known keys.
    verified, unverified = list[NoteSignature](), list[NoteSignature]()
    for line in note.signatures:
        key = by_line.get((line.name, line.key_hash))
        if key is None:
            unverified.append(line)
        else:
            _verify(key, note.text, line.signature)
            verified.append(line)
    # 3. One at least.
    if not verified:
        raise SignatureError("no signature of this note is of a key that is known")
    return OpenedNote(text=note.text, signatures=tuple(verified), unverified=tuple(unverified))


def _verify(key: VerifierKey, text: str, signature: bytes) -> None:
    if key.type is SignatureType.ED25519:
        key.key.verify_bare(text.encode(), _sized(key, signature))
        return
    time, rest = signature[:TIME_SIZE_BYTES], signature[TIME_SIZE_BYTES:]
    message = _cosigned(key, text, int.from_bytes(time, "big"))
    key.key.verify_bare(message, _sized(key, rest))


def _sized(key: VerifierKey, signature: bytes) -> bytes:
    if len(signature) != SIGNATURE_SIZES_BYTES[key.key.algorithm]:
        raise SignatureError(f"a line of `{key.name}` has a signature of another size")
    return signature


def _cosigned(key: VerifierKey, text: str, time: int) -> bytes:
    """What a cosignature signs (c2sp.org/tlog-cosignature); only a checkpoint has one."""
    origin, size, root = _checkpoint(text)
    if key.type is SignatureType.ED25519_COSIGNATURE:
        return Purpose.COSIGNATURE.prefix + timed_text(time, text.encode())
    if max(len(each.encode()) for each in (key.name, origin)) > NAME_SIZE_BYTES_MAX:
        raise SignatureError(f"a cosignature names what is longer than {NAME_SIZE_BYTES_MAX} bytes")
    return Purpose.SUBTREE.prefix + subtree(key.name, time, origin, size, root)


def _checkpoint(text: str) -> tuple[str, int, bytes]:
    """Take the first three lines of anybody's checkpoint; extension lines may follow."""
    lines: Sequence[str] = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not lines[0] or not _SIZE.fullmatch(lines[1]) or "" in lines[3:]:
        raise SignatureError("a cosignature stands under what is no checkpoint")
    size = int(lines[1])
    try:
        root = decode_base64(lines[2])
    except MalformedError:
        root = b""
    if len(root) != HASH_SIZE_BYTES or size >= 1 << 63:
        raise SignatureError("a cosignature stands under what is no checkpoint")
    return lines[0], size, root
