# SPDX-License-Identifier: Apache-2.0
"""
Opening what peers send: a pinned peer wrote it, and it did not come before.

1. The envelope opens, its signature is that of a pinned card, and its version of the exchange is spoken here.
2. That version is not below the highest that this peer has spoken (``speaking``).
3. It was not opened before, as far as is remembered: a second time does no harm, it only costs.

Of what is refused the peer is told nothing.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeVar

from legation.errors import RemoteProtocolError, SignatureError
from legation.exchange import (
    PUSH_SIZE_BYTES_MAX,
    Envelope,
    Pull,
    Push,
    TakeAttached,
    read_envelope,
    read_sender,
)
from legation.keys.card import Card
from legation.keys.sign import PublicKey
from legation.node.keys.signing import Signing
from legation.node.peers.introducing import PinnedKeys
from legation.node.peers.speaking import check_not_lower, note_spoken
from legation.node.streams.receipting import OTHER_KEY, note_failure
from legation.node.surroundings import Surroundings
from legation.store.sqlite import peers
from legation.store.sqlite.database import Database, Writing

# Letters of one peer that are not opened twice; an older one does no harm. Each peer has its own: in a common store,
# whether an old letter is answered would say how much others ask.
BINDINGS_REMEMBERED = 4_096

Asked = TypeVar("Asked", bound=Pull | Push)

KeyOf = Callable[[str], PublicKey | None]


class Letterbox:
    """
    Opens the pulls and pushes of all peers; one for a process.

    Args:
        card: The office's own card.
        signing: Its keys.
        database: The node's store.
        around: Clock and dice, and which versions are spoken.
    """

    def __init__(self, *, card: Card, signing: Signing, database: Database, around: Surroundings) -> None:
        self._office = str(card.office)
        self._signing = signing
        self._database = database
        self._around = around
        self._keys = PinnedKeys(database, around)
        self._lock = threading.Lock()  # over what is remembered
        self._bindings: dict[str, OrderedDict[bytes, None]] = {}  # by office, the oldest first

    def open(self, envelope: bytes, *shapes: type[Asked]) -> Envelope[Asked]:
        """
        Open a pull or a push: one of these *shapes*.

        Raises:
            LegationError: It is not one that is answered. The peer is not told why.
        """
        claimed: list[str] = []
        try:
            found = self._read(envelope, *shapes, key_of=self._remembers_whom(claimed))
        except SignatureError:
            self._note_other_key(claimed)
            raise
        self._accept(found.letter, found.binding)
        return found

    def sender(self, beginning: bytes) -> str:
        """
        Say who has begun to send a long envelope, which can only be a push; one that was not opened before.

        Raises:
            LegationError: The rest of it is not wanted.
        """
        office, binding = read_sender(
            beginning,
            Push,
            openers=self._signing.openers(self._around.seconds()),
            receiver=self._office,
            key_of=self._keys.key_of,
            introduced=self._keys.introduced,
            verify=self._around.verify,
        )
        with self._lock:
            if binding in self._bindings.get(office, ()):
                raise RemoteProtocolError("this was answered before")
        return office

    def read_again(self, envelope: bytes, take: TakeAttached) -> bytes:
        """Read a push again that was opened, and have what it encloses taken; gives its binding."""
        return self._read(envelope, Push, key_of=self._keys.key_of, take=take).binding

    def _read(
        self, envelope: bytes, *shapes: type[Asked], key_of: KeyOf, take: TakeAttached | None = None
    ) -> Envelope[Asked]:
        return read_envelope(
            [envelope],
            *shapes,
            openers=self._signing.openers(self._around.seconds()),
            receiver=self._office,
            key_of=key_of,
            introduced=self._keys.introduced,
            verify=self._around.verify,
            size_bytes_max=PUSH_SIZE_BYTES_MAX,
            take=take,
            protocols=self._around.protocols,
        )

    def _accept(self, letter: Pull | Push, binding: bytes) -> None:
        """Refuse what was opened before, or is in a lower version than this peer has spoken (steps 2 and 3)."""
        office, protocol = letter.sender, letter.protocol
        with self._database.read() as db:
            highest = peers.protocol(db, office)
        try:
            check_not_lower(office, protocol, highest)
        except RemoteProtocolError as error:
            told, now = error.message, self._around.seconds()
            self._database.write(lambda db: note_failure(db, office, told, now))
            raise
        with self._lock:
            bindings = self._of(office)
            if binding in bindings:
                raise RemoteProtocolError("this was answered before")
            bindings[binding] = None
            if len(bindings) > BINDINGS_REMEMBERED:
                bindings.popitem(last=False)
        if protocol > highest:
            self._database.write(lambda db: note_spoken(db, office, protocol))

    def _of(self, office: str) -> "OrderedDict[bytes, None]":
        return self._bindings.setdefault(office, OrderedDict())

    def _remembers_whom(self, claimed: list[str]) -> KeyOf:
        """Give keys, and remember of which peers."""

        def key_of(sender: str) -> PublicKey | None:
            key = self._keys.key_of(sender)
            if key is not None:
                claimed.append(sender)
            return key

        return key_of

    def _note_other_key(self, claimed: Sequence[str]) -> None:
        """
        Tell our own people that a letter in the name of a peer is not signed by its key: its card may be another.

        Anybody can write such a letter, so it says no more than that, and once until the peer answers us again.
        """
        now = self._around.seconds()

        def act(db: Writing) -> None:
            for office in claimed:
                note_failure(db, office, OTHER_KEY, now)

        if claimed:
            self._database.write(act)
