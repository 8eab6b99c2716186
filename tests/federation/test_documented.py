# SPDX-License-Identifier: Apache-2.0
"""
That ``docs/reliability.md`` has every row, and that every row is held by tests that are there.
"""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.federation import weaknesses
from tests.federation.lies_in_answers import ANSWERS
from tests.federation.lies_in_bags import BAGS
from tests.federation.lies_in_entries import NUMBERED
from tests.federation.lies_in_keys import KEYS
from tests.federation.lies_in_pulls import PULLS
from tests.federation.lies_in_pushes import PUSHES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
BOOKS = (ANSWERS, BAGS, KEYS, NUMBERED, PULLS, PUSHES)

ROWS = {
    "attacks": {
        "arbitrary content",
        "rollback of a card or a policy",
        "rollback of a directory",
        "fast-forward",
        "indefinite freeze",
        "indefinite freeze of a directory",
        "mix and match",
        "endless data, slow retrieval",
        "partial bundle",
        "drop-request",
        "wrong recipient, replay to another peer",
        "extraneous content",
        "one online key stolen",
        "node fully compromised",
        "split view",
        "eclipse",
        "malicious administrator",
        "a loss that never was",
        "acts on what is another's",
        "what is another's, handed over by two",
        "finding out whom we trust",
        "interception",
    },
    "input": {"H13", "H14", "H15", "H26", "H27", "H28", "H29"},
    "faults": {f"F{number}" for number in range(7, 18)},
}
"""What must be there: the attacks on federations that others know (TUF, Uptane) and those that are ours, by name."""
NO_SURFACE = "not a surface yet, comes with issue"


def rows(name: str) -> list[tuple[str, str, str]]:
    """The rows of a table: what, what happens, and by what it is held."""
    text = PAGE.read_text().split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0]
    cells = [line.strip("|").split("|") for line in text.splitlines()[2:]]
    return [(what.strip(), happens.strip(), held.strip()) for what, happens, held in cells]


@cache
def names_of_tests() -> frozenset[str]:
    """The names of all tests that there are."""
    pages = (path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    return frozenset(
        name for page in pages for name in re.findall(r"^ *def (test_\w+)\(", page, re.MULTILINE)
    )


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_there(name: str) -> None:
    """
    Nothing that is known is forgotten, and nothing stands twice.
    """
    named = [what.split(" ")[0] if name != "attacks" else what for what, _, _ in rows(name)]
    assert sorted(named) == sorted(ROWS[name])


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_held_by_what_is_there(name: str) -> None:
    """
    By a test of this name or a lie of this name; a row without one says with what its surface comes.
    """
    there, lies = names_of_tests(), {each for book in BOOKS for each in book}
    for what, happens, held in rows(name):
        assert happens
        by_tests, by_lies = re.findall(r"`(\w+)`", held), re.findall(r"\*(\w+)\*", held)
        assert (NO_SURFACE in happens) is (not by_tests and not by_lies), what
        assert [each for each in by_tests if each not in there] == [], what
        assert [each for each in by_lies if each not in lies] == [], what


def test_there_are_as_many_lies_as_are_told() -> None:
    """
    The page says how many there are, about; and each says what it is.
    """
    assert 150 < sum(map(len, BOOKS)) < 250
    assert [name for book in BOOKS for name, each in book.items() if not each.tell.__doc__] == []


def test_the_weaknesses_are_those_that_are_planted() -> None:
    """
    ``make docs`` draws them anew.
    """
    shown = PAGE.read_text().split("<!-- planted -->\n")[1].split("<!-- /planted -->")[0]
    assert shown == f"{weaknesses.table()}\n", "run: make docs"
