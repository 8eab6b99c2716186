# SPDX-License-Identifier: Apache-2.0
"""``legation demo``."""

import sys
from pathlib import Path

import click


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def demo(arguments: tuple[str, ...]) -> int:
    """Play the main job with five nodes; --report FILE plays a report of one's own."""
    if arguments[:1] == ("--pages",):
        _serve_pages(Path(*arguments[1:2]))
        return 0
    from legation.demo.play import main

    return main(list(arguments))


def _serve_pages(folder: Path) -> None:
    """
    Serve the pages of one of the demonstration's nodes, on loopback, behind a random word.

    Only the demonstration calls this. Nobody logs in: whoever has the address reads as the mission.
    """
    import asyncio
    import secrets

    from legation.cli.folder import opened
    from legation.cli.output import emit
    from legation.cli.serve import set_by_signals
    from legation.node.desk.reading import read_deliveries, read_inbox, show_item
    from legation.node.service.serving import serve_pages
    from legation.node.surroundings import HERE
    from legation.web import plain_pages

    token = secrets.token_urlsafe(24)

    def started(host: str, port: int) -> None:
        emit({"address": f"http://{host}:{port}/{token}/"}, "", as_json=True)
        sys.stdout.flush()

    async def run() -> None:
        stop = set_by_signals()
        with opened(folder) as home:
            pages = plain_pages(
                office=home.office,
                token=token,
                inbox=lambda: read_inbox(home.office, card=home.card, database=home.database, around=HERE),
                item=lambda item: show_item(
                    item,
                    home.office,
                    (),
                    card=home.card,
                    database=home.database,
                    blobs=home.blobs,
                    around=HERE,
                ),
                deliveries=lambda: read_deliveries(database=home.database, around=HERE),
            )
            await serve_pages(pages, stop=stop, started=started)

    asyncio.run(run())
