# SPDX-License-Identifier: Apache-2.0
"""
Makes ``vectors/proof.json``: a receipt for one copy as a file, the cards to verify it, and what is none.

Run as ``.venv/bin/python -m tools.vectors_proof`` in the root of the repository. It is about the stream of
``vectors/exchange/exchange.json``, whose receipt it takes as it is. Hashes and the file are put together by hand,
by ``docs/spec/log.md``. What is randomised, the signatures of cards, is kept as it first came.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.exchange.made import RECEIVER, SENDER
from tests.keys.office import Keys, canonical
from tools import vectors_exchange
from tools.vectors_exchange import HEADERS, LEAVES, PAYLOADS, VIEW, view_payload

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "vectors" / "proof.json"
STRANGER = "AUS@NATO"

Json = dict[str, Any]


def b64(data: bytes) -> str:
    """Spell bytes as the format does."""
    return b64encode(data).decode("ascii")


def proof(
    note: bytes, index: int = 1, hashes: Sequence[bytes] = (LEAVES[0],), extra: bytes | None = None
) -> bytes:
    """Put a proof together; the one without changes is that of entry 1."""
    entry = canonical(HEADERS[1]) if extra is None else extra
    lines = ["c2sp.org/tlog-proof@v1", *([f"extra {b64(entry)}"] if entry else []), f"index {index}"]
    return "\n".join([*lines, *map(b64, hashes)]).encode() + b"\n\n" + note


def refused(note: bytes) -> Iterator[tuple[str, str, bytes, bytes | None]]:
    """Give what must be refused: a name, how, the proof, and the payload if one is shown."""
    yield "no-entry", "malformed", proof(note, extra=b""), None
    yield "no-note", "malformed", proof(b""), None
    yield "extra-spaced", "proof", proof(note, extra=canonical(HEADERS[1]).replace(b":", b": ", 1)), None
    yield "entry-of-another-number", "proof", proof(note, extra=canonical(HEADERS[0])), None
    yield "other-payload-size", "proof", proof(note, extra=bent(payload_size_bytes=1)), None
    yield "other-payload-hash", "proof", proof(note, extra=bent(payload_hash=b64(bytes(32)))), None
    yield "other-hash", "proof", proof(note, hashes=[LEAVES[1]]), None
    yield "hash-missing", "proof", proof(note, hashes=[]), None
    yield "hash-too-many", "proof", proof(note, hashes=[LEAVES[0], LEAVES[0]]), None
    yield "index-outside", "proof", proof(note, index=2), None
    yield "index-of-another", "proof", proof(note, index=0), None
    for number, whose in enumerate(("first", "second", "third", "fourth")):
        yield f"{whose}-line-altered", "signature", proof(with_line(note, number)), None
    yield "no-cosignature", "malformed", proof(note.rsplit(b"\n", 2)[0] + b"\n"), None
    yield "payload-altered", "proof", proof(note), PAYLOADS[1][1][:-1] + b" "
    yield "payload-is-the-view-alone", "proof", proof(note), VIEW
    yield "payload-with-another-slip", "proof", proof(note), view_payload({"addressee": STRANGER}, VIEW)
    yield "payload-of-a-start", "proof", proof(note, 0, [LEAVES[1]], canonical(HEADERS[0])), PAYLOADS[0][1]


def bent(**fields: Any) -> bytes:
    """Give the header of entry 1 with other fields."""
    return canonical(HEADERS[1] | fields)


def with_line(note: bytes, number: int) -> bytes:
    """Change the last byte of one signature."""
    *text, one, two, three, four, _ = note.decode().split("\n")
    lines = [one, two, three, four]
    head, encoded = lines[number].rsplit(" ", 1)
    raw = bytearray(b64decode(encoded))
    raw[-1] ^= 1
    lines[number] = f"{head} {b64(bytes(raw))}"
    return "\n".join([*text, *lines, ""]).encode()


def cards() -> Json:
    """Give the cards of the three offices, as they first came."""
    kept = json.loads(FILE.read_bytes())["cards"] if FILE.exists() else {}
    return {each: kept.get(each) or b64(Keys.of(each).card()) for each in (SENDER, RECEIVER, STRANGER)}


def made() -> bytes:
    """Give the file."""
    found = vectors_exchange.kept()
    note, checkpoint = vectors_exchange.receipt(found, 2), vectors_exchange.checkpoint(found, 2)
    told = {
        "about": "The receipt of JPN@NATO for one copy, as a file, and what proves nothing; see docs/spec/log.md.",
        "provenance": "Legation's own, Apache-2.0, made by tools/vectors_proof.py. The stream is that of exchange.json; "
        "`extra` and `payload` are in base64, a hash in hexadecimal.",
        "cards": cards(),
        "proof": proof(note).decode(),
        "by_checkpoint": proof(checkpoint).decode(),
        "payload": b64(PAYLOADS[1][1]),
        "entry": HEADERS[1],
        "leaf": LEAVES[1].hex(),
        "time": vectors_exchange.RECEIPT_TIME,
        "item": sha256(canonical(json.loads(VIEW)["header"])).hexdigest(),
        "refused": {
            name: {"expect": expect, "proof": data.decode()}
            | ({} if payload is None else {"payload": b64(payload)})
            for name, expect, data, payload in refused(note)
        },
    }
    return json.dumps(told, indent=2, ensure_ascii=False).encode() + b"\n"


if __name__ == "__main__":
    FILE.write_bytes(made())
