# SPDX-License-Identifier: Apache-2.0
"""
Decoders of what is shown to somebody outside: withdrawals, and all that the sdk verifies with cards alone.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Any

from legation.encoding import encode
from legation.errors import MalformedError, ProofError, SignatureError, VerificationError
from legation.exchange import EntryKind, header_of, write_view
from legation.item import Slip
from legation.item.destruction import DESTRUCTION, certify, verify_destruction
from legation.item.withdrawal import WITHDRAWAL, verify_withdrawal, withdraw
from legation.keys.card import Card, read
from legation.keys.sign import Purpose
from legation.log import Growth, Proof, write_growth, write_proof
from legation.merkle import Hash, consistency_proof
from legation.sdk import verifying
from tests.fuzz.judge import CANARY, Decoder
from tests.fuzz.mutation import Syntax, canonical
from tests.item import handmade, worlds
from tests.keys.office import Keys
from tests.log import handmade as notes


@cache
def cards() -> tuple[Card, ...]:
    """The cards of both ends of a stream."""
    return worlds.card(), read(Keys.of("JPN@NATO").card())


# Withdrawals.


def _withdrawn(item: bytes) -> Any:
    """Verify a withdrawal of an item whose id is any bytes, by its author."""
    told = {
        "author": b64encode(worlds.AUTHOR_ID).decode(),
        "format": "legation/withdrawal/v1",
        "item": b64encode(item).decode(),
        "signature": b64encode(worlds.SIGNER.sign(Purpose.WITHDRAWAL, item)).decode(),
    }
    return verify_withdrawal(canonical(told), worlds.cards())


def _of_withdrawals() -> Iterator[Decoder]:
    door, id_ = "legation.item.withdrawal", sha256(b"an item").digest()
    common: dict[str, Any] = {"raises": (MalformedError, SignatureError)}
    yield Decoder(
        name="withdrawal",
        doors=(f"{door}.verify_withdrawal", f"{door}.WITHDRAWAL"),
        read=lambda data: verify_withdrawal(data, worlds.cards()),
        again=lambda found: WITHDRAWAL.encode(WITHDRAWAL.decode(found.data)),
        corpus=(withdraw(id_, worlds.SIGNER),),
        syntax=Syntax.JSON,
        **common,
    )
    yield Decoder(
        name="withdrawal, signed whatever it says",
        doors=(f"{door}.verify_withdrawal",),
        read=_withdrawn,
        again=lambda found: bytes(found.item_id),
        corpus=(id_,),
        syntax=Syntax.BYTES,
        **common,
    )


# Certificates of destruction.


def _destroyed(said: bytes) -> Any:
    """Verify a certificate of a few fields in JSON, whatever they say, signed by the office that it names."""
    told = said_by_json(said)
    signature = worlds.SIGNER.sign(Purpose.DESTRUCTION, canonical(told))
    more = {
        "format": "legation/destruction/v1",
        "signature": b64encode(signature).decode(),
        "signer": b64encode(worlds.AUTHOR_ID).decode(),
    }
    return verify_destruction(canonical(told | more), worlds.cards())


def said_by_json(data: bytes) -> dict[str, Any]:
    """An object in JSON; what is none is refused as the decoders refuse it."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise MalformedError("it is no object")
    try:
        canonical(found)
    except (TypeError, ValueError, RecursionError):
        raise MalformedError("it is no object that can be spelled") from None
    return found


def _said(certificate: bytes) -> bytes:
    """What a certificate says, as it is signed."""
    return DESTRUCTION.decode(certificate).signed_bytes


def _of_destructions() -> Iterator[Decoder]:
    door, id_ = "legation.item.destruction", sha256(b"an item").digest()
    common: dict[str, Any] = {"raises": (MalformedError, SignatureError), "syntax": Syntax.JSON}
    good = [certify(id_, "KOR@NATO", 1_656_072_000, worlds.SIGNER, withdrawal=each) for each in (b"", id_)]
    yield Decoder(
        name="certificate of destruction",
        doors=(f"{door}.verify_destruction", f"{door}.DESTRUCTION"),
        read=lambda data: verify_destruction(data, worlds.cards()),
        again=lambda found: DESTRUCTION.encode(DESTRUCTION.decode(found.data)),
        corpus=tuple(good),
        **common,
    )
    yield Decoder(
        name="certificate of destruction, signed whatever it says",
        doors=(f"{door}.verify_destruction",),
        read=_destroyed,
        corpus=tuple(map(_said, good)),
        **common,
    )


# Notes, proofs and payloads, by cards alone.


def _payload() -> bytes:
    """What an entry brought: a slip and a short view."""
    portions = ((0, {"type": "text", "text": CANARY}),)
    view = handmade.item(handmade.Document(labels=(worlds.plain_label(0),), portions=portions))
    return write_view(Slip(addressee="JPN@NATO", attention=CANARY), view)


def _proofs(payload: bytes) -> Iterator[bytes]:
    """Proofs of the entry that brought this payload: by a receipt, and by a checkpoint."""
    header = header_of(1, EntryKind.VIEW, payload)
    leaves = [notes.LEAVES[0], bytes(header.leaf), notes.LEAVES[2]]
    head = replace(notes.HEAD, root=notes.tree_root(leaves))
    for note in (notes.receipt(head), notes.checkpoint(head)):
        hashes = (Hash(leaves[0]), Hash(leaves[2]))
        yield write_proof(Proof(index=1, hashes=hashes, note=note, extra=encode(header)))


def _of_sdk() -> Iterator[Decoder]:
    door = "legation.sdk.verifying"
    refusals = (MalformedError, ProofError, SignatureError, VerificationError)
    payload = _payload()
    proofs = tuple(_proofs(payload))
    yield Decoder(
        name="note, by cards alone",
        doors=(f"{door}.verify_note", f"{door}.verify_checkpoint", f"{door}.verify_receipt"),
        read=lambda data: verifying.verify_note(data, cards()),
        again=lambda found: found.data,
        corpus=(notes.checkpoint(), notes.receipt(), notes.checkpoint(notes.LOG_HEAD)),
        syntax=Syntax.LINES,
        raises=refusals,
    )
    yield Decoder(
        name="proof, by cards alone",
        doors=(f"{door}.verify_proof", f"{door}._HEADER"),
        read=lambda data: verifying.verify_proof(data, cards(), payload=payload),
        corpus=proofs,
        syntax=Syntax.LINES,
        words=(b"extra ", b"index 1\n"),
        raises=refusals,
    )
    leaves = [Hash(each) for each in notes.LEAVES]
    growth = Growth(old_size=1, hashes=tuple(consistency_proof(leaves, 1)), note=notes.checkpoint())
    yield Decoder(
        name="growth, by cards alone",
        doors=(f"{door}.verify_growth",),
        read=lambda data: verifying.verify_growth(data, cards()),
        again=lambda found: write_growth(
            Growth(old_size=found.old_size, hashes=found.hashes, note=found.note.data)
        ),
        corpus=(write_growth(growth), write_growth(replace(growth, old_size=3, hashes=()))),
        syntax=Syntax.LINES,
        words=(b"old ", b"old 1\n"),
        raises=refusals,
    )
    yield Decoder(
        name="payload, by cards alone",
        doors=(f"{door}.verify_payload",),
        read=lambda data: verifying.verify_payload(data, cards()),
        again=lambda found: write_view(found[0], found[1].data),
        corpus=(payload,),
        syntax=Syntax.BYTES,
        raises=refusals,
    )


def shown() -> Iterator[Decoder]:
    """All of them."""
    yield from _of_withdrawals()
    yield from _of_destructions()
    yield from _of_sdk()
