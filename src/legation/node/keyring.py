# SPDX-License-Identifier: Apache-2.0
"""
The keys of an office as they lie in files, and the card they make.

Two files: the office's keys, which it needs every day, and the party's root key, which signs cards
and is kept offline. Both are secrets; the card is for everybody.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Literal

from legation.encoding import Canonical, Codec
from legation.errors import MalformedError
from legation.item.draws import SECRET_SIZE_BYTES
from legation.keys.card import (
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

KEY_FILE_SIZE_BYTES_MAX = 4096  # seven short secrets
PROTOCOL_VERSION = 1  # the exchange protocol that this release is written for


class OfficeKeys(Canonical, frozen=True, dict=True):
    """
    The secrets of one office: seeds of its keys, and the secret that its items' draws come from.
    """

    format: Literal["legation/keys/v1"]
    office: str
    item: bytes
    stream_ed25519: bytes
    stream_mldsa44: bytes
    seal_mlkem768: bytes
    seal_x25519: bytes
    draws: bytes

    def __post_init__(self) -> None:
        Office.parse(self.office)
        for seed in (self.item, self.stream_ed25519, self.stream_mldsa44, self.seal_x25519):
            _check_size(seed, SEED_SIZE_BYTES)
        _check_size(self.seal_mlkem768, MLKEM_SEED_SIZE_BYTES)
        _check_size(self.draws, SECRET_SIZE_BYTES)

    def __repr__(self) -> str:
        return f"OfficeKeys({self.office})"  # never the secrets, whatever prints it

    @property
    def party(self) -> str:
        """The party whose office it is."""
        return Office.parse(self.office).party

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
        protocols=(PROTOCOL_VERSION,),
        policies=_newest(policies),
    )
    return make(body, (root_signer, keys.item_signer, *stream_signers))


def _newest(policies: Policies) -> tuple[PolicyReference, ...]:
    """Of each policy the highest version: a card names none twice."""
    found: dict[str, PolicyReference] = {}
    for policy in sorted(policies, key=lambda policy: policy.version):
        found[policy.id] = reference_to(policy)
    return tuple(found[id] for id in sorted(found))
