# SPDX-License-Identifier: Apache-2.0

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from legation.cli import COMMANDS, legation
from legation.cli import keys as keys_commands
from legation.cli.bag import bag
from legation.cli.label import label
from legation.cli.output import BAD_INPUT, DONE, INTERNAL, NOT_VERIFIED, REFUSED, UNREACHABLE, run
from legation.cli.peer import peer
from legation.cli.policy import policy
from legation.cli.renew import renew
from legation.errors import (
    EquivocationError,
    LegationError,
    LocalProtocolError,
    MalformedError,
    ProofError,
    RefusedError,
    RemoteProtocolError,
    SealError,
    SignatureError,
    StoreError,
    UnreachableError,
    VerificationError,
)
from tests.cli.ends import CANARY, done, refused
from tests.stories.cast import Desk, lay_out

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SUBCOMMANDS = [
    *(f"bag {name}" for name in ("pack", "inspect", "open", "list", "sheet")),
    *(f"label {name}" for name in ("read", "write", "bind", "check", "decide")),
    *(f"peer {name}" for name in ("add", "confirm", "drop", "show", "list")),
    *(f"peer {name}" for name in ("grant", "gain", "given", "pause", "resume", "exclude", "lower")),
    *(f"policy {name}" for name in ("show", "check", "diff", "add", "offer", "offered", "list")),
    *(f"renew {name}" for name in ("prepare", "sign", "install")),
]
GROUPS = {"bag": bag, "label": label, "peer": peer, "policy": policy, "renew": renew}


def program(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    command = [sys.executable, "-m", "legation", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


class TestRun:
    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (MalformedError("m"), BAD_INPUT),
            (RefusedError("m"), REFUSED),
            (VerificationError("m"), NOT_VERIFIED),
            (SignatureError("m"), NOT_VERIFIED),
            (ProofError("m"), NOT_VERIFIED),
            (SealError("m"), NOT_VERIFIED),
            (EquivocationError("m"), NOT_VERIFIED),
            (RemoteProtocolError("m"), NOT_VERIFIED),
            (LocalProtocolError("m"), NOT_VERIFIED),
            (UnreachableError("m"), UNREACHABLE),
            (StoreError("m"), INTERNAL),
            (LegationError("m"), BAD_INPUT),
            (FileNotFoundError(2, "No such file or directory", "folder/name"), BAD_INPUT),
            (OSError("of no file"), BAD_INPUT),
            (click.UsageError("m"), BAD_INPUT),
            (click.Abort(), BAD_INPUT),
            (ValueError("m"), INTERNAL),
            (AssertionError("m"), INTERNAL),
            (RecursionError("m"), INTERNAL),
        ],
    )
    def test_each_kind_of_end_has_its_code(
        self, error: Exception, code: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        A script tells by the exit code alone whose fault it was.
        """

        @click.command()
        def failing() -> None:
            raise error

        assert run(failing, []) == code
        assert "Traceback" not in capsys.readouterr().err

    def test_a_command_may_end_itself(self) -> None:
        """
        A command that leaves with a code leaves with that code.
        """

        @click.command()
        @click.pass_context
        def leaving(context: click.Context) -> None:
            context.exit(3)

        assert run(leaving, []) == NOT_VERIFIED

    def test_the_codes_are_those_that_help_lists(self) -> None:
        """
        The help of the program and the README say what each code means, and they agree.
        """
        codes = "0 done, 1 refused by policy, 2 bad usage or input, 3 verification failed, 4 unreachable, 5"
        assert tuple(range(6)) == (DONE, REFUSED, BAD_INPUT, NOT_VERIFIED, UNREACHABLE, INTERNAL)
        for text in (legation.help or "", (ROOT / "README.md").read_text()):
            assert codes in " ".join(text.split())

    def test_an_error_of_the_system_names_the_file_and_no_folder(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        What the disk refuses is told by the name of the file.
        """

        @click.command()
        def failing() -> None:
            raise PermissionError(13, "Permission denied", "/somewhere/secret/name")

        assert run(failing, []) == BAD_INPUT
        assert capsys.readouterr().err == "legation: `name`: permission denied\n"

    def test_every_fault_is_told_on_a_line_of_its_own(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        A reader who goes on after the first fault has all of them told.
        """

        @click.command()
        def failing() -> None:
            raise MalformedError("line 1: a", hint="try b", faults=["line 1: a", "line 2: b"])

        assert run(failing, []) == BAD_INPUT
        assert capsys.readouterr().err == "legation: line 1: a\n          line 2: b\n          try b\n"


class TestInternalError:
    @pytest.mark.parametrize("error", [ValueError, KeyError, AssertionError, UnicodeError])
    def test_shows_no_content(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
    ) -> None:
        """
        An unforeseen error is told by its type; what it says may be content, and is not told.
        """

        def fail(office: str, **_: object) -> None:
            raise error(CANARY)

        monkeypatch.setattr(keys_commands.keygen, "callback", fail)
        told = refused(desk, 5, "keygen", "KOR", "-o", "new.keys")
        assert told == f"legation: internal error ({error.__name__})\n          please report it\n"


class TestHelp:
    def test_lists_every_command(self, desk: Desk) -> None:
        """
        Whoever asks for help sees each command with what it does.
        """
        said = done(desk, "--help").out
        for name, (_, summary) in COMMANDS.items():
            assert re.search(rf"^  {name} +{re.escape(summary)}$", said, re.MULTILINE)

    @pytest.mark.parametrize("name", [*COMMANDS, *SUBCOMMANDS])
    def test_every_command_has_a_help_of_its_own(
        self, desk: Desk, name: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        Each command says how it is used.
        """
        if name == "demo":
            with pytest.raises(SystemExit) as left:
                run(legation, ["demo", "--help"])
            assert left.value.code == 0
            assert capsys.readouterr().out.startswith("usage: legation demo")
        else:
            assert done(desk, *name.split(), "--help").out.startswith(f"Usage: legation {name} ")

    def test_no_subcommand_is_left_out(self) -> None:
        """
        The list that these tests go by is the program's.
        """
        named = {f"{group} {name}" for group, commands in GROUPS.items() for name in commands.commands}
        assert named == set(SUBCOMMANDS)

    def test_every_command_but_the_demonstration_takes_json(self, desk: Desk) -> None:
        """
        A script can read the result of every command.
        """
        for name in [*COMMANDS, *SUBCOMMANDS]:
            if name not in {"demo", *GROUPS}:
                assert "--json" in done(desk, *name.split(), "--help").out, name

    def test_without_a_command_help_is_shown_and_nothing_done(self, desk: Desk) -> None:
        """
        The program alone shows its help and ends as bad usage.
        """
        found = desk.run()
        assert found.code == BAD_INPUT
        assert found.out.startswith("Usage: legation ")

    def test_the_version_is_printed(self, desk: Desk) -> None:
        """
        A bug report can say which version it is about.
        """
        assert re.fullmatch(r"\d+\.\d+\.\d+\n", done(desk, "--version").out)

    @pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["frobnicate"]])
    def test_loads_nothing_that_it_does_not_need(self, tmp_path: Path, arguments: list[str]) -> None:
        """
        Help is there at once: no parser, no cryptography, no decoder is imported for it.
        """
        lines = f"""
import sys
from legation.cli import main
try:
    main({arguments!r})
except SystemExit:
    heavy = {{"lxml", "cryptography", "msgspec", "hashlib", "subprocess"}} & set(sys.modules)
    raise SystemExit(str(sorted(heavy))) from None
"""
        found = subprocess.run(
            [sys.executable, "-c", lines],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=tmp_path,
        )
        assert found.stderr.splitlines()[-1] == "[]"


class TestUsage:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["frobnicate"],
            ["keygen"],
            ["keygen", "KOR"],
            ["keygen", "KOR", "JPN", "-o", "x"],
            ["compose", "report.md", "-o", "x"],
            ["cut", "report.md", "-o", "x"],
            ["cut", "report.md", "--clearance", "own.xml"],
            ["verify", "report.md"],
            ["preview", "report.md"],
            ["show"],
            ["show", "report.md", "--nonsense"],
            ["policy", "frobnicate"],
            ["policy", "show"],
            ["policy", "add"],
            ["peer", "frobnicate"],
            ["peer", "add"],
            ["peer", "grant", "KOR@NATO", "--by", "x"],
            ["init"],
            ["release"],
            ["release", "0" * 64],
            ["serve", "extra"],
            ["serve", "--port", "99999", "--dir", "."],
            ["inbox"],
            ["inbox", "--dir", "report.md"],
        ],
        ids=" ".join,
    )
    def test_refuses_what_it_does_not_understand(self, desk: Desk, arguments: list[str]) -> None:
        """
        Bad usage ends with 2, says where help is, and does nothing.
        """
        assert "see legation --help" in refused(desk, 2, *arguments)

    @pytest.mark.parametrize(
        "arguments",
        [
            ["compose", "report.md", "--key", "kor.keys", "-o", ""],
            ["keygen", "KOR", "-o", ""],
            ["show", ""],
            ["compose", "report.md", "--key", "kor.keys", "-o", "."],
            ["show", "."],
            ["show", "nowhere"],
            ["compose", "nowhere", "--key", "kor.keys", "-o", "x"],
            ["compose", "report.md", "--key", "nowhere", "-o", "x"],
            ["compose", "report.md", "--key", "kor.keys", "-o", "nowhere/x"],
            ["compose", "report.md", "--key", "kor.keys", "-o", "report.md/x"],
            ["compose", "report.md", "--key", "kor.keys", "-o", "x", "--policy", "nowhere"],
            ["preview", "report.md", "--for", "AUS=nowhere"],
            ["preview", "report.md", "--for", "AUS=."],
            ["policy", "show", "nowhere"],
            ["policy", "check", "nowhere"],
            ["card", "nowhere"],
        ],
        ids=" ".join,
    )
    def test_refuses_files_that_are_not_there_or_are_none(self, desk: Desk, arguments: list[str]) -> None:
        """
        A wrong path ends with 2 and leaves everything as it was.
        """
        refused(desk, 2, *arguments)


def test_every_command_is_documented() -> None:
    """
    Each command stands in the README or on a page of the documents.
    """
    text = "\n".join(page.read_text() for page in PAGES)
    missing = [name for name in COMMANDS if f"legation {name}" not in text and f"make {name}" not in text]
    assert missing == []


def test_every_command_is_tested() -> None:
    """
    Each command is run by some test beside this file.
    """
    tests = "\n".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    named = r'(desk|offices|limited|kor|strangers),( \d,)?\s+"{name}"'
    untested = [name for name in COMMANDS if not re.search(named.format(name=name), tests)]
    assert untested == ["serve", "demo"]
    assert '"serve"' in (Path(__file__).parent / "test_serve.py").read_text()
    assert (ROOT / "tests" / "demo" / "test_demo.py").exists()


class TestProcess:
    """The same, seen from outside: a few commands in processes of their own."""

    def test_exit_codes_reach_the_shell(self, tmp_path: Path) -> None:
        """
        What ``run`` returns is what the shell sees: 0, 1, 2 and 3.
        """
        desk = lay_out(tmp_path)
        desk.compose()
        desk.write("altered", desk.read("report.item").replace(b"Tuesday", b"Tueszay"))
        ends = [
            program("verify", "report.item", "--card", "kor.card", folder=tmp_path),
            program("cut", "report.item", "--clearance", "nothing.xml", "-o", "x", folder=tmp_path),
            program("verify", "nowhere", "--card", "kor.card", folder=tmp_path),
            program("verify", "altered", "--card", "kor.card", "--json", folder=tmp_path),
        ]
        assert [end.returncode for end in ends] == [0, 1, 2, 3]
        assert [bool(end.stderr) for end in ends] == [False, True, True, True]
        assert json.loads(ends[3].stdout)["error"]["code"] == 3
        assert not (tmp_path / "x").exists()

    @pytest.mark.parametrize("option", [[], ["--json"]], ids=["plain", "json"])
    def test_an_output_that_takes_nothing_is_told(self, tmp_path: Path, option: list[str]) -> None:
        """
        Where stdout cannot be written the failure is told on stderr, without a trace.
        """
        desk = lay_out(tmp_path)
        desk.compose()
        command = [sys.executable, "-m", "legation", "show", "report.item", *option]
        with Path("/dev/full").open("w") as full:
            found = subprocess.run(
                command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
            )
        assert found.returncode == 2
        assert found.stderr == "legation: `a file`: no space left on device\n"

    def test_a_disk_without_room_leaves_no_item(self, tmp_path: Path) -> None:
        """
        An item that does not fit on the disk is told, and nothing of it stays.
        """
        desk = lay_out(tmp_path)
        before = desk.state()
        lines = """
import resource
from legation.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
main(["compose", "report.md", "--key", "kor.keys", "-o", "report.item"])
"""
        found = subprocess.run(
            [sys.executable, "-c", lines],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (found.returncode, found.stdout) == (2, "")
        assert found.stderr == "legation: `report.item`: file too large\n"
        assert desk.state() == before
