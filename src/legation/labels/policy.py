# SPDX-License-Identifier: Apache-2.0
"""
A policy: the names that labels may use and the rules between them, as an XML SPIF states them.

The words are those of the XML SPIF 2.1: a policy has classifications, and tag sets; a tag set has
tags; a tag has categories, here ``TagCategory``. Labels name the tag *set*, never the tag.

Rules kept here:

1. ``hierarchy`` is the only order of classifications. The wire value (``lacv``) and the name say
   nothing about it.
2. Names are looked up exactly, save in the two policies whose own documents compare without case.
3. What a name does not resolve to is ``None``; nothing is guessed.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from legation.labels.label import Category, Label, TagType, category

# ADatP-4774 Appendix 2 compares the values of these two policies, NATO and PUBLIC, without case.
POLICIES_WITHOUT_CASE = frozenset({"1.3.26.1.3.1", "1.3.6.1.4.1.31778.12.2.1"})


def folded(policy_id: str, name: str) -> str:
    """Bring a name into the form in which a policy, known by its identifier, compares names."""
    return name.lower() if policy_id in POLICIES_WITHOUT_CASE and name.isascii() else name


def value_key(lacv: str) -> str:
    """One spelling of a wire value (SPIF @lacv), by which it is compared: ``036`` is ``36``."""
    return lacv.lstrip("0") or "0" if lacv.isascii() and lacv.isdigit() else lacv


def is_same_value(one: str, other: str) -> bool:
    """Whether two spellings of a wire value mean one."""
    return value_key(one) == value_key(other)


class Operation(StrEnum):
    """How many of the named categories a label must hold (SPIF requiredCategory/@operation)."""

    ONLY_ONE = "onlyOne"
    ONE_OR_MORE = "oneOrMore"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryReference:
    """One category of a tag set, or all of them where ``lacv`` is empty (SPIF categoryGroup)."""

    tag_set: str
    type: TagType
    lacv: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """Categories that must stand on a label beside something else (SPIF requiredCategory)."""

    operation: Operation
    groups: tuple[CategoryReference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """A phrase and the places it is for (SPIF markingData); no phrase means the name itself."""

    codes: frozenset[str]
    phrase: str | None = None
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualifier:
    """A prefix, suffix or separator at one place (SPIF markingQualifier); no place means all."""

    place: str
    code: str
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When something is in force; both bounds inclusive, either may be open."""

    not_before: datetime | None = None
    not_after: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether no date bounds it, so that no date is needed to judge."""
        return self.not_before is None and self.not_after is None

    def holds(self, at: datetime) -> bool:
        """Whether *at* lies inside."""
        return (self.not_before is None or self.not_before <= at) and (
            self.not_after is None or at <= self.not_after
        )


ALWAYS = Window()


class Applied(StrEnum):
    """When an equivalence holds (SPIF @applied)."""

    ENCRYPT = "encrypt"
    """When a label of this policy is written anew for the other one, at its origin."""
    DECRYPT = "decrypt"
    """When a label of the other policy is read into this one, at its reception."""
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class EquivalentClassification:
    """
    What a classification is called in another policy (SPIF equivalentClassification).

    ``policy`` is the name of an ``EquivalentPolicy``; ``required`` names categories of that policy.
    """

    policy: str
    lacv: int
    applied: Applied
    required: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EquivalentCategory:
    """
    What a value is called in another policy, or that it may be left out there.

    SPIF equivalentSecCategoryTag. ``tag_set_id`` is the object identifier of the other policy's tag
    set. Only ``discard`` lets a value go; without any entry a label cannot be translated.
    """

    policy: str
    tag_set_id: str
    type: TagType
    lacv: str
    applied: Applied
    discard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EquivalentTagSet:
    """The other policy's tag set, and what it requires (SPIF equivalentSecurityCategoryTagSet)."""

    policy: str
    name: str = ""
    id: str = ""
    required: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EquivalentPolicy:
    """Another policy that this one has equivalences with (SPIF equivalentPolicy)."""

    name: str
    id: str
    user_reference: str = ""
    document_reference: str = ""
    required: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMember:
    """One value that belongs to a group (NATO extension of the SPIF, member)."""

    name: str
    lacv: str
    obsolete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A value that stands for others, such as a community of states (NATO extension, membership)."""

    name: str
    members: tuple[GroupMember, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyMark:
    """A mark for people that never decides (SPIF privacyMark)."""

    name: str
    obsolete: bool = False
    markings: tuple[Marking, ...] = ()
    qualifiers: tuple[Qualifier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """
    What a SPIF says about itself, as written there; nothing of it decides.

    ``created`` is SPIF @creationDate, ``originator`` @originatorDN, ``key`` @keyIdentifier.
    """

    created: str = ""
    originator: str = ""
    key: str = ""
    privilege_id: str = ""
    rbac_id: str = ""
    user_reference: str = ""
    document_reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """One classification of a policy (SPIF securityClassification)."""

    name: str
    lacv: int
    hierarchy: int
    obsolete: bool = False
    color: str = ""
    required: tuple[Requirement, ...] = ()
    markings: tuple[Marking, ...] = ()
    qualifiers: tuple[Qualifier, ...] = ()
    equivalents: tuple[EquivalentClassification, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TagCategory:
    """
    One value that a category of a label may hold (SPIF tagCategory).

    ``user_input`` is what a person types in its place: ``string``, ``integer`` or ``date``, or
    nothing where the value is its name. A typed value has no name that a label could state, so
    ``Policy.fields`` leaves it out and a label that states one is refused.
    """

    name: str
    lacv: str
    obsolete: bool = False
    window: Window = ALWAYS
    required_class: str = ""
    excluded_classes: tuple[str, ...] = ()
    required: tuple[Requirement, ...] = ()
    excluded: tuple[CategoryReference, ...] = ()
    markings: tuple[Marking, ...] = ()
    qualifiers: tuple[Qualifier, ...] = ()
    equivalents: tuple[EquivalentCategory, ...] = ()
    user_input: str = ""
    date_format: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """Values of one type that are chosen together (SPIF securityCategoryTag)."""

    name: str
    type: TagType
    categories: tuple[TagCategory, ...]
    count_min: int = 0
    count_max: int | None = None
    qualifiers: tuple[Qualifier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TagSet:
    """What a label names by TagName (SPIF securityCategoryTagSet); may mix types of tags."""

    name: str
    id: str
    tags: tuple[Tag, ...]
    equivalents: tuple[EquivalentTagSet, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Where one value stands in its policy; ``bit`` is its place in compiled decisions."""

    tag_set: TagSet
    tag: Tag
    category: TagCategory
    bit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """The bits of all values of one tag set and type, and the guard bit above them."""

    tag_set: TagSet
    type: TagType
    members: dict[str, Member]
    offset: int
    width: int


@dataclass(frozen=True, kw_only=True)
class Policy:
    """
    A security policy as one XML SPIF states it.

    ``digest`` is the SHA-256 of the SPIF's bytes as received: with ``id`` and ``version`` it says
    exactly which rules a label was written under. ``faults`` lists what a lenient reader forgave.
    """

    name: str
    id: str
    version: int
    digest: bytes
    classifications: tuple[Classification, ...]
    tag_sets: tuple[TagSet, ...] = ()
    window: Window = ALWAYS
    markings: tuple[Marking, ...] = ()
    qualifiers: tuple[Qualifier, ...] = ()
    equivalents: tuple[EquivalentPolicy, ...] = ()
    memberships: tuple[Membership, ...] = ()
    privacy_marks: tuple[PrivacyMark, ...] = ()
    origin: Origin = Origin()
    faults: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return hash((self.id, self.version, self.digest))  # as exact as all the rest, and quick

    def fold(self, name: str) -> str:
        """Bring a name into the form in which this policy compares names."""
        return folded(self.id, name)

    def is_named(self, policy_id: str, name: str) -> bool:
        """Whether a label or clearance that states these two means this policy; both must fit."""
        return (not policy_id or policy_id == self.id) and (
            not name or self.fold(name) == self.fold(self.name)
        )

    def classification(self, name: str) -> Classification | None:
        """The classification of this name, or None."""
        return self._classifications.get(self.fold(name))

    def tag_set(self, name: str, id: str = "") -> TagSet | None:
        """The tag set of this name and, where stated, this object identifier, or None."""
        found = self._tag_sets.get(self.fold(name))
        return found if found is not None and (not id or id == found.id) else None

    def field(self, part: Category) -> Field | None:
        """
        The values that a category of a label may take from, or None.

        A list of which all values are typed by people is known and has no values to take.
        """
        found = self.tag_set(part.tag, part.tag_id)
        if found is None:
            return None
        key = found.name, part.type
        return self.fields.get(key) or self._typed_fields.get(key)

    def member(self, part: Category, value: str) -> Member | None:
        """Where one value of a category stands, or None."""
        found = self.field(part)
        return None if found is None else found.members.get(self.fold(value))

    def normalize(self, label: Label) -> Label:
        """
        The one form of a valid label under this policy: its identifier, the SPIF's spelling.

        What it becomes later is kept as it stands, for that may be of another policy.

        Args:
            label: A label that ``validate`` found no fault with.
        """
        classification = self.classification(label.classification)
        assert classification is not None, "normalize takes a valid label"
        lists: dict[tuple[str, TagType], list[str]] = {}
        for part in label.categories:
            for value in part.values:
                member = self.member(part, value)
                assert member is not None, "normalize takes a valid label"
                lists.setdefault((member.tag_set.name, part.type), []).append(member.category.name)
        return Label(
            policy_id=self.id,
            classification=classification.name,
            categories=tuple(category(tag, type_, lists[tag, type_]) for tag, type_ in sorted(lists)),
            succession=label.succession,
        )

    @cached_property
    def _classifications(self) -> dict[str, Classification]:
        return {self.fold(each.name): each for each in reversed(self.classifications)}

    @cached_property
    def _tag_sets(self) -> dict[str, TagSet]:
        return {self.fold(each.name): each for each in reversed(self.tag_sets)}

    @cached_property
    def bounded_tags(self) -> tuple[tuple[TagSet, Tag], ...]:
        """Every tag of which a label must hold a least count of values, or may hold a greatest."""
        return tuple(
            (tag_set, tag)
            for tag_set in self.tag_sets
            for tag in tag_set.tags
            if tag.count_min > 0 or tag.count_max is not None
        )

    @cached_property
    def class_bits(self) -> dict[str, int]:
        """The bit of each classification, by name; bit 0 belongs to nobody."""
        return {each.name: index for index, each in enumerate(self.classifications, start=1)}

    @cached_property
    def fields(self) -> dict[tuple[str, TagType], Field]:
        """
        Every tag set and type with the values that a label may name, in the order of the SPIF.

        A tag set that is cut into several tags of one type is one field: a label cannot tell them
        apart. Each field has a free bit above its values, which compiled decisions carry into.
        """
        found: dict[tuple[str, TagType], Field] = {}
        offset = len(self.classifications) + 1
        for tag_set in self.tag_sets:
            for type_ in TagType:
                field = self._field(tag_set, type_, offset)
                if field.members:
                    found[tag_set.name, type_] = field
                    offset += field.width + 1
        return found

    @cached_property
    def _typed_fields(self) -> dict[tuple[str, TagType], Field]:
        """The lists that people fill in by themselves, which have no bits of their own."""
        return {
            (tag_set.name, tag.type): Field(tag_set=tag_set, type=tag.type, members={}, offset=0, width=0)
            for tag_set in self.tag_sets
            for tag in tag_set.tags
            if tag.categories
        }

    def _field(self, tag_set: TagSet, type_: TagType, offset: int) -> Field:
        members: dict[str, Member] = {}
        for tag in tag_set.tags:
            for each in tag.categories if tag.type is type_ else ():
                if each.user_input:
                    continue
                # A name that stands twice, as in one published policy, is one value: the first.
                bit = offset + len(members)
                members.setdefault(
                    self.fold(each.name), Member(tag_set=tag_set, tag=tag, category=each, bit=bit)
                )
        return Field(tag_set=tag_set, type=type_, members=members, offset=offset, width=len(members))
