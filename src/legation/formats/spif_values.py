# SPDX-License-Identifier: Apache-2.0
"""
Values of the attributes of an XML SPIF.

Each reader notes what is wrong and goes on with something harmless: a document with a fault that
is not forgiven never becomes a policy.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import TypeVar

from legation.errors import MalformedError
from legation.formats import xml
from legation.formats.spif_schema import Faults, Node, unknown_value
from legation.labels.label import NAME_LENGTH_MAX, TagType, check_name
from legation.labels.policy import ALWAYS, Window

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_INTEGER = re.compile(r"[+-]?[0-9]{1,15}")
_LONG_INTEGER = re.compile(r"[+-]?[0-9]{1,256}")  # as long as a name may be
# XML Schema knows no zone further than 14 hours away.
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)"
)

NOTE_LENGTH_MAX = 1024  # of what a file says of itself; distinguished names and addresses are shorter

# What every schema processor takes for an address, and a little less: no brackets, no user names.
_ADDRESS = re.compile(
    r"""
    (?: (?P<scheme> [A-Za-z][A-Za-z0-9+.\-]* ) : )?
    (?: // [^/?\#:@\[\]%]* (?: : [0-9]{1,5} )? (?= [/?\#] | \Z ) | (?! // ) )
    (?: [^?\#\[\]%:] | %[0-9A-Fa-f]{2} | (?(scheme) : | (?!) ) )*
    (?: \? (?: [^\#\[\]%] | %[0-9A-Fa-f]{2} )* )?
    (?: \# (?: [^\#\[\]%] | %[0-9A-Fa-f]{2} )* )?
    """,
    re.VERBOSE,
)
_LINE_ENDS = re.compile(r" *[\t\r\n][ \t\r\n]*")

Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=Enum)


def trim(node: Node, text: str, what: str, faults: Faults) -> str:
    """Take white space off both ends; a strict reader has none there."""
    found = xml.trimmed(text)
    if found != text:
        faults.forgive(node.line, f"{node.name} has white space around its {what}")
    return found


def value_of(node: Node, key: str, faults: Faults) -> str:
    """Read an attribute without the white space around it; empty where it is absent."""
    text = node.attributes.get(key, "")
    # The message is only put together where there is something to say.
    return trim(node, text, f"@{key}", faults) if text and (text[0] <= " " or text[-1] <= " ") else text


def name_of(node: Node, key: str, faults: Faults, *, optional: bool = False) -> str:
    """Read an attribute that holds a name; one that must be there and is not is already a fault."""
    if key not in node.attributes:
        return ""
    return _checked(node, value_of(node, key, faults), f"@{key}", faults, optional=optional)


def name_in(node: Node, faults: Faults) -> str:
    """Read an element whose text is a name."""
    return _checked(node, trim(node, node.text, "text", faults), "text", faults, optional=False)


def _checked(node: Node, name: str, what: str, faults: Faults, *, optional: bool) -> str:
    if not name.isprintable():
        # A label states the name as a token, in which a line end is a space.
        joined = _LINE_ENDS.sub(" ", name)
        if joined != name:
            faults.forgive(node.line, f"{node.name} has line ends in its {what}")
        name = joined
    try:
        check_name(name, f"{node.name} {what}", may_be_empty=optional)
    except MalformedError as fault:
        faults.refuse(node.line, fault.message)
    return name


def read_value(
    node: Node, key: str, convert: Callable[[str], Value | None], default: Value, faults: Faults
) -> Value:
    """Read an attribute that *convert* understands, or None from it is a fault."""
    if key not in node.attributes:
        return default
    found = convert(value_of(node, key, faults))
    if found is None:
        faults.refuse(node.line, unknown_value(node.name, key))
        return default
    return found


def to_text(text: str) -> str | None:
    """Read any text that is not empty and no longer than a name."""
    return text if 0 < len(text) <= NAME_LENGTH_MAX else None


def to_name(text: str) -> str | None:
    """Read a name, such as ``check_name`` lets pass."""
    try:
        check_name(text, "name")
    except MalformedError:
        return None
    return text


def to_integer(text: str) -> int | None:
    """Read an integer of up to 15 digits."""
    return int(text) if _INTEGER.fullmatch(text) else None


def to_flag(text: str) -> bool | None:
    """Read a truth value as XML Schema writes it."""
    return {"true": True, "1": True, "false": False, "0": False}.get(text)


def to_instant(text: str) -> datetime | None:
    """Read an instant; a time without a zone is another one at every post, so it is none."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def to_oid(text: str) -> str | None:
    """Read an object identifier in its one spelling."""
    return text if len(text) <= NAME_LENGTH_MAX and _OID.fullmatch(text) else None


def to_lacv(text: str) -> str | None:
    """Bring a value into its one form: 036 and 36 are one integer."""
    return str(int(text)) if _LONG_INTEGER.fullmatch(text) else to_text(text)


def to_count(text: str) -> int | None:
    """Read an integer that is not negative."""
    count = to_integer(text)
    return count if count is None or count >= 0 else None


def window_of(node: Node, faults: Faults) -> Window:
    """Read when something is in force."""
    if "notBefore" not in node.attributes and "notAfter" not in node.attributes:
        return ALWAYS
    not_before = read_value(node, "notBefore", to_instant, None, faults)
    not_after = read_value(node, "notAfter", to_instant, None, faults)
    if not_before is not None and not_after is not None and not_after < not_before:
        faults.refuse(node.line, f"{node.name} ends before it begins")
    return Window(not_before=not_before, not_after=not_after)


def type_of(node: Node, faults: Faults) -> TagType:
    """
    Read the effective type: how the values decide, whatever their encoding.

    Raises nothing: a type that is not known, or contradicts itself, is a fault that nobody
    forgives. (A reader that takes it for informative opens what was closed.)
    """
    stated, refined = value_of(node, "tagType", faults), value_of(node, "enumType", faults)
    known = {
        ("restrictive", ""): TagType.RESTRICTIVE,
        ("restrictive", "restrictive"): TagType.RESTRICTIVE,
        ("enumerated", "restrictive"): TagType.RESTRICTIVE,
        ("permissive", ""): TagType.PERMISSIVE,
        ("permissive", "permissive"): TagType.PERMISSIVE,
        ("enumerated", "permissive"): TagType.PERMISSIVE,
        ("tagType7", ""): TagType.INFORMATIVE,
    }
    found = known.get((stated, refined))
    if found is None and "tagType" in node.attributes:
        faults.refuse(node.line, f"{node.name} has a @tagType and @enumType that do not say how it decides")
    return found or TagType.RESTRICTIVE


def to_choice(choices: type[Choice]) -> Callable[[str], Choice | None]:
    """Make a reader of the values of an enumeration."""
    return {str(choice.value): choice for choice in choices}.get


def phrase_of(node: Node, key: str, faults: Faults) -> str:
    """Read a piece of a mark; the spaces around it are part of it, line ends are not."""
    stated = node.attributes.get(key, "")
    text = re.sub(r"[\t\r\n]+", " ", stated.strip("\t\r\n"))
    if text != stated:
        faults.forgive(node.line, f"{node.name} has line ends in its @{key}")
    if len(text) > NAME_LENGTH_MAX or not prints(text):
        faults.refuse(node.line, f"{node.name} has a @{key} that is too long, or holds what does not print")
    return text


def prints(text: str) -> bool:
    """Whether all of a text shows on paper; spaces of every width do, as French marks need them."""
    return text.isprintable() or all(
        character.isprintable() or unicodedata.category(character) == "Zs" for character in text
    )


def note_of(node: Node, key: str, faults: Faults) -> str:
    """Read what a file says of itself; what could not be shown is left out, for it never decides."""
    text = value_of(node, key, faults)
    if len(text) <= NOTE_LENGTH_MAX and prints(text):
        return text
    faults.forgive(node.line, f"{node.name} has a @{key} that is too long, or holds what does not print")
    return ""


def address_of(node: Node, key: str, faults: Faults) -> str:
    """Read an address (``xs:anyURI``) as a note: nobody goes there."""
    text = note_of(node, key, faults)
    if not _ADDRESS.fullmatch(text):
        faults.forgive(node.line, f"{node.name} has a @{key} that is no address")
    return text
