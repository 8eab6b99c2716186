# SPDX-License-Identifier: Apache-2.0
"""
What must hold of items, as plain functions that raise ``AssertionError`` or a ``LegationError``.

They stand apart from the tests because two suites use them: one sees them hold, the other sees each
of them fail on a bug that was planted for it.
"""

import base64
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from itertools import combinations
from random import Random
from typing import Any

import msgspec

from legation.encoding import encode
from legation.errors import LegationError
from legation.item import Draws, View
from legation.item.view import cut, verify
from legation.merkle import Hash
from tests.item import handmade, naive, worlds
from tests.item.handmade import Document, Json
from tests.item.worlds import KNOWN, cards, cut_to, texts, verified

LANGUAGES = ((), ("ko", "en"), ("fr",))


def every_cut_is_right(document: Document, data: bytes) -> int:
    """
    Hold every cut of *data* against the truth and against the other implementation.

    Returns:
        How many cuts were looked at.
    """
    whole = verified(data)
    parsed = naive.verify(data, KNOWN)
    places = {
        label: each["place"]
        for label in document.used
        for each in parsed["layers"]
        if worlds.label_of(each["leaf"]) == worlds.label_of(document.labels[label])
    }
    assert len(places) == len(parsed["layers"])
    codes = {each.code: each.portion for each in whole.portions}
    assert len(codes) == len(document.portions)
    count = 0
    for chosen in worlds.subsets(document.used):
        smaller = cut_to(document, whole, chosen)
        assert smaller == naive.cut(data, {places[label] for label in chosen})
        view = verified(smaller)
        other = naive.verify(smaller, KNOWN)
        reads_right(document, chosen, view, other)
        # Whoever reads both copies finds the same names on the same paragraphs, and nothing more.
        assert {each.code: each.portion for each in view.portions}.items() <= codes.items()
        assert view.item_id == whole.item_id
        count += 1
    return count


def reads_right(document: Document, chosen: set[int], view: View, other: Json) -> None:
    """See a view read as the document says, in both implementations."""
    wanted = [document.portions[index][1] for index in handmade.seen(document, chosen)]
    assert texts(view.portions) == wanted
    assert naive.reading(other) == wanted
    under = [worlds.label_of(document.labels[n]) for n, _ in document.portions if n in chosen]
    assert [each.label for each in view.portions] == under
    for languages in LANGUAGES:
        wanted = [document.portions[index][1] for index in handmade.shown(document, chosen, languages)]
        assert texts(view.shown(languages)) == wanted
        assert naive.shown(other, languages) == wanted
    codes = naive.paragraph_codes(other)
    assert [each.code for each in view.portions] == [codes[spot] for spot in naive.in_order(other)]
    assert view.reference == naive.reference(other, "KOR@NATO")
    assert view.item_id == naive.item_id(other)
    assert (view.kind, view.document, view.time) == (document.kind, document.document, document.time)


def cuts_of_cuts_are_cuts(document: Document, data: bytes, random: Random) -> None:
    """See that the way to a cut leaves no trace in it."""
    whole = verified(data)
    used = document.used
    for _ in range(4):
        former = {label for label in used if random.random() < 0.7} or set(used)
        latter = {label for label in former if random.random() < 0.6} or former
        directly = cut_to(document, whole, latter)
        assert cut_to(document, verified(cut_to(document, whole, former)), latter) == directly
        # A cut that somebody else made and spelled is the same.
        assert naive.encode(msgspec.json.decode(directly)) == directly


def less_is_less(document: Document, data: bytes) -> None:
    """See that who may see less is given a part of what others are given, and in the same order."""
    whole = verified(data)
    used = document.used
    given = {
        frozenset(chosen): [each.code for each in verified(cut_to(document, whole, chosen)).portions]
        for chosen in worlds.subsets(used)
    }
    for smaller, larger in combinations(sorted(given, key=len), 2):
        if smaller < larger:
            assert given[smaller] == [code for code in given[larger] if code in given[smaller]]


# What a cut must not hold.


def traces(secret: bytes) -> Iterator[bytes]:
    """Give what a secret looks like in bytes: raw, in base64 at every offset, in hexadecimal."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    for offset in range(3):
        spelled = base64.b64encode(bytes(offset) + secret)
        # Characters at the ends depend on the neighbours.
        yield spelled[4 if offset else 0 : -4]


def secrets_of(parsed: Json, chosen: Collection[int]) -> Iterator[bytes]:
    """Give what the layers and seams hold that are not at the places *chosen*."""
    for each in [*parsed["layers"], *parsed["seams"]]:
        if each["place"] not in chosen:
            yield base64.b64decode(each["salt"])
            yield each["salt"].encode()
            yield from words(each["leaf"])


def words(value: Any) -> Iterator[bytes]:
    """Give every string in a value that has a canary in it."""
    if isinstance(value, str) and "canary" in value:
        yield value.encode()
    elif isinstance(value, dict):
        for each in value.values():
            yield from words(each)
    elif isinstance(value, list):
        for each in value:
            yield from words(each)


def nothing_hidden_is_left(
    document: Document, data: bytes, chosen: set[int], *, cutting: Callable[..., bytes] = cut
) -> int:
    """
    Search the cut for everything that the layers and seams outside it hold.

    Returns:
        How many secrets were searched for.
    """
    labels = {worlds.label_of(document.labels[label]) for label in chosen}
    smaller = cutting(verified(data), worlds.keep(labels))
    parsed = naive.parse(data)
    layers = {each["place"] for each in parsed["layers"] if worlds.label_of(each["leaf"]) in labels}
    seams = {each["place"] for each in parsed["seams"] if layers.issuperset(each["leaf"]["layers"])}
    shown = layers | seams
    count = 0
    for secret in secrets_of(parsed, shown):
        for trace in traces(secret):
            assert trace not in smaller, "something hidden is left"
        count += 1
    # Nor is there a hash of a single hidden leaf, unless its sibling is shown: one hash for many
    # leaves is all that a proof has.
    wanted = naive.proof_numbers(parsed["header"]["leaves"], shown)
    assert len(naive.parse(smaller)["proof"]) == len(wanted)
    return count


def canary_document(random: Random, label_count: int = 5) -> Document:
    """A document of which every text and every label has a word of its own."""

    def word() -> str:
        return "canary " + random.randbytes(16).hex()

    labels: list[Json] = []
    for number in range(label_count):
        policy = {"id": f"2.25.{random.getrandbits(100)}", "version": 1, "digest": handmade.b64(bytes(32))}
        category = {"tag": word(), "type": "permissive", "values": [word()]}
        labels.append({"policy": policy, "classification": f"{number} {word()}", "categories": [category]})
    portions: list[tuple[int, Json]] = []
    for number in range(2 * label_count):
        portion: Json = {"type": "text", "text": word(), "source": word(), "caveat": word()}
        portions.append((number % label_count, portion))
        portions.append((random.randrange(label_count), {"type": "title", "text": word()}))
        portions.append((random.randrange(label_count), {"type": "withheld", "reason": word()}))
    full = handmade.closure({*worlds.random_relation(random, len(portions))}, len(portions))
    return Document(labels=tuple(labels), portions=tuple(portions), full=full)


# Two worlds.

World = tuple[Document, set[int]]
"""A document, and the labels in it that the observer may see."""


def given_to_observer(world: World, *, true_hashes: bool, cutting: Callable[..., bytes] = cut) -> bytes:
    """Sign a world's document and cut it for the observer."""
    document, sees = world
    keys = [worlds.key_of(document.labels[label]) for label in sees]
    draws = worlds.ObserverDraws("observer", keys, true_hashes=true_hashes)
    labels = {worlds.label_of(document.labels[label]) for label in sees}
    data = worlds.signed(document, draws)
    whole = worlds.read_whole(data, draws, labels)
    return cutting(whole, worlds.keep(labels))


def worlds_are_one(first: World, second: World, *, cutting: Callable[..., bytes] = cut) -> None:
    """See that an observer cannot tell two worlds apart that differ in what is hidden."""
    one, other = (given_to_observer(each, true_hashes=False, cutting=cutting) for each in (first, second))
    assert one == other
    verified(one)
    one, other = (given_to_observer(each, true_hashes=True, cutting=cutting) for each in (first, second))
    assert len(one) == len(other)
    assert without_hashes(one) == without_hashes(other)
    verified(one)
    verified(other)


def without_hashes(data: bytes) -> Json:
    """Replace what is a hash, or follows from one, by its length."""
    view = naive.parse(data)
    view["header"]["root"] = len(view["header"]["root"])
    view["proof"] = [len(each) for each in view["proof"]]
    view["signature"] = len(view["signature"])
    return view


# Draws.

MakeDraws = Callable[[int], Draws]
"""Draws for the signature of this number."""


def keys(count: int, name: str = "label") -> list[bytes]:
    """Keys of so many layers, and of the seams of every pair."""
    layers = [encode(f"{name} {number}") for number in range(count)]
    return layers + [left + right for left, right in combinations(layers, 2)]


def chi_square(counts: Counter[int], cells: int) -> float:
    """Measure how far counts are from being equal; about *cells* if they only differ by chance."""
    expected = counts.total() / cells
    return sum((counts[cell] - expected) ** 2 / expected for cell in range(cells))


def places_are_uniform(make: MakeDraws, *, rounds: int = 3000) -> None:
    """
    See that the places of two layers in sight tell nothing, be there none or eight more labels.

    With 64 cells chi-square has a mean of 63 and a deviation of 11; 130 is six deviations off.
    """
    for hidden in (0, 8):
        first, second, apart, pair = Counter[int](), Counter[int](), Counter[int](), Counter[int]()
        seen = keys(2)[:2]
        others = [key for key in keys(hidden, "hidden") if key not in seen]
        for number in range(rounds):
            order = [*others, *seen] if number % 2 else [*seen, *others]
            found = dict(zip(order, make(number).leaves(order, 64, 0), strict=True))
            (left, _), (right, _) = (found[key] for key in seen)
            first[left] += 1
            second[right] += 1
            apart[(left - right) % 64 - 1] += 1
            pair[8 * (left // 8) + right // 8] += 1
        assert chi_square(first, 64) < 130
        assert chi_square(second, 64) < 130
        assert chi_square(apart, 63) < 130
        # Two leaves cannot share a place, so eight of the 64 cells have one seventh less.
        diagonal = {9 * cell for cell in range(8)}
        weights = {cell: (7 if cell in diagonal else 8) / 504 for cell in range(64)}
        measured = sum((pair[c] - rounds * weights[c]) ** 2 / (rounds * weights[c]) for c in range(64))
        assert measured < 130


def decoys_look_like_hashes(make: MakeDraws, *, rounds: int = 60) -> None:
    """See that decoys have the size of hashes, never repeat, and have no bit that tells them."""
    decoys: list[Hash] = []
    for number in range(rounds):
        decoys += make(number).decoys(64)
    assert {len(decoy) for decoy in decoys} == {32}
    assert len(set(decoys)) == len(decoys)
    ones = Counter(bit for decoy in decoys for bit in range(256) if decoy[bit // 8] >> bit % 8 & 1)
    # A fair coin thrown n times is off by sqrt(n)/2; seven times that happens to no bit of 256.
    bound = 7 * len(decoys) ** 0.5 / 2
    assert all(abs(ones[bit] - len(decoys) / 2) < bound for bit in range(256))
    counts = Counter(byte for decoy in decoys for byte in decoy)
    assert chi_square(counts, 256) < 256 + 7 * (2 * 256) ** 0.5
    # Neither the first nor the last bytes of two decoys are alike more often than by chance.
    assert len({decoy[:8] for decoy in decoys}) == len({decoy[-8:] for decoy in decoys}) == len(decoys)


def salts_stand_alone(make: MakeDraws) -> None:
    """See that the salt of a label is its own: no other label moves it, and no leaf has the same."""
    for number in range(20):
        alone = make(number).leaves(keys(1), 64, 0)[0][1]
        for others in (keys(3, "other"), keys(9, "other"), keys(2, "third")[::-1]):
            order = [*others, *keys(1)]
            found = make(number).leaves(order, 64, 0)
            assert found[-1][1] == alone
            salts = [salt for _, salt in found]
            assert len(set(salts)) == len(salts)
            assert len({place for place, _ in found}) == len(found)
            assert {len(salt) for salt in salts} == {32}


def nothing_repeats(make: MakeDraws) -> None:
    """See that two signatures have no draw in common."""
    drawn: list[bytes] = []
    for number in range(20):
        draws = make(number)
        drawn += [draws.nonce(), *draws.decoys(64)]
        drawn += [salt for _, salt in draws.leaves(keys(3), 64, 0)]
        drawn += [salt for _, salt in draws.leaves(keys(3), 64, 1)]
    assert len(set(drawn)) == len(drawn)


# What no relay may change.


def mutations(data: bytes) -> Iterator[bytes]:
    """
    Change one thing at every position: each bit, other characters, a byte more or fewer.

    Two neighbours change places too, and the bytes end early or late.
    """
    for position in range(len(data)):
        before, here, after = data[:position], data[position], data[position + 1 :]
        for bit in range(8):
            yield before + bytes([here ^ 1 << bit]) + after
        for other in b'0Az/"} ':
            if other != here:
                yield before + bytes([other]) + after
            yield before + bytes([other, here]) + after
        yield before + after
        yield before
        yield before + bytes([here, here]) + after
        if after and after[0] != here:
            yield before + bytes([after[0], here]) + after[1:]
    for more in (b"\n", b" ", b"\x00", b"}", data):
        yield data + more
        yield more + data


def no_change_passes(data: bytes) -> int:
    """
    See every mutation refused, each with an error of the one family.

    Returns:
        How many there were.
    """
    count = 0
    for mutation in mutations(data):
        assert mutation != data, "no change at all"
        try:
            verify(mutation, cards())
        except LegationError:
            count += 1
        else:
            raise AssertionError(f"a changed view verifies: {mutation!r}")
    return count


def both_agree(data: bytes) -> int:
    """
    See both implementations take *data*, or both refuse it, with the error that the step is due.

    Returns:
        The step that refuses, 0 if it verifies.
    """
    step, found = 0, None
    try:
        naive.verify(data, KNOWN)
    except naive.RefusedViewError as exc:
        step = exc.step
    try:
        verify(data, cards())
    except LegationError as exc:
        found = type(exc)
    assert found is (worlds.error_of(step) if step else None), (step, found)
    return step
