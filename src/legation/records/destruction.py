# SPDX-License-Identifier: Apache-2.0
"""
What was destroyed, as whoever does it or hears of it is told.
"""

from legation.encoding import Canonical


class CertificateRecord(Canonical, frozen=True):
    """
    A certificate of destruction: that ``office`` destroyed what it held of ``item``.

    ``destroyed`` is when, by its own clock, ISO 8601 in UTC. ``withdrawal`` is the SHA-256 of the withdrawal that it
    answers, if any. ``data`` is the certificate itself, which anybody can verify who has that office's card.
    """

    item: str
    office: str
    destroyed: str
    data: bytes
    withdrawal: str = ""


class OnwardCopyRecord(Canonical, frozen=True):
    """
    A copy that went on from here to an ``addressee``, and ``why`` it stands there as it does; ``copy`` is its number on
    paper, ``handed_to`` to whom it was handed.

    ``destroyed``: its holder certified, or somebody said, that it was destroyed.
    """

    addressee: str
    why: str
    copy: int | None = None
    handed_to: str = ""
    destroyed: bool = False


class DestructionRecord(Canonical, frozen=True):
    """
    What destroying an item takes away, or took: ``by`` a person and a ``witness``; ``destroyed`` is when, and empty where
    it was only looked at. ``withdrawn`` is when its author's withdrawal came.

    ``attachments`` go with it, ``kept_attachments`` belong to something else too. Out of reach are what was
    ``passed_on`` and the words that are ``quoted_in`` other items, which are named. ``told`` are the offices that brought
    it: they get the ``certificate``. ``preview`` stands for all of that, as it is now.
    """

    item: str
    reference: str
    author: str
    withdrawn: str = ""
    preview: str = ""
    attachments: tuple[str, ...] = ()
    kept_attachments: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    passed_on: tuple[OnwardCopyRecord, ...] = ()
    quoted_in: tuple[str, ...] = ()
    by: str = ""
    witness: str = ""
    destroyed: str = ""
    certificate: CertificateRecord | None = None


class NoticeRecord(Canonical, frozen=True):
    """
    ``what`` came as a file and was taken in: a withdrawal or a destruction of ``item``, signed by ``office``.
    """

    what: str
    item: str
    office: str


class DestructionVerifiedRecord(Canonical, frozen=True):
    """
    That ``office``, by an item key of its own, certifies to have destroyed what it held of ``item``.

    ``destroyed`` is when, by its own clock; ``withdrawal`` what it answers, as a hash. ``verified`` is always true.
    """

    verified: bool
    office: str
    item: str
    destroyed: str
    withdrawal: str = ""
