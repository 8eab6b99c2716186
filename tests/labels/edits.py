# SPDX-License-Identifier: Apache-2.0
"""
Versions of a policy with one thing changed, sensible or not, and small policies with all their labels.
"""

import random
from dataclasses import replace
from hashlib import sha256
from typing import Any

from legation.labels import Policy, TagType
from legation.labels.policy import (
    CategoryReference,
    Classification,
    GroupMember,
    Membership,
    Operation,
    Requirement,
    TagCategory,
    TagSet,
    Window,
)
from tests.labels import small


def changed(policy: Policy, **fields: Any) -> Policy:
    """
    The next version of a policy, with other bytes.
    """
    told = f"{policy.digest.hex()} {fields!r}"
    made: Policy = replace(
        policy,
        version=policy.version + 1,
        digest=sha256(told.encode()).digest(),
        **fields,
    )
    return made


def edit(dice: random.Random, policy: Policy) -> Policy:
    """
    Change one thing of a policy, sensible or not.
    """
    kind = dice.randrange(8)
    if kind == 7:
        return _edit_whole(dice, policy)
    if kind < 2:
        classes = list(policy.classifications)
        index = dice.randrange(len(classes))
        classes[index] = _edit_class(dice, classes[index])
        if dice.randrange(6) == 0 and len(classes) > 1:
            del classes[index]
        return changed(policy, classifications=tuple(classes))
    tag_sets = list(policy.tag_sets)
    index = dice.randrange(len(tag_sets))
    tag_sets[index] = _edit_set(dice, tag_sets[index])
    if dice.randrange(12) == 0:
        del tag_sets[index]
    return changed(policy, tag_sets=tuple(tag_sets))


def _edit_whole(dice: random.Random, policy: Policy) -> Policy:
    """
    Change the dates of a policy, or a community on one of its permissive lists.
    """
    lists = [field for field in policy.fields.values() if field.type is TagType.PERMISSIVE]
    members = list(dice.choice(lists).members.values()) if lists else []
    if len(members) < 2 or dice.randrange(3) == 0:
        return changed(policy, window=Window(not_after=dice.choice([None, small.BEFORE, small.AFTER])))
    group, *others = (each.category for each in dice.sample(members, 2))
    told = tuple(
        GroupMember(name=each.name, lacv=each.lacv, obsolete=dice.randrange(4) == 0) for each in others
    )
    kept = tuple(each for each in policy.memberships if each.name != group.name)
    return changed(policy, memberships=(*kept, Membership(name=group.name, members=told)))


def _edit_class(dice: random.Random, each: Classification) -> Classification:
    return dice.choice(
        [
            replace(each, lacv=each.lacv + 50),
            replace(each, name=f"{each.name}2"),
            replace(each, required=()),
            replace(each, obsolete=True),
            replace(
                each,
                required=(
                    Requirement(
                        operation=dice.choice(list(Operation)),
                        groups=(CategoryReference(tag_set="To", type=TagType.PERMISSIVE),),
                    ),
                ),
            ),
            replace(each, hierarchy=each.hierarchy + 20),
        ]
    )


def _edit_set(dice: random.Random, each: TagSet) -> TagSet:
    index = dice.randrange(len(each.tags))
    tags = list(each.tags)
    tag = tags[index]
    if dice.randrange(5) == 0:
        return replace(each, id=f"{each.id}.1")
    if dice.randrange(5) == 0:
        tags[index] = replace(
            tag, type=dice.choice(list(TagType)), count_min=0, count_max=dice.choice([None, 1])
        )
    elif tag.categories:
        values = list(tag.categories)
        place = dice.randrange(len(values))
        values[place] = _edit_value(dice, values[place])
        if dice.randrange(5) == 0:
            values.append(TagCategory(name=f"n{dice.randrange(9)}", lacv=str(dice.randrange(90, 99))))
        if dice.randrange(5) == 0:
            del values[place]
        tags[index] = replace(tag, categories=tuple(values))
    return replace(each, tags=tuple(tags))


def _edit_value(dice: random.Random, each: TagCategory) -> TagCategory:
    anything = CategoryReference(tag_set="Free", type=TagType.PERMISSIVE)
    return dice.choice(
        [
            replace(each, lacv=f"{each.lacv}9"),
            replace(each, name=f"{each.name}9"),
            replace(each, required=(), excluded=(), excluded_classes=(), required_class=""),
            replace(each, required=(Requirement(operation=Operation.ONE_OR_MORE, groups=(anything,)),)),
            replace(each, window=Window(not_after=dice.choice([None, small.BEFORE, small.AFTER]))),
            replace(each, excluded=(anything,)),
            replace(each, excluded_classes=("LOW", "A", "O", "ONE")),
            replace(each, required_class=dice.choice(["MID", "B", "S", "TWO"])),
            replace(each, obsolete=not each.obsolete),
            replace(each, user_input="string"),
        ]
    )


WORLDS = [
    (
        small.policy_of(plain),
        [small.label_of(each, small.policy_of(plain)) for each in small.all_labels(plain)],
        [small.clearance_of(each, small.policy_of(plain)) for each in small.all_clearances(plain)],
    )
    for plain in small.POLICIES
]
