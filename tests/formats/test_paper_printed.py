# SPDX-License-Identifier: Apache-2.0
"""
The HTML form of a sheet, printed by a real browser.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Browser, sync_playwright

from legation.formats.paper import Sheet, Style, write_html
from tests.formats.test_paper import ARABIC, SHEET, paragraph

CHROMIUM = shutil.which("chromium")
KEPT = Path(__file__).parents[2] / "build" / "paper"
LONG = "The corridor remains open and ships pass in both directions, though inspections take longer. " * 14

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="takes a browser: apt-get install chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM)
        yield started
        started.close()


def printed(browser: Browser, sheet: Sheet, name: str) -> pypdf.PdfReader:
    """Print a sheet, and keep it for people to look at; the browser complains about nothing and asks for nothing."""
    KEPT.mkdir(parents=True, exist_ok=True)
    page_file, paper = KEPT / f"{name}.html", KEPT / f"{name}.pdf"
    page_file.write_bytes(write_html(sheet))
    page = browser.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("request", lambda request: told.append(request.url))
    page.goto(page_file.as_uri())
    page.pdf(path=paper, prefer_css_page_size=True)
    page.close()
    assert told == [page_file.as_uri()]
    return pypdf.PdfReader(paper)


def sheet(banner: str = SHEET.banner) -> Sheet:
    """A sheet of several pages, with a paragraph longer than a page."""
    paragraphs = [*SHEET.paragraphs, paragraph(LONG * 5, language="en")]
    paragraphs += [paragraph(f"{number}. {LONG}", language="en") for number in range(8)]
    paragraphs.insert(3, paragraph(f"{ARABIC} " * 30, Style.TEXT, "ar"))
    return Sheet(
        banner=banner,
        reference=SHEET.reference,
        copy=SHEET.copy,
        lines=SHEET.lines,
        paragraphs=tuple(paragraphs),
    )


@pytest.mark.parametrize(
    "banner", [SHEET.banner, "LIMITED REL " + ", ".join(f"OFFICE {number}" for number in range(60))]
)
def test_banner_reference_copy_and_page_stand_on_every_page_of_a4(browser: Browser, banner: str) -> None:
    """
    At its head and at its foot, also if the banner takes several lines; and no text is lost under it.
    """
    found = printed(browser, sheet(banner), f"banner of {len(banner)}")
    assert len(found.pages) > 3
    for number, page in enumerate(found.pages, 1):
        text = " ".join(page.extract_text().split())
        assert text.count(banner) == 2
        assert text.count(SHEET.copy) == 2
        assert text.count(SHEET.reference) == (3 if number == 1 else 2)
        assert f"Page {number} of {len(found.pages)}" in text
        assert (round(page.mediabox.width), round(page.mediabox.height)) == (595, 842)
        assert _under_the_edges(page) == []


def _under_the_edges(page: pypdf.PageObject) -> list[str]:
    """What of the paragraphs on a page stands as high as its head, or as low as its foot."""
    edges: list[float] = []
    other: list[tuple[float, str]] = []

    def visit(text: str, current: list[float], inner: list[float], *_: object) -> None:
        height = inner[5] * current[3] + current[5]
        if SHEET.copy in text:
            edges.append(height)
        elif "corridor" in text or "inspections" in text:
            other.append((height, text))

    page.extract_text(visitor_text=visit)
    assert max(edges) - min(edges) > 400
    return [text for height, text in other if not min(edges) + 5 < height < max(edges) - 5]


def test_text_runs_its_own_way_and_stands_as_it_was_written(browser: Browser) -> None:
    """
    Arabic from the right, lines and tabs as they are; and what looks like markup is text.
    """
    page = browser.new_page()
    page.set_content(write_html(SHEET).decode())
    ways = page.eval_on_selector_all(
        "section > :nth-child(2)", "nodes => nodes.map(node => getComputedStyle(node).direction)"
    )
    assert ways == ["ltr", "rtl", "ltr", "ltr", "ltr"]
    assert page.inner_text("h2.title") == "The port <is> open & busy"
    assert page.eval_on_selector_all("p.text", "nodes => nodes[1].innerText") == "first line\n\tsecond  line"
    page.close()
