# SPDX-License-Identifier: Apache-2.0
"""
Faults of disks, keys and memberships (F11 to F17): no second history, no key that outlives its end, nothing lost.
"""

import pytest

from legation.errors import EquivocationError, LegationError, SignatureError
from legation.log import LogKind
from tests.federation.keeping import declares, holds_once, resumes, sends, settles
from tests.federation.stage import AUS, JPN, Stage, mark
from tests.node.pair import Node, unchanged
from tests.node.renewals import forged, hands_over, item_key, renews, stream_keys
from tests.stories.cast import NOTHING


class TestLoss:
    """F11, F12 and F13."""

    @pytest.mark.parametrize("way", ["wire", "bag"])
    def test_a_node_put_back_to_an_old_copy_signs_nothing_until_persons_have_spoken(
        self, stage: Stage, way: str
    ) -> None:
        """
        What its peers hold of it shows that it lost something, before it signs a second history; then it begins anew.
        """
        kor, jpn = stage.kor, stage.jpn
        backup = stage.village.copies(kor)
        before = sends(kor, jpn, "lost here")
        jpn.catches_up(kor)
        stage.village.restores(kor, backup)
        after = sends(kor, jpn, "released in ignorance")
        checkpoints = kor.rows("SELECT * FROM outgoing_checkpoint")
        held = jpn.rows("SELECT * FROM incoming_entry")
        if way == "wire":
            assert jpn.catches_up(kor).entries == 0
        else:
            kor.unpacks(*jpn.packs(kor))
        assert {kor.peer(office).link for office in (JPN, AUS)} == {"paused"}
        assert kor.rows("SELECT * FROM outgoing_checkpoint") == checkpoints
        assert jpn.rows("SELECT * FROM incoming_entry") == held
        assert jpn.peer(kor).link == "active"
        declares(kor)
        settles(kor, jpn)
        assert before[0] in jpn.listed()
        resumes(kor, JPN, AUS)
        settles(kor, jpn)
        holds_once(kor, jpn, after)
        assert before[0] in jpn.listed()
        stage.goes_on()

    def test_a_peer_that_was_put_back_gets_again_what_it_lost(self, stage: Stage) -> None:
        """
        It swears to it with a fresh challenge, and the receipt that it gave stays as proof that it once held it.
        """
        kor, jpn = stage.kor, stage.jpn
        backup = stage.village.copies(jpn)
        items = sends(kor, jpn, "one", "two")
        jpn.catches_up(kor)
        receipts = kor.rows("SELECT * FROM outgoing_receipt")
        stage.village.restores(jpn, backup)
        assert jpn.pulls(kor).is_challenged
        jpn.catches_up(kor)
        holds_once(kor, jpn, items)
        assert kor.rows("SELECT * FROM outgoing_receipt")[: len(receipts)] == receipts
        assert kor.rows("SELECT what FROM evidence") == [("it has lost what it had receipted",)]
        stage.goes_on()

    def test_of_two_copies_that_run_the_second_is_noticed_and_nothing_is_overwritten(
        self, stage: Stage
    ) -> None:
        """
        Both sign one size with different entries: whoever sees both keeps both, and the link is frozen.
        """
        kor, jpn = stage.kor, stage.jpn
        twin = stage.village.copies(kor)
        [first] = sends(kor, jpn, "by the one")
        jpn.pulls(kor)
        one = jpn.rows("SELECT number, leaf FROM incoming_entry WHERE state = 'held'")
        kor.close()
        clone = Node(twin, kor.clock, "the other one", {})
        clone.releases(f"{mark('KOR', 'JPN')} by the other", to=[JPN])
        [path] = clone.packs(jpn)
        clone.close()
        kor.open()
        with pytest.raises(EquivocationError, match="two histories"):
            jpn.unpacks(path)
        assert jpn.peer(kor).link == "frozen"
        [(ours, theirs)] = jpn.rows("SELECT ours, theirs FROM evidence")
        assert b"legation/stream/v1/KOR@NATO/JPN@NATO/" in theirs
        assert ours != theirs
        assert jpn.rows("SELECT number, leaf FROM incoming_entry WHERE state = 'held'") == one
        assert first in jpn.listed()
        assert jpn.log()[-1].kind is LogKind.FROZEN
        stage.exchanges(jpn, stage.aus)

    def test_a_node_that_lost_its_disk_goes_on_with_its_keys(self, stage: Stage) -> None:
        """
        A backup from before the first entry: it gets again what it received, and the gap in what it sent is named.
        """
        kor, jpn = stage.kor, stage.jpn
        kor.runs("DELETE FROM outgoing_receipt")
        items = sends(jpn, kor, "for the new disk")
        backup = stage.village.copies(kor)
        lost = sends(kor, jpn, "nobody here knows this")
        jpn.catches_up(kor)
        kor.catches_up(jpn)
        stage.village.restores(kor, backup)
        declares(kor)
        resumes(kor, JPN, AUS)
        settles(kor, jpn)
        assert lost[0] in jpn.listed()
        assert set(items) <= set(kor.listed())
        [(payload,)] = kor.rows(
            "SELECT payload FROM outgoing_entry JOIN outgoing USING (stream_id) "
            "WHERE number = 0 AND is_current = 1 AND office = ?",
            (JPN,),
        )
        assert b"predecessors" in payload
        stage.exchanges(kor, jpn)
        stage.exchanges(jpn, kor)


class TestKeys:
    """F14 and F15."""

    def test_a_rotation_in_flight_loses_nothing_and_ends_the_old_keys(self, stage: Stage) -> None:
        """
        What was signed before stays valid, what was on its way is asked for again, and from then on only new keys count.
        """
        kor, jpn = stage.kor, stage.jpn
        items = sends(kor, jpn, "numbered under the old keys")
        old = kor.home.signing
        kor.answering.work_ahead(JPN)
        asked = jpn.asks(kor)
        on_its_way = b"".join(kor.answers([asked]))
        assert on_its_way
        renews(kor, item=True, stream=True, seal=True)
        items += sends(kor, jpn, "signed with the new keys")
        jpn.catches_up(kor)
        holds_once(kor, jpn, items)
        assert jpn.peer(kor).trusted == 1
        with unchanged(jpn), pytest.raises(SignatureError):
            jpn.pulls(kor, kor.lies(signer=old.stream.ed25519))
        stage.goes_on()

    def test_what_a_stolen_key_signed_is_marked_and_not_deleted(self, stage: Stage) -> None:
        """
        F15: declared with a back date, what came in the window is set apart, and all bytes stay.
        """
        kor, jpn = stage.kor, stage.jpn
        thief = kor.home.signing.item
        early = hands_over(kor, forged(thief, "before the theft"), JPN)
        jpn.pulls(kor)
        jpn.clock.move(hours=2)
        late = hands_over(kor, forged(thief, "behind the theft"), JPN)
        jpn.pulls(kor)
        views = jpn.rows("SELECT hash FROM view")
        since = jpn.around.seconds() - 3600
        kor.clock.move(hours=2)
        renews(kor, revoked=(item_key(kor),), since=since)
        jpn.catches_up(kor)
        states = {item.hex(): state for item, state in jpn.rows("SELECT item_id, state FROM view")}
        assert (states[early], states[late]) == ("held", "quarantined")
        assert set(views) <= set(jpn.rows("SELECT hash FROM view"))
        assert late not in jpn.listed()
        stage.goes_on()

    def test_stolen_stream_keys_are_left_without_a_second_history(self, stage: Stage) -> None:
        """
        A thief of all stream keys forges no item; once they are revoked nothing signed with them is taken.
        """
        kor, jpn = stage.kor, stage.jpn
        old = kor.home.signing
        renews(kor, revoked=stream_keys(kor))
        sends(kor, jpn, "with new keys")
        jpn.catches_up(kor)
        with unchanged(jpn), pytest.raises(LegationError):
            jpn.pulls(kor, kor.lies(signer=old.stream.ed25519))
        stage.goes_on()


class TestMembers:
    """F17."""

    def test_who_leaves_gets_nothing_more_and_late_receipts_are_proof(self, stage: Stage) -> None:
        """
        JPN@NATO has something numbered, taken and not receipted when its grants end; its receipt still counts.
        """
        kor, jpn = stage.kor, stage.jpn
        [item] = sends(kor, jpn, "before it left")
        jpn.pulls(kor)
        [later] = sends(kor, jpn, "waits while it leaves")
        kor.grants_exactly(JPN, NOTHING)
        held = len(jpn.listed())
        jpn.catches_up(kor)
        assert kor.states(item) == {JPN: "receipted"}
        assert kor.states(later) == {JPN: "withheld"}
        assert len(jpn.listed()) == held
        kor.grants(JPN)
        kor.keeps_house()
        jpn.catches_up(kor)
        assert later in jpn.listed()
        stage.goes_on()

    def test_who_joins_gets_what_is_released_from_then_on(self, stage: Stage) -> None:
        """
        A new peer gets nothing of what went to others before, and everything that is for it afterwards.
        """
        kor = stage.kor
        sends(kor, stage.jpn, "before it came")
        nato = stage.village.node("NATO")
        stage.village.joins(kor, nato)
        assert nato.catches_up(kor).entries == 0
        [item] = sends(kor, nato, "for NATO")
        nato.catches_up(kor)
        assert nato.listed() == [item]
        stage.goes_on()
