# SPDX-License-Identifier: Apache-2.0

import hmac
import itertools
import json
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.encoding import Codec, encode
from legation.errors import MalformedError, SealError
from legation.keys import seal
from legation.keys.seal import (
    HPKEOpener,
    HPKESealer,
    Opener,
    Sealer,
    SealPublicKey,
    TwinOpener,
    TwinSealer,
    content_key,
    open_chunks,
    padded_size,
    seal_chunks,
)
from legation.keys.sign import key_id_of
from tests.keys.office import opener

SECRET = bytes(range(32))
BINDING = bytes(range(32, 64))
KEY = content_key(SECRET, BINDING)
OPENER = opener("KOR seal")
OTHER = opener("AUS seal")
SEALED = HPKESealer().seal_secret(OPENER.public_key, SECRET, BINDING)
PAIRS: list[tuple[Sealer, Opener, Opener]] = [
    (HPKESealer(), OPENER, OTHER),
    (TwinSealer(), TwinOpener(OPENER.public_key), TwinOpener(OTHER.public_key)),
]
STORED = json.loads((Path(__file__).parents[2] / "vectors" / "seal.json").read_text("ascii"))
P = 2**255 - 19


def refused(theirs: Opener, sealed: bytes, binding: bytes = BINDING) -> bool:
    """Whether a sealed secret does not open."""
    try:
        theirs.open_secret(sealed, binding)
    except SealError:
        return True
    return False


@contextmanager
def small_chunks(size_bytes: int = 8) -> Iterator[None]:
    """Make chunks small, so that a short content has many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seal, "CHUNK_SIZE_BYTES", size_bytes)
        yield


def sealed_chunks(content: bytes, key: bytes = KEY) -> list[bytes]:
    """The sealed chunks of a content."""
    return list(seal_chunks(key, [content]))


def opened(chunks: Iterable[bytes], key: bytes = KEY) -> tuple[bytes, bool]:
    """What was yielded, and whether it ended without an error."""
    parts = []
    try:
        for part in open_chunks(key, chunks):
            parts.append(part)  # noqa: PERF402 - what came before an error counts too
    except SealError:
        return b"".join(parts), False
    return b"".join(parts), True


class TestVector:
    def test_what_was_sealed_by_an_earlier_version_still_opens(self) -> None:
        """The format on the wire stays, whatever the library does: an old message opens."""
        stored = {name: bytes.fromhex(value) for name, value in STORED["values"].items()}
        theirs = HPKEOpener(mlkem_seed=stored["mlkem_seed"], x25519_seed=stored["x25519_seed"])
        assert theirs.public_key.key == stored["public_key"]
        assert theirs.open_secret(stored["sealed_secret"], stored["binding"]) == stored["secret"]
        key = content_key(stored["secret"], stored["binding"])
        assert key == stored["content_key"]
        assert sealed_chunks(stored["content"], key) == [stored["sealed_content"]]
        assert opened([stored["sealed_content"]], key) == (stored["content"], True)


@pytest.mark.parametrize(("sealer", "ours", "theirs"), PAIRS, ids=["hpke", "twin"])
class TestSecret:
    def test_opens_to_what_was_sealed(self, sealer: Sealer, ours: Opener, theirs: Opener) -> None:
        """The receiver gets the secret, from 1,168 bytes."""
        sealed = sealer.seal_secret(ours.public_key, SECRET, BINDING)
        assert len(sealed) == 1168
        assert ours.open_secret(sealed, BINDING) == SECRET
        assert not refused(ours, sealed)

    def test_refuses_another_receiver(self, sealer: Sealer, ours: Opener, theirs: Opener) -> None:
        """What is sealed to one office does not open at another."""
        assert refused(theirs, sealer.seal_secret(ours.public_key, SECRET, BINDING))

    def test_refuses_another_binding(self, sealer: Sealer, ours: Opener, theirs: Opener) -> None:
        """A secret opens only for what it was sealed with."""
        sealed = sealer.seal_secret(ours.public_key, SECRET, BINDING)
        for binding in (b"", bytes(32), BINDING[:-1], BINDING + b"\0"):
            assert refused(ours, sealed, binding)

    def test_refuses_a_change_at_any_byte(self, sealer: Sealer, ours: Opener, theirs: Opener) -> None:
        """No byte of a sealed secret is without meaning."""
        sealed = sealer.seal_secret(ours.public_key, SECRET, BINDING)
        for place in range(len(sealed)):
            changed = bytearray(sealed)
            changed[place] ^= 0x80
            assert refused(ours, bytes(changed))

    def test_refuses_another_size(self, sealer: Sealer, ours: Opener, theirs: Opener) -> None:
        """A sealed secret has one size."""
        sealed = sealer.seal_secret(ours.public_key, SECRET, BINDING)
        for wrong in (b"", sealed[:32], sealed[:-32], sealed[:-1], sealed + b"\0", sealed + sealed):
            assert refused(ours, wrong)

    @settings(deadline=None, max_examples=50)
    @given(sealed=st.binary(max_size=64) | st.binary(min_size=1168, max_size=1168))
    def test_refuses_any_bytes_with_one_error(
        self, sealer: Sealer, ours: Opener, theirs: Opener, sealed: bytes
    ) -> None:
        """Whatever the bytes, ``SealError`` and nothing else comes out."""
        assert refused(ours, sealed)

    @pytest.mark.parametrize(("secret", "binding"), [(SECRET[:-1], BINDING), (SECRET, b""), (b"", BINDING)])
    def test_sealing_another_size_is_a_mistake(
        self, sealer: Sealer, ours: Opener, theirs: Opener, secret: bytes, binding: bytes
    ) -> None:
        """A sender knows the size of a secret and of a binding."""
        with pytest.raises(AssertionError):
            sealer.seal_secret(ours.public_key, secret, binding)


class TestHPKE:
    def test_each_sealing_is_another(self) -> None:
        """The same secret sealed twice cannot be recognised."""
        assert HPKESealer().seal_secret(OPENER.public_key, SECRET, BINDING) != SEALED

    def test_refuses_a_secret_of_another_size(self) -> None:
        """A sender that seals more or less than a secret is refused."""
        for secret in (b"", SECRET[:-1], SECRET + b"\0"):
            sealed = seal._SUITE.encrypt(secret, OPENER.public_key._library_key, BINDING)
            assert refused(OPENER, sealed)

    @pytest.mark.parametrize("u", [0, 1, P - 1])
    def test_refuses_a_low_order_point_from_the_sender(self, u: int) -> None:
        """A sender that forces the shared secret of the curve gains nothing."""
        assert refused(OPENER, SEALED[:1088] + u.to_bytes(32, "little") + SEALED[1120:])

    def test_does_not_open_what_the_twin_made(self) -> None:
        """What anyone can open, no office takes."""
        assert refused(OPENER, TwinSealer().seal_secret(OPENER.public_key, SECRET, BINDING))

    @pytest.mark.parametrize(("mlkem_size", "x25519_size"), [(32, 32), (64, 31), (64, 64), (0, 0)])
    def test_refuses_seeds_of_another_size(self, mlkem_size: int, x25519_size: int) -> None:
        """The seeds have 64 and 32 bytes."""
        with pytest.raises(MalformedError, match="expected 64 and 32"):
            HPKEOpener(mlkem_seed=bytes(mlkem_size), x25519_seed=bytes(x25519_size))


class TestTwin:
    def test_same_arguments_give_the_same_bytes_and_others_do_not(self) -> None:
        """What a twin makes follows from key, secret and binding."""
        sealer = TwinSealer()
        one = sealer.seal_secret(OPENER.public_key, SECRET, BINDING)
        assert one == TwinSealer().seal_secret(OPENER.public_key, SECRET, BINDING)
        assert one != sealer.seal_secret(OTHER.public_key, SECRET, BINDING)
        assert one != sealer.seal_secret(OPENER.public_key, BINDING, BINDING)
        assert one != sealer.seal_secret(OPENER.public_key, SECRET, SECRET)

    def test_does_not_open_what_hpke_sealed(self) -> None:
        """The two never mix unnoticed."""
        assert refused(TwinOpener(OPENER.public_key), SEALED)


class TestSealPublicKey:
    def test_is_the_same_from_the_same_seeds(self) -> None:
        """Keys follow from seeds."""
        assert opener("KOR seal").public_key == OPENER.public_key != OTHER.public_key

    def test_decodes_to_what_was_encoded_also_after_use(self) -> None:
        """What a key computes once is neither encoded nor compared."""
        codec = Codec(SealPublicKey, size_bytes_max=4096, what="key")
        fresh = codec.decode(encode(OPENER.public_key))
        assert fresh == OPENER.public_key
        assert encode(fresh) == encode(OPENER.public_key)
        assert fresh.key_id == key_id_of("mlkem768-x25519", OPENER.public_key.key)

    @pytest.mark.parametrize("size_bytes", [0, 32, 1184, 1215, 1217])
    def test_refuses_another_size(self, size_bytes: int) -> None:
        """A seal key has 1,216 bytes."""
        with pytest.raises(MalformedError, match="expected 1216"):
            SealPublicKey(algorithm="mlkem768-x25519", key=bytes(size_bytes))

    def test_refuses_another_algorithm(self) -> None:
        """There is one algorithm."""
        with pytest.raises(MalformedError, match="not known"):
            SealPublicKey(algorithm="x25519", key=OPENER.public_key.key)  # type: ignore[arg-type]

    @pytest.mark.parametrize("u", sorted(seal._LOW_ORDER))
    def test_refuses_points_of_low_order(self, u: int) -> None:
        """Points that give every partner the same secret are no keys; the library finds out too late."""
        half = u.to_bytes(32, "little")
        with pytest.raises(ValueError, match="shared key"):
            X25519PrivateKey.from_private_bytes(SECRET).exchange(X25519PublicKey.from_public_bytes(half))
        with pytest.raises(MalformedError, match="low order"):
            SealPublicKey(algorithm="mlkem768-x25519", key=OPENER.public_key.key[:1184] + half)

    @pytest.mark.parametrize("u", [P, P + 1, P + 9, 2**255 - 1, 2**255 + 9, 2**256 - 1])
    def test_refuses_a_second_spelling_of_a_point(self, u: int) -> None:
        """A number of p or more, or with the unused bit set, would be another id for the same key."""
        key = OPENER.public_key.key[:1184] + u.to_bytes(32, "little")
        with pytest.raises(MalformedError, match="canonical"):
            SealPublicKey(algorithm="mlkem768-x25519", key=key)

    @pytest.mark.parametrize("place", [0, 3, 1149])
    def test_refuses_a_coefficient_that_is_too_large(self, place: int) -> None:
        """Numbers in an ML-KEM key are below 3329; FIPS 203, section 7.2."""
        key = bytearray(OPENER.public_key.key)
        key[place : place + 3] = b"\xff\xff\xff"
        with pytest.raises(MalformedError, match="canonical"):
            SealPublicKey(algorithm="mlkem768-x25519", key=bytes(key))


class TestContentKey:
    def test_is_hkdf_over_secret_and_binding(self) -> None:
        """RFC 5869 with an empty salt, one block, written out."""
        extracted = hmac.digest(bytes(32), SECRET, "sha256")
        info = b"legation/content/v1\n" + BINDING
        assert hmac.digest(extracted, info + b"\x01", "sha256") == KEY

    def test_cloned_random_generator_gives_another_key_to_another_content(self) -> None:
        """The same secret under another binding is another key."""
        assert content_key(SECRET, SECRET) != KEY != content_key(BINDING, BINDING)


class TestChunks:
    @settings(deadline=None, max_examples=200)
    @given(content=st.binary(max_size=80), cuts=st.lists(st.integers(1, 30)), size=st.integers(1, 20))
    def test_opens_to_what_was_sealed_however_it_is_cut(
        self, content: bytes, cuts: list[int], size: int
    ) -> None:
        """Pieces of any size go in and out; what comes out is the content."""

        def pieces(data: bytes) -> Iterator[bytes]:
            for count in cuts:
                yield data[:count]
                data = data[count:]
            yield data

        with small_chunks(size):
            sealed = list(seal_chunks(KEY, pieces(content)))
            assert sealed == sealed_chunks(content)
            assert opened(pieces(b"".join(sealed))) == (content, True)

    @pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])
    def test_has_a_chunk_for_every_64_kib_and_one_for_the_rest(self, size: int) -> None:
        """Only the last chunk is shorter, and only that of an empty content is empty."""
        content = bytes(size)
        chunks = sealed_chunks(content)
        assert len(chunks) == max(1, math.ceil(size / 65_536))
        assert all(len(chunk) == 65_536 + 16 for chunk in chunks[:-1])
        assert sum(map(len, chunks)) == size + 16 * len(chunks)
        assert opened(chunks) == (content, True)

    def test_chunk_is_aes_gcm_with_number_and_flag_as_nonce(self) -> None:
        """The format, opened by hand."""
        with small_chunks():
            chunks = sealed_chunks(b"12345678" * 2 + b"end")
        cipher = AESGCM(KEY)
        assert cipher.decrypt(bytes(11) + b"\0", chunks[0], None) == b"12345678"
        assert cipher.decrypt(bytes(10) + b"\1\0", chunks[1], None) == b"12345678"
        assert cipher.decrypt(bytes(10) + b"\2\1", chunks[2], None) == b"end"

    def test_nothing_at_all_does_not_open(self) -> None:
        """An empty content is one chunk; no chunk is a content cut short."""
        assert opened([]) == (b"", False)
        assert opened([b"", b""]) == (b"", False)
        assert opened(sealed_chunks(b"")) == (b"", True)

    def test_refuses_every_truncation(self) -> None:
        """Cut anywhere, also between two chunks, a content is not whole."""
        content = bytes(range(30))
        with small_chunks():
            whole = b"".join(sealed_chunks(content))
            for size in range(len(whole)):
                part, ended = opened([whole[:size]])
                assert not ended
                assert content.startswith(part)

    def test_refuses_a_change_at_any_byte_and_yields_nothing_of_that_chunk(self) -> None:
        """What is yielded before the error is the true beginning."""
        content = bytes(range(30))
        with small_chunks():
            whole = b"".join(sealed_chunks(content))
            for place in range(len(whole)):
                changed = bytearray(whole)
                changed[place] ^= 1
                assert opened([bytes(changed)]) == (content[: place // 24 * 8], False)

    def test_refuses_chunks_in_any_other_order_or_number(self) -> None:
        """Chunks moved, left out or repeated do not open, and only the true beginning is yielded."""
        content = bytes(range(30))
        with small_chunks():
            chunks = sealed_chunks(content)
            for count in range(len(chunks) + 2):
                for order in itertools.product(chunks, repeat=count):
                    part, ended = opened(order)
                    assert ended == (list(order) == chunks)
                    assert content.startswith(part)

    def test_refuses_anything_after_the_last_chunk(self) -> None:
        """A content ends where its last chunk ends."""
        content = bytes(range(30))
        with small_chunks():
            chunks = sealed_chunks(content)
            for extra in (b"\0", bytes(16), bytes(24), chunks[-1], sealed_chunks(b"")[0], *chunks):
                assert opened([*chunks, extra])[1] is False

    def test_refuses_an_empty_chunk_behind_a_full_one(self) -> None:
        """What ends on a full chunk has one form only."""
        cipher = AESGCM(KEY)
        with small_chunks():
            full = cipher.encrypt(bytes(12), b"12345678", None)
            empty = cipher.encrypt(bytes(10) + b"\1\1", b"", None)
            assert opened([full, empty]) == (b"12345678", False)

    def test_refuses_another_key_and_chunks_of_another_content(self) -> None:
        """Contents do not mix, though their chunks are numbered alike."""
        with small_chunks():
            ours, theirs = sealed_chunks(bytes(20)), sealed_chunks(bytes(20), content_key(SECRET, SECRET))
            assert opened(ours, content_key(SECRET, SECRET)) == (b"", False)
            assert opened([ours[0], theirs[1], ours[2]]) == (bytes(8), False)

    def test_refuses_more_chunks_than_a_content_may_have(self) -> None:
        """An endless content is cut off, though every chunk of it opens."""
        with small_chunks(), pytest.MonkeyPatch.context() as patch:
            chunks = sealed_chunks(bytes(40))
            patch.setattr(seal, "CHUNK_COUNT_MAX", 4)
            assert opened(chunks) == (bytes(32), False)
            with pytest.raises(AssertionError, match="1 TiB"):
                sealed_chunks(bytes(40))

    def test_neither_side_runs_ahead(self) -> None:
        """Both read one piece beyond a chunk and no more, so that any content fits in memory."""
        taken = []

        def counted(pieces: Iterable[bytes]) -> Iterator[bytes]:
            for number, piece in enumerate(pieces):
                taken.append(number)
                yield piece

        with small_chunks():
            sealing = seal_chunks(KEY, counted(bytes(8) for _ in range(100)))
            first = [next(sealing), next(sealing)]
            assert taken == [0, 1, 2]
            taken.clear()
            opening = open_chunks(KEY, counted([*first, *sealing]))
            taken.clear()
            assert next(opening) == bytes(8)
            assert taken == [0, 1]

    @settings(deadline=None, max_examples=100)
    @given(pieces=st.lists(st.binary(max_size=60), max_size=5))
    def test_refuses_any_bytes_with_one_error(self, pieces: list[bytes]) -> None:
        """Whatever the bytes, ``SealError`` and nothing else comes out, and no content."""
        with small_chunks():
            assert opened(pieces) == (b"", False)


class TestPaddedSize:
    @pytest.mark.parametrize("size", [0, 1, 1000, 65_535, 65_536])
    def test_short_contents_all_look_alike(self, size: int) -> None:
        """Up to 64 KiB there is one size."""
        assert padded_size(size) == 65_536

    @settings(deadline=None, max_examples=300)
    @given(size=st.integers(65_537, 2**50))
    def test_equals_the_published_formula(self, size: int) -> None:
        """Padme as its authors write it, with logarithms."""
        exponent = math.floor(math.log2(size))
        zeros = exponent - (math.floor(math.log2(exponent)) + 1)
        mask = 2**zeros - 1
        assert padded_size(size) == (size + mask) // 2**zeros * 2**zeros

    @settings(deadline=None, max_examples=300)
    @given(size=st.integers(65_536, 2**60), more=st.integers(0, 2**40))
    def test_adds_little_and_keeps_the_order(self, size: int, more: int) -> None:
        """At most 12 % are added, a longer content never gets shorter, and padding twice changes nothing."""
        padded = padded_size(size)
        assert size <= padded <= size * 1.12
        assert padded <= padded_size(size + more)
        assert padded_size(padded) == padded

    def test_few_sizes_are_left(self) -> None:
        """Of the 15 million sizes between 1 and 16 MiB, 128 remain."""
        sizes, size = [], 1 << 20
        while size < 1 << 24:
            sizes.append(size := padded_size(size + 1))
        assert len(sizes) == 128
