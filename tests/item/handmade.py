# SPDX-License-Identifier: Apache-2.0
"""
Items made by hand: a second signer, by ``docs/spec/item.md``, ``docs/spec/view.md`` and ``naive`` alone.

Nothing here is imported from ``legation``, and nothing is checked: what comes out is what an author
could sign who runs another program, or a malicious one. Leaves are plain dictionaries that a test may
bend before ``seal`` hashes and signs them. ``tools/vectors_item.py`` makes the vectors with it.
"""

import base64
import hashlib
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.item import naive

Json = dict[str, Any]

DOMAIN = b"legation/item/v1\n"


def seed(name: str, size: int = 32) -> bytes:
    """Give the bytes of this name: the same in every run."""
    return hashlib.shake_256(b"legation/example/v1\n" + name.encode("ascii")).digest(size)


def b64(data: bytes) -> str:
    """Spell bytes as the format does."""
    return base64.b64encode(data).decode("ascii")


@dataclass(frozen=True, kw_only=True)
class Document:
    """
    What an author wants to say: the truth that cuts are held against.

    ``labels`` have the fields ``policy``, ``classification`` and perhaps ``categories``; ``portions``
    are in reading order, each with the number of its label; ``full`` is the closed relation "is at
    least as full as" between portions, by their numbers, and ``declared`` what of it a writer says, if
    not all.
    """

    labels: tuple[Json, ...]
    portions: tuple[tuple[int, Json], ...]
    full: frozenset[tuple[int, int]] = frozenset()
    declared: frozenset[tuple[int, int]] | None = None
    kind: str = "report"
    document: bytes = seed("document", 16)
    time: int = 1_790_000_000

    @property
    def used(self) -> list[int]:
        """The labels that a portion carries, in the order in which they come up."""
        return list(dict.fromkeys(label for label, _ in self.portions))


def closure(pairs: set[tuple[int, int]], count: int) -> frozenset[tuple[int, int]]:
    """Close a relation on numbers below *count*, leaving out what relates a number to itself."""
    full = [[(x, y) in pairs for y in range(count)] for x in range(count)]
    for middle in range(count):
        for x in range(count):
            for y in range(count):
                full[x][y] = full[x][y] or (full[x][middle] and full[middle][y])
    return frozenset((x, y) for x in range(count) for y in range(count) if x != y and full[x][y])


def seen(document: Document, labels: set[int]) -> list[int]:
    """List the portions that somebody who may see *labels* may see, in reading order."""
    return [index for index, (label, _) in enumerate(document.portions) if label in labels]


def shown(document: Document, labels: set[int], languages: Sequence[str]) -> list[int]:
    """List the portions that such a reader is to be shown, worked out from the document itself."""
    visible = seen(document, labels)
    result = []
    for y in visible:
        if any((x, y) in document.full and (y, x) not in document.full for x in visible):
            continue
        group = [x for x in visible if x == y or {(x, y), (y, x)} <= document.full]
        spoken = [document.portions[x][1].get("language", "") for x in group]
        fitting = [language for language in languages if language in spoken]
        wanted = group[spoken.index(fitting[0])] if fitting else group[0]
        if wanted == y:
            result.append(y)
    return result


def leaves(
    document: Document, drawn: Sequence[tuple[int, bytes]] | None = None, size: int = 64
) -> tuple[list[Json], list[Json]]:
    """
    Make the layers and seams of a document.

    Args:
        document: What is said.
        drawn: A place and a salt for each label in use, then for each pair of them.
        size: Leaves of the tree, where nothing is drawn.
    """
    used = document.used
    sides = list(combinations(range(len(used)), 2))
    drawn = drawn or spread(len(used) + len(sides), size)
    members = [[n for n, (each, _) in enumerate(document.portions) if each == label] for label in used]
    layers = [
        placed(place, salt, layer(document, label, inside))
        for label, inside, (place, salt) in zip(used, members, drawn, strict=False)
    ]
    seams = []
    for (left, right), (place, salt) in zip(sides, drawn[len(used) :], strict=True):
        low, high = sorted((left, right), key=lambda number: drawn[number][0])
        leaf = seam(document, members[low], members[high], [drawn[low][0], drawn[high][0]])
        seams.append(placed(place, salt, leaf))
    # Copied, so that a test may bend a leaf and keep the document.
    return deepcopy(sorted(layers, key=by_place)), sorted(seams, key=by_place)


def spread(count: int, size: int) -> list[tuple[int, bytes]]:
    """Give places and salts that look random and are the same in every run."""
    places = sorted(range(size), key=lambda place: seed(f"place {place} of {count}"))
    return [(place, seed(f"salt {place}")) for place in places[:count]]


def by_place(given: Json) -> int:
    """Give the place of a leaf, to sort by."""
    return int(given["place"])


def placed(place: int, salt: bytes, leaf: Json) -> Json:
    """Put a leaf into the tree."""
    return {"place": place, "salt": b64(salt), "leaf": leaf}


def layer(document: Document, label: int, inside: Sequence[int]) -> Json:
    """Make the layer of one label."""
    leaf = {
        "type": "layer",
        "kind": document.kind,
        "document": b64(document.document),
        "time": document.time,
        "portions": [document.portions[index][1] for index in inside],
        **document.labels[label],
    }
    full = related(document, inside)
    return {**leaf, "fuller": full} if full else leaf


def seam(document: Document, low: Sequence[int], high: Sequence[int], places: list[int]) -> Json:
    """Make the seam of two layers."""
    joint = sorted([*low, *high])
    order, side = [0], 0
    for index in joint:
        if (index in high) != bool(side):
            side = 1 - side
            order.append(0)
        order[-1] += 1
    leaf = {"type": "seam", "layers": places, "order": order}
    full = [pair for pair in related(document, joint) if (joint[pair[0]] in low) != (joint[pair[1]] in low)]
    return {**leaf, "fuller": full} if full else leaf


def related(document: Document, inside: Sequence[int]) -> list[list[int]]:
    """List the pairs of the relation between the portions *inside*, by their number there."""
    numbers = {index: number for number, index in enumerate(inside)}
    return sorted([numbers[x], numbers[y]] for x, y in document.full if x in numbers and y in numbers)


def decoys(size: int, name: str = "decoy") -> list[bytes]:
    """Give a hash for every place that may stay free."""
    return [seed(f"{name} {place}") for place in range(size)]


def public_key(key: bytes) -> bytes:
    """Give the public key of a private one."""
    return Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()


def key_id(public: bytes) -> bytes:
    """Give the id of a public key."""
    return hashlib.sha256(b"legation/key/v1\ned25519\n" + public).digest()


AUTHOR = seed("KOR@NATO item")
"""The private key of the author, of whom ``tests.keys.office`` makes a card."""


def seal(
    layers: Sequence[Json],
    seams: Sequence[Json],
    *,
    size: int = 64,
    nonce: bytes = seed("nonce", 16),
    free: Sequence[bytes] | None = None,
    key: bytes = AUTHOR,
    domain: bytes = DOMAIN,
    changes: Json | None = None,
) -> Json:
    """
    Hash leaves into a tree, sign its root, and give the view of everything.

    Args:
        layers: Layers with their places and salts.
        seams: Seams with theirs.
        size: Leaves of the tree that is made.
        nonce: The nonce, 16 bytes.
        free: Hashes for the free places.
        key: The private key that signs.
        domain: What stands before the header in what is signed.
        changes: Other values of fields of the header.
    """
    header = {
        "format": "legation/item/v1",
        "nonce": b64(nonce),
        "author": b64(key_id(public_key(key))),
        "leaves": size,
        "root": "",
    }
    view = {"header": header, "layers": list(layers), "seams": list(seams), "proof": [], "signature": ""}
    given = naive.given_leaves(view)
    known = {size + place: value for place, value in enumerate(free or decoys(size))}
    known |= {size + place: value for place, value in given.items()}
    header["root"] = b64(naive.node_hash(1, size, known))
    header |= changes or {}
    view["proof"] = [b64(naive.node_hash(node, size, known)) for node in naive.proof_numbers(size, given)]
    signature = Ed25519PrivateKey.from_private_bytes(key).sign(domain + naive.encode(header))
    view["signature"] = b64(signature)
    return view


def item(document: Document, **given: Any) -> bytes:
    """Sign a document; *given* as for ``seal``."""
    layers, seams = leaves(document, size=given.get("size", 64))
    return naive.encode(seal(layers, seams, **given))
