# SPDX-License-Identifier: Apache-2.0
"""
Which way text runs, for documents that want to be told.

A paragraph runs as its first letter does. Inside it stretches of the other direction stand apart, each with the
spaces and punctuation between its own letters; those between two directions run as the paragraph. Digits and
accents belong to the letter before them.

Source: Unicode Standard Annex 9, rules P2, P3, W1, W7, N1 and N2; without explicit embeddings, which are spelled out
on paper. Of what it orders inside a stretch, the reader of the document takes care.
"""

import unicodedata
from collections.abc import Iterator
from itertools import groupby

_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_AS_BEFORE = frozenset({"EN", "AN", "NSM"})


def is_right_to_left(text: str) -> bool:
    """Whether the first letter of a text runs from right to left."""
    return next((way for way in (_way(each, None) for each in text) if way is not None), False)


def stretches(text: str) -> Iterator[tuple[bool, str]]:
    """Split a paragraph into stretches of one direction: whether it runs from right to left, and the text."""
    main = is_right_to_left(text)
    for way, group in groupby(zip(_ways(text, main), text, strict=True), key=lambda pair: pair[0]):
        yield way, "".join(each for _, each in group)


def _ways(text: str, main: bool) -> Iterator[bool]:
    """For each character whether it runs from right to left."""
    before, between = main, 0
    for each in text:
        way = _way(each, before)
        if way is None:
            between += 1
            continue
        yield from [before if before == way else main] * between
        yield way
        before, between = way, 0
    yield from [main] * between


def _way(character: str, before: bool | None) -> bool | None:
    """Whether a character runs from right to left; None of what has no direction, *before* of what follows others."""
    found = unicodedata.bidirectional(character)
    if found in _AS_BEFORE:
        return before
    if found in _RIGHT_TO_LEFT:
        return True
    return False if found == "L" else None
