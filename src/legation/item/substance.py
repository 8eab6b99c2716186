# SPDX-License-Identifier: Apache-2.0
"""
Substance: what somebody is told by a copy, without its time, its ids and its salts.

Versions of a document are compared by it. Whoever is told the same by two of them keeps the older one
and never learns of the newer. What counts is the kind, the portions in their order, the label of each
with its policy, and which of them stand for one another.

Use::

    seen = substance_of(contents).within(lambda policy, label: reader_may_see(policy, label))
    seen == substance_of_draft(draft).within(...)
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from legation.encoding import Canonical, encode
from legation.item.draft import Draft
from legation.item.portion import BODY, Kind, Portion
from legation.item.shape import Pair
from legation.item.variants import close
from legation.item.view import Contents
from legation.keys.card import PolicyReference
from legation.labels import Label

Marking = tuple[PolicyReference, Label]
"""A label and the policy under which it was written."""


class ToldPortion(Canonical, frozen=True):
    """One portion, and under which label and policy it stands."""

    policy: PolicyReference
    label: Label
    portion: Portion

    @property
    def marking(self) -> Marking:
        """Its label with its policy."""
        return self.policy, self.label


@dataclass(frozen=True, kw_only=True)
class Substance:
    """
    What a copy says.

    ``portions`` are in reading order; ``fuller`` holds pairs (x, y) of their places: x is at least as
    full as y.
    """

    kind: Kind
    portions: tuple[ToldPortion, ...]
    fuller: frozenset[Pair]

    @property
    def has_body(self) -> bool:
        """Whether there is something to read in it."""
        return any(isinstance(each.portion, BODY) for each in self.portions)

    def within(self, keep: Callable[[PolicyReference, Label], bool]) -> "Substance":
        """Take what stands under the labels that *keep* permits; asked once for each."""
        kept = {each: keep(*each) for each in dict.fromkeys(each.marking for each in self.portions)}
        if all(kept.values()):
            return self
        places = [place for place, each in enumerate(self.portions) if kept[each.marking]]
        numbers = {place: number for number, place in enumerate(places)}
        return Substance(
            kind=self.kind,
            portions=tuple(self.portions[place] for place in places),
            fuller=frozenset(
                (numbers[x], numbers[y]) for x, y in self.fuller if x in numbers and y in numbers
            ),
        )


def substance_of(contents: Contents) -> Substance:
    """What a view says."""
    return Substance(
        kind=contents.kind,
        portions=tuple(
            ToldPortion(policy=each.policy, label=each.label, portion=each.portion)
            for each in contents.portions
        ),
        fuller=contents.fuller,
    )


def substance_of_draft(draft: Draft) -> Substance:
    """What a draft says; the item that is made of it says the same."""
    return Substance(
        kind=draft.kind,
        portions=tuple(
            ToldPortion(policy=draft.references[each.label.policy_id], label=each.label, portion=each.portion)
            for each in draft.portions
        ),
        fuller=frozenset(close(draft.fuller)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    What one layer says, or how two of them join.

    Two copies say the same exactly if they have the same parts: so the substance of any cut is known
    from the parts of the whole, without its texts.

    ``first`` and ``second`` are the same for a layer. ``digest`` is a SHA-256.
    """

    first: Marking
    second: Marking
    has_body: bool
    digest: bytes


def parts_of(substance: Substance) -> Iterator[Part]:
    """Take a substance apart: each layer, then each pair of layers."""
    places = defaultdict[Marking, list[int]](list)
    for place, each in enumerate(substance.portions):
        places[each.marking].append(place)
    pairs = defaultdict[tuple[Marking, Marking], list[Pair]](list)
    for x, y in sorted(substance.fuller):
        first, second = substance.portions[x].marking, substance.portions[y].marking
        pairs[_ordered(first, second)].append((x, y))
    found = sorted(places, key=encode)
    for layer in found:
        held = [substance.portions[place].portion for place in places[layer]]
        said = (substance.kind, held, _renumbered(pairs[layer, layer], places[layer]))
        has_body = any(isinstance(portion, BODY) for portion in held)
        yield Part(first=layer, second=layer, has_body=has_body, digest=_digest(layer, layer, said))
    for number, second in enumerate(found):
        for first in found[:number]:
            joint = sorted([*places[first], *places[second]])
            inside = set(places[second])
            order = [int(place in inside) for place in joint]
            joined = (order, _renumbered(pairs[first, second], joint))
            yield Part(first=first, second=second, has_body=False, digest=_digest(first, second, joined))


def _ordered(first: Marking, second: Marking) -> tuple[Marking, Marking]:
    """Put two layers in the order in which their pair is named, whatever stands before what."""
    return (first, second) if encode(first) <= encode(second) else (second, first)


def _renumbered(pairs: list[Pair], places: list[int]) -> list[Pair]:
    numbers = {place: number for number, place in enumerate(places)}
    return [(numbers[x], numbers[y]) for x, y in pairs]


def _digest(first: Marking, second: Marking, said: object) -> bytes:
    return sha256(b"legation/substance/v1\n" + encode((first, second, said))).digest()
