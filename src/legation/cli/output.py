# SPDX-License-Identifier: Apache-2.0
"""
How commands speak: results on stdout, messages on stderr, one exit code for each kind of end.

With ``--json`` exactly one JSON document goes to stdout, also when the command fails. No message
holds content, save what a person asked to be shown.
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from legation.errors import (
    LegationError,
    MalformedError,
    ProtocolError,
    RefusedError,
    StoreError,
    UnreachableError,
    VerificationError,
)

DONE, REFUSED, BAD_INPUT, NOT_VERIFIED, UNREACHABLE, INTERNAL = range(6)

Command = TypeVar("Command", bound=Callable[..., Any])


def run(command: click.Command, arguments: Sequence[str]) -> int:
    """Run *command* and return its exit code; every failure is told and none shows a trace."""
    as_json = "--json" in arguments
    try:
        ended = command.main(list(arguments), prog_name="legation", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return BAD_INPUT
    except click.ClickException as error:
        return _tell(as_json, BAD_INPUT, error.format_message(), hint="see legation --help")
    except click.Abort:
        return BAD_INPUT
    except LegationError as error:
        faults = error.faults if isinstance(error, MalformedError) else ()
        return _tell(as_json, exit_code(error), error.message, hint=error.hint, faults=faults)
    except OSError as error:
        name = Path(error.filename).name if isinstance(error.filename, str | Path) else "a file"
        return _tell(as_json, BAD_INPUT, f"`{name}`: {(error.strerror or 'cannot be used').lower()}")
    except Exception as error:  # noqa: BLE001 - one of the three doors where everything is caught
        # The type alone: the message of an unforeseen error may hold content.
        name = type(error).__name__
        return _tell(as_json, INTERNAL, f"internal error ({name})", hint="please report it")
    return ended if isinstance(ended, int) else DONE


def settle(code: int) -> int:
    """
    Write out what stdout still holds; an output that takes nothing is told once and then let go.

    Without this the interpreter would try again as it ends, and leave with a trace and a code of
    its own.
    """
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return code or BAD_INPUT
    return code


def exit_code(error: LegationError) -> int:
    """The code that a command leaves with when it fails of this."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), BAD_INPUT)


_CODES: tuple[tuple[type[LegationError], int], ...] = (
    (RefusedError, REFUSED),
    (VerificationError, NOT_VERIFIED),
    (ProtocolError, NOT_VERIFIED),
    (UnreachableError, UNREACHABLE),
    (StoreError, INTERNAL),
)


def _tell(as_json: bool, code: int, message: str, *, hint: str = "", faults: Sequence[str] = ()) -> int:
    if as_json:
        told = {"code": code, "message": message, "hint": hint, "faults": list(faults)}
        with contextlib.suppress(OSError):  # what failed may be stdout itself
            click.echo(json.dumps({"error": told}, indent=2))
    tell(message, hint=hint, faults=faults)
    return code


def tell(message: str, *, hint: str = "", faults: Sequence[str] = ()) -> None:
    """Say on stderr what went wrong, and what to try."""
    click.echo(f"legation: {message}", err=True)
    for fault in faults[1:]:
        click.echo(f"          {fault}", err=True)
    if hint:
        click.echo(f"          {hint}", err=True)


def emit(value: Any, text: str, *, as_json: bool) -> None:
    """Print a result: as one JSON document, or as text for people."""
    if as_json:
        from msgspec import to_builtins

        click.echo(json.dumps(to_builtins(value), indent=2, ensure_ascii=False))
    elif text:
        click.echo(text)


def json_option(command: Command) -> Command:
    """Give a command ``--json``."""
    option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
    return option(command)


def policy_option(command: Command) -> Command:
    """Give a command ``--policy``, for policies beside the shipped ones."""
    option = click.option(
        "--policy",
        "policy_files",
        type=PATH,
        multiple=True,
        metavar="FILE",
        help="A policy in XML SPIF, beside the shipped ones; may be repeated.",
    )
    return option(command)


class _FilePath(click.Path):
    """The path of a file; nothing at all is none, nor is an option whose value was forgotten."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value) or str(value).startswith("--"):
            self.fail("expected the name of a file, got none", param, ctx)
        return super().convert(value, param, ctx)


PATH = _FilePath(path_type=Path, dir_okay=False)
EXISTING = _FilePath(path_type=Path, dir_okay=False, exists=True)
EXISTING_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


def check_output(output: Path, *inputs: Path) -> None:
    """Refuse to write a result over what it is made of: keys and items have no second copy."""
    if output.exists() and any(each.exists() and output.samefile(each) for each in inputs):
        raise click.UsageError(f"`{output}` is what is read here: expected another name for the output")
