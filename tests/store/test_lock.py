# SPDX-License-Identifier: Apache-2.0

import errno
import fcntl
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from legation.errors import StoreError
from legation.store.lock import NAME, FolderLock

ROOT = Path(__file__).parents[2]
OTHER = """
import sys
from pathlib import Path
from legation.store.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def other_process(folder: Path) -> "subprocess.Popen[str]":
    """Start another process that takes the folder and keeps it until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", OTHER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def assert_held(folder: Path) -> None:
    """Somebody has the folder, and whoever comes is told so."""
    with pytest.raises(StoreError, match=r"^the folder is in use by another process$") as refused:
        FolderLock(folder)
    assert refused.value.hint == "another process serves this folder"


class TestFolderLock:
    def test_a_second_holder_is_refused(self, tmp_path: Path) -> None:
        """
        Also in the same process there is one holder at a time; the next comes when it has gone.
        """
        with FolderLock(tmp_path):
            assert_held(tmp_path)
            assert_held(tmp_path)
        FolderLock(tmp_path).close()

    def test_another_process_is_refused_and_refuses(self, tmp_path: Path) -> None:
        """
        Between processes too there is one holder.
        """
        with other_process(tmp_path) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            assert_held(tmp_path)
            other.communicate()
        with FolderLock(tmp_path), other_process(tmp_path) as other:
            said, _ = other.communicate()
            assert said == ""
            assert other.returncode == 1

    def test_ends_with_a_process_that_is_killed(self, tmp_path: Path) -> None:
        """
        Nobody has to clear up after a holder that was killed.
        """
        with other_process(tmp_path) as other:
            assert other.stdout is not None
            other.stdout.readline()
            other.kill()
        FolderLock(tmp_path).close()

    def test_a_child_does_not_keep_it(self, tmp_path: Path) -> None:
        """
        A process that the holder started and left behind does not hold the folder.
        """
        lock = FolderLock(tmp_path)
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as child:
            lock.close()
            FolderLock(tmp_path).close()
            child.communicate()

    def test_folders_are_apart(self, tmp_path: Path) -> None:
        """
        Who holds one folder does not hold another.
        """
        (tmp_path / "other").mkdir()
        with FolderLock(tmp_path), FolderLock(tmp_path / "other"):
            assert_held(tmp_path)

    def test_lets_go_once(self, tmp_path: Path) -> None:
        """
        Closing again does not take the folder from the next holder.
        """
        first = FolderLock(tmp_path)
        first.close()
        with FolderLock(tmp_path):
            first.close()
            assert_held(tmp_path)

    def test_is_not_held_where_nothing_can_be_locked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        On a disk that knows no locks a folder is not served at all.
        """

        def flock(_descriptor: int, _operation: int) -> None:
            raise OSError(errno.ENOLCK, "planted")

        monkeypatch.setattr(fcntl, "flock", flock)
        with pytest.raises(StoreError, match=rf"^`{NAME}` cannot be locked$"):
            FolderLock(tmp_path)

    def test_leaves_a_file_that_says_nothing(self, tmp_path: Path) -> None:
        """
        What the lock hangs on stays, is empty, and is nobody else's to open.
        """
        with FolderLock(tmp_path):
            pass
        assert (tmp_path / NAME).read_bytes() == b""
        assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600

    @pytest.mark.parametrize("what", ["no folder", "a link", "a folder in its place"])
    def test_refuses_where_it_cannot_be(self, tmp_path: Path, what: str) -> None:
        """
        Where no lock can be made, or a link leads elsewhere, the folder is not served.
        """
        folder = tmp_path / "folder"
        if what != "no folder":
            folder.mkdir()
        if what == "a link":
            (folder / NAME).symlink_to(tmp_path / "elsewhere")
        if what == "a folder in its place":
            (folder / NAME).mkdir()
        with pytest.raises(StoreError, match=rf"^`{NAME}` cannot be made$"):
            FolderLock(folder)
        assert not (tmp_path / "elsewhere").exists()
