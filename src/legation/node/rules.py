# SPDX-License-Identifier: Apache-2.0
"""
What is decided with, at one epoch: policies, cards, grants, and the decisions that follow.

One row of the store counts every change of a policy, a clearance, a grant, a peer or a relevant date.
``RuleBook`` keeps what was worked out at the present count and throws it away when the count moves,
whichever process moved it.

Rules kept here:

1. The count is read in the very transaction that decides.
2. Nothing is remembered of a change that is not committed: if it is undone, the same count and the same
   access ids come to stand for something else.
3. When a date passes that changes a decision, or the clock is put back, a new epoch begins.
4. A decision is made once for each pair of peer and access id, by ``release.decide_label`` like any other.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as extended
from datetime import UTC, datetime
from functools import lru_cache

from msgspec.structs import replace

from legation.errors import MalformedError
from legation.formats import spif
from legation.item.parts import LayerHead
from legation.item.shape import Layer
from legation.keys.card import Card, Cards, PolicyReference, read
from legation.keys.sign import Verify
from legation.labels import Clearance, Label, Policies, Policy, Reader
from legation.labels.policy import Window
from legation.node.surroundings import Surroundings
from legation.release import decide_label
from legation.store.sqlite import access, node, peers, policies
from legation.store.sqlite.database import Reading, Writing

POLICIES_REMEMBERED = 64  # as many as a card names


@lru_cache(maxsize=POLICIES_REMEMBERED)
def read_policy(data: bytes) -> Policy:
    """Read a SPIF strictly; the same bytes always give the same policy, so it is read once."""
    return spif.read(data)


def named_clearance(clearance: Clearance, policies: Policies) -> Clearance:
    """
    Name the policy of a clearance by its identifier alone: clearances are kept by it.

    Raises:
        MalformedError: It is under no policy at hand, or it is not clear under which.
    """
    found = {each.id for each in policies if each.is_named(clearance.policy_id, clearance.policy)}
    if len(found) != 1:
        raise MalformedError(
            "the clearance is under a policy that is not at hand", hint="legation policy add SPIF"
        )
    return replace(clearance, policy_id=found.pop(), policy="")


@lru_cache(maxsize=1024)
def read_card(data: bytes, verify: Verify) -> Card:
    """Read a pinned card; the same bytes are verified once."""
    return read(data, verify=verify)


def policies_at_hand(db: Reading) -> Policies:
    """The policies that the node decides with: those that were accepted."""
    return Policies(read_policy(each.spif) for each in policies.policies(db) if each.accepted_by is not None)


def mission_reader(db: Reading, name: str, at: datetime) -> Reader:
    """Whoever reads at this node, as long as it knows no persons: with what the mission holds."""
    return Reader(name=name, clearances=node.mission_clearances(db), at=at)


def received_reader(db: Reading, name: str, at: datetime) -> Reader:
    """This office as others may hand it something: where nothing else is set, as its own people."""
    return Reader(name=name, clearances=node.mission_clearances(db, received=True), at=at)


@dataclass(frozen=True, kw_only=True)
class Rules:
    """
    What holds at one epoch.

    ``decided`` is filled as it is asked: (peer, access id) to whether the peer may be handed it.
    ``ids`` and ``labels`` never change: what has more of them is another object.
    """

    epoch: int
    at: datetime
    office: str
    policies: Policies
    cards: Mapping[str, Card]
    pinned: Cards
    grants: Mapping[str, tuple[Clearance, ...]]
    ids: Mapping[tuple[PolicyReference, Label], int] = field(default_factory=dict, repr=False)
    labels: Mapping[int, tuple[PolicyReference, Label]] = field(default_factory=dict, repr=False)
    decided: dict[tuple[str, int], bool] = field(default_factory=dict, repr=False)

    def reader(self, office: str) -> Reader:
        """A peer as the reader it is; without a grant it holds nothing."""
        return Reader(name=office, clearances=self.grants.get(office, ()), at=self.at)

    def permits(self, office: str, access_id: int) -> bool:
        """Whether *office* may be handed what stands under this access id, which is loaded."""
        found = self.decided.get((office, access_id))
        if found is None:
            reference, label = self.labels[access_id]
            found = decide_label(self.policies, self.reader(office), reference, label).permitted
            self.decided[office, access_id] = found
        return found

    def loaded(self, db: Reading) -> "Rules":
        """The same rules with the access ids that were made since."""
        new = list(access.accesses(db, after=max(self.labels, default=0)))
        if not new:
            return self
        named = {number: (each.reference, each.label) for number, each in new}
        own = {named[number]: number for number, each in new if each.group == access.NO_GROUP}
        return extended(
            self, ids={**self.ids, **own}, labels={**self.labels, **named}, decided=dict(self.decided)
        )

    def access_id(self, layer: Layer | LayerHead) -> int:
        """The access id of a layer that was interned and loaded."""
        return self.ids[layer.policy, layer.label]


class RuleBook:
    """
    The rules of the present epoch, worked out when they are first needed. Threads may share it.

    Args:
        card: The office's own card, trusted like a pinned one.
        around: Clock and dice.
    """

    def __init__(self, card: Card, around: Surroundings) -> None:
        self._card = card
        self._around = around
        self._rules: Rules | None = None  # as they were committed

    @property
    def own(self) -> Card:
        """The office's own card."""
        return self._card

    def at(self, db: Reading) -> Rules:
        """The rules as this snapshot, or this change so far, sees them."""
        epoch = node.epoch(db).number
        rules = self._rules
        if rules is None or rules.epoch != epoch:
            rules = _rules(db, self._card, epoch, self._around)
        rules = rules.loaded(db)
        if not isinstance(db, Writing):
            # Whatever is new in a change may be undone with it.
            self._rules = rules
        return rules

    def turn(self, db: Writing) -> Rules:
        """
        The rules for an act that decides; a new epoch begins if it is due.
        """
        if is_due(db, self._around):
            begin_epoch(db, self._around)
        return self.at(db)


def is_due(db: Reading, around: Surroundings) -> bool:
    """
    Whether a date has passed that changes a decision, or the clock was put back since the epoch began.

    Then dates that had passed are before us again.
    """
    epoch, now = node.epoch(db), around.seconds()
    return now < epoch.began_at or (epoch.changes_at is not None and epoch.changes_at <= now)


def begin_epoch(db: Writing, around: Surroundings) -> int:
    """Count a change of whatever decides, and note when the next date will change a decision."""
    now = around.seconds()
    return node.bump_epoch(db, changes_at=changes_after(db, now), began_at=now)


def changes_after(db: Reading, now: int) -> int | None:
    """When a date will change a decision next after an instant, or None."""
    return min((instant for instant in _dates(db) if instant > now), default=None)


def _rules(db: Reading, own: Card, epoch: int, around: Surroundings) -> Rules:
    cards = [read_card(data, around.verify) for data in peers.pinned_cards(db)]
    return Rules(
        epoch=epoch,
        at=around.now(),
        office=str(own.office),
        policies=policies_at_hand(db),
        cards={str(card.office): card for card in cards},
        pinned=Cards([own, *cards]),
        grants={
            each.office: tuple(grant.clearance for grant in peers.grants(db, each.office))
            for each in peers.peers(db)
        },
    )


def _dates(db: Reading) -> Iterator[int]:
    """Every instant at which a grant or something in a policy begins or ceases to hold."""
    for each in peers.peers(db):
        for grant in peers.grants(db, each.office):
            yield from _bounds(grant.clearance.not_before, grant.clearance.not_after)
    for policy in policies_at_hand(db):
        for window in _windows(policy):
            yield from _bounds(window.not_before, window.not_after)


def _windows(policy: Policy) -> Iterable[Window]:
    yield policy.window
    for tag_set in policy.tag_sets:
        for tag in tag_set.tags:
            yield from (each.window for each in tag.categories)


def _bounds(not_before: datetime | None, not_after: datetime | None) -> Iterator[int]:
    if not_before is not None:
        yield int(not_before.astimezone(UTC).timestamp())
    if not_after is not None:
        yield int(not_after.astimezone(UTC).timestamp()) + 1  # both bounds are inside
