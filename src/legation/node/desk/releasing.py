# SPDX-License-Identifier: Apache-2.0
"""
Release: a draft becomes an item, and each addressee gets a delivery with what was approved for it.

All in one transaction: the rules are read, every addressee's copy is worked out, and if that is still
what the releasing officer saw, the item is signed and stored, with its log entry, its release and its
deliveries. Nothing is handed over here. That happens when a peer pulls, is decided again then, and is
never more than what is written down here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from legation.errors import RefusedError
from legation.item.draft import Draft, Slip
from legation.item.draws import SECRET_SIZE_BYTES, digest_signed
from legation.item.reference import reference
from legation.item.shape import DOCUMENT_SIZE_BYTES
from legation.item.signing import sign
from legation.item.view import Contents, inspect
from legation.keys.card import Card
from legation.labels.label import check_name
from legation.log import LogEntry, LogKind
from legation.node.desk.approving import Approvable, approvable
from legation.node.desk.attaching import check_attached
from legation.node.desk.drafting import check_addressees, find_draft
from legation.node.desk.reading import mission_reading
from legation.node.desk.versions import check_newest, find_own, fold_versions
from legation.node.keys.signing import Signing
from legation.node.rules import RuleBook, Rules
from legation.node.surroundings import Surroundings
from legation.records import AddresseeRecord, ReleasedRecord
from legation.release import Because, DeliveryState
from legation.store.blobs import Blobs
from legation.store.sqlite import access, deliveries, items, logbook, versions
from legation.store.sqlite.database import Database, Writing
from legation.words import english


@dataclass(frozen=True, kw_only=True)
class Released:
    """What came of a release."""

    item_id: bytes
    reference: str
    approvable: Approvable


def release(
    text: str,
    *,
    by: str,
    seen: bytes | None,
    card: Card,
    database: Database,
    blobs: Blobs,
    signing: Signing,
    around: Surroundings,
) -> Released:
    """
    Release a draft to its addressees.

    Args:
        text: The draft's digest, or the beginning of it.
        by: Who releases.
        seen: The digest of the preview that was looked at; None takes what holds now.
        card: The office's own card.
        database: The node's store.
        blobs: Where long views go.
        signing: The office's keys.
        around: Clock and dice.

    Raises:
        MalformedError: No such draft, one that cannot be an item, or no name.
        RefusedError: What would go out is not what was seen, nobody would receive anything, the draft was
            released before, or what it replaces was replaced since.
    """
    check_name(by, "name")
    book = RuleBook(card, around)

    def act(db: Writing) -> Released:
        draft = find_draft(db, text)
        rules = book.turn(db)
        _check_version(db, draft, rules, around)
        check_attached(db, draft)
        found = _checked(db, draft, rules, seen)
        return _carry_out(db, found, rules, by=by, blobs=blobs, signing=signing, around=around)

    return database.write(act)


def _check_version(db: Writing, draft: Draft, rules: Rules, around: Surroundings) -> None:
    """Refuse a new version of what was replaced since it was written, or is not there for who releases."""
    if draft.replaces is not None:
        with mission_reading(db, rules, around):
            check_newest(db, find_own(db, draft.replaces.hex()))


def _checked(db: Writing, draft: Draft, rules: Rules, seen: bytes | None) -> Approvable:
    """Work out what is approved, and refuse what must not go on."""
    check_addressees(draft, rules.office)
    if deliveries.is_released(db, draft.digest):
        raise RefusedError("this draft was released before", hint="a new version is a draft of its own")
    found = approvable(draft, rules)
    if seen is not None and seen != found.digest:
        raise RefusedError(
            "what each addressee would get is no longer what was previewed", hint="preview it again"
        )
    # A new version that nobody may see keeps the older one from those who have not got it yet.
    if draft.replaces is None and all(copy.is_empty for copy in found.preview.copies):
        raise RefusedError("nobody would receive anything", hint="preview says why")
    return found


def _carry_out(
    db: Writing,
    found: Approvable,
    rules: Rules,
    *,
    by: str,
    blobs: Blobs,
    signing: Signing,
    around: Surroundings,
) -> Released:
    """Sign, store, log, and write down what was approved for whom."""
    draft, now = found.draft, around.seconds()
    data = _sign(db, draft, now, signing, around)
    contents = inspect(data)
    spoken = reference(rules.office, contents.time, contents.item_id)
    _keep(db, contents, rules.office, spoken, blobs=blobs, now=now)
    rules = rules.loaded(db)
    release_id = deliveries.add_release(
        db,
        item_id=contents.item_id,
        draft_digest=draft.digest,
        preview_digest=found.digest,
        by=by,
        at=now,
    )
    empty = {copy.addressee for copy in found.preview.copies if copy.is_empty}
    for slip in draft.slips:
        layers = found.by_office[slip.addressee].layers
        _deliver(
            db,
            slip,
            contents.item_id,
            release_id,
            labels=[rules.ids[layer] for layer in layers],
            is_empty=slip.addressee in empty,
            epoch=rules.epoch,
            at=now,
        )
    logged = ((LogKind.RELEASED, contents.item_id), (LogKind.APPROVED, found.digest))
    logbook.append(db, [LogEntry(kind=kind, hash=digest, time=now) for kind, digest in logged])
    return Released(item_id=contents.item_id, reference=spoken, approvable=found)


def _sign(db: Writing, draft: Draft, now: int, signing: Signing, around: Surroundings) -> bytes:
    document, after = around.random(DOCUMENT_SIZE_BYTES), None
    if draft.replaces is not None:
        replaced = items.item(db, draft.replaces)
        assert replaced is not None, "what is replaced was found"
        document = replaced.document
        # Others may write what they like under this id; it is our own time that goes on.
        after = max(time for _, time in versions.own_versions(db, document))
    fresh = around.random(SECRET_SIZE_BYTES)
    draws = around.draws(signing.draws, fresh, digest_signed(draft.digest, document, now))
    return sign(draft, document=document, time=now, signer=signing.item, draws=draws, after=after)


def _keep(db: Writing, contents: Contents, office: str, spoken: str, *, blobs: Blobs, now: int) -> None:
    layers = [access.intern(db, layer.policy, layer.label) for layer in contents.layers]
    items.save_item(
        db,
        item_id=contents.item_id,
        document=contents.document,
        time=contents.time,
        kind=contents.kind,
        author=contents.wire.header.author,
        office=office,
        reference=spoken,
        is_own=True,
        at=now,
    )
    items.save_view(
        db, data=contents.data, item_id=contents.item_id, source="", layers=layers, blobs=blobs, at=now
    )
    fold_versions(db, contents.item_id, blobs)


def _deliver(
    db: Writing,
    slip: Slip,
    item_id: bytes,
    release_id: int,
    *,
    labels: Sequence[int],
    is_empty: bool,
    epoch: int,
    at: int,
) -> None:
    deliveries.add_delivery(
        db,
        office=slip.addressee,
        item_id=item_id,
        release_id=release_id,
        slip=slip,
        labels=labels,
        state=DeliveryState.WITHHELD if is_empty else DeliveryState.WAITING,
        because=Because.EMPTY_CUT if is_empty else Because.NONE,
        epoch=epoch,
        at=at,
    )


def released_record(found: Released) -> ReleasedRecord:
    """Say what was released and for whom."""
    return ReleasedRecord(
        item=found.item_id.hex(),
        reference=found.reference,
        draft=found.approvable.draft.digest.hex(),
        preview=found.approvable.digest.hex(),
        addressees=tuple(
            AddresseeRecord(
                addressee=copy.addressee,
                banner="" if copy.is_empty else copy.banner,
                why=english.delivery(Because.EMPTY_CUT.value) if copy.is_empty else "",
            )
            for copy in found.approvable.preview.copies
        ),
    )
