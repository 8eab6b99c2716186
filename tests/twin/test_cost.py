# SPDX-License-Identifier: Apache-2.0
"""
What is hidden costs an observer no work of the store, or only within a bound that is stated here.

Compared are the steps of the virtual machine, statement by statement (``meter``).
"""

from collections.abc import Callable, Sequence

import pytest

from legation.store.sqlite import deliveries, inbox
from legation.store.sqlite import items as stored_items
from legation.store.sqlite.database import Reading
from tests.twin import cast
from tests.twin.handmade import AUTHOR, PEER, READERS, Story, hidden, of_peer, of_readers, report
from tests.twin.meter import Meter, Statement, metered, steps_of
from tests.twin.pairs import Act, Pair, act, peer_pair, reader_pair
from tests.twin.world import World

LATER = 20_000  # seconds after noon, when every story is over
MANY = 25
STEPS_FOR_A_LABEL = 9  # of the rules: every label that the node knows is read once
STEPS_FOR_A_PEER = 150  # of the rules: its row, its card, its grants
STEPS_FOR_AN_ITEM = (
    25  # that is looked for by its name and found, twice: what is held, and what was destroyed
)
STEPS_FOR_A_LAYER = 10  # of that item, until one is found that may be seen, or none


def measured(
    pair: Pair, ask: Callable[[World], object], office: str, *, warm: bool = True
) -> tuple[list[Statement], list[Statement]]:
    """
    What an act costs in each of two worlds, after all that happened in it.
    """
    found = []
    with metered() as meter:
        for number in (0, 1):
            with pair.world(number) as world:
                for step in pair.sides[number].steps:
                    step.play(world)
                with world.moments.moment("warm", LATER):
                    if warm:
                        ask(world)
                with world.moments.moment("measured", LATER + 1):
                    found.append(_cost(meter, world, ask, office))
    return found[0], found[1]


def _cost(meter: Meter, world: World, ask: Callable[[World], object], office: str) -> list[Statement]:
    meter.read(office)
    ask(world)
    return meter.read(office)


def pull_once(world: World) -> None:
    """
    A pull of the peer, to which there is nothing new.
    """
    world.pull(PEER, AUTHOR, 1)


def read_inbox(world: World) -> None:
    """
    The inbox, as the mission's people read it.
    """
    world.command(READERS, "inbox")


def show(item: str) -> Callable[[World], object]:
    """
    An item that the mission's people ask for.
    """
    return lambda world: world.command(READERS, "show", item)


def much_for_others(count: int) -> Story:
    """
    Many items that are not for the peer, also some that are withheld from it, and changes of the rules.
    """
    more: list[Act] = []
    for number in range(count):
        to = (PEER, "JPN@NATO", "EU")[number % 3]
        more.append(
            hidden("release", AUTHOR, report(f"(S//REL KOR, JPN) Zq7hidden {number}.", to=to), f"{number}")
        )
    grants = [hidden("grant", AUTHOR, "JPN@NATO", cast.cleared("JPN@NATO", level)) for level in "LCS"[:count]]
    seen = act("release", AUTHOR, report("(O) Seen.", to=PEER), "seen")
    begin = (hidden("pin", AUTHOR, "JPN@NATO", "S"),) if count else ()
    return (*begin, seen, *more, *grants, act("pull", PEER, AUTHOR))


def much_for_the_node(count: int) -> Story:
    """
    Many items that come to the node, under three labels that its readers do not see.
    """
    labels = ("(C//REL KOR, JPN)", "(S//REL KOR, JPN)", "(C//REL KOR, JPN, NATO)")
    text = report(*[f"{mark} Zq7hidden." for mark in labels], to=READERS)
    return (
        act("release", AUTHOR, report("(O) Seen.", to=READERS), "seen"),
        *[hidden("release", AUTHOR, text.replace("hidden", f"hidden {n}"), f"{n}") for n in range(count)],
        act("pull", READERS, AUTHOR),
    )


class TestPull:
    @pytest.mark.parametrize("number", range(4))
    def test_a_pull_with_nothing_new_costs_the_same(self, number: int) -> None:
        """
        In two worlds that differ in all that is hidden the same statements run, each with the same steps.
        """
        first, second = measured(peer_pair(number), pull_once, AUTHOR)
        assert first == second
        assert 0 < steps_of(first) < 200

    def test_it_costs_the_same_however_much_others_are_sent(self) -> None:
        """
        Nothing besides, or many items, some of them withheld from this very peer.
        """
        pair = of_peer("much for others", much_for_others(0), much_for_others(MANY))
        first, second = measured(pair, pull_once, AUTHOR)
        assert first == second

    def test_a_pull_that_goes_through_deliveries_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Planted: what waits is searched for among all that was ever released.
        """

        def has_waiting(db: Reading, office: str) -> bool:
            query = "SELECT 1 FROM delivery WHERE +office = ? AND +state = 'waiting' LIMIT 1"
            return db.one(query, (office,)) is not None

        monkeypatch.setattr(deliveries, "has_waiting", has_waiting)
        pair = of_peer("much for others", much_for_others(0), much_for_others(MANY))
        first, second = measured(pair, pull_once, AUTHOR)
        assert first != second


class TestInbox:
    def test_the_inbox_costs_the_same_however_much_is_hidden(self) -> None:
        """
        One hidden item or many under the same labels: the same statements, each with the same steps.
        """
        pair = of_readers("much for the node", much_for_the_node(1), much_for_the_node(MANY))
        first, second = measured(pair, read_inbox, READERS)
        assert first == second

    def test_a_label_that_is_hidden_costs_a_few_steps_of_the_rules(self) -> None:
        """
        The rules are read anew by each command, with every label that the node knows; nothing else does.
        """
        pair = of_readers("a label more", much_for_the_node(0), much_for_the_node(1))
        first, second = measured(pair, read_inbox, READERS)
        assert steps_of(second) - steps_of(first) <= 3 * STEPS_FOR_A_LABEL
        others = [
            (one.steps, other.steps)
            for one, other in zip(first, second, strict=True)
            if "FROM access" not in one.sql
        ]
        # A search ends at the end of a table, or one step later at a row that is not for this reader; there
        # are three: for layers, for other versions, and for the entries that a view came by.
        assert all(abs(one - other) <= 3 for one, other in others)

    @pytest.mark.parametrize("number", range(2))
    def test_a_peer_that_is_hidden_costs_a_few_steps_of_the_rules(self, number: int) -> None:
        """
        In random worlds the difference is that of labels, peers, and views that show the readers the same.
        """
        first, second = measured(reader_pair(number), read_inbox, READERS)
        assert abs(steps_of(first) - steps_of(second)) <= 10 * STEPS_FOR_A_LABEL + 2 * STEPS_FOR_A_PEER

    def test_an_inbox_that_goes_through_all_rows_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Planted: every row is looked at, and then whether its reader may see it.
        """
        joined = "FROM temp.allowed CROSS JOIN inbox_layer USING (access_id)"
        assert joined in inbox._ROWS
        other = "FROM inbox_layer CROSS JOIN temp.allowed USING (access_id)"
        monkeypatch.setattr(inbox, "_ROWS", inbox._ROWS.replace(joined, other))
        pair = of_readers("much for the node", much_for_the_node(1), much_for_the_node(MANY))
        first, second = measured(pair, read_inbox, READERS)
        assert first != second


class TestShow:
    def costs(self, count: int) -> tuple[int, list[int]]:
        """
        What it costs to ask for an item that is not there, and for each that is there and may not be seen.
        """
        pair = of_readers("what may not be seen", much_for_the_node(count), much_for_the_node(count))
        with metered() as meter, pair.world(0) as world:
            for step in pair.sides[0].steps:
                step.play(world)
            with world.moments.moment("measured", LATER):
                forbidden = [item.hex() for name, item in world.released.items() if name != "seen"]
                asked = ["0" * 64, *forbidden]
                world.command(READERS, "show", asked[0])
                missing, *others = (steps_of(_cost(meter, world, show(item), READERS)) for item in asked)
        return missing, others

    def test_what_may_not_be_seen_costs_little_more_than_what_is_missing(self) -> None:
        """
        That one item is looked at, by whoever has its id already; not one step for any other.

        Why not the same: its layers are looked through before it can be said that none may be seen. A
        query that begins with the reader would cost more the more the reader may see.
        """
        missing, (one,) = self.costs(1)
        also_missing, many = self.costs(MANY)
        assert missing == also_missing
        for cost in (one, *many):
            assert 0 <= cost - missing <= STEPS_FOR_AN_ITEM + 3 * STEPS_FOR_A_LAYER

    def test_a_search_through_all_items_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Planted: an item is searched for among all.
        """
        query = stored_items._FIND_BY_ID.replace("item_id BETWEEN", "+item_id BETWEEN")
        monkeypatch.setattr(stored_items, "_FIND_BY_ID", query)
        assert self.costs(1)[0] != self.costs(MANY)[0]


def sizes(pair: Pair, between: Sequence[str]) -> list[list[int]]:
    """
    The sizes of all that crossed between two offices, as whoever sits on the line counts them.
    """
    found = []
    for number in (0, 1):
        with pair.world(number) as world:
            world.watched = between[0]
            for step in pair.sides[number].steps:
                step.play(world)
            surfaces = ("envelope from the peer", "envelope to the peer", "part of an answer")
            found.append([len(each.data) for each in world.sights if each.surface in surfaces])
    return found


def small_or_large(*texts: str) -> Story:
    """
    Items of another office, whose line is watched.
    """
    releases = [
        hidden("release", AUTHOR, report(f"(C//REL KOR, JPN) {text}", to=READERS), text[:9]) for text in texts
    ]
    return (*releases, act("pull", READERS, AUTHOR))


class TestLine:
    def test_sizes_on_a_line_do_not_tell_what_crossed(self) -> None:
        """
        One short item, or several longer ones: up to 64 KiB in an answer they have one size.
        """
        long = ["first " * 900, "second " * 900, "third"]
        pair = of_readers("on the line", small_or_large("short"), small_or_large(*long))
        first, second = sizes(pair, (READERS, AUTHOR))
        assert first == second
        assert len(first) > 4

    def test_an_envelope_that_is_not_padded_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Planted: an envelope is as long as what it says.
        """
        monkeypatch.setattr("legation.exchange.envelope.padded_size", lambda size_bytes: size_bytes)
        pair = of_readers("on the line", small_or_large("short"), small_or_large("long " * 900))
        first, second = sizes(pair, (READERS, AUTHOR))
        assert first != second
