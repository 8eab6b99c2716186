# SPDX-License-Identifier: Apache-2.0
"""``legation label``: labels of STANAG 4774 on files, bound to them by STANAG 4778."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from legation.cli.output import (
    DONE,
    EXISTING,
    NOT_VERIFIED,
    PATH,
    REFUSED,
    check_output,
    emit,
    json_option,
)

if TYPE_CHECKING:
    from legation.node.labelling import Written
    from legation.records.labelling import LabelCheckRecord, LabelDecisionRecord, LabelFileRecord, LabelRecord

Command = TypeVar("Command", bound=Callable[..., Any])


def _policies_option(command: Command) -> Command:
    option = click.option(
        "--policy",
        "policies",
        multiple=True,
        metavar="POLICY",
        help="A policy to judge by, beside those at hand: a SPIF file; may be repeated.",
    )
    return option(command)


def _written_options(command: Command) -> Command:
    """Give a command what a label says beside its mark."""
    for option in reversed(
        (
            click.option("--originator", metavar="TYPE=NAME", help="Who puts it on: rfc822Name=…, jID=…, …"),
            click.option("--created", metavar="INSTANT", help="When it is put on. Default: now."),
            click.option(
                "--review", metavar="INSTANT", help="When it is to be reviewed. Default: ten years on."
            ),
            click.option("--successor", metavar="MARK", help="The mark that takes its place later."),
            click.option("--succession", metavar="INSTANT", help="When the successor does."),
        )
    ):
        command = option(command)
    return command


@click.group()
def label() -> None:
    """Read, write, bind and check labels, and decide by them, on files alone."""


@label.command()
@click.argument("file", type=EXISTING)
@_policies_option
@json_option
def read(file: Path, policies: tuple[str, ...], as_json: bool) -> None:
    """
    Say what labels FILE holds, what does not conform in them, and how they are marked.

    FILE is a label (STANAG 4774), a binding (.bdo, STANAG 4778), a PDF, JPEG, PNG, or an Office file; what has
    none inside is asked for its sidecar FILE.bdo. No signature is checked.
    """
    from legation.node.disk import read_file
    from legation.node.labelling import SIDECAR_SUFFIX, is_carrier, policies_of, read_labels
    from legation.node.surroundings import HERE

    data, at_hand, now = read_file(file), policies_of(policies), HERE.now()
    sidecar = file.with_name(file.name + SIDECAR_SUFFIX)
    found = read_labels(data, at_hand, now) if is_carrier(data) or not sidecar.exists() else None
    if sidecar.exists() and (found is None or not found.bindings):
        file, found = sidecar, read_labels(read_file(sidecar), at_hand, now)
    assert found is not None, "without a sidecar the file itself is read"
    emit(found, "\n".join(_file_lines(file.name, found)), as_json=as_json)


@label.command()
@click.argument("mark")
@click.option("--policy", required=True, metavar="POLICY", help="A policy at hand, or a SPIF file.")
@click.option("--role", default="originator", metavar="ROLE", help="originator, alternative or metadata.")
@_written_options
@click.option("-o", "--output", "--out", "output", type=PATH, metavar="FILE", help="Default: print it.")
@json_option
def write(
    *, mark: str, policy: str, role: str, output: Path | None, as_json: bool, **said: str | None
) -> None:
    """Write the label that MARK stands for, such as "(S//REL KOR)", as XML."""
    from legation.node.disk import write_file
    from legation.node.labelling import ROLES, write_label

    if role not in ROLES:
        raise click.UsageError(f"expected --role {', '.join(ROLES[:-1])} or {ROLES[-1]}")
    data = write_label(policy, mark, _written(**said), role=role)
    if output is None:
        emit({"label": data.decode()}, data.decode().removesuffix("\n"), as_json=as_json)
    else:
        if Path(policy).exists():
            check_output(output, Path(policy))
        write_file(output, data, public=True)
        emit({"label": str(output), "size_bytes": len(data)}, "", as_json=as_json)


@label.command()
@click.argument("file", type=EXISTING)
@click.option("--mark", required=True, metavar="MARK", help='The mark of the label, such as "(S//REL KOR)".')
@click.option("--policy", required=True, metavar="POLICY", help="A policy at hand, or a SPIF file.")
@click.option(
    "--alternative",
    "alternatives",
    multiple=True,
    nargs=2,
    metavar="POLICY MARK",
    help="An equivalent label under another policy; may be repeated.",
)
@click.option(
    "--content-type", default="", metavar="TYPE", help="The media type. Default: by the file's name."
)
@click.option("--replace", is_flag=True, help="Take the place of a sidecar that is there.")
@_written_options
@json_option
def bind(
    *,
    file: Path,
    mark: str,
    policy: str,
    alternatives: tuple[tuple[str, str], ...],
    content_type: str,
    replace: bool,
    as_json: bool,
    **said: str | None,
) -> None:
    """
    Write FILE.bdo: the label that MARK stands for, bound to FILE, with a digest of it.

    The digest tells whether FILE is still the one that was labelled. It is no signature.
    """
    from legation.node.disk import read_file, write_file
    from legation.node.labelling import SIDECAR_SUFFIX
    from legation.node.labelling import bind as bind_label

    sidecar = file.with_name(file.name + SIDECAR_SUFFIX)
    marks = [(policy, mark), *alternatives]
    data = bind_label(file.name, read_file(file), marks, _written(**said), content_type=content_type)
    write_file(sidecar, data, public=True, new=not replace)
    emit({"sidecar": str(sidecar), "size_bytes": len(data)}, f"{sidecar}: {len(data)} bytes", as_json=as_json)


@label.command()
@click.argument("file", type=EXISTING)
@_policies_option
@json_option
@click.pass_context
def check(context: click.Context, file: Path, policies: tuple[str, ...], as_json: bool) -> None:
    """
    Check the label of FILE: is it valid in its policy, and is FILE the file that was labelled?

    A sidecar FILE.bdo is looked for first; else the label is in FILE itself. Leaves with 1 if the label is
    not valid or its policy is not at hand, with 3 if FILE is not the file that was labelled.
    """
    from legation.node.disk import read_file
    from legation.node.labelling import SIDECAR_SUFFIX, check_labels, policies_of
    from legation.node.surroundings import HERE

    if file.name.endswith(SIDECAR_SUFFIX):
        file = file.with_name(file.name.removesuffix(SIDECAR_SUFFIX))
    sidecar = file.with_name(file.name + SIDECAR_SUFFIX)
    beside = read_file(sidecar) if sidecar.exists() else None
    found = check_labels(file.name, read_file(file), beside, policies_of(policies), HERE.now())
    name = file.name if beside is None else sidecar.name
    emit(found, "\n".join(_check_lines(file.name, name, found)), as_json=as_json)
    context.exit(_check_code(found))


def _check_code(found: "LabelCheckRecord") -> int:
    if found.digest in {"differs", "other-name"}:
        return NOT_VERIFIED
    return DONE if found.valid else REFUSED


@label.command()
@click.option(
    "--policy", required=True, metavar="SPIF", help="The policy that decides: a SPIF file, or one at hand."
)
@click.option("--label", "label_file", type=EXISTING, required=True, metavar="LABEL.xml", help="The label.")
@click.option(
    "--clearance", type=EXISTING, required=True, metavar="CLEARANCE.xml", help="What the reader may see."
)
@click.option("--at", metavar="INSTANT", help="The instant of the decision. Default: now.")
@json_option
@click.pass_context
def decide(
    context: click.Context, *, policy: str, label_file: Path, clearance: Path, at: str | None, as_json: bool
) -> None:
    """
    Decide whether the holder of a clearance may see what carries a label; leaves with 1 if not.

    The clearance is XML (STANAG 4774), TOML, or the claim aciClr of a token. A SPIF that is not valid as it
    stands is read leniently, and what was forgiven is said.
    """
    from legation.node.disk import read_file
    from legation.node.labelling import decide_on, policy_of
    from legation.node.surroundings import HERE

    moment = _instant(at) or HERE.now()
    found = decide_on(policy_of(policy), read_file(label_file), read_file(clearance), moment)
    emit(found, "\n".join(_decision_lines(found)), as_json=as_json)
    context.exit(DONE if found.permitted else REFUSED)


def _instant(text: str | None) -> datetime | None:
    from legation.node.labelling import instant

    return None if text is None else instant(text)


def _written(
    *,
    originator: str | None,
    created: str | None,
    review: str | None,
    successor: str | None,
    succession: str | None,
) -> "Written":
    from legation.node.labelling import Written, originator_of
    from legation.node.surroundings import HERE

    return Written(
        created=_instant(created) or HERE.now().replace(microsecond=0),
        originator=None if originator is None else originator_of(originator),
        review_at=_instant(review),
        successor=successor or "",
        succession=_instant(succession),
    )


# --- What people are shown


def _file_lines(name: str, found: "LabelFileRecord") -> Iterator[str]:
    from legation.item.portion import visible_text

    signed = f", {found.signatures} signatures (not checked)" if found.signatures else ""
    kind = {"label": "a label", "binding": "a binding"}.get(found.carrier, f"in the {found.carrier}")
    yield f"{visible_text(name)}: " + (f"{kind}{signed}" if found.labels or found.bindings else "no label")
    for each in found.labels:
        yield from _label_lines(each)
    if len(found.bindings) > 1 or (found.bindings and not found.labels):
        for bound in found.bindings:
            yield visible_text(f"  bound to {', '.join(bound.data)}: {', '.join(bound.labels) or 'no label'}")
    for title, said in (("does not conform", found.faults), ("forgiven in the policy", found.forgiven)):
        yield from [f"  {title}:", *(visible_text(f"    {each}") for each in said)] if said else []


def _label_lines(each: "LabelRecord", indent: str = "  ") -> Iterator[str]:
    from legation.item.portion import visible_text

    policy = each.policy or each.policy_id
    yield visible_text(
        f"{indent}{each.role}: {each.banner or f'{policy} {each.classification}'} {each.mark}"
    ).rstrip()
    inner = f"{indent}  "
    if not each.judged:
        yield visible_text(f"{inner}the policy {policy} is not at hand: give its SPIF with --policy")
    yield from (visible_text(f"{inner}not valid: {fault}") for fault in each.words)
    for part in each.lists:
        yield visible_text(f"{inner}{part.tag} ({part.type}): {', '.join(part.values) or 'no value'}")
    for title, said in (
        ("originator", f"{each.originator_type} {each.originator}".strip()),
        ("created", each.created),
        ("review", each.review_at),
        ("privacy mark", each.privacy_mark),
        ("becomes another", each.begins),
        ("counts now", each.counts_now),
    ):
        if said:
            yield visible_text(f"{inner}{title}: {said}")
    if each.successor is not None:
        yield from _label_lines(each.successor, inner)


_HELD = {
    "none": "the label is in the file itself; nothing proves that it is of this file",
    "matches": "the digest matches: this is the file that was labelled",
    "differs": "THE DIGEST DIFFERS: this is not the file that was labelled",
    "no-digest": "no digest: nothing proves that this is the file that was labelled",
    "other-name": "THE SIDECAR IS OF ANOTHER FILE: it does not name this one",
}


def _check_lines(file: str, name: str, found: "LabelCheckRecord") -> Iterator[str]:
    from legation.item.portion import visible_text

    yield visible_text(f"{file}: {_HELD[found.digest]}")
    yield f"label: {'valid' if found.valid else 'NOT VALID'}"
    if found.other_inside:
        yield "THE FILE ITSELF CARRIES ANOTHER LABEL than its sidecar: see legation label read"
    yield from _file_lines(name, found.found)


def _decision_lines(found: "LabelDecisionRecord") -> Iterator[str]:
    yield f"{'permitted' if found.permitted else 'refused'} under {found.policy} version {found.policy_version}: {found.why}"
    yield from (f"  {reason.words}" for reason in found.reasons)
    yield from (each for each in (found.change, found.grant) if each)
    yield from (
        ["does not conform, or was forgiven:", *(f"  {each}" for each in found.faults)]
        if found.faults
        else []
    )
