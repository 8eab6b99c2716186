# SPDX-License-Identifier: Apache-2.0
"""
Labels and clearances as the plain attributes that peers decide by.

The rule they are given is the whole rule of EXERCISE for valid labels: the classification is on the
clearance's list; every caveat is held; of each list that the label has, at least one value is held.
That a label is valid is not asked of them, though ``decide`` asks it each time.
"""

from bench.exercise import CAVEATS, CONTEXT, ONLY, RELEASABLE
from legation.labels import Clearance, Label

ATTRIBUTES = {CAVEATS: "caveats", CONTEXT: "contexts", RELEASABLE: "releasable", ONLY: "only"}
LISTS = ("contexts", "releasable", "only")


def categories(holder: Label | Clearance) -> dict[str, list[str]]:
    """The values of each list, by the attribute's name; empty where there is no list."""
    found: dict[str, list[str]] = {name: [] for name in ATTRIBUTES.values()}
    for part in holder.categories:
        found[ATTRIBUTES[part.tag]] += part.values
    return found
