# SPDX-License-Identifier: Apache-2.0
"""
The first plain pages: inbox, items and deliveries of one node, to be looked at and nothing else.

Nobody logs in yet, so these pages are for the demonstration: on the loopback interface only, behind a
random word in the address. Whoever has the address reads as the mission.

Rules kept here:

1. Whatever is no page for this reader, be it forbidden, missing or misspelt, asked for in another way or
   under another word, is answered with one and the same page, byte for byte.
2. Nothing is sent that is not asked for by these pages from this node: no script, nothing from elsewhere.
   What a browser could still be made to do is forbidden by the headers.
3. Whatever comes out of an item is escaped, stands in a direction of its own, and has its invisible and
   direction-changing characters spelled out.
4. A failure is told as one, without a word of what failed.
"""

from collections.abc import Callable
from importlib.resources import files
from secrets import compare_digest
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from legation.errors import MalformedError
from legation.item.portion import visible_text
from legation.records import DeliveriesRecord, InboxRecord, ItemRecord

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
ITEM_ID_LENGTH = 64  # hexadecimal digits; the pages link to whole ids, and nobody guesses by halves


def plain_pages(
    *,
    office: str,
    token: str,
    inbox: Callable[[], InboxRecord],
    item: Callable[[str], ItemRecord],
    deliveries: Callable[[], DeliveriesRecord],
) -> Starlette:
    """
    Make the pages of one node.

    Args:
        office: Whose node it is.
        token: The word in the address, random and unguessable.
        inbox: Gives the inbox.
        item: Gives one item by its id, or raises ``MalformedError`` where there is none for this reader.
        deliveries: Gives what was released.
    """
    pages = _Pages(office, inbox, item, deliveries)
    routes = [
        Route("/{token}/", _guarded(pages, token, pages.inbox)),
        Route("/{token}/sent", _guarded(pages, token, pages.deliveries)),
        Route("/{token}/items/{item}", _guarded(pages, token, pages.item)),
        Route("/{token}/style.css", _guarded(pages, token, pages.style)),
    ]
    application = Starlette(
        routes=routes,
        exception_handlers={404: lambda _, __: pages.missing(), 405: lambda _, __: pages.missing()},
    )
    # It would send whoever leaves a slash out, or adds one, to where the page may be.
    application.router.redirect_slashes = False
    return application


Page = Callable[[Request], Response]


def _guarded(pages: "_Pages", token: str, page: Page) -> Page:
    """Give the page to whoever has the token, and to nobody else."""

    def serve(request: Request) -> Response:
        typed = request.path_params["token"].encode("utf-8", "surrogatepass")
        if not compare_digest(typed, token.encode()):
            return pages.missing()
        try:
            return page(request)
        except MalformedError:
            return pages.missing()
        except Exception:  # noqa: BLE001 - one of the three doors where everything is caught
            return pages.failed()

    return serve


class _Pages:
    """Renders records; plain functions, which the server runs in threads."""

    def __init__(
        self,
        office: str,
        inbox: Callable[[], InboxRecord],
        item: Callable[[str], ItemRecord],
        deliveries: Callable[[], DeliveriesRecord],
    ) -> None:
        self._inbox, self._item, self._deliveries = inbox, item, deliveries
        self._templates = Environment(
            loader=PackageLoader("legation.web"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"visible": visible_text, "clock": _clock, "kind": _kind}
        self._templates.globals["office"] = office
        self._style = (files("legation.web") / "templates" / "style.css").read_bytes()
        self._missing = self._templates.get_template("missing.html").render()

    def inbox(self, _: Request) -> Response:
        """The inbox, newest first."""
        return self._page("inbox.html", inbox=self._inbox())

    def deliveries(self, _: Request) -> Response:
        """What became of what was released."""
        return self._page("sent.html", sent=self._deliveries())

    def item(self, request: Request) -> Response:
        """
        One item, verified as it is shown.

        Raises:
            MalformedError: There is none.
        """
        typed = request.path_params["item"]
        if len(typed) != ITEM_ID_LENGTH or set(typed) - set("0123456789abcdef"):
            raise MalformedError("this is no id of an item")
        return self._page("item.html", item=self._item(typed))

    def style(self, _: Request) -> Response:
        """The style sheet."""
        return Response(self._style, media_type="text/css", headers=HEADERS)

    def missing(self) -> Response:
        """Forbidden, missing or misspelt: the same page."""
        return HTMLResponse(self._missing, status_code=404, headers=HEADERS)

    def failed(self) -> Response:
        """Something here does not work, and it is not the reader's doing."""
        return self._page("failed.html", status=500)

    def _page(self, name: str, *, status: int = 200, **values: Any) -> Response:
        text = self._templates.get_template(name).render(values)
        return HTMLResponse(text, status_code=status, headers=HEADERS)


def _clock(instant: str) -> str:
    """Spell an instant of a record for a person."""
    return instant.replace("T", " ").replace("+00:00", " UTC")


def _kind(portion: object) -> str:
    """Name what kind of portion it is."""
    return type(portion).__name__.lower()
