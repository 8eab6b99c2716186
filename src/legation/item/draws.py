# SPDX-License-Identifier: Apache-2.0
"""
What signing draws: nonce, salts, places and decoys.

Every draw is a function of the node's secret, fresh randomness and all that is signed, so a cloned
random generator repeats nothing unless it repeats the very same item, and each has a purpose of its own, so no label's draws shift
another's. One HMAC makes the seed of an item, and SHAKE-256 over seed and purpose every draw
(``docs/decisions/0003-draws.md`` says why).

``Draws`` is a port. Its other implementation is in the tests: the harness that compares two worlds
fixes the places of what an observer sees and replaces the hashes of what they do not.
"""

import hmac
import struct
from collections.abc import Container, Sequence
from hashlib import sha256, shake_256
from typing import Protocol

from legation.merkle import HASH_SIZE_BYTES, Hash, leaf_hash

SALT_SIZE_BYTES = 32  # twice what 128 bits need, so that a quantum search gains nothing useful
NONCE_SIZE_BYTES = 16
SECRET_SIZE_BYTES = 32


class Draws(Protocol):
    """What signing asks for; ``key`` is a hash of the label of a layer, or two of them for a seam."""

    def nonce(self) -> bytes:
        """The item's nonce, ``NONCE_SIZE_BYTES`` long."""

    def leaves(self, keys: Sequence[bytes], leaf_count: int, attempt: int) -> list[tuple[int, bytes]]:
        """For each key a place of its own among *leaf_count*, and a salt; anew for each attempt."""

    def decoys(self, leaf_count: int) -> list[Hash]:
        """A leaf hash for every place that may stay free."""

    def leaf_hash(self, key: bytes, entry: bytes) -> Hash:
        """The hash of a leaf's bytes."""


def digest_signed(draft: bytes, document: bytes, time: int) -> bytes:
    """Hash what tells one item from another: the draft's digest, the document id and the time."""
    return sha256(b"legation/signed/v1\n" + draft + document + time.to_bytes(8, "big")).digest()


class SecretDraws:
    """
    The draws of a node.

    Args:
        secret: The node's secret, ``SECRET_SIZE_BYTES`` long; it never leaves the node.
        fresh: As many bytes from the operating system, for this signature alone.
        digest: Of all that is signed, as ``digest_signed`` makes it. With less, a clone that signs one
            draft at two times would repeat its decoys while hidden leaves change, and betray them.
    """

    def __init__(self, secret: bytes, fresh: bytes, digest: bytes) -> None:
        if len(secret) != SECRET_SIZE_BYTES or len(fresh) != SECRET_SIZE_BYTES:
            raise TypeError(f"secret and fresh randomness are {SECRET_SIZE_BYTES} bytes each")
        self._seed = hmac.digest(secret, b"legation/draws/v1\n" + fresh + digest, "sha256")

    def nonce(self) -> bytes:
        """Draw the item's nonce."""
        return shake_256(self._seed + b"nonce\n").digest(NONCE_SIZE_BYTES)

    def leaves(self, keys: Sequence[bytes], leaf_count: int, attempt: int) -> list[tuple[int, bytes]]:
        """
        Draw for each leaf its salt and, after it, the places it wishes for; it gets the first free one.

        Every leaf wishes at random, so each is equally likely anywhere that is free: whatever the
        others are, the places that a reader sees are uniform and tell nothing of the rest.
        """
        purpose = self._seed + b"leaf %d\n" % attempt
        leaves: dict[int, bytes] = {}
        for key in keys:
            draw = shake_256(purpose + key).digest
            drawn = draw(_DRAWN_SIZE_BYTES)
            place = first_free(drawn, leaf_count, leaves)
            if place is None:
                # Shake-256 goes on where it stopped: the same wishes, and more of them.
                place = first_free(draw(_DRAWN_SIZE_BYTES_MAX), leaf_count, leaves)
            assert place is not None, "one item in e**280 has a leaf that finds no place"
            leaves[place] = drawn[:SALT_SIZE_BYTES]
        return list(leaves.items())

    def decoys(self, leaf_count: int) -> list[Hash]:
        """Draw what fills the places that stay free."""
        drawn = shake_256(self._seed + b"decoys\n").digest(HASH_SIZE_BYTES * leaf_count)
        return list(struct.unpack(f"{HASH_SIZE_BYTES}s" * leaf_count, drawn))

    def leaf_hash(self, key: bytes, entry: bytes) -> Hash:
        """Hash the leaf as it is."""
        return leaf_hash(entry)


_DRAWN_SIZE_BYTES = SALT_SIZE_BYTES + 64  # 32 wishes: enough for nearly every leaf of 55 among 64
_DRAWN_SIZE_BYTES_MAX = SALT_SIZE_BYTES + (1 << 14)  # 8,192 wishes: for the last of 990 among 1,024


def first_free(drawn: bytes, leaf_count: int, taken: Container[int]) -> int | None:
    """
    Find the first place that is wished for and not taken.

    Args:
        drawn: A salt, then wishes of two bytes each, whose low bits are places.
        leaf_count: A power of two.
        taken: Places that other leaves have.
    """
    for start in range(SALT_SIZE_BYTES, len(drawn), 2):
        place = (drawn[start] << 8 | drawn[start + 1]) & (leaf_count - 1)
        if place not in taken:
            return place
    return None
