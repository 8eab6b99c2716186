# SPDX-License-Identifier: Apache-2.0

from pathlib import Path

import pytest

from legation.errors import LegationError
from tests.sdk.weaknesses import WEAKNESSES, planted, table

FOUND = (AssertionError, LegationError, pytest.fail.Exception)
"""How a test fails; a program that merely breaks down would be no weak one."""

PAGE = Path(__file__).parents[2] / "docs" / "security.md"


@pytest.mark.parametrize("name", WEAKNESSES)
def test_a_planted_weakness_is_found(name: str) -> None:
    """
    Whoever forgets this one check is told by what the table names; without the weakness that says nothing.
    """
    weakness = WEAKNESSES[name]
    weakness.finds()
    with planted(weakness), pytest.raises(FOUND):
        weakness.finds()
    weakness.finds()


def test_the_table_in_the_page_is_drawn() -> None:
    """
    ``docs/security.md`` lists every weakness, and what finds it.
    """
    assert table() in PAGE.read_text(encoding="utf-8")
