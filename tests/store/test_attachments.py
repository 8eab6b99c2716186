# SPDX-License-Identifier: Apache-2.0

import errno
import os
import stat
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.errors import StoreError
from legation.item.attachment import CHUNK_SIZE_BYTES
from legation.store.attachments import Attachments, SealedFile
from tests.store.disks import syncs

FILE = SealedFile(name=b"n" * 16, key=b"k" * 32)
DATA = Random(1).randbytes(2 * CHUNK_SIZE_BYTES + 9)
CHUNKS = [DATA[at : at + CHUNK_SIZE_BYTES] for at in range(0, len(DATA), CHUNK_SIZE_BYTES)]


@pytest.fixture
def store(tmp_path: Path) -> Attachments:
    """An empty folder of attachments."""
    return Attachments(tmp_path / "attachments")


def path_of(store: Attachments, file: SealedFile = FILE) -> Path:
    """Where a file lies."""
    return store._path(file.name)


class TestFiles:
    def test_what_is_written_comes_back_whole_or_chunk_by_chunk(self, store: Attachments) -> None:
        """
        Also if it was written in parts, one of them twice.
        """
        assert store.write(FILE, 0, CHUNKS[:2]) == 2
        assert store.write(FILE, 1, CHUNKS[1:]) == 3
        assert b"".join(store.chunks(FILE, len(DATA))) == DATA
        assert [store.chunk(FILE, len(DATA), number) for number in range(3)] == CHUNKS
        assert list(store.names()) == [FILE.name]

    def test_an_empty_file_is_a_file(self, store: Attachments) -> None:
        """
        It has no chunk, and is there.
        """
        store.write(FILE, 0, ())
        assert list(store.chunks(FILE, 0)) == []
        assert path_of(store).exists()

    def test_it_is_its_owners_and_says_nothing(self, store: Attachments) -> None:
        """
        Nobody else reads file or folders, and no byte of it lies open.
        """
        store.write(FILE, 0, CHUNKS)
        assert stat.S_IMODE(path_of(store).stat().st_mode) == 0o600
        assert stat.S_IMODE(path_of(store).parent.stat().st_mode) == 0o700
        assert DATA[:32] not in path_of(store).read_bytes()

    def test_file_and_folders_are_on_the_disk_when_it_returns(
        self, store: Attachments, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        First the bytes, then what names them.
        """
        synced = syncs(monkeypatch)
        store.write(FILE, 0, CHUNKS[:1])
        path = path_of(store)
        assert synced == [str(path), str(path.parent), str(path.parent.parent)]

    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
    def test_what_the_disk_did_not_keep_is_written_again(
        self, store: Attachments, monkeypatch: pytest.MonkeyPatch, code: int
    ) -> None:
        """
        After a failure nothing counts that was not synced; the next try writes it anew.
        """
        with monkeypatch.context() as patch:

            def fails(_: int) -> None:
                raise OSError(code, "said the disk")

            patch.setattr(os, "fsync", fails)
            with pytest.raises(StoreError):
                store.write(FILE, 0, CHUNKS)
        store.write(FILE, 0, CHUNKS)
        assert b"".join(store.chunks(FILE, len(DATA))) == DATA

    @given(at=st.integers(0, len(DATA) + 3 * 16 - 1), bit=st.integers(0, 7))
    def test_a_changed_bit_anywhere_is_noticed(
        self, tmp_path_factory: pytest.TempPathFactory, at: int, bit: int
    ) -> None:
        """
        No chunk comes back that is not the one that was written.
        """
        store = Attachments(tmp_path_factory.mktemp("one") / "attachments")
        small = [b"a" * CHUNK_SIZE_BYTES, b"end"]
        store.write(FILE, 0, small)
        data = bytearray(path_of(store).read_bytes())
        data[at % len(data)] ^= 1 << bit
        path_of(store).write_bytes(data)
        with pytest.raises(StoreError, match="damaged"):
            list(store.chunks(FILE, CHUNK_SIZE_BYTES + 3))

    @pytest.mark.parametrize("length", [0, 1, CHUNK_SIZE_BYTES, len(DATA)])
    def test_a_file_that_was_cut_short_is_noticed(self, store: Attachments, length: int) -> None:
        """
        Also where a chunk ends.
        """
        store.write(FILE, 0, CHUNKS)
        os.truncate(path_of(store), length)
        with pytest.raises(StoreError, match="damaged"):
            list(store.chunks(FILE, len(DATA)))

    def test_with_another_key_it_is_noise(self, store: Attachments) -> None:
        """
        Who destroys the key destroys the file.
        """
        store.write(FILE, 0, CHUNKS)
        with pytest.raises(StoreError, match="damaged"):
            store.chunk(SealedFile(name=FILE.name, key=bytes(32)), len(DATA), 0)

    def test_what_is_not_there_is_missing_and_may_be_removed(self, store: Attachments) -> None:
        """
        To remove it twice is no error; to read it is.
        """
        store.write(FILE, 0, CHUNKS)
        store.remove(FILE.name)
        store.remove(FILE.name)
        with pytest.raises(StoreError, match="missing"):
            store.chunk(FILE, len(DATA), 0)
        assert list(store.names()) == []

    def test_a_link_in_its_place_is_not_followed(self, store: Attachments, tmp_path: Path) -> None:
        """
        What others may have laid there is neither read nor written.
        """
        (tmp_path / "other").write_bytes(b"other")
        path_of(store).parent.mkdir()
        path_of(store).symlink_to(tmp_path / "other")
        with pytest.raises(StoreError):
            store.write(FILE, 0, CHUNKS)
        with pytest.raises(StoreError):
            store.chunk(FILE, len(DATA), 0)
        assert (tmp_path / "other").read_bytes() == b"other"
