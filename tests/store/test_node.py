# SPDX-License-Identifier: Apache-2.0

from datetime import UTC, datetime

import pytest

from legation.errors import StoreError
from legation.labels import Clearance, TagType, category
from legation.store.sqlite import node
from legation.store.sqlite.database import Writing
from tests.store import rows


def clearance(policy_id: str, *classifications: str) -> Clearance:
    """What somebody holds under a policy."""
    return Clearance(
        policy_id=policy_id,
        classifications=classifications,
        categories=(category("Releasable To", TagType.PERMISSIVE, ["KOR"]),),
        not_after=datetime(2030, 1, 1, tzinfo=UTC),
    )


@pytest.fixture
def db() -> Writing:
    """A node without peers."""
    made = rows.memory()
    node.create_node(made, "KOR@NATO", 7)
    return made


class TestNode:
    def test_is_made_once(self, db: Writing) -> None:
        """
        A store is one node's, and its first epoch is 1.
        """
        assert node.office(db) == "KOR@NATO"
        assert node.epoch(db) == node.Epoch(number=1, changes_at=None, began_at=7)
        with pytest.raises(StoreError, match="breaks a rule"):
            node.create_node(db, "KOR", 8)
        assert node.office(db) == "KOR@NATO"


class TestEpoch:
    def test_counts_up(self, db: Writing) -> None:
        """
        Each change begins the next epoch, with the next date that changes a decision.
        """
        assert node.bump_epoch(db, changes_at=100, began_at=8) == 2
        assert node.epoch(db) == node.Epoch(number=2, changes_at=100, began_at=8)
        assert node.bump_epoch(db, changes_at=None, began_at=9) == 3
        assert node.epoch(db) == node.Epoch(number=3, changes_at=None, began_at=9)


class TestMissionClearances:
    def test_are_given_by_policy(self, db: Writing) -> None:
        """
        What the mission holds comes back as it was set, in the order of the policies.
        """
        wanted = [clearance("2.25.1", "OPEN"), clearance("2.25.2", "OPEN", "SECRET")]
        for each in reversed(wanted):
            node.set_mission_clearance(db, each)
        assert list(node.mission_clearances(db)) == wanted

    def test_a_newer_one_takes_the_place(self, db: Writing) -> None:
        """
        Under one policy the mission holds one clearance: two would widen each other.
        """
        node.set_mission_clearance(db, clearance("2.25.1", "OPEN", "SECRET"))
        node.set_mission_clearance(db, clearance("2.25.1", "OPEN"))
        assert node.mission_clearances(db) == (clearance("2.25.1", "OPEN"),)

    def test_what_others_may_hand_over_is_what_it_holds_unless_it_is_set(self, db: Writing) -> None:
        """
        Where nothing else is set, others may hand to the mission what its own people may see.
        """
        own = clearance("2.25.1", "OPEN"), clearance("2.25.2", "OPEN")
        other = clearance("2.25.2", "OPEN", "SECRET")
        third = clearance("2.25.3", "LIMITED")
        for each in own:
            node.set_mission_clearance(db, each)
        assert node.mission_clearances(db, received=True) == own
        node.set_mission_clearance(db, other, received=True)
        node.set_mission_clearance(db, third, received=True)
        assert node.mission_clearances(db, received=True) == (own[0], other, third)

    def test_what_others_may_hand_over_shows_nothing_to_its_people(self, db: Writing) -> None:
        """
        What may come in is not for that reason seen by anybody.
        """
        node.set_mission_clearance(db, clearance("2.25.1", "OPEN"))
        node.set_mission_clearance(db, clearance("2.25.1", "OPEN", "SECRET"), received=True)
        node.set_mission_clearance(db, clearance("2.25.2", "SECRET"), received=True)
        assert node.mission_clearances(db) == (clearance("2.25.1", "OPEN"),)
