# SPDX-License-Identifier: Apache-2.0
"""
``legation bag``, as a registry uses it: KOR at NATO packs for JPN at NATO, and the other way round.
"""

import re
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.ends import CANARY
from tests.cli.offices import document, refused, run, unchanged
from tests.cli.test_exchange import JPN, KOR, OFFICER
from tests.stories.cast import Desk

REGISTRY = ("--by", "registry")
OUT = ("-o", "out")


@pytest.fixture
def packed(offices: Desk) -> str:
    """
    The path of a bag for JPN at NATO, which holds the first report.
    """
    (offices.folder / "out").mkdir()
    lets_go(offices)
    return packs(offices)


def lets_go(offices: Desk, text: str = "") -> None:
    """
    Release the report, or another.
    """
    if text:
        offices.write(
            "more.md", f"kind: report\npolicy: EXERCISE\naction: JPN@NATO\n\n(L//REL KOR, JPN) {text}\n"
        )
    draft = run(offices, "compose", "more.md" if text else "to-jpn.md", *KOR).strip()
    run(offices, "release", draft, *OFFICER, *KOR)


def packs(offices: Desk, *more: str) -> str:
    """
    Pack for JPN at NATO; the path of the last bag.
    """
    found = document(offices, "bag", "pack", "JPN@NATO", *OUT, *REGISTRY, *more, *KOR)
    return f"out/{found['bags'][-1]['file']}"


class TestBag:
    def test_a_bag_goes_there_and_its_receipt_comes_back(self, offices: Desk, packed: str) -> None:
        """
        Step by step as ``docs/officers.md`` has it.
        """
        assert re.fullmatch(r"out/[0-9a-f]{16}\.bag", packed)
        name = packed.removeprefix("out/")
        assert "numbered" in run(offices, "deliveries", *KOR)
        looked = run(offices, "bag", "inspect", packed, *JPN)
        assert looked.startswith(
            f"{name}: bag 1 of KOR@NATO, 66773 bytes\n  entries 0-1: 1 with an item, 1 others,"
        )
        with unchanged(offices):
            tried = run(offices, "bag", "open", packed, "--dry-run", *REGISTRY, *JPN)
        assert tried == f"{name}: bag 1 of KOR@NATO, entries 0-1: would bring 2 not held before, 1 new\n"
        opened = run(offices, "bag", "open", packed, *REGISTRY, *JPN)
        assert opened == tried.replace("would bring", "brought")
        assert "Seating" in run(offices, "inbox", *JPN)
        assert run(offices, "bag", "open", packed, *REGISTRY, *JPN).endswith(
            "opened before, nothing was done\n"
        )
        back = document(offices, "bag", "pack", "KOR@NATO", *OUT, *REGISTRY, *JPN)["bags"][0]["file"]
        assert "with a receipt" in run(offices, "bag", "open", f"out/{back}", *REGISTRY, *KOR)
        assert "receipted" in run(offices, "deliveries", *KOR)
        listed = run(offices, "bag", "list", *KOR).splitlines()
        assert listed[0].startswith(f"to JPN@NATO, bag 1, {name}: entries 0-1, receipted; by registry, 20")
        assert listed[1].startswith("from JPN@NATO, bag 1: no entries, opened by registry, 20")
        for node in (KOR, JPN):
            assert run(offices, "fsck", *node).endswith("everything holds\n")

    def test_bags_are_opened_in_whatever_order_they_are_named(self, offices: Desk, packed: str) -> None:
        """
        And what waits for one that is missing is told by name.
        """
        lets_go(offices, "Two.")
        second = packs(offices)
        lets_go(offices, "Three.")
        third = packs(offices)
        with unchanged(offices):
            told = refused(offices, 3, "bag", "open", third, *REGISTRY, *JPN)
        assert "bags 1 to 2 are missing: entries 0-2\n" in told
        found = offices.run("bag", "open", third, packed, *REGISTRY, *JPN)
        assert found.code == 3
        assert "bag 1 of KOR@NATO" in found.out
        assert "bag 2 is missing: entry 2" in found.err
        anew = packs(offices, "--again", "2")
        opened = document(offices, "bag", "open", third, second, anew, *REGISTRY, *JPN)
        assert [each["number"] for each in opened["bags"]] == [2, 4, 3]
        assert len(document(offices, "inbox", *JPN)["entries"]) == 3

    def test_nothing_new_is_refused(self, offices: Desk, packed: str) -> None:
        """
        And nothing is written.
        """
        assert packed
        told = refused(offices, 1, "bag", "pack", "JPN@NATO", *OUT, *REGISTRY, *KOR)
        assert "there is nothing new for `JPN@NATO`" in told

    def test_no_way_back_is_said_of_the_delivery(self, offices: Desk) -> None:
        """
        Nobody waits for a receipt.
        """
        (offices.folder / "out").mkdir()
        lets_go(offices)
        assert "waits for a bag" in run(offices, "deliveries", *KOR)
        said = run(offices, "bag", "pack", "JPN@NATO", *OUT, *REGISTRY, "--no-way-back", *KOR)
        assert said.endswith("; no receipt can come back\n")
        assert "handed over in a bag; no receipt is possible" in run(offices, "deliveries", *KOR)

    def test_a_file_that_is_no_bag_is_refused(self, offices: Desk, packed: str) -> None:
        """
        Something else, one cut short, one for somebody else, none at all.
        """
        data = (offices.folder / packed).read_bytes()
        for name, content in (("none.bag", b"nothing"), ("short.bag", data[:9000]), ("empty.bag", b"")):
            offices.write(name, content)
            refused(offices, 2 if content != data[:9000] else 3, "bag", "open", name, *REGISTRY, *JPN)
            refused(offices, 2 if content != data[:9000] else 3, "bag", "inspect", name, *JPN)
        assert "packed here, nothing was done" in run(offices, "bag", "open", packed, *REGISTRY, *KOR)
        told = refused(offices, 3, "bag", "inspect", packed, *KOR)
        assert "packed for a key that is no longer kept: ask for it anew" in told
        assert offices.run("bag", "open", "missing.bag", *REGISTRY, *JPN).code == 2


class TestSheet:
    @pytest.mark.parametrize("name", ["sheet.txt", "sheet.html"])
    def test_it_names_packages_and_cards_and_nothing_of_what_is_carried(
        self, offices: Desk, packed: str, name: str
    ) -> None:
        """
        File, length, hash, words of both cards, room for seals; no title, label or text.
        """
        said = run(offices, "bag", "sheet", "out", "-o", name, *KOR)
        assert said == f"{name}: 1 package for JPN@NATO\n"
        sheet = (offices.folder / name).read_text(encoding="utf-8")
        data = (offices.folder / packed).read_bytes()
        joined = re.sub(r"\s+", "", sheet)
        assert sha256(data).hexdigest() in joined
        for expected in (Path(packed).name, "66773", "KOR@NATO", "JPN@NATO", "Seal number", "ignature"):
            assert expected in sheet
        for office in ("kor", "jpn"):
            words = document(offices, "card", f"{office}/office.card")["fingerprint"]
            assert "".join(words) in joined
        for secret in (CANARY, "Seating", "SECRET", "REL", "Lunch", "LIMITED", "EXERCISE"):
            assert secret not in sheet
        assert "<script" not in sheet
        assert "http" not in sheet.replace("http-equiv", "")

    def test_it_is_for_one_office_and_for_bags_that_were_packed_here(
        self, offices: Desk, packed: str
    ) -> None:
        """
        And for whole files.
        """
        sheet = ("-o", "sheet.txt")
        offices.write("0123456789abcdef.bag", b"nothing")
        told = refused(offices, 2, "bag", "sheet", "0123456789abcdef.bag", *sheet, *KOR)
        assert "no bag that was packed here" in told
        refused(offices, 2, "bag", "sheet", packed, "-o", "sheet.pdf", *KOR)
        refused(offices, 2, "bag", "sheet", packed, *sheet, *JPN)
        path = offices.folder / packed
        path.write_bytes(path.read_bytes()[:-1])
        assert "another length" in refused(offices, 2, "bag", "sheet", "out", *sheet, *KOR)
        path.unlink()
        assert "expected 1 to 1000 bags" in refused(offices, 2, "bag", "sheet", "out", *sheet, *KOR)
