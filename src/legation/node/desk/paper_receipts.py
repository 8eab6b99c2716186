# SPDX-License-Identifier: Apache-2.0
"""
Receipts on paper: what a person says of a copy that was printed, for nobody signs for one.

Rules kept here:

1. It is written down as it is said: to whom, by whom, when. Nothing of it is decided here, for it has happened.
2. Each is said once. A copy that was destroyed was not handed over, unless that was said before.
3. Of what was withdrawn since it can still be said: then it is known who has it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from legation.errors import MalformedError, RefusedError
from legation.keys.card import Card
from legation.labels.label import check_name
from legation.log import LogEntry, LogKind
from legation.node.desk.printing import RELEASED, may_go
from legation.node.desk.reading import mission_reading, said
from legation.node.desk.versions import find_item
from legation.node.rules import RuleBook, Rules
from legation.node.surroundings import Surroundings
from legation.records import HandoverRecord
from legation.release import Because, DeliveryEvent, DeliveryState, Destroyed, HandedOver
from legation.store.sqlite import deliveries, logbook, paper
from legation.store.sqlite.database import Database, Writing
from legation.store.sqlite.items import StoredItem
from legation.store.sqlite.paper import StoredCopy

MINUTE_S = 60  # people say minutes
NOT_NOW = "by the rules of now it may not go to them: if they have not got it yet, keep it back"


@dataclass(frozen=True, kw_only=True)
class Saying:
    """
    What is said of which copy.

    Args:
        item: Reference or id of the item, or the beginning of it.
        office: Whom the copy is for.
        copy: Its number; None where only one can be meant.
        by: Who says it was done by them.
        at: When it was; None: now.
    """

    item: str
    office: str
    copy: int | None
    by: str
    at: datetime | None


def hand_over(
    saying: Saying, to: str, *, card: Card, database: Database, around: Surroundings
) -> HandoverRecord:
    """
    Write down to whom a copy on paper was handed.

    Args:
        saying: Of which copy, and by whom and when.
        to: To whom, in one line.
        card: The office's own card.
        database: The node's store.
        around: Clock and dice.

    Raises:
        MalformedError: There is no such item that may be seen, no name, or a time that cannot be.
        RefusedError: There is no such copy, or it is said already what became of it.
    """
    check_name(to, "whoever it was handed to")

    def act(db: Writing, item: StoredItem, copy: StoredCopy, at: int, rules: Rules) -> HandoverRecord:
        if copy.handed_to is not None:
            raise RefusedError(f"copy {copy.copy} was handed over already")
        entry = HandedOver(office=copy.office, item=copy.item_id, copy=copy.copy, by=saying.by, at=at, to=to)
        paper.say_handed(db, copy.delivery_id, to=to, by=saying.by, at=at)
        now = _logged(db, LogKind.HANDED_OVER, entry.digest, around)
        if copy.state is DeliveryState.PRINTED:
            deliveries.move(
                db, copy.delivery_id, DeliveryEvent.HAND_OVER, Because.HANDED_OVER, epoch=rules.epoch, at=now
            )
        else:
            paper.explain_withdrawn(db, copy.delivery_id, Because.RECEIVED_BEFORE)
        note = "" if may_go(copy, rules) else NOT_NOW
        return _record(item, copy, to=to, by=saying.by, at=at, note=note)

    return _say(saying, act, card=card, database=database, around=around)


def destroy(saying: Saying, *, card: Card, database: Database, around: Surroundings) -> HandoverRecord:
    """
    Write down that a copy on paper was destroyed.

    What was to be handed over waits again, to be decided and printed as another copy.

    Args:
        saying: Of which copy, and by whom and when.
        card: The office's own card.
        database: The node's store.
        around: Clock and dice.

    Raises:
        MalformedError: There is no such item that may be seen, no name, or a time that cannot be.
        RefusedError: There is no such copy, or it was handed over and is not withdrawn.
    """

    def act(db: Writing, item: StoredItem, copy: StoredCopy, at: int, rules: Rules) -> HandoverRecord:
        if copy.state is DeliveryState.RECEIPTED:
            raise RefusedError(f"copy {copy.copy} was handed over, and is theirs")
        entry = Destroyed(office=copy.office, item=copy.item_id, copy=copy.copy, by=saying.by, at=at)
        paper.say_destroyed(db, copy.delivery_id, by=saying.by, at=at)
        now = _logged(db, LogKind.DESTROYED, entry.digest, around)
        if copy.state is DeliveryState.PRINTED:
            deliveries.move(
                db, copy.delivery_id, DeliveryEvent.DESTROY, Because.DESTROYED, epoch=rules.epoch, at=now
            )
            deliveries.again(db, copy.delivery_id, epoch=rules.epoch, at=now)
        elif copy.handed_to is None:
            paper.explain_withdrawn(db, copy.delivery_id, Because.NOT_RECEIVED)
        return _record(item, copy, to="", by=saying.by, at=at, note="")

    return _say(saying, act, card=card, database=database, around=around)


def _say(
    saying: Saying,
    then: Callable[[Writing, StoredItem, StoredCopy, int, Rules], HandoverRecord],
    *,
    card: Card,
    database: Database,
    around: Surroundings,
) -> HandoverRecord:
    check_name(saying.by, "name")
    book = RuleBook(card, around)

    def act(db: Writing) -> HandoverRecord:
        rules = book.turn(db)
        with mission_reading(db, rules, around):
            item = find_item(db, saying.item, hint=RELEASED)
        copy = _meant(paper.copies(db, item.item_id, saying.office), saying)
        at = around.seconds() if saying.at is None else int(saying.at.timestamp())
        if not copy.printed_at - copy.printed_at % MINUTE_S <= at <= around.seconds():
            raise MalformedError("this was before the copy was printed, or is still to come")
        return then(db, item, copy, at, rules)

    return database.write(act)


def _meant(copies: list[StoredCopy], saying: Saying) -> StoredCopy:
    """Find the copy that is meant: by its number, else the one of which not everything is said."""
    left = [each for each in copies if each.destroyed_by is None]
    if saying.copy is not None:
        left = [each for each in left if each.copy == saying.copy]
    elif len(left) > 1:
        left = [each for each in left if each.handed_to is None] or left
    if not left:
        raise RefusedError(
            f"no copy of it for `{saying.office}` is on paper", hint="legation print makes one"
        )
    if len(left) > 1:
        raise RefusedError("there is more than one copy", hint="say which: --copy NUMBER")
    return left[0]


def _logged(db: Writing, kind: LogKind, digest: bytes, around: Surroundings) -> int:
    """Log what was said; gives when."""
    now = around.seconds()
    logbook.append(db, [LogEntry(kind=kind, hash=digest, time=now)])
    return now


def _record(item: StoredItem, copy: StoredCopy, *, to: str, by: str, at: int, note: str) -> HandoverRecord:
    return HandoverRecord(
        item=item.item_id.hex(),
        reference=item.reference,
        addressee=copy.office,
        copy=copy.copy,
        to=to,
        by=by,
        at=said(at),
        note=note,
    )
