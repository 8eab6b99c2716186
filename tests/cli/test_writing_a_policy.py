# SPDX-License-Identifier: Apache-2.0
"""
``docs/writing-a-policy.md``: its policy is one, decides as the page says, and its commands print what it shows.
"""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from legation.cli.label import label
from legation.cli.policy import policy
from legation.errors import MalformedError
from legation.formats import clearances, spif
from legation.labels import Decision, FaultCode, Reader, parse_mark, portion_mark, validate
from legation.labels.policy_change import Effect
from legation.labels.policy_diff import differences
from tests.labels.small import DAY
from tests.stories.cast import Desk

PAGE = (Path(__file__).parents[2] / "docs" / "writing-a-policy.md").read_text(encoding="utf-8")
SPIF = PAGE.split("```xml\n")[1].split("```")[0].encode()
TOML = PAGE.split("```toml\n")[1].split("```")[0].encode()
FERRY = spif.read(SPIF)


def decided(mark: str, *, held: bytes = TOML) -> Decision:
    """
    Whether the reader of the page may see what carries a mark.
    """
    reader = Reader(name="north", clearances=(clearances.read(held),), at=DAY)
    return reader.decide(FERRY, parse_mark(FERRY, mark))


class TestPolicy:
    def test_is_read_strictly(self) -> None:
        """
        The policy on the page has no fault, and is what it says it is.
        """
        assert (FERRY.name, FERRY.version, FERRY.faults) == ("FERRY", 1, ())

    @pytest.mark.parametrize(
        ("mark", "is_permitted"),
        [
            ("(P)", True),
            ("(P//DRAFT)", True),
            ("(I//FOR NORTH)", True),
            ("(I//FOR NORTH, SOUTH)", True),
            ("(I//FOR PORTS//DRAFT)", True),
            ("(I//FOR SOUTH)", False),
            ("(I//SHIPS//FOR NORTH)", False),
        ],
    )
    def test_decides_as_it_is_told(self, mark: str, is_permitted: bool) -> None:
        """
        One of a list is enough, a community is its members, a team must be held, a note decides nothing.
        """
        assert decided(mark).permitted is is_permitted
        assert portion_mark(FERRY, parse_mark(FERRY, mark)) == mark

    def test_team_is_let_in(self) -> None:
        """
        Who holds the team as well sees what is for it.
        """
        assert decided("(I//SHIPS//FOR NORTH)", held=TOML + b'\n[restrictive]\nTeam = ["SHIPS"]\n').permitted

    @pytest.mark.parametrize("mark", ["(I)", "(I//DRAFT)", "(P//FOR NORTH)", "(P//SHIPS)"])
    def test_what_could_be_forgotten_is_refused(self, mark: str) -> None:
        """
        The upper level without readers, and the lower one with some, are no labels.
        """
        with pytest.raises(MalformedError):
            parse_mark(FERRY, mark)

    def test_first_mistake_is_one(self) -> None:
        """
        Without the rule a bare label is for everybody who holds the level, as the page warns.
        """
        open_ = spif.read(re.sub(rb"<requiredCategory.*?</requiredCategory>", b"", SPIF, flags=re.DOTALL))
        bare = parse_mark(open_, "(I)")
        assert [fault.code for fault in validate(FERRY, bare)] == [FaultCode.CATEGORY_REQUIRED]
        reader = Reader(
            name="anybody",
            clearances=(clearances.read(b'policy = "FERRY"\nclassifications = ["INNER"]\n'),),
            at=DAY,
        )
        assert reader.decide(open_, bare).permitted
        assert not reader.decide(FERRY, bare).permitted
        effects = {each.effect for each in differences(FERRY, open_, at=DAY)}
        assert Effect.WIDENS in effects


class TestPage:
    def test_commands_print_what_the_page_shows(self, desk: Desk) -> None:
        """
        Each command is run in turn; the lines below it are among those it prints, and it leaves as told.
        """
        desk.write("ferry-1.xml", SPIF)
        desk.write("north.toml", TOML)
        run = 0
        for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
            for command, expected in re.findall(r"^\$ (.*)\n((?:[^$].*\n)*)", block, re.MULTILINE):
                told = re.search(r"# leaves with (\d)$", command)
                name, *arguments = shlex.split(command, comments=True)
                if name == "legation":
                    found = desk.run(*arguments)
                    lines = (found.out + found.err).splitlines()
                    assert [line for line in expected.splitlines() if line not in lines] == [], command
                    assert found.code == (int(told.group(1)) if told else 0), command
                else:
                    _shell(desk, name, arguments)
                run += 1
        assert run >= 12

    def test_every_command_it_names_is_one(self) -> None:
        """
        What the page says beside its examples can be typed as well.
        """
        known = {"label": label.commands, "policy": policy.commands}
        for group, command in re.findall(r"`legation (policy|label) ([a-z]+)", PAGE):
            assert command in known[group]


def _shell(desk: Desk, name: str, arguments: list[str]) -> None:
    """
    Do what the page does with another program: one edit of a file.
    """
    *edit, source, arrow, target = arguments
    assert (name, arrow) == ("sed", ">")
    done = subprocess.run(["sed", *edit], input=desk.read(source), capture_output=True, check=True)
    desk.write(target, done.stdout)
