# SPDX-License-Identifier: Apache-2.0
"""
What follows when the card of this office is another: the store learns it, the keys are put in use.

Rules kept here:

1. A card is published when it takes its file's place: one rename. Which keys are in use follows from the card, and
   the file of keys holds both the present and the next ones until then. Nothing before that rename has an effect.
2. All after it is done again by whoever opens the folder next, until it was done: the store writes down the card,
   judges again what revoked keys of ours signed, and then the private halves that were replaced are destroyed.
3. A seal key that was replaced is kept for 90 days, unless it is revoked; the file keeps none beyond that.
"""

from pathlib import Path

from legation.errors import MalformedError, StoreError, VerificationError
from legation.keys.card import Card, KeyState, read, succeeds
from legation.log import LogEntry, LogKind
from legation.node.disk import read_file, write_file
from legation.node.keys.keyring import OFFICE_KEYS, OfficeKeys
from legation.node.keys.signing import signing_of
from legation.node.peers.accepting import judge_again
from legation.node.rules import begin_epoch
from legation.node.surroundings import Surroundings
from legation.store.blobs import Blobs
from legation.store.lock import FolderLock
from legation.store.sqlite import logbook, node
from legation.store.sqlite.database import Database, Reading, Writing

KEYS, CARD = "office.keys", "office.card"
LOCK = "keys.lock"


def read_keys(folder: Path) -> OfficeKeys:
    """
    Read the keys of an office.

    Raises:
        MalformedError: They are damaged.
    """
    return OFFICE_KEYS.decode(read_file(folder / KEYS))


def read_own_card(folder: Path, around: Surroundings) -> Card:
    """
    Read the card of this office.

    Raises:
        MalformedError: It is damaged.
    """
    return read(read_file(folder / CARD), verify=around.verify)


def in_use(keys: OfficeKeys, card: Card, at: int, around: Surroundings) -> OfficeKeys:
    """
    Give the keys that a card has in use: the present ones, or the next, if it is the card that lists those.

    Seal keys that were replaced too long ago, or are revoked, are not among them.

    Raises:
        MalformedError: Neither are those of the card.
    """
    if str(card.office) != keys.office:
        raise MalformedError("the card and the keys in this folder are of two offices")
    try:
        signing_of(keys, around).check_fits(card)
        found = keys
    except MalformedError:
        found = keys.renewed(at)
        signing_of(found, around).check_fits(card)
    return found.without(_ended(found, card, at, around))


def _ended(keys: OfficeKeys, card: Card, at: int, around: Surroundings) -> set[bytes]:
    """The X25519 seeds of replaced seal keys that open nothing any more."""
    revoked = {each.key for each in card.body.seal_keys if each.state is KeyState.REVOKED}
    return {
        each.x25519
        for each in keys.former
        if each.until <= at or around.opener(each.mlkem768, each.x25519).public_key in revoked
    }


def is_known(card: Card, database: Database) -> bool:
    """Whether the store knows our card as the newest."""
    with database.read() as db:
        return node.newest_own_card(db).digest == card.digest


def settle(folder: Path, card: Card, *, database: Database, blobs: Blobs, around: Surroundings) -> None:
    """
    Let a card that was published have its effect, and destroy private halves whose time is over.

    If another process is at it, it is left to that.

    Raises:
        StoreError: The store and the card in the folder do not fit, or the disk failed.
    """
    with database.read() as db:
        _is_new(db, card, around)
    try:
        lock = FolderLock(folder, name=LOCK)
    except StoreError:
        return
    with lock:
        finish(folder, card, database=database, blobs=blobs, around=around)


def finish(folder: Path, card: Card, *, database: Database, blobs: Blobs, around: Surroundings) -> None:
    """
    Do what ``settle`` does, for a caller that holds the lock.

    Raises:
        StoreError: As there.
    """
    with database.read() as db:
        is_new = _is_new(db, card, around)
    if is_new:
        database.write(lambda db: _publish(db, card, blobs, around))
    wanted = _wanted(folder, card, around, database)
    if read_keys(folder) != wanted:
        # Only after the store knows: until then the file still tells what was replaced.
        write_file(folder / KEYS, OFFICE_KEYS.encode(wanted))


def _wanted(folder: Path, card: Card, around: Surroundings, database: Database) -> OfficeKeys:
    """The keys as their file should be; what was replaced is counted from when its successor was published."""
    with database.read() as db:
        published_at = node.newest_own_card(db).published_at
    found = in_use(read_keys(folder), card, published_at, around)
    return found.without(_ended(found, card, around.seconds(), around))


def _is_new(db: Reading, card: Card, around: Surroundings) -> bool:
    """
    Whether the store does not know our card yet, and it is the next one.

    Raises:
        StoreError: It is any other.
    """
    newest = node.newest_own_card(db)
    if newest.digest == card.digest:
        return False
    try:
        succeeds(read(newest.data, verify=around.verify), card)
    except VerificationError as error:
        raise StoreError(
            f"the card in this folder is number {card.body.number}, and not that of its store or the next one",
            hint="restore office.card, office.keys and the store from one backup",
        ) from error
    return True


def _publish(db: Writing, card: Card, blobs: Blobs, around: Surroundings) -> None:
    if not _is_new(db, card, around):
        return
    now = around.seconds()
    node.add_own_card(db, card, now)
    logbook.append(db, [LogEntry(kind=LogKind.RENEWED, hash=card.digest, time=now)])
    begin_epoch(db, around)
    judge_again(db, card=card, blobs=blobs, around=around)
