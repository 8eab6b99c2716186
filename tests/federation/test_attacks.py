# SPDX-License-Identifier: Apache-2.0
"""
Attacks on a federation that take more than one lie: by peers, couriers, thieves of keys, and by one of our own people.

The table is ``docs/reliability.md``. What one lie is enough for is in ``test_lies``.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace as changed

from legation.errors import GapError, LegationError, MalformedError, RefusedError, VerificationError
from legation.exchange import EntryKind, write_offer
from legation.formats.shipped import shipped_bytes
from legation.item.shape import VIEW
from legation.item.view import inspect
from legation.log import LogKind
from legation.node.peers.accepting import read_policies
from legation.node.peers.stopping import exclude_peer, pause_peer, resume_peer
from legation.node.streams.restoring import declare
from tests.federation.attacker import hands_over, item_by
from tests.federation.keeping import declares, sends
from tests.federation.lies_in_keys import root_of, signed_by
from tests.federation.stage import AUS, CANARY, JPN, KOR, Stage, held_by, mark
from tests.node.pair import FIRST, SECOND, Node, unchanged
from tests.node.peers.test_accepting import accepts, adds
from tests.node.renewals import renews
from tests.stories.cast import CLEARANCES

OLD, NEW, LATEST = (
    shipped_bytes("exercise-1").replace(b'version="1"\n', f'version="{number}"\n'.encode())
    for number in (1, 2, 3)
)


def versions(node: Node) -> set[tuple[int, bool]]:
    """The versions of the policy that a node knows, and whether each is accepted."""
    found = read_policies(node.database).policies
    return {(each.version, bool(each.accepted_by)) for each in found if each.name == "EXERCISE"}


class TestRollback:
    def test_an_older_policy_is_refused_whatever_way_it_comes(self, stage: Stage) -> None:
        """
        By file or as an offer: what was accepted stays, the older version decides nothing.
        """
        jpn, aus = stage.jpn, stage.aus
        for node in (jpn, aus, stage.kor):
            accepts(node, LATEST)
        before = versions(jpn)
        with unchanged(jpn), pytest.raises(RefusedError, match="accepted already"):
            adds(jpn, NEW)
        aus.appends(JPN, (EntryKind.POLICY, write_offer(NEW)))
        jpn.catches_up(aus)
        assert versions(jpn) == before
        with unchanged(jpn), pytest.raises(LegationError):
            accepts(jpn, NEW)
        stage.goes_on()

    def test_an_older_card_is_refused_whatever_way_it_comes(self, stage: Stage) -> None:
        """
        By file or in the stream: the newest stays trusted, and what an old key signs is worth what it was.
        """
        jpn, aus = stage.jpn, stage.aus
        old = aus.card
        new = renews(aus, item=True, stream=True)
        jpn.catches_up(aus)
        assert jpn.peer(aus).trusted == new.body.number
        with pytest.raises(VerificationError, match="is an old one"):
            jpn.adds(old)
        assert jpn.peer(aus).trusted == new.body.number
        assert jpn.peer(aus).link == "active"
        stage.goes_on()


class TestFastForward:
    def test_a_peer_is_not_moved_to_the_last_number_there_is(self, stage: Stage) -> None:
        """
        A card with a huge number, by file: nothing of it is kept, and the next real one follows.
        """
        jpn, aus = stage.jpn, stage.aus
        far = signed_by(aus, root_of(aus), number=1_000_000, previous=aus.card.digest)
        with unchanged(jpn), pytest.raises(VerificationError, match="expected 1"):
            jpn.adds(far)
        renews(aus, item=True)
        jpn.catches_up(aus)
        assert jpn.peer(aus).trusted == 1
        stage.goes_on()

    def test_a_policy_far_ahead_takes_two_persons_and_is_never_taken_by_itself(self, stage: Stage) -> None:
        """
        An offer of version 2**31 decides nothing; the next version is still accepted.
        """
        jpn, aus = stage.jpn, stage.aus
        far = OLD.replace(b'version="1"\n', b'version="2147483647"\n')
        aus.appends(JPN, (EntryKind.POLICY, write_offer(far)))
        jpn.catches_up(aus)
        assert versions(jpn) == {(1, True)}
        accepts(jpn, NEW)
        assert versions(jpn) == {(1, True), (2, True)}


class TestFreeze:
    def test_a_peer_that_is_kept_in_the_past_hands_nothing_over_by_rules_that_ran_out(
        self, stage: Stage
    ) -> None:
        """
        Nobody renews a grant: on its day it ends by itself, and what waits is withheld.
        """
        kor, jpn = stage.kor, stage.jpn
        kor.grants(JPN, not_after=kor.clock() + timedelta(days=7))
        [item] = sends(kor, jpn, "one")
        kor.clock.move(days=8)
        kor.keeps_house()
        assert jpn.catches_up(kor).views == 0
        assert kor.states(item) == {JPN: "withheld"}
        assert kor.states(item)[JPN] != "numbered"


class TestMixAndMatch:
    @pytest.mark.parametrize("what", ["layer", "salt", "seam left out", "proof"])
    def test_parts_of_two_versions_make_no_item(self, stage: Stage, what: str) -> None:
        """
        A layer, a salt or a proof of another version: the whole view is refused for ever.
        """
        signer = stage.aus.home.signing.item
        one = inspect(item_by(signer, f"{CANARY} forged at nine.")).wire
        other = inspect(item_by(signer, f"{CANARY} forged at ten.")).wire
        [mine], [theirs] = one.layers, other.layers
        spliced = {
            "layer": changed(one, layers=(changed(mine, leaf=theirs.leaf),)),
            "salt": changed(one, layers=(changed(mine, salt=theirs.salt),)),
            "seam left out": changed(one, proof=one.proof[:-1]),
            "proof": changed(one, proof=other.proof),
        }[what]
        hands_over(stage, VIEW.encode(spliced))
        stage.jpn.pulls(stage.aus)
        [told] = stage.jpn.rows("SELECT state FROM incoming_entry WHERE number = 2 AND kind = 'view'")
        assert told == ("refused",)
        assert CANARY + " forged" not in repr(stage.jpn.state())
        stage.goes_on()


class TestDropped:
    def test_a_courier_who_keeps_a_bag_back_is_noticed_by_the_next(self, stage: Stage) -> None:
        """
        The bag behind it stays closed, and says which one is missing and what was in it.
        """
        kor, jpn = stage.kor, stage.jpn
        items = sends(kor, jpn, "one")
        [kept_back] = kor.packs(jpn)
        items += sends(kor, jpn, "two")
        [comes] = kor.packs(jpn)
        with unchanged(jpn), pytest.raises(GapError, match="bag 1 is missing: entry 2"):
            jpn.unpacks(comes)
        jpn.unpacks(kept_back, comes)
        assert set(items) <= set(jpn.listed())
        stage.goes_on()

    def test_a_line_that_swallows_answers_is_seen_at_both_ends(self, stage: Stage) -> None:
        """
        What was sent is not receipted, and that is listed; the next answer brings all of it.
        """
        kor, jpn = stage.kor, stage.jpn
        items = sends(kor, jpn, "one", "two")
        for _ in range(3):
            b"".join(kor.answers([jpn.asks(kor)]))
        told = kor.peer(jpn)
        assert (told.sent, told.receipted) == (4, 2)
        assert kor.states(items[0]) == {JPN: "numbered"}
        jpn.catches_up(kor)
        assert kor.peer(jpn).receipted == 4
        stage.goes_on()

    def test_a_peer_is_not_eclipsed_for_whoever_gets_a_bag(self, stage: Stage) -> None:
        """
        On the wire somebody speaks for KOR@NATO with a copy of all its keys; a bag of the real one shows it.
        """
        kor, jpn = stage.kor, stage.jpn
        twin = stage.village.copies(kor)
        clone = Node(twin, kor.clock, "an impostor", {})
        [false] = [clone.releases(f"{mark('KOR', 'JPN')} by an impostor", to=[JPN])]
        jpn.pulls(clone)
        clone.close()
        assert false in jpn.listed()
        [true] = sends(kor, jpn, "by KOR itself")
        [path] = kor.packs(jpn)
        with pytest.raises(VerificationError, match="two histories"):
            jpn.unpacks(path)
        assert jpn.peer(kor).link == "frozen"
        assert len(jpn.rows("SELECT * FROM evidence")) == 1
        assert true not in jpn.listed()
        stage.exchanges(jpn, stage.aus)


class TestOnePersonAlone:
    """A malicious administrator: one person, under whatever spelling of one name."""

    @pytest.mark.parametrize(
        "spelled",
        [
            FIRST,
            FIRST.upper(),
            f" {FIRST}",
            FIRST.replace(" ", "\u00a0"),
            FIRST.replace(" ", "  "),
            FIRST.replace("s", "\uff53"),
        ],
    )
    def test_what_widens_takes_two(self, stage: Stage, spelled: str) -> None:
        """
        To trust a card, to grant, to accept a policy, to resume, to admit again, to declare: the second time is refused.
        """
        jpn = stage.jpn
        told: dict[str, Any] = {"database": jpn.database, "around": jpn.around}
        pause_peer(AUS, by="somebody else", **told)
        exclude_peer(KOR, by="somebody else", **told)
        nato = stage.village.node("NATO")
        acts: list[Callable[[str, int], object]] = [
            lambda by, step: jpn.confirms("NATO", by=by) if step else jpn.adds(nato.card, by=by),
            lambda by, _: jpn.proposes(AUS, CLEARANCES["KOR"], by=by),
            lambda by, _: adds(jpn, NEW, by=by),
            lambda by, _: resume_peer(AUS, by=by, **told),
            lambda by, step: jpn.confirms(KOR, by=by) if step else jpn.adds(stage.kor.card, by=by),
            lambda by, _: declare(by=by, **told),
        ]
        logged = [each.kind for each in jpn.log()]
        for act in acts:
            act(FIRST, 0)
            before = held_by(jpn)
            with pytest.raises((RefusedError, MalformedError)):
                act(spelled, 1)
            assert held_by(jpn) == before
        assert [each.kind for each in jpn.log()] == logged
        assert {jpn.peer(AUS).link, jpn.peer(KOR).link} == {"paused", "excluded"}
        assert jpn.peer("NATO").trusted is None
        assert versions(jpn) == {(1, True), (2, False)}

    def test_what_one_person_does_is_in_the_log(self, stage: Stage) -> None:
        """
        To pause and to exclude stops something at once, by one; who did is written down, and it cannot be unsaid.
        """
        jpn = stage.jpn
        told: dict[str, Any] = {"database": jpn.database, "around": jpn.around}
        pause_peer(AUS, by=FIRST, **told)
        exclude_peer(KOR, by=FIRST, **told)
        assert [each.kind for each in jpn.log()][-2:] == [LogKind.PAUSED, LogKind.EXCLUDED]
        assert FIRST in jpn.peer(AUS).why
        jpn.runs("DELETE FROM log_entry WHERE number = (SELECT max(number) FROM log_entry)")
        assert jpn.faults() != ()

    def test_a_declared_loss_opens_nothing_by_itself(self, stage: Stage) -> None:
        """
        Two persons declare a folder restored: every link waits until two let it go on, and nothing goes till then.
        """
        kor, jpn = stage.kor, stage.jpn
        [item] = sends(kor, jpn, "waits")
        declares(kor)
        assert {kor.peer(office).link for office in (JPN, AUS)} == {"paused"}
        assert jpn.catches_up(kor).views == 0
        resume_peer(JPN, by=SECOND, database=kor.database, around=kor.around)
        assert jpn.catches_up(kor).views == 0
        resume_peer(JPN, by=FIRST, database=kor.database, around=kor.around)
        jpn.catches_up(kor)
        assert item in jpn.listed()
        stage.exchanges(jpn, stage.aus)
