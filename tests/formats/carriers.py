# SPDX-License-Identifier: Apache-2.0
"""
Small files with a binding inside, as other programs write them: XMP in PDF, JPEG and PNG, and OOXML.
"""

import io
import struct
import zipfile
import zlib
from xml.sax.saxutils import escape

from legation.formats.stanag4778_xmp import XMP_NAMESPACE

PIXEL = bytes.fromhex("0000000d49484452000000010000000108000000003a7e9b55")
"""The header chunk of a picture of one grey pixel."""


def packet(binding: bytes | None, *, more: str = "") -> bytes:
    """
    A packet of XMP with the binding as escaped text, or with none.
    """
    held = (
        "" if binding is None else f"<m:bindingInformation>{escape(binding.decode())}</m:bindingInformation>"
    )
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:m="{XMP_NAMESPACE}">{held}{more}</rdf:Description>'
        "</rdf:RDF></x:xmpmeta>\n" + " " * 40 + '\n<?xpacket end="w"?>'
    ).encode()


def segment(marker: int, data: bytes) -> bytes:
    """
    One segment of a JPEG.
    """
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def jpeg(*packets: bytes, segments: bytes = b"") -> bytes:
    """
    A JPEG of nothing, with XMP.
    """
    held = b"".join(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + each) for each in packets)
    head = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0") + segment(0xE1, b"Exif\0\0MM")
    return b"\xff\xd8" + head + held + segments + segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\x34\xff\xd9"


def chunk(kind: bytes, data: bytes) -> bytes:
    """
    One chunk of a PNG.
    """
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def text_chunk(data: bytes, *, packed: bool = False) -> bytes:
    """
    The chunk in which a PNG keeps XMP.
    """
    head = b"XML:com.adobe.xmp\0" + (b"\1\0" if packed else b"\0\0") + b"\0\0"
    return chunk(b"iTXt", head + (zlib.compress(data) if packed else data))


def png(*chunks: bytes) -> bytes:
    """
    A PNG of one pixel, with these chunks behind its header.
    """
    pixel = chunk(b"IDAT", zlib.compress(b"\0\0"))
    return b"\x89PNG\r\n\x1a\n" + PIXEL + b"".join(chunks) + pixel + chunk(b"IEND", b"")


def stream(number: int, data: bytes, *, dictionary: str = "/Type /Metadata /Subtype /XML") -> bytes:
    """
    One object of a PDF that is a stream.
    """
    return b"%d 0 obj\n<< %s /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (
        number,
        dictionary.encode(),
        len(data),
        data,
    )


def packed_stream(number: int, data: bytes) -> bytes:
    """
    A metadata stream that is deflated.
    """
    return stream(
        number, zlib.compress(data), dictionary="/Type /Metadata /Subtype /XML /Filter /FlateDecode"
    )


def catalog(metadata: int | None = None) -> bytes:
    """
    The catalog of a PDF, with or without metadata of the document.
    """
    named = "" if metadata is None else f" /Metadata {metadata} 0 R"
    return f"1 0 obj\n<< /Type /Catalog /Pages 2 0 R{named} >>\nendobj\n".encode()


def pdf(*objects: bytes) -> bytes:
    """
    A PDF of these objects.
    """
    body = b"".join(objects)
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + body + b"trailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"


def document(**parts: bytes) -> bytes:
    """
    A text document of Office Open XML with these custom parts.
    """
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w:document xmlns:w='urn:w'/>")
        for name, data in parts.items():
            archive.writestr(f"customXml/{name}.xml", data)
    return held.getvalue()
