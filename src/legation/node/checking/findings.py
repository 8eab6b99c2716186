# SPDX-License-Identifier: Apache-2.0
"""
What a check finds, and how far it is.

With a change at hand, what can be made again is made again as soon as it is found (``mend``), so that what comes
next is checked against what is right. Whoever began the change throws it away if anything is found that cannot
be mended.
"""

from collections import Counter
from collections.abc import Callable
from typing import TypeAlias, TypeVar

from legation.errors import LegationError
from legation.records import CheckRecord, FaultRecord
from legation.store.sqlite.database import Writing

LISTED_MAX = 1000  # faults; whoever has more needs none of them by name
STRANGE = "a row holds what this program never writes"

# What comes of a row that no check of the tables refuses and this program never writes: a kind that is none,
# a number that is none of those that there are, a time out of the calendar.
UNREADABLE = (ValueError, LookupError, AssertionError, ArithmeticError)

Result = TypeVar("Result")

Tell: TypeAlias = Callable[[str, int, int], None]
"""Is told what is looked at, how much of it was, and how much of it there is."""


def untold(_what: str, _done: int, _total: int) -> None:
    """Say nothing of how far it is."""


class MendError(Exception):
    """Something could not be made again, because of ``error``; whoever began the change raises that."""

    def __init__(self, error: LegationError) -> None:
        super().__init__(error.message)
        self.error = error


class Listed:
    """As many of some faults as are listed, and how many more there were."""

    def __init__(self) -> None:
        self.faults: list[FaultRecord] = []
        self.more = 0

    def __bool__(self) -> bool:
        return bool(self.faults)

    def add(self, where: str, what: str, *, repairable: bool = True) -> None:
        """Take one in."""
        if len(self.faults) < LISTED_MAX:
            self.faults.append(FaultRecord(where=where, what=what, repairable=repairable))
        else:
            self.more += 1

    def add_all(self, others: "Listed", *, repairable: bool = True) -> None:
        """Take in all of others."""
        for each in others.faults:
            self.add(each.where, each.what, repairable=repairable)
        self.more += others.more


class Findings:
    """
    Collects what is found.

    Args:
        tell: Told how far the check is.
        change: What is mended is mended in it; without it nothing is.
    """

    def __init__(self, tell: Tell = untold, change: Writing | None = None) -> None:
        self.change = change
        self.leftovers = 0
        self._tell = tell
        self._checked = Counter[str]()
        self._totals = dict[str, int]()
        # Apart, so that however many can be mended, none that cannot goes unlisted for it.
        self._lost = Listed()
        self._mendable = Listed()
        self.mended = Listed()

    @property
    def has_faults(self) -> bool:
        """Whether anything does not hold that was not mended."""
        return bool(self._lost or self._mendable)

    def expect(self, what: str, total: int) -> None:
        """Say how much of something there is to be looked at."""
        self._totals[what] = total

    def expect_more(self, what: str, count: int) -> None:
        """Say how much more of something there is to be looked at than was said."""
        self._totals[what] = self._totals.get(what, 0) + count

    def count(self, what: str, count: int) -> None:
        """Say how many of something were looked at, all at once."""
        self._checked[what] = count

    def hold(self, what: str, where: str, check: Callable[[], object]) -> bool:
        """Count one thing as looked at, and note the fault if it does not hold; tell whether it does."""
        self._checked[what] += 1
        if what in self._totals:
            self._tell(what, self._checked[what], self._totals[what])
        return self.tries(where, check)

    def tries(self, where: str, look: Callable[[], object]) -> bool:
        """Look at something, and note the fault if that cannot be done; tell whether it could."""
        try:
            look()
        except LegationError as error:
            self.note(where, error.message)
        except UNREADABLE:
            # Their messages may quote what they choked on.
            self.note(where, STRANGE)
        else:
            return True
        return False

    def note(self, where: str, what: str, *, repairable: bool = False) -> None:
        """Note a fault."""
        (self._mendable if repairable else self._lost).add(where, what, repairable=repairable)

    def mend(self, where: str, what: str, make: Callable[[Writing], object]) -> bool:
        """Note a fault that can be mended, or mend it if there is a change; tell whether it was mended."""
        if self.change is None or self.has_faults:
            self.note(where, what, repairable=True)
            return False
        self.make(make)
        self.mended.add(where, what)
        return True

    def make(self, make: Callable[[Writing], Result]) -> Result:
        """
        Make something again; there is a change.

        Raises:
            MendError: That failed. It is no fault of what is checked.
        """
        assert self.change is not None, "whoever mends has a change"
        try:
            return make(self.change)
        except LegationError as error:
            raise MendError(error) from error

    def mend_all(self, faults: Listed, make: Callable[[Writing], object], *, can_be: bool) -> None:
        """Note faults that are mended together, or mend them; if they can be."""
        if not faults or not can_be or self.change is None or self.has_faults:
            (self._mendable if can_be else self._lost).add_all(faults, repairable=can_be)
            return
        self.make(make)
        self.mended.add_all(faults)

    def undo(self, mended: Listed) -> None:
        """Take for faults again what was made again: the change is thrown away."""
        self._mendable.add_all(mended)
        self._mendable.add_all(self.mended)
        self.mended = Listed()

    def record(self, mended: Listed | None = None) -> CheckRecord:
        """Say what was found; and what was made again before that, if anything was."""
        before = mended or Listed()
        return CheckRecord(
            checked=dict(self._checked),
            faults=(*self._lost.faults, *self._mendable.faults),
            more=self._lost.more + self._mendable.more,
            repairable=not self._lost,
            leftovers=self.leftovers,
            repaired=tuple(before.faults),
            more_repaired=before.more,
        )
