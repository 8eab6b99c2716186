# SPDX-License-Identifier: Apache-2.0
"""
The check of policies that were offered: each row says what its entry brings, and what we offered is in the log.
"""

from functools import partial

from legation.errors import StoreError
from legation.labels import reference_to
from legation.log import LogKind
from legation.node.checking.findings import Findings
from legation.node.checking.log import Logged
from legation.node.peers.offering import read_offered
from legation.store.blobs import Blobs
from legation.store.sqlite import checks, offers
from legation.store.sqlite.database import Reading
from legation.store.sqlite.offers import StoredOffer


def check_offers(db: Reading, found: Findings, logged: Logged, blobs: Blobs) -> None:
    """Hold every offer that came against its entry, and every one that we made against the log."""
    found.expect("offered policies", checks.count(db, "policy_offer"))
    for offer in offers.offers(db):
        where = f"policy offered by {offer.office}, entry {offer.number}"
        found.hold("offered policies", where, partial(_offer, db, offer, blobs))
    for stream_id, number, payload_hash in offers.made(db):
        where = f"policy that we offered, stream {stream_id}, entry {number}"
        found.hold("policies we offered", where, partial(_made, logged, payload_hash))


def _offer(db: Reading, offer: StoredOffer, blobs: Blobs) -> None:
    """
    Hold an offer against its entry.

    Raises:
        LegationError: It does not hold.
    """
    payload = offers.payload(db, offer, blobs)
    if payload is None:
        raise StoreError("its entry is missing")
    policy, stated_by = read_offered(payload)
    if (reference_to(policy), policy.name, stated_by) != (offer.reference, offer.name, offer.stated_by):
        raise StoreError("its entry brings another one than its row says")


def _made(logged: Logged, payload_hash: bytes) -> None:
    logged.claim(LogKind.OFFERED, payload_hash)
