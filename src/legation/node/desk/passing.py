# SPDX-License-Identifier: Apache-2.0
"""
Passing on: what of another office's item goes to somebody else, under its author's one signature.

It is a release like another. A preview says what each addressee would get and why not the rest; what goes is
what was seen, and it is decided again when it is numbered (``numbering``).

Rules kept here:

1. What may go: layers that are held and that the mission's own people may see, that the addressee may be
   handed, and that hold nothing under its originator's control; all from one view (``passable``).
2. Nothing that is ours, withdrawn or replaced, nothing to its author, and to nobody what they have.
3. Somebody gets nothing: then nobody does, and it is said who. Nothing is approved that does not go.
4. An item that may not be seen is answered as one that is not there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from legation.encoding import encode
from legation.errors import MalformedError, RefusedError
from legation.item.draft import SLIPS_MAX, Slip
from legation.item.parts import LayerHead, Parts
from legation.keys.card import Card
from legation.labels.label import check_name
from legation.log import LogEntry, LogKind
from legation.node.desk.approving import Approved
from legation.node.desk.passable import Passable, best_passable, handed_over_layers
from legation.node.desk.reading import mission_reading
from legation.node.desk.versions import check_newest, check_standing, find_item
from legation.node.rules import RuleBook, Rules
from legation.node.streams.numbering import Cutter
from legation.node.surroundings import Surroundings
from legation.records import AddresseeRecord, PassedRecord
from legation.release import Because, DeliveryState, disclosure_banner
from legation.store.blobs import Blobs
from legation.store.sqlite import deliveries, items, logbook
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.items import StoredItem, StoredView

NOTHING = "nothing of it may go to them"
NOTHING_SAID = "what may go to them holds no paragraph"
NOTHING_NEW = "they have all of it already, or it is on its way"


@dataclass(frozen=True, kw_only=True)
class PassedCopy:
    """What one addressee would get: a view and layers of it; ``why`` it does not, if it does not."""

    slip: Slip
    found: Passable | None
    why: str

    @property
    def layers(self) -> frozenset[int]:
        """The access ids of the layers that would go."""
        return frozenset() if self.found is None else self.found.layers


@dataclass(frozen=True, kw_only=True)
class Passing:
    """What is approved by passing an item on now: every addressee's copy."""

    item: StoredItem
    copies: tuple[PassedCopy, ...]
    rules: Rules

    @cached_property
    def digest(self) -> bytes:
        """What stands for all of it."""
        approved = [(each.slip, each.layers) for each in self.copies]
        copies = {
            each.slip.addressee: sha256(each.found.cut(self.rules)).digest()
            for each in self.copies
            if each.found is not None
        }
        return passing_digest(self.item.item_id, approved, copies, self.rules)


def passing_digest(
    item_id: bytes,
    approved: Sequence[tuple[Slip, frozenset[int]]],
    copies: Mapping[str, bytes],
    rules: Rules,
) -> bytes:
    """
    SHA-256 of an item's id and all that is approved by passing it on.

    Args:
        item_id: Of another office.
        approved: The slips of the addressees in their order, each with the access ids approved for it.
        copies: By addressee the SHA-256 of its copy, if it has one. Labels alone would not bind: two views of an
            item can say something else under one label, if their author cheats. Nor is it the hash of the view:
            that would tell whoever previews about layers which they may not see.
        rules: They know the access ids.
    """
    slips = tuple((slip, copies.get(slip.addressee, b"")) for slip, _ in approved)
    layers_of = tuple(
        # Not by access id: in what order labels came here would tell of items that nobody may see.
        Approved(
            office=slip.addressee, layers=tuple(sorted((rules.labels[each] for each in layers), key=encode))
        )
        for slip, layers in approved
    )
    return sha256(b"legation/passing/v1\n" + item_id + encode(slips) + encode(layers_of)).digest()


def approved_copies(
    db: Reading, release_id: int, approved: Sequence[tuple[Slip, frozenset[int]]], rules: Rules, blobs: Blobs
) -> dict[str, bytes]:
    """
    By addressee the SHA-256 of the copy that was approved for it, of an item that was passed on.

    Raises:
        LegationError: A view is damaged or missing, or has nothing of what was approved.
    """
    views, cutter = deliveries.passed_views(db, release_id), Cutter(blobs)
    found = {}
    for slip, layers in approved:
        if slip.addressee in views:
            view = items.view(db, views[slip.addressee])
            copy = Passable(view=view, parts=cutter.parts_of(db, view), layers=layers).cut(rules)
            found[slip.addressee] = sha256(copy).digest()
    return found


def pass_on(
    text: str,
    *,
    slips: Sequence[Slip],
    by: str,
    seen: bytes | None,
    card: Card,
    database: Database,
    blobs: Blobs,
    around: Surroundings,
) -> PassedRecord:
    """
    Pass an item of another office on.

    Args:
        text: Its reference, its id, or the beginning of it.
        slips: The addressees.
        by: Who passes it on.
        seen: The digest of the preview that was looked at; None takes what holds now.
        card: The office's own card.
        database: The node's store.
        blobs: Where long views are.
        around: Clock and dice.

    Raises:
        MalformedError: As for a preview; or no name.
        RefusedError: As for a preview; or what would go is not what was seen, or somebody would get nothing.
    """
    check_name(by, "name")
    book = RuleBook(card, around)

    def act(db: Writing) -> PassedRecord:
        rules = book.turn(db)
        with mission_reading(db, rules, around) as allowed:
            found = weigh_passing(db, text, slips, allowed=allowed, rules=rules, blobs=blobs)
        if seen is not None and seen != found.digest:
            raise RefusedError(
                "what each addressee would get is no longer what was previewed", hint="preview it again"
            )
        for each in found.copies:
            if each.why:
                raise RefusedError(f"{each.slip.addressee}: {each.why}", hint="leave them out")
        _carry_out(db, found, by=by, at=around.seconds())
        return _passed_record(found)

    return database.write(act)


@dataclass(frozen=True, kw_only=True)
class _Weighing:
    """Finds an item and works out every addressee's copy, in one snapshot or change."""

    db: Reading
    rules: Rules
    allowed: frozenset[int]
    blobs: Blobs
    cutter: Cutter

    def __call__(self, text: str, slips: Sequence[Slip]) -> Passing:
        item = find_item(self.db, text)
        _check_item(self.db, item, self.rules)
        _check_addressees(slips, item, self.rules)
        held = items.held_layers(self.db, item.item_id) & self.allowed
        copies = tuple(self._copy(slip, item, held) for slip in slips)
        return Passing(item=item, copies=copies, rules=self.rules)

    def _copy(self, slip: Slip, item: StoredItem, held: frozenset[int]) -> PassedCopy:
        permitted = frozenset(each for each in held if self.rules.permits(slip.addressee, each))
        found = best_passable(self.db, item.item_id, permitted, self.rules, self._open)
        why = ""
        if found is None:
            why = NOTHING
        elif not found.says_something(self.rules):
            why = NOTHING_SAID
        elif any(found.layers <= each for each in self._on_their_way(slip.addressee, item)):
            why = NOTHING_NEW
        return PassedCopy(slip=slip, found=found, why=why)

    def _open(self, view: StoredView) -> Parts[LayerHead]:
        return self.cutter.parts_of(self.db, view)

    def _on_their_way(self, office: str, item: StoredItem) -> Iterator[frozenset[int]]:
        """The layers of each copy that an office was handed, and of what waits for it."""
        before = deliveries.passed_on(self.db, office, item.item_id)
        yield from handed_over_layers(self.db, before, self.rules, self.blobs)
        if before and before[-1].state is DeliveryState.WAITING:
            yield before[-1].labels


def weigh_passing(
    db: Reading, text: str, slips: Sequence[Slip], *, allowed: frozenset[int], rules: Rules, blobs: Blobs
) -> Passing:
    """
    Find an item of another office, and work out what each addressee would get of it now.

    Args:
        db: The snapshot, or the change so far, bound to the mission's own people.
        text: Its reference, its id, or the beginning of it.
        slips: The addressees.
        allowed: The access ids that the mission's own people may see.
        rules: The rules of this snapshot.
        blobs: Where long views are.

    Raises:
        MalformedError: There is no such item that may be seen; or no addressees, or our own office.
        RefusedError: It is ours, withdrawn, or replaced; or an addressee is its author.
    """
    return _Weighing(db=db, rules=rules, allowed=allowed, blobs=blobs, cutter=Cutter(blobs))(text, slips)


def _check_item(db: Reading, item: StoredItem, rules: Rules) -> None:
    if item.is_own or item.office == rules.office:
        raise RefusedError("this item is ours", hint="it goes to more offices as a new version: --replaces")
    check_standing(db, item)
    check_newest(db, item, hint="pass that one on, if you mean it")


def _check_addressees(slips: Sequence[Slip], item: StoredItem, rules: Rules) -> None:
    named = [slip.addressee for slip in slips]
    if not 0 < len(named) <= SLIPS_MAX:
        raise MalformedError(f"{len(named)} addressees, expected 1 to {SLIPS_MAX}")
    if len(set(named)) != len(named):
        raise MalformedError("an addressee is there twice")
    if rules.office in named:
        raise MalformedError("an item is not passed on to the office that holds it")
    if item.office in named:
        raise RefusedError(f"{item.office} wrote this item")


def _carry_out(db: Writing, found: Passing, *, by: str, at: int) -> None:
    """Write down what was approved for whom, and log it."""
    item_id = found.item.item_id
    release_id = deliveries.add_release(
        db, item_id=item_id, draft_digest=None, preview_digest=found.digest, by=by, at=at
    )
    for each in found.copies:
        deliveries.add_delivery(
            db,
            office=each.slip.addressee,
            item_id=item_id,
            release_id=release_id,
            slip=each.slip,
            labels=each.layers,
            state=DeliveryState.WAITING,
            because=Because.NONE,
            epoch=found.rules.epoch,
            at=at,
            view_key=None if each.found is None else each.found.view.view_key,
        )
    logged = ((LogKind.RELEASED, item_id), (LogKind.APPROVED, found.digest))
    logbook.append(db, [LogEntry(kind=kind, hash=digest, time=at) for kind, digest in logged])


def copy_banner(each: PassedCopy, rules: Rules) -> str:
    """The banner of one addressee's copy."""
    return disclosure_banner(rules.policies, [rules.labels[one] for one in sorted(each.layers)])


def _passed_record(found: Passing) -> PassedRecord:
    return PassedRecord(
        item=found.item.item_id.hex(),
        reference=found.item.reference,
        preview=found.digest.hex(),
        addressees=tuple(
            AddresseeRecord(addressee=each.slip.addressee, banner=copy_banner(each, found.rules))
            for each in found.copies
        ),
    )
