# SPDX-License-Identifier: Apache-2.0
"""
Story A, first report, with the capital: steps 1, 2 and 7, on files and by the command line.
"""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from legation.item.view import Contents, inspect
from legation.labels import Label, portion_mark
from tests.formats.drafts import EXERCISE
from tests.stories.cast import (
    ADDRESSEES,
    CAPITAL,
    COMMENT,
    DETAIL,
    FIRST_DRAFT,
    REMARKED,
    SUBJECT,
    SUMMARY,
    TEARLINE,
    Desk,
    lay_out,
)

FOR = [part for name in ADDRESSEES for part in ("--for", f"{name}={name}.xml")]

# What each addressee is shown after the re-marking, mark and text, and what heads its copy.
SHOWN = {
    "KOR": [
        ("(O)", SUBJECT),
        ("(L//REL KOR, JPN, AUS, NATO)", SUMMARY),
        ("(C//REL KOR, JPN, NATO)", DETAIL),
        ("(S//REL KOR, JPN)", COMMENT),
        ("(S//REL KOR)", CAPITAL),
    ],
    "JPN": [
        ("(O)", SUBJECT),
        ("(L//REL KOR, JPN, AUS, NATO)", SUMMARY),
        ("(C//REL KOR, JPN, NATO)", DETAIL),
        ("(S//REL KOR, JPN)", COMMENT),
    ],
    "NATO": [
        ("(O)", SUBJECT),
        ("(L//REL KOR, JPN, AUS, NATO)", SUMMARY),
        ("(C//REL KOR, JPN, NATO)", DETAIL),
    ],
    "AUS": [("(O)", SUBJECT), ("(L//REL KOR, JPN, AUS, NATO)", SUMMARY)],
}
BANNERS = {
    "KOR": "SECRET REL KOR",
    "JPN": "SECRET REL KOR, JPN",
    "NATO": "CONFIDENTIAL REL KOR, JPN, NATO",
    "AUS": "LIMITED REL KOR, JPN, AUS, NATO",
}
HIDDEN = {
    "KOR": [],
    "JPN": [CAPITAL],
    "NATO": [COMMENT, TEARLINE, CAPITAL],
    "AUS": [DETAIL, COMMENT, TEARLINE, CAPITAL],
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """
    The drafter's desk, with the re-marked report signed and every addressee's copy cut.
    """
    found = lay_out(tmp_path)
    found.compose()
    for name in ADDRESSEES:
        found.cut(name)
    return found


@pytest.fixture
def abroad(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """
    An addressee's desk: all copies for the test to choose from, and of the originator only its card.
    """
    there = Desk(tmp_path_factory.mktemp("abroad"))
    for name in ("kor.card", *(f"{each}.view" for each in ADDRESSEES)):
        there.write(name, desk.read(name))
    return there


class TestStep1:
    def test_an_unmarked_paragraph_is_refused_and_its_line_named(self, tmp_path: Path) -> None:
        """
        Par. 4 unmarked: no item is made, the line is named, and not a word of it is repeated.
        """
        desk = lay_out(tmp_path, FIRST_DRAFT.replace("(S//REL KOR) We", "We"))
        before = desk.state()
        found = desk.run("compose", "report.md", "--key", "kor.keys", "-o", "report.item")
        assert (found.code, found.out) == (2, "")
        assert found.err.startswith("legation: line 16: no portion mark\n")
        assert not any(word in found.err for word in CAPITAL.split() if len(word) > 4)
        assert desk.state() == before


class TestStep2:
    def test_the_preview_of_the_first_draft(self, tmp_path: Path) -> None:
        """
        KOR all; JPN to par. 3; NATO pars 1-2 and the tearline; AUS par. 1; and why not.
        """
        desk = lay_out(tmp_path, FIRST_DRAFT)
        found = desk.run("preview", "report.md", *FOR, "--key", "kor.keys", "--json")
        copies = {copy["addressee"]: copy for copy in json.loads(found.out)["copies"]}
        shown = {
            name: [each["portion"] for each in copy["portions"] if each["showing"] == "shown"]
            for name, copy in copies.items()
        }
        assert shown == {
            "KOR": ["title", "par. 1", "par. 2", "par. 3", "par. 4"],
            "JPN": ["title", "par. 1", "par. 2", "par. 3"],
            "NATO": ["title", "par. 1", "par. 2", "par. 3 tearline"],
            "AUS": ["title", "par. 1"],
        }
        reasons = {each["portion"]: each for each in copies["AUS"]["portions"]}
        assert reasons["par. 2"]["why"] == "granted, not on the list"
        assert reasons["par. 2"]["change"] == "nearest change: add AUS to Releasable To"
        assert reasons["par. 3"]["why"] == "list and level"

    def test_the_preview_promises_what_is_then_handed_over(self, desk: Desk) -> None:
        """
        Marks, texts and banners of the copies are those of the preview.
        """
        found = desk.run("preview", "report.md", *FOR, "--key", "kor.keys", "--json")
        for copy in json.loads(found.out)["copies"]:
            record = shown(desk, copy["addressee"])
            promised = [each["mark"] for each in copy["portions"] if each["showing"] == "shown"]
            assert [each["mark"] for each in record["portions"]] == promised
            assert record["banner"] == copy["banner"]


def shown(desk: Desk, name: str) -> dict[str, Any]:
    """What an addressee is shown, verified with the originator's card."""
    found = desk.run("show", f"{name}.view", "--card", "kor.card", "--json")
    assert (found.code, found.err) == (0, "")
    record: dict[str, Any] = json.loads(found.out)
    return record


@pytest.mark.parametrize("name", ADDRESSEES)
class TestStep7:
    def test_each_addressee_sees_exactly_its_portions(self, abroad: Desk, name: str) -> None:
        """
        With nothing but the originator's card the copy verifies and shows these portions, and no other.
        """
        record = shown(abroad, name)
        said = [(each["mark"], each["portion"]["text"]) for each in record["portions"]]
        assert said == SHOWN[name]
        assert record["banner"] == BANNERS[name]
        assert (record["verified"], record["author"], record["kind"]) == (True, "KOR@NATO", "report")
        assert abroad.run("verify", f"{name}.view", "--card", "kor.card").code == 0

    def test_the_sheet_has_the_banner_on_top_and_below_and_no_gap(self, abroad: Desk, name: str) -> None:
        """
        The sheet is the banner, the shown portions with their codes, the banner, and nothing between.
        """
        printed = abroad.run("show", f"{name}.view", "--card", "kor.card").out
        head, *portions, foot = printed.rstrip("\n").split("\n\n")
        assert head == foot == BANNERS[name]
        reference, verified = portions.pop(0).split("\n")
        assert re.fullmatch(r"KOR@NATO 20\d\d-\w{4}-\w{4}   report   \S+", reference)
        assert verified == "verified: signed by KOR@NATO"
        assert len(portions) == len(SHOWN[name])
        for number, (block, (mark, text)) in enumerate(zip(portions, SHOWN[name], strict=True)):
            *said, code = block.split("\n")
            subject = "Subject: " if number == 0 else ""
            assert " ".join(line.strip() for line in said) == f"{mark} {subject}{text}"
            assert re.fullmatch(r"  \[[0-9A-Z]{6}\]", code)

    def test_no_co_addressee_and_no_slip_is_in_the_copy(self, abroad: Desk, name: str) -> None:
        """
        Who else receives the report, and how soon it is to be handled, is in nobody's copy.
        """
        data = abroad.read(f"{name}.view")
        for trace in (b"JPN@NATO", b"AUS@NATO", b"priority", b"addressee", b"action", b"information"):
            assert trace not in data

    def test_no_byte_of_what_is_withheld_is_in_the_copy(self, abroad: Desk, desk: Desk, name: str) -> None:
        """
        Of texts, marks, salts and seams that are withheld, the copy holds nothing, in any spelling.
        """
        whole, copy = inspect(desk.read("report.item")), inspect(desk.read(f"{name}.view"))
        searched = traces(withheld(whole, copy, HIDDEN[name]))
        data = abroad.read(f"{name}.view")
        assert [trace for trace in searched if trace in data] == []
        # What is searched for is findable: all of it is in the item that nobody else receives.
        plain = [text for text in HIDDEN[name] if text.encode() in desk.read("report.item")]
        assert plain == HIDDEN[name]
        assert (len(searched) > 100) is (name != "KOR")

    def test_no_printed_word_of_what_is_withheld(self, abroad: Desk, name: str) -> None:
        """
        No command that a reader has prints a word of what is withheld.
        """
        for command in (
            ["show", f"{name}.view"],
            ["show", f"{name}.view", "--card", "kor.card", "--json"],
            ["verify", f"{name}.view", "--card", "kor.card", "--json"],
        ):
            found = abroad.run(*command)
            said = " ".join((found.out + found.err).split())
            assert not any(piece in said for text in HIDDEN[name] for piece in pieces(text))
            assert not any(mark in said for mark in hidden_marks(name))

    def test_every_copy_comes_from_the_one_signature(self, desk: Desk, abroad: Desk, name: str) -> None:
        """
        Header and signature are those of the item, and the tree is as wide as every tree.
        """
        whole, copy = inspect(desk.read("report.item")).wire, inspect(abroad.read(f"{name}.view")).wire
        assert (copy.header, copy.signature) == (whole.header, whole.signature)
        assert copy.header.leaves == 64

    def test_no_greater_clearance_gets_more_out_of_it(self, desk: Desk, name: str) -> None:
        """
        Cut again with the author's own clearance, a copy is the same bytes.
        """
        assert desk.run("cut", f"{name}.view", "--clearance", "own.xml", "-o", "more.view").code == 0
        assert desk.read("more.view") == desk.read(f"{name}.view")


def test_nobody_sees_anything_of_paragraph_3_but_kor_and_jpn(desk: Desk) -> None:
    """
    After the re-marking NATO has neither the comment nor the tearline; before it had the tearline.
    """
    assert TEARLINE.encode() not in desk.read("NATO.view")
    desk.write("report.md", FIRST_DRAFT)
    desk.compose()
    assert TEARLINE.encode() in desk.cut("NATO")


def hidden_marks(name: str) -> set[str]:
    """Marks of the report that stand on none of an addressee's portions."""
    marks = set(re.findall(r"\([OLCS][^()]*\)", REMARKED))
    held = {mark for mark, _ in SHOWN[name]} | ({"(C//REL KOR, JPN)"} if name in {"KOR", "JPN"} else set())
    return marks - held


def pieces(text: str) -> Iterator[str]:
    """A text in pieces of twelve characters, each of which gives something away."""
    yield from (text[start : start + 12] for start in range(0, len(text) - 11, 4))


def withheld(whole: Contents, copy: Contents, texts: list[str]) -> Iterator[bytes]:
    """Everything that is in the whole and not in the copy: texts, labels, salts, leaves."""
    for text in texts:
        yield from (piece.encode() for piece in pieces(text))
    held = {placed.salt for placed in copy.wire.leaves}
    yield from (placed.salt for placed in whole.wire.leaves if placed.salt not in held)
    seen = {layer.label for layer in copy.layers}
    for layer in whole.layers:
        if layer.label not in seen:
            yield from label_traces(layer.label, copy)


def label_traces(label: Label, copy: Contents) -> Iterator[bytes]:
    """How a hidden label could show: its mark, its lists, and names that stand on no label of the copy."""
    yield portion_mark(EXERCISE, label).encode()
    visible = {name for layer in copy.layers for name in names(layer.label)}
    yield from (f'"{name}"'.encode() for name in names(label) if name not in visible)
    for part in label.categories:
        listed = json.dumps(list(part.values), separators=(",", ":")).encode()
        if listed not in {
            json.dumps(list(other.values), separators=(",", ":")).encode()
            for layer in copy.layers
            for other in layer.label.categories
        }:
            yield listed


def names(label: Label) -> Iterator[str]:
    """The classification and every value of a label."""
    yield label.classification
    for part in label.categories:
        yield from part.values


def traces(secrets: Iterator[bytes]) -> set[bytes]:
    """Each secret as it is and in every spelling that a program might have left it in."""
    found: set[bytes] = set()
    for secret in secrets:
        found |= {secret, secret[::-1], secret.hex().encode(), secret.hex().upper().encode()}
        for shift in range(3):
            # Three offsets: what stands before decides how base64 cuts the bytes.
            coded = base64.b64encode(bytes(shift) + secret)
            inner = coded[4 if shift else 0 : -4]
            found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
        if secret.isascii():
            text = secret.decode()
            found |= {text.encode("utf-16-le"), text.encode("utf-16-be"), text.upper().encode()}
            found.add("".join(f"\\u{ord(each):04x}" for each in text).encode())
            found.add(json.dumps(text)[1:-1].encode())
    return {trace for trace in found if len(trace) > 5}
