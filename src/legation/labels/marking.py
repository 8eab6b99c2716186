# SPDX-License-Identifier: Apache-2.0
"""
Marks: what a label looks like on paper, and the label a typed portion mark stands for.

A marking is put together from the policy's own phrases for one place of a document (a SPIF marking
code): policy name, classification, then tag set by tag set its prefix, values, suffix.

Rules kept here:

1. Values print in the order of the SPIF, whatever order they were typed in.
2. A value that the policy never displays is implied: a typed mark receives every hidden value that
   its classification or its other values can require. A label whose hidden values are not the
   implied ones, or alone make a shown list valid, says so in square brackets: a mark never hides
   what decides.
3. Typed marks are read strictly, but for case and spacing. What is not known is an error, and so is
   what can be read as two different labels.

Source: XML SPIF 2.1 (markingData, markingQualifier); ADatP-4774.1, section 3.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import msgspec

from legation.errors import MalformedError
from legation.labels.decision import held_values
from legation.labels.label import Label, TagType, category, gathered
from legation.labels.policy import Classification, Field, Marking, Member, Policy, Qualifier
from legation.labels.rollup import roll_up
from legation.labels.validity import LABELS_REMEMBERED, Fault, FaultCode, validate, wanted_members

PORTION = "portionMarking"
BANNER = "pageTop"
MARKS_REMEMBERED = 1 << 12  # the marks of a large report; each is typed many times
POLICIES_REMEMBERED = 16  # those that marks are typed in at one time
MARK_LENGTH_MAX = 1024  # characters of a typed mark; every party of a large policy fits

_BOTH_ENDS = {"pageTop": "pageTopBottom", "pageBottom": "pageTopBottom"}


def marking(policy: Policy, label: Label, *, place: str, lang: str = "en") -> str:
    """
    Print *label* for one place of a document.

    Args:
        policy: The policy of the label.
        label: A valid label.
        place: A SPIF marking code, such as ``pageTop`` or ``portionMarking``.
        lang: The wanted language; phrases without a language stand in for missing ones.

    Raises:
        MalformedError: The label is not valid in the policy.
    """
    return _printed(policy, label, place, lang)


@lru_cache(maxsize=LABELS_REMEMBERED)
def _printed(policy: Policy, label: Label, place: str, lang: str) -> str:
    if any(fault.code is not FaultCode.DATE_NEEDED for fault in validate(policy, label)):
        raise MalformedError("label is not valid in its policy")
    label = policy.normalize(label)
    classification = policy.classification(label.classification)
    assert classification is not None, "a valid label has a known classification"
    text = _head(policy, classification, place, lang)
    for key, values in held_values(policy, label.categories).items():
        text += _list_text(policy.fields[key], values, place, lang)
    return re.sub(" +", " ", text + _hidden_note(policy, label, place)).strip()


def portion_mark(policy: Policy, label: Label) -> str:
    """Print *label* as it stands before a paragraph, in parentheses."""
    return f"({marking(policy, label, place=PORTION)})"


def banner(policy: Policy, label: Label, *, lang: str = "en") -> str:
    """Print *label* as it stands at the top of a page."""
    return marking(policy, label, place=BANNER, lang=lang)


def banner_of(policy: Policy, labels: Sequence[Label], *, lang: str = "en") -> str:
    """
    Print the banner of a whole: the roll-up of its parts.

    Where the parts have no common label, the banner is the highest classification and sends the
    reader to the portion marks; it never names a list that is not every part's.
    """
    rolled = roll_up(policy, labels).label
    if rolled is not None:
        return banner(policy, rolled, lang=lang)
    known = [found for label in labels if (found := policy.classification(label.classification))]
    if not known:
        return ""
    highest = max(known, key=lambda each: each.hierarchy)
    return f"{_head(policy, highest, BANNER, lang)} - SEE PORTION MARKS"


def parse_mark(policy: Policy, text: str) -> Label:
    """
    Read a portion mark as a person types it, with or without its parentheses.

    Case, repeated spaces and the spacing of separators are forgiven; nothing else is. A note in
    square brackets, as ``portion_mark`` adds one where it must, is read only as it prints.

    Raises:
        MalformedError: It is not a mark of this policy, it is a mark of two labels, or the label it
            gives is not valid. The message never repeats what was typed, which may be content.
    """
    if len(text) > MARK_LENGTH_MAX:
        raise MalformedError(f"mark of {len(text)} characters, expected at most {MARK_LENGTH_MAX}")
    return _parsed(policy, text)


@lru_cache(maxsize=MARKS_REMEMBERED)
def _parsed(policy: Policy, text: str) -> Label:
    bare = text.strip()
    if bare.startswith("(") and bare.endswith(")"):
        bare = bare[1:-1].strip()
    found: Label | None = None
    refused: Fault | None = None
    for label in _readings(policy, _plain(bare)):
        fault = _lasting_fault(policy, label)
        refused = refused or fault
        if fault is None and found not in {None, label}:
            raise MalformedError("this mark stands for more than one label of the policy")
        found = label if fault is None else found
    if found is not None:
        return found
    raise _not_a_mark(policy, refused)


def _lasting_fault(policy: Policy, label: Label) -> Fault | None:
    """The first fault of a label that no date would mend."""
    lasting = (fault for fault in validate(policy, label) if fault.code is not FaultCode.DATE_NEEDED)
    return next(lasting, None)


def _not_a_mark(policy: Policy, refused: Fault | None) -> MalformedError:
    if refused is not None:
        about = refused.tag or refused.subject
        return MalformedError(f"the policy does not allow this mark: {refused.code.value} ({about})")
    phrases = ", ".join(f"({_class_phrase(each, PORTION, 'en')})" for each in policy.classifications)
    hint = f"marks of {policy.name} begin with one of {phrases}"
    return MalformedError("this is not a mark of the policy", hint=hint)


_NOTES = re.compile(r"(?: \[[^\[\]]*\])+$")


def _readings(policy: Policy, wanted: str) -> Iterator[Label]:
    """Every label that a mark could stand for, valid or not."""
    notes = _NOTES.search(wanted)
    typed = wanted[: notes.start()] if notes else wanted
    grammar = _grammar(policy)
    for classification in policy.classifications:
        phrase = _plain(_class_phrase(classification, PORTION, "en"))
        if not typed.startswith(phrase):
            continue
        for members in _lists(grammar, typed, len(phrase), frozenset()):
            label = _labelled(
                policy, classification.name, (*members, *_implied_by(policy, classification, members))
            )
            if notes is None:
                if not _hidden_note(policy, label, PORTION):
                    yield label
            else:
                yield from _noted(policy, label, notes.group(), wanted)


def _labelled(policy: Policy, classification: str, members: Iterable[Member]) -> Label:
    parts = [category(each.tag_set.name, each.tag.type, [each.category.name]) for each in members]
    return Label(policy_id=policy.id, classification=classification, categories=gathered(parts))


class _Grammar:
    """How one list of a policy is typed: what stands before, between and after which phrases."""

    def __init__(self, field: Field) -> None:
        self.offset = field.offset
        self.prefix = _plain(_prefix(field, PORTION, "en"))
        self.separator = _plain(_separator(field, PORTION, "en"))
        self.suffix = _plain(_suffix(field, PORTION, "en")).rstrip()
        self.phrases = _unique((_plain(phrase), member) for member, phrase in _shown(field, PORTION, "en"))


@lru_cache(maxsize=POLICIES_REMEMBERED)
def _grammar(policy: Policy) -> tuple[_Grammar, ...]:
    return tuple(_Grammar(field) for field in policy.fields.values())


def _unique(pairs: Iterable[tuple[str, Member]]) -> dict[str, Member]:
    """Leave out the phrases that two values share, for nobody could tell which was meant."""
    found = list(pairs)
    counts = Counter(phrase for phrase, _ in found)
    return {phrase: member for phrase, member in found if counts[phrase] == 1}


def _lists(
    grammar: Sequence[_Grammar], text: str, start: int, used: frozenset[int]
) -> Iterator[tuple[Member, ...]]:
    """Read the rest of a mark as lists of values, each list at most once; yield each reading."""
    if start == len(text):
        yield ()
        return
    for each in grammar:
        if each.offset in used or not text.startswith(each.prefix, start):
            continue
        for members, end in _values(each.phrases, each.separator, text, start + len(each.prefix)):
            if text.startswith(each.suffix, end):
                for rest in _lists(grammar, text, end + len(each.suffix), used | {each.offset}):
                    yield (*members, *rest)


def _values(
    phrases: dict[str, Member], separator: str, text: str, start: int
) -> Iterator[tuple[tuple[Member, ...], int]]:
    """Read one list of values from *start*, longest first; yield it with the place after it."""
    for phrase, member in phrases.items():
        end = start + len(phrase)
        if text.startswith(phrase, start) and not text[end : end + 1].isalnum():
            if text.startswith(separator, end):
                for more, last in _values(phrases, separator, text, end + len(separator)):
                    yield (member, *more), last
            yield (member,), end


def _noted(policy: Policy, label: Label, notes: str, wanted: str) -> Iterator[Label]:
    """Put what the notes in brackets say in place of the implied values, if it then prints like that."""
    for note in re.findall(r"\[([^\[\]]*)\]", notes):
        fields = [
            field for field in policy.fields.values() if note.startswith(_plain(f"{field.tag_set.name}:"))
        ]
        for field in fields:
            label = _replaced(label, field, note[len(_plain(f"{field.tag_set.name}:")) :].strip())
    if _lasting_fault(policy, label) is None and _plain(marking(policy, label, place=PORTION)) == wanted:
        yield label


def _replaced(label: Label, field: Field, names: str) -> Label:
    """Give a label other values in one list; what is no list of names takes all of them away."""
    known = {_plain(member.category.name): member for member in field.members.values()}
    members = next((found for found, end in _values(known, ",", names, 0) if end == len(names)), ())
    key = (field.tag_set.name, field.type)
    kept = [part for part in label.categories if (part.tag, part.type) != key]
    added = [category(*key, [member.category.name for member in members])] if members else []
    return msgspec.structs.replace(label, categories=gathered((*kept, *added)))


def _plain(text: str) -> str:
    """Forgive case, runs of spaces, and the spacing around commas and slashes."""
    return re.sub(r"\s*([,/])\s*", r"\1", re.sub(r"\s+", " ", text)).lower()


def _hidden(field: Field, place: str) -> list[Member]:
    """The values of a list that are never displayed at this place."""
    return [member for member in field.members.values() if _is_hidden(member, place)]


def _is_hidden(member: Member, place: str) -> bool:
    phrase = _phrase(member.category.markings, place, "")
    if phrase is not None:
        return not phrase
    return any("noMarkingDisplay" in each.codes for each in member.category.markings)


def _shown(field: Field, place: str, lang: str) -> list[tuple[Member, str]]:
    """The values of a list that are displayed, in order, with what is displayed."""
    return [
        (member, _phrase(member.category.markings, place, lang) or member.category.name)
        for member in field.members.values()
        if not _is_hidden(member, place)
    ]


def _implied_by(
    policy: Policy, classification: Classification, members: Iterable[Member], place: str = PORTION
) -> list[Member]:
    """The hidden values that a classification or values can require."""
    required = [*classification.required, *(each for member in members for each in member.category.required)]
    wanted = {member.bit: member for each in required for member in wanted_members(policy, each)}
    return [member for member in wanted.values() if _is_hidden(member, place)]


def _hidden_note(policy: Policy, label: Label, place: str) -> str:
    """
    Name the values of a list, in brackets, where its hidden ones are not what a reader would take.

    That is where they are not the implied ones, and where they alone meet what a shown value
    requires: a list of parties then looks like one that lets them in, and does not.
    """
    classification = policy.classification(label.classification)
    assert classification is not None, "a label that is marked has a known classification"
    found = [policy.member(part, value) for part in label.categories for value in part.values]
    members = {member.bit: member for member in found if member is not None}
    shown = [member for member in members.values() if not _is_hidden(member, place)]
    implied = {member.bit for member in _implied_by(policy, classification, shown, place)}
    unsaid = {member.tag_set.name for member in _met_unseen(policy, shown, members, place)}
    notes = []
    for field in policy.fields.values():
        hidden = {member.bit for member in _hidden(field, place)}
        differs = members.keys() & hidden != implied & hidden or field.tag_set.name in unsaid
        if differs and field.type is not TagType.INFORMATIVE:
            names = [each.category.name for each in field.members.values() if each.bit in members]
            notes.append(f" [{field.tag_set.name}: {', '.join(names) or 'none'}]")
    return "".join(notes)


def _met_unseen(
    policy: Policy, shown: list[Member], members: dict[int, Member], place: str
) -> Iterator[Member]:
    """The hidden values that alone meet a requirement of a value that is shown."""
    for requirement in {each for member in shown for each in member.category.required}:
        present = [member for member in wanted_members(policy, requirement) if member.bit in members]
        if all(_is_hidden(member, place) for member in present):
            yield from present


def _head(policy: Policy, classification: Classification, place: str, lang: str) -> str:
    """The policy's name, or what replaces it, and the classification's phrase."""
    replaced = _phrase((*classification.markings, *policy.markings), "replacePolicy", lang)
    name = policy.name if replaced is None else replaced
    codes = {code for each in (*classification.markings, *policy.markings) for code in each.codes}
    if place == PORTION or "noNameDisplay" in codes:
        name = ""
    phrase = "" if "suppressClassName" in codes else _class_phrase(classification, place, lang)
    return f"{name} {phrase}".strip()


def _class_phrase(classification: Classification, place: str, lang: str) -> str:
    phrase = _phrase(classification.markings, place, lang)
    return classification.name if phrase is None else phrase


def _list_text(field: Field, values: Iterable[str], place: str, lang: str) -> str:
    wanted = set(values)
    phrases = [phrase for member, phrase in _shown(field, place, lang) if member.category.name in wanted]
    if not phrases:
        return ""
    between = _separator(field, place, lang).join(phrases)
    return _prefix(field, place, lang) + between + _suffix(field, place, lang)


def _prefix(field: Field, place: str, lang: str) -> str:
    """What stands before a list: it brings its own space or slash, or receives a space."""
    text = _qualifier(field, place, "prefix", lang)
    before = "" if text[:1] in {" ", "/"} else " "
    return f"{before}{text} " if text[-1:].isalnum() else f"{before}{text}"


def _separator(field: Field, place: str, lang: str) -> str:
    return _qualifier(field, place, "separator", lang) or ", "


def _suffix(field: Field, place: str, lang: str) -> str:
    text = _qualifier(field, place, "suffix", lang)
    return f" {text}" if text[:1].isalnum() else text


def _covers(codes: frozenset[str], place: str) -> bool:
    return place in codes or _BOTH_ENDS.get(place, place) in codes


def _phrase(markings: tuple[Marking, ...], place: str, lang: str) -> str | None:
    """The phrase for a place in a language, else without a language, else in English."""
    fitting = [each for each in markings if each.phrase is not None and _covers(each.codes, place)]
    for wanted in (lang, "", "en"):
        for each in fitting:
            if each.language == wanted:
                return each.phrase
    return None


def _qualifier(field: Field, place: str, code: str, lang: str) -> str:
    """The prefix, suffix or separator of a list at a place; nothing where the policy has none."""
    found: list[Qualifier] = [
        each
        for tag in field.tag_set.tags
        if tag.type is field.type
        for each in tag.qualifiers
        if each.code == code and (not each.place or _covers(frozenset({each.place}), place))
    ]
    for wanted in (lang, "", "en"):
        for each in found:
            if each.language == wanted:
                return each.text
    return ""
