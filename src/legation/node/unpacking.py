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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from legation.errors import (
    EquivocationError,
    MalformedError,
    RefusedError,
    RemoteProtocolError,
    SealError,
    SignatureError,
    StoreError,
)
from legation.exchange import (
    BAG_SIZE_BYTES_MAX,
    Accepted,
    Bag,
    EntryKind,
    Envelope,
    Held,
    TakeAttached,
    TakenBack,
    accept_bag,
    binding_in,
    read_envelope,
)
from legation.exchange.envelope import HEAD_SIZE_BYTES
from legation.keys.card import Card
from legation.keys.sign import PublicKey
from legation.labels.label import check_name
from legation.merkle import Hash
from legation.node.bags import check_nothing_missing
from legation.node.disk import open_plain
from legation.node.enclosing import Enclosures, check_enclosed, coming_of
from legation.node.fetching import Coming
from legation.node.findings import Tell, untold
from legation.node.receipting import judge_receipt, take_what_rides_back
from legation.node.rules import RuleBook, Rules, read_card
from legation.node.signing import Signing
from legation.node.surroundings import Surroundings
from legation.node.taking_in import Arrived, Pulled, TakingIn, count, held_of
from legation.records import BagRecord, OpenedRecord
from legation.store.attachments import Attachments, SealedFile
from legation.store.blobs import Blobs
from legation.store.sqlite import bags, incoming, peers
from legation.store.sqlite.bags import OpenedBag, PackedBag
from legation.store.sqlite.database import Database, Reading, Writing

PIECE_SIZE_BYTES = 1 << 20  # read at once
ASK_ANEW = (
    "it was altered, is for another office, or was packed for a key that is no longer kept: ask for it anew"
)


@dataclass(frozen=True, kw_only=True)
class _Weighed:
    """A bag, and what it comes to at this moment; ``accepted`` is None if nothing of it is new."""

    bag: Bag
    binding: bytes
    rules: Rules
    held: Held
    accepted: Accepted | None
    judged: Mapping[int, Arrived]

    @property
    def coming(self) -> Coming:
        """What is attached to what is new and not refused."""
        return coming_of(self.bag, self.judged)


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
            return _record(path, weighed.bag, "not opened", _would_bring(weighed), weighed)
        return _record(path, weighed.bag, "opened", self._take(path, taking, weighed, by), weighed)

    def _packed_here(self, path: Path) -> PackedBag | None:
        """One of our own bags: it lies on the stick beside those that came back, and opens elsewhere."""
        with open_plain(path) as file:
            binding = binding_in(file.read(HEAD_SIZE_BYTES))
        if binding is None:
            return None
        with self._database.read() as db:
            return bags.packed_with(db, binding)

    def _weighed(self, taking: TakingIn, found: Envelope[Bag], *, freezes: bool) -> _Weighed | None:
        """Steps 2 and 3; None if it was opened before. Two histories freeze the link, if they may."""
        try:
            with self._database.read() as db:
                if bags.opened(db, found.binding) is not None:
                    return None
                return self._weigh(db, taking, found)
        except EquivocationError as error:
            if freezes:
                taking.freeze(error, ours=self._evidence(found.letter.sender))
            raise

    def _taking(self, sender: str) -> TakingIn:
        return TakingIn(
            office=self._office,
            peer=sender,
            signing=self._signing,
            database=self._database,
            blobs=self._blobs,
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
                    key_of=self._key_of,
                    verify=self._around.verify,
                    size_bytes_max=BAG_SIZE_BYTES_MAX,
                    size_bytes=size_bytes,
                    take=take,
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

    def _key_of(self, sender: str) -> PublicKey | None:
        with self._database.read() as db:
            data = peers.pinned_card(db, sender)
        return None if data is None else read_card(data, self._around.verify).envelope_key

    def _weigh(self, db: Reading, taking: TakingIn, found: Envelope[Bag]) -> _Weighed:
        """Steps 2 and 3."""
        bag, rules = found.letter, self._book.at(db)
        card = taking.card(db, rules)
        stream = incoming.stream(db, bag.sender)
        held = held_of(stream)
        check_nothing_missing(db, bag, held.frontier.size)

        def leaves(start: int, stop: int) -> Iterator[Hash]:
            return incoming.leaves_between(db, stream.stream_id, start, stop) if stream else iter(())

        accepted = accept_bag(found, held, keys=card.stream_keys, leaves=leaves, verify=self._around.verify)
        judged = {} if accepted is None else taking.judge_all(db, accepted, rules)
        weighed = _Weighed(
            bag=bag, binding=found.binding, rules=rules, held=held, accepted=accepted, judged=judged
        )
        if accepted is not None:
            check_enclosed(bag, accepted, judged)
        return weighed

    def _evidence(self, sender: str) -> bytes:
        """The checkpoint that we hold of a stream, in the receipt that we gave for it; nothing without one."""
        with self._database.read() as db:
            stream = incoming.stream(db, sender)
            return (incoming.receipt(db, stream.stream_id) if stream else None) or b""

    def _try(self, weighed: _Weighed) -> None:
        """Look at the receipt as it would be taken in."""
        receipt = weighed.bag.receipt
        if receipt is not None:
            with self._database.read() as db:
                judge_receipt(db, weighed.bag.sender, receipt, own=self._own_card, around=self._around)

    def _take(self, path: Path, taking: TakingIn, weighed: _Weighed, by: str) -> Pulled:
        """Steps 4 and 5."""
        enclosures = Enclosures(weighed.coming, self._store, self._around)
        spare: Sequence[SealedFile] = enclosures.files
        try:
            if enclosures.files and self._read(path, enclosures.take).binding != weighed.binding:
                raise MalformedError("the file changed while it was opened")
            act = partial(self._commit, taking=taking, weighed=weighed, enclosures=enclosures, by=by)
            pulled, spare = self._database.write(act)
        finally:
            for each in spare:
                with suppress(StoreError):
                    self._store.remove(each.name)
        if pulled is None:
            raise RefusedError(
                f"the link to `{weighed.bag.sender}` is frozen: this bag shows another history than ours",
                hint="legation peer list says why",
            )
        return pulled

    def _commit(
        self, db: Writing, *, taking: TakingIn, weighed: _Weighed, enclosures: Enclosures, by: str
    ) -> tuple[Pulled | None, Sequence[SealedFile]]:
        """
        Take in everything, in one change; nothing of it if its receipt or position shows a fork, but that.

        Gives what came, and files that serve nobody.
        """
        bag = weighed.bag
        if bags.opened(db, weighed.binding) is not None:
            raise RemoteProtocolError("somebody else was faster", hint="nothing is lost: this bag is open")
        take_what_rides_back(db, bag, own=self._own_card, around=self._around)
        if peers.link(db, bag.sender) in {"frozen", "excluded"}:
            return None, enclosures.files
        pulled, spare = Pulled(), list[SealedFile]()
        if weighed.accepted is not None:
            rules, judged = taking.present(db, weighed.accepted, weighed.rules, weighed.judged)
            now = replace(weighed, judged=judged)
            spare += enclosures.keep(db, now.coming)
            pulled = taking.commit(
                db, held=weighed.held, accepted=weighed.accepted, judged=judged, rules=rules
            )
            spare += enclosures.let_go(db, bag)
        bags.note_opened(
            db,
            OpenedBag(
                binding=weighed.binding,
                office=bag.sender,
                incarnation=bag.incarnation,
                number=bag.number,
                start=bag.start,
                stop=bag.end,
                by=by,
                at=self._around.seconds(),
            ),
        )
        return pulled, spare


def _would_bring(weighed: _Weighed) -> Pulled:
    return count(weighed.accepted.brought, weighed.judged) if weighed.accepted is not None else Pulled()


def _record(
    path: Path, bag: Bag, state: str, pulled: Pulled | None = None, weighed: _Weighed | None = None
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
        attachments=0 if weighed is None else len(weighed.coming.attached),
        has_receipt=bag.receipt is not None,
    )
