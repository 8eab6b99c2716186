# SPDX-License-Identifier: Apache-2.0
"""
The one decision: may the holder of this clearance see what carries this label?

It is asked for people, peers, search, exports, notices and bags alike.

Rules kept here:

1. Refuse is the default; permit needs every step to hold.
2. Validity comes first (``validity``).
3. Without an instant, a decision that depends on any date is refused.
4. Access follows the clearance's explicit list of classifications; hierarchy is not asked.
5. Every restrictive value is held. Of every permissive list at least one value is held, list by
   list. Informative values are not looked at.
6. All reasons are given, not the first: "list *and* level".
7. Of a label that becomes another one, all that counts at the instant must permit (``succession``).

Source: ADatP-4774.1, section 4 (access control decision function).
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from legation.encoding import Canonical
from legation.labels.label import Category, Clearance, Label, TagType
from legation.labels.policy import Policy, Window
from legation.labels.succession import in_force
from legation.labels.validity import LABELS_REMEMBERED, Fault, validate


class ReasonCode(StrEnum):
    """Why a decision came out as it did; the first group refuses, the second permits."""

    POLICY_UNKNOWN = "policy-unknown"
    LABEL_INVALID = "label-invalid"
    CLEARANCE_POLICY_DIFFERS = "clearance-policy-differs"
    CLEARANCE_DATE_NEEDED = "clearance-date-needed"
    CLEARANCE_NOT_IN_FORCE = "clearance-not-in-force"
    CLASSIFICATION_NOT_HELD = "classification-not-held"
    ALL_NOT_HELD = "all-not-held"
    ONE_NOT_HELD = "one-not-held"

    CLASSIFICATION_HELD = "classification-held"
    ALL_HELD = "all-held"
    ONE_HELD = "one-held"


class Reason(Canonical, frozen=True):
    """
    One reason, as a code and values; ``legation.words`` says it to a person.

    ``wanted`` are the names on the label, ``held`` those of the clearance in the same list, or,
    where the reason permits, those that count. ``fault`` is set with ``LABEL_INVALID``.
    """

    code: ReasonCode
    tag: str = ""
    wanted: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    fault: Fault | None = None


class Decision(Canonical, frozen=True):
    """Permit or refuse, with every reason for it."""

    permitted: bool
    reasons: tuple[Reason, ...]


def decide(policy: Policy, label: Label, clearance: Clearance, *, at: datetime | None = None) -> Decision:
    """
    Decide whether the holder of *clearance* may see what carries *label*.

    Args:
        policy: The policy that the label names, resolved by the caller.
        label: Any label; it is validated first.
        clearance: Any clearance; values of it that the policy does not know grant nothing.
        at: The instant of the decision, with a time zone. Without it, a decision that depends on
            a date is refused.

    Raises:
        TypeError: *at* has no time zone.
    """
    if at is not None and at.tzinfo is None:
        raise TypeError("decide needs an instant with a time zone")
    if label.succession is not None and at is not None:
        return _all_of(decide(policy, each, clearance, at=at) for each in in_force(policy, label, at))
    barred = (*_label_bars(policy, label, at), *clearance_bars(policy, clearance, at))
    if barred:
        return Decision(permitted=False, reasons=barred)
    reasons = (_weigh_classification(policy, label, clearance), *_weigh_categories(policy, label, clearance))
    refused = tuple(reason for reason in reasons if reason.code not in PERMITTING)
    return Decision(permitted=not refused, reasons=refused or reasons)


def _all_of(decisions: Iterable[Decision]) -> Decision:
    """Permit if all do. The reasons are those of all, or of all that refuse, each once."""
    found = list(decisions)
    refused = [decision for decision in found if not decision.permitted]
    reasons = dict.fromkeys(reason for decision in refused or found for reason in decision.reasons)
    return Decision(permitted=bool(found) and not refused, reasons=tuple(reasons))


PERMITTING = frozenset({ReasonCode.CLASSIFICATION_HELD, ReasonCode.ALL_HELD, ReasonCode.ONE_HELD})


def _label_bars(policy: Policy, label: Label, at: datetime | None) -> Iterator[Reason]:
    for fault in validate(policy, label, at=at):
        yield Reason(code=ReasonCode.LABEL_INVALID, fault=fault)


def clearance_bars(policy: Policy, clearance: Clearance, at: datetime | None) -> Iterator[Reason]:
    """Give the reasons for which a clearance counts for nothing, whatever the label."""
    if not policy.is_named(clearance.policy_id, clearance.policy):
        yield Reason(code=ReasonCode.CLEARANCE_POLICY_DIFFERS, wanted=(policy.name,))
    window = Window(not_before=clearance.not_before, not_after=clearance.not_after)
    if not window.is_open and at is None:
        yield Reason(code=ReasonCode.CLEARANCE_DATE_NEEDED)
    elif at is not None and not window.holds(at):
        yield Reason(code=ReasonCode.CLEARANCE_NOT_IN_FORCE)


def _weigh_classification(policy: Policy, label: Label, clearance: Clearance) -> Reason:
    held = {policy.fold(name) for name in clearance.classifications}
    is_held = policy.fold(label.classification) in held
    return Reason(
        code=ReasonCode.CLASSIFICATION_HELD if is_held else ReasonCode.CLASSIFICATION_NOT_HELD,
        wanted=(label.classification,),
        held=clearance.classifications,
    )


def _weigh_categories(policy: Policy, label: Label, clearance: Clearance) -> Iterator[Reason]:
    """One reason for each list of the label that can decide, in the order of the policy."""
    holdings = held_values(policy, clearance.categories)
    for (tag, type_), wanted in held_values(policy, label.categories).items():
        held = holdings.get((tag, type_), {})
        common = tuple(name for name in wanted if name in held)
        if type_ is TagType.RESTRICTIVE:
            code = ReasonCode.ALL_HELD if len(common) == len(wanted) else ReasonCode.ALL_NOT_HELD
        elif type_ is TagType.PERMISSIVE:
            code = ReasonCode.ONE_HELD if common else ReasonCode.ONE_NOT_HELD
        else:
            continue
        counted = common if code in PERMITTING else tuple(held)
        yield Reason(code=code, tag=tag, wanted=tuple(wanted), held=counted)


Lists = Mapping[tuple[str, TagType], Mapping[str, None]]
"""Names of values by tag set and type, in the order and spelling of the policy."""


@lru_cache(maxsize=LABELS_REMEMBERED)
def held_values(policy: Policy, categories: tuple[Category, ...]) -> Lists:
    """
    Group categories by tag set and type; what is found is remembered, for it never changes.

    What the policy does not know is left out: on a clearance it grants nothing, and a label with
    it never gets here.
    """
    found: dict[tuple[str, TagType], dict[int, str]] = {}
    for part in categories:
        field = policy.field(part)
        if field is None:
            continue
        names = found.setdefault((field.tag_set.name, field.type), {})
        for value in part.values:
            member = field.members.get(policy.fold(value))
            if member is not None:
                names[member.bit] = member.category.name
    # Bits ascend in the order of the policy.
    return MappingProxyType(
        {
            key: {found[key][bit]: None for bit in sorted(found[key])}
            for key in policy.fields
            if found.get(key)
        }
    )
