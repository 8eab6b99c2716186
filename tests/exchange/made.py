# SPDX-License-Identifier: Apache-2.0
"""
What the tests of the exchange write with: three offices, letters between them, and envelopes by hand.

KOR@NATO has the stream, JPN@NATO pulls it, AUS@NATO is somebody else. ``by_hand`` is a second writer of
envelopes that shares only the sealing with the first, and will write anything.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from typing import Any

import pytest

from legation.exchange import (
    ANSWER_SIZE_BYTES_MAX,
    Answer,
    Carried,
    EntryHeader,
    EntryKind,
    Envelope,
    Letter,
    Position,
    Pull,
    Start,
    TakenBack,
    Void,
    envelope,
    header_of,
    read_envelope,
    write_envelope,
    write_start,
    write_view,
    write_void,
)
from legation.exchange.envelope import Said
from legation.item import Slip
from legation.keys import seal
from legation.keys.seal import (
    HPKEOpener,
    Opener,
    Sealer,
    TwinOpener,
    TwinSealer,
    content_key,
    padded_size,
    seal_chunks,
)
from legation.keys.sign import PublicKey, Purpose, Signer
from legation.log import Checkpoint, Frontier, StreamSigners, key_name, sign_checkpoint, stream_origin
from legation.merkle import Hash
from tests.keys.office import Keys, canonical, opener, seed

SENDER, RECEIVER, STRANGER = "KOR@NATO", "JPN@NATO", "AUS@NATO"
INCARNATION = seed("incarnation", 16)
NONCE = seed("nonce", 16)
PULLED = seed("the binding of a pull")
SECRET = seed("secret")
VIEW = b'{"header":"a view that nobody looks into here"}'


@cache
def signers(office: str) -> StreamSigners:
    """
    The stream keys of an office.
    """
    (ed25519, _), (mldsa44, _) = Keys.of(office).streams
    return StreamSigners(ed25519=ed25519, mldsa44=mldsa44)


@cache
def stream_keys(office: str) -> tuple[PublicKey, ...]:
    """
    What verifies the checkpoints of an office.
    """
    return tuple(signer.public_key for signer, _ in Keys.of(office).streams)


@cache
def seal_opener(office: str) -> HPKEOpener:
    """
    What opens envelopes to an office.
    """
    return Keys.of(office).seals[0][0]


def key_of(office: str) -> PublicKey | None:
    """
    Whose envelopes are read here: those of the sender and the receiver.
    """
    return signers(office).ed25519.public_key if office in {SENDER, RECEIVER} else None


ANSWER_KEY = opener("answer key")


def pull(**changes: Any) -> Pull:
    """
    A pull that asks for everything.
    """
    fields: dict[str, Any] = {"sender": RECEIVER, "receiver": SENDER, "nonce": NONCE}
    fields["answer_key"] = ANSWER_KEY.public_key
    return Pull(**(fields | changes))


def answer(**changes: Any) -> Answer:
    """
    An answer that says that there is nothing new.
    """
    fields: dict[str, Any] = {
        "sender": SENDER,
        "receiver": RECEIVER,
        "nonce": NONCE,
        "pull": PULLED,
        "incarnation": INCARNATION,
        "start": 0,
    }
    return Answer(**(fields | changes))


def view_payload(text: bytes = VIEW, addressee: str = RECEIVER) -> bytes:
    """
    The payload of a view.
    """
    return write_view(Slip(addressee=addressee), text)


Payload = tuple[EntryKind, bytes]
START: Payload = (EntryKind.START, write_start(Start()))


def a_view(text: bytes = VIEW) -> Payload:
    """
    A view, as an entry of a stream.
    """
    return EntryKind.VIEW, view_payload(text)


def a_void(number: int) -> Payload:
    """
    A void, as an entry of a stream.
    """
    return EntryKind.VOID, write_void(Void(number=number))


def headers(payloads: Sequence[Payload], start: int = 0) -> list[EntryHeader]:
    """
    The headers of entries from *start* on.
    """
    return [header_of(number, kind, data) for number, (kind, data) in enumerate(payloads, start)]


def checkpoint(leaves: Sequence[Hash], **changes: Any) -> bytes:
    """
    A signed checkpoint of the sender's stream over these leaves.
    """
    fields: dict[str, Any] = {
        "origin": stream_origin(SENDER, RECEIVER, INCARNATION),
        "size": len(leaves),
        "root": naive_root(leaves),
    }
    signed_by = changes.pop("signed_by", SENDER)
    name = changes.pop("name", key_name(signed_by))
    return sign_checkpoint(Checkpoint(**(fields | changes)), name=name, signers=signers(signed_by))


def naive_root(leaves: Sequence[bytes]) -> Hash:
    """
    The root as RFC 9162 defines it, in section 2.1.1, by recursion.
    """
    if not leaves:
        return Hash(sha256(b"").digest())
    if len(leaves) == 1:
        return Hash(leaves[0])
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    return Hash(sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest())


def answered(
    payloads: Sequence[Payload], *, start: int = 0, taken_back: Iterable[int] = (), **changes: Any
) -> Envelope[Answer]:
    """
    What is read from an answer with the entries from *start* on of a stream of *payloads*.

    Args:
        payloads: All entries of the stream, from 0.
        start: Where the answer starts.
        taken_back: Numbers of which it has the leaf only.
        changes: Other fields of the letter.
    """
    gone = frozenset(taken_back)
    made = headers(payloads)
    entries = tuple(
        TakenBack(number=header.number, leaf=header.leaf) if header.number in gone else Carried(header=header)
        for header in made[start:]
    )
    told: dict[str, Any] = {"start": start, "entries": entries}
    if payloads:
        told["checkpoint"] = checkpoint([header.leaf for header in made])
    letter = answer(**(told | changes))
    carried = [payloads[header.number][1] for header in letter.headers]
    return Envelope(letter=letter, payloads=tuple(carried), binding=sha256(b"not looked at").digest())


def frontier(payloads: Sequence[Payload]) -> Frontier:
    """
    The frontier of a stream.
    """
    return Frontier().extend(header.leaf for header in headers(payloads))


def position(payloads: Sequence[Payload]) -> Position:
    """
    The position of whoever holds these entries.
    """
    root = naive_root([header.leaf for header in headers(payloads)])
    return Position(incarnation=INCARNATION, size=len(payloads), root=root)


def written(letter: Letter, payloads: Iterable[bytes] = (), **changes: Any) -> list[bytes]:
    """
    The pieces of an envelope: a pull is sealed to its receiver's card, an answer to the answer key.
    """
    fields: dict[str, Any] = {
        "signer": signers(letter.sender).ed25519,
        "to": (seal_opener(SENDER) if isinstance(letter, Pull) else ANSWER_KEY).public_key,
        "secret": SECRET,
        "sealer": TwinSealer(),
    }
    return list(write_envelope(letter, payloads, **(fields | changes)))


def opened(pieces: Iterable[bytes], shape: type[Said], **changes: Any) -> Envelope[Said]:
    """
    What is read from an envelope.
    """
    ours = seal_opener(SENDER) if shape is Pull else ANSWER_KEY
    fields: dict[str, Any] = {
        "openers": [TwinOpener(ours.public_key), ours],
        "receiver": SENDER if shape is Pull else RECEIVER,
        "key_of": key_of,
        "size_bytes_max": ANSWER_SIZE_BYTES_MAX,
    }
    return read_envelope(pieces, shape, **(fields | changes))


def by_hand(
    told: bytes,
    body: bytes = b"",
    *,
    front: dict[str, Any] | None = None,
    signer: Signer | None = None,
    binding: bytes | None = None,
    signed_binding: bytes | None = None,
    padding: bytes | None = None,
    letter_length: int | None = None,
    to: Opener = ANSWER_KEY,
    sealer: Sealer | None = None,
    secret: bytes = SECRET,
) -> bytes:
    """
    Write an envelope around any bytes, as a peer would that runs another program.

    Args:
        told: What stands where the letter should.
        body: What stands where the payloads should.
        front: Other fields of the front; those that are signed are signed.
        signer: Who signs; the sender if nobody is named.
        binding: What it is sealed under; what it should be if not given.
        signed_binding: What is signed; what it is sealed under if not given.
        padding: What stands behind the body; what should if not given.
        letter_length: What is said to be the length of the letter; what it is if not given.
        to: Who is to open it.
        sealer: How the secret is sealed; by the twin if not given.
        secret: What is sealed.
    """
    sealed_under = sha256(b"legation/binding/v1\n" + told).digest() if binding is None else binding
    claim = {"sender": SENDER, "receiver": RECEIVER, "purpose": "answer"} | (front or {})
    signature = claim.pop("signature", None)
    length = claim.pop("length", None)
    if signature is None:
        message = canonical(claim | {"binding": b64(signed_binding or sealed_under)})
        who = signers(SENDER).ed25519 if signer is None else signer
        signature = b64(who.sign(Purpose.ENVELOPE, message))
    before = canonical(claim | {"signature": signature})
    content = (len(before) if length is None else length).to_bytes(2, "big") + before
    content += (len(told) if letter_length is None else letter_length).to_bytes(4, "big") + told + body
    content += bytes(padded_size(len(content)) - len(content)) if padding is None else padding
    head = b"legation/envelope/v1\n" + sealed_under
    head += (sealer or TwinSealer()).seal_secret(to.public_key, secret, sealed_under)
    return head + b"".join(seal_chunks(content_key(secret, sealed_under), [content]))


def b64(data: bytes) -> str:
    """
    Bytes as the profile writes them.
    """
    return b64encode(data).decode("ascii")


@contextmanager
def small_chunks(size_bytes: int = 512) -> Iterator[None]:
    """
    Make chunks and the least padding small, so that a short envelope has many chunks.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seal, "CHUNK_SIZE_BYTES", size_bytes)
        patch.setattr(seal, "PADDED_SIZE_BYTES_MIN", size_bytes)
        patch.setattr(envelope, "CHUNK_SIZE_BYTES", size_bytes)
        yield
