# SPDX-License-Identifier: Apache-2.0
"""
A disk that remembers what it was told, fails when it is told to, and loses its power.

``Disk`` is a file layer of SQLite above the real one. ``after_a_cut`` makes the files as they may be when the
power goes after some of the remembered steps: what was synced is there; of what was not, each write is
there, lost or torn, in any order.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random

import apsw
import pytest

SECTOR_SIZE_BYTES = 512  # a disk writes a sector whole or not at all, or spoils it
_names = count()


@dataclass(frozen=True)
class Write:
    """Bytes at a place in a file."""

    file: str
    offset: int
    data: bytes


@dataclass(frozen=True)
class Truncate:
    """A file cut off, or drawn out with zeros."""

    file: str
    size: int


@dataclass(frozen=True)
class Sync:
    """All before this in the file is on the disk."""

    file: str


@dataclass(frozen=True)
class Failed:
    """
    A sync that failed.

    Of what waited in the file some is on the disk, and the system forgets that the rest is not: no later
    sync brings it there, though whoever reads the file sees it.
    """

    file: str


@dataclass(frozen=True)
class Delete:
    """The file is gone."""

    file: str


@dataclass(frozen=True)
class Note:
    """Not a step of the disk: something that a test saw at this moment."""

    said: int


Step = Write | Truncate | Sync | Failed | Delete | Note


class Disk(apsw.VFS):
    """The real disk, with a memory, and faults that a test asks for."""

    def __init__(self) -> None:
        self.name = f"disk-{next(_names)}"
        super().__init__(self.name, "")
        self.steps: list[Step] = []
        # Asked before each step; what it gives is raised instead.
        self.fault: Callable[[Step], Exception | None] = lambda _: None

    def take(self, step: Step) -> None:
        """Fail, or note the step."""
        if (error := self.fault(step)) is not None:
            if isinstance(step, Sync):
                self.steps.append(Failed(step.file))
            raise error
        self.steps.append(step)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        """Open a file that tells of itself."""
        return _File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        """Delete a file."""
        self.take(Delete(Path(filename).name))
        super().xDelete(filename, syncdir)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._disk = disk
        self._file = Path(name.filename() if isinstance(name, apsw.URIFilename) else str(name)).name

    def xWrite(self, data: object, offset: int) -> None:  # noqa: N802
        written = bytes(data)  # type: ignore[call-overload]
        self._disk.take(Write(self._file, offset, written))
        super().xWrite(written, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.take(Truncate(self._file, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.take(Sync(self._file))
        super().xSync(flags)


def sync_error() -> apsw.IOError:
    """What the library says when a sync failed."""
    return _with_code(apsw.IOError("planted"), apsw.SQLITE_IOERR_FSYNC)


def write_error() -> apsw.IOError:
    """What the library says when a write failed."""
    return _with_code(apsw.IOError("planted"), apsw.SQLITE_IOERR_WRITE)


def full_error() -> apsw.FullError:
    """What the library says when there is no room."""
    return apsw.FullError("planted")


def _with_code(error: apsw.IOError, code: int) -> apsw.IOError:
    error.extendedresult = code  # type: ignore[attr-defined]
    return error


def after_a_cut(before: dict[str, bytes], steps: Sequence[Step], draw: Random) -> dict[str, bytes]:
    """
    Make the files as they may be when the power goes after *steps*.

    Args:
        before: The files at the beginning, all of it on the disk.
        steps: What the disk was told since.
        draw: Decides what becomes of that which was not synced.
    """
    assert not any(isinstance(step, Delete) for step in steps), "no file goes while the database is open"
    files = {name: bytearray(data) for name, data in before.items()}
    waiting: dict[str, list[Step]] = {}
    for step in steps:
        match step:
            case Sync(file=name):
                _settle(files.setdefault(name, bytearray()), waiting.pop(name, []))
            case Failed(file=name):
                _scatter(files.setdefault(name, bytearray()), waiting.pop(name, []), draw)
            case Write(file=name) | Truncate(file=name):
                waiting.setdefault(name, []).append(step)
    for name, left in waiting.items():
        _scatter(files.setdefault(name, bytearray()), left, draw)
    return {name: bytes(file) for name, file in files.items()}


def _settle(file: bytearray, steps: Iterable[Step]) -> None:
    """Bring steps to the disk, all and in order."""
    for step in steps:
        _apply(file, step)


def _scatter(file: bytearray, steps: list[Step], draw: Random) -> None:
    """Bring some of the steps to the disk, some in part, in any order."""
    draw.shuffle(steps)
    lost = draw.choice([0.0, 0.3, 0.7, 1.0])
    for step in steps:
        if draw.random() >= lost:
            _apply(file, step)
        elif isinstance(step, Write) and draw.random() < lost / 2:
            _tear(file, step, draw)


def _apply(file: bytearray, step: Step) -> None:
    match step:
        case Write(offset=offset, data=data):
            file.extend(bytes(max(0, offset - len(file))))
            file[offset : offset + len(data)] = data
        case Truncate(size=size):
            del file[size:]
            file.extend(bytes(size - len(file)))


def _tear(file: bytearray, step: Write, draw: Random) -> None:
    """Write some sectors, leave some, spoil some."""
    end = step.offset + len(step.data)
    for start in range(step.offset - step.offset % SECTOR_SIZE_BYTES, end, SECTOR_SIZE_BYTES):
        first, last = max(start, step.offset), min(start + SECTOR_SIZE_BYTES, end)
        fate = draw.random()
        if fate < 0.5:
            _apply(file, Write(step.file, first, step.data[first - step.offset : last - step.offset]))
        elif fate < 0.7:
            _apply(file, Write(step.file, first, draw.randbytes(last - first)))


def lay_out(folder: Path, files: dict[str, bytes]) -> None:
    """Write files into a folder that is made for them."""
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)


def syncs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note from now on what the program itself waits for until it is on the disk, by its path, in order."""
    real, seen = os.fsync, list[str]()

    def fsync(descriptor: int) -> None:
        seen.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return seen


def acknowledged(steps: Iterable[Step]) -> set[int]:
    """List what had been confirmed by then."""
    return {step.said for step in steps if isinstance(step, Note)}
