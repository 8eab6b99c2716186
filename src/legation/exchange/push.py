# SPDX-License-Identifier: Apache-2.0
"""
Pushes: what one office brings to another that cannot come for it, and what it hears back at once.

A push is filled like a bag and goes where a pull goes. Its answer says how much the receiver holds now, and
brings its receipt: one round trip hands over and is acknowledged. A push without entries is how an idle link
says where both sides stand.

Rules kept here, all by the shapes:

1. Entries, checkpoint and what is enclosed are those of a bag.
2. The answer gives the challenge of its push back, and names it by its binding: so the position in it was said
   just now.

Not here: whether a push follows on what is held (``opening``), and what a position says (``sending``).
"""

from typing import Final

from legation.encoding import Canonical
from legation.errors import MalformedError
from legation.exchange.bag import Enclosed, check_enclosed
from legation.exchange.entry import PAYLOAD_SIZE_BYTES_MAX, EntryHeader
from legation.exchange.letter import (
    CHALLENGE_SIZE_BYTES,
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
from legation.item.shape import check_size
from legation.keys.seal import BINDING_SIZE_BYTES, SealPublicKey
from legation.log.checkpoint import (
    CHECKPOINT_SIZE_BYTES_MAX,
    INCARNATION_SIZE_BYTES,
    RECEIPT_SIZE_BYTES_MAX,
)

PUSHED_MAX: Final = 256  # attachments in one push; its letter is held in memory beside all that follows


class Push(Canonical, frozen=True, tag="push"):
    """
    Hands over a stretch of a stream, unasked, and asks where the receiver stands.

    Args:
        sender: Whose stream it is.
        receiver: Whom it is for.
        nonce: Fresh random bytes.
        answer_key: A fresh key that the answer is to be sealed to; its private half lives in memory only.
        challenge: Fresh random bytes, to be given back.
        incarnation: The present one of the stream.
        start: Number of the first entry, or of the one that would come next.
        protocol: The version of the exchange.
        entries: What follows, in order; payloads of those that are carried follow the letter.
        checkpoint: Signed by the sender, over ``end`` entries; absent if there are no entries.
        enclosed: The attachments of those entries; their bytes follow the payloads, in this order.
        receipt: The newest one of the sender, over the receiver's stream.
        position: What the sender holds of the receiver's stream.
        old: What the sender holds of incarnations of that stream that were before, the oldest first.
    """

    sender: str
    receiver: str
    nonce: bytes
    answer_key: SealPublicKey
    challenge: bytes
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
        check_size(self.challenge, CHALLENGE_SIZE_BYTES, "challenge")
        check_protocol(self.protocol)
        check_size(self.incarnation, INCARNATION_SIZE_BYTES, "incarnation")
        check_note(self.checkpoint, "checkpoint", CHECKPOINT_SIZE_BYTES_MAX)
        check_note(self.receipt, "receipt", RECEIPT_SIZE_BYTES_MAX)
        check_entries(self.start, self.entries, self.checkpoint)
        if self.checkpoint is not None and not self.entries:
            raise MalformedError("a push without entries has a checkpoint")
        if sum(each.size_bytes for each in self.headers) > PAYLOAD_SIZE_BYTES_MAX:
            raise MalformedError(f"payloads of a push have more than {PAYLOAD_SIZE_BYTES_MAX} bytes")
        check_enclosed(self.enclosed, self.headers, PUSHED_MAX)
        check_old(self.old, self.position)

    @property
    def end(self) -> int:
        """How many entries the stream has with those of this push."""
        return self.start + len(self.entries)

    @property
    def headers(self) -> tuple[EntryHeader, ...]:
        """The headers of the entries whose payloads follow, in their order."""
        return headers_of(self.entries)


class Taken(Canonical, frozen=True, tag="taken"):
    """
    Answers a push.

    Args:
        sender: Who was pushed to.
        receiver: Whose stream it is.
        nonce: Fresh random bytes.
        push: The binding of the push.
        challenge: That of the push, given back.
        position: What the sender durably holds of the stream now, the push included; absent if it holds nothing.
        receipt: The newest cosigned checkpoint of the stream.
        old: What the sender holds of incarnations that were before the one of its position, the oldest first.
    """

    sender: str
    receiver: str
    nonce: bytes
    push: bytes
    challenge: bytes
    position: Position | None = None
    receipt: bytes | None = None
    old: tuple[Former, ...] = ()

    def __post_init__(self) -> None:
        check_offices(self.sender, self.receiver)
        check_size(self.nonce, NONCE_SIZE_BYTES, "nonce")
        check_size(self.push, BINDING_SIZE_BYTES, "binding of the push")
        check_size(self.challenge, CHALLENGE_SIZE_BYTES, "challenge")
        check_note(self.receipt, "receipt", RECEIPT_SIZE_BYTES_MAX)
        check_old(self.old, self.position)
