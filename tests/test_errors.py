# SPDX-License-Identifier: Apache-2.0

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from legation import errors
from legation.errors import (
    EquivocationError,
    LegationError,
    MalformedError,
    ProtocolError,
    RefusedError,
    StoreError,
    UnreachableError,
    VerificationError,
)

SOURCE = Path(errors.__file__).parent


def classes() -> dict[str, type[LegationError]]:
    """Every class of the tree, by name."""
    found = {name: each for name, each in vars(errors).items() if isinstance(each, type)}
    return {name: each for name, each in found.items() if issubclass(each, LegationError)}


def drawn() -> Iterator[tuple[str, int]]:
    """The tree as the docstring draws it: names, with their depth."""
    assert errors.__doc__ is not None
    for line in errors.__doc__.splitlines():
        branch = re.match(r"( *)(?:[x+] )?([A-Z]\w+Error)\b", line)
        if branch is not None:
            yield branch[2], len(branch[1])


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    """
    Every class is drawn where it stands, and none is drawn that is not there.
    """
    above: list[tuple[str, int]] = []
    for name, depth in drawn():
        while above and above[-1][1] >= depth:
            above.pop()
        parent = above[-1][0] if above else "Exception"
        assert classes()[name].__mro__[1].__name__ == parent
        above.append((name, depth))
    assert {name for name, _ in drawn()} == set(classes())


@pytest.mark.parametrize("error", classes().values(), ids=lambda error: error.__name__)
def test_an_error_says_one_thing_and_holds_its_hint_apart(error: type[LegationError]) -> None:
    """
    The text of an error is its message alone; what to try is a field of its own.
    """
    raised = error("a place is used twice", hint="look again")
    assert str(raised) == raised.message == "a place is used twice"
    assert raised.hint == "look again"
    assert error("a place is used twice").hint == ""


def test_a_reader_that_stops_at_once_has_one_fault() -> None:
    """
    Without a list of faults, the message is the one fault.
    """
    assert MalformedError("too long").faults == ("too long",)


def test_a_reader_that_goes_on_lists_every_fault() -> None:
    """
    With a list of faults, all of them are held, in order, and cannot be altered afterwards.
    """
    found = ["line 1: too long", "line 7: no portion mark"]
    error = MalformedError(found[0], faults=found)
    found.clear()
    assert error.faults == ("line 1: too long", "line 7: no portion mark")


def test_a_refusal_holds_its_decision() -> None:
    """
    A refusal carries the decision that was made, or none where nothing was weighed.
    """
    decision = object()
    assert RefusedError("no", decision=decision).decision is decision
    assert RefusedError("no").decision is None


def test_two_histories_are_held_as_evidence() -> None:
    """
    An equivocation carries both checkpoints, so that a third party can judge it.
    """
    error = EquivocationError("two roots of one size", ours=b"one", theirs=b"other")
    assert (error.ours, error.theirs) == (b"one", b"other")


def test_whose_fault_it_is_can_be_told_by_the_type() -> None:
    """
    Bytes, proofs, policy, turns, silence and the store are six families, and none is also another.
    """
    families = (
        MalformedError,
        VerificationError,
        RefusedError,
        ProtocolError,
        UnreachableError,
        StoreError,
    )
    for each in classes().values():
        assert sum(issubclass(each, family) for family in families) == (each is not LegationError)


def raised() -> Iterator[tuple[str, str]]:
    """Every message that the sources raise as an error of the tree: where, and its fixed words."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            if node.func.id in classes():
                first = node.args[0]
                parts = first.values if isinstance(first, ast.JoinedStr) else [first]
                words = "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in parts)
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", words


def test_messages_are_lower_case_without_a_full_stop() -> None:
    """
    No message that the sources raise begins with a capital, save an acronym, or ends with a full stop.
    """
    found = list(raised())
    assert len(found) > 100
    wrong = [
        (where, words)
        for where, words in found
        if re.match(r"[A-Z](?![A-Z0-9])", words) or words.endswith((".", "!", "\n")) or not words
    ]
    assert wrong == []
