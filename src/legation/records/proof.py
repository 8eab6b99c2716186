# SPDX-License-Identifier: Apache-2.0
"""
What was verified of checkpoints, receipts and proofs, with which cards.

Hashes are in hexadecimal, instants ISO 8601 in UTC, empty where there is none.
"""

from legation.encoding import Canonical
from legation.records.item import VerificationRecord


class CardRecord(Canonical, frozen=True):
    """A card that something was verified with: whose, its number (``card``), and its twelve words."""

    office: str
    card: int
    fingerprint: tuple[str, ...]


class CheckpointRecord(Canonical, frozen=True):
    """
    A checkpoint of ``office``, or a receipt for one: then ``holder`` has signed too, at ``receipted`` by its clock.

    ``verified`` is always true: what does not verify is an error. ``origin`` names the stream or log, ``size``
    counts its entries, ``root`` is over them. A receipt says that every entry is held, void or refused by name.
    ``cards`` are those of the offices that have signed, in that order.
    """

    verified: bool
    origin: str
    office: str
    size: int
    root: str
    cards: tuple[CardRecord, ...]
    holder: str = ""
    receipted: str = ""


class ProofRecord(Canonical, frozen=True):
    """
    One entry that stands below a checkpoint or a receipt, ``note``; ``verified`` is always true.

    ``number``, ``kind`` and ``hash`` are those of the entry: of a stream's, the hash of its payload, which has
    ``size_bytes``; of a log's, that of a record, and ``time`` is when it was done. ``view`` is there where the
    payload was shown.
    """

    verified: bool
    note: CheckpointRecord
    number: int
    kind: str
    hash: str
    size_bytes: int = 0
    time: str = ""
    view: VerificationRecord | None = None
