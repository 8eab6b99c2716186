# SPDX-License-Identifier: Apache-2.0
"""
The command ``legation``: a door for operators and scripts.

Each command is a module of its own, imported when it is called, so that ``legation --help`` is
there at once. What commands share (how results and errors are printed, what each exit code means)
is in ``output``.
"""

import sys

import click

from legation import __version__

# command: (module, what it does)
COMMANDS = {
    "keygen": ("keys", "Draw the keys of an office, and its party's root key."),
    "card": ("keys", "Make an office's card from its keys, or look at a card."),
    "policy": ("policy", "Look at a policy, or check a SPIF file."),
    "format": ("report", "Write a report in its one form."),
    "preview": ("report", "Show who would get what of a report, and why not."),
    "compose": ("report", "Sign a report: make an item of it."),
    "cut": ("item", "Take the copy that a clearance allows."),
    "show": ("item", "Open an item or a copy."),
    "verify": ("item", "Hold a copy against its author's card."),
    "demo": ("demo", "Play the main job with four addressees."),
}


class _LazyGroup(click.Group):
    """A group that lists its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        from importlib import import_module

        module = import_module(f"legation.cli.{COMMANDS[cmd_name][0]}")
        found: click.Command = getattr(module, cmd_name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
def legation() -> None:
    """
    Write a report once; hand every party exactly the portions it may see.

    Exit codes: 0 done, 1 refused by policy, 2 bad usage or input, 3 verification failed, 4 unreachable,
    5 internal error.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command and leave with its exit code."""
    from legation.cli.output import run, settle

    sys.exit(settle(run(legation, sys.argv[1:] if arguments is None else arguments)))
