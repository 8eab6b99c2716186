# SPDX-License-Identifier: Apache-2.0

import contextlib
import hashlib
import inspect
import itertools
import json
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation import merkle
from legation.errors import ProofError
from legation.merkle import (
    Hash,
    complete_tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    proof_nodes,
    rebuild,
    root,
    verify_consistency,
    verify_inclusion,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "merkle.json").read_text())
SIZE_MAX = 70
LEAVES = [leaf_hash(f"entry {number}".encode()) for number in range(SIZE_MAX)]

Verifier = Callable[..., None]


def oracle_split(size: int) -> int:
    """The largest power of two below *size*, found by trying."""
    return max(1 << level for level in range(20) if 1 << level < size)


@cache
def oracle_root(start: int, end: int) -> Hash:
    """RFC 9162, section 2.1.1, as it is written there."""
    if start == end:
        return Hash(hashlib.sha256().digest())
    if end - start == 1:
        return LEAVES[start]
    middle = start + oracle_split(end - start)
    both = oracle_root(start, middle) + oracle_root(middle, end)
    return Hash(hashlib.sha256(b"\x01" + both).digest())


def oracle_path(index: int, start: int, end: int) -> list[Hash]:
    """RFC 9162, section 2.1.3.1, as it is written there."""
    if end - start == 1:
        return []
    middle = start + oracle_split(end - start)
    if index < middle:
        return [*oracle_path(index, start, middle), oracle_root(middle, end)]
    return [*oracle_path(index, middle, end), oracle_root(start, middle)]


def oracle_subproof(size: int, start: int, end: int, *, known: bool) -> list[Hash]:
    """RFC 9162, section 2.1.4.1, as it is written there."""
    if size == end - start:
        return [] if known else [oracle_root(start, end)]
    middle = start + oracle_split(end - start)
    if size <= middle - start:
        return [*oracle_subproof(size, start, middle, known=known), oracle_root(middle, end)]
    rest = oracle_subproof(size - (middle - start), middle, end, known=False)
    return [*rest, oracle_root(start, middle)]


def flipped(hash_: Hash) -> Hash:
    """Another hash."""
    return Hash(bytes([hash_[0] ^ 1]) + hash_[1:])


def altered(proof: list[Hash]) -> Iterator[list[Hash]]:
    """Proofs that are not this one: each hash changed, removed, doubled, swapped; one more at the ends."""
    for place, hash_ in enumerate(proof):
        yield [*proof[:place], flipped(hash_), *proof[place + 1 :]]
        yield [*proof[:place], *proof[place + 1 :]]
        yield [*proof[:place], hash_, *proof[place:]]
    for place in range(len(proof) - 1):
        yield [*proof[:place], proof[place + 1], proof[place], *proof[place + 2 :]]
    for extra in (LEAVES[0], root(LEAVES)):
        yield [extra, *proof]
        yield [*proof, extra]


def refuses(verify: Verifier, **claim: object) -> bool:
    """Whether *verify* refuses a claim."""
    try:
        verify(**claim)
    except ProofError:
        return True
    return False


def honest_inclusions() -> Iterator[dict[str, object]]:
    """Every true claim about one leaf, for all sizes and leaves."""
    for size in range(1, SIZE_MAX + 1):
        for index in range(size):
            proof = oracle_path(index, 0, size)
            yield {
                "leaf": LEAVES[index],
                "index": index,
                "size": size,
                "proof": proof,
                "root": oracle_root(0, size),
            }


def false_inclusions(sizes: range) -> Iterator[dict[str, object]]:
    """Claims that are not true: other proofs, leaves, places, sizes, roots, and inner nodes as leaves."""
    for size, index in ((count, place) for count in sizes for place in range(count)):
        proof = oracle_path(index, 0, size)
        claim = {
            "leaf": LEAVES[index],
            "index": index,
            "size": size,
            "proof": proof,
            "root": oracle_root(0, size),
        }
        yield from ({**claim, "proof": other} for other in altered(proof))
        yield {**claim, "leaf": flipped(LEAVES[index])}
        yield {**claim, "root": flipped(oracle_root(0, size))}
        yield from ({**claim, "index": other} for other in range(-1, size + 1) if other != index)
        # A subtree passed off as a leaf of a smaller tree, as a checker without step 4a takes it.
        if size > 1:
            top = [proof[-1]]
            yield {**claim, "leaf": merkle_walk(index, size, proof), "index": 0, "size": 1, "proof": top}


def merkle_walk(index: int, size: int, proof: list[Hash]) -> Hash:
    """The child of the root on the path of a leaf."""
    middle = oracle_split(size)
    return oracle_root(0, middle) if index < middle else oracle_root(middle, size)


def honest_consistencies() -> Iterator[dict[str, object]]:
    """Every true claim that one tree begins another."""
    for new in range(1, SIZE_MAX + 1):
        for old in range(1, new + 1):
            yield {
                "old_size": old,
                "old_root": oracle_root(0, old),
                "new_size": new,
                "new_root": oracle_root(0, new),
                "proof": oracle_subproof(old, 0, new, known=True),
            }


def false_consistencies(sizes: range) -> Iterator[dict[str, object]]:
    """Claims that are not true: other proofs, roots and sizes, and the short cut of the new root twice."""
    for new, old in ((larger, smaller) for larger in sizes for smaller in range(1, larger)):
        proof = oracle_subproof(old, 0, new, known=True)
        claim = {
            "old_size": old,
            "old_root": oracle_root(0, old),
            "new_size": new,
            "new_root": oracle_root(0, new),
            "proof": proof,
        }
        yield from ({**claim, "proof": other} for other in altered(proof))
        yield {**claim, "old_root": flipped(oracle_root(0, old))}
        yield {**claim, "new_root": flipped(oracle_root(0, new))}
        yield {**claim, "old_root": oracle_root(0, new), "new_root": oracle_root(0, old)}
        yield {**claim, "old_size": 0}
        yield {**claim, "old_size": new + 1}
        yield from ({**claim, "old_size": other} for other in range(1, new) if other != old)
        # One root under two sizes, as a checker without step 1 or 6a takes it.
        yield {**claim, "old_root": claim["new_root"], "proof": []}
        yield {**claim, "old_root": claim["new_root"], "proof": [claim["new_root"]]}


class TestVectors:
    @pytest.mark.parametrize("size", range(9))
    def test_published_root_of_each_size(self, size: int) -> None:
        """The roots of the reference trees of RFC 6962 come out."""
        hashes = [leaf_hash(bytes.fromhex(leaf)) for leaf in VECTORS["leaves"][:size]]
        assert root(hashes).hex() == VECTORS["roots_by_size"][size]

    def test_published_hashes_of_leaves_and_nodes(self) -> None:
        """Leaves and nodes are hashed with the prefixes of RFC 6962."""
        answers = VECTORS["hasher"]
        assert root([]).hex() == answers["empty_root"]
        assert leaf_hash(b"").hex() == answers["leaf_of_nothing"]
        assert leaf_hash(b"L123456").hex() == answers["leaf_of_L123456"]
        # The reference hashes two strings that are no digests; only the prefix is looked at.
        assert node_hash(Hash(b"N123"), Hash(b"N456")).hex() == answers["node_of_N123_N456"]


class TestMakingProofs:
    @pytest.mark.parametrize("size", range(SIZE_MAX + 1))
    def test_root_equals_the_recursive_definition(self, size: int) -> None:
        """Hashing level by level gives the tree that the RFC defines by splitting."""
        assert root(LEAVES[:size]) == oracle_root(0, size)
        assert root(tuple(LEAVES[:size])) == oracle_root(0, size)

    def test_inclusion_proofs_equal_the_recursive_definition(self) -> None:
        """Every leaf of every tree has the proof that the RFC defines."""
        for size in range(1, SIZE_MAX + 1):
            for index in range(size):
                assert inclusion_proof(LEAVES[:size], index) == oracle_path(index, 0, size)

    def test_consistency_proofs_equal_the_recursive_definition(self) -> None:
        """Every pair of sizes has the proof that the RFC defines."""
        for new in range(1, SIZE_MAX + 1):
            for old in range(1, new + 1):
                expected = oracle_subproof(old, 0, new, known=True)
                assert consistency_proof(LEAVES[:new], old) == expected

    @pytest.mark.parametrize("index", [-1, 3])
    def test_proof_for_no_leaf_is_a_mistake(self, index: int) -> None:
        """Asking for the proof of a leaf that is not there is the programmer's mistake."""
        with pytest.raises(AssertionError):
            inclusion_proof(LEAVES[:3], index)

    @pytest.mark.parametrize("old_size", [0, 4])
    def test_proof_for_no_beginning_is_a_mistake(self, old_size: int) -> None:
        """Asking for the proof of a tree that is no beginning is the programmer's mistake."""
        with pytest.raises(AssertionError):
            consistency_proof(LEAVES[:3], old_size)


class TestVerifyInclusion:
    def test_accepts_every_honest_proof(self) -> None:
        """Each leaf of each tree of 1 to 70 leaves is proven."""
        for claim in honest_inclusions():
            verify_inclusion(**claim)  # type: ignore[arg-type]

    def test_refuses_every_altered_claim(self) -> None:
        """No change to a proof, leaf, place or root goes through."""
        accepted = [
            claim for claim in false_inclusions(range(1, 34)) if not refuses(verify_inclusion, **claim)
        ]
        assert accepted == []

    @pytest.mark.parametrize("size", [0, -1])
    def test_refuses_a_tree_without_leaves(self, size: int) -> None:
        """In an empty tree stands nothing."""
        with pytest.raises(ProofError, match="outside"):
            verify_inclusion(leaf=LEAVES[0], index=0, size=size, proof=[], root=root([]))

    def test_refuses_a_proof_longer_than_any_tree_is_deep(self) -> None:
        """An endless proof is refused by its length, before it is hashed."""
        with pytest.raises(ProofError, match="at most 64"):
            verify_inclusion(leaf=LEAVES[0], index=0, size=2**65, proof=[LEAVES[0]] * 65, root=LEAVES[0])

    @pytest.mark.parametrize("place", ["leaf", "root", "proof"])
    @pytest.mark.parametrize("size_bytes", [0, 31, 33, 64])
    def test_refuses_a_hash_of_another_size(self, place: str, size_bytes: int) -> None:
        """What has not 32 bytes is no hash, wherever it stands."""
        claim = {"leaf": LEAVES[0], "index": 0, "size": 2, "proof": [LEAVES[1]], "root": root(LEAVES[:2])}
        wrong = bytes(size_bytes)
        claim |= {place: [wrong] if place == "proof" else wrong}
        assert refuses(verify_inclusion, **claim)

    def test_refuses_bytes_moved_from_one_hash_to_the_next(self) -> None:
        """A pair of 31 and 33 bytes that joins to the same 64 is not the same pair."""
        left, right = LEAVES[:2]
        claim = {"index": 1, "size": 2, "root": root(LEAVES[:2])}
        verify_inclusion(leaf=right, proof=[left], **claim)  # type: ignore[arg-type]
        moved = {"leaf": left[31:] + right, "proof": [left[:31]]}
        assert node_hash(Hash(left[:31]), Hash(left[31:] + right)) == claim["root"]
        assert refuses(verify_inclusion, **claim, **moved)

    def test_refuses_a_node_as_an_entry(self) -> None:
        """The bytes of an inner node, offered as an entry, hash to something else."""
        entry = b"\x01" + LEAVES[0] + LEAVES[1]
        assert leaf_hash(entry) != root(LEAVES[:2])


class TestVerifyConsistency:
    def test_accepts_every_honest_proof(self) -> None:
        """Each tree of 1 to 70 leaves is proven to begin each larger one, and itself."""
        for claim in honest_consistencies():
            verify_consistency(**claim)  # type: ignore[arg-type]

    def test_refuses_every_altered_claim(self) -> None:
        """No change to a proof, size or root goes through."""
        claims = false_consistencies(range(2, 27))
        assert [claim for claim in claims if not refuses(verify_consistency, **claim)] == []

    @pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 1), (-1, 1), (2, 1)])
    def test_refuses_sizes_out_of_order(self, old: int, new: int) -> None:
        """Nothing follows from an empty tree, and a larger one begins no smaller one."""
        claim = {"old_root": oracle_root(0, max(old, 0)), "new_root": oracle_root(0, new), "proof": []}
        assert refuses(verify_consistency, old_size=old, new_size=new, **claim)

    def test_refuses_a_proof_between_equal_sizes(self) -> None:
        """A tree needs no proof to begin itself, so there is only one way to say it."""
        same = {"old_size": 3, "old_root": root(LEAVES[:3]), "new_size": 3, "new_root": root(LEAVES[:3])}
        assert refuses(verify_consistency, **same, proof=[LEAVES[0]])

    def test_refuses_two_roots_of_one_size(self) -> None:
        """Two histories of one length are a fork, whatever the proof."""
        claim = {"old_size": 3, "old_root": root(LEAVES[:3]), "new_size": 3, "new_root": root(LEAVES[1:4])}
        assert refuses(verify_consistency, **claim, proof=[])
        assert refuses(verify_consistency, **claim, proof=[LEAVES[0]])

    @pytest.mark.parametrize("place", ["old_root", "new_root", "proof"])
    @pytest.mark.parametrize("size_bytes", [0, 31, 33, 64])
    def test_refuses_a_hash_of_another_size(self, place: str, size_bytes: int) -> None:
        """What has not 32 bytes is no hash, wherever it stands, also between equal sizes."""
        claim = {"old_size": 1, "old_root": LEAVES[0], "new_size": 2, "new_root": root(LEAVES[:2])}
        wrong = bytes(size_bytes)
        proof = [wrong] if place == "proof" else [LEAVES[1]]
        assert refuses(
            verify_consistency, **{**claim, "proof": proof, **({} if place == "proof" else {place: wrong})}
        )
        same = {"old_size": 1, "old_root": wrong, "new_size": 1, "new_root": wrong, "proof": []}
        assert refuses(verify_consistency, **same)

    def test_refuses_a_proof_longer_than_any_tree_is_deep(self) -> None:
        """An endless proof is refused by its length, before it is hashed."""
        claim = {"old_size": 3, "old_root": LEAVES[0], "new_size": 2**66, "new_root": LEAVES[0]}
        with pytest.raises(ProofError, match="at most 64"):
            verify_consistency(**claim, proof=[LEAVES[0]] * 65)  # type: ignore[arg-type]


def planted(verify: Verifier, line: str, instead: str) -> Verifier:
    """The same checker with one line of its sources replaced: a bug as somebody might write it."""
    parts: list[Callable[..., object]] = [verify, *([merkle._climb] if verify is verify_consistency else [])]
    source = "\n".join(inspect.getsource(part) for part in parts)
    assert source.count(line) == 1, "the line to replace is there once"
    namespace = dict(vars(merkle))
    exec(source.replace(line, instead), namespace)  # noqa: S102 - the source is our own
    found: Verifier = namespace[verify.__name__]
    return found


class TestPlantedBugs:
    @pytest.mark.parametrize(
        ("line", "instead"),
        [
            pytest.param("if not 0 <= index < size:", "if index >= size + 1:", id="1-lies-inside"),
            pytest.param("size - 1, leaf", "size, leaf", id="2-last-leaf"),
            pytest.param("        if last == 0:", "        if False:", id="4a-too-long"),
            pytest.param("here % 2 == 1 or here == last", "here % 2 == 1", id="4b-lone-node"),
            pytest.param("node_hash(sibling, found)", "node_hash(found, sibling)", id="4b-i-side"),
            pytest.param("while here % 2 == 0 and here != 0", "while False", id="4b-ii-rise"),
            pytest.param("while here % 2 == 0 and", "if here % 2 == 0 and", id="4b-ii-one-level"),
            pytest.param("    if last != 0:", "    if False:", id="5-too-short"),
            pytest.param("    if found != root:", "    if False:", id="5-root"),
        ],
    )
    def test_inclusion_checker_with_a_bug_is_noticed(self, line: str, instead: str) -> None:
        """The honest and the altered claims above tell a checker without one step from a right one."""
        broken = planted(verify_inclusion, line, instead)
        claims = itertools.chain(
            ((claim, True) for claim in honest_inclusions()),
            ((claim, False) for claim in false_inclusions(range(1, 12))),
        )
        assert any(refuses(broken, **claim) is honest for claim, honest in claims)

    @pytest.mark.parametrize(
        ("line", "instead"),
        [
            pytest.param("    if not proof:", "    if False:", id="1-no-proof"),
            pytest.param("if old_size & (old_size - 1) == 0", "if False", id="2-old-root-first"),
            pytest.param("while here % 2 == 1:", "while False:", id="4-complete-subtree"),
            pytest.param("        if last == 0:", "        if False:", id="6a-too-long"),
            pytest.param("here % 2 == 1 or here == last", "here % 2 == 1", id="6b-lone-node"),
            pytest.param("old_found = node_hash(sibling, old_found)", "pass", id="6b-i-old-tree"),
            pytest.param("while here % 2 == 0 and here != 0", "while False", id="6b-ii-rise"),
            pytest.param("    if last != 0:", "    if False:", id="7-too-short"),
            pytest.param("old_found != old_root or ", "", id="7-old-root"),
            pytest.param(" or new_found != new_root", "", id="7-new-root"),
        ],
    )
    def test_consistency_checker_with_a_bug_is_noticed(self, line: str, instead: str) -> None:
        """The honest and the altered claims above tell a checker without one step from a right one."""
        broken = planted(verify_consistency, line, instead)
        claims = itertools.chain(
            ((claim, True) for claim in honest_consistencies()),
            ((claim, False) for claim in false_consistencies(range(2, 12))),
        )
        assert any(noticed(broken, claim, honest=honest) for claim, honest in claims)


def noticed(verify: Verifier, claim: dict[str, object], *, honest: bool) -> bool:
    """Whether a checker answers wrongly, or fails as no checker may."""
    try:
        return refuses(verify, **claim) is honest
    except IndexError:
        return True


def complete_leaves(leaf_count: int) -> list[Hash]:
    """Leaves of a complete tree."""
    return [leaf_hash(f"{leaf_count} {place}".encode()) for place in range(leaf_count)]


TREES = {leaf_count: complete_tree(complete_leaves(leaf_count)) for leaf_count in (64, 1024)}


def oracle_nodes(leaf_count: int, places: set[int]) -> list[int]:
    """The nodes of a proof, found by asking of every node what follows from the leaves."""
    follows = {leaf_count + place for place in places}
    paths = {node >> up for node in follows for up in range(leaf_count.bit_length()) if node >> up}
    return [node for node in range(2, 2 * leaf_count) if node not in paths and node // 2 in paths]


places_of_64 = st.sets(st.integers(0, 63), min_size=1)
places_of_1024 = st.sets(st.integers(0, 1023), min_size=1, max_size=60)


class TestCompleteTree:
    @pytest.mark.parametrize("leaf_count", [64, 1024])
    def test_equals_the_tree_of_a_log(self, leaf_count: int) -> None:
        """A complete tree has the root that a log of the same leaves has, and parents hash their children."""
        tree = TREES[leaf_count]
        assert len(tree) == 2 * leaf_count
        assert tree[0] == b""
        assert tree[leaf_count:] == complete_leaves(leaf_count)
        assert tree[1] == root(complete_leaves(leaf_count))
        assert all(tree[i] == node_hash(tree[2 * i], tree[2 * i + 1]) for i in range(1, leaf_count))

    @pytest.mark.parametrize("leaf_count", [0, 1, 2, 32, 63, 65, 128, 512, 2048])
    def test_other_leaf_counts_are_a_mistake(self, leaf_count: int) -> None:
        """Only the two classes of item have a complete tree."""
        with pytest.raises(AssertionError):
            complete_tree([LEAVES[0]] * leaf_count)
        with pytest.raises(AssertionError):
            proof_nodes(leaf_count, [0])
        with pytest.raises(AssertionError):
            rebuild(leaf_count, {0: LEAVES[0]}, [])


class TestProofNodes:
    @settings(deadline=None, max_examples=300)
    @given(places=places_of_64)
    def test_equals_brute_force_for_64(self, places: set[int]) -> None:
        """The nodes named are those that are needed and do not follow."""
        assert proof_nodes(64, places) == oracle_nodes(64, places)

    @settings(deadline=None, max_examples=30)
    @given(places=places_of_1024)
    def test_equals_brute_force_for_1024(self, places: set[int]) -> None:
        """The same holds for the larger class."""
        assert proof_nodes(1024, places) == oracle_nodes(1024, places)

    @pytest.mark.parametrize("leaf_count", [64, 1024])
    def test_one_leaf_needs_its_path_and_all_leaves_need_nothing(self, leaf_count: int) -> None:
        """A single leaf needs as many hashes as the tree is deep; the whole tree needs none."""
        assert len(proof_nodes(leaf_count, [5])) == leaf_count.bit_length() - 1
        assert proof_nodes(leaf_count, range(leaf_count)) == []

    def test_order_and_repetition_of_places_do_not_matter(self) -> None:
        """Places are a set, however they are given."""
        assert proof_nodes(64, iter([9, 3, 9, 40])) == proof_nodes(64, (3, 9, 40))

    @pytest.mark.parametrize("place", [-1, 64])
    def test_place_outside_is_a_mistake(self, place: int) -> None:
        """A maker of proofs knows its places."""
        with pytest.raises(KeyError):
            proof_nodes(64, [place])


class TestRebuild:
    @settings(deadline=None, max_examples=150)
    @given(places=places_of_64)
    def test_gives_every_node_that_follows(self, places: set[int]) -> None:
        """From leaves and proof follow the nodes of the tree, and no other number."""
        self.check_follows(64, places)

    @settings(deadline=None, max_examples=20)
    @given(places=places_of_1024)
    def test_gives_every_node_that_follows_in_the_larger_class(self, places: set[int]) -> None:
        """The same holds for 1,024 leaves."""
        self.check_follows(1024, places)

    def check_follows(self, leaf_count: int, places: set[int]) -> None:
        """Rebuild a cut of the tree and compare with the tree."""
        tree, needed = TREES[leaf_count], proof_nodes(leaf_count, places)
        leaves = {place: tree[leaf_count + place] for place in places}
        nodes = rebuild(leaf_count, leaves, [tree[node] for node in needed])
        assert all(tree[node] == hash_ for node, hash_ in nodes.items())
        above = {leaf_count + place >> up for place in places for up in range(leaf_count.bit_length())}
        assert nodes.keys() == above | set(needed)
        assert nodes[1] == tree[1]

    @settings(deadline=None, max_examples=100)
    @given(places=places_of_64, seed=st.integers(0, 2**32))
    def test_any_change_leads_to_another_root(self, places: set[int], seed: int) -> None:
        """An altered leaf, proof hash or place does not lead to the root, or is refused."""
        dice = random.Random(seed)
        tree = TREES[64]
        leaves = {place: tree[64 + place] for place in places}
        proof = [tree[node] for node in proof_nodes(64, places)]
        place = dice.choice(sorted(places))
        assert rebuild(64, {**leaves, place: flipped(leaves[place])}, proof)[1] != tree[1]
        if proof:
            spot = dice.randrange(len(proof))
            changed = [*proof[:spot], flipped(proof[spot]), *proof[spot + 1 :]]
            assert rebuild(64, leaves, changed)[1] != tree[1]
        other = dice.randrange(64)
        if other not in places:
            moved = {other if old == place else old: hash_ for old, hash_ in leaves.items()}
            with contextlib.suppress(ProofError):
                assert rebuild(64, moved, proof)[1] != tree[1]

    def test_swapped_leaves_lead_to_another_root(self) -> None:
        """Two leaves that exchange their places are noticed."""
        tree = TREES[64]
        proof = [tree[node] for node in proof_nodes(64, [4, 5])]
        assert rebuild(64, {4: tree[69], 5: tree[68]}, proof)[1] != tree[1]

    @pytest.mark.parametrize("count_change", [-1, 1, 5])
    def test_refuses_a_proof_of_another_length(self, count_change: int) -> None:
        """A hash too few proves nothing, and one too many is an unreferenced hash."""
        proof = [TREES[64][node] for node in proof_nodes(64, [4, 40])]
        longer = (proof + proof)[: len(proof) + count_change]
        with pytest.raises(ProofError, match="expected"):
            rebuild(64, {4: TREES[64][68], 40: TREES[64][104]}, longer)

    @pytest.mark.parametrize("leaves", [{}, {-1: LEAVES[0]}, {64: LEAVES[0]}, {0: LEAVES[0], 127: LEAVES[1]}])
    def test_refuses_places_outside_and_no_leaves(self, leaves: dict[int, Hash]) -> None:
        """A view without leaves or with a place that is none is refused."""
        with pytest.raises(ProofError, match="places 0 to 63"):
            rebuild(64, leaves, [LEAVES[0]] * 6)

    @pytest.mark.parametrize("size_bytes", [0, 31, 33])
    def test_refuses_a_hash_of_another_size(self, size_bytes: int) -> None:
        """What has not 32 bytes is no hash, in the leaves and in the proof."""
        proof = [TREES[64][node] for node in proof_nodes(64, [4])]
        wrong = Hash(bytes(size_bytes))
        with pytest.raises(ProofError, match="32 bytes"):
            rebuild(64, {4: wrong}, proof)
        with pytest.raises(ProofError, match="32 bytes"):
            rebuild(64, {4: TREES[64][68]}, [wrong, *proof[1:]])
        # Whole trees without a proof are checked as well.
        with pytest.raises(ProofError, match="32 bytes"):
            rebuild(64, dict(enumerate([wrong, *complete_leaves(64)[1:]])), [])


hashes = st.binary(min_size=30, max_size=34) | st.binary(min_size=32, max_size=32)
sizes = st.integers(-2, 2**70) | st.integers(-2, 9)


class TestHostileProofs:
    @settings(deadline=None, max_examples=300)
    @given(leaf=hashes, index=sizes, size=sizes, proof=st.lists(hashes, max_size=70), top=hashes)
    def test_inclusion_of_anything_is_refused_or_holds(
        self, leaf: Hash, index: int, size: int, proof: list[Hash], top: Hash
    ) -> None:
        """Whatever is claimed, the checker answers, and only by ``ProofError``."""
        claim = {"leaf": leaf, "index": index, "size": size, "proof": proof, "root": top}
        assert refuses(verify_inclusion, **claim) or leaf == top

    @settings(deadline=None, max_examples=300)
    @given(old=sizes, new=sizes, proof=st.lists(hashes, max_size=70), tops=st.tuples(hashes, hashes))
    def test_consistency_of_anything_is_refused_or_holds(
        self, old: int, new: int, proof: list[Hash], tops: tuple[Hash, Hash]
    ) -> None:
        """Whatever is claimed, the checker answers, and only by ``ProofError``."""
        claim = {"old_size": old, "old_root": tops[0], "new_size": new, "new_root": tops[1]}
        assert refuses(verify_consistency, **claim, proof=proof) or tops[0] == tops[1]

    @settings(deadline=None, max_examples=300)
    @given(
        leaves=st.dictionaries(st.integers(-3, 70), hashes, max_size=70),
        proof=st.lists(hashes, max_size=60),
    )
    def test_leaves_and_proof_of_anything_are_refused_or_lead_somewhere(
        self, leaves: dict[int, Hash], proof: list[Hash]
    ) -> None:
        """Whatever a view holds, a root follows from it or it is refused."""
        with contextlib.suppress(ProofError):
            assert len(rebuild(64, leaves, proof)[1]) == 32
