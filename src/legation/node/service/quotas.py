# SPDX-License-Identifier: Apache-2.0
"""
Quotas: how much one side may ask of this node, so that none delays the others.

A bucket fills with time and is emptied by use. Before a signature has verified, all that is known of whoever asks is the
number it comes from, and behind a proxy that is the same for all: so a source whose envelopes fail is not shut out, it
only waits behind the others. A peer that asks for more than its share waits for itself.

Time is an argument; whoever waits does so elsewhere.
"""

from collections import OrderedDict
from dataclasses import dataclass

SIDES_MAX = 4_096  # remembered at once; one that is forgotten has a full bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """
    How much may be asked for.

    Args:
        per_s: On average, in a second.
        burst: At once, after a rest.
    """

    per_s: float
    burst: float


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Quotas:
    """
    Buckets of many sides, by name; the ones not used for longest are forgotten.

    Args:
        quota: Of each.
    """

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def use(self, side: str, amount: float, now: float) -> float:
        """
        Use some of the bucket of a side, also where it has less: then it owes.

        Args:
            side: Whose.
            amount: How much.
            now: In seconds, from any beginning.

        Returns:
            In how many seconds it owes nothing; 0 if it does not.
        """
        bucket = self._filled(side, now)
        bucket.left -= amount
        return max(0.0, -bucket.left / self._quota.per_s)

    def owes(self, side: str, now: float) -> bool:
        """Whether a side has used more than it had."""
        return side in self._buckets and self._filled(side, now).left < 0

    def _filled(self, side: str, now: float) -> _Bucket:
        bucket = self._buckets.setdefault(side, _Bucket(self._quota.burst, now))
        bucket.left = min(self._quota.burst, bucket.left + (now - bucket.at) * self._quota.per_s)
        bucket.at = now
        self._buckets.move_to_end(side)
        if len(self._buckets) > SIDES_MAX:
            self._buckets.popitem(last=False)
        return bucket
