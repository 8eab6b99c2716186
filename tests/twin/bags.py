# SPDX-License-Identifier: Apache-2.0
"""
Pairs in which the peer is reached by courier, made by hand, and the leaks that they find.
"""

from collections.abc import Callable
from typing import Any

from legation.node.courier import packing
from legation.store.sqlite import bags
from legation.store.sqlite.database import Reading
from tests.twin.leaks import Leak, Patch, _wrap, approval_that_is_not_decided_again
from tests.twin.pairs import Pair
from tests.twin.unasked import others_too, refused_before


def others_get_bags_too() -> Pair:
    """Between two bags for the peer another office becomes one, and gets bags of its own."""
    return others_too("others get bags too", "carry")


def refused_before_a_bag() -> Pair:
    """Items were approved for the peer, and may not go any more when its bag is packed; one may."""
    return refused_before("refused before a bag", "carry")


CARRIED = (others_get_bags_too, refused_before_a_bag)
"""How the pairs are made."""


def bags_numbered_for_all(patch: Patch) -> None:
    """The number of a bag counts the bags for all offices."""

    def next_number(db: Reading, _stream_id: int) -> int:
        row = db.one("SELECT count(*) + 1 FROM packed_bag")
        assert row is not None, "a count gives a row"
        return int(row[0])

    patch.setattr(bags, "next_number", next_number)


def bag_named_by_its_place_in_the_log(patch: Patch) -> None:
    """The file of a bag is called by how much the node has logged."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def made(self: Any, *given: Any, **more: Any) -> Any:
            with self._database.read() as db:
                row = db.one("SELECT count(*) FROM log_entry")
            assert row is not None, "a count gives a row"
            named = int(row[0]).to_bytes(8, "big").hex() + ".bag"
            with Patch.context() as inner:
                inner.setattr(packing, "file_name", lambda _: named)
                return true(self, *given, **more)

        return made

    _wrap(patch, packing.Packing, "_make", make)


CARRIED_LEAKS = (
    Leak("bags numbered for all", bags_numbered_for_all, others_get_bags_too),
    Leak("a bag named by its place in the log", bag_named_by_its_place_in_the_log, others_get_bags_too),
    Leak("a bag that is not decided again", approval_that_is_not_decided_again, refused_before_a_bag),
)
