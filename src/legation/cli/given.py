# SPDX-License-Identifier: Apache-2.0
"""
``legation peer given`` and ``gain``, and ``legation admit``: what a correspondent has, and what it would have.
"""

from pathlib import Path

import click

from legation.cli.folder import dir_option, opened
from legation.cli.output import EXISTING, emit, json_option


@click.command()
@click.argument("office")
@click.option("--since", default="", metavar="DATE", help="Only what was handed over from then on.")
@click.option("--after", type=int, default=0, metavar="NUMBER", help="Go on where the page before ended.")
@click.option("--limit", type=int, default=100, show_default=True, help="How many at most, up to 1,000.")
@dir_option
@json_option
def given(*, office: str, since: str, after: int, limit: int, folder: Path | None, as_json: bool) -> None:
    """
    List what OFFICE was handed so far: when, by whose release, under which labels, and the receipt for it.

    A star stands before what they have now of a document.
    """
    from legation.cli.given_text import given_text
    from legation.node.peers.given import read_given
    from legation.node.peers.peering import read_date
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = read_given(
            office,
            since=int(read_date(since, is_end=False).timestamp()) if since else 0,
            after=after,
            limit=limit,
            card=home.card,
            database=home.database,
            blobs=home.blobs,
            around=HERE,
        )
    emit(found, given_text(found), as_json=as_json)


@click.command()
@click.argument("office")
@click.option(
    "--clearance",
    type=EXISTING,
    required=True,
    metavar="CLEARANCE.xml",
    help="What it would see under one policy (STANAG 4774 XML).",
)
@click.option("--from", "not_before", default="", metavar="DATE", help="From when it would hold.")
@click.option(
    "--until", "not_after", default="", metavar="DATE", help="Until when it would hold, the day included."
)
@dir_option
@json_option
def gain(
    *, office: str, clearance: Path, not_before: str, not_after: str, folder: Path | None, as_json: bool
) -> None:
    """
    Say what would change if OFFICE were granted this. Nothing moves.

    What was approved changes by itself; the back-file goes only if it is admitted. The grant can give the id back:
    legation peer grant --seen.
    """
    from legation.cli.given_text import gain_text
    from legation.node.disk import read_file
    from legation.node.peers.gaining import gain as find_gain
    from legation.node.peers.peering import read_date
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = find_gain(
            office,
            read_file(clearance),
            not_before=read_date(not_before, is_end=False) if not_before else None,
            not_after=read_date(not_after, is_end=True) if not_after else None,
            card=home.card,
            database=home.database,
            around=HERE,
        )
    emit(found, gain_text(found), as_json=as_json)


@click.command()
@click.argument("office")
@click.argument("items", nargs=-1)
@click.option("--topic", default="", metavar="TOPIC", help="What has this topic.")
@click.option("--since", default="", metavar="DATE", help="What was written from then on.")
@click.option("--preview", "is_preview", is_flag=True, help="Only show what would go.")
@click.option("--seen", default="", metavar="PREVIEW", help="The id of the preview that was looked at.")
@click.option("--by", default="", metavar="NAME", help="Who acts; written down as given.")
@dir_option
@json_option
def admit(
    *,
    office: str,
    items: tuple[str, ...],
    topic: str,
    since: str,
    is_preview: bool,
    seen: str,
    by: str,
    folder: Path | None,
    as_json: bool,
) -> None:
    """
    Admit OFFICE to what it may see now of our own items and was never given: ITEMS, a topic, or all since a date.

    Look first with --preview. Then two persons say the same with --seen and --by. It goes as the back-file, which
    alerts nobody.
    """
    from legation.cli.given_text import admission_text
    from legation.node.desk.drafting import typed_digest
    from legation.node.peers.admitting import Selection, preview_admission
    from legation.node.peers.admitting import admit as admit_items
    from legation.node.peers.peering import read_date
    from legation.node.surroundings import HERE

    if not is_preview and not (seen and by):
        raise click.UsageError("look first: --preview; then: --seen PREVIEW --by NAME")
    selection = Selection(
        topic=topic,
        since=int(read_date(since, is_end=False).timestamp()) if since else None,
        items=items,
    )
    with opened(folder) as home:
        if is_preview:
            found = preview_admission(
                office, selection, card=home.card, database=home.database, blobs=home.blobs, around=HERE
            )
        else:
            found = admit_items(
                office,
                selection,
                seen=typed_digest(seen),
                by=by,
                card=home.card,
                database=home.database,
                blobs=home.blobs,
                around=HERE,
            )
    emit(found, admission_text(found), as_json=as_json)
