# SPDX-License-Identifier: Apache-2.0

import pytest

from tests.verifier.node import MODULE, Verifier
from tests.verifier.vectors import wrong
from tests.verifier.weaknesses import WEAKNESSES, planted


@pytest.mark.parametrize("name", WEAKNESSES)
def test_a_planted_weakness_is_found_by_the_vectors(name: str) -> None:
    """
    Whoever forgets this one check is told by at least one vector.
    """
    with planted(MODULE, WEAKNESSES[name]) as module, Verifier(module) as verifier:
        assert wrong(verifier)


def test_without_a_weakness_every_vector_is_judged_rightly() -> None:
    """
    Else the others would prove nothing.
    """
    with Verifier() as verifier:
        assert wrong(verifier) == []
