# SPDX-License-Identifier: Apache-2.0
"""
vakt: one policy whose rules compare the portion with its reader.

vakt's own list rules compare with constants only, so that it cannot say the rule by itself; the three
rules here are added in the way that its documentation shows.
"""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import vakt
import vakt.rules

from bench.peers.attributes import LISTS, categories
from legation.labels import Clearance, Label


class _OneOf:
    """The value is among those that the reader holds."""

    def __init__(self, attribute: str) -> None:
        self.attribute = attribute

    def satisfied(self, what: str, inquiry: Any = None) -> bool:
        held: frozenset[str] = inquiry.subject[self.attribute]
        return what in held


class _AllHeld:
    """The reader holds every value."""

    def __init__(self, attribute: str) -> None:
        self.attribute = attribute

    def satisfied(self, what: frozenset[str], inquiry: Any = None) -> bool:
        held: frozenset[str] = inquiry.subject[self.attribute]
        return what <= held


class _OneHeld:
    """There is no value, or the reader holds one of them."""

    def __init__(self, attribute: str) -> None:
        self.attribute = attribute

    def satisfied(self, what: frozenset[str], inquiry: Any = None) -> bool:
        return not what or not what.isdisjoint(inquiry.subject[self.attribute])


def jobs(labels: Sequence[Label], clearances: Sequence[Clearance]) -> dict[str, Callable[[], list[bool]]]:
    """Ways to answer every pair, by name."""
    storage = vakt.MemoryStorage()
    resource = {
        "classification": _OneOf("classifications"),
        "caveats": _AllHeld("caveats"),
        **{name: _OneHeld(name) for name in LISTS},
    }
    storage.add(
        vakt.Policy(
            1,
            actions=[vakt.rules.Eq("see")],
            subjects=[vakt.rules.Any()],
            resources=[resource],
            effect=vakt.ALLOW_ACCESS,
        )
    )
    guard = vakt.Guard(storage, vakt.RulesChecker())
    readers = [{"classifications": frozenset(each.classifications), **_sets(each)} for each in clearances]
    portions = [{"classification": each.classification, **_sets(each)} for each in labels]
    inquiries = [
        vakt.Inquiry(action="see", subject=reader, resource=portion)
        for portion, reader in product(portions, readers)
    ]
    return {"vakt": lambda: [guard.is_allowed(inquiry) for inquiry in inquiries]}


def _sets(holder: Label | Clearance) -> dict[str, frozenset[str]]:
    return {name: frozenset(values) for name, values in categories(holder).items()}
