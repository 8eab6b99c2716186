# SPDX-License-Identifier: Apache-2.0
"""
Pairs about what is brought to a peer unasked, by whichever way: acts of the world name it, ``carry`` or ``push``.
"""

from tests.twin import cast
from tests.twin.handmade import AUTHOR, PEER, hidden, of_peer, report
from tests.twin.pairs import Pair, act

SECRET, SHOWN = "(S//REL KOR, NATO)", "(C//REL KOR, AUS)"


def others_too(name: str, way: str) -> Pair:
    """Between two hand-overs to the peer another office becomes one, and is brought something too."""
    begin = (act("release", AUTHOR, report("(O) Seen.", to=PEER), "seen"), act(way, AUTHOR, PEER))
    others = [
        hidden("pin", AUTHOR, "NATO", "S"),
        hidden("release", AUTHOR, report(f"{SECRET} Zq7hidden.", to="NATO"), "unseen"),
        hidden(way, AUTHOR, "NATO"),
        hidden(way, "NATO", AUTHOR),
    ]
    end = (
        act("release", AUTHOR, report("(O) More.", to=PEER), "more"),
        act(way, AUTHOR, PEER),
        act(way, PEER, AUTHOR),
        act(way, AUTHOR, PEER),
        act("pull", PEER, AUTHOR),
    )
    return of_peer(name, (*begin, *others, *end), (*begin, *end))


def refused_before(name: str, way: str) -> Pair:
    """Items were approved for the peer, and may not go any more when they would be brought; one may."""
    begin = act("release", AUTHOR, report("(O) Seen.", f"{SECRET} Zq7one.", to=PEER), "seen")
    other = act("release", AUTHOR, report("(O) Seen.", f"{SECRET} Zq7two, and longer.", to=PEER), "seen")
    late = [
        hidden("release", AUTHOR, report(f"{SHOWN} Zq7late {number}.", to=PEER), f"late {number}")
        for number in range(3)
    ]
    end = (
        act("grant", AUTHOR, PEER, cast.cleared(PEER, "L")),
        act(way, AUTHOR, PEER),
        act(way, PEER, AUTHOR),
    )
    return of_peer(name, (begin, *late, *end), (other, *end))
