# SPDX-License-Identifier: Apache-2.0
"""
Stopping a link, and letting it go on: what persons decide about a peer as a whole.

Rules kept here:

1. Whoever sees something wrong can stop what goes out: pausing and excluding are one person's act. Letting it go on
   hands things over, so it takes two.
2. Pausing keeps the grants. What waits goes on to wait.
3. Excluding ends every grant, in the same epoch. The peer's cards stay: what came from it can be verified for ever.
   It is admitted again by its card, which one person adds and another confirms anew, and by new grants. An office
   without a node is added again by two.
4. A frozen link is not paused and does not go on: its two ends tell two histories. It can be excluded; admitted
   again, it is frozen again at the first word that shows the other history.
5. Every act begins an epoch: answers that are being given look at it before the next piece.
"""

from hashlib import sha256

from legation.encoding import encode
from legation.errors import MalformedError, RefusedError
from legation.labels.label import check_name
from legation.log import LogEntry, LogKind
from legation.node.persons import check_second
from legation.node.rules import begin_epoch
from legation.node.surroundings import Surroundings
from legation.records import LinkRecord
from legation.store.sqlite import logbook, peers
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.peers import StoredPeer

ACTIVE, PAUSED, FROZEN, EXCLUDED = "active", "paused", "frozen", "excluded"
_LOGGED = {ACTIVE: LogKind.RESUMED, PAUSED: LogKind.PAUSED, EXCLUDED: LogKind.EXCLUDED}


def pause_peer(office: str, *, by: str, database: Database, around: Surroundings) -> LinkRecord:
    """
    Hand nothing over to a peer until two persons let it go on; what it may see stays as it is.

    Args:
        office: The peer.
        by: Who does it.
        database: The node's store.
        around: Clock and dice.

    Raises:
        MalformedError: It is no correspondent, or no name.
        RefusedError: The link is frozen, or the peer is excluded.
    """
    check_name(by, "name")

    def act(db: Writing) -> LinkRecord:
        found = _peer(db, office)
        if found.link in {FROZEN, EXCLUDED}:
            raise RefusedError(f"the link to `{office}` is {found.link} already")
        if found.link == ACTIVE or found.asked_by:
            _set(db, office, PAUSED, f"paused by {by}", around)
        return _record(db, office)

    return database.write(act)


def resume_peer(office: str, *, by: str, database: Database, around: Surroundings) -> LinkRecord:
    """
    Ask that a paused link goes on, or, as a second person, let it.

    Args:
        office: The peer.
        by: Who does it.
        database: The node's store.
        around: Clock and dice.

    Raises:
        MalformedError: It is no correspondent, or no name.
        RefusedError: The same person asked; or the link is frozen, or the peer excluded.
    """
    check_name(by, "name")

    def act(db: Writing) -> LinkRecord:
        found = _peer(db, office)
        if found.link == EXCLUDED:
            raise RefusedError(
                f"`{office}` is excluded", hint=f"add its card again, then: legation peer confirm {office}"
            )
        if found.link == FROZEN:
            raise RefusedError(f"the link to `{office}` is frozen", hint="its two ends tell two histories")
        if found.link == PAUSED and not found.asked_by:
            peers.ask_to_go_on(db, office, by)
        elif found.link == PAUSED:
            check_second(found.asked_by, by, "asked for this")
            _set(db, office, ACTIVE, "", around)
        return _record(db, office)

    return database.write(act)


def exclude_peer(office: str, *, by: str, database: Database, around: Surroundings) -> LinkRecord:
    """
    End every grant of a peer, and exchange nothing with it any more.

    Args:
        office: The peer.
        by: Who does it.
        database: The node's store.
        around: Clock and dice.

    Raises:
        MalformedError: It is no correspondent, or no name.
    """
    check_name(by, "name")

    def act(db: Writing) -> LinkRecord:
        found = _peer(db, office)
        if found.link != EXCLUDED or found.asked_by:
            peers.end_grants(db, office, around.seconds())
            _set(db, office, EXCLUDED, f"excluded by {by}", around)
        return _record(db, office)

    return database.write(act)


def ask_to_admit(db: Writing, office: str, by: str) -> None:
    """Note that one person added the card of an excluded peer again; of others nothing."""
    found = peers.peer(db, office)
    if found is not None and found.link == EXCLUDED:
        peers.ask_to_go_on(db, office, by)


def admit_again(db: Writing, office: str, by: str, around: Surroundings) -> None:
    """
    Let the link to an excluded peer go on, whose card is confirmed anew; of others nothing.

    It has no grant yet.

    Raises:
        RefusedError: The same person added the card again, or nobody did.
    """
    found = peers.peer(db, office)
    if found is None or found.link != EXCLUDED:
        return
    if not found.asked_by:
        raise RefusedError(
            f"`{office}` is excluded", hint="one person adds its card again: legation peer add CARD"
        )
    check_second(found.asked_by, by, "added this card again")
    _set(db, office, ACTIVE, "", around)


def act_digest(office: str, link: str) -> bytes:
    """What stands in the log for a link that was set to be so."""
    return sha256(b"legation/link/v1\n" + encode((office, link))).digest()


def _peer(db: Reading, office: str) -> StoredPeer:
    found = peers.peer(db, office)
    if found is None:
        raise MalformedError(f"`{office}` is no correspondent", hint="legation peer list")
    return found


def _set(db: Writing, office: str, link: str, because: str, around: Surroundings) -> None:
    peers.set_link(db, office, link, because)
    logged = LogEntry(kind=_LOGGED[link], hash=act_digest(office, link), time=around.seconds())
    logbook.append(db, [logged])
    begin_epoch(db, around)


def _record(db: Reading, office: str) -> LinkRecord:
    found = _peer(db, office)
    return LinkRecord(office=office, link=found.link, why=found.because, asked_by=found.asked_by)
