# SPDX-License-Identifier: Apache-2.0
"""
Whether a card that somebody brings is the next of its office's chain, and what it proves if it is not.

Rules kept here:

1. Numbers step by one, and each card names the digest of the one before. A card further ahead needs the missing ones:
   a number alone, however high, moves nothing (fast-forward).
2. A card that was replaced is not taken again: refused and reported (rollback).
3. Two cards of one number under one root are proof that the root key signs two histories: both are kept, the link is
   frozen, whoever brings the second one.
4. A card under another root says nothing against the office: anybody can make one.
"""

from legation.errors import EquivocationError, LegationError, RefusedError, VerificationError
from legation.exchange.link import LinkEvent, LinkState, link_after
from legation.keys.card import Card, Cards, succeeds
from legation.log import LogEntry, LogKind
from legation.node.rules import begin_epoch, read_card
from legation.node.surroundings import Surroundings
from legation.store.sqlite import logbook, peers
from legation.store.sqlite.database import Reading, Writing
from legation.store.sqlite.peers import StoredCard


def check_next_card(db: Reading, theirs: Card, around: Surroundings) -> None:
    """
    Check that a card, none of those that are here, is the first of its office or follows the newest one here.

    Raises:
        VerificationError: It does not; ``EquivocationError`` if it proves a fork.
        RefusedError: A first card of that office waits to be confirmed, and this is one under another root.
    """
    office = str(theirs.office)
    newest = peers.stored_card(db, office)
    if newest is None:
        if theirs.body.number != 0:
            raise VerificationError(
                f"card number {theirs.body.number} of an office that is not known yet, expected number 0",
                hint="add the cards of its chain one after the other",
            )
        return
    ours = read_card(newest.data, around.verify)
    same = peers.card_numbered(db, office, theirs.body.number)
    if ours.body.root != theirs.body.root and peers.pinned_card(db, office) is None:
        raise RefusedError(
            f"another card of `{office}` waits to be confirmed",
            hint=f"legation peer show {office}; if it is not theirs: legation peer drop {office}",
        )
    if ours.body.root == theirs.body.root and same is not None:
        raise EquivocationError(
            f"the root key of `{office}` has signed two cards of number {theirs.body.number}",
            hint="trust neither; call that office by another way",
            ours=same.data,
            theirs=theirs.data,
        )
    try:
        succeeds(ours, theirs)
    except VerificationError as error:
        missing = theirs.body.number - ours.body.number - 1
        error.hint = "add the missing cards first, one after the other" if missing > 0 else error.hint
        raise


def check_keys(db: Reading, theirs: Card, own: Card, around: Surroundings) -> None:
    """
    Refuse a card that claims the key of another that is trusted, or ours.

    Raises:
        MalformedError: It does.
    """
    others = [read_card(each, around.verify) for each in peers.pinned_cards(db)]
    Cards([own, *(each for each in others if each.office != theirs.office), theirs])


def check_not_older(stored: StoredCard, newest: StoredCard) -> None:
    """
    Refuse a card that is here and was replaced since.

    Raises:
        VerificationError: It was.
    """
    if stored.number < newest.number:
        raise VerificationError(
            f"card number {stored.number} of `{stored.office}` is an old one: number {newest.number} is here",
            hint="whoever handed it over should be asked why",
        )


def report(db: Writing, theirs: Card, error: LegationError, around: Surroundings) -> None:
    """
    Keep what a card that was refused proves, once: a fork stops the link, an old card is a word to our own people.

    Args:
        db: The change.
        theirs: The card.
        error: Why it was refused.
        around: Clock.
    """
    office, now = str(theirs.office), around.seconds()
    if any(each.theirs == theirs.data for each in peers.evidence(db, office)):
        return
    newest = peers.stored_card(db, office)
    is_fork = isinstance(error, EquivocationError)
    same = peers.card_numbered(db, office, theirs.body.number)
    is_old = same is not None and same.data == theirs.data
    if newest is None or not (is_fork or is_old):
        return
    ours = error.ours if isinstance(error, EquivocationError) else newest.data
    peers.add_evidence(db, office, error.message, ours=ours, theirs=theirs.data, at=now)
    link = LinkState(peers.link(db, office))
    after = link_after(link, LinkEvent.FORK) if is_fork else link
    if after is not None and after is not link:
        peers.set_link(db, office, after, error.message)
        logbook.append(db, [LogEntry(kind=LogKind.FROZEN, hash=theirs.digest, time=now)])
        begin_epoch(db, around)
