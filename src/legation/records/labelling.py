# SPDX-License-Identifier: Apache-2.0
"""
What a file says about its labels, whether it holds, and a decision on files.

All texts are for people; what a program goes by are the codes and values beside them. Instants are
ISO 8601 in UTC, empty where there is none.
"""

from legation.encoding import Canonical
from legation.labels import Explanation, Fault


class ListRecord(Canonical, frozen=True):
    """One category of a label: the values of a tag set, and how they decide."""

    tag: str
    type: str
    values: tuple[str, ...]


class LabelRecord(Canonical, frozen=True):
    """
    One label, and what it is under the policies at hand.

    ``role`` is ``originator``, ``alternative``, ``metadata``, ``legacy`` or ``successor``. ``policy_version`` is
    that of the policy that judged it. Where none was at hand it is not ``judged``: then it is not valid and
    has no marking. ``begins`` is when a successor takes its place, ``successor`` what comes then, and
    ``counts_now`` the banner of what counts at the instant of reading.
    """

    role: str
    policy: str
    policy_id: str
    judged: bool
    classification: str
    lists: tuple[ListRecord, ...]
    valid: bool
    problems: tuple[Fault, ...]
    words: tuple[str, ...]
    banner: str
    mark: str
    policy_version: int = 0
    originator: str = ""
    originator_type: str = ""
    created: str = ""
    review_at: str = ""
    privacy_mark: str = ""
    begins: str = ""
    counts_now: str = ""
    successor: "LabelRecord | None" = None


class BoundRecord(Canonical, frozen=True):
    """One binding: the labels in it by their marks or classifications, and what they are bound to."""

    labels: tuple[str, ...]
    other_metadata: tuple[str, ...]
    data: tuple[str, ...]


class LabelFileRecord(Canonical, frozen=True):
    """
    What was found in a file.

    ``carrier`` is ``label``, ``binding``, ``pdf``, ``jpeg``, ``png`` or ``ooxml``. ``labels`` are those of the
    whole. ``signatures`` counts what was **not checked**. ``faults`` lists what does not conform, or
    was not read, ``forgiven`` what was forgiven in the policies.
    """

    carrier: str
    labels: tuple[LabelRecord, ...]
    bindings: tuple[BoundRecord, ...]
    profile: str
    signatures: int
    digests: tuple[str, ...]
    faults: tuple[str, ...]
    forgiven: tuple[str, ...] = ()


class LabelCheckRecord(Canonical, frozen=True):
    """
    Whether the label of a file is valid, and whether the file is the one that was labelled.

    ``digest`` is ``matches``, ``differs``, ``no-digest`` or ``other-name`` for a sidecar, and ``none`` where the
    label is in the file itself. ``proven`` is true only where a digest matches. ``other_inside`` says that the
    file itself carries another originator's label than its sidecar; then nothing is valid.
    """

    valid: bool
    digest: str
    proven: bool
    other_inside: bool
    found: LabelFileRecord


class SaidReasonRecord(Canonical, frozen=True):
    """One reason of a decision, as a code and values (``labels.Reason``) and in words."""

    code: str
    words: str
    tag: str = ""
    wanted: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    fault: Fault | None = None


class LabelDecisionRecord(Canonical, frozen=True):
    """
    A decision on files, with every reason, and the nearest changes that would turn a refusal.

    ``faults`` lists what was forgiven in the policy and what does not conform in the label.
    """

    permitted: bool
    why: str
    reasons: tuple[SaidReasonRecord, ...]
    explanation: Explanation
    change: str
    grant: str
    policy: str
    policy_id: str
    policy_version: int
    policy_digest: str
    at: str
    faults: tuple[str, ...]
