# SPDX-License-Identifier: Apache-2.0
"""Cards as people look at them before they sign or confirm one: keys, and what a later card changes."""

from legation.encoding import Canonical


class KeyRecord(Canonical, frozen=True):
    """
    A key that a card lists.

    ``key`` is its id in hexadecimal, of which people use the first 16 digits; ``role`` is item, stream or seal, and
    ``algorithm`` what it is used with; ``state`` is current, retired or revoked, and ``since`` from when, where that
    is said.
    """

    role: str
    algorithm: str
    key: str
    state: str
    since: str = ""


class KeyChangeRecord(Canonical, frozen=True):
    """
    A key that stands otherwise on a later card; ``was`` is its state before, empty for one that was not listed.

    ``role``, ``algorithm``, ``key``, ``state`` and ``since`` are as for any key.
    """

    role: str
    algorithm: str
    key: str
    was: str
    state: str
    since: str = ""


class CardChangeRecord(Canonical, frozen=True):
    """
    What the card of ``number`` says other than one before it, of number ``after``.

    ``keys`` are those that differ. ``addresses`` and ``policies`` are as on the later card, and ``addresses_before`` and ``policies_before`` as on
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
    """
    A card of a peer's chain, of that ``number`` from 0, and who vouches for it.

    ``time`` is when it was made; ``added_by`` brought it here, and ``confirmed_by`` is empty as long as nobody does.
    """

    number: int
    time: str
    fingerprint: tuple[str, ...]
    added_by: str
    confirmed_by: str


class EvidenceRecord(Canonical, frozen=True):
    """What was kept about a peer because it proves something, and when it was ``found``."""

    what: str
    found: str


class PeerCardsRecord(Canonical, frozen=True):
    """
    A peer's cards, from the first one on; the keys of the one that is trusted; and what the one that waits would change.

    ``link`` and ``why`` are as for every peer. ``root`` is the id of its root key. ``cards`` are all that are known,
    in their order, and ``evidence`` what was kept about it. ``keys`` is empty if no card is confirmed yet, and ``waits`` absent
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
