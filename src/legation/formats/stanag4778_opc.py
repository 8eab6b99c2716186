# SPDX-License-Identifier: Apache-2.0
"""
Bindings in Office Open XML: the custom part whose root is BindingInformation.

The part is found by its namespace among the parts of the folder ``customXml``, whatever its name is;
two of them are refused, for it is open which counts. Nothing else of the document is opened.

An archive is judged before it is opened: how many parts it has, how long its directory is; and of
each part that is looked at no more is inflated than a binding may be long.

Source: ADatP-4778.2, chapter 5; ISO/IEC 29500-2.
"""

import io
import zipfile
import zlib

from legation.errors import MalformedError
from legation.formats import xml
from legation.formats.stanag4778_binding import BINDING_NAMESPACE, BINDING_SIZE_BYTES_MAX

PARTS_MAX = 4096  # of one document; a long presentation has some hundreds
CUSTOM_PARTS_MAX = 64  # custom parts that are looked at; programs leave one to ten
DIRECTORY_SIZE_BYTES_MAX = 1 << 20  # of the archive
CUSTOM_SIZE_BYTES_MAX = 8 << 20  # of all custom parts together, inflated

MAIN_PARTS = frozenset(
    f"{scheme}{part}"
    for scheme in ("pack://", "")
    for part in ("/word/document.xml", "/xl/workbook.xml", "/ppt/presentation.xml")
)
"""The parts whose label is that of the whole document, as a binding names them."""

_END = b"PK\x05\x06"
_END_SIZE_BYTES = 22
_END_64 = b"PK\x06\x07"
_END_64_SIZE_BYTES = 20
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def is_archive(data: bytes) -> bool:
    """Whether these bytes begin as an archive, or as what older office programs and encryption write."""
    return data.startswith((b"PK\x03\x04", _OLE))


def from_archive(data: bytes) -> bytes | None:
    """
    Find the binding data object of a document; None where no custom part is one.

    Raises:
        MalformedError: It is no such archive, or too large, or has two of it.
    """
    if data.startswith(_OLE):
        raise MalformedError("document is encrypted, or of a kind before Office Open XML, and is not read")
    _check_directory(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            bindings = [each for each in _custom_parts(archive) if _is_binding(each)]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        # All that the library raises: broken or cut short, packed in a way it does not know, encrypted, a name or
        # date that is none. What they say may name parts, so it does not go on.
        raise MalformedError("document is no archive that can be read") from None
    if len(bindings) > 1:
        raise MalformedError(f"document has {len(bindings)} parts with a binding, expected one")
    return bindings[0] if bindings else None


def _check_directory(data: bytes) -> None:
    """Judge the archive's directory by its end record, before anything walks through it."""
    place = data.rfind(_END, max(0, len(data) - _END_SIZE_BYTES - 0xFFFF))
    record = data[place : place + _END_SIZE_BYTES]
    if place < 0 or len(record) != _END_SIZE_BYTES:
        raise MalformedError("document is no archive, or broken off")
    count, size = int.from_bytes(record[10:12], "little"), int.from_bytes(record[12:16], "little")
    if (
        count > PARTS_MAX
        or size > DIRECTORY_SIZE_BYTES_MAX
        or data[place - _END_64_SIZE_BYTES :].startswith(_END_64)
    ):
        raise MalformedError(f"document has too many parts, expected at most {PARTS_MAX}")


def _custom_parts(archive: zipfile.ZipFile) -> list[bytes]:
    """The custom parts that could be a binding, inflated within limits."""
    names = [each.filename.lower() for each in archive.infolist()]
    if len(set(names)) != len(names):
        raise MalformedError("document has one part twice")
    wanted = [
        each
        for each in archive.infolist()
        if each.filename.lower().lstrip("/").startswith("customxml/") and not each.filename.endswith("/")
    ]
    if len(wanted) > CUSTOM_PARTS_MAX:
        raise MalformedError(f"document has {len(wanted)} custom parts, expected at most {CUSTOM_PARTS_MAX}")
    found: list[bytes] = []
    for each in wanted:
        if each.flag_bits & 1 or each.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise MalformedError("document has a part that is encrypted or packed in a way that is not read")
        with archive.open(each) as part:
            found.append(part.read(BINDING_SIZE_BYTES_MAX + 1))
        if len(found[-1]) > BINDING_SIZE_BYTES_MAX:
            raise MalformedError(f"document has a custom part of more than {BINDING_SIZE_BYTES_MAX} bytes")
        if sum(map(len, found)) > CUSTOM_SIZE_BYTES_MAX:
            raise MalformedError(f"document has custom parts of more than {CUSTOM_SIZE_BYTES_MAX} bytes")
    return found


def _is_binding(part: bytes) -> bool:
    """Whether the root of a part is BindingInformation."""
    if any(BINDING_NAMESPACE.encode(other) in part for other in ("utf-16-le", "utf-16-be")):
        raise MalformedError("document has a part with a binding that is not in UTF-8")
    if BINDING_NAMESPACE.encode() not in part:
        return False
    root = xml.parse(part, size_bytes_max=BINDING_SIZE_BYTES_MAX, what="custom part")
    return xml.names_of(root) == (BINDING_NAMESPACE, "BindingInformation")
