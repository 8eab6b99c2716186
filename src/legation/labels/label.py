# SPDX-License-Identifier: Apache-2.0
"""
Labels and clearances as values: what a portion carries, what a person or peer may see.

Both speak in the names of a policy, as ADatP-4774 does: a classification, and categories grouped
by tag set and type. Nothing here knows whether a policy has these names; ``validity`` does.

A permissive category without a value permits nobody. It can be read and held, so that it can be
refused with a reason, and no function of this room ever treats it like an absent one.
"""

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from legation.encoding import Canonical
from legation.errors import MalformedError

NAME_LENGTH_MAX = 256  # characters; XML SPIF 2.1 sets it for every name
CATEGORIES_MAX = 64  # of one label or clearance; published policies have fewer than ten tag sets
NAMES_REMEMBERED = 8192  # the names of some large policies; the same few come again and again
SUCCESSORS_MAX = 4  # one after another; more is no plan that a person could check
VALUES_MAX = 1024  # of one category; the largest published tag set has about 400


class TagType(StrEnum):
    """How the values of a category decide (ADatP-4774, Category/@Type)."""

    RESTRICTIVE = "restrictive"
    """Every value must be held."""
    PERMISSIVE = "permissive"
    """At least one value must be held."""
    INFORMATIVE = "informative"
    """Shown to people, never decides."""


@lru_cache(maxsize=NAMES_REMEMBERED)
def check_name(name: str, what: str, *, may_be_empty: bool = False) -> None:
    """
    Refuse a name that two people, or two programs, could read differently.

    Raises:
        MalformedError: Empty, too long, padded with space, not in Unicode NFC, or with a control
            or invisible format character.
    """
    if not name and may_be_empty:
        return
    if not 0 < len(name) <= NAME_LENGTH_MAX:
        raise MalformedError(f"{what} has {len(name)} characters, expected 1 to {NAME_LENGTH_MAX}")
    if name.isascii() and name.isprintable() and name[0] != " " != name[-1]:
        return
    if name != name.strip() or not unicodedata.is_normalized("NFC", name):
        raise MalformedError(f"{what} has space around it or is not in Unicode NFC")
    if any(
        unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for character in name
    ):
        raise MalformedError(f"{what} holds a control or invisible character")


class Category(Canonical, frozen=True, cache_hash=True):
    """
    The values of one tag set, of one type, on a label or a clearance.

    ``tag`` is the name of the tag *set*, ``tag_id`` its object identifier where it was stated.
    ``values`` are sorted and differ. ``category()`` puts loose values into this form.
    """

    tag: str
    type: TagType
    values: tuple[str, ...]
    tag_id: str = ""

    def __post_init__(self) -> None:
        check_name(self.tag, "tag name")
        if self.tag_id:
            check_name(self.tag_id, "tag identifier")
        if len(self.values) > VALUES_MAX:
            raise MalformedError(f"category has {len(self.values)} values, expected at most {VALUES_MAX}")
        previous = ""
        for value in self.values:
            check_name(value, "category value")
            if value <= previous:
                raise MalformedError("category values are not sorted, or one is there twice")
            previous = value

    @property
    def key(self) -> tuple[str, str, str]:
        """What groups categories: two of one key on a label are one list."""
        return (self.tag, self.tag_id, self.type)


class Label(Canonical, frozen=True, cache_hash=True):
    """
    What one portion carries: policy, classification, categories.

    The policy is known by its object identifier, its name, or both; then both must fit.
    ``succession`` is what it becomes later; the labels of an item have none, for an item that is
    labelled anew is a new item.
    """

    classification: str
    categories: tuple[Category, ...] = ()
    policy_id: str = ""
    policy: str = ""
    succession: "Succession | None" = None

    def __post_init__(self) -> None:
        check_name(self.classification, "classification")
        check_policy(self.policy_id, self.policy)
        check_categories(self.categories)
        depth, later = 0, self.succession
        while later is not None:
            depth, later = depth + 1, later.label.succession
        if depth > SUCCESSORS_MAX:
            raise MalformedError(f"label has {depth} successors, expected at most {SUCCESSORS_MAX}")


class Succession(Canonical, frozen=True, cache_hash=True):
    """
    What a label becomes (ADatP-4774, SuccessionHandling).

    ``at`` is SuccessionDateTime, ``review_at`` the ReviewDateTime of the label it belongs to, both
    with a time zone. When which of the two labels counts is said in ``succession``.
    """

    at: datetime
    label: Label
    review_at: datetime | None = None

    def __post_init__(self) -> None:
        for instant in (self.at, self.review_at):
            if instant is not None and instant.tzinfo is None:
                raise MalformedError("succession has a date without a time zone")


class Clearance(Canonical, frozen=True):
    """
    What one person or peer may see under one policy.

    ``classifications`` is an explicit list: SECRET does not imply the ones below it.
    ``not_before`` and ``not_after`` bound it in time, both inclusive, in UTC.
    """

    classifications: tuple[str, ...]
    categories: tuple[Category, ...] = ()
    policy_id: str = ""
    policy: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None

    def __post_init__(self) -> None:
        for name in self.classifications:
            check_name(name, "classification")
        check_policy(self.policy_id, self.policy)
        check_categories(self.categories)
        for bound in (self.not_before, self.not_after):
            if bound is not None and bound.tzinfo is None:
                raise MalformedError("clearance has a date without a time zone")


def check_policy(policy_id: str, policy: str) -> None:
    """Refuse a label or clearance that names no policy at all."""
    if policy_id or not policy:
        check_name(policy_id, "policy identifier")
    if policy:
        check_name(policy, "policy name")


def check_categories(categories: tuple[Category, ...]) -> None:
    """Refuse categories that are too many, unsorted, or name one list twice."""
    if len(categories) > CATEGORIES_MAX:
        raise MalformedError(f"{len(categories)} categories, expected at most {CATEGORIES_MAX}")
    previous: tuple[str, ...] = ()
    for part in categories:
        if part.key <= previous:
            raise MalformedError("categories are not sorted, or one list is there twice")
        previous = part.key


def category(tag: str, type: TagType, values: Iterable[str], *, tag_id: str = "") -> Category:
    """Make a category from values in any order, repeated or not."""
    return Category(tag=tag, type=type, values=tuple(sorted(set(values))), tag_id=tag_id)


def gathered(categories: Iterable[Category]) -> tuple[Category, ...]:
    """Sort categories and join those that are one list (ADatP-4774: grouped by tag name)."""
    lists: dict[tuple[str, str, str], list[str]] = {}
    for part in categories:
        lists.setdefault(part.key, []).extend(part.values)
    return tuple(
        category(tag, TagType(type_), values, tag_id=tag_id)
        for (tag, tag_id, type_), values in sorted(lists.items())
    )
