# SPDX-License-Identifier: Apache-2.0
"""
Policies: proposed by one person, accepted by another, kept as the bytes that labels name.
"""

from dataclasses import dataclass, field

from legation.keys.card import PolicyReference
from legation.store.sqlite.database import Reading, Writing


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPolicy:
    """A policy's file, and who vouches for it; without ``accepted_by`` nothing is decided with it."""

    reference: PolicyReference
    name: str
    spif: bytes = field(repr=False)
    proposed_by: str
    accepted_by: str | None


def propose_policy(
    db: Writing, reference: PolicyReference, *, name: str, spif: bytes, by: str, at: int
) -> None:
    """Keep a policy that nobody has accepted yet."""
    db.run(
        "INSERT INTO policy (id, version, digest, name, spif, proposed_by, proposed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (reference.id, reference.version, reference.digest, name, spif, by, at),
    )


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
        "SELECT id, version, digest, name, spif, proposed_by, accepted_by FROM policy ORDER BY id, version"
    )
    return [
        StoredPolicy(
            reference=PolicyReference(id=id, version=version, digest=digest),
            name=name,
            spif=spif,
            proposed_by=proposed_by,
            accepted_by=accepted_by,
        )
        for id, version, digest, name, spif, proposed_by, accepted_by in rows
    ]
