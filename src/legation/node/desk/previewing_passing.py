# SPDX-License-Identifier: Apache-2.0
"""
The preview of passing on: portion by portion what each addressee would get, and why not the rest.

It tells the mission's own people about what they may see, and hands nothing over (``passing`` does).
"""

from collections.abc import Sequence

from legation.item.draft import Slip
from legation.item.portion import BODY, Attachment, is_controlled
from legation.item.view import Contents, ViewPortion, inspect
from legation.keys.card import Card
from legation.labels import portion_mark
from legation.node.desk.passing import PassedCopy, Passing, copy_banner, weigh_passing
from legation.node.desk.reading import begin_reading
from legation.node.rules import RuleBook, Rules, mission_reader
from legation.node.surroundings import Surroundings
from legation.records import PassedCopyRecord, PassedPortionRecord, PassingRecord
from legation.release import Showing, decide_label
from legation.store.blobs import Blobs
from legation.store.sqlite import items
from legation.store.sqlite.database import Database, Reading
from legation.words import english


def preview_passing(
    text: str,
    *,
    slips: Sequence[Slip],
    card: Card,
    database: Database,
    blobs: Blobs,
    around: Surroundings,
) -> PassingRecord:
    """
    Say what would go to each addressee if an item were passed on now, and why not the rest.

    Args:
        text: Its reference, its id, or the beginning of it.
        slips: The addressees.
        card: The office's own card.
        database: The node's store.
        blobs: Where long views are.
        around: Clock and dice.

    Raises:
        MalformedError: There is no such item that the mission's people may see; or no addressees, or our own
            office.
        RefusedError: It is ours, withdrawn, or replaced; or an addressee is its author.
    """
    with database.read() as db:
        rules = RuleBook(card, around).at(db)
        allowed = begin_reading(db, mission_reader(db, rules.office, around.now()), rules)
        found = weigh_passing(db, text, slips, allowed=allowed, rules=rules, blobs=blobs)
        return PassingRecord(
            item=found.item.item_id.hex(),
            reference=found.item.reference,
            author=found.item.office,
            copies=tuple(_record(db, each, found, allowed, blobs) for each in found.copies),
            preview=found.digest.hex(),
        )


def _record(
    db: Reading, each: PassedCopy, found: Passing, allowed: frozenset[int], blobs: Blobs
) -> PassedCopyRecord:
    """Say of each portion that the mission's people may see in the view whether it goes, and why not."""
    if each.found is None:
        seen, shown = items.readable_view(db, found.item.item_id, blobs), frozenset[str]()
    else:
        seen = items.view_data(db, each.found.view.view_key, blobs)
        shown = frozenset(one.code for one in inspect(each.found.cut(found.rules)).shown())
    contents = inspect(seen)
    sorting = _Sorting(each, found.rules, contents, shown)
    return PassedCopyRecord(
        addressee=each.slip.addressee,
        banner="" if each.why else copy_banner(each, found.rules),
        portions=tuple(
            sorting(one) for one in contents.portions if found.rules.ids[one.policy, one.label] in allowed
        ),
        why=each.why,
    )


class _Sorting:
    """Says what becomes of the portions of one view in one addressee's copy."""

    def __init__(self, copy: PassedCopy, rules: Rules, contents: Contents, shown: frozenset[str]) -> None:
        self._copy = copy
        self._rules = rules
        self._shown = shown
        self._controlled = {
            rules.access_id(layer) for layer in contents.layers if any(map(is_controlled, layer.portions))
        }

    def __call__(self, each: ViewPortion) -> PassedPortionRecord:
        """What becomes of one portion."""
        policy = self._rules.policies.resolve(each.policy)
        assert policy is not None, "what the mission's people may see is under a policy at hand"
        showing, why = self._outcome(each)
        kind = "par." if isinstance(each.portion, BODY) else type(each.portion).__name__.lower()
        kind = "file" if isinstance(each.portion, Attachment) else kind
        return PassedPortionRecord(
            portion=f"{kind} [{each.code}]",
            mark=portion_mark(policy, each.label),
            showing=showing.value,
            why=why,
        )

    def _outcome(self, each: ViewPortion) -> tuple[Showing, str]:
        access_id = self._rules.ids[each.policy, each.label]
        if access_id in self._copy.layers:
            return (Showing.SHOWN if each.code in self._shown else Showing.COVERED), ""
        reader = self._rules.reader(self._copy.slip.addressee)
        decision = decide_label(self._rules.policies, reader, each.policy, each.label)
        if not decision.permitted:
            return Showing.WITHHELD, english.decision(decision)
        assert access_id in self._controlled, "what is permitted and does not go is controlled"
        if is_controlled(each.portion):
            return Showing.WITHHELD, "under its originator's control"
        return Showing.WITHHELD, "under one label with what is under its originator's control"
