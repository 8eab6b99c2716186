# SPDX-License-Identifier: Apache-2.0
"""``legation renew``: the next card of this office, with other keys, addresses or policies."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from legation.cli.folder import dir_option, named_folder, opened
from legation.cli.output import EXISTING, PATH, check_output, emit, json_option

if TYPE_CHECKING:
    from legation.keys.card import Card


@click.group()
def renew() -> None:
    """
    Renew the card of this office: new keys, keys retired or revoked, other addresses.

    Three steps, for the root key never comes to the node: prepare at the node, sign where the root key is, install
    at the node. Every peer takes the new card with its next pull, push or bag; no person has to do anything there.
    """


@renew.command()
@click.option("--item", is_flag=True, help="A new key for items.")
@click.option("--stream", is_flag=True, help="New keys for streams and envelopes.")
@click.option("--seal", is_flag=True, help="A new key that messages to us are sealed to.")
@click.option(
    "--revoke",
    "revoked",
    multiple=True,
    metavar="KEY",
    help="A key that may be in other hands, by the beginning of its id; one in use is replaced. May be repeated.",
)
@click.option(
    "--since",
    default="",
    metavar="DATE",
    help="From when a revoked item key may have been in other hands: what was held before stays. Default: always.",
)
@click.option(
    "--address", "addresses", multiple=True, metavar="HOST:PORT", help="In the place of all before."
)
@click.option("--no-address", is_flag=True, help="Be reached by nobody from then on: the node only asks.")
@click.option("--instead", is_flag=True, help="Forget a renewal that was prepared and not installed.")
@click.option("--lost", is_flag=True, help="office.keys is not there any more: draw all keys anew.")
@click.option("-o", "--output", type=PATH, required=True, metavar="FILE", help="What goes to the root key.")
@dir_option
@json_option
def prepare(
    *,
    item: bool,
    stream: bool,
    seal: bool,
    revoked: tuple[str, ...],
    since: str,
    addresses: tuple[str, ...],
    no_address: bool,
    instead: bool,
    lost: bool,
    output: Path,
    folder: Path | None,
    as_json: bool,
) -> None:
    """
    Draw the keys of the next card, and write down what the root is to sign. There is no secret in that.

    Nothing is another until the card is installed. The policies on it are those that the node decides with now.
    """
    from legation.cli.cards_text import change_lines
    from legation.node.disk import write_file
    from legation.node.keys.renewing import Wanted, prepare_renewal, read_renewal, recover_keys
    from legation.node.peers.cards import change_record
    from legation.node.peers.peering import read_date
    from legation.node.surroundings import HERE

    if addresses and no_address:
        raise click.UsageError("--address and --no-address exclude each other")
    if since and not revoked:
        raise click.UsageError("--since says of a revoked key from when: it takes --revoke")
    wanted = Wanted(
        item=item,
        stream=stream,
        seal=seal,
        revoked=revoked,
        since=int(read_date(since, is_end=False).timestamp()) if since else None,
        addresses=addresses if addresses or no_address else None,
    )
    if lost:
        data = recover_keys(named_folder(folder), wanted, HERE)
    else:
        with opened(folder) as home:
            data = prepare_renewal(home, wanted, HERE, instead=instead)
    write_file(output, data, public=True)
    asked = read_renewal(data, HERE)
    found = change_record(asked.previous.body, asked.body)
    emit(
        found,
        "\n".join(change_lines(found))
        + f"\nnothing is another yet; take {output} to the root key: legation renew sign {output} --root ROOT -o CARD",
        as_json=as_json,
    )


@renew.command()
@click.argument("file", type=EXISTING)
@click.option(
    "--root", "root_file", type=EXISTING, metavar="ROOT", help="The party's root key; needed with -o."
)
@click.option("-o", "--output", type=PATH, metavar="CARD", help="Where the card goes.")
@json_option
def sign(file: Path, root_file: Path | None, output: Path | None, as_json: bool) -> None:
    """
    Look at what an office asks its root to sign; with -o, sign it. Needs no node.

    Whoever has the root key is the one person that it takes. What was signed cannot be taken back: two cards of one
    number are proof of a fork.
    """
    from legation.cli.cards_text import change_lines
    from legation.keys.card import fingerprint
    from legation.node.disk import read_file, write_file
    from legation.node.keys.keyring import ROOT_KEY
    from legation.node.keys.renewing import read_renewal, vouch_renewal
    from legation.node.peers.cards import change_record
    from legation.node.surroundings import HERE

    data = read_file(file)
    asked = read_renewal(data, HERE)
    card: Card | None = None
    if output is not None:
        if root_file is None:
            raise click.UsageError("to sign it takes --root ROOT")
        check_output(output, file, root_file)
        card = vouch_renewal(data, ROOT_KEY.decode(read_file(root_file)), HERE)
        write_file(output, card.data, public=True, new=True)
    found = change_record(asked.previous.body, asked.body, () if card is None else fingerprint(card))
    if card is None:
        end = "not signed; to sign it: --root ROOT -o CARD"
    else:
        end = f"signed: {output}; at the node, while nobody serves it: legation renew install {output}"
    emit(found, "\n".join([*change_lines(found), end]), as_json=as_json)


@renew.command()
@click.argument("card", type=EXISTING)
@dir_option
@json_option
def install(card: Path, folder: Path | None, as_json: bool) -> None:
    """
    Let CARD take the place of this office's card. Nobody may serve the folder meanwhile.

    The keys that it replaces are destroyed; the seal key 90 days later, unless it is revoked.
    """
    from legation.cli.cards_text import change_lines
    from legation.keys.card import fingerprint
    from legation.node.disk import read_file
    from legation.node.keys.renewing import install_card
    from legation.node.keys.settling import read_own_card
    from legation.node.peers.cards import change_record
    from legation.node.surroundings import HERE

    path = named_folder(folder)
    before = read_own_card(path, HERE)
    new = install_card(path, read_file(card), HERE)
    found = change_record(before.body, new.body, fingerprint(new))
    emit(
        found,
        "\n".join(change_lines(found))
        + "\ninstalled: every peer takes this card with its next pull, push or bag, for the root key has signed it;"
        + "\nuntil then it answers nothing that the new keys ask, and nothing is lost",
        as_json=as_json,
    )
