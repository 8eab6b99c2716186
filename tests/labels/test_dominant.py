# SPDX-License-Identifier: Apache-2.0

import json
import random
from collections.abc import Iterator
from itertools import combinations_with_replacement
from typing import Any

import pytest
from msgspec.structs import replace as changed

from legation.formats import spif
from legation.labels import (
    FaultCode,
    Label,
    Policy,
    Succession,
    TagType,
    TranslationCode,
    decide,
    dominant_label,
    roll_up,
)
from legation.labels.policy import Applied, Classification, Tag, TagCategory, TagSet
from tests.formats.standards import standard
from tests.labels.equivalents import mapped_to_itself, naming, simple
from tests.labels.naive import Plain, PlainLabel, drop_roll_up
from tests.labels.small import AFTER, BEFORE, DAY, POLICIES, label_of, policy_of
from tests.labels.test_rollup import Readers, acme_label, valid_labels

P, R = TagType.PERMISSIVE, TagType.RESTRICTIVE


class TestDominantLabel:
    @pytest.mark.parametrize("plain", POLICIES, ids=lambda plain: plain.name)
    def test_label_is_the_one_of_the_plain_rules(self, plain: Plain) -> None:
        """
        For pairs of labels: it is what the standard's rules give, read plainly.
        """
        policy = policy_of(plain)
        for one, other in pairs(plain):
            found = dominant_label(policy, [label_of(one, policy), label_of(other, policy)], at=DAY)
            assert found.label == label_of(drop_roll_up(plain, [one, other]), policy)

    @pytest.mark.parametrize("plain", POLICIES, ids=lambda plain: plain.name)
    def test_witness_is_there_whenever_somebody_is_let_in(self, plain: Plain) -> None:
        """
        For pairs of labels: there is a witness just where some reader, cleared for all levels, may
        see the whole and not a part; and the witness is one.
        """
        readers, found = Readers(plain), 0
        policy = readers.policy
        everything = readers.cleared_to(max(policy.classifications, key=lambda each: each.hierarchy).name)
        for one, other in pairs(plain):
            pair = (label_of(one, policy), label_of(other, policy))
            outcome = dominant_label(policy, pair, at=DAY)
            assert outcome.label is not None
            let_in = readers.of(outcome.label) & everything & ~(readers.of(pair[0]) & readers.of(pair[1]))
            witness = outcome.witness
            assert (witness is not None) == bool(let_in), pair
            if witness is not None:
                found += 1
                assert decide(policy, outcome.label, witness.clearance, at=DAY).permitted
                assert not decide(policy, witness.part, witness.clearance, at=DAY).permitted
                kept = {each.tag for each in outcome.label.categories if each.type is P}
                lists = [each.tag for each in witness.part.categories if each.type is P]
                assert witness.tags == tuple(tag for tag in lists if tag not in kept) != ()
                assert outcome.is_flawed
        assert found > 20

    @pytest.mark.parametrize("plain", POLICIES, ids=lambda plain: plain.name)
    def test_without_a_flaw_it_is_no_narrower_than_the_roll_up(self, plain: Plain) -> None:
        """
        Where nothing is wrong with it, and ours exists, they are one label.
        """
        policy = policy_of(plain)
        same = 0
        for one, other in pairs(plain):
            pair = (label_of(one, policy), label_of(other, policy))
            outcome = dominant_label(policy, pair, at=DAY)
            ours = roll_up(policy, pair, at=DAY)
            if not outcome.is_flawed:
                same += 1
                assert ours.label == outcome.label
        assert same > 50

    def test_nothing_has_no_label(self) -> None:
        """
        Without parts there is nothing to mark, and people are not misled.
        """
        outcome = dominant_label(policy_of(POLICIES[0]), [])
        assert outcome.label is None
        assert outcome.is_flawed

    def test_invalid_part_has_no_label(self) -> None:
        """
        A part that is not valid, or depends on a date that is not given, is not joined.
        """
        policy = simple("A", "s", "t")
        good, bad = (Label(policy="A", classification=name) for name in ("s", "nowhere"))
        dated = changed(good, succession=Succession(at=DAY, label=Label(policy="A", classification="t")))
        for part, code in ((bad, FaultCode.CLASSIFICATION_UNKNOWN), (dated, FaultCode.DATE_NEEDED)):
            outcome = dominant_label(policy, [good, part])
            assert outcome.label is None
            assert [fault.code for fault in outcome.part_faults] == [code]
        for at, level in ((BEFORE, "s"), (AFTER, "t")):
            found = dominant_label(policy, [good, dated], at=at).label
            assert found is not None
            assert found.classification == level


class TestForeign:
    home, other = simple("A", "s", "t"), simple("B", "s", "t")
    known = mapped_to_itself(other, home, Applied.BOTH)

    def test_part_of_another_policy_is_mapped_first(self) -> None:
        """
        Of two policies the higher level by equivalence counts, in both kinds of roll-up.
        """
        parts = [Label(policy="A", classification="s"), Label(policy="B", classification="t")]
        expected = Label(policy_id=self.home.id, classification="t")
        assert dominant_label(self.home, parts, sources=[self.known]).label == expected
        assert roll_up(self.home, parts, sources=[self.known]).label == expected

    def test_part_of_a_policy_that_is_not_given_is_not_valid(self) -> None:
        """
        Without its policy a part is read as one of the whole's, which it is not.
        """
        parts = [Label(policy="B", classification="t")]
        assert [fault.code for fault in roll_up(self.home, parts).faults] == [FaultCode.POLICY_DIFFERS]
        assert [fault.code for fault in dominant_label(self.home, parts).part_faults] == [
            FaultCode.POLICY_DIFFERS
        ]

    def test_part_without_a_mapping_leaves_it_to_people(self) -> None:
        """
        A label that cannot be mapped leaves no label, and it is said why.
        """
        parts = [Label(policy="A", classification="s"), Label(policy="B", classification="t")]
        unknown = naming(self.other, self.home)
        for outcome in (
            dominant_label(self.home, parts, sources=[unknown]),
            roll_up(self.home, parts, sources=[unknown]),
        ):
            assert outcome.label is None
            assert [each.code for each in outcome.untranslated] == [TranslationCode.CLASSIFICATION_UNMAPPED]

    def test_part_that_depends_on_a_date_is_not_left_out(self) -> None:
        """
        Without an instant a foreign label with a successor stops the whole; with one, what counts is
        mapped.
        """
        later = Label(policy="B", classification="t")
        dated = Label(policy="B", classification="s", succession=Succession(at=DAY, label=later))
        parts = [Label(policy="A", classification="s"), dated]
        assert dominant_label(self.home, parts, sources=[self.known]).label is None
        assert roll_up(self.home, parts, sources=[self.known]).label is None
        for at, level in ((BEFORE, "s"), (AFTER, "t")):
            expected = Label(policy_id=self.home.id, classification=level)
            assert dominant_label(self.home, parts, sources=[self.known], at=at).label == expected
            assert roll_up(self.home, parts, sources=[self.known], at=at).label == expected


# --- The cases of the standard, both ways


def pairs(plain: Plain) -> Iterator[tuple[PlainLabel, PlainLabel]]:
    """
    Pairs of valid labels: some thousands, the same each time.
    """
    every = list(combinations_with_replacement(valid_labels(plain), 2))
    yield from random.Random(4774).sample(every, min(len(every), 1200))


def mock_of(acme: Policy) -> Policy:
    """
    A policy MOCK with the identifiers by which ACME refers to it, made for this test.

    ACME knows an equivalent of CONFIDENTIAL and none of SECRET.
    """
    (known,) = [each for each in acme.equivalents if each.name == "MOCK"]
    (level,) = {said.lacv for each in acme.classifications for said in each.equivalents}
    entries = {
        said.lacv: said.tag_set_id
        for tag_set in acme.tag_sets
        for tag in tag_set.tags
        for value in tag.categories
        for said in value.equivalents
    }
    (tag_set_id,) = set(entries.values())
    return Policy(
        name="MOCK",
        id=known.id,
        version=1,
        digest=b"mock",
        classifications=(
            Classification(name="CONFIDENTIAL", lacv=level, hierarchy=1),
            Classification(name="SECRET", lacv=level + 1, hierarchy=2),
        ),
        tag_sets=(
            TagSet(
                name="Partners",
                id=tag_set_id,
                tags=(
                    Tag(
                        name="Partners",
                        type=P,
                        categories=tuple(TagCategory(name=f"P{lacv}", lacv=lacv) for lacv in entries),
                    ),
                ),
            ),
        ),
    )


def cases() -> list[dict[str, Any]]:
    """
    The eight cases.
    """
    found = json.loads(standard("dominant-label-cases.json"))["cases"]
    assert isinstance(found, list)
    return found


class TestCases:
    @pytest.mark.parametrize("number", range(8))
    def test_standards_label_is_given_with_its_flaws(self, number: int) -> None:
        """
        Each case gives the standard's label, and says where that widens or breaks ACME's own rules.
        """
        acme = spif.read(standard("ACME.xml"), lenient=True)
        case = cases()[number]
        outcome = dominant_label(
            acme,
            [
                Label(policy="MOCK", classification=text.split()[1])
                if text.startswith("MOCK")
                else acme_label(acme, text)
                for text in case["inputs"]
            ],
            sources=[mock_of(acme)],
        )
        flaws = {
            0: "breaks",  # a CONFIDENTIAL that is releasable to nobody, which ACME does not allow
            1: "unmapped",
            4: "widens",  # CONFIDENTIAL for two parties becomes INTERNAL for everybody
            7: "breaks",
        }
        expected = case["expect"]
        if flaws.get(number) == "unmapped":
            assert expected is None
            assert outcome.label is None
            assert outcome.untranslated
        elif expected is None:
            assert outcome.faults
        else:
            assert outcome.label == acme.normalize(acme_label(acme, expected))
        assert bool(outcome.faults) == (flaws.get(number) == "breaks")
        assert (outcome.witness is not None) == (flaws.get(number) == "widens")
        assert outcome.is_flawed == (number in flaws)

    def test_ours_stands_beside_it(self) -> None:
        """
        Where the standard's label is sound ours is the same; where it is flawed there is none of ours.
        """
        acme = spif.read(standard("ACME.xml"), lenient=True)
        flawed = []
        for number, case in enumerate(cases()):
            parts = [
                Label(policy="MOCK", classification=text.split()[1])
                if text.startswith("MOCK")
                else acme_label(acme, text)
                for text in case["inputs"]
            ]
            ours = roll_up(acme, parts, sources=[mock_of(acme)])
            theirs = dominant_label(acme, parts, sources=[mock_of(acme)])
            if theirs.is_flawed:
                flawed.append(number)
                assert ours.label is None
                assert ours.faults or ours.untranslated
            else:
                assert ours.label == theirs.label
        assert flawed == [0, 1, 4, 7]

    def test_witness_of_the_fifth_case(self) -> None:
        """
        Somebody cleared for every level and released nothing sees INTERNAL, and not CONFIDENTIAL.
        """
        acme = spif.read(standard("ACME.xml"), lenient=True)
        parts = [acme_label(acme, text) for text in cases()[4]["inputs"]]
        witness = dominant_label(acme, parts).witness
        assert witness is not None
        assert witness.tags == ("Releasable To",)
        assert witness.clearance.categories == ()
        assert witness.part == acme.normalize(parts[0])
