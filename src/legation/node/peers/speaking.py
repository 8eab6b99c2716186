# SPDX-License-Identifier: Apache-2.0
"""
Which version of the exchange is spoken with a peer.

Rules kept here:

1. It is the highest that both speak: we, as this node was made and its own card says; the peer, as its confirmed card
   says.
2. The highest that a peer has spoken is kept. What comes in a lower one is refused, and none lower is spoken to it:
   whoever could talk two nodes down would choose their weaknesses.
3. Two persons may lower it: a peer had to go back to an older program.
"""

from collections.abc import Sequence
from hashlib import sha256

from legation.encoding import encode
from legation.errors import MalformedError, RefusedError, RemoteProtocolError
from legation.keys.card import Card
from legation.labels.label import check_name
from legation.log import LogEntry, LogKind
from legation.node.persons import check_second
from legation.node.rules import read_card
from legation.node.surroundings import Surroundings
from legation.records import SpokenRecord
from legation.store.sqlite import logbook, peers
from legation.store.sqlite.database import Database, Reading, Writing

LOWER = "legation peer lower OFFICE lets it, if two persons do"


def version_for(db: Reading, card: Card, own: Card, around: Surroundings) -> int:
    """
    Choose the version in which a peer is written to.

    Args:
        db: The store.
        card: The peer's card.
        own: Our own card: whoever holds it expects no version above those that it lists.
        around: Which versions are spoken here.

    Raises:
        RefusedError: There is none that both speak, or only one below what the peer has spoken.
    """
    spoken = [each for each in around.protocols if each in own.body.protocols]
    common = {*spoken} & {*card.body.protocols}
    office = str(card.office)
    if not common:
        ours, theirs = _named(spoken), _named(card.body.protocols)
        raise RefusedError(
            f"`{office}` speaks version {theirs} of the exchange, this node {ours}",
            hint="the older of both has to be brought up to date",
        )
    if max(common) < peers.protocol(db, office):
        raise RefusedError(_too_low(office, max(common), peers.protocol(db, office)), hint=LOWER)
    return max(common)


def check_not_lower(office: str, protocol: int, highest: int) -> None:
    """
    Refuse what a peer says in a lower version than the highest that it has spoken.

    Raises:
        RemoteProtocolError: It does.
    """
    if protocol < highest:
        raise RemoteProtocolError(_too_low(office, protocol, highest), hint=LOWER)


def note_spoken(db: Writing, office: str, protocol: int) -> None:
    """Keep the highest version that a peer has spoken."""
    if protocol > peers.protocol(db, office):
        peers.set_protocol(db, office, protocol)


def lower(office: str, *, by: str, database: Database, around: Surroundings) -> SpokenRecord:
    """
    Let a peer speak the highest version that its confirmed card lists, though it spoke a higher one before.

    It takes two: the first asks, the second lets it.

    Args:
        office: The peer.
        by: Who acts.
        database: The node's store.
        around: Clock and dice.

    Raises:
        MalformedError: It is no peer, or its card lists what it spoke.
        RefusedError: The same person asked.
    """
    check_name(by, "name")

    def act(db: Writing) -> SpokenRecord:
        highest, listed = peers.protocol(db, office), _listed(db, office, around)
        if listed >= highest:
            raise MalformedError(
                f"the card of `{office}` lists version {listed}, and it spoke none above that"
            )
        asked_by = peers.asks_lower(db, office)
        if asked_by is None:
            peers.ask_lower(db, office, by)
            return SpokenRecord(office=office, highest=highest, listed=listed, asked_by=by)
        check_second(asked_by, by, "asked for this")
        peers.set_protocol(db, office, listed)
        said = sha256(encode((office, highest, listed))).digest()
        logbook.append(db, [LogEntry(kind=LogKind.LOWERED, hash=said, time=around.seconds())])
        return SpokenRecord(office=office, highest=listed, listed=listed)

    return database.write(act)


def _listed(db: Reading, office: str, around: Surroundings) -> int:
    data = peers.pinned_card(db, office)
    if data is None:
        raise MalformedError(
            f"the card of `{office}` is not confirmed", hint=f"legation peer confirm {office}"
        )
    return max(read_card(data, around.verify).body.protocols)


def _named(versions: Sequence[int]) -> str:
    return " and ".join(map(str, versions)) or "none that its card lists"


def _too_low(office: str, spoken: int, highest: int) -> str:
    return f"`{office}` speaks version {spoken} of the exchange and spoke {highest} before"
