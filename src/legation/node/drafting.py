# SPDX-License-Identifier: Apache-2.0
"""
Drafts of a node: kept, found again, and previewed against the grants of their addressees.

``approvable`` is what a releasing officer looks at: every addressee's copy and, for each, exactly the
labels that it would show. Its digest stands for it; ``releasing`` compares it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from msgspec.structs import replace

from legation.encoding import Canonical, encode
from legation.errors import MalformedError
from legation.formats import markdown
from legation.item.draft import Draft
from legation.keys.card import Card, PolicyReference
from legation.labels import Label
from legation.labels.label import check_name
from legation.node.files import preview_record
from legation.node.rules import RuleBook, Rules, policies_at_hand
from legation.node.surroundings import Surroundings
from legation.records import PreviewRecord
from legation.release import Preview, decide_label, preview
from legation.store.sqlite import drafts
from legation.store.sqlite.database import Database, Reading

DIGEST_SIZE_BYTES = 32  # SHA-256
PREFIX_LENGTH_MIN = 8  # characters of a digest that people may type instead of all 64
DIGITS = frozenset("0123456789abcdef")


def store_draft(report: bytes, *, by: str, card: Card, database: Database, around: Surroundings) -> Draft:
    """
    Read a report under the policies at hand and keep it as a draft; the same report is the same draft.

    Raises:
        MalformedError: ``faults`` names every line that is wrong.
    """
    check_name(by, "name")
    with database.read() as db:
        draft = markdown.read(report, policies_at_hand(db), party=card.office.party)
    database.write(lambda db: drafts.save_draft(db, draft, by, around.seconds()))
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


class Approved(Canonical, frozen=True):
    """One addressee's copy as it is approved: these layers, each a policy and a label."""

    office: str
    layers: tuple[tuple[PolicyReference, Label], ...]


@dataclass(frozen=True, kw_only=True)
class Approvable:
    """What is approved by approving a draft now: its copies, and per addressee the labels in them."""

    draft: Draft
    preview: Preview
    approved: tuple[Approved, ...]

    @cached_property
    def digest(self) -> bytes:
        """What stands for all of it."""
        return approval_digest(self.draft.digest, self.approved)

    @property
    def by_office(self) -> Mapping[str, Approved]:
        """The approved copies by addressee."""
        return {each.office: each for each in self.approved}


def approval_digest(draft: bytes, approved: tuple[Approved, ...]) -> bytes:
    """SHA-256 of the digest of a draft and all that is approved with it, in the order of its slips."""
    return sha256(b"legation/preview/v1\n" + draft + encode(approved)).digest()


def approvable(draft: Draft, rules: Rules) -> Approvable:
    """Work out every addressee's copy under the present rules."""
    readers = [rules.reader(slip.addressee) for slip in draft.slips]
    labels = {each.label: draft.references[each.label.policy_id] for each in draft.portions}
    approved = tuple(
        Approved(
            office=reader.name,
            layers=tuple(
                (named, label)
                for label, named in labels.items()
                if decide_label(rules.policies, reader, named, label).permitted
            ),
        )
        for reader in readers
    )
    return Approvable(draft=draft, preview=preview(draft, rules.policies, readers), approved=approved)


def preview_draft(text: str, *, card: Card, database: Database, around: Surroundings) -> PreviewRecord:
    """
    Preview a stored draft against the grants of its addressees.

    Raises:
        MalformedError: There is no such draft, or it has no addressees.
    """
    with database.read() as db:
        draft = find_draft(db, text)
        rules = RuleBook(card, around).at(db)
    check_addressees(draft, rules.office)
    found = approvable(draft, rules)
    return replace(preview_record(found.preview), preview=found.digest.hex())


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
