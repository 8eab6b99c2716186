# SPDX-License-Identifier: Apache-2.0

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.errors import MalformedError
from legation.log.growth import (
    GROWTH_HASHES_MAX,
    GROWTH_SIZE_BYTES_MAX,
    Growth,
    read_growth,
    write_growth,
)
from legation.merkle import Hash
from tests.log import handmade

PAGE = Path(__file__).parents[2] / "docs" / "spec" / "log.md"
NOTE = handmade.checkpoint()
HASH = handmade.b64(bytes(32))

growths = st.builds(
    Growth,
    old_size=st.integers(1, 2**53 - 1),
    hashes=st.lists(st.binary(min_size=32, max_size=32), max_size=GROWTH_HASHES_MAX).map(tuple),
    note=st.just(NOTE),
)


class TestFiles:
    @given(growth=growths)
    def test_is_read_as_it_was_written(self, growth: Growth) -> None:
        """Old size, hashes and checkpoint."""
        assert read_growth(write_growth(growth)) == growth

    def test_is_spelled_as_the_standard_does(self) -> None:
        """The request of c2sp.org/tlog-witness, line by line; there may be no hash."""
        written = write_growth(Growth(old_size=2, hashes=(Hash(bytes(32)),) * 2, note=NOTE))
        assert written == f"old 2\n{HASH}\n{HASH}\n\n".encode() + NOTE
        assert write_growth(Growth(old_size=3, hashes=(), note=NOTE)) == b"old 3\n\n" + NOTE

    @settings(max_examples=300)
    @given(data=st.data(), growth=growths)
    def test_a_changed_file_is_refused_or_written_the_same(self, data: st.DataObject, growth: Growth) -> None:
        """There is one spelling of what is read."""
        whole = bytearray(write_growth(growth))
        place = data.draw(st.integers(0, min(len(whole) - 1, 400)))
        whole[place] = data.draw(st.integers(0, 255))
        with contextlib.suppress(MalformedError):
            assert write_growth(read_growth(bytes(whole))) == whole

    @pytest.mark.parametrize(
        "head",
        [
            "",
            "old",
            "old ",
            "old 0",
            "old 01",
            "old -1",
            "old +1",
            "old 1 ",
            "old  1",
            "old ٣",
            "Old 1",
            " old 1",
            "old 9007199254740992",
            "old 1\r",
            "old 1\nAAAA",
            f"old 1\n{HASH} ",
            f"old 1\n{HASH[:-2]}B=",
            f"old 1\nextra AA==\n{HASH}",
            f"{HASH}\nold 1",
            "\n".join(["old 1", *[HASH] * (GROWTH_HASHES_MAX + 1)]),
        ],
    )
    def test_another_head_is_refused(self, head: str) -> None:
        """No size, one spelled otherwise, one of nothing, hashes of another size, too many of them."""
        with pytest.raises(MalformedError):
            read_growth(head.encode() + b"\n\n" + NOTE)

    @pytest.mark.parametrize(
        "rest", [b"", b"\n\n", b"\n\nwords\n", b"\n" + NOTE, bytes(GROWTH_SIZE_BYTES_MAX)]
    )
    def test_what_follows_is_a_note(self, rest: bytes) -> None:
        """Nothing, no note, no empty line, and too long."""
        with pytest.raises(MalformedError):
            read_growth(b"old 1" + rest)

    @pytest.mark.parametrize(
        "changes", [{"old_size": 0}, {"old_size": 2**53}, {"hashes": (b"short",)}, {"note": b"words\n"}]
    )
    def test_cannot_exist_wrong(self, changes: dict[str, Any]) -> None:
        """What could not be read is not made either."""
        fields: dict[str, Any] = {"old_size": 1, "hashes": (), "note": NOTE}
        with pytest.raises(MalformedError):
            Growth(**(fields | changes))

    def test_takes_as_many_hashes_as_the_standard_and_no_more(self) -> None:
        """
        Sixty-three, read or made; with the longest receipt that is within the limit of the file.
        """
        most = Growth(old_size=2**53 - 1, hashes=(Hash(bytes(32)),) * 63, note=NOTE)
        assert read_growth(write_growth(most)) == most
        assert len(write_growth(most)) - len(NOTE) + 8192 <= GROWTH_SIZE_BYTES_MAX
        with pytest.raises(MalformedError, match="at most 63"):
            replace(most, hashes=(*most.hashes, Hash(bytes(32))))
        with pytest.raises(MalformedError):
            read_growth(write_growth(most).replace(b"\n\n", f"\n{HASH}\n\n".encode(), 1))

    def test_what_is_too_long_is_not_looked_at(self) -> None:
        """
        One byte more than the limit, though the rest of it were right.
        """
        head, note = b"old 1\n\n", handmade.checkpoint()
        long = b"x" * (GROWTH_SIZE_BYTES_MAX - len(head) - len(note)) + note
        assert read_growth(head + long).note == long
        with pytest.raises(MalformedError, match="at most 12288"):
            read_growth(head + b"x" + long)

    def test_is_told_without_its_checkpoint(self) -> None:
        """
        What is printed of one is short.
        """
        assert "note" not in repr(Growth(old_size=1, hashes=(), note=NOTE))

    def test_the_page_shows_one(self) -> None:
        """What the specification shows begins as it is read."""
        shown = PAGE.read_text("utf-8").split("## Proof of growth")[1].split("```text\n")[1].split("```")[0]
        first, hash_, *_ = shown.splitlines()
        assert read_growth(f"{first}\n{hash_}\n\n".encode() + NOTE).old_size == 3
