# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable
from typing import Any

import pytest

from legation.errors import MalformedError, RefusedError
from legation.log import LogKind
from legation.node.peers.peering import add_without_node
from legation.node.peers.stopping import exclude_peer, pause_peer, resume_peer
from legation.records import LinkRecord
from tests.node.pair import FIRST, SECOND, Node, Village, unchanged
from tests.stories.cast import clearance

KOR, JPN = "KOR@NATO", "JPN@NATO"
TEXT = "The seating was changed."
Act = Callable[..., LinkRecord]


def does(act: Act, node: Node, office: str = JPN, *, by: str = FIRST) -> LinkRecord:
    """Let a person act on the link to a peer."""
    return act(office, by=by, database=node.database, around=node.around)


def epoch(node: Node) -> Any:
    """The epoch of a node."""
    return node.rows("SELECT number FROM epoch")[0][0]


def kinds(node: Node) -> list[LogKind]:
    """What the log of a node says was done."""
    return [each.kind for each in node.log()]


class TestPause:
    def test_one_person_pauses_and_two_resume(self, village: Village) -> None:
        """
        What waits goes on to wait, until a second person lets the link go on; the grants stay.
        """
        kor, jpn = village.pair(KOR, JPN)
        before = epoch(kor)
        assert does(pause_peer, kor).link == "paused"
        assert epoch(kor) == before + 1
        item = kor.releases(f"(S//REL KOR, JPN) {TEXT}", to=[JPN])
        assert not jpn.catches_up(kor).views
        assert kor.states(item) == {JPN: "waiting"}
        found = does(resume_peer, kor)
        assert (found.link, found.asked_by) == ("paused", FIRST)
        assert kor.peer(JPN).asked_by == FIRST
        assert not jpn.catches_up(kor).views
        assert does(resume_peer, kor, by=SECOND).link == "active"
        assert jpn.catches_up(kor).views == 1
        assert kinds(kor)[-4:].count(LogKind.RESUMED) == 1
        assert LogKind.PAUSED in kinds(kor)
        assert not kor.faults()

    def test_who_asked_does_not_resume(self, village: Village) -> None:
        """
        It takes another person, also if they write their name in capitals.
        """
        kor, _ = village.pair(KOR, JPN)
        does(pause_peer, kor)
        does(resume_peer, kor)
        with unchanged(kor), pytest.raises(RefusedError, match="asked for this"):
            does(resume_peer, kor, by=FIRST.upper())

    def test_to_pause_again_takes_back_what_was_asked(self, village: Village) -> None:
        """
        Whoever asked before is not half of a later resumption.
        """
        kor, _ = village.pair(KOR, JPN)
        does(pause_peer, kor)
        does(resume_peer, kor)
        does(pause_peer, kor, by=SECOND)
        assert does(resume_peer, kor, by=SECOND).link == "paused"

    def test_what_is_so_already_changes_nothing(self, village: Village) -> None:
        """
        A paused link is paused, and one that goes on goes on.
        """
        kor, _ = village.pair(KOR, JPN)
        with unchanged(kor):
            assert does(resume_peer, kor).link == "active"
        does(pause_peer, kor)
        with unchanged(kor):
            does(pause_peer, kor, by=SECOND)

    @pytest.mark.parametrize("act", [pause_peer, resume_peer, exclude_peer])
    def test_nobody_we_know_is_refused(self, village: Village, act: Act) -> None:
        """
        Only a correspondent has a link, and only somebody with a name acts.
        """
        kor, _ = village.pair(KOR, JPN)
        with unchanged(kor), pytest.raises(MalformedError, match="no correspondent"):
            does(act, kor, "AUS@NATO")
        with unchanged(kor), pytest.raises(MalformedError, match="name"):
            does(act, kor, by="")

    def test_a_frozen_link_is_neither_paused_nor_resumed(self, village: Village) -> None:
        """
        Two histories are not settled by letting it go on.
        """
        kor, _ = village.pair(KOR, JPN)
        kor.runs("UPDATE peer SET link = 'frozen'")
        for act in (pause_peer, resume_peer):
            with unchanged(kor), pytest.raises(RefusedError, match="frozen"):
                does(act, kor)


class TestExclude:
    def test_every_grant_ends_in_one_epoch(self, village: Village) -> None:
        """
        Also what was only proposed; and nothing goes either way any more.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.proposes(JPN, clearance(["JPN"], highest="LIMITED"))
        kor.releases(f"(S//REL KOR, JPN) {TEXT}", to=[JPN])
        before = epoch(kor)
        found = does(exclude_peer, kor)
        assert (found.link, found.why, epoch(kor)) == ("excluded", f"excluded by {FIRST}", before + 1)
        assert kor.peer(JPN).grants == ()
        assert not jpn.catches_up(kor).entries
        with pytest.raises(RefusedError, match="excluded"):
            kor.pulls(jpn)
        assert not kor.faults()

    def test_what_it_sees_is_what_a_peer_without_a_grant_sees(self, village: Village) -> None:
        """
        Whether a peer is excluded, paused, or has nothing to see is not told: the answers are equal.
        """
        answers = []
        for place, act in enumerate((exclude_peer, pause_peer, None)):
            with Village(village.folder / str(place)) as other:
                other.folder.mkdir(parents=True)
                kor, jpn = other.pair(KOR, JPN)
                kor.releases(f"(S//REL KOR, JPN) {TEXT}", to=[JPN])
                if act is None:
                    kor.grants(JPN, "OPEN")
                else:
                    does(act, kor)
                answer = kor.hears(jpn.asks_with(kor))
                answers.append((answer.start, answer.entries, answer.checkpoint, answer.challenge))
        assert answers[0] == answers[1] == answers[2]

    def test_it_is_admitted_again_by_its_card_and_a_grant(self, village: Village) -> None:
        """
        One adds the card again, another confirms it; then it has no grant yet, and what waits stays.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"(S//REL KOR, JPN) {TEXT}", to=[JPN])
        does(exclude_peer, kor)
        with unchanged(kor), pytest.raises(RefusedError, match="is excluded"):
            kor.confirms(JPN)
        with unchanged(kor), pytest.raises(RefusedError, match="excluded"):
            kor.grants(JPN)
        with unchanged(kor), pytest.raises(RefusedError, match="excluded"):
            does(resume_peer, kor)
        kor.adds(jpn.card)
        with unchanged(kor), pytest.raises(RefusedError, match="added this card again"):
            kor.confirms(JPN, by=FIRST)
        kor.confirms(JPN)
        assert kor.peer(JPN).link == "active"
        assert not jpn.catches_up(kor).views
        kor.grants(JPN)
        kor.keeps_house()
        assert jpn.catches_up(kor).views == 1
        assert jpn.reads(item) == [TEXT]
        assert not kor.faults()

    def test_a_card_that_is_added_while_it_is_no_peer_of_ours_any_more_does_not_count_twice(
        self, village: Village
    ) -> None:
        """
        To exclude again takes back that somebody added the card again.
        """
        kor, jpn = village.pair(KOR, JPN)
        does(exclude_peer, kor)
        kor.adds(jpn.card)
        does(exclude_peer, kor)
        with unchanged(kor), pytest.raises(RefusedError, match="is excluded"):
            kor.confirms(JPN)

    def test_an_office_without_a_node_is_added_again_by_two(self, village: Village) -> None:
        """
        It has no card to be confirmed.
        """
        kor = village.node(KOR)

        def adds(by: str) -> None:
            add_without_node("NZL", by=by, card=kor.card, database=kor.database, around=kor.around)

        adds(FIRST)
        does(exclude_peer, kor, "NZL")
        adds(FIRST)
        with unchanged(kor), pytest.raises(RefusedError, match="added this card again"):
            adds(FIRST)
        adds(SECOND)
        assert kor.rows("SELECT link FROM peer") == [("active",)]
