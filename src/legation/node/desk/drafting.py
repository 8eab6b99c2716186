# SPDX-License-Identifier: Apache-2.0
"""
Drafts of a node: kept, found again, and previewed against the grants of their addressees.
"""

from msgspec.structs import replace

from legation.errors import MalformedError, RefusedError
from legation.formats import markdown
from legation.item.draft import Draft
from legation.item.substance import substance_of, substance_of_draft
from legation.keys.card import Card
from legation.labels.label import check_name
from legation.node.desk.approving import approvable
from legation.node.desk.attaching import Attaching, measure_in
from legation.node.desk.comparing import compared
from legation.node.desk.quoting import check_quotations, quotations
from legation.node.desk.reading import begin_reading, find_view
from legation.node.desk.versions import check_newest, find_own
from legation.node.files import preview_record
from legation.node.rules import RuleBook, mission_reader, policies_at_hand
from legation.node.surroundings import Surroundings
from legation.records import PreviewRecord
from legation.store.blobs import Blobs
from legation.store.sqlite import deliveries, drafts
from legation.store.sqlite.database import Database, Reading, Writing

DIGEST_SIZE_BYTES = 32  # SHA-256
PREFIX_LENGTH_MIN = 8  # characters of a digest that people may type instead of all 64
DIGITS = frozenset("0123456789abcdef")


def store_draft(
    report: bytes,
    *,
    by: str,
    card: Card,
    database: Database,
    blobs: Blobs,
    around: Surroundings,
    attaching: Attaching | None = None,
) -> Draft:
    """
    Read a report under the policies at hand and keep it as a draft; the same report is the same draft.

    Args:
        report: Portion-marked Markdown.
        by: Who wrote it.
        card: The office's own card.
        database: The node's store.
        blobs: Where long views are.
        around: Clock and dice.
        attaching: Keeps the files that it names; without it none may be named.

    Raises:
        MalformedError: ``faults`` names every line that is wrong.
        RefusedError: Words of another office are marked lower than they came (``quoting``).
    """
    check_name(by, "name")
    with database.read() as db:
        draft = _read(report, db, card, attaching)
        _check_words(db, draft, card, blobs, around)
    return _stored(draft, by, database, around, attaching)


def store_version(
    report: bytes,
    *,
    replaces: str,
    by: str,
    card: Card,
    database: Database,
    blobs: Blobs,
    around: Surroundings,
    attaching: Attaching | None = None,
) -> Draft:
    """
    Read a report as the next version of an item that was released here, and keep it as a draft.

    If the report names no addressees, they are those of the versions before, each with their last slip.

    Args:
        report: Portion-marked Markdown.
        replaces: Reference or id of the item, or the beginning of it.
        by: Who wrote it.
        card: The office's own card.
        database: The node's store.
        blobs: Where long views are.
        around: Clock and dice.
        attaching: Keeps the files that it names; without it none may be named.

    Raises:
        MalformedError: ``faults`` names every line that is wrong; or there is no such item of ours that the
            mission's people may see.
        RefusedError: It was replaced already, or says just this; or as for a draft.
    """
    check_name(by, "name")
    with database.read() as db:
        draft = _read(report, db, card, attaching)
        _check_words(db, draft, card, blobs, around)
        rules = RuleBook(card, around).at(db)
        contents = find_view(db, replaces, mission_reader(db, rules.office, around.now()), rules, blobs)
        item = find_own(db, contents.item_id.hex())
        check_newest(db, item)
        # Compared with what may be seen here, or the answer would tell what else there is.
        if substance_of(contents) == substance_of_draft(draft):
            raise RefusedError("the report says what the item says that it is to replace")
        slips = draft.slips or tuple(deliveries.addressees_of(db, item.document).values())
    return _stored(replace(draft, replaces=item.item_id, slips=slips), by, database, around, attaching)


def _read(report: bytes, db: Reading, card: Card, attaching: Attaching | None) -> Draft:
    measure = markdown.no_files if attaching is None else measure_in(attaching.files)
    return markdown.read(report, policies_at_hand(db), party=card.office.party, measure=measure)


def _check_words(db: Reading, draft: Draft, card: Card, blobs: Blobs, around: Surroundings) -> None:
    """Refuse another office's words under a lower mark than they came with, as the mission's people know it."""
    if quotations(draft, str(card.office)):
        rules = RuleBook(card, around).at(db)
        allowed = begin_reading(db, mission_reader(db, rules.office, around.now()), rules)
        check_quotations(db, draft, allowed, rules, blobs)


def _stored(
    draft: Draft, by: str, database: Database, around: Surroundings, attaching: Attaching | None
) -> Draft:
    def keep(db: Writing) -> None:
        drafts.save_draft(db, draft, by, around.seconds())

    if attaching is None:
        database.write(keep)
    else:
        attaching.keep(draft, keep)
    return draft


def find_draft(db: Reading, text: str) -> Draft:
    """
    Find a draft by its digest or the beginning of it.

    Raises:
        MalformedError: There is none, or more than one.
    """
    typed = text.lower()
    is_digest = PREFIX_LENGTH_MIN <= len(typed) <= 2 * DIGEST_SIZE_BYTES and not set(typed) - DIGITS
    found = drafts.find_draft(db, typed) if is_digest else []
    if len(found) != 1:
        problem = "no draft" if not found else "more than one draft"
        raise MalformedError(f"{problem} of this id", hint="compose prints the id of a draft")
    draft = drafts.draft(db, found[0])
    assert draft is not None, "a digest that was found names a draft"
    return draft


def preview_draft(
    text: str, *, card: Card, database: Database, blobs: Blobs, around: Surroundings
) -> PreviewRecord:
    """
    Preview a stored draft against the grants of its addressees, and against what they have of it already.

    Raises:
        MalformedError: There is no such draft, or it has no addressees.
    """
    with database.read() as db:
        draft = find_draft(db, text)
        rules = RuleBook(card, around).at(db)
        check_addressees(draft, rules.office)
        found = approvable(draft, rules)
        record = preview_record(found.preview)
        if draft.replaces is not None:
            record = compared(db, record, found, rules, blobs)
    return replace(record, preview=found.digest.hex())


def check_addressees(draft: Draft, office: str) -> None:
    """
    Refuse a draft that goes to nobody, or to its own office.

    Raises:
        MalformedError: It does.
    """
    if not draft.slips:
        raise MalformedError("the draft has no addressees", hint="name them: action: KOR, or info: KOR")
    if office in {slip.addressee for slip in draft.slips}:
        raise MalformedError("the draft is addressed to its own office")


def typed_digest(text: str) -> bytes:
    """
    Read a digest that a person typed whole.

    Raises:
        MalformedError: It is none.
    """
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != DIGEST_SIZE_BYTES:
        raise MalformedError("this is no id of a preview", hint="preview prints it, 64 characters")
    return found
