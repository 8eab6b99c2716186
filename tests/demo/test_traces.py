# SPDX-License-Identifier: Apache-2.0

import base64
import codecs
import html
import json
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest

from legation.demo.traces import PIECE_EVERY, PIECE_LENGTH, alter, paragraphs, search, strings, traces

TEXT = 'The "envoy" to Belgium / 대사, who is <expected> to head the mission & keeps both posts — or neither.'
OTHER = "Nothing of this sentence stands in the other one, which is about a journey by night train."

WAYS: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "reversed bytes": lambda text: text.encode()[::-1],
    "reversed characters": lambda text: text[::-1].encode(),
    "hexadecimal": lambda text: text.encode().hex().encode(),
    "hexadecimal in capitals": lambda text: text.encode().hex().upper().encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16, the other order": lambda text: text.encode("utf-16-be"),
    "JSON": lambda text: json.dumps(text).encode(),
    "JSON with its characters": lambda text: json.dumps(text, ensure_ascii=False).encode(),
    "an address": lambda text: urllib.parse.quote(text).encode(),
    "an address, slashes too": lambda text: urllib.parse.quote(text, safe="").encode(),
    "a form": lambda text: urllib.parse.quote_plus(text).encode(),
    "HTML": lambda text: html.escape(text).encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64, one further": lambda text: base64.b64encode(b"x" + text.encode()),
    "base64, two further": lambda text: base64.b64encode(b"xy" + text.encode()),
    "base64 of addresses": lambda text: base64.urlsafe_b64encode(text.encode()),
}


class TestTraces:
    @pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
    def test_a_text_is_found_however_it_is_written(self, tmp_path: Path, way: Callable[[str], bytes]) -> None:
        """
        Every planted text is found, deep in a file among other bytes, and the other text is not.
        """
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "file").write_bytes(bytes(100_000) + b"\xff{" + way(TEXT) + b"}\xff" + bytes(99))
        assert search([tmp_path], traces(TEXT, []))[1]
        assert not search([tmp_path], traces(OTHER, []))[1]

    def test_any_part_that_is_long_enough_is_found(self, tmp_path: Path) -> None:
        """
        A leak of a piece and a bit is found wherever in the text it begins.
        """
        length = PIECE_LENGTH + PIECE_EVERY - 1
        for start in range(len(TEXT) - length + 1):
            (tmp_path / "file").write_text(TEXT[start : start + length])
            assert search([tmp_path], traces(TEXT, []))[1], start

    def test_the_end_of_a_text_is_searched_for_too(self, tmp_path: Path) -> None:
        """
        The last piece is one, also where the text ends between two steps.
        """
        for length in range(PIECE_LENGTH, PIECE_LENGTH + 2 * PIECE_EVERY):
            (tmp_path / "file").write_text(TEXT[length - PIECE_LENGTH : length])
            assert search([tmp_path], traces(TEXT[:length], []))[1], length

    def test_what_is_known_is_no_trace(self) -> None:
        """
        Words that a tearline repeats do not count; those that it does not repeat do.
        """
        assert traces(TEXT, [f"Before. {TEXT} After."]) == set()
        assert 0 < len(traces(TEXT, [TEXT[:50]])) < len(traces(TEXT, []))

    def test_what_is_too_short_has_no_traces(self) -> None:
        """
        A word that stands everywhere is not searched for.
        """
        assert traces(TEXT[: PIECE_LENGTH - 1], []) == set()

    def test_tells_how_much_was_searched(self, tmp_path: Path) -> None:
        """
        All bytes count, of files and of all that lies in folders; what is not there does not.
        """
        (tmp_path / "one").write_bytes(bytes(1_000))
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "two").write_bytes(b"x" * 10)
        paths = [tmp_path / "one", tmp_path / "folder", tmp_path / "nowhere"]
        assert search(paths, [b"x"]) == (1_010, {b"x"})


class TestTexts:
    def test_every_text_of_a_document_is_given(self) -> None:
        """
        Texts are found however deep they stand; numbers and names are none.
        """
        document = {"a": "one", "b": [{"c": "two", "d": 3, "e": None}, ["three"]], "f": True}
        assert list(strings(document)) == ["one", "two", "three"]

    def test_paragraphs_of_a_report_are_given_without_their_marks(self) -> None:
        """
        Of each block behind the head the text is given, and nothing before it.
        """
        report = "kind: report\ntitle: (O) x\n\n(O) One (two).\nThree.\n\n(S//REL KOR) {grade: C3} {tearline} Four {5}.\n"
        assert list(paragraphs(report)) == ["One (two).\nThree.", "Four {5}."]


class TestAlter:
    @pytest.mark.parametrize("text", [TEXT, "한국 대표단은 마드리드 정상회의에 처음으로 참석한다. 일정은"])
    def test_one_letter_is_another_and_the_rest_is_as_it_was(self, tmp_path: Path, text: str) -> None:
        """
        The file differs in one bit of one byte, and is still text.
        """
        before = f"{OTHER} {text} {OTHER}".encode()
        (tmp_path / "file").write_bytes(before)
        assert alter(tmp_path, ["not there", text])
        after = (tmp_path / "file").read_bytes()
        differing = [one ^ other for one, other in zip(before, after, strict=True) if one != other]
        assert differing == [1]
        assert codecs.decode(after, "utf-8").count(OTHER) == 2

    def test_where_nothing_is_found_nothing_is_altered(self, tmp_path: Path) -> None:
        """
        It says so, and the file stays.
        """
        (tmp_path / "file").write_text(OTHER)
        assert not alter(tmp_path, [TEXT])
        assert (tmp_path / "file").read_text() == OTHER
