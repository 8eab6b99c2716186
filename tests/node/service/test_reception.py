# SPDX-License-Identifier: Apache-2.0
"""
What comes in is opened in turns, bounded for each side, and a push is answered as a pull is.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import suppress

import pytest

from legation.errors import LegationError
from legation.node.service import reception
from legation.node.service.doorbell import Doorbell
from legation.node.service.quotas import Quota
from legation.node.service.reception import Answerer
from tests.node.pair import Node, Village

KOR, JPN, AUS = "KOR@NATO", "JPN@NATO", "AUS@NATO"
SECRET = "(S//REL KOR, JPN)"
SOURCE = "192.0.2.1"


def run(act: Callable[[Answerer], Awaitable[None]], node: Node) -> None:
    """Run something beside a node that is served, without HTTP."""

    async def main() -> None:
        doorbell = Doorbell(node.database)
        async with asyncio.timeout(20):
            await act(Answerer(node.answering, node.taking_pushes, doorbell, node.database, lambda *_: None))

    asyncio.run(main())


async def whole(pieces: AsyncIterator[bytes]) -> bytes:
    """All of an answer."""
    return b"".join([piece async for piece in pieces])


def written(sender: Node, receiver: Node) -> bytes:
    """A push, written and sent nowhere."""
    sent: list[bytes] = []

    def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
        sent.append(b"".join(pieces))
        raise LegationError("sent nowhere")

    with suppress(LegationError):
        sender.pushes(receiver, way)
    return sent[0]


class TestPush:
    def test_a_push_is_taken_in_and_answered(self, village: Village) -> None:
        """
        Where pulls come, by the same door.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Words.", to=[JPN])

        async def act(answerer: Answerer) -> None:
            assert await whole(await answerer(written(kor, jpn), SOURCE))

        run(act, jpn)
        assert len(jpn.inbox()) == 1

    def test_its_sender_is_let_in_once_and_few_are(self, village: Village) -> None:
        """
        Not a second one of the same peer, none more than there is room for, and no stranger's.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        others = [village.node(f"{party}@NATO") for party in ("FRA", "DEU", "ITA", "ESP")]
        for each in others:
            each.trusts(kor.card)
        for each in others[:3]:
            kor.trusts(each.card)

        async def act(answerer: Answerer) -> None:
            begun = {each.office: written(each, kor) for each in (jpn, aus, *others)}
            async with answerer.let_in(begun[JPN], SOURCE):
                with pytest.raises(LegationError, match="too many long"):
                    async with answerer.let_in(written(jpn, kor), SOURCE):
                        pass
                with pytest.raises(LegationError, match="not known"):
                    async with answerer.let_in(begun["ESP@NATO"], SOURCE):
                        pass
                async with (
                    answerer.let_in(begun[AUS], SOURCE),
                    answerer.let_in(begun["FRA@NATO"], SOURCE),
                    answerer.let_in(begun["DEU@NATO"], SOURCE),
                ):
                    with pytest.raises(LegationError, match="too many long"):
                        async with answerer.let_in(begun["ITA@NATO"], SOURCE):
                            pass
            async with answerer.let_in(begun["ITA@NATO"], SOURCE):
                pass

        run(act, kor)


class TestBounds:
    def test_one_peer_has_so_many_exchanges_at_once_and_others_have_theirs(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Also those whose answers it does not take; and when they end, it may ask again.
        """
        monkeypatch.setattr(reception, "EXCHANGES_OF_A_PEER_MAX", 3)
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        kor.releases(f"{SECRET} Words.", to=[JPN])

        async def act(answerer: Answerer) -> None:
            given = [await answerer(jpn.asks_with(kor), SOURCE) for _ in range(3)]
            for each in given:
                await anext(each)
            with pytest.raises(LegationError, match="too many exchanges"):
                await answerer(jpn.asks_with(kor), SOURCE)
            assert await whole(await answerer(aus.asks_with(kor), SOURCE))
            for each in given:
                await each.aclose()  # type: ignore[attr-defined]
            assert await whole(await answerer(jpn.asks_with(kor), SOURCE))
            assert dict(answerer._exchanges) == {}

        run(act, kor)

    def test_what_is_refused_or_goes_away_leaves_no_count(self, village: Village) -> None:
        """
        A peer that fails a thousand times is not shut out by that.
        """
        kor, jpn = village.pair(KOR, JPN)

        async def act(answerer: Answerer) -> None:
            for _ in range(3):
                with pytest.raises(LegationError):
                    await answerer(jpn.asks_with(kor, receipt=b"none"), SOURCE)
            waiting = asyncio.create_task(answerer(jpn.asks_with(kor, wait_s=50), SOURCE))
            await asyncio.sleep(0.2)
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting
            assert dict(answerer._exchanges) == {}

        run(act, kor)

    def test_a_peer_that_asks_for_more_than_its_share_waits_for_itself(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        The others are answered at once.
        """
        monkeypatch.setattr(reception, "LETTERS", Quota(per_s=4, burst=2))
        kor, jpn, aus = village.star(KOR, JPN, AUS)

        async def act(answerer: Answerer) -> None:
            time = asyncio.get_running_loop().time
            for _ in range(2):
                await whole(await answerer(jpn.asks_with(kor), SOURCE))
            began = time()
            late = asyncio.gather(*(answerer(jpn.asks_with(kor), SOURCE) for _ in range(3)))
            await whole(await answerer(aus.asks_with(kor), SOURCE))
            at_once = time() - began
            await late
            assert time() - began >= 0.4
            assert at_once < 0.4

        run(act, kor)

    def test_a_source_that_fails_too_often_waits_behind_the_others(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        It is not shut out: behind a proxy a peer comes from the same number.
        """
        monkeypatch.setattr(reception, "FAILURES", Quota(per_s=0.001, burst=2))
        kor, jpn = village.pair(KOR, JPN)
        keys: list[str] = []

        async def act(answerer: Answerer) -> None:
            turn = answerer._openings.turn

            def told(key: str) -> object:
                keys.append(key)
                return turn(key)

            monkeypatch.setattr(answerer._openings, "turn", told)
            for _ in range(4):
                with pytest.raises(LegationError):
                    await answerer(b"legation/envelope/v1\n" + bytes(2_000), SOURCE)
            await whole(await answerer(jpn.asks_with(kor), SOURCE))
            await whole(await answerer(jpn.asks_with(kor), "192.0.2.2"))

        run(act, kor)
        assert keys == [*[SOURCE] * 3, "suspects", "suspects", "192.0.2.2"]
