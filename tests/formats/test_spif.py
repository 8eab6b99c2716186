# SPDX-License-Identifier: Apache-2.0

import random
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from lxml import etree

from legation.errors import MalformedError
from legation.formats import spif
from legation.formats.spif_schema import CHILDREN_MAX, FAULTS_MAX, SHAPES, unknown_value
from legation.labels import Policy, TagType, banner, category, parse_mark, validate
from legation.labels.label import CATEGORIES_MAX, Label, gathered
from legation.labels.policy import (
    CategoryReference,
    Classification,
    Marking,
    Operation,
    Qualifier,
    Requirement,
    Tag,
    TagCategory,
    TagSet,
    Window,
)
from tests.formats.hostile import mutated, refusal, reworded
from tests.formats.standards import standard

# A policy that uses all of the schema once, one element a line so that faults are easy to find.
WHOLE = """<?xml version="1.0" encoding="UTF-8"?>
<SPIF xmlns="http://www.xmlspif.org/spif" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 schemaVersion="2.1" version="7" creationDate="20260629120000Z" originatorDN="CN=TRIAL" keyIdentifier="00"
 privilegeId="2.25.1" rbacId="2.25.1" notBefore="2026-01-01T00:00:00Z" notAfter="2027-01-01T01:00:00+01:00">
<defaultSecurityPolicyId name="NONE" id="2.25.1.9"/>
<securityPolicyId name="TRIAL" id="2.25.1.1">
<markingData phrase=""><code>replacePolicy</code></markingData>
</securityPolicyId>
<updateInfo/>
<securityClassifications name="levels">
<securityClassification name="LOW" lacv="20" hierarchy="1" color="green">
<equivalentClassification policyRef="OTHER" lacv="1" applied="both"/>
</securityClassification>
<securityClassification name="HIGH" lacv="10" hierarchy="2" color="#b3001b" obsolete="true">
<markingData phrase="HOCH" xml:lang="de"><code>pageTop</code><code>pageBottom</code></markingData>
<markingQualifier markingCode="pageTop">
<qualifier markingQualifier="* " qualifierCode="prefix"/>
</markingQualifier>
<requiredCategory operation="oneOrMore">
<categoryGroup tagSetRef="To" tagType="permissive" all="true"/>
</requiredCategory>
</securityClassification>
<markingData phrase="levels"><code>documentStart</code></markingData>
</securityClassifications>
<securityCategoryTagSets>
<securityCategoryTagSet name="To" id="2.25.1.2">
<securityCategoryTag name="To" tagType="permissive" minSelection="unbounded" maxSelection="3">
<tagCategory name="AUS" lacv="036"/>
<tagCategory name="KOR" lacv="410" requiredClass="HIGH" obsolete="1" notAfter="2026-12-31T00:00:00Z">
<equivalentSecCategoryTag policyRef="OTHER" tagSetId="2.25.1.3" tagType="permissive" lacv="1"
 applied="encrypt"/>
<excludedClass>LOW</excludedClass>
<requiredCategory operation="onlyOne">
<categoryGroup tagSetRef="To" tagType="permissive" lacv="36"/>
</requiredCategory>
<excludedCategory tagSetRef="Mixed" tagType="enumerated" enumType="restrictive" lacv="1"/>
</tagCategory>
<markingQualifier>
<qualifier markingQualifier=", " qualifierCode="separator" xml:lang="en"/>
</markingQualifier>
</securityCategoryTag>
<equivalentSecurityCategoryTagSet policyRef="OTHER" name="To"/>
</securityCategoryTagSet>
<securityCategoryTagSet name="Mixed" id="2.25.1.4">
<securityCategoryTag tagType="enumerated" enumType="restrictive" singleSelection="true">
<tagCategory name="R" lacv="1"/>
</securityCategoryTag>
<securityCategoryTag tagType="enumerated" enumType="permissive">
<tagCategory name="R" lacv="1"/>
</securityCategoryTag>
<securityCategoryTag tagType="restrictive" minSelection="0">
<tagCategory name="S" lacv="s"/>
</securityCategoryTag>
<securityCategoryTag tagType="tagType7" tag7Encoding="bitSetAttributes">
<tagCategory name="N" lacv="1"/>
</securityCategoryTag>
</securityCategoryTagSet>
</securityCategoryTagSets>
<privacyMarks><privacyMark name="CLEAR"/></privacyMarks>
<equivalentPolicies>
<equivalentPolicy name="OTHER" id="2.25.1.5">
<requiredCategory operation="all">
<categoryGroup tagSetRef="theirs" tagType="restrictive" lacv="1"/>
</requiredCategory>
</equivalentPolicy>
</equivalentPolicies>
<markingData phrase="trial"><code>waterMark</code></markingData>
<extensions><any xmlns="urn:x"><SPIF/>text</any></extensions>
</SPIF>
"""
N = TagType.INFORMATIVE
HEAD, _, REST = WHOLE.partition("<securityClassifications")


def edited(*changes: str) -> bytes:
    """
    The whole policy with each "old => new" done, of which the old must be there.
    """
    text = WHOLE
    for change in changes:
        old, _, new = change.partition(" => ")
        assert old in text, change
        text = text.replace(old, new, 1)
    return text.encode()


def line_of(part: str) -> int:
    """
    The line on which something stands in the whole policy.
    """
    return WHOLE[: WHOLE.index(part)].count("\n") + 1


class TestRead:
    policy = spif.read(WHOLE.encode())

    def test_policy_knows_what_it_is(self) -> None:
        """
        Name, identifier, version, time and digest are those of the file.
        """
        assert (self.policy.name, self.policy.id, self.policy.version) == ("TRIAL", "2.25.1.1", 7)
        assert self.policy.digest == sha256(WHOLE.encode()).digest()
        assert self.policy.window == Window(
            not_before=datetime(2026, 1, 1, tzinfo=UTC), not_after=datetime(2027, 1, 1, tzinfo=UTC)
        )
        assert self.policy.faults == ()

    def test_classifications_are_read(self) -> None:
        """
        Wire value and hierarchy are two things, and all of a classification is there.
        """
        to = CategoryReference(tag_set="To", type=TagType.PERMISSIVE)
        assert self.policy.classifications == (
            Classification(name="LOW", lacv=20, hierarchy=1, color="green"),
            Classification(
                name="HIGH",
                lacv=10,
                hierarchy=2,
                obsolete=True,
                color="#b3001b",
                required=(Requirement(operation=Operation.ONE_OR_MORE, groups=(to,)),),
                markings=(Marking(codes=frozenset({"pageTop", "pageBottom"}), phrase="HOCH", language="de"),),
                qualifiers=(Qualifier(place="pageTop", code="prefix", text="* "),),
            ),
        )

    def test_tags_are_read(self) -> None:
        """
        A value has its rules, its time and its one form of lacv; a tag its bounds.
        """
        aus = CategoryReference(tag_set="To", type=TagType.PERMISSIVE, lacv="36")
        caveat = CategoryReference(tag_set="Mixed", type=TagType.RESTRICTIVE, lacv="1")
        assert self.policy.tag_sets[0] == TagSet(
            name="To",
            id="2.25.1.2",
            tags=(
                Tag(
                    name="To",
                    type=TagType.PERMISSIVE,
                    count_max=3,
                    qualifiers=(Qualifier(place="", code="separator", text=", ", language="en"),),
                    categories=(
                        TagCategory(name="AUS", lacv="36"),
                        TagCategory(
                            name="KOR",
                            lacv="410",
                            obsolete=True,
                            window=Window(not_after=datetime(2026, 12, 31, tzinfo=UTC)),
                            required_class="HIGH",
                            excluded_classes=("LOW",),
                            required=(Requirement(operation=Operation.ONLY_ONE, groups=(aus,)),),
                            excluded=(caveat,),
                        ),
                    ),
                ),
            ),
        )

    def test_types_are_effective_ones(self) -> None:
        """
        How values are encoded says nothing; how they decide is what is read.
        """
        tags = self.policy.tag_sets[1].tags
        restrictive, permissive, informative = TagType.RESTRICTIVE, TagType.PERMISSIVE, TagType.INFORMATIVE
        assert [tag.type for tag in tags] == [restrictive, permissive, restrictive, informative]
        assert [tag.count_max for tag in tags] == [1, None, None, None]

    @pytest.mark.parametrize(("bound", "most"), [("5", 1), ("1", 1), ("0", 0), ("unbounded", 1)])
    def test_narrower_bound_counts(self, bound: str, most: int) -> None:
        """
        Where a tag states its bound in two ways, the narrower one counts.
        """
        policy = spif.read(edited(f'singleSelection="true" => singleSelection="true" maxSelection="{bound}"'))
        assert policy.tag_sets[1].tags[0].count_max == most

    def test_markings_of_the_whole_are_read(self) -> None:
        """
        What is said of the policy, of its classifications and of the file is all of the policy.
        """
        assert [marking.phrase for marking in self.policy.markings] == ["", "levels", "trial"]

    @pytest.mark.parametrize("version", ["1.0", "2.0", "2.1"])
    def test_three_schema_versions_are_read(self, version: str) -> None:
        """
        Policies in the older versions of the schema are read as well.
        """
        assert spif.read(edited(f'schemaVersion="2.1" => schemaVersion="{version}"')).name == "TRIAL"

    def test_version_is_one_where_it_is_not_stated(self) -> None:
        """
        The schema's default counts.
        """
        assert spif.read(edited(' version="7" => ')).version == 1

    def test_bytes_count_not_meaning(self) -> None:
        """
        One more space is another digest, though the policy says the same.
        """
        spaced = spif.read(WHOLE.encode() + b" ")
        assert spaced.classifications == self.policy.classifications
        assert spaced.digest != self.policy.digest


class TestVersions:
    @pytest.mark.parametrize("lenient", [False, True], ids=["strict", "lenient"])
    def test_schema_version_3_is_refused_by_name(self, lenient: bool) -> None:
        """
        The newest schema means other things by some words, so it is refused until it is supported.
        """
        with pytest.raises(MalformedError, match=r"schema version 3\.0 is not supported"):
            spif.read(edited('schemaVersion="2.1" => schemaVersion="3.0"'), lenient=lenient)

    @pytest.mark.parametrize("version", ["", "2", "2.2", "3.1", " 2.1", "２.1"])
    def test_other_schema_versions_are_refused(self, version: str) -> None:
        """
        What is no version of the schema is none.
        """
        with pytest.raises(MalformedError, match=r"none of 1\.0, 2\.0 and 2\.1"):
            spif.read(edited(f'schemaVersion="2.1" => schemaVersion="{version}"'), lenient=True)

    @pytest.mark.parametrize("root", ["spif", "SPIFF", "policy"])
    def test_another_root_is_refused(self, root: str) -> None:
        """
        The root element says what the document is.
        """
        data = WHOLE.replace("<SPIF xmlns=", f"<{root} xmlns=").replace("</SPIF>\n", f"</{root}>\n")
        with pytest.raises(MalformedError, match="root element"):
            spif.read(data.encode(), lenient=True)

    @pytest.mark.parametrize("namespace", ["", "urn:xmlspif:spif:3.0", "http://www.xmlspif.org/spif/"])
    def test_another_namespace_is_refused(self, namespace: str) -> None:
        """
        A document of another namespace is another format.
        """
        with pytest.raises(MalformedError, match="root element"):
            spif.read(edited(f"http://www.xmlspif.org/spif => {namespace}"), lenient=True)


AUS = '<tagCategory name="AUS" lacv="036"/>'
SINGLE = 'tagType="enumerated" enumType="restrictive" single'
FIRST = "2026-01-01T00:00:00Z"


def undecided(name: str) -> str:
    """
    The fault of a type that is not known.
    """
    return f"{name} has a @tagType and @enumType that do not say how it decides"


# What a lenient reader forgives: change, and the fault that it lists.
FORGIVEN = {
    'name="LOW" => name=" LOW"': "securityClassification has white space around its @name",
    'name="AUS" => name="AUS&#10;"': "tagCategory has white space around its @name",
    ">LOW< => > LOW\n<": "excludedClass has white space around its text",
    'tagType="permissive" min => tagType=" permissive " min': (
        "securityCategoryTag has white space around its @tagType"
    ),
    'phrase="HOCH" => phrase="HOCH&#10;"': "markingData has line ends in its @phrase",
    'color="green" => color="fuchsia"': "securityClassification has a @color that the schema does not know",
    'color="green" => color="#b3001b"': "securityClassification has the @color of another",
    "<code>pageTop</code> => <code>pageLeft</code>": "code names a place that the schema does not know",
    'markingCode="pageTop" => markingCode="pageLeft"': (
        "markingQualifier names a place that the schema does not know"
    ),
    'qualifierCode="prefix" => qualifierCode="infix"': "qualifier is no prefix, suffix or separator",
    'keyIdentifier="00" => keyIdentifier=""': "SPIF has an empty @keyIdentifier",
    'applied="both" => applied="never"': unknown_value("equivalentClassification", "applied"),
    'tag7Encoding="bitSetAttributes" => tag7Encoding="bits"': (
        unknown_value("securityCategoryTag", "tag7Encoding")
    ),
    "<updateInfo/> => <updateInfo xmlns=''/>": "updateInfo has no namespace",
    AUS + " => " + AUS + '<tagCategory name="AUS" lacv="37"/>': ("tagCategory stands twice in its tag"),
    AUS + " => " + AUS + '<tagCategory name="JPN" lacv="410"/>': ("tagCategory has the @lacv of another"),
    '<tagCategory name="N" lacv="1"/> => <tagCategory name="N" lacv="1" userInput="string"/>': (
        "tagCategory is typed by the user, which is not supported"
    ),
}

# What nobody forgives, for it could change a decision: change, and the fault.
REFUSED = {
    # the frame
    '<securityPolicyId name="TRIAL" => <securityPolicyId': "securityPolicyId lacks @name",
    'id="2.25.1.1" => ': "securityPolicyId lacks @id",
    'id="2.25.1.1" => id="2.25.01.1"': unknown_value("securityPolicyId", "id"),
    'version="7" => version="seven"': unknown_value("SPIF", "version"),
    'version="7" => version="-7"': unknown_value("SPIF", "version"),
    'version="7" => version="１"': unknown_value("SPIF", "version"),
    ' rbacId="2.25.1" => ': "SPIF lacks @rbacId",
    "2026-01-01T00:00:00Z => 2026-01-01T00:00:00": unknown_value("SPIF", "notBefore"),
    "2026-01-01T00:00:00Z => 2026-13-01T00:00:00Z": unknown_value("SPIF", "notBefore"),
    "2026-01-01T00:00:00Z => 2028-01-01T00:00:00Z": "SPIF ends before it begins",
    "<updateInfo/> => <updateInfo/><updateInfo/>": "SPIF holds 2 of updateInfo, expected one",
    "<updateInfo/> => <palisade/>": "SPIF holds an unknown element palisade",
    "<updateInfo/> => <updateInfo>text</updateInfo>": "updateInfo holds text",
    "<updateInfo/> => PALISADE": "SPIF holds text",
    '<updateInfo/> => <x:updateInfo xmlns:x="urn:x"/>': "SPIF holds an unknown element updateInfo",
    '<securityCategoryTagSets> => <securityCategoryTagSets notBefore="x">': (
        "securityCategoryTagSets has an unknown attribute @notBefore"
    ),
    'name="LOW" => xsi:type="x" name="LOW"': "securityClassification has an unknown attribute @type",
    # classifications
    ' hierarchy="1" => ': "securityClassification lacks @hierarchy",
    'hierarchy="1" => hierarchy=""': unknown_value("securityClassification", "hierarchy"),
    'hierarchy="1" => hierarchy="2"': "securityClassification has the @hierarchy of another",
    'lacv="20" => lacv="10"': "securityClassification has the @lacv of another",
    'name="LOW" => name="HIGH"': "securityClassification has the @name of another",
    'name="LOW" => name=""': "securityClassification @name has 0 characters, expected 1 to 256",
    'name="LOW" => name="LO&#8203;W"': "securityClassification @name holds a control or invisible character",
    'obsolete="true" => obsolete="yes"': unknown_value("securityClassification", "obsolete"),
    'name="LOW" => Name="LOW"': "securityClassification has an unknown attribute @Name",
    # types
    'tagType="permissive" min => tagType="notApplicable" min': undecided("securityCategoryTag"),
    'tagType="permissive" min => tagType="informative" min': undecided("securityCategoryTag"),
    'tagType="permissive" min => tagType="Permissive" min': undecided("securityCategoryTag"),
    'tagType="enumerated" enumType="restrictive" single => tagType="enumerated" single': (
        undecided("securityCategoryTag")
    ),
    'tagType="permissive" min => tagType="permissive" enumType="restrictive" min': (
        undecided("securityCategoryTag")
    ),
    'tagType="tagType7" => tagType="tagType7" enumType="restrictive"': (undecided("securityCategoryTag")),
    'tagType="tagType7" => ': "securityCategoryTag lacks @tagType",
    # values
    AUS + " => " + AUS + '<tagCategory name="AUS" lacv="37" obsolete="true"/>': (
        "tagCategory has the @name of another and says something else"
    ),
    # Another tag may have other bounds, so the second does not say the same.
    'name="S" lacv="s" => name="R" lacv="1"': "tagCategory has the @name of another and says something else",
    'name="AUS" lacv="036" => name="AUS"': "tagCategory lacks @lacv",
    'notAfter="2026-12-31T00:00:00Z" => notAfter="soon"': unknown_value("tagCategory", "notAfter"),
    'notAfter="2026-12-31T00:00:00Z" => notafter="2026-12-31T00:00:00Z"': (
        "tagCategory has an unknown attribute @notafter"
    ),
    'maxSelection="3" => maxSelection="three"': unknown_value("securityCategoryTag", "maxSelection"),
    'minSelection="unbounded" => minSelection="4"': "securityCategoryTag wants more values than it allows",
    'minSelection="0" => minSelection="-1"': unknown_value("securityCategoryTag", "minSelection"),
    'singleSelection="true" => singleSelection="true" minSelection="2"': (
        "securityCategoryTag wants more values than it allows"
    ),
    'name="Mixed" => name="To"': "securityCategoryTagSet has the @name of another",
    'id="2.25.1.4" => id="2.25.1.2"': "securityCategoryTagSet has the @id of another",
    # references
    ">LOW< => >LOWER<": "tagCategory names a classification that is not there",
    'requiredClass="HIGH" => requiredClass="high"': "tagCategory names a classification that is not there",
    'tagSetRef="To" tagType="permissive" all => tagSetRef="to" tagType="permissive" all': (
        "categoryGroup names a tag set that has no such values"
    ),
    'tagSetRef="To" tagType="permissive" all => tagSetRef="To" tagType="restrictive" all': (
        "categoryGroup names a tag set that has no such values"
    ),
    'lacv="36"/> => lacv="37"/>': ("categoryGroup names a value that is not there, or there twice"),
    'all="true" => all="false"': "categoryGroup wants either @lacv or @all",
    'all="true" => all="true" lacv="36"': "categoryGroup wants either @lacv or @all",
    'operation="oneOrMore" => operation="some"': unknown_value("requiredCategory", "operation"),
    'enumType="restrictive" lacv="1"/> => enumType="restrictive" lacv="9"/>': (
        "excludedCategory names a value that is not there, or there twice"
    ),
    # marks
    'phrase="HOCH" => phrase="HO&#8238;CH"': (
        "markingData has a @phrase that is too long, or holds what does not print"
    ),
    "<code>waterMark</code> => ": "markingData lacks code",
    # what is passed over
    'policyRef="OTHER" lacv="1" applied="both" => policyRef="NOBODY" lacv="1" applied="both"': (
        "equivalentClassification names a policy that is not there"
    ),
    'id="2.25.1.5" => id="2.25.1.9"': "two other policies have one @id",
    'name="OTHER" id => name="NONE" id': "two other policies have one @name",
    'policyRef="OTHER" name="To" => policyRef="NOBODY" name="To"': (
        "equivalentSecurityCategoryTagSet names a policy that is not there"
    ),
    'policyRef="OTHER" tagSetId => policyRef="NOBODY" tagSetId': (
        "equivalentSecCategoryTag names a policy that is not there"
    ),
    'policyRef="OTHER" lacv="1" => policyRef="OTHER" lacv="one"': (
        unknown_value("equivalentClassification", "lacv")
    ),
    f'lacv="s" => lacv="{"s" * 257}"': unknown_value("tagCategory", "lacv"),
    'lacv="s" => lacv=""': unknown_value("tagCategory", "lacv"),
}


class TestFaults:
    @pytest.mark.parametrize("change", FORGIVEN)
    def test_what_cannot_change_a_decision_is_forgiven_and_listed(self, change: str) -> None:
        """
        A strict reader refuses it; a lenient one reads on and lists it with its line.
        """
        reason = FORGIVEN[change]
        with pytest.raises(MalformedError) as caught:
            spif.read(edited(change))
        assert reason in [fault.partition(": ")[2] for fault in caught.value.faults]
        policy = spif.read(edited(change), lenient=True)
        assert reason in [fault.partition(": ")[2] for fault in policy.faults]
        assert [each.name for each in policy.classifications] == ["LOW", "HIGH"]

    @pytest.mark.parametrize("lenient", [False, True], ids=["strict", "lenient"])
    @pytest.mark.parametrize("change", REFUSED)
    def test_what_could_change_a_decision_is_never_forgiven(self, change: str, lenient: bool) -> None:
        """
        However lenient, a reader does not guess at what decides.
        """
        with pytest.raises(MalformedError) as caught:
            spif.read(edited(change), lenient=lenient)
        assert REFUSED[change] in [fault.partition(": ")[2] for fault in caught.value.faults]
        assert "PALISADE" not in " ".join([caught.value.message, *caught.value.faults])

    def test_order_is_forgiven(self) -> None:
        """
        Elements out of the schema's order mean the same, as published policies need it.
        """
        (marks,) = re.findall("<privacyMarks>.*</privacyMarks>\n", WHOLE)
        moved = (HEAD + marks + "<securityClassifications" + REST.replace(marks, "")).encode()
        with pytest.raises(MalformedError, match="securityClassifications stands after"):
            spif.read(moved)
        policy = spif.read(moved, lenient=True)
        assert policy.classifications == TestRead.policy.classifications
        assert len(policy.faults) == 2

    def test_every_fault_is_listed_with_its_line(self) -> None:
        """
        Who mends a policy sees all its faults at once, in the order of lines.
        """
        changes = [' hierarchy="1" => ', ">LOW< => >LOWER<", 'minSelection="0" => minSelection="-1"']
        with pytest.raises(MalformedError) as caught:
            spif.read(edited(*changes))
        assert [fault.partition(":")[0] for fault in caught.value.faults] == [
            f"line {line_of(part)}" for part in ('name="LOW"', 'name="KOR"', 'minSelection="0"')
        ]
        assert caught.value.message.startswith("policy is refused: 3 faults, the first at line ")

    def test_faults_have_an_end(self) -> None:
        """
        A document that is wrong throughout is given up early.
        """
        many = "\n".join('<tagCategory name="AUS" lacv="x" obsolete="x"/>' for _ in range(500))
        with pytest.raises(MalformedError) as caught:
            spif.read(edited(f'<tagCategory name="AUS" lacv="036"/> => {many}'))
        assert len(caught.value.faults) == FAULTS_MAX
        assert f"{FAULTS_MAX} or more faults" in caught.value.message

    def test_counts_have_limits(self) -> None:
        """
        More values or classifications than a label or a table could hold are refused.
        """
        tag = '<securityCategoryTag tagType="tagType7" tag7Encoding="bitSetAttributes">'
        values = [f'<tagCategory name="v{n}" lacv="{n + 2}"/>' for n in range(CHILDREN_MAX)]
        assert spif.read(edited(f"{tag} => {tag}{''.join(values[:-4])}")).fields["Mixed", N].width == 1021
        with pytest.raises(MalformedError, match="holds more than 1024 of tagCategory"):
            spif.read(edited(f"{tag} => {tag}{''.join(values)}"))
        with pytest.raises(MalformedError, match="securityCategoryTagSet has 1025 values"):
            spif.read(edited(f"{tag} => {tag}{''.join(values[:-3])}"))

    def test_counts_of_tag_sets_and_classifications_have_limits(self) -> None:
        """
        More lists than a label may have, or more classifications than any policy has, are refused.
        """
        end = "</securityCategoryTagSets>"
        sets = [
            f'<securityCategoryTagSet name="v{n}" id="2.25.9.{n}"><securityCategoryTag tagType="tagType7"/>'
            "</securityCategoryTagSet>"
            for n in range(CATEGORIES_MAX - 1)
        ]
        assert len(spif.read(edited(f"{end} => {''.join(sets[:-1])}{end}")).tag_sets) == CATEGORIES_MAX
        with pytest.raises(MalformedError, match="65 tag sets, expected at most 64"):
            spif.read(edited(f"{end} => {''.join(sets)}{end}"))
        levels = "".join(
            f'<securityClassification name="v{n}" lacv="{n}" hierarchy="{n}"/>' for n in range(100, 163)
        )
        with pytest.raises(MalformedError, match="65 classifications, expected at most 64"):
            spif.read(edited(f'<markingData phrase="levels"> => {levels}<markingData phrase="levels">'))


class TestUserInput:
    def test_value_typed_by_the_user_is_left_out(self) -> None:
        """
        A lenient reader leaves the place for it out, so that a label that uses it is refused.
        """
        change = '<tagCategory name="N" lacv="1"/> => <tagCategory name="N" lacv="1" userInput="string"/>'
        policy = spif.read(edited(change), lenient=True)
        part = category("Mixed", TagType.INFORMATIVE, ["N"])
        label = Label(policy_id=policy.id, classification="LOW", categories=(part,))
        day = datetime(2026, 6, 29, tzinfo=UTC)
        assert validate(policy, label, at=day)
        assert not validate(TestRead.policy, label, at=day)


class TestDuplicates:
    def test_reference_to_a_value_that_was_left_out_is_refused(self) -> None:
        """
        Where a name stands twice, a rule that means the second by its number leads nowhere.
        """
        twice = f"{AUS} => {AUS.replace('036', '35')}{AUS}"
        with pytest.raises(MalformedError, match="names a value that is not there"):
            spif.read(edited(twice), lenient=True)

    def test_reference_to_two_values_is_refused(self) -> None:
        """
        Where two names have one number, a rule that uses the number is not guessed at.
        """
        twice = AUS + " => " + AUS + '<tagCategory name="JPN" lacv="36"/>'
        with pytest.raises(MalformedError, match="there twice"):
            spif.read(edited(twice), lenient=True)

    def test_names_that_differ_in_case_are_one_where_case_makes_no_difference(self) -> None:
        """
        In a policy that compares without case, "aus" and "AUS" are one value.
        """
        nato = [
            "2.25.1.1 => 1.3.26.1.3.1",
            AUS + " => " + AUS + '<tagCategory name="aus" lacv="37"/>',
        ]
        assert spif.read(edited(nato[1])).fields["To", TagType.PERMISSIVE].width == 3
        policy = spif.read(edited(*nato), lenient=True)
        assert policy.fields["To", TagType.PERMISSIVE].width == 2


def test_whole_policy_uses_all_of_the_schema() -> None:
    """
    The policy of these tests holds every element of the table.
    """
    assert set(re.findall(r"<(\w+)", WHOLE)) - {"any"} == set(SHAPES)


# --- Published policies, where they are at hand


class TestPublishedPolicies:
    def test_nato_is_read_leniently(self) -> None:
        """
        The published NATO policy has fourteen faults, all of which are forgiven and listed.
        """
        data = standard("NATO-v88.spif.xml")
        policy = spif.read(data, lenient=True)
        assert (policy.name, policy.id, policy.version) == ("NATO", "1.3.26.1.3.1", 88)
        assert [each.name for each in policy.classifications] == [
            "UNCLASSIFIED",
            "RESTRICTED",
            "CONFIDENTIAL",
            "SECRET",
            "TOP SECRET",
        ]
        widths = {tag_set: field.width for (tag_set, _), field in policy.fields.items()}
        assert widths == {
            "Special Category Designators": 4,
            "Releasable To": 88,
            "Administrative": 5,
            "Context": 9,
            "Only": 84,
        }
        assert policy.member(category("Only", TagType.PERMISSIVE, []), "nato response force")
        with pytest.raises(MalformedError) as caught:
            spif.read(data)
        assert policy.faults == caught.value.faults
        assert len(policy.faults) == 14

    def test_nato_marks_are_not_guessed(self) -> None:
        """
        Its portion marks do not say on which list a party stands, so such a mark is not read.
        """
        policy = spif.read(standard("NATO-v88.spif.xml"), lenient=True)
        parts = [
            category("Context", TagType.PERMISSIVE, ["NATO", "Releasable"]),
            category("Releasable To", TagType.PERMISSIVE, ["NATO", "JPN", "CHE", "UKR"]),
        ]
        label = Label(policy="NATO", classification="RESTRICTED", categories=gathered(parts))
        assert "Releasable To Switzerland, Ukraine, Japan, NATO" in banner(policy, label)
        with pytest.raises(MalformedError):
            parse_mark(policy, "(NR NATO)")

    def test_public_is_read_strictly(self) -> None:
        """
        The PUBLIC policy, in schema version 1.0, has no fault.
        """
        policy = spif.read(standard("PUBLIC-v1.spif.xml"))
        assert (policy.name, policy.faults) == ("PUBLIC", ())
        assert policy.fields["In Confidence", TagType.INFORMATIVE].width == 9

    def test_acme_is_read_leniently(self) -> None:
        """
        The policy of ADatP-4774.1 has two elements without a namespace, and its hierarchy is its own.
        """
        policy = spif.read(standard("ACME.xml"), lenient=True)
        assert [fault.partition(": ")[2] for fault in policy.faults] == [
            "equivalentSecCategoryTag has no namespace"
        ] * 2
        assert {each.name: each.hierarchy for each in policy.classifications} == {
            "PUBLIC": 1,
            "CONFIDENTIAL": 2,
            "INTERNAL": 3,
        }
        with pytest.raises(MalformedError):
            spif.read(standard("ACME.xml"))


def schema() -> etree.XMLSchema:
    """
    The published schema, without the import that nothing here needs.
    """
    document = etree.fromstring(standard("xmlspif.xsd"))
    for imported in document.findall("{http://www.w3.org/2001/XMLSchema}import"):
        document.remove(imported)
    return etree.XMLSchema(document)


class TestSchema:
    def test_policy_of_these_tests_is_valid(self) -> None:
        """
        What the tests start from is a valid document, but for the language, whose schema is not here.
        """
        document = etree.fromstring(re.sub(' xml:lang="[a-z]+"', "", WHOLE).encode())
        schema().assertValid(document)

    def test_what_is_read_strictly_is_valid(self) -> None:
        """
        Of some thousand policies with something broken, none is read that the schema refuses.
        """
        draw, valid, read = random.Random(21), schema(), 0
        # The published schema looks into extensions, and the one for languages is not here.
        whole = re.sub(' xml:lang="[a-z]+"|<any .*</any>', "", WHOLE).encode()
        for index in range(3000):
            data = (mutated if index % 2 else reworded)(whole, draw)
            if refusal(spif.read, data) is None:
                read += 1
                assert valid.validate(etree.fromstring(data)), data
        assert read > 100


def read_leniently(data: bytes) -> Policy | None:
    """
    The policy of a document that a lenient reader reads, else None.
    """
    try:
        return spif.read(data, lenient=True)
    except MalformedError:
        return None


class TestBrokenPolicies:
    @pytest.mark.parametrize("breaking", [mutated, reworded])
    @pytest.mark.parametrize("lenient", [False, True], ids=["strict", "lenient"])
    def test_broken_policies_are_read_or_refused(
        self, lenient: bool, breaking: Callable[[bytes, random.Random], bytes]
    ) -> None:
        """
        Of 2,000 policies with something broken, each is read or refused with one kind of error.
        """
        draw, read = random.Random(2), 0
        for _ in range(2000):
            error = refusal(lambda data: spif.read(data, lenient=lenient), breaking(WHOLE.encode(), draw))
            read += error is None
            assert error is None or error.faults
        assert 50 < read < 1950

    def test_broken_policies_that_are_read_can_be_used(self) -> None:
        """
        Whatever is read is a policy: its labels are judged and its marks read without surprise.
        """
        draw, used = random.Random(3), 0
        for _ in range(1500):
            policy = read_leniently(reworded(WHOLE.encode(), draw))
            if policy is not None:
                used += 1
                for typed in ("(LOW AUS)", "(HOCH AUS, KOR)", "(LOW [To: AUS])"):
                    with suppress(MalformedError):
                        parse_mark(policy, typed)
                for level in policy.classifications:
                    validate(policy, Label(policy=policy.name, classification=level.name))
        assert used > 50
