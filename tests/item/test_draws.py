# SPDX-License-Identifier: Apache-2.0

import hashlib
import hmac
from collections import Counter
from random import Random

import pytest

from legation.item.draws import SALT_SIZE_BYTES, SecretDraws, first_free
from legation.merkle import Hash, leaf_hash
from tests.item import properties, worlds
from tests.item.handmade import seed
from tests.item.worlds import secret_draws


class TestSecretDraws:
    def test_places_in_sight_tell_nothing_of_the_others(self) -> None:
        """
        Two leaves are as likely at any two places, with no other leaf and with fifty-three.
        """
        properties.places_are_uniform(secret_draws)

    def test_the_last_of_a_full_tree_is_anywhere(self) -> None:
        """
        Even the leaf that chooses after 54 others is equally likely at every place.
        """
        counts = Counter(secret_draws(n).leaves(properties.keys(10), 64, 0)[-1][0] for n in range(1500))
        assert properties.chi_square(counts, 64) < 130

    def test_places_in_a_large_tree_are_uniform(self) -> None:
        """
        In 1,024 leaves as in 64.
        """
        counts = Counter[int]()
        for number in range(3000):
            counts.update(
                place // 16 for place, _ in secret_draws(number).leaves(properties.keys(2), 1024, 0)
            )
        assert properties.chi_square(counts, 64) < 130

    def test_decoys_look_like_hashes(self) -> None:
        """
        No bit and no byte of a decoy has a preference, and none comes twice.
        """
        properties.decoys_look_like_hashes(secret_draws)

    def test_hashes_of_leaves_pass_the_same_test(self) -> None:
        """
        What decoys are measured by does not refuse what they are to be mistaken for.
        """

        class Hashes(SecretDraws):
            def decoys(self, leaf_count: int) -> list[Hash]:
                return [leaf_hash(decoy) for decoy in super().decoys(leaf_count)]

        properties.decoys_look_like_hashes(lambda n: Hashes(seed("secret"), seed(f"fresh {n}"), bytes(32)))

    def test_a_salt_is_not_moved_by_other_labels(self) -> None:
        """
        Whatever else is in an item, and in which order, a label has the salt that it has alone.
        """
        properties.salts_stand_alone(secret_draws)

    def test_two_signatures_have_no_draw_in_common(self) -> None:
        """
        Fresh randomness changes the nonce, every salt and every decoy.
        """
        properties.nothing_repeats(secret_draws)

    def test_a_cloned_generator_repeats_nothing_for_another_draft(self) -> None:
        """
        The same fresh randomness gives another draft other draws.
        """
        properties.nothing_repeats(lambda number: secret_draws(0, seed(f"draft {number}")))

    def test_a_leaked_generator_gives_nothing_away(self) -> None:
        """
        Who knows fresh randomness and draft, but not the node's secret, knows no draw.
        """
        properties.nothing_repeats(
            lambda number: SecretDraws(seed(f"secret {number}"), seed("fresh"), seed("draft"))
        )

    def test_a_salt_tells_no_place_and_no_other_salt(self) -> None:
        """
        Salts that begin alike would show that draws follow from one another.
        """
        salts = [salt for _, salt in secret_draws().leaves(properties.keys(10), 64, 0)]
        assert len({salt[:4] for salt in salts}) == len({salt[-4:] for salt in salts}) == 55

    def test_every_attempt_draws_anew(self) -> None:
        """
        After a collision of paragraph codes places and salts are others.
        """
        former, latter = (secret_draws().leaves(properties.keys(4), 64, attempt) for attempt in (0, 1))
        assert not {salt for _, salt in former} & {salt for _, salt in latter}
        assert [place for place, _ in former] != [place for place, _ in latter]

    def test_the_fullest_item_of_a_class_finds_its_places(self) -> None:
        """
        55 leaves in 64 and 990 in 1,024 each have a place of their own, also where wishes run out.
        """
        for labels, leaf_count in ((10, 64), (44, 1024)):
            for number in range(5):
                found = secret_draws(number).leaves(properties.keys(labels), leaf_count, 0)
                places = {place for place, _ in found}
                assert len(places) == len(found) == labels * (labels + 1) // 2
                assert all(0 <= place < leaf_count for place in places)

    def test_a_leaf_is_hashed_as_it_is(self) -> None:
        """
        A node's leaf hash is that of RFC 9162, whatever the key.
        """
        assert secret_draws().leaf_hash(b"key", b"entry") == leaf_hash(b"entry")

    @pytest.mark.parametrize("sizes", [(31, 32), (32, 31), (0, 32), (33, 32)])
    def test_short_secrets_are_a_mistake(self, sizes: tuple[int, int]) -> None:
        """
        Secret and fresh randomness have 32 bytes each, or the program is wrong.
        """
        with pytest.raises(TypeError, match="32 bytes"):
            SecretDraws(bytes(sizes[0]), bytes(sizes[1]), b"")


class TestFirstFree:
    def test_the_first_wish_is_granted_if_it_is_free(self) -> None:
        """
        Wishes are two bytes each, after the salt, and their low bits count.
        """
        wishes = bytes(SALT_SIZE_BYTES) + bytes([0xFF, 0xC3, 0x00, 0x05])
        assert first_free(wishes, 64, set()) == 3
        assert first_free(wishes, 64, {3}) == 5
        assert first_free(wishes, 1024, set()) == 0x3C3

    def test_no_place_is_found_where_all_wishes_are_taken(self) -> None:
        """
        Then the caller draws more of them.
        """
        assert first_free(bytes(SALT_SIZE_BYTES) + bytes(4), 64, {0}) is None
        assert first_free(bytes(SALT_SIZE_BYTES), 64, set()) is None


class TestObserverDraws:
    def test_the_harness_draws_like_a_node(self) -> None:
        """
        The draws of two worlds pass what the draws of a node pass, so that they stand for them.
        """
        seen = properties.keys(2)[:2]

        def make(number: int) -> worlds.ObserverDraws:
            return worlds.ObserverDraws(f"observer {number}", seen)

        properties.places_are_uniform(make, rounds=1500)
        properties.decoys_look_like_hashes(make)
        properties.salts_stand_alone(make)

    def test_the_fullest_item_finds_its_places(self) -> None:
        """
        Also where wishes run out.
        """
        found = worlds.ObserverDraws("observer", properties.keys(44)[:3]).leaves(properties.keys(44), 1024, 0)
        assert len({place for place, _ in found}) == 990

    def test_a_hidden_collision_moves_nothing_in_sight(self) -> None:
        """
        Hidden leaves draw anew at each attempt, visible ones at every eighth.
        """
        keys = properties.keys(3)
        draws = worlds.ObserverDraws("observer", keys[:1])
        former, latter, last = (draws.leaves(keys, 64, attempt) for attempt in (0, 7, 8))
        assert former[0] == latter[0] != last[0]
        assert former[1][1] != latter[1][1]

    def test_an_item_of_twins_is_no_item(self) -> None:
        """
        With drawn hashes the whole does not verify, for they are not its own: only cuts do.
        """
        document = worlds.a_document()
        keys = [worlds.key_of(document.labels[0])]
        worlds.refused(worlds.signed(document, worlds.ObserverDraws("observer", keys)), step=7)
        true = worlds.ObserverDraws("observer", keys, true_hashes=True)
        assert worlds.verified(worlds.signed(document, true)).order

    def test_both_signers_agree_on_its_draws(self) -> None:
        """
        The other signer gives the same bytes with true hashes.
        """
        for number in range(30):
            document = worlds.random_document(Random(number))
            keys = [worlds.key_of(document.labels[document.used[0]])]
            draws = worlds.ObserverDraws(f"observer {number}", keys, true_hashes=True)
            assert worlds.by_hand(document, draws) == worlds.signed(document, draws)


class TestSpecification:
    def test_draws_are_those_of_the_specification(self) -> None:
        """
        One HMAC makes the seed: this is the place that would notice another construction.
        """
        key, fresh, digest = seed("node secret"), seed("fresh 0"), bytes(32)
        drawn = hmac.digest(key, b"legation/draws/v1\n" + fresh + digest, "sha256")
        assert secret_draws().nonce() == hashlib.shake_256(drawn + b"nonce\n").digest(16)
