# SPDX-License-Identifier: Apache-2.0
"""
The node itself: whose it is, at which epoch, and what its own people hold.
"""

from dataclasses import dataclass, field

from legation.encoding import Codec, encode
from legation.keys.card import Card
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCard:
    """A card of this office, and when it took the place of the one before, in seconds since 1970."""

    number: int
    digest: bytes
    published_at: int
    data: bytes = field(repr=False)


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


def add_own_card(db: Writing, card: Card, at: int) -> None:
    """Write down the next card of this office."""
    db.run(
        "INSERT INTO own_card (number, digest, published_at, data) VALUES (?, ?, ?, ?)",
        (card.body.number, card.digest, at, card.data),
    )


def own_cards(db: Reading) -> list[OwnCard]:
    """Every card of this office, from the first one on."""
    rows = db.rows("SELECT number, digest, published_at, data FROM own_card ORDER BY number")
    return [
        OwnCard(number=number, digest=digest, published_at=at, data=data) for number, digest, at, data in rows
    ]


def newest_own_card(db: Reading) -> OwnCard:
    """The newest card of this office."""
    row = db.one("SELECT number, digest, published_at, data FROM own_card ORDER BY number DESC LIMIT 1")
    assert row is not None, "a store is made with its office's card"
    number, digest, at, data = row
    return OwnCard(number=number, digest=digest, published_at=at, data=data)


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
