# SPDX-License-Identifier: Apache-2.0
"""
What a node can say that no honest one would, with a card that was confirmed and keys that are its own.

Letters are bent where the honest node has written them (``answer``, ``pull``, ``bag``), or written byte by byte past
every check of ours (``raw_answer``, ``raw_pull``): so what JPN@NATO refuses is refused by JPN@NATO.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from msgspec.structs import replace as changed

from legation.encoding import encode
from legation.exchange import Answer, Bag, EntryHeader, EntryKind, Position, write_envelope, write_view
from legation.exchange.envelope import FORMAT
from legation.item.draft import Draft, DraftPortion
from legation.item.draws import SecretDraws
from legation.item.portion import Kind, Text
from legation.item.shape import VIEW
from legation.item.signing import sign
from legation.item.view import inspect
from legation.keys.seal import SealPublicKey, content_key, padded_size, seal_chunks
from legation.keys.sign import Ed25519Signer, Purpose, Signer
from legation.labels import parse_mark, reference_to
from legation.log import Checkpoint, Frontier, StreamSigners, cosign, key_name, sign_checkpoint, stream_origin
from legation.merkle import Hash
from tests.federation.stage import AUS, CANARY, JPN, Stage, mark
from tests.formats.drafts import EXERCISE
from tests.node.pair import Node, a_slip

Fields = dict[str, Any]
SOON = 1_656_072_000  # the noon of the stories


# Letters that are bent.


def answer(stage: Stage, change: Callable[[Answer], Answer], **more: Any) -> None:
    """Let JPN@NATO pull, and answer with what becomes of the honest answer."""
    stage.jpn.pulls(stage.aus, stage.aus.lies(change, **more))


def pull(stage: Stage, **fields: Any) -> Answer:
    """Ask JPN@NATO with a pull that says what it should not, and open the answer."""
    return stage.jpn.hears(stage.aus.asks_with(stage.jpn, **fields))


def bag(
    stage: Stage,
    change: Callable[[Bag], Bag] = lambda found: found,
    *,
    files: Sequence[bytes] | None = None,
    to: SealPublicKey | None = None,
    signer: Signer | None = None,
    path: Path | None = None,
) -> Path:
    """Pack for JPN@NATO, and write the bag anew with what becomes of its letter."""
    aus, jpn = stage.aus, stage.jpn
    [packed] = [path] if path is not None else aus.packs(jpn)
    came: list[bytes] = []
    found = jpn.unpacking._read(packed, lambda _, pieces: came.append(b"".join(pieces)))
    pieces = write_envelope(
        change(found.letter),
        found.payloads,
        signer=signer or aus.home.signing.stream.ed25519,
        to=to or jpn.card.seal_key,
        secret=aus.around.random(32),
        sealer=aus.around.sealer,
        attached=[[each] for each in (came if files is None else files)],
    )
    other = packed.with_name(f"{aus.around.random(8).hex()}.bag")
    other.write_bytes(b"".join(pieces))
    return other


# Letters that are written past every check.


def sealed(
    stage: Stage,
    told: bytes,
    *,
    purpose: str,
    to: SealPublicKey,
    behind: bytes = b"",
    sender: str = AUS,
    receiver: str = JPN,
    binding: bytes | None = None,
    padding: bytes | None = None,
) -> bytes:
    """Write an envelope around any bytes, signed and sealed by AUS@NATO as they are."""
    aus = stage.aus
    bound = binding or sha256(b"legation/binding/v1\n" + told).digest()
    claim = {"sender": sender, "receiver": receiver, "purpose": purpose, "binding": bound}
    signature = aus.home.signing.stream.ed25519.sign(Purpose.ENVELOPE, encode(claim))
    front = encode({"sender": sender, "receiver": receiver, "purpose": purpose, "signature": signature})
    content = len(front).to_bytes(2, "big") + front + len(told).to_bytes(4, "big") + told + behind
    content += bytes(padded_size(len(content)) - len(content)) if padding is None else padding
    secret = aus.around.random(32)
    head = FORMAT + bound + aus.around.sealer.seal_secret(to, secret, bound)
    return head + b"".join(seal_chunks(content_key(secret, bound), [content]))


def raw_answer(
    stage: Stage,
    change: Callable[[Fields], bytes | None],
    *,
    behind: Callable[[bytes], bytes] | None = None,
    **more: Any,
) -> None:
    """
    Let JPN@NATO pull, and answer with a letter whose JSON was changed by hand.

    Args:
        stage: Where.
        change: Changes the fields of the honest answer in place, or gives other bytes.
        behind: What becomes of the payloads behind it.
        more: Of ``sealed``.
    """
    aus = stage.aus

    def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
        found = aus.takes(pieces)
        batch = aus.batch(found.letter)
        honest = Answer(
            sender=AUS,
            receiver=JPN,
            nonce=aus.around.random(16),
            pull=found.binding,
            incarnation=batch.stream.incarnation,
            start=batch.start,
            entries=batch.letter_entries,
            checkpoint=batch.checkpoint,
        )
        payloads = b"".join(batch.payloads)
        usual: Fields = {
            "purpose": "answer",
            "to": found.letter.answer_key,
            "behind": payloads if behind is None else behind(payloads),
        }
        yield sealed(stage, bent(honest, change), **(usual | more))

    stage.jpn.pulls(aus, way)


def raw_pull(stage: Stage, change: Callable[[Fields], bytes | None], **more: Any) -> None:
    """Ask JPN@NATO with a letter whose JSON was changed by hand."""
    honest = stage.jpn.opens(stage.aus.asks_with(stage.jpn), stage.aus)
    usual: Fields = {"purpose": "pull", "to": stage.jpn.card.seal_key}
    stage.jpn.takes([sealed(stage, bent(honest, change), **(usual | more))])


def bent(letter: Any, change: Callable[[Fields], bytes | None]) -> bytes:
    """The canonical bytes of a letter, after somebody changed its fields; or whatever bytes they gave."""
    fields = json.loads(encode(letter))
    return change(fields) or json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


# Entries.


def hands_over(stage: Stage, view: bytes, *, addressee: str = JPN) -> None:
    """Number a view for JPN@NATO, whatever it is."""
    stage.aus.appends(JPN, (EntryKind.VIEW, write_view(a_slip(addressee), view)))


def item_by(signer: Ed25519Signer, text: str = f"{CANARY} forged.", mark_: str = mark("AUS", "JPN")) -> bytes:
    """A whole item that a key signed, though nobody released it."""
    draft = Draft(
        kind=Kind.REPORT,
        policies=(reference_to(EXERCISE),),
        portions=(DraftPortion(label=parse_mark(EXERCISE, mark_), portion=Text(text=text)),),
    )
    return sign(
        draft,
        document=draft.digest[:16],
        time=SOON,
        signer=signer,
        draws=SecretDraws(bytes(32), bytes(32), draft.digest),
    )


def in_the_name_of(node: Node, view: bytes) -> bytes:
    """The same item, under the id of another author's key; signed by the one that signed it."""
    wire = inspect(view).wire
    author = node.home.signing.item.public_key.key_id
    return VIEW.encode(changed(wire, header=changed(wire.header, author=author)))


def with_bad_signature(view: bytes) -> bytes:
    """The same item, signed by nobody."""
    return VIEW.encode(changed(inspect(view).wire, signature=bytes(64)))


# What is signed over a stream.


def checkpoint(
    stage: Stage,
    leaves: Iterable[bytes],
    *,
    receiver: str = JPN,
    size: int | None = None,
    incarnation: bytes | None = None,
    origin: str = "",
    signers: StreamSigners | None = None,
) -> bytes:
    """A checkpoint signed by AUS@NATO, over whatever it likes."""
    frontier = Frontier().extend(map(Hash, leaves))
    [(present,)] = stage.aus.rows("SELECT incarnation FROM outgoing WHERE office = ?", (receiver,))
    stated = Checkpoint(
        origin=origin or stream_origin(AUS, receiver, incarnation or present),
        size=size or frontier.size,
        root=frontier.root,
    )
    return sign_checkpoint(stated, name=key_name(AUS), signers=signers or stage.aus.home.signing.stream)


def leaves_to(node: Node, office: str) -> list[bytes]:
    """The leaves of the stream of a node to an office."""
    rows = node.rows(
        "SELECT number, kind, payload_hash, payload_size_bytes FROM outgoing_entry JOIN outgoing USING (stream_id) "
        "WHERE office = ? ORDER BY number",
        (office,),
    )
    return [
        EntryHeader(number=number, kind=EntryKind(kind), payload_hash=digest, payload_size_bytes=size).leaf
        for number, kind, digest, size in rows
    ]


def receipt_of(node: Node, sender: str) -> bytes:
    """The newest receipt that a node has given over the stream of another."""
    [*_, (data,)] = node.rows(
        "SELECT data FROM incoming_receipt JOIN incoming USING (stream_id) WHERE office = ? ORDER BY incoming_receipt.size",
        (sender,),
    )
    return bytes(data)


def receipt(stage: Stage, size: int, *, theirs: bool = False, **bent: Any) -> bytes:
    """
    A receipt over the stream of JPN@NATO to AUS@NATO, over whatever is wanted.

    Args:
        stage: Where.
        size: Over so many entries.
        theirs: Whether JPN@NATO's own keys sign the checkpoint, as only a clone of it could; else AUS@NATO's do.
        bent: ``root``, ``incarnation``, ``stated`` (the size that it says), ``cosigner`` (whose keys) and ``name``
            (under whose name) where they are not as they should be.
    """
    [(present,)] = stage.jpn.rows("SELECT incarnation FROM outgoing WHERE office = ?", (AUS,))
    leaves = [*map(Hash, leaves_to(stage.jpn, AUS)), *[Hash(bytes(32))] * size][:size]
    stated = Checkpoint(
        origin=stream_origin(JPN, AUS, bent.get("incarnation", bytes(present))),
        size=bent.get("stated", size),
        root=bent.get("root", Frontier().extend(leaves).root),
    )
    signers = (stage.jpn if theirs else stage.aus).home.signing.stream
    signed = sign_checkpoint(stated, name=key_name(JPN), signers=signers)
    cosigner: Node = bent.get("cosigner", stage.aus)
    name = key_name(bent.get("name", cosigner.office))
    return cosign(signed, name=name, signers=cosigner.home.signing.stream, time=SOON)


def position(stage: Stage, at: int, /, **other: Any) -> Position:
    """A true position in the stream of JPN@NATO to AUS@NATO, or one that is bent."""
    [(incarnation,)] = stage.jpn.rows("SELECT incarnation FROM outgoing WHERE office = ?", (AUS,))
    root = Frontier().extend(map(Hash, leaves_to(stage.jpn, AUS)[:at])).root
    return changed(Position(incarnation=incarnation, size=at, root=root), **other)
