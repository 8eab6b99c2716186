# SPDX-License-Identifier: Apache-2.0
"""
Signatures, each for one purpose only.

What is signed is never a bare message: it begins with what only its purpose begins with, mostly a line
of its own, so that a signature made for one thing is none for another, whatever the bytes.

Rules kept here:

1. The algorithm is a property of the key, never read from a message or a signature.
2. A public key cannot exist wrong: its size, and for Ed25519 its point, are checked when it is made.
3. Verifying returns nothing or raises ``SignatureError``, whatever the bytes.
4. Signature bytes are never an identifier: ML-DSA-44 signs the same message differently each time.

Not here: who owns a key and whether it is revoked. That is the business of ``card``.

Use::

    signer = Ed25519Signer(seed)
    signature = signer.sign(Purpose.ITEM, header)
    signer.public_key.verify(Purpose.ITEM, header, signature)
"""

from enum import Enum
from functools import cached_property
from hashlib import sha256, shake_256
from typing import Literal, NewType, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from legation.encoding import Canonical
from legation.errors import MalformedError, SignatureError

KeyId = NewType("KeyId", bytes)
"""The name of a public key: exactly 32 bytes, made by ``key_id_of`` only."""

Algorithm = Literal["ed25519", "ml-dsa-44"]

SEED_SIZE_BYTES = 32  # RFC 8032, section 5.1.5; FIPS 204, algorithm 1
KEY_SIZES_BYTES = {"ed25519": 32, "ml-dsa-44": 1312}  # RFC 8032, section 5.1.5; FIPS 204, table 2
SIGNATURE_SIZES_BYTES = {"ed25519": 64, "ml-dsa-44": 2420}  # the same places


class Purpose(Enum):
    """
    What a signature is for.

    The value is the first line of what is signed. Only where a standard says what is signed, a
    checkpoint's text, the value is how that text begins: it ends in a slash, and the rest of the
    text's first line is the message's.
    """

    ITEM = b"legation/item/v1"
    WITHDRAWAL = b"legation/withdrawal/v1"
    DESTRUCTION = b"legation/destruction/v1"
    CARD = b"legation/card/v1"
    ENVELOPE = b"legation/envelope/v1"
    POLICY = b"legation/policy/v1"
    """A statement on one version of a policy, as its authority signs it (c2sp.org/signed-note)."""
    STREAM = b"legation/stream/v1/"
    """A checkpoint of a stream to a peer, as its own office signs it (c2sp.org/signed-note)."""
    LOG = b"legation/log/v1/"
    """A checkpoint of a node's own log, likewise."""
    COSIGNATURE = b"cosignature/v1"
    """A checkpoint of somebody else, with a time (c2sp.org/tlog-cosignature, Ed25519)."""
    SUBTREE = b"subtree/v1"
    """A checkpoint of either, by ML-DSA-44 (c2sp.org/tlog-cosignature)."""

    @property
    def prefix(self) -> bytes:
        """What stands before the message in what is signed; none of them begins another."""
        value: bytes = self.value
        return value if value.endswith(b"/") else value + b"\n"


def key_id_of(algorithm: str, key: bytes) -> KeyId:
    """Compute the id of the public key *key*, as raw bytes, of *algorithm*."""
    return KeyId(sha256(b"legation/key/v1\n" + algorithm.encode("ascii") + b"\n" + key).digest())


class PublicKey(Canonical, frozen=True, dict=True):
    """
    A key that verifies.

    ``dict=True`` gives the frozen value a place for what is computed from it once: verifying a
    second time costs no parsing. That place is no field: it is neither compared nor encoded.

    Args:
        algorithm: ``ed25519`` or ``ml-dsa-44``.
        key: The raw public key, 32 or 1,312 bytes. Every string of 1,312 bytes is an ML-DSA-44 key.

    Raises:
        MalformedError: The key has another size, or is no Ed25519 point a careful signer could have.
    """

    algorithm: Algorithm
    key: bytes

    def __post_init__(self) -> None:
        size_bytes = KEY_SIZES_BYTES.get(self.algorithm)
        if size_bytes is None:
            raise MalformedError("the algorithm of a key is not known")
        if len(self.key) != size_bytes:
            raise MalformedError(f"{self.algorithm} key has {len(self.key)} bytes, expected {size_bytes}")
        if self.algorithm == "ed25519":
            _check_point(self.key)

    @cached_property
    def key_id(self) -> KeyId:
        """The id of this key, computed once."""
        return key_id_of(self.algorithm, self.key)

    def verify(self, purpose: Purpose, message: bytes, signature: bytes) -> None:
        """
        Check that *signature* was made with this key over *message* for *purpose*.

        Raises:
            SignatureError: It was not; or it is no signature at all.
        """
        try:
            self._library_key.verify(signature, purpose.prefix + message)
        except InvalidSignature as exc:
            raise _does_not_verify(self) from exc

    def verify_bare(self, message: bytes, signature: bytes) -> None:
        """
        Check a signature over a message that others define, without any purpose of ours.

        For reading what other programs signed. Nothing that this project signs is verified by it.

        Raises:
            SignatureError: The signature is not one of this key over *message*.
        """
        try:
            self._library_key.verify(signature, message)
        except InvalidSignature as exc:
            raise _does_not_verify(self) from exc

    @cached_property
    def _library_key(self) -> Ed25519PublicKey | MLDSA44PublicKey:
        if self.algorithm == "ed25519":
            return Ed25519PublicKey.from_public_bytes(self.key)
        return MLDSA44PublicKey.from_public_bytes(self.key)


class Verify(Protocol):
    """A rule by which signatures hold: ``PublicKey.verify``, or in twin worlds ``unsafe_verify``."""

    def __call__(self, key: PublicKey, purpose: Purpose, message: bytes, signature: bytes, /) -> None:
        """Return nothing, or raise ``SignatureError``."""

    def __hash__(self) -> int:
        """Hash like any function: what was verified by a rule is remembered with it."""


class Signer(Protocol):
    """A port: whoever holds a private key, be it here, in a file or in a device."""

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies what this signer signs."""

    def sign(self, purpose: Purpose, message: bytes) -> bytes:
        """Sign *message* for *purpose*."""


class Ed25519Signer:
    """
    Signs with Ed25519; the same message always gets the same signature.

    Args:
        seed: The private key, 32 bytes.

    Raises:
        MalformedError: The seed has another size.

    Source: RFC 8032, section 5.1.
    """

    __slots__ = ("_key", "public_key")

    def __init__(self, seed: bytes) -> None:
        _check_seed(seed)
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = PublicKey(algorithm="ed25519", key=self._key.public_key().public_bytes_raw())

    def sign(self, purpose: Purpose, message: bytes) -> bytes:
        """Sign *message* for *purpose*: 64 bytes."""
        return self._key.sign(purpose.prefix + message)


class MLDSA44Signer:
    """
    Signs with ML-DSA-44, hedged: each signature is another one, so it is stored before it is sent.

    Args:
        seed: The private key in its seed form, 32 bytes.

    Raises:
        MalformedError: The seed has another size.

    Source: FIPS 204, sections 5.1 and 5.2.
    """

    __slots__ = ("_key", "public_key")

    def __init__(self, seed: bytes) -> None:
        _check_seed(seed)
        self._key = MLDSA44PrivateKey.from_seed_bytes(seed)
        self.public_key = PublicKey(algorithm="ml-dsa-44", key=self._key.public_key().public_bytes_raw())

    def sign(self, purpose: Purpose, message: bytes) -> bytes:
        """Sign *message* for *purpose*: 2,420 bytes."""
        return self._key.sign(purpose.prefix + message)


class MLDSA44Twin:
    """
    Stands for ``MLDSA44Signer`` where two worlds are compared: same key, same sizes, no randomness.

    Its signatures follow from the public key and the message, so **anyone can make them**. They are
    no ML-DSA-44 signatures: ``PublicKey.verify`` refuses them, and only ``unsafe_verify`` takes them.
    The library offers no deterministic signing, and to write ML-DSA here for the tests would be more
    cryptography than it replaces.
    """

    __slots__ = ("public_key",)

    def __init__(self, seed: bytes) -> None:
        self.public_key = MLDSA44Signer(seed).public_key

    def sign(self, purpose: Purpose, message: bytes) -> bytes:
        """Give the 2,420 bytes that stand for a signature."""
        return _twin_signature(self.public_key, purpose, message)


def unsafe_verify(key: PublicKey, purpose: Purpose, message: bytes, signature: bytes, /) -> None:
    """
    Verify as twin worlds do: ML-DSA-44 keys sign by ``MLDSA44Twin`` only, Ed25519 keys as ever.

    Unsafe because it takes ML-DSA-44 signatures that anyone can make. No module of a node names it.

    Raises:
        SignatureError: The signature is not the twin's; a true ML-DSA-44 signature is refused too.
    """
    if key.algorithm != "ml-dsa-44":
        key.verify(purpose, message, signature)
    elif signature != _twin_signature(key, purpose, message):
        raise _does_not_verify(key)


def _twin_signature(key: PublicKey, purpose: Purpose, message: bytes) -> bytes:
    told = b"legation/twin/v1\n" + key.key_id + purpose.prefix + message
    return shake_256(told).digest(SIGNATURE_SIZES_BYTES["ml-dsa-44"])


def _does_not_verify(key: PublicKey) -> SignatureError:
    return SignatureError(f"signature of key `{key.key_id.hex()[:16]}` does not verify")


def _check_seed(seed: bytes) -> None:
    if len(seed) != SEED_SIZE_BYTES:
        raise MalformedError(f"seed has {len(seed)} bytes, expected {SEED_SIZE_BYTES}")


# The curve of Ed25519 is -x^2 + y^2 = 1 + d x^2 y^2 modulo p. A key is y, with the sign of x above it.
_P = 2**255 - 19
_Y8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022  # of order 8
_SMALL_ORDER = frozenset({0, 1, _P - 1, _Y8, _P - _Y8})


def _check_point(key: bytes) -> None:
    """
    Refuse Ed25519 keys under which "signed by this key" would not mean what it says.

    1. "If the resulting value is >= p, decoding fails" (RFC 8032, section 5.1.3): a point has one
       spelling. The library accepts others.
    2. Under a point of small order one signature fits many messages. The eight such points have
       five values of y; the last misspelling, ``x = 0`` with a sign, has two of these.

    That the point lies on the curve is not checked here: under one that does not, nothing verifies,
    and to find that out costs more than a signature, which a long hostile card could make us pay.

    Raises:
        MalformedError: One of them does not hold.
    """
    y = int.from_bytes(key, "little") & ((1 << 255) - 1)
    # 1. One spelling of each point.
    if y >= _P:
        raise MalformedError("ed25519 key is not in canonical form")
    # 2. No small order.
    if y in _SMALL_ORDER:
        raise MalformedError("ed25519 key is a point of small order")
