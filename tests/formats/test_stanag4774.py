# SPDX-License-Identifier: Apache-2.0

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from lxml import etree

from legation.errors import MalformedError
from legation.formats.stanag4774 import (
    CLEARANCE_NAMESPACE,
    LABEL_NAMESPACE,
    ROOTS,
    read_clearance,
    read_label,
    write_clearance,
)
from legation.formats.xml import SCHEMA_INSTANCE
from legation.labels import Category, Clearance, FaultCode, Label, TagType, category, gathered, validate
from tests.formats.hostile import mutated, refusal, reworded
from tests.formats.standards import standard
from tests.labels.exercise import EXERCISE, GRANTS, own

P, R, N = TagType.PERMISSIVE, TagType.RESTRICTIVE, TagType.INFORMATIVE

LABEL = f"""<?xml version="1.0" encoding="UTF-8"?>
<s:originatorConfidentialityLabel xmlns:s="{LABEL_NAMESPACE}" Id="a" ReviewDateTime="2029-04-01T09:00:00Z">
<s:ConfidentialityInformation>
<s:PolicyIdentifier URI="urn:oid:2.25.1">TRIAL</s:PolicyIdentifier>
<s:Classification>TOP SECRET</s:Classification>
<s:PrivacyMark>CLEAR</s:PrivacyMark>
<s:Category Type="PERMISSIVE" TagName="To" URI="urn:oid:2.25.2">
<s:GenericValue>KOR</s:GenericValue>
<s:GenericValue>JPN</s:GenericValue>
</s:Category>
<s:Category Type="RESTRICTIVE" TagName="Caveat"><s:GenericValue>HERON</s:GenericValue></s:Category>
</s:ConfidentialityInformation>
<s:OriginatorID IDType="rfc822Name">desk@example.test</s:OriginatorID>
<s:CreationDateTime>2026-06-29T12:00:00Z</s:CreationDateTime>
</s:originatorConfidentialityLabel>
"""

READ = Label(
    policy="TRIAL",
    policy_id="2.25.1",
    classification="TOP SECRET",
    categories=gathered(
        [category("To", P, ["KOR", "JPN"], tag_id="2.25.2"), category("Caveat", R, ["HERON"])]
    ),
)

CLEARANCE = f"""<c:ConfidentialityClearance xmlns:c="{CLEARANCE_NAMESPACE}" xmlns:s="{LABEL_NAMESPACE}">
<s:PolicyIdentifier URI="urn:oid:2.25.1">TRIAL</s:PolicyIdentifier>
<c:ClassificationList>
<s:Classification>SECRET</s:Classification>
<s:Classification>OPEN</s:Classification>
</c:ClassificationList>
<s:Category Type="PERMISSIVE" TagName="To"><s:GenericValue>KOR</s:GenericValue></s:Category>
</c:ConfidentialityClearance>
"""


LABEL_END = "</s:originatorConfidentialityLabel>"
INFORMATION_END = "</s:ConfidentialityInformation>"
CLEARANCE_END = "</c:ConfidentialityClearance>"
LIST_END = "</c:ClassificationList>"


def before(end: str, what: str) -> str:
    """
    The change that puts something before a tag.
    """
    return f"{end} => {what}{end}"


def edited(text: str, *changes: str) -> bytes:
    """
    A document with each "old => new" done, of which the old must be there.
    """
    for change in changes:
        old, _, new = change.partition(" => ")
        assert old in text, change
        text = text.replace(old, new, 1)
    return text.encode()


def to_list(label: Label) -> tuple[str, ...]:
    """
    The values of the list To.
    """
    (found,) = [part.values for part in label.categories if part.tag == "To"]
    return found


class TestReadLabel:
    def test_label_is_read(self) -> None:
        """
        Policy by name and identifier, classification, and lists with their types are there.
        """
        assert read_label(LABEL.encode()) == READ

    @pytest.mark.parametrize("root", sorted(ROOTS))
    def test_all_roots_are_read(self, root: str) -> None:
        """
        A label may be the originator's, an alternative, of metadata, or spelled as some programs do.
        """
        data = LABEL.replace("originatorConfidentialityLabel", root).encode()
        assert read_label(data) == READ

    def test_prefix_makes_no_difference(self) -> None:
        """
        The namespace counts, whatever it is called in the document.
        """
        assert (
            read_label(
                LABEL.replace("s:", "").replace("xmlns:s", "xmlns").replace("xmln=", "xmlns=").encode()
            )
            == READ
        )

    @pytest.mark.parametrize(
        "change",
        [
            "<s:CreationDateTime>2026-06-29T12:00:00Z</s:CreationDateTime>\n => ",
            '<s:OriginatorID IDType="rfc822Name">desk@example.test</s:OriginatorID>\n => ',
            "<s:PrivacyMark>CLEAR</s:PrivacyMark>\n => ",
            ' Id="a" ReviewDateTime="2029-04-01T09:00:00Z" => ',
            ' Id="a" =>  Id="a" ConfidentialityLabelVersion="1"',
            "<s:PolicyIdentifier => <!-- a --><s:PolicyIdentifier xml:lang='en'",
            ">TRIAL< => >\n TRIAL <",
            ">TOP SECRET< => >TOP\n  SECRET<",
            ">TOP SECRET< => >TOP <!-- a -->SECRET<",
            ">KOR< => > KOR\n<",
            'TagName="To" => TagName=" To "',
            "T12:00:00Z => T12:00:00.123+09:00",
        ],
    )
    def test_what_says_the_same_is_the_same_label(self, change: str) -> None:
        """
        What many documents lack, what is for people, and white space around values make no other label.
        """
        assert read_label(edited(LABEL, change)) == READ

    def test_parts_of_one_list_are_joined(self) -> None:
        """
        Several categories of one tag name and type are one list, of which one value is enough.
        """
        head = '<s:Category Type="PERMISSIVE" TagName="To" URI="urn:oid:2.25.2">'
        second = f"{head}<s:GenericValue>AUS</s:GenericValue></s:Category>"
        data = edited(LABEL, f'<s:Category Type="RESTRICTIVE" => {second}<s:Category Type="RESTRICTIVE"')
        assert to_list(read_label(data)) == ("AUS", "JPN", "KOR")

    def test_list_without_a_value_is_kept(self) -> None:
        """
        An empty list is not an absent one: it is read, and the decision refuses it.
        """
        data = re.sub("<s:GenericValue>(KOR|JPN)</s:GenericValue>\n", "", LABEL).encode()
        assert to_list(read_label(data)) == ()
        empty = Label(policy="EXERCISE", classification="SECRET", categories=(category("Context", P, []),))
        assert FaultCode.CATEGORY_EMPTY in {fault.code for fault in validate(EXERCISE, empty)}

    def test_policy_by_name_alone_is_read(self) -> None:
        """
        A label need not state the identifier of its policy.
        """
        assert read_label(edited(LABEL, ' URI="urn:oid:2.25.1" => ')).policy_id == ""


# Each of these could mean a restriction that a reader would drop, or is simply no label.
REFUSED = {
    "succession without a successor": before(LABEL_END, "<s:SuccessionHandling/>"),
    "successor in another place": "<s:CreationDateTime> => <s:SuccessionHandling/><s:CreationDateTime>",
    "type in small letters": 'Type="PERMISSIVE" => Type="permissive"',
    "unknown type": 'Type="PERMISSIVE" => Type="ENUMERATED"',
    "type with space": 'Type="PERMISSIVE" => Type=" PERMISSIVE"',
    "no type": 'Type="PERMISSIVE" => ',
    "attribute in small letters": 'Type="PERMISSIVE" TagName="To" => type="PERMISSIVE" TagName="To"',
    "attribute beside its like": 'URI="urn:oid:2.25.2" => URI="urn:oid:2.25.2" uri="urn:oid:2.25.3"',
    "qualified attribute beside its like": 'URI="urn:oid:2.25.2" => URI="urn:oid:2.25.2" s:URI="urn:oid:2.25.3"',
    "misspelled identifier": 'URI="urn:oid:2.25.1" => URL="urn:oid:2.25.1"',
    "type of XML Schema": f'TagName="To" => TagName="To" xmlns:x="{SCHEMA_INSTANCE}" x:type="a"',
    "qualified attribute": 'TagName="To" => s:TagName="To"',
    "no tag name": 'TagName="To" => ',
    "empty tag name": 'TagName="To" => TagName=" "',
    "integer value": "<s:GenericValue>KOR</s:GenericValue> => <s:IntegerValue>410</s:IntegerValue>",
    "bit string value": "<s:GenericValue>KOR</s:GenericValue> => <s:BitStringValue>101</s:BitStringValue>",
    "abstract value": "<s:GenericValue>KOR</s:GenericValue> => <s:CategoryValue>KOR</s:CategoryValue>",
    "unknown value element": "<s:GenericValue>KOR</s:GenericValue> => <s:Value>KOR</s:Value>",
    "value of another namespace": "<s:GenericValue>KOR</s:GenericValue> => <GenericValue>KOR</GenericValue>",
    "empty value": ">KOR< => ><",
    "value with an element": ">KOR< => >K<b/>OR<",
    "value with a line end": ">KOR< => >K\nOR<",
    "invisible character": ">KOR< => >KOR&#8203;<",
    "attribute of a value": "<s:GenericValue>KOR => <s:GenericValue not='true'>KOR",
    "text instead of values": "<s:GenericValue>KOR</s:GenericValue> => KOR",
    "list with and without a value": before(
        '<s:Category Type="RESTRICTIVE"', '<s:Category Type="PERMISSIVE" TagName="To" URI="urn:oid:2.25.2"/>'
    ),
    "identifier that is a name": 'URI="urn:oid:2.25.1" => URI="TRIAL"',
    "identifier of another kind": 'URI="urn:oid:2.25.1" => URI="urn:uuid:2.25.1"',
    "identifier in two spellings": 'URI="urn:oid:2.25.1" => URI="urn:oid:2.25.01"',
    "empty identifier": 'URI="urn:oid:2.25.1" => URI=""',
    "no policy": '<s:PolicyIdentifier URI="urn:oid:2.25.1">TRIAL</s:PolicyIdentifier>\n => ',
    "policy without a name": ">TRIAL< => > <",
    "policy twice": "<s:Classification> => <s:PolicyIdentifier>TRIAL</s:PolicyIdentifier><s:Classification>",
    "no classification": "<s:Classification>TOP SECRET</s:Classification>\n => ",
    "classification twice": "<s:PrivacyMark> => <s:Classification>OPEN</s:Classification><s:PrivacyMark>",
    "classification after lists": before(INFORMATION_END, "<s:Classification>OPEN</s:Classification>"),
    "information twice": "<s:OriginatorID => <s:ConfidentialityInformation/><s:OriginatorID",
    "attribute on the information": "<s:ConfidentialityInformation> => <s:ConfidentialityInformation Id='b'>",
    "extension of the information": before(INFORMATION_END, "<x:e xmlns:x='urn:x'/>"),
    "extension of the label": before(LABEL_END, "<x:e xmlns:x='urn:x'/>"),
    "unknown element": "<s:OriginatorID => <s:Palisade/><s:OriginatorID",
    "creation that is no time": "2026-06-29T12:00:00Z => yesterday",
    "creation on no day": "2026-06-29T12:00:00Z => 2026-13-29T12:00:00Z",
    "creation before all time in UTC": "2026-06-29T12:00:00Z => 0001-01-01T00:00:00+01:00",
    "creation after all time in UTC": "2026-06-29T12:00:00Z => 9999-12-31T23:59:59-01:00",
    "creation in no zone": "2026-06-29T12:00:00Z => 2026-06-29T12:00:00+14:30",
    "review that is no time": 'ReviewDateTime="2029-04-01T09:00:00Z" => ReviewDateTime="soon"',
    "type of XML Schema on the root": f' Id="a" =>  Id="a" xmlns:x="{SCHEMA_INSTANCE}" x:type="a"',
    "policy in its text and another in its address": ">TRIAL< => >urn:oid:2.25.9<",
    "stray text": "<s:OriginatorID => PALISADE<s:OriginatorID",
    "another namespace": f"{LABEL_NAMESPACE} => urn:nato:stanag:4774:confidentialityLabel:1:0",
    "no namespace": f'xmlns:s="{LABEL_NAMESPACE}" => xmlns:s="urn:x"',
}


class TestRefusedLabels:
    @pytest.mark.parametrize("name", REFUSED)
    def test_label_that_may_mean_more_is_refused(self, name: str) -> None:
        """
        What is not known is refused, and nothing of the content is repeated.
        """
        with pytest.raises(MalformedError) as caught:
            read_label(edited(LABEL, REFUSED[name]))
        assert "PALISADE" not in caught.value.message

    @pytest.mark.parametrize("root", sorted(ROOTS))
    def test_second_label_is_refused(self, root: str) -> None:
        """
        Two labels in one document leave open which counts, wherever the second hides.
        """
        second = f"<s:{root}/>"
        for change in (
            before(LABEL_END, second),
            f"<s:PrivacyMark>CLEAR => <s:PrivacyMark>{second}",
            before(LABEL_END, f"<e xmlns='urn:x'>{second}</e>"),
        ):
            with pytest.raises(MalformedError, match="second label"):
                read_label(edited(LABEL, change))

    def test_a_clearance_is_no_label(self) -> None:
        """
        The two formats share words and are not mistaken for one another.
        """
        with pytest.raises(MalformedError):
            read_label(CLEARANCE.encode())
        with pytest.raises(MalformedError):
            read_clearance(LABEL.encode())

    def test_refusal_names_element_and_line(self) -> None:
        """
        Who mends a document is told where to look.
        """
        with pytest.raises(MalformedError, match="Category at line 7 has a @Type that is none of"):
            read_label(edited(LABEL, REFUSED["unknown type"]))


class TestReadClearance:
    def test_clearance_is_read(self) -> None:
        """
        The list of classifications is what it says, in its order, and no hierarchy is added.
        """
        assert read_clearance(CLEARANCE.encode()) == Clearance(
            policy="TRIAL",
            policy_id="2.25.1",
            classifications=("SECRET", "OPEN"),
            categories=(category("To", P, ["KOR"]),),
        )

    @pytest.mark.parametrize(
        "change",
        [
            before(
                CLEARANCE_END,
                "<c:ConfidentialityClearanceExtensions>{}</c:ConfidentialityClearanceExtensions>",
            ),
            before(LIST_END, "<c:ClassificationListExtensions>{}</c:ClassificationListExtensions>"),
        ],
        ids=["of the clearance", "of the list"],
    )
    def test_extensions_do_not_widen(self, change: str) -> None:
        """
        Whatever an extension holds, more classifications and values too, the clearance is the same.
        """
        inside = (
            "<s:Classification>TOP SECRET</s:Classification><x xmlns='urn:x'>text</x>"
            '<s:Category Type="PERMISSIVE" TagName="To"><s:GenericValue>JPN</s:GenericValue></s:Category>'
        )
        data = edited(CLEARANCE, change.format(inside))
        assert read_clearance(data) == read_clearance(CLEARANCE.encode())

    @pytest.mark.parametrize(
        "change",
        [
            before(CLEARANCE_END, "<x:e xmlns:x='urn:x'/>"),
            before(CLEARANCE_END, "<s:Classification>TOP SECRET</s:Classification>"),
            before(CLEARANCE_END, "<c:Extension/>"),
            "<c:ClassificationList> => <c:ConfidentialityClearanceExtensions/><c:ClassificationList>",
            before(LIST_END, "<x:e xmlns:x='urn:x'/>"),
            f"{LIST_END} => {LIST_END}<c:ClassificationList><s:Classification>A</s:Classification>{LIST_END}",
            "<s:Classification>SECRET</s:Classification>\n<s:Classification>OPEN</s:Classification>\n => ",
            "<s:Classification>SECRET</s:Classification> => <c:Classification>SECRET</c:Classification>",
            f"<c:ClassificationList> => <s:ClassificationList>; {LIST_END} => </s:ClassificationList>",
            "<c:ClassificationList> => <c:ClassificationList all='true'>",
            '<s:PolicyIdentifier URI="urn:oid:2.25.1">TRIAL</s:PolicyIdentifier>\n => ',
            'Type="PERMISSIVE" => Type="permissive"',
            f"{CLEARANCE_NAMESPACE} => urn:nato:stanag:4774:confidentialityclearance:1:1",
            f"<c:ConfidentialityClearance  => <c:Clearance ; {CLEARANCE_END} => </c:Clearance>",
            "<s:GenericValue>KOR => <s:GenericValue not='true'>KOR",
        ],
    )
    def test_clearance_with_what_is_not_known_is_refused(self, change: str) -> None:
        """
        A clearance is read as it is defined, or not at all.
        """
        with pytest.raises(MalformedError) as caught:
            read_clearance(edited(CLEARANCE, *change.split("; ")))
        assert "well-formed" not in caught.value.message


# --- Writing


NAMES = some.text(
    some.characters(codec="utf-8", categories=("Lu", "Ll", "Lo", "Nd", "Pd", "Sm")), min_size=1, max_size=12
).filter(lambda name: refusal(lambda _: category("To", P, [name]), b"") is None)
CATEGORIES = some.builds(
    category,
    NAMES,
    some.sampled_from(TagType),
    some.lists(NAMES, max_size=4),
    tag_id=some.sampled_from(["", "2.25.3"]),
)


class TestWriteClearance:
    @pytest.mark.parametrize("clearance", [*GRANTS.values(), own("KOR"), own("JPN", "OPEN")])
    def test_clearances_of_the_stories_come_back(self, clearance: Clearance) -> None:
        """
        What is written is read as what it was.
        """
        assert read_clearance(write_clearance(clearance)) == clearance

    @settings(deadline=None)
    @given(NAMES, some.lists(NAMES, min_size=1, max_size=4, unique=True), some.lists(CATEGORIES, max_size=4))
    def test_any_clearance_comes_back(self, policy: str, levels: list[str], parts: list[Category]) -> None:
        """
        Names in any script, lists with and without values: the document says just that.
        """
        clearance = Clearance(
            policy=policy, policy_id="2.25.1", classifications=tuple(levels), categories=gathered(parts)
        )
        assert read_clearance(write_clearance(clearance)) == clearance

    def test_document_is_fit_to_read(self) -> None:
        """
        A clearance is written once and the same, one element a line.
        """
        data = write_clearance(GRANTS["AUS"])
        assert data == write_clearance(GRANTS["AUS"])
        assert data.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<sclr:ConfidentialityClearance ")
        assert (
            b'\n  <slab:Category Type="PERMISSIVE" TagName="Context">\n    <slab:GenericValue>Releasable<'
            in data
        )

    def test_parts_are_those_of_the_label_schema(self) -> None:
        """
        Its policy, classifications and lists are valid parts of a label, which the clearance borrows.
        """
        schema = etree.XMLSchema(etree.fromstring(standard("nl-cl.xsd")))
        clearance = etree.fromstring(write_clearance(GRANTS["KOR"]))
        label = etree.Element(f"{{{LABEL_NAMESPACE}}}ConfidentialityLabel")
        information = etree.SubElement(label, f"{{{LABEL_NAMESPACE}}}ConfidentialityInformation")
        information.append(clearance[0])
        information.append(clearance[0][0])
        information.extend(list(clearance)[1:])
        etree.SubElement(label, f"{{{LABEL_NAMESPACE}}}CreationDateTime").text = "2026-06-29T12:00:00Z"
        schema.assertValid(label)

    @pytest.mark.parametrize(
        "changes",
        [
            {"not_after": datetime(2026, 12, 31, tzinfo=UTC)},
            {"not_before": datetime(2026, 1, 1, tzinfo=UTC)},
            {"policy": ""},
            {"classifications": ()},
            {"classifications": ("TOP  SECRET",)},
            {"policy_id": "TRIAL"},
            {"categories": (category("To", P, ["KOR"], tag_id="Releasable To"),)},
        ],
    )
    def test_what_the_document_cannot_say_is_not_written(self, changes: dict[str, object]) -> None:
        """
        A clearance that would lose its bounds, or come back as another, is refused.
        """
        with pytest.raises(MalformedError):
            write_clearance(msgspec.structs.replace(GRANTS["KOR"], **changes))


class TestSchema:
    def test_label_of_these_tests_is_valid(self) -> None:
        """
        What the tests start from is valid by the published schema.
        """
        etree.XMLSchema(etree.fromstring(standard("nl-cl.xsd"))).assertValid(etree.fromstring(LABEL.encode()))

    def test_what_is_read_is_valid_but_for_what_is_tolerated(self) -> None:
        """
        Of some thousand labels with something broken, those that are read are valid as they stand.
        """
        schema = etree.XMLSchema(etree.fromstring(standard("nl-cl.xsd")))
        draw, read = random.Random(4), 0
        for index in range(2000):
            data = (mutated if index % 2 else reworded)(LABEL.encode(), draw)
            # What is read is what decides: origin and dates are passed over, as some documents need it.
            if refusal(read_label, data) is None:
                read += 1
                label = etree.fromstring(data)
                label.attrib.clear()
                for child in list(label)[1:]:
                    label.remove(child)
                etree.SubElement(
                    label, f"{{{LABEL_NAMESPACE}}}CreationDateTime"
                ).text = "2026-06-29T12:00:00Z"
                schema.assertValid(label)
        assert read > 200


class TestBrokenDocuments:
    @pytest.mark.parametrize("breaking", [mutated, reworded])
    @pytest.mark.parametrize(
        ("whole", "read"),
        [(LABEL, read_label), (CLEARANCE, read_clearance)],
        ids=["label", "clearance"],
    )
    def test_broken_documents_are_read_or_refused(
        self,
        whole: str,
        read: Callable[[bytes], object],
        breaking: Callable[[bytes, random.Random], bytes],
    ) -> None:
        """
        Of 2,000 documents with something broken, each is read or refused with one kind of error.
        """
        draw, count = random.Random(5), 0
        for _ in range(2000):
            count += refusal(read, breaking(whole.encode(), draw)) is None
        assert 50 < count < 1950

    @given(some.binary(max_size=300))
    def test_any_bytes_are_refused(self, data: bytes) -> None:
        """
        Bytes by chance are no label and no clearance.
        """
        assert refusal(read_label, data) is not None
        assert refusal(read_clearance, data) is not None
