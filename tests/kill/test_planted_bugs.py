# SPDX-License-Identifier: Apache-2.0
"""
Bugs that were planted in real processes, and a kill at the worst moment: the checker finds each.

``test_kill`` shows that it finds nothing in the program as it is.
"""

from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.kill.bugs import BUGS, LATE_S
from tests.kill.checker import ViolationError
from tests.kill.nodes import RECEIVING, SENDING, Furnished, Pair, Process, furnish, wait_until
from tests.kill.points import Point
from tests.kill.texts import Report, draw_report

RELEASING = "releasing"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """
    One bug and one kill.

    Args:
        bug: Its name in ``BUGS``.
        at: In whose processes it is planted.
        victim: Which server dies, or ``RELEASING``.
        point: Where.
        found: What the checker says.
    """

    bug: str
    at: str
    victim: str
    point: Point
    found: str


TRIALS = (
    Trial(
        bug="acknowledge_before_commit",
        at=RECEIVING,
        victim=RECEIVING,
        point=Point.COMMITTING,
        found="acknowledged before it was committed: the sender has a receipt for",
    ),
    Trial(
        bug="send_before_commit",
        at=SENDING,
        victim=SENDING,
        point=Point.PLANTED,
        # If the receiver is fast, the sender notices itself that there is a receipt for what it has not.
        found="sent before it was committed: the receiver holds|a receipt came for entries that this node does not have",
    ),
    Trial(
        bug="tell_before_commit",
        at=SENDING,
        victim=RELEASING,
        point=Point.PLANTED,
        found="lost: 1 releases were acknowledged, and the sender does not have them",
    ),
    Trial(
        bug="commit_cursor_first",
        at=RECEIVING,
        victim=RECEIVING,
        point=Point.PLANTED,
        found="the cursor of the receiver says [456] entries, and it holds 3",
    ),
    Trial(
        bug="commit_cursor_last",
        at=RECEIVING,
        victim=RECEIVING,
        point=Point.PLANTED,
        found="the cursor of the receiver says 3 entries, and it holds [456]",
    ),
    Trial(
        bug="append_again",
        at=SENDING,
        victim=RECEIVING,
        point=Point.COMMITTING,
        found="numbered twice: the sender has one copy 2 times in the stream",
    ),
    Trial(
        bug="receipt_when_sent",
        at=SENDING,
        victim=RECEIVING,
        point=Point.COMMITTING,
        found="a delivery is called receipted, and there is no receipt for entry",
    ),
    Trial(
        bug="throw_log_away",
        at=RECEIVING,
        victim=RECEIVING,
        point=Point.COMMITTED,
        found="the receiver went back: its stream",
    ),
    Trial(
        bug="cut_nothing",
        at=SENDING,
        victim=RECEIVING,
        point=Point.COMMITTING,
        found="leaked: the receiver has what it may not see, in node.db",
    ),
)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """
    Nodes with drafts; each is short, and has something for the receiver.
    """
    draw, reports = Random(1), list[Report]()
    while len(reports) < 7:
        report = draw_report(draw)
        if report.is_for_receiver and not report.is_long:
            reports.append(report)
    return furnish(tmp_path_factory.mktemp("furnished"), reports)


def release(pair: Pair, titles: list[str]) -> None:
    """
    Release some reports, and note what was acknowledged.
    """
    process = pair.release(titles)
    process.wait()
    pair.note_releases(process)


def die(pair: Pair, victim: str, point: Point, titles: list[str]) -> Process:
    """
    Release some reports, and let a process die of it.
    """
    releasing = pair.release(titles)
    dying = releasing if victim == RELEASING else pair.serving[victim]
    dying.arm(point, 1)
    wait_until(lambda: not (dying.is_alive and releasing.is_alive), "one of them ends")
    dying.wait()
    releasing.wait()
    pair.note_releases(releasing)
    return dying


def play(furnished: Furnished, folder: Path, *, bugs: dict[str, str], victim: str, point: Point) -> None:
    """
    Exchange, kill, exchange, start again, and judge all the time.
    """
    with Pair.of(furnished, folder, bugs=bugs) as pair:
        titles = list(pair.drafts)
        for at in (SENDING, RECEIVING):
            pair.serve(at)
        assert pair.wait_for(SENDING)
        assert pair.wait_for(RECEIVING)
        release(pair, titles[:2])
        pair.settle()
        died = die(pair, victim, point, titles[2:5])
        assert died.was_killed
        died.wait_briefly(2 * LATE_S)
        pair.look()
        release(pair, titles[5:])
        pair.look()
        pair.end()


def play_by_bag(furnished: Furnished, folder: Path, *, bug: str, point: Point) -> None:
    """
    Let a courier carry some reports, kill the command that packs more, pack again, and judge.
    """
    with Pair.of(furnished, folder, bugs={SENDING: bug}) as pair:
        titles = list(pair.drafts)
        release(pair, titles[:2])
        pair.pack().wait()
        assert len(pair.bags()) == 1
        pair.end_bags()
        release(pair, titles[2:5])
        dying = pair.pack()
        dying.arm(point, 1)
        dying.wait()
        assert dying.was_killed
        pair.look()
        release(pair, titles[5:])
        pair.pack().wait()
        pair.end_bags()
        pair.look()
        pair.end()


@pytest.mark.parametrize(
    ("bug", "found"),
    [
        ("note_bag_before_file", "a bag does not open: .*bag 2 is missing: entries 3-5"),
        ("write_bag_in_place", "a bag does not open: .*chunk 0 does not open"),
    ],
)
def test_a_planted_bug_of_packing_is_found(
    furnished: Furnished, tmp_path: Path, bug: str, found: str
) -> None:
    """
    What a courier would carry is missing, or half.
    """
    with pytest.raises(ViolationError, match=found):
        play_by_bag(furnished, tmp_path, bug=bug, point=Point.PLANTED)


@pytest.mark.parametrize(
    "point", [Point.COMMITTED, Point.CARRYING, Point.CARRIED], ids=lambda each: each.name
)
def test_the_same_by_bag_without_a_bug_finds_nothing(
    furnished: Furnished, tmp_path: Path, point: Point
) -> None:
    """
    Numbered and not in a bag, half written, written and not noted: all of it arrives, once.
    """
    play_by_bag(furnished, tmp_path, bug="", point=point)


@pytest.mark.parametrize("trial", TRIALS, ids=[f"{each.bug} at the {each.at}" for each in TRIALS])
def test_a_planted_bug_is_found(furnished: Furnished, tmp_path: Path, trial: Trial) -> None:
    """
    One kill at the worst moment, and the checker says what is wrong.
    """
    with pytest.raises(ViolationError, match=trial.found):
        play(furnished, tmp_path, bugs={trial.at: trial.bug}, victim=trial.victim, point=trial.point)


@pytest.mark.parametrize(
    ("victim", "point"),
    [(SENDING, Point.GIVEN), (RECEIVING, Point.COMMITTING), (RELEASING, Point.COMMITTED)],
    ids=["sender", "receiver", "releasing"],
)
def test_the_same_kills_without_a_bug_find_nothing(
    furnished: Furnished, tmp_path: Path, victim: str, point: Point
) -> None:
    """
    What is found above is the bug, and not the kill.
    """
    play(furnished, tmp_path, bugs={}, victim=victim, point=point)


def test_commits_without_a_sync_are_not_found(furnished: Furnished, tmp_path: Path) -> None:
    """
    The system keeps what a killed process has written: only the loss of power shows that nothing was synced.
    """
    bug = "commit_without_sync"
    play(furnished, tmp_path, bugs={SENDING: bug, RECEIVING: bug}, victim=RELEASING, point=Point.COMMITTED)


def test_every_bug_is_tried() -> None:
    """
    No bug is planted in vain.
    """
    others = {"commit_without_sync", "note_bag_before_file", "write_bag_in_place"}
    assert {each.bug for each in TRIALS} | others == BUGS.keys()
