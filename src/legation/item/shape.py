# SPDX-License-Identifier: Apache-2.0
"""
The bytes of an item: header, layers, seams, and the view that carries some of them.

These are shapes, not yet meaning: each checks what can be seen from itself alone. ``view`` checks
them against each other and against the signature. ``docs/spec/item.md`` is the specification; a
test compares its example and its limits with this module.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal

from legation.encoding import Canonical, Codec
from legation.errors import MalformedError
from legation.item.draft import PORTIONS_MAX
from legation.item.draws import NONCE_SIZE_BYTES, SALT_SIZE_BYTES
from legation.item.portion import Kind, Portion
from legation.item.variants import PAIRS_MAX
from legation.keys.card import TIME_MAX, PolicyReference
from legation.labels import Category, Label
from legation.labels.label import check_categories, check_name

FORMAT: Final = "legation/item/v1"
LEAF_DOMAIN = b"legation/leaf/v1"  # 16 bytes, so every field before the leaf has a fixed length

LEAF_COUNTS = (64, 1024)  # the classes: leaves of the tree, whatever the item holds
LAYERS_MAX = {64: 10, 1024: 44}  # so many labels and the seams of every pair of them fit
DOCUMENT_SIZE_BYTES = 16  # a document id is random
HASH_SIZE_BYTES = 32  # SHA-256
SIGNATURE_SIZE_BYTES = 64  # Ed25519
LABELS_REMEMBERED = 1 << 12  # labels come again and again; a node has a few thousand
VIEW_SIZE_BYTES_MAX = 64 << 20  # 10,000 long paragraphs; a view is held in memory whole

Pair = tuple[int, int]


@lru_cache(maxsize=LABELS_REMEMBERED)
def layer_label(policy_id: str, classification: str, categories: tuple[Category, ...]) -> Label:
    """Make the label of a layer; the same few thousand come again and again."""
    return Label(policy_id=policy_id, classification=classification, categories=categories)


def check_size(data: bytes, size_bytes: int, what: str) -> None:
    """Refuse bytes of any other length."""
    if len(data) != size_bytes:
        raise MalformedError(f"{what} has {len(data)} bytes, expected {size_bytes}")


class Header(Canonical, frozen=True):
    """All that whoever gets any cut may know; SHA-256 of its bytes is the item id."""

    format: Literal["legation/item/v1"]
    nonce: bytes
    author: bytes
    leaves: int
    root: bytes

    def __post_init__(self) -> None:
        check_size(self.nonce, NONCE_SIZE_BYTES, "nonce")
        check_size(self.author, HASH_SIZE_BYTES, "author key id")
        check_size(self.root, HASH_SIZE_BYTES, "root")
        if self.leaves not in LEAF_COUNTS:
            raise MalformedError(
                f"tree of another number of leaves than {LEAF_COUNTS[0]} or {LEAF_COUNTS[1]}"
            )


class Layer(Canonical, frozen=True, tag="layer"):
    """
    All portions of the item that carry one label, in order.

    ``fuller`` holds pairs (x, y) of portions of this layer: x is at least as full as y.
    """

    kind: Kind
    document: bytes
    time: int
    policy: PolicyReference
    classification: str
    portions: tuple[Portion, ...]
    categories: tuple[Category, ...] = ()
    fuller: tuple[Pair, ...] = ()

    def __post_init__(self) -> None:
        check_size(self.document, DOCUMENT_SIZE_BYTES, "document id")
        if not 0 <= self.time <= TIME_MAX:
            raise MalformedError("time is out of range")
        if not 0 < len(self.portions) <= PORTIONS_MAX:
            raise MalformedError(f"layer of {len(self.portions)} portions, expected 1 to {PORTIONS_MAX}")
        check_name(self.classification, "classification")
        check_categories(self.categories)
        for part in self.categories:
            if not part.values or part.tag_id:
                raise MalformedError("label of a layer is not in its normal form")
        check_pairs(self.fuller, len(self.portions))

    @property
    def label(self) -> Label:
        """The label of every portion in this layer."""
        return layer_label(self.policy.id, self.classification, self.categories)


class Seam(Canonical, frozen=True, tag="seam"):
    """
    How the portions of two layers interleave, and which is fuller than which.

    ``layers`` are the places of the two, the lower first. ``order`` counts portions in runs: so
    many of the first layer, so many of the second, and so on; only the first run may be 0.
    ``fuller`` holds pairs (x, y) of places in that joint order, across the two layers.
    """

    layers: Pair
    order: tuple[int, ...]
    fuller: tuple[Pair, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.layers[0] < self.layers[1] < LEAF_COUNTS[-1]:
            raise MalformedError("seam does not name two layers, the lower place first")
        if len(self.order) < 2 or self.order[0] < 0 or min(self.order[1:]) <= 0:
            raise MalformedError("seam has an empty run of portions")
        size = sum(self.order)
        if size > PORTIONS_MAX:
            raise MalformedError(f"seam of {size} portions, expected at most {PORTIONS_MAX}")
        check_pairs(self.fuller, size)

    def joint(self) -> Iterator[tuple[int, int]]:
        """Walk the joint order: 0 or 1 for the layer, and the portion's number in that layer."""
        counts = [0, 0]
        for index, run in enumerate(self.order):
            side = index & 1
            for number in range(counts[side], counts[side] + run):
                yield side, number
            counts[side] += run


class Placed(Canonical, frozen=True):
    """A leaf of the tree, its place in it and its salt."""

    place: int
    salt: bytes
    leaf: Layer | Seam


class PlacedLayer(Placed, frozen=True):
    """A layer in the tree."""

    leaf: Layer


class PlacedSeam(Placed, frozen=True):
    """A seam in the tree."""

    leaf: Seam


class WireView(Canonical, frozen=True):
    """
    A cut of an item as it travels; an item is the view that holds every layer.

    Layers and seams are in the order of their places. ``proof`` holds exactly the hashes that the
    root needs beside them, in heap order.
    """

    header: Header
    layers: tuple[PlacedLayer, ...]
    seams: tuple[PlacedSeam, ...]
    proof: tuple[bytes, ...]
    signature: bytes

    def __post_init__(self) -> None:
        check_size(self.signature, SIGNATURE_SIZE_BYTES, "signature")

    @property
    def leaves(self) -> tuple[Placed, ...]:
        """Layers and seams alike."""
        return (*self.layers, *self.seams)


VIEW = Codec(WireView, size_bytes_max=VIEW_SIZE_BYTES_MAX, what="view")


def check_pairs(pairs: tuple[Pair, ...], count: int) -> None:
    """Refuse pairs that are unsorted, repeated, out of range, or of a portion with itself."""
    if not pairs:
        return
    if len(pairs) > PAIRS_MAX or any(left >= right for left, right in pairwise(pairs)):
        raise MalformedError("pairs of variants are too many, not sorted, or one is there twice")
    if any(x == y or not 0 <= x < count or not 0 <= y < count for x, y in pairs):
        raise MalformedError("a pair of variants names no two portions")


def leaf_entry(nonce: bytes, place: int, salt: bytes, leaf: bytes) -> bytes:
    """What a leaf's hash covers: domain, nonce, place and salt of fixed lengths, then the leaf."""
    return LEAF_DOMAIN + nonce + place.to_bytes(2, "big") + salt + leaf


def check_placed(place: int, salt: bytes, leaf_count: int) -> None:
    """Refuse a leaf outside the tree or with a salt of another length."""
    if not 0 <= place < leaf_count:
        raise MalformedError(f"a place is outside a tree of {leaf_count} leaves")
    check_size(salt, SALT_SIZE_BYTES, "salt")
