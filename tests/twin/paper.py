# SPDX-License-Identifier: Apache-2.0
"""
Worlds before an office without a node: what it is handed on paper, byte for byte.

A world prints what was released; both forms of each copy and every file beside it are sights. Nothing else reaches
such an office.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest

from legation.errors import RefusedError
from legation.formats.paper import sheet as paper_sheet
from legation.formats.paper import write_docx, write_html
from legation.node.desk import printing
from legation.node.desk.paper_receipts import Saying, destroy, hand_over
from legation.node.desk.printing import print_item
from legation.node.peers.peering import add_without_node
from legation.store.sqlite import deliveries, items, paper
from legation.store.sqlite.database import Reading, Writing
from tests.twin import cast
from tests.twin.leaks import Patch, _wrap
from tests.twin.moments import Moments
from tests.twin.pairs import SIDES, Act, Step, act
from tests.twin.reports import CANARY, Hiding, Visible, filled, visible_report
from tests.twin.surfaces import ToldApartError, dump_of
from tests.twin.world import Sight, World

AUTHOR, PEER, OTHER = cast.AUTHOR, cast.PEER, "NATO"
SEES = cast.PEER_SEES_OPEN + cast.PEER_SEES_LIMITED + cast.PEER_SEES_CONFIDENTIAL
SURFACES = frozenset({"copy in DOCX", "copy in HTML", "file beside a copy", "nothing was printed"})


class PaperWorld(World):
    """A world of which somebody gets paper."""

    def begin(self) -> None:
        """Have two offices on paper, the observer and another, with what they may see."""
        at = self.node(AUTHOR)
        for office, highest in ((PEER, "C"), (OTHER, "S")):
            add_without_node(
                office, by="first", card=at.home.card, database=at.home.database, around=at.around
            )
            self.grant(AUTHOR, office, cast.cleared(office, highest))

    def narrow(self, highest: str) -> None:
        """Let the observer see less, or all of it again."""
        self.grant(AUTHOR, PEER, cast.cleared(PEER, highest))

    def print(self, item: str, office: str) -> None:
        """Print an item for an office, and hand over what the observer gets."""
        at = self.node(AUTHOR)
        try:
            found = print_item(
                self.released[item].hex(),
                office,
                by="registry",
                card=at.home.card,
                database=at.home.database,
                blobs=at.home.blobs,
                store=at.home.attachments,
                around=at.around,
            )
        except RefusedError:
            if office == PEER:
                self.see("nothing was printed", item)
            return
        self.done["printed"] += 1
        self.done["printed again"] += found.record.again
        if office == PEER:
            self.see("copy in DOCX", write_docx(found.sheet))
            self.see("copy in HTML", write_html(found.sheet))
            for each in found.attached:
                self.see("file beside a copy", each.name.encode() + b"\n" + b"".join(each.pieces))

    def say(self, what: str, item: str, office: str) -> None:
        """Say what became of a copy, if there is one."""
        at = self.node(AUTHOR)
        told: dict[str, Any] = {"card": at.home.card, "database": at.home.database, "around": at.around}
        saying = Saying(item=self.released[item].hex(), office=office, copy=None, by="registry", at=None)
        try:
            if what == "destroyed":
                destroy(saying, **told)
            else:
                hand_over(saying, "their registry", **told)
        except RefusedError:
            return
        self.done[what] += 1


@dataclass(frozen=True)
class PaperPair:
    """Two worlds that are one to an office on paper."""

    number: int
    sides: tuple[tuple[Step, ...], tuple[Step, ...]]

    def world(self) -> PaperWorld:
        """Make one of the worlds; nothing has happened in it."""
        return PaperWorld(Moments(f"paper {self.number}", {AUTHOR: cast.keys_of(SEES)}), {AUTHOR: ()})


Planned = tuple[Act, Visible | None]


def paper_pair(number: int) -> PaperPair:
    """Make a pair up; its number is its seed."""
    plan = list(_plan(Random(f"paper {number}")))
    first, second = (tuple(_completed(plan, side, Random(f"paper {number} {side}"))) for side in SIDES)
    return PaperPair(number, (first, second))


def _plan(random: Random) -> Iterator[Planned]:
    """What the observer may know of: items, copies, what is said of them, and what they may see."""
    yield act("begin"), None
    for number in range(random.randint(1, 3)):
        name = f"seen {number}"
        yield act("release", AUTHOR, name), visible_report(random, SEES, PEER)
        for _ in range(random.randint(2, 5)):
            match random.randrange(7):
                case 0:
                    yield act("say", "handed over", name, PEER), None
                case 1:
                    yield act("say", "destroyed", name, PEER), None
                case 2:
                    yield act("narrow", random.choice("OLC")), None
                case 3:
                    newer = f"{name} newer {random.random()}"
                    yield act("correct", AUTHOR, newer, name), visible_report(random, SEES, PEER)
                    name = newer if random.random() < 0.5 else name
                case _:
                    yield act("print", name, PEER), None
        yield act("print", name, PEER), None


def _completed(plan: list[Planned], side: str, random: Random) -> Iterator[Step]:
    hiding = Hiding(marks=cast.PEER_NEVER_SEES, addressees=(OTHER,))
    released: list[str] = []
    for number, (planned, seen) in enumerate(plan):
        done = planned
        if seen is not None:
            author, *names = planned.told
            done = act(planned.what, author, filled(random, seen, hiding), *names)
            released.append(names[0])
        yield Step(f"step {number}", 100 * number, done)
        if number and random.random() < 0.6:
            yield from _hidden(random, side, number, released)


def _hidden(random: Random, side: str, number: int, released: list[str]) -> Iterator[Step]:
    """Something that the observer must not notice: other items, and copies for others."""
    name = f"hidden {side} {number}"
    text = filled(random, Visible(), Hiding(marks=("(O)", "(S)"), addressees=(OTHER,), everybody=True))
    hidden = [
        act("release", AUTHOR, text, name),
        act("print", name, OTHER),
        *(act("print", each, OTHER) for each in released[:1]),
        *(act("say", random.choice(("handed over", "destroyed")), each, OTHER) for each in released[:1]),
    ]
    for place, each in enumerate(hidden, 1):
        yield Step(f"{name} {place}", 100 * number + place, each)


@dataclass
class Seen:
    """A world that was played."""

    sights: list[Sight]
    done: dict[str, int]
    dump: bytes


def told_apart(pair: PaperPair) -> tuple[Seen, Seen]:
    """
    Play both worlds and compare every sight.

    Raises:
        ToldApartError: They differ to the office on paper, or something hidden is on it.
    """
    first, second = (_played(pair, steps) for steps in pair.sides)
    for number, (one, other) in enumerate(zip(first.sights, second.sights, strict=False)):
        if one != other:
            raise ToldApartError(f"pair {pair.number}, sight {number}: {one!r}\n{other!r}")
        if CANARY.encode() in one.data:
            raise ToldApartError(f"pair {pair.number}: something hidden is on `{one.surface}`")
    if len(first.sights) != len(second.sights):
        raise ToldApartError(f"pair {pair.number}: one got more paper than the other")
    return first, second


def _played(pair: PaperPair, steps: tuple[Step, ...]) -> Seen:
    with pair.world() as world:
        for step in steps:
            if _can_be(world, step):
                step.play(world)
        return Seen(world.sights, dict(world.done), dump_of(world, AUTHOR))


def _can_be(world: PaperWorld, step: Step) -> bool:
    """Whether what a step is about was released; nobody releases what nobody would receive."""
    place = {"print": 0, "say": 1}.get(step.act.what)
    return place is None or step.act.told[place] in world.released


# Leaks, each of which must be found.


def copies_counted_for_all(patch: Patch) -> None:
    """The number of a copy counts those for others too."""

    def make(true: Callable[..., int]) -> Callable[..., int]:
        def print_copy(db: Writing, delivery_id: int, **told: Any) -> int:
            true(db, delivery_id, **told)
            row = db.one("SELECT count(*) FROM printed")
            assert row is not None, "a count gives a row"
            db.run("UPDATE delivery SET copy_number = ? WHERE delivery_id = ?", (row[0], delivery_id))
            return int(row[0])

        return print_copy

    _wrap(patch, paper, "print_copy", make)


def sheet_that_names_all_addressees(patch: Patch) -> None:
    """Whoever else gets the item stands on the paper."""
    _more_lines(patch, lambda db, item: ", ".join(sorted({each[1] for each in deliveries.of_item(db, item)})))


def sheet_that_tells_the_size_of_the_whole(patch: Patch) -> None:
    """How long the whole item is stands on the paper."""

    def size(db: Reading, item: bytes) -> str:
        own = items.own_view(db, item)
        return "" if own is None else str(own.size_bytes)

    _more_lines(patch, size)


def _more_lines(patch: Patch, line: Callable[[Reading, bytes], str]) -> None:
    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def copied(self: Any, copy: Any, view: Any, **told: Any) -> Any:
            def sheet_of(*given: Any, **more: Any) -> Any:
                made = original(*given, **more)
                return replace(made, lines=(*made.lines, line(self.db, copy.item_id)))

            original = paper_sheet.sheet_of
            with pytest.MonkeyPatch.context() as inside:
                inside.setattr(printing, "sheet_of", sheet_of)
                return true(self, copy, view, **told)

        return copied

    _wrap(patch, printing._Printing, "_copied", make)


def printed_without_a_cut(patch: Patch) -> None:
    """The whole item is printed, as whoever prints it may see it."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def decide_one(db: Writing, office: str, each: Any, **told: Any) -> Any:
            own = items.own_view(db, each.item_id)
            assert own is not None, "what is printed was released"
            found = true(db, office, each, **told)
            return found and items.view_data(db, own.view_key, told["blobs"])

        return decide_one

    _wrap(patch, printing, "decide_one", make)


LEAKS = (
    copies_counted_for_all,
    sheet_that_names_all_addressees,
    sheet_that_tells_the_size_of_the_whole,
    printed_without_a_cut,
)
