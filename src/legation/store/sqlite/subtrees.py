# SPDX-License-Identifier: Apache-2.0
"""
Roots of complete subtrees, from what is kept of a tree: rows of roots above, rows of leaves below.
"""

from collections.abc import Callable, Sequence

from legation.errors import StoreError
from legation.log import KEPT_HEIGHT, RootOf
from legation.merkle import Hash, root

KeptRoot = Callable[[int, int], bytes | None]
"""Gives the row of a height and a place, or None."""

Leaves = Callable[[int, int], Sequence[Hash]]
"""Gives the leaf hashes from a number on, at most so many."""


def roots(kept: KeptRoot, leaves: Leaves) -> RootOf:
    """
    Make the function that proofs are made with.

    Raises:
        StoreError: Later, when a root is asked for of which something is missing.
    """

    def root_of(height: int, place: int) -> Hash:
        if height >= KEPT_HEIGHT:
            found = kept(height, place)
            if found is None:
                raise StoreError("a hash of a tree is missing", hint="legation fsck says where")
            return Hash(found)
        below = leaves(place << height, 1 << height)
        if len(below) != 1 << height:
            raise StoreError("an entry of a tree is missing", hint="legation fsck says where")
        return root(below)

    return root_of
