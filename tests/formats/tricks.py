# SPDX-License-Identifier: Apache-2.0
"""
Whole documents of every format in XML, and tricks that are played with each.

``same`` gives documents that say the same in other words, which must be read as the same; ``other`` gives
documents that a careless reader would take for the same, or for less, which must be refused.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from legation.formats import spif, stanag4774, stanag4778
from tests.fuzz.bound import SIDECAR
from tests.fuzz.written import CLEARANCE, LABEL, POLICY

INSTANCE = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
INCLUSION = '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'

# A label may have attributes that the schema does not name: programs in use write one, and it is noted.
_LABEL = "s:originatorConfidentialityLabel"
_TEXT = re.compile(r">([^<>\s][^<>]*)<")
_TAG = re.compile(r"<([A-Za-z][\w:]*)([^<>]*?)(/?)>")


@dataclass(frozen=True, kw_only=True)
class Format:
    """
    A format in XML.

    Args:
        read: Its reader.
        whole: A document that is read.
        opaque: Elements in which the schema lets anything stand, and what is in them decides nothing.
        lax: Elements with attributes that decide nothing, and are not looked at.
        bare: Takes off a value what differs with the bytes.
    """

    read: Callable[[bytes], Any]
    whole: bytes = field(repr=False)
    opaque: frozenset[str] = frozenset()
    lax: frozenset[str] = frozenset()
    bare: Callable[[Any], Any] = lambda value: value


_FOR_PEOPLE = frozenset({"s:PrivacyMark", "s:OriginatorID", "s:CreationDateTime"})
_MARKS = frozenset({"code", "markingData", "markingQualifier", "qualifier", "privacyMarks", "privacyMark"})

FORMATS: dict[str, Format] = {
    "label": Format(read=stanag4774.read_document, whole=LABEL, lax=_FOR_PEOPLE),
    "clearance": Format(
        read=stanag4774.read_clearance, whole=CLEARANCE, lax=frozenset({"c:ConfidentialityClearance"})
    ),
    "policy": Format(
        read=spif.read,
        whole=POLICY,
        opaque=frozenset({"any", "extensions"}),
        bare=lambda policy: replace(policy, digest=b""),
    ),
    "policy, lenient": Format(
        read=lambda data: spif.read(data, lenient=True),
        whole=POLICY,
        opaque=frozenset({"any", "extensions"}),
        lax=_MARKS,
        bare=lambda policy: replace(policy, digest=b""),
    ),
    "binding": Format(
        read=stanag4778.read,
        whole=SIDECAR,
        lax=_FOR_PEOPLE,
        # The schema lets any attribute stand on the elements of a binding.
        opaque=frozenset(
            {
                *("d:Signature", "d:SignedInfo", "other", "text", "d:Transforms", "b:BindingInformation"),
                *("b:MetadataBindingContainer", "b:MetadataBinding", "b:Metadata", "b:MetadataReference"),
                *(
                    "b:DataReference",
                    "b:Data",
                    "d:Manifest",
                    "d:Reference",
                    "d:DigestMethod",
                    "d:DigestValue",
                ),
            }
        ),
    ),
}


def same(whole: bytes) -> Iterator[tuple[str, bytes]]:
    """Documents that say the same, by what was done."""
    text = whole.decode()
    yield "byte order mark", b"\xef\xbb\xbf" + whole
    yield "no declaration", re.sub(r"^<\?xml[^>]*\?>", "", text).lstrip(" ").encode()
    for what, middle in (
        ("comment", "<!-- Q -->"),
        ("instruction", "<?q Q?>"),
        ("empty data", "<![CDATA[]]>"),
        ("comments", "<!----><!---->"),
    ):
        yield f"{what} in every text", _TEXT.sub(partial(_split, middle), text).encode()
    yield "data in every text", _TEXT.sub(r"><![CDATA[\1]]><", text).encode()
    yield "references in every text", _TEXT.sub(lambda found: f">{_referred(found[1])}<", text).encode()
    yield (
        "references in every attribute",
        re.sub(
            r'(\s(?!xmlns|version="1.0"|encoding)[\w:]+=)"([^"<&]+)"(?=[^<>]*>)',
            lambda found: f'{found[1]}"{_referred(found[2])}"',
            text,
        ).encode(),
    )
    yield "prefixes by other names", _renamed(text).encode()
    yield "single quotes", re.sub(r'="([^"\']*)"', r"='\1'", text).encode()


def _split(middle: str, found: re.Match[str]) -> str:
    text = found[1]
    half = len(text) // 2
    # Not within a reference, which is one character.
    return f">{text[:half]}{middle}{text[half:]}<" if "&" not in text else found.group()


def _referred(text: str) -> str:
    return "".join(f"&#x{ord(each):x};" for each in text)


def _renamed(text: str) -> str:
    """The same namespaces under other prefixes: the prefix means nothing."""
    for prefix in set(re.findall(r"xmlns:(\w+)=", text)):
        text = re.sub(rf"(</?|\s|xmlns:){prefix}(?=[:=])", rf"\1{prefix}q", text)
    return text


def other(form: Format) -> Iterator[tuple[str, bytes]]:
    """Documents that do not say the same, by what was done and to which element."""
    text = form.whole.decode()
    for tag in _TAG.finditer(text):
        name = tag[1]
        if name in form.opaque:
            continue
        before, after = text[: tag.start()], text[tag.end() :]
        for what, attribute in (
            ("nil", 'i:nil="true"'),
            ("type", 'i:type="q"'),
            ("unknown attribute", 'q="q"'),
        ):
            if name in form.lax or (what == "unknown attribute" and name == _LABEL):
                continue
            changed = f"<{name}{tag[2]} {INSTANCE} {attribute}{tag[3]}>"
            yield f"{what} on {name}", f"{before}{changed}{after}".encode()
        if tag[3] == "/":
            continue
        yield f"inclusion in {name}", f"{before}{tag.group()}{INCLUSION}{after}".encode()
        yield f"element of nowhere in {name}", f'{before}{tag.group()}<q xmlns=""/>{after}'.encode()
        yield f"text in {name}", f"{before}{tag.group()}q<q/>{after}".encode()
    moved = re.sub(r'(xmlns(?::\w+)?=")(urn:nato|http://www.xmlspif)', r"\1urn:q:\2", text)
    yield "namespaces of nowhere", moved.encode()
    head, _, rest = text.partition("</")
    yield "a prefix that means something else from an element on", _rebound(text).encode()
    yield "everything twice", (text + rest + head).encode()


def _rebound(text: str) -> str:
    """Give a prefix, or what has none, another namespace from the second element on."""
    second = list(_TAG.finditer(text))[1]
    prefix, colon, _ = second[1].rpartition(":")
    declared = f' xmlns{colon}{prefix}="urn:q"'
    return text[: second.end(1)] + declared + text[second.end(1) :]
