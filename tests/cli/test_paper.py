# SPDX-License-Identifier: Apache-2.0
"""
``print`` and ``handover``, as officers use them: KOR at NATO writes to AUS at NATO, which has no node.
"""

import stat
from zipfile import ZipFile

import pytest

from tests.cli.ends import CANARY
from tests.cli.offices import ONE, TWO, document, one_document, refused, run, unchanged
from tests.cli.test_exchange import KOR, OFFICER
from tests.stories.cast import CLEARANCES, Desk, clearance

TO_AUS = ("--to", "AUS@NATO")
REGISTRY = ("--by", "registry")
PLAN = b"one, two\n" * 1000

REPORT = f"""\
kind: report
policy: EXERCISE
title: (O) Seating
action: AUS@NATO

(L//REL AUS, KOR) Lunch is at noon.

(L//REL AUS, KOR) {{attachment: Seating plan.txt}}

(C//REL AUS, KOR) The speeches are short.

(S//REL KOR) {CANARY} was here.
"""


@pytest.fixture
def item(offices: Desk) -> str:
    """
    The reference of what was released to AUS at NATO, which two persons granted what it may see.
    """
    offices.write("AUS.xml", CLEARANCES["AUS"])
    offices.write("Seating plan.txt", PLAN)
    offices.write("to-aus.md", REPORT)
    run(offices, "peer", "add", "--without-node", "AUS@NATO", *ONE, *KOR)
    for person in (ONE, TWO):
        run(offices, "peer", "grant", "AUS@NATO", "--clearance", "AUS.xml", *person, *KOR)
    draft = run(offices, "compose", "to-aus.md", *KOR).strip()
    found: str = document(offices, "release", draft, *OFFICER, *KOR)["reference"]
    return found


def delivery(desk: Desk) -> tuple[str, str, int | None]:
    """How the newest delivery to AUS at NATO stands: state, reason, copy."""
    found = [
        each
        for each in document(desk, "deliveries", *KOR)["deliveries"]
        if each["addressee"] == "AUS@NATO" and each["state"] != "void"
    ]
    return found[0]["state"], found[0]["why"], found[0].get("copy")


class TestPeerWithoutNode:
    def test_is_listed_as_one_on_paper(self, offices: Desk, item: str) -> None:
        """
        With what it may see, and with nothing that a link has.
        """
        said = run(offices, "peer", "list", *KOR)
        assert "AUS@NATO   without a node: on paper\n  may see OPEN, LIMITED, CONFIDENTIAL of " in said
        found = document(offices, "peer", "list", *KOR)["peers"]
        assert [each.get("on_paper", False) for each in found] == [True, False]

    def test_is_no_peer_of_whom_a_card_is_here_nor_this_office(self, offices: Desk) -> None:
        """
        Nothing is taken in then; twice is no harm otherwise.
        """
        assert "a card of `JPN@NATO` is here" in refused(
            offices, 1, "peer", "add", "--without-node", "JPN@NATO", *ONE, *KOR
        )
        assert "this very office" in refused(
            offices, 2, "peer", "add", "--without-node", "KOR@NATO", *ONE, *KOR
        )
        assert "give a CARD" in refused(offices, 2, "peer", "add", *ONE, *KOR)
        for _ in range(2):
            run(offices, "peer", "add", "--without-node", "AUS@NATO", *ONE, *KOR)

    def test_is_granted_nothing_by_one_person(self, offices: Desk) -> None:
        """
        As for a peer: the second must be another.
        """
        offices.write("AUS.xml", CLEARANCES["AUS"])
        run(offices, "peer", "add", "--without-node", "AUS@NATO", *ONE, *KOR)
        run(offices, "peer", "grant", "AUS@NATO", "--clearance", "AUS.xml", *ONE, *KOR)
        said = refused(offices, 1, "peer", "grant", "AUS@NATO", "--clearance", "AUS.xml", *ONE, *KOR)
        assert "second person" in said

    def test_that_gets_a_node_is_reached_by_it(self, offices: Desk, item: str) -> None:
        """
        What waits goes by the stream from then on, and is not printed.
        """
        run(offices, "init", "AUS@NATO", "--dir", "aus")
        run(offices, "peer", "add", "aus/office.card", *ONE, *KOR)
        assert delivery(offices)[1] == "to be printed: they have no node"
        run(offices, "peer", "confirm", "AUS@NATO", *TWO, *KOR)
        state, why, _ = delivery(offices)
        assert state == "waiting"
        assert why != "to be printed: they have no node"
        assert "has a node" in refused(offices, 1, "print", item, *TO_AUS, "-o", "a.html", *REGISTRY, *KOR)


class TestPrint:
    def test_a_copy_goes_on_paper_and_is_handed_over_when_a_person_says_so(
        self, offices: Desk, item: str
    ) -> None:
        """
        By the commands that ``docs/officers.md`` names.
        """
        assert delivery(offices) == ("waiting", "to be printed: they have no node", None)
        said = run(
            offices, "print", item, *TO_AUS, "-o", "copy.docx", "--attachments", "annexes", *REGISTRY, *KOR
        )
        assert said.startswith(f"copy.docx: copy 1 of {item} for AUS@NATO\n  CONFIDENTIAL REL ")
        assert delivery(offices) == ("printed", "printed; handed over when a person says so", 1)
        assert (offices.folder / "annexes" / "Seating plan.txt").read_bytes() == PLAN
        assert stat.S_IMODE((offices.folder / "copy.docx").stat().st_mode) == 0o600
        with ZipFile(offices.folder / "copy.docx") as archive:
            text = archive.read("word/document.xml").decode()
            assert all(CANARY.encode() not in archive.read(name) for name in archive.namelist())
        assert "Lunch is at noon." in text
        to = ("--to", "registry of the embassy")
        said = run(offices, "handover", item, "AUS@NATO", *to, *REGISTRY, *KOR)
        assert said.startswith(f"copy 1 of {item} for AUS@NATO: handed to registry of the embassy, 20")
        assert delivery(offices) == (
            "receipted",
            "handed over on paper, as one of us has said; no receipt of theirs",
            1,
        )
        assert "handed over already" in refused(
            offices, 1, "handover", item, "AUS@NATO", *to, *REGISTRY, *KOR
        )
        assert "handed over already" in refused(
            offices, 1, "print", item, *TO_AUS, "-o", "again.docx", *REGISTRY, *KOR
        )
        assert "is theirs" in refused(
            offices, 1, "handover", item, "AUS@NATO", "--destroyed", *REGISTRY, *KOR
        )
        run(offices, "fsck", *KOR)

    def test_printed_again_it_is_the_same_copy(self, offices: Desk, item: str) -> None:
        """
        Byte for byte, as often as it is asked for; and in the other form it has the same number.
        """
        run(offices, "print", item, *TO_AUS, "-o", "one.docx", *REGISTRY, *KOR)
        found = document(offices, "print", item, *TO_AUS, "-o", "two.docx", "--by", "another", *KOR)
        assert (found["copy"], found["again"]) == (1, True)
        assert (offices.folder / "one.docx").read_bytes() == (offices.folder / "two.docx").read_bytes()
        assert document(offices, "print", item, *TO_AUS, "-o", "one.html", *REGISTRY, *KOR)["copy"] == 1
        assert b"Copy 1 for AUS@NATO" in (offices.folder / "one.html").read_bytes()

    def test_what_was_narrowed_since_is_destroyed_and_printed_as_another_copy(
        self, offices: Desk, item: str
    ) -> None:
        """
        What was printed is not given out again; what may still go has the next number.
        """
        run(offices, "print", item, *TO_AUS, "-o", "one.html", *REGISTRY, *KOR)
        offices.write("less.xml", clearance(["AUS"], highest="LIMITED"))
        for person in (ONE, TWO):
            run(offices, "peer", "grant", "AUS@NATO", "--clearance", "less.xml", *person, *KOR)
        assert "may not go as it is any more" in refused(
            offices, 1, "print", item, *TO_AUS, "-o", "two.html", *REGISTRY, *KOR
        )
        run(offices, "handover", item, "AUS@NATO", "--destroyed", *REGISTRY, *KOR)
        assert delivery(offices)[0] == "waiting"
        assert document(offices, "print", item, *TO_AUS, "-o", "two.html", *REGISTRY, *KOR)["copy"] == 2
        one, two = ((offices.folder / name).read_text() for name in ("one.html", "two.html"))
        assert "The speeches are short." in one
        assert "The speeches are short." not in two
        run(offices, "fsck", *KOR)

    def test_what_may_not_go_any_more_is_not_printed(self, offices: Desk, item: str) -> None:
        """
        It is withheld with its reason, no file appears; and it is printed when it may go again.
        """
        offices.write("nothing.xml", clearance(["EU"], highest="OPEN"))
        for person in (ONE, TWO):
            run(offices, "peer", "grant", "AUS@NATO", "--clearance", "nothing.xml", *person, *KOR)
        found = offices.run("print", item, *TO_AUS, "-o", "copy.html", *REGISTRY, *KOR)
        assert found.code == 1
        assert "nothing is printed: nothing is sent: what they may see holds no paragraph" in found.err
        assert not (offices.folder / "copy.html").exists()
        assert delivery(offices)[0] == "withheld"
        for person in (ONE, TWO):
            run(offices, "peer", "grant", "AUS@NATO", "--clearance", "AUS.xml", *person, *KOR)
        run(offices, "print", item, *TO_AUS, "-o", "copy.html", *REGISTRY, *KOR)

    @pytest.mark.parametrize(
        ("arguments", "code", "told"),
        [
            (("--to", "JPN@NATO", "-o", "a.html"), 1, "`JPN@NATO` has a node"),
            (("--to", "NATO", "-o", "a.html"), 1, "`NATO` is no correspondent of ours"),
            ((*TO_AUS, "-o", "a.pdf"), 2, "ends in .docx or .html"),
            ((*TO_AUS, "-o", "to-aus.md"), 2, "ends in .docx or .html"),
            ((*TO_AUS, "-o", "there.html"), 2, "is there already"),
            ((*TO_AUS, "-o", "a.html", "--lang", "en gb"), 2, "languages are tags"),
        ],
    )
    def test_what_cannot_be_printed_leaves_nothing(
        self, offices: Desk, item: str, arguments: tuple[str, ...], code: int, told: str
    ) -> None:
        """
        No file, no copy, no entry in the log.
        """
        offices.write("there.html", b"something")
        assert told in refused(offices, code, "print", item, *arguments, *REGISTRY, *KOR)

    def test_an_item_that_was_not_released_to_them_is_refused_and_one_that_is_not_there_is_missing(
        self, offices: Desk, item: str
    ) -> None:
        """
        Each in its own words, and nothing is written.
        """
        draft = run(offices, "compose", "to-jpn.md", *KOR).strip()
        other = document(offices, "release", draft, *OFFICER, *KOR)["reference"]
        told = refused(offices, 1, "print", other, *TO_AUS, "-o", "a.html", *REGISTRY, *KOR)
        assert "nothing of this item was released to `AUS@NATO`" in told
        told = refused(
            offices, 2, "print", "KOR@NATO 2026-0000-0000", *TO_AUS, "-o", "a.html", *REGISTRY, *KOR
        )
        assert "no item of this reference or id" in told


class TestHandover:
    def test_a_withdrawal_names_the_copies_on_paper(self, offices: Desk, item: str) -> None:
        """
        To whom they were handed; and what is said afterwards is known too.
        """
        run(offices, "print", item, *TO_AUS, "-o", "copy.html", *REGISTRY, *KOR)
        found = document(offices, "withdraw", item, *OFFICER, *KOR)["addressees"]
        assert [(each["copy"], each["received"]) for each in found] == [(1, False)]
        assert "nobody has said what became of the copy" in found[0]["why"]
        found = offices.run("print", item, *TO_AUS, "-o", "again.html", *REGISTRY, *KOR)
        assert found.code == 1
        run(offices, "handover", item, "AUS@NATO", "--to", "courier", *REGISTRY, *KOR)
        assert delivery(offices)[1].startswith("withdrawn after their registry had received it")
        run(offices, "handover", item, "AUS@NATO", "--destroyed", *REGISTRY, *KOR)
        assert delivery(offices)[1].startswith("withdrawn after their registry had received it")
        assert "no copy of it" in refused(
            offices, 1, "handover", item, "AUS@NATO", "--destroyed", *REGISTRY, *KOR
        )
        run(offices, "fsck", *KOR)

    def test_a_copy_that_was_handed_over_is_named_with_whom_it_was_handed_to(
        self, offices: Desk, item: str
    ) -> None:
        """
        Whoever withdraws knows where to ask for it.
        """
        run(offices, "print", item, *TO_AUS, "-o", "copy.html", *REGISTRY, *KOR)
        run(offices, "handover", item, "AUS@NATO", "--to", "their registry", *REGISTRY, *KOR)
        said = run(offices, "withdraw", item, *OFFICER, *KOR)
        assert "AUS@NATO, copy 1, handed to their registry: withdrawn after their registry had" in said

    def test_a_time_that_cannot_be_is_refused(self, offices: Desk, item: str) -> None:
        """
        Before the copy was printed, or still to come.
        """
        run(offices, "print", item, *TO_AUS, "-o", "copy.html", *REGISTRY, *KOR)
        for at in ("2020-01-01T12:00Z", "2999-01-01T12:00Z"):
            told = refused(offices, 2, "handover", item, "AUS@NATO", "--to", "x", "--at", at, *REGISTRY, *KOR)
            assert "before the copy was printed, or is still to come" in told

    def test_what_may_not_go_to_them_now_is_noted_to_whoever_says_it_was_handed_over(
        self, offices: Desk, item: str
    ) -> None:
        """
        It is a fact and written down; but if it is none yet, it can still be kept back.
        """
        run(offices, "print", item, *TO_AUS, "-o", "one.html", *REGISTRY, *KOR)
        offices.write("less.xml", clearance(["AUS"], highest="LIMITED"))
        for person in (ONE, TWO):
            run(offices, "peer", "grant", "AUS@NATO", "--clearance", "less.xml", *person, *KOR)
        said = run(offices, "handover", item, "AUS@NATO", "--to", "their registry", *REGISTRY, *KOR)
        assert "note: by the rules of now it may not go to them" in said

    def test_it_is_said_either_that_it_was_handed_over_or_destroyed(self, offices: Desk, item: str) -> None:
        """
        Neither, both, or of a copy that there is not: nothing is written.
        """
        run(offices, "print", item, *TO_AUS, "-o", "copy.html", *REGISTRY, *KOR)
        for said in ((), ("--to", "x", "--destroyed")):
            refused(offices, 2, "handover", item, "AUS@NATO", *said, *REGISTRY, *KOR)
        refused(offices, 1, "handover", item, "AUS@NATO", "--to", "x", "--copy", "2", *REGISTRY, *KOR)
        with unchanged(offices):
            one_document(offices.run("handover", item, "AUS@NATO", "--to", "", *REGISTRY, *KOR, "--json"), 2)
