# SPDX-License-Identifier: Apache-2.0
"""
What is stated apart from what it is about: withdrawals of items, certificates of destruction, and statements on policies,
for both verifiers.

A withdrawal is also judged beside the view that it names, signed by offices that are not its author, and made of
signatures for other purposes: of items, of cards, of streams.
"""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from legation.item import verify
from legation.item.destruction import verify_destruction
from legation.item.withdrawal import verify_withdrawal
from legation.keys.card import Cards
from legation.keys.sign import Ed25519Signer, MLDSA44Signer, PublicKey, Purpose
from legation.labels.chain import PolicyChain, PolicyStatement, read_statement
from legation.log import verify_statement
from tests.fuzz.mutation import Syntax
from tests.item import naive
from tests.item.handmade import seed
from tests.item.test_vectors import VECTORS, bytes_of
from tests.labels.test_chain import link_of
from tests.verifier.given import b64
from tests.verifier.subject import Subject, asked, cards, pinned, same
from tools import vectors_destruction, vectors_withdrawal
from tools import vectors_policy_chain as chain
from tools.vectors_item import AUTHORS

FOLDER = Path(__file__).parents[2] / "vectors"
CHAIN: Mapping[str, Any] = json.loads((FOLDER / "policy-chain.json").read_bytes())
WITHDRAWN = bytes_of("retired-key")  # its author has replaced the key since: another one withdraws it


# Withdrawals.


def _withdrawal(data: bytes) -> Mapping[str, Any]:
    found = verify_withdrawal(data, Cards(pinned()))
    return {"item": b64(found.item_id), "office": str(found.author)}


def _same_withdrawal(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"item": value["item"], "office": value["author"]["office"]}


def _signed_by_its_author(data: bytes) -> bytes:
    """
    A withdrawal that says anything, signed by the key that it names, of whichever office that is.

    One in three is signed for another purpose: as an item, a card, an envelope, a checkpoint, or for none.
    """
    try:
        told = json.loads(data)
        names = {b64(Ed25519Signer(each).public_key.key_id): each for each in _seeds()}
        drawn = sha256(data).digest()
        domains = [purpose.prefix for purpose in Purpose if purpose is not Purpose.WITHDRAWAL] + [b""]
        other = domains[drawn[1] % len(domains)]
        domain = other if drawn[0] % 3 == 0 else Purpose.WITHDRAWAL.prefix
        key = Ed25519PrivateKey.from_private_bytes(names[told["author"]])
        return naive.encode(told | {"signature": b64(key.sign(domain + b64decode(told["item"])))})
    except Exception:  # noqa: BLE001 - what cannot be signed goes as it is
        return data


@cache
def _seeds() -> tuple[bytes, ...]:
    """The item keys of all offices that are pinned, and one that nobody lists."""
    names = [name for _, name, _ in AUTHORS]
    return tuple(seed(name) for name in (*names, "NOR@EU item 1", "nobody"))


def _withdrawals() -> Iterator[bytes]:
    """Of the item that is at hand and of another, by its author and by every other key."""
    yield from (each.data for each in vectors_withdrawal.vectors() if each.step in (0, 2, 3))
    for private in _seeds():
        author = b64(Ed25519Signer(private).public_key.key_id)
        bare = vectors_withdrawal.withdrawal() | {"author": author}
        key = Ed25519PrivateKey.from_private_bytes(private)
        for item in (vectors_withdrawal.item(), naive.item_id(naive.parse(WITHDRAWN))):
            signature = key.sign(Purpose.WITHDRAWAL.prefix + item)
            yield naive.encode(bare | {"item": b64(item), "signature": b64(signature)})


def _of_other_purposes() -> Iterator[bytes]:
    """Withdrawals put together of what an author signed as an item: the header's id, and its signature."""
    for name, told in VECTORS.items():
        if told["expect"] == "verifies":
            view = json.loads(bytes_of(name))
            yield naive.encode(
                {
                    "author": view["header"]["author"],
                    "format": vectors_withdrawal.FORMAT,
                    "item": told["item"],
                    "signature": view["signature"],
                }
            )


def _beside_its_view(data: bytes) -> Mapping[str, Any]:
    """Rule 3 of ``legation.item.withdrawal``: it holds for items of the office whose key it is."""
    found, view = verify_withdrawal(data, Cards(pinned())), verify(WITHDRAWN, Cards(pinned()))
    counts = found.item_id == view.item_id and found.author == view.author
    return {"counting": [str(found.author)] if counts else []}


def beside_views() -> Iterator[tuple[str, bytes, list[bytes], list[str]]]:
    """Views with withdrawals beside them, and whose count: by name."""
    item = naive.item_id(naive.parse(WITHDRAWN))
    by_author, by_another, of_another = (
        naive.encode(vectors_withdrawal.withdrawal(of=of, by=by))
        for of, by in (
            (item, "NOR@EU item 1"),
            (item, "KOR@NATO item"),
            (vectors_withdrawal.item(), "NOR@EU item 1"),
        )
    )
    yield "by its author, with another key than it was signed with", WITHDRAWN, [by_author], ["NOR@EU"]
    yield "by another office", WITHDRAWN, [by_another], []
    yield "by its author, another item", WITHDRAWN, [of_another], []
    yield "among others", WITHDRAWN, [by_another, of_another, by_author], ["NOR@EU"]


# Certificates of destruction.


def _destruction(data: bytes) -> Mapping[str, Any]:
    found = verify_destruction(data, Cards(pinned()))
    return {
        "item": b64(found.item_id),
        "office": str(found.holder),
        "time": found.time,
        "withdrawal": b64(found.withdrawal),
    }


def _same_destruction(value: Mapping[str, Any]) -> Mapping[str, Any]:
    told = {name: value[name] for name in ("item", "time")}
    return told | {"office": value["holder"]["office"], "withdrawal": value.get("withdrawal", "")}


def _certified_by_its_signer(data: bytes) -> bytes:
    """
    A certificate that says anything, signed by the key that it names; one in three for another purpose.
    """
    try:
        told = json.loads(data)
        names = {b64(Ed25519Signer(each).public_key.key_id): each for each in _seeds()}
        drawn = sha256(data).digest()
        domains = [purpose.prefix for purpose in Purpose if purpose is not Purpose.DESTRUCTION] + [b""]
        other = domains[drawn[1] % len(domains)]
        domain = other if drawn[0] % 3 == 0 else Purpose.DESTRUCTION.prefix
        said = {name: told[name] for name in ("item", "office", "time", "withdrawal") if name in told}
        key = Ed25519PrivateKey.from_private_bytes(names[told["signer"]])
        return naive.encode(told | {"signature": b64(key.sign(domain + naive.encode(said)))})
    except Exception:  # noqa: BLE001 - what cannot be signed goes as it is
        return data


def _destructions() -> Iterator[bytes]:
    """The vectors, and certificates by every key for every office."""
    yield from (each.data for each in vectors_destruction.vectors() if each.step in (0, 2, 3))
    for office, name, _ in AUTHORS:
        for answered in ("", b64(bytes(32))):
            made = vectors_destruction.certificate(by=name, office=office, withdrawal=answered)
            yield naive.encode(made)
    # Most of what is bent is refused: more that is good, so that enough is left.
    yield from (naive.encode(vectors_destruction.certificate(time=each)) for each in range(40))


# Statements.

AUTHORITY: Mapping[str, Any] = {
    "name": CHAIN["authority"],
    "keys": {
        algorithm: b64(signer.public_key.key)
        for algorithm, signer in (
            ("ed25519", Ed25519Signer(bytes.fromhex(CHAIN["seeds"][f"{CHAIN['authority']} ed25519"]))),
            ("ml-dsa-44", MLDSA44Signer(bytes.fromhex(CHAIN["seeds"][f"{CHAIN['authority']} ml-dsa-44"]))),
        )
    },
}
KNOWN = tuple(each["note"].encode() for each in CHAIN["chain"][:2])


def _read(note: bytes) -> PolicyStatement:
    keys = [PublicKey(algorithm=name, key=b64decode(key)) for name, key in AUTHORITY["keys"].items()]
    return read_statement(verify_statement(note, purpose=Purpose.POLICY, name=AUTHORITY["name"], keys=keys))


def _statement(note: bytes) -> Mapping[str, Any]:
    return _told(_read(note))


def _in_its_chain(note: bytes) -> Mapping[str, Any]:
    known = PolicyChain(versions=tuple(link_of(_read(each), each.decode()) for each in KNOWN))
    return _told(known.extended(link_of(_read(note), note.decode())).versions[-1].statement)


def _told(found: PolicyStatement) -> Mapping[str, Any]:
    previous = {} if found.previous is None else {"previous": found.previous.hex()}
    return {"policy": found.id, "version": found.version, "digest": found.digest.hex(), **previous}


def _same_statement(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value[name] for name in ("policy", "version", "digest", "previous") if name in value}


def _signed_by_its_authority(text: bytes) -> bytes:
    """A statement that says anything, signed by the authority."""
    try:
        told = text.decode()
        hand = chain.Hand(kept=dict(CHAIN["kept"]))
        return f"{told}\n{hand.line(chain.ED25519, told)}{hand.line(chain.MLDSA44, told)}".encode()
    except Exception:  # noqa: BLE001 - what cannot be signed goes as it is
        return text


def _texts() -> tuple[bytes, ...]:
    """The texts of all statements that verify, also of those that do not follow."""
    notes = [each["note"] for each in (*CHAIN["chain"], *CHAIN["not_next"])]
    return tuple(note.split("\n\n")[0].encode() + b"\n" for note in notes)


# All of them.


def stated() -> list[Subject]:
    """Every sort of thing that is stated apart from what it is about."""
    every = list(range(len(cards())))
    withdrawal: dict[str, Any] = {
        "syntax": Syntax.JSON,
        "ours": _withdrawal,
        "question": asked("withdrawal", cards=every),
        "theirs": _same_withdrawal,
    }
    destruction: dict[str, Any] = {
        "syntax": Syntax.JSON,
        "ours": _destruction,
        "question": asked("destruction", cards=every),
        "theirs": _same_destruction,
    }
    statement: dict[str, Any] = {
        "syntax": Syntax.LINES,
        "ours": _statement,
        "question": asked("statement", authority=AUTHORITY),
        "theirs": _same_statement,
    }
    whole = tuple(_withdrawals())
    return [
        Subject(name="withdrawal", corpus=(*whole, *_of_other_purposes()), **withdrawal),
        Subject(name="withdrawal, signed", corpus=whole, made=_signed_by_its_author, **withdrawal),
        Subject(
            name="withdrawal beside its view, signed",
            corpus=whole,
            made=_signed_by_its_author,
            syntax=Syntax.JSON,
            ours=_beside_its_view,
            question=lambda data: {
                "ask": "withdrawals",
                "view": WITHDRAWN,
                "withdrawals": [data],
                "cards": every,
            },
            theirs=same("counting"),
        ),
        Subject(name="certificate of destruction", corpus=tuple(_destructions()), **destruction),
        Subject(
            name="certificate of destruction, signed",
            corpus=tuple(_destructions()),
            made=_certified_by_its_signer,
            **destruction,
        ),
        Subject(
            name="statement", corpus=tuple(each["note"].encode() for each in CHAIN["chain"]), **statement
        ),
        Subject(name="statement, signed", corpus=_texts(), made=_signed_by_its_authority, **statement),
        Subject(
            name="statement in its chain, signed",
            corpus=_texts(),
            made=_signed_by_its_authority,
            syntax=Syntax.LINES,
            ours=_in_its_chain,
            question=lambda data: {
                "ask": "succession",
                "statements": [*KNOWN, data],
                "authority": AUTHORITY,
            },
            theirs=_same_statement,
        ),
    ]
