# SPDX-License-Identifier: Apache-2.0
"""
What lines of notes sign, and how one is verified; for ``checkpoint``, ``statement`` and ``verifier`` alike.

Source: c2sp.org/signed-note; c2sp.org/tlog-cosignature.
"""

from collections.abc import Sequence
from contextlib import suppress

from legation.errors import MalformedError, SignatureError
from legation.keys.sign import Algorithm, PublicKey, Purpose, Verify
from legation.log.note import SignatureType, check_key_name

TIME_SIZE_BYTES = 8  # before the signature, in a line that has a time
NAME_SIZE_BYTES_MAX = 255  # of a key name or an origin: ML-DSA-44 signs them behind one byte of length
ALGORITHMS: dict[SignatureType, Algorithm] = {
    SignatureType.ED25519: "ed25519",
    SignatureType.ED25519_COSIGNATURE: "ed25519",
    SignatureType.MLDSA44_COSIGNATURE: "ml-dsa-44",
}


def timed_text(time: int, text: bytes) -> bytes:
    """What an Ed25519 cosignature signs after its first line, ``cosignature/v1``."""
    return b"time %d\n%b" % (time, text)


def subtree(name: str, time: int, origin: str, size: int, root: bytes) -> bytes:
    """
    What an ML-DSA-44 cosignature signs after ``subtree/v1`` and a line feed: of the whole tree, from 0.

    Raises:
        MalformedError: The name or the origin is longer than ``NAME_SIZE_BYTES_MAX``.
    """
    parts = (
        b"\x00",  # the last byte of the label
        _opaque(name),
        time.to_bytes(8, "big"),
        _opaque(origin),
        bytes(8),
        size.to_bytes(8, "big"),
        root,
    )
    return b"".join(parts)


def _opaque(text: str) -> bytes:
    data = text.encode()
    if len(data) > NAME_SIZE_BYTES_MAX:
        raise MalformedError(f"a name that is signed has more than {NAME_SIZE_BYTES_MAX} bytes")
    return bytes([len(data)]) + data


def check_signing_name(name: str) -> None:
    """
    Check the name of a key that signs for us.

    Raises:
        MalformedError: It is no name, or longer than ``NAME_SIZE_BYTES_MAX``.
    """
    check_key_name(name)
    if len(name.encode()) > NAME_SIZE_BYTES_MAX:
        raise MalformedError(f"the name of a key has more than {NAME_SIZE_BYTES_MAX} bytes")


def verify_by_one(
    keys: Sequence[PublicKey], purpose: Purpose, message: bytes, signature: bytes, verify: Verify
) -> None:
    """
    Try the keys that have a line's hash: one, or by an accident in four thousand million two.

    Raises:
        SignatureError: None of them verifies it.
    """
    *others, last = keys
    for key in others:
        with suppress(SignatureError):
            verify(key, purpose, message, signature)
            return
    verify(last, purpose, message, signature)
