# SPDX-License-Identifier: Apache-2.0
"""
The check of views, and of everything that is folded from them.

1. Every view hashes to its name, and verifies against its author's card; what is set apart has the form of a view.
2. The item that it is of, its labels, its inbox row, and what versions are compared by: all of it folded again, and
   compared.
3. It came with an entry of the office that its row names, and may be shown only if the log says that it was accepted.
4. What has no bytes any more is of an item that persons destroyed.
"""

from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from legation.errors import StoreError, VerificationError
from legation.item.reference import reference
from legation.item.view import Contents, View, inspect, verify
from legation.keys.sign import KeyId
from legation.log import LogKind
from legation.node.checking.findings import Findings
from legation.node.checking.log import Logged
from legation.node.desk.attaching import attached_in, wanted_of
from legation.node.rules import Rules
from legation.node.streams.judging import TAKEN_BACK
from legation.projections import fold, fold_substance
from legation.store.blobs import Blobs
from legation.store.sqlite import (
    access,
    attachments,
    checks,
    destructions,
    inbox,
    items,
    rebuilding,
    versions,
)
from legation.store.sqlite.database import Reading, Writing
from legation.store.sqlite.incoming import EntryState
from legation.store.sqlite.items import StoredItem, StoredView, ViewState

_ANOTHER_AUTHOR = "its row names another author than it has"


@dataclass(frozen=True, kw_only=True)
class _Looking:
    """What views are looked at with."""

    db: Reading
    found: Findings
    blobs: Blobs
    rules: Rules
    logged: Logged


def check_views(db: Reading, found: Findings, blobs: Blobs, rules: Rules, logged: Logged) -> None:
    """Look at every view, one after the other."""
    looking = _Looking(db=db, found=found, blobs=blobs, rules=rules, logged=logged)
    found.expect("views", checks.count(db, "view"))
    for view_key in checks.view_keys(db):
        view = items.view(db, view_key)
        where = f"view {view.hash.hex()[:16]}"
        found.hold("views", where, partial(_view, looking, view, where))
    found.count("items", checks.count(db, "item"))
    bare = checks.items_without_view(db)
    if bare:
        found.note("items", f"nothing is held of {bare} of them")


def _view(looking: _Looking, view: StoredView, where: str) -> None:
    """
    Hold a stored view against its hash, its author's card and its rows.

    Raises:
        LegationError: It does not hold.
    """
    if view.state is ViewState.DESTROYED:
        _destroyed(looking, view)
        return
    data = items.view_data(looking.db, view.view_key, looking.blobs)
    if sha256(data).digest() != view.hash or len(data) != view.size_bytes:
        raise StoreError("the bytes are not those that were stored")
    is_held = view.state is ViewState.HELD
    contents = _believed(looking, view, data) if is_held else inspect(data)
    _item(looking, view, contents, where)
    _origin(looking, view)
    ids = _layers(looking, view, contents, where)
    if ids is not None:
        _attached(looking, contents, ids)
        _inbox(looking, view, contents, ids)
        _substance(looking, view, contents, ids, where)


def _destroyed(looking: _Looking, view: StoredView) -> None:
    """
    See that persons destroyed a view whose bytes are not here, and that it once came.

    Raises:
        StoreError: They did not, or it did not.
    """
    if not destructions.is_destroyed(looking.db, view.item_id):
        raise StoreError("its bytes are missing, and nobody destroyed its item")
    if inbox.folded(looking.db, view.view_key) is not None:
        raise StoreError("it is destroyed, and the inbox still has something of it")
    came = checks.came_with(looking.db, view.view_key)
    if view.source not in {each.office for each in came}:
        raise StoreError("it did not come from whom its row says")
    for kind in (LogKind.ACCEPTED, LogKind.QUARANTINED):
        for each in (view.hash, *(each.leaf for each in came)):
            looking.logged.meets(kind, each)


def _item(looking: _Looking, view: StoredView, contents: Contents, where: str) -> None:
    """Compare what a view says of its item with what is stored of it."""
    stored = items.item(looking.db, view.item_id)
    if stored is None:
        raise StoreError("its item is missing")
    if contents.item_id != stored.item_id:
        raise StoreError("it is a view of another item than its row says")
    office = _office(looking, contents, stored)
    wanted = StoredItem(
        item_id=contents.item_id,
        document=contents.document,
        time=contents.time,
        kind=contents.kind,
        author=contents.wire.header.author,
        office=office,
        reference=reference(office, contents.time, contents.item_id) if office else "",
        is_own=items.own_view(looking.db, view.item_id) is not None,
    )
    if wanted == stored:
        return
    names = (wanted.office, wanted.reference) == (stored.office, stored.reference)
    said = "it is a view of another item than its row says" if names else _ANOTHER_AUTHOR
    looking.found.mend(where, said, lambda change: rebuilding.item(change, wanted))


def _believed(looking: _Looking, view: StoredView, data: bytes) -> View:
    """
    Verify what is held; its key may be revoked by now, if it came before that or is our own.

    Raises:
        LegationError: It does not verify, or should be set apart.
    """
    found = verify(data, looking.rules.pinned, trusts_revoked=True)
    author = looking.rules.pinned.item_key(KeyId(found.wire.header.author))
    if view.source and author is not None and author.is_revoked(view.received_at):
        raise VerificationError("its author's key is revoked, and it is not set apart")
    return found


def _office(looking: _Looking, contents: Contents, stored: StoredItem) -> str:
    """
    The office that signed; of what is set apart perhaps none that is known, or none that is believed.

    Raises:
        StoreError: The row of what is set apart names another one.
    """
    if isinstance(contents, View):
        return str(contents.author)
    author = looking.rules.pinned.item_key(KeyId(contents.wire.header.author))
    if author is not None and stored.office not in {"", str(author.office)}:
        raise StoreError(_ANOTHER_AUTHOR)
    return stored.office


def _layers(looking: _Looking, view: StoredView, contents: Contents, where: str) -> list[int] | None:
    """The access ids of a view's layers, in their order; None if they are not those that its rows have."""
    ids = [looking.rules.ids.get((each.policy, each.label)) for each in contents.layers]
    known = [each for each in ids if each is not None]
    if len(known) == len(ids) and sorted(known) == items.layers(looking.db, view.view_key):
        return known
    looking.found.mend(
        where,
        "its rows carry other labels than its layers",
        lambda change: rebuilding.layers(change, view.view_key, _interned(change, contents)),
    )
    return None if looking.found.change is None else _interned(looking.found.change, contents)


def _interned(change: Writing, contents: Contents) -> list[int]:
    return [access.intern(change, each.policy, each.label) for each in contents.layers]


def _attached(looking: _Looking, contents: Contents, ids: list[int]) -> None:
    """
    See that what is attached to a view is here; its bytes are looked at elsewhere.

    Raises:
        StoreError: It is not.
    """
    by_layer = {
        (each.policy, each.label): access_id for each, access_id in zip(contents.layers, ids, strict=True)
    }
    for each in attached_in(contents):
        wanted = wanted_of(each.portion, by_layer[each.policy, each.label])
        if attachments.find(looking.db, wanted) is None:
            raise StoreError("a file that belongs to it is missing")


def _inbox(looking: _Looking, view: StoredView, contents: Contents, ids: list[int]) -> None:
    """
    Compare what the inbox shows of a view with what it says.

    Of our own items it shows nothing. What was set apart after it was listed keeps its row, in case it is held again.
    """
    stored = inbox.folded(looking.db, view.view_key)
    wanted = fold(contents, ids) if view.source else None
    if stored == wanted or (stored is None and view.state is not ViewState.HELD):
        return
    said = "a row is missing" if stored is None else "a row is not what its view says"
    looking.found.mend("inbox", said, lambda change: rebuilding.inbox_row(change, view.view_key, wanted))


def _substance(looking: _Looking, view: StoredView, contents: Contents, ids: list[int], where: str) -> None:
    """Compare what versions are compared by, where there are several, with what a view says."""
    stored = versions.folded(looking.db, view.view_key)
    wanted = fold_substance(contents, ids) if versions.has_others(looking.db, contents.item_id) else ()
    if stored == wanted or (not stored and view.state is not ViewState.HELD):
        return
    looking.found.mend(
        where,
        "what its versions are compared by is not what it says",
        lambda change: rebuilding.substance(change, view.view_key, wanted),
    )


def _origin(looking: _Looking, view: StoredView) -> None:
    """
    Hold what a row says of where a view came from, and whether it may be shown, against entries and the log.

    Raises:
        StoreError: It does not hold.
    """
    if not view.source:
        if not checks.is_released(looking.db, view.item_id):
            raise StoreError("it is ours, and was never released")
        return
    came = checks.came_with(looking.db, view.view_key)
    if view.source not in {each.office for each in came}:
        raise StoreError("it did not come from whom its row says")
    is_wanted = any(each.state == EntryState.HELD for each in came)
    kind = LogKind.ACCEPTED if view.state is ViewState.HELD else LogKind.QUARANTINED
    # Not `any`: each is met.
    logged = [looking.logged.meets(kind, each) for each in (view.hash, *(each.leaf for each in came))]
    holds = is_wanted and any(logged)
    if view.because == TAKEN_BACK:
        holds = not is_wanted
    if not holds:
        raise StoreError("whether it may be shown is not what the log says")
