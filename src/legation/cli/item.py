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
@policy_option
@dir_option
@json_option
def show(
    *,
    item: str,
    card_files: tuple[Path, ...],
    languages: tuple[str, ...],
    policy_files: tuple[Path, ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """
    Open ITEM: one of the node, by its reference or id, or a file.

    An item of a node is verified each time. A file is verified with --card, else it is shown as unverified.
    """
    from legation.cli.tables import item_text

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
    help="For a file: the author's card, or all that are pinned; may be repeated.",
)
@policy_option
@dir_option
@json_option
def verify(
    item: str,
    card_files: tuple[Path, ...],
    policy_files: tuple[Path, ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """
    Hold ITEM against its author's card: one of the node, by its reference or id, or a file with --card.

    Leaves with 3 if anything about it does not hold.
    """
    from legation.cli.tables import verification_text
    from legation.node.surroundings import HERE

    if _is_file(item, folder, card_files, policy_files):
        from legation.node.disk import read_file
        from legation.node.files import policies_with, verify_copy

        if not card_files:
            raise click.UsageError("a file is held against a card: give --card CARD")
        cards = list(_cards(card_files))
        policies = policies_with(read_file(each) for each in policy_files)
        found = verify_copy(read_file(Path(item)), cards, policies, HERE)
    else:
        from legation.node.reading import verify_item

        with opened(folder) as home:
            found = verify_item(
                item, home.office, card=home.card, database=home.database, blobs=home.blobs, around=HERE
            )
    emit(found, verification_text(found), as_json=as_json)


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
