# SPDX-License-Identifier: Apache-2.0
"""
What an outsider is given: the files of ``vectors/proof.json``, and some more of the same offices.

KOR@NATO has the stream and wrote the view, JPN@NATO has receipted it, AUS@NATO is somebody else.
"""

import json
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from legation.exchange import EntryKind, header_of
from legation.item.attachment import Hashing
from legation.item.destruction import certify
from legation.item.portion import Attachment
from legation.item.view import inspect
from legation.item.withdrawal import withdraw
from legation.keys.card import Card, KeyState, read
from legation.keys.sign import Ed25519Signer, MLDSA44Signer
from legation.log import (
    Checkpoint,
    Growth,
    cosign,
    key_name,
    log_origin,
    sign_checkpoint,
    stream_origin,
    write_growth,
)
from legation.merkle import Hash, consistency_proof, root
from tests.exchange.made import signers
from tests.keys.office import CURRENT, Keys, seed
from tools.vectors_proof import FILE

STORED: dict[str, Any] = json.loads(FILE.read_bytes())
KOR, JPN, AUS = (read(b64decode(card)) for card in STORED["cards"].values())
PROOF: bytes = STORED["proof"].encode()
PAYLOAD = b64decode(STORED["payload"])
RECEIPT = PROOF.partition(b"\n\n")[2]
CHECKPOINT: bytes = STORED["by_checkpoint"].encode().partition(b"\n\n")[2]
INCARNATION = bytes(16)

LEAVES = [header_of(number, EntryKind.POLICY, b"x").leaf for number in range(1, 40)]


def checkpoint(
    size: int = 3, *, of: str = "KOR@NATO", origin: str = "", root_of: Hash | None = None
) -> bytes:
    """A checkpoint over the first entries of another stream, or of a log."""
    told = Checkpoint(
        origin=origin or stream_origin("KOR@NATO", "JPN@NATO", INCARNATION),
        size=size,
        root=root_of or root(LEAVES[:size]),
    )
    return sign_checkpoint(told, name=key_name(of), signers=signers(of))


def receipt(size: int = 3, **changes: Any) -> bytes:
    """The receipt for one."""
    return cosign(
        checkpoint(size, **changes),
        name=key_name("JPN@NATO"),
        signers=signers("JPN@NATO"),
        time=1_790_000_000,
    )


LOG = log_origin("KOR@NATO", INCARNATION)


@cache
def later_card(office: str, state: str) -> Card:
    """A card of an office whose item key was replaced."""
    keys = Keys.of(office)
    return read(keys.with_new_item_key(KeyState(state)).card(number=1, previous=read(keys.card()).digest))


@cache
def card_with_new_stream_keys(office: str, state: str) -> Card:
    """A card of an office whose stream keys were replaced; the old ones are left in a state."""
    keys = Keys.of(office)
    old = tuple((signer, KeyState(state)) for signer, _ in keys.streams)
    new = (Ed25519Signer(seed(f"{office} new ed25519")), MLDSA44Signer(seed(f"{office} new ml-dsa-44")))
    later = replace(keys, streams=(*old, *((signer, CURRENT) for signer in new)))
    return read(later.card(number=1, previous=read(keys.card()).digest))


def attachment(data: bytes) -> Attachment:
    """The portion that names a file."""
    hashing = Hashing()
    hashing.update(data)
    return Attachment(name="Annex A.txt", media_type="text/plain", size=hashing.size, root=hashing.root())


def withdrawal(view: bytes, office: str = "KOR@NATO") -> bytes:
    """The withdrawal of an item, by this office, be it the author's or not."""
    [(signer, _)] = Keys.of(office).items
    return withdraw(inspect(view).item_id, signer)


def destruction(view: bytes, office: str = "JPN@NATO") -> bytes:
    """The certificate of this office that it has destroyed an item."""
    [(signer, _)] = Keys.of(office).items
    return certify(inspect(view).item_id, office, 1_790_003_600, signer)


def growth(old: int, new: int, *, hashes: Sequence[Hash] | None = None, **changes: Any) -> bytes:
    """The proof that the other stream has only grown from the one size to the other."""
    proof = consistency_proof(LEAVES[:new], old) if hashes is None else hashes
    return write_growth(Growth(old_size=old, hashes=tuple(proof), note=checkpoint(new, **changes)))
