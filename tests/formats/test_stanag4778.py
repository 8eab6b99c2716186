# SPDX-License-Identifier: Apache-2.0

import random
import re
from collections.abc import Callable
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as some
from lxml import etree

from legation.errors import MalformedError
from legation.formats.stanag4774 import LABEL_NAMESPACE, Role
from legation.formats.stanag4778 import (
    BINDING_NAMESPACE,
    PROFILES,
    BindingInformation,
    DataObject,
    read,
)
from tests.formats.hostile import CPU_S_MAX, HOSTILE, cpu_s, mutated, refusal, reworded
from tests.formats.standards import standard

Breaking: TypeAlias = Callable[[bytes, random.Random], bytes]

SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
LABEL = f"""<s:originatorConfidentialityLabel xmlns:s="{LABEL_NAMESPACE}" ReviewDateTime="2029-04-01T09:00:00Z">
<s:ConfidentialityInformation><s:PolicyIdentifier>TRIAL</s:PolicyIdentifier>
<s:Classification>SECRET</s:Classification></s:ConfidentialityInformation>
<s:CreationDateTime>2026-06-29T12:00:00Z</s:CreationDateTime>
</s:originatorConfidentialityLabel>"""
ALTERNATIVE = LABEL.replace("originatorC", "alternativeC").replace("TRIAL", "THIRD")
BINDING = f"""<mb:BindingInformation xmlns:mb="{BINDING_NAMESPACE}" xmlns:xmime="http://www.w3.org/2005/05/xmlmime"
 xmlns:ext="urn:nato:stanag:4778:bindinginformation:extensions:1:0" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"
 ext:profile="urn:nato:stanag:4778:profile:sidecar:1:2">
<mb:MetadataBindingContainer>
<mb:MetadataBinding Id="b">
<mb:Metadata>{LABEL}</mb:Metadata>
<mb:Metadata>{ALTERNATIVE}</mb:Metadata>
<mb:Metadata><n:Title xmlns:n="urn:nato:stanag:5636:A:1:elements">A title</n:Title></mb:Metadata>
<mb:MetadataReference URI="https://node.example.test/metadata"/>
<mb:DataReference URI="./report.pdf" xmime:contentType="application/pdf"/>
</mb:MetadataBinding>
<ds:Manifest>
<ds:Reference URI="./report.pdf">
<ds:DigestMethod Algorithm="{SHA384}"/>
<ds:DigestValue>OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb</ds:DigestValue>
</ds:Reference>
</ds:Manifest>
</mb:MetadataBindingContainer>
</mb:BindingInformation>
"""
SIGNATURE = "<ds:Signature><ds:SignedInfo/></ds:Signature>"
CONTAINER = "<mb:MetadataBindingContainer>"
CONTAINER_END = "</mb:MetadataBindingContainer>"
BINDING_END = "</mb:MetadataBinding>"
END = "</mb:BindingInformation>"
REFERENCE = '<mb:DataReference URI="./report.pdf" xmime:contentType="application/pdf"/>'


def changed(*changes: tuple[str, str]) -> bytes:
    """
    The binding of these tests with some things changed, each of which must be there.
    """
    text = BINDING
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text.encode()


class TestRead:
    def test_a_binding_is_read(self) -> None:
        """
        Labels with their roles, other metadata by name, data with their type, the digest, the profile.
        """
        found = read(BINDING.encode())
        (binding,) = found.bindings
        assert [(each.role, each.label.policy) for each in binding.labels] == [
            (Role.ORIGINATOR, "TRIAL"),
            (Role.ALTERNATIVE, "THIRD"),
        ]
        assert binding.id == "b"
        assert binding.other_metadata == ("Title", "https://node.example.test/metadata")
        assert binding.data == (DataObject(uri="./report.pdf", content_type="application/pdf"),)
        assert [(each.uri, each.algorithm, len(each.value)) for each in found.digests] == [
            ("./report.pdf", "sha384", 48)
        ]
        assert PROFILES[found.profile] == "sidecar file"
        assert (found.signatures, found.faults) == (0, ())

    def test_all_metadata_of_a_binding_hold_for_all_its_data(self) -> None:
        """
        Whatever URI of it is asked for has the same labels; another has none.
        """
        found = read(changed((REFERENCE, f'{REFERENCE}<mb:DataReference URI=""/>')))
        assert found.labels_of({""}) == found.labels_of({"./report.pdf"}) == found.bindings[0].labels
        assert found.labels_of({"./other.pdf"}) == ()

    def test_a_label_of_a_part_is_not_that_of_the_whole(self) -> None:
        """
        Data behind a transform are a part of what the URI names, or another form of it.
        """
        part = '<mb:DataReference URI="./report.pdf"><ds:Transforms/></mb:DataReference>'
        found = read(changed((REFERENCE, part)))
        assert found.bindings[0].data[0].is_transformed
        assert found.labels_of({"./report.pdf"}) == ()

    def test_bindings_of_several_containers_are_read(self) -> None:
        """
        Each keeps its own labels and data, in the order of the document.
        """
        second = (
            f"{CONTAINER}<mb:MetadataBinding><mb:Metadata>{ALTERNATIVE}</mb:Metadata>"
            f'<mb:DataReference URI="#b"/>{BINDING_END}{CONTAINER_END}'
        )
        found = read(changed((END, second + END)))
        assert [len(each.labels) for each in found.bindings] == [2, 1]
        assert [each.data[0].uri for each in found.bindings] == ["./report.pdf", "#b"]

    def test_embedded_data_are_named_and_not_looked_into(self) -> None:
        """
        What an encapsulating binding carries is known by its element.
        """
        found = read(changed((REFERENCE, "<mb:Data><html xmlns='urn:x'><p>text</p></html></mb:Data>")))
        assert found.bindings[0].data == (DataObject(uri=None, element="html"),)

    def test_signatures_are_counted_and_not_checked(self) -> None:
        """
        A signature that is nothing is counted like any other: nothing here relies on one.
        """
        assert read(changed((CONTAINER, SIGNATURE * 2 + CONTAINER))).signatures == 2

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ((END, "<x:e xmlns:x='urn:x'/>" + END), "extension"),
            ((CONTAINER_END, "<x:e xmlns:x='urn:x'/>" + CONTAINER_END), "extension"),
            (("profile:sidecar:1:2", "profile:sidecar:9:9"), "profile that is not known"),
            ((SHA384, "http://www.w3.org/2000/09/xmldsig#sha1"), "not allowed"),
            (("<ds:DigestMethod", "<ds:Transforms/><ds:DigestMethod"), "not allowed"),
            (('<ds:Reference URI="./report.pdf">', "<ds:Reference>"), "not allowed"),
            (("<mb:Metadata>", "<x:VisualMarking xmlns:x='urn:x'/><mb:Metadata>"), "VisualMarking"),
            (("2026-06-29T12:00:00Z", "2026-06-29T12:00:00"), "CreationDateTime has no time zone"),
        ],
    )
    def test_what_is_not_read_or_does_not_conform_is_listed(
        self, change: tuple[str, str], fault: str
    ) -> None:
        """
        An extension, a profile, a digest that is not allowed, a fault of a label: each is said.
        """
        found = read(changed(change))
        assert [each for each in found.faults if fault in each]
        assert len(found.labels_of({"./report.pdf"})) == 2

    def test_a_digest_that_is_not_allowed_is_none(self) -> None:
        """
        SHA-1 and MD5 prove nothing, so it is as if nothing stood there.
        """
        for algorithm in ("http://www.w3.org/2000/09/xmldsig#sha1", "urn:x", ""):
            assert read(changed((SHA384, algorithm))).digests == ()

    def test_the_example_in_the_published_schema_is_read(self) -> None:
        """
        The schema binds itself to its own label; the label of its metadata, in an extension, is not read.
        """
        text = standard("nl-mb.xsd").decode()
        example = re.search(
            r"<s4778:BindingInformation\s.*?</s5636bp:BindingInformationContainer>", text, re.DOTALL
        )
        assert example is not None
        declared = 'xmlns:xsi="urn:x" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
        data = example[0].replace("<s4778:BindingInformation", f"<s4778:BindingInformation {declared}", 1)
        found = read(f"{data}</s4778:BindingInformation>".encode())
        assert PROFILES[found.profile] == "XML schema"
        (label,) = found.labels_of({""})
        assert (label.label.policy, label.label.classification) == ("PUBLIC", "UNMARKED")
        assert len(found.bindings[0].other_metadata) == 5
        assert [each for each in found.faults if "BindingInformationContainer" in each]


REFUSED = {
    "two labels in one metadata": (f"{LABEL}</mb:Metadata>", f"{LABEL}{ALTERNATIVE}</mb:Metadata>"),
    "two labels of the originator": (ALTERNATIVE, LABEL),
    "legacy label beside the originator's": (ALTERNATIVE, ALTERNATIVE.replace("alternativeC", "C")),
    "label inside other metadata": ("A title", f"A title{ALTERNATIVE}"),
    "label inside a label": ("SECRET<", f"SECRET{ALTERNATIVE}<"),
    "label behind the bindings": (END, ALTERNATIVE + END),
    "label behind a binding": (CONTAINER_END, ALTERNATIVE + CONTAINER_END),
    "label that is refused alone": (">SECRET<", "><"),
    "metadata of nothing": (f"<mb:Metadata>{LABEL}</mb:Metadata>", "<mb:Metadata/>"),
    "metadata with text": (f"<mb:Metadata>{LABEL}", f"<mb:Metadata>OPEN{LABEL}"),
    "metadata of text": (f"<mb:Metadata>{LABEL}</mb:Metadata>", "<mb:Metadata>OPEN</mb:Metadata>"),
    "data of nothing": (REFERENCE, "<mb:Data/>"),
    "data of two": (REFERENCE, "<mb:Data><a/><b/></mb:Data>"),
    "no data": (REFERENCE, ""),
    "no metadata": (f"<mb:Metadata>{LABEL}</mb:Metadata>", REFERENCE),
    "metadata behind data": (REFERENCE, f"{REFERENCE}<mb:Metadata>{ALTERNATIVE}</mb:Metadata>"),
    "data without an address": ('URI="./report.pdf" xmime', "xmime"),
    "address that is too long": ('"./report.pdf" xmime', f'"./{"a" * 3000}" xmime'),
    "address that is not printable": ('"./report.pdf" xmime', '"./a&#x202E;" xmime'),
    "digest in the place of data": (REFERENCE, f"{REFERENCE[:-2]}><ds:DigestValue/></mb:DataReference>"),
    "signature behind": (END, SIGNATURE.replace("ds:Signature", "mb:Signature") + END),
    "signature inside": (BINDING_END, SIGNATURE + BINDING_END),
    "many signatures": (CONTAINER, SIGNATURE * 40 + CONTAINER),
    "binding outside a container": (END, f"<mb:MetadataBinding/>{END}"),
    "element without a namespace": (END, f"<e/>{END}"),
    "stray text": (CONTAINER_END, f"PALISADE{CONTAINER_END}"),
    "digest of another length": ("OLBgp1Gs", "OLBg"),
    "digest that is no base64": ("OLBgp1Gs", "OLBgp1G!"),
    "manifest of something else": ("<ds:Manifest>", "<ds:Manifest><ds:Object/>"),
    "visual marking behind the data": (REFERENCE, f"{REFERENCE}<x:VisualMarking xmlns:x='urn:x'/>"),
    "another namespace": (BINDING_NAMESPACE, f"{BINDING_NAMESPACE}:1"),
    "extension before the bindings": (
        "<mb:MetadataBindingContainer>",
        "<x:e xmlns:x='urn:x'/><mb:MetadataBindingContainer>",
    ),
}


class TestRefused:
    @pytest.mark.parametrize("name", REFUSED)
    def test_a_binding_that_may_mean_more_is_refused(self, name: str) -> None:
        """
        Which label counts, and for what, must be beyond doubt; nothing of the content is repeated.
        """
        with pytest.raises(MalformedError) as caught:
            read(changed(REFUSED[name]))
        assert "PALISADE" not in caught.value.message
        assert "well-formed" not in caught.value.message

    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile_documents_are_refused_at_once(self, name: str) -> None:
        """
        Entities, depth, width and other encodings cost no more here than anywhere.
        """
        assert refusal(read, HOSTILE[name]) is not None
        assert cpu_s(lambda: refusal(read, HOSTILE[name])) < CPU_S_MAX

    @pytest.mark.parametrize("breaking", [mutated, reworded])
    def test_broken_documents_are_read_or_refused(self, breaking: Breaking) -> None:
        """
        Of 2,000 documents with something broken, each is read or refused with one kind of error.
        """
        draw, count = random.Random(7), 0
        for _ in range(2000):
            count += refusal(read, breaking(BINDING.encode(), draw)) is None
        assert 30 < count < 1950

    @given(some.binary(max_size=300))
    def test_any_bytes_are_refused(self, data: bytes) -> None:
        """
        Bytes by chance are no binding.
        """
        assert refusal(read, data) is not None

    def test_many_bindings_are_read_in_time(self) -> None:
        """
        As many labels as the parser lets stand in a document are read in a fraction of a second.
        """
        one = re.search(r"<mb:MetadataBinding .*</mb:MetadataBinding>", BINDING, re.DOTALL)
        assert one is not None
        bare = one[0].replace(' Id="b"', "")
        data = changed((one[0], bare * 150))
        found: list[BindingInformation] = []
        assert cpu_s(lambda: found.append(read(data))) < 0.5
        assert len(found[0].bindings) == 150
        etree.fromstring(data)
