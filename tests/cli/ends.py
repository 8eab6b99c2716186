# SPDX-License-Identifier: Apache-2.0
"""
How commands end: done, or refused with nothing left behind; the same with and without ``--json``.
"""

import json
from typing import Any

from tests.stories.cast import Desk, Done

CANARY = "Zq7wanderer"


def done(desk: Desk, *arguments: str) -> Done:
    """A command that ends well, and tells nothing beside its result."""
    found = desk.run(*arguments)
    assert (found.code, found.err) == (0, "")
    return found


def as_json(desk: Desk, *arguments: str) -> Any:
    """The one JSON document that a command prints when it ends well."""
    return json.loads(done(desk, *arguments, "--json").out)


def refused(desk: Desk, code: int, *arguments: str) -> str:
    """
    A command that is refused: what it told.

    Nothing is printed on stdout save, with ``--json``, one document; nothing on the disk has changed;
    no word of content is told.
    """
    before = desk.state()
    plain = desk.run(*arguments)
    assert (plain.code, plain.out) == (code, "")
    assert plain.err.startswith("legation: ")
    with_json = desk.run(*arguments, "--json")
    assert with_json.code == code
    document = json.loads(with_json.out)
    assert set(document) == {"error"}
    assert set(document["error"]) == {"code", "message", "hint", "faults"}
    assert document["error"]["code"] == code
    assert with_json.err == plain.err
    assert plain.err.startswith(f"legation: {document['error']['message']}\n")
    assert all(fault in plain.err for fault in document["error"]["faults"])
    assert document["error"]["hint"] in plain.err
    assert desk.state() == before
    assert CANARY not in plain.err + with_json.out
    assert "Traceback" not in plain.err
    return plain.err
