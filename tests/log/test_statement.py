# SPDX-License-Identifier: Apache-2.0

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.errors import LegationError, MalformedError, SignatureError
from legation.keys.sign import (
    Ed25519Signer,
    MLDSA44Signer,
    MLDSA44Twin,
    PublicKey,
    Purpose,
    unsafe_verify,
)
from legation.log import StreamSigners, authority_name, sign_statement, statement, verify_statement
from legation.log.note import read_note
from legation.log.signing import NAME_SIZE_BYTES_MAX
from tools import vectors_policy_chain as vectors

STORED = json.loads(vectors.FILE.read_bytes())
SEEDS = {name: bytes.fromhex(seed) for name, seed in STORED["seeds"].items()}
NAME = STORED["authority"]
GOOD = [each["note"].encode() for each in STORED["chain"]]
TEXT = "legation/policy/v1\nanything\n"
FAMILIES: dict[str, type[LegationError]] = {"malformed": MalformedError, "signature": SignatureError}
PAGE = (Path(__file__).parents[2] / "docs" / "spec" / "policy-chain.md").read_text(encoding="utf-8")

LEFT_TO_ITS_READER = {name for name, _ in vectors.bad_texts()} - {"another-purpose"}


def signers_of(name: str) -> StreamSigners:
    """
    The two keys of an authority.
    """
    return StreamSigners(
        ed25519=Ed25519Signer(SEEDS[f"{name} ed25519"]), mldsa44=MLDSA44Signer(SEEDS[f"{name} ml-dsa-44"])
    )


SIGNERS, OTHERS = signers_of(NAME), signers_of(vectors.STRANGER)
KEYS = [SIGNERS.ed25519.public_key, SIGNERS.mldsa44.public_key]
THEIRS = [OTHERS.ed25519.public_key, OTHERS.mldsa44.public_key]


def read(
    data: bytes, name: str = NAME, keys: list[PublicKey] = KEYS, purpose: Purpose = Purpose.POLICY
) -> str:
    """
    Verify as whoever pinned the authority.
    """
    return verify_statement(data, purpose=purpose, name=name, keys=keys)


def signed(text: str = TEXT, name: str = NAME) -> bytes:
    """
    Sign as the authority.
    """
    return sign_statement(text, purpose=Purpose.POLICY, name=name, signers=SIGNERS)


SIGNED = signed()


class TestSign:
    def test_what_is_signed_verifies(self) -> None:
        """
        The text comes back, whole, and signing again gives other bytes of the same text.
        """
        assert read(SIGNED) == TEXT
        again = signed()
        assert again != SIGNED
        assert read(again) == TEXT

    def test_text_of_another_purpose_is_refused(self) -> None:
        """
        Nothing but what begins with the purpose's line is signed, nor read.
        """
        with pytest.raises(MalformedError, match="line of its purpose"):
            signed("legation/policy/v2\nanything\n")
        with pytest.raises(MalformedError, match="line of its purpose"):
            read(SIGNED, purpose=Purpose.CARD)

    def test_half_a_character_is_refused(self) -> None:
        """
        What cannot be written in UTF-8 is not signed.
        """
        with pytest.raises(MalformedError, match="halves"):
            signed("legation/policy/v1\n\ud800\n")

    @pytest.mark.parametrize("name", ["", "KOR policy", "KOR+policy", "K" * 256])
    def test_name_that_is_none_is_refused(self, name: str) -> None:
        """
        What could move the parts of a line is no name, to sign or to pin.
        """
        with pytest.raises(MalformedError):
            signed(name=name)
        with pytest.raises(MalformedError):
            read(SIGNED, name=name)

    def test_text_that_is_too_long_is_refused(self) -> None:
        """
        Nobody signs what nobody would read; the longest text that fits is read.
        """
        room = statement.STATEMENT_SIZE_BYTES_MAX - len(SIGNED) + len("anything")
        assert len(signed(f"legation/policy/v1\n{'x' * room}\n")) == statement.STATEMENT_SIZE_BYTES_MAX
        with pytest.raises(MalformedError, match="expected at most"):
            signed(f"legation/policy/v1\n{'x' * (room + 1)}\n")

    def test_authority_is_named_by_its_office(self) -> None:
        """
        An authority is an office, and nothing else gets into the name.
        """
        assert authority_name("KOR") == "KOR/policy"
        assert authority_name("KOR@NATO") == "KOR@NATO/policy"
        with pytest.raises(MalformedError):
            authority_name("KOR/policy")


class TestVerify:
    @pytest.mark.parametrize("data", GOOD)
    def test_published_statements_verify(self, data: bytes) -> None:
        """
        What another program signed is verified here.
        """
        assert read(data) == read_note(data).text

    @pytest.mark.parametrize("vector", STORED["refused"], ids=lambda vector: str(vector["name"]))
    def test_published_defects_are_refused(self, vector: dict[str, str]) -> None:
        """
        Each defect in lines or signatures has its error; what is wrong in the text itself is left to its reader.
        """
        data = vector["note"].encode()
        if vector["name"] in LEFT_TO_ITS_READER:
            assert read(data)
            return
        with pytest.raises(LegationError) as caught:
            read(data)
        assert type(caught.value) is FAMILIES[vector["expect"]]

    def test_keys_of_another_authority_verify_nothing(self) -> None:
        """
        Only the pinned keys count, however many others are known besides.
        """
        for keys in ([], THEIRS, [KEYS[0], THEIRS[1]], [THEIRS[0], KEYS[1]]):
            with pytest.raises(SignatureError):
                read(SIGNED, keys=keys)
        assert read(SIGNED, keys=[*THEIRS, *KEYS]) == TEXT

    def test_signature_under_another_name_is_refused(self) -> None:
        """
        The same keys under another name are another authority.
        """
        with pytest.raises(SignatureError, match="another name"):
            read(SIGNED, name="KOR@NATO/policy")

    def test_every_changed_byte_is_refused(self) -> None:
        """
        No byte of a statement can be another one, or be missing.
        """
        for place in range(0, len(SIGNED), 7):
            for changed in (
                SIGNED[:place] + bytes([SIGNED[place] ^ 1]) + SIGNED[place + 1 :],
                SIGNED[:place] + SIGNED[place + 1 :],
            ):
                with pytest.raises((MalformedError, SignatureError)):
                    read(changed)

    @given(st.binary(max_size=300) | st.text(max_size=100).map(lambda text: f"{TEXT}\n{text}".encode()))
    def test_anything_at_all_is_refused_in_one_way(self, data: bytes) -> None:
        """
        Bytes that are no statement raise the one error for it.
        """
        with pytest.raises(MalformedError):
            read(data)

    def test_two_keys_with_one_hash_are_both_tried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Where the four bytes of two pinned keys are alike by accident, the one that signed is found.
        """
        monkeypatch.setattr(statement, "_key_hash", lambda name, type_, key: bytes(4))
        data = signed()
        for keys in ([*KEYS, *THEIRS], [*THEIRS, *KEYS]):
            assert read(data, keys=keys) == TEXT
        with pytest.raises(SignatureError):
            read(data, keys=THEIRS)

    def test_twin_world_verifies_by_its_own_rule(self) -> None:
        """
        Where two worlds are compared the rule is handed in, and it is the one that is used.
        """
        twin = MLDSA44Twin(SEEDS[f"{NAME} ml-dsa-44"])
        both = StreamSigners(ed25519=SIGNERS.ed25519, mldsa44=twin)
        data = sign_statement(TEXT, purpose=Purpose.POLICY, name=NAME, signers=both)
        with pytest.raises(SignatureError):
            read(data)
        found = verify_statement(data, purpose=Purpose.POLICY, name=NAME, keys=KEYS, verify=unsafe_verify)
        assert found == TEXT


class TestPublished:
    def test_the_generator_would_make_the_same_file(self) -> None:
        """
        What is published is what the other implementation makes.
        """
        assert vectors.made() == vectors.FILE.read_bytes()
        assert vectors.rendered(PAGE) == PAGE

    def test_limits_on_the_page_are_those_of_the_code(self) -> None:
        """
        The page states the limits and the type that the code enforces.
        """
        assert (
            f"| bytes of a statement with its signatures | {statement.STATEMENT_SIZE_BYTES_MAX:,} |" in PAGE
        )
        assert f"`0xff`, then `{statement.MLDSA44_TYPE.decode()}`" in PAGE
        assert re.search(rf"\| bytes of a key name \| {NAME_SIZE_BYTES_MAX} \|", PAGE)
