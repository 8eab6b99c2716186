# SPDX-License-Identifier: Apache-2.0
"""
Checkpoints and receipts by hand: a second signer and a second reader, by ``docs/spec/log.md`` alone.

Nothing here is imported from ``legation``. The signer checks nothing: what comes out is what a peer could
sign who runs another program, or a malicious one.

Run as a program, it writes the vectors anew: ``PYTHONPATH=. python -m tests.log.handmade``. Signatures of
ML-DSA-44 are another each time, so what is published is kept, and the test compares all but these.
"""

import hashlib
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

VECTOR = Path(__file__).parents[2] / "vectors" / "log.json"

ED25519, ED25519_COSIGNATURE, MLDSA44 = b"\x01", b"\x04", b"\x06"


def seed(name: str, size: int = 32) -> bytes:
    """Give the bytes of this name: the same in every run."""
    return hashlib.shake_256(b"legation/example/v1\n" + name.encode("ascii")).digest(size)


def b64(data: bytes) -> str:
    """Spell bytes as the format does."""
    return b64encode(data).decode("ascii")


def loose(encoded: str) -> str:
    """Spell the same bytes otherwise: with a bit set that no byte of them has."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    core = encoded.rstrip("=")
    assert core != encoded, "without padding there are no loose bits"
    return core[:-1] + alphabet[alphabet.index(core[-1]) + 1] + encoded[len(core) :]


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, as it is written there."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + tree_root(leaves[:split]) + tree_root(leaves[split:])).digest()


@dataclass(frozen=True, kw_only=True)
class Head:
    """What a checkpoint says; ``extra`` are lines that it must not have."""

    origin: str
    size: int
    root: bytes
    extra: str = ""

    @property
    def text(self) -> str:
        """The text of the note."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n{self.extra}"


def key_hash(name: str, kind: bytes, key: bytes) -> bytes:
    """SHA-256(name || 0x0A || kind || key)[:4]."""
    return hashlib.sha256(name.encode() + b"\n" + kind + key).digest()[:4]


def line(name: str, kind: bytes, key: bytes, signature: bytes) -> str:
    """One line of a note."""
    return f"\N{EM DASH} {name} {b64(key_hash(name, kind, key) + signature)}\n"


def ed25519_told(head: Head, kind: bytes, time: int) -> bytes:
    """What Ed25519 signs: the text, and for a cosignature two lines before it."""
    before = f"cosignature/v1\ntime {time}\n" if kind == ED25519_COSIGNATURE else ""
    return (before + head.text).encode()


def mldsa44_told(head: Head, name: str, time: int, start: int = 0) -> bytes:
    """What ML-DSA-44 signs: the structure ``cosigned_message``."""
    label = b"subtree/v1\n\x00"
    assert len(label) == 12
    told = bytearray(label)
    for text in (name, None, head.origin):
        if text is None:
            told += time.to_bytes(8, "big")
        else:
            told += len(text.encode()).to_bytes(1, "big") + text.encode()
    for number in (start, head.size):
        told += number.to_bytes(8, "big")
    return bytes(told) + head.root


@dataclass(frozen=True)
class Hand:
    """An office that signs by hand."""

    office: str

    @property
    def name(self) -> str:
        """Its key name."""
        return f"{self.office}/stream"

    @cached_property
    def ed25519(self) -> Ed25519PrivateKey:
        """Its Ed25519 stream key."""
        return Ed25519PrivateKey.from_private_bytes(seed(f"{self.office} stream ed25519"))

    @cached_property
    def mldsa44(self) -> MLDSA44PrivateKey:
        """Its ML-DSA-44 stream key."""
        return MLDSA44PrivateKey.from_seed_bytes(seed(f"{self.office} stream ml-dsa-44"))

    @property
    def keys(self) -> tuple[bytes, bytes]:
        """Both public keys."""
        return self.ed25519.public_key().public_bytes_raw(), self.mldsa44.public_key().public_bytes_raw()

    def old_line(self, head: Head, *, name: str = "", kind: bytes = ED25519, time: int = 0) -> str:
        """The line of Ed25519: as a log (0x01), or as a cosigner (0x04)."""
        stamp = time.to_bytes(8, "big") if kind == ED25519_COSIGNATURE else b""
        signature = self.ed25519.sign(ed25519_told(head, kind, time))
        return line(name or self.name, kind, self.keys[0], stamp + signature)

    def new_line(self, head: Head, *, name: str = "", time: int = 0, start: int = 0) -> str:
        """The line of ML-DSA-44."""
        signature = self.mldsa44.sign(mldsa44_told(head, name or self.name, time, start))
        return line(name or self.name, MLDSA44, self.keys[1], time.to_bytes(8, "big") + signature)

    def lines(self, head: Head, *, time: int = 0) -> list[str]:
        """Both lines: as a log at time 0, as a cosigner at any other."""
        kind = ED25519_COSIGNATURE if time else ED25519
        return [self.old_line(head, kind=kind, time=time), self.new_line(head, time=time)]


def note(head: Head | str, *lines: str) -> bytes:
    """A signed note."""
    text = head if isinstance(head, str) else head.text
    return "".join([text, "\n", *lines]).encode()


# The example: three entries of a stream from one mission at NATO to another.
SENDER, RECEIVER, STRANGER = Hand("KOR@NATO"), Hand("JPN@NATO"), Hand("AUS@NATO")
INCARNATION = seed("KOR@NATO to JPN@NATO", 16)
ENTRIES = [f"entry {number}".encode("ascii") for number in range(3)]
LEAVES = [hashlib.sha256(b"\x00" + entry).digest() for entry in ENTRIES]
TIME = 1_790_000_123
HEAD = Head(
    origin=f"legation/stream/v1/{SENDER.office}/{RECEIVER.office}/{INCARNATION.hex()}",
    size=len(LEAVES),
    root=tree_root(LEAVES),
)
LOG_HEAD = replace(HEAD, origin=f"legation/log/v1/{SENDER.office}/{INCARNATION.hex()}")


def checkpoint(head: Head = HEAD) -> bytes:
    """A checkpoint as it must be."""
    return note(head, *SENDER.lines(head))


def receipt(head: Head = HEAD, time: int = TIME) -> bytes:
    """A receipt as it must be."""
    return note(head, *SENDER.lines(head), *RECEIVER.lines(head, time=time))


def _edited(head: Head, old: str, new: str) -> bytes:
    """A checkpoint whose Ed25519 line is over an edited text; ML-DSA-44 never saw the spelling."""
    text = head.text.replace(old, new, 1)
    assert text != head.text
    signature = SENDER.ed25519.sign(text.encode())
    return note(text, line(SENDER.name, ED25519, SENDER.keys[0], signature), SENDER.new_line(head))


def _spelled(data: bytes, place: int, spell: Callable[[str], str]) -> bytes:
    """A note with the base64 of one line written otherwise."""
    lines = data.decode().split("\n")
    before, encoded = lines[place].rsplit(" ", 1) if " " in lines[place] else ("", lines[place])
    lines[place] = f"{before} {spell(encoded)}" if before else spell(encoded)
    return "\n".join(lines).encode()


OTHER_SIZE = replace(HEAD, size=2, root=tree_root(LEAVES[:2]))
OTHER_ROOT = replace(HEAD, root=hashlib.sha256(b"another").digest())
BACK = replace(HEAD, origin=f"legation/stream/v1/JPN@NATO/KOR@NATO/{INCARNATION.hex()}")
NEW_LIFE = replace(HEAD, origin=HEAD.origin[:-32] + "0" * 32)


def bad_checkpoints() -> dict[str, tuple[str, bytes]]:
    """Checkpoints with one defect each, by name: what is expected, and the bytes."""
    old, new = SENDER.lines(HEAD)
    good = note(HEAD, old, new)
    impostor = Hand("AUS@NATO")
    as_sender = [impostor.old_line(HEAD, name=SENDER.name), impostor.new_line(HEAD, name=SENDER.name)]
    forged = [
        line(SENDER.name, ED25519, SENDER.keys[0], impostor.ed25519.sign(ed25519_told(HEAD, ED25519, 0))),
        line(
            SENDER.name,
            MLDSA44,
            SENDER.keys[1],
            bytes(8) + impostor.mldsa44.sign(mldsa44_told(HEAD, SENDER.name, 0)),
        ),
    ]
    bare = line(SENDER.name, MLDSA44, SENDER.keys[1], bytes(8) + SENDER.mldsa44.sign(HEAD.text.encode()))
    malformed = {
        "ed25519-only": note(HEAD, old),
        "ml-dsa-44-only": note(HEAD, new),
        "no-signature": note(HEAD),
        "lines-swapped": note(HEAD, new, old),
        "ed25519-twice": note(HEAD, old, old),
        "ml-dsa-44-twice": note(HEAD, new, new),
        "third-line": note(HEAD, old, new, STRANGER.old_line(HEAD)),
        "line-twice": note(HEAD, old, new, new),
        "first-line-as-cosignature": note(HEAD, SENDER.old_line(HEAD, kind=ED25519_COSIGNATURE), new),
        "time-in-a-checkpoint": note(HEAD, old, SENDER.new_line(HEAD, time=TIME)),
        "extension-line": checkpoint(replace(HEAD, extra="more\n")),
        "empty-extension-line": checkpoint(replace(HEAD, extra="\n")),
        "size-0": checkpoint(replace(HEAD, size=0, root=hashlib.sha256().digest())),
        "size-2-53": checkpoint(replace(HEAD, size=2**53)),
        "size-2-64": _edited(HEAD, "\n3\n", f"\n{2**64 + 3}\n"),
        "size-leading-zero": _edited(HEAD, "\n3\n", "\n03\n"),
        "size-plus": _edited(HEAD, "\n3\n", "\n+3\n"),
        "size-space": _edited(HEAD, "\n3\n", "\n3 \n"),
        "size-empty": _edited(HEAD, "\n3\n", "\n\n"),
        "size-another-digit": _edited(HEAD, "\n3\n", "\n٣\n"),
        "size-fraction": _edited(HEAD, "\n3\n", "\n3.0\n"),
        "size-missing": _edited(HEAD, "\n3\n", "\n"),
        "root-short": checkpoint(replace(HEAD, root=HEAD.root[:31])),
        "root-loose-bits": _edited(HEAD, b64(HEAD.root), loose(b64(HEAD.root))),
        "root-unpadded": _edited(HEAD, b64(HEAD.root), b64(HEAD.root)[:-1]),
        "root-hex": _edited(HEAD, b64(HEAD.root), HEAD.root.hex()),
        "origin-empty": _edited(HEAD, HEAD.origin, ""),
        "origin-of-another-kind": checkpoint(replace(HEAD, origin="example.com/log")),
        "carriage-return": _edited(HEAD, "\n3\n", "\r\n3\r\n"),
        "ed25519-loose-bits": _spelled(good, 4, loose),
        "ml-dsa-44-loose-bits": _spelled(good, 5, loose),
        "signature-unpadded": _spelled(good, 4, lambda found: found.rstrip("=")),
        "signature-url-safe": _spelled(good, 5, lambda found: found.replace("/", "_").replace("+", "-")),
        "signature-with-a-space": _spelled(good, 4, lambda found: f" {found}"),
        "signature-short": _spelled(good, 4, lambda found: b64(b64decode(found)[:-1])),
        "signature-long": _spelled(good, 4, lambda found: b64(b64decode(found) + b"\x00")),
        "hyphen": good.replace("\N{EM DASH}".encode(), b"-"),
        "no-empty-line": good.replace(b"\n\n", b"\n"),
        "no-line-feed-at-the-end": good[:-1],
        "one-line-feed-more": good + b"\n",
        "two-line-feeds-more": good + b"\n\n",
        "something-before": b" " + good,
        "byte-order-mark": b"\xef\xbb\xbf" + good,
        "not-utf-8": good.replace("\N{EM DASH}".encode(), b"\x97"),
        "empty": b"",
        "a-receipt": receipt(),
    }
    another = {
        "another-stream": checkpoint(BACK),
        "another-incarnation": checkpoint(NEW_LIFE),
        "own-log": checkpoint(LOG_HEAD),
    }
    signature = {
        "another-name": note(HEAD, *impostor.lines(HEAD)),
        "another-name-in-the-first-line": note(HEAD, SENDER.old_line(HEAD, name="KOR/stream"), new),
        "another-name-in-the-second-line": note(HEAD, old, SENDER.new_line(HEAD, name="KOR/stream")),
        "another-key-in-the-first-line": note(HEAD, as_sender[0], new),
        "another-key-in-the-second-line": note(HEAD, old, as_sender[1]),
        "another-key-with-our-hash-in-the-first-line": note(HEAD, forged[0], new),
        "another-key-with-our-hash-in-the-second-line": note(HEAD, old, forged[1]),
        "ed25519-over-another-size": note(HEAD, SENDER.old_line(OTHER_SIZE), new),
        "ed25519-over-another-root": note(HEAD, SENDER.old_line(OTHER_ROOT), new),
        "ed25519-over-another-origin": note(HEAD, SENDER.old_line(NEW_LIFE), new),
        "ml-dsa-44-over-another-size": note(HEAD, old, SENDER.new_line(OTHER_SIZE)),
        "ml-dsa-44-over-another-root": note(HEAD, old, SENDER.new_line(OTHER_ROOT)),
        "ml-dsa-44-over-another-origin": note(HEAD, old, SENDER.new_line(NEW_LIFE)),
        "ml-dsa-44-from-another-start": note(HEAD, old, SENDER.new_line(HEAD, start=1)),
        "ml-dsa-44-over-the-text": note(HEAD, old, bare),
        "ml-dsa-44-of-a-time-taken-out": note(HEAD, old, _without_time(SENDER.new_line(HEAD, time=TIME))),
    }
    return _table(malformed, another, signature)


def bad_receipts() -> dict[str, tuple[str, bytes]]:
    """Receipts with one defect each, by name: what is expected, and the bytes."""
    written, held = SENDER.lines(HEAD), RECEIVER.lines(HEAD, time=TIME)
    late = RECEIVER.lines(HEAD, time=TIME + 1)
    at_zero = [RECEIVER.old_line(HEAD, kind=ED25519_COSIGNATURE), RECEIVER.new_line(HEAD)]
    bare = line(
        RECEIVER.name, MLDSA44, RECEIVER.keys[1], bytes(8) + RECEIVER.mldsa44.sign(HEAD.text.encode())
    )
    malformed = {
        "times-differ": note(HEAD, *written, held[0], late[1]),
        "times-differ-the-other-way": note(HEAD, *written, late[0], held[1]),
        "time-0": note(HEAD, *written, *at_zero),
        "time-0-in-one-line": note(HEAD, *written, held[0], at_zero[1]),
        "time-after-9999": receipt(time=253_402_300_800),
        "time-2-64": receipt(time=2**64 - 1),
        "no-ed25519-cosignature": note(HEAD, *written, held[1]),
        "no-ml-dsa-44-cosignature": note(HEAD, *written, held[0]),
        "no-cosignature": note(HEAD, *written),
        "no-ed25519-line-of-the-sender": note(HEAD, written[1], *held),
        "no-ml-dsa-44-line-of-the-sender": note(HEAD, written[0], *held),
        "only-cosignatures": note(HEAD, *held),
        "cosignatures-swapped": note(HEAD, *written, *reversed(held)),
        "cosignatures-first": note(HEAD, *held, *written),
        "lines-by-turns": note(HEAD, written[0], held[0], written[1], held[1]),
        "signed-as-a-log": note(HEAD, *written, *RECEIVER.lines(HEAD)),
        "sender-signed-with-a-time": note(HEAD, *SENDER.lines(HEAD, time=TIME), *held),
        "ml-dsa-44-of-the-sender-with-a-time": note(
            HEAD, written[0], SENDER.new_line(HEAD, time=TIME), *held
        ),
        "a-witness-more": note(HEAD, *written, *held, *STRANGER.lines(HEAD, time=TIME)),
        "cosignature-twice": note(HEAD, *written, *held, held[1]),
        "extension-line": receipt(replace(HEAD, extra="more\n")),
        "cosignature-loose-bits": _spelled(note(HEAD, *written, *held), 6, loose),
        "no-line-feed-at-the-end": note(HEAD, *written, *held)[:-1],
    }
    another = {"another-stream": receipt(BACK), "another-incarnation": receipt(NEW_LIFE)}
    signature = {
        "by-a-stranger": note(HEAD, *written, *STRANGER.lines(HEAD, time=TIME)),
        "by-the-sender": note(HEAD, *written, *SENDER.lines(HEAD, time=TIME)),
        "of-a-checkpoint-by-a-stranger": note(HEAD, *STRANGER.lines(HEAD), *held),
        "ed25519-by-a-stranger": note(
            HEAD,
            *written,
            STRANGER.old_line(HEAD, name=RECEIVER.name, kind=ED25519_COSIGNATURE, time=TIME),
            held[1],
        ),
        "ml-dsa-44-by-a-stranger": note(
            HEAD, *written, held[0], STRANGER.new_line(HEAD, name=RECEIVER.name, time=TIME)
        ),
        "another-name": note(
            HEAD,
            *written,
            RECEIVER.old_line(HEAD, name="JPN/stream", kind=ED25519_COSIGNATURE, time=TIME),
            RECEIVER.new_line(HEAD, name="JPN/stream", time=TIME),
        ),
        "cosignatures-of-another-size": note(HEAD, *written, *RECEIVER.lines(OTHER_SIZE, time=TIME)),
        "cosignatures-of-another-root": note(HEAD, *written, *RECEIVER.lines(OTHER_ROOT, time=TIME)),
        "cosignatures-of-another-origin": note(HEAD, *written, *RECEIVER.lines(NEW_LIFE, time=TIME)),
        "ml-dsa-44-over-the-text": note(HEAD, *written, held[0], _restamped(bare, lambda _: TIME)),
        "sender-signed-another-size": note(HEAD, *SENDER.lines(OTHER_SIZE), *held),
        "time-moved": note(HEAD, *written, *(_moved(found) for found in held)),
    }
    return _table(malformed, another, signature)


def _table(
    malformed: dict[str, bytes], another: dict[str, bytes], signature: dict[str, bytes]
) -> dict[str, tuple[str, bytes]]:
    families = {"malformed": malformed, "origin": another, "signature": signature}
    found = {name: (what, data) for what, family in families.items() for name, data in family.items()}
    assert len(found) == sum(map(len, families.values())), "a name stands for one defect"
    return found


def _restamped(found: str, change: Callable[[int], int]) -> str:
    """A line whose time was changed after signing."""
    before, encoded = found[:-1].rsplit(" ", 1)
    data = b64decode(encoded)
    time = change(int.from_bytes(data[4:12], "big")).to_bytes(8, "big")
    return f"{before} {b64(data[:4] + time + data[12:])}\n"


def _moved(found: str) -> str:
    return _restamped(found, lambda time: time + 1)


def _without_time(found: str) -> str:
    return _restamped(found, lambda _: 0)


_FORM = re.compile(
    rb"(?P<text>(?P<origin>legation/[^\n]*)\n(?P<size>[1-9][0-9]*)\n(?P<root>[A-Za-z0-9+/]{43}=)\n)\n"
    rb"(?P<lines>(?:[^\n]+\n)+)"
)


def reads(data: bytes, writer: Hand, holder: Hand | None = None, origin: str = HEAD.origin) -> bool:
    """
    Whether a checkpoint (or, with a *holder*, a receipt) holds: a second reader.

    It parses no signature line. It says what each line must be, but for signature and time, and looks.
    """
    form = _FORM.fullmatch(data)
    if (
        form is None
        or form["origin"] != origin.encode()
        or b64(b64decode(form["root"])) != form["root"].decode()
    ):
        return False
    head = Head(origin=origin, size=int(form["size"]), root=b64decode(form["root"]))
    lines = form["lines"].decode(errors="replace").splitlines(keepends=True)
    wanted = [(writer, ED25519), (writer, MLDSA44)]
    wanted += [(holder, ED25519_COSIGNATURE), (holder, MLDSA44)] if holder else []
    if head.size >= 2**53 or len(lines) != len(wanted):
        return False
    times = []
    for (hand, kind), found in zip(wanted, lines, strict=True):
        encoded = found.split(" ")[-1].strip()
        rest = _decoded(encoded)[4:]
        stamp, signature = (b"", rest) if kind == ED25519 else (rest[:8], rest[8:])
        time = int.from_bytes(stamp, "big")
        key = hand.keys[kind == MLDSA44]
        told = mldsa44_told(head, hand.name, time) if kind == MLDSA44 else ed25519_told(head, kind, time)
        if found != line(hand.name, kind, key, rest) or not _verifies(kind, key, told, signature):
            return False
        times.append(time)
    return times[:2] == [0, 0] and (not holder or times[2] == times[3] in range(1, 253_402_300_800))


def _decoded(encoded: str) -> bytes:
    try:
        return b64decode(encoded)
    except ValueError:
        return b""


def _verifies(kind: bytes, key: bytes, told: bytes, signature: bytes) -> bool:
    library = (MLDSA44PublicKey if kind == MLDSA44 else Ed25519PublicKey).from_public_bytes(key)
    try:
        library.verify(signature, told)
    except InvalidSignature:
        return False
    return True


def vector() -> dict[str, Any]:
    """What the vector file says."""
    offices = (SENDER, RECEIVER)
    signed = checkpoint()
    return {
        "about": "A stream of three entries: its checkpoint, its receipt, and what must be refused; "
        "see docs/spec/log.md.",
        "provenance": "Legation's own, Apache-2.0, made by tests/log/handmade.py. Seeds are "
        "SHAKE256('legation/example/v1\\n' + name); ML-DSA-44 signatures are randomised, so these were kept "
        "as they came.",
        "seeds": {
            f"{hand.office} stream {algorithm}": seed(f"{hand.office} stream {algorithm}").hex()
            for hand in offices
            for algorithm in ("ed25519", "ml-dsa-44")
        },
        "key_hashes": {
            hand.name: {
                "01": key_hash(hand.name, ED25519, hand.keys[0]).hex(),
                "04": key_hash(hand.name, ED25519_COSIGNATURE, hand.keys[0]).hex(),
                "06": key_hash(hand.name, MLDSA44, hand.keys[1]).hex(),
            }
            for hand in offices
        },
        "incarnation": INCARNATION.hex(),
        "origin": HEAD.origin,
        "entries": [entry.hex() for entry in ENTRIES],
        "frontier": [tree_root(LEAVES[:2]).hex(), LEAVES[2].hex()],
        "root": HEAD.root.hex(),
        "time": TIME,
        "signed": [
            ed25519_told(HEAD, ED25519, 0).hex(),
            mldsa44_told(HEAD, SENDER.name, 0).hex(),
            ed25519_told(HEAD, ED25519_COSIGNATURE, TIME).hex(),
            mldsa44_told(HEAD, RECEIVER.name, TIME).hex(),
        ],
        "checkpoint": signed.decode(),
        "receipt": signed.decode() + "".join(RECEIVER.lines(HEAD, time=TIME)),
        "refused_checkpoints": _published(bad_checkpoints()),
        "refused_receipts": _published(bad_receipts()),
    }


# One of a kind is enough for others to test with; all of them are in the tests here.
PUBLISHED = (
    "another-incarnation",
    "another-key-with-our-hash-in-the-second-line",
    "another-name",
    "by-the-sender",
    "cosignatures-first",
    "cosignatures-of-another-root",
    "ed25519-only",
    "extension-line",
    "lines-swapped",
    "ml-dsa-44-loose-bits",
    "ml-dsa-44-over-another-root",
    "no-ml-dsa-44-cosignature",
    "root-loose-bits",
    "size-0",
    "size-2-53",
    "size-leading-zero",
    "third-line",
    "time-0",
    "time-in-a-checkpoint",
    "time-moved",
    "times-differ",
)


def _published(bad: dict[str, tuple[str, bytes]]) -> dict[str, dict[str, str]]:
    return {
        name: {"expect": expect, "note": data.decode()}
        for name, (expect, data) in bad.items()
        if name in PUBLISHED
    }


def without_randomness(value: object) -> str:
    """The vector without the bytes of ML-DSA-44 signatures; key hashes and times stay."""
    return re.sub(r"([A-Za-z0-9+/_-]{16})[A-Za-z0-9+/_-]{3000,}=*", r"\1", json.dumps(value, sort_keys=True))


if __name__ == "__main__":
    VECTOR.write_text(json.dumps(vector(), indent=2, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
