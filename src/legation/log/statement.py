# SPDX-License-Identifier: Apache-2.0
"""
Statements: a few lines of text that an authority signs, apart from what they are about.

A statement is a signed note (c2sp.org/signed-note) whose text begins with the line that only its purpose
begins with. Its authority signs it twice, so that neither a flaw of the old algorithm nor one of the new
suffices to forge it. What the text says is read elsewhere: for policies, in ``labels.chain``.

Rules kept here, stricter than the standard's:

1. Exactly two lines in this order: Ed25519 (0x01), ML-DSA-44 (0xff and ``MLDSA44_TYPE``). The standard has no
   number for ML-DSA-44 over a plain text yet; the one it has signs checkpoints.
2. **Both** must verify, under the expected name and a key that is among the given ones. The key hash in a
   line only says which of these; it brings in no other.
3. Signatures of ML-DSA-44 are randomised: the same text signed again is other bytes, and two statements are
   compared by text. Whoever signs stores the bytes before they are sent.

Use::

    note = sign_statement(text, purpose=Purpose.POLICY, name="KOR/policy", signers=signers)
    text = verify_statement(note, purpose=Purpose.POLICY, name="KOR/policy", keys=pinned)
"""

from collections.abc import Iterable
from hashlib import sha256

from legation.errors import MalformedError, SignatureError
from legation.keys.card import Office
from legation.keys.sign import SIGNATURE_SIZES_BYTES, Algorithm, PublicKey, Purpose, Signer, Verify
from legation.log.checkpoint import StreamSigners
from legation.log.note import KEY_HASH_SIZE_BYTES, Note, NoteSignature, read_note, write_note
from legation.log.signing import check_signing_name, verify_by_one

STATEMENT_SIZE_BYTES_MAX = 6144  # two lines of 3.4 kB together, the longest name twice, the longest text
MLDSA44_TYPE = b"legation/note/ml-dsa-44/v1"
"""What follows 0xff: "it is RECOMMENDED that this byte be followed by a longer identifier"."""

_TYPES: tuple[tuple[Algorithm, bytes], ...] = (
    ("ed25519", b"\x01"),
    ("ml-dsa-44", b"\xff" + MLDSA44_TYPE),
)


def authority_name(office: str) -> str:
    """
    Name the keys with which an office signs policies.

    Raises:
        MalformedError: It is no office.
    """
    return f"{Office.parse(office)}/policy"


def sign_statement(text: str, *, purpose: Purpose, name: str, signers: StreamSigners) -> bytes:
    """
    Sign a statement.

    Args:
        text: What is stated; its first line is the purpose's.
        purpose: What it is for.
        name: The authority's key name.
        signers: Its two keys.

    Returns:
        The note: other bytes each time.

    Raises:
        MalformedError: The text begins otherwise or is too long, or the name is not one.
    """
    message = _message(text, purpose)
    check_signing_name(name)
    pairs: tuple[Signer, Signer] = (signers.ed25519, signers.mldsa44)
    lines = tuple(
        NoteSignature(
            name=name,
            key_hash=_key_hash(name, type_, signer.public_key.key),
            signature=signer.sign(purpose, message),
        )
        for (_, type_), signer in zip(_TYPES, pairs, strict=True)
    )
    data = write_note(Note(text=text, signatures=lines))
    _check_size(data)
    return data


def verify_statement(
    data: bytes,
    *,
    purpose: Purpose,
    name: str,
    keys: Iterable[PublicKey],
    verify: Verify = PublicKey.verify,
) -> str:
    """
    Verify a statement and give its text.

    1. It is a note with exactly the two lines, and its text begins as its purpose does.
    2. Both lines bear the expected name, and each the key hash of one of *keys*, which verifies it.

    Args:
        data: The note, at most ``STATEMENT_SIZE_BYTES_MAX``.
        purpose: What it must be for.
        name: The key name of the pinned authority.
        keys: Its pinned keys.
        verify: How signatures are verified; another rule only where two worlds are compared.

    Raises:
        MalformedError: These are not the bytes of such a statement.
        SignatureError: A line is of another name or key, or does not verify.
    """
    # 1. Form.
    _check_size(data)
    note = read_note(data)
    message = _message(note.text, purpose)
    if len(note.signatures) != len(_TYPES):
        raise MalformedError(f"statement: expected {len(_TYPES)} signatures, got {len(note.signatures)}")
    for (algorithm, _), line in zip(_TYPES, note.signatures, strict=True):
        if len(line.signature) != SIGNATURE_SIZES_BYTES[algorithm]:
            raise MalformedError("a signature of a statement has another size, or stands in another's place")
    # 2. Who.
    check_signing_name(name)
    known = tuple(keys)
    for (algorithm, type_), line in zip(_TYPES, note.signatures, strict=True):
        if line.name != name:
            raise SignatureError(f"a line is of another name than `{name}`")
        found = [
            key
            for key in known
            if key.algorithm == algorithm and _key_hash(name, type_, key.key) == line.key_hash
        ]
        if not found:
            raise SignatureError(f"a line of `{name}` is of a key that is not known")
        verify_by_one(found, purpose, message, line.signature, verify)
    return note.text


def _key_hash(name: str, type_: bytes, key: bytes) -> bytes:
    """Compute the four bytes that find a key; the source is c2sp.org/signed-note, "Signature types"."""
    return sha256(name.encode() + b"\n" + type_ + key).digest()[:KEY_HASH_SIZE_BYTES]


def _message(text: str, purpose: Purpose) -> bytes:
    """Give what follows the purpose's line: signing puts that line before it again."""
    try:
        told, prefix = text.encode(), purpose.prefix
    except UnicodeEncodeError:
        raise MalformedError("a statement has halves of characters") from None
    if not told.startswith(prefix):
        raise MalformedError("a statement begins with the line of its purpose")
    return told.removeprefix(prefix)


def _check_size(data: bytes) -> None:
    if len(data) > STATEMENT_SIZE_BYTES_MAX:
        raise MalformedError(f"statement has {len(data)} bytes, expected at most {STATEMENT_SIZE_BYTES_MAX}")
