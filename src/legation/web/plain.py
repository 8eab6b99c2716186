# SPDX-License-Identifier: Apache-2.0
"""
The first plain pages: inbox, items and deliveries of one node, to be looked at and nothing else.

Nobody logs in yet, so these pages are for the demonstration: on the loopback interface only, behind a
random word in the address. Whoever has the address reads as the mission. Whatever is not a page for
this reader, be it forbidden, missing or misspelt, is answered with one and the same page.

Everything works without scripts, and none is sent.
"""

from collections.abc import Callable
from secrets import compare_digest
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from legation.errors import LegationError
from legation.item.portion import Text, Title, visible_text
from legation.records import DeliveriesRecord, InboxRecord, ItemRecord

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


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
        item: Gives one item by its id, or raises ``LegationError``.
        deliveries: Gives what was released.
    """
    pages = _Pages(office, inbox, item, deliveries)
    routes = [
        Route("/{token}/", _guarded(token, pages.inbox)),
        Route("/{token}/sent", _guarded(token, pages.deliveries)),
        Route("/{token}/items/{item}", _guarded(token, pages.item)),
        Route("/{token}/style.css", _guarded(token, pages.style)),
    ]
    return Starlette(
        routes=routes,
        exception_handlers={404: pages.missing, 405: pages.missing, LegationError: pages.missing},
    )


def _guarded(token: str, page: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """Give the page to whoever has the token, and to nobody else."""

    def serve(request: Request) -> Response:
        if not compare_digest(str(request.path_params["token"]).encode(), token.encode()):
            raise LegationError("there is no such page")
        return page(request)

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
        )
        self._templates.filters["visible"] = visible_text
        self._templates.globals["office"] = office
        self._templates.tests["title"] = lambda portion: isinstance(portion, Title)
        self._templates.tests["text"] = lambda portion: isinstance(portion, Text)

    def inbox(self, _: Request) -> Response:
        """The inbox, newest first."""
        return self._render("inbox.html", inbox=self._inbox())

    def deliveries(self, _: Request) -> Response:
        """What became of what was released."""
        return self._render("sent.html", sent=self._deliveries())

    def item(self, request: Request) -> Response:
        """One item, verified as it is shown."""
        return self._render("item.html", item=self._item(request.path_params["item"]))

    def style(self, _: Request) -> Response:
        """The style sheet."""
        text = self._templates.get_template("style.css").render()
        return PlainTextResponse(text, media_type="text/css", headers=HEADERS)

    def missing(self, _: Request, __: Exception) -> Response:
        """Forbidden, missing or misspelt: the same page."""
        return self._render("missing.html", status=404)

    def _render(self, name: str, *, status: int = 200, **values: Any) -> Response:
        return HTMLResponse(
            self._templates.get_template(name).render(values), status_code=status, headers=HEADERS
        )
