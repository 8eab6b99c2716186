# SPDX-License-Identifier: Apache-2.0

import re

import pytest

from legation.errors import MalformedError
from legation.formats import spif
from legation.formats.spif_schema import CHILDREN_MAX, FAULTS_MAX, REPEATS_MAX, UNDETERMINED, unknown_value
from legation.labels import TagType
from legation.labels.label import CATEGORIES_MAX
from tests.formats.spif_whole import WHOLE, edited, line_of

HEAD, _, REST = WHOLE.partition("<securityClassifications")
N = TagType.INFORMATIVE
WHOLE_POLICY = spif.read(WHOLE.encode())
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
    'markingCode="pageTop" => markingCode=""': (
        "markingQualifier names a place that the schema does not know"
    ),
    'qualifierCode="prefix" => qualifierCode="infix"': "qualifier is no prefix, suffix or separator",
    ' keyIdentifier="00" => ': "SPIF lacks @keyIdentifier",
    ' creationDate="20260629120000Z" => ': "SPIF lacks @creationDate",
    ' originatorDN="CN=TRIAL" => ': "SPIF lacks @originatorDN",
    ' privilegeId="2.25.1" => ': "SPIF lacks @privilegeId",
    ' rbacId="2.25.1" => ': "SPIF lacks @rbacId",
    'rbacId="2.25.1" => rbacId="none"': unknown_value("SPIF", "rbacId"),
    'originatorDN="CN=TRIAL" => originatorDN="CN=TRI&#10;AL"': (
        "SPIF has a @originatorDN that is too long, or holds what does not print"
    ),
    f'originatorDN="CN=TRIAL" => originatorDN="{"x" * 1025}"': (
        "SPIF has a @originatorDN that is too long, or holds what does not print"
    ),
    'docRefURI="urn:x:rules" => docRefURI="http://[x"': "SPIF has a @docRefURI that is no address",
    'docRefURI="their rules.xml" => docRefURI="%zz"': "equivalentPolicy has a @docRefURI that is no address",
    'name="LOW" lacv => xmlns:v="urn:v" v:id="l" name="LOW" lacv': (
        "securityClassification has an attribute of another namespace, @id"
    ),
    '<updateInfo/> => <updateInfo xml:lang="en"/>': "updateInfo has an attribute of another namespace, @lang",
    '<updateInfo/> => <updateInfo id="x"/>': "updateInfo has an unknown attribute @id",
    'markingCode="pageTop" => code="pageTop"': "markingQualifier has an unknown attribute @code",
    '"HOCH" xml:lang="de" => "HOCH" xml:lang="d_e"': "markingData has an @xml:lang that is no language",
    'name="TRIAL" => name="A&#13;&#10; TRIAL"': "securityPolicyId has line ends in its @name",
    ' all="true"/>\n</requiredCategory>\n</securityClassification> => '
    "/>\n</requiredCategory>\n</securityClassification>": (
        "categoryGroup has neither @lacv nor @all, read as all"
    ),
    'tag7Encoding="bitSetAttributes" => tag7Encoding="bits"': (
        unknown_value("securityCategoryTag", "tag7Encoding")
    ),
    "<updateInfo/> => <updateInfo xmlns=''/>": "updateInfo has no namespace",
    AUS + " => " + AUS + '<tagCategory name="AUS" lacv="37"/>': ("tagCategory stands twice in its tag"),
    AUS + " => " + AUS + '<tagCategory name="JPN" lacv="410"/>': ("tagCategory has the @lacv of another"),
    '<tagCategory name="N" lacv="1"/> => <tagCategory name="N" lacv="1" dateFormat="YYYY"/>': (
        "tagCategory has a @dateFormat without @userInput, read as a date"
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
    "2026-01-01T00:00:00Z => 2026-01-01T00:00:00": unknown_value("SPIF", "notBefore"),
    "2026-01-01T00:00:00Z => 2026-13-01T00:00:00Z": unknown_value("SPIF", "notBefore"),
    "2026-01-01T00:00:00Z => 2026-01-01T00:00:00+14:01": unknown_value("SPIF", "notBefore"),
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
    'name="LOW" => xmlns:s="http://www.xmlspif.org/spif" s:obsolete="true" name="LOW"': (
        "securityClassification has an unknown attribute @obsolete"
    ),
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
    'tagType="tagType7" tag7 => tagType="tagType7" enumType="restrictive" tag7': (
        undecided("securityCategoryTag")
    ),
    'tagType="tagType7" tag7 => tag7': "securityCategoryTag lacks @tagType",
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
    '<securityCategoryTagSet name="Mixed" => <securityCategoryTagSet': "securityCategoryTagSet lacks @name",
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
    # values that people type
    'userInput="date" => userInput="time"': unknown_value("tagCategory", "userInput"),
    'userInput="date" => userInput=""': unknown_value("tagCategory", "userInput"),
    'lacv="" userInput="date" dateFormat="YYYY-MM-DD" => lacv=""': unknown_value("tagCategory", "lacv"),
    # equivalences
    'applied="both" => applied="never"': unknown_value("equivalentClassification", "applied"),
    ' applied="both" => ': "equivalentClassification lacks @applied",
    'applied="encrypt" => applied="Encrypt"': unknown_value("equivalentSecCategoryTag", "applied"),
    'action="discard" => action="keep"': unknown_value("equivalentSecCategoryTag", "action"),
    ' action="discard" => ': unknown_value("equivalentSecCategoryTag", "lacv"),
    'tagSetId="2.25.1.3" => tagSetId="3.1"': unknown_value("equivalentSecCategoryTag", "tagSetId"),
    'tagType="permissive" lacv="007" => tagType="notApplicable" lacv="007"': (
        undecided("equivalentSecCategoryTag")
    ),
    'tagSetRef="theirs" tagType="restrictive" lacv="1" => tagSetRef="theirs" tagType="restrictive" lacv=""': (
        unknown_value("categoryGroup", "lacv")
    ),
    'tagSetRef="theirs too" tagType="tagType7" => tagSetRef="theirs too" tagType="any"': (
        undecided("categoryGroup")
    ),
    'operation="all">\n<categoryGroup tagSetRef="theirs" tagType="p => '
    'operation="both">\n<categoryGroup tagSetRef="theirs" tagType="p': (
        unknown_value("requiredCategory", "operation")
    ),
    'name="An" id="2.25.1.3" => name="An" id="An"': unknown_value("equivalentSecurityCategoryTagSet", "id"),
    'policyRef="OTHER" lacv="1" applied="both" => policyRef="NOBODY" lacv="1" applied="both"': (
        "equivalentClassification names a policy that is not there"
    ),
    'id="2.25.1.5" => id="2.25.1.9"': "two other policies have one @id",
    'name="OTHER" id => name="NONE" id': "two other policies have one @name",
    'policyRef="OTHER" name="An" => policyRef="NOBODY" name="An"': (
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
        (marks,) = re.findall("<privacyMarks .*</privacyMarks>\n", WHOLE, re.DOTALL)
        moved = (HEAD + marks + "<securityClassifications" + REST.replace(marks, "")).encode()
        with pytest.raises(MalformedError, match="securityClassifications stands after"):
            spif.read(moved)
        policy = spif.read(moved, lenient=True)
        assert policy.classifications == WHOLE_POLICY.classifications
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

    def test_two_words_for_one_group_are_refused(self) -> None:
        """
        A group that says it is not all, and names none, is not guessed at.
        """
        change = 'tagSetRef="To" tagType="permissive" all="true" => tagSetRef="To" tagType="permissive" all="false"'
        with pytest.raises(MalformedError, match="wants either @lacv or @all"):
            spif.read(edited(change), lenient=True)

    def test_group_without_a_value_is_all_of_them(self) -> None:
        """
        Where a published policy names only the list, a lenient reader takes it for the whole list.
        """
        policy = spif.read(edited('permissive" all="true" => permissive"'), lenient=True)
        assert policy.classifications[1].required == WHOLE_POLICY.classifications[1].required

    def test_list_without_a_name_is_left_out(self) -> None:
        """
        No label can state a list that has no name, so a lenient reader does without it.
        """
        start = '<securityCategoryTagSet name="" id="2.25.1.7"><securityCategoryTag tagType="tagType7"'
        end = '><tagCategory name="CODEWORD" lacv="1"/></securityCategoryTag></securityCategoryTagSet>'
        first = '<securityCategoryTagSet name="To"'
        policy = spif.read(edited(f"{first} => {start}{end}{first}"), lenient=True)
        assert policy.tag_sets == WHOLE_POLICY.tag_sets
        with pytest.raises(MalformedError, match="no name that a label could state, and is left out"):
            spif.read(edited(f"{first} => {start}{end}{first}"))
        with pytest.raises(MalformedError, match=r"no name that a label could state$"):
            spif.read(edited(f'{first} => {start} minSelection="1"{end}{first}'), lenient=True)

    def test_languages_are_mended_or_never_asked_for(self) -> None:
        """
        A language in a common misspelling is understood; any other becomes one that nobody asks for.
        """
        for stated, language in (("de_CH", "de-CH"), ("swiss german", UNDETERMINED)):
            policy = spif.read(edited(f'xml:lang="de" => xml:lang="{stated}"'), lenient=True)
            assert policy.classifications[1].markings[0].language == language

    def test_mark_without_any_known_place_is_left_out(self) -> None:
        """
        A phrase for places that nobody knows is for no place.
        """
        change = "<code>pageTop</code><code>pageBottom</code> => <code>spine</code>"
        policy = spif.read(edited(change), lenient=True)
        assert policy.classifications[1].markings == ()

    def test_spaces_of_any_width_print(self) -> None:
        """
        A mark may have a space that does not break, as French marks have; a strict reader reads it.
        """
        policy = spif.read(edited('phrase="HOCH" => phrase="TRES&#160;SECRET"'))
        assert policy.classifications[1].markings[0].phrase == "TRES\u00a0SECRET"

    def test_numbers_of_any_length_have_one_form(self) -> None:
        """
        A wire value is one number however long it is written.
        """
        long = "0" * 200 + "21745403334774610"
        policy = spif.read(edited(f'name="N" lacv="1" => name="N" lacv="{long}"'))
        assert policy.tag_sets[1].tags[3].categories[0].lacv == "21745403334774610"

    def test_joined_name_is_the_one_that_labels_state(self) -> None:
        """
        A line end inside a name is one space, as it is in a label, wherever the name stands.
        """
        changes = [
            'name="LOW" => name="LO&#10;W"',
            ">LOW< => >LO&#13;&#10; W<",
        ]
        policy = spif.read(edited(*changes), lenient=True)
        assert policy.classification("LO W")
        assert policy.tag_sets[0].tags[0].categories[1].excluded_classes == ("LO W",)

    def test_faults_of_one_long_line_have_an_end(self) -> None:
        """
        The same fault over and over is told once, and the document given up.
        """
        many = '<updateInfo x="1"/>' * (REPEATS_MAX + 1)
        with pytest.raises(MalformedError) as caught:
            spif.read(edited(f"<updateInfo/> => {many}"))
        assert caught.value.faults == (
            f"line {line_of('<updateInfo')}: updateInfo has an unknown attribute @x",
        )

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
        assert spif.read(edited(f"{tag} => {tag}{''.join(values[:-5])}")).fields["Mixed", N].width == 1020
        with pytest.raises(MalformedError, match="holds more than 1024 of tagCategory"):
            spif.read(edited(f"{tag} => {tag}{''.join(values)}"))
        with pytest.raises(MalformedError, match="securityCategoryTagSet has 1025 values"):
            spif.read(edited(f"{tag} => {tag}{''.join(values[:-4])}"))

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
