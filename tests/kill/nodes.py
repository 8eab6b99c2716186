# SPDX-License-Identifier: Apache-2.0
"""
Two nodes as real processes with real folders, which are started, killed and looked at.

``furnish`` makes the folders once; ``Pair`` works on a copy of them.
"""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from itertools import count
from pathlib import Path
from random import sample
from typing import Any, Self

from tests.kill.checker import Checker, Outcome, ViolationError, judge
from tests.kill.points import Page, Point
from tests.kill.sights import Sight, see_receiver, see_sender
from tests.kill.texts import ABSENT, RECEIVER, SENDER, Report, found_in, write_files

ROOT = Path(__file__).parents[2]
LOOK_EVERY_S = 0.002
TIME_S = 30.0  # for whatever takes a fraction of a second; then it never comes

PORTS = range(15_000, 30_000)  # below those that the system gives to connections

SENDING, RECEIVING, AWAY = "sender", "receiver", "absent"
"""The folders."""

RELEASED_BEFORE = "this draft was released before"
"""What the program says to who releases again what was released: then it was, and wholly."""

EXPECTED = (
    *("` cannot be connected to", "` broke off", "the other office may"),
    *("there is nothing new for `", "--again NUMBER packs a bag anew"),
)
"""What logs say while the sender is dead, or when the wire was faster than the courier."""


class StuckError(ViolationError):
    """Something that must happen does not, however long one waits."""


def wait_until(holds: Callable[[], object], what: str, *, time_s: float = TIME_S) -> None:
    """
    Wait until something holds.

    Raises:
        StuckError: It does not in time.
    """
    until = time.monotonic() + time_s
    while not holds():
        if time.monotonic() > until:
            raise StuckError(f"{what}: not within {time_s:.0f} s")
        time.sleep(LOOK_EVERY_S)


@dataclass(frozen=True, kw_only=True)
class Told:
    """How a command of the program ended, and what it printed."""

    code: int
    printed: str

    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.printed)


class Process:
    """
    A process that works on a node's folder.

    Args:
        scratch: Where what it prints goes, a file of its own.
        arguments: A command and what it is given.
        bug: Which bug is planted in it.
        is_program: As a user starts it, without points.
    """

    _numbers = count()

    def __init__(
        self, scratch: Path, arguments: Sequence[str], *, bug: str = "", is_program: bool = False
    ) -> None:
        number = f"{next(self._numbers):05}"
        self.is_program = is_program
        self.armed: Point | None = None
        self.is_back = False  # whether it was seen to listen
        self.output = scratch / f"{number}.out"
        self.errors = scratch / f"{number}.err"
        path = scratch / f"{number}.page"
        self.page = Page(path)
        program = ["legation"] if is_program else ["tests.kill.child", str(path), bug]
        self.started_at = time.time()
        with self.output.open("wb") as output, self.errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *program, *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def code(self) -> int:
        """How it ended."""
        assert self._process.returncode is not None, "it has ended"
        return self._process.returncode

    @property
    def was_killed(self) -> bool:
        """Whether it ended by a kill, and did not end before."""
        return self.code == -signal.SIGKILL

    def arm(self, point: Point, nth: int) -> None:
        """Let it die at a point; see ``Page.arm``."""
        assert not self.is_program, "the program has no points"
        self.armed = point
        self.page.arm(point, nth)

    def lines(self) -> list[Any]:
        """What it has told so far, a JSON document a line; a line that is not finished does not count."""
        whole = self.output.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def is_listening(self) -> bool:
        """Whether a server has said that it listens."""
        return b"\n}" in self.output.read_bytes()

    def kill(self) -> None:
        """Kill it, at once, and bury it; one that has ended is left as it is."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ask it to end."""
        self._process.terminate()
        self.wait()

    def wait(self, time_s: float = TIME_S) -> None:
        """
        Wait for its end.

        Raises:
            StuckError: It does not come.
        """
        try:
            self._process.wait(time_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise StuckError("a process does not end") from None

    def wait_briefly(self, time_s: float) -> None:
        """Wait for its end, or for the end of the time."""
        try:
            self._process.wait(time_s)
        except subprocess.TimeoutExpired:
            return


def free_port() -> int:
    """
    Find a port that nobody listens at.

    One of those that the system gives to connections could be taken while its server is dead.
    """
    for port in sample(PORTS, len(PORTS)):
        with socket.socket() as found, suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port
    raise AssertionError("some port is free")


@dataclass(frozen=True, kw_only=True)
class Furnished:
    """Folders of nodes that know each other, the port at which the sender answers, and its drafts by title."""

    folder: Path
    port: int
    reports: Mapping[str, Report]
    drafts: Mapping[str, str]


def furnish(folder: Path, reports: Sequence[Report] = ()) -> Furnished:
    """Make the folders of a sender, with drafts, of a receiver, and of an addressee that never comes."""
    port = free_port()
    offices = {SENDING: SENDER, RECEIVING: RECEIVER, AWAY: ABSENT}
    commands = [
        ["init", SENDER, "--dir", SENDING, "--address", f"127.0.0.1:{port}"],
        ["init", RECEIVER, "--dir", RECEIVING],
        ["init", ABSENT, "--dir", AWAY],
    ]
    for at, of in ((SENDING, RECEIVING), (SENDING, AWAY), (RECEIVING, SENDING)):
        commands += [
            ["peer", "add", f"{of}/office.card", "--by", "security officer", "--dir", at],
            ["peer", "confirm", offices[of], "--by", "administrator", "--dir", at],
        ]
    with as_file(files("legation.demo")) as shipped:
        for by in ("security officer", "administrator"):
            for office in (RECEIVER, ABSENT):
                clearance = str(shipped / "clearances" / f"{office}.xml")
                commands.append(
                    ["peer", "grant", office, "--clearance", clearance, "--by", by, "--dir", SENDING]
                )
        _run_each(folder, [_placed(each, folder) for each in commands])
    return Furnished(
        folder=folder,
        port=port,
        reports={each.title: each for each in reports},
        drafts=_compose(folder / SENDING, folder, reports),
    )


def _compose(sender: Path, scratch: Path, reports: Sequence[Report]) -> dict[str, str]:
    """Keep reports as drafts, and give their ids by title."""
    paths = [scratch / f"{report.title}.md" for report in reports]
    for report, path in zip(reports, paths, strict=True):
        path.write_text(report.text)
    files = [file for report in reports for file in write_files(scratch, report)]
    process = Process(scratch, ["compose-each", str(sender), *map(str, paths)])
    process.wait()
    for file in files:
        file.unlink()
    titles = [report.title for report in reports]
    return dict(zip(titles, process.lines(), strict=True))


def _placed(command: list[str], folder: Path) -> list[str]:
    """Name folders in full."""
    names = {SENDING, RECEIVING, AWAY}
    return [str(folder / each) if each.split("/")[0] in names else each for each in command]


def _run_each(
    scratch: Path, commands: Sequence[Sequence[str]], *, codes: tuple[int, ...] = (0,)
) -> list[Told]:
    """Run commands of the program, one after the other, in one process."""
    process = Process(scratch, ["run-each", *map(json.dumps, commands)])
    process.wait()
    told = [Told(**each) for each in process.lines()]
    assert len(told) == len(commands), process.errors.read_text()
    assert all(each.code in codes for each in told), process.errors.read_text()
    return told


@dataclass(kw_only=True)
class Pair:
    """The two nodes of one run: their folders, their processes, and what was acknowledged."""

    folder: Path
    port: int
    bugs: dict[str, str] = field(default_factory=dict)
    checker: Checker = field(default_factory=Checker)
    reports: dict[str, Report] = field(default_factory=dict)
    drafts: dict[str, str] = field(default_factory=dict)
    acknowledged: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    processes: list[Process] = field(default_factory=list)
    serving: dict[str, Process] = field(default_factory=dict)
    restarts_s: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, furnished: Furnished, folder: Path, *, bugs: dict[str, str] | None = None) -> Self:
        """Copy the folders; *bugs* names which bug is planted in all processes of which node."""
        (folder / "scratch").mkdir(parents=True)
        (folder / "courier").mkdir()
        for name in (SENDING, RECEIVING):
            shutil.copytree(furnished.folder / name, folder / name)
        return cls(
            folder=folder,
            port=furnished.port,
            bugs=bugs or {},
            reports=dict(furnished.reports),
            drafts=dict(furnished.drafts),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.kill()

    @property
    def sender(self) -> Path:
        """The sender's folder."""
        return self.folder / SENDING

    @property
    def receiver(self) -> Path:
        """The receiver's folder."""
        return self.folder / RECEIVING

    @property
    def courier(self) -> Path:
        """Where bags are put."""
        return self.folder / "courier"

    @property
    def scratch(self) -> Path:
        """Where logs go."""
        return self.folder / "scratch"

    def start(self, at: str, *arguments: str, is_program: bool = False) -> Process:
        """Start a process that works on the folder of a node."""
        process = Process(self.scratch, arguments, bug=self.bugs.get(at, ""), is_program=is_program)
        self.processes.append(process)
        return process

    # What is done.

    def compose(self, reports: Sequence[Report]) -> list[str]:
        """Keep reports as drafts of the sender, and give their titles."""
        self.drafts |= _compose(self.sender, self.scratch, reports)
        self.reports |= {each.title: each for each in reports}
        return [each.title for each in reports]

    def serve(self, at: str, *, is_program: bool = False) -> Process:
        """Start the server of a node; it is not waited for."""
        port = str(self.port if at == SENDING else 0)
        arguments = ["serve", "--dir", str(self.folder / at), "--port", port, "--json"]
        process = self.serving[at] = self.start(at, *arguments, is_program=is_program)
        return process

    def wait_for(self, at: str) -> bool:
        """Wait until the server of a node listens, or is dead; which of the two it is."""
        process = self.serving[at]
        if not process.is_back:
            wait_until(lambda: process.is_listening() or not process.is_alive, f"the {at} is back")
            process.is_back = process.is_listening()
            if process.is_back:
                self.restarts_s.append(process.output.stat().st_mtime - process.started_at)
        if not process.is_alive and not process.was_killed:
            raise ViolationError(f"the {at} does not start again: {process.errors.read_text().strip()}")
        return process.is_alive

    def is_up(self, at: str) -> bool:
        """Whether the server of a node runs."""
        return at in self.serving and self.serving[at].is_alive

    def release(self, titles: Sequence[str]) -> Process:
        """Start a process that releases reports, one after the other."""
        return self.start(SENDING, "release-each", str(self.sender), *(self.drafts[each] for each in titles))

    def release_one(self, title: str) -> Process:
        """Start the command that releases one report, as a user does."""
        arguments = [
            "release",
            self.drafts[title],
            "--by",
            "releasing officer",
            "--dir",
            str(self.sender),
            "--json",
        ]
        return self.start(SENDING, *arguments, is_program=True)

    def pull(self, *, is_program: bool = False) -> Process:
        """Start the command that pulls, at the receiver."""
        return self.start(RECEIVING, "pull", "--dir", str(self.receiver), is_program=is_program)

    def pack(self, *, is_program: bool = False) -> Process:
        """Start the command that packs what is new for the receiver."""
        act = ["bag", "pack", RECEIVER, "-o", str(self.courier), "--by", "registrar"]
        return self.start(SENDING, *act, "--dir", str(self.sender), is_program=is_program)

    def bags(self) -> list[Path]:
        """The bags that the courier has."""
        return sorted(self.courier.glob("*.bag"))

    def open_bags(self, *, is_program: bool = False) -> Process:
        """Start the command that opens them, at the receiver."""
        act = ["bag", "open", *map(str, self.bags()), "--by", "registrar"]
        return self.start(RECEIVING, *act, "--dir", str(self.receiver), is_program=is_program)

    def end_bags(self) -> None:
        """
        Open them to the end, and throw them away.

        Raises:
            ViolationError: One of them does not open.
        """
        opening = self.open_bags()
        opening.wait()
        if opening.code != 0:
            raise ViolationError(f"a bag does not open: {opening.errors.read_text().strip()}")
        for path in self.bags():
            path.unlink()

    def note_releases(self, process: Process) -> None:
        """Note what a releasing process has acknowledged."""
        titles = {draft: title for title, draft in self.drafts.items()}
        for told in process.lines() if not process.is_program else self._told_by_command(process):
            title = titles[told["draft"]]
            if "item" in told and self.acknowledged.setdefault(title, told["item"]) != told["item"]:
                raise ViolationError("doubled: a report was released twice")
            if "item" not in told and told["refused"] != RELEASED_BEFORE:
                raise ViolationError(f"a release was refused: {told['refused']}")
            if "item" not in told:
                self.refused.add(title)

    def is_released(self, title: str) -> bool:
        """Whether it is known of a report that it was released."""
        return title in self.acknowledged or title in self.refused

    @staticmethod
    def _told_by_command(process: Process) -> list[Any]:
        """What the command told: an acknowledgement is what it printed, and that it ended well."""
        if process.is_alive or process.code != 0:
            return []
        return [json.loads(process.output.read_text())]

    # What is seen.

    def look(self) -> tuple[Sight, Sight]:
        """
        Look at both nodes, and judge them.

        Raises:
            ViolationError: Something does not hold.
        """
        before = see_receiver(self.receiver, SENDER)
        sender = see_sender(self.sender, RECEIVER)
        receiver = see_receiver(self.receiver, SENDER)
        self.checker.look(before, sender, receiver, self.acknowledged.values())
        return sender, receiver

    def settle(self) -> None:
        """
        Wait until nothing is under way; both servers run.

        Raises:
            ViolationError: Something does not hold, or they do not come to rest.
        """

        def is_at_rest() -> bool:
            sender, receiver = self.look()
            counts = {sender.size, sender.receipt_size, receiver.size, receiver.receipt_size}
            time.sleep(10 * LOOK_EVERY_S)
            return not sender.waiting(RECEIVER) and len(counts) == 1 and sender.size > 0

        wait_until(is_at_rest, "both nodes come to rest", time_s=2 * TIME_S)

    def end(self) -> Outcome:
        """
        Let the faults stop, and judge what it has come to.

        Raises:
            ViolationError: Something does not hold.
        """
        for at in (SENDING, RECEIVING):
            if at in self.serving:
                self.serving[at].page.disarm()
            if not self.is_up(at):
                self.serve(at, is_program=not self.bugs.get(at))
        for at in (SENDING, RECEIVING):
            self.wait_for(at)
        self.settle()
        outcome = self._outcome()
        judge(outcome)
        return outcome

    def _outcome(self) -> Outcome:
        commands = [
            ["inbox", "--dir", str(self.receiver), "--json"],
            ["deliveries", "--dir", str(self.sender), "--json"],
            ["peer", "list", "--dir", str(self.sender), "--json"],
            ["peer", "list", "--dir", str(self.receiver), "--json"],
            ["fsck", "--dir", str(self.sender), "--json"],
            ["fsck", "--dir", str(self.receiver), "--json"],
        ]
        told = _run_each(self.scratch, commands, codes=(0, 3))
        inbox, deliveries, of_sender, of_receiver, *checks = (each.json() for each in told)
        released = {each.get("title", "") for each in inbox["entries"]} | self.acknowledged.keys()
        withheld = [each for report in self.reports.values() for each in report.withheld]
        shown = [each for entry in inbox["entries"] for each in self._shown(entry.get("title", ""))]
        own = [each for title in released & self.reports.keys() for each in self._whole(title)]
        return Outcome(
            reports=self.reports,
            acknowledged=self.acknowledged,
            refused=self.refused,
            inbox=inbox["entries"],
            deliveries=deliveries["deliveries"],
            sent=_peer(of_sender, RECEIVER),
            received=_peer(of_receiver, SENDER),
            faults=[f"{fault['where']}: {fault['what']}" for check in checks for fault in check["faults"]],
            leaked=found_in(self.receiver, withheld),
            absent=[
                *set(shown) - found_in(self.receiver, shown, plain=True).keys(),
                *set(own) - found_in(self.sender, own, plain=True).keys(),
            ],
            told=[*self._logged()],
        )

    def _shown(self, title: str) -> tuple[str, ...]:
        return self.reports[title].shown if title in self.reports else ()

    def _whole(self, title: str) -> tuple[str, ...]:
        return (*self.reports[title].shown, *self.reports[title].withheld)

    def _logged(self) -> list[str]:
        """What no log may say: that anything went wrong but the way to the other, or a word of content."""
        lines = [line for path in self.scratch.glob("*.err") for line in path.read_text().splitlines()]
        faults = [f"a log says: {line}" for line in lines if not any(word in line for word in EXPECTED)]
        told = [each for title in self.reports for each in self._whole(title) if each in "".join(lines)]
        return faults + (["leaked: content stands in a log"] if told else [])


def _peer(listed: Any, office: str) -> Any:
    return next(each for each in listed["peers"] if each["office"] == office)
