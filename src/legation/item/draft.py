# SPDX-License-Identifier: Apache-2.0
"""
The draft: what is being written. Frozen; an edit makes a new one with another digest.

Approval is given to a digest, so everything that will be signed or handed over is in it: portions,
their labels, what stands for what, and the slips of the addressees.
"""

import hashlib
from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property

from legation.encoding import Canonical, encode
from legation.errors import MalformedError
from legation.item.portion import ITEM_ID_SIZE_BYTES, Kind, Portion, Text, Withheld, check_line, check_office
from legation.item.variants import PAIRS_MAX
from legation.keys.card import TIME_MAX, PolicyReference
from legation.labels import Label

PORTIONS_MAX = 20_000  # of one item; twice the largest report that is asked for
SLIPS_MAX = 1_000  # addressees of one draft
POLICIES_MAX = 16  # policies under which one item is marked


class VariantKind(StrEnum):
    """How a portion stands for another one."""

    TEARLINE = "tearline"
    """Less full, for a wider audience."""
    TRANSLATION = "translation"
    """As full, in another language."""
    WITHHELD = "withheld"
    """Says only that something is withheld; everything before it in its group is fuller."""


class Variant(Canonical, frozen=True):
    """
    What a portion stands for: the one ``of`` places before it.

    A group is a portion and the variants that follow it without a gap.
    """

    kind: VariantKind
    of: int = 1


class DraftPortion(Canonical, frozen=True):
    """A portion, its label in the normal form of its policy, and what it stands for."""

    label: Label
    portion: Portion
    variant: Variant | None = None

    def __post_init__(self) -> None:
        is_withheld = isinstance(self.portion, Withheld)
        if self.variant is None and not is_withheld:
            return
        if is_withheld is not (self.variant is not None and self.variant.kind is VariantKind.WITHHELD):
            raise MalformedError("a withheld line stands for the portions before it, and nothing else is one")
        if not isinstance(self.portion, Text | Withheld):
            raise MalformedError("only a paragraph can be a tearline or a translation")


class Precedence(StrEnum):
    """How soon an item is to be handled."""

    ROUTINE = "routine"
    PRIORITY = "priority"
    IMMEDIATE = "immediate"
    FLASH = "flash"


class Slip(Canonical, frozen=True):
    """
    What concerns one addressee: bound by the stream to that peer, never part of the item.

    ``desk_by`` is UTC in seconds since 1970. ``back_file``: it is older than what the addressee may see now, and
    nothing to be alerted about.
    """

    addressee: str
    action: bool = False
    precedence: Precedence = Precedence.ROUTINE
    desk_by: int | None = None
    attention: str = ""
    back_file: bool = False

    def __post_init__(self) -> None:
        check_office(self.addressee)
        check_line(self.attention, "attention")
        if self.desk_by is not None and not 0 <= self.desk_by <= TIME_MAX:
            raise MalformedError("desk-by is out of range")


class Draft(Canonical, frozen=True, dict=True):
    """
    An item before it is signed.

    ``portions`` are in the order in which they are read; ``policies`` are those of their labels.
    ``replaces`` is the id of the item of which it is a new version, if it is one.
    """

    kind: Kind
    policies: tuple[PolicyReference, ...]
    portions: tuple[DraftPortion, ...]
    slips: tuple[Slip, ...] = ()
    replaces: bytes | None = None

    def __post_init__(self) -> None:
        if self.replaces is not None and len(self.replaces) != ITEM_ID_SIZE_BYTES:
            raise MalformedError(f"item id has {len(self.replaces)} bytes, expected {ITEM_ID_SIZE_BYTES}")
        if not 0 < len(self.portions) <= PORTIONS_MAX:
            raise MalformedError(f"{len(self.portions)} portions, expected 1 to {PORTIONS_MAX}")
        if not 0 < len(self.policies) <= POLICIES_MAX or len(self.slips) > SLIPS_MAX:
            raise MalformedError("draft has no policy, or too many policies or addressees")
        if len({slip.addressee for slip in self.slips}) != len(self.slips):
            raise MalformedError("an addressee has two slips")
        if any(slip.back_file for slip in self.slips):
            raise MalformedError("what is released for the first time is no back-file")
        if len(self.references) != len(self.policies):
            raise MalformedError("draft names two versions of one policy")
        for label in {each.label for each in self.portions}:
            check_normal(label)
            if label.policy_id not in self.references:
                raise MalformedError("a portion is labelled under a policy that the draft does not name")
        check_variants(self.portions)

    @cached_property
    def references(self) -> dict[str, PolicyReference]:
        """The policy references by object identifier."""
        return {each.id: each for each in self.policies}

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the draft: what is approved, and part of every secret draw at signing."""
        return hashlib.sha256(b"legation/draft/v1\n" + encode(self)).digest()

    @property
    def fuller(self) -> tuple[tuple[int, int], ...]:
        """Declared pairs (x, y): portion x is at least as full as portion y; not yet closed."""
        return tuple(sorted(set(_pairs(self.portions))))


def check_normal(label: Label) -> None:
    """
    Refuse a label that is not in the normal form of its policy: a layer has but one spelling.

    A label that becomes another at a date is refused too: what is labelled anew is a new item.
    """
    if label.succession is not None:
        raise MalformedError("a portion has a label that becomes another one")
    if not label.policy_id or label.policy or any(part.tag_id for part in label.categories):
        raise MalformedError("label is not in the normal form of its policy")
    if any(not part.values for part in label.categories):
        raise MalformedError("label has a category without a value")


def check_variants(portions: tuple[DraftPortion, ...]) -> None:
    """Refuse a variant that stands for nothing: at the start, or beyond its group; and too many."""
    group = 0  # how many portions of the present group were read
    pairs = 0
    for each in portions:
        if each.variant is None:
            group = 1 if isinstance(each.portion, Text) else 0
            continue
        if not 1 <= each.variant.of <= group:
            raise MalformedError("a variant does not follow the paragraph it stands for")
        # Everything before a withheld line is fuller, so one long group would have far too many pairs.
        pairs += group if each.variant.kind is VariantKind.WITHHELD else 1
        if pairs > PAIRS_MAX:
            raise MalformedError(f"expected at most {PAIRS_MAX} pairs of variants")
        group += 1


def _pairs(portions: tuple[DraftPortion, ...]) -> Iterator[tuple[int, int]]:
    start = 0  # the first portion of the present group
    for index, each in enumerate(portions):
        if each.variant is None:
            start = index
        elif each.variant.kind is VariantKind.WITHHELD:
            yield from ((fuller, index) for fuller in range(start, index))
        else:
            yield index - each.variant.of, index
            if each.variant.kind is VariantKind.TRANSLATION:
                yield index, index - each.variant.of
