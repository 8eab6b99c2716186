# SPDX-License-Identifier: Apache-2.0
"""
Changes of what people see: phrases, what stands around lists, privacy marks.

Compared is what prints: where a language has no phrase of its own, the one without a language stands for
it, and the name where there is none at all.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from msgspec.structs import replace

from legation.labels.policy import Classification, Field, Marking, Policy, TagCategory
from legation.labels.policy_change import ChangeCode, Effect, PolicyChange

_BOTH_ENDS = {"pageTopBottom": ("pageTop", "pageBottom")}
_LEFT_OUT = frozenset({"noNameDisplay", "noMarkingDisplay", "suppressClassName"})
"""Codes that say that something is not displayed: no places, and no phrase of theirs prints."""

_Texts = Mapping[tuple[str, ...], str]
"""Texts by place, language and whatever else tells them apart."""


def mark_changes(old: Policy, new: Policy) -> Iterator[PolicyChange]:
    """List what prints differently, for the names that both versions have."""
    base = PolicyChange(code=ChangeCode.MARKING, effect=Effect.SHOWS)
    names = (old.name, new.name)
    yield from _changes(base, _phrases(old.markings, old.name), _phrases(new.markings, new.name), *names)
    for before in old.classifications:
        after = new.classification(before.name)
        if after is not None:
            yield from _of_one(replace(base, names=(after.name,)), before, after)
    for key, field in new.fields.items():
        if key in old.fields:
            yield from _of_list(replace(base, tag=key[0], type=key[1].value), old.fields[key], field)
    yield from _of_privacy_marks(old, new)


def _of_privacy_marks(old: Policy, new: Policy) -> Iterator[PolicyChange]:
    before, after = ({each.name: each for each in policy.privacy_marks} for policy in (old, new))
    base = PolicyChange(code=ChangeCode.PRIVACY_MARK, effect=Effect.SHOWS)
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            said = partial(replace, base, names=(name,))
            yield said(before=name if name in before else "", after=name if name in after else "")


def _of_list(base: PolicyChange, old: Field, new: Field) -> Iterator[PolicyChange]:
    for key, member in new.members.items():
        if key in old.members:
            named = replace(base, names=(member.category.name,))
            yield from _of_one(named, old.members[key].category, member.category)
    around = replace(base, code=ChangeCode.QUALIFIER)
    for code in ("prefix", "separator", "suffix"):
        texts = (_qualifiers(old, code), _qualifiers(new, code))
        yield from _changes(replace(around, operation=code), *texts, "", "")


def _of_one(
    base: PolicyChange, old: Classification | TagCategory, new: Classification | TagCategory
) -> Iterator[PolicyChange]:
    one, other = _phrases(old.markings, old.name), _phrases(new.markings, new.name)
    yield from _changes(base, one, other, old.name, new.name)


def _phrases(markings: Iterable[Marking], name: str) -> _Texts:
    """What prints where; of several phrases for one place the first counts."""
    found: dict[tuple[str, ...], str] = {}
    for marking in markings:
        for code in sorted(marking.codes):
            for place in _BOTH_ENDS.get(code, (code,)):
                stated = name if marking.phrase is None else marking.phrase
                found.setdefault((place, marking.language), code if code in _LEFT_OUT else stated)
    return found


def _qualifiers(field: Field, code: str) -> _Texts:
    found: dict[tuple[str, ...], str] = {}
    for tag in field.tag_set.tags:
        for each in tag.qualifiers if tag.type is field.type else ():
            for place in _BOTH_ENDS.get(each.place, (each.place,)) if each.code == code else ():
                found.setdefault((place, each.language), each.text)
    return found


def _changes(
    base: PolicyChange, old: _Texts, new: _Texts, old_name: str, new_name: str
) -> Iterator[PolicyChange]:
    """One change for each pair of texts, with all the places where it is so."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for place, language in sorted({*old, *new}):
        before, after = _at(old, place, language, old_name), _at(new, place, language, new_name)
        if before != after:
            places.setdefault((language, before, after), []).append(place)
    for (language, before, after), where in places.items():
        yield replace(base, language=language, before=before, after=after, places=tuple(where))


def _at(texts: _Texts, place: str, language: str, name: str) -> str:
    for wanted in (language, "", "en"):
        if (place, wanted) in texts:
            return texts[place, wanted]
    return "" if place in _LEFT_OUT else name
