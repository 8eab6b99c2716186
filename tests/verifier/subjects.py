# SPDX-License-Identifier: Apache-2.0
"""
What both verifiers judge: cards, views, checkpoints, receipts, proofs and growths, whole and bent; and what ``stated`` adds.

Of each there are two subjects: the bytes as they come, where mostly a signature stands in the way; and what
is inside, hashed and signed again whatever it says, so that every rule behind the signature is asked too.
"""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

from msgspec.structs import replace as changed

from legation import sdk
from legation.encoding import encode
from legation.errors import ProofError
from legation.item import verify
from legation.keys.card import Cards, KeyState, fingerprint, read
from legation.keys.sign import PublicKey
from legation.log import Checkpoint, Receipt, open_checkpoint, verify_checkpoint, verify_receipt
from legation.log.growth import Growth, write_growth
from legation.log.proof import Proof, read_proof, verify_proof, write_proof
from legation.merkle import Hash, consistency_proof, inclusion_proof
from tests.fuzz.mutation import Syntax, canonical
from tests.item import handmade, naive, worlds
from tests.item.test_vectors import VECTORS, bytes_of
from tests.keys.office import Keys, forge
from tests.log import handmade as notes
from tests.verifier.given import b64, given
from tests.verifier.stated import stated
from tests.verifier.subject import Subject, asked, cards, pinned, same

LANGUAGES: tuple[list[str], ...] = ([], ["en"], ["fr", "ko"])


# Cards.


def _card(data: bytes) -> Mapping[str, Any]:
    card = read(data)
    return {
        "office": str(card.office),
        "number": card.body.number,
        "digest": b64(card.digest),
        "words": list(fingerprint(card)),
    }


def _signed_by_its_office(body: bytes) -> bytes:
    """A card that says anything, signed by the keys it lists as current, as far as they are the office's."""
    try:
        told = json.loads(body)
        named = {
            each["key"]["key"]
            for role in ("item_keys", "stream_keys")
            for each in told[role]
            if each["state"] == "current"
        }
        every = Keys.of("KOR@NATO").with_new_item_key()
        signers = [
            signer
            for signer in (every.root, *(one for one, _ in (*every.items, *every.streams)))
            if signer is every.root or b64(signer.public_key.key) in named
        ]
        return forge(told, signers)
    except Exception:  # noqa: BLE001 - what cannot be signed goes as it is
        return body


# Views.


def _view(data: bytes) -> Mapping[str, Any]:
    view = verify(data, Cards(pinned()))
    return {
        "item": b64(view.item_id),
        "reference": view.reference,
        "reading": [
            {
                "code": each.code,
                "portion": json.loads(encode(each.portion)),
                "classification": each.label.classification,
                "categories": json.loads(encode(list(each.label.categories))),
            }
            for each in view.portions
        ],
        "shown": [[each.code for each in view.shown(languages)] for languages in LANGUAGES],
    }


def _same_view(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "item": value["item"],
        "reference": value["reference"],
        "reading": [
            {
                "code": each["code"],
                "portion": each["portion"],
                "classification": each["label"]["classification"],
                "categories": each["label"]["categories"],
            }
            for each in value["portions"]
        ],
        "shown": value["shown"],
    }


def _sealed_by_its_author(data: bytes) -> bytes:
    """A view of layers and seams that say anything: hashed and signed again."""
    try:
        told = json.loads(data)
        header = {name: value for name, value in told["header"].items() if name != "root"}
        size = header["leaves"] if header["leaves"] in (64, 1024) else 64
        return naive.encode(handmade.seal(told["layers"], told["seams"], size=size, changes=header))
    except Exception:  # noqa: BLE001 - what cannot be hashed again goes as it is
        return data


def _documents() -> Iterator[bytes]:
    """Views in which every field of the format stands somewhere, and every relation."""
    yield from (bytes_of(name) for name, each in VECTORS.items() if each["expect"] == "verifies")
    yield handmade.item(worlds.a_document())
    yield handmade.item(
        handmade.Document(
            labels=(worlds.plain_label(0), worlds.plain_label(8), worlds.plain_label(13)),
            portions=(
                (0, {"type": "title", "text": "A title"}),
                (0, {"type": "text", "text": "One.", "language": "en", "source": "a source"}),
                (1, {"type": "text", "text": "Two.", "grade": "B2", "originator_control": True}),
                (0, {"type": "text", "text": "셋.", "language": "ko", "caveat": "a caveat"}),
                (2, {"type": "topics", "topics": ["one", "trade"]}),
                (1, {"type": "withheld", "reason": "a reason"}),
                (2, {"type": "addressees", "action": ["KOR"], "information": ["JPN@NATO"]}),
                (
                    2,
                    {
                        "type": "attachment",
                        "name": "Annex B.pdf",
                        "media_type": "application/pdf",
                        "size": 3,
                        "root": b64(handmade.seed("a file")),
                    },
                ),
            ),
            full=frozenset({(2, 1), (2, 3), (2, 5), (1, 3), (3, 1)}),
        )
    )


# Checkpoints, receipts and proofs.

ORIGIN = notes.HEAD.origin
_ONE: dict[str, Any] = {"origin": ORIGIN, "name": notes.SENDER.name}
_BOTH: dict[str, Any] = {**_ONE, "cosigner": notes.RECEIVER.name}


def _opened(checkpoint: Checkpoint) -> Mapping[str, Any]:
    return {"origin": checkpoint.origin, "size": checkpoint.size, "root": b64(checkpoint.root)}


def _checkpoint(data: bytes) -> Mapping[str, Any]:
    return _opened(verify_checkpoint(data, **_ONE, keys=_keys(0)))


def _checkpoint_of_anyone(data: bytes) -> Mapping[str, Any]:
    return _opened(open_checkpoint(data, pinned()[0]))


def _verified_receipt(data: bytes) -> Receipt:
    return verify_receipt(data, **_BOTH, keys=_keys(0), cosigner_keys=_keys(2))


def _receipt(data: bytes) -> Mapping[str, Any]:
    found = _verified_receipt(data)
    return {**_opened(found.checkpoint), "time": found.time}


def _keys(number: int) -> Sequence[PublicKey]:
    return pinned()[number].stream_keys


def _proof(data: bytes) -> Mapping[str, Any]:
    proof = read_proof(data)
    lines = proof.note.count(b"\n") - 4
    if lines > len(notes.SENDER.keys):
        checkpoint = _verified_receipt(proof.note).checkpoint
    else:
        checkpoint = verify_checkpoint(proof.note, **_ONE, keys=_keys(0))
    verify_proof(proof, Hash(notes.LEAVES[1]), checkpoint)
    return {"index": proof.index, "size": checkpoint.size}


OLDER_SIZE = 2


@cache
def older() -> bytes:
    """The checkpoint from which the growths go on: of all but the last entry."""
    leaves = notes.LEAVES[:OLDER_SIZE]
    return notes.checkpoint(replace(notes.HEAD, size=OLDER_SIZE, root=notes.tree_root(leaves)))


def _growth(data: bytes) -> Mapping[str, Any]:
    found = sdk.verify_growth(data, pinned())
    before = sdk.verify_note(older(), pinned())
    if found.old_size != before.checkpoint.size:
        raise ProofError("the growth is from another size")
    sdk.compare(before, found.note, found.hashes)
    return {"oldSize": found.old_size, "size": found.note.checkpoint.size}


def _growths() -> Iterator[bytes]:
    for size in (OLDER_SIZE, 1):
        hashes = consistency_proof(list(map(Hash, notes.LEAVES)), size)
        yield write_growth(Growth(old_size=size, hashes=tuple(hashes), note=notes.receipt()))
    yield write_growth(Growth(old_size=OLDER_SIZE, hashes=(), note=older()))


def _proof_of_a_view(data: bytes) -> Mapping[str, Any]:
    found = sdk.verify_proof(data, pinned(), payload=given().payload)
    assert isinstance(found.note, sdk.SignedReceipt)
    assert found.view is not None
    return {
        "index": found.number,
        "office": str(found.note.holder.office),
        "reference": found.view.reference,
    }


def _proofs() -> Iterator[bytes]:
    hashes = tuple(inclusion_proof(list(map(Hash, notes.LEAVES)), 1))
    yield write_proof(Proof(index=1, hashes=hashes, note=notes.receipt()))
    yield write_proof(Proof(index=1, hashes=hashes, note=notes.checkpoint(), extra=b"anything"))


def _noted(text: bytes, time: int = 0) -> bytes:
    """A note of any text, signed by its writer, and by its receiver if there is a time."""
    try:
        origin, size, root = text.decode().split("\n")[:3]
        head = notes.Head(origin=origin, size=int(size), root=b64decode(root))
        lines = [_line(notes.SENDER, notes.ED25519, text), notes.SENDER.new_line(head)]
        if time:
            stamp = time.to_bytes(8, "big")
            told = f"cosignature/v1\ntime {time}\n".encode() + text
            lines += [
                _line(notes.RECEIVER, notes.ED25519_COSIGNATURE, told, stamp),
                notes.RECEIVER.new_line(head, time=time),
            ]
        return text + b"\n" + "".join(lines).encode()
    except Exception:  # noqa: BLE001 - what cannot be signed goes as it is
        return text


def _line(hand: notes.Hand, kind: bytes, told: bytes, stamp: bytes = b"") -> str:
    return notes.line(hand.name, kind, hand.keys[0], stamp + hand.ed25519.sign(told))


def _since(first: bytes) -> bytes:
    """A second card that says from when the item key of the first may have been in other hands."""
    keys = Keys.of("KOR@NATO").with_new_item_key(KeyState.REVOKED)
    found = keys.body(number=1, previous=read(first).digest)
    told = tuple(
        changed(each, since=7) if each.state is KeyState.REVOKED else each for each in found.item_keys
    )
    return keys.card(number=1, previous=read(first).digest, item_keys=told)


def subjects() -> list[Subject]:
    """Every sort of thing that both verifiers judge."""
    first = Keys.of("KOR@NATO").card()
    second = Keys.of("KOR@NATO").with_new_item_key().card(number=1, previous=read(first).digest)
    whole = (first, second, _since(first))
    bodies = tuple(canonical(json.loads(each)["body"]) for each in whole)
    views = tuple(_documents())
    card: dict[str, Any] = {
        "syntax": Syntax.JSON,
        "ours": _card,
        "question": asked("card", forget=True),
        "theirs": same("office", "number", "digest", "words"),
    }
    view: dict[str, Any] = {
        "syntax": Syntax.JSON,
        "ours": _view,
        "question": asked("view", cards=list(range(len(cards()))), languages=LANGUAGES),
        "theirs": _same_view,
    }
    checkpoint: dict[str, Any] = {
        "syntax": Syntax.LINES,
        "ours": _checkpoint,
        "question": asked("checkpoint", writer=0, origin=ORIGIN),
        "theirs": same("origin", "size", "root"),
    }
    receipt: dict[str, Any] = {
        "syntax": Syntax.LINES,
        "ours": _receipt,
        "question": asked("receipt", writer=0, receiver=2, origin=ORIGIN),
        "theirs": same("origin", "size", "root", "time"),
    }
    growth: dict[str, Any] = {
        "syntax": Syntax.LINES,
        "ours": _growth,
        "question": asked("growth", cards=[0, 2], older=older()),
        "theirs": lambda value: {"oldSize": value["oldSize"], "size": value["note"]["size"]},
    }
    texts = (notes.HEAD.text.encode(), notes.LOG_HEAD.text.encode())
    return [
        Subject(name="card", corpus=whole, **card),
        Subject(name="card, signed", corpus=bodies, made=_signed_by_its_office, **card),
        Subject(name="view", corpus=views, **view),
        Subject(name="view, signed", corpus=views, made=_sealed_by_its_author, **view),
        Subject(name="checkpoint", corpus=(notes.checkpoint(), notes.receipt()), **checkpoint),
        Subject(name="checkpoint, signed", corpus=texts, made=_noted, **checkpoint),
        Subject(
            name="checkpoint of anyone",
            corpus=(notes.checkpoint(), notes.checkpoint(notes.LOG_HEAD), notes.checkpoint(notes.BACK)),
            syntax=Syntax.LINES,
            ours=_checkpoint_of_anyone,
            question=asked("checkpoint", writer=0),
            theirs=same("origin", "size", "root"),
        ),
        Subject(
            name="checkpoint of anyone, signed",
            corpus=texts,
            made=_noted,
            syntax=Syntax.LINES,
            ours=_checkpoint_of_anyone,
            question=asked("checkpoint", writer=0),
            theirs=same("origin", "size", "root"),
        ),
        Subject(name="receipt", corpus=(notes.receipt(), notes.checkpoint()), **receipt),
        Subject(name="receipt, signed", corpus=texts, made=partial(_noted, time=notes.TIME), **receipt),
        Subject(
            name="proof",
            corpus=tuple(_proofs()),
            syntax=Syntax.LINES,
            ours=_proof,
            question=asked("proof", entry=notes.ENTRIES[1], cards=[0, 2], origin=ORIGIN),
            theirs=lambda value: {"index": value["index"], "size": value["note"]["size"]},
        ),
        Subject(
            name="proof of a view",
            corpus=(given().proof,),
            syntax=Syntax.LINES,
            ours=_proof_of_a_view,
            question=asked("proof", cards=list(range(len(cards()))), payload=given().payload),
            theirs=lambda value: {
                "index": value["index"],
                "office": value["note"]["receiver"],
                "reference": value["payload"]["view"]["reference"],
            },
        ),
        Subject(name="growth", corpus=tuple(_growths()), **growth),
        Subject(
            name="growth, of a good checkpoint",
            corpus=tuple(each.split(b"\n\n")[0] for each in _growths()),
            made=lambda head: head + b"\n\n" + notes.receipt(),
            **growth,
        ),
        *stated(),
    ]
