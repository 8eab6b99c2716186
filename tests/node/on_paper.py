# SPDX-License-Identifier: Apache-2.0
"""
What a node of the tests does with an office that has none.
"""

from typing import Any

from legation.node.desk.paper_receipts import Saying, destroy, hand_over
from legation.node.desk.printing import PrintedCopy, print_item
from legation.node.peers.peering import add_without_node
from legation.records import HandoverRecord
from tests.node.pair import FIRST, Node


def knows_on_paper(node: Node, office: str, highest: str = "SECRET") -> None:
    """Take in an office without a node, and grant it what is for its party."""
    add_without_node(office, by=FIRST, card=node.card, database=node.database, around=node.around)
    node.grants(office, highest)


def prints(node: Node, item: str, office: str, **more: Any) -> PrintedCopy:
    """Print an item for an office."""
    return print_item(
        item,
        office,
        by="registry",
        card=node.card,
        database=node.database,
        blobs=node.home.blobs,
        store=node.home.attachments,
        around=node.around,
        **more,
    )


def says(node: Node, item: str, office: str, to: str = "", copy: int | None = None) -> HandoverRecord:
    """Say to whom a copy was handed, or that it was destroyed."""
    saying = Saying(item=item, office=office, copy=copy, by="registry", at=None)
    told: dict[str, Any] = {"card": node.card, "database": node.database, "around": node.around}
    return hand_over(saying, to, **told) if to else destroy(saying, **told)


def texts(found: PrintedCopy) -> list[str]:
    """What the paragraphs of a copy say."""
    return [each.text for each in found.sheet.paragraphs]
