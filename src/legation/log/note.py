# SPDX-License-Identifier: Apache-2.0
"""
Signed notes: a text, an empty line, and one line for each signature.

This is the format of c2sp.org/signed-note to the letter, for any text and any kinds of signature. What
our checkpoints must be beyond that is the business of ``checkpoint``.

Rules kept here:

1. ``read_note(write_note(note)) == note`` and ``write_note(read_note(data)) == data``, or *data* is refused.
2. Reading says nothing of who signed: no key is looked at.

What the standard names *key ID* is called *key hash* here, for a key id of ours is something else:
four bytes that anyone can imitate, so that it finds a key among known ones and never proves one.

Use::

    note = read_note(data)
    found = [line for line in note.signatures if line.key_hash == key_hash(name, type, key)]
"""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from legation.errors import MalformedError

SIGNATURES_MAX = 16  # "MUST accept at least up to 16 signatures"; more are not needed
NOTE_SIZE_BYTES_MAX = 1 << 17  # 16 signatures of "nearly 5kB" are 107 kB in base64
KEY_HASH_SIZE_BYTES = 4

_DASH = "\N{EM DASH} "
_NOT_IN_NOTE = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")
_NOT_IN_NAME = re.compile(r"[\s+]")


class SignatureType(IntEnum):
    """What kind of signature a key hash is for; the assigned numbers that are used here."""

    ED25519 = 0x01
    """Ed25519 over the text."""
    ED25519_COSIGNATURE = 0x04
    """A time, and Ed25519 over the time and the text."""
    MLDSA44_COSIGNATURE = 0x06
    """A time, and ML-DSA-44 over time, origin, size and root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """
    One line: whose signature it claims to be, and its bytes.

    Args:
        name: The key's name, without spaces and plus.
        key_hash: Four bytes.
        signature: At least one byte.

    Raises:
        MalformedError: One of them is not such.
    """

    name: str
    key_hash: bytes
    signature: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.key_hash) != KEY_HASH_SIZE_BYTES or not self.signature:
            raise MalformedError("a signature of a note is a key hash of 4 bytes and at least one more")

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {b64encode(self.key_hash + self.signature).decode('ascii')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """
    A text and what claims to be its signatures.

    Args:
        text: What is signed, in UTF-8; ends in a line feed and has no other control character.
        signatures: From 1 to ``SIGNATURES_MAX`` of them.

    Raises:
        MalformedError: One of them is not such.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        _check_characters(self.text)
        if not self.text.endswith("\n"):
            raise MalformedError("the text of a note does not end in a line feed")
        if not 1 <= len(self.signatures) <= SIGNATURES_MAX:
            raise MalformedError(f"a note has 1 to {SIGNATURES_MAX} signatures")


def read_note(data: bytes) -> Note:
    """
    Read a signed note; no signature is verified.

    1. It is not too long, and UTF-8.
    2. "The text is separated from the signatures by the last empty line in the note."
    3. Each line after that is a signature, ends in a line feed, and its base64 has one spelling.

    Raises:
        MalformedError: One of them does not hold.
    """
    # 1. Characters; which of them may stand where, the parts check.
    _check_size(data)
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedError("note is not UTF-8") from None
    # 2. The text keeps its own line feed.
    text, empty, rest = whole.rpartition("\n\n")
    if not empty or not rest.endswith("\n"):
        raise MalformedError("a note is a text, an empty line, and lines of signatures")
    # 3. One more split than there may be lines is enough to know that there are too many.
    lines = rest[:-1].split("\n", SIGNATURES_MAX)
    if len(lines) > SIGNATURES_MAX:
        raise MalformedError(f"a note has 1 to {SIGNATURES_MAX} signatures")
    return Note(text=text + "\n", signatures=tuple(map(_read_line, lines)))


def write_note(note: Note) -> bytes:
    """
    Write a signed note; the inverse of ``read_note``.

    Raises:
        MalformedError: It would be longer than others read.
    """
    lines = "".join(f"{line}\n" for line in note.signatures)
    data = f"{note.text}\n{lines}".encode()
    _check_size(data)
    return data


def key_hash(name: str, signature_type: SignatureType, key: bytes) -> bytes:
    """
    Compute the four bytes by which a signature line names its key.

    Args:
        name: The key's name.
        signature_type: What it signs as; one key has another hash for each.
        key: The raw public key.

    Source: c2sp.org/signed-note, section "Signatures".
    """
    told = name.encode() + b"\n" + bytes([signature_type]) + key
    return sha256(told).digest()[:KEY_HASH_SIZE_BYTES]


def check_key_name(name: str) -> None:
    """
    Check the name of a key.

    "Key names MUST be non-empty and MUST NOT contain any Unicode spaces or plus (U+002B) characters."

    Raises:
        MalformedError: It is not such.
    """
    _check_characters(name)
    if not name or _NOT_IN_NAME.search(name):
        raise MalformedError("the name of a key is not empty and has neither spaces nor plus")


def decode_base64(text: str) -> bytes:
    """
    Decode base64 (RFC 4648, section 4) that is spelled as an encoder spells it.

    Raises:
        MalformedError: It is no base64, or has another spelling: no padding, loose bits, white space.
    """
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        raise MalformedError("expected base64") from None
    if b64encode(data).decode("ascii") != text:
        raise MalformedError("base64 is not in canonical form")
    return data


def _read_line(line: str) -> NoteSignature:
    dash, name_and_signature = line[: len(_DASH)], line[len(_DASH) :]
    name, _, encoded = name_and_signature.partition(" ")
    if dash != _DASH:
        raise MalformedError("a signature of a note is an em dash, a name and base64")
    data = decode_base64(encoded)
    return NoteSignature(name=name, key_hash=data[:KEY_HASH_SIZE_BYTES], signature=data[KEY_HASH_SIZE_BYTES:])


def _check_characters(text: str) -> None:
    """
    Refuse what no note may hold.

    "Signed notes MUST be valid UTF-8 and MUST NOT contain any ASCII control characters (those below
    U+0020) other than newline."
    """
    if _NOT_IN_NOTE.search(text):
        raise MalformedError("a note has no control characters and no halves of characters")


def _check_size(data: bytes) -> None:
    if len(data) > NOTE_SIZE_BYTES_MAX:
        raise MalformedError(f"note has {len(data)} bytes, expected at most {NOTE_SIZE_BYTES_MAX}")
