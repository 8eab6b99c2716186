# SPDX-License-Identifier: Apache-2.0
"""
What destroying an item would take away, what it cannot reach, and who would be told; shown before it is done.

Shown is what the mission's own people may see of it: neither how many copies there are nor how long they are.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import sha256

from msgspec.structs import replace

from legation.encoding import encode
from legation.item.portion import Text
from legation.item.view import Contents, inspect
from legation.node.desk.attaching import Attached, attached_in, attached_to, wanted_of
from legation.node.desk.reading import said
from legation.node.rules import Rules
from legation.records import DestructionRecord, OnwardCopyRecord
from legation.store.blobs import Blobs
from legation.store.sqlite import deliveries, destructions, drafts, items, paper, withdrawals
from legation.store.sqlite.attachments import Wanted
from legation.store.sqlite.database import Reading
from legation.store.sqlite.items import StoredItem
from legation.words import english


@dataclass(frozen=True, kw_only=True)
class Reach:
    """
    What is held here of an item.

    ``gone`` are its attachments, ``shared`` those that another item or a draft has under the same label too.
    """

    views: tuple[int, ...]
    contents: tuple[Contents, ...]
    gone: frozenset[Wanted]
    shared: frozenset[Wanted]


@dataclass(frozen=True, kw_only=True)
class Looking:
    """What an item is looked at with; ``allowed`` are the access ids that the mission's people may see."""

    db: Reading
    rules: Rules
    blobs: Blobs
    allowed: frozenset[int]


def reach(db: Reading, item: StoredItem, rules: Rules, blobs: Blobs) -> Reach:
    """
    Look up what is held here of an item.

    Raises:
        StoreError: Something of it is damaged.
    """
    views = tuple(destructions.views_left(db, item.item_id))
    contents = tuple(inspect(items.view_data(db, each, blobs)) for each in views)
    wanted = {_wanted(each, rules) for one in contents for each in attached_in(one)}
    shared = frozenset(each for each in wanted if _is_shared(db, item, each, rules, blobs))
    return Reach(views=views, contents=contents, gone=frozenset(wanted) - shared, shared=shared)


def _wanted(each: Attached, rules: Rules) -> Wanted:
    return wanted_of(each.portion, rules.ids[each.policy, each.label])


def _is_shared(db: Reading, item: StoredItem, wanted: Wanted, rules: Rules, blobs: Blobs) -> bool:
    """Whether something else that is here has a file under the same label."""
    needle = encode(wanted.root)
    for view_key in destructions.others_that_may_have(db, item.item_id, wanted.access_id, needle):
        contents = inspect(items.view_data(db, view_key, blobs))
        if wanted in {_wanted(each, rules) for each in attached_in(contents)}:
            return True
    for digest in destructions.drafts_that_may_have(db, needle):
        draft = drafts.draft(db, digest)
        for each in attached_to(draft) if draft is not None else ():
            # A label that no draft was kept under has no access id, and is none of an attachment that is held.
            if wanted == wanted_of(each.portion, rules.ids.get((each.policy, each.label), 0)):
                return True
    return False


def preview_of(at: Looking, item: StoredItem, found: Reach) -> DestructionRecord:
    """
    Say what destroying an item comes to, as the mission's people may see it.

    ``preview`` in it stands for all that it says.
    """
    db, rules = at.db, at.rules
    shown = [
        each
        for contents in found.contents
        for each in attached_in(contents)
        if rules.ids[each.policy, each.label] in at.allowed
    ]
    withdrawn = withdrawals.withdrawn_at(db, item.item_id, item.office)
    told = destructions.told(db, item.item_id, rules.office)
    words = {_words(text) for contents in found.contents for text, _ in _texts(contents, at)}
    record = DestructionRecord(
        item=item.item_id.hex(),
        reference=item.reference,
        author=item.office,
        withdrawn="" if withdrawn is None else said(withdrawn),
        attachments=_names(each for each in shown if _wanted(each, rules) in found.gone),
        kept_attachments=_names(each for each in shown if _wanted(each, rules) in found.shared),
        told=tuple(each for each in destructions.readable_bringers(db, item.item_id) if each not in told),
        passed_on=tuple(_passed_on(db, item.item_id)),
        quoted_in=(*_quoting(at, item, words), *_drafted(at, item, words)),
    )
    return replace(record, preview=sha256(encode(record)).hexdigest())


def _names(found: Iterator[Attached]) -> tuple[str, ...]:
    return tuple(sorted({each.portion.name for each in found}))


def _passed_on(db: Reading, item_id: bytes) -> Iterator[OnwardCopyRecord]:
    """The copies that went on from here, and so cannot be reached."""
    handed = {each.delivery_id: each for each in paper.copies(db, item_id)}
    certified = destructions.certified(db, item_id)
    for each in deliveries.deliveries(db, item_id=item_id):
        copy = handed.get(each.delivery_id)
        if each.number is None and copy is None:
            continue
        yield OnwardCopyRecord(
            addressee=each.office,
            why=english.delivery(each.because.value or each.state.value),
            copy=each.copy,
            handed_to="" if copy is None else copy.handed_to or "",
            destroyed=copy.destroyed_at is not None if copy is not None else each.office in certified,
        )


def _quoting(at: Looking, item: StoredItem, words: AbstractSet[str]) -> Iterator[str]:
    """The references of other items that repeat words of this one, as far as both may be seen."""
    named = set[bytes]()
    for view_key, item_id in destructions.quoting(at.db, item.item_id, item.office) if words else ():
        if item_id in named:
            continue
        contents = inspect(items.view_data(at.db, view_key, at.blobs))
        quoted = [_words(text) for text, origin in _texts(contents, at) if origin == item.office]
        if any(quote in each for quote in quoted for each in words):
            named.add(item_id)
            other = items.item(at.db, item_id)
            assert other is not None, "a view is of an item"
            yield other.reference or item_id.hex()


def _drafted(at: Looking, item: StoredItem, words: AbstractSet[str]) -> Iterator[str]:
    """The drafts of ours that were not released and repeat words of an item, as far as both may be seen."""
    for digest in destructions.drafts_that_may_have(at.db, b'"origin":' + encode(item.office)):
        draft = None if drafts.is_released(at.db, digest) else drafts.draft(at.db, digest)
        quoted = [
            _words(each.portion.text)
            for each in (() if draft is None else draft.portions)
            if isinstance(each.portion, Text)
            and each.portion.origin == item.office
            and draft is not None
            and at.rules.ids.get((draft.references[each.label.policy_id], each.label)) in at.allowed
        ]
        if any(quote in each for quote in quoted for each in words):
            yield f"draft {digest.hex()[:12]}"


def _texts(contents: Contents, at: Looking) -> Iterator[tuple[str, str]]:
    """The paragraphs of a view that may be seen, each with whose words it says that it repeats."""
    for layer in contents.layers:
        if at.rules.access_id(layer) in at.allowed:
            for portion in layer.portions:
                if isinstance(portion, Text):
                    yield portion.text, portion.origin


def _words(text: str) -> str:
    return " ".join(text.split())
