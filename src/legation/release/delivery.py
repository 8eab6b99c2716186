# SPDX-License-Identifier: Apache-2.0
"""
Deliveries as a state table: what can happen to an item on its way to one addressee.

::

                 --number--> numbered --receipt-->
    waiting -----                                  receipted
       |  ^      --print-->  printed --hand over->
    refuse  wake                |
       v  |           take back | destroy | send again
    withheld                    v
                              void          (what is still permitted waits anew, as another delivery)

What ``leaves`` in a bag that nobody can answer stays ``numbered``: should a receipt come after all, it counts.
``numbered`` is on its way in a stream, ``printed`` on paper, to an office without a node. Any of them but ``void`` can
end as ``withdrawn``. Whatever is not in the table cannot happen.
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
    """The addressee has signed that it holds it; of a copy on paper, a person has said to whom it was handed."""
    WITHHELD = "withheld"
    """The rules do not permit any of it now, or what they permit says nothing."""
    VOID = "void"
    """It was numbered and taken back before it was receipted; or printed and destroyed; or its stream was left."""
    WITHDRAWN = "withdrawn"
    """The author took the item back."""
    PRINTED = "printed"
    """Printed for an office without a node; handed over when a person says so."""


class DeliveryEvent(StrEnum):
    """What can happen to it."""

    NUMBER = "number"
    RECEIPT = "receipt"
    REFUSE = "refuse"
    WAKE = "wake"
    TAKE_BACK = "take back"
    WITHDRAW = "withdraw"
    PRINT = "print"
    HAND_OVER = "hand over"
    DESTROY = "destroy"
    SEND_AGAIN = "send again"
    """The stream began anew: it goes again."""
    LEAVE = "leave"
    """It leaves in a bag that nobody can answer."""


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
    TO_BE_PRINTED = "to-be-printed"
    """The addressee has no node: it goes on paper, when a person prints it."""
    HANDED_OVER = "handed-over"
    """A person has said to whom the copy on paper was handed."""
    DESTROYED = "destroyed"
    """The copy on paper was destroyed before it was handed over."""
    PRINTED_BEFORE = "printed-before"
    """It was withdrawn after it was printed, and nobody has said what became of the copy."""
    WAITS_FOR_BAG = "waits-for-bag"
    """No line reaches the addressee: it goes in a bag, when a person packs one."""
    TOO_LONG_TO_PUSH = "too-long-to-push"
    """It, or what stands before it, has more attached than goes in a push; the addressee has to come for it."""
    NO_WAY_BACK = "no-way-back"
    """It was handed over in a bag, and no receipt can come back."""
    SENT_AGAIN = "sent-again"
    """The stream that it went in was left, after one of the two lost something: it goes again."""
    NOT_RECEIVED = "not-received"
    """It was withdrawn before there was a receipt."""
    RECEIVED_BEFORE = "received-before"
    """It was withdrawn after the addressee had it; whether they have heard of that is not confirmed."""
    WITHDRAWAL_RECEIVED = "withdrawal-received"
    """It was withdrawn after the addressee had it, and their registry has received the withdrawal."""
    CERTIFIED = "certified"
    """The addressee had it, and has certified to have destroyed what it held."""


TRANSITIONS: Final[Mapping[tuple[DeliveryState, DeliveryEvent], DeliveryState]] = MappingProxyType(
    {
        (DeliveryState.WAITING, DeliveryEvent.NUMBER): DeliveryState.NUMBERED,
        (DeliveryState.WAITING, DeliveryEvent.REFUSE): DeliveryState.WITHHELD,
        (DeliveryState.WITHHELD, DeliveryEvent.WAKE): DeliveryState.WAITING,
        (DeliveryState.NUMBERED, DeliveryEvent.RECEIPT): DeliveryState.RECEIPTED,
        (DeliveryState.NUMBERED, DeliveryEvent.TAKE_BACK): DeliveryState.VOID,
        (DeliveryState.NUMBERED, DeliveryEvent.LEAVE): DeliveryState.NUMBERED,
        (DeliveryState.NUMBERED, DeliveryEvent.SEND_AGAIN): DeliveryState.VOID,
        (DeliveryState.RECEIPTED, DeliveryEvent.SEND_AGAIN): DeliveryState.VOID,
        (DeliveryState.WAITING, DeliveryEvent.WITHDRAW): DeliveryState.WITHDRAWN,
        (DeliveryState.NUMBERED, DeliveryEvent.WITHDRAW): DeliveryState.WITHDRAWN,
        (DeliveryState.RECEIPTED, DeliveryEvent.WITHDRAW): DeliveryState.WITHDRAWN,
        (DeliveryState.WITHHELD, DeliveryEvent.WITHDRAW): DeliveryState.WITHDRAWN,
        (DeliveryState.WAITING, DeliveryEvent.PRINT): DeliveryState.PRINTED,
        (DeliveryState.PRINTED, DeliveryEvent.HAND_OVER): DeliveryState.RECEIPTED,
        (DeliveryState.PRINTED, DeliveryEvent.DESTROY): DeliveryState.VOID,
        (DeliveryState.PRINTED, DeliveryEvent.WITHDRAW): DeliveryState.WITHDRAWN,
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
