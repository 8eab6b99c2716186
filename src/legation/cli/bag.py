# SPDX-License-Identifier: Apache-2.0
"""``legation bag``: what goes by courier, packed, looked into, opened and listed."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from legation.cli.folder import by_option, dir_option, opened
from legation.cli.output import EXISTING, EXISTING_FOLDER, PATH, emit, json_option
from legation.cli.progress import telling
from legation.errors import GapError, LegationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from legation.node.courier.unpacking import Unpacking
    from legation.records import OpenedRecord


@click.group()
def bag() -> None:
    """Bags: what goes by courier to an office that no line reaches, and comes from it."""


@bag.command()
@click.argument("office")
@click.option(
    "-o", "--output", type=EXISTING_FOLDER, required=True, metavar="FOLDER", help="Where the files go."
)
@by_option
@click.option(
    "--again", type=click.IntRange(min=1), metavar="NUMBER", help="Pack this bag anew before what is new."
)
@click.option("--no-way-back", is_flag=True, help="No receipt can ever come back on this way.")
@dir_option
@json_option
def pack(
    *,
    office: str,
    output: Path,
    by: str,
    again: int | None,
    no_way_back: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """
    Pack what is new for OFFICE into files, and hand it over with that.

    It is decided now what may go, numbered and logged; then each file appears whole, under a name that was drawn. Our
    receipt for what came from them rides along.
    """
    from legation.cli.bag_text import packing_text
    from legation.node.courier.packing import Packing
    from legation.node.surroundings import HERE

    with opened(folder) as home, telling() as tell:
        packing = Packing(
            card=home.card,
            peer=office,
            signing=home.signing,
            database=home.database,
            blobs=home.blobs,
            store=home.attachments,
            around=HERE,
            tell=tell,
        )
        found = packing.pack(output, by=by, again=again, has_way_back=not no_way_back)
    emit(found, packing_text(found), as_json=as_json)


@bag.command()
@click.argument("file", type=EXISTING)
@dir_option
@json_option
def inspect(file: Path, folder: Path | None, as_json: bool) -> None:
    """Look through the bag in FILE, and say what is in it. Nothing is taken in or written down."""
    from legation.cli.bag_text import inspected_text

    with _unpacking(folder) as unpacking:
        found = unpacking.inspect(file)
    emit(found, inspected_text(found), as_json=as_json)


@bag.command("open")
@click.argument("files", type=EXISTING, nargs=-1, required=True)
@by_option
@click.option("--dry-run", is_flag=True, help="Say what each would bring now, and write nothing.")
@dir_option
@json_option
def open_(*, files: tuple[Path, ...], by: str, dry_run: bool, folder: Path | None, as_json: bool) -> int:
    """
    Open the bags in FILES, and take in what is new in them; each whole or not at all.

    Their order does not matter. Where one is missing, it is named, and those behind it stay closed. To open a bag
    again does nothing. Leaves with the code of the first failure; the others are opened all the same.
    """
    from legation.cli.bag_text import opened_text
    from legation.cli.output import exit_code, tell
    from legation.records import ClosedRecord, OpeningRecord

    with _unpacking(folder) as unpacking:
        found, errors = _open_all(unpacking, files, by=by, is_trial=dry_run)
    if len(files) == 1 and errors:
        raise errors[0][1]
    closed = tuple(ClosedRecord(file=name, why=error.message) for name, error in errors)
    record = OpeningRecord(bags=tuple(found), closed=closed)
    emit(record, "\n".join(map(opened_text, found)), as_json=as_json)
    for name, error in errors:
        tell(f"{name}: {error.message}", hint=error.hint)
    return exit_code(errors[0][1]) if errors else 0


def _open_all(
    unpacking: "Unpacking", files: tuple[Path, ...], *, by: str, is_trial: bool
) -> tuple[list["OpenedRecord"], list[tuple[str, LegationError]]]:
    """Open bags in whatever order they can be opened; one that waits for another is tried again behind it."""
    found: list[OpenedRecord] = []
    errors: list[tuple[str, LegationError]] = []
    waiting = list(dict.fromkeys(files))
    while waiting:
        gaps: list[tuple[Path, GapError]] = []
        for each in waiting:
            try:
                found.append(unpacking.open(each, by=by, is_trial=is_trial))
            except GapError as gap:
                gaps.append((each, gap))
            except LegationError as error:
                errors.append((each.name, error))
        if len(gaps) == len(waiting) or is_trial:
            errors += [(each.name, gap) for each, gap in gaps]
            break
        waiting = [each for each, _ in gaps]
    return found, errors


@bag.command(name="list")
@click.argument("office", default="")
@dir_option
@json_option
def list_(office: str, folder: Path | None, as_json: bool) -> None:
    """List the bags that were packed for OFFICE or opened from it, or all; and those that are missing."""
    from legation.cli.bag_text import bags_text
    from legation.node.courier.bags import read_bags

    with opened(folder) as home:
        found = read_bags(office, database=home.database)
    emit(found, bags_text(found), as_json=as_json)


@bag.command()
@click.argument("paths", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option(
    "-o", "--output", type=PATH, required=True, metavar="FILE", help="Where it goes: FILE.html or FILE.txt."
)
@dir_option
@json_option
def sheet(paths: tuple[Path, ...], output: Path, folder: Path | None, as_json: bool) -> None:
    """
    Write the courier sheet for the bags in PATHS (files, or folders of them), to be printed.

    It has each file with its length and hash, room for seal numbers and signatures, and the words of both cards;
    nothing of what is carried.
    """
    from legation.cli.bag_text import sheet_html, sheet_text
    from legation.node.courier.sheet import courier_sheet
    from legation.node.disk import write_file
    from legation.node.surroundings import HERE

    written = {".html": sheet_html, ".txt": sheet_text}.get(output.suffix.lower())
    if written is None:
        raise click.UsageError(f"`{output}`: expected a name that ends in .html or .txt")
    if output.exists():
        raise click.UsageError(f"`{output}` is there already: expected another name for the output")
    with opened(folder) as home, telling() as tell:
        found = courier_sheet(paths, card=home.card, database=home.database, around=HERE, tell=tell)
    write_file(output, written(found).encode())
    counted = f"{len(found.packages)} package{'' if len(found.packages) == 1 else 's'}"
    emit(found, f"{output}: {counted} for {found.receiver.office}", as_json=as_json)


@contextmanager
def _unpacking(folder: Path | None) -> "Iterator[Unpacking]":
    """Whatever opens bags for the node of this folder."""
    from legation.node.courier.unpacking import Unpacking
    from legation.node.surroundings import HERE

    with opened(folder) as home, telling() as tell:
        yield Unpacking(
            card=home.card,
            signing=home.signing,
            database=home.database,
            blobs=home.blobs,
            store=home.attachments,
            around=HERE,
            tell=tell,
        )
