# SPDX-License-Identifier: Apache-2.0
"""
A policy as the bytes of an XML SPIF 2.1.

Everything that the model has is stated, in the order of the schema, one element a line. Nothing is
judged here: ``spif.write`` holds the document against the reader.

Two choices, where the schema has several ways to say one thing: tags are written by how they
decide (restrictive, permissive, tagType7), and all marks of the whole policy stand at its end.

Source: XML SPIF 2.1; for memberships the NATO extension as in ``spif_extensions``.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import groupby

from lxml import etree

from legation.errors import MalformedError
from legation.formats import xml
from legation.formats.spif_extensions import EXTENSION
from legation.formats.spif_schema import NAMESPACE, WHAT
from legation.labels.label import TagType
from legation.labels.policy import (
    CategoryReference,
    Classification,
    EquivalentCategory,
    EquivalentClassification,
    EquivalentPolicy,
    EquivalentTagSet,
    Marking,
    Membership,
    Origin,
    Policy,
    PrivacyMark,
    Qualifier,
    Requirement,
    Tag,
    TagCategory,
    TagSet,
    Window,
)

_TAG_TYPES = {
    TagType.RESTRICTIVE: "restrictive",
    TagType.PERMISSIVE: "permissive",
    TagType.INFORMATIVE: "tagType7",
}


def document_of(policy: Policy) -> bytes:
    """
    Draw the document of a policy.

    Raises:
        MalformedError: A text of the policy has characters that XML has not, or is no Unicode.
    """
    try:
        root = _policy(policy)
    except ValueError:
        # The library's message may quote the text.
        raise MalformedError(f"{WHAT} cannot be written: a text has characters that XML has not") from None
    etree.indent(root, space="  ")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def _element(
    parent: xml.Element, name: str, attributes: Mapping[str, str | None], text: str = ""
) -> xml.Element:
    """Add an element; an attribute that is None is left out."""
    stated = {key: value for key, value in attributes.items() if value is not None}
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", stated)
    if text:
        element.text = text
    return element


def _instant(instant: datetime | None) -> str | None:
    """Write an instant in UTC, so that policies that are equal are the same bytes."""
    if instant is None:
        return None
    if instant.tzinfo is None:
        raise MalformedError(f"{WHAT} cannot be written: a date has no time zone")
    try:
        return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:
        raise MalformedError(f"{WHAT} cannot be written: a date is beyond the years that count") from None


def _window(window: Window) -> dict[str, str | None]:
    return {"notBefore": _instant(window.not_before), "notAfter": _instant(window.not_after)}


def _flag(flag: bool) -> str | None:
    return "true" if flag else None


# --- The whole


def _policy(policy: Policy) -> xml.Element:
    header = {"schemaVersion": "2.1", "version": str(policy.version)}
    default = {None: NAMESPACE}
    root = etree.Element(f"{{{NAMESPACE}}}SPIF", header, nsmap=default)  # type: ignore[arg-type]  # stubs know no default namespace
    stated = {**_origin(policy.origin), **_window(policy.window)}
    root.attrib.update({key: value for key, value in stated.items() if value is not None})
    _element(root, "securityPolicyId", {"name": policy.name, "id": policy.id})
    classifications = _element(root, "securityClassifications", {})
    for classification in policy.classifications:
        _classification(classifications, classification)
    if policy.tag_sets:
        tag_sets = _element(root, "securityCategoryTagSets", {})
        for tag_set in policy.tag_sets:
            _tag_set(tag_sets, tag_set)
    if policy.privacy_marks:
        _privacy_marks(_element(root, "privacyMarks", {}), policy.privacy_marks)
    if policy.equivalents:
        others = _element(root, "equivalentPolicies", {})
        for other in policy.equivalents:
            _equivalent_policy(others, other)
    _marks(root, policy.markings, policy.qualifiers)
    if policy.memberships:
        _memberships(_element(root, "extensions", {}), policy.memberships)
    return root


def _origin(origin: Origin) -> dict[str, str | None]:
    return {
        "creationDate": origin.created,
        "originatorDN": origin.originator,
        "keyIdentifier": origin.key,
        "privilegeId": origin.privilege_id,
        "rbacId": origin.rbac_id,
        "userRefURI": origin.user_reference or None,
        "docRefURI": origin.document_reference or None,
    }


def _classification(parent: xml.Element, found: Classification) -> None:
    element = _element(
        parent,
        "securityClassification",
        {
            "name": found.name,
            "lacv": str(found.lacv),
            "hierarchy": str(found.hierarchy),
            "color": found.color or None,
            "obsolete": _flag(found.obsolete),
        },
    )
    for equivalent in found.equivalents:
        _equivalent_classification(element, equivalent)
    _marks(element, found.markings, found.qualifiers)
    _required(element, found.required)


# --- Tag sets


def _tag_set(parent: xml.Element, found: TagSet) -> None:
    element = _element(parent, "securityCategoryTagSet", {"name": found.name, "id": found.id})
    for tag in found.tags:
        _tag(element, tag)
    for equivalent in found.equivalents:
        _equivalent_tag_set(element, equivalent)


def _tag(parent: xml.Element, found: Tag) -> None:
    attributes: dict[str, str | None] = {
        "name": found.name or None,
        "tagType": _TAG_TYPES[found.type],
        # What published policies have, and what some programs refuse to do without.
        "tag7Encoding": "bitSetAttributes" if found.type is TagType.INFORMATIVE else None,
        "maxSelection": None if found.count_max is None else str(found.count_max),
        "minSelection": str(found.count_min) if found.count_min else None,
    }
    element = _element(parent, "securityCategoryTag", attributes)
    for value in found.categories:
        _category(element, value)
    _marks(element, (), found.qualifiers)


def _category(parent: xml.Element, found: TagCategory) -> None:
    element = _element(
        parent,
        "tagCategory",
        {
            "name": found.name,
            "lacv": found.lacv,
            "userInput": found.user_input or None,
            "dateFormat": found.date_format or None,
            "requiredClass": found.required_class or None,
            "obsolete": _flag(found.obsolete),
            **_window(found.window),
        },
    )
    for equivalent in found.equivalents:
        _equivalent_category(element, equivalent)
    _marks(element, found.markings, found.qualifiers)
    for name in found.excluded_classes:
        _element(element, "excludedClass", {}, name)
    _required(element, found.required)
    for reference in found.excluded:
        _element(element, "excludedCategory", _reference(reference))


def _required(parent: xml.Element, requirements: Iterable[Requirement]) -> None:
    for requirement in requirements:
        element = _element(parent, "requiredCategory", {"operation": requirement.operation.value})
        for reference in requirement.groups:
            _element(element, "categoryGroup", _reference(reference))


def _reference(reference: CategoryReference) -> dict[str, str | None]:
    return {
        "tagSetRef": reference.tag_set,
        "tagType": _TAG_TYPES[reference.type],
        "lacv": reference.lacv or None,
        "all": _flag(not reference.lacv),
    }


# --- Equivalences


def _equivalent_policy(parent: xml.Element, found: EquivalentPolicy) -> None:
    attributes: dict[str, str | None] = {
        "name": found.name,
        "id": found.id,
        "userRefURI": found.user_reference or None,
        "docRefURI": found.document_reference or None,
    }
    _required(_element(parent, "equivalentPolicy", attributes), found.required)


def _equivalent_classification(parent: xml.Element, found: EquivalentClassification) -> None:
    attributes = {"policyRef": found.policy, "lacv": str(found.lacv), "applied": found.applied.value}
    _required(_element(parent, "equivalentClassification", attributes), found.required)


def _equivalent_category(parent: xml.Element, found: EquivalentCategory) -> None:
    attributes: dict[str, str | None] = {
        "policyRef": found.policy,
        "tagSetId": found.tag_set_id,
        "tagType": _TAG_TYPES[found.type],
        "lacv": found.lacv,
        "applied": found.applied.value,
        "action": "discard" if found.discard else None,
    }
    _element(parent, "equivalentSecCategoryTag", attributes)


def _equivalent_tag_set(parent: xml.Element, found: EquivalentTagSet) -> None:
    attributes = {"policyRef": found.policy, "name": found.name or None, "id": found.id or None}
    _required(_element(parent, "equivalentSecurityCategoryTagSet", attributes), found.required)


# --- What only shows


def _marks(parent: xml.Element, markings: Iterable[Marking], qualifiers: Iterable[Qualifier]) -> None:
    for marking in markings:
        element = _element(parent, "markingData", {**_language(marking.language), "phrase": marking.phrase})
        # A set has no order; what the schema has no word for is written too, and refused by the reader.
        for code in sorted(marking.codes):
            _element(element, "code", {}, code)
    for place, group in groupby(qualifiers, lambda qualifier: qualifier.place):
        element = _element(parent, "markingQualifier", {"markingCode": place or None})
        for qualifier in group:
            attributes = {
                **_language(qualifier.language),
                "markingQualifier": qualifier.text,
                "qualifierCode": qualifier.code,
            }
            _element(element, "qualifier", attributes)


def _language(language: str) -> dict[str, str | None]:
    return {f"{{{xml.XML}}}lang": language or None}


def _privacy_marks(parent: xml.Element, found: Iterable[PrivacyMark]) -> None:
    for mark in found:
        attributes = {"name": mark.name or None, "obsolete": _flag(mark.obsolete)}
        _marks(_element(parent, "privacyMark", attributes), mark.markings, mark.qualifiers)


# --- Memberships


def _memberships(parent: xml.Element, found: Iterable[Membership]) -> None:
    name, prefixes = f"{{{EXTENSION}}}name", {"nato": EXTENSION}
    holder = etree.SubElement(parent, f"{{{EXTENSION}}}memberships", nsmap=prefixes)
    for membership in found:
        group = etree.SubElement(holder, f"{{{EXTENSION}}}membership", {name: membership.name})
        for member in membership.members:
            stated = {name: member.name, f"{{{EXTENSION}}}lacv": member.lacv}
            if member.obsolete:
                stated[f"{{{EXTENSION}}}obsolete"] = "true"
            etree.SubElement(group, f"{{{EXTENSION}}}member", stated)
