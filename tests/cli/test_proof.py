# SPDX-License-Identifier: Apache-2.0

import re
from typing import Any

import pytest

from legation.keys.card import fingerprint, read
from tests.cli.ends import CANARY, as_json, done
from tests.cli.offices import TWO, document, refused, run, unchanged
from tests.stories.cast import Desk

CARDS = ("--card", "kor/office.card", "--card", "jpn/office.card")
KOR, JPN = "KOR@NATO", "JPN@NATO"


@pytest.fixture
def exchanged(offices: Desk) -> Desk:
    """
    The report of KOR@NATO, which JPN@NATO has taken and receipted.
    """
    draft = document(offices, "compose", "to-jpn.md", "--by", "drafter", "--dir", "kor")["draft"]
    run(offices, "release", draft, *TWO, "--dir", "kor")
    run(offices, "pull", "--dir", "jpn")
    run(offices, "pull", "--dir", "jpn")
    return offices


def item(desk: Desk) -> str:
    """The reference of what was released."""
    return str(document(desk, "deliveries", "--dir", "kor")["deliveries"][0]["reference"])


@pytest.fixture
def proven(exchanged: Desk) -> Desk:
    """
    With a receipt and its payload as files.
    """
    run(exchanged, "receipt", item(exchanged), JPN, "--dir", "kor", *written())
    return exchanged


def written(proof: str = "r.tlog-proof", payload: str = "r.payload") -> tuple[str, ...]:
    """The files that a receipt is written to."""
    return "-o", proof, "--payload", payload


class TestReceipt:
    def test_is_written_and_verified_with_cards_alone(self, proven: Desk) -> None:
        """
        What the sender's node wrote verifies anywhere, and says since when the copy is held.
        """
        told = done(proven, "verify", "r.tlog-proof", "--payload", "r.payload", *CARDS).out
        assert re.match(
            rf"verified: {JPN} has held this copy since 20\d\d-.*\+00:00\n  {item(proven)}, ", told
        )
        found = as_json(proven, "verify", "r.tlog-proof", "--payload", "r.payload", *CARDS)
        assert (found["verified"], found["number"], found["kind"]) == (True, 1, "view")
        assert (found["note"]["office"], found["note"]["holder"]) == (KOR, JPN)
        assert found["view"]["reference"] == item(proven)
        bare = as_json(proven, "verify", "r.tlog-proof", *CARDS)
        assert "view" not in bare
        assert bare == {name: value for name, value in found.items() if name != "view"}
        assert f"{JPN} has receipted entry 1" in done(proven, "verify", "r.tlog-proof", *CARDS).out

    def test_says_the_words_of_the_cards(self, proven: Desk) -> None:
        """
        Whoever was handed cards with the proof sees which words to compare.
        """
        told = " ".join(done(proven, "verify", "r.tlog-proof", *CARDS).out.split())
        found = as_json(proven, "verify", "r.tlog-proof", *CARDS)["note"]["cards"]
        for name, each in zip(("kor", "jpn"), found, strict=True):
            words = fingerprint(read(proven.read(f"{name}/office.card")))
            assert " ".join(words) in told
            assert each["fingerprint"] == list(words)

    def test_shows_no_content(self, proven: Desk) -> None:
        """
        The proof itself holds none, and verifying prints none.
        """
        assert CANARY.encode() in proven.read("r.payload")
        assert CANARY.encode() not in proven.read("r.tlog-proof")
        for payload in ((), ("--payload", "r.payload")):
            assert CANARY not in done(proven, "verify", "r.tlog-proof", *payload, *CARDS).out

    def test_is_told_without_being_written(self, exchanged: Desk) -> None:
        """
        Without a name for the file it is said what there is to prove; nothing is changed.
        """
        with unchanged(exchanged):
            told = run(exchanged, "receipt", item(exchanged), JPN, "--dir", "kor")
            assert f"{JPN} has receipted entry 1" in told
            found = document(exchanged, "receipt", item(exchanged), JPN, "--dir", "kor")
        assert found["note"]["holder"] == JPN

    def test_is_not_there_before_the_receipt(self, offices: Desk) -> None:
        """
        Exit 1 while it waits, and while it is on its way.
        """
        draft = document(offices, "compose", "to-jpn.md", "--by", "drafter", "--dir", "kor")["draft"]
        run(offices, "release", draft, *TWO, "--dir", "kor")
        told = refused(offices, 1, "receipt", item(offices), JPN, "--dir", "kor", *written())
        assert "no receipt of `JPN@NATO`" in told

    def test_is_of_an_item_and_an_office_that_there_are(self, exchanged: Desk) -> None:
        """
        Anything else is bad input.
        """
        refused(exchanged, 2, "receipt", "KOR@NATO 2026-0000-0000", JPN, "--dir", "kor")
        refused(exchanged, 2, "receipt", item(exchanged), "AUS@NATO", "--dir", "kor")
        refused(exchanged, 2, "receipt", item(exchanged), "not an office", "--dir", "kor")
        refused(exchanged, 2, "receipt", item(exchanged), "--dir", "kor")
        refused(exchanged, 2, "receipt", item(exchanged), JPN, "--dir", "kor", *written("same", "same"))

    def test_replaces_nothing_and_leaves_nothing_half_done(self, proven: Desk) -> None:
        """
        Where one of the two files cannot be written, there is neither.
        """
        for names in (
            ("r.tlog-proof", "new"),
            ("new", "r.payload"),
            ("nowhere/new", "new"),
            ("new", "nowhere/n"),
        ):
            refused(proven, 2, "receipt", item(proven), JPN, "--dir", "kor", *written(*names))


class TestVerify:
    def test_knows_a_receipt_and_a_checkpoint_by_their_bytes(self, proven: Desk) -> None:
        """
        The last part of a proof is a file of its own.
        """
        receipt = proven.read("r.tlog-proof").partition(b"\n\n")[2]
        proven.write("any.name", receipt)
        assert f"{JPN} has receipted 2 entries" in done(proven, "verify", "any.name", *CARDS).out
        found = as_json(proven, "verify", "any.name", *CARDS)
        assert (found["size"], found["holder"], found["office"]) == (2, JPN, KOR)
        lines = receipt.splitlines(keepends=True)
        proven.write("checkpoint", b"".join(lines[:6]))
        told = done(proven, "verify", "checkpoint", *CARDS).out
        assert told.startswith(f"verified: {KOR} has signed 2 entries of its stream to {JPN}\n")
        assert "holder" not in as_json(proven, "verify", "checkpoint", *CARDS)

    def test_opens_the_payload_as_a_copy(self, proven: Desk) -> None:
        """
        Slip and view, as they were handed over, can be verified and shown.
        """
        assert "verified: KOR@NATO 20" in done(proven, "verify", "r.payload", "--card", "kor/office.card").out
        told = done(proven, "show", "r.payload", "--card", "kor/office.card").out
        assert CANARY in told
        assert "verified: signed by KOR@NATO" in told

    @pytest.mark.parametrize("cards", [("kor",), ("jpn",), ("jpn", "aus"), ("kor", "aus")])
    def test_refuses_without_a_card(self, proven: Desk, cards: tuple[str, ...]) -> None:
        """
        Every office that signed has to be known.
        """
        run(proven, "init", "AUS@NATO", "--dir", "aus")
        given = [part for each in cards for part in ("--card", f"{each}/office.card")]
        assert "no card of" in refused(proven, 3, "verify", "r.tlog-proof", *given)

    @pytest.mark.parametrize("name", ["r.tlog-proof", "r.payload", "checkpoint"])
    def test_refuses_altered_files(self, proven: Desk, name: str) -> None:
        """
        One byte anywhere, cut short, or added to: exit 3.
        """
        run(proven, "log", "--dir", "kor", "-o", "checkpoint")
        data = proven.read(name)
        middle = len(data) // 2
        altered = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        for other in (altered, data[:-1], data + b"\n", data[:40], data[:9]):
            proven.write("other", other)
            refused(proven, 3, "verify", "other", *CARDS)

    def test_refuses_another_payload(self, proven: Desk) -> None:
        """
        The view without its slip, another file, an altered one.
        """
        data = proven.read("r.payload")
        proven.write("view", data[4 + int.from_bytes(data[:4], "big") :])
        proven.write("altered", data[:-2] + b" }")
        for name in ("view", "altered", "r.tlog-proof", "kor/office.card"):
            refused(proven, 3, "verify", "r.tlog-proof", "--payload", name, *CARDS)

    def test_takes_a_payload_with_a_proof_only(self, proven: Desk) -> None:
        """
        Anything else is bad usage.
        """
        refused(proven, 2, "verify", "r.payload", "--payload", "r.payload", *CARDS)
        refused(proven, 2, "verify", item(proven), "--payload", "r.payload", "--dir", "kor")
        refused(proven, 2, "verify", "r.tlog-proof", "--payload", "nowhere", *CARDS)

    def test_refuses_two_cards_of_one_office(self, proven: Desk) -> None:
        """
        Which of them is pinned nobody could say.
        """
        run(proven, "init", JPN, "--dir", "other")
        refused(proven, 3, "verify", "r.tlog-proof", *CARDS, "--card", "other/office.card")


class TestLog:
    def test_is_signed_and_verified(self, exchanged: Desk) -> None:
        """
        The checkpoint over the node's own log, by its card; signed once for a size.
        """
        run(exchanged, "log", "--dir", "kor", "-o", "one")
        run(exchanged, "log", "--dir", "kor", "-o", "two")
        assert exchanged.read("one") == exchanged.read("two")
        told = done(exchanged, "verify", "one", *CARDS).out
        assert re.match(rf"verified: {KOR} has signed \d+ entries of its own log\n", told)
        assert as_json(exchanged, "verify", "one", *CARDS) == document(exchanged, "log", "--dir", "kor")
        assert "1  log checkpoints" in run(exchanged, "fsck", "--dir", "kor")

    def test_proves_an_entry(self, exchanged: Desk) -> None:
        """
        What was done stands in it, for whoever has the card.
        """
        size = document(exchanged, "log", "--dir", "kor")["size"]
        kinds = list[str]()
        for number in range(size):
            run(exchanged, "log", "--dir", "kor", "--proof", str(number), "-o", f"{number}.tlog-proof")
            found: Any = as_json(exchanged, "verify", f"{number}.tlog-proof", *CARDS)
            assert (found["number"], found["note"]["size"]) == (number, size)
            kinds.append(found["kind"])
        assert (sorted(kinds[-3:-1]), kinds[-1]) == (["approved", "released"], "receipted")
        told = done(exchanged, "verify", "3.tlog-proof", *CARDS).out
        assert f"{KOR} has signed entry 3 of the {size} in its own log" in told
        refused(exchanged, 3, "verify", "3.tlog-proof", "--card", "jpn/office.card")

    def test_proves_that_it_only_grew(self, exchanged: Desk) -> None:
        """
        With the hashes of RFC 9162, for whoever kept an older checkpoint.
        """
        found = document(exchanged, "log", "--dir", "kor", "--since", "3")
        assert found["since"] == 3
        assert all(re.fullmatch("[0-9a-f]{64}", each) for each in found["hashes"])
        told = run(exchanged, "log", "--dir", "kor", "--since", "3")
        assert [line.strip() for line in told.splitlines()][-len(found["hashes"]) :] == found["hashes"]

    def test_has_no_entry_and_no_size_outside(self, exchanged: Desk) -> None:
        """
        Exit 2, and what there is.
        """
        run(exchanged, "log", "--dir", "kor")
        assert "the log has entries 0 to" in refused(exchanged, 2, "log", "--proof", "1000", "--dir", "kor")
        assert "sizes from 1 to" in refused(exchanged, 2, "log", "--since", "1000", "--dir", "kor")
        refused(exchanged, 2, "log", "--proof", "-1", "--dir", "kor")
        refused(exchanged, 2, "log", "--since", "0", "--dir", "kor")
        refused(exchanged, 2, "log", "--since", "1", "--proof", "1", "--dir", "kor")
        refused(exchanged, 2, "log")

    def test_replaces_no_file(self, offices: Desk) -> None:
        """
        A checkpoint that was kept is evidence.
        """
        run(offices, "log", "--dir", "kor", "-o", "kept")
        refused(offices, 2, "log", "--dir", "kor", "-o", "kept")
