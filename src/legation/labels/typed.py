# SPDX-License-Identifier: Apache-2.0
"""
Marks as people type them: which label a portion mark stands for.

Rules kept here:

1. Typed marks are read strictly, but for case and spacing. What is not known is an error, and so is
   what can be read as two different labels.
2. Marks are printed in English, so English is read first and a mark that is one keeps its meaning. What
   is none is read in the other languages of the policy, and must be one label in all of them.
3. Values that the policy never displays are implied, as ``marking`` says.
4. What takes too long to read is refused: some policies separate values by what stands inside them.
5. An error tells the nearest marks that there are, in the policy's own words, and never what was typed,
   which may be content.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from msgspec.structs import replace

from legation.errors import MalformedError
from legation.labels.label import Label, category, gathered
from legation.labels.marking import (
    MARK_LENGTH_MAX,
    hidden_note,
    implied_by,
    marking,
    prefix,
    separator,
    suffix,
)
from legation.labels.nearest import marks as nearest_marks
from legation.labels.phrases import POLICIES_REMEMBERED, PORTION, class_phrase, languages, shown_values
from legation.labels.policy import Field, Member, Policy
from legation.labels.validity import Fault, FaultCode, validate

MARKS_REMEMBERED = 1 << 12  # the marks of a large report; each is typed many times
STEPS_MAX = 50_000  # phrases tried for one mark, some tenths of a second; honest marks need hundreds
ENGLISH = "en"


def parse_mark(policy: Policy, text: str) -> Label:
    """
    Read a portion mark as a person types it, with or without its parentheses.

    Case, repeated spaces and the spacing of separators are forgiven; nothing else is. A note in
    square brackets, as ``portion_mark`` adds one where it must, is read only as it prints.

    Raises:
        MalformedError: It is not a mark of this policy, it is a mark of two labels, or the label it
            gives is not valid. The message never repeats what was typed, which may be content; its
            hint has the nearest marks that there are.
    """
    if len(text) > MARK_LENGTH_MAX:
        raise MalformedError(f"mark of {len(text)} characters, expected at most {MARK_LENGTH_MAX}")
    return _parsed(policy, text)


@lru_cache(maxsize=MARKS_REMEMBERED)
def _parsed(policy: Policy, text: str) -> Label:
    if not unicodedata.is_normalized("NFC", text):
        raise MalformedError("this mark is not in Unicode NFC")  # two signs may look alike, and fold alike
    bare = text.strip()
    if bare.startswith("(") and bare.endswith(")"):
        bare = bare[1:-1].strip()
    wanted = plain(bare)
    steps = _Steps()
    refused: Fault | None = None
    for tried in ((ENGLISH,), _other_languages(policy)):
        found, fault = _read(policy, wanted, tried, steps)
        refused = refused or fault
        if found is not None:
            return found
    raise _not_a_mark(policy, wanted, refused)


class _Steps:
    """How many phrases may still be tried."""

    def __init__(self) -> None:
        self._left = STEPS_MAX

    def take(self) -> None:
        """Count one phrase."""
        self._left -= 1
        if self._left < 0:
            raise MalformedError("this mark can be read in too many ways", hint="write a shorter one")


def _read(
    policy: Policy, wanted: str, tried: Iterable[str], steps: _Steps
) -> tuple[Label | None, Fault | None]:
    """The one valid label that a mark stands for in some languages, or why a label of it is not valid."""
    found: Label | None = None
    refused: Fault | None = None
    for lang in tried:
        for label in _readings(policy, wanted, lang, steps):
            fault = lasting_fault(policy, label)
            refused = refused or fault
            if fault is None and found not in {None, label}:
                raise MalformedError("this mark stands for more than one label of the policy")
            found = label if fault is None else found
    return found, refused


def lasting_fault(policy: Policy, label: Label) -> Fault | None:
    """The first fault of a label that no date would mend."""
    lasting = (fault for fault in validate(policy, label) if fault.code is not FaultCode.DATE_NEEDED)
    return next(lasting, None)


def _not_a_mark(policy: Policy, wanted: str, refused: Fault | None) -> MalformedError:
    near = ", ".join(nearest_marks(policy, wanted))
    hint = f"nearest marks: {near}" if near else ""
    if refused is not None:
        about = refused.tag or refused.subject
        return MalformedError(
            f"the policy does not allow this mark: {refused.code.value} ({about})", hint=hint
        )
    phrases = ", ".join(f"({class_phrase(each, PORTION, ENGLISH)})" for each in policy.classifications)
    begin = f"marks of {policy.name} begin with one of {phrases}"
    return MalformedError("this is not a mark of the policy", hint=hint or begin)


_NOTES = re.compile(r"(?: \[[^\[\]]*\])+$")


def _readings(policy: Policy, wanted: str, lang: str, steps: _Steps) -> Iterator[Label]:
    """Every label that a mark could stand for in a language, valid or not."""
    notes = _NOTES.search(wanted)
    typed = wanted[: notes.start()] if notes else wanted
    grammar = _grammar(policy, lang)
    for classification in policy.classifications:
        phrase = plain(class_phrase(classification, PORTION, lang))
        if not typed.startswith(phrase):
            continue
        for members in _lists(grammar, typed, len(phrase), frozenset(), steps):
            implied = implied_by(policy, classification, members)
            label = labelled(policy, classification.name, (*members, *implied))
            if notes is None:
                if not hidden_note(policy, label, PORTION):
                    yield label
            elif lang == ENGLISH:
                yield from _noted(policy, label, notes.group(), wanted)


def labelled(policy: Policy, classification: str, members: Iterable[Member]) -> Label:
    """A label of some values of a policy."""
    parts = [category(each.tag_set.name, each.tag.type, [each.category.name]) for each in members]
    return Label(policy_id=policy.id, classification=classification, categories=gathered(parts))


class _Values:
    """How values are typed one after another."""

    def __init__(self, phrases: dict[str, Member], separator: str) -> None:
        self.phrases, self.separator = phrases, separator
        # The longest first. Of all phrases of a policy few are as long as what is there.
        self.lengths = sorted({len(phrase) for phrase in phrases}, reverse=True)


class _Grammar(_Values):
    """How one list of a policy is typed: what stands before, between and after which phrases."""

    def __init__(self, policy: Policy, field: Field, lang: str) -> None:
        shown = shown_values(policy, field, PORTION, lang)
        phrases = _unique((plain(phrase), member) for member, phrase in shown)
        super().__init__(phrases, plain(separator(policy, field, PORTION, lang)))
        self.offset = field.offset
        self.prefix = plain(prefix(policy, field, PORTION, lang))
        self.suffix = plain(suffix(policy, field, PORTION, lang)).rstrip()

    @property
    def said(self) -> tuple[object, ...]:
        """All that is typed of it."""
        return (self.prefix, self.separator, self.suffix, tuple(self.phrases))


@lru_cache(maxsize=POLICIES_REMEMBERED * 4)
def _grammar(policy: Policy, lang: str) -> tuple[_Grammar, ...]:
    return tuple(_Grammar(policy, field, lang) for field in policy.fields.values())


@lru_cache(maxsize=POLICIES_REMEMBERED)
def _other_languages(policy: Policy) -> tuple[str, ...]:
    """The languages in which portion marks are not the English ones, each kind once."""
    kinds: dict[tuple[object, ...], str] = {}
    for lang in (ENGLISH, *languages(policy)):
        classes = tuple(plain(class_phrase(each, PORTION, lang)) for each in policy.classifications)
        kinds.setdefault((classes, tuple(each.said for each in _grammar(policy, lang))), lang)
    return tuple(lang for lang in kinds.values() if lang != ENGLISH)


def _unique(pairs: Iterable[tuple[str, Member]]) -> dict[str, Member]:
    """Leave out the phrases that two values share, for nobody could tell which was meant."""
    found = list(pairs)
    counts = Counter(phrase for phrase, _ in found)
    return {phrase: member for phrase, member in found if counts[phrase] == 1}


def _lists(
    grammar: Sequence[_Grammar], text: str, start: int, used: frozenset[int], steps: _Steps
) -> Iterator[tuple[Member, ...]]:
    """Read the rest of a mark as lists of values, each list at most once; yield each reading."""
    if start == len(text):
        yield ()
        return
    for each in grammar:
        if each.offset in used or not text.startswith(each.prefix, start):
            continue
        for members, end in _values(each, text, start + len(each.prefix), steps):
            if text.startswith(each.suffix, end):
                for rest in _lists(grammar, text, end + len(each.suffix), used | {each.offset}, steps):
                    yield (*members, *rest)


def _values(
    grammar: _Values, text: str, start: int, steps: _Steps
) -> Iterator[tuple[tuple[Member, ...], int]]:
    """Read one list of values from *start*, longest first; yield it with the place after it."""
    for length in grammar.lengths:
        steps.take()
        end = start + length
        member = grammar.phrases.get(text[start:end])
        if member is not None and not text[end : end + 1].isalnum():
            if text.startswith(grammar.separator, end):
                for more, last in _values(grammar, text, end + len(grammar.separator), steps):
                    yield (member, *more), last
            yield (member,), end


def _noted(policy: Policy, label: Label, notes: str, wanted: str) -> Iterator[Label]:
    """Put what the notes in brackets say in place of the implied values, if it then prints like that."""
    for note in re.findall(r"\[([^\[\]]*)\]", notes):
        fields = [
            field for field in policy.fields.values() if note.startswith(plain(f"{field.tag_set.name}:"))
        ]
        for field in fields:
            label = _replaced(label, field, note[len(plain(f"{field.tag_set.name}:")) :].strip())
    if lasting_fault(policy, label) is None and plain(marking(policy, label, place=PORTION)) == wanted:
        yield label


def _replaced(label: Label, field: Field, names: str) -> Label:
    """Give a label other values in one list; what is no list of names takes all of them away."""
    known = {plain(member.category.name): member for member in field.members.values()}
    read = _values(_Values(known, ","), names, 0, _Steps())
    members = next((found for found, end in read if end == len(names)), ())
    key = (field.tag_set.name, field.type)
    kept = [part for part in label.categories if (part.tag, part.type) != key]
    added = [category(*key, [member.category.name for member in members])] if members else []
    return replace(label, categories=gathered((*kept, *added)))


def plain(text: str) -> str:
    """Forgive case, runs of spaces, and the spacing around commas and slashes."""
    return re.sub(r"\s*([,/])\s*", r"\1", re.sub(r"\s+", " ", text)).lower()
