# SPDX-License-Identifier: Apache-2.0

from pathlib import Path

import pytest

from tests.item.worlds import SEARCH
from tests.kill.nodes import furnish
from tests.kill.run import EmptyRunError, Kill, Run, Tally, Victim

KILLS = 25 * SEARCH
SEED = "25 of them"


def test_nothing_is_lost_doubled_or_leaked_by_kills(tmp_path: Path) -> None:
    """
    Servers, releases and pulls are killed at any moment: what was acknowledged arrives, once, and nothing else.
    """
    tally = Run(furnish(tmp_path), tmp_path / "run", seed=SEED, kills=KILLS).play()
    counts = tally.counts()
    assert counts["all"] == KILLS
    assert all(counts[f"of {victim.value}"] for victim in Victim)
    assert counts["of a command or server as a user starts it"]
    assert tally.canaries > tally.delivered > KILLS


def kill(*, hit: bool = True, begun: int = 2, done: int = 2, is_under_way: bool = True) -> Kill:
    """
    A kill of the sender's server.
    """
    return Kill(
        victim=Victim.ANSWERING, point=None, hit=hit, begun=begun, done=done, is_under_way=is_under_way
    )


class TestEmptyRuns:
    def test_a_run_that_hit_is_none(self) -> None:
        """
        One kill in a commit and one between two, and something to lose, is enough.
        """
        Tally(kills=[kill(), kill(done=1)], acknowledged=1, delivered=1).check()

    @pytest.mark.parametrize(
        "kills",
        [
            [],
            [kill(hit=False), kill(hit=False, done=1)],
            [kill(done=1)],
            [kill()],
            [kill(is_under_way=False), kill(done=1)],
            [kill(begun=0, done=0), kill(done=1)],
        ],
        ids=[
            "none",
            "all too late",
            "only in commits",
            "only between them",
            "at rest",
            "before the first commit",
        ],
    )
    def test_a_run_that_hit_nothing_fails(self, kills: list[Kill]) -> None:
        """
        A run in which no kill hit what can go wrong does not count as one in which nothing did.
        """
        with pytest.raises(EmptyRunError, match="nothing was tried"):
            Tally(kills=kills, acknowledged=1, delivered=1).check()

    @pytest.mark.parametrize(("acknowledged", "delivered"), [(0, 1), (1, 0)])
    def test_a_run_without_releases_fails(self, acknowledged: int, delivered: int) -> None:
        """
        Where nothing was released, or nothing arrived, nothing could be lost.
        """
        with pytest.raises(EmptyRunError, match="nothing could be lost"):
            Tally(kills=[kill(), kill(done=1)], acknowledged=acknowledged, delivered=delivered).check()
