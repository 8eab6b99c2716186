# SPDX-License-Identifier: Apache-2.0
"""
Trees of hashes, and the proofs that something stands in one.

The hashing is that of RFC 9162, section 2.1: SHA-256, leaves prefixed with ``0x00`` and nodes with
``0x01``, so that no leaf can pass for a node. Two kinds of tree use it:

* the tree of a **log**, which grows: ``root``, inclusion and consistency proofs, for any size;
* the **complete tree** of an item, which never grows and has 64 or 1,024 leaves: ``complete_tree``,
  ``proof_nodes`` and ``rebuild`` prove many leaves at once. Its nodes are numbered as in a heap: 1 is
  the root, the children of node ``i`` are ``2 * i`` and ``2 * i + 1``, and the leaf at place ``p`` of
  ``n`` is node ``n + p``.

Rules kept here:

1. What verifies returns nothing, or nodes that follow; what does not hold raises ``ProofError``.
2. Every hash from outside has 32 bytes, or two different proofs could be one string of bytes.
3. Nothing here knows what a leaf says.

Use::

    hashes = [leaf_hash(entry) for entry in entries]
    proof = inclusion_proof(hashes, 5)
    verify_inclusion(leaf=hashes[5], index=5, size=len(hashes), proof=proof, root=root(hashes))
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, reduce
from hashlib import sha256
from operator import or_
from typing import NamedTuple, NewType, cast

from legation.errors import ProofError

Hash = NewType("Hash", bytes)
"""A SHA-256 digest: exactly 32 bytes."""

HASH_SIZE_BYTES = 32
PROOF_HASHES_MAX = 64  # a tree of 2**64 entries; no honest log is deeper
COMPLETE_LEAF_COUNTS = (64, 1024)  # the two classes of item; see docs/spec/item.md

_NODE = b"\x01"


def leaf_hash(entry: bytes) -> Hash:
    """Hash one log entry as a leaf of the tree."""
    return Hash(sha256(b"\x00" + entry).digest())


def node_hash(left: Hash, right: Hash) -> Hash:
    """Hash two subtrees into the one that holds both."""
    return Hash(sha256(_NODE + left + right).digest())


def root(hashes: Sequence[Hash]) -> Hash:
    """
    Compute the root over leaf hashes; without leaves it is the hash of nothing.

    Source: RFC 9162, section 2.1.1. A level at a time, where a lone last node rises as it is: the
    split at the largest power of two below the size, which the RFC recurses on, gives the same tree.
    """
    if not hashes:
        return Hash(sha256(b"").digest())
    level: Sequence[bytes] = hashes
    while len(level) > 1:
        lone = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [*(sha256(_NODE + left + right).digest() for left, right in pairs), *lone]
    return Hash(level[0])


RangeRoot = Callable[[int, int], Hash]
"""Gives the root over the leaves from a number on, up to another one, as ``prove_inclusion`` asks for it."""


def inclusion_proof(hashes: Sequence[Hash], index: int) -> list[Hash]:
    """Make the proof that ``hashes[index]`` is leaf number *index*; from the leaf upward."""
    return prove_inclusion(index, len(hashes), lambda start, end: root(hashes[start:end]))


def consistency_proof(hashes: Sequence[Hash], old_size: int) -> list[Hash]:
    """Make the proof that the tree of the first *old_size* leaves is the beginning of this one."""
    return prove_consistency(old_size, len(hashes), lambda start, end: root(hashes[start:end]))


def prove_inclusion(index: int, size: int, root_over: RangeRoot) -> list[Hash]:
    """
    Make the proof that a leaf is number *index* of the first *size*; from the leaf upward.

    For whoever has not all leaves at hand; each range that is asked for is a subtree of the tree of *size*.

    Source: RFC 9162, section 2.1.3.1, walked from the root downward.
    """
    assert 0 <= index < size, "a proof is made for a leaf of the tree"
    start, end, proof = 0, size, list[Hash]()
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(root_over(middle, end))
            end = middle
        else:
            proof.append(root_over(start, middle))
            start = middle
    return proof[::-1]


def prove_consistency(old_size: int, size: int, root_over: RangeRoot) -> list[Hash]:
    """
    Make the proof that the tree of the first *old_size* leaves is the beginning of that of the first *size*.

    As ``prove_inclusion``.

    Source: RFC 9162, section 2.1.4.1, walked from the root downward.
    """
    assert 0 < old_size <= size, "a proof is made for a beginning of the tree"
    start, end, proof = 0, size, list[Hash]()
    while old_size < end:
        middle = start + _split(end - start)
        if old_size <= middle:
            proof.append(root_over(middle, end))
            end = middle
        else:
            proof.append(root_over(start, middle))
            start = middle
    # The verifier knows the old root, so it is left out where the old tree is the subtree arrived at.
    if start > 0:
        proof.append(root_over(start, end))
    return proof[::-1]


def verify_inclusion(*, leaf: Hash, index: int, size: int, proof: Sequence[Hash], root: Hash) -> None:
    """
    Check that *leaf* is leaf number *index* of the tree under *root*.

    Returns nothing: a caller who forgets to look cannot be fooled.

    1. The leaf must lie inside the tree.
    2. and 3. Start at the leaf and at the last leaf of the tree.
    4. Walk up both paths at once, for each hash of the proof:

       a. fail if the last leaf's path has ended;
       b. take the hash as the left sibling (i), and rise through the levels without one (ii);
          or else take it as the right sibling;
       c. go up one level.

    5. Both paths must have ended, at *root*.

    Args:
        leaf: Leaf hash of the entry.
        index: Number of the leaf, from 0; less than *size*.
        size: Count of leaves *root* commits to, from 1.
        proof: Sibling hashes, from the leaf upward; at most ``PROOF_HASHES_MAX`` of them.
        root: Root hash of a checkpoint whose signature has been verified.

    Raises:
        ProofError: The proof is too long, too short, or leads elsewhere, or a hash has not 32 bytes.

    Source: RFC 9162, section 2.1.3.2; the step numbers are its own.
    """
    # 1. The leaf must lie inside the tree; a tree of size 0 has no inside.
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is outside a tree of {size}")
    _check_hashes(proof, leaf, root)

    # 2. and 3. Start at the leaf and at the right border.
    here, last, found = index, size - 1, leaf
    for sibling in proof:
        # 4a. The border is reached before the proof is used up.
        if last == 0:
            raise ProofError(f"proof of {len(proof)} hashes is too long")
        # 4b. A right child, or the lone last node of its level.
        if here % 2 == 1 or here == last:
            # 4b-i.
            found = node_hash(sibling, found)
            # 4b-ii. A lone node rises through the levels where it has no sibling.
            while here % 2 == 0 and here != 0:
                here, last = here // 2, last // 2
        else:
            found = node_hash(found, sibling)
        # 4c. One level up.
        here, last = here // 2, last // 2

    # 5. The border must be reached exactly, and the root be the one signed.
    if last != 0:
        raise ProofError(f"proof of {len(proof)} hashes is too short")
    if found != root:
        raise ProofError("proof leads to another root")


def verify_consistency(
    *, old_size: int, old_root: Hash, new_size: int, new_root: Hash, proof: Sequence[Hash]
) -> None:
    """
    Check that the tree under *old_root* is the beginning of the tree under *new_root*.

    Trees of one size are consistent when their roots are equal; the proof is then empty. The RFC
    speaks only of ``0 < old_size < new_size``. The steps for that:

    1. Fail if the proof is empty.
    2. If *old_size* is a power of two, the old root stands for the first hash of the proof.
    3. Start at the last leaf of the old tree and at that of the new one.
    4. Rise to the largest complete subtree that ends the old tree.
    5. Both roots are rebuilt from that first hash.
    6. Walk up both paths at once, for each further hash of the proof:

       a. fail if the new tree's path has ended;
       b. take the hash as the left sibling in both trees (i), and rise through the levels without
          one (ii);
       c. or else take it as the right sibling, in the new tree only;
       d. go up one level.

    7. Both paths must have ended, at both roots.

    Args:
        old_size: Count of leaves *old_root* commits to, from 1. From an empty tree follows nothing
            and to prove it proves nothing, so 0 is refused.
        old_root: Root hash of the earlier checkpoint.
        new_size: Count of leaves *new_root* commits to; at least *old_size*.
        new_root: Root hash of the later checkpoint.
        proof: Hashes, from below upward; at most ``PROOF_HASHES_MAX`` of them.

    Raises:
        ProofError: The sizes are out of order, the proof is too long, too short, or leads to
            another root, or a hash has not 32 bytes.

    Source: RFC 9162, section 2.1.4.2; the step numbers are its own.
    """
    if not 0 < old_size <= new_size:
        raise ProofError(f"a tree of {old_size} is not the beginning of a tree of {new_size}")
    _check_hashes(proof, old_root, new_root)
    if old_size == new_size:
        if proof or old_root != new_root:
            raise ProofError(f"two trees of {new_size} are not the same tree")
        return

    # 1. Between different sizes something must be proven.
    if not proof:
        raise ProofError("proof of 0 hashes is too short")
    # 2. The old tree is itself a subtree of the new one.
    hashes = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    # 3. and 4. Start where the old tree ends, at its last complete subtree.
    here, last = old_size - 1, new_size - 1
    while here % 2 == 1:
        here, last = here // 2, last // 2
    old_found, new_found = _climb(hashes, here, last)  # 5. to 7.
    if old_found != old_root or new_found != new_root:
        raise ProofError("proof leads to another root")


def _climb(hashes: Sequence[Hash], here: int, last: int) -> tuple[Hash, Hash]:
    """Rebuild the roots of the old and of the new tree: steps 5 to 7 of ``verify_consistency``."""
    # 5. Both roots grow from the same hash.
    old_found = new_found = hashes[0]
    for sibling in hashes[1:]:
        # 6a. The border is reached before the proof is used up.
        if last == 0:
            raise ProofError("proof is too long")
        # 6b. What stands to the left belongs to both trees.
        if here % 2 == 1 or here == last:
            # 6b-i.
            old_found = node_hash(sibling, old_found)
            new_found = node_hash(sibling, new_found)
            # 6b-ii. A lone node rises through the levels where it has no sibling.
            while here % 2 == 0 and here != 0:
                here, last = here // 2, last // 2
        else:
            # 6c. What stands to the right was added later.
            new_found = node_hash(new_found, sibling)
        # 6d. One level up.
        here, last = here // 2, last // 2
    # 7. The border must be reached exactly.
    if last != 0:
        raise ProofError("proof is too short")
    return old_found, new_found


def complete_tree(leaves: Sequence[Hash]) -> list[Hash]:
    """
    Compute all nodes of a complete tree, in heap order; entry 0 is no node and empty.

    Args:
        leaves: 64 or 1,024 leaf hashes, by place.
    """
    leaf_count = len(leaves)
    assert leaf_count in COMPLETE_LEAF_COUNTS, "a complete tree has 64 or 1,024 leaves"
    nodes = [b""] * leaf_count
    nodes += leaves
    # Neither `node_hash` nor `Hash` is called here: in this loop a call costs a third of the hashing.
    for node in range(leaf_count - 1, 0, -1):
        nodes[node] = sha256(_NODE + nodes[2 * node] + nodes[2 * node + 1]).digest()
    return cast("list[Hash]", nodes)


def proof_nodes(leaf_count: int, places: Iterable[int]) -> list[int]:
    """
    Name the nodes that lead to the root from the leaves at *places*, and do not follow from them.

    Args:
        leaf_count: 64 or 1,024.
        places: Places of the known leaves, from 0, at least one, in any order.

    Returns:
        Heap numbers, ascending: the order of the hashes in a proof.
    """
    shape = _shape(leaf_count)
    steps = reduce(or_, map(shape.steps.__getitem__, places))
    return _numbers(shape, steps & shape.low & ~(steps >> shape.width))


def rebuild(leaf_count: int, leaves: Mapping[int, Hash], proof: Sequence[Hash]) -> dict[int, Hash]:
    """
    Compute every node that follows from *leaves* and *proof*; that of number 1 is the root.

    The caller compares the root: this function only says what follows.

    1. The places are places of the tree, and there is at least one.
    2. The proof has exactly the hashes that ``proof_nodes`` names: none is missing, none unused.
    3. Every hash has 32 bytes.
    4. The nodes on the paths from the leaves are hashed, the deepest first.

    Args:
        leaf_count: 64 or 1,024.
        leaves: Leaf hashes by place.
        proof: Hashes of the nodes that ``proof_nodes`` names, in its order.

    Returns:
        Hashes by heap number: the leaves, the proof, and all nodes above them.

    Raises:
        ProofError: One of the first three does not hold.
    """
    shape = _shape(leaf_count)
    # 1. `reduce` would fail on nothing, the look-up on a place outside.
    try:
        steps = reduce(or_, map(shape.steps.__getitem__, leaves))
    except (KeyError, TypeError):
        raise ProofError(f"expected leaves at places 0 to {leaf_count - 1}, at least one") from None
    # 2. A path that is known needs no proof.
    paths = steps >> shape.width
    needed = _numbers(shape, steps & shape.low & ~paths)
    if len(needed) != len(proof):
        raise ProofError(f"proof of {len(proof)} hashes, expected {len(needed)}")
    # 3. A set of lengths costs less than a loop.
    if {*map(len, proof), *map(len, leaves.values())} != {HASH_SIZE_BYTES}:
        raise ProofError(f"a hash has not {HASH_SIZE_BYTES} bytes")
    # 4. A child has a higher number than its parent, so descending order is from below upward.
    nodes: dict[int, bytes] = dict(zip(needed, proof, strict=True))
    for place, leaf in leaves.items():
        nodes[leaf_count + place] = leaf
    for node in reversed(_numbers(shape, paths & shape.inner)):
        nodes[node] = sha256(_NODE + nodes[2 * node] + nodes[2 * node + 1]).digest()
    return cast("dict[int, Hash]", nodes)


class _Shape(NamedTuple):
    """
    What is worked out once for each leaf count: sets of nodes as integers, bit *i* for node *i*.

    ``steps[place]`` holds two sets side by side, so that one OR joins both: the siblings along the
    path from that leaf in the low ``width`` bits, the path itself, root included, above them.
    """

    width: int
    low: int  # all nodes
    inner: int  # all nodes but the leaves
    steps: dict[int, int]


_BITS = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))


@lru_cache(maxsize=len(COMPLETE_LEAF_COUNTS))
def _shape(leaf_count: int) -> _Shape:
    assert leaf_count in COMPLETE_LEAF_COUNTS, "a complete tree has 64 or 1,024 leaves"
    width = 2 * leaf_count
    steps = {}
    for place in range(leaf_count):
        path = [leaf_count + place >> level for level in range(leaf_count.bit_length())]
        siblings = sum(1 << (node ^ 1) for node in path[:-1])
        steps[place] = sum(1 << node for node in path) << width | siblings
    return _Shape(width, (1 << width) - 1, (1 << leaf_count) - 1, steps)


def _numbers(shape: _Shape, nodes: int) -> list[int]:
    """List the members of a set of nodes, ascending; a table of bytes beats peeling bit by bit."""
    parts = zip(range(0, shape.width, 8), nodes.to_bytes(shape.width // 8, "little"), strict=True)
    return [base + bit for base, byte in parts if byte for bit in _BITS[byte]]


def _split(size: int) -> int:
    """Give the largest power of two below *size*, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _check_hashes(proof: Sequence[Hash], *known: Hash) -> None:
    if len(proof) > PROOF_HASHES_MAX:
        raise ProofError(f"proof of {len(proof)} hashes, expected at most {PROOF_HASHES_MAX}")
    if any(len(found) != HASH_SIZE_BYTES for found in (*known, *proof)):
        raise ProofError(f"a hash has not {HASH_SIZE_BYTES} bytes")
