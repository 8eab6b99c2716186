# SPDX-License-Identifier: Apache-2.0

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest

from legation.labels import (
    Category,
    Clearance,
    Decision,
    FaultCode,
    Label,
    Policy,
    Reason,
    ReasonCode,
    TagType,
    category,
    compile_clearance,
    compile_label,
    decide,
    gathered,
    permits,
)
from legation.labels.policy import Classification, Tag, TagCategory, TagSet
from tests.formats.standards import standard
from tests.labels.naive import Plain, PlainClearance, PlainLabel, Stated, is_valid
from tests.labels.small import (
    AFTER,
    BEFORE,
    CONTEXT,
    DATED,
    DAY,
    FREE,
    POLICIES,
    RULES,
    all_clearances,
    all_labels,
    clearance_of,
    label_of,
    policy_of,
)
from tests.labels.truth import truth

P, R, N = TagType.PERMISSIVE, TagType.RESTRICTIVE, TagType.INFORMATIVE

Decider = Callable[[Policy, Label, Clearance], bool]


def ours(policy: Policy, label: Label, clearance: Clearance) -> bool:
    """
    Decide on the day of the tests.
    """
    return decide(policy, label, clearance, at=DAY).permitted


def differences(plain: Plain, decider: Decider) -> Iterator[tuple[Label, Clearance]]:
    """
    Every label and clearance that are decided otherwise than the plain rules say.

    Every label meets every clearance, save that a label which nobody may see meets each 16th.
    """
    policy = policy_of(plain)
    clearances = [clearance_of(each, policy) for each in all_clearances(plain)]
    for each, row in zip(all_labels(plain), truth(plain, DAY), strict=True):
        label, step = label_of(each, policy), 1 if any(row) else 16
        for clearance, expected in zip(clearances[::step], row[::step], strict=True):
            if decider(policy, label, clearance) != expected:
                yield label, clearance


class TestDecide:
    @pytest.mark.parametrize("plain", POLICIES, ids=lambda plain: plain.name)
    def test_every_triple_is_decided_as_the_plain_rules_say(self, plain: Plain) -> None:
        """
        Over every policy, label and clearance there is no difference to the plain answer.
        """
        assert next(differences(plain, ours), None) is None

    @pytest.mark.parametrize("at", [None, BEFORE, AFTER], ids=["never", "before", "after"])
    def test_dates_count_at_the_instant_of_the_decision(self, at: datetime | None) -> None:
        """
        What is bounded in time counts within its bounds, and without an instant it does not.
        """
        policy = policy_of(DATED)
        clearances = [clearance_of(each, policy) for each in all_clearances(DATED)]
        for each, row in zip(all_labels(DATED), truth(DATED, at), strict=True):
            label = label_of(each, policy)
            for clearance, expected in zip(clearances[::7], row[::7], strict=True):
                assert decide(policy, label, clearance, at=at).permitted == expected

    def test_instant_without_a_zone_is_a_mistake(self) -> None:
        """
        An instant without a zone is nobody's instant.
        """
        policy = policy_of(FREE)
        label = Label(policy_id=policy.id, classification="A")
        clearance = Clearance(policy_id=policy.id, classifications=("A",))
        with pytest.raises(TypeError):
            decide(policy, label, clearance, at=DAY.replace(tzinfo=None))


class TestReasons:
    """
    What a decision says about itself.
    """

    policy = policy_of(FREE)

    def reasons(self, label: Label, clearance: Clearance, at: datetime | None = DAY) -> tuple[Reason, ...]:
        """
        The reasons of one decision, which never come without it.
        """
        decision = decide(self.policy, label, clearance, at=at)
        permitting = {ReasonCode.CLASSIFICATION_HELD, ReasonCode.ALL_HELD, ReasonCode.ONE_HELD}
        assert decision.reasons
        assert all((reason.code in permitting) == decision.permitted for reason in decision.reasons)
        return decision.reasons

    def label(self, classification: str, *parts: Category) -> Label:
        """
        A label of the policy.
        """
        return Label(policy_id=self.policy.id, classification=classification, categories=gathered(parts))

    def clearance(self, *classifications: str, parts: tuple[Category, ...] = (), **more: Any) -> Clearance:
        """
        A clearance of the policy.
        """
        return Clearance(
            policy_id=self.policy.id, classifications=classifications, categories=gathered(parts), **more
        )

    def test_every_reason_is_given(self) -> None:
        """
        A refusal names the level and every list that stand in the way, with both sides' names.
        """
        label = self.label(
            "B",
            category("To", P, ["x"]),
            category("Only", P, ["x", "y"]),
            category("Caveat", R, ["r", "s"]),
        )
        held = (category("To", P, ["y"]), category("Only", P, ["y"]), category("Caveat", R, ["s"]))
        assert self.reasons(label, self.clearance("A", parts=held)) == (
            Reason(code=ReasonCode.CLASSIFICATION_NOT_HELD, wanted=("B",), held=("A",)),
            Reason(code=ReasonCode.ONE_NOT_HELD, tag="To", wanted=("x",), held=("y",)),
            Reason(code=ReasonCode.ALL_NOT_HELD, tag="Caveat", wanted=("r", "s"), held=("s",)),
        )

    def test_permit_names_what_counted(self) -> None:
        """
        A permission names the level and of each list the values that are held.
        """
        label = self.label("A", category("To", P, ["x", "y"]), category("Caveat", R, ["r"]))
        held = (category("To", P, ["y"]), category("Caveat", R, ["r", "s"]))
        assert self.reasons(label, self.clearance("A", "B", parts=held)) == (
            Reason(code=ReasonCode.CLASSIFICATION_HELD, wanted=("A",), held=("A", "B")),
            Reason(code=ReasonCode.ONE_HELD, tag="To", wanted=("x", "y"), held=("y",)),
            Reason(code=ReasonCode.ALL_HELD, tag="Caveat", wanted=("r",), held=("r",)),
        )

    def test_invalid_label_is_refused_with_each_fault(self) -> None:
        """
        A label that is not valid is refused for that, before anybody's clearance is looked at.
        """
        label = self.label("A", category("To", P, []), category("Only", P, ["z"]))
        found = self.reasons(label, self.clearance("A"))
        assert {reason.code for reason in found} == {ReasonCode.LABEL_INVALID}
        assert {reason.fault.code for reason in found if reason.fault} == {
            FaultCode.CATEGORY_EMPTY,
            FaultCode.VALUE_UNKNOWN,
        }

    def test_clearance_of_another_policy_is_refused(self) -> None:
        """
        A clearance under another policy grants nothing here.
        """
        other = Clearance(policy_id="2.25.9", classifications=("A",))
        (reason,) = self.reasons(self.label("A"), other)
        assert reason == Reason(code=ReasonCode.CLEARANCE_POLICY_DIFFERS, wanted=("FREE",))

    def test_clearance_outside_its_time_is_refused(self) -> None:
        """
        A clearance counts from its first to its last instant, both included.
        """
        bounded = self.clearance("A", not_before=BEFORE, not_after=DAY)
        assert ours(self.policy, self.label("A"), bounded)
        (late,) = self.reasons(self.label("A"), bounded, at=AFTER)
        assert late.code is ReasonCode.CLEARANCE_NOT_IN_FORCE
        (never,) = self.reasons(self.label("A"), bounded, at=None)
        assert never.code is ReasonCode.CLEARANCE_DATE_NEEDED

    def test_unknown_names_of_a_clearance_grant_nothing(self) -> None:
        """
        Values that the policy does not know, even if the label invents them too, open nothing.
        """
        strange = self.clearance("nowhere", parts=(category("nowhere", P, ["z"]), category("To", P, ["z"])))
        for part in (category("To", P, ["z"]), category("nowhere", P, ["z"]), category("To", P, ["x"])):
            assert not ours(self.policy, self.label("A", part), strange)
        assert not ours(self.policy, self.label("nowhere"), strange)

    def test_type_of_a_held_list_must_be_the_same(self) -> None:
        """
        A value held in a list of another type is not held.
        """
        label = self.label("A", category("To", P, ["x"]))
        assert not ours(self.policy, label, self.clearance("A", parts=(category("To", R, ["x"]),)))


# --- Bugs that others have had; the comparison must notice each


def swaps_any_and_all(policy: Policy, label: Label, clearance: Clearance) -> bool:
    """
    One restrictive value would do, and every permissive one is wanted.
    """
    for reason in decide(policy, label, clearance, at=DAY).reasons:
        held, wanted = set(reason.held), set(reason.wanted)
        if reason.code in {ReasonCode.ALL_HELD, ReasonCode.ALL_NOT_HELD}:
            if not held & wanted:
                return False
        elif reason.code in {ReasonCode.ONE_HELD, ReasonCode.ONE_NOT_HELD}:
            if not wanted <= held:
                return False
        elif reason.code is not ReasonCode.CLASSIFICATION_HELD:
            return False
    return True


def ors_all_permissive_lists(policy: Policy, label: Label, clearance: Clearance) -> bool:
    """
    One value of any permissive list would do for all of them.
    """
    decision = decide(policy, label, clearance, at=DAY)
    missed = {reason.tag for reason in decision.reasons if reason.code is ReasonCode.ONE_NOT_HELD}
    lists = {part.tag for part in label.categories if part.type is P}
    others = [reason for reason in decision.reasons if reason.code is not ReasonCode.ONE_NOT_HELD]
    return decision.permitted or (not others and missed < lists)


def takes_empty_for_absent(policy: Policy, label: Label, clearance: Clearance) -> bool:
    """
    A list without a value would be no list.
    """
    kept = tuple(part for part in label.categories if part.values)
    return ours(policy, msgspec.structs.replace(label, categories=kept), clearance)


def goes_by_hierarchy(policy: Policy, label: Label, clearance: Clearance) -> bool:
    """
    Who holds a classification would hold all below it.
    """
    held = [policy.classification(name) for name in clearance.classifications]
    top = max((each.hierarchy for each in held if each is not None), default=-1)
    below = tuple(each.name for each in policy.classifications if each.hierarchy <= top)
    return ours(policy, label, msgspec.structs.replace(clearance, classifications=below))


def skips_validity(policy: Policy, label: Label, clearance: Clearance) -> bool:
    """
    A label would be decided as it stands, whatever the policy requires of it.
    """
    held = {part.key: set(part.values) for part in clearance.categories}
    for part in label.categories:
        common = held.get(part.key, set()) & set(part.values)
        if part.type is P and not common:
            return False
        if part.type is R and common != set(part.values):
            return False
    return label.classification in clearance.classifications


def mixes_types_of_a_tag_set(policy: Policy, label: Label, clearance: Clearance) -> bool:
    """
    A value held in a tag set would be held whatever its type, and any type might state it.
    """
    lists = [category(part.tag, type_, part.values) for part in clearance.categories for type_ in TagType]
    return ours(policy, label, msgspec.structs.replace(clearance, categories=gathered(lists)))


def ignores_dates(policy: Policy, label: Label, clearance: Clearance) -> bool:
    """
    A clearance would last for ever.
    """
    return ours(policy, label, msgspec.structs.replace(clearance, not_before=None, not_after=None))


PLANTED: dict[Decider, Plain] = {
    swaps_any_and_all: FREE,
    ors_all_permissive_lists: FREE,
    takes_empty_for_absent: FREE,
    goes_by_hierarchy: FREE,
    skips_validity: CONTEXT,
    mixes_types_of_a_tag_set: RULES,
    ignores_dates: DATED,
}


class TestPlantedBugs:
    @pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.__name__)
    def test_bug_is_noticed(self, bug: Decider) -> None:
        """
        A decision with a known bug differs from the plain answer, so the comparison can fail.
        """
        assert next(differences(PLANTED[bug], bug), None) is not None


# --- Laws: what a change of a label or a clearance may never do


def rows_of(plain: Plain) -> dict[PlainLabel, int]:
    """
    For each valid label who may see it, as we decide it: one bit a clearance.
    """
    policy = policy_of(plain)
    held = [compile_clearance(policy, clearance_of(each, policy), at=DAY) for each in all_clearances(plain)]
    found = {}
    for each in all_labels(plain):
        if is_valid(plain, each, DAY):
            label = compile_label(policy, label_of(each, policy), at=DAY)
            found[each] = sum(permits(label, bits) << index for index, bits in enumerate(held))
    return found


def lessened(label: PlainLabel, type_: str) -> Iterator[PlainLabel]:
    """
    A label without one value of a type, for each; a permissive list keeps at least one.
    """
    for index, stated in enumerate(label.lists):
        for value in stated.values if stated.type == type_ else ():
            rest = tuple(name for name in stated.values if name != value)
            kept = (Stated(*stated[:2], rest),) if rest else ()
            if rest or type_ != "permissive":
                yield label._replace(lists=label.lists[:index] + kept + label.lists[index + 1 :])


class TestLaws:
    @pytest.mark.parametrize("plain", POLICIES, ids=lambda plain: plain.name)
    def test_restrictive_value_never_widens(self, plain: Plain) -> None:
        """
        Of two valid labels, the one with a restrictive value more is seen by nobody else.
        """
        rows = rows_of(plain)
        for label, readers in rows.items():
            for less in lessened(label, "restrictive"):
                assert readers & ~rows.get(less, readers) == 0, (label, less)

    @pytest.mark.parametrize("plain", POLICIES, ids=lambda plain: plain.name)
    def test_permissive_value_never_narrows(self, plain: Plain) -> None:
        """
        Of two valid labels, the one with a value more on a list that both have is seen by no fewer.
        """
        rows = rows_of(plain)
        for label, readers in rows.items():
            for less in lessened(label, "permissive"):
                assert rows.get(less, 0) & ~readers == 0, (label, less)

    @pytest.mark.parametrize("plain", POLICIES, ids=lambda plain: plain.name)
    def test_informative_value_changes_nothing(self, plain: Plain) -> None:
        """
        Of two valid labels that differ by an informative value, both have the same readers.
        """
        rows = rows_of(plain)
        for label, readers in rows.items():
            for less in lessened(label, "informative"):
                assert rows.get(less, readers) == readers, (label, less)

    def test_laws_are_about_something(self) -> None:
        """
        Among the small policies there are labels for each law to compare, and readers of both.
        """
        rows = {plain.name: rows_of(plain) for plain in POLICIES}
        for name, type_ in (("FREE", "restrictive"), ("CONTEXT", "permissive"), ("DATED", "informative")):
            pairs = [
                (rows[name][label], rows[name].get(less))
                for label in rows[name]
                for less in lessened(label, type_)
            ]
            assert any(more and less for more, less in pairs)

    def test_holding_more_never_shows_less(self) -> None:
        """
        A clearance with one more list sees all that it saw without.
        """
        policy = policy_of(FREE)
        labels = [compile_label(policy, label_of(each, policy), at=DAY) for each in all_labels(FREE)]

        def seen(clearance: PlainClearance) -> bytes:
            held = compile_clearance(policy, clearance_of(clearance, policy), at=DAY)
            return bytes(permits(label, held) for label in labels)

        for clearance in all_clearances(FREE)[::3]:
            for index in range(len(clearance.lists)):
                less = clearance._replace(lists=clearance.lists[:index] + clearance.lists[index + 1 :])
                assert all(a <= b for a, b in zip(seen(less), seen(clearance), strict=True))

    def test_order_and_repetition_change_nothing(self) -> None:
        """
        However values and lists are typed, it is one label and one decision.
        """
        policy = policy_of(FREE)
        for each in all_labels(FREE):
            turned = tuple(stated._replace(values=stated.values[::-1] * 2) for stated in each.lists[::-1])
            assert label_of(PlainLabel(each.level, turned), policy) == label_of(each, policy)


# --- The reference vectors, where they are at hand


def named_policy(vectors: dict[str, Any]) -> Policy:
    """
    A policy without rules, made of the names that the vectors use.
    """
    lists: dict[tuple[str, str], set[str]] = {}
    levels: dict[str, None] = {}
    for label in vectors["labels"].values():
        levels[label["classification"]] = None
        for part in label["categories"]:
            lists.setdefault((part["tagName"], part["type"]), set()).update(part["values"])
    for clearance in vectors["clearances"].values():
        levels |= dict.fromkeys(clearance["classifications"])
        for name, part in clearance["categories"].items():
            lists.setdefault((name, part["type"]), set()).update(part["values"])
    return Policy(
        name="NATO",
        id="1.3.26.1.3.1",
        version=1,
        digest=b"",
        classifications=tuple(
            Classification(name=name, lacv=index, hierarchy=index) for index, name in enumerate(levels)
        ),
        tag_sets=tuple(
            TagSet(
                name=name,
                id=f"2.25.{index}",
                tags=(
                    Tag(
                        name=name,
                        type=TagType(type_.lower()),
                        categories=tuple(TagCategory(name=value, lacv=value) for value in sorted(values)),
                    ),
                ),
            )
            for index, ((name, type_), values) in enumerate(lists.items())
        ),
    )


class TestVectors:
    def test_decisions_are_those_of_the_vectors(self) -> None:
        """
        Each label and clearance of the reference vectors is decided as they say.
        """
        vectors = json.loads(standard("acdf-vectors.json"))
        policy = named_policy(vectors)
        clearances = {
            name: Clearance(
                policy=each["policy"],
                classifications=tuple(each["classifications"]),
                categories=gathered(
                    category(tag, TagType(part["type"].lower()), part["values"])
                    for tag, part in each["categories"].items()
                ),
            )
            for name, each in vectors["clearances"].items()
        }
        for name, each in vectors["labels"].items():
            label = Label(
                policy=each["policy"],
                classification=each["classification"],
                categories=gathered(
                    category(part["tagName"], TagType(part["type"].lower()), part["values"])
                    for part in each["categories"]
                ),
            )
            found = {
                holder: "PERMIT" if decide(policy, label, clearance).permitted else "DENY"
                for holder, clearance in clearances.items()
            }
            assert found == vectors["decisions"][name], name


def test_decision_and_reason_are_values() -> None:
    """
    A decision can be compared, kept and sent: it is a value like any other.
    """
    decision = Decision(permitted=True, reasons=(Reason(code=ReasonCode.CLASSIFICATION_HELD),))
    assert decision == Decision(permitted=True, reasons=(Reason(code=ReasonCode.CLASSIFICATION_HELD),))
    with pytest.raises(AttributeError):
        decision.permitted = False  # type: ignore[misc]  # that it cannot be done is what is tested
