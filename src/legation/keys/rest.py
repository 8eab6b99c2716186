# SPDX-License-Identifier: Apache-2.0
"""
Sealing what rests on our own disk: chunk by chunk, each found by its number.

AES-256-GCM. A key belongs to one file and seals nothing else, so the number of a chunk is nonce enough, and a
chunk that was moved or taken from another file does not open. To destroy a file it is enough to destroy its
key, wherever copies of the file have gone.

A chunk may be sealed again under its number only with the same bytes; whoever writes sees to that.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from legation.errors import SealError

REST_KEY_SIZE_BYTES = 32
REST_TAG_SIZE_BYTES = 16  # of AES-GCM, after each chunk
_NONCE_SIZE_BYTES = 12  # SP 800-38D, section 8.2: the one size that is used as it stands


def seal_at_rest(key: bytes, number: int, chunk: bytes) -> bytes:
    """Seal chunk *number* of a file, from 0; the result is ``REST_TAG_SIZE_BYTES`` longer."""
    return AESGCM(key).encrypt(_nonce(number), chunk, None)


def open_at_rest(key: bytes, number: int, sealed: bytes) -> bytes:
    """
    Open chunk *number* of a file.

    Raises:
        SealError: It was altered or cut short, or is another chunk or of another file.
    """
    try:
        return AESGCM(key).decrypt(_nonce(number), sealed, None)
    except InvalidTag as error:
        raise SealError(f"chunk {number} of a file does not open") from error


def _nonce(number: int) -> bytes:
    return number.to_bytes(_NONCE_SIZE_BYTES, "big")
