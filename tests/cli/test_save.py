# SPDX-License-Identifier: Apache-2.0
"""
Files that are attached: composed, carried and saved, as officers do it.
"""

import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cli.ends import CANARY
from tests.cli.offices import document, refused, run
from tests.cli.test_exchange import JPN, KOR, OFFICER
from tests.stories.cast import Desk

REPORT = """kind: report
policy: EXERCISE
action: JPN@NATO

(L//REL KOR, JPN) The plan is attached.

(L//REL KOR, JPN) {attachment: Seating plan.txt}

(S//REL KOR) {attachment: Names.csv} {originator-control}
"""
PLAN = b"one, two\n" * 200_000
"""Two chunks."""


@pytest.fixture
def attached(offices: Desk) -> tuple[Desk, dict[str, Any]]:
    """Two nodes, and a report with two files released from the one to the other."""
    (offices.folder / "annexes").mkdir()
    offices.write("annexes/Seating plan.txt", PLAN)
    offices.write("annexes/Names.csv", CANARY.encode())
    offices.write("report.md", REPORT)
    draft = run(offices, "compose", "report.md", "--files", "annexes", "--by", "drafter", *KOR).strip()
    for name in ("annexes/Seating plan.txt", "annexes/Names.csv", "report.md"):
        (offices.folder / name).unlink()
    item = document(offices, "release", draft, *OFFICER, *KOR)
    run(offices, "pull", *JPN)
    return offices, item


def test_an_addressee_saves_what_it_may_see(attached: tuple[Desk, dict[str, Any]]) -> None:
    """
    Byte for byte, under its own name, for its owner only; the other file is not there for them.
    """
    desk, item = attached
    said = run(desk, "show", item["reference"], *JPN)
    assert "Attached: Seating plan.txt (text/plain, 1,800,000 bytes)" in said
    assert "Names" not in said
    assert run(desk, "save", item["reference"], *JPN) == "Seating plan.txt: 1800000 bytes\n"
    path = desk.folder / "Seating plan.txt"
    assert path.read_bytes() == PLAN
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "no attachment" in refused(desk, 2, "save", item["reference"], "Names.csv", *JPN)
    run(desk, "fsck", *JPN)


def test_nothing_is_replaced(attached: tuple[Desk, dict[str, Any]]) -> None:
    """
    A file that is there stays as it was, whoever named the attachment so.
    """
    desk, item = attached
    desk.write("Seating plan.txt", b"mine")
    assert "exists" in refused(desk, 2, "save", item["reference"], *JPN).lower()
    assert document(desk, "save", item["reference"], "-o", "other.txt", *JPN) == {
        "file": "other.txt",
        "size_bytes": len(PLAN),
    }


def test_a_damaged_file_is_not_saved(attached: tuple[Desk, dict[str, Any]]) -> None:
    """
    One bit on the disk, and nothing appears, whole or in part.
    """
    desk, item = attached
    [sealed] = [*Path(desk.folder / "jpn" / "attachments").rglob("*.sealed")]
    data = bytearray(sealed.read_bytes())
    data[-1] ^= 1
    sealed.write_bytes(data)
    assert "damaged" in refused(desk, 5, "save", item["reference"], "-o", "out.txt", *JPN)
    assert not [each for each in desk.folder.iterdir() if "out" in each.name]


def test_the_author_saves_both_and_is_shown_what_is_asked_of_others(
    attached: tuple[Desk, dict[str, Any]],
) -> None:
    """
    At home both are there; the one under control says so.
    """
    desk, item = attached
    said = run(desk, "show", item["reference"], *KOR)
    assert "not to be passed on without the originator's consent" in said
    run(desk, "save", item["reference"], "Names.csv", *KOR)
    assert (desk.folder / "Names.csv").read_bytes() == CANARY.encode()
    assert "more than one attachment" in refused(desk, 2, "save", item["reference"], *KOR)


def test_a_file_that_is_missing_is_named_by_its_line(offices: Desk) -> None:
    """
    Nothing is kept, and the message says where to look.
    """
    offices.write("report.md", REPORT)
    said = refused(offices, 2, "compose", "report.md", *KOR)
    assert "line 7: the file to be attached is not there" in said
    assert "--files" in said


def test_on_files_alone_an_item_names_its_attachments(offices: Desk) -> None:
    """
    Composed and previewed without a node: measured where they lie.
    """
    offices.write("Seating plan.txt", PLAN)
    offices.write("Names.csv", b"a")
    offices.write("report.md", REPORT)
    run(offices, "compose", "report.md", "--key", "kor/office.keys", "-o", "item")
    said = run(offices, "show", "item", "--card", "kor/office.card")
    assert "Attached: Seating plan.txt" in said
    found = document(offices, "preview", "report.md", "--for", "JPN@NATO=limited.xml")
    assert [each["showing"] for each in found["copies"][0]["portions"]] == ["shown", "shown", "withheld"]
    assert run(offices, "format", "report.md").count("{media-type: text/plain}") == 1
