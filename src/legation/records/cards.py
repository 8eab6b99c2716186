# SPDX-License-Identifier: Apache-2.0
"""Cards as people look at them before they sign or confirm one: keys, and what a later card changes."""

from legation.encoding import Canonical


class KeyRecord(Canonical, frozen=True):
    """
    A key that a card lists.

    ``key`` is its id in hexadecimal, of which people use the first 16 digits; ``role`` is item, stream or seal;
    ``state`` is current, retired or revoked, and ``since`` from when, where that is said.
    """

    role: str
    algorithm: str
    key: str
    state: str
    since: str = ""


class KeyChangeRecord(Canonical, frozen=True):
    """A key that stands otherwise on a later card; ``was`` is empty for one that was not listed."""

    role: str
    algorithm: str
    key: str
    was: str
    state: str
    since: str = ""


class CardChangeRecord(Canonical, frozen=True):
    """
    What a card says other than one before it, of number ``after``.

    ``addresses`` and ``policies`` are as on the later card, and ``addresses_before`` and ``policies_before`` as on
    the earlier one; all four are empty where nothing is another.
    """

    office: str
    number: int
    after: int
    fingerprint: tuple[str, ...]
    keys: tuple[KeyChangeRecord, ...]
    addresses_before: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    policies_before: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()


class PeerCardRecord(Canonical, frozen=True):
    """A card of a peer's chain, and who vouches for it; ``confirmed_by`` is empty as long as nobody does."""

    number: int
    time: str
    fingerprint: tuple[str, ...]
    added_by: str
    confirmed_by: str


class EvidenceRecord(Canonical, frozen=True):
    """What was kept about a peer because it proves something, and when."""

    what: str
    found: str


class PeerCardsRecord(Canonical, frozen=True):
    """
    A peer's cards, from the first one on; the keys of the one that is trusted; and what the one that waits would change.

    ``link`` and ``why`` are as for a ``PeerRecord``. ``keys`` is empty if no card is confirmed yet, and ``waits`` absent
    if none waits. Of a first card that waits, ``waits`` lists all keys as new, after number -1.
    """

    office: str
    link: str
    why: str
    root: str
    cards: tuple[PeerCardRecord, ...]
    keys: tuple[KeyRecord, ...]
    waits: CardChangeRecord | None = None
    evidence: tuple[EvidenceRecord, ...] = ()
