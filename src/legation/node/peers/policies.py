# SPDX-License-Identifier: Apache-2.0
"""
Policies as people look at them: at hand, shipped or in a file; one, or two versions beside each other.

Nothing here decides, so a file that is not valid as it stands is read leniently, and what was forgiven is in
``faults``. What is to be decided with is read strictly, in ``accepting``.
"""

from pathlib import Path

from legation.errors import MalformedError
from legation.formats import spif
from legation.formats.shipped import NAMES, shipped_bytes
from legation.labels import Policies, Policy
from legation.labels.policy_change import PolicyChange
from legation.labels.policy_diff import differences
from legation.node.disk import read_file
from legation.node.surroundings import Surroundings


def read_as_found(data: bytes) -> Policy:
    """
    Read a SPIF file strictly, or else leniently; then ``faults`` lists what was forgiven.

    Raises:
        MalformedError: It has what is not forgiven.
    """
    try:
        return spif.read(data)
    except MalformedError:
        return spif.read(data, lenient=True)


def policy_to_see(name: str, policies: Policies) -> Policy:
    """
    Find a policy at hand by its name, a shipped one by the name of its file, or read the SPIF file of this path.

    Raises:
        MalformedError: The file has what is not forgiven, or two policies at hand have this name.
        OSError: It is none of these.
    """
    found = policies.named(name)
    if found is not None:
        return found
    return read_as_found(shipped_bytes(name) if name in NAMES else read_file(Path(name)))


def shipped_text(name: str) -> str:
    """
    Give a shipped policy by the name of its file, as text: the file's bytes are UTF-8.

    Raises:
        MalformedError: There is none of this name; the hint lists them.
    """
    return shipped_bytes(name).decode("utf-8")


def changes(old: Policy, new: Policy, around: Surroundings) -> tuple[PolicyChange, ...]:
    """
    List what changes for whom between two versions of a policy, as of now.

    Raises:
        RefusedError: They are two policies.
    """
    return differences(old, new, at=around.now())
