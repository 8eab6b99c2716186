# SPDX-License-Identifier: Apache-2.0

import msgspec
import pytest

from legation.item.view import inspect
from legation.node.files import preview_report
from legation.records import PreviewRecord
from tests.cli.ends import CANARY, as_json, done, refused
from tests.cli.toy import REPORT as TOY_REPORT
from tests.cli.toy import TOY
from tests.stories.cast import (
    ADDRESSEES,
    CAPITAL,
    CLEARANCES,
    FIRST_DRAFT,
    POLICIES,
    REMARKED,
    Desk,
    around,
    lay_out,
)

FOR = [part for name in ADDRESSEES for part in ("--for", f"{name}={name}.xml")]


class TestFormat:
    def test_prints_the_one_form(self, desk: Desk) -> None:
        """
        What was typed loosely is printed as it would be written.
        """
        desk.write("loose.md", REMARKED.replace("(S//REL KOR, JPN)", "(s//rel jpn , kor)"))
        before = desk.state()
        assert done(desk, "format", "loose.md").out == REMARKED
        assert desk.state() == before

    def test_writes_it_over_the_report_if_asked(self, desk: Desk) -> None:
        """
        A report may be formatted where it lies.
        """
        desk.write("report.md", REMARKED.replace("\n", "\r\n"))
        assert done(desk, "format", "report.md", "-o", "report.md").out == ""
        assert desk.read("report.md") == REMARKED.encode()

    def test_gives_it_in_json(self, desk: Desk) -> None:
        """
        A script receives the text, or where it was written.
        """
        assert as_json(desk, "format", "report.md") == {"report": REMARKED}
        found = as_json(desk, "format", "report.md", "-o", "tidy.md")
        assert found == {"report": "tidy.md", "size_bytes": len(desk.read("tidy.md"))}

    def test_refuses_a_report_with_a_fault_and_keeps_it(self, desk: Desk) -> None:
        """
        A report that cannot be read is not written over.
        """
        desk.write("report.md", f"{REMARKED}\n{CANARY}\n")
        told = refused(desk, 2, "format", "report.md", "-o", "report.md")
        assert told.startswith("legation: line 18: no portion mark\n")


class TestPreview:
    def test_draws_the_table_and_says_why_not(self, desk: Desk) -> None:
        """
        Story A, before anything leaves: who gets what, and in words why not.
        """
        desk.write("report.md", FIRST_DRAFT)
        said = done(desk, "preview", "report.md", *FOR, "--key", "kor.keys").out
        granted, both = "granted, not on the list; nearest change: ", "list and level; nearest change: "
        assert said.splitlines()[:-1] == [
            "                                         KOR       JPN       NATO      AUS",
            "distinct copy                            1         2         3         4",
            "title (O)                                shown     shown     shown     shown",
            "par. 1 (L//REL KOR, JPN, AUS, NATO)      shown     shown     shown     shown",
            "par. 2 (C//REL KOR, JPN, NATO)           shown     shown     shown     -",
            "par. 3 (S//REL KOR, JPN)                 shown     shown     -         -",
            "par. 3 tearline (C//REL KOR, JPN, NATO)  (fuller)  (fuller)  shown     -",
            "par. 4 (S//REL KOR)                      shown     -         -         -",
            "",
            "KOR: SECRET REL KOR",
            "",
            "JPN: SECRET REL KOR, JPN",
            f"  par. 4 (S//REL KOR): {granted}add JPN to Releasable To",
            "",
            "NATO: CONFIDENTIAL REL KOR, JPN, NATO",
            f"  par. 3 (S//REL KOR, JPN): {granted}add NATO to Releasable To",
            f"  par. 4 (S//REL KOR): {granted}add NATO to Releasable To",
            "",
            "AUS: LIMITED REL KOR, JPN, AUS, NATO",
            f"  par. 2 (C//REL KOR, JPN, NATO): {granted}add AUS to Releasable To",
            f"  par. 3 (S//REL KOR, JPN): {both}lower to CONFIDENTIAL and add AUS to Releasable To",
            f"  par. 3 tearline (C//REL KOR, JPN, NATO): {granted}add AUS to Releasable To",
            f"  par. 4 (S//REL KOR): {both}lower to CONFIDENTIAL and add AUS to Releasable To",
            "",
        ]

    def test_gives_the_record_in_json(self, desk: Desk) -> None:
        """
        A script receives what a page would show, reasons as codes and in words.
        """
        found = msgspec.convert(as_json(desk, "preview", "report.md", *FOR), PreviewRecord)
        assert found == preview_report(REMARKED.encode(), list(CLEARANCES.items()), POLICIES, around())

    def test_says_what_is_empty_and_whose_title_is_missing(self, desk: Desk) -> None:
        """
        A copy without a body is not sent, and a title that is withheld is replaced by the reference.
        """
        desk.write("report.md", REMARKED.replace("title: (O)", "title: (S//REL KOR)"))
        said = done(desk, "preview", "report.md", *FOR, "--for", "EU=nothing.xml").out
        assert "EU: nothing is sent, the copy would be empty\n" in said
        assert (
            "AUS: LIMITED REL KOR, JPN, AUS, NATO\n  title: not shown, the reference stands for it\n" in said
        )

    def test_writes_nothing_and_shows_no_text(self, desk: Desk) -> None:
        """
        A preview speaks of marks and portions; it leaves no file and repeats no word of the report.
        """
        before = desk.state()
        said = done(desk, "preview", "report.md", *FOR).out
        assert desk.state() == before
        assert CAPITAL not in said

    def test_asks_for_the_authors_party_only_with_its_keys(self, desk: Desk) -> None:
        """
        With the author's keys a list that leaves its own party out is refused.
        """
        desk.write("report.md", "kind: report\npolicy: EXERCISE\n\n(C//REL JPN) Theirs.\n")
        done(desk, "preview", "report.md", "--for", "JPN=JPN.xml")
        told = refused(desk, 2, "preview", "report.md", "--for", "JPN=JPN.xml", "--key", "kor.keys")
        assert told.startswith("legation: line 4: the list `Releasable To` leaves out KOR")

    @pytest.mark.parametrize("value", ["JPN", "=JPN.xml", "JPN=", "=", "", "JPN=report.md", "JPN=kor.keys"])
    def test_refuses_an_addressee_without_a_name_or_a_clearance(self, desk: Desk, value: str) -> None:
        """
        Each addressee is a name and a file that is a clearance.
        """
        refused(desk, 2, "preview", "report.md", "--for", value)

    def test_refuses_an_addressee_twice(self, desk: Desk) -> None:
        """
        Two columns of one name would be taken for one another.
        """
        told = refused(desk, 2, "preview", "report.md", "--for", "JPN=JPN.xml", "--for", "JPN=own.xml")
        assert told.startswith("legation: an addressee is there twice\n")

    @pytest.mark.parametrize("name", ["J\x1b[31mPN", "J\u202ePN", " ", "J\nPN"])
    def test_refuses_a_name_that_moves_the_cursor_or_hides(self, desk: Desk, name: str) -> None:
        """
        What is printed beside marks cannot look like something else.
        """
        refused(desk, 2, "preview", "report.md", "--for", f"{name}=JPN.xml")


class TestCompose:
    def test_makes_an_item_and_says_how_it_is_called(self, desk: Desk) -> None:
        """
        The item is written whole, and reference, id and size are told.
        """
        said = done(desk, "compose", "report.md", "--key", "kor.keys", "-o", "report.item").out.splitlines()
        contents = inspect(desk.read("report.item"))
        assert said[0].startswith("KOR@NATO 20")
        assert said[1] == f"item {contents.item_id.hex()}"
        assert said[2] == f"report.item: {len(contents.data)} bytes, for nobody else's eyes"

    def test_gives_the_same_in_json(self, desk: Desk) -> None:
        """
        A script receives the ids in full.
        """
        found = as_json(desk, "compose", "report.md", "--key", "kor.keys", "-o", "report.item")
        contents = inspect(desk.read("report.item"))
        assert found["item"] == contents.item_id.hex()
        assert found["document"] == contents.document.hex()
        assert found["size_bytes"] == len(contents.data)
        assert len(found["draft"]) == 64

    def test_refuses_an_unmarked_paragraph_and_names_its_line(self, desk: Desk) -> None:
        """
        Story A, step 1: the line is named, the text is not repeated, and there is no item.
        """
        desk.write("report.md", REMARKED.replace("(S//REL KOR) We", "We"))
        told = refused(desk, 2, "compose", "report.md", "--key", "kor.keys", "-o", "report.item")
        assert told.startswith("legation: line 16: no portion mark\n")
        assert "recommend" not in told

    def test_refuses_and_names_every_fault(self, desk: Desk) -> None:
        """
        A drafter mends all faults at once.
        """
        report = REMARKED.replace("(S//REL KOR) We", "We").replace(
            "precedence: priority", f"precedence: {CANARY}"
        )
        desk.write("report.md", report + f"\n({CANARY}) {CANARY}\n\n(S//REL JPN) {CANARY}\n")
        told = refused(desk, 2, "compose", "report.md", "--key", "kor.keys", "-o", "report.item")
        assert told.splitlines() == [
            "legation: line 6: the value is not one that is known here",
            "          line 16: no portion mark",
            "          line 18: this is not a mark of the policy",
            "          line 20: the list `Releasable To` leaves out KOR, the author's own party",
            "          each block begins with its mark in parentheses, such as (O)",
        ]

    def test_keeps_an_item_that_is_there_if_the_report_has_a_fault(self, desk: Desk) -> None:
        """
        A refused report does not take the place of yesterday's item.
        """
        desk.compose()
        desk.write("report.md", f"{REMARKED}\n{CANARY}\n")
        refused(desk, 2, "compose", "report.md", "--key", "kor.keys", "-o", "report.item")

    @pytest.mark.parametrize("key", ["kor.keys.root", "kor.card", "report.md", "own.xml"])
    def test_refuses_to_sign_with_what_are_no_keys(self, desk: Desk, key: str) -> None:
        """
        Only an office's keys sign.
        """
        refused(desk, 2, "compose", "report.md", "--key", key, "-o", "report.item")

    @pytest.mark.parametrize("output", ["report.md", "kor.keys", "./report.md"])
    def test_refuses_to_write_over_what_it_reads(self, desk: Desk, output: str) -> None:
        """
        The item takes neither the place of the report nor of the keys.
        """
        told = refused(desk, 2, "compose", "report.md", "--key", "kor.keys", "-o", output)
        assert "expected another name for the output" in told

    @pytest.mark.parametrize(
        "data", [b"", b"\xff\xfe", b"\x00" * 100, b"\xef\xbb\xbf", "日本".encode("utf-16")]
    )
    def test_refuses_what_is_no_report(self, desk: Desk, data: bytes) -> None:
        """
        Nonsense makes no item.
        """
        desk.write("report.md", data)
        refused(desk, 2, "compose", "report.md", "--key", "kor.keys", "-o", "report.item")

    def test_refuses_control_characters(self, desk: Desk) -> None:
        """
        Escape sequences cannot be signed: no reader has to be protected from them.
        """
        desk.write("report.md", f"{REMARKED}\n(O) \x1b[2J{CANARY}\n")
        told = refused(desk, 2, "compose", "report.md", "--key", "kor.keys", "-o", "report.item")
        assert "\x1b" not in told

    def test_writes_under_a_policy_of_ones_own(self, desk: Desk) -> None:
        """
        A policy in a file stands beside the shipped ones, and is needed wherever its marks are read.
        """
        desk.write("toy.xml", TOY)
        desk.write("report.md", TOY_REPORT)
        arguments = ("compose", "report.md", "--key", "kor.keys", "-o", "toy.item")
        refused(desk, 2, *arguments)
        done(desk, *arguments, "--policy", "toy.xml")
        assert {layer.policy.id for layer in inspect(desk.read("toy.item")).layers} == {"2.25.7007"}

    def test_refuses_two_policies_that_claim_to_be_one(self, desk: Desk) -> None:
        """
        Whose rules are meant is never guessed.
        """
        desk.write("toy.xml", TOY)
        desk.write("other.xml", TOY.replace(b"HIGH", b"TOP"))
        policies = ("--policy", "toy.xml", "--policy", "other.xml")
        refused(desk, 2, "compose", "report.md", "--key", "kor.keys", "-o", "report.item", *policies)


def test_a_report_may_be_in_any_script(desk: Desk) -> None:
    """
    Korean, Hebrew and Arabic are read, signed and printed as they are.
    """
    words = "공관은 각 상대에게 볼 수 있는 것만 보낸다. שלום. السلام عليكم."
    lay_out(desk.folder, f"kind: report\npolicy: EXERCISE\n\n(O) {words}\n")
    desk.compose()
    said = done(desk, "show", "report.item").out
    assert words in " ".join(said.split())
