# SPDX-License-Identifier: Apache-2.0
"""
What versions of a document are compared by, folded from their views; and which of them a reader notices.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from legation.item.substance import parts_of, substance_of
from legation.item.view import Contents


@dataclass(frozen=True, slots=True, kw_only=True)
class SubstanceRow:
    """A part of what a view says, under the access ids of the two layers that it joins, the lower first."""

    first: int
    second: int
    has_body: bool
    digest: bytes


def fold_substance(contents: Contents, access_ids: Iterable[int]) -> tuple[SubstanceRow, ...]:
    """
    Fold a view.

    Args:
        contents: The view.
        access_ids: Those of its layers, in their order.
    """
    layers = [(each.policy, each.label) for each in contents.layers]
    ids = dict(zip(layers, access_ids, strict=True))
    rows = []
    for part in parts_of(substance_of(contents)):
        first, second = sorted((ids[part.first], ids[part.second]))
        rows.append(SubstanceRow(first=first, second=second, has_body=part.has_body, digest=part.digest))
    return tuple(sorted(rows, key=lambda row: (row.first, row.second)))


class Readable(Protocol):
    """A version as far as one reader may see it."""

    @property
    def substance(self) -> object:
        """What it says to them; equal exactly if it says the same."""

    @property
    def has_body(self) -> bool:
        """Whether there is something to read in it."""

    @property
    def is_withdrawn(self) -> bool:
        """Whether its author has withdrawn it."""


V = TypeVar("V", bound=Readable)


def noticed(versions: Iterable[V]) -> list[V]:
    """
    Tell which versions a reader ever notices; the last one is what they have now.

    1. A version that says the same as what they have is not noticed.
    2. Nor is one with nothing to read, where what they have has something.
    3. Of a version that was withdrawn they have nothing: the next one comes in its place, whatever it
       says. One that was replaced before does not come back.

    Args:
        versions: Those of which the reader may see something, the oldest first.
    """
    found: list[V] = []
    for each in versions:
        last = found[-1] if found and not found[-1].is_withdrawn else None
        is_alike = last is not None and each.substance == last.substance
        says_less = last is not None and last.has_body and not each.has_body
        if not is_alike and not says_less:
            found.append(each)
    return found
