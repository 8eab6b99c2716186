# SPDX-License-Identifier: Apache-2.0
"""
Proofs without all leaves: which hashes of a growing tree are kept, and how a proof is put together from them.

Two to some power of leaves, at a place that is a multiple of their number, are a **complete subtree**: its root
never changes again, however much is appended. It is named by its height and its place among those of that
height: ``(0, 7)`` is leaf 7, ``(4, 2)`` stands over leaves 32 to 47.

Rules kept here:

1. What is kept are the roots from ``KEPT_HEIGHT`` upward: one hash for eight leaves. Below, a root is hashed
   again from at most 8 leaves; a proof reads at most 31.
2. A proof is the one that ``merkle.inclusion_proof`` or ``merkle.consistency_proof`` makes of all leaves.
3. A proof for *size* leaves asks for nothing above them, so one for a smaller tree can be made at any time.

Use::

    for height, place, root in completed(frontier, leaves):
        keep(height, place, root)
    hashes = prove_inclusion(5, frontier.size, lambda height, place: ...)
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import TypeAlias

from legation import merkle
from legation.log.frontier import Frontier, joined
from legation.merkle import Hash

KEPT_HEIGHT = 4  # lower, each append writes more rows; higher, each proof reads more leaves

RootOf: TypeAlias = Callable[[int, int], Hash]
"""Gives the root of a complete subtree by height and place."""


def completed(frontier: Frontier, leaves: Iterable[Hash]) -> Iterator[tuple[int, int, Hash]]:
    """
    Name the subtrees that become complete as leaves are appended, from ``KEPT_HEIGHT`` upward.

    Args:
        frontier: Of the tree before them.
        leaves: Leaf hashes.

    Returns:
        Height, place and root of each; every one once over the life of a tree, in whatever steps it grows.
    """
    level: list[bytes] = list(leaves)
    before, after, waiting = frontier.size, frontier.size + len(level), list(frontier.hashes)
    for height in range(1, after.bit_length()):
        # As in `Frontier.extend`: what stands alone at the border waits there for its sibling.
        if before & 1:
            level.insert(0, waiting.pop())
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        before >>= 1
        if height >= KEPT_HEIGHT:
            for place, root in enumerate(level, before):
                yield height, place, Hash(root)


def completed_count(size: int) -> int:
    """How many roots are kept of a tree of *size* leaves."""
    return sum(size >> height for height in range(KEPT_HEIGHT, size.bit_length()))


def prove_inclusion(index: int, size: int, root_of: RootOf) -> list[Hash]:
    """Make the proof that a leaf is number *index* of the first *size*; from the leaf upward."""
    return merkle.prove_inclusion(index, size, lambda start, end: root_over(start, end, root_of))


def prove_consistency(old_size: int, size: int, root_of: RootOf) -> list[Hash]:
    """Make the proof that the tree of the first *old_size* leaves is the beginning of that of the first *size*."""
    return merkle.prove_consistency(old_size, size, lambda start, end: root_over(start, end, root_of))


def root_over(start: int, end: int, root_of: RootOf) -> Hash:
    """
    Compute the root over leaves *start* to *end*, as RFC 9162 splits a tree: there is at least one.

    *start* is a multiple of some power of two that is not below the number of leaves, or 0.
    """
    assert start < end, "nothing has no root here"
    return joined([root_of(height, place) for height, place in _subtrees(start, end)])


def _subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The complete subtrees that a range is made of, the largest and leftmost first."""
    while start < end:
        height = (end - start).bit_length() - 1
        yield height, start >> height
        start += 1 << height
