# SPDX-License-Identifier: Apache-2.0
"""
What is enclosed in a bag or a push: sealed and put on the disk as it is read, and kept with the entries it belongs to.

Nothing is noted of it before its entries are taken in: one that stops in between is taken in again from its
beginning. Files that were left by a crash are found by ``fsck``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from legation.errors import RemoteProtocolError
from legation.exchange import Accepted, Enclosed, Unasked
from legation.item.attachment import CHUNK_SIZE_BYTES, chunk_count, chunk_hash
from legation.merkle import Hash
from legation.node.desk.attaching import Attached, drawn_file, wanted_of
from legation.node.streams.fetching import Coming
from legation.node.streams.taking_in import Arrived
from legation.node.surroundings import Surroundings
from legation.store.attachments import Attachments, SealedFile
from legation.store.sqlite import access, attachments
from legation.store.sqlite.attachments import EntryName, Kept
from legation.store.sqlite.database import Writing

CHUNKS_AT_ONCE = 8  # held in memory, and synced together


@dataclass(kw_only=True)
class _File:
    """Where an attachment goes, under one of its labels, and the hashes of what has come of it."""

    file: SealedFile
    leaves: list[Hash] = field(default_factory=list)


class Enclosures:
    """
    Takes the attachments out of one bag or push.

    Args:
        coming: Those that are wanted: what is new, and not refused.
        store: Where the bytes go.
        around: Clock and dice.
    """

    def __init__(self, coming: Coming, store: Attachments, around: Surroundings) -> None:
        self._store = store
        self._around = around
        self._files: dict[tuple[int, Attached], _File] = {
            each: _File(file=drawn_file(around)) for each in coming.attached
        }

    @property
    def files(self) -> Sequence[SealedFile]:
        """All files that are written here."""
        return [each.file for each in self._files.values()]

    def take(self, enclosed: Enclosed, pieces: Iterator[bytes]) -> None:
        """
        Put one attachment on the disk, once under each label that it is wanted under.

        Raises:
            StoreError: The disk is full, or fails.
        """
        targets = [
            each
            for (number, attached), each in self._files.items()
            if (number, attached.portion.root, attached.portion.size) == enclosed.order
        ]
        if not targets:
            return
        chunks, first = _chunks(pieces), 0
        while first == 0 or first < chunk_count(enclosed.size):
            some = list(islice(chunks, CHUNKS_AT_ONCE))
            for each in targets:
                self._store.write(each.file, first, some)
                each.leaves += map(chunk_hash, some)
            if not some:
                break
            first += len(some)

    def keep(self, db: Writing, coming: Coming) -> Iterator[SealedFile]:
        """
        Keep what came with entries that are taken in, in the same change.

        Args:
            db: The change.
            coming: What is attached to them, by the rules of this change.

        Returns:
            Files that serve nobody: what they hold is held already, or belongs to what is refused.

        Raises:
            RemoteProtocolError: Something is not here.
        """
        now = self._around.seconds()
        for number, of in coming.attached:
            found = self._files.pop((number, of), None)
            if found is None or len(found.leaves) != chunk_count(of.portion.size):
                raise RemoteProtocolError("the rules changed while this was taken in", hint="try it again")
            wanted = wanted_of(of.portion, access.intern(db, of.policy, of.label))
            kept = Kept(wanted=wanted, file=found.file, leaves=tuple(found.leaves))
            if not coming.keep(db, number, kept, now):
                yield found.file
        yield from self.files

    def let_go(self, db: Writing, letter: Unasked) -> Sequence[SealedFile]:
        """
        Forget what had begun to come by pulls with entries that came now.

        Returns:
            The files that it was in; they may go once this is committed.
        """
        entries = [
            EntryName(office=letter.sender, incarnation=letter.incarnation, number=each.number)
            for each in letter.entries
        ]
        spare = [kept.file for each in entries for kept in attachments.arriving(db, each).values()]
        attachments.forget_arriving(db, entries)
        return spare


def coming_of(letter: Unasked, judged: Mapping[int, Arrived]) -> Coming:
    """What is attached to views of a bag or a push that were judged and not refused."""
    return Coming.of(letter.incarnation, {number: each.judged for number, each in judged.items()})


def check_enclosed(letter: Unasked, accepted: Accepted, judged: Mapping[int, Arrived]) -> None:
    """
    See that what is new comes with all its attachments and no others.

    What is attached to a view that is refused is known to nobody.

    Raises:
        RemoteProtocolError: It does not.
    """
    coming = coming_of(letter, judged)
    shown = {(number, each.portion.root, each.portion.size) for number, each in coming.attached}
    there = {each.order for each in letter.enclosed if each.number >= accepted.brought.start}
    for number, *_ in sorted(shown - there):
        raise RemoteProtocolError(f"an attachment of entry {number} is not enclosed")
    refused = {number for number, each in judged.items() if each.judged.state is None}
    for number, *_ in sorted(there - shown):
        if number not in refused:
            raise RemoteProtocolError(f"an attachment that is enclosed is none of entry {number}")


def _chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut pieces of any size anew, into the chunks of an attachment."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= CHUNK_SIZE_BYTES:
            yield bytes(held[:CHUNK_SIZE_BYTES])
            del held[:CHUNK_SIZE_BYTES]
    if held:
        yield bytes(held)
