# SPDX-License-Identifier: Apache-2.0

from pathlib import Path
from typing import Any

import pytest

from legation.errors import MalformedError
from legation.item import draft, draws, shape
from legation.item.shape import Header, Layer, PlacedSeam, Seam, WireView, check_placed, leaf_entry
from tests.item import handmade, naive, worlds
from tests.item.handmade import Json
from tests.item.worlds import refused

SPECIFICATIONS = Path(__file__).parents[2] / "docs" / "spec"


def layer(**fields: Any) -> Json:
    """
    A view of one layer in which fields of that layer were exchanged.
    """
    layers, _ = handmade.leaves(worlds.a_document())
    layers[0]["leaf"].pop("fuller", None)
    layers[0]["leaf"] |= fields
    return handmade.seal(layers[:1], [])


def seam(**fields: Any) -> Json:
    """
    A view of two layers in which fields of their seam were exchanged.
    """
    layers, seams = handmade.leaves(worlds.a_document())
    seams[0]["leaf"] |= fields
    return handmade.seal(layers, seams)


def is_taken(view: Json) -> bool:
    """
    See whether a view verifies, and both readers agree.
    """
    data = naive.encode(view)
    try:
        naive.verify(data, worlds.KNOWN)
    except naive.RefusedViewError as exc:
        refused(data, exc.step)
        return False
    worlds.verified(data)
    return True


def category(**fields: Any) -> Json:
    """
    A category with these fields.
    """
    return {"tag": "T", "type": "permissive", "values": ["A"]} | fields


class TestHeader:
    @pytest.mark.parametrize(
        "fields",
        [
            {"format": "legation/item/v2"},
            {"format": "legation/item/v1 "},
            {"nonce": ""},
            {"nonce": handmade.b64(bytes(15))},
            {"author": handmade.b64(bytes(31))},
            {"root": handmade.b64(bytes(33))},
            {"leaves": 0},
            {"leaves": 128},
            {"leaves": 64.0},
            {"leaves": "64"},
            {"leaves": True},
            {"leaves": 2**64},
            {"leaves": -64},
            {"time": 5},
            {"root": None},
        ],
    )
    def test_what_is_no_header_is_refused(self, fields: Json) -> None:
        """
        Another format, other sizes, another number of leaves, and fields that do not belong there.
        """
        layers, seams = handmade.leaves(worlds.a_document())
        refused(naive.encode(handmade.seal(layers, seams, changes=fields)), step=1)

    def test_a_header_says_nothing_else(self) -> None:
        """
        Whoever gets any cut gets the header: it has five fields.
        """
        assert Header.__struct_fields__ == ("format", "nonce", "author", "leaves", "root")


class TestLayer:
    @pytest.mark.parametrize(
        "fields",
        [
            {"kind": "letter"},
            {"kind": ""},
            {"document": handmade.b64(bytes(15))},
            {"time": -1},
            {"time": 253_402_300_800},
            {"time": 1.0},
            {"time": "1"},
            {"time": None},
            {"portions": []},
            {"portions": {}},
            {"classification": ""},
            {"classification": "OPEN "},
            {"classification": "cafe\u0301"},
            {"classification": "OP\u200bEN"},
            {"classification": "\u202eNEPO"},
            {"classification": "O" * 257},
            {"classification": "a\nb"},
            {"policy": {}},
            {"policy": "2.25.1"},
            {"categories": []},
            {"categories": [category(values=[])]},
            {"categories": [category(values=["B", "A"])]},
            {"categories": [category(values=["A", "A"])]},
            {"categories": [category(values=[""])]},
            {"categories": [category(values=["A" * 257])]},
            {"categories": [category(values=[f"{n:04}" for n in range(1025)])]},
            {"categories": [category(type="secret")]},
            {"categories": [category(tag="")]},
            {"categories": [category(tag_id="1.2.3")]},
            {"categories": [category(tag_id="")]},
            {"categories": [category(), category()]},
            {"categories": [category(tag="U"), category(tag="T")]},
            {"categories": [category(type="restrictive"), category(type="permissive")]},
            {"categories": [category(tag=f"{n:03}") for n in range(65)]},
            {"fuller": []},
            {"fuller": [[0, 0]]},
            {"fuller": [[0, 2]]},
            {"fuller": [[2, 0]]},
            {"fuller": [[0, -1]]},
            {"fuller": [[0, 1, 1]]},
            {"fuller": [[0]]},
            {"fuller": [[1, 0], [0, 1]]},
            {"fuller": [[0, 1], [0, 1]]},
            {"banner": "OPEN"},
            {"label": {}},
        ],
    )
    def test_what_is_no_layer_is_refused(self, fields: Json) -> None:
        """
        Malformed labels, pairs and portions, values out of range, and defaults that are spelled out.
        """
        assert not is_taken(layer(**fields))

    @pytest.mark.parametrize(
        "fields",
        [
            {"time": 0},
            {"time": 253_402_300_799},
            {"classification": "O" * 256},
            {"classification": "비밀"},
            {"categories": [category(values=[f"{n:04}" for n in range(1024)])]},
            {"categories": [category(type=each) for each in ("informative", "permissive", "restrictive")]},
            {"categories": [category(tag=f"{n:02}") for n in range(64)]},
            {"categories": [category(values=["A", "a", "é", "비", "\U0001f600"])]},
            {"fuller": [[0, 1]]},
            {"fuller": [[0, 1], [1, 0]]},
            {"portions": [{"type": "withheld"}]},
        ],
    )
    def test_a_layer_may_go_to_its_limits(self, fields: Json) -> None:
        """
        What is at a limit is within it; sorting is by code point.
        """
        assert is_taken(layer(**fields))

    @pytest.mark.parametrize(
        ("policy", "taken"),
        [
            ({"id": "2.25.1"}, True),
            ({"id": "0.0"}, True),
            ({"id": "1.39.1"}, True),
            ({"id": "2.999"}, True),
            ({"id": "2.25." + "1" * 251}, True),
            ({"id": "2.25." + "1" * 252}, False),
            ({"id": "2"}, False),
            ({"id": "3.1"}, False),
            ({"id": "1.40"}, False),
            ({"id": "2.025"}, False),
            ({"id": "2.25."}, False),
            ({"id": ".2.25"}, False),
            ({"id": "2.25\n"}, False),
            ({"id": "urn:oid:2.25"}, False),
            ({"id": ""}, False),
            ({"version": 0}, True),
            ({"version": 2**53 - 1}, True),
            ({"version": 2**53}, False),
            ({"version": -1}, False),
            ({"version": "1"}, False),
            ({"version": 1.5}, False),
            ({"digest": handmade.b64(bytes(31))}, False),
            ({"digest": ""}, False),
            ({"name": "Example"}, False),
        ],
    )
    def test_a_policy_is_named_by_oid_version_and_digest(self, policy: Json, taken: bool) -> None:
        """
        An object identifier, an integer and a SHA-256, and nothing else.
        """
        whole = {"id": "2.25.1001", "version": 1, "digest": handmade.b64(bytes(32))} | policy
        assert is_taken(layer(policy=whole)) is taken

    def test_a_layer_knows_its_label(self) -> None:
        """
        The label is the policy's identifier, the classification and the categories.
        """
        found = worlds.layers_of(handmade.item(worlds.a_document()))
        assert {each.label for each in found} == {worlds.label_of(f) for f in worlds.a_document().labels}


class TestSeam:
    @pytest.mark.parametrize(
        "fields",
        [
            {"order": []},
            {"order": [3]},
            {"order": [1, 0, 1, 1]},
            {"order": [1, 1, 1, 0]},
            {"order": [1, -1, 1]},
            {"order": [-1, 1, 3]},
            {"order": [1, 1.0, 1]},
            {"order": [1, 1, 2**63]},
            {"order": [1, 1, 10**30]},
            {"order": "111"},
            {"layers": [23, 16]},
            {"layers": [16, 16]},
            {"layers": [-1, 16]},
            {"layers": [16]},
            {"layers": [16, 23, 24]},
            {"fuller": []},
            {"fuller": [[1, 3]]},
            {"fuller": [[1, 1]]},
            {"fuller": [[1, 2], [1, 2]]},
            {"fuller": [[1, 2], [1, 0]]},
            {"rank": 1},
            {"type": "layer"},
        ],
    )
    def test_what_is_no_seam_is_refused(self, fields: Json) -> None:
        """
        Empty runs, layers out of order, pairs out of range, and counts beyond all bounds.
        """
        assert not is_taken(seam(**fields))

    def test_a_seam_walks_the_joint_order(self) -> None:
        """
        The counts alternate between the layers; only the first may be 0.
        """
        found = Seam(layers=(3, 7), order=(0, 2, 1, 1))
        assert list(found.joint()) == [(1, 0), (1, 1), (0, 0), (1, 2)]

    def test_a_seam_longer_than_an_item_is_refused(self) -> None:
        """
        Two layers have at most as many portions as an item.
        """
        half = draft.PORTIONS_MAX // 2
        assert Seam(layers=(0, 1), order=(half, half)).order == (half, half)
        with pytest.raises(MalformedError, match=f"seam of {2 * half + 1} portions"):
            Seam(layers=(0, 1), order=(half, half + 1))

    def test_a_seam_names_places_of_a_tree(self) -> None:
        """
        No tree has a place 1,024.
        """
        assert Seam(layers=(0, 1023), order=(1, 1)).layers == (0, 1023)
        for layers in ((0, 1024), (5, 5), (6, 5), (-1, 5)):
            with pytest.raises(MalformedError, match="does not name two layers"):
                Seam(layers=layers, order=(1, 1))


class TestView:
    def test_a_leaf_in_the_wrong_list_is_refused(self) -> None:
        """
        A layer is no seam and a seam no layer, wherever they stand.
        """
        view = worlds.a_view()
        view["layers"], view["seams"] = view["seams"], view["layers"]
        refused(naive.encode(view), step=1)

    @pytest.mark.parametrize("name", ["header", "layers", "seams", "proof", "signature"])
    def test_a_field_that_is_missing_is_missed(self, name: str) -> None:
        """
        Each of the five fields is always there, also where it holds nothing.
        """
        view = worlds.a_view()
        del view[name]
        refused(naive.encode(view), step=1)

    @pytest.mark.parametrize("size", [0, 63, 65])
    def test_a_signature_has_its_size(self, size: int) -> None:
        """
        Also before anybody knows the author.
        """
        refused(naive.encode(worlds.a_view() | {"signature": handmade.b64(bytes(size))}), step=1)

    @pytest.mark.parametrize("place", [-1, 64, 1024, 2**16, 2**64])
    def test_a_place_outside_the_tree_is_refused(self, place: int) -> None:
        """
        A tree of 64 leaves has the places 0 to 63.
        """
        with pytest.raises(MalformedError, match="outside a tree"):
            check_placed(place, bytes(32), 64)
        with pytest.raises(MalformedError, match="salt has 31 bytes"):
            check_placed(0, bytes(31), 64)

    def test_leaves_are_layers_and_seams(self) -> None:
        """
        Both kinds stand in the tree alike.
        """
        wire: WireView = worlds.verified(handmade.item(worlds.a_document())).wire
        assert [type(each.leaf) for each in wire.leaves] == [Layer, Layer, Seam]
        assert isinstance(wire.leaves[2], PlacedSeam)

    def test_every_field_before_the_leaf_has_a_fixed_length(self) -> None:
        """
        No two leaves are hashed from the same bytes.
        """
        entry = leaf_entry(b"n" * 16, 0x0102, b"s" * 32, b"leaf")
        assert entry == b"legation/leaf/v1" + b"n" * 16 + b"\x01\x02" + b"s" * 32 + b"leaf"


class TestSpecification:
    """``tests/test_documents.py`` compares the limits."""

    def test_sizes_and_names_are_those_of_the_page(self) -> None:
        """
        The format's name, the domain of its leaves, and the sizes of what is random.
        """
        page = "".join((SPECIFICATIONS / name).read_text(encoding="utf-8") for name in ("item.md", "view.md"))
        assert f"| `format` | `{shape.FORMAT}` |" in page
        assert f'"{shape.LEAF_DOMAIN.decode()}"' in page
        assert f"| `nonce` | {draws.NONCE_SIZE_BYTES} bytes |" in page
        assert f"| `document` | {shape.DOCUMENT_SIZE_BYTES} bytes:" in page
        assert f"| `signature` | {shape.SIGNATURE_SIZE_BYTES} bytes |" in page
        assert f"`salt` has {draws.SALT_SIZE_BYTES}" in page

    @pytest.mark.parametrize(("leaf_count", "most"), list(shape.LAYERS_MAX.items()))
    def test_so_many_labels_fit_and_no_more(self, leaf_count: int, most: int) -> None:
        """
        The layers and the seams of every pair of them find places, and with one label more they do not.
        """
        assert most * (most + 1) // 2 <= leaf_count < (most + 1) * (most + 2) // 2
