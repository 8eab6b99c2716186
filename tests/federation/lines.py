# SPDX-License-Identifier: Apache-2.0
"""
Lines between two real nodes that lose, double, delay, cut and twist whole envelopes; one seed decides it all.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random

import pytest

from legation.errors import LegationError, RemoteProtocolError, UnreachableError
from tests.node.pair import Node, Way

FAULTS = (
    "asked in vain",
    "answer lost",
    "asked twice",
    "an old answer",
    "answer cut",
    "answer twisted",
    "question twisted",
)


@dataclass
class Line:
    """
    A bad line to one node: what happens to an exchange, and how often each happened.
    """

    to: Node
    dice: Random
    is_bad: bool = True
    met: dict[str, int] = field(default_factory=dict)
    old: list[bytes] = field(default_factory=list)

    @property
    def way(self) -> Way:
        """How a pull gets there, and what comes back."""

        def exchange(pieces: Iterable[bytes]) -> Iterator[bytes]:
            fault = self.dice.choice(("none", *FAULTS)) if self.is_bad else "none"
            self.met[fault] = self.met.get(fault, 0) + 1
            asked = b"".join(pieces)
            if fault == "asked in vain":
                raise UnreachableError("the line is dead")
            if fault == "question twisted":
                asked = self.twisted(asked)
            answer = b"".join(self.to.answers([asked]))
            if fault == "asked twice":
                self.asks_again(asked)
            self.old.append(answer)
            return self.comes_back(fault, answer)

        return exchange

    def asks_again(self, asked: bytes) -> None:
        """Let the same question arrive once more: it is not answered twice."""
        with pytest.raises(RemoteProtocolError, match="before"):
            list(self.to.answers([asked]))

    def comes_back(self, fault: str, answer: bytes) -> Iterator[bytes]:
        """What of an answer comes back."""
        if fault == "answer lost":
            raise UnreachableError("the line is dead")
        if fault == "an old answer":
            return iter([self.dice.choice(self.old[:-1] or [answer[:100]])])
        if fault == "answer cut":
            return iter([answer[: self.dice.randrange(len(answer))]])
        return iter([self.twisted(answer) if fault == "answer twisted" else answer])

    def twisted(self, data: bytes) -> bytes:
        """One bit is another."""
        at = self.dice.randrange(len(data))
        return data[:at] + bytes([data[at] ^ (1 << self.dice.randrange(8))]) + data[at + 1 :]


def pulls_over(line: Line, asker: Node) -> bool:
    """Make one pull over a line; whether its answer was taken in."""
    try:
        asker.pulls(line.to, line.way)
    except LegationError:
        return False
    return True
