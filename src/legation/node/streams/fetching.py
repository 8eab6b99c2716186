# SPDX-License-Identifier: Apache-2.0
"""
Fetching: what is attached to the views of an answer comes before they are taken in.

Chunk after chunk is held against the root that the author signed, sealed, and put on the disk; then it is noted
how far it came. Whatever happens, the next try goes on there. The views, and the receipt for them, are
stored when everything is there: a receipt says that it is.

What this office holds already is fetched all the same. Else whoever sends it would see that it is here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

from legation.errors import RemoteProtocolError, StoreError
from legation.exchange import Answer, Envelope, Fetch, taken
from legation.item.attachment import chunk_count, chunk_hash
from legation.node.desk.attaching import Attached, attached_in, drawn_file, wanted_of
from legation.node.streams.judging import Judged
from legation.node.surroundings import Surroundings
from legation.store.attachments import Attachments, SealedFile
from legation.store.sqlite import access, attachments, destructions
from legation.store.sqlite.attachments import EntryName, Kept
from legation.store.sqlite.database import Database, Writing

Ask = Callable[[Fetch], Envelope[Answer]]
"""Asks the peer for chunks, and opens its answer."""


@dataclass(frozen=True, kw_only=True)
class Coming:
    """
    What is attached to the views of an answer that are not refused, by the number of the entry.

    ``items`` are the ids of what these are views of, by the same numbers.
    """

    incarnation: bytes
    attached: tuple[tuple[int, Attached], ...]
    items: Mapping[int, bytes]

    @classmethod
    def of(cls, incarnation: bytes, judged: Mapping[int, Judged]) -> Self:
        """What comes with views that were judged."""
        return cls(
            incarnation=incarnation,
            attached=tuple(
                (number, attached)
                for number, each in sorted(judged.items())
                if each.state is not None and each.contents is not None
                for attached in attached_in(each.contents)
            ),
            items={
                number: each.contents.item_id for number, each in judged.items() if each.contents is not None
            },
        )

    def keep(self, db: Writing, number: int, kept: Kept, at: int) -> bool:
        """Keep an attachment of an entry; False if its file serves nobody: it is held already, or destroyed here."""
        is_destroyed = destructions.is_destroyed(db, self.items[number])
        return not is_destroyed and attachments.keep(db, kept, at)

    def __bool__(self) -> bool:
        return bool(self.attached)


class Fetching:
    """
    Fetches what is attached from one peer; used by one thread at a time.

    Args:
        peer: The office that is asked.
        store: Where the bytes go.
        database: Where it stands what lies where.
        around: Clock and dice.
    """

    def __init__(self, *, peer: str, store: Attachments, database: Database, around: Surroundings) -> None:
        self._peer = peer
        self._store = store
        self._database = database
        self._around = around

    def fetch(self, coming: Coming, ask: Ask) -> None:
        """
        Fetch what is not here yet, all of it.

        Raises:
            RemoteProtocolError: The peer gives it no more; nothing is lost by asking anew what is new.
            ProofError: What came is not what was signed.
            UnreachableError: No answer came.
            StoreError: The disk is full, or fails.
        """
        for number, attached in coming.attached:
            entry = self._entry(coming.incarnation, number)
            kept = self._database.write(partial(self._begin, entry=entry, of=attached))
            self._fetch_one(entry, attached, kept, ask)

    def _fetch_one(self, entry: EntryName, attached: Attached, kept: Kept, ask: Ask) -> None:
        portion = attached.portion
        if portion.size == 0:
            self._store.write(kept.file, 0, ())
        while len(kept.leaves) < chunk_count(portion.size):
            fetch = Fetch(
                incarnation=entry.incarnation,
                number=entry.number,
                root=portion.root,
                size=portion.size,
                first=len(kept.leaves),
            )
            chunks = taken(ask(fetch), fetch, portion)
            if not chunks:
                raise RemoteProtocolError("the peer gives an attachment no more", hint="pull again")
            self._store.write(kept.file, fetch.first, chunks)
            kept = replace(kept, leaves=(*kept.leaves, *map(chunk_hash, chunks)))
            self._database.write(partial(self._came, entry=entry, kept=kept))

    def _begin(self, db: Writing, entry: EntryName, of: Attached) -> Kept:
        """How much of it came already; a file to put it in, if nothing did."""
        wanted = wanted_of(of.portion, access.intern(db, of.policy, of.label))
        found = attachments.arriving(db, entry).get(wanted)
        if found is None:
            found = Kept(wanted=wanted, file=drawn_file(self._around), leaves=())
            attachments.begin_arriving(db, entry, found)
        return found

    def _came(self, db: Writing, entry: EntryName, kept: Kept) -> None:
        if not attachments.came(db, entry, kept):
            raise RemoteProtocolError("another pull was faster", hint="nothing is lost: pull again")

    def take_in(self, db: Writing, coming: Coming) -> Iterator[SealedFile]:
        """
        Keep what came with entries that are taken in, in the same change.

        Returns:
            Files that serve nobody: what they hold is held already. They may go once this is committed.

        Raises:
            RemoteProtocolError: Something has not come.
        """
        now = self._around.seconds()
        for number, of in coming.attached:
            entry = self._entry(coming.incarnation, number)
            wanted = wanted_of(of.portion, access.intern(db, of.policy, of.label))
            found = attachments.arriving(db, entry).get(wanted)
            if found is None or len(found.leaves) != chunk_count(of.portion.size):
                raise RemoteProtocolError("the rules changed while attachments came", hint="pull again")
            if not coming.keep(db, number, found, now):
                yield found.file
        attachments.forget_arriving(
            db, {self._entry(coming.incarnation, number) for number, _ in coming.attached}
        )

    def let_go(self, db: Writing, incarnation: bytes, numbers: Iterable[int]) -> Sequence[SealedFile]:
        """
        Forget what came with entries that were taken back.

        Returns:
            The files that it was in; they may go once this is committed.
        """
        entries = [self._entry(incarnation, number) for number in numbers]
        spare = [kept.file for entry in entries for kept in attachments.arriving(db, entry).values()]
        attachments.forget_arriving(db, entries)
        return spare

    def remove(self, files: Iterable[SealedFile]) -> None:
        """Take files away that serve nobody; one that cannot be removed is found by ``fsck``."""
        for file in files:
            with suppress(StoreError):
                self._store.remove(file.name)

    def _entry(self, incarnation: bytes, number: int) -> EntryName:
        return EntryName(office=self._peer, incarnation=incarnation, number=number)
