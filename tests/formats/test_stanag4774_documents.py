# SPDX-License-Identifier: Apache-2.0

import re
import time
from datetime import UTC, datetime

import msgspec
import pytest

from legation.errors import MalformedError
from legation.formats.stanag4774 import (
    LABEL_NAMESPACE,
    IDType,
    LabelDocument,
    OriginatorID,
    Role,
    choose,
    read_document,
    read_label,
)
from legation.formats.stanag4774_parts import FAULTS_MAX
from legation.formats.xml import SCHEMA_INSTANCE
from legation.labels import Label, Succession
from legation.labels.label import SUCCESSORS_MAX
from tests.formats.hostile import CPU_S_MAX, cpu_s
from tests.formats.standards import standard
from tests.formats.test_stanag4774 import LABEL, LABEL_END, READ, before, edited
from tests.labels.exercise import EXERCISE

LATER = datetime(2030, 1, 1, tzinfo=UTC)
REVIEW = datetime(2029, 4, 1, 9, tzinfo=UTC)


def information(classification: str = "OPEN", policy: str = "TRIAL") -> str:
    """
    What a small label says.
    """
    return (
        f"<s:ConfidentialityInformation><s:PolicyIdentifier>{policy}</s:PolicyIdentifier>"
        f"<s:Classification>{classification}</s:Classification></s:ConfidentialityInformation>"
        "<s:CreationDateTime>2026-06-29T12:00:00Z</s:CreationDateTime>"
    )


def succession(at: str = "2030-01-01T00:00:00Z", inside: str = "", *, more: str = "") -> str:
    """
    A succession to a small label, which may hold another succession.
    """
    return (
        f"<s:SuccessionHandling><s:SuccessionDateTime>{at}</s:SuccessionDateTime>"
        f"<s:SuccessorConfidentialityLabel>{information()}{inside}</s:SuccessorConfidentialityLabel>"
        f"{more}</s:SuccessionHandling>"
    )


def with_succession(what: str) -> bytes:
    """
    The label of these tests, with a succession.
    """
    return edited(LABEL, before(LABEL_END, what))


class TestReadDocument:
    def test_all_that_stands_around_a_label_is_read(self) -> None:
        """
        Role, Id, originator, dates and privacy mark are there beside the label.
        """
        found = read_document(LABEL.encode())
        assert found.label == READ
        assert (found.role, found.id, found.privacy_mark) == (Role.ORIGINATOR, "a", "CLEAR")
        assert found.originator == OriginatorID(value="desk@example.test", type=IDType.RFC822_NAME)
        assert found.created == datetime(2026, 6, 29, 12, tzinfo=UTC)
        assert found.review_at == REVIEW

    def test_a_label_that_conforms_has_no_fault(self) -> None:
        """
        Nothing is said of a document as the standard wants it.
        """
        conforming = edited(LABEL, "<s:PrivacyMark>CLEAR</s:PrivacyMark>\n => ")
        assert read_document(conforming).faults == ()

    @pytest.mark.parametrize(
        ("root", "role"),
        [
            ("originatorConfidentialityLabel", Role.ORIGINATOR),
            ("alternativeConfidentialityLabel", Role.ALTERNATIVE),
            ("metadataConfidentialityLabel", Role.METADATA),
            ("ConfidentialityLabel", Role.LEGACY),
            ("OriginatorConfidentialityLabel", Role.ORIGINATOR),
        ],
    )
    def test_the_root_says_whose_label_it_is(self, root: str, role: Role) -> None:
        """
        Each root element is a role; the misspelled one is the originator's.
        """
        data = LABEL.replace("originatorConfidentialityLabel", root).encode()
        assert read_document(data).role is role

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ("s:originatorC => s:OriginatorC; </s:originatorC => </s:OriginatorC", "small o"),
            ("s:originatorC => s:C; </s:originatorC => </s:C", "does not say whose"),
            ("<s:CreationDateTime>2026-06-29T12:00:00Z</s:CreationDateTime>\n => ", "lacks CreationDateTime"),
            (' ReviewDateTime="2029-04-01T09:00:00Z" => ', "lacks @ReviewDateTime"),
            ("<s:Classification> => <s:Classification URI='urn:oid:2.25.1'>", "has a @URI"),
            ("T12:00:00Z< => T12:00:00<", "CreationDateTime has no time zone"),
            ("T09:00:00Z => T09:00:00", "@ReviewDateTime without a time zone"),
            (">TRIAL< => >urn:oid:2.25.1<", "holds a URN"),
            (f">TRIAL< => >{LABEL_NAMESPACE}<", "holds a URN"),
            ('IDType="rfc822Name" => IDType="mail"', "no @IDType"),
            (' IDType="rfc822Name" => ', "no @IDType"),
            (">desk@example.test< => ><", "OriginatorID is empty"),
            (">CLEAR< => >CL&#8203;EAR<", "PrivacyMark is empty, too long, or not printable"),
            (' Id="a" =>  Id="a" ConfidentialityLabelVersion="1"', "@ConfidentialityLabelVersion"),
        ],
    )
    def test_what_does_not_conform_and_decides_nothing_is_listed(self, change: str, fault: str) -> None:
        """
        The document is read, and what is wrong with it is said with its line.
        """
        found = read_document(edited(LABEL, *change.split("; ")))
        assert (found.label.classification, found.label.categories) == (READ.classification, READ.categories)
        listed = [each for each in found.faults if fault in each]
        assert len(listed) == 1
        assert listed[0].startswith("line ")

    def test_a_privacy_mark_is_listed_and_decides_nothing(self) -> None:
        """
        It stands in old documents, is for people, and leaves the label as it is.
        """
        found = read_document(LABEL.encode())
        assert [each for each in found.faults if "PrivacyMark" in each]
        assert read_label(edited(LABEL, ">CLEAR< => >ANYTHING<")) == READ

    def test_a_date_without_a_zone_is_no_instant(self) -> None:
        """
        What is another instant at every post is not passed on as one.
        """
        found = read_document(edited(LABEL, "T12:00:00Z< => T12:00:00<", "T09:00:00Z => T09:00:00"))
        assert (found.created, found.review_at) == (None, None)

    def test_a_policy_named_by_its_identifier_alone_is_that_policy(self) -> None:
        """
        A urn:oid in the place of the name leaves nothing open; another URN is a name nobody has.
        """
        exact = read_document(edited(LABEL, ">TRIAL< => >urn:oid:2.25.1<")).label
        assert (exact.policy_id, exact.policy) == ("2.25.1", "")
        alone = edited(LABEL, ' URI="urn:oid:2.25.1">TRIAL< => >urn:oid:2.25.1<')
        assert read_document(alone).label.policy_id == "2.25.1"
        named = edited(LABEL, ' URI="urn:oid:2.25.1">TRIAL< => >URN:OID:2.25.1<')
        assert (read_document(named).label.policy_id, read_document(named).label.policy) == (
            "",
            "URN:OID:2.25.1",
        )

    def test_the_example_in_the_published_schema_is_read(self) -> None:
        """
        The label that the schema carries of itself, once it is put into its namespace.
        """
        text = standard("nl-cl.xsd").decode()
        example = re.search("<ConfidentialityLabel .*</ConfidentialityLabel>", text, re.DOTALL)
        assert example is not None
        data = example[0].replace(
            "<ConfidentialityLabel ", f'<ConfidentialityLabel xmlns="{LABEL_NAMESPACE}" ', 1
        )
        found = read_document(data.encode())
        assert (found.role, found.label.policy, found.label.classification) == (
            Role.LEGACY,
            "PUBLIC",
            "UNMARKED",
        )
        assert found.review_at == REVIEW
        assert len(found.faults) == 1

    @pytest.mark.parametrize("value", ["", "a\nb", "a\u202eb", "a" * 1025])
    def test_an_originator_is_a_text_that_can_be_shown(self, value: str) -> None:
        """
        What could move the cursor, turn the line, or fill the screen is no originator.
        """
        with pytest.raises(MalformedError):
            OriginatorID(value=value, type=IDType.JID)


class TestSuccession:
    def test_a_successor_is_read(self) -> None:
        """
        The label holds what it becomes, when, and its own review date.
        """
        found = read_document(with_succession(succession()))
        later = Succession(at=LATER, label=Label(policy="TRIAL", classification="OPEN"), review_at=REVIEW)
        assert found.label == msgspec.structs.replace(READ, succession=later)
        assert [each for each in found.faults if "PrivacyMark" not in each] == []

    def test_no_review_date_is_wanted_where_a_successor_waits(self) -> None:
        """
        The text asks for a review date only where there is no succession.
        """
        data = edited(
            with_succession(succession()).decode(), ' Id="a" ReviewDateTime="2029-04-01T09:00:00Z" => '
        )
        found = read_document(data)
        assert found.review_at is None
        assert found.label.succession is not None
        assert found.label.succession.review_at is None
        assert not [each for each in found.faults if "Review" in each]

    def test_an_offset_is_the_same_instant(self) -> None:
        """
        A date is compared as an instant, wherever it was written.
        """
        found = read_label(with_succession(succession("2030-01-01T09:00:00+09:00")))
        assert found.succession is not None
        assert found.succession.at == LATER

    def test_successors_have_successors_up_to_a_limit(self) -> None:
        """
        As many as a label may have are read, one more is refused.
        """
        inside = ""
        for _ in range(SUCCESSORS_MAX):
            inside = succession(inside=inside)
        depth, label = 0, read_label(with_succession(inside))
        while label.succession is not None:
            depth, label = depth + 1, label.succession.label
        assert depth == SUCCESSORS_MAX
        with pytest.raises(MalformedError, match="successor"):
            read_label(with_succession(succession(inside=inside)))

    def test_a_successor_that_never_begins_is_listed(self) -> None:
        """
        A successor's own succession before it begins is odd, and said.
        """
        data = with_succession(succession(inside=succession("2029-01-01T00:00:00Z")))
        assert [each for each in read_document(data).faults if "before it begins" in each]

    @pytest.mark.parametrize(
        "what",
        [
            succession("2030-01-01T00:00:00"),
            succession("2030-01-01"),
            succession("2030-02-30T00:00:00Z"),
            succession("12030-01-01T00:00:00Z"),
            succession(more="<x:condition xmlns:x='urn:x'/>"),
            succession(more="<s:SuccessorConfidentialityLabel/>"),
            succession() + succession(),
            succession()
            .replace("<s:SuccessorC", "<s:SuccessorC ", 1)
            .replace("Label>", "Label when='x'>", 1),
            succession().replace(
                "<s:SuccessorConfidentialityLabel>", "<s:SuccessorConfidentialityLabel Id='b'>"
            ),
            succession().replace(
                "<s:SuccessorConfidentialityLabel>",
                "<s:SuccessorConfidentialityLabel ReviewDateTime='2028-01-01T00:00:00Z'>",
            ),
            succession().replace("<s:SuccessionHandling>", "<s:SuccessionHandling if='x'>"),
            succession().replace("SuccessorConfidentialityLabel", "originatorConfidentialityLabel"),
            re.sub("<s:SuccessorC.*</s:SuccessorC[a-zA-Z]*>", "", succession()),
            f"<s:SuccessorConfidentialityLabel>{information()}</s:SuccessorConfidentialityLabel>",
        ],
    )
    def test_a_succession_that_is_not_clear_is_refused(self, what: str) -> None:
        """
        When a label falls must be beyond doubt: no date without a zone, no condition, no second one.
        """
        with pytest.raises(MalformedError):
            read_label(with_succession(what))

    @pytest.mark.parametrize(
        "change",
        [
            "T09:00:00Z => T09:00:00",
            'ReviewDateTime="2029-04-01T09:00:00Z" => reviewDateTime="2029-04-01T09:00:00Z"',
            ' Id="a" =>  Id="a" ConfidentialityLabelVersion="1"',
        ],
    )
    def test_where_a_successor_waits_the_review_date_must_be_clear(self, change: str) -> None:
        """
        There it can decide, so it has a zone, and no attribute may be it in another spelling.
        """
        whole = with_succession(succession()).decode()
        read_label(whole.encode())
        with pytest.raises(MalformedError):
            read_label(edited(whole, change))
        read_label(edited(LABEL, change))


def document(role: Role, policy: str, classification: str = "SECRET") -> LabelDocument:
    """
    A label of a role under a policy.
    """
    return LabelDocument(role=role, label=Label(policy=policy, classification=classification))


OURS = document(Role.ORIGINATOR, "EXERCISE")
THEIRS = document(Role.ORIGINATOR, "OTHER")
MAPPED = document(Role.ALTERNATIVE, "EXERCISE", "LIMITED")
AGAIN = document(Role.ALTERNATIVE, "EXERCISE", "OPEN")
ELSEWHERE = document(Role.ALTERNATIVE, "THIRD", "OPEN")
OF_METADATA = document(Role.METADATA, "EXERCISE", "OPEN")


class TestChoose:
    @pytest.mark.parametrize(
        ("labels", "chosen"),
        [
            ([OURS], OURS),
            ([MAPPED, OURS], OURS),
            ([THEIRS, ELSEWHERE, MAPPED, AGAIN], MAPPED),
            ([THEIRS, ELSEWHERE], None),
            ([THEIRS], None),
            ([MAPPED], None),
            ([OF_METADATA], None),
            ([THEIRS, OF_METADATA], None),
            ([document(Role.LEGACY, "EXERCISE")], document(Role.LEGACY, "EXERCISE")),
            ([], None),
        ],
    )
    def test_the_originators_label_else_the_first_equivalent(
        self, labels: list[LabelDocument], chosen: LabelDocument | None
    ) -> None:
        """
        A consumer goes by the originator's label under its own policy, else by the first equivalent.
        """
        assert choose(labels, EXERCISE) == chosen

    def test_two_labels_of_the_originator_are_refused(self) -> None:
        """
        Which counts is open; twice the same leaves nothing open.
        """
        assert choose([OURS, OURS], EXERCISE) == OURS
        with pytest.raises(MalformedError, match="originator"):
            choose([OURS, document(Role.LEGACY, "EXERCISE", "OPEN")], EXERCISE)

    def test_the_policy_must_fit_by_name_and_identifier(self) -> None:
        """
        A label with our name and another's identifier is another's.
        """
        label = Label(policy="EXERCISE", policy_id="2.25.1", classification="OPEN")
        assert choose([LabelDocument(role=Role.ORIGINATOR, label=label)], EXERCISE) is None


class TestManyFaults:
    def test_no_more_faults_are_listed_than_anybody_reads(self) -> None:
        """
        A document of nothing but faults is read in time, and its list ends with a word on that.
        """
        attributes = " ".join(f'a{index}="1"' for index in range(7000))
        data = edited(LABEL, f' Id="a" =>  Id="a" {attributes}')
        found = read_document(data)
        assert len(found.faults) == FAULTS_MAX + 1
        assert "may be more" in found.faults[-1]
        assert cpu_s(lambda: read_document(data)) < CPU_S_MAX
        typed = edited(LABEL, f' Id="a" =>  Id="a" {attributes} xmlns:x="{SCHEMA_INSTANCE}" x:type="a"')
        with pytest.raises(MalformedError, match="@type"):
            read_document(typed)


class TestHostileSuccessions:
    def test_a_chain_of_successors_is_refused_at_once(self) -> None:
        """
        As deep as the parser lets anything be, the refusal is quick.
        """
        inside = ""
        for _ in range(12):
            inside = succession(inside=inside)
        data = with_succession(inside)

        def refuse() -> None:
            with pytest.raises(MalformedError):
                read_label(data)

        assert cpu_s(refuse) < CPU_S_MAX

    def test_many_successions_beside_one_another_are_refused_at_once(self) -> None:
        """
        The second is one too many, however many there are.
        """
        data = with_succession(succession() * 400)
        begin = time.process_time()
        with pytest.raises(MalformedError):
            read_label(data)
        assert time.process_time() - begin < CPU_S_MAX * 2
