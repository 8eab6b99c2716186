# SPDX-License-Identifier: Apache-2.0
"""
Makes ``vectors/bag/bag.json`` and the examples in ``docs/spec/bag.md``.

Run as ``.venv/bin/python -m tools.vectors_bag`` in the root of the repository. Running it again changes
nothing, as with ``tools.vectors_exchange``: letters, leaves, roots, attachments and envelopes are put together
by hand and not by ``legation.exchange``, so that the vectors are a second opinion.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from legation.log import Checkpoint, cosign, key_name, sign_checkpoint, stream_origin
from tests.exchange.made import RECEIVER, SENDER, STRANGER, b64, by_hand, naive_root, seal_opener, signers
from tests.item import handmade
from tests.keys.office import canonical, seed
from tools.examples import with_examples
from tools.vectors_exchange import Json, Kept, KeptSealer, bend, binding, entry, leaf, pretty, view_payload
from tools.vectors_item import OPEN, text

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "vectors" / "bag" / "bag.json"
PAGE = ROOT / "docs" / "spec" / "bag.md"

INCARNATION = seed("bag incarnation", 16)
BACK = seed("bag incarnation back", 16)
ORIGIN = stream_origin(SENDER, RECEIVER, INCARNATION)
RECEIPT_TIME = 1_790_000_600
ATTACHED = b"Table 1: Seoul. Table 2: Tokyo.\n"


def attached_root(data: bytes) -> bytes:
    """Give the root of a file of one chunk."""
    return sha256(b"\x00legation/chunk/v1\n" + data).digest()


def view(*portions: Json) -> bytes:
    """Give the payload of an item with one label, for JPN@NATO."""
    document = handmade.Document(labels=(OPEN,), portions=tuple((0, each) for each in portions))
    data = handmade.item(document)
    return view_payload({"addressee": RECEIVER, "action": True}, data)


PLAN = {
    "type": "attachment",
    "media_type": "text/plain",
    "name": "Seating.txt",
    "root": b64(attached_root(ATTACHED)),
    "size": len(ATTACHED),
}
PAYLOADS = (
    ("start", b"{}"),
    ("view", view(text("The seating is attached."), PLAN)),
    ("view", view(text("Lunch is at noon."))),
    ("void", canonical({"number": 2})),
    ("view", view(text("Lunch is at one."))),
)
OTHER = (*PAYLOADS[:2], ("view", view(text("There is no lunch."))), *PAYLOADS[3:])


def headers(payloads: tuple[tuple[str, bytes], ...] = PAYLOADS) -> list[Json]:
    """Give the headers of a stream."""
    return [entry(number, kind, data) for number, (kind, data) in enumerate(payloads)]


HEADERS, LEAVES = headers(), [leaf(each) for each in headers()]


def checkpoint(kept: Kept, size: int, leaves: list[bytes] = LEAVES, name: str = "checkpoint") -> bytes:
    """Give the signed checkpoint over the first entries."""
    body = Checkpoint(origin=ORIGIN, size=size, root=naive_root(leaves[:size]))
    return kept.get(
        f"{name} {size}", lambda: sign_checkpoint(body, name=key_name(SENDER), signers=signers(SENDER))
    )


def receipt(kept: Kept) -> bytes:
    """Give the receipt of JPN@NATO over the first two entries."""
    return kept.get(
        "receipt 2",
        lambda: cosign(
            checkpoint(kept, 2), name=key_name(RECEIVER), signers=signers(RECEIVER), time=RECEIPT_TIME
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """
    One bag: its letter, what follows it, and what a reader makes of it.

    ``held`` is how many entries are held, of ``PAYLOADS``. ``expect`` is ``opens``, ``nothing`` (all of it is
    held), ``gap``, ``fork``, ``protocol``, ``proof``, ``signature``, ``seal`` or ``malformed``.
    """

    name: str
    what: str
    letter: Json
    expect: str
    letter_name: str
    held: int = 0
    payloads: tuple[bytes, ...] = ()
    attached: tuple[bytes, ...] = ()
    front: Json | None = None
    signer: str = SENDER
    opener: str = RECEIVER
    padding: bytes | None = None
    cut: int | None = None
    flip: int | None = None

    def written(self, kept: Kept) -> bytes:
        """Put the file together, and then spoil it."""
        names = {name: self.letter[name] for name in ("sender", "receiver")}
        data = by_hand(
            canonical(self.letter),
            b"".join((*self.payloads, *self.attached)),
            front=names | {"purpose": "bag"} | (self.front or {}),
            signer=signers(self.signer).ed25519,
            to=seal_opener(self.opener),
            sealer=KeptSealer(kept=kept, name=f"{self.letter_name} to {self.opener}"),
            secret=seed(f"secret of bag {self.letter_name}"),
            padding=self.padding,
        )
        if self.flip is not None:
            data = data[: self.flip] + bytes([data[self.flip] ^ 1]) + data[self.flip + 1 :]
        return data if self.cut is None else data[: self.cut]


def carried(*numbers: int, of: list[Json] = HEADERS) -> list[Json]:
    """Give entries as they are carried."""
    return [{"type": "carried", "header": of[number]} for number in numbers]


def letter(name: str, number: int, start: int, **fields: Any) -> Json:
    """Give a bag of KOR@NATO."""
    return {
        "type": "bag",
        "sender": SENDER,
        "receiver": RECEIVER,
        "nonce": b64(seed(f"bag {name} nonce", 16)),
        "number": number,
        "incarnation": b64(INCARNATION),
        "start": start,
    } | fields


def good(kept: Kept) -> list[Parcel]:
    """Give the bags of the example, and what they are where something is held."""
    enclosed = [{"number": 1, "root": b64(attached_root(ATTACHED)), "size": len(ATTACHED)}]
    first = Parcel(
        name="first",
        letter_name="first",
        what="KOR@NATO hands over the start, a view, and the file that is attached to it",
        letter=letter(
            "first", 1, 0, entries=carried(0, 1), checkpoint=b64(checkpoint(kept, 2)), enclosed=enclosed
        ),
        payloads=(PAYLOADS[0][1], PAYLOADS[1][1]),
        attached=(ATTACHED,),
        expect="opens",
    )
    position = {"incarnation": b64(INCARNATION), "size": 2, "root": b64(naive_root(LEAVES[:2]))}
    back = Parcel(
        name="back",
        letter_name="back",
        what="JPN@NATO has nothing to hand over; its receipt rides back",
        letter={
            "type": "bag",
            "sender": RECEIVER,
            "receiver": SENDER,
            "nonce": b64(seed("bag back nonce", 16)),
            "number": 1,
            "incarnation": b64(BACK),
            "start": 0,
            "receipt": b64(receipt(kept)),
            "position": position,
        },
        signer=RECEIVER,
        opener=SENDER,
        expect="nothing",
    )
    second = Parcel(
        name="second",
        letter_name="second",
        what="entry 2 was packed before, and is not permitted any more: its leaf, its void, and what may go",
        letter=letter(
            "second",
            3,
            2,
            entries=[{"type": "taken-back", "number": 2, "leaf": b64(LEAVES[2])}, *carried(3, 4)],
            checkpoint=b64(checkpoint(kept, 5)),
        ),
        payloads=(PAYLOADS[3][1], PAYLOADS[4][1]),
        held=2,
        expect="opens",
    )
    return [
        first,
        back,
        second,
        replace(second, name="overlap", what="the same where entry 2 is held already", held=3),
        replace(second, name="held", what="the same where all is held already", held=5, expect="nothing"),
        replace(
            second, name="gap", what="the same where bag 1 has not come: entries 0-1", held=0, expect="gap"
        ),
    ]


def bad(kept: Kept) -> Iterator[Parcel]:
    """Give bags with one defect each."""
    first, _, second, *_ = good(kept)
    size = len(first.written(kept))
    for name, what, cut in (
        ("cut-in-the-head", "the head is cut short", 700),
        ("cut-in-a-chunk", "the last chunk is cut short", size - 1),
        ("cut-to-nothing", "no byte is left", 0),
    ):
        expect = "seal" if cut > 1_221 else "malformed"
        yield replace(first, name=name, what=what, cut=cut, expect=expect)
    for name, what, flip, expect in (
        ("bit-in-the-format", "another first line", 5, "malformed"),
        ("bit-in-the-binding", "another binding than it is sealed under", 30, "seal"),
        ("bit-in-the-secret", "another sealed secret", 100, "seal"),
        ("bit-in-the-content", "another content", 2_000, "seal"),
        ("bit-in-the-tag", "another tag", size - 1, "seal"),
    ):
        yield replace(first, name=name, what=what, flip=flip, expect=expect)
    yield replace(first, name="for-another", what="sealed to another office", opener=STRANGER, expect="seal")
    yield replace(
        first,
        name="as-an-answer",
        what="signed as an answer",
        front={"purpose": "answer"},
        expect="signature",
    )
    yield replace(
        first, name="by-another", what="signed with another office's key", signer=STRANGER, expect="signature"
    )
    yield replace(
        first,
        name="to-another",
        what="signed for another receiver",
        front={"receiver": STRANGER},
        expect="signature",
    )
    turned = ATTACHED.swapcase()
    yield replace(
        first, name="another-file", what="another file of that length", attached=(turned,), expect="proof"
    )
    yield replace(
        first,
        name="another-payload",
        what="another payload of that length",
        payloads=(first.payloads[0], first.payloads[1].swapcase()),
        expect="proof",
    )
    huge = [{"number": 1, "root": b64(attached_root(ATTACHED)), "size": 1 << 34}]
    yield replace(
        first,
        name="huge",
        what="a file of 16 GiB that is not there",
        letter=first.letter | {"enclosed": huge},
        letter_name="huge",
        expect="malformed",
    )
    yield replace(first, name="padding", what="one zero too many", padding=bytes(65_536), expect="malformed")
    yield replace(
        second,
        name="another-incarnation",
        what="of another incarnation than is held",
        letter=second.letter | {"incarnation": b64(BACK)},
        letter_name="another-incarnation",
        expect="protocol",
    )
    leaves = [leaf(each) for each in headers(OTHER)]
    forked = letter(
        "forked",
        2,
        1,
        entries=carried(1, 2, of=headers(OTHER)),
        checkpoint=b64(checkpoint(kept, 3, leaves, "another checkpoint")),
    )
    fork = Parcel(
        name="forked",
        letter_name="forked",
        what="another entry 2 than is held, and both were signed",
        letter=forked,
        payloads=(OTHER[1][1], OTHER[2][1]),
        held=3,
        expect="fork",
    )
    yield fork
    unsigned = forked | {"checkpoint": b64(checkpoint(kept, 3))}
    yield replace(
        fork,
        name="not-signed",
        what="another entry 2 than is held, under the checkpoint over the one that is",
        letter=unsigned,
        letter_name="not-signed",
        expect="proof",
    )
    yield replace(
        second,
        name="another-count",
        what="a checkpoint over other entries than it ends with",
        letter=second.letter | {"checkpoint": b64(checkpoint(kept, 2))},
        letter_name="another-count",
        expect="protocol",
    )


def spoilt(kept: Kept) -> Iterator[tuple[str, bytes]]:
    """Give letters that are none, each with one defect."""
    first, back, second, *_ = (each.letter for each in good(kept))

    def bent(what: str, told: Json, **fields: Any) -> tuple[str, bytes]:
        left = {name: value for name, value in (told | fields).items() if value is not ...}
        return what, canonical(left)

    yield "a space after a colon", canonical(back).replace(b'":', b'": ', 1)
    yield bent("a field that is not known", back, priority=1)
    yield bent("a default that is written", back, protocol=1)
    yield bent("a later version of the protocol", back, protocol=2)
    yield bent("a nonce of 15 bytes", back, nonce=b64(bytes(15)))
    yield bent("bag 0", back, number=0)
    yield bent("an office that writes to itself", back, receiver=RECEIVER)
    yield bent("an empty receipt", back, receipt="")
    yield bent("entries without a checkpoint", first, checkpoint=...)
    yield bent("a checkpoint without entries", back, checkpoint=b64(checkpoint(kept, 2)))
    first = first | {"checkpoint": b64(b"not looked at")}
    second = second | {"checkpoint": b64(b"not looked at")}
    yield bent("entries that are not numbered on from the start", first, start=1)
    yield bent("entries in another order", second, entries=second["entries"][::-1])
    _, view_ = first["entries"]
    yield bent("entry 0 is a view", first, entries=[bend(view_, number=0)], enclosed=...)
    long = bend(view_, payload_size_bytes=67_117_059)
    yield bent("payloads longer than the longest alone", first, entries=[first["entries"][0], long])
    [file] = first["enclosed"]
    yield bent("a file twice", first, enclosed=[file, file])
    yield bent("files in another order", first, enclosed=[file | {"size": 33}, file])
    yield bent("a file of an entry that is no view", second, enclosed=[file | {"number": 3}])
    yield bent("a file of an entry that is taken back", second, enclosed=[file | {"number": 2}])
    yield bent("a file of an entry that is not there", first, enclosed=[file | {"number": 7}])
    yield bent("a file of more than 16 GiB", first, enclosed=[file | {"size": (1 << 34) + 1}])


def kept() -> Kept:
    """Read what is kept from the file, if there is one."""
    values = json.loads(FILE.read_bytes())["kept"] if FILE.exists() else {}
    return Kept(values=dict(values))


def described(parcel: Parcel, found: Kept) -> Json:
    """Describe a bag so that it can be written again."""
    data = parcel.written(found)
    told: Json = {
        "name": parcel.name,
        "what": parcel.what,
        "expect": parcel.expect,
        "held": parcel.held,
        "letter": parcel.letter_name,
        "payloads": [b64(payload) for payload in parcel.payloads],
        "attached": [b64(each) for each in parcel.attached],
        "front": {"purpose": "bag"} | (parcel.front or {}),
        "signer": parcel.signer,
        "opener": parcel.opener,
        "size_bytes": len(data),
        "sha256": sha256(data).hexdigest(),
    }
    more = {"padding": None if parcel.padding is None else len(parcel.padding), "cut": parcel.cut}
    more |= {"flip": parcel.flip}
    return told | {name: value for name, value in more.items() if value is not None}


def lettered(parcel: Parcel) -> Json:
    """Describe a letter, and the secret that its content is sealed with."""
    return {
        "letter": canonical(parcel.letter).decode("ascii"),
        "binding": binding(parcel.letter).hex(),
        "secret": seed(f"secret of bag {parcel.letter_name}").hex(),
    }


def seeds() -> Json:
    """Give the private keys by name."""
    found = {}
    for office in (SENDER, RECEIVER, STRANGER):
        for key in ("stream ed25519", "stream ml-dsa-44", "seal x25519"):
            found[f"{office} {key}"] = seed(f"{office} {key}").hex()
        found[f"{office} seal ml-kem-768"] = seed(f"{office} seal ml-kem-768", 64).hex()
    return found


def made() -> bytes:
    """Give the file."""
    found = kept()
    parcels = [*good(found), *bad(found)]
    told = {
        "about": "Bags, good and bad, and letters that are none; see docs/spec/bag.md. `stream` is what is held of.",
        "provenance": "Legation's own, Apache-2.0. Seeds are SHAKE256('legation/example/v1\\n' + name); "
        "what is randomised stands under `kept` as it came.",
        "seeds": seeds(),
        "stream": [
            {"header": each, "payload": b64(data)} for each, (_, data) in zip(HEADERS, PAYLOADS, strict=True)
        ],
        "letters": {each.letter_name: lettered(each) for each in parcels},
        "bags": [described(each, found) for each in parcels],
        "malformed": [{"what": what, "letter": data.decode("ascii")} for what, data in spoilt(found)],
        "kept": found.values,
    }
    return json.dumps(told, indent=2).encode() + b"\n"


def block(parcel: Parcel, found: Kept) -> str:
    """Print a bag: its letter, and what its file comes to."""
    told = described(parcel, found)
    return (
        f"```json\n{pretty(parcel.letter)}\n```\n"
        f"Binding `{binding(parcel.letter).hex()}`; {told['size_bytes']:,} bytes, SHA-256 `{told['sha256'][:16]}...`"
    )


def rendered(page: str) -> str:
    """Put the examples into the page, between their marks."""
    found = kept()
    return with_examples(page, {each.name: block(each, found) for each in good(found)})


def main() -> None:
    """Write the vectors, and the examples into the page."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_bytes(made())
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
