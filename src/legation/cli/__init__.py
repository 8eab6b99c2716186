# SPDX-License-Identifier: Apache-2.0
"""
The command ``legation``: a door for operators and scripts.

Each command is a module of its own, imported when it is called, so that ``legation --help`` is
there at once. What commands share (how results and errors are printed, what each exit code means)
is in ``output``.
"""

import sys
from pathlib import Path

import click

from legation import __version__
from legation.cli.folder import FOLDER

# command: (module, what it does)
COMMANDS = {
    "init": ("node", "Make the node of an office in an empty folder."),
    "card": ("keys", "Look at this office's card or another's, or make one from keys."),
    "renew": ("renew", "Renew this office's card: new keys, keys revoked, addresses."),
    "peer": ("peer", "Add and confirm peers, grant what they may see, list them."),
    "policy": ("policy", "Look at a policy, check a SPIF file, accept it for the node."),
    "label": ("label", "Read, write, bind and check labels of files; decide by them."),
    "compose": ("report", "Keep a report as a draft; or sign it, on files alone."),
    "preview": ("report", "Show who would get what of a draft or a report, and why not."),
    "release": ("exchange", "Sign a draft and let it go to its addressees."),
    "withdraw": ("exchange", "Withdraw an item that was released here."),
    "destroy": ("destroy", "Destroy an item of another office that is held here."),
    "notice": ("destroy", "Take in a withdrawal or a certificate from a file."),
    "pass": ("passing", "Pass an item of another office on."),
    "admit": ("given", "Admit a peer to what it was never given and may see now."),
    "reissue": ("passing", "Begin a report of our own with what another's item says."),
    "deliveries": ("exchange", "Show what became of everything that was released."),
    "print": ("paper", "Print a copy for an office without a node."),
    "handover": ("paper", "Write down to whom a printed copy was handed."),
    "receipt": ("proof", "Write the proof that an addressee has receipted an item."),
    "serve": ("serve", "Answer the peers of this node, and pull from them."),
    "pull": ("exchange", "Ask the peers once for what is new."),
    "push": ("exchange", "Bring the peers once what waits for them."),
    "bag": ("bag", "Pack what goes by courier, look into bags, open and list them."),
    "restore": ("restore", "Say that this folder was put back from a backup, or is a copy."),
    "inbox": ("exchange", "List what came in."),
    "show": ("item", "Open an item of the node, or a file."),
    "save": ("item", "Save an attachment of an item as a file."),
    "verify": ("item", "Hold an item, a receipt or a proof against its signers' cards."),
    "log": ("proof", "Sign how far the node's own log is; prove an entry of it."),
    "fsck": ("node", "Check everything that the node holds."),
    "keygen": ("keys", "Draw the keys of an office, on files alone."),
    "format": ("report", "Write a report in its one form."),
    "cut": ("item", "Take the copy that a clearance allows, on files alone."),
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
        # What is a word of the language, or would hide one, has a line behind it.
        name = f"{cmd_name}_" if hasattr(module, f"{cmd_name}_") else cmd_name
        found: click.Command = getattr(module, name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
@click.option(
    "--dir", "folder", type=FOLDER, metavar="DIR", help="The folder of the node; also LEGATION_DIR."
)
def legation(folder: Path | None) -> None:
    """
    Write a report once; hand every party exactly the portions it may see.

    A node has a folder: name it with --dir, before the command or behind it, or as LEGATION_DIR. Some
    commands also work on files alone, without a node.

    Exit codes: 0 done, 1 refused by policy, 2 bad usage or input, 3 verification failed, 4 unreachable,
    5 internal error.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command and leave with its exit code."""
    from legation.cli.output import run, settle

    sys.exit(settle(run(legation, sys.argv[1:] if arguments is None else arguments)))
