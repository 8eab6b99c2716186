# SPDX-License-Identifier: Apache-2.0
"""
Two stores that differ only in what a reader may not see are the same store for that reader.

A shelf is drawn once: items, views of them, and what their layers hold, as far as the reader may see
them. Two worlds are made of it, each with hidden rows of its own: hidden layers in the same views, hidden
views of the same items, hidden items with the same reference and the same beginning of an id. What came
in one second is stored in another order in each, so keys and access ids differ too; and what shows the
reader the same may be one view in one world, brought by two, and two views in the other. Then every query
for readers is asked in both, also about what is hidden in either, and the answers are compared, and what
they cost.

That this would show a leak is shown with leaks that are planted.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from types import ModuleType

import pytest

from legation.item.portion import Kind
from legation.projections import InboxLayer, InboxRow
from legation.store.sqlite import access, inbox, items
from legation.store.sqlite.database import Writing
from tests.store import rows

SEEDS = range(60)  # each planted leak is found in the first half of them
SHOWN = tuple(f"SHOWN {number}" for number in range(4))
HIDDEN = tuple(f"HIDDEN {number}" for number in range(9))  # enough that ids come to have two digits
OFFICES = ("KOR", "JPN@NATO", "AUS")
BLOBS = rows.MemoryBlobs()

# What a query about one item may cost more for each of its layers that the reader may not see: they are
# looked at and left out; a view has at most 44. The inbox visits nothing that is hidden.
STEPS_PER_HIDDEN_LAYER = 30
STEPS_PER_HIDDEN_ITEM = 120  # that it is found at all, before it is left out
STEPS_PER_INBOX = 2  # a walk through an index ends a step sooner where nothing lies behind; there are two


@dataclass(frozen=True, kw_only=True)
class View:
    """A view to be stored: which layers it has, from whom and when."""

    item: str
    layers: tuple[str, ...]
    source: str
    at: int
    because: str = ""
    salt: int = 0


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """What is the same in both worlds: items with their author, layers and views."""

    authors: Mapping[str, str]
    contents: Mapping[tuple[str, str], tuple[bool, str | None]]
    views: tuple[View, ...]


@dataclass(frozen=True, kw_only=True)
class World:
    """A store, the reader in it, and how many hidden layers each item has."""

    db: Writing
    names: Mapping[int, str]
    hidden: Mapping[str, int] = field(default_factory=dict)


def shelf_of(random: Random) -> Shelf:
    """Draw what the reader may see."""
    authors = {f"item {number}": random.choice(OFFICES) for number in range(random.randint(1, 4))}
    contents, views = {}, []
    for item, author in authors.items():
        for name in SHOWN:
            contents[item, name] = (
                random.random() < 0.6,
                f"{item} {name}" if random.random() < 0.4 else None,
            )
        view = drawn_view(item, random)
        for _ in range(random.randint(1, 3)):
            views.append(view)
            # Often the next is alike but for one thing: a tie is where leaks hide.
            other = drawn_view(item, random)
            alike = [
                replace(view, layers=other.layers),
                replace(view, source=other.source, at=other.at),
                replace(view, source=author, at=2),
            ]
            view = random.choice([other, *alike])
    return Shelf(authors=authors, contents=contents, views=tuple(views))


def drawn_view(item: str, random: Random) -> View:
    """A view that the reader may see all of."""
    layers = tuple(random.sample(SHOWN, random.randint(1, 3)))
    return View(item=item, layers=layers, source=random.choice(OFFICES), at=random.randint(1, 2))


def world_of(shelf: Shelf, random: Random, *, with_apart: bool, for_cost: bool) -> World:
    """
    Make a world with hidden rows of its own.

    Where costs are compared, no two views have the same bytes, and what is shown comes in one order: two
    views cost more than one that two have brought, and sorting costs more or less by the order that it finds.
    """
    views, authors = [], dict(shelf.authors)
    for view in shelf.views:
        more = random.sample(HIDDEN, random.choice([0, 0, 1, 3]))
        views.append(replace(view, layers=(*view.layers, *more)))
    if not for_cost:
        random.shuffle(views)
    for item in list(authors):
        beside = [hidden_view(item, random) for _ in range(random.choice([0, 0, 1, 2]))]
        if with_apart:
            layers = (*random.sample(SHOWN, 3), random.choice(HIDDEN))
            beside.append(View(item=item, layers=layers, source="AUS", at=0, because="no policy"))
        if random.random() < 0.5:
            authors[f"{item}, hidden"] = authors[item]
            beside.append(hidden_view(f"{item}, hidden", random))
        for view in beside:
            views.insert(random.randint(0, len(views)), view)
    views.sort(key=lambda view: view.at)
    if for_cost:
        views = [replace(view, salt=place) for place, view in enumerate(views)]
    return stored(shelf, authors, views, random)


def hidden_view(item: str, random: Random) -> View:
    """A view that the reader may see nothing of."""
    layers = tuple(random.sample(HIDDEN, random.randint(1, 4)))
    return View(item=item, layers=layers, source=random.choice(OFFICES), at=random.randint(0, 3))


def stored(shelf: Shelf, authors: Mapping[str, str], views: list[View], random: Random) -> World:
    """Put everything into an empty store and bind it to the reader."""
    db = rows.furnished()
    # Hidden labels come in between; those that are shown come in one order, for nothing hidden has them.
    order = [*SHOWN]
    for name in HIDDEN:
        order.insert(random.randint(0, len(order)), name)
    ids = dict(zip(order, rows.interned(db, *order), strict=True))
    hidden = dict.fromkeys(authors, 0)
    for number, view in enumerate(views):
        store(db, shelf, view, author=authors[view.item], ids=ids, number=number)
        hidden[view.item] += sum(name in HIDDEN for name in view.layers)
    access.allow(db, [ids[name] for name in SHOWN])
    return World(db=db, names={number: name for name, number in ids.items()}, hidden=hidden)


def item_id_of(item: str) -> bytes:
    """The id of an item; a hidden one begins like the one that it stands beside."""
    shown = item.removesuffix(", hidden")
    return rows.digest(shown)[:8] + rows.digest(item)[8:]


def reference_of(item: str, author: str) -> str:
    """The reference of an item, the same as that of the hidden one beside it."""
    return f"{author} {item.removesuffix(', hidden').upper()}"


def store(db: Writing, shelf: Shelf, view: View, *, author: str, ids: Mapping[str, int], number: int) -> None:
    """Store one view, with its item, and fold it."""
    items.save_item(
        db,
        item_id=item_id_of(view.item),
        document=rows.drawn(view.item, 16),
        time=1000,
        kind=Kind.REPORT,
        author=rows.digest(author),
        office=author,
        reference=reference_of(view.item, author),
        is_own=False,
        at=number,
    )
    said = {"item": view.item, "layers": sorted(view.layers), "salt": view.salt}
    data = json.dumps(said).encode()
    view_key = items.save_view(
        db,
        data=data,
        item_id=item_id_of(view.item),
        source=view.source,
        layers=[ids[name] for name in view.layers],
        blobs=BLOBS,
        at=view.at,
        state=items.ViewState.QUARANTINED if view.because else items.ViewState.HELD,
        because=view.because,
    )
    layers = [
        (ids[name], *shelf.contents.get((view.item, name), (True, f"a hidden title of {name}")))
        for name in view.layers
    ]
    row = InboxRow(
        item_id=item_id_of(view.item),
        layers=tuple(
            InboxLayer(access_id=number, has_body=has_body, title=title)
            for number, has_body, title in sorted(layers)
        ),
    )
    inbox.fold_view(db, view_key, row)


def questions(*worlds: World) -> list[tuple[str, str]]:
    """What a person might type: everything that names an item of either world, and what names none."""
    found = []
    for item in [*sorted({item for world in worlds for item in world.hidden}), "none", "none, hidden"]:
        typed = item_id_of(item).hex()
        found += [(item, typed), (item, typed[:8]), (item, typed[:20])]
        found += [(item, reference_of(item, office)) for office in OFFICES]
    return found


def listed(world: World) -> object:
    """The inbox, with the names of labels in the place of their ids."""
    return [
        (
            each.item_id,
            each.document,
            each.kind,
            each.office,
            each.source,
            each.reference,
            each.time,
            each.received_at,
            each.title,
            [world.names[number] for number in each.access_ids],
        )
        for each in inbox.rows(world.db)
    ]


def shown(world: World, item_id: bytes) -> object:
    """The view that a reader is given of an item, cut to what they may see."""
    try:
        data = json.loads(items.readable_view(world.db, item_id, BLOBS))
    except AssertionError:
        return None
    return data["item"], [name for name in data["layers"] if name in SHOWN]


def answers(world: World, asked: list[tuple[str, str]]) -> object:
    """Everything that a reader is told."""
    found = [items.find_items(world.db, text) for _, text in asked]
    given = [shown(world, item_id) for item_id in sorted({each for ids in found for each in ids})]
    return listed(world), found, given


def costs(world: World, asked: list[tuple[str, str]]) -> tuple[int, list[int], dict[str, int]]:
    """What the answers cost: the inbox, each search, and the view of each item that is found."""
    db = world.db
    searches = [rows.steps(db, partial(items.find_items, db, text)) for _, text in asked]
    found = {item: items.find_items(db, item_id_of(item).hex()) for item in world.hidden}
    views = {
        item: rows.steps(db, partial(items.readable_view, db, ids[0], BLOBS))
        for item, ids in found.items()
        if ids
    }
    return rows.steps(db, partial(inbox.rows, db)), searches, views


def twins(seed: int, *, with_apart: bool = False, for_cost: bool = False) -> tuple[World, World]:
    """Two worlds of one shelf."""
    random = Random(seed)
    shelf = shelf_of(random)
    first, second = (
        world_of(shelf, Random(f"{seed} {each}"), with_apart=with_apart and each, for_cost=for_cost)
        for each in (False, True)
    )
    return first, second


def differ(seed: int, *, with_apart: bool = False) -> bool:
    """Whether a reader can tell the two worlds of this seed apart."""
    first, second = twins(seed, with_apart=with_apart)
    asked = questions(first, second)
    return answers(first, asked) != answers(second, asked)


def differ_in_cost(seed: int) -> bool:
    """Whether the inbox of one world of this seed costs more than that of the other, beyond the bound."""
    one, other = (rows.steps(each.db, partial(inbox.rows, each.db)) for each in twins(seed, for_cost=True))
    return abs(one - other) > STEPS_PER_INBOX


@pytest.mark.parametrize("with_apart", [False, True], ids=["hidden", "hidden and set apart"])
def test_the_reader_is_told_the_same(*, with_apart: bool) -> None:
    """
    Lists, order, titles, searches and views are the same, whatever is hidden and in whatever order it came.
    """
    assert [seed for seed in SEEDS if differ(seed, with_apart=with_apart)] == []


def test_the_worlds_are_worth_comparing() -> None:
    """
    The reader is shown something in nearly every world, often a choice of views, and much is hidden.
    """
    shown_items = hidden_layers = colliding = 0
    for seed in SEEDS:
        first, second = twins(seed)
        shown_items += len(inbox.rows(first.db))
        hidden_layers += sum(first.hidden.values()) + sum(second.hidden.values())
        colliding += sum(item.endswith("hidden") for item in first.hidden)
        assert rows.everything(first.db) != rows.everything(second.db)
    assert min(shown_items, hidden_layers, colliding) > len(SEEDS) // 2


def test_the_inbox_costs_the_same() -> None:
    """
    What is hidden is not even visited: the inbox takes the same steps, save perhaps the last one.
    """
    assert [seed for seed in SEEDS if differ_in_cost(seed)] == []


def test_a_search_costs_the_same_within_a_bound() -> None:
    """
    To look for one item, or to show it, costs more only by its own hidden layers, each by the stated steps.
    """
    for seed in SEEDS:
        first, second = twins(seed, for_cost=True)
        asked = questions(first, second)
        (_, searches, views), (_, others, other_views) = costs(first, asked), costs(second, asked)
        for (item, _), one, other in zip(asked, searches, others, strict=True):
            assert abs(one - other) <= allowance(item, first, second)
        assert views.keys() == other_views.keys()
        for item in views:
            assert abs(views[item] - other_views[item]) <= allowance(item, first, second)


def allowance(item: str, *worlds: World) -> int:
    """The steps by which a query about an item may differ."""
    plain = item.removesuffix(", hidden")
    layers = max(world.hidden.get(plain, 0) + world.hidden.get(f"{plain}, hidden", 0) for world in worlds)
    return STEPS_PER_HIDDEN_ITEM + STEPS_PER_HIDDEN_LAYER * layers


Leak = tuple[ModuleType, str, Mapping[str, str]]

_EVERY_LAYER = "FROM inbox_layer AS every WHERE every.view_key = inbox_layer.view_key"
_ALLOWED = "AND +layer.access_id IN (SELECT access_id FROM temp.allowed)"
_FROM_ALLOWED = "FROM temp.allowed CROSS JOIN inbox_layer USING (access_id)"
_FIRST = "min(view.received_at) AS first_at"
_RANK = "ORDER BY layer_count DESC, is_authors DESC, first_at, first_source, access_ids"
_LIST = "ORDER BY first_at DESC, time DESC, item_id"
_BEST = """max(has_body) DESC, max(layer_count) DESC, max(source = '') DESC, max(source = office) DESC,
    min(format('%019d', received_at) || source), access_ids"""

LEAKS: dict[str, Leak] = {
    "all layers are counted": (inbox, "_ROWS", {"count(*)": f"(SELECT count(*) {_EVERY_LAYER})"}),
    "a title is that of any layer": (inbox, "_ROWS", {"max(title)": f"(SELECT max(title) {_EVERY_LAYER})"}),
    "a paragraph may be in any layer": (
        inbox,
        "_ROWS",
        {"max(has_body) = 1": f"(SELECT max(has_body) {_EVERY_LAYER}) = 1"},
    ),
    "every layer is listed": (inbox, "_ROWS", {_FROM_ALLOWED: "FROM inbox_layer"}),
    "the order is that of the keys": (
        inbox,
        "_ROWS",
        {_FIRST: f"{_FIRST}, min(view_key) AS first_key", _LIST: "ORDER BY first_key"},
    ),
    "a tie is settled by the hash": (
        inbox,
        "_ROWS",
        {_FIRST: f"{_FIRST}, min(view.hash) AS first_hash", _RANK: "ORDER BY layer_count DESC, first_hash"},
    ),
    "a tie is settled by ids as text": (inbox, "_ROWS", {"format('%019d', access_id)": "access_id"}),
    "each view is listed for itself": (
        inbox,
        "_ROWS",
        {"GROUP BY view.item_id, access_ids": "GROUP BY view_key"},
    ),
    "an item is found without looking at its layers": (items, "_FIND_BY_ID", {f" {_ALLOWED}": ""}),
    "a reference is found without looking at its layers": (items, "_FIND_BY_REFERENCE", {f" {_ALLOWED}": ""}),
    "what is hidden counts among the first found": (
        items,
        "_FIND_BY_ID",
        {
            "FROM item WHERE item_id BETWEEN ? AND ?": (
                "FROM (SELECT * FROM item WHERE item_id BETWEEN ? AND ? ORDER BY item_id LIMIT 1) AS item WHERE 1"
            )
        },
    ),
    "the view with most layers of any kind is shown": (items, "_MOST_READABLE", {_ALLOWED: ""}),
    "the view that was stored first is shown": (items, "_MOST_READABLE", {_BEST: "min(view_key)"}),
}
LEAKS_OF_WHAT_IS_APART: dict[str, Leak] = {
    "what is set apart is listed": (inbox, "_ROWS", {"WHERE view.state = 'held'": ""}),
    "what is set apart is shown": (items, "_MOST_READABLE", {"AND view.state = 'held'": ""}),
}
LEAKS_OF_COST: dict[str, Leak] = {
    "every layer is visited": (
        inbox,
        "_ROWS",
        {_FROM_ALLOWED: "FROM inbox_layer WHERE +access_id IN (SELECT access_id FROM temp.allowed)"},
    ),
}


def planted(monkeypatch: pytest.MonkeyPatch, leak: Leak) -> None:
    """Put a leak into a query."""
    module, name, changes = leak
    sql = getattr(module, name)
    for true, false in changes.items():
        assert sql.count(true) == 1, "the leak is in the query as it stands"
        sql = sql.replace(true, false)
    monkeypatch.setattr(module, name, sql)


def is_found(shows: Callable[[int], bool]) -> bool:
    """Whether any of the seeds shows it."""
    return any(map(shows, SEEDS))


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_a_planted_leak_is_found(monkeypatch: pytest.MonkeyPatch, leak: Leak) -> None:
    """
    A query that looks at what is hidden tells the worlds apart.
    """
    planted(monkeypatch, leak)
    assert is_found(differ)


@pytest.mark.parametrize("leak", LEAKS_OF_WHAT_IS_APART.values(), ids=LEAKS_OF_WHAT_IS_APART)
def test_a_planted_leak_of_what_is_set_apart_is_found(monkeypatch: pytest.MonkeyPatch, leak: Leak) -> None:
    """
    A query that shows what is set apart tells the worlds apart.
    """
    planted(monkeypatch, leak)
    assert is_found(lambda seed: differ(seed, with_apart=True))


@pytest.mark.parametrize("leak", LEAKS_OF_COST.values(), ids=LEAKS_OF_COST)
def test_a_planted_leak_of_cost_is_found(monkeypatch: pytest.MonkeyPatch, leak: Leak) -> None:
    """
    A query that gives the same and goes through what is hidden is told by its cost.
    """
    planted(monkeypatch, leak)
    assert not is_found(differ)
    assert is_found(differ_in_cost)


def test_the_inbox_costs_nothing_for_ten_thousand_hidden_items() -> None:
    """
    Beside ten thousand items that a reader may see nothing of, the three that they may see cost the same.
    """
    steps = []
    for count in (0, 10_000):
        db = rows.furnished()
        rows.interned(db, "SHOWN", "HIDDEN")
        for number in range(count + 3):
            layer = 1 if number in {0, count // 2 + 1, count + 2} else 2
            rows.add_item(db, f"{number}")
            view_key = rows.add_view(db, f"{number}", b"%d" % number, [layer])
            rows.fold_layers(db, f"{number}", view_key, [(layer, True, "a title")])
        access.allow(db, [1])
        assert len(inbox.rows(db)) == 3
        steps.append(rows.steps(db, partial(inbox.rows, db)))
    assert abs(steps[0] - steps[1]) <= STEPS_PER_INBOX
