# SPDX-License-Identifier: Apache-2.0
"""
How commands find the folder of their node: ``--dir``, before the command or behind it, or LEGATION_DIR.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from legation.node.home import Home

Command = TypeVar("Command", bound=Callable[..., Any])

FOLDER = click.Path(path_type=Path, file_okay=False)


def dir_option(command: Command) -> Command:
    """Give a command ``--dir``."""
    option = click.option(
        "--dir",
        "folder",
        type=FOLDER,
        envvar="LEGATION_DIR",
        metavar="DIR",
        help="The folder of the node; also as LEGATION_DIR.",
    )
    return option(command)


def by_option(command: Command) -> Command:
    """Give a command ``--by``; until people log in, the name is written down as it is given."""
    option = click.option(
        "--by",
        required=True,
        metavar="NAME",
        help="Who acts; written down as given, for nobody logs in yet.",
    )
    return option(command)


def found_folder(folder: Path | None) -> Path | None:
    """The folder that was named, behind the command, before it, or in the environment."""
    if folder is not None:
        return folder
    context = click.get_current_context()
    named = context.find_root().params.get("folder")
    return named if isinstance(named, Path) else None


def named_folder(folder: Path | None) -> Path:
    """The folder that was named, for a command that cannot do without one."""
    named = found_folder(folder)
    if named is None:
        raise click.UsageError("no folder of a node: give --dir DIR, or set LEGATION_DIR")
    return named


@contextmanager
def opened(folder: Path | None) -> "Iterator[Home]":
    """Open the node's folder for one command."""
    from legation.node.home import open_home
    from legation.node.surroundings import HERE

    with open_home(named_folder(folder), HERE) as home:
        yield home
