# SPDX-License-Identifier: Apache-2.0
"""
What a sort of thing is that both verifiers judge, and the cards that both have pinned.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from legation.errors import (
    EquivocationError,
    LegationError,
    MalformedError,
    ProofError,
    RefusedError,
    SignatureError,
    VerificationError,
)
from legation.keys.card import Card, KeyState, read
from tests.fuzz.mutation import Syntax
from tests.item.test_vectors import INDEX
from tests.keys.office import Keys

FAMILIES: dict[type[LegationError], str] = {
    MalformedError: "malformed",
    ProofError: "proof",
    SignatureError: "signature",
    VerificationError: "origin",
    EquivocationError: "equivocation",
    RefusedError: "refused",
}
"""How the specifications' families are called in Python."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Refused as of some family, or verified with what is read of it."""

    family: str = "verifies"
    value: Mapping[str, Any] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        """Whether it verifies."""
        return self.family == "verifies"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """
    One sort of thing that is judged.

    ``made`` makes of an input what is judged; ``ours`` reads it in Python, or raises; ``question`` is what the
    other verifier is asked, and ``theirs`` takes of its answer what ``ours`` says.
    """

    name: str
    corpus: Sequence[bytes]
    syntax: Syntax
    ours: Callable[[bytes], Mapping[str, Any]]
    question: Callable[[bytes], Mapping[str, Any]]
    theirs: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    made: Callable[[bytes], bytes] = bytes

    def judged_here(self, data: bytes) -> Verdict:
        """What the program makes of it."""
        try:
            return Verdict(value=self.ours(data))
        except LegationError as error:
            return Verdict(family=FAMILIES[type(error)])

    def judged_there(self, answer: Mapping[str, Any]) -> Verdict:
        """What the other verifier made of it."""
        if "family" in answer:
            return Verdict(family=answer["family"])
        return Verdict(value=self.theirs(answer["value"]))


def asked(what: str, **more: Any) -> Callable[[bytes], Mapping[str, Any]]:
    """A question about an input, with whatever else it needs."""
    return lambda data: {"ask": what, "data": data, **more}


def same(*names: str) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """These fields of an answer."""
    return lambda value: {name: value[name] for name in names}


# The other verifier reads the pinned cards when it starts, and names them by their number here.


@cache
def cards() -> tuple[bytes, ...]:
    """The pinned cards: those of the vectors, of which two are second cards, and one with a retired stream key."""
    found = []
    for key in INDEX["keys"]:
        keys = Keys.of(key["office"])
        if key["state"] == "current":
            found.append(keys.card())
        else:
            later = keys.with_new_item_key(KeyState(key["state"]))
            found.append(later.card(number=1, previous=read(keys.card()).digest))
    return tuple(found)


@cache
def pinned() -> tuple[Card, ...]:
    """The same, read."""
    return tuple(map(read, cards()))
