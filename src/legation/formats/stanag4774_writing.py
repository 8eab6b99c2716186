# SPDX-License-Identifier: Apache-2.0
"""
Labels written in the XML of ADatP-4774.

What is written conforms: to the schema, and to what the text asks for beyond it. A review date stands
wherever no succession is planned. Nothing is taken from a clock: who knows when the label is put on
says so, else ``UNDATED`` stands there.

Source: ADatP-4774(A)(1), schema version 1.3.
"""

from datetime import UTC, datetime, timedelta

import msgspec
from lxml import etree

from legation.errors import MalformedError
from legation.formats import xml
from legation.formats.stanag4774_label import WRITTEN_ROOTS, OriginatorID, Role
from legation.formats.stanag4774_parts import (
    LABEL_NAMESPACE,
    instant_text,
    to_bytes,
    write_category,
    write_token,
)
from legation.labels.label import Label, Succession
from legation.labels.policy import Policy
from legation.labels.validity import FaultCode, validate

UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
"""CreationDateTime of a label whose writer was not told the time: the schema wants one."""
REVIEW_AFTER = timedelta(days=3652)
"""What the text asks for where no succession is planned, and nobody said when: ten years."""


def write_label(
    label: Label,
    policy: Policy,
    *,
    role: Role = Role.ORIGINATOR,
    id: str = "",
    originator: OriginatorID | None = None,
    created: datetime | None = None,
    review_at: datetime | None = None,
) -> bytes:
    """
    Write a label as a document; ``read_label`` gives its one form under *policy* back.

    The names are spelled as the SPIF spells them, and stand in its order; the policy and its tag
    sets are named by their identifiers too.

    Args:
        label: A label that is valid in *policy*, and so are its successors.
        policy: The policy it is written under.
        role: Whose label it is.
        id: The ``Id`` by which other elements may refer to it, without ``#``.
        originator: Who puts it on.
        created: When it is put on, with a time zone; then it must be valid at that instant. A writer
            that is not told writes ``UNDATED``.
        review_at: When it is to be reviewed. Without it and without a succession, ``REVIEW_AFTER``
            its creation; a succession that has a review date brings its own.

    Raises:
        MalformedError: The label is not valid in the policy, or its XML would say something else.
    """
    element = label_element(
        label, policy, role=role, id=id, originator=originator, created=created, review_at=review_at
    )
    return to_bytes(element)


def label_element(
    label: Label,
    policy: Policy,
    *,
    role: Role = Role.ORIGINATOR,
    id: str = "",
    originator: OriginatorID | None = None,
    created: datetime | None = None,
    review_at: datetime | None = None,
) -> xml.Element:
    """Make the element that ``write_label`` writes, as a part of a larger document."""
    if originator is not None and originator.type is None:
        raise MalformedError("originator of a label is written with the type of its name")
    review_at = _reviewed(label, created, review_at)
    names = {"slab": LABEL_NAMESPACE}
    root = etree.Element(f"{{{LABEL_NAMESPACE}}}{WRITTEN_ROOTS[role]}", nsmap=names)
    if id:
        _write_id(root, id)
    if review_at is not None:
        root.set("ReviewDateTime", instant_text(review_at))
    _write_base(root, label, policy, created, begins=created, originator=originator)
    return root


def _reviewed(label: Label, created: datetime | None, review_at: datetime | None) -> datetime | None:
    """When a label is to be reviewed; where a successor waits, only when it says so itself."""
    if label.succession is None:
        try:
            return review_at or (created or UNDATED) + REVIEW_AFTER
        except OverflowError:
            raise MalformedError("a date of ADatP-4774 lies between the years 1 and 9999") from None
    stated = label.succession.review_at
    if review_at is not None and review_at != stated:
        raise MalformedError("a label with a successor has the review date of its succession, or none")
    return stated


def _write_id(root: xml.Element, id: str) -> None:
    # An NCName of plain letters: what every reader takes for an xs:ID.
    if not (id.isascii() and id.isprintable() and (id[0].isalpha() or id[0] == "_")) or any(
        not (letter.isalnum() or letter in "_-.") for letter in id
    ):
        raise MalformedError(
            "identifier of a label is not a letter followed by letters, digits, dots, hyphens or underscores"
        )
    root.set("Id", id)


def _write_base(
    parent: xml.Element,
    label: Label,
    policy: Policy,
    created: datetime | None,
    *,
    begins: datetime | None,
    originator: OriginatorID | None = None,
) -> None:
    """Write what a label and a successor have in common; *begins* is when this one begins to count."""
    _write_information(parent, _normal(label, policy, begins), policy)
    if originator is not None and originator.type is not None:
        element = etree.SubElement(parent, f"{{{LABEL_NAMESPACE}}}OriginatorID")
        element.set("IDType", originator.type.value)
        element.text = originator.value
    dated = etree.SubElement(parent, f"{{{LABEL_NAMESPACE}}}CreationDateTime")
    dated.text = instant_text(created or UNDATED)
    if label.succession is not None:
        _write_succession(parent, label.succession, policy, created)


def _write_succession(
    parent: xml.Element, succession: Succession, policy: Policy, created: datetime | None
) -> None:
    later = succession.label.succession
    if later is not None and later.review_at is not None:
        raise MalformedError("a successor of ADatP-4774 has no review date of its own")
    element = etree.SubElement(parent, f"{{{LABEL_NAMESPACE}}}SuccessionHandling")
    date = etree.SubElement(element, f"{{{LABEL_NAMESPACE}}}SuccessionDateTime")
    date.text = instant_text(succession.at)
    successor = etree.SubElement(element, f"{{{LABEL_NAMESPACE}}}SuccessorConfidentialityLabel")
    begins = None if created is None else succession.at
    _write_base(successor, succession.label, policy, created, begins=begins)


def _normal(label: Label, policy: Policy, at: datetime | None) -> Label:
    """The one form of a label without its successors; where the instant is told it must hold then."""
    alone = msgspec.structs.replace(label, succession=None)
    faults = validate(policy, alone, at=at)
    if any(fault.code is not FaultCode.DATE_NEEDED for fault in faults):
        raise MalformedError("label is not valid in its policy")
    return policy.normalize(alone)


def _write_information(parent: xml.Element, label: Label, policy: Policy) -> None:
    information = etree.SubElement(parent, f"{{{LABEL_NAMESPACE}}}ConfidentialityInformation")
    write_token(information, "PolicyIdentifier", policy.name, policy.id)
    write_token(information, "Classification", label.classification)
    order = list(policy.fields)
    for part in sorted(label.categories, key=lambda part: order.index((part.tag, part.type))):
        field = policy.fields[part.tag, part.type]
        places = {name: index for index, name in enumerate(field.members)}
        # What a person typed in the place of a value has no place among them, and stands last.
        values = sorted(part.values, key=lambda value: places.get(policy.fold(value), len(places)))
        write_category(information, part.tag, part.type, values, tag_id=field.tag_set.id)
