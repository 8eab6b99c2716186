# SPDX-License-Identifier: Apache-2.0

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.errors import RefusedError
from legation.formats.shipped import shipped
from legation.labels import Clearance, Label, Policy, TagType, decide
from legation.labels.membership import expand
from legation.labels.policy import (
    POLICIES_WITHOUT_CASE,
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
    PrivacyMark,
    Qualifier,
    Requirement,
    Tag,
    TagCategory,
    TagSet,
    Window,
)
from legation.labels.policy_change import ChangeCode, Effect, PolicyChange
from legation.labels.policy_diff import differences
from legation.words import policy_changes
from tests.labels import small
from tests.labels.edits import WORLDS, changed, edit
from tests.labels.exercise import EXERCISE

NOW = datetime(2026, 12, 1, tzinfo=UTC)
P, R, N = TagType.PERMISSIVE, TagType.RESTRICTIVE, TagType.INFORMATIVE
EXERCISE_2 = shipped("exercise-2")


def said(old: Policy, new: Policy) -> list[str]:
    """
    Every change in words, each with its flag.
    """
    return list(policy_changes.lines(differences(old, new, at=NOW)))


def permits(policy: Policy, label: Label, clearance: Clearance, at: datetime = small.DAY) -> bool:
    """
    Whether one version alone permits.
    """
    return decide(policy, label, expand(policy, clearance, at=at).clearance, at=at).permitted


def is_known(policy: Policy, label: Label) -> bool:
    """
    Whether a policy has every name of a label.
    """
    return policy.classification(label.classification) is not None and all(
        policy.member(part, value) is not None for part in label.categories for value in part.values
    )


class TestWhole:
    def test_other_bytes_alone_are_no_change(self) -> None:
        """
        A file that says the same in other bytes changes nothing for anybody.
        """
        for policy in (EXERCISE, EXERCISE_2, *(world[0] for world in WORLDS)):
            assert differences(policy, changed(policy), at=NOW) == ()

    def test_two_policies_are_refused(self) -> None:
        """
        What changes from one policy to another is no question.
        """
        with pytest.raises(RefusedError, match="two policies"):
            differences(EXERCISE, shipped("tlp-2.0"), at=NOW)

    def test_instant_without_a_zone_is_a_mistake(self) -> None:
        """
        Communities are compared at an instant that everybody understands alike.
        """
        with pytest.raises(TypeError):
            differences(EXERCISE_2, changed(EXERCISE_2), at=datetime(2026, 12, 1))  # noqa: DTZ001 - that is the point

    def test_older_version_is_flagged(self) -> None:
        """
        Whoever exchanges the two files is told first that no node would take the second.
        """
        assert "narrows: version 1 is not above 2; no node takes it after that one" in said(
            EXERCISE_2, EXERCISE
        )

    def test_what_widens_is_said_first(self) -> None:
        """
        Lines stand in the order of what must be read: widens, narrows, shows.
        """
        effects = [list(Effect).index(each.effect) for each in differences(EXERCISE, EXERCISE_2, at=NOW)]
        assert effects == sorted(effects)
        assert set(effects) == {0, 1, 2}

    def test_twice_the_same_question_has_the_same_answer(self) -> None:
        """
        Two runs print the same lines in the same order.
        """
        assert differences(EXERCISE, EXERCISE_2, at=NOW) == differences(EXERCISE, EXERCISE_2, at=NOW)
        assert len(set(said(EXERCISE, EXERCISE_2))) == len(said(EXERCISE, EXERCISE_2))

    def test_every_code_can_be_said(self) -> None:
        """
        There is a sentence for each change with each effect, whatever it is about.
        """
        for code in ChangeCode:
            for effect in Effect:
                for type_ in (*TagType, ""):
                    change = PolicyChange(
                        code=code, effect=effect, names=("x",), type=type_, operation="prefix", after="1"
                    )
                    if _is_made(change):
                        assert "{" not in policy_changes.say(change)


def _is_made(change: PolicyChange) -> bool:
    """
    Whether a change like this comes up: some codes have only one effect, or are about lists.
    """
    both = {
        ChangeCode.WINDOW,
        ChangeCode.VALUE_TYPE,
        ChangeCode.OBSOLETE,
        ChangeCode.REQUIREMENT,
        ChangeCode.EXCLUSION,
        ChangeCode.CLASS_EXCLUDED,
        ChangeCode.CLASS_REQUIRED,
        ChangeCode.LEAST,
        ChangeCode.MOST,
        ChangeCode.GROUP,
        ChangeCode.EQUIVALENT,
    }
    if change.code in {ChangeCode.VALUE_ADDED, ChangeCode.LIST_ADDED}:
        return bool(change.type)
    return change.effect is not Effect.SHOWS or change.code not in both


class TestCompleteness:
    @settings(max_examples=150, deadline=None)
    @given(st.randoms(use_true_random=False), st.sampled_from(WORLDS), st.integers(min_value=1, max_value=3))
    def test_whoever_gains_or_loses_is_told(
        self, dice: random.Random, world: tuple[Policy, list[Label], list[Clearance]], count: int
    ) -> None:
        """
        If one label is open to one reader under the new version only, a line says that it widens; likewise
        for what narrows.
        """
        old, labels, held = world
        new = old
        for _ in range(count):
            new = edit(dice, new)
        labels, held = dice.sample(labels, min(len(labels), 40)), dice.sample(held, min(len(held), 10))
        effects = {each.effect for each in differences(old, new, at=small.DAY)}
        for label in labels:
            for clearance in held:
                before, after = permits(old, label, clearance), permits(new, label, clearance)
                if after and not before and is_known(old, label):
                    assert Effect.WIDENS in effects
                if before and not after:
                    assert Effect.NARROWS in effects

    def test_there_is_something_to_tell(self) -> None:
        """
        Among the edits are some by which somebody gains, and some by which somebody loses.
        """
        gains = losses = 0
        for number in range(3000):
            dice = random.Random(number)
            old, labels, held = dice.choice(WORLDS)
            new, label, clearance = edit(dice, old), dice.choice(labels), dice.choice(held)
            before, after = permits(old, label, clearance), permits(new, label, clearance)
            gains += after and not before and is_known(old, label)
            losses += before and not after
        assert min(gains, losses) > 3


# --- One change each, in words


def with_class(named: str, **fields: Any) -> Policy:
    """
    EXERCISE with one other classification.
    """
    return changed(
        EXERCISE,
        classifications=tuple(
            replace(each, **fields) if each.name == named else each for each in EXERCISE.classifications
        ),
    )


def with_tags(named: str, change: Callable[[Tag], Tag], policy: Policy = EXERCISE) -> Policy:
    """
    A policy with other tags in one set.
    """
    return changed(
        policy,
        tag_sets=tuple(
            replace(each, tags=tuple(map(change, each.tags))) if each.name == named else each
            for each in policy.tag_sets
        ),
    )


def with_value(tag_set: str, named: str, policy: Policy = EXERCISE, **fields: Any) -> Policy:
    """
    A policy with one other value.
    """

    def change(tag: Tag) -> Tag:
        values = (replace(each, **fields) if each.name == named else each for each in tag.categories)
        return replace(tag, categories=tuple(values))

    return with_tags(tag_set, change, policy)


def with_set(named: str, **fields: Any) -> Policy:
    """
    EXERCISE with another tag set.
    """
    return changed(
        EXERCISE,
        tag_sets=tuple(replace(each, **fields) if each.name == named else each for each in EXERCISE.tag_sets),
    )


def without_value(tag_set: str, named: str) -> Policy:
    """
    EXERCISE without one value.
    """
    return with_tags(
        tag_set,
        lambda tag: replace(tag, categories=tuple(each for each in tag.categories if each.name != named)),
    )


def one_of(tag_set: str, type_: TagType = P, lacv: str = "") -> Requirement:
    """
    That a list must have a value.
    """
    groups = (CategoryReference(tag_set=tag_set, type=type_, lacv=lacv),)
    return Requirement(operation=Operation.ONE_OR_MORE, groups=groups)


REFUSED = "is refused to everybody until it is labelled anew"
KOR = next(
    each
    for tag_set in EXERCISE.tag_sets
    for tag in tag_set.tags
    for each in tag.categories
    if each.name == "KOR"
)
KOREAN = Classification(name="EYES", lacv=9, hierarchy=9)
ELSEWHERE = EquivalentPolicy(name="OTHER", id="2.25.9")

CASES: list[tuple[str, Policy, list[str]]] = [
    (
        "class-added",
        changed(EXERCISE, classifications=(*EXERCISE.classifications, KOREAN)),
        ["widens: new: EYES; who is granted EYES sees what will be so marked"],
    ),
    (
        "class-removed",
        changed(EXERCISE, classifications=EXERCISE.classifications[:3]),
        [
            f"narrows: gone: SECRET; who holds only SECRET sees nothing any more, and what is so marked {REFUSED}"
        ],
    ),
    (
        "class-renumbered",
        with_class("SECRET", lacv=9),
        [f"narrows: another number for SECRET: 9, not 4; what is so marked {REFUSED}"],
    ),
    (
        "class-order",
        with_class("OPEN", hierarchy=9),
        [
            (
                "shows differently: the order of levels is LIMITED < CONFIDENTIAL < SECRET < OPEN, "
                "not OPEN < LIMITED < CONFIDENTIAL < SECRET; the banner of a whole may be another"
            )
        ],
    ),
    (
        "class-obsolete",
        with_class("SECRET", obsolete=True),
        ["narrows: obsolete: SECRET; new labels do not have it, old ones keep it"],
    ),
    (
        "context-not-needed",
        with_class("SECRET", required=()),
        [
            (
                "widens: no more needed by SECRET: one of Context (permissive); what lacks it is a label, "
                "and who holds the rest of it sees it"
            )
        ],
    ),
    (
        "caveat-needed",
        with_class("SECRET", required=(one_of("Context"), one_of("Caveats", R, "1"))),
        [
            "narrows: needed by SECRET: one of Caveats (restrictive): HERON; what lacks it is refused to everybody"
        ],
    ),
    (
        "color",
        with_class("SECRET", color="#000000"),
        ["shows differently: SECRET has the colour #000000, not #b3001b"],
    ),
    (
        "value-removed",
        without_value("Handling", "STAFF"),
        [f"narrows: gone from Handling: STAFF; who holds only STAFF loses what names it, which {REFUSED}"],
    ),
    (
        "value-renumbered",
        with_value("Handling", "STAFF", lacv="9"),
        [f"narrows: another number for STAFF of Handling: 9, not 1; what has it {REFUSED}"],
    ),
    (
        "value-spelled-with-zeros",
        with_value("Releasable To", "AUS", lacv="0036"),
        [],
    ),
    (
        "value-obsolete-again",
        with_value("Caveats", "HERON", obsolete=True),
        ["narrows: obsolete: HERON of Caveats; new labels do not have it, old ones keep it"],
    ),
    (
        "class-no-more-excluded",
        with_value("Caveats", "HERON", excluded_classes=()),
        ["widens: allowed with HERON of Caveats: OPEN; who holds both sees what has both"],
    ),
    (
        "class-excluded",
        with_value("Caveats", "HERON", excluded_classes=("OPEN", "LIMITED")),
        ["narrows: not allowed with HERON of Caveats: LIMITED; what has both is refused to everybody"],
    ),
    (
        "class-required",
        with_value("Caveats", "HERON", required_class="SECRET"),
        ["narrows: only with SECRET: HERON of Caveats; with any other level it is refused to everybody"],
    ),
    (
        "value-excludes-list",
        with_value("Caveats", "HERON", excluded=(CategoryReference(tag_set="Only", type=P),)),
        [
            "narrows: not allowed beside HERON of Caveats: Only (permissive); what has both is refused to everybody"
        ],
    ),
    (
        "most",
        with_tags("Handling", lambda tag: replace(tag, count_max=1)),
        [
            (
                "narrows: the most that a label may have of PRESS, PROTOCOL, STAFF of Handling: 1, not none; "
                "what has more is refused to everybody"
            )
        ],
    ),
    (
        "least",
        with_tags("Handling", lambda tag: replace(tag, count_min=1)),
        [
            (
                "narrows: a label needs 1 of PRESS, PROTOCOL, STAFF of Handling, not 0; what has fewer is refused "
                "to everybody"
            )
        ],
    ),
    (
        "type",
        with_tags("Caveats", lambda tag: replace(tag, type=N)),
        [
            (
                "widens: informative, not restrictive: HERON, LANTERN, MAPLE of Caveats; who does not hold it may see "
                "what will have it"
            ),
            f"narrows: informative, not restrictive: HERON, LANTERN, MAPLE of Caveats; what has it as restrictive {REFUSED}",
            "shows differently: new on Caveats, for people: HERON, LANTERN, MAPLE; it decides nothing",
        ],
    ),
    (
        "list-renumbered",
        with_set("Handling", id="2.25.9"),
        [f"narrows: another identifier for Handling; what has a value of it {REFUSED}"],
    ),
    (
        "list-renamed",
        with_set("Handling", name="Notes"),
        [
            (
                "narrows: Handling is called Notes; who holds values of Handling holds them no more, and what has one "
                f"{REFUSED}"
            ),
            "shows differently: new, for people: Notes (STAFF, PRESS, PROTOCOL); it decides nothing",
        ],
    ),
    (
        "list-removed",
        changed(EXERCISE, tag_sets=EXERCISE.tag_sets[:-1]),
        [f"narrows: gone: Handling; what has a value of it {REFUSED}, and nothing new is limited by it"],
    ),
    (
        "policy-renamed",
        changed(EXERCISE, name="DRILL"),
        [
            (
                "narrows: the policy is called DRILL, not EXERCISE; labels and clearances that give its name alone "
                "are refused"
            ),
        ],
    ),
    (
        "policy-ends",
        changed(EXERCISE, window=Window(not_after=NOW)),
        [
            (
                "narrows: less long in force: the policy (../2026-12-01T00:00:00+00:00; before: none); what it marks is "
                "refused to everybody at other times"
            )
        ],
    ),
    (
        "phrase",
        with_class("SECRET", markings=(Marking(codes=frozenset({"pageTopBottom"}), phrase="VERY SECRET"),)),
        [
            "shows differently: SECRET prints as `VERY SECRET`, before: `SECRET` (pageBottom, pageTop)",
            "shows differently: SECRET prints as `SECRET`, before: `S` (portionMarking)",
        ],
    ),
    (
        "qualifier",
        with_tags(
            "Handling",
            lambda tag: replace(
                tag, qualifiers=(*tag.qualifiers, Qualifier(place="subject", code="prefix", text="!"))
            ),
        ),
        ["shows differently: Handling has `!` before its values, before: `` (subject)"],
    ),
    (
        "order",
        with_tags("Handling", lambda tag: replace(tag, categories=tag.categories[::-1])),
        ["shows differently: Handling prints in another order"],
    ),
    (
        "privacy-mark",
        changed(EXERCISE, privacy_marks=(PrivacyMark(name="IN CONFIDENCE"),)),
        ["shows differently: the privacy mark IN CONFIDENCE is new"],
    ),
    (
        "typed",
        with_tags(
            "Handling",
            lambda tag: replace(
                tag,
                categories=(
                    *tag.categories,
                    TagCategory(name="Until", lacv="9", user_input="date", date_format="F"),
                ),
            ),
        ),
        ["shows differently: typed for Until of Handling: date F; before: none"],
    ),
    (
        "equivalent-class",
        with_class(
            "SECRET", equivalents=(EquivalentClassification(policy="OTHER", lacv=4, applied=Applied.BOTH),)
        ),
        ["widens: equivalent of SECRET in OTHER: 4 (both); what is translated by it reaches readers there"],
    ),
    (
        "equivalent-value",
        with_value(
            "Caveats",
            "HERON",
            equivalents=(
                EquivalentCategory(
                    policy="OTHER",
                    tag_set_id="2.25.9",
                    type=R,
                    lacv="1",
                    applied=Applied.ENCRYPT,
                    discard=True,
                ),
            ),
        ),
        [
            "widens: equivalents in OTHER for HERON of Caveats; what is translated by them reaches readers there"
        ],
    ),
    (
        "equivalent-list",
        with_set("Caveats", equivalents=(EquivalentTagSet(policy="OTHER", name="Circle", id="2.25.9"),)),
        ["widens: equivalents in OTHER for Caveats; what is translated by them reaches readers there"],
    ),
    (
        "equivalent-policy",
        changed(EXERCISE, equivalents=(ELSEWHERE,)),
        ["widens: equivalent of the policy in OTHER: 2.25.9; what is translated by it reaches readers there"],
    ),
]


class TestOneChange:
    @pytest.mark.parametrize(("new", "lines"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
    def test_is_said_for_whom_it_is_one(self, new: Policy, lines: list[str]) -> None:
        """
        One change gives its own lines and no others.
        """
        assert said(EXERCISE, new) == lines

    def test_the_way_back_has_the_opposite_effect(self) -> None:
        """
        What narrowed widens again, when the rule is taken back.
        """
        opposite = {Effect.WIDENS: Effect.NARROWS, Effect.NARROWS: Effect.WIDENS, Effect.SHOWS: Effect.SHOWS}
        both = {"context-not-needed", "caveat-needed", "class-excluded", "class-required", "most", "least"}
        for new in (case[1] for case in CASES if case[0] in both):
            there = differences(EXERCISE, new, at=NOW)
            back = differences(new, replace(EXERCISE, version=9), at=NOW)
            assert [opposite[each.effect] for each in there] == [each.effect for each in back]

    def test_renamed_value_is_lost_to_its_holders(self) -> None:
        """
        A value that keeps its number and changes its name is another one to labels and clearances.
        """
        lines = said(EXERCISE, with_value("Handling", "STAFF", name="CREW"))
        assert lines[0] == (
            "narrows: STAFF of Handling is called CREW; who holds only STAFF loses what names it, "
            f"which {REFUSED}"
        )

    def test_window_that_moves_is_both(self) -> None:
        """
        A value that is in force later, for as long, is refused at some times and allowed at others.
        """
        day = timedelta(days=1)
        old = with_value("Caveats", "HERON", window=Window(not_before=NOW, not_after=NOW + day))
        new = with_value(
            "Caveats", "HERON", old, window=Window(not_before=NOW + day, not_after=NOW + 2 * day)
        )
        assert [each.effect for each in differences(old, new, at=NOW)] == [Effect.WIDENS, Effect.NARROWS]

    def test_value_that_moves_to_a_bounded_tag_is_noticed(self) -> None:
        """
        What may stand together depends on which values are counted together, not on names of tags.
        """
        tags = (
            Tag(
                name="",
                type=N,
                categories=(TagCategory(name="a", lacv="1"), TagCategory(name="b", lacv="2")),
                count_max=1,
            ),
            Tag(name="", type=N, categories=(TagCategory(name="c", lacv="3"),)),
        )
        old = replace(EXERCISE, tag_sets=(TagSet(name="Notes", id="2.25.9", tags=tags),))
        moved = (
            replace(tags[0], categories=tags[0].categories[:1]),
            replace(tags[1], categories=(*tags[1].categories, tags[0].categories[1])),
        )
        new = changed(old, tag_sets=(TagSet(name="Notes", id="2.25.9", tags=moved),))
        assert Effect.WIDENS in {each.effect for each in differences(old, new, at=NOW)}


def with_group(policy: Policy, *members: tuple[str, str, bool]) -> Policy:
    """
    EXERCISE, version 2, with other partners.
    """
    told = tuple(GroupMember(name=name, lacv=lacv, obsolete=obsolete) for name, lacv, obsolete in members)
    kept = (each for each in policy.memberships if each.name != "PARTNERS")
    return changed(policy, memberships=(*kept, Membership(name="PARTNERS", members=told)))


def test_all_of_a_list_grows_with_the_list() -> None:
    """
    Where all of a list must stand on a label, one value more in the list is one more that is needed.
    """
    whole = CategoryReference(tag_set="Handling", type=N)
    old = with_value("Caveats", "HERON", required=(Requirement(operation=Operation.ALL, groups=(whole,)),))
    more = TagCategory(name="NIGHT", lacv="9")
    new = with_tags("Handling", lambda tag: replace(tag, categories=(*tag.categories, more)), old)
    assert [each.effect for each in differences(old, new, at=NOW) if each.code is ChangeCode.REQUIREMENT] == [
        Effect.WIDENS,
        Effect.NARROWS,
    ]


WITHOUT_CASE = replace(EXERCISE, id=next(iter(POLICIES_WITHOUT_CASE)))


class TestNames:
    def test_another_spelling_of_a_list_is_for_people(self) -> None:
        """
        Where a policy compares names without case, a list in other letters is the same list.
        """
        sets = tuple(
            replace(each, name="HANDLING") if each.name == "Handling" else each
            for each in WITHOUT_CASE.tag_sets
        )
        assert said(WITHOUT_CASE, changed(WITHOUT_CASE, tag_sets=sets)) == [
            "shows differently: Handling is spelled HANDLING"
        ]

    def test_another_spelling_of_a_class_or_value_is_for_people(self) -> None:
        """
        Likewise a level, and a value of a list.
        """
        first = WITHOUT_CASE.classifications[0]
        respelled = (replace(first, name="Open"), *WITHOUT_CASE.classifications[1:])
        found = differences(WITHOUT_CASE, changed(WITHOUT_CASE, classifications=respelled), at=NOW)
        assert (ChangeCode.SPELLING, Effect.SHOWS, "OPEN", "Open") in {
            (each.code, each.effect, each.before, each.after) for each in found
        }
        new = with_value("Handling", "STAFF", WITHOUT_CASE, name="Staff")
        assert (ChangeCode.SPELLING, Effect.SHOWS, "STAFF", "Staff") in {
            (each.code, each.effect, each.before, each.after)
            for each in differences(WITHOUT_CASE, new, at=NOW)
        }

    def test_a_class_is_renamed_if_a_new_name_has_its_number(self) -> None:
        """
        Only then: not to a new name with another number, nor to an old level that takes its number over.
        """
        *rest, third, gone = EXERCISE.classifications
        new = changed(EXERCISE, classifications=(*rest, third, replace(gone, name="HIDDEN")))
        assert (ChangeCode.CLASS_RENAMED, "HIDDEN") in codes(EXERCISE, new)
        new = changed(EXERCISE, classifications=(*rest, third, replace(gone, name="HIDDEN", lacv=9)))
        assert {(ChangeCode.CLASS_REMOVED, ""), (ChangeCode.CLASS_ADDED, "")} <= codes(EXERCISE, new)
        new = changed(EXERCISE, classifications=(*rest, replace(third, lacv=gone.lacv)))
        assert {code for code, _ in codes(EXERCISE, new)} == {
            ChangeCode.CLASS_REMOVED,
            ChangeCode.CLASS_RENUMBERED,
        }

    def test_a_list_is_renamed_if_a_new_name_has_its_identifier(self) -> None:
        """
        Likewise.
        """
        *rest, other, gone = EXERCISE.tag_sets
        new = changed(EXERCISE, tag_sets=(*rest, other, replace(gone, name="Notes", id="2.25.9")))
        assert (ChangeCode.LIST_REMOVED, "") in codes(EXERCISE, new)
        new = changed(EXERCISE, tag_sets=(*rest, replace(other, id=gone.id)))
        assert {code for code, _ in codes(EXERCISE, new)} == {
            ChangeCode.LIST_REMOVED,
            ChangeCode.LIST_RENUMBERED,
        }

    def test_a_value_is_renamed_if_a_new_name_has_its_number(self) -> None:
        """
        An old value that takes over the number of one that is gone is no other name for it.
        """
        new = with_value("Handling", "PRESS", without_value("Handling", "STAFF"), lacv="1")
        assert {code for code, _ in codes(EXERCISE, new)} == {
            ChangeCode.VALUE_REMOVED,
            ChangeCode.VALUE_RENUMBERED,
        }
        new = with_value("Handling", "STAFF", name="CREW", lacv="9")
        assert {ChangeCode.VALUE_REMOVED, ChangeCode.VALUE_ADDED} <= {
            code for code, _ in codes(EXERCISE, new)
        }

    def test_an_equivalent_of_the_policy_is_told_of_the_policy_it_names(self) -> None:
        """
        One more equivalent is one change, whatever equivalents in other policies there are.
        """
        another = EquivalentPolicy(name="ANOTHER", id="2.25.10")
        old = changed(EXERCISE, equivalents=(another,))
        found = differences(old, changed(old, equivalents=(another, ELSEWHERE)), at=NOW)
        assert [(each.effect, each.others, each.after) for each in found] == [
            (Effect.WIDENS, ("OTHER",), "2.25.9")
        ]
        back = differences(changed(old, equivalents=(another, ELSEWHERE)), replace(old, version=9), at=NOW)
        assert [(each.effect, each.others, each.before) for each in back] == [
            (Effect.NARROWS, ("OTHER",), "2.25.9")
        ]

    def test_equivalents_are_told_of_the_policy_that_they_are_in(self) -> None:
        """
        Of a list, a level or a value: one that is gone is one change, whatever others there are.
        """
        lists = tuple(EquivalentTagSet(policy=each, name=each, id="2.25.9") for each in ("ONE", "TWO"))
        levels = tuple(
            EquivalentClassification(policy=each, lacv=number, applied=Applied.BOTH)
            for number, each in enumerate(("ONE", "TWO"))
        )
        for old, new in (
            (with_set("Caveats", equivalents=lists), with_set("Caveats", equivalents=lists[1:])),
            (with_class("SECRET", equivalents=levels), with_class("SECRET", equivalents=levels[1:])),
        ):
            found = differences(old, replace(new, version=9), at=NOW)
            assert [(each.effect, each.others) for each in found] == [(Effect.NARROWS, ("ONE",))]


@pytest.mark.parametrize(
    ("tag_set", "type_", "effects"),
    [
        ("Only", N, {Effect.WIDENS, Effect.NARROWS}),
        ("Caveats", N, {Effect.WIDENS, Effect.NARROWS}),
        ("Caveats", P, {Effect.WIDENS, Effect.NARROWS}),
        ("Only", R, {Effect.NARROWS}),
        ("Handling", P, {Effect.NARROWS}),
        ("Handling", R, {Effect.NARROWS}),
    ],
)
def test_another_type_widens_if_it_asks_for_less(tag_set: str, type_: TagType, effects: set[Effect]) -> None:
    """
    Informative asks nothing, permissive for one of its values, restrictive for all; what is so marked is refused.
    """
    new = with_tags(tag_set, lambda tag: replace(tag, type=type_))
    found = differences(EXERCISE, new, at=NOW)
    assert {each.effect for each in found if each.code is ChangeCode.VALUE_TYPE} == effects


def test_another_file_of_the_same_version_is_flagged() -> None:
    """
    No node takes it after the first: a version is one file.
    """
    found = differences(EXERCISE, replace(EXERCISE, digest=bytes(32)), at=NOW)
    assert [(each.code, each.effect) for each in found] == [(ChangeCode.VERSION_NOT_ABOVE, Effect.NARROWS)]


def test_a_date_format_of_what_nobody_types_is_no_change() -> None:
    """
    It says how a date is typed, where one is.
    """
    assert differences(EXERCISE, with_value("Handling", "STAFF", date_format="F"), at=NOW) == ()


def test_a_policy_of_one_level_has_communities_too() -> None:
    """
    Who counts as whom does not depend on levels.
    """
    old = changed(EXERCISE_2, classifications=EXERCISE_2.classifications[:1])
    new = replace(with_group(old, ("KOR", "410", False)), version=9)
    assert {each.code for each in differences(old, new, at=NOW)} == {ChangeCode.GROUP}


def codes(old: Policy, new: Policy) -> set[tuple[ChangeCode, str]]:
    """
    What changes, and what it is after.
    """
    return {
        (each.code, each.after if "renamed" in each.code else "") for each in differences(old, new, at=NOW)
    }


class TestGroups:
    FORMER = with_group(EXERCISE_2, ("KOR", "410", False), ("FIN", "246", True))
    PRESENT = with_group(FORMER, ("KOR", "410", False), ("FIN", "246", False))

    def test_new_member_gains_what_is_for_the_community(self) -> None:
        """
        FIN gains what is REL PARTNERS; nobody else is named.
        """
        assert said(self.FORMER, self.PRESENT) == [
            f"widens: of PARTNERS on {tag}: FIN; who holds only FIN gains what is for PARTNERS"
            for tag in ("Releasable To", "Only")
        ]

    def test_former_member_loses_it(self) -> None:
        """
        A member that is called obsolete is one no more.
        """
        lines = said(replace(self.PRESENT, version=1), self.FORMER)
        assert lines[0] == (
            "narrows: no more of PARTNERS on Releasable To: FIN; who holds only FIN loses what is for PARTNERS"
        )

    def test_member_whose_dates_have_passed_counts_no_more(self) -> None:
        """
        Who is a member is asked at an instant, with the dates that the policy sets.
        """
        ended = with_value(
            "Releasable To", "FIN", self.PRESENT, window=Window(not_after=NOW - timedelta(days=1))
        )
        found = differences(self.PRESENT, ended, at=NOW)
        assert [(each.code, each.effect) for each in found] == [
            (ChangeCode.WINDOW, Effect.NARROWS),
            (ChangeCode.GROUP, Effect.NARROWS),
            (ChangeCode.GROUP, Effect.NARROWS),
        ]
        assert [each.others for each in found] == [(), ("PARTNERS",), ("ALLIES",)]

    def test_member_of_another_number_counts_not(self) -> None:
        """
        A member whose number is not that of the value is nobody.
        """
        other = with_group(self.FORMER, ("KOR", "410", False), ("FIN", "999", False))
        assert differences(self.FORMER, other, at=NOW) == ()


class TestExercise:
    CHANGES = differences(EXERCISE, EXERCISE_2, at=NOW)

    def test_version_2_takes_nothing_away(self) -> None:
        """
        All that narrows from version 1 to 2 is new, or is for new labels only.
        """
        narrows = {(each.code, each.tag) for each in self.CHANGES if each.effect is Effect.NARROWS}
        assert narrows == {
            (ChangeCode.OBSOLETE, "Caveats"),
            (ChangeCode.VALUE_ADDED, "Caveats"),
            (ChangeCode.LIST_ADDED, "Talks"),
        }

    def test_what_widens_is_new_names_communities_and_equivalents(self) -> None:
        """
        No rule of version 1 is relaxed in version 2.
        """
        codes = {each.code for each in self.CHANGES if each.effect is Effect.WIDENS}
        assert codes == {
            ChangeCode.CLASS_ADDED,
            ChangeCode.VALUE_ADDED,
            ChangeCode.GROUP,
            ChangeCode.EQUIVALENT,
        }

    def test_marks_of_version_1_are_as_they_were(self) -> None:
        """
        In English, and where there was a phrase, version 2 prints what version 1 printed.
        """
        printed: Iterable[PolicyChange] = (
            each for each in self.CHANGES if each.code in {ChangeCode.MARKING, ChangeCode.QUALIFIER}
        )
        places = {"pageTop", "pageBottom", "portionMarking"}
        assert [each for each in printed if not each.language and places & set(each.places)] == []
