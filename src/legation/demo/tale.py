# SPDX-License-Identifier: Apache-2.0
"""
The tale: what is done in each step, what is told of it, and what has to come of it.

Whatever is told comes out of public commands. Anything that comes out otherwise ends the tale with a
``DeviationError`` that names it.
"""

import secrets
import shutil
import time
from collections.abc import Iterable, Sequence
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from legation.demo.courier import Courier
from legation.demo.hands import Hands, at_once
from legation.demo.processes import Processes, Server, check, free_port
from legation.demo.terminal import Terminal, listed
from legation.demo.traces import alter, paragraphs, search, strings, traces

AUTHOR = "KOR@NATO"
ADDRESSEES = ("KOR", "JPN@NATO", "NATO", "AUS@NATO")
CONNECTED = ("KOR", "JPN@NATO", "NATO")
LATE, UNCONNECTED = "JPN@NATO", "AUS@NATO"
WHO = {
    AUTHOR: "the Republic of Korea's mission to NATO: will report, and answers whoever asks for news",
    "KOR": f"its capital, Seoul: asks {AUTHOR} for news",
    "JPN@NATO": "Japan's mission: asks too",
    "NATO": "the organisation: asks too",
    "AUS@NATO": "Australia's mission: has a node, and no line to it: bags reach it",
}
DRAFTER, RELEASING, SECURITY, ADMINISTRATOR = (
    "drafter",
    "releasing officer",
    "security officer",
    "administrator",
)
AGREEMENT = "exercise agreement"
CHECKED = ("views", "entries sent", "entries received", "checkpoints", "receipts", "log entries")  # of fsck
PREFIX_LENGTH = 12  # characters of an id that are typed instead of all 64

# What the tale's own report must give each addressee: the portions shown, and the banner.
EXPECTED = {
    "KOR": (("title", "form", "par. 1", "par. 2", "par. 3", "par. 4"), "SECRET REL KOR"),
    "JPN@NATO": (("title", "form", "par. 1", "par. 2", "par. 3"), "SECRET REL KOR, JPN"),
    "NATO": (("title", "form", "par. 1", "par. 2"), "CONFIDENTIAL REL KOR, JPN, NATO"),
    "AUS@NATO": (("title", "form", "par. 1"), "LIMITED REL KOR, JPN, AUS, NATO"),
}


class Tale:
    """
    The tale, step by step; each step tells what it does and checks what comes of it.

    Args:
        terminal: Tells it.
        processes: Runs the commands and the nodes, in an empty folder.
        report: Whose report; None for the tale's own.
    """

    def __init__(self, terminal: Terminal, processes: Processes, report: Path | None) -> None:
        self.is_told = False
        self._terminal = terminal
        self._processes = processes
        self._hands = Hands(terminal, processes)
        self._folder = processes.folder
        self._report = report
        self._address = f"127.0.0.1:{free_port()}"
        self._words: dict[str, list[str]] = {}
        self._servers: dict[str, Server] = {}
        self._copies: dict[str, dict[str, Any]] = {}  # by addressee, as previewed
        self._whole: dict[str, Any] = {}  # the item, as its author reads it
        self._opened: dict[str, dict[str, Any]] = {}  # by office, as received
        self._alone = ""
        self._delivered: dict[str, Any] = {}  # by addressee, as looked at last
        self._since = 0.0
        self._seconds: dict[str, float] = {}

    def tell(self, *, serves: bool) -> None:
        """
        Tell all of it.

        Args:
            serves: Whether to end with the pages of the nodes, until everything is told to stop.

        Raises:
            DeviationError: Something came out otherwise.
            StoppedError: The demonstration was told to end.
        """
        started = time.monotonic()
        self._terminal.heading("One report, four addressees: each receives what it may see, and can prove it")
        self._terminal.say(
            "Five nodes on this machine. Behind each $ stands a command as anybody can type it."
        )
        self._lay_out()
        self._make_nodes()
        self._make_peers()
        self._go_to_work()
        if self._report is None:
            self._forget_a_mark()
        draft, preview = self._preview()
        item = self._release(draft, preview)
        if item:
            self._catch_up()
            self._read(item)
            self._tell_who_got_what()
        self._try_what_does_not_work(item)
        if item:
            if self._report is None:
                self._go_by_courier(item)
            self._look_for_traces()
        self._check_everything()
        self._tell_figures(time.monotonic() - started)
        self.is_told = True
        if serves:
            self._serve_pages()

    # Nodes and peers.

    def _lay_out(self) -> None:
        """Copy the report and the clearances to where a user would have them."""
        with as_file(files("legation.demo")) as source:
            shutil.copyfile(self._report or source / "report.md", self._folder / "report.md")
            shutil.copyfile(source / "annex.md", self._folder / "annex.md")
            for name in ADDRESSEES:
                shutil.copyfile(source / "clearances" / f"{name}.xml", self._folder / f"{name}.xml")

    def _make_nodes(self) -> None:
        self._terminal.step("Five offices make their nodes, each with keys and a card of its own")
        self._terminal.typed("init", AUTHOR, "--address", self._address, "--dir", AUTHOR)
        at_once([partial(self._make_node, office) for office in WHO])
        self._terminal.table([*WHO.items()])

    def _make_node(self, office: str) -> None:
        address = ("--address", self._address) if office == AUTHOR else ()
        self._words[office] = self._hands.json(office, "init", office, *address)["fingerprint"]

    def _make_peers(self) -> None:
        self._terminal.step(
            "They exchange cards. Two persons trust each card, two persons grant what a peer may see"
        )
        for act in (
            ("add", "KOR/office.card", "--by", SECURITY),
            ("confirm", "KOR", "--words", f"{' '.join(self._words['KOR'][:3])} ...", "--by", ADMINISTRATOR),
            ("grant", "KOR", "--clearance", "KOR.xml", "--agreement", AGREEMENT, "--by", SECURITY),
        ):
            self._terminal.typed("peer", *act, "--dir", AUTHOR)
        at_once([partial(self._make_peer, office) for office in ADDRESSEES])
        told = {each["office"]: each for each in self._hands.json(AUTHOR, "peer", "list")["peers"]}
        check(sorted(told) == sorted(ADDRESSEES), "four peers are listed")
        rows = [("peer", "words of its card", "may see")]
        for office in ADDRESSEES:
            peer, words = told[office], self._words[office]
            check(peer["fingerprint"] == words, f"the card of {office} has the words that {office} says")
            check(bool(peer["confirmed_by"]), f"the card of {office} is confirmed")
            check(
                [each["in_force"] for each in peer["grants"]] == [True], f"one grant of {office} is in force"
            )
            levels = ", ".join(peer["grants"][0]["levels"])
            rows.append((office, f"{' '.join(words[:3])} ...", levels))
        self._terminal.table(rows)
        self._terminal.say("One person alone cannot do it:")
        self._terminal.show(self._alone)

    def _make_peer(self, office: str) -> None:
        """Let the two sides trust each other, and the author grant something."""
        self._add(office, AUTHOR)
        if office == UNCONNECTED:
            self._alone = self._hands.run(office, "peer", "confirm", AUTHOR, "--by", SECURITY, expect=1)
            check("added this card" in self._alone, "one person alone cannot trust a card")
        self._confirm(office, AUTHOR)
        self._add(AUTHOR, office)
        self._confirm(AUTHOR, office)
        for name in (SECURITY, ADMINISTRATOR):
            clearance = ("--clearance", f"{office}.xml", "--agreement", AGREEMENT)
            self._hands.run(AUTHOR, "peer", "grant", office, *clearance, "--by", name)

    def _add(self, at: str, office: str) -> None:
        self._hands.run(at, "peer", "add", f"{office}/office.card", "--by", SECURITY)

    def _confirm(self, at: str, office: str) -> None:
        """Confirm a card as a second person, who was told its words by the office itself."""
        words = ("--words", " ".join(self._words[office]))
        self._hands.run(at, "peer", "confirm", office, *words, "--by", ADMINISTRATOR)

    def _go_to_work(self) -> None:
        """Start the nodes; what comes next needs none of them and is done meanwhile."""
        self._terminal.step(f"The nodes go to work: {listed(CONNECTED)} ask {AUTHOR} for news")
        port = self._address.rpartition(":")[2]
        self._terminal.typed("serve", "--port", port, "--dir", AUTHOR)
        self._serve(AUTHOR, "--port", port)
        for office in CONNECTED:
            self._serve(office)

    def _serve(self, office: str, *options: str) -> None:
        arguments = ["serve", "--dir", office, *options, "--json"]
        self._servers[office] = self._processes.serve(arguments, f"{office}.log")

    # The draft.

    def _forget_a_mark(self) -> None:
        self._terminal.step("A drafter forgets to mark the last paragraph")
        text = (self._folder / "report.md").read_text("utf-8")
        start = text.rindex("(S//REL KOR)")
        (self._folder / "unmarked.md").write_text(text[:start] + text[start + len("(S//REL KOR)") :].lstrip())
        self._terminal.typed("compose", "unmarked.md", "--by", DRAFTER, "--dir", AUTHOR)
        said = self._hands.run(AUTHOR, "compose", "unmarked.md", "--by", DRAFTER, expect=2)
        line = text[:start].count("\n") + 1
        check(f"line {line}: no portion mark" in said, "the unmarked line is named")
        self._terminal.show(said)

    def _preview(self) -> tuple[str, str]:
        self._terminal.step("Marked. Before anything leaves: who would get what, and why not")
        draft = self._hands.run(AUTHOR, "compose", "report.md", "--by", DRAFTER).strip()[:PREFIX_LENGTH]
        self._terminal.typed("preview", draft, "--dir", AUTHOR)
        text, found = at_once(
            [
                partial(self._hands.run, AUTHOR, "preview", draft),
                partial(self._hands.json, AUTHOR, "preview", draft),
            ]
        )
        self._copies = {copy["addressee"]: copy for copy in found["copies"]}
        # The table, and the reasons for whoever would get least; the others have theirs in the same way.
        least = max(self._copies, key=lambda name: len(_withheld(self._copies[name])))
        table, *reasons = text.split("\n\n")
        self._terminal.show(
            "\n\n".join([table, *(each for each in reasons if each.startswith(f"{least}: "))])
        )
        for name, (portions, banner) in EXPECTED.items() if self._report is None else ():
            copy = self._copies[name]
            check(_shown(copy) == portions, f"{name} is shown {portions}, not {_shown(copy)}")
            check(copy["banner"] == banner, f"the banner of {name} is {banner}")
        return draft, found["preview"]

    # Release and receipt.

    def _release(self, draft: str, preview: str) -> str:
        """Release what was previewed, while one node is down; the item, if there is one."""
        self._terminal.step(f"{LATE} loses its power. The releasing officer releases what was previewed")
        for office in (AUTHOR, *CONNECTED):
            self._servers[office].told()
        self._hands.until(self._are_heard, f"{listed(CONNECTED)} ask {AUTHOR}")
        self._servers.pop(LATE).stop()
        act = ("release", draft, "--by", RELEASING, "--seen")
        said = self._hands.run(AUTHOR, *act, secrets.token_hex(32), expect=1)
        check("previewed" in said, "under the id of another preview nothing is released")
        self._terminal.typed(*act, preview, "--dir", AUTHOR)
        if all(copy["empty"] for copy in self._copies.values()):
            said = self._hands.run(AUTHOR, *act, preview, expect=1)
            check("nobody would receive anything" in said, "what nobody may see is not released")
            self._terminal.show(said)
            return ""
        item: str = self._hands.json(AUTHOR, *act, preview)["item"]
        self._since = time.monotonic()
        self._until_receipted([office for office in self._readers() if office != LATE])
        self._terminal.show(self._hands.run(AUTHOR, "deliveries"))
        self._terminal.say("Under the id of any other preview it was refused.")
        return item

    def _catch_up(self) -> None:
        self._terminal.step(f"{LATE} comes back, and catches up")
        self._since = time.monotonic()
        self._serve(LATE)
        self._servers[LATE].told()
        self._until_receipted([office for office in self._readers() if office == LATE])
        for name, copy in self._copies.items():
            told = self._delivered[name]
            wanted = "withheld" if copy["empty"] else "receipted" if name in CONNECTED else "waiting"
            check(told["state"] == wanted, f"the delivery to {name} is {wanted}, not {told['state']}")
        if UNCONNECTED in self._copies and not self._copies[UNCONNECTED]["empty"]:
            why = self._delivered[UNCONNECTED]["why"]
            check("waits for a bag" in why, f"the delivery to {UNCONNECTED} says that it waits for a bag")
        self._terminal.typed("inbox", "--dir", LATE)
        self._terminal.show(self._hands.run(LATE, "inbox"))
        if LATE in self._readers():
            self._terminal.say(f"{AUTHOR} has its signed receipt.")

    def _until_receipted(self, offices: Sequence[str]) -> None:
        """Wait for receipts, and note after how long each was seen."""
        left = list(offices)

        def look() -> bool:
            found = self._hands.json(AUTHOR, "deliveries")["deliveries"]
            self._delivered = {each["addressee"]: each for each in found}
            for office in [each for each in left if self._delivered[each]["state"] == "receipted"]:
                self._seconds[office] = time.monotonic() - self._since
                left.remove(office)
            return not left

        self._hands.until(look, f"receipts come from {listed(offices)}")

    # What they have.

    def _read(self, item: str) -> None:
        """Open the report at each office, and compare it with what was previewed and what was written."""
        self._terminal.step(f"What each reads, verified against the card of {AUTHOR}")
        readers = self._readers()
        self._whole = self._hands.json(AUTHOR, "show", item)
        at_once([partial(self._compare, office, item) for office in CONNECTED])
        told_whole = list(dict.fromkeys((*readers[:1], *readers[-1:])))
        reference = self._whole["reference"]
        sheets = at_once([partial(self._hands.run, office, "show", reference) for office in told_whole])
        for office, sheet in zip(told_whole, sheets, strict=True):
            self._terminal.typed("show", reference, "--dir", office)
            self._terminal.sheet(sheet)
        for office in (each for each in readers if each not in told_whole):
            shown, banner = _paragraphs(_shown(self._copies[office])), self._opened[office]["banner"]
            self._terminal.say(f"{office} reads {shown} under {banner}.")
            self._terminal.typed("verify", reference, "--dir", office)
            self._terminal.show(self._hands.run(office, "verify", reference))

    def _compare(self, office: str, item: str) -> None:
        if office not in self._readers():
            check(not self._hands.json(office, "inbox")["entries"], f"{office} has received nothing")
            return
        copy = self._copies[office]
        opened = self._opened[office] = self._hands.json(office, "show", item)
        promised = [each["mark"] for each in copy["portions"] if each["showing"] == "shown"]
        check([each["mark"] for each in opened["portions"]] == promised, f"{office} sees what was previewed")
        check(opened["banner"] == copy["banner"], f"{office} has the banner that was previewed")
        check(opened["author"] == AUTHOR, f"{office} sees who signed it")
        check(opened["verified"] is True, f"the copy of {office} is verified as it is opened")
        if self._report is None:  # in another one, somebody may be shown a variant that its author is not
            written = [each for each in self._whole["portions"] if each in opened["portions"]]
            check(written == opened["portions"], f"{office} reads what was written, word for word")

    def _tell_who_got_what(self) -> None:
        self._terminal.step("Who received what, and why")
        delivered = self._delivered
        rows = [("addressee", "state", "received", "withheld, and why")]
        for office, copy in self._copies.items():
            reasons: dict[str, list[str]] = {}
            for each in _withheld(copy):
                reasons.setdefault(each["why"], []).append(each["portion"])
            why = "; ".join(f"{_paragraphs(names)}: {why}" for why, names in reasons.items())
            state, received = delivered[office]["state"], _paragraphs(_shown(copy)) or "-"
            rows.append((office, state, received if state == "receipted" else f"({received})", why or "-"))
        self._terminal.table(rows)
        for office in (each for each in self._copies if delivered[each]["state"] != "receipted"):
            self._terminal.say(f"{office}: {delivered[office]['why']}.")

    # What does not work.

    def _try_what_does_not_work(self, item: str) -> None:
        self._terminal.step("What does not work")
        self._terminal.say("A second process cannot serve a folder:")
        said = self._hands.run(AUTHOR, "serve", expect=5)
        check("another process" in said, "a second serve on one folder is refused")
        self._terminal.show(said)
        if item:
            self._terminal.say(f"{UNCONNECTED} asks its node for the report, and for one that never was:")
            forbidden, unknown = at_once(
                [
                    partial(self._hands.ended, UNCONNECTED, "show", each)
                    for each in (item, secrets.token_hex(32))
                ]
            )
            check(forbidden == unknown, "an item that is not here is answered as one that never was")
            check(forbidden.code == 2, "an item that is not here is not shown")
            self._terminal.show(forbidden.err)
        if self._readers():
            self._alter_a_copy(item, self._readers()[-1])

    # Without a line.

    def _go_by_courier(self, item: str) -> None:
        """Send by bag what waits for it, and an annex that is withdrawn."""
        self._servers.pop(LATE).stop()
        courier = Courier(
            self._terminal,
            self._hands,
            folder=self._folder,
            author=AUTHOR,
            reader=UNCONNECTED,
            absent=LATE,
        )
        self._opened[UNCONNECTED] = courier.carry(item, self._copies[UNCONNECTED])
        courier.withdraw(self._come_back)

    def _come_back(self) -> None:
        """Let the office that was down ask for what is new, and go to work again."""
        self._hands.run(LATE, "pull")
        self._serve(LATE)
        self._servers[LATE].told()

    def _alter_a_copy(self, item: str, office: str) -> None:
        """Change one letter in the folder of an office, or rather in a copy of it."""
        self._servers.pop(office).stop()
        altered = f"{office}.altered"
        shutil.copytree(self._folder / office, self._folder / altered)
        check(
            alter(self._folder / altered, strings(self._opened[office]["portions"])),
            f"a paragraph is found in the folder of {office}",
        )
        self._terminal.say(f"Somebody changes one letter of the report in the folder of {office}:")
        verified, checked = at_once(
            [partial(self._hands.ended, altered, *act) for act in (("verify", item), ("fsck",))]
        )
        check(verified.code == 3, "an altered copy does not verify")
        faults = [line for line in checked.out.splitlines() if line.startswith("FAULT")]
        check(checked.code == 3 and bool(faults), "fsck finds what was altered")
        self._terminal.show("\n".join([verified.err.rstrip("\n"), *faults]))

    def _look_for_traces(self) -> None:
        """Search everything that an office has on its disk for what it may not see."""
        self._terminal.step("What an office may not see is nowhere in its folder")
        blocks = list(paragraphs((self._folder / "report.md").read_text("utf-8")))
        texts = {*strings([each["portion"] for each in self._whole["portions"]]), *blocks}
        count = size_bytes = 0
        hidden: dict[str, set[bytes]] = {}
        for office in ADDRESSEES:
            told = self._told(office, blocks)
            wanted = {text: traces(text, told) for text in texts}
            for text, found in wanted.items():
                hidden.setdefault(text, set()).update(found)
            every = {trace for found in wanted.values() for trace in found}
            searched, found = search([self._folder / office, self._folder / f"{office}.log"], every)
            check(not found, f"the folder of {office} holds nothing of what it may not see")
            count, size_bytes = count + len(every), size_bytes + searched
        hidden = {text: found for text, found in hidden.items() if found}
        _, found = search([self._folder / AUTHOR], (trace for each in hidden.values() for trace in each))
        seen = sum(not found.isdisjoint(each) for each in hidden.values())
        check(seen == len(hidden) or self._report is not None, f"the folder of {AUTHOR} holds every text")
        check(seen > 0 or not hidden, "the search finds the author's texts in the author's folder")
        self._terminal.say(
            f"{count:,} traces of withheld texts (as they are, reversed, escaped, in hexadecimal, base64 and "
            f"UTF-16), searched for in {size_bytes / 1e6:.1f} MB of {len(ADDRESSEES)} offices: none is there. "
            f"The same search finds {seen} of {len(hidden)} texts in the folder of {AUTHOR}, where they belong."
        )

    def _told(self, office: str, blocks: Sequence[str]) -> list[str]:
        """What an office has: what it is shown, and variants that it may see and a fuller one covers."""
        if office not in self._opened:
            return []
        portions = [each for each in self._copies[office]["portions"] if each["portion"].startswith("par. ")]
        check(len(portions) == len(blocks), "every paragraph of the report is previewed")
        covered = [
            block for each, block in zip(portions, blocks, strict=True) if each["showing"] == "covered"
        ]
        opened = [each["portion"] for each in self._opened[office]["portions"]]
        return [*strings(opened), *covered]

    def _check_everything(self) -> None:
        self._terminal.step("Every node checks everything it holds")
        self._terminal.typed("fsck", "--dir", AUTHOR)
        rows = []
        for office, found in zip(
            WHO, at_once([partial(self._hands.json, each, "fsck") for each in WHO]), strict=True
        ):
            check(not found["faults"], f"everything holds at {office}")
            checked = found["checked"]
            rows.append(
                (office, ", ".join(f"{each} {checked[each]}" for each in CHECKED if checked.get(each)))
            )
        self._terminal.table(rows)
        self._terminal.say("Everything holds: every signature, hash, number, proof and receipt.")

    def _tell_figures(self, seconds: float) -> None:
        if self._seconds:
            self._terminal.heading("Figures")
            for office, taken in self._seconds.items():
                since = "its start" if office == LATE else "the release"
                self._terminal.say(
                    f"{office:<9} {taken:.1f} s from {since} to its receipt, looked for by command"
                )
        self._terminal.heading(
            f"All came out as told: {self._processes.commands} commands, {seconds:.1f} seconds."
        )

    def _serve_pages(self) -> None:
        """Serve the pages of the nodes until everything is told to stop."""
        self._terminal.heading("The pages of the nodes, on this machine only, until you press Ctrl-C")
        for office in (each for each in CONNECTED if each not in self._servers):
            self._serve(office)  # it was stopped when its folder was copied
        pages = {
            f"pages of {office}": self._processes.serve(["demo", "--pages", office], f"{office}.pages.log")
            for office in (AUTHOR, *CONNECTED)
        }
        self._servers |= pages
        for name, server in pages.items():
            self._terminal.say(f"{name.removeprefix('pages of '):<9} {server.told()['address']}")
        self._terminal.say(f"The nodes are still at work: the commands above can be typed in {self._folder}.")
        while True:
            self._processes.pause(1.0)
            for server in self._servers.values():
                server.check_up()

    def _are_heard(self) -> bool:
        heard = {
            each["office"] for each in self._hands.json(AUTHOR, "peer", "list")["peers"] if each["heard"]
        }
        return heard >= set(CONNECTED)

    def _readers(self) -> list[str]:
        """Those that receive something: connected, addressed, and the copy is not empty."""
        return [each for each in CONNECTED if each in self._copies and not self._copies[each]["empty"]]


def _shown(copy: dict[str, Any]) -> tuple[str, ...]:
    return tuple(each["portion"] for each in copy["portions"] if each["showing"] == "shown")


def _withheld(copy: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in copy["portions"] if each["showing"] == "withheld"]


def _paragraphs(portions: Iterable[str]) -> str:
    """Name portions, shorter: par. 1, 2, 3; a title and a form that are there go without saying."""
    numbers = [each.removeprefix("par. ") for each in portions if each.startswith("par. ")]
    others = [each for each in portions if not each.startswith(("par. ", "title", "form"))]
    return ", ".join([*(["par. " + ", ".join(numbers)] if numbers else []), *others])
