# SPDX-License-Identifier: Apache-2.0
"""``legation policy``: look at a policy, check a SPIF file, accept it for the node."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from legation.cli.folder import by_option, dir_option, opened
from legation.cli.output import EXISTING, emit, json_option, policy_option

if TYPE_CHECKING:
    from legation.labels import Policy


@click.group()
def policy() -> None:
    """Look at a policy, check a SPIF file, accept it for the node."""


@policy.command()
@click.argument("name")
@policy_option
@json_option
def show(name: str, policy_files: tuple[Path, ...], as_json: bool) -> None:
    """Print the classifications and lists of a policy: one at hand by name, or a SPIF file."""
    from legation.node.disk import read_file
    from legation.node.files import find_policy, policies_with

    found = find_policy(name, policies_with(read_file(each) for each in policy_files))
    emit(_record(found), _text(found), as_json=as_json)


@policy.command()
@click.argument("file", type=EXISTING)
@click.option("--lenient", is_flag=True, help="Forgive what can be forgiven, and list it.")
@json_option
def check(file: Path, lenient: bool, as_json: bool) -> None:
    """Read a SPIF file and name everything that is wrong with it."""
    from legation.node.disk import read_file
    from legation.node.files import check_policy

    found = check_policy(read_file(file), lenient=lenient)
    lines = [f"{found.name} version {found.version}: " + ("forgiven" if found.faults else "no fault")]
    emit(
        {"name": found.name, "version": found.version, "faults": list(found.faults)},
        "\n".join([*lines, *(f"  {fault}" for fault in found.faults)]),
        as_json=as_json,
    )


@policy.command()
@click.argument("file", type=EXISTING)
@by_option
@click.option(
    "--clearance",
    type=EXISTING,
    metavar="CLEARANCE.xml",
    help="What the mission's own people may see under it, if that is to be set.",
)
@click.option(
    "--received",
    type=EXISTING,
    metavar="CLEARANCE.xml",
    help="What others may hand over under it. Default: what the own people may see.",
)
@dir_option
@json_option
def add(
    *,
    file: Path,
    by: str,
    clearance: Path | None,
    received: Path | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """
    Decide with the policy in FILE from now on. It is in force when a second person says exactly the same.

    What came under it before and was set apart is then judged again. Versions never fall.
    """
    from legation.node.accepting import add_policy
    from legation.node.disk import read_file
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = add_policy(
            read_file(file),
            by=by,
            own=None if clearance is None else read_file(clearance),
            received=None if received is None else read_file(received),
            card=home.card,
            database=home.database,
            blobs=home.blobs,
            around=HERE,
        )
    state = f"in force; set apart before and readable now: {found.opened}"
    if not found.policy.in_force:
        state = "proposed; a second person says the same with --by NAME"
    emit(found, f"{found.policy.name} version {found.policy.version}: {state}", as_json=as_json)


@policy.command(name="list")
@dir_option
@json_option
def list_(folder: Path | None, as_json: bool) -> None:
    """List the policies of the node: in force, and proposed."""
    from legation.cli.tables import policies_text
    from legation.node.accepting import read_policies

    with opened(folder) as home:
        found = read_policies(home.database)
    emit(found, policies_text(found), as_json=as_json)


def _record(found: "Policy") -> dict[str, Any]:
    return {
        "name": found.name,
        "id": found.id,
        "version": found.version,
        "digest": found.digest.hex(),
        "classifications": [
            {"name": each.name, "hierarchy": each.hierarchy, "obsolete": each.obsolete}
            for each in found.classifications
        ],
        "lists": [
            {
                "name": field.tag_set.name,
                "id": field.tag_set.id,
                "type": field.type.value,
                "values": [member.category.name for member in field.members.values()],
            }
            for field in found.fields.values()
        ],
    }


def _text(found: "Policy") -> str:
    record = _record(found)
    ordered = sorted(found.classifications, key=lambda each: each.hierarchy)
    lines = [
        f"{found.name} version {found.version}",
        f"  identifier  {found.id}",
        f"  digest      {found.digest.hex()}",
        f"  levels      {' < '.join(each.name for each in ordered)}",
    ]
    lines += [f"  {each['name']} ({each['type']}): {', '.join(each['values'])}" for each in record["lists"]]
    return "\n".join(lines)
