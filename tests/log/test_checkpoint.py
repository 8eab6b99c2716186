# SPDX-License-Identifier: Apache-2.0

import contextlib
import itertools
import json
import random
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.errors import LegationError, MalformedError, SignatureError, VerificationError
from legation.keys.card import TIME_MAX
from legation.keys.sign import (
    Ed25519Signer,
    MLDSA44Signer,
    MLDSA44Twin,
    PublicKey,
    Purpose,
    Signer,
    Verify,
    unsafe_verify,
)
from legation.log import (
    Checkpoint,
    Frontier,
    Receipt,
    StreamSigners,
    checkpoint,
    cosign,
    key_name,
    log_origin,
    sign_checkpoint,
    stream_origin,
    verify_checkpoint,
    verify_receipt,
)
from legation.log.growth import GROWTH_HASHES_MAX, GROWTH_SIZE_BYTES_MAX
from legation.log.note import Note, NoteSignature, read_note, write_note
from legation.log.proof import EXTRA_SIZE_BYTES_MAX, PROOF_SIZE_BYTES_MAX
from legation.log.signing import NAME_SIZE_BYTES_MAX
from legation.merkle import PROOF_HASHES_MAX, Hash
from tests.log import handmade
from tests.log.handmade import (
    HEAD,
    INCARNATION,
    LEAVES,
    LOG_HEAD,
    RECEIVER,
    SENDER,
    STRANGER,
    TIME,
    Hand,
    Head,
)

SPECIFICATION = Path(__file__).parents[2] / "docs" / "spec" / "log.md"
FAMILIES: dict[str, type[LegationError]] = {
    "malformed": MalformedError,
    "origin": VerificationError,
    "signature": SignatureError,
}
BAD_CHECKPOINTS = handmade.bad_checkpoints()
BAD_RECEIPTS = handmade.bad_receipts()


def signers_of(office: str, version: str = "") -> StreamSigners:
    """The stream keys of an office; *version* tells one rotation from another."""
    return StreamSigners(
        ed25519=Ed25519Signer(handmade.seed(f"{office} stream{version} ed25519")),
        mldsa44=MLDSA44Signer(handmade.seed(f"{office} stream{version} ml-dsa-44")),
    )


def keys_of(*found: StreamSigners) -> list[PublicKey]:
    """Their public keys."""
    return [signer.public_key for each in found for signer in (each.ed25519, each.mldsa44)]


OURS, THEIRS = signers_of(SENDER.office), signers_of(RECEIVER.office)
OUR_KEYS, THEIR_KEYS = keys_of(OURS), keys_of(THEIRS)
GOOD = Checkpoint(origin=HEAD.origin, size=HEAD.size, root=Hash(HEAD.root))
CHECKPOINT, RECEIPT = handmade.checkpoint(), handmade.receipt()


def read_checkpoint(data: bytes, verify: Verify = PublicKey.verify) -> Checkpoint:
    """Verify the example's checkpoint."""
    return verify_checkpoint(data, origin=HEAD.origin, name=SENDER.name, keys=OUR_KEYS, verify=verify)


def read_receipt(data: bytes, verify: Verify = PublicKey.verify) -> Receipt:
    """Verify the example's receipt."""
    return verify_receipt(
        data,
        origin=HEAD.origin,
        name=SENDER.name,
        keys=OUR_KEYS,
        cosigner=RECEIVER.name,
        cosigner_keys=THEIR_KEYS,
        verify=verify,
    )


def refused_as(expect: str, read: Callable[[bytes], object], data: bytes) -> None:
    """Check that a note is refused, with the error of exactly this family."""
    with pytest.raises(VerificationError if expect != "malformed" else MalformedError) as caught:
        read(data)
    assert type(caught.value) is FAMILIES[expect]


class TestNames:
    def test_are_as_published(self) -> None:
        """Origins and key names, spelled out."""
        assert stream_origin("KOR@NATO", "JPN@NATO", bytes(15) + b"\xab") == (
            "legation/stream/v1/KOR@NATO/JPN@NATO/000000000000000000000000000000ab"
        )
        assert log_origin("KOR", bytes(16)) == "legation/log/v1/KOR/00000000000000000000000000000000"
        assert key_name("KOR@NATO") == "KOR@NATO/stream"

    @pytest.mark.parametrize(
        "office", ["", "K", "kor", "KOR@", "KOR@KOR", "KOR/JPN", "KOR+", "KOR NATO", "KOR\n"]
    )
    def test_refuse_what_is_no_office(self, office: str) -> None:
        """No text that is no office gets into an origin, where a slash would move its parts."""
        makes: list[Callable[[], str]] = [
            lambda: stream_origin(office, "JPN@NATO", bytes(16)),
            lambda: stream_origin("JPN@NATO", office, bytes(16)),
            lambda: log_origin(office, bytes(16)),
            lambda: key_name(office),
        ]
        for make in makes:
            with pytest.raises(MalformedError):
                make()

    @pytest.mark.parametrize("size_bytes", [0, 15, 17, 32])
    def test_refuse_another_incarnation(self, size_bytes: int) -> None:
        """An incarnation has 128 bits."""
        with pytest.raises(MalformedError, match="expected 16"):
            stream_origin("KOR@NATO", "JPN@NATO", bytes(size_bytes))
        with pytest.raises(MalformedError, match="expected 16"):
            log_origin("KOR@NATO", bytes(size_bytes))

    def test_no_office_has_a_stream_to_itself(self) -> None:
        """A stream has two ends."""
        with pytest.raises(MalformedError, match="itself"):
            stream_origin("KOR@NATO", "KOR@NATO", bytes(16))

    def test_different_streams_and_logs_have_different_origins(self) -> None:
        """Sender, receiver, incarnation and kind all count."""
        offices = ("KOR", "NATO", "KOR@NATO", "NATO@KOR", "JPN")
        lives = (bytes(16), b"\x01" + bytes(15))
        streams = [
            stream_origin(*ends, life) for ends in itertools.permutations(offices, 2) for life in lives
        ]
        logs = [log_origin(office, life) for office in offices for life in lives]
        assert len({*streams, *logs}) == len(streams) + len(logs)


class TestCheckpoint:
    def test_text_is_that_of_the_other_hand(self) -> None:
        """Origin, decimal size, base64 root, each on a line."""
        assert GOOD.text == HEAD.text

    @pytest.mark.parametrize(
        "changes",
        [
            {"origin": ""},
            {"origin": "example.com/log"},
            {"origin": "legation/stream/v1/"},
            {"origin": "legation/stream/v2/KOR/JPN/00"},
            {"origin": "xlegation/stream/v1/KOR/JPN/00"},
            {"origin": "legation/log/v1/KOR/0\n0"},
            {"origin": "legation/log/v1/KOR/00\n"},
            {"origin": "legation/log/v1/KOR/0 0"},
            {"origin": "legation/log/v1/KOR/0+0"},
            {"origin": "legation/log/v1/KOR/é"},
            {"origin": "legation/log/v1/" + 240 * "x"},
            {"size": -1},
            {"size": 0},
            {"size": 2**53},
            {"root": b""},
            {"root": bytes(31)},
            {"root": bytes(33)},
        ],
    )
    def test_cannot_exist_wrong(self, changes: dict[str, str | int | bytes]) -> None:
        """What cannot be signed cannot be made."""
        fields = {"origin": HEAD.origin, "size": 1, "root": HEAD.root}
        with pytest.raises(MalformedError):
            Checkpoint(**(fields | changes))  # type: ignore[arg-type]

    def test_longest_origin_is_taken(self) -> None:
        """ML-DSA-44 signs an origin of up to 255 bytes."""
        head = Head(origin="legation/log/v1/" + 239 * "x", size=1, root=bytes(32))
        found = Checkpoint(origin=head.origin, size=1, root=Hash(bytes(32)))
        data = sign_checkpoint(found, name=SENDER.name, signers=OURS)
        assert handmade.reads(data, SENDER, origin=head.origin)


class TestSign:
    @settings(deadline=None, max_examples=30)
    @given(
        size=st.integers(1, 9) | st.integers(1, 2**53 - 1),
        root=st.binary(min_size=32, max_size=32),
        own=st.booleans(),
    )
    def test_another_hand_reads_what_is_signed(self, size: int, root: bytes, own: bool) -> None:
        """Any checkpoint of a stream or a log holds for a reader written from the specification."""
        origin = LOG_HEAD.origin if own else HEAD.origin
        found = Checkpoint(origin=origin, size=size, root=Hash(root))
        data = sign_checkpoint(found, name=SENDER.name, signers=OURS)
        assert handmade.reads(data, SENDER, origin=origin)
        assert verify_checkpoint(data, origin=origin, name=SENDER.name, keys=OUR_KEYS) == found

    @pytest.mark.parametrize("head", [HEAD, LOG_HEAD], ids=["stream", "log"])
    def test_is_the_other_hands_note_but_for_randomness(self, head: Head) -> None:
        """Text, names, key hashes, times and the Ed25519 signature are byte for byte the same."""
        found = Checkpoint(origin=head.origin, size=head.size, root=Hash(head.root))
        ours = sign_checkpoint(found, name=SENDER.name, signers=OURS).decode()
        theirs = handmade.checkpoint(head).decode()
        assert handmade.without_randomness(ours) == handmade.without_randomness(theirs)
        assert len(ours) == len(theirs)

    def test_each_signing_gives_other_bytes_and_the_same_checkpoint(self) -> None:
        """Randomised signatures: bytes are stored, never compared."""
        signed = {sign_checkpoint(GOOD, name=SENDER.name, signers=OURS) for _ in range(3)}
        assert len(signed) == 3
        assert {read_checkpoint(data) for data in signed} == {GOOD}

    @pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", 256 * "a", 128 * "é"])
    def test_refuses_what_is_no_name(self, name: str) -> None:
        """A name that no line could have, or that ML-DSA-44 could not sign, is refused at once."""
        with pytest.raises(MalformedError):
            sign_checkpoint(GOOD, name=name, signers=OURS)
        with pytest.raises(MalformedError):
            verify_checkpoint(CHECKPOINT, origin=HEAD.origin, name=name, keys=OUR_KEYS)

    def test_refuses_signers_of_the_wrong_algorithms(self) -> None:
        """One of each, in their places."""
        for one, other in [
            (OURS.mldsa44, OURS.ed25519),
            (OURS.ed25519, OURS.ed25519),
            (OURS.mldsa44, OURS.mldsa44),
        ]:
            with pytest.raises(MalformedError, match="ed25519 and an ml-dsa-44"):
                StreamSigners(ed25519=one, mldsa44=other)


class TestVerify:
    def test_takes_what_another_hand_signed(self) -> None:
        """Of a stream and of an own log."""
        assert read_checkpoint(CHECKPOINT) == GOOD
        log = handmade.checkpoint(LOG_HEAD)
        found = verify_checkpoint(log, origin=LOG_HEAD.origin, name=SENDER.name, keys=OUR_KEYS)
        assert (found.size, found.root) == (HEAD.size, HEAD.root)

    @pytest.mark.parametrize("defect", BAD_CHECKPOINTS)
    def test_refuses_every_defect(self, defect: str) -> None:
        """One thing wrong, signed as far as it can be: refused, and with the error that says what."""
        expect, data = BAD_CHECKPOINTS[defect]
        refused_as(expect, read_checkpoint, data)
        assert not handmade.reads(data, SENDER)

    def test_size_is_taken_up_to_the_largest(self) -> None:
        """The largest size that JSON holds exactly."""
        head = Head(origin=HEAD.origin, size=2**53 - 1, root=HEAD.root)
        assert read_checkpoint(handmade.checkpoint(head)).size == 2**53 - 1

    def test_refuses_another_origin_and_another_name_than_expected(self) -> None:
        """A true checkpoint is none of what was not asked for."""
        with pytest.raises(VerificationError, match="another origin"):
            verify_checkpoint(CHECKPOINT, origin=LOG_HEAD.origin, name=SENDER.name, keys=OUR_KEYS)
        with pytest.raises(SignatureError, match="another name"):
            verify_checkpoint(CHECKPOINT, origin=HEAD.origin, name=RECEIVER.name, keys=OUR_KEYS)

    def test_refuses_a_change_at_any_byte(self) -> None:
        """No byte of a checkpoint is without meaning."""
        for place in range(len(CHECKPOINT)):
            changed = bytearray(CHECKPOINT)
            changed[place] ^= 1
            with pytest.raises((MalformedError, VerificationError)):
                read_checkpoint(bytes(changed))

    def test_refuses_what_is_too_long_before_it_is_read(self) -> None:
        """Hostile length costs nothing."""
        with pytest.raises(MalformedError, match="at most 4096"):
            read_checkpoint(bytes(4097))
        with pytest.raises(MalformedError, match="at most 8192"):
            read_receipt(bytes(8193))

    def test_errors_hold_no_word_of_the_note(self) -> None:
        """An error names what was expected, and nothing that came in."""
        for _, data in (*BAD_CHECKPOINTS.values(), *BAD_RECEIPTS.values()):
            for read in (read_checkpoint, read_receipt):
                try:
                    read(data)
                except LegationError as error:
                    told = error.message
                    assert told[0].islower()
                    assert not told.endswith(".")
                    assert not any(word in told for word in ("AUS", "example.com", "JPN/", "more"))


class TestKeys:
    NEW = signers_of(SENDER.office, " new")

    def verified_with(self, data: bytes, keys: list[PublicKey]) -> bool:
        """Whether a checkpoint verifies with these keys."""
        try:
            verify_checkpoint(data, origin=HEAD.origin, name=SENDER.name, keys=iter(keys))
        except SignatureError:
            return False
        return True

    def test_current_and_retired_keys_both_verify(self) -> None:
        """After a rotation old and new checkpoints hold, in whatever order the keys are given."""
        new = sign_checkpoint(GOOD, name=SENDER.name, signers=self.NEW)
        for keys in itertools.permutations([*OUR_KEYS, *keys_of(self.NEW)]):
            assert self.verified_with(CHECKPOINT, list(keys))
            assert self.verified_with(new, list(keys))

    def test_one_key_may_have_been_rotated_before_the_other(self) -> None:
        """The two lines need not be of keys of one age."""
        mixed = StreamSigners(ed25519=self.NEW.ed25519, mldsa44=OURS.mldsa44)
        data = sign_checkpoint(GOOD, name=SENDER.name, signers=mixed)
        assert self.verified_with(data, [*OUR_KEYS, *keys_of(self.NEW)])
        assert not self.verified_with(data, OUR_KEYS)

    def test_refuses_a_key_that_is_not_given(self) -> None:
        """One key missing, or both, or only keys of others: refused, whichever line it is."""
        one, other = OUR_KEYS
        for keys in (
            [],
            [one],
            [other],
            keys_of(self.NEW),
            THEIR_KEYS,
            [one, *THEIR_KEYS],
            [other, *THEIR_KEYS],
        ):
            assert not self.verified_with(CHECKPOINT, keys)

    def test_tries_only_the_key_that_the_line_names(self) -> None:
        """Among many keys two verifications are made, and those of the right keys."""
        tried: list[PublicKey] = []

        def counting(key: PublicKey, purpose: Purpose, message: bytes, signature: bytes, /) -> None:
            tried.append(key)
            key.verify(purpose, message, signature)

        many = [key for age in range(20) for key in keys_of(signers_of(SENDER.office, f" {age}"))]
        verify_checkpoint(
            CHECKPOINT, origin=HEAD.origin, name=SENDER.name, keys=[*many, *OUR_KEYS, *many], verify=counting
        )
        assert tried == OUR_KEYS
        tried.clear()
        with pytest.raises(SignatureError, match="not known"):
            verify_checkpoint(CHECKPOINT, origin=HEAD.origin, name=SENDER.name, keys=many, verify=counting)
        assert tried == []

    def test_keys_whose_hashes_collide_are_told_apart(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Four bytes prove nothing: where two keys have the same, the one that signed is found."""
        monkeypatch.setattr(checkpoint, "key_hash", lambda *_: b"same")
        data = sign_checkpoint(GOOD, name=SENDER.name, signers=OURS)
        new = keys_of(self.NEW)
        assert self.verified_with(data, [*new, *OUR_KEYS])
        assert self.verified_with(data, [*OUR_KEYS, *new])
        assert not self.verified_with(data, new)
        assert not self.verified_with(data, [*new, *THEIR_KEYS])
        tried: list[str] = []

        def noting(key: PublicKey, purpose: Purpose, message: bytes, signature: bytes, /) -> None:
            tried.append(key.algorithm)
            key.verify(purpose, message, signature)

        many = [*OUR_KEYS, *new]
        verify_checkpoint(data, origin=HEAD.origin, name=SENDER.name, keys=many, verify=noting)
        assert tried == ["ed25519", "ml-dsa-44"]


class TestPurposes:
    def lines(self) -> Iterator[tuple[int, Signer, Purpose, bytes]]:
        """Every line of a receipt: its place, who signs, for what, and what follows the prefix."""
        told = [
            (OURS.ed25519, Purpose.STREAM, handmade.ed25519_told(HEAD, handmade.ED25519, 0)),
            (OURS.mldsa44, Purpose.SUBTREE, handmade.mldsa44_told(HEAD, SENDER.name, 0)),
            (
                THEIRS.ed25519,
                Purpose.COSIGNATURE,
                handmade.ed25519_told(HEAD, handmade.ED25519_COSIGNATURE, TIME),
            ),
            (THEIRS.mldsa44, Purpose.SUBTREE, handmade.mldsa44_told(HEAD, RECEIVER.name, TIME)),
        ]
        for place, (signer, purpose, whole) in enumerate(told):
            assert whole.startswith(purpose.prefix)
            yield place, signer, purpose, whole.removeprefix(purpose.prefix)

    def with_signature(self, place: int, signature: bytes) -> bytes:
        """The receipt with another signature in one line; name, key hash and time stay."""
        note = read_note(RECEIPT)
        lines = list(note.signatures)
        old = lines[place]
        stamp = old.signature[: len(old.signature) - len(signature)]
        lines[place] = NoteSignature(name=old.name, key_hash=old.key_hash, signature=stamp + signature)
        return write_note(Note(text=note.text, signatures=tuple(lines)))

    def test_each_line_is_signed_for_its_purpose_and_no_other(self) -> None:
        """The matrix: in each line a signature by the right key for any other purpose is refused."""
        for place, signer, right, message in self.lines():
            for purpose in Purpose:
                for told in {message, right.prefix + message}:
                    data = self.with_signature(place, signer.sign(purpose, told))
                    if purpose is right and told == message:
                        assert read_receipt(data).checkpoint == GOOD
                    else:
                        refused_as("signature", read_receipt, data)

    def test_no_line_is_a_signature_for_anything_else(self) -> None:
        """What is signed in a note says nothing under any other purpose, wherever its bytes are divided."""
        signatures = [
            line.signature[-len(signer.sign(Purpose.ITEM, b"")) :] for line, signer in self.signed()
        ]
        for (_, signer, right, message), signature in zip(self.lines(), signatures, strict=True):
            whole = right.prefix + message
            for purpose in set(Purpose) - {right}:
                for told in (message, whole, whole[len(purpose.prefix) :], whole.partition(b"\n")[2]):
                    with pytest.raises(SignatureError):
                        signer.public_key.verify(purpose, told, signature)

    def signed(self) -> list[tuple[NoteSignature, Signer]]:
        """Each line of the receipt and who signed it."""
        signers = (OURS.ed25519, OURS.mldsa44, THEIRS.ed25519, THEIRS.mldsa44)
        return list(zip(read_note(RECEIPT).signatures, signers, strict=True))

    def test_a_stream_and_a_log_are_not_one_another(self) -> None:
        """The checkpoint of one, with the other's lines, is refused."""
        assert Frontier().extend(map(Hash, LEAVES)).root == HEAD.root
        stream, log = SENDER.lines(HEAD), SENDER.lines(LOG_HEAD)
        for lines in ([log[0], stream[1]], [stream[0], log[1]], log):
            refused_as("signature", read_checkpoint, handmade.note(HEAD, *lines))


class TestCosign:
    @settings(deadline=None, max_examples=20)
    @given(time=st.integers(1, 9) | st.integers(1, TIME_MAX))
    def test_another_hand_reads_the_receipt(self, time: int) -> None:
        """It is the checkpoint, byte for byte, and two lines more."""
        data = cosign(CHECKPOINT, name=RECEIVER.name, signers=THEIRS, time=time)
        assert data.startswith(CHECKPOINT)
        assert data[len(CHECKPOINT) :].count(b"\n") == 2
        assert handmade.reads(data, SENDER, RECEIVER)
        assert read_receipt(data) == Receipt(checkpoint=GOOD, time=time, data=data)

    def test_is_the_other_hands_note_but_for_randomness(self) -> None:
        """Names, key hashes, times and the Ed25519 signatures are the same."""
        ours = cosign(CHECKPOINT, name=RECEIVER.name, signers=THEIRS, time=TIME).decode()
        assert handmade.without_randomness(ours) == handmade.without_randomness(RECEIPT.decode())

    @pytest.mark.parametrize("time", [-1, 0, TIME_MAX + 1, 2**64])
    def test_refuses_what_is_no_time(self, time: int) -> None:
        """Time 0 would make no statement, and a time after 9999 has no common spelling."""
        with pytest.raises(MalformedError, match="time"):
            cosign(CHECKPOINT, name=RECEIVER.name, signers=THEIRS, time=time)

    def test_refuses_to_receipt_a_checkpoint_of_its_own(self) -> None:
        """Nobody gives themselves a receipt."""
        with pytest.raises(MalformedError, match="another office"):
            cosign(CHECKPOINT, name=SENDER.name, signers=OURS, time=TIME)

    @pytest.mark.parametrize(
        "defect", [name for name in BAD_CHECKPOINTS if BAD_CHECKPOINTS[name][0] == "malformed"]
    )
    def test_refuses_what_has_not_the_form_of_a_checkpoint(self, defect: str) -> None:
        """A receipt under anything else would say something else; a receipt is not receipted again."""
        with pytest.raises(MalformedError):
            cosign(BAD_CHECKPOINTS[defect][1], name=RECEIVER.name, signers=THEIRS, time=TIME)

    def test_refuses_a_name_that_no_line_can_have(self) -> None:
        """Nothing is signed under it."""
        with pytest.raises(MalformedError, match="name"):
            cosign(CHECKPOINT, name="a b", signers=THEIRS, time=TIME)


class TestReceipt:
    def test_takes_what_another_hand_signed(self) -> None:
        """Checkpoint, time and bytes come out."""
        assert read_receipt(RECEIPT) == Receipt(checkpoint=GOOD, time=TIME, data=RECEIPT)

    @pytest.mark.parametrize("defect", BAD_RECEIPTS)
    def test_refuses_every_defect(self, defect: str) -> None:
        """One thing wrong, signed as far as it can be: refused, and with the error that says what."""
        expect, data = BAD_RECEIPTS[defect]
        refused_as(expect, read_receipt, data)
        assert not handmade.reads(data, SENDER, RECEIVER)

    def test_a_checkpoint_is_none_and_it_is_no_checkpoint(self) -> None:
        """Each has its own number of lines; neither passes for the other."""
        refused_as("malformed", read_receipt, CHECKPOINT)
        refused_as("malformed", read_checkpoint, RECEIPT)

    def test_refuses_a_change_at_any_byte(self) -> None:
        """No byte of a receipt is without meaning."""
        for place in range(len(RECEIPT)):
            changed = bytearray(RECEIPT)
            changed[place] ^= 2
            with pytest.raises((MalformedError, VerificationError)):
                read_receipt(bytes(changed))

    def test_keys_of_one_office_do_not_verify_lines_of_the_other(self) -> None:
        """Each line's keys are those of the office it must be of."""
        for keys, cosigner_keys in ((THEIR_KEYS, OUR_KEYS), (OUR_KEYS, OUR_KEYS), (THEIR_KEYS, THEIR_KEYS)):
            with pytest.raises(SignatureError):
                verify_receipt(
                    RECEIPT,
                    origin=HEAD.origin,
                    name=SENDER.name,
                    keys=keys,
                    cosigner=RECEIVER.name,
                    cosigner_keys=cosigner_keys,
                )


class TestLimits:
    def test_longest_notes_there_can_be_have_the_stated_sizes(self) -> None:
        """Two offices of the longest names, the largest size and time: far below both limits."""
        one, other = Hand(f"A{'-' * 15}@B{'-' * 15}"), Hand(f"C{'-' * 15}@D{'-' * 15}")
        origin = stream_origin(one.office, other.office, INCARNATION)
        longest = Checkpoint(origin=origin, size=2**53 - 1, root=Hash(HEAD.root))
        signed = sign_checkpoint(longest, name=key_name(one.office), signers=signers_of(one.office))
        signers = signers_of(other.office)
        receipted = cosign(signed, name=key_name(other.office), signers=signers, time=TIME_MAX)
        assert handmade.reads(receipted, one, other, origin=origin)
        assert (len(signed), len(receipted)) == (3611, 7051)


class TestTwin:
    def test_notes_of_a_twin_world_are_the_same_each_time_and_read_there_only(self) -> None:
        """With twins for ML-DSA-44, checkpoint and receipt follow from their keys; a node refuses them."""
        ours, theirs = (
            StreamSigners(
                ed25519=hand.ed25519,
                mldsa44=MLDSA44Twin(handmade.seed(f"{office} stream ml-dsa-44")),
            )
            for hand, office in ((OURS, SENDER.office), (THEIRS, RECEIVER.office))
        )
        signed = sign_checkpoint(GOOD, name=SENDER.name, signers=ours)
        receipted = cosign(signed, name=RECEIVER.name, signers=theirs, time=TIME)
        assert signed == sign_checkpoint(GOOD, name=SENDER.name, signers=ours)
        assert receipted == cosign(signed, name=RECEIVER.name, signers=theirs, time=TIME)
        assert read_checkpoint(signed, unsafe_verify) == GOOD
        assert read_receipt(receipted, unsafe_verify).checkpoint == GOOD
        refused_as("signature", read_checkpoint, signed)
        refused_as("signature", read_receipt, receipted)
        with pytest.raises(SignatureError):
            read_checkpoint(CHECKPOINT, unsafe_verify)


# True lines of other offices, sizes and roots, to be put where they do not belong.
STRANGE = [
    found.encode()
    for found in (
        *STRANGER.lines(HEAD),
        *STRANGER.lines(HEAD, time=TIME),
        *SENDER.lines(handmade.OTHER_SIZE),
        *RECEIVER.lines(handmade.OTHER_ROOT, time=TIME),
    )
]


def mutated(data: bytes, dice: random.Random) -> bytes:
    """A note with one to three things done to it: to bytes, to lines, or to the origin."""
    for _ in range(dice.randint(1, 3)):
        place, size_bytes = dice.randrange(len(data) + 1), dice.randint(0, 3)
        lines = data.splitlines(keepends=True) or [b""]
        one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
        swapped = [*lines]
        swapped[one], swapped[other] = lines[other], lines[one]
        strange = dice.choice(STRANGE)
        data = dice.choice(
            [
                data[:place] + dice.randbytes(size_bytes) + data[place:],
                data[:place] + data[place + size_bytes :],
                data[:place] + bytes([dice.choice(b"\n =+/A0\x00\xe2")]) + data[place + 1 :],
                data[:place],
                data.replace(b"NATO/", b"EU/", size_bytes),
                b"".join(swapped),
                b"".join([*lines[:one], lines[other], *lines[one:]]),
                b"".join([*lines[:one], *lines[one + 1 :]]),
                b"".join([*lines[:one], strange, *lines[one + 1 :]]),
                b"".join([*lines, strange]),
            ]
        )
    return data


@pytest.mark.parametrize("kind", ["checkpoint", "receipt"])
def test_mutated_notes_are_refused_with_the_documented_errors(kind: str) -> None:
    """
    Of 2,000 notes that somebody tampered with none is accepted, and nothing else comes out.
    """
    good = CHECKPOINT if kind == "checkpoint" else RECEIPT
    read = read_checkpoint if kind == "checkpoint" else read_receipt
    dice = random.Random(2028)
    seen: set[type[LegationError]] = set()
    for _ in range(2000):
        data = mutated(good, dice)
        while data == good:
            data = mutated(good, dice)
        with pytest.raises((MalformedError, VerificationError)) as caught:
            read(data)
        seen.add(type(caught.value))
        assert not handmade.reads(data, SENDER, None if kind == "checkpoint" else RECEIVER)
    assert seen == set(FAMILIES.values())


@settings(deadline=None, max_examples=300)
@given(data=st.binary(max_size=200) | st.text("— +=\n1Aa/legation", max_size=80).map(str.encode))
def test_any_bytes_are_refused_with_one_error(data: bytes) -> None:
    """
    What is no note at all is malformed, whoever asks.
    """
    for read in (read_checkpoint, read_receipt):
        with pytest.raises(MalformedError):
            read(data)
    with contextlib.suppress(MalformedError):
        cosign(data, name=RECEIVER.name, signers=THEIRS, time=TIME)


class TestExample:
    STORED = json.loads(handmade.VECTOR.read_text("utf-8"))

    def test_vectors_are_what_the_other_hand_makes(self) -> None:
        """The file is made again from names and compared, all but the random bytes of ML-DSA-44."""
        assert handmade.without_randomness(self.STORED) == handmade.without_randomness(handmade.vector())

    def test_vectors_hold(self) -> None:
        """What was published verifies, and what must be refused is."""
        signed, receipted = self.STORED["checkpoint"].encode(), self.STORED["receipt"].encode()
        assert read_checkpoint(signed) == GOOD
        assert read_receipt(receipted) == Receipt(checkpoint=GOOD, time=TIME, data=receipted)
        assert receipted.startswith(signed)
        for name, read in (("refused_checkpoints", read_checkpoint), ("refused_receipts", read_receipt)):
            assert self.STORED[name]
            for found in self.STORED[name].values():
                refused_as(found["expect"], read, found["note"].encode())

    def test_vectors_say_what_the_code_computes(self) -> None:
        """Frontier, root and what is signed follow from the entries."""
        leaves = [Hash(sha256(b"\x00" + bytes.fromhex(entry)).digest()) for entry in self.STORED["entries"]]
        frontier = Frontier().extend(leaves)
        assert [found.hex() for found in frontier.hashes] == self.STORED["frontier"]
        assert frontier.root.hex() == self.STORED["root"]
        told = [purpose.prefix + message for _, _, purpose, message in TestPurposes().lines()]
        assert [found.hex() for found in told] == self.STORED["signed"]
        assert stream_origin(SENDER.office, RECEIVER.office, INCARNATION) == self.STORED["origin"]

    def test_specification_shows_this_example(self) -> None:
        """The receipt in the specification is the vector's, with long lines cut at three dots."""
        shown = SPECIFICATION.read_text("utf-8").split("```text\n")[1].split("```")[0].splitlines()
        whole = self.STORED["receipt"].splitlines()
        assert len(shown) == len(whole) == 8
        for line, full in zip(shown, whole, strict=True):
            assert line == full or (line.endswith("...") and full.startswith(line[:-3]) and len(line) > 35)

    def test_specification_explains_the_example(self) -> None:
        """The signed bytes that the specification takes apart are those of the receipt."""
        page = SPECIFICATION.read_text("utf-8")
        rows = re.findall(r"^\| `([0-9a-f ]+)`", page.split("## What is signed")[1], re.MULTILINE)
        assert bytes.fromhex("".join(rows)).hex() == self.STORED["signed"][3]
        for name, hashes in self.STORED["key_hashes"].items():
            for found in hashes.values():
                assert f"`{found}`" in page, name
        first = b64decode(self.STORED["receipt"].splitlines()[4].rsplit(" ", 1)[1])
        assert first[:4].hex() == self.STORED["key_hashes"][SENDER.name]["01"]

    def test_specification_states_the_limits_in_force(self) -> None:
        """Each row of its table of limits is the constant that enforces it."""
        page = SPECIFICATION.read_text("utf-8")
        rows = re.findall(r"^\| ([^|]+?) \| ([0-9,]+)", page.split("## Limits")[1], re.MULTILINE)
        assert {what: int(number.replace(",", "")) for what, number in rows} == {
            "size of a checkpoint, bytes": checkpoint.CHECKPOINT_SIZE_BYTES_MAX,
            "size of a receipt, bytes": checkpoint.RECEIPT_SIZE_BYTES_MAX,
            "entries of a stream or log": checkpoint.SIZE_MAX,
            "bytes of an origin or a key name": NAME_SIZE_BYTES_MAX,
            "bytes of a proof file": PROOF_SIZE_BYTES_MAX,
            "bytes of extra data": EXTRA_SIZE_BYTES_MAX,
            "hashes of a proof": PROOF_HASHES_MAX,
            "bytes of a growth": GROWTH_SIZE_BYTES_MAX,
            "hashes of a growth": GROWTH_HASHES_MAX,
            "time": TIME_MAX,
        }
        assert len(page.splitlines()) < 200
