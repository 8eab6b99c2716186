# SPDX-License-Identifier: Apache-2.0
"""``legation policy``: look at a policy, check a SPIF file, accept it for the node."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from legation.cli.folder import by_option, dir_option, opened
from legation.cli.output import EXISTING, PATH, emit, json_option, policy_option

if TYPE_CHECKING:
    from legation.labels import Policy


@click.group()
def policy() -> None:
    """Look at a policy, check a SPIF file, accept it for the node."""


@policy.command()
@click.argument("name")
@click.option("--spif", "as_spif", is_flag=True, help="Print the shipped file itself.")
@policy_option
@json_option
def show(name: str, policy_files: tuple[Path, ...], as_spif: bool, as_json: bool) -> None:
    """
    Print all that a policy says.

    NAME is that of a policy at hand, that of a shipped file (such as exercise-2), or a SPIF file.
    """
    from legation.cli.policy_text import policy_record, policy_text
    from legation.node.disk import read_file
    from legation.node.files import policies_with
    from legation.node.peers.policies import policy_to_see, shipped_text

    if as_spif:
        text = shipped_text(name)
        emit({"file": f"{name}.xml", "spif": text}, text.removesuffix("\n"), as_json=as_json)
        return
    found = policy_to_see(name, policies_with(read_file(each) for each in policy_files))
    emit(policy_record(found), policy_text(found), as_json=as_json)


@policy.command()
@click.argument("old")
@click.argument("new")
@json_option
def diff(old: str, new: str, as_json: bool) -> None:
    """
    Say what changes, and for whom, from the version OLD of a policy to the version NEW.

    Both as for show. Each line is flagged: it widens, narrows, or only shows differently. A label that is
    written already never gains by a new version; what it loses is said here.
    """
    from msgspec import to_builtins

    from legation.node.files import policies_with
    from legation.node.peers.policies import changes, policy_to_see
    from legation.node.surroundings import HERE
    from legation.words import policy_changes

    one, other = (policy_to_see(name, policies_with([])) for name in (old, new))
    found = changes(one, other, HERE)
    said = [f"  {line}" for line in policy_changes.lines(found)]
    record = {
        "name": other.name,
        "id": other.id,
        "old": _version(one),
        "new": _version(other),
        "changes": [{**to_builtins(each), "says": policy_changes.say(each)} for each in found],
    }
    forgiven = [
        f"  forgiven in version {each.version}: {fault}" for each in (one, other) for fault in each.faults
    ]
    title = f"{other.name} version {one.version} to version {other.version}"
    text = "\n".join([title, *(said or ["  nothing changes for anybody"]), *forgiven])
    emit(record, text, as_json=as_json)


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
    from legation.node.disk import read_file
    from legation.node.peers.accepting import add_policy
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


@policy.command()
@click.argument("peer")
@click.argument("name")
@click.option(
    "--statement",
    "statements",
    type=EXISTING,
    multiple=True,
    metavar="NOTE",
    help="What its authority states: on this version, then on the one before it, and so on. May be repeated.",
)
@by_option
@dir_option
@json_option
def offer(
    *, peer: str, name: str, statements: tuple[Path, ...], by: str, folder: Path | None, as_json: bool
) -> None:
    """
    Offer PEER the policy NAME that is in force here, in its highest version.

    It goes with the next answer or bag. Nothing changes there before two persons of theirs accept the file.
    """
    from legation.node.disk import read_file
    from legation.node.peers.offering import offer_policy
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = offer_policy(
            peer,
            name,
            by=by,
            statements=[read_file(each) for each in statements],
            database=home.database,
            blobs=home.blobs,
            around=HERE,
        )
    text = f"{found.name} version {found.version} is offered to {found.office}: entry {found.number} of our stream"
    emit(found, text, as_json=as_json)


@policy.command()
@click.argument("digest")
@click.option("-o", "--output", type=PATH, required=True, metavar="FILE", help="Where the file goes.")
@dir_option
@json_option
def offered(digest: str, output: Path, folder: Path | None, as_json: bool) -> None:
    """
    Write the file of a policy that a peer has offered, named by the beginning of its DIGEST.

    Look at it with show, check and diff; two persons accept it with add, as any other file.
    """
    from legation.node.disk import write_file
    from legation.node.peers.offering import offered_file
    from legation.records import SavedOfferRecord

    with opened(folder) as home:
        found, spif = offered_file(digest, database=home.database, blobs=home.blobs)
        write_file(output, spif, public=True, new=True)
    text = (
        f"{output}: {found.name} version {found.version}, offered by {found.office}\n"
        f"digest {found.digest}\n"
        f"to accept it, two persons: legation policy add {output} --by NAME"
    )
    emit(SavedOfferRecord(offer=found, file=str(output)), text, as_json=as_json)


@policy.command(name="list")
@dir_option
@json_option
def list_(folder: Path | None, as_json: bool) -> None:
    """List the policies of the node: in force, and proposed; and what peers have offered."""
    from legation.cli.tables import policies_text
    from legation.node.peers.accepting import read_policies

    with opened(folder) as home:
        found = read_policies(home.database)
    emit(found, policies_text(found), as_json=as_json)


def _version(found: "Policy") -> dict[str, Any]:
    return {"version": found.version, "digest": found.digest.hex(), "faults": list(found.faults)}
