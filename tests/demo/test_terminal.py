# SPDX-License-Identifier: Apache-2.0

import shlex

import pytest

from legation.demo.terminal import WIDTH, Terminal, listed

WORDS = "word " * 60


@pytest.fixture
def terminal() -> Terminal:
    """
    A terminal that prints neither bold nor faint.
    """
    return Terminal(is_plain=True)


class TestTelling:
    def test_steps_are_counted(self, terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Steps have numbers from 1; other headings have none and use none up.
        """
        terminal.step("one")
        terminal.heading("between")
        terminal.step("two")
        assert capsys.readouterr().out == "\n1. one\n\nbetween\n\n2. two\n"

    def test_nothing_is_too_wide(self, terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Headings, sentences, output and tables are folded to the width of the page.
        """
        terminal.step(WORDS)
        terminal.say(WORDS)
        terminal.show(f"    {WORDS}\nshort\n{'x' * WIDTH}")
        terminal.table([("name", "x"), ("other", WORDS)])
        terminal.typed("release", "x" * 60, "--by", "y" * 60, "--dir", "z" * 30)
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= WIDTH
        assert " ".join(lines).split().count("word") == 4 * 60

    def test_output_keeps_its_shape(self, terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
        """
        What fits is printed as it is, further in; empty lines are empty.
        """
        terminal.show("one   two\n\n  three\n")
        assert capsys.readouterr().out == "   one   two\n\n     three\n"

    def test_a_sheet_is_printed_as_it_is(
        self, terminal: Terminal, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        A sheet has the width of the page already, and is not touched.
        """
        terminal.sheet("x" * WIDTH + "\n  two\n")
        assert capsys.readouterr().out == f"\n{'x' * WIDTH}\n  two\n\n"

    def test_a_table_stands_in_columns(self, terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Each column is as wide as its widest cell, and a cell may be empty.
        """
        terminal.table([("a", "bb", "c"), ("aaa", "b", "")])
        assert capsys.readouterr().out == "   a    bb  c\n   aaa  b\n"

    def test_a_command_can_be_typed_as_it_is_shown(
        self, terminal: Terminal, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        A shell reads from what is shown exactly the arguments that were meant, on how many lines so ever.
        """
        arguments = [
            "show",
            "KOR@NATO 2026-7KQ4-M2X6",
            "--by",
            "security officer",
            "--seen",
            "f" * 64,
            "--dir",
            "x",
        ]
        terminal.typed(*arguments)
        said = capsys.readouterr().out
        assert len(said.splitlines()) > 1
        joined = said.strip().removeprefix("$ ").replace("\\\n", "")
        assert shlex.split(joined) == ["legation", *arguments]
        assert f"--seen {'f' * 64}" in said


class TestType:
    @pytest.mark.parametrize(
        ("name", "value", "is_bold"),
        [("TERM", "xterm", True), ("TERM", "dumb", False), ("NO_COLOR", "1", False)],
    )
    def test_headings_are_bold_where_that_is_wanted(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        name: str,
        value: str,
        is_bold: bool,
    ) -> None:
        """
        Bold is for terminals that know it and people who do not forbid it.
        """
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv(name, value)
        Terminal(is_plain=False).step("one")
        assert ("\x1b[1m1. one\x1b[0m" in capsys.readouterr().out) is is_bold


def test_names_are_listed_as_one_says_them() -> None:
    """
    Commas between, and the last with `and`.
    """
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
