# SPDX-License-Identifier: Apache-2.0
"""
Makes ``vectors/incarnation/incarnation.json`` and the examples in ``docs/spec/incarnation.md``.

Run as ``.venv/bin/python -m tools.vectors_incarnation`` in the root of the repository. Running it again changes
nothing, as with ``tools.vectors_exchange``: letters, leaves and roots are put together by hand and not by
``legation.exchange``, so that the vectors are a second opinion. The stream that is left is that of
``tools.vectors_exchange``.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from legation.log import Checkpoint, cosign, key_name, sign_checkpoint, stream_origin
from tests.exchange.made import RECEIVER, SENDER, b64, naive_root, signers
from tests.keys.office import canonical, opener, seed
from tools.examples import with_examples
from tools.vectors_exchange import Json, Kept, binding, pretty

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "vectors" / "incarnation" / "incarnation.json"
PAGE = ROOT / "docs" / "spec" / "incarnation.md"
RECEIPT_TIME = 1_790_000_600

OLD, NEW, OTHER = (seed(f"{name} incarnation", 16) for name in ("left", "present", "unknown"))
HEADERS: list[Json] = [
    {
        "kind": "view" if number else "start",
        "number": number,
        "payload_hash": b64(seed(f"payload {number}")),
        "payload_size_bytes": 1_100 + number,
    }
    for number in range(4)
]
LEAVES = [sha256(b"\0" + canonical(each)).digest() for each in HEADERS]
"""The stream that is left, as JPN@NATO holds it; KOR@NATO has the first two entries."""


def lost(number: int) -> Json:
    """Give what JPN@NATO says of an entry that KOR@NATO has lost."""
    entry = {"type": "carried", "header": HEADERS[number]}
    return {"entry": entry, "item": b64(seed(f"item {number}"))}


def predecessor(incarnation: bytes, size: int, root: bytes | None = None) -> Json:
    """Give what a start says of an incarnation before it."""
    return {
        "incarnation": b64(incarnation),
        "size": size,
        "root": b64(naive_root(LEAVES[:size]) if root is None else root),
    }


def start(*predecessors: Json) -> bytes:
    """Give the payload of a start."""
    return canonical({"predecessors": list(predecessors)} if predecessors else {})


def header(payload: bytes) -> Json:
    """Give the header of entry 0."""
    return {
        "kind": "start",
        "number": 0,
        "payload_hash": b64(sha256(payload).digest()),
        "payload_size_bytes": len(payload),
    }


def leaf(payload: bytes) -> bytes:
    """Give the leaf of entry 0."""
    return sha256(b"\0" + canonical(header(payload))).digest()


def checkpoint(kept: Kept, incarnation: bytes, size: int, root: bytes) -> bytes:
    """Sign a checkpoint of KOR@NATO."""
    made = Checkpoint(
        origin=stream_origin(SENDER, RECEIVER, incarnation),
        size=size,
        root=naive_root([]) if size == 0 else root,  # type: ignore[arg-type]
    )
    return kept.get(
        f"checkpoint {incarnation.hex()} {size}",
        lambda: sign_checkpoint(made, name=key_name(SENDER), signers=signers(SENDER)),
    )


def receipt(kept: Kept) -> bytes:
    """Give the receipt of JPN@NATO over all that it holds of the stream that is left."""
    signed = checkpoint(kept, OLD, len(LEAVES), naive_root(LEAVES))
    return kept.get(
        "receipt",
        lambda: cosign(signed, name=key_name(RECEIVER), signers=signers(RECEIVER), time=RECEIPT_TIME),
    )


@dataclass(frozen=True, kw_only=True)
class Example:
    """A letter, or the payload in it."""

    name: str
    what: str
    value: Json

    @property
    def is_letter(self) -> bool:
        """Whether it is a letter."""
        return "type" in self.value


def examples(kept: Kept) -> list[Example]:
    """Give what is said after KOR@NATO was put back from a backup."""
    payload = start(predecessor(OLD, 2))
    key = opener("answer key incarnation").public_key
    return [
        Example(name="start", what="what the start of KOR@NATO names", value=json.loads(payload)),
        Example(
            name="answer",
            what="KOR@NATO answers a pull from the stream that it left",
            value={
                "type": "answer",
                "sender": SENDER,
                "receiver": RECEIVER,
                "nonce": b64(seed("incarnation answer nonce", 16)),
                "pull": b64(seed("incarnation pull")),
                "incarnation": b64(NEW),
                "start": 0,
                "entries": [{"type": "carried", "header": header(payload)}],
                "checkpoint": b64(checkpoint(kept, NEW, 1, leaf(payload))),
            },
        ),
        Example(
            name="pull",
            what="JPN@NATO holds that start, and four entries of the stream that was left: two were lost",
            value={
                "type": "pull",
                "sender": RECEIVER,
                "receiver": SENDER,
                "nonce": b64(seed("incarnation pull nonce", 16)),
                "answer_key": {"algorithm": key.algorithm, "key": b64(key.key)},
                "position": {"incarnation": b64(NEW), "size": 1, "root": b64(leaf(payload))},
                "old": [predecessor(OLD, 4) | {"receipt": b64(receipt(kept)), "lost": [lost(2), lost(3)]}],
            },
        ),
    ]


def following() -> Iterator[Json]:
    """Give starts of another incarnation, and what becomes of them where the first four entries are held."""

    def case(what: str, outcome: str, *named: Json, incarnation: bytes = NEW, held: int = 4) -> Json:
        return {
            "what": what,
            "held": {"incarnation": OLD.hex(), "leaves": [each.hex() for each in LEAVES[:held]]},
            "incarnation": incarnation.hex(),
            "start": start(*named).decode("ascii"),
            "outcome": outcome,
        }

    yield case("it names what is held, as far as the sender has it", "taken", predecessor(OLD, 2))
    yield case("it names all that is held", "taken", predecessor(OLD, 4))
    yield case("it names more than is held", "taken", predecessor(OLD, 4), held=2)
    yield case("it names what is held and nothing of it", "taken", predecessor(OLD, 0))
    yield case("it names what is held among others", "taken", predecessor(OTHER, 3), predecessor(OLD, 1))
    yield case("it names nothing", "refused")
    yield case("it names another one", "refused", predecessor(OTHER, 2))
    yield case("it names itself", "refused", predecessor(OLD, 2), predecessor(NEW, 1))
    yield case("it names another root of what is held", "two histories", predecessor(OLD, 2, bytes(32)))
    yield case("it names another root of all that is held", "two histories", predecessor(OLD, 4, bytes(32)))


def standings() -> Iterator[Json]:
    """Give positions against a present stream of four entries, and what they are to it."""

    def case(what: str, standing: str, position: Json | None, **told: Any) -> Json:
        stream = {"signed_size": 4, "receipt_size": 0, "challenge_holds": False} | told
        return {"what": what, "position": position, **stream, "standing": standing}

    def at(size: int, *, incarnation: bytes = NEW, root: bytes | None = None) -> Json:
        return predecessor(incarnation, size, root)

    beyond = at(9, root=bytes(32))
    yield case("an incarnation that was left", "left", at(2, incarnation=OLD))
    yield case(
        "the same, and the present one is receipted", "challenged", at(2, incarnation=OLD), receipt_size=1
    )
    told = {"receipt_size": 1, "challenge_holds": True}
    yield case("the same, with a challenge", "amnesia", at(2, incarnation=OLD), **told)
    yield case("an incarnation that is not known", "another", at(2, incarnation=OTHER))
    yield case("more than there is", "ahead", beyond)
    yield case("another root of what was signed", "forked", at(3, root=bytes(32)))
    yield case("another root of what was not signed", "ahead", at(3, root=bytes(32)), signed_size=2)
    yield case("the root of what was not signed", "follows", at(3), signed_size=2)


def spoilt(kept: Kept) -> Iterator[tuple[str, bytes]]:
    """Give pulls that are none, each with one defect."""
    pull = examples(kept)[-1].value
    [old] = pull["old"]

    def bent(what: str, **fields: Any) -> tuple[str, bytes]:
        return what, canonical({name: value for name, value in (pull | fields).items() if value is not ...})

    yield bent("nothing is held, and something was left for it", position=...)
    yield bent("what was left is the present one", old=[old | {"incarnation": b64(NEW)}])
    yield bent("one that was left is named twice", old=[old, old])
    many = [predecessor(seed(f"left {number}", 16), 1) for number in range(17)]
    yield bent("more than 16 were left", old=many)
    yield bent("nothing of it is held", old=[predecessor(OLD, 0)])
    yield bent("an empty receipt", old=[old | {"receipt": ""}])
    yield bent("a field that is not known", old=[old | {"number": 1}])
    bare = {name: value for name, value in old.items() if name != "receipt"}
    yield bent("what was lost is proven by no receipt", old=[bare])
    yield bent("entries that were lost have a gap", old=[old | {"lost": [lost(1), lost(3)]}])
    yield bent("more was lost than is held", old=[old | {"size": 3, "root": b64(naive_root(LEAVES[:3]))}])
    leaf_only = {"type": "taken-back", "number": 3, "leaf": b64(LEAVES[3])}
    yield bent(
        "what was taken back is of an item", old=[old | {"lost": [lost(2), lost(3) | {"entry": leaf_only}]}]
    )
    start_of = {"entry": {"type": "carried", "header": HEADERS[0]}, "item": b64(bytes(32))}
    yield bent("what is no view is of an item", old=[old | {"lost": [start_of]}])
    each = [
        {"entry": {"type": "taken-back", "number": number, "leaf": b64(bytes(32))}}
        for number in range(1, 130)
    ]
    yield bent("more than 128 were lost", old=[old | {"size": 200, "root": b64(bytes(32)), "lost": each}])


def kept() -> Kept:
    """Read what is kept from the file, if there is one."""
    values = json.loads(FILE.read_bytes())["kept"] if FILE.exists() else {}
    return Kept(values=dict(values))


def made() -> bytes:
    """Give the file."""
    found = kept()
    names = [
        f"{office} {key}" for office in (SENDER, RECEIVER) for key in ("stream ed25519", "stream ml-dsa-44")
    ]
    told = {
        "about": "Streams that begin anew: what is said, what follows, what a position is; see docs/spec/incarnation.md.",
        "provenance": "Legation's own, Apache-2.0. Seeds are SHAKE256('legation/example/v1\\n' + name); "
        "what is randomised stands under `kept` as it came.",
        "seeds": {name: seed(name).hex() for name in names},
        "letters": [
            {
                "name": each.name,
                "what": each.what,
                "letter": canonical(each.value).decode("ascii"),
                "binding": binding(each.value).hex(),
            }
            for each in examples(found)
            if each.is_letter
        ],
        "start": canonical(examples(found)[0].value).decode("ascii"),
        "following": list(following()),
        "stream": {"incarnation": NEW.hex(), "left": [OLD.hex()], "leaves": [each.hex() for each in LEAVES]},
        "standings": list(standings()),
        "malformed": [{"what": what, "letter": data.decode("ascii")} for what, data in spoilt(found)],
        "kept": found.values,
    }
    return json.dumps(told, indent=2).encode() + b"\n"


def rendered(page: str) -> str:
    """Put the examples into the page, between their marks."""
    blocks = {each.name: f"```json\n{pretty(each.value)}\n```" for each in examples(kept())}
    return with_examples(page, blocks)


def main() -> None:
    """Write the vectors, and the examples into the page."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_bytes(made())
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
