# SPDX-License-Identifier: Apache-2.0
"""``legation peer``: with whom we exchange, and what they may see."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from legation.cli.folder import by_option, dir_option, opened
from legation.cli.given import gain as gain_command
from legation.cli.given import given
from legation.cli.output import EXISTING, emit, json_option

if TYPE_CHECKING:
    from legation.records import LinkRecord


@click.group()
def peer() -> None:
    """Peers: add and confirm their cards, grant what they may see, stop them, list them."""


peer.add_command(given)
peer.add_command(gain_command)


@peer.command()
@click.argument("card", type=EXISTING, required=False)
@click.option("--without-node", metavar="OFFICE", default="", help="An office without a node: on paper.")
@by_option
@dir_option
@json_option
def add(card: Path | None, without_node: str, by: str, folder: Path | None, as_json: bool) -> None:
    """
    Take in the CARD of another office. Nobody trusts it yet.

    Compare the twelve words with that office by another way; then a second person confirms. An office without a node
    has no card: two persons grant what it may see, and legation print hands it over.
    """
    if (card is None) == (not without_node):
        raise click.UsageError("give a CARD, or --without-node OFFICE")
    if card is None:
        _add_without_node(without_node, by, folder, as_json=as_json)
        return
    from legation.keys.card import fingerprint
    from legation.node.disk import read_file
    from legation.node.peers.peering import add_peer
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = add_peer(read_file(card), by=by, card=home.card, database=home.database, around=HERE)
    words = fingerprint(found)
    emit(
        {"office": str(found.office), "number": found.body.number, "fingerprint": list(words)},
        f"card {found.body.number} of {found.office}, not confirmed\n"
        f"  {' '.join(words[:6])}\n  {' '.join(words[6:])}\n"
        f"what it says and changes: legation peer show {found.office}\n"
        f"compare these words with {found.office} by another way; then a second person: "
        f"legation peer confirm {found.office} --by NAME",
        as_json=as_json,
    )


def _add_without_node(office: str, by: str, folder: Path | None, *, as_json: bool) -> None:
    from legation.node.peers.peering import add_without_node
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        add_without_node(office, by=by, card=home.card, database=home.database, around=HERE)
    emit(
        {"office": office, "on_paper": True},
        f"{office} has no node: what is for it goes on paper\nit may see nothing yet; two persons say what: "
        f"legation peer grant {office} --clearance CLEARANCE.xml --by NAME",
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
    from legation.node.peers.peering import confirm_peer
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
@click.option(
    "--seen",
    default="",
    metavar="PREVIEW",
    help="The id of what it would change (legation peer gain); refuse anything else.",
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
    seen: str,
    folder: Path | None,
    as_json: bool,
) -> None:
    """
    Say what OFFICE may see. It holds when a second person says exactly the same.

    It takes the place of what was granted under the same policy before. What that would change is shown before the
    second person says so.
    """
    from legation.cli.given_text import gain_text
    from legation.node.desk.drafting import typed_digest
    from legation.node.disk import read_file
    from legation.node.peers.gaining import gain, seen_gain
    from legation.node.peers.peering import grant as grant_peer
    from legation.node.peers.peering import read_date
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        wanted = read_file(clearance)
        begins = read_date(not_before, is_end=False) if not_before else None
        ends = read_date(not_after, is_end=True) if not_after else None
        found = grant_peer(
            office,
            wanted,
            by=by,
            agreement=agreement,
            not_before=begins,
            not_after=ends,
            database=home.database,
            around=HERE,
            look=seen_gain(typed_digest(seen), card=home.card, around=HERE) if seen else None,
        )
        in_force = bool(found.confirmed_by)
        change = None
        if not in_force:
            change = gain(
                office,
                wanted,
                not_before=begins,
                not_after=ends,
                card=home.card,
                database=home.database,
                around=HERE,
            )
    told = {
        "office": office,
        "policy": found.policy,
        "proposed_by": found.proposed_by,
        "confirmed_by": found.confirmed_by,
        "in_force": in_force,
    }
    text = f"{office} may see {', '.join(found.clearance.classifications)} of {found.policy}: " + (
        "in force" if in_force else "proposed; a second person says the same with --by NAME"
    )
    if change is not None:
        told["preview"] = change.preview
        text += f"\n\nwhat it would change:\n{gain_text(change)}"
    emit(told, text, as_json=as_json)


@peer.command()
@click.argument("office")
@by_option
@dir_option
@json_option
def pause(office: str, by: str, folder: Path | None, as_json: bool) -> None:
    """
    Hand nothing over to OFFICE until two persons let it go on. What it may see stays as it is.

    An answer that is being given is cut off before its next piece.
    """
    from legation.node.peers.stopping import pause_peer
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = pause_peer(office, by=by, database=home.database, around=HERE)
    _emit_link(found, as_json)


@peer.command()
@click.argument("office")
@by_option
@dir_option
@json_option
def resume(office: str, by: str, folder: Path | None, as_json: bool) -> None:
    """Let the paused link to OFFICE go on. It does when a second person says the same."""
    from legation.node.peers.stopping import resume_peer
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = resume_peer(office, by=by, database=home.database, around=HERE)
    _emit_link(found, as_json)


@peer.command()
@click.argument("office")
@by_option
@dir_option
@json_option
def exclude(office: str, by: str, folder: Path | None, as_json: bool) -> None:
    """
    End every grant of OFFICE at once, and exchange nothing with it any more.

    It is admitted again like a new peer: one person adds its card, another confirms it, two grant.
    """
    from legation.node.peers.stopping import exclude_peer
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = exclude_peer(office, by=by, database=home.database, around=HERE)
    _emit_link(found, as_json)


@peer.command()
@click.argument("office")
@by_option
@dir_option
@json_option
def lower(office: str, by: str, folder: Path | None, as_json: bool) -> None:
    """
    Let OFFICE speak the version of the exchange that its card lists, though it spoke a higher one before.

    It does when a second person says the same. Ask that office by another way first: it should have gone back to an
    older program.
    """
    from legation.node.peers.speaking import lower as lower_version
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = lower_version(office, by=by, database=home.database, around=HERE)
    told = f"{office} may speak version {found.highest} of the exchange and higher ones"
    if found.asked_by:
        told += f"\n{found.asked_by} asks that it may speak {found.listed}; it takes a second person"
    emit(found, told, as_json=as_json)


def _emit_link(found: "LinkRecord", as_json: bool) -> None:
    why = f" ({found.why})" if found.why else ""
    asked = f"\n{found.asked_by} asks that it goes on; it takes a second person" if found.asked_by else ""
    emit(found, f"the link to {found.office} is {found.link}{why}{asked}", as_json=as_json)


@peer.command()
@click.argument("office")
@dir_option
@json_option
def show(office: str, folder: Path | None, as_json: bool) -> None:
    """
    Show the cards of OFFICE, the keys that are trusted, and what a card that waits would change.

    Look here before you confirm a new card.
    """
    from legation.cli.cards_text import peer_cards_text
    from legation.node.peers.cards import read_peer_cards
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = read_peer_cards(office, database=home.database, around=HERE)
    emit(found, peer_cards_text(found), as_json=as_json)


@peer.command()
@click.argument("office")
@by_option
@dir_option
@json_option
def drop(office: str, by: str, folder: Path | None, as_json: bool) -> None:
    """Drop the cards of OFFICE that wait to be confirmed: they were added by mistake, or are not theirs."""
    from legation.node.peers.peering import drop_card

    with opened(folder) as home:
        count = drop_card(office, by=by, database=home.database)
    emit({"office": office, "dropped": count}, f"{count} not confirmed of {office} dropped", as_json=as_json)


@peer.command(name="list")
@dir_option
@json_option
def list_(folder: Path | None, as_json: bool) -> None:
    """List the peers: cards and words, grants, and how the links stand."""
    from legation.cli.tables import peers_text
    from legation.node.peers.links import read_peers
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = read_peers(database=home.database, around=HERE)
    emit(found, peers_text(found), as_json=as_json)
