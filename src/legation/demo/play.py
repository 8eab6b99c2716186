# SPDX-License-Identifier: Apache-2.0
"""
The main job, played by five nodes: write once, release, and each receives what it may see.

Four nodes are processes of their own, driven through the commands that everybody has. The fifth has a
card and a grant, and no connection yet. One of the four is down while the report is released.
"""

import argparse
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from legation.demo.offices import Server, free_port
from legation.demo.terminal import DeviationError, Terminal, check
from legation.demo.traces import search, traces

AUTHOR = "KOR@NATO"
ADDRESSEES = ("KOR", "JPN@NATO", "NATO", "AUS@NATO")
CONNECTED = ("KOR", "JPN@NATO", "NATO")
LATE = "JPN@NATO"
DRAFTER, RELEASING, SECURITY, ADMINISTRATOR = (
    "drafter",
    "releasing officer",
    "security officer",
    "administrator",
)
WAIT_S = 20.0  # until something must have happened that takes a fraction of a second

# What the tale's own report must give each addressee: the portions shown, and the banner.
EXPECTED = {
    "KOR": (("title", "form", "par. 1", "par. 2", "par. 3", "par. 4"), "SECRET REL KOR"),
    "JPN@NATO": (("title", "form", "par. 1", "par. 2", "par. 3"), "SECRET REL KOR, JPN"),
    "NATO": (("title", "form", "par. 1", "par. 2"), "CONFIDENTIAL REL KOR, JPN, NATO"),
    "AUS@NATO": (("title", "form", "par. 1"), "LIMITED REL KOR, JPN, AUS, NATO"),
}


def main(arguments: list[str] | None = None) -> int:
    """Play the demonstration; 0 if all came out as told, 1 if anything deviated."""
    parser = argparse.ArgumentParser(prog="legation demo", description=__doc__)
    parser.add_argument(
        "--report", type=Path, help="a report of your own to the four addressees, in portion-marked Markdown"
    )
    parser.add_argument("--dir", type=Path, help="where the nodes go; default: a folder that is removed")
    parser.add_argument(
        "--no-serve", action="store_true", help="do not show the pages at the end; so without a terminal"
    )
    options = parser.parse_args(arguments)
    if options.report is not None and not options.report.is_file():
        parser.error("--report is no file")
    if options.dir is not None and options.dir.exists() and not _is_empty(options.dir):
        parser.error("--dir is for a new or an empty folder: the demonstration writes keys into it")
    serves = not options.no_serve and sys.stdout.isatty()
    with tempfile.TemporaryDirectory(prefix="legation-") as scratch:
        folder = options.dir or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        terminal = Terminal(folder, is_plain=not sys.stdout.isatty())
        try:
            Play(terminal, folder.resolve(), options.report).play(serves=serves)
        except DeviationError as deviation:
            print(f"\nDEVIATION: {deviation}", file=sys.stderr)  # noqa: T201 - to whoever plays it
            return 1
    return 0


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


class Play:
    """The tale, step by step; each step tells what it does and checks what comes of it."""

    def __init__(self, terminal: Terminal, folder: Path, report: Path | None) -> None:
        self._terminal = terminal
        self._folder = folder
        self._report = report
        self._port = free_port()
        self._servers: dict[str, Server] = {}
        self._copies: dict[str, dict[str, Any]] = {}
        self._opened: dict[str, dict[str, Any]] = {}
        self._seconds: dict[str, float] = {}

    def play(self, *, serves: bool) -> None:
        """Play all steps, and leave no process behind."""
        started = time.monotonic()
        with ExitStack() as stack:
            stack.callback(self._stop_all)
            self._lay_out()
            self._make_nodes()
            self._make_peers()
            if self._report is None:
                self._forget_a_mark()
            draft, preview = self._preview()
            self._open_links()
            item = self._release(draft, preview)
            self._receive(item)
            self._catch_up(item)
            self._compare()
            self._tell_who_got_what()
            self._try_to_break_in()
            self._look_for_traces()
            self._check_everything()
            self._tell_figures(item, time.monotonic() - started)
            if serves:
                self._serve_pages()

    def _stop_all(self) -> None:
        for server in self._servers.values():
            server.stop()
        self._servers.clear()

    # 1 and 2: nodes and peers.

    def _lay_out(self) -> None:
        """Copy the report and the clearances to where a user would have them."""
        with as_file(files("legation.demo")) as source:
            shutil.copyfile(self._report or source / "report.md", self._folder / "report.md")
            for name in (*ADDRESSEES, "own"):
                shutil.copyfile(source / "clearances" / f"{name}.xml", self._folder / f"{name}.xml")

    def _make_nodes(self) -> None:
        self._terminal.heading("1. Five offices make their nodes, each with keys and a card of its own")
        _at_once(self._make_node, (AUTHOR, *ADDRESSEES))
        self._terminal.say(
            f"{AUTHOR} listens on the loopback interface; {', '.join(CONNECTED)} will ask it for news. "
            "AUS@NATO has a node and no connection yet."
        )

    def _make_node(self, office: str) -> None:
        address = ("--address", f"127.0.0.1:{self._port}") if office == AUTHOR else ()
        self._run(office, "init", office, *address)

    def _make_peers(self) -> None:
        self._terminal.heading(
            "2. They exchange cards. Two persons confirm each card, two persons grant what a peer may see"
        )
        _at_once(self._pin_author, ADDRESSEES)
        for office in ADDRESSEES:
            self._pin(AUTHOR, office)
            grant = (
                "peer",
                "grant",
                office,
                "--clearance",
                f"{office}.xml",
                "--agreement",
                "exercise agreement",
            )
            self._run(AUTHOR, *grant, "--by", SECURITY)
            self._run(AUTHOR, *grant, "--by", ADMINISTRATOR)
        told = self._json(AUTHOR, "peer", "list")["peers"]
        check([each["office"] for each in told] == sorted(ADDRESSEES), "four peers are listed")
        check(all(grant["in_force"] for each in told for grant in each["grants"]), "all grants are in force")
        for each in told:
            levels = ", ".join(each["grants"][0]["levels"])
            self._terminal.say(
                f"{each['office']:<9} may see {levels}; {' '.join(each['fingerprint'][:4])} ..."
            )

    def _pin_author(self, office: str) -> None:
        self._pin(office, AUTHOR)

    def _pin(self, at: str, office: str) -> None:
        """Add a card as one person, and confirm it as another who was told the words."""
        card = f"{office}/office.card"
        words = self._terminal.json("card", card)["fingerprint"]
        self._run(at, "peer", "add", card, "--by", SECURITY)
        self._run(at, "peer", "confirm", office, "--words", " ".join(words), "--by", ADMINISTRATOR)

    # 3 and 4: the draft.

    def _forget_a_mark(self) -> None:
        self._terminal.heading("3. A drafter forgets to mark the last paragraph")
        text = (self._folder / "report.md").read_text()
        start = text.rindex("(S//REL KOR)")
        (self._folder / "unmarked.md").write_text(text[:start] + text[start + len("(S//REL KOR)") :].lstrip())
        said = self._run(AUTHOR, "compose", "unmarked.md", expect=2)
        line = text[:start].count("\n") + 1
        check(f"line {line}: no portion mark" in said, "the unmarked line is named")
        self._terminal.show(said)

    def _preview(self) -> tuple[str, str]:
        self._terminal.heading("4. Marked. Before anything leaves: who would get what, and why not")
        draft = self._run(AUTHOR, "compose", "report.md", "--by", DRAFTER).strip()
        self._terminal.show(self._run(AUTHOR, "preview", draft))
        found = self._json(AUTHOR, "preview", draft)
        self._copies = {copy["addressee"]: copy for copy in found["copies"]}
        for name, (portions, banner) in EXPECTED.items() if self._report is None else ():
            copy = self._copies[name]
            check(_shown(copy) == portions, f"{name} is shown {portions}, not {_shown(copy)}")
            check(copy["banner"] == banner, f"the banner of {name} is {banner}")
        return draft, found["preview"]

    # 5 to 7: release and receipt.

    def _open_links(self) -> None:
        self._terminal.heading(f"5. The nodes go to work. Then {LATE} loses its power")
        self._serve(AUTHOR, self._port)
        for office in CONNECTED:
            self._serve(office)
        for office in CONNECTED:
            self._until(partial(self._is_heard, office), f"{office} pulls from {AUTHOR}")
        self._servers.pop(LATE).stop()
        self._terminal.say(f"{', '.join(CONNECTED)} were connected. {LATE} is down now.")

    def _serve(self, office: str, port: int = 0) -> None:
        arguments = ["serve", "--dir", office, "--port", str(port), "--json"]
        self._servers[office] = Server(self._folder, arguments, self._folder / f"{office}.log")

    def _release(self, draft: str, preview: str) -> str:
        self._terminal.heading("6. The releasing officer releases exactly what was previewed")
        released = self._json(AUTHOR, "release", draft, "--seen", preview, "--by", RELEASING)
        self._released_at = time.monotonic()
        self._terminal.say(f"{released['reference']}, signed once, for {', '.join(ADDRESSEES)}.")
        item: str = released["item"]
        return item

    def _receive(self, item: str) -> None:
        for office in CONNECTED:
            if office != LATE and not self._copies[office]["empty"]:
                self._until(partial(self._has, office, item), f"{office} receives the report")
                self._seconds[office] = time.monotonic() - self._released_at
        self._terminal.show(self._run(AUTHOR, "deliveries"))

    def _catch_up(self, item: str) -> None:
        self._terminal.heading(f"7. {LATE} comes back, and catches up")
        self._serve(LATE)
        if not self._copies[LATE]["empty"]:
            self._until(lambda: self._has(LATE, item), f"{LATE} catches up")
        expected = {name: "receipted" for name in CONNECTED if not self._copies[name]["empty"]}
        self._until(lambda: expected.items() <= self._states().items(), "every delivery is receipted")
        self._terminal.show(self._run(AUTHOR, "deliveries"))
        if not self._copies["AUS@NATO"]["empty"]:
            why = {each["addressee"]: each["why"] for each in self._deliveries()}["AUS@NATO"]
            check("no connection" in why, "the delivery to AUS@NATO says that there is no connection")

    # 8 to 10: what they have.

    def _compare(self) -> None:
        """Open the report at each office, and compare it with what was previewed."""
        item = self._deliveries()[0]["item"]
        for office in CONNECTED:
            copy = self._copies[office]
            if copy["empty"]:
                check(not self._json(office, "inbox")["entries"], f"{office} has received nothing")
                continue
            self._terminal.heading(f"8. What {office} reads, verified against the card of {AUTHOR}")
            self._terminal.show(self._run(office, "show", item))
            opened = self._opened[office] = self._json(office, "show", item)
            promised = [each["mark"] for each in copy["portions"] if each["showing"] == "shown"]
            check(
                [each["mark"] for each in opened["portions"]] == promised, f"{office} sees what was previewed"
            )
            check(opened["banner"] == copy["banner"], f"{office} has the banner that was previewed")
            check(opened["author"] == AUTHOR, f"{office} sees who signed it")
            verified = self._json(office, "verify", item)
            check(verified["verified"] is True, f"the copy of {office} verifies")

    def _tell_who_got_what(self) -> None:
        self._terminal.heading("9. Who received what, and why")
        states = {each["addressee"]: each for each in self._deliveries()}
        rows = [("addressee", "state", "shown", "why not more")]
        for office in ADDRESSEES:
            copy = self._copies[office]
            withheld = [each for each in copy["portions"] if each["showing"] == "withheld"]
            why = "; ".join(f"{each['portion']}: {each['why']}" for each in withheld) or "-"
            told = states[office]
            state = told["state"] + (f" ({told['why']})" if told["state"] == "waiting" else "")
            rows.append((office, state, ", ".join(_shown(copy)), why))
        self._terminal.table(rows)

    def _try_to_break_in(self) -> None:
        self._terminal.heading("10. What does not work")
        said = self._run(AUTHOR, "serve", expect=5)
        check("another process" in said, "a second serve on one folder is refused")
        self._terminal.show(said)
        item = self._deliveries()[0]["item"]
        forbidden = self._run("AUS@NATO", "show", item, expect=2)
        unknown = self._run("AUS@NATO", "show", secrets.token_hex(32), expect=2)
        check(forbidden == unknown, "an item that is not here is answered as one that never was")
        self._terminal.say("AUS@NATO asks its node for the report by its id: the answer for any unknown id.")

    def _look_for_traces(self) -> None:
        """Search everything that an office has on its disk for what it may not see."""
        self._terminal.heading("11. What an office may not see is nowhere in its folder")
        whole = self._json(AUTHOR, "show", self._deliveries()[0]["item"])["portions"]
        searched = 0
        for office in ADDRESSEES:
            opened = self._opened.get(office, {"portions": []})["portions"]
            told = [str(each["portion"].get("text", "")) for each in opened]
            hidden = [str(each["portion"].get("text", "")) for each in whole if each not in opened]
            found = traces(hidden, told)
            searched += len(found)
            where = search(self._folder / office, found)
            check(not where, f"the folder of {office} holds nothing of what it may not see: {where}")
        own = search(self._folder / AUTHOR, traces([each["portion"].get("text", "") for each in whole], []))
        check(bool(own), "the same search finds the author's own texts in the author's folder")
        self._terminal.say(
            f"{searched} traces of withheld text searched for in {len(ADDRESSEES)} folders: none."
        )

    def _check_everything(self) -> None:
        self._terminal.heading("12. Every node checks everything it holds")
        for office, found in zip(
            (AUTHOR, *CONNECTED), _at_once(self._fsck, (AUTHOR, *CONNECTED)), strict=True
        ):
            check(not found["faults"], f"everything holds at {office}")
            told = ", ".join(f"{count} {what}" for what, count in found["checked"].items())
            self._terminal.say(f"{office:<9} {told}: everything holds")

    def _fsck(self, office: str) -> Any:
        return self._json(office, "fsck")

    def _tell_figures(self, item: str, seconds: float) -> None:
        self._terminal.heading("Figures")
        times = ", ".join(f"{office} {1000 * taken:.0f} ms" for office, taken in self._seconds.items())
        self._terminal.say(f"From release to inbox, looked for by command: {times or 'nobody was there'}.")
        self._terminal.heading(
            f"All came out as told: {self._terminal.commands} commands, {seconds:.1f} seconds."
        )

    def _serve_pages(self) -> None:
        """Serve the pages of the nodes until interrupted."""
        self._terminal.heading("The pages of the nodes, on this machine only, until you press Ctrl-C")
        pages = {
            office: Server(
                self._folder, ["demo", "--pages", office, "--json"], self._folder / f"{office}.pages.log"
            )
            for office in (AUTHOR, *CONNECTED)
        }
        self._servers |= {f"pages of {office}": server for office, server in pages.items()}
        for office, server in pages.items():
            self._terminal.say(f"{office:<9} {server.told['address']}")
        try:
            next(iter(pages.values())).wait()
        except KeyboardInterrupt:
            self._terminal.say("")

    # Hands.

    def _run(self, office: str, *arguments: str, expect: int = 0) -> str:
        return self._terminal.run(*arguments, "--dir", office, expect=expect)

    def _json(self, office: str, *arguments: str) -> Any:
        return self._terminal.json(*arguments, "--dir", office)

    def _peer(self, office: str) -> Any:
        return next(each for each in self._json(AUTHOR, "peer", "list")["peers"] if each["office"] == office)

    def _is_heard(self, office: str) -> bool:
        return bool(self._peer(office)["heard"])

    def _deliveries(self) -> Any:
        return self._json(AUTHOR, "deliveries")["deliveries"]

    def _states(self) -> dict[str, str]:
        return {each["addressee"]: each["state"] for each in self._deliveries()}

    def _has(self, office: str, item: str) -> bool:
        return any(each["item"] == item for each in self._json(office, "inbox")["entries"])

    def _until(self, holds: Callable[[], object], what: str) -> None:
        """Wait until something holds; it deviates if it takes too long."""
        until = time.monotonic() + WAIT_S
        while not holds():
            check(time.monotonic() < until, what)
            time.sleep(0.05)


def _shown(copy: dict[str, Any]) -> tuple[str, ...]:
    return tuple(each["portion"] for each in copy["portions"] if each["showing"] == "shown")


def _at_once(act: Callable[[str], Any], offices: tuple[str, ...]) -> list[Any]:
    """Do one thing for several offices side by side; they know nothing of each other."""
    with ThreadPoolExecutor(len(offices)) as threads:
        return list(threads.map(act, offices))
