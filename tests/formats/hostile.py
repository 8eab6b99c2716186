# SPDX-License-Identifier: Apache-2.0
"""
Documents that mean harm, and ways to break honest ones.

What a refusal may cost: ``CPU_S_MAX`` of processor time (``cpu_s``), and ``MEMORY_BYTES_MAX`` beyond what the
process had before (``python -m tests.formats.costs``).
"""

import random
import re
import time
from collections.abc import Callable

from legation.errors import MalformedError

CPU_S_MAX = 0.05  # of processor time, of a refusal
MEMORY_BYTES_MAX = 64 << 20  # of a refusal, with what the parser's own library takes


def bomb(levels: int = 9) -> bytes:
    """
    Entities that stand for ten of the one before each.
    """
    lines = ['<!ENTITY e0 "PALISADE">']
    lines += [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, levels + 1)]
    return f"<!DOCTYPE r [{''.join(lines)}]><r>&e{levels};</r>".encode()


# By what each tries. Each must be refused by every reader of XML here.
HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "white space": b" \n",
    "no xml": b"PALISADE",
    "open element": b"<r>",
    "two roots": b"<r/><r/>",
    "stray text after the root": b"<r/>PALISADE",
    "null byte": b"<r>a\0b</r>",
    "null reference": b"<r>&#0;</r>",
    "surrogate reference": b"<r>&#xD800;</r>",
    "undefined entity": b"<r>&palisade;</r>",
    "unbound prefix": b"<a:r/>",
    "attribute twice": b'<r a="1" a="2"/>',
    "attribute twice by two prefixes": b'<r xmlns:a="u" xmlns:b="u" a:x="1" b:x="2"/>',
    "bare document type": b"<!DOCTYPE r><r/>",
    "entity bomb": bomb(),
    "entity bomb in an attribute": bomb().replace(b"<r>&e9;</r>", b'<r a="&e9;"/>'),
    "one long entity many times": b'<!DOCTYPE r [<!ENTITY a "'
    + b"a" * 50_000
    + b'">]><r>'
    + b"&a;" * 50_000
    + b"</r>",
    "external entity": b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>',
    "external document type": b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/r.dtd"><r/>',
    "parameter entity": b'<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x">%x;]><r/>',
    "default attribute": b'<!DOCTYPE r [<!ATTLIST r a CDATA "PALISADE">]><r/>',
    "document type behind a comment": b"<!-- c --><!DOCTYPE r><r/>",
    "utf-16": '<?xml version="1.0" encoding="utf-16"?><r/>'.encode("utf-16"),
    "utf-16 with a document type": '<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>'.encode("utf-16"),
    "utf-16 without a mark": "<r/>".encode("utf-16-le"),
    "utf-32": "<r/>".encode("utf-32"),
    "utf-7": b'<?xml version="1.0" encoding="utf-7"?>+ADw-r/+AD4-',
    "declared utf-16 in plain bytes": b'<?xml version="1.0" encoding="utf-16"?><r/>',
    "declared latin-1": '<?xml version="1.0" encoding="iso-8859-1"?><r>\u00e9</r>'.encode(),
    "latin-1": "<r>\u00e9</r>".encode("latin-1"),
    "overlong bytes": b"<r>\xc0\xbc</r>",
    "deep": b"<a>" * 5_000 + b"</a>" * 5_000,
    "deep without end": b"<a>" * 200_000,
    "a little too deep": b"<a>" * 40 + b"</a>" * 40,
    "wide": b"<r>" + b"<a/>" * 200_000 + b"</r>",
    "many attributes": b"<r " + b" ".join(b'a%d=""' % n for n in range(80_000)) + b"/>",
    "many namespaces": b"<r " + b" ".join(b'xmlns:a%d="u%d"' % (n, n) for n in range(40_000)) + b"/>",
    "long namespace of many": b'<r xmlns="' + b"u" * 900_000 + b'">' + b"<a/>" * 10_000 + b"</r>",
    "long namespace of a prefix": b'<r><x:a xmlns:x="'
    + b"u" * 900_000
    + b'">'
    + b"<x:b/>" * 5_000
    + b"</x:a></r>",
    "long namespace of attributes": b'<r xmlns:x="'
    + b"u" * 900_000
    + b'">'
    + b'<a x:b=""/>' * 5_000
    + b"</r>",
    "identifier twice": b'<r><a Id="PALISADE"/><a Id="PALISADE"/></r>',
    "identifier of XML twice": b'<r><a xml:id="PALISADE"/><a xml:id="PALISADE"/></r>',
    "entities in a circle": b'<!DOCTYPE r [<!ENTITY a "&b;"><!ENTITY b "&a;">]><r>&a;</r>',
    "entity in a default attribute": b'<!DOCTYPE r [<!ENTITY a "b"><!ATTLIST r c CDATA "&a;">]><r/>',
    "public document type": b'<!DOCTYPE r PUBLIC "-//PALISADE//EN" "http://127.0.0.1:9/r.dtd"><r/>',
    "notation": b'<!DOCTYPE r [<!NOTATION n SYSTEM "http://127.0.0.1:9/n">]><r/>',
    "unparsed entity": b'<!DOCTYPE r [<!NOTATION n SYSTEM "n"><!ENTITY x SYSTEM "file:///x" NDATA n>]><r/>',
    "document type in small letters": b"<!doctype r><r/>",
    "document type behind a declaration": b'<?xml version="1.0" standalone="no"?>\n<!DOCTYPE r>\n<r/>',
    "document type with a null byte": b"<!DOC\0TYPE r><r/>",
    "conditional section": b"<r><![INCLUDE[PALISADE]]></r>",
    "prefix of XML for something else": b'<r xmlns:xml="urn:palisade"/>',
    "other prefix for XML": b'<r xmlns:a="http://www.w3.org/XML/1998/namespace" a:base="palisade"/>',
    "prefix of namespaces": b'<r xmlns:xmlns="urn:palisade"/>',
    "prefix for nothing": b'<r xmlns:a=""><a:b/></r>',
    "two byte order marks": "\ufeff\ufeff<r/>".encode(),
    "declaration behind a space": b' <?xml version="1.0"?><r/>',
    "declaration twice": b'<?xml version="1.0"?><?xml version="1.0"?><r/>',
    "declared utf-8 by another name": b'<?xml version="1.0" encoding="UTF8"?><r/>',
    "declared by single quotes": b"<?xml version='1.0'\nencoding\t=\n'utf-16'?><r/>",
    "xml of another version": b'<?xml version="1.1"?><r>&#1;</r>',
    "ebcdic": "<r/>".encode("cp037"),
    "halves of characters": b"<r>\xed\xa0\xbd\xed\xb8\x80</r>",
    "beyond all characters": b"<r>\xf4\x90\x80\x80</r>",
    "no character": b"<r>\xef\xbf\xbe</r>",
    "control character": b"<r>\x0b</r>",
    "control reference": b"<r>&#x1b;</r>",
    "endless reference": b"<r>&#" + b"9" * 500_000 + b";</r>",
    "ampersands": b"<r>" + b"&" * 500_000,
    "declaration of spaces": b"<?xml " + b" encoding" * 100_000,
    "long name": b"<" + b"a" * 900_000 + b"/>",
    "long text": b"<r>" + b"a" * 900_000 + b"</r>",
    "long attribute": b'<r a="' + b"a" * 900_000 + b'"/>',
    "long data": b"<r><![CDATA[" + b"<" * 100 + b"a" * 900_000 + b"]]></r>",
    "long comment": b"<r><!--" + b"a" * 900_000 + b"--></r>",
    "long instruction": b"<r><?a " + b"a" * 900_000 + b"?></r>",
    "many references": b"<r>" + b"&#x41;" * 150_000 + b"</r>",
    "many comments": b"<r>" + b"a<!---->" * 11_000 + b"</r>",
    "many instructions": b"<r>" + b"a<?b?>" * 11_000 + b"</r>",
    "many prefixes in use": (
        b"<r "
        + b" ".join(b'xmlns:a%d="u%d"' % (n, n) for n in range(7_900))
        + b">"
        + b"".join(b"<a%d:b/>" % n for n in range(7_900))
        + b"</r>"
    ),
    "namespaces made anew": b"<r>" + b"".join(b'<a xmlns="u%d"/>' % n for n in range(7_900)) + b"</r>",
    "too long": b"<r>" + b" " * (2 << 20) + b"</r>",
    "open comment": b"<r><!-- " + b"-" * 100_000,
    "open data": b"<r><![CDATA[" + b"]" * 100_000,
    "a million attributes": b"<r " + b'a="" ' * 1_000_000 + b"/>",
    "processing instruction for the root": b"<?r a?>",
    "inclusion": (
        b'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    ),
}


def cpu_s(call: Callable[[], object]) -> float:
    """
    The least processor time of three calls: what it costs, without what else the machine does.
    """
    costs = []
    for _ in range(3):
        begin = time.process_time()
        call()
        costs.append(time.process_time() - begin)
    return min(costs)


# Well-formed and within all limits, so that only a reader that knows its format refuses them.
NOT_FOR_XML = {
    *("long text", "long attribute", "long data", "long comment", "long instruction", "inclusion"),
    *(
        "many references",
        "many comments",
        "many instructions",
        "many prefixes in use",
        "namespaces made anew",
    ),
}


def refusal(read: Callable[[bytes], object], data: bytes) -> MalformedError | None:
    """
    The error with which a reader refuses, or None if it does not.
    """
    try:
        read(data)
    except MalformedError as error:
        return error
    return None


def mutated(data: bytes, draw: random.Random) -> bytes:
    """
    A document with a few small things done to it.
    """
    for _ in range(draw.randint(1, 4)):
        at, size = draw.randrange(len(data) + 1), draw.choice((1, 1, 2, 8, 40))
        piece = draw.choice(
            (
                b"",
                bytes([draw.randrange(256)]),
                draw.choice(
                    (b"<", b">", b"&", b'"', b"/", b"=", b"\0", b"]]>", b"<!--", b"<!DOCTYPE r>", b"&#x41;")
                ),
                data[(start := draw.randrange(len(data) + 1)) : start + size],
            )
        )
        data = data[:at] + piece + data[at + draw.choice((0, size)) :]
    return data or b" "


def reworded(data: bytes, draw: random.Random) -> bytes:
    """
    A document that is still well-formed, mostly, but says something else.
    """
    for _ in range(draw.randint(1, 3)):
        values = list(re.finditer(rb'\s[\w:]+="[^"]*"', data))
        one, other = draw.choice(values), draw.choice(values)
        match draw.randrange(4):
            case 0:  # without an attribute
                data = data[: one.start()] + data[one.end() :]
            case 1:  # an attribute with another's value
                name = one.group().partition(b"=")[0]
                data = (
                    data[: one.start()] + name + b"=" + other.group().partition(b"=")[2] + data[one.end() :]
                )
            case 2:  # a line less
                lines = data.splitlines(keepends=True)
                del lines[draw.randrange(len(lines))]
                data = b"".join(lines)
            case _:  # a line twice, the second somewhere else
                lines = data.splitlines(keepends=True)
                lines.insert(draw.randrange(len(lines)), draw.choice(lines))
                data = b"".join(lines)
    return data
