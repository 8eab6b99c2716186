# SPDX-License-Identifier: Apache-2.0

import json
from typing import Any

import pytest

from legation.errors import StoreError
from legation.node.service.journal import FIELDS, journal
from tests.cli.ends import CANARY


def written(capsys: pytest.CaptureFixture[str], where: str, error: BaseException) -> dict[str, Any]:
    """What the journal writes of an error: one JSON document on one line of stderr."""
    journal()(where, error)
    said = capsys.readouterr()
    assert said.out == ""
    [line] = said.err.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_an_error_of_ours_is_written_with_its_message_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    """
    Our own messages name no content.
    """
    found = written(capsys, "pull from KOR", StoreError("the disk is full", hint="make room"))
    assert found.pop("timestamp").endswith("Z")
    assert found == {
        "event": "failed",
        "level": "warning",
        "where": "pull from KOR",
        "error": "StoreError",
        "message": "the disk is full",
        "hint": "make room",
    }


@pytest.mark.parametrize(
    "error", [ValueError(CANARY), KeyError(CANARY), UnicodeError(CANARY), OSError(2, CANARY)]
)
def test_of_any_other_error_only_the_type_is_written(
    capsys: pytest.CaptureFixture[str], error: BaseException
) -> None:
    """
    What a library says may quote what it choked on.
    """
    found = written(capsys, "exchange", error)
    assert set(found) == {"event", "level", "where", "error", "timestamp"}
    assert CANARY not in json.dumps(found)


def test_what_is_empty_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """
    An error without a hint has none.
    """
    assert "hint" not in written(capsys, "keeper", StoreError("the store is closed"))


def test_only_listed_fields_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    """
    The list is the promise.
    """
    found = written(capsys, "keeper", StoreError("m", hint="h"))
    assert set(found) <= FIELDS


def test_lines_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """
    Whatever stands in a message, an entry is one line, and no terminal obeys it.
    """
    found = written(capsys, "exchange", StoreError("a\nb\x1b[2J"))
    assert found["message"] == "a\nb\x1b[2J"
