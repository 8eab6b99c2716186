# SPDX-License-Identifier: Apache-2.0
"""
Makes ``vectors/push/push.json`` and the examples in ``docs/spec/push.md``.

Run as ``.venv/bin/python -m tools.vectors_push`` in the root of the repository. Running it again changes
nothing, as with ``tools.vectors_exchange``: letters and envelopes are put together by hand and not by
``legation.exchange``, so that the vectors are a second opinion. The stream is that of ``tools.vectors_bag``.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from legation.log import cosign, key_name
from tests.exchange.made import RECEIVER, SENDER, b64, by_hand, naive_root, seal_opener, signers
from tests.keys.office import canonical, opener, seed
from tools.examples import with_examples
from tools.vectors_bag import ATTACHED, INCARNATION, LEAVES, PAYLOADS, attached_root, carried, checkpoint
from tools.vectors_exchange import Json, Kept, KeptSealer, bend, binding, pretty

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "vectors" / "push" / "push.json"
PAGE = ROOT / "docs" / "spec" / "push.md"
RECEIPT_TIME = 1_790_000_600


@dataclass(frozen=True, kw_only=True)
class Message:
    """One envelope of the example."""

    name: str
    what: str
    letter: Json
    followed_by: tuple[bytes, ...] = ()

    @property
    def purpose(self) -> str:
        """``push`` or ``taken``."""
        return str(self.letter["type"])

    @property
    def opener_name(self) -> str:
        """The name that the seeds of the key that opens it begin with."""
        return f"{RECEIVER} seal" if self.purpose == "push" else f"answer key {self.name.split('-')[0]}"

    def written(self, kept: Kept) -> bytes:
        """Put the envelope together."""
        names = {name: self.letter[name] for name in ("sender", "receiver")}
        return by_hand(
            canonical(self.letter),
            b"".join(self.followed_by),
            front=names | {"purpose": self.purpose},
            signer=signers(names["sender"]).ed25519,
            to=seal_opener(RECEIVER) if self.purpose == "push" else opener(self.opener_name),
            sealer=KeptSealer(kept=kept, name=self.name),
            secret=seed(f"secret of {self.name}"),
        )


def receipt(kept: Kept, size: int) -> bytes:
    """Give the receipt of JPN@NATO over the first entries."""
    return kept.get(
        f"receipt {size}",
        lambda: cosign(
            checkpoint(kept, size), name=key_name(RECEIVER), signers=signers(RECEIVER), time=RECEIPT_TIME
        ),
    )


def push(name: str, start: int, **fields: Any) -> Json:
    """Give a push of KOR@NATO."""
    key = opener(f"answer key {name}").public_key
    return {
        "type": "push",
        "sender": SENDER,
        "receiver": RECEIVER,
        "nonce": b64(seed(f"push {name} nonce", 16)),
        "answer_key": {"algorithm": key.algorithm, "key": b64(key.key)},
        "challenge": b64(seed(f"push {name} challenge", 16)),
        "incarnation": b64(INCARNATION),
        "start": start,
    } | fields


def taken(name: str, pushed: Json, size: int, kept: Kept) -> Json:
    """Give the answer of JPN@NATO, which holds so many entries then."""
    return {
        "type": "taken",
        "sender": RECEIVER,
        "receiver": SENDER,
        "nonce": b64(seed(f"taken {name} nonce", 16)),
        "push": b64(binding(pushed)),
        "challenge": pushed["challenge"],
        "position": {"incarnation": b64(INCARNATION), "size": size, "root": b64(naive_root(LEAVES[:size]))},
        "receipt": b64(receipt(kept, size)),
    }


def messages(kept: Kept) -> list[Message]:
    """Give the envelopes of the example: a push that hands over, one that hands over nothing, and their answers."""
    enclosed = [{"number": 1, "root": b64(attached_root(ATTACHED)), "size": len(ATTACHED)}]
    first = push("first", 0, entries=carried(0, 1), checkpoint=b64(checkpoint(kept, 2)), enclosed=enclosed)
    idle = push("idle", 2)
    return [
        Message(
            name="first-push",
            what="KOR@NATO brings the start, a view, and the file that is attached to it",
            letter=first,
            followed_by=(PAYLOADS[0][1], PAYLOADS[1][1], ATTACHED),
        ),
        Message(
            name="first-taken",
            what="JPN@NATO holds both and has receipted them",
            letter=taken("first", first, 2, kept),
        ),
        Message(
            name="idle-push", what="KOR@NATO has nothing new, and asks where JPN@NATO stands", letter=idle
        ),
        Message(
            name="idle-taken", what="JPN@NATO stands where it stood", letter=taken("idle", idle, 2, kept)
        ),
    ]


def spoilt(kept: Kept) -> Iterator[tuple[str, str, bytes]]:
    """Give letters that are none, each with one defect: what it is, its purpose, its bytes."""
    first, took, idle, _ = (message.letter for message in messages(kept))

    def bent(what: str, letter: Json, **fields: Any) -> tuple[str, str, bytes]:
        left = {name: value for name, value in (letter | fields).items() if value is not ...}
        return what, str(letter["type"]), canonical(left)

    yield bent("a field that is not known", first, number=1)
    yield bent("a default that is written", first, protocol=1)
    yield bent("a later version of the protocol", first, protocol=2)
    yield bent("no challenge", first, challenge=...)
    yield bent("a challenge of 15 bytes", first, challenge=b64(bytes(15)))
    yield bent("no answer key", first, answer_key=...)
    yield bent("an office that writes to itself", first, receiver=SENDER)
    yield bent("entries without a checkpoint", first, checkpoint=...)
    yield bent("a checkpoint without entries", idle, checkpoint=b64(checkpoint(kept, 2)))
    yield bent("entries that are not numbered on from the start", first, start=1)
    start, view = first["entries"]
    long = bend(view, payload_size_bytes=67_117_059)
    yield bent("payloads longer than the longest alone", first, entries=[start, long])
    [file] = first["enclosed"]
    yield bent("a file twice", first, enclosed=[file, file])
    yield bent("a file of an entry that is not there", first, enclosed=[file | {"number": 7}])
    many = [file | {"size": size} for size in range(1, 258)]
    yield bent("more than 256 files", first, enclosed=many)
    yield bent("an answer without the challenge", took, challenge=...)
    yield bent("an answer to no push", took, push=...)
    yield bent("an answer with entries", took, entries=first["entries"])
    nowhere = took["position"] | {"size": 0}
    yield bent("a position of nothing with a root of something", took, position=nowhere)


def kept() -> Kept:
    """Read what is kept from the file, if there is one."""
    values = json.loads(FILE.read_bytes())["kept"] if FILE.exists() else {}
    return Kept(values=dict(values))


def described(message: Message, found: Kept) -> Json:
    """Describe an envelope so that it can be read, and written again."""
    data = message.written(found)
    return {
        "name": message.name,
        "what": message.what,
        "purpose": message.purpose,
        "opener": message.opener_name,
        "letter": canonical(message.letter).decode("ascii"),
        "binding": binding(message.letter).hex(),
        "followed_by": [b64(each) for each in message.followed_by],
        "secret": seed(f"secret of {message.name}").hex(),
        "size_bytes": len(data),
        "sha256": sha256(data).hexdigest(),
    }


def seeds() -> Json:
    """Give the private keys by name."""
    names = [
        f"{office} {key}" for office in (SENDER, RECEIVER) for key in ("stream ed25519", "stream ml-dsa-44")
    ]
    openers = [f"{RECEIVER} seal", *(f"answer key {name}" for name in ("first", "idle"))]
    return {name: seed(name).hex() for name in [*names, *(f"{name} x25519" for name in openers)]} | {
        f"{name} ml-kem-768": seed(f"{name} ml-kem-768", 64).hex() for name in openers
    }


def made() -> bytes:
    """Give the file."""
    found = kept()
    told = {
        "about": "Two pushes and their answers, and letters that are none; see docs/spec/push.md.",
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
