# SPDX-License-Identifier: Apache-2.0
"""
The one XML parser of the house, and the few ways to look into what it has read.

Rules kept here:

1. UTF-8 only, so that what is looked for in the bytes is what the parser will see.
2. No document type at all: no entities, no defaults, nothing that names another file.
3. Size, markup and attributes have limits that are checked before parsing; depth and the length of
   namespaces, which each of thousands of elements would spell again, have theirs.
4. Comments and processing instructions are dropped; the text around them is one text.
5. An identifier (``Id``) stands once: no reference to it leads to two places.
6. Every fault is a ``MalformedError`` that names elements, attributes and lines, never content.

Not done here: validation. Who reads a format says what may stand in it.
"""

import re
from collections.abc import Iterator
from typing import TypeAlias

from lxml import etree

from legation.errors import MalformedError

# Five times the largest published policy; they keep the worst refusal to some milliseconds.
MARKUP_MAX = 12_000  # angle brackets that open: two for an element with an end tag
ATTRIBUTES_MAX = 8_000  # equals signs: one for each attribute, few elsewhere
DEPTH_MAX = 32  # elements inside one another
NAMESPACE_LENGTH_MAX = 1024  # characters; the longest in use here has 70

XML = "http://www.w3.org/XML/1998/namespace"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

Element: TypeAlias = etree._Element

_SPACE = " \t\r\n"  # what XML calls white space; Unicode has more, and none of it counts here
_DECLARED = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml\s[^>]*?\sencoding\s*=\s*[\"']([^\"'>]*)")
_TOO_DEEP = etree.XPath("boolean(" + "/*" * (DEPTH_MAX + 1) + ")")
_IDS = etree.XPath("//@Id", smart_strings=False)


def parse(data: bytes, *, size_bytes_max: int, what: str) -> Element:
    """
    Parse a document into its root element.

    Args:
        data: The document, in UTF-8, with or without a byte order mark.
        size_bytes_max: Longest document that is looked at.
        what: What the bytes claim to be, for error messages.

    Raises:
        MalformedError: Too large, not in UTF-8, not well-formed, with a document type, with a namespace that
            is too long, or with one identifier twice.
    """
    _check_size(data, size_bytes_max, what)
    _check_bytes(data, what)
    try:
        root = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError as fault:
        # The library's message may quote what it read, so neither it nor its trace goes on.
        raise MalformedError(f"{what} is not well-formed XML at line {fault.lineno or 1}") from None
    except (etree.LxmlError, ValueError):
        raise MalformedError(f"{what} is not well-formed XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise MalformedError(f"{what} has a document type, expected none")
    if _TOO_DEEP(root):
        raise MalformedError(f"{what} has more than {DEPTH_MAX} elements inside one another")
    _check_tree(root, what)
    return root


def _check_size(data: bytes, size_bytes_max: int, what: str) -> None:
    if len(data) > size_bytes_max:
        raise MalformedError(f"{what} has {len(data)} bytes, expected at most {size_bytes_max}")
    if data.count(b"<") > MARKUP_MAX or data.count(b"=") > ATTRIBUTES_MAX:
        raise MalformedError(f"{what} has too many elements or attributes")


def _check_bytes(data: bytes, what: str) -> None:
    declared = _DECLARED.match(data)
    if declared is not None and declared[1].lower() != b"utf-8":
        raise MalformedError(f"{what} declares another encoding, expected UTF-8")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedError(f"{what} is not in UTF-8") from None
    if b"<!DOCTYPE" in data:
        raise MalformedError(f"{what} has a document type, expected none")


def _check_tree(root: Element, what: str) -> None:
    declared = etree.iterwalk(root, events=("start-ns",))
    if any(len(namespace) > NAMESPACE_LENGTH_MAX for _, (_, namespace) in declared):
        raise MalformedError(f"{what} has a namespace of more than {NAMESPACE_LENGTH_MAX} characters")
    ids = _IDS(root)
    assert isinstance(ids, list), "a path to attributes finds a list of them"
    if len(set(ids)) != len(ids):
        raise MalformedError(f"{what} has one @Id twice")


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )


def names_of(element: Element) -> tuple[str, str]:
    """Split the name of an element into its namespace, empty where it has none, and the rest."""
    return split_name(str(element.tag))


def split_name(name: str) -> tuple[str, str]:
    """Split ``{namespace}name``; a name without namespace has an empty one."""
    namespace, _, local = name[1:].rpartition("}") if name.startswith("{") else ("", "", name)
    return namespace, local


def attributes_of(element: Element) -> Iterator[tuple[str, str, str]]:
    """Go through the attributes of an element: namespace, name, value."""
    for name, value in element.attrib.items():
        yield (*split_name(str(name)), str(value))


def line_of(element: Element) -> int:
    """Say on which line an element begins, from 1."""
    line: int | None = element.sourceline  # type: ignore[assignment]  # the stubs leave it open
    return line or 1


def has_stray_text(element: Element) -> bool:
    """Whether text stands between the children of an element, where only elements belong."""
    texts = [element.text, *(child.tail for child in element)]
    return any(text is not None and text.strip(_SPACE) for text in texts)


def text_of(element: Element, *, what: str) -> str:
    """
    Give the text of an element that holds nothing else, as it stands.

    Raises:
        MalformedError: It holds elements.
    """
    if len(element):
        raise fault_at(element, "holds elements, expected text", what=what)
    return element.text or ""


def fault_at(element: Element, reason: str, *, what: str) -> MalformedError:
    """Make the error about one element: its name and line, and what is wrong with it."""
    return MalformedError(f"{what}: {shown(names_of(element)[1])} at line {line_of(element)} {reason}")


def trimmed(text: str) -> str:
    """Take white space off both ends."""
    return text.strip(_SPACE)


def collapsed(text: str) -> str:
    """Take white space off both ends and make one space of every other run (``xs:token``)."""
    return " ".join(part for part in re.split(f"[{_SPACE}]+", text) if part)


def shown(name: str) -> str:
    """Make a name of an element or attribute fit for a message: short, and nothing invisible in it."""
    short = name if len(name) <= 40 else f"{name[:40]}…"
    return "".join(character if character.isprintable() else "?" for character in short)
