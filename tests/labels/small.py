# SPDX-License-Identifier: Apache-2.0
"""
Small policies with every kind of rule, and all labels and clearances under them.

They are stated plainly (``naive``) and translated, so that the plain answer and ours are about one
thing.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from itertools import chain, combinations, product

from legation.labels import Category, Clearance, Label, TagType, category, gathered
from legation.labels.policy import (
    CategoryReference,
    Classification,
    Operation,
    Policy,
    Requirement,
    Tag,
    TagCategory,
    TagSet,
    Window,
)
from tests.labels.naive import (
    Choice,
    Level,
    Place,
    Plain,
    PlainClearance,
    PlainLabel,
    Rule,
    Stated,
    Value,
)

DAY = datetime(2026, 6, 29, 12, tzinfo=UTC)
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
AFTER = datetime(2026, 12, 31, tzinfo=UTC)

RESTRICTIVE, PERMISSIVE, INFORMATIVE = "restrictive", "permissive", "informative"


def values(names: str) -> tuple[Value, ...]:
    """
    Values without rules.
    """
    return tuple(Value(name) for name in names.split())


FREE = Plain(
    "FREE",
    # Hierarchy runs against the alphabet and against the order of the list.
    (Level("A", 3), Level("B", 1), Level("C", 2)),
    (
        ("To", (Choice(PERMISSIVE, values("x y")),)),
        ("Only", (Choice(PERMISSIVE, values("x y")),)),
        ("Caveat", (Choice(RESTRICTIVE, values("r s")),)),
    ),
)

CONTEXT = Plain(
    "CONTEXT",
    (
        Level("O", 1),
        Level("S", 2, required=(Rule("oneOrMore", (Place("Context", PERMISSIVE),)),)),
    ),
    (
        (
            "Context",
            (
                Choice(
                    PERMISSIVE,
                    (
                        Value("own", excluded_classes=("O",)),
                        Value("rel", ("O",), required=(Rule("oneOrMore", (Place("To", PERMISSIVE),)),)),
                    ),
                ),
            ),
        ),
        (
            "To",
            (
                Choice(
                    PERMISSIVE,
                    tuple(
                        Value(name, ("O",), required=(Rule("oneOrMore", (Place("Context", PERMISSIVE),)),))
                        for name in "xyz"
                    ),
                ),
            ),
        ),
        ("Note", (Choice(INFORMATIVE, values("n m")),)),
    ),
)

RULES = Plain(
    "RULES",
    (
        Level(
            "LOW", 1, required=(Rule("onlyOne", (Place("Mixed", RESTRICTIVE), Place("Free", PERMISSIVE))),)
        ),
        Level("MID", 5),
        Level("TOP", 9, required=(Rule("all", (Place("Mixed", PERMISSIVE),)),), obsolete=True),
    ),
    (
        # Two types in one tag set, with a name that both have, and one type cut into two tags.
        (
            "Mixed",
            (
                Choice(PERMISSIVE, values("p")),
                Choice(RESTRICTIVE, (Value("r", required_class="LOW"), Value("s", obsolete=True)), most=1),
                Choice(PERMISSIVE, values("s")),
            ),
        ),
        (
            "Free",
            (
                Choice(
                    PERMISSIVE,
                    (
                        Value("u", excluded=(Place("Free", PERMISSIVE),)),
                        Value("v", excluded=(Place("Mixed", RESTRICTIVE, "s"),)),
                        Value("w", required=(Rule("all", (Place("Free", PERMISSIVE, "v"),)),)),
                    ),
                ),
            ),
        ),
    ),
)

DATED = Plain(
    "DATED",
    (Level("ONE", 1), Level("TWO", 2)),
    (
        (
            "To",
            (
                Choice(
                    PERMISSIVE,
                    (
                        Value("now", begins=BEFORE, ends=AFTER),
                        Value("old", ends=BEFORE),
                        Value("yet", begins=AFTER),
                    ),
                ),
            ),
        ),
        ("Must", (Choice(RESTRICTIVE, values("a b c"), least=1, most=2),)),
        ("Note", (Choice(INFORMATIVE, values("n"), least=0, most=1),)),
    ),
)

POLICIES = (FREE, CONTEXT, RULES, DATED)


def subsets(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """
    Every subset, the empty one first.
    """
    found = sorted(names)
    return chain.from_iterable(combinations(found, count) for count in range(len(found) + 1))


def fields(plain: Plain) -> dict[tuple[str, str], list[str]]:
    """
    The names of the values of each tag set and type.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for tag_set, choices in plain.sets:
        for choice in choices:
            found.setdefault((tag_set, choice.type), []).extend(value.name for value in choice.values)
    return found


def all_lists(plain: Plain, *, with_empty: bool) -> Iterator[tuple[Stated, ...]]:
    """
    Every combination of lists: each absent, there without a value, or with some.
    """
    options = [
        [None, *(Stated(*key, some) for some in subsets(names) if some or with_empty)]
        for key, names in fields(plain).items()
    ]
    for chosen in product(*options):
        yield tuple(stated for stated in chosen if stated is not None)


def all_labels(plain: Plain) -> list[PlainLabel]:
    """
    Every label, valid or not, and some with names that the policy does not have.
    """
    (key, _), *_ = fields(plain).items()
    level = plain.levels[0].name
    strange = [
        PlainLabel("nowhere", ()),
        PlainLabel(level, (Stated("nowhere", PERMISSIVE, ("x",)),)),
        PlainLabel(level, (Stated(*key, ("nothing",)),)),
        PlainLabel(level, (Stated(key[0], INFORMATIVE, ("x",)),)),
    ]
    lists = list(all_lists(plain, with_empty=True))
    return [PlainLabel(each.name, some) for each in plain.levels for some in lists] + strange


def all_clearances(plain: Plain) -> list[PlainClearance]:
    """
    Every clearance without informative values, some with names that the policy does not have.
    """
    lists = [
        tuple(stated for stated in some if stated.type != INFORMATIVE)
        for some in all_lists(plain, with_empty=False)
    ]
    held = list(dict.fromkeys(lists))
    levels = list(subsets(level.name for level in plain.levels))
    strange = [
        PlainClearance((*levels[-1], "nowhere"), (Stated("nowhere", PERMISSIVE, ("x",)),)),
        PlainClearance(levels[-1], held[-1], ends=BEFORE),
        PlainClearance(levels[-1], held[-1], begins=BEFORE, ends=AFTER),
    ]
    return [PlainClearance(some, lists) for some in levels for lists in held] + strange


# --- Translation


def policy_of(plain: Plain) -> Policy:
    """
    The same policy in our words.
    """
    return Policy(
        name=plain.name,
        id="2.25.1." + str(len(plain.name)),
        version=1,
        digest=sha256(plain.name.encode()).digest(),
        classifications=tuple(
            Classification(
                name=level.name,
                lacv=index,
                hierarchy=level.hierarchy,
                obsolete=level.obsolete,
                required=tuple(map(requirement_of, level.required)),
            )
            for index, level in enumerate(plain.levels)
        ),
        tag_sets=tuple(
            TagSet(name=name, id=f"2.25.2.{index}", tags=tuple(map(tag_of, choices)))
            for index, (name, choices) in enumerate(plain.sets)
        ),
    )


def tag_of(choice: Choice) -> Tag:
    """
    The same tag in our words; its values have their names for lacv.
    """
    return Tag(
        name="",
        type=TagType(choice.type),
        categories=tuple(map(value_of, choice.values)),
        count_min=choice.least,
        count_max=choice.most,
    )


def value_of(value: Value) -> TagCategory:
    """
    The same value in our words.
    """
    return TagCategory(
        name=value.name,
        lacv=value.name,
        obsolete=value.obsolete,
        window=Window(not_before=value.begins, not_after=value.ends),
        required_class=value.required_class,
        excluded_classes=value.excluded_classes,
        required=tuple(map(requirement_of, value.required)),
        excluded=tuple(map(reference_of, value.excluded)),
    )


def requirement_of(rule: Rule) -> Requirement:
    """
    The same rule in our words.
    """
    return Requirement(operation=Operation(rule.operation), groups=tuple(map(reference_of, rule.places)))


def reference_of(place: Place) -> CategoryReference:
    """
    The same place in our words.
    """
    lacv = "" if place.value == "*" else place.value
    return CategoryReference(tag_set=place.tag_set, type=TagType(place.type), lacv=lacv)


def categories_of(lists: Iterable[Stated]) -> tuple[Category, ...]:
    """
    The same lists in our words.
    """
    return gathered(category(each.tag_set, TagType(each.type), each.values) for each in lists)


def label_of(plain: PlainLabel, policy: Policy) -> Label:
    """
    The same label in our words.
    """
    return Label(policy_id=policy.id, classification=plain.level, categories=categories_of(plain.lists))


def clearance_of(plain: PlainClearance, policy: Policy) -> Clearance:
    """
    The same clearance in our words.
    """
    return Clearance(
        policy_id=policy.id,
        classifications=plain.levels,
        categories=categories_of(plain.lists),
        not_before=plain.begins,
        not_after=plain.ends,
    )
