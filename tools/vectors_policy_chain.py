# SPDX-License-Identifier: Apache-2.0
"""
Makes ``vectors/policy-chain.json`` and the example in ``docs/spec/policy-chain.md``.

Run as ``.venv/bin/python -m tools.vectors_policy_chain`` in the root of the repository. Running it again
changes nothing: keys and digests follow from names, and signatures of ML-DSA-44, which are randomised, are
kept as they first came. Nothing is taken from ``legation``: statements are written and signed by hand, so
that the vectors are a second opinion. A vector that is published stays as it is.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256, shake_256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "vectors" / "policy-chain.json"
PAGE = ROOT / "docs" / "spec" / "policy-chain.md"

AUTHORITY, STRANGER = "KOR/policy", "JPN/policy"
POLICY = "2.25.7007.1"
ED25519, MLDSA44 = b"\x01", b"\xfflegation/note/ml-dsa-44/v1"
COSIGNATURE = b"\x06"

Json = dict[str, Any]


def seed(name: str) -> bytes:
    """Give the private key of this name: the same in every run."""
    return shake_256(b"legation/example/v1\n" + name.encode("ascii")).digest(32)


def digest(name: str) -> str:
    """Give the digest of an invented file."""
    return sha256(name.encode("ascii")).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What is stated, line by line: anything at all."""

    version: str
    previous: str
    digest: str
    id: str = POLICY
    head: str = "legation/policy/v1"
    more: str = ""

    @property
    def text(self) -> str:
        """Give the text of the note."""
        lines = (self.head, self.id, self.version, self.previous, self.digest)
        return "".join(f"{line}\n" for line in lines) + self.more


FIRST = Statement(version="1", previous="none", digest=digest("policy 1"))
SECOND = Statement(version="2", previous=FIRST.digest, digest=digest("policy 2"))
FOURTH = Statement(version="4", previous=SECOND.digest, digest=digest("policy 4"))


@dataclass(frozen=True, kw_only=True)
class Hand:
    """Signs anything, and keeps what is randomised."""

    kept: dict[str, str]

    def line(
        self, kind: bytes, text: str, *, name: str = AUTHORITY, key: str = "", extra: bytes = b""
    ) -> str:
        """Give one line of a note."""
        key = key or name
        public, signature = self._signed(kind, text, key)
        told = sha256(name.encode() + b"\n" + kind + public).digest()[:4] + extra + signature
        return f"\N{EM DASH} {name} {b64encode(told).decode('ascii')}\n"

    def _signed(self, kind: bytes, text: str, key: str) -> tuple[bytes, bytes]:
        if kind == ED25519:
            private = Ed25519PrivateKey.from_private_bytes(seed(f"{key} ed25519"))
            return private.public_key().public_bytes_raw(), private.sign(text.encode())
        hedged = MLDSA44PrivateKey.from_seed_bytes(seed(f"{key} ml-dsa-44"))
        name = f"{key} on {sha256(text.encode()).hexdigest()[:16]}"
        if name not in self.kept:
            self.kept[name] = b64encode(hedged.sign(text.encode())).decode("ascii")
        return hedged.public_key().public_bytes_raw(), b64decode(self.kept[name])

    def note(self, told: Statement, *, name: str = AUTHORITY, key: str = "") -> str:
        """Give a statement as it is to be signed."""
        lines = [self.line(kind, told.text, name=name, key=key) for kind in (ED25519, MLDSA44)]
        return f"{told.text}\n{''.join(lines)}"


def good(hand: Hand) -> Iterator[Json]:
    """Give a chain of three versions, of which one number is left out."""
    for told in (FIRST, SECOND, FOURTH):
        yield {
            "version": int(told.version),
            "previous": None if told.previous == "none" else told.previous,
            "digest": told.digest,
            "note": hand.note(told),
        }


def bad_texts() -> Iterator[tuple[str, Statement]]:
    """Give statements that are none, though they are signed."""
    yield "version-with-a-zero", replace(SECOND, version="02")
    yield "version-signed", replace(SECOND, version="+2")
    yield "version-too-long", replace(SECOND, version="1" * 16)
    yield "digest-in-capitals", replace(SECOND, digest=SECOND.digest.upper())
    yield "digest-short", replace(SECOND, digest=SECOND.digest[:-2])
    yield "previous-empty", replace(SECOND, previous="")
    yield "previous-itself", replace(SECOND, previous=SECOND.digest)
    yield "identifier-is-a-name", replace(SECOND, id="EXERCISE")
    yield "identifier-with-a-zero", replace(SECOND, id="2.25.07007.1")
    yield "identifier-with-an-arc-too-large", replace(SECOND, id="1.99.7007.1")
    yield "line-more", replace(SECOND, more="\n")
    yield "another-purpose", replace(SECOND, head="legation/policy/v2")


def bad_notes(hand: Hand) -> Iterator[tuple[str, str, str]]:
    """Give notes that are refused: a name, what the reader must find, and the bytes."""
    for name, told in bad_texts():
        yield name, "malformed", hand.note(told)
    text = SECOND.text
    one, other = hand.line(ED25519, text), hand.line(MLDSA44, text)
    yield "one-line", "malformed", f"{text}\n{one}"
    strange = hand.line(ED25519, text, name=f"KOR/\a{AUTHORITY[4:]}", key=AUTHORITY)
    yield "control-character-in-a-name", "malformed", f"{text}\n{strange}{other}"
    yield "other-line-alone", "malformed", f"{text}\n{other}"
    yield "three-lines", "malformed", f"{text}\n{one}{other}{one}"
    yield "lines-exchanged", "malformed", f"{text}\n{other}{one}"
    yield "with-a-time", "malformed", f"{text}\n{one}{hand.line(COSIGNATURE, text, extra=bytes(8))}"
    yield "type-of-a-checkpoint", "signature", f"{text}\n{one}{hand.line(COSIGNATURE, text)}"
    yield "another-authority", "signature", hand.note(SECOND, name=STRANGER)
    yield "another-key", "signature", hand.note(SECOND, key=STRANGER)
    yield "one-of-another", "signature", f"{text}\n{one}{hand.line(MLDSA44, text, key=STRANGER)}"
    changed = replace(SECOND, digest=digest("policy 3")).text
    yield "text-changed", "signature", f"{changed}\n{one}{other}"
    yield "text-changed-for-one", "signature", f"{changed}\n{hand.line(ED25519, changed)}{other}"


def broken(hand: Hand) -> Iterator[Json]:
    """Give statements that verify and cannot be the next after version 2."""
    third = Statement(version="3", previous=SECOND.digest, digest=digest("policy 3"))
    for name, expect, told in (
        ("two-second-versions", "equivocation", replace(SECOND, digest=digest("another 2"))),
        ("two-after-one", "equivocation", replace(third, previous=FIRST.digest)),
        ("two-first-versions", "equivocation", replace(third, previous="none")),
        ("version-falls", "refused", replace(third, version="0", previous=digest("unknown"))),
        ("unknown-predecessor", "proof", replace(third, previous=digest("unknown"))),
        ("another-policy", "refused", replace(third, id="2.25.7007.2")),
    ):
        yield {"name": name, "expect": expect, "note": hand.note(told)}


def hand_of_the_file() -> Hand:
    """Take what is kept from the file, if there is one."""
    values = json.loads(FILE.read_bytes())["kept"] if FILE.exists() else {}
    return Hand(kept=dict(values))


def made() -> bytes:
    """Give the file."""
    hand = hand_of_the_file()
    names = [f"{each} {kind}" for each in (AUTHORITY, STRANGER) for kind in ("ed25519", "ml-dsa-44")]
    told = {
        "about": "The statements on three versions of one policy, and what must be refused; "
        "see docs/spec/policy-chain.md.",
        "provenance": "Legation's own, Apache-2.0. Seeds are SHAKE256('legation/example/v1\\n' + name); "
        "signatures of ML-DSA-44 stand under `kept` as they came. Policies and digests are invented.",
        "authority": AUTHORITY,
        "policy": POLICY,
        "seeds": {name: seed(name).hex() for name in names},
        "chain": list(good(hand)),
        "refused": [{"name": name, "expect": expect, "note": note} for name, expect, note in bad_notes(hand)],
        "not_next": list(broken(hand)),
        "kept": hand.kept,
    }
    return json.dumps(told, indent=2, ensure_ascii=False).encode() + b"\n"


def rendered(page: str) -> str:
    """Put the example into the page: the statement on version 2, its lines cut."""
    lines = json.loads(made())["chain"][1]["note"].splitlines()
    shown = "\n".join(line if len(line) < 100 else f"{line[:76]}..." for line in lines)
    former, _, latter = page.partition("<!-- example -->\n")
    return f"{former}<!-- example -->\n```text\n{shown}\n```\n<!-- /example -->{latter.partition('<!-- /example -->')[2]}"


def main() -> None:
    """Write the vectors, and the example into the page."""
    FILE.write_bytes(made())
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
