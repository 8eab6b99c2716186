# SPDX-License-Identifier: Apache-2.0
"""
What a policy prints for one name at one place of a document, in one language.

Rules kept here:

1. A phrase in the wanted language comes before one in a wider form of it (``fr`` for ``fr-CA``), that
   before one without a language, and that before an English one.
2. Without a phrase for the place the name stands, unless the policy says that it does not.
3. What a policy states for the top and bottom of a page counts at each of them. What qualifies a list
   at one end of a page counts at the other, if nothing else is stated there: a list that says whom it
   is for never stands without those words.
4. A marking that names no place is for every place but the portion mark, which people type.

Source: XML SPIF 2.1 (markingData, markingQualifier, markingCode).
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from legation.errors import MalformedError
from legation.labels.nato import administrative_qualifier, is_nato, is_unsaid
from legation.labels.policy import Classification, Field, Marking, Member, Policy, Qualifier

PORTION = "portionMarking"
BANNER = "pageTop"
PLACES = frozenset(
    [
        "pageTop",
        "pageBottom",
        "pageTopBottom",
        "documentStart",
        "documentEnd",
        "firstLineOfText",
        "lastLineOfText",
        "subject",
        "xHeader",
        "portionMarking",
        "inputTitle",
        "waterMark",
    ]
)
"""The SPIF marking codes that are places; the others say how something is displayed."""

POLICIES_REMEMBERED = 16  # those that marks are printed and typed in at one time

_COVERING = {
    "pageTop": frozenset({"pageTop", "pageTopBottom"}),
    "pageBottom": frozenset({"pageBottom", "pageTopBottom"}),
    "pageTopBottom": frozenset({"pageTop", "pageBottom", "pageTopBottom"}),
}
_OTHER_END = {"pageTop": "pageBottom", "pageBottom": "pageTop"}


def check_place(place: str) -> None:
    """
    Refuse what is no place of a document.

    Raises:
        MalformedError: It is not one of ``PLACES``.
    """
    if place not in PLACES:
        raise MalformedError("this is no place of a marking", hint=f"places are {', '.join(sorted(PLACES))}")


@lru_cache(maxsize=POLICIES_REMEMBERED)
def languages(policy: Policy) -> tuple[str, ...]:
    """The languages that a policy has words in, as it tags them, sorted; without a tag is not one."""
    stated: list[Marking | Qualifier] = [*policy.markings, *policy.qualifiers]
    for classification in policy.classifications:
        stated += (*classification.markings, *classification.qualifiers)
    for tag_set in policy.tag_sets:
        for tag in tag_set.tags:
            stated += tag.qualifiers
            for value in tag.categories:
                stated += (*value.markings, *value.qualifiers)
    return tuple(sorted({each.language for each in stated} - {""}))


def wider(lang: str) -> Iterator[str]:
    """A language tag, its wider forms, no language, English (RFC 4647, lookup)."""
    tag = lang.lower()
    while tag:
        yield tag
        tag = tag.rpartition("-")[0]
    yield ""
    yield "en"


def covers(codes: frozenset[str], place: str) -> bool:
    """Whether a marking with these codes is for a place."""
    if codes & _COVERING.get(place, {place}):
        return True
    return bool(codes) and place != PORTION and not codes & (PLACES | {"replacePolicy"})


def marking_of(markings: Iterable[Marking], place: str, lang: str) -> Marking | None:
    """The marking that has the phrase for a place, or None."""
    fitting = [each for each in markings if each.phrase is not None and covers(each.codes, place)]
    return next((each for tag in wider(lang) for each in fitting if each.language.lower() == tag), None)


def phrase_of(markings: Iterable[Marking], place: str, lang: str) -> str | None:
    """The phrase for a place, or None."""
    found = marking_of(markings, place, lang)
    return None if found is None else found.phrase


def replaced_policy(markings: Iterable[Marking], lang: str) -> str | None:
    """What is printed in place of the policy's name, or None."""
    fitting = [each for each in markings if each.phrase is not None and "replacePolicy" in each.codes]
    return next(
        (each.phrase for tag in wider(lang) for each in fitting if each.language.lower() == tag), None
    )


def codes_of(*markings: Iterable[Marking]) -> frozenset[str]:
    """All codes of some markings."""
    return frozenset(code for each in markings for marking in each for code in marking.codes)


def qualifier_of(qualifiers: Iterable[Qualifier], place: str, code: str, lang: str) -> str | None:
    """The prefix, suffix or separator at a place, or None where the policy states none."""
    known = [each for each in qualifiers if each.code == code]
    for where in (place, _OTHER_END.get(place, place)):
        fitting = [each for each in known if not each.place or covers(frozenset({each.place}), where)]
        for tag in wider(lang):
            for each in fitting:
                if each.language.lower() == tag:
                    return each.text
    return None


def class_phrase(classification: Classification, place: str, lang: str) -> str:
    """What a classification prints as, with what stands around it."""
    phrase = phrase_of(classification.markings, place, lang)
    text = classification.name if phrase is None else phrase
    return _qualified(classification.qualifiers, text, place, lang)


def value_phrase(member: Member, place: str, lang: str) -> str:
    """What a value that is displayed prints as, with what stands around it."""
    text = phrase_of(member.category.markings, place, lang) or member.category.name
    return _qualified(member.category.qualifiers, text, place, lang)


def _qualified(qualifiers: tuple[Qualifier, ...], text: str, place: str, lang: str) -> str:
    if not qualifiers or not text:
        return text
    before = qualifier_of(qualifiers, place, "prefix", lang) or ""
    return before + text + (qualifier_of(qualifiers, place, "suffix", lang) or "")


def is_hidden(policy: Policy, member: Member, place: str) -> bool:
    """Whether a value is never displayed in its list at a place."""
    return member.bit in hidden_bits(policy, place)


@lru_cache(maxsize=POLICIES_REMEMBERED * len(PLACES))
def hidden_bits(policy: Policy, place: str) -> frozenset[int]:
    """The bits of all values that are never displayed in their lists at a place."""
    return frozenset(
        member.bit
        for field in policy.fields.values()
        for member in field.members.values()
        if is_unsaid(policy, member) or _has_no_display(member, place)
    )


def _has_no_display(member: Member, place: str) -> bool:
    found = marking_of(member.category.markings, place, "")
    if found is not None:
        return not found.phrase or "noMarkingDisplay" in found.codes
    return bool(codes_of(member.category.markings) & {"noMarkingDisplay", "noNameDisplay"})


def shown_values(policy: Policy, field: Field, place: str, lang: str) -> list[tuple[Member, str]]:
    """The values of a list that are displayed, in order, with what is displayed."""
    return [
        (member, value_phrase(member, place, lang))
        for member in field.members.values()
        if not is_hidden(policy, member, place)
    ]


def list_qualifier(policy: Policy, field: Field, place: str, code: str, lang: str) -> str:
    """The prefix, suffix or separator of a list at a place; nothing where the policy has none."""
    stated = [each for tag in field.tag_set.tags if tag.type is field.type for each in tag.qualifiers]
    found = qualifier_of(stated, place, code, lang)
    if found is None and is_nato(policy):
        found = administrative_qualifier(field, code) or qualifier_of(stated, BANNER, code, lang)
    return found or ""
