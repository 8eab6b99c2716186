# SPDX-License-Identifier: Apache-2.0
"""
Small files that ask for much: packed, overlapping, repeated. No mutation comes upon them, so a hand made them.
"""

import io
import zipfile
import zlib

import pytest

from tests.fuzz.bound import SPACES, png
from tests.fuzz.decoders import decoders
from tests.fuzz.judge import judge
from tests.fuzz.memory import grown_bytes
from tests.fuzz.written import TOML

MEMORY_BYTES_MAX = 64 << 20


def packed_png() -> bytes:
    """
    A thousand packets, each of a few kilobytes that become two megabytes.
    """
    whole = png(is_packed=True, spaces=SPACES)
    start = whole.index(b"iTXt") - 4
    end = whole.index(b"IEND") - 4
    return whole[:start] + whole[start:end] * 1000 + whole[end:]


def overlapping_pdf() -> bytes:
    """
    Packets that begin one after another, and all end in one place.
    """
    head = b"1 0 obj\n<< /Subtype /XML >>\nstream\n<?xpacket begin=\n"
    return b"%PDF-1.7\n" + head * 255 + b"x" * SPACES + b"bindingInformation<?xpacket end"


def packed_pdf() -> bytes:
    """
    Metadata that become far longer than any.
    """
    held = zlib.compress(bytes(200 << 20), 9)
    catalog = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Metadata 2 0 R >>\nendobj\n"
    stream = b"2 0 obj\n<< /Subtype /XML /Filter /FlateDecode >>\nstream\n%b\nendstream\nendobj\n"
    return catalog + stream % held


def packed_archive(parts: int, size_bytes: int) -> bytes:
    """
    Custom parts that become far longer than they are.
    """
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(parts):
            archive.writestr(f"customXml/item{number}.xml", bytes(size_bytes))
    return held.getvalue()


AMPLIFYING: dict[str, tuple[str, bytes]] = {
    "many packed packets": ("PNG", packed_png()),
    "packets over one another": ("PDF", overlapping_pdf()),
    "packed metadata": ("PDF", packed_pdf()),
    "long packed parts": ("Office document", packed_archive(60, 4 << 20)),
    "many packed parts": ("Office document", packed_archive(4000, 10)),
    "many segments": ("JPEG", b"\xff\xd8" + b"\xff\xe1\x00\x02" * 100_000 + b"\xff\xd9"),
    "padding without end": ("JPEG", b"\xff\xd8" + b"\xff" * 500_000),
    "many catalogs": ("PDF", b"%PDF-1.7\n" + b" obj /Type /Catalog " * 20_000),
    "white space in names": ("PDF", b"%PDF-1.7\n" + b"/Type        /Encrypt        " * 20_000),
    "dotted keys": ("clearance in TOML", TOML + b"a." * 3000 + b"b = 1\n"),
    "many tables": ("clearance in TOML", TOML + b"".join(b"[a%d]\n" % n for n in range(4000))),
    "arrays within arrays": ("clearance in TOML", TOML + b"a = " + b"[" * 4000 + b"]" * 4000),
    "many bytes of nothing": ("clearance of any form", b" " * 60_000),
}


@pytest.mark.parametrize("name", AMPLIFYING)
def test_a_file_that_asks_for_much_gets_little(name: str) -> None:
    """
    It is refused in its time, and takes no more than 64 MiB, whatever it would become.
    """
    decoder, data = decoders()[AMPLIFYING[name][0]], AMPLIFYING[name][1]
    verdict = judge(decoder, data, traced=True)
    assert verdict.finding is None
    assert verdict.refused_at
    assert grown_bytes(lambda: judge(decoder, data)) < MEMORY_BYTES_MAX
