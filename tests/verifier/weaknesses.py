# SPDX-License-Identifier: Apache-2.0
"""
Weaknesses that are planted in the second verifier, to see that each is found.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

Change = tuple[str, str]
"""What stands in the verifier, once, and what is put in its place."""

WEAKNESSES: dict[str, Change] = {
    "base64 with loose bits is taken": (
        'demand((held & ((1 << bits) - 1)) === 0, "base64 has loose bits");',
        "",
    ),
    "a leaf is hashed without its domain": ('const parts = ["legation/leaf/v1", ', "const parts = ["),
    "a signature is checked without its domain": ('join("legation/item/v1\\n", ', "join("),
    "a leaf is not bound to its place": (
        "fromBase64(nonce), bigEndian(place, 2), fromBase64(salt)",
        "fromBase64(nonce), bigEndian(16, 2), fromBase64(salt)",
    ),
    "a leaf is not bound to its item": (
        "fromBase64(nonce), bigEndian(place, 2), fromBase64(salt)",
        "new Uint8Array(16), bigEndian(place, 2), fromBase64(salt)",
    ),
    "a seam may be missing": (
        'demand(view.seams.length === joined.size && joined.size === (count * (count - 1)) / 2, "a seam is missing", 4);',
        "",
    ),
    "a seam may have other counts": (
        'demand(counted[0] === sizes.get(first) && counted[1] === sizes.get(second), "a seam has other counts", 4);',
        "",
    ),
    "a pair may stand in the wrong leaf": (
        'demand(sides[x] !== sides[y], "a pair of a seam does not cross it", 4);',
        "",
    ),
    "an order need not be total": ('demand(total, "the seams form no order", 5);', ""),
    "variants need not be closed": ("checkClosed(relation);\n  await", "await"),
    "a field may be there twice": (
        "demand(before === undefined || before < name,",
        "demand(before === undefined || before <= name,",
    ),
    "fields may have another order": (
        "demand(before === undefined || before < name,",
        "demand(before === undefined || before !== name,",
    ),
    "an escape may be superfluous": (
        "const LONG_ESCAPE = /^u00(?:0[0-7bef]|1[0-9a-f])$/;",
        "const LONG_ESCAPE = /^u00[0-9a-f]{2}$/;",
    ),
    "bytes may follow the end": (
        'demand(this.at === this.text.length, "there is something behind the end");',
        "",
    ),
    "a field may be unknown": (
        'demand(Object.hasOwn(required, name) || Object.hasOwn(optional, name), "a field is not known");',
        "",
    ),
    "a line may be too long": ("const LINE_MAX = 1_000;", "const LINE_MAX = 10_000;"),
    "a name may be in any normal form": (
        'demand(value.normalize("NFC") === value, "a name is not in NFC");\n  return value;\n}\n\n// "A party',
        'return value;\n}\n\n// "A party',
    ),
    "a label may be there twice": (
        'demand(labels.size === view.layers.length, "two layers carry one label", 3);',
        "",
    ),
    "a hash may be left over": (
        'if (taken < view.proof.length) refuse("proof", "a hash is left over", 7);',
        "",
    ),
    "the root is not compared": (
        'if (base64(hashes.get(1)) !== root) refuse("proof", "the leaves lead to another root", 7);',
        "",
    ),
    "the signature of an item is not checked": (
        "if ((await holds(author.key, message, fromBase64(view.signature))) !== true) {",
        "if (false) {",
    ),
    "a revoked key is taken": (
        'if (author.key.state === "revoked") refuse("signature", "the author\'s key is revoked", 8);',
        "",
    ),
    "the origin is not compared": (
        "const expected = options.origin === undefined || options.origin === note.origin;",
        "const expected = true;",
    ),
    "the second line is not checked": (
        "if (held !== false) return held === true;",
        "if (held !== false || each.type === 0x06) return true;",
    ),
    "times of a receipt may differ": (
        "demand(times[2] === times[3] && times[2] >= 1",
        "demand(times[2] >= 1",
    ),
    "the root of a proof is not compared": (
        'if (base64(root) !== note.root) refuse("proof", "the proof leads to another root");',
        "",
    ),
    "a payload may be another": (
        'refuse("proof", "the payload is not the one that the entry brought");',
        "",
    ),
    "size 0 is taken": ('demand(size >= 1, "size 0 is never signed");', ""),
}


@contextmanager
def planted(module: Path, change: Change) -> Iterator[Path]:
    """Give the path of a verifier in which one thing is otherwise."""
    source = module.read_text(encoding="utf-8")
    old, new = change
    assert source.count(old) == 1, old
    with tempfile.TemporaryDirectory() as folder:
        weak = Path(folder) / "verify.mjs"
        weak.write_text(source.replace(old, new), encoding="utf-8")
        yield weak
