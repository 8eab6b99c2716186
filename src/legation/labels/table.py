# SPDX-License-Identifier: Apache-2.0
"""
Decisions without reasons, for hot paths: labels and clearances compiled to integers.

Every classification and every value of a policy has a bit. A label then asks two things of a
clearance's bits: to have all of ``need``, and at least one in each permissive list. The second
takes no loop: each list has a guard bit above its values, and adding "all values of the list" to
what is held carries into the guard exactly when something is held.

These functions agree with ``decide`` (a test compares them exhaustively) and are the only other
place where a decision is made. A label that is not valid compiles to one that nobody may see.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import reduce
from itertools import compress
from operator import and_
from typing import NamedTuple

from legation.labels.decision import clearance_bars, held_values
from legation.labels.label import Clearance, Label, TagType
from legation.labels.policy import Field, Policy
from legation.labels.succession import in_force
from legation.labels.validity import validate


class CompiledLabel(NamedTuple):
    """
    What a label asks of a clearance's bits.

    ``need``: bits that must all be held. ``any_of``: all bits of its permissive values.
    ``fill``: for each permissive list, ones over all its values. ``guard``: the bits above.
    """

    need: int
    any_of: int
    fill: int
    guard: int


NOBODY = CompiledLabel(need=1, any_of=0, fill=0, guard=0)  # no clearance holds bit 0


def compile_label(policy: Policy, label: Label, *, at: datetime | None = None) -> CompiledLabel:
    """Compile *label*; it permits nobody if it is not valid at that instant."""
    if validate(policy, label, at=at):
        return NOBODY
    if label.succession is None:
        return _compiled(policy, label)
    return _joined(policy, [_compiled(policy, each) for each in in_force(policy, label, at)])


def _compiled(policy: Policy, label: Label) -> CompiledLabel:
    classification = policy.classification(label.classification)
    assert classification is not None, "a valid label has a known classification"
    need, any_of, fill, guard = 1 << policy.class_bits[classification.name], 0, 0, 0
    for key, values in held_values(policy, label.categories).items():
        field = policy.fields[key]
        bits = sum(1 << field.members[policy.fold(name)].bit for name in values)
        if field.type is TagType.RESTRICTIVE:
            need |= bits
        elif field.type is TagType.PERMISSIVE:
            any_of |= bits
            fill |= _values_of(field)
            guard |= _guard_of(field)
    return CompiledLabel(need, any_of, fill, guard)


def _values_of(field: Field) -> int:
    return ((1 << field.width) - 1) << field.offset


def _guard_of(field: Field) -> int:
    return 1 << (field.offset + field.width)


def _joined(policy: Policy, labels: Sequence[CompiledLabel]) -> CompiledLabel:
    """
    Ask what all of these ask, of which the last joins the others.

    One list of several labels is one list here, of what they share. That asks no more than they do
    together: the last of them has that very list.
    """
    need, any_of, fill, guard = 0, 0, 0, 0
    for label in labels:
        need |= label.need
        fill |= label.fill
        guard |= label.guard
    for field in policy.fields.values():
        asking = [label.any_of for label in labels if label.guard & _guard_of(field)]
        if asking:
            any_of |= reduce(and_, asking) & _values_of(field)
    return CompiledLabel(need, any_of, fill, guard)


def compile_clearance(policy: Policy, clearance: Clearance, *, at: datetime | None = None) -> int:
    """Compile *clearance* to the bits it holds under *policy*; none if it is not in force."""
    if any(True for _ in clearance_bars(policy, clearance, at)):
        return 0
    held = 0
    for name in clearance.classifications:
        classification = policy.classification(name)
        if classification is not None:
            held |= 1 << policy.class_bits[classification.name]
    for key, values in held_values(policy, clearance.categories).items():
        field = policy.fields[key]
        held |= sum(1 << field.members[policy.fold(name)].bit for name in values)
    return held


def permits(label: CompiledLabel, held: int) -> bool:
    """Whether a clearance of these bits may see the label; ``decide`` without its reasons."""
    need, any_of, fill, guard = label
    return held & need == need and ((held & any_of) + fill) & guard == guard


class DecisionTable:
    """
    The decisions of readers about access ids: a row a reader, a column an access id.

    An access id is a place in the list of labels that differ. A node holds millions of portions
    and a few thousand labels, so a row answers everything about a reader.
    """

    def __init__(self, labels: Sequence[CompiledLabel]) -> None:
        self._labels = tuple(tuple(label) for label in labels)

    def row(self, held: int) -> bytes:
        """Decide every access id for one reader: a byte each, 1 permits."""
        return bytes(
            [
                held & need == need and ((held & any_of) + fill) & guard == guard
                for need, any_of, fill, guard in self._labels
            ]
        )

    def rows(self, clearances: Iterable[int]) -> list[bytes]:
        """Decide every access id for every reader."""
        return [self.row(held) for held in clearances]


def holdings(row: bytes, counts: Sequence[int]) -> int:
    """
    Say how many portions a reader would hold, from counts kept per access id.

    Args:
        row: A row of a ``DecisionTable``.
        counts: How many portions carry each access id, in the same order.
    """
    return sum(compress(counts, row))
