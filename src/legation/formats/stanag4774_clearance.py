# SPDX-License-Identifier: Apache-2.0
"""
Clearances in the XML of ADatP-4774, and as the claim of a JSON Web Token.

The list of classifications is explicit: what is not named is not granted. Extensions are passed
over in the two places where the schema lets anything stand. They are not read, so they cannot
widen what is granted.

A token's claim ``aciClr`` is the XML in base64url. Whether the token's signature holds, who issued
it and for how long is the business of whoever takes the token: here is only the claim.

Source: ADatP-4774(A)(1), Appendix 2, Annex A, schema version 1.2; ADatP-4774.1, section 5.
"""

import base64
import binascii
import re

from lxml import etree

from legation.errors import MalformedError
from legation.formats import xml
from legation.formats.stanag4774_parts import (
    LABEL_NAMESPACE,
    Parts,
    check_attributes,
    read_categories,
    read_policy,
    read_token,
    to_bytes,
    write_category,
    write_token,
)
from legation.labels.label import Clearance

CLEARANCE_NAMESPACE = "urn:nato:stanag:4774:confidentialityclearance:1:0"
CLEARANCE_SIZE_BYTES_MAX = 256 << 10  # one that holds every value of a large policy
CLAIM_LENGTH_MAX = 4 * ((CLEARANCE_SIZE_BYTES_MAX + 2) // 3)  # characters; base64 of the largest clearance

_CLAIM = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_WHAT = "clearance"


def read_clearance(data: bytes) -> Clearance:
    """
    Read a clearance; it has no bounds in time.

    Args:
        data: A document whose root element is a ``ConfidentialityClearance``.

    Raises:
        MalformedError: It is not a clearance, or holds what is not known where it could widen.
    """
    root = xml.parse(data, size_bytes_max=CLEARANCE_SIZE_BYTES_MAX, what=_WHAT)
    if xml.names_of(root) != (CLEARANCE_NAMESPACE, "ConfidentialityClearance"):
        raise MalformedError("clearance does not begin with a ConfidentialityClearance of ADatP-4774")
    parts = Parts(root, _WHAT)
    policy_id, policy = read_policy(parts.one("PolicyIdentifier"), _WHAT)
    classifications = _classifications(parts.one("ClassificationList", CLEARANCE_NAMESPACE))
    categories = read_categories(parts.many("Category"), _WHAT)
    parts.extensions(CLEARANCE_NAMESPACE)
    parts.end()
    return Clearance(
        policy_id=policy_id,
        policy=policy,
        classifications=classifications,
        categories=categories,
    )


def _classifications(element: xml.Element) -> tuple[str, ...]:
    check_attributes(element, (), _WHAT)
    held = Parts(element, _WHAT)
    names = [read_token(each, _WHAT) for each in held.many("Classification")]
    if not names:
        raise held.fault(element, "lacks Classification")
    held.extensions(CLEARANCE_NAMESPACE)
    held.end()
    return tuple(dict.fromkeys(names))


def write_clearance(clearance: Clearance) -> bytes:
    """
    Write a clearance; ``read_clearance`` gives it back.

    Args:
        clearance: One that names its policy, holds a classification and has no bounds in time.

    Raises:
        MalformedError: The XML cannot say what it says, so what would be written is another one.
    """
    if clearance.not_before is not None or clearance.not_after is not None:
        raise MalformedError("a clearance of ADatP-4774 has no bounds in time")
    if not clearance.policy or not clearance.classifications:
        raise MalformedError("a clearance of ADatP-4774 names its policy and at least one classification")
    names = {"sclr": CLEARANCE_NAMESPACE, "slab": LABEL_NAMESPACE}
    root = etree.Element(f"{{{CLEARANCE_NAMESPACE}}}ConfidentialityClearance", nsmap=names)
    write_token(root, "PolicyIdentifier", clearance.policy, clearance.policy_id)
    held = etree.SubElement(root, f"{{{CLEARANCE_NAMESPACE}}}ClassificationList")
    for name in clearance.classifications:
        write_token(held, "Classification", name)
    for part in clearance.categories:
        write_category(root, part.tag, part.type, part.values, tag_id=part.tag_id)
    return to_bytes(root)


def read_claim(claim: str) -> Clearance:
    """
    Read the value of the claim ``aciClr``; that its token holds has been checked by the caller.

    Args:
        claim: BASE64URL(UTF8(XML)), with or without padding.

    Raises:
        MalformedError: It is not base64url in its one spelling, or not a clearance in it.
    """
    if len(claim) > CLAIM_LENGTH_MAX or not _CLAIM.fullmatch(claim):
        raise MalformedError("claim is no clearance in base64url, or too long")
    bare = claim.rstrip("=")
    try:
        data = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error:
        raise MalformedError("claim is no clearance in base64url") from None
    # Loose bits behind the last byte, or padding of another length, are a second spelling.
    if claim not in {_encoded(data), base64.urlsafe_b64encode(data).decode()}:
        raise MalformedError("claim is base64url in another spelling than its one")
    return read_clearance(data)


def write_claim(clearance: Clearance) -> str:
    """
    Write the value of the claim ``aciClr``, without padding; signing its token is the caller's.

    Raises:
        MalformedError: As ``write_clearance``.
    """
    return _encoded(write_clearance(clearance))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
