# SPDX-License-Identifier: Apache-2.0
"""``legation print`` and ``handover``: correspondents without a node."""

from pathlib import Path

import click

from legation.cli.folder import by_option, dir_option, opened
from legation.cli.output import PATH, emit, json_option


@click.command("print")
@click.argument("item")
@click.option("--to", "office", required=True, metavar="OFFICE", help="For whom: an office without a node.")
@click.option(
    "-o", "--output", type=PATH, required=True, metavar="FILE", help="Where it goes: FILE.docx or FILE.html."
)
@by_option
@click.option(
    "--attachments",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where the files go that are attached.",
)
@click.option("--lang", "languages", multiple=True, metavar="LANGUAGE", help="Their preferred language.")
@dir_option
@json_option
def print_(
    *,
    item: str,
    office: str,
    output: Path,
    by: str,
    attachments: Path | None,
    languages: tuple[str, ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """
    Hand ITEM over on paper: write what OFFICE may have of it as a file to be printed, with a numbered copy.

    It is decided now, written down, and then the file appears; nothing is replaced. Printed again it is the same
    copy. Say with legation handover to whom it was handed.
    """
    from msgspec.structs import replace

    from legation.node.desk.printing import WRITERS, print_item
    from legation.node.disk import write_file
    from legation.node.surroundings import HERE

    write = WRITERS.get(output.suffix.lower())
    if write is None:
        raise click.UsageError(f"`{output}`: expected a name that ends in {' or '.join(WRITERS)}")
    if output.exists():
        raise click.UsageError(f"`{output}` is there already: expected another name for the output")
    with opened(folder) as home:
        found = print_item(
            item,
            office,
            by=by,
            languages=languages,
            card=home.card,
            database=home.database,
            blobs=home.blobs,
            store=home.attachments,
            around=HERE,
        )
        write_file(output, write(found.sheet), new=True)
        saved = []
        for each in found.attached if attachments is not None else ():
            assert attachments is not None, "only where there is a folder for them"
            attachments.mkdir(mode=0o700, exist_ok=True)
            path = attachments / each.name
            write_file(path, each.pieces, new=True)
            saved.append(str(path))
    record = replace(found.record, file=str(output), attachments=tuple(saved))
    again = ", the same as before" if record.again else ""
    lines = [
        f"{output}: copy {record.copy} of {record.reference} for {record.addressee}{again}",
        f"  {record.banner}",
        *(f"  {each}" for each in saved),
    ]
    if found.attached and attachments is None:
        lines.append(f"  {len(found.attached)} attached: --attachments FOLDER writes what belongs to it")
    lines.append(f'  then: legation handover {record.item[:12]} {record.addressee} --to "WHOM" --by NAME')
    emit(record, "\n".join(lines), as_json=as_json)


@click.command()
@click.argument("item")
@click.argument("office")
@click.option("--to", metavar="WHOM", default="", help="To whom the copy was handed.")
@click.option("--destroyed", is_flag=True, help="It was destroyed, and what may still go waits again.")
@click.option(
    "--copy", type=click.IntRange(min=1), metavar="NUMBER", help="Which copy, if there are several."
)
@click.option("--at", metavar="INSTANT", default="", help="When; default: now. Without a zone it is UTC.")
@by_option
@dir_option
@json_option
def handover(
    *,
    item: str,
    office: str,
    to: str,
    destroyed: bool,
    copy: int | None,
    at: str,
    by: str,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Write down what became of a printed copy of ITEM for OFFICE: to whom it was handed, by whom, and when."""
    from legation.node.desk.paper_receipts import Saying, destroy, hand_over
    from legation.node.peers.peering import read_date
    from legation.node.surroundings import HERE

    if bool(to) == destroyed:
        raise click.UsageError("say either --to WHOM or --destroyed")
    when = read_date(at, is_end=False) if at else None
    saying = Saying(item=item, office=office, copy=copy, by=by, at=when)
    with opened(folder) as home:
        if destroyed:
            found = destroy(saying, card=home.card, database=home.database, around=HERE)
        else:
            found = hand_over(saying, to, card=home.card, database=home.database, around=HERE)
    did = f"handed to {found.to}" if found.to else "destroyed"
    lines = [
        f"copy {found.copy} of {found.reference} for {found.addressee}: {did}, {found.at}, by {found.by}"
    ]
    lines += [f"note: {found.note}"] if found.note else []
    emit(found, "\n".join(lines), as_json=as_json)
