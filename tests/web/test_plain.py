# SPDX-License-Identifier: Apache-2.0

import re
from collections.abc import Callable
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from legation.errors import LegationError, MalformedError, StoreError, VerificationError
from legation.item.portion import (
    Addressees,
    Form,
    FormName,
    Kind,
    Link,
    Portion,
    Status,
    Text,
    Title,
    Topics,
    Withheld,
)
from legation.labels import Clearance
from legation.node.desk.reading import read_deliveries, read_inbox, show_item
from legation.records import (
    DeliveriesRecord,
    DeliveryRecord,
    InboxEntryRecord,
    InboxRecord,
    ItemRecord,
    PortionRecord,
)
from legation.store.sqlite import node as node_table
from legation.web import plain_pages
from tests.node.pair import Node, Village
from tests.stories.cast import OID
from tests.web.browser import TOKEN, Answer, Page, ask

ITEM, OTHER = "ab" * 32, "cd" * 32
REFERENCE = "KOR@NATO 2026-7KQ4-M2X6"
TIME = "2026-11-24T09:58:42+00:00"
BANNER = "SECRET REL KOR, JPN"
INBOX, SENT, SHEET, STYLE = f"/{TOKEN}/", f"/{TOKEN}/sent", f"/{TOKEN}/items/{ITEM}", f"/{TOKEN}/style.css"
PAGES = [INBOX, SENT, SHEET]

PORTIONS: tuple[Portion, ...] = (
    Title(text="Republic of Korea: a mission to NATO"),
    Form(form=FormName.TELEGRAM),
    Topics(topics=("Indo-Pacific", "summit")),
    Addressees(action=("KOR",), information=("JPN@NATO", "NATO")),
    Text(
        text="The envoy is expected.\nNothing more is known.",
        language="en",
        source="media, citing unnamed officials",
        grade="C3",
        status=Status.EXPECTED,
        caveat="not for the press",
        handling="by hand",
        origin="JPN",
        originator_control=True,
    ),
    Text(text="한국 대표단", language="ko"),
    Link(item=bytes.fromhex(OTHER)),
    Withheld(reason="a source"),
    Withheld(),
)


def an_item(*portions: Portion, **more: Any) -> ItemRecord:
    """
    An item as a reader is shown it.
    """
    values: dict[str, Any] = {
        "item": ITEM,
        "document": OTHER,
        "kind": Kind.REPORT,
        "time": TIME,
        "banner": BANNER,
        "portions": tuple(
            PortionRecord(mark="(S//REL KOR, JPN)", code="2SVF0Y", portion=each) for each in portions
        ),
        "verified": True,
        "author": "KOR@NATO",
        "reference": REFERENCE,
        "key_state": "current",
    }
    return ItemRecord(**values | more)


def an_entry(title: str, **more: Any) -> InboxEntryRecord:
    """
    A line of the inbox.
    """
    values: dict[str, Any] = {
        "item": ITEM,
        "reference": REFERENCE,
        "author": "KOR@NATO",
        "kind": Kind.REPORT,
        "time": TIME,
        "received": TIME,
        "banner": BANNER,
        "title": title,
    }
    return InboxEntryRecord(**values | more)


def a_delivery(why: str = "no connection yet") -> DeliveryRecord:
    """
    A delivery.
    """
    return DeliveryRecord(
        item=ITEM, reference=REFERENCE, addressee="AUS@NATO", state="waiting", why=why, since=TIME
    )


def pages_of(
    *portions: Portion,
    inbox: Callable[[], InboxRecord] = lambda: InboxRecord(entries=(an_entry("A mission"),)),
    deliveries: Callable[[], DeliveriesRecord] = lambda: DeliveriesRecord(deliveries=(a_delivery(),)),
    fails: Exception | None = None,
    **more: Any,
) -> Starlette:
    """
    The pages of a node that has one item.
    """

    def item(wanted: str) -> ItemRecord:
        if fails is not None:
            raise fails
        if wanted != ITEM:
            raise MalformedError("there is none")
        return an_item(*(portions or PORTIONS), **more)

    return plain_pages(office="JPN@NATO", token=TOKEN, inbox=inbox, item=item, deliveries=deliveries)


def page(app: Starlette, path: str) -> Page:
    """
    A page that is there.
    """
    found = ask(app, path)
    assert found.status == 200
    return Page(found.text)


class TestPages:
    def test_the_inbox_lists_what_came(self) -> None:
        """
        Each line has the banner, a link with the title, the reference, the kind, and when it came.
        """
        said = ask(pages_of(), INBOX).text
        assert f"<bdi>{BANNER}</bdi>" in said
        assert f'<a href="items/{ITEM}"><bdi dir="auto">A mission</bdi></a>' in said
        assert f"<bdi>{REFERENCE}</bdi>" in said
        assert f'<time datetime="{TIME}">2026-11-24 09:58:42 UTC</time>' in said

    def test_a_title_that_may_not_be_seen_is_the_reference(self) -> None:
        """
        Whoever may not see the title is shown the reference in its place.
        """
        entry = an_entry("", source="JPN")
        found = page(pages_of(inbox=lambda: InboxRecord(entries=(entry,))), INBOX)
        (link,) = [each for each in found.all("bdi") if "a" in each.around]
        assert link.text == REFERENCE
        assert "JPN" in [each.text for each in found.all("bdi")]

    def test_an_item_shows_all_that_its_record_has(self) -> None:
        """
        Every kind of portion is shown with its mark, its code, and everything that qualifies it.
        """
        found = page(pages_of(), SHEET)
        said = " ".join(each.text for each in found.elements)
        for expected in [
            "Republic of Korea: a mission to NATO",
            "Form: telegram",
            "Indo-Pacific",
            "JPN@NATO",
            "Nothing more is known.",
            "media, citing unnamed officials",
            "C3",
            "expected",
            "not for the press",
            "by hand",
            "not to be passed on without the originator's consent",
            "한국 대표단",
            f"See item {OTHER}",
            "Something is withheld here",
            "a source",
        ]:
            assert expected in said
        assert len([each for each in found.all("bdi") if each.text == "(S//REL KOR, JPN)"]) == len(PORTIONS)
        assert said.count("2SVF0Y") == len(PORTIONS)

    def test_an_item_stands_between_its_banners(self) -> None:
        """
        The banner is the first and the last thing on the sheet.
        """
        found = [each for each in page(pages_of(), SHEET).elements if each.text]
        assert [found[2].text, found[-1].text] == [BANNER, BANNER]
        assert found[1].attributes["class"] == "skip"

    @pytest.mark.parametrize(("state", "told"), [("current", False), ("retired", True)])
    def test_an_item_says_who_signed_it(self, state: str, told: bool) -> None:
        """
        The author is named; a key that is not in use any more is told.
        """
        said = ask(pages_of(key_state=state), SHEET).text
        assert "Verified: signed by <bdi>KOR@NATO</bdi>" in said
        assert ("whose key is retired" in said) is told

    def test_what_was_sent_is_a_table(self) -> None:
        """
        Each delivery is a row: item, addressee, state, why.
        """
        found = page(pages_of(), SENT)
        assert [each.text for each in found.all("th")][:4] == ["Item", "Addressee", "State", "Why"]
        assert [each.text for each in found.all("td")][1:] == ["waiting", "no connection yet"]
        assert found.one("tbody") is not None

    @pytest.mark.parametrize(
        ("path", "said"), [(INBOX, "Nothing has come in yet."), (SENT, "Nothing was released yet.")]
    )
    def test_an_empty_page_says_so(self, path: str, said: str) -> None:
        """
        Where there is nothing yet, a sentence says it, and no empty list is there.
        """
        nothing = pages_of(
            inbox=lambda: InboxRecord(entries=()), deliveries=lambda: DeliveriesRecord(deliveries=())
        )
        found = page(nothing, path)
        assert said in [each.text for each in found.all("p")]
        assert not found.all("ol", "table")

    @pytest.mark.parametrize("path", PAGES)
    def test_every_link_leads_to_a_page(self, path: str) -> None:
        """
        Whatever a page leads to or fetches is there, at this node.
        """
        app = pages_of()
        for address in page(app, path).addresses():
            if address == "#content":
                continue
            assert not re.match(r"[a-z]+:|//|/", address)
            parts = path.rsplit("/", 1)[0].split("/")
            for step in address.split("/"):
                parts = parts[:-1] if step == ".." else parts if step == "." else [*parts, step]
            assert ask(app, "/".join(parts)).status == 200, address


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ office }}{% include 'base.html' %}",
    "</title></head><body onload=alert(1)>",
    "&lt;b&gt; &amp; &#0; <!-- --> ]]>",
    "javascript:alert(1)",
    "\u202eKOR LER TERCES\u202c",
    "\u2066(O)\u2069 \u200b\u200f\ufeff",
    "العنوان (S//REL KOR) עברית",
    "日本語 한국어 हिन्दी ไทย",
    "e\u0301\u0301\u0301" * 50,
    "a" * 999,
]


class TestHostileContent:
    @pytest.mark.parametrize("text", HOSTILE)
    @pytest.mark.parametrize("path", PAGES)
    def test_a_text_makes_no_element(self, path: str, text: str) -> None:
        """
        Whatever stands in a title, a text, a source or a reason, the page has the elements that it had.
        """

        def app(text: str) -> Starlette:
            return pages_of(
                Title(text=text),
                Text(text=text, source=text, caveat=text, handling=text),
                Topics(topics=(text,)),
                Withheld(reason=text),
                inbox=lambda: InboxRecord(entries=(an_entry(text),)),
                deliveries=lambda: DeliveriesRecord(deliveries=(a_delivery(text),)),
            )

        found, usual = page(app(text), path), page(app("usual"), path)
        assert [(each.name, each.attributes) for each in found.elements] == [
            (each.name, each.attributes) for each in usual.elements
        ]

    @pytest.mark.parametrize("path", [INBOX, SHEET])
    @pytest.mark.parametrize("control", ["\u202e", "\u2066", "\u200f", "\u200b", "\ufeff", "\U000e0041"])
    def test_no_invisible_character_reaches_the_page(self, path: str, control: str) -> None:
        """
        What would turn or hide text is spelled out, so that what is shown is all there is.
        """
        text = f"one{control}two"
        app = pages_of(
            Title(text=text),
            Text(text=text, source=text),
            inbox=lambda: InboxRecord(entries=(an_entry(text),)),
        )
        said = ask(app, path).text
        assert control not in said
        assert f"one&lt;U+{ord(control):04X}&gt;two" in said

    @pytest.mark.parametrize("path", PAGES)
    def test_content_has_a_direction_of_its_own(self, path: str) -> None:
        """
        Whatever comes from outside stands in an element whose direction is its own, in any script.
        """
        text = "העיתונות"
        app = pages_of(
            Title(text=text),
            Text(text=text, source=text, caveat=text, handling=text),
            Topics(topics=(text,)),
            Withheld(reason=text),
            inbox=lambda: InboxRecord(entries=(an_entry(text),)),
        )
        for each in page(app, path).elements:
            if text in each.text:
                assert each.attributes.get("dir") == "auto", each

    def test_a_text_says_its_language(self) -> None:
        """
        A paragraph in another language says so to whoever reads it aloud; one that says nothing has none.
        """
        app = pages_of(Text(text="한국", language="ko"), Text(text="quiet"))
        spoken = {each.text: each.attributes.get("lang") for each in page(app, SHEET).all("p")}
        assert (spoken["한국"], spoken["quiet"]) == ("ko", None)


WRONG = "another-word-of-this-kind-"


class TestWhatIsNotThere:
    @pytest.fixture
    def missing(self) -> Answer:
        """
        The answer for an item that never was.
        """
        return ask(pages_of(), f"/{TOKEN}/items/{OTHER}")

    def test_a_missing_item_has_a_page_that_says_nothing(self, missing: Answer) -> None:
        """
        It names neither the office nor what was asked for.
        """
        assert missing.status == 404
        assert Page(missing.text).one("h1").text == "No such page"
        for word in (OTHER, "JPN", TOKEN):
            assert word not in missing.text

    @pytest.mark.parametrize(
        "path",
        [
            "",
            "/",
            "//",
            f"/{TOKEN}",
            f"/{TOKEN}//",
            f"/{TOKEN}/sent/",
            f"/{TOKEN}/inbox",
            f"/{TOKEN}/SENT",
            f"/{TOKEN}/items",
            f"/{TOKEN}/items/",
            f"/{TOKEN}/items/{ITEM}/",
            f"/{TOKEN}/items/{ITEM[:63]}",
            f"/{TOKEN}/items/{ITEM[:8]}",
            f"/{TOKEN}/items/{ITEM.upper()}",
            f"/{TOKEN}/items/{ITEM} ",
            f"/{TOKEN}/items/{ITEM}\0",
            f"/{TOKEN}/items/{REFERENCE}",
            f"/{TOKEN}/items/{'٣' * 64}",
            f"/{TOKEN}/items/../items/{ITEM}",
            f"/{TOKEN}/items/{'x' * 10_000}",
            f"/{TOKEN}/items/\udcff",
            f"/{TOKEN}/../{TOKEN}/",
            f"/{TOKEN}/templates/base.html",
            f"/{TOKEN}x/",
            f"/{TOKEN[:-1]}/",
            f"/{TOKEN.upper()}/",
            f"/{TOKEN} /",
            f"/{WRONG}/",
            f"/{WRONG}/sent",
            f"/{WRONG}/style.css",
            f"/{WRONG}/items/{ITEM}",
            f"/{WRONG}/nowhere",
            "/\udcff/",
            "/\u00e9/",
            f"/{TOKEN}\n/",
            "/favicon.ico",
            "/static/../../etc/passwd",
        ],
    )
    def test_whatever_is_no_page_is_answered_alike(self, path: str, missing: Answer) -> None:
        """
        A misspelt address, a wrong word, half an id: every header and byte is that of a missing item.
        """
        assert ask(pages_of(), path) == missing

    @pytest.mark.parametrize("path", [*PAGES, STYLE, f"/{WRONG}/", f"/{TOKEN}/nowhere"])
    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW", ""])
    def test_nothing_but_reading_is_answered(self, path: str, method: str, missing: Answer) -> None:
        """
        Any other method is answered like a page that is not there, and names none that would do.
        """
        assert ask(pages_of(), path, method, b"title=x") == missing

    @pytest.mark.parametrize("path", [*PAGES, STYLE, f"/{TOKEN}/nowhere", f"/{WRONG}/"])
    def test_a_head_has_the_headers_of_its_page(self, path: str) -> None:
        """
        Asking for the headers alone gives those that the page has.
        """
        whole, head = ask(pages_of(), path), ask(pages_of(), path, "HEAD")
        assert (head.status, head.headers) == (whole.status, whole.headers)

    def test_a_forbidden_item_is_answered_like_a_missing_one(self, village: Village) -> None:
        """
        An item that this office holds and its people may not see is not there, byte for byte.
        """
        kor, jpn = village.pair("KOR@NATO", "JPN@NATO")
        item = kor.releases("(C//REL KOR, JPN) The seating was changed.", to=["JPN@NATO"])
        jpn.pulls(kor)
        app = pages_of_node(jpn)
        assert "The seating was changed." in ask(app, f"/{TOKEN}/items/{item}").text
        lower = Clearance(policy_id=OID, classifications=("OPEN",))
        jpn.database.write(lambda db: node_table.set_mission_clearance(db, lower))
        forbidden = ask(app, f"/{TOKEN}/items/{item}")
        assert forbidden == ask(app, f"/{TOKEN}/items/{OTHER}")
        assert "Nothing has come in yet." in ask(app, INBOX).text


@pytest.fixture
def village(tmp_path: Path) -> Any:
    """
    An empty village, closed in the end.
    """
    with Village(tmp_path) as made:
        yield made


def pages_of_node(node: Node) -> Starlette:
    """
    The pages of a node, put together as the demonstration does it.
    """
    more: dict[str, Any] = {"card": node.card, "database": node.database, "around": node.around}
    return plain_pages(
        office=node.office,
        token=TOKEN,
        inbox=lambda: read_inbox(node.office, **more),
        item=lambda item: show_item(item, node.office, (), blobs=node.home.blobs, **more),
        deliveries=lambda: read_deliveries(database=node.database, around=node.around),
    )


class TestFailures:
    @pytest.mark.parametrize(
        "error",
        [
            StoreError("the store is busy CANARY"),
            VerificationError("leaves and proof lead to another root CANARY"),
            LegationError("CANARY"),
            ValueError("CANARY"),
            KeyError("CANARY"),
            RecursionError("CANARY"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_a_failure_is_told_as_one_and_says_nothing(self, error: Exception) -> None:
        """
        What fails is not answered as missing, with no word of the failure, and the same for all.
        """
        found = ask(pages_of(fails=error), SHEET)
        assert found.status == 500
        assert Page(found.text).one("h1").text == "This does not work now"
        assert "CANARY" not in repr(found)
        assert found == ask(pages_of(fails=ArithmeticError()), SHEET)


class TestHeaders:
    @pytest.mark.parametrize("path", [*PAGES, STYLE, "/nowhere", f"/{WRONG}/"])
    def test_every_answer_forbids_what_it_does_not_need(self, path: str) -> None:
        """
        No script, no form, no frame, no other origin, no referrer, no guessing of types, no copy kept.
        """
        found = ask(pages_of(), path)
        policy = dict(
            each.strip().split(" ", 1) for each in found.header("content-security-policy").split(";")
        )
        assert policy == {
            "default-src": "'none'",
            "style-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
        }
        assert found.header("cache-control") == "no-store"
        assert found.header("cross-origin-opener-policy") == "same-origin"
        assert found.header("cross-origin-resource-policy") == "same-origin"
        assert found.header("referrer-policy") == "no-referrer"
        assert found.header("x-content-type-options") == "nosniff"
        assert found.header("content-length") == str(len(found.body))

    def test_a_failure_has_the_headers_too(self) -> None:
        """
        What goes wrong is no way around them.
        """
        found, usual = ask(pages_of(fails=ValueError()), SHEET), ask(pages_of(), SHEET)
        assert [name for name, _ in found.headers] == [name for name, _ in usual.headers]
        assert found.header("content-security-policy") == usual.header("content-security-policy")

    def test_types_are_told(self) -> None:
        """
        Pages are HTML in UTF-8, the style sheet is CSS.
        """
        assert ask(pages_of(), INBOX).header("content-type") == "text/html; charset=utf-8"
        assert ask(pages_of(), STYLE).header("content-type") == "text/css; charset=utf-8"


class TestAccess:
    """
    What can be held by a test of WCAG 2.2, level AA; the numbers are those of its criteria.
    """

    @pytest.mark.parametrize("path", [*PAGES, "/nowhere"])
    def test_nothing_needs_or_has_a_script_or_a_style_of_its_own(self, path: str) -> None:
        """
        There is no script, no handler, no style in an element: the policy would stop it.
        """
        for each in page_or_missing(path).elements:
            assert each.name not in {
                "script",
                "style",
                "iframe",
                "object",
                "embed",
                "base",
                "form",
                "img",
                "svg",
            }
            assert not [name for name in each.attributes if name.startswith("on") or name == "style"]

    @pytest.mark.parametrize("path", [*PAGES, "/nowhere"])
    def test_language_and_title_are_told(self, path: str) -> None:
        """
        The page says its language (3.1.1) and has a title of its own (2.4.2).
        """
        found = page_or_missing(path)
        assert found.one("html").attributes["lang"] == "en"
        titles = {page_or_missing(each).one("title").text for each in [*PAGES, "/nowhere"]}
        assert len(titles) == 4
        assert found.one("title").text in titles

    @pytest.mark.parametrize("path", [*PAGES, "/nowhere"])
    def test_everything_that_is_said_stands_in_a_landmark(self, path: str) -> None:
        """
        Header, main and footer hold all text (1.3.1), save the link that skips to the content (2.4.1).
        """
        found = page_or_missing(path)
        body = [each for each in found.elements if "body" in each.around and each.text]
        outside = [each for each in body if not {"header", "main", "footer"} & {*each.around, each.name}]
        if path in PAGES:
            (skip,) = outside
            assert skip.attributes["href"] == "#content"
            assert found.one("main").attributes["id"] == "content"
            assert found.one("nav").attributes["aria-label"]
        else:
            assert outside == []

    @pytest.mark.parametrize("path", [*PAGES, "/nowhere"])
    def test_headings_go_down_by_one(self, path: str) -> None:
        """
        One heading of the first level comes first, and no level is left out (1.3.1, 2.4.6).
        """
        levels = [int(each.name[1]) for each in page_or_missing(path).all("h1", "h2", "h3", "h4")]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))

    @pytest.mark.parametrize(("path", "name"), [(INBOX, "Inbox"), (SENT, "Sent")])
    def test_the_page_one_is_on_is_told(self, path: str, name: str) -> None:
        """
        Of the links to the pages one is the current page, and it is told, not only shown.
        """
        current = [each for each in page_or_missing(path).all("a") if "aria-current" in each.attributes]
        assert [each.text for each in current] == [name]

    def test_tables_have_headers_in_both_directions(self) -> None:
        """
        Each cell of the table can be told by its column and its row (1.3.1).
        """
        scopes = [each.attributes.get("scope") for each in page_or_missing(SENT).all("th")]
        assert scopes == ["col"] * 4 + ["row"]
        assert page_or_missing(SENT).one("caption").text

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize(
        ("colour", "least"), [("ink", 4.5), ("quiet", 4.5), ("link", 4.5), ("line", 3.0)]
    )
    def test_colours_stand_out(self, scheme: str, colour: str, least: float) -> None:
        """
        Text has a contrast of 4.5 to 1 (1.4.3), lines and the mark of the focus 3 to 1 (1.4.11).
        """
        colours = colours_of(scheme)
        assert contrast(colours[colour], colours["ground"]) >= least

    def test_no_colour_goes_by_another_way(self) -> None:
        """
        Every colour is one of those whose contrast is computed.
        """
        rules = re.sub(r"--[a-z]+: #[0-9a-f]{6};", "", style())
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb|hsl|oklch|\bcolor-mix|opacity|filter", rules)
        used = set(re.findall(r"(?<![a-z-])(?:color|background): ([^;]+);", rules))
        assert used <= {"inherit", *(f"var(--{name})" for name in colours_of("light"))}
        assert set(colours_of("light")) == set(colours_of("dark"))

    def test_contrast_is_computed_as_the_guidelines_have_it(self) -> None:
        """
        Black on white is 21 to 1, and the grey that just passes is the one that is known for it.
        """
        assert contrast("#000000", "#ffffff") == pytest.approx(21)
        assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)

    def test_the_focus_is_seen(self) -> None:
        """
        A link that has the focus is outlined (2.4.7); no other outline is taken away but that of the content.
        """
        assert re.search(r"a:focus-visible \{ outline: 3px solid var\(--link\)", style())
        assert re.findall(r"([^\n{]+) \{[^}]*outline: none", style()) == ["main:focus"]

    def test_the_style_sheet_fetches_nothing(self) -> None:
        """
        No font, picture or other sheet is asked for.
        """
        assert not re.search(r"url\(|@import|@font-face", style())


def page_or_missing(path: str) -> Page:
    """
    A page, also one that says there is none.
    """
    return Page(ask(pages_of(), path).text)


def style() -> str:
    """
    The style sheet.
    """
    return (files("legation.web") / "templates" / "style.css").read_text()


def colours_of(scheme: str) -> dict[str, str]:
    """
    The colours of one scheme, by name.
    """
    light, dark = style().split("@media (prefers-color-scheme: dark)")
    text = {"light": light, "dark": dark}[scheme]
    return dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", text))


def contrast(one: str, other: str) -> float:
    """
    The contrast of two colours, from 1 to 21 (WCAG 2.2, relative luminance).
    """
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """
    How bright a colour is, from 0 to 1.
    """
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
