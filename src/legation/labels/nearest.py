# SPDX-License-Identifier: Apache-2.0
"""
The nearest marks that a policy has to what somebody typed.

What was typed is cut into words. Each must be a word of the policy's marks, or nearly one; then the
words are read as a classification and values however they are separated, and what is a valid label is
printed. So a suggestion is made of the policy's words alone, and leaves out nothing that was typed: a
mark that has lost a caveat, or got another reading for a word that nobody knows, is never suggested.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice, product

from legation.labels.label import Label, category, gathered
from legation.labels.marking import hidden_note, implied_by, members_on, portion_mark, prefix, suffix
from legation.labels.phrases import (
    BANNER,
    POLICIES_REMEMBERED,
    PORTION,
    class_phrase,
    is_hidden,
    shown_values,
)
from legation.labels.policy import Classification, Field, Member, Policy
from legation.labels.validity import FaultCode, validate, wanted_members

MARKS_MAX = 3  # more is no help to somebody who reads an error
WORDS_MAX = 32  # of what was typed; longer is no slip
SLIPS_MAX = 3  # words that are not the policy's; more is no slip either
READINGS_MAX = 64  # tried of one text; each is validated
STEPS_MAX = 2_000  # values tried for one text, some milliseconds
CHOICES_MAX = 3  # of words for one slip
EDITS_MAX = 2  # characters put in, left out, changed or swapped with the next

Words = tuple[str, ...]


def marks(policy: Policy, typed: str) -> tuple[str, ...]:
    """
    Give the nearest portion marks; none where nothing is near.

    Args:
        policy: The policy.
        typed: What was typed, without parentheses.
    """
    words = words_of(typed)
    if not 0 < len(words) <= WORDS_MAX:
        return ()
    vocabulary = _vocabulary(policy)
    repaired = _repaired(vocabulary, words)
    # Words that stand before a list are asked for first, and then forgiven.
    for is_strict in (True, False):
        found: dict[str, None] = {}
        for text in repaired:
            for label in islice(_readings(policy, vocabulary, text, is_strict=is_strict), READINGS_MAX):
                found |= dict.fromkeys(_plain_marks(policy, label))
        if found:
            return tuple(islice(found, MARKS_MAX))
    return ()


def _plain_marks(policy: Policy, label: Label) -> Iterator[str]:
    """The mark of a label that is valid and needs no note in brackets, or of one with a value more."""
    for each in (label, *_completed(policy, label)):
        is_valid = all(fault.code is FaultCode.DATE_NEEDED for fault in validate(policy, each))
        if is_valid and not hidden_note(policy, each, PORTION):
            yield portion_mark(policy, each)
            return


def _completed(policy: Policy, label: Label) -> Iterator[Label]:
    """The label with one more value that another value of it can require."""
    classification = policy.classification(label.classification)
    assert classification is not None, "a reading has a known classification"
    members = members_on(policy, label)
    shown = [each for each in members if not is_hidden(policy, each, PORTION)]
    wanted = {
        each.bit: each
        for member in shown
        for requirement in member.category.required
        for each in wanted_members(policy, requirement)
        if each not in members and not is_hidden(policy, each, PORTION)
    }
    for each in islice(wanted.values(), CHOICES_MAX):
        yield _labelled(policy, classification, [*shown, each])


def words_of(text: str) -> Words:
    """Cut a text into words: what stands between spaces, commas and slashes."""
    return tuple(re.findall(r"[^\s,/]+", text.lower()))


class _Vocabulary:
    """All that is typed in the marks of a policy, in English, as words."""

    def __init__(self, policy: Policy) -> None:
        self.classes: dict[Words, Classification] = {}
        for place in (PORTION, BANNER):
            for each in policy.classifications:
                self.classes.setdefault(words_of(class_phrase(each, place, "en")), each)
        for each in policy.classifications:
            self.classes.setdefault(words_of(each.name), each)
        self.lists = [_List(policy, field) for field in policy.fields.values()]
        phrases = [*self.classes, *(phrase for each in self.lists for phrase in each.phrases)]
        around = [each.prefix for each in self.lists] + [each.suffix for each in self.lists]
        self.words = frozenset(word for phrase in (*phrases, *around) for word in phrase)


class _List:
    """The words of one list."""

    def __init__(self, policy: Policy, field: Field) -> None:
        self.field = field
        self.prefix = words_of(prefix(policy, field, PORTION, "en"))
        self.suffix = words_of(suffix(policy, field, PORTION, "en"))
        self.phrases: dict[Words, Member] = {}
        for place in (PORTION, BANNER):
            for member, phrase in shown_values(policy, field, place, "en"):
                if not is_hidden(policy, member, PORTION):
                    self.phrases.setdefault(words_of(phrase), member)
        self.lengths = sorted({len(phrase) for phrase in self.phrases} - {0}, reverse=True)


@lru_cache(maxsize=POLICIES_REMEMBERED)
def _vocabulary(policy: Policy) -> _Vocabulary:
    return _Vocabulary(policy)


def _repaired(vocabulary: _Vocabulary, words: Words) -> list[Words]:
    """The words with each slip replaced by a near word of the policy, the nearest texts first."""
    slips = [word for word in words if word not in vocabulary.words]
    if len(slips) > SLIPS_MAX:
        return []
    choices = [_near(word, vocabulary.words) for word in words]
    found = [
        (sum(distance for distance, _ in chosen), tuple(word for _, word in chosen))
        for chosen in product(*choices)
    ]
    return [text for _, text in sorted(found)]


def _near(word: str, known: Iterable[str]) -> list[tuple[int, str]]:
    """The nearest known words with their distance; the word itself if it is known."""
    if word in known:
        return [(0, word)]
    edits_max = min(EDITS_MAX, len(word) // 2)  # a word of one letter is near to every other
    near = [
        (distance, each)
        for each in known
        if abs(len(each) - len(word)) <= edits_max
        if (distance := edits(word, each)) <= edits_max
    ]
    return sorted(near)[:CHOICES_MAX]


def edits(one: str, other: str) -> int:
    """How many characters are put in, left out, changed, or swapped with the next (Damerau)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, mine in enumerate(one, start=1):
        earlier, before, row = before, row, [i]
        for j, theirs in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (mine != theirs))
            if i > 1 and j > 1 and mine == other[j - 2] and one[i - 2] == theirs:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _readings(policy: Policy, vocabulary: _Vocabulary, words: Words, *, is_strict: bool) -> Iterator[Label]:
    """Every label that words of the policy can stand for, however they are separated."""
    for phrase, classification in vocabulary.classes.items():
        if words[: len(phrase)] == phrase:
            for members in _values(_Text(words, vocabulary.lists, is_strict), len(phrase), None):
                yield _labelled(policy, classification, members)


class _Text:
    """Words to read, the lists to read them by, and whether each list must be begun by its own words."""

    def __init__(self, words: Words, lists: Sequence[_List], is_strict: bool) -> None:
        self.words, self.lists, self.is_strict = words, lists, is_strict
        self.steps_left = STEPS_MAX

    def has(self, phrase: Words, start: int) -> bool:
        """Whether a phrase stands there."""
        return bool(phrase) and self.words[start : start + len(phrase)] == phrase


def _values(text: _Text, start: int, within: _List | None) -> Iterator[tuple[Member, ...]]:
    """Read words as values of lists; the list that was begun is read first."""
    text.steps_left -= 1
    if start == len(text.words):
        yield ()
        return
    if text.steps_left < 0:
        return
    for each in text.lists:
        if text.has(each.prefix, start):
            yield from _of_list(text, start + len(each.prefix), each)
        if within is each and text.has(each.suffix, start):
            yield from _values(text, start + len(each.suffix), None)
    for each in sorted(text.lists, key=lambda other: other is not within):
        if each is within or not (each.prefix and text.is_strict):
            yield from _of_list(text, start, each)


def _of_list(text: _Text, start: int, within: _List) -> Iterator[tuple[Member, ...]]:
    """Read at least one value of a list, and the rest."""
    for length in within.lengths:
        member = within.phrases.get(text.words[start : start + length])
        if member is not None:
            for rest in _values(text, start + length, within):
                yield (member, *rest)


def _labelled(policy: Policy, classification: Classification, members: Sequence[Member]) -> Label:
    implied = implied_by(policy, classification, members)
    parts = [
        category(each.tag_set.name, each.tag.type, [each.category.name]) for each in (*members, *implied)
    ]
    return Label(policy_id=policy.id, classification=classification.name, categories=gathered(parts))
