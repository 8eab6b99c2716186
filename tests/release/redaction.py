# SPDX-License-Identifier: Apache-2.0
"""
The redaction cases of ``vectors/redaction``, taken the whole way: read, sign, cut, verify, show.

``vectors/README.md`` says what a case holds. People write them; ``cases`` refuses what it does not know, and ``seen``
says what comes of one, in the words of its expectation.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from legation.encoding import encode
from legation.errors import MalformedError, RefusedError
from legation.formats import clearances, markdown
from legation.formats.shipped import NAMES, shipped
from legation.item import Draft, DraftPortion, View, inspect, sign, verify
from legation.item.attachment import Measured, measured
from legation.item.view import ViewPortion
from legation.keys.card import read
from legation.labels import (
    Category,
    Label,
    Policies,
    Reader,
    TagType,
    portion_mark,
)
from legation.release import disclose, disclosure_banner
from tests.item import worlds
from tests.keys.office import Keys

FOLDER = Path(__file__).parents[2] / "vectors" / "redaction"
AUTHOR = "KOR@NATO"
PARTY = "KOR"
SIGNED_AT = 1_793_440_800  # 2026-10-31T10:00:00Z
KEYS = Keys.of(AUTHOR)
CARD = KEYS.card()
POLICIES = Policies(map(shipped, NAMES))

Told = Mapping[str, Any]
"""A portion as a case tells it: its mark, and its fields as the specification of the item names them."""


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a case: a field that is not known is refused, for somebody meant something by it."""


class Person(_Strict, frozen=True):
    """Who reads: clearances in TOML, an instant, languages with the best first."""

    at: str
    clearances: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


class Instead(_Strict, frozen=True):
    """A label that no mark can say, put on a portion after reading, as another program might sign it."""

    portion: int
    classification: str
    categories: Mapping[TagType, Mapping[str, tuple[str, ...]]] = {}


class Expected(_Strict, frozen=True):
    """
    What must come of it: a view, nothing, or faults in these lines of the document.

    ``portions`` are what is shown, in order; ``besides`` what else the view holds, because something shown stands
    for it.
    """

    banner: str = ""
    portions: tuple[dict[str, str | bool | int | list[str]], ...] = ()
    besides: tuple[dict[str, str | bool | int | list[str]], ...] = ()
    nothing: bool = False
    unreadable: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if [bool(self.portions), self.nothing, bool(self.unreadable)].count(True) != 1:
            raise ValueError("a case expects portions, nothing, or faults")
        if bool(self.banner) is not bool(self.portions):
            raise ValueError("a banner stands over portions")


class Case(_Strict, frozen=True):
    """
    A marked document, a reader, and the view they must see.

    ``at_hand`` are the policies at the reader's node: those of the documents, if none are named.
    """

    why: str
    policy: tuple[str, ...]
    document: tuple[str, ...]
    reader: Person
    expect: Expected
    at_hand: tuple[str, ...] | None = None
    instead: tuple[Instead, ...] = ()
    files: Mapping[str, str] = {}


def case_of(text: str) -> Case:
    """
    Read a case.

    Raises:
        ValueError: It is none, has a field that is not known, or one twice.
    """
    _check_fields(yaml.compose(text, Loader=yaml.SafeLoader))
    told = yaml.safe_load(text)
    for name in ("policy", "document"):
        told[name] = [told[name]] if isinstance(told[name], str) else told[name]
    case = msgspec.convert(told, Case)
    if len(case.policy) != len(case.document):
        raise ValueError("each document has a policy")
    return case


def _check_fields(node: yaml.Node | None) -> None:
    """Refuse a field that is there twice; YAML itself takes the last."""
    if isinstance(node, yaml.MappingNode):
        names = [key.value for key, _ in node.value]
        if len(set(names)) < len(names):
            raise ValueError("a field is there twice")
        for _, value in node.value:
            _check_fields(value)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _check_fields(each)


@cache
def cases() -> Mapping[str, Case]:
    """All cases, by the names of their files."""
    paths = sorted(FOLDER.glob("*.yaml"))
    return {path.stem: case_of(path.read_text(encoding="utf-8")) for path in paths}


# The way


def draft_of(case: Case) -> Draft:
    """
    Read the documents of a case into one draft.

    Raises:
        MalformedError: A document cannot be read; its ``faults`` name the lines.
    """

    def measure(name: str) -> Measured:
        if name not in case.files:
            raise MalformedError("there is no such file")
        return measured([case.files[name].encode()])

    drafts = [
        markdown.read(text.encode(), Policies([shipped(name)]), party=PARTY, measure=measure)
        for name, text in zip(case.policy, case.document, strict=True)
    ]
    portions = [each for draft in drafts for each in draft.portions]
    for each in case.instead:
        portions[each.portion] = _labelled_anew(portions[each.portion], each)
    policies = {reference for draft in drafts for reference in draft.policies}
    return Draft(
        kind=drafts[0].kind,
        policies=tuple(sorted(policies, key=lambda reference: reference.id)),
        portions=tuple(portions),
    )


def _labelled_anew(portion: DraftPortion, instead: Instead) -> DraftPortion:
    categories = [
        Category(tag=tag, type=type_, values=tuple(sorted(values)))
        for type_, tags in instead.categories.items()
        for tag, values in tags.items()
    ]
    label = Label(
        policy_id=portion.label.policy_id,
        classification=instead.classification,
        categories=tuple(sorted(categories, key=lambda category: (category.tag, category.type))),
    )
    return DraftPortion(label=label, portion=portion.portion, variant=portion.variant)


def item_of(draft: Draft) -> bytes:
    """Sign it: the whole item."""
    ((signer, _),) = KEYS.items
    draws = worlds.secret_draws(digest=draft.digest)
    return sign(draft, document=bytes(16), time=SIGNED_AT, signer=signer, draws=draws)


def reader_of(case: Case) -> Reader:
    """Who reads it."""
    held = tuple(clearances.read_any(text.encode()) for text in case.reader.clearances)
    return Reader(name="a reader", clearances=held, at=datetime.fromisoformat(case.reader.at))


def at_hand(case: Case) -> Policies:
    """The policies at the reader's node."""
    return Policies(map(shipped, case.policy if case.at_hand is None else case.at_hand))


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What came of a case, in the words of an expectation; with the item, and the copy if there is one."""

    outcome: Mapping[str, Any]
    draft: Draft | None = None
    item: bytes = b""
    copy: bytes = b""
    view: View | None = None


def seen(case: Case) -> Seen:
    """Take a case the whole way."""
    try:
        draft = draft_of(case)
    except MalformedError as error:
        lines = [int(fault.split(":")[0].removeprefix("line ")) for fault in error.faults]
        return Seen(outcome={"unreadable": lines})
    item, policies = item_of(draft), at_hand(case)
    try:
        copy = disclose(inspect(item), policies, reader_of(case))
    except RefusedError:
        return Seen(outcome={"nothing": True}, draft=draft, item=item)
    view = verify(copy, [read(CARD)])
    shown = view.shown(case.reader.languages)
    outcome = {
        "banner": disclosure_banner(policies, [(each.policy, each.label) for each in view.portions]),
        "portions": [told(each) for each in shown],
        "besides": [told(each) for each in view.portions if each not in shown],
    }
    return Seen(outcome=outcome, draft=draft, item=item, copy=copy, view=view)


def told(portion: ViewPortion) -> Told:
    """A portion of a view as a case tells it."""
    policy = POLICIES.resolve(portion.policy)
    assert policy is not None, "every policy of a case is a shipped one"
    return {"mark": portion_mark(policy, portion.label), **fields_of(portion.portion)}


def fields_of(portion: Any) -> Told:
    """The fields of a portion; ``text`` is what goes without saying."""
    fields = json.loads(encode(portion))
    return {name: value for name, value in fields.items() if (name, value) != ("type", "text")}


def expected(case: Case) -> Mapping[str, Any]:
    """The same words for what a case expects."""
    told = case.expect
    if told.nothing:
        return {"nothing": True}
    if told.unreadable:
        return {"unreadable": list(told.unreadable)}
    return {"banner": told.banner, "portions": list(told.portions), "besides": list(told.besides)}


def texts(value: Any) -> Iterator[str]:
    """Every text in a portion that says something of its own."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            if name not in {"type", "form", "status", "grade", "language", "origin", "media_type"}:
                yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
