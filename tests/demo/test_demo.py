# SPDX-License-Identifier: Apache-2.0

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from legation.demo import play, terminal
from legation.demo.play import ADDRESSEES, EXPECTED
from tests.stories.cast import FIRST_DRAFT, Desk

SAYING_SO = re.compile(r"\nAll came out as told: (\d+) commands, [\d.]+ seconds\.\n$")

KOREAN = """kind: report
policy: EXERCISE

(L//REL KOR, JPN) 한국 대표단은 마드리드 정상회의에 처음으로 참석한다. 일정은 아직 정해지지 않았다.

(S//REL KOR) 대통령의 숙소와 이동 경로는 오직 본국에만 알린다. 다른 곳에는 알리지 않는다.
"""
NOBODY = "kind: report\npolicy: EXERCISE\n\n(S) Nobody outside the mission reads this line of text.\n"
SHARING = """kind: report
policy: EXERCISE
title: (O) Seating

(S//REL KOR, JPN) The seating was changed on Tuesday night. A partner whose leader was absent asked for it.

(C//REL KOR, JPN, NATO) {tearline} The seating was changed on Tuesday night.
"""


def program(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Play the demonstration as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "legation.demo", *arguments],
        cwd=folder,
        env=os.environ | {"TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """
    The demonstration, played once as a user does.
    """
    return program(folder=tmp_path_factory.mktemp("demo"))


class TestTheTale:
    def test_all_comes_out_as_told(self, played: subprocess.CompletedProcess[str]) -> None:
        """
        The demonstration ends well, says so, and tells nothing of errors.
        """
        assert (played.returncode, played.stderr) == (0, "")
        ended = SAYING_SO.search(played.stdout)
        assert ended is not None
        assert int(ended[1]) > 20

    def test_every_step_is_told_in_order(self, played: subprocess.CompletedProcess[str]) -> None:
        """
        The headings go up from 1 to 8, once for each addressee where each has its turn.
        """
        steps = [int(step) for step in re.findall(r"^(\d)\. ", played.stdout, re.MULTILINE)]
        assert steps == [1, 2, 3, 4, *[5] * len(ADDRESSEES), 6, 7, 8]

    def test_every_banner_is_shown(self, played: subprocess.CompletedProcess[str]) -> None:
        """
        Each addressee's sheet stands between its banners.
        """
        for _, banner in EXPECTED.values():
            assert len(re.findall(rf"^    {re.escape(banner)}$", played.stdout, re.MULTILINE)) == 2

    def test_nothing_is_printed_in_bold_into_a_pipe(self, played: subprocess.CompletedProcess[str]) -> None:
        """
        A log holds no escape sequences.
        """
        assert "\x1b" not in played.stdout

    def test_a_report_of_ones_own_is_played_too(self, tmp_path: Path) -> None:
        """
        A report in a file is played, stays as it is, and nothing is left beside it.
        """
        (tmp_path / "mine.md").write_text(NOBODY)
        done = program("--report", "mine.md", folder=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert SAYING_SO.search(done.stdout)
        assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"mine.md": NOBODY}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    An empty folder; the demonstration's commands run in this process, and its scratch files lie inside.
    """

    def run(command: list[str], *, cwd: Path, **_: object) -> subprocess.CompletedProcess[str]:
        found = Desk(cwd).run(*command[3:])
        return subprocess.CompletedProcess(command, found.code, found.out, found.err)

    monkeypatch.setattr(terminal, "subprocess", SimpleNamespace(run=run))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


class TestFolder:
    def test_leaves_nothing_behind(self, here: Path) -> None:
        """
        Without a folder of one's own the files are gone when the tale is told.
        """
        assert play.main([]) == 0
        assert list(here.iterdir()) == []

    def test_leaves_its_files_where_it_is_told_to(self, here: Path) -> None:
        """
        A new folder is made, and every file of the tale is in it to play on with.
        """
        assert play.main(["--dir", "play"]) == 0
        names = {path.name for path in (here / "play").iterdir()}
        assert {"KOR@NATO.keys", "KOR@NATO.card", "report.item", "AUS@NATO.view", "own.xml"} <= names
        assert "unmarked.item" not in names

    @pytest.mark.parametrize("folder", [".", "file"])
    def test_refuses_a_folder_with_something_in_it(
        self, here: Path, folder: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        Keys that lie in a folder are not in danger from the demonstration.
        """
        for name in ("KOR@NATO.keys", "report.md", "file"):
            (here / name).write_text("mine")
        with pytest.raises(SystemExit) as left:
            play.main(["--dir", folder])
        assert left.value.code == 2
        assert "a new or an empty folder" in capsys.readouterr().err
        assert {path.name for path in here.iterdir()} == {"KOR@NATO.keys", "report.md", "file"}
        assert {path.read_text() for path in here.iterdir()} == {"mine"}

    @pytest.mark.parametrize("report", ["nowhere.md", "."])
    def test_refuses_a_report_that_is_none(
        self, here: Path, report: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        A wrong path is bad usage, and nothing is played.
        """
        with pytest.raises(SystemExit) as left:
            play.main(["--report", report])
        assert left.value.code == 2
        assert capsys.readouterr().out == ""
        assert list(here.iterdir()) == []


class TestAReportOfOnesOwn:
    @pytest.mark.parametrize(
        "report",
        [FIRST_DRAFT, KOREAN, NOBODY, SHARING],
        ids=["story", "Korean", "for nobody", "shared words"],
    )
    def test_all_comes_out_as_previewed(
        self, here: Path, report: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        Any report plays: in another script, for nobody, and with a tearline that repeats its paragraph.
        """
        (here / "mine.md").write_text(report, encoding="utf-8")
        assert play.main(["--report", "mine.md"]) == 0
        said = capsys.readouterr()
        assert said.err == ""
        assert SAYING_SO.search(said.out)
        assert (here / "mine.md").read_text(encoding="utf-8") == report

    def test_a_report_that_cannot_be_read_deviates(
        self, here: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        A report with a fault ends the tale with what the command told.
        """
        (here / "mine.md").write_text(FIRST_DRAFT.replace("(S//REL KOR) We", "We"))
        assert play.main(["--report", "mine.md"]) == 1
        told = capsys.readouterr().err
        assert told.startswith("\nDEVIATION: legation preview report.md")
        assert "line 16: no portion mark" in told


Lie = Callable[[pytest.MonkeyPatch], None]


def expecting(name: str, portions: tuple[str, ...], banner: str) -> Lie:
    """The tale is told otherwise than the program plays it."""
    return lambda monkeypatch: monkeypatch.setitem(EXPECTED, name, (portions, banner))


def running(*real: str, instead: tuple[str, ...]) -> Lie:
    """One command is another one, as if the program had this fault."""

    def lie(monkeypatch: pytest.MonkeyPatch) -> None:
        honest = terminal.Terminal.run

        def run(self: terminal.Terminal, *arguments: str, expect: int = 0) -> str:
            same = arguments[: len(real)] == real
            return honest(self, *(instead + arguments[len(instead) :] if same else arguments), expect=expect)

        monkeypatch.setattr(terminal.Terminal, "run", run)

    return lie


def showing(**values: object) -> Lie:
    """What is shown of every copy has another value, as if the program had this fault."""

    def lie(monkeypatch: pytest.MonkeyPatch) -> None:
        honest = terminal.Terminal.json

        def record(self: terminal.Terminal, *arguments: str) -> Any:
            found = honest(self, *arguments)
            return found | values if arguments[0] == "show" else found

        monkeypatch.setattr(terminal.Terminal, "json", record)

    return lie


def leaking(monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy of AUS has sixty characters of par. 2 behind its last byte, where no command looks."""
    honest = Path.read_bytes

    def read(path: Path) -> bytes:
        data: bytes = honest(path)
        if path.name != "AUS@NATO.view":
            return data
        return data + honest(path.with_name("report.item")).split(b"The envoy to Belgium")[1][:60]

    def look(*arguments: Any) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "read_bytes", read)
            honest_look(*arguments)

    honest_look = play._look_for_traces
    monkeypatch.setattr(play, "_look_for_traces", look)


LIES: dict[str, tuple[Lie, str]] = {
    "more is expected to be shown": (
        expecting("AUS@NATO", ("title", "form", "par. 1", "par. 2"), "LIMITED REL KOR, JPN, AUS, NATO"),
        "AUS@NATO is shown ('title', 'form', 'par. 1', 'par. 2'), not ('title', 'form', 'par. 1')",
    ),
    "another banner is expected": (
        expecting("KOR", EXPECTED["KOR"][0], "TOP SECRET"),
        "the banner of KOR is TOP SECRET",
    ),
    "a copy shows more than was previewed": (
        running("cut", "report.item", instead=("cut", "report.item", "--clearance", "own.xml")),
        "JPN@NATO sees what was previewed",
    ),
    "a copy has another banner": (showing(banner="OPEN"), "KOR has the banner that was previewed"),
    "a copy is not verified": (showing(verified=False), "the copy of KOR verifies"),
    "a withheld text is in a copy": (leaking, "the copy of AUS@NATO holds nothing of what it withholds"),
    "a copy holds more than was cut": (
        running("cut", "AUS@NATO.view", instead=("cut", "report.item")),
        "a copy cut with a higher clearance is the same copy",
    ),
    "an altered copy verifies": (
        running("verify", instead=("verify", "KOR.view")),
        "legation verify KOR.view --card KOR@NATO.card: exit 0, expected 3",
    ),
    "an unmarked report is signed": (
        running("compose", "unmarked.md", instead=("compose", "report.md")),
        "legation compose report.md --key KOR@NATO.keys -o unmarked.item: exit 0, expected 2",
    ),
}


@pytest.mark.parametrize(("lie", "told"), LIES.values(), ids=LIES.keys())
def test_a_deviation_ends_the_tale(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lie: Lie, told: str
) -> None:
    """
    Whatever comes out otherwise than told is said, and the demonstration fails.
    """
    lie(monkeypatch)
    assert play.main([]) == 1
    said = capsys.readouterr()
    assert said.err.startswith(f"\nDEVIATION: {told}")
    assert not SAYING_SO.search(said.out)
    assert list(here.iterdir()) == []
