# SPDX-License-Identifier: Apache-2.0

from collections.abc import Iterable

import msgspec
import pytest

from legation.labels import (
    Act,
    Change,
    Clearance,
    Explanation,
    Label,
    Policy,
    TagType,
    category,
    decide,
    explain,
    gathered,
    parse_mark,
)
from tests.labels.exercise import EXERCISE, GRANTS, REPORT, own
from tests.labels.naive import Plain
from tests.labels.small import (
    BEFORE,
    CONTEXT,
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
