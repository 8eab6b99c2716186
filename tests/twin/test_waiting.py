# SPDX-License-Identifier: Apache-2.0
"""
A pull that waits is answered by what is new for its peer, and by nothing else that happens.
"""

import asyncio
from functools import partial
from time import monotonic
from typing import Any

import pytest

from legation.node.service.reception import Answerer
from tests.twin.handmade import AUTHOR, PEER, Story, hidden, of_peer, report
from tests.twin.pairs import Act, Pair, act
from tests.twin.world import Sight

WAIT_S = 1  # the least that can be asked for

HAPPENS = (
    act("pin", AUTHOR, "NATO", "S"),
    act("release", AUTHOR, report("(S//REL KOR, AUS) Zq7hidden.", to=PEER), "hidden"),
    act("keep", AUTHOR),
    act("accept_policy", AUTHOR),
)


def waited(pair: Pair, number: int, meanwhile: tuple[Act, ...]) -> tuple[list[Sight], float]:
    """
    What the peer sees of a pull that waits, and how long it waited.
    """
    with pair.world(number) as world:
        for step in pair.sides[number].steps:
            step.play(world)
        with world.moments.moment("waiting", 10_000):
            started = monotonic()
            world.letter(
                PEER,
                AUTHOR,
                position=world.position(PEER, AUTHOR),
                wait_s=WAIT_S,
                waiting=[partial(each, world) for each in meanwhile],
            )
            return world.sights, monotonic() - started


def a_pair() -> Pair:
    """
    Worlds that are the same until the peer waits.
    """
    story: Story = (act("release", AUTHOR, report("(O) Seen.", to=PEER), "seen"), act("pull", PEER, AUTHOR))
    more = hidden("release", AUTHOR, report("(S//REL KOR) Zq7hidden.", to="EU"), "before")
    return of_peer("waiting", story, (*story, more))


def test_a_pull_waits_through_everything_that_is_hidden() -> None:
    """
    New peers, items of which it gets nothing, another policy: the answer is the same, and not sooner.
    """
    pair = a_pair()
    first, short = waited(pair, 0, ())
    second, long = waited(pair, 1, HAPPENS)
    assert first == second
    assert min(short, long) >= WAIT_S


def test_what_is_new_for_the_peer_answers_it() -> None:
    """
    If this did not answer, the test above would say nothing.
    """
    seen = act("release", AUTHOR, report("(O) Seen too.", to=PEER), "seen too")
    _, time_s = waited(a_pair(), 0, (seen,))
    assert time_s < WAIT_S


def test_a_pull_that_any_commit_answers_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Planted: whoever waits is answered when anything is committed.
    """

    async def news(self: Any, _pull: object, _turn: int, seen: int, until: float) -> bool:
        await self._doorbell.wait(seen, until - asyncio.get_running_loop().time())
        return False

    monkeypatch.setattr(Answerer, "_news", news)
    _, time_s = waited(a_pair(), 1, HAPPENS)
    assert time_s < WAIT_S
