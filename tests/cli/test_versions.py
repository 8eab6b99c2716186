# SPDX-License-Identifier: Apache-2.0
"""
``compose --replaces``, ``show --markdown`` and ``withdraw``, as officers use them.
"""

import time

from tests.cli.ends import CANARY
from tests.cli.offices import document, refused, run
from tests.cli.test_exchange import JPN, KOR, OFFICER, released
from tests.stories.cast import Desk


def corrected(desk: Desk, item: str, *changes: tuple[str, str]) -> dict[str, str]:
    """What is told of a new version of an item, made of its own report; at the earliest a second later."""
    text = run(desk, "show", item, "--markdown", *KOR)
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    desk.write("new.md", text)
    draft = run(desk, "compose", "new.md", "--replaces", item, "--by", "drafter", *KOR).strip()
    time.sleep(1)
    found: dict[str, str] = document(desk, "release", draft, *OFFICER, *KOR)
    return found


class TestReplaces:
    def test_a_correction_reaches_its_addressee(self, offices: Desk) -> None:
        """
        By the commands that ``docs/officers.md`` names; both versions are there to be read.
        """
        first = released(offices)
        run(offices, "pull", *JPN)
        second = corrected(offices, first["reference"], ("at noon", "at one"))
        run(offices, "pull", *JPN)
        [listed] = document(offices, "inbox", *JPN)["entries"]
        assert (listed["item"], listed["replaces"]) == (second["item"], first["item"])
        assert "   new version   received" in run(offices, "inbox", *JPN)
        said = run(offices, "show", second["reference"], *JPN)
        assert "Lunch is at one." in said
        assert f"earlier version: {first['reference']} of " in said
        assert f"REPLACED by a newer version: {second['reference']}\n" in run(
            offices, "show", first["item"], *JPN
        )
        assert "it says to them what they have" not in run(offices, "deliveries", *KOR)

    def test_what_they_may_not_see_is_corrected_without_a_sign(self, offices: Desk) -> None:
        """
        Nothing comes, and the sender is told why.
        """
        first = released(offices)
        run(offices, "pull", *JPN)
        run(offices, "pull", *JPN)
        corrected(offices, first["item"], ("do not raise", "never raise"))
        assert run(offices, "pull", *JPN) == "KOR@NATO: 0 new\n"
        assert "nothing is sent: it says to them what they have" in run(offices, "deliveries", *KOR)
        [listed] = document(offices, "inbox", *JPN)["entries"]
        assert (listed["item"], listed.get("replaces", "")) == (first["item"], "")

    def test_the_preview_says_what_it_is_to_whom(self, offices: Desk) -> None:
        """
        With the words that differ, and who is left out.
        """
        first = released(offices)
        run(offices, "pull", *JPN)
        text = run(offices, "show", first["item"], "--markdown", *KOR).replace("at noon", "at one")
        offices.write("new.md", text)
        draft = run(offices, "compose", "new.md", "--replaces", first["item"], *KOR).strip()
        said = run(offices, "preview", draft, *KOR)
        assert f"new version of {first['reference']}\n  JPN@NATO: gets the new version\n" in said
        assert "    ~ (L//REL KOR, JPN) Lunch is at[- noon.-]{+ one.+}\n" in said
        offices.write("new.md", text.replace("\n\n", "\naction: FRA\n\n", 1))
        draft = run(offices, "compose", "new.md", "--replaces", first["item"], *KOR).strip()
        said = run(offices, "preview", draft, *KOR)
        assert "  FRA: may see nothing of it, and keeps what they have" in said
        assert "  JPN@NATO: an older version was released to them, and they are NOT ADDRESSED\n" in said

    def test_what_is_not_ours_is_not_replaced(self, offices: Desk) -> None:
        """
        As what is not there at all.
        """
        first = released(offices)
        run(offices, "pull", *JPN)
        offices.write("ours.md", "kind: note\npolicy: EXERCISE\n\n(O) Seen.\n")
        told = {
            refused(offices, 2, command, *arguments, *JPN)
            for item in (first["item"], "0" * 64)
            for command, *arguments in (
                ("compose", "ours.md", "--replaces", item),
                ("withdraw", item, *OFFICER),
                ("show", item, "--markdown"),
            )
        }
        assert len(told) == 1

    def test_not_on_files_alone(self, offices: Desk) -> None:
        """
        A new version is a matter of a node, which knows the older one.
        """
        arguments = ("--key", "kor.keys", "-o", "x.item", "--replaces", "x")
        offices.write("kor.keys", b"{}")
        assert "is made at a node" in refused(offices, 2, "compose", "to-jpn.md", *arguments)


class TestWithdraw:
    def test_it_says_who_has_it_and_whether_they_know(self, offices: Desk) -> None:
        """
        They are told in their stream; that they know is confirmed by their receipt, and by nothing else.
        """
        first = released(offices)
        for _ in range(2):
            run(offices, "pull", *JPN)
        said = run(offices, "withdraw", first["reference"], *OFFICER, *KOR)
        assert said.splitlines() == [
            f"withdrawn {first['reference']}",
            f"item {first['item']}",
            "  JPN@NATO: withdrawn after their registry had received it; that they know is not confirmed",
            "They are told. That they do not use it any more, nothing proves: deliveries says who knows.",
        ]
        for _ in range(2):
            run(offices, "pull", *JPN)
        assert "they have received the withdrawal" in run(offices, "deliveries", *KOR)
        assert "WITHDRAWN by its author" in run(offices, "show", first["item"], *JPN)
        shown = run(offices, "show", first["item"], *KOR)
        assert "WITHDRAWN by its author; the withdrawal came on " in shown
        assert CANARY not in shown
        assert "Lunch" not in shown
        found = document(offices, "show", first["item"], *KOR)
        assert (found["portions"], found["banner"]) == ([], "")

    def test_twice_is_refused(self, offices: Desk) -> None:
        """
        By policy, so the exit code is 1.
        """
        first = released(offices)
        found = document(offices, "withdraw", first["item"][:12], *OFFICER, *KOR)
        assert (found["item"], found["addressees"][0]["received"]) == (first["item"], False)
        assert "withdrawn already" in refused(offices, 1, "withdraw", first["item"], *OFFICER, *KOR)

    def test_somebody_must_have_done_it(self, offices: Desk) -> None:
        """
        A name is needed, and one that is none is refused.
        """
        first = released(offices)
        refused(offices, 2, "withdraw", first["item"], *KOR)
        refused(offices, 2, "withdraw", first["item"], "--by", "a\nb", *KOR)
        assert document(offices, "deliveries", *KOR)["deliveries"][0]["state"] == "waiting"
