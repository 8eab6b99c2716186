# SPDX-License-Identifier: Apache-2.0
"""
What two worlds may tell all the same: each exception is as it is declared, and not more.
"""

import msgspec
import pytest

from legation.encoding import encode
from tests.item import naive
from tests.twin import cast
from tests.twin.handmade import AUTHOR, PEER, hidden, of_peer, report
from tests.twin.pairs import Pair, act
from tests.twin.reports import CANARY
from tests.twin.surfaces import EXCEPTIONS, Seen, ToldApartError, played, told_apart

PARTIES = ("JPN", "NATO", "EU")


def marks(count: int) -> list[str]:
    """
    So many marks that the peer does not see.
    """
    found = [
        f"({level}//REL {', '.join(('KOR', *PARTIES[first:last]))})"
        for level in "LCS"
        for first in range(3)
        for last in range(first, 4)
    ]
    return list(dict.fromkeys(found))[:count]


def many_labels(first: int, second: int) -> Pair:
    """
    Worlds in which one item has so many hidden labels.
    """
    stories = [
        (
            act(
                "release",
                AUTHOR,
                report("(O) Seen.", *[f"{mark} {CANARY}." for mark in marks(count)], to=PEER),
                "seen",
            ),
            act("pull", PEER, AUTHOR),
        )
        for count in (first, second)
    ]
    return of_peer(f"{first} labels or {second}", *stories)


def payloads(seen: Seen) -> list[bytes]:
    """
    The payloads that the peer was sent.
    """
    return [each.data for each in seen.sights if each.surface == "payload"]


class TestLabels:
    def test_up_to_ten_labels_are_not_told_from_one_another(self) -> None:
        """
        One label that the peer sees and none besides, or nine: the same.
        """
        told_apart(many_labels(0, 9))

    def test_more_than_ten_are_not_told_from_one_another(self) -> None:
        """
        Eleven or fourteen: the same.
        """
        told_apart(many_labels(10, 13))

    def test_ten_and_eleven_are_told_by_the_class_and_what_follows_from_it(self) -> None:
        """
        The header says 64 or 1,024; root, proof and signature follow; all else is the same.
        """
        with pytest.raises(ToldApartError):
            told_apart(many_labels(9, 10))
        views = [
            naive.parse(payload[payload.index(b'{"header"') :])
            for seen in played(many_labels(9, 10))
            for payload in payloads(seen)
            if b'"header"' in payload
        ]
        assert [view["header"].pop("leaves") for view in views] == [64, 1024]
        for view in views:
            del view["header"]["root"], view["proof"], view["signature"]
            for layer in view["layers"]:
                del layer["place"]
        assert views[0] == views[1]


class TestTakenBack:
    def test_of_an_entry_that_was_taken_back_the_peer_is_told_its_number_and_leaf(self) -> None:
        """
        It was numbered ahead and lost its permission: a leaf, a void that names it, and nothing of it.
        """
        text = report(f"(C//REL KOR, AUS) {CANARY}.", to=PEER)
        begin = [
            act("release", AUTHOR, report("(O) Seen.", to=PEER), "seen 1"),
            act("release", AUTHOR, report("(O) Seen too.", to=PEER), "seen 2"),
        ]
        end = [
            act("pull", PEER, AUTHOR, 1),
            act("grant", AUTHOR, PEER, cast.cleared(PEER, "L")),
            act("pull", PEER, AUTHOR),
        ]
        pair = of_peer("taken back", (*begin, hidden("release", AUTHOR, text, "late"), *end), (*begin, *end))
        with pytest.raises(ToldApartError):
            told_apart(pair)
        first, second = played(pair)
        assert all(CANARY.encode() not in each.data for each in first.sights)
        letters = [
            msgspec.json.decode(each.data) for each in first.sights if each.surface == "letter that answers"
        ]
        entries = [entry for letter in letters for entry in letter.get("entries", [])]
        gone = [entry for entry in entries if entry["type"] == "taken-back"]
        assert [set(entry) for entry in gone] == [{"type", "number", "leaf"}]
        voided = encode({"number": gone[0]["number"]})
        assert voided in payloads(first)
        assert [each for each in payloads(first) if each != voided] == payloads(second)


class TestList:
    def test_exceptions_are_few_and_each_has_its_reason_and_its_bound(self) -> None:
        """
        What two worlds may tell stands in one list.
        """
        assert len(EXCEPTIONS) == 7
        assert all(each.what and each.why and each.bound for each in EXCEPTIONS)
