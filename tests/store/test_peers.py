# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from functools import cache

import pytest

from legation.errors import StoreError
from legation.keys.card import Card, read
from legation.labels import Clearance
from legation.store.sqlite import peers
from legation.store.sqlite.database import Writing
from legation.store.sqlite.peers import Evidence, StoredCard, StoredPeer
from tests.keys.office import Keys
from tests.store import rows

FIRST, SECOND = "first officer", "second officer"


@cache
def card(office: str, number: int = 0) -> Card:
    """A card of an office; its number alone is another, and nobody looks at more here."""
    made = read(Keys.of(office).card())
    if number == 0:
        return made
    body = Keys.of(office).body(number=number, previous=made.digest)
    data = b"%d" % number + made.data
    return replace(made, body=body, data=data, digest=rows.digest(f"{office} {number}"))


def clearance(policy_id: str, *classifications: str) -> Clearance:
    """What a peer may see under a policy."""
    return Clearance(policy_id=policy_id, classifications=classifications or ("OPEN",))


@pytest.fixture
def db() -> Writing:
    """A node without peers."""
    return rows.memory()


class TestCards:
    def test_a_card_that_was_added_is_trusted_by_nobody(self, db: Writing) -> None:
        """
        It is there to be looked at, its office is a peer, and nothing is pinned.
        """
        peers.add_card(db, card("KOR"), FIRST, 1)
        assert peers.stored_card(db, "KOR") == StoredCard(
            office="KOR", number=0, data=card("KOR").data, added_by=FIRST, confirmed_by=None
        )
        assert [each.office for each in peers.peers(db)] == ["KOR"]
        assert peers.pinned_card(db, "KOR") is None
        assert peers.pinned_cards(db) == []

    def test_a_second_person_pins_it(self, db: Writing) -> None:
        """
        From the second person's act on the card is trusted.
        """
        peers.add_card(db, card("KOR"), FIRST, 1)
        peers.confirm_card(db, "KOR", 0, SECOND, 2)
        assert peers.pinned_card(db, "KOR") == card("KOR").data
        stored = peers.stored_card(db, "KOR")
        assert stored is not None
        assert (stored.added_by, stored.confirmed_by) == (FIRST, SECOND)

    def test_the_same_person_does_not(self, db: Writing) -> None:
        """
        One person under one name adds and confirms nothing, and the store holds to it.
        """
        peers.add_card(db, card("KOR"), FIRST, 1)
        with pytest.raises(StoreError, match="breaks a rule"):
            peers.confirm_card(db, "KOR", 0, FIRST, 2)
        assert peers.pinned_cards(db) == []

    @pytest.mark.parametrize(("office", "number"), [("KOR", 1), ("JPN", 0)])
    def test_only_what_was_added_is_confirmed(self, db: Writing, office: str, number: int) -> None:
        """
        To confirm a card that is not there, or is confirmed, is a mistake of the program.
        """
        peers.add_card(db, card("KOR"), FIRST, 1)
        with pytest.raises(AssertionError):
            peers.confirm_card(db, office, number, SECOND, 2)
        peers.confirm_card(db, "KOR", 0, SECOND, 2)
        with pytest.raises(AssertionError):
            peers.confirm_card(db, "KOR", 0, "third officer", 3)

    def test_the_newest_confirmed_card_is_pinned(self, db: Writing) -> None:
        """
        A newer card that waits to be confirmed changes nothing; once it is, it is the one.
        """
        for office in ("KOR", "AUS"):
            peers.add_card(db, card(office), FIRST, 1)
            peers.confirm_card(db, office, 0, SECOND, 2)
        peers.add_card(db, card("KOR", 1), FIRST, 3)
        stored = peers.stored_card(db, "KOR")
        assert stored is not None
        assert (stored.number, stored.confirmed_by) == (1, None)
        assert peers.pinned_cards(db) == [card("AUS").data, card("KOR").data]
        peers.confirm_card(db, "KOR", 1, SECOND, 4)
        assert peers.pinned_card(db, "KOR") == card("KOR", 1).data
        assert peers.pinned_cards(db) == [card("AUS").data, card("KOR", 1).data]

    def test_every_card_that_was_added_is_kept(self, db: Writing) -> None:
        """
        Older cards and those that nobody confirmed stay, by office and number.
        """
        for office, number in (("KOR", 0), ("AUS", 0), ("KOR", 1)):
            peers.add_card(db, card(office, number), FIRST, 1)
        assert peers.cards(db) == [
            (office, number, card(office, number).digest, card(office, number).data)
            for office, number in (("AUS", 0), ("KOR", 0), ("KOR", 1))
        ]

    def test_a_card_takes_no_others_place(self, db: Writing) -> None:
        """
        A second card of one office and number is refused, and the first stays.
        """
        peers.add_card(db, card("KOR"), FIRST, 1)
        with pytest.raises(StoreError, match="breaks a rule"):
            peers.add_card(db, replace(card("KOR"), data=b"other"), FIRST, 1)
        assert peers.stored_card(db, "KOR") is not None
        assert rows.count(db, "card") == 1

    def test_of_an_office_without_a_card_there_is_none(self, db: Writing) -> None:
        """
        An unknown office is None, not an error.
        """
        assert peers.stored_card(db, "KOR") is None
        assert peers.pinned_card(db, "KOR") is None
        assert peers.peer(db, "KOR") is None


class TestLinks:
    def test_begin_active_and_unheard(self, db: Writing) -> None:
        """
        A new peer may be exchanged with, and nothing is known of how it goes.
        """
        peers.add_card(db, card("KOR"), FIRST, 1)
        assert peers.peer(db, "KOR") == StoredPeer(
            office="KOR",
            link="active",
            because="",
            heard_at=None,
            reached_at=None,
            failed_at=None,
            failure="",
        )
        assert peers.link(db, "KOR") == "active"

    def test_to_nobody_is_not_active(self, db: Writing) -> None:
        """
        What is asked about an office that is no peer ends before anything is sent.
        """
        assert peers.link(db, "KOR") != "active"

    def test_stand_as_they_were_set(self, db: Writing) -> None:
        """
        A link is stopped with a reason, and goes on without one.
        """
        peers.add_card(db, card("KOR"), FIRST, 1)
        for link, because in (("paused", "restored"), ("frozen", "two histories"), ("active", "")):
            peers.set_link(db, "KOR", link, because)
            found = peers.peer(db, "KOR")
            assert found is not None
            assert (found.link, found.because, peers.link(db, "KOR")) == (link, because, link)

    def test_know_no_other_state(self, db: Writing) -> None:
        """
        A state that is none is refused.
        """
        peers.add_card(db, card("KOR"), FIRST, 1)
        with pytest.raises(StoreError, match="breaks a rule"):
            peers.set_link(db, "KOR", "open", "")
        assert peers.link(db, "KOR") == "active"

    def test_note_what_was_heard_and_what_failed(self, db: Writing) -> None:
        """
        A failure stands until the peer answers again; that it pulled from us says nothing of that.
        """
        peers.add_card(db, card("AUS"), FIRST, 1)
        peers.add_card(db, card("KOR"), FIRST, 1)
        peers.failed(db, "KOR", "the other side does not answer", 5)
        peers.heard(db, "KOR", 6)
        found = peers.peer(db, "KOR")
        assert found is not None
        assert (found.heard_at, found.reached_at, found.failed_at, found.failure) == (
            6,
            None,
            5,
            "the other side does not answer",
        )
        peers.reached(db, "KOR", 7)
        found = peers.peer(db, "KOR")
        assert found is not None
        assert (found.heard_at, found.reached_at, found.failed_at, found.failure) == (6, 7, None, "")
        other = peers.peer(db, "AUS")
        assert other is not None
        assert (other.heard_at, other.reached_at, other.failed_at) == (None, None, None)


class TestEvidence:
    def test_is_kept_in_the_order_in_which_it_was_found(self, db: Writing) -> None:
        """
        What proves that something went wrong is kept, each time.
        """
        peers.add_card(db, card("KOR"), FIRST, 1)
        peers.add_card(db, card("AUS"), FIRST, 1)
        found = [("fork", 2), ("amnesia", 1), ("fork", 1), ("fork", 1)]
        for what, at in found:
            peers.add_evidence(db, "KOR", what, ours=b"a", theirs=b"b", at=at)
        peers.add_evidence(db, "AUS", "amnesia", ours=b"", theirs=b"c", at=9)
        assert peers.evidence(db, "KOR") == [
            Evidence(what=what, ours=b"a", theirs=b"b", found_at=at) for what, at in found
        ]
        assert len(peers.evidence(db, "AUS")) == 1


class TestGrants:
    @pytest.fixture
    def peered(self, db: Writing) -> Writing:
        """A node with two peers."""
        for office in ("KOR", "AUS"):
            peers.add_card(db, card(office), FIRST, 1)
        return db

    def test_what_one_person_proposed_grants_nothing(self, peered: Writing) -> None:
        """
        A proposal is there to be confirmed, and is not in force.
        """
        wanted = clearance("2.25.1", "OPEN", "SECRET")
        grant_id = peers.propose_grant(peered, "KOR", wanted, "an agreement", by=FIRST, at=2)
        assert peers.grants(peered, "KOR") == []
        (found,) = peers.proposed_grants(peered, "KOR")
        assert (found.grant_id, found.clearance, found.agreement) == (grant_id, wanted, "an agreement")
        assert (found.proposed_by, found.confirmed_by) == (FIRST, None)

    def test_a_second_person_puts_it_in_force(self, peered: Writing) -> None:
        """
        Confirmed by another person, it grants what was proposed, to that peer alone.
        """
        wanted = clearance("2.25.1")
        peers.confirm_grant(peered, peers.propose_grant(peered, "KOR", wanted, "", by=FIRST, at=2), SECOND, 3)
        (found,) = peers.grants(peered, "KOR")
        assert (found.clearance, found.proposed_by, found.confirmed_by) == (wanted, FIRST, SECOND)
        assert peers.proposed_grants(peered, "KOR") == []
        assert peers.grants(peered, "AUS") == []

    def test_the_same_person_does_not(self, peered: Writing) -> None:
        """
        Nobody grants what they proposed themselves, and the grant in force is as it was.
        """
        before = peers.propose_grant(peered, "KOR", clearance("2.25.1"), "", by=FIRST, at=2)
        peers.confirm_grant(peered, before, SECOND, 3)
        grant_id = peers.propose_grant(peered, "KOR", clearance("2.25.1", "SECRET"), "", by=SECOND, at=4)
        peered.run("SAVEPOINT act")
        with pytest.raises(StoreError, match="breaks a rule"):
            peers.confirm_grant(peered, grant_id, SECOND, 5)
        peered.run("ROLLBACK TO act")
        assert [each.grant_id for each in peers.grants(peered, "KOR")] == [before]

    def test_a_newer_grant_takes_the_place_of_its_policy(self, peered: Writing) -> None:
        """
        Under one policy a peer holds one grant; those under others stay.
        """
        for policy_id, classification in (("2.25.2", "A"), ("2.25.1", "A"), ("2.25.1", "B")):
            wanted = clearance(policy_id, classification)
            peers.confirm_grant(
                peered, peers.propose_grant(peered, "KOR", wanted, "", by=FIRST, at=2), SECOND, 3
            )
        assert [each.clearance for each in peers.grants(peered, "KOR")] == [
            clearance("2.25.1", "B"),
            clearance("2.25.2", "A"),
        ]
        assert rows.count(peered, "granted") == 3, "what was granted once is remembered"

    def test_a_grant_that_ended_grants_nothing(self, peered: Writing) -> None:
        """
        Ended is ended: it is in force no more, and cannot be confirmed again.
        """
        grant_id = peers.propose_grant(peered, "KOR", clearance("2.25.1"), "", by=FIRST, at=2)
        peers.confirm_grant(peered, grant_id, SECOND, 3)
        other = peers.propose_grant(peered, "AUS", clearance("2.25.1"), "", by=FIRST, at=2)
        peers.confirm_grant(peered, other, SECOND, 3)
        peers.end_grant(peered, grant_id, 4)
        assert peers.grants(peered, "KOR") == []
        assert [each.grant_id for each in peers.grants(peered, "AUS")] == [other]
        with pytest.raises(AssertionError):
            peers.confirm_grant(peered, grant_id, "third officer", 5)
        assert peers.grants(peered, "KOR") == []

    def test_a_proposal_that_was_dropped_cannot_be_confirmed(self, peered: Writing) -> None:
        """
        What was dropped before the second person came is not put in force by them.
        """
        grant_id = peers.propose_grant(peered, "KOR", clearance("2.25.1"), "", by=FIRST, at=2)
        peers.end_grant(peered, grant_id, 3)
        assert peers.proposed_grants(peered, "KOR") == []
        with pytest.raises(AssertionError):
            peers.confirm_grant(peered, grant_id, SECOND, 4)
        assert peers.grants(peered, "KOR") == []

    def test_a_grant_is_a_peers(self, peered: Writing) -> None:
        """
        An office without a card is granted nothing.
        """
        with pytest.raises(StoreError, match="breaks a rule"):
            peers.propose_grant(peered, "FRA", clearance("2.25.1"), "", by=FIRST, at=2)
