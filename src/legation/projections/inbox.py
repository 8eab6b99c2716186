# SPDX-License-Identifier: Apache-2.0
"""
The inbox: what is listed of a view, layer by layer.

A title stands under the access id of the layer that holds it, so that nobody sees it who may not see
that layer. A view of which a reader may see no body portion is not listed for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from legation.item.portion import BODY, Title
from legation.item.shape import Layer
from legation.item.view import Contents


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxLayer:
    """What one layer adds: whether there is something to read, and the title if it stands there."""

    access_id: int
    has_body: bool
    title: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """What is listed of a view, by access id, ascending."""

    item_id: bytes
    layers: tuple[InboxLayer, ...]


def fold(contents: Contents, access_ids: Sequence[int]) -> InboxRow:
    """
    Fold a view.

    Args:
        contents: The view.
        access_ids: Those of its layers, in their order.
    """
    layers = (_layer(each, access_id) for each, access_id in zip(contents.layers, access_ids, strict=True))
    return InboxRow(item_id=contents.item_id, layers=tuple(sorted(layers, key=lambda each: each.access_id)))


def _layer(layer: Layer, access_id: int) -> InboxLayer:
    titles = [portion.text for portion in layer.portions if isinstance(portion, Title)]
    return InboxLayer(
        access_id=access_id,
        has_body=any(isinstance(portion, BODY) for portion in layer.portions),
        title=titles[0] if titles else None,
    )
