# SPDX-License-Identifier: Apache-2.0

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.mutate.__main__ import KILLED, SURVIVED, copied, sources, try_all
from tests.mutate.mutants import Mutant, mutants, mutated

SOURCE = '''
"""A module."""

NAMES_REMEMBERED = 7


def chosen(names: list[str], least: int = 1) -> str | None:
    """Say something."""
    assert names, "some"
    for name in names:
        if not name or len(name) < least:
            continue
        total = sum(1 for each in names if each == name) + 2
        if total & 4:
            return name.upper()
    if least > 9 and min(least, 3):
        raise ValueError(f"more than {least + 1}")
    return None
'''


def changed(number: int) -> str:
    """
    The source with one change.
    """
    return ast.unparse(mutated(SOURCE, number))


class TestMutants:
    def test_every_kind_is_found(self) -> None:
        """
        Comparisons, booleans, constants, operators, calls, conditions, returns and statements are changed.
        """
        found = Counter(each.kind for each in mutants("module", SOURCE))
        assert found == {
            "comparison": 3,
            "boolean": 3,
            "constant": 6,
            "operator": 2,
            "call": 1,
            "condition": 7,
            "return": 1,
            "statement": 1,
        }

    def test_each_changes_one_thing(self) -> None:
        """
        Each mutant is another source, and no two are one; without a number there is no change.
        """
        plain = ast.unparse(ast.parse(SOURCE))
        texts = [changed(each.number) for each in mutants("module", SOURCE)]
        assert changed(-1) == plain
        assert plain not in texts
        assert len(set(texts)) == len(texts)
        for text in texts:
            compile(text, "mutant", "exec")

    def test_what_people_read_is_left_alone(self) -> None:
        """
        Docstrings, annotations, messages, assertions and sizes of memories stay in every mutant.
        """
        for each in mutants("module", SOURCE):
            text = changed(each.number)
            for kept in (
                "A module.",
                "Say something.",
                "assert names, 'some'",
                "NAMES_REMEMBERED = 7",
                "str | None",
                "more than {least + 1}",
            ):
                assert kept in text

    def test_place_is_told(self) -> None:
        """
        A mutant says its line and what becomes of what.
        """
        (found,) = [each for each in mutants("module", SOURCE) if each.kind == "call"]
        assert (found.line, found.before, found.after) == (16, "min(least, 3)", "max(least, 3)")


NOTICES = """
from legation.labels.contrast import colours_on


def test_text_on_black_is_white() -> None:
    found = colours_on("#000000")
    assert found is not None and found.foreground == "#ffffff"
"""


class TestTrying:
    @pytest.fixture
    def checkout(self, tmp_path: Path) -> Path:
        """
        A copy in which one short file is all the tests that there are.
        """
        made = copied(tmp_path)
        tests = made / "tests" / "labels"
        for path in tests.glob("test_*.py"):
            path.unlink()
        (tests / "test_contrast.py").write_text(NOTICES, encoding="utf-8")
        return made

    def test_change_that_a_test_notices_is_killed_and_no_change_survives(self, checkout: Path) -> None:
        """
        Of two changes the one that a test is about is noticed; no change is not, nor what no test asks.
        """
        (path,) = sources(["contrast"])
        known = {each.before: each for each in mutants("contrast", path.read_text(encoding="utf-8"))}
        unchanged = Mutant("contrast", -1, 0, "none", "", "")
        asked, unasked = known["len(color) == 7"], known["not found.color"]
        assert try_all([unchanged, asked, unasked], checkout) == [SURVIVED, KILLED, SURVIVED]
