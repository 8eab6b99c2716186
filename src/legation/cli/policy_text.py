# SPDX-License-Identifier: Apache-2.0
"""
A policy as text and as a record: everything that it says, each thing once.

What many values have in common is said of them together: a list of forty parties has mostly one rule.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from legation.labels.policy import (
        CategoryReference,
        Classification,
        EquivalentCategory,
        EquivalentClassification,
        Field,
        Marking,
        Policy,
        Qualifier,
        Requirement,
        TagCategory,
        Window,
    )

_OPERATIONS = {"onlyOne": "exactly one of", "oneOrMore": "one of", "all": "all of"}


def policy_record(found: "Policy") -> dict[str, Any]:
    """Give a policy whole, for programs; ``lists`` are what labels may name, ``tag_sets`` what the file has."""
    record: dict[str, Any] = plain(found)
    record["lists"] = [
        {
            "name": field.tag_set.name,
            "id": field.tag_set.id,
            "type": field.type.value,
            "values": [member.category.name for member in field.members.values()],
        }
        for field in found.fields.values()
    ]
    return record


def plain(value: Any) -> Any:
    """Bring a value of frozen parts into what JSON has; sets are sorted, so that two runs print the same."""
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, frozenset):
        return sorted(plain(each) for each in value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def policy_text(found: "Policy") -> str:
    """Print a policy for people."""
    ordered = sorted(found.classifications, key=lambda each: each.hierarchy)
    lines = [
        f"{found.name} version {found.version}",
        f"  identifier  {found.id}",
        f"  digest      {found.digest.hex()}",
        f"  levels      {' < '.join(each.name for each in ordered)}",
        f"  in force    {_window(found.window) or 'always'}",
    ]
    lines += [f"  prints      {each}" for each in _marks(found.markings, found.qualifiers)]
    for level in ordered:
        lines += _titled(f"{level.name}:", _class_lines(found, level))
    for field in found.fields.values():
        lines += _list_lines(found, field)
    lines += _titled("typed by whoever writes the label:", _typed_lines(found))
    lines += _titled("communities:", _group_lines(found))
    lines += _titled(
        "privacy marks:", (each.name + ", obsolete" * each.obsolete for each in found.privacy_marks)
    )
    lines += _titled("equivalent policies:", _policy_lines(found))
    lines += _titled("forgiven:", found.faults)
    return "\n".join(lines)


def _titled(title: str, said: Iterable[str]) -> list[str]:
    lines = [f"    {each}" for each in said]
    return [f"  {title}", *lines] if lines else []


def _class_lines(policy: "Policy", level: "Classification") -> Iterator[str]:
    if level.obsolete:
        yield "obsolete: new labels do not have it"
    yield from _needs(policy, level.required)
    yield from _equivalents(policy, level.equivalents)
    yield from _marks(level.markings, level.qualifiers)


def _list_lines(policy: "Policy", field: "Field") -> Iterator[str]:
    names = [member.category.name for member in field.members.values()]
    yield f"  {field.tag_set.name} ({field.type.value}): {', '.join(names)}"
    for tag in field.tag_set.tags:
        if tag.type is field.type and (tag.count_min or tag.count_max is not None):
            most = "" if tag.count_max is None else f", at most {tag.count_max}"
            yield f"    at least {tag.count_min}{most} of {', '.join(each.name for each in tag.categories)}"
    said: dict[str, list[str]] = {}
    for member in field.members.values():
        for rule in _value_lines(policy, member.category):
            said.setdefault(rule, []).append(member.category.name)
    for rule, named in said.items():
        yield f"    {'each' if len(named) == len(names) > 1 else _some(named)}: {rule}"
    around = (each for tag in field.tag_set.tags if tag.type is field.type for each in tag.qualifiers)
    yield from (f"    around its values: {each}" for each in _marks((), dict.fromkeys(around)))
    for equivalent in field.tag_set.equivalents:
        needs = "".join(f"; there {each}" for each in _needs(None, equivalent.required))
        yield f"    in {equivalent.policy} {equivalent.name or equivalent.id}{needs}"


def _value_lines(policy: "Policy", value: "TagCategory") -> Iterator[str]:
    if value.obsolete:
        yield "obsolete: new labels do not have it"
    if _window(value.window):
        yield f"in force {_window(value.window)}"
    if value.required_class:
        yield f"only with {value.required_class}"
    if value.excluded_classes:
        yield f"not with {', '.join(value.excluded_classes)}"
    yield from _needs(policy, value.required)
    if value.excluded:
        yield f"not with {', '.join(_referred(policy, each) for each in value.excluded)}"
    yield from _equivalents(policy, value.equivalents)
    yield from _marks(value.markings, value.qualifiers)


def _typed_lines(policy: "Policy") -> Iterator[str]:
    for tag_set in policy.tag_sets:
        for tag in tag_set.tags:
            for each in tag.categories:
                if each.user_input:
                    form = f"{each.user_input} {each.date_format}".strip()
                    yield f"{each.name} of {tag_set.name} ({tag.type.value}): {form}"


def _group_lines(policy: "Policy") -> Iterator[str]:
    for group in policy.memberships:
        members = [each.name for each in group.members if not each.obsolete]
        former = [each.name for each in group.members if each.obsolete]
        yield f"{group.name}: {', '.join(members)}" + (f"; no more: {', '.join(former)}" if former else "")


def _policy_lines(policy: "Policy") -> Iterator[str]:
    for each in policy.equivalents:
        needs = "".join(f"; there {said}" for said in _needs(None, each.required))
        yield f"{each.name} {each.id}{needs}"


def _needs(policy: "Policy | None", required: Iterable["Requirement"]) -> Iterator[str]:
    for each in required:
        wanted = ", ".join(_referred(policy, group) for group in each.groups)
        yield f"needs {_OPERATIONS[each.operation.value]} {wanted}"


def _referred(policy: "Policy | None", group: "CategoryReference") -> str:
    """Name what a reference leads to; values of another policy, which is not here, by their numbers."""
    if not group.lacv:
        return group.tag_set
    field = None if policy is None else policy.fields.get((group.tag_set, group.type))
    names = [] if field is None else [each.category.name for each in field.members.values()]
    lacvs = [] if field is None else [each.category.lacv for each in field.members.values()]
    named = [name for name, lacv in zip(names, lacvs, strict=True) if lacv == group.lacv]
    return f"{group.tag_set} {named[0] if named else f'number {group.lacv}'}"


def _equivalents(
    policy: "Policy", equivalents: Iterable["EquivalentClassification | EquivalentCategory"]
) -> Iterator[str]:
    when = {"encrypt": "written as", "decrypt": "read from", "both": "written as and read from"}
    for each in equivalents:
        way = when[each.applied.value]
        needs = "".join(f"; there {said}" for said in _needs(None, getattr(each, "required", ())))
        if getattr(each, "discard", False):
            yield f"in {each.policy} left out ({each.applied.value})"
        else:
            yield f"in {each.policy} {way} number {each.lacv}{needs}"


def _window(window: "Window") -> str:
    parts = (("from", window.not_before), ("until", window.not_after))
    return " ".join(f"{word} {instant.isoformat()}" for word, instant in parts if instant is not None)


def _marks(markings: Iterable["Marking"], qualifiers: Iterable["Qualifier"]) -> Iterator[str]:
    """Phrases by place, the languages of one place together."""
    found: dict[str, list[str]] = {}
    for marking in markings:
        phrase = "its name" if marking.phrase is None else f"`{marking.phrase}`"
        said = f"{marking.language} {phrase}".strip()
        found.setdefault(", ".join(sorted(marking.codes)), []).append(said)
    for each in qualifiers:
        said = f"{each.language} {each.code} `{each.text}`".strip()
        found.setdefault(each.place or "everywhere", []).append(said)
    return _told(found)


def _told(found: Mapping[str, list[str]]) -> Iterator[str]:
    return (f"{place}: {', '.join(said)}" for place, said in found.items())


def _some(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:4])} and {len(names) - 4} more"
