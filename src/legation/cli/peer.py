# SPDX-License-Identifier: Apache-2.0
"""``legation peer``: with whom we exchange, and what they may see."""

from pathlib import Path

import click

from legation.cli.folder import by_option, dir_option, opened
from legation.cli.output import EXISTING, emit, json_option


@click.group()
def peer() -> None:
    """Peers: add and confirm their cards, grant what they may see, list them."""


@peer.command()
@click.argument("card", type=EXISTING)
@by_option
@dir_option
@json_option
def add(card: Path, by: str, folder: Path | None, as_json: bool) -> None:
    """
    Take in the CARD of another office. Nobody trusts it yet.

    Compare the twelve words with that office by another way; then a second person confirms.
    """
    from legation.keys.card import fingerprint
    from legation.node.disk import read_file
    from legation.node.peering import add_peer
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = add_peer(read_file(card), by=by, card=home.card, database=home.database, around=HERE)
    words = fingerprint(found)
    emit(
        {"office": str(found.office), "number": found.body.number, "fingerprint": list(words)},
        f"card {found.body.number} of {found.office}, not confirmed\n"
        f"  {' '.join(words[:6])}\n  {' '.join(words[6:])}\n"
        f"compare these words with {found.office} by another way; then a second person: "
        f"legation peer confirm {found.office} --by NAME",
        as_json=as_json,
    )


@peer.command()
@click.argument("office")
@by_option
@click.option(
    "--words", default="", metavar='"WORD ..."', help="The twelve words as the other office said them."
)
@dir_option
@json_option
def confirm(office: str, by: str, words: str, folder: Path | None, as_json: bool) -> None:
    """Trust the card of OFFICE from now on; another person than added it."""
    from legation.node.peering import confirm_peer
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = confirm_peer(
            office,
            by=by,
            words=words.split(),
            card=home.card,
            database=home.database,
            blobs=home.blobs,
            around=HERE,
        )
    emit(
        {"office": office, "number": found.body.number, "confirmed": True},
        f"card {found.body.number} of {office} is confirmed",
        as_json=as_json,
    )


@peer.command()
@click.argument("office")
@click.option(
    "--clearance",
    type=EXISTING,
    required=True,
    metavar="CLEARANCE.xml",
    help="What it may see under one policy (STANAG 4774 XML).",
)
@by_option
@click.option("--agreement", default="", metavar="TEXT", help="The agreement that the grant rests on.")
@click.option("--from", "not_before", default="", metavar="DATE", help="From when it holds.")
@click.option(
    "--until", "not_after", default="", metavar="DATE", help="Until when it holds, the day included."
)
@dir_option
@json_option
def grant(
    *,
    office: str,
    clearance: Path,
    by: str,
    agreement: str,
    not_before: str,
    not_after: str,
    folder: Path | None,
    as_json: bool,
) -> None:
    """
    Say what OFFICE may see. It holds when a second person says exactly the same.

    It takes the place of what was granted under the same policy before.
    """
    from legation.node.disk import read_file
    from legation.node.peering import grant as grant_peer
    from legation.node.peering import read_date
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = grant_peer(
            office,
            read_file(clearance),
            by=by,
            agreement=agreement,
            not_before=read_date(not_before, is_end=False) if not_before else None,
            not_after=read_date(not_after, is_end=True) if not_after else None,
            database=home.database,
            around=HERE,
        )
    in_force = bool(found.confirmed_by)
    emit(
        {
            "office": office,
            "policy": found.policy,
            "proposed_by": found.proposed_by,
            "confirmed_by": found.confirmed_by,
            "in_force": in_force,
        },
        f"{office} may see {', '.join(found.clearance.classifications)} of {found.policy}: "
        + ("in force" if in_force else "proposed; a second person says the same with --by NAME"),
        as_json=as_json,
    )


@peer.command(name="list")
@dir_option
@json_option
def list_(folder: Path | None, as_json: bool) -> None:
    """List the peers: cards and words, grants, and how the links stand."""
    from legation.cli.tables import peers_text
    from legation.node.links import read_peers
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = read_peers(database=home.database, around=HERE)
    emit(found, peers_text(found), as_json=as_json)
