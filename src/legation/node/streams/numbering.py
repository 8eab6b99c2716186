# SPDX-License-Identifier: Apache-2.0
"""
Numbering: decide, cut, append. The step that hands over, all but the sending.

Rules kept here:

1. What an addressee gets is the intersection of what was approved for it and what the rules permit
   now. More needs a new approval.
2. Everything happens in the caller's transaction, with the rules that this transaction read. Nothing
   is sent from here: the caller commits first.
3. Of several versions of a document at most one goes, and only if it says something new (``superseding``).
4. What was withdrawn is neither numbered nor handed over any more, nor handed over again.
5. Of another office's item goes what was approved last, cut from the very view that was approved, if that is held
   still, and without what is under its originator's control; and only if it says more than each copy before.
6. Retransmission only narrows. What was numbered and may no longer be handed over is taken back: it
   stays in the stream as a leaf hash, a ``void`` entry says so, and a smaller cut goes as a new entry.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from legation.errors import LocalProtocolError
from legation.exchange import (
    EntryKind,
    Start,
    Void,
    header_of,
    read_view,
    write_start,
    write_view,
    write_void,
)
from legation.item.parts import LayerHead, Parts, take_apart
from legation.log import INCARNATION_SIZE_BYTES, Frontier, LogEntry, LogKind
from legation.node.desk.passable import handed_over_layers, passable, shown_layers
from legation.node.desk.superseding import Going, weigh_versions, withhold
from legation.node.rules import Rules
from legation.node.surroundings import Surroundings
from legation.release import Because, DeliveryEvent
from legation.store.blobs import Blobs
from legation.store.sqlite import deliveries, items, logbook, outgoing
from legation.store.sqlite.database import Reading, Writing
from legation.store.sqlite.deliveries import Waiting
from legation.store.sqlite.items import StoredView, ViewState
from legation.store.sqlite.outgoing import NewEntry, Outgoing, OutgoingEntry

DELIVERIES_PER_STEP = 500  # numbered in one transaction; the sync to the disk is paid once for all
LOOKS_PER_STEP = 20  # so 10,000 may be refused in one; with more the transaction would take too long
STEP_SIZE_BYTES = 4 << 20  # of cuts made in one transaction, about: as much as one answer takes
REMEMBERED_SIZE_BYTES_MAX = 16 << 20  # of items and cuts; taken apart, an item takes about twice its size


class Cutter:
    """
    Makes the copies of items, each once for all who may see the same.

    Items never change, so one serves for as long as the process lives. What it remembers is bounded in
    bytes and dropped all at once; an item that alone is longer is opened again for each who gets it.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._items: dict[bytes, Parts[LayerHead]] = {}  # ours by item id, others' views by hash
        self._cuts: dict[tuple[bytes, frozenset[int]], bytes] = {}
        self._size_bytes = 0

    def cut(self, db: Reading, item_id: bytes, allowed: frozenset[int], rules: Rules) -> bytes | Because:
        """Give the copy of our own item that shows exactly the layers under these access ids, or why there is none."""
        found = self._cuts.get((item_id, allowed))
        if found is None:
            made = self._make(db, item_id, allowed, rules)
            if isinstance(made, bytes) and self._has_room(len(made)):
                self._cuts[item_id, allowed] = made
            return made
        return found

    def _has_room(self, size_bytes: int) -> bool:
        """Make room for so many bytes, if there can be."""
        if self._size_bytes + size_bytes > REMEMBERED_SIZE_BYTES_MAX:
            self._items.clear()
            self._cuts.clear()
            self._size_bytes = 0
        has_room = size_bytes <= REMEMBERED_SIZE_BYTES_MAX
        self._size_bytes += size_bytes * has_room
        return has_room

    def _make(self, db: Reading, item_id: bytes, allowed: frozenset[int], rules: Rules) -> bytes | Because:
        if not allowed:
            return Because.REFUSED_BY_RULE
        parts = self._parts(db, item_id)
        if not says_something(parts, allowed, rules):
            return Because.EMPTY_CUT
        return parts.cut(lambda layer: rules.access_id(layer) in allowed)

    def _parts(self, db: Reading, item_id: bytes) -> Parts[LayerHead]:
        found = self._items.get(item_id)
        if found is None:
            own = items.own_view(db, item_id)
            assert own is not None, "what is delivered was released here"
            found = self._open(db, item_id, own)
        return found

    def cut_passed_on(
        self, db: Reading, view_key: int, allowed: frozenset[int], rules: Rules
    ) -> bytes | Because:
        """Give the copy of another's view that shows what may be passed on of these layers, or why there is none."""
        view = items.view(db, view_key)
        if view.state is not ViewState.HELD:
            return Because.REFUSED_BY_RULE
        found = passable(view, self.parts_of(db, view), allowed, rules)
        if not found.layers:
            return Because.REFUSED_BY_RULE
        return found.cut(rules) if found.says_something(rules) else Because.EMPTY_CUT

    def parts_of(self, db: Reading, view: StoredView) -> Parts[LayerHead]:
        """A view taken apart; it never changes."""
        found = self._items.get(view.hash)
        return self._open(db, view.hash, view) if found is None else found

    def _open(self, db: Reading, name: bytes, view: StoredView) -> Parts[LayerHead]:
        data = items.view_data(db, view.view_key, self._blobs)
        found = take_apart(data)
        if self._has_room(len(data)):
            self._items[name] = found
        return found


def says_something(parts: Parts[LayerHead], allowed: frozenset[int], rules: Rules) -> bool:
    """Whether the layers under these access ids hold a body portion or a withheld line."""
    return any(layer.has_body and rules.access_id(layer) in allowed for _, layer, _ in parts.layers)


def stream_to(db: Writing, office: str, around: Surroundings) -> Outgoing:
    """The stream to *office*; a new one has an incarnation and no entry yet."""
    stream = outgoing.stream(db, office)
    if stream is None:
        stream = outgoing.start_stream(db, office, around.random(INCARNATION_SIZE_BYTES), around.seconds())
    return stream


def begun(db: Writing, office: str, *, epoch: int, around: Surroundings) -> Outgoing:
    """The stream to *office*, with its start entry."""
    stream = stream_to(db, office, around)
    if stream.frontier.size == 0:
        start = (EntryKind.START, write_start(Start()), None)
        stream = append(db, stream, [start], epoch=epoch, around=around)
    return stream


def append(
    db: Writing,
    stream: Outgoing,
    entries: Sequence[tuple[EntryKind, bytes, int | None]],
    *,
    epoch: int,
    around: Surroundings,
    blobs: Blobs | None = None,
) -> Outgoing:
    """
    Append entries (kind, payload, delivery) to a stream and give the stream as it is then.

    Without *blobs* for short payloads only.
    """
    frontier: Frontier = stream.frontier
    new = []
    for kind, payload, delivery_id in entries:
        header = header_of(frontier.size, kind, payload)
        frontier = frontier.extend([header.leaf])
        new.append(NewEntry(header=header, payload=payload, root=frontier.root, delivery_id=delivery_id))
    return outgoing.append(db, stream, new, frontier, epoch=epoch, blobs=blobs, at=around.seconds())


def number(
    db: Writing, office: str, *, rules: Rules, cutter: Cutter, blobs: Blobs, around: Surroundings
) -> int:
    """
    Decide what waits for *office*, cut it and append it to its stream.

    Returns:
        How many deliveries were numbered. Those that may not go are set apart with the reason; a stream
        in which nothing goes is not begun.
    """
    ready: list[tuple[EntryKind, bytes, int | None]] = []
    sent: list[Waiting] = []
    size_bytes = 0
    now = around.seconds()
    choice = _Choice(db=db, office=office, rules=rules, cutter=cutter, blobs=blobs, now=now)
    for each in _waiting(db, office):
        data = choice.of(each)
        if data is None:
            continue
        payload = write_view(each.slip, data)
        ready.append((EntryKind.VIEW, payload, each.delivery_id))
        sent.append(each)
        size_bytes += len(payload)
        if size_bytes >= STEP_SIZE_BYTES:
            break
    if ready:
        stream = begun(db, office, epoch=rules.epoch, around=around)
        first = stream.frontier.size
        append(db, stream, ready, epoch=rules.epoch, around=around, blobs=blobs)
        numbered = [(each.delivery_id, place) for place, each in enumerate(sent, first)]
        deliveries.number(db, numbered, stream.stream_id, epoch=rules.epoch, at=now)
        deliveries.leave_out(
            db,
            (
                (each.delivery_id, one)
                for each in sent
                for one in each.labels
                if not rules.permits(office, one)
            ),
        )
    return len(ready)


def decide_one(
    db: Writing,
    office: str,
    each: Waiting,
    *,
    rules: Rules,
    cutter: Cutter,
    blobs: Blobs,
    around: Surroundings,
) -> bytes | None:
    """
    Decide about one delivery that waits for *office*: the copy that may go now, or None.

    What may not go is set apart with the reason, also other versions of its document.
    """
    choice = _Choice(db=db, office=office, rules=rules, cutter=cutter, blobs=blobs, now=around.seconds())
    return choice.of(each)


@dataclass(frozen=True, kw_only=True)
class _Choice:
    """Decides what of that which waits goes now, and sets apart what does not, with the reason."""

    db: Writing
    office: str
    rules: Rules
    cutter: Cutter
    blobs: Blobs
    now: int
    decided: dict[bytes, Going | None] = field(default_factory=dict)

    def of(self, each: Waiting) -> bytes | None:
        """Decide about one delivery: its copy, or None."""
        if each.versions_of is not None:
            return self.of_version(each, each.versions_of)
        allowed = frozenset(one for one in each.labels if self.rules.permits(self.office, one))
        if each.view_key is None:
            found = self._cut(each.item_id, allowed)
        else:
            found = self._passed_on(each, each.view_key, allowed)
        if not isinstance(found, Because):
            return found
        deliveries.move(
            self.db, each.delivery_id, DeliveryEvent.REFUSE, found, epoch=self.rules.epoch, at=self.now
        )
        return None

    def _passed_on(self, each: Waiting, view_key: int, allowed: frozenset[int]) -> bytes | Because:
        """Another's item: its copy, or why it does not go. What was approved later goes in its place."""
        others = deliveries.passed_on(self.db, self.office, each.item_id)
        if others[-1].delivery_id != each.delivery_id:
            return Because.REPLACED
        found = self.cutter.cut_passed_on(self.db, view_key, allowed, self.rules)
        if isinstance(found, Because):
            return found
        shown = frozenset(shown_layers(found, self.rules))
        before = handed_over_layers(self.db, others, self.rules, self.blobs)
        return Because.NO_DIFFERENCE if any(shown <= held for held in before) else found

    def of_version(self, each: Waiting, document: bytes) -> bytes | None:
        """
        Decide about all versions of a document together: the copy of this one, or None.

        The one that goes does so when its own turn comes: in what order things go must not tell that there
        are others.
        """
        if document not in self.decided:
            fates = weigh_versions(
                self.db, self.office, document, rules=self.rules, blobs=self.blobs, cut=self._cut
            )
            withhold(self.db, fates, epoch=self.rules.epoch, at=self.now)
            self.decided[document] = fates.going
        going = self.decided[document]
        return going.data if going is not None and going.delivery.delivery_id == each.delivery_id else None

    def _cut(self, item_id: bytes, allowed: frozenset[int]) -> bytes | Because:
        return self.cutter.cut(self.db, item_id, allowed, self.rules)


def _waiting(db: Writing, office: str) -> Iterator[Waiting]:
    """
    Give what waits, as much as one step may number.

    What is refused on the way is set apart by the caller and does not count: else how far an answer reaches
    would tell the peer how much there was that it may not have.
    """
    taken: set[int] = set()
    for _ in range(LOOKS_PER_STEP):
        # What was taken and not set apart still waits, and comes first again.
        found = deliveries.waiting(db, office, DELIVERIES_PER_STEP)
        new = [each for each in found if each.delivery_id not in taken]
        if not new:
            return
        for each in new:
            taken.add(each.delivery_id)
            yield each
        if len(found) < DELIVERIES_PER_STEP:
            return


def take_back(
    db: Writing,
    office: str,
    numbers: Sequence[int],
    *,
    rules: Rules,
    around: Surroundings,
    is_withdrawn: bool = False,
) -> None:
    """
    Take back entries that were numbered and not receipted, and let what is still permitted wait again.

    Of what ``is_withdrawn`` nothing waits again. What was receipted comes here only if the peer lost it and
    asks for it anew. It may not have it again: the entry is void, and its delivery stays what it was, received
    once. More takes a new release.

    Raises:
        LocalProtocolError: One of them is no view that can be taken back.
    """
    stream = stream_to(db, office, around)
    now = around.seconds()
    voids: list[tuple[EntryKind, bytes, int | None]] = []
    logged: list[LogEntry] = []
    for place in numbers:
        is_receipted = place < stream.receipt_size
        delivery_id = outgoing.take_back(db, stream.stream_id, place, although_receipted=is_receipted)
        if delivery_id is None:
            raise LocalProtocolError(f"entry {place} of the stream to `{office}` cannot be taken back")
        if is_withdrawn and not is_receipted:
            deliveries.move(
                db, delivery_id, DeliveryEvent.WITHDRAW, Because.NOT_RECEIVED, epoch=rules.epoch, at=now
            )
        elif not is_receipted:
            deliveries.move(
                db, delivery_id, DeliveryEvent.TAKE_BACK, Because.TAKEN_BACK, epoch=rules.epoch, at=now
            )
            deliveries.again(db, delivery_id, epoch=rules.epoch, at=now)
        payload = write_void(Void(number=place))
        voids.append((EntryKind.VOID, payload, None))
        logged.append(LogEntry(kind=LogKind.VOIDED, hash=sha256(payload).digest(), time=now))
    append(db, stream, voids, epoch=rules.epoch, around=around)
    logbook.append(db, logged)


def not_to_go(db: Reading, office: str, entries: Sequence[OutgoingEntry], rules: Rules) -> list[int]:
    """
    Name those of *entries* that *office* may no longer be handed.

    By the rules, or because their item was withdrawn since, or because it is another's and not trusted any more; or
    because it was destroyed here after they had received it, and is gone.
    """
    whole = {
        each.delivery_id: each.header.number
        for each in entries
        if each.payload is not None and each.delivery_id is not None
    }
    stopped = {whole[each] for each in deliveries.stopped_among(db, whole)}
    destroyed = {each.header.number for each in entries if each.lacks_void}
    return sorted(stopped.union(destroyed, flipped(office, entries, rules)))


def flipped(office: str, entries: Iterable[OutgoingEntry], rules: Rules) -> list[int]:
    """
    Name those of *entries* that *office* may no longer be handed as they are.

    An entry is a whole: if one of its layers may not go, none of its bytes do. What was numbered at
    this very epoch was decided then, and its decision stands.
    """
    return [
        each.header.number
        for each in entries
        if each.payload is not None
        and each.header.kind is EntryKind.VIEW
        and each.epoch != rules.epoch
        and not all(rules.permits(office, one) for one in _layers(each.payload, rules))
    ]


def _layers(payload: bytes, rules: Rules) -> Iterable[int]:
    """The access ids of what a view entry shows."""
    return shown_layers(read_view(payload)[1], rules)
