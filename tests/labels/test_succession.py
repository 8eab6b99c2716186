# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace as made
from datetime import UTC, datetime, timedelta, timezone
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from legation.errors import MalformedError
from legation.item.draft import Draft, DraftPortion
from legation.item.portion import Kind, Text
from legation.labels import (
    Category,
    Clearance,
    FaultCode,
    Label,
    ReasonCode,
    Succession,
    TagType,
    banner,
    category,
    compile_clearance,
    compile_label,
    decide,
    explain,
    gathered,
    in_force,
    marking,
    permits,
    portion_mark,
    reference_to,
    roll_up,
    validate,
)
from legation.labels.succession import is_as_strict, join
from tests.labels.small import CONTEXT, DAY, FREE, all_clearances, clearance_of, label_of, policy_of
from tests.labels.test_rollup import Readers, valid_labels

P, R = TagType.PERMISSIVE, TagType.RESTRICTIVE
POLICY = policy_of(FREE)
CLEARANCES = [clearance_of(each, POLICY) for each in all_clearances(FREE)][::5]

# A day each; the heights of FREE are B 1, C 2, A 3.
T = [datetime(2030, 1, day, tzinfo=UTC) for day in range(1, 10)]


def label(classification: str, *parts: Category) -> Label:
    """
    A label of FREE.
    """
    return Label(policy_id=POLICY.id, classification=classification, categories=gathered(parts))


def becoming(present: Label, at: datetime, later: Label, review_at: datetime | None = None) -> Label:
    """
    A label that becomes another one.
    """
    return replace(present, succession=Succession(at=at, label=later, review_at=review_at))


LOW, MIDDLE, HIGH = label("B"), label("C"), label("A")
TO_X, TO_Y = label("B", category("To", P, ["x"])), label("B", category("To", P, ["y"]))
TO_XY = label("B", category("To", P, ["x", "y"]))
WITH_R = label("B", category("Caveat", R, ["r"]))


def counting(marked: Label, at: datetime) -> tuple[Label, ...]:
    """
    The labels that count at an instant.
    """
    return in_force(POLICY, marked, at)


class TestDowngrade:
    def test_wider_successor_counts_from_its_date_on(self) -> None:
        """
        The last instant before the date is the first label's, the date itself is the successor's.
        """
        marked = becoming(HIGH, T[4], LOW)
        assert counting(marked, T[4] - timedelta(microseconds=1)) == (HIGH,)
        assert counting(marked, T[4]) == (LOW,)

    def test_review_date_opens_nothing(self) -> None:
        """
        A review date that has passed does not let a wider successor count, as the standard would.
        """
        marked = becoming(HIGH, T[4], LOW, review_at=T[1])
        assert counting(marked, T[2]) == (HIGH,)
        assert counting(marked, T[4]) == (LOW,)

    def test_review_date_after_the_succession_delays_nothing(self) -> None:
        """
        The succession date is what was decided; a later review changes nothing.
        """
        marked = becoming(HIGH, T[4], LOW, review_at=T[6])
        assert counting(marked, T[5]) == (LOW,)

    def test_other_zone_is_the_same_instant(self) -> None:
        """
        An instant is compared, not its clock face.
        """
        seoul = T[4].astimezone(timezone(timedelta(hours=9)))
        assert counting(becoming(HIGH, seoul, LOW), T[4]) == (LOW,)


class TestUpgrade:
    @pytest.mark.parametrize("review", [T[1], None], ids=["review first", "no review"])
    def test_stricter_successor_counts_from_the_earlier_date(self, review: datetime | None) -> None:
        """
        What narrows counts from the review date, or without one from the succession date.
        """
        marked = becoming(LOW, T[4], HIGH, review_at=review)
        assert counting(marked, T[0]) == (LOW,)
        assert counting(marked, T[2]) == ((HIGH,) if review else (LOW,))
        assert counting(marked, T[4]) == (HIGH,)

    def test_stricter_successor_counts_at_its_review_date(self) -> None:
        """
        The review date itself is heeded, the instant before it is not.
        """
        marked = becoming(LOW, T[4], HIGH, review_at=T[1])
        assert counting(marked, T[1] - timedelta(microseconds=1)) == (LOW,)
        assert counting(marked, T[1]) == (HIGH,)

    @pytest.mark.parametrize(
        ("wider", "narrower"),
        [(LOW, TO_X), (TO_XY, TO_Y), (LOW, WITH_R), (TO_X, label("A", category("To", P, ["x"])))],
        ids=["a list more", "fewer on the list", "a caveat more", "higher"],
    )
    def test_each_way_of_being_stricter_is_seen(self, wider: Label, narrower: Label) -> None:
        """
        A list, a shorter list, a caveat or a higher level is stricter, and its absence is not.
        """
        assert counting(becoming(wider, T[4], narrower, review_at=T[1]), T[2]) == (narrower,)
        assert counting(becoming(narrower, T[4], wider, review_at=T[1]), T[2]) == (narrower,)


class TestIncomparable:
    def test_both_must_permit_between_the_dates(self) -> None:
        """
        A reader of one list only is refused between the dates, and then the successor alone counts.
        """
        marked = becoming(label("A", category("Caveat", R, ["r"])), T[4], TO_X, review_at=T[1])
        both = clearance("AB", category("To", P, ["x"]), category("Caveat", R, ["r"]))
        only_new = clearance("AB", category("To", P, ["x"]))
        only_old = clearance("AB", category("Caveat", R, ["r"]))
        found = {
            name: [decide(POLICY, marked, held, at=at).permitted for at in (T[0], T[2], T[4])]
            for name, held in (("both", both), ("new", only_new), ("old", only_old))
        }
        assert found == {"both": [True, True, True], "new": [False, False, True], "old": [True, False, False]}

    def test_level_of_each_must_be_held(self) -> None:
        """
        Clearances list their levels: who holds the higher one only is not cleared for the lower label.
        """
        marked = becoming(TO_X, T[4], label("A"), review_at=T[1])
        only_high = clearance("A", category("To", P, ["x"]))
        assert not decide(POLICY, marked, only_high, at=T[2]).permitted
        assert decide(POLICY, marked, clearance("AB", category("To", P, ["x"])), at=T[2]).permitted

    def test_lists_without_a_common_party_permit_nobody(self) -> None:
        """
        Between the dates of a label for x and one for y nobody reads, not even who is on both lists.
        """
        marked = becoming(TO_X, T[4], TO_Y, review_at=T[1])
        assert not decide(POLICY, marked, clearance("B", category("To", P, ["x", "y"])), at=T[2]).permitted
        assert [fault.code for fault in validate(POLICY, marked, at=T[2])] == [FaultCode.CATEGORY_EMPTY]

    def test_unknown_successor_shuts_everybody_out(self) -> None:
        """
        What the policy does not know is not the stricter of two, and is not valid.
        """
        marked = becoming(LOW, T[4], label("nowhere"), review_at=T[1])
        assert validate(POLICY, marked, at=T[0]) == ()
        for at in (T[2], T[5]):
            assert FaultCode.CLASSIFICATION_UNKNOWN in {
                fault.code for fault in validate(POLICY, marked, at=at)
            }
            assert not decide(POLICY, marked, clearance("ABC"), at=at).permitted

    def test_successor_of_another_policy_shuts_everybody_out(self) -> None:
        """
        The same names under another policy are other names.
        """
        marked = becoming(LOW, T[4], replace(LOW, policy_id="2.25.9"), review_at=T[1])
        assert not decide(POLICY, marked, clearance("ABC"), at=T[2]).permitted
        assert not decide(POLICY, marked, clearance("ABC"), at=T[5]).permitted


def clearance(levels: str, *parts: Category) -> Clearance:
    """
    A clearance of FREE.
    """
    return Clearance(policy_id=POLICY.id, classifications=tuple(levels), categories=gathered(parts))


class TestNested:
    def test_each_successor_follows_the_one_before(self) -> None:
        """
        A label that goes down in two steps is each of the three in its time.
        """
        marked = becoming(HIGH, T[2], becoming(MIDDLE, T[5], LOW))
        assert [counting(marked, at) for at in (T[1], T[3], T[5])] == [(HIGH,), (MIDDLE,), (LOW,)]

    def test_second_date_before_the_first_opens_nothing(self) -> None:
        """
        A successor's own successor does not count before the first date has passed.
        """
        marked = becoming(HIGH, T[5], becoming(MIDDLE, T[2], LOW))
        assert counting(marked, T[3]) == (HIGH,)
        assert counting(marked, T[5]) == (LOW,)

    def test_strictest_of_all_that_are_heeded_counts(self) -> None:
        """
        A later successor that narrows is heeded from its own review date, past one that widens.
        """
        marked = becoming(MIDDLE, T[5], becoming(LOW, T[7], HIGH, review_at=T[2]))
        assert counting(marked, T[3]) == (HIGH,)
        # The second date has passed only where the first has.
        assert counting(marked, T[6]) == (HIGH,)
        assert counting(marked, T[1]) == (MIDDLE,)


# --- One rule everywhere


def chains() -> st.SearchStrategy[Label]:
    """
    Labels of FREE with up to three successors, dates in any order.
    """
    one = st.builds(
        lambda level, to, only, caveat: label(
            level,
            *(
                category(tag, type_, values)
                for tag, type_, values in (("To", P, to), ("Only", P, only), ("Caveat", R, caveat))
                if values
            ),
        ),
        st.sampled_from("ABC"),
        st.sampled_from(["", "x", "y", "xy"]),
        st.sampled_from(["", "x", "xy"]),
        st.sampled_from(["", "r", "rs"]),
    )
    dates = st.sampled_from(T[1:8])
    return st.recursive(
        one,
        lambda later: st.builds(becoming, one, dates, later, st.one_of(st.none(), dates)),
        max_leaves=3,
    )


class TestEverywhere:
    @given(chains(), st.sampled_from(T), st.integers(0, len(CLEARANCES) - 1))
    def test_table_and_roll_up_follow_the_decision(self, marked: Label, at: datetime, number: int) -> None:
        """
        The compiled label permits whom the decision permits, and its roll-up permits nobody else.
        """
        for held in CLEARANCES[number::7]:
            permitted = decide(POLICY, marked, held, at=at).permitted
            compiled = compile_label(POLICY, marked, at=at)
            assert permits(compiled, compile_clearance(POLICY, held, at=at)) == permitted
            each = [decide(POLICY, one, held, at=at).permitted for one in counting(marked, at)]
            assert permitted == all(each)

    @given(chains(), st.sampled_from(T))
    def test_nothing_is_opened_before_its_date(self, marked: Label, at: datetime) -> None:
        """
        Whoever is cleared for all levels and permitted at an instant is permitted by the last label of
        which all dates have passed.
        """
        present, later = marked, marked.succession
        while later is not None and later.at <= at:
            present, later = later.label, later.label.succession
        present = replace(present, succession=None)
        for held in CLEARANCES:
            if set(held.classifications) == set("ABC") and decide(POLICY, marked, held, at=at).permitted:
                assert decide(POLICY, present, held, at=at).permitted

    def test_without_an_instant_nothing_is_told(self) -> None:
        """
        No decision, no faults but the date, no mark and no roll-up of a label that depends on one.
        """
        marked = becoming(LOW, T[4], LOW)
        held = clearance("ABC")
        assert in_force(POLICY, marked, None) == ()
        assert [fault.code for fault in validate(POLICY, marked)] == [FaultCode.DATE_NEEDED]
        decision = decide(POLICY, marked, held)
        assert not decision.permitted
        assert [reason.code for reason in decision.reasons] == [ReasonCode.LABEL_INVALID]
        assert not permits(compile_label(POLICY, marked), compile_clearance(POLICY, held))
        assert roll_up(POLICY, [marked]).label is None
        with pytest.raises(MalformedError, match="becomes another one"):
            portion_mark(POLICY, marked)
        with pytest.raises(MalformedError, match="becomes another one"):
            banner(POLICY, marked)

    def test_instant_without_a_zone_is_a_mistake(self) -> None:
        """
        An instant without a zone is compared with nothing.
        """
        with pytest.raises(TypeError):
            in_force(POLICY, becoming(LOW, T[4], LOW), T[4].replace(tzinfo=None))

    def test_mark_is_that_of_what_counts(self) -> None:
        """
        With an instant the label that counts then is printed; where two do, what joins them.
        """
        marked = becoming(HIGH, T[4], LOW)
        assert [marking(POLICY, marked, place="pageTop", at=at) for at in (T[0], T[5])] == [
            "FREE A",
            "FREE B",
        ]
        two = becoming(WITH_R, T[4], TO_X, review_at=T[1])
        assert banner(POLICY, two, at=T[2]) == "FREE B x r"
        with pytest.raises(MalformedError, match="not valid"):
            banner(POLICY, becoming(TO_X, T[4], TO_Y, review_at=T[1]), at=T[2])

    def test_roll_up_takes_what_counts(self) -> None:
        """
        A part that has become wider is joined as that, one that has not as it was.
        """
        marked = becoming(HIGH, T[4], LOW)
        assert [roll_up(POLICY, [marked, TO_X], at=at).label for at in (T[0], T[5])] == [
            label("A", category("To", P, ["x"])),
            TO_X,
        ]

    def test_reasons_are_those_of_all_that_refuse(self) -> None:
        """
        Between the dates each label that refuses says why, once.
        """
        marked = becoming(WITH_R, T[4], TO_X, review_at=T[1])
        decision = decide(POLICY, marked, clearance("B"), at=T[2])
        assert [(reason.code, reason.tag) for reason in decision.reasons] == [
            (ReasonCode.ALL_NOT_HELD, "Caveat"),
            (ReasonCode.ONE_NOT_HELD, "To"),
        ]

    def test_permission_says_what_counted_in_each(self) -> None:
        """
        Between the dates a permission has the reasons of both labels, and a refusal those that refuse.
        """
        marked = becoming(WITH_R, T[4], TO_X, review_at=T[1])
        both = clearance("B", category("To", P, ["x"]), category("Caveat", R, ["r"]))
        assert {(reason.code, reason.tag) for reason in decide(POLICY, marked, both, at=T[2]).reasons} == {
            (ReasonCode.CLASSIFICATION_HELD, ""),
            (ReasonCode.ALL_HELD, "Caveat"),
            (ReasonCode.ONE_HELD, "To"),
        }
        one = clearance("B", category("To", P, ["x"]))
        assert {reason.code for reason in decide(POLICY, marked, one, at=T[2]).reasons} == {
            ReasonCode.ALL_NOT_HELD
        }

    def test_explanation_is_about_what_counts(self) -> None:
        """
        The nearest change is one of the label that counts; between the dates only a grant would help.
        """
        marked = becoming(WITH_R, T[4], TO_X, review_at=T[1])
        held = clearance("B", category("To", P, ["y"]))
        assert [change.tag for change in explain(POLICY, marked, held, at=T[0]).of_label] == ["Caveat"]
        assert [change.tag for change in explain(POLICY, marked, held, at=T[5]).of_label] == ["To"]
        between = explain(POLICY, marked, held, at=T[2])
        assert between.of_label == ()
        assert {change.tag for change in between.of_clearance} == {"Caveat", "To"}

    def test_new_label_is_judged_by_all_that_it_becomes(self) -> None:
        """
        Whoever writes a label is told that its successor is no label of the policy.
        """
        marked = becoming(LOW, T[4], becoming(LOW, T[5], label("nowhere")))
        assert validate(POLICY, marked, at=DAY) == ()
        assert [fault.code for fault in validate(POLICY, marked, at=DAY, new=True)] == [
            FaultCode.CLASSIFICATION_UNKNOWN
        ]

    def test_normal_form_forgets_no_succession(self) -> None:
        """
        What a label becomes is still there when it is spelled as its policy does.
        """
        marked = becoming(LOW, T[4], HIGH)
        assert POLICY.normalize(marked).succession == marked.succession


class TestStrictness:
    def test_as_strict_means_fewer_readers(self) -> None:
        """
        For pairs of valid labels: whoever is cleared to the stricter one's level and below, and may
        see it, may see the other; and what joins two is as strict as both.
        """
        for plain in (FREE, CONTEXT):
            readers, found = Readers(plain), 0
            labels = [label_of(each, readers.policy) for each in valid_labels(plain)]
            for one, other in product(labels[::2], labels[::3]):
                if is_as_strict(readers.policy, one, other):
                    found += one != other
                    allowed = readers.of(one) & readers.cleared_to(one.classification)
                    assert allowed & ~readers.of(other) == 0, (one, other)
                joined = join(readers.policy, [one, other])
                if all(part.values for part in joined.categories):
                    assert is_as_strict(readers.policy, joined, one)
            assert found > 50

    def test_levels_of_one_height_are_not_the_same(self) -> None:
        """
        Clearances list their levels, so that two names of one height have other readers.
        """
        flat = made(
            POLICY,
            digest=b"flat",
            classifications=tuple(made(each, hierarchy=1) for each in POLICY.classifications),
        )
        assert not is_as_strict(flat, LOW, HIGH)
        assert not is_as_strict(flat, HIGH, LOW)
        assert is_as_strict(flat, HIGH, HIGH)


class TestItems:
    def test_portion_has_no_label_that_becomes_another(self) -> None:
        """
        An item that is labelled anew is a new item: a draft refuses the label.
        """

        def draft(marked: Label) -> Draft:
            portion = DraftPortion(label=marked, portion=Text(text="a paragraph"))
            return Draft(kind=Kind.NOTE, policies=(reference_to(POLICY),), portions=(portion,))

        assert draft(LOW).digest
        with pytest.raises(MalformedError, match="becomes another one"):
            draft(becoming(LOW, T[4], LOW))
