# SPDX-License-Identifier: Apache-2.0
"""
What may be passed on of another office's item, as whoever passes it on is shown it.
"""

from legation.encoding import Canonical
from legation.records.exchange import AddresseeRecord


class PassedPortionRecord(Canonical, frozen=True):
    """
    One portion of the view that is passed on from: what it is called, with its paragraph code, and its mark.

    ``showing`` is ``shown``, ``covered`` (in the copy, but a fuller variant is shown instead) or
    ``withheld``; then ``why`` says why.
    """

    portion: str
    mark: str
    showing: str
    why: str = ""


class PassedCopyRecord(Canonical, frozen=True):
    """What one addressee would get: the banner of its copy, or ``why`` nothing goes to it."""

    addressee: str
    banner: str
    portions: tuple[PassedPortionRecord, ...]
    why: str = ""


class PassingRecord(Canonical, frozen=True):
    """
    Every addressee's copy of an item of another office, whose id is in hexadecimal.

    ``preview`` stands for all that would be approved by passing it on now.
    """

    item: str
    reference: str
    author: str
    copies: tuple[PassedCopyRecord, ...]
    preview: str


class PassedRecord(Canonical, frozen=True):
    """An item that was passed on, and what was approved for each addressee; ``preview`` stands for that."""

    item: str
    reference: str
    preview: str
    addressees: tuple[AddresseeRecord, ...]


class ReissuedRecord(Canonical, frozen=True):
    """
    An item of another office as the beginning of a ``report`` of our own, in Markdown.

    ``controlled`` counts the portions that are left out because they are under their originator's control,
    ``files`` the attachments. ``linked`` says whether the report names the item that it comes from.
    """

    report: str
    controlled: int
    files: int
    linked: bool
