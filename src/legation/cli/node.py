# SPDX-License-Identifier: Apache-2.0
"""``legation init`` and ``fsck``: a node's folder, made and checked."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from legation.cli.folder import dir_option, found_folder, opened
from legation.cli.output import DONE, EXISTING, NOT_VERIFIED, emit, json_option, policy_option
from legation.cli.progress import telling

if TYPE_CHECKING:
    from legation.records import CheckRecord


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
    from legation.node.home import ROOT, create_home
    from legation.node.keys.settling import CARD
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
@click.option(
    "--repair",
    "repairs",
    is_flag=True,
    help="Make again what only repeats what holds, and remove files that nothing names.",
)
@click.option(
    "--progress", "tells", is_flag=True, help="Say on stderr how far it is, also where that is no terminal."
)
@json_option
def fsck(*, folder: Path | None, repairs: bool, tells: bool, as_json: bool) -> int:
    """
    Check everything that the node holds: store, signatures, hashes, proofs, files, projections.

    Leaves with 3 if anything does not hold. Nothing is changed, unless --repair: that makes again inbox rows,
    indexes and the like from what was signed and numbered, while nobody serves the folder; all of it, or, if
    anything else does not hold, nothing.
    """
    from legation.node.checking.whole import check, repair
    from legation.node.surroundings import HERE

    with opened(folder) as home, telling(wanted=tells) as tell:
        told: dict[str, Any] = {
            "card": home.card,
            "database": home.database,
            "blobs": home.blobs,
            "attachments": home.attachments,
            "around": HERE,
            "tell": tell,
        }
        found = repair(folder=home.path, **told) if repairs else check(**told)
    emit(found, "\n".join(_lines(found, repairs=repairs)), as_json=as_json)
    return NOT_VERIFIED if found.faults else DONE


def _lines(found: "CheckRecord", *, repairs: bool) -> "Iterator[str]":
    """What a check found, and what to do about it."""
    yield from (f"{count:>9}  {what}" for what, count in found.checked.items())
    yield from (f"REPAIRED  {each.where}: {each.what}" for each in found.repaired)
    if found.more_repaired:
        yield f"REPAIRED  {found.more_repaired} more like these"
    for each in found.faults:
        yield f"FAULT  {each.where}: {each.what}{' (can be repaired)' if each.repairable else ''}"
    if found.more:
        yield f"FAULT  {found.more} more"
    if found.leftovers:
        yield f"{found.leftovers} files that nothing names; --repair removes them"
    yield _end(found, repairs=repairs)


def _end(found: "CheckRecord", *, repairs: bool) -> str:
    if not found.faults:
        return "everything holds"
    if found.repairable:
        return "legation fsck --repair makes all of this again"
    changed = "; nothing was changed" if repairs else ""
    return f"what was signed, numbered or logged cannot be made again: restore the newest backup{changed}"
