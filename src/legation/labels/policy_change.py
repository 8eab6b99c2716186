# SPDX-License-Identifier: Apache-2.0
"""
One change between two versions of a policy, as a code and names; ``policy_diff`` finds them.

A change **widens** if somebody may see, by a label of the same words, what nobody like them could see
before; it **narrows** if somebody may see less, or if labels that are written are refused; it **shows** if it
is for people only. What changes both ways is two changes.
"""

from enum import StrEnum

from legation.encoding import Canonical


class Effect(StrEnum):
    """What a change does to who may see what."""

    WIDENS = "widens"
    NARROWS = "narrows"
    SHOWS = "shows"
    """It is for people: nobody may see more or less."""


class ChangeCode(StrEnum):
    """What is another one in the new version."""

    POLICY_RENAMED = "policy-renamed"
    VERSION_NOT_ABOVE = "version-not-above"
    WINDOW = "window"
    CLASS_ADDED = "class-added"
    CLASS_REMOVED = "class-removed"
    CLASS_RENAMED = "class-renamed"
    CLASS_RENUMBERED = "class-renumbered"
    CLASS_ORDER = "class-order"
    LIST_ADDED = "list-added"
    LIST_REMOVED = "list-removed"
    LIST_RENAMED = "list-renamed"
    LIST_RENUMBERED = "list-renumbered"
    VALUE_ADDED = "value-added"
    VALUE_REMOVED = "value-removed"
    VALUE_RENAMED = "value-renamed"
    VALUE_RENUMBERED = "value-renumbered"
    VALUE_TYPE = "value-type"
    OBSOLETE = "obsolete"
    REQUIREMENT = "requirement"
    EXCLUSION = "exclusion"
    CLASS_EXCLUDED = "class-excluded"
    CLASS_REQUIRED = "class-required"
    LEAST = "least"
    MOST = "most"
    TYPED = "typed"
    GROUP = "group"
    EQUIVALENT = "equivalent"
    MARKING = "marking"
    QUALIFIER = "qualifier"
    COLOR = "color"
    ORDER = "order"
    SPELLING = "spelling"
    PRIVACY_MARK = "privacy-mark"


class PolicyChange(Canonical, frozen=True):
    """
    One change.

    ``names`` are the classifications, values or groups it is about, ``tag`` and ``type`` the list they are
    of. ``others`` are what a rule names; ``operation`` how many of them it wants. ``before`` and ``after``
    are the two phrases, numbers or dates, of which one may be empty. ``place`` and ``language`` say where
    something prints.
    """

    code: ChangeCode
    effect: Effect
    names: tuple[str, ...] = ()
    tag: str = ""
    type: str = ""
    others: tuple[str, ...] = ()
    operation: str = ""
    before: str = ""
    after: str = ""
    places: tuple[str, ...] = ()
    language: str = ""
