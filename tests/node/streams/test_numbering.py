# SPDX-License-Identifier: Apache-2.0

from datetime import timedelta
from typing import Any

import pytest

from legation.errors import LocalProtocolError
from legation.item.parts import Parts
from legation.item.view import inspect
from legation.node.rules import RuleBook
from legation.node.streams import numbering
from legation.node.streams.numbering import Cutter, take_back
from legation.store.sqlite import deliveries
from tests.node.pair import Node, Village, unchanged
from tests.stories.cast import clearance

KOR, JPN, AUS, NATO = "KOR@NATO", "JPN@NATO", "AUS@NATO", "NATO"
SECRET, CONFIDENTIAL, LIMITED = "(S//REL KOR, JPN)", "(C//REL KOR, JPN)", "(L//REL KOR, JPN)"
WORDS = {SECRET: "The seating was changed.", CONFIDENTIAL: "They asked for it.", LIMITED: "Lunch is at noon."}
REPORT = [f"{mark} {text}" for mark, text in WORDS.items()]


def handed_over(kor: Node, jpn: Node, item: str) -> list[str]:
    """What reaches JPN@NATO of an item."""
    jpn.catches_up(kor)
    return jpn.reads(item)


class TestApprovalBinds:
    def test_a_wider_grant_after_the_release_hands_over_no_more(self, village: Village) -> None:
        """
        What the approver saw is the most that goes, whatever is permitted since.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.grants(JPN, "LIMITED")
        item = kor.releases(*REPORT, to=[JPN])
        kor.grants(JPN, "SECRET")
        kor.keeps_house()
        assert handed_over(kor, jpn, item) == [WORDS[LIMITED]]
        kor.keeps_house()
        assert jpn.catches_up(kor).entries == 0

    def test_a_narrower_grant_hands_over_what_both_permit(self, village: Village) -> None:
        """
        Between the release and the pull the grant was narrowed: the intersection goes.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(*REPORT, to=[JPN])
        kor.grants(JPN, "CONFIDENTIAL")
        assert handed_over(kor, jpn, item) == [WORDS[CONFIDENTIAL], WORDS[LIMITED]]

    def test_another_grant_hands_over_what_both_permit(self, village: Village) -> None:
        """
        A grant that is neither wider nor narrower: of three layers only the one that both have.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.grants(JPN, "CONFIDENTIAL")
        item = kor.releases(*REPORT, to=[JPN])
        only = clearance(["JPN"], highest="SECRET").replace(
            b"<s:Classification>LIMITED</s:Classification>", b""
        )
        kor.grants_exactly(JPN, only)
        assert handed_over(kor, jpn, item) == [WORDS[CONFIDENTIAL]]

    def test_what_was_withheld_by_the_layer_is_not_in_the_bytes(self, village: Village) -> None:
        """
        The cut holds nothing of what it leaves out.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(*REPORT, to=[JPN])
        kor.grants(JPN, "LIMITED")
        jpn.catches_up(kor)
        held = repr(jpn.state())
        assert WORDS[LIMITED] in held
        assert WORDS[SECRET] not in held
        assert WORDS[CONFIDENTIAL] not in held


class TestWithheld:
    def test_a_grant_narrowed_to_nothing_withholds_with_the_reason(self, village: Village) -> None:
        """
        Nothing goes, the drafter's side is told why, and the addressee is told nothing.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} {WORDS[SECRET]}", to=[JPN])
        kor.grants(JPN, "LIMITED")
        assert jpn.catches_up(kor).entries == 0
        [found] = kor.deliveries(item)
        assert (found.state, found.why) == (
            "withheld",
            "refused by rule: nothing of what was approved is permitted now",
        )
        assert jpn.peer(KOR).received == 0

    def test_what_was_withheld_is_not_visited_again(self, village: Village) -> None:
        """
        A pull with something withheld costs what one with nothing new costs.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} {WORDS[SECRET]}", to=[JPN])
        kor.grants(JPN, "LIMITED")
        jpn.pulls(kor)
        with unchanged(kor):
            jpn.pulls(kor)
            assert not kor.answering.has_news(kor.opens(jpn.asks(kor), jpn))

    def test_a_peer_that_lost_its_grant_before_the_first_pull(self, village: Village) -> None:
        """
        It was never sent anything, and nothing says that it will be: the delivery is withheld.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(*REPORT, to=[JPN])
        kor.runs("UPDATE granted SET ended_at = 1")
        kor.runs("UPDATE epoch SET number = number + 1")
        assert jpn.catches_up(kor).entries == 0
        assert kor.states(item) == {JPN: "withheld"}

    def test_a_wider_grant_wakes_and_hands_over_what_was_approved(self, village: Village) -> None:
        """
        Withheld, then permitted again: it goes by itself, and no more of it than was approved.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.grants(JPN, "CONFIDENTIAL")
        item = kor.releases(f"{SECRET} {WORDS[SECRET]}", f"{CONFIDENTIAL} {WORDS[CONFIDENTIAL]}", to=[JPN])
        kor.keeps_house()
        kor.grants(JPN, "LIMITED")
        jpn.catches_up(kor)
        assert kor.states(item) == {JPN: "withheld"}
        kor.keeps_house()
        kor.grants(JPN, "SECRET")
        kor.keeps_house()
        assert kor.states(item) == {JPN: "waiting"}
        assert handed_over(kor, jpn, item) == [WORDS[CONFIDENTIAL]]
        jpn.catches_up(kor)
        assert kor.states(item) == {JPN: "receipted"}

    def test_a_node_that_starts_wakes_what_may_go(self, village: Village) -> None:
        """
        The grant was widened while nobody kept house.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} {WORDS[SECRET]}", to=[JPN])
        kor.grants(JPN, "LIMITED")
        jpn.catches_up(kor)
        kor.grants(JPN, "SECRET")
        assert jpn.catches_up(kor).entries == 0
        kor.reopen()
        kor.keeps_house()
        assert handed_over(kor, jpn, item) == [WORDS[SECRET]]

    def test_narrowed_and_widened_between_two_looks_of_the_keeper_is_woken(self, village: Village) -> None:
        """
        What was withheld in an epoch that the keeper never saw goes too.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Earlier.", to=[JPN])
        kor.keeps_house()
        item = kor.releases(f"{SECRET} {WORDS[SECRET]}", to=[JPN])
        kor.grants(JPN, "LIMITED")
        jpn.catches_up(kor)
        kor.grants(JPN, "SECRET")
        assert kor.states(item) == {JPN: "withheld"}
        kor.keeps_house()
        assert handed_over(kor, jpn, item) == [WORDS[SECRET]]

    def test_a_title_alone_is_not_sent(self, village: Village) -> None:
        """
        What is permitted holds no paragraph: nothing goes, and the reason is said.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} {WORDS[SECRET]}", title="(O) Seating", to=[JPN])
        kor.grants(JPN, "OPEN")
        jpn.catches_up(kor)
        [found] = kor.deliveries(item)
        assert (found.state, found.why) == (
            "withheld",
            "nothing is sent: what they may see holds no paragraph",
        )

    def test_labels_made_since_do_not_trouble_the_keeper(self, village: Village) -> None:
        """
        A delivery under a label that is newer than the last change of the rules is woken like any other.
        """
        kor, _, _ = village.star(KOR, JPN, AUS)
        kor.keeps_house()
        item = kor.releases(
            f"{SECRET} {WORDS[SECRET]}", "(C//REL KOR, AUS) For others.", title="(O) Seating", to=[AUS, JPN]
        )
        kor.runs("UPDATE delivery SET state = 'withheld', because = 'empty-cut'")
        kor.runs("UPDATE delivery_label SET is_withheld = 1")
        kor.grants(AUS, "LIMITED")
        kor.keeps_house()
        assert kor.states(item)[JPN] == "waiting"
        assert kor.reports == []


class TestDates:
    def test_a_grant_that_ran_out_while_it_waited_hands_over_nothing(self, village: Village) -> None:
        """
        Nobody did anything: the date has passed, a new epoch begins, and what waited is withheld.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.grants(JPN, not_after=kor.clock() + timedelta(hours=1))
        item = kor.releases(f"{SECRET} {WORDS[SECRET]}", to=[JPN])
        [before] = kor.rows("SELECT number, changes_at FROM epoch")
        kor.clock.move(hours=1, seconds=1)
        assert jpn.catches_up(kor).entries == 0
        assert kor.states(item) == {JPN: "withheld"}
        assert kor.rows("SELECT number, changes_at FROM epoch") == [(before[0] + 1, None)]

    def test_a_grant_holds_to_its_last_second(self, village: Village) -> None:
        """
        Both bounds are inside.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.grants(JPN, not_after=kor.clock() + timedelta(hours=1))
        item = kor.releases(f"{SECRET} {WORDS[SECRET]}", to=[JPN])
        kor.clock.move(hours=1)
        assert handed_over(kor, jpn, item) == [WORDS[SECRET]]

    def test_a_grant_that_begins_later_wakes_what_was_approved_under_the_last(self, village: Village) -> None:
        """
        From its first second on it counts, and the keeper notices.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} {WORDS[SECRET]}", to=[JPN])
        kor.grants(JPN, not_before=kor.clock() + timedelta(days=1))
        jpn.catches_up(kor)
        kor.keeps_house()
        assert kor.states(item) == {JPN: "withheld"}
        kor.clock.move(days=1)
        kor.keeps_house()
        assert handed_over(kor, jpn, item) == [WORDS[SECRET]]

    def test_a_clock_that_was_ahead_for_a_while_withholds_nothing_for_ever(self, village: Village) -> None:
        """
        Ten years ahead the grant had run out; set right again, it holds, and what was withheld goes.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.grants(JPN, not_after=kor.clock() + timedelta(days=365))
        item = kor.releases(f"{SECRET} {WORDS[SECRET]}", to=[JPN])
        kor.clock.move(days=3650)
        kor.keeps_house()
        jpn.catches_up(kor)
        assert kor.states(item) == {JPN: "withheld"}
        kor.clock.move(days=-3650)
        kor.keeps_house()
        assert handed_over(kor, jpn, item) == [WORDS[SECRET]]

    def test_a_clock_that_was_ahead_for_a_while_hides_no_date(self, village: Village) -> None:
        """
        Set right again, the grant holds, and still runs out on its day, also if another process was ahead.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.grants(JPN, not_after=kor.clock() + timedelta(days=365))
        kor.clock.move(days=3650)
        kor.grants(JPN, "CONFIDENTIAL", not_after=kor.clock() - timedelta(days=3285))
        kor.clock.move(days=-3650)
        kor.releases(f"{CONFIDENTIAL} {WORDS[CONFIDENTIAL]}", to=[JPN])
        assert jpn.catches_up(kor).views == 1
        kor.releases(f"{CONFIDENTIAL} Another.", to=[JPN])
        kor.clock.move(days=366)
        assert jpn.catches_up(kor).views == 0


class TestTakenBack:
    def test_what_was_numbered_and_is_narrowed_goes_as_a_leaf_and_a_smaller_copy(
        self, village: Village
    ) -> None:
        """
        Its payload is gone, a void says so, the smaller copy is a new entry, and no receipt skips the void.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(*REPORT, to=[JPN])
        list(kor.answers([jpn.asks(kor)]))
        assert kor.states(item) == {JPN: "numbered"}
        kor.grants(JPN, "LIMITED")
        found = jpn.pulls(kor)
        assert (found.entries, found.views) == (3, 0)
        jpn.catches_up(kor)
        assert jpn.reads(item) == [WORDS[LIMITED]]
        states = [(each.state, each.number) for each in kor.deliveries(item)]
        assert states == [("void", 1), ("receipted", 3)]
        kinds = kor.rows("SELECT kind, payload IS NULL FROM outgoing_entry ORDER BY number")
        assert kinds == [("start", 0), ("view", 1), ("void", 0), ("view", 0)]
        assert jpn.rows("SELECT state FROM incoming_entry WHERE number = 1") == [("void",)]
        assert jpn.rows("SELECT size FROM incoming_receipt ORDER BY size") == [(3,), (4,)]
        assert WORDS[SECRET] not in repr(jpn.state())
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_what_was_numbered_and_is_narrowed_to_nothing_goes_as_a_leaf(self, village: Village) -> None:
        """
        Nothing follows; what was to follow is withheld.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} {WORDS[SECRET]}", to=[JPN])
        list(kor.answers([jpn.asks(kor)]))
        kor.grants(JPN, "LIMITED")
        jpn.catches_up(kor)
        assert [each.state for each in kor.deliveries(item)] == ["void", "withheld"]
        assert jpn.inbox() == ()
        assert kor.peer(JPN).receipted == 3

    def test_narrowed_and_widened_again_before_the_next_pull_takes_nothing_back(
        self, village: Village
    ) -> None:
        """
        What may go again when it is asked for is the same entry.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(*REPORT, to=[JPN])
        list(kor.answers([jpn.asks(kor)]))
        kor.grants(JPN, "LIMITED")
        kor.grants(JPN, "SECRET")
        assert handed_over(kor, jpn, item) == list(WORDS.values())
        assert [each.number for each in kor.deliveries(item)] == [1]

    def test_a_wider_grant_changes_no_entry(self, village: Village) -> None:
        """
        Retransmission only narrows: the original bytes go, however much would be permitted now.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(*REPORT, to=[JPN])
        kor.grants(JPN, "LIMITED")
        list(kor.answers([jpn.asks(kor)]))
        kor.grants(JPN, "SECRET")
        kor.keeps_house()
        assert handed_over(kor, jpn, item) == [WORDS[LIMITED]]

    def test_what_was_receipted_is_not_taken_back(self, village: Village) -> None:
        """
        A narrower grant changes nothing of what they have.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(*REPORT, to=[JPN])
        jpn.catches_up(kor)
        kor.grants(JPN, "LIMITED")
        kor.keeps_house()
        assert jpn.catches_up(kor).entries == 0
        assert kor.states(item) == {JPN: "receipted"}

    @pytest.mark.parametrize("number", [0, 2, 9])
    def test_what_is_no_view_cannot_be_taken_back(self, village: Village, number: int) -> None:
        """
        A start, a void and what is not there stay as they are.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(*REPORT, to=[JPN])
        list(kor.answers([jpn.asks(kor)]))
        kor.grants(JPN, "LIMITED")
        jpn.catches_up(kor)

        def act(db: Any) -> None:
            take_back(db, JPN, [number], rules=RuleBook(kor.card, kor.around).turn(db), around=kor.around)

        with unchanged(kor), pytest.raises(LocalProtocolError, match=f"entry {number} of the stream"):
            kor.database.write(act)


class TestCuts:
    def test_peers_who_may_see_the_same_share_one_cut(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Three addressees, two permitted sets: two cuts, and the copies of two of them are the same bytes.
        """
        kor, jpn, aus, nato = village.star(KOR, JPN, AUS, NATO)
        cuts: list[object] = []
        honest = Parts.cut

        def counted(parts: Any, keep: Any) -> bytes:
            cuts.append(parts.data)
            return honest(parts, keep)

        monkeypatch.setattr(Parts, "cut", counted)
        kor.releases(
            "(C//REL KOR, JPN, AUS, NATO) For all.", "(C//REL KOR, NATO) For one.", to=[JPN, AUS, NATO]
        )
        for node in (jpn, aus, nato):
            node.pulls(kor)
        assert len(cuts) == 2
        views = [bytes(node.rows("SELECT data FROM view")[0][0]) for node in (jpn, aus, nato)]
        assert views[0] == views[1] != views[2]
        assert [len(inspect(view).layers) for view in views] == [1, 1, 2]

    def test_the_most_urgent_goes_first_then_the_oldest(self, village: Village) -> None:
        """
        What waits longest goes first, but for precedence.
        """
        kor, jpn = village.pair(KOR, JPN)
        order: list[tuple[str, str]] = []
        for precedence in ("routine", "flash", "priority", "flash", "immediate"):
            text = f"kind: report\npolicy: EXERCISE\naction: {JPN}\nprecedence: {precedence}\n\n"
            text += f"{LIMITED} {precedence} {len(order)}.\n"
            draft = kor.writes_text(text)
            order.append((precedence, kor.lets_go(draft).item_id.hex()))
        jpn.catches_up(kor)
        numbered = sorted(kor.deliveries(), key=lambda each: each.number or 0)
        wanted = [order[place][1] for place in (1, 3, 4, 2, 0)]
        assert [each.item for each in numbered] == wanted

    def test_a_long_queue_is_numbered_in_steps(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        One transaction takes so many deliveries, and the next pull the next; nothing is passed over.
        """
        monkeypatch.setattr(numbering, "DELIVERIES_PER_STEP", 2)
        kor, jpn = village.pair(KOR, JPN)
        items = [kor.releases(f"{LIMITED} {number}.", to=[JPN]) for number in range(5)]
        assert [jpn.pulls(kor).views for _ in range(4)] == [2, 2, 1, 0]
        assert sorted(jpn.listed()) == sorted(items)

    def test_a_long_item_ends_a_step(self, village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        What is cut in one transaction is bounded in bytes too.
        """
        monkeypatch.setattr(numbering, "STEP_SIZE_BYTES", 1000)
        kor, jpn = village.pair(KOR, JPN)
        for number in range(3):
            kor.releases(f"{LIMITED} {number} {'word ' * 300}", to=[JPN])
        assert [jpn.pulls(kor).views for _ in range(4)] == [1, 1, 1, 0]


class TestCutter:
    def test_what_is_remembered_is_bounded_in_bytes(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        However many items go out, the bytes that are remembered of them stay below the bound.
        """
        monkeypatch.setattr(numbering, "REMEMBERED_SIZE_BYTES_MAX", 30_000)
        kor, _ = village.pair(KOR, JPN)
        cutter = Cutter(kor.home.blobs)
        for number in range(6):
            kor.releases(*(f"{mark} {number} {text * 40}" for mark, text in WORDS.items()), to=[JPN])
        with kor.home.database.read() as db:
            rules = RuleBook(kor.home.card, kor.around).at(db)
            for each in deliveries.waiting(db, JPN, 6):
                assert isinstance(cutter.cut(db, each.item_id, each.labels, rules), bytes)
                kept = [contents.data for contents in cutter._items.values()]
                kept += cutter._cuts.values()
                assert 0 < sum(map(len, kept)) <= 30_000

    def test_an_item_longer_than_the_bound_is_cut_and_not_remembered(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        What alone is longer than the bound goes out like any other and is let go.
        """
        monkeypatch.setattr(numbering, "REMEMBERED_SIZE_BYTES_MAX", 100)
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(*REPORT, to=[JPN])
        assert handed_over(kor, jpn, item) == list(WORDS.values())
        cutter = Cutter(kor.home.blobs)
        with kor.home.database.read() as db:
            rules = RuleBook(kor.home.card, kor.around).at(db)
            allowed = frozenset(rules.labels)
            assert isinstance(cutter.cut(db, bytes.fromhex(item), allowed, rules), bytes)
        assert not cutter._items
        assert not cutter._cuts
