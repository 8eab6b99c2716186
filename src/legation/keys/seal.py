# SPDX-License-Identifier: Apache-2.0
"""
Sealing: a fresh secret for one office, and any amount of content under it.

A sealed message has two parts. HPKE carries a fresh secret of 32 bytes and nothing else; the content
follows in chunks under a key derived from that secret. Both are tied to a *binding*: 32 bytes that
the sender computes from all that the message says, and the receiver computes again.

Rules kept here:

1. HPKE is MLKEM768-X25519, HKDF-SHA256, AES-256-GCM: who records today's traffic needs to break both
   a lattice and a curve.
2. A content key seals one content. It is derived from a fresh secret *and* the binding, so that a
   cloned random generator, which repeats the secret, still gives another key to another content.
3. A chunk is yielded after it is authenticated, never before. That a content is *whole* is known
   when ``open_chunks`` ends, and not earlier: until then nothing may be committed.
4. Whatever the bytes, opening raises ``SealError`` or nothing.

Not here: who sent it. A seal hides; the signature inside says from whom (``docs/spec/exchange.md``).

Use::

    sealed = HPKESealer().seal_secret(public_key, secret, binding)
    chunks = seal_chunks(content_key(secret, binding), content)

    secret = opener.open_secret(sealed, binding)
    for part in open_chunks(content_key(secret, binding), chunks): ...
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from hashlib import shake_256
from typing import Literal, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from legation.encoding import Canonical
from legation.errors import MalformedError, SealError
from legation.keys.sign import KeyId, key_id_of

SealAlgorithm = Literal["mlkem768-x25519"]

MLKEM_KEY_SIZE_BYTES = 1184  # FIPS 203, table 3
MLKEM_SEED_SIZE_BYTES = 64  # FIPS 203, section 7.1: d and z
X25519_KEY_SIZE_BYTES = 32  # RFC 7748, section 5; the private key too
SECRET_SIZE_BYTES = 32
BINDING_SIZE_BYTES = 32  # a SHA-256
SEALED_SECRET_SIZE_BYTES = 1168  # ciphertext of ML-KEM 1088, X25519 key 32, the secret 32, tag 16

CHUNK_SIZE_BYTES = 1 << 16  # the smallest content, padded, is one chunk; each is held in memory whole
TAG_SIZE_BYTES = 16  # of AES-GCM, after each chunk
CHUNK_COUNT_MAX = 1 << 24  # 1 TiB under one key, far from what AES-GCM bears
PADDED_SIZE_BYTES_MIN = 1 << 16  # most messages are shorter, and all of those look alike

_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class SealPublicKey(Canonical, frozen=True, dict=True):
    """
    A key that secrets are sealed to; ``dict=True`` as for ``PublicKey``.

    Args:
        algorithm: ``mlkem768-x25519``.
        key: The ML-KEM-768 key and then the X25519 key: 1,216 bytes.

    Raises:
        MalformedError: The key has another size, or one of its halves would protect nothing.
    """

    algorithm: SealAlgorithm
    key: bytes

    def __post_init__(self) -> None:
        size_bytes = MLKEM_KEY_SIZE_BYTES + X25519_KEY_SIZE_BYTES
        if self.algorithm != "mlkem768-x25519":
            raise MalformedError("the algorithm of a seal key is not known")
        if len(self.key) != size_bytes:
            raise MalformedError(f"seal key has {len(self.key)} bytes, expected {size_bytes}")
        _check_x25519(self.key[MLKEM_KEY_SIZE_BYTES:])
        # FIPS 203, section 7.2: the library compares the key with its own encoding of it.
        try:
            _ = self._library_key
        except ValueError:
            raise MalformedError("ml-kem-768 key is not in canonical form") from None

    @cached_property
    def key_id(self) -> KeyId:
        """The id of this key, computed once."""
        return key_id_of(self.algorithm, self.key)

    @cached_property
    def _library_key(self) -> MLKEM768X25519PublicKey:
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(self.key[:MLKEM_KEY_SIZE_BYTES]),
            X25519PublicKey.from_public_bytes(self.key[MLKEM_KEY_SIZE_BYTES:]),
        )


class Sealer(Protocol):
    """A port: seals a secret so that only one office can open it."""

    def seal_secret(self, key: SealPublicKey, secret: bytes, binding: bytes) -> bytes:
        """Seal *secret*, 32 fresh random bytes, to *key* under *binding*: 1,168 bytes."""


class Opener(Protocol):
    """A port: whoever holds the private half of a seal key."""

    @property
    def public_key(self) -> SealPublicKey:
        """The key that secrets for this opener are sealed to."""

    def open_secret(self, sealed: bytes, binding: bytes) -> bytes:
        """Give back the secret, or raise ``SealError``."""


class HPKESealer:
    """
    Seals with HPKE in base mode, one message per encapsulation; the library draws the randomness.

    Source: RFC 9180, section 6.1.
    """

    __slots__ = ()

    def seal_secret(self, key: SealPublicKey, secret: bytes, binding: bytes) -> bytes:
        """Seal *secret*, 32 fresh random bytes, to *key* under *binding*: 1,168 bytes."""
        _assert_sizes(secret, binding)
        return _SUITE.encrypt(secret, key._library_key, binding)


class HPKEOpener:
    """
    Opens what ``HPKESealer`` sealed to its public key.

    Args:
        mlkem_seed: The ML-KEM-768 private key in its seed form, 64 bytes.
        x25519_seed: The X25519 private key, 32 bytes.

    Raises:
        MalformedError: A seed has another size.
    """

    __slots__ = ("_key", "public_key")

    def __init__(self, *, mlkem_seed: bytes, x25519_seed: bytes) -> None:
        if len(mlkem_seed) != MLKEM_SEED_SIZE_BYTES or len(x25519_seed) != X25519_KEY_SIZE_BYTES:
            raise MalformedError(
                f"seeds have {len(mlkem_seed)} and {len(x25519_seed)} bytes, "
                f"expected {MLKEM_SEED_SIZE_BYTES} and {X25519_KEY_SIZE_BYTES}"
            )
        mlkem = MLKEM768PrivateKey.from_seed_bytes(mlkem_seed)
        x25519 = X25519PrivateKey.from_private_bytes(x25519_seed)
        self._key = MLKEM768X25519PrivateKey(mlkem, x25519)
        raw = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        self.public_key = SealPublicKey(algorithm="mlkem768-x25519", key=raw)

    def open_secret(self, sealed: bytes, binding: bytes) -> bytes:
        """
        Open a sealed secret.

        Raises:
            SealError: It was altered, sealed to another key, or sealed under another binding.
        """
        # The size first, or a sender could hand over a secret of another length.
        if len(sealed) != SEALED_SECRET_SIZE_BYTES:
            raise SealError(f"sealed secret has {len(sealed)} bytes, expected {SEALED_SECRET_SIZE_BYTES}")
        try:
            return _SUITE.decrypt(sealed, self._key, binding)
        except (InvalidTag, ValueError) as exc:
            raise SealError("sealed secret does not open") from exc


class TwinSealer:
    """
    Stands for ``HPKESealer`` where two worlds are compared: same sizes, no randomness, **no secrecy**.

    What it makes follows from the public key, the secret and the binding, and whoever knows the
    public key can undo it. No ``HPKEOpener`` opens it.
    """

    __slots__ = ()

    def seal_secret(self, key: SealPublicKey, secret: bytes, binding: bytes) -> bytes:
        """Give the 1,168 bytes that stand for a sealed secret."""
        _assert_sizes(secret, binding)
        return _twin_body(key, secret, binding) + _twin_mask(key, secret, binding)


class TwinOpener:
    """
    Opens what ``TwinSealer`` made for *public_key*, and nothing else.

    Args:
        public_key: The public key of the real opener that it stands for.
    """

    __slots__ = ("public_key",)

    def __init__(self, public_key: SealPublicKey) -> None:
        self.public_key = public_key

    def open_secret(self, sealed: bytes, binding: bytes) -> bytes:
        """
        Give back the secret.

        Raises:
            SealError: These are not the bytes that the twin makes for this key and binding.
        """
        secret = _twin_mask(self.public_key, sealed[-SECRET_SIZE_BYTES:], binding)
        if sealed[:-SECRET_SIZE_BYTES] != _twin_body(self.public_key, secret, binding):
            raise SealError("sealed secret does not open")
        return secret


def content_key(secret: bytes, binding: bytes) -> bytes:
    """
    Derive the key that the chunks of one content are sealed under: 32 bytes.

    Args:
        secret: What was sealed to the receiver, 32 bytes.
        binding: Hash of all that the content says, 32 bytes.

    Source: RFC 5869, without salt: the secret is uniform, and the binding stands in the info.
    """
    _assert_sizes(secret, binding)
    info = b"legation/content/v1\n" + binding
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)


def seal_chunks(key: bytes, content: Iterable[bytes]) -> Iterator[bytes]:
    """
    Seal a content as it comes: a sealed chunk for every 64 KiB, and one for the rest.

    Only the last chunk is shorter, and only that of an empty content is empty.

    Args:
        key: From ``content_key``; never used before, see ``_nonce``.
        content: Pieces of any size.
    """
    cipher = AESGCM(key)
    for number, (chunk, is_last) in enumerate(_cut(content, CHUNK_SIZE_BYTES)):
        assert number < CHUNK_COUNT_MAX, "a content has at most 1 TiB"
        yield cipher.encrypt(_nonce(number, is_last=is_last), chunk, None)


def open_chunks(key: bytes, sealed: Iterable[bytes]) -> Iterator[bytes]:
    """
    Open a content as it comes; each chunk is yielded once it is authenticated.

    **The content is whole only when this ends.** Before that the parts are the true beginning of it.

    Args:
        key: From ``content_key``.
        sealed: What ``seal_chunks`` gave, in pieces of any size.

    Raises:
        SealError: Something was altered, moved, repeated, added or cut off; or it is too long.
    """
    cipher = AESGCM(key)
    for number, (chunk, is_last) in enumerate(_cut(sealed, CHUNK_SIZE_BYTES + TAG_SIZE_BYTES)):
        if number >= CHUNK_COUNT_MAX:
            raise SealError(f"content has more than {CHUNK_COUNT_MAX} chunks")
        # One content has one form: what ends on a full chunk has no empty one behind it.
        if number > 0 and len(chunk) <= TAG_SIZE_BYTES:
            raise SealError(f"chunk {number} has no content")
        try:
            part = cipher.decrypt(_nonce(number, is_last=is_last), chunk, None)
        except InvalidTag as exc:
            raise SealError(f"chunk {number} does not open", hint="the message may be cut short") from exc
        yield part


def padded_size(size_bytes: int) -> int:
    """
    Give the size to which a content of *size_bytes* is padded, so that its size says little.

    Padme: a size keeps only as many leading bits as its logarithm has bits; at most 12 % are added,
    and less the longer the content. Below 64 KiB all sizes become 64 KiB.

    Source: Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
    PURBs", PoPETs 2019, section 3.4.
    """
    assert size_bytes >= 0, "a size is not negative"
    if size_bytes <= PADDED_SIZE_BYTES_MIN:
        return PADDED_SIZE_BYTES_MIN
    exponent = size_bytes.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (size_bytes + mask) & ~mask


def _nonce(number: int, *, is_last: bool) -> bytes:
    """
    Number a chunk: 11 bytes, big-endian, and one that says whether it is the last.

    Counting is right here, and random nonces would be worse: a key seals one content only, so that
    no nonce occurs twice, and the number and the flag are what makes a chunk that was moved, repeated
    or cut off behind fail to open.
    """
    return number.to_bytes(11, "big") + bytes([is_last])


def _cut(pieces: Iterable[bytes], size_bytes: int) -> Iterator[tuple[bytes, bool]]:
    """Cut a stream into parts of *size_bytes* and a last one of 0 to *size_bytes*, and say which is last."""
    held = bytearray()
    for piece in pieces:
        held += piece
        # A full part is kept back until something follows it: it may be the last.
        while len(held) > size_bytes:
            yield bytes(held[:size_bytes]), False
            del held[:size_bytes]
    yield bytes(held), True


def _assert_sizes(secret: bytes, binding: bytes) -> None:
    assert len(secret) == SECRET_SIZE_BYTES, "a secret has 32 bytes"
    assert len(binding) == BINDING_SIZE_BYTES, "a binding has 32 bytes"


# The u of all points of order 1, 2, 4 and 8 on Curve25519 and its twist.
_P = 2**255 - 19
_U8 = 325606250916557431795983626356110631294008115727848805560023387167927233504
_V8 = 39382357235489614581723060781553021112529911719440698176882885853963445705823
_LOW_ORDER = frozenset({0, 1, _P - 1, _U8, _V8})


def _check_x25519(key: bytes) -> None:
    """
    Refuse X25519 keys that give every partner the same shared secret, or that have two spellings.

    Raises:
        MalformedError: The key is one of those.

    Source: RFC 7748, sections 5 and 6.1.
    """
    u = int.from_bytes(key, "little")
    if u >= _P:
        raise MalformedError("x25519 key is not in canonical form")
    if u in _LOW_ORDER:
        raise MalformedError("x25519 key is a point of low order")


def _twin_body(key: SealPublicKey, secret: bytes, binding: bytes) -> bytes:
    told = b"legation/twin/body/v1\n" + key.key_id + binding + secret
    return shake_256(told).digest(SEALED_SECRET_SIZE_BYTES - SECRET_SIZE_BYTES)


def _twin_mask(key: SealPublicKey, secret: bytes, binding: bytes) -> bytes:
    """Mask a secret, or unmask it: the same operation."""
    mask = shake_256(b"legation/twin/mask/v1\n" + key.key_id + binding).digest(len(secret))
    return bytes(left ^ right for left, right in zip(secret, mask, strict=True))
