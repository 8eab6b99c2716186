# SPDX-License-Identifier: Apache-2.0
"""
What must hold in the end, whatever happened on the way; and what persons do until then.
"""

from itertools import combinations

from legation.node.peers.stopping import resume_peer
from legation.node.streams.restoring import declare
from tests.federation.stage import mark, party
from tests.node.pair import FIRST, SECOND, Node


def sends(sender: Node, receiver: Node, *texts: str) -> list[str]:
    """Release a report for each text."""
    here = mark(party(sender), party(receiver))
    return [sender.releases(f"{here} {text}", to=[receiver.office]) for text in texts]


def holds_once(sender: Node, receiver: Node, items: list[str]) -> None:
    """See that every report is there once, in the order in which it was sent, and receipted."""
    rows = receiver.rows(
        "SELECT view.item_id FROM incoming_entry JOIN incoming USING (stream_id) JOIN view USING (view_key) "
        "WHERE incoming.office = ? AND incoming_entry.state = 'held' ORDER BY stream_id, number",
        (sender.office,),
    )
    came = [item.hex() for (item,) in rows]
    assert [item for item in came if item in set(items)] == items
    assert set(items) <= set(receiver.listed())
    assert len(receiver.listed()) == len(set(receiver.listed()))
    for item in items:
        assert sender.states(item) == {receiver.office: "receipted"}
    assert receiver.faults() == ()
    assert sender.faults() == ()


def settles(*nodes: Node) -> None:
    """Pull every way until nothing is new, on good lines."""
    for _ in range(3):
        for one, other in combinations(nodes, 2):
            one.catches_up(other)
            other.catches_up(one)


def declares(node: Node) -> None:
    """Two persons say what happened to a folder."""
    for by in (FIRST, SECOND):
        declare(by=by, database=node.database, around=node.around)


def resumes(node: Node, *offices: str) -> None:
    """Two persons let links go on."""
    for office in offices:
        for by in (FIRST, SECOND):
            resume_peer(office, by=by, database=node.database, around=node.around)
