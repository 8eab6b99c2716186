# SPDX-License-Identifier: Apache-2.0
"""
An office with all its private keys, made from names: the same in every run.

Run as a program, it writes the example card anew: ``PYTHONPATH=src:. python -m tests.keys.office``.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256, shake_256
from pathlib import Path
from typing import Any

import msgspec

from legation.keys.card import (
    FORMAT,
    CardBody,
    KeyState,
    ListedKey,
    ListedSealKey,
    PolicyReference,
    fingerprint,
    make,
    read,
)
from legation.keys.seal import HPKEOpener
from legation.keys.sign import Ed25519Signer, MLDSA44Signer, Purpose, Signer

VECTOR = Path(__file__).parents[2] / "vectors" / "card" / "kor-nato.json"
CURRENT, RETIRED, REVOKED = KeyState


def seed(name: str, size_bytes: int = 32) -> bytes:
    """The private key of this name: SHAKE256 over a line of its own and the name."""
    return shake_256(b"legation/example/v1\n" + name.encode("ascii")).digest(size_bytes)


def opener(name: str) -> HPKEOpener:
    """The seal key of this name."""
    return HPKEOpener(mlkem_seed=seed(f"{name} ml-kem-768", 64), x25519_seed=seed(f"{name} x25519"))


def listed(*keys: tuple[Signer, KeyState]) -> tuple[ListedKey, ...]:
    """Signing keys as a card lists them, ascending by key id."""
    entries = (ListedKey(key=signer.public_key, state=state) for signer, state in keys)
    return tuple(sorted(entries, key=lambda entry: entry.key.key_id))


def listed_seal(*keys: tuple[HPKEOpener, KeyState]) -> tuple[ListedSealKey, ...]:
    """Seal keys as a card lists them, ascending by key id."""
    entries = (ListedSealKey(key=key.public_key, state=state) for key, state in keys)
    return tuple(sorted(entries, key=lambda entry: entry.key.key_id))


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What an office holds in private, and what its next card says of it."""

    office: str
    root: Signer
    items: tuple[tuple[Signer, KeyState], ...]
    streams: tuple[tuple[Signer, KeyState], ...]
    seals: tuple[tuple[HPKEOpener, KeyState], ...]

    @classmethod
    def of(cls, office: str) -> "Keys":
        """The first keys of an office."""
        stream = Ed25519Signer(seed(f"{office} stream ed25519"))
        stream_pq = MLDSA44Signer(seed(f"{office} stream ml-dsa-44"))
        return cls(
            office=office,
            root=Ed25519Signer(seed(f"{office} root")),
            items=((Ed25519Signer(seed(f"{office} item")), CURRENT),),
            streams=((stream, CURRENT), (stream_pq, CURRENT)),
            seals=((opener(f"{office} seal"), CURRENT),),
        )

    def with_new_item_key(self, state: KeyState = RETIRED) -> "Keys":
        """The keys after the item key has been replaced; the old one is left in *state*."""
        new = Ed25519Signer(seed(f"{self.office} item {len(self.items)}"))
        old = tuple((signer, state if now is CURRENT else now) for signer, now in self.items)
        return replace(self, items=(*old, (new, CURRENT)))

    @property
    def signers(self) -> list[Signer]:
        """Whoever must sign a card."""
        current = [signer for signer, state in (*self.items, *self.streams) if state is CURRENT]
        return [self.root, *current]

    def body(self, *, number: int = 0, previous: bytes | None = None, **changes: Any) -> CardBody:
        """What a card says; *changes* are other values of fields."""
        fields: dict[str, Any] = {
            "addresses": ("https://legation.nato.mission.example/exchange", "192.0.2.17:8443"),
            "format": FORMAT,
            "item_keys": listed(*self.items),
            "number": number,
            "office": self.office,
            "policies": (
                PolicyReference(id="2.25.1001", version=1, digest=sha256(b"an example policy").digest()),
            ),
            "previous": previous,
            "protocols": (1,),
            "root": self.root.public_key,
            "seal_keys": listed_seal(*self.seals),
            "stream_keys": listed(*self.streams),
            "time": 1_790_000_000 + 86_400 * number,
        }
        return CardBody(**(fields | changes))

    def card(self, *, number: int = 0, previous: bytes | None = None, **changes: Any) -> bytes:
        """A signed card."""
        return make(self.body(number=number, previous=previous, **changes), self.signers)


def canonical(value: Any) -> bytes:
    """JSON as the profile writes it, by another library than the one in use."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def forge(body: dict[str, Any], signers: Iterable[Signer]) -> bytes:
    """A card with any body at all, signed as a peer would that runs another program."""
    message = canonical(body)
    ordered = sorted(signers, key=lambda signer: signer.public_key.key_id)
    signatures = [
        {
            "key": b64encode(signer.public_key.key_id).decode(),
            "signature": b64encode(signer.sign(Purpose.CARD, message)).decode(),
        }
        for signer in ordered
    ]
    return canonical({"body": body, "signatures": signatures})


def example(stream_pq: Sequence[Signer] = ()) -> list[bytes]:
    """
    The two example cards of KOR@NATO: the first, and the one that replaces its item key.

    Args:
        stream_pq: What signs as the ML-DSA-44 stream key on each card, if not that key itself.
    """
    keys = Keys.of("KOR@NATO")
    cards: list[bytes] = []
    for number, kept in enumerate((keys, keys.with_new_item_key())):
        signers = [*kept.signers[:-1], stream_pq[number] if stream_pq else kept.signers[-1]]
        previous = sha256(cards[-1]).digest() if cards else None
        cards.append(make(kept.body(number=number, previous=previous), signers))
    return cards


def vector(cards: list[bytes]) -> dict[str, Any]:
    """What the vector file says of the two cards."""
    names = ("root", "item", "item 1", "stream ed25519", "stream ml-dsa-44")
    return {
        "about": "Two cards of one office, the second with a new item key; see docs/spec/card.md.",
        "provenance": "Legation's own, Apache-2.0. Seeds are SHAKE256('legation/example/v1\\n' + name); "
        "ML-DSA-44 signatures are randomised, so these were kept as they came.",
        "seeds": {name: seed(f"KOR@NATO {name}").hex() for name in names}
        | {
            "seal ml-kem-768": seed("KOR@NATO seal ml-kem-768", 64).hex(),
            "seal x25519": seed("KOR@NATO seal x25519").hex(),
        },
        "cards": [
            {
                "card": data.decode("ascii"),
                "digest": sha256(data).hexdigest(),
                "fingerprint": list(fingerprint(read(data))),
            }
            for data in cards
        ],
    }


if __name__ == "__main__":
    VECTOR.parent.mkdir(parents=True, exist_ok=True)
    VECTOR.write_bytes(msgspec.json.format(canonical(vector(example())), indent=2) + b"\n")
