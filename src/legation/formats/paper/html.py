# SPDX-License-Identifier: Apache-2.0
"""
A sheet as one HTML file that a browser prints on A4: no script, nothing from elsewhere, and a policy that forbids
both.

Rules kept here:

1. The banner, the reference and the copy stand at the head and foot of each printed page: what is fixed is printed on
   every page, and a table whose head and foot are repeated, unseen, keeps just their room free.
2. Everything that comes out of an item is escaped, and stands in a direction and a language of its own.
3. What is the same for all sheets, the style, is allowed by its hash, and nothing else is.
"""

from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files

from legation.formats.paper.sheet import Paragraph, Sheet, Style

_TAGS = {Style.TITLE: "h2", Style.TEXT: "p", Style.LINE: "p"}


def write_html(sheet: Sheet) -> bytes:
    """Write a sheet as HTML."""
    return "\n".join(_lines(sheet)).encode() + b"\n"


def _lines(sheet: Sheet) -> Iterator[str]:
    style = _style()
    digest = b64encode(sha256(style.encode()).digest()).decode("ascii")
    allowed = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{allowed}">'
    yield '<meta name="referrer" content="no-referrer">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(sheet.reference)}</title>"
    yield f"<style>{style}</style>"
    yield "</head>"
    yield "<body>"
    banner = f'<p class="banner">{escape(sheet.banner)}</p>'
    edge = f'<p class="edge"><span>{escape(sheet.reference)}</span> <span>{escape(sheet.copy)}</span></p>'
    yield f"<header>{banner}{edge}</header>"
    yield '<table role="presentation">'
    yield f'<thead aria-hidden="true"><tr><td>{banner}{edge}</td></tr></thead>'
    yield f'<tfoot aria-hidden="true"><tr><td>{edge}{banner}</td></tr></tfoot>'
    yield "<tbody><tr><td>"
    yield "<main>"
    yield f"<h1>{escape(sheet.reference)}</h1>"
    for line in sheet.lines:
        yield f'<p class="line">{escape(line)}</p>'
    for each in sheet.paragraphs:
        yield from _portion(each)
    yield "</main>"
    yield "</td></tr></tbody>"
    yield "</table>"
    yield f"<footer>{edge}{banner}</footer>"
    yield "</body>"
    yield "</html>"


def _portion(each: Paragraph) -> Iterator[str]:
    tag = _TAGS[each.style]
    yield "<section>"
    yield f'<p class="mark"><bdi>{escape(each.mark)}</bdi> <span class="code">[{each.code}]</span></p>'
    yield f'<{tag} class="{each.style.value}" dir="auto" lang="{each.language}">{escape(each.text)}</{tag}>'
    for line in each.about:
        yield f'<p class="about" dir="auto">{escape(line)}</p>'
    yield "</section>"


@cache
def _style() -> str:
    return (files("legation.formats.paper") / "print.css").read_text("utf-8")
