# SPDX-License-Identifier: Apache-2.0
"""
Two worlds that differ only in what an office without a node may not see give it the same paper, byte for byte.
"""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.twin.leaks import Patch
from tests.twin.paper import LEAKS, SURFACES, paper_pair, told_apart
from tests.twin.surfaces import ToldApartError

PAIRS = 12


def test_paper_tells_nothing_of_what_may_not_be_seen() -> None:
    """
    Whatever else is in the items, whoever else gets paper, and whatever else is released.
    """
    done, surfaces, differ = Counter[str](), set[str](), 0
    for number in range(PAIRS):
        first, second = told_apart(paper_pair(number))
        done.update(first.done)
        done.update(second.done)
        surfaces |= {each.surface for each in first.sights}
        differ += first.dump != second.dump
    # Where nothing happened nothing was tested.
    assert differ >= PAIRS * 9 // 10
    assert surfaces == SURFACES
    assert min(done[each] for each in ("printed again", "handed over", "destroyed", "corrected")) > 0
    assert done["printed"] > 4 * PAIRS


def is_found(number: int) -> bool:
    """
    Whether a pair is told apart.
    """
    try:
        told_apart(paper_pair(number))
    except ToldApartError:
        return True
    return False


@pytest.mark.parametrize("plant", LEAKS, ids=lambda each: each.__name__)
def test_a_planted_leak_is_found(plant: Callable[[Patch], None]) -> None:
    """
    The program is made wrong in one way, and the paper of one of the first pairs tells the worlds apart.
    """
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        assert any(map(is_found, range(PAIRS)))
