# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.log import Frontier
from legation.log.tree import (
    KEPT_HEIGHT,
    completed,
    completed_count,
    prove_consistency,
    prove_inclusion,
    root_over,
)
from legation.merkle import (
    Hash,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [leaf_hash(f"entry {number}".encode()) for number in range(700)]


def complete(height: int, place: int) -> Hash:
    """The root of a complete subtree, from its leaves."""
    return root(LEAVES[place << height : (place + 1) << height])


class Kept:
    """What a store keeps of a tree: its leaves, and what was completed; counts what is read."""

    def __init__(self) -> None:
        self.frontier = Frontier()
        self.roots: dict[tuple[int, int], Hash] = {}
        self.leaves_read = self.roots_read = 0

    def append(self, leaves: Sequence[Hash]) -> None:
        """Append leaves."""
        for height, place, found in completed(self.frontier, leaves):
            assert (height, place) not in self.roots
            self.roots[height, place] = found
        self.frontier = self.frontier.extend(leaves)

    def root_of(self, height: int, place: int) -> Hash:
        """The root of a subtree that is kept, or of leaves that are read."""
        if height >= KEPT_HEIGHT:
            self.roots_read += 1
            return self.roots[height, place]
        self.leaves_read += 1 << height
        assert (place + 1) << height <= self.frontier.size
        return complete(height, place)


def kept(size: int) -> Kept:
    """What is kept of a tree of this size."""
    found = Kept()
    found.append(LEAVES[:size])
    return found


class TestCompleted:
    @given(steps=st.lists(st.integers(0, 150), max_size=6))
    def test_every_subtree_is_named_once_in_whatever_steps(self, steps: list[int]) -> None:
        """A tree that grew by ones or at once has kept the same roots, and they are those of their leaves."""
        found, done = Kept(), 0
        for step in steps:
            new = LEAVES[done : done + step]
            found.append(new)
            done += len(new)
        heights = range(KEPT_HEIGHT, 10)
        wanted = {(height, place) for height in heights for place in range(done >> height)}
        assert found.roots == {each: complete(*each) for each in wanted}
        assert completed_count(done) == len(wanted)

    def test_leaf_by_leaf_is_the_same(self) -> None:
        """Each append of one names what it completes, most often nothing."""
        grown = Kept()
        for size in range(1, 300):
            grown.append(LEAVES[size - 1 : size])
            assert grown.roots == kept(size).roots
            assert len(grown.roots) == completed_count(size)

    @settings(max_examples=50)
    @given(before=st.integers(0, 2**53 - 70), more=st.integers(0, 64))
    def test_numbers_hold_in_the_largest_trees(self, before: int, more: int) -> None:
        """Without the old leaves, places follow from sizes alone."""
        frontier = Frontier(size=before, hashes=(bytes(32),) * before.bit_count())
        found = {(height, place) for height, place, _ in completed(frontier, LEAVES[:more])}
        assert found == {
            (height, place)
            for height in range(KEPT_HEIGHT, 54)
            for place in range(before >> height, (before + more) >> height)
        }
        assert completed_count(before + more) - completed_count(before) == len(found)


class TestProofs:
    @pytest.mark.parametrize("size", [*range(1, 70), 127, 128, 129, 255, 256, 257])
    def test_inclusion_is_that_of_all_leaves(self, size: int) -> None:
        """Hash for hash, for every leaf of every small tree."""
        found = kept(size)
        for index in range(size):
            proof = prove_inclusion(index, size, found.root_of)
            assert proof == inclusion_proof(LEAVES[:size], index)
            verify_inclusion(
                leaf=LEAVES[index], index=index, size=size, proof=proof, root=root(LEAVES[:size])
            )

    @pytest.mark.parametrize("size", [*range(1, 70), 127, 128, 129])
    def test_consistency_is_that_of_all_leaves(self, size: int) -> None:
        """Hash for hash, for every beginning of every small tree."""
        found = kept(size)
        for old in range(1, size + 1):
            proof = prove_consistency(old, size, found.root_of)
            assert proof == consistency_proof(LEAVES[:size], old)
            verify_consistency(
                old_size=old,
                old_root=root(LEAVES[:old]),
                new_size=size,
                new_root=root(LEAVES[:size]),
                proof=proof,
            )

    @settings(max_examples=200, deadline=None)
    @given(data=st.data())
    def test_any_proof_is_that_of_all_leaves(self, data: st.DataObject) -> None:
        """Also for a tree that has grown since: what is asked for lies inside the smaller one."""
        whole = data.draw(st.integers(1, len(LEAVES)))
        size = data.draw(st.integers(1, whole))
        index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
        root_of = inside(size, kept(whole).root_of)
        assert prove_inclusion(index, size, root_of) == inclusion_proof(LEAVES[:size], index)
        assert prove_consistency(old, size, root_of) == consistency_proof(LEAVES[:size], old)
        assert root_over(0, size, root_of) == root(LEAVES[:size])

    @settings(max_examples=200)
    @given(data=st.data())
    def test_little_is_read_of_the_largest_tree(self, data: st.DataObject) -> None:
        """Two hashes for each bit of its size, and thirty-one leaves."""
        size = data.draw(st.integers(1, 2**53 - 1))
        for prove, most in ((prove_inclusion, size - 1), (prove_consistency, size)):
            number = data.draw(st.integers(min(1, most), most))
            asked: list[tuple[int, int]] = []
            prove(number, size, noting(asked))
            assert all((place + 1) << height <= size for height, place in asked)
            assert sum(1 << height for height, _ in asked if height < KEPT_HEIGHT) <= 31
            assert len(asked) <= 2 * size.bit_length()


def noting(asked: list[tuple[int, int]]) -> Callable[[int, int], Hash]:
    """Note what is asked for, and give anything."""

    def look(height: int, place: int) -> Hash:
        asked.append((height, place))
        return Hash(bytes(32))

    return look


def inside(size: int, root_of: Callable[[int, int], Hash]) -> Callable[[int, int], Hash]:
    """See that nothing beyond the first *size* leaves is asked for."""

    def look(height: int, place: int) -> Hash:
        assert (place + 1) << height <= size
        return root_of(height, place)

    return look
