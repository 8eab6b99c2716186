# SPDX-License-Identifier: Apache-2.0
"""
Passing on: three real nodes, of which the one in the middle hands the first one's item to the third.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from legation.errors import LegationError, MalformedError, RefusedError
from legation.exchange import EntryKind, read_view, write_view
from legation.item.attachment import CHUNK_SIZE_BYTES
from legation.item.draft import Precedence, Slip
from legation.item.parts import take_apart
from legation.item.portion import Attachment
from legation.item.view import Contents, cut, inspect, verify
from legation.keys.card import KeyState
from legation.labels import Label
from legation.log import LogKind
from legation.node.desk.passing import NOTHING, NOTHING_NEW, NOTHING_SAID, pass_on
from legation.node.desk.previewing_passing import preview_passing
from legation.node.desk.saving import open_attachment
from legation.node.keys.keyring import OFFICE_KEYS
from legation.node.keys.settling import KEYS
from legation.node.streams.judging import CONTROLLED
from legation.records import PassedRecord, PassingRecord
from legation.store.sqlite import items
from tests.item import handmade, naive
from tests.node.pair import Node, Village, limit, next_card, unchanged

NATO, KOR, JPN, AUS = "NATO", "KOR@NATO", "JPN@NATO", "AUS@NATO"

WIDE, NARROW, HERE_ONLY = "(L//REL NATO, KOR, JPN, AUS)", "(C//REL NATO, KOR, JPN)", "(S//REL NATO, KOR)"
CANARY = "halcyon"


@dataclass(frozen=True, kw_only=True)
class Three:
    """
    An author, who passes on, and who is passed something; the last two know the author's card.
    """

    author: Node
    middle: Node
    last: Node

    def sends(self, *paragraphs: str, title: str = "") -> str:
        """
        Have the author release an item to the one in the middle, who takes it.
        """
        item = self.author.releases(*paragraphs, to=[self.middle.office], title=title)
        self.middle.pulls(self.author)
        return item

    def sends_in_two(self, *paragraphs: str) -> str:
        """
        Have the one in the middle get two views of an item: of the first two paragraphs, and of the last.
        """
        item = self.author.releases(*paragraphs, to=[self.middle.office])
        self.author.runs("UPDATE delivery SET state = 'withheld', because = 'expired'")
        contents = inspect(whole(self.author, item))
        for words in (("One", "Two"), ("Three",)):
            hands_over(self.author, self.middle, cut_to(contents, labels_of(contents.data, *words)))
        self.middle.catches_up(self.author)
        return item

    def arrives(self) -> None:
        """
        Have the last one take what is for it, and bring its receipt.
        """
        self.last.catches_up(self.middle)


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Three]:
    """
    NATO, KOR at NATO, and JPN at NATO, which trusts the card of NATO and has nothing of it.
    """
    with Village(tmp_path) as village:
        author, middle, last = (village.node(office) for office in (NATO, KOR, JPN))
        village.joins(author, middle)
        village.joins(middle, last)
        last.trusts(author.card)
        yield Three(author=author, middle=middle, last=last)


def slips_to(*offices: str) -> tuple[Slip, ...]:
    """
    For the information of these offices.
    """
    return tuple(Slip(addressee=office) for office in offices)


def previews(node: Node, item: str, *to: str) -> PassingRecord:
    """
    Preview passing an item on.
    """
    return preview_passing(
        item,
        slips=slips_to(*to),
        card=node.card,
        database=node.database,
        blobs=node.home.blobs,
        around=node.around,
    )


def passes(node: Node, item: str, *to: str, seen: str = "", slips: tuple[Slip, ...] = ()) -> PassedRecord:
    """
    Pass an item on.
    """
    return pass_on(
        item,
        slips=slips or slips_to(*to),
        by="releasing officer",
        seen=bytes.fromhex(seen) if seen else None,
        card=node.card,
        database=node.database,
        blobs=node.home.blobs,
        around=node.around,
    )


def whole(node: Node, item: str) -> bytes:
    """
    The whole item, as only its author has it.
    """
    with node.database.read() as db:
        own = items.own_view(db, bytes.fromhex(item))
        assert own is not None
        return items.view_data(db, own.view_key, node.home.blobs)


def held_view(node: Node, item: str) -> bytes:
    """
    The one view that a node holds of an item.
    """
    [(view_key,)] = node.rows("SELECT view_key FROM view WHERE item_id = ?", [bytes.fromhex(item)])
    with node.database.read() as db:
        return items.view_data(db, view_key, node.home.blobs)


def labels_of(view: bytes, *words: str) -> set[Label]:
    """
    The labels of the layers in which one of these words stands.
    """
    layers = inspect(view).layers
    return {each.label for each in layers if any(word in str(each.portions) for word in words)}


def cut_to(contents: Contents, labels: set[Label]) -> bytes:
    """
    The copy with the layers of these labels.
    """
    return cut(contents, lambda layer: layer.label in labels)


def two_faced(author: Node, paragraph: str, other: str) -> tuple[bytes, bytes]:
    """
    Two views of one item, each with one layer of the same label; only an author that cheats can sign them.
    """
    honest = json.loads(whole(author, author.releases(paragraph, to=[KOR])))
    author.runs("UPDATE delivery SET state = 'withheld', because = 'expired'")
    layers = [
        handmade.placed(place, handmade.seed(f"salt {place}"), honest["layers"][0]["leaf"])
        for place in (1, 2)
    ]
    layers[1]["leaf"] = layers[1]["leaf"] | {"portions": [{"type": "text", "text": other}]}
    keys = OFFICE_KEYS.decode((author.folder / KEYS).read_bytes())
    parts = take_apart(naive.encode(handmade.seal(layers, [], key=keys.item)))
    first, second = (iter(turns) for turns in ((True, False), (False, True)))
    return parts.cut(lambda _: next(first)), parts.cut(lambda _: next(second))


def hands_over(node: Node, to: Node, view: bytes) -> None:
    """
    Number a view for a peer, whatever the rules say.
    """
    node.appends(to.office, (EntryKind.VIEW, write_view(Slip(addressee=to.office), view)))


def outcome(act: Any) -> tuple[str, str, str]:
    """
    What whoever asked is told when it is refused.
    """
    with pytest.raises(LegationError) as told:
        act()
    return type(told.value).__name__, told.value.message, told.value.hint


class TestPassing:
    def test_what_is_passed_on_verifies_against_the_author_and_names_who_passed_it_on(
        self, three: Three
    ) -> None:
        """
        The last one reads what its grant and the marks permit, by one signature, and who brought it.
        """
        item = three.sends(
            f"{NARROW} Seating.", f"{HERE_ONLY} {CANARY}.", f"{WIDE} Noon.", title="(O) Madrid"
        )
        seen = previews(three.middle, item, JPN)
        done = passes(three.middle, item, JPN, seen=seen.preview)
        assert [(each.addressee, each.banner) for each in done.addressees] == [
            (JPN, "CONFIDENTIAL REL KOR, JPN, NATO")
        ]
        three.arrives()
        shown = three.last.shows(item)
        assert [getattr(each.portion, "text", "") for each in shown.portions] == [
            "Madrid",
            "Seating.",
            "Noon.",
        ]
        assert (shown.author, shown.source, shown.verified) == (NATO, KOR, True)
        assert [(each.author, each.source) for each in three.last.inbox()] == [(NATO, KOR)]
        copy = held_view(three.last, item)
        assert verify(copy, [three.author.card]).author == three.author.card.office
        assert CANARY.encode() not in copy
        assert three.middle.states(item) == {JPN: "receipted"}
        assert [node.faults() for node in (three.author, three.middle, three.last)] == [(), (), ()]

    def test_a_copy_of_a_copy_is_the_copy_that_the_author_would_have_made(self, three: Three) -> None:
        """
        Nothing of what the middle one held besides is in the bytes.
        """
        item = three.sends(f"{NARROW} Seating.", f"{HERE_ONLY} {CANARY}.", f"{WIDE} Noon.")
        passes(three.middle, item, JPN)
        three.arrives()
        contents = inspect(whole(three.author, item))
        assert held_view(three.last, item) == cut_to(contents, labels_of(contents.data, "Seating", "Noon"))

    def test_the_preview_says_for_each_what_goes_and_why_not_the_rest(self, three: Three) -> None:
        """
        By the list, under control, or beside what is; whoever has no grant gets nothing, and it is said.
        """
        item = three.sends(
            f"{HERE_ONLY} Ours.",
            f"{NARROW} {{originator-control}} Seating.",
            f"{NARROW} Speeches.",
            f"{WIDE} Noon.",
            f"{WIDE} {{tearline}} Midday.",
        )
        found = previews(three.middle, item, JPN, AUS)
        assert [(each.addressee, each.why) for each in found.copies] == [(JPN, ""), (AUS, NOTHING)]
        assert [(each.mark, each.showing, each.why) for each in found.copies[0].portions] == [
            ("(S//REL KOR, NATO)", "withheld", "granted, not on the list"),
            ("(C//REL KOR, JPN, NATO)", "withheld", "under its originator's control"),
            (
                "(C//REL KOR, JPN, NATO)",
                "withheld",
                "under one label with what is under its originator's control",
            ),
            ("(L//REL KOR, JPN, AUS, NATO)", "shown", ""),
            ("(L//REL KOR, JPN, AUS, NATO)", "covered", ""),
        ]
        assert {each.showing for each in found.copies[1].portions} == {"withheld"}

    def test_nothing_leaves_by_a_preview(self, three: Three) -> None:
        """
        It changes nothing.
        """
        item = three.sends(f"{NARROW} Seating.")
        with unchanged(three.middle):
            previews(three.middle, item, JPN)

    def test_what_is_not_what_was_seen_is_refused(self, three: Three) -> None:
        """
        A grant that was narrowed since, another addressee, another precedence: look again.
        """
        item = three.sends(f"{NARROW} Seating.", f"{WIDE} Noon.")
        seen = previews(three.middle, item, JPN).preview
        for slip in (Slip(addressee=JPN, precedence=Precedence.FLASH), Slip(addressee=JPN, action=True)):
            with unchanged(three.middle), pytest.raises(RefusedError, match="no longer what was previewed"):
                passes(three.middle, item, seen=seen, slips=(slip,))
        three.middle.grants(JPN, "LIMITED")
        with pytest.raises(RefusedError, match="no longer what was previewed"):
            passes(three.middle, item, JPN, seen=seen)
        assert three.middle.deliveries(item) == ()

    def test_it_is_released_and_approved_in_the_log(self, three: Three) -> None:
        """
        As for a release of our own: the item, and what was approved.
        """
        item = three.sends(f"{NARROW} Seating.")
        done = passes(three.middle, item, JPN)
        assert [(each.kind, each.hash.hex()) for each in three.middle.log()[-2:]] == [
            (LogKind.RELEASED, item),
            (LogKind.APPROVED, done.preview),
        ]
        assert three.middle.rows("SELECT draft_digest, released_by FROM released") == [
            (None, "releasing officer")
        ]

    def test_nobody_gets_anything_if_somebody_would_get_nothing(self, three: Three) -> None:
        """
        The one who gets nothing is named; nothing is written down.
        """
        item = three.sends(f"{NARROW} Seating.", title="(O) Madrid")
        with unchanged(three.middle), pytest.raises(RefusedError, match=f"{AUS}: {NOTHING}"):
            passes(three.middle, item, JPN, AUS)
        three.middle.grants(JPN, "OPEN")
        with unchanged(three.middle), pytest.raises(RefusedError, match=NOTHING_SAID):
            passes(three.middle, item, JPN)


class TestWhatIsNotPassedOn:
    def test_a_layer_under_the_originators_control_stays(self, three: Three) -> None:
        """
        All of it, whatever else stands in it; the others go.
        """
        item = three.sends(
            f"{NARROW} {{originator-control}} {CANARY}.", f"{NARROW} Speeches.", f"{WIDE} Noon."
        )
        passes(three.middle, item, JPN)
        three.arrives()
        assert three.last.reads(item) == ["Noon."]
        for word in (CANARY, "Speeches"):
            assert word.encode() not in held_view(three.last, item)

    def test_what_is_under_control_throughout_goes_to_nobody(self, three: Three) -> None:
        """
        Though its mark names the addressee.
        """
        item = three.sends(f"{NARROW} {{originator-control}} Seating.")
        with unchanged(three.middle), pytest.raises(RefusedError, match=NOTHING):
            passes(three.middle, item, JPN)

    def test_an_item_of_ours_and_one_to_its_author_or_to_us_are_refused(self, three: Three) -> None:
        """
        Ours is released, the author has it, and we have it.
        """
        theirs = three.sends(f"{NARROW} Seating.")
        ours = three.middle.releases("(C//REL KOR, JPN) Ours.", to=[JPN])
        for item, to, kind, match in (
            (ours, [JPN], RefusedError, "this item is ours"),
            (theirs, [NATO], RefusedError, "NATO wrote this item"),
            (theirs, [KOR], MalformedError, "the office that holds it"),
            (theirs, [JPN, JPN], MalformedError, "there twice"),
            (theirs, [], MalformedError, "0 addressees"),
        ):
            for act in (previews, passes):
                with unchanged(three.middle), pytest.raises(kind, match=match):
                    act(three.middle, item, *to)

    def test_a_withdrawn_item_is_refused(self, three: Three) -> None:
        """
        Its author took it back.
        """
        item = three.sends(f"{NARROW} Seating.")
        self._withdraw(three, item)
        for act in (previews, passes):
            with pytest.raises(RefusedError, match="withdrawn"):
                act(three.middle, item, JPN)

    @staticmethod
    def _withdraw(three: Three, item: str) -> None:
        three.author.withdraws(item)
        [(data,)] = three.author.rows("SELECT data FROM withdrawal")
        three.middle.takes_in(data, three.author)

    def test_what_is_withdrawn_on_its_way_does_not_arrive(self, three: Three) -> None:
        """
        What waits ends, and what was numbered is taken back.
        """
        waits, numbered = three.sends(f"{NARROW} Seating."), three.sends(f"{NARROW} Speeches.")
        passes(three.middle, numbered, JPN)
        three.middle.hears(three.last.asks_with(three.middle))
        assert three.middle.states(numbered) == {JPN: "numbered"}
        passes(three.middle, waits, JPN)
        for item in (waits, numbered):
            three.author.withdraws(item)
        for (data,) in three.author.rows("SELECT data FROM withdrawal"):
            three.middle.takes_in(data, three.author)
        three.arrives()
        assert three.last.listed() == []
        assert three.middle.states(waits) == three.middle.states(numbered) == {JPN: "withdrawn"}
        assert three.middle.faults() == ()

    def test_an_older_version_is_refused_with_the_newer_one_named(self, three: Three) -> None:
        """
        Whoever passes on what was corrected is told so, if they may see the correction.
        """
        item = three.sends(f"{NARROW} Noon.", f"{HERE_ONLY} {CANARY}.")
        newer = three.author.corrects(item, f"{NARROW} One.", f"{HERE_ONLY} {CANARY}.")
        three.middle.pulls(three.author)
        with unchanged(three.middle), pytest.raises(RefusedError, match="there is a newer version: NATO"):
            passes(three.middle, item, JPN)
        passes(three.middle, newer, JPN)
        three.arrives()
        assert three.last.reads(newer) == ["One."]

    def test_what_is_set_apart_is_passed_on_to_nobody(self, three: Three) -> None:
        """
        It is answered as what is not there.
        """
        item = three.sends(f"{NARROW} Seating.")
        three.middle.runs("UPDATE view SET state = 'quarantined', because = 'a reason'")
        missing = outcome(lambda: previews(three.middle, "0" * 64, JPN))
        assert outcome(lambda: previews(three.middle, item, JPN)) == missing
        assert outcome(lambda: passes(three.middle, item, JPN)) == missing


class TestNumbering:
    def test_a_grant_narrowed_before_it_goes_narrows_the_copy(self, three: Three) -> None:
        """
        What was approved and is permitted now, and nothing more.
        """
        item = three.sends(f"{NARROW} Seating.", f"{WIDE} Noon.")
        passes(three.middle, item, JPN)
        three.middle.grants(JPN, "LIMITED")
        three.arrives()
        assert three.last.reads(item) == ["Noon."]

    def test_a_grant_widened_after_it_was_approved_widens_nothing(self, three: Three) -> None:
        """
        More takes another approval; that copy goes whole, as a new entry.
        """
        three.middle.grants(JPN, "LIMITED")
        item = three.sends(f"{NARROW} Seating.", f"{WIDE} Noon.")
        passes(three.middle, item, JPN)
        three.middle.grants(JPN, "SECRET")
        three.middle.keeps_house()
        three.arrives()
        assert three.last.reads(item) == ["Noon."]
        passes(three.middle, item, JPN)
        three.arrives()
        assert three.last.reads(item) == ["Seating.", "Noon."]
        assert [each.state for each in three.middle.deliveries(item)] == ["receipted", "receipted"]
        assert three.middle.faults() == ()

    def test_the_same_again_is_refused_as_nothing_new(self, three: Three) -> None:
        """
        While it waits, when it is numbered, and when it is receipted.
        """
        item = three.sends(f"{NARROW} Seating.", f"{WIDE} Noon.")
        passes(three.middle, item, JPN)
        for act in (
            lambda: None,
            lambda: three.middle.hears(three.last.asks_with(three.middle)),
            three.arrives,
        ):
            act()
            with unchanged(three.middle), pytest.raises(RefusedError, match=NOTHING_NEW):
                passes(three.middle, item, JPN)
        three.middle.grants(JPN, "LIMITED")
        with pytest.raises(RefusedError, match=NOTHING_NEW):
            passes(three.middle, item, JPN)

    def test_of_two_that_wait_the_one_approved_last_goes(self, three: Three) -> None:
        """
        The smaller one is withheld, and stays so when the rules turn.
        """
        three.middle.grants(JPN, "LIMITED")
        item = three.sends(f"{NARROW} Seating.", f"{WIDE} Noon.")
        passes(three.middle, item, JPN)
        three.middle.grants(JPN, "SECRET")
        passes(three.middle, item, JPN)
        three.arrives()
        assert three.last.peer(three.middle).received == 2
        three.middle.grants(JPN, "LIMITED")
        three.middle.keeps_house()
        three.middle.grants(JPN, "SECRET")
        three.middle.keeps_house()
        three.arrives()
        assert three.last.peer(three.middle).received == 2
        assert sorted(each.state for each in three.middle.deliveries(item)) == ["receipted", "withheld"]
        assert three.middle.faults() == ()

    def test_more_that_shrank_to_what_they_have_does_not_go(self, three: Three) -> None:
        """
        The rules changed between the approval and its turn.
        """
        three.middle.grants(JPN, "LIMITED")
        item = three.sends(f"{NARROW} Seating.", f"{WIDE} Noon.")
        passes(three.middle, item, JPN)
        three.arrives()
        three.middle.grants(JPN, "SECRET")
        passes(three.middle, item, JPN)
        three.middle.grants(JPN, "LIMITED")
        three.arrives()
        assert three.last.peer(three.middle).received == 2
        newest = three.middle.deliveries(item)[0]
        assert (newest.state, newest.why) == (
            "withheld",
            "nothing is sent: it says to them what they have",
        )

    def test_what_was_numbered_and_may_not_go_is_void_and_a_smaller_copy_follows(self, three: Three) -> None:
        """
        Retransmission only narrows, also of what is another's.
        """
        item = three.sends(f"{NARROW} {CANARY}.", f"{WIDE} Noon.")
        passes(three.middle, item, JPN)
        three.middle.hears(three.last.asks_with(three.middle))
        three.middle.grants(JPN, "LIMITED")
        three.arrives()
        assert three.last.reads(item) == ["Noon."]
        assert [each.state for each in three.middle.deliveries(item)] == ["void", "receipted"]
        with three.last.database.read() as db:
            assert all(CANARY.encode() not in data for (data,) in db.rows("SELECT data FROM view"))
        assert three.middle.faults() == ()

    def test_what_its_author_revoked_meanwhile_does_not_go(self, three: Three) -> None:
        """
        Neither what waits nor what was numbered: nothing of it is held any more.
        """
        waits, numbered = three.sends(f"{NARROW} Seating."), three.sends(f"{NARROW} Speeches.")
        passes(three.middle, numbered, JPN)
        three.middle.hears(three.last.asks_with(three.middle))
        passes(three.middle, waits, JPN)
        three.middle.trusts(next_card(three.author, item_key=KeyState.REVOKED))
        three.arrives()
        assert three.last.listed() == []
        assert three.middle.states(waits) == three.middle.states(numbered) == {JPN: "withheld"}

    def test_layers_of_two_views_are_never_joined(self, three: Three) -> None:
        """
        One view goes, the one with most of what may.
        """
        item = three.sends_in_two(f"{NARROW} One.", f"{WIDE} Two.", "(O) Three.")
        passes(three.middle, item, JPN)
        three.arrives()
        assert three.last.reads(item) == ["One.", "Two."]

    def test_a_view_with_fewer_layers_goes_if_most_of_the_other_is_controlled(self, three: Three) -> None:
        """
        What counts is what may go.
        """
        control = "{originator-control}"
        item = three.sends_in_two(f"{NARROW} {control} One.", f"{WIDE} {control} Two.", "(O) Three.")
        passes(three.middle, item, JPN)
        three.arrives()
        assert three.last.reads(item) == ["Three."]

    def test_a_cheating_author_cannot_swap_what_was_approved(self, three: Three) -> None:
        """
        Two views can say something else under one label and one item id: what goes is the view that was seen.
        """
        true, false = two_faced(three.author, f"{NARROW} Approved.", "Swapped.")
        item = inspect(true).item_id.hex()
        hands_over(three.last, three.middle, true)
        three.middle.catches_up(three.last)
        seen = previews(three.middle, item, JPN).preview
        passes(three.middle, item, JPN, seen=seen)
        hands_over(three.author, three.middle, false)
        three.middle.catches_up(three.author)
        three.arrives()
        assert three.last.reads(item) == ["Approved."]

    def test_another_view_than_was_seen_is_another_preview(self, three: Three) -> None:
        """
        Also if it would go under the same label.
        """
        true, false = two_faced(three.author, f"{NARROW} Approved.", "Swapped.")
        item = inspect(true).item_id.hex()
        hands_over(three.last, three.middle, true)
        three.middle.catches_up(three.last)
        seen = previews(three.middle, item, JPN).preview
        hands_over(three.author, three.middle, false)
        three.middle.catches_up(three.author)
        with unchanged(three.middle), pytest.raises(RefusedError, match="no longer what was previewed"):
            passes(three.middle, item, JPN, seen=seen)

    def test_what_was_seen_and_is_set_apart_since_goes_from_no_other_view(self, three: Three) -> None:
        """
        What was approved is that view; another takes another approval.
        """
        item = three.sends_in_two(f"{NARROW} One.", f"{WIDE} Two.", "(O) Three.")
        passes(three.middle, item, JPN)
        three.middle.runs(
            "UPDATE view SET state = 'quarantined', because = 'a reason' WHERE view_key = "
            "(SELECT view_key FROM delivery WHERE state = 'waiting')"
        )
        three.arrives()
        assert three.last.listed() == []
        assert three.middle.states(item) == {JPN: "withheld"}

    def test_a_view_with_something_to_read_goes_before_a_fuller_one_without(self, three: Three) -> None:
        """
        Titles alone are no copy.
        """
        item = three.author.releases(f"{WIDE} One.", to=[KOR], title=f"{NARROW} Two")
        contents = inspect(whole(three.author, item))
        three.author.runs("UPDATE delivery SET state = 'withheld', because = 'expired'")
        for words in (("Two",), ("One",)):
            hands_over(three.author, three.middle, cut_to(contents, labels_of(contents.data, *words)))
        three.middle.catches_up(three.author)
        passes(three.middle, item, JPN)
        three.arrives()
        assert three.last.reads(item) == ["One."]

    def test_what_the_missions_people_may_not_see_is_not_passed_on(self, three: Three) -> None:
        """
        Though the addressee could be handed it: nobody here can say what it is.
        """
        item = three.sends(f"{NARROW} {CANARY}.", f"{WIDE} Noon.")
        limit(three.middle)
        assert CANARY not in str(previews(three.middle, item, JPN))
        passes(three.middle, item, JPN)
        three.arrives()
        assert three.last.reads(item) == ["Noon."]

    def test_an_item_that_is_filed_under_a_document_of_ours_is_passed_on_as_any(self, three: Three) -> None:
        """
        Another office can write our document id; it is no version of what is ours.
        """
        ours = three.middle.releases("(C//REL KOR, JPN) Ours.", to=[JPN])
        item = three.sends(f"{NARROW} Seating.")
        three.middle.runs(
            "UPDATE item SET document = (SELECT document FROM item WHERE item_id = ?) WHERE is_own = 0",
            [bytes.fromhex(ours)],
        )
        passes(three.middle, item, JPN)
        three.arrives()
        assert sorted(three.last.listed()) == sorted([ours, item])

    def test_a_process_that_begins_anew_passes_on_as_the_one_before(self, three: Three) -> None:
        """
        What was approved is in the store.
        """
        item = three.sends(f"{NARROW} {'Seating. ' * 9_000}", f"{WIDE} Noon.")
        passes(three.middle, item, JPN)
        three.middle.reopen()
        three.arrives()
        assert len(three.last.reads(item)) == 2


class TestReceiving:
    def test_what_is_under_control_is_set_apart_if_another_brings_it(self, three: Three) -> None:
        """
        By a liar that passes it on all the same: receipted like any other, shown to nobody, told to us alone.
        """
        control = f"{{originator-control}} {CANARY}."
        for paragraphs in (
            (f"{NARROW} Speeches.", f"{NARROW} {control}", f"{WIDE} Noon."),
            (f"{NARROW} Speeches.", f"{WIDE} Noon.", f"{WIDE} {control}"),
            (f"{NARROW} Speeches.", f"{WIDE} Noon.", "(O) Today.", f"(O) {control}"),
        ):
            item = three.sends(*paragraphs)
            hands_over(three.middle, three.last, held_view(three.middle, item))
            three.arrives()
            assert three.last.listed() == []
            with pytest.raises(MalformedError, match="no item of this reference or id"):
                three.last.shows(item)
        assert three.last.rows("SELECT state, because FROM view") == [("quarantined", CONTROLLED)] * 3
        assert three.last.peer(three.middle).why_quarantined == (CONTROLLED,)
        assert three.middle.peer(three.last).receipted == 4
        assert three.last.faults() == ()

    def test_its_author_may_bring_it_before_and_after(self, three: Three) -> None:
        """
        The same bytes by the author's own stream are held, in whatever order they come.
        """
        three.author.trusts(three.last.card)
        three.author.grants(JPN)
        for is_first in (True, False):
            item = three.author.releases(
                f"{NARROW} {{originator-control}} Seating {is_first}.", to=[KOR, JPN]
            )
            three.middle.pulls(three.author)
            hands_over(three.middle, three.last, held_view(three.middle, item))
            turns = [three.author, three.middle]
            for peer in turns if is_first else reversed(turns):
                three.last.catches_up(peer)
            assert three.last.reads(item) == [f"Seating {is_first}."]
            assert three.last.shows(item).source == ""

    def test_it_stays_apart_when_it_is_judged_again(self, three: Three) -> None:
        """
        A new card of the author changes nothing about who brought it.
        """
        item = three.sends(f"{NARROW} {{originator-control}} Seating.")
        hands_over(three.middle, three.last, held_view(three.middle, item))
        three.arrives()
        three.last.trusts(next_card(three.author, item_key=KeyState.CURRENT))
        assert three.last.rows("SELECT state, because FROM view") == [("quarantined", CONTROLLED)]

    def test_what_the_last_one_gets_it_may_pass_on_in_turn(self, three: Three, tmp_path: Path) -> None:
        """
        Cut once more, it still verifies; and it is shown as passed on by whoever did last.
        """
        item = three.sends(f"{NARROW} Seating.", f"{WIDE} Noon.")
        passes(three.middle, item, JPN)
        three.arrives()
        with Village(tmp_path / "more") as village:
            fourth = village.node(AUS)
            village.nodes[JPN] = three.last
            try:
                village.joins(three.last, fourth)
                fourth.trusts(three.author.card)
                passes(three.last, item, AUS)
                fourth.catches_up(three.last)
                shown = fourth.shows(item)
                assert (fourth.reads(item), shown.source) == (["Noon."], JPN)
            finally:
                del village.nodes[JPN]


class TestForbiddenIsMissing:
    def test_what_may_not_be_seen_is_refused_as_what_is_not_there(self, three: Three) -> None:
        """
        Byte for byte, by id, by its beginning and by reference, in a preview and when passing on.
        """
        item = three.sends(f"{HERE_ONLY} {CANARY}.")
        [(named,)] = three.middle.rows("SELECT reference FROM item")
        three.middle.runs("DELETE FROM mission_clearance")
        three.middle.runs("UPDATE epoch SET number = number + 1")
        three.middle.reopen()
        wanted = outcome(lambda: previews(three.middle, "0" * 64, JPN))
        for text in (item, item[:12], named):
            for to in ((JPN,), (NATO,), (KOR,), ()):
                assert outcome(lambda text=text, to=to: previews(three.middle, text, *to)) == wanted
                assert outcome(lambda text=text, to=to: passes(three.middle, text, *to)) == wanted


def test_the_payload_is_the_slip_and_the_copy(three: Three) -> None:
    """
    What concerns the addressee travels beside the copy, as with an item of our own.
    """
    item = three.sends(f"{NARROW} Seating.")
    passes(three.middle, item, slips=(Slip(addressee=JPN, action=True, precedence=Precedence.PRIORITY),))
    three.middle.hears(three.last.asks_with(three.middle))
    [(payload,)] = three.middle.rows("SELECT payload FROM outgoing_entry WHERE kind = 'view'")
    slip, view = read_view(payload)
    assert (slip.addressee, slip.action, slip.precedence) == (JPN, True, Precedence.PRIORITY)
    assert sha256(view).digest() == sha256(held_view(three.middle, item)).digest()


class TestAttachments:
    def test_a_file_goes_with_its_layer_and_one_under_control_stays(self, three: Three) -> None:
        """
        Its bytes come by whoever passed on, and are those that the author signed for.
        """
        plan = random.Random(7).randbytes(3 * CHUNK_SIZE_BYTES + 5)
        text = (
            "kind: report\npolicy: EXERCISE\naction: KOR@NATO\n\n"
            f"{NARROW} {{attachment: Plan.pdf}}\n\n{WIDE} {{attachment: List.pdf}} {{originator-control}}\n"
        )
        draft = three.author.writes_text(text, files={"Plan.pdf": plan, "List.pdf": CANARY.encode()})
        item = three.author.lets_go(draft).item_id.hex()
        three.middle.catches_up(three.author)
        passes(three.middle, item, JPN)
        three.arrives()
        [shown] = three.last.shows(item).portions
        assert isinstance(shown.portion, Attachment)
        found = open_attachment(
            item,
            "",
            JPN,
            card=three.last.card,
            database=three.last.database,
            blobs=three.last.home.blobs,
            store=three.last.home.attachments,
            around=three.last.around,
        )
        assert b"".join(found.pieces) == plan
        assert three.middle.states(item) == {JPN: "receipted"}
        assert [node.faults() for node in (three.middle, three.last)] == [(), ()]
