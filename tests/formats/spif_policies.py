# SPDX-License-Identifier: Apache-2.0
"""
Policies with everything that an XML SPIF can state, made up by chance.
"""

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import TypeVar

from hypothesis import strategies as some
from hypothesis.strategies import DrawFn, SearchStrategy

from legation.formats.spif_marks import PLACES
from legation.labels import TagType
from legation.labels.policy import (
    Applied,
    CategoryReference,
    Classification,
    EquivalentCategory,
    EquivalentClassification,
    EquivalentPolicy,
    EquivalentTagSet,
    GroupMember,
    Marking,
    Membership,
    Operation,
    Origin,
    Policy,
    PrivacyMark,
    Qualifier,
    Requirement,
    Tag,
    TagCategory,
    TagSet,
    Window,
    folded,
)

LETTERS = "abAB9é가&<>\"'/- \u00a0"
COLORS = ("", "red", "fuschia", "#b3001b", "#B3001B")
IDS = ("2.25.77", "1.3.26.1.3.1", "1.3.6.1.4.1.31778.12.2.1")
Entry = TypeVar("Entry")


def is_name(text: str) -> bool:
    """Whether a text is one that a policy may have for a name."""
    return bool(text) and text == text.strip() and unicodedata.is_normalized("NFC", text)


names = some.text(LETTERS, min_size=1, max_size=6).filter(is_name)
phrases = some.text(LETTERS, max_size=8)
oids = some.lists(some.integers(0, 99), min_size=1, max_size=3).map(
    lambda parts: ".".join(["2.25", *map(str, parts)])
)
lacvs = some.one_of(some.integers(-9, 10**20).map(str), names.filter(lambda name: not name.isdigit()))
languages = some.sampled_from(["", "en", "fr", "ko", "de-CH"])
flags = some.booleans()
types = some.sampled_from(TagType)
zones = some.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = some.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=zones)  # noqa: DTZ001 - the bounds; the zone is drawn
addresses = some.sampled_from(["", "urn:x:y", "https://example.org/a?b#c", "their rules.xml", "a%20b", "é"])
markings = some.builds(
    Marking,
    codes=some.frozensets(some.sampled_from(PLACES), min_size=1, max_size=3),
    phrase=some.none() | phrases,
    language=languages,
)
qualifiers = some.builds(
    Qualifier,
    place=some.sampled_from(["", *PLACES]),
    code=some.sampled_from(["prefix", "suffix", "separator"]),
    text=phrases,
    language=languages,
)
references = some.builds(CategoryReference, tag_set=names, type=types, lacv=some.just("") | lacvs)
foreign_rules = some.lists(
    some.builds(
        Requirement,
        operation=some.sampled_from(Operation),
        groups=some.lists(references, min_size=1, max_size=2).map(tuple),
    ),
    max_size=2,
).map(tuple)


def few(strategy: SearchStrategy[Entry], most: int = 2) -> SearchStrategy[tuple[Entry, ...]]:
    """None, or a few, of something."""
    return some.lists(strategy, max_size=most).map(tuple)


@some.composite
def windows(draw: DrawFn) -> Window:
    """A time in force, open on either side or not."""
    begin, end = draw(some.none() | instants), draw(some.none() | instants)
    if begin is not None and end is not None and end < begin:
        begin, end = end, begin
    return Window(not_before=begin, not_after=end)


def distinct(draw: DrawFn, strategy: SearchStrategy[str], least: int, most: int, fold: str = "") -> list[str]:
    """Some texts, of which no two are one to a policy."""
    return draw(
        some.lists(strategy, min_size=least, max_size=most, unique_by=lambda text: folded(fold, text))
    )


class Maker:
    """A policy in the making: its parts know each other's names."""

    def __init__(self, draw: DrawFn) -> None:
        self.draw = draw
        self.id = draw(some.sampled_from(IDS))
        self.levels = distinct(draw, names, 1, 3, self.id)
        self.others = distinct(draw, names, 0, 2)
        self.known: list[CategoryReference] = []

    def policy(self) -> Policy:
        """All of it: bare lists first, for the rules between the parts need them all."""
        draw = self.draw
        bare = self.bare_tag_sets()
        return Policy(
            name=draw(names),
            id=self.id,
            version=draw(some.integers(0, 10**15 - 1)),
            digest=bytes(32),
            classifications=self.classifications(),
            tag_sets=tuple(self.full_tag_set(each) for each in bare),
            window=draw(windows()),
            markings=draw(few(markings)),
            qualifiers=draw(few(qualifiers, 3)),
            equivalents=self.equivalent_policies(),
            memberships=self.memberships(),
            privacy_marks=draw(few(self.privacy_marks())),
            origin=draw(self.origins()),
        )

    def bare_tag_sets(self) -> list[TagSet]:
        """Tag sets with their values, without rules."""
        sets = distinct(self.draw, names, 0, 3, self.id)
        ids = distinct(self.draw, oids, len(sets), len(sets))
        return [self.bare_tag_set(name, id) for name, id in zip(sets, ids, strict=True)]

    def bare_tag_set(self, name: str, id: str) -> TagSet:
        """One tag set: a few tags, of any types, that share names and numbers only across types."""
        tags: list[Tag] = []
        for type_ in self.draw(some.lists(types, min_size=1, max_size=3)):
            earlier = [each for tag in tags if tag.type is type_ for each in tag.categories]
            tags.append(self.bare_tag(type_, earlier))
        for tag in tags:
            numbers = [each.lacv for each in tag.categories if each.lacv]
            found = [CategoryReference(tag_set=name, type=tag.type, lacv=each) for each in numbers]
            self.known += [*found, replace(found[0], lacv="")] if found else []
        return TagSet(name=name, id=id, tags=tuple(tags))

    def bare_tag(self, type_: TagType, earlier: Sequence[TagCategory]) -> Tag:
        """One tag, whose values differ from the earlier ones of its kind."""
        taken = {folded(self.id, each.name) for each in earlier}
        numbers = {each.lacv for each in earlier}
        fresh = [
            each for each in distinct(self.draw, names, 0, 3, self.id) if folded(self.id, each) not in taken
        ]
        lacv = [each for each in distinct(self.draw, lacvs, 3, 3) if each not in numbers]
        values = [TagCategory(name=name, lacv=number) for name, number in zip(fresh, lacv, strict=False)]
        least = self.draw(some.integers(0, 2))
        return Tag(
            name=self.draw(some.just("") | names),
            type=type_,
            categories=tuple(values),
            count_min=least,
            count_max=self.draw(some.none() | some.integers(least, 9)),
            qualifiers=self.draw(few(qualifiers)),
        )

    def rules(self) -> tuple[Requirement, ...]:
        """What something requires, of what there is."""
        if not self.known:
            return ()
        groups = some.lists(some.sampled_from(self.known), min_size=1, max_size=2).map(tuple)
        return self.draw(few(some.builds(Requirement, operation=some.sampled_from(Operation), groups=groups)))

    def classifications(self) -> tuple[Classification, ...]:
        """One classification for each name, each with its own number, place and colour."""
        count = len(self.levels)
        numbers = self.draw(
            some.lists(some.integers(-9, 10**14), min_size=2 * count, max_size=2 * count, unique=True)
        )
        colors = self.draw(some.permutations(COLORS))
        return tuple(
            Classification(
                name=name,
                lacv=numbers[index],
                hierarchy=numbers[count + index],
                obsolete=self.draw(flags),
                color=colors[index],
                required=self.rules(),
                markings=self.draw(few(markings)),
                qualifiers=self.draw(few(qualifiers)),
                equivalents=self.equivalent_classifications(),
            )
            for index, name in enumerate(self.levels)
        )

    def full_tag_set(self, bare: TagSet) -> TagSet:
        """The tag set with the rules of its values, and what it is called elsewhere."""
        tags = tuple(
            replace(tag, categories=tuple(self.full_value(each) for each in tag.categories))
            for tag in bare.tags
        )
        equivalents: tuple[EquivalentTagSet, ...] = ()
        if self.others:
            equivalents = self.draw(
                few(
                    some.builds(
                        EquivalentTagSet,
                        policy=some.sampled_from(self.others),
                        name=some.just("") | names,
                        id=some.just("") | oids,
                        required=foreign_rules,
                    )
                )
            )
        return replace(bare, tags=tags, equivalents=equivalents)

    def full_value(self, bare: TagCategory) -> TagCategory:
        """The value with its rules; some are typed by people."""
        draw = self.draw
        kind = draw(some.sampled_from(["", "", "", "string", "integer", "date"]))
        return replace(
            bare,
            obsolete=draw(flags),
            window=draw(windows()),
            required_class=draw(some.sampled_from(["", *self.levels])),
            excluded_classes=tuple(draw(some.lists(some.sampled_from(self.levels), max_size=2))),
            required=self.rules(),
            excluded=draw(few(some.sampled_from(self.known))) if self.known else (),
            markings=draw(few(markings)),
            qualifiers=draw(few(qualifiers)),
            equivalents=self.equivalent_categories(),
            user_input=kind,
            date_format=draw(some.just("") | names) if kind else "",
        )

    def equivalent_policies(self) -> tuple[EquivalentPolicy, ...]:
        """The other policies."""
        ids = distinct(self.draw, oids, len(self.others), len(self.others))
        return tuple(
            EquivalentPolicy(
                name=name,
                id=id,
                user_reference=self.draw(addresses),
                document_reference=self.draw(addresses),
                required=self.draw(foreign_rules),
            )
            for name, id in zip(self.others, ids, strict=True)
        )

    def equivalent_classifications(self) -> tuple[EquivalentClassification, ...]:
        """What a classification is called elsewhere."""
        if not self.others:
            return ()
        return self.draw(
            few(
                some.builds(
                    EquivalentClassification,
                    policy=some.sampled_from(self.others),
                    lacv=some.integers(-9, 10**14),
                    applied=some.sampled_from(Applied),
                    required=foreign_rules,
                )
            )
        )

    def equivalent_categories(self) -> tuple[EquivalentCategory, ...]:
        """What a value is called elsewhere; what is discarded there needs no number."""
        if not self.others:
            return ()
        kept = some.tuples(lacvs, some.just(False))
        gone = some.tuples(some.just("") | lacvs, some.just(True))
        return self.draw(
            few(
                some.builds(
                    lambda policy, id, type, applied, said: EquivalentCategory(
                        policy=policy,
                        tag_set_id=id,
                        type=type,
                        applied=applied,
                        lacv=said[0],
                        discard=said[1],
                    ),
                    some.sampled_from(self.others),
                    oids,
                    types,
                    some.sampled_from(Applied),
                    kept | gone,
                )
            )
        )

    def memberships(self) -> tuple[Membership, ...]:
        """Groups, of what is a value here and what is not."""
        return tuple(
            Membership(
                name=name,
                members=tuple(
                    GroupMember(name=member, lacv=self.draw(lacvs), obsolete=self.draw(flags))
                    for member in distinct(self.draw, names, 0, 2, self.id)
                ),
            )
            for name in distinct(self.draw, names, 0, 2, self.id)
        )

    @staticmethod
    def privacy_marks() -> SearchStrategy[PrivacyMark]:
        """Privacy marks, with or without a name."""
        return some.builds(
            PrivacyMark,
            name=some.just("") | names,
            obsolete=flags,
            markings=few(markings),
            qualifiers=few(qualifiers),
        )

    @staticmethod
    def origins() -> SearchStrategy[Origin]:
        """What a file says of itself."""
        note = some.just("") | names
        return some.builds(
            Origin,
            created=note,
            originator=note,
            key=note,
            privilege_id=oids,
            rbac_id=oids,
            user_reference=addresses,
            document_reference=addresses,
        )


@some.composite
def policies(draw: DrawFn) -> Policy:
    """Any policy that an XML SPIF can state."""
    return Maker(draw).policy()


WRONG = (
    "",
    " x",
    "a\nb",
    "\x00",
    "\ud800",
    "x" * 257,
    "a\u0301",
    "\u202e",
    "é\t",
    "%%",
    "xx-",
    "1.2",
    "-0",
    "007",
)


def damaged(part: object, draw: random.Random) -> object:
    """A part of a policy in which one thing is another, whatever that makes of it."""
    if is_dataclass(part) and not isinstance(part, type):
        key = draw.choice([each.name for each in fields(part)])
        return replace(part, **{key: damaged(getattr(part, key), draw)})
    if isinstance(part, tuple) and part and draw.random() < 0.9:
        at = draw.randrange(len(part))
        twice = (part[at], part[at]) if draw.random() < 0.2 else (damaged(part[at], draw),)
        return (*part[:at], *twice, *part[at + 1 :])
    if isinstance(part, frozenset):
        return part | {draw.choice(WRONG)} if draw.random() < 0.5 else frozenset()
    if isinstance(part, datetime):
        return draw.choice([part.replace(tzinfo=None), datetime.min.replace(tzinfo=UTC)])
    if isinstance(part, Enum):
        return draw.choice(list(type(part)))
    if isinstance(part, bool):
        return not part
    if isinstance(part, int):
        return draw.choice([-part, part + 1, 10**15, -1])
    return draw.choice(WRONG) if isinstance(part, str) else part
