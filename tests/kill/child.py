# SPDX-License-Identifier: Apache-2.0
"""
The program with points at which it can die, and with a bug planted in it, if one is named.

``python -m tests.kill.child PAGE BUG COMMAND...``: a command of ``legation``, or one of those here, which
do what several would do, in one process: most of the time of a command is its start.
"""

import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import apsw

from legation.cli import legation, main
from legation.cli.output import run
from legation.errors import LegationError
from legation.node import disk
from legation.node.courier import packing
from legation.node.desk import drafting, releasing
from legation.node.desk.attaching import Attaching, files_in
from legation.node.home import open_home
from legation.node.streams import answering
from legation.node.surroundings import HERE
from legation.store.attachments import Attachments
from legation.store.blobs import Blobs
from legation.store.sqlite.writer import Writer
from legation.transports.http.peer import Peer
from tests.kill.bugs import BUGS
from tests.kill.points import Page, Point

TEAR_SIZE_BYTES = 4096  # a system may end a longer write after so much, if its process is killed


class _Disk(apsw.VFS):
    """The real disk, with points; everything in this process uses it."""

    def __init__(self, page: Page) -> None:
        self.below = apsw.vfs_names()[0]
        super().__init__("mortal", self.below, makedefault=True)
        self._page = page

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return _File(self.below, self._page, name, flags)


_disks: list[_Disk] = []  # or it would be gone again


class _File(apsw.VFSFile):
    def __init__(self, below: str, page: Page, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__(below, name, flags)
        self._page = page

    def xWrite(self, data: object, offset: int) -> None:  # noqa: N802
        written = bytes(data)  # type: ignore[call-overload]
        honest = super().xWrite
        self._page.passing(Point.WRITING)
        self._page.passing(Point.TEARING, last=lambda: honest(written[:TEAR_SIZE_BYTES], offset))
        honest(written, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._page.passing(Point.SYNCING)
        super().xSync(flags)


def _put_points(page: Page) -> None:
    """Let the program pass its points."""
    _put_around_commits(page)
    _put_around_blobs(page)
    _put_around_attachments(page)
    _put_around_answers(page)
    _put_around_bags(page)


def _put_around_commits(page: Page) -> None:
    start: Any = Writer.__init__
    group: Any = Writer._group

    def started(self: Writer, connection: apsw.Connection) -> None:
        connection.set_commit_hook(begun)
        start(self, connection)

    def begun() -> bool:
        page.passing(Point.COMMITTING)
        return False  # go on

    def grouped(self: Writer, outcomes: Any) -> None:
        group(self, outcomes)
        page.passing(Point.COMMITTED)

    _patch(Writer, __init__=started, _group=grouped)


def _put_around_blobs(page: Page) -> None:
    sync: Any = Blobs._sync_file
    write: Any = Blobs._write

    def synced(self: Blobs, descriptor: int) -> None:
        sync(self, descriptor)
        page.passing(Point.PLACING)

    def written(self: Blobs, path: Path, data: bytes) -> None:
        write(self, path, data)
        page.passing(Point.PLACED)

    _patch(Blobs, _sync_file=synced, _write=written)


def _put_around_attachments(page: Page) -> None:
    write: Any = Attachments.write

    def written(*arguments: Any) -> int:
        page.passing(Point.SEALING)
        count: int = write(*arguments)
        page.passing(Point.SEALED)
        return count

    _patch(Attachments, write=written)


def _put_around_answers(page: Page) -> None:
    pieces: Any = answering.Answering.pieces
    chunks: Any = answering.Answering.chunks
    exchange: Any = Peer.exchange

    def giving(pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            page.passing(Point.GIVING)
            yield piece
        page.passing(Point.GIVEN)

    def given(*arguments: Any) -> Iterator[bytes]:
        return giving(pieces(*arguments))

    def chunks_given(*arguments: Any) -> Iterator[bytes]:
        return giving(chunks(*arguments))

    def taken(*arguments: Any, **named: Any) -> Iterator[bytes]:
        for piece in exchange(*arguments, **named):
            page.passing(Point.TAKING)
            yield piece
        page.passing(Point.TAKEN)

    _patch(answering.Answering, pieces=given, chunks=chunks_given)
    _patch(Peer, exchange=taken)


def _put_around_bags(page: Page) -> None:
    """Points while a bag is written; other files are written in one piece, and have none."""
    write: Any = disk.write_file

    def carrying(pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            page.passing(Point.CARRYING)
            yield piece

    def written(path: Path, pieces: Any) -> None:
        write(path, carrying(pieces))
        page.passing(Point.CARRIED)

    _patch(packing, write_file=written)


def _patch(what: type | ModuleType, **by_name: Callable[..., Any]) -> None:
    for name, replacement in by_name.items():
        setattr(what, name, replacement)


def _tell(told: object) -> None:
    """Print one JSON document as a line; what was printed has left this process."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def compose_each(page: Page, folder: Path, *reports: str) -> None:
    """Keep reports (files) as drafts, and tell the id of each."""
    del page
    with open_home(folder, HERE) as home:
        for report in reports:
            data = Path(report).read_bytes()
            draft = drafting.store_draft(
                data,
                by="drafter",
                card=home.card,
                database=home.database,
                blobs=home.blobs,
                around=HERE,
                attaching=Attaching(
                    files=files_in(Path(report).parent),
                    store=home.attachments,
                    database=home.database,
                    around=HERE,
                ),
            )
            _tell(draft.digest.hex())


def release_each(page: Page, folder: Path, *drafts: str) -> None:
    """Release drafts, one after the other, and tell of each when it is done."""
    with open_home(folder, HERE) as home:
        for draft in drafts:
            try:
                found = releasing.release(
                    draft,
                    by="releasing officer",
                    seen=None,
                    card=home.card,
                    database=home.database,
                    blobs=home.blobs,
                    signing=home.signing,
                    around=HERE,
                )
            except LegationError as error:
                _tell({"draft": draft, "refused": error.message})
                continue
            _tell({"draft": draft, "item": found.item_id.hex()})
            page.passing(Point.TOLD)


def run_each(page: Page, *commands: str) -> None:
    """Run commands of ``legation``, each a JSON list of arguments; tell how each ended and what it printed."""
    del page
    for command in commands:
        printed = io.StringIO()
        with redirect_stdout(printed):
            code = run(legation, json.loads(command))
        _tell({"code": code, "printed": printed.getvalue()})


def begin(arguments: Sequence[str]) -> None:
    """Put in points and a bug, and do what is asked."""
    path, bug, command, *rest = arguments
    page = Page(Path(path))
    _disks.append(_Disk(page))
    _put_points(page)
    if bug:
        BUGS[bug](page, rest)
    match command:
        case "compose-each":
            compose_each(page, Path(rest[0]), *rest[1:])
        case "release-each":
            release_each(page, Path(rest[0]), *rest[1:])
        case "run-each":
            run_each(page, *rest)
        case _:
            main([command, *rest])


if __name__ == "__main__":
    begin(sys.argv[1:])
