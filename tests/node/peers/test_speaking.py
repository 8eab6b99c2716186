# SPDX-License-Identifier: Apache-2.0
"""
Two versions of the exchange side by side: a node that speaks 1 and 2 beside one that speaks 1 only.
"""

from collections.abc import Callable
from functools import partial

import pytest

from legation.errors import LegationError, MalformedError, RefusedError, RemoteProtocolError
from legation.log import LogKind
from legation.node.peers.speaking import lower
from legation.records import SpokenRecord
from tests.node.pair import FIRST, SECOND, Node, Village, unchanged
from tests.node.renewals import renews
from tests.node.streams.test_pushing import keeps, opened

KOR, JPN = "KOR@NATO", "JPN@NATO"
SECRET = "(S//REL KOR, JPN)"


def both(village: Village, ours: tuple[int, ...], theirs: tuple[int, ...]) -> tuple[Node, Node]:
    """
    Two nodes that trust each other, each of which speaks some versions.
    """
    kor, jpn = village.node(KOR, protocols=ours), village.node(JPN, protocols=theirs)
    village.joins(kor, jpn)
    return kor, jpn


def spoken(asker: Node, peer: Node) -> tuple[int, int]:
    """
    The versions in which a pull is asked and a push is made.
    """
    sent: list[bytes] = []
    pulled = peer.opens(asker.asks(peer), asker).protocol
    asker.pushes(peer, keeps(peer, sent))
    return pulled, opened(peer, sent[0], asker).protocol


def goes_back(village: Village) -> tuple[Node, Node]:
    """
    KOR@NATO spoke 2 with JPN@NATO, and goes on with a program and a card of 1.
    """
    kor, jpn = both(village, (1, 2), (1, 2))
    kor.pulls(jpn)
    kor.speaks(1)
    jpn.trusts(renews(kor))
    return kor, jpn


class TestSideBySide:
    @pytest.mark.parametrize(
        ("ours", "theirs", "common"),
        [((1,), (1,), 1), ((1, 2), (1,), 1), ((1,), (1, 2), 1), ((1, 2), (1, 2), 2), ((1, 2), (2, 3), 2)],
    )
    def test_the_higher_common_one_is_spoken_on_every_way(
        self, village: Village, ours: tuple[int, ...], theirs: tuple[int, ...], common: int
    ) -> None:
        """
        By pull, push and bag, in both directions; and it is kept of the peer.
        """
        kor, jpn = both(village, ours, theirs)
        for node, peer in ((kor, jpn), (jpn, kor)):
            node.releases(f"{SECRET} Pulled.", to=[peer.office])
            peer.catches_up(node)
            node.releases(f"{SECRET} Pushed.", to=[peer.office])
            node.pushes_all(peer)
            node.releases(f"{SECRET} Carried.", to=[peer.office])
            peer.unpacks(*node.packs(peer))
            assert len(peer.inbox()) == 3
            assert peer.faults() == ()
            assert spoken(node, peer) == (common, common)
        assert (kor.peer(JPN).protocol, jpn.peer(KOR).protocol) == (common, common)

    def test_without_a_common_one_nothing_is_said(self, village: Village) -> None:
        """
        Nothing is sent, and a person reads what each side speaks.
        """
        kor, jpn = both(village, (1,), (2,))
        kor.releases(f"{SECRET} Words.", to=[JPN])
        sent: list[bytes] = []
        said = "speaks version 2 of the exchange, this node 1"
        with pytest.raises(RefusedError, match=said):
            kor.pulls(jpn)
        with pytest.raises(RefusedError, match=said):
            kor.pushes(jpn, keeps(jpn, sent))
        with pytest.raises(RefusedError, match=said):
            kor.packs(jpn)
        assert sent == []
        assert list((kor.folder.parent / f"bags of {KOR}").iterdir()) == []

    @pytest.mark.parametrize("protocol", [2, 3, 65_535])
    def test_a_version_that_is_not_spoken_is_refused(self, village: Village, protocol: int) -> None:
        """
        Signed by a peer, in the right form; and nothing is another afterwards.
        """
        kor, jpn = both(village, (1,), (1,))
        with unchanged(kor), pytest.raises(MalformedError, match="is not spoken here"):
            kor.hears(jpn.asks_with(kor, protocol=protocol))
        assert kor.peer(JPN).protocol == 0

    def test_an_update_of_one_and_then_the_other_goes_on_without_a_pause(self, village: Village) -> None:
        """
        First one program is new, then its card, then the other program, then its card.
        """
        kor, jpn = both(village, (1,), (1,))
        steps: list[Callable[[], object]] = [
            partial(kor.speaks, 1, 2),
            lambda: jpn.trusts(renews(kor)),
            partial(jpn.speaks, 1, 2),
            lambda: kor.trusts(renews(jpn)),
        ]
        for number, step in enumerate(steps, 1):
            step()
            kor.releases(f"{SECRET} {number}.", to=[JPN])
            jpn.releases(f"{SECRET} {number}.", to=[KOR])
            jpn.catches_up(kor)
            kor.catches_up(jpn)
            assert (len(jpn.inbox()), len(kor.inbox())) == (number, number)
        assert (spoken(kor, jpn), spoken(jpn, kor)) == ((2, 2), (2, 2))


class TestDowngrade:
    def test_a_lower_version_than_was_spoken_is_refused(self, village: Village) -> None:
        """
        In a pull, a push and a bag; a person reads it, and nothing else is another afterwards.
        """
        kor, jpn = both(village, (1, 2), (1, 2))
        bag = village.copies(kor)
        kor.pulls(jpn)
        sent: list[bytes] = []
        assert jpn.peer(KOR).protocol == 2
        village.restores(kor, bag)
        kor.around = kor.around.__class__(now=kor.clock, random=kor.around.random, protocols=(1,))
        kor.reopen()
        with unchanged(jpn):
            for act in (
                lambda: kor.pulls(jpn),
                lambda: kor.pushes(jpn, keeps(jpn, sent)),
                lambda: jpn.hears(kor.asks_with(jpn, protocol=1)),
            ):
                with pytest.raises(RemoteProtocolError, match="speaks version 1 of the exchange and spoke 2"):
                    act()
        assert "spoke 2 before" in jpn.peer(KOR).why

    def test_nothing_lower_is_said_to_it(self, village: Village) -> None:
        """
        Its newest card lists less than it spoke: nothing goes there, and what waits waits.
        """
        kor, jpn = goes_back(village)
        jpn.releases(f"{SECRET} Words.", to=[KOR])
        for act in (lambda: jpn.pulls(kor), lambda: jpn.pushes(kor), lambda: jpn.packs(kor)):
            with pytest.raises(RefusedError, match="spoke 2 before"):
                act()
        assert kor.inbox() == ()

    def test_two_persons_may_lower_it(self, village: Village) -> None:
        """
        One asks, another lets it; it is logged, and both go on in the lower one.
        """
        kor, jpn = goes_back(village)
        given = {"database": jpn.database, "around": jpn.around}
        asked = lower(KOR, by=FIRST, **given)  # type: ignore[arg-type]
        assert asked == SpokenRecord(office=KOR, highest=2, listed=1, asked_by=FIRST)
        with unchanged(jpn), pytest.raises(RefusedError):
            lower(KOR, by=FIRST, **given)  # type: ignore[arg-type]
        with pytest.raises(LegationError):
            jpn.pulls(kor)
        done = lower(KOR, by=SECOND, **given)  # type: ignore[arg-type]
        assert done == SpokenRecord(office=KOR, highest=1, listed=1)
        assert [each.kind for each in jpn.log()][-1] is LogKind.LOWERED
        kor.releases(f"{SECRET} Words.", to=[JPN])
        jpn.catches_up(kor)
        assert len(jpn.inbox()) == 1
        assert jpn.faults() == ()

    def test_what_needs_no_lowering_is_not_lowered(self, village: Village) -> None:
        """
        Nobody asks in advance.
        """
        kor, jpn = both(village, (1, 2), (1, 2))
        kor.pulls(jpn)
        with unchanged(jpn), pytest.raises(MalformedError, match="spoke none above"):
            lower(KOR, by=FIRST, database=jpn.database, around=jpn.around)
