# SPDX-License-Identifier: Apache-2.0
"""
Every decoder that takes bytes or text from outside.

``test_decoders`` finds what looks like a decoder in the program, and fails where it is neither here nor
among its reasoned exceptions.
"""

from functools import cache

from tests.fuzz.bound import bound
from tests.fuzz.carried import carried
from tests.fuzz.judge import Decoder
from tests.fuzz.shown import shown
from tests.fuzz.signed import signed
from tests.fuzz.written import written


@cache
def decoders() -> dict[str, Decoder]:
    """All of them, by name; their inputs are made when they are first asked for."""
    found = [*written(), *bound(), *signed(), *carried(), *shown()]
    assert len({each.name for each in found}) == len(found), "two decoders have one name"
    return {each.name: each for each in found}
