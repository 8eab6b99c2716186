# SPDX-License-Identifier: Apache-2.0

import contextlib
import json
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.errors import LegationError, MalformedError, SignatureError
from legation.keys.sign import MLDSA44Signer
from legation.log.note import Note, NoteSignature, SignatureType, key_hash, read_note, write_note
from legation.log.verifier import VerifierKey, open_note, read_verifier_key
from tests.formats.standards import standard
from tests.log import handmade
from tests.log.handmade import RECEIVER, SENDER
from tests.log.test_checkpoint import OURS, THEIRS

ED25519, WITNESS, MLDSA44 = (
    SignatureType.ED25519,
    SignatureType.ED25519_COSIGNATURE,
    SignatureType.MLDSA44_COSIGNATURE,
)
RECEIPT = handmade.receipt()
KEYS = (
    VerifierKey(name=SENDER.name, type=ED25519, key=OURS.ed25519.public_key),
    VerifierKey(name=SENDER.name, type=MLDSA44, key=OURS.mldsa44.public_key),
    VerifierKey(name=RECEIVER.name, type=WITNESS, key=THEIRS.ed25519.public_key),
    VerifierKey(name=RECEIVER.name, type=MLDSA44, key=THEIRS.mldsa44.public_key),
)
VKEYS = tuple(map(str, KEYS))


class TestKeys:
    @pytest.mark.parametrize("key", KEYS, ids=["ed25519", "ml-dsa-44", "witness", "ml-dsa-44 witness"])
    def test_is_read_as_it_was_written(self, key: VerifierKey) -> None:
        """Name, hash and key come back, for every type that is known."""
        assert read_verifier_key(str(key)) == key

    @settings(max_examples=200)
    @given(data=st.data())
    def test_any_change_is_refused(self, data: st.DataObject) -> None:
        """One character more, less or other: the hash no longer is that of name and key."""
        text = VKEYS[0]
        place = data.draw(st.integers(0, len(text) - 1))
        more = data.draw(st.text(max_size=1))
        changed = text[:place] + more + text[place + data.draw(st.integers(0, 1)) :]
        if changed != text:
            with pytest.raises(MalformedError):
                read_verifier_key(changed)

    @pytest.mark.parametrize(
        "text",
        ["", "+", "++", "name", "name+00000000", "name+00000000+", "name+00000000+AA==", "a b+00000000+AQ=="],
    )
    def test_what_is_no_key_is_refused(self, text: str) -> None:
        """Too few parts, no hash, no key, no name."""
        with pytest.raises(MalformedError):
            read_verifier_key(text)

    def test_a_type_that_is_not_known_is_refused(self) -> None:
        """ECDSA, tree heads and whatever comes later."""
        key = OURS.ed25519.public_key.key
        for type_ in (0x00, 0x02, 0x05, 0xFF):
            hash_ = handmade.key_hash("name", bytes([type_]), key).hex()
            with pytest.raises(MalformedError, match="type"):
                read_verifier_key(f"name+{hash_}+{handmade.b64(bytes([type_]) + key)}")

    def test_a_key_of_another_algorithm_than_its_type_is_refused(self) -> None:
        """It cannot be made either."""
        with pytest.raises(MalformedError, match="algorithm"):
            VerifierKey(name="name", type=ED25519, key=OURS.mldsa44.public_key)


class TestNotes:
    @pytest.mark.parametrize("vkey", VKEYS, ids=["ed25519", "ml-dsa-44", "witness", "ml-dsa-44 witness"])
    def test_opens_with_any_one_of_its_keys(self, vkey: str) -> None:
        """The other lines are there, and named as not verified."""
        note = open_note(RECEIPT, [vkey])
        assert note.text == read_note(RECEIPT).text
        assert len(note.signatures) == 1
        assert len(note.unverified) == 3

    def test_opens_with_all_of_them(self) -> None:
        """Nothing is left unverified."""
        assert open_note(RECEIPT, VKEYS).unverified == ()

    def test_without_a_known_key_it_is_refused(self) -> None:
        """Neither with no keys nor with those of somebody else."""
        for vkeys in ([], [VKEYS[0].replace("KOR", "JPN", 1)][:0]):
            with pytest.raises(SignatureError):
                open_note(RECEIPT, vkeys)
        stranger = VerifierKey(name=SENDER.name, type=ED25519, key=THEIRS.ed25519.public_key)
        with pytest.raises(SignatureError, match="known"):
            open_note(RECEIPT, [str(stranger)])

    def test_one_bad_line_of_a_known_key_refuses_the_whole(self) -> None:
        """A good line beside it does not excuse it; as the line of an unknown key it is passed over."""
        note = read_note(RECEIPT)
        first, *rest = note.signatures
        broken = bytes([first.signature[0] ^ 1]) + first.signature[1:]
        bad = NoteSignature(name=first.name, key_hash=first.key_hash, signature=broken)
        data = write_note(Note(text=note.text, signatures=(bad, *rest)))
        with pytest.raises(SignatureError):
            open_note(data, VKEYS)
        assert len(open_note(data, VKEYS[1:]).signatures) == 3

    @pytest.mark.parametrize("vkey", VKEYS, ids=["ed25519", "ml-dsa-44", "witness", "ml-dsa-44 witness"])
    def test_another_text_does_not_verify(self, vkey: str) -> None:
        """What is signed is the text, or what the text says."""
        note = read_note(RECEIPT)
        other = note.text.replace("\n3\n", "\n4\n")
        with pytest.raises(SignatureError):
            open_note(write_note(Note(text=other, signatures=note.signatures)), [vkey])

    @pytest.mark.parametrize("text", ["words\n", "origin\n01\nAAAA\n", "origin\n1\nAAAA\n", "origin\n1\n\n"])
    def test_a_cosignature_under_no_checkpoint_is_refused(self, text: str) -> None:
        """There would be nothing that it signs."""
        note = read_note(RECEIPT)
        with pytest.raises(SignatureError, match="checkpoint"):
            open_note(write_note(Note(text=text, signatures=note.signatures)), [VKEYS[3]])

    def test_a_checkpoint_of_others_may_be_of_size_0_and_have_more_lines(self) -> None:
        """The standard allows both; only our own checkpoints have neither."""
        signer = MLDSA44Signer(handmade.seed("witness"))
        text = f"example.com/log\n0\n{handmade.b64(bytes(32))}\nmore\n"
        name = "witness.example"
        message = (
            b"subtree/v1\n\x00\x0fwitness.example"
            + (7).to_bytes(8, "big")
            + b"\x0fexample.com/log"
            + bytes(16)
            + bytes(32)
        )
        signature = (7).to_bytes(8, "big") + MLDSA44PrivateKey.from_seed_bytes(handmade.seed("witness")).sign(
            message
        )
        hash_ = key_hash(name, MLDSA44, signer.public_key.key)
        line = NoteSignature(name=name, key_hash=hash_, signature=signature)
        vkey = VerifierKey(name=name, type=MLDSA44, key=signer.public_key)
        assert open_note(write_note(Note(text=text, signatures=(line,))), [str(vkey)]).text == text

    @settings(max_examples=200)
    @given(data=st.data())
    def test_a_changed_note_is_refused_or_says_the_same(self, data: st.DataObject) -> None:
        """Whatever one byte is made to: no other text, and no error but ours."""
        whole = bytearray(RECEIPT)
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
        with contextlib.suppress(LegationError):
            assert open_note(bytes(whole), VKEYS).text == read_note(RECEIPT).text


class TestPublished:
    @staticmethod
    def published() -> Iterator[dict[str, str]]:
        """The notes of the standard and of the implementation it comes from."""
        yield from json.loads(standard("signed-note-vectors.json"))["valid"]

    def test_notes_verify(self) -> None:
        """Both, with their keys, and not with one another's."""
        one, other = self.published()
        for each in (one, other):
            assert f"{open_note(each['note'].encode(), [each['vkey']]).text}\n—" in each["note"]
        with pytest.raises(SignatureError):
            open_note(one["note"].encode(), [other["vkey"]])

    def test_keys_that_are_none_are_refused(self) -> None:
        """And so is every key that is cut short, prolonged or changed in one byte."""
        for text in json.loads(standard("signed-note-vectors.json"))["invalid_vkeys"]:
            with pytest.raises(MalformedError):
                read_verifier_key(text)
        for each in self.published():
            text = each["vkey"]
            changed = [text[:place] for place in range(len(text))]
            changed += [f"{text}A", f"{text}="]
            for place in range(len(text)):
                changed.append(f"{text[:place]}{chr(ord(text[place]) ^ 1)}{text[place + 1 :]}")
            for one in changed:
                with pytest.raises(MalformedError):
                    read_verifier_key(one)
