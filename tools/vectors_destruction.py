# SPDX-License-Identifier: Apache-2.0
"""
Makes ``vectors/destruction/`` and the example of a certificate in ``docs/spec/withdrawal.md``.

Run as ``.venv/bin/python -m tools.vectors_destruction`` in the root of the repository. Running it again
changes nothing. Nothing is taken from ``legation`` itself. A vector that is published stays as it is; what
is new gets a new name.
"""

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.item import naive
from tests.item.handmade import Json, b64, key_id, public_key, seed
from tools import vectors_withdrawal
from tools.vectors_item import AUTHORS, keys

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "vectors" / "destruction"
PAGE = ROOT / "docs" / "spec" / "withdrawal.md"

FORMAT = "legation/destruction/v1"
TIME = 1_656_072_000  # 2022-06-24, 12:00 UTC
EXPECTED = {0: "verifies", 1: "malformed", 2: "signature", 3: "signature"}
OPENING, CLOSING = "<!-- example: destruction -->", "<!-- /example: destruction -->"


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


def withdrawal() -> bytes:
    """The hash of the withdrawal in ``vectors/withdrawal/withdrawal.json``."""
    return sha256(naive.encode(vectors_withdrawal.withdrawal())).digest()


def certificate(
    *,
    by: str = "KOR@NATO item",
    domain: bytes = FORMAT.encode() + b"\n",
    signed: Json | None = None,
    **changes: str | int,
) -> Json:
    """Sign a certificate; *signed* says what is signed if it is not what it says."""
    said: Json = {
        "item": b64(vectors_withdrawal.item()),
        "office": "KOR@NATO",
        "time": TIME,
        "withdrawal": b64(withdrawal()),
    } | changes
    said = {name: value for name, value in said.items() if value != ""}
    key = seed(by)
    message = domain + naive.encode(said if signed is None else signed)
    signature = Ed25519PrivateKey.from_private_bytes(key).sign(message)
    return said | {"format": FORMAT, "signature": b64(signature), "signer": b64(key_id(public_key(key)))}


def vectors() -> list[Vector]:
    """Give all vectors, the good ones first."""
    found = list(_vectors())
    assert len({each.name for each in found}) == len(found)
    return found


def _vectors() -> Iterator[Vector]:
    good = certificate()
    data = naive.encode(good)
    yield Vector(name="destruction", data=data, what="in answer to withdrawal.json")
    plain = naive.encode(certificate(withdrawal=""))
    yield Vector(name="unasked", data=plain, what="in answer to nothing: nobody withdrew it")

    def misshapen(name: str, what: str, bent: bytes | Json) -> Vector:
        bytes_ = bent if isinstance(bent, bytes) else naive.encode(bent)
        return Vector(name=name, data=bytes_, what=what, step=1)

    yield misshapen("space", "a space after a colon", data.replace(b'":', b'": ', 1))
    yield misshapen("trailing-line-feed", "a line feed behind the end", data + b"\n")
    yield misshapen("truncated", "the last byte is missing", data[:-1])
    reordered = json.dumps(dict(sorted(good.items(), reverse=True)), separators=(",", ":")).encode()
    yield misshapen("key-order", "fields out of order", reordered)
    yield misshapen("format", "another format", good | {"format": "legation/destruction/v2"})
    yield misshapen("unknown-field", "a field more: a person", good | {"by": "registrar"})
    lacking = {name: value for name, value in good.items() if name != "office"}
    yield misshapen("office-missing", "no office", lacking)
    yield misshapen("office-none", "an office that is none", certificate(office="kor"))
    yield misshapen("item-short", "an item id of 31 bytes", good | {"item": b64(bytes(31))})
    yield misshapen("withdrawal-short", "a hash of 31 bytes", good | {"withdrawal": b64(bytes(31))})
    yield misshapen("withdrawal-empty", "an empty hash instead of none", good | {"withdrawal": ""})
    yield misshapen("time-negative", "a time before 1970", certificate(time=-1))
    yield misshapen("time-late", "a time after the year 9999", certificate(time=253_402_300_800))
    yield Vector(
        name="unknown-key",
        data=naive.encode(certificate(by="nobody")),
        what="signed with a key that nobody lists",
        step=2,
    )
    for office, name, state in AUTHORS[1:]:
        yield Vector(
            name=f"{state}-key",
            data=naive.encode(certificate(by=name, office=office)),
            what=f"signed with a key that a card lists as {state}",
            step=2,
        )
    another_office = naive.encode(certificate(office="NOR@EU"))
    yield Vector(name="another-office", data=another_office, what="in the name of another office", step=2)
    purpose = naive.encode(certificate(domain=b"legation/withdrawal/v1\n"))
    yield Vector(name="purpose", data=purpose, what="signed as a withdrawal", step=3)
    whole = {name: value for name, value in good.items() if name != "signature"}
    with_rest = naive.encode(certificate(signed=whole))
    yield Vector(name="signed-too-much", data=with_rest, what="format and signer are signed too", step=3)
    raw = b64decode(good["signature"])
    flipped = naive.encode(good | {"signature": b64(raw[:-1] + bytes([raw[-1] ^ 1]))})
    yield Vector(name="signature-changed", data=flipped, what="one bit of S", step=3)
    large = int.from_bytes(raw[32:], "little") + naive.ORDER
    malleable = naive.encode(good | {"signature": b64(raw[:32] + large.to_bytes(32, "little"))})
    what = "S plus the group order: another spelling of the signature"
    yield Vector(name="signature-malleable", data=malleable, what=what, step=3)
    another = naive.encode(good | {"item": b64(seed("an item that nobody has"))})
    yield Vector(name="another-item", data=another, what="the id of another item", step=3)
    earlier = naive.encode(good | {"time": TIME - 1})
    yield Vector(name="another-time", data=earlier, what="a second earlier", step=3)
    unanswered = naive.encode({name: value for name, value in good.items() if name != "withdrawal"})
    yield Vector(name="withdrawal-left-out", data=unanswered, what="without what it answers", step=3)


def described(vector: Vector) -> Json:
    """Describe a vector."""
    entry: Json = {"file": f"{vector.name}.json", "what": vector.what, "expect": vector.expect}
    return entry | ({"step": vector.step} if vector.step else {})


def files() -> dict[str, bytes]:
    """Give all files of the folder by name."""
    told = {
        "about": "Certificates of destruction and what a reader must make of each; see ../README.md and "
        "docs/spec/withdrawal.md.",
        "keys": keys(),
        "vectors": [described(each) for each in vectors()],
    }
    index = json.dumps(told, indent=2, ensure_ascii=False).encode() + b"\n"
    return {"index.json": index} | {f"{each.name}.json": each.data for each in vectors()}


def rendered(page: str) -> str:
    """Put the example into the page, between its markers."""
    shown = json.dumps(json.loads(vectors()[0].data), indent=2)
    former, latter = page.split(OPENING)
    latter = latter.split(CLOSING, 1)[1]
    return f"{former}{OPENING}\n```json\n{shown}\n```\n{CLOSING}{latter}"


def main() -> None:
    """Write the vectors, and the example into the page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in files().items():
        (FOLDER / name).write_bytes(data)
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
