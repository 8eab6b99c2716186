# SPDX-License-Identifier: Apache-2.0
"""
Copies on paper, for offices without a node: what is written down of each, and stands in the log by its hash.

A copy is numbered by item and office, from 1: the number says nothing of who else has one. Nobody signs for a copy
on paper; that it was handed over, or destroyed, is what one of our people says.

Use::

    printed = Printed(office="AUS@NATO", item=item_id, copy=1, cut=digest, by="registry", at=now)
    LogEntry(kind=LogKind.PRINTED, hash=printed.digest, time=now)
"""

from hashlib import sha256

from legation.encoding import Canonical, encode
from legation.errors import MalformedError
from legation.item.portion import check_line, check_office
from legation.keys.card import TIME_MAX

COPIES_MAX = 9999  # of one item for one office; each is printed by a person


class Copy(Canonical, frozen=True):
    """
    One copy on paper, and what a person did with it.

    Args:
        office: Whom it is for.
        item: The id of the item, 32 bytes.
        copy: Its number among the copies of this item for this office, from 1.
        by: Who did it, in one line.
        at: When, as they say, in seconds since 1970, UTC.

    Raises:
        MalformedError: One of them is not such.
    """

    office: str
    item: bytes
    copy: int
    by: str
    at: int

    def __post_init__(self) -> None:
        check_office(self.office)
        check_line(self.by, "name")
        if not self.by:
            raise MalformedError("a copy on paper has somebody who did something with it")
        if not 0 < self.copy <= COPIES_MAX:
            raise MalformedError(f"number of a copy is not between 1 and {COPIES_MAX}")
        if not 0 <= self.at <= TIME_MAX:
            raise MalformedError(f"time of an act on paper is not between 0 and {TIME_MAX}")

    @property
    def digest(self) -> bytes:
        """What stands for it in the log: SHA-256 of its canonical bytes."""
        return sha256(encode(self)).digest()


class Printed(Copy, frozen=True, tag="printed"):
    """It was printed; ``cut`` is the SHA-256 of the cut that it shows."""

    cut: bytes

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.cut) != sha256().digest_size:
            raise MalformedError("a copy on paper names its cut by a hash of 32 bytes")


class HandedOver(Copy, frozen=True, tag="handed-over"):
    """It was handed over; ``to`` says to whom, in one line."""

    to: str

    def __post_init__(self) -> None:
        super().__post_init__()
        check_line(self.to, "whoever it was handed to")
        if not self.to:
            raise MalformedError("what was handed over was handed to somebody")


class Destroyed(Copy, frozen=True, tag="destroyed"):
    """It was destroyed, by us or by whom it was handed to."""
