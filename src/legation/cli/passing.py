# SPDX-License-Identifier: Apache-2.0
"""``legation pass`` and ``reissue``: what becomes of another office's item here."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from legation.cli.folder import dir_option, opened
from legation.cli.output import PATH, emit, json_option, tell

if TYPE_CHECKING:
    from legation.item.draft import Slip


@click.command("pass")
@click.argument("item")
@click.option(
    "--action", "for_action", multiple=True, metavar="OFFICES", help="Who must do or answer something."
)
@click.option("--info", "for_information", multiple=True, metavar="OFFICES", help="Who is kept aware.")
@click.option(
    "--precedence",
    type=click.Choice(["routine", "priority", "immediate", "flash"]),
    default="routine",
    show_default=True,
    help="How soon it is to be handled.",
)
@click.option(
    "--preview", "is_preview", is_flag=True, help="Only show who would get what, and why not the rest."
)
@click.option(
    "--seen",
    default="",
    metavar="PREVIEW",
    help="The id of the preview that was looked at; refuse any other.",
)
@click.option("--by", default="", metavar="NAME", help="Who passes it on; written down as given.")
@dir_option
@json_option
def pass_(
    *,
    item: str,
    for_action: tuple[str, ...],
    for_information: tuple[str, ...],
    precedence: str,
    is_preview: bool,
    seen: str,
    by: str,
    folder: Path | None,
    as_json: bool,
) -> None:
    """
    Pass ITEM of another office on, by its reference or id: cut for each addressee, under its author's signature.

    OFFICES are names between commas. Look at it first with --preview. What is under its originator's control
    goes to nobody.
    """
    from legation.node.surroundings import HERE

    slips = tuple(_slips(for_action, for_information, precedence))
    if not is_preview and not by:
        raise click.UsageError("say who passes it on: --by NAME; or look first: --preview")
    with opened(folder) as home:
        if is_preview:
            from legation.cli.passing_text import passing_text
            from legation.node.desk.previewing_passing import preview_passing

            shown = preview_passing(
                item, slips=slips, card=home.card, database=home.database, blobs=home.blobs, around=HERE
            )
            emit(shown, passing_text(shown), as_json=as_json)
            return
        from legation.cli.passing_text import passed_text
        from legation.node.desk.drafting import typed_digest
        from legation.node.desk.passing import pass_on

        done = pass_on(
            item,
            slips=slips,
            by=by,
            seen=typed_digest(seen) if seen else None,
            card=home.card,
            database=home.database,
            blobs=home.blobs,
            around=HERE,
        )
        emit(done, passed_text(done), as_json=as_json)


def _slips(
    for_action: tuple[str, ...], for_information: tuple[str, ...], precedence: str
) -> Iterator["Slip"]:
    from legation.item.draft import Precedence, Slip

    for is_action, typed in ((True, for_action), (False, for_information)):
        for office in (each.strip() for names in typed for each in names.split(",")):
            yield Slip(addressee=office, action=is_action, precedence=Precedence(precedence))


@click.command()
@click.argument("item")
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Default: print it.")
@dir_option
@json_option
def reissue(item: str, output: Path | None, folder: Path | None, as_json: bool) -> None:
    """
    Begin a report of our own with what ITEM of another office says, by its reference or id.

    Each paragraph keeps its mark and says whose words it repeats. What is left out is counted on stderr.
    """
    from legation.node.desk.reissuing import reissue_item
    from legation.node.disk import write_file
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = reissue_item(
            item, home.office, card=home.card, database=home.database, blobs=home.blobs, around=HERE
        )
    text = found.report.removesuffix("\n")
    if output is not None:
        write_file(output, found.report.encode())
        text = f"{output}: {len(found.report.encode())} bytes"
    emit(found, text, as_json=as_json)
    if found.controlled:
        tell(f"left out: {found.controlled} under the originator's control")
    if found.files:
        tell(f"left out: {found.files} attached; attach the files to the report, if they may go")
    if not found.linked:
        tell("the report does not name its source: its marks have no common reader")
