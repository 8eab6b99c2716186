# SPDX-License-Identifier: Apache-2.0
"""
Links as an administrator looks at them: who is a peer, what it may see, and how far both sides are.
"""

from legation.keys.card import Card, fingerprint
from legation.log import key_name, names_key
from legation.node.desk.reading import said
from legation.node.rules import read_card
from legation.node.surroundings import Surroundings
from legation.records import GrantRecord, PeerRecord, PeersRecord
from legation.store.sqlite import destructions, incoming, items, node, outgoing, peers, withdrawals
from legation.store.sqlite.database import Database, Reading
from legation.store.sqlite.peers import StoredGrant, StoredPeer

SILENT_S = 3_600  # an idle link says something every five minutes


def read_peers(*, database: Database, around: Surroundings) -> PeersRecord:
    """Every peer, by office."""
    with database.read() as db:
        return PeersRecord(peers=tuple(_peer(db, each, around) for each in peers.peers(db)))


def _peer(db: Reading, each: StoredPeer, around: Surroundings) -> PeerRecord:
    stored = peers.stored_card(db, each.office)
    assert stored is not None or each.is_on_paper, "a peer with a node has a card"
    card = None if stored is None else read_card(stored.data, around.verify)
    pinned = peers.pinned_card(db, each.office)
    sent, received = outgoing.stream(db, each.office), incoming.stream(db, each.office)
    apart = [one.because for one in items.quarantined(db) if one.source == each.office]
    apart += [one.because for one in withdrawals.quarantined(db) if one.source == each.office]
    apart += [one.because for one in destructions.apart(db) if one.source == each.office]
    told, told_at = (0, None) if sent is None else outgoing.told(db, sent.stream_id)
    now = around.seconds()
    return PeerRecord(
        office=each.office,
        card=None if card is None else card.body.number,
        fingerprint=() if card is None else fingerprint(card),
        added_by="" if stored is None else stored.added_by,
        confirmed_by="" if stored is None else stored.confirmed_by or "",
        link=each.link,
        why=each.because or each.failure,
        addresses=() if card is None else card.body.addresses,
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
        trusted=None if pinned is None else read_card(pinned, around.verify).body.number,
        unheard=_unheard(db, each, around),
        asked_by=each.asked_by,
        on_paper=each.is_on_paper,
        told=told,
        told_at="" if told_at is None else said(told_at),
        silent=_silent(each, card, now) if pinned is not None else "",
        unsaid=_unsaid(each, 0 if sent is None else sent.frontier.size, told_at, now),
        protocol=each.protocol,
        asks_lower=peers.asks_lower(db, each.office) or "",
    )


def _silent(each: StoredPeer, card: Card | None, now: int) -> str:
    """
    Say since when a peer has neither asked nor answered, if that is too long; empty if not, or if no line is expected.

    What is dropped on the way leaves no other trace.
    """
    last = max(each.heard_at or 0, each.reached_at or 0)
    is_expected = last or (card is not None and card.body.addresses)
    if each.link != "active" or not is_expected or now - last <= SILENT_S:
        return ""
    return said(last) if last else "the beginning"


def _unsaid(each: StoredPeer, size: int, told_at: int | None, now: int) -> str:
    """Say since when a peer that is there has not said how much of our stream it holds, if that is too long."""
    is_there = now - max(each.heard_at or 0, each.reached_at or 0) <= SILENT_S
    if each.link != "active" or not size or not is_there or now - (told_at or 0) <= SILENT_S:
        return ""
    return "the beginning" if told_at is None else said(told_at)


def _unheard(db: Reading, each: StoredPeer, around: Surroundings) -> str:
    """
    Say if a peer has accepted nothing since our stream keys are others; empty if it has, or never had the old ones.

    It has if it answered us, or gave a receipt for what the present key signed: either takes that it knows that key.
    """
    own = node.own_cards(db)
    cards = [read_card(one.data, around.verify) for one in own]
    since = [
        (now.body.number, one.published_at)
        for before, now, one in zip(cards, cards[1:], own[1:], strict=False)
        if before.envelope_key != now.envelope_key
    ]
    if not since or each.is_on_paper:
        return ""
    number, at = since[-1]
    if (each.reached_at or 0) > at or _has_receipted(db, each.office, cards[-1]):
        return ""
    return f"has accepted nothing since our card {number}: it comes with its next pull, push or bag"


def _has_receipted(db: Reading, office: str, own: Card) -> bool:
    """Whether the newest receipt of a peer is for a checkpoint of our present key."""
    stream = outgoing.stream(db, office)
    found = None if stream is None else outgoing.receipt(db, stream.stream_id)
    return found is not None and names_key(found, key_name(str(own.office)), [own.envelope_key])


def _grant(each: StoredGrant) -> GrantRecord:
    return GrantRecord(
        policy=each.clearance.policy_id,
        levels=each.clearance.classifications,
        agreement=each.agreement,
        proposed_by=each.proposed_by,
        confirmed_by=each.confirmed_by or "",
        in_force=each.confirmed_by is not None,
    )
