# SPDX-License-Identifier: Apache-2.0
"""
The one extension of XML SPIF that is read: NATO's memberships, which say whom a value stands for.

Rules kept here:

1. A group is kept as it is written, also one that is no value of the policy, and members that are
   none: published policies have both. Who expands a group finds nobody there.
2. What is not clear contributes nobody. A group or member that says something unknown, or that
   says two different things, is a fault to a strict reader; a lenient one leaves it out. What is
   said twice alike counts once.
3. The attributes may have the namespace of the extension, as in NATO's own files, or none.
4. Other extensions are passed over.

Source: NATO SPIF extension ``urn:nato:stanag:4774:spif:extensions:1:0``, as published policies use
it; no schema of it is public.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from legation.formats import xml
from legation.formats.spif_schema import ATTRIBUTES_MAX, CHILDREN_MAX, NAMESPACE, Faults
from legation.formats.spif_values import to_flag, to_lacv, to_name
from legation.labels.policy import GroupMember, Membership, folded

EXTENSION = "urn:nato:stanag:4774:spif:extensions:1:0"
MEMBERSHIPS_MAX = 256  # the largest published policy has fourteen

Entry = TypeVar("Entry", GroupMember, Membership)
Value = TypeVar("Value")


def memberships(root: xml.Element, policy_id: str, faults: Faults) -> tuple[Membership, ...]:
    """
    Read every membership of a document.

    Args:
        root: The SPIF.
        policy_id: Identifier of the policy, which says how names are compared.
        faults: Where faults are noted.
    """
    groups = [
        (child, _membership(child, policy_id, faults))
        for holder in _holders(root, faults)
        for child in _children(holder, "membership", faults)
    ]
    if len(groups) > MEMBERSHIPS_MAX:
        line = xml.line_of(groups[0][0])
        faults.refuse(line, f"{len(groups)} memberships, expected at most {MEMBERSHIPS_MAX}")
    return _clear(groups, policy_id, faults)


def _holders(root: xml.Element, faults: Faults) -> Iterator[xml.Element]:
    for child in root:
        if xml.names_of(child) in {(NAMESPACE, "extensions"), ("", "extensions")}:
            found = (each for each in child if xml.names_of(each) == (EXTENSION, "memberships"))
            yield from (each for each in found if _Stated(each, frozenset(), faults).is_clear)


def _children(element: xml.Element, name: str, faults: Faults) -> Iterator[xml.Element]:
    wanted = f"{{{EXTENSION}}}{name}"
    for count, child in enumerate(element, start=1):
        if count > CHILDREN_MAX:
            faults.refuse(xml.line_of(child), f"more than {CHILDREN_MAX} elements where {name} stands")
            faults.settle()
        if child.tag == wanted:
            yield child
        else:
            faults.forgive(xml.line_of(child), f"something other than {name} stands where it should")


def _membership(element: xml.Element, policy_id: str, faults: Faults) -> Membership | None:
    found = _Stated(element, frozenset({"name"}), faults)
    members = [(child, _member(child, faults)) for child in _children(element, "member", faults)]
    name = found.value("name", to_name)
    clear = _clear(members, policy_id, faults)
    return None if name is None else Membership(name=name, members=clear)


def _member(element: xml.Element, faults: Faults) -> GroupMember | None:
    found = _Stated(element, frozenset({"name", "lacv", "obsolete"}), faults)
    if len(element):
        found.note("holds elements")
    name, lacv = found.value("name", to_name), found.value("lacv", to_lacv)
    obsolete = found.value("obsolete", to_flag, default="false")
    if name is None or lacv is None or obsolete is None:
        return None
    return GroupMember(name=name, lacv=lacv, obsolete=obsolete)


class _Stated:
    """What an element states in its attributes; nothing at all, once one of them is not clear."""

    def __init__(self, element: xml.Element, known: frozenset[str], faults: Faults) -> None:
        self._element = element
        self._faults = faults
        self._attributes: dict[str, str] = {}
        self.is_clear = True
        if (element.text or len(element)) and xml.has_stray_text(element):
            self.note("holds text")
        if len(element.attrib) > ATTRIBUTES_MAX:
            self.note(f"has more than {ATTRIBUTES_MAX} attributes")
            return
        for namespace, key, value in xml.attributes_of(element):
            if namespace == xml.XML:
                continue
            is_known = key in known and namespace in {"", EXTENSION}
            if not is_known or self._attributes.setdefault(key, value) != value:
                self.note(f"has an unclear attribute @{xml.shown(key)}")

    def note(self, reason: str) -> None:
        """Note what is wrong with the element, which then says nothing."""
        _, name = xml.names_of(self._element)
        self._faults.forgive(xml.line_of(self._element), f"{name} {reason}")
        self.is_clear = False

    def value(self, key: str, convert: Callable[[str], Value | None], default: str = "") -> Value | None:
        """Read one attribute, or None where the element says nothing clear."""
        if not self.is_clear:
            return None
        stated = self._attributes.get(key, default)
        found = convert(xml.trimmed(stated))
        if found is None:
            self.note(f"has no clear @{key}")
        elif xml.trimmed(stated) != stated:
            _, name = xml.names_of(self._element)
            self._faults.forgive(xml.line_of(self._element), f"{name} has white space around its @{key}")
        return found


def _clear(
    entries: list[tuple[xml.Element, Entry | None]], policy_id: str, faults: Faults
) -> tuple[Entry, ...]:
    """Take the entries that are clear: of twins that agree the first, of twins that differ none."""
    found: dict[str, Entry] = {}
    unclear: set[str] = set()
    for element, entry in entries:
        if entry is None:
            continue
        key = folded(policy_id, entry.name)
        if found.setdefault(key, entry) != entry:
            name = xml.names_of(element)[1]
            faults.forgive(xml.line_of(element), f"{name} has the @name of another and says something else")
            unclear.add(key)
    return tuple(entry for key, entry in found.items() if key not in unclear)
