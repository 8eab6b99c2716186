# SPDX-License-Identifier: Apache-2.0
"""
The check of the cards of this office: the store has the whole chain, up to the one in the folder.
"""

from functools import partial

from legation.errors import StoreError
from legation.keys.card import Card, read, succeeds
from legation.log import LogKind
from legation.node.checking.findings import Findings
from legation.node.checking.log import Logged
from legation.node.surroundings import Surroundings
from legation.store.sqlite import node
from legation.store.sqlite.database import Reading
from legation.store.sqlite.node import OwnCard


def check_own_cards(db: Reading, found: Findings, logged: Logged, card: Card, around: Surroundings) -> None:
    """Hold every card of this office against the one before, its row and the log."""
    before: list[Card] = []
    for stored in node.own_cards(db):
        look = partial(_card, stored, before, logged, around)
        found.hold("own cards", f"card {stored.number} of this office", look)
    if not before or before[-1].digest != card.digest:
        found.note("cards of this office", "the newest in the store is not the one in the folder")


def _card(stored: OwnCard, before: list[Card], logged: Logged, around: Surroundings) -> None:
    """
    Hold one card against its row, and as the next of those that came by.

    Raises:
        LegationError: It does not hold.
    """
    card = read(stored.data, verify=around.verify)
    if (card.body.number, card.digest) != (stored.number, stored.digest):
        raise StoreError("it is another one than its row says")
    if before:
        succeeds(before[-1], card)
        logged.claim(LogKind.RENEWED, card.digest)
    elif card.body.number != 0:
        raise StoreError("the cards before it are missing")
    before.append(card)
