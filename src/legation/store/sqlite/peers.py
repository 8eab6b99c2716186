# SPDX-License-Identifier: Apache-2.0
"""
Peers: their cards, what they were granted, how their links stand, and what went wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from legation.encoding import encode
from legation.keys.card import Card
from legation.labels import Clearance
from legation.store.sqlite.database import Reading, Row, Writing
from legation.store.sqlite.node import CLEARANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCard:
    """A card and who vouches for it; without ``confirmed_by`` it is trusted by nobody."""

    office: str
    number: int
    data: bytes = field(repr=False)
    added_by: str
    confirmed_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPeer:
    """
    How a link stands; ``is_on_paper``: the office has no node, and there is no link.

    ``heard_at``: when the peer last pulled from us, or pushed to us. ``reached_at``: when it last answered us.
    ``failure``: why it did not, the last time; empty once it did again. ``asked_by``: who asked first that a stopped
    link goes on. ``protocol``: the highest version of the exchange that it has spoken. ``too_long``: the entry of our
    stream that was too long to be pushed to it.
    """

    office: str
    link: str
    because: str
    heard_at: int | None
    reached_at: int | None
    failed_at: int | None
    failure: str
    is_on_paper: bool = False
    asked_by: str = ""
    protocol: int = 0
    too_long: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGrant:
    """What a peer may see under one policy; in force once it is confirmed."""

    grant_id: int
    clearance: Clearance
    agreement: str
    proposed_by: str
    confirmed_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What proves that something went wrong."""

    what: str
    ours: bytes
    theirs: bytes
    found_at: int


# How a new link stands: paused in a folder that is a copy, or as long as nobody has said what was lost.
_LINK = (
    "iif((SELECT what FROM restoration WHERE confirmed_by IS NOT NULL ORDER BY restoration_id DESC LIMIT 1) = 'copy' "
    "OR EXISTS (SELECT 1 FROM held_there WHERE is_open = 1 AND receipt IS NOT NULL), 'paused', 'active')"
)


def add_card(db: Writing, card: Card, by: str, at: int) -> None:
    """Keep a card that nobody has confirmed yet; its office is a peer from now on."""
    db.run(f"INSERT OR IGNORE INTO peer (office, link) SELECT ?, {_LINK}", (str(card.office),))
    db.run(
        "INSERT INTO card (office, number, digest, data, added_by, added_at) VALUES (?, ?, ?, ?, ?, ?)",
        (str(card.office), card.body.number, card.digest, card.data, by, at),
    )


def confirm_card(db: Writing, office: str, number: int, by: str, at: int) -> None:
    """Pin a card, as another person than added it."""
    db.run(
        "UPDATE card SET confirmed_by = ?, confirmed_at = ? "
        "WHERE office = ? AND number = ? AND confirmed_by IS NULL",
        (by, at, office, number),
    )
    assert db.changed() == 1, "what is confirmed was added"
    # Whoever had no node has one from now on.
    db.run("UPDATE peer SET way = 'node' WHERE office = ?", (office,))


def add_on_paper(db: Writing, office: str) -> None:
    """Note an office that has no node; it is none of our peers yet."""
    db.run(f"INSERT INTO peer (office, way, link) SELECT ?, 'paper', {_LINK}", (office,))


_CARD = "SELECT office, number, data, added_by, confirmed_by FROM card WHERE office = ? "


def stored_card(db: Reading, office: str) -> StoredCard | None:
    """The newest card of an office, confirmed or not."""
    row = db.one(_CARD + "ORDER BY number DESC LIMIT 1", (office,))
    return None if row is None else _stored_card(row)


def card_numbered(db: Reading, office: str, number: int) -> StoredCard | None:
    """The card of an office with a number, confirmed or not."""
    row = db.one(_CARD + "AND number = ?", (office, number))
    return None if row is None else _stored_card(row)


def cards_of(db: Reading, office: str) -> list[StoredCard]:
    """Every card of an office, from the first one on."""
    return [_stored_card(row) for row in db.rows(_CARD + "ORDER BY number", (office,))]


def waiting_cards(db: Reading, office: str) -> list[StoredCard]:
    """The cards of an office that nobody has confirmed yet, by number: all above the pinned one."""
    return [each for each in cards_of(db, office) if each.confirmed_by is None]


def drop_waiting_cards(db: Writing, office: str) -> int:
    """Drop the cards of an office that nobody has confirmed; gives how many there were."""
    db.run("DELETE FROM card WHERE office = ? AND confirmed_by IS NULL", (office,))
    return db.changed()


def _stored_card(row: Row) -> StoredCard:
    office, number, data, added_by, confirmed_by = row
    return StoredCard(office=office, number=number, data=data, added_by=added_by, confirmed_by=confirmed_by)


def cards(db: Reading) -> list[tuple[str, int, bytes, bytes]]:
    """Every card that was ever added: office, number, digest and bytes, by office and number."""
    rows = db.rows("SELECT office, number, digest, data FROM card ORDER BY office, number")
    return [(office, number, digest, data) for office, number, digest, data in rows]


def pinned_card(db: Reading, office: str) -> bytes | None:
    """The newest confirmed card of an office."""
    row = db.one(
        "SELECT data FROM card WHERE office = ? AND confirmed_by IS NOT NULL ORDER BY number DESC LIMIT 1",
        (office,),
    )
    return None if row is None else bytes(row[0])


def pinned_cards(db: Reading) -> list[bytes]:
    """The newest confirmed card of each office, by office."""
    rows = db.rows(
        "SELECT data, max(number) FROM card WHERE confirmed_by IS NOT NULL GROUP BY office ORDER BY office"
    )
    return [data for data, _ in rows]


_PEER = (
    "SELECT office, link, because, heard_at, reached_at, failed_at, failure, way = 'paper', "
    "coalesce(asked_by, ''), protocol, too_long FROM peer "
)


def peers(db: Reading) -> list[StoredPeer]:
    """Every peer, by office."""
    return [_peer(row) for row in db.rows(_PEER + "ORDER BY office")]


def peer(db: Reading, office: str) -> StoredPeer | None:
    """One peer, or None."""
    row = db.one(_PEER + "WHERE office = ?", (office,))
    return None if row is None else _peer(row)


def link(db: Reading, office: str) -> str:
    """How the link to an office stands; that of none is paused."""
    row = db.one("SELECT link FROM peer WHERE office = ?", (office,))
    return "paused" if row is None else str(row[0])


def _peer(row: Row) -> StoredPeer:
    office, link, because, heard_at, reached_at, failed_at, failure, is_on_paper, asked_by, *more = row
    protocol, too_long = more
    return StoredPeer(
        office=office,
        link=link,
        because=because,
        heard_at=heard_at,
        reached_at=reached_at,
        failed_at=failed_at,
        failure=failure,
        is_on_paper=bool(is_on_paper),
        asked_by=asked_by,
        protocol=protocol,
        too_long=too_long,
    )


def protocol(db: Reading, office: str) -> int:
    """The highest version of the exchange that a peer has spoken; 0 if it has not spoken yet."""
    row = db.one("SELECT protocol FROM peer WHERE office = ?", (office,))
    return 0 if row is None else int(row[0])


def set_protocol(db: Writing, office: str, protocol: int) -> None:
    """Set the highest version that a peer has spoken; whoever asked for a lower one has it, or asks again."""
    db.run("UPDATE peer SET protocol = ?, lower_by = NULL WHERE office = ?", (protocol, office))


def asks_lower(db: Reading, office: str) -> str | None:
    """Who asked that a peer may speak a lower version; None if nobody did."""
    row = db.one("SELECT lower_by FROM peer WHERE office = ?", (office,))
    return None if row is None else row[0]


def ask_lower(db: Writing, office: str, by: str) -> None:
    """Note who asked that a peer may speak a lower version."""
    db.run("UPDATE peer SET lower_by = ? WHERE office = ?", (by, office))


def set_too_long(db: Writing, office: str, number: int | None) -> None:
    """Note which entry of our stream is too long to be pushed to a peer; None: none is."""
    db.run("UPDATE peer SET too_long = ? WHERE office = ? AND too_long IS NOT ?", (number, office, number))


def receipted(db: Writing, office: str, size: int) -> None:
    """Forget what was too long to be pushed to a peer, if it has come to it by another way."""
    db.run("UPDATE peer SET too_long = NULL WHERE office = ? AND too_long < ?", (office, size))


def heard(db: Writing, office: str, at: int) -> None:
    """Note that a peer pulled or pushed."""
    db.run("UPDATE peer SET heard_at = ? WHERE office = ?", (at, office))


def reached(db: Writing, office: str, at: int) -> None:
    """Note that a peer answered."""
    db.run("UPDATE peer SET reached_at = ?, failed_at = NULL, failure = '' WHERE office = ?", (at, office))


def failed(db: Writing, office: str, failure: str, at: int) -> None:
    """Note that a peer did not answer, or not as it must, and why."""
    db.run("UPDATE peer SET failed_at = ?, failure = ? WHERE office = ?", (at, failure, office))


def set_link(db: Writing, office: str, link: str, because: str) -> None:
    """Set how a link stands, and why; nobody has asked yet that it goes on."""
    db.run("UPDATE peer SET link = ?, because = ?, asked_by = NULL WHERE office = ?", (link, because, office))


def ask_to_go_on(db: Writing, office: str, by: str) -> None:
    """Note who asked first that a stopped link goes on."""
    db.run("UPDATE peer SET asked_by = ? WHERE office = ?", (by, office))


def end_grants(db: Writing, office: str, at: int) -> None:
    """End every grant of a peer, and drop what was proposed for it."""
    db.run("UPDATE granted SET ended_at = ? WHERE office = ? AND ended_at IS NULL", (at, office))


def add_evidence(db: Writing, office: str, what: str, *, ours: bytes, theirs: bytes, at: int) -> None:
    """Keep what proves that something went wrong."""
    db.run(
        "INSERT INTO evidence (office, what, ours, theirs, found_at) VALUES (?, ?, ?, ?, ?)",
        (office, what, ours, theirs, at),
    )


def evidence(db: Reading, office: str) -> list[Evidence]:
    """What is kept about an office, the oldest first."""
    rows = db.rows(
        "SELECT what, ours, theirs, found_at FROM evidence WHERE office = ? ORDER BY evidence_id", (office,)
    )
    return [Evidence(what=what, ours=ours, theirs=theirs, found_at=at) for what, ours, theirs, at in rows]


def propose_grant(db: Writing, office: str, clearance: Clearance, agreement: str, *, by: str, at: int) -> int:
    """Keep what one person wants a peer to see."""
    row = db.one(
        "INSERT INTO granted (office, policy_id, clearance, agreement, proposed_by, proposed_at) "
        "VALUES (?, ?, ?, ?, ?, ?) RETURNING grant_id",
        (office, clearance.policy_id, encode(clearance), agreement, by, at),
    )
    assert row is not None, "an insert gives a row back"
    return int(row[0])


def confirm_grant(db: Writing, grant_id: int, by: str, at: int) -> None:
    """Put a grant in force, in the place of the one of that office and policy."""
    db.run(
        "UPDATE granted SET ended_at = ? WHERE confirmed_at IS NOT NULL AND ended_at IS NULL AND "
        "(office, policy_id) = (SELECT office, policy_id FROM granted WHERE grant_id = ?)",
        (at, grant_id),
    )
    db.run(
        "UPDATE granted SET confirmed_by = ?, confirmed_at = ? "
        "WHERE grant_id = ? AND confirmed_by IS NULL AND ended_at IS NULL",
        (by, at, grant_id),
    )
    assert db.changed() == 1, "what is confirmed was proposed"


def end_grant(db: Writing, grant_id: int, at: int) -> None:
    """End a grant, or drop a proposal."""
    db.run("UPDATE granted SET ended_at = ? WHERE grant_id = ? AND ended_at IS NULL", (at, grant_id))


def grants(db: Reading, office: str) -> list[StoredGrant]:
    """The grants of a peer that are in force, by policy."""
    rows = db.rows(
        "SELECT grant_id, clearance, agreement, proposed_by, confirmed_by FROM granted "
        "WHERE office = ? AND confirmed_at IS NOT NULL AND ended_at IS NULL ORDER BY policy_id",
        (office,),
    )
    return list(_grants(rows))


def proposed_grants(db: Reading, office: str) -> list[StoredGrant]:
    """What one person proposed for a peer and nobody has confirmed, the oldest first."""
    rows = db.rows(
        "SELECT grant_id, clearance, agreement, proposed_by, confirmed_by FROM granted "
        "WHERE office = ? AND confirmed_at IS NULL AND ended_at IS NULL ORDER BY grant_id",
        (office,),
    )
    return list(_grants(rows))


def _grants(rows: Iterator[Row]) -> Iterator[StoredGrant]:
    for grant_id, clearance, agreement, proposed_by, confirmed_by in rows:
        yield StoredGrant(
            grant_id=grant_id,
            clearance=CLEARANCE.decode(clearance),
            agreement=agreement,
            proposed_by=proposed_by,
            confirmed_by=confirmed_by,
        )
