# SPDX-License-Identifier: Apache-2.0

import pytest

from legation.errors import MalformedError
from legation.formats import spif
from legation.labels import TagType
from legation.labels.policy import (
    Applied,
    EquivalentCategory,
    EquivalentClassification,
    EquivalentPolicy,
    EquivalentTagSet,
)
from tests.formats.spif_whole import edited
from tests.formats.standards import standard

TO_OTHER = 'policyRef="OTHER" lacv="1" applied="both"'
TO_DEFAULT = 'policyRef="NONE" lacv="1" applied="both"'


class TestDefaultPolicy:
    def test_default_policy_is_passed_over(self) -> None:
        """
        The policy for data without a label is no equivalent policy: such data gets no label.
        """
        policy = spif.read(edited())
        assert [other.name for other in policy.equivalents] == ["OTHER"]

    def test_default_policy_that_an_equivalence_names_is_one_of_the_others(self) -> None:
        """
        The schema lets an equivalence name it, so that it has to be known by its identifier.
        """
        policy = spif.read(edited(f"{TO_OTHER} => {TO_DEFAULT}"))
        assert policy.equivalents[1:] == (EquivalentPolicy(name="NONE", id="2.25.1.9"),)
        assert policy.classifications[0].equivalents == (
            EquivalentClassification(policy="NONE", lacv=1, applied=Applied.BOTH),
        )
        assert spif.read(spif.write(policy)).equivalents == policy.equivalents


class TestEquivalents:
    def test_rules_of_an_equivalence_are_about_the_other_policy(self) -> None:
        """
        What an equivalence requires is not looked for in this policy, where it may mean another thing.
        """
        changes = [f'tagSetRef="{name}" => tagSetRef="To"' for name in ("theirs too", "theirs", "theirs")]
        policy = spif.read(edited(*changes))
        groups = [
            policy.classifications[1].equivalents[0].required[0].groups,
            policy.tag_sets[0].equivalents[0].required[0].groups,
            policy.equivalents[0].required[0].groups,
        ]
        assert [(group.tag_set, group.type) for (group,) in groups] == [
            ("To", TagType.INFORMATIVE),
            ("To", TagType.PERMISSIVE),
            ("To", TagType.RESTRICTIVE),
        ]

    def test_discarded_value_may_say_where_it_would_have_been(self) -> None:
        """
        An entry that is discarded may have a type and a number, which are kept and not used.
        """
        change = 'tagType="notApplicable" lacv="" => tagType="enumerated" enumType="restrictive" lacv="05"'
        value = spif.read(edited(change)).tag_sets[0].tags[0].categories[1]
        assert value.equivalents[1] == EquivalentCategory(
            policy="OTHER",
            tag_set_id="2.25.1.3",
            type=TagType.RESTRICTIVE,
            lacv="5",
            applied=Applied.DECRYPT,
            discard=True,
        )

    def test_tag_set_may_be_equivalent_to_an_unnamed_one(self) -> None:
        """
        Name and identifier of the other tag set may be missing, as the schema has it.
        """
        policy = spif.read(edited(' name="An" id="2.25.1.3" => '))
        assert policy.tag_sets[0].equivalents[0].name == ""
        assert policy.tag_sets[0].equivalents[0] == EquivalentTagSet(
            policy="OTHER", required=policy.tag_sets[0].equivalents[0].required
        )

    def test_values_that_differ_in_what_they_are_elsewhere_are_not_twins(self) -> None:
        """
        A name that stands twice with another equivalence says something else, which is refused.
        """
        other = (
            '<tagCategory name="AUS" lacv="036"><equivalentSecCategoryTag policyRef="OTHER" tagType="permissive"'
            ' tagSetId="2.25.1.3" lacv="1" applied="both"/></tagCategory>'
        )
        plain = '<tagCategory name="AUS" lacv="036"/>'
        assert spif.read(edited(f"{plain} => {other}")).tag_sets[0].tags[0].categories[0].equivalents
        with pytest.raises(MalformedError, match="has the @name of another and says something else"):
            spif.read(edited(f"{plain} => {plain}{other}"), lenient=True)

    def test_published_equivalences_are_read(self) -> None:
        """
        The policy of ADatP-4774.1 has an other policy, whose entries have no namespace.
        """
        policy = spif.read(standard("ACME.xml"), lenient=True)
        assert policy.equivalents == (
            EquivalentPolicy(
                name="MOCK", id="1.3.6.1.4.1.31778.120.1", document_reference="MOCK Security Policy.spif"
            ),
        )
        assert policy.classifications[1].equivalents == (
            EquivalentClassification(policy="MOCK", lacv=3, applied=Applied.BOTH),
        )
        found = [each.equivalents for each in policy.tag_sets[0].tags[0].categories]
        assert [(entry.tag_set_id, entry.lacv, entry.type) for (entry,) in found] == [
            ("1.3.6.1.4.1.31778.121.1", "1000", TagType.PERMISSIVE),
            ("1.3.6.1.4.1.31778.121.1", "2000", TagType.PERMISSIVE),
        ]
