# SPDX-License-Identifier: Apache-2.0

from legation.node.home import open_home
from legation.node.surroundings import HERE
from legation.store.sqlite import peers
from tests.cli.offices import ONE, TWO, Line, document, one_document, run
from tests.stories.cast import Desk

KOR, JPN = ("--dir", "kor"), ("--dir", "jpn")
REPORT = """\
kind: report
policy: EXERCISE
title: (O) Dinner
action: KOR@NATO

(L//REL KOR, JPN) Dinner is at eight.
"""


def released(desk: Desk) -> str:
    """Release a report of JPN@NATO, which KOR@NATO cannot come for: JPN has no address."""
    desk.write("to-kor.md", REPORT)
    draft = run(desk, "compose", "to-kor.md", *JPN).strip()
    found = document(desk, "release", draft, "--by", "releasing officer", *JPN)
    return str(found["item"])


class TestPush:
    def test_what_waits_is_brought_and_receipted(self, offices: Desk) -> None:
        """
        In one command; and both sides agree.
        """
        item = released(offices)
        assert run(offices, "push", *JPN) == "KOR@NATO: 2 entries brought; it holds 2 of 2\n"
        assert item in {each["item"] for each in document(offices, "inbox", *KOR)["entries"]}
        assert {each["state"] for each in document(offices, "deliveries", *JPN)["deliveries"]} == {
            "receipted"
        }
        assert "both hold 2 / 0 entries, agreed at" in run(offices, "peer", "list", *JPN)
        found = document(offices, "push", "KOR@NATO", *JPN)
        assert found == {"peers": [{"office": "KOR@NATO", "entries": 0, "held": 2, "size": 2}]}

    def test_who_has_no_address_is_not_pushed_to(self, offices: Desk) -> None:
        """
        Named, that is an error; among all, nothing.
        """
        assert run(offices, "push", *KOR) == "there is no confirmed peer with an address\n"
        assert (
            "names no address"
            in one_document(offices.run("push", "JPN@NATO", *KOR, "--json"), 2)["error"]["message"]
        )

    def test_who_does_not_answer_is_told(self, offices: Desk) -> None:
        """
        The entry stays numbered, and the command says so with its code.
        """
        released(offices)
        Line.folders = {}
        failed = offices.run("push", *JPN)
        assert (failed.code, failed.out) == (4, "KOR@NATO: kor.example:1 does not answer\n")
        assert {each["state"] for each in document(offices, "deliveries", *JPN)["deliveries"]} == {"numbered"}


class TestLower:
    def test_what_was_not_lowered_needs_no_act(self, offices: Desk) -> None:
        """
        A peer that speaks what it spoke is refused nothing.
        """
        run(offices, "pull", *JPN)
        told = one_document(offices.run("peer", "lower", "JPN@NATO", *ONE, *KOR, "--json"), 2)["error"]
        assert told["message"] == "the card of `JPN@NATO` lists version 1, and it spoke none above that"

    def test_two_persons_lower_it(self, offices: Desk) -> None:
        """
        The first asks, and is shown; not they, but another lets it.
        """
        run(offices, "pull", *JPN)
        with open_home(offices.folder / KOR[1], HERE) as home:
            home.database.write(lambda db: peers.set_protocol(db, "JPN@NATO", 2))
        refused = offices.run("pull", *JPN)
        assert refused.code != 0
        assert "speaks version 1 of the exchange and spoke 2 before" in run(offices, "peer", "list", *KOR)
        asked = run(offices, "peer", "lower", "JPN@NATO", *ONE, *KOR)
        assert asked.splitlines() == [
            "JPN@NATO may speak version 2 of the exchange and higher ones",
            "security officer asks that it may speak 1; it takes a second person",
        ]
        assert "security officer asks that it may speak a lower version than 2" in run(
            offices, "peer", "list", *KOR
        )
        assert offices.run("peer", "lower", "JPN@NATO", *ONE, *KOR).code == 1
        lowered = run(offices, "peer", "lower", "JPN@NATO", *TWO, *KOR)
        assert lowered == "JPN@NATO may speak version 1 of the exchange and higher ones\n"
        run(offices, "pull", *JPN)
