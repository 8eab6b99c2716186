# SPDX-License-Identifier: Apache-2.0
"""
Reading: the inbox and the items that a node holds, as one reader may see them.

The reader comes first in every function. From the reader follows the set of access ids that may be
seen, from that set every query. What is forbidden is answered as what is not there: the same error,
the same words.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from legation.errors import MalformedError
from legation.item.view import Contents, View, cut, inspect, verify
from legation.keys.card import Card
from legation.labels import Policies, Reader
from legation.node.files import item_record, verification_record
from legation.node.rules import RuleBook, Rules, mission_reader
from legation.node.surroundings import Surroundings
from legation.records import (
    DeliveriesRecord,
    DeliveryRecord,
    InboxEntryRecord,
    InboxRecord,
    ItemRecord,
    VerificationRecord,
)
from legation.release import Because, DeliveryState, decide_label, disclosure_banner
from legation.store.blobs import Blobs
from legation.store.sqlite import access, deliveries, inbox, items, peers
from legation.store.sqlite.database import Database, Reading
from legation.store.sqlite.deliveries import StoredDelivery
from legation.store.sqlite.inbox import InboxListing
from legation.store.sqlite.peers import StoredPeer
from legation.words import english

SILENT_S = 120  # after two long polls that did not come, a peer counts as unreachable


def said(seconds: int) -> str:
    """Spell an instant: ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def begin_reading(db: Reading, reader: Reader, rules: Rules) -> frozenset[int]:
    """Work out what *reader* may see, and bind the queries of this reading to it."""
    allowed = frozenset(
        number
        for number, (reference, label) in rules.labels.items()
        if decide_label(rules.policies, reader, reference, label).permitted
    )
    access.allow(db, allowed)
    return allowed


def read_inbox(name: str, *, card: Card, database: Database, around: Surroundings) -> InboxRecord:
    """The inbox as the mission's people may see it, newest first."""
    with database.read() as db:
        rules = RuleBook(card, around).at(db)
        begin_reading(db, mission_reader(db, name, around.now()), rules)
        return InboxRecord(entries=tuple(_listed(each, rules) for each in inbox.rows(db)))


def _listed(each: InboxListing, rules: Rules) -> InboxEntryRecord:
    return InboxEntryRecord(
        item=each.item_id.hex(),
        reference=each.reference,
        author=each.office,
        kind=each.kind,
        time=said(each.time),
        received=said(each.received_at),
        banner=disclosure_banner(rules.policies, [rules.labels[one] for one in each.access_ids]),
        title=each.title or "",
        source="" if each.source == each.office else each.source,
    )


def find_view(db: Reading, text: str, reader: Reader, rules: Rules, blobs: Blobs) -> Contents:
    """
    Find one item by its reference, its id or the beginning of it, and cut it to what *reader* may see.

    Raises:
        MalformedError: There is none, none that may be seen, or more than one.
    """
    allowed = begin_reading(db, reader, rules)
    found = items.find_items(db, text)
    if len(found) != 1:
        problem = "no item" if not found else "more than one item"
        raise MalformedError(f"{problem} of this reference or id", hint="legation inbox lists what there is")
    data = items.readable_view(db, found[0], blobs)
    contents = inspect(data)
    return inspect(cut(contents, lambda layer: rules.access_id(layer) in allowed))


def show_item(
    text: str,
    name: str,
    languages: Sequence[str],
    *,
    card: Card,
    database: Database,
    blobs: Blobs,
    around: Surroundings,
) -> ItemRecord:
    """
    Show an item to the mission's people; its signature is verified again each time.

    Raises:
        MalformedError: There is none of this reference or id that may be seen.
        VerificationError: What is stored does not verify any more.
    """
    view, policies = _verified(text, name, card=card, database=database, blobs=blobs, around=around)
    return item_record(view, policies, languages)


def verify_item(
    text: str, name: str, *, card: Card, database: Database, blobs: Blobs, around: Surroundings
) -> VerificationRecord:
    """
    Hold a stored item against its author's card.

    Raises:
        MalformedError: There is none of this reference or id that may be seen.
        VerificationError: It does not hold.
    """
    view, policies = _verified(text, name, card=card, database=database, blobs=blobs, around=around)
    return verification_record(view, policies, around.now())


def _verified(
    text: str, name: str, *, card: Card, database: Database, blobs: Blobs, around: Surroundings
) -> tuple[View, Policies]:
    with database.read() as db:
        rules = RuleBook(card, around).at(db)
        contents = find_view(db, text, mission_reader(db, name, around.now()), rules, blobs)
    return verify(contents.data, rules.pinned), rules.policies


def read_deliveries(*, database: Database, around: Surroundings) -> DeliveriesRecord:
    """What became of everything that was released here, the newest release first."""
    now = around.seconds()
    with database.read() as db:
        links = {each.office: each for each in peers.peers(db)}
        return DeliveriesRecord(
            deliveries=tuple(
                _delivery(each, links.get(each.office), now) for each in deliveries.deliveries(db)
            )
        )


def _delivery(each: StoredDelivery, link: StoredPeer | None, now: int) -> DeliveryRecord:
    return DeliveryRecord(
        item=each.item_id.hex(),
        reference=each.reference,
        addressee=each.office,
        state=each.state.value,
        why=english.delivery(_because(each, link, now).value or each.state.value),
        since=said(each.changed_at),
        number=each.number,
    )


def _because(each: StoredDelivery, link: StoredPeer | None, now: int) -> Because:
    """Why a delivery stands where it stands; for one that waits, the link says it."""
    if each.state is not DeliveryState.WAITING:
        return each.because
    if link is None or link.heard_at is None:
        return Because.NO_CONNECTION
    if link.link != "active":
        return Because.LINK_STOPPED
    return Because.NOT_YET_PULLED if now - link.heard_at <= SILENT_S else Because.UNREACHABLE
