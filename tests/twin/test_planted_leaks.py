# SPDX-License-Identifier: Apache-2.0
"""
A harness counts only after it was seen to fail: every leak that is planted is found.
"""

from functools import partial

import pytest

from tests.twin.bags import CARRIED, CARRIED_LEAKS
from tests.twin.handmade import HANDMADE
from tests.twin.leaks import LEAKS, Leak, is_found
from tests.twin.pairs import peer_pair, reader_pair
from tests.twin.passing import PASSED_ON, PASSING_LEAKS
from tests.twin.pushes import PUSHED, PUSHED_LEAKS


@pytest.mark.parametrize(
    "leak", [*LEAKS, *PASSING_LEAKS, *CARRIED_LEAKS, *PUSHED_LEAKS], ids=lambda leak: leak.name
)
def test_a_planted_leak_is_found(leak: Leak) -> None:
    """
    The program is made wrong in one way, and an observer tells the two worlds of one pair apart.
    """
    assert is_found(leak, leak.pair())


def test_leaks_are_found_by_pairs_that_hold_without_them() -> None:
    """
    What is found is the leak: the same pairs are played without it by ``test_pairs``.
    """
    for leak in (*LEAKS, *PASSING_LEAKS, *CARRIED_LEAKS, *PUSHED_LEAKS):
        made = leak.pair
        if isinstance(made, partial):
            assert made.func in {peer_pair, reader_pair}
            assert made.args[0] < 20
        else:
            assert made in (*HANDMADE, *PASSED_ON, *CARRIED, *PUSHED)
