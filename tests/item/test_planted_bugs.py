# SPDX-License-Identifier: Apache-2.0
"""
Bugs that were planted, to see that each is found.

A test that never fails tests nothing. Every one here makes the program wrong in one way and sees the
property fail that is there for it; ``test_properties``, ``test_twin_worlds`` and ``test_draws`` see the
same properties hold. What a bug does to all of an item's readers is found by ``reads_rightly``.
"""

import base64
import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from legation import merkle
from legation.encoding import encode
from legation.errors import LegationError
from legation.item import Contents, Draws, Layer, draws, shape, signing, variants, view
from legation.item.draws import SecretDraws
from legation.item.shape import VIEW
from legation.merkle import Hash
from tests.item import handmade, naive, properties, test_signing, test_twin_worlds, worlds
from tests.item.handmade import b64, seed
from tests.item.properties import World
from tests.item.worlds import secret_draws, verified

FOUND = (AssertionError, LegationError, naive.RefusedViewError)
"""How a property fails: what it asserts does not hold, or an honest view does not verify."""

DOCUMENTS = 150  # a bug that not one of so many documents shows is not found

Patch = pytest.MonkeyPatch


def reads_rightly() -> None:
    """
    What ``test_properties`` does with three thousand documents.
    """
    for number in range(DOCUMENTS):
        document = worlds.random_document(Random(number))
        properties.every_cut_is_right(document, worlds.signed(document))


def is_found(look: Callable[[], object]) -> None:
    """
    See a property fail.
    """
    with pytest.raises(FOUND):
        look()


def pair_of_worlds(number: int) -> tuple[World, World]:
    """
    Two worlds that an observer cannot tell apart; the second has more in it.
    """
    random = Random(number)
    visible = test_twin_worlds.visible_part(random)
    return (
        test_twin_worlds.completed(random, visible, range(2)),
        test_twin_worlds.completed(random, visible, range(5, 7)),
    )


def worlds_stay_one(cutting: Callable[..., bytes] = view.cut) -> None:
    """
    What ``test_twin_worlds`` does with six hundred pairs.
    """
    for number in range(20):
        properties.worlds_are_one(*pair_of_worlds(number), cutting=cutting)


def nothing_is_left(cutting: Callable[..., bytes] = view.cut) -> None:
    """
    What ``test_properties`` does with twenty documents of canaries.
    """
    document = properties.canary_document(Random(1))
    data = worlds.signed(document)
    for chosen in worlds.subsets(document.used):
        properties.nothing_hidden_is_left(document, data, chosen, cutting=cutting)


def attacks() -> Iterator[bytes]:
    """
    Some of the views of ``test_view`` that must be refused.
    """
    document = replace(worlds.a_document(), labels=tuple(worlds.plain_label(n) for n in (0, 2, 4)))
    chain = replace(
        document,
        portions=tuple((n, {"type": "text", "text": f"{n}"}) for n in range(3)),
        full=frozenset({(0, 1), (1, 2)}),
    )
    yield handmade.item(chain)
    layers, seams = handmade.leaves(replace(chain, full=frozenset()))
    ends = [layers[0]["place"], layers[-1]["place"]]
    for each in seams:
        each["leaf"]["order"] = [0, 1, 1] if each["leaf"]["layers"] == ends else [1, 1]
    yield naive.encode(handmade.seal(layers, seams))
    good = naive.parse(handmade.item(worlds.a_document()))
    yield naive.encode(good | {"proof": [*good["proof"], b64(bytes(32))]})
    yield naive.encode(good | {"signature": b64(bytes(64))})
    other = naive.parse(handmade.item(document, nonce=seed("another nonce", 16)))
    yield naive.encode(good | {"layers": [good["layers"][0], other["layers"][1]]})


def every_attack_is_refused() -> None:
    """
    What ``test_view`` does, attack by attack.
    """
    for data in attacks():
        with pytest.raises(LegationError):
            verified(data)


class TestHealthy:
    def test_without_a_bug_everything_holds(self) -> None:
        """
        The same properties, on the program as it is: none of them fails by itself.
        """
        reads_rightly()
        worlds_stay_one()
        nothing_is_left()
        every_attack_is_refused()
        assert len(list(attacks())) == 5


class TestSigning:
    def test_an_order_by_layers_is_found(self, monkeypatch: Patch) -> None:
        """
        Seams say that all of one layer stands before the other: the draft's order is lost.
        """
        monkeypatch.setattr(signing, "_runs", lambda first, second: (len(first), len(second)))
        is_found(reads_rightly)

    def test_an_order_of_the_draft_for_that_of_the_places_is_found(self, monkeypatch: Patch) -> None:
        """
        The lower layer first: by number in the draft and not by place in the tree.
        """
        true = signing._runs
        monkeypatch.setattr(
            signing, "_runs", lambda first, second: true(*sorted((first, second), key=lambda each: each[0]))
        )
        is_found(reads_rightly)

    def test_variants_not_closed_are_found(self, monkeypatch: Patch) -> None:
        """
        Only what was declared is signed.
        """
        monkeypatch.setattr(signing, "close", set)
        is_found(reads_rightly)

    def test_variants_not_closed_that_verify_are_found_too(self, monkeypatch: Patch) -> None:
        """
        Even if verifying had the same bug, a reader would be shown two variants of one thing.
        """
        monkeypatch.setattr(signing, "close", set)
        monkeypatch.setattr(view, "is_closed", lambda pairs: True)
        is_found(reads_rightly)

    def test_variants_closed_one_step_only_are_found(self, monkeypatch: Patch) -> None:
        """
        Chains of three are closed, chains of four are not.
        """

        def close(pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
            more = {(x, w) for x, y in pairs for z, w in pairs if y == z and x != w}
            return {*pairs, *more}

        monkeypatch.setattr(signing, "close", close)
        # The documents are closed before they are signed, so this one is made of a long chain.
        chain = tuple((n % 4, {"type": "text", "text": f"{n}"}) for n in range(6))
        document = handmade.Document(
            labels=tuple(worlds.plain_label(n) for n in range(4)),
            portions=chain,
            full=frozenset((n, n + 1) for n in range(5)),
        )
        is_found(lambda: verified(worlds.signed(document)))
        monkeypatch.undo()
        assert verified(worlds.signed(document)).fuller == handmade.closure(set(document.full), 6)

    def test_a_class_that_tells_the_number_of_labels_is_found(self, monkeypatch: Patch) -> None:
        """
        A larger tree for more than five labels would tell whoever sees one of them.
        """
        monkeypatch.setattr(signing, "LAYERS_MAX", {64: 5, 1024: 44})
        is_found(worlds_stay_one)

    def test_a_field_that_counts_is_found(self, monkeypatch: Patch) -> None:
        """
        A time that is moved by the number of portions says how many there are.
        """
        true = signing._layer

        def layer(draft: Any, group: Any, pairs: Any, document: bytes, time: int) -> Layer:
            return true(draft, group, pairs, document, time // 2 + len(draft.portions))

        monkeypatch.setattr(signing, "_layer", layer)
        is_found(worlds_stay_one)

    def test_codes_that_collide_are_found(self, monkeypatch: Patch) -> None:
        """
        Without drawing again two paragraphs may have one name.
        """

        def draw(groups: object, keys: Sequence[bytes], leaf_count: int, draws: Draws) -> object:
            return draws.leaves(keys, leaf_count, 0)

        monkeypatch.setattr(signing, "_draw", draw)
        document = worlds.a_document()
        data = worlds.signed(document, test_signing.Colliding(bytes(32), bytes(32), b""))
        is_found(lambda: properties.every_cut_is_right(document, data))


class TestCutting:
    def test_a_seam_of_a_withheld_layer_is_found(self) -> None:
        """
        A seam that stays though one of its layers is gone tells how many portions that has.
        """

        def cutting(contents: Contents, keep: Callable[[Layer], bool]) -> bytes:
            left = naive.parse(view.cut(contents, keep))
            places = {each["place"] for each in left["layers"]}
            seams = [
                each for each in naive.parse(contents.data)["seams"] if places & set(each["leaf"]["layers"])
            ]
            return naive.encode(left | {"seams": seams})

        is_found(lambda: worlds_stay_one(cutting))

    def test_a_hash_for_every_hidden_leaf_is_found(self) -> None:
        """
        A proof that does not join what can be joined has as many hashes as there are leaves.
        """

        def cutting(contents: Contents, keep: Callable[[Layer], bool]) -> bytes:
            left = naive.parse(view.cut(contents, keep))
            hidden = len(contents.wire.leaves) - len(left["layers"]) - len(left["seams"])
            return naive.encode(left | {"proof": [*left["proof"], *[b64(bytes(32))] * hidden]})

        is_found(lambda: worlds_stay_one(cutting))
        is_found(lambda: nothing_is_left(cutting))

    def test_a_hidden_salt_is_found(self) -> None:
        """
        A proof with the salts of what is left out would let anybody guess at it.
        """

        def cutting(contents: Contents, keep: Callable[[Layer], bool]) -> bytes:
            left = naive.parse(view.cut(contents, keep))
            salts = [each["salt"] for each in naive.parse(contents.data)["layers"]]
            proof = [*left["proof"][: -len(salts)], *salts]
            return naive.encode(left | {"proof": proof[: len(left["proof"])]})

        with pytest.raises(AssertionError, match="something hidden is left"):
            nothing_is_left(cutting)

    @pytest.mark.parametrize("offset", range(3))
    def test_a_hidden_salt_inside_other_base64_is_found(self, offset: int) -> None:
        """
        A salt that stands in the middle of another field, at any offset, is found in its base64.
        """

        def cutting(contents: Contents, keep: Callable[[Layer], bool]) -> bytes:
            left = view.cut(contents, keep)
            salts = [base64.b64decode(each["salt"]) for each in naive.parse(contents.data)["layers"]]
            return left + b64(bytes(offset) + b"".join(salts)).encode()

        with pytest.raises(AssertionError, match="something hidden is left"):
            nothing_is_left(cutting)

    def test_a_hidden_word_is_found(self) -> None:
        """
        The name of a label in a field of its own would be read by whoever looks.
        """

        def cutting(contents: Contents, keep: Callable[[Layer], bool]) -> bytes:
            left = naive.parse(view.cut(contents, keep))
            left["banner"] = [layer.classification for layer in contents.layers]
            return naive.encode(left)

        with pytest.raises(AssertionError, match="something hidden is left"):
            nothing_is_left(cutting)

    def test_a_cut_that_keeps_too_much_is_found(self, monkeypatch: Patch) -> None:
        """
        One layer more than permitted is not the cut that was asked for.
        """
        true = view.cut

        def cutting(contents: Contents, keep: Callable[[Layer], bool]) -> bytes:
            last = contents.layers[-1]
            return true(contents, lambda layer: keep(layer) or layer is last)

        monkeypatch.setattr(view, "cut", cutting)
        is_found(reads_rightly)


class TestVerifying:
    def test_verifying_without_the_closure_is_found(self, monkeypatch: Patch) -> None:
        """
        A relation that is not closed would verify.
        """
        monkeypatch.setattr(view, "is_closed", lambda pairs: True)
        is_found_by_attack()

    def test_verifying_without_the_ranks_is_found(self, monkeypatch: Patch) -> None:
        """
        Seams that contradict each other would verify, in the order of the layers.
        """

        def order(wire: Any) -> tuple[tuple[int, int], ...]:
            return tuple((n, i) for n, each in enumerate(wire.layers) for i in range(len(each.leaf.portions)))

        monkeypatch.setattr(view, "_total_order", order)
        is_found_by_attack()
        is_found(reads_rightly)

    def test_verifying_without_counting_the_hashes_is_found(self, monkeypatch: Patch) -> None:
        """
        A hash that nothing needs would go with the view.
        """

        def rebuild(size: int, leaves: Any, proof: Sequence[Hash]) -> dict[int, Hash]:
            return merkle.rebuild(size, leaves, proof[: len(naive.proof_numbers(size, leaves))])

        monkeypatch.setattr(view, "rebuild", rebuild)
        is_found_by_attack()

    def test_verifying_without_the_root_is_found(self, monkeypatch: Patch) -> None:
        """
        A layer of another item would pass for one of this.
        """
        true = view._hash_up

        def hash_up(wire: Any) -> dict[int, Hash]:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(view, "rebuild", lambda *given: {1: wire.header.root})
                return true(wire)

        monkeypatch.setattr(view, "_hash_up", hash_up)
        is_found_by_attack()

    def test_verifying_without_the_signature_is_found(self, monkeypatch: Patch) -> None:
        """
        Anybody could be the author.
        """
        monkeypatch.setattr("legation.keys.sign.PublicKey.verify", lambda *given: None)
        is_found_by_attack()

    def test_verifying_without_the_one_spelling_is_found(self, monkeypatch: Patch) -> None:
        """
        Bytes that are decoded and not compared let two spellings of one thing pass.
        """
        monkeypatch.setattr(VIEW.__class__, "decode", VIEW.__class__.decode_unchecked)
        is_found(lambda: properties.no_change_passes(handmade.item(worlds.a_document())))


def is_found_by_attack() -> None:
    """
    See an attack pass that must be refused.
    """
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        every_attack_is_refused()


class TestReading:
    def test_a_tearline_for_a_text_is_found(self, monkeypatch: Patch) -> None:
        """
        Less full for more full.
        """
        true = variants.choose
        monkeypatch.setattr(
            view, "choose", lambda spoken, pairs, preferred: true(spoken, {p[::-1] for p in pairs}, preferred)
        )
        is_found(reads_rightly)

    def test_a_language_before_fullness_is_found(self, monkeypatch: Patch) -> None:
        """
        A reader would be shown less because of a language.
        """

        def choose(spoken: Sequence[str], pairs: Any, preferred: Sequence[str]) -> list[int]:
            both = {*pairs, *(pair[::-1] for pair in pairs)}
            return variants.choose(spoken, both, preferred)

        monkeypatch.setattr(view, "choose", choose)
        is_found(reads_rightly)

    def test_the_last_translation_for_the_first_is_found(self, monkeypatch: Patch) -> None:
        """
        Where no language fits, the original stays.
        """

        def choose(spoken: Sequence[str], pairs: Any, preferred: Sequence[str]) -> list[int]:
            last = len(spoken) - 1
            turned = variants.choose(spoken[::-1], {(last - x, last - y) for x, y in pairs}, preferred)
            return sorted(last - index for index in turned)

        monkeypatch.setattr(view, "choose", choose)
        is_found(reads_rightly)

    def test_codes_by_reading_order_are_found(self, monkeypatch: Patch) -> None:
        """
        A code that counts what a reader sees is another one for every reader.
        """
        monkeypatch.setattr(
            view, "paragraph_numbers", lambda salt, count: [count * 7 + index for index in range(count)]
        )
        is_found(reads_rightly)


class OneStream(SecretDraws):
    """
    Draws from one stream: every leaf moves the draws of those after it.
    """

    def leaves(self, keys: Sequence[bytes], leaf_count: int, attempt: int) -> list[tuple[int, bytes]]:
        """
        Draw in turn.
        """
        found = super().leaves([b"%d" % number for number in range(len(keys))], leaf_count, attempt)
        return list(found)


class OneSaltForTwo(SecretDraws):
    """
    A seam has the salt of its first layer.
    """

    def leaves(self, keys: Sequence[bytes], leaf_count: int, attempt: int) -> list[tuple[int, bytes]]:
        """
        Draw, and use a salt again.
        """
        found = super().leaves(keys, leaf_count, attempt)
        return [*found[:-1], (found[-1][0], found[0][1])]


class InOrder(SecretDraws):
    """
    Places in the order of the labels, one after the other.
    """

    def leaves(self, keys: Sequence[bytes], leaf_count: int, attempt: int) -> list[tuple[int, bytes]]:
        """
        Draw salts only.
        """
        found = super().leaves(keys, leaf_count, attempt)
        return [(place, salt) for place, (_, salt) in enumerate(found)]


class HiddenFirst(SecretDraws):
    """
    Whoever chooses late gets the lowest place that is free.
    """

    def leaves(self, keys: Sequence[bytes], leaf_count: int, attempt: int) -> list[tuple[int, bytes]]:
        """
        Draw the places of the first half.
        """
        found = super().leaves(keys, leaf_count, attempt)
        half = len(found) // 2
        taken = {place for place, _ in found[:half]}
        free = iter([place for place in range(leaf_count) if place not in taken])
        return found[:half] + [(next(free), salt) for _, salt in found[half:]]


class NextToEachOther(SecretDraws):
    """
    A second leaf avoids the half of the tree in which the first one stands.
    """

    def leaves(self, keys: Sequence[bytes], leaf_count: int, attempt: int) -> list[tuple[int, bytes]]:
        """
        Draw, and move the second.
        """
        found = super().leaves(keys, leaf_count, attempt)
        places = {place for place, _ in found}
        (first, _), (second, salt) = found[-2:]
        moved = second ^ 32 if (first ^ second) < 32 and second ^ 32 not in places else second
        return [*found[:-1], (moved, salt)]


class PaleDecoys(SecretDraws):
    """
    Decoys that have a bit which hashes do not have.
    """

    def decoys(self, leaf_count: int) -> list[Hash]:
        """
        Clear one bit.
        """
        return [Hash(bytes([decoy[0] & 0x7F]) + decoy[1:]) for decoy in super().decoys(leaf_count)]


class OneDecoy(SecretDraws):
    """
    The same decoy in every free place.
    """

    def decoys(self, leaf_count: int) -> list[Hash]:
        """
        Draw once.
        """
        return super().decoys(leaf_count)[:1] * leaf_count


class NoDecoys(SecretDraws):
    """
    Empty places are the hash of nothing.
    """

    def decoys(self, leaf_count: int) -> list[Hash]:
        """
        Draw nothing.
        """
        return [Hash(hashlib.sha256(b"\x00%d" % (place % 2)).digest()) for place in range(leaf_count)]


class WithoutFreshness(SecretDraws):
    """
    Everything follows from the secret and the draft: a second signature repeats the first.
    """

    def __init__(self, secret: bytes, fresh: bytes, digest: bytes) -> None:
        super().__init__(secret, bytes(32), digest)


class NonceByTheClock(SecretDraws):
    """
    The nonce is the same for a whole day.
    """

    def nonce(self) -> bytes:
        """
        Draw nothing.
        """
        return bytes(16)


class TestDraws:
    def make(self, kind: type[SecretDraws]) -> properties.MakeDraws:
        """
        Make draws of a kind, for the signature of each number.
        """
        return lambda number: kind(seed("node secret"), seed(f"fresh {number}"), bytes(32))

    @pytest.mark.parametrize("kind", [InOrder, HiddenFirst, NextToEachOther])
    def test_places_that_tell_something_are_found(self, kind: type[SecretDraws]) -> None:
        """
        Places in order, places that are left over, and places that depend on each other.
        """
        is_found(lambda: properties.places_are_uniform(self.make(kind)))

    @pytest.mark.parametrize("kind", [PaleDecoys, OneDecoy, NoDecoys])
    def test_decoys_that_show_are_found(self, kind: type[SecretDraws]) -> None:
        """
        One bit is enough to count the labels of an item.
        """
        is_found(lambda: properties.decoys_look_like_hashes(self.make(kind)))

    @pytest.mark.parametrize("kind", [OneStream, OneSaltForTwo])
    def test_salts_that_hang_together_are_found(self, kind: type[SecretDraws]) -> None:
        """
        One stream for all labels, and one salt for two leaves.
        """
        is_found(lambda: properties.salts_stand_alone(self.make(kind)))

    @pytest.mark.parametrize("kind", [WithoutFreshness, NonceByTheClock, OneDecoy])
    def test_draws_that_repeat_are_found(self, kind: type[SecretDraws]) -> None:
        """
        What is the same in two items joins them, or tells which hashes are decoys.
        """
        is_found(lambda: properties.nothing_repeats(self.make(kind)))

    def test_modulo_bias_is_found(self, monkeypatch: Patch) -> None:
        """
        A place that is a byte modulo 48 is not anywhere.
        """

        def first_free(drawn: bytes, leaf_count: int, taken: Collection[int]) -> int | None:
            wishes = (each % 48 for each in drawn[32:])
            return next((place for place in wishes if place not in taken), None)

        monkeypatch.setattr(draws, "first_free", first_free)
        is_found(lambda: properties.places_are_uniform(secret_draws))

    def test_draws_that_follow_the_draft_are_found_between_worlds(self, monkeypatch: Patch) -> None:
        """
        A harness whose visible salts hang on what is hidden would not call two worlds one.
        """
        true = worlds.ObserverDraws.leaves

        def leaves(
            self: worlds.ObserverDraws, keys: Sequence[bytes], leaf_count: int, attempt: int
        ) -> list[tuple[int, bytes]]:
            return true(self, keys, leaf_count, attempt + 8 * len(keys))

        monkeypatch.setattr(worlds.ObserverDraws, "leaves", leaves)
        is_found(worlds_stay_one)


class TestHashing:
    def test_a_leaf_without_its_salt_is_found(self, monkeypatch: Patch) -> None:
        """
        What is hashed without a salt can be guessed: the other reader hashes something else.
        """

        def entry(nonce: bytes, place: int, salt: bytes, leaf: bytes) -> bytes:
            return shape.leaf_entry(nonce, place, bytes(32), leaf)

        monkeypatch.setattr(view, "leaf_entry", entry)
        monkeypatch.setattr(signing, "leaf_entry", entry)
        is_found(reads_rightly)

    def test_a_leaf_without_its_place_is_found(self, monkeypatch: Patch) -> None:
        """
        Both sides of the program agree, and still the specification's other reader refuses.
        """

        def entry(nonce: bytes, place: int, salt: bytes, leaf: bytes) -> bytes:
            return shape.leaf_entry(nonce, 0, salt, leaf)

        monkeypatch.setattr(view, "leaf_entry", entry)
        monkeypatch.setattr(signing, "leaf_entry", entry)
        is_found(reads_rightly)

    def test_another_spelling_of_json_is_found(self, monkeypatch: Patch) -> None:
        """
        A program that encodes its leaves in its own way agrees with itself alone.
        """

        def spelled(value: object) -> bytes:
            return encode(value).replace(b":", b": ")

        monkeypatch.setattr(view, "encode", spelled)
        monkeypatch.setattr(signing, "encode", spelled)
        is_found(reads_rightly)
