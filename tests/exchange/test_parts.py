# SPDX-License-Identifier: Apache-2.0

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.errors import MalformedError
from legation.exchange import (
    CARDS_MAX,
    CARDS_SIZE_BYTES_MAX,
    OFFERED_SIZE_BYTES_MAX,
    STATEMENTS_MAX,
    EntryKind,
    header_of,
    read_cards,
    read_offer,
    write_cards,
    write_offer,
)
from legation.log.statement import STATEMENT_SIZE_BYTES_MAX

some = st.binary(min_size=1, max_size=40)


class TestCards:
    @given(cards=st.lists(some, min_size=1, max_size=CARDS_MAX))
    def test_what_was_written_is_read(self, cards: list[bytes]) -> None:
        """
        Part by part, whatever is in them.
        """
        assert read_cards(write_cards(cards)) == tuple(cards)

    @given(payload=st.binary(max_size=60))
    def test_any_bytes_are_read_or_refused_and_have_one_form(self, payload: bytes) -> None:
        """
        What is read and written again is the same bytes.
        """
        try:
            cards = read_cards(payload)
        except MalformedError:
            return
        assert write_cards(cards) == payload

    @pytest.mark.parametrize("cards", [[], [b""], [b"a", b""], [b"a"] * (CARDS_MAX + 1), [b"a" * (1 << 20)]])
    def test_what_nobody_reads_is_not_written(self, cards: list[bytes]) -> None:
        """
        None, an empty one, too many, too long.
        """
        with pytest.raises(MalformedError):
            write_cards(cards)

    def test_the_longest_is_read(self) -> None:
        """
        And not a byte more; its header is one that a stream can have.
        """
        payload = write_cards([b"a" * (CARDS_SIZE_BYTES_MAX - 4)])
        assert len(read_cards(payload)[0]) == CARDS_SIZE_BYTES_MAX - 4
        assert header_of(1, EntryKind.KEY, payload).fits(payload)
        with pytest.raises(MalformedError, match="expected 1 to"):
            read_cards((CARDS_SIZE_BYTES_MAX - 3).to_bytes(4, "big") + b"a" * (CARDS_SIZE_BYTES_MAX - 3))


class TestOffer:
    @given(spif=some, statements=st.lists(some, max_size=STATEMENTS_MAX))
    def test_what_was_written_is_read(self, spif: bytes, statements: list[bytes]) -> None:
        """
        The file, and the statements in their order.
        """
        assert read_offer(write_offer(spif, statements)) == (spif, tuple(statements))

    @pytest.mark.parametrize(
        ("spif", "statements"),
        [
            (b"", []),
            (b"a" * (OFFERED_SIZE_BYTES_MAX + 1), []),
            (b"a", [b""]),
            (b"a", [b"b"] * (STATEMENTS_MAX + 1)),
            (b"a", [b"b" * (STATEMENT_SIZE_BYTES_MAX + 1)]),
        ],
    )
    def test_what_nobody_reads_is_not_written(self, spif: bytes, statements: list[bytes]) -> None:
        """
        Nothing, too long, too many.
        """
        with pytest.raises(MalformedError):
            write_offer(spif, statements)

    def test_the_fullest_is_read(self) -> None:
        """
        With every part as long as it may be.
        """
        spif, statements = b"a" * OFFERED_SIZE_BYTES_MAX, [b"b" * STATEMENT_SIZE_BYTES_MAX] * STATEMENTS_MAX
        payload = write_offer(spif, statements)
        assert read_offer(payload) == (spif, tuple(statements))
        assert header_of(1, EntryKind.POLICY, payload).fits(payload)
