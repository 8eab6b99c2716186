# SPDX-License-Identifier: Apache-2.0

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from legation.node.service.doorbell import LOOK_EVERY_S, Doorbell
from tests.node.pair import Node, Village

KOR = "KOR@NATO"
LONG_S = 20.0  # nothing here takes a tenth of it

Found = TypeVar("Found")


def run(act: Callable[[Node, Doorbell], Awaitable[Found]], node: Node) -> Found:
    """Run something beside a doorbell, in an event loop of its own."""

    async def main() -> Found:
        return await act(node, Doorbell(node.database))

    return asyncio.run(main())


def touch(node: Node) -> None:
    """Commit something."""
    node.runs("UPDATE node SET created_at = created_at + 1")


def test_a_commit_wakes_everybody_who_waits(village: Village) -> None:
    """
    However many wait, each is woken by one commit.
    """

    async def act(node: Node, bell: Doorbell) -> float:
        seen = node.database.data_version()
        waiting = [asyncio.create_task(bell.wait(seen, LONG_S)) for _ in range(50)]
        await asyncio.sleep(2 * LOOK_EVERY_S)
        assert not any(each.done() for each in waiting)
        touch(node)
        began = time.monotonic()
        await asyncio.gather(*waiting)
        return time.monotonic() - began

    assert run(act, village.node(KOR)) < LONG_S / 10


def test_a_commit_by_another_process_wakes_too(village: Village) -> None:
    """
    Whoever committed does not matter.
    """

    async def act(node: Node, bell: Doorbell) -> None:
        other = Node(node.folder, node.clock, "another process", {})
        waiting = asyncio.create_task(bell.wait(node.database.data_version(), LONG_S))
        await asyncio.sleep(2 * LOOK_EVERY_S)
        touch(other)
        await asyncio.wait_for(waiting, LONG_S / 2)
        other.close()

    run(act, village.node(KOR))


def test_what_was_committed_before_the_wait_is_not_missed(village: Village) -> None:
    """
    Between the look and the wait something happened: there is no waiting.
    """

    async def act(node: Node, bell: Doorbell) -> None:
        seen = node.database.data_version()
        touch(node)
        await asyncio.wait_for(bell.wait(seen, LONG_S), LONG_S / 2)

    run(act, village.node(KOR))


@pytest.mark.parametrize("timeout_s", [0.0, 0.05])
def test_the_time_ends(village: Village, timeout_s: float) -> None:
    """
    Whoever waits longer than they may goes on, and nothing is raised.
    """

    async def act(node: Node, bell: Doorbell) -> None:
        await bell.wait(node.database.data_version(), timeout_s)

    began = time.monotonic()
    run(act, village.node(KOR))
    assert timeout_s <= time.monotonic() - began < LONG_S / 10


def test_a_ring_has_everybody_ask_their_own_reason(village: Village) -> None:
    """
    Whose reason holds goes, the others wait on.
    """

    async def act(node: Node, bell: Doorbell) -> None:
        goes = False
        seen = node.database.data_version()
        one = asyncio.create_task(bell.wait(seen, LONG_S, unless=lambda: goes))
        other = asyncio.create_task(bell.wait(seen, LONG_S))
        await asyncio.sleep(2 * LOOK_EVERY_S)
        goes = True
        assert not one.done()
        await bell.ring()
        await asyncio.wait_for(one, LONG_S / 2)
        assert not other.done()
        other.cancel()

    run(act, village.node(KOR))


def test_a_closed_bell_keeps_nobody(village: Village) -> None:
    """
    Whoever waits goes, and whoever comes does not wait.
    """

    async def act(node: Node, bell: Doorbell) -> None:
        waiting = asyncio.create_task(bell.wait(node.database.data_version(), LONG_S))
        await asyncio.sleep(2 * LOOK_EVERY_S)
        await bell.close()
        await asyncio.wait_for(waiting, LONG_S / 2)
        await asyncio.wait_for(bell.wait(node.database.data_version(), LONG_S), LONG_S / 2)

    run(act, village.node(KOR))


def test_nobody_looks_while_nobody_waits(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An idle node costs nothing.
    """

    async def act(node: Node, bell: Doorbell) -> int:
        await bell.wait(node.database.data_version(), 2 * LOOK_EVERY_S)
        await asyncio.sleep(2 * LOOK_EVERY_S)
        looks: list[int] = []
        monkeypatch.setattr(node.database, "data_version", lambda: looks.append(1))
        await asyncio.sleep(5 * LOOK_EVERY_S)
        return len(looks)

    assert run(act, village.node(KOR)) == 0


def test_whoever_is_cancelled_leaves_nothing_behind(village: Village) -> None:
    """
    A peer that hangs up ends its wait; the bell rings for the others.
    """

    async def act(node: Node, bell: Doorbell) -> None:
        seen = node.database.data_version()
        gone, stays = (asyncio.create_task(bell.wait(seen, LONG_S)) for _ in range(2))
        await asyncio.sleep(2 * LOOK_EVERY_S)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        touch(node)
        await asyncio.wait_for(stays, LONG_S / 2)

    run(act, village.node(KOR))
