# SPDX-License-Identifier: Apache-2.0

import pytest

from legation.errors import RefusedError
from legation.exchange import EntryKind
from legation.node.peers.stopping import exclude_peer, pause_peer, resume_peer
from tests.cli.ends import CANARY
from tests.node.pair import FIRST, SECOND, Node, Village
from tests.node.withdrawal.test_destroying import certificates, destructions_to, files_with

KOR, JPN = "KOR@NATO", "JPN@NATO"
SECRET = "(S//REL KOR, JPN)"
STOPS = {"paused": pause_peer, "excluded": exclude_peer}


def stops(node: Node, office: str, how: str) -> None:
    """
    Stop a link.
    """
    STOPS[how](office, by=FIRST, database=node.database, around=node.around)


def resumes(node: Node, office: str) -> None:
    """
    Let a paused link go on, as two persons.
    """
    for by in (FIRST, SECOND):
        resume_peer(office, by=by, database=node.database, around=node.around)


def came(node: Node) -> list[tuple[str | None, str]]:
    """
    What a node holds of the one stream that comes to it: kind and state of each entry.
    """
    return node.rows("SELECT kind, state FROM incoming_entry ORDER BY number")


@pytest.mark.parametrize("how", ["paused", "excluded"])
class TestStopped:
    def test_a_withdrawal_passes_and_nothing_else(self, village: Village, how: str) -> None:
        """
        What was numbered before it and not sent is taken back; what waits goes on to wait.
        """
        kor, jpn = village.pair(KOR, JPN)
        held = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        kor.releases(f"{SECRET} {CANARY} numbered.", to=[JPN])
        kor.answering.work_ahead(JPN)
        kor.releases(f"{SECRET} {CANARY} waiting.", to=[JPN])
        stops(kor, JPN, how)
        assert jpn.catches_up(kor).entries == 0
        kor.withdraws(held)
        found = jpn.pulls(kor)
        assert (found.withdrawals, found.views) == (1, 0)
        jpn.catches_up(kor)
        assert jpn.shows(held).withdrawn
        assert files_with(jpn.folder, CANARY) == []
        assert came(jpn)[2:] == [(None, "void"), ("withdrawal", "held"), ("void", "held")]
        assert kor.deliveries(held)[0].why.startswith(
            "withdrawn after their registry had received it; they have"
        )
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_without_one_what_was_numbered_stays_as_it_is(self, village: Village, how: str) -> None:
        """
        A link that is stopped and goes on loses nothing, and takes nothing back.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Noon.", to=[JPN])
        kor.answering.work_ahead(JPN)
        stops(kor, JPN, how)
        assert jpn.catches_up(kor).entries == 0
        assert kor.rows("SELECT DISTINCT state FROM delivery") == [("numbered",)]
        with pytest.raises(RefusedError, match=how):
            kor.packs(jpn)

    def test_a_withdrawal_goes_by_bag_too(self, village: Village, how: str) -> None:
        """
        One bag with it and nothing else; the next is refused.
        """
        kor, jpn = village.pair(KOR, JPN)
        held = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.unpacks(*kor.packs(jpn))
        kor.releases(f"{SECRET} {CANARY}", to=[JPN])
        stops(kor, JPN, how)
        kor.withdraws(held)
        found = jpn.unpacks(*kor.packs(jpn))
        assert (found.withdrawals, found.views) == (1, 0)
        assert jpn.listed() == []
        assert jpn.rows("SELECT hex(item_id), state FROM withdrawal") == [(held.upper(), "held")]
        assert files_with(jpn.folder, CANARY) == []
        with pytest.raises(RefusedError, match=how):
            kor.packs(jpn)

    def test_a_certificate_passes(self, village: Village, how: str) -> None:
        """
        Whoever destroyed what an office sent says so, also if it hands that office nothing any more.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        jpn.releases(f"(S//REL JPN, KOR) {CANARY}", to=[KOR])
        stops(jpn, KOR, how)
        jpn.destroys(item)
        kor.catches_up(jpn)
        assert len(destructions_to(jpn, KOR)) == 1
        assert certificates(kor) == [(JPN, JPN, "held")]
        assert files_with(kor.folder, CANARY) == []

    def test_a_pull_with_nothing_new_is_not_answered_at_once(self, village: Village, how: str) -> None:
        """
        After the withdrawal was taken there is no news; what waits is none.
        """
        kor, jpn = village.pair(KOR, JPN)
        held = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        stops(kor, JPN, how)
        kor.withdraws(held)
        jpn.catches_up(kor)
        kor.releases(f"{SECRET} Later.", to=[JPN]) if how == "paused" else None
        pull = kor.takes([jpn.asks(kor)]).letter
        assert not kor.answering.has_news(pull)


class TestGoingOn:
    def test_what_was_taken_back_goes_again_when_the_link_goes_on(self, village: Village) -> None:
        """
        Once, as a new entry.
        """
        kor, jpn = village.pair(KOR, JPN)
        held = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        item = kor.releases(f"{SECRET} Later.", to=[JPN])
        kor.answering.work_ahead(JPN)
        stops(kor, JPN, "paused")
        kor.withdraws(held)
        jpn.catches_up(kor)
        assert jpn.listed() == []
        resumes(kor, JPN)
        jpn.catches_up(kor)
        assert jpn.listed() == [item]
        assert [kind for kind, _ in came(jpn)].count(EntryKind.VIEW) == 2
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_a_link_that_is_stopped_while_a_withdrawal_is_sent_gives_out_no_view(
        self, village: Village
    ) -> None:
        """
        A batch that was made before ends in the middle if it carries one.
        """
        kor, jpn = village.pair(KOR, JPN)
        held = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        kor.releases(f"{SECRET} {CANARY}", to=[JPN])
        kor.answering.work_ahead(JPN)
        kor.withdraws(held)
        found = kor.takes([jpn.asks(kor)])
        batch = kor.batch(found.letter)
        pieces = kor.answering.pieces(found, batch)
        stops(kor, JPN, "paused")
        with pytest.raises(Exception, match="rules changed"):
            b"".join(pieces)

    def test_a_frozen_link_passes_nothing(self, village: Village) -> None:
        """
        Two histories: neither is gone on with.
        """
        kor, jpn = village.pair(KOR, JPN)
        held = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        kor.withdraws(held)
        kor.database.write(lambda db: db.run("UPDATE peer SET link = 'frozen', because = 'two histories'"))
        assert jpn.catches_up(kor).entries == 0
        assert not kor.answering.has_news(kor.takes([jpn.asks(kor)]).letter)
        with pytest.raises(RefusedError, match="frozen"):
            kor.packs(jpn)

    def test_what_a_peer_lost_is_not_taken_back_for_a_withdrawal(self, village: Village) -> None:
        """
        It is sent nothing until the link goes on: then it gets all that it had, and the withdrawal.
        """
        kor, jpn = village.pair(KOR, JPN)
        backup = village.copies(jpn)
        kept, gone = (kor.releases(f"{SECRET} {text}.", to=[JPN]) for text in ("Noon", "Night"))
        jpn.catches_up(kor)
        stops(kor, JPN, "paused")
        kor.withdraws(gone)
        village.restores(jpn, backup)
        assert jpn.catches_up(kor).entries == 0
        assert kor.states(kept) == {JPN: "receipted"}
        resumes(kor, JPN)
        jpn.catches_up(kor)
        assert jpn.listed() == [kept]
        assert kor.rows("SELECT count(*) FROM outgoing_entry WHERE is_taken_back = 1") == [(1,)]
