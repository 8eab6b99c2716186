# SPDX-License-Identifier: Apache-2.0

import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.item.reference import (
    ALPHABET,
    check_character,
    paragraph_code,
    paragraph_numbers,
    reference,
)
from tests.item import naive
from tests.item.worlds import examples

spelled = st.text(ALPHABET, min_size=1, max_size=12)


class TestReference:
    def test_a_reference_names_office_year_and_id(self) -> None:
        """
        The first 35 bits of the item id are spelled, and one character checks them.
        """
        time = int(datetime(2026, 10, 3, tzinfo=UTC).timestamp())
        item_id = bytes.fromhex("3ce9ed42fa") + bytes(27)
        assert reference("KOR@NATO", time, item_id) == "KOR@NATO 2026-7KMY-TGQ4"

    def test_the_rest_of_the_id_is_not_spelled(self) -> None:
        """
        The 36th bit changes nothing: references are for people and may collide.
        """
        first, second = bytes(32), bytes(4) + b"\x1f" + bytes(27)
        assert reference("KOR", 0, first) == reference("KOR", 0, second) == "KOR 1970-0000-0000"

    def test_the_year_is_that_of_utc(self) -> None:
        """
        A second decides, wherever the node stands.
        """
        turn = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp())
        assert reference("KOR", turn - 1, bytes(32)).startswith("KOR 2026-")
        assert reference("KOR", turn, bytes(32)).startswith("KOR 2027-")

    def test_the_last_second_that_is_allowed_has_a_year(self) -> None:
        """
        Later times are refused by the format.
        """
        assert reference("KOR", 253_402_300_799, bytes(32)) == "KOR 9999-0000-0000"

    def test_the_example_of_the_alphabet_is_crockfords(self) -> None:
        """
        No letter that is read for another: neither I, L, O nor U.
        """
        assert ALPHABET == naive.CROCKFORD
        assert len(set(ALPHABET)) == 32
        assert not set("ILOU") & set(ALPHABET)


class TestCheckCharacter:
    @examples(300)
    @given(spelled)
    def test_it_is_luhns(self, text: str) -> None:
        """
        The other implementation computes the same character.
        """
        assert check_character(text) == naive.check_character(text)

    @examples(100)
    @given(spelled, st.data())
    def test_every_wrong_character_shows(self, text: str, data: st.DataObject) -> None:
        """
        A single character that is read wrong changes the check character.
        """
        place = data.draw(st.integers(0, len(text) - 1))
        for other in ALPHABET:
            changed = text[:place] + other + text[place + 1 :]
            assert (check_character(changed) == check_character(text)) is (changed == text)

    def test_nearly_every_swap_of_neighbours_shows(self) -> None:
        """
        Of all pairs only the first and the last character of the alphabet are swapped unnoticed.
        """
        pairs = [(x, y) for x in ALPHABET for y in ALPHABET if x < y]
        unnoticed = [
            pair for pair in pairs if check_character("".join(pair)) == check_character("".join(pair[::-1]))
        ]
        assert unnoticed == [("0", "Z")]


class TestParagraphCodes:
    def test_codes_are_thirty_bits_of_a_stream(self) -> None:
        """
        Number i has the first 30 bits of bytes 4i to 4i+3.
        """
        stream = hashlib.shake_256(b"legation/paragraph/v1" + bytes(32)).digest(40)
        numbers = paragraph_numbers(bytes(32), 10)
        assert numbers == [int.from_bytes(stream[4 * n : 4 * n + 4], "big") >> 2 for n in range(10)]

    @pytest.mark.parametrize(
        ("number", "code"), [(0, "000000"), (31, "00000Z"), (32, "000010"), (2**30 - 1, "ZZZZZZ")]
    )
    def test_a_code_is_six_characters(self, number: int, code: str) -> None:
        """
        Thirty bits are six characters, zeros before.
        """
        assert paragraph_code(number) == code

    @examples(100)
    @given(st.binary(min_size=32, max_size=32), st.integers(0, 50), st.integers(0, 50))
    def test_a_code_does_not_depend_on_what_follows(self, salt: bytes, fewer: int, more: int) -> None:
        """
        The codes of a shorter layer begin those of a longer one under the same salt.
        """
        assert paragraph_numbers(salt, fewer + more)[:fewer] == paragraph_numbers(salt, fewer)

    def test_no_code_is_known_without_the_salt(self) -> None:
        """
        Other salts give other codes.
        """
        codes = {code for n in range(200) for code in paragraph_numbers(n.to_bytes(32, "big"), 5)}
        assert len(codes) == 1000
