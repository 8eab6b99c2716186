# SPDX-License-Identifier: Apache-2.0
"""
What a correspondent has been given so far: one question, one answer.

It is read from what was done: deliveries with an entry in a stream or a copy on paper, the payloads of the entries,
the receipts. As everywhere, an item of which the mission's people may see nothing is not listed, and a banner says
only labels that they may see.
"""

from legation.errors import MalformedError
from legation.exchange import read_view
from legation.keys.card import Card
from legation.node.desk.passable import shown_layers
from legation.node.desk.reading import begin_reading, said
from legation.node.rules import RuleBook, Rules, mission_reader
from legation.node.surroundings import Surroundings
from legation.records import GivenEntryRecord, GivenRecord
from legation.release import disclosure_banner
from legation.store.blobs import Blobs
from legation.store.sqlite import given, outgoing, peers
from legation.store.sqlite.database import Database, Reading
from legation.store.sqlite.given import StoredGiven
from legation.words import english

GIVEN_MAX = 1_000  # listed at once: some 0.3 s, for of each the copy is opened
GIVEN_LISTED = 100  # unless more is asked for


def read_given(
    office: str,
    *,
    since: int = 0,
    after: int = 0,
    limit: int = GIVEN_LISTED,
    card: Card,
    database: Database,
    blobs: Blobs,
    around: Surroundings,
) -> GivenRecord:
    """
    List what a correspondent was handed, in the order in which it was approved.

    Args:
        office: The correspondent.
        since: Only what was handed over then or later, in seconds since 1970.
        after: ``next`` of the page before.
        limit: How many at most, from 1 to ``GIVEN_MAX``.
        card: The office's own card.
        database: The node's store.
        blobs: Where long payloads are.
        around: Clock and dice.

    Raises:
        MalformedError: It is no correspondent, or the limit is out of range.
        StoreError: A payload is damaged.
    """
    if not 1 <= limit <= GIVEN_MAX:
        raise MalformedError(f"expected to list 1 to {GIVEN_MAX}, got {limit}")
    with database.read() as db:
        if peers.peer(db, office) is None:
            raise MalformedError(f"`{office}` is no correspondent", hint="legation peer list")
        rules = RuleBook(card, around).at(db)
        allowed = begin_reading(db, mission_reader(db, rules.office, around.now()), rules)
        found = given.given(db, office, since=since, after=after, count=limit + 1)
        return GivenRecord(
            office=office,
            entries=tuple(_record(db, each, allowed, rules, blobs) for each in found[:limit]),
            next=found[limit - 1].delivery_id if len(found) > limit else 0,
        )


def _record(
    db: Reading, each: StoredGiven, allowed: frozenset[int], rules: Rules, blobs: Blobs
) -> GivenEntryRecord:
    layers = _layers(db, each, rules, blobs) & allowed
    return GivenEntryRecord(
        item=each.item_id.hex(),
        reference=each.reference,
        author="" if each.author == rules.office else each.author,
        state=each.state.value,
        why=english.delivery(each.because.value or each.state.value),
        handed=said(each.handed_at),
        released_by=each.released_by,
        released=said(each.released_at),
        banner=disclosure_banner(rules.policies, [rules.labels[one] for one in sorted(layers)]),
        number=each.number,
        copy=each.copy,
        receipted="" if each.receipted_at is None else said(each.receipted_at),
        receipt=_receipt(each),
        has=each.is_newest,
        back_file=each.slip.back_file,
    )


def _layers(db: Reading, each: StoredGiven, rules: Rules, blobs: Blobs) -> frozenset[int]:
    """The access ids of what a copy shows; of one that was taken back, what was approved and not left out."""
    if each.stream_id is not None and each.number is not None:
        payload = outgoing.payload(db, each.stream_id, each.number, blobs)
        if payload is not None:
            return frozenset(shown_layers(read_view(payload)[1], rules))
    return each.labels


def _receipt(each: StoredGiven) -> str:
    if each.receipt_size is None or each.incarnation is None:
        return ""
    return f"{each.incarnation.hex()}/{each.receipt_size}"
