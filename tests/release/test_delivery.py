# SPDX-License-Identifier: Apache-2.0

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.errors import LocalProtocolError
from legation.release import TRANSITIONS, Because, DeliveryEvent, DeliveryState, delivery, move_on

WAITING, NUMBERED, RECEIPTED, WITHHELD, VOID, WITHDRAWN, PRINTED = DeliveryState
NUMBER, RECEIPT, REFUSE, WAKE, TAKE_BACK, WITHDRAW, PRINT, HAND_OVER, DESTROY, SEND_AGAIN, LEAVE = (
    DeliveryEvent
)

# Written down a second time, by hand: the table that the code reads is held against it.
LAWFUL = {
    (WAITING, NUMBER): NUMBERED,
    (WAITING, REFUSE): WITHHELD,
    (WITHHELD, WAKE): WAITING,
    (NUMBERED, RECEIPT): RECEIPTED,
    (NUMBERED, TAKE_BACK): VOID,
    (WAITING, WITHDRAW): WITHDRAWN,
    (NUMBERED, WITHDRAW): WITHDRAWN,
    (RECEIPTED, WITHDRAW): WITHDRAWN,
    (WITHHELD, WITHDRAW): WITHDRAWN,
    (WAITING, PRINT): PRINTED,
    (PRINTED, HAND_OVER): RECEIPTED,
    (PRINTED, DESTROY): VOID,
    (PRINTED, WITHDRAW): WITHDRAWN,
    (NUMBERED, LEAVE): NUMBERED,
    (NUMBERED, SEND_AGAIN): VOID,
    (RECEIPTED, SEND_AGAIN): VOID,
}


@pytest.mark.parametrize(("state", "event"), list(product(DeliveryState, DeliveryEvent)))
def test_every_state_meets_every_event(state: DeliveryState, event: DeliveryEvent) -> None:
    """
    What is lawful leads where it must, and everything else is refused in words that name both.
    """
    if (state, event) in LAWFUL:
        assert move_on(state, event) is LAWFUL[state, event]
        return
    with pytest.raises(LocalProtocolError) as refused:
        move_on(state, event)
    assert state.value in refused.value.message
    assert event.value in refused.value.message


def test_the_table_holds_nothing_else() -> None:
    """
    The table is the one above, and nobody can add to it while the program runs.
    """
    assert dict(TRANSITIONS) == LAWFUL
    with pytest.raises(TypeError):
        TRANSITIONS[VOID, WAKE] = WAITING  # type: ignore[index]


@given(st.lists(st.sampled_from(DeliveryEvent), max_size=12))
def test_what_was_receipted_was_numbered_or_printed_and_never_taken_back(events: list[DeliveryEvent]) -> None:
    """
    However things go, nothing is receipted that was not numbered or printed, and void and withdrawn are the end.

    What is receipted is void only where it goes again, because the addressee lost it.
    """
    state, seen, met = WAITING, [WAITING], list[DeliveryEvent]()
    for event in events:
        try:
            state = move_on(state, event)
        except LocalProtocolError:
            continue
        met.append(event)
        if state is not seen[-1]:
            seen.append(state)
    if RECEIPTED in seen:
        assert seen[seen.index(RECEIPTED) - 1] in {NUMBERED, PRINTED}
        assert VOID not in seen or SEND_AGAIN in met
    for final in (VOID, WITHDRAWN):
        if final in seen:
            assert seen.index(final) == len(seen) - 1
    assert seen.count(NUMBERED) + seen.count(PRINTED) <= 1


def test_every_state_can_be_reached_and_all_but_two_can_be_left() -> None:
    """
    No state is there for nothing, and only what is void or withdrawn stays so.
    """
    assert {WAITING, *TRANSITIONS.values()} == set(DeliveryState)
    assert {state for state, _ in TRANSITIONS} == set(DeliveryState) - {VOID, WITHDRAWN}
    assert {event for _, event in TRANSITIONS} == set(DeliveryEvent)


def test_the_drawing_names_every_state_but_the_withdrawn() -> None:
    """
    The drawing at the head of the module has the states and events of the table.
    """
    drawing = re.sub(r"\s+", " ", (delivery.__doc__ or "").split("::", 1)[1])
    for name in (*DeliveryState, *(event for event in DeliveryEvent if event is not WITHDRAW)):
        assert name.value in drawing


def test_reasons_differ() -> None:
    """
    Each reason has its own code, and only one of them is none.
    """
    assert [each for each in Because if not each.value] == [Because.NONE]
    assert len({each.value for each in Because}) == len(Because)
