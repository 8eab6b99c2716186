# SPDX-License-Identifier: Apache-2.0

import io
import random
import time
import tracemalloc
import zipfile
import zlib

import pytest

from legation.errors import MalformedError
from legation.formats import stanag4778_opc as opc
from legation.formats import stanag4778_xmp as xmp
from legation.formats.stanag4774 import Role
from legation.formats.stanag4778 import Carrier, find
from tests.formats.carriers import (
    catalog,
    chunk,
    document,
    jpeg,
    packed_stream,
    packet,
    pdf,
    png,
    segment,
    stream,
    text_chunk,
)
from tests.formats.hostile import CPU_S_MAX, cpu_s, mutated, refusal
from tests.formats.test_stanag4774 import LABEL as BARE
from tests.formats.test_stanag4778 import BINDING, REFERENCE

INSIDE = BINDING.replace(REFERENCE, '<mb:DataReference URI=""/>').encode()
OTHER = INSIDE.replace(b"SECRET", b"OPEN")
OF_DOCUMENT = BINDING.replace(REFERENCE, '<mb:DataReference URI="pack:///word/document.xml"/>').encode()

# By what carries it: each holds the same binding.
CARRIED: dict[str, tuple[Carrier, bytes]] = {
    "jpeg": (Carrier.JPEG, jpeg(packet(INSIDE))),
    "jpeg with padding": (Carrier.JPEG, jpeg(packet(INSIDE)).replace(b"\xff\xe1", b"\xff\xff\xff\xe1")),
    "png": (Carrier.PNG, png(text_chunk(packet(INSIDE)))),
    "png, packed": (Carrier.PNG, png(text_chunk(packet(INSIDE), packed=True))),
    "pdf": (Carrier.PDF, pdf(catalog(3), stream(3, packet(INSIDE)))),
    "pdf, packed": (Carrier.PDF, pdf(catalog(3), packed_stream(3, packet(INSIDE)))),
    "pdf, packed, as a list": (
        Carrier.PDF,
        pdf(catalog(3), packed_stream(3, packet(INSIDE)).replace(b"/FlateDecode", b"[/FlateDecode]")),
    ),
    "pdf, metadata first": (Carrier.PDF, pdf(stream(3, packet(INSIDE)), catalog(3))),
    "pdf, another revision": (
        Carrier.PDF,
        pdf(catalog(3), stream(3, packet(OTHER))) + pdf(stream(3, packet(INSIDE)))[15:],
    ),
    "pdf, another catalog": (
        Carrier.PDF,
        pdf(catalog(3), stream(3, packet(OTHER)), stream(4, packet(INSIDE))) + pdf(catalog(4))[15:],
    ),
    "pdf, a picture with another": (
        Carrier.PDF,
        pdf(catalog(3), stream(3, packet(INSIDE)), stream(13, packet(OTHER))),
    ),
    "pdf, no catalog": (Carrier.PDF, pdf(stream(3, packet(INSIDE)))),
    "pdf, no catalog, picture inside": (
        Carrier.PDF,
        pdf(stream(3, packet(INSIDE)), stream(9, jpeg(packet(OTHER)), dictionary="/Subtype /Image")),
    ),
    "docx": (Carrier.ARCHIVE, document(item1=b"<a/>", item7=OF_DOCUMENT)),
    "docx, bound as embedded": (Carrier.ARCHIVE, document(item1=INSIDE)),
}


class TestFind:
    @pytest.mark.parametrize("name", CARRIED)
    def test_the_label_of_the_whole_is_found(self, name: str) -> None:
        """
        Wherever the format keeps its metadata, the document's own binding is read.
        """
        carrier, data = CARRIED[name]
        found = find(data)
        assert found.carrier is carrier
        assert [(each.role, each.label.classification) for each in found.labels] == [
            (Role.ORIGINATOR, "SECRET"),
            (Role.ALTERNATIVE, "SECRET"),
        ]

    @pytest.mark.parametrize("name", [name for name in CARRIED if "no catalog" in name])
    def test_a_binding_taken_without_a_catalog_is_said(self, name: str) -> None:
        """
        Where it was not told which metadata are the document's, that is listed.
        """
        assert any("catalog" in fault for fault in find(CARRIED[name][1]).faults)

    @pytest.mark.parametrize(
        "data",
        [
            jpeg(),
            jpeg(packet(None)),
            png(),
            png(chunk(b"iTXt", b"Comment\0\0\0\0\0" + packet(INSIDE))),
            png(text_chunk(packet(None))),
            pdf(catalog()),
            pdf(catalog(), stream(13, packet(INSIDE))),
            pdf(catalog(3), stream(3, packet(None))),
            pdf(catalog(3), stream(3, packet(None)), stream(13, packet(INSIDE))),
            document(),
            document(item1=b"<a/>"),
            document(item1=b"not even XML"),
        ],
        ids=range(12),
    )
    def test_a_file_without_a_binding_has_no_label(self, data: bytes) -> None:
        """
        No XMP, other XMP, a comment, a labelled picture in a document without a label: none of its own.
        """
        found = find(data)
        assert (found.labels, found.binding) == ((), None)

    def test_a_bare_label_is_found(self) -> None:
        """
        A label in a document of its own is the label of whatever it is given for.
        """
        found = find(BARE.encode())
        assert (found.carrier, len(found.labels), found.binding) == (Carrier.LABEL, 1, None)

    def test_a_sidecar_has_the_labels_of_its_one_file(self) -> None:
        """
        A binding data object of its own is about the file that it names, if it is one.
        """
        assert len(find(BINDING.encode()).labels) == 2
        several = BINDING.replace(REFERENCE, f'{REFERENCE}<mb:DataReference URI="./b"/>').encode()
        found = find(several)
        assert found.labels == ()
        assert found.binding is not None

    def test_a_label_of_another_part_is_not_that_of_the_document(self) -> None:
        """
        In an Office document the label of a picture is the picture's.
        """
        part = OF_DOCUMENT.replace(b"/word/document.xml", b"/word/media/image1.png")
        found = find(document(item1=part))
        assert found.labels == ()
        assert found.binding is not None

    def test_xmp_by_attribute_is_found(self) -> None:
        """
        A property of XMP may stand as an attribute.
        """
        text = INSIDE.decode().replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        bare = packet(None).replace(b'rdf:about=""', f'rdf:about="" m:bindingInformation="{text}"'.encode())
        # A namespace is declared for its attributes too, wherever it stands in the tag.
        assert len(find(jpeg(bare.replace(b"\n <", b"<"))).labels) == 2


TWICE = packet(INSIDE, more="<m:bindingInformation>second</m:bindingInformation>")
LONG = b" " * (3 << 20)
REFUSED = {
    "binding twice in one packet": jpeg(TWICE),
    "two packets": jpeg(packet(INSIDE), packet(None)),
    "extended XMP": jpeg(
        packet(INSIDE), segments=segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 40)
    ),
    "binding that is not text": jpeg(packet(None, more="<m:bindingInformation><a/></m:bindingInformation>")),
    "binding that is none": jpeg(packet(b"PALISADE")),
    "packet in another encoding": jpeg(packet(INSIDE).decode().encode("utf-16")),
    "packet that is no XML": jpeg(b"PALISADE"),
    "jpeg broken off": jpeg(packet(INSIDE))[:900],
    "jpeg of segments without length": b"\xff\xd8\xff\xe1\0\0",
    "jpeg of padding alone": b"\xff\xd8" + b"\xff" * (8 << 20),
    "jpeg of many segments": b"\xff\xd8" + segment(0xE2, b"") * 5000,
    "png broken off": png(text_chunk(packet(INSIDE)))[:900],
    "png with a wrong checksum": png(text_chunk(packet(INSIDE))).replace(b"TRIAL", b"TRIBL"),
    "png with two packets": png(text_chunk(packet(INSIDE)), text_chunk(packet(None))),
    "png of many chunks": b"\x89PNG\r\n\x1a\n" + chunk(b"tEXt", b"") * 70_000,
    "png that does not inflate": png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0PALISADE")),
    "png that inflates to too much": png(text_chunk(LONG, packed=True)),
    "png with a thousand packets that inflate to much": png(text_chunk(LONG[: 2 << 20], packed=True) * 1000),
    "png packed in another way": png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\7\0\0" + zlib.compress(b"a"))),
    "png with a text that ends early": png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0de")),
    "pdf with two bindings and no catalog": pdf(stream(3, packet(INSIDE)), stream(4, packet(OTHER))),
    "pdf with nothing open": pdf(),
    "pdf with a packed catalog": pdf(stream(5, b"PALISADE", dictionary="/Type /ObjStm")),
    "pdf with a newer packed catalog": pdf(
        catalog(3), stream(3, packet(None)), stream(5, b"PALISADE", dictionary="/Type /ObjStm")
    ),
    "pdf with metadata that are not there": pdf(catalog(3)),
    "pdf with metadata of another kind": pdf(catalog(3), stream(3, packet(INSIDE), dictionary="/Type /X")),
    "pdf packed in another way": pdf(
        catalog(3), stream(3, packet(INSIDE), dictionary="/Subtype /XML /Filter /LZWDecode")
    ),
    "pdf packed twice": pdf(
        catalog(3),
        stream(3, packet(INSIDE), dictionary="/Subtype /XML /Filter [/ASCIIHexDecode /FlateDecode]"),
    ),
    "pdf that inflates to too much": pdf(catalog(3), packed_stream(3, LONG)),
    "pdf that does not inflate": pdf(
        catalog(3), stream(3, b"PALISADE", dictionary="/Subtype /XML /Filter /FlateDecode")
    ),
    "pdf packed with a predictor": pdf(
        catalog(3),
        stream(
            3,
            zlib.compress(packet(INSIDE)),
            dictionary="/Subtype /XML /Filter [ /FlateDecode ] /DecodeParms 8 0 R",
        ),
    ),
    "pdf packed in a way that is said elsewhere": pdf(
        catalog(3), stream(3, packet(INSIDE), dictionary="/Subtype /XML /Filter 8 0 R")
    ),
    "pdf whose packed metadata are cut at their end": pdf(
        catalog(3),
        stream(3, zlib.compress(packet(INSIDE))[:-4], dictionary="/Subtype /XML /Filter /FlateDecode"),
    ),
    "pdf that is encrypted": pdf(catalog(3), stream(3, packet(INSIDE))).replace(
        b"/Root 1 0 R", b"/Root 1 0 R /Encrypt 9 0 R"
    ),
    "pdf of many catalogs": pdf(catalog(3) * 5000),
    "docx with two bindings": document(item1=OF_DOCUMENT, item2=OF_DOCUMENT),
    "docx with a binding in another encoding": document(item1=OF_DOCUMENT.decode().encode("utf-16")),
    "docx with a broken binding": document(item1=OF_DOCUMENT[:-30]),
    "docx with many custom parts": document(**{f"item{n}": b"<a/>" for n in range(80)}),
    "docx with a custom part that is too long": document(item1=LONG),
    "docx with a binding behind much space": document(item1=LONG + OF_DOCUMENT),
    "docx with custom parts that are too long": document(**{f"item{n}": LONG[: 1 << 20] for n in range(12)}),
    "docx broken off": document(item1=OF_DOCUMENT)[:-40],
    "archive of nothing": b"PK\3\4",
    "encrypted office file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
    "neither": b"PALISADE",
    "neither, and long": b"PALISADE " * 1_000_000,
    "XML that speaks of a PDF": b"<r>%PDF-1.7 PALISADE</r>",
    "nothing": b"",
}


class TestRefused:
    @pytest.mark.parametrize("name", REFUSED)
    def test_what_is_broken_or_open_to_doubt_is_refused(self, name: str) -> None:
        """
        No label is taken where another may count; nothing that was read is repeated.
        """
        with pytest.raises(MalformedError) as caught:
            find(REFUSED[name])
        assert "PALISADE" not in caught.value.message

    @pytest.mark.parametrize("name", REFUSED)
    def test_a_refusal_is_quick(self, name: str) -> None:
        """
        Limits come before work: bombs and floods of parts are refused within a tenth of a second.
        """
        assert cpu_s(lambda: refusal(find, REFUSED[name])) < 2 * CPU_S_MAX

    def test_what_is_packed_is_never_inflated_whole(self) -> None:
        """
        What some thousand bytes would become takes no more memory than the largest binding.
        """
        packer, zeros = zlib.compressobj(9), bytes(1 << 20)
        bomb = b"".join(packer.compress(zeros) for _ in range(100)) + packer.flush()
        for data in (
            png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb)),
            document(item1=bytes(100 << 20)),
        ):
            tracemalloc.start()
            try:
                assert refusal(find, data) is not None
                _, peak_bytes = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert peak_bytes < 16 << 20

    def test_an_archive_is_judged_before_it_is_opened(self) -> None:
        """
        Neither a directory that is too long nor its counts of parts are walked through.
        """
        honest = document(item1=OF_DOCUMENT)
        end = honest.rindex(b"PK\5\6")
        for place, value in ((10, b"\xff\xff"), (12, b"\xff\xff\xff\xff")):
            forged = honest[: end + place] + value + honest[end + place + len(value) :]
            with pytest.raises(MalformedError, match="too many parts"):
                find(forged)
        larger = honest[:end] + b"PK\6\7" + bytes(16) + honest[end:]
        with pytest.raises(MalformedError, match="too many parts"):
            find(larger)

    def test_an_archive_with_a_part_twice_is_refused(self) -> None:
        """
        Two programs would take different ones of them.
        """
        held = io.BytesIO(document(item1=OF_DOCUMENT))
        with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(held, "a") as archive:
            archive.writestr("customXml/item1.xml", "<a/>")
        with pytest.raises(MalformedError, match="one part twice"):
            find(held.getvalue())
        held = io.BytesIO(document(item1=OF_DOCUMENT))
        with zipfile.ZipFile(held, "a") as archive:
            archive.writestr("customXml/ITEM1.xml", "<a/>")
        with pytest.raises(MalformedError, match="one part twice"):
            find(held.getvalue())

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_a_part_packed_in_another_way_is_refused(self, method: int) -> None:
        """
        What an Office program never writes may cost more memory than it says.
        """
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", method) as archive:
            archive.writestr("customXml/item1.xml", OF_DOCUMENT)
        with pytest.raises(MalformedError, match="packed"):
            find(held.getvalue())

    @pytest.mark.parametrize("name", ["jpeg", "png, packed", "pdf", "pdf, packed", "pdf, no catalog", "docx"])
    def test_broken_files_are_read_or_refused(self, name: str) -> None:
        """
        Of 600 files with something broken, each is read or refused with one kind of error.
        """
        draw = random.Random(8)
        for _ in range(600):
            refusal(find, mutated(CARRIED[name][1], draw))

    def test_a_large_file_is_looked_through_in_time(self) -> None:
        """
        Thirty megabytes of picture or of pages take a fraction of a second.
        """
        filler = random.Random(9).randbytes(1 << 20) * 30
        for data in (
            jpeg(packet(INSIDE)) + filler,
            png(text_chunk(packet(INSIDE)), *(chunk(b"IDAT", filler[:8192]) for _ in range(3000))),
            pdf(stream(9, filler, dictionary=""), catalog(3), stream(3, packet(INSIDE))),
        ):
            begin = time.process_time()
            assert len(find(data).labels) == 2
            assert time.process_time() - begin < 1.0


def test_the_limits_are_where_they_bite() -> None:
    """
    A JPEG with as many segments as it may have is read, and one packet of the longest kind.
    """
    most = segment(0xE2, b"") * (xmp.SEGMENTS_MAX - 5)
    assert len(find(jpeg(packet(INSIDE), segments=most)).labels) == 2
    padded = packet(INSIDE) + b" " * 60_000
    assert len(find(png(text_chunk(padded, packed=True))).labels) == 2
    most_parts = {f"item{n}": b"<a/>" for n in range(opc.CUSTOM_PARTS_MAX - 1)}
    assert len(find(document(binding=OF_DOCUMENT, **most_parts)).labels) == 2
