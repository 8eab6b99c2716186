# SPDX-License-Identifier: Apache-2.0
"""What a check of a whole node says."""

from legation.encoding import Canonical


class FaultRecord(Canonical, frozen=True):
    """One thing that does not hold: where, and what; ``repairable``: whether what does hold can make it again."""

    where: str
    what: str
    repairable: bool


class CheckRecord(Canonical, frozen=True):
    """
    What a check of the whole node looked at, how much of it, and what does not hold.

    ``more`` counts the faults that are not listed; first stand those that cannot be made again, and ``repairable``
    says that there are none of these. ``leftovers`` are files that nothing names; they are no fault.
    ``repaired`` lists what was made again, and ``more_repaired`` counts what of that is not listed: nothing,
    unless that was asked for and could be done. Then ``checked`` and ``faults`` are of after it.
    """

    checked: dict[str, int]
    faults: tuple[FaultRecord, ...]
    more: int
    repairable: bool
    leftovers: int
    repaired: tuple[FaultRecord, ...]
    more_repaired: int
