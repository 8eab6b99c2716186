# SPDX-License-Identifier: Apache-2.0
"""
A sheet as DOCX and as HTML, as readers of such files see it.
"""

import re
import unicodedata
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import docx
import pytest
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from legation.formats.paper import Paragraph, Sheet, Style, write_docx, write_html
from legation.formats.paper.direction import is_right_to_left, stretches

ARABIC = "الميناء مفتوح منذ يوم 12، وقال قائد MV Aurora ذلك."
HEBREW = "שלום"


def paragraph(
    text: str, style: Style = Style.TEXT, language: str = "", about: tuple[str, ...] = ()
) -> Paragraph:
    """One portion on paper."""
    return Paragraph(
        mark="(L REL AUS)", code="7KQ4M2", style=style, text=text, language=language, about=about
    )


SHEET = Sheet(
    banner="LIMITED REL AUS, KOR",
    reference="KOR@NATO 2026-7KQ4-M2X6",
    copy="Copy 2 for AUS@NATO",
    lines=("From: KOR@NATO", "To: AUS@NATO, for action"),
    paragraphs=(
        paragraph("The port <is> open & busy", Style.TITLE),
        paragraph(ARABIC, language="ar", about=(f"source: {HEBREW}",)),
        paragraph("first line\n\tsecond  line", language="pt-BR", about=("grade: B2",)),
        paragraph("항구가 열렸다.", language="ko"),
        paragraph("Something is withheld here: by agreement", Style.LINE, "en"),
    ),
)


def members(data: bytes) -> dict[str, bytes]:
    """What is in an archive."""
    with ZipFile(BytesIO(data)) as archive:
        return {each.filename: archive.read(each) for each in archive.infolist()}


def parsed(part: bytes) -> Any:
    """The tree of a part of a document."""
    return etree.fromstring(part)


def all_text(part: bytes) -> str:
    """The text of a part of a document, paragraph by paragraph."""
    signs = {qn("w:br"): "\n", qn("w:tab"): "\t"}
    return "\n".join(
        "".join(each.text or "" if each.tag == qn("w:t") else signs.get(each.tag, "") for each in line.iter())
        for line in parsed(part).iter(qn("w:p"))
    )


class TestDOCX:
    def test_says_what_the_sheet_says_in_its_order(self) -> None:
        """
        Every line of it once, byte for byte, with its mark and code before it.
        """
        said = all_text(members(write_docx(SHEET))["word/document.xml"])
        expected = [SHEET.reference, *SHEET.lines]
        for each in SHEET.paragraphs:
            expected += [f"{each.mark}  [{each.code}]", each.text, *each.about]
        assert said == "\n".join(expected)

    def test_head_and_foot_of_each_page_name_banner_reference_copy_and_page(self) -> None:
        """
        One section with one head and one foot, so no page is without them.
        """
        document = docx.Document(BytesIO(write_docx(SHEET)))
        assert len(document.sections) == 1
        section = document.sections[0]
        assert not section.different_first_page_header_footer
        head, foot = section.header, section.footer
        assert [each.text for each in head.paragraphs] == [SHEET.banner, f"{SHEET.reference}\t{SHEET.copy}"]
        assert [each.text for each in foot.paragraphs] == [
            f"{SHEET.reference}\t{SHEET.copy}\tPage 1 of 1",
            SHEET.banner,
        ]
        fields = [each.text for each in foot._element.iter(qn("w:instrText"))]
        assert fields == ["PAGE", "NUMPAGES"]

    def test_is_a4(self) -> None:
        """
        Whatever the printer's own paper is.
        """
        section: Any = docx.Document(BytesIO(write_docx(SHEET))).sections[0]
        assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)

    def test_every_paragraph_says_which_way_it_runs_and_every_run_its_language(self) -> None:
        """
        For whoever lays it out, and whoever has it read aloud; what is not known is said to be none.
        """
        tree = parsed(members(write_docx(SHEET))["word/document.xml"])
        arabic = next(each for each in tree.iter(qn("w:p")) if "الميناء" in "".join(each.itertext()))
        assert arabic.find(f"{qn('w:pPr')}/{qn('w:bidi')}") is not None
        runs = [
            ("".join(run.itertext()), run.find(f".//{qn('w:rtl')}") is not None)
            for run in arabic.iter(qn("w:r"))
        ]
        assert [is_leftward for _, is_leftward in runs] == [True, False, True]
        assert runs[1][0] == "MV Aurora"
        languages = {
            "".join(run.itertext()): run.find(f".//{qn('w:lang')}").get(qn("w:val"))
            for run in tree.iter(qn("w:r"))
        }
        assert languages["항구가 열렸다."] == "ko"
        assert languages["first linesecond  line"] == "pt-BR"
        assert languages["The port <is> open & busy"] == "x-none"
        assert [each for each in tree.iter(qn("w:bidi")) if each.getparent().tag == qn("w:pPr")] == [
            arabic.find(f"{qn('w:pPr')}/{qn('w:bidi')}")
        ]

    def test_headings_are_headings(self) -> None:
        """
        Whoever has it read aloud can go from one to the next.
        """
        document = docx.Document(BytesIO(write_docx(SHEET)))
        levels = {}
        for each in document.paragraphs:
            level = each.style.element.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}") if each.style else None
            if level is not None:
                levels[each.text] = int(level.get(qn("w:val")))
        assert levels == {SHEET.reference: 0, "The port <is> open & busy": 1}

    def test_nothing_is_in_the_file_that_is_not_on_the_page(self) -> None:
        """
        No properties, no comments, no thumbnail, no custom XML, no revision ids, no relation to anything outside.
        """
        found = members(write_docx(SHEET))
        assert sorted(found) == [
            "[Content_Types].xml",
            "_rels/.rels",
            "word/_rels/document.xml.rels",
            "word/document.xml",
            "word/footer1.xml",
            "word/header1.xml",
            "word/settings.xml",
            "word/styles.xml",
        ]
        for name, data in found.items():
            tree = parsed(data)
            for each in tree.iter(etree.Element):
                assert not [key for key in each.attrib if "rsid" in key or "paraId" in key], name
                assert each.get("TargetMode") is None, name
            tags = {etree.QName(each).localname for each in tree.iter(etree.Element)}
            assert not tags & {
                "ins",
                "del",
                "comment",
                "vanish",
                "rsids",
                "docVars",
                "author",
                "creator",
                "date",
            }, name
            assert b"<!--" not in data, name

    def test_the_same_sheet_gives_the_same_bytes_at_no_date(self) -> None:
        """
        Also in another process: nothing of the clock or of the machine is in it.
        """
        data = write_docx(SHEET)
        assert write_docx(SHEET) == data
        with ZipFile(BytesIO(data)) as archive:
            assert {(each.date_time, each.compress_type) for each in archive.infolist()} == {
                ((1980, 1, 1, 0, 0, 0), ZIP_STORED)
            }
            assert not any(each.extra or each.comment for each in archive.infolist())
            assert archive.comment == b""

    def test_a_file_in_word_is_asked_to_add_nothing_when_it_is_saved(self) -> None:
        """
        No name of whoever saves it, and no date.
        """
        settings = members(write_docx(SHEET))["word/settings.xml"]
        assert b"<w:removePersonalInformation/>" in settings
        assert b"<w:removeDateAndTime/>" in settings


class TestHTML:
    def test_says_what_the_sheet_says_escaped(self) -> None:
        """
        What comes out of an item is text, whatever it looks like.
        """
        said = write_html(SHEET).decode()
        assert '<h2 class="title" dir="auto" lang="">The port &lt;is&gt; open &amp; busy</h2>' in said
        assert f'<p class="text" dir="auto" lang="ar">{ARABIC}</p>' in said
        assert "first line\n\tsecond  line" in said

    def test_asks_for_nothing_and_runs_nothing(self) -> None:
        """
        No script, no address, and a policy that allows one style by its hash.
        """
        said = write_html(
            replace(SHEET, paragraphs=(paragraph('"><script>alert(1)</script><img src=x>'),))
        ).decode()
        assert re.findall(r"<(script|img|link|iframe|object|a)\b", said) == []
        assert re.findall(r"(?:https?:)?//", said.replace("<!doctype html>", "")) == []
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', said)
        assert policy is not None
        assert policy[1].startswith("default-src 'none'; style-src 'sha256-")

    def test_has_no_comments(self) -> None:
        """
        Nothing is in the file that is not on the page.
        """
        assert b"<!--" not in write_html(SHEET)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf"]), max_size=80))
def test_stretches_join_to_the_text_and_letters_run_their_own_way(text: str) -> None:
    """
    Nothing is lost or moved, two neighbours differ, and no letter is in a stretch of the other direction.
    """
    found = list(stretches(text))
    assert "".join(words for _, words in found) == text
    assert all(one[0] != other[0] for one, other in pairwise(found))
    for is_leftward, words in found:
        ways = {unicodedata.bidirectional(each) for each in words}
        assert not ways & ({"L"} if is_leftward else {"R", "AL"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("abc", [(False, "abc")]),
        ("12.5", [(False, "12.5")]),
        (f"{HEBREW} {HEBREW}", [(True, f"{HEBREW} {HEBREW}")]),
        (
            f"say {HEBREW}, {HEBREW} twice",
            [(False, "say "), (True, f"{HEBREW}, {HEBREW}"), (False, " twice")],
        ),
        (f"{HEBREW} 12.5 kg {HEBREW}", [(True, f"{HEBREW} 12.5 "), (False, "kg"), (True, f" {HEBREW}")]),
        (f"{HEBREW} said.", [(True, f"{HEBREW} "), (False, "said"), (True, ".")]),
        ("a بِ b", [(False, "a "), (True, "بِ"), (False, " b")]),
    ],
)
def test_a_text_is_split_where_it_turns(text: str, expected: list[tuple[bool, str]]) -> None:
    """
    Spaces and points between two letters of one direction go with them, else with the paragraph.
    """
    assert list(stretches(text)) == expected


def test_a_paragraph_runs_as_its_first_letter() -> None:
    """
    Not as its digits or points.
    """
    assert is_right_to_left(f"12. {HEBREW} abc")
    assert not is_right_to_left(f"12. abc {HEBREW}")
