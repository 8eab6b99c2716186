# SPDX-License-Identifier: Apache-2.0
"""
Copies on paper, as whoever prints them or hands them over is told.
"""

from legation.encoding import Canonical


class PrintedRecord(Canonical, frozen=True):
    """
    A copy that was printed.

    ``copy`` counts the copies of this item for this addressee, from 1. ``again`` says that it was printed before:
    then it is the same copy, byte for byte. ``file`` is where it was written, ``attachments`` are the files beside it.
    """

    item: str
    reference: str
    addressee: str
    copy: int
    banner: str
    again: bool
    file: str = ""
    attachments: tuple[str, ...] = ()


class HandoverRecord(Canonical, frozen=True):
    """
    What the person ``by`` said of the ``copy`` on paper of that number: that it was handed ``to`` somebody, or destroyed
    (then that is empty).

    ``at`` is when, as they say, ISO 8601 in UTC. ``note`` says what they should know besides.
    """

    item: str
    reference: str
    addressee: str
    copy: int
    to: str
    by: str
    at: str
    note: str = ""
