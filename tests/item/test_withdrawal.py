# SPDX-License-Identifier: Apache-2.0

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest

from legation.encoding import encode
from legation.errors import LegationError, MalformedError, SignatureError
from legation.item.withdrawal import (
    FORMAT,
    WITHDRAWAL,
    WITHDRAWAL_SIZE_BYTES_MAX,
    Withdrawal,
    verify_withdrawal,
    withdraw,
)
from legation.keys.card import Cards, KeyState
from legation.keys.sign import Ed25519Signer, Purpose
from tests.item.test_vectors import cards
from tests.node.pair import Village, next_card
from tests.stories.cast import card_of, keys_of
from tools import vectors_withdrawal

ROOT = Path(__file__).parents[2]
ITEM = bytes(range(32))
KOR = "KOR@NATO"
CARDS = Cards([card_of(KOR)])


def signer() -> Ed25519Signer:
    """
    The item key of KOR@NATO.
    """
    return keys_of(KOR).item_signer


class TestVerify:
    def test_a_withdrawal_holds_for_its_item_and_names_its_author(self) -> None:
        """
        Signed by a current item key of a card that is pinned; the same one always has the same bytes.
        """
        data = withdraw(ITEM, signer())
        found = verify_withdrawal(data, CARDS)
        assert (found.item_id, str(found.author), found.data) == (ITEM, KOR, data)
        assert data == withdraw(ITEM, signer())
        assert len(data) <= WITHDRAWAL_SIZE_BYTES_MAX

    def test_an_author_who_is_not_pinned_is_not_known(self) -> None:
        """
        Anybody can sign; whose key it is says a card.
        """
        stranger = Ed25519Signer(bytes(32))
        with pytest.raises(SignatureError, match="not known"):
            verify_withdrawal(withdraw(ITEM, stranger), CARDS)
        with pytest.raises(SignatureError, match="not known"):
            verify_withdrawal(withdraw(ITEM, signer()), Cards([]))

    @pytest.mark.parametrize("state", [KeyState.RETIRED, KeyState.REVOKED])
    def test_a_key_that_is_not_current_withdraws_nothing(self, tmp_path: Path, state: KeyState) -> None:
        """
        Whether it still verifies items or not.
        """
        with Village(tmp_path) as village:
            kor = village.node(KOR)
            data = withdraw(ITEM, kor.home.signing.item)
            assert verify_withdrawal(data, Cards([kor.card])).item_id == ITEM
            with pytest.raises(SignatureError, match=f"is {state.value}, and withdraws nothing"):
                verify_withdrawal(data, Cards([next_card(kor, item_key=state)]))

    @pytest.mark.parametrize("purpose", [each for each in Purpose if each is not Purpose.WITHDRAWAL])
    def test_what_was_signed_for_something_else_withdraws_nothing(self, purpose: Purpose) -> None:
        """
        The same key, the same bytes, another purpose.
        """
        false = Withdrawal(
            author=signer().public_key.key_id,
            format=FORMAT,
            item=ITEM,
            signature=signer().sign(purpose, ITEM),
        )
        with pytest.raises(SignatureError, match="does not verify"):
            verify_withdrawal(encode(false), CARDS)

    def test_a_withdrawal_of_one_item_is_none_of_another(self) -> None:
        """
        Nor is one bit of it another's.
        """
        data = json.loads(withdraw(ITEM, signer()))
        for name in ("item", "signature", "author"):
            raw = bytearray(b64decode(data[name]))
            raw[3] ^= 1
            false = json.dumps(
                data | {name: b64encode(raw).decode()}, separators=(",", ":"), sort_keys=True
            ).encode()
            with pytest.raises(SignatureError):
                verify_withdrawal(false, CARDS)

    @pytest.mark.parametrize(
        "change",
        [
            {"format": "legation/withdrawal/v2"},
            {"item": "AAAA"},
            {"signature": "AAAA"},
            {"author": "AAAA"},
            {"reason": "an error"},
            {"item": None},
        ],
        ids=str,
    )
    def test_another_shape_is_refused(self, change: dict[str, Any]) -> None:
        """
        A field too many, too short, missing, or of another version.
        """
        said = {
            name: value for name, value in (json.loads(withdraw(ITEM, signer())) | change).items() if value
        }
        with pytest.raises(MalformedError):
            WITHDRAWAL.decode(json.dumps(said, separators=(",", ":"), sort_keys=True).encode())

    def test_whatever_the_bytes_it_raises_one_family(self) -> None:
        """
        Every byte altered in every way that a bit can be: never another error, and never accepted.
        """
        data = withdraw(ITEM, signer())
        for place in range(len(data)):
            for bit in range(8):
                false = bytearray(data)
                false[place] ^= 1 << bit
                with pytest.raises(LegationError) as found:
                    verify_withdrawal(bytes(false), CARDS)
                assert type(found.value) in {MalformedError, SignatureError}


class TestVectors:
    def test_the_vectors_are_what_their_tool_makes(self) -> None:
        """
        Byte for byte, by an implementation that shares no code with this one.
        """
        folder = ROOT / "vectors" / "withdrawal"
        made = vectors_withdrawal.files()
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == made

    @pytest.mark.parametrize("vector", vectors_withdrawal.vectors(), ids=lambda each: str(each.name))
    def test_each_is_judged_as_it_says(self, vector: vectors_withdrawal.Vector) -> None:
        """
        Verified, malformed, or a signature that does not hold, as anybody must find.
        """
        verdict = "verifies"
        try:
            verify_withdrawal(vector.data, cards())
        except MalformedError:
            verdict = "malformed"
        except SignatureError:
            verdict = "signature"
        assert verdict == vector.expect

    def test_the_example_in_the_page_is_a_vector(self) -> None:
        """
        The specification shows what it specifies.
        """
        page = (ROOT / "docs" / "spec" / "withdrawal.md").read_text()
        shown = page.split("```json\n")[1].split("```")[0]
        good = next(each for each in vectors_withdrawal.vectors() if each.name == "withdrawal")
        assert json.loads(shown) == json.loads(good.data)
        assert page == vectors_withdrawal.rendered(page)
        assert f"| bytes | {WITHDRAWAL_SIZE_BYTES_MAX} |" in page
        assert FORMAT in page
