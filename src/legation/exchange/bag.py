# SPDX-License-Identifier: Apache-2.0
"""
Bags: what one office hands to another in a file, where no line reaches.

A bag is an envelope like any other, with the same entries under the same numbers, sealed to the seal key of
the receiver's card. Nobody can ask back from inside it, so it says everything at once: entries with their
checkpoint, the bytes of all attachments, and the sender's own receipt and position, which ride back.

Rules kept here, all by the shapes:

1. Bags of one incarnation of a stream are numbered from 1, so that one that is missing is noticed.
2. Entries are those of a stretch of the stream, as in an answer; a checkpoint is over them, or there is neither.
   Their payloads together are no longer than the longest alone: they are held in memory.
3. What is enclosed belongs to views that the bag carries, in the order of their entries, each once.

Not here: whether a bag follows on what is held (``opening``), and whether everything is enclosed that belongs
to its views: that takes reading them.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from legation.encoding import INTEGER_MAX, Canonical
from legation.errors import MalformedError
from legation.exchange.entry import PAYLOAD_SIZE_BYTES_MAX, EntryHeader, EntryKind, check_number
from legation.exchange.letter import (
    NONCE_SIZE_BYTES,
    PROTOCOL,
    Carried,
    Former,
    Position,
    TakenBack,
    check_entries,
    check_note,
    check_offices,
    check_old,
    check_protocol,
    headers_of,
)
from legation.item.portion import ATTACHMENT_SIZE_BYTES_MAX
from legation.item.shape import check_size
from legation.log.checkpoint import (
    CHECKPOINT_SIZE_BYTES_MAX,
    INCARNATION_SIZE_BYTES,
    RECEIPT_SIZE_BYTES_MAX,
)
from legation.merkle import HASH_SIZE_BYTES

ENCLOSED_MAX: Final = 10_000  # attachments in one bag: as many as one item has portions
BAG_LETTER_SIZE_BYTES_MAX: Final = 1 << 21  # so many attachments and 1,024 entries have 1.4 MB


class Enclosed(Canonical, frozen=True):
    """
    An attachment whose bytes stand behind the payloads.

    Args:
        number: Of the entry that its view came with.
        root: As the portion says.
        size: As the portion says, in bytes; may be 0.
    """

    number: int
    root: bytes
    size: int

    def __post_init__(self) -> None:
        check_number(self.number, "number of an entry with an attachment", least=1)
        check_size(self.root, HASH_SIZE_BYTES, "root")
        if not 0 <= self.size <= ATTACHMENT_SIZE_BYTES_MAX:
            raise MalformedError(f"size of an attachment is not between 0 and {ATTACHMENT_SIZE_BYTES_MAX}")

    @property
    def order(self) -> tuple[int, bytes, int]:
        """Where it stands among the others."""
        return self.number, self.root, self.size


class Bag(Canonical, frozen=True, tag="bag"):
    """
    Hands over a stretch of a stream, and brings back a receipt.

    Args:
        sender: Whose stream it is.
        receiver: Whom it is for.
        nonce: Fresh random bytes.
        number: Of the bag among those of this incarnation, from 1.
        incarnation: The present one of the stream.
        start: Number of the first entry, or of the one that would come next.
        protocol: The version of the exchange.
        entries: What follows, in order; payloads of those that are carried follow the letter.
        checkpoint: Signed by the sender, over ``end`` entries; absent if there are no entries.
        enclosed: The attachments of those entries; their bytes follow the payloads, in this order.
        receipt: The newest one of the sender, over the receiver's stream.
        position: What the sender holds of the receiver's stream. It tells people; nothing is sent on its word.
        old: What the sender holds of incarnations of that stream that were before, the oldest first.
    """

    sender: str
    receiver: str
    nonce: bytes
    number: int
    incarnation: bytes
    start: int
    protocol: int = PROTOCOL
    entries: tuple[Carried | TakenBack, ...] = ()
    checkpoint: bytes | None = None
    enclosed: tuple[Enclosed, ...] = ()
    receipt: bytes | None = None
    position: Position | None = None
    old: tuple[Former, ...] = ()

    def __post_init__(self) -> None:
        check_offices(self.sender, self.receiver)
        check_size(self.nonce, NONCE_SIZE_BYTES, "nonce")
        check_protocol(self.protocol)
        if not 1 <= self.number <= INTEGER_MAX:
            raise MalformedError(f"number of a bag is not between 1 and {INTEGER_MAX}")
        check_size(self.incarnation, INCARNATION_SIZE_BYTES, "incarnation")
        check_note(self.checkpoint, "checkpoint", CHECKPOINT_SIZE_BYTES_MAX)
        check_note(self.receipt, "receipt", RECEIPT_SIZE_BYTES_MAX)
        check_entries(self.start, self.entries, self.checkpoint)
        if self.checkpoint is not None and not self.entries:
            raise MalformedError("a bag without entries has a checkpoint")
        check_old(self.old, self.position)
        if sum(each.size_bytes for each in self.headers) > PAYLOAD_SIZE_BYTES_MAX:
            raise MalformedError(f"payloads of a bag have more than {PAYLOAD_SIZE_BYTES_MAX} bytes")
        check_enclosed(self.enclosed, self.headers)

    @property
    def end(self) -> int:
        """How many entries the stream has with those of this bag."""
        return self.start + len(self.entries)

    @property
    def headers(self) -> tuple[EntryHeader, ...]:
        """The headers of the entries whose payloads follow, in their order."""
        return headers_of(self.entries)


def check_enclosed(
    enclosed: Sequence[Enclosed], headers: Iterable[EntryHeader], count_max: int = ENCLOSED_MAX
) -> None:
    """Refuse attachments that are too many, out of order, there twice, or of no view that is carried."""
    if len(enclosed) > count_max:
        raise MalformedError(f"{len(enclosed)} attachments are enclosed, expected at most {count_max}")
    if any(one.order >= other.order for one, other in pairwise(enclosed)):
        raise MalformedError("what is enclosed is not in its order, each once")
    views = {header.number for header in headers if header.kind is EntryKind.VIEW}
    if any(each.number not in views for each in enclosed):
        raise MalformedError("an attachment that is enclosed belongs to no view that is carried")
