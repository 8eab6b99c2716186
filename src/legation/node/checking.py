# SPDX-License-Identifier: Apache-2.0
"""
The check of everything that a node holds (``legation fsck``).

1. The store is whole: pages, indexes, references between rows.
2. Everything that is decided with can be read, and is what its digest says: policies, cards, labels,
   clearances, drafts.
3. Every view hashes to its name, and verifies against its author's card; what is set apart has the form
   of a view. The rows beside it say what it says.
4. What was approved for each addressee is what the releasing officer saw.
5. Every stream, ours and theirs, is numbered without gaps and leads to the roots, checkpoints and
   receipts on file, and these verify. Every payload is the one that was numbered. What is kept of our
   trees for proofs is what their leaves make.
6. The node's own log leads to its root and to the checkpoints that were signed over it, and has an entry for
   each release, receipt, card, grant and policy.
7. The inbox, and what versions are compared by, folded again from the views, are what is there.
8. Every withdrawal that counts was signed by the author whom it names, and is in the log.

Nothing is changed. A fault names where it is and what does not hold, and never content.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import NamedTuple, TypeAlias

from legation.errors import LegationError, ProofError, StoreError, VerificationError
from legation.exchange import write_view
from legation.item.reference import reference
from legation.item.view import Contents, View, inspect, verify
from legation.item.withdrawal import WITHDRAWAL
from legation.keys.card import Card, Office, read
from legation.keys.sign import KeyId, Purpose
from legation.labels import reference_to
from legation.log import (
    Frontier,
    LogKind,
    completed,
    completed_count,
    key_name,
    log_origin,
    root_over,
    stream_origin,
    verify_checkpoint,
    verify_receipt,
)
from legation.merkle import Hash
from legation.node.approving import Approved, approval_digest
from legation.node.peering import grant_digest
from legation.node.rules import RuleBook, Rules, read_card, read_policy
from legation.node.surroundings import Surroundings
from legation.projections import InboxRow, fold, fold_substance
from legation.records import CheckRecord, FaultRecord
from legation.store.blobs import Blobs
from legation.store.sqlite import (
    access,
    deliveries,
    drafts,
    inbox,
    incoming,
    items,
    logbook,
    node,
    outgoing,
    peers,
    policies,
    versions,
    withdrawals,
)
from legation.store.sqlite.database import Database, Reading
from legation.store.sqlite.deliveries import StoredRelease
from legation.store.sqlite.items import StoredItem, StoredView, ViewState
from legation.store.sqlite.outgoing import Outgoing
from legation.store.sqlite.policies import StoredPolicy
from legation.store.sqlite.withdrawals import StoredWithdrawal

READ_AT_ONCE = 1000  # entries of the log

Logged: TypeAlias = tuple[LogKind, bytes]
"""What an entry of the log says: what was done, and with what."""


@dataclass(kw_only=True)
class _Findings:
    checked: Counter[str] = field(default_factory=Counter)
    faults: list[FaultRecord] = field(default_factory=list)

    def hold(self, what: str, where: str, check: Callable[[], object]) -> None:
        """Count one thing as looked at, and note the fault if it does not hold."""
        self.checked[what] += 1
        try:
            check()
        except LegationError as error:
            self.faults.append(FaultRecord(where=where, what=error.message))

    def note(self, where: str, what: str) -> None:
        """Note a fault."""
        self.faults.append(FaultRecord(where=where, what=what))

    def count(self, what: str, count: int) -> None:
        """Say how many of something were looked at."""
        self.checked[what] = count

    def tries(self, look: Callable[[], object]) -> bool:
        """Look at what may not be to be looked at, because of faults that were noted."""
        try:
            look()
        except LegationError:
            return False
        return True


def check(*, card: Card, database: Database, blobs: Blobs, around: Surroundings) -> CheckRecord:
    """Look at everything, in one snapshot of the store."""
    found = _Findings()
    with database.read() as db:
        found.hold("stores", "store", partial(_store, db))
        # In damaged pages nothing can be looked for.
        if not found.faults:
            found.hold("references", "store", partial(_references, db))
            _check_foundations(db, found, around)
            if not found.tries(lambda: _check_all(db, found, card, blobs, around)):
                found.note("store", "not everything could be looked at")
    return CheckRecord(checked=dict(found.checked), faults=tuple(found.faults))


def _check_all(db: Reading, found: _Findings, card: Card, blobs: Blobs, around: Surroundings) -> None:
    rules = RuleBook(card, around).at(db)
    wanted = dict[int, InboxRow]()
    for view in items.views(db):
        where = f"view {view.hash.hex()[:16]}"
        found.hold("views", where, partial(_view, db, view, blobs, rules, wanted))
    logged = _check_log(db, found, card, around)
    for policy in policies.policies(db):
        named = policy.reference
        if policy.accepted_by is not None and (LogKind.POLICY, named.digest) not in logged:
            found.note(f"policy {named.id} version {named.version}", "it is not in the log")
    for release in deliveries.releases(db):
        where = f"release of {release.item_id.hex()[:16]}"
        found.hold("releases", where, partial(_release, db, release, rules, logged))
    for peer in peers.peers(db):
        side = _Side(db, str(card.office), peer.office, card, rules, around, logged)
        _check_trust(side, found)
        _check_outgoing(side, blobs, found)
        _check_incoming(side, blobs, found)
    for withdrawal in withdrawals.withdrawals(db):
        where = f"withdrawal of {withdrawal.item_id.hex()[:16]}"
        found.hold("withdrawals", where, partial(_withdrawal, withdrawal, rules, logged))
    _check_inbox(db, wanted, found)


def _check_foundations(db: Reading, found: _Findings, around: Surroundings) -> None:
    """Look at all that decisions are made with."""
    for policy in policies.policies(db):
        where = f"policy {policy.reference.id} version {policy.reference.version}"
        found.hold("policies", where, partial(_policy, policy))
    for office, number, digest, data in peers.cards(db):
        look = partial(_card, office, number, digest, data, around)
        found.hold("cards", f"card {number} of {office}", look)
    found.hold("labels", "labels", lambda: found.count("labels", len(list(access.accesses(db)))))
    found.hold("clearances", "clearances", lambda: _clearances(db))
    for digest in drafts.digests(db):
        found.hold("drafts", f"draft {digest.hex()[:16]}", partial(_draft, db, digest))


def _policy(stored: StoredPolicy) -> None:
    found = read_policy(stored.spif)
    if (reference_to(found), found.name) != (stored.reference, stored.name):
        raise StoreError("its file is another one than its row says")


def _card(office: str, number: int, digest: bytes, data: bytes, around: Surroundings) -> None:
    found = read(data, verify=around.verify)
    if (str(found.office), found.body.number, found.digest) != (office, number, digest):
        raise StoreError("it is another one than its row says")


def _clearances(db: Reading) -> None:
    node.mission_clearances(db)
    node.mission_clearances(db, received=True)
    for peer in peers.peers(db):
        peers.grants(db, peer.office)
        peers.proposed_grants(db, peer.office)


def _draft(db: Reading, digest: bytes) -> None:
    draft = drafts.draft(db, digest)
    if draft is None or draft.digest != digest:
        raise StoreError("it is another one than was kept")


def _store(db: Reading) -> None:
    """
    Look at the pages and the indexes.

    Raises:
        StoreError: Something is damaged.
    """
    if db.one("PRAGMA integrity_check(1)") != ("ok",):
        raise StoreError("the database is damaged", hint="restore the newest backup")


def _references(db: Reading) -> None:
    """
    Look at the references between rows.

    Raises:
        StoreError: A row is missing that another names.
    """
    missing = db.one("PRAGMA foreign_key_check")
    if missing is not None:
        table, _, parent, _ = missing
        raise StoreError(f"a row of `{table}` names one of `{parent}` that is missing")


def _view(db: Reading, view: StoredView, blobs: Blobs, rules: Rules, wanted: dict[int, InboxRow]) -> None:
    """
    Hold a stored view against its hash, its author's card and its rows; say what the inbox should list.

    Raises:
        LegationError: It does not hold.
    """
    data = items.view_data(db, view.view_key, blobs)
    if sha256(data).digest() != view.hash or len(data) != view.size_bytes:
        raise StoreError("the bytes are not those that were stored")
    is_held = view.state is ViewState.HELD
    contents = verify(data, rules.pinned) if is_held else inspect(data)
    stored = items.item(db, view.item_id)
    if stored is None:
        raise StoreError("its item is missing")
    _compare_item(contents, stored)
    ids = [rules.ids.get((layer.policy, layer.label)) for layer in contents.layers]
    known = [each for each in ids if each is not None]
    if len(known) != len(ids) or sorted(known) != items.layers(db, view.view_key):
        raise StoreError("its rows carry other labels than its layers")
    if view.source and is_held:
        wanted[view.view_key] = fold(contents, known)
    is_version = is_held and versions.has_others(db, view.item_id)
    if is_version and versions.folded(db, view.view_key) != fold_substance(contents, known):
        raise StoreError("what its versions are compared by is not what it says")


def _withdrawal(stored: StoredWithdrawal, rules: Rules, logged: frozenset[Logged]) -> None:
    """
    Hold a withdrawal against its row, its author's card and the log; its key may be retired by now.

    Raises:
        LegationError: It does not hold.
    """
    found = WITHDRAWAL.decode(stored.data)
    if (sha256(stored.data).digest(), found.item) != (stored.digest, stored.item_id):
        raise StoreError("it is another one than its row says")
    if stored.state is not ViewState.HELD:
        return
    author = rules.pinned.item_key(KeyId(found.author))
    if author is None or str(author.office) != stored.office:
        raise VerificationError("its row names another author than it has")
    author.public_key.verify(Purpose.WITHDRAWAL, found.item, found.signature)
    if (LogKind.WITHDRAWN, stored.digest) not in logged:
        raise StoreError("it is not in the log")


def _compare_item(contents: Contents, stored: StoredItem) -> None:
    """Compare what a view says of its item with what is stored of it."""
    said = (contents.item_id, contents.document, contents.time, contents.kind, contents.wire.header.author)
    if said != (stored.item_id, stored.document, stored.time, stored.kind, stored.author):
        raise StoreError("it is a view of another item than its row says")
    office = str(contents.author) if isinstance(contents, View) else stored.office
    named = reference(office, contents.time, contents.item_id) if office else ""
    if (office, named) != (stored.office, stored.reference):
        raise StoreError("its row names another author than it has")


def _release(db: Reading, release: StoredRelease, rules: Rules, logged: frozenset[Logged]) -> None:
    """
    Hold what is approved for each addressee against what the releasing officer saw.

    Raises:
        LegationError: It does not hold.
    """
    draft = drafts.draft(db, release.draft_digest)
    if draft is None:
        raise StoreError("its draft is missing")
    wanted = {(LogKind.RELEASED, release.item_id), (LogKind.APPROVED, release.preview_digest)}
    if not wanted <= logged:
        raise StoreError("it is not in the log")
    labels = [
        (draft.references[each.policy_id], each) for each in dict.fromkeys(p.label for p in draft.portions)
    ]
    known = {rules.ids.get(layer): layer for layer in labels}
    slips = {slip.addressee: slip for slip in draft.slips}
    seen = dict[str, frozenset[int]]()
    for office, slip, ids in deliveries.approved(db, release.release_id):
        if slips.get(office) != slip or seen.setdefault(office, ids) != ids or not ids <= known.keys():
            raise StoreError(f"a delivery to {office} is not what was approved")
    approved = tuple(
        Approved(
            office=office,
            layers=tuple(layer for number, layer in known.items() if number in seen.get(office, ())),
        )
        for office in slips
    )
    if seen.keys() != slips.keys() or approval_digest(draft.digest, approved) != release.preview_digest:
        raise StoreError("what is approved is not what was seen")


class _Side(NamedTuple):
    """What both directions of a link are checked with."""

    db: Reading
    ours: str
    theirs: str
    card: Card
    rules: Rules
    around: Surroundings
    logged: frozenset[Logged]


def _check_trust(side: _Side, found: _Findings) -> None:
    """What is trusted of a peer and granted to it was written down when two persons decided it."""
    for data in (each for each in peers.pinned_cards(side.db)):
        digest = sha256(data).digest()
        if read_card(data, side.around.verify).office == Office.parse(side.theirs):
            found.hold(
                "cards pinned", f"card of {side.theirs}", partial(_logged, side, LogKind.PINNED, digest)
            )
    for grant in peers.grants(side.db, side.theirs):
        digest = grant_digest(side.theirs, grant.clearance, grant.agreement)
        where = f"grant to {side.theirs} under {grant.clearance.policy_id}"
        found.hold("grants", where, partial(_logged, side, LogKind.GRANTED, digest))


def _logged(side: _Side, kind: LogKind, digest: bytes) -> None:
    if (kind, digest) not in side.logged:
        raise StoreError("it is not in the log")


def _check_outgoing(side: _Side, blobs: Blobs, found: _Findings) -> None:
    """Our stream to a peer: numbers, leaves, payloads, roots, checkpoints, receipts."""
    stream = outgoing.stream(side.db, side.theirs)
    if stream is None:
        return
    where = f"stream to {side.theirs}"
    walk = _Walk(side.db, stream, blobs)
    for number in outgoing.numbers(side.db, stream.stream_id):
        found.hold("entries sent", f"{where}, entry {number}", partial(walk.take, number))
    if walk.frontier != stream.frontier:
        found.note(where, "its entries lead to another root than its own")
    if completed_count(walk.frontier.size) != outgoing.subtree_count(side.db, stream.stream_id):
        found.note(where, "it keeps more or fewer hashes than its entries make")
    origin = stream_origin(side.ours, side.theirs, stream.incarnation)
    for size, data in outgoing.checkpoints(side.db, stream.stream_id):
        look = partial(_checkpoint, side.card, side.around, data, origin, (size, walk.roots.get(size)))
        found.hold("checkpoints", f"{where}, checkpoint {size}", look)
    theirs = side.rules.cards.get(side.theirs)
    newest = 0
    for newest, data in outgoing.receipts(side.db, stream.stream_id):
        look = partial(_receipt, side, data, origin, (side.card, theirs), (newest, walk.roots.get(newest)))
        found.hold("receipts", f"{where}, receipt {newest}", look)
    if newest != stream.receipt_size:
        found.note(where, "its newest receipt is another one than it says")


def _check_incoming(side: _Side, blobs: Blobs, found: _Findings) -> None:
    """A peer's stream to us: numbers, leaves, payloads, root, and the receipts that we gave."""
    stream = incoming.stream(side.db, side.theirs)
    if stream is None:
        return
    where = f"stream from {side.theirs}"
    frontier, roots = Frontier(), dict[int, bytes]()
    for number, leaf in incoming.leaves(side.db, stream.stream_id):
        look = partial(_received, side.db, stream.stream_id, number, frontier.size, blobs)
        found.hold("entries received", f"{where}, entry {number}", look)
        frontier = frontier.extend([Hash(leaf)])
        roots[frontier.size] = frontier.root
    if frontier != stream.held.frontier:
        found.note(where, "its entries lead to another root than was held")
    origin = stream_origin(side.theirs, side.ours, stream.incarnation)
    theirs = side.rules.cards.get(side.theirs)
    newest = 0
    for newest, data in incoming.receipts(side.db, stream.stream_id):
        look = partial(_receipt, side, data, origin, (theirs, side.card), (newest, roots.get(newest)))
        found.hold("receipts", f"{where}, receipt {newest}", look)
    if newest != stream.held.receipt_size:
        found.note(where, "its newest receipt is another one than it says")


def _received(db: Reading, stream_id: int, number: int, expected: int, blobs: Blobs) -> None:
    """
    Hold an entry that came against its leaf and its payload.

    Raises:
        LegationError: It does not hold.
    """
    if number != expected:
        raise StoreError("a number is missing before it")
    [entry] = incoming.entries(db, stream_id, number, count_max=1, blobs=blobs)
    if entry.header is None:
        return
    if entry.header.leaf != entry.leaf:
        raise StoreError("its row says something else than its leaf")
    payload = entry.payload
    if entry.view_key is not None and entry.slip is not None:
        payload = write_view(entry.slip, items.view_data(db, entry.view_key, blobs))
    if payload is not None and sha256(payload).digest() != entry.header.payload_hash:
        raise StoreError("its payload is not the one that came")


class _Walk:
    """Goes through our own entries in order and keeps the root after each."""

    def __init__(self, db: Reading, stream: Outgoing, blobs: Blobs) -> None:
        self.frontier = Frontier()
        self.roots: dict[int, bytes] = {}
        self._db = db
        self._stream_id = stream.stream_id
        self._blobs = blobs

    def take(self, number: int) -> None:
        """
        Take the next entry.

        Raises:
            StoreError: It does not follow, or is not the one whose root was stored.
        """
        header, root = outgoing.header(self._db, self._stream_id, number)
        follows = number == self.frontier.size
        made = list(completed(self.frontier, [header.leaf]))
        self.frontier = self.frontier.extend([header.leaf])
        self.roots[self.frontier.size] = self.frontier.root
        if not follows:
            raise StoreError("a number is missing before it")
        if self.frontier.root != root:
            raise StoreError("it leads to another root than was stored")
        payload = outgoing.payload(self._db, self._stream_id, number, self._blobs)
        if payload is not None and sha256(payload).digest() != header.payload_hash:
            raise StoreError("its payload is not the one that was numbered")
        _compare_kept(made, partial(outgoing.subtree, self._db, self._stream_id))


def _compare_kept(made: Iterable[tuple[int, int, Hash]], kept: Callable[[int, int], bytes | None]) -> None:
    """
    Compare roots of complete subtrees with those that are kept.

    Raises:
        StoreError: One is missing, or another.
    """
    if any(kept(height, place) != root for height, place, root in made):
        raise StoreError("a hash that is kept for proofs is not what the entries make")


def _checkpoint(
    card: Card, around: Surroundings, data: bytes, origin: str, expected: tuple[int, bytes | None]
) -> None:
    found = verify_checkpoint(
        data,
        origin=origin,
        name=key_name(str(card.office)),
        keys=card.stream_keys,
        verify=around.verify,
    )
    if (found.size, found.root) != expected:
        raise ProofError("it is over other entries than are here")


def _receipt(
    side: _Side,
    data: bytes,
    origin: str,
    cards: tuple[Card | None, Card | None],
    expected: tuple[int, bytes | None],
) -> None:
    sender, receiver = cards
    if sender is None or receiver is None:
        raise VerificationError("the card of the other office is not pinned any more")
    found = verify_receipt(
        data,
        origin=origin,
        name=key_name(str(sender.office)),
        keys=sender.stream_keys,
        cosigner=key_name(str(receiver.office)),
        cosigner_keys=receiver.stream_keys,
        verify=side.around.verify,
    ).checkpoint
    if (found.size, found.root) != expected:
        raise ProofError("it is over other entries than are here")
    _logged(side, LogKind.RECEIPTED, sha256(data).digest())


def _check_log(db: Reading, found: _Findings, card: Card, around: Surroundings) -> frozenset[Logged]:
    """Walk the node's own log; gives what is in it."""
    frontier, entries = Frontier(), set[Logged]()
    found.hold("logs", "log", partial(_numbered, db))
    while some := logbook.entries(db, frontier.size, READ_AT_ONCE):
        leaves = [entry.leaf for entry in some]
        made = completed(frontier, leaves)
        where = f"log, entries from {frontier.size}"
        found.hold("stretches of the log", where, partial(_compare_kept, made, partial(logbook.subtree, db)))
        frontier = frontier.extend(leaves)
        entries.update((entry.kind, entry.hash) for entry in some)
    found.count("log entries", frontier.size)
    state = logbook.state(db)
    if frontier != state.frontier:
        found.note("log", "its entries lead to another root than its own")
    if completed_count(frontier.size) != logbook.subtree_count(db):
        found.note("log", "it keeps more or fewer hashes than its entries make")
    origin = log_origin(str(card.office), state.incarnation)
    for size, data in logbook.checkpoints(db):
        look = partial(_log_checkpoint, db, card, around, data=data, origin=origin, size=size)
        found.hold("log checkpoints", f"log, checkpoint {size}", look)
    return frozenset(entries)


def _log_checkpoint(
    db: Reading, card: Card, around: Surroundings, *, data: bytes, origin: str, size: int
) -> None:
    """
    Hold a checkpoint over the own log against its signatures and the entries.

    Raises:
        LegationError: It does not hold.
    """
    if size > logbook.state(db).frontier.size:
        raise StoreError("it is over more entries than there are")
    _checkpoint(card, around, data, origin, (size, root_over(0, size, logbook.root_of(db))))


def _numbered(db: Reading) -> None:
    if not logbook.is_numbered(db):
        raise StoreError("a number is missing in it")


def _check_inbox(db: Reading, wanted: dict[int, InboxRow], found: _Findings) -> None:
    """Compare what was folded from every view again with what is there."""
    found.count("inbox rows", len(wanted))
    for view_key, row in inbox.folded(db):
        if wanted.pop(view_key, None) != row:
            found.note("inbox", "a row is not what its view says")
    for _ in wanted:
        found.note("inbox", "a row is missing")
