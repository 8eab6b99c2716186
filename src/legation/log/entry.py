# SPDX-License-Identifier: Apache-2.0
"""
Entries of a node's own log: what was done, never what was said.

An entry names a record by its hash; the record itself is kept elsewhere and may one day be destroyed,
and the log still holds. An entry leaves the node in a proof that its own people make, and in no other way.

Use::

    entry = LogEntry(kind=LogKind.ACCEPTED, hash=sha256(record).digest(), time=now)
    frontier = frontier.extend([entry.leaf])
"""

from enum import StrEnum

from legation.encoding import Canonical, Codec, encode
from legation.errors import MalformedError
from legation.keys.card import TIME_MAX
from legation.merkle import HASH_SIZE_BYTES, Hash, leaf_hash

ENTRY_SIZE_BYTES_MAX = 256  # the longest has about half of that


class LogKind(StrEnum):
    """What was done."""

    ACCEPTED = "accepted"
    """An entry of a peer's stream came in and holds."""
    QUARANTINED = "quarantined"
    """It came in and is set apart: we do not know its author, its policy, or trust its key."""
    REFUSED = "refused"
    """It came in and can never hold."""
    RECEIPTED = "receipted"
    """We gave, or were given, a receipt."""
    APPROVED = "approved"
    """A person approved a draft for its addressees."""
    RELEASED = "released"
    """An item was let go to its addressees."""
    WITHDRAWN = "withdrawn"
    """An author took an item back."""
    VOIDED = "voided"
    """A numbered entry was taken back before it was receipted."""
    GRANTED = "granted"
    """Two persons set what a peer may see."""
    PINNED = "pinned"
    """A card is trusted from now on."""
    RENEWED = "renewed"
    """The card of this very office is the next one from now on."""
    POLICY = "policy"
    """The node decides with other rules from now on."""
    OFFERED = "offered"
    """A person offered a policy to a peer."""
    FROZEN = "frozen"
    """A link was stopped: its two ends tell two histories."""
    PAUSED = "paused"
    """A person stopped a link for a while."""
    EXCLUDED = "excluded"
    """A person ended all grants of a peer, and stopped the link until it is admitted again."""
    RESUMED = "resumed"
    """A person let a stopped link go on."""
    PACKED = "packed"
    """A bag was packed: what is in it is handed over."""
    PRINTED = "printed"
    """A copy was made on paper, for an office without a node."""
    HANDED_OVER = "handed-over"
    """A person said to whom a copy on paper was handed."""
    DESTROYED = "destroyed"
    """A person said that a copy on paper was destroyed; or this office certified that it has destroyed an item."""
    LOWERED = "lowered"
    """Two persons let a peer speak a lower version of the exchange than it did before."""
    RESTORED = "restored"
    """The node came back from a backup, and a new incarnation began."""


class LogEntry(Canonical, frozen=True):
    """
    One thing that was done.

    Args:
        kind: What it was.
        hash: SHA-256 of the record that says more, 32 bytes.
        time: When, in seconds since 1970, UTC. Order is the log's, not the clock's.

    Raises:
        MalformedError: The hash or the time is not such.
    """

    kind: LogKind
    hash: bytes
    time: int

    def __post_init__(self) -> None:
        if len(self.hash) != HASH_SIZE_BYTES:
            raise MalformedError(f"hash of a record has {len(self.hash)} bytes, expected {HASH_SIZE_BYTES}")
        if not 0 <= self.time <= TIME_MAX:
            raise MalformedError(f"time of a log entry is not between 0 and {TIME_MAX}")

    @property
    def leaf(self) -> Hash:
        """The leaf hash of this entry's canonical bytes."""
        return leaf_hash(encode(self))


ENTRY = Codec(LogEntry, size_bytes_max=ENTRY_SIZE_BYTES_MAX, what="log entry")
"""Between an entry and the bytes that its leaf is the hash of."""
