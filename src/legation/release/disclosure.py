# SPDX-License-Identifier: Apache-2.0
"""
What a reader may be handed: the decision for each label, the cut that follows, and its banner.

Every decision about handing something over goes through ``decide_label``. A policy that is not at
hand, or not the very one a label names, means no.
"""

from collections.abc import Iterable

from legation.errors import RefusedError
from legation.item.view import Contents, cut, inspect
from legation.keys.card import PolicyReference
from legation.labels import Decision, Label, Policies, Reader, Reason, ReasonCode, banner_of


def decide_label(policies: Policies, reader: Reader, named: PolicyReference, label: Label) -> Decision:
    """
    Decide whether *reader* may be handed what carries *label*.

    Args:
        policies: The policies at hand.
        reader: Who asks.
        named: The policy under which the label was written.
        label: The label.
    """
    policy = policies.resolve(named)
    if policy is None:
        return Decision(permitted=False, reasons=(Reason(code=ReasonCode.POLICY_UNKNOWN),))
    return reader.decide(policy, label)


def disclose(contents: Contents, policies: Policies, reader: Reader) -> bytes:
    """
    Take the cut that *reader* may be handed.

    Raises:
        RefusedError: Nothing, or nothing that says anything: a cut without a body portion or a
            withheld line is not handed over.
    """
    copy = cut(contents, lambda layer: decide_label(policies, reader, layer.policy, layer.label).permitted)
    if inspect(copy).is_empty:
        raise RefusedError("nothing of the item's body may be shown")
    return copy


def disclosure_banner(policies: Policies, labels: Iterable[tuple[PolicyReference, Label]]) -> str:
    """Print the banner of what is disclosed: the roll-up under each policy, side by side by identifier."""
    found: dict[PolicyReference, list[Label]] = {}
    for named, label in labels:
        found.setdefault(named, []).append(label)
    return " / ".join(
        banner_of(policy, group)
        for named, group in sorted(found.items(), key=lambda pair: (pair[0].id, pair[0].version))
        if (policy := policies.resolve(named)) is not None
    )
