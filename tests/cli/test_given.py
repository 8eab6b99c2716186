# SPDX-License-Identifier: Apache-2.0
"""
``peer given``, ``gain``, ``pause``, ``resume``, ``exclude`` and ``admit``, as officers and operators use them.
"""

import pytest

from tests.cli.ends import CANARY
from tests.cli.offices import ONE, TWO, document, refused, run, unchanged
from tests.cli.test_exchange import JPN, KOR, OFFICER
from tests.stories.cast import Desk, clearance

REPORT = f"""\
kind: report
policy: EXERCISE
topics: Indo-Pacific
action: JPN@NATO

(L//REL KOR, JPN) Lunch is at noon.

(S//REL KOR, JPN) {CANARY} was here.
"""


def released(desk: Desk, text: str = REPORT) -> str:
    """Release a report at KOR@NATO; its reference."""
    desk.write("to-jpn.md", text)
    draft = run(desk, "compose", "to-jpn.md", *KOR).strip()
    named: str = document(desk, "release", draft, *OFFICER, *KOR)["reference"]
    return named


@pytest.fixture
def limited(offices: Desk) -> Desk:
    """
    Two offices; what JPN@NATO may see there is cut down to LIMITED, and then raised by a second grant in a file.
    """
    offices.write("low.xml", clearance(["JPN"], highest="LIMITED"))
    offices.write("high.xml", clearance(["JPN"], highest="SECRET"))
    for person in (ONE, TWO):
        run(offices, "peer", "grant", "JPN@NATO", "--clearance", "low.xml", *person, *KOR)
    return offices


class TestGiven:
    def test_lists_what_was_handed_over_and_the_receipt(self, limited: Desk) -> None:
        """
        The banner is that of their copy; a star stands before what they have.
        """
        assert run(limited, "peer", "given", "JPN@NATO", *KOR) == "JPN@NATO was given nothing yet\n"
        item = released(limited)
        for _ in range(2):
            run(limited, "pull", *JPN)
        said = run(limited, "peer", "given", "JPN@NATO", *KOR).splitlines()
        assert said[0] == "LIMITED REL KOR, JPN"
        assert said[1].startswith(f"* {item}   entry 1, ")
        assert said[1].endswith(": received by their registry; receipt held")
        assert said[2].startswith("  released by releasing officer, ")
        [found] = document(limited, "peer", "given", "JPN@NATO", *KOR)["entries"]
        assert (found["reference"], found["state"]) == (item, "receipted")
        assert found["receipt"] in said[2]
        assert CANARY not in "".join(said)

    def test_pages(self, limited: Desk) -> None:
        """
        It says how to go on.
        """
        items = [released(limited, REPORT.replace("noon", f"{number}")) for number in range(3)]
        run(limited, "pull", *JPN)
        said = run(limited, "peer", "given", "JPN@NATO", "--limit", "2", *KOR)
        after = said.splitlines()[-1].removeprefix("there is more: --after ")
        rest = document(limited, "peer", "given", "JPN@NATO", "--after", after, *KOR)["entries"]
        assert [each["reference"] for each in rest] == items[2:]
        late = document(limited, "peer", "given", "JPN@NATO", "--since", "2999-01-01", *KOR)
        assert late["entries"] == []

    def test_refuses_an_office_that_nobody_knows(self, limited: Desk) -> None:
        """
        With 2, as every wrong input.
        """
        refused(limited, 2, "peer", "given", "FRA@NATO", *KOR)


class TestGain:
    def test_says_what_would_change_and_changes_nothing(self, limited: Desk) -> None:
        """
        The id of it is bound when the second person confirms the grant.
        """
        item = released(limited)
        run(limited, "pull", *JPN)
        with unchanged(limited):
            said = run(limited, "peer", "gain", "JPN@NATO", "--clearance", "high.xml", *KOR)
        lines = said.splitlines()
        assert "labels that it would see besides: 1" in lines
        assert "deliveries that would change by themselves: 0" in lines
        assert "documents of ours that would go only if they are admitted: 1" in lines
        assert any(line.startswith(f"  {item}   ") and line.endswith("more than they have") for line in lines)
        preview = lines[-1].removeprefix("preview ")
        grant = ("peer", "grant", "JPN@NATO", "--clearance", "high.xml", "--seen")
        proposed = run(limited, *grant, preview, *ONE, *KOR)
        assert proposed.splitlines()[-1] == f"preview {preview}"
        refused(limited, 1, *grant, "0" * 64, *TWO, *KOR)
        assert document(limited, *grant, preview, *TWO, *KOR)["in_force"] is True


class TestAdmit:
    def test_two_persons_admit_what_was_previewed(self, limited: Desk) -> None:
        """
        By the commands that ``docs/officers.md`` names; it arrives as the back-file.
        """
        item = released(limited)
        run(limited, "pull", *JPN)
        for person in (ONE, TWO):
            run(limited, "peer", "grant", "JPN@NATO", "--clearance", "high.xml", *person, *KOR)
        admit = ("admit", "JPN@NATO", "--topic", "Indo-Pacific")
        with unchanged(limited):
            said = run(limited, *admit, "--preview", *KOR)
        assert said.splitlines()[0] == "JPN@NATO would get 1 documents"
        preview = said.splitlines()[-1].removeprefix("preview ")
        seen = ("--seen", preview)
        assert "proposed by security officer" in run(limited, *admit, *seen, *ONE, *KOR)
        refused(limited, 1, *admit, *seen, *ONE, *KOR)
        done = run(limited, *admit, *seen, *TWO, *KOR).splitlines()[0]
        assert done == "1 of 1 documents for JPN@NATO admitted, by security officer and administrator"
        assert document(limited, *admit, *seen, *TWO, *KOR)["done"] == 1
        run(limited, "pull", *JPN)
        entries = document(limited, "peer", "given", "JPN@NATO", *KOR)["entries"]
        assert [(each["state"], each.get("back_file", False)) for each in entries] == [
            ("receipted", False),
            ("receipted", True),
        ]
        assert item in run(limited, "inbox", *JPN)

    def test_refuses_to_admit_what_nobody_looked_at(self, limited: Desk) -> None:
        """
        There is no way without a preview.
        """
        refused(limited, 2, "admit", "JPN@NATO", "--topic", "Indo-Pacific", *ONE, *KOR)
        refused(limited, 2, "admit", "JPN@NATO", "--preview", *KOR)
        refused(limited, 2, "admit", "JPN@NATO", "--topic", "a", "--since", "2026-01-01", "--preview", *KOR)


class TestStopping:
    def test_one_pauses_and_two_resume(self, limited: Desk) -> None:
        """
        The list of peers says who stopped it, and who asks that it goes on.
        """
        said = run(limited, "peer", "pause", "JPN@NATO", *ONE, *KOR)
        assert said == "the link to JPN@NATO is paused (paused by security officer)\n"
        said = run(limited, "peer", "resume", "JPN@NATO", *ONE, *KOR)
        assert said.splitlines()[1] == "security officer asks that it goes on; it takes a second person"
        listed = run(limited, "peer", "list", *KOR)
        assert "link paused (paused by security officer), security officer asks that it goes on" in listed
        refused(limited, 1, "peer", "resume", "JPN@NATO", *ONE, *KOR)
        assert run(limited, "peer", "resume", "JPN@NATO", *TWO, *KOR) == "the link to JPN@NATO is active\n"

    def test_an_excluded_peer_is_admitted_again_by_card_and_grant(self, limited: Desk) -> None:
        """
        By the commands that ``docs/operators.md`` names.
        """
        found = document(limited, "peer", "exclude", "JPN@NATO", *ONE, *KOR)
        assert (found["link"], found["why"]) == ("excluded", "excluded by security officer")
        refused(limited, 1, "peer", "grant", "JPN@NATO", "--clearance", "low.xml", *ONE, *KOR)
        refused(limited, 1, "peer", "confirm", "JPN@NATO", *TWO, *KOR)
        run(limited, "peer", "add", "jpn/office.card", *ONE, *KOR)
        run(limited, "peer", "confirm", "JPN@NATO", *TWO, *KOR)
        [found] = document(limited, "peer", "list", *KOR)["peers"]
        assert (found["link"], found["grants"]) == ("active", [])
