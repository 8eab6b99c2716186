# SPDX-License-Identifier: Apache-2.0
"""
Labels on files, without a node's folder: read, write, bind, check, decide.

Each function takes bytes and gives records or bytes; the door reads and writes the files. Policies
are read strictly where something is written under them. Where a document of others is only looked at
or decided on, a policy that is not valid as it stands is read leniently, and what was forgiven is said.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from legation.errors import MalformedError
from legation.formats import clearances, stanag4774, stanag4778
from legation.formats.stanag4774 import IDType, LabelDocument, OriginatorID, Role
from legation.formats.stanag4774_parts import read_instant
from legation.formats.stanag4778 import Found, Held
from legation.labels import (
    Category,
    Clearance,
    Decision,
    Explanation,
    Fault,
    FaultCode,
    Label,
    Policies,
    Policy,
    Reason,
    ReasonCode,
    Succession,
    banner,
    decide,
    explain,
    parse_mark,
    portion_mark,
    validate,
)
from legation.node.disk import read_file
from legation.node.files import find_policy, policies_with
from legation.node.peers.policies import read_as_found
from legation.records.labelling import (
    BoundRecord,
    LabelCheckRecord,
    LabelDecisionRecord,
    LabelFileRecord,
    LabelRecord,
    ListRecord,
    SaidReasonRecord,
)
from legation.words import english

SIDECAR_SUFFIX = stanag4778.SUFFIX
ROLES = tuple(role.value for role in Role if role is not Role.LEGACY)
"""The roles that a label is written in."""


def policy_of(name: str) -> Policy:
    """
    Find a policy at hand by name, or read the SPIF file of this path, leniently if need be.

    Raises:
        MalformedError: The file has what is not forgiven.
        OSError: It is neither.
    """
    found = policies_with([]).named(name)
    return found if found is not None else read_as_found(read_file(Path(name)))


def policies_of(names: Iterable[str]) -> Policies:
    """
    The policies at hand and those that are named, by name or path, leniently read if need be.

    Raises:
        MalformedError: A file has what is not forgiven, or two claim to be one policy.
        OSError: A file is not there.
    """
    return Policies([*policies_with([]), *map(policy_of, names)])


def instant(text: str) -> datetime:
    """
    Read an instant as a person gives it.

    Raises:
        MalformedError: It is no date and time, or has no time zone.
    """
    found, _ = read_instant(text)
    if found is None:
        raise MalformedError(
            "expected a date and time with a time zone", hint="write it as 2027-06-30T00:00:00Z"
        )
    return found


def originator_of(text: str) -> OriginatorID:
    """
    Read an originator as a person gives it: how it is named, an equals sign, its name.

    Raises:
        MalformedError: It is not such.
    """
    stated, equals, value = text.partition("=")
    type_ = next((each for each in IDType if each.value == stated), None)
    if type_ is None or not equals:
        raise MalformedError(
            "expected an originator as TYPE=NAME",
            hint=f"types are {', '.join(each.value for each in IDType)}",
        )
    return OriginatorID(value=value, type=type_)


# --- Reading


def is_carrier(data: bytes) -> bool:
    """Whether a file is of a kind in which labels are looked for."""
    return stanag4778.kind_of(data) is not None


def read_labels(data: bytes, policies: Policies, now: datetime) -> LabelFileRecord:
    """
    Say what labels a file holds, what does not conform, and how they are marked.

    Args:
        data: A label, a binding data object, a PDF, JPEG, PNG or Office file.
        policies: The policies at hand.
        now: The instant at which the labels are judged.

    Raises:
        MalformedError: It is none of them, is broken, or it is open which label counts.
    """
    return _file_record(stanag4778.find(data), policies, now)


def _file_record(found: Found, policies: Policies, now: datetime) -> LabelFileRecord:
    binding = found.binding
    return LabelFileRecord(
        carrier=found.carrier.value,
        labels=tuple(_document_record(each, policies, now) for each in found.labels),
        bindings=() if binding is None else tuple(_bound(each) for each in binding.bindings),
        profile="" if binding is None else binding.profile,
        signatures=0 if binding is None else binding.signatures,
        digests=() if binding is None else tuple(f"{each.algorithm} {each.uri}" for each in binding.digests),
        faults=found.faults,
        forgiven=tuple(fault for policy in policies for fault in policy.faults),
    )


def _bound(binding: stanag4778.Binding) -> BoundRecord:
    return BoundRecord(
        labels=tuple(f"{each.role.value}: {_unjudged(each.label)}" for each in binding.labels),
        other_metadata=binding.other_metadata,
        data=tuple(_object(each) for each in binding.data),
    )


def _unjudged(label: Label) -> str:
    return f"{label.policy or label.policy_id} {label.classification}"


def _object(each: stanag4778.DataObject) -> str:
    what = f"embedded {each.element}" if each.uri is None else (each.uri or "the object itself")
    return what + (", in part" if each.is_transformed else "")


def _document_record(document: LabelDocument, policies: Policies, now: datetime) -> LabelRecord:
    record = _label_record(document.label, document.role.value, policies, now)
    originator = document.originator
    return msgspec.structs.replace(
        record,
        originator="" if originator is None else originator.value,
        originator_type="" if originator is None or originator.type is None else originator.type.value,
        created=_said(document.created),
        review_at=_said(document.review_at),
        privacy_mark=document.privacy_mark or "",
    )


def _label_record(label: Label, role: str, policies: Policies, now: datetime) -> LabelRecord:
    policy = policy_for(label, policies)
    alone = msgspec.structs.replace(label, succession=None)
    problems = () if policy is None else validate(policy, alone, at=now)
    is_valid = policy is not None and not problems
    later = label.succession
    counts_now = ""
    if later is not None and policy is not None and not validate(policy, label, at=now):
        counts_now = banner(policy, label, at=now)
    return LabelRecord(
        role=role,
        policy=label.policy or (policy.name if policy is not None else ""),
        policy_id=label.policy_id,
        judged=policy is not None,
        policy_version=0 if policy is None else policy.version,
        classification=label.classification,
        lists=tuple(_list(part) for part in label.categories),
        valid=is_valid,
        problems=problems,
        words=tuple(english.fault(fault) for fault in problems),
        banner=banner(policy, alone) if policy is not None and is_valid else "",
        mark=portion_mark(policy, alone) if policy is not None and is_valid else "",
        begins="" if later is None else _said(later.at),
        counts_now=counts_now,
        successor=None if later is None else _label_record(later.label, "successor", policies, later.at),
    )


def _list(part: Category) -> ListRecord:
    return ListRecord(tag=part.tag, type=part.type.value, values=part.values)


def _said(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).isoformat()


def policy_for(label: Label, policies: Policies) -> Policy | None:
    """
    The highest version at hand of the policy that a label names, or None.

    Raises:
        MalformedError: Two different policies at hand have the name that the label gives.
    """
    found = [each for each in policies if each.is_named(label.policy_id, label.policy)]
    if len({each.id for each in found}) > 1:
        raise MalformedError("the label names its policy by a name that two policies at hand have")
    return max(found, key=lambda each: each.version, default=None)


# --- Writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """
    What is written of a label beside its mark.

    ``successor`` is a mark of the same policy, and ``succession`` when it takes the label's place;
    both are there or neither.
    """

    created: datetime
    originator: OriginatorID | None = None
    review_at: datetime | None = None
    successor: str = ""
    succession: datetime | None = None

    def __post_init__(self) -> None:
        if bool(self.successor) != (self.succession is not None):
            raise MalformedError("a successor has a mark and the instant at which it begins")


def label_of(policy: Policy, mark: str, written: Written) -> Label:
    """
    Make the label that a typed mark stands for, with its successor.

    Raises:
        MalformedError: It is no mark of the policy, or one that no new label has.
    """
    label = _new_label(policy, mark, written.created)
    if written.succession is None:
        return label
    later = Succession(
        at=written.succession,
        label=_new_label(policy, written.successor, written.succession),
        review_at=written.review_at,
    )
    return msgspec.structs.replace(label, succession=later)


def _new_label(policy: Policy, mark: str, at: datetime) -> Label:
    label = parse_mark(policy, mark)
    faults = validate(policy, label, at=at, new=True)
    if faults:
        said = [english.fault(fault) for fault in faults]
        raise MalformedError(f"the policy has no such label now: {said[0]}", faults=said)
    return label


def write_label(policy_name: str, mark: str, written: Written, *, role: str = Role.ORIGINATOR.value) -> bytes:
    """
    Write the label that a typed mark stands for.

    Raises:
        MalformedError: The policy is not valid as it stands, or has no such label.
        OSError: There is no such policy.
    """
    policy = find_policy(policy_name, policies_with([]))
    return stanag4774.write_label(
        label_of(policy, mark, written),
        policy,
        role=Role(role),
        originator=written.originator,
        created=written.created,
        review_at=written.review_at,
    )


def bind(
    name: str,
    data: bytes,
    marks: Sequence[tuple[str, str]],
    written: Written,
    *,
    content_type: str = "",
) -> bytes:
    """
    Write the sidecar of a file.

    Args:
        name: The name of the file, without folders.
        data: Its bytes.
        marks: Pairs of policy (name or path) and typed mark: the originator's, then equivalents.
        written: What else the labels say.
        content_type: The media type of the file; by the end of its name if it is not given.

    Raises:
        MalformedError: A policy is not valid as it stands, or has no such label.
        OSError: There is no such policy.
    """
    at_hand = policies_with([])
    policies = [find_policy(policy, at_hand) for policy, _ in marks]
    plain = Written(created=written.created)
    labels = [
        (label_of(policy, mark, plain if index else written), policy)
        for index, (policy, (_, mark)) in enumerate(zip(policies, marks, strict=True))
    ]
    (label, policy), *alternatives = labels
    return stanag4778.write_sidecar(
        name,
        data,
        label,
        policy,
        alternatives=alternatives,
        content_type=content_type,
        originator=written.originator,
        created=written.created,
        review_at=written.review_at,
    )


# --- Checking


def check_labels(
    name: str, data: bytes, sidecar: bytes | None, policies: Policies, now: datetime
) -> LabelCheckRecord:
    """
    Say whether a file's label is valid, and whether the file is the one that was labelled.

    Valid is what has one originator's label that is valid in its policy, and no equivalent that is not
    valid in a policy at hand; and a file with a sidecar carries no other originator's label inside.

    Args:
        name: The name of the file, without folders.
        data: The bytes of the file.
        sidecar: The bytes of its sidecar, or None where the label is in the file itself.
        policies: The policies at hand.
        now: The instant at which the labels are judged.

    Raises:
        MalformedError: What should hold the label does not, or is broken.
    """
    held: Held | None = None
    if sidecar is None:
        found = stanag4778.find(data)
    else:
        binding = stanag4778.read(sidecar)
        held = stanag4778.check(binding, data, name=name)
        labels = binding.labels_of(stanag4778.uris_of(binding, name))
        found = Found(
            carrier=stanag4778.Carrier.BINDING, labels=labels, binding=binding, faults=binding.faults
        )
    record = _file_record(found, policies, now)
    other_inside = held is not None and _carries_another(data, found.labels)
    return LabelCheckRecord(
        valid=_is_valid(record.labels) and not other_inside,
        other_inside=other_inside,
        digest="none" if held is None else held.value,
        proven=held is Held.MATCHES,
        found=record,
    )


def _carries_another(data: bytes, labels: Sequence[LabelDocument]) -> bool:
    """Whether a file carries another originator's label than these; what is not read says nothing."""
    try:
        inside = stanag4778.find(data)
    except MalformedError:
        return False
    own = {each.label for each in inside.labels if each.role in {Role.ORIGINATOR, Role.LEGACY}}
    return not own <= {each.label for each in labels}


def _is_valid(labels: Sequence[LabelRecord]) -> bool:
    own = [each for each in labels if each.role in {Role.ORIGINATOR, Role.LEGACY}]
    # A document that is only an equivalent label is judged as what it is.
    wanted = own if own or len(labels) != 1 else labels
    known = (each for each in labels if each.judged)
    return len(wanted) == 1 and _all_valid(wanted[0]) and all(map(_all_valid, known))


def _all_valid(each: LabelRecord) -> bool:
    """Whether a label is valid now, and each successor when it begins."""
    return each.valid and (each.successor is None or _all_valid(each.successor))


# --- Deciding


def decide_on(policy: Policy, label: bytes, clearance: bytes, at: datetime) -> LabelDecisionRecord:
    """
    Decide on files: may the holder of a clearance see what carries a label?

    Args:
        policy: The policy that decides.
        label: A label, or what one is bound to or found in; of several that one is chosen which
            ADatP-4774.1, section 4.2, tells a consumer under this policy to go by.
        clearance: A clearance in XML, in TOML or as a claim ``aciClr``.
        at: The instant of the decision.

    Raises:
        MalformedError: Something is not what it claims to be, or holds no label.
    """
    found = stanag4778.find(label)
    held = clearances.read_any(clearance)
    if not found.labels:
        raise MalformedError("the file has no label of the whole")
    if found.carrier is stanag4778.Carrier.LABEL:
        chosen: LabelDocument | None = found.labels[0]
    else:
        chosen = stanag4774.choose(found.labels, policy)
    decision, explanation = _decided(policy, chosen, held, at)
    return LabelDecisionRecord(
        permitted=decision.permitted,
        why=english.decision(decision),
        reasons=tuple(map(_said_reason, decision.reasons)),
        explanation=explanation,
        change="" if decision.permitted else english.nearest(explanation),
        grant="" if decision.permitted else english.grant(explanation),
        policy=policy.name,
        policy_id=policy.id,
        policy_version=policy.version,
        policy_digest=policy.digest.hex(),
        at=_said(at),
        faults=(*policy.faults, *found.faults),
    )


def _decided(
    policy: Policy, chosen: LabelDocument | None, held: Clearance, at: datetime
) -> tuple[Decision, Explanation]:
    if chosen is None:
        fault = Fault(code=FaultCode.POLICY_DIFFERS, subject=policy.name)
        refused = Reason(code=ReasonCode.LABEL_INVALID, fault=fault)
        return Decision(permitted=False, reasons=(refused,)), Explanation()
    decision = decide(policy, chosen.label, held, at=at)
    return decision, explain(policy, chosen.label, held, at=at)


def _said_reason(reason: Reason) -> SaidReasonRecord:
    return SaidReasonRecord(
        code=reason.code.value,
        words=english.reason(reason),
        tag=reason.tag,
        wanted=reason.wanted,
        held=reason.held,
        fault=reason.fault,
    )
