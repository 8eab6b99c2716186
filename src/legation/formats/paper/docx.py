# SPDX-License-Identifier: Apache-2.0
"""
A sheet as DOCX: what Word, LibreOffice and others open and print.

Rules kept here:

1. Nothing is in the file that is not on the page: no properties (author, title, dates, counts), no revision ids, no
   comments, no thumbnail, no custom XML, no template. A reader that saves it is asked to add none of them either.
2. The same sheet gives the same bytes: the members of the archive in one order, not compressed (how far it is
   differs from machine to machine), at the one date that such an archive can name for "none".
3. The banner stands at the head and foot of each page, with the reference, the copy and "page n of m".
4. Every paragraph says which way it runs, and in which language it is, for whoever has it read aloud.

Source: ECMA-376, 5th edition, part 1 (WordprocessingML) and part 2 (packages).
"""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from legation.formats.paper.direction import is_right_to_left, stretches
from legation.formats.paper.sheet import Paragraph, Sheet, Style

_NO_DATE = (1980, 1, 1, 0, 0, 0)
_NO_LANGUAGE = "x-none"
_STYLES = {Style.TITLE: "Title", Style.TEXT: "Body", Style.LINE: "Line"}


def write_docx(sheet: Sheet) -> bytes:
    """Write a sheet as DOCX."""
    document = Document(BytesIO(_empty()))
    body = document.element.body
    section = document.sections[0]
    # What it takes to be the last one stays where it is; everything else comes before it.
    end = body.sectPr
    for each in _body(sheet):
        end.addprevious(each)
    _fill(section.header, [(sheet.banner, "Banner"), (f"{sheet.reference}\t{sheet.copy}", "Edge")])
    _fill(section.footer, [(f"{sheet.reference}\t{sheet.copy}", "Edge"), (sheet.banner, "Banner")])
    section.footer._element[0].extend(_page_of_pages())
    saved = BytesIO()
    document.save(saved)
    return _repacked(saved.getvalue())


def _body(sheet: Sheet) -> Iterator[Any]:
    yield _paragraph(sheet.reference, "Heading1", "en")
    for line in sheet.lines:
        yield _paragraph(line, "Head", "en")
    for each in sheet.paragraphs:
        yield from _portion(each)


def _portion(each: Paragraph) -> Iterator[Any]:
    yield _paragraph(f"{each.mark}  [{each.code}]", "Mark", "en")
    yield _paragraph(each.text, _STYLES[each.style], each.language)
    for line in each.about:
        yield _paragraph(line, "About", "")


def _paragraph(text: str, style: str, language: str) -> Any:
    """Make a paragraph, in stretches of one direction each."""
    made = OxmlElement("w:p")
    properties = OxmlElement("w:pPr")
    properties.append(_valued("w:pStyle", style))
    if is_right_to_left(text):
        properties.append(OxmlElement("w:bidi"))
    made.append(properties)
    for is_leftward, words in stretches(text):
        made.append(_run(words, language, is_leftward))
    return made


def _run(text: str, language: str, is_leftward: bool) -> Any:
    run = OxmlElement("w:r")
    properties = OxmlElement("w:rPr")
    if is_leftward:
        properties.append(OxmlElement("w:rtl"))
    named = OxmlElement("w:lang")
    for key in ("w:val", "w:eastAsia", "w:bidi"):
        named.set(qn(key), language or _NO_LANGUAGE)
    properties.append(named)
    run.append(properties)
    for line, words in enumerate(text.split("\n")):
        if line:
            run.append(OxmlElement("w:br"))
        for place, part in enumerate(words.split("\t")):
            if place:
                run.append(OxmlElement("w:tab"))
            if part:
                run.append(_text(part))
    return run


def _text(words: str) -> Any:
    made = OxmlElement("w:t")
    made.text = words
    made.set(qn("xml:space"), "preserve")
    return made


def _valued(tag: str, value: str) -> Any:
    made = OxmlElement(tag)
    made.set(qn("w:val"), value)
    return made


def _fill(edge: Any, lines: list[tuple[str, str]]) -> None:
    """Put lines into a header or footer in the place of what it comes with."""
    edge.is_linked_to_previous = False
    for each in list(edge._element):
        edge._element.remove(each)
    for text, style in lines:
        edge._element.append(_paragraph(text, style, "en"))


def _page_of_pages() -> Iterator[Any]:
    """What counts the pages, behind the copy in the foot."""
    yield _run("\tPage ", "en", is_leftward=False)
    yield from _field("PAGE")
    yield _run(" of ", "en", is_leftward=False)
    yield from _field("NUMPAGES")


def _field(name: str) -> Iterator[Any]:
    """A field that the reader's program works out; until then it shows 1."""
    for kind in ("begin", name, "separate", "1", "end"):
        run = OxmlElement("w:r")
        if kind == name:
            instruction = OxmlElement("w:instrText")
            instruction.text = name
            run.append(instruction)
        elif kind == "1":
            run.append(_text(kind))
        else:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run.append(mark)
        yield run


@cache
def _empty() -> bytes:
    """The document that every sheet is written into: our own, for the library's has a history."""
    folder = files("legation.formats.paper") / "empty"
    return _packed(
        {
            "[Content_Types].xml": (folder / "content_types.xml").read_bytes(),
            "_rels/.rels": (folder / "package_rels.xml").read_bytes(),
            "word/document.xml": (folder / "document.xml").read_bytes(),
            "word/_rels/document.xml.rels": (folder / "document_rels.xml").read_bytes(),
            "word/settings.xml": (folder / "settings.xml").read_bytes(),
            "word/styles.xml": (folder / "styles.xml").read_bytes(),
        }
    )


def _repacked(data: bytes) -> bytes:
    with ZipFile(BytesIO(data)) as archive:
        return _packed({name: archive.read(name) for name in archive.namelist()})


def _packed(members: dict[str, bytes]) -> bytes:
    """Pack an archive; what lists the others stands first, as readers expect it."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_STORED) as archive:
        for name in sorted(members, key=lambda each: (each != "[Content_Types].xml", each)):
            archive.writestr(ZipInfo(name, _NO_DATE), members[name])
    return packed.getvalue()
