# SPDX-License-Identifier: Apache-2.0
"""
Deliveries as a state table: what can happen to an item on its way to one addressee.

::

    waiting  --number-->     numbered --receipt--> receipted
       |  ^                     |
    refuse  wake            take back
       v  |                     v
    withheld                  void          (what is still permitted waits anew, as another delivery)

Any of them but ``void`` can end as ``withdrawn``. Whatever is not in the table cannot happen.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from legation.errors import LocalProtocolError


class DeliveryState(StrEnum):
    """How far an item is on its way to one addressee."""

    WAITING = "waiting"
    """Approved, and not in the addressee's stream yet."""
    NUMBERED = "numbered"
    """In the stream; handed over when the addressee takes it."""
    RECEIPTED = "receipted"
    """The addressee has signed that it holds it."""
    WITHHELD = "withheld"
    """The rules do not permit any of it now, or what they permit says nothing."""
    VOID = "void"
    """It was numbered and taken back before it was receipted."""
    WITHDRAWN = "withdrawn"
    """The author took the item back."""


class DeliveryEvent(StrEnum):
    """What can happen to it."""

    NUMBER = "number"
    RECEIPT = "receipt"
    REFUSE = "refuse"
    WAKE = "wake"
    TAKE_BACK = "take back"
    WITHDRAW = "withdraw"


class Because(StrEnum):
    """Why a delivery stands where it stands, for a person."""

    NONE = ""
    NO_CONNECTION = "no-connection"
    """The addressee is no confirmed peer, or has never asked for anything."""
    UNREACHABLE = "unreachable"
    """It was connected, and has not been heard of for a while."""
    LINK_STOPPED = "link-stopped"
    """The link is paused or frozen."""
    NOT_YET_PULLED = "not-yet-pulled"
    """The addressee will get it when it asks next."""
    REFUSED_BY_RULE = "refused-by-rule"
    """Nothing of what was approved is permitted now."""
    EMPTY_CUT = "empty-cut"
    """What is permitted holds no paragraph."""
    EXPIRED = "expired"
    """The time in which it could be handed over is over."""
    TAKEN_BACK = "taken-back"
    """The rules changed before the addressee had it."""
    NO_DIFFERENCE = "no-difference"
    """It says to the addressee what they have: it is a new version, or was passed on before."""
    REPLACED = "replaced"
    """A newer version, or what was passed on later, goes in its place, or would if anything of it may go."""
    NOT_RECEIVED = "not-received"
    """It was withdrawn before there was a receipt."""
    RECEIVED_BEFORE = "received-before"
    """It was withdrawn after the addressee had it; whether they have heard of that is not confirmed."""
    WITHDRAWAL_RECEIVED = "withdrawal-received"
    """It was withdrawn after the addressee had it, and their registry has received the withdrawal."""


TRANSITIONS: Final[Mapping[tuple[DeliveryState, DeliveryEvent], DeliveryState]] = MappingProxyType(
    {
        (DeliveryState.WAITING, DeliveryEvent.NUMBER): DeliveryState.NUMBERED,
        (DeliveryState.WAITING, DeliveryEvent.REFUSE): DeliveryState.WITHHELD,
        (DeliveryState.WITHHELD, DeliveryEvent.WAKE): DeliveryState.WAITING,
        (DeliveryState.NUMBERED, DeliveryEvent.RECEIPT): DeliveryState.RECEIPTED,
        (DeliveryState.NUMBERED, DeliveryEvent.TAKE_BACK): DeliveryState.VOID,
        (DeliveryState.WAITING, DeliveryEvent.WITHDRAW): DeliveryState.WITHDRAWN,
        (DeliveryState.NUMBERED, DeliveryEvent.WITHDRAW): DeliveryState.WITHDRAWN,
        (DeliveryState.RECEIPTED, DeliveryEvent.WITHDRAW): DeliveryState.WITHDRAWN,
        (DeliveryState.WITHHELD, DeliveryEvent.WITHDRAW): DeliveryState.WITHDRAWN,
    }
)


def move_on(state: DeliveryState, event: DeliveryEvent) -> DeliveryState:
    """
    Give the state after *event*.

    Raises:
        LocalProtocolError: It cannot happen in this state.
    """
    after = TRANSITIONS.get((state, event))
    if after is None:
        raise LocalProtocolError(f"a delivery that is {state.value} cannot be met by: {event.value}")
    return after
