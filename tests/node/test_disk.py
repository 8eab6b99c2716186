# SPDX-License-Identifier: Apache-2.0

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from legation.errors import MalformedError
from legation.node.disk import FILE_SIZE_BYTES_MAX, read_file, write_file

OLD, NEW = b"what was there", b"what is to be there"


def state(folder: Path) -> dict[str, bytes | None]:
    """Everything in a folder, hidden files too; None for what is no file."""
    return {
        path.name: path.read_bytes() if path.is_file() and not path.is_symlink() else None
        for path in folder.iterdir()
    }


@contextmanager
def without_privileges() -> Iterator[None]:
    """Act as a user to whom folders are closed; root, for whom none is, becomes nobody for a while."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def mode(path: Path) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A user who lets everybody read and write whatever they make."""
    before = os.umask(0)
    yield
    os.umask(before)


class TestWriteFile:
    def test_a_new_file_holds_what_was_written(self, tmp_path: Path) -> None:
        """
        The file is there, whole, and nothing else is.
        """
        write_file(tmp_path / "a", NEW)
        assert state(tmp_path) == {"a": NEW}

    def test_what_is_there_is_replaced(self, tmp_path: Path) -> None:
        """
        A second writing leaves nothing of the first.
        """
        write_file(tmp_path / "a", OLD * 100)
        write_file(tmp_path / "a", NEW)
        assert state(tmp_path) == {"a": NEW}

    def test_nothing_at_all_can_be_written(self, tmp_path: Path) -> None:
        """
        An empty file is a file.
        """
        write_file(tmp_path / "a", b"")
        assert state(tmp_path) == {"a": b""}

    @pytest.mark.usefixtures("open_umask")
    def test_nobody_else_may_write_it(self, tmp_path: Path) -> None:
        """
        Whatever the user lets others do, a file is for its owner alone; a public one others may read.
        """
        write_file(tmp_path / "a", NEW)
        assert mode(tmp_path / "a") == 0o600
        write_file(tmp_path / "a", NEW, public=True)
        assert mode(tmp_path / "a") == 0o644

    def test_a_link_is_replaced_and_not_followed(self, tmp_path: Path) -> None:
        """
        Whoever plants a link where a file is to go does not have its target overwritten.
        """
        (tmp_path / "target").write_bytes(OLD)
        (tmp_path / "a").symlink_to("target")
        write_file(tmp_path / "a", NEW)
        assert state(tmp_path) == {"a": NEW, "target": OLD}

    def test_a_link_to_nowhere_is_replaced(self, tmp_path: Path) -> None:
        """
        A link that leads nowhere gives way, and nothing appears where it led.
        """
        (tmp_path / "a").symlink_to("nowhere")
        write_file(tmp_path / "a", NEW)
        assert state(tmp_path) == {"a": NEW}

    def test_another_name_of_the_file_keeps_what_it_had(self, tmp_path: Path) -> None:
        """
        A hard link to the old file still holds the old bytes.
        """
        (tmp_path / "other").write_bytes(OLD)
        (tmp_path / "a").hardlink_to(tmp_path / "other")
        write_file(tmp_path / "a", NEW)
        assert state(tmp_path) == {"a": NEW, "other": OLD}

    @pytest.mark.parametrize("new", [False, True])
    def test_refuses_to_take_the_place_of_a_device(self, tmp_path: Path, *, new: bool) -> None:
        """
        What is there and is no file stays what it is.
        """
        os.mkfifo(tmp_path / "a")
        (tmp_path / "folder").mkdir()
        (tmp_path / "link").symlink_to("a")
        before = state(tmp_path)
        for name in ("a", "folder", "link"):
            with pytest.raises(FileExistsError) as refused:
                write_file(tmp_path / name, NEW, new=new)
            assert refused.value.filename == str(tmp_path / name)
        assert state(tmp_path) == before
        assert stat.S_ISFIFO((tmp_path / "a").lstat().st_mode)

    def test_refuses_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        """
        No folder is made on the way, and the error names what was asked for.
        """
        with pytest.raises(FileNotFoundError) as refused:
            write_file(tmp_path / "folder" / "a", NEW)
        assert refused.value.filename == str(tmp_path / "folder" / "a")
        assert state(tmp_path) == {}

    def test_refuses_a_name_inside_a_file(self, tmp_path: Path) -> None:
        """
        A file is no folder.
        """
        (tmp_path / "a").write_bytes(OLD)
        with pytest.raises(NotADirectoryError):
            write_file(tmp_path / "a" / "b", NEW)
        assert state(tmp_path) == {"a": OLD}

    def test_refuses_a_name_that_is_too_long(self, tmp_path: Path) -> None:
        """
        A name that the disk cannot hold is refused before anything is written.
        """
        with pytest.raises(OSError, match="name too long"):
            write_file(tmp_path / ("a" * 300), NEW)
        assert state(tmp_path) == {}

    def test_refuses_a_folder_that_may_not_be_written(self) -> None:
        """
        In a folder for reading only nothing changes.
        """
        with TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "a").write_bytes(OLD)
            folder.chmod(0o555)
            with without_privileges(), pytest.raises(PermissionError):
                write_file(folder / "a", NEW)
            folder.chmod(0o755)
            assert state(folder) == {"a": OLD}


class TestNewFile:
    @pytest.mark.usefixtures("open_umask")
    def test_only_the_owner_may_read_it(self, tmp_path: Path) -> None:
        """
        Whatever the user lets others do, a new file is for its owner alone.
        """
        write_file(tmp_path / "a", NEW, new=True)
        assert mode(tmp_path / "a") == 0o600
        assert (tmp_path / "a").stat().st_nlink == 1

    def test_is_never_readable_by_others_on_its_way(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        From its first byte on the file is closed to others, under whatever name.
        """
        seen: list[int] = []
        sync = os.fsync

        def look(descriptor: int) -> None:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
            sync(descriptor)

        monkeypatch.setattr(os, "fsync", look)
        write_file(tmp_path / "a", NEW, new=True)
        assert seen == [0o600]

    @pytest.mark.parametrize("there", ["a file", "an empty file", "a link", "a link to nowhere"])
    def test_overwrites_nothing(self, tmp_path: Path, there: str) -> None:
        """
        A file that must be new takes the place of nothing that has its name.
        """
        (tmp_path / "other").write_bytes(OLD)
        match there:
            case "a file":
                (tmp_path / "a").write_bytes(OLD)
            case "an empty file":
                (tmp_path / "a").write_bytes(b"")
            case "a link":
                (tmp_path / "a").symlink_to("other")
            case _:
                (tmp_path / "a").symlink_to("nowhere")
        before = state(tmp_path)
        with pytest.raises(FileExistsError) as refused:
            write_file(tmp_path / "a", NEW, new=True)
        assert refused.value.filename == str(tmp_path / "a")
        assert state(tmp_path) == before


def calls(monkeypatch: pytest.MonkeyPatch, *, failing: int | None = None) -> list[str]:
    """Note each call that reaches the disk; the one of that number fails as a broken disk does."""
    noted: list[str] = []

    def noting(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: Any, **named: Any) -> Any:
            noted.append(name)
            if len(noted) - 1 == failing:
                raise OSError(errno.EIO, "input/output error")
            return real(*arguments, **named)

        monkeypatch.setattr(os, name, call)

    for name in ("open", "fsync", "link", "replace", "rename"):
        noting(name)
    return noted


@pytest.mark.parametrize("new", [False, True])
def test_bytes_are_on_the_disk_before_their_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, new: bool
) -> None:
    """
    First the bytes, then the name, then the folder that holds the name: a power cut leaves old or new.
    """
    with monkeypatch.context() as patch:
        noted = calls(patch)
        write_file(tmp_path / "a", NEW, new=new)
    assert noted == ["open", "fsync", "link" if new else "replace", "open", "fsync"]


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize("failing", range(5))
def test_a_disk_that_fails_leaves_old_or_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int, *, new: bool
) -> None:
    """
    Whichever call fails, the failure is told, the file is as before or whole, and nothing else is there.
    """
    before = {} if new else {"a": OLD}
    if not new:
        (tmp_path / "a").write_bytes(OLD)
    with monkeypatch.context() as patch:
        calls(patch, failing=failing)
        with pytest.raises(OSError, match="input/output error"):
            write_file(tmp_path / "a", NEW, new=new)
    assert state(tmp_path) == (before if failing < 3 else {"a": NEW})


def run(program: str, folder: Path) -> int:
    """Run a few lines of Python in a folder of its own process."""
    lines = (
        f"import os, resource\nfrom pathlib import Path\nfrom legation.node.disk import write_file\n{program}"
    )
    return subprocess.run([sys.executable, "-c", lines], cwd=folder, check=False, timeout=60).returncode


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    """
    Where the bytes do not fit, the old file stays, and no part of the new one.
    """
    (tmp_path / "a").write_bytes(OLD)
    code = run(
        """
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for name in ("a", "b"):
    for new in (False, True):
        try:
            write_file(Path(name), bytes(100_000), new=new)
        except OSError as error:
            assert error.filename == name
        else:
            raise SystemExit(7)
""",
        tmp_path,
    )
    assert code == 0
    assert state(tmp_path) == {"a": OLD}


def test_a_process_that_is_killed_leaves_what_was_there(tmp_path: Path) -> None:
    """
    Whoever dies before the name is given leaves the old file, and a part that hinders nobody.
    """
    (tmp_path / "a").write_bytes(OLD)
    code = run("os.fsync = lambda descriptor: os._exit(9)\nwrite_file(Path('a'), b'half')", tmp_path)
    assert code == 9
    assert (tmp_path / "a").read_bytes() == OLD
    assert all(name == "a" or name.startswith(".a.") for name in state(tmp_path))
    write_file(tmp_path / "a", NEW)
    assert (tmp_path / "a").read_bytes() == NEW


class TestReadFile:
    def test_a_file_of_the_longest_size_is_read(self, tmp_path: Path) -> None:
        """
        The limit itself is allowed.
        """
        (tmp_path / "a").write_bytes(bytes(100))
        assert read_file(tmp_path / "a", size_bytes_max=100) == bytes(100)

    def test_refuses_what_is_longer(self, tmp_path: Path) -> None:
        """
        One byte more is refused, and the message names the file and no folder.
        """
        (tmp_path / "a").write_bytes(bytes(101))
        with pytest.raises(MalformedError, match=r"^`a` is longer than 100 bytes$"):
            read_file(tmp_path / "a", size_bytes_max=100)

    def test_an_endless_file_is_not_read_to_its_end(self) -> None:
        """
        A device that never ends is refused like a file that is too long.
        """
        with pytest.raises(MalformedError, match=r"^`zero` is longer than 1000 bytes$"):
            read_file(Path("/dev/zero"), size_bytes_max=1000)

    def test_without_a_limit_of_its_own_it_has_one(self, tmp_path: Path) -> None:
        """
        No file is read that is longer than the longest thing there is.
        """
        with (tmp_path / "a").open("wb") as file:
            file.truncate(FILE_SIZE_BYTES_MAX + 1)
        with pytest.raises(MalformedError, match="longer than 68157440 bytes"):
            read_file(tmp_path / "a")

    def test_refuses_what_is_not_there_or_is_a_folder(self, tmp_path: Path) -> None:
        """
        What cannot be read is told as the system tells it.
        """
        with pytest.raises(FileNotFoundError):
            read_file(tmp_path / "a")
        with pytest.raises(IsADirectoryError):
            read_file(tmp_path)
        assert state(tmp_path) == {}
