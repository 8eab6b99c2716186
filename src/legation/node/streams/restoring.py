# SPDX-License-Identifier: Apache-2.0
"""
What two persons say of a folder that may have lost something: it was put back and goes on, or it is a copy.

Rules kept here:

1. It takes two persons. The first one changes nothing.
2. A folder that was put back begins every stream anew, and the node's own log, and every link is paused: also grants,
   policies and cards here may be old ones. Two persons let each peer go on when they have looked at them.
3. A folder that is a copy hands nothing over and takes nothing in any more, until it is declared to go on after all.
4. It may be declared again, whenever a peer shows more.
"""

from hashlib import sha256

from legation.encoding import Canonical, encode
from legation.labels.label import check_name
from legation.log import INCARNATION_SIZE_BYTES, LogEntry, LogKind
from legation.node.desk.reading import said
from legation.node.peers.stopping import ACTIVE, PAUSED, set_link
from legation.node.persons import check_second
from legation.node.rules import begin_epoch
from legation.node.streams.incarnations import RESTORED, WHY_DOUBTED, begin_again
from legation.node.surroundings import Surroundings
from legation.records import HeldThereRecord, LostEntryRecord, RestorationRecord
from legation.store.sqlite import logbook, node, outgoing, peers, restorations
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.peers import StoredPeer
from legation.store.sqlite.restorations import Declared, HeldThere

IS_COPY = "this folder is a copy: the node goes on elsewhere"
"""Why every link is paused in a folder that was declared to be a copy."""


class Restoration(Canonical, frozen=True):
    """What stands in the log for what two persons declared, by its hash; and where the log was before."""

    what: str
    by: str
    confirmed_by: str
    log: bytes
    size: int
    root: bytes
    restoration: str = "legation/restoration/v1"


def declare(*, by: str, database: Database, around: Surroundings, is_copy: bool = False) -> RestorationRecord:
    """
    Say what happened to this folder, or, as a second person, the same; then it takes effect.

    Args:
        by: Who says so.
        database: The node's store.
        around: Clock and dice.
        is_copy: Whether it is a copy; else it was put back from a backup and goes on.

    Raises:
        MalformedError: That is no name.
        RefusedError: The same person said so before.
    """
    check_name(by, "name")
    what = Declared.COPY if is_copy else Declared.RESTORED

    def act(db: Writing) -> RestorationRecord:
        before = restorations.proposed(db)
        if before is None or before.what is not what:
            restorations.propose(db, what, by, around.seconds())
        else:
            check_second(before.proposed_by, by, "declared this")
            _take_effect(db, what, before.proposed_by, by, around)
        return _record(db)

    return database.write(act)


def read_restoration(*, database: Database) -> RestorationRecord:
    """Say what peers show of our streams, and what was declared."""
    with database.read() as db:
        return _record(db)


def _take_effect(db: Writing, what: Declared, by: str, confirmed_by: str, around: Surroundings) -> None:
    log, now = logbook.state(db), around.seconds()
    record = encode(
        Restoration(
            what=what.value,
            by=by,
            confirmed_by=confirmed_by,
            log=log.incarnation,
            size=log.frontier.size,
            root=log.frontier.root,
        )
    )
    restorations.confirm(db, confirmed_by, now, record)
    if what is Declared.RESTORED:
        restorations.close(db)
    for each in peers.peers(db):
        if each.link == ACTIVE or (each.link == PAUSED and each.because in WHY_DOUBTED):
            because = RESTORED if what is Declared.RESTORED else IS_COPY
            set_link(db, each.office, PAUSED, because, around)
        if what is Declared.RESTORED and _has_stream(db, each):
            begin_again(db, each.office, epoch=node.epoch(db).number, around=around)
    # A copy that is asked to prove its log signs no second one either.
    logbook.begin_again(db, around.random(INCARNATION_SIZE_BYTES))
    logbook.append(db, [LogEntry(kind=LogKind.RESTORED, hash=sha256(record).digest(), time=now)])
    begin_epoch(db, around)


def _has_stream(db: Reading, peer: StoredPeer) -> bool:
    """Whether there is a stream to a peer, or may have been one that was lost whole."""
    return peers.pinned_card(db, peer.office) is not None or outgoing.stream(db, peer.office) is not None


def _record(db: Reading) -> RestorationRecord:
    declared, proposed = restorations.declared(db), restorations.proposed(db)
    last = declared[-1] if declared else None
    return RestorationRecord(
        declared="" if last is None else last.what.value,
        declared_by="" if last is None else last.proposed_by,
        confirmed_by="" if last is None else last.confirmed_by or "",
        declared_at="" if last is None or last.confirmed_at is None else said(last.confirmed_at),
        asks="" if proposed is None else proposed.what.value,
        asked_by="" if proposed is None else proposed.proposed_by,
        stopped=restorations.is_doubted(db) or restorations.is_copy(db),
        streams=sum(outgoing.stream(db, each.office) is not None for each in peers.peers(db)),
        held_there=tuple(_held_there(db, each) for each in restorations.all_held_there(db)),
    )


def _held_there(db: Reading, each: HeldThere) -> HeldThereRecord:
    stream, present = outgoing.stream_of(db, each.office, each.incarnation), outgoing.stream(db, each.office)
    is_present = stream is not None and present is not None and stream.stream_id == present.stream_id
    state = "unknown" if stream is None else "present" if is_present else "left"
    return HeldThereRecord(
        office=each.office,
        stream=each.incarnation.hex(),
        state=state,
        here=0 if stream is None else stream.frontier.size,
        there=each.size,
        signed=each.receipt is not None,
        waits=each.is_open,
        since=said(each.shown_at),
        lost=tuple(
            LostEntryRecord(
                number=one.number,
                kind=one.kind or "taken back",
                item="" if one.item_id is None else one.item_id.hex(),
            )
            for one in restorations.lost(db, each.office, each.incarnation)
        ),
    )
