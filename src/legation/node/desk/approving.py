# SPDX-License-Identifier: Apache-2.0
"""
What is approved by approving a draft: every addressee's copy, and the labels in it.

Its digest stands for it; ``releasing`` compares it with what the releasing officer looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from legation.encoding import Canonical, encode
from legation.item.draft import Draft
from legation.keys.card import PolicyReference
from legation.labels import Label
from legation.node.rules import Rules
from legation.release import Preview, decide_label, preview


class Approved(Canonical, frozen=True):
    """One addressee's copy as it is approved: these layers, each a policy and a label."""

    office: str
    layers: tuple[tuple[PolicyReference, Label], ...]


@dataclass(frozen=True, kw_only=True)
class Approvable:
    """What is approved by approving a draft now: its copies, and per addressee the labels in them."""

    draft: Draft
    preview: Preview
    approved: tuple[Approved, ...]

    @cached_property
    def digest(self) -> bytes:
        """What stands for all of it."""
        return approval_digest(self.draft.digest, self.approved)

    @property
    def by_office(self) -> Mapping[str, Approved]:
        """The approved copies by addressee."""
        return {each.office: each for each in self.approved}


def approval_digest(draft: bytes, approved: tuple[Approved, ...]) -> bytes:
    """SHA-256 of the digest of a draft and all that is approved with it, in the order of its slips."""
    return sha256(b"legation/preview/v1\n" + draft + encode(approved)).digest()


def approvable(draft: Draft, rules: Rules) -> Approvable:
    """Work out every addressee's copy under the present rules."""
    readers = [rules.reader(slip.addressee) for slip in draft.slips]
    labels = {each.label: draft.references[each.label.policy_id] for each in draft.portions}
    approved = tuple(
        Approved(
            office=reader.name,
            layers=tuple(
                (named, label)
                for label, named in labels.items()
                if decide_label(rules.policies, reader, named, label).permitted
            ),
        )
        for reader in readers
    )
    return Approvable(draft=draft, preview=preview(draft, rules.policies, readers), approved=approved)
