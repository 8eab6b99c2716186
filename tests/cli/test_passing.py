# SPDX-License-Identifier: Apache-2.0
"""
``pass`` and ``reissue``, as officers use them: AUS at NATO writes, KOR at NATO passes on to JPN at NATO.
"""

import pytest

from tests.cli.ends import CANARY
from tests.cli.offices import ONE, TWO, Line, document, refused, run, unchanged
from tests.cli.test_exchange import JPN, KOR, OFFICER
from tests.stories.cast import CLEARANCES, Desk

AUS = ("--dir", "aus")
TO_JPN = ("--info", "JPN@NATO")

REPORT = f"""\
kind: report
policy: EXERCISE
title: (O) Seating
action: KOR@NATO

(L//REL AUS, KOR, JPN) Lunch is at noon.

(L//REL AUS, KOR, JPN, NATO) {{originator-control}} {CANARY} asked.

(L//REL AUS, KOR) The speeches are short.
"""


@pytest.fixture
def item(offices: Desk) -> str:
    """
    The reference of what AUS at NATO released and KOR at NATO holds; JPN at NATO has the author's card.
    """
    offices.write("to-kor.md", REPORT)
    offices.write("AUS.xml", CLEARANCES["AUS"])
    run(offices, "init", "AUS@NATO", "--dir", "aus", "--address", "aus.example:1")
    Line.folders["aus.example:1"] = offices.folder / "aus"
    for ours, theirs, office in (
        ("kor", "aus", "AUS@NATO"),
        ("aus", "kor", "KOR@NATO"),
        ("jpn", "aus", "AUS@NATO"),
    ):
        run(offices, "peer", "add", f"{theirs}/office.card", *ONE, "--dir", ours)
        run(offices, "peer", "confirm", office, *TWO, "--dir", ours)
    for person in (ONE, TWO):
        run(offices, "peer", "grant", "KOR@NATO", "--clearance", "KOR.xml", *person, *AUS)
    draft = run(offices, "compose", "to-kor.md", *AUS).strip()
    named: str = document(offices, "release", draft, *OFFICER, *AUS)["reference"]
    run(offices, "pull", "AUS@NATO", *KOR)
    return named


class TestPass:
    def test_what_was_previewed_is_passed_on_and_shown_as_such(self, offices: Desk, item: str) -> None:
        """
        By the commands that ``docs/officers.md`` names.
        """
        said = run(offices, "pass", item, *TO_JPN, "--preview", *KOR)
        assert said.startswith(f"{item} of AUS@NATO\n\nJPN@NATO: LIMITED REL KOR, JPN, AUS\n")
        assert said.count("- under its originator's control\n") == 1
        assert said.count("- granted, not on the list\n") == 1
        assert CANARY not in said
        seen = said.split()[-1]
        passed = run(offices, "pass", item, *TO_JPN, "--seen", seen, *OFFICER, *KOR)
        assert passed.startswith(f"passed on {item}\n")
        assert passed.endswith("  JPN@NATO: LIMITED REL KOR, JPN, AUS\n")
        run(offices, "pull", "KOR@NATO", *JPN)
        assert f"  {item}, passed on by KOR@NATO   report   received " in run(offices, "inbox", *JPN)
        shown = run(offices, "show", item, *JPN)
        assert "verified: signed by AUS@NATO; passed on by KOR@NATO\n" in shown
        assert "Lunch is at noon." in shown
        assert CANARY not in shown
        run(offices, "pull", "KOR@NATO", *JPN)
        assert f"{item}  JPN@NATO   receipted" in run(offices, "deliveries", *KOR)
        run(offices, "receipt", item, "JPN@NATO", "-o", "receipt.tlog-proof", *KOR)
        proven = run(
            offices, "verify", "receipt.tlog-proof", "--card", "kor/office.card", "--card", "jpn/office.card"
        )
        assert proven.startswith("verified: JPN@NATO has receipted entry 1 of the stream from KOR@NATO\n")
        for office in (AUS, KOR, JPN):
            run(offices, "fsck", *office)

    def test_what_it_would_be_refused_for_is_said(self, offices: Desk, item: str) -> None:
        """
        Nobody named, a preview that is none, no name; one's own item, the author, nothing, nothing new.
        """
        for code, arguments, told in (
            (2, ("pass", item, *OFFICER, *KOR), "0 addressees"),
            (2, ("pass", item, *TO_JPN, *KOR), "--by NAME; or look first: --preview"),
            (2, ("pass", item, "--info", "nobody", *OFFICER, *KOR), "party code"),
            (2, ("pass", item, *TO_JPN, "--seen", "0", *OFFICER, *KOR), "this is no id of a preview"),
            (2, ("pass", "0" * 64, *TO_JPN, *OFFICER, *KOR), "no item of this reference or id"),
            (1, ("pass", item, *TO_JPN, "--seen", "0" * 64, *OFFICER, *KOR), "no longer what was previewed"),
            (1, ("pass", item, "--action", "AUS@NATO", *OFFICER, *KOR), "AUS@NATO wrote this item"),
            (
                1,
                ("pass", item, "--info", "JPN@NATO, FRA", *OFFICER, *KOR),
                "FRA: nothing of it may go to them",
            ),
            (1, ("pass", item, *TO_JPN, *OFFICER, *AUS), "this item is ours"),
        ):
            assert told in refused(offices, code, *arguments)
        run(offices, "pass", item, *TO_JPN, *OFFICER, *KOR)
        told = refused(offices, 1, "pass", item, *TO_JPN, *OFFICER, *KOR)
        assert "JPN@NATO: they have all of it already, or it is on its way" in told

    def test_the_document_says_what_the_text_says(self, offices: Desk, item: str) -> None:
        """
        Portion by portion, with why; and what was approved is what was previewed.
        """
        found = document(offices, "pass", item, *TO_JPN, "--preview", *KOR)
        assert (found["reference"], found["author"], len(found["preview"])) == (item, "AUS@NATO", 64)
        [copy] = found["copies"]
        assert [(each["showing"], each.get("why", "")) for each in copy["portions"]] == [
            ("shown", ""),
            ("shown", ""),
            ("withheld", "under its originator's control"),
            ("withheld", "granted, not on the list"),
        ]
        done = document(offices, "pass", item, *TO_JPN, "--seen", found["preview"], *OFFICER, *KOR)
        assert done["preview"] == found["preview"]
        assert done["addressees"] == [{"addressee": "JPN@NATO", "banner": copy["banner"]}]


class TestReissue:
    def test_the_report_begins_with_their_words_and_says_what_is_left_out(
        self, offices: Desk, item: str
    ) -> None:
        """
        On stderr how much. It can be composed as it stands, and not with a lower mark.
        """
        with unchanged(offices):
            found = offices.run("reissue", item, *KOR)
        assert (found.code, found.err) == (0, "legation: left out: 1 under the originator's control\n")
        assert "(L//REL KOR, JPN, AUS) {origin: AUS@NATO} Lunch is at noon.\n" in found.out
        assert CANARY not in found.out
        assert offices.run("reissue", item, "-o", "own.md", *KOR).out.startswith("own.md: ")
        assert offices.read("own.md").decode() == found.out
        run(offices, "compose", "own.md", *KOR)
        offices.write("own.md", found.out.replace("(L//REL KOR, AUS) {origin", "(O) {origin"))
        told = refused(offices, 1, "compose", "own.md", *KOR)
        assert told.startswith(
            "legation: par. 2: AUS@NATO marked these words (L//REL KOR, AUS), and they keep at least that\n"
        )

    def test_what_is_ours_or_not_there_is_refused(self, offices: Desk, item: str) -> None:
        """
        And no file is left.
        """
        assert "this item is ours" in refused(offices, 1, "reissue", item, "-o", "own.md", *AUS)
        assert "no item of this reference" in refused(offices, 2, "reissue", "0" * 64, "-o", "own.md", *KOR)
