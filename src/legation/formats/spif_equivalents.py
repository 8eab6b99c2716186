# SPDX-License-Identifier: Apache-2.0
"""
What the parts of a policy are called in other policies, as an XML SPIF states it.

Whether an equivalence leads to something there cannot be seen here: the other policy is not at
hand, and the rules of an equivalence name its tag sets. All that is held is what this file says
itself: the other policy has an entry, and each entry says all that it must.

Nothing of it is forgiven. An equivalence that is left out, or half understood, would let a label
lose a restriction when it is translated.

The schema lets an equivalence name the default policy too (``defaultSecurityPolicyId``). Where one
does, that policy is read as one more equivalent policy; else the default is passed over, because
data without a label gets no label here.

Source: XML SPIF 2.1, equivalentPolicy and the other elements named ``equivalent``.
"""

from legation.formats import xml
from legation.formats.spif_rules import requirements
from legation.formats.spif_schema import Faults, Node
from legation.formats.spif_values import (
    address_of,
    name_of,
    read_value,
    to_choice,
    to_integer,
    to_lacv,
    to_oid,
    to_text,
    type_of,
)
from legation.labels.label import TagType
from legation.labels.policy import (
    Applied,
    EquivalentCategory,
    EquivalentClassification,
    EquivalentPolicy,
    EquivalentTagSet,
)

_TAG_SETS = ("securityCategoryTagSets", "securityCategoryTagSet")
_REFERRING = (
    ("securityClassifications", "securityClassification", "equivalentClassification"),
    (*_TAG_SETS, "equivalentSecurityCategoryTagSet"),
    (*_TAG_SETS, "securityCategoryTag", "tagCategory", "equivalentSecCategoryTag"),
)


def policies(root: Node, faults: Faults) -> tuple[EquivalentPolicy, ...]:
    """Read the other policies; that every equivalence names one of them is seen here too."""
    stated = list(root.within("equivalentPolicies", "equivalentPolicy"))
    default = list(root.all("defaultSecurityPolicyId"))
    others = [*default, *stated]
    for key, convert in (("name", to_text), ("id", to_oid)):
        values = [read_value(node, key, convert, "", faults) for node in others]
        if len(set(values)) != len(values):
            faults.refuse(others[0].line, f"two other policies have one @{key}")
    used = _used({_named(node, "name") for node in others}, root, faults)
    meant = [node for node in default if _named(node, "name") in used]
    return tuple(_policy(node, faults) for node in (*stated, *meant))


def _used(names: set[str], root: Node, faults: Faults) -> set[str]:
    """Name the other policies that equivalences name; one that is not there is a fault."""
    used = set()
    for path in _REFERRING:
        for node in root.within(*path):
            name = _named(node, "policyRef")
            used.add(name)
            if name not in names:
                faults.refuse(node.line, f"{node.name} names a policy that is not there")
    return used


def _named(node: Node, key: str) -> str:
    return xml.trimmed(node.attributes.get(key, ""))


def _policy(node: Node, faults: Faults) -> EquivalentPolicy:
    return EquivalentPolicy(
        name=name_of(node, "name", faults),
        id=read_value(node, "id", to_oid, "", faults),
        user_reference=address_of(node, "userRefURI", faults),
        document_reference=address_of(node, "docRefURI", faults),
        required=requirements(node, faults),
    )


def classifications(node: Node, faults: Faults) -> tuple[EquivalentClassification, ...]:
    """Read what a classification is called elsewhere."""
    return tuple(
        EquivalentClassification(
            policy=name_of(each, "policyRef", faults),
            lacv=read_value(each, "lacv", to_integer, 0, faults),
            applied=_applied(each, faults),
            required=requirements(each, faults),
        )
        for each in node.all("equivalentClassification")
    )


def _applied(node: Node, faults: Faults) -> Applied:
    return read_value(node, "applied", to_choice(Applied), Applied.ENCRYPT, faults)


def categories(node: Node, own: TagType, faults: Faults) -> tuple[EquivalentCategory, ...]:
    """
    Read what a value is called elsewhere.

    Args:
        node: The value.
        own: How its own tag decides.
        faults: Where faults are noted.
    """
    nodes = node.all("equivalentSecCategoryTag")
    return tuple(_category(each, own, faults) for each in nodes) if nodes else ()


def _category(node: Node, own: TagType, faults: Faults) -> EquivalentCategory:
    discard = read_value(node, "action", _to_discard, False, faults)
    # "The tagSetId and lacv will not be used" where a value is discarded, so they need say nothing.
    is_open = discard and node.attributes.get("tagType") == "notApplicable"
    empty = discard and not xml.trimmed(node.attributes.get("lacv", ""))
    return EquivalentCategory(
        policy=name_of(node, "policyRef", faults),
        tag_set_id=read_value(node, "tagSetId", to_oid, "", faults),
        type=own if is_open else type_of(node, faults),
        lacv="" if empty else read_value(node, "lacv", to_lacv, "", faults),
        applied=_applied(node, faults),
        discard=discard,
    )


def _to_discard(text: str) -> bool | None:
    return True if text == "discard" else None


def tag_sets(node: Node, faults: Faults) -> tuple[EquivalentTagSet, ...]:
    """Read what a tag set is called elsewhere, and what is required there beside it."""
    return tuple(
        EquivalentTagSet(
            policy=name_of(each, "policyRef", faults),
            name=name_of(each, "name", faults, optional=True),
            id=read_value(each, "id", to_oid, "", faults),
            required=requirements(each, faults),
        )
        for each in node.all("equivalentSecurityCategoryTagSet")
    )
