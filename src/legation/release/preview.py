# SPDX-License-Identifier: Apache-2.0
"""
The preview: every addressee's cut of a draft, with the reason for each portion, before release.

It shows the drafter's side everything. It is not an approval and hands nothing over; what is
handed over later is decided again, and never more than what an approver saw here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from legation.item.draft import Draft, DraftPortion, VariantKind
from legation.item.portion import BODY, Attachment, Text, Title
from legation.item.variants import choose, close
from legation.keys.card import PolicyReference
from legation.labels import Decision, Explanation, Label, Policies, Policy, Reader, explain, portion_mark
from legation.release.disclosure import decide_label, disclosure_banner


class Showing(StrEnum):
    """What becomes of a portion in one addressee's copy."""

    SHOWN = "shown"
    COVERED = "covered"
    """It is in the copy, but a fuller variant, or one in a better language, is shown instead."""
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortionOutcome:
    """One portion in one copy: what becomes of it, why, and what would change it."""

    portion: str
    mark: str
    showing: Showing
    decision: Decision
    nearest: Explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class AddresseeCopy:
    """
    What one addressee would receive.

    ``number`` numbers the distinct copies from 1: addressees with the same number receive the same
    portions. ``banner`` is the roll-up of what the copy discloses. A copy that ``is_empty`` has no
    body and is not sent.
    """

    addressee: str
    number: int
    banner: str
    is_empty: bool
    title_shown: bool
    portions: tuple[PortionOutcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Every addressee's copy of the draft with this digest."""

    draft: bytes
    copies: tuple[AddresseeCopy, ...]


Addressee = Reader
"""An addressee is previewed as the reader it will be: a name, clearances, an instant."""


def preview(draft: Draft, policies: Policies, addressees: Iterable[Addressee]) -> Preview:
    """
    Work out every addressee's copy.

    Args:
        draft: What is to be released.
        policies: The policies at hand; what is marked under another one is withheld from everybody.
        addressees: Readers with the clearances that were granted to them.
    """
    names = portion_names(draft.portions)
    copies: list[AddresseeCopy] = []
    numbers: dict[tuple[bool, ...], int] = {}
    for addressee in addressees:
        outcomes = _outcomes(draft, policies, names, addressee)
        held = tuple(outcome.showing is not Showing.WITHHELD for outcome in outcomes)
        number = numbers.setdefault(held, len(numbers) + 1)
        copies.append(_copy(draft, policies, addressee, outcomes, number))
    return Preview(draft=draft.digest, copies=tuple(copies))


def portion_names(portions: Sequence[DraftPortion]) -> list[str]:
    """Name portions as people do: ``title``, ``par. 3``, ``par. 3 tearline``, ``file 1``."""
    names: list[str] = []
    paragraph, file = 0, 0
    for each in portions:
        if each.variant is not None:
            names.append(f"par. {paragraph} {_variant_name(each)}")
        elif isinstance(each.portion, Attachment):
            file += 1
            names.append(f"file {file}")
        elif isinstance(each.portion, BODY):
            paragraph += 1
            names.append(f"par. {paragraph}")
        else:
            names.append(type(each.portion).__name__.lower())
    return names


def _variant_name(each: DraftPortion) -> str:
    assert each.variant is not None, "only variants are named as such"
    if each.variant.kind is VariantKind.WITHHELD:
        return "withheld line"
    if each.variant.kind is VariantKind.TRANSLATION and isinstance(each.portion, Text):
        return f"in {each.portion.language}" if each.portion.language else "translation"
    return each.variant.kind.value


def _outcomes(
    draft: Draft, policies: Policies, names: list[str], reader: Reader
) -> tuple[PortionOutcome, ...]:
    weighed = {
        label: _weigh(policies, reader, draft.references[label.policy_id], label)
        for label in {each.label for each in draft.portions}
    }
    held = [index for index, each in enumerate(draft.portions) if weighed[each.label][0].permitted]
    shown = _shown(draft, held)
    outcomes = []
    for index, (name, each) in enumerate(zip(names, draft.portions, strict=True)):
        decision, nearest = weighed[each.label]
        showing = Showing.SHOWN if index in shown else Showing.COVERED
        outcomes.append(
            PortionOutcome(
                portion=name,
                mark=_mark(policies.resolve(draft.references[each.label.policy_id]), each.label),
                showing=showing if decision.permitted else Showing.WITHHELD,
                decision=decision,
                nearest=nearest,
            )
        )
    return tuple(outcomes)


def _weigh(
    policies: Policies, reader: Reader, named: PolicyReference, label: Label
) -> tuple[Decision, Explanation]:
    decision = decide_label(policies, reader, named, label)
    policy = policies.resolve(named)
    clearance = reader.clearance(policy) if policy is not None else None
    if decision.permitted or policy is None or clearance is None:
        return decision, Explanation()
    return decision, explain(policy, label, clearance, at=reader.at)


def _shown(draft: Draft, held: list[int]) -> set[int]:
    """Of the portions in a copy, those that its reader is shown."""
    places = {index: place for place, index in enumerate(held)}
    pairs = {(places[x], places[y]) for x, y in close(draft.fuller) if x in places and y in places}
    portions = [draft.portions[index].portion for index in held]
    languages = [each.language if isinstance(each, Text) else "" for each in portions]
    return {held[place] for place in choose(languages, pairs, ())}


def _mark(policy: Policy | None, label: Label) -> str:
    return f"({label.classification})" if policy is None else portion_mark(policy, label)


def _copy(
    draft: Draft,
    policies: Policies,
    addressee: Addressee,
    outcomes: tuple[PortionOutcome, ...],
    number: int,
) -> AddresseeCopy:
    held = [
        each
        for each, outcome in zip(draft.portions, outcomes, strict=True)
        if outcome.showing is not Showing.WITHHELD
    ]
    return AddresseeCopy(
        addressee=addressee.name,
        number=number,
        banner=disclosure_banner(
            policies, [(draft.references[each.label.policy_id], each.label) for each in held]
        ),
        is_empty=not any(isinstance(each.portion, BODY) for each in held),
        title_shown=any(isinstance(each.portion, Title) for each in held),
        portions=outcomes,
    )
