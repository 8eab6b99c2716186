# SPDX-License-Identifier: Apache-2.0
"""
Makes ``vectors/exchange/exchange.json`` and the examples in ``docs/spec/exchange.md``.

Run as ``.venv/bin/python -m tools.vectors_exchange`` in the root of the repository. Running it again
changes nothing: every key, nonce and secret follows from its name, and what is randomised (ML-DSA-44
signatures, HPKE) is kept as it first came. Letters, leaves, roots and envelopes are put together by hand
and not by ``legation.exchange``, so that the vectors are a second opinion.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from legation.keys.seal import HPKESealer, SealPublicKey
from legation.log import Checkpoint, cosign, key_name, sign_checkpoint, stream_origin
from tests.exchange.made import RECEIVER, SENDER, b64, by_hand, naive_root, seal_opener, signers
from tests.keys.office import canonical, opener, seed
from tools.examples import with_examples

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "vectors" / "exchange" / "exchange.json"
PAGE = ROOT / "docs" / "spec" / "exchange.md"
VIEW = (ROOT / "vectors" / "item" / "two-layers-cut.json").read_bytes()

INCARNATION = seed("exchange incarnation", 16)
ORIGIN = stream_origin(SENDER, RECEIVER, INCARNATION)
RECEIPT_TIME = 1_790_000_600

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What was randomised once and stays, by name, as hex."""

    values: dict[str, str]

    def get(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Give what is kept, or make it and keep it."""
        if name not in self.values:
            self.values[name] = make().hex()
        return bytes.fromhex(self.values[name])


@dataclass(frozen=True, kw_only=True)
class KeptSealer:
    """Seals a secret once."""

    kept: Kept
    name: str

    def seal_secret(self, key: SealPublicKey, secret: bytes, binding: bytes) -> bytes:
        """Give the sealed secret that is kept."""
        sealed = f"sealed secret of {self.name}"
        return self.kept.get(sealed, lambda: HPKESealer().seal_secret(key, secret, binding))


@dataclass(frozen=True, kw_only=True)
class Message:
    """One envelope of the example."""

    name: str
    what: str
    letter: Json
    payloads: tuple[bytes, ...] = ()

    @property
    def purpose(self) -> str:
        """``pull`` or ``answer``."""
        return str(self.letter["type"])

    @property
    def opener_name(self) -> str:
        """The name that the seeds of the key that opens it begin with."""
        return f"{SENDER} seal" if self.purpose == "pull" else f"answer key {self.name.split('-')[0]}"


def entry(number: int, kind: str, payload: bytes) -> Json:
    """Give the header of an entry."""
    return {
        "number": number,
        "kind": kind,
        "payload_hash": b64(sha256(payload).digest()),
        "payload_size_bytes": len(payload),
    }


def leaf(header: Json) -> bytes:
    """Hash a header as a leaf."""
    return sha256(b"\x00" + canonical(header)).digest()


def view_payload(slip: Json, view: bytes) -> bytes:
    """Put a slip before a view."""
    told = canonical(slip)
    return len(told).to_bytes(4, "big") + told + view


SLIP = {"addressee": RECEIVER, "action": True, "precedence": "priority", "attention": "Desk 7"}
PAYLOADS = (
    ("start", b"{}"),
    ("view", view_payload(SLIP, VIEW)),
    ("view", view_payload({"addressee": RECEIVER}, VIEW)),
    ("void", canonical({"number": 2})),
)
HEADERS = [entry(number, kind, payload) for number, (kind, payload) in enumerate(PAYLOADS)]
LEAVES = [leaf(header) for header in HEADERS]


FILE_BYTES = b"a" * (1 << 20) + b"end\n"
CHUNKS = (FILE_BYTES[: 1 << 20], FILE_BYTES[1 << 20 :])
CHUNK_LEAVES = [sha256(b"\x00legation/chunk/v1\n" + chunk).digest() for chunk in CHUNKS]


def checkpoint(kept: Kept, size: int) -> bytes:
    """Give the signed checkpoint over the first entries."""
    body = Checkpoint(origin=ORIGIN, size=size, root=naive_root(LEAVES[:size]))
    return kept.get(
        f"checkpoint {size}",
        lambda: sign_checkpoint(body, name=key_name(SENDER), signers=signers(SENDER)),
    )


def receipt(kept: Kept, size: int) -> bytes:
    """Give the receipt over the first entries."""
    return kept.get(
        f"receipt {size}",
        lambda: cosign(
            checkpoint(kept, size), name=key_name(RECEIVER), signers=signers(RECEIVER), time=RECEIPT_TIME
        ),
    )


def pull(name: str, **fields: Any) -> Json:
    """Give a pull of JPN@NATO."""
    key = opener(f"answer key {name}").public_key
    return {
        "type": "pull",
        "sender": RECEIVER,
        "receiver": SENDER,
        "nonce": b64(seed(f"pull {name} nonce", 16)),
        "answer_key": {"algorithm": key.algorithm, "key": b64(key.key)},
    } | fields


def answer(name: str, pulled: Json, start: int, **fields: Any) -> Json:
    """Give an answer of KOR@NATO."""
    return {
        "type": "answer",
        "sender": SENDER,
        "receiver": RECEIVER,
        "nonce": b64(seed(f"answer {name} nonce", 16)),
        "pull": b64(binding(pulled)),
        "incarnation": b64(INCARNATION),
        "start": start,
    } | fields


def binding(letter: Json) -> bytes:
    """Hash a letter."""
    return sha256(b"legation/binding/v1\n" + canonical(letter)).digest()


def messages(kept: Kept) -> list[Message]:
    """Give the envelopes of the example: two pulls with their answers, and chunk 1 of the file in attachment.md."""
    carried = [{"type": "carried", "header": header} for header in HEADERS]
    first = pull("first", wait_s=30)
    position = {"incarnation": b64(INCARNATION), "size": 2, "root": b64(naive_root(LEAVES[:2]))}
    second = pull("second", position=position, receipt=b64(receipt(kept, 2)))
    wanted = {"number": 7, "root": b64(naive_root(CHUNK_LEAVES)), "size": len(FILE_BYTES), "first": 1}
    third = pull("third", fetch={"incarnation": b64(INCARNATION)} | wanted)
    return [
        Message(name="first-pull", what="JPN@NATO holds nothing and waits for half a minute", letter=first),
        Message(
            name="first-answer",
            what="KOR@NATO sends the start and a view",
            letter=answer("first", first, 0, entries=carried[:2], checkpoint=b64(checkpoint(kept, 2))),
            payloads=(PAYLOADS[0][1], PAYLOADS[1][1]),
        ),
        Message(name="second-pull", what="JPN@NATO holds both and brings the receipt", letter=second),
        Message(
            name="second-answer",
            what="entry 2 is not permitted any more: its leaf, and the void that names it",
            letter=answer(
                "second",
                second,
                2,
                entries=[{"type": "taken-back", "number": 2, "leaf": b64(LEAVES[2])}, carried[3]],
                checkpoint=b64(checkpoint(kept, 4)),
            ),
            payloads=(PAYLOADS[3][1],),
        ),
        Message(
            name="third-pull", what="JPN@NATO asks for chunk 1 of a file attached to entry 7", letter=third
        ),
        Message(
            name="third-answer",
            what="KOR@NATO gives it, with its proof",
            letter=answer(
                "third",
                third,
                7,
                chunks=[
                    {
                        "number": 1,
                        "size_bytes": 4,
                        "leaf": b64(CHUNK_LEAVES[1]),
                        "proof": [b64(CHUNK_LEAVES[0])],
                    }
                ],
            ),
            payloads=(CHUNKS[1],),
        ),
    ]


def sealed(message: Message, kept: Kept) -> bytes:
    """Put the envelope of a message together."""
    names = {name: message.letter[name] for name in ("sender", "receiver")}
    return by_hand(
        canonical(message.letter),
        b"".join(message.payloads),
        front=names | {"purpose": message.purpose},
        signer=signers(names["sender"]).ed25519,
        to=seal_opener(SENDER) if message.purpose == "pull" else opener(message.opener_name),
        sealer=KeptSealer(kept=kept, name=message.name),
        secret=seed(f"secret of {message.name}"),
    )


def described(message: Message, kept: Kept) -> Json:
    """Describe an envelope so that it can be read, and written again."""
    data = sealed(message, kept)
    return {
        "name": message.name,
        "what": message.what,
        "purpose": message.purpose,
        "opener": message.opener_name,
        "letter": canonical(message.letter).decode("ascii"),
        "binding": binding(message.letter).hex(),
        "payloads": [b64(payload) for payload in message.payloads],
        "secret": seed(f"secret of {message.name}").hex(),
        "size_bytes": len(data),
        "sha256": sha256(data).hexdigest(),
    }


def spoilt(kept: Kept) -> Iterator[tuple[str, str, bytes]]:
    """Give letters that are none, each with one defect: what it is, its purpose, its bytes."""
    pulled, answered, again, after, fetching, given = (message.letter for message in messages(kept))

    def bent(what: str, letter: Json, **fields: Any) -> tuple[str, str, bytes]:
        left = {name: value for name, value in (letter | fields).items() if value is not ...}
        return what, str(letter["type"]), canonical(left)

    yield "a space after a colon", "pull", canonical(pulled).replace(b'":', b'": ', 1)
    yield "the last byte is missing", "pull", canonical(pulled)[:-1]
    yield bent("a field that is not known", pulled, priority=1)
    yield bent("a field that is null", pulled, receipt=None)
    yield bent("a default that is written", pulled, protocol=1)
    yield bent("a later version of the protocol", pulled, protocol=2)
    yield bent("a nonce of 15 bytes", pulled, nonce=b64(bytes(15)))
    yield bent("an office that writes to itself", pulled, receiver=RECEIVER)
    yield bent("a minute of waiting", pulled, wait_s=60)
    nowhere = again["position"] | {"size": 0}
    yield bent("a position of nothing with a root of something", again, position=nowhere)
    yield bent("entries without a checkpoint", answered, checkpoint=...)
    yield bent("a challenge beside entries", answered, challenge=b64(bytes(16)))
    yield bent("entries that are not numbered on from the start", answered, start=1)
    yield bent("entries in another order", after, entries=after["entries"][::-1])
    start, view = answered["entries"]
    yield bent("entry 1 is a start", after, start=1, entries=[bend(start, number=1)])
    yield bent("entry 0 is a view", answered, entries=[bend(view, number=0)])
    yield bent("an entry of an unknown kind", answered, entries=[start, bend(view, kind="note")])
    yield bent("a payload of no bytes", answered, entries=[start, bend(view, payload_size_bytes=0)])
    wanted = fetching["fetch"]
    yield bent("a fetch that waits", fetching, wait_s=1)
    yield bent("a fetch with a position", fetching, position=again["position"])
    yield bent("a fetch of a chunk that the file does not have", fetching, fetch=wanted | {"first": 2})
    yield bent("a fetch of a file of no bytes", fetching, fetch=wanted | {"size": 0})
    [chunk] = given["chunks"]
    yield bent("chunks beside entries", answered, chunks=[chunk])
    yield bent("chunks with a gap", given, chunks=[chunk, chunk | {"number": 3}])
    yield bent("a chunk of no bytes", given, chunks=[chunk | {"size_bytes": 0}])
    gone = {"type": "taken-back", "number": 0, "leaf": b64(LEAVES[0])}
    yield bent("a start that is taken back", answered, entries=[gone])


def bend(carried: Json, **fields: Any) -> Json:
    """Exchange fields of a header."""
    return carried | {"header": carried["header"] | fields}


def kept() -> Kept:
    """Read what is kept from the file, if there is one."""
    values = json.loads(FILE.read_bytes())["kept"] if FILE.exists() else {}
    return Kept(values=dict(values))


def seeds() -> Json:
    """Give the private keys by name."""
    names = [
        f"{office} {key}" for office in (SENDER, RECEIVER) for key in ("stream ed25519", "stream ml-dsa-44")
    ]
    openers = [f"{SENDER} seal", *(f"answer key {name}" for name in ("first", "second", "third"))]
    return {name: seed(name).hex() for name in [*names, *(f"{name} x25519" for name in openers)]} | {
        f"{name} ml-kem-768": seed(f"{name} ml-kem-768", 64).hex() for name in openers
    }


def made() -> bytes:
    """Give the file."""
    found = kept()
    told = {
        "about": "Three pulls and their answers, and letters that are none; see docs/spec/exchange.md.",
        "provenance": "Legation's own, Apache-2.0. Seeds are SHAKE256('legation/example/v1\\n' + name); "
        "what is randomised stands under `kept` as it came.",
        "seeds": seeds(),
        "envelopes": [described(message, found) for message in messages(found)],
        "malformed": [
            {"what": what, "purpose": purpose, "letter": data.decode("ascii")}
            for what, purpose, data in spoilt(found)
        ],
        "kept": found.values,
    }
    return json.dumps(told, indent=2).encode() + b"\n"


# The examples in the page.

_LENGTH_MAX = 44  # of a value that is shown whole: a hash


def shortened(value: Any) -> Any:
    """Cut what is too long to be read."""
    if isinstance(value, dict):
        return {name: shortened(member) for name, member in sorted(value.items())}
    if isinstance(value, list):
        return [shortened(member) for member in value]
    return value[:12] + "..." if isinstance(value, str) and len(value) > _LENGTH_MAX else value


def pretty(letter: Json) -> str:
    """Print a letter for reading: a field a line, an entry a line; who, to whom and what in one."""
    lines: list[str] = []
    for name, value in shortened(letter).items():
        if name == "entries":
            members = ",\n  ".join(json.dumps(member) for member in value)
            lines.append(f' "entries": [\n  {members}]')
        elif name in {"sender", "start", "type"}:
            lines[-1] += f', "{name}": {json.dumps(value)}'
        else:
            lines.append(f' "{name}": {json.dumps(value)}')
    return "{" + ",\n".join(lines)[1:] + "}"


def block(message: Message, found: Kept) -> str:
    """Print a message: its letter, and what its envelope comes to."""
    told = described(message, found)
    return (
        f"```json\n{pretty(message.letter)}\n```\n"
        f"Binding `{told['binding']}`; {told['size_bytes']:,} bytes, SHA-256 `{told['sha256'][:16]}...`"
    )


def rendered(page: str) -> str:
    """Put the examples into the page, between their marks."""
    found = kept()
    return with_examples(page, {each.name: block(each, found) for each in messages(found)})


def main() -> None:
    """Write the vectors, and the examples into the page."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_bytes(made())
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
