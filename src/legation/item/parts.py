# SPDX-License-Identifier: Apache-2.0
"""
Parts: the encoded pieces of an item, ready to be joined into cuts of it.

Whoever keeps an item hands out many cuts and reads none of them. So ``take_apart`` reads of its bytes
what a cut needs: which label each layer carries, where each leaf stands, and that all of it leads to
the root its author signed. The texts are passed over, and come out as the bytes that went in.

It is for items that were checked once, as they were signed or received; ``view`` does that.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from legation.encoding import encode
from legation.errors import MalformedError, ProofError, RefusedError
from legation.item.portion import BODY
from legation.item.shape import (
    LAYERS_MAX,
    VIEW_SIZE_BYTES_MAX,
    Header,
    Pair,
    check_placed,
    layer_label,
    leaf_entry,
)
from legation.keys.card import PolicyReference
from legation.labels import Category, Label
from legation.merkle import Hash, leaf_hash, proof_nodes, rebuild

Head = TypeVar("Head")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts(Generic[Head]):
    """
    Encoded parts of an item or of a view of it.

    ``layers`` are (place, what it says of itself, bytes), ``seams`` (place, the places of its two
    layers, bytes), both in the order of their places. ``nodes`` are the hashes of the tree that are
    known, by heap number.
    """

    data: bytes
    leaf_count: int
    head: bytes
    tail: bytes
    layers: Sequence[tuple[int, Head, bytes]]
    seams: Sequence[tuple[int, int, int, bytes]]
    nodes: Mapping[int, Hash]

    def cut(self, keep: Callable[[Head], bool]) -> bytes:
        """
        Take the cut that holds exactly the layers that *keep* permits, with the seams between them.

        A cut of a cut is the same bytes as the cut taken at once. The hashes that stand for what is
        left out are those of the tree; nothing else of it is in the result.

        Args:
            keep: Decides about each layer; called once for each.

        Raises:
            RefusedError: No layer is kept.
        """
        layers = [(place, text) for place, layer, text in self.layers if keep(layer)]
        if not layers:
            raise RefusedError("nothing of the item may be shown")
        if len(layers) == len(self.layers):
            return self.data
        kept = {place for place, _ in layers}
        seams = [(place, text) for place, left, right, text in self.seams if left in kept and right in kept]
        needed = proof_nodes(self.leaf_count, [place for place, _ in (*layers, *seams)])
        return b"".join(
            (
                self.head,
                b",".join([text for _, text in layers]),
                b'],"proof":',
                encode([self.nodes[node] for node in needed]),
                b',"seams":[',
                b",".join([text for _, text in seams]),
                self.tail,
            )
        )


def joined_head(header: bytes) -> bytes:
    """What stands before the layers of every cut, around the encoded header."""
    return b'{"header":' + header + b',"layers":['


def joined_tail(signature: bytes) -> bytes:
    """What stands after the seams of every cut, around the encoded signature."""
    return b'],"signature":' + signature + b"}"


# What is read of an item here. Whatever else its bytes hold is passed over.


class _Leaf(msgspec.Struct, frozen=True):
    place: int
    salt: bytes
    leaf: msgspec.Raw


class _Portion(msgspec.Struct, frozen=True):
    type: str
    originator_control: bool = False


class LayerHead(msgspec.Struct, frozen=True):
    """What a layer says of itself: its label and policy; of its portions the kinds, and which are controlled."""

    policy: PolicyReference
    classification: str
    portions: tuple[_Portion, ...]
    categories: tuple[Category, ...] = ()

    @property
    def label(self) -> Label:
        """The label of every portion in the layer."""
        return layer_label(self.policy.id, self.classification, self.categories)

    @property
    def has_body(self) -> bool:
        """Whether it holds a body portion or a withheld line."""
        return any(each.type in _BODY for each in self.portions)

    @property
    def is_controlled(self) -> bool:
        """Whether one of its portions is under its originator's control; a layer is passed on whole or not."""
        return any(each.originator_control for each in self.portions)


class _SeamHead(msgspec.Struct, frozen=True):
    layers: Pair


class _View(msgspec.Struct, frozen=True):
    header: msgspec.Raw
    layers: tuple[msgspec.Raw, ...]
    seams: tuple[msgspec.Raw, ...]
    proof: tuple[bytes, ...]
    signature: msgspec.Raw


_BODY = frozenset(str(each.__struct_config__.tag) for each in BODY)
_VIEW = msgspec.json.Decoder(_View)
_HEADER = msgspec.json.Decoder(Header)
_LEAF = msgspec.json.Decoder(_Leaf)
_LAYER = msgspec.json.Decoder(LayerHead)
_SEAM = msgspec.json.Decoder(_SeamHead)


def take_apart(data: bytes) -> Parts[LayerHead]:
    """
    Take an item, or a view, apart for cutting.

    Args:
        data: Bytes that ``view`` checked once, at most ``VIEW_SIZE_BYTES_MAX``.

    Raises:
        MalformedError: They are not those of a view.
        ProofError: They do not lead to the root in their header: they are not what was checked.
    """
    if len(data) > VIEW_SIZE_BYTES_MAX:
        raise MalformedError(f"view has {len(data)} bytes, expected at most {VIEW_SIZE_BYTES_MAX}")
    try:
        return _parts(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        # The library's message may quote what it read, so neither it nor its trace goes on.
        raise MalformedError("view does not have the form it must have") from None


def _parts(data: bytes) -> Parts[LayerHead]:
    view = _VIEW.decode(data)
    header = _HEADER.decode(view.header)
    layers = [(_LEAF.decode(each), bytes(each)) for each in view.layers]
    seams = [(_LEAF.decode(each), bytes(each)) for each in view.seams]
    if not 0 < len(layers) <= LAYERS_MAX[header.leaves]:
        raise MalformedError(f"view of {len(layers)} layers")
    hashes = {}
    for placed, _ in (*layers, *seams):
        check_placed(placed.place, placed.salt, header.leaves)
        entry = leaf_entry(header.nonce, placed.place, placed.salt, bytes(placed.leaf))
        hashes[placed.place] = leaf_hash(entry)
    nodes = rebuild(header.leaves, hashes, [Hash(each) for each in view.proof])
    if len(hashes) != len(layers) + len(seams) or nodes[1] != header.root:
        raise ProofError("leaves and proof lead to another root")
    return Parts(
        data=data,
        leaf_count=header.leaves,
        head=joined_head(bytes(view.header)),
        tail=joined_tail(bytes(view.signature)),
        layers=[(placed.place, _LAYER.decode(placed.leaf), text) for placed, text in layers],
        seams=[(placed.place, *_SEAM.decode(placed.leaf).layers, text) for placed, text in seams],
        nodes=nodes,
    )
