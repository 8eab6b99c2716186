# SPDX-License-Identifier: Apache-2.0
"""
Printing: hand-over to an office without a node. Decide, cut, number the copy, commit; then it is written to a file.

Rules kept here:

1. As in a stream, what goes is the intersection of what was approved and what the rules permit now; of versions and
   of what was passed on before, the same is asked (``numbering``). And whoever prints a copy reads it: what the
   mission's own people may not see does not go on paper.
2. The copy stands in the store and in the node's log before a byte of it leaves.
3. Printed again, it is the same copy with the same number and the same bytes, as long as all of it may still go.
   If not, it is destroyed, and what still may go is printed as another copy.
4. What is printed is out of our hands: nothing can take it back. That it was handed over, to whom and when, or
   destroyed, is what a person says (``paper_receipts``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from hashlib import sha256

from legation.errors import MalformedError, RefusedError, StoreError
from legation.formats.paper import Sheet, sheet_of, write_docx, write_html
from legation.item.attachment import verified
from legation.item.portion import Attachment
from legation.item.view import View, verify
from legation.keys.card import Card
from legation.labels.label import check_name
from legation.log import LogEntry, LogKind
from legation.node.desk.attaching import wanted_of
from legation.node.desk.passable import shown_layers
from legation.node.desk.reading import mission_reading
from legation.node.desk.versions import find_item
from legation.node.rules import RuleBook, Rules
from legation.node.streams.numbering import Cutter, decide_one
from legation.node.surroundings import Surroundings
from legation.records import PrintedRecord
from legation.release import Because, DeliveryState, Printed, disclosure_banner
from legation.store.attachments import Attachments
from legation.store.blobs import Blobs
from legation.store.sqlite import attachments, deliveries, items, logbook, paper, peers
from legation.store.sqlite.attachments import Kept
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.deliveries import Waiting
from legation.store.sqlite.items import StoredItem
from legation.store.sqlite.paper import StoredCopy
from legation.words import english

RELEASED = "legation deliveries lists what was released"
LANGUAGES_MAX = 8  # that somebody asks for; more say nothing


WRITERS = {".docx": write_docx, ".html": write_html}
"""How a sheet is written to a file, by the ending of its name."""


@dataclass(frozen=True, kw_only=True)
class AttachedFile:
    """An attachment of a copy: the name it is saved under, and its bytes, to be taken once."""

    name: str
    pieces: Iterator[bytes]


@dataclass(frozen=True, kw_only=True)
class PrintedCopy:
    """A copy that was printed: what is told of it, what stands on it, and what is attached."""

    record: PrintedRecord
    sheet: Sheet
    attached: tuple[AttachedFile, ...]


def print_item(
    text: str,
    office: str,
    *,
    by: str,
    languages: Sequence[str] = (),
    card: Card,
    database: Database,
    blobs: Blobs,
    store: Attachments,
    around: Surroundings,
) -> PrintedCopy:
    """
    Print what of an item goes to an office without a node.

    Args:
        text: Reference or id of the item, or the beginning of it.
        office: Whom it is for.
        by: Who prints.
        languages: Languages that the addressee prefers, best first; of a copy that was printed already, its own.
        card: The office's own card.
        database: The node's store.
        blobs: Where long views are.
        store: Where the bytes of attachments are.
        around: Clock and dice.

    Raises:
        MalformedError: There is no such item that the mission's people may see, or no name.
        RefusedError: The office has a node, or is none of ours; nothing was released to it, or nothing may go now;
            or what was printed before may go no longer.
        VerificationError: What is stored does not verify any more.
        StoreError: The bytes of an attachment are not here.
    """
    check_name(by, "name")
    if len(languages) > LANGUAGES_MAX or any(not each.isascii() or " " in each for each in languages):
        raise MalformedError("languages are tags such as en or pt-BR, at most 8")
    book = RuleBook(card, around)

    def act(db: Writing) -> PrintedCopy | Because:
        rules = book.turn(db)
        with mission_reading(db, rules, around) as readable:
            item = find_item(db, text, hint=RELEASED)
        check_on_paper(db, office)
        rules = _for_printer(rules, office, readable)
        printing = _Printing(
            db=db, item=item, office=office, rules=rules, blobs=blobs, store=store, around=around
        )
        return printing(by, tuple(languages))

    done = database.write(act)
    if isinstance(done, Because):
        raise RefusedError(f"nothing is printed: {english.delivery(done.value)}")
    return done


def check_on_paper(db: Reading, office: str) -> None:
    """
    Refuse an office that is not reached on paper.

    Raises:
        RefusedError: It is not.
    """
    peer = peers.peer(db, office)
    if peer is None:
        raise RefusedError(
            f"`{office}` is no correspondent of ours", hint=f"legation peer add --without-node {office}"
        )
    if not peer.is_on_paper:
        raise RefusedError(f"`{office}` has a node", hint="what is for it is handed over when it asks")
    if peer.link != "active":
        raise RefusedError(f"what goes to `{office}` is stopped")


def _for_printer(rules: Rules, office: str, readable: frozenset[int]) -> Rules:
    """The same rules, by which the office may be handed nothing that the printer may not see."""
    decided = {(office, each): each in readable and rules.permits(office, each) for each in rules.labels}
    return changed(rules, decided=decided)


@dataclass(frozen=True, kw_only=True)
class _Printing:
    """Prints one item for one office, in one change."""

    db: Writing
    item: StoredItem
    office: str
    rules: Rules
    blobs: Blobs
    store: Attachments
    around: Surroundings

    def __call__(self, by: str, languages: tuple[str, ...]) -> PrintedCopy | Because:
        waiting = self._waiting()
        before = [
            each
            for each in paper.copies(self.db, self.item.item_id, self.office)
            if each.state is DeliveryState.PRINTED
        ]
        if not waiting and before:
            return self._again(before[-1], languages)
        if not waiting:
            # Decided anew here: whoever prints need not wait for the node to notice that the rules have turned.
            withheld = deliveries.withheld_of(self.db, self.office, self.item.item_id)
            deliveries.wake(self.db, withheld, self.around.seconds())
            waiting = self._waiting()
        return self._first_time(waiting, by, languages) if waiting else self._nothing()

    def _waiting(self) -> list[Waiting]:
        return deliveries.waiting(self.db, self.office, deliveries.OF_ITEM_MAX, self.item.item_id)

    def _nothing(self) -> Because:
        """
        Say why nothing waits.

        Raises:
            RefusedError: It is not that something was decided.
        """
        stood = deliveries.deliveries(self.db, item_id=self.item.item_id, office=self.office)
        if not stood:
            raise RefusedError(f"nothing of this item was released to `{self.office}`", hint=RELEASED)
        if stood[0].state is DeliveryState.RECEIPTED:
            raise RefusedError("it was handed over already", hint=RELEASED)
        return stood[0].because

    def _first_time(
        self, waiting: Sequence[Waiting], by: str, languages: tuple[str, ...]
    ) -> PrintedCopy | Because:
        cutter = Cutter(self.blobs)
        for each in waiting:
            data = decide_one(
                self.db,
                self.office,
                each,
                rules=self.rules,
                cutter=cutter,
                blobs=self.blobs,
                around=self.around,
            )
            if data is not None:
                view = verify(data, self.rules.pinned)
                return self._copied(self._number(each, data, by, languages), view, again=False)
        return self._nothing()

    def _number(self, each: Waiting, data: bytes, by: str, languages: tuple[str, ...]) -> StoredCopy:
        """Write down that a copy is printed, and log it."""
        digest, now = sha256(data).digest(), self.around.seconds()
        copy = paper.print_copy(
            self.db,
            each.delivery_id,
            cut=digest,
            layers=shown_layers(data, self.rules),
            languages=languages,
            by=by,
            epoch=self.rules.epoch,
            at=now,
        )
        printed = Printed(office=self.office, item=self.item.item_id, copy=copy, by=by, at=now, cut=digest)
        logbook.append(self.db, [LogEntry(kind=LogKind.PRINTED, hash=printed.digest, time=now)])
        found = paper.copy_of(self.db, each.delivery_id)
        assert found is not None, "what was printed is there"
        return found

    def _again(self, before: StoredCopy, languages: tuple[str, ...]) -> PrintedCopy:
        """
        Give the same copy once more.

        Raises:
            RefusedError: All of it may go no longer, or it was printed in other languages.
        """
        is_stopped = deliveries.stopped_among(self.db, [before.delivery_id])
        if is_stopped or not may_go(before, self.rules):
            raise RefusedError(
                f"copy {before.copy} was printed, and may not go as it is any more",
                hint="legation handover ITEM OFFICE --destroyed; then print what may go",
            )
        if languages and languages != before.languages:
            raise RefusedError(f"copy {before.copy} was printed in other languages", hint="leave --lang out")
        view = verify(copy_data(self.db, before, self.rules, self.blobs), self.rules.pinned)
        return self._copied(before, view, again=True)

    def _copied(self, copy: StoredCopy, view: View, *, again: bool) -> PrintedCopy:
        banner = disclosure_banner(
            self.rules.policies, [self.rules.labels[each] for each in sorted(copy.layers)]
        )
        sheet = sheet_of(
            view,
            self.rules.policies,
            banner=banner,
            slip=copy.slip,
            copy=copy.copy,
            by=self.rules.office,
            at=copy.printed_at,
            languages=copy.languages,
        )
        record = PrintedRecord(
            item=self.item.item_id.hex(),
            reference=self.item.reference,
            addressee=self.office,
            copy=copy.copy,
            banner=banner,
            again=again,
        )
        return PrintedCopy(record=record, sheet=sheet, attached=tuple(self._attached(view, copy)))

    def _attached(self, view: View, copy: StoredCopy) -> Iterator[AttachedFile]:
        """
        Find the bytes of what is attached; of two files of one name, each has its paragraph code before it.

        Raises:
            StoreError: They are not here.
        """
        found = [
            (each, each.portion)
            for each in view.shown(copy.languages)
            if isinstance(each.portion, Attachment)
        ]
        names = [portion.name.casefold() for _, portion in found]
        for each, portion in found:
            kept = attachments.find(self.db, wanted_of(portion, self.rules.ids[each.policy, each.label]))
            if kept is None:
                raise StoreError("the bytes of an attachment are not here", hint="restore the newest backup")
            is_only = names.count(portion.name.casefold()) == 1
            yield AttachedFile(
                name=portion.name if is_only else f"{each.code} {portion.name}",
                pieces=self._pieces(portion, kept),
            )

    def _pieces(self, portion: Attachment, kept: Kept) -> Iterator[bytes]:
        return verified(portion, self.store.chunks(kept.file, portion.size))


def may_go(copy: StoredCopy, rules: Rules) -> bool:
    """Whether all that a copy shows may be handed to its office now."""
    return all(rules.permits(copy.office, each) for each in copy.layers)


def copy_data(db: Reading, copy: StoredCopy, rules: Rules, blobs: Blobs) -> bytes:
    """
    Cut again what a copy shows.

    Raises:
        StoreError: It is not what was printed.
    """
    cutter = Cutter(blobs)
    view = items.own_view(db, copy.item_id) if copy.view_key is None else items.view(db, copy.view_key)
    assert view is not None, "what was printed was released here"
    data = cutter.parts_of(db, view).cut(lambda layer: rules.access_id(layer) in copy.layers)
    if sha256(data).digest() != copy.cut:
        raise StoreError("what was printed cannot be made again as it was")
    return data
