# SPDX-License-Identifier: Apache-2.0
"""``legation format``, ``preview`` and ``compose``: from a report in Markdown to an item."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from legation.cli.folder import dir_option, opened
from legation.cli.output import (
    EXISTING,
    EXISTING_FOLDER,
    PATH,
    check_output,
    emit,
    json_option,
    policy_option,
)

if TYPE_CHECKING:
    from legation.records import PreviewRecord


files_option = click.option(
    "--files",
    type=EXISTING_FOLDER,
    metavar="FOLDER",
    help="Where the files lie that the report names to be attached; default: beside it.",
)


@click.command()
@click.argument("report", type=EXISTING)
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Default: print it.")
@policy_option
@json_option
def format(  # noqa: A001 - what it does
    report: Path, output: Path | None, policy_files: tuple[Path, ...], as_json: bool
) -> None:
    """Write REPORT in its one form: marks in the order of the policy, headers in order."""
    from legation.node.disk import read_file, write_file
    from legation.node.files import format_report, policies_with

    text = format_report(read_file(report), policies_with(read_file(each) for each in policy_files))
    if output is None:
        emit({"report": text.decode()}, text.decode().removesuffix("\n"), as_json=as_json)
    else:
        write_file(output, text)
        emit({"report": str(output), "size_bytes": len(text)}, "", as_json=as_json)


@click.command()
@click.argument("report")
@click.option(
    "--for",
    "addressees",
    multiple=True,
    metavar="NAME=CLEARANCE.xml",
    help="On files alone: an addressee and its clearance (STANAG 4774 XML); may be repeated.",
)
@click.option(
    "--key",
    type=EXISTING,
    metavar="KEY",
    help="On files alone: the author's keys; then its own lists are checked too.",
)
@policy_option
@files_option
@dir_option
@json_option
def preview(
    *,
    report: str,
    addressees: tuple[str, ...],
    key: Path | None,
    files: Path | None,
    policy_files: tuple[Path, ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """
    Show who would get what of REPORT, and why not. Nothing is signed and nothing is sent.

    REPORT is the id of a draft of the node, previewed against the grants of its addressees; or a file,
    with --for.
    """
    from legation.cli.tables import preview_text
    from legation.node.surroundings import HERE

    if addressees:
        found = _preview_file(EXISTING.convert(report, None, None), addressees, key, policy_files, files)
    else:
        from legation.node.desk.drafting import preview_draft

        with opened(folder) as home:
            found = preview_draft(
                report, card=home.card, database=home.database, blobs=home.blobs, around=HERE
            )
    emit(found, preview_text(found), as_json=as_json)


def _preview_file(
    report: Path,
    addressees: tuple[str, ...],
    key: Path | None,
    policy_files: tuple[Path, ...],
    files: Path | None,
) -> "PreviewRecord":
    from legation.node.desk.attaching import files_in, measure_in
    from legation.node.disk import read_file
    from legation.node.files import policies_with, preview_report
    from legation.node.keys.keyring import OFFICE_KEYS
    from legation.node.surroundings import HERE

    named = dict(map(_addressee, addressees))
    if len(named) != len(addressees):
        raise click.UsageError("an addressee is there twice")
    return preview_report(
        read_file(report),
        list(named.items()),
        policies_with(read_file(each) for each in policy_files),
        HERE,
        party=OFFICE_KEYS.decode(read_file(key)).party if key is not None else None,
        measure=measure_in(files_in(files or report.parent)),
    )


def _addressee(text: str) -> tuple[str, bytes]:
    from legation.node.disk import read_file

    name, equals, file = text.partition("=")
    if not name or not equals or not file:
        raise click.UsageError(f"`--for {text}`: expected NAME=CLEARANCE.xml")
    return name, read_file(Path(file))


@click.command()
@click.argument("report", type=EXISTING)
@click.option("--key", type=EXISTING, metavar="KEY", help="On files alone: the author's keys.")
@click.option("-o", "--output", type=PATH, metavar="ITEM", help="On files alone: where the item goes.")
@click.option("--by", default="", metavar="NAME", help="Who wrote it; written down as given.")
@click.option(
    "--replaces",
    default="",
    metavar="ITEM",
    help="Make it a new version of an item of ours: reference or id. Without addressees it is for theirs.",
)
@policy_option
@files_option
@dir_option
@json_option
def compose(
    *,
    report: Path,
    key: Path | None,
    output: Path | None,
    by: str,
    replaces: str,
    policy_files: tuple[Path, ...],
    files: Path | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """
    Keep REPORT and the files that it names as a draft of the node, and print its id: nothing is signed yet.

    With --key and -o, and without a node, sign it: make an item, from which every reader's copy can be cut.
    """
    if key is not None or output is not None:
        if key is None or output is None:
            raise click.UsageError("on files alone, compose takes both --key and -o")
        if replaces:
            raise click.UsageError("a new version is made at a node: --replaces does not go with --key")
        _compose_file(report, key, output, policy_files, files, as_json=as_json)
        return
    from legation.node.desk.attaching import Attaching, files_in
    from legation.node.desk.drafting import store_draft, store_version
    from legation.node.disk import read_file
    from legation.node.surroundings import HERE

    text = read_file(report)
    with opened(folder) as home:
        attaching = Attaching(
            files=files_in(files or report.parent),
            store=home.attachments,
            database=home.database,
            around=HERE,
        )
        told: Any = {
            "by": by or home.office,
            "card": home.card,
            "database": home.database,
            "around": HERE,
            "attaching": attaching,
        }
        if replaces:
            draft = store_version(text, replaces=replaces, blobs=home.blobs, **told)
        else:
            draft = store_draft(text, blobs=home.blobs, **told)
    digest = draft.digest.hex()
    emit({"draft": digest, "addressees": [slip.addressee for slip in draft.slips]}, digest, as_json=as_json)


def _compose_file(
    report: Path,
    key: Path,
    output: Path,
    policy_files: tuple[Path, ...],
    files: Path | None,
    *,
    as_json: bool,
) -> None:
    from legation.node.desk.attaching import files_in, measure_in
    from legation.node.disk import read_file, write_file
    from legation.node.files import compose as compose_item
    from legation.node.files import policies_with
    from legation.node.keys.keyring import OFFICE_KEYS
    from legation.node.surroundings import HERE

    check_output(output, report, key)
    composed = compose_item(
        read_file(report),
        OFFICE_KEYS.decode(read_file(key)),
        policies_with(read_file(each) for each in policy_files),
        HERE,
        measure_in(files_in(files or report.parent)),
    )
    write_file(output, composed.item)
    record = {
        "reference": composed.reference,
        "item": composed.contents.item_id.hex(),
        "document": composed.contents.document.hex(),
        "draft": composed.draft.digest.hex(),
        "size_bytes": len(composed.item),
    }
    text = f"{composed.reference}\nitem {record['item']}\n{output}: {len(composed.item)} bytes, for nobody else's eyes"
    emit(record, text, as_json=as_json)
