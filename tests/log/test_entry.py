# SPDX-License-Identifier: Apache-2.0

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.encoding import encode
from legation.errors import MalformedError
from legation.keys.card import TIME_MAX
from legation.log.entry import ENTRY, ENTRY_SIZE_BYTES_MAX, LogEntry, LogKind

RECORD = sha256(b"a record").digest()

# The words are in logs for ever: none may change, and a new one is added here.
WORDS = {
    "accepted",
    "quarantined",
    "refused",
    "receipted",
    "approved",
    "released",
    "withdrawn",
    "voided",
    "granted",
    "pinned",
    "renewed",
    "policy",
    "offered",
    "frozen",
    "paused",
    "excluded",
    "resumed",
    "lowered",
    "restored",
    "packed",
    "printed",
    "handed-over",
    "destroyed",
}


def test_words_of_the_kinds_are_fixed() -> None:
    """
    An old log is read with the words it was written in.
    """
    assert {kind.value for kind in LogKind} == WORDS


def test_leaf_hashes_the_canonical_bytes() -> None:
    """
    The leaf is that of RFC 9162 over the entry as it is written, spelled out.
    """
    entry = LogEntry(kind=LogKind.ACCEPTED, hash=bytes(32), time=1_790_000_000)
    written = b'{"hash":"' + b"A" * 43 + b'=","kind":"accepted","time":1790000000}'
    assert ENTRY.encode(entry) == encode(entry) == written
    assert entry.leaf == sha256(b"\x00" + written).digest()


@given(
    kind=st.sampled_from(LogKind), record=st.binary(min_size=32, max_size=32), time=st.integers(0, TIME_MAX)
)
def test_is_read_as_it_was_written(kind: LogKind, record: bytes, time: int) -> None:
    """
    Every entry comes back from its bytes, and is far below the limit.
    """
    entry = LogEntry(kind=kind, hash=record, time=time)
    data = ENTRY.encode(entry)
    assert ENTRY.decode(data) == entry
    assert len(data) < ENTRY_SIZE_BYTES_MAX // 2


def test_different_entries_have_different_leaves() -> None:
    """
    Kind, record and time all count.
    """
    entries = [
        LogEntry(kind=kind, hash=record, time=time)
        for kind in LogKind
        for record in (RECORD, bytes(32))
        for time in (0, 1)
    ]
    assert len({entry.leaf for entry in entries}) == len(entries)


@pytest.mark.parametrize("record", [b"", bytes(31), bytes(33)])
def test_refuses_what_is_no_hash(record: bytes) -> None:
    """
    An entry holds a hash and nothing else: no content fits into it.
    """
    with pytest.raises(MalformedError, match="expected 32"):
        LogEntry(kind=LogKind.ACCEPTED, hash=record, time=0)


@pytest.mark.parametrize("time", [-1, TIME_MAX + 1])
def test_refuses_what_is_no_time(time: int) -> None:
    """
    A time is from 1970 to the end of 9999.
    """
    with pytest.raises(MalformedError, match="not between"):
        LogEntry(kind=LogKind.ACCEPTED, hash=RECORD, time=time)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'{"hash":"' + b"A" * 43 + b'=","kind":"opened","time":0}',
        b'{"hash":"' + b"A" * 43 + b'=","kind":"accepted","time":0,"words":""}',
        b'{"hash":"' + b"A" * 43 + b'=", "kind":"accepted","time":0}',
        b'{"hash":"' + b"A" * 43 + b'=","kind":"accepted","time":0}\n',
        b" " * (ENTRY_SIZE_BYTES_MAX + 1),
    ],
)
def test_refuses_other_bytes(data: bytes) -> None:
    """
    An unknown kind or field, another spelling, or too many bytes are refused.
    """
    with pytest.raises(MalformedError):
        ENTRY.decode(data)
