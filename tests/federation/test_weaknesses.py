# SPDX-License-Identifier: Apache-2.0

import pytest

from legation.errors import LegationError
from tests.federation.stage import Stage
from tests.federation.weaknesses import WEAKNESSES, Weakness


@pytest.mark.parametrize("weakness", WEAKNESSES, ids=lambda each: each.what)
def test_a_weakness_that_is_planted_lets_its_attack_succeed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, weakness: Weakness
) -> None:
    """
    The attack that is there for it is seen to fail as a test: a check that nobody misses protects nothing.
    """
    weakness.plant(monkeypatch)
    with pytest.raises((AssertionError, LegationError, pytest.fail.Exception)):
        weakness.attack(stage)


@pytest.mark.parametrize(
    "weakness",
    [each for each in WEAKNESSES if each.found_by.startswith("test_")],
    ids=lambda each: each.what,
)
def test_without_a_weakness_its_attack_does_not_succeed(stage: Stage, weakness: Weakness) -> None:
    """
    Those that are no lies, as they are without a weakness; the lies are in ``test_lies``.
    """
    weakness.attack(stage)
