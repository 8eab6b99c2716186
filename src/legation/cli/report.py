# SPDX-License-Identifier: Apache-2.0
"""``legation format``, ``preview`` and ``compose``: from a report in Markdown to an item."""

from pathlib import Path

import click

from legation.cli.output import EXISTING, PATH, check_output, emit, json_option, policy_option


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
@click.argument("report", type=EXISTING)
@click.option(
    "--for",
    "addressees",
    multiple=True,
    required=True,
    metavar="NAME=CLEARANCE.xml",
    help="An addressee and its clearance (STANAG 4774 XML); may be repeated.",
)
@click.option(
    "--key", type=EXISTING, metavar="KEY", help="The author's keys: then its own lists are checked too."
)
@policy_option
@json_option
def preview(
    report: Path, addressees: tuple[str, ...], key: Path | None, policy_files: tuple[Path, ...], as_json: bool
) -> None:
    """Show who would get what of REPORT, and why not. Nothing is signed and nothing is sent."""
    from legation.cli.tables import preview_text
    from legation.node.disk import read_file
    from legation.node.files import policies_with, preview_report
    from legation.node.keyring import OFFICE_KEYS
    from legation.node.surroundings import HERE

    named = dict(map(_addressee, addressees))
    if len(named) != len(addressees):
        raise click.UsageError("an addressee is there twice")
    found = preview_report(
        read_file(report),
        list(named.items()),
        policies_with(read_file(each) for each in policy_files),
        HERE,
        party=OFFICE_KEYS.decode(read_file(key)).party if key is not None else None,
    )
    emit(found, preview_text(found), as_json=as_json)


def _addressee(text: str) -> tuple[str, bytes]:
    from legation.node.disk import read_file

    name, equals, file = text.partition("=")
    if not name or not equals or not file:
        raise click.UsageError(f"`--for {text}`: expected NAME=CLEARANCE.xml")
    return name, read_file(Path(file))


@click.command()
@click.argument("report", type=EXISTING)
@click.option("--key", type=EXISTING, required=True, metavar="KEY", help="The author's keys.")
@click.option("-o", "--output", type=PATH, required=True, metavar="ITEM", help="Where the item goes.")
@policy_option
@json_option
def compose(report: Path, key: Path, output: Path, policy_files: tuple[Path, ...], as_json: bool) -> None:
    """Sign REPORT: make an item of it, from which every reader's copy can be cut."""
    from legation.node.disk import read_file, write_file
    from legation.node.files import compose as compose_item
    from legation.node.files import policies_with
    from legation.node.keyring import OFFICE_KEYS
    from legation.node.surroundings import HERE

    check_output(output, report, key)
    composed = compose_item(
        read_file(report),
        OFFICE_KEYS.decode(read_file(key)),
        policies_with(read_file(each) for each in policy_files),
        HERE,
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
