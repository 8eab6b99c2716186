# SPDX-License-Identifier: Apache-2.0
"""
The check of what was released and withdrawn.

1. What is approved for each addressee is what the releasing officer saw, and the item says what its draft says.
2. Every delivery is one of its release, and stands where its entry and the receipts say.
3. What was admitted of the back-file is what two persons saw.
4. Every withdrawal that counts was signed by the author whom it names, and is in the log.
"""

from collections.abc import Sequence
from functools import partial
from hashlib import sha256

from legation.errors import StoreError, VerificationError
from legation.item.draft import Draft, Precedence, Slip
from legation.item.substance import substance_of, substance_of_draft
from legation.item.view import inspect
from legation.item.withdrawal import WITHDRAWAL
from legation.keys.sign import KeyId, Purpose
from legation.log import LogKind
from legation.node.checking.findings import Findings
from legation.node.checking.log import Logged
from legation.node.desk.approving import Approved, approval_digest
from legation.node.desk.passing import approved_copies, passing_digest
from legation.node.peers.admitting import admission_digest
from legation.node.rules import Rules
from legation.release import DeliveryState
from legation.store.blobs import Blobs
from legation.store.sqlite import (
    backfile,
    checks,
    deliveries,
    destructions,
    drafts,
    items,
    rebuilding,
    withdrawals,
)
from legation.store.sqlite.backfile import StoredAdmission
from legation.store.sqlite.checks import CheckedDelivery
from legation.store.sqlite.database import Reading
from legation.store.sqlite.deliveries import StoredRelease
from legation.store.sqlite.items import ViewState
from legation.store.sqlite.withdrawals import StoredWithdrawal

RANKS = {each: rank for rank, each in enumerate(Precedence)}  # routine first


def check_releases(db: Reading, found: Findings, blobs: Blobs, rules: Rules, logged: Logged) -> None:
    """Look at every release and its deliveries."""
    found.expect("releases", checks.count(db, "released"))
    for release in deliveries.releases(db):
        where = f"release of {release.item_id.hex()[:16]}"
        found.hold("releases", where, partial(_release, db, release, blobs, rules, logged))
        for each in checks.deliveries_of(db, release.release_id):
            of_whom = f"delivery {each.delivery_id} to {each.office}"
            found.hold("deliveries", of_whom, partial(_delivery, found, release, each, of_whom))
    for admission in backfile.admissions(db):
        where = f"back-file {admission.admission_id} to {admission.office}"
        found.hold("admissions", where, partial(_admission, db, admission, rules, logged))
    astray = checks.labels_astray(db)
    if astray:
        said = f"{astray} approved labels do not repeat what their deliveries say"
        found.mend("deliveries", said, rebuilding.delivery_labels)


def _release(db: Reading, release: StoredRelease, blobs: Blobs, rules: Rules, logged: Logged) -> None:
    """
    Hold what is approved for each addressee against what the releasing officer saw.

    Raises:
        LegationError: It does not hold.
    """
    digest = release.draft_digest
    draft = None if digest is None else drafts.draft(db, digest)
    if draft is None and digest is not None:
        raise StoreError("its draft is missing")
    for kind, logged_as in ((LogKind.RELEASED, release.item_id), (LogKind.APPROVED, release.preview_digest)):
        logged.claim(kind, logged_as)
    if draft is None and destructions.is_destroyed(db, release.item_id):
        return  # what was seen of it is gone
    approved = deliveries.approved(db, release.release_id)
    found: bytes | None
    if draft is None:
        found = _passed_on(db, release, approved, rules, blobs)
    else:
        found = _drafted(draft, approved, rules)
    if found != release.preview_digest:
        raise StoreError("what is approved is not what was seen")
    if draft is not None:
        _own_item(db, release, draft, blobs)


def _admission(db: Reading, admission: StoredAdmission, rules: Rules, logged: Logged) -> None:
    """
    Hold what two persons admitted, or one proposed, against what they saw.

    Raises:
        LegationError: It does not hold.
    """
    items = backfile.items_from(db, admission.admission_id, 0, admission.size + 1)
    if len(items) != admission.size:
        raise StoreError("it has more or fewer items than its row says")
    if any(not labels <= rules.labels.keys() for _, labels in items):
        raise StoreError("a label of it is not there")
    if admission_digest(admission.office, items, rules) != admission.preview_digest:
        raise StoreError("what is admitted is not what was seen")
    if admission.confirmed_by is not None:
        logged.claim(LogKind.APPROVED, admission.preview_digest)


def _drafted(
    draft: Draft, approved: Sequence[tuple[str, Slip, frozenset[int]]], rules: Rules
) -> bytes | None:
    """What stands for what is approved of a draft; None if an addressee is missing."""
    labels = [
        (draft.references[each.policy_id], each) for each in dict.fromkeys(p.label for p in draft.portions)
    ]
    known = {rules.ids.get(layer): layer for layer in labels}
    slips = {slip.addressee: slip for slip in draft.slips}
    seen = dict[str, frozenset[int]]()
    for office, slip, ids in approved:
        if slips.get(office) != slip or seen.setdefault(office, ids) != ids or not ids <= known.keys():
            raise StoreError(f"a delivery to {office} is not what was approved")
    if seen.keys() != slips.keys():
        return None
    copies = (
        Approved(
            office=office, layers=tuple(layer for number, layer in known.items() if number in seen[office])
        )
        for office in slips
    )
    return approval_digest(draft.digest, tuple(copies))


def _passed_on(
    db: Reading,
    release: StoredRelease,
    approved: Sequence[tuple[str, Slip, frozenset[int]]],
    rules: Rules,
    blobs: Blobs,
) -> bytes:
    """What stands for what is approved of another office's item."""
    seen = dict[str, tuple[Slip, frozenset[int]]]()
    for office, slip, ids in approved:
        # What was taken back waits anew, as it was approved.
        if slip.addressee != office or seen.setdefault(office, (slip, ids)) != (slip, ids):
            raise StoreError(f"a delivery to {office} is not what was approved")
    each = list(seen.values())
    copies = approved_copies(db, release.release_id, each, rules, blobs)
    return passing_digest(release.item_id, each, copies, rules)


def _own_item(db: Reading, release: StoredRelease, draft: Draft, blobs: Blobs) -> None:
    whole = items.own_view(db, release.item_id)
    if whole is None:
        raise StoreError("its item is missing")
    contents = inspect(items.view_data(db, whole.view_key, blobs))
    if substance_of(contents) != substance_of_draft(draft):
        raise StoreError("its item says something else than its draft")


def _delivery(found: Findings, release: StoredRelease, each: CheckedDelivery, where: str) -> None:
    """
    Hold a delivery against its release, its entry and the receipts.

    Raises:
        StoreError: It does not hold.
    """
    if each.item_id != release.item_id:
        raise StoreError("it is of another item than its release")
    if not _stands(each):
        raise StoreError("it does not stand where its entry and the receipts say")
    rank = RANKS[each.slip.precedence]
    if each.precedence != rank:
        said = "its precedence is another one than its slip says"
        found.mend(where, said, lambda change: rebuilding.precedence(change, each.delivery_id, rank))


def _stands(each: CheckedDelivery) -> bool:
    """Whether a delivery's state is what its entry and the receipts say."""
    if each.number is None:
        return True
    if (each.of_entry, each.entry_office) != (each.delivery_id, each.office):
        return False
    is_receipted = each.receipt_size is not None and each.number < each.receipt_size
    match each.state:
        case DeliveryState.NUMBERED:
            return not is_receipted and not each.is_taken_back
        case DeliveryState.RECEIPTED:
            # What the peer lost and may not have again is taken back, and stays receipted.
            return is_receipted
        case DeliveryState.VOID:
            return bool(each.is_taken_back)
    return True


def check_withdrawals(db: Reading, found: Findings, rules: Rules, logged: Logged) -> None:
    """Look at every withdrawal."""
    for withdrawal in withdrawals.withdrawals(db):
        where = f"withdrawal of {withdrawal.item_id.hex()[:16]}"
        found.hold("withdrawals", where, partial(_withdrawal, withdrawal, rules, logged))


def _withdrawal(stored: StoredWithdrawal, rules: Rules, logged: Logged) -> None:
    """
    Hold a withdrawal against its row, its author's card and the log; its key may be retired by now.

    Raises:
        LegationError: It does not hold.
    """
    found = WITHDRAWAL.decode(stored.data)
    if (sha256(stored.data).digest(), found.item) != (stored.digest, stored.item_id):
        raise StoreError("it is another one than its row says")
    if stored.state is not ViewState.HELD:
        return
    author = rules.pinned.item_key(KeyId(found.author))
    if author is None or str(author.office) != stored.office:
        raise VerificationError("its row names another author than it has")
    author.public_key.verify(Purpose.WITHDRAWAL, found.item, found.signature)
    logged.claim(LogKind.WITHDRAWN, stored.digest)
