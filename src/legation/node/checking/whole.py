# SPDX-License-Identifier: Apache-2.0
"""
The check of everything that a node holds (``legation fsck``), and what of it can be made again.

1. The store is whole: pages, indexes, references between rows.
2. Everything that is decided with can be read, and is what its digest says (``checking_foundations``).
3. The node's own log leads to its root and to the checkpoints that were signed over it (``checking_log``); and
   what was done stands in it, and what it says was done is there.
4. Every view verifies, and what is folded from it is folded again and compared (``checking_views``).
5. What was released is what was approved, and what was withdrawn is what its author signed (``checking_releases``).
   What was printed is of that, and can be made again as it was (``checking_paper``).
   Of what was destroyed nothing is left, and certificates are whose they say (``checking_destroyed``).
   Bags are numbered, logged, and of entries that there are (``checking_bags``).
6. Every stream is numbered without gaps and leads to what was signed over it (``checking_streams``).
7. Attachments hash to what was signed, and files that nothing names are counted (``checking_files``).

A fault names where it is and what does not hold, and never content. It is looked through one after the other: what
is remembered meanwhile is some 250 bytes for each entry of the log and 32 for each blob.

``check`` changes nothing. ``repair`` makes again what only repeats in another form what views, entries and deliveries
say: inbox rows, labels of views, what versions are compared by, columns of items, hashes kept for proofs, indexes. All
of it in one change, and only if everything else holds: never bytes that were signed, entries, receipts, checkpoints,
the log. What is made again is no act that the log tells of: nobody's view of anything changes by it.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from legation.errors import StoreError
from legation.keys.card import Card
from legation.node.checking.bags import check_bags
from legation.node.checking.cards import check_own_cards
from legation.node.checking.destroyed import check_destroyed
from legation.node.checking.files import check_files, remove_leftovers
from legation.node.checking.findings import Findings, Listed, MendError, Tell, untold
from legation.node.checking.foundations import check_decided, check_foundations
from legation.node.checking.log import check_log
from legation.node.checking.offers import check_offers
from legation.node.checking.paper import check_paper
from legation.node.checking.releases import check_releases, check_withdrawals
from legation.node.checking.restorations import check_restorations
from legation.node.checking.signed import Link
from legation.node.checking.streams import check_incoming, check_outgoing
from legation.node.checking.views import check_views
from legation.node.rules import RuleBook
from legation.node.surroundings import Surroundings
from legation.records import CheckRecord
from legation.store.attachments import Attachments
from legation.store.blobs import Blobs
from legation.store.lock import FolderLock
from legation.store.sqlite import checks, peers, rebuilding
from legation.store.sqlite.checks import Health
from legation.store.sqlite.database import Database, Reading, Writing

# What is made again may show that something that is made of it is to be made again too; the last turn finds nothing.
TURNS_MAX = 4


@dataclass(frozen=True, kw_only=True)
class _Node:
    """What a node is checked with, beside its store."""

    card: Card
    blobs: Blobs
    attachments: Attachments
    around: Surroundings


def check(
    *,
    card: Card,
    database: Database,
    blobs: Blobs,
    attachments: Attachments,
    around: Surroundings,
    tell: Tell = untold,
) -> CheckRecord:
    """
    Look at everything, in one snapshot of the store.

    Args:
        card: The office's own card.
        database: The node's store.
        blobs: Where long views and payloads are.
        attachments: Where the bytes of attachments are.
        around: Clock and dice.
        tell: Told how far it is.
    """
    at = _Node(card=card, blobs=blobs, attachments=attachments, around=around)
    found = Findings(tell)
    with database.read() as db:
        _look(db, found, at)
    return found.record()


class _NotMendedError(StoreError):
    """What does not hold cannot be made again."""

    def __init__(self, record: CheckRecord) -> None:
        super().__init__("what does not hold cannot be made again")
        self.record = record


def repair(
    *,
    folder: Path,
    card: Card,
    database: Database,
    blobs: Blobs,
    attachments: Attachments,
    around: Surroundings,
    tell: Tell = untold,
) -> CheckRecord:
    """
    Look at everything and make again what can be made again; all of it in one change, or nothing.

    What does not hold and cannot be made again is in ``faults`` then, and nothing was changed. Files that nothing
    names are removed.

    Args:
        folder: The node's folder; nobody may be serving it.
        card: The office's own card.
        database: The node's store.
        blobs: Where long views and payloads are.
        attachments: Where the bytes of attachments are.
        around: Clock and dice.
        tell: Told how far it is.

    Raises:
        StoreError: The folder is served; or the disk fails.
    """
    at = _Node(card=card, blobs=blobs, attachments=attachments, around=around)
    act = partial(_repair, at=at, tell=tell)
    with FolderLock(folder):
        try:
            return database.write(act)
        except _NotMendedError as error:
            return error.record
        except MendError as error:
            raise error.error from error


def _repair(db: Writing, *, at: _Node, tell: Tell) -> CheckRecord:
    found, mended = _mended(db, at, tell)
    removed = remove_leftovers(db, at.blobs, at.attachments, at.around)
    if removed:
        mended.add("files", f"{removed} that nothing named")
    found.leftovers -= removed
    return found.record(mended)


def _mended(db: Writing, at: _Node, tell: Tell) -> tuple[Findings, Listed]:
    """
    Make again what can be, until nothing is found any more; gives what was found then, and what was made again.

    Raises:
        _NotMendedError: Something does not hold that cannot be made again, or it never ends.
    """
    mended, found = Listed(), Findings(tell, db)
    for _ in range(TURNS_MAX):
        _look(db, found, at)
        if found.has_faults:
            break
        if not found.mended:
            return found, mended
        mended.add_all(found.mended)
        found = Findings(tell, db)
    found.undo(mended)
    raise _NotMendedError(found.record())


def _look(db: Reading, found: Findings, at: _Node) -> None:
    found.count("stores", 1)
    # In damaged pages nothing can be looked for, nor by damaged indexes.
    if not found.tries("store", lambda: _store(db, found)) or found.has_faults:
        return
    found.hold("references", "store", lambda: _references(db, found))
    check_foundations(db, found, at.around)
    if not found.tries("store", lambda: _look_further(db, found, at)):
        found.note("store", "not everything could be looked at")


def _store(db: Reading, found: Findings) -> None:
    """
    Look at the pages and the indexes.

    Raises:
        StoreError: Something is damaged that cannot be made again.
    """
    health, said = checks.health(db), "an index is damaged"
    if health is Health.INDEXES and found.change is None:
        found.note("store", said, repairable=True)
        return
    if health is Health.INDEXES and found.make(rebuilding.indexes):
        found.mended.add("store", said)
        health = checks.health(db)
    if health is not Health.SOUND:
        raise StoreError("the database is damaged")


def _references(db: Reading, found: Findings) -> None:
    """Look at the references between rows."""
    for table, parent in checks.dangling(db):
        said = f"a row of `{table}` names one of `{parent}` that is missing"
        if table in rebuilding.PROJECTIONS:
            found.mend("store", said, partial(rebuilding.drop_dangling, table=table))
        else:
            found.note("store", said)


def _look_further(db: Reading, found: Findings, at: _Node) -> None:
    """Look at what can only be judged by what was decided with."""
    logged = check_log(db, found, at.card, at.around)
    check_decided(db, found, logged, at.around)
    check_own_cards(db, found, logged, at.card, at.around)
    book = RuleBook(at.card, at.around)
    check_views(db, found, at.blobs, book.at(db), logged)
    rules = book.at(db)  # views may have been found under labels that were made again
    check_releases(db, found, at.blobs, rules, logged)
    check_paper(db, found, at.blobs, rules, logged)
    check_bags(db, found, logged)
    found.expect("entries sent", checks.count(db, "outgoing_entry"))
    found.expect("entries received", checks.count(db, "incoming_entry"))
    for peer in peers.peers(db):
        link = Link(
            db=db,
            found=found,
            ours=str(at.card.office),
            theirs=peer.office,
            card=at.card,
            rules=rules,
            around=at.around,
            logged=logged,
            blobs=at.blobs,
        )
        found.tries(f"stream to {peer.office}", partial(check_outgoing, link))
        found.tries(f"stream from {peer.office}", partial(check_incoming, link))
    check_offers(db, found, logged, at.blobs)
    check_restorations(db, found, rules, logged, card=at.card, around=at.around)
    check_withdrawals(db, found, rules, logged)
    check_destroyed(db, found, rules, logged)
    logged.check_met(found)
    check_files(db, found, at.blobs, at.attachments)
