# SPDX-License-Identifier: Apache-2.0
"""
Peers: their cards, confirmed by two, and what they may see, granted by two.

Until persons log in, an act by two persons is two commands with two names, written down as they were
given. Nothing is trusted by the first of them: a card that one person added decides nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256

from msgspec.structs import replace

from legation.encoding import encode
from legation.errors import MalformedError, RefusedError, VerificationError
from legation.formats import stanag4774
from legation.keys.card import Card, Office, fingerprint, read
from legation.labels import Clearance
from legation.labels.label import check_name
from legation.log import LogEntry, LogKind
from legation.node.peers.accepting import judge_again
from legation.node.peers.chaining import check_keys, check_next_card, check_not_older, report
from legation.node.peers.stopping import admit_again, ask_to_admit
from legation.node.persons import check_second
from legation.node.rules import begin_epoch, named_clearance, policies_at_hand, read_card
from legation.node.surroundings import Surroundings
from legation.store.blobs import Blobs
from legation.store.sqlite import logbook, peers
from legation.store.sqlite.database import Database, Writing
from legation.store.sqlite.peers import StoredGrant


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
        VerificationError: A signature of it does not hold, it is an old one, or it does not follow the newest.
        EquivocationError: Another card of its number is here, under the same root; the link is frozen.
        RefusedError: Another card of this office waits to be confirmed.
    """
    check_name(by, "name")
    theirs = read(data, verify=around.verify)
    if theirs.office == card.office:
        raise MalformedError("this is the card of this very office")

    def act(db: Writing) -> VerificationError | None:
        try:
            _add(db, theirs, by, card, around)
        except VerificationError as error:
            # What it proves is kept, although it is refused.
            report(db, theirs, error, around)
            return error
        return None

    refused = database.write(act)
    if refused is not None:
        raise refused
    return theirs


def _add(db: Writing, theirs: Card, by: str, own: Card, around: Surroundings) -> None:
    """Keep a card that is the first or the next of its office, and claims nobody else's key."""
    office = str(theirs.office)
    newest, same = peers.stored_card(db, office), peers.card_numbered(db, office, theirs.body.number)
    if newest is not None and same is not None and same.data == theirs.data:
        check_not_older(same, newest)
        ask_to_admit(db, office, by)
        return
    check_next_card(db, theirs, around)
    ask_to_admit(db, office, by)
    check_keys(db, theirs, own, around)
    peers.add_card(db, theirs, by, around.seconds())


def add_without_node(office: str, *, by: str, card: Card, database: Database, around: Surroundings) -> None:
    """
    Take in an office that has no node: what is for it goes on paper. It may see nothing yet.

    One that is excluded is admitted again when a second person does so.

    Args:
        office: The office.
        by: Who adds it.
        card: Our own card.
        database: The node's store.
        around: Clock and dice.

    Raises:
        MalformedError: It is no office, or our own; or no name.
        RefusedError: It is a correspondent already.
    """
    check_name(by, "name")
    if Office.parse(office) == card.office:
        raise MalformedError("this is this very office")

    def act(db: Writing) -> None:
        known = peers.peer(db, office)
        if known is not None and not known.is_on_paper:
            raise RefusedError(f"a card of `{office}` is here", hint="what is for it goes by its node")
        if known is None:
            peers.add_on_paper(db, office)
        elif known.asked_by:
            admit_again(db, office, by, around)
        else:
            ask_to_admit(db, office, by)

    database.write(act)


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
            admit_again(db, office, by, around)
            return theirs
        waiting = peers.waiting_cards(db, office)
        for each in waiting:
            check_second(each.added_by, by, "added this card")
        admit_again(db, office, by, around)
        # Others may have been confirmed since it was added.
        check_keys(db, theirs, card, around)
        now = around.seconds()
        # Each names the one before by its digest, so whoever compared the newest compared them all.
        for each in waiting:
            peers.confirm_card(db, office, each.number, by, now)
        pinned = [sha256(each.data).digest() for each in waiting]
        logbook.append(db, [LogEntry(kind=LogKind.PINNED, hash=each, time=now) for each in pinned])
        begin_epoch(db, around)
        judge_again(db, card=card, blobs=blobs, around=around)
        return theirs

    return database.write(act)


def drop_card(office: str, *, by: str, database: Database) -> int:
    """
    Drop what was added of an office and waits to be confirmed; any person may, for nobody trusts it.

    Returns:
        How many cards were dropped.

    Raises:
        MalformedError: None waits.
    """
    check_name(by, "name")
    found = database.write(lambda db: peers.drop_waiting_cards(db, office))
    if not found:
        raise MalformedError(f"no card of `{office}` waits to be confirmed")
    return found


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
    look: Callable[[Writing, str, Clearance], object] | None = None,
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
        look: Looks at the grant before anything is written, and may refuse it.

    Raises:
        MalformedError: The clearance is none, names an unknown policy, ends before it begins, or the office
            is no peer.
        RefusedError: The same person proposed exactly this, or the peer is excluded.
    """
    check_name(by, "name")
    check_name(agreement, "agreement", may_be_empty=True)
    wanted = bounded(stanag4774.read_clearance(clearance), not_before, not_after)

    def act(db: Writing) -> GrantState:
        known = peers.peer(db, office)
        is_on_paper = known is not None and known.is_on_paper
        if not is_on_paper and peers.pinned_card(db, office) is None:
            raise MalformedError(
                f"the card of `{office}` is not confirmed", hint=f"legation peer confirm {office}"
            )
        if peers.link(db, office) == "excluded":
            raise RefusedError(
                f"`{office}` is excluded", hint="legation peer add CARD, as before the first grant"
            )
        policies = policies_at_hand(db)
        named = named_clearance(wanted, policies)
        if look is not None:
            look(db, office, named)
        return _propose_or_confirm(db, office, named, by=by, agreement=agreement, around=around)

    return database.write(act)


def bounded(clearance: Clearance, not_before: datetime | None, not_after: datetime | None) -> Clearance:
    """
    Give a clearance the bounds of a grant, where they are set.

    Raises:
        MalformedError: It ends before it begins.
    """
    if not_before is not None and not_after is not None and not_after < not_before:
        raise MalformedError("the grant ends before it begins")
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
