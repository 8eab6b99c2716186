# SPDX-License-Identifier: Apache-2.0
"""
Entries of a stream: the header that the Merkle log holds, and what payloads say.

A stream is what one office tells another: entries numbered from 0 without gaps, in one incarnation.
The log holds headers only, so that a payload that may no longer be handed over can be left out and
the tree stays the same.

Rules kept here:

1. Entry 0 is ``start``, and no other entry is.
2. A payload has at least one byte and at most ``PAYLOAD_SIZE_BYTES_MAX``; its header says how many.
3. Payloads of ``start``, ``void`` and ``refused`` are canonical JSON; that of a ``view`` is a slip and
   a view. Those of ``policy``, ``key`` and ``withdrawal`` are bytes that are not looked into yet.

Not here: whether the view in a payload verifies. Use::

    payload = write_view(slip, view)
    header = header_of(7, EntryKind.VIEW, payload)
    slip, view = read_view(payload)
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Final

from legation.encoding import INTEGER_MAX, Canonical, Codec, encode
from legation.errors import MalformedError
from legation.item.draft import Slip
from legation.item.shape import VIEW_SIZE_BYTES_MAX, check_size
from legation.log.checkpoint import INCARNATION_SIZE_BYTES
from legation.merkle import HASH_SIZE_BYTES, Hash, leaf_hash, root

PREDECESSORS_MAX = 64  # incarnations of one stream; a node is not restored once a year
SLIP_LENGTH_SIZE_BYTES = 4  # the length before a slip
SLIP_SIZE_BYTES_MAX = 1 << 13  # its one long field is a line of 1,000 characters of at most four bytes
PAYLOAD_SIZE_BYTES_MAX = SLIP_LENGTH_SIZE_BYTES + SLIP_SIZE_BYTES_MAX + VIEW_SIZE_BYTES_MAX
SMALL_PAYLOAD_SIZE_BYTES_MAX = 1 << 14  # of `start`, `void`, `refused`; 64 predecessors have 8 KB


class EntryKind(StrEnum):
    """What an entry is."""

    START = "start"
    """Entry 0: names the incarnations that were before this one."""
    VIEW = "view"
    """An item as the receiver may see it, and its slip."""
    POLICY = "policy"
    """A policy that is offered."""
    KEY = "key"
    """A newer card of the sender."""
    WITHDRAWAL = "withdrawal"
    """Asks every holder to stop using an item."""
    DESTRUCTION = "destruction"
    """Certifies that an office has destroyed what it held of an item."""
    VOID = "void"
    """Says that an earlier entry is taken back."""
    REFUSED = "refused"
    """Says of an entry of the receiver's own stream to us that it can never be accepted."""


class EntryHeader(Canonical, frozen=True):
    """
    What the log holds of an entry.

    Raises:
        MalformedError: A number, size or hash is out of range; or ``start`` is not entry 0, or entry 0
            something else.
    """

    number: int
    kind: EntryKind
    payload_hash: bytes
    payload_size_bytes: int

    def __post_init__(self) -> None:
        check_number(self.number, "entry number")
        check_size(self.payload_hash, HASH_SIZE_BYTES, "payload hash")
        if not 0 < self.payload_size_bytes <= PAYLOAD_SIZE_BYTES_MAX:
            raise MalformedError(
                f"payload of {self.payload_size_bytes} bytes, expected 1 to {PAYLOAD_SIZE_BYTES_MAX}"
            )
        if (self.kind is EntryKind.START) != (self.number == 0):
            raise MalformedError("entry 0 is `start`, and no other entry is")

    @property
    def leaf(self) -> Hash:
        """The leaf of this entry in the tree of its stream."""
        return leaf_hash(encode(self))

    @property
    def size_bytes(self) -> int:
        """How many bytes the payload has."""
        return self.payload_size_bytes

    def fits(self, payload: bytes) -> bool:
        """Whether this is the payload of the entry."""
        return len(payload) == self.payload_size_bytes and sha256(payload).digest() == self.payload_hash


def header_of(number: int, kind: EntryKind, payload: bytes) -> EntryHeader:
    """
    Make the header of an entry.

    Raises:
        MalformedError: There is no such entry; see ``EntryHeader``.
    """
    return EntryHeader(
        number=number,
        kind=kind,
        payload_hash=sha256(payload).digest(),
        payload_size_bytes=len(payload),
    )


class Predecessor(Canonical, frozen=True):
    """An earlier incarnation of the same stream, as far as the sender knows it."""

    incarnation: bytes
    size: int
    root: bytes

    def __post_init__(self) -> None:
        check_size(self.incarnation, INCARNATION_SIZE_BYTES, "incarnation")
        check_size(self.root, HASH_SIZE_BYTES, "root")
        check_number(self.size, "size of a predecessor")
        # Of what was lost whole, nothing is known but that it was there.
        if self.size == 0 and self.root != root([]):
            raise MalformedError("a predecessor of no entries has another root than that of nothing")


class Start(Canonical, frozen=True):
    """The first entry of an incarnation; its predecessors are in the order in which they began."""

    predecessors: tuple[Predecessor, ...] = ()

    def __post_init__(self) -> None:
        if len(self.predecessors) > PREDECESSORS_MAX:
            raise MalformedError(
                f"{len(self.predecessors)} predecessors, expected at most {PREDECESSORS_MAX}"
            )
        if len({each.incarnation for each in self.predecessors}) != len(self.predecessors):
            raise MalformedError("a predecessor is named twice")


class Void(Canonical, frozen=True):
    """Entry ``number`` of this stream is taken back: whoever has it does not use it."""

    number: int

    def __post_init__(self) -> None:
        check_number(self.number, "number of a void entry", least=1)


class RefusalCode(StrEnum):
    """
    Why an entry can never be accepted, whatever is pinned here.

    Nothing that depends on whom the receiver trusts is among these: that is quarantine, and not told.
    """

    MALFORMED = "malformed"
    """The payload is not what its kind says."""
    PROOF = "proof"
    """The leaves of the view do not lead to its root."""
    SIGNATURE = "signature"
    """The author's key did not make the signature; said only where the author is one of the two offices."""
    ADDRESSEE = "addressee"
    """The slip is that of another office."""


class Refused(Canonical, frozen=True):
    """Entry ``number`` of the receiver's stream to us, in that incarnation, can never be accepted."""

    incarnation: bytes
    number: int
    code: RefusalCode

    def __post_init__(self) -> None:
        check_size(self.incarnation, INCARNATION_SIZE_BYTES, "incarnation")
        check_number(self.number, "number of a refused entry")


_START = Codec(Start, size_bytes_max=SMALL_PAYLOAD_SIZE_BYTES_MAX, what="payload of `start`")
_VOID = Codec(Void, size_bytes_max=SMALL_PAYLOAD_SIZE_BYTES_MAX, what="payload of `void`")
_REFUSED = Codec(Refused, size_bytes_max=SMALL_PAYLOAD_SIZE_BYTES_MAX, what="payload of `refused`")
_SLIP = Codec(Slip, size_bytes_max=SLIP_SIZE_BYTES_MAX, what="slip")


def write_start(start: Start) -> bytes:
    """Encode the payload of ``start``."""
    return _START.encode(start)


def read_start(payload: bytes) -> Start:
    """Decode the payload of ``start``, or raise ``MalformedError``."""
    return _START.decode(payload)


def write_void(void: Void) -> bytes:
    """Encode the payload of ``void``."""
    return _VOID.encode(void)


def read_void(payload: bytes) -> Void:
    """Decode the payload of ``void``, or raise ``MalformedError``."""
    return _VOID.decode(payload)


def write_refused(refused: Refused) -> bytes:
    """Encode the payload of ``refused``."""
    return _REFUSED.encode(refused)


def read_refused(payload: bytes) -> Refused:
    """Decode the payload of ``refused``, or raise ``MalformedError``."""
    return _REFUSED.decode(payload)


def write_view(slip: Slip, view: bytes) -> bytes:
    """
    Write the payload of ``view``: the length of the slip in four bytes, the slip, the view.

    Args:
        slip: What concerns the receiver.
        view: The bytes of the view, from 1 to ``VIEW_SIZE_BYTES_MAX``.

    Raises:
        MalformedError: The view is empty or too long.
    """
    _check_view_size(len(view))
    encoded = _SLIP.encode(slip)
    return b"".join((len(encoded).to_bytes(SLIP_LENGTH_SIZE_BYTES, "big"), encoded, view))


def read_view(payload: bytes) -> tuple[Slip, bytes]:
    """
    Split the payload of ``view``; the view is not looked into.

    Raises:
        MalformedError: It holds no slip, or no view behind it.
    """
    slip, end = _read_slip(payload)
    return slip, payload[end:]


def check_payload(kind: EntryKind, payload: bytes) -> None:
    """
    Check that a payload has the form of its kind, as far as that can be said here.

    Raises:
        MalformedError: It has not.
    """
    read = _READERS.get(kind)
    if read is not None:
        read(payload)


def check_number(number: int, what: str, *, least: int = 0) -> None:
    """Refuse a number or a size that no stream has."""
    if not least <= number <= INTEGER_MAX:
        raise MalformedError(f"{what} is not between {least} and {INTEGER_MAX}")


def _read_slip(payload: bytes) -> tuple[Slip, int]:
    """Decode the slip in the payload of ``view``, and say where it ends; the view is not copied."""
    size_bytes = int.from_bytes(payload[:SLIP_LENGTH_SIZE_BYTES], "big")
    end = SLIP_LENGTH_SIZE_BYTES + size_bytes
    _check_view_size(len(payload) - end)
    return _SLIP.decode(payload[SLIP_LENGTH_SIZE_BYTES:end]), end


def _check_view_size(size_bytes: int) -> None:
    if not 0 < size_bytes <= VIEW_SIZE_BYTES_MAX:
        raise MalformedError(f"view in a payload has not 1 to {VIEW_SIZE_BYTES_MAX} bytes")


# The kinds whose payload has a form already; a slip stands for its view, which is not copied.
_READERS: Final[Mapping[EntryKind, Callable[[bytes], object]]] = {
    EntryKind.START: read_start,
    EntryKind.VIEW: _read_slip,
    EntryKind.VOID: read_void,
    EntryKind.REFUSED: read_refused,
}
