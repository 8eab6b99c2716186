# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import pytest

from legation.errors import MalformedError
from legation.labels import Policies, reference_to
from tests.labels.small import FREE, policy_of

POLICY = policy_of(FREE)
LATER = replace(POLICY, version=2, digest=b"l" * 32)


class TestPolicies:
    def test_policy_is_found_by_exactly_what_a_label_names(self) -> None:
        """
        Identifier, version and digest name one policy; another digest names none.
        """
        policies = Policies([POLICY, LATER])
        assert policies.resolve(reference_to(POLICY)) is POLICY
        assert policies.resolve(reference_to(LATER)) is LATER
        assert policies.resolve(reference_to(replace(LATER, digest=b"o" * 32))) is None
        assert list(policies) == [POLICY, LATER]

    def test_two_files_that_claim_to_be_one_version_are_refused(self) -> None:
        """
        One identifier and version with other bytes would be another policy.
        """
        assert list(Policies([POLICY, POLICY])) == [POLICY]
        with pytest.raises(MalformedError, match="claim to be FREE 1"):
            Policies([POLICY, replace(POLICY, digest=b"o" * 32)])

    def test_people_find_the_highest_version_by_name(self) -> None:
        """
        Who begins to write takes the latest; a name that nobody has, or two policies have, is none.
        """
        assert Policies([LATER, POLICY]).named("FREE") is LATER
        assert Policies([POLICY]).named("FREE") is POLICY
        assert Policies([POLICY]).named("free") is None
        with pytest.raises(MalformedError, match="two policies are called FREE"):
            Policies([POLICY, replace(LATER, id="2.25.9")]).named("FREE")
