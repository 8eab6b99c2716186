# SPDX-License-Identifier: Apache-2.0
"""
Pairs of worlds, constructed and not filtered: one visible plan, completed twice in what is hidden.

A plan is what the observer may know of: items with something for it, its own requests, what is done
about it. Each side completes it with its own hidden part: other text, marks and portions in the same
items, other items before, between and after, other offices pinned, granted, pulling, failing. The
number of a pair is its seed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

from tests.twin import cast
from tests.twin.moments import NOON, Moments
from tests.twin.reports import CANARY, PRECEDENCES, Hiding, Visible, filled, visible_report
from tests.twin.world import LAST_WRONG, WRONG, World

SIDES = ("first", "second")


@dataclass(frozen=True)
class Act:
    """Something that is done in a world: a method of ``World`` and what it is told."""

    what: str
    told: tuple[Any, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()

    def __call__(self, world: World, **more: Any) -> None:
        """Do it."""
        getattr(world, self.what)(*self.told, **dict(self.options), **more)


def act(what: str, *told: Any, **options: Any) -> Act:
    """Name something to be done."""
    return Act(what, told, tuple(options.items()))


@dataclass(frozen=True)
class Step:
    """An act and its moment; ``during``: hidden acts while the answer to a pull is on its way."""

    name: str
    second: int
    act: Act
    during: tuple["Step", ...] = ()

    def play(self, world: World) -> None:
        """Do it in its moment."""
        with world.moments.moment(self.name, self.second):
            if self.during:
                self.act(world, during=[lambda step=step: step.play(world) for step in self.during])
            else:
                self.act(world)


@dataclass(frozen=True)
class Side:
    """One world as it is told: who is peers with whom, and what happens."""

    peers: dict[str, tuple[tuple[str, str], ...]]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Pair:
    """Two worlds that are one to their observer."""

    kind: str
    name: int | str
    sees: dict[str, frozenset[bytes]]
    watched: str
    small: bool
    sides: tuple[Side, Side]

    def world(self, side: int) -> World:
        """Make one of the worlds; nothing has happened in it."""
        moments = Moments(f"{self.kind} {self.name}", self.sees)
        return World(moments, self.sides[side].peers, watched=self.watched, small=self.small)


@dataclass(frozen=True)
class Planned:
    """A visible step of a plan; ``report`` is completed by each side."""

    second: int
    what: str
    told: tuple[Any, ...] = ()
    report: Visible | None = None
    marks: tuple[str, ...] = ()  # of what a relay passes on; of what the peer could see only before this step


@dataclass
class Completing:
    """One side of a pair while it is completed."""

    random: Random
    side: str
    steps: list[Step] = field(default_factory=list)
    second: int = 0
    count: int = 0

    def hidden(self, done: Act) -> Step:
        """A hidden step, a second after what was before it."""
        self.count += 1
        self.second += 1
        return Step(f"hidden {self.side} {self.count}", self.second, done)

    def add(self, done: Act) -> None:
        """Let something hidden happen."""
        self.steps.append(self.hidden(done))

    def number(self) -> str:
        """A name for something hidden."""
        return f"{self.side} {self.count}"


# The observer is a peer.


def peer_pair(number: int) -> Pair:
    """A pair whose observer is ``cast.PEER``: what crosses to it, and what it has of that."""
    random = Random(f"peers {number}")
    starts_with = random.choice(("C", "C", "C", "L", ""))
    plan = list(_PeerPlan(random, starts_with).steps())
    sides = [_peer_side(Random(f"peers {number} {side}"), side, plan, starts_with) for side in SIDES]
    sees = cast.keys_of(cast.PEER_SEES_OPEN + cast.PEER_SEES_LIMITED + cast.PEER_SEES_CONFIDENTIAL)
    return Pair("peers", number, {cast.AUTHOR: sees}, cast.PEER, number % 2 == 1, (sides[0], sides[1]))


@dataclass
class _PeerPlan:
    """What the peer may know of, step by step."""

    random: Random
    highest: str  # what it is granted now
    has_lost: bool = False
    second: int = 0
    released: int = 0
    seen: list[str] = field(default_factory=list)  # first versions of which the peer sees some

    def steps(self) -> Iterator[Planned]:
        """A few steps, and what is needed to see what came of them."""
        for _ in range(self.random.randint(4, 9)):
            self.second += self.random.choice((20, 40, 200, 700))
            yield from self.step()
        if self.random.random() < 0.1:
            yield Planned(self.second + 20, "wrong", tuple(LAST_WRONG))
        yield Planned(self.second + 30, "pull", (cast.PEER, cast.AUTHOR))
        yield Planned(self.second + 35, "pull", (cast.PEER, cast.AUTHOR))

    def step(self) -> Iterator[Planned]:
        """One of the things that can happen."""
        random, second, author, peer = self.random, self.second, cast.AUTHOR, cast.PEER
        match random.choices(
            (
                "release",
                "correct",
                "withdraw",
                "pull",
                "one",
                "give",
                "wrong",
                "turn",
                "restart",
                "keep",
                "forge",
            ),
            (26, 8, 4, 22, 6, 8, 14, 10, 4, 5, 6),
        )[0]:
            case "release" if self.highest:
                yield self.release(self.marks())
            case "correct" if self.highest and self.seen:
                self.released += 1
                report = visible_report(random, self.marks(), peer)
                told = (author, f"seen {self.released}", random.choice(self.seen))
                yield Planned(second, "correct", told, report)
            case "withdraw" if self.seen:
                name = self.seen.pop(random.randrange(len(self.seen)))
                yield Planned(second, "withdraw", (author, name))
            case "one":
                yield Planned(second, "pull", (peer, author, 1))
            case "give":
                marks = ("(O)", "(L//REL AUS, KOR)", "(C//REL AUS, KOR)")
                self.released += 1
                report = visible_report(random, marks, author, is_whole=True)
                yield Planned(second, "give", (peer, f"given {self.released}"), report)
                yield Planned(second + 8, "pull", (author, peer))
            case "wrong":
                yield Planned(second, "wrong", (random.choice(sorted(WRONG.keys() - LAST_WRONG.keys())),))
            case "turn":
                yield from self.turn()
            case "restart":
                yield Planned(second, "restart", (random.choice((author, peer)),))
            case "keep":
                yield Planned(second, "keep", (author,))
            case "forge":
                yield Planned(second, "forge", (peer, author, random.choice(cast.OTHERS)))
                yield Planned(second + 8, "pull", (author, peer))
            case _:
                yield Planned(second, "pull", (peer, author))

    def marks(self) -> tuple[str, ...]:
        """What the peer sees now."""
        limited = cast.PEER_SEES_LIMITED * (self.highest in {"L", "C"})
        return cast.PEER_SEES_OPEN + limited + cast.PEER_SEES_CONFIDENTIAL * (self.highest == "C")

    def release(self, marks: Sequence[str]) -> Planned:
        """Release something of which the peer sees some."""
        self.released += 1
        self.seen.append(f"seen {self.released}")
        report = visible_report(self.random, marks, cast.PEER)
        return Planned(self.second, "release", (cast.AUTHOR, f"seen {self.released}"), report)

    def turn(self) -> Iterator[Planned]:
        """Let the peer see more, once and at the beginning; or less, for good."""
        if not self.highest:
            if not self.has_lost:
                self.highest = "C"
            yield Planned(
                self.second, "grant", (cast.AUTHOR, cast.PEER, cast.cleared(cast.PEER, self.highest or "O"))
            )
            return
        # Whatever else was released and not taken by now, the peer never learns of.
        before = self.marks()
        if self.random.random() < 0.5:
            yield self.release(cast.PEER_SEES_OPEN)
            self.second += 20
        lower = self.random.choice(("L", "O")) if self.highest == "C" else "O"
        self.has_lost, self.highest = True, "L" if lower == "L" else ""
        lost = tuple(each for each in before if each not in self.marks())
        yield Planned(
            self.second, "grant", (cast.AUTHOR, cast.PEER, cast.cleared(cast.PEER, lower)), marks=lost
        )


def _peer_side(random: Random, side: str, plan: Sequence[Planned], starts_with: str) -> Side:
    pinned = random.sample(cast.OTHERS, random.choice((0, 1, 2, 3)))
    hidden = _HiddenFromPeer(Completing(random, side), [*pinned])
    first = sorted([(cast.PEER, starts_with), *((office, random.choice("CS")) for office in pinned)])
    is_still = random.random() < 0.1  # a side on which nothing hidden happens
    for number, each in enumerate(plan):
        hidden.lost = each.marks
        if not is_still:
            for _ in range(random.choice((0, 0, 1, 1, 2))):
                hidden.something()
            for _ in range(random.choice((0, 1, 3)) if each.marks else 0):
                hidden.state.add(hidden.release_too_late())
        during = ()  # type: tuple[Step, ...]
        if not is_still and each.what == "pull" and random.random() < 0.25:
            during = (hidden.state.hidden(hidden.quietly()),)
        done = _visible_act(
            random, each, Hiding(cast.PEER_NEVER_SEES, ("EU", *cast.OTHERS), long=_long(random))
        )
        hidden.state.steps.append(Step(f"step {number}", each.second, done, during))
        hidden.state.second = each.second
        hidden.note(each)
    if not is_still:
        hidden.something()
    others = dict.fromkeys(cast.OTHERS, ((cast.AUTHOR, "S"),))
    return Side(
        peers={cast.AUTHOR: tuple(first), cast.PEER: ((cast.AUTHOR, "S"),), **others},
        steps=tuple(hidden.state.steps),
    )


def _long(random: Random) -> bool:
    return random.random() < 0.1


def _visible_act(random: Random, each: Planned, hiding: Hiding) -> Act:
    """The act of a visible step, its report completed."""
    if each.report is None:
        return act(each.what, *each.told)
    by, name, *of = each.told
    if each.what == "give":
        # The observer's own: it sees all of it, so nothing is hidden in it.
        hiding = Hiding(hiding.marks, hides=False)
    return act("correct" if of else "release", by, filled(random, each.report, hiding), name, *of)


@dataclass
class _HiddenFromPeer:
    """What a peer must not notice, one thing after another."""

    state: Completing
    pinned: list[str]
    has_policy: bool = False
    lost: tuple[str, ...] = ()  # marks that the peer sees no more after the next step
    seen: dict[str, Visible] = field(default_factory=dict)  # by its first version, what is seen of a document
    released: list[str] = field(default_factory=list)  # what is hidden wholly

    def note(self, each: Planned) -> None:
        """Know what the observer has after a visible step."""
        if each.report is not None and each.what in {"release", "correct"}:
            self.seen[each.told[-1]] = each.report
        elif each.what == "withdraw":
            self.seen.pop(each.told[1], None)

    def correct(self) -> Act:
        """Release a new version of what the observer sees, in which they see the same."""
        random = self.state.random
        of = random.choice(sorted(self.seen))
        visible = replace(
            self.seen[of], precedence=random.choice(PRECEDENCES), role=random.choice(("action", "info"))
        )
        hiding = Hiding(cast.PEER_NEVER_SEES, ("EU", *cast.OTHERS), long=_long(random))
        # A line of its own, so that it is always another text.
        changed = filled(random, visible, hiding) + f"\n(S) {CANARY}{self.state.number()}.\n"
        return act("correct", cast.AUTHOR, changed, self.state.number(), of)

    def something(self) -> None:
        """Let one or two hidden things happen."""
        random = self.state.random
        add = self.state.add
        office = random.choice(cast.OTHERS)
        match random.randrange(15):
            case 0 | 1 | 2:
                add(self.release())
            case 12 | 13 if self.seen:
                add(self.correct())
            case 14 if self.released:
                add(act("withdraw", cast.AUTHOR, random.choice(self.released)))
            case 3 | 4 if office in self.pinned:
                add(act("pull", office, cast.AUTHOR))
            case 5:
                hiding = Hiding(cast.marks_by(office), (cast.AUTHOR,), everybody=True, long=_long(random))
                add(act("release", office, filled(random, Visible(), hiding), self.state.number()))
                add(act("pull", cast.AUTHOR, office))
            case 6:
                add(act("ask", office, cast.AUTHOR, b"nonsense"))
            case 7 if office in self.pinned:
                add(act("pull", office, cast.AUTHOR))
                add(act("fork", office, cast.AUTHOR))
            case 8:
                add(act("letter", office, cast.AUTHOR))
            case 9:
                add(act("keep", cast.AUTHOR))
            case _:
                add(self.quietly())

    def quietly(self) -> Act:
        """Something for which nobody asks, so that it can happen in the middle of an answer."""
        random = self.state.random
        office = random.choice(cast.OTHERS)
        match random.randrange(5):
            case 0 if not self.has_policy:
                self.has_policy = True
                return act("accept_policy", cast.AUTHOR)
            case 1:
                # Its own people go on to see what they correct.
                received = random.random() < 0.5
                level = random.choice("LCS") if received else "S"
                clearance = cast.cleared(cast.AUTHOR, level, context=("Own", "Releasable"))
                return act("set_clearance", cast.AUTHOR, clearance, received=received)
            case 2:
                return self.release()
        if office not in self.pinned:
            self.pinned.append(office)
            return act("pin", cast.AUTHOR, office, random.choice(("", "L", "S")))
        clearance = cast.cleared(office, random.choice("OLCS"))
        if random.random() < 0.6:
            return act("grant", cast.AUTHOR, office, clearance)
        end = NOON + timedelta(seconds=self.state.second + random.choice((5, 60, 600)))
        return act("grant", cast.AUTHOR, office, clearance, until=end)

    def release(self) -> Act:
        """Release something of which the peer gets nothing, also if it is an addressee."""
        random = self.state.random
        offices = random.sample(("EU", *cast.OTHERS), random.randint(0, 3))
        if not offices or random.random() < 0.4:
            offices.append(cast.PEER)
        name = self.state.number()
        self.released.append(name)
        return act("release", cast.AUTHOR, self.report(offices), name)

    def release_too_late(self) -> Act:
        """Release something to the peer that it may see now, and no more when it asks the next time."""
        hiding = Hiding(self.lost, (cast.PEER,), everybody=True)
        visible = Visible(precedence=self.state.random.choice(PRECEDENCES))
        return act("release", cast.AUTHOR, filled(self.state.random, visible, hiding), self.state.number())

    def report(self, offices: Sequence[str]) -> str:
        """A report that is hidden wholly; a title that may be seen does not make it visible."""
        random = self.state.random
        marks: tuple[str, ...] = cast.PEER_NEVER_SEES
        if cast.PEER not in offices:
            marks += cast.PEER_SEES_OPEN + cast.PEER_SEES_LIMITED
        header = (("title", "(O)", "Zq7hidden title"),) if random.random() < 0.4 else ()
        visible = Visible(header=header, precedence=random.choice(PRECEDENCES))
        return filled(random, visible, Hiding(marks, offices, everybody=True, long=_long(random)))


# The observer reads at a node that holds more.


def reader_pair(number: int) -> Pair:
    """A pair whose observers are the people of a mission whose node holds more than they may see."""
    random = Random(f"readers {number}")
    plan = list(_reader_plan(random))
    sides = [_reader_side(Random(f"readers {number} {side}"), side, plan) for side in SIDES]
    sees = {
        cast.AUTHOR: cast.keys_of(cast.READER_SEES),
        cast.READERS: cast.keys_of(cast.READER_SEES_OWN),
    }
    return Pair("readers", number, sees, "", number % 2 == 1, (sides[0], sides[1]))


def _reader_plan(random: Random) -> Iterator[Planned]:
    author, here = cast.AUTHOR, cast.READERS
    people = cast.cleared(here, "L", context=("Own", "Releasable"))
    yield Planned(0, "set_clearance", (here, people, False))
    yield Planned(0, "set_clearance", (here, cast.cleared(here, "S"), True))
    # Sometimes everything comes by others.
    sources = [author, *cast.RELAYS] if random.random() < 0.7 else cast.RELAYS
    second, own, reports = 0, 0, dict[str, Visible]()
    begun = list[str]()  # first versions
    for _ in range(random.randint(4, 9)):
        second += random.choice((20, 40, 200))
        match random.choices(
            ("release", "correct", "withdraw", "pull", "pass on", "own", "read", "less"),
            (28, 12, 5, 25, 25, 10, 10, 4),
        )[0]:
            case "correct" if begun:
                of, name = random.choice(begun), f"seen {len(reports)}"
                reports[name] = visible_report(random, cast.READER_SEES, here)
                yield Planned(second, "correct", (author, name, of), reports[name])
                if random.random() < 0.7:
                    yield Planned(second + 8, "pull", (here, author))
            case "withdraw" if begun:
                gone = begun.pop(random.randrange(len(begun)))
                yield Planned(second, "withdraw", (author, gone, here))
            case "pull":
                yield Planned(second, "pull", (here, random.choice(sources)))
            case "pass on" if reports:
                name, relay = random.choice(list(reports)), random.choice(cast.RELAYS)
                yield Planned(second, "pass_on", (relay, here, name), marks=_part(random, reports[name]))
                if random.random() < 0.5:
                    yield Planned(second + 8, "pull", (here, relay))
            case "own":
                own += 1
                report = visible_report(random, cast.READER_SEES_OWN, author)
                yield Planned(second, "release", (here, f"own {own}"), report)
            case "read":
                yield Planned(second, "read")
            case "less":
                # From now on the people see only what is open.
                less = cast.cleared(here, "O", context=("Own", "Releasable"))
                yield Planned(second, "set_clearance", (here, less, False))
            case _:
                name = f"seen {len(reports)}"
                begun.append(name)
                reports[name] = visible_report(random, cast.READER_SEES, here)
                yield Planned(second, "release", (author, name), reports[name])
    for of in sources:
        second += 20
        yield Planned(second, "pull", (here, of))


def _part(random: Random, report: Visible) -> tuple[str, ...]:
    """A part of what is seen of a report, with something to read in it."""
    bodies = sorted({each.mark for group in report.groups for each in group})
    kept = {random.choice(bodies), *random.sample(sorted(report.marks), random.randint(0, len(report.marks)))}
    return tuple(sorted(kept))


def _reader_side(random: Random, side: str, plan: Sequence[Planned]) -> Side:
    hidden = _HiddenFromReader(Completing(random, side), random.random() < 0.5)
    first = [(cast.AUTHOR, "S"), *((relay, "S") for relay in cast.RELAYS)]
    first += [("KOR", "C")] if hidden.is_pinned else []
    is_still = random.random() < 0.1
    for number, each in enumerate(plan):
        if not is_still and each.second > 0:
            for _ in range(random.choice((0, 1, 1, 2))):
                hidden.something()
        done = hidden.visible(each)
        hidden.state.steps.append(Step(f"step {number}", each.second, done))
        hidden.state.second = each.second
    here = cast.READERS
    return Side(
        peers={
            here: tuple(first),
            cast.AUTHOR: ((here, "S"), ("KOR", "S"), ("NATO", "S")),
            "KOR": ((here, "S"),),
            **dict.fromkeys(cast.RELAYS, ((here, "S"), (cast.AUTHOR, "S"))),
        },
        steps=tuple(hidden.state.steps),
    )


@dataclass
class _HiddenFromReader:
    """What the readers must not notice, one thing after another."""

    state: Completing
    is_pinned: bool
    seen: list[str] = field(default_factory=list)
    released_last: dict[str, Visible] = field(default_factory=dict)  # by first version, what is seen of it
    documents: dict[str, Visible] = field(default_factory=dict)  # of these, what the node has by now
    released: list[str] = field(default_factory=list)  # what is hidden wholly

    def visible(self, each: Planned) -> Act:
        """The act of a visible step, completed with something hidden."""
        random = self.state.random
        if each.what == "set_clearance":
            at, clearance, received = each.told
            return act("set_clearance", at, clearance, received=received)
        if each.what == "pass_on":
            return act("pass_on", *each.told, [*each.marks, *self.hidden_marks()])
        if each.report is not None and each.told[0] == cast.AUTHOR:
            self.seen.append(each.told[1])
            self.released_last[each.told[-1]] = each.report
            self.documents.pop(each.told[-1], None)
        if each.what == "pull" and each.told[1] == cast.AUTHOR:
            self.documents |= self.released_last
        if each.what == "withdraw":
            self.documents.pop(each.told[1], None)
            self.released_last.pop(each.told[1], None)
        by = each.told[0] if each.told else ""
        own = by == cast.READERS
        marks = cast.READER_NEVER_SEES_OWN if own else cast.READER_NEVER_SEES + cast.NODE_NEVER_GETS
        return _visible_act(random, each, Hiding(marks, ("EU", "KOR", "NATO"), long=_long(random)))

    def correct(self) -> Act:
        """Release a new version of what the readers see, in which they see the same."""
        random = self.state.random
        of = random.choice(sorted(self.documents))
        marks = cast.READER_NEVER_SEES + cast.NODE_NEVER_GETS
        hiding = Hiding(marks, ("EU", "KOR", "NATO"), long=_long(random))
        changed = filled(random, self.documents[of], hiding)
        changed += f"\n(C//REL KOR, JPN) {CANARY}{self.state.number()}.\n"
        name = self.state.number()
        self.seen.append(name)
        return act("correct", cast.AUTHOR, changed, name, of)

    def hidden_marks(self) -> list[str]:
        """Some marks that the node may have and its readers may not."""
        count = self.state.random.randint(0, len(cast.READER_NEVER_SEES))
        return self.state.random.sample(cast.READER_NEVER_SEES, count)

    def something(self) -> None:
        """Let one or two hidden things happen."""
        random, add = self.state.random, self.state.add
        here, author, relay = cast.READERS, cast.AUTHOR, random.choice(cast.RELAYS)
        match random.randrange(13):
            case 0 | 1:
                name = self.state.number()
                self.released.append(name)
                add(act("release", author, self.report((here, "EU")), name))
            case 9 | 10 | 11 if self.documents:
                add(self.correct())
            case 12 if self.released:
                add(act("withdraw", author, random.choice(self.released), here))
            case 2 | 3:
                add(act("release", "KOR", self.report((here,)), self.state.number()))
                add(act("pull", here, "KOR"))
            case 4 | 5 if self.seen:
                add(act("pass_on", relay, here, random.choice(self.seen), self.hidden_marks()))
            case 6:
                add(act("forge", relay, here, random.choice((author, "KOR"))))
            case 7:
                add(act("release", here, self.report((author,), own=True), self.state.number()))
            case _ if not self.is_pinned:
                self.is_pinned = True
                add(act("pin", here, "KOR", "S"))
            case _:
                add(act("keep", here))

    def report(self, offices: Sequence[str], *, own: bool = False) -> str:
        """A report of which the readers see nothing."""
        marks = cast.READER_NEVER_SEES_OWN if own else cast.READER_NEVER_SEES
        random = self.state.random
        return filled(random, Visible(), Hiding(marks, offices, everybody=True, long=_long(random)))


PAIRS: dict[str, Callable[[int], Pair]] = {"peers": peer_pair, "readers": reader_pair}
"""How pairs are made, by who observes."""
