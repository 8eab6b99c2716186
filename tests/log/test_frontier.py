# SPDX-License-Identifier: Apache-2.0

import time
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.encoding import Codec, encode
from legation.errors import MalformedError
from legation.log.frontier import LEAVES_MAX, Frontier
from legation.merkle import Hash, leaf_hash, root
from tests.log.handmade import tree_root

LEAVES = [leaf_hash(f"entry {number}".encode()) for number in range(1100)]
CODEC = Codec(Frontier, size_bytes_max=4096, what="frontier")


def complete(height: int) -> bytes:
    """A hash that stands for the root of a complete subtree of 2**height leaves."""
    return sha256(f"subtree of height {height}".encode()).digest()


def of_size(size: int) -> Frontier:
    """A frontier of a tree so large that nobody has its leaves."""
    heights = [height for height in range(64) if size >> height & 1]
    return Frontier(size=size, hashes=tuple(map(complete, reversed(heights))))


def one_more(frontier: Frontier, leaf: bytes) -> list[bytes]:
    """Append one leaf as one adds one to a binary number: an oracle that shares no thought with the code."""
    size, hashes, carried = frontier.size, list(frontier.hashes), leaf
    while size & 1:
        carried = sha256(b"\x01" + hashes.pop() + carried).digest()
        size >>= 1
    return [*hashes, carried]


class TestExtend:
    def test_every_size_has_the_root_of_its_tree(self) -> None:
        """Leaf by leaf, and all at once, the root is that of RFC 9162."""
        grown = Frontier()
        assert grown.root == root([]) == tree_root([])
        for size in range(1, 300):
            grown = grown.extend(LEAVES[size - 1 : size])
            assert grown == Frontier().extend(LEAVES[:size])
            assert grown.root == root(LEAVES[:size]) == tree_root(LEAVES[:size])

    def test_every_split_of_small_trees_gives_the_same(self) -> None:
        """In whichever two steps a tree was made, it is the same tree."""
        for size in range(40):
            whole = Frontier().extend(LEAVES[:size])
            for middle in range(size + 1):
                assert Frontier().extend(LEAVES[:middle]).extend(LEAVES[middle:size]) == whole

    @settings(deadline=None, max_examples=200)
    @given(steps=st.lists(st.integers(0, 200), max_size=5))
    def test_any_steps_give_the_same(self, steps: list[int]) -> None:
        """However many leaves come at a time, the tree is that over all of them."""
        frontier, done = Frontier(), 0
        for step in steps:
            frontier, done = frontier.extend(iter(LEAVES[done : done + step])), done + step
        assert frontier.size == done
        assert frontier.root == root(LEAVES[:done])
        assert len(frontier.hashes) == done.bit_count()

    @settings(deadline=None, max_examples=200)
    @given(size=st.integers(0, LEAVES_MAX - 70) | st.integers(0, 6000), more=st.integers(0, 70))
    def test_goes_on_from_a_tree_of_any_size(self, size: int, more: int) -> None:
        """Without any of the old leaves, carries through all heights come out right."""
        expected = of_size(size)
        for leaf in LEAVES[:more]:
            expected = Frontier(size=expected.size + 1, hashes=tuple(one_more(expected, leaf)))
        assert of_size(size).extend(LEAVES[:more]) == expected

    def test_nothing_more_changes_nothing(self) -> None:
        """To append no leaf gives the same frontier."""
        for size in (0, 1, 5, 1000, LEAVES_MAX):
            assert of_size(size).extend([]) == of_size(size)

    def test_leaves_the_old_one_as_it_was(self) -> None:
        """A frontier is a value: what refused a commit can be tried again."""
        old = Frontier().extend(LEAVES[:5])
        kept = encode(old)
        old.extend(LEAVES[5:9])
        assert encode(old) == kept

    @pytest.mark.parametrize("size_bytes", [0, 31, 33, 64])
    @pytest.mark.parametrize("place", [0, 3, 6])
    def test_refuses_a_leaf_that_is_no_hash(self, size_bytes: int, place: int) -> None:
        """Two short hashes could pass for other two; the length is looked at before any is hashed."""
        leaves = [*LEAVES[:place], Hash(bytes(size_bytes)), *LEAVES[place:6]]
        with pytest.raises(MalformedError, match="32 bytes"):
            Frontier().extend(leaves)

    def test_refuses_to_grow_past_the_largest_tree(self) -> None:
        """Its size could no longer be written down."""
        assert of_size(LEAVES_MAX - 1).extend(LEAVES[:1]).size == LEAVES_MAX
        with pytest.raises(MalformedError, match="not between"):
            of_size(LEAVES_MAX).extend(LEAVES[:1])

    def test_five_hundred_leaves_take_little_more_than_their_hashes(self) -> None:
        """A batch as large as a letter's costs well under a millisecond beyond hashing."""
        frontier = Frontier().extend(LEAVES)

        def best(act: object) -> float:
            assert callable(act)
            times = []
            for _ in range(20):
                start = time.perf_counter()
                act()
                times.append(time.perf_counter() - start)
            return min(times)

        hashing = best(lambda: [sha256(b"\x01" + leaf + leaf).digest() for leaf in LEAVES[:500]])
        assert best(lambda: frontier.extend(LEAVES[:500])) < hashing + 0.001


class TestRoot:
    @settings(deadline=None, max_examples=50)
    @given(size=st.integers(1, LEAVES_MAX))
    def test_joins_the_subtrees_from_the_smallest(self, size: int) -> None:
        """The root of the right part is joined under the next larger subtree to its left."""
        *rest, found = of_size(size).hashes
        while rest:
            found = sha256(b"\x01" + rest.pop() + found).digest()
        assert of_size(size).root == found


class TestForm:
    @pytest.mark.parametrize("size", [0, 1, 2, 3, 500, LEAVES_MAX])
    def test_is_read_as_it_was_written(self, size: int) -> None:
        """A frontier is kept as canonical bytes."""
        frontier = of_size(size)
        assert CODEC.decode(CODEC.encode(frontier)) == frontier

    @pytest.mark.parametrize(
        ("size", "hashes"),
        [
            (-1, ()),
            (-1, (bytes(32),)),
            (0, (bytes(32),)),
            (1, ()),
            (3, (bytes(32),)),
            (4, (bytes(32), bytes(32))),
            (LEAVES_MAX + 1, (bytes(32),)),
            (1, (bytes(31),)),
            (3, (bytes(32), bytes(33))),
            (3, (bytes(33), bytes(31))),
        ],
    )
    def test_cannot_exist_wrong(self, size: int, hashes: tuple[bytes, ...]) -> None:
        """There is one hash for each bit of a size that there can be, and each has 32 bytes."""
        with pytest.raises(MalformedError):
            Frontier(size=size, hashes=hashes)
        encoded = encode({"hashes": hashes, "size": size})
        with pytest.raises(MalformedError):
            CODEC.decode(encoded)
