# SPDX-License-Identifier: Apache-2.0
"""
What of another office's item may be passed on to somebody: the layers of one view.

Rules kept here:

1. Of one view that is held: layers of two views are never joined. It is the view that has most of what may go.
2. A layer under its originator's control is kept back whole, also what else stands in it: nothing can be taken
   out of a layer. Its label may permit it, and that is not asked.
3. What is set apart is passed on to nobody.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from legation.exchange import read_view
from legation.item.parts import LayerHead, Parts, take_apart
from legation.node.rules import Rules
from legation.release import DeliveryState
from legation.store.blobs import Blobs
from legation.store.sqlite import items, outgoing, paper
from legation.store.sqlite.database import Reading
from legation.store.sqlite.deliveries import PassedOn
from legation.store.sqlite.items import StoredView

_HANDED_OVER = frozenset({DeliveryState.NUMBERED, DeliveryState.RECEIPTED, DeliveryState.PRINTED})

Opening = Callable[[StoredView], Parts[LayerHead]]
"""Takes a view that is held apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passable:
    """One view, and the access ids of those of its layers that may be passed on."""

    view: StoredView
    parts: Parts[LayerHead]
    layers: frozenset[int]

    def says_something(self, rules: Rules) -> bool:
        """Whether they hold a body portion or a withheld line."""
        return any(
            layer.has_body and rules.access_id(layer) in self.layers for _, layer, _ in self.parts.layers
        )

    def cut(self, rules: Rules) -> bytes:
        """The copy that shows exactly these layers."""
        return self.parts.cut(lambda layer: rules.access_id(layer) in self.layers)


def passable(view: StoredView, parts: Parts[LayerHead], allowed: frozenset[int], rules: Rules) -> Passable:
    """Say which layers of one view may be passed on, of those that its reader may be handed."""
    layers = frozenset(
        access_id
        for _, layer, _ in parts.layers
        if (access_id := rules.access_id(layer)) in allowed and not layer.is_controlled
    )
    return Passable(view=view, parts=parts, layers=layers)


def best_passable(
    db: Reading, item_id: bytes, allowed: frozenset[int], rules: Rules, opening: Opening
) -> Passable | None:
    """
    Find the view to pass on from, and what of it may go; None if nothing may.

    Args:
        db: The snapshot, or the change so far.
        item_id: An item of another office.
        allowed: The access ids that its reader may be handed.
        rules: The rules of this snapshot.
        opening: Takes a view apart.
    """
    left = allowed
    while True:
        view = items.fullest_view(db, item_id, left)
        if view is None:
            return None
        parts = opening(view)
        found = passable(view, parts, left, rules)
        held = {rules.access_id(layer) for _, layer, _ in parts.layers} & left
        if held == found.layers:
            return found
        # What is controlled here counts for no other view either.
        left -= held - found.layers


def shown_layers(view: bytes, rules: Rules) -> list[int]:
    """The access ids of the layers of a copy that was checked once."""
    return [rules.access_id(layer) for _, layer, _ in take_apart(view).layers]


def handed_over_layers(
    db: Reading, found: Iterable[PassedOn], rules: Rules, blobs: Blobs
) -> Iterator[frozenset[int]]:
    """
    Of each of these deliveries that was numbered or printed: the access ids of what its copy shows.

    Not of what was taken back, or destroyed before it was handed over.
    """
    for each in found:
        if each.state not in _HANDED_OVER:
            continue
        if each.number is None:
            yield paper.layers_of(db, each.delivery_id)
        elif each.stream_id is not None:
            payload = outgoing.payload(db, each.stream_id, each.number, blobs)
            if payload is not None:
                yield frozenset(shown_layers(read_view(payload)[1], rules))
