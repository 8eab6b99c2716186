# SPDX-License-Identifier: Apache-2.0
"""
``legation verify`` with several files: each has its verdict, and then what they say of one another.
"""

import json
from typing import Any

import pytest

from legation.item.withdrawal import withdraw
from legation.log import Checkpoint, key_name, open_checkpoint, sign_checkpoint
from legation.merkle import Hash
from legation.node.home import open_home
from legation.node.keys.signing import Signing
from legation.node.surroundings import HERE
from tests.cli.ends import CANARY, as_json, done, refused
from tests.cli.offices import TWO, document, run
from tests.stories.cast import Desk

CARDS = ("--card", "kor/office.card", "--card", "jpn/office.card")


def signing(desk: Desk, name: str) -> Signing:
    """The keys of a node, as whoever runs it has them."""
    with open_home(desk.folder / name, HERE) as home:
        return home.signing


def failed(desk: Desk, *files: str) -> Any:
    """The record of files of which something does not hold; the text says so too, and nothing stands on stderr."""
    found = desk.run("verify", *files, *CARDS, "--json")
    assert (found.code, found.err) == (3, "")
    plain = desk.run("verify", *files, *CARDS)
    assert (plain.code, plain.err) == (3, "")
    assert "NOT VERIFIED" in plain.out or "TWO HISTORIES" in plain.out
    assert CANARY not in plain.out + found.out
    record = json.loads(found.out)
    assert record["verified"] is False
    return record


@pytest.fixture
def handed(offices: Desk) -> Desk:
    """
    What an auditor is handed: a copy, its receipt, its withdrawal, one by another office, and checkpoints.
    """
    draft = document(offices, "compose", "to-jpn.md", "--by", "drafter", "--dir", "kor")["draft"]
    run(offices, "log", "--dir", "kor", "-o", "early")
    item = document(offices, "release", draft, *TWO, "--dir", "kor")["item"]
    for _ in range(2):
        run(offices, "pull", "--dir", "jpn")
    receipt = ("-o", "r.tlog-proof", "--payload", "copy")
    run(offices, "receipt", item, "JPN@NATO", "--dir", "kor", *receipt)
    run(offices, "log", "--dir", "kor", "-o", "late")
    size = as_json(offices, "verify", "early", *CARDS)["size"]
    run(offices, "log", "--dir", "kor", "--since", str(size), "-o", "growth")
    for name in ("kor", "jpn"):
        offices.write(f"by-{name}", withdraw(bytes.fromhex(item), signing(offices, name).item))
    return offices


def forged(desk: Desk, name: str) -> bytes:
    """Another checkpoint of the size of one, as its own office can sign it."""
    with open_home(desk.folder / "kor", HERE) as home:
        true = open_checkpoint(desk.read(name), home.card)
        other = Checkpoint(origin=true.origin, size=true.size, root=Hash(bytes(32)))
        return sign_checkpoint(other, name=key_name("KOR@NATO"), signers=home.signing.stream)


class TestWithdrawal:
    def test_alone_says_who_withdraws_what(self, handed: Desk) -> None:
        """
        And that it counts if the item is theirs.
        """
        found = as_json(handed, "verify", "by-kor", *CARDS)
        assert (found["verified"], found["author"]) == (True, "KOR@NATO")
        told = done(handed, "verify", "by-kor", *CARDS).out
        assert told.startswith(f"verified: KOR@NATO withdraws item {found['item']}\n")

    def test_beside_a_copy_says_that_it_is_withdrawn(self, handed: Desk) -> None:
        """
        In any order; the copy verifies all the same.
        """
        for files in (("copy", "by-kor"), ("by-kor", "copy")):
            found = as_json(handed, "verify", *files, *CARDS)
            told = {each["file"]: each for each in found["files"]}
            assert [each["file"] for each in found["files"]] == list(files)
            assert told["copy"]["withdrawn"] is True
            assert told["copy"]["copy"]["item"] == told["by-kor"]["withdrawal"]["item"]
            assert "  WITHDRAWN by its author" in done(handed, "verify", *files, *CARDS).out

    def test_of_another_office_is_told_and_counts_for_nothing(self, handed: Desk) -> None:
        """
        It holds as what it is, and withdraws nothing.
        """
        found = as_json(handed, "verify", "copy", "by-jpn", *CARDS)
        assert found["verified"] is True
        assert [each.get("withdrawn", False) for each in found["files"]] == [False, False]
        assert "WITHDRAWN" not in done(handed, "verify", "copy", "by-jpn", *CARDS).out

    def test_altered_or_without_a_card_is_refused(self, handed: Desk) -> None:
        """
        Alone with exit 3; beside a copy it has its verdict, and the copy is not withdrawn.
        """
        data = handed.read("by-kor")
        handed.write("altered", data.replace(b'"item":"', b'"item":"A', 1))
        for other in (data[:-1], data + b"\n", data[:12]):
            handed.write("other", other)
            refused(handed, 3, "verify", "other", *CARDS)
        refused(handed, 3, "verify", "by-kor", "--card", "jpn/office.card")
        found = failed(handed, "copy", "altered")
        assert [each["verified"] for each in found["files"]] == [True, False]
        assert "withdrawn" not in found["files"][0]


class TestHistory:
    def test_two_sizes_need_a_proof(self, handed: Desk) -> None:
        """
        Each is signed, and nothing is proven between them.
        """
        found = as_json(handed, "verify", "late", "early", *CARDS)
        [told] = found["histories"]
        assert (told["files"], told["state"]) == (["early", "late"], "unproven")
        assert told["sizes"] == [each["note"]["size"] for each in found["files"]][::-1]
        assert (
            "early and late: nothing is proven between "
            in done(handed, "verify", "late", "early", *CARDS).out
        )

    def test_with_a_proof_the_one_continues_the_other(self, handed: Desk) -> None:
        """
        The proof holds the later checkpoint, so that two files do.
        """
        found = as_json(handed, "verify", "early", "growth", *CARDS)
        [told] = found["histories"]
        assert (told["files"], told["state"]) == (["early", "growth"], "grew")
        growth = found["files"][1]["growth"]
        assert growth["note"] == as_json(handed, "verify", "late", *CARDS)
        said = done(handed, "verify", "early", "growth", *CARDS).out
        assert said.endswith(
            f"early and growth: one history: {told['sizes'][1]} entries, which begin with the {told['sizes'][0]}\n"
        )
        assert [
            each["state"]
            for each in as_json(handed, "verify", "early", "late", "growth", *CARDS)["histories"]
        ] == ["grew", "same"]

    def test_a_proof_alone_says_what_else_is_needed(self, handed: Desk) -> None:
        """
        Its checkpoint verifies; of the older one it knows the size alone.
        """
        found = as_json(handed, "verify", "growth", *CARDS)
        assert found["since"] == as_json(handed, "verify", "early", *CARDS)["size"]
        assert "give the checkpoint of these too" in done(handed, "verify", "growth", *CARDS).out

    def test_one_size_and_root_is_one_history(self, handed: Desk) -> None:
        """
        A checkpoint and the one in a proof of an entry; a receipt of the stream is of another origin.
        """
        run(handed, "log", "--dir", "kor", "--proof", "0", "-o", "0.tlog-proof")
        found = as_json(handed, "verify", "late", "0.tlog-proof", "r.tlog-proof", *CARDS)
        [told] = found["histories"]
        assert (set(told["files"]), told["state"]) == ({"late", "0.tlog-proof"}, "same")

    def test_two_roots_of_one_size_are_two_histories(self, handed: Desk) -> None:
        """
        Both verify, and together they prove it: exit 3.
        """
        handed.write("forged", forged(handed, "late"))
        found = failed(handed, "forged", "late")
        assert [each["verified"] for each in found["files"]] == [True, True]
        [told] = found["histories"]
        assert (set(told["files"]), told["state"], told["office"]) == (
            {"forged", "late"},
            "fork",
            "KOR@NATO",
        )

    def test_a_proof_from_another_history_does_not_hold(self, handed: Desk) -> None:
        """
        A node that rewrote its log cannot prove that it continues what was given away: exit 3.
        """
        handed.write("early", forged(handed, "early"))
        [told] = failed(handed, "early", "growth")["histories"]
        assert told["state"] == "broken"


class TestSeveral:
    def test_each_file_has_its_verdict(self, handed: Desk) -> None:
        """
        In the order given, with one exit code; what holds is told beside what does not.
        """
        handed.write("nothing", b"words")
        handed.write("altered", handed.read("late")[:-3] + b"A==\n")
        files = ["copy", "nothing", "r.tlog-proof", "altered", "late"]
        found = failed(handed, *files)
        assert [each["file"] for each in found["files"]] == files
        assert [each["verified"] for each in found["files"]] == [True, False, True, False, True]
        assert all(each["message"] for each in found["files"] if not each["verified"])
        assert found["files"][2]["proof"] == as_json(handed, "verify", "r.tlog-proof", *CARDS)

    def test_bad_usage_is_told_before_anything_is_read(self, handed: Desk) -> None:
        """
        A file that is not there, a reference among files, no card, and a payload for one of several.
        """
        refused(handed, 2, "verify", "copy", "nowhere", *CARDS)
        refused(handed, 2, "verify", "copy", "KOR@NATO 2026-0000-0000", "--dir", "kor")
        refused(handed, 2, "verify", "copy", "late")
        refused(handed, 2, "verify", "r.tlog-proof", "late", "--payload", "copy", *CARDS)
        refused(handed, 2, "verify", *CARDS)

    def test_a_missing_card_is_named_for_each_file(self, handed: Desk) -> None:
        """
        With one card of two, what the other office signed is not verified.
        """
        found = handed.run("verify", "late", "r.tlog-proof", "--card", "kor/office.card")
        assert found.code == 3
        assert "NOT VERIFIED: no card of `JPN@NATO` was given" in found.out
