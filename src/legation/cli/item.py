# SPDX-License-Identifier: Apache-2.0
"""``legation show``, ``verify`` and ``cut``: an item of the node, or on files alone."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from legation.cli.folder import dir_option, found_folder, opened
from legation.cli.output import EXISTING, PATH, check_output, emit, json_option, policy_option

if TYPE_CHECKING:
    from legation.keys.card import Card


@click.command()
@click.argument("item", type=EXISTING)
@click.option(
    "--clearance", type=EXISTING, required=True, metavar="CLEARANCE.xml", help="What the reader may see."
)
@click.option("-o", "--output", type=PATH, required=True, metavar="VIEW", help="Where the copy goes.")
@policy_option
@json_option
def cut(item: Path, clearance: Path, output: Path, policy_files: tuple[Path, ...], as_json: bool) -> None:
    """Take from ITEM (or from a copy of it) the copy that the holder of CLEARANCE may be handed."""
    from legation.node.disk import read_file, write_file
    from legation.node.files import cut_item, policies_with
    from legation.node.surroundings import HERE

    policies = policies_with(read_file(each) for each in policy_files)
    check_output(output, item, clearance)
    copy = cut_item(read_file(item), read_file(clearance), policies, HERE)
    write_file(output, copy)
    emit({"view": str(output), "size_bytes": len(copy)}, f"{output}: {len(copy)} bytes", as_json=as_json)


@click.command()
@click.argument("item")
@click.option(
    "--card",
    "card_files",
    type=EXISTING,
    multiple=True,
    metavar="CARD",
    help="For a file: a pinned card, to verify it first; may be repeated.",
)
@click.option("--lang", "languages", multiple=True, metavar="LANGUAGE", help="Preferred language.")
@click.option(
    "--markdown", is_flag=True, help="Of an item that was released here: as a report, to write a new version."
)
@policy_option
@dir_option
@json_option
def show(
    *,
    item: str,
    card_files: tuple[Path, ...],
    languages: tuple[str, ...],
    markdown: bool,
    policy_files: tuple[Path, ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """
    Open ITEM: one of the node, by its reference or id, or a file.

    An item of a node is verified each time. A file is verified with --card, else it is shown as unverified.
    """
    from legation.cli.tables import item_text

    if markdown:
        _show_report(item, folder, as_json=as_json)
        return
    if _is_file(item, folder, card_files, policy_files):
        from legation.node.disk import read_file
        from legation.node.files import policies_with
        from legation.node.files import show as open_view

        policies = policies_with(read_file(each) for each in policy_files)
        found = open_view(read_file(Path(item)), policies, list(_cards(card_files)), languages)
    else:
        from legation.node.reading import show_item
        from legation.node.surroundings import HERE

        with opened(folder) as home:
            found = show_item(
                item,
                home.office,
                languages,
                card=home.card,
                database=home.database,
                blobs=home.blobs,
                around=HERE,
            )
    emit(found, item_text(found), as_json=as_json)


@click.command()
@click.argument("item")
@click.option(
    "--card",
    "card_files",
    type=EXISTING,
    multiple=True,
    metavar="CARD",
    help="For a file: the card of whoever signed it, or all that are pinned; may be repeated.",
)
@click.option(
    "--payload",
    "payload_file",
    type=EXISTING,
    metavar="PAYLOAD",
    help="For a proof: what the entry brought, as legation receipt --payload writes it.",
)
@policy_option
@dir_option
@json_option
def verify(
    *,
    item: str,
    card_files: tuple[Path, ...],
    payload_file: Path | None,
    policy_files: tuple[Path, ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """
    Hold ITEM against the cards of whoever signed it: one of the node, by its reference or id, or a file.

    A file is an item or a copy of it, a checkpoint, a receipt, or a proof of one entry (.tlog-proof); which of
    them, its bytes say. It takes --card, and asks nobody. Leaves with 3 if anything about it does not hold.
    """
    from legation.cli.tables import verification_text
    from legation.node.surroundings import HERE

    if _is_file(item, folder, card_files, policy_files):
        from legation.cli.proof import verified_file
        from legation.node.disk import read_file
        from legation.node.files import policies_with

        if not card_files:
            raise click.UsageError("a file is held against a card: give --card CARD")
        cards = list(_cards(card_files))
        policies = policies_with(read_file(each) for each in policy_files)
        payload = None if payload_file is None else read_file(payload_file)
        found, text = verified_file(read_file(Path(item)), payload, cards, policies)
        emit(found, text, as_json=as_json)
        return
    from legation.node.reading import verify_item

    if payload_file is not None:
        raise click.UsageError("--payload belongs to a proof, which is a file")
    with opened(folder) as home:
        record = verify_item(
            item, home.office, card=home.card, database=home.database, blobs=home.blobs, around=HERE
        )
    emit(record, verification_text(record), as_json=as_json)


def _show_report(item: str, folder: Path | None, *, as_json: bool) -> None:
    """Print an item of ours as a report."""
    from legation.node.reading import show_report
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        text = show_report(
            item, home.office, card=home.card, database=home.database, blobs=home.blobs, around=HERE
        ).decode()
    emit({"report": text}, text.removesuffix("\n"), as_json=as_json)


def _is_file(
    item: str, folder: Path | None, card_files: tuple[Path, ...], policy_files: tuple[Path, ...]
) -> bool:
    """Whether a file is meant: there is one, or no node could be."""
    if Path(item).exists():
        EXISTING.convert(item, None, click.get_current_context())
        return True
    if card_files or policy_files or found_folder(folder) is None:
        EXISTING.convert(item, None, click.get_current_context())
    return False


def _cards(files: Iterable[Path]) -> "Iterable[Card]":
    from legation.keys.card import read
    from legation.node.disk import read_file

    return (read(read_file(each)) for each in files)
