# SPDX-License-Identifier: Apache-2.0

import stat
from pathlib import Path

import apsw
import pytest

from legation.keys.card import fingerprint, read
from legation.store.blobs import Blobs
from legation.store.lock import FolderLock
from tests.cli.ends import CANARY
from tests.cli.offices import document, held, one_document, refused, run, unchanged
from tests.cli.toy import TOY
from tests.cli.toy import clearance as toy_clearance
from tests.node.damages import damage
from tests.stories.cast import Desk


class TestInit:
    def test_makes_a_node_and_prints_its_words(self, desk: Desk) -> None:
        """
        Where the card is, its twelve words, and that the root key goes offline.
        """
        said = run(desk, "init", "KOR@NATO", "--dir", "kor").splitlines()
        card = read((desk.folder / "kor" / "office.card").read_bytes())
        words = fingerprint(card)
        assert said == [
            "node of KOR@NATO in kor",
            "  card 0: kor/office.card; its words:",
            f"    {' '.join(words[:6])}",
            f"    {' '.join(words[6:])}",
            "  new root key of KOR: kor/root.key; take it offline",
        ]
        assert stat.S_IMODE((desk.folder / "kor").stat().st_mode) == 0o700

    def test_gives_the_same_in_json(self, desk: Desk) -> None:
        """
        A script learns the words and where the card is.
        """
        found = document(desk, "init", "JPN", "--dir", "jpn", "--address", "jpn.example:8443")
        card = read((desk.folder / "jpn" / "office.card").read_bytes())
        assert found == {"office": "JPN", "card": "jpn/office.card", "fingerprint": list(fingerprint(card))}
        assert card.body.addresses == ("jpn.example:8443",)

    def test_takes_the_root_key_of_the_party(self, desk: Desk) -> None:
        """
        A second office comes under the same root, which does not come into its folder.
        """
        said = run(desk, "init", "KOR@EU", "--dir", "eu", "--root", "kor.keys.root")
        assert "root key" not in said
        assert not (desk.folder / "eu" / "root.key").exists()
        old = read(desk.read("kor.card"))
        assert read((desk.folder / "eu" / "office.card").read_bytes()).body.root == old.body.root

    @pytest.mark.parametrize("way", ["before", "behind", "environment"])
    def test_the_folder_is_named_in_three_ways(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, way: str
    ) -> None:
        """
        Before the command, behind it, or by the environment; and so for every other command.
        """
        if way == "environment":
            monkeypatch.setenv("LEGATION_DIR", "kor")
        before = ("--dir", "kor") if way == "before" else ()
        behind = ("--dir", "kor") if way == "behind" else ()
        run(desk, *before, "init", "KOR@NATO", *behind)
        assert (desk.folder / "kor" / "node.db").is_file()
        for command in (["inbox"], ["deliveries"], ["peer", "list"], ["policy", "list"], ["fsck"], ["card"]):
            assert run(desk, *before, *command, *behind)

    def test_what_stands_behind_the_command_counts_more(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        The nearest name of a folder is the one that is meant.
        """
        monkeypatch.setenv("LEGATION_DIR", "one")
        run(desk, "--dir", "two", "init", "KOR@NATO", "--dir", "three")
        assert [name for name in ("one", "two", "three") if (desk.folder / name).exists()] == ["three"]

    def test_a_folder_with_something_in_it_is_refused(self, desk: Desk) -> None:
        """
        Nothing is put beside what is there.
        """
        run(desk, "init", "KOR@NATO", "--dir", "kor")
        told = refused(desk, 5, "init", "KOR@NATO", "--dir", "kor")
        assert told.startswith("legation: `kor` is not empty\n")
        refused(desk, 5, "init", "KOR@NATO", "--dir", ".")

    @pytest.mark.parametrize(
        "arguments",
        [
            ["init"],
            ["init", "KOR@NATO"],
            ["init", "kor@nato", "--dir", "new"],
            ["init", "KOR@KOR", "--dir", "new"],
            ["init", "KOR@NATO", "--dir", "report.md"],
            ["init", "KOR@NATO", "--dir", "new", "--address", "http://kor.example"],
            ["init", "KOR@NATO", "--dir", "new", "--address", "kor.example:99999"],
            ["init", "KOR@NATO", "--dir", "new", "--root", "report.md"],
            ["init", "JPN@NATO", "--dir", "new", "--root", "kor.keys.root"],
            ["init", "KOR@NATO", "--dir", "new", "--clearance", "report.md"],
            ["init", "KOR@NATO", "--dir", "new", "--clearance", "nowhere"],
            ["init", "KOR@NATO", "--dir", "new", "--policy", "AUS.xml"],
        ],
        ids=" ".join,
    )
    def test_what_cannot_be_a_node_leaves_nothing(self, desk: Desk, arguments: list[str]) -> None:
        """
        Bad input ends with 2, and there is no folder with half of a node in it.
        """
        refused(desk, 2, *arguments)
        assert not (desk.folder / "new").exists()

    def test_a_policy_of_ones_own_comes_with_its_clearance(self, desk: Desk) -> None:
        """
        Both files are given, and the node writes under it from the start.
        """
        desk.write("toy.xml", TOY)
        desk.write("low.xml", toy_clearance("LOW"))
        run(desk, "init", "KOR@NATO", "--dir", "kor", "--policy", "toy.xml", "--clearance", "low.xml")
        assert "TOY version 1" in run(desk, "policy", "list", "--dir", "kor")

    def test_a_disk_without_room_leaves_no_node(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        It is told as what it is, and the folder is not there.
        """

        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device", "new/office.keys")

        monkeypatch.setattr("legation.node.home.write_file", full)
        told = refused(desk, 2, "init", "KOR@NATO", "--dir", "new")
        assert told == "legation: `office.keys`: no space left on device\n"


class TestNoNode:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["inbox"],
            ["deliveries"],
            ["fsck"],
            ["serve"],
            ["pull"],
            ["card"],
            ["compose", "report.md"],
            ["preview", "0" * 64],
            ["release", "0" * 64, "--by", "x"],
            ["show", "0" * 64],
            ["verify", "0" * 64],
            ["peer", "list"],
            ["peer", "add", "kor.card", "--by", "x"],
            ["peer", "confirm", "KOR@NATO", "--by", "x"],
            ["peer", "grant", "KOR@NATO", "--clearance", "KOR.xml", "--by", "x"],
            ["policy", "list"],
            ["policy", "add", "report.md", "--by", "x"],
        ],
        ids=" ".join,
    )
    def test_a_folder_without_a_node_is_refused_and_nothing_is_made(
        self, desk: Desk, arguments: list[str]
    ) -> None:
        """
        Whatever is asked of it: the folder is looked into, and left as it is.
        """
        (desk.folder / "empty").mkdir()
        told = refused(desk, 5, *arguments, "--dir", "empty")
        assert told.startswith("legation: there is no node in `empty`\n")
        assert "legation init" in told
        refused(desk, 5, *arguments, "--dir", "nowhere")
        assert not (desk.folder / "nowhere").exists()

    @pytest.mark.parametrize(
        "arguments", [["inbox"], ["fsck"], ["peer", "list"], ["compose", "report.md"]], ids=" ".join
    )
    def test_without_a_folder_the_ways_to_name_one_are_told(self, desk: Desk, arguments: list[str]) -> None:
        """
        Nobody has to guess.
        """
        told = refused(desk, 2, *arguments)
        assert "--dir DIR" in told
        assert "LEGATION_DIR" in told


def releases(offices: Desk) -> None:
    """Release a report at the first office."""
    draft = run(offices, "compose", "to-jpn.md", "--dir", "kor").strip()
    run(offices, "release", draft, "--by", "releasing officer", "--dir", "kor")


class TestFsck:
    def test_says_what_it_looked_at_and_that_it_holds(self, offices: Desk) -> None:
        """
        Each kind of thing is counted; nothing is changed.
        """
        with unchanged(offices):
            said = run(offices, "fsck", "--dir", "kor").splitlines()
        assert said[-1] == "everything holds"
        assert any(line.split() == ["1", "cards"] for line in said)
        found = document(offices, "fsck", "--dir", "jpn")
        assert found["faults"] == []
        assert found["checked"]["grants"] == 1

    @pytest.mark.parametrize("option", [(), ("--json",)], ids=["plain", "json"])
    def test_leaves_with_3_where_something_does_not_hold(
        self, offices: Desk, option: tuple[str, ...]
    ) -> None:
        """
        Where and what is told, and not a word of what was written.
        """
        releases(offices)
        connection = apsw.Connection(str(offices.folder / "kor" / "node.db"))
        connection.execute("UPDATE view SET data = cast(replace(data, 'here', 'hire') AS BLOB)")
        connection.close()
        with unchanged(offices):
            found = offices.run("fsck", "--dir", "kor", *option)
        assert (found.code, found.err) == (3, "")
        assert CANARY not in found.out
        if option:
            fault = one_document(found, 3)["faults"][0]
            assert fault["what"] == "the bytes are not those that were stored"
            assert fault["repairable"] is False
        else:
            *_, fault, _, end = found.out.splitlines()
            assert fault.startswith("FAULT  view ")
            assert end.endswith("restore the newest backup")

    @pytest.mark.parametrize("option", [(), ("--json",)], ids=["plain", "json"])
    def test_repairs_what_only_repeats(self, offices: Desk, option: tuple[str, ...]) -> None:
        """
        Asked for, it is made again and told; then everything holds.
        """
        releases(offices)
        damage(offices.folder / "kor", "DELETE FROM layer")
        found = offices.run("fsck", "--dir", "kor", *option)
        assert found.code == 3
        if not option:
            assert found.out.splitlines()[-1] == "legation fsck --repair makes all of this again"
            assert "its rows carry other labels than its layers (can be repaired)" in found.out
        repaired = offices.run("fsck", "--repair", "--dir", "kor", *option)
        assert (repaired.code, repaired.err) == (0, "")
        if option:
            told = one_document(repaired, 0)
            assert told["faults"] == []
            assert told["repaired"][0]["what"] == "its rows carry other labels than its layers"
            assert told.keys() == {
                "checked",
                "faults",
                "more",
                "repairable",
                "leftovers",
                "repaired",
                "more_repaired",
            }
        else:
            assert "REPAIRED  view " in repaired.out
            assert repaired.out.splitlines()[-1] == "everything holds"
        assert offices.run("fsck", "--dir", "kor").code == 0

    def test_does_not_repair_what_was_signed(self, offices: Desk) -> None:
        """
        It says what to do, and changes nothing.
        """
        releases(offices)
        damage(offices.folder / "kor", "DELETE FROM layer", "UPDATE log_entry SET time = time + 1")
        FolderLock(offices.folder / "kor").close()  # what the lock hangs on stays
        with unchanged(offices):
            found = offices.run("fsck", "--repair", "--dir", "kor")
        assert (found.code, found.err) == (3, "")
        assert found.out.splitlines()[-1].endswith("restore the newest backup; nothing was changed")
        assert "REPAIRED" not in found.out

    def test_does_not_repair_what_is_served(self, offices: Desk) -> None:
        """
        Whoever serves would work with what is changed under them.
        """
        with FolderLock(offices.folder / "kor"), unchanged(offices):
            assert "in use by another process" in refused(offices, 5, "fsck", "--repair", "--dir", "kor")
            assert offices.run("fsck", "--dir", "kor").code == 0

    def test_tells_of_files_that_nothing_names(self, offices: Desk) -> None:
        """
        They are no fault; a repair takes them away.
        """
        Blobs(offices.folder / "kor" / "blobs").put(b"x")
        said = run(offices, "fsck", "--dir", "kor").splitlines()
        assert said[-2:] == ["1 files that nothing names; --repair removes them", "everything holds"]
        said = run(offices, "fsck", "--repair", "--dir", "kor").splitlines()
        assert said[-2:] == ["REPAIRED  files: 1 that nothing named", "everything holds"]

    def test_says_how_far_it_is_if_asked(self, offices: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        On stderr, and not without being asked where that is no terminal; stdout is what it is without.
        """
        releases(offices)
        monkeypatch.setattr("legation.cli.progress.LINE_EVERY_S", 0.0)
        quiet = offices.run("fsck", "--dir", "kor", "--json")
        told = offices.run("fsck", "--dir", "kor", "--json", "--progress")
        assert (quiet.err, told.out) == ("", quiet.out)
        assert "views: 1 of 1\n" in told.err

    def test_a_store_that_is_none_is_told(self, offices: Desk) -> None:
        """
        What cannot be opened cannot be checked.
        """
        for left in (offices.folder / "kor").glob("node.db*"):
            left.unlink()
        (offices.folder / "kor" / "node.db").write_bytes(b"nonsense" * 5000)
        assert offices.run("fsck", "--dir", "kor").code == 5


def test_every_command_with_json_prints_one_document(offices: Desk) -> None:
    """
    Whatever is asked, and however it ends, a script reads one document.
    """
    draft = document(offices, "compose", "to-jpn.md", "--dir", "kor")["draft"]
    for arguments in (
        ["preview", draft],
        ["release", draft, "--by", "x"],
        ["deliveries"],
        ["pull"],
        ["inbox"],
        ["fsck"],
        ["peer", "list"],
        ["policy", "list"],
        ["policy", "show", "EXERCISE"],
        ["card"],
    ):
        assert document(
            offices, *arguments, *(("--dir", "kor") if arguments[:2] != ["policy", "show"] else ())
        )
    for code, arguments in (
        (1, ["release", draft, "--by", "x"]),
        (2, ["preview", "0" * 64]),
        (2, ["show", "0" * 64]),
        (2, ["peer", "confirm", "FRA@NATO", "--by", "x"]),
        (2, ["pull", "JPN@NATO"]),
    ):
        assert one_document(offices.run(*arguments, "--dir", "kor", "--json"), code)["error"]["code"] == code


def test_reading_commands_change_nothing(offices: Desk) -> None:
    """
    Looking leaves no trace.
    """
    before = held(offices)
    for arguments in (["inbox"], ["deliveries"], ["peer", "list"], ["policy", "list"], ["card"], ["fsck"]):
        run(offices, *arguments, "--dir", "jpn")
    assert held(offices) == before
    assert Path(offices.folder / "jpn" / "blobs").is_dir()
