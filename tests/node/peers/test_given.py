# SPDX-License-Identifier: Apache-2.0
"""
What a correspondent was given, what it would gain, and the admission of the back-file.
"""

from typing import Any

import pytest

from legation.errors import MalformedError, RefusedError
from legation.log import LogKind
from legation.node.peers import admitting
from legation.node.peers.admitting import Selection, admit, carry_out, preview_admission
from legation.node.peers.gaining import gain, seen_gain
from legation.node.peers.given import GIVEN_MAX, read_given
from legation.node.peers.stopping import exclude_peer
from legation.records import AdmissionRecord, GainRecord, GivenRecord
from tests.node.pair import FIRST, SECOND, Node, Village, limit, unchanged
from tests.stories.cast import clearance as clearance_of

KOR, JPN, AUS = "KOR@NATO", "JPN@NATO", "AUS@NATO"
LOW, HIGH = "(L//REL KOR, JPN)", "(S//REL KOR, JPN)"
TEXT = "The seating was changed."


def given(node: Node, office: str = JPN, **more: Any) -> GivenRecord:
    """What a node says that it gave to an office."""
    return read_given(
        office,
        **more,
        card=node.card,
        database=node.database,
        blobs=node.home.blobs,
        around=node.around,
    )


def gains(node: Node, highest: str = "SECRET", office: str = JPN, **more: Any) -> GainRecord:
    """What an office would gain by a grant up to a classification."""
    told: dict[str, Any] = {"not_before": None, "not_after": None} | more
    return gain(
        office,
        clearance_of(["JPN"], highest=highest),
        **told,
        card=node.card,
        database=node.database,
        around=node.around,
    )


def previews(node: Node, selection: Selection, office: str = JPN) -> AdmissionRecord:
    """What an office would be admitted to."""
    return preview_admission(
        office,
        selection,
        card=node.card,
        database=node.database,
        blobs=node.home.blobs,
        around=node.around,
    )


def admits(
    node: Node, selection: Selection, seen: str, *, by: str = FIRST, office: str = JPN
) -> AdmissionRecord:
    """Propose it, or admit it."""
    return admit(
        office,
        selection,
        seen=bytes.fromhex(seen),
        by=by,
        card=node.card,
        database=node.database,
        blobs=node.home.blobs,
        around=node.around,
    )


def references(record: Any) -> list[str]:
    """The items that a record lists."""
    return [each.item for each in record]


@pytest.fixture
def pair(village: Village) -> tuple[Node, Node]:
    """
    KOR@NATO, and JPN@NATO which may see what is LIMITED.
    """
    kor, jpn = village.star(KOR, JPN, AUS)[:2]
    kor.grants(JPN, "LIMITED")
    return kor, jpn


class TestGiven:
    def test_each_copy_is_listed_with_its_labels_its_release_and_its_receipt(
        self, pair: tuple[Node, Node]
    ) -> None:
        """
        The banner is that of the copy, not of the item; the receipt is the first over it.
        """
        kor, jpn = pair
        item = kor.releases(f"{LOW} {TEXT}", f"{HIGH} More.", to=[JPN])
        jpn.catches_up(kor)
        second = kor.releases(f"{LOW} Another.", to=[JPN])
        jpn.pulls(kor)
        [one, two] = given(kor).entries
        assert (one.item, one.state, one.number, one.released_by) == (
            item,
            "receipted",
            1,
            "releasing officer",
        )
        assert one.banner == "LIMITED REL KOR, JPN"
        assert one.receipted
        [(incarnation,)] = kor.rows("SELECT incarnation FROM outgoing WHERE office = ?", [JPN])
        assert isinstance(incarnation, bytes)
        assert one.receipt == f"{incarnation.hex()}/2"
        assert (two.item, two.state, two.receipt, two.receipted) == (second, "numbered", "", "")
        assert one.has
        assert two.has

    def test_what_waits_or_was_withheld_was_not_given(self, pair: tuple[Node, Node]) -> None:
        """
        Nor what went to somebody else.
        """
        kor, jpn = pair
        kor.releases(f"{HIGH} {TEXT}", f"(S//REL KOR, AUS) {TEXT}", to=[JPN, AUS])
        kor.releases(f"{LOW} {TEXT}", to=[JPN])
        assert given(kor).entries == ()
        jpn.pulls(kor)
        assert len(given(kor).entries) == 1

    def test_of_versions_the_newest_that_was_handed_over_is_what_they_have(
        self, pair: tuple[Node, Node]
    ) -> None:
        """
        What was withdrawn and what was taken back is named as such, and they have it no more.
        """
        kor, jpn = pair
        old = kor.releases(f"{LOW} {TEXT}", to=[JPN])
        jpn.catches_up(kor)
        new = kor.corrects(old, f"{LOW} It was not changed.", to=[JPN])
        jpn.catches_up(kor)
        assert {each.item: each.has for each in given(kor).entries} == {old: False, new: True}
        kor.withdraws(new)
        found = {each.item: (each.state, each.has) for each in given(kor).entries}
        assert found == {old: ("receipted", True), new: ("withdrawn", False)}

    def test_what_was_taken_back_is_named_and_has_no_receipt(self, pair: tuple[Node, Node]) -> None:
        """
        A receipt covers what is void as well, and says nothing about it.
        """
        kor, jpn = pair
        item = kor.releases(f"{LOW} {TEXT}", to=[JPN])
        kor.answering.work_ahead(JPN)
        kor.grants(JPN, "OPEN")
        jpn.catches_up(kor)
        [found] = given(kor).entries
        assert (found.item, found.state, found.receipt, found.has) == (item, "void", "", False)
        assert found.banner == "LIMITED REL KOR, JPN"

    def test_pages_follow_one_another_and_a_date_bounds_them(self, pair: tuple[Node, Node]) -> None:
        """
        Each copy is on one page; what was handed over before the date is left out.
        """
        kor, jpn = pair
        wanted = []
        for number in range(5):
            kor.clock.move(hours=1)
            wanted.append(kor.releases(f"{LOW} {TEXT} {number}", to=[JPN]))
            jpn.pulls(kor)
        seen, after = [], 0
        while True:
            page = given(kor, after=after, limit=2)
            assert len(page.entries) <= 2
            seen += references(page.entries)
            if not page.next:
                break
            after = page.next
        assert seen == wanted
        late = int(kor.clock().timestamp()) - 3600
        assert references(given(kor, since=late).entries) == wanted[-2:]

    def test_what_our_own_people_may_not_see_is_not_listed(self, pair: tuple[Node, Node]) -> None:
        """
        There is no query without a reader.
        """
        kor, jpn = pair
        kor.grants(JPN)
        kor.releases(f"{HIGH} {TEXT}", to=[JPN])
        jpn.pulls(kor)
        assert len(given(kor).entries) == 1
        limit(kor)
        assert given(kor).entries == ()

    def test_a_banner_says_only_labels_that_our_own_people_may_see(self, pair: tuple[Node, Node]) -> None:
        """
        They may have handed over more than they may see now.
        """
        kor, jpn = pair
        kor.grants(JPN)
        kor.releases(f"{LOW} {TEXT}", f"{HIGH} More.", to=[JPN])
        jpn.pulls(kor)
        assert [each.banner for each in given(kor).entries] == ["SECRET REL KOR, JPN"]
        limit(kor)
        assert [each.banner for each in given(kor).entries] == ["LIMITED REL KOR, JPN"]

    def test_what_was_withdrawn_before_its_receipt_has_none(self, pair: tuple[Node, Node]) -> None:
        """
        A later receipt covers its number, and not its words.
        """
        kor, jpn = pair
        item = kor.releases(f"{LOW} {TEXT}", to=[JPN])
        kor.answering.work_ahead(JPN)
        kor.withdraws(item)
        jpn.catches_up(kor)
        [found] = given(kor).entries
        assert (found.state, found.receipt, found.receipted) == ("withdrawn", "", "")

    @pytest.mark.parametrize("limited_to", [0, GIVEN_MAX + 1])
    def test_pages_are_bounded(self, pair: tuple[Node, Node], limited_to: int) -> None:
        """
        Nothing is listed without an end.
        """
        with pytest.raises(MalformedError, match="expected to list"):
            given(pair[0], limit=limited_to)

    def test_an_office_that_is_no_correspondent_is_refused(self, pair: tuple[Node, Node]) -> None:
        """
        An empty list would say that they were given nothing.
        """
        with pytest.raises(MalformedError, match="no correspondent"):
            given(pair[0], "NZL")


class TestGain:
    def test_what_was_approved_goes_and_the_rest_is_a_proposal(self, pair: tuple[Node, Node]) -> None:
        """
        Nothing moves; afterwards exactly what was foretold goes.
        """
        kor, jpn = pair
        kor.grants(JPN)
        withheld = kor.releases(f"{HIGH} {TEXT}", to=[JPN])
        kor.grants(JPN, "LIMITED")
        jpn.catches_up(kor)
        assert kor.states(withheld) == {JPN: "withheld"}
        kor.grants(JPN)
        waits = kor.releases(f"{LOW} {TEXT}", f"{HIGH} More.", to=[JPN])
        kor.grants(JPN, "LIMITED")
        kor.clock.move(hours=1)
        cut = kor.releases(f"{LOW} {TEXT}", f"{HIGH} Not approved.", to=[JPN])
        kor.clock.move(hours=1)
        never = kor.releases("(S//REL KOR, JPN, AUS) Never for them.", to=[AUS])
        kor.releases("(S//REL KOR, AUS) Not for them either.", to=[AUS])
        kor.withdraws(kor.releases("(S//REL KOR, JPN, AUS) Withdrawn.", to=[AUS]))
        old = kor.releases("(S//REL KOR, JPN, AUS) Replaced.", to=[AUS])
        kor.corrects(old, "(S//REL KOR, AUS) No more for them.", to=[AUS])
        with unchanged(kor):
            found = gains(kor)
        assert {each.item: (each.becomes, each.banner) for each in found.moves} == {
            withheld: ("goes", "SECRET REL KOR, JPN"),
            waits: ("wider", "SECRET REL KOR, JPN"),
        }
        assert [(each.item, each.addressed) for each in found.back_file] == [(cut, True), (never, False)]
        assert found.gains == ("(S//REL KOR, JPN)", "(S//REL KOR, JPN, AUS)")
        assert (found.gain_count, found.loss_count, found.move_count, found.back_file_count) == (2, 0, 2, 2)
        kor.grants(JPN)
        kor.keeps_house()
        jpn.catches_up(kor)
        assert jpn.reads(withheld) == [TEXT]
        assert jpn.reads(waits) == [TEXT, "More."]
        assert jpn.reads(cut) == [TEXT]
        assert len(jpn.listed()) == 3

    def test_what_would_be_lost_is_listed(self, pair: tuple[Node, Node]) -> None:
        """
        What waits is withheld or cut, what is on its way is taken back; what they have stays with them.
        """
        kor, jpn = pair
        kor.grants(JPN)
        has = kor.releases(f"{HIGH} {TEXT}", to=[JPN])
        jpn.catches_up(kor)
        on_its_way = kor.releases(f"{HIGH} {TEXT} 2", to=[JPN])
        kor.answering.work_ahead(JPN)
        waits = kor.releases(f"{HIGH} {TEXT} 3", to=[JPN])
        both = kor.releases(f"{LOW} {TEXT}", f"{HIGH} {TEXT} 4", to=[JPN])
        found = gains(kor, "LIMITED")
        assert {each.item: each.becomes for each in found.moves} == {
            on_its_way: "taken back",
            waits: "withheld",
            both: "cut",
        }
        assert found.loses == ("(S//REL KOR, JPN)",)
        assert (found.gain_count, found.loss_count, found.back_file_count) == (0, 1, 0)
        assert has not in references(found.moves)

    def test_a_grant_that_is_held_already_changes_nothing(self, pair: tuple[Node, Node]) -> None:
        """
        The same clearance again moves nothing.
        """
        kor, _ = pair
        kor.releases(f"{HIGH} {TEXT}", f"{LOW} {TEXT}", to=[JPN])
        found = gains(kor, "LIMITED")
        assert (found.gain_count, found.loss_count, found.move_count, found.back_file_count) == (0, 0, 0, 0)

    def test_a_grant_that_begins_later_is_tried_when_it_begins(self, pair: tuple[Node, Node]) -> None:
        """
        Today it would open nothing.
        """
        kor, _ = pair
        kor.releases("(S//REL KOR, JPN, AUS) For both.", to=[AUS])
        later = kor.clock().replace(year=2023)
        assert gains(kor, not_before=later).back_file_count == 1

    def test_the_grant_is_refused_if_it_would_change_something_else_than_was_seen(
        self, pair: tuple[Node, Node]
    ) -> None:
        """
        Something else waits since: look again.
        """
        kor, _ = pair
        kor.grants(JPN)
        kor.releases(f"{HIGH} {TEXT}", to=[JPN])
        seen = bytes.fromhex(gains(kor, "OPEN").preview)
        wanted = clearance_of(["JPN"], highest="OPEN")
        look = seen_gain(seen, card=kor.card, around=kor.around)
        kor.proposes(JPN, wanted, look=look)
        kor.releases(f"{HIGH} {TEXT} 2", to=[JPN])
        with unchanged(kor), pytest.raises(RefusedError, match="no longer what was seen"):
            kor.proposes(JPN, wanted, by=SECOND, look=look)
        again = seen_gain(bytes.fromhex(gains(kor, "OPEN").preview), card=kor.card, around=kor.around)
        assert kor.proposes(JPN, wanted, by=SECOND, look=again).confirmed_by == SECOND

    def test_what_our_own_people_may_not_see_is_neither_counted_nor_listed(
        self, pair: tuple[Node, Node]
    ) -> None:
        """
        An administrator is not a reader.
        """
        kor, _ = pair
        kor.releases("(S//REL KOR, JPN, AUS) For both.", to=[AUS])
        limit(kor)
        found = gains(kor)
        assert (found.gains, found.gain_count, found.back_file_count) == ((), 0, 0)


class TestAdmit:
    @pytest.fixture
    def back_file(self, pair: tuple[Node, Node]) -> tuple[Node, Node, list[str]]:
        """
        Three items that went to AUS@NATO, of which JPN@NATO may see some since a new grant.
        """
        kor, jpn = pair
        found = []
        for number in range(3):
            kor.clock.move(hours=1)
            text = (
                f"kind: report\npolicy: EXERCISE\ntopics: {'Indo-Pacific' if number else 'Budget'}\naction: {AUS}\n\n"
                f"(S//REL KOR, JPN, AUS) For both {number}.\n\n(S//REL KOR, AUS) Not for them {number}.\n"
            )
            found.append(kor.lets_go(kor.writes_text(text)).item_id.hex())
        kor.grants(JPN)
        kor.keeps_house()
        return kor, jpn, found

    def test_two_persons_admit_and_it_arrives_as_the_back_file(
        self, back_file: tuple[Node, Node, list[str]]
    ) -> None:
        """
        Exactly what was shown goes, marked so that nobody is alerted; what came before is not.
        """
        kor, jpn, items = back_file
        wanted = Selection(since=0)
        with unchanged(kor):
            shown = previews(kor, wanted)
        assert references(shown.items) == items
        assert {each.banner for each in shown.items} == {"SECRET REL KOR, JPN, AUS"}
        assert admits(kor, wanted, shown.preview).state == "proposed"
        assert not jpn.catches_up(kor).views
        with unchanged(kor), pytest.raises(RefusedError, match="proposed this"):
            admits(kor, wanted, shown.preview)
        done = admits(kor, wanted, shown.preview, by=SECOND)
        assert (done.state, done.done, done.size) == ("admitted", 3, 3)
        fresh = kor.releases(f"{HIGH} {TEXT}", to=[JPN])
        jpn.catches_up(kor)
        assert {each.item: each.back_file for each in jpn.inbox()} == {fresh: False} | dict.fromkeys(
            items, True
        )
        assert jpn.reads(items[0]) == ["For both 0."]
        assert [each.back_file for each in given(kor).entries if each.item != fresh] == [True] * 3
        assert not kor.faults()
        assert not jpn.faults()

    def test_a_topic_selects_only_what_our_own_people_may_see_of_it(
        self, back_file: tuple[Node, Node, list[str]]
    ) -> None:
        """
        The topics of these items have the label of the whole, which the peer may not see; that does not matter.
        """
        kor, _, items = back_file
        assert references(previews(kor, Selection(topic="Indo-Pacific")).items) == items[1:]
        assert references(previews(kor, Selection(topic="Pacific")).items) == []
        assert references(previews(kor, Selection(items=(items[2],))).items) == items[2:]
        limit(kor)
        assert references(previews(kor, Selection(topic="Indo-Pacific")).items) == []

    def test_nothing_is_approved_that_whoever_approves_may_not_see(self, pair: tuple[Node, Node]) -> None:
        """
        Of an item that goes in part, the part that they see; and no topic counts that they do not.
        """
        kor, jpn = pair
        text = (
            f"kind: report\npolicy: EXERCISE\ntopics: (S//REL KOR) Indo-Pacific\naction: {AUS}\n\n"
            "(L//REL KOR, JPN, AUS) For both.\n\n(S//REL KOR, JPN, AUS) More.\n"
        )
        item = kor.lets_go(kor.writes_text(text)).item_id.hex()
        kor.grants(JPN)
        wanted = Selection(topic="Indo-Pacific")
        assert [each.banner for each in previews(kor, wanted).items] == ["SECRET REL KOR, JPN, AUS"]
        limit(kor)
        assert previews(kor, wanted).items == ()
        wanted = Selection(since=0)
        [shown] = previews(kor, wanted).items
        assert shown.banner == "LIMITED REL KOR, JPN, AUS"
        for by in (FIRST, SECOND):
            admits(kor, wanted, previews(kor, wanted).preview, by=by)
        jpn.catches_up(kor)
        assert jpn.reads(item) == ["For both."]

    def test_what_comes_to_what_they_have_does_not_go_again(self, pair: tuple[Node, Node]) -> None:
        """
        The rules changed between admission and numbering: it would be the very copy that they have.
        """
        kor, jpn = pair
        item = kor.releases(f"{LOW} {TEXT}", f"{HIGH} More.", to=[JPN])
        jpn.catches_up(kor)
        kor.grants(JPN)
        wanted = Selection(items=(item,))
        seen = previews(kor, wanted).preview
        for by in (FIRST, SECOND):
            admits(kor, wanted, seen, by=by)
        kor.grants(JPN, "LIMITED")
        assert not jpn.catches_up(kor).entries
        assert kor.rows("SELECT state, because FROM delivery ORDER BY delivery_id") == [
            ("receipted", ""),
            ("withheld", "no-difference"),
        ]
        kor.grants(JPN)
        kor.keeps_house()
        assert jpn.catches_up(kor).views == 1
        assert jpn.reads(item) == [TEXT, "More."]

    def test_the_same_admission_twice_does_nothing_twice(
        self, back_file: tuple[Node, Node, list[str]]
    ) -> None:
        """
        Whoever says it again is told that it is done.
        """
        kor, _, _ = back_file
        wanted = Selection(topic="Indo-Pacific")
        seen = previews(kor, wanted).preview
        admits(kor, wanted, seen)
        admits(kor, wanted, seen, by=SECOND)
        with unchanged(kor):
            assert admits(kor, wanted, seen, by="another").done == 2
        assert previews(kor, wanted).size == 0
        empty = previews(kor, wanted).preview
        with unchanged(kor), pytest.raises(RefusedError, match="nothing would go"):
            admits(kor, wanted, empty)

    def test_what_ends_in_the_middle_is_carried_on(
        self, back_file: tuple[Node, Node, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Each change carries out some of it and notes how far it is; nothing is done twice or left out.
        """
        kor, jpn, items = back_file
        monkeypatch.setattr(admitting, "CARRIED_OUT_AT_ONCE", 1)
        wanted = Selection(since=0)
        seen = previews(kor, wanted).preview
        admits(kor, wanted, seen)
        with monkeypatch.context() as ending:
            ending.setattr(admitting, "carry_out", lambda **_: None)
            assert admits(kor, wanted, seen, by=SECOND).done == 0
        turns = iter([True, False])
        with monkeypatch.context() as ending:
            ending.setattr(admitting, "_is_open", lambda _: next(turns))
            carry_out(card=kor.card, database=kor.database, around=kor.around)
        assert kor.rows("SELECT done FROM admission") == [(1,)]
        kor.keeps_house()
        assert kor.rows("SELECT done FROM admission") == [(3,)]
        jpn.catches_up(kor)
        assert sorted(jpn.listed()) == sorted(items)
        assert not kor.faults()

    def test_what_was_withdrawn_meanwhile_does_not_go(
        self, back_file: tuple[Node, Node, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Neither between preview and admission, nor after it.
        """
        kor, jpn, items = back_file
        wanted = Selection(since=0)
        seen = previews(kor, wanted).preview
        admits(kor, wanted, seen)
        kor.withdraws(items[0])
        with unchanged(kor), pytest.raises(RefusedError, match="no longer what was previewed"):
            admits(kor, wanted, seen, by=SECOND)
        seen = previews(kor, wanted).preview
        admits(kor, wanted, seen)
        with monkeypatch.context() as ending:
            ending.setattr(admitting, "carry_out", lambda **_: None)
            admits(kor, wanted, seen, by=SECOND)
        kor.withdraws(items[1])
        kor.keeps_house()
        jpn.catches_up(kor)
        assert jpn.listed() == [items[2]]

    def test_it_is_decided_again_when_it_is_numbered(self, back_file: tuple[Node, Node, list[str]]) -> None:
        """
        What was narrowed since does not go, and opened again wider no more than was approved.
        """
        kor, jpn, items = back_file
        wanted = Selection(since=0)
        seen = previews(kor, wanted).preview
        admits(kor, wanted, seen)
        admits(kor, wanted, seen, by=SECOND)
        kor.grants(JPN, "LIMITED")
        assert not jpn.catches_up(kor).views
        kor.grants_exactly(JPN, clearance_of(["JPN", "AUS"]))
        kor.keeps_house()
        jpn.catches_up(kor)
        assert [jpn.reads(each) for each in items] == [[f"For both {number}."] for number in range(3)]

    def test_a_smaller_copy_that_they_have_does_not_keep_the_larger_from_them(
        self, pair: tuple[Node, Node]
    ) -> None:
        """
        What was cut when it was handed over goes whole, once it is admitted; the same again never.
        """
        kor, jpn = pair
        item = kor.releases(f"{LOW} {TEXT}", f"{HIGH} More.", to=[JPN])
        # The second paragraph was not permitted when it was approved, so it was not approved.
        jpn.catches_up(kor)
        kor.grants(JPN)
        kor.keeps_house()
        assert not jpn.catches_up(kor).views
        shown = previews(kor, Selection(items=(item,)))
        assert [(each.item, each.addressed) for each in shown.items] == [(item, True)]
        admits(kor, Selection(items=(item,)), shown.preview)
        admits(kor, Selection(items=(item,)), shown.preview, by=SECOND)
        jpn.catches_up(kor)
        assert jpn.reads(item) == [TEXT, "More."]
        assert previews(kor, Selection(items=(item,))).size == 0

    def test_what_was_approved_and_cut_when_it_was_numbered_is_part_of_the_back_file(
        self, pair: tuple[Node, Node]
    ) -> None:
        """
        It was approved, and they do not have it: only a release gives it to them.
        """
        kor, jpn = pair
        kor.grants(JPN)
        item = kor.releases(f"{LOW} {TEXT}", f"{HIGH} More.", to=[JPN])
        kor.grants(JPN, "LIMITED")
        jpn.catches_up(kor)
        assert jpn.reads(item) == [TEXT]
        assert references(gains(kor).back_file) == [item]
        kor.grants(JPN)
        kor.keeps_house()
        assert not jpn.catches_up(kor).views
        assert references(previews(kor, Selection(since=0)).items) == [item]
        assert not kor.faults()

    def test_more_than_can_be_shown_is_refused(
        self, back_file: tuple[Node, Node, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Nobody approves what they were not shown.
        """
        kor, _, _ = back_file
        monkeypatch.setattr(admitting, "ADMITTED_MAX", 2)
        with pytest.raises(RefusedError, match="more than 2 items"):
            previews(kor, Selection(since=0))

    def test_nobody_is_admitted_who_is_excluded(self, back_file: tuple[Node, Node, list[str]]) -> None:
        """
        Nothing is permitted to them, so there is nothing to approve.
        """
        kor, _, _ = back_file
        seen = previews(kor, Selection(since=0)).preview
        exclude_peer(JPN, by=FIRST, database=kor.database, around=kor.around)
        with unchanged(kor), pytest.raises(RefusedError, match="no longer what was previewed"):
            admits(kor, Selection(since=0), seen)

    def test_a_selection_says_one_thing(self) -> None:
        """
        Not nothing, and not two.
        """
        with pytest.raises(MalformedError):
            Selection()
        with pytest.raises(MalformedError):
            Selection(topic="Budget", since=0)

    def test_the_log_says_that_it_was_approved(self, back_file: tuple[Node, Node, list[str]]) -> None:
        """
        The whole once, and each item as it is released.
        """
        kor, _, _ = back_file
        before = len(kor.log())
        seen = previews(kor, Selection(since=0)).preview
        admits(kor, Selection(since=0), seen)
        admits(kor, Selection(since=0), seen, by=SECOND)
        kinds = [each.kind for each in kor.log()[before:]]
        assert kinds == [LogKind.APPROVED, *[LogKind.RELEASED, LogKind.APPROVED] * 3]

    def test_the_peer_is_told_the_same_whether_or_not_its_gain_was_asked(
        self, back_file: tuple[Node, Node, list[str]]
    ) -> None:
        """
        Asking leaves no trace: neither in the store nor in the answer.
        """
        kor, jpn, _ = back_file
        jpn.catches_up(kor)
        with unchanged(kor):
            before = kor.hears(jpn.asks_with(kor))
        with unchanged(kor):
            gains(kor, "OPEN")
            given(kor)
            previews(kor, Selection(since=0))
            after = kor.hears(jpn.asks_with(kor))
        told = [(each.start, each.entries, each.checkpoint, each.challenge) for each in (before, after)]
        assert told[0] == told[1]
