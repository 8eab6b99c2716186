# SPDX-License-Identifier: Apache-2.0

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pytest

from legation.errors import LegationError, MalformedError, RefusedError
from legation.exchange import EntryKind
from legation.formats import stanag4774
from legation.item.draft import Draft
from legation.item.shape import Layer
from legation.item.view import cut, inspect
from legation.item.withdrawal import withdraw
from legation.labels import Reader, parse_mark
from legation.node.desk.reading import begin_reading, show_report
from legation.node.rules import RuleBook, named_clearance, policies_at_hand
from legation.store.sqlite import inbox
from tests.cli.ends import CANARY
from tests.formats.drafts import EXERCISE
from tests.node.pair import Node, Village, report
from tests.node.streams.test_pulling import hands_over, item_of
from tests.stories.cast import clearance

KOR, JPN, AUS, NATO = "KOR@NATO", "JPN@NATO", "AUS@NATO", "NATO"
SECRET, LIMITED, OURS = "(S//REL KOR, JPN)", "(L//REL KOR, JPN)", "(S)"
ALL = "(L//REL KOR, JPN, AUS)"


def entries(node: Node, office: str) -> list[tuple[str, str]]:
    """The kinds of what a node has numbered for an office, and the item of each that is a view."""
    rows = node.rows(
        "SELECT outgoing_entry.kind, coalesce(lower(hex(delivery.item_id)), '') FROM outgoing_entry "
        "JOIN outgoing USING (stream_id) LEFT JOIN delivery USING (delivery_id) "
        "WHERE outgoing.office = ? ORDER BY outgoing_entry.number",
        (office,),
    )
    return [(str(kind), str(item)) for kind, item in rows]


def sent(node: Node, office: str) -> list[str]:
    """The items of which a node has numbered a view for an office, in that order."""
    return [item for kind, item in entries(node, office) if kind == EntryKind.VIEW]


def why(node: Node, item: str) -> dict[str, str]:
    """Why the newest delivery of an item stands where it stands, to each addressee."""
    rows = node.rows(
        "SELECT office, because FROM delivery WHERE item_id = ? ORDER BY delivery_id", (bytes.fromhex(item),)
    )
    return {str(office): str(because) for office, because in rows}


def missing(node: Node, item: str) -> bool:
    """Whether an item is answered as one that never was."""
    errors = []
    for text in (item, "0" * 64):
        with pytest.raises(LegationError) as found:
            node.shows(text)
        errors.append((type(found.value), found.value.message, found.value.hint))
    return errors[0] == errors[1]


def cleared(village: Village, highest: str = "LIMITED") -> tuple[Node, Node]:
    """KOR@NATO, and JPN@NATO whose people are cleared up to a level only."""
    own = clearance(["JPN"], highest=highest, context=("Own", "Releasable"))
    kor, jpn = village.node(KOR), village.node(JPN, clearances=[own])
    village.joins(kor, jpn)
    return kor, jpn


class TestCompose:
    def test_a_new_version_has_the_same_document_and_a_later_time(self, village: Village) -> None:
        """
        It is an item of its own, with an id and a reference of its own.
        """
        kor, _ = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", to=[JPN])
        second = kor.corrects(first, f"{SECRET} One.")
        old, new = kor.shows(first), kor.shows(second)
        assert old.document == new.document
        assert old.time < new.time
        assert first != second
        assert old.reference != new.reference
        assert kor.faults() == ()

    def test_it_goes_to_those_who_have_the_older_one(self, village: Village) -> None:
        """
        Without addressees of its own it has theirs, each with their slip.
        """
        kor, _, _ = village.star(KOR, JPN, AUS)
        text = report(f"{ALL} Noon.", to=[JPN, AUS]).replace(b"\n\n", b"\nprecedence: flash\n\n", 1)
        first = kor.lets_go(kor.writes_text(text)).item_id.hex()
        draft = kor.rewrites(first, f"{ALL} One.")
        slips = [(each.addressee, each.action, each.precedence.value) for each in draft.slips]
        assert slips == [(JPN, True, "flash"), (AUS, False, "flash")]

    def test_it_has_addressees_of_its_own_where_they_are_named(self, village: Village) -> None:
        """
        Whoever has the older one and is not among them is named in the preview.
        """
        kor, _, _ = village.star(KOR, JPN, AUS)
        first = kor.releases(f"{ALL} Noon.", to=[JPN, AUS])
        draft = kor.rewrites(first, f"{ALL} One.", to=[AUS])
        assert [each.addressee for each in draft.slips] == [AUS]
        assert kor.previews(draft).not_addressed == (JPN,)

    def test_only_an_item_of_ours_that_may_be_seen_is_replaced(self, village: Village) -> None:
        """
        Others' items, hidden ones and such that never were are answered alike, and nothing is kept.
        """
        kor, jpn = cleared(village)
        theirs = kor.releases(f"{LIMITED} Noon.", to=[JPN])
        hidden = jpn.releases(f"(S//REL JPN, KOR) {CANARY}", to=[KOR])
        jpn.catches_up(kor)
        before = jpn.rows("SELECT count(*) FROM draft")
        told = set()
        for item in (theirs, hidden, "0" * 64, "nonsense"):
            with pytest.raises(MalformedError) as found:
                jpn.rewrites(item, "(O) Noon.")
            told.add((found.value.message, found.value.hint))
        assert len(told) == 1
        assert jpn.rows("SELECT count(*) FROM draft") == before

    def test_what_was_replaced_is_not_replaced_again(self, village: Village) -> None:
        """
        Whoever did would undo a version that they have not read: neither when writing, nor at release.
        """
        kor, _ = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", to=[JPN])
        late = kor.rewrites(first, f"{SECRET} Two.")
        kor.corrects(first, f"{SECRET} One.")
        kor.clock.move(minutes=1)
        for act in (partial(kor.rewrites, first, f"{SECRET} Two."), partial(kor.lets_go, late)):
            with pytest.raises(RefusedError, match="there is a newer version: KOR@NATO 2022-"):
                act()

    def test_a_clock_that_stands_still_makes_no_version(self, village: Village) -> None:
        """
        An equal time is refused as an earlier one is, and nothing is released.
        """
        kor, _ = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", to=[JPN])
        draft = kor.rewrites(first, f"{SECRET} One.")
        for by in (0, -60):
            kor.clock.move(seconds=by)
            with pytest.raises(MalformedError, match="not later than the latest one"):
                kor.lets_go(draft)
        assert kor.rows("SELECT count(*) FROM released") == [(1,)]

    def test_others_cannot_stop_our_versions(self, village: Village) -> None:
        """
        A peer that writes under our document id, with a time of the far future, is no version before ours.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", to=[JPN])
        document = bytes.fromhex(kor.shows(first).document)
        hands_over(
            jpn, item_of(jpn, ("(S//REL JPN, KOR)", "Ours."), time=4_000_000_000, document=document), KOR
        )
        kor.pulls(jpn)
        second = kor.corrects(first, f"{SECRET} One.")
        assert kor.reads(second) == ["One."]

    def test_a_new_version_that_nobody_may_see_can_be_released(self, village: Village) -> None:
        """
        An upgrade beyond all addressees keeps the older one from those who have not got it.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", to=[JPN])
        second = kor.corrects(first, f"{OURS} Noon.")
        jpn.catches_up(kor)
        assert jpn.inbox() == ()
        assert sent(kor, JPN) == []
        assert (why(kor, first), why(kor, second)) == (
            {JPN: "replaced"},
            {JPN: "refused-by-rule"},
        )


class TestPreview:
    def news(self, node: Node, draft: Draft) -> dict[str, str]:
        """What the new version is to each addressee."""
        return {each.addressee: each.news for each in node.previews(draft).news}

    def test_it_says_what_each_addressee_notices(self, village: Village) -> None:
        """
        One gets it, one notices nothing, one may see nothing of it, one has no older one.
        """
        kor, jpn, aus, _ = village.star(KOR, JPN, AUS, NATO)
        first = kor.releases(f"{SECRET} Noon.", f"{ALL} Today.", to=[JPN, AUS])
        jpn.catches_up(kor)
        aus.catches_up(kor)
        draft = kor.rewrites(first, f"{SECRET} One.", f"{ALL} Today.", "(O) Open.", to=[JPN, AUS, NATO])
        assert self.news(kor, draft) == {JPN: "different", AUS: "different", NATO: "first"}
        draft = kor.rewrites(first, f"{SECRET} One.", f"{ALL} Today.")
        assert self.news(kor, draft) == {JPN: "different", AUS: "same"}
        draft = kor.rewrites(first, f"{SECRET} Noon.", f"{LIMITED} Today.")
        assert self.news(kor, draft) == {JPN: "different", AUS: "nothing"}

    def test_what_a_rule_took_from_them_does_not_count(self, village: Village) -> None:
        """
        The preview compares as the hand-over does: with what they have, as far as they may see it now.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", f"{LIMITED} Today.", to=[JPN])
        jpn.catches_up(kor)
        kor.grants(JPN, "LIMITED")
        draft = kor.rewrites(first, f"{SECRET} One.", f"{LIMITED} Today.")
        assert self.news(kor, draft) == {JPN: "same"}

    def test_it_says_what_differs_word_by_word(self, village: Village) -> None:
        """
        Against what this addressee has: words, marks, what comes and what goes.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(
            f"{SECRET} At noon in the hall.", f"{LIMITED} Gone.", f"{SECRET} Stays.", to=[JPN]
        )
        jpn.catches_up(kor)
        draft = kor.rewrites(first, f"{SECRET} At one in the hall.", f"{LIMITED} Stays.", f"{LIMITED} New.")
        [news] = kor.previews(draft).news
        first_change, *_ = news.differences
        assert first_change.change == "changed"
        assert [(each.kind, each.text) for each in first_change.words] == [
            ("", "At"),
            ("-", " noon"),
            ("+", " one"),
            ("", " in the hall."),
        ]
        assert (news.waits, news.gains, news.loses) == (False, 0, 0)

    def test_it_says_what_is_gained_and_lost(self, village: Village) -> None:
        """
        By portions that come and go for this addressee.
        """
        kor, jpn, _ = village.star(KOR, JPN, AUS)
        first = kor.releases(f"{SECRET} Noon.", f"{ALL} Today.", to=[JPN, AUS])
        jpn.catches_up(kor)
        draft = kor.rewrites(first, f"{ALL} Today.", f"{ALL} More.")
        to_jpn, to_aus = kor.previews(draft).news
        assert (to_jpn.loses, to_jpn.gains) == (1, 1)
        assert (to_aus.loses, to_aus.gains, to_aus.waits) == (0, 1, True)
        assert [each.change for each in to_jpn.differences] == ["lost", "gained"]

    def test_an_upgrade_takes_a_portion_from_whoever_may_not_see_it_now(self, village: Village) -> None:
        """
        The label counts, not only the text: marked anew it is another portion for those who keep it.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        first = kor.releases(f"{ALL} Noon.", f"{ALL} Today.", to=[JPN, AUS])
        jpn.catches_up(kor)
        aus.catches_up(kor)
        draft = kor.rewrites(first, f"{LIMITED} Noon.", f"{ALL} Today.")
        to_jpn, to_aus = kor.previews(draft).news
        assert [each.change for each in to_jpn.differences] == ["marked anew"]
        assert [each.change for each in to_aus.differences] == ["lost"]

    def test_another_order_is_a_difference(self, village: Village) -> None:
        """
        Also where the same paragraphs stand for one another and did not.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", f"{LIMITED} Today.", to=[JPN])
        jpn.catches_up(kor)
        draft = kor.rewrites(first, f"{SECRET} Noon.", f"{LIMITED} {{tearline}} Today.")
        [news] = kor.previews(draft).news
        assert (news.news, [each.change for each in news.differences]) == (
            "different",
            ["in another order, or standing for others"],
        )


class TestHandOver:
    def test_a_peer_gets_a_version_that_says_something_else(self, village: Village) -> None:
        """
        It replaces the older one in its inbox, and both are there to be read.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        second = kor.corrects(first, f"{SECRET} One.")
        jpn.catches_up(kor)
        [listed] = jpn.inbox()
        assert (listed.item, listed.replaces) == (second, first)
        assert (jpn.reads(first), jpn.reads(second)) == (["Noon."], ["One."])
        assert [each.item for each in jpn.shows(second).earlier] == [first]
        assert [each.item for each in jpn.shows(first).later] == [second]
        assert kor.states(second) == {JPN: "receipted"}
        assert jpn.faults() == kor.faults() == ()

    def test_a_peer_that_is_told_the_same_gets_nothing(self, village: Village) -> None:
        """
        Nothing is numbered for it, and nothing it holds is another; others get the new version.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        first = kor.releases(f"{SECRET} Noon.", f"{ALL} Today.", to=[JPN, AUS])
        jpn.catches_up(kor)
        aus.catches_up(kor)
        before = aus.state()
        second = kor.corrects(first, f"{SECRET} One.", f"{ALL} Today.")
        jpn.catches_up(kor)
        aus.catches_up(kor)
        assert aus.state() == before
        assert sent(kor, AUS) == [first]
        assert sent(kor, JPN) == [first, second]
        assert kor.states(second) == {JPN: "receipted", AUS: "withheld"}
        assert why(kor, second)[AUS] == "no-difference"

    def test_of_two_that_wait_the_newer_goes(self, village: Village) -> None:
        """
        What was corrected before it was handed over is not handed over.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", to=[JPN])
        second = kor.corrects(first, f"{SECRET} One.")
        third = kor.corrects(second, f"{SECRET} Two.")
        jpn.catches_up(kor)
        assert sent(kor, JPN) == [third]
        assert [why(kor, each)[JPN] for each in (first, second, third)] == ["replaced", "replaced", ""]
        assert [each.replaces for each in jpn.inbox()] == [""]

    def test_of_two_that_wait_and_say_the_same_the_older_goes(self, village: Village) -> None:
        """
        A peer that has got neither cannot tell either that there is a newer one.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        first = kor.releases(f"{SECRET} Noon.", f"{ALL} Today.", to=[JPN, AUS])
        second = kor.corrects(first, f"{SECRET} One.", f"{ALL} Today.")
        aus.catches_up(kor)
        jpn.catches_up(kor)
        assert sent(kor, AUS) == [first]
        assert sent(kor, JPN) == [second]

    def test_what_a_rule_takes_is_no_news(self, village: Village) -> None:
        """
        A peer that may see less than it has is not told by a smaller copy that there is a new version.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", f"{LIMITED} Today.", f"{OURS} Ours.", to=[JPN])
        jpn.catches_up(kor)
        kor.grants(JPN, "LIMITED")
        second = kor.corrects(first, f"{SECRET} Noon.", f"{LIMITED} Today.", f"{OURS} Other.")
        jpn.catches_up(kor)
        assert sent(kor, JPN) == [first]
        assert why(kor, second)[JPN] == "no-difference"

    def test_what_was_not_approved_is_no_news(self, village: Village) -> None:
        """
        Released while the peer may see less, and pulled when it may see all again: what it has is enough.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", f"{LIMITED} Today.", f"{OURS} Ours.", to=[JPN])
        jpn.catches_up(kor)
        kor.grants(JPN, "LIMITED")
        second = kor.corrects(first, f"{SECRET} Noon.", f"{LIMITED} Today.", f"{OURS} Other.")
        kor.grants(JPN, "SECRET")
        jpn.catches_up(kor)
        assert sent(kor, JPN) == [first]
        assert why(kor, second)[JPN] == "no-difference"

    def test_what_they_may_not_see_any_more_is_no_news_when_it_goes(self, village: Village) -> None:
        """
        A paragraph that a rule has taken is left out of the new version, and they are told nothing of that.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", f"{LIMITED} Today.", to=[JPN])
        jpn.catches_up(kor)
        kor.grants(JPN, "LIMITED")
        second = kor.corrects(first, f"{LIMITED} Today.")
        jpn.catches_up(kor)
        assert sent(kor, JPN) == [first]
        assert why(kor, second)[JPN] == "no-difference"

    def test_what_is_withheld_already_is_not_touched(self, village: Village) -> None:
        """
        Since when it is, is told to our own people.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        first = kor.releases(f"{SECRET} Noon.", f"{ALL} Today.", to=[JPN, AUS])
        aus.catches_up(kor)
        second = kor.corrects(first, f"{SECRET} One.", f"{ALL} Today.")
        aus.catches_up(kor)
        since = [each.since for each in kor.deliveries(second) if each.addressee == AUS]
        kor.corrects(second, f"{SECRET} Two.", f"{ALL} Today.")
        aus.catches_up(kor)
        assert [each.since for each in kor.deliveries(second) if each.addressee == AUS] == since
        assert jpn.catches_up(kor).views == 1

    def test_another_version_does_not_hasten_what_a_rule_has_freed(self, village: Village) -> None:
        """
        It goes when the keeper has looked, as it would alone; or a hidden correction would tell of itself.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", f"{LIMITED} Today.", to=[JPN])
        kor.grants(JPN, "LIMITED")
        jpn.catches_up(kor)
        kor.grants(JPN, "SECRET")
        second = kor.corrects(first, f"{SECRET} One.", f"{LIMITED} Today.")
        kor.grants(JPN, "LIMITED")
        jpn.catches_up(kor)
        kor.keeps_house()
        jpn.catches_up(kor)
        assert why(kor, second)[JPN] == "no-difference"
        kor.grants(JPN, "SECRET")
        kor.corrects(second, f"{SECRET} One.", f"{LIMITED} Today.", f"{OURS} Ours.")
        jpn.catches_up(kor)
        assert sent(kor, JPN) == [first]
        kor.keeps_house()
        jpn.catches_up(kor)
        assert sent(kor, JPN) == [first, second]

    def test_what_its_author_takes_is_news(self, village: Village) -> None:
        """
        Marked higher, a paragraph is gone from the new version; what was handed over stays with them.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", f"{LIMITED} Today.", to=[JPN])
        jpn.catches_up(kor)
        second = kor.corrects(first, f"{OURS} Noon.", f"{LIMITED} Today.")
        jpn.catches_up(kor)
        assert jpn.reads(second) == ["Today."]
        assert jpn.reads(first) == ["Noon.", "Today."]

    def test_a_rule_that_widens_lets_a_version_go(self, village: Village) -> None:
        """
        Decided again when it may be seen: what is approved and says something else then goes.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", f"{LIMITED} Today.", to=[JPN])
        jpn.catches_up(kor)
        second = kor.corrects(first, f"{SECRET} One.", f"{LIMITED} Today.")
        kor.grants(JPN, "LIMITED")
        jpn.catches_up(kor)
        assert why(kor, second)[JPN] == "no-difference"
        kor.keeps_house()
        kor.grants(JPN, "SECRET")
        kor.keeps_house()
        jpn.catches_up(kor)
        assert sent(kor, JPN) == [first, second]
        assert jpn.reads(second) == ["One.", "Today."]

    def test_a_rule_that_narrows_before_the_hand_over_stops_both(self, village: Village) -> None:
        """
        Where the newest may not go, no older one goes in its place.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{LIMITED} Today.", to=[JPN])
        kor.corrects(first, f"{SECRET} Today.")
        kor.grants(JPN, "LIMITED")
        jpn.catches_up(kor)
        assert sent(kor, JPN) == []

    def test_a_new_version_is_taken_back_and_cut_smaller(self, village: Village) -> None:
        """
        Numbered ahead and narrowed since: of what is left only what is news goes.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", f"{LIMITED} Today.", to=[JPN])
        jpn.catches_up(kor)
        second = kor.corrects(first, f"{SECRET} One.", f"{LIMITED} Today.")
        kor.answering.work_ahead(JPN)
        kor.grants(JPN, "LIMITED")
        jpn.catches_up(kor)
        assert why(kor, second)[JPN] == "no-difference"
        assert jpn.listed() == [first]

    def test_the_same_words_again_are_news_after_others(self, village: Village) -> None:
        """
        A correction that is taken back is a third version.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        second = kor.corrects(first, f"{SECRET} One.")
        jpn.catches_up(kor)
        third = kor.corrects(second, f"{SECRET} Noon.")
        jpn.catches_up(kor)
        assert jpn.listed() == [third]
        assert [each.item for each in jpn.shows(third).earlier] == [first, second]

    def test_whoever_is_not_addressed_keeps_what_was_approved(self, village: Village) -> None:
        """
        An older version that waits for somebody who is left out goes as it was approved.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        first = kor.releases(f"{ALL} Noon.", to=[JPN, AUS])
        second = kor.corrects(first, f"{ALL} One.", to=[JPN])
        jpn.catches_up(kor)
        aus.catches_up(kor)
        assert (sent(kor, JPN), sent(kor, AUS)) == ([second], [first])

    def test_many_versions_are_decided_in_one_pull(self, village: Village) -> None:
        """
        Beside other items; each document once.
        """
        kor, jpn = village.pair(KOR, JPN)
        newest = []
        for number in range(4):
            item = kor.releases(f"{SECRET} {number}.", to=[JPN])
            for correction in range(3):
                item = kor.corrects(item, f"{SECRET} {number} {correction}.")
            newest.append(item)
        jpn.catches_up(kor)
        assert sorted(sent(kor, JPN)) == sorted(newest)
        assert sorted(jpn.listed()) == sorted(newest)


class TestReaders:
    def test_a_reader_who_is_told_the_same_keeps_the_older_one(self, village: Village) -> None:
        """
        In the inbox, and when they ask for the newer one by id, by its beginning or by reference.
        """
        kor, jpn = cleared(village)
        first = kor.releases(f"{SECRET} {CANARY}", f"{LIMITED} Noon.", to=[JPN])
        jpn.catches_up(kor)
        before = jpn.inbox(), jpn.shows(first)
        second = kor.corrects(first, f"{SECRET} {CANARY} 2", f"{LIMITED} Noon.")
        jpn.catches_up(kor)
        assert jpn.rows("SELECT count(*) FROM view") == [(2,)]
        assert (jpn.inbox(), jpn.shows(first)) == before
        [(reference,)] = jpn.rows("SELECT reference FROM item WHERE item_id = ?", (bytes.fromhex(second),))
        for text in (second, second[:9], str(reference)):
            assert missing(jpn, text)

    def test_what_is_not_noticed_is_not_among_two(self, village: Village) -> None:
        """
        A reference that two versions share names the one that a reader has.
        """
        kor, jpn = cleared(village)
        first = kor.releases(f"{SECRET} {CANARY}", f"{LIMITED} Noon.", to=[JPN])
        kor.clock.move(minutes=1)
        jpn.catches_up(kor)
        kor.corrects(first, f"{SECRET} {CANARY} 2", f"{LIMITED} Noon.")
        jpn.catches_up(kor)
        jpn.runs("UPDATE item SET reference = 'KOR@NATO 2022-SAME-SAME'")
        assert jpn.reads("KOR@NATO 2022-SAME-SAME") == ["Noon."]

    def test_a_reader_who_loses_all_keeps_the_older_one(self, village: Village) -> None:
        """
        An upgrade beyond them is not there for them; only a withdrawal takes back what they have.
        """
        kor, jpn = cleared(village)
        first = kor.releases(f"{LIMITED} Noon.", to=[JPN], title="(O) Seating")
        jpn.catches_up(kor)
        before = jpn.inbox()
        second = kor.corrects(first, f"{SECRET} Noon.", title="(O) Seating")
        jpn.catches_up(kor)
        assert jpn.rows("SELECT count(*) FROM view") == [(2,)]
        assert jpn.inbox() == before
        assert missing(jpn, second)

    def test_a_version_that_comes_late_does_not_replace_a_newer_one(self, village: Village) -> None:
        """
        The author's time orders them, not ours.
        """
        kor, jpn = village.pair(KOR, JPN)
        document = bytes(range(16))
        old, new = (
            item_of(kor, (SECRET, text), time=time, document=document)
            for text, time in (("Noon.", 1_656_072_000), ("One.", 1_656_072_001))
        )
        hands_over(kor, new)
        jpn.pulls(kor)
        hands_over(kor, old)
        jpn.clock.move(hours=1)
        jpn.pulls(kor)
        [listed] = jpn.inbox()
        assert jpn.reads(listed.item) == ["One."]
        assert listed.replaces == inspect(old).item_id.hex()

    def test_at_one_time_the_higher_id_is_the_newer(self, village: Village) -> None:
        """
        Whatever came first: everybody must come to the same.
        """
        kor, jpn = village.pair(KOR, JPN)
        views = [item_of(kor, (SECRET, text), document=bytes(16)) for text in ("One.", "Two.", "Three.")]
        for view in views:
            hands_over(kor, view)
        jpn.pulls(kor)
        assert jpn.listed() == [max(inspect(view).item_id for view in views).hex()]

    def test_an_item_of_another_office_is_no_version(self, village: Village) -> None:
        """
        Whoever takes over a document id replaces nothing: both are listed.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        village.joins(jpn, aus)
        first = kor.releases(f"{ALL} Noon.", to=[JPN])
        jpn.catches_up(kor)
        document = bytes.fromhex(jpn.shows(first).document)
        false = item_of(aus, ("(L//REL AUS, JPN)", "Not noon."), time=4_000_000_000, document=document)
        hands_over(aus, false)
        jpn.pulls(aus)
        assert sorted(jpn.listed()) == sorted([first, inspect(false).item_id.hex()])
        assert jpn.shows(first).later == ()
        assert {each.replaces for each in jpn.inbox()} == {""}

    def test_of_two_offices_each_has_versions_of_its_own(self, village: Village) -> None:
        """
        Under one document id: the newest of each is listed, and neither knows the other.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        village.joins(jpn, aus)
        newest = []
        for node, mark, start in ((kor, SECRET, 1_656_072_000), (aus, "(L//REL AUS, JPN)", 1_656_072_010)):
            views = [
                item_of(node, (mark, text), time=start + place, document=bytes(16))
                for place, text in enumerate(("One.", "Two."))
            ]
            for view in views:
                hands_over(node, view)
            jpn.pulls(node)
            newest.append(inspect(views[1]).item_id.hex())
        assert sorted(jpn.listed()) == sorted(newest)
        assert [len(jpn.shows(each).earlier) for each in newest] == [1, 1]
        assert jpn.faults() == ()

    def test_a_version_that_is_set_apart_replaces_nothing(self, village: Village) -> None:
        """
        Nor does one that its sender took back since.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        second = kor.corrects(first, f"{SECRET} One.")
        jpn.catches_up(kor)
        jpn.runs("UPDATE view SET state = 'quarantined', because = 'a test' WHERE view_key = 2")
        assert jpn.listed() == [first]
        assert missing(jpn, second)

    def test_a_smaller_copy_of_a_relay_is_compared_as_far_as_it_goes(self, village: Village) -> None:
        """
        The reader is shown of each version the fullest copy; a fuller one that comes later is compared then.
        """
        kor, jpn, nato = village.star(KOR, JPN, NATO)
        village.joins(jpn, nato)
        document = bytes(range(16))
        label = parse_mark(EXERCISE, LIMITED)

        def only(layer: Layer) -> bool:
            return layer.label == label

        old = item_of(kor, (SECRET, "Noon."), (LIMITED, "Today."), document=document)
        new = item_of(kor, (SECRET, "Noon."), (LIMITED, "Today."), time=1_656_072_009, document=document)
        hands_over(nato, cut(inspect(old), only))
        hands_over(nato, cut(inspect(new), only))
        jpn.pulls(nato)
        assert jpn.listed() == [inspect(old).item_id.hex()]
        hands_over(kor, new)
        jpn.pulls(kor)
        assert jpn.listed() == [inspect(new).item_id.hex()]
        hands_over(kor, old)
        jpn.pulls(kor)
        assert jpn.listed() == [inspect(old).item_id.hex()]

    def test_fsck_finds_what_is_folded_wrongly(self, village: Village) -> None:
        """
        A row that is another, and one that is missing.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", f"{LIMITED} Today.", to=[JPN])
        jpn.catches_up(kor)
        kor.corrects(first, f"{SECRET} One.", f"{LIMITED} Today.")
        jpn.catches_up(kor)
        assert jpn.faults() == ()
        assert jpn.rows("SELECT count(*) FROM substance") == [(6,)]
        jpn.runs("UPDATE substance SET digest = zeroblob(32) WHERE view_key = 1 AND first < second")
        assert [each.what for each in jpn.faults()] == [
            "what its versions are compared by is not what it says"
        ]
        jpn.runs("DELETE FROM substance")
        assert len(jpn.faults()) == 2

    def test_nothing_is_folded_of_a_document_with_one_version(self, village: Village) -> None:
        """
        Nearly all have one: they cost nothing more.
        """
        kor, jpn = village.pair(KOR, JPN)
        for number in range(3):
            kor.releases(f"{SECRET} {number}.", to=[JPN])
        jpn.catches_up(kor)
        assert (
            jpn.rows("SELECT count(*) FROM substance") == kor.rows("SELECT count(*) FROM substance") == [(0,)]
        )


class TestReport:
    def report(self, node: Node, item: str) -> str:
        """An item as a report again."""
        return show_report(
            item,
            node.office,
            card=node.card,
            database=node.database,
            blobs=node.home.blobs,
            around=node.around,
        ).decode()

    def test_an_item_is_written_as_the_report_that_it_was(self, village: Village) -> None:
        """
        Marks, qualifiers and variants, without the addressees: a version of it needs nothing else.
        """
        kor, _ = village.pair(KOR, JPN)
        paragraphs = (
            f"{SECRET} {{source: a host official}} {{grade: B2}} Noon.",
            f"{LIMITED} {{tearline}} Soon.",
            f"{SECRET} {{language: en}} In English.",
            f"{SECRET} {{translation: ko}} In Korean.",
            f"{LIMITED} {{tearline: 2}} Less.",
            f"{OURS} Why.",
            "(O) {withheld} Sources.",
        )
        text = report(*paragraphs, to=[JPN], title="(O) Seating")
        item = kor.lets_go(kor.writes_text(text)).item_id.hex()
        said = self.report(kor, item)
        for paragraph in paragraphs:
            assert f"\n{paragraph}\n" in said
        with pytest.raises(RefusedError, match="says what the item says"):
            kor.writes_text(said, replaces=item)

    def test_declassified_by_changing_its_marks(self, village: Village) -> None:
        """
        The report with other marks, as a new version: a paragraph that was secret is open.
        """
        kor, _, aus = village.star(KOR, JPN, AUS)
        first = kor.releases(f"{SECRET} Noon.", f"{ALL} Today.", to=[JPN, AUS])
        aus.catches_up(kor)
        kor.clock.move(days=365)
        changed = self.report(kor, first).replace(SECRET, "(O)")
        second = kor.lets_go(kor.writes_text(changed, replaces=first)).item_id.hex()
        aus.catches_up(kor)
        assert aus.reads(second) == ["Noon.", "Today."]
        [listed] = aus.inbox()
        assert listed.replaces == first

    def test_only_what_was_released_here(self, village: Village) -> None:
        """
        Of others' items there is no report to be changed.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        with pytest.raises(MalformedError, match="no item of this reference or id"):
            self.report(jpn, item)

    def test_a_reader_gets_what_they_may_see(self, village: Village) -> None:
        """
        What stood for a hidden paragraph is a paragraph of its own.
        """
        own = clearance(["KOR"], highest="LIMITED", context=("Own", "Releasable"))
        kor, jpn = village.node(KOR, clearances=[own]), village.node(JPN)
        village.joins(kor, jpn)
        item = kor.releases(f"{SECRET} {CANARY}", f"{LIMITED} {{tearline}} Soon.", to=[JPN])
        assert self.report(kor, item) == f"kind: report\npolicy: EXERCISE\n\n{LIMITED} Soon.\n"


# A naive model: for each reader, what they have of a document.


@dataclass(frozen=True)
class Said:
    """A version in the model: its id, and the paragraphs by level."""

    item: str
    paragraphs: tuple[tuple[str, str], ...]
    is_withdrawn: bool = False

    def to(self, levels: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """What somebody reads who holds these levels."""
        return tuple(each for each in self.paragraphs if each[0] in levels)


def has(versions_: Sequence[Said], levels: Sequence[str]) -> str:
    """The item that a reader has now, by walking through all versions as a person would."""
    now: Said | None = None
    for each in versions_:
        if not each.to(levels):
            continue
        if now is None or now.is_withdrawn or now.to(levels) != each.to(levels):
            now = each
    return now.item if now is not None and not now.is_withdrawn else ""


MARKS = {"L": LIMITED, "C": "(C//REL KOR, JPN)", "S": SECRET}
NAMES = {"L": "LIMITED", "C": "CONFIDENTIAL", "S": "SECRET"}


@pytest.mark.parametrize("seed", range(6))
def test_every_reader_has_what_the_model_says(village: Village, seed: int) -> None:
    """
    Random versions, some withdrawn, some late; readers of each level, and a peer of each level.
    """
    dice = random.Random(seed)
    kor = village.node(KOR)
    jpn = village.node(JPN)
    village.joins(kor, jpn)
    document, told, made = bytes(range(16)), list[tuple[int, Said]](), []
    for number in range(7):
        paragraphs = tuple(
            (level, f"{level} {dice.randrange(2)}") for level in "LCS" if dice.random() < 0.7
        ) or (("S", "alone"),)
        view = item_of(
            kor,
            *[(MARKS[level], text) for level, text in paragraphs],
            time=1_656_072_000 + number,
            document=document,
        )
        made.append((number, view, paragraphs))
    dice.shuffle(made)
    for number, view, paragraphs in made:
        hands_over(kor, view)
        jpn.clock.move(minutes=1)
        jpn.pulls(kor)
        item_id = inspect(view).item_id
        is_withdrawn = dice.random() < 0.25
        if is_withdrawn:
            jpn.takes_in(withdraw(item_id, kor.home.signing.item), kor)
        told.append((number, Said(item_id.hex(), paragraphs, is_withdrawn)))
        in_order = [said for _, said in sorted(told, key=lambda pair: pair[0])]
        for count in (1, 2, 3):
            levels = "LCS"[:count]
            wanted = has(in_order, levels)
            assert listed_as(jpn, levels) == ([wanted] if wanted else [])
    assert jpn.faults() == ()


def listed_as(node: Node, levels: Sequence[str]) -> list[str]:
    """The inbox of a reader of a node who holds these levels."""
    highest = NAMES[levels[-1]]
    data = clearance(["JPN"], highest=highest, context=("Own", "Releasable"))
    with node.database.read() as db:
        rules = RuleBook(node.card, node.around).at(db)
        held = named_clearance(stanag4774.read_clearance(data), policies_at_hand(db))
        begin_reading(db, Reader(name="reader", clearances=(held,), at=node.around.now()), rules)
        return [each.item_id.hex() for each in inbox.rows(db)]


@pytest.mark.parametrize("seed", range(6))
def test_every_peer_holds_what_the_model_says(village: Village, seed: int) -> None:
    """
    Random corrections, released and pulled in any order: each peer has what was last news to it.
    """
    dice = random.Random(seed)
    kor, *peers = village.star(KOR, JPN, AUS, NATO)
    levels = dict(zip((JPN, AUS, NATO), ("L", "LC", "LCS"), strict=True))
    for office, held in levels.items():
        kor.grants(office, NAMES[held[-1]])
    item = ""
    waiting = {office: list[Said]() for office in levels}
    told = {office: list[Said]() for office in levels}
    for number in range(8):
        drawn = ((level, f"{level} {dice.randrange(2)}") for level in "LCS" if dice.random() < 0.8)
        # The author's own people see that each is another.
        paragraphs = (*drawn, ("own", f"{number}"))
        texts = [f"({level}//REL KOR, JPN, AUS, NATO) {text}" for level, text in paragraphs[:-1]]
        texts.append(f"{OURS} {number}")
        kor.clock.move(minutes=1)
        if item:
            item = kor.corrects(item, *texts)
        elif len(texts) > 1:
            item = kor.releases(*texts, to=list(levels))
        else:
            continue
        said = Said(item, paragraphs)
        for office in levels:
            waiting[office].append(said)
        for peer in peers:
            if dice.random() < 0.4:
                peer.catches_up(kor)
                handed(told[peer.office], waiting[peer.office], levels[peer.office])
    for peer in peers:
        peer.catches_up(kor)
        handed(told[peer.office], waiting[peer.office], levels[peer.office])
        assert sent(kor, peer.office) == [each.item for each in told[peer.office]]
    assert kor.faults() == ()


def handed(told: list[Said], waiting: list[Said], levels: str) -> None:
    """Hand over in the model: of what waits the newest, unless an older one says the same or it says nothing."""
    going: Said | None = None
    for each in waiting:
        before = going or (told[-1] if told else None)
        if not each.to(levels):
            going = None
        elif before is None or before.to(levels) != each.to(levels):
            going = each
    waiting.clear()
    if going is not None:
        told.append(going)
