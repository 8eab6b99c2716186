# SPDX-License-Identifier: Apache-2.0

from datetime import UTC, datetime

import pytest

from legation.errors import MalformedError
from legation.labels import Clearance, Label, Reader, ReasonCode
from tests.labels.small import AFTER, BEFORE, DAY, FREE, RULES, policy_of

POLICY = policy_of(FREE)
LABEL = Label(policy_id=POLICY.id, classification="A")
HELD = Clearance(policy_id=POLICY.id, classifications=("A",), not_after=DAY)


class TestReader:
    def test_reader_decides_with_the_clearance_of_the_policy(self) -> None:
        """
        Of several clearances the one under the label's policy counts, at the reader's instant.
        """
        other = Clearance(policy="RULES", classifications=("MID",))
        reader = Reader(name="KOR", clearances=(other, HELD), at=DAY)
        assert reader.decide(POLICY, LABEL).permitted
        assert reader.decide(policy_of(RULES), Label(policy="RULES", classification="MID")).permitted

    def test_reader_decides_at_its_own_instant(self) -> None:
        """
        The same clearances at a later instant may have run out.
        """
        assert Reader(name="KOR", clearances=(HELD,), at=BEFORE).decide(POLICY, LABEL).permitted
        assert not Reader(name="KOR", clearances=(HELD,), at=AFTER).decide(POLICY, LABEL).permitted

    def test_reader_without_a_clearance_is_refused(self) -> None:
        """
        Who holds nothing under the policy sees nothing of it.
        """
        for held in ((), (Clearance(policy="RULES", classifications=("A",)),)):
            decision = Reader(name="KOR", clearances=held, at=DAY).decide(POLICY, LABEL)
            assert [reason.code for reason in decision.reasons] == [ReasonCode.CLEARANCE_POLICY_DIFFERS]
            assert not decision.permitted

    def test_two_clearances_under_one_policy_are_refused(self) -> None:
        """
        Two clearances would widen each other, so a reader has one.
        """
        with pytest.raises(MalformedError):
            Reader(name="KOR", clearances=(HELD, HELD), at=DAY)

    def test_two_clearances_by_name_and_identifier_grant_nothing(self) -> None:
        """
        Two clearances that turn out to be under one policy are as good as none.
        """
        by_name = Clearance(policy="FREE", classifications=("A",))
        reader = Reader(name="KOR", clearances=(HELD, by_name), at=DAY)
        assert not reader.decide(POLICY, LABEL).permitted

    def test_instant_without_a_zone_is_refused(self) -> None:
        """
        A reader asks at an instant, and a time without a zone is none.
        """
        with pytest.raises(MalformedError):
            Reader(name="KOR", clearances=(), at=datetime(2026, 6, 29, tzinfo=UTC).replace(tzinfo=None))

    @pytest.mark.parametrize("name", ["", " KOR", "KOR\u200b"])
    def test_name_that_reads_two_ways_is_refused(self, name: str) -> None:
        """
        A reader's name is for people and logs, so it is one that they read alike.
        """
        with pytest.raises(MalformedError):
            Reader(name=name, clearances=(), at=DAY)
