# SPDX-License-Identifier: Apache-2.0
"""
The back-file: what a peer may see of our own items and was never given, released in bulk by two persons.

Use::

    shown = preview_admission("KOR", Selection(topic="Indo-Pacific"), ...)
    admit("KOR", selection, seen=shown.preview, by="desk officer", ...)        # proposed
    admit("KOR", selection, seen=shown.preview, by="releasing officer", ...)   # admitted, and carried out

Rules kept here:

1. Of each document of ours the newest version, if it is not withdrawn; of it the layers that the mission's own people
   may see and the peer may be handed now, if they say something, and are not what one delivery brings already.
2. Nothing is approved that was not shown: an id stands for every item with its labels, and both persons give it back.
3. What is admitted are deliveries like others: decided again when they are numbered, never more than was approved.
   Their slip says that they are the back-file, so nobody is alerted by them; all are routine.
4. What was admitted is written down before any of it is carried out. It becomes deliveries in bounded changes, each
   of which notes how far it is: whatever ends in between goes on there, and the same act again does nothing again.
5. A topic selects only where the mission's own people may see it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from legation.encoding import encode
from legation.errors import MalformedError, RefusedError
from legation.item.draft import Slip
from legation.item.parts import take_apart
from legation.item.portion import Topics
from legation.item.view import inspect
from legation.keys.card import Card
from legation.labels.label import check_name
from legation.log import LogEntry, LogKind
from legation.node.desk.passing import passing_digest
from legation.node.desk.reading import begin_reading, mission_reading
from legation.node.desk.versions import find_own
from legation.node.peers.gaining import back_file_record, is_given, open_labels
from legation.node.persons import check_second
from legation.node.rules import RuleBook, Rules, mission_reader
from legation.node.streams.numbering import says_something
from legation.node.surroundings import Surroundings
from legation.records import AdmissionRecord
from legation.release import Because, DeliveryState
from legation.store.blobs import Blobs
from legation.store.sqlite import backfile, deliveries, items, logbook, peers, withdrawals
from legation.store.sqlite.backfile import Candidate, StoredAdmission
from legation.store.sqlite.database import Database, Reading, Writing

ADMITTED_MAX = 10_000  # items of one admission: all are shown before they are approved
CARRIED_OUT_AT_ONCE = 500  # items in one change, some 0.1 s


@dataclass(frozen=True, kw_only=True)
class Selection:
    """
    What of the back-file: items by reference or id, or all with a topic, or all since an instant; exactly one.

    ``since`` is in seconds since 1970.
    """

    topic: str = ""
    since: int | None = None
    items: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if sum((bool(self.topic), self.since is not None, bool(self.items))) != 1:
            raise MalformedError("expected a topic, or an instant, or items")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an office would get by an admission now, in the order of its time."""

    office: str
    chosen: tuple[tuple[Candidate, frozenset[int]], ...]
    rules: Rules

    @property
    def digest(self) -> bytes:
        """What stands for all of it."""
        return admission_digest(
            self.office, [(each.item_id, labels) for each, labels in self.chosen], self.rules
        )

    def record(self, state: str) -> AdmissionRecord:
        """Say what it is."""
        return AdmissionRecord(
            office=self.office,
            state=state,
            preview=self.digest.hex(),
            items=tuple(back_file_record(each, labels, self.rules) for each, labels in self.chosen),
            size=len(self.chosen),
        )


def back_file_slip(office: str) -> Slip:
    """What concerns the addressee of a back-file."""
    return Slip(addressee=office, back_file=True)


def admission_digest(office: str, admitted: Sequence[tuple[bytes, frozenset[int]]], rules: Rules) -> bytes:
    """SHA-256 of what stands for each item of an admission, with the labels approved, in its order."""
    slip = back_file_slip(office)
    each = (passing_digest(item_id, [(slip, labels)], {}, rules) for item_id, labels in admitted)
    return sha256(b"legation/admission/v1\n" + b"".join(each)).digest()


def preview_admission(
    office: str,
    selection: Selection,
    *,
    card: Card,
    database: Database,
    blobs: Blobs,
    around: Surroundings,
) -> AdmissionRecord:
    """
    Say what an office would get by admitting this much of the back-file now.

    Args:
        office: The correspondent.
        selection: How much of it.
        card: The office's own card.
        database: The node's store.
        blobs: Where long views are.
        around: Clock and dice.

    Raises:
        MalformedError: It is no correspondent, or an item is none of ours that the mission's people may see.
        RefusedError: It is more than ``ADMITTED_MAX`` items.
    """
    with database.read() as db:
        rules = RuleBook(card, around).at(db)
        allowed = begin_reading(db, mission_reader(db, rules.office, around.now()), rules)
        return _Planning(db, rules, allowed, blobs).plan(office, selection).record("previewed")


def admit(
    office: str,
    selection: Selection,
    *,
    seen: bytes,
    by: str,
    card: Card,
    database: Database,
    blobs: Blobs,
    around: Surroundings,
) -> AdmissionRecord:
    """
    Propose what was previewed, or, as a second person, admit it and carry it out.

    What was admitted by this preview before is carried on, or told to be done.

    Args:
        office: The correspondent.
        selection: How much of the back-file, as it was previewed.
        seen: The digest of the preview that was looked at.
        by: Who acts.
        card: The office's own card.
        database: The node's store.
        blobs: Where long views are.
        around: Clock and dice.

    Raises:
        MalformedError: As for a preview; or no name.
        RefusedError: What would go is not what was seen, it is nothing, the same person proposed it, or the peer is
            excluded.
    """
    check_name(by, "name")
    book = RuleBook(card, around)

    def act(db: Writing) -> AdmissionRecord:
        rules = book.turn(db)
        with mission_reading(db, rules, around) as allowed:
            plan = _Planning(db, rules, allowed, blobs).plan(office, selection)
        if plan.digest != seen:
            before = backfile.admitted(db, office, seen)
            if before is None:
                raise RefusedError("what would go is no longer what was previewed", hint="preview it again")
            return _told(plan.record("admitted"), before)
        if peers.link(db, office) == "excluded":
            raise RefusedError(f"`{office}` is excluded")
        return _propose_or_confirm(db, plan, by=by, around=around)

    found = database.write(act)
    if found.state == "admitted":
        carry_out(card=card, database=database, around=around)
        with database.read() as db:
            done = backfile.admitted(db, office, seen)
        assert done is not None, "what was admitted is there"
        return _told(found, done)
    return found


def _propose_or_confirm(db: Writing, plan: Plan, *, by: str, around: Surroundings) -> AdmissionRecord:
    now = around.seconds()
    if not plan.chosen:
        raise RefusedError("nothing would go to them", hint="legation admit --preview")
    waiting = backfile.proposed(db, plan.office, plan.digest)
    if waiting is None:
        chosen = [(each.item_id, labels) for each, labels in plan.chosen]
        admission_id = backfile.propose(db, plan.office, plan.digest, chosen, by=by, at=now)
        return _told(plan.record("proposed"), backfile.by_id(db, admission_id))
    check_second(waiting.proposed_by, by, "proposed this")
    backfile.confirm(db, waiting.admission_id, by, now)
    logbook.append(db, [LogEntry(kind=LogKind.APPROVED, hash=plan.digest, time=now)])
    return _told(plan.record("admitted"), backfile.by_id(db, waiting.admission_id))


def _told(found: AdmissionRecord, stored: StoredAdmission) -> AdmissionRecord:
    return AdmissionRecord(
        office=found.office,
        state=found.state,
        preview=stored.preview_digest.hex(),
        items=found.items,
        size=stored.size,
        done=stored.done,
        proposed_by=stored.proposed_by,
        confirmed_by=stored.confirmed_by or "",
    )


def carry_out(*, card: Card, database: Database, around: Surroundings) -> None:
    """Let everything that was admitted become deliveries, some at a time; nothing if all is done."""
    book = RuleBook(card, around)
    while _is_open(database):
        database.write(lambda db: _carry_on(db, book.turn(db), around.seconds()))


def _is_open(database: Database) -> bool:
    with database.read() as db:
        return backfile.unfinished(db) is not None


def _carry_on(db: Writing, rules: Rules, now: int) -> None:
    """Carry out the next items of one admission, and note how far it is."""
    # Another process may have finished it since.
    found = backfile.unfinished(db)
    if found is None:
        return
    some = backfile.items_from(db, found.admission_id, found.done, CARRIED_OUT_AT_ONCE)
    for item_id, labels in some:
        if withdrawals.withdrawn_at(db, item_id, rules.office) is None:
            _deliver(db, found, (item_id, labels), rules=rules, now=now)
    backfile.note_done(db, found.admission_id, found.done + len(some))


def _deliver(
    db: Writing, found: StoredAdmission, admitted: tuple[bytes, frozenset[int]], *, rules: Rules, now: int
) -> None:
    """Release one item to the office, as two persons approved it."""
    assert found.confirmed_by is not None, "only what is admitted is carried out"
    item_id, labels = admitted
    slip = back_file_slip(found.office)
    digest = passing_digest(item_id, [(slip, labels)], {}, rules)
    release_id = deliveries.add_release(
        db, item_id=item_id, draft_digest=None, preview_digest=digest, by=found.confirmed_by, at=now
    )
    deliveries.add_delivery(
        db,
        office=found.office,
        item_id=item_id,
        release_id=release_id,
        slip=slip,
        labels=labels,
        state=DeliveryState.WAITING,
        because=Because.NONE,
        epoch=rules.epoch,
        at=now,
    )
    logged = ((LogKind.RELEASED, item_id), (LogKind.APPROVED, digest))
    logbook.append(db, [LogEntry(kind=kind, hash=one, time=now) for kind, one in logged])


class _Planning:
    """Works out what an office would get, in one snapshot or change that is bound to the mission's people."""

    def __init__(self, db: Reading, rules: Rules, allowed: frozenset[int], blobs: Blobs) -> None:
        self._db = db
        self._rules = rules
        self._allowed = allowed
        self._blobs = blobs

    def plan(self, office: str, selection: Selection) -> Plan:
        """Choose, in the order of time."""
        if peers.peer(self._db, office) is None:
            raise MalformedError(f"`{office}` is no correspondent", hint="legation peer list")
        named = {find_own(self._db, text).item_id for text in selection.items}
        wanted = {each for each in self._rules.labels if self._rules.permits(office, each)} & self._allowed
        found = []
        for each in backfile.candidates(self._db, office, wanted, since=selection.since or 0):
            labels = open_labels(each, office, self._rules, self._allowed)
            if (not named or each.item_id in named) and not is_given(each, labels):
                if self._is_chosen(each, labels, selection.topic):
                    found.append((each, labels))
                if len(found) > ADMITTED_MAX:
                    raise RefusedError(
                        f"more than {ADMITTED_MAX} items", hint="choose a topic, or a later instant"
                    )
        found.sort(key=lambda pair: (pair[0].time, pair[0].item_id))
        return Plan(office=office, chosen=tuple(found), rules=self._rules)

    def _is_chosen(self, each: Candidate, labels: frozenset[int], topic: str) -> bool:
        data = items.view_data(self._db, each.view_key, self._blobs)
        if topic and not self._has_topic(data, topic):
            return False
        return says_something(take_apart(data), labels, self._rules)

    def _has_topic(self, data: bytes, topic: str) -> bool:
        # Most views are not about it, and need not be read for that.
        return encode(topic) in data and any(
            isinstance(portion, Topics) and topic in portion.topics
            for layer in inspect(data).layers
            if self._rules.access_id(layer) in self._allowed
            for portion in layer.portions
        )
