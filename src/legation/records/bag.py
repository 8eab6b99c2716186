# SPDX-License-Identifier: Apache-2.0
"""
What a person is told of bags: packed, looked into, opened, listed.

Entries are those from ``start`` up to ``stop``, which is not among them. Times are ISO 8601 in UTC.
"""

from legation.encoding import Canonical


class PackedRecord(Canonical, frozen=True):
    """One bag that was packed: for whom, in which file, and what it hands over."""

    office: str
    number: int
    file: str
    start: int
    stop: int
    attachments: int
    size_bytes: int
    has_receipt: bool
    has_way_back: bool


class PackingRecord(Canonical, frozen=True):
    """The bags that were packed at once; ``has_more``: there is still more to pack."""

    bags: tuple[PackedRecord, ...]
    has_more: bool = False


class BagRecord(Canonical, frozen=True):
    """
    What is in a bag, as its letter says; nothing of what it carries.

    ``attachments_size_bytes`` is of all attachments, ``size_bytes`` of the file.
    """

    file: str
    sender: str
    number: int
    start: int
    stop: int
    views: int
    others: int
    taken_back: int
    attachments: int
    attachments_size_bytes: int
    size_bytes: int
    has_receipt: bool


class OpenedRecord(Canonical, frozen=True):
    """
    What came of a bag.

    ``state`` is ``opened``, ``opened before`` (then nothing was done) or ``not opened`` (it was only tried).
    ``entries`` are those that were not held before.
    """

    file: str
    sender: str
    number: int
    start: int
    stop: int
    state: str
    entries: int = 0
    views: int = 0
    quarantined: int = 0
    refused: int = 0
    attachments: int = 0
    has_receipt: bool = False


class ClosedRecord(Canonical, frozen=True):
    """A bag that could not be opened, and why."""

    file: str
    why: str


class OpeningRecord(Canonical, frozen=True):
    """What came of several bags: those that were opened, in that order, and those that were not."""

    bags: tuple[OpenedRecord, ...]
    closed: tuple[ClosedRecord, ...] = ()


class PackedBagRecord(Canonical, frozen=True):
    """
    A bag that was packed, as it is listed.

    ``state`` is ``receipted``, ``packed``, ``no receipt possible`` or ``not written``.
    """

    office: str
    number: int
    file: str
    start: int
    stop: int
    state: str
    by: str
    at: str


class OpenedBagRecord(Canonical, frozen=True):
    """A bag of a peer that was opened, as it is listed."""

    office: str
    number: int
    start: int
    stop: int
    by: str
    at: str


class MissingBagsRecord(Canonical, frozen=True):
    """
    Bags of a peer that were not opened, though a later one was: from one number up to another, which is missing too.

    Their entries came otherwise, or the later one could not have been opened.
    """

    office: str
    first: int
    last: int


class BagsRecord(Canonical, frozen=True):
    """Bags of this node, by office and number."""

    packed: tuple[PackedBagRecord, ...]
    opened: tuple[OpenedBagRecord, ...]
    missing: tuple[MissingBagsRecord, ...]


class CourierEndRecord(Canonical, frozen=True):
    """One end of a courier's way: an office, the number of its card, and the words both ends compare."""

    office: str
    card: int
    fingerprint: tuple[str, ...]


class PackageRecord(Canonical, frozen=True):
    """A package that a courier carries; ``sha256`` is of the file, in hexadecimal."""

    file: str
    number: int
    size_bytes: int
    sha256: str


class CourierRecord(Canonical, frozen=True):
    """What stands on a courier sheet, beside what is written by hand."""

    date: str
    sender: CourierEndRecord
    receiver: CourierEndRecord
    packages: tuple[PackageRecord, ...]
