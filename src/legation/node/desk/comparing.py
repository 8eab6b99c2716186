# SPDX-License-Identifier: Apache-2.0
"""
What a new version would be to each of its addressees, held against what they have or are about to get.

It tells the author's side only. Whether a version goes is decided when it is numbered (``superseding``),
by the same comparison.
"""

from collections.abc import Callable
from functools import cache

from msgspec.structs import replace

from legation.item.substance import ToldPortion, substance_of_draft
from legation.keys.card import PolicyReference
from legation.labels import Label, portion_mark
from legation.node.desk.approving import Approvable
from legation.node.desk.superseding import weigh_versions
from legation.node.rules import Rules
from legation.node.streams.numbering import Cutter
from legation.records import (
    DifferenceRecord,
    NewsRecord,
    PreviewRecord,
    StretchRecord,
    ToldRecord,
)
from legation.release import Change, Difference, News, differences, news
from legation.store.blobs import Blobs
from legation.store.sqlite import deliveries, items
from legation.store.sqlite.database import Reading


def compared(
    db: Reading, record: PreviewRecord, found: Approvable, rules: Rules, blobs: Blobs
) -> PreviewRecord:
    """
    Add to a preview what the new version is to whom.

    Args:
        db: The snapshot.
        record: The preview of a draft that replaces an item of ours.
        found: What would be approved.
        rules: The rules of this snapshot.
        blobs: Where long payloads are.
    """
    draft = found.draft
    assert draft.replaces is not None, "only a new version is compared"
    item = items.item(db, draft.replaces)
    assert item is not None, "what a draft replaces was found when it was written"
    news_of = _Comparing(db, found, item.document, rules, blobs)
    named = {slip.addressee for slip in draft.slips}
    return replace(
        record,
        replaces=item.reference,
        news=tuple(news_of(slip.addressee) for slip in draft.slips),
        not_addressed=tuple(
            office for office in deliveries.addressees_of(db, item.document) if office not in named
        ),
    )


class _Comparing:
    """Compares for one addressee after the other; what is the same for several is worked out once."""

    def __init__(self, db: Reading, found: Approvable, document: bytes, rules: Rules, blobs: Blobs) -> None:
        self._db = db
        self._draft = substance_of_draft(found.draft)
        self._approved = {each.office: frozenset(each.layers) for each in found.approved}
        self._document = document
        self._rules = rules
        self._blobs = blobs
        self._cutter = Cutter(blobs)
        self._differences = cache(differences)

    def __call__(self, office: str) -> NewsRecord:
        fates = weigh_versions(
            self._db,
            office,
            self._document,
            rules=self._rules,
            blobs=self._blobs,
            cut=lambda item_id, allowed: self._cutter.cut(self._db, item_id, allowed, self._rules),
        )
        before = fates.going.substance if fates.going is not None else fates.has
        after = self._draft.within(lambda *marking: marking in self._approved[office])
        if before is not None:
            before = before.within(self._comparable(office))
        said = news(before, after)
        found = self._differences(before, after) if said is News.DIFFERENT and before is not None else ()
        return NewsRecord(
            addressee=office,
            news=said.value,
            waits=fates.going is not None,
            gains=sum(each.change is Change.GAINED for each in found),
            loses=sum(each.change is Change.LOST for each in found),
            differences=tuple(map(self._record, found)),
        )

    def _comparable(self, office: str) -> Callable[[PolicyReference, Label], bool]:
        """Which labels of what they have count beside the draft, as at numbering."""
        markings = {each.marking for each in self._draft.portions} - self._approved[office]

        def keep(policy: PolicyReference, label: Label) -> bool:
            access_id = self._rules.ids[policy, label]
            return (policy, label) not in markings and self._rules.permits(office, access_id)

        return keep

    def _record(self, each: Difference) -> DifferenceRecord:
        return DifferenceRecord(
            change=each.change.value,
            before=self._told(each.before),
            after=self._told(each.after),
            words=tuple(StretchRecord(kind=word.kind, text=word.text) for word in each.words),
        )

    def _told(self, portion: ToldPortion | None) -> ToldRecord | None:
        if portion is None:
            return None
        policy = self._rules.policies.resolve(portion.policy)
        mark = f"({portion.label.classification})" if policy is None else portion_mark(policy, portion.label)
        return ToldRecord(mark=mark, portion=portion.portion)
