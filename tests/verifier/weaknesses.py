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
    "the older root of a growth is not compared": (
        "return last === 0 && base64(old) === older.root && base64(now) === newer.root;",
        "return last === 0 && base64(now) === newer.root;",
    ),
    "the newer root of a growth is not compared": (
        "return last === 0 && base64(old) === older.root && base64(now) === newer.root;",
        "return last === 0 && base64(old) === older.root;",
    ),
    "a growth may be from another size": (
        'if (older.size !== growth.size) refuse("proof", "the older checkpoint has another size");',
        "",
    ),
    "a growth may be of another stream": (
        'if (older.origin !== note.origin) refuse("origin", "the older checkpoint is of another stream");',
        "",
    ),
    "a log may shrink": ('if (!isPossible) refuse("proof", "fewer entries now than before");', ""),
    "a fork is overlooked": (
        "one.origin === other.origin && one.size === other.size && one.root !== other.root",
        "false",
    ),
    "two sizes are a fork": (
        "one.origin === other.origin && one.size === other.size &&",
        "one.origin === other.origin &&",
    ),
    "two logs are a fork": (
        "one.origin === other.origin && one.size === other.size &&",
        "one.size === other.size &&",
    ),
    "a certificate by a key that is not current is taken": (
        'if (key.state !== "current") refuse("signature", stale[key.state], 2);',
        "",
    ),
    "a certificate in the name of another office is taken": (
        """if (card.office !== read.office) refuse("signature", "its key is another office's than it says", 2);""",
        "",
    ),
    "the signature of a certificate is not checked": (
        "if (!(await holds(key, signed, fromBase64(read.signature)))) {",
        "if (false) {",
    ),
    "what a certificate answers is not signed": (
        "...(withdrawal === undefined ? {} : { withdrawal }) });\n  const signed",
        "});\n  const signed",
    ),
    "a withdrawal by a retired key is taken": (
        'if (key.state === "retired") refuse("signature", "its key is retired now; it counts if it came while the key was current", 2);',
        "",
    ),
    "a withdrawal by a revoked key is taken": (
        'if (key.state === "revoked") refuse("signature", "its key is revoked", 2);',
        "",
    ),
    "a withdrawal is checked without its domain": (
        'const message = join("legation/withdrawal/v1\\n", ',
        "const message = join(",
    ),
    "a withdrawal is checked as an item": (
        'const message = join("legation/withdrawal/v1\\n", ',
        'const message = join("legation/item/v1\\n", ',
    ),
    "the signature of a withdrawal is not checked": (
        "if ((await holds(key, message, fromBase64(read.signature))) !== true) {",
        "if (false) {",
    ),
    "a withdrawal may be by anybody": (
        "item === view.item && author.office === view.author.office",
        "item === view.item",
    ),
    "a withdrawal may be of anything": (
        "item === view.item && author.office === view.author.office",
        "author.office === view.author.office",
    ),
    "a withdrawal is bound to the key": (
        "item === view.item && author.office === view.author.office",
        "item === view.item && author.key === view.author.key",
    ),
    "a statement may be by another name": (
        "const isTheirs = each.name === name && each.keyHash === hash;",
        "const isTheirs = true;",
    ),
    "the second line of a statement is not checked": (
        'if (held === false) refuse("signature", "a line is by no pinned key, or does not hold");',
        'if (held === false && each.algorithm === "ed25519") refuse("signature", "it does not hold");',
    ),
    "a statement may be of another purpose": (
        'demand(purpose === "legation/policy/v1", "a statement is of another purpose");',
        "",
    ),
    "a statement may precede itself": (
        "demand(DIGEST.test(digest) && digest !== previous, ",
        "demand(DIGEST.test(digest), ",
    ),
    "two histories of a policy are taken": (
        'if (rival) refuse("equivocation", "another statement has its version, or its digest before");',
        "",
    ),
    "a version of a policy may be missing": (
        'if (next.previous !== last.digest) refuse("proof", "the version before it is not here");',
        "",
    ),
    "versions of a policy may fall": (
        'if (next.version < last.version) refuse("refused", "versions never fall");',
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
