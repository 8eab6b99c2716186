# SPDX-License-Identifier: Apache-2.0
"""``legation serve``: the node at work."""

import asyncio
import signal
import sys
from pathlib import Path

import click

from legation.cli.folder import dir_option, opened
from legation.cli.output import emit, json_option


def set_by_signals() -> asyncio.Event:
    """An event that an interrupt or a request to end sets; called in the event loop it belongs to."""
    stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    return stop


@click.command()
@dir_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port", default=0, show_default=True, type=click.IntRange(0, 65_535), help="0 takes a free one."
)
@json_option
def serve(folder: Path | None, host: str, port: int, as_json: bool) -> None:
    """
    Answer the peers of this node, pull from them and push to those that do not come, until interrupted.

    Prints one line when it listens; everything else goes to the log on stderr, a JSON document a line,
    and names no content. One serve for a folder.
    """
    from legation.node.service.journal import journal
    from legation.node.service.serving import serve_node
    from legation.node.surroundings import HERE

    def started(host: str, port: int) -> None:
        emit({"host": host, "port": port}, f"listening on {host}:{port}", as_json=as_json)
        sys.stdout.flush()

    async def run() -> None:
        stop = set_by_signals()
        with opened(folder) as home:
            await serve_node(
                home, host=host, port=port, around=HERE, started=started, stop=stop, report=journal()
            )

    asyncio.run(run())
