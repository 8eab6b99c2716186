# SPDX-License-Identifier: Apache-2.0
"""``legation policy``: look at a policy, check a SPIF file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from legation.cli.output import EXISTING, emit, json_option, policy_option

if TYPE_CHECKING:
    from legation.labels import Policy


@click.group()
def policy() -> None:
    """Look at a policy, or check a SPIF file."""


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
