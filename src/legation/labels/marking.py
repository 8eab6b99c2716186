# SPDX-License-Identifier: Apache-2.0
"""
Marks: what a label looks like on paper.

A marking is put together from the policy's own phrases for one place of a document (a SPIF marking
code): policy name, classification, then tag set by tag set its prefix, values, suffix. How a typed
mark becomes a label again is in ``typed``.

Rules kept here:

1. Values print in the order of the SPIF, whatever order they were typed in.
2. A value that the policy never displays is implied: a typed mark receives every hidden value that
   its classification or its other values can require. A label whose hidden values are not the
   implied ones, or alone make a shown list valid, says so in square brackets: a mark never hides
   what decides.
3. A label that becomes another one at a date has no mark of its own. Without an instant it is refused,
   for on paper nobody would see it change; with one, what counts then is marked.

Source: XML SPIF 2.1 (markingData, markingQualifier); ADatP-4774.1, section 3.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache

from legation.errors import MalformedError
from legation.labels.decision import held_values
from legation.labels.label import Label, TagType
from legation.labels.nato import context_of, implied_values, is_unsaid, said_of
from legation.labels.phrases import (
    BANNER,
    PORTION,
    check_place,
    class_phrase,
    codes_of,
    hidden_bits,
    is_hidden,
    list_qualifier,
    phrase_of,
    qualifier_of,
    replaced_policy,
    value_phrase,
)
from legation.labels.policy import Classification, Field, Member, Policy
from legation.labels.rollup import roll_up
from legation.labels.succession import in_force
from legation.labels.validity import LABELS_REMEMBERED, FaultCode, validate, wanted_members

MARK_LENGTH_MAX = 1024  # characters of a typed mark; every party of a large policy fits


def marking(policy: Policy, label: Label, *, place: str, lang: str = "en", at: datetime | None = None) -> str:
    """
    Print *label* for one place of a document.

    Args:
        policy: The policy of the label.
        label: A valid label.
        place: A SPIF marking code, such as ``pageTop`` or ``portionMarking``.
        lang: The wanted language; phrases without a language stand in for missing ones.
        at: The instant at which the label must be valid, for one that depends on dates. Only a label
            that becomes another one needs it.

    Raises:
        MalformedError: The label is not valid in the policy, depends on a date that is not given, or
            the place is none.
    """
    check_place(place)
    if label.succession is not None:
        label = _present(policy, label, at)
    elif at is not None and validate(policy, label, at=at):
        raise MalformedError("label is not valid in its policy on this date")
    return _printed(policy, label, place, lang)


def _present(policy: Policy, label: Label, at: datetime | None) -> Label:
    """The one label that counts at an instant; where several do, what joins them."""
    if at is None:
        raise MalformedError(
            "label becomes another one at a date, so it has no mark without one", hint="give an instant"
        )
    if validate(policy, label, at=at):
        raise MalformedError("label is not valid in its policy on this date")
    return in_force(policy, label, at)[-1]


@lru_cache(maxsize=LABELS_REMEMBERED)
def _printed(policy: Policy, label: Label, place: str, lang: str) -> str:
    if any(fault.code is not FaultCode.DATE_NEEDED for fault in validate(policy, label)):
        raise MalformedError("label is not valid in its policy")
    label = policy.normalize(label)
    text = _of_policy(policy, "prefix", place, lang) + _text(policy, label, place, lang).strip()
    text += _of_policy(policy, "suffix", place, lang) + hidden_note(policy, label, place)
    return re.sub(" +", " ", text).strip()


def _text(policy: Policy, label: Label, place: str, lang: str) -> str:
    """The name of the policy, the classification, and list by list what is not said by the name."""
    classification = policy.classification(label.classification)
    assert classification is not None, "a valid label has a known classification"
    members = members_on(policy, label)
    said = _said_by_name(policy, classification, members, place)
    text = _head(policy, classification, members, place, lang)
    between = _of_policy(policy, "separator", place, lang) or " "
    for key, values in held_values(policy, label.categories).items():
        field = policy.fields[key]
        without = {each.category.name for each in said if each.tag_set is field.tag_set}
        part = _list_text(policy, field, [name for name in values if name not in without], place, lang)
        text += between + part.lstrip(" ") if text and part[:1] == " " else part
    return text


def portion_mark(policy: Policy, label: Label) -> str:
    """Print *label* as it stands before a paragraph, in parentheses."""
    return f"({marking(policy, label, place=PORTION)})"


def banner(policy: Policy, label: Label, *, lang: str = "en", at: datetime | None = None) -> str:
    """Print *label* as it stands at the top of a page."""
    return marking(policy, label, place=BANNER, lang=lang, at=at)


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
    return f"{_head(policy, highest, (), BANNER, lang)} - SEE PORTION MARKS"


def members_on(policy: Policy, label: Label) -> tuple[Member, ...]:
    """The values of a label as the policy has them, each once, in its order."""
    found = [policy.member(part, value) for part in label.categories for value in part.values]
    members = {member.bit: member for member in found if member is not None}
    return tuple(members[bit] for bit in sorted(members))


def _of_policy(policy: Policy, code: str, place: str, lang: str) -> str:
    """What the policy puts around or into a whole marking; portion marks stand without it."""
    return "" if place == PORTION else qualifier_of(policy.qualifiers, place, code, lang) or ""


def _head(
    policy: Policy, classification: Classification, members: Sequence[Member], place: str, lang: str
) -> str:
    """The policy's name, or what replaces it, and the classification's phrase."""
    codes = codes_of(classification.markings, policy.markings)
    name, phrase = "", class_phrase(classification, place, lang)
    if place != PORTION:
        if "noNameDisplay" not in codes:
            name = _name(policy, classification, members, place, lang)
        of_values = codes_of(*(member.category.markings for member in members))
        if "suppressClassName" in codes | of_values:
            phrase = ""
        if "noMarkingDisplay" in codes_of(classification.markings):
            return ""
    elif "suppressClassName" in codes:
        phrase = ""
    between = _of_policy(policy, "separator", place, lang) or " "
    return between.join(part for part in (name, phrase) if part).strip()


def _name(
    policy: Policy, classification: Classification, members: Sequence[Member], place: str, lang: str
) -> str:
    replaced = replaced_policy(classification.markings, lang)
    if replaced is not None:
        return replaced
    for member in _said_by_name(policy, classification, members, place):
        return _context_name(policy, classification, member, place, lang)
    replaced = replaced_policy(policy.markings, lang)
    return policy.name if replaced is None else replaced


def _said_by_name(
    policy: Policy, classification: Classification, members: Sequence[Member], place: str
) -> tuple[Member, ...]:
    """The value, if any, that stands in place of the policy's name, and so is said."""
    if place == PORTION or replaced_policy(classification.markings, "") is not None:
        return ()
    context = context_of(policy, members)
    if context is not None:
        return (context,)
    return next(((each,) for each in members if replaced_policy(each.category.markings, "") is not None), ())


def _context_name(
    policy: Policy, classification: Classification, member: Member, place: str, lang: str
) -> str:
    replaced = replaced_policy(member.category.markings, lang)
    if replaced is not None and not is_unsaid(policy, member):
        return replaced
    phrase = None if is_unsaid(policy, member) else phrase_of(member.category.markings, place, lang)
    return phrase or said_of(policy, classification, member)


def _list_text(policy: Policy, field: Field, values: Iterable[str], place: str, lang: str) -> str:
    members = [field.members[policy.fold(name)] for name in values]
    shown = [value_phrase(each, place, lang) for each in members if not is_hidden(policy, each, place)]
    if not shown:
        return ""
    between = separator(policy, field, place, lang).join(shown)
    return prefix(policy, field, place, lang) + between + suffix(policy, field, place, lang)


def prefix(policy: Policy, field: Field, place: str, lang: str) -> str:
    """What stands before a list: it brings its own space or slash, or receives a space."""
    text = list_qualifier(policy, field, place, "prefix", lang)
    before = "" if text[:1] in {" ", "/"} else " "
    return f"{before}{text} " if text[-1:].isalnum() else f"{before}{text}"


def separator(policy: Policy, field: Field, place: str, lang: str) -> str:
    """What stands between the values of a list."""
    return list_qualifier(policy, field, place, "separator", lang) or ", "


def suffix(policy: Policy, field: Field, place: str, lang: str) -> str:
    """What stands after a list."""
    text = list_qualifier(policy, field, place, "suffix", lang)
    return f" {text}" if text[:1].isalnum() else text


def implied_by(
    policy: Policy, classification: Classification, members: Iterable[Member], place: str = PORTION
) -> list[Member]:
    """The hidden values that a classification or shown values can require."""
    shown = list(members)
    required = [*classification.required, *(each for member in shown for each in member.category.required)]
    wanted = {member.bit: member for each in required for member in wanted_members(policy, each)}
    wanted |= {member.bit: member for member in implied_values(policy, shown)}
    return [member for member in wanted.values() if is_hidden(policy, member, place)]


def hidden_note(policy: Policy, label: Label, place: str) -> str:
    """
    Name the values of a list, in brackets, where its hidden ones are not what a reader would take.

    That is where they are not the implied ones, and where they alone meet what a shown value
    requires: a list of parties then looks like one that lets them in, and does not.
    """
    classification = policy.classification(label.classification)
    assert classification is not None, "a label that is marked has a known classification"
    members = {member.bit: member for member in members_on(policy, label)}
    said = {member.bit for member in _said_by_name(policy, classification, tuple(members.values()), place)}
    said = {bit for bit in said if not is_unsaid(policy, members[bit])}
    shown = [
        member for member in members.values() if member.bit in said or not is_hidden(policy, member, place)
    ]
    implied = {member.bit for member in implied_by(policy, classification, shown, place)}
    unsaid = {member.tag_set.name for member in _met_unseen(policy, shown, members, place)}
    hidden = hidden_bits(policy, place) - said
    notes = []
    for field in policy.fields.values():
        bits = {each.bit for each in field.members.values()}
        differs = members.keys() & bits & hidden != implied & bits & hidden
        if (differs or field.tag_set.name in unsaid) and field.type is not TagType.INFORMATIVE:
            names = [each.category.name for each in field.members.values() if each.bit in members]
            notes.append(f" [{field.tag_set.name}: {', '.join(names) or 'none'}]")
    return "".join(notes)


def _met_unseen(
    policy: Policy, shown: list[Member], members: dict[int, Member], place: str
) -> Iterator[Member]:
    """The hidden values that alone meet a requirement of a value that is shown."""
    for requirement in {each for member in shown for each in member.category.required}:
        present = [member for member in wanted_members(policy, requirement) if member.bit in members]
        if all(is_hidden(policy, member, place) for member in present):
            yield from present
