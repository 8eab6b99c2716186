# SPDX-License-Identifier: Apache-2.0
"""
Policies: proposed by one person, accepted by another, kept as the bytes that labels name.
"""

from dataclasses import dataclass, field

from legation.encoding import encode
from legation.keys.card import PolicyReference
from legation.labels import Clearance
from legation.store.sqlite.database import Reading, Writing
from legation.store.sqlite.node import CLEARANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPolicy:
    """
    A policy's file, and who vouches for it; without ``accepted_by`` nothing is decided with it.

    ``own`` and ``received`` are what the mission is to hold under it, where that was proposed with it.
    """

    reference: PolicyReference
    name: str
    spif: bytes = field(repr=False)
    proposed_by: str
    accepted_by: str | None
    own: Clearance | None = None
    received: Clearance | None = None


def propose_policy(
    db: Writing,
    reference: PolicyReference,
    *,
    name: str,
    spif: bytes,
    by: str,
    at: int,
    own: Clearance | None = None,
    received: Clearance | None = None,
) -> None:
    """
    Keep a policy that nobody has accepted yet, in the place of the same file as it was proposed before.

    Args:
        db: The change.
        reference: Which policy.
        name: Its name.
        spif: Its file.
        by: Who proposes it.
        at: When.
        own: What the mission's own people are to see under it, if that is to be set.
        received: What others may hand to the mission under it, likewise.
    """
    db.run(
        "INSERT INTO policy (id, version, digest, name, spif, proposed_by, proposed_at, own, received) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id, version) DO UPDATE "
        "SET own = excluded.own, received = excluded.received, proposed_at = excluded.proposed_at "
        "WHERE digest = excluded.digest AND proposed_by = excluded.proposed_by AND accepted_by IS NULL",
        (
            reference.id,
            reference.version,
            reference.digest,
            name,
            spif,
            by,
            at,
            None if own is None else encode(own),
            None if received is None else encode(received),
        ),
    )
    assert db.changed() == 1, "there is one file of a version"


def accept_policy(db: Writing, id: str, version: int, by: str, at: int) -> None:
    """Accept a policy, as another person than proposed it."""
    db.run(
        "UPDATE policy SET accepted_by = ?, accepted_at = ? WHERE id = ? AND version = ? AND accepted_by IS NULL",
        (by, at, id, version),
    )
    assert db.changed() == 1, "what is accepted was proposed"


def policies(db: Reading) -> list[StoredPolicy]:
    """Every policy, accepted or not, by identifier and version."""
    rows = db.rows(
        "SELECT id, version, digest, name, spif, proposed_by, accepted_by, own, received FROM policy "
        "ORDER BY id, version"
    )
    return [
        StoredPolicy(
            reference=PolicyReference(id=id, version=version, digest=digest),
            name=name,
            spif=spif,
            proposed_by=proposed_by,
            accepted_by=accepted_by,
            own=None if own is None else CLEARANCE.decode(own),
            received=None if received is None else CLEARANCE.decode(received),
        )
        for id, version, digest, name, spif, proposed_by, accepted_by, own, received in rows
    ]
