# SPDX-License-Identifier: Apache-2.0
"""
Whoever asks for pages, in this process: raw requests to the application, and what a page is made of.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from starlette.types import ASGIApp, Message

TOKEN = "a-word-that-nobody-guesses"
VOID = frozenset({"meta", "link", "br", "input", "img"})


@dataclass(frozen=True)
class Answer:
    """
    All that comes back: the status, every header in order, every byte.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def text(self) -> str:
        """
        The page.
        """
        return self.body.decode()

    def header(self, name: str) -> str:
        """
        One header, which is there once.
        """
        (value,) = [value for key, value in self.headers if key == name.lower().encode()]
        return value.decode()


def ask(app: ASGIApp, path: str, method: str = "GET", body: bytes = b"") -> Answer:
    """
    Send one request as a server would, with any path at all.
    """
    return asyncio.run(_ask(app, path, method, body))


async def _ask(app: ASGIApp, path: str, method: str, body: bytes) -> Answer:
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("utf-8", "surrogatepass"),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:1")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
        "state": {},
    }
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        told.append(message)

    await app(scope, receive, send)
    start, *rest = told
    return Answer(start["status"], tuple(start["headers"]), b"".join(each.get("body", b"") for each in rest))


@dataclass(frozen=True)
class Element:
    """
    One element: its name, its attributes, the names of those around it, the text directly inside.
    """

    name: str
    attributes: dict[str, str | None]
    around: tuple[str, ...]
    texts: list[str]

    @property
    def text(self) -> str:
        """
        What it says itself.
        """
        return "".join(self.texts).strip()


class Page(HTMLParser):
    """
    A page as its elements, in order; whatever is left open, or closed and never opened, fails.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """
        Enter an element.
        """
        assert len(dict(attrs)) == len(attrs), "an attribute is there twice"
        element = Element(tag, dict(attrs), tuple(each.name for each in self._open), [])
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        """
        Leave the element that was entered last.
        """
        assert self._open.pop().name == tag

    def handle_data(self, data: str) -> None:
        """
        Take in text.
        """
        if self._open:
            self._open[-1].texts.append(data)

    def all(self, *names: str) -> list[Element]:
        """
        Every element of these names, in order.
        """
        return [each for each in self.elements if each.name in names]

    def one(self, name: str) -> Element:
        """
        The only element of this name.
        """
        (found,) = self.all(name)
        return found

    def addresses(self) -> Iterator[str]:
        """
        Whatever a browser may be led to or made to fetch.
        """
        for each in self.elements:
            yield from (
                str(each.attributes[name]) for name in ("href", "src", "action") if name in each.attributes
            )
