# SPDX-License-Identifier: Apache-2.0

import json

import pytest

from legation.item.portion import Kind
from legation.projections import InboxRow
from legation.store.sqlite import access, inbox, items
from legation.store.sqlite.database import Writing
from legation.store.sqlite.inbox import InboxListing
from legation.store.sqlite.items import ViewState
from tests.store import rows

AUTHOR, RELAY = "KOR", "JPN@NATO"
OPEN, LIMITED, SECRET = 1, 2, 3
Layers = list[tuple[int, bool, str | None]]

TITLE: Layers = [(OPEN, False, "a title"), (LIMITED, True, None)]


@pytest.fixture
def db() -> Writing:
    """A node with three labels, and a reader of the first two."""
    made = rows.furnished()
    rows.interned(made, "OPEN", "LIMITED", "SECRET")
    access.allow(made, [OPEN, LIMITED])
    return made


def receive(
    db: Writing,
    name: str,
    layers: Layers,
    *,
    source: str = AUTHOR,
    at: int = 2000,
    data: bytes | None = None,
    because: str = "",
    office: str = AUTHOR,
    time: int = 1000,
) -> tuple[int, InboxRow]:
    """Store a view of an item as it comes in, and fold it."""
    rows.add_item(db, name, office=office, time=time)
    view_key = rows.add_view(
        db,
        name,
        data or f"{name} {layers} {source} {at}".encode(),
        [each[0] for each in layers],
        source=source,
        at=at,
        because=because,
    )
    return view_key, rows.fold_layers(db, name, view_key, layers)


def listed(db: Writing) -> list[tuple[bytes, str | None]]:
    """Id and title of what is listed."""
    return [(each.item_id, each.title) for each in inbox.rows(db)]


class TestRows:
    def test_lists_what_may_be_seen_of_an_item(self, db: Writing) -> None:
        """
        One line an item: who wrote it, who handed it over, when, the title, and under which labels.
        """
        receive(db, "a", [*TITLE, (SECRET, True, None)], source=RELAY)
        assert inbox.rows(db) == [
            InboxListing(
                item_id=rows.digest("a"),
                document=rows.drawn("document of a", 16),
                kind=Kind.REPORT,
                office=AUTHOR,
                source=RELAY,
                reference="KOR A",
                time=1000,
                received_at=2000,
                title="a title",
                access_ids=(OPEN, LIMITED),
            )
        ]

    def test_the_newest_is_first(self, db: Writing) -> None:
        """
        What came last is first; of what came together what was written last, and then by id.
        """
        for name, at, time in (("a", 1, 9), ("b", 3, 1), ("c", 2, 5), ("d", 2, 7), ("e", 2, 7)):
            receive(db, name, TITLE, at=at, time=time)
        pair = sorted(rows.digest(name) for name in ("d", "e"))
        assert [each.item_id for each in inbox.rows(db)] == [
            rows.digest("b"),
            *pair,
            rows.digest("c"),
            rows.digest("a"),
        ]

    def test_a_title_is_shown_to_those_who_may_see_its_layer(self, db: Writing) -> None:
        """
        Without the layer of the title there is none, and the item is listed all the same.
        """
        receive(db, "a", [(SECRET, False, "a secret title"), (LIMITED, True, None)])
        assert listed(db) == [(rows.digest("a"), None)]
        access.allow(db, [LIMITED, SECRET])
        assert listed(db) == [(rows.digest("a"), "a secret title")]

    def test_what_says_nothing_is_not_listed(self, db: Writing) -> None:
        """
        A view of whose layers the reader may see none with a paragraph is not there for them.
        """
        receive(db, "a", [(OPEN, False, "a title"), (SECRET, True, None)])
        receive(db, "b", [(SECRET, True, "another")])
        assert inbox.rows(db) == []
        access.allow(db, [SECRET])
        assert len(inbox.rows(db)) == 2

    def test_whoever_may_see_nothing_is_shown_nothing(self, db: Writing) -> None:
        """
        Where nothing is allowed nothing is listed; so it is before a reader is bound.
        """
        receive(db, "a", TITLE)
        access.allow(db, [])
        assert inbox.rows(db) == []

    def test_what_is_set_apart_is_not_listed(self, db: Writing) -> None:
        """
        A view that is set apart after it was folded is listed no more, and is again when it is held.
        """
        receive(db, "a", TITLE, because="no policy")
        view_key, _ = receive(db, "b", TITLE)
        assert listed(db) == [(rows.digest("b"), "a title")]
        items.set_view_state(db, view_key, ViewState.QUARANTINED, "taken back by its sender")
        assert listed(db) == []
        items.set_view_state(db, view_key, ViewState.HELD, "")
        assert listed(db) == [(rows.digest("b"), "a title")]

    def test_of_several_views_the_fullest_is_listed(self, db: Writing) -> None:
        """
        An item is one line, from the view of which this reader may see most layers.
        """
        receive(db, "a", [(LIMITED, True, None), (SECRET, True, None)], at=5, source=RELAY)
        receive(db, "a", TITLE, at=9, source="AUS")
        assert [(each.source, each.received_at, each.access_ids) for each in inbox.rows(db)] == [
            ("AUS", 9, (OPEN, LIMITED))
        ]
        access.allow(db, [LIMITED, SECRET])
        assert [(each.source, each.access_ids) for each in inbox.rows(db)] == [(RELAY, (LIMITED, SECRET))]

    def test_at_a_tie_the_authors_own_is_listed_then_the_first(self, db: Writing) -> None:
        """
        Of views that show as much it is the one that the author handed over, then the one that came first.
        """
        for source, at, wanted in ((RELAY, 7, RELAY), ("AUS", 5, "AUS"), (AUTHOR, 9, AUTHOR)):
            receive(db, "a", TITLE, source=source, at=at)
            assert [each.source for each in inbox.rows(db)] == [wanted]

    def test_a_view_without_a_paragraph_does_not_hide_one_with(self, db: Writing) -> None:
        """
        A fuller view that says nothing to this reader gives way to one that says something.
        """
        receive(
            db, "a", [(OPEN, False, "a title"), (LIMITED, False, None), (SECRET, True, None)], source=RELAY
        )
        receive(db, "a", [(LIMITED, True, None)], source="AUS")
        assert [each.source for each in inbox.rows(db)] == ["AUS"]

    def test_what_is_listed_is_what_is_shown(self, db: Writing) -> None:
        """
        The view that a reader is given of an item shows them what its line says.
        """
        many: list[tuple[Layers, str, int]] = [
            ([(OPEN, False, "a title"), (LIMITED, False, None)], AUTHOR, 1),
            ([(LIMITED, True, None)], RELAY, 2),
            ([(LIMITED, True, None), (SECRET, True, None)], "AUS", 2),
            ([(OPEN, False, "a title"), (SECRET, True, None)], "AUS", 3),
            ([(SECRET, True, None)], AUTHOR, 3),
        ]
        for layers, source, at in many:
            receive(db, "a", layers, source=source, at=at, data=repr([each[0] for each in layers]).encode())
        for allowed in ([OPEN, LIMITED], [LIMITED], [SECRET], [LIMITED, SECRET], [OPEN, SECRET]):
            access.allow(db, allowed)
            (line,) = inbox.rows(db)
            shown = json.loads(items.readable_view(db, line.item_id, rows.MemoryBlobs()))
            assert tuple(each for each in shown if each in allowed) == line.access_ids

    def test_views_that_show_the_same_are_one_line(self, db: Writing) -> None:
        """
        A second view with other hidden layers changes nothing but what an own copy of the author would.
        """
        hidden: Layers = [(SECRET, True, "hidden")]
        receive(db, "a", TITLE, source=RELAY, at=4)
        before = inbox.rows(db)
        receive(db, "a", [*TITLE, *hidden], source="AUS", at=5)
        assert inbox.rows(db) == before
        receive(db, "a", [*TITLE, *hidden], source=AUTHOR, at=6)
        (line,) = inbox.rows(db)
        assert (line.source, line.received_at) == (AUTHOR, 4)


class TestFold:
    def test_what_was_folded_comes_back(self, db: Writing) -> None:
        """
        The rows are what the fold gave, view by view, for comparison.
        """
        wanted = [receive(db, name, [*TITLE, (SECRET, True, None)]) for name in ("a", "b")]
        assert [(view_key, inbox.folded(db, view_key)) for view_key, _ in wanted] == wanted

    def test_a_view_that_is_there_stays(self, db: Writing) -> None:
        """
        The same view folded again changes nothing.
        """
        view_key, row = receive(db, "a", TITLE)
        before = rows.everything(db)
        inbox.fold_view(db, view_key, row)
        assert rows.everything(db) == before

    def test_our_own_item_is_not_received(self, db: Writing) -> None:
        """
        When a peer hands our own whole item back it is still one that was sent.
        """
        rows.add_item(db, "a", office=rows.OURS, is_own=True)
        view_key = rows.add_view(db, "a", b"whole", [LIMITED], source="")
        assert rows.add_view(db, "a", b"whole", [LIMITED], source=AUTHOR) == view_key
        rows.fold_layers(db, "a", view_key, [(LIMITED, True, None)])
        assert inbox.rows(db) == []
        assert inbox.folded(db, view_key) is None

    def test_can_be_dropped_and_folded_again(self, db: Writing) -> None:
        """
        Nothing is lost with the projection: folded again it is the same.
        """
        wanted = [receive(db, name, TITLE, at=at) for name, at in (("a", 1), ("b", 2))]
        before = inbox.rows(db)
        for view_key, _ in wanted:
            inbox.drop(db, view_key)
        assert inbox.rows(db) == []
        assert rows.count(db, "inbox_layer") == 0
        for view_key, row in reversed(wanted):
            inbox.fold_view(db, view_key, row)
        assert inbox.rows(db) == before
