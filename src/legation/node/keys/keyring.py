# SPDX-License-Identifier: Apache-2.0
"""
The keys of an office as they lie in files, and the card they make.

Two files: the office's keys, which it needs every day, and the party's root key, which signs cards
and is kept offline. Both are secrets; the card is for everybody.

Which keys are in use the card says, and nothing else: the file holds those of the present card, those that were
drawn for the next one, and for a while the seal keys that were replaced. So an office is renewed when one file,
its card, is replaced.
"""

from collections.abc import Container, Sequence
from functools import cached_property
from typing import Literal

from msgspec.structs import replace

from legation.encoding import Canonical, Codec
from legation.errors import MalformedError
from legation.exchange.envelope import OPENERS_MAX
from legation.item.draws import SECRET_SIZE_BYTES
from legation.keys.card import (
    TIME_MAX,
    CardBody,
    KeyState,
    ListedKey,
    ListedSealKey,
    Office,
    PolicyReference,
    make,
)
from legation.keys.seal import MLKEM_SEED_SIZE_BYTES
from legation.keys.sign import SEED_SIZE_BYTES, Ed25519Signer, Signer
from legation.labels import Policies, reference_to
from legation.node.surroundings import Surroundings

KEY_FILE_SIZE_BYTES_MAX = 4096  # some twenty short secrets
SEAL_KEPT_S = 90 * 86_400  # "destroyed 90 days after its successor was published" (exchange, "Envelopes")
FORMER_SEALS_MAX = OPENERS_MAX - 1  # a receiver tries no more keys than that, and the present one


class NextKeys(Canonical, frozen=True):
    """Seeds of the keys that the next card lists as current; where it keeps a key, that one's again."""

    item: bytes
    stream_ed25519: bytes
    stream_mldsa44: bytes
    seal_mlkem768: bytes
    seal_x25519: bytes

    def __post_init__(self) -> None:
        _check_seeds(self)

    def __repr__(self) -> str:
        return "NextKeys()"


class FormerSeal(Canonical, frozen=True):
    """A seal key that was replaced; it opens what was sealed to it until *until*, in seconds since 1970."""

    mlkem768: bytes
    x25519: bytes
    until: int

    def __post_init__(self) -> None:
        _check_size(self.mlkem768, MLKEM_SEED_SIZE_BYTES)
        _check_size(self.x25519, SEED_SIZE_BYTES)
        if not 0 <= self.until <= TIME_MAX + SEAL_KEPT_S:
            raise MalformedError("key file holds a seal key until an instant that is none")

    def __repr__(self) -> str:
        return "FormerSeal()"


class OfficeKeys(Canonical, frozen=True, dict=True):
    """
    The secrets of one office: seeds of its keys, and the secret that its items' draws come from.

    ``next`` are those that were drawn for the next card. ``former`` are seal keys that were replaced, the newest
    first, at most ``FORMER_SEALS_MAX``.
    """

    format: Literal["legation/keys/v1"]
    office: str
    item: bytes
    stream_ed25519: bytes
    stream_mldsa44: bytes
    seal_mlkem768: bytes
    seal_x25519: bytes
    draws: bytes
    next: NextKeys | None = None
    former: tuple[FormerSeal, ...] = ()

    def __post_init__(self) -> None:
        Office.parse(self.office)
        _check_seeds(self)
        _check_size(self.draws, SECRET_SIZE_BYTES)
        if len(self.former) > FORMER_SEALS_MAX:
            raise MalformedError(f"key file holds more than {FORMER_SEALS_MAX} seal keys that were replaced")

    def __repr__(self) -> str:
        return f"OfficeKeys({self.office})"  # never the secrets, whatever prints it

    @property
    def party(self) -> str:
        """The party whose office it is."""
        return Office.parse(self.office).party

    @property
    def present(self) -> NextKeys:
        """The seeds of the keys in use, to make the next ones of."""
        return NextKeys(**{name: getattr(self, name) for name in NextKeys.__struct_fields__})

    def renewed(self, at: int) -> "OfficeKeys":
        """
        Put the next keys in use, and let go of those that they replace, but not yet of the seal key.

        Args:
            at: When the card that lists them was published, in seconds since 1970.
        """
        new = self.next
        if new is None:
            return self
        former = self.former
        if new.seal_x25519 != self.seal_x25519:
            replaced = FormerSeal(
                mlkem768=self.seal_mlkem768, x25519=self.seal_x25519, until=at + SEAL_KEPT_S
            )
            former = (replaced, *former)
        return OfficeKeys(
            format=self.format,
            office=self.office,
            draws=self.draws,
            former=former[:FORMER_SEALS_MAX],
            **{name: getattr(new, name) for name in NextKeys.__struct_fields__},
        )

    def without(self, seals: Container[bytes]) -> "OfficeKeys":
        """Let go of replaced seal keys, named by their X25519 seeds."""
        return replace(self, former=tuple(each for each in self.former if each.x25519 not in seals))

    @cached_property
    def item_signer(self) -> Ed25519Signer:
        """Signs items and withdrawals."""
        return Ed25519Signer(self.item)


class RootKey(Canonical, frozen=True):
    """The secret of a party's root key."""

    format: Literal["legation/root/v1"]
    party: str
    seed: bytes

    def __post_init__(self) -> None:
        Office(party=self.party)
        _check_size(self.seed, SEED_SIZE_BYTES)

    def __repr__(self) -> str:
        return f"RootKey({self.party})"

    def check_party(self, party: str) -> None:
        """
        Refuse to vouch for another party's office.

        Raises:
            MalformedError: The root key is not *party*'s.
        """
        if self.party != party:
            raise MalformedError(f"root key of `{self.party}`, expected one of `{party}`")


OFFICE_KEYS = Codec(OfficeKeys, size_bytes_max=KEY_FILE_SIZE_BYTES_MAX, what="key file")
ROOT_KEY = Codec(RootKey, size_bytes_max=KEY_FILE_SIZE_BYTES_MAX, what="root key file")


def _check_seeds(keys: "OfficeKeys | NextKeys") -> None:
    for seed in (keys.item, keys.stream_ed25519, keys.stream_mldsa44, keys.seal_x25519):
        _check_size(seed, SEED_SIZE_BYTES)
    _check_size(keys.seal_mlkem768, MLKEM_SEED_SIZE_BYTES)


def _check_size(secret: bytes, size_bytes: int) -> None:
    if len(secret) != size_bytes:
        raise MalformedError(f"key file holds a secret of {len(secret)} bytes, expected {size_bytes}")


def draw_office_keys(office: Office, around: Surroundings) -> OfficeKeys:
    """Draw new keys for an office."""
    return OfficeKeys(
        format="legation/keys/v1",
        office=str(office),
        item=around.random(SEED_SIZE_BYTES),
        stream_ed25519=around.random(SEED_SIZE_BYTES),
        stream_mldsa44=around.random(SEED_SIZE_BYTES),
        seal_mlkem768=around.random(MLKEM_SEED_SIZE_BYTES),
        seal_x25519=around.random(SEED_SIZE_BYTES),
        draws=around.random(SECRET_SIZE_BYTES),
    )


def draw_root_key(party: str, around: Surroundings) -> RootKey:
    """Draw a new root key for a party."""
    return RootKey(format="legation/root/v1", party=party, seed=around.random(SEED_SIZE_BYTES))


def make_card(
    keys: OfficeKeys,
    root: RootKey,
    policies: Policies,
    around: Surroundings,
    *,
    addresses: Sequence[str] = (),
) -> bytes:
    """
    Make the first card of an office: all its keys current.

    Args:
        keys: The office's keys.
        root: The root key of its party.
        policies: What it decides with.
        around: Clock and dice.
        addresses: Where it is reached, the preferred one first; none for an office that only asks.

    Raises:
        MalformedError: The root key is another party's, or an address is none.
    """
    root.check_party(keys.party)
    root_signer = Ed25519Signer(root.seed)
    stream_signers: tuple[Signer, ...] = (
        Ed25519Signer(keys.stream_ed25519),
        around.mldsa44(keys.stream_mldsa44),
    )
    opener = around.opener(keys.seal_mlkem768, keys.seal_x25519)
    body = CardBody(
        format="legation/card/v1",
        office=keys.office,
        number=0,
        time=int(around.now().timestamp()),
        root=root_signer.public_key,
        item_keys=(ListedKey(key=keys.item_signer.public_key, state=KeyState.CURRENT),),
        stream_keys=tuple(
            ListedKey(key=signer.public_key, state=KeyState.CURRENT)
            for signer in sorted(stream_signers, key=lambda signer: signer.public_key.key_id)
        ),
        seal_keys=(ListedSealKey(key=opener.public_key, state=KeyState.CURRENT),),
        addresses=tuple(addresses),
        protocols=around.protocols,
        policies=newest(policies),
    )
    return make(body, (root_signer, keys.item_signer, *stream_signers))


def newest(policies: Policies) -> tuple[PolicyReference, ...]:
    """Of each policy the highest version: a card names none twice."""
    found: dict[str, PolicyReference] = {}
    for policy in sorted(policies, key=lambda policy: policy.version):
        found[policy.id] = reference_to(policy)
    return tuple(found[id] for id in sorted(found))
