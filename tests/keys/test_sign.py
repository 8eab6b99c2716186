# SPDX-License-Identifier: Apache-2.0

import copy
import itertools
import pickle
from hashlib import sha256, shake_256
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.encoding import Codec, encode
from legation.errors import MalformedError, SignatureError
from legation.keys.sign import (
    Ed25519Signer,
    MLDSA44Signer,
    MLDSA44Twin,
    PublicKey,
    Purpose,
    Signer,
    key_id_of,
    unsafe_verify,
)
from tests.keys import edwards

SOURCE = Path(__file__).parents[2] / "src" / "legation"
SEED = bytes(range(32))
MESSAGE = b"the bytes of a header"
SIGNERS: dict[str, Signer] = {"ed25519": Ed25519Signer(SEED), "ml-dsa-44": MLDSA44Signer(SEED)}
OTHERS: dict[str, Signer] = {"ed25519": Ed25519Signer(bytes(32)), "ml-dsa-44": MLDSA44Signer(bytes(32))}
SIGNATURES = {
    (algorithm, purpose): signer.sign(purpose, MESSAGE)
    for algorithm, signer in SIGNERS.items()
    for purpose in Purpose
}

# What is signed begins with this, written out: a change of any of them breaks every signature there is.
PREFIXES = {
    Purpose.ITEM: b"legation/item/v1\n",
    Purpose.WITHDRAWAL: b"legation/withdrawal/v1\n",
    Purpose.DESTRUCTION: b"legation/destruction/v1\n",
    Purpose.CARD: b"legation/card/v1\n",
    Purpose.ENVELOPE: b"legation/envelope/v1\n",
    Purpose.POLICY: b"legation/policy/v1\n",
    Purpose.STREAM: b"legation/stream/v1/",
    Purpose.LOG: b"legation/log/v1/",
    Purpose.COSIGNATURE: b"cosignature/v1\n",
    Purpose.SUBTREE: b"subtree/v1\n",
}

# RFC 8032, section 7.1, tests 1 to 3: seed, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]


def ed25519_key(point: bytes) -> PublicKey:
    """An Ed25519 key of these bytes."""
    return PublicKey(algorithm="ed25519", key=point)


def refused(key: PublicKey, signature: bytes, purpose: Purpose = Purpose.ITEM) -> bool:
    """Whether a signature over the message is refused."""
    try:
        key.verify(purpose, MESSAGE, signature)
    except SignatureError:
        return True
    return False


class TestEd25519:
    def test_oracle_knows_eight_points_of_small_order(self) -> None:
        """Eight different points that vanish when multiplied by 8; the curve has no more."""
        points = edwards.torsion()
        assert len(set(points)) == 8
        assert {edwards.multiply(8, point) for point in points} == {edwards.NEUTRAL}

    @pytest.mark.parametrize(("seed", "key", "message", "signature"), RFC_8032, ids=["1", "2", "3"])
    def test_oracle_gives_the_published_answers(
        self, seed: str, key: str, message: str, signature: str
    ) -> None:
        """The oracle that the next test compares with is right."""
        assert edwards.public(bytes.fromhex(seed)).hex() == key
        assert edwards.sign(bytes.fromhex(seed), bytes.fromhex(message)).hex() == signature

    @pytest.mark.parametrize("seed", [bytes.fromhex(vector[0]) for vector in RFC_8032], ids=["1", "2", "3"])
    @pytest.mark.parametrize("purpose", Purpose)
    def test_signs_the_prefix_of_the_purpose_and_the_message(self, seed: bytes, purpose: Purpose) -> None:
        """The key and the signature are those of RFC 8032 over exactly that."""
        signer = Ed25519Signer(seed)
        assert signer.public_key.key == edwards.public(seed)
        assert signer.sign(purpose, MESSAGE) == edwards.sign(seed, PREFIXES[purpose] + MESSAGE)

    def test_refuses_an_answer_of_l_or_more(self) -> None:
        """The same signature with L added to S verifies in a lenient checker; here it has one form."""
        signature = SIGNATURES["ed25519", Purpose.ITEM]
        answer = int.from_bytes(signature[32:], "little")
        for times in itertools.takewhile(lambda n: answer + n * edwards.L < 2**256, itertools.count(1)):
            larger = signature[:32] + (answer + times * edwards.L).to_bytes(32, "little")
            assert refused(SIGNERS["ed25519"].public_key, larger)

    @pytest.mark.parametrize("point", edwards.torsion(), ids=str)
    def test_refuses_a_commitment_moved_by_a_point_of_small_order(self, point: edwards.Point) -> None:
        """A checker that multiplies by the cofactor takes eight commitments for one; here only one holds."""
        secret, _ = edwards.expand(SEED)
        commitment = edwards.spell(edwards.add(edwards.multiply(7, edwards.BASE), point))
        key = SIGNERS["ed25519"].public_key
        told = PREFIXES[Purpose.ITEM] + MESSAGE
        answer = (7 + edwards.hashed(commitment, key.key, told) * secret) % edwards.L
        signature = commitment + answer.to_bytes(32, "little")
        assert refused(key, signature) == (point != edwards.NEUTRAL)

    @pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33), bytes(64)])
    def test_refuses_a_seed_of_another_size(self, seed: bytes) -> None:
        """A seed has 32 bytes."""
        with pytest.raises(MalformedError, match="expected 32"):
            Ed25519Signer(seed)


class TestMLDSA44:
    def test_sizes_are_those_of_the_standard(self) -> None:
        """FIPS 204, table 2."""
        signer = MLDSA44Signer(SEED)
        assert len(signer.public_key.key) == 1312
        assert len(signer.sign(Purpose.ITEM, MESSAGE)) == 2420

    @pytest.mark.parametrize("purpose", Purpose)
    def test_signs_the_prefix_of_the_purpose_and_the_message(self, purpose: Purpose) -> None:
        """The library, asked directly, verifies exactly that, without a context."""
        key = MLDSA44PublicKey.from_public_bytes(SIGNERS["ml-dsa-44"].public_key.key)
        key.verify(SIGNATURES["ml-dsa-44", purpose], PREFIXES[purpose] + MESSAGE)

    def test_same_seed_gives_the_same_key_and_each_signature_is_another(self) -> None:
        """Keys follow from seeds; signatures are hedged, and each of them verifies."""
        one, other = MLDSA44Signer(SEED), MLDSA44Signer(SEED)
        assert one.public_key == other.public_key
        assert MLDSA44Signer(bytes(32)).public_key != one.public_key
        signatures = {signer.sign(Purpose.ITEM, MESSAGE) for signer in (one, other, other)}
        assert len(signatures) == 3
        assert not any(refused(one.public_key, signature) for signature in signatures)

    @pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33), bytes(64)])
    def test_refuses_a_seed_of_another_size(self, seed: bytes) -> None:
        """A seed has 32 bytes."""
        with pytest.raises(MalformedError, match="expected 32"):
            MLDSA44Signer(seed)


@pytest.mark.parametrize("algorithm", SIGNERS)
class TestVerify:
    def test_every_purpose_refuses_the_signatures_of_every_other(self, algorithm: str) -> None:
        """The matrix of purposes: a signature is good for one thing."""
        key = SIGNERS[algorithm].public_key
        for signed, asked in itertools.product(Purpose, Purpose):
            assert refused(key, SIGNATURES[algorithm, signed], asked) == (signed is not asked)

    def test_refuses_a_message_that_begins_like_another_purpose(self, algorithm: str) -> None:
        """Bytes cannot move between the purpose and the message."""
        signer = SIGNERS[algorithm]
        for asked, signed in itertools.permutations(Purpose, 2):
            told = PREFIXES[asked] + MESSAGE
            for message in {told, told.partition(b"/")[2], told[len(PREFIXES[signed]) :], told[:-1]}:
                with pytest.raises(SignatureError):
                    signer.public_key.verify(asked, MESSAGE, signer.sign(signed, message))

    def test_refuses_a_signature_altered_at_any_byte(self, algorithm: str) -> None:
        """No byte of a signature is without meaning."""
        key, signature = SIGNERS[algorithm].public_key, SIGNATURES[algorithm, Purpose.ITEM]
        for place, bit in itertools.product(range(len(signature)), (0, 7)):
            changed = bytearray(signature)
            changed[place] ^= 1 << bit
            assert refused(key, bytes(changed))

    def test_refuses_a_signature_cut_short_or_extended(self, algorithm: str) -> None:
        """A signature has one size."""
        key, signature = SIGNERS[algorithm].public_key, SIGNATURES[algorithm, Purpose.ITEM]
        for size_bytes in {0, 1, 31, 32, 63, len(signature) // 2, len(signature) - 1}:
            assert refused(key, signature[:size_bytes])
        for extra in (b"\x00", b"\x01", signature):
            assert refused(key, signature + extra)
            assert refused(key, extra + signature)

    def test_refuses_another_message_and_another_key(self, algorithm: str) -> None:
        """A signature is for one message by one key."""
        signature = SIGNATURES[algorithm, Purpose.ITEM]
        key = SIGNERS[algorithm].public_key
        for message in (b"", MESSAGE[:-1], MESSAGE + b"\n", MESSAGE.upper()):
            with pytest.raises(SignatureError):
                key.verify(Purpose.ITEM, message, signature)
        assert refused(OTHERS[algorithm].public_key, signature)

    def test_refuses_a_signature_of_the_other_algorithm(self, algorithm: str) -> None:
        """The algorithm is the key's, and a signature cannot choose it."""
        key = SIGNERS[algorithm].public_key
        others = [found for (name, _), found in SIGNATURES.items() if name != algorithm]
        assert all(refused(key, signature) for signature in others)

    @settings(deadline=None, max_examples=100)
    @given(signature=st.binary(max_size=80) | st.binary(min_size=2420, max_size=2420))
    def test_refuses_any_bytes_with_one_error(self, algorithm: str, signature: bytes) -> None:
        """Whatever the bytes, ``SignatureError`` and nothing else comes out."""
        assert refused(SIGNERS[algorithm].public_key, signature)

    def test_error_names_the_key_and_nothing_of_the_message(self, algorithm: str) -> None:
        """An error says which key, and no word of the content."""
        key = SIGNERS[algorithm].public_key
        with pytest.raises(SignatureError) as caught:
            key.verify(Purpose.ITEM, MESSAGE, bytes(64))
        assert key.key_id.hex()[:16] in caught.value.message
        assert "header" not in str(caught.value)


class TestPurpose:
    def test_prefixes_are_as_published(self) -> None:
        """Each purpose has the prefix that the specifications state."""
        assert {purpose: purpose.prefix for purpose in Purpose} == PREFIXES

    def test_prefixes_cannot_be_confused(self) -> None:
        """None begins another: what is signed for one purpose is nothing that another would sign."""
        assert all(prefix.isascii() and prefix[-1:] in b"\n/" for prefix in PREFIXES.values())
        assert all(b"\n" not in prefix[:-1] for prefix in PREFIXES.values())
        pairs = itertools.permutations(PREFIXES.values(), 2)
        assert not any(one.startswith(other) for one, other in pairs)


class TestPublicKey:
    @pytest.mark.parametrize("point", edwards.torsion(), ids=str)
    @pytest.mark.parametrize("sign", [0, 1])
    def test_refuses_points_of_small_order(self, point: edwards.Point, sign: int) -> None:
        """The eight points under which a signature fits many messages are no keys, nor with the sign set."""
        spelt = int.from_bytes(edwards.spell(point), "little") & (2**255 - 1) | sign << 255
        with pytest.raises(MalformedError, match="small order"):
            ed25519_key(spelt.to_bytes(32, "little"))

    @pytest.mark.parametrize("y", [edwards.P + more for more in range(19)])
    @pytest.mark.parametrize("sign", [0, 1])
    def test_refuses_a_second_spelling_of_a_point(self, y: int, sign: int) -> None:
        """A y of p or more would be another id for the same key."""
        with pytest.raises(MalformedError, match="canonical"):
            ed25519_key((y | sign << 255).to_bytes(32, "little"))

    def test_library_takes_what_is_refused_here(self) -> None:
        """The check is needed: under the neutral point, without it, one signature fits any message."""
        neutral = edwards.spell(edwards.NEUTRAL)
        unchecked = Ed25519PublicKey.from_public_bytes(neutral)
        unchecked.verify(neutral + bytes(32), b"one")
        unchecked.verify(neutral + bytes(32), b"other")

    def test_a_string_that_is_no_point_verifies_nothing(self) -> None:
        """Half of all strings are no points; they are not searched for, and harm nobody."""
        y = next(y for y in range(2, 99) if edwards.recover(y, 0) is None)
        key = ed25519_key(y.to_bytes(32, "little"))
        for signature in (bytes(64), SIGNATURES["ed25519", Purpose.ITEM], key.key + bytes(32)):
            assert refused(key, signature)

    @pytest.mark.parametrize(
        ("algorithm", "size_bytes"),
        [("ed25519", n) for n in (0, 31, 33, 1312)] + [("ml-dsa-44", n) for n in (0, 32, 1311, 1313)],
    )
    def test_refuses_a_key_of_another_size(self, algorithm: str, size_bytes: int) -> None:
        """Each algorithm has one size of key."""
        with pytest.raises(MalformedError, match="expected"):
            PublicKey(algorithm=algorithm, key=b"\x07" * size_bytes)  # type: ignore[arg-type]

    @pytest.mark.parametrize("algorithm", ["", "ED25519", "ml-dsa-65", "none"])
    def test_refuses_another_algorithm(self, algorithm: str) -> None:
        """There are two algorithms, and no way to name none."""
        with pytest.raises(MalformedError, match="not known"):
            PublicKey(algorithm=algorithm, key=SIGNERS["ed25519"].public_key.key)  # type: ignore[arg-type]

    @settings(deadline=None, max_examples=30)
    @given(seed=st.binary(min_size=32, max_size=32))
    def test_takes_every_key_that_a_seed_gives(self, seed: bytes) -> None:
        """No honest key is refused."""
        assert ed25519_key(Ed25519Signer(seed).public_key.key).key_id

    @pytest.mark.parametrize("algorithm", SIGNERS)
    def test_decodes_to_what_was_encoded_also_after_use(self, algorithm: str) -> None:
        """What a key computes once is neither encoded nor compared."""
        codec = Codec(PublicKey, size_bytes_max=4096, what="key")
        key = SIGNERS[algorithm].public_key
        key.verify(Purpose.ITEM, MESSAGE, SIGNATURES[algorithm, Purpose.ITEM])
        fresh = codec.decode(encode(key))
        assert fresh == key
        assert hash(fresh) == hash(key)
        assert encode(fresh) == encode(key)

    def test_changed_copy_computes_anew(self) -> None:
        """What a key has computed does not go over to a key made from it."""
        key = SIGNERS["ed25519"].public_key
        old_id = key.key_id
        other = msgspec.structs.replace(key, key=OTHERS["ed25519"].public_key.key)
        assert other.key_id == OTHERS["ed25519"].public_key.key_id != old_id
        assert refused(other, SIGNATURES["ed25519", Purpose.ITEM])
        for same in (copy.copy(key), copy.deepcopy(key), pickle.loads(pickle.dumps(key))):  # noqa: S301
            assert same.key_id == old_id

    def test_decoding_a_weak_key_is_malformed(self) -> None:
        """A key from outside is checked like one from inside."""
        codec = Codec(PublicKey, size_bytes_max=4096, what="key")
        data = b'{"algorithm":"ed25519","key":"' + b"A" * 43 + b'="}'
        with pytest.raises(MalformedError, match="small order"):
            codec.decode(data)

    def test_key_id_hashes_algorithm_and_key(self) -> None:
        """The id says which algorithm the bytes are for."""
        key = SIGNERS["ed25519"].public_key
        assert key.key_id == sha256(b"legation/key/v1\ned25519\n" + key.key).digest()
        assert key.key_id != key_id_of("ml-dsa-44", key.key)


class TestTwin:
    def test_gives_the_same_bytes_each_time_in_the_size_of_a_signature(self) -> None:
        """A twin's signature follows from the seed, the purpose and the message."""
        one, other = MLDSA44Twin(SEED), MLDSA44Twin(SEED)
        assert one.sign(Purpose.ITEM, MESSAGE) == other.sign(Purpose.ITEM, MESSAGE)
        assert len(one.sign(Purpose.ITEM, MESSAGE)) == 2420
        assert one.public_key == MLDSA44Signer(SEED).public_key
        different = {
            one.sign(Purpose.ITEM, MESSAGE),
            one.sign(Purpose.CARD, MESSAGE),
            one.sign(Purpose.ITEM, MESSAGE + b"."),
            MLDSA44Twin(bytes(32)).sign(Purpose.ITEM, MESSAGE),
        }
        assert len(different) == 4

    @pytest.mark.parametrize("purpose", Purpose)
    def test_signs_the_prefix_of_the_purpose_and_the_message(self, purpose: Purpose) -> None:
        """A twin's signature is that of its public key over exactly what a true one signs."""
        twin = MLDSA44Twin(SEED)
        told = b"legation/twin/v1\n" + twin.public_key.key_id + PREFIXES[purpose] + MESSAGE
        assert twin.sign(purpose, MESSAGE) == shake_256(told).digest(2420)
        for asked in Purpose:
            if asked is not purpose:
                with pytest.raises(SignatureError):
                    unsafe_verify(twin.public_key, asked, MESSAGE, twin.sign(purpose, MESSAGE))

    def test_no_node_accepts_its_signature(self) -> None:
        """The verifier of a node refuses what anyone could make."""
        twin = MLDSA44Twin(SEED)
        assert refused(twin.public_key, twin.sign(Purpose.ITEM, MESSAGE))

    def test_twin_worlds_accept_its_signature_and_no_true_one(self) -> None:
        """The rule of twin worlds takes the twin's signature, for its purpose and message only."""
        twin = MLDSA44Twin(SEED)
        signature = twin.sign(Purpose.ITEM, MESSAGE)
        unsafe_verify(twin.public_key, Purpose.ITEM, MESSAGE, signature)
        true = SIGNATURES["ml-dsa-44", Purpose.ITEM]
        for purpose, message, found in [
            (Purpose.CARD, MESSAGE, signature),
            (Purpose.ITEM, b"", signature),
            (Purpose.ITEM, MESSAGE, signature[:-1]),
            (Purpose.ITEM, MESSAGE, true),
        ]:
            with pytest.raises(SignatureError):
                unsafe_verify(twin.public_key, purpose, message, found)

    def test_twin_worlds_verify_ed25519_as_ever(self) -> None:
        """What is deterministic already has no twin."""
        key = SIGNERS["ed25519"].public_key
        unsafe_verify(key, Purpose.ITEM, MESSAGE, SIGNATURES["ed25519", Purpose.ITEM])
        with pytest.raises(SignatureError):
            unsafe_verify(key, Purpose.CARD, MESSAGE, SIGNATURES["ed25519", Purpose.ITEM])

    def test_no_other_module_names_what_is_unsafe(self) -> None:
        """Twins and their rule stay in the modules that define them."""
        names = ("unsafe_verify", "MLDSA44Twin", "TwinSealer", "TwinOpener")
        homes = {SOURCE / "keys" / "sign.py", SOURCE / "keys" / "seal.py"}
        others = [path for path in SOURCE.rglob("*.py") if path not in homes]
        assert others
        assert not [path for path in others if any(name in path.read_text("utf-8") for name in names)]
