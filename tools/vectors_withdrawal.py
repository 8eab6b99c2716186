# SPDX-License-Identifier: Apache-2.0
"""
Makes ``vectors/withdrawal/`` and the example in ``docs/spec/withdrawal.md``.

Run as ``.venv/bin/python -m tools.vectors_withdrawal`` in the root of the repository. Running it again
changes nothing. Nothing is taken from ``legation`` itself. A vector that is published stays as it is; what
is new gets a new name.
"""

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.item import handmade, naive
from tests.item.handmade import Json, b64, key_id, public_key, seed
from tools.vectors_item import AUTHORS, TWO_LAYERS, keys

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "vectors" / "withdrawal"
PAGE = ROOT / "docs" / "spec" / "withdrawal.md"

FORMAT = "legation/withdrawal/v1"
EXPECTED = {0: "verifies", 1: "malformed", 2: "signature", 3: "signature"}


@dataclass(frozen=True, kw_only=True)
class Vector:
    """
    One file: its name, its bytes, and what is the matter with it.

    ``step`` is the step of the specification that refuses it; 0 if it verifies.
    """

    name: str
    data: bytes
    what: str
    step: int = 0

    @property
    def expect(self) -> str:
        """What a reader must make of it."""
        return EXPECTED[self.step]


def item() -> bytes:
    """The id of the item in ``vectors/item/two-layers.json``."""
    return naive.item_id(naive.parse(handmade.item(TWO_LAYERS)))


def withdrawal(
    *, of: bytes | None = None, by: str = "KOR@NATO item", domain: bytes = FORMAT.encode() + b"\n"
) -> Json:
    """Sign a withdrawal."""
    item_id = item() if of is None else of
    key = seed(by)
    signature = Ed25519PrivateKey.from_private_bytes(key).sign(domain + item_id)
    return {
        "author": b64(key_id(public_key(key))),
        "format": FORMAT,
        "item": b64(item_id),
        "signature": b64(signature),
    }


def vectors() -> list[Vector]:
    """Give all vectors, the good ones first."""
    found = list(_vectors())
    assert len({each.name for each in found}) == len(found)
    return found


def _vectors() -> Iterator[Vector]:
    good = withdrawal()
    data = naive.encode(good)
    yield Vector(name="withdrawal", data=data, what="the author of two-layers.json withdraws it")
    other = naive.encode(withdrawal(of=seed("an item that nobody has")))
    yield Vector(name="not-arrived", data=other, what="of an item that has not come: it holds when it comes")

    def misshapen(name: str, what: str, bent: bytes | Json) -> Vector:
        bytes_ = bent if isinstance(bent, bytes) else naive.encode(bent)
        return Vector(name=name, data=bytes_, what=what, step=1)

    yield misshapen("space", "a space after a colon", data.replace(b'":', b'": ', 1))
    yield misshapen("trailing-line-feed", "a line feed behind the end", data + b"\n")
    yield misshapen("truncated", "the last byte is missing", data[:-1])
    reordered = json.dumps(dict(reversed(good.items())), separators=(",", ":")).encode()
    yield misshapen("key-order", "fields out of order", reordered)
    yield misshapen("format", "another format", good | {"format": "legation/withdrawal/v2"})
    yield misshapen("unknown-field", "a field more: a reason", good | {"reason": "an error"})
    lacking = {name: value for name, value in good.items() if name != "author"}
    yield misshapen("author-missing", "no author", lacking)
    yield misshapen("item-short", "an item id of 31 bytes", good | {"item": b64(item()[:-1])})
    yield Vector(
        name="unknown-key",
        data=naive.encode(withdrawal(by="nobody")),
        what="signed with a key that nobody lists",
        step=2,
    )
    for _, name, state in AUTHORS[1:]:
        yield Vector(
            name=f"{state}-key",
            data=naive.encode(withdrawal(by=name)),
            what=f"signed with a key that a card lists as {state}",
            step=2,
        )
    purpose = naive.encode(withdrawal(domain=handmade.DOMAIN))
    yield Vector(name="purpose", data=purpose, what="signed as an item", step=3)
    raw = b64decode(good["signature"])
    flipped = naive.encode(good | {"signature": b64(raw[:-1] + bytes([raw[-1] ^ 1]))})
    yield Vector(name="signature-changed", data=flipped, what="one bit of S", step=3)
    large = int.from_bytes(raw[32:], "little") + naive.ORDER
    malleable = naive.encode(good | {"signature": b64(raw[:32] + large.to_bytes(32, "little"))})
    what = "S plus the group order: another spelling of the signature"
    yield Vector(name="signature-malleable", data=malleable, what=what, step=3)
    another = naive.encode(good | {"item": b64(seed("an item that nobody has"))})
    yield Vector(name="another-item", data=another, what="the id of another item", step=3)


def described(vector: Vector) -> Json:
    """Describe a vector."""
    entry: Json = {"file": f"{vector.name}.json", "what": vector.what, "expect": vector.expect}
    return entry | ({"step": vector.step} if vector.step else {})


def files() -> dict[str, bytes]:
    """Give all files of the folder by name."""
    found = vectors()
    told = {
        "about": "Withdrawals and what a reader must make of each; see ../README.md and docs/spec/withdrawal.md.",
        "keys": keys(),
        "vectors": [described(each) for each in found],
    }
    index = json.dumps(told, indent=2, ensure_ascii=False).encode() + b"\n"
    return {"index.json": index} | {f"{each.name}.json": each.data for each in found}


def rendered(page: str) -> str:
    """Put the example into the page, between its markers."""
    shown = json.dumps(json.loads(vectors()[0].data), indent=2)
    opening, closing = "<!-- example -->", "<!-- /example -->"
    former, latter = page.split(opening)
    latter = latter.split(closing, 1)[1]
    return f"{former}{opening}\n```json\n{shown}\n```\n{closing}{latter}"


def main() -> None:
    """Write the vectors, and the example into the page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in files().items():
        (FOLDER / name).write_bytes(data)
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
