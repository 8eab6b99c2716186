# SPDX-License-Identifier: Apache-2.0
"""
The versions of one policy, each signed by one authority and tied to the version before it.

An authority states of each version: this file, after that file. Whoever holds the statements knows
which files are the policy, in which order, and that nobody was shown another order.

Rules kept here:

1. Versions never fall, and each names the digest of the one before. Two statements that give one version,
   or one predecessor, two files are two histories of the policy: both are kept as evidence.
2. A label that was written under one version is judged by that version **and** by every later one: a later
   version can take access away and never gives any. Whoever is to have more is given a new label.
3. A name that a later version does not have, or has under another number, is not the name that was
   written: the label is refused.

Not here: who signed. A ``StatedPolicy`` is made of a statement that was verified (``legation.log.statement``), by
whoever pinned the authority. ``docs/spec/policy-chain.md`` has the format with an example.

Use::

    text = verify_statement(note, purpose=Purpose.POLICY, name=authority, keys=pinned)
    chain = chain.extended(StatedPolicy(policy=policy, statement=read_statement(text), note=note))
    decide_in_chain(chain.since(reference), label, clearance, at=now)
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from msgspec.structs import replace

from legation.errors import EquivocationError, MalformedError, ProofError, RefusedError
from legation.keys.card import POLICY_ID, PolicyReference
from legation.labels.decision import Decision, Reason, ReasonCode, decide
from legation.labels.label import NAME_LENGTH_MAX, Category, Clearance, Label
from legation.labels.membership import expand
from legation.labels.policies import reference_to
from legation.labels.policy import Policy, is_same_value
from legation.labels.succession import in_force
from legation.labels.validity import Fault, FaultCode, validate

FIRST_LINE = "legation/policy/v1"
DIGEST_SIZE_BYTES = 32  # SHA-256 of the file
VERSION_MAX = 10**15 - 1  # what a SPIF may state: 15 digits
CHAIN_LENGTH_MAX = 1024  # a version a week for twenty years; each is read and compared when one is added

_VERSION = re.compile("0|[1-9][0-9]{0,14}")
_DIGEST = re.compile("[0-9a-f]{64}")
_NO_DIGEST = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyStatement:
    """
    What an authority says of one version of its policy.

    Args:
        id: The policy's object identifier.
        version: Its version.
        previous: The digest of the version before; None for the first that there is.
        digest: The SHA-256 of the file.

    Raises:
        MalformedError: One of these is not such, or a file precedes itself.
    """

    id: str
    version: int
    previous: bytes | None
    digest: bytes

    def __post_init__(self) -> None:
        if len(self.id) > NAME_LENGTH_MAX or not POLICY_ID.fullmatch(self.id):
            raise MalformedError("the identifier of a policy is an object identifier")
        if not 0 <= self.version <= VERSION_MAX:
            raise MalformedError(f"the version of a policy is not between 0 and {VERSION_MAX}")
        for each in (self.digest, self.previous):
            if each is not None and len(each) != DIGEST_SIZE_BYTES:
                raise MalformedError(f"digest has {len(each)} bytes, expected {DIGEST_SIZE_BYTES}")
        if self.previous == self.digest:
            raise MalformedError("no version of a policy comes before itself")

    @property
    def text(self) -> str:
        """The text that is signed: five lines."""
        previous = _NO_DIGEST if self.previous is None else self.previous.hex()
        return f"{FIRST_LINE}\n{self.id}\n{self.version}\n{previous}\n{self.digest.hex()}\n"


def read_statement(text: str) -> PolicyStatement:
    """
    Read the text of a statement; the inverse of ``PolicyStatement.text``, which has one spelling.

    Raises:
        MalformedError: It is none.
    """
    head, *lines = text.removesuffix("\n").split("\n")
    if not text.endswith("\n") or head != FIRST_LINE or len(lines) != 4:
        raise MalformedError(f"a statement on a policy has five lines, the first is {FIRST_LINE}")
    id, version, previous, digest = lines
    if not _VERSION.fullmatch(version):
        raise MalformedError("the version in a statement is a number without leading zeros")
    return PolicyStatement(
        id=id,
        version=int(version),
        previous=None if previous == _NO_DIGEST else _read_digest(previous),
        digest=_read_digest(digest),
    )


def _read_digest(text: str) -> bytes:
    if not _DIGEST.fullmatch(text):
        raise MalformedError("a digest in a statement has 64 digits of lower-case hexadecimal")
    return bytes.fromhex(text)


def statement_on(policy: Policy, *, after: Policy | None = None) -> PolicyStatement:
    """
    Say what its authority is to sign of a policy.

    Args:
        policy: The new version.
        after: The version before it, if there is one.

    Raises:
        RefusedError: *after* is another policy, or its version is not below.
    """
    if after is not None and after.id != policy.id:
        raise RefusedError(f"{after.name} is another policy than {policy.name}")
    if after is not None and policy.version <= after.version:
        raise RefusedError(f"version {policy.version} of {policy.name} is not above {after.version}")
    return PolicyStatement(
        id=policy.id,
        version=policy.version,
        previous=None if after is None else after.digest,
        digest=policy.digest,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPolicy:
    """
    One version of a policy and the verified statement on it.

    Args:
        policy: The file, read.
        statement: What its authority states.
        note: The signed bytes of the statement: evidence.

    Raises:
        ProofError: The statement is on another file.
    """

    policy: Policy
    statement: PolicyStatement
    note: bytes = field(repr=False)

    def __post_init__(self) -> None:
        stated, policy = self.statement, self.policy
        if (stated.id, stated.version, stated.digest) != (policy.id, policy.version, policy.digest):
            raise ProofError(f"the statement is on another file than this of {policy.name} {policy.version}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChain:
    """
    The known versions of one policy, from the first that was accepted here; at least one.

    The first may have predecessors that nobody here knows. From there on none is missing.

    Raises:
        ProofError: A version does not follow the one before it.
    """

    versions: tuple[StatedPolicy, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.versions) <= CHAIN_LENGTH_MAX:
            raise ProofError(f"a chain has 1 to {CHAIN_LENGTH_MAX} versions")
        for one, next_ in pairwise(self.versions):
            if not _follows(one.statement, next_.statement):
                raise ProofError(f"version {next_.policy.version} does not follow the version before it")

    @property
    def last(self) -> Policy:
        """The version that is in force."""
        return self.versions[-1].policy

    def since(self, reference: PolicyReference) -> tuple[Policy, ...]:
        """The version that is named and all later ones, in order; none if it is not in the chain."""
        named = [index for index, each in enumerate(self.versions) if reference_to(each.policy) == reference]
        return tuple(each.policy for each in self.versions[named[0] :]) if named else ()

    def extended(self, stated: StatedPolicy) -> "PolicyChain":
        """
        Add a version; one that is there already changes nothing.

        1. It is of the same policy.
        2. No other file has its version or its predecessor.
        3. Its version is above the last, and its predecessor is the last.

        Raises:
            RefusedError: It is of another policy, or below the last version.
            EquivocationError: The authority tells two histories; ``ours`` and ``theirs`` are both notes.
            ProofError: It follows a version that is not known here.
        """
        new = stated.statement
        # 1. Which.
        if new.id != self.last.id:
            raise RefusedError(f"{stated.policy.name} is another policy than {self.last.name}")
        # 2. One history.
        for each in self.versions:
            if each.statement == new:
                return self
            if each.statement.version == new.version or each.statement.previous == new.previous:
                raise EquivocationError(
                    f"two files are stated to be {self.last.name} {new.version}, or to come after one version",
                    ours=each.note,
                    theirs=stated.note,
                )
        # 3. The next.
        if new.version < self.last.version:
            raise RefusedError(f"version {self.last.version} of {self.last.name} is known already")
        if not _follows(self.versions[-1].statement, new):
            raise ProofError(f"version {new.version} of {self.last.name} follows a version that is not known")
        return PolicyChain(versions=(*self.versions, stated))


def _follows(one: PolicyStatement, next_: PolicyStatement) -> bool:
    return one.id == next_.id and one.version < next_.version and one.digest == next_.previous


def judged(old: Policy, new: Policy, label: Label) -> Label:
    """
    Give the label that a label of one version is under a later one: the same names, in its spelling.

    Args:
        old: The version that the label was written under.
        new: A later version of the same policy.
        label: A label that is valid under *old*, but for dates; so is all that it becomes.

    Raises:
        RefusedError: It is not valid under *old*; or a name of it is not there in *new*, or has another
            number there (the lacv, the identifier of the tag set). ``decision`` says which.
    """
    alone = replace(label, succession=None)
    lasting = (fault for fault in validate(old, alone) if fault.code is not FaultCode.DATE_NEEDED)
    faults = tuple(lasting) or tuple(_lost(old, new, alone))
    if faults:
        about = faults[0].tag or faults[0].subject
        raise RefusedError(
            f"the label does not stand under {new.name} {new.version}: {faults[0].code.value} ({about})",
            decision=_refused(faults),
        )
    later = label.succession
    return replace(
        new.normalize(old.normalize(alone)),
        succession=later and replace(later, label=judged(old, new, later.label)),
    )


def _lost(old: Policy, new: Policy, label: Label) -> Iterator[Fault]:
    """Faults for every name of a valid label that a later version does not have as it was."""
    if old.id != new.id:
        yield Fault(code=FaultCode.POLICY_DIFFERS, subject=new.name)
        return
    before = old.classification(label.classification)
    assert before is not None, "a valid label has a known classification"
    after = new.classification(before.name)
    if after is None or after.lacv != before.lacv:
        yield Fault(code=FaultCode.CLASSIFICATION_UNKNOWN, subject=label.classification)
    for part in label.categories:
        yield from _lost_values(old, new, part)


def _lost_values(old: Policy, new: Policy, part: Category) -> Iterator[Fault]:
    here = old.field(part)
    assert here is not None, "a valid label has known lists"
    tag_set = new.tag_set(here.tag_set.name, here.tag_set.id)
    there = None if tag_set is None else new.fields.get((tag_set.name, here.type))
    if there is None:
        yield Fault(code=FaultCode.TAG_UNKNOWN, tag=part.tag, subject=part.type.value)
        return
    for value in part.values:
        before, after = here.members[old.fold(value)], there.members.get(new.fold(value))
        if after is None or not is_same_value(after.category.lacv, before.category.lacv):
            yield Fault(code=FaultCode.VALUE_UNKNOWN, tag=part.tag, subject=value)


def decide_in_chain(
    versions: Sequence[Policy], label: Label, clearance: Clearance, *, at: datetime | None = None
) -> Decision:
    """
    Decide about a label by the version that it names and by every later one: all must permit.

    Args:
        versions: What ``PolicyChain.since`` gives: the version that the label names, then the later ones.
            With none, the policy is unknown and the answer is no.
        label: Any label.
        clearance: Any clearance, as it was granted. It names no version, so it is held against each; groups
            are counted by each version's own memberships.
        at: The instant of the decision, with a time zone. Without it no group counts.

    Returns:
        With the reasons of every version that refuses; where none does, with those of the last.

    Raises:
        TypeError: *at* has no time zone, or the versions do not rise.
    """
    if any(one.version >= next_.version for one, next_ in pairwise(versions)):
        raise TypeError("decide_in_chain needs versions that rise")
    if not versions:
        return Decision(permitted=False, reasons=(Reason(code=ReasonCode.POLICY_UNKNOWN),))
    found = [
        _by_version(versions[0], each, part, clearance, at)
        for each in versions
        for part in _parts(versions, label, at)
    ]
    refused = {reason: None for each in found if not each.permitted for reason in each.reasons}
    return Decision(permitted=False, reasons=tuple(refused)) if refused else found[-1]


def _parts(versions: Sequence[Policy], label: Label, at: datetime | None) -> Sequence[Label]:
    """What counts of a label at an instant, by any of the versions: they may differ on which is stricter."""
    parts = dict.fromkeys(part for policy in versions for part in in_force(policy, label, at))
    return tuple(parts) or (label,)


def _by_version(
    named: Policy, policy: Policy, label: Label, clearance: Clearance, at: datetime | None
) -> Decision:
    held = clearance if at is None else expand(policy, clearance, at=at).clearance
    if policy is named:
        return decide(named, label, held, at=at)
    faults = validate(named, label, at=at) or tuple(_lost(named, policy, label))
    if faults:
        return _refused(faults)
    return decide(policy, policy.normalize(named.normalize(label)), held, at=at)


def _refused(faults: Sequence[Fault]) -> Decision:
    reasons = tuple(Reason(code=ReasonCode.LABEL_INVALID, fault=fault) for fault in faults)
    return Decision(permitted=False, reasons=reasons)
