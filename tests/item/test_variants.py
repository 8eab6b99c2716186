# SPDX-License-Identifier: Apache-2.0

from itertools import product
from random import Random
from time import process_time

import pytest

from legation.errors import MalformedError
from legation.item.variants import PAIRS_MAX, choose, close, is_closed
from tests.item import handmade
from tests.item.handmade import Document
from tests.item.worlds import SEARCH

Pairs = set[tuple[int, int]]


def all_relations(count: int) -> list[Pairs]:
    """
    List every relation between so many portions.
    """
    pairs = [(x, y) for x, y in product(range(count), repeat=2) if x != y]
    return [
        {pair for pair, bit in zip(pairs, bits, strict=True) if bit}
        for bits in product([False, True], repeat=len(pairs))
    ]


class TestClose:
    def test_every_small_relation_is_closed_rightly(self) -> None:
        """
        All 4,096 relations between four portions, held against Warshall's algorithm.
        """
        for pairs in all_relations(4):
            closed = close(pairs)
            assert closed == handmade.closure(pairs, 4)
            assert is_closed(closed)
            assert is_closed(pairs) is (closed == pairs)

    def test_random_relations_are_closed_rightly(self) -> None:
        """
        Larger ones too, with chains and rings.
        """
        for number in range(200 * SEARCH):
            random = Random(number)
            count = random.randint(5, 14)
            pairs = {(random.randrange(count), random.randrange(count)) for _ in range(random.randrange(25))}
            closed = close(pairs)
            assert closed == handmade.closure(pairs, count)
            assert is_closed(closed)
            loose = {pair for pair in pairs if pair[0] != pair[1]}
            assert is_closed(loose) is (close(loose) == loose)

    def test_nothing_is_closed(self) -> None:
        """
        Most items have no variants at all.
        """
        assert close([]) == set()
        assert is_closed(set())

    def test_a_relation_that_grows_too_large_is_refused(self) -> None:
        """
        Five hundred translations of one text would be 249,500 pairs.
        """
        ring = [(x, (x + 1) % 500) for x in range(500)]
        with pytest.raises(MalformedError, match=f"at most {PAIRS_MAX} pairs"):
            close(ring)

    def test_a_long_chain_is_refused_before_it_fills_the_memory(self) -> None:
        """
        Twenty thousand tearlines of one another would be 200 million pairs.
        """
        with pytest.raises(MalformedError):
            close((x, x + 1) for x in range(20_000))

    def test_the_largest_relation_is_looked_at_in_time(self) -> None:
        """
        A hostile view that relates hundreds of portions all with each other costs no more than others.
        """
        pairs = {(x, y) for x, y in product(range(447), repeat=2) if x != y}
        assert len(pairs) <= PAIRS_MAX
        start = process_time()
        assert is_closed(pairs)
        assert process_time() - start < 2, "a walk from each portion takes longer"


class TestChoose:
    def test_every_small_relation_is_chosen_from_rightly(self) -> None:
        """
        All closed relations between four portions in two languages, held against the naive choice.
        """
        spoken = ("en", "ko", "", "ko")
        portions = tuple(
            (0, {"type": "text", "text": "x", **({"language": each} if each else {})}) for each in spoken
        )
        for pairs in all_relations(4):
            if is_closed(pairs):
                document = Document(labels=(), portions=portions, full=frozenset(pairs))
                for preferred in ((), ("ko",), ("fr", "ko", "en")):
                    assert choose(spoken, pairs, preferred) == handmade.shown(document, {0}, preferred)

    def test_the_fullest_variant_is_shown(self) -> None:
        """
        A text hides its tearline, and the withheld line of both.
        """
        assert choose(["", "", ""], {(0, 1), (0, 2), (1, 2)}, []) == [0]

    def test_a_fuller_variant_may_come_later(self) -> None:
        """
        Order of reading and fullness are two things.
        """
        assert choose(["", "", ""], {(2, 0)}, []) == [1, 2]

    def test_two_tearlines_of_one_text_are_both_shown(self) -> None:
        """
        Where nothing says which of two is fuller, both stay.
        """
        assert choose(["", ""], set(), []) == [0, 1]

    def test_the_readers_language_is_chosen(self) -> None:
        """
        Of translations the reader's best language; where none fits, the first as it was written.
        """
        both = {(0, 1), (1, 0)}
        assert choose(["ko", "en"], both, ["en"]) == [1]
        assert choose(["ko", "en"], both, ["fr", "ko", "en"]) == [0]
        assert choose(["ko", "en"], both, ["fr"]) == [0]
        assert choose(["ko", "en"], both, []) == [0]

    def test_a_fuller_text_in_a_foreign_language_comes_before_a_lesser_one(self) -> None:
        """
        First the fullest, then the language: a reader is not shown less because of a language.
        """
        assert choose(["ko", "en"], {(0, 1)}, ["en"]) == [0]
