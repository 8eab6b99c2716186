# SPDX-License-Identifier: Apache-2.0
"""
Pairs of policies that say what is equivalent, made from small ones.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from legation.labels import Policy, TagType
from legation.labels.policy import (
    Applied,
    Classification,
    EquivalentCategory,
    EquivalentClassification,
    EquivalentPolicy,
    Tag,
    TagCategory,
    TagSet,
)

COPY_ID = "2.25.77"


def copy_of(policy: Policy) -> Policy:
    """
    The same policy under another name and identifier, with other identifiers of tag sets.
    """
    tag_sets = tuple(replace(each, id=f"{each.id}.77") for each in policy.tag_sets)
    return replace(policy, name="COPY", id=COPY_ID, digest=b"copy" + policy.digest, tag_sets=tag_sets)


def naming(policy: Policy, other: Policy) -> Policy:
    """
    A policy that knows another one, and says nothing of it yet.
    """
    return replace(
        policy,
        digest=policy.digest + b"names",
        equivalents=(*policy.equivalents, EquivalentPolicy(name=f"its {other.name}", id=other.id)),
    )


Entries = Callable[[TagSet, Tag, TagCategory], Iterable[EquivalentCategory]]


def with_entries(
    policy: Policy,
    classes: Callable[[Classification], Iterable[EquivalentClassification]],
    values: Entries,
) -> Policy:
    """
    A policy with entries of equivalence on its classifications and values.
    """
    return replace(
        policy,
        digest=policy.digest + b"entries",
        classifications=tuple(
            replace(each, equivalents=(*each.equivalents, *classes(each))) for each in policy.classifications
        ),
        tag_sets=tuple(
            replace(tag_set, tags=tuple(_tag_with(tag_set, tag, values) for tag in tag_set.tags))
            for tag_set in policy.tag_sets
        ),
    )


def _tag_with(tag_set: TagSet, tag: Tag, values: Entries) -> Tag:
    return replace(
        tag,
        categories=tuple(
            replace(each, equivalents=(*each.equivalents, *values(tag_set, tag, each)))
            for each in tag.categories
        ),
    )


def mapped_to_itself(policy: Policy, other: Policy, applied: Applied) -> Policy:
    """
    A policy that says of all its names that they are the same in a copy of it.
    """
    ids = dict(
        zip((each.name for each in policy.tag_sets), (each.id for each in other.tag_sets), strict=True)
    )
    named = naming(policy, other)
    return with_entries(
        named,
        lambda each: [EquivalentClassification(policy=f"its {other.name}", lacv=each.lacv, applied=applied)],
        lambda tag_set, tag, each: [
            EquivalentCategory(
                policy=f"its {other.name}",
                tag_set_id=ids[tag_set.name],
                type=tag.type,
                lacv=each.lacv,
                applied=applied,
            )
        ],
    )


def simple(name: str, *levels: str, lists: Iterable[tuple[str, TagType, str]] = ()) -> Policy:
    """
    A policy without rules: levels from the lowest up, and lists of one-word values.

    The identifier of a list is the policy's and the list's name; a value has its place for lacv.
    """
    return Policy(
        name=name,
        id=f"2.25.{name}",
        version=1,
        digest=name.encode(),
        classifications=tuple(
            Classification(name=each, lacv=index, hierarchy=index) for index, each in enumerate(levels)
        ),
        tag_sets=tuple(
            TagSet(
                name=tag,
                id=f"2.25.{name}.{tag}",
                tags=(
                    Tag(
                        name=tag,
                        type=type_,
                        categories=tuple(
                            TagCategory(name=value, lacv=str(place))
                            for place, value in enumerate(values.split())
                        ),
                    ),
                ),
            )
            for tag, type_, values in lists
        ),
    )
