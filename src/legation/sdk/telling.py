# SPDX-License-Identifier: Apache-2.0
"""
What was verified, as the records that doors and clients speak.
"""

from datetime import UTC, datetime

from msgspec.structs import replace

from legation.exchange import EntryHeader
from legation.item.destruction import Destroyed
from legation.item.withdrawal import Withdrawn
from legation.keys.card import Card, fingerprint
from legation.records import (
    CardRecord,
    CheckpointRecord,
    DestructionVerifiedRecord,
    GrowthRecord,
    ProofRecord,
    VerificationRecord,
    WithdrawalRecord,
)
from legation.sdk.values import ProvenEntry, SignedCheckpoint, SignedGrowth, SignedReceipt


def checkpoint_record(found: SignedCheckpoint) -> CheckpointRecord:
    """
    Tell a checkpoint or a receipt.

    >>> told = checkpoint_record(verify_note(receipt, [kor, jpn]))
    >>> told.holder, told.size, told.receipted
    ('JPN@NATO', 2, '2026-09-21T14:23:20+00:00')
    """
    told = CheckpointRecord(
        verified=True,
        origin=found.checkpoint.origin,
        office=str(found.writer.office),
        size=found.checkpoint.size,
        root=found.checkpoint.root.hex(),
        cards=(_card(found.writer),),
    )
    if not isinstance(found, SignedReceipt):
        return told
    return replace(
        told,
        cards=(*told.cards, _card(found.holder)),
        holder=str(found.holder.office),
        receipted=_instant(found.time),
    )


def growth_record(found: SignedGrowth) -> GrowthRecord:
    """
    Tell a proof of growth.

    >>> told = growth_record(verify_growth(growth_bytes, [kor]))
    >>> told.since, told.note.size
    (9, 39)
    """
    hashes = tuple(each.hex() for each in found.hashes)
    return GrowthRecord(note=checkpoint_record(found.note), since=found.old_size, hashes=hashes)


def withdrawal_record(found: Withdrawn) -> WithdrawalRecord:
    """
    Tell a withdrawal.

    >>> withdrawal_record(verify_withdrawal(withdrawal, [kor])).author
    'KOR@NATO'
    """
    return WithdrawalRecord(verified=True, author=str(found.author), item=found.item_id.hex())


def destruction_record(found: Destroyed) -> DestructionVerifiedRecord:
    """
    Tell a certificate of destruction.

    >>> told = destruction_record(verify_destruction(destruction, [jpn]))
    >>> told.office, told.destroyed
    ('JPN@NATO', '2026-09-21T15:13:20+00:00')
    """
    return DestructionVerifiedRecord(
        verified=True,
        office=str(found.holder),
        item=found.item_id.hex(),
        destroyed=_instant(found.time),
        withdrawal=found.withdrawal.hex(),
    )


def proof_record(found: ProvenEntry, *, view: VerificationRecord | None = None) -> ProofRecord:
    """
    Tell a proof.

    >>> told = proof_record(verify_proof(proof, [kor, jpn]))
    >>> told.number, told.kind, told.size_bytes == len(payload)
    (1, 'view', True)

    Args:
        found: What was verified.
        view: What is told of the view in it, which takes the policies at hand.
    """
    entry, note = found.entry, checkpoint_record(found.note)
    if isinstance(entry, EntryHeader):
        return ProofRecord(
            verified=True,
            note=note,
            number=found.number,
            kind=entry.kind.value,
            hash=entry.payload_hash.hex(),
            size_bytes=entry.payload_size_bytes,
            view=view,
        )
    return ProofRecord(
        verified=True,
        note=note,
        number=found.number,
        kind=entry.kind.value,
        hash=entry.hash.hex(),
        time=_instant(entry.time),
    )


def _card(card: Card) -> CardRecord:
    return CardRecord(office=str(card.office), card=card.body.number, fingerprint=fingerprint(card))


def _instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
