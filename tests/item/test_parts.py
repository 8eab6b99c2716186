# SPDX-License-Identifier: Apache-2.0

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.encoding import encode
from legation.errors import LegationError, MalformedError, ProofError, RefusedError
from legation.item.parts import take_apart
from legation.item.portion import is_controlled
from legation.item.view import cut, inspect
from tests.item import handmade, worlds
from tests.item.handmade import Document


def whole(count: int = 3) -> bytes:
    """An item with a portion under each of some labels."""
    return handmade.item(
        Document(
            labels=tuple(worlds.plain_label(number) for number in range(count)),
            portions=tuple(
                (number, {"type": "text", "text": f"Portion {number}."}) for number in range(count)
            ),
        )
    )


@worlds.examples(40)
@given(seed=st.integers(0, 2**32), data=st.data())
def test_a_cut_is_the_one_that_is_taken_of_what_was_read(seed: int, data: st.DataObject) -> None:
    """
    Whatever the item and whatever is kept: the same bytes, from the item and from a cut of it.
    """
    item = worlds.signed(worlds.random_document(Random(seed)))
    contents = inspect(item)
    labels = data.draw(st.sets(st.sampled_from([layer.label for layer in contents.layers]), min_size=1))
    found = take_apart(item)
    assert [layer.label for _, layer, _ in found.layers] == [layer.label for layer in contents.layers]
    assert [layer.policy for _, layer, _ in found.layers] == [layer.policy for layer in contents.layers]
    smaller = found.cut(lambda layer: layer.label in labels)
    assert smaller == cut(contents, lambda layer: layer.label in labels)
    one = next(iter(labels))
    again = take_apart(smaller).cut(lambda layer: layer.label == one)
    assert again == cut(contents, lambda layer: layer.label == one)
    assert any(layer.has_body for _, layer, _ in found.layers) is not contents.is_empty
    assert [layer.is_controlled for _, layer, _ in found.layers] == [
        any(map(is_controlled, layer.portions)) for layer in contents.layers
    ]


def test_nothing_kept_is_refused() -> None:
    """
    A cut without any layer is none.
    """
    with pytest.raises(RefusedError):
        take_apart(whole()).cut(lambda layer: False)


def _relabelled(wire: Any) -> None:
    wire["layers"][0]["leaf"]["classification"] = "OPEN"


def _placed_twice(wire: Any) -> None:
    wire["layers"][1]["place"] = wire["layers"][0]["place"]


def _swapped_layers(wire: Any) -> None:
    one, other = wire["layers"][0], wire["layers"][1]
    one["leaf"], other["leaf"] = other["leaf"], one["leaf"]


def _seam_of_others(wire: Any) -> None:
    wire["seams"][0]["leaf"]["layers"] = [0, 1]


def _one_hash_less(wire: Any) -> None:
    wire["proof"].pop()


@pytest.mark.parametrize(
    "change", [_relabelled, _placed_twice, _swapped_layers, _seam_of_others, _one_hash_less]
)
def test_what_is_not_what_was_signed_is_refused(change: Callable[[Any], None]) -> None:
    """
    A byte that decides what goes to whom is one that the root covers.
    """
    wire = json.loads(whole())
    change(wire)
    with pytest.raises(ProofError):
        take_apart(encode(wire))


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"\xff", b'{"header":{}}', b"[" * 100_000],
    ids=["empty", "no members", "a list", "no text", "another header", "deep"],
)
def test_what_is_no_view_is_refused(data: bytes) -> None:
    """
    Bytes of another form.
    """
    with pytest.raises(MalformedError):
        take_apart(data)


@worlds.examples(200)
@given(bytes_=st.binary(max_size=3), data=st.data())
def test_altered_bytes_are_refused_or_give_the_cut_of_what_was_signed(
    bytes_: bytes, data: st.DataObject
) -> None:
    """
    No other error than ours, and no layer that the author did not sign.
    """
    item = whole()
    place = data.draw(st.integers(0, len(item)))
    altered = item[:place] + bytes_ + item[place + len(bytes_) :]
    try:
        found = take_apart(altered)
    except LegationError:
        return
    assert [layer for _, layer, _ in found.layers] == [layer for _, layer, _ in take_apart(item).layers]
