# SPDX-License-Identifier: Apache-2.0
"""``legation keygen`` and ``legation card``."""

from pathlib import Path

import click

from legation.cli.folder import dir_option, opened
from legation.cli.output import EXISTING, PATH, check_output, emit, json_option, policy_option


@click.command()
@click.argument("office")
@click.option("-o", "--output", type=PATH, required=True, metavar="KEY", help="Where the keys go.")
@click.option(
    "--root",
    "root_file",
    type=PATH,
    metavar="ROOT",
    help="The party's root key: used if it is there, else made. Default: KEY.root.",
)
@json_option
def keygen(office: str, output: Path, root_file: Path | None, as_json: bool) -> None:
    """
    Draw the keys of OFFICE (KOR, or KOR@NATO), and its party's root key if it has none yet.

    Both files are secrets. Keep the root key offline: it is needed only when a card is made.
    """
    from legation.keys.card import Office
    from legation.node.disk import read_file, write_file
    from legation.node.keys.keyring import OFFICE_KEYS, ROOT_KEY, draw_office_keys, draw_root_key
    from legation.node.surroundings import HERE

    named = Office.parse(office)
    root_file = root_file or output.with_name(output.name + ".root")
    keys = draw_office_keys(named, HERE)
    has_root = root_file.exists()
    if has_root:
        root = ROOT_KEY.decode(read_file(root_file))
        root.check_party(named.party)
        write_file(output, OFFICE_KEYS.encode(keys), new=True)
    else:
        write_file(root_file, ROOT_KEY.encode(draw_root_key(named.party, HERE)), new=True)
        try:
            write_file(output, OFFICE_KEYS.encode(keys), new=True)
        except OSError:
            root_file.unlink()  # made a moment ago, and nothing was signed with it
            raise
    emit(
        {"office": office, "keys": str(output), "root": str(root_file)},
        f"keys of {office}: {output}\n"
        + (
            f"root key of {named.party}: {root_file}, as it was"
            if has_root
            else f"new root key of {named.party}: {root_file}, to be kept offline\n"
            f"if {named.party} has a root key already, remove both files and give it with --root"
        ),
        as_json=as_json,
    )


@click.command()
@click.argument("file", type=EXISTING, required=False)
@click.option("-o", "--output", type=PATH, metavar="CARD", help="Where a new card, or a copy of ours, goes.")
@click.option("--root", "root_file", type=EXISTING, metavar="ROOT", help="Default: FILE.root.")
@click.option("--number", type=click.IntRange(0), metavar="N", help="An older card of this node's office.")
@policy_option
@dir_option
@json_option
def card(
    *,
    number: int | None,
    file: Path | None,
    output: Path | None,
    root_file: Path | None,
    policy_files: tuple[Path, ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """
    Look at this office's card or another's, or make one from keys.

    Without FILE it is the card of the node; -o gives a copy of it to be handed out, --number an older one, for a peer
    that missed it. FILE is a card, or a
    key file, from which -o makes the card. The card is what an office gives to all
    others; before they trust it, both sides compare its twelve words by another way.
    """
    from legation.cli.cards_text import key_lines
    from legation.keys.card import fingerprint, read
    from legation.node.disk import read_file, write_file
    from legation.node.files import policies_with
    from legation.node.keys.keyring import OFFICE_KEYS, ROOT_KEY, make_card
    from legation.node.peers.cards import key_records, own_card
    from legation.node.surroundings import HERE

    if file is not None and number is not None:
        raise click.UsageError("--number is of this node's own cards: without FILE")
    if file is None:
        with opened(folder) as home:
            data = home.card.data if number is None else own_card(number, home.database)
        if output is not None:
            write_file(output, data, public=True, new=True)
    else:
        data = read_file(file)
    if file is not None and output is not None:
        root_file = root_file or file.with_name(file.name + ".root")
        check_output(output, file, root_file)
        root = ROOT_KEY.decode(read_file(root_file))
        policies = policies_with(read_file(each) for each in policy_files)
        data = make_card(OFFICE_KEYS.decode(data), root, policies, HERE)
        write_file(output, data, public=True, new=True)
    found = read(data)
    words, keys = fingerprint(found), key_records(found.body)
    emit(
        {
            "office": str(found.office),
            "number": found.body.number,
            "digest": found.digest.hex(),
            "fingerprint": list(words),
            "keys": keys,
        },
        f"card {found.body.number} of {found.office}\n"
        f"  {' '.join(words[:6])}\n  {' '.join(words[6:])}\n"
        + "".join(f"{line}\n" for line in key_lines(keys))
        + "compare these words with the other office by another way before you trust the card",
        as_json=as_json,
    )
