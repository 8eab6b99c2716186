# SPDX-License-Identifier: Apache-2.0
"""
Destroying: two persons have every copy of another's item removed that is held here, and the office certifies it.

1. What is to go is dropped from the store, and its files are written down: one transaction. Commit.
2. The files are erased, and the store's own log is cleared: no byte is left on the disk.
3. The certificate is signed, kept, logged, and numbered for whoever brought a copy: one transaction. Commit.

Whoever opens the store goes on where this was cut short, so a certificate is never signed too early, nor forgotten.

Rules kept here:

1. Gone are the bytes of every view of the item, shown or set apart, what the inbox shows of them, the files attached to
   them (unless something else has the same file under the same label), and the copies that were passed on. What was
   numbered and not received is taken back.
2. Kept are the item's id and reference, its labels, the withdrawal, entries without their payloads, receipts, the log:
   each stream folds as before, and what was proven stays so.
3. It does not come back. What comes of it again is receipted, and its bytes are not stored.
4. Our own items are not destroyed: the author answers for what it wrote.
5. Whoever is to sign sees first what will go, what cannot be reached from here, and who is told.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from msgspec.structs import replace

from legation.errors import RefusedError, StoreError
from legation.item.destruction import certify
from legation.keys.card import Card
from legation.labels.label import check_name
from legation.log import LogEntry, LogKind
from legation.node.desk.reading import begin_reading, certificate_record, mission_reading, said
from legation.node.desk.versions import find_item_even_destroyed
from legation.node.keys.signing import Signing
from legation.node.persons import check_second
from legation.node.rules import RuleBook, Rules, begin_epoch, mission_reader
from legation.node.streams.numbering import take_back
from legation.node.surroundings import Surroundings
from legation.node.withdrawal.certifying import append_certificate, certificate_hash
from legation.node.withdrawal.previewing_destruction import Looking, Reach, preview_of, reach
from legation.records import DestructionRecord
from legation.store.attachments import FILE_NAME_SIZE_BYTES, Attachments
from legation.store.blobs import INLINE_SIZE_BYTES_MAX, Blobs
from legation.store.sqlite import attachments, destructions, items, logbook, outgoing, withdrawals
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.destructions import StoredAct
from legation.store.sqlite.items import StoredItem


@dataclass(frozen=True, kw_only=True)
class Destroying:
    """
    Destroys items, and goes on with what was cut short.

    Args:
        card: The office's own card.
        signing: Its keys.
        database: The node's store.
        blobs: Where long views and payloads are.
        store: Where the bytes of attachments are.
        around: Clock and dice.
    """

    card: Card
    signing: Signing
    database: Database
    blobs: Blobs
    store: Attachments
    around: Surroundings

    def preview(self, text: str) -> DestructionRecord:
        """
        Say what would go, what cannot be reached, and who would be told; nothing is changed.

        Args:
            text: The item: its reference, its id, or the beginning of it.

        Raises:
            MalformedError: There is no such item that the mission's people may see.
            RefusedError: It is ours, or was destroyed before and everybody was told.
        """
        with self.database.read() as db:
            rules = RuleBook(self.card, self.around).at(db)
            allowed = begin_reading(db, mission_reader(db, rules.office, self.around.now()), rules)
            item = find_item_even_destroyed(db, text)
            self._check(db, item, rules)
            found = reach(db, item, rules, self.blobs)
            return preview_of(self._looking(db, rules, allowed), item, found)

    def destroy(self, text: str, *, by: str, witness: str, seen: str = "") -> DestructionRecord:
        """
        Destroy every copy of an item that is held here, and certify it.

        Args:
            text: The item: its reference, its id, or the beginning of it.
            by: Who does it.
            witness: Another person, who sees it done.
            seen: The beginning of the id of the preview that was looked at; refuse any other.

        Raises:
            MalformedError: There is no such item that the mission's people may see, or a name is none.
            RefusedError: It is ours, or was destroyed before and everybody was told; the two are one person; or the
                preview is another.
            StoreError: The disk fails, or somebody reads for long. What was begun goes on when the node is opened next.
        """
        check_name(by, "name")
        check_name(witness, "name")
        check_second(by, witness, "destroys it")
        record = self.database.write(lambda db: self._begin(db, text, by, witness, seen))
        for act in self._going_on():
            self._finish(act)
        return self._done(record)

    def go_on(self) -> None:
        """Go on with what was cut short; what cannot be done now is left for the next who comes."""
        for act in self._going_on():
            with suppress(StoreError):
                self._finish(act)

    def _going_on(self) -> list[StoredAct]:
        with self.database.read() as db:
            return destructions.going_on(db)

    def _looking(self, db: Reading, rules: Rules, allowed: frozenset[int]) -> Looking:
        return Looking(db=db, rules=rules, blobs=self.blobs, allowed=allowed)

    def _check(self, db: Reading, item: StoredItem, rules: Rules) -> None:
        if item.is_own:
            raise RefusedError(
                "this item is ours: its author keeps it", hint="legation withdraw ITEM asks for it back"
            )
        act = destructions.last_act(db, item.item_id)
        if act is None or act.certificate is None:
            return
        # As far as this reader may see: who brought what is hidden from them shows nowhere.
        told = destructions.told(db, item.item_id, rules.office)
        if told.issuperset(destructions.readable_bringers(db, item.item_id)):
            raise RefusedError(f"this item was destroyed here on {said(act.began_at)}")

    def _begin(self, db: Writing, text: str, by: str, witness: str, seen: str) -> DestructionRecord:
        """Step 1; what is going on already is not begun again."""
        rules = RuleBook(self.card, self.around).turn(db)
        with mission_reading(db, rules, self.around) as allowed:
            item = find_item_even_destroyed(db, text)
            self._check(db, item, rules)
            found = reach(db, item, rules, self.blobs)
            record = preview_of(self._looking(db, rules, allowed), item, found)
        if seen and not record.preview.startswith(seen):
            raise RefusedError(
                "the preview is another by now", hint="look again: legation destroy ITEM, without names"
            )
        act = destructions.last_act(db, item.item_id)
        if act is None or act.certificate is not None:
            files = [*self._drop(db, item, found), *self._drop_sent(db, item, rules)]
            destructions.begin(
                db, item.item_id, by=by, witness=witness, at=self.around.seconds(), files=files
            )
            # Answers that are being given look at the epoch before each piece.
            begin_epoch(db, self.around)
        return replace(record, by=by, witness=witness)

    def _drop(self, db: Writing, item: StoredItem, found: Reach) -> Iterator[bytes]:
        """Drop the views and the attachments of an item; gives the files that are to go."""
        for view_key in found.views:
            view = items.view(db, view_key)
            if view.size_bytes > INLINE_SIZE_BYTES_MAX:
                yield view.hash
            destructions.drop_view(db, view_key)
        for wanted in found.gone:
            name = attachments.forget(db, wanted)
            if name is not None:
                yield name

    def _drop_sent(self, db: Writing, item: StoredItem, rules: Rules) -> Iterator[bytes]:
        """Drop the copies that were passed on, and take back those that nobody received; gives their files."""
        for each in destructions.sent_copies(db, item.item_id):
            if each.size_bytes > INLINE_SIZE_BYTES_MAX:
                yield each.payload_hash
            if each.is_taken_back:
                continue
            if each.is_current and not each.is_receipted:
                take_back(db, each.office, [each.number], rules=rules, around=self.around)
            else:
                outgoing.destroy(db, each.stream_id, each.number)

    def _finish(self, act: StoredAct) -> None:
        """Steps 2 and 3."""
        with self.database.read() as db:
            files = destructions.erasing(db, act.destroyed_id)
        for each in files:
            if len(each) == FILE_NAME_SIZE_BYTES:
                self.store.erase(each)
            else:
                self.blobs.erase(each)
        self.database.clear_log()
        self.database.write(lambda db: self._certify(db, act))

    def _certify(self, db: Writing, act: StoredAct) -> None:
        """Step 3; nothing if somebody else was faster."""
        if act not in destructions.going_on(db):
            return
        rules, now = RuleBook(self.card, self.around).turn(db), self.around.seconds()
        item = items.item(db, act.item_id)
        assert item is not None, "what is destroyed was here"
        withdrawal = withdrawals.held(db, item.item_id, item.office)
        answered = b"" if withdrawal is None else withdrawal.digest
        data = certify(item.item_id, rules.office, now, self.signing.item, withdrawal=answered)
        digest = certificate_hash(data)
        told = destructions.told(db, item.item_id, rules.office)
        destructions.save_certificate(
            db,
            data=data,
            item_id=item.item_id,
            office=rules.office,
            source="",
            destroyed_at=now,
            withdrawal=answered,
            at=now,
        )
        destructions.end(db, act.destroyed_id, digest)
        logbook.append(db, [LogEntry(kind=LogKind.DESTROYED, hash=digest, time=now)])
        for office in destructions.bringers(db, item.item_id):
            if office not in told:
                append_certificate(db, office, data, rules=rules, around=self.around)

    def _done(self, record: DestructionRecord) -> DestructionRecord:
        with self.database.read() as db:
            act = destructions.last_act(db, bytes.fromhex(record.item))
            certified = destructions.certified(db, bytes.fromhex(record.item)).get(str(self.card.office))
        assert act is not None, "what was begun is there"
        if act.certificate is None or certified is None:
            raise StoreError("not all of it is gone yet", hint="it goes on when the node is opened next")
        return replace(
            record,
            destroyed=said(certified.destroyed_at),
            certificate=certificate_record(certified),
            by=act.by,
            witness=act.witness,
        )
