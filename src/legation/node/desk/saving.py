# SPDX-License-Identifier: Apache-2.0
"""
Saving: the bytes of an attachment, for whoever may see the portion that names it.

They are given piece by piece and held against what the author signed as they go. The last piece comes only if
all of it holds; whoever writes them to a file lets it appear under its name after that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from legation.errors import MalformedError, StoreError
from legation.item.attachment import verified
from legation.item.portion import Attachment
from legation.item.view import Contents, ViewPortion, verify
from legation.keys.card import Card
from legation.node.desk.attaching import wanted_of
from legation.node.desk.reading import find_view
from legation.node.desk.versions import check_standing
from legation.node.rules import RuleBook, mission_reader
from legation.node.surroundings import Surroundings
from legation.store.attachments import Attachments
from legation.store.blobs import Blobs
from legation.store.sqlite import attachments, items
from legation.store.sqlite.database import Database


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An attachment that may be saved: what its author says of it, and its bytes, to be taken once."""

    portion: Attachment
    pieces: Iterator[bytes]


def open_attachment(
    text: str,
    which: str,
    name: str,
    *,
    card: Card,
    database: Database,
    blobs: Blobs,
    store: Attachments,
    around: Surroundings,
) -> Opened:
    """
    Find an attachment of an item, and open it.

    Args:
        text: Reference or id of the item, or the beginning of it.
        which: The name of the attachment or its paragraph code; empty where there is only one.
        name: Who reads.
        card: The office's own card.
        database: The node's store.
        blobs: Where long views are.
        store: Where the bytes are.
        around: Clock and dice.

    Raises:
        MalformedError: There is no such item, or attachment of it, that may be seen; or more than one.
        VerificationError: What is stored of the item does not verify any more.
        RefusedError: The item was withdrawn.
        StoreError: The bytes are not there, or damaged. While they are taken ``ProofError`` says that they are
            not those that were signed.
    """
    with database.read() as db:
        rules = RuleBook(card, around).at(db)
        contents = find_view(db, text, mission_reader(db, name, around.now()), rules, blobs)
        item = items.item(db, contents.item_id)
        assert item is not None, "what was found is there"
        check_standing(db, item)
        each = _one_of(_attachments(verify(contents.data, rules.pinned, trusts_revoked=True)), which)
        portion = each.portion
        assert isinstance(portion, Attachment), "only attachments were looked at"
        kept = attachments.find(db, wanted_of(portion, rules.ids[each.policy, each.label]))
    if kept is None:
        raise StoreError("the bytes of an attachment are not here", hint="restore the newest backup")
    return Opened(portion=portion, pieces=verified(portion, store.chunks(kept.file, portion.size)))


def _attachments(contents: Contents) -> Sequence[ViewPortion]:
    return [each for each in contents.portions if isinstance(each.portion, Attachment)]


def _one_of(found: Sequence[ViewPortion], which: str) -> ViewPortion:
    named = [each for each in found if not which or which in {each.code, _name(each)}]
    if len(named) != 1:
        problem = "no attachment" if not named else "more than one attachment"
        raise MalformedError(
            f"{problem} of this name or code in this item", hint="legation show says which there are"
        )
    return named[0]


def _name(each: ViewPortion) -> str:
    return each.portion.name if isinstance(each.portion, Attachment) else ""
