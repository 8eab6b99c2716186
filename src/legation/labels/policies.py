# SPDX-License-Identifier: Apache-2.0
"""
The policies at hand, found by exactly what a label names.
"""

from collections.abc import Iterable, Iterator

from legation.errors import MalformedError
from legation.keys.card import PolicyReference
from legation.labels.policy import Policy


def reference_to(policy: Policy) -> PolicyReference:
    """Name a policy exactly: its identifier, version and digest."""
    return PolicyReference(id=policy.id, version=policy.version, digest=policy.digest)


class Policies:
    """
    A set of policies.

    A label is read under the very policy it names, byte for byte. Under any other it is as if the
    policy were missing, and what it marks is withheld.

    Raises:
        MalformedError: Two of them claim one identifier and version with different bytes.
    """

    def __init__(self, policies: Iterable[Policy]) -> None:
        self._policies: dict[PolicyReference, Policy] = {}
        digests: dict[tuple[str, int], bytes] = {}
        for policy in policies:
            if digests.setdefault((policy.id, policy.version), policy.digest) != policy.digest:
                raise MalformedError(f"two different policies claim to be {policy.name} {policy.version}")
            self._policies[reference_to(policy)] = policy

    def __iter__(self) -> Iterator[Policy]:
        return iter(self._policies.values())

    def resolve(self, reference: PolicyReference) -> Policy | None:
        """The policy that is named, or None."""
        return self._policies.get(reference)

    def named(self, name: str) -> Policy | None:
        """The highest version of the policy of this name, or None; for people who begin to write."""
        found = [policy for policy in self if policy.name == name]
        if len({policy.id for policy in found}) > 1:
            raise MalformedError(f"two policies are called {name}", hint="give only one of them")
        return max(found, key=lambda policy: policy.version, default=None)
