# SPDX-License-Identifier: Apache-2.0
"""
Reading: the inbox and the items that a node holds, as one reader may see them.

The reader comes first in every function. From the reader follows the set of access ids that may be
seen, from that set every query. What is forbidden is answered as what is not there: the same error,
the same words.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from msgspec.structs import replace

from legation.item.substance import substance_of
from legation.item.view import Contents, View, cut, inspect, verify
from legation.keys.card import Card
from legation.labels import Policies, Reader
from legation.node.desk.versions import check_standing, find_item, find_own
from legation.node.files import as_report, item_record, verification_record
from legation.node.rules import RuleBook, Rules, mission_reader, read_card
from legation.node.surroundings import Surroundings
from legation.records import (
    CertificateRecord,
    DeliveriesRecord,
    DeliveryRecord,
    InboxEntryRecord,
    InboxRecord,
    ItemRecord,
    VerificationRecord,
    VersionRecord,
)
from legation.release import Because, DeliveryState, decide_label, disclosure_banner
from legation.store.blobs import Blobs
from legation.store.sqlite import access, deliveries, destructions, inbox, items, peers, versions, withdrawals
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.deliveries import StoredDelivery
from legation.store.sqlite.destructions import StoredDestruction
from legation.store.sqlite.inbox import InboxListing
from legation.store.sqlite.peers import StoredPeer
from legation.store.sqlite.versions import Version
from legation.words import english

WAS_RECEIVED = frozenset({Because.RECEIVED_BEFORE, Because.WITHDRAWAL_RECEIVED, Because.NOT_RECEIVED})
"""Of what was withdrawn: its addressee may have had it. Whoever certifies that it is destroyed had it."""
SILENT_S = 120  # after two long polls that did not come, a peer counts as unreachable
VERSIONS_NAMED_MAX = 100  # before and after the one that is shown; each of them names its own neighbours


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


@contextmanager
def mission_reading(db: Writing, rules: Rules, around: Surroundings) -> Iterator[frozenset[int]]:
    """
    Look in a change as the mission's people see it; afterwards nothing may be seen in it again.

    Gives the access ids that they may see.
    """
    allowed = begin_reading(db, mission_reader(db, rules.office, around.now()), rules)
    try:
        yield allowed
    finally:
        access.allow(db, ())


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
        replaces=each.replaces.hex() if each.replaces is not None else "",
        back_file=each.is_back_file,
    )


def find_view(db: Reading, text: str, reader: Reader, rules: Rules, blobs: Blobs) -> Contents:
    """
    Find one item by its reference, its id or the beginning of it, and cut it to what *reader* may see.

    Raises:
        MalformedError: There is none, none that may be seen, or more than one.
    """
    allowed = begin_reading(db, reader, rules)
    data = items.readable_view(db, find_item(db, text).item_id, blobs)
    return inspect(cut(inspect(data), lambda layer: rules.access_id(layer) in allowed))


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

    Of one that was withdrawn it is shown that it was, and nothing that it said.

    Raises:
        MalformedError: There is none of this reference or id that may be seen.
        VerificationError: What is stored does not verify any more.
    """
    with database.read() as db:
        rules = RuleBook(card, around).at(db)
        contents = find_view(db, text, mission_reader(db, name, around.now()), rules, blobs)
        history = _History.of(db, contents.item_id)
        source = items.passed_on_by(db, contents.item_id)
    # What is held was judged by the key that signed it; its author may have revoked that key since.
    view = verify(contents.data, rules.pinned, trusts_revoked=True)
    shown = item_record(view, rules.policies, languages)
    shown = replace(shown, earlier=history.earlier, later=history.later, source=source)
    if history.withdrawn:
        return replace(shown, withdrawn=history.withdrawn, banner="", portions=())
    return shown


@dataclass(frozen=True, kw_only=True)
class _History:
    """Whether an item was withdrawn, and the other versions that a reader had or has."""

    withdrawn: str
    earlier: tuple[VersionRecord, ...]
    later: tuple[VersionRecord, ...]

    @classmethod
    def of(cls, db: Reading, item_id: bytes) -> "_History":
        """That of an item which the reader may see."""
        item = items.item(db, item_id)
        assert item is not None, "what was found is there"
        at = withdrawals.withdrawn_at(db, item_id, item.office)
        noticed = versions.noticed_versions(db, item.document, item.office)
        place = next((n for n, each in enumerate(noticed) if each.item_id == item_id), len(noticed))
        return cls(
            withdrawn="" if at is None else said(at),
            earlier=tuple(map(_version, noticed[:place][-VERSIONS_NAMED_MAX:])),
            later=tuple(map(_version, noticed[place + 1 :][:VERSIONS_NAMED_MAX])),
        )


def _version(each: Version) -> VersionRecord:
    return VersionRecord(
        item=each.item_id.hex(),
        reference=each.reference,
        time=said(each.time),
        withdrawn="" if each.withdrawn_at is None else said(each.withdrawn_at),
    )


def show_report(
    text: str, name: str, *, card: Card, database: Database, blobs: Blobs, around: Surroundings
) -> bytes:
    """
    Write an item that was released here as a report again, as far as the mission's people may see it.

    Without its addressees: a new version goes to them unless it names others.

    Raises:
        MalformedError: There is no such item of ours that may be seen, or it says what Markdown cannot.
        RefusedError: It was withdrawn.
    """
    with database.read() as db:
        rules = RuleBook(card, around).at(db)
        reader = mission_reader(db, name, around.now())
        contents = find_view(db, text, reader, rules, blobs)
        check_standing(db, find_own(db, contents.item_id.hex()))
    return as_report(substance_of(contents), rules.policies)


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
    return verify(contents.data, rules.pinned, trusts_revoked=True), rules.policies


def read_deliveries(*, database: Database, around: Surroundings) -> DeliveriesRecord:
    """What became of everything that was released here, the newest release first."""
    now = around.seconds()
    with database.read() as db:
        links = {each.office: each for each in peers.peers(db)}
        told = withdrawals.told(db)
        certified = destructions.all_certified(db)
        lineless = frozenset(office for office in links if _has_no_line(db, links[office], around))
        return DeliveriesRecord(
            deliveries=tuple(
                _delivery(
                    each,
                    links.get(each.office),
                    now,
                    is_told=told.get((each.office, each.item_id), False),
                    has_no_line=each.office in lineless,
                    certified=certified.get((each.office, each.item_id)),
                )
                for each in deliveries.deliveries(db)
            )
        )


def _has_no_line(db: Reading, link: StoredPeer, around: Surroundings) -> bool:
    """Whether a confirmed peer has never asked for anything, and names no address where it could be asked."""
    data = peers.pinned_card(db, link.office) if link.heard_at is None else None
    return data is not None and not read_card(data, around.verify).body.addresses


def _delivery(
    each: StoredDelivery,
    link: StoredPeer | None,
    now: int,
    *,
    is_told: bool,
    has_no_line: bool,
    certified: StoredDestruction | None,
) -> DeliveryRecord:
    because = _because(each, link, now, is_told=is_told, has_no_line=has_no_line)
    if certified is not None and (each.state is DeliveryState.RECEIPTED or because in WAS_RECEIVED):
        because = Because.CERTIFIED
    return DeliveryRecord(
        item=each.item_id.hex(),
        reference=each.reference,
        addressee=each.office,
        state=each.state.value,
        why=english.delivery(because.value or each.state.value),
        since=said(each.changed_at),
        number=each.number,
        copy=each.copy,
        certificate=certificate_record(certified)
        if certified is not None and because is Because.CERTIFIED
        else None,
    )


def certificate_record(found: StoredDestruction) -> CertificateRecord:
    """Tell a certificate of destruction that is kept."""
    return CertificateRecord(
        item=found.item_id.hex(),
        office=found.office,
        destroyed=said(found.destroyed_at),
        data=found.data,
        withdrawal=found.withdrawal.hex(),
    )


def _is_stuck(each: StoredDelivery, link: StoredPeer | None) -> bool:
    """Whether a numbered delivery is, or stands behind, what was too long to be pushed; a receipt ends that."""
    too_long = None if link is None else link.too_long
    return too_long is not None and each.number is not None and each.number >= too_long


def _because(
    each: StoredDelivery, link: StoredPeer | None, now: int, *, is_told: bool, has_no_line: bool
) -> Because:
    """
    Why a delivery stands where it stands; for one that waits, the link says it.

    *is_told*: whether the addressee has receipted that the item was withdrawn. *has_no_line*: whether nothing but
    a bag has ever reached them.
    """
    if each.state is DeliveryState.WITHDRAWN and each.because is Because.RECEIVED_BEFORE and is_told:
        return Because.WITHDRAWAL_RECEIVED
    if each.state is DeliveryState.NUMBERED and _is_stuck(each, link):
        return Because.TOO_LONG_TO_PUSH
    if each.state is not DeliveryState.WAITING:
        return each.because
    if link is not None and link.link != "active" and (link.is_on_paper or link.heard_at is not None):
        return Because.LINK_STOPPED
    if link is not None and link.is_on_paper:
        return Because.TO_BE_PRINTED
    if link is None or link.heard_at is None:
        return Because.WAITS_FOR_BAG if has_no_line else Because.NO_CONNECTION
    return Because.NOT_YET_PULLED if now - link.heard_at <= SILENT_S else Because.UNREACHABLE
