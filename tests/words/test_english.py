# SPDX-License-Identifier: Apache-2.0

import string
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec
import pytest

from legation.errors import RefusedError
from legation.formats.shipped import shipped
from legation.labels import (
    Act,
    Change,
    Decision,
    Explanation,
    Fault,
    FaultCode,
    Reason,
    ReasonCode,
    TranslationCode,
    TranslationFault,
    decide,
    explain,
    parse_mark,
    translate,
)
from legation.release import Because, DeliveryState
from legation.words import english
from legation.words.english import ENGLISH
from legation.words.wording import NAMES_SAID_MAX
from tests.labels.exercise import EXERCISE, GRANTS, REPORT, own

TABLES: dict[str, tuple[Mapping[Any, str], type[StrEnum], set[str]]] = {
    "reasons": (ENGLISH.reasons, ReasonCode, {"tag", "wanted", "held", "fault"}),
    "faults": (ENGLISH.faults, FaultCode, {"subject", "tag", "values"}),
    "translations": (ENGLISH.translations, TranslationCode, {"subject", "tag", "values", "fault"}),
    "acts": (ENGLISH.acts, Act, {"tag", "values"}),
    "class acts": (ENGLISH.class_acts, Act, {"values"}),
}


class TestTables:
    @pytest.mark.parametrize("name", TABLES)
    def test_every_code_is_worded(self, name: str) -> None:
        """
        Each code has a sentence, no two have the same, and none is left over from an older list.
        """
        table, codes, _ = TABLES[name]
        assert set(table) == set(codes)
        assert len(set(table.values())) == len(table)

    @pytest.mark.parametrize("name", TABLES)
    def test_sentences_are_plain(self, name: str) -> None:
        """
        A template begins small, ends without a stop, and asks only for what there is to fill in.
        """
        table, _, known = TABLES[name]
        for text in table.values():
            fields = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
            assert fields <= known, text
            assert text[0] == "{" or text[0].islower(), text
            assert text[-1] == "}" or text[-1].isalnum(), text

    def test_what_stands_in_the_way_is_worded_alone_and_with_others(self) -> None:
        """
        The reasons that weigh a valid label against a clearance have a word each way.
        """
        weighed = {ReasonCode.CLASSIFICATION_NOT_HELD, ReasonCode.ALL_NOT_HELD, ReasonCode.ONE_NOT_HELD}
        assert set(ENGLISH.summaries) == set(ENGLISH.aspects) == weighed


def sentence(part: str, party: str) -> str:
    """
    What the drafter of story A reads about one part and one addressee.
    """
    label = parse_mark(EXERCISE, REPORT[part])
    said = english.decision(decide(EXERCISE, label, GRANTS[party]))
    nearest = explain(EXERCISE, label, GRANTS[party])
    return said if said == "granted" else f"{said}; {english.nearest(nearest)}"


class TestDeliveries:
    def test_every_reason_and_every_state_is_worded(self) -> None:
        """
        Each reason but none, and each state, has words of its own, and nothing else has any.
        """
        codes = {each.value for each in (*Because, *DeliveryState)} - {""}
        assert set(ENGLISH.deliveries) == codes
        assert len(set(ENGLISH.deliveries.values())) == len(codes)
        assert all(english.delivery(code) for code in codes)

    def test_they_are_plain(self) -> None:
        """
        They begin small, end without a stop, and have nothing to fill in.
        """
        for text in ENGLISH.deliveries.values():
            assert text[0].islower(), text
            assert text[-1].isalnum(), text
            assert "{" not in text

    def test_a_code_nobody_knows_is_no_word(self) -> None:
        """
        A reason without words is a mistake, and is not printed as a code.
        """
        with pytest.raises(KeyError):
            english.delivery("unheard-of")


class TestStoryA:
    def test_second_paragraph_to_aus(self) -> None:
        """
        The sentence of the story, with the list named.
        """
        assert sentence("par. 2", "AUS") == (
            "granted, not on the list; nearest change: add AUS to Releasable To"
        )

    def test_third_paragraph_to_aus(self) -> None:
        """
        Both reasons are said, and the nearest change is both.
        """
        assert sentence("par. 3", "AUS") == (
            "list and level; nearest change: lower to CONFIDENTIAL and add AUS to Releasable To"
        )

    def test_fourth_paragraph_to_japan(self) -> None:
        """
        JPN is granted SECRET and is not on the list of par. 4.
        """
        assert sentence("par. 4", "JPN") == (
            "granted, not on the list; nearest change: add JPN to Releasable To"
        )

    def test_what_is_granted_is_said_so(self) -> None:
        """
        What an addressee gets needs no more words.
        """
        assert sentence("par. 1", "AUS") == "granted"


class TestDecision:
    def test_each_reason_is_said_with_its_names(self) -> None:
        """
        The reasons in full name what is wanted and what is held.
        """
        label = parse_mark(EXERCISE, "(S//HERON//REL KOR, JPN)")
        assert [english.reason(each) for each in decide(EXERCISE, label, GRANTS["AUS"]).reasons] == [
            "level: SECRET is not granted, only OPEN, LIMITED, CONFIDENTIAL",
            "Caveats: all of HERON must be held, held is none",
            "Releasable To: one of KOR, JPN must be held, held is AUS",
        ]
        assert english.decision(decide(EXERCISE, label, GRANTS["AUS"])) == "list, level and caveat"

    def test_permission_is_said_with_its_names(self) -> None:
        """
        The reasons for a permission name what counted.
        """
        label = parse_mark(EXERCISE, "(C//REL KOR, JPN)")
        assert [english.reason(each) for each in decide(EXERCISE, label, GRANTS["JPN"]).reasons] == [
            "level: CONFIDENTIAL is granted",
            "Context: Releasable is held",
            "Releasable To: JPN is held",
        ]

    def test_invalid_label_is_said_with_its_fault(self) -> None:
        """
        What bars a label altogether is said in full.
        """
        fault = Fault(
            code=FaultCode.CATEGORY_REQUIRED, subject="SECRET", tag="Context", values=("Own", "Releasable")
        )
        refused = Decision(permitted=False, reasons=(Reason(code=ReasonCode.LABEL_INVALID, fault=fault),))
        assert english.decision(refused) == "the label is not valid: SECRET needs Context: Own, Releasable"

    def test_refusal_without_a_reason_is_said_without_words(self) -> None:
        """
        A decision that carries no reasons does not break whoever says it.
        """
        assert english.decision(Decision(permitted=False, reasons=())) == ""

    def test_long_lists_are_cut(self) -> None:
        """
        A sentence names some values of a long list and counts the rest.
        """
        names = tuple(f"P{index:02}" for index in range(NAMES_SAID_MAX + 27))
        said = english.reason(Reason(code=ReasonCode.ONE_NOT_HELD, tag="To", wanted=names))
        assert said == (
            "To: one of P00, P01, P02, P03, P04, P05, P06, P07, P08, P09, P10, P11 and 27 more must be "
            "held, held is none"
        )

    def test_names_with_braces_are_names(self) -> None:
        """
        What a template is filled with is never a template itself.
        """
        fault = Fault(code=FaultCode.VALUE_UNKNOWN, subject="{tag}", tag="{0}")
        assert english.fault(fault) == "{tag} is no value of {0} in the policy"


class TestTranslation:
    def test_each_reason_names_what_it_is_about(self) -> None:
        """
        What stands in the way of a translation is said with the value, its list and the other's names.
        """
        fault = TranslationFault(
            code=TranslationCode.LISTS_JOINED, subject="HERON", tag="Releasable To", values=("KOR", "JPN")
        )
        said = {
            code: english.translation(msgspec.structs.replace(fault, code=code)) for code in TranslationCode
        }
        assert said[TranslationCode.VALUE_UNMAPPED] == (
            "HERON of Releasable To has no equivalent and may not be left out"
        )
        assert said[TranslationCode.LISTS_JOINED] == (
            "several conditions would become one list of Releasable To: KOR, JPN"
        )
        assert said[TranslationCode.CLASSIFICATION_UNMAPPED] == "HERON has no equivalent"

    def test_label_that_is_not_valid_is_said_with_its_fault(self) -> None:
        """
        Where a label breaks a rule, here or there, that rule is said.
        """
        broken = Fault(code=FaultCode.CATEGORY_EMPTY, tag="To")
        fault = TranslationFault(code=TranslationCode.RESULT_INVALID, fault=broken)
        assert english.translation(fault) == (
            "the label would not be valid there: To has no value left, so nobody is on it"
        )

    def test_refusal_carries_what_is_to_be_said(self) -> None:
        """
        The records in a refusal are those that are worded.
        """
        label = parse_mark(EXERCISE, "(S//REL KOR)")
        with pytest.raises(RefusedError) as caught:
            translate(label, EXERCISE, shipped("tlp-2.0"))
        said = [
            english.translation(each) for each in caught.value.faults if isinstance(each, TranslationFault)
        ]
        assert said == ["neither policy says what it has in common with TLP 2.0"]


class TestChanges:
    def test_every_change_is_said(self) -> None:
        """
        Each act has a sentence, about a list and about the classification.
        """
        for act in Act:
            for tag in ("", "Only"):
                said = english.change(Change(act=act, values=("KOR", "JPN"), tag=tag))
                assert "KOR, JPN" in said
                assert tag in said

    def test_grant_is_said(self) -> None:
        """
        What the clearance lacks is said apart, for another person to decide.
        """
        label = parse_mark(EXERCISE, "(S//HERON)")
        found = explain(EXERCISE, label, own("KOR", "CONFIDENTIAL"))
        assert english.grant(found) == "nearest grant: grant SECRET and grant HERON of Caveats"

    def test_no_change_is_said(self) -> None:
        """
        Where nothing would help, that is said of the label, and nothing of the clearance.
        """
        assert english.nearest(Explanation()) == "no change of the label would do"
        assert english.grant(Explanation()) == ""
