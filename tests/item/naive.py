# SPDX-License-Identifier: Apache-2.0
"""
A second implementation of ``docs/spec/item.md`` and ``docs/spec/view.md``, written from these pages alone.

It is slow and simple on purpose: plain ``json``, ``hashlib`` and ``base64``, loops over all pairs and
triples, a recursive tree. Nothing is imported from ``legation``, so that agreement between the two
says something. It is also the second reading of the pages. What the pages left open is marked "Taken:"
and was settled by the vectors.

Layers and portions are named by *spots*: ``(place of the layer, number in the layer)``.
"""

import base64
import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Spot = tuple[int, int]

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
KINDS = ("report", "message", "note", "request", "answer", "claims", "meeting", "record")
FORMS = (
    "telegram",
    "contact report",
    "situation report",
    "note verbale",
    "aide-memoire",
    "non-paper",
    "speaking points",
    "instruction",
    "minutes",
)
STATUSES = ("planned", "announced", "expected", "confirmed", "denied", "ended", "unclear")

# The encodings of the points of small order on edwards25519, canonical ones and others.
FIELD = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
SMALL_Y = (
    0,
    1,
    FIELD - 1,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
)


class RefusedViewError(Exception):
    """A view does not verify; ``step`` is the number of the step in ``docs/spec/view.md``."""

    def __init__(self, step: int, why: str) -> None:
        super().__init__(f"step {step}: {why}")
        self.step = step


def encode(value: Any) -> bytes:
    """Encode as RFC 8785 wants it, given that there are only ASCII keys and no floats."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def unbase64(text: Any, size: int) -> bytes:
    """Read padded base64 of exactly *size* bytes, in the one spelling."""
    need(isinstance(text, str) and text.isascii(), "base64")
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise RefusedViewError(1, "base64") from None
    need(base64.b64encode(raw).decode() == text and len(raw) == size, "base64")
    return raw


def need(condition: bool, why: str, step: int = 1) -> None:
    """Refuse unless *condition* holds."""
    if not condition:
        raise RefusedViewError(step, why)


# Step 1: shapes.


def no_constant(name: str) -> None:
    """Refuse what Python reads beyond JSON: NaN and the infinities."""
    raise ValueError(name)


def fields(value: Any, required: Sequence[str], optional: Sequence[str] = ()) -> None:
    """Refuse an object that lacks a field or has another."""
    need(isinstance(value, dict), "an object")
    for name in required:
        need(name in value, f"{name} is missing")
    for name in value:
        need(name in required or name in optional, "a field is unknown")


def integer(value: Any, least: int, most: int) -> None:
    """Refuse what is no integer between *least* and *most*; ``True`` is none."""
    need(isinstance(value, int) and not isinstance(value, bool), "an integer")
    need(least <= value <= most, "an integer in its bounds")


def array(value: Any, least: int, most: int) -> None:
    """Refuse what is no array of *least* to *most* members."""
    need(isinstance(value, list) and least <= len(value) <= most, "an array in its bounds")


def text(value: Any, most: int, *, lines: bool = False) -> None:
    """Refuse text that is empty, too long, padded, or has control characters."""
    need(isinstance(value, str) and 0 < len(value) <= most, "text in its bounds")
    # Taken: space is all that Unicode calls white space.
    need(value.strip() == value, "no space around text")
    for character in value:
        number = ord(character)
        # Taken: DELETE is a control character, and a line has no tab.
        control = number < 0x20 or 0x7F <= number < 0xA0 or number in {0x2028, 0x2029}
        need(not control or (lines and character in "\n\t"), "no control characters")


def line(value: Any) -> None:
    """Refuse what is no line."""
    text(value, 1000)


def office(value: Any) -> None:
    """Refuse what is no office. Taken: codes of 2 to 16, and no party has a mission at itself."""
    need(isinstance(value, str), "an office")
    parties = value.split("@")
    need(len(parties) <= 2, "an office")
    for party in parties:
        need(re.fullmatch(r"[A-Z][A-Z0-9-]{1,15}", party) is not None, "an office")
    need(len(set(parties)) == len(parties), "an office")


def pairs(value: Any, count: int, step: int) -> None:
    """Refuse pairs that are not sorted, twice, of one number, or name what is not there."""
    array(value, 1, 200_000)
    for pair in value:
        array(pair, 2, 2)
        for number in pair:
            integer(number, 0, 2**53 - 1)
        # Taken: no portion is called as full as itself.
        need(pair[0] != pair[1], "a pair of two", step)
        need(pair[0] < count and pair[1] < count, "a pair of what is there", step)
    for former, latter in pairwise(value):
        need(former < latter, "pairs sorted and different", step)


def portion(value: Any) -> None:
    """Refuse what is no portion."""
    need(isinstance(value, dict), "an object")
    match value.get("type"):
        case "title":
            fields(value, ["type", "text"])
            line(value["text"])
        case "form":
            fields(value, ["type", "form"])
            need(value["form"] in FORMS, "a form")
        case "topics":
            fields(value, ["type", "topics"])
            array(value["topics"], 1, 1000)
            for topic in value["topics"]:
                line(topic)
            # Taken: no topic is there twice.
            need(len(set(value["topics"])) == len(value["topics"]), "topics differ")
        case "addressees":
            addressees(value)
        case "link":
            fields(value, ["type", "item"])
            unbase64(value["item"], 32)
        case "text":
            statement(value)
        case "withheld":
            fields(value, ["type"], ["reason"])
            if "reason" in value:
                line(value["reason"])
        case "attachment":
            attachment(value)
        case _:
            need(False, "a known type of portion")


def attachment(value: dict[str, Any]) -> None:
    """Refuse what is no portion of type ``attachment``."""
    fields(value, ["type", "name", "media_type", "size", "root"], ["originator_control"])
    name_ = value["name"]
    line(name_)
    need(len(name_.encode()) <= 255 and not set(name_) & set('/\\:*?"<>|'), "a plain name")
    need(name_[0] != "." and name_[-1] != ".", "a plain name")
    devices = {"CON", "PRN", "AUX", "NUL", *(f"{kind}{n}" for kind in ("COM", "LPT") for n in range(1, 10))}
    need(name_.split(".")[0].upper() not in devices, "no device")
    need(unicodedata.normalize("NFC", name_) == name_, "in NFC")
    hidden = {unicodedata.category(character) for character in name_} & {"Cc", "Cf", "Co", "Cn"}
    need(not hidden, "nothing invisible")
    part = "[a-z0-9][a-z0-9!#$&^_.+-]{0,126}"
    need(isinstance(value["media_type"], str), "a media type")
    need(re.fullmatch(f"{part}/{part}", value["media_type"]) is not None, "a media type")
    integer(value["size"], 0, 16 * 2**30)
    unbase64(value["root"], 32)
    need(value.get("originator_control", True) is True, "true, or absent")


def addressees(value: dict[str, Any]) -> None:
    """Refuse what is no portion of type ``addressees``."""
    # Taken: an empty array is absent, and no office stands twice, be it in either.
    fields(value, ["type"], ["action", "information"])
    named = []
    for name_ in ("action", "information"):
        if name_ in value:
            array(value[name_], 1, 1000)
            named += value[name_]
    array(named, 1, 1000)
    for one in named:
        office(one)
    need(len(set(named)) == len(named), "addressees differ")


def statement(value: dict[str, Any]) -> None:
    """Refuse what is no portion of type ``text``."""
    qualifiers = (
        "language",
        "source",
        "grade",
        "status",
        "caveat",
        "handling",
        "originator_control",
        "origin",
    )
    fields(value, ["type", "text"], qualifiers)
    text(value["text"], 100_000, lines=True)
    for name in ("source", "caveat", "handling"):
        if name in value:
            line(value[name])
    if "language" in value:
        need(isinstance(value["language"], str), "a language")
        # Taken: of BCP 47 a language in small letters, and up to three parts after it.
        well_formed = re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", value["language"])
        need(well_formed is not None, "a language")
    if "grade" in value:
        need(isinstance(value["grade"], str), "a grade")
        need(re.fullmatch(r"[A-F][1-6]", value["grade"]) is not None, "a grade")
    if "status" in value:
        need(value["status"] in STATUSES, "a status")
    if "originator_control" in value:
        need(value["originator_control"] is True, "a field that has its default is absent")
    if "origin" in value:
        office(value["origin"])


def name(value: Any) -> None:
    """Refuse what cannot be a name in a label. Taken: Unicode NFC, and nothing invisible."""
    text(value, 256)
    need(unicodedata.is_normalized("NFC", value), "a name in NFC")
    for character in value:
        invisible = unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        need(not invisible, "a name that can be seen")


def layer(value: Any) -> None:
    """Refuse what is no layer."""
    required = ["type", "kind", "document", "time", "policy", "classification", "portions"]
    fields(value, required, ["categories", "fuller"])
    need(value["type"] == "layer" and value["kind"] in KINDS, "a layer of a known kind")
    unbase64(value["document"], 16)
    integer(value["time"], 0, 253_402_300_799)
    fields(value["policy"], ["id", "version", "digest"])
    need(isinstance(value["policy"]["id"], str), "an OID")
    # Taken: at most 256 characters, and arcs as X.660 has them.
    need(len(value["policy"]["id"]) <= 256, "an OID")
    arcs = re.fullmatch(r"([01]\.[1-3]?[0-9]|2\.(0|[1-9][0-9]*))(\.(0|[1-9][0-9]*))*", value["policy"]["id"])
    need(arcs is not None, "an OID")
    # Taken: a version is an integer.
    integer(value["policy"]["version"], 0, 2**53 - 1)
    unbase64(value["policy"]["digest"], 32)
    name(value["classification"])
    if "categories" in value:
        categories(value["categories"])
    array(value["portions"], 1, 20_000)
    for one in value["portions"]:
        portion(one)
    if "fuller" in value:
        pairs(value["fuller"], len(value["portions"]), 1)


def categories(value: Any) -> None:
    """Refuse categories that are not sorted, twice, or empty."""
    array(value, 1, 64)
    for one in value:
        fields(one, ["tag", "type", "values"])
        name(one["tag"])
        need(one["type"] in ("restrictive", "permissive", "informative"), "a type of category")
        array(one["values"], 1, 1024)
        for found in one["values"]:
            name(found)
        for former, latter in pairwise(one["values"]):
            need(former < latter, "values sorted and different")
    for former, latter in pairwise(value):
        need((former["tag"], former["type"]) < (latter["tag"], latter["type"]), "categories sorted")


def seam(value: Any) -> None:
    """Refuse what is no seam, as far as it shows without its layers."""
    fields(value, ["type", "layers", "order"], ["fuller"])
    need(value["type"] == "seam", "a seam")
    array(value["layers"], 2, 2)
    for place in value["layers"]:
        integer(place, 0, 2**53 - 1)
    need(value["layers"][0] < value["layers"][1], "the lower layer first")
    array(value["order"], 1, 40_000)
    for index, count in enumerate(value["order"]):
        integer(count, 0 if index == 0 else 1, 20_000)
    if "fuller" in value:
        pairs(value["fuller"], sum(value["order"]), 1)


def header(value: Any) -> None:
    """Refuse what is no header."""
    fields(value, ["format", "nonce", "author", "leaves", "root"])
    need(value["format"] == "legation/item/v1", "a known format")
    unbase64(value["nonce"], 16)
    unbase64(value["author"], 32)
    integer(value["leaves"], 64, 1024)
    need(value["leaves"] in (64, 1024), "a known number of leaves")
    unbase64(value["root"], 32)


def parse(data: bytes) -> dict[str, Any]:
    """Do step 1: read a view, or refuse it."""
    need(len(data) <= 67_108_864, "the size of a view")
    try:
        view = json.loads(data.decode("utf-8"), parse_constant=no_constant)
        again = encode(view)
    except (ValueError, RecursionError):
        raise RefusedViewError(1, "JSON") from None
    need(again == data, "the canonical form")
    fields(view, ["header", "layers", "seams", "proof", "signature"])
    header(view["header"])
    array(view["layers"], 1, 44)
    for given in view["layers"]:
        fields(given, ["place", "salt", "leaf"])
        integer(given["place"], 0, 2**53 - 1)
        unbase64(given["salt"], 32)
        layer(given["leaf"])
    need(sum(len(given["leaf"]["portions"]) for given in view["layers"]) <= 20_000, "so many portions")
    array(view["seams"], 0, 946)
    for given in view["seams"]:
        fields(given, ["place", "salt", "leaf"])
        integer(given["place"], 0, 2**53 - 1)
        unbase64(given["salt"], 32)
        seam(given["leaf"])
    related = [each["leaf"].get("fuller", []) for each in view["layers"] + view["seams"]]
    need(sum(map(len, related)) <= 200_000, "so many pairs")
    array(view["proof"], 0, 1024)
    for one in view["proof"]:
        unbase64(one, 32)
    unbase64(view["signature"], 64)
    return dict(view)


# Steps 2 to 6: what must hold between the parts.


def places(view: dict[str, Any]) -> None:
    """Do step 2."""
    leaves = view["header"]["leaves"]
    used = []
    for name_ in ("layers", "seams"):
        here = [given["place"] for given in view[name_]]
        need(here == sorted(here), "leaves by ascending place", 2)
        used += here
    need(len(set(used)) == len(used), "every place once", 2)
    need(all(place < leaves for place in used), "every place inside the tree", 2)


def labels(view: dict[str, Any]) -> None:
    """Do step 3."""
    found = [given["leaf"] for given in view["layers"]]
    for index, one in enumerate(found):
        for other in found[:index]:
            same = (
                one["policy"]["id"] == other["policy"]["id"]
                and one["classification"] == other["classification"]
                and one.get("categories", []) == other.get("categories", [])
            )
            need(not same, "two layers of one label", 3)
            for name_ in ("kind", "document", "time"):
                need(one[name_] == other[name_], "layers of one item", 3)


def joints(view: dict[str, Any]) -> None:
    """Do step 4."""
    counts = {given["place"]: len(given["leaf"]["portions"]) for given in view["layers"]}
    wanted = {(low, high) for low in counts for high in counts if low < high}
    given_pairs = [tuple(given["leaf"]["layers"]) for given in view["seams"]]
    need(len(given_pairs) == len(set(given_pairs)) and set(given_pairs) == wanted, "a seam for each pair", 4)
    for given in view["seams"]:
        low, high = given["leaf"]["layers"]
        order = given["leaf"]["order"]
        need(sum(order[0::2]) == counts[low] and sum(order[1::2]) == counts[high], "counts that add up", 4)
        spots = joint(given["leaf"])
        for x, y in given["leaf"].get("fuller", []):
            need(spots[x][0] != spots[y][0], "pairs across the two layers", 4)


def joint(leaf: dict[str, Any]) -> list[Spot]:
    """List the spots of both layers of a seam in their joint order."""
    spots = []
    reached = [0, 0]
    for index, count in enumerate(leaf["order"]):
        side = index % 2
        for _ in range(count):
            spots.append((leaf["layers"][side], reached[side]))
            reached[side] += 1
    return spots


def before(view: dict[str, Any]) -> set[tuple[Spot, Spot]]:
    """Collect all pairs of spots of which the first stands before the second."""
    found = set()
    lines = [
        [(given["place"], number) for number in range(len(given["leaf"]["portions"]))]
        for given in view["layers"]
    ]
    lines += [joint(given["leaf"]) for given in view["seams"]]
    for spots in lines:
        for index, later in enumerate(spots):
            for earlier in spots[:index]:
                found.add((earlier, later))
    return found


def all_spots(view: dict[str, Any]) -> list[Spot]:
    """List the spots of a view, layer by layer."""
    return [
        (given["place"], number)
        for given in view["layers"]
        for number in range(len(given["leaf"]["portions"]))
    ]


def in_order(view: dict[str, Any]) -> list[Spot]:
    """Do step 5: give the spots in reading order, or refuse."""
    precedes = before(view)
    ranks: dict[int, Spot] = {}
    spots = all_spots(view)
    for spot in spots:
        rank = sum((other, spot) in precedes for other in spots)
        need(rank not in ranks, "one total order", 5)
        ranks[rank] = spot
    return [ranks[rank] for rank in range(len(spots))]


def relation(view: dict[str, Any]) -> set[tuple[Spot, Spot]]:
    """Collect all pairs of spots of which the first is at least as full as the second."""
    found = set()
    for given in view["layers"]:
        for x, y in given["leaf"].get("fuller", []):
            found.add(((given["place"], x), (given["place"], y)))
    for given in view["seams"]:
        spots = joint(given["leaf"])
        for x, y in given["leaf"].get("fuller", []):
            found.add((spots[x], spots[y]))
    return found


def closed(view: dict[str, Any]) -> None:
    """Do step 6."""
    pairs_ = relation(view)
    for x, y in pairs_:
        for z, w in pairs_:
            if y == z and x != w:
                need((x, w) in pairs_, "a closed relation", 6)


# Steps 7 and 8: hashes and the signature.


def leaf_hash(nonce: bytes, given: dict[str, Any]) -> bytes:
    """Hash one leaf."""
    salt = unbase64(given["salt"], 32)
    place = given["place"].to_bytes(2, "big")
    return hashlib.sha256(
        b"\x00" + b"legation/leaf/v1" + nonce + place + salt + encode(given["leaf"])
    ).digest()


def given_leaves(view: dict[str, Any]) -> dict[int, bytes]:
    """Hash the leaves of a view, by place."""
    nonce = unbase64(view["header"]["nonce"], 16)
    given = view["layers"] + view["seams"]
    return {one["place"]: leaf_hash(nonce, one) for one in given}


def has_leaf(node: int, size: int, known: Collection[int]) -> bool:
    """Tell whether a node is on the path of a given leaf."""
    if node >= size:
        return node - size in known
    return has_leaf(2 * node, size, known) or has_leaf(2 * node + 1, size, known)


def proof_numbers(size: int, known: Collection[int]) -> list[int]:
    """List the numbers of the nodes in a proof, ascending."""
    return [
        node
        for node in range(2, 2 * size)
        if not has_leaf(node, size, known) and has_leaf(node ^ 1, size, known)
    ]


def node_hash(node: int, size: int, known: Mapping[int, bytes]) -> bytes:
    """Hash a node from what is *known* by node number."""
    if node in known:
        return known[node]
    need(node < size, "a hash is missing", 7)
    left = node_hash(2 * node, size, known)
    right = node_hash(2 * node + 1, size, known)
    return hashlib.sha256(b"\x01" + left + right).digest()


def known_nodes(view: dict[str, Any]) -> dict[int, bytes]:
    """Number the hashes that a view gives, leaves and proof."""
    size = view["header"]["leaves"]
    leaves = given_leaves(view)
    numbers = proof_numbers(size, leaves)
    need(len(numbers) == len(view["proof"]), "no hash missing and none left over", 7)
    known = {number: unbase64(one, 32) for number, one in zip(numbers, view["proof"], strict=True)}
    for place, found in leaves.items():
        known[size + place] = found
    return known


def proven(view: dict[str, Any]) -> None:
    """Do step 7."""
    size = view["header"]["leaves"]
    found = node_hash(1, size, known_nodes(view))
    need(found == unbase64(view["header"]["root"], 32), "hashes that lead to the root", 7)


def signed(view: dict[str, Any], public_keys: Mapping[bytes, bytes]) -> None:
    """Do step 8; *public_keys* are by key id, those that are listed for items and not revoked."""
    author = unbase64(view["header"]["author"], 32)
    need(author in public_keys, "a known author", 8)
    key = public_keys[author]
    signature = unbase64(view["signature"], 64)
    y = int.from_bytes(key, "little") & (2**255 - 1)
    need(y < FIELD and y not in SMALL_Y, "a sound key", 8)
    need(int.from_bytes(signature[32:], "little") < ORDER, "S below the group order", 8)
    message = b"legation/item/v1\n" + encode(view["header"])
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        raise RefusedViewError(8, "the signature") from None


def verify(data: bytes, public_keys: Mapping[bytes, bytes]) -> dict[str, Any]:
    """Do all steps, and give the view as it was parsed; or raise ``RefusedViewError``."""
    view = parse(data)
    places(view)
    labels(view)
    joints(view)
    in_order(view)
    closed(view)
    proven(view)
    signed(view, public_keys)
    return view


# What a view is for.


def portion_at(view: dict[str, Any], spot: Spot) -> dict[str, Any]:
    """Find the portion at a spot."""
    layers = {given["place"]: given["leaf"] for given in view["layers"]}
    return dict(layers[spot[0]]["portions"][spot[1]])


def reading(view: dict[str, Any]) -> list[dict[str, Any]]:
    """List all portions of a view in reading order."""
    return [portion_at(view, spot) for spot in in_order(view)]


def shown_spots(view: dict[str, Any], languages: Sequence[str]) -> list[Spot]:
    """List the spots that a reader of *languages* is shown, in reading order."""
    order = in_order(view)
    full = relation(view)
    fullest = [y for y in order if not any((x, y) in full and (y, x) not in full for x in order)]
    chosen = []
    for spot in fullest:
        group = [x for x in fullest if x == spot or ((x, spot) in full and (spot, x) in full)]
        best = group[0]
        for language in reversed(languages):
            # Taken: a language matches if it is the same string.
            speaking = [x for x in group if portion_at(view, x).get("language") == language]
            if speaking:
                best = speaking[0]
        if best == spot:
            chosen.append(spot)
    return chosen


def shown(view: dict[str, Any], languages: Sequence[str] = ()) -> list[dict[str, Any]]:
    """List the portions that a reader of *languages* is shown, in reading order."""
    return [portion_at(view, spot) for spot in shown_spots(view, languages)]


def cut(data: bytes, keep: Collection[int]) -> bytes:
    """Cut a view that verifies to the layers at the places in *keep*."""
    view = parse(data)
    size = view["header"]["leaves"]
    known = known_nodes(view)
    layers = [given for given in view["layers"] if given["place"] in keep]
    seams = [given for given in view["seams"] if all(p in keep for p in given["leaf"]["layers"])]
    smaller = {"header": view["header"], "layers": layers, "seams": seams, "signature": view["signature"]}
    numbers = proof_numbers(size, [given["place"] for given in layers + seams])
    smaller["proof"] = [base64.b64encode(node_hash(node, size, known)).decode() for node in numbers]
    return encode(smaller)


def base32(value: int, count: int) -> str:
    """Write *count* characters of Crockford's base 32."""
    characters = ""
    for _ in range(count):
        characters = CROCKFORD[value % 32] + characters
        value //= 32
    return characters


def paragraph_codes(view: dict[str, Any]) -> dict[Spot, str]:
    """Compute the paragraph code of every portion in a view, by spot."""
    codes = {}
    for given in view["layers"]:
        for number in range(len(given["leaf"]["portions"])):
            stream = hashlib.shake_256(b"legation/paragraph/v1" + unbase64(given["salt"], 32))
            four = stream.digest(4 * number + 4)[4 * number :]
            codes[(given["place"], number)] = base32(int.from_bytes(four, "big") >> 2, 6)
    return codes


def item_id(view: dict[str, Any]) -> bytes:
    """Compute the item id."""
    return hashlib.sha256(encode(view["header"])).digest()


def check_character(characters: str) -> str:
    """Compute the character that checks others, by Luhn's rule modulo 32."""
    total = 0
    factor = 2
    for character in reversed(characters):
        product = factor * CROCKFORD.index(character)
        total += product // 32 + product % 32
        factor = 3 - factor
    return CROCKFORD[-total % 32]


def reference(view: dict[str, Any], office_name: str) -> str:
    """Compute the reference of an item that *office_name* wrote."""
    seven = base32(int.from_bytes(item_id(view), "big") >> (256 - 35), 7)
    eight = seven + check_character(seven)
    year = datetime.fromtimestamp(view["layers"][0]["leaf"]["time"], tz=UTC).year
    return f"{office_name} {year}-{eight[:4]}-{eight[4:]}"
