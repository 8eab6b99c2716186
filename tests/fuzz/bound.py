# SPDX-License-Identifier: Apache-2.0
"""
Decoders of bindings (ADatP-4778), and of the files that a binding may lie in.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from legation.formats import stanag4778
from legation.formats import stanag4778_opc as opc
from legation.formats import stanag4778_xmp as xmp
from legation.formats.stanag4778_binding import (
    BINDING_NAMESPACE,
    EXTENSION_NAMESPACE,
    MIME_NAMESPACE,
    PROFILES,
    SIGNATURE_NAMESPACE,
)
from tests.fuzz.judge import CANARY, XML_NAMES, Decoder
from tests.fuzz.mutation import Syntax
from tests.fuzz.written import LABEL, LABELS

DIGEST = "http://www.w3.org/2001/04/xmldsig-more#sha384"


def _binding(uri: str, *more: bytes) -> bytes:
    """A binding data object with one label, or more."""
    metadata = b"".join(
        b"<b:Metadata>" + each.partition(b"?>\n")[2] + b"</b:Metadata>" for each in (LABEL, *more)
    )
    head = f"""<?xml version="1.0" encoding="UTF-8"?>
<b:BindingInformation xmlns:b="{BINDING_NAMESPACE}" xmlns:x="{EXTENSION_NAMESPACE}" xmlns:m="{MIME_NAMESPACE}"
 xmlns:d="{SIGNATURE_NAMESPACE}" x:profile="{next(iter(PROFILES))}">
<d:Signature><d:SignedInfo>{CANARY}</d:SignedInfo></d:Signature>
<b:MetadataBindingContainer Id="{CANARY}">
<b:MetadataBinding Id="b1">
"""
    tail = f"""
<b:Metadata><other xmlns="urn:x">{CANARY}</other></b:Metadata>
<b:MetadataReference URI="https://{CANARY}.example/x"/>
<b:DataReference URI="{uri}" m:contentType="text/{CANARY}"><d:Transforms>{CANARY}</d:Transforms></b:DataReference>
<b:DataReference URI="{uri}"/>
<b:Data m:contentType="text/plain"><text xmlns="urn:x">{CANARY}</text></b:Data>
</b:MetadataBinding>
<d:Manifest><d:Reference URI="{uri}"><d:DigestMethod Algorithm="{DIGEST}"/>
<d:DigestValue>{"A" * 64}</d:DigestValue></d:Reference></d:Manifest>
</b:MetadataBindingContainer>
</b:BindingInformation>
"""
    return head.encode() + metadata + tail.encode()


SIDECAR = _binding(f"./{CANARY}.pdf")
BINDINGS = (SIDECAR, _binding("", LABELS[1]), _binding("pack:///word/document.xml"))
INSIDE = BINDINGS[1]


SPACES = 1_900_000  # of whitespace that a packet may be padded with: they pack into two kilobytes


def packet(binding: bytes = INSIDE) -> bytes:
    """The binding as a packet of XMP."""
    text = escape(binding.decode())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<r:Description r:about="" xmlns:m="{xmp.XMP_NAMESPACE}" xmlns:d="http://purl.org/dc/elements/1.1/">'
        f"<m:bindingInformation>{text}</m:bindingInformation><d:title>{CANARY}</d:title>"
        '</r:Description></r:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def jpeg(binding: bytes = INSIDE) -> bytes:
    """A JPEG of no picture."""
    held = b"http://ns.adobe.com/xap/1.0/\0" + packet(binding)
    other = b"\xff\xe1" + (2 + len(CANARY)).to_bytes(2, "big") + CANARY.encode()
    return b"\xff\xd8" + other + b"\xff\xe1" + (2 + len(held)).to_bytes(2, "big") + held + b"\xff\xd9"


def png(binding: bytes = INSIDE, *, is_packed: bool, spaces: int = 0) -> bytes:
    """A PNG of no picture."""
    text = packet(binding) + b" " * spaces
    text = zlib.compress(text, 9) if is_packed else text
    chunks = (
        (b"tEXt", f"Title\0{CANARY}".encode()),
        (b"iTXt", b"XML:com.adobe.xmp\0" + bytes([is_packed, 0]) + b"\0\0" + text),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(held).to_bytes(4, "big") + kind + held + zlib.crc32(kind + held).to_bytes(4, "big")
        for kind, held in chunks
    )


def pdf(binding: bytes = INSIDE, *, is_packed: bool = False, has_catalog: bool = True) -> bytes:
    """A PDF of no page."""
    held = zlib.compress(packet(binding)) if is_packed else packet(binding)
    filter_ = b"/Filter /FlateDecode " if is_packed else b""
    catalog = b"1 0 obj\n<< /Type /Catalog /Metadata 2 0 R >>\nendobj\n" if has_catalog else b""
    stream = b"2 0 obj\n<< /Type /Metadata /Subtype /XML %b/Length %d >>\nstream\n%b\nendstream\nendobj\n"
    title = f"3 0 obj\n<< /Title ({CANARY}) >>\nendobj\n".encode()
    return (
        b"%PDF-1.7\n"
        + catalog
        + stream % (filter_, len(held), held)
        + title
        + b"trailer << /Root 1 0 R >>\n%%EOF\n"
    )


def archive(binding: bytes = BINDINGS[2], *, is_packed: bool = False) -> bytes:
    """An Office document of no text."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as parts:
        for name, data in (
            ("word/document.xml", CANARY.encode()),
            ("customXml/item1.xml", b"<other/>"),
            (f"customXml/{CANARY}.xml", binding),
        ):
            kind = zipfile.ZIP_DEFLATED if is_packed else zipfile.ZIP_STORED
            parts.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, kind)
    return held.getvalue()


def _all_of(data: bytes) -> Any:
    """Read a binding and ask it all that it can be asked."""
    found = stanag4778.read(data)
    assert stanag4778.check(found, data, name=f"{CANARY}.pdf") in stanag4778.Held
    stanag4778.sole_name(found)
    for binding in found.bindings:
        found.labels_of(each.uri for each in binding.data if each.uri is not None)
    return found


def bound() -> Iterator[Decoder]:
    """All of them."""
    door, files = "legation.formats.stanag4778", "legation.formats.stanag4778_xmp"
    words = (b"b:Metadata", b"b:DataReference", b"d:Manifest", b'URI=""', b"pack:///", b"%2e%2e%2f", b"./")
    yield Decoder(
        name="binding",
        doors=(f"{door}_binding.read",),
        read=_all_of,
        corpus=BINDINGS,
        syntax=Syntax.XML,
        words=words,
    )
    yield Decoder(
        name="XMP", doors=(f"{files}.from_xmp",), read=xmp.from_xmp, corpus=(packet(),), syntax=Syntax.XML
    )
    common: dict[str, Any] = {"syntax": Syntax.BYTES, "names": XML_NAMES, "cpu_s_max": 0.1}
    yield Decoder(
        name="JPEG",
        doors=(f"{files}.from_jpeg", f"{files}.is_jpeg"),
        read=lambda data: xmp.is_jpeg(data) and xmp.from_jpeg(data),
        corpus=(jpeg(),),
        mark=re.compile(rb"\xff[\xd9\xda\xe1]"),
        words=(b"\xff\xe1", b"\xff\xff", b"\xff\xda", b"http://ns.adobe.com/xmp/extension/\0"),
        **common,
    )
    yield Decoder(
        name="PNG",
        doors=(f"{files}.from_png", f"{files}.is_png"),
        read=xmp.from_png,
        corpus=(png(is_packed=True), png(is_packed=False), png(is_packed=True, spaces=SPACES)),
        mark=re.compile(rb"....(tEXt|iTXt|IEND)", re.DOTALL),
        words=(b"iTXt", b"IEND", b"\xff\xff\xff\xff", b"\0\0\0\0", b"XML:com.adobe.xmp\0"),
        **common,
    )
    yield Decoder(
        name="PDF",
        doors=(f"{files}.from_pdf", f"{files}.is_pdf"),
        read=lambda data: xmp.is_pdf(data) and xmp.from_pdf(data),
        corpus=(pdf(), pdf(is_packed=True), pdf(has_catalog=False)),
        mark=re.compile(rb"(?<=\n)([1-3] 0 obj|trailer)"),
        words=(
            *(
                b"/Type /Catalog",
                b"/Type /ObjStm",
                b"/Encrypt 1 0 R",
                b" obj",
                b"endobj",
                b"stream\n",
                b"2 0 R",
            ),
            *(b"/Filter [/FlateDecode /FlateDecode]", b"<?xpacket begin=", b"<?xpacket end", b"%PDF-"),
        ),
        **common,
    )
    yield Decoder(
        name="Office document",
        doors=("legation.formats.stanag4778_opc.from_archive", "legation.formats.stanag4778_opc.is_archive"),
        read=lambda data: opc.is_archive(data) and opc.from_archive(data),
        corpus=(archive(), archive(is_packed=True)),
        mark=re.compile(rb"PK[\x01-\x06]{2}"),
        words=(
            b"PK\x05\x06",
            b"PK\x01\x02",
            b"PK\x03\x04",
            b"PK\x06\x07",
            b"customXml/",
            b"\xff\xff\xff\xff",
            b"\x0e\0",
        ),
        **common,
    )
    yield Decoder(
        name="any file with labels",
        doors=(f"{door}.find", f"{door}.kind_of"),
        read=lambda data: (stanag4778.kind_of(data), stanag4778.find(data)),
        corpus=(LABEL, SIDECAR, jpeg(), png(is_packed=False), pdf(), archive()),
        words=words,
        **common,
    )
