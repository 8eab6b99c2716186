# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench import __main__ as program
from bench import beside as servers_beside
from bench import decisions, items
from bench.beside import SERVERS, beside
from bench.measure import QUICK, Effort, Job, WrongResultError, measure
from bench.offices import AUTHOR, Offices, joined, pulling
from bench.peers import missing
from bench.report import Goal, Group, Line, Row, at_least, at_most, digits, duration, render_row
from bench.stock import stock
from legation.store.sqlite import deliveries

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def row(goal: Goal) -> Row:
    """
    A row as some measurement gives it.
    """
    return Row(
        code="P99",
        title="a row",
        about="What it is about.",
        checked="nothing.",
        groups=(Group(operation="work", ours=0.002, others=(Line(whose="a peer", seconds=0.01),)),),
        goals=(goal,),
        spread=1.5,
    )


def nobody(name: str) -> None:
    """
    Stand for an environment without peers.
    """


class TestProgram:
    def test_a_quick_run_prints_every_row_and_writes_nothing(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Every row can be measured where the tests run, peers or not, and the page stays as it was.
        """
        # Servers of others are started by whoever measures, and not by tests.
        monkeypatch.setattr(servers_beside, "folder", lambda name: None)
        before = PAGE.read_bytes()
        program.main(["--quick"])
        printed = capsys.readouterr().out
        for code in program.ROWS:
            assert f"## {code}: " in printed
        assert PAGE.read_bytes() == before

    def test_the_page_has_every_row(self) -> None:
        """
        The page in the repository is of a full run, and has no row too few or too many; only the mail,
        chat and threat servers that P4 is to be held against may not have been installed for it.
        """
        page = PAGE.read_text(encoding="utf-8")
        sections = [line.split(":")[0] for line in page.splitlines() if line.startswith("## P")]
        assert sections == [f"## {code}" for code in program.ROWS]
        left_out = {line.split("|")[3].strip() for line in page.splitlines() if "not measured |" in line}
        assert {each for each in left_out if each.endswith("installed")} <= {
            f"{each.name} is not installed" for each in SERVERS
        }

    def test_a_full_run_writes_the_page(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A run of all rows writes them, with the setting and the method, and a choice of rows does not.
        """
        goal = at_most("at most 5 ms", 0.002, 0.005)
        monkeypatch.setattr(program, "ROWS", {code: lambda effort: row(goal) for code in ("P98", "P99")})
        monkeypatch.setattr(program, "PAGE", tmp_path / "benchmarks.md")
        program.main(["--rows", "P98"])
        assert list(tmp_path.iterdir()) == []
        program.main([])
        page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
        assert "## Method" in page
        assert "| P99 | at most 5 ms | 2 ms | yes |" in page

    def test_another_backlog_is_measured_and_not_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        All rows with another size of P9 are no full run: their page would not compare.
        """
        asked: list[int] = []

        def measured(effort: Effort, count: int = 0) -> Row:
            asked.append(count)
            return row(at_most("at most 5 ms", 0.002, 0.005))

        monkeypatch.setattr(program, "ROWS", {"P9": measured})
        monkeypatch.setattr(program, "backlog", measured)
        monkeypatch.setattr(program, "PAGE", tmp_path / "benchmarks.md")
        program.main(["--backlog", "200000"])
        assert asked == [200_000]
        assert list(tmp_path.iterdir()) == []

    def test_a_row_that_is_not_there_is_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Whoever asks for an unknown row is told which there are.
        """
        with pytest.raises(SystemExit):
            program.main(["--rows", "P1,P0"])
        assert "no such row: P0" in capsys.readouterr().err


class TestRows:
    def test_a_missing_peer_is_named_and_its_goal_left_open(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Without peers a row has our figures and floors, and does not pass for having met a goal.
        """
        monkeypatch.setattr(items, "peer", nobody)
        monkeypatch.setattr(items, "missing", lambda name: ("sd-jwt",))
        found = items.item(QUICK)
        assert [goal.is_met for goal in found.goals if "sd-jwt" in goal.text] == [None, None, None]
        assert "Not installed, so not measured: sd-jwt." in render_row(found)

    @pytest.mark.parametrize("measured", [decisions.one_decision, decisions.all_decisions])
    def test_a_peer_that_decides_otherwise_is_not_timed(
        self, measured: Callable[[Effort], Row], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        One answer that differs, and there is no figure at all.
        """
        liar = SimpleNamespace(jobs=lambda labels, clearances: {decisions.BATCH: lambda: [True]})
        monkeypatch.setattr(decisions, "peer", lambda name: liar)
        with pytest.raises(WrongResultError, match="cedarpy"):
            measured(QUICK)

    def test_servers_that_are_not_installed_are_named_and_their_goals_left_open(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Nobody passes for slower than us because they are not there.
        """
        monkeypatch.setattr(servers_beside, "folder", lambda name: None)
        found = beside(1_000.0, 10_000, QUICK)
        assert found.lines == ()
        assert [(goal.found, goal.is_met) for goal in found.goals] == [
            (f"{each.name} is not installed", None) for each in SERVERS
        ]

    def test_a_server_that_only_root_may_start_is_said_to_be_so(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """
        It is there, so it is not called missing.
        """
        [server, *_] = SERVERS
        monkeypatch.setattr(servers_beside, "SERVERS", (replace(server, is_possible=lambda: False),))
        monkeypatch.setattr(servers_beside, "folder", lambda name: tmp_path)
        found = beside(1_000.0, 10_000, QUICK)
        assert [(goal.found, goal.is_met) for goal in found.goals] == [
            (f"{server.name} is started by root only", None)
        ]

    def test_a_server_is_judged_by_its_first_line(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """
        The goal names what is compared; what else the server was seen doing stands beside it.
        """
        told: list[int] = []

        def measured(texts: Sequence[str]) -> tuple[Line, ...]:
            told.append(len({*texts}))
            return Line(whose="one way", seconds=0.02), Line(whose="the other", seconds=9.0)

        [server, *_] = SERVERS
        ours = replace(server, measure=measured, is_possible=lambda: True)
        monkeypatch.setattr(servers_beside, "SERVERS", (ours,))
        monkeypatch.setattr(servers_beside, "folder", lambda name: tmp_path)
        found = beside(1_000.0, 10_000, QUICK)
        assert told == [20], "each text is another one"
        assert [line.whose for line in found.lines] == ["one way", "the other"]
        assert [(goal.found, goal.is_met) for goal in found.goals] == [("20 x", True)]

    def test_a_stock_waits_like_what_was_released(self, tmp_path: Path) -> None:
        """
        Items that are made in bulk are signed, each another one, and go to the peer with the one that was released.
        """
        with closing(Offices(tmp_path)) as one:
            stock(one, 5)
            pull, way = pulling(one.peer, AUTHOR), joined(one.author)
            assert pull.pull(way).views == 5
            pull.pull(way)
            with one.author.database.read() as db:
                assert [each.state.value for each in deliveries.deliveries(db)] == ["receipted"] * 5

    def test_only_peers_are_missing(self) -> None:
        """
        A peer is named as it is installed.
        """
        assert set(missing("cedar", "sd_jwt_reference")) <= {"cedarpy", "sd-jwt"}


class TestMeasure:
    def test_jobs_take_turns_and_the_median_counts(self) -> None:
        """
        No job has all its runs in a row, and a run that was disturbed does not change the figure.
        """
        told: list[str] = []
        ticks = iter([0.0, 1.0] * 2 + [0.0, 4.0, 0.0, 6.0] + [0.0, 40.0, 0.0, 60.0] + [0.0, 5.0, 0.0, 6.0])
        jobs = [Job(name=name, run=partial(told.append, name), count=2) for name in "ab"]
        found = measure(jobs, Effort(runs=3, run_s=0.0), clock=lambda: next(ticks))
        assert "".join(told[2:]) == "ababab"
        assert found.seconds == {"a": 2.5, "b": 3.0}
        assert found.spread == 10.0

    def test_a_short_job_is_repeated(self) -> None:
        """
        A run lasts about as long as it is asked to, however short the job.
        """
        calls = 0

        def ticks() -> Iterator[float]:
            while True:
                yield calls * 0.01

        def work() -> None:
            nonlocal calls
            calls += 1

        clock = ticks()
        found = measure([Job(name="work", run=work)], Effort(runs=1, run_s=1.0), clock=lambda: next(clock))
        assert found["work"] == pytest.approx(0.01)
        assert calls == 1 + 2 + 4 + 8 + 16 + 32 + 64 + 100


class TestReport:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [(9_876_543.0, "9,880,000"), (112.4, "112"), (99.96, "100"), (1.125, "1.12"), (0.0004, "0.0004")],
    )
    def test_numbers_have_three_digits(self, value: float, shown: str) -> None:
        """
        More digits than three would say more than a noisy machine can.
        """
        assert digits(value) == shown

    @pytest.mark.parametrize(
        ("seconds", "shown"), [(8.4, "8.4 s"), (0.0331, "33.1 ms"), (5.69e-6, "5.69 µs"), (92e-9, "92 ns")]
    )
    def test_times_have_the_unit_that_suits_them(self, seconds: float, shown: str) -> None:
        """
        Seconds, milliseconds, microseconds or nanoseconds.
        """
        assert duration(seconds) == shown

    def test_a_goal_is_met_or_not(self) -> None:
        """
        Both are said in words, and what was not measured is neither.
        """
        assert "| at least 4 x | 0.92 x | **no** |" in render_row(row(at_least("at least 4 x", 0.92, 4, "x")))
        assert "| at most 5 ms | 2 ms | yes |" in render_row(row(at_most("at most 5 ms", 0.002, 0.005)))

    def test_ratios_are_theirs_to_ours(self) -> None:
        """
        A peer that takes five times as long is one that we do five times as much as.
        """
        goal = at_most("at most 5 ms", 0.002, 0.005)
        assert "|  | a peer | 100 | 10 ms | 5 x |" in render_row(row(goal))
