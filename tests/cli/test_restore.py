# SPDX-License-Identifier: Apache-2.0
"""``legation restore``, as two operators see it."""

import shutil
from typing import Any

import pytest

from tests.cli.offices import ONE, TWO, document, run, unchanged
from tests.stories.cast import Desk

KOR, JPN = ("--dir", "kor"), ("--dir", "jpn")
DOUBTED = "THIS NODE HAS LOST WHAT IT SIGNED, OR A COPY OF IT RUNS: nothing is handed over until two persons say which"


def sends(desk: Desk) -> None:
    """Release the report, and let the other office fetch it and receipt it."""
    draft = document(desk, "compose", "to-jpn.md", "--by", "drafter", *KOR)["draft"]
    run(desk, "release", draft, "--by", "releasing officer", *KOR)
    pulls(desk)


def pulls(desk: Desk) -> None:
    """Let the other office fetch what is new, and give its receipt."""
    for _ in range(2):
        run(desk, "pull", *JPN)


def inbox(desk: Desk) -> int:
    """How many items the other office has."""
    return len(document(desk, "inbox", *JPN)["entries"])


def link(desk: Desk) -> Any:
    """How the link to the other office stands."""
    [found] = document(desk, "peer", "list", *KOR)["peers"]
    return found["link"]


@pytest.fixture
def lost(offices: Desk) -> Desk:
    """Both offices; KOR@NATO was put back to a backup from before its second report."""
    run(offices, "compose", "to-jpn.md", "--by", "drafter", *KOR)
    backup = offices.folder / "backup"
    shutil.copytree(offices.folder / "kor", backup)
    sends(offices)
    shutil.rmtree(offices.folder / "kor")
    shutil.copytree(backup, offices.folder / "kor")
    return offices


class TestRestore:
    def test_says_what_peers_hold_and_what_is_next(self, lost: Desk) -> None:
        """
        The proof stops the node; two persons let it go on, and a third act the link.
        """
        assert run(lost, "restore", *KOR) == "nothing shows that this node has lost anything\n"
        pulls(lost)
        told = run(lost, "restore", *KOR).splitlines()
        assert told[0] == DOUBTED
        assert told[1] == (
            "JPN@NATO holds 2 entries of a stream not known here, 0 are here (signed by us, waits for two persons)"
        )
        found = lost.run("peer", "resume", "JPN@NATO", *ONE, *KOR)
        assert (found.code, "two persons say what happened: legation restore" in found.err) == (1, True)
        told = run(lost, "restore", *ONE, *KOR).splitlines()
        assert "it takes a second person: legation restore --by NAME" in told[1]
        told = run(lost, "restore", *TWO, *KOR).splitlines()
        assert told[0].startswith("declared to be restored by security officer and administrator at ")
        assert told[1] == "every stream begins anew, and every link is paused"
        assert link(lost) == "paused"
        for person in (ONE, TWO):
            run(lost, "peer", "resume", "JPN@NATO", *person, *KOR)
        sends(lost)
        assert inbox(lost) == 2
        for folder in (KOR, JPN):
            assert document(lost, "fsck", *folder)["faults"] == []

    def test_gives_the_same_in_json(self, lost: Desk) -> None:
        """
        A script learns what is held where, and what was declared.
        """
        pulls(lost)
        found = document(lost, "restore", *KOR)
        [held] = found["held_there"]
        assert (found["stopped"], found["declared"], found["asks"]) == (True, "", "")
        assert (held["office"], held["state"], held["here"], held["there"]) == ("JPN@NATO", "unknown", 0, 2)
        assert (held["signed"], held["waits"]) == (True, True)
        found = document(lost, "restore", *ONE, *KOR)
        assert (found["asks"], found["asked_by"]) == ("restored", "security officer")

    def test_a_copy_ends(self, offices: Desk) -> None:
        """
        Two persons say so, and then nothing goes either way.
        """
        run(offices, "restore", "--copy", *ONE, *KOR)
        told = run(offices, "restore", "--copy", *TWO, *KOR)
        assert told.startswith("declared to be a copy by security officer and administrator")
        assert link(offices) == "paused"
        found = offices.run("peer", "resume", "JPN@NATO", *ONE, *KOR)
        assert (found.code, "declared to be a copy" in found.err) == (1, True)

    def test_the_same_person_twice_is_refused_with_1(self, offices: Desk) -> None:
        """
        And changes nothing.
        """
        run(offices, "restore", *ONE, *KOR)
        with unchanged(offices):
            found = offices.run("restore", "--by", "Security Officer", *KOR)
        assert (found.code, "declared this" in found.err) == (1, True)

    @pytest.mark.parametrize("arguments", [["--copy"], ["--by", ""], ["--by", "a\nb"]])
    def test_nobody_declares_nothing(self, offices: Desk, arguments: list[str]) -> None:
        """
        It takes a name; without one, it only shows.
        """
        with unchanged(offices):
            assert offices.run("restore", *arguments, *KOR).code in {0, 2}
        assert document(offices, "restore", *KOR)["asks"] == ""
