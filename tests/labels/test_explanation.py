# SPDX-License-Identifier: Apache-2.0

import random
import time
from collections.abc import Iterable
from dataclasses import replace

import msgspec
import pytest

from legation.labels import (
    Act,
    Category,
    Change,
    Clearance,
    Explanation,
    Label,
    Policy,
    Reader,
    TagType,
    category,
    compile_clearance,
    compile_label,
    decide,
    explain,
    gathered,
    parse_mark,
    permits,
    validate,
)
from legation.labels.policy import (
    CategoryReference,
    GroupMember,
    Membership,
    Operation,
    Requirement,
    Tag,
    TagCategory,
    TagSet,
)
from tests.labels.exercise import EXERCISE, GRANTS, REPORT, own
from tests.labels.naive import Plain
from tests.labels.small import (
    BEFORE,
    CONTEXT,
    DATED,
    DAY,
    FREE,
    RULES,
    all_clearances,
    all_labels,
    clearance_of,
    label_of,
    policy_of,
)


def lists_after(policy: Policy, held: Label | Clearance, changes: Iterable[Change]) -> dict[str, set[str]]:
    """
    The permissive and restrictive values of a label or clearance, by list, after some changes.
    """
    found = {part.tag: set(part.values) for part in held.categories}
    for change in changes:
        if change.tag:
            values = found.setdefault(change.tag, set())
            found[change.tag] = (
                values - {*change.values} if change.act is Act.REMOVE else values | {*change.values}
            )
    return found


def changed(policy: Policy, label: Label, changes: Iterable[Change]) -> Label:
    """
    Do to a label what is proposed.
    """
    changes = list(changes)
    types = {field.tag_set.name: field.type for field in policy.fields.values()}
    levels = [change.values[0] for change in changes if change.act is Act.LOWER]
    lists = lists_after(policy, label, changes)
    return msgspec.structs.replace(
        label,
        classification=levels[0] if levels else label.classification,
        categories=gathered(category(tag, types[tag], values) for tag, values in lists.items() if values),
    )


def granted(policy: Policy, clearance: Clearance, changes: Iterable[Change]) -> Clearance:
    """
    Do to a clearance what is proposed.
    """
    changes = list(changes)
    types = {field.tag_set.name: field.type for field in policy.fields.values()}
    levels = [name for change in changes if not change.tag for name in change.values]
    return msgspec.structs.replace(
        clearance,
        classifications=(*clearance.classifications, *levels),
        categories=gathered(
            category(tag, types.get(tag, TagType.PERMISSIVE), values)
            for tag, values in lists_after(policy, clearance, changes).items()
        ),
    )


class TestExplain:
    @pytest.mark.parametrize("plain", [FREE, CONTEXT], ids=lambda plain: plain.name)
    def test_what_is_proposed_permits(self, plain: Plain) -> None:
        """
        Each proposed change of a label, and each of a clearance, turns the refusal when it is made.
        """
        policy, proposals = policy_of(plain), [0, 0]
        clearances = [clearance_of(each, policy) for each in all_clearances(plain)][::7]
        for label in [label_of(each, policy) for each in all_labels(plain)]:
            for clearance in clearances:
                found = explain(policy, label, clearance, at=DAY)
                if found.of_label:
                    proposals[0] += 1
                    assert decide(policy, changed(policy, label, found.of_label), clearance, at=DAY).permitted
                if found.of_clearance:
                    proposals[1] += 1
                    more = granted(policy, clearance, found.of_clearance)
                    assert decide(policy, label, more, at=DAY).permitted
        assert min(proposals) > 200

    @pytest.mark.parametrize("plain", [FREE, CONTEXT, RULES], ids=lambda plain: plain.name)
    def test_nothing_is_proposed_where_nothing_is_to_be_turned(self, plain: Plain) -> None:
        """
        What is permitted, and a label that is not valid, have no proposals.
        """
        policy = policy_of(plain)
        clearances = [clearance_of(each, policy) for each in all_clearances(plain)][::31]
        for label in [label_of(each, policy) for each in all_labels(plain)]:
            for clearance in clearances:
                decision = decide(policy, label, clearance, at=DAY)
                if decision.permitted or any(reason.fault for reason in decision.reasons):
                    assert explain(policy, label, clearance, at=DAY) == Explanation()

    def test_label_is_never_proposed_to_be_raised(self) -> None:
        """
        The nearest change lowers the classification or leaves it, and only takes caveats away.
        """
        policy = policy_of(FREE)
        heights = {each.name: each.hierarchy for each in policy.classifications}
        clearances = [clearance_of(each, policy) for each in all_clearances(FREE)][::11]
        for label in [label_of(each, policy) for each in all_labels(FREE)]:
            for clearance in clearances:
                for change in explain(policy, label, clearance, at=DAY).of_label:
                    if change.act is Act.REMOVE:
                        assert change.tag == "Caveat"
                    if change.act is Act.LOWER:
                        assert heights[change.values[0]] < heights[label.classification]

    def test_clearance_out_of_date_is_mended_not_changed(self) -> None:
        """
        No value would help a clearance that has run out.
        """
        policy = policy_of(FREE)
        label = Label(policy_id=policy.id, classification="A")
        late = Clearance(policy_id=policy.id, classifications=("B",), not_after=BEFORE)
        assert explain(policy, label, late, at=DAY) == Explanation()


class Least:
    """
    The nearest change found by trying every label, as the rules for it are written.

    The highest level that is held and not above the label's own, then the fewest values put on or taken
    off. A list of parties is never taken off, and no caveat that is not held is put on.
    """

    def __init__(self, plain: Plain) -> None:
        self.policy = policy_of(plain)
        self.heights = {each.name: each.hierarchy for each in self.policy.classifications}
        valid = [label_of(each, self.policy) for each in all_labels(plain)]
        self.valid = [each for each in valid if not validate(self.policy, each, at=DAY)]
        self.compiled = [compile_label(self.policy, each, at=DAY) for each in self.valid]
        self.values = [self.of(each.categories) for each in self.valid]

    def of(self, categories: Iterable[Category]) -> frozenset[tuple[str, TagType, str]]:
        """
        Every value with its list.
        """
        return frozenset((part.tag, part.type, name) for part in categories for name in part.values)

    def cost(self, label: Label, clearance: Clearance) -> tuple[int, int] | None:
        """
        How far the level goes down, and how many values change; None where nothing helps.
        """
        held, own = self.of(clearance.categories), self.of(label.categories)
        bits = compile_clearance(self.policy, clearance, at=DAY)
        lists = {(tag, type_) for tag, type_, _ in own if type_ is TagType.PERMISSIVE}
        found = []
        for other, compiled, values in zip(self.valid, self.compiled, self.values, strict=True):
            down = self.heights[label.classification] - self.heights[other.classification]
            kept = lists <= {(tag, type_) for tag, type_, _ in values}
            caveats = {each for each in values - own if each[1] is TagType.RESTRICTIVE}
            if down >= 0 and kept and caveats <= held and permits(compiled, bits):
                found.append((down, len(values ^ own)))
        return min(found, default=None)


class TestNearest:
    @pytest.mark.parametrize("plain", [FREE, CONTEXT, RULES, DATED], ids=lambda plain: plain.name)
    def test_no_change_is_nearer_than_the_one_proposed(self, plain: Plain) -> None:
        """
        For refused labels and clearances of every small policy: what is proposed for the label costs
        as little as anything that helps, and something is proposed wherever anything does.
        """
        least, proposed, hopeless = Least(plain), 0, 0
        policy, draw = least.policy, random.Random(4774)
        clearances = [clearance_of(each, policy) for each in all_clearances(plain)[:-3]]
        for label in draw.sample(least.valid, min(len(least.valid), 40)):
            for clearance in draw.sample(clearances, 12):
                if decide(policy, label, clearance, at=DAY).permitted:
                    continue
                found = explain(policy, label, clearance, at=DAY).of_label
                cost = least.cost(label, clearance)
                if cost is None:
                    hopeless += 1
                    assert found == ()
                    continue
                proposed += 1
                lowered = [change.values[0] for change in found if change.act is Act.LOWER]
                down = (
                    least.heights[label.classification] - least.heights[(*lowered, label.classification)[0]]
                )
                assert (down, sum(len(change.values) for change in found if change.tag)) == cost
        assert min(proposed, hopeless) > 30

    def test_rules_of_the_policy_are_met_on_the_way(self) -> None:
        """
        Lowering to a level that a caveat may not stand on takes the caveat off; a level that wants one
        of some values gets one that is held.
        """
        policy = policy_of(RULES)
        high = Label(
            policy_id=policy.id, classification="TOP", categories=(category("Mixed", P, ["p", "s"]),)
        )
        held = Clearance(
            policy_id=policy.id, classifications=("MID",), categories=(category("Mixed", P, ["p"]),)
        )
        assert explain(policy, high, held, at=DAY).of_label == (Change(act=Act.LOWER, values=("MID",)),)
        low = Clearance(
            policy_id=policy.id,
            classifications=("LOW",),
            categories=(category("Free", P, ["v"]), category("Mixed", P, ["p"])),
        )
        assert explain(policy, high, low, at=DAY).of_label == (
            Change(act=Act.LOWER, values=("LOW",)),
            Change(act=Act.ADD, tag="Free", values=("v",)),
        )

    def test_group_that_counts_is_not_proposed(self) -> None:
        """
        A reader who counts as a group is explained as one who holds it.
        """
        policy = replace(
            policy_of(FREE), memberships=(Membership(name="x", members=(GroupMember(name="y", lacv="y"),)),)
        )
        label = Label(policy_id=policy.id, classification="A", categories=(category("To", P, ["x"]),))
        reader = Reader(
            name="y",
            clearances=(
                Clearance(
                    policy_id=policy.id, classifications=("B",), categories=(category("To", P, ["y"]),)
                ),
            ),
            at=DAY,
        )
        held = reader.clearance(policy)
        assert held is not None
        assert explain(policy, label, held, at=DAY) == Explanation(
            of_label=(Change(act=Act.LOWER, values=("B",)),),
            of_clearance=(Change(act=Act.GRANT, values=("A",)),),
        )

    def test_party_is_found_on_a_long_list(self) -> None:
        """
        A reader who is the last of hundreds of parties is proposed to be put on the list.
        """
        names = [f"v{number:03}" for number in range(400)]
        tag = Tag(name="", type=P, categories=tuple(TagCategory(name=name, lacv=name) for name in names))
        policy = replace(policy_of(FREE), digest=b"long", tag_sets=(TagSet(name="To", id="1", tags=(tag,)),))
        label = Label(policy_id=policy.id, classification="A", categories=(category("To", P, names[:1]),))
        held = Clearance(
            policy_id=policy.id, classifications=("A",), categories=(category("To", P, names[-1:]),)
        )
        assert explain(policy, label, held, at=DAY).of_label == (
            Change(act=Act.ADD, tag="To", values=("v399",)),
        )

    def test_search_is_given_up(self) -> None:
        """
        Where a policy's rules ask for more than a person could overlook, nothing is proposed, and soon.
        """

        def value(step: int, number: int) -> TagCategory:
            wanted = tuple(
                CategoryReference(tag_set="To", type=P, lacv=f"{step + 1}{other}") for other in range(4)
            )
            return TagCategory(
                name=f"{step}{number}",
                lacv=f"{step}{number}",
                required=(Requirement(operation=Operation.ONE_OR_MORE, groups=wanted),) if step < 8 else (),
                required_class="" if step < 8 else "B",
            )

        values = tuple(value(step, number) for step in range(9) for number in range(4))
        tag = Tag(name="", type=P, categories=(TagCategory(name="old", lacv="old"), *values))
        policy = replace(policy_of(FREE), digest=b"deep", tag_sets=(TagSet(name="To", id="1", tags=(tag,)),))
        label = Label(policy_id=policy.id, classification="A", categories=(category("To", P, ["old"]),))
        held = Clearance(
            policy_id=policy.id,
            classifications=("A",),
            categories=(category("To", P, [each.name for each in values]),),
        )
        began = time.process_time()
        assert explain(policy, label, held, at=DAY).of_label == ()
        assert time.process_time() - began < 5


P = TagType.PERMISSIVE


class TestStoryA:
    """
    What the drafter of story A is told about AUS.
    """

    def explained(self, part: str, party: str) -> Explanation:
        """
        The nearest changes for one part of the report.
        """
        return explain(EXERCISE, parse_mark(EXERCISE, REPORT[part]), GRANTS[party])

    def test_second_paragraph_needs_aus_on_the_list(self) -> None:
        """
        AUS is granted the level of par. 2 and is not on its list: add AUS.
        """
        assert self.explained("par. 2", "AUS") == Explanation(
            of_label=(Change(act=Act.ADD, tag="Releasable To", values=("AUS",)),),
            of_clearance=(Change(act=Act.GRANT, tag="Releasable To", values=("KOR", "JPN", "NATO")),),
        )

    def test_third_paragraph_is_about_list_and_level(self) -> None:
        """
        For par. 3 the level would have to be lowered as well, or granted.
        """
        found = self.explained("par. 3", "AUS")
        assert found.of_label == (
            Change(act=Act.LOWER, values=("CONFIDENTIAL",)),
            Change(act=Act.ADD, tag="Releasable To", values=("AUS",)),
        )
        assert found.of_clearance[0] == Change(act=Act.GRANT, values=("SECRET",))

    def test_own_comment_needs_context_and_list(self) -> None:
        """
        What was for nobody outside becomes releasable only together with a list.
        """
        found = explain(EXERCISE, parse_mark(EXERCISE, "(S)"), GRANTS["JPN"])
        assert found.of_label == (
            Change(act=Act.ADD, tag="Context", values=("Releasable",)),
            Change(act=Act.ADD, tag="Releasable To", values=("JPN",)),
        )

    def test_caveat_that_is_not_held_is_taken_off(self) -> None:
        """
        The nearest change of a label with a caveat that own people do not hold is to take it off.
        """
        found = explain(EXERCISE, parse_mark(EXERCISE, "(S//HERON)"), own("KOR"))
        assert found.of_label == (Change(act=Act.REMOVE, tag="Caveats", values=("HERON",)),)
        assert found.of_clearance == (Change(act=Act.GRANT, tag="Caveats", values=("HERON",)),)
