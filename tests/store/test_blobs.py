# SPDX-License-Identifier: Apache-2.0

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from legation.errors import StoreError
from legation.store import blobs as module
from legation.store import disk
from legation.store.blobs import Blobs
from tests.store.disks import syncs

ROOT = Path(__file__).parents[2]
DATA = b"what is too long for a row"
DIGEST = sha256(DATA).digest()
NAME = DIGEST.hex()
PLACE = Path(NAME[:2], NAME[2:4], f"{NAME}.blob")


def files(folder: Path) -> dict[str, bytes]:
    """Every file in a folder, by its path there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the blobs go."""
    return tmp_path / "blobs"


@pytest.fixture
def blobs(folder: Path) -> Blobs:
    """An empty folder of blobs."""
    return Blobs(folder)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was synced, by its path, in order."""
    return syncs(monkeypatch)


def failing(number: int, *, among: Callable[[str], bool] = lambda _: True) -> Callable[[int], None]:
    """A sync that fails for the files that are meant."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if among(str(Path(f"/proc/self/fd/{descriptor}").readlink())):
            raise OSError(number, "planted")
        real(descriptor)

    return fsync


class TestBlobs:
    @pytest.mark.parametrize("size", [0, 1, 100_000])
    def test_gives_back_what_was_put(self, blobs: Blobs, size: int) -> None:
        """
        A blob is named by its hash, and comes back byte for byte.
        """
        data = Random(size).randbytes(size)
        digest = blobs.put(data)
        assert digest == sha256(data).digest()
        assert blobs.get(digest) == data
        assert blobs.has(digest)

    def test_lies_where_it_is_documented(self, blobs: Blobs, folder: Path) -> None:
        """
        Two levels of folders, and nothing besides.
        """
        blobs.put(DATA)
        assert files(folder) == {str(PLACE): DATA}

    def test_nobody_else_may_read_anything(self, folder: Path) -> None:
        """
        Files and folders are their owner's, whatever the umask.
        """
        before = os.umask(0)
        try:
            Blobs(folder).put(DATA)
        finally:
            os.umask(before)
        for path in (folder, *folder.rglob("*")):
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

    def test_a_new_blob_is_on_the_disk_with_all_that_leads_to_it(
        self, blobs: Blobs, folder: Path, synced: list[str]
    ) -> None:
        """
        The file is synced before it has its name, then the folder that names it; new folders too.
        """
        blobs.put(DATA)
        part = next(path for path in synced if path.startswith(str(folder / "part")))
        assert synced == [
            str(folder),
            str(folder / NAME[:2]),
            part,
            str(folder / NAME[:2] / NAME[2:4]),
        ]

    def test_a_blob_that_is_there_is_not_written_again(
        self, blobs: Blobs, folder: Path, synced: list[str]
    ) -> None:
        """
        The same content is there once; but it is seen to that it is on the disk.
        """
        blobs.put(DATA)
        before = (folder / PLACE).stat()
        synced.clear()
        assert blobs.put(DATA) == DIGEST
        assert (folder / PLACE).stat().st_ino == before.st_ino
        assert synced == [str((folder / PLACE).parent)]

    def test_what_another_process_put_is_seen_to(self, folder: Path, synced: list[str]) -> None:
        """
        A process that finds a blob there does not know that its folders are on the disk.
        """
        Blobs(folder).put(DATA)
        other = Blobs(folder)
        synced.clear()
        other.put(DATA)
        assert synced == [str(folder), str(folder / NAME[:2]), str((folder / PLACE).parent)]

    def test_what_is_missing_is_told(self, blobs: Blobs) -> None:
        """
        A blob that is not there is named by the beginning of its hash.
        """
        assert not blobs.has(DIGEST)
        with pytest.raises(StoreError, match=rf"^blob `{NAME[:8]}` is missing$"):
            blobs.get(DIGEST)

    @pytest.mark.parametrize(
        "damage",
        [
            lambda data: data[:-1],
            lambda data: data + b"\0",
            lambda data: bytes([data[0] ^ 1]) + data[1:],
            lambda data: bytes(len(data)),
            lambda _: b"",
        ],
        ids=["shorter", "longer", "one bit", "zeros", "empty"],
    )
    def test_what_is_damaged_is_never_given_and_can_be_put_again(
        self, blobs: Blobs, folder: Path, damage: Callable[[bytes], bytes]
    ) -> None:
        """
        Damage is told by the beginning of the hash; whoever has the content puts it right.
        """
        blobs.put(DATA)
        (folder / PLACE).write_bytes(damage(DATA))
        with pytest.raises(StoreError, match=rf"^blob `{NAME[:8]}` is damaged$"):
            blobs.get(DIGEST)
        assert blobs.put(DATA) == DIGEST
        assert blobs.get(DIGEST) == DATA
        assert files(folder) == {str(PLACE): DATA}

    def test_nothing_longer_than_asked_for_is_read(self, blobs: Blobs) -> None:
        """
        The caller says how much it can take.
        """
        blobs.put(DATA)
        assert blobs.get(DIGEST, size_bytes_max=len(DATA)) == DATA
        with pytest.raises(StoreError, match=rf"^blob `{NAME[:8]}` is longer than {len(DATA) - 1} bytes$"):
            blobs.get(DIGEST, size_bytes_max=len(DATA) - 1)

    def test_nothing_too_long_is_kept(
        self, blobs: Blobs, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        What is longer than any view is refused before it is written.
        """
        monkeypatch.setattr(module, "BLOB_SIZE_BYTES_MAX", len(DATA) - 1)
        with pytest.raises(StoreError, match=r"^a blob has 26 bytes, expected at most 25$"):
            blobs.put(DATA)
        assert files(folder) == {}

    def test_a_link_is_not_followed(self, blobs: Blobs, folder: Path, tmp_path: Path) -> None:
        """
        A link in the place of a blob leads nowhere, and what it led to is left alone.
        """
        elsewhere = tmp_path / "elsewhere"
        elsewhere.write_bytes(DATA)
        blobs.put(DATA)
        (folder / PLACE).unlink()
        (folder / PLACE).symlink_to(elsewhere)
        with pytest.raises(StoreError, match="cannot be read"):
            blobs.get(DIGEST)
        blobs.put(DATA)
        assert not (folder / PLACE).is_symlink()
        assert elsewhere.read_bytes() == DATA

    def test_all_that_are_there_are_named(self, blobs: Blobs, folder: Path) -> None:
        """
        Each by its hash; what is no blob, or lies elsewhere than it should, is passed over.
        """
        found = {blobs.put(DATA), blobs.put(b"another")}
        for stray in ("00/00/00.blob", f"00/00/{NAME}.blob", "00/00/nonsense.blob", f"{NAME}.blob", "part/x"):
            (folder / stray).parent.mkdir(parents=True, exist_ok=True)
            (folder / stray).write_bytes(DATA)
        assert set(blobs.hashes()) == found

    def test_what_is_removed_is_gone_alone(self, blobs: Blobs) -> None:
        """
        Others stay, and it can be put again; to remove what is not there does nothing.
        """
        other = blobs.put(b"another")
        blobs.put(DATA)
        for _ in range(2):
            blobs.remove(DIGEST)
            assert (blobs.has(DIGEST), blobs.has(other)) == (False, True)
        blobs.put(DATA)
        assert blobs.get(DIGEST) == DATA

    def test_many_threads_put_the_same(self, blobs: Blobs, folder: Path) -> None:
        """
        Whoever comes first, there is one blob, whole, and nothing besides.
        """
        with ThreadPoolExecutor(8) as threads:
            put = [threads.submit(blobs.put, DATA * (each % 3 + 1)) for each in range(100)]
        assert {future.result() for future in put} == {sha256(DATA * times).digest() for times in (1, 2, 3)}
        assert sorted(files(folder).values()) == [DATA, DATA * 2, DATA * 3]


class TestLeftovers:
    def test_what_a_crash_left_is_cleared_away(self, blobs: Blobs, folder: Path) -> None:
        """
        A part that nobody writes any more is gone after the next opening; blobs are not.
        """
        blobs.put(DATA)
        (folder / "part" / "left").write_bytes(b"half of")
        Blobs(folder)
        assert files(folder) == {str(PLACE): DATA}

    def test_what_is_being_written_is_left_alone(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Opening the folder while another writes takes nothing from it.
        """
        blobs, real, others = Blobs(folder), os.fsync, list[Blobs]()

        def fsync(descriptor: int) -> None:
            if "/part/" in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
                others.append(Blobs(folder))
            real(descriptor)

        monkeypatch.setattr(os, "fsync", fsync)
        blobs.put(DATA)
        assert len(others) == 1
        assert files(folder) == {str(PLACE): DATA}

    def test_a_part_that_was_cleared_too_early_is_made_again(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Between making a part and locking it another process may take it away: then there is a new one.
        """
        blobs, real = Blobs(folder), disk.make_file
        made: list[Path] = []

        def make_file(path: Path) -> int:
            descriptor = real(path)
            made.append(path)
            if len(made) == 1:
                Blobs(folder)
            return descriptor

        monkeypatch.setattr(module, "make_file", make_file)
        blobs.put(DATA)
        assert len(made) == 2
        assert files(folder) == {str(PLACE): DATA}

    def test_a_process_that_is_killed_leaves_whole_blobs_only(self, folder: Path) -> None:
        """
        Whenever it is killed, what it said is there is there, and what is there is whole.
        """
        script = """
import sys
from pathlib import Path
from legation.store.blobs import Blobs
from tests.store.disks import syncs
blobs = Blobs(Path(sys.argv[1]))
for number in range(100_000):
    print(blobs.put(b"%d" % number * 20_000).hex(), flush=True)
"""
        draw, said = Random(1), set[str]()
        for _ in range(3):
            arguments = [sys.executable, "-c", script, str(folder)]
            with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as other:
                assert other.stdout is not None
                said |= {other.stdout.readline().strip() for _ in range(draw.randrange(1, 40))}
                other.kill()
                said |= set(other.stdout.read().split())
            blobs = Blobs(folder)
            assert not list((folder / "part").iterdir())
            there = {Path(name).stem for name in files(folder)}
            assert said <= there
            for name in there:
                blobs.get(bytes.fromhex(name))


class TestFailingDisk:
    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
    def test_a_full_disk_leaves_nothing_and_passes(
        self, blobs: Blobs, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        """
        No part stays, nothing has the name, and when there is room again the blob can be put.
        """
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", failing(number, among=lambda path: "/part/" in path))
            with pytest.raises(StoreError, match=r"^the disk is full$"):
                blobs.put(DATA)
        assert files(folder) == {}
        assert not blobs.has(DIGEST)
        blobs.put(DATA)
        assert blobs.get(DIGEST) == DATA

    def test_no_room_for_the_bytes_leaves_nothing(self, tmp_path: Path, folder: Path) -> None:
        """
        A limit of the system stands for the end of the disk: no part stays.
        """
        script = """
import resource, signal, sys
from pathlib import Path
from legation.errors import StoreError
from legation.store.blobs import Blobs
from tests.store.disks import syncs
blobs = Blobs(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    blobs.put(bytes(100_000))
except StoreError as error:
    print(error)
blobs.put(bytes(50_000))
"""
        ran = subprocess.run(
            [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True
        )
        assert ran.stdout == f"blob `{sha256(bytes(100_000)).hexdigest()[:8]}` cannot be written\n"
        assert list(files(folder).values()) == [bytes(50_000)]

    @pytest.mark.parametrize("meant", ["/part/", f"/{NAME[2:4]}"], ids=["the file", "the folder"])
    def test_a_sync_that_fails_ends_all_writing(
        self, blobs: Blobs, folder: Path, monkeypatch: pytest.MonkeyPatch, meant: str
    ) -> None:
        """
        Nobody knows what the disk has; trying again could only pretend to know.
        """
        other = blobs.put(b"another")
        with monkeypatch.context() as patch:
            patch.setattr(
                os, "fsync", failing(errno.EIO, among=lambda path: meant in path or path.endswith(meant))
            )
            with pytest.raises(StoreError, match=rf"^blob `{NAME[:8]}` cannot be written$"):
                blobs.put(DATA)
        with pytest.raises(StoreError, match=r"^the blobs are closed for writing: their disk failed$"):
            blobs.put(DATA)
        assert blobs.get(other) == b"another"
        assert not list((folder / "part").iterdir())
        # A restart puts it again, and sees to it.
        assert Blobs(folder).put(DATA) == DIGEST

    def test_a_folder_that_cannot_be_made_is_told(self, tmp_path: Path) -> None:
        """
        A file in the place of the folder is no folder of blobs.
        """
        (tmp_path / "blobs").write_bytes(b"")
        with pytest.raises(StoreError, match=r"^the folder of blobs cannot be opened$"):
            Blobs(tmp_path / "blobs")
