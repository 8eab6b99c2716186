# SPDX-License-Identifier: Apache-2.0
"""
For programs of others: verify what Legation makes, with cards alone, offline.

``read_card`` reads a card; whoever pins it compares its ``fingerprint``, twelve words, with the office by
another way. From then on every view, checkpoint, receipt and proof of that office can be verified, for nothing
is fetched and nobody is asked. What does not hold raises an error of ``legation.errors``; what is returned has
been verified.

Use::

    cards = [read_card(data) for data in (kor_card, jpn_card)]
    found = verify_proof(proof, cards, payload=payload)
    print(found.note.holder.office, "has held", found.view.reference, "since", found.note.time)

What verifies is the same code that the node runs: this room only puts it together. The formats are
``docs/spec/item.md``, ``docs/spec/withdrawal.md``, ``docs/spec/log.md``, ``docs/spec/exchange.md`` and
``docs/spec/card.md``.
"""

from legation.item.destruction import Destroyed
from legation.item.view import View
from legation.item.withdrawal import Withdrawn
from legation.keys.card import Card, fingerprint
from legation.sdk.comparing import History, HistoryState, compare, histories, is_withdrawn
from legation.sdk.recognising import Kind, recognise
from legation.sdk.telling import (
    checkpoint_record,
    destruction_record,
    growth_record,
    proof_record,
    withdrawal_record,
)
from legation.sdk.values import ProvenEntry, SignedCheckpoint, SignedGrowth, SignedReceipt
from legation.sdk.verifying import (
    read_card,
    verify_attachment,
    verify_checkpoint,
    verify_destruction,
    verify_growth,
    verify_note,
    verify_payload,
    verify_proof,
    verify_receipt,
    verify_view,
    verify_withdrawal,
)

__all__ = [
    "Card",
    "Destroyed",
    "History",
    "HistoryState",
    "Kind",
    "ProvenEntry",
    "SignedCheckpoint",
    "SignedGrowth",
    "SignedReceipt",
    "View",
    "Withdrawn",
    "checkpoint_record",
    "compare",
    "destruction_record",
    "fingerprint",
    "growth_record",
    "histories",
    "is_withdrawn",
    "proof_record",
    "read_card",
    "recognise",
    "verify_attachment",
    "verify_checkpoint",
    "verify_destruction",
    "verify_growth",
    "verify_note",
    "verify_payload",
    "verify_proof",
    "verify_receipt",
    "verify_view",
    "verify_withdrawal",
    "withdrawal_record",
]
