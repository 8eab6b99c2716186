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
from legation.formats.spif_schema import SHAPES
from legation.labels import FaultCode, Policy, TagType, banner, category, parse_mark, validate
from legation.labels.label import Label, gathered
from legation.labels.policy import (
    Applied,
    CategoryReference,
    Classification,
    EquivalentCategory,
    EquivalentClassification,
    EquivalentPolicy,
    EquivalentTagSet,
    Marking,
    Operation,
    Origin,
    PrivacyMark,
    Qualifier,
    Requirement,
    Tag,
    TagCategory,
    TagSet,
    Window,
)
from tests.formats.hostile import mutated, refusal, reworded
from tests.formats.spif_whole import WHOLE, edited, schema
from tests.formats.standards import standard

N = TagType.INFORMATIVE
AUS = '<tagCategory name="AUS" lacv="036"/>'
HEAD, _, REST = WHOLE.partition("<securityClassifications")


OTHER_HIGH = EquivalentClassification(
    policy="OTHER",
    lacv=2,
    applied=Applied.DECRYPT,
    required=(
        Requirement(operation=Operation.ONLY_ONE, groups=(CategoryReference(tag_set="theirs too", type=N),)),
    ),
)


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
            Classification(
                name="LOW",
                lacv=20,
                hierarchy=1,
                color="green",
                equivalents=(EquivalentClassification(policy="OTHER", lacv=1, applied=Applied.BOTH),),
            ),
            Classification(
                name="HIGH",
                lacv=10,
                hierarchy=2,
                obsolete=True,
                color="#b3001b",
                required=(Requirement(operation=Operation.ONE_OR_MORE, groups=(to,)),),
                markings=(Marking(codes=frozenset({"pageTop", "pageBottom"}), phrase="HOCH", language="de"),),
                qualifiers=(Qualifier(place="pageTop", code="prefix", text="* "),),
                equivalents=(OTHER_HIGH,),
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
                            equivalents=(
                                EquivalentCategory(
                                    policy="OTHER",
                                    tag_set_id="2.25.1.3",
                                    type=TagType.PERMISSIVE,
                                    lacv="7",
                                    applied=Applied.ENCRYPT,
                                ),
                                EquivalentCategory(
                                    policy="OTHER",
                                    tag_set_id="2.25.1.3",
                                    type=TagType.PERMISSIVE,
                                    lacv="",
                                    applied=Applied.DECRYPT,
                                    discard=True,
                                ),
                            ),
                        ),
                    ),
                ),
            ),
            equivalents=(
                EquivalentTagSet(
                    policy="OTHER",
                    name="An",
                    id="2.25.1.3",
                    required=(
                        Requirement(
                            operation=Operation.ALL,
                            groups=(CategoryReference(tag_set="theirs", type=TagType.PERMISSIVE, lacv="9"),),
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

    def test_privacy_marks_are_read(self) -> None:
        """
        A privacy mark has its name and what shows of it.
        """
        assert self.policy.privacy_marks == (
            PrivacyMark(
                name="CLEAR",
                obsolete=True,
                markings=(Marking(codes=frozenset({"subject"}), phrase="clear"),),
                qualifiers=(Qualifier(place="", code="suffix", text="."),),
            ),
        )

    def test_origin_is_read_as_it_is_written(self) -> None:
        """
        What the file says of itself is kept.
        """
        assert self.policy.origin == Origin(
            created="20260629120000Z",
            originator="CN=TRIAL",
            key="00",
            privilege_id="2.25.1",
            rbac_id="2.25.1",
            user_reference="urn:x:users",
            document_reference="urn:x:rules",
        )

    def test_other_policies_are_read(self) -> None:
        """
        The policies that equivalences name are there with what they require; the default is not.
        """
        theirs = CategoryReference(tag_set="theirs", type=TagType.RESTRICTIVE, lacv="1")
        assert self.policy.equivalents == (
            EquivalentPolicy(
                name="OTHER",
                id="2.25.1.5",
                user_reference="urn:x:them",
                document_reference="their rules.xml",
                required=(Requirement(operation=Operation.ALL, groups=(theirs,)),),
            ),
        )

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

    @pytest.mark.parametrize("namespace", ["urn:xmlspif:spif:3.0", "http://www.xmlspif.org/spif/"])
    def test_another_namespace_is_refused(self, namespace: str) -> None:
        """
        A document of another namespace is another format.
        """
        with pytest.raises(MalformedError, match="root element"):
            spif.read(edited(f"http://www.xmlspif.org/spif => {namespace}"), lenient=True)

    def test_missing_namespace_is_forgiven_once(self) -> None:
        """
        A policy that has no namespace at all reads the same, and the fault is said once.
        """
        bare = edited("http://www.xmlspif.org/spif => ")
        with pytest.raises(MalformedError, match="root element"):
            spif.read(bare)
        policy = spif.read(bare, lenient=True)
        assert policy.faults == ("line 5: SPIF has no namespace",)
        assert policy.classifications == TestRead.policy.classifications
        assert policy.memberships == TestRead.policy.memberships

    def test_missing_schema_version_is_forgiven(self) -> None:
        """
        Without a version the file is held against 2.1, by a lenient reader only.
        """
        data = edited('schemaVersion="2.1" => ')
        with pytest.raises(MalformedError, match=r"none of 1\.0, 2\.0 and 2\.1"):
            spif.read(data)
        assert spif.read(data, lenient=True).faults == ("line 5: SPIF lacks @schemaVersion",)


TYPED = '<tagCategory name="N" lacv="1"/> => <tagCategory name="N" lacv="1" userInput="string"/>'


class TestUserInput:
    def test_typed_value_is_kept(self) -> None:
        """
        The place for it is there, with what is typed and how a date is written, and needs no number.
        """
        assert TestRead.policy.tag_sets[1].tags[3].categories == (
            TagCategory(name="N", lacv="1"),
            TagCategory(name="until", lacv="", user_input="date", date_format="YYYY-MM-DD"),
        )

    def test_typed_values_without_a_number_are_no_twins(self) -> None:
        """
        Two of them have nothing in common but that they need no number; a strict reader reads both.
        """
        value = '<tagCategory name="N" lacv="1"/>'
        policy = spif.read(edited(f'{value} => {value}<tagCategory name="from" lacv="" userInput="date"/>'))
        assert [each.lacv for each in policy.tag_sets[1].tags[3].categories] == ["1", "", ""]

    @pytest.mark.parametrize("kind", ["string", "integer", "date"])
    @pytest.mark.parametrize("policy_id", ["2.25.1.1", "1.3.26.1.3.1"])
    def test_label_cannot_name_a_typed_value(self, kind: str, policy_id: str) -> None:
        """
        A label that states its name is refused as one with an unknown value, in any case of letters.
        """
        changes = [TYPED.replace("string", kind), f"2.25.1.1 => {policy_id}"]
        policy = spif.read(edited(*changes))
        day = datetime(2026, 6, 29, tzinfo=UTC)
        for name in ("N", "n", "until", "UNTIL"):
            part = category("Mixed", N, [name])
            label = Label(policy_id=policy.id, classification="LOW", categories=(part,))
            faults = validate(policy, label, at=day)
            assert [(fault.code, fault.subject) for fault in faults] == [(FaultCode.VALUE_UNKNOWN, name)]
            assert policy.member(part, name) is None

    def test_value_beside_a_typed_one_still_counts(self) -> None:
        """
        Only the typed value is out of reach: the one beside it is valid on a label.
        """
        label = Label(policy="TRIAL", classification="LOW", categories=(category("Mixed", N, ["N"]),))
        day = datetime(2026, 6, 29, tzinfo=UTC)
        assert not validate(TestRead.policy, label, at=day)

    def test_mark_cannot_name_a_typed_value(self) -> None:
        """
        A typed mark that holds its name is not read.
        """
        assert parse_mark(TestRead.policy, "(LOW N)").categories
        with pytest.raises(MalformedError):
            parse_mark(TestRead.policy, "(LOW until)")
        with pytest.raises(MalformedError):
            parse_mark(spif.read(edited(TYPED)), "(LOW N)")

    def test_date_format_alone_makes_a_typed_value(self) -> None:
        """
        A lenient reader takes a value with a format for dates as typed, never as a name.
        """
        data = edited(TYPED.replace("userInput", "dateFormat"))
        with pytest.raises(MalformedError, match="has a @dateFormat without @userInput"):
            spif.read(data)
        policy = spif.read(data, lenient=True)
        assert policy.tag_sets[1].tags[3].categories[0].user_input == "date"
        assert ("Mixed", N) not in policy.fields

    def test_requirement_of_a_typed_value_is_never_met(self) -> None:
        """
        What wants a typed value beside it is refused on every label, and not let pass.
        """
        rule = '<requiredCategory operation="oneOrMore"><categoryGroup tagSetRef="Mixed" tagType="tagType7"'
        value = '<tagCategory name="S" lacv="s"/>'
        wanting = value.replace("/>", f'>{rule} all="true"/></requiredCategory></tagCategory>')
        policy = spif.read(edited(TYPED, f"{value} => {wanting}"))
        restrictive = category("Mixed", TagType.RESTRICTIVE, ["S"])
        label = Label(policy="TRIAL", classification="LOW", categories=(restrictive,))
        faults = validate(policy, label, at=datetime(2026, 6, 29, tzinfo=UTC))
        assert [fault.code for fault in faults] == [FaultCode.CATEGORY_REQUIRED]


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
    extension = {"any", "memberships", "membership", "member", "m"}
    assert set(re.findall(r"<(\w+)", WHOLE)) - extension == set(SHAPES)


# --- Published policies, where they are at hand


class TestPublishedPolicies:
    def test_nato_is_read_leniently(self) -> None:
        """
        The published NATO policy has thirteen faults, all of which are forgiven and listed.
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
        assert len(policy.faults) == 13

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
        assert "Releasable To Switzerland, Ukraine, Japan" in banner(policy, label)
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


class TestSchema:
    def test_policy_of_these_tests_is_valid(self) -> None:
        """
        What the tests start from is a valid document.
        """
        schema().assertValid(etree.fromstring(WHOLE.encode()))

    def test_what_is_read_strictly_is_valid(self) -> None:
        """
        Of some thousand policies with something broken, none is read that the schema refuses.
        """
        draw, valid, read = random.Random(21), schema(), 0
        # The published schema looks into extensions, the reader does not.
        whole = re.sub("<any .*</any>", "", WHOLE).encode()
        for index in range(3000):
            data = (mutated if index % 2 else reworded)(whole, draw)
            if refusal(spif.read, data) is None:
                read += 1
                assert valid.validate(etree.fromstring(data)), data
        assert read > 100

    def test_what_is_valid_is_read_strictly_or_is_not_clear(self) -> None:
        """
        Of valid documents none is refused but for a rule, or a group, that does not say one thing.
        """
        draw, valid, read = random.Random(22), schema(), 0
        whole = re.sub("<any .*</any>", "", WHOLE).encode()
        for _ in range(3000):
            data = reworded(whole, draw)
            try:
                if not valid.validate(etree.fromstring(data)):
                    continue
            except etree.XMLSyntaxError:
                continue
            error = refusal(spif.read, data)
            read += error is None
            for fault in () if error is None else error.faults:
                assert NOT_CLEAR.search(fault), fault
        assert read > 150


# Why a valid document is refused all the same: nobody could say what it means for a label, or a name
# in it is not the name that labels state.
NOT_CLEAR = re.compile(
    r"names a value that is not there, or there twice$|names a tag set that has no such values$"
    r"|has neither @lacv nor @all, read as all$|do not say how it decides$"
    r"|names a policy that is not there$|has a value of @lacv that the schema does not know$"
    r"|wants more values than it allows$|has white space around its|has the @lacv of another$"
    r"|says something else$|stands twice in its tag$|has 0 characters"
    r"|without @userInput, read as a date$|: (something other than )?member(ship)?s? "
)


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
