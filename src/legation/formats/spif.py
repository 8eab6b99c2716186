# SPDX-License-Identifier: Apache-2.0
"""
Policies as XML SPIF files: schema versions 1.0, 2.0 and 2.1 are read, 2.1 is written.

Reading goes in two steps. First the document is held against the schema (``spif_schema``) and
becomes a tree of nodes; then the nodes are read into a ``Policy``. Both steps go on after a fault,
so that whoever writes a policy sees all of them at once.

Rules kept here:

1. Strict reading refuses every fault. Lenient reading, for files as they are found, forgives what
   cannot change a decision and lists it: white space around values, order, a missing namespace, a
   header that is not complete, a value that stands twice and says the same, marks and colours that
   are not known, attributes of another namespace.
2. What could change a decision is never forgiven: an element or attribute that is not known, a tag
   type that is not known, a reference that leads nowhere or to two places, a missing hierarchy, an
   equivalence that says less than it must.
3. What is not understood is not guessed. Values that a person types (``userInput``) are kept, with
   ``user_input`` set, and no label can name one (``Policy.fields``). Memberships that are not clear
   contribute nobody (``spif_extensions``).
4. Equivalences are read as they stand; their rules name tag sets of the other policy
   (``spif_equivalents``).
5. What is written is held against the reader before it is handed out, so that what cannot be
   stated in an XML SPIF is refused and not altered.

Passed over: the policy for data without a label (``defaultSecurityPolicyId``, unless an equivalence
names it), for what has no label is refused here; how many privacy marks may be chosen; extensions
other than memberships. ``Tag`` says how values decide and not how they are encoded, so an
enumerated tag is written as a restrictive or permissive one.

Source: XML SPIF 2.1 (http://www.xmlspif.org/); ADatP-4774.1, Annex B.
"""

from dataclasses import replace
from hashlib import sha256

from legation.errors import MalformedError
from legation.formats import spif_equivalents, spif_extensions, spif_tags, xml
from legation.formats.spif_marks import markings, privacy_marks, qualifiers
from legation.formats.spif_rules import References
from legation.formats.spif_schema import NAMESPACE, WHAT, Faults, Node, tree_of
from legation.formats.spif_values import (
    address_of,
    name_of,
    note_of,
    read_value,
    to_count,
    to_oid,
    window_of,
)
from legation.formats.spif_writing import document_of
from legation.labels.policy import Origin, Policy

SCHEMA_VERSIONS = frozenset({"1.0", "2.0", "2.1"})
POLICY_SIZE_BYTES_MAX = 1 << 20  # the largest published policy that is in use has about 160 KiB


def read(data: bytes, *, lenient: bool = False) -> Policy:
    """
    Read a policy.

    Args:
        data: An XML SPIF as received; ``Policy.digest`` is the SHA-256 of just these bytes.
        lenient: Whether to forgive what cannot change a decision. ``Policy.faults`` then lists it;
            a policy that was read strictly has none.

    Raises:
        MalformedError: It is not an XML SPIF, or has faults; ``faults`` lists them with their lines.
    """
    root = xml.parse(data, size_bytes_max=POLICY_SIZE_BYTES_MAX, what=WHAT)
    faults = Faults(lenient=lenient)
    _check_version(root, faults)
    policy = _policy(root, sha256(data).digest(), faults)
    faults.settle()
    return replace(policy, faults=tuple(faults.forgiven()))


def write(policy: Policy) -> bytes:
    """
    Write a policy as XML SPIF 2.1: valid, the same bytes every time, one element a line.

    ``read`` gives the same policy back, but for its digest and what was forgiven of the file that
    it came from. Where two values of a tag have one ``lacv``, as in published policies, only a
    lenient reader does.

    Args:
        policy: A policy, with the origin that the schema wants: ``privilege_id`` and ``rbac_id``
            are object identifiers.

    Raises:
        MalformedError: It says something that an XML SPIF cannot state; ``faults`` lists what, with
            the lines of the document that would have been.
    """
    data = document_of(policy)
    try:
        found = read(data, lenient=True)
    except MalformedError as fault:
        reason = fault.message.removeprefix(f"{WHAT} is refused: ")
        raise MalformedError(f"{WHAT} cannot be written: {reason}", faults=fault.faults) from None
    if left := [fault for fault in found.faults if not fault.endswith(spif_tags.TWIN_LACV)]:
        raise MalformedError(f"{WHAT} cannot be written: {left[0]}", faults=left)
    if replace(found, digest=policy.digest, faults=policy.faults) != policy:
        raise MalformedError(f"{WHAT} cannot be written: it would be read as another")
    return data


def _check_version(root: xml.Element, faults: Faults) -> None:
    namespace, name = xml.names_of(root)
    if name != "SPIF" or (namespace != NAMESPACE and not (faults.is_lenient and not namespace)):
        raise MalformedError(f"{WHAT} is not an XML SPIF: the root element is another")
    version = root.get("schemaVersion")
    if version == "3.0":
        hint = "ask for the policy in schema version 2.1"
        raise MalformedError("XML SPIF of schema version 3.0 is not supported", hint=hint)
    # Where it is missing, a lenient reader holds the file against 2.1; ``tree_of`` notes it.
    if version not in SCHEMA_VERSIONS and not (faults.is_lenient and version is None):
        raise MalformedError(f"{WHAT} has a schema version that is none of 1.0, 2.0 and 2.1")


def _policy(document: xml.Element, digest: bytes, faults: Faults) -> Policy:
    root = tree_of(document, faults)
    identity = next(iter(root.all("securityPolicyId")), root)
    id = read_value(identity, "id", to_oid, "", faults)
    references = References(faults)
    classifications = tuple(spif_tags.classifications(root, id, references, faults))
    tag_sets = tuple(spif_tags.tag_sets(root, id, references, faults))
    references.follow(classifications, tag_sets)
    marked = (identity, *root.all("securityClassifications"), root)
    return Policy(
        name=name_of(identity, "name", faults),
        id=id,
        version=read_value(root, "version", to_count, 1, faults),
        digest=digest,
        classifications=classifications,
        tag_sets=tag_sets,
        window=window_of(root, faults),
        markings=tuple(marking for node in marked for marking in markings(node, faults)),
        qualifiers=tuple(qualifier for node in marked for qualifier in qualifiers(node, faults)),
        equivalents=spif_equivalents.policies(root, faults),
        memberships=spif_extensions.memberships(document, id, faults),
        privacy_marks=tuple(privacy_marks(root, faults)),
        origin=_origin(root, faults),
    )


def _origin(root: Node, faults: Faults) -> Origin:
    return Origin(
        created=note_of(root, "creationDate", faults),
        originator=note_of(root, "originatorDN", faults),
        key=note_of(root, "keyIdentifier", faults),
        privilege_id=note_of(root, "privilegeId", faults),
        rbac_id=note_of(root, "rbacId", faults),
        user_reference=address_of(root, "userRefURI", faults),
        document_reference=address_of(root, "docRefURI", faults),
    )
