# SPDX-License-Identifier: Apache-2.0
"""
The chapter of the courier: an office that no line reaches gets its copies in bags, and one of them is late.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from legation.demo.hands import Hands
from legation.demo.processes import check
from legation.demo.terminal import Terminal
from legation.demo.traces import paragraphs, search, traces

DRAFTER, RELEASING, REGISTRAR, SECURITY = "drafter", "releasing officer", "registrar", "security officer"


class Courier:
    """
    Carries bags between two offices, as files in folders.

    Args:
        terminal: Tells it.
        hands: Run the commands.
        author: The office that reports.
        reader: The office that no line reaches.
        absent: The office whose node is down meanwhile.
    """

    def __init__(
        self, terminal: Terminal, hands: Hands, *, folder: Path, author: str, reader: str, absent: str
    ) -> None:
        self._terminal = terminal
        self._hands = hands
        self._folder = folder
        self._author = author
        self._reader = reader
        self._absent = absent
        self._annex = ""
        self._reference = ""

    def carry(self, item: str, copy: dict[str, Any]) -> dict[str, Any]:
        """
        Bring a report and its annex, with the first bag behind the second, and the receipt back.

        Args:
            item: The report.
            copy: What the reader was to be given of it, as previewed.

        Returns:
            The report as the reader opened it.
        """
        self._terminal.step(f"No line reaches {self._reader}: a courier does, and one bag is late")
        first = self._packed(is_shown=True)
        self._terminal.say(f"An annex follows, for {self._reader} and {self._absent}, whose node is down.")
        self._release()
        second = self._packed()
        self._terminal.say("The courier with the first bag misses a train:")
        said = self._hands.typed(self._reader, "bag", "open", second, "--by", REGISTRAR, expect=3)
        check("bag 1 is missing" in said, "the bag that is missing is named")
        check(
            not self._hands.json(self._reader, "inbox")["entries"], "of a bag too early nothing is taken in"
        )
        self._terminal.say("When it has come, both are opened, in whatever order:")
        self._hands.typed(self._reader, "bag", "open", second, first, "--by", REGISTRAR)
        opened: dict[str, Any] = self._hands.json(self._reader, "show", item)
        promised = [each["mark"] for each in copy["portions"] if each["showing"] == "shown"]
        check(
            [each["mark"] for each in opened["portions"]] == promised,
            f"{self._reader} has what was previewed",
        )
        check(
            opened["banner"] == copy["banner"], f"the bag brings {self._reader} the banner that was previewed"
        )
        again = self._hands.run(self._reader, "bag", "open", first, "--by", REGISTRAR)
        check("opened before" in again, "a bag that is opened twice brings nothing twice")
        self._goes_back()
        states = {each["state"] for each in self._delivered().values()}
        check(states == {"receipted"}, f"the receipt of {self._reader} came back by bag")
        self._terminal.say(f"Its receipt rides back in a bag of its own: {self._author} has it, for both.")
        return opened

    def withdraw(self, comes_back: Callable[[], None]) -> None:
        """
        Withdraw the annex: whoever was absent never gets it, and whoever has it destroys it and says so.

        Args:
            comes_back: Lets the absent office ask for what is new.
        """
        self._terminal.step("The annex was wrong: it is withdrawn")
        self._hands.typed(self._author, "withdraw", self._reference, "--by", RELEASING)
        comes_back()
        inbox = self._hands.json(self._absent, "inbox")["entries"]
        check(self._annex not in {each["item"] for each in inbox}, f"{self._absent} never gets the annex")
        self._terminal.say(
            f"{self._absent} is back, has asked, and never got it. {self._reader} is told in the next bag:"
        )
        withdrawal = self._packed()
        self._hands.typed(self._reader, "bag", "open", withdrawal, "--by", REGISTRAR)
        listed = {each["item"] for each in self._hands.json(self._reader, "inbox")["entries"]}
        check(self._annex not in listed, "what is withdrawn is in no list")
        seen = self._hands.json(self._reader, "destroy", self._reference)["preview"]
        act = ("destroy", self._reference, "--by", REGISTRAR, "--witness", SECURITY, "--seen", seen[:12])
        self._check_traces(is_there=True)
        self._hands.typed(self._reader, *act)
        self._check_traces(is_there=False)
        self._goes_back()
        self._terminal.say(
            f"No trace of it is left there. The certificate rides back. What {self._author} knows of the annex now:"
        )
        said = self._hands.run(self._author, "deliveries").splitlines()
        self._terminal.show("\n".join(line for line in said if line.startswith(self._reference)))
        state = self._delivered()[self._annex]
        check("certificate held" in state["why"], f"the certificate of {self._reader} is held")

    def _check_traces(self, *, is_there: bool) -> None:
        """See that the reader's folder holds the annex, or nothing of it any more."""
        blocks = paragraphs((self._folder / "annex.md").read_text("utf-8"))
        every = {trace for each in blocks for trace in traces(each, [])}
        _, found = search([self._folder / self._reader], every)
        wanted = "holds the annex before" if is_there else "holds nothing of the annex any more"
        check(bool(found) == is_there, f"the folder of {self._reader} {wanted}")

    def _goes_back(self) -> None:
        """Let whatever the reader has to say ride back, and be heard."""
        back = self._pack(self._reader, self._author)
        self._hands.run(self._author, "bag", "open", back, "--by", REGISTRAR)

    def _delivered(self) -> dict[str, Any]:
        """What became of the deliveries to the reader, by item."""
        found = self._hands.json(self._author, "deliveries")["deliveries"]
        return {each["item"]: each for each in found if each["addressee"] == self._reader}

    def _release(self) -> None:
        """Release the annex, as it was previewed."""
        draft = self._hands.run(self._author, "compose", "annex.md", "--by", DRAFTER).strip()
        seen = self._hands.json(self._author, "preview", draft)["preview"]
        found = self._hands.json(self._author, "release", draft, "--by", RELEASING, "--seen", seen)
        self._annex, self._reference = found["item"], found["reference"]

    def _packed(self, *, is_shown: bool = False) -> str:
        """Pack what is new for the reader; the file."""
        return self._pack(self._author, self._reader, is_shown=is_shown)

    def _pack(self, at: str, office: str, *, is_shown: bool = False) -> str:
        stick = f"to {office}"
        (self._folder / stick).mkdir(exist_ok=True)
        act = ("bag", "pack", office, "-o", stick, "--by", REGISTRAR)
        if is_shown:
            self._terminal.typed(*act, "--dir", at)
        [packed] = self._hands.json(at, *act)["bags"]
        return f"{stick}/{packed['file']}"
