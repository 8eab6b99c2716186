# SPDX-License-Identifier: Apache-2.0

from legation.keys.card import fingerprint
from legation.node.peers.links import read_peers
from tests.node.pair import FIRST, SECOND, Village, next_card, unchanged
from tests.node.streams.test_pulling import hands_over, item_of
from tests.stories.cast import NOON, clearance

KOR, JPN, AUS = "KOR@NATO", "JPN@NATO", "AUS@NATO"


def test_a_node_that_knows_nobody_lists_nobody(village: Village) -> None:
    """
    There are no peers yet.
    """
    kor = village.node(KOR)
    assert read_peers(database=kor.database, around=kor.around).peers == ()


def test_peers_are_listed_by_office_whatever_their_order(village: Village) -> None:
    """
    Who was added first is not the first.
    """
    kor, _, _ = village.star(KOR, JPN, AUS)
    found = read_peers(database=kor.database, around=kor.around).peers
    assert [each.office for each in found] == [AUS, JPN]


def test_a_peer_is_told_with_its_card_its_grants_and_its_link(village: Village) -> None:
    """
    Whose words, by whom it is trusted, what it may see, when it was there, and how far both sides are.
    """
    kor, jpn = village.pair(KOR, JPN)
    kor.releases("(S//REL KOR, JPN) Words.", to=[JPN])
    jpn.catches_up(kor)
    kor.releases("(S//REL KOR, JPN) More words.", to=[JPN])
    list(kor.answers([jpn.asks(kor)]))
    with unchanged(kor):
        found = kor.peer(JPN)
    assert found.fingerprint == fingerprint(jpn.card)
    assert (found.card, found.added_by, found.confirmed_by) == (0, FIRST, SECOND)
    assert (found.link, found.why, found.addresses) == ("active", "", ())
    [grant] = found.grants
    assert (grant.levels[-1], grant.agreement, grant.in_force) == ("SECRET", "exercise", True)
    assert (grant.proposed_by, grant.confirmed_by) == (FIRST, SECOND)
    assert (found.heard, found.reached) == (NOON.isoformat(), "")
    assert (found.sent, found.receipted, found.received, found.quarantined) == (3, 2, 0, 0)
    assert jpn.peer(KOR).received == 2
    assert jpn.peer(KOR).reached == NOON.isoformat()


def test_what_one_person_proposed_is_told_as_such(village: Village) -> None:
    """
    A newer card and a wider grant that wait for a second person stand beside what is in force.
    """
    kor, jpn = village.pair(KOR, JPN)
    kor.adds(next_card(jpn))
    kor.proposes(JPN, clearance(["JPN"], highest="LIMITED"))
    found = kor.peer(JPN)
    assert (found.card, found.confirmed_by) == (1, "")
    assert [(each.in_force, each.levels[-1]) for each in found.grants] == [
        (True, "SECRET"),
        (False, "LIMITED"),
    ]


def test_what_is_set_apart_is_counted_for_the_peer_that_brought_it(village: Village) -> None:
    """
    The reasons are said once each, and nothing of what it says.
    """
    kor, jpn = village.pair(KOR, JPN)
    for text in ("Zq7wanderer", "Another."):
        hands_over(kor, item_of(kor, ("(S//REL KOR)", text)))
    aus = village.node(AUS)
    hands_over(kor, item_of(aus, ("(C//REL AUS, JPN)", "By somebody.")))
    jpn.catches_up(kor)
    found = jpn.peer(KOR)
    assert found.quarantined == 3
    assert found.why_quarantined == (
        "by its labels it is not for this office",
        "its author's card is not pinned",
    )
    assert "Zq7wanderer" not in repr(found)
