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
@click.argument("attachment", default="")
@click.option(
    "-o", "--output", type=PATH, metavar="FILE", help="Where it goes; default: here, under its own name."
)
@dir_option
@json_option
def save(*, item: str, attachment: str, output: Path | None, folder: Path | None, as_json: bool) -> None:
    """
    Save ATTACHMENT of ITEM as a file, held against its author's signature; nothing is replaced.

    ATTACHMENT is its name or its paragraph code; it may be left out where there is only one. What the file
    holds is another's: open it as you would open anything that was sent to you.
    """
    from legation.node.desk.saving import open_attachment
    from legation.node.disk import write_file
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = open_attachment(
            item,
            attachment,
            home.office,
            card=home.card,
            database=home.database,
            blobs=home.blobs,
            store=home.attachments,
            around=HERE,
        )
        path = output or Path(found.portion.name)
        write_file(path, found.pieces, new=True)
    size_bytes = found.portion.size
    emit({"file": str(path), "size_bytes": size_bytes}, f"{path}: {size_bytes} bytes", as_json=as_json)


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
        from legation.node.desk.reading import show_item
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
@click.argument("items", nargs=-1, required=True, metavar="ITEM...")
@click.option(
    "--card",
    "card_files",
    type=EXISTING,
    multiple=True,
    metavar="CARD",
    help="For files: the card of whoever signed them, or all that are pinned; may be repeated.",
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
    items: tuple[str, ...],
    card_files: tuple[Path, ...],
    payload_file: Path | None,
    policy_files: tuple[Path, ...],
    folder: Path | None,
    as_json: bool,
) -> int | None:
    """
    Hold ITEM against the cards of whoever signed it: one of the node, by its reference or id, or a file.

    A file is an item or a copy of it, a withdrawal, a certificate of destruction, a checkpoint, a receipt, a proof of
    one entry (.tlog-proof) or of growth; which of them, its bytes say. It takes --card, and asks nobody. Of several files each has its verdict,
    and then it is told what they say of one another: which copies are withdrawn, and whether the checkpoints of a
    stream or log tell one history. Leaves with 3 if anything does not hold.
    """
    if len(items) > 1 or _is_file(items[0], folder, card_files, policy_files):
        return _verify_files(items, card_files, payload_file, policy_files, as_json=as_json)
    if payload_file is not None:
        raise click.UsageError("--payload belongs to a proof, which is a file")
    from legation.cli.tables import verification_text
    from legation.node.desk.reading import verify_item
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        record = verify_item(
            items[0], home.office, card=home.card, database=home.database, blobs=home.blobs, around=HERE
        )
    emit(record, verification_text(record), as_json=as_json)
    return None


def _verify_files(
    files: tuple[str, ...],
    card_files: tuple[Path, ...],
    payload_file: Path | None,
    policy_files: tuple[Path, ...],
    *,
    as_json: bool,
) -> int | None:
    """Hold files against cards."""
    from legation.cli.verified import hold, verify_files
    from legation.node.disk import read_file
    from legation.node.files import policies_with

    for each in files:
        EXISTING.convert(each, None, click.get_current_context())
    if not card_files:
        raise click.UsageError("a file is held against a card: give --card CARD")
    if payload_file is not None and len(files) > 1:
        raise click.UsageError("--payload belongs to one proof: give that alone")
    cards = list(_cards(card_files))
    policies = policies_with(read_file(each) for each in policy_files)
    if len(files) > 1:
        # Read one after another: of what does not hold nothing is kept.
        named = ((each, read_file(Path(each))) for each in dict.fromkeys(files))
        return verify_files(named, cards, policies, as_json=as_json)
    payload = None if payload_file is None else read_file(payload_file)
    held = hold(read_file(Path(files[0])), payload, cards, policies)
    emit(held.record, held.text, as_json=as_json)
    return None


def _show_report(item: str, folder: Path | None, *, as_json: bool) -> None:
    """Print an item of ours as a report."""
    from legation.node.desk.reading import show_report
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
