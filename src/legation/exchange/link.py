# SPDX-License-Identifier: Apache-2.0
"""
Links as a state table: how a node stands to one peer, and what can happen to that.

::

                --pause, loss-->          --fork-->
       active <---- resume ----- paused            frozen
         |  ^                      |                 |
      exclude  admit            exclude           exclude
         v  |                      v                 v
       excluded <------------------------------------

What goes out is stopped by one person, or by what was shown; it goes on by two. Whatever is not in the table cannot
happen: a frozen link is neither paused nor resumed, and who is excluded is admitted again or not at all.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class LinkState(StrEnum):
    """How a node stands to one peer."""

    ACTIVE = "active"
    """What may be handed over is, and what comes is taken in."""
    PAUSED = "paused"
    """Nothing is handed over but what stops the use of something; what waits goes on to wait."""
    FROZEN = "frozen"
    """Two histories were shown: nothing goes either way until persons have said what happened."""
    EXCLUDED = "excluded"
    """Every grant is ended, and nothing goes either way but what stops the use of something."""


class LinkEvent(StrEnum):
    """What can happen to a link."""

    PAUSE = "pause"
    """One person stops it."""
    LOSS = "loss"
    """This node was restored, or it was shown that it has lost what it sent, or runs twice."""
    RESUME = "resume"
    """Two persons let it go on."""
    FORK = "fork"
    """Two histories of one stream, or two cards of one number, were shown."""
    EXCLUDE = "exclude"
    """One person ends it."""
    ADMIT = "admit"
    """Two persons confirm the peer's card anew; of one that is not excluded nothing comes of it."""


LINKS: Final[Mapping[tuple[LinkState, LinkEvent], LinkState]] = MappingProxyType(
    {
        (LinkState.ACTIVE, LinkEvent.PAUSE): LinkState.PAUSED,
        (LinkState.ACTIVE, LinkEvent.LOSS): LinkState.PAUSED,
        (LinkState.ACTIVE, LinkEvent.RESUME): LinkState.ACTIVE,
        (LinkState.ACTIVE, LinkEvent.FORK): LinkState.FROZEN,
        (LinkState.ACTIVE, LinkEvent.EXCLUDE): LinkState.EXCLUDED,
        (LinkState.ACTIVE, LinkEvent.ADMIT): LinkState.ACTIVE,
        (LinkState.PAUSED, LinkEvent.PAUSE): LinkState.PAUSED,
        (LinkState.PAUSED, LinkEvent.LOSS): LinkState.PAUSED,
        (LinkState.PAUSED, LinkEvent.RESUME): LinkState.ACTIVE,
        (LinkState.PAUSED, LinkEvent.FORK): LinkState.FROZEN,
        (LinkState.PAUSED, LinkEvent.EXCLUDE): LinkState.EXCLUDED,
        (LinkState.PAUSED, LinkEvent.ADMIT): LinkState.PAUSED,
        (LinkState.FROZEN, LinkEvent.LOSS): LinkState.FROZEN,
        (LinkState.FROZEN, LinkEvent.FORK): LinkState.FROZEN,
        (LinkState.FROZEN, LinkEvent.EXCLUDE): LinkState.EXCLUDED,
        (LinkState.FROZEN, LinkEvent.ADMIT): LinkState.FROZEN,
        (LinkState.EXCLUDED, LinkEvent.LOSS): LinkState.EXCLUDED,
        (LinkState.EXCLUDED, LinkEvent.FORK): LinkState.EXCLUDED,
        (LinkState.EXCLUDED, LinkEvent.EXCLUDE): LinkState.EXCLUDED,
        (LinkState.EXCLUDED, LinkEvent.ADMIT): LinkState.ACTIVE,
    }
)


def link_after(state: LinkState, event: LinkEvent) -> LinkState | None:
    """Give how a link stands after *event*; None if that cannot happen to it."""
    return LINKS.get((state, event))
