# SPDX-License-Identifier: Apache-2.0
"""
A run: two nodes exchange, and again and again one of their processes is killed, as a seed has it.

What is killed, when and how is drawn from the seed. What the two nodes are doing at that moment is not, for
they run by their own clocks: a seed replays the plan, not the instant. So what was hit is counted.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from random import Random
from statistics import median

from tests.kill.checker import ViolationError
from tests.kill.nodes import RECEIVING, SENDING, Furnished, Pair, Process, wait_until
from tests.kill.points import OF_ALL, Point
from tests.kill.texts import RECEIVER, draw_report

PATIENCE_S = (
    0.3  # for a server to come to where it is to die, when all is released; then it is killed where it is
)
REPORTS_IN_LOAD = (2, 7)  # at least and at most
REPORTS_AT_ONCE = 60  # are drawn and kept as drafts when they run out
RESTART_TIME_S = 5.0  # until a killed server answers, the median; it takes half a second on a machine at rest
ROUNDS_PER_KILL_MAX = 4  # more misses than that, and the harness itself is broken


class Victim(Enum):
    """Which process is killed."""

    ANSWERING = "the sender's server"
    ASKING = "the receiver's server"
    RELEASING = "the releasing process"
    PULLING = "the pulling command"
    PACKING = "the packing command"
    OPENING = "the command that opens bags"


WEIGHTS = {
    Victim.ANSWERING: 8,
    Victim.ASKING: 7,
    Victim.RELEASING: 7,
    Victim.PULLING: 4,
    Victim.PACKING: 3,
    Victim.OPENING: 3,
}
BY_BAG = (Victim.PACKING, Victim.OPENING)

# At which points a victim may die, and at the how manieth passing at most.
NTH_MAX = {
    Point.WRITING: 25,
    Point.TEARING: 25,
    Point.SYNCING: 6,
    Point.COMMITTING: 4,
    Point.COMMITTED: 4,
    Point.PLACING: 1,
    Point.PLACED: 1,
    Point.GIVING: 4,
    Point.GIVEN: 2,
    Point.TAKING: 4,
    Point.TAKEN: 2,
    Point.TOLD: 4,
    Point.SEALING: 2,
    Point.SEALED: 2,
    Point.CARRYING: 2,
    Point.CARRIED: 1,
}
PLACED = (Point.PLACING, Point.PLACED)
POINTS: dict[Victim, tuple[Point, ...]] = {
    Victim.ANSWERING: (*OF_ALL, *PLACED, Point.GIVING, Point.GIVEN),
    Victim.ASKING: (*OF_ALL, *PLACED, Point.SEALING, Point.SEALED, Point.TAKING, Point.TAKEN),
    Victim.RELEASING: (*OF_ALL, *PLACED, Point.TOLD),
    Victim.PULLING: (*OF_ALL, Point.PLACED, Point.SEALED, Point.TAKING, Point.TAKEN),
    Victim.PACKING: (*OF_ALL, *PLACED, Point.CARRYING, Point.CARRIED),
    Victim.OPENING: (*OF_ALL, *PLACED, Point.SEALING, Point.SEALED),
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    How a process is to be killed: at a point, or without one at a moment that is drawn.

    A server may be started as a user does, and then has no points: it is killed at a moment anyhow.
    """

    point: Point | None
    nth: int = 0

    @property
    def needs_blob(self) -> bool:
        """Whether nothing comes to its point but a long report."""
        return self.point in {Point.PLACING, Point.PLACED}

    @property
    def needs_file(self) -> bool:
        """Whether nothing comes to its point but what is attached."""
        return self.point in {Point.SEALING, Point.SEALED}


@dataclass(frozen=True, kw_only=True)
class Kill:
    """
    One kill, and what it hit.

    Args:
        victim: Which process.
        point: At which point it died; None if at a moment that was drawn.
        hit: Whether it ran when the kill came.
        begun: How many commits it had begun.
        done: How many of them had come to their end.
        is_under_way: Whether anything was left to do: to release, to number, to take in, to receipt.
        is_program: Whether it was as a user starts it; then nothing is known of its commits.
    """

    victim: Victim
    point: Point | None
    hit: bool
    begun: int = 0
    done: int = 0
    is_under_way: bool = False
    is_program: bool = False

    @property
    def is_in_commit(self) -> bool:
        """Whether it came in the middle of a commit."""
        return self.hit and self.begun > self.done

    @property
    def is_between_commits(self) -> bool:
        """Whether it came between one commit and another that was to follow."""
        return self.hit and self.is_under_way and self.begun == self.done > 0


class EmptyRunError(AssertionError):
    """A run that shows nothing, for it did nothing."""


@dataclass(kw_only=True)
class Tally:
    """What a run, or many, did."""

    kills: list[Kill] = field(default_factory=list)
    looks: int = 0
    acknowledged: int = 0
    unacknowledged: int = 0
    delivered: int = 0
    canaries: int = 0
    restarts_s: list[float] = field(default_factory=list)

    @property
    def hits(self) -> list[Kill]:
        """The kills that hit a running process."""
        return [kill for kill in self.kills if kill.hit]

    def add(self, other: "Tally") -> None:
        """Add what another run did."""
        self.kills += other.kills
        self.restarts_s += other.restarts_s
        for name in ("looks", "acknowledged", "unacknowledged", "delivered", "canaries"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def counts(self) -> dict[str, int]:
        """How many kills there were of which kind."""
        victims = Counter(f"of {kill.victim.value}" for kill in self.hits)
        points = Counter("at a moment" if kill.point is None else "at a point" for kill in self.hits)
        return {
            "all": len(self.hits),
            "too late": len(self.kills) - len(self.hits),
            "in a commit": sum(kill.is_in_commit for kill in self.kills),
            "between two commits": sum(kill.is_between_commits for kill in self.kills),
            "of a command or server as a user starts it": sum(kill.is_program for kill in self.hits),
            **dict(sorted(points.items())),
            **dict(sorted(victims.items())),
        }

    def check(self) -> None:
        """
        Refuse a run that shows nothing.

        Raises:
            EmptyRunError: No kill hit a running process, none came between two commits or in one, or
                nothing was acknowledged or delivered.
        """
        counts = self.counts()
        for what in ("all", "in a commit", "between two commits"):
            if not counts[what]:
                raise EmptyRunError(f"kills {what}: none; nothing was tried")
        if not self.acknowledged or not self.delivered:
            raise EmptyRunError("nothing was acknowledged or delivered; nothing could be lost")

    def check_restarts(self) -> None:
        """
        Refuse nodes that are slow to come back.

        Raises:
            ViolationError: Half of the restarts take longer than ``RESTART_TIME_S``.
        """
        if median(self.restarts_s) > RESTART_TIME_S:
            raise ViolationError(f"a restart takes {median(self.restarts_s):.1f} s")


ROLES = {SENDING: Victim.ANSWERING, RECEIVING: Victim.ASKING}


class Run:
    """
    One run.

    Args:
        furnished: Folders to begin with.
        folder: An empty one, for copies of them.
        seed: Of the plan.
        kills: How many must hit.
        bugs: Which bug is planted in the processes of which node, to see how soon it is found.
    """

    def __init__(
        self,
        furnished: Furnished,
        folder: Path,
        *,
        seed: str,
        kills: int,
        bugs: dict[str, str] | None = None,
    ) -> None:
        self._draw = Random(seed)
        self._wanted = kills
        self._pair = Pair.of(furnished, folder, bugs=bugs)
        self._tally = Tally()
        self._left: list[str] = []  # titles that no releasing process was given yet
        self._again: list[str] = []  # titles whose release was not acknowledged, to be tried again

    def play(self) -> Tally:
        """
        Kill until it is enough, let them come to rest, and judge.

        Raises:
            ViolationError: Something does not hold, or a restart takes too long.
            EmptyRunError: Nothing was tried.
        """
        tally = self._tally
        with self._pair as pair:
            rounds = 0
            while len(tally.hits) < self._wanted:
                rounds += 1
                if rounds > ROUNDS_PER_KILL_MAX * self._wanted:
                    raise EmptyRunError(f"{rounds} rounds, and only {len(tally.hits)} kills hit")
                self._play_round()
            outcome = pair.end()
        tally.looks, tally.restarts_s = pair.checker.looks, pair.restarts_s
        tally.acknowledged = len(pair.acknowledged)
        tally.unacknowledged = len(pair.reports) - len(self._left) - len(pair.acknowledged)
        tally.delivered = len(outcome.inbox)
        tally.canaries = sum(len(each.withheld) for each in pair.reports.values())
        tally.check()
        tally.check_restarts()
        return tally

    def _play_round(self) -> None:
        """Start what is down, release something, kill something, and look at both nodes."""
        victim = self._draw.choices([*WEIGHTS], [*WEIGHTS.values()])[0]
        plan = self._plan(victim)
        self._start_servers(victim)
        match victim:
            case Victim.RELEASING:
                self._kill_releasing(plan)
            case Victim.PULLING:
                self._kill_pulling(plan)
            case Victim.PACKING | Victim.OPENING:
                self._kill_by_bag(victim, plan)
            case Victim.ANSWERING:
                self._kill_server(SENDING, plan)
            case Victim.ASKING:
                self._kill_server(RECEIVING, plan)
        self._pair.look()

    def _plan(self, victim: Victim) -> Plan:
        if self._draw.random() < 0.4:
            return Plan(point=None)
        point = self._draw.choice(POINTS[victim])
        return Plan(point=point, nth=self._draw.randint(1, NTH_MAX[point]))

    def _start_servers(self, victim: Victim) -> None:
        """Start what was killed. It is not waited for, and some die again, before they are back or a little later."""
        draw, pair = self._draw, self._pair
        for at in (SENDING, RECEIVING):
            if at in pair.serving and not pair.is_up(at):
                self._kill(ROLES[at], pair.serving[at])
            is_program, is_late, dies_early = draw.random() < 0.2, draw.random() < 0.2, draw.random() < 0.15
            point, nth = draw.choice((Point.WRITING, Point.TEARING, Point.SYNCING)), draw.randint(1, 3)
            if at == RECEIVING and victim in {Victim.PULLING, *BY_BAG}:
                self._stop(at)
            elif not pair.is_up(at) and not (is_late and victim is Victim.RELEASING):
                process = pair.serve(at, is_program=is_program)
                if dies_early and not is_program:
                    process.arm(point, nth)

    def _stop(self, at: str) -> None:
        """Let a server end as it should: then its log is moved, and the next one starts without."""
        if at in self._pair.serving:
            self._pair.serving.pop(at).stop()

    def _is_back(self, at: str) -> bool:
        """Wait until a server is back; one that died on its way is a kill too."""
        process = self._pair.serving.get(at)
        if process is None:
            return False
        if not self._pair.wait_for(at):
            self._kill(ROLES[at], process)
            return False
        return True

    def _kill_server(self, at: str, plan: Plan) -> None:
        """Kill a server while it has something to do."""
        load = self._start_load(plan)
        if all([self._is_back(SENDING), self._is_back(RECEIVING)]):
            process = self._pair.serving[at]
            if plan.point is None or process.is_program:
                self._wait_for_told(load)
                time.sleep(self._draw.uniform(0, 0.06))
            else:
                process.arm(plan.point, plan.nth)
                wait_until(lambda: not (process.is_alive and load.process.is_alive), "one of them ends")
                process.wait_briefly(PATIENCE_S)
            self._kill(ROLES[at], process)
        self._end_load(load)

    def _kill_releasing(self, plan: Plan) -> None:
        """Kill a process that releases, while the servers, or one of them, are at work or coming back."""
        load = self._start_load(plan)
        if load.process.is_program:
            time.sleep(self._draw.uniform(0.1, 0.3))
        elif plan.point is None:
            self._wait_for_told(load)
            time.sleep(self._draw.uniform(0, 0.015))
        else:
            load.process.arm(plan.point, plan.nth)
            load.process.wait()
        self._kill(Victim.RELEASING, load.process, is_under_way=load.told() < len(load.titles))
        self._end_load(load)

    def _kill_pulling(self, plan: Plan) -> None:
        """Kill the command that pulls, when there is something to be pulled."""
        self._end_load(self._start_load(plan))
        if not self._is_back(SENDING):
            return
        process = self._pair.pull(is_program=plan.point is None and self._draw.random() < 0.4)
        if process.is_program:
            time.sleep(self._draw.uniform(0.15, 0.4))
        elif plan.point is None:
            wait_until(
                lambda: process.page.count(Point.TAKING) or not process.is_alive, "something is pulled"
            )
            time.sleep(self._draw.uniform(0, 0.03))
        else:
            process.arm(plan.point, plan.nth)
            process.wait()
        self._kill(Victim.PULLING, process)

    def _kill_by_bag(self, victim: Victim, plan: Plan) -> None:
        """Kill the command that packs, or the one that opens what was packed; then what is whole is opened."""
        pair = self._pair
        self._end_load(self._start_load(plan))
        if victim is Victim.OPENING:
            pair.pack().wait()
        if victim is Victim.PACKING or pair.bags():
            is_program = plan.point is None and self._draw.random() < 0.4
            act = pair.pack if victim is Victim.PACKING else pair.open_bags
            process = act(is_program=is_program)
            if plan.point is None:
                time.sleep(self._draw.uniform(0.15, 0.5))
            else:
                process.arm(plan.point, plan.nth)
                process.wait()
            self._kill(victim, process)
        # Whatever has its name is whole, and brings the same as the wire; some stay closed until later.
        if pair.bags() and self._draw.random() < 0.7:
            pair.end_bags()

    def _kill(self, victim: Victim, process: Process, *, is_under_way: bool = False) -> None:
        """Kill a process, if it is not dead already, and note what that hit."""
        died_by_itself = not process.is_alive
        process.kill()
        for at, server in list(self._pair.serving.items()):
            if server is process:
                del self._pair.serving[at]
        sender, receiver = self._pair.look()
        counts = {sender.size, sender.receipt_size, receiver.size}
        kill = Kill(
            victim=victim,
            point=process.armed if died_by_itself else None,
            hit=process.was_killed,
            begun=process.page.count(Point.COMMITTING),
            done=process.page.count(Point.COMMITTED),
            is_under_way=is_under_way or len(counts) > 1 or sender.waiting(RECEIVER) > 0,
            is_program=process.is_program,
        )
        self._tally.kills.append(kill)

    # The load: reports that are released.

    def _start_load(self, plan: Plan) -> "Load":
        """Release some reports that were not yet, and perhaps some whose release was not acknowledged."""
        draw, pair = self._draw, self._pair
        if len(self._left) < max(REPORTS_IN_LOAD):
            self._left += pair.compose([draw_report(draw) for _ in range(REPORTS_AT_ONCE)])
        if plan.needs_blob:
            # One comes to the end, and is taken.
            self._left.sort(key=lambda title: pair.reports[title].is_long)
        if plan.needs_file:
            self._left.sort(key=lambda title: len(pair.reports[title].files))
        titles = [self._left.pop() for _ in range(draw.randint(*REPORTS_IN_LOAD))]
        if plan.point is None and draw.random() < 0.3:
            self._left += titles[1:]
            return Load(pair.release_one(titles[0]), titles[:1])
        titles += [self._again.pop() for _ in range(draw.randint(0, len(self._again)))]
        return Load(pair.release(titles), titles)

    def _wait_for_told(self, load: "Load") -> None:
        """Wait until some of the reports are released."""
        enough = self._draw.randrange(len(load.titles))
        wait_until(lambda: load.told() > enough or not load.process.is_alive, "something is released")

    def _end_load(self, load: "Load") -> None:
        """Wait for the end of a releasing process, and note what it acknowledged."""
        load.process.wait()
        self._pair.note_releases(load.process)
        unknown = [title for title in load.titles if not self._pair.is_released(title)]
        # Half of them are tried again, as a person would; of the others it stays open what became of them.
        self._again += [title for title in unknown if self._draw.random() < 0.5]


@dataclass(frozen=True)
class Load:
    """A process that releases, and what it is to release."""

    process: Process
    titles: list[str]

    def told(self) -> int:
        """How many of them it has told of."""
        if self.process.is_program:
            return int(not self.process.is_alive)
        return len(self.process.lines())
