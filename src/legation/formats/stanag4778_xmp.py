# SPDX-License-Identifier: Apache-2.0
"""
Bindings in XMP: in the metadata of a PDF, a JPEG or a PNG.

The property ``bindingInformation`` of the profile's namespace holds the whole binding data object as
text. It is read from where each format keeps its own XMP:

* JPEG: the APP1 segment of XMP. Extended XMP (a second, longer packet in pieces) is refused.
* PNG: the iTXt chunk ``XML:com.adobe.xmp``, compressed or not.
* PDF: the metadata stream that the catalog names, plain or deflated. A newer revision at the end of
  the file counts, an older one does not, and pictures in the file have metadata of their own, which
  are not the document's. Where the catalog itself lies in a compressed object stream, which is not
  opened here, the one packet of a metadata stream that holds a binding is taken, and noted; several
  are refused. Encrypted files are refused.

Nothing is decoded but these; everything that is looked at has a limit.

Source: ADatP-4778.2, chapter 10; XMP specification part 3 (ISO 16684-1); PNG 11.3.4; ISO 32000-1, 14.3.
"""

import re
import zlib
from collections.abc import Iterator

from legation.errors import MalformedError
from legation.formats import xml

XMP_NAMESPACE = "urn:nato:stanag:4778:bindinginformation:1:0:xmp#"
_PROPERTY = f"{{{XMP_NAMESPACE}}}bindingInformation"

XMP_SIZE_BYTES_MAX = 2 << 20  # a binding of the largest size, and what else a program keeps there
PADDING_MAX = (
    256  # bytes before a marker; the standard lets there be any number, and nobody writes more than some
)
SEGMENTS_MAX = 4096  # of a JPEG before its picture; a large colour profile takes a few hundred
CHUNKS_MAX = 1 << 16  # of a PNG; 64 MiB of picture in the usual pieces are 8,192
PACKETS_MAX = 256  # of metadata in a PDF; each picture may have one
OBJECTS_MAX = 4096  # objects of a PDF that are looked at: revisions of one catalog, and metadata streams

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_JPEG_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
_PNG_XMP = b"XML:com.adobe.xmp\0"
_PDF = b"%PDF-"
_PDF_HEAD_BYTES = 1024  # where readers look for the first line of a PDF


def is_jpeg(data: bytes) -> bool:
    """Whether these bytes begin as a JPEG."""
    return data.startswith(_JPEG)


def is_png(data: bytes) -> bool:
    """Whether these bytes begin as a PNG."""
    return data.startswith(_PNG)


def is_pdf(data: bytes) -> bool:
    """Whether these bytes begin as a PDF."""
    return _PDF in data[:_PDF_HEAD_BYTES]


def from_jpeg(data: bytes) -> bytes | None:
    """
    Find the binding data object of a JPEG; None where its XMP has none.

    Raises:
        MalformedError: The segments do not add up, or the XMP is not to be read.
    """
    packets = [each[len(_JPEG_XMP) :] for each in _segments(data) if each.startswith(_JPEG_XMP)]
    if any(each.startswith(_JPEG_EXTENDED) for each in _segments(data)):
        raise MalformedError("JPEG has extended XMP, which is not read and may hold another binding")
    return _from_packets(packets, "JPEG")


def _segments(data: bytes) -> Iterator[bytes]:
    """What the APP1 segments before the picture hold."""
    place = 2
    for _ in range(SEGMENTS_MAX):
        padding = data[place : place + PADDING_MAX]
        place += max(0, len(padding) - len(padding.lstrip(b"\xff")) - 1)  # the last one begins the marker
        marker, size = data[place : place + 2], int.from_bytes(data[place + 2 : place + 4])
        if marker in {b"\xff\xda", b"\xff\xd9"}:  # the picture begins, or there is none
            return
        if len(marker) != 2 or marker[0] != 0xFF or size < 2 or place + 2 + size > len(data):
            raise MalformedError("JPEG is broken off, or its segments do not add up")
        if marker == b"\xff\xe1":
            yield data[place + 4 : place + 2 + size]
        place += 2 + size
    raise MalformedError(f"JPEG has more than {SEGMENTS_MAX} segments")


def from_png(data: bytes) -> bytes | None:
    """
    Find the binding data object of a PNG; None where its XMP has none.

    Raises:
        MalformedError: The chunks do not add up, or the XMP is not to be read.
    """
    chunks = [each for each in _chunks(data) if each.startswith(_PNG_XMP)]
    # Counted before any is inflated: a thousand small chunks may be a thousand large packets.
    return _from_packets([_international_text(chunks[0])] if len(chunks) == 1 else chunks, "PNG")


def _chunks(data: bytes) -> Iterator[bytes]:
    """What the iTXt chunks hold."""
    place = len(_PNG)
    for _ in range(CHUNKS_MAX):
        size, kind = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8]
        end = place + 8 + size
        if len(kind) != 4 or end + 4 > len(data):
            raise MalformedError("PNG is broken off, or its chunks do not add up")
        if kind == b"iTXt":
            if zlib.crc32(data[place + 4 : end]) != int.from_bytes(data[end : end + 4]):
                raise MalformedError("PNG has a text whose checksum is wrong")
            yield data[place + 8 : end]
        if kind == b"IEND":
            return
        place = end + 4
    raise MalformedError(f"PNG has more than {CHUNKS_MAX} chunks")


def _international_text(chunk: bytes) -> bytes:
    """The text of an iTXt chunk behind its keyword, flag, method, language and translated keyword."""
    rest = chunk[len(_PNG_XMP) :]
    flag, method = rest[:1], rest[1:2]
    _, _, behind_language = rest[2:].partition(b"\0")
    _, found, text = behind_language.partition(b"\0")
    if flag not in {b"\0", b"\1"} or method != b"\0" or not found:
        raise MalformedError("PNG has XMP in a form that is not known")
    return text if flag == b"\0" else _inflated(text, "PNG")


def _inflated(data: bytes, what: str) -> bytes:
    """Inflate what must not become longer than any XMP."""
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(data, XMP_SIZE_BYTES_MAX + 1)
    except zlib.error:
        raise MalformedError(f"{what} has XMP that does not inflate") from None
    if len(found) > XMP_SIZE_BYTES_MAX:
        raise MalformedError(f"{what} has XMP of more than {XMP_SIZE_BYTES_MAX} bytes")
    if not inflater.eof:
        raise MalformedError(f"{what} has XMP that does not inflate")
    return found


def _from_packets(packets: list[bytes], what: str) -> bytes | None:
    if len(packets) > 1:
        raise MalformedError(f"{what} has {len(packets)} packets of XMP, expected one")
    return from_xmp(packets[0]) if packets else None


def from_xmp(packet: bytes) -> bytes | None:
    """
    Find the binding data object in a packet of XMP; None where there is none.

    Raises:
        MalformedError: The packet is no XML, or has two of it, or one that is not text.
    """
    root = xml.parse(packet.strip(b"\0 \t\r\n"), size_bytes_max=XMP_SIZE_BYTES_MAX, what="XMP")
    found = [xml.text_of(element, what="XMP") for element in root.iter(_PROPERTY)]
    found += [value for element in root.iter("{*}*") if (value := element.get(_PROPERTY)) is not None]
    if len(found) > 1:
        raise MalformedError(f"XMP has {len(found)} bindings, expected one")
    return xml.trimmed(found[0]).encode() if found else None


# --- PDF


_CATALOG = re.compile(rb"/Type\s{0,8}/Catalog(?![A-Za-z])")
_METADATA = re.compile(rb"/Metadata\s{0,8}([0-9]{1,10})\s{1,8}([0-9]{1,5})\s{1,8}R")
_BEGIN = re.compile(rb"<\?xpacket\s{1,8}begin\s{0,8}=")
_STREAM = re.compile(rb"\s{0,8}stream\r?\n")
_IS_METADATA = re.compile(rb"/Subtype\s{0,8}/XML(?![A-Za-z])")
_FILTER = re.compile(rb"/Filter\s{0,8}(?:/([A-Za-z0-9]{1,40})|\[\s{0,8}/([A-Za-z0-9]{1,40})\s{0,8}\])")
_PACKED = re.compile(rb"/Type\s{0,8}/ObjStm(?![A-Za-z])")
_DICTIONARY_BYTES_MAX = 16 << 10  # of a catalog or of the metadata; they hold references, not content


def from_pdf(data: bytes) -> tuple[bytes | None, tuple[str, ...]]:
    """
    Find the binding data object of a PDF.

    Returns:
        The object, or None where the document's metadata have none; and what is to be said about
        how it was found.

    Raises:
        MalformedError: The file is encrypted, or it is open which binding is the document's.
    """
    if re.search(rb"/Encrypt\s{0,8}(?:[0-9]{1,10}\s{1,8}[0-9]|<<)", data):
        raise MalformedError("PDF is encrypted, its metadata are not read")
    catalog = _catalog(data)
    if catalog is None:
        return _from_only_packet(data)
    named = _METADATA.search(catalog)
    if named is None:
        return None, ()
    stream = _stream_of(data, named[1], named[2])
    return from_xmp(stream), ()


def _catalog(data: bytes) -> bytes | None:
    """The newest catalog, if it lies open in the file and nothing newer is packed behind it."""
    place, found = -1, None
    for match in _few(_CATALOG.finditer(data), "catalogs"):
        begin = data.rfind(b" obj", max(0, match.start() - _DICTIONARY_BYTES_MAX), match.start())
        end = data.find(b"endobj", match.end(), match.end() + _DICTIONARY_BYTES_MAX)
        if begin >= 0 and end >= 0:
            place, found = end, data[begin:end]
    # Packed objects behind it may be a newer catalog.
    return None if _PACKED.search(data, max(0, place)) else found


def _few(matches: Iterator[re.Match[bytes]], what: str) -> Iterator[re.Match[bytes]]:
    for count, match in enumerate(matches):
        if count >= OBJECTS_MAX:
            raise MalformedError(f"PDF has more than {OBJECTS_MAX} {what}")
        yield match


def _stream_of(data: bytes, number: bytes, generation: bytes) -> bytes:
    """The stream of the newest object of this number."""
    heading_of = re.compile(rb"(?<![0-9])%s\s{1,8}%s\s{1,8}obj(?![a-z])" % (number, generation))
    ends = [heading.end() for heading in _few(heading_of.finditer(data), "revisions of one object")]
    if not ends:
        raise MalformedError("PDF keeps its metadata where they are not read")
    begin = data.find(b"stream", ends[-1], ends[-1] + _DICTIONARY_BYTES_MAX)
    heading = _STREAM.match(data, begin)
    dictionary = data[ends[-1] : begin]
    if begin < 0 or heading is None or b"endobj" in dictionary or not _IS_METADATA.search(dictionary):
        raise MalformedError("PDF has a catalog whose metadata are no XMP")
    end = data.find(b"endstream", heading.end(), heading.end() + XMP_SIZE_BYTES_MAX)
    if end < 0:
        raise MalformedError("PDF has metadata that are too long, or broken off")
    return _unfiltered(dictionary, data[heading.end() : end])


def _unfiltered(dictionary: bytes, stream: bytes) -> bytes:
    if b"/Filter" not in dictionary:
        return stream
    stated = _FILTER.search(dictionary)
    if stated is not None and b"FlateDecode" in stated.groups() and b"/DecodeParms" not in dictionary:
        return _inflated(stream, "PDF")
    raise MalformedError("PDF has metadata in a form that is not read")


def _from_only_packet(data: bytes) -> tuple[bytes | None, tuple[str, ...]]:
    """The one packet of an open metadata stream that holds a binding, where no catalog says which."""
    found: list[bytes] = []
    for count, match in enumerate(_BEGIN.finditer(data)):
        if count >= PACKETS_MAX:
            raise MalformedError(f"PDF has more than {PACKETS_MAX} packets of XMP")
        if not _in_metadata_stream(data, match.start()):
            continue
        end = data.find(b"<?xpacket end", match.end(), match.end() + XMP_SIZE_BYTES_MAX)
        if end < 0 or data.find(b"bindingInformation", match.start(), end) < 0:
            continue
        # At once, and not after all: packets that begin one after another may all end in one place.
        if found:
            raise MalformedError(
                "PDF has several bindings, and its catalog is not read: it is open which counts"
            )
        found.append(data[match.start() : end])
    binding = from_xmp(found[0]) if found else None
    if binding is None:
        raise MalformedError("PDF may keep its catalog packed, which is not read; no binding lies open in it")
    return binding, ("PDF: the catalog was not read; its one open binding was taken",)


def _in_metadata_stream(data: bytes, place: int) -> bool:
    """Whether a packet is all of a metadata stream, and not a part of a picture."""
    before = data[max(0, place - _DICTIONARY_BYTES_MAX) : place].rstrip(b"\r\n")
    dictionary = before[before.rfind(b" obj") :]
    return before.endswith(b"stream") and _IS_METADATA.search(dictionary) is not None
