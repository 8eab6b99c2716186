# SPDX-License-Identifier: Apache-2.0
"""
Makes ``vectors/entries.json`` and the examples in ``docs/spec/entries.md``.

Run as ``.venv/bin/python -m tools.vectors_entries`` in the root of the repository. Running it again changes nothing.
Nothing is taken from ``legation`` itself: parts are joined by hand, cards are those of ``vectors/card/``, and statements
are signed as for ``vectors/policy-chain.json``. A vector that is published stays as it is; what is new gets a new name.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.cli.toy import TOY
from tools.vectors_policy_chain import AUTHORITY, Hand, Statement, digest

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "vectors" / "entries.json"
PAGE = ROOT / "docs" / "spec" / "entries.md"
CARDS = ROOT / "vectors" / "card" / "kor-nato.json"

TOY_ID = "2.25.7007"

Json = dict[str, Any]


def part(data: bytes) -> bytes:
    """Put the length before a part."""
    return len(data).to_bytes(4, "big") + data


def cards() -> tuple[bytes, bytes]:
    """Give the two cards of KOR@NATO."""
    one, two = (each["card"].encode() for each in json.loads(CARDS.read_bytes())["cards"])
    return one, two


def vector(name: str, expect: str, payload: bytes) -> Json:
    """Give one payload, and what a reader makes of it."""
    return {
        "name": name,
        "expect": expect,
        "sha256": sha256(payload).hexdigest(),
        "payload": b64encode(payload).decode("ascii"),
    }


def keys() -> Iterator[Json]:
    """Give payloads of ``key`` on the stream of KOR@NATO, of which the first card is pinned."""
    first, second = cards()
    good = part(second)
    yield vector("the-next-card", "taken", good)
    yield vector("a-card-that-is-known-before-it", "taken", part(first) + good)
    yield vector("the-pinned-card-again", "nothing new", part(first))
    yield vector("nothing", "malformed", b"")
    yield vector("a-length-alone", "malformed", good[:4])
    yield vector("a-byte-missing", "malformed", good[:-1])
    yield vector("a-byte-more", "malformed", good + b"\x00")
    yield vector("an-empty-part", "malformed", good + part(b""))
    yield vector("too-many-parts", "malformed", part(b"{}") * 65)
    yield vector("no-card", "malformed", part(b"{}"))
    yield vector("a-space-in-a-card", "malformed", part(second.replace(b'":', b'": ', 1)))
    yield vector("cards-in-the-wrong-order", "malformed", good + part(first))
    yield vector("a-card-twice", "malformed", good + good)
    yield vector("another-time-than-was-signed", "signature", part(_later(second)))


def _later(card: bytes) -> bytes:
    told = json.loads(card)
    told["body"]["time"] += 1
    return json.dumps(told, separators=(",", ":"), sort_keys=True).encode()


def offers(hand: Hand) -> Iterator[Json]:
    """Give payloads of ``policy``."""
    told = sha256(TOY).hexdigest()
    on_it = Statement(id=TOY_ID, version="1", previous="none", digest=told)
    note = hand.note(on_it).encode()
    yield vector("a-file-alone", "listed", part(TOY))
    yield vector("a-file-and-its-statement", "listed", part(TOY) + part(note))
    before = Statement(id=TOY_ID, version="0", previous="none", digest=digest("toy 0"))
    after = Statement(id=TOY_ID, version="1", previous=before.digest, digest=told)
    both = part(hand.note(after).encode()) + part(hand.note(before).encode())
    yield vector("with-the-statement-on-the-version-before", "listed", part(TOY) + both)
    yield vector("nothing", "malformed", b"")
    yield vector("a-statement-alone", "malformed", part(note))
    yield vector("an-empty-statement", "malformed", part(TOY) + part(b""))
    yield vector("too-many-statements", "malformed", part(TOY) + part(note) * 17)
    yield vector("no-policy", "malformed", part(b"<SPIF/>"))
    yield vector("another-file-than-is-stated", "malformed", part(TOY.replace(b"HIGH", b"HUGE")) + part(note))
    other = Statement(id=TOY_ID, version="2", previous="none", digest=told)
    yield vector("another-version-than-is-stated", "malformed", part(TOY) + part(hand.note(other).encode()))
    swapped = part(hand.note(before).encode()) + part(hand.note(after).encode())
    yield vector("statements-in-the-wrong-order", "malformed", part(TOY) + swapped)
    falling = part(
        hand.note(Statement(id=TOY_ID, version="2", previous="none", digest=before.digest)).encode()
    )
    falls = part(TOY) + part(hand.note(after).encode()) + falling
    yield vector("the-version-before-is-above", "malformed", falls)
    strange = part(hand.note(after).encode()) + part(hand.note(before, name="JPN/policy").encode())
    yield vector("statements-of-two-authorities", "malformed", part(TOY) + strange)


def document(kept: dict[str, str]) -> Json:
    """Give the whole file."""
    hand = Hand(kept=kept)
    return {
        "about": "Payloads of `key` and `policy`, and what a reader makes of them; see docs/spec/entries.md.",
        "provenance": "Legation's own, Apache-2.0. The cards are those of card/kor-nato.json, the first is pinned; "
        "statements are by the keys of policy-chain.json; signatures of ML-DSA-44 stand under `kept` as they came.",
        "authority": AUTHORITY,
        "key": list(keys()),
        "policy": list(offers(hand)),
        "kept": kept,
    }


def examples() -> Iterator[tuple[str, str]]:
    """Give the examples of the page, by name."""
    _, second = cards()
    key = part(second)
    policy = part(TOY)
    for name, payload, what in (
        ("key", key, second[:60]),
        ("policy", policy, TOY[:60]),
    ):
        shown = what.decode("ascii").splitlines()[0]
        told = f"{len(payload):,} bytes, SHA-256 `{sha256(payload).hexdigest()}`"
        yield name, f"```text\n{payload[:4].hex()}  {shown}...\n```\n{told}"


def page(text: str) -> str:
    """Give the page with its examples as they are."""
    for name, drawn in examples():
        begin, end = f"<!-- example: {name} -->\n", "\n<!-- /example -->"
        head, rest = text.split(begin)
        text = head + begin + drawn + end + rest.split(end, 1)[1]
    return text


def main() -> None:
    """Write both."""
    kept = json.loads(FILE.read_bytes())["kept"] if FILE.exists() else {}
    FILE.write_text(json.dumps(document(kept), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
