# SPDX-License-Identifier: Apache-2.0

import errno
import os
import stat
from pathlib import Path

import pytest

from legation.store.disk import failure, make_file, sync
from tests.store.disks import syncs


def opened() -> int:
    """How many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


class TestMakeFile:
    def test_a_new_file_is_empty_and_its_owner_s(self, tmp_path: Path) -> None:
        """
        Whatever the umask, nobody else may read it.
        """
        before = os.umask(0)
        try:
            os.close(make_file(tmp_path / "file"))
        finally:
            os.umask(before)
        assert (tmp_path / "file").read_bytes() == b""
        assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600

    def test_what_is_there_is_left_alone(self, tmp_path: Path) -> None:
        """
        Neither a file nor a link is opened in its place.
        """
        (tmp_path / "file").write_bytes(b"something")
        (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
        for name in ("file", "link"):
            with pytest.raises(FileExistsError):
                make_file(tmp_path / name)
        assert (tmp_path / "file").read_bytes() == b"something"
        assert not (tmp_path / "elsewhere").exists()


class TestSync:
    def test_takes_files_and_folders(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Both are waited for, and let go of.
        """
        (tmp_path / "file").write_bytes(b"something")
        seen = syncs(monkeypatch)
        before = opened()
        sync(tmp_path / "file")
        sync(tmp_path)
        assert seen == [str(tmp_path / "file"), str(tmp_path)]
        assert opened() == before


class TestFailure:
    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
    def test_a_lack_of_room_is_told_as_that(self, number: int) -> None:
        """
        A full disk and a used-up quota are one thing to whoever reads it.
        """
        told = failure(OSError(number, "planted"), "something")
        assert (told.message, told.hint) == ("the disk is full", "make room and try again")

    def test_anything_else_is_told_in_the_caller_s_words(self) -> None:
        """
        The words of the system, with its paths, stay in the cause.
        """
        assert failure(OSError(errno.EIO, "planted", "path"), "something").message == "something"
