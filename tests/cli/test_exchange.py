# SPDX-License-Identifier: Apache-2.0

import json
import secrets

import pytest

from legation.errors import StoreError
from tests.cli.ends import CANARY
from tests.cli.offices import ADDRESS, ONE, TWO, Line, document, one_document, refused, run, unchanged
from tests.node.peers.test_accepting import SECOND_VERSION
from tests.stories.cast import Desk, clearance

KOR, JPN = ("--dir", "kor"), ("--dir", "jpn")
OFFICER = ("--by", "releasing officer")


def composed(desk: Desk) -> str:
    """The id of the draft of the report to JPN@NATO."""
    return run(desk, "compose", "to-jpn.md", *KOR, "--by", "drafter").strip()


def released(desk: Desk) -> dict[str, str]:
    """What is told of the report to JPN@NATO when it is released."""
    found: dict[str, str] = document(desk, "release", composed(desk), *OFFICER, *KOR)
    return found


class TestCompose:
    def test_prints_the_id_of_the_draft(self, offices: Desk) -> None:
        """
        Nothing is signed; the same report is the same draft.
        """
        draft = composed(offices)
        assert len(draft) == 64
        with unchanged(offices):
            found = document(offices, "compose", "to-jpn.md", *KOR)
        assert found == {"draft": draft, "addressees": ["JPN@NATO"]}

    def test_names_every_fault_and_keeps_nothing(self, offices: Desk) -> None:
        """
        The lines are named, and no word of them is repeated.
        """
        text = offices.read("to-jpn.md").decode()
        offices.write("bad.md", text.replace("(S//REL KOR) We", f"We {CANARY}"))
        told = refused(offices, 2, "compose", "bad.md", *KOR)
        assert told.startswith("legation: line 10: no portion mark\n")

    @pytest.mark.parametrize("more", [["--key", "kor.keys"], ["-o", "x.item"]], ids=" ".join)
    def test_half_of_the_options_for_files_is_refused(self, offices: Desk, more: list[str]) -> None:
        """
        On files alone it takes the keys and a place for the item.
        """
        assert "both --key and -o" in refused(offices, 2, "compose", "to-jpn.md", *more)

    def test_a_name_that_is_none_is_refused(self, offices: Desk) -> None:
        """
        Whoever writes is written down.
        """
        refused(offices, 2, "compose", "to-jpn.md", "--by", "a\nb", *KOR)


class TestPreview:
    def test_shows_the_copies_by_the_grants_and_the_id_of_the_preview(self, offices: Desk) -> None:
        """
        Of a draft nobody has to name the addressees again.
        """
        draft = composed(offices)
        with unchanged(offices):
            said = run(offices, "preview", draft[:8], *KOR)
            found = document(offices, "preview", draft, *KOR)
        assert f"preview {found['preview']}\n" in said
        assert "par. 3 (S//REL KOR): granted, not on the list" in said
        [copy] = found["copies"]
        assert [each["showing"] for each in copy["portions"]] == ["shown", "shown", "shown", "withheld"]
        assert CANARY not in said

    @pytest.mark.parametrize("draft", ["0" * 64, "00000000", "short", "", "0" * 65, "to-jpn.md"])
    def test_an_unknown_draft_is_refused(self, offices: Desk, draft: str) -> None:
        """
        What is no id is answered like an id that nobody has.
        """
        composed(offices)
        told = refused(offices, 2, "preview", draft, *KOR)
        assert told.startswith("legation: no draft of this id\n")


class TestRelease:
    def test_says_what_went_to_whom(self, offices: Desk) -> None:
        """
        Reference, item, and the banner of each copy.
        """
        draft = composed(offices)
        seen = document(offices, "preview", draft, *KOR)["preview"]
        said = run(offices, "release", draft, "--seen", seen, *OFFICER, *KOR).splitlines()
        assert said[0].startswith("released KOR@NATO 20")
        assert said[1].startswith("item ")
        assert said[2:] == ["  JPN@NATO: SECRET REL KOR, JPN"]

    def test_gives_the_same_in_json(self, offices: Desk) -> None:
        """
        A script receives all ids.
        """
        draft = composed(offices)
        seen = document(offices, "preview", draft, *KOR)["preview"]
        found = document(offices, "release", draft, "--seen", seen, *OFFICER, *KOR)
        assert (found["draft"], found["preview"], len(found["item"])) == (draft, seen, 64)
        assert found["addressees"] == [{"addressee": "JPN@NATO", "banner": "SECRET REL KOR, JPN"}]

    def test_refuses_an_older_preview_with_1(self, offices: Desk) -> None:
        """
        What was looked at is no longer what would go.
        """
        draft = composed(offices)
        seen = document(offices, "preview", draft, *KOR)["preview"]
        offices.write("lower.xml", clearance(["JPN"], highest="LIMITED"))
        for person in (ONE, TWO):
            run(offices, "peer", "grant", "JPN@NATO", "--clearance", "lower.xml", *person, *KOR)
        told = refused(offices, 1, "release", draft, "--seen", seen, *OFFICER, *KOR)
        assert told.splitlines() == [
            "legation: what each addressee would get is no longer what was previewed",
            "          preview it again",
        ]

    def test_refuses_a_draft_that_was_released_with_1(self, offices: Desk) -> None:
        """
        Once is enough.
        """
        draft = composed(offices)
        run(offices, "release", draft, *OFFICER, *KOR)
        told = refused(offices, 1, "release", draft, *OFFICER, *KOR)
        assert told.startswith("legation: this draft was released before\n")

    def test_refuses_what_nobody_would_receive_with_1(self, offices: Desk) -> None:
        """
        An item without a reader is none.
        """
        offices.write("ours.md", "kind: report\npolicy: EXERCISE\naction: JPN@NATO\n\n(S) Ours.\n")
        draft = run(offices, "compose", "ours.md", *KOR).strip()
        told = refused(offices, 1, "release", draft, *OFFICER, *KOR)
        assert told.startswith("legation: nobody would receive anything\n")

    @pytest.mark.parametrize(
        ("header", "told"),
        [
            ("", "the draft has no addressees"),
            ("action: KOR@NATO\n", "the draft is addressed to its own office"),
        ],
    )
    def test_refuses_a_draft_to_nobody_or_to_itself_with_2(
        self, offices: Desk, header: str, told: str
    ) -> None:
        """
        An item goes to other offices.
        """
        offices.write("x.md", f"kind: report\npolicy: EXERCISE\n{header}\n(O) Words.\n")
        draft = run(offices, "compose", "x.md", *KOR).strip()
        assert refused(offices, 2, "release", draft, *OFFICER, *KOR).startswith(f"legation: {told}\n")
        assert refused(offices, 2, "preview", draft, *KOR).startswith(f"legation: {told}\n")

    @pytest.mark.parametrize(
        "arguments",
        [
            ["0" * 64, *OFFICER],
            ["DRAFT"],
            ["DRAFT", "--by", ""],
            ["DRAFT", "--by", "a\nb"],
            ["DRAFT", "--seen", "0" * 63, *OFFICER],
            ["DRAFT", "--seen", "nonsense", *OFFICER],
        ],
        ids=" ".join,
    )
    def test_refuses_bad_input_with_2(self, offices: Desk, arguments: list[str]) -> None:
        """
        An unknown draft, no name, an id of a preview that is none.
        """
        draft = composed(offices)
        refused(offices, 2, "release", *(draft if each == "DRAFT" else each for each in arguments), *KOR)

    def test_a_full_disk_is_told_with_5_and_leaves_nothing(
        self, offices: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        There is no room for the item: nothing is released, and later it is.
        """
        draft = composed(offices)

        def full(*_: object, **__: object) -> int:
            raise StoreError("the disk is full", hint="make room and try again")

        with monkeypatch.context() as patched:
            patched.setattr("legation.store.sqlite.items.save_view", full)
            told = refused(offices, 5, "release", draft, *OFFICER, *KOR)
        assert told.splitlines() == ["legation: the disk is full", "          make room and try again"]
        run(offices, "release", draft, *OFFICER, *KOR)


class TestDeliveries:
    def test_before_the_first_release_there_are_none(self, offices: Desk) -> None:
        """
        That is said, and in JSON it is an empty list.
        """
        assert run(offices, "deliveries", *KOR) == "nothing was released yet\n"
        assert document(offices, "deliveries", *KOR) == {"deliveries": []}

    def test_says_how_far_each_is(self, offices: Desk) -> None:
        """
        From the release to the receipt.
        """
        told = released(offices)

        def line() -> str:
            return run(offices, "deliveries", *KOR).splitlines()[1]

        assert line().split("JPN@NATO")[1].split(maxsplit=1) == [
            "waiting",
            "waits for a bag, or until they ask",
        ]
        run(offices, "pull", *JPN)
        assert line().startswith(told["reference"])
        assert line().split("JPN@NATO")[1].split(maxsplit=1) == [
            "receipted",
            "received by their registry; receipt held",
        ]


class TestPull:
    def test_says_what_each_peer_had(self, offices: Desk) -> None:
        """
        And the next time that there is nothing new.
        """
        released(offices)
        assert run(offices, "pull", *JPN) == "KOR@NATO: 1 new\n"
        assert run(offices, "pull", "KOR@NATO", *JPN) == "KOR@NATO: 0 new\n"

    def test_gives_the_same_in_json(self, offices: Desk) -> None:
        """
        A script receives the counts.
        """
        released(offices)
        assert document(offices, "pull", *JPN) == {
            "peers": [{"office": "KOR@NATO", "entries": 2, "views": 1}]
        }

    def test_without_a_peer_that_has_an_address_nothing_is_asked(self, offices: Desk) -> None:
        """
        KOR@NATO is pulled from, and pulls from nobody.
        """
        assert run(offices, "pull", *KOR) == "there is no confirmed peer with an address\n"

    def test_a_peer_that_does_not_answer_is_told_with_4(self, offices: Desk) -> None:
        """
        What was asked is printed, why it failed is told, and with --json it is one document.
        """
        Line.folders.clear()
        with unchanged(offices):
            plain = offices.run("pull", *JPN)
            with_json = offices.run("pull", *JPN, "--json")
        assert (plain.code, plain.out) == (4, f"KOR@NATO: {ADDRESS} does not answer\n")
        assert plain.err == f"legation: {ADDRESS} does not answer\n          is it up?\n"
        assert one_document(with_json, 4)["peers"] == [
            {"office": "KOR@NATO", "error": f"{ADDRESS} does not answer"}
        ]

    @pytest.mark.parametrize(
        ("office", "code", "told"),
        [
            ("FRA@NATO", 1, "the card of `FRA@NATO` is not confirmed"),
            ("JPN@NATO", 1, "the card of `JPN@NATO` is not confirmed"),
            ("nonsense", 1, "the card of `nonsense` is not confirmed"),
        ],
    )
    def test_whom_nobody_trusts_is_not_asked(self, offices: Desk, office: str, code: int, told: str) -> None:
        """
        Nothing is sent to a stranger.
        """
        assert refused(offices, code, "pull", office, *JPN).startswith(f"legation: {told}\n")

    def test_a_full_disk_is_told_with_5_and_leaves_nothing(
        self, offices: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        There is no room for what came: nothing of it is here, and the next time it comes again.
        """
        released(offices)
        assert offices.run("pull", *KOR).code == 0

        def full(*_: object, **__: object) -> int:
            raise StoreError("the disk is full", hint="make room and try again")

        with monkeypatch.context() as patched:
            patched.setattr("legation.store.sqlite.items.save_view", full)
            found = offices.run("pull", *JPN, "--json")
        assert one_document(found, 5)["peers"] == [{"office": "KOR@NATO", "error": "the disk is full"}]
        assert found.err == "legation: the disk is full\n          make room and try again\n"
        assert run(offices, "inbox", *JPN) == "the inbox is empty\n"
        assert run(offices, "pull", *JPN) == "KOR@NATO: 1 new\n"

    def test_a_peer_without_an_address_cannot_be_asked(self, offices: Desk) -> None:
        """
        It comes to us.
        """
        told = refused(offices, 2, "pull", "JPN@NATO", *KOR)
        assert told == "legation: the card of `JPN@NATO` names no address\n"


class TestInbox:
    def test_an_empty_one_says_so(self, offices: Desk) -> None:
        """
        And in JSON it is an empty list.
        """
        assert run(offices, "inbox", *JPN) == "the inbox is empty\n"
        assert document(offices, "inbox", *JPN) == {"entries": []}

    def test_lists_what_its_people_may_see(self, offices: Desk) -> None:
        """
        Banner, reference, title; of what they may not see there is no trace.
        """
        told = released(offices)
        run(offices, "pull", *JPN)
        said = run(offices, "inbox", *JPN).splitlines()
        assert said[0] == "LIMITED REL KOR, JPN"
        assert said[1].startswith(f"  {told['reference']}   report   received 20")
        assert said[2] == "  Seating"
        [entry] = document(offices, "inbox", *JPN)["entries"]
        assert (entry["item"], entry["author"], entry["title"]) == (told["item"], "KOR@NATO", "Seating")
        assert "source" not in entry


class TestItems:
    def test_an_item_is_shown_as_far_as_its_reader_may_see_it(self, offices: Desk) -> None:
        """
        By reference, by id, by a beginning of it; verified each time.
        """
        told = released(offices)
        run(offices, "pull", *JPN)
        said = run(offices, "show", told["item"], *JPN)
        assert "Lunch is at noon." in said
        assert "verified: signed by KOR@NATO\n" in said
        assert said.startswith("LIMITED REL KOR, JPN\n")
        assert CANARY not in said
        for text in (told["reference"], told["item"][:8], told["item"].upper()):
            assert run(offices, "show", text, *JPN) == said
        whole = run(offices, "show", told["item"], *KOR)
        assert CANARY in whole
        assert whole.startswith("SECRET REL KOR\n")

    def test_an_item_is_held_against_its_authors_card(self, offices: Desk) -> None:
        """
        What verifies is what the reader may see of it.
        """
        told = released(offices)
        run(offices, "pull", *JPN)
        assert run(offices, "verify", told["item"], *JPN).startswith(f"verified: {told['reference']}\n")
        assert document(offices, "verify", told["item"], *JPN)["portions"] == 2
        assert document(offices, "verify", told["item"], *KOR)["portions"] == 4

    @pytest.mark.parametrize("command", ["show", "verify"])
    def test_forbidden_is_missing_byte_for_byte(self, offices: Desk, command: str) -> None:
        """
        An item that JPN@NATO holds and its people may not see, and one that never was: the same output,
        the same errors, the same code, the same document.
        """
        text = "kind: report\npolicy: EXERCISE\naction: JPN@NATO\n\n(S//REL KOR, JPN) For few.\n"
        offices.write("few.md", text)
        draft = run(offices, "compose", "few.md", *KOR).strip()
        hidden = document(offices, "release", draft, *OFFICER, *KOR)
        run(offices, "pull", *JPN)
        assert document(offices, "peer", "list", *JPN)["peers"][0]["received"] == 2
        unknown = secrets.token_hex(32)
        for option in ((), ("--json",)):
            missing = offices.run(command, unknown, *JPN, *option)
            assert missing.code == 2
            for named in (hidden["item"], hidden["item"][:8], hidden["reference"]):
                assert offices.run(command, named, *JPN, *option) == missing
        assert run(offices, "inbox", *JPN) == "the inbox is empty\n"

    def test_a_file_goes_before_an_item(self, offices: Desk) -> None:
        """
        What is there as a file is meant as one.
        """
        told = released(offices)
        offices.write(told["item"], b"nonsense")
        assert offices.run("show", told["item"], *KOR).err.startswith("legation: view")


class TestSetApart:
    def test_peers_tell_what_came_and_is_shown_to_nobody(self, offices: Desk) -> None:
        """
        How much and why is told to our own people, and nothing of what it says; a second person's
        acceptance of the policy opens it.
        """
        offices.write("two.xml", SECOND_VERSION)
        for person in (ONE, TWO):
            run(offices, "policy", "add", "two.xml", *person, *KOR)
        draft = composed(offices)
        item = document(offices, "release", draft, *OFFICER, *KOR)["item"]
        assert run(offices, "pull", *JPN) == "KOR@NATO: 0 new, 1 set apart\n"
        assert run(offices, "inbox", *JPN) == "the inbox is empty\n"
        said = run(offices, "peer", "list", *JPN).splitlines()
        assert said[-2] == "  1 received and set apart: shown to nobody"
        assert said[-1].strip().startswith("policy 2.25.")
        assert said[-1].endswith("version 2 is not at hand")
        run(offices, "policy", "add", "two.xml", *ONE, *JPN)
        said_second = run(offices, "policy", "add", "two.xml", *TWO, *JPN)
        assert said_second == "EXERCISE version 2: in force; set apart before and readable now: 1\n"
        assert "Lunch is at noon." in run(offices, "show", item, *JPN)
        assert json.loads(offices.run("fsck", *JPN, "--json").out)["faults"] == []
