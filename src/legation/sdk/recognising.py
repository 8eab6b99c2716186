# SPDX-License-Identifier: Apache-2.0
"""
What a file claims to be, by its first bytes; whether it is that, the functions of ``verifying`` say.
"""

from enum import StrEnum


class Kind(StrEnum):
    """What a file is verified as."""

    VIEW = "view"
    """An item or a cut of it; also whatever is not recognised."""
    PAYLOAD = "payload"
    """What an entry of a stream brought: a slip and a view."""
    NOTE = "note"
    """A checkpoint or a receipt."""
    PROOF = "proof"
    """A proof of one entry, with a checkpoint or a receipt inside."""
    GROWTH = "growth"
    """A proof that a stream or log has only grown, with its checkpoint inside."""
    WITHDRAWAL = "withdrawal"
    """The author's word that nobody is to use an item any more."""
    DESTRUCTION = "destruction"
    """An office's word that it has destroyed what it held of an item."""


_BEGINNINGS = (
    (b"c2sp.org/tlog-proof@", Kind.PROOF),
    (b"legation/stream/", Kind.NOTE),
    (b"legation/log/", Kind.NOTE),
    (b"old ", Kind.GROWTH),
    (b'{"author":', Kind.WITHDRAWAL),  # a view begins with its header
    (b'{"format":"legation/destruction/', Kind.DESTRUCTION),
    (b"\x00\x00", Kind.PAYLOAD),  # a slip is never so long that its four bytes of length begin otherwise
)


def recognise(data: bytes) -> Kind:
    r"""
    Say what a file claims to be.

    >>> recognise(b"legation/log/v1/KOR/...")
    <Kind.NOTE: 'note'>
    >>> recognise(b'{"header":...')
    <Kind.VIEW: 'view'>
    """
    return next((kind for beginning, kind in _BEGINNINGS if data.startswith(beginning)), Kind.VIEW)
