# SPDX-License-Identifier: Apache-2.0
"""
What is compared: every surface on which an observer sees something, byte for byte.

``told_apart`` plays both worlds of a pair and looks on every surface; nothing is masked, sorted or left
out. What a world may tell all the same stands in ``EXCEPTIONS`` and nowhere else.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from legation.node.desk.reading import read_deliveries, read_inbox, show_item
from legation.node.home import ATTACHMENTS, BLOBS, STORE
from legation.web import plain_pages
from tests.twin import cast
from tests.twin.pairs import Pair, Side
from tests.twin.reports import CANARY
from tests.twin.world import Sight, World

TOKEN = "token"
ID_LENGTH = 64
MISSING = ("0" * 64, "0123456789ab", "KOR@NATO 2026-0000-0000", "no such item")
AFTERWARDS = 5_000  # seconds after noon at which observers look at what they have


@dataclass(frozen=True)
class Exemption:
    """Something that two worlds may tell, and why; with the bound within which they may."""

    what: str
    why: str
    bound: str


EXCEPTIONS = (
    Exemption(
        what="more than ten labels in one item",
        why="a tree of 64 leaves holds ten labels and their seams; the class of the tree stands in the header",
        bound="one bit for each item: ten labels or fewer, or more",
    ),
    Exemption(
        what="something was numbered for the peer and taken back",
        why="numbers have no gaps, so a place that was given stays, with a leaf and a void that names it",
        bound="for each entry that was taken back its number, and how long its payload was: not more",
    ),
    Exemption(
        what="more than 10,000 deliveries to the peer, approved and not permitted any more, waiting at one time",
        why="they are set apart while others are numbered, and no transaction may take forever",
        bound="one answer reaches less far; a limit that is 10,000 times lower is planted and found",
    ),
    Exemption(
        what="when a request is answered, and how long that takes",
        why="all offices share one machine: a commit, a lock or a cache of others is felt by everybody",
        bound="counted steps of the store are compared in test_cost; wall time is not",
    ),
    Exemption(
        what="too many exchanges, bodies or changes at once; a full disk",
        why="places and room are shared by all peers, and whoever finds none is refused like for any reason",
        bound="one refusal, which comes from outside too",
    ),
    Exemption(
        what="a version was withdrawn, and a newer one says the same to the observer",
        why="it takes the place of the other, or they would be left with nothing, though something holds",
        bound="one item that says the same under another id and time, once for each that was withdrawn",
    ),
    Exemption(
        what="a version was corrected before the node of a reader had it",
        why="what its author corrected is not handed over any more, whoever reads there",
        bound="one item, with the id and the time of the newer version; nothing tells that there was another",
    ),
)
"""All that the worlds of a pair may tell."""


class ToldApartError(AssertionError):
    """An observer told two worlds apart, or saw what it must not."""


PEER_SURFACES = frozenset(
    [
        "envelope from the peer",
        "envelope to the peer",
        "letter that asks",
        "status, headers and sizes of an answer",
        "part of an answer",
        "letter that answers",
        "payload",
        "payload that was pushed",
        "why a pull of the peer failed",
        "bag",
        "name of a bag",
        "letter in a bag",
        "no bag",
        "what the peer is told of a bag",
        "what the peer's operator was told",
        *(
            f"{each} of the peer{form}"
            for each in ("inbox", "deliveries", "peer list", "bag list", "card", "check")
            for form in ("", " in JSON")
        ),
        "show at the peer",
        "show at the peer in JSON",
        "show at the peer what is missing",
        "verify at the peer",
        "store of the peer",
        "size of the peer's store",
        "blobs of the peer",
        "attachments of the peer",
    ]
)
READER_SURFACES = frozenset(
    [
        "inbox in the meantime",
        "show in the meantime",
        "preview of a destruction",
        "a destruction",
        "inbox",
        "inbox in JSON",
        "show by the beginning of an id",
        "show by id in JSON",
        "show by reference",
        "show in a language",
        "verify",
        "verify in JSON",
        "verify what is missing",
        "compose of a quotation",
        "preview of passing on",
        "reissue",
        "page of the inbox",
        "page of an item",
        "page of a missing item",
        "page that is none",
    ]
)
"""Everything on which something is seen."""


@dataclass
class Seen:
    """A world that was played: what its observer saw, and what happened in it at all."""

    sights: list[Sight]
    done: Counter[str]
    dump: bytes


def told_apart(pair: Pair) -> tuple[Seen, Seen]:
    """
    Play both worlds and compare every sight.

    Raises:
        ToldApartError: They differ to the observer.
    """
    # What crossed is compared before anybody looks at what became of it.
    first, second = played(pair, meanwhile=lambda *crossed: _compare(pair, *crossed))
    _compare(pair, first.sights, second.sights)
    return first, second


def played(
    pair: Pair, *, meanwhile: Callable[[list[Sight], list[Sight]], None] = lambda *_: None
) -> tuple[Seen, Seen]:
    """Play both worlds, and look on every surface of each: for the same, also what only one of them has."""
    with ExitStack() as stack:
        worlds = [stack.enter_context(pair.world(number)) for number in (0, 1)]
        for world, side in zip(worlds, pair.sides, strict=True):
            for step in side.steps:
                step.play(world)
        meanwhile(worlds[0].sights, worlds[1].sights)
        asked = {each.hex() for world in worlds for each in world.released.values()}
        names = {name for world in worlds for name in _references(world, pair)}
        first, second = (_look(world, pair, [*sorted(asked), *sorted(names)]) for world in worlds)
    return first, second


def _references(world: World, pair: Pair) -> list[str]:
    """The spoken references of everything at the readers' node, seen and not seen."""
    if pair.kind != "readers":
        return []
    with world.node(cast.READERS).home.database.read() as db:
        return [row[0] for row in db.rows("SELECT reference FROM item WHERE reference <> ''")]


def _look(world: World, pair: Pair, asked: Sequence[str]) -> Seen:
    with world.moments.moment("afterwards", AFTERWARDS):
        if pair.kind == "readers":
            _look_as_reader(world, asked)
            dump = dump_of(world, cast.READERS)
        else:
            _look_as_peer(world)
            dump = dump_of(world, cast.AUTHOR)
    return Seen(world.sights, world.done, dump)


def _look_as_peer(world: World) -> None:
    """Everything that the peer has of what crossed: each command of its people, its store, its files."""
    peer = cast.PEER
    world.see("what the peer's operator was told", world.told(peer))
    world.close(peer)
    if not (world.folder / peer).exists():
        cast.lay_out(world.folder, peer, ((cast.AUTHOR, "S"),))
    for surface, arguments in (
        ("inbox", ("inbox",)),
        ("deliveries", ("deliveries",)),
        ("peer list", ("peer", "list")),
        ("bag list", ("bag", "list")),
        ("card", ("card",)),
        ("check", ("fsck",)),
    ):
        world.see(f"{surface} of the peer", world.command(peer, *arguments))
        world.see(f"{surface} of the peer in JSON", world.command(peer, *arguments, "--json"))
    for item in world.listed(peer):
        world.see("verify at the peer", world.command(peer, "verify", item))
        world.see("show at the peer", world.command(peer, "show", item))
        world.see("show at the peer in JSON", world.command(peer, "show", item, "--json"))
    for item in MISSING:
        world.see("show at the peer what is missing", world.command(peer, "show", item, "--json"))
    folder = world.folder / peer
    world.see("store of the peer", dump_of(world, peer))
    world.see("size of the peer's store", str((folder / STORE).stat().st_size))
    world.see("attachments of the peer", _files(folder / ATTACHMENTS))
    world.see("blobs of the peer", "\n".join(sorted(p.name for p in (folder / BLOBS).rglob("*.blob"))))


def _files(folder: Path) -> bytes:
    """All that lies in a folder, by name."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return b"\n".join(path.name.encode() + b" " + path.read_bytes() for path in found)


def _look_as_reader(world: World, asked: Sequence[str]) -> None:
    """Everything that the people of a mission can ask for, of what they may see and what they may not."""
    here = cast.READERS
    world.see("inbox", world.command(here, "inbox"))
    world.see("inbox in JSON", world.command(here, "inbox", "--json"))
    listed = world.listed(here)
    world.done["listed"] += len(listed)
    for item in listed:
        world.see("show by the beginning of an id", world.command(here, "show", item[:12]))
        world.see("show in a language", world.command(here, "show", item, "--lang", "ko"))
        world.see("verify", world.command(here, "verify", item))
        world.see("verify in JSON", world.command(here, "verify", item, "--json"))
    for item in (*asked, *MISSING):
        is_id = len(item) == ID_LENGTH
        surface = "show by id in JSON" if is_id else "show by reference"
        world.see(surface, _about(item, world.command(here, "show", item, *["--json"] * is_id)))
        if is_id or item in MISSING:
            passed = ("pass", item, "--info", cast.RELAYS[0], "--preview", "--json")
            world.see("preview of passing on", _about(item, world.command(here, *passed)))
            world.see("reissue", _about(item, world.command(here, "reissue", item, "--json")))
    for item in MISSING:
        world.see("verify what is missing", world.command(here, "verify", item, "--json"))
    _look_at_pages(world, [item for item in asked if " " not in item])


def _about(what: str, data: bytes) -> bytes:
    """What was seen, and what was asked for."""
    return f"{what}: ".encode() + data


def _look_at_pages(world: World, asked: Sequence[str]) -> None:
    """The plain pages of inbox and items; the page of what was sent knows no reader."""
    here = world.node(cast.READERS)
    home, around = here.home, here.around
    pages = plain_pages(
        office=home.office,
        token=TOKEN,
        inbox=lambda: read_inbox(home.office, card=home.card, database=home.database, around=around),
        item=lambda item: show_item(
            item,
            home.office,
            (),
            card=home.card,
            database=home.database,
            blobs=home.blobs,
            around=around,
        ),
        deliveries=lambda: read_deliveries(database=home.database, around=around),
    )
    with asyncio.Runner() as runner:
        for surface, path in (
            ("page of the inbox", f"/{TOKEN}/"),
            *(("page of an item", f"/{TOKEN}/items/{item}") for item in asked),
            ("page of a missing item", f"/{TOKEN}/items/{MISSING[0]}"),
            ("page that is none", f"/{TOKEN}/nothing"),
        ):
            world.see(surface, _about(path, runner.run(_get(pages, path))))


async def _get(app: Any, path: str) -> bytes:
    """Ask for a page: status, headers, body."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "http_version": "1.1",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1")],
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
    }
    await app(scope, receive, send)
    head, *bodies = sent
    return repr((head["status"], head["headers"])).encode() + b"".join(each["body"] for each in bodies)


def dump_of(world: World, office: str) -> bytes:
    """Every row of every table of a node's store."""
    world.close(office)
    connection = apsw.Connection(str(world.folder / office / STORE), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        tables = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
            )
        ]
        return "\n".join(
            f"{table} {row!r}"
            for table in tables
            for row in connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - a table of the schema
        ).encode()
    finally:
        connection.close(True)


def _compare(pair: Pair, first: Sequence[Sight], second: Sequence[Sight]) -> None:
    for number, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            raise ToldApartError(_told(pair, number, one, other))
        if CANARY.encode() in one.data:
            raise ToldApartError(f"pair {pair.kind} {pair.name}: something hidden is on `{one.surface}`")
    if len(first) != len(second):
        raise ToldApartError(f"pair {pair.kind} {pair.name}: one observer saw more than the other")


def _told(pair: Pair, number: int, one: Sight, other: Sight) -> str:
    at = next(
        (place for place, (a, b) in enumerate(zip(one.data, other.data, strict=False)) if a != b),
        min(len(one.data), len(other.data)),
    )
    window = slice(max(0, at - 150), at + 150)
    return "\n".join(
        (
            f"pair {pair.kind} {pair.name}, sight {number}: `{one.surface}` and `{other.surface}` at byte {at}",
            f"  first   {one.data[window]!r}",
            f"  second  {other.data[window]!r}",
            *(_script(side) for side in pair.sides),
        )
    )


def _script(side: Side) -> str:
    return "\n".join(
        f"    {step.second:>5} {step.name}: {step.act.what} {_brief(step)}" for step in side.steps
    )


def _brief(step: Any) -> str:
    told = " ".join(repr(each)[:60] for each in step.act.told)
    return told + "".join(f" DURING {each.act.what}" for each in step.during)
