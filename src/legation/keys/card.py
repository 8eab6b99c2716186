# SPDX-License-Identifier: Apache-2.0
"""
The card: what an office publishes of itself, signed.

A card names an office, its keys with their states, where it can be reached, and what it speaks. The
cards of an office are a chain: each names the digest of the one before, and one root key signs all.
``docs/spec/card.md`` has the format with an example.

Rules kept here:

1. A ``Card`` has been verified; ``CardBody`` only has the right form. ``read`` makes the one of the other.
2. A card is signed by its root and by every *current* signing key it lists, by no more and no fewer:
   nobody can list the key of somebody else as their own. Seal keys cannot sign; the root vouches.
3. A key has one role, for ever: its id stands once in a card, and never leaves the list.
4. A state only goes down: current, retired, revoked. A key enters as current.

Not here: whom we trust. ``read`` says that a card is whole and its own; that it is *theirs* is what
two administrators find out by comparing its ``fingerprint``, and what pinning writes down.

Use::

    card = read(data)
    succeeds(pinned, card)
    author = Cards([card]).item_key(key_id)
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from itertools import pairwise
from typing import Literal, TypeVar

from legation.encoding import INTEGER_MAX, Canonical, Codec, encode
from legation.errors import MalformedError, SignatureError, VerificationError
from legation.keys.fingerprint_words import WORDS
from legation.keys.seal import SealPublicKey
from legation.keys.sign import KeyId, PublicKey, Purpose, Signer, Verify

FORMAT = "legation/card/v1"

CARD_SIZE_BYTES_MAX = 1 << 19  # the fullest card that the other limits allow has about 490 KB
KEYS_MAX = 128  # of one role; none ever leaves: a new seal key each quarter for 32 years
CURRENT_ITEM_KEYS_MAX = 16  # each signs the card, and each signature hashes it whole
ADDRESSES_MAX = 16  # more are not tried
ADDRESS_LENGTH_MAX = 253  # the longest host name there is (RFC 1035, section 2.3.4)
PROTOCOLS_MAX = 16  # versions spoken at once
PROTOCOL_MAX = 65_535  # two bytes are enough for a version
POLICIES_MAX = 64  # policies an office decides with
POLICY_ID_LENGTH_MAX = 256  # of an object identifier, as for labels
NUMBER_MAX = 1_000_000  # a card every hour for a century
TIME_MAX = 253_402_300_799  # 9999-12-31T23:59:59Z: later years have no common spelling
DIGEST_SIZE_BYTES = 32  # SHA-256
FINGERPRINT_WORDS = 12  # of 11 bits: 132 bits, which nobody can search through for a second card

_PARTY = re.compile("[A-Z][A-Z0-9-]{1,15}")
POLICY_ID = re.compile(r"([01]\.[1-3]?[0-9]|2\.(0|[1-9][0-9]*))(\.(0|[1-9][0-9]*))*")

# What two programs may read differently is left out: user names, queries, fragments, escapes, dot
# segments, capitals, and hosts that end in a number without being four (`0x7f.1`, `2130706433`).
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_HOST = rf"({_LABEL}\.)*(?=[a-z]){_LABEL}|({_OCTET}\.){{3}}{_OCTET}"
_PATH = r"(/(?!\.{1,2}(/|\Z))[A-Za-z0-9._~-]+)*/?"
_ADDRESS = re.compile(rf"(?P<scheme>https://)?({_HOST})(:(?P<port>[1-9][0-9]{{0,4}}))?(?(scheme){_PATH})")

Ordered = TypeVar("Ordered", int, str, bytes)


class KeyState(StrEnum):
    """How a key that a card lists stands."""

    CURRENT = "current"
    """Signs, or is sealed to, now."""
    RETIRED = "retired"
    """Signs no more; what it signed holds if it comes from its own office or was held before."""
    REVOKED = "revoked"
    """May be in other hands; what it signed is set apart, unless it was held before the instant that is said."""


# What may happen to a key from one card to the next; ``None`` is "not listed".
_LAWFUL: frozenset[tuple[KeyState | None, KeyState | None]] = frozenset(
    {
        (None, KeyState.CURRENT),
        (KeyState.CURRENT, KeyState.CURRENT),
        (KeyState.CURRENT, KeyState.RETIRED),
        (KeyState.CURRENT, KeyState.REVOKED),
        (KeyState.RETIRED, KeyState.RETIRED),
        (KeyState.RETIRED, KeyState.REVOKED),
        (KeyState.REVOKED, KeyState.REVOKED),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """
    A capital (``KOR``) or a mission (``KOR@NATO``).

    Args:
        party: Code of the party whose office it is.
        host: Code of the party where the mission is; none for a capital.

    Raises:
        MalformedError: A code is not one, or a party is its own host.
    """

    party: str
    host: str | None = None

    def __post_init__(self) -> None:
        for code in (self.party,) if self.host is None else (self.party, self.host):
            if not _PARTY.fullmatch(code):
                raise MalformedError("a party code is 2 to 16 of A-Z, 0-9 and -, with a letter first")
        if self.host == self.party:
            raise MalformedError("a party has no mission at itself")

    @classmethod
    def parse(cls, text: str) -> "Office":
        """
        Read ``KOR@NATO`` or ``KOR``; the inverse of ``str``.

        Raises:
            MalformedError: It is not an office.
        """
        party, at, host = text.partition("@")
        return cls(party=party, host=host if at else None)

    def __str__(self) -> str:
        return self.party if self.host is None else f"{self.party}@{self.host}"


class ListedKey(Canonical, frozen=True):
    """
    A key for signing items or streams, and how it stands.

    Args:
        key: The key.
        state: How it stands.
        since: Of a revoked item key, from when it may have been in other hands, in seconds since 1970, UTC.
            What its receivers held before, by their own clocks, stays. Without it nothing does.

    Raises:
        MalformedError: There is such an instant and the key is not revoked.
    """

    key: PublicKey
    state: KeyState
    since: int | None = None

    def __post_init__(self) -> None:
        if self.since is not None and self.state is not KeyState.REVOKED:
            raise MalformedError("only of a revoked key it is said since when")


class ListedSealKey(Canonical, frozen=True):
    """A key to seal to, and how it stands."""

    key: SealPublicKey
    state: KeyState


class PolicyReference(Canonical, frozen=True):
    """A policy that the office decides with: OID, version, SHA-256 of the SPIF's bytes."""

    id: str
    version: int
    digest: bytes

    def __post_init__(self) -> None:
        if len(self.id) > POLICY_ID_LENGTH_MAX or not POLICY_ID.fullmatch(self.id):
            raise MalformedError("policy identifier is not an object identifier")
        _check_range(self.version, "policy version", 0, INTEGER_MAX)
        _check_digest(self.digest, "policy digest")


class CardBody(Canonical, frozen=True):
    """
    What a card says, before anybody vouches for it.

    It cannot exist in the wrong form:

    1. The format is this one; the number, the time and the office are such.
    2. The first card, number 0, has no previous one; every other has.
    3. The root and the item keys are Ed25519 keys.
    4. The keys of each role, sorted by key id, are at most ``KEYS_MAX``.
    5. A key id stands once in the whole card, the root's included.
    6. Current are: 1 to 16 item keys, one stream key of each algorithm, one seal key.
    7. In the first card every key is current. Of a revoked item key, and of no other, it may be said since
       when; not a time after the card's.
    8. Addresses are host names or https URLs, none twice, the preferred one first.
    9. Protocol versions ascend, policies ascend by identifier, none twice.

    Args:
        addresses: Where the office is reached; none for an office that is reached by bag only.
        format: ``legation/card/v1``.
        item_keys: Keys that sign items and withdrawals.
        number: Place in the chain of this office's cards, from 0 without gaps.
        office: ``KOR@NATO`` or ``KOR``.
        policies: Policies it decides with.
        previous: SHA-256 of the previous card's bytes; none in the first card.
        protocols: Versions of the exchange protocol it speaks, at least one.
        root: The key that is kept offline and signs every card of the chain.
        seal_keys: Keys that messages to it are sealed to.
        stream_keys: Keys that sign its streams and envelopes.
        time: When the card was made, in seconds since 1970, UTC. It orders nothing.

    Raises:
        MalformedError: One of these does not hold.
    """

    addresses: tuple[str, ...]
    format: Literal["legation/card/v1"]
    item_keys: tuple[ListedKey, ...]
    number: int
    office: str
    policies: tuple[PolicyReference, ...]
    protocols: tuple[int, ...]
    root: PublicKey
    seal_keys: tuple[ListedSealKey, ...]
    stream_keys: tuple[ListedKey, ...]
    time: int
    previous: bytes | None = None

    def __post_init__(self) -> None:
        # 1. and 2. The chain.
        _check_chain(self)
        # 3. Algorithms.
        if {"ed25519"} != {self.root.algorithm, *(listed.key.algorithm for listed in self.item_keys)}:
            raise MalformedError("the root and the item keys are ed25519 keys")
        # 4. and 5. No key twice.
        _check_key_ids(self)
        # 6. and 7. States.
        _check_states(self)
        # 8. and 9. How it is reached and what it speaks.
        _check_addresses(self.addresses)
        for version in self.protocols:
            _check_range(version, "protocol version", 1, PROTOCOL_MAX)
        _check_ascending(self.protocols, "protocol versions", 1, PROTOCOLS_MAX)
        _check_ascending([policy.id for policy in self.policies], "policies", 0, POLICIES_MAX)


class CardSignature(Canonical, frozen=True):
    """One signature over the canonical bytes of a body, under ``Purpose.CARD``."""

    key: bytes
    signature: bytes


class SignedCard(Canonical, frozen=True):
    """A card as it travels, not yet verified; signatures ascend by key id."""

    body: CardBody
    signatures: tuple[CardSignature, ...]


_CODEC = Codec(SignedCard, size_bytes_max=CARD_SIZE_BYTES_MAX, what="card")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """
    A verified card; made by ``read`` only.

    ``data`` are the bytes as received, ``digest`` is their SHA-256: what the next card names.
    """

    office: Office
    body: CardBody
    digest: bytes
    data: bytes = field(repr=False)

    @property
    def stream_keys(self) -> tuple[PublicKey, ...]:
        """The keys that verify this office's streams: current and retired, never revoked."""
        listed = self.body.stream_keys
        return tuple(found.key for found in listed if found.state is not KeyState.REVOKED)

    @property
    def stream_keys_ever(self) -> tuple[PublicKey, ...]:
        """All that ever signed this office's streams, for whoever looks at what was accepted long ago."""
        return tuple(found.key for found in self.body.stream_keys)

    @property
    def revoked_stream_keys(self) -> tuple[PublicKey, ...]:
        """The stream keys that may be in other hands."""
        return tuple(found.key for found in self.body.stream_keys if found.state is KeyState.REVOKED)

    @property
    def envelope_key(self) -> PublicKey:
        """The key that signs this office's envelopes: its current Ed25519 stream key."""
        current = [found.key for found in self.body.stream_keys if found.state is KeyState.CURRENT]
        return next(key for key in current if key.algorithm == "ed25519")

    @property
    def seal_key(self) -> SealPublicKey:
        """The key that is sealed to now."""
        return next(found.key for found in self.body.seal_keys if found.state is KeyState.CURRENT)


def read(data: bytes, *, verify: Verify = PublicKey.verify) -> Card:
    """
    Decode a card and verify every signature that it must have.

    1. The bytes are the canonical encoding of a card in the right form.
    2. Exactly the root and every current item and stream key have signed, in ascending order.
    3. Each signature verifies over the canonical bytes of the body.

    Args:
        data: The card, at most ``CARD_SIZE_BYTES_MAX``.
        verify: How signatures are verified; another rule only where two worlds are compared.

    Raises:
        MalformedError: These are not the bytes of a card.
        SignatureError: A signature is missing, superfluous, out of order or does not verify.
    """
    # 1. Form.
    signed = _CODEC.decode(data)
    # 2. Who.
    keys = signing_keys(signed.body)
    if [found.key for found in signed.signatures] != list(keys):
        raise SignatureError("the signatures of a card are those of its root and current keys")
    # 3. What.
    message = encode(signed.body)
    for key, found in zip(keys.values(), signed.signatures, strict=True):
        verify(key, Purpose.CARD, message, found.signature)
    return Card(
        office=Office.parse(signed.body.office),
        body=signed.body,
        digest=sha256(data).digest(),
        data=data,
    )


def make(body: CardBody, signers: Iterable[Signer]) -> bytes:
    """
    Sign a card.

    Args:
        body: What it says.
        signers: The root and every current item and stream key, in any order.

    Raises:
        SignatureError: A signer is missing, superfluous or there twice.
        MalformedError: The card would be longer than others read.
    """
    ordered = sorted(signers, key=lambda signer: signer.public_key.key_id)
    if [signer.public_key.key_id for signer in ordered] != list(signing_keys(body)):
        raise SignatureError("the signers of a card are its root and current keys")
    return put_together(body, [sign(body, signer) for signer in ordered])


def sign(body: CardBody, signer: Signer) -> CardSignature:
    """Make one of the signatures of a card."""
    return CardSignature(key=signer.public_key.key_id, signature=signer.sign(Purpose.CARD, encode(body)))


def put_together(body: CardBody, signatures: Iterable[CardSignature]) -> bytes:
    """
    Make a card of what it says and its signatures, in any order; none of them is verified.

    Raises:
        MalformedError: The card would be longer than others read.
    """
    ordered = tuple(sorted(signatures, key=lambda each: each.key))
    data = _CODEC.encode(SignedCard(body=body, signatures=ordered))
    # What cannot be read is not given out.
    _CODEC.decode(data)
    return data


def succeeds(old: Card, new: Card) -> None:
    """
    Check that *new* is the next card of *old*'s chain.

    Raises:
        VerificationError: It is not, as ``check_next`` has it.
    """
    check_next(old, new.body)


def check_next(old: Card, new: CardBody) -> None:
    """
    Check that *new* says what the next card of *old*'s chain may say; who signed it is not looked at.

    1. It is of the same office, under the same root.
    2. It has the next number and names the digest of *old*.
    3. In each role every listed key is still listed, no state has gone up, and what is new is current.
    4. Since when a key is revoked moves to an earlier instant only, or to "always".

    Raises:
        VerificationError: One of them does not hold.
    """
    # 1. The same chain.
    if new.office != old.body.office:
        raise VerificationError(f"card of `{new.office}`, expected one of `{old.office}`")
    if new.root != old.body.root:
        raise VerificationError(f"card of `{new.office}` has another root")
    # 2. The next link.
    if new.number != old.body.number + 1:
        raise VerificationError(f"card number {new.number}, expected {old.body.number + 1}")
    if new.previous != old.digest:
        raise VerificationError(f"card number {new.number} follows another card than ours")
    # 3. The keys.
    for before, after in zip(_roles(old.body), _roles(new), strict=True):
        _check_transitions(_states(before), _states(after))
    # 4. Since when.
    for key_id, since in _revoked_since(new).items():
        was = _revoked_since(old.body).get(key_id, TIME_MAX)
        if (-1 if since is None else since) > (-1 if was is None else was):
            raise VerificationError(f"key `{short(key_id)}` was revoked since an earlier instant")


def _revoked_since(body: CardBody) -> dict[KeyId, int | None]:
    return {each.key.key_id: each.since for each in body.item_keys if each.state is KeyState.REVOKED}


def fingerprint(card: Card) -> tuple[str, ...]:
    """
    Give the 12 words that two administrators compare, out of band, before the card is trusted.

    They spell the first 132 bits of a SHA-256 over a line of its own and the card's bytes, 11 bits a
    word. Each card has its own.
    """
    digest = sha256(b"legation/fingerprint/v1\n" + card.data).digest()
    bits = int.from_bytes(digest, "big") >> (8 * len(digest) - 11 * FINGERPRINT_WORDS)
    return tuple(WORDS[bits >> 11 * place & 0x7FF] for place in reversed(range(FINGERPRINT_WORDS)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAuthor:
    """Whose item key it is, how it stands, and since when if it is revoked."""

    office: Office
    public_key: PublicKey
    state: KeyState
    since: int | None = None

    def is_revoked(self, held_at: int | None) -> bool:
        """
        Whether the key is revoked for what was durably received at an instant.

        Args:
            held_at: When, by the clock of whoever holds it; None if that is not known.
        """
        held_before = self.since is not None and held_at is not None and held_at < self.since
        return self.state is KeyState.REVOKED and not held_before


class Cards:
    """
    The pinned cards: who is behind a key id.

    Args:
        cards: At most one card of each office; the same one twice does no harm. The caller pins the
            newest and has read its chain.

    Raises:
        MalformedError: Two different cards of one office; or a key id of one office stands in
            another's card. Only a root may be shared, as a root, by the offices of one party.
    """

    __slots__ = ("_item_authors",)

    def __init__(self, cards: Iterable[Card]) -> None:
        self._item_authors: dict[KeyId, ItemAuthor] = {}
        pinned: dict[Office, bytes] = {}
        owners: dict[KeyId, Office | str] = {}
        for card in cards:
            if pinned.setdefault(card.office, card.digest) != card.digest:
                raise MalformedError(f"two different cards of `{card.office}`")
            # A root belongs to a party, every other key to one office: or a signature had two authors.
            _claim(owners, card.body.root.key_id, card.office.party)
            for listed in listed_keys(card.body):
                _claim(owners, listed.key.key_id, card.office)
            self._item_authors |= {
                listed.key.key_id: ItemAuthor(
                    office=card.office, public_key=listed.key, state=listed.state, since=listed.since
                )
                for listed in card.body.item_keys
            }

    def item_key(self, key_id: KeyId) -> ItemAuthor | None:
        """Look up who signs items with this key; ``None`` if no pinned card lists it for that."""
        return self._item_authors.get(key_id)


def _claim(owners: dict[KeyId, Office | str], key_id: KeyId, owner: Office | str) -> None:
    if owners.setdefault(key_id, owner) != owner:
        raise MalformedError(f"key `{short(key_id)}` of `{owners[key_id]}` stands in a card of `{owner}`")


def signing_keys(body: CardBody) -> dict[KeyId, PublicKey]:
    """Who must sign: the root and every current item and stream key, ascending by key id."""
    keys = [body.root]
    keys += [
        listed.key for listed in (*body.item_keys, *body.stream_keys) if listed.state is KeyState.CURRENT
    ]
    return {key.key_id: key for key in sorted(keys, key=lambda key: key.key_id)}


def _roles(body: CardBody) -> tuple[Sequence[ListedKey | ListedSealKey], ...]:
    return body.item_keys, body.stream_keys, body.seal_keys


def listed_keys(body: CardBody) -> Sequence[ListedKey | ListedSealKey]:
    """Every key that a card lists, but its root."""
    return (*body.item_keys, *body.stream_keys, *body.seal_keys)


def _states(role: Sequence[ListedKey | ListedSealKey]) -> dict[KeyId, KeyState]:
    return {listed.key.key_id: listed.state for listed in role}


def _check_transitions(before: dict[KeyId, KeyState], after: dict[KeyId, KeyState]) -> None:
    for key_id in sorted(before.keys() | after.keys()):
        step = before.get(key_id), after.get(key_id)
        if step not in _LAWFUL:
            was, now = (state or "not listed" for state in step)
            raise VerificationError(f"key `{short(key_id)}` was {was} and is {now}")


def _check_chain(body: CardBody) -> None:
    if body.format != FORMAT:
        raise MalformedError(f"expected a card of the format {FORMAT}")
    Office.parse(body.office)
    _check_range(body.number, "card number", 0, NUMBER_MAX)
    _check_range(body.time, "card time", 0, TIME_MAX)
    if (body.previous is None) != (body.number == 0):
        raise MalformedError("every card but number 0 names the previous one")
    if body.previous is not None:
        _check_digest(body.previous, "digest of the previous card")


def _check_key_ids(body: CardBody) -> None:
    for role in _roles(body):
        _check_ascending([listed.key.key_id for listed in role], "keys", 1, KEYS_MAX)
    ids = [body.root.key_id, *(listed.key.key_id for listed in listed_keys(body))]
    if len(set(ids)) != len(ids):
        raise MalformedError("a key stands in a card twice")


def _check_states(body: CardBody) -> None:
    if not 1 <= len(_current(body.item_keys)) <= CURRENT_ITEM_KEYS_MAX:
        raise MalformedError(f"a card has 1 to {CURRENT_ITEM_KEYS_MAX} current item keys")
    if sorted(_current(body.stream_keys)) != ["ed25519", "ml-dsa-44"]:
        raise MalformedError("a card has one current stream key of each algorithm")
    if len(_current(body.seal_keys)) != 1:
        raise MalformedError("a card has one current seal key")
    # A key proves that it is held by signing the card it enters on, so it enters as current.
    if body.number == 0 and any(listed.state is not KeyState.CURRENT for listed in listed_keys(body)):
        raise MalformedError("in the first card every key is current")
    if any(listed.since is not None for listed in body.stream_keys):
        raise MalformedError("only of an item key it is said since when it is revoked")
    for listed in body.item_keys:
        _check_range(listed.since or 0, "instant of a revocation", 0, body.time)


def _current(role: Sequence[ListedKey | ListedSealKey]) -> list[str]:
    """List the algorithms of the current keys of a role."""
    return [listed.key.algorithm for listed in role if listed.state is KeyState.CURRENT]


def _check_addresses(addresses: Sequence[str]) -> None:
    if len(addresses) > ADDRESSES_MAX or len(set(addresses)) != len(addresses):
        raise MalformedError(f"a card has at most {ADDRESSES_MAX} addresses, none twice")
    for address in addresses:
        found = _ADDRESS.fullmatch(address) if len(address) <= ADDRESS_LENGTH_MAX else None
        if found is None or int(found["port"] or 1) > 65_535:
            raise MalformedError("an address is a host name or an https URL, without user name or query")


def _check_ascending(values: Sequence[Ordered], what: str, count_min: int, count_max: int) -> None:
    if not count_min <= len(values) <= count_max:
        raise MalformedError(f"{what}: {len(values)}, expected {count_min} to {count_max}")
    if any(left >= right for left, right in pairwise(values)):
        raise MalformedError(f"{what} are not in ascending order")


def _check_range(value: int, what: str, least: int, most: int) -> None:
    if not least <= value <= most:
        raise MalformedError(f"{what} is not between {least} and {most}")


def _check_digest(digest: bytes, what: str) -> None:
    if len(digest) != DIGEST_SIZE_BYTES:
        raise MalformedError(f"{what} has {len(digest)} bytes, expected {DIGEST_SIZE_BYTES}")


def short(key_id: KeyId) -> str:
    """What people call a key: the first 16 digits of its id."""
    return key_id.hex()[:16]
