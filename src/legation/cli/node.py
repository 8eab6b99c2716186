# SPDX-License-Identifier: Apache-2.0
"""``legation init`` and ``fsck``: a node's folder, made and checked."""

from pathlib import Path

import click

from legation.cli.folder import dir_option, found_folder, opened
from legation.cli.output import EXISTING, emit, json_option, policy_option


@click.command()
@click.argument("office")
@dir_option
@click.option(
    "--clearance",
    "clearance_files",
    type=EXISTING,
    multiple=True,
    metavar="CLEARANCE.xml",
    help="What the mission's own people may see under a policy; may be repeated. EXERCISE has a default.",
)
@click.option(
    "--address",
    "addresses",
    multiple=True,
    metavar="HOST:PORT",
    help="Where peers reach this node (or an https URL); may be repeated. None: it only pulls.",
)
@click.option(
    "--root", "root_file", type=EXISTING, metavar="ROOT", help="The party's root key, if it has one."
)
@policy_option
@json_option
def init(
    *,
    office: str,
    folder: Path | None,
    clearance_files: tuple[Path, ...],
    addresses: tuple[str, ...],
    root_file: Path | None,
    policy_files: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Make the node of OFFICE (KOR, or KOR@NATO) in an empty folder: keys, card and store."""
    from legation.keys.card import Office, fingerprint
    from legation.node.disk import read_file
    from legation.node.home import CARD, ROOT, create_home
    from legation.node.surroundings import HERE

    path = found_folder(folder)
    if path is None:
        raise click.UsageError("no folder for the node: give --dir DIR, or set LEGATION_DIR")
    card = create_home(
        path,
        Office.parse(office),
        HERE,
        spifs=[read_file(each) for each in policy_files],
        clearances=[read_file(each) for each in clearance_files],
        addresses=addresses,
        root=read_file(root_file) if root_file is not None else None,
    )
    words = fingerprint(card)
    lines = [
        f"node of {office} in {path}",
        f"  card {card.body.number}: {path / CARD}; its words:",
        f"    {' '.join(words[:6])}",
        f"    {' '.join(words[6:])}",
    ]
    if root_file is None:
        lines.append(f"  new root key of {card.office.party}: {path / ROOT}; take it offline")
    emit(
        {"office": office, "card": str(path / CARD), "fingerprint": list(words)},
        "\n".join(lines),
        as_json=as_json,
    )


@click.command()
@dir_option
@json_option
def fsck(folder: Path | None, as_json: bool) -> int:
    """
    Check everything that the node holds: store, signatures, hashes, streams, receipts, projections.

    Leaves with 3 if anything does not hold. Nothing is changed.
    """
    from legation.node.checking import check
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = check(card=home.card, database=home.database, blobs=home.blobs, around=HERE)
    lines = [f"{count:>9}  {what}" for what, count in found.checked.items()]
    lines += [f"FAULT  {each.where}: {each.what}" for each in found.faults] or ["everything holds"]
    emit(found, "\n".join(lines), as_json=as_json)
    return 3 if found.faults else 0
