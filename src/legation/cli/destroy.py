# SPDX-License-Identifier: Apache-2.0
"""``legation destroy`` what is held here of another office's item, by two persons; and ``notice`` of that, from a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from legation.cli.folder import by_option, dir_option, opened
from legation.cli.output import EXISTING, PATH, emit, json_option

if TYPE_CHECKING:
    from legation.records import DestructionRecord, OnwardCopyRecord


@click.command()
@click.argument("item")
@click.option("--by", default="", metavar="NAME", help="Who destroys it; written down as given.")
@click.option("--witness", default="", metavar="NAME", help="Another person, who sees it done.")
@click.option(
    "--seen",
    default="",
    metavar="PREVIEW",
    help="The id of the preview that was looked at; refuse any other.",
)
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Where the certificate goes as a file too.")
@dir_option
@json_option
def destroy(
    *,
    item: str,
    by: str,
    witness: str,
    seen: str,
    output: Path | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """
    Destroy every copy of ITEM that is held here: another office's item, by its reference, its id, or the beginning of it.

    Without names it says what would go, what cannot be reached from here, and who would be told; nothing is changed.
    With --by and --witness, two persons, it is done: no byte of it is left in the folder, and this office signs a
    certificate, which goes to whoever the item came from and on to its author. It does not come back: what comes of it
    again is not kept. Its author may release it anew, as a new version.
    """
    from legation.node.surroundings import HERE

    if bool(by) != bool(witness):
        raise click.UsageError("it takes two persons: --by NAME and --witness NAME")
    if output is not None and not by:
        raise click.UsageError("only what is done is certified: --by NAME and --witness NAME")
    if output is not None and output.exists():
        raise click.UsageError(f"`{output}` is there already: expected another name for the certificate")
    with opened(folder) as home:
        act = home.destroying(HERE)
        found = act.destroy(item, by=by, witness=witness, seen=seen.lower()) if by else act.preview(item)
    if output is not None and found.certificate is not None:
        from legation.node.disk import write_file

        write_file(output, found.certificate.data, public=True, new=True)
    emit(found, destruction_text(found, output), as_json=as_json)


@click.command()
@click.argument("file", type=EXISTING)
@by_option
@dir_option
@json_option
def notice(file: Path, by: str, folder: Path | None, as_json: bool) -> None:
    """
    Take in FILE: a withdrawal or a certificate of destruction, as withdraw and destroy write it, by whatever way it came.

    It has its effect as if it had come in a stream. Whoever signed it must be known here.
    """
    from legation.node.disk import read_file
    from legation.node.surroundings import HERE
    from legation.node.withdrawal.noticing import take_notice

    with opened(folder) as home:
        found = take_notice(read_file(file), by=by, card=home.card, database=home.database, around=HERE)
    did = "withdraws" if found.what == "withdrawal" else "certifies to have destroyed"
    emit(found, f"taken in: {found.office} {did} item {found.item}", as_json=as_json)


def destruction_text(found: "DestructionRecord", output: Path | None = None) -> str:
    """Say what goes or went, what cannot be reached, and who is told."""
    return "\n".join(_done_lines(found, output) if found.destroyed else _preview_lines(found))


def _preview_lines(found: "DestructionRecord") -> Iterator[str]:
    yield f"preview {found.preview}"
    yield f"would destroy every copy here of {found.reference}, author {found.author}"
    yield f"item {found.item}"
    yield (
        f"  its author withdrew it; that came on {found.withdrawn}"
        if found.withdrawn
        else "  it is NOT withdrawn by its author"
    )
    yield from (f"  goes with it: attachment {each}" for each in found.attachments)
    yield from _reach_lines(found)
    yield f"  told, with a certificate: {', '.join(found.told) or 'nobody'}"
    names = "--by NAME --witness NAME"
    yield f"then, two persons: legation destroy {found.item[:12]} --seen {found.preview[:12]} {names}"


def _done_lines(found: "DestructionRecord", output: Path | None) -> Iterator[str]:
    yield f"destroyed {found.reference}, author {found.author}, on {found.destroyed}"
    yield f"item {found.item}"
    yield f"  by {found.by}, witness {found.witness}"
    yield from _reach_lines(found)
    yield f"  told, with a certificate: {', '.join(found.told) or 'nobody'}"
    if output is not None:
        yield f"  {output}: the certificate"


def _reach_lines(found: "DestructionRecord") -> Iterator[str]:
    """What stays."""
    yield from (
        f"  stays: attachment {each}, which belongs to something else too" for each in found.kept_attachments
    )
    yield from (f"  stays: words of it quoted in {each}" for each in found.quoted_in)
    yield from (f"  out of reach: {_copy(each)}" for each in found.passed_on if not each.destroyed)
    yield "  out of reach: backups, bags, and files that were saved or printed from it"


def _copy(each: "OnwardCopyRecord") -> str:
    copy = "a copy" if each.copy is None else f"copy {each.copy} on paper"
    handed = f", handed to {each.handed_to}" if each.handed_to else ""
    return f"{copy} passed on to {each.addressee}{handed} ({each.why})"
