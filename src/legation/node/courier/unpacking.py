# SPDX-License-Identifier: Apache-2.0
"""
Unpacking: a bag is looked through, and then taken in like an answer to a pull.

1. The whole file is read once: it opens, a peer has signed it, everything in it is what the letter says.
2. It follows on what is held; what came already is the same. If something before it is missing, that is named.
3. Every view is judged.
4. The attachments of those that are not refused are read out of the file again, and sealed. That is on the disk.
5. One transaction takes in the receipt that rides back, stores what is new, our receipt for it, and that the bag was
   opened. Commit.

Up to step 4 nothing is written; in a trial nothing ever is. Opening a bag again does nothing.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from legation.errors import (
    EquivocationError,
    RefusedError,
    RemoteProtocolError,
    SealError,
    SignatureError,
)
from legation.exchange import (
    BAG_SIZE_BYTES_MAX,
    Bag,
    EntryKind,
    Envelope,
    TakeAttached,
    TakenBack,
    binding_in,
    read_envelope,
)
from legation.exchange.envelope import HEAD_SIZE_BYTES
from legation.keys.card import Card
from legation.labels.label import check_name
from legation.node.checking.findings import Tell, untold
from legation.node.disk import open_plain
from legation.node.keys.signing import Signing
from legation.node.peers.introducing import PinnedKeys
from legation.node.rules import RuleBook
from legation.node.streams.receipting import try_receipt
from legation.node.streams.taking_in import Pulled, count
from legation.node.streams.unasked import TakingUnasked, Weighed
from legation.node.surroundings import Surroundings
from legation.records import BagRecord, OpenedRecord
from legation.store.attachments import Attachments
from legation.store.blobs import Blobs
from legation.store.sqlite import bags
from legation.store.sqlite.bags import OpenedBag, PackedBag
from legation.store.sqlite.database import Database, Reading, Writing

PIECE_SIZE_BYTES = 1 << 20  # read at once
ASK_ANEW = (
    "it was altered, is for another office, or was packed for a key that is no longer kept: ask for it anew"
)


class Unpacking:
    """
    Looks into bags and opens them.

    Args:
        card: The office's own card.
        signing: Its keys.
        database: The node's store.
        blobs: Where long views go.
        store: Where the bytes of attachments go.
        around: Clock and dice.
        tell: Told how far it is.
    """

    def __init__(
        self,
        *,
        card: Card,
        signing: Signing,
        database: Database,
        blobs: Blobs,
        store: Attachments,
        around: Surroundings,
        tell: Tell = untold,
    ) -> None:
        self._own_card = card
        self._office = str(card.office)
        self._signing = signing
        self._database = database
        self._blobs = blobs
        self._store = store
        self._around = around
        self._tell = tell
        self._keys = PinnedKeys(database, around)
        self._book = RuleBook(card, around)

    def inspect(self, path: Path) -> BagRecord:
        """
        Look through a bag, and say what is in it; nothing is written, nothing compared.

        Raises:
            MalformedError: It is no bag, or was cut short.
            VerificationError: It does not open, or is not signed by a peer whose card is confirmed here.
            ProofError: Something in it is not what its letter says.
            OSError: The file is not to be read.
        """
        bag = self._read(path).letter
        views = sum(header.kind is EntryKind.VIEW for header in bag.headers)
        taken_back = sum(isinstance(each, TakenBack) for each in bag.entries)
        return BagRecord(
            file=path.name,
            sender=bag.sender,
            number=bag.number,
            start=bag.start,
            stop=bag.end,
            views=views,
            others=len(bag.entries) - views - taken_back,
            taken_back=taken_back,
            attachments=len(bag.enclosed),
            attachments_size_bytes=sum(each.size for each in bag.enclosed),
            size_bytes=path.stat().st_size,
            has_receipt=bag.receipt is not None,
        )

    def open(self, path: Path, *, by: str, is_trial: bool = False) -> OpenedRecord:
        """
        Open a bag and take in what is new in it; a trial only says what would come.

        Args:
            path: The file.
            by: Who opens it.
            is_trial: Whether nothing is to be written.

        Raises:
            GapError: Something before it has not come; it says which bag, and which entries.
            RefusedError: The link to the sender is stopped.
            EquivocationError: The sender has signed two histories; unless in a trial the link is frozen.
            RemoteProtocolError: It is out of turn, or its receipt is for what was never sent.
            MalformedError, VerificationError, OSError: As for ``inspect``.
            StoreError: The disk is full, or fails.
        """
        check_name(by, "name")
        ours = self._packed_here(path)
        if ours is not None:
            return OpenedRecord(
                file=path.name,
                sender=self._office,
                number=ours.number,
                start=ours.start,
                stop=ours.stop,
                state="packed here",
            )
        found = self._read(path)
        taking = self._taking(found.letter.sender)
        weighed = self._weighed(taking, found, freezes=not is_trial)
        if weighed is None:
            return _record(path, found.letter, "opened before")
        if is_trial:
            self._try(weighed)
            return _record(path, found.letter, "not opened", _would_bring(weighed), weighed)
        brought = self._take(path, taking, weighed, found.letter, by)
        return _record(path, found.letter, "opened", brought, weighed)

    def _packed_here(self, path: Path) -> PackedBag | None:
        """One of our own bags: it lies on the stick beside those that came back, and opens elsewhere."""
        with open_plain(path) as file:
            binding = binding_in(file.read(HEAD_SIZE_BYTES))
        if binding is None:
            return None
        with self._database.read() as db:
            return bags.packed_with(db, binding)

    def _weighed(self, taking: TakingUnasked, found: Envelope[Bag], *, freezes: bool) -> Weighed | None:
        """Steps 2 and 3; None if it was opened before. Two histories freeze the link, if they may."""
        try:
            with self._database.read() as db:
                return None if bags.opened(db, found.binding) is not None else taking.weigh(db, found)
        except EquivocationError as error:
            if freezes:
                taking.freeze(error)
            raise

    def _taking(self, sender: str) -> TakingUnasked:
        return TakingUnasked(
            card=self._own_card,
            peer=sender,
            signing=self._signing,
            database=self._database,
            blobs=self._blobs,
            store=self._store,
            book=self._book,
            around=self._around,
        )

    def _read(self, path: Path, take: TakeAttached | None = None) -> Envelope[Bag]:
        """Read the whole file (step 1)."""
        with open_plain(path) as file:
            size_bytes = os.fstat(file.fileno()).st_size
            try:
                return read_envelope(
                    self._pieces(file, path.name, size_bytes),
                    Bag,
                    openers=self._signing.openers(self._around.seconds()),
                    receiver=self._office,
                    key_of=self._keys.key_of,
                    introduced=self._keys.introduced,
                    verify=self._around.verify,
                    size_bytes_max=BAG_SIZE_BYTES_MAX,
                    size_bytes=size_bytes,
                    take=take,
                    protocols=self._around.protocols,
                )
            except SealError as error:
                raise SealError(f"bag does not open: {error.message}", hint=ASK_ANEW) from error
            except SignatureError as error:
                hint = error.hint or "if that office has renewed its keys, ask for its new card and a new bag"
                raise SignatureError(error.message, hint=hint) from error

    def _pieces(self, file: BinaryIO, name: str, size_bytes: int) -> Iterator[bytes]:
        done = 0
        while piece := file.read(PIECE_SIZE_BYTES):
            done += len(piece)
            yield piece
            self._tell(name, done, size_bytes)

    def _try(self, weighed: Weighed) -> None:
        """Look at the receipt as it would be taken in."""
        letter = weighed.letter
        # A receipt that may be signed with a key that is introduced is looked at when that is taken in.
        if letter.receipt is not None and not weighed.cards:
            with self._database.read() as db:
                try_receipt(db, letter.sender, letter.receipt, own=self._own_card, around=self._around)

    def _take(self, path: Path, taking: TakingUnasked, weighed: Weighed, bag: Bag, by: str) -> Pulled:
        """Steps 4 and 5."""
        pulled = taking.take(
            lambda take: self._read(path, take).binding,
            weighed,
            check=lambda db: _check_not_opened(db, weighed.binding),
            note=lambda db: self._note_opened(db, weighed.binding, bag, by),
        )
        if pulled is None:
            raise RefusedError(
                f"the link to `{bag.sender}` is frozen: this bag shows another history than ours",
                hint="legation peer list says why",
            )
        return pulled

    def _note_opened(self, db: Writing, binding: bytes, bag: Bag, by: str) -> None:
        bags.note_opened(
            db,
            OpenedBag(
                binding=binding,
                office=bag.sender,
                incarnation=bag.incarnation,
                number=bag.number,
                start=bag.start,
                stop=bag.end,
                by=by,
                at=self._around.seconds(),
            ),
        )


def _check_not_opened(db: Reading, binding: bytes) -> None:
    if bags.opened(db, binding) is not None:
        raise RemoteProtocolError("somebody else was faster", hint="nothing is lost: this bag is open")


def _would_bring(weighed: Weighed) -> Pulled:
    return count(weighed.accepted.brought, weighed.judged) if weighed.accepted is not None else Pulled()


def _record(
    path: Path, bag: Bag, state: str, pulled: Pulled | None = None, weighed: Weighed | None = None
) -> OpenedRecord:
    brought = pulled or Pulled()
    return OpenedRecord(
        file=path.name,
        sender=bag.sender,
        number=bag.number,
        start=bag.start,
        stop=bag.end,
        state=state,
        entries=brought.entries,
        views=brought.views,
        quarantined=brought.quarantined,
        refused=brought.refused,
        withdrawals=brought.withdrawals,
        certificates=brought.certificates,
        attachments=0 if weighed is None else len(weighed.coming.attached),
        has_receipt=bag.receipt is not None,
    )
