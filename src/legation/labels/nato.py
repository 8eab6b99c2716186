# SPDX-License-Identifier: Apache-2.0
"""
How labels of the NATO policy are marked, where its published SPIFs leave it to people.

The SPIFs give the words and not how they stand together: by version 88 alone a page would say
``NATO SECRET NATO``. The standard's own examples say what is meant, and people know no other.

1. A label has one context. It stands in place of the policy's name, as ``NATO/KFOR SECRET``; the
   context NATO is the name itself, and with TOP SECRET it is said ``COSMIC``.
2. The context ``Releasable`` is there when, and only when, a list Releasable To is. It is never said.
3. NATO is on every list Releasable To, for the owner's people read what it releases. It is not said.
4. Administrative words stand after a dash.
5. Words that the SPIF states for the top of a page stand everywhere, also in portion marks: without
   them nobody could tell one list from the other.

What a label leaves out or adds against these rules is said in brackets, as in any other policy.

Source: ADatP-4774, Appendix 2 (value domains; the examples of its markings); C-M(2002)49.
"""

from collections.abc import Collection

from legation.labels.policy import Classification, Field, Member, Policy

POLICY_ID = "1.3.26.1.3.1"
CONTEXT_ID = "1.3.26.1.4.4"
RELEASABLE_TO_ID = "1.3.26.1.4.2"
ADMINISTRATIVE_ID = "1.3.26.1.4.3"
OWNER, RELEASABLE = "NATO", "Releasable"
HIGHEST, SAID_WITH_IT = "TOP SECRET", "COSMIC"


def is_nato(policy: Policy) -> bool:
    """Whether a policy is marked by these rules."""
    return policy.id == POLICY_ID


def is_unsaid(policy: Policy, member: Member) -> bool:
    """Whether a value is said by others or not at all (rules 1 to 3)."""
    if not is_nato(policy):
        return False
    owners = {CONTEXT_ID: (OWNER, RELEASABLE), RELEASABLE_TO_ID: (OWNER,)}
    return member.category.name in owners.get(member.tag_set.id, ())


def implied_values(policy: Policy, shown: Collection[Member]) -> list[Member]:
    """The unsaid values that a label with these shown ones has."""
    if not is_nato(policy):
        return []
    sets = {member.tag_set.id for member in shown}
    found = [] if CONTEXT_ID in sets else [(CONTEXT_ID, OWNER)]
    if RELEASABLE_TO_ID in sets:
        found += [(CONTEXT_ID, RELEASABLE), (RELEASABLE_TO_ID, OWNER)]
    return [
        member
        for field in policy.fields.values()
        for member in field.members.values()
        if (member.tag_set.id, member.category.name) in found
    ]


def context_of(policy: Policy, members: Collection[Member]) -> Member | None:
    """The one context of a label that is shown in place of the policy's name (rule 1), or None."""
    if not is_nato(policy):
        return None
    found = [
        member for member in members if member.tag_set.id == CONTEXT_ID and member.category.name != RELEASABLE
    ]
    return found[0] if len(found) == 1 else None


def said_of(policy: Policy, classification: Classification, context: Member) -> str:
    """What is said for a context where the policy itself has no phrase for it."""
    if context.category.name != OWNER:
        return f"{policy.name}/{context.category.name}"
    return SAID_WITH_IT if classification.name == HIGHEST else policy.name


def administrative_qualifier(field: Field, code: str) -> str | None:
    """The dash before administrative words (rule 4)."""
    return " - " if field.tag_set.id == ADMINISTRATIVE_ID and code == "prefix" else None
