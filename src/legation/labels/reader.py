# SPDX-License-Identifier: Apache-2.0
"""
The reader: who asks, holding what, at which instant. No query is made without one.

Groups are expanded here, and only here: a reader's clearance is what it counts as holding at the
reader's instant.
"""

from datetime import datetime

from legation.encoding import Canonical
from legation.errors import MalformedError
from legation.labels.decision import Decision, Reason, ReasonCode, decide
from legation.labels.label import Clearance, Label, check_name
from legation.labels.membership import Expansion, expand
from legation.labels.policy import Policy


class Reader(Canonical, frozen=True):
    """
    A person or a peer at one instant.

    ``name`` is for people and logs, it decides nothing. ``clearances`` hold at most one for each
    policy: two would widen each other. ``at`` has a time zone.
    """

    name: str
    clearances: tuple[Clearance, ...]
    at: datetime

    def __post_init__(self) -> None:
        check_name(self.name, "reader name")
        if self.at.tzinfo is None:
            raise MalformedError("a reader's instant needs a time zone")
        named = [clearance.policy_id or clearance.policy for clearance in self.clearances]
        if len(set(named)) != len(named):
            raise MalformedError("a reader has two clearances under one policy")

    def clearance(self, policy: Policy) -> Clearance | None:
        """What the reader counts as holding under *policy*; none if there is not exactly one clearance."""
        held = self._held(policy)
        return held if held is None or not policy.memberships else expand(policy, held, at=self.at).clearance

    def expansion(self, policy: Policy) -> Expansion | None:
        """The same, with the groups that count and the instant at which they do."""
        held = self._held(policy)
        return None if held is None else expand(policy, held, at=self.at)

    def _held(self, policy: Policy) -> Clearance | None:
        held = [each for each in self.clearances if policy.is_named(each.policy_id, each.policy)]
        return held[0] if len(held) == 1 else None

    def decide(self, policy: Policy, label: Label) -> Decision:
        """Decide about *label*; without a clearance under its policy the answer is no."""
        clearance = self.clearance(policy)
        if clearance is None:
            reason = Reason(code=ReasonCode.CLEARANCE_POLICY_DIFFERS, wanted=(policy.name,))
            return Decision(permitted=False, reasons=(reason,))
        return decide(policy, label, clearance, at=self.at)
