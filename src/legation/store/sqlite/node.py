# SPDX-License-Identifier: Apache-2.0
"""
The node itself: whose it is, at which epoch, and what its own people hold.
"""

from dataclasses import dataclass

from legation.encoding import Codec, encode
from legation.labels import Clearance
from legation.store.sqlite.database import Reading, Writing

CLEARANCE_SIZE_BYTES_MAX = 1 << 20  # the fullest that the limits of a clearance allow is below that

CLEARANCE = Codec(Clearance, size_bytes_max=CLEARANCE_SIZE_BYTES_MAX, what="clearance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """
    The count of changes of what decides, and the next instant at which a date will change it.

    ``began_at`` is when the dates were looked at: before it they say something else.
    """

    number: int
    changes_at: int | None
    began_at: int = 0


def create_node(db: Writing, office: str, at: int) -> None:
    """Write down whose node this is; epoch 1 begins."""
    db.run("INSERT INTO node (one, office, created_at) VALUES (1, ?, ?)", (office, at))
    db.run("INSERT INTO epoch (one, number, began_at) VALUES (1, 1, ?)", (at,))


def office(db: Reading) -> str:
    """Whose node this is."""
    row = db.one("SELECT office FROM node")
    assert row is not None, "a store is made with its node"
    return str(row[0])


def epoch(db: Reading) -> Epoch:
    """The present epoch."""
    row = db.one("SELECT number, changes_at, began_at FROM epoch")
    assert row is not None, "a store is made with its epoch"
    return Epoch(number=row[0], changes_at=row[1], began_at=row[2])


def bump_epoch(db: Writing, *, changes_at: int | None, began_at: int = 0) -> int:
    """Begin the next epoch and give its number."""
    db.run("UPDATE epoch SET number = number + 1, changes_at = ?, began_at = ?", (changes_at, began_at))
    return epoch(db).number


def set_mission_clearance(db: Writing, clearance: Clearance, *, received: bool = False) -> None:
    """
    Set what the mission holds under a policy, which the clearance names by identifier.

    Args:
        db: The change.
        clearance: What it holds.
        received: Whether it is what others may hand to the mission, or what its own people may see.
    """
    db.run(
        "INSERT INTO mission_clearance (policy_id, purpose, clearance) VALUES (?, ?, ?) "
        "ON CONFLICT (policy_id, purpose) DO UPDATE SET clearance = excluded.clearance",
        (clearance.policy_id, "received" if received else "own", encode(clearance)),
    )


def mission_clearances(db: Reading, *, received: bool = False) -> tuple[Clearance, ...]:
    """
    What the mission's own people hold, by policy.

    With *received*: what others may hand to it; where nothing of this is set, what its own people hold.
    """
    found: dict[str, Clearance] = {}
    rows = db.rows("SELECT policy_id, purpose, clearance FROM mission_clearance ORDER BY policy_id, purpose")
    for policy_id, purpose, clearance in rows:
        # "own" stands before "received".
        if purpose == "own" or received:
            found[policy_id] = CLEARANCE.decode(clearance)
    return tuple(found.values())
