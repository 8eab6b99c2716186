# SPDX-License-Identifier: Apache-2.0

from itertools import product

import pytest

from legation.exchange import link
from legation.exchange.link import LINKS, LinkEvent, LinkState, link_after

STOPS = {LinkEvent.PAUSE, LinkEvent.LOSS, LinkEvent.FORK, LinkEvent.EXCLUDE}
ORDER = [LinkState.ACTIVE, LinkState.PAUSED, LinkState.FROZEN, LinkState.EXCLUDED]


@pytest.mark.parametrize(("state", "event"), list(product(LinkState, LinkEvent)))
def test_what_stops_a_link_never_lets_it_go_on(state: LinkState, event: LinkEvent) -> None:
    """
    It only becomes less; what lets it go on ends at active, or changes nothing.
    """
    after = link_after(state, event)
    if after is None:
        assert (state, event) not in LINKS
    elif event in STOPS:
        assert ORDER.index(after) >= ORDER.index(state)
    else:
        assert after in {state, LinkState.ACTIVE}


def test_what_cannot_happen_is_little_and_named() -> None:
    """
    A frozen link is neither paused nor resumed, and neither is one that is excluded; all else can happen.
    """
    missing = {pair for pair in product(LinkState, LinkEvent) if link_after(*pair) is None}
    assert missing == set(
        product([LinkState.FROZEN, LinkState.EXCLUDED], [LinkEvent.PAUSE, LinkEvent.RESUME])
    )


def test_only_who_is_excluded_is_admitted_again() -> None:
    """
    To confirm a card anew lets no paused or frozen link go on.
    """
    admitted = {state for state in LinkState if link_after(state, LinkEvent.ADMIT) is not state}
    assert admitted == {LinkState.EXCLUDED}


def test_the_table_cannot_be_changed() -> None:
    """
    It is looked up by all.
    """
    with pytest.raises(TypeError):
        LINKS[LinkState.FROZEN, LinkEvent.RESUME] = LinkState.ACTIVE  # type: ignore[index]


def test_the_drawing_names_every_state_and_event_that_moves_one() -> None:
    """
    The module's docstring draws the table.
    """
    drawn = link.__doc__ or ""
    moved = {event for (before, event), after in LINKS.items() if before is not after}
    assert [each.value for each in (*LinkState, *moved) if each.value not in drawn] == []
