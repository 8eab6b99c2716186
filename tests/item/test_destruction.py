# SPDX-License-Identifier: Apache-2.0

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest

from legation.encoding import encode
from legation.errors import LegationError, MalformedError, SignatureError
from legation.item.destruction import (
    DESTRUCTION,
    DESTRUCTION_SIZE_BYTES_MAX,
    FORMAT,
    Destruction,
    certify,
    verify_destruction,
)
from legation.item.withdrawal import withdraw
from legation.keys.card import Cards, KeyState
from legation.keys.sign import Ed25519Signer, Purpose
from tests.item.test_vectors import cards
from tests.node.pair import Village, next_card
from tests.stories.cast import card_of, keys_of
from tools import vectors_destruction

ROOT = Path(__file__).parents[2]
ITEM, ANSWERED = bytes(range(32)), bytes(range(32, 64))
KOR, JPN = "KOR@NATO", "JPN@NATO"
TIME = 1_656_072_000
CARDS = Cards([card_of(KOR), card_of(JPN)])


def signer(office: str = KOR) -> Ed25519Signer:
    """
    The item key of an office.
    """
    return keys_of(office).item_signer


def respelled(**changes: Any) -> bytes:
    """
    A certificate with other values in its fields, or without those that are None; signed as it was.
    """
    said = json.loads(certify(ITEM, KOR, TIME, signer(), withdrawal=ANSWERED)) | changes
    kept = {name: value for name, value in said.items() if value is not None}
    return json.dumps(kept, separators=(",", ":"), sort_keys=True).encode()


class TestVerify:
    @pytest.mark.parametrize("answered", [b"", ANSWERED])
    def test_a_certificate_holds_for_its_item_and_names_who_signed(self, answered: bytes) -> None:
        """
        With what it answers or without; the same one always has the same bytes.
        """
        data = certify(ITEM, KOR, TIME, signer(), withdrawal=answered)
        found = verify_destruction(data, CARDS)
        assert (found.item_id, str(found.holder), found.time) == (ITEM, KOR, TIME)
        assert (found.withdrawal, found.data) == (answered, data)
        assert data == certify(ITEM, KOR, TIME, signer(), withdrawal=answered)
        assert len(data) <= DESTRUCTION_SIZE_BYTES_MAX

    def test_the_longest_name_of_an_office_leaves_room(self) -> None:
        """
        Nobody's certificate is too long to be sent.
        """
        office = f"{'A' * 16}@{'B' * 16}"
        assert len(certify(ITEM, office, TIME, signer(), withdrawal=ANSWERED)) < 600

    def test_whoever_is_not_pinned_is_not_known(self) -> None:
        """
        Anybody can sign; whose key it is says a card.
        """
        data = certify(ITEM, KOR, TIME, Ed25519Signer(bytes(32)))
        with pytest.raises(SignatureError, match="not known"):
            verify_destruction(data, CARDS)

    def test_nobody_certifies_for_another_office(self) -> None:
        """
        The key decides, not the name.
        """
        with pytest.raises(SignatureError, match="another office"):
            verify_destruction(certify(ITEM, JPN, TIME, signer(KOR)), CARDS)

    def test_a_retired_key_counts_where_it_is_trusted_and_a_revoked_one_never(self, tmp_path: Path) -> None:
        """
        It was on its way when the key was renewed; what was revoked may be in other hands.
        """
        with Village(tmp_path) as village:
            kor = village.node(KOR)
            data = certify(ITEM, KOR, TIME, kor.home.signing.item)
            assert verify_destruction(data, Cards([kor.card])).item_id == ITEM
            for state in (KeyState.RETIRED, KeyState.REVOKED):
                later = Cards([next_card(kor, item_key=state)])
                with pytest.raises(SignatureError, match=f"is {state.value}, and certifies nothing"):
                    verify_destruction(data, later)
                if state is KeyState.RETIRED:
                    assert verify_destruction(data, later, trusts_retired=True).item_id == ITEM
                else:
                    with pytest.raises(SignatureError, match="revoked"):
                        verify_destruction(data, later, trusts_retired=True)

    @pytest.mark.parametrize("purpose", [each for each in Purpose if each is not Purpose.DESTRUCTION])
    def test_what_was_signed_for_something_else_certifies_nothing(self, purpose: Purpose) -> None:
        """
        The same key, the same bytes, another purpose.
        """
        good = DESTRUCTION.decode(certify(ITEM, KOR, TIME, signer()))
        false = Destruction(
            format=FORMAT,
            item=ITEM,
            office=KOR,
            signature=signer().sign(purpose, good.signed_bytes),
            signer=signer().public_key.key_id,
            time=TIME,
        )
        with pytest.raises(SignatureError, match="does not verify"):
            verify_destruction(encode(false), CARDS)

    def test_a_withdrawal_is_no_certificate(self) -> None:
        """
        Nor the other way round: each begins otherwise.
        """
        with pytest.raises(MalformedError):
            verify_destruction(withdraw(ITEM, signer()), CARDS)

    @pytest.mark.parametrize(
        "change",
        [
            {"item": b64encode(bytes(32)).decode()},
            {"time": TIME + 1},
            {"withdrawal": None},
            {"withdrawal": b64encode(bytes(32)).decode()},
        ],
        ids=str,
    )
    def test_everything_that_it_says_is_signed(self, change: dict[str, Any]) -> None:
        """
        Another item, another time, another answer: none of it holds.
        """
        assert verify_destruction(respelled(), CARDS).item_id == ITEM
        with pytest.raises(SignatureError, match="does not verify"):
            verify_destruction(respelled(**change), CARDS)

    @pytest.mark.parametrize(
        "change",
        [
            {"format": "legation/destruction/v2"},
            {"item": "AAAA"},
            {"signature": "AAAA"},
            {"signer": "AAAA"},
            {"withdrawal": "AAAA"},
            {"withdrawal": ""},
            {"office": "kor"},
            {"office": None},
            {"time": -1},
            {"time": 253_402_300_800},
            {"by": "registrar"},
        ],
        ids=str,
    )
    def test_another_shape_is_refused(self, change: dict[str, Any]) -> None:
        """
        A field too many, too short, missing, out of range, or of another version.
        """
        with pytest.raises(MalformedError):
            DESTRUCTION.decode(respelled(**change))

    def test_whatever_the_bytes_it_raises_one_family(self) -> None:
        """
        Every byte altered in every way that a bit can be: never another error, and never accepted.
        """
        data = certify(ITEM, KOR, TIME, signer(), withdrawal=ANSWERED)
        for place in range(len(data)):
            for bit in range(8):
                false = bytearray(data)
                false[place] ^= 1 << bit
                with pytest.raises(LegationError) as found:
                    verify_destruction(bytes(false), CARDS)
                assert type(found.value) in {MalformedError, SignatureError}


class TestVectors:
    def test_the_vectors_are_what_their_tool_makes(self) -> None:
        """
        Byte for byte, by an implementation that shares no code with this one.
        """
        folder = ROOT / "vectors" / "destruction"
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == vectors_destruction.files()

    @pytest.mark.parametrize("vector", vectors_destruction.vectors(), ids=lambda each: str(each.name))
    def test_each_is_judged_as_it_says(self, vector: vectors_destruction.Vector) -> None:
        """
        Verified, malformed, or a signature that does not hold, as anybody must find.
        """
        verdict = "verifies"
        try:
            verify_destruction(vector.data, cards())
        except MalformedError:
            verdict = "malformed"
        except SignatureError:
            verdict = "signature"
        assert verdict == vector.expect

    def test_the_example_in_the_page_is_a_vector(self) -> None:
        """
        The specification shows what it specifies, and its limits are those of the program.
        """
        page = (ROOT / "docs" / "spec" / "withdrawal.md").read_text()
        assert page == vectors_destruction.rendered(page)
        assert f"| bytes of a certificate | {DESTRUCTION_SIZE_BYTES_MAX} |" in page
        assert FORMAT in page
        good = json.loads(vectors_destruction.vectors()[0].data)
        assert len(b64decode(good["signature"])) == 64
