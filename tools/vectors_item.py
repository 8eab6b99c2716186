# SPDX-License-Identifier: Apache-2.0
"""
Makes ``vectors/item/`` and the examples in ``docs/spec/item.md`` and ``docs/spec/view.md``.

Run as ``.venv/bin/python -m tools.vectors_item`` in the root of the repository. Running it again
changes nothing: every key, nonce, salt, place and decoy follows from its name. Nothing is taken from
``legation`` itself: the items are signed by the other signer, ``tests.item.handmade``, so that the
vectors are a second opinion. A vector that is published stays as it is; what is new gets a new name.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.item import handmade, naive
from tests.item.handmade import Document, Json, b64, key_id, public_key, seed
from tools.examples import with_examples

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "vectors" / "item"
PAGES = tuple(ROOT / "docs" / "spec" / name for name in ("item.md", "view.md"))

EXPECTED = {**dict.fromkeys(range(1, 7), "malformed"), 7: "proof", 8: "signature"}

# Who signs: office, name of the private key, how the pinned card lists the key.
AUTHORS = (
    ("KOR@NATO", "KOR@NATO item", "current"),
    ("NOR@EU", "NOR@EU item", "retired"),
    ("JPN@NATO", "JPN@NATO item", "revoked"),
)


@dataclass(frozen=True, kw_only=True)
class Vector:
    """
    One file: its name, its bytes, and what is the matter with it.

    ``step`` is the step of the specification that refuses it; 0 if it verifies.
    """

    name: str
    data: bytes
    what: str
    step: int = 0


def label(classification: str, *parties: str, policy: str = "2.25.1001") -> Json:
    """Give a label of a fictional policy."""
    reference = {"id": policy, "version": 1, "digest": b64(seed(f"policy {policy}"))}
    fields: Json = {"policy": reference, "classification": classification}
    if parties:
        category = {"tag": "Releasable to", "type": "permissive", "values": sorted(parties)}
        fields["categories"] = [category]
    return fields


def text(words: str, **fields: Any) -> Json:
    """Give a paragraph."""
    return {"type": "text", "text": words, **fields}


OPEN, GUARDED, CLOSED = label("OPEN"), label("GUARDED", "JPN", "KOR"), label("CLOSED", "KOR")

TWO_LAYERS = Document(
    labels=(OPEN, GUARDED),
    portions=(
        (0, text("The delegations met for the third round.")),
        (1, text("The minister will accept 3 October.", source="a delegate", grade="B2")),
        (0, text("A date is under discussion.")),
    ),
    full=frozenset({(1, 2)}),
)

THREE_LAYERS = Document(
    labels=(OPEN, GUARDED, CLOSED),
    portions=((0, text("One.")), (1, text("Two.")), (2, text("Three."))),
)


def opened(document: Document) -> Json:
    """Sign a document and open the view of everything."""
    return naive.parse(handmade.item(document))


def cut(document: Document, *labels: Json, **given: Any) -> bytes:
    """Sign a document and cut it to some of its labels."""
    data = handmade.item(document, **given)
    view = naive.parse(data)
    kept = [
        each["place"] for each in view["layers"] if any(one.items() <= each["leaf"].items() for one in labels)
    ]
    assert len(kept) == len(labels)
    return naive.cut(data, kept)


def many(count: int) -> Document:
    """Give a document with so many labels, one paragraph each."""
    labels = tuple(label("GUARDED", f"P{number:02}") for number in range(count))
    return Document(labels=labels, portions=tuple((n, text(f"Paragraph {n}.")) for n in range(count)))


def good() -> Iterator[Vector]:
    """Give what verifies."""
    yield Vector(
        name="two-layers", data=handmade.item(TWO_LAYERS), what="an item of three paragraphs under two labels"
    )
    yield Vector(name="two-layers-cut", data=cut(TWO_LAYERS, OPEN), what="the same, cut to OPEN")
    everything: list[Json] = [
        {"type": "title", "text": "Third round"},
        {"type": "form", "form": "contact report"},
        {"type": "topics", "topics": ["talks", "dates"]},
        {"type": "addressees", "action": ["KOR"], "information": ["KOR@EU", "KOR@NATO"]},
        {"type": "link", "item": b64(seed("another item"))},
        text(
            "A statement with everything that qualifies it.",
            language="en",
            source="a delegate",
            grade="C3",
            status="expected",
            caveat="not for quotation",
            handling="by hand",
            originator_control=True,
            origin="JPN@NATO",
        ),
        {"type": "withheld", "reason": "at the source's request"},
        {"type": "withheld"},
        {
            "type": "attachment",
            "name": "Annex A.pdf",
            "media_type": "application/pdf",
            "size": 1_310_720,
            "root": b64(seed("a file")),
            "originator_control": True,
        },
    ]
    yield Vector(
        name="all-portions",
        data=handmade.item(Document(labels=(OPEN,), portions=tuple((0, each) for each in everything))),
        what="every type of portion, with every field",
    )
    variants = Document(
        labels=(CLOSED, GUARDED, OPEN),
        portions=(
            (0, text("전문.", language="ko")),
            (0, text("The full text.", language="en")),
            (1, text("요약.", language="ko")),
            (1, text("The summary.", language="en")),
            (2, {"type": "withheld"}),
        ),
        full=handmade.closure({(0, 1), (1, 0), (0, 2), (2, 3), (3, 2), (2, 4)}, 5),
    )
    yield Vector(
        name="variants", data=handmade.item(variants), what="a text, its tearline, translations, and a line"
    )
    yield Vector(
        name="variants-cut",
        data=cut(variants, GUARDED, OPEN),
        what="the same without the text: the tearline is shown",
    )
    eleven = many(11)
    yield Vector(
        name="eleven-labels-cut",
        data=cut(eleven, eleven.labels[2], eleven.labels[7], size=1024),
        what="two of eleven labels in 1,024 leaves",
    )
    strange = (
        text('Tabs\tand\nlines, "quotes", \\ and / as RFC 8785 has them: \u00e9 e\u0301 \u20ac \U0001f600.'),
        text("\u05e9\u05dc\u05d5\u05dd \u202eabc\u202c \u200b\ufeff."),
        text("\ufffe\uffff\U0010ffff."),
    )
    yield Vector(
        name="every-script",
        data=handmade.item(
            Document(labels=(label("\ube44\ubc00"),), portions=tuple((0, each) for each in strange))
        ),
        what="text in no normal form, with invisible characters, beyond the first plane of Unicode",
    )
    line = {"type": "title", "text": "\U0001f600" * 1000}
    yield Vector(
        name="line-of-1000",
        data=handmade.item(Document(labels=(OPEN,), portions=((0, line), (0, text("a"))))),
        what="a title as long as it may be, counted in characters and neither in bytes nor in half ones",
    )
    foreign = Document(
        labels=(OPEN, label("OPEN", policy="2.25.1002")), portions=((0, text("One.")), (1, text("Two.")))
    )
    yield Vector(
        name="two-policies",
        data=handmade.item(foreign),
        what="the same words under two policies are two labels",
    )
    yield Vector(
        name="retired-key",
        data=handmade.item(TWO_LAYERS, key=seed(AUTHORS[1][1])),
        what="signed with a key that the author's card lists as retired",
    )


def respelled() -> Iterator[Vector]:
    """Give what fails in step 1 because of its bytes."""
    whole = handmade.item(TWO_LAYERS)

    def changed(name: str, what: str, old: str, new: str) -> Vector:
        assert whole.count(old.encode()) >= 1
        return Vector(name=name, step=1, what=what, data=whole.replace(old.encode(), new.encode(), 1))

    yield changed("space", "a space after a colon", '"leaves":64', '"leaves": 64')
    yield changed(
        "key-order",
        "two fields in another order",
        '"order":[1,1,1],"type":"seam"',
        '"type":"seam","order":[1,1,1]',
    )
    yield changed("escape", "a character that is escaped though it need not be", "third", "th\\u0069rd")
    yield changed("duplicate-key", "a field that is there twice", '"leaves":64', '"leaves":64,"leaves":64')
    yield changed("half-character", "half a character of UTF-16", "third", "\\ud800")
    yield Vector(name="trailing-line-feed", step=1, what="a byte after the end", data=whole + b"\n")
    yield Vector(name="truncated", step=1, what="the last byte is missing", data=whole[:-1])
    view = naive.parse(whole)
    nonce = str(view["header"]["nonce"])
    last = naive.encode(view).replace(nonce.encode(), (nonce[:-3] + chr(ord(nonce[-3]) + 1) + "==").encode())
    assert b64decode(json.loads(last)["header"]["nonce"]) == b64decode(nonce)
    yield Vector(name="loose-bits", step=1, what="base64 whose last character hides bits", data=last)


Bend = Callable[[list[Json], list[Json]], Any]


def bent(name: str, step: int, what: str, bend: Bend, document: Document = TWO_LAYERS) -> Vector:
    """Sign leaves after *bend* has bent them: what an author could make."""
    layers, seams = handmade.leaves(document)
    bend(layers, seams)
    return Vector(name=name, step=step, what=what, data=naive.encode(handmade.seal(layers, seams)))


def set_in(leaf: int, **fields: Any) -> Bend:
    """Exchange fields of a layer."""
    return lambda layers, seams: layers[leaf]["leaf"].update(fields)


def set_first(portion: Json) -> Bend:
    """Exchange the first portion."""
    return lambda layers, seams: layers[0]["leaf"]["portions"].__setitem__(0, portion)


def misshapen() -> Iterator[Vector]:
    """Give what fails in step 1 though it is signed."""
    layers, seams = handmade.leaves(TWO_LAYERS)
    later = naive.encode(handmade.seal(layers, seams, changes={"format": "legation/item/v2"}))
    yield Vector(name="format", step=1, what="another version of the format", data=later)
    larger = naive.encode(handmade.seal(layers, seams, size=128))
    yield Vector(name="class", step=1, what="a tree of 128 leaves", data=larger)
    yield bent("unknown-field", 1, "a field that is not known", set_in(0, banner="OPEN"))
    yield bent("null", 1, "a field that is null", set_in(0, categories=None))
    category = {"tag": "T", "type": "permissive", "values": ["A"]}
    yield bent("portion-type", 1, "a portion of an unknown type", set_first({"type": "table"}))
    yield bent("default", 1, "an empty array that should be absent", set_in(0, categories=[]))
    yield bent("control-character", 1, "U+2028 in a text", set_first(text("x\u2028y")))
    long = {"type": "title", "text": "x" * 1001}
    yield bent("line-of-1001", 1, "a title of 1,001 characters", set_first(long))
    yield bent("name-not-nfc", 1, "a classification not in NFC", set_in(0, classification="cafe\u0301"))
    unsorted = [category | {"values": ["B", "A"]}]
    yield bent("values-unsorted", 1, "values of a category out of order", set_in(0, categories=unsorted))
    yield bent("pair-of-itself", 1, "a portion at least as full as itself", set_in(0, fuller=[[0, 0]]))
    yield bent(
        "seam-run-of-0",
        1,
        "a run of no portions in a seam",
        lambda layers, seams: seams[0]["leaf"]["order"].append(0),
    )


def inconsistent() -> Iterator[Vector]:
    """Give what fails in steps 2 to 6 though it is signed."""

    def same_place(layers: list[Json], seams: list[Json]) -> None:
        seams[0]["place"] = layers[0]["place"]

    def outside(layers: list[Json], seams: list[Json]) -> None:
        layers[-1]["place"] = 64
        seams[0]["leaf"]["layers"][1] = 64

    def alike(layers: list[Json], seams: list[Json]) -> None:
        for each in layers:
            each["leaf"].pop("categories", None)
            each["leaf"]["classification"] = "OPEN"

    def cyclic(layers: list[Json], seams: list[Json]) -> None:
        ends = [layers[0]["place"], layers[2]["place"]]
        for each in seams:
            each["leaf"]["order"] = [0, 1, 1] if each["leaf"]["layers"] == ends else [1, 1]

    def crossed(layers: list[Json], seams: list[Json]) -> None:
        spots = naive.joint(seams[0]["leaf"])
        pair = [n for n, spot in enumerate(spots) if [each[0] for each in spots].count(spot[0]) == 2]
        seams[0]["leaf"]["fuller"] = [pair]

    def shorter(layers: list[Json], seams: list[Json]) -> None:
        seams[0]["leaf"].pop("fuller")
        seams[0]["leaf"]["order"] = [1, 1]

    yield bent("place-twice", 2, "a layer and a seam at one place", same_place)
    yield bent("place-outside", 2, "a layer at place 64 of 64", outside)
    yield bent("leaves-unordered", 2, "layers out of order", lambda layers, seams: layers.reverse())
    yield bent("label-twice", 3, "two layers of one label", alike)
    yield bent("documents-differ", 3, "two layers of different documents", set_in(1, document=b64(bytes(16))))
    yield bent("seam-missing", 4, "two layers without a seam", lambda layers, seams: seams.clear())
    yield bent("seam-alone", 4, "a seam one of whose layers is not there", lambda layers, seams: layers.pop())
    yield bent("seam-short", 4, "a seam shorter than its layers", shorter)
    yield bent("seam-pair-in-layer", 4, "a pair of one layer that stands in a seam", crossed)
    yield bent("order-cyclic", 5, "seams that form no order", cyclic, THREE_LAYERS)
    chain = replace(THREE_LAYERS, full=frozenset({(0, 1), (1, 2)}))
    yield bent("variants-open", 6, "x fuller than y, y than z, and not x than z", lambda *_: None, chain)


def unproven() -> Iterator[Vector]:
    """Give what fails in steps 7 and 8: what a relay could try, or somebody else."""

    def altered(name: str, what: str, alter: Callable[[Json], Any], step: int = 7) -> Vector:
        view = opened(TWO_LAYERS)
        alter(view)
        return Vector(name=name, step=step, what=what, data=naive.encode(view))

    def is_at(view: Json, classification: str) -> Json:
        found = [each for each in view["layers"] if each["leaf"]["classification"] == classification]
        return dict(found[0]["leaf"])

    def downgrade(view: Json) -> None:
        for each in view["layers"]:
            if each["leaf"]["classification"] == "GUARDED":
                each["leaf"]["categories"][0]["values"].append("NOR")

    def drop(view: Json) -> None:
        portions = next(each for each in view["layers"] if len(each["leaf"]["portions"]) == 1)
        del portions["leaf"]["portions"][0]["grade"]

    def splice(view: Json) -> None:
        other = replace(TWO_LAYERS, portions=(*TWO_LAYERS.portions[:2], (0, text("No date."))))
        donor = opened(other)
        assert is_at(donor, "OPEN") != is_at(view, "OPEN")
        view["layers"] = donor["layers"]

    def flip(place: Callable[[Json], tuple[Any, Any]]) -> Callable[[Json], None]:
        def alter(view: Json) -> None:
            container, key = place(view)
            raw = bytearray(b64decode(container[key]))
            raw[-1] ^= 1
            container[key] = b64(bytes(raw))

        return alter

    yield altered("label-changed", "one party more in a label", downgrade)
    yield altered("grade-dropped", "the grade of a statement is gone", drop)
    yield altered("layer-of-another", "layers of another item of the author, same nonce and salts", splice)
    yield altered("salt-changed", "one bit of a salt", flip(lambda view: (view["layers"][0], "salt")))
    other = handmade.seal(*handmade.leaves(TWO_LAYERS), changes={"root": b64(bytes(32))})
    yield Vector(name="root-changed", step=7, what="another root, signed", data=naive.encode(other))
    yield altered("hash-changed", "one bit of a hash", flip(lambda view: (view["proof"], 0)))
    yield altered("hash-missing", "the last hash is missing", lambda view: view["proof"].pop())
    yield altered("hash-left-over", "a hash too many", lambda view: view["proof"].append(b64(bytes(32))))
    layers, seams = handmade.leaves(TWO_LAYERS)
    wrong = handmade.seal(layers, seams, changes={"leaves": 1024})
    what = "a tree of 64 leaves whose signed header says 1,024"
    yield Vector(name="class-wrong", step=7, what=what, data=naive.encode(wrong))
    yield altered("signature-changed", "one bit of S", flip(lambda view: (view, "signature")), 8)
    view = opened(TWO_LAYERS)
    raw = b64decode(view["signature"])
    s = int.from_bytes(raw[32:], "little") + naive.ORDER
    view["signature"] = b64(raw[:32] + s.to_bytes(32, "little"))
    what = "S plus the group order: another spelling of the signature"
    yield Vector(name="signature-malleable", step=8, what=what, data=naive.encode(view))
    for name, what, given in (
        ("purpose", "signed as a withdrawal", {"domain": b"legation/withdrawal/v1\n"}),
        ("unknown-key", "signed with a key that nobody lists", {"key": seed("nobody")}),
        (
            "revoked-key",
            "signed with a key that the author's card lists as revoked",
            {"key": seed(AUTHORS[2][1])},
        ),
    ):
        yield Vector(name=name, step=8, what=what, data=handmade.item(TWO_LAYERS, **given))


def vectors() -> list[Vector]:
    """Give all vectors, the good ones first."""
    found = [*good(), *respelled(), *misshapen(), *inconsistent(), *unproven()]
    assert len({each.name for each in found}) == len(found)
    return found


def keys() -> list[Json]:
    """Describe the keys that are known and listed for items."""
    return [
        {
            "office": office,
            "state": state,
            "key_id": b64(key_id(public_key(seed(name)))),
            "public_key": b64(public_key(seed(name))),
            "private_key": b64(seed(name)),
        }
        for office, name, state in AUTHORS
    ]


def described(vector: Vector) -> Json:
    """Describe a vector, and what a reader finds in it if it verifies."""
    entry: Json = {"file": f"{vector.name}.json", "what": vector.what}
    if vector.step:
        return entry | {"expect": EXPECTED[vector.step], "step": vector.step}
    view = naive.parse(vector.data)
    office = next(each["office"] for each in keys() if each["key_id"] == view["header"]["author"])
    codes = naive.paragraph_codes(view)
    return entry | {
        "expect": "verifies",
        "item": b64(naive.item_id(view)),
        "reference": naive.reference(view, office),
        "reading": [codes[spot] for spot in naive.in_order(view)],
        "shown": [
            {"languages": languages, "codes": [codes[spot] for spot in naive.shown_spots(view, languages)]}
            for languages in ([], ["en"], ["fr", "ko"])
        ],
    }


def index(found: list[Vector]) -> bytes:
    """Give the index: which file is what."""
    told = {
        "about": "Views of items and what a reader must make of each; see ../README.md and docs/spec/view.md.",
        "keys": keys(),
        "vectors": [described(each) for each in found],
    }
    return json.dumps(told, indent=2, ensure_ascii=False).encode() + b"\n"


def files() -> dict[str, bytes]:
    """Give all files of the folder by name."""
    found = vectors()
    return {"index.json": index(found)} | {f"{each.name}.json": each.data for each in found}


# The examples in the page.

_WIDTH = 108  # of a printed line; the longest hash and its neighbour fit


def pretty(data: bytes) -> str:
    """Print a view for reading: what fits stands on one line, the rest is laid out and filled up."""
    return "\n".join(_printed(json.loads(data), "", ""))


def _printed(value: Any, indent: str, before: str) -> list[str]:
    """Print a value after its key, on one line if it fits."""
    line = indent + before + json.dumps(value, ensure_ascii=False)
    if len(line) <= _WIDTH or not isinstance(value, dict | list):
        return [line]
    if isinstance(value, dict):
        members = [_printed(each, indent + "  ", f'"{key}": ') for key, each in value.items()]
    else:
        members = [_printed(each, indent + "  ", "") for each in value]
    for member in members[:-1]:
        member[-1] += ","
    lines: list[str] = [indent + before + ("{" if isinstance(value, dict) else "[")]
    may_join = False
    for member in members:
        joined = f"{lines[-1]} {member[0].strip()}"
        if may_join and len(member) == 1 and len(joined) <= _WIDTH:
            lines[-1] = joined
        else:
            lines += member
        may_join = len(member) == 1 and member[0].strip()[0] != "{"
    return [*lines, indent + ("}" if isinstance(value, dict) else "]")]


def rendered(page: str) -> str:
    """Put the examples into the page, between their marks."""
    return with_examples(page, {each.name: f"```json\n{pretty(each.data)}\n```" for each in good()})


def main() -> None:
    """Write the vectors, and the examples into the pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in files().items():
        (FOLDER / name).write_bytes(data)
    for page in PAGES:
        page.write_text(rendered(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
