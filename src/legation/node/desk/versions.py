# SPDX-License-Identifier: Apache-2.0
"""
Versions of a document: folded when there come to be several, and found for whoever replaces one.

Corrections, re-labelling and declassification are new items with the document id of the older one and a
later time. There are no version numbers: whoever is told the same by two versions has one.
"""

from legation.errors import MalformedError, RefusedError
from legation.item.view import inspect
from legation.projections import fold_substance
from legation.store.blobs import Blobs
from legation.store.sqlite import access, destructions, items, versions, withdrawals
from legation.store.sqlite.database import Reading, Writing
from legation.store.sqlite.items import StoredItem, ViewState

NONE, SEVERAL = "no item of this reference or id", "more than one item of this reference or id"
LISTED = "legation inbox lists what there is"


def find_item(db: Reading, text: str, *, hint: str = LISTED) -> StoredItem:
    """
    Find one item that the reader may see, by its reference, its id or the beginning of it.

    ``hint`` says where such items are listed.

    Raises:
        MalformedError: There is none, none that may be seen, or more than one.
        RefusedError: It was destroyed here.
    """
    item = find_item_even_destroyed(db, text, hint=hint)
    if destructions.is_destroyed(db, item.item_id):
        raise RefusedError("this item was destroyed here", hint="its author may release it anew")
    return item


def find_item_even_destroyed(db: Reading, text: str, *, hint: str = LISTED) -> StoredItem:
    """
    Find one item that the reader may see, or might until it was destroyed here.

    Raises:
        MalformedError: There is none, none that may be seen, or more than one.
    """
    found = [*items.find_items(db, text), *items.find_items(db, text, ViewState.DESTROYED)]
    if len(found) != 1:
        raise MalformedError(SEVERAL if found else NONE, hint=hint)
    item = items.item(db, found[0])
    assert item is not None, "what was found is there"
    return item


def find_own(db: Reading, text: str) -> StoredItem:
    """
    Find one item that was released here and that the reader may see; others' items are answered as missing.

    Raises:
        MalformedError: There is none, or more than one.
    """
    item = find_item(db, text)
    if not item.is_own:
        raise MalformedError(NONE, hint=LISTED)
    return item


def check_standing(db: Reading, item: StoredItem) -> None:
    """
    Refuse to use what an item says that its author withdrew.

    Raises:
        RefusedError: They did.
    """
    if withdrawals.withdrawn_at(db, item.item_id, item.office) is not None:
        raise RefusedError("this item is withdrawn", hint="what it said is shown to nobody")


def check_newest(db: Reading, item: StoredItem, *, hint: str = "replace that one, with its text") -> None:
    """
    Refuse to go on from a version that the reader has no more: they would undo what they have not read.

    ``hint`` says what to do instead.

    Raises:
        RefusedError: There is a newer one.
    """
    noticed = versions.noticed_versions(db, item.document, item.office)
    if noticed and noticed[-1].item_id != item.item_id:
        raise RefusedError(f"there is a newer version: {noticed[-1].reference}", hint=hint)


def fold_versions(db: Writing, item_id: bytes, blobs: Blobs) -> None:
    """Fold what versions are compared by, if the document of an item has several by now."""
    if versions.has_others(db, item_id):
        for view_key in versions.unfolded(db, item_id):
            contents = inspect(items.view_data(db, view_key, blobs))
            layers = [access.intern(db, each.policy, each.label) for each in contents.layers]
            versions.fold(db, view_key, fold_substance(contents, layers))
