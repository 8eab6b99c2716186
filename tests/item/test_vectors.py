# SPDX-License-Identifier: Apache-2.0

import json
import re
from base64 import b64decode
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from legation.errors import LegationError, MalformedError, ProofError, SignatureError
from legation.item import verify
from legation.item.view import cut
from legation.keys.card import Cards, KeyState, read
from legation.keys.sign import KeyId
from legation.merkle import Hash, leaf_hash
from tests.item import handmade, naive, worlds
from tests.keys.office import Keys
from tools import vectors_item

INDEX = json.loads((vectors_item.FOLDER / "index.json").read_bytes())
VECTORS = {vector["file"].removesuffix(".json"): vector for vector in INDEX["vectors"]}

ERRORS = {"malformed": MalformedError, "proof": ProofError, "signature": SignatureError}


@cache
def cards() -> Cards:
    """
    The pinned cards: of one office the first, of the others the one after the key was replaced.
    """
    found = []
    for key in INDEX["keys"]:
        keys = Keys.of(key["office"])
        first = read(keys.card())
        if key["state"] == "current":
            found.append(first)
        else:
            later = keys.with_new_item_key(KeyState(key["state"]))
            found.append(read(later.card(number=1, previous=first.digest)))
    return Cards(found)


def bytes_of(name: str) -> bytes:
    """
    Read the vector of this name.
    """
    return (vectors_item.FOLDER / f"{name}.json").read_bytes()


@pytest.mark.parametrize("name", VECTORS)
class TestVectors:
    def test_the_program_makes_of_it_what_it_must(self, name: str) -> None:
        """
        It verifies and is read as the index says, or is refused with the right error.
        """
        vector = VECTORS[name]
        if vector["expect"] != "verifies":
            with pytest.raises(LegationError) as caught:
                verify(bytes_of(name), cards())
            assert type(caught.value) is ERRORS[vector["expect"]]
            return
        view = verify(bytes_of(name), cards())
        assert handmade.b64(view.item_id) == vector["item"]
        assert view.reference == vector["reference"]
        assert [each.code for each in view.portions] == vector["reading"]
        for shown in vector["shown"]:
            assert [each.code for each in view.shown(shown["languages"])] == shown["codes"]

    def test_the_other_reader_refuses_at_the_same_step(self, name: str) -> None:
        """
        Both readings of the specification agree, and the index says which step it is.
        """
        vector = VECTORS[name]
        known = {
            b64decode(key["key_id"]): b64decode(key["public_key"])
            for key in INDEX["keys"]
            if key["state"] != "revoked"
        }
        if vector["expect"] == "verifies":
            assert naive.verify(bytes_of(name), known)
        else:
            with pytest.raises(naive.RefusedViewError) as caught:
                naive.verify(bytes_of(name), known)
            assert caught.value.step == vector["step"]


class TestFolder:
    def test_the_generator_would_make_the_same_files(self) -> None:
        """
        What is in the folder is what the generator makes, byte for byte, and nothing else is there.
        """
        found = {path.name: path.read_bytes() for path in vectors_item.FOLDER.iterdir()}
        assert found == vectors_item.files()

    def test_every_step_has_a_vector(self) -> None:
        """
        Whoever forgets a step is told by at least one file.
        """
        assert {vector.get("step", 0) for vector in VECTORS.values()} == set(range(9))

    def test_every_refusal_has_one_defect(self) -> None:
        """
        Each step taken by itself: no other step refuses what is there to show that one.
        """
        known = {b64decode(key["key_id"]): b64decode(key["public_key"]) for key in INDEX["keys"][:2]}
        steps: list[Callable[[Any], object]] = [
            naive.places,
            naive.labels,
            naive.joints,
            naive.in_order,
            naive.closed,
            naive.proven,
            lambda view: naive.signed(view, known),
        ]
        # What is no JSON has no other steps, and half a character has no hash.
        for name in VECTORS.keys() - {"truncated", "half-character"}:
            refusing = {VECTORS[name].get("step", 0)} - {0}
            # Where layers are not joined, their portions have no order.
            allowed = {4, 5, 6} if refusing == {4} else refusing
            view = json.loads(bytes_of(name))
            for number, step in enumerate(steps, start=2):
                try:
                    step(view)
                except naive.RefusedViewError:
                    refusing.add(number)
            assert refusing <= allowed, name

    def test_every_vector_differs_from_a_good_view_in_one_thing(self) -> None:
        """
        No two files are alike, and each is small.
        """
        data = {bytes_of(name) for name in VECTORS}
        assert len(data) == len(VECTORS)
        assert max(map(len, data)) < 6000

    def test_the_keys_are_those_of_the_cards(self) -> None:
        """
        The index says of each key what the pinned card says.
        """
        for key in INDEX["keys"]:
            author = cards().item_key(KeyId(b64decode(key["key_id"])))
            assert author is not None
            assert (str(author.office), author.state.value) == (key["office"], key["state"])
            assert author.public_key.key == b64decode(key["public_key"])
            assert handmade.public_key(b64decode(key["private_key"])) == author.public_key.key


class TestExamples:
    def test_the_cut_is_that_of_the_item(self) -> None:
        """
        The second example of the page is cut from the first.
        """
        view = verify(bytes_of("two-layers"), cards())
        assert cut(view, lambda layer: layer.classification == "OPEN") == bytes_of("two-layers-cut")

    def test_the_program_would_have_signed_the_example(self) -> None:
        """
        With the same draws the program's signer gives the same bytes.
        """
        document = vectors_item.TWO_LAYERS

        class Drawn:
            """
            The draws of the vectors.
            """

            def nonce(self) -> bytes:
                """The nonce of all vectors."""
                return handmade.seed("nonce", 16)

            def leaves(self, keys: Any, leaf_count: int, attempt: int) -> list[tuple[int, bytes]]:
                """Places and salts as they are spread."""
                return handmade.spread(len(keys), leaf_count)

            def decoys(self, leaf_count: int) -> list[Hash]:
                """Decoys by name."""
                return [Hash(each) for each in handmade.decoys(leaf_count)]

            def leaf_hash(self, key: bytes, entry: bytes) -> Hash:
                """The hash as it is."""
                return leaf_hash(entry)

        assert worlds.signed(document, Drawn()) == bytes_of("two-layers")

    def test_the_page_shows_the_vectors(self) -> None:
        """
        The examples in the specification are the files, and rendering them again changes nothing.
        """
        for path, name in zip(vectors_item.PAGES, ("two-layers", "two-layers-cut"), strict=True):
            page = path.read_text(encoding="utf-8")
            shown = page.split(f"<!-- example: {name} -->")[1].split("<!-- /example -->")[0]
            assert naive.encode(json.loads(shown.strip().strip("`").removeprefix("json"))) == bytes_of(name)
            assert vectors_item.rendered(page) == page

    def test_the_page_of_views_names_each_refusal_under_its_step(self) -> None:
        """
        Every file that is refused, under the step and the family that the index says; and no other.
        """
        page = vectors_item.PAGES[1].read_text(encoding="utf-8")
        table = page.split("## What is refused")[1].split("\n## ")[0]
        rows = re.findall(r"^\| ([0-9]), \*([a-z]+)\* \| (.*) \|$", table, re.MULTILINE)
        named = {
            name: (int(step), family)
            for step, family, files in rows
            for name in re.findall("`([^`]+)`", files)
        }
        refused = {name: each for name, each in VECTORS.items() if each["expect"] != "verifies"}
        assert named == {name: (each["step"], each["expect"]) for name, each in refused.items()}

    def test_the_page_of_views_shows_of_variants_what_the_index_says(self) -> None:
        """
        Who is shown which of the variants is a table of the page, row by row the index.
        """
        page = vectors_item.PAGES[1].read_text(encoding="utf-8")
        rows = re.findall(r"^\| (.*) \| (.*) \| `([0-9A-Z]{6})` \|$", page, re.MULTILINE)
        told = [code for held, _, code in rows if held != "OPEN"]
        for name, codes in (("variants", told[:2]), ("variants-cut", told[2:])):
            without, english, others = (each["codes"] for each in VECTORS[name]["shown"])
            assert ([codes[0]], [codes[1]], [codes[0]]) == (without, english, others)

    def test_rendering_fills_empty_markers(self) -> None:
        """
        A page that has markers and no example yet is given one, and the rest of it stays.
        """
        page = "before\n\n<!-- example: two-layers -->\n\nafter\n"
        once = vectors_item.rendered(page)
        assert once.startswith("before\n\n<!-- example: two-layers -->\n```json\n{\n")
        assert once.endswith("```\n<!-- /example -->\n\nafter\n")
        assert vectors_item.rendered(once) == once
        assert vectors_item.rendered("no marker") == "no marker"

    def test_the_generator_writes_what_it_makes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Run as a program it fills the folder and the page.
        """
        page = tmp_path / "view.md"
        page.write_text("<!-- example: two-layers-cut -->\n", encoding="utf-8")
        monkeypatch.setattr(vectors_item, "FOLDER", tmp_path / "vectors" / "item")
        monkeypatch.setattr(vectors_item, "PAGES", (page,))
        vectors_item.main()
        assert (tmp_path / "vectors" / "item" / "two-layers.json").read_bytes() == bytes_of_here("two-layers")
        assert "<!-- /example -->" in page.read_text(encoding="utf-8")


def bytes_of_here(name: str) -> bytes:
    """
    Read a vector of the repository, wherever the generator writes.
    """
    return (vectors_item.ROOT / "vectors" / "item" / f"{name}.json").read_bytes()
