# SPDX-License-Identifier: Apache-2.0
"""
Links as an administrator looks at them: who is a peer, what it may see, and how far both sides are.
"""

from legation.keys.card import fingerprint
from legation.node.reading import said
from legation.node.rules import read_card
from legation.node.surroundings import Surroundings
from legation.records import GrantRecord, PeerRecord, PeersRecord
from legation.store.sqlite import incoming, items, outgoing, peers, withdrawals
from legation.store.sqlite.database import Database, Reading
from legation.store.sqlite.peers import StoredGrant, StoredPeer


def read_peers(*, database: Database, around: Surroundings) -> PeersRecord:
    """Every peer, by office."""
    with database.read() as db:
        return PeersRecord(peers=tuple(_peer(db, each, around) for each in peers.peers(db)))


def _peer(db: Reading, each: StoredPeer, around: Surroundings) -> PeerRecord:
    stored = peers.stored_card(db, each.office)
    assert stored is not None, "a peer has a card"
    card = read_card(stored.data, around.verify)
    sent, received = outgoing.stream(db, each.office), incoming.stream(db, each.office)
    apart = [one.because for one in items.quarantined(db) if one.source == each.office]
    apart += [one.because for one in withdrawals.quarantined(db) if one.source == each.office]
    return PeerRecord(
        office=each.office,
        card=card.body.number,
        fingerprint=fingerprint(card),
        added_by=stored.added_by,
        confirmed_by=stored.confirmed_by or "",
        link=each.link,
        why=each.because or each.failure,
        addresses=card.body.addresses,
        grants=tuple(
            _grant(grant)
            for grant in (*peers.grants(db, each.office), *peers.proposed_grants(db, each.office))
        ),
        heard="" if each.heard_at is None else said(each.heard_at),
        reached="" if each.reached_at is None else said(each.reached_at),
        received=0 if received is None else received.held.frontier.size,
        sent=0 if sent is None else sent.frontier.size,
        receipted=0 if sent is None else sent.receipt_size,
        quarantined=len(apart),
        why_quarantined=tuple(sorted(set(apart))),
    )


def _grant(each: StoredGrant) -> GrantRecord:
    return GrantRecord(
        policy=each.clearance.policy_id,
        levels=each.clearance.classifications,
        agreement=each.agreement,
        proposed_by=each.proposed_by,
        confirmed_by=each.confirmed_by or "",
        in_force=each.confirmed_by is not None,
    )
