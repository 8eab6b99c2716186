# SPDX-License-Identifier: Apache-2.0
"""
What a person is told of bags: packed, looked into, opened, listed.

Entries are those from ``start`` up to ``stop``, which is not among them. Times are ISO 8601 in UTC.
"""

from legation.encoding import Canonical


class PackedRecord(Canonical, frozen=True):
    """
    One bag that was packed.

    ``office`` is whom it is for, ``number`` that of the bag, ``file`` how its file is called, of ``size_bytes``.
    It hands over entries from ``start`` up to ``stop``, and so many ``attachments``. ``has_receipt``: ours rides
    along; ``has_way_back``: one of theirs can come back.
    """

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
    """The ``bags`` that were packed at once; ``has_more``: there is still more to pack."""

    bags: tuple[PackedRecord, ...]
    has_more: bool = False


class BagRecord(Canonical, frozen=True):
    """
    What is in a bag, as its letter says; nothing of what it carries.

    ``sender`` packed it, with the ``number``; ``file`` is how it is called here, of ``size_bytes``. Of the entries from
    ``start`` up to ``stop`` so many have an item (``views``), are ``others``, or were ``taken_back``. There are so
    many ``attachments``, of ``attachments_size_bytes`` together. ``has_receipt``: one over our stream is in it.
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

    ``state`` is ``opened``, ``opened before`` or ``packed here`` (then nothing was done), or ``not opened`` (it was
    only tried). ``sender`` packed it, with the ``number``; ``file`` is how it is called here; it has entries from
    ``start`` up to ``stop``. ``entries`` counts those that were not held before; of the items in them so many are shown
    (``views``), set apart (``quarantined``) or ``refused``, with so many ``attachments``; so many ``withdrawals`` and
    ``certificates`` of destruction came. ``has_receipt``: one over our stream was in it.
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
    withdrawals: int = 0
    certificates: int = 0
    attachments: int = 0
    has_receipt: bool = False


class ClosedRecord(Canonical, frozen=True):
    """A bag in a ``file`` that could not be opened, and ``why``."""

    file: str
    why: str


class OpeningRecord(Canonical, frozen=True):
    """What came of several files: ``bags`` that were opened, in that order, and those that stayed ``closed``."""

    bags: tuple[OpenedRecord, ...]
    closed: tuple[ClosedRecord, ...] = ()


class PackedBagRecord(Canonical, frozen=True):
    """
    A bag that was packed, as it is listed.

    ``office`` is whom it is for, ``number`` that of the bag, ``file`` how its file is called; it hands over entries from
    ``start`` up to ``stop``. ``state`` is ``receipted``, ``packed``, ``no receipt possible`` or ``not written``. ``by``
    and ``at`` say who packed it, when.
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
    """
    A bag of another office that was opened, as it is listed.

    ``number`` is that of the bag; it has entries from ``start`` up to ``stop``. ``by`` and ``at`` say who opened it,
    when.
    """

    office: str
    number: int
    start: int
    stop: int
    by: str
    at: str


class MissingBagsRecord(Canonical, frozen=True):
    """
    Bags of an office that were not opened, though a later one was: those numbered from ``first`` to ``last``.

    Their entries came otherwise, or the later one could not have been opened.
    """

    office: str
    first: int
    last: int


class BagsRecord(Canonical, frozen=True):
    """Bags of this node, by office and number: ``packed``, ``opened``, and those that are ``missing``."""

    packed: tuple[PackedBagRecord, ...]
    opened: tuple[OpenedBagRecord, ...]
    missing: tuple[MissingBagsRecord, ...]


class CourierEndRecord(Canonical, frozen=True):
    """One end of a courier's way: an office, the number of its ``card``, and the words both ends compare."""

    office: str
    card: int
    fingerprint: tuple[str, ...]


class PackageRecord(Canonical, frozen=True):
    """
    A package that a courier carries: a ``file`` of ``size_bytes``, with the bag of this ``number`` in it.

    ``sha256`` is of the file, in hexadecimal.
    """

    file: str
    number: int
    size_bytes: int
    sha256: str


class CourierRecord(Canonical, frozen=True):
    """
    What stands on a courier sheet, beside what is written by hand.

    ``date`` is when it was made, in UTC; ``packages`` go from the ``sender`` to the ``receiver``.
    """

    date: str
    sender: CourierEndRecord
    receiver: CourierEndRecord
    packages: tuple[PackageRecord, ...]
