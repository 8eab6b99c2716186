# SPDX-License-Identifier: Apache-2.0
"""
A lie, and what must come of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from legation.errors import LegationError
from tests.federation.stage import AUS, CANARY, Stage

Tell = Callable[[Stage], object]

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Lie:
    """
    What AUS@NATO says to JPN@NATO, and what of it remains there.

    Args:
        tell: Says it.
        refused: As what it is refused; None if JPN@NATO refuses nothing.
        saying: What stands in the message of the refusal.
        left: The tables of JPN@NATO in which something remains.
        link: How the link to AUS@NATO stands then.
        told: What our own people are told of AUS@NATO.
        goes_on: Whether AUS@NATO can go on, if it behaves from then on. It cannot where its own stream holds what
            nobody reads.
        look: Looks at what else must be so.
    """

    tell: Tell
    refused: type[LegationError] | None = None
    saying: str = ""
    left: frozenset[str] = NOTHING
    link: str = "active"
    told: str = ""
    goes_on: bool = True
    look: Callable[[Stage], object] = lambda stage: None

    def holds(self, stage: Stage) -> None:
        """
        Tell the lie, and see that nothing comes of it but what must.

        Raises:
            AssertionError: Something else came of it.
        """
        said = self._tell(stage)
        assert stage.left() == self.left, f"what is left: {sorted(stage.left() ^ self.left)}"
        peer = stage.jpn.peer(AUS)
        assert peer.link == self.link
        assert self.told in peer.why
        assert CANARY not in said + peer.why
        self.look(stage)
        stage.goes_on_here(also_with_aus=self.goes_on and self.link == "active")

    def _tell(self, stage: Stage) -> str:
        """Tell it, and give what JPN@NATO says of it."""
        found: LegationError | None = None
        try:
            self.tell(stage)
        except LegationError as error:
            found = error
        name, message = (type(found), found.message) if found is not None else (None, "")
        assert name is self.refused, f"{name}: {message}"
        assert self.saying in message, message
        return "" if found is None else f"{message} {found.hint}"


Book = dict[str, Lie]


def lie(book: Book, **expected: object) -> Callable[[Tell], Tell]:
    """Write a lie into a book, under the name of the function that tells it."""

    def enter(tell: Tell) -> Tell:
        assert tell.__name__ not in book
        book[tell.__name__] = Lie(tell=tell, **expected)  # type: ignore[arg-type]
        return tell

    return enter
