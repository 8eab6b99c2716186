# SPDX-License-Identifier: Apache-2.0
"""
Policies that peers have offered: what is listed, by the entry that brought it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from legation.keys.card import PolicyReference
from legation.store.blobs import Blobs
from legation.store.sqlite import incoming
from legation.store.sqlite.database import Reading, Row, Writing

OFFERS_MAX = 64  # of one office; then the oldest leaves the list


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOffer:
    """
    A policy that an office has offered, and the entry of its stream that has the file.

    ``stated_by``: the name of the authority's keys under the statement that came with it; empty if none came.
    """

    office: str
    reference: PolicyReference
    name: str
    stated_by: str
    stream_id: int
    number: int
    offered_at: int


def add(db: Writing, offer: StoredOffer) -> None:
    """Keep an offer; the same file of the same office once."""
    db.run(
        "INSERT OR IGNORE INTO policy_offer (office, id, version, digest, name, stated_by, stream_id, number, "
        "offered_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            offer.office,
            offer.reference.id,
            offer.reference.version,
            offer.reference.digest,
            offer.name,
            offer.stated_by,
            offer.stream_id,
            offer.number,
            offer.offered_at,
        ),
    )
    db.run(
        "DELETE FROM policy_offer WHERE offer_id IN ("
        "SELECT offer_id FROM policy_offer WHERE office = ? ORDER BY offer_id DESC LIMIT -1 OFFSET ?)",
        (offer.office, OFFERS_MAX),
    )


def offers(db: Reading) -> list[StoredOffer]:
    """Every offer, by policy, version and office."""
    rows = db.rows(
        "SELECT office, id, version, digest, name, stated_by, stream_id, number, offered_at FROM policy_offer "
        "ORDER BY id, version, office, offer_id"
    )
    return [_offer(row) for row in rows]


def _offer(row: Row) -> StoredOffer:
    office, id, version, digest, name, stated_by, stream_id, number, offered_at = row
    return StoredOffer(
        office=office,
        reference=PolicyReference(id=id, version=version, digest=digest),
        name=name,
        stated_by=stated_by,
        stream_id=stream_id,
        number=number,
        offered_at=offered_at,
    )


def payload(db: Reading, offer: StoredOffer, blobs: Blobs) -> bytes | None:
    """
    The payload of the entry that brought an offer; None if there is none.

    Raises:
        StoreError: It is damaged.
    """
    found = incoming.entries(db, offer.stream_id, offer.number, count_max=1, blobs=blobs)
    return found[0].payload if found and found[0].number == offer.number else None


def was_made(db: Reading, stream_id: int, payload_hash: bytes) -> bool:
    """Whether a stream of ours has offered exactly this."""
    row = db.one(
        "SELECT 1 FROM outgoing_entry WHERE kind = 'policy' AND stream_id = ? AND payload_hash = ?",
        (stream_id, payload_hash),
    )
    return row is not None


def made(db: Reading) -> Iterator[tuple[int, int, bytes]]:
    """Every offer that our streams have made: stream, number, and the hash of its payload."""
    yield from db.rows(
        "SELECT stream_id, number, payload_hash FROM outgoing_entry WHERE kind = 'policy' "
        "ORDER BY stream_id, payload_hash"
    )
