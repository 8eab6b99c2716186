# SPDX-License-Identifier: Apache-2.0
"""
Which of several portions that stand for one another a reader is shown.

The relation is "x is at least as full as y", a preorder. Where it holds both ways the two are
translations of each other; where only one way, the first is fuller. It is closed at signing, so
that it still holds between any two portions when those between them are hidden.
"""

from collections.abc import Collection, Iterable, Sequence

from legation.errors import MalformedError

PAIRS_MAX = 200_000  # of one item: ten for every portion of the largest one


def close(pairs: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """
    Close *pairs* transitively, leaving out that a portion is as full as itself.

    Raises:
        MalformedError: There are more than ``PAIRS_MAX`` then; no more than that are held in memory.
    """
    below: dict[int, set[int]] = {}
    for fuller, lesser in pairs:
        below.setdefault(fuller, set()).add(lesser)
    closed: set[tuple[int, int]] = set()
    for start, first in below.items():
        waiting, reached = list(first), set[int]()
        while waiting:
            here = waiting.pop()
            if here not in reached:
                reached.add(here)
                waiting.extend(below.get(here, ()))
        closed.update((start, end) for end in reached if end != start)
        if len(closed) > PAIRS_MAX:
            raise MalformedError(f"expected at most {PAIRS_MAX} pairs of variants")
    return closed


def is_closed(pairs: Collection[tuple[int, int]]) -> bool:
    """
    Whether *pairs* is transitively closed, as signing left it and every cut keeps it.

    Sets of portions are integers here, bit *i* for portion *i*. To walk from each portion would take
    seconds where a hostile view relates hundreds of portions all with each other.
    """
    below: dict[int, int] = {}
    for fuller, lesser in pairs:
        below[fuller] = below.get(fuller, 0) | 1 << lesser
    covered = {portion: lesser | 1 << portion for portion, lesser in below.items()}
    return all(
        below[lesser] | covered[fuller] == covered[fuller] for fuller, lesser in pairs if lesser in below
    )


def choose(
    languages: Sequence[str], pairs: Collection[tuple[int, int]], preferred: Sequence[str]
) -> list[int]:
    """
    Choose what is shown: the fullest variants, then of translations the best language.

    Args:
        languages: The language of each portion that may be seen, in reading order; "" if unknown.
        pairs: The closed relation between these portions, by index.
        preferred: Languages of the reader, best first; where none fits, the first in reading order
            stays, for an original is written before its translations.
    """
    fuller = {pair for pair in pairs if (pair[1], pair[0]) not in pairs}
    hidden = {lesser for _, lesser in fuller}
    equals: dict[int, list[int]] = {}
    for left, right in pairs:
        if (right, left) in pairs:
            equals.setdefault(left, [left]).append(right)

    def rank(index: int) -> tuple[int, int]:
        found = languages[index]
        return (preferred.index(found) if found in preferred else len(preferred), index)

    return [
        index
        for index in range(len(languages))
        if index not in hidden and min(equals.get(index, [index]), key=rank) == index
    ]
