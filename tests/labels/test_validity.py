# SPDX-License-Identifier: Apache-2.0

from datetime import datetime

import pytest

from legation.labels import (
    Category,
    FaultCode,
    Label,
    Policy,
    TagType,
    category,
    gathered,
    lists_without,
    validate,
)
from legation.labels.policy import POLICIES_WITHOUT_CASE, Classification, Tag, TagCategory, TagSet, Window
from tests.labels import naive
from tests.labels.small import (
    AFTER,
    BEFORE,
    CONTEXT,
    DATED,
    DAY,
    POLICIES,
    RULES,
    all_labels,
    label_of,
    policy_of,
)

RULED = policy_of(RULES)
P, R, N = TagType.PERMISSIVE, TagType.RESTRICTIVE, TagType.INFORMATIVE


def labelled(policy: Policy, classification: str, *parts: Category) -> Label:
    """
    A label under a policy.
    """
    return Label(policy_id=policy.id, classification=classification, categories=gathered(parts))


def codes(policy: Policy, label: Label, *, at: datetime | None = DAY, new: bool = False) -> set[FaultCode]:
    """
    The codes of what is wrong with a label.
    """
    return {fault.code for fault in validate(policy, label, at=at, new=new)}


# One label for each fault that a label can have, and what else is then wrong with it.
FAULTY: dict[FaultCode, tuple[naive.Plain, Label]] = {
    FaultCode.POLICY_DIFFERS: (RULES, Label(policy_id="2.25.9", classification="MID")),
    FaultCode.CLASSIFICATION_UNKNOWN: (RULES, labelled(RULED, "PALISADE")),
    FaultCode.TAG_UNKNOWN: (RULES, labelled(RULED, "MID", category("Palisade", P, ["p"]))),
    FaultCode.TYPE_DIFFERS: (RULES, labelled(RULED, "MID", category("Mixed", N, ["p"]))),
    FaultCode.CATEGORY_EMPTY: (RULES, labelled(RULED, "MID", category("Free", P, []))),
    FaultCode.VALUE_UNKNOWN: (RULES, labelled(RULED, "MID", category("Free", P, ["palisade"]))),
    FaultCode.CLASS_REQUIRED: (RULES, labelled(RULED, "MID", category("Mixed", R, ["r"]))),
    FaultCode.CATEGORY_REQUIRED: (RULES, labelled(RULED, "MID", category("Free", P, ["w"]))),
    FaultCode.CATEGORY_EXCLUDED: (RULES, labelled(RULED, "MID", category("Free", P, ["u", "v"]))),
    FaultCode.TOO_MANY: (RULES, labelled(RULED, "LOW", category("Mixed", R, ["r", "s"]))),
    FaultCode.CLASS_EXCLUDED: (
        CONTEXT,
        labelled(policy_of(CONTEXT), "O", category("Context", P, ["own"])),
    ),
    FaultCode.TOO_FEW: (DATED, labelled(policy_of(DATED), "ONE")),
    FaultCode.VALUE_NOT_IN_FORCE: (
        DATED,
        labelled(policy_of(DATED), "ONE", category("To", P, ["old"]), category("Must", R, ["a"])),
    ),
}


class TestValidate:
    @pytest.mark.parametrize("plain", POLICIES, ids=lambda plain: plain.name)
    @pytest.mark.parametrize("at", [None, BEFORE, DAY, AFTER], ids=["never", "before", "day", "after"])
    @pytest.mark.parametrize("new", [False, True], ids=["kept", "new"])
    def test_every_label_is_judged_as_the_plain_rules_say(
        self, plain: naive.Plain, at: datetime | None, new: bool
    ) -> None:
        """
        No label of any small policy is valid here and invalid by the plain rules, or the other way.
        """
        policy = policy_of(plain)
        for label in all_labels(plain):
            ours = not validate(policy, label_of(label, policy), at=at, new=new)
            assert ours == naive.is_valid(plain, label, at, new=new), label

    @pytest.mark.parametrize("code", FAULTY, ids=lambda code: code.value)
    def test_fault_is_named(self, code: FaultCode) -> None:
        """
        What is wrong with a label is among the faults, under its own name.
        """
        plain, label = FAULTY[code]
        assert code in codes(policy_of(plain), label)

    def test_every_fault_is_tried(self) -> None:
        """
        No fault of a label is left without an example, here or in the tests below.
        """
        elsewhere = {
            FaultCode.POLICY_NOT_IN_FORCE,
            FaultCode.DATE_NEEDED,
            FaultCode.CLASSIFICATION_OBSOLETE,
            FaultCode.VALUE_OBSOLETE,
        }
        assert FAULTY.keys() | elsewhere == set(FaultCode)

    def test_obsolete_names_are_faults_of_new_labels_only(self) -> None:
        """
        A label that was written when a name was good stays good.
        """
        label = labelled(RULED, "TOP", category("Mixed", P, ["p", "s"]), category("Mixed", R, ["s"]))
        assert codes(RULED, label) == set()
        assert codes(RULED, label, new=True) == {
            FaultCode.CLASSIFICATION_OBSOLETE,
            FaultCode.VALUE_OBSOLETE,
        }

    def test_obsolete_name_under_a_policy_with_dates_stays_good(self) -> None:
        """
        Dates of the policy do not make a kept label a new one.
        """
        policy = Policy(
            name="P",
            id="2.25.1",
            version=1,
            digest=b"",
            classifications=(Classification(name="S", lacv=1, hierarchy=1, obsolete=True),),
            window=Window(not_before=BEFORE, not_after=AFTER),
        )
        assert codes(policy, labelled(policy, "S")) == set()
        assert codes(policy, labelled(policy, "S"), new=True) == {FaultCode.CLASSIFICATION_OBSOLETE}

    def test_policy_out_of_force_is_a_fault(self) -> None:
        """
        A policy bounded in time judges nothing outside its time, and nothing without an instant.
        """
        policy = Policy(
            name="P",
            id="2.25.1",
            version=1,
            digest=b"",
            classifications=(Classification(name="S", lacv=1, hierarchy=1),),
            window=Window(not_before=BEFORE, not_after=DAY),
        )
        label = labelled(policy, "S")
        assert codes(policy, label, at=DAY) == set()
        assert codes(policy, label, at=AFTER) == {FaultCode.POLICY_NOT_IN_FORCE}
        assert codes(policy, label, at=None) == {FaultCode.DATE_NEEDED}

    def test_policy_known_by_name_and_identifier_must_fit_both(self) -> None:
        """
        A right name beside a wrong identifier is another policy.
        """
        assert codes(RULED, Label(policy="RULES", classification="MID")) == set()
        assert codes(RULED, Label(policy="RULES", policy_id=RULED.id, classification="MID")) == set()
        wrong = Label(policy="RULES", policy_id="2.25.9", classification="MID")
        assert codes(RULED, wrong) == {FaultCode.POLICY_DIFFERS}

    def test_list_under_another_identifier_is_unknown(self) -> None:
        """
        A tag set is known by its name, and by its identifier where the label states one.
        """
        (mixed, free) = RULED.tag_sets
        good = labelled(RULED, "MID", category("Free", P, ["v"], tag_id=free.id))
        assert codes(RULED, good) == set()
        wrong = labelled(RULED, "MID", category("Free", P, ["v"], tag_id=mixed.id))
        assert FaultCode.TYPE_DIFFERS not in codes(RULED, wrong)
        assert FaultCode.TAG_UNKNOWN in codes(RULED, wrong)

    def test_value_stated_twice_counts_once(self) -> None:
        """
        One value in two parts of a list, with and without the identifier, does not meet a rule for two.
        """
        (mixed, _) = RULED.tag_sets
        twice = [category("Mixed", P, ["p"]), category("Mixed", P, ["p"], tag_id=mixed.id)]
        assert codes(RULED, labelled(RULED, "TOP", *twice)) == {FaultCode.CATEGORY_REQUIRED}
        one = [category("Mixed", R, ["r"]), category("Mixed", R, ["r"], tag_id=mixed.id)]
        assert codes(RULED, labelled(RULED, "LOW", *one)) == set()

    def test_value_spelled_twice_counts_once(self) -> None:
        """
        Where case makes no difference, two spellings are one value.
        """
        policy = _without_case(count_min=2)
        twice = labelled(policy, "secret", category("Context", P, ["NATO", "nato"]))
        assert codes(policy, twice) == {FaultCode.TOO_FEW}
        both = labelled(policy, "secret", category("Context", P, ["eapc", "nato"]))
        assert codes(policy, both) == set()

    def test_message_never_goes_beyond_names(self) -> None:
        """
        A fault holds names of the policy and of the label, so that it can be shown to who wrote it.
        """
        (fault,) = validate(RULED, labelled(RULED, "PALISADE"))
        assert (fault.code, fault.subject) == (FaultCode.CLASSIFICATION_UNKNOWN, "PALISADE")


def _without_case(count_min: int = 0) -> Policy:
    names = [TagCategory(name=name, lacv=name) for name in ("NATO", "EAPC")]
    tag = Tag(name="", type=P, categories=tuple(names), count_min=count_min)
    return Policy(
        name="NATO",
        id=min(POLICIES_WITHOUT_CASE),
        version=1,
        digest=b"",
        classifications=(Classification(name="SECRET", lacv=1, hierarchy=1),),
        tag_sets=(TagSet(name="Context", id="2.25.1", tags=(tag,)),),
    )


class TestFold:
    def test_case_makes_a_difference(self) -> None:
        """
        Names are compared as they are spelled.
        """
        assert codes(RULED, labelled(RULED, "mid")) == {FaultCode.CLASSIFICATION_UNKNOWN}

    def test_case_makes_no_difference_in_two_policies(self) -> None:
        """
        The two policies whose own documents say so compare without case, in ASCII only.
        """
        policy = _without_case()
        good = labelled(policy, "Secret", category("CONTEXT", P, ["Nato"]))
        assert codes(policy, good) == set()
        # The last letter is a Cyrillic one; the sign after it folds to K in Unicode.
        for name in ("SECRЕT", "NAT\u039f"):
            assert codes(policy, labelled(policy, name)) == {FaultCode.CLASSIFICATION_UNKNOWN}


class TestListsWithout:
    def test_list_that_leaves_a_party_out_is_named(self) -> None:
        """
        A permissive list that could name the party and does not is named; others are not.
        """
        policy = policy_of(CONTEXT)
        label = labelled(policy, "S", category("Context", P, ["own", "rel"]), category("To", P, ["x"]))
        assert lists_without(policy, label, "y") == ("To",)
        assert lists_without(policy, label, "x") == ()
        assert lists_without(policy, label, "palisade") == ()
