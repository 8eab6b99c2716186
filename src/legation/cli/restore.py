# SPDX-License-Identifier: Apache-2.0
"""``legation restore``: after a backup was put back, or where two copies of a folder run."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from legation.cli.folder import dir_option, opened
from legation.cli.output import emit, json_option

if TYPE_CHECKING:
    from legation.records import HeldThereRecord, RestorationRecord


@click.command()
@click.option(
    "--by", default="", metavar="NAME", help="Who says that this folder was put back from a backup."
)
@click.option(
    "--copy", "is_copy", is_flag=True, help="Say instead that it is a copy, and the node runs elsewhere."
)
@dir_option
@json_option
def restore(by: str, is_copy: bool, folder: Path | None, as_json: bool) -> None:
    """
    Say that this folder was put back from a backup; without --by, show what peers hold that is not here.

    It takes two persons. Then every stream begins anew, what was not receipted goes again, and every link is paused
    until two persons let it go on (legation peer resume).
    """
    from legation.node.streams.restoring import declare, read_restoration
    from legation.node.surroundings import HERE

    if is_copy and not by:
        raise click.UsageError("who says so: --by NAME")
    with opened(folder) as home:
        if by:
            found = declare(by=by, is_copy=is_copy, database=home.database, around=HERE)
        else:
            found = read_restoration(database=home.database)
    emit(found, "\n".join(_lines(found, is_act=bool(by))), as_json=as_json)


def _lines(found: "RestorationRecord", *, is_act: bool) -> Iterator[str]:
    yield _state(found)
    if found.asks:
        said = "was put back from a backup" if found.asks == "restored" else "is a copy of another node's"
        copy = " --copy" if found.asks == "copy" else ""
        yield f"{found.asked_by} says that this folder {said}; it takes a second person: legation restore{copy} --by NAME"
        if found.asks == "restored":
            streams = "1 stream begins" if found.streams == 1 else f"{found.streams} streams begin"
            yield f"then {streams} anew, and every link is paused"
    elif is_act and found.declared == "restored":
        yield "every stream begins anew, and every link is paused"
        yield "look at each peer's card, grants and policies (legation peer list); then two persons: legation peer resume OFFICE"
    for each in found.held_there:
        yield _held_there(each)
        yield from (f"  entry {one.number}: {one.kind} {one.item}".rstrip() for one in each.lost)


def _state(found: "RestorationRecord") -> str:
    if found.stopped and found.declared != "copy":
        return "THIS NODE HAS LOST WHAT IT SIGNED, OR A COPY OF IT RUNS: nothing is handed over until two persons say which"
    if not found.declared:
        return "nothing shows that this node has lost anything"
    who = f"by {found.declared_by} and {found.confirmed_by} at {found.declared_at}"
    if found.declared == "copy":
        return f"declared to be a copy {who}: it hands nothing over and takes nothing in"
    return f"declared to be restored {who}"


def _held_there(each: "HeldThereRecord") -> str:
    what = {
        "present": "our present stream",
        "left": "a stream that we left",
        "unknown": "a stream not known here",
    }
    proof = "signed by us" if each.signed else "as they say"
    waits = ", waits for two persons" if each.waits else ""
    return f"{each.office} holds {each.there} entries of {what[each.state]}, {each.here} are here ({proof}{waits})"
