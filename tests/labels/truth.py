# SPDX-License-Identifier: Apache-2.0
"""
The plain answers for all labels and clearances of a small policy, worked out once.
"""

from datetime import datetime
from functools import cache

from tests.labels import naive
from tests.labels.small import all_clearances, all_labels


@cache
def truth(plain: naive.Plain, at: datetime | None) -> list[bytes]:
    """
    One row a label, in the order of ``all_labels``: a byte for each clearance, 1 permits.
    """
    clearances = all_clearances(plain)
    return [
        bytes(naive.decide(plain, label, clearance, at) for clearance in clearances)
        for label in all_labels(plain)
    ]
