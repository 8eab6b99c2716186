# SPDX-License-Identifier: Apache-2.0
"""
Attaching: the files that a report names are measured, sealed and kept before its draft is.

A file is read twice: once to measure it, when the report is read and every fault in it can still be named; once
to seal it, under each label that it is attached under. Whatever changed in between is refused.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from legation.errors import MalformedError, RefusedError, StoreError
from legation.item.attachment import CHUNK_SIZE_BYTES, Measured, chunk_hash, measured
from legation.item.draft import Draft
from legation.item.portion import Attachment
from legation.item.view import Contents
from legation.keys.card import PolicyReference
from legation.keys.rest import REST_KEY_SIZE_BYTES
from legation.labels import Label
from legation.merkle import Hash, root
from legation.node.disk import open_plain
from legation.node.surroundings import Surroundings
from legation.store.attachments import FILE_NAME_SIZE_BYTES, Attachments, SealedFile
from legation.store.sqlite import access, attachments
from legation.store.sqlite.attachments import Kept, Wanted
from legation.store.sqlite.database import Database, Writing

Files = Callable[[str], BinaryIO]
"""Opens the file of this plain name, more than once for the same, or raises ``OSError``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """An attachment, and what it is labelled."""

    policy: PolicyReference
    label: Label
    portion: Attachment


def files_in(folder: Path) -> Files:
    """The files of a folder; what is no file in it, and what lies deeper, is none of them."""
    return lambda name: open_plain(folder / name)


def measure_in(files: Files) -> Callable[[str], Measured]:
    """Measure files by their names."""

    def measure(name: str) -> Measured:
        try:
            with files(name) as file:
                return measured(_chunks(file))
        except OSError:
            raise MalformedError(
                "the file to be attached is not there, or cannot be read",
                hint="files lie beside the report, or in the folder that --files names",
            ) from None

    return measure


@dataclass(frozen=True, kw_only=True)
class Attaching:
    """
    Keeps the files of drafts.

    Args:
        files: Where they are.
        store: Where their bytes go.
        database: Where it stands what lies where.
        around: Dice, for names and keys; and the clock.
    """

    files: Files
    store: Attachments
    database: Database
    around: Surroundings

    def keep(self, draft: Draft, then: Callable[[Writing], None]) -> None:
        """
        Keep the files of a draft, durably, and do *then* in the same transaction.

        Raises:
            MalformedError: A file changed since it was measured.
            StoreError: The disk is full, or fails. Nothing is kept.
        """
        written: list[tuple[Attached, Kept]] = []
        spare: list[SealedFile] = []
        try:
            for each in attached_to(draft):
                file = drawn_file(self.around)
                spare.append(file)
                written.append((each, self._seal(each.portion, file)))

            def act(db: Writing) -> list[SealedFile]:
                then(db)
                return [kept.file for of, kept in written if not self._keep(db, of, kept)]

            spare = self.database.write(act)
        finally:
            for file in spare:
                with suppress(StoreError):
                    self.store.remove(file.name)

    def _seal(self, portion: Attachment, file: SealedFile) -> Kept:
        leaves: list[Hash] = []
        try:
            with self.files(portion.name) as opened:
                self.store.write(file, 0, _noted(_chunks(opened), leaves))
                size_bytes = opened.tell()
        except OSError:
            size_bytes = -1
        if size_bytes != portion.size or root(leaves) != portion.root:
            raise MalformedError("a file changed while it was attached", hint="try again")
        # Under which label is known when it is kept.
        wanted = Wanted(root=portion.root, size_bytes=size_bytes, access_id=0)
        return Kept(wanted=wanted, file=file, leaves=tuple(leaves))

    def _keep(self, db: Writing, of: Attached, kept: Kept) -> bool:
        wanted = wanted_of(of.portion, access.intern(db, of.policy, of.label))
        whole = Kept(wanted=wanted, file=kept.file, leaves=kept.leaves)
        return attachments.keep(db, whole, self.around.seconds())


def attached_to(draft: Draft) -> list[Attached]:
    """The attachments of a draft; the same file under one label once."""
    return _once(
        Attached(policy=draft.references[each.label.policy_id], label=each.label, portion=each.portion)
        for each in draft.portions
        if isinstance(each.portion, Attachment)
    )


def attached_in(contents: Contents) -> list[Attached]:
    """The attachments that a view shows; the same file under one label once."""
    return _once(
        Attached(policy=layer.policy, label=layer.label, portion=portion)
        for layer in contents.layers
        for portion in layer.portions
        if isinstance(portion, Attachment)
    )


def _once(found: Iterable[Attached]) -> list[Attached]:
    return list({(each.portion.root, each.portion.size, each.label): each for each in found}.values())


def check_attached(db: Writing, draft: Draft) -> None:
    """
    Refuse a draft of which an attachment is not held.

    Raises:
        RefusedError: It is not.
    """
    for each in attached_to(draft):
        if attachments.find(db, wanted_of(each.portion, access.intern(db, each.policy, each.label))) is None:
            raise RefusedError("a file that belongs to this draft is not here", hint="compose it again")


def wanted_of(portion: Attachment, access_id: int) -> Wanted:
    """Name the attachment of a portion whose label has this access id."""
    return Wanted(root=portion.root, size_bytes=portion.size, access_id=access_id)


def drawn_file(around: Surroundings) -> SealedFile:
    """Draw the name and the key of a new file."""
    return SealedFile(name=around.random(FILE_NAME_SIZE_BYTES), key=around.random(REST_KEY_SIZE_BYTES))


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_SIZE_BYTES):
        yield chunk


def _noted(chunks: Iterable[bytes], leaves: list[Hash]) -> Iterator[bytes]:
    """Pass chunks on, and note the hash of each."""
    for chunk in chunks:
        leaves.append(chunk_hash(chunk))
        yield chunk
