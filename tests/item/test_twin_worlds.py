# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.errors import RefusedError
from legation.item.view import cut
from tests.item import handmade, properties, worlds
from tests.item.handmade import Document, Json
from tests.item.properties import World
from tests.item.worlds import SEARCH, examples, verified


def visible_part(random: Random) -> Document:
    """
    What the observer sees of both worlds.
    """
    return worlds.random_document(random, labels_max=3, portions_max=6)


def hidden_portion(random: Random) -> Json:
    """
    Short or long, of any type.
    """
    if random.random() < 0.5:
        return worlds.random_portion(random, random.randrange(100))
    return {
        "type": "text",
        "text": "hidden" * random.choice([1, 9, 200]),
        "caveat": "x" * random.randint(1, 99),
    }


def completed(random: Random, visible: Document, label_counts: range) -> World:
    """
    Hide so many more labels among the visible part, with any number of portions.

    The hidden portions stand anywhere and for anything, as long as the relation between the visible
    ones stays what it is: that relation is content, and the observer sees it.
    """
    label_count = random.choice(label_counts)
    hidden = range(len(visible.labels), len(visible.labels) + label_count)
    numbers = random.sample(range(6, 400), label_count)
    labels = (*visible.labels, *map(worlds.plain_label, numbers))
    # Every hidden label has one portion at least, or it would not be there.
    under = [*hidden, *(random.choice(hidden) for _ in range(random.randrange(8) if hidden else 0))]
    random.shuffle(under)
    portions: list[tuple[int, Json]] = []
    places: list[int] = []
    left = list(visible.portions)
    while under or left:
        if random.randrange(len(under) + len(left)) < len(under):
            portions.append((under.pop(), hidden_portion(random)))
        else:
            places.append(len(portions))
            portions.append(left.pop(0))
    document = replace(
        visible,
        labels=labels,
        portions=tuple(portions),
        declared=None,
        full=related(
            random, frozenset((places[x], places[y]) for x, y in visible.full), places, len(portions)
        ),
    )
    return document, set(visible.used)


def related(
    random: Random, kept: frozenset[tuple[int, int]], visible: list[int], count: int
) -> frozenset[tuple[int, int]]:
    """
    Add pairs to a closed relation, none of which follows between two visible portions.
    """
    full = kept
    for _ in range(random.randrange(6)):
        pair = (random.randrange(count), random.randrange(count))
        more = handmade.closure({*full, pair}, count)
        if {pair for pair in more if {*pair} <= set(visible)} == kept:
            full = more
    return full


class TestTwoWorlds:
    @examples(600)
    @given(st.randoms(use_true_random=False))
    def test_a_cut_depends_only_on_what_it_shows(self, random: Random) -> None:
        """
        Two worlds that differ in what is hidden give one cut: the same bytes, or all but the hashes.

        What is hidden differs in number, place, size, labels, text, and in what stands for what.
        """
        visible = visible_part(random)
        first, second = (completed(random, visible, range(7)) for _ in range(2))
        properties.worlds_are_one(first, second)

    @examples(12)
    @given(st.randoms(use_true_random=False))
    def test_a_cut_of_a_large_tree_depends_only_on_what_it_shows(self, random: Random) -> None:
        """
        The same in a tree of 1,024 leaves, if both worlds need one.
        """
        visible = visible_part(random)
        first, second = (completed(random, visible, range(11, 15)) for _ in range(2))
        properties.worlds_are_one(first, second)

    def test_nothing_hidden_is_a_world_too(self) -> None:
        """
        A cut does not tell whether anything was left out of it.
        """
        for number in range(100 * SEARCH):
            random = Random(number)
            visible = visible_part(random)
            first = completed(random, visible, range(1))
            second = completed(random, visible, range(7, 8))
            assert len(first[0].portions) == len(visible.portions)
            properties.worlds_are_one(first, second)

    def test_a_cut_of_a_cut_depends_only_on_what_it_shows(self) -> None:
        """
        What a relay cuts from a larger cut tells no more than what the author cuts.
        """
        for number in range(60 * SEARCH):
            random = Random(number)
            visible = visible_part(random)
            given_ = [
                properties.given_to_observer(completed(random, visible, range(7)), true_hashes=False)
                for _ in range(2)
            ]
            first = worlds.label_of(visible.labels[visible.used[0]])
            smaller = [cut(verified(each), worlds.keep({first})) for each in given_]
            assert smaller[0] == smaller[1]

    def test_an_observer_who_sees_nothing_is_given_nothing(self) -> None:
        """
        Where no layer is visible there is no cut, whatever there is.
        """
        for number in range(20):
            random = Random(number)
            document, _ = completed(random, visible_part(random), range(3))
            with pytest.raises(RefusedError, match="nothing of the item may be shown"):
                cut(verified(worlds.signed(document)), lambda layer: False)
