# SPDX-License-Identifier: Apache-2.0

import base64
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from legation.errors import LegationError, MalformedError, RefusedError, SignatureError
from legation.item import Contents, View, inspect, verify
from legation.item.shape import VIEW
from legation.item.view import cut
from legation.keys.card import KeyState
from legation.keys.sign import Purpose
from tests.item import handmade, naive, properties, worlds
from tests.item.handmade import Document, Json, b64, seed
from tests.item.worlds import SEARCH, SIGNER, a_document, refused, verified
from tests.keys.office import Keys


def three() -> Document:
    """
    Four paragraphs under three labels, with variants across them.
    """
    words = [(0, "canary a"), (1, "canary b"), (2, "canary c"), (0, "canary d")]
    return Document(
        labels=tuple(worlds.plain_label(number) for number in (0, 2, 4)),
        portions=tuple((label, {"type": "text", "text": text}) for label, text in words),
        full=handmade.closure({(0, 1), (1, 2)}, 4),
    )


def bent(bend: Callable[[list[Json], list[Json]], Any], document: Document | None = None) -> bytes:
    """
    Sign leaves that were bent: what a malicious author can make.
    """
    layers, seams = handmade.leaves(document or three())
    bend(layers, seams)
    return naive.encode(handmade.seal(layers, seams))


def altered(alter: Callable[[Json], Any], document: Document | None = None) -> bytes:
    """
    Alter a view that was signed: what a malicious relay can make.
    """
    view = naive.parse(handmade.item(document or three()))
    alter(view)
    return naive.encode(view)


def flipped(text: str) -> str:
    """
    Change one bit in the middle of base64.
    """
    raw = bytearray(base64.b64decode(text))
    raw[len(raw) // 2] ^= 1
    return b64(bytes(raw))


class TestBytes:
    """Step 1 where it is about bytes; ``test_shape`` has the shapes."""

    @pytest.mark.parametrize(
        "spell",
        [
            lambda data: data + b"\n",
            lambda data: b" " + data,
            lambda data: data.replace(b'":', b'": ', 1),
            lambda data: data.replace(b"canary", b"c\\u0061nary", 1),
            lambda data: data.replace(b'"legation/', b'"legation\\/', 1),
            lambda data: data.replace(b'"leaves":64', b'"leaves":64.0', 1),
            lambda data: data.replace(b'"leaves":64', b'"leaves":6.4e1', 1),
            lambda data: data.replace(b'"leaves":64', b'"leaves":064', 1),
            lambda data: data.replace(b'"leaves":64', b'"leaves":64,"leaves":64', 1),
            lambda data: data.replace(b'"leaves":64', b'"leaves":128,"leaves":64', 1),
            lambda data: data.replace(b'=="', b'"', 1),
            lambda data: data.replace(b"canary", b"can\xffary", 1),
            lambda data: data.replace(b"canary", b"can\xed\xa0\x80ary", 1),
            lambda data: data.replace(b"canary", b"can\\ud800ary", 1),
            lambda data: data.decode().encode("utf-16"),
            lambda data: b"\xef\xbb\xbf" + data,
            lambda data: data[:-1],
            lambda data: b"",
            lambda data: b"{}",
            lambda data: b"[]",
            lambda data: b"[" * 100_000,
            lambda data: b'{"header":' * 10_000,
            lambda data: b"9" * 100_000,
            lambda data: data.replace(b'"proof":[', b'"proof":[null,', 1),
            lambda data: data.replace(b'"proof":[', b'"proof":[NaN,', 1),
        ],
    )
    def test_another_spelling_is_refused(self, spell: Callable[[bytes], bytes]) -> None:
        """
        What is signed has one spelling: all others are refused before anything is believed.
        """
        refused(spell(handmade.item(three())), step=1)

    def test_loose_bits_in_base64_are_refused(self) -> None:
        """
        The last character before the padding may not hide bits.
        """
        view = worlds.a_view()
        nonce = view["header"]["nonce"]
        assert nonce.endswith("g==")
        view["header"]["nonce"] = nonce[:-3] + "h=="
        assert base64.b64decode(view["header"]["nonce"]) == base64.b64decode(nonce)
        refused(naive.encode(view), step=1)

    def test_bytes_beyond_the_limit_are_not_looked_at(self) -> None:
        """
        64 MiB are read, one byte more is refused without being parsed.
        """
        with pytest.raises(MalformedError, match="view has 67108865 bytes, expected at most 67108864"):
            inspect(bytes((64 << 20) + 1))
        with pytest.raises(naive.RefusedViewError):
            naive.parse(bytes((64 << 20) + 1))

    def test_more_portions_than_an_item_has_are_refused(self) -> None:
        """
        Each layer is within its limit, and each two of them, but all together are not.
        """
        document = Document(
            labels=tuple(worlds.plain_label(number) for number in range(3)),
            portions=tuple((number % 3, {"type": "withheld"}) for number in range(20_001)),
        )
        layers, seams = handmade.leaves(document)
        data = naive.encode(handmade.seal(layers, seams))
        with pytest.raises(MalformedError, match="view of 20001 portions, expected at most 20000"):
            inspect(data)
        with pytest.raises(naive.RefusedViewError, match="step 1"):
            naive.parse(data)

    @pytest.mark.parametrize("label_count", [1, 2])
    def test_as_many_portions_as_an_item_has_are_read(self, label_count: int) -> None:
        """
        Twenty thousand, in one layer or in two.
        """
        portions = tuple((number % label_count, {"type": "withheld"}) for number in range(20_000))
        data = worlds.signed(Document(labels=three().labels, portions=portions))
        assert len(verified(data).order) == 20_000

    def test_as_many_pairs_as_an_item_has_are_read(self) -> None:
        """
        Five hundred texts, each fuller than four hundred lines.
        """
        pairs = frozenset((x, y) for x in range(500) for y in range(500, 900))
        portions = tuple((0, {"type": "withheld"}) for _ in range(900))
        document = Document(labels=three().labels, portions=portions, full=pairs)
        assert len(verified(worlds.signed(document)).fuller) == 200_000

    def test_more_pairs_than_an_item_has_are_refused(self) -> None:
        """
        Each leaf is within its limit, but all together are not.
        """

        def relate(layers: list[Json], _: list[Json]) -> None:
            for each in layers:
                each["leaf"]["fuller"] = [[x, y] for x in range(367) for y in range(367) if x < y]

        portions = tuple((number % 3, {"type": "withheld"}) for number in range(3 * 367))
        document = Document(labels=three().labels, portions=portions)
        data = bent(relate, document)
        with pytest.raises(MalformedError, match="201483 pairs of variants, expected at most 200000"):
            inspect(data)
        with pytest.raises(naive.RefusedViewError, match="so many pairs"):
            naive.parse(data)


class TestPlaces:
    """Step 2."""

    def test_two_layers_at_one_place_are_refused(self) -> None:
        """
        A leaf has a place of its own.
        """

        def bend(layers: list[Json], seams: list[Json]) -> None:
            layers[1]["place"] = layers[0]["place"]

        assert "used twice" in refused(bent(bend), step=2).message

    def test_a_layer_and_a_seam_at_one_place_are_refused(self) -> None:
        """
        Also if they are of two kinds.
        """

        def bend(layers: list[Json], seams: list[Json]) -> None:
            seams[0]["place"] = layers[0]["place"]
            seams.sort(key=handmade.by_place)

        assert "used twice" in refused(bent(bend), step=2).message

    def test_a_duplicate_is_refused(self) -> None:
        """
        A layer or seam that is handed over twice is not read twice.
        """
        one = replace(a_document(), portions=a_document().portions[:1])
        refused(altered(lambda view: view["layers"].append(view["layers"][0]), one), step=2)
        refused(altered(lambda view: view["seams"].append(view["seams"][-1])), step=2)

    @pytest.mark.parametrize("place", [64, 1023, 65_535])
    def test_a_leaf_outside_the_tree_is_refused(self, place: int) -> None:
        """
        A tree of 64 leaves has no place 64.
        """

        def alter(view: Json) -> None:
            view["layers"][-1]["place"] = place

        assert "outside" in refused(altered(alter), step=2).message

    @pytest.mark.parametrize("place", [-1, 2**53, 2**70])
    def test_a_place_that_is_none_is_refused(self, place: int) -> None:
        """
        Neither below 0 nor beyond what is an integer here.
        """

        def alter(view: Json) -> None:
            view["layers"][0 if place < 0 else -1]["place"] = place

        refused(altered(alter), step=1)

    @pytest.mark.parametrize("name", ["layers", "seams"])
    def test_leaves_out_of_order_are_refused(self, name: str) -> None:
        """
        A view has one spelling, so its leaves have one order.
        """
        assert "order of their places" in refused(altered(lambda view: view[name].reverse()), step=2).message

    def test_a_view_of_no_layer_is_refused(self) -> None:
        """
        A view shows something, or there is none.
        """
        view = worlds.a_view()
        refused(naive.encode(view | {"layers": [], "seams": []}), step=1)

    def test_more_layers_than_a_tree_has_room_for_are_refused(self) -> None:
        """
        Eleven layers in 64 leaves would leave no room for their seams.
        """
        document = Document(
            labels=tuple(worlds.plain_label(number) for number in range(11)),
            portions=tuple((number, {"type": "withheld"}) for number in range(11)),
        )
        layers, _ = handmade.leaves(document, size=1024)
        layers = [each | {"place": place} for place, each in enumerate(layers)]
        refused(naive.encode(handmade.seal(layers, [])), step=4)


class TestLabels:
    """Step 3."""

    def test_two_layers_of_one_label_are_refused(self) -> None:
        """
        Or whoever may see a label would not see its whole layer.
        """

        def bend(layers: list[Json], seams: list[Json]) -> None:
            layers[1]["leaf"]["classification"] = layers[0]["leaf"]["classification"]

        assert "one label" in refused(bent(bend), step=3).message

    @pytest.mark.parametrize("field", ["version", "digest"])
    def test_a_label_under_another_version_is_the_same_label(self, field: str) -> None:
        """
        A label is one under its policy's identifier, whichever version it was marked under.
        """
        policy = worlds.plain_label(0)["policy"]
        other = policy | {field: {"version": 2, "digest": b64(bytes(32))}[field]}
        document = replace(three(), labels=(worlds.plain_label(0), worlds.plain_label(2), three().labels[2]))

        def bend(layers: list[Json], seams: list[Json]) -> None:
            for each in layers[:2]:
                each["leaf"]["classification"] = "OPEN"
            layers[0]["leaf"]["policy"] = other

        refused(bent(bend, document), step=3)

    @pytest.mark.parametrize(
        ("field", "value"), [("kind", "note"), ("document", b64(bytes(16))), ("time", 1_790_000_001)]
    )
    def test_layers_of_two_documents_are_refused(self, field: str, value: object) -> None:
        """
        Kind, document and time are the same in all layers.
        """

        def bend(layers: list[Json], seams: list[Json]) -> None:
            layers[-1]["leaf"][field] = value

        assert "differ in kind, document or time" in refused(bent(bend), step=3).message


class TestSeams:
    """Step 4."""

    @pytest.mark.parametrize("number", [0, 1, 2])
    def test_a_missing_seam_is_missed(self, number: int) -> None:
        """
        Without one nobody knows in which order two layers are read.
        """
        assert "one seam for each pair" in refused(bent(lambda _, seams: seams.pop(number)), step=4).message

    def test_a_seam_without_its_layer_is_refused(self) -> None:
        """
        A seam of a withheld layer would tell how many portions that has.
        """

        def bend(layers: list[Json], seams: list[Json]) -> None:
            del layers[1]

        refused(bent(bend), step=4)

        def bend_more(layers: list[Json], seams: list[Json]) -> None:
            gone = layers.pop(1)["place"]
            # As many seams as there should be, but one of them is of the layer that is gone.
            del seams[next(n for n, each in enumerate(seams) if gone not in each["leaf"]["layers"])]
            del seams[0]

        assert "without both its layers" in refused(bent(bend_more), step=4).message

    def test_two_seams_of_one_pair_are_refused(self) -> None:
        """
        Two orders of the same two layers are one too many.
        """

        def bend(layers: list[Json], seams: list[Json]) -> None:
            seams[1]["leaf"] = deepcopy(seams[0]["leaf"])

        assert "there twice" in refused(bent(bend), step=4).message

    def test_a_seam_of_a_seam_is_refused(self) -> None:
        """
        A seam joins layers and nothing else.
        """

        def bend(layers: list[Json], seams: list[Json]) -> None:
            seams[0]["leaf"]["layers"] = sorted([layers[0]["place"], seams[1]["place"]])

        refused(bent(bend), step=4)

    @pytest.mark.parametrize("order", [[1, 1], [1, 2, 1], [2, 1, 1], [0, 1, 3], [3, 1]])
    def test_a_seam_of_another_length_is_refused(self, order: list[int]) -> None:
        """
        The counts add up to the layers.
        """

        def bend(layers: list[Json], seams: list[Json]) -> None:
            seams[0]["leaf"].pop("fuller", None)
            seams[0]["leaf"]["order"] = order

        assert "length of its layers" in refused(bent(bend), step=4).message

    def test_a_pair_inside_one_layer_does_not_stand_in_a_seam(self) -> None:
        """
        Whoever sees the layer alone would not know of it.
        """

        def bend(layers: list[Json], seams: list[Json]) -> None:
            leaf = seams[0]["leaf"]
            spots = naive.joint(leaf)
            sides = [spot[0] for spot in spots]
            twice = next(side for side in sides if sides.count(side) == 2)
            leaf["fuller"] = [[sides.index(twice), len(sides) - 1 - sides[::-1].index(twice)]]

        assert "portions of one layer" in refused(bent(bend), step=4).message


class TestOrder:
    """Step 5."""

    def test_seams_that_contradict_each_other_are_refused(self) -> None:
        """
        "One before two, two before three, three before one" is no order.
        """

        def bend(layers: list[Json], seams: list[Json]) -> None:
            low, _, high = (each["place"] for each in layers)
            for each in seams:
                between = each["leaf"]["layers"] == [low, high]
                each["leaf"] = {
                    "type": "seam",
                    "layers": each["leaf"]["layers"],
                    "order": [0, 1, 1] if between else [1, 1],
                }

        one_each = replace(three(), portions=three().portions[:3], full=frozenset())
        assert "no total order" in refused(bent(bend, one_each), step=5).message

    def test_every_way_to_join_three_layers_is_judged_rightly(self) -> None:
        """
        All seams of three layers of two portions: 6 x 6 x 6 views, of which 90 have an order.
        """
        document = Document(
            labels=three().labels,
            portions=tuple((label, {"type": "withheld"}) for label in (0, 0, 1, 1, 2, 2)),
        )
        ways = [[2, 2], [1, 1, 1, 1], [1, 2, 1], [0, 1, 2, 1], [0, 1, 1, 1, 1], [0, 2, 2]]
        layers, seams = handmade.leaves(document)
        orders = 0
        for first in ways:
            for second in ways:
                for third in ways:
                    for each, order in zip(seams, (first, second, third), strict=True):
                        each["leaf"]["order"] = order
                    orders += properties.both_agree(naive.encode(handmade.seal(layers, seams))) == 0
        assert orders == 90

    def test_portions_cannot_be_put_into_another_order(self) -> None:
        """
        Whoever reorders the portions of a layer, or the runs of a seam, has other leaves.
        """
        swapped = replace(three(), full=frozenset())
        refused(altered(lambda view: view["layers"][0]["leaf"]["portions"].reverse(), a_document()), step=7)

        def alter(view: Json) -> None:
            leaf = next(
                each["leaf"] for each in view["seams"] if each["leaf"]["order"] in ([1, 1], [0, 1, 1])
            )
            leaf["order"] = [0, 1, 1] if leaf["order"] == [1, 1] else [1, 1]

        single = replace(swapped, portions=three().portions[:2])
        refused(altered(alter, single), step=7)


class TestVariants:
    """Step 6."""

    def test_a_relation_that_is_not_closed_is_refused(self) -> None:
        """
        What a reader is shown would depend on which layers are hidden.
        """

        def bend(layers: list[Json], seams: list[Json]) -> None:
            ends = {handmade.by_place(layers[0]), handmade.by_place(layers[-1])}
            for each in seams:
                if set(each["leaf"]["layers"]) == ends:
                    each["leaf"].pop("fuller", None)

        chain = Document(
            labels=three().labels,
            portions=three().portions[:3],
            full=handmade.closure({(0, 1), (1, 2)}, 3),
        )
        assert sum("fuller" in each["leaf"] for each in handmade.leaves(chain)[1]) == 3
        # Which layer stands at which place is drawn, so the chain is laid along the places.
        places = [each["place"] for each in handmade.leaves(chain)[0]]
        assert places == sorted(places)
        inner = bent(bend, along_places(chain))
        assert "not closed" in refused(inner, step=6).message

    def test_every_relation_between_three_portions_is_judged_rightly(self) -> None:
        """
        All 64 relations, each portion in a layer of its own: as many pass as are closed.
        """
        pairs = [(x, y) for x in range(3) for y in range(3) if x != y]
        passed = 0
        for bits in range(64):
            chosen = {pair for number, pair in enumerate(pairs) if bits >> number & 1}
            document = Document(labels=three().labels, portions=three().portions[:3], full=frozenset(chosen))
            closed = handmade.closure(chosen, 3) == chosen
            assert properties.both_agree(handmade.item(document)) == (0 if closed else 6)
            passed += closed
        # A000798: so many preorders are there on three elements.
        assert passed == 29


def along_places(document: Document) -> Document:
    """
    Number the labels so that their layers stand in the order of the portions.
    """
    layers, _ = handmade.leaves(document)
    texts = [each["leaf"]["portions"][0]["text"] for each in layers]
    position = {text: number for number, text in enumerate(texts)}
    order = [position[portion["text"]] for _, portion in document.portions]
    full = frozenset((order.index(x), order.index(y)) for x, y in {(0, 1), (1, 2), (0, 2)})
    return replace(document, full=full)


class TestProof:
    """Step 7."""

    def test_a_leaf_that_is_not_in_the_tree_is_refused(self) -> None:
        """
        Another text under the same label, place and salt has another hash.
        """

        def alter(view: Json) -> None:
            view["layers"][0]["leaf"]["portions"][0]["text"] = "canary x"

        assert "another root" in refused(altered(alter), step=7).message

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("classification", "OPENED"),
            ("categories", [{"tag": "T", "type": "permissive", "values": ["A"]}]),
            ("policy", {"id": "2.25.1001", "version": 2, "digest": b64(bytes(32))}),
            ("policy", {"id": "2.25.9999", "version": 1, "digest": b64(seed("policy"))}),
        ],
    )
    def test_a_marking_cannot_be_changed(self, field: str, value: object) -> None:
        """
        The label is in the leaf: it is not lowered, raised or moved under another policy.
        """

        def alter(view: Json) -> None:
            view["layers"][0]["leaf"][field] = value

        refused(altered(alter), step=7)

    @pytest.mark.parametrize("field", ["grade", "originator_control"])
    def test_what_qualifies_a_statement_cannot_be_dropped(self, field: str) -> None:
        """
        A grade or originator control is a field of its portion, and the portion is hashed whole.
        """

        def alter(view: Json) -> None:
            for each in view["layers"]:
                for portion in each["leaf"]["portions"]:
                    portion.pop(field, None)

        refused(altered(alter, a_document()), step=7)

    def test_a_portion_cannot_be_dropped_from_its_layer(self) -> None:
        """
        A relay drops whole layers or nothing.
        """
        one = replace(a_document(), portions=a_document().portions[::2], full=frozenset())
        refused(altered(lambda view: view["layers"][0]["leaf"]["portions"].pop(), one), step=7)

    def test_another_salt_or_place_is_refused(self) -> None:
        """
        A leaf is bound to its salt and to its place in the tree.
        """

        def salted(view: Json) -> None:
            view["layers"][0]["salt"] = flipped(view["layers"][0]["salt"])

        def moved(view: Json) -> None:
            view["layers"][0]["place"] ^= 1

        one = replace(a_document(), portions=a_document().portions[:1], full=frozenset())
        refused(altered(salted, one), step=7)
        refused(altered(moved, one), step=7)

    def test_a_missing_hash_is_missed(self) -> None:
        """
        Whichever it is.
        """
        view = naive.parse(handmade.item(three()))
        for number in range(len(view["proof"])):
            proof = view["proof"][:number] + view["proof"][number + 1 :]
            refused(naive.encode(view | {"proof": proof}), step=7)

    def test_an_unreferenced_hash_is_refused(self) -> None:
        """
        A hash that nothing needs could carry what nobody has verified.
        """
        view = naive.parse(handmade.item(three()))
        for number in range(len(view["proof"]) + 1):
            proof = [*view["proof"][:number], b64(bytes(32)), *view["proof"][number:]]
            refused(naive.encode(view | {"proof": proof}), step=7)

    def test_every_hash_of_the_proof_counts(self) -> None:
        """
        No hash may be another one, or stand elsewhere.
        """
        view = naive.parse(handmade.item(three()))
        for number, found in enumerate(view["proof"]):
            proof = [*view["proof"][:number], flipped(found), *view["proof"][number + 1 :]]
            refused(naive.encode(view | {"proof": proof}), step=7)
        refused(naive.encode(view | {"proof": view["proof"][::-1]}), step=7)

    @pytest.mark.parametrize("size", [31, 33, 0])
    def test_a_hash_has_its_size(self, size: int) -> None:
        """
        Or two proofs could be one string of bytes.
        """

        def alter(view: Json) -> None:
            view["proof"][0] = b64(bytes(size))

        refused(altered(alter), step=1)

    def test_the_wrong_class_is_refused(self) -> None:
        """
        The leaves of one tree do not lead to the root of the other, whoever signed that they do.
        """
        layers, seams = handmade.leaves(three())
        small = handmade.seal(layers, seams, changes={"leaves": 1024})
        refused(naive.encode(small), step=7)
        large = handmade.seal(layers, seams, size=1024, changes={"leaves": 64})
        refused(naive.encode(large), step=7)
        # Few labels in a large tree are lawful: nobody who sees a cut could tell.
        assert verified(naive.encode(handmade.seal(layers, seams, size=1024))).layers

    def test_another_nonce_is_refused(self) -> None:
        """
        The nonce is in every leaf.
        """

        def alter(view: Json) -> None:
            view["header"]["nonce"] = b64(bytes(16))

        refused(altered(alter), step=7)

    @pytest.mark.parametrize("nonce", ["nonce", "another nonce"])
    def test_a_layer_of_another_item_is_refused(self, nonce: str) -> None:
        """
        Not even of the same author, the same document, at the same place, with the same salt and nonce.
        """
        other = replace(three(), portions=tuple((n, p | {"text": "canary z"}) for n, p in three().portions))
        donor = naive.parse(naive.encode(handmade.seal(*handmade.leaves(other), nonce=seed(nonce, 16))))
        verified(naive.encode(donor))

        def alter(view: Json) -> None:
            view["layers"][1] = donor["layers"][1]

        refused(altered(alter), step=7)

    def test_a_node_does_not_pass_for_a_leaf(self) -> None:
        """
        Leaves and nodes are hashed apart, so a proof cannot end half way up.
        """
        view = naive.parse(handmade.item(three()))
        view["header"]["leaves"] = 64
        view["proof"] = view["proof"][:1]
        refused(naive.encode(view), step=7)


class TestSignature:
    """Step 8."""

    def test_a_wrong_signature_is_refused(self) -> None:
        """
        Half of it, none of it, or that of another item.
        """
        other = worlds.a_view()["signature"]

        def signed(text: str) -> bytes:
            return altered(lambda view: view.update(signature=text))

        good = naive.parse(handmade.item(three()))["signature"]
        for text in (flipped(good), b64(bytes(64)), other):
            refused(signed(text), step=8)

    def test_another_root_is_not_signed(self) -> None:
        """
        Whoever makes a tree of their own cannot sign it.
        """
        layers, seams = handmade.leaves(three())
        forged = handmade.seal(layers, seams, key=seed("somebody"))
        forged["header"]["author"] = b64(worlds.AUTHOR_ID)
        refused(naive.encode(forged), step=8)

    def test_an_unknown_author_is_refused(self) -> None:
        """
        A signature that holds is worth nothing if nobody knows whose it is.
        """
        data = naive.encode(handmade.seal(*handmade.leaves(three()), key=seed("somebody")))
        error = refused(data, step=8)
        assert error.message == "author is not known"
        assert "pin the author's card" in error.hint
        with pytest.raises(SignatureError):
            verify(handmade.item(three()), [])

    @pytest.mark.parametrize("name", ["root", "stream ed25519", "seal x25519"])
    def test_a_key_for_something_else_is_refused(self, name: str) -> None:
        """
        A root or stream key of the same card signs no items.
        """
        refused(naive.encode(handmade.seal(*handmade.leaves(three()), key=seed(f"KOR@NATO {name}"))), step=8)

    def test_a_revoked_key_is_refused(self) -> None:
        """
        Whenever it signed: the date is the author's word.
        """
        with pytest.raises(SignatureError, match="revoked"):
            verify(handmade.item(three()), [worlds.later_card(KeyState.REVOKED)])

    @pytest.mark.parametrize(("state", "pinned"), [(KeyState.CURRENT, 0), (KeyState.RETIRED, 1)])
    def test_a_retired_key_still_verifies(self, state: KeyState, pinned: int) -> None:
        """
        Whether it is still to be trusted depends on how the view came, so the state is handed on.
        """
        card = worlds.later_card(KeyState.RETIRED) if pinned else worlds.card()
        view = verify(handmade.item(three()), [card])
        assert view.key_state is state
        assert str(view.author) == "KOR@NATO"
        assert view.reference.startswith("KOR@NATO 2026-")

    @pytest.mark.parametrize("purpose", list(Purpose))
    def test_a_signature_for_another_purpose_is_refused(self, purpose: Purpose) -> None:
        """
        The same key over the same header for a withdrawal, a card or an envelope is no item.
        """
        view = naive.parse(handmade.item(three()))
        view["signature"] = b64(SIGNER.sign(purpose, naive.encode(view["header"])))
        data = naive.encode(view)
        if purpose is Purpose.ITEM:
            assert verified(data).data == data
        else:
            refused(data, step=8)

    @pytest.mark.parametrize("domain", [b"", b"legation/item/v1", b"legation/item/v2\n", b"\n"])
    def test_a_bare_header_is_not_what_is_signed(self, domain: bytes) -> None:
        """
        The purpose stands before it on a line of its own.
        """
        refused(naive.encode(handmade.seal(*handmade.leaves(three()), domain=domain)), step=8)

    def test_the_signature_of_an_item_is_none_for_anything_else(self) -> None:
        """
        What an author signed as an item does not withdraw one, and is no envelope.
        """
        view = naive.parse(handmade.item(three()))
        signature = base64.b64decode(view["signature"])
        header = naive.encode(view["header"])
        for purpose in Purpose:
            if purpose is not Purpose.ITEM:
                with pytest.raises(SignatureError):
                    SIGNER.public_key.verify(purpose, header, signature)

    def test_a_malleable_signature_is_refused(self) -> None:
        """
        S plus the group order is another spelling of the same number (RFC 8032, section 5.1.7).
        """
        view = naive.parse(handmade.item(three()))
        raw = base64.b64decode(view["signature"])
        s = int.from_bytes(raw[32:], "little") + naive.ORDER
        view["signature"] = b64(raw[:32] + s.to_bytes(32, "little"))
        refused(naive.encode(view), step=8)

    def test_two_cards_that_cannot_stand_together_are_refused(self) -> None:
        """
        Who the author is must not depend on the order of the cards.
        """
        both = [worlds.card(), worlds.later_card(KeyState.REVOKED)]
        for pinned in (both, both[::-1]):
            with pytest.raises(MalformedError):
                verify(handmade.item(three()), pinned)

    def test_cards_may_be_a_list(self) -> None:
        """
        Cards that are pinned anew each time verify as well as those kept.
        """
        assert verify(handmade.item(three()), iter([worlds.card()])).author == worlds.card().office
        assert Keys.of("KOR@NATO").items[0][0].public_key.key_id == worlds.AUTHOR_ID


class TestContents:
    def test_inspecting_needs_no_key(self) -> None:
        """
        Somebody who holds a file may look into it, and is not told that it is verified.
        """
        data = naive.encode(handmade.seal(*handmade.leaves(three()), key=seed("somebody")))
        contents = inspect(data)
        assert type(contents) is Contents
        assert len(contents.portions) == 4
        assert not isinstance(contents, View)

    def test_a_view_says_what_it_is(self) -> None:
        """
        Kind, document, time, layers and reference are those of the item.
        """
        view = verified(handmade.item(three()))
        assert (view.kind, view.document, view.time) == ("report", seed("document", 16), 1_790_000_000)
        assert [each.label for each in view.layers] == [
            worlds.label_of(each["leaf"]) for each in naive.parse(view.data)["layers"]
        ]
        assert view.item_id == naive.item_id(naive.parse(view.data))
        assert {each.policy.id for each in view.portions} == {"2.25.1001"}

    @pytest.mark.parametrize(
        ("portion", "empty"),
        [
            ({"type": "title", "text": "a"}, True),
            ({"type": "link", "item": b64(bytes(32))}, True),
            ({"type": "topics", "topics": ["a"]}, True),
            ({"type": "form", "form": "telegram"}, True),
            ({"type": "addressees", "action": ["KOR"]}, True),
            ({"type": "text", "text": "a"}, False),
            ({"type": "withheld"}, False),
        ],
    )
    def test_a_cut_without_a_body_is_empty(self, portion: Json, empty: bool) -> None:
        """
        Who would get a title alone gets nothing.
        """
        document = Document(labels=(worlds.plain_label(0),), portions=((0, portion),))
        assert verified(handmade.item(document)).is_empty is empty

    def test_what_is_read_once_is_kept(self) -> None:
        """
        Portions and pieces of a view are worked out when they are first asked for.
        """
        view = verified(handmade.item(three()))
        assert view.portions is view.portions
        assert view.parts is view.parts


class TestCut:
    def test_everything_is_the_view_itself(self) -> None:
        """
        A cut that leaves nothing out is the same bytes.
        """
        view = verified(handmade.item(three()))
        assert cut(view, lambda layer: True) is view.data

    def test_nothing_is_refused(self) -> None:
        """
        There is no view of nothing.
        """
        view = verified(handmade.item(three()))
        with pytest.raises(RefusedError, match="nothing of the item may be shown"):
            cut(view, lambda layer: False)

    def test_each_layer_is_asked_for_once(self) -> None:
        """
        What decides about a layer may be slow, or write down that it was asked.
        """
        asked = []

        def keeps(layer: Any) -> bool:
            asked.append(layer)
            return len(asked) > 1

        view = verified(handmade.item(three()))
        assert len(verified(cut(view, keeps)).layers) == 2
        assert asked == list(view.layers)

    def test_a_cut_leaves_the_view_as_it_is(self) -> None:
        """
        A hundred readers are given their cuts from one view.
        """
        view = verified(handmade.item(three()))
        before = view.data
        cuts = [worlds.cut_to(three(), view, {n % 3}) for n in range(9)]
        assert cuts == cuts[:3] * 3
        assert view.data == before == VIEW.encode(view.wire)

    def test_a_decision_that_fails_hands_over_nothing(self) -> None:
        """
        An error while deciding is not a yes.
        """

        def failing(layer: Any) -> bool:
            raise LegationError("unknown policy")

        with pytest.raises(LegationError):
            cut(verified(handmade.item(three())), failing)

    def test_a_salt_of_a_withheld_leaf_is_never_there(self) -> None:
        """
        Raw, in base64 at any offset, in hexadecimal: nothing of a hidden leaf is in the bytes.
        """
        document = properties.canary_document(Random(5), label_count=3)
        data = handmade.item(document)
        assert properties.nothing_hidden_is_left(document, data, {1}) > 10
        # The search finds what is there.
        salt = base64.b64decode(naive.parse(data)["layers"][0]["salt"])
        assert any(trace in data for trace in properties.traces(salt))


class TestBentViews:
    def test_both_readers_judge_every_bent_view_alike(self) -> None:
        """
        Leaves that an author bends, and views that a relay bends, at random: the same step refuses.
        """
        steps = Counter[int]()
        for number in range(4000 * SEARCH):
            random = Random(number)
            document = worlds.random_document(random, labels_max=4, portions_max=6)
            steps[properties.both_agree(worlds.bent_view(random, document))] += 1
        # A search that never comes to a step says nothing about it.
        assert all(steps[step] >= 10 for step in range(9)), steps
