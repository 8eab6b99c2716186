# SPDX-License-Identifier: Apache-2.0
"""``legation demo``."""

import sys

import click


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def demo(arguments: tuple[str, ...]) -> None:
    """Play the main job with four addressees; --report FILE plays a report of one's own."""
    from legation.demo.play import main

    sys.exit(main(list(arguments)))
