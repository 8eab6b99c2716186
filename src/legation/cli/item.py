# SPDX-License-Identifier: Apache-2.0
"""``legation cut``, ``show`` and ``verify``: what becomes of an item."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

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
@click.argument("view", type=EXISTING)
@click.option(
    "--card",
    "card_files",
    type=EXISTING,
    multiple=True,
    metavar="CARD",
    help="A pinned card: verify the copy first; may be repeated.",
)
@click.option("--lang", "languages", multiple=True, metavar="LANGUAGE", help="Preferred language.")
@policy_option
@json_option
def show(
    view: Path,
    card_files: tuple[Path, ...],
    languages: tuple[str, ...],
    policy_files: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Open an item or a copy. Without --card it is shown as unverified."""
    from legation.cli.tables import item_text
    from legation.node.disk import read_file
    from legation.node.files import policies_with
    from legation.node.files import show as open_view

    policies = policies_with(read_file(each) for each in policy_files)
    found = open_view(read_file(view), policies, list(_cards(card_files)), languages)
    emit(found, item_text(found), as_json=as_json)


@click.command()
@click.argument("view", type=EXISTING)
@click.option(
    "--card",
    "card_files",
    type=EXISTING,
    multiple=True,
    required=True,
    metavar="CARD",
    help="The author's card, or all that are pinned; may be repeated.",
)
@policy_option
@json_option
def verify(view: Path, card_files: tuple[Path, ...], policy_files: tuple[Path, ...], as_json: bool) -> None:
    """Hold a copy against its author's card; leaves with 3 if anything about it does not hold."""
    from legation.cli.tables import verification_text
    from legation.node.disk import read_file
    from legation.node.files import policies_with, verify_copy
    from legation.node.surroundings import HERE

    cards = list(_cards(card_files))
    policies = policies_with(read_file(each) for each in policy_files)
    found = verify_copy(read_file(view), cards, policies, HERE)
    emit(found, verification_text(found), as_json=as_json)


def _cards(files: Iterable[Path]) -> "Iterable[Card]":
    from legation.keys.card import read
    from legation.node.disk import read_file

    return (read(read_file(each)) for each in files)
