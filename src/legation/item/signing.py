# SPDX-License-Identifier: Apache-2.0
"""
Sign a draft: one signature, from which every reader's lawful cut can be taken.

Portions are gathered into one layer per label; a seam for every pair of layers keeps their order;
layers and seams go to random places of a tree that always has 64 leaves (or 1,024), the free places
filled with decoys; the header with the tree's root is signed.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import combinations
from operator import attrgetter

from legation.encoding import encode
from legation.errors import MalformedError
from legation.item.draft import Draft
from legation.item.draws import Draws
from legation.item.reference import paragraph_numbers
from legation.item.shape import (
    FORMAT,
    LABELS_REMEMBERED,
    LAYERS_MAX,
    VIEW,
    VIEW_SIZE_BYTES_MAX,
    Header,
    Layer,
    Pair,
    Placed,
    PlacedLayer,
    PlacedSeam,
    Seam,
    WireView,
    leaf_entry,
)
from legation.item.variants import close
from legation.keys.card import PolicyReference
from legation.keys.sign import Purpose, Signer
from legation.labels import Label
from legation.merkle import complete_tree, proof_nodes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """The portions of one label: their places in the draft, and the hash of the label's bytes."""

    label: Label
    key: bytes
    indexes: list[int]


def sign(
    draft: Draft, *, document: bytes, time: int, signer: Signer, draws: Draws, after: int | None = None
) -> bytes:
    """
    Sign *draft* and return the item: the view that holds every layer.

    Args:
        draft: What was approved.
        document: The document id, 16 bytes: random for a new document, the same one for every
            later version of it.
        time: The item's time, UTC seconds.
        signer: The author's item key.
        draws: Where nonce, salts, places and decoys come from; made for this draft alone.
        after: The time of the document's latest version, if it has one; this one must be later.

    Raises:
        MalformedError: More labels, more variants of one another, or more bytes than an item can have;
            or not later than the latest version.
    """
    if after is not None and time <= after:
        raise MalformedError("a new version is not later than the latest one", hint="check the clock")
    groups = _groups(draft)
    leaf_count = _leaf_count(len(groups))
    pairs = close(draft.fuller)
    keys = [group.key for group in groups]
    keys += [left.key + right.key for left, right in combinations(groups, 2)]
    drawn = _draw(groups, keys, leaf_count, draws)
    layers = [
        PlacedLayer(place=place, salt=salt, leaf=_layer(draft, group, pairs, document, time))
        for group, (place, salt) in zip(groups, drawn, strict=False)
    ]
    sides = combinations(zip((placed.place for placed in layers), groups, strict=True), 2)
    seams = [
        PlacedSeam(place=place, salt=salt, leaf=_seam(left, right, pairs))
        for (left, right), (place, salt) in zip(sides, drawn[len(layers) :], strict=True)
    ]
    return _finish(keys, (*layers, *seams), leaf_count, signer, draws)


def _groups(draft: Draft) -> list[_Group]:
    found: dict[Label, _Group] = {}
    for index, each in enumerate(draft.portions):
        group = found.get(each.label)
        if group is None:
            key = _key(each.label, draft.references[each.label.policy_id])
            found[each.label] = group = _Group(label=each.label, key=key, indexes=[])
        group.indexes.append(index)
    return list(found.values())


@lru_cache(maxsize=LABELS_REMEMBERED)
def _key(label: Label, named: PolicyReference) -> bytes:
    """Hash a label and its policy: what the draws of its layer go by."""
    return sha256(encode((label, named))).digest()


def _leaf_count(layer_count: int) -> int:
    for leaf_count, layers_max in LAYERS_MAX.items():
        if layer_count <= layers_max:
            return leaf_count
    raise MalformedError(
        f"{layer_count} different labels, expected at most {max(LAYERS_MAX.values())}",
        hint="mark neighbouring paragraphs alike, or write two items",
    )


def _draw(
    groups: Sequence[_Group], keys: Sequence[bytes], leaf_count: int, draws: Draws
) -> list[tuple[int, bytes]]:
    """Draw places and salts until all paragraph codes of the item differ; nearly always at once."""
    count = sum(len(group.indexes) for group in groups)
    attempt = 0
    while True:
        drawn = draws.leaves(keys, leaf_count, attempt)
        codes: set[int] = set()
        for group, (_, salt) in zip(groups, drawn, strict=False):
            codes.update(paragraph_numbers(salt, len(group.indexes)))
        if len(codes) == count:
            return drawn
        attempt += 1


def _layer(draft: Draft, group: _Group, pairs: set[Pair], document: bytes, time: int) -> Layer:
    return Layer(
        kind=draft.kind,
        document=document,
        time=time,
        policy=draft.references[group.label.policy_id],
        classification=group.label.classification,
        categories=group.label.categories,
        portions=tuple(draft.portions[index].portion for index in group.indexes),
        fuller=_renumbered(pairs, group.indexes) if pairs else (),
    )


def _seam(left: tuple[int, _Group], right: tuple[int, _Group], pairs: set[Pair]) -> Seam:
    """Make the seam of two layers, each with its place."""
    (first_place, first), (second_place, second) = (left, right) if left[0] < right[0] else (right, left)
    return Seam(
        layers=(first_place, second_place),
        order=_runs(first.indexes, second.indexes),
        fuller=_crossing(pairs, first.indexes, second.indexes) if pairs else (),
    )


def _runs(first: list[int], second: list[int]) -> tuple[int, ...]:
    """Count how two ascending lists interleave: so many of the first, of the second, and so on."""
    runs: list[int] = []
    here, there, passed, waiting = first, second, 0, 0
    while passed < len(here) or waiting < len(there):
        until = bisect_left(here, there[waiting], passed) if waiting < len(there) else len(here)
        runs.append(until - passed)
        here, there, passed, waiting = there, here, waiting, until
    return tuple(runs)


def _crossing(pairs: set[Pair], first: list[int], second: list[int]) -> tuple[Pair, ...]:
    """The pairs that cross from one list to the other, numbered in their joint order."""
    firsts, seconds = set(first), set(second)
    across = {(x, y) for x, y in pairs if (x in firsts and y in seconds) or (x in seconds and y in firsts)}
    return _renumbered(across, sorted(first + second)) if across else ()


def _renumbered(pairs: set[Pair], indexes: list[int]) -> tuple[Pair, ...]:
    numbers = {index: number for number, index in enumerate(indexes)}
    return tuple(sorted((numbers[x], numbers[y]) for x, y in pairs if x in numbers and y in numbers))


def _finish(
    keys: Sequence[bytes], leaves: Sequence[Placed], leaf_count: int, signer: Signer, draws: Draws
) -> bytes:
    """Hash the leaves into the tree, sign its root, and write the view of everything."""
    nonce, hashes = draws.nonce(), draws.decoys(leaf_count)
    for key, placed in zip(keys, leaves, strict=True):
        entry = leaf_entry(nonce, placed.place, placed.salt, encode(placed.leaf))
        hashes[placed.place] = draws.leaf_hash(key, entry)
    tree = complete_tree(hashes)
    header = Header(
        format=FORMAT, nonce=nonce, author=signer.public_key.key_id, leaves=leaf_count, root=tree[1]
    )
    inside = sorted(leaves, key=attrgetter("place"))
    proof = proof_nodes(leaf_count, [placed.place for placed in inside])
    data = VIEW.encode(
        WireView(
            header=header,
            layers=tuple(placed for placed in inside if isinstance(placed, PlacedLayer)),
            seams=tuple(placed for placed in inside if isinstance(placed, PlacedSeam)),
            proof=tuple(tree[node] for node in proof),
            signature=signer.sign(Purpose.ITEM, encode(header)),
        )
    )
    # What cannot be read is not given out.
    if len(data) > VIEW_SIZE_BYTES_MAX:
        raise MalformedError(f"item of {len(data)} bytes, expected at most {VIEW_SIZE_BYTES_MAX}")
    return data
