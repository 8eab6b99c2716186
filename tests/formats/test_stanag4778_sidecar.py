# SPDX-License-Identifier: Apache-2.0

import hashlib
from base64 import b64encode
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from lxml import etree

from legation.errors import MalformedError
from legation.formats.shipped import shipped
from legation.formats.stanag4774 import LABEL_NAMESPACE, IDType, OriginatorID, Role, choose
from legation.formats.stanag4778 import (
    BINDING_NAMESPACE,
    CONTENT_TYPES,
    SIDECAR_PROFILE,
    Held,
    check,
    find,
    read,
    sidecar_name,
    sole_name,
    uris_of,
    write_sidecar,
)
from legation.labels import Label, parse_mark
from tests.formats.standards import standard
from tests.formats.test_stanag4774_writing import OPEN, ORIGINATORS, SECRET_KOR, labels
from tests.labels.exercise import EXERCISE

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
DATA = b"Four partners will sit at the table."
TLP = shipped("tlp-2.0")
AMBER = parse_mark(TLP, "(TLP:AMBER)")
DESK = OriginatorID(value="desk@example.test", type=IDType.RFC822_NAME)
SIDECAR = write_sidecar(
    "report.pdf", DATA, SECRET_KOR, EXERCISE, alternatives=[(AMBER, TLP)], originator=DESK, created=NOON
)

XMLMIME = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
 targetNamespace="http://www.w3.org/2005/05/xmlmime"><xs:attribute name="contentType">
 <xs:simpleType><xs:restriction base="xs:string"><xs:minLength value="3"/></xs:restriction></xs:simpleType>
</xs:attribute></xs:schema>"""


class _Schemas(etree.Resolver):
    """The schemas that the one of bindings imports, by the names that it gives them; nothing from outside."""

    def resolve(self, url: str, public_id: str, context: object) -> Any:  # type: ignore[override]  # of the stubs
        name = url.rpartition("/")[2]
        return self.resolve_string(XMLMIME if name == "xmlmime.xsd" else _xmldsig(), context, base_url=name)


def _xmldsig() -> str:
    """The schema of XML signatures without its document type, which would ask for another file."""
    text = (files("signxml") / "schemas" / "xmldsig-core-schema.xsd").read_text()
    begin, end = text.index("<!DOCTYPE"), text.index("]>") + 2
    return (text[:begin] + text[end:]).partition("?>")[2]


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """
    The published schema of bindings, with the published one of XML signatures.
    """
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Schemas())
    return etree.XMLSchema(etree.fromstring(standard("nl-mb.xsd"), parser, base_url="nl-mb.xsd"))


@pytest.fixture(scope="module")
def label_schema() -> etree.XMLSchema:
    """
    The published schema of labels.
    """
    return etree.XMLSchema(etree.fromstring(standard("nl-cl.xsd")))


NAMES = some.text(
    some.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=30
).filter(lambda name: name.isprintable() and not {"/", "\\"} & set(name) and name not in {".", ".."})


class TestWriteSidecar:
    def test_labels_are_bound_to_the_file(self) -> None:
        """
        The originator's label and its equivalent hold for the file of this name, and the digest is there.
        """
        found = read(SIDECAR)
        (binding,) = found.bindings
        assert [(each.role, each.label.classification) for each in binding.labels] == [
            (Role.ORIGINATOR, "SECRET"),
            (Role.ALTERNATIVE, "AMBER"),
        ]
        assert {each.originator for each in binding.labels} == {DESK}
        assert [(each.uri, each.content_type) for each in binding.data] == [
            ("./report.pdf", "application/pdf")
        ]
        assert (found.profile, found.faults, found.signatures) == (SIDECAR_PROFILE, (), 0)
        assert EXERCISE.normalize(binding.labels[0].label) == SECRET_KOR
        assert b64encode(hashlib.sha384(DATA).digest()) in SIDECAR

    def test_a_consumer_finds_the_label_of_its_policy(self) -> None:
        """
        Under EXERCISE it is the originator's, under TLP the equivalent.
        """
        found = find(SIDECAR)
        for policy, classification in ((EXERCISE, "SECRET"), (TLP, "AMBER")):
            chosen = choose(found.labels, policy)
            assert chosen is not None
            assert chosen.label.classification == classification

    @given(
        name=NAMES,
        data=some.binary(max_size=40),
        label=labels(),
        originator=ORIGINATORS,
        mapped=some.booleans(),
    )
    @settings(deadline=None, max_examples=60)
    def test_any_sidecar_is_valid_by_the_schema_and_holds(
        self,
        schema: etree.XMLSchema,
        label_schema: etree.XMLSchema,
        *,
        name: str,
        data: bytes,
        label: Label,
        originator: OriginatorID | None,
        mapped: bool,
    ) -> None:
        """
        Whatever the file is called and holds, binding and labels conform, and the file is recognised.
        """
        sidecar = write_sidecar(
            name,
            data,
            label,
            EXERCISE,
            alternatives=[(AMBER, TLP)] if mapped else [],
            originator=originator,
            created=NOON,
        )
        root = etree.fromstring(sidecar)
        schema.assertValid(root)
        for each in root.iter(f"{{{LABEL_NAMESPACE}}}originatorConfidentialityLabel"):
            label_schema.assertValid(etree.fromstring(etree.tostring(each)))
        found = read(sidecar)
        assert found.faults == ()
        assert sole_name(found) == name
        assert len(found.labels_of(uris_of(found, name))) == 1 + mapped
        assert check(found, data, name=name) is Held.MATCHES
        assert check(found, data + b"\0", name=name) is Held.DIFFERS
        assert check(found, data, name=f"x{name}") is Held.OTHER_NAME

    def test_the_schema_knows_the_manifest(self, schema: etree.XMLSchema) -> None:
        """
        The digest is not only passed over: a manifest that is none is not valid.
        """
        root = etree.fromstring(SIDECAR)
        schema.assertValid(root)
        (method,) = root.iter("{http://www.w3.org/2000/09/xmldsig#}DigestMethod")
        del method.attrib["Algorithm"]
        assert not schema.validate(root)

    def test_the_media_type_is_that_of_the_name_or_as_given(self) -> None:
        """
        It does not depend on the machine; what is not known is bytes.
        """
        for name, wanted in (
            ("a.PNG", CONTENT_TYPES["png"]),
            ("a.b", "application/octet-stream"),
            ("pdf", CONTENT_TYPES["pdf"]),
        ):
            (binding,) = read(write_sidecar(name, b"", OPEN, EXERCISE)).bindings
            assert binding.data[0].content_type == wanted
        (binding,) = read(write_sidecar("a.b", b"", OPEN, EXERCISE, content_type="text/x-b")).bindings
        assert binding.data[0].content_type == "text/x-b"

    def test_a_sidecar_lies_beside_its_file(self) -> None:
        """
        Its name is that of the file with one ending more.
        """
        assert sidecar_name("report.pdf") == "report.pdf.bdo"

    @pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "a\\b", "a\nb", "a\u202eb", "a" * 3000])
    def test_a_name_that_is_none_of_a_file_is_refused(self, name: str) -> None:
        """
        A sidecar is about the file beside it and no other.
        """
        with pytest.raises(MalformedError):
            write_sidecar(name, DATA, OPEN, EXERCISE)

    def test_a_label_that_is_not_valid_is_not_bound(self) -> None:
        """
        Neither the originator's nor an equivalent one.
        """
        bare = Label(policy="EXERCISE", classification="SECRET")
        with pytest.raises(MalformedError):
            write_sidecar("a", DATA, bare, EXERCISE)
        with pytest.raises(MalformedError):
            write_sidecar("a", DATA, OPEN, EXERCISE, alternatives=[(bare, EXERCISE)])
        with pytest.raises(MalformedError):
            write_sidecar("a", DATA, OPEN, EXERCISE, alternatives=[(AMBER, TLP)] * 17)


def renamed(*changes: tuple[bytes, bytes]) -> bytes:
    """
    The sidecar with some bytes changed.
    """
    data = SIDECAR
    for old, new in changes:
        assert old in data
        data = data.replace(old, new)
    return data


class TestCheck:
    def test_a_sidecar_without_a_digest_proves_nothing(self) -> None:
        """
        As other programs write it, it names the file, and any file of the name would do.
        """
        begin, end = SIDECAR.index(b"<ds:Manifest>"), SIDECAR.index(b"</ds:Manifest>")
        bare = read(SIDECAR[:begin] + SIDECAR[end + len(b"</ds:Manifest>") :])
        assert check(bare, DATA, name="report.pdf") is Held.NO_DIGEST
        assert check(bare, b"another", name="report.pdf") is Held.NO_DIGEST

    def test_a_digest_of_another_file_is_none_of_this(self) -> None:
        """
        The digest must be of the file that the binding is about.
        """
        other = read(renamed((b'<ds:Reference URI="./report.pdf"', b'<ds:Reference URI="./other.pdf"')))
        assert check(other, DATA, name="report.pdf") is Held.NO_DIGEST

    @pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
    def test_other_digests_that_are_allowed_are_checked(self, algorithm: str) -> None:
        """
        SHA-256 and SHA-512 may stand there too.
        """
        sha384 = b64encode(hashlib.sha384(DATA).digest())
        other = b64encode(hashlib.new(algorithm, DATA).digest())
        uri = f"http://www.w3.org/2001/04/xmlenc#{algorithm}".encode()
        found = read(renamed((sha384, other), (b"http://www.w3.org/2001/04/xmldsig-more#sha384", uri)))
        assert check(found, DATA, name="report.pdf") is Held.MATCHES
        assert check(found, DATA[1:], name="report.pdf") is Held.DIFFERS

    def test_of_several_digests_each_must_be_right(self) -> None:
        """
        A right one does not make up for a wrong one.
        """
        begin = SIDECAR.index(b"<ds:Reference")
        end = SIDECAR.index(b"</ds:Reference>") + len(b"</ds:Reference>")
        wrong = SIDECAR[begin:end].replace(
            b64encode(hashlib.sha384(DATA).digest()), b64encode(hashlib.sha384(b"").digest())
        )
        for first, second in ((SIDECAR[begin:end], wrong), (wrong, SIDECAR[begin:end])):
            found = read(SIDECAR[:begin] + first + second + SIDECAR[end:])
            assert check(found, DATA, name="report.pdf") is Held.DIFFERS
        assert check(read(SIDECAR[:end] + SIDECAR[begin:]), DATA, name="report.pdf") is Held.MATCHES

    @pytest.mark.parametrize(
        ("uri", "name"),
        [
            ("./report.pdf", "report.pdf"),
            ("report.pdf", "report.pdf"),
            ("./my%20report.pdf", "my report.pdf"),
            ("./my report.pdf", "my report.pdf"),
            ("./%EB%B3%B4%EA%B3%A0.pdf", "보고.pdf"),
            ("./보고.pdf", "보고.pdf"),
            ("./a:b", "a:b"),
            ("./a%23b", "a#b"),
        ],
    )
    def test_a_file_is_known_however_its_name_is_escaped(self, uri: str, name: str) -> None:
        """
        Other programs write the name plainly, escaped, or without the folder.
        """
        found = read(renamed((b"./report.pdf", uri.encode())))
        assert check(found, DATA, name=name) is Held.MATCHES
        assert sole_name(found) == name

    @pytest.mark.parametrize(
        "uri",
        [
            "",
            "../report.pdf",
            "/report.pdf",
            "./folder/report.pdf",
            "./folder%2Freport.pdf",
            ".%2Freport.pdf",
            "./..%5Creport.pdf",
            "https:report.pdf",
            "file:report.pdf",
            "./report.pdf#page=1",
            "./report.pdf?page=1",
            "./report.pdf%00",
            "./%FFreport.pdf",
            "././report.pdf",
        ],
    )
    def test_what_names_no_file_beside_it_is_no_file(self, uri: str) -> None:
        """
        A part, another folder and another scheme are other things, whatever the file is called.
        """
        found = read(renamed((b"./report.pdf", uri.encode())))
        for name in (
            "report.pdf",
            uri,
            uri.removeprefix("./"),
            unquote(uri),
            unquote(uri).removeprefix("./"),
        ):
            assert check(found, DATA, name=name) is Held.OTHER_NAME
        assert sole_name(found) == ""

    def test_case_is_not_folded(self) -> None:
        """
        On most disks these are two files.
        """
        found = read(renamed((b"./report.pdf", b"./Report.pdf")))
        assert check(found, DATA, name="report.pdf") is Held.OTHER_NAME
        assert sole_name(found) == "Report.pdf"

    def test_a_renamed_file_is_another_one(self) -> None:
        """
        Renaming breaks the binding, and that is said.
        """
        assert check(read(SIDECAR), DATA, name="report-2.pdf") is Held.OTHER_NAME


def test_a_manifest_beside_the_containers_counts_as_well() -> None:
    """
    The schema lets foreign elements stand in two places; a digest is found in both.
    """
    begin = SIDECAR.index(b"<ds:Manifest>")
    end = SIDECAR.index(b"</ds:Manifest>") + len(b"</ds:Manifest>")
    moved = SIDECAR[:begin] + SIDECAR[end:]
    moved = moved.replace(b"</mb:BindingInformation>", SIDECAR[begin:end] + b"</mb:BindingInformation>")
    assert check(read(moved), DATA, name="report.pdf") is Held.MATCHES
    assert BINDING_NAMESPACE.encode() in moved
