# SPDX-License-Identifier: Apache-2.0

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.encoding import INTEGER_MAX, encode
from legation.errors import MalformedError
from legation.exchange import (
    EntryHeader,
    EntryKind,
    Predecessor,
    RefusalCode,
    Refused,
    Start,
    Void,
    entry,
    header_of,
    read_refused,
    read_start,
    read_view,
    read_void,
    write_refused,
    write_start,
    write_view,
    write_void,
)
from legation.exchange.entry import (
    PAYLOAD_SIZE_BYTES_MAX,
    PREDECESSORS_MAX,
    SLIP_SIZE_BYTES_MAX,
    SMALL_PAYLOAD_SIZE_BYTES_MAX,
    check_payload,
)
from legation.item import Precedence, Slip
from legation.item.portion import LINE_LENGTH_MAX
from legation.item.shape import VIEW_SIZE_BYTES_MAX
from legation.keys.card import TIME_MAX
from tests.exchange.made import b64
from tests.keys.office import canonical, seed

SLIP = Slip(addressee="JPN@NATO", action=True, precedence=Precedence.FLASH, desk_by=5, attention="Desk 7")
HASH = sha256(b"payload").digest()
INCARNATION = seed("incarnation", 16)

numbers = st.integers(0, INTEGER_MAX)
slips = st.builds(
    Slip,
    addressee=st.sampled_from(["KOR", "JPN@NATO"]),
    action=st.booleans(),
    precedence=st.sampled_from(Precedence),
    desk_by=st.none() | st.integers(0, TIME_MAX),
    attention=st.sampled_from(["", "Desk 7", "제7과"]),
)
predecessors = st.builds(
    Predecessor,
    incarnation=st.binary(min_size=16, max_size=16),
    size=st.integers(1, INTEGER_MAX),
    root=st.binary(min_size=32, max_size=32),
)


class TestHeader:
    def test_says_what_the_payload_is(self) -> None:
        """
        A header has the hash and the size of its payload.
        """
        header = header_of(7, EntryKind.VIEW, b"payload")
        assert header == EntryHeader(number=7, kind=EntryKind.VIEW, payload_hash=HASH, payload_size_bytes=7)

    def test_leaf_is_that_of_its_canonical_bytes(self) -> None:
        """
        The leaf is RFC 9162's over the header as another library writes it.
        """
        told = {
            "number": 7,
            "kind": "view",
            "payload_hash": b64(HASH),
            "payload_size_bytes": 7,
        }
        header = header_of(7, EntryKind.VIEW, b"payload")
        assert encode(header) == canonical(told)
        assert header.leaf == sha256(b"\x00" + canonical(told)).digest()

    @pytest.mark.parametrize("kind", EntryKind)
    def test_start_is_entry_0_and_nothing_else_is(self, kind: EntryKind) -> None:
        """
        Entry 0 is the start; a start stands nowhere else.
        """
        number, wrong = (0, 1) if kind is EntryKind.START else (1, 0)
        assert header_of(number, kind, b"x").kind is kind
        with pytest.raises(MalformedError, match="entry 0"):
            header_of(wrong, kind, b"x")

    @pytest.mark.parametrize(
        "changes",
        [
            {"number": -1},
            {"number": INTEGER_MAX + 1},
            {"payload_hash": HASH[:-1]},
            {"payload_hash": b""},
            {"payload_size_bytes": 0},
            {"payload_size_bytes": -1},
            {"payload_size_bytes": PAYLOAD_SIZE_BYTES_MAX + 1},
        ],
    )
    def test_refuses_what_is_out_of_range(self, changes: dict[str, Any]) -> None:
        """
        Number, hash and size have their bounds.
        """
        fields: dict[str, Any] = {"number": 1, "kind": EntryKind.VIEW}
        fields |= {"payload_hash": HASH, "payload_size_bytes": 1}
        assert EntryHeader(**fields).number == 1
        with pytest.raises(MalformedError):
            EntryHeader(**(fields | changes))


class TestPayloads:
    @settings(deadline=None)
    @given(slip=slips, view=st.binary(min_size=1, max_size=200))
    def test_view_reads_as_it_was_written(self, slip: Slip, view: bytes) -> None:
        """
        Slip and view come out as they went in, and there is one way to write them.
        """
        payload = write_view(slip, view)
        assert read_view(payload) == (slip, view)
        assert write_view(*read_view(payload)) == payload

    def test_view_is_length_slip_view(self) -> None:
        """
        The format, written by hand.
        """
        told = canonical(
            {"addressee": "JPN@NATO", "action": True, "precedence": "flash", "desk_by": 5}
            | {"attention": "Desk 7"}
        )
        assert write_view(SLIP, b"view") == bytes([0, 0, 0, len(told)]) + told + b"view"

    @settings(deadline=None)
    @given(predecessors=st.lists(predecessors, max_size=4, unique_by=lambda each: each.incarnation))
    def test_start_reads_as_it_was_written(self, predecessors: list[Predecessor]) -> None:
        """
        A start comes out as it went in.
        """
        start = Start(predecessors=tuple(predecessors))
        assert read_start(write_start(start)) == start

    @settings(deadline=None)
    @given(number=st.integers(1, INTEGER_MAX))
    def test_void_reads_as_it_was_written(self, number: int) -> None:
        """
        A void comes out as it went in.
        """
        assert read_void(write_void(Void(number=number))) == Void(number=number)

    @settings(deadline=None)
    @given(number=numbers, code=st.sampled_from(RefusalCode))
    def test_refused_reads_as_it_was_written(self, number: int, code: RefusalCode) -> None:
        """
        A refusal comes out as it went in.
        """
        refused = Refused(incarnation=INCARNATION, number=number, code=code)
        assert read_refused(write_refused(refused)) == refused

    @pytest.mark.parametrize("kind", EntryKind)
    @settings(deadline=None)
    @given(payload=st.binary(max_size=200))
    def test_any_bytes_are_read_or_refused_with_one_error(self, kind: EntryKind, payload: bytes) -> None:
        """
        Whatever the bytes of a payload, ``MalformedError`` or nothing comes out.
        """
        try:
            check_payload(kind, payload)
        except MalformedError:
            return
        assert (
            kind in {EntryKind.POLICY, EntryKind.KEY, EntryKind.WITHDRAWAL, EntryKind.DESTRUCTION}
            or payload == b"{}"
        )

    @pytest.mark.parametrize(
        "kind", [EntryKind.POLICY, EntryKind.KEY, EntryKind.WITHDRAWAL, EntryKind.DESTRUCTION]
    )
    def test_what_comes_later_is_not_looked_into(self, kind: EntryKind) -> None:
        """
        Policies, keys, withdrawals and certificates are judged by whoever takes them in.
        """
        check_payload(kind, b"\xff")

    @pytest.mark.parametrize(
        ("kind", "payload"),
        [
            (EntryKind.START, b""),
            (EntryKind.START, b"{} "),
            (EntryKind.START, b'{"predecessors":[]}'),
            (EntryKind.START, b'{"successors":[]}'),
            (EntryKind.VOID, b"{}"),
            (EntryKind.VOID, b'{"number":0}'),
            (EntryKind.VOID, b'{"number":-1}'),
            (EntryKind.VOID, b'{"number":1.0}'),
            (EntryKind.VOID, b'{"number":9007199254740992}'),
            (EntryKind.VOID, b'{"because":"x","number":1}'),
            (EntryKind.REFUSED, b'{"code":"other","incarnation":"AAAAAAAAAAAAAAAAAAAAAA==","number":1}'),
            (EntryKind.REFUSED, b'{"code":"proof","incarnation":"AAAA","number":1}'),
            (EntryKind.VIEW, b""),
            (EntryKind.VIEW, b"\0\0\0"),
            (EntryKind.VIEW, b"\0\0\0\0view"),
            (EntryKind.VIEW, b"\xff\xff\xff\xff" + bytes(50)),
            (EntryKind.VIEW, b"\0\0\0\x02{}view"),
            (EntryKind.VIEW, write_view(SLIP, b"x")[:-1]),
            (EntryKind.VIEW, b"\0\0\0\x15" + b'{"addressee": "AUS"}' + b"view"),
        ],
    )
    def test_refuses_what_is_not_of_its_kind(self, kind: EntryKind, payload: bytes) -> None:
        """
        Each of these is no payload of that kind.
        """
        with pytest.raises(MalformedError):
            check_payload(kind, payload)

    def test_refuses_a_view_of_no_bytes_or_too_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A view has at least one byte and at most as many as an item may have, written or read.
        """
        monkeypatch.setattr(entry, "VIEW_SIZE_BYTES_MAX", 5)
        longest = write_view(SLIP, b"12345")
        assert read_view(longest) == (SLIP, b"12345")
        with pytest.raises(MalformedError, match="view"):
            read_view(longest + b"6")
        for wrong in (b"", b"123456"):
            with pytest.raises(MalformedError, match="view"):
                write_view(SLIP, wrong)


class TestLimits:
    def test_the_longest_slip_fits(self) -> None:
        """
        No slip that can be written is refused for its size.
        """
        longest = Slip(
            addressee="A" * 16 + "@" + "B" * 16,
            action=True,
            precedence=Precedence.IMMEDIATE,
            desk_by=TIME_MAX,
            attention="\U0001f600" * LINE_LENGTH_MAX,
        )
        assert len(encode(longest)) < SLIP_SIZE_BYTES_MAX
        assert read_view(write_view(longest, b"x"))[0] == longest

    def test_the_longest_payload_fits(self) -> None:
        """
        A view of the greatest size, with the longest slip, is an entry.
        """
        assert PAYLOAD_SIZE_BYTES_MAX == 4 + SLIP_SIZE_BYTES_MAX + VIEW_SIZE_BYTES_MAX

    def test_the_longest_start_fits(self) -> None:
        """
        Sixty-four predecessors are read, and not one more.
        """
        named = [
            Predecessor(incarnation=seed(f"{number}", 16), size=INTEGER_MAX, root=seed(f"{number}"))
            for number in range(PREDECESSORS_MAX + 1)
        ]
        longest = Start(predecessors=tuple(named[:-1]))
        assert len(write_start(longest)) < SMALL_PAYLOAD_SIZE_BYTES_MAX
        assert read_start(write_start(longest)) == longest
        with pytest.raises(MalformedError, match="at most 64"):
            Start(predecessors=tuple(named))

    def test_refuses_a_predecessor_twice(self) -> None:
        """
        An incarnation came before once.
        """
        one = Predecessor(incarnation=INCARNATION, size=1, root=HASH)
        with pytest.raises(MalformedError, match="twice"):
            Start(predecessors=(one, one))

    @pytest.mark.parametrize(
        "changes",
        [{"size": 0}, {"size": INTEGER_MAX + 1}, {"incarnation": bytes(15)}, {"root": bytes(31)}],
    )
    def test_refuses_a_predecessor_that_is_none(self, changes: dict[str, Any]) -> None:
        """
        A predecessor had at least one entry, or it never began; its incarnation and root have sizes.
        """
        fields: dict[str, Any] = {"incarnation": INCARNATION, "size": 1, "root": HASH}
        with pytest.raises(MalformedError):
            Predecessor(**(fields | changes))

    @pytest.mark.parametrize("changes", [{"number": -1}, {"incarnation": bytes(17)}])
    def test_refuses_a_refusal_that_is_none(self, changes: dict[str, Any]) -> None:
        """
        A refusal names an entry of an incarnation.
        """
        fields: dict[str, Any] = {"incarnation": INCARNATION, "number": 0, "code": RefusalCode.PROOF}
        assert Refused(**fields).number == 0
        with pytest.raises(MalformedError):
            Refused(**(fields | changes))
