# SPDX-License-Identifier: Apache-2.0
"""From a draft to its addressees: who would get what, and why not."""

from legation.release.delivery import TRANSITIONS, Because, DeliveryEvent, DeliveryState, move_on
from legation.release.difference import Change, Difference, News, Stretch, differences, news
from legation.release.disclosure import decide_label, disclose, disclosure_banner
from legation.release.paper import COPIES_MAX, Destroyed, HandedOver, Printed
from legation.release.preview import (
    Addressee,
    AddresseeCopy,
    PortionOutcome,
    Preview,
    Showing,
    portion_names,
    preview,
)

__all__ = [
    "COPIES_MAX",
    "TRANSITIONS",
    "Addressee",
    "AddresseeCopy",
    "Because",
    "Change",
    "DeliveryEvent",
    "DeliveryState",
    "Destroyed",
    "Difference",
    "HandedOver",
    "News",
    "PortionOutcome",
    "Preview",
    "Printed",
    "Showing",
    "Stretch",
    "decide_label",
    "differences",
    "disclose",
    "disclosure_banner",
    "move_on",
    "news",
    "portion_names",
    "preview",
]
