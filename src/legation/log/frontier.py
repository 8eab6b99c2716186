# SPDX-License-Identifier: Apache-2.0
"""
The frontier: all that must be kept of an append-only tree to go on appending.

It is the list of the roots of the complete subtrees that a tree of that size is made of, one for each
bit of the size: a tree of 2**53 leaves is continued from 53 hashes, without any of its leaves.

Rules kept here:

1. A frontier cannot exist with another number of hashes than its size has bits.
2. ``Frontier().extend(leaves).root == merkle.root(leaves)``, in however many steps.

Use::

    frontier = Frontier().extend([leaf_hash(entry) for entry in entries])
    frontier.extend([leaf_hash(entry)]).root
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from hashlib import sha256

from legation.encoding import INTEGER_MAX, Canonical
from legation.errors import MalformedError
from legation.merkle import HASH_SIZE_BYTES, Hash, node_hash

LEAVES_MAX = INTEGER_MAX  # sizes are written into JSON


class Frontier(Canonical, frozen=True):
    """
    What an append-only tree is continued from.

    Args:
        size: Count of leaves, from 0, at most ``LEAVES_MAX``.
        hashes: Roots of the complete subtrees, the largest and leftmost first.

    Raises:
        MalformedError: The size has another number of bits than there are hashes, or a hash has not
            32 bytes.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= LEAVES_MAX:
            raise MalformedError(f"size of a tree is not between 0 and {LEAVES_MAX}")
        if len(self.hashes) != self.size.bit_count():
            raise MalformedError(
                f"frontier of a tree of {self.size} has {len(self.hashes)} hashes, "
                f"expected {self.size.bit_count()}"
            )
        _check_hashes(self.hashes)

    def extend(self, leaves: Iterable[Hash]) -> "Frontier":
        """
        Append leaf hashes.

        Raises:
            MalformedError: A leaf hash has not 32 bytes, or the tree would be too large.
        """
        level: list[bytes] = list(leaves)
        _check_hashes(level)
        size, left, kept = self.size + len(level), list(self.hashes), list[bytes]()
        # A level at a time, as `merkle.root` does: a call for each node would cost as much as its hash.
        for height in range(size.bit_length()):
            if self.size >> height & 1:
                level.insert(0, left.pop())
            if len(level) % 2:
                kept.append(level.pop())
            pairs = zip(level[::2], level[1::2], strict=True)
            level = [sha256(b"\x01" + one + other).digest() for one, other in pairs]
        return Frontier(size=size, hashes=(*left, *reversed(kept)))

    @property
    def root(self) -> Hash:
        """
        The root of the whole tree; of an empty one it is the hash of nothing.

        Source: RFC 9162, section 2.1.1, from the smallest subtree leftward.
        """
        if not self.hashes:
            return Hash(sha256(b"").digest())
        return joined(self.hashes)


def joined(roots: Sequence[bytes]) -> Hash:
    """The root over complete subtrees that stand beside one another, the largest and leftmost first."""
    return Hash(reduce(_under, reversed(roots)))


def _under(found: bytes, left: bytes) -> bytes:
    return node_hash(Hash(left), Hash(found))


def _check_hashes(hashes: Iterable[bytes]) -> None:
    if not {*map(len, hashes)} <= {HASH_SIZE_BYTES}:
        raise MalformedError(f"a hash has not {HASH_SIZE_BYTES} bytes")
