# SPDX-License-Identifier: Apache-2.0
"""
Packing: what goes to a peer goes in files, where no line reaches it.

To pack is to hand over, so the order is that of an answer to a pull. For each bag:

1. Decide, cut, append: one transaction. Commit.
2. The checkpoint of the committed size is signed, once; the bag is numbered, written down and logged. Commit.
3. Only then its file is written, whole or not at all. Before each chunk the epoch is looked at again; if it moved
   so that something may no longer be handed over, the file is removed.
4. That the file is on the disk is written down. Commit.

A bag begins where the last one that was written ended, or the receipt, whichever is higher. To pack a bag anew
hands over the same entries, or less: what may no longer go goes as its leaf, and its void follows.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from legation.errors import RefusedError, RemoteProtocolError
from legation.exchange import (
    ENCLOSED_MAX,
    NONCE_SIZE_BYTES,
    Bag,
    Enclosed,
    binding_of,
    envelope_size,
    write_envelope,
)
from legation.keys.card import Card
from legation.keys.seal import SECRET_SIZE_BYTES
from legation.labels.label import check_name
from legation.log import LogEntry, LogKind
from legation.node.checking.findings import Tell, untold
from legation.node.courier.bags import file_name
from legation.node.disk import write_file
from legation.node.keys.signing import Signing
from legation.node.peers.introducing import introduction
from legation.node.peers.speaking import version_for
from legation.node.rules import RuleBook, Rules
from legation.node.streams.filling import attached_to
from legation.node.streams.handing_over import Batch, HandingOver
from legation.node.streams.numbering import stream_to
from legation.node.streams.receipting import old_to_give, receipt_to_give
from legation.node.streams.taking_in import held_of
from legation.node.surroundings import Surroundings
from legation.records import PackedRecord, PackingRecord
from legation.store.attachments import Attachments
from legation.store.blobs import Blobs
from legation.store.sqlite import bags, deliveries, incoming, logbook, outgoing, peers
from legation.store.sqlite.attachments import Kept
from legation.store.sqlite.bags import BAG_NAME_SIZE_BYTES, NewBag, PackedBag
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.outgoing import Outgoing

FILL_SIZE_BYTES = 3 << 30  # then another bag begins: with padding a file stays below what FAT sticks can hold
BAGS_AT_ONCE = 1000  # of one call; a person carries them


@dataclass(frozen=True, kw_only=True)
class _Filled:
    """What one bag is made from: entries, and where the attachments lie that belong to them."""

    batch: Batch
    enclosed: Sequence[tuple[Enclosed, Kept]]
    card: Card


class Packing:
    """
    Packs for one peer.

    Args:
        card: The office's own card.
        peer: For whom.
        signing: The office's keys.
        database: The node's store.
        blobs: Where long payloads are.
        store: Where the bytes of attachments are.
        around: Clock and dice.
        tell: Told how far it is.
    """

    def __init__(
        self,
        *,
        card: Card,
        peer: str,
        signing: Signing,
        database: Database,
        blobs: Blobs,
        store: Attachments,
        around: Surroundings,
        tell: Tell = untold,
    ) -> None:
        self._card = card
        self._office = str(card.office)
        self._peer = peer
        self._signing = signing
        self._database = database
        self._store = store
        self._around = around
        self._tell = tell
        self._book = RuleBook(card, around)
        self._handing = HandingOver(
            card=card, signing=signing, database=database, blobs=blobs, book=self._book, around=around
        )

    def pack(
        self, folder: Path, *, by: str, again: int | None = None, has_way_back: bool = True
    ) -> PackingRecord:
        """
        Pack what is new, in as many bags as it takes; before that, one bag anew if it is named.

        Args:
            folder: Where the files go, under names that are drawn.
            by: Who packs.
            again: The number of a bag whose entries are packed anew.
            has_way_back: Whether a receipt can come back.

        Raises:
            RefusedError: There is nothing to pack, the card is not confirmed, or the link is stopped; or the rules
                changed while a bag was written, and its file was removed. Bags before it are whole.
            StoreError: The bytes of an attachment are not here.
            OSError: The disk says no.
        """
        check_name(by, "name")
        made: list[PackedRecord] = []
        if again is not None:
            filled = self._database.write(lambda db: self._fill(db, self._packed_before(db, again)))
            made.append(self._make(folder, filled, by=by, has_way_back=has_way_back))
        while len(made) < BAGS_AT_ONCE:
            filled = self._database.write(partial(self._fill, is_first=not made))
            if not filled.batch.entries and (made or not self._brings_receipt()):
                break
            made.append(self._make(folder, filled, by=by, has_way_back=has_way_back))
            if not filled.batch.entries:
                break
        if not made:
            raise RefusedError(
                f"there is nothing new for `{self._peer}`",
                hint="--again NUMBER packs a bag anew; legation bag list says which there are",
            )
        return PackingRecord(bags=tuple(made), has_more=len(made) == BAGS_AT_ONCE)

    def _packed_before(self, db: Reading, number: int) -> PackedBag:
        """
        Find a bag that may be packed anew.

        Raises:
            RefusedError: There is none, or they have all of it.
        """
        stream = outgoing.stream(db, self._peer)
        found = None if stream is None else bags.packed(db, stream.stream_id, number)
        if found is None:
            raise RefusedError(
                f"no bag {number} was packed for `{self._peer}`",
                hint="legation bag list says which there are",
            )
        if found.is_receipted and found.stop > found.start:
            # Whoever lost what they had receipted says so in a new incarnation of their own stream.
            raise RefusedError(f"`{self._peer}` has receipted all of bag {number}")
        return found

    def _fill(self, db: Writing, old: PackedBag | None = None, *, is_first: bool = True) -> _Filled:
        """Step 1: what goes into the next bag, or what of an old one may still go."""
        rules = self._book.turn(db)
        card = rules.cards.get(self._peer)
        if card is None:
            raise RefusedError(
                f"the card of `{self._peer}` is not confirmed", hint=f"legation peer confirm {self._peer}"
            )
        link = peers.link(db, self._peer)
        stream = stream_to(db, self._peer, self._around)
        if link != "active":
            batch = self._stopped(db, rules, stream, link, is_old=old is not None, is_first=is_first)
            return self._cut(db, batch, rules, card)
        if old is None:
            start = max(bags.packed_up_to(db, stream.stream_id), stream.receipt_size)
            # All goes now, also behind what was numbered and not taken yet; ``fill`` alone would wait for that.
            self._handing.number(db, self._peer, rules)
        else:
            start = max(old.start, stream.receipt_size)
        batch = self._handing.fill(db, self._peer, rules, start)
        if old is not None:
            batch = replace(batch, entries=batch.entries[: max(0, old.stop - start)])
        return self._cut(db, batch, rules, card)

    def _stopped(
        self, db: Writing, rules: Rules, stream: Outgoing, link: str, *, is_old: bool, is_first: bool
    ) -> Batch:
        """What goes where the link is stopped: what is to stop the use of something, and nothing else."""
        start = max(bags.packed_up_to(db, stream.stream_id), stream.receipt_size)
        may_go = link != "frozen" and not is_old
        found = self._handing.fill_stopped(db, self._peer, rules, start) if may_go else None
        if found is None and is_first:
            raise RefusedError(f"the link to `{self._peer}` is {link}", hint="legation peer list says why")
        return found or Batch(stream=stream, start=start, epoch=rules.epoch)

    def _cut(self, db: Reading, batch: Batch, rules: Rules, card: Card) -> _Filled:
        """End a bag before what is attached makes it too long; an entry alone goes however long it is."""
        enclosed: list[tuple[Enclosed, Kept]] = []
        size_bytes = 0
        for place, entry in enumerate(batch.entries):
            more = list(attached_to(db, entry, rules))
            size_bytes += entry.header.size_bytes + sum(each.size for each, _ in more)
            if place and (size_bytes > FILL_SIZE_BYTES or len(enclosed) + len(more) > ENCLOSED_MAX):
                batch = replace(batch, entries=batch.entries[:place])
                break
            enclosed += more
        return _Filled(batch=batch, enclosed=enclosed, card=card)

    def _brings_receipt(self) -> bool:
        """Whether there is a receipt that no bag has brought back yet."""
        with self._database.read() as db:
            ours = incoming.stream(db, self._peer)
            stream = outgoing.stream(db, self._peer)
            if ours is None:
                return False
            brought = 0 if stream is None else bags.brought_back(db, stream.stream_id, ours.stream_id)
            return (
                ours.held.receipt_size > brought and receipt_to_give(db, self._peer, self._card) is not None
            )

    def _make(self, folder: Path, filled: _Filled, *, by: str, has_way_back: bool) -> PackedRecord:
        """Steps 2 to 4."""
        name = self._around.random(BAG_NAME_SIZE_BYTES)

        def note(db: Writing) -> tuple[Batch, Bag]:
            batch = self._handing.checked(db, filled.batch) if filled.batch.entries else filled.batch
            bag = self._letter(db, batch, [each for each, _ in filled.enclosed], filled.card)
            self._note(db, batch, bag, name=name, by=by, has_way_back=has_way_back)
            return batch, bag

        batch, bag = self._database.write(note)
        path = folder / file_name(name)
        size_bytes = self._write(path, batch, bag, filled)
        self._database.write(
            lambda db: self._written(db, batch, bag, size_bytes=size_bytes, has_way_back=has_way_back)
        )
        return PackedRecord(
            office=self._peer,
            number=bag.number,
            file=path.name,
            start=bag.start,
            stop=bag.end,
            attachments=len(bag.enclosed),
            size_bytes=size_bytes,
            has_receipt=bag.receipt is not None,
            has_way_back=has_way_back,
        )

    def _letter(self, db: Reading, batch: Batch, enclosed: Sequence[Enclosed], card: Card) -> Bag:
        return Bag(
            sender=self._office,
            receiver=self._peer,
            nonce=self._around.random(NONCE_SIZE_BYTES),
            number=bags.next_number(db, batch.stream.stream_id),
            incarnation=batch.stream.incarnation,
            start=batch.start,
            protocol=version_for(db, card, self._card, self._around),
            entries=batch.letter_entries,
            checkpoint=batch.checkpoint,
            enclosed=tuple(enclosed),
            receipt=receipt_to_give(db, self._peer, self._card),
            position=held_of(incoming.stream(db, self._peer)).position,
            old=old_to_give(db, self._peer, self._card),
        )

    def _note(self, db: Writing, batch: Batch, bag: Bag, *, name: bytes, by: str, has_way_back: bool) -> None:
        """Write down and log that these entries are handed over in this bag."""
        ours, now = incoming.stream(db, self._peer), self._around.seconds()
        binding = binding_of(bag)
        new = NewBag(
            number=bag.number,
            start=bag.start,
            stop=bag.end,
            binding=binding,
            file=name,
            has_way_back=has_way_back,
            receipt_size=0 if bag.receipt is None or ours is None else ours.held.receipt_size,
            receipt_of=None if bag.receipt is None or ours is None else ours.stream_id,
            by=by,
            at=now,
        )
        bags.add(db, batch.stream.stream_id, new)
        logbook.append(db, [LogEntry(kind=LogKind.PACKED, hash=binding, time=now)])

    def _write(self, path: Path, batch: Batch, bag: Bag, filled: _Filled) -> int:
        """Step 3; gives how long the file is."""
        attached = (self._store.chunks(kept.file, each.size) for each, kept in filled.enclosed)
        with self._database.read() as db:
            cards = introduction(db, self._card)
        written = write_envelope(
            bag,
            batch.payloads,
            signer=self._signing.stream.ed25519,
            to=filled.card.seal_key,
            secret=self._around.random(SECRET_SIZE_BYTES),
            sealer=self._around.sealer,
            attached=attached,
            cards=cards,
        )
        # What hands nothing over cannot hand over too much.
        guarded = self._handing.guarded(written, self._peer, batch) if batch.entries else written
        counted = _Counted(guarded, f"bag {bag.number}", _about(bag), self._tell)
        try:
            write_file(path, counted)
        except RemoteProtocolError as error:
            raise RefusedError(
                f"the rules changed while bag {bag.number} was written: its file was removed",
                hint="pack again: what may still go goes in the next bag",
            ) from error
        return counted.size_bytes

    def _written(self, db: Writing, batch: Batch, bag: Bag, *, size_bytes: int, has_way_back: bool) -> None:
        """Step 4."""
        stream_id, now = batch.stream.stream_id, self._around.seconds()
        bags.written(db, stream_id, bag.number, size_bytes, now)
        if not has_way_back:
            deliveries.leave(db, stream_id, bag.start, bag.end, now)


class _Counted:
    """Hands pieces on, counts their bytes, and tells how far it is."""

    def __init__(self, pieces: Iterable[bytes], what: str, total: int, tell: Tell) -> None:
        self.size_bytes = 0
        self._pieces = pieces
        self._what = what
        self._total = total
        self._tell = tell

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            yield piece
            self.size_bytes += len(piece)
            self._tell(self._what, self.size_bytes, self._total)


def _about(bag: Bag) -> int:
    """About how long the file will be."""
    payloads = sum(each.size_bytes for each in bag.headers)
    return envelope_size(payloads + sum(each.size for each in bag.enclosed))
