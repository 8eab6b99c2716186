# SPDX-License-Identifier: Apache-2.0
"""
Decoders of what is signed, sealed or hashed: cards, keys, items, notes, checkpoints, proofs, log entries.

Many have a second one beside them in which somebody signs whatever the input says: a peer that runs
another program. So what stands behind a signature is tried, and not only the signature.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from legation.encoding import Canonical, Codec, encode
from legation.errors import (
    MalformedError,
    ProofError,
    RefusedError,
    SealError,
    SignatureError,
    VerificationError,
)
from legation.formats.shipped import shipped
from legation.item import inspect, verify
from legation.item.draft import Draft, DraftPortion, Precedence, Slip
from legation.item.parts import LayerHead, Parts, take_apart
from legation.item.portion import Kind, Text, Title
from legation.item.shape import VIEW
from legation.item.view import Contents, cut
from legation.keys import card as cards
from legation.keys import renewal, seal
from legation.keys.seal import (
    HPKESealer,
    SealPublicKey,
    TwinOpener,
    TwinSealer,
    content_key,
    open_chunks,
    seal_chunks,
)
from legation.keys.sign import SIGNATURE_SIZES_BYTES, PublicKey, Purpose
from legation.labels import Category, Clearance, Label, Policies, TagType, parse_mark
from legation.labels.chain import PolicyStatement, read_statement
from legation.log import Frontier
from legation.log.checkpoint import (
    claimed_incarnation,
    cosign,
    open_checkpoint,
    verify_checkpoint,
    verify_receipt,
)
from legation.log.entry import ENTRY, LogEntry, LogKind
from legation.log.growth import Growth, read_growth, write_growth
from legation.log.note import SignatureType, read_note, write_note
from legation.log.proof import Proof, read_proof, verify_proof, write_proof
from legation.log.statement import sign_statement, verify_statement
from legation.log.verifier import VerifierKey, open_note, read_verifier_key
from legation.merkle import Hash, verify_consistency, verify_inclusion
from legation.node.files import show
from legation.node.keys.keyring import OFFICE_KEYS, ROOT_KEY
from legation.store.sqlite import access, deliveries, drafts, incoming, node, outgoing
from tests.exchange.made import signers, small_chunks, stream_keys
from tests.fuzz.judge import CANARY, Decoder
from tests.fuzz.mutation import Syntax, canonical
from tests.item import handmade, naive, worlds
from tests.keys.office import Keys, opener, seed
from tests.log import handmade as notes

OFFICE = Keys.of("KOR@NATO")
READERS = ["ko", "en"]


def b64(data: bytes) -> str:
    """Spell bytes as the profile does."""
    return b64encode(data).decode("ascii")


# Cards.


def _first_card() -> bytes:
    return OFFICE.card(addresses=(f"{CANARY}.example", f"https://mission.example/{CANARY}"))


def _card_signed_by_its_office(body: bytes) -> cards.Card:
    """Read a card that says anything, with all signatures that the first card of the office has."""
    ordered = sorted(OFFICE.signers, key=lambda signer: signer.public_key.key_id)
    signatures = [
        {"key": b64(signer.public_key.key_id), "signature": b64(signer.sign(Purpose.CARD, body))}
        for signer in ordered
    ]
    return cards.read(b'{"body":' + body + b',"signatures":' + canonical(signatures) + b"}")


def _of_cards() -> Iterator[Decoder]:
    first = _first_card()
    second = OFFICE.with_new_item_key().card(number=1, previous=cards.read(first).digest)
    yield Decoder(
        name="card",
        doors=("legation.keys.card.read", "legation.keys.card._CODEC", "legation.node.rules.read_card"),
        read=cards.read,
        again=lambda card: cards._CODEC.encode(cards._CODEC.decode(card.data)),
        corpus=(first, second),
        syntax=Syntax.JSON,
        raises=(MalformedError, SignatureError),
    )
    yield Decoder(
        name="card, signed whatever it says",
        doors=("legation.keys.card.read",),
        read=_card_signed_by_its_office,
        again=lambda card: encode(card.body),
        corpus=tuple(canonical(json.loads(each)["body"]) for each in (first, second)),
        syntax=Syntax.JSON,
        raises=(MalformedError, SignatureError),
    )


def _of_renewals() -> Iterator[Decoder]:
    first = cards.read(_first_card())
    new = OFFICE.with_new_item_key()
    signers = [each for each in new.signers if each is not new.root]
    body = renewal.following(first, time=first.body.time, item=new.items[-1][0].public_key)
    revoked = renewal.following(
        first,
        time=first.body.time,
        item=new.items[-1][0].public_key,
        revoked={OFFICE.items[0][0].public_key.key_id: 7},
    )
    yield Decoder(
        name="renewal",
        doors=(
            "legation.keys.renewal.RENEWAL",
            "legation.keys.renewal.read_request",
            "legation.node.keys.renewing.read_renewal",
        ),
        read=renewal.read_request,
        again=lambda asked: renewal.RENEWAL.encode(
            renewal.Renewal(
                body=asked.body,
                format="legation/renewal/v1",
                previous=asked.previous.data,
                signatures=asked.signatures,
            )
        ),
        corpus=tuple(renewal.request(first, each, signers) for each in (body, revoked)),
        syntax=Syntax.JSON,
        raises=(MalformedError, VerificationError),
    )


def _key_that_verifies(data: bytes) -> PublicKey:
    """Read a public key, and let it look at a signature that is none."""
    key = _KEY.decode(data)
    with suppress(SignatureError):
        key.verify(Purpose.ITEM, b"", bytes(SIGNATURE_SIZES_BYTES[key.algorithm]))
    return key


_KEY = Codec(PublicKey, size_bytes_max=1 << 14, what="key")
_SEAL_KEY = Codec(SealPublicKey, size_bytes_max=1 << 14, what="seal key")


def _of_keys() -> Iterator[Decoder]:
    """Keys by themselves, as they stand in cards and pulls."""
    common: dict[str, Any] = {"syntax": Syntax.JSON, "doors": ("legation.encoding.Codec.decode",)}
    yield Decoder(
        name="public key",
        read=_key_that_verifies,
        again=_KEY.encode,
        corpus=tuple(map(_KEY.encode, stream_keys("KOR@NATO"))),
        **common,
    )
    yield Decoder(
        name="seal key",
        read=_SEAL_KEY.decode,
        again=_SEAL_KEY.encode,
        corpus=(_SEAL_KEY.encode(opener("fuzz").public_key),),
        **common,
    )


# Values by themselves.


def _codec(name: str, door: str, codec: Codec[Any], *values: Any) -> Decoder:
    return Decoder(
        name=name,
        doors=(door, "legation.encoding.Codec.decode", "legation.encoding.Codec.decode_unchecked"),
        read=codec.decode,
        again=codec.encode,
        corpus=tuple(map(codec.encode, values)),
        syntax=Syntax.JSON,
    )


def _draft() -> Draft:
    policy = cards.PolicyReference(id="2.25.1", version=1, digest=bytes(32))
    label = Label(policy_id="2.25.1", classification="OPEN")
    portions = (Title(text=f"{CANARY} title"), Text(text=f"{CANARY} text", source=CANARY, language="ko"))
    return Draft(
        kind=Kind.REPORT,
        policies=(policy,),
        portions=tuple(DraftPortion(label=label, portion=each) for each in portions),
        slips=(_slip(),),
    )


def _slip() -> Slip:
    return Slip(addressee="KOR@NATO", action=True, precedence=Precedence.FLASH, desk_by=60, attention=CANARY)


def _of_values() -> Iterator[Decoder]:
    part = Category(tag=f"To {CANARY}", type=TagType.PERMISSIVE, values=("A", f"{CANARY} B"))
    label = Label(policy_id="2.25.1", classification=CANARY, categories=(part,))
    clearance = Clearance(policy_id="2.25.1", classifications=("OPEN", CANARY), categories=(part,))
    frontiers = [Frontier().extend(map(Hash, notes.LEAVES[:count])) for count in (0, 1, 3)]
    keys = {name: seed(name) for name in ("item", "stream_ed25519", "stream_mldsa44", "seal_x25519", "draws")}
    file = {"format": "legation/keys/v1", "office": "KOR@NATO", "seal_mlkem768": b64(seed("seal", 64))}
    file |= {name: b64(value) for name, value in keys.items()}
    root = {"format": "legation/root/v1", "party": "KOR", "seed": b64(seed("root"))}
    store = "legation.store.sqlite"
    entries = [LogEntry(kind=kind, hash=bytes(32), time=7) for kind in (LogKind.ACCEPTED, LogKind.FROZEN)]
    yield _codec("log entry", "legation.log.entry.ENTRY", ENTRY, *entries)
    yield _codec("stored label", f"{store}.access._LABEL", access._LABEL, label)
    yield _codec("stored slip", f"{store}.deliveries.SLIP", deliveries.SLIP, _slip())
    yield _codec("received slip", f"{store}.incoming._SLIP", incoming._SLIP, _slip())
    yield _codec("stored frontier", f"{store}.outgoing.FRONTIER", outgoing.FRONTIER, *frontiers)
    yield _codec("stored clearance", f"{store}.node.CLEARANCE", node.CLEARANCE, clearance)
    yield _codec("stored draft", f"{store}.drafts._DRAFT", drafts._DRAFT, _draft())
    yield _codec(
        "key file", "legation.node.keys.keyring.OFFICE_KEYS", OFFICE_KEYS, OFFICE_KEYS.decode(canonical(file))
    )
    yield _codec(
        "root key file", "legation.node.keys.keyring.ROOT_KEY", ROOT_KEY, ROOT_KEY.decode(canonical(root))
    )


# Items.


def _document() -> handmade.Document:
    return handmade.Document(
        labels=(worlds.plain_label(0), worlds.plain_label(8), worlds.plain_label(13)),
        portions=(
            (0, {"type": "title", "text": f"{CANARY} title"}),
            (0, {"type": "text", "text": f"{CANARY} one", "language": "en", "source": CANARY}),
            (1, {"type": "text", "text": f"{CANARY} two", "grade": "B2", "originator_control": True}),
            (0, {"type": "text", "text": f"{CANARY} three", "caveat": CANARY}),
            (2, {"type": "topics", "topics": [CANARY, "trade"]}),
            (1, {"type": "withheld", "reason": CANARY}),
            (2, {"type": "addressees", "action": ["KOR"], "information": ["JPN@NATO"]}),
        ),
        full=frozenset({(2, 1), (2, 3), (2, 5), (1, 3), (3, 1)}),
    )


def _read_all(contents: Contents) -> Contents:
    """Look at a view in every way that there is: none may fail where reading did not."""
    assert len(contents.portions) == sum(len(layer.portions) for layer in contents.layers)
    assert 0 < len(contents.shown(READERS)) <= len(contents.portions)
    assert contents.kind
    assert contents.document
    assert contents.time >= 0
    assert isinstance(contents.is_empty, bool)
    for layer in contents.layers:
        assert layer.label.classification
        assert inspect(cut(contents, layer.__eq__)).item_id == contents.item_id
    return contents


def _cut_every_way(parts: Parts[LayerHead]) -> Parts[LayerHead]:
    """Take every cut of one layer: none may fail where taking apart did not."""
    for place, layer, text in parts.layers:
        assert layer.label.classification
        assert isinstance(layer.has_body, bool)
        assert text in parts.cut(layer.__eq__), place
    return parts


def _sealed_by_its_author(data: bytes) -> bytes:
    """Make a whole view of layers and seams that say anything: hashed and signed again."""
    try:
        told = json.loads(data)
        header = {name: value for name, value in told["header"].items() if name != "root"}
        size = min(int(header["leaves"]), 1024)  # a tree of any size would be the harness's own work
        return naive.encode(handmade.seal(told["layers"], told["seams"], size=size, changes=header))
    except Exception:  # noqa: BLE001 - what cannot be hashed again goes as it is
        return data


def _of_items() -> Iterator[Decoder]:
    whole = handmade.item(_document())
    small = handmade.item(worlds.a_document()).replace(b"canary", CANARY.encode())
    item = inspect(whole)
    one = cut(item, item.layers[1].__eq__)
    refusals = (MalformedError, ProofError, SignatureError)
    yield Decoder(
        name="view",
        doors=("legation.item.view.inspect", "legation.item.shape.VIEW"),
        read=lambda data: _read_all(inspect(data)),
        again=lambda contents: VIEW.encode(contents.wire),
        corpus=(whole, one),
        syntax=Syntax.JSON,
        raises=(MalformedError, ProofError),
    )
    yield Decoder(
        name="view, taken apart",
        doors=("legation.item.parts.take_apart",),
        read=lambda data: _cut_every_way(take_apart(data)),
        corpus=(whole, one),
        syntax=Syntax.JSON,
        raises=(MalformedError, ProofError),
    )
    yield Decoder(
        name="view, taken apart, hashed whatever it says",
        doors=("legation.item.parts.take_apart",),
        read=lambda data: _cut_every_way(take_apart(_sealed_by_its_author(data))),
        corpus=(whole, one),
        syntax=Syntax.JSON,
        raises=(MalformedError, ProofError),
    )
    yield Decoder(
        name="view, verified",
        doors=("legation.item.view.verify",),
        read=lambda data: verify(data, worlds.cards()),
        again=lambda view: VIEW.encode(view.wire),
        corpus=(whole, one, small),
        syntax=Syntax.JSON,
        raises=refusals,
    )
    yield Decoder(
        name="item, shown",
        doors=("legation.node.files.show",),
        read=lambda data: _shown(_sealed_by_its_author(data)),
        corpus=(_report_of_exercise(),),
        syntax=Syntax.JSON,
        raises=(*refusals, RefusedError),
    )
    yield Decoder(
        name="view, signed whatever it says",
        doors=("legation.item.view.verify",),
        read=lambda data: _read_all(verify(_sealed_by_its_author(data), worlds.cards())),
        corpus=(whole, whole, one),
        syntax=Syntax.JSON,
        raises=refusals,
    )


def _shown(data: bytes) -> Any:
    """Show an item under the policy of the exercise, as whoever holds the file is shown it."""
    return show(data, Policies([_EXERCISE]), [worlds.card()], READERS)


_EXERCISE = shipped("exercise-1")


def _report_of_exercise() -> bytes:
    """An item under a policy that is at hand, with marks of all kinds."""
    named = {"id": _EXERCISE.id, "version": _EXERCISE.version, "digest": b64(_EXERCISE.digest)}
    labels = [parse_mark(_EXERCISE, mark) for mark in ("(O)", "(S//REL KOR, JPN)", "(C//HERON//STAFF)")]
    fields = [
        {"policy": named, "classification": label.classification}
        | (
            {"categories": [json.loads(encode(part)) for part in label.categories]}
            if label.categories
            else {}
        )
        for label in labels
    ]
    portions = tuple((number, {"type": "text", "text": f"{CANARY} {number}"}) for number in (0, 1, 2, 0))
    return handmade.item(handmade.Document(labels=tuple(fields), portions=portions))


# Notes, checkpoints, receipts.

NAME, COSIGNER = notes.SENDER.name, notes.RECEIVER.name


def _checkpoint_of(data: bytes) -> Any:
    return verify_checkpoint(data, origin=notes.HEAD.origin, name=NAME, keys=stream_keys("KOR@NATO"))


def _receipt_of(data: bytes) -> Any:
    return verify_receipt(
        data,
        origin=notes.HEAD.origin,
        name=NAME,
        keys=stream_keys("KOR@NATO"),
        cosigner=COSIGNER,
        cosigner_keys=stream_keys("JPN@NATO"),
    )


def _signed_note(text: bytes) -> bytes:
    """A note of any text, with the lines of a peer that signs it with both keys."""
    old = notes.line(NAME, notes.ED25519, notes.SENDER.keys[0], notes.SENDER.ed25519.sign(text))
    return text + b"\n" + old.encode() + _NEW_LINE.encode()


_NEW_LINE = notes.SENDER.new_line(notes.HEAD)


def _of_notes() -> Iterator[Decoder]:
    checkpoint, receipt = notes.checkpoint(), notes.receipt()
    words = (b"legation/stream/v1/", b"legation/log/v1/", b"\xe2\x80\x94 ", b" JPN@NATO/stream ", b"\n\n")
    others = (f"{CANARY}\n\n\N{EM DASH} {CANARY} AAAAAAA=\n".encode(), receipt)
    common: dict[str, Any] = {"syntax": Syntax.LINES, "words": words}
    yield Decoder(
        name="note",
        doors=("legation.log.note.read_note",),
        read=read_note,
        again=write_note,
        corpus=(checkpoint, *others),
        **common,
    )
    refusals = (MalformedError, VerificationError)
    yield Decoder(
        name="checkpoint",
        doors=("legation.log.checkpoint.verify_checkpoint",),
        read=_checkpoint_of,
        corpus=(checkpoint, checkpoint, *others),
        raises=refusals,
        **common,
    )
    yield Decoder(
        name="checkpoint, signed whatever it says",
        doors=("legation.log.checkpoint.verify_checkpoint",),
        read=lambda text: _checkpoint_of(_signed_note(text)),
        again=lambda found: found.text.encode(),
        corpus=(notes.HEAD.text.encode(), notes.LOG_HEAD.text.encode()),
        raises=refusals,
        **common,
    )
    yield Decoder(
        name="checkpoint to be receipted",
        doors=("legation.log.checkpoint.cosign",),
        read=lambda data: cosign(data, name=COSIGNER, signers=signers("JPN@NATO"), time=7) and None,
        corpus=(checkpoint, *others),
        **common,
    )
    yield Decoder(
        name="receipt",
        doors=("legation.log.checkpoint.verify_receipt",),
        read=_receipt_of,
        corpus=(receipt, receipt, checkpoint),
        raises=refusals,
        **common,
    )
    yield Decoder(
        name="incarnation that a receipt claims",
        doors=("legation.log.checkpoint.claimed_incarnation",),
        read=lambda data: claimed_incarnation(data, "KOR@NATO", "JPN@NATO"),
        corpus=(receipt, receipt, checkpoint),
        **common,
    )


def _statement_of(data: bytes) -> str:
    """Verify a statement of the authority, whose keys are those that sign streams elsewhere."""
    return verify_statement(data, purpose=Purpose.POLICY, name="KOR/policy", keys=stream_keys("KOR@NATO"))


def _statement_of_anyone(data: bytes) -> PolicyStatement:
    """Read a statement that says anything, signed by the authority."""
    text = data.decode("utf-8", "replace")
    note = sign_statement(text, purpose=Purpose.POLICY, name="KOR/policy", signers=signers("KOR@NATO"))
    return read_statement(_statement_of(note))


def _of_proof_files() -> Iterator[Decoder]:
    """Files that prove by themselves, and notes of other programs."""
    vkeys = [
        str(VerifierKey(name=name, type=type_, key=key))
        for name, office in ((NAME, "KOR@NATO"), (COSIGNER, "JPN@NATO"))
        for type_, key in zip(
            (SignatureType.ED25519, SignatureType.MLDSA44_COSIGNATURE), stream_keys(office), strict=True
        )
    ]
    hashes = (Hash(notes.LEAVES[0]), Hash(notes.LEAVES[2]))
    proof = Proof(index=1, hashes=hashes, note=notes.receipt(), extra=CANARY.encode())
    files = (write_proof(proof), write_proof(replace(proof, extra=b"", note=notes.checkpoint())))
    checkpoint = verify_checkpoint(
        notes.checkpoint(), origin=notes.HEAD.origin, name=NAME, keys=stream_keys("KOR@NATO")
    )

    def read(data: bytes) -> Proof:
        found = read_proof(data)
        with suppress(ProofError):
            verify_proof(found, Hash(notes.LEAVES[1]), checkpoint)
        return found

    head = f"c2sp.org/tlog-proof@v1\nindex 0\n\n{CANARY}\n\n\N{EM DASH} {CANARY} AAAAAAA=\n".encode()
    yield Decoder(
        name="proof file",
        doors=("legation.log.proof.read_proof", "legation.log.proof.verify_proof"),
        read=read,
        again=write_proof,
        corpus=(*files, head),
        syntax=Syntax.LINES,
        words=(b"index ", b"extra ", b"extra \n", b"index 0\n", b"c2sp.org/tlog-proof@v1"),
    )
    growth = Growth(old_size=1, hashes=hashes, note=notes.checkpoint())
    yield Decoder(
        name="growth file",
        doors=("legation.log.growth.read_growth",),
        read=read_growth,
        again=write_growth,
        corpus=(
            write_growth(growth),
            write_growth(replace(growth, hashes=(), note=notes.receipt())),
            f"old 1\n\n{CANARY}\n\n\N{EM DASH} {CANARY} AAAAAAA=\n".encode(),
        ),
        syntax=Syntax.LINES,
        words=(b"old ", b"old 1\n"),
    )
    yield Decoder(
        name="note of others",
        doors=("legation.log.verifier.open_note",),
        read=lambda data: open_note(data, vkeys),
        corpus=(
            notes.checkpoint(),
            notes.receipt(),
            _signed_note(f"{CANARY}\n1\n{b64(bytes(32))}\n".encode()),
        ),
        syntax=Syntax.LINES,
        raises=(MalformedError, SignatureError),
    )
    yield Decoder(
        name="verifier key",
        doors=("legation.log.verifier.read_verifier_key",),
        read=lambda data: read_verifier_key(data.decode("utf-8", "surrogateescape")),
        again=lambda found: str(found).encode(),
        corpus=(vkeys[0].encode(), vkeys[1].encode(), f"{CANARY}+00000000+AAAA".encode()),
        syntax=Syntax.LINES,
    )
    yield Decoder(
        name="checkpoint of anyone",
        doors=("legation.log.checkpoint.open_checkpoint",),
        read=lambda data: open_checkpoint(data, worlds.card()),
        corpus=(notes.checkpoint(), notes.checkpoint(notes.LOG_HEAD), notes.receipt()),
        syntax=Syntax.LINES,
        raises=(MalformedError, VerificationError),
    )


def _of_statements() -> Iterator[Decoder]:
    text = f"legation/policy/v1\n2.25.1\n7\n{'ab' * 32}\n{'cd' * 32}\n"
    note = sign_statement(text, purpose=Purpose.POLICY, name="KOR/policy", signers=signers("KOR@NATO"))
    common: dict[str, Any] = {
        "syntax": Syntax.LINES,
        "words": (b"legation/policy/v1", b"none", b"\xe2\x80\x94 "),
    }
    yield Decoder(
        name="signed statement",
        doors=("legation.log.statement.verify_statement",),
        read=_statement_of,
        corpus=(note, notes.checkpoint(), f"legation/policy/v1\n{CANARY}\n\n".encode() + note[-200:]),
        raises=(MalformedError, SignatureError),
        **common,
    )
    yield Decoder(
        name="statement, signed whatever it says",
        doors=("legation.log.statement.sign_statement", "legation.labels.chain.read_statement"),
        read=_statement_of_anyone,
        again=lambda found: found.text.encode(),
        corpus=(text.encode(), f"legation/policy/v1\n{CANARY}\n".encode()),
        raises=(MalformedError, SignatureError),
        **common,
    )


# Proofs and seals.


class _Proof(Canonical, frozen=True):
    """A proof as it might be handed over; there is no format for it yet."""

    first: int
    second: int
    one: bytes
    other: bytes
    hashes: tuple[bytes, ...]


_PROOF = Codec(_Proof, size_bytes_max=1 << 20, what="proof")


def _proven(verify_: Callable[[_Proof], None], data: bytes) -> None:
    verify_(_PROOF.decode(data))


def _inclusion(proof: _Proof) -> None:
    verify_inclusion(
        leaf=Hash(proof.one),
        index=proof.first,
        size=proof.second,
        proof=[*map(Hash, proof.hashes)],
        root=Hash(proof.other),
    )


def _consistency(proof: _Proof) -> None:
    verify_consistency(
        old_size=proof.first,
        new_size=proof.second,
        proof=[*map(Hash, proof.hashes)],
        old_root=Hash(proof.one),
        new_root=Hash(proof.other),
    )


def _of_proofs() -> Iterator[Decoder]:
    leaves = [notes.LEAVES[0], notes.LEAVES[1], notes.LEAVES[2]]
    root, pair = notes.tree_root(leaves), notes.tree_root(leaves[:2])
    inclusion = _Proof(first=1, second=3, one=leaves[1], other=root, hashes=(leaves[0], leaves[2]))
    consistency = _Proof(first=2, second=3, one=pair, other=root, hashes=(leaves[2],))
    for name, check, proof in (
        ("inclusion", _inclusion, inclusion),
        ("consistency", _consistency, consistency),
    ):
        yield Decoder(
            name=f"proof of {name}",
            doors=(f"legation.merkle.verify_{name}",),
            read=partial(_proven, check),
            corpus=(_PROOF.encode(proof),),
            syntax=Syntax.JSON,
            raises=(MalformedError, ProofError),
        )


def _sealed(key: bytes, content: bytes) -> bytes:
    """Seal in small chunks, so that something short has several."""
    with small_chunks():
        return b"".join(seal_chunks(key, [content]))


def _opened(key: bytes, data: bytes) -> bytes:
    with small_chunks():
        return b"".join(open_chunks(key, [data[:100], data[100:]]))


def _opened_pieces(key: bytes, data: bytes) -> bytes:
    """Open what somebody with the key has sealed as they like: a chunk for each line."""
    *pieces, last = data.split(b"\n")
    cipher = AESGCM(key)
    chunks = [
        cipher.encrypt(seal._nonce(number, is_last=False), each, None) for number, each in enumerate(pieces)
    ]
    chunks.append(cipher.encrypt(seal._nonce(len(pieces), is_last=True), last, None))
    return _opened(key, b"".join(chunks))


def _in_pieces(content: bytes) -> bytes:
    """A content as it must be cut: full chunks, and a last one that is not empty if it is not alone."""
    starts = range(0, max(1, len(content)), SMALL_CHUNK_SIZE_BYTES)
    return b"\n".join(content[start : start + SMALL_CHUNK_SIZE_BYTES] for start in starts)


SMALL_CHUNK_SIZE_BYTES = 512  # what ``small_chunks`` makes of a chunk


def _of_seals() -> Iterator[Decoder]:
    ours, binding, secret = opener("fuzz"), seed("binding"), seed("secret")
    key = content_key(secret, binding)
    twin = TwinOpener(ours.public_key)
    contents = (CANARY.encode(), CANARY.encode() * 100, b"")
    yield Decoder(
        name="sealed secret",
        doors=("legation.keys.seal.HPKEOpener.open_secret",),
        read=lambda data: ours.open_secret(data, binding),
        corpus=(HPKESealer().seal_secret(ours.public_key, secret, binding),),
        syntax=Syntax.BYTES,
        raises=(SealError,),
    )
    yield Decoder(
        name="sealed secret of the twin",
        doors=("legation.keys.seal.TwinOpener.open_secret",),
        read=lambda data: twin.open_secret(data, binding),
        again=lambda found: TwinSealer().seal_secret(ours.public_key, found, binding),
        corpus=(TwinSealer().seal_secret(ours.public_key, secret, binding),),
        syntax=Syntax.BYTES,
        raises=(SealError,),
    )
    yield Decoder(
        name="sealed chunks",
        doors=("legation.keys.seal.open_chunks",),
        read=lambda data: _opened(key, data),
        again=lambda content: _sealed(key, content),
        corpus=tuple(_sealed(key, content) for content in contents),
        syntax=Syntax.BYTES,
        raises=(SealError,),
    )


def _of_pieces() -> Iterator[Decoder]:
    key = content_key(seed("secret"), seed("binding"))
    contents = (CANARY.encode(), CANARY.encode() * 128, b"")
    yield Decoder(
        name="chunks, sealed however they are cut",
        doors=("legation.keys.seal.open_chunks",),
        read=partial(_opened_pieces, key),
        again=_in_pieces,
        corpus=tuple(map(_in_pieces, contents)),
        syntax=Syntax.LINES,
        words=(b"\n", CANARY.encode()[:8] * 64),
        raises=(SealError,),
    )


def signed() -> Iterator[Decoder]:
    """All of them."""
    yield from _of_cards()
    yield from _of_renewals()
    yield from _of_keys()
    yield from _of_values()
    yield from _of_items()
    yield from _of_notes()
    yield from _of_proof_files()
    yield from _of_statements()
    yield from _of_proofs()
    yield from _of_seals()
    yield from _of_pieces()
