# SPDX-License-Identifier: Apache-2.0

import json
import random
from itertools import combinations_with_replacement, product

import pytest

from legation.formats import spif
from legation.labels import (
    Category,
    Clearance,
    FaultCode,
    Label,
    Policy,
    TagType,
    category,
    compile_clearance,
    compile_label,
    decide,
    gathered,
    permits,
    roll_up,
)
from tests.formats.standards import standard
from tests.labels import naive
from tests.labels.naive import Choice, Level, Plain, PlainClearance, PlainLabel, Stated, drop_roll_up
from tests.labels.small import (
    CONTEXT,
    DAY,
    FREE,
    PERMISSIVE,
    POLICIES,
    all_clearances,
    all_labels,
    clearance_of,
    label_of,
    policy_of,
    subsets,
    values,
)

P, R = TagType.PERMISSIVE, TagType.RESTRICTIVE


class Readers:
    """
    Who may see what, as one bit a clearance.
    """

    def __init__(self, plain: Plain) -> None:
        self.policy = policy_of(plain)
        self.clearances = all_clearances(plain)
        self._held = [
            compile_clearance(self.policy, clearance_of(each, self.policy), at=DAY)
            for each in self.clearances
        ]
        self._known: dict[Label, int] = {}

    def of(self, label: Label) -> int:
        """
        Those who may see a label.
        """
        if label not in self._known:
            compiled = compile_label(self.policy, label, at=DAY)
            self._known[label] = sum(
                permits(compiled, held) << index for index, held in enumerate(self._held)
            )
        return self._known[label]

    def cleared_to(self, level: str) -> int:
        """
        Those who hold a classification and all below it.
        """
        top = self.policy.classification(level)
        assert top is not None
        below = {each.name for each in self.policy.classifications if each.hierarchy <= top.hierarchy}
        return sum((below <= set(each.levels)) << index for index, each in enumerate(self.clearances))


def valid_labels(plain: Plain) -> list[PlainLabel]:
    """
    The valid labels of a small policy.
    """
    return [label for label in all_labels(plain) if naive.is_valid(plain, label, DAY)]


class TestRollUp:
    @pytest.mark.parametrize("plain", POLICIES, ids=lambda plain: plain.name)
    def test_whoever_may_see_the_whole_may_see_every_part(self, plain: Plain) -> None:
        """
        For all pairs of labels: a reader cleared to the roll-up's level and below, and permitted by
        it, is permitted by both parts.
        """
        readers, joined = Readers(plain), 0
        labels = [label_of(each, readers.policy) for each in valid_labels(plain)]
        for pair in combinations_with_replacement(labels, 2):
            rolled = roll_up(readers.policy, pair, at=DAY).label
            if rolled is not None:
                joined += 1
                allowed = readers.of(rolled) & readers.cleared_to(rolled.classification)
                assert allowed & ~(readers.of(pair[0]) & readers.of(pair[1])) == 0, pair
        assert joined > len(labels)

    def test_three_parts_are_no_other_matter(self) -> None:
        """
        The same holds for parts drawn three and four at a time.
        """
        draw = random.Random(4774)
        for plain in (FREE, CONTEXT):
            readers = Readers(plain)
            labels = [label_of(each, readers.policy) for each in valid_labels(plain)]
            for _ in range(1500):
                parts = draw.choices(labels, k=draw.choice((3, 4)))
                rolled = roll_up(readers.policy, parts, at=DAY).label
                if rolled is not None:
                    allowed = readers.of(rolled) & readers.cleared_to(rolled.classification)
                    assert all(allowed & ~readers.of(part) == 0 for part in parts), parts

    def test_order_of_parts_changes_nothing(self) -> None:
        """
        A roll-up does not depend on which part comes first, or comes twice.
        """
        policy = policy_of(CONTEXT)
        labels = [label_of(each, policy) for each in valid_labels(CONTEXT)][::5]
        for one, other in product(labels, labels):
            assert roll_up(policy, [one, other]).label == roll_up(policy, [other, one, other]).label

    def test_roll_up_of_one_label_is_that_label(self) -> None:
        """
        A whole of one part carries the part's label.
        """
        policy = policy_of(FREE)
        for each in valid_labels(FREE):
            label = label_of(each, policy)
            assert roll_up(policy, [label]).label == label

    def test_nothing_has_no_label_and_no_fault(self) -> None:
        """
        Without parts there is nothing to mark.
        """
        rolled = roll_up(policy_of(FREE), [])
        assert (rolled.label, rolled.nobody, rolled.faults) == (None, False, ())

    def test_invalid_part_leaves_no_label(self) -> None:
        """
        A part that is not valid is not joined with anything; its faults say why.
        """
        policy = policy_of(FREE)
        good, bad = (Label(policy_id=policy.id, classification=name) for name in ("A", "nowhere"))
        rolled = roll_up(policy, [good, bad])
        assert rolled.label is None
        assert [fault.code for fault in rolled.faults] == [FaultCode.CLASSIFICATION_UNKNOWN]


class TestNobody:
    policy = policy_of(FREE)

    def label(self, *parts: Category) -> Label:
        """
        A label of the lowest classification.
        """
        return Label(policy_id=self.policy.id, classification="B", categories=gathered(parts))

    def test_lists_without_a_common_value_have_no_reader(self) -> None:
        """
        Parts for x and for y have nobody in common: no label, and it is said which list.
        """
        rolled = roll_up(
            self.policy, [self.label(category("To", P, ["x"])), self.label(category("To", P, ["y"]))]
        )
        assert rolled.label is None
        assert rolled.nobody
        assert [(fault.code, fault.tag) for fault in rolled.faults] == [(FaultCode.CATEGORY_EMPTY, "To")]

    def test_absent_list_is_everybody(self) -> None:
        """
        A part without the list leaves the other's as it is, and that is not nobody.
        """
        rolled = roll_up(self.policy, [self.label(), self.label(category("To", P, ["x"]))])
        assert not rolled.nobody
        assert rolled.label == self.label(category("To", P, ["x"]))

    def test_nobody_stays_nobody_beside_an_absent_list(self) -> None:
        """
        A third part without the list does not bring the readers back.
        """
        parts = [self.label(category("To", P, [name])) for name in "xy"]
        assert roll_up(self.policy, [*parts, self.label()]).nobody


# One list with three values, absent or not: the 512 combinations of two labels and one clearance.
ONE_LIST = Plain("ONE", (Level("S", 1),), (("To", (Choice(PERMISSIVE, values("a b c")),)),))


def of_one_list(names: tuple[str, ...]) -> tuple[Stated, ...]:
    """
    The list with these values, or no list.
    """
    return (Stated("To", PERMISSIVE, names),) if names else ()


class TestStandardsRules:
    """
    What ADatP-4774.1 says in its rules 5 and 6, and why it is not done here.
    """

    def test_dropping_a_list_widens(self) -> None:
        """
        By the standard's rules a reader whom a part refuses is permitted by the whole, 104 times of
        512; by ours never, and 36 times a reader of both parts is refused.
        """
        policy, widened, ours_widened, ours_narrowed = policy_of(ONE_LIST), 0, 0, 0
        for one, other, held in product(subsets("abc"), repeat=3):
            parts = [PlainLabel("S", of_one_list(names)) for names in (one, other)]
            reader = PlainClearance(("S",), of_one_list(held))
            both = all(naive.decide(ONE_LIST, part, reader) for part in parts)
            widened += naive.decide(ONE_LIST, drop_roll_up(ONE_LIST, parts), reader) and not both
            rolled = roll_up(policy, [label_of(part, policy) for part in parts]).label
            allowed = rolled is not None and decide(policy, rolled, clearance_of(reader, policy)).permitted
            ours_widened += allowed and not both
            ours_narrowed += both and not allowed
        assert (widened, ours_widened, ours_narrowed) == (104, 0, 36)

    @pytest.mark.parametrize(
        ("one", "other"),
        [(("x",), ("y",)), (("x",), ())],
        ids=["rule 5: no common value", "rule 6: absent in one"],
    )
    def test_each_rule_has_its_victim(self, one: tuple[str, ...], other: tuple[str, ...]) -> None:
        """
        Rule 5 and rule 6 each let a reader of neither list see the whole; ours does not.
        """
        parts = [
            PlainLabel("B", (Stated("To", PERMISSIVE, names),) if names else ()) for names in (one, other)
        ]
        reader = PlainClearance(("B",), ())
        assert naive.decide(FREE, drop_roll_up(FREE, parts), reader)
        assert not naive.decide(FREE, parts[0], reader)
        policy = policy_of(FREE)
        rolled = roll_up(policy, [label_of(part, policy) for part in parts])
        assert (
            rolled.label is None or not decide(policy, rolled.label, clearance_of(reader, policy)).permitted
        )


# --- The cases of the standard, as far as they are about one policy


def acme_label(policy: Policy, text: str) -> Label:
    """
    Read a label as the cases spell it, such as "ACME CONFIDENTIAL REL TO MOCK,PHONY".
    """
    words = text.replace("REL TO ", "").replace(",", " ").split()
    parts = [
        category(field.tag_set.name, field.type, [word])
        for word in words[2:]
        for field in policy.fields.values()
        if word in field.members
    ]
    return Label(policy=words[0], classification=words[1], categories=gathered(parts))


class TestCases:
    def test_cases_of_the_standard(self) -> None:
        """
        Each case within one policy has the label it expects, or a narrower answer where its rules widen.
        """
        policy = spif.read(standard("ACME.xml"), lenient=True)
        seen = 0
        for case in json.loads(standard("dominant-label-cases.json"))["cases"]:
            if any(text.startswith("MOCK") for text in case["inputs"]):
                continue
            seen += 1
            rolled = roll_up(policy, [acme_label(policy, text) for text in case["inputs"]])
            if case["expect"] is None or 6 in case["rules"]:
                # Rule 6 would drop the list and let everybody of the higher level see the whole.
                assert rolled.label is None
                assert rolled.faults
            else:
                assert rolled.label == policy.normalize(acme_label(policy, case["expect"]))
        assert seen == 6

    def test_hierarchy_is_the_only_order(self) -> None:
        """
        In ACME the highest level is INTERNAL, whatever the word suggests.
        """
        policy = spif.read(standard("ACME.xml"), lenient=True)
        levels = sorted(policy.classifications, key=lambda each: each.hierarchy)
        assert [each.name for each in levels] == ["PUBLIC", "CONFIDENTIAL", "INTERNAL"]
        reader = Clearance(policy="ACME", classifications=("CONFIDENTIAL",))
        assert not decide(policy, acme_label(policy, "ACME INTERNAL"), reader).permitted
