# SPDX-License-Identifier: Apache-2.0
"""
Pairs in which the peer is pushed to and pushes, made by hand, and the leaks that they find.
"""

from dataclasses import replace
from typing import Any

from legation.node.streams import pushed
from legation.node.streams.pushing import Pushing
from legation.store.sqlite.database import Reading
from tests.twin.leaks import Leak, Patch, approval_that_is_not_decided_again
from tests.twin.pairs import Pair
from tests.twin.unasked import others_too, refused_before


def others_are_pushed_to_too() -> Pair:
    """Between two pushes to the peer another office becomes one, and is pushed to."""
    return others_too("others are pushed to too", "push")


def refused_before_a_push() -> Pair:
    """Items were approved for the peer, and may not go any more when it is pushed to; one may."""
    return refused_before("refused before a push", "push")


PUSHED = (others_are_pushed_to_too, refused_before_a_push)
"""How the pairs are made."""


def push_that_says_how_much_is_numbered_for_all(patch: Patch) -> None:
    """The challenge of a push counts the entries of all streams."""
    true = Pushing.push

    def push(self: Any, exchange: Any) -> Any:
        with self._database.read() as db:
            count = _count(db, "outgoing_entry")
        drawn = self._around.random

        def random(size_bytes: int) -> bytes:
            found: bytes = drawn(size_bytes)
            return found[:-1] + bytes([count % 256]) if size_bytes == 16 else found

        with Patch.context() as inner:
            inner.setattr(self, "_around", _replaced(self._around, random))
            return true(self, exchange)

    patch.setattr(Pushing, "push", push)


def answer_that_counts_what_is_held_of_all(patch: Patch) -> None:
    """The nonce of an answer to a push counts the items that are here."""
    true = pushed.TakingPushes._answer

    def answer(self: Any, found: Any) -> Any:
        with self._database.read() as db:
            count = _count(db, "item")
        around = self._around
        with Patch.context() as inner:
            inner.setattr(
                self,
                "_around",
                _replaced(around, lambda size: around.random(size)[:-1] + bytes([count % 256])),
            )
            return true(self, found)

    patch.setattr(pushed.TakingPushes, "_answer", answer)


def _count(db: Reading, table: str) -> int:
    row = db.one(f"SELECT count(*) FROM {table}")  # noqa: S608 - a table of ours
    assert row is not None, "a count gives a row"
    return int(row[0])


def _replaced(around: Any, random: Any) -> Any:
    return replace(around, random=random)


PUSHED_LEAKS = (
    Leak(
        "a push that says how much is numbered for all",
        push_that_says_how_much_is_numbered_for_all,
        others_are_pushed_to_too,
    ),
    Leak(
        "an answer to a push that counts what is here",
        answer_that_counts_what_is_held_of_all,
        others_are_pushed_to_too,
    ),
    Leak("a push that is not decided again", approval_that_is_not_decided_again, refused_before_a_push),
)
