# SPDX-License-Identifier: Apache-2.0
"""
Which of several versions of a document goes to a peer, if any.

All that was released to one peer of one document is decided together, each time one of it waits.

Rules kept here:

1. A version goes only if it says something else to the peer than what they have. "Says" is its substance:
   never its time, its ids or its salts.
2. What they have is what was handed over, as far as they may see it now. What a rule has taken from them
   since is no news of a new version; nor is what was not approved for them.
3. Of what was not handed over yet the newest goes. Where it says to the peer what an older one says that
   waits, the older one goes: so they cannot tell that there is a newer one.
4. Where the newest may not go, no older one goes in its place: its author narrowed it, or the rules did.
5. Of what was withdrawn they have nothing, and what it replaced does not come back.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from legation.exchange import read_view
from legation.item.substance import Substance, substance_of
from legation.item.view import inspect
from legation.keys.card import PolicyReference
from legation.labels import Label
from legation.node.rules import Rules
from legation.release import Because, DeliveryEvent, DeliveryState
from legation.store.blobs import Blobs
from legation.store.sqlite import deliveries, items, outgoing, paper
from legation.store.sqlite.database import Reading, Writing
from legation.store.sqlite.deliveries import VersionDelivery

Cutting = Callable[[bytes, frozenset[int]], bytes | Because]
"""Makes the copy of an item that shows the layers under some access ids, or says why there is none."""


HAD = frozenset({Because.RECEIVED_BEFORE, Because.PRINTED_BEFORE})
"""Why a delivery is withdrawn of which the peer has, or may have, a copy."""


@dataclass(frozen=True, kw_only=True)
class Going:
    """The one version that goes, its copy, and what that says."""

    delivery: VersionDelivery
    data: bytes
    substance: Substance


@dataclass(kw_only=True)
class Fates:
    """
    What becomes of the versions that were not handed over: one may go, the others are withheld.

    ``has`` is what the peer has: what was handed over last and not withdrawn.
    """

    has: Substance | None = None
    going: Going | None = None
    withheld: list[tuple[VersionDelivery, Because]] = field(default_factory=list)


class _Walk:
    """Goes through the versions, the oldest first."""

    def __init__(self, db: Reading, office: str, rules: Rules, blobs: Blobs, cut: Cutting) -> None:
        self._db = db
        self._office = office
        self._rules = rules
        self._blobs = blobs
        self._cut = cut
        self._handed_over: VersionDelivery | None = None  # the last one, until it is looked into
        self.fates = Fates()

    def look_into(self) -> None:
        """Read what was handed over last: of many versions only the one that counts."""
        if self._handed_over is not None:
            self.fates.has = self._said_by(self._handed_over)
            self._handed_over = None

    def _said_by(self, each: VersionDelivery) -> Substance | None:
        """What a version said as it was handed over, in a stream or on paper."""
        if each.number is not None:
            return handed_over(self._db, each, self._blobs)
        data = self._cut(each.item_id, paper.layers_of(self._db, each.delivery_id))
        assert isinstance(data, bytes), "what was printed says something"
        return substance_of(inspect(data))

    def take(self, each: VersionDelivery) -> None:
        """Look at the next version."""
        match each.state:
            case DeliveryState.NUMBERED | DeliveryState.RECEIPTED | DeliveryState.PRINTED:
                self._drop_going()
                self._handed_over, self.fates.has = each, None
            case DeliveryState.WITHDRAWN if each.because in HAD:
                self._drop_going()
                self._handed_over, self.fates.has = None, None
            case DeliveryState.WITHDRAWN:
                if self._news(each) is not None:
                    self._drop_going()
            case _:
                self._weigh(each)

    def _weigh(self, each: VersionDelivery) -> None:
        news = self._news(each)
        if news is None:
            self.fates.withheld.append((each, Because.NO_DIFFERENCE))
            return
        self._drop_going()
        if isinstance(news, Going):
            self.fates.going = news
        else:
            self.fates.withheld.append((each, news))

    def _drop_going(self) -> None:
        if self.fates.going is not None:
            self.fates.withheld.append((self.fates.going.delivery, Because.REPLACED))
            self.fates.going = None

    def _news(self, each: VersionDelivery) -> Going | Because | None:
        """The copy of a version, or why there is none; None if it says what they have."""
        allowed = frozenset(one for one in each.labels if self._rules.permits(self._office, one))
        data = self._cut(each.item_id, allowed)
        if isinstance(data, Because):
            return data
        said = substance_of(inspect(data))
        self.look_into()
        before = self.fates.going.substance if self.fates.going is not None else self.fates.has
        if before is not None and said == before.within(self._comparable(each, allowed)):
            return None
        return Going(delivery=each, data=data, substance=said)

    def _comparable(
        self, each: VersionDelivery, allowed: frozenset[int]
    ) -> Callable[[PolicyReference, Label], bool]:
        """Which labels of what they have count beside a newer version (rule 2)."""
        own = items.own_view(self._db, each.item_id)
        assert own is not None, "what is delivered was released here"
        not_for_them = {*items.layers(self._db, own.view_key)} - allowed

        def keep(policy: PolicyReference, label: Label) -> bool:
            access_id = self._rules.ids[policy, label]
            return access_id not in not_for_them and self._rules.permits(self._office, access_id)

        return keep


def handed_over(db: Reading, each: VersionDelivery, blobs: Blobs) -> Substance | None:
    """What an entry said that was handed over; None if it was taken back since."""
    assert each.stream_id is not None, "what was handed over is in a stream"
    assert each.number is not None, "what was handed over has a number"
    payload = outgoing.payload(db, each.stream_id, each.number, blobs)
    return None if payload is None else substance_of(inspect(read_view(payload)[1]))


def weigh_versions(
    db: Reading, office: str, document: bytes, *, rules: Rules, blobs: Blobs, cut: Cutting
) -> Fates:
    """Decide which version of a document goes to a peer now."""
    walk = _Walk(db, office, rules, blobs, cut)
    for each in deliveries.of_document(db, office, document):
        walk.take(each)
    walk.look_into()
    return walk.fates


def withhold(db: Writing, fates: Fates, *, epoch: int, at: int) -> None:
    """
    Write down why the others do not go; what is withheld for this reason already stays as it is.

    One that would go and is withheld is not woken here: that is done when the rules turn (``serving``) or another
    is withdrawn (``withdrawing``). Another version must not hasten it, or it would tell of itself.
    """
    for each, because in fates.withheld:
        if each.state is DeliveryState.WITHHELD:
            if each.because is because:
                continue
            deliveries.wake(db, [each.delivery_id], at)
        deliveries.move(db, each.delivery_id, DeliveryEvent.REFUSE, because, epoch=epoch, at=at)
