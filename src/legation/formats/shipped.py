# SPDX-License-Identifier: Apache-2.0
"""
The policies that Legation ships, as they lie in the package.

Their bytes never change once they are released: labels name a policy by the SHA-256 of its file. A
change is another file. None of them is a value domain of any state or organisation.

This is the one place of ``formats`` that reads a file, and it reads only what is installed with it.
"""

from functools import cache
from importlib.resources import files

from legation.errors import MalformedError
from legation.formats import spif
from legation.labels.policy import Policy

NAMES = ("exercise-1", "exercise-2", "exercise-kor-1", "public-1", "tlp-2.0", "tlp-2.0-2")
"""The shipped policies, by the names of their files."""

AT_HAND = ("exercise-1", "tlp-2.0")
"""Those that a new node decides with, and that are at hand without a file; others are accepted first."""


def shipped_bytes(name: str) -> bytes:
    """
    Give the bytes of a shipped policy.

    Raises:
        MalformedError: There is none of this name.
    """
    if name not in NAMES:
        hint = f"there are {', '.join(NAMES)}"
        raise MalformedError("there is no shipped policy of this name", hint=hint)
    return (files("legation.formats") / "policies" / f"{name}.xml").read_bytes()


@cache
def shipped(name: str) -> Policy:
    """
    Give a shipped policy.

    Raises:
        MalformedError: There is none of this name.
    """
    return spif.read(shipped_bytes(name))
