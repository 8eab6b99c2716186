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
6. ``exchange.link.LINKS`` is the table: what is not in it is refused.
"""

from collections.abc import Mapping
from hashlib import sha256

from legation.encoding import encode
from legation.errors import MalformedError, RefusedError
from legation.exchange.link import LinkEvent, LinkState, link_after
from legation.labels.label import check_name
from legation.log import LogEntry, LogKind
from legation.node.persons import check_second
from legation.node.rules import begin_epoch
from legation.node.surroundings import Surroundings
from legation.records import LinkRecord
from legation.store.sqlite import logbook, peers, restorations
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.peers import StoredPeer

ACTIVE, PAUSED, FROZEN, EXCLUDED = LinkState
_LOGGED: Mapping[str, LogKind] = {ACTIVE: LogKind.RESUMED, PAUSED: LogKind.PAUSED, EXCLUDED: LogKind.EXCLUDED}


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
        after = link_after(LinkState(found.link), LinkEvent.PAUSE)
        if after is None:
            raise RefusedError(f"the link to `{office}` is {found.link} already")
        if found.link != after or found.asked_by:
            set_link(db, office, after, f"paused by {by}", around)
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
        after = link_after(LinkState(found.link), LinkEvent.RESUME)
        if after is None:
            raise RefusedError(f"the link to `{office}` is frozen", hint="its two ends tell two histories")
        if found.link != after:
            _check_sound(db)
        if found.link != after and not found.asked_by:
            peers.ask_to_go_on(db, office, by)
        elif found.link != after:
            check_second(found.asked_by, by, "asked for this")
            # Two persons have judged what the peer merely says.
            restorations.close(db, office)
            set_link(db, office, after, "", around)
        return _record(db, office)

    return database.write(act)


def _check_sound(db: Reading) -> None:
    """
    Refuse to go on as long as nobody has said what happened to this folder, or if it is a copy.

    Raises:
        RefusedError: It is so.
    """
    if restorations.is_doubted(db):
        raise RefusedError(
            "this node has lost what it signed, or a copy of it runs",
            hint="two persons say what happened: legation restore",
        )
    if restorations.is_copy(db):
        raise RefusedError(
            "this folder was declared to be a copy", hint="if it is to go on after all: legation restore"
        )


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
        after = link_after(LinkState(found.link), LinkEvent.EXCLUDE)
        assert after is not None, "whoever is a correspondent can be excluded"
        if found.link != after or found.asked_by:
            peers.end_grants(db, office, around.seconds())
            set_link(db, office, after, f"excluded by {by}", around)
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
    after = None if found is None else link_after(LinkState(found.link), LinkEvent.ADMIT)
    if found is None or after is None or found.link == after:
        return
    if not found.asked_by:
        raise RefusedError(
            f"`{office}` is excluded", hint="one person adds its card again: legation peer add CARD"
        )
    check_second(found.asked_by, by, "added this card again")
    _check_sound(db)
    set_link(db, office, after, "", around)


def act_digest(office: str, link: str) -> bytes:
    """What stands in the log for a link that was set to be so."""
    return sha256(b"legation/link/v1\n" + encode((office, link))).digest()


def _peer(db: Reading, office: str) -> StoredPeer:
    found = peers.peer(db, office)
    if found is None:
        raise MalformedError(f"`{office}` is no correspondent", hint="legation peer list")
    return found


def set_link(db: Writing, office: str, link: str, because: str, around: Surroundings) -> None:
    """Let the link to an office stand so, log that, and begin an epoch."""
    peers.set_link(db, office, link, because)
    logged = LogEntry(kind=_LOGGED[LinkState(link)], hash=act_digest(office, link), time=around.seconds())
    logbook.append(db, [logged])
    begin_epoch(db, around)


def _record(db: Reading, office: str) -> LinkRecord:
    found = _peer(db, office)
    return LinkRecord(office=office, link=found.link, why=found.because, asked_by=found.asked_by)
