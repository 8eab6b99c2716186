# SPDX-License-Identifier: Apache-2.0
"""
Cards as people look at them: what a later one changes, before anybody signs or confirms it; a peer's chain.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from legation.errors import MalformedError
from legation.keys.card import Card, CardBody, ListedKey, PolicyReference, fingerprint
from legation.keys.renewal import KeyChange, changes
from legation.node.desk.reading import said
from legation.node.rules import read_card
from legation.node.surroundings import Surroundings
from legation.records import (
    CardChangeRecord,
    EvidenceRecord,
    KeyChangeRecord,
    KeyRecord,
    PeerCardRecord,
    PeerCardsRecord,
)
from legation.store.sqlite import node, peers
from legation.store.sqlite.database import Database, Reading
from legation.store.sqlite.peers import StoredCard


def change_record(before: CardBody, after: CardBody, words: tuple[str, ...] = ()) -> CardChangeRecord:
    """
    Say what a card changes.

    Args:
        before: The card before it, or any earlier one of the chain.
        after: The card.
        words: Its fingerprint; none as long as it is not signed whole.
    """
    found = changes(before, after)
    addresses = found.addresses or ((), ())
    policies = found.policies or ((), ())
    return CardChangeRecord(
        office=after.office,
        number=after.number,
        after=before.number,
        fingerprint=words,
        keys=tuple(map(_key_change, found.keys)),
        addresses_before=addresses[0],
        addresses=addresses[1],
        policies_before=_policies(policies[0]),
        policies=_policies(policies[1]),
    )


def _key_change(each: KeyChange) -> KeyChangeRecord:
    return KeyChangeRecord(
        role=each.role,
        algorithm=each.algorithm,
        key=each.key_id.hex(),
        was="" if each.before is None else each.before.value,
        state=each.after.value,
        since="" if each.since is None else said(each.since),
    )


def _policies(named: Sequence[PolicyReference]) -> tuple[str, ...]:
    return tuple(f"{each.id} version {each.version}" for each in named)


def key_records(body: CardBody) -> tuple[KeyRecord, ...]:
    """List the keys of a card, by role."""
    roles = (("item", body.item_keys), ("stream", body.stream_keys), ("seal", body.seal_keys))
    return tuple(
        KeyRecord(
            role=role,
            algorithm=each.key.algorithm,
            key=each.key.key_id.hex(),
            state=each.state.value,
            since=said(each.since) if isinstance(each, ListedKey) and each.since is not None else "",
        )
        for role, listed in roles
        for each in listed
    )


def own_card(number: int, database: Database) -> bytes:
    """
    Give a card of this office, for a peer that missed it.

    Raises:
        MalformedError: There is none of this number.
    """
    with database.read() as db:
        found = [each.data for each in node.own_cards(db) if each.number == number]
    if not found:
        raise MalformedError(f"this office has no card of number {number}")
    return found[0]


def read_peer_cards(office: str, *, database: Database, around: Surroundings) -> PeerCardsRecord:
    """
    Show the chain of a peer's cards, and what the one that waits would change.

    Raises:
        MalformedError: No card of that office is here.
    """
    with database.read() as db:
        stored = peers.cards_of(db, office)
        if not stored:
            raise MalformedError(f"there is no card of `{office}`", hint="legation peer add CARD")
        return _chain(db, office, stored, around)


def _chain(db: Reading, office: str, stored: Sequence[StoredCard], around: Surroundings) -> PeerCardsRecord:
    peer = peers.peer(db, office)
    assert peer is not None, "whoever has a card is a peer"
    cards = [read_card(each.data, around.verify) for each in stored]
    pinned = [card for each, card in zip(stored, cards, strict=True) if each.confirmed_by is not None]
    return PeerCardsRecord(
        office=office,
        link=peer.link,
        why=peer.because or peer.failure,
        root=cards[-1].body.root.key_id.hex(),
        cards=tuple(
            PeerCardRecord(
                number=each.number,
                time=said(card.body.time),
                fingerprint=fingerprint(card),
                added_by=each.added_by,
                confirmed_by=each.confirmed_by or "",
            )
            for each, card in zip(stored, cards, strict=True)
        ),
        keys=key_records(pinned[-1].body) if pinned else (),
        waits=_waiting(pinned, cards[-1]),
        evidence=tuple(
            EvidenceRecord(what=each.what, found=said(each.found_at)) for each in peers.evidence(db, office)
        ),
    )


def _waiting(pinned: Sequence[Card], newest: Card) -> CardChangeRecord | None:
    """What the newest card would change; None if it is trusted already."""
    if not pinned:
        return _all_new(newest)
    if pinned[-1].digest == newest.digest:
        return None
    return change_record(pinned[-1].body, newest.body, fingerprint(newest))


def _all_new(card: Card) -> CardChangeRecord:
    """A card of an office of which none is trusted: everything is new."""
    found = change_record(card.body, card.body, fingerprint(card))
    return replace(
        found,
        after=-1,
        keys=tuple(
            KeyChangeRecord(role=each.role, algorithm=each.algorithm, key=each.key, was="", state=each.state)
            for each in key_records(card.body)
        ),
        addresses=card.body.addresses,
        policies=_policies(card.body.policies),
    )
