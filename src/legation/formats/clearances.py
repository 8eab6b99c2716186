# SPDX-License-Identifier: Apache-2.0
"""
Clearances as people write them, in TOML; and the one reader of every form of a clearance.

Use::

    policy = "EXERCISE"
    classifications = ["OPEN", "LIMITED", "CONFIDENTIAL"]
    not_after = 2027-06-30T00:00:00Z

    [permissive]
    Context = ["Releasable"]
    "Releasable To" = ["KOR", "JPN"]

The lists are those of the policy, by the name of the tag set, under how they decide: ``restrictive``,
``permissive``, ``informative``. A key that is not known is refused, and so is an empty list: it would
grant nothing, and somebody meant something by it. Unlike the XML it says from when and until when.

The object identifiers of policy and tag sets may be stated; then they must fit too::

    policy_id = "2.25.1"

    [restrictive]
    Caveats = {id = "2.25.1.1", values = ["HERON"]}
"""

import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from legation.errors import MalformedError
from legation.formats import xml
from legation.formats.stanag4774_clearance import read_claim, read_clearance
from legation.labels.label import CATEGORIES_MAX, VALUES_MAX, Category, Clearance, TagType, category

CLEARANCE_SIZE_BYTES_MAX = 64 << 10  # a text that a person wrote

_KEYS = frozenset({"policy", "policy_id", "classifications", "not_before", "not_after", *TagType})


def read_any(data: bytes) -> Clearance:
    """
    Read a clearance in whatever form: XML of ADatP-4774, the claim ``aciClr``, or TOML.

    Raises:
        MalformedError: It is none of them.
    """
    text = data.strip(b" \t\r\n\xef\xbb\xbf")
    if text.startswith(b"<"):
        return read_clearance(data)
    if text and re.fullmatch(rb"[A-Za-z0-9_-]+={0,2}", text):
        return read_claim(text.decode("ascii"))
    return read(data)


def read(data: bytes) -> Clearance:
    """
    Read a clearance in TOML.

    Raises:
        MalformedError: It is no TOML, or a key is missing, not known, or has a value of another kind.
    """
    table = _table(data)
    for key in table:
        if key not in _KEYS:
            raise MalformedError(
                f"clearance has an unknown key `{xml.shown(key)}`",
                hint=f"there are {', '.join(sorted(_KEYS))}",
            )
    classifications = _names(table.get("classifications", []), "classifications")
    bounds = [_instant(table[key], key) if key in table else None for key in ("not_before", "not_after")]
    if bounds[0] is not None and bounds[1] is not None and bounds[1] < bounds[0]:
        raise MalformedError("clearance ends before it begins: `not_after` lies before `not_before`")
    parts = [part for type_ in TagType for part in _lists(table.get(type_.value, {}), type_)]
    if len(parts) > CATEGORIES_MAX:
        raise MalformedError(f"clearance has {len(parts)} lists, expected at most {CATEGORIES_MAX}")
    return Clearance(
        policy_id=_text(table.get("policy_id", ""), "policy_id"),
        policy=_text(table.get("policy", ""), "policy"),
        classifications=classifications,
        categories=tuple(sorted(parts, key=lambda part: part.key)),
        not_before=bounds[0],
        not_after=bounds[1],
    )


def _table(data: bytes) -> dict[str, Any]:
    if len(data) > CLEARANCE_SIZE_BYTES_MAX:
        raise MalformedError(f"clearance has {len(data)} bytes, expected at most {CLEARANCE_SIZE_BYTES_MAX}")
    if max(data.count(b"["), data.count(b"{"), data.count(b".")) > VALUES_MAX:
        raise MalformedError("clearance has too many lists or dotted keys")
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise MalformedError("clearance is not in UTF-8") from None
    except tomllib.TOMLDecodeError as fault:
        # The library's message may quote what it read, so only the line goes on.
        line = re.search(r"at line ([0-9]+)", str(fault))
        where = f" at line {line[1]}" if line else ""
        raise MalformedError(f"clearance is no TOML{where}") from None
    except (ValueError, RecursionError):
        raise MalformedError("clearance is no TOML") from None


def _text(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise MalformedError(f"clearance has a `{key}` that is no text")
    return value


def _names(value: object, key: str) -> tuple[str, ...]:
    """Read a list of names: one at least, none twice."""
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise MalformedError(f"clearance has a `{key}` that is no list of names")
    if not value:
        raise MalformedError(
            f"clearance has an empty `{key}`", hint="leave a list out to grant nothing of it"
        )
    if len(value) > VALUES_MAX or len(set(value)) != len(value):
        raise MalformedError(f"clearance has a `{key}` with a name twice, or with too many")
    return tuple(value)


def _instant(value: object, key: str) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        kind = "without a time zone" if isinstance(value, date) else "that is no date and time"
        raise MalformedError(f"clearance has a `{key}` {kind}", hint="write it as 2027-06-30T00:00:00Z")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise MalformedError(f"clearance has a `{key}` beyond all years") from None


def _lists(value: object, type_: TagType) -> Iterator[Category]:
    if not isinstance(value, dict):
        raise MalformedError(f"clearance has a `{type_.value}` that is no table of lists")
    for tag, stated in value.items():
        key = f"{type_.value}.{xml.shown(tag)}"
        id_, values = _identified(stated, key) if isinstance(stated, dict) else ("", stated)
        yield category(tag, type_, _names(values, key), tag_id=id_)


def _identified(stated: dict[str, Any], key: str) -> tuple[str, object]:
    """Read a list that states the identifier of its tag set."""
    if stated.keys() != {"id", "values"}:
        raise MalformedError(f"clearance has a `{key}` other than a list, or an id and values")
    id_ = _text(stated["id"], f"{key}.id")
    if not id_:
        raise MalformedError(f"clearance has an empty `{key}.id`")
    return id_, stated["values"]


# --- Writing


def write(clearance: Clearance) -> bytes:
    """
    Write a clearance in TOML; ``read`` gives it back.

    Raises:
        MalformedError: The form cannot say what it says: no classification, a list without a value,
            or one tag set under two identifiers.
    """
    if not clearance.classifications or any(not part.values for part in clearance.categories):
        raise MalformedError("a clearance in TOML names a classification, and a value in each list")
    if len({(part.tag, part.type) for part in clearance.categories}) < len(clearance.categories):
        raise MalformedError("a clearance in TOML has each tag set once")
    lines = [
        f"{key} = {_quoted(value)}"
        for key, value in (("policy", clearance.policy), ("policy_id", clearance.policy_id))
        if value
    ]
    lines.append(f"classifications = {_row(clearance.classifications)}")
    for key, bound in (("not_before", clearance.not_before), ("not_after", clearance.not_after)):
        if bound is not None:
            lines.append(f"{key} = {bound.astimezone(UTC).isoformat().removesuffix('+00:00')}Z")
    for type_ in TagType:
        parts = [part for part in clearance.categories if part.type is type_]
        lines += ["", f"[{type_.value}]"] if parts else []
        lines += [f"{_key(part.tag)} = {_list(part)}" for part in parts]
    data = ("\n".join(lines) + "\n").encode()
    if read(data) != clearance:
        raise MalformedError("a clearance in TOML has each name once, and each bound in its order")
    return data


def _list(part: Category) -> str:
    row = _row(part.values)
    return f"{{id = {_quoted(part.tag_id)}, values = {row}}}" if part.tag_id else row


def _row(names: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_quoted, names))}]"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(text: str) -> str:
    """A basic string; names hold no control characters, so these two are all that is escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
