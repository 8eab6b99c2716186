# SPDX-License-Identifier: Apache-2.0

import pytest

from legation.errors import StoreError
from legation.keys.card import PolicyReference
from legation.labels import Clearance
from legation.store.sqlite.database import Writing
from legation.store.sqlite.policies import StoredPolicy, accept_policy, policies, propose_policy
from tests.store import rows


def reference(id: str, version: int) -> PolicyReference:
    """A policy of this identifier and version."""
    return PolicyReference(id=id, version=version, digest=rows.digest(f"{id} {version}"))


@pytest.fixture
def db() -> Writing:
    """A node with peers and nothing else."""
    return rows.furnished()


def test_a_policy_is_kept_as_it_came(db: Writing) -> None:
    """
    The bytes that labels name come back, with who vouches for them, by identifier and version.
    """
    for id, version in (("2.25.2", 1), ("2.25.1", 10), ("2.25.1", 9)):
        propose_policy(db, reference(id, version), name="A", spif=b"<a/>", by="first", at=1)
    accept_policy(db, "2.25.1", 9, "second", 2)
    assert policies(db) == [
        StoredPolicy(
            reference=reference(id, version),
            name="A",
            spif=b"<a/>",
            proposed_by="first",
            accepted_by=accepted_by,
        )
        for id, version, accepted_by in (
            ("2.25.1", 9, "second"),
            ("2.25.1", 10, None),
            ("2.25.2", 1, None),
        )
    ]


def test_nobody_accepts_what_they_proposed(db: Writing) -> None:
    """
    It takes two persons, and the store holds them to it.
    """
    propose_policy(db, reference("2.25.1", 1), name="A", spif=b"<a/>", by="first", at=1)
    with pytest.raises(StoreError, match="breaks a rule"):
        accept_policy(db, "2.25.1", 1, "first", 2)
    assert policies(db)[0].accepted_by is None


def test_what_was_accepted_stays_with_who_accepted_it(db: Writing) -> None:
    """
    A third person does not become the one who accepted.
    """
    propose_policy(db, reference("2.25.1", 1), name="A", spif=b"<a/>", by="first", at=1)
    accept_policy(db, "2.25.1", 1, "second", 2)
    with pytest.raises(AssertionError):
        accept_policy(db, "2.25.1", 1, "third", 3)
    assert policies(db)[0].accepted_by == "second"


def test_one_version_is_one_text(db: Writing) -> None:
    """
    Another file that claims the same identifier and version takes nobody's place.
    """
    propose_policy(db, reference("2.25.1", 1), name="A", spif=b"<a/>", by="first", at=1)
    other = PolicyReference(id="2.25.1", version=1, digest=rows.digest("other"))
    with pytest.raises(AssertionError):
        propose_policy(db, other, name="A", spif=b"<b/>", by="first", at=2)
    assert [each.spif for each in policies(db)] == [b"<a/>"]


def test_what_is_proposed_with_it_comes_back(db: Writing) -> None:
    """
    What the mission is to hold under a policy is proposed with it; the same person may set it anew.
    """
    wanted = [Clearance(policy_id="2.25.1", classifications=(name,)) for name in ("OPEN", "LIMITED")]
    propose_policy(db, reference("2.25.1", 1), name="A", spif=b"<a/>", by="first", at=1)
    assert (policies(db)[0].own, policies(db)[0].received) == (None, None)
    propose_policy(
        db,
        reference("2.25.1", 1),
        name="A",
        spif=b"<a/>",
        by="first",
        at=2,
        own=wanted[0],
        received=wanted[1],
    )
    (found,) = policies(db)
    assert (found.own, found.received) == (wanted[0], wanted[1])
    assert found.proposed_by == "first"


@pytest.mark.parametrize(("by", "is_accepted"), [("second", False), ("first", True), ("second", True)])
def test_nobody_else_changes_a_proposal_and_nobody_after_it_is_accepted(
    db: Writing, by: str, *, is_accepted: bool
) -> None:
    """
    What a second person looked at is what was proposed, and what was accepted stays.
    """
    propose_policy(db, reference("2.25.1", 1), name="A", spif=b"<a/>", by="first", at=1)
    if is_accepted:
        accept_policy(db, "2.25.1", 1, "second", 2)
    before = rows.everything(db)
    wider = Clearance(policy_id="2.25.1", classifications=("SECRET",))
    with pytest.raises(AssertionError):
        propose_policy(db, reference("2.25.1", 1), name="A", spif=b"<a/>", by=by, at=3, own=wider)
    assert rows.everything(db) == before


def test_a_policy_shows_nothing_of_its_text(db: Writing) -> None:
    """
    What a policy says is in no representation of it.
    """
    propose_policy(db, reference("2.25.1", 1), name="A", spif=b"<secret/>", by="first", at=1)
    assert "secret" not in repr(policies(db))
