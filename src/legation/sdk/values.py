# SPDX-License-Identifier: Apache-2.0
"""
What verifying gives: values that exist only once their signatures have been verified.
"""

from dataclasses import dataclass, field

from legation.exchange import EntryHeader
from legation.item.draft import Slip
from legation.item.view import View
from legation.keys.card import Card
from legation.log import Checkpoint, LogEntry
from legation.merkle import Hash


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """
    A verified checkpoint: ``writer`` says that its stream or log has so many entries, under this root.

    ``data`` are the signed bytes: evidence.
    """

    checkpoint: Checkpoint
    writer: Card
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReceipt(SignedCheckpoint):
    """
    A verified receipt: ``holder`` says that every entry below is held there, or void, or refused by name.

    ``time`` is when, by the holder's clock, in seconds since 1970, UTC. That anybody read it, it does not say.
    """

    holder: Card
    time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedGrowth:
    """
    A verified checkpoint, and hashes that lead to it from an older one of ``old_size`` entries.

    What they prove, ``compare`` says with that older one.
    """

    note: SignedCheckpoint
    old_size: int
    hashes: tuple[Hash, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenEntry:
    """
    A verified proof: this very entry stands under a checkpoint or a receipt.

    Args:
        note: The checkpoint or receipt.
        number: Of the entry, from 0.
        entry: The header of an entry of a stream, or an entry of a node's own log.
        slip: What concerned the receiver, where the payload was shown; never signed by the author.
        view: What the payload shows, verified.
    """

    note: SignedCheckpoint
    number: int
    entry: EntryHeader | LogEntry
    slip: Slip | None = None
    view: View | None = None
