# SPDX-License-Identifier: Apache-2.0
"""
Clock and dice: what the pure rooms are told comes from here, and tests bring their own.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """``now`` gives the instant in UTC; ``random`` gives so many fresh bytes."""

    now: Callable[[], datetime]
    random: Callable[[int], bytes]


HERE = Surroundings(now=lambda: datetime.now(UTC), random=os.urandom)
"""This machine's clock and its operating system's randomness."""
