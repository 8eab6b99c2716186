# SPDX-License-Identifier: Apache-2.0
"""
Peers: their cards, confirmed by two, and what they may see, granted by two.

Until persons log in, an act by two persons is two commands with two names, written down as they were
given. Nothing is trusted by the first of them: a card that one person added decides nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256

from msgspec.structs import replace

from legation.encoding import encode
from legation.errors import MalformedError, RefusedError, VerificationError
from legation.formats import stanag4774
from legation.keys.card import Card, Cards, Office, fingerprint, read, succeeds
from legation.labels import Clearance
from legation.labels.label import check_name
from legation.log import LogEntry, LogKind
from legation.node.accepting import judge_again
from legation.node.persons import check_second
from legation.node.rules import begin_epoch, named_clearance, policies_at_hand, read_card
from legation.node.surroundings import Surroundings
from legation.store.blobs import Blobs
from legation.store.sqlite import logbook, peers
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.peers import StoredCard, StoredGrant


def add_peer(data: bytes, *, by: str, card: Card, database: Database, around: Surroundings) -> Card:
    """
    Take in a card, trusted by nobody yet.

    Args:
        data: The card.
        by: Who adds it.
        card: Our own card.
        database: The node's store.
        around: Clock and dice.

    Raises:
        MalformedError: It is no card, our own, or one of its keys stands in another's card.
        VerificationError: A signature of it does not hold, or it does not follow the pinned one.
        RefusedError: Another card of this office waits to be confirmed.
    """
    check_name(by, "name")
    theirs = read(data, verify=around.verify)
    office = str(theirs.office)

    def act(db: Writing) -> None:
        if theirs.office == card.office:
            raise MalformedError("this is the card of this very office")
        stored = peers.stored_card(db, office)
        if stored is not None and stored.data == data:
            return
        if stored is not None and stored.confirmed_by is None:
            raise RefusedError(
                f"another card of `{office}` waits to be confirmed", hint=f"legation peer confirm {office}"
            )
        _check_chain(db, theirs, card, stored, around)
        peers.add_card(db, theirs, by, around.seconds())

    database.write(act)
    return theirs


def _check_chain(
    db: Reading, theirs: Card, own: Card, stored: StoredCard | None, around: Surroundings
) -> None:
    """Refuse a card that is not the next of its office, or that claims another's key."""
    if stored is not None:
        succeeds(read_card(stored.data, around.verify), theirs)
    elif theirs.body.number != 0:
        raise VerificationError(
            f"card number {theirs.body.number} of an office that is not known yet, expected number 0",
            hint="add the cards of its chain one after the other",
        )
    _check_keys(db, theirs, own, around)


def _check_keys(db: Reading, theirs: Card, own: Card, around: Surroundings) -> None:
    """Refuse a card that claims the key of another that is trusted, or ours."""
    others = [read_card(each, around.verify) for each in peers.pinned_cards(db)]
    Cards([own, *(each for each in others if each.office != theirs.office), theirs])


def confirm_peer(
    office: str,
    *,
    by: str,
    words: Sequence[str],
    card: Card,
    database: Database,
    blobs: Blobs,
    around: Surroundings,
) -> Card:
    """
    Trust a card from now on: the second person's act, after both compared its twelve words.

    In the same transaction what was set apart is judged again: its author may be known now, or a key revoked.

    Args:
        office: Whose card.
        by: Who confirms; another one than added it.
        words: The words as the other office said them, if they are to be compared here.
        card: Our own card.
        database: The node's store.
        blobs: Where long views are.
        around: Clock and dice.

    Raises:
        MalformedError: There is no such card, or one of its keys stands in another's card by now.
        RefusedError: The same person added it.
        VerificationError: The words are others.
    """
    check_name(by, "name")
    Office.parse(office)

    def act(db: Writing) -> Card:
        stored = peers.stored_card(db, office)
        if stored is None:
            raise MalformedError(f"there is no card of `{office}`", hint="legation peer add CARD")
        theirs = read_card(stored.data, around.verify)
        if words and tuple(word.lower() for word in words) != fingerprint(theirs):
            raise VerificationError(
                "these are not the words of the card",
                hint="trust neither; ask the other office by another way",
            )
        if stored.confirmed_by is not None:
            return theirs
        check_second(stored.added_by, by, "added this card")
        # Others may have been confirmed since it was added.
        _check_keys(db, theirs, card, around)
        now = around.seconds()
        peers.confirm_card(db, office, theirs.body.number, by, now)
        logbook.append(db, [LogEntry(kind=LogKind.PINNED, hash=theirs.digest, time=now)])
        begin_epoch(db, around)
        judge_again(db, card=card, blobs=blobs, around=around)
        return theirs

    return database.write(act)


@dataclass(frozen=True, kw_only=True)
class GrantState:
    """A grant after one act on it: ``confirmed_by`` is empty as long as it takes a second person."""

    office: str
    policy: str
    clearance: Clearance
    agreement: str
    proposed_by: str
    confirmed_by: str = ""


def grant(
    office: str,
    clearance: bytes,
    *,
    by: str,
    agreement: str,
    not_before: datetime | None,
    not_after: datetime | None,
    database: Database,
    around: Surroundings,
) -> GrantState:
    """
    Propose what a peer may see, or, as a second person, confirm exactly what was proposed.

    Args:
        office: The peer.
        clearance: What it may see under one policy (STANAG 4774 XML).
        by: Who acts.
        agreement: The agreement that it rests on.
        not_before: From when it holds, if not what the clearance says.
        not_after: Until when.
        database: The node's store.
        around: Clock and dice.

    Raises:
        MalformedError: The clearance is none, names an unknown policy, ends before it begins, or the office
            is no peer.
        RefusedError: The same person proposed exactly this.
    """
    check_name(by, "name")
    check_name(agreement, "agreement", may_be_empty=True)
    if not_before is not None and not_after is not None and not_after < not_before:
        raise MalformedError("the grant ends before it begins")
    wanted = _bounded(stanag4774.read_clearance(clearance), not_before, not_after)

    def act(db: Writing) -> GrantState:
        if peers.pinned_card(db, office) is None:
            raise MalformedError(
                f"the card of `{office}` is not confirmed", hint=f"legation peer confirm {office}"
            )
        policies = policies_at_hand(db)
        named = named_clearance(wanted, policies)
        return _propose_or_confirm(db, office, named, by=by, agreement=agreement, around=around)

    return database.write(act)


def _bounded(clearance: Clearance, not_before: datetime | None, not_after: datetime | None) -> Clearance:
    return replace(
        clearance,
        not_before=not_before or clearance.not_before,
        not_after=not_after or clearance.not_after,
    )


def _propose_or_confirm(
    db: Writing, office: str, clearance: Clearance, *, by: str, agreement: str, around: Surroundings
) -> GrantState:
    now = around.seconds()
    state = GrantState(
        office=office,
        policy=clearance.policy_id,
        clearance=clearance,
        agreement=agreement,
        proposed_by=by,
    )
    waiting = _same(peers.proposed_grants(db, office), clearance, agreement)
    if waiting is None:
        peers.propose_grant(db, office, clearance, agreement, by=by, at=now)
        return state
    check_second(waiting.proposed_by, by, "proposed this grant")
    peers.confirm_grant(db, waiting.grant_id, by, now)
    digest = grant_digest(office, clearance, agreement)
    logbook.append(db, [LogEntry(kind=LogKind.GRANTED, hash=digest, time=now)])
    begin_epoch(db, around)
    return GrantState(
        office=office,
        policy=clearance.policy_id,
        clearance=clearance,
        agreement=agreement,
        proposed_by=waiting.proposed_by,
        confirmed_by=by,
    )


def grant_digest(office: str, clearance: Clearance, agreement: str) -> bytes:
    """What stands for a grant in the log."""
    return sha256(encode((office, clearance, agreement))).digest()


def _same(proposed: Sequence[StoredGrant], clearance: Clearance, agreement: str) -> StoredGrant | None:
    """The proposal that says exactly this, if there is one."""
    return next(
        (each for each in proposed if (each.clearance, each.agreement) == (clearance, agreement)), None
    )


def read_date(text: str, *, is_end: bool) -> datetime:
    """
    Read a date or an instant that a person typed; without a zone it is UTC.

    Args:
        text: As it was typed.
        is_end: Whether a date stands for its last second, or for its first.

    Raises:
        MalformedError: It is neither, or lies outside the calendar in UTC.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _instant(text)
    return datetime.combine(day, time(23, 59, 59) if is_end else time(), UTC)


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise MalformedError("this is no date", hint="write 2026-12-31 or 2026-12-31T12:00Z") from None
