# SPDX-License-Identifier: Apache-2.0
"""
Views: read a cut, verify it against its author's one signature, cut it further.

``inspect`` reads what bytes say and checks everything that needs no key: ``Contents`` are what
somebody claims. ``verify`` checks the signature too and is the only way to a ``View``. Functions
that need trust take a ``View``; showing a file to the person who holds it takes ``Contents``.

The checks, in order (their numbers stand in the code):

1. Canonical bytes within the limits, of the shapes of ``shape``.
2. Each place inside the tree and used once; places in order.
3. No two layers of one label; kind, document and time the same in all.
4. A seam for every pair of layers, none besides, each of the length of its layers.
5. The seams agree on one total order.
6. The relation of variants is closed.
7. Leaves and proof lead to the header's root, with no hash too few or too many.
8. The author's key is known, is an item key, is not revoked, and its signature holds.

Whether a label is valid in its policy is not asked here but when somebody wants to read: an item
under an unknown policy verifies and is shown to nobody.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import add

from legation.encoding import encode
from legation.errors import MalformedError, ProofError, SignatureError
from legation.item.draft import PORTIONS_MAX
from legation.item.parts import Parts, joined_head, joined_tail
from legation.item.portion import BODY, Kind, Portion, Text
from legation.item.reference import paragraph_code, paragraph_numbers, reference
from legation.item.shape import (
    LAYERS_MAX,
    VIEW,
    Layer,
    Pair,
    Seam,
    WireView,
    check_placed,
    leaf_entry,
)
from legation.item.variants import PAIRS_MAX, choose, is_closed
from legation.keys.card import Card, Cards, KeyState, Office, PolicyReference
from legation.keys.sign import KeyId, Purpose
from legation.labels import Label
from legation.merkle import Hash, leaf_hash, rebuild


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewPortion:
    """One portion as a view shows it: under which label and policy, and its paragraph code."""

    label: Label
    policy: PolicyReference
    portion: Portion
    code: str


@dataclass(frozen=True, kw_only=True)
class Contents:
    """
    What a view says, not yet held against anybody's key.

    ``order`` lists the portions in reading order, each as (number of its layer, number in it);
    ``fuller`` relates them by their place in that order. ``nodes`` are the tree's hashes that are
    known, by heap index.
    """

    data: bytes
    item_id: bytes
    wire: WireView
    order: tuple[Pair, ...]
    fuller: frozenset[Pair]
    nodes: dict[int, Hash]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that are in this view."""
        return tuple(placed.leaf for placed in self.wire.layers)

    @property
    def kind(self) -> Kind:
        """The item's kind."""
        return self.wire.layers[0].leaf.kind

    @property
    def document(self) -> bytes:
        """The document id: the same in every version."""
        return self.wire.layers[0].leaf.document

    @property
    def time(self) -> int:
        """The item's time as the author wrote it, UTC seconds."""
        return self.wire.layers[0].leaf.time

    @property
    def is_empty(self) -> bool:
        """Whether there is neither a body portion nor a withheld line; such a cut is not sent."""
        return not any(isinstance(each, BODY) for layer in self.layers for each in layer.portions)

    @cached_property
    def portions(self) -> tuple[ViewPortion, ...]:
        """Every portion of the view, in reading order, variants included."""
        layers = [
            (placed.leaf, placed.leaf.label, paragraph_numbers(placed.salt, len(placed.leaf.portions)))
            for placed in self.wire.layers
        ]
        return tuple(
            ViewPortion(
                label=layers[layer][1],
                policy=layers[layer][0].policy,
                portion=layers[layer][0].portions[number],
                code=paragraph_code(layers[layer][2][number]),
            )
            for layer, number in self.order
        )

    def shown(self, languages: Sequence[str] = ()) -> tuple[ViewPortion, ...]:
        """
        The portions a reader of this view is shown: of variants the fullest, then their language.

        Args:
            languages: Languages the reader prefers, best first.
        """
        spoken = [each.portion.language if isinstance(each.portion, Text) else "" for each in self.portions]
        return tuple(self.portions[index] for index in choose(spoken, self.fuller, languages))

    @cached_property
    def parts(self) -> Parts[Layer]:
        """The view's bytes taken apart, for cutting; made once."""
        return _take_apart(self)


@dataclass(frozen=True, kw_only=True)
class View(Contents):
    """
    A verified view: these portions, under these labels, by this author.

    ``key_state`` is what the author's card says of the key now; whether a retired key may still be
    trusted here depends on how the item came, which the caller knows.
    """

    author: Office
    key_state: KeyState

    @property
    def reference(self) -> str:
        """How people name the item."""
        return reference(str(self.author), self.time, self.item_id)


def inspect(data: bytes) -> Contents:
    """
    Read a view and check all that needs no key (steps 1 to 7).

    Raises:
        MalformedError: The bytes are not a view.
        ProofError: Leaves and proof do not lead to the root in the header.
    """
    wire = VIEW.decode(data)  # 1.
    _check_places(wire)  # 2.
    _check_layers(wire)  # 3.
    order = _total_order(wire)  # 4. and 5.
    fuller = _relation(wire, order)
    if not is_closed(fuller):  # 6.
        raise MalformedError("the relation of variants is not closed")
    nodes = _hash_up(wire)  # 7.
    return Contents(
        data=data,
        item_id=hashlib.sha256(encode(wire.header)).digest(),
        wire=wire,
        order=order,
        fuller=fuller,
        nodes=nodes,
    )


def verify(data: bytes, cards: Cards | Iterable[Card], *, trusts_revoked: bool = False) -> View:
    """
    Verify a view: the only way to get one.

    Args:
        data: The bytes of an item or of any cut of it, at most ``VIEW_SIZE_BYTES_MAX``.
        cards: The pinned cards; the author's must be among them.
        trusts_revoked: Whether a key that is revoked by now does: only for what was held before it was.

    Raises:
        MalformedError: The bytes are not a view, or two of the cards cannot stand together.
        ProofError: Leaves and proof do not lead to the root in the header.
        SignatureError: The author's key is unknown or revoked, or the signature does not hold.
    """
    return authenticate(inspect(data), cards, trusts_revoked=trusts_revoked)


def authenticate(contents: Contents, cards: Cards | Iterable[Card], *, trusts_revoked: bool = False) -> View:
    """
    Verify who signed a view that was read (step 8).

    Args:
        contents: From ``inspect``.
        cards: The pinned cards; the author's must be among them.
        trusts_revoked: Whether a key that is revoked by now does: only for what was held before it was.

    Raises:
        MalformedError: Two of the cards cannot stand together.
        SignatureError: The author's key is unknown or revoked, or the signature does not hold.
    """
    pinned = cards if isinstance(cards, Cards) else Cards(cards)
    author = pinned.item_key(KeyId(contents.wire.header.author))  # 8.
    if author is None:
        raise SignatureError("author is not known", hint="pin the author's card after comparing its words")
    if author.state is KeyState.REVOKED and not trusts_revoked:
        raise SignatureError("author's key is revoked")
    author.public_key.verify(Purpose.ITEM, encode(contents.wire.header), contents.wire.signature)
    return View(
        data=contents.data,
        item_id=contents.item_id,
        wire=contents.wire,
        order=contents.order,
        fuller=contents.fuller,
        nodes=contents.nodes,
        author=author.office,
        key_state=author.state,
    )


def _check_places(wire: WireView) -> None:
    leaf_count = wire.header.leaves
    if not 0 < len(wire.layers) <= LAYERS_MAX[leaf_count]:
        raise MalformedError(f"view of {len(wire.layers)} layers, expected 1 to {LAYERS_MAX[leaf_count]}")
    if len(wire.seams) != len(wire.layers) * (len(wire.layers) - 1) // 2:
        raise MalformedError("view does not have one seam for each pair of its layers")
    for placed in wire.leaves:
        check_placed(placed.place, placed.salt, leaf_count)
    layers = [placed.place for placed in wire.layers]
    seams = [placed.place for placed in wire.seams]
    if layers != sorted(layers) or seams != sorted(seams):
        raise MalformedError("leaves are not in the order of their places")
    if len({*layers, *seams}) != len(layers) + len(seams):
        raise MalformedError("a place is used twice")


def _check_layers(wire: WireView) -> None:
    layers = [placed.leaf for placed in wire.layers]
    first = layers[0]
    count = sum(len(layer.portions) for layer in layers)
    if count > PORTIONS_MAX:
        raise MalformedError(f"view of {count} portions, expected at most {PORTIONS_MAX}")
    if any(
        (layer.kind, layer.document, layer.time) != (first.kind, first.document, first.time)
        for layer in layers
    ):
        raise MalformedError("layers differ in kind, document or time")
    if len({(layer.policy.id, layer.classification, layer.categories) for layer in layers}) != len(layers):
        raise MalformedError("two layers carry one label")


def _total_order(wire: WireView) -> tuple[Pair, ...]:
    """
    Join the seams into one order of all portions.

    A portion's rank is how many portions stand before it: its number in its own layer, and what
    each seam counts. Orders of pairs fit together exactly if the ranks are 0 to n-1, each once
    (a tournament is transitive if and only if its scores are; Landau 1953).
    """
    numbers = {placed.place: index for index, placed in enumerate(wire.layers)}
    ranks = [list(range(len(placed.leaf.portions))) for placed in wire.layers]
    seen = set[Pair]()
    for placed in wire.seams:
        left, right = placed.leaf.layers
        if left not in numbers or right not in numbers or placed.leaf.layers in seen:
            raise MalformedError("a seam is there twice, or without both its layers")
        seen.add(placed.leaf.layers)
        _count_before(placed.leaf, ranks[numbers[left]], ranks[numbers[right]])
    order: list[Pair | None] = [None] * sum(map(len, ranks))
    for layer, row in enumerate(ranks):
        for number, rank in enumerate(row):
            if order[rank] is not None:
                raise MalformedError("the seams form no total order")
            order[rank] = (layer, number)
    return tuple(pair for pair in order if pair is not None)


def _count_before(seam: Seam, left: list[int], right: list[int]) -> None:
    """Add to each portion's rank how many of the other layer stand before it."""
    before_left: list[int] = []
    before_right: list[int] = []
    runs = iter(seam.order)
    for run in runs:
        before_left += [len(before_right)] * run
        before_right += [len(before_left)] * next(runs, 0)
    if len(before_left) != len(left) or len(before_right) != len(right):
        raise MalformedError("a seam is not of the length of its layers")
    left[:] = map(add, left, before_left)
    right[:] = map(add, right, before_right)


def _relation(wire: WireView, order: tuple[Pair, ...]) -> frozenset[Pair]:
    """All pairs of variants, by place in the reading order."""
    count = sum(len(placed.leaf.fuller) for placed in wire.leaves)
    if count == 0:
        return frozenset()
    if count > PAIRS_MAX:
        raise MalformedError(f"{count} pairs of variants, expected at most {PAIRS_MAX}")
    places = {pair: place for place, pair in enumerate(order)}
    numbers = {placed.place: index for index, placed in enumerate(wire.layers)}
    found: set[Pair] = set()
    for index, placed in enumerate(wire.layers):
        found.update((places[index, x], places[index, y]) for x, y in placed.leaf.fuller)
    for seam in wire.seams:
        joint = list(seam.leaf.joint()) if seam.leaf.fuller else []
        sides = [numbers[place] for place in seam.leaf.layers]
        for x, y in seam.leaf.fuller:
            if joint[x][0] == joint[y][0]:
                raise MalformedError("a seam relates portions of one layer")
            found.add((places[sides[joint[x][0]], joint[x][1]], places[sides[joint[y][0]], joint[y][1]]))
    return frozenset(found)


def _hash_up(wire: WireView) -> dict[int, Hash]:
    header = wire.header
    leaves = {
        placed.place: leaf_hash(leaf_entry(header.nonce, placed.place, placed.salt, encode(placed.leaf)))
        for placed in wire.leaves
    }
    if any(len(each) != 32 for each in wire.proof):
        raise MalformedError("a hash of the proof does not have 32 bytes")
    nodes = rebuild(header.leaves, leaves, [Hash(each) for each in wire.proof])
    if nodes[1] != header.root:
        raise ProofError("leaves and proof lead to another root")
    return nodes


def _take_apart(contents: Contents) -> Parts[Layer]:
    wire = contents.wire
    return Parts(
        data=contents.data,
        leaf_count=wire.header.leaves,
        head=joined_head(encode(wire.header)),
        tail=joined_tail(encode(wire.signature)),
        layers=[(placed.place, placed.leaf, encode(placed)) for placed in wire.layers],
        seams=[(placed.place, *placed.leaf.layers, encode(placed)) for placed in wire.seams],
        nodes=contents.nodes,
    )


def cut(contents: Contents, keep: Callable[[Layer], bool]) -> bytes:
    """
    Take the cut that holds exactly the layers that *keep* permits, with the seams between them.

    Args:
        contents: An item or a view of it.
        keep: Decides about each layer; called once for each.

    Raises:
        RefusedError: No layer is kept.
    """
    return contents.parts.cut(keep)
