# SPDX-License-Identifier: Apache-2.0
"""
How a new version differs from an older one, paragraph by paragraph and word by word, for its author's side.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from legation.item.portion import Text
from legation.item.substance import Substance, ToldPortion

PORTIONS_COMPARED_MAX = 2_000  # of each side; to compare more would take longer than a person waits
WORDS_COMPARED_MAX = 1_000  # of each of two paragraphs; beyond that they are told as a whole

_WORDS = re.compile(r"\s*\S+|\s+")


class News(StrEnum):
    """What a new version is to one addressee."""

    FIRST = "first"
    """They have no older one."""
    DIFFERENT = "different"
    """It says something else than what they have."""
    SAME = "same"
    """It says what they have, so they do not get it and notice nothing."""
    NOTHING = "nothing"
    """They may see nothing of it, so they keep what they have."""


class Change(StrEnum):
    """What becomes of one portion."""

    GAINED = "gained"
    LOST = "lost"
    CHANGED = "changed"
    MARKED = "marked anew"
    MOVED = "in another order, or standing for others"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Words that stay (``kind`` empty), come (``+``) or go (``-``)."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One portion that differs: as it was, as it is, and its words where both are there and not too long."""

    change: Change
    before: ToldPortion | None = None
    after: ToldPortion | None = None
    words: tuple[Stretch, ...] = ()


def news(before: Substance | None, after: Substance | None) -> News:
    """Say what a new version is to somebody who has the older one, or none."""
    if after is None or not after.has_body:
        return News.NOTHING
    if before is None:
        return News.FIRST
    return News.SAME if before == after else News.DIFFERENT


def differences(before: Substance, after: Substance) -> tuple[Difference, ...]:
    """
    Tell what differs, in the order of the new version.

    What is the same in both but in another order is told once, without naming portions.
    """
    if max(len(before.portions), len(after.portions)) > PORTIONS_COMPARED_MAX:
        return tuple(_in_bulk(before, after))
    found = list(_portion_by_portion(before.portions, after.portions))
    if not found and before != after:
        found.append(Difference(change=Change.MOVED))
    return tuple(found)


def _in_bulk(before: Substance, after: Substance) -> Iterator[Difference]:
    """What comes and what goes, without pairing it."""
    old, new = set(before.portions), set(after.portions)
    yield from (Difference(change=Change.LOST, before=each) for each in before.portions if each not in new)
    yield from (Difference(change=Change.GAINED, after=each) for each in after.portions if each not in old)


def _portion_by_portion(before: Sequence[ToldPortion], after: Sequence[ToldPortion]) -> Iterator[Difference]:
    matcher = SequenceMatcher(a=before, b=after, autojunk=False)
    for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            continue
        old, new = before[old_start:old_end], after[new_start:new_end]
        count = min(len(old), len(new))
        yield from (_changed(one, other) for one, other in zip(old, new, strict=False))
        yield from (Difference(change=Change.LOST, before=each) for each in old[count:])
        yield from (Difference(change=Change.GAINED, after=each) for each in new[count:])


def _changed(before: ToldPortion, after: ToldPortion) -> Difference:
    change = Change.MARKED if before.portion == after.portion else Change.CHANGED
    words: tuple[Stretch, ...] = ()
    if isinstance(before.portion, Text) and isinstance(after.portion, Text):
        words = tuple(word_by_word(before.portion.text, after.portion.text))
    return Difference(change=change, before=before, after=after, words=words)


def word_by_word(before: str, after: str) -> Iterator[Stretch]:
    """Tell which words stay, come and go; nothing if that would take too long."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(old), len(new)) > WORDS_COMPARED_MAX:
        return
    for kind, old_start, old_end, new_start, new_end in SequenceMatcher(
        a=old, b=new, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            yield Stretch(kind="", text="".join(old[old_start:old_end]))
            continue
        if old_end > old_start:
            yield Stretch(kind="-", text="".join(old[old_start:old_end]))
        if new_end > new_start:
            yield Stretch(kind="+", text="".join(new[new_start:new_end]))
