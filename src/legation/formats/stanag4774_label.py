# SPDX-License-Identifier: Apache-2.0
"""
Labels in the XML of ADatP-4774: read with all that stands around them, and chosen.

Rules kept here:

1. One document, one label: a second one anywhere in it is refused. Successors stand inside the
   label that they succeed, and nowhere else.
2. What is not known is refused wherever it may have been meant to restrict. That is everywhere
   inside a label: the schema lets foreign elements stand behind the categories, behind the dates
   and beside a successor, and who cannot read them cannot know that they only tell more.
3. What decides nothing and does not conform is read and listed in ``faults``: a document is useful
   also where its author was careless.
4. A date that decides, the date of a succession and the review date of a label with a successor,
   has a time zone or is refused.

Nothing here judges a label under its policy, and nothing says which of a label and its successor
counts now: ``legation.labels`` does both.

Source: ADatP-4774(A)(1), schema version 1.3; ADatP-4774.1, sections 4.2 and 4.3.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import islice

import msgspec

from legation.errors import MalformedError
from legation.formats import xml
from legation.formats.stanag4774_parts import (
    FAULTS_MAX,
    LABEL_NAMESPACE,
    Notes,
    Parts,
    check_attributes,
    names_of_attributes,
    read_categories,
    read_instant,
    read_policy,
    read_token,
)
from legation.labels.label import Label, Succession
from legation.labels.policy import Policy

LABEL_SIZE_BYTES_MAX = 256 << 10  # a label that names every value of a large policy
TEXT_LENGTH_MAX = 1024  # characters of a privacy mark or an originator; more is no such thing

ROOTS = frozenset(
    {
        "originatorConfidentialityLabel",
        "alternativeConfidentialityLabel",
        "metadataConfidentialityLabel",
        "ConfidentialityLabel",
        "OriginatorConfidentialityLabel",
    }
)
"""The root elements that are read: those of the schema, and the common misspelling of the first."""

_WHAT = "label"


class Role(StrEnum):
    """Whose label it is, by its root element (ADatP-4774)."""

    ORIGINATOR = "originator"
    """Put on by the originator; a mapping never overwrites it."""
    ALTERNATIVE = "alternative"
    """An equivalent under another policy, added by whoever mapped it."""
    METADATA = "metadata"
    """The label of the metadata themselves."""
    LEGACY = "legacy"
    """``ConfidentialityLabel``, which does not say; it counts as the originator's."""


_ROLES = {
    "originatorConfidentialityLabel": Role.ORIGINATOR,
    "OriginatorConfidentialityLabel": Role.ORIGINATOR,
    "alternativeConfidentialityLabel": Role.ALTERNATIVE,
    "metadataConfidentialityLabel": Role.METADATA,
    "ConfidentialityLabel": Role.LEGACY,
}
WRITTEN_ROOTS = {role: name for name, role in reversed(_ROLES.items())}


class IDType(StrEnum):
    """How an originator is named (ADatP-4774, OriginatorID/@IDType)."""

    RFC822_NAME = "rfc822Name"
    DNS_NAME = "dNSName"
    DIRECTORY_NAME = "directoryName"
    URI = "uniformResourceIdentifier"
    IP_ADDRESS = "iPAddress"
    X400_ADDRESS = "x400Address"
    USER_PRINCIPAL_NAME = "userPrincipalName"
    JID = "jID"


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginatorID:
    """Who put a label on; ``type`` is None where the document does not say how it is named."""

    value: str
    type: IDType | None

    def __post_init__(self) -> None:
        if not 0 < len(self.value) <= TEXT_LENGTH_MAX or not self.value.isprintable():
            raise MalformedError("originator of a label is empty, too long, or not printable")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelDocument:
    """
    A label with what its document says around it.

    ``created`` and ``review_at`` are in UTC, None where they are absent or no instant.
    ``privacy_mark`` is for people and never decides. ``faults`` lists what does not conform and
    was read all the same.
    """

    role: Role
    label: Label
    id: str = ""
    originator: OriginatorID | None = None
    created: datetime | None = None
    review_at: datetime | None = None
    privacy_mark: str | None = None
    faults: tuple[str, ...] = ()


def read_label(data: bytes) -> Label:
    """
    Read a label.

    Args:
        data: A document whose root element is a confidentiality label.

    Raises:
        MalformedError: It is not a label, or holds what is not known.
    """
    return read_document(data).label


def read_document(data: bytes) -> LabelDocument:
    """
    Read a label with its role, its origin, its dates, and what does not conform in it.

    Args:
        data: A document whose root element is a confidentiality label.

    Raises:
        MalformedError: It is not a label, or holds what is not known.
    """
    return document_of(xml.parse(data, size_bytes_max=LABEL_SIZE_BYTES_MAX, what=_WHAT))


def is_label(element: xml.Element) -> bool:
    """Whether an element is a label of any role, by its name."""
    namespace, name = xml.names_of(element)
    return namespace == LABEL_NAMESPACE and name in ROOTS


def document_of(root: xml.Element) -> LabelDocument:
    """
    Read the label whose root element this is.

    Raises:
        MalformedError: As ``read_document``.
    """
    if not is_label(root):
        raise MalformedError("label does not begin with a confidentiality label of ADatP-4774")
    if sum(is_label(element) for element in root.iter(f"{{{LABEL_NAMESPACE}}}*")) != 1:
        raise MalformedError("label holds a second label")
    return _Reader().document(root)


class _Reader:
    """Reads one label, and collects what does not conform."""

    def __init__(self) -> None:
        self._notes = Notes()

    def document(self, root: xml.Element) -> LabelDocument:
        name = xml.names_of(root)[1]
        role = _ROLES[name]
        if name == "OriginatorConfidentialityLabel":
            self._notes.add(root, "is spelled with a small o in the schema")
        if role is Role.LEGACY:
            self._notes.add(root, "is kept for old documents; it does not say whose label it is")
        found = self._base(root)
        review_at = self._review_at(root, found.label.succession is not None)
        if review_at is not None and found.label.succession is not None:
            succession = msgspec.structs.replace(found.label.succession, review_at=review_at)
            found = replace(found, label=msgspec.structs.replace(found.label, succession=succession))
        return replace(
            found, role=role, id=root.get("Id", ""), review_at=review_at, faults=self._notes.faults
        )

    def _base(self, element: xml.Element) -> LabelDocument:
        """Read what a label and a successor have in common (ConfidentialityLabelBaseType)."""
        parts = Parts(element, _WHAT)
        label, privacy_mark = self._information(parts.one("ConfidentialityInformation"))
        originator = parts.optional("OriginatorID")
        created = parts.optional("CreationDateTime")
        if created is None:
            self._notes.add(element, "lacks CreationDateTime")
        succession = parts.optional("SuccessionHandling")
        parts.end()
        if succession is not None:
            label = msgspec.structs.replace(label, succession=self._succession(succession))
        return LabelDocument(
            role=Role.LEGACY,
            label=label,
            originator=None if originator is None else self._originator(originator),
            created=None if created is None else self._created(created),
            privacy_mark=privacy_mark,
        )

    def _information(self, element: xml.Element) -> tuple[Label, str | None]:
        check_attributes(element, (), _WHAT)
        parts = Parts(element, _WHAT)
        policy_id, policy = self._policy(parts.one("PolicyIdentifier"))
        stated = parts.one("Classification")
        if stated.get("URI") is not None:
            self._notes.add(stated, "has a @URI, which the text forbids")
        classification = read_token(stated, _WHAT)
        mark = parts.optional("PrivacyMark")
        categories = read_categories(parts.many("Category"), _WHAT)
        parts.end()
        label = Label(
            policy_id=policy_id, policy=policy, classification=classification, categories=categories
        )
        return label, None if mark is None else self._privacy_mark(mark)

    def _policy(self, element: xml.Element) -> tuple[str, str]:
        id_, name = read_policy(element, _WHAT)
        if not name or name.lower().startswith("urn:"):
            self._notes.add(element, "holds a URN, where the name of the policy belongs")
        return id_, name

    def _privacy_mark(self, element: xml.Element) -> str | None:
        self._notes.add(element, "is kept for old documents; it decides nothing")
        return self._text(element)

    def _text(self, element: xml.Element) -> str | None:
        """A text for people; what is not fit to be shown is left out and noted."""
        text = xml.collapsed(xml.text_of(element, what=_WHAT))
        if 0 < len(text) <= TEXT_LENGTH_MAX and text.isprintable():
            return text
        self._notes.add(element, "is empty, too long, or not printable, and was left out")
        return None

    def _originator(self, element: xml.Element) -> OriginatorID | None:
        text, stated = self._text(element), element.get("IDType", "")
        type_ = next((each for each in IDType if each.value == stated), None)
        if type_ is None:
            self._notes.add(element, "has no @IDType that the schema knows")
        return None if text is None else OriginatorID(value=text, type=type_)

    def _created(self, element: xml.Element) -> datetime | None:
        at, is_date = read_instant(xml.text_of(element, what=_WHAT))
        if not is_date:
            raise xml.fault_at(element, "is no date and time", what=_WHAT)
        if at is None:
            self._notes.add(element, "has no time zone")
        return at

    def _review_at(self, root: xml.Element, has_successor: bool) -> datetime | None:
        """Read the attributes of a label; where a successor waits, its review date decides."""
        for name in islice(_unknown_attributes(root), FAULTS_MAX):
            if has_successor:
                raise xml.fault_at(root, f"has an unknown attribute @{xml.shown(name)}", what=_WHAT)
            self._notes.add(root, f"has an attribute @{xml.shown(name)}, which the schema does not name")
        stated = root.get("ReviewDateTime")
        if stated is None:
            if not has_successor:
                self._notes.add(
                    root, "lacks @ReviewDateTime, which the text wants where there is no succession"
                )
            return None
        at, is_date = read_instant(stated)
        if not is_date or (at is None and has_successor):
            raise xml.fault_at(
                root, "has a @ReviewDateTime that is no date and time with a time zone", what=_WHAT
            )
        if at is None:
            self._notes.add(root, "has a @ReviewDateTime without a time zone")
        return at

    def _succession(self, element: xml.Element) -> Succession:
        check_attributes(element, (), _WHAT)
        parts = Parts(element, _WHAT)
        date = parts.one("SuccessionDateTime")
        at, _ = read_instant(xml.text_of(date, what=_WHAT))
        if at is None:
            raise xml.fault_at(date, "is no date and time with a time zone", what=_WHAT)
        successor = parts.one("SuccessorConfidentialityLabel")
        check_attributes(successor, (), _WHAT)
        parts.end()
        label = self._base(successor).label
        if label.succession is not None and label.succession.at <= at:
            self._notes.add(element, "has a successor that is succeeded before it begins")
        return Succession(at=at, label=label)


def _unknown_attributes(root: xml.Element) -> Iterator[str]:
    """The attributes of a label that the schema lets pass and does not name; those of its types are refused."""
    for name in ("type", "nil"):
        if root.get(f"{{{xml.SCHEMA_INSTANCE}}}{name}") is not None:
            raise xml.fault_at(root, f"has an unknown attribute @{name}", what=_WHAT)
    for namespace, name in names_of_attributes(root):
        if not namespace and name not in {"Id", "ReviewDateTime"}:
            yield name


def choose(documents: Iterable[LabelDocument], policy: Policy) -> LabelDocument | None:
    """
    Choose the label that a consumer under *policy* goes by; None is no basis for access: refuse.

    The originator's label if its policy is ours, else the first alternative whose policy is ours.
    A legacy label counts as the originator's. Labels of metadata are about something else. What has
    alternatives and no originator's label is not labelled.

    Args:
        documents: All labels of one object, in their order.
        policy: Ours.

    Raises:
        MalformedError: Two different labels claim to be the originator's.

    Source: ADatP-4774.1, section 4.2.
    """
    found = list(documents)
    originators = [each for each in found if each.role in {Role.ORIGINATOR, Role.LEGACY}]
    if len({each.label for each in originators}) > 1:
        raise MalformedError("two different labels claim to be the originator's")
    if not originators:
        return None
    alternatives = [each for each in found if each.role is Role.ALTERNATIVE]
    ours = (
        each
        for each in (originators[0], *alternatives)
        if policy.is_named(each.label.policy_id, each.label.policy)
    )
    return next(ours, None)
