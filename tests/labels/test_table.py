# SPDX-License-Identifier: Apache-2.0

from datetime import datetime

import pytest

from legation.labels import (
    NOBODY,
    Clearance,
    CompiledLabel,
    DecisionTable,
    compile_clearance,
    compile_label,
    holdings,
    permits,
)
from tests.labels.naive import Plain
from tests.labels.small import (
    AFTER,
    BEFORE,
    DATED,
    DAY,
    FREE,
    POLICIES,
    all_clearances,
    all_labels,
    clearance_of,
    label_of,
    policy_of,
)
from tests.labels.truth import truth


def compiled(plain: Plain, at: datetime | None) -> tuple[list[CompiledLabel], list[int]]:
    """
    Every label and every clearance of a small policy, compiled.
    """
    policy = policy_of(plain)
    labels = [compile_label(policy, label_of(each, policy), at=at) for each in all_labels(plain)]
    held = [compile_clearance(policy, clearance_of(each, policy), at=at) for each in all_clearances(plain)]
    return labels, held


class TestPermits:
    @pytest.mark.parametrize("plain", POLICIES, ids=lambda plain: plain.name)
    def test_every_triple_is_decided_as_the_plain_rules_say(self, plain: Plain) -> None:
        """
        Over every policy, label and clearance the compiled decision is the plain one.
        """
        labels, held = compiled(plain, DAY)
        for label, expected in zip(labels, truth(plain, DAY), strict=True):
            assert bytes(permits(label, bits) for bits in held) == expected

    def test_comparison_is_about_something(self) -> None:
        """
        Hundreds of thousands of triples are compared, with many permits and many refusals in each policy.
        """
        for plain in POLICIES:
            rows = truth(plain, DAY)
            permitted = sum(map(sum, rows))
            assert 500 < permitted < sum(map(len, rows)) - 500
        assert sum(len(row) for plain in POLICIES for row in truth(plain, DAY)) > 500_000

    @pytest.mark.parametrize("at", [None, BEFORE, AFTER], ids=["never", "before", "after"])
    def test_dates_count_at_the_instant_of_compiling(self, at: datetime | None) -> None:
        """
        A label or clearance that is not in force then permits nothing, and without an instant neither.
        """
        labels, held = compiled(DATED, at)
        for label, expected in zip(labels, truth(DATED, at), strict=True):
            assert bytes(permits(label, bits) for bits in held) == expected

    def test_nobody_is_permitted_by_nobody(self) -> None:
        """
        No clearance, not even one that holds everything, sees what nobody may see.
        """
        _, held = compiled(FREE, DAY)
        assert not any(permits(NOBODY, bits) for bits in held)

    def test_forgotten_guard_is_noticed(self) -> None:
        """
        A table that does not look at permissive lists differs from the plain answer, so the
        comparison above can fail.
        """
        labels, held = compiled(FREE, DAY)
        forgetful = [label._replace(guard=0) for label in labels]
        rows = [bytes(permits(label, bits) for bits in held) for label in forgetful]
        assert rows != truth(FREE, DAY)


class TestCompileClearance:
    def test_clearance_under_another_policy_holds_nothing(self) -> None:
        """
        The same names under another policy are other names.
        """
        policy = policy_of(FREE)
        other = Clearance(policy_id="2.25.9", classifications=("A", "B", "C"))
        assert compile_clearance(policy, other, at=DAY) == 0


class TestDecisionTable:
    @pytest.mark.parametrize("plain", POLICIES, ids=lambda plain: plain.name)
    def test_row_holds_the_decision_of_each_access_id(self, plain: Plain) -> None:
        """
        Row by row the table holds what is decided label by label.
        """
        labels, held = compiled(plain, DAY)
        rows = DecisionTable(labels).rows(held)
        columns = truth(plain, DAY)
        for index, row in enumerate(rows):
            assert row == bytes(column[index] for column in columns)

    def test_table_of_nothing_has_empty_rows(self) -> None:
        """
        Without labels there is nothing to decide.
        """
        assert DecisionTable([]).rows([1, 2]) == [b"", b""]


class TestHoldings:
    def test_counts_of_permitted_ids_are_added(self) -> None:
        """
        What a reader would hold is the sum over what the row permits.
        """
        assert holdings(bytes([1, 0, 1]), [5, 7, 11]) == 16
        assert holdings(b"", []) == 0
