# SPDX-License-Identifier: Apache-2.0
"""
That the state tables are the program, the tests and the drawings: every cell is met, in a real node.

Every cell of the deliveries is met in ``tests/release/test_delivery.py`` and, in the store, in
``tests/store/test_deliveries.py``.
"""

from collections.abc import Callable
from contextlib import suppress
from itertools import product
from pathlib import Path

import pytest

from legation.errors import LegationError, RefusedError
from legation.exchange import ACTIONS, Action, Answer, Standing
from legation.exchange.link import LINKS, LinkEvent, LinkState, link_after
from legation.node.peers.stopping import exclude_peer, pause_peer, resume_peer
from legation.node.streams.incarnations import notice
from legation.node.streams.receipting import stop
from legation.node.streams.restoring import declare
from legation.release.delivery import DeliveryEvent, DeliveryState
from tests.federation import states
from tests.federation.attacker import position, pull
from tests.federation.stage import AUS, Stage, mark
from tests.node.pair import FIRST, SECOND, Node, unchanged

DOCS = Path(__file__).parents[2] / "docs"


class TestDrawn:
    def test_the_tables_in_the_documents_are_those_of_the_program(self) -> None:
        """
        ``make docs`` draws them anew.
        """
        page = (DOCS / "states.md").read_text()
        for name, text in states.tables().items():
            shown = page.split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0]
            assert shown == f"{text}\n", "run: make docs"

    def test_the_drawings_are_those_of_the_program(self) -> None:
        """
        ``make docs`` draws them anew.
        """
        drawn = {path.name: path.read_text() for path in (DOCS / "states").glob("*.svg")}
        assert drawn == states.drawings(), "run: make docs"

    @pytest.mark.parametrize("name", ["deliveries.svg", "links.svg"])
    def test_a_drawing_has_every_state_and_every_event(self, name: str) -> None:
        """
        What is in the table is on the drawing, and nobody needs to see it to read it.
        """
        shown = states.drawings()[name]
        words = [*DeliveryState, *DeliveryEvent] if name == "deliveries.svg" else [*LinkState, *LinkEvent]
        assert [word.value for word in words if word.value not in shown] == []
        assert "<title>" in shown
        assert "<desc>" in shown


class TestLinks:
    @pytest.mark.parametrize(("state", "event"), list(product(LinkState, LinkEvent)))
    def test_every_event_meets_a_link_as_the_table_says(
        self, stage: Stage, state: LinkState, event: LinkEvent
    ) -> None:
        """
        What is in the table happens and is logged; what is not is refused, and changes nothing.
        """
        node = stage.jpn
        bring(stage, state)
        assert node.peer(AUS).link == state
        after = link_after(state, event)
        if after is None:
            with unchanged(node), pytest.raises(RefusedError, match=state.value):
                EVENTS[event](stage)
        else:
            EVENTS[event](stage)
        assert node.peer(AUS).link == (after or state)
        assert node.peer(stage.kor).link == "active"
        assert node.faults() == ()

    def test_nothing_but_the_table_changes_a_link(self) -> None:
        """
        Each state is left by some event and reached by some, and only persons let a link go on.
        """
        moved = {(before, event, after) for (before, event), after in LINKS.items() if before is not after}
        assert {before for before, _, _ in moved} == set(LinkState)
        assert {after for _, _, after in moved} == set(LinkState)
        goes_on = {event for _, event, after in moved if after is LinkState.ACTIVE}
        assert goes_on == {LinkEvent.RESUME, LinkEvent.ADMIT}


def by_two(act: Callable[..., object]) -> Callable[[Stage], None]:
    """An act that takes two persons."""

    def acts(stage: Stage) -> None:
        for by in (FIRST, SECOND):
            act(AUS, by=by, database=stage.jpn.database, around=stage.jpn.around)

    return acts


def by_one(act: Callable[..., object]) -> Callable[[Stage], None]:
    """An act of one person."""

    def acts(stage: Stage) -> None:
        act(AUS, by=FIRST, database=stage.jpn.database, around=stage.jpn.around)

    return acts


def forks(stage: Stage) -> None:
    """Two histories were shown."""
    node = stage.jpn
    theirs = node.around.random(8)
    node.database.write(
        lambda db: stop(db, AUS, "two histories", ours=b"ours", theirs=theirs, around=node.around)
    )


def loses(stage: Stage) -> None:
    """The peer says that it holds more than there is."""
    shown = position(stage, 2, size=99)
    node = stage.jpn
    node.database.write(lambda db: notice(db, AUS, shown, epoch=1, around=node.around))


EVENTS: dict[LinkEvent, Callable[[Stage], object]] = {
    LinkEvent.PAUSE: by_one(pause_peer),
    LinkEvent.LOSS: loses,
    LinkEvent.RESUME: by_two(resume_peer),
    LinkEvent.FORK: forks,
    LinkEvent.EXCLUDE: by_one(exclude_peer),
    LinkEvent.ADMIT: lambda stage: stage.jpn.trusts(stage.aus.card),
}


def bring(stage: Stage, state: LinkState) -> None:
    """Let a link stand so, by what brings it there."""
    way = {
        LinkState.ACTIVE: [],
        LinkState.PAUSED: [LinkEvent.PAUSE],
        LinkState.FROZEN: [LinkEvent.FORK],
        LinkState.EXCLUDED: [LinkEvent.EXCLUDE],
    }
    for event in way[state]:
        EVENTS[event](stage)


class TestPositions:
    @pytest.mark.parametrize("standing", Standing)
    def test_every_standing_is_met_by_its_action(self, stage: Stage, standing: Standing) -> None:
        """
        In a real pull, by what leaves the node and what stays in it.
        """
        action = ACTIONS[standing]
        evidence, link = len(proofs(stage)), stage.jpn.peer(AUS).link
        found = PULLED[standing](stage)
        assert bool(found.entries) is (action in GIVES)
        assert (found.challenge is not None) is (action in {Action.ASK, Action.STOP})
        is_kept = action in {Action.ANSWER_AND_REPORT, Action.FREEZE}
        assert (len(proofs(stage)) > evidence) is is_kept
        stopped = {Action.FREEZE: "frozen", Action.STOP: "paused"}
        is_restored = standing is Standing.LEFT  # then every link waits for persons
        assert stage.jpn.peer(AUS).link == stopped.get(action, "paused" if is_restored else link)


GIVES = {Action.ANSWER, Action.BEGIN, Action.ANSWER_AND_REPORT}


def proofs(stage: Stage) -> list[object]:
    """What is kept as evidence."""
    return list(stage.jpn.rows("SELECT what FROM evidence"))


def first(stage: Stage) -> Answer:
    """A node that JPN@NATO never gave anything asks for the first time."""
    node = stage.village.node("NATO")
    stage.village.joins(stage.jpn, node)
    stage.jpn.releases(f"{mark('JPN', 'NATO')} Words.", to=["NATO"])
    return stage.jpn.hears(node.asks_with(stage.jpn))


def follows(stage: Stage) -> Answer:
    """More waits than AUS@NATO holds."""
    stage.jpn.releases(f"{mark('JPN', 'AUS')} Words.", to=[AUS])
    return pull(stage, position=position(stage, 2))


def amnesia(stage: Stage) -> Answer:
    """It swears that it lost what it receipted."""
    return pull(stage, position=position(stage, 1), challenge=pull(stage).challenge)


def left(stage: Stage) -> Answer:
    """JPN@NATO was restored since, and began anew."""
    before = position(stage, 2)
    for by in (FIRST, SECOND):
        declare(by=by, database=stage.jpn.database, around=stage.jpn.around)
    return pull(stage, position=before)


PULLED: dict[Standing, Callable[[Stage], Answer]] = {
    Standing.FIRST: first,
    Standing.FOLLOWS: follows,
    Standing.CHALLENGED: lambda stage: pull(stage, position=position(stage, 1)),
    Standing.AMNESIA: amnesia,
    Standing.AHEAD: lambda stage: pull(stage, position=position(stage, 2, size=99)),
    Standing.FORKED: lambda stage: pull(stage, position=position(stage, 2, root=bytes(32))),
    Standing.LEFT: left,
    Standing.ANOTHER: lambda stage: pull(stage, position=position(stage, 2, incarnation=bytes(16))),
}


def pushes(sender: Node, receiver: Node) -> None:
    """Push twice: the first one only asks where the other stands."""
    for _ in range(2):
        sender.pushes(receiver)


class TestPassing:
    @pytest.mark.parametrize("way", ["pull", "push", "bag"])
    @pytest.mark.parametrize("state", LinkState)
    def test_a_report_comes_in_only_where_a_link_lets_it(
        self, stage: Stage, state: LinkState, way: str
    ) -> None:
        """
        AUS@NATO hands one over, by whatever way; what is not taken in leaves nothing.
        """
        jpn, aus = stage.jpn, stage.aus
        bring(stage, state)
        before = len(jpn.listed())
        stage.begins()
        with suppress(RefusedError):
            if way == "pull":
                jpn.pulls(aus)
            elif way == "push":
                pushes(aus, jpn)
            else:
                jpn.unpacks(*aus.packs(jpn))
        comes, _ = states.PASSES[state]
        assert len(jpn.listed()) - before == comes
        assert bool(stage.left()) is comes
        assert jpn.peer(AUS).link == state

    @pytest.mark.parametrize("way", ["pull", "push", "bag"])
    @pytest.mark.parametrize("state", LinkState)
    def test_a_report_goes_out_only_where_a_link_lets_it(
        self, stage: Stage, state: LinkState, way: str
    ) -> None:
        """
        JPN@NATO has one for AUS@NATO: it leaves on an active link and no other, and waits where it may go on.
        """
        jpn, aus = stage.jpn, stage.aus
        item = jpn.releases(f"{mark('JPN', 'AUS')} Words.", to=[AUS])
        bring(stage, state)
        before = len(aus.listed())
        with suppress(LegationError):
            if way == "pull":
                aus.catches_up(jpn)
            elif way == "push":
                pushes(jpn, aus)
            else:
                aus.unpacks(*jpn.packs(aus))
        _, goes = states.PASSES[state]
        assert len(aus.listed()) - before == goes
        assert goes or jpn.states(item)[AUS] in {"waiting", "withheld"}
