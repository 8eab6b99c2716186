# SPDX-License-Identifier: Apache-2.0
"""
The check of what was signed over streams: checkpoints and receipts, against the entries that are here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TypeAlias

from legation.errors import ProofError, VerificationError
from legation.keys.card import Card
from legation.log import Frontier, LogKind, key_name, verify_receipt
from legation.merkle import Hash
from legation.node.checking.findings import Findings
from legation.node.checking.log import Logged, check_checkpoint
from legation.node.rules import Rules
from legation.node.surroundings import Surroundings
from legation.store.blobs import Blobs
from legation.store.sqlite.database import Reading

Look: TypeAlias = Callable[[int, bytes, Hash | None], object]
"""Holds a note against how many entries it is over, and the root of these; None if there are not so many."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """What both directions of a link are checked with."""

    db: Reading
    found: Findings
    ours: str
    theirs: str
    card: Card
    rules: Rules
    around: Surroundings
    logged: Logged
    blobs: Blobs


class Notes:
    """What was signed over the first so many entries, held against them as they come by."""

    def __init__(self, notes: Iterator[tuple[int, bytes]], look: Look) -> None:
        self.newest = 0
        self._notes = notes
        self._look = look
        self._next = next(notes, None)

    def pass_by(self, frontier: Frontier) -> None:
        """Look at what was signed over as many entries as have come by."""
        while self._next is not None and self._next[0] <= frontier.size:
            self._take(frontier.root if self._next[0] == frontier.size else None)

    def finish(self) -> None:
        """Look at what was signed over more entries than there are."""
        while self._next is not None:
            self._take(None)

    def _take(self, root: Hash | None) -> None:
        assert self._next is not None, "there is another one"
        self.newest, data = self._next
        self._look(self.newest, data, root)
        self._next = next(self._notes, None)


class StreamNotes:
    """
    Looks at the notes of one stream.

    Args:
        link: The link.
        where: What the stream is called in a fault.
        origin: The stream's own name.
        is_ours: Whether we write it.
    """

    def __init__(self, link: Link, where: str, origin: str, *, is_ours: bool) -> None:
        self._link = link
        self._where = where
        self._origin = origin
        theirs = link.rules.cards.get(link.theirs)
        self._sender: Card | None = link.card if is_ours else theirs
        self._receiver: Card | None = theirs if is_ours else link.card

    def checkpoint(self, size: int, data: bytes, root: Hash | None) -> None:
        """Look at a checkpoint of ours."""
        link = self._link
        look = partial(check_checkpoint, link.card, link.around, data, self._origin, (size, root))
        link.found.hold("checkpoints", f"{self._where}, checkpoint {size}", look)

    def receipt(self, size: int, data: bytes, root: Hash | None) -> None:
        """Look at a receipt."""
        look = partial(self._receipt, data, (size, root))
        self._link.found.hold("receipts", f"{self._where}, receipt {size}", look)

    def _receipt(self, data: bytes, expected: tuple[int, Hash | None]) -> None:
        if self._sender is None or self._receiver is None:
            raise VerificationError("the card of the other office is not pinned any more")
        found = verify_receipt(
            data,
            origin=self._origin,
            name=key_name(str(self._sender.office)),
            keys=self._sender.stream_keys_ever,
            cosigner=key_name(str(self._receiver.office)),
            cosigner_keys=self._receiver.stream_keys_ever,
            verify=self._link.around.verify,
        ).checkpoint
        if (found.size, found.root) != expected:
            raise ProofError("it is over other entries than are here")
        self._link.logged.claim(LogKind.RECEIPTED, sha256(data).digest())
