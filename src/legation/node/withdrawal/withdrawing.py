# SPDX-License-Identifier: Apache-2.0
"""
Withdrawals: made here, taken in from wherever they come, and what follows.

Rules kept here:

1. A withdrawal is judged when it comes: the key must be a current item key then. What held goes on to hold,
   whatever becomes of the key; what was set apart is judged again when a card is confirmed.
2. It counts for an item of the same office, also one that comes later, and for nothing else.
3. Whoever was handed the item is told in their stream, byte for byte, also by an office that passed it on.
4. What is withdrawn is in no list, its text is shown to nobody, and no copy of it is numbered or handed over
   any more. It is kept: receipts and proofs are about it.
5. Whether somebody has withdrawn an item is told to those who may see it, and to nobody else.
"""

from dataclasses import dataclass
from hashlib import sha256

from legation.errors import MalformedError, RefusedError, SignatureError
from legation.exchange import EntryKind, RefusalCode
from legation.item.withdrawal import WITHDRAWAL, verify_withdrawal, withdraw
from legation.keys.card import Card, KeyState
from legation.keys.sign import KeyId
from legation.labels.label import check_name
from legation.log import LogEntry, LogKind
from legation.node.desk.reading import certificate_record, mission_reading
from legation.node.desk.versions import find_own
from legation.node.keys.signing import Signing
from legation.node.rules import RuleBook, Rules, begin_epoch
from legation.node.streams.numbering import append, begun, take_back
from legation.node.surroundings import Surroundings
from legation.records import HolderRecord, WithdrawnRecord
from legation.release import Because, DeliveryEvent, DeliveryState
from legation.store.sqlite import deliveries, destructions, items, logbook, outgoing, paper, withdrawals
from legation.store.sqlite.database import Database, Writing
from legation.store.sqlite.items import StoredItem, ViewState
from legation.words import english

_WITHDRAWN = {
    DeliveryState.RECEIPTED: Because.RECEIVED_BEFORE,
    DeliveryState.PRINTED: Because.PRINTED_BEFORE,
}
"""Why a delivery is withdrawn, by the state that it was in; else nobody has anything."""


@dataclass(frozen=True, kw_only=True)
class JudgedWithdrawal:
    """A withdrawal that came, and where it goes; ``state`` None: refused for ever, with this code."""

    state: ViewState | None
    because: str = ""
    refusal: RefusalCode | None = None
    item_id: bytes = b""
    office: str = ""


def judge_withdrawal(data: bytes, sender: str, rules: Rules) -> JudgedWithdrawal:
    """
    Say what becomes of a withdrawal that came from *sender*.

    What has not the form of one is refused, whatever we trust. A signature that does not hold is refused if
    the sender is the author, and set apart otherwise: to others a refusal would tell whom we have pinned.
    """
    try:
        found = WITHDRAWAL.decode(data)
    except MalformedError:
        return JudgedWithdrawal(state=None, refusal=RefusalCode.MALFORMED)
    author = rules.pinned.item_key(KeyId(found.author))
    if author is None:
        return _apart(found.item, "its author's card is not pinned")
    office = str(author.office)
    if author.state is not KeyState.CURRENT:
        return _apart(found.item, f"its author's key is {author.state.value}", office)
    try:
        verify_withdrawal(data, rules.pinned)
    except SignatureError:
        if office not in {sender, rules.office}:
            return _apart(found.item, "its signature is not that of its author's key", office)
        return JudgedWithdrawal(state=None, refusal=RefusalCode.SIGNATURE)
    return JudgedWithdrawal(state=ViewState.HELD, item_id=found.item, office=office)


def _apart(item_id: bytes, because: str, office: str = "") -> JudgedWithdrawal:
    return JudgedWithdrawal(state=ViewState.QUARANTINED, because=because, item_id=item_id, office=office)


def accept_withdrawal(
    db: Writing, data: bytes, *, source: str, rules: Rules, around: Surroundings
) -> JudgedWithdrawal:
    """
    Take in a withdrawal, whoever brings it, and let it have its effect; twice does no harm.

    Args:
        db: The change; everything is in it.
        data: The withdrawal, byte for byte.
        source: The office that it came from; empty for our own.
        rules: The rules of this change.
        around: Clock and dice.
    """
    judged = judge_withdrawal(data, source or rules.office, rules)
    if judged.state is None:
        return judged
    _keep(db, data, judged, source=source, rules=rules, around=around)
    return judged


def _keep(
    db: Writing, data: bytes, judged: JudgedWithdrawal, *, source: str, rules: Rules, around: Surroundings
) -> None:
    """Store a withdrawal; if its item is withdrawn since, log it and let it have its effect."""
    assert judged.state is not None, "what is refused is not kept"
    is_new = withdrawals.save_withdrawal(
        db,
        data=data,
        item_id=judged.item_id,
        office=judged.office,
        source=source,
        state=judged.state,
        because=judged.because,
        at=around.seconds(),
    )
    if is_new:
        logged = LogEntry(kind=LogKind.WITHDRAWN, hash=sha256(data).digest(), time=around.seconds())
        logbook.append(db, [logged])
        item = items.item(db, judged.item_id)
        if item is not None and item.office == judged.office:
            _stop_deliveries(db, item, data, rules, around)
        # Answers that are being given look at the epoch before each piece.
        begin_epoch(db, around)


def _stop_deliveries(db: Writing, item: StoredItem, data: bytes, rules: Rules, around: Surroundings) -> None:
    """
    Let nothing of an item go any more, ours or another's that was passed on, and tell those who have it.

    What was numbered and not receipted is taken back; whoever it was numbered for may have it, and is told too.
    Nobody else is: that there is such an item is no business of theirs.
    """
    now = around.seconds()
    told: list[str] = []
    for delivery_id, office, state, stream_id, number in deliveries.of_item(db, item.item_id):
        stream = outgoing.stream(db, office)
        if state in {DeliveryState.NUMBERED, DeliveryState.RECEIPTED} and stream is not None:
            told.append(office)
        if (
            state is DeliveryState.NUMBERED
            and number is not None
            and stream is not None
            and stream.stream_id == stream_id
        ):
            take_back(db, office, [number], rules=rules, around=around, is_withdrawn=True)
            continue
        because = _WITHDRAWN.get(state, Because.NOT_RECEIVED)
        deliveries.move(db, delivery_id, DeliveryEvent.WITHDRAW, because, epoch=rules.epoch, at=now)
    # Behind what was taken back: whoever holds an entry and its void hears the reason next.
    for office in dict.fromkeys(told):
        stream = begun(db, office, epoch=rules.epoch, around=around)
        append(db, stream, [(EntryKind.WITHDRAWAL, data, None)], epoch=rules.epoch, around=around)
    # Whoever was told the same by a newer version has nothing now: that one may go to them.
    deliveries.wake(db, deliveries.alike(db, item.document), now)


def judge_again(db: Writing, *, rules: Rules, around: Surroundings) -> None:
    """Judge anew the withdrawals that are set apart, as when they came; cards may have been confirmed since."""
    for each in withdrawals.quarantined(db):
        judged = judge_withdrawal(each.data, each.source, rules)
        if judged.state is not None and judged.because != each.because:
            _keep(db, each.data, judged, source=each.source, rules=rules, around=around)


def withdraw_item(
    text: str, *, by: str, card: Card, database: Database, signing: Signing, around: Surroundings
) -> WithdrawnRecord:
    """
    Withdraw an item that was released here.

    Args:
        text: Its reference, its id, or the beginning of it.
        by: Who withdraws it.
        card: The office's own card.
        database: The node's store.
        signing: The office's keys.
        around: Clock and dice.

    Raises:
        MalformedError: There is no such item of ours that the mission's people may see, or no name.
        RefusedError: It is withdrawn already.
    """
    check_name(by, "name")
    book = RuleBook(card, around)

    def act(db: Writing) -> WithdrawnRecord:
        rules = book.turn(db)
        with mission_reading(db, rules, around):
            item = find_own(db, text)
        if withdrawals.withdrawn_at(db, item.item_id, item.office) is not None:
            raise RefusedError("this item is withdrawn already")
        data = withdraw(item.item_id, signing.item)
        judged = accept_withdrawal(db, data, source="", rules=rules, around=around)
        assert judged.state is ViewState.HELD, "the office's own card is trusted, and its keys are current"
        return _record(db, item)

    return database.write(act)


def _record(db: Writing, item: StoredItem) -> WithdrawnRecord:
    handed = {each.delivery_id: each.handed_to or "" for each in paper.copies(db, item.item_id)}
    certified = destructions.certified(db, item.item_id)
    withdrawal = withdrawals.held(db, item.item_id, item.office)
    assert withdrawal is not None, "what was withdrawn has its withdrawal"
    return WithdrawnRecord(
        item=item.item_id.hex(),
        reference=item.reference,
        addressees=tuple(
            HolderRecord(
                addressee=each.office,
                received=each.because is Because.RECEIVED_BEFORE,
                why=english.delivery(each.because.value),
                copy=each.copy,
                handed_to=handed.get(each.delivery_id, ""),
                certificate=None
                if each.office not in certified
                else certificate_record(certified[each.office]),
            )
            for each in deliveries.deliveries(db, item_id=item.item_id)
            if each.state is DeliveryState.WITHDRAWN
        ),
        withdrawal=withdrawal.data,
    )
