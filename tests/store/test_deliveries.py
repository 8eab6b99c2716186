# SPDX-License-Identifier: Apache-2.0

from collections.abc import Iterable
from functools import partial
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.errors import LocalProtocolError, StoreError
from legation.exchange import EntryKind
from legation.item.draft import Precedence
from legation.release import TRANSITIONS, Because, DeliveryEvent, DeliveryState, move_on
from legation.store.sqlite import deliveries, items, outgoing
from legation.store.sqlite.database import Writing
from legation.store.sqlite.deliveries import StoredDelivery, StoredRelease, Waiting
from legation.store.sqlite.items import ViewState
from tests.store import rows

ROUTINE, PRIORITY, IMMEDIATE, FLASH = Precedence
REASONS = {
    DeliveryEvent.REFUSE: Because.REFUSED_BY_RULE,
    DeliveryEvent.TAKE_BACK: Because.TAKEN_BACK,
    DeliveryEvent.SEND_AGAIN: Because.SENT_AGAIN,
    DeliveryEvent.DESTROY: Because.DESTROYED,
    DeliveryEvent.HAND_OVER: Because.HANDED_OVER,
}
MANY = 20_000


@pytest.fixture
def db() -> Writing:
    """A node with peers and three labels."""
    made = rows.furnished()
    rows.interned(made, "A", "B", "C")
    return made


def in_state(db: Writing, name: str, state: DeliveryState, office: str = "KOR") -> int:
    """A delivery that has come to this state."""
    (delivery_id,) = rows.released(db, name, office=office, labels=[1, 2])
    if state in {DeliveryState.NUMBERED, DeliveryState.RECEIPTED, DeliveryState.VOID}:
        stream = rows.numbered(db, outgoing.stream(db, office) or rows.begun(db, office), [delivery_id])
        if state is DeliveryState.RECEIPTED:
            deliveries.receipted(db, stream.stream_id, stream.frontier.size, 40)
        elif state is DeliveryState.VOID:
            go(db, delivery_id, DeliveryEvent.TAKE_BACK)
    elif state is DeliveryState.WITHHELD:
        go(db, delivery_id, DeliveryEvent.REFUSE)
    elif state is DeliveryState.PRINTED:
        go(db, delivery_id, DeliveryEvent.PRINT)
    elif state is DeliveryState.WITHDRAWN:
        go(db, delivery_id, DeliveryEvent.WITHDRAW)
    assert rows.state_of(db, delivery_id)[0] == state.value
    return delivery_id


def go(db: Writing, delivery_id: int, event: DeliveryEvent) -> DeliveryState:
    """Let something happen to a delivery."""
    return deliveries.move(db, delivery_id, event, REASONS.get(event, Because.NONE), epoch=2, at=50)


def mirrored(db: Writing) -> bool:
    """Whether what is noted with the labels is what the deliveries are."""
    row = db.one(
        "SELECT count(*) FROM delivery_label JOIN delivery USING (delivery_id) "
        "WHERE is_withheld <> (state = 'withheld') OR delivery_label.office <> delivery.office"
    )
    return row == (0,)


class TestRelease:
    def test_is_written_down_once_for_a_draft(self, db: Writing) -> None:
        """
        Who released what, and after having seen what, stands there; the same draft is not released again.
        """
        written = rows.draft("a")
        assert not deliveries.is_released(db, written.digest)
        release_id = rows.add_release(db, "a")
        assert deliveries.is_released(db, written.digest)
        assert db.one("SELECT * FROM released") == (
            release_id,
            rows.digest("a"),
            written.digest,
            rows.digest("preview"),
            "releasing officer",
            10,
        )
        with pytest.raises(StoreError, match="breaks a rule"):
            rows.add_release(db, "a")


class TestReleases:
    def test_come_back_as_they_were_written_down(self, db: Writing) -> None:
        """
        Of each release there is what was released, from which draft, after which preview.
        """
        ids = [rows.add_release(db, name) for name in ("b", "a")]
        assert list(deliveries.releases(db)) == [
            StoredRelease(
                release_id=release_id,
                item_id=rows.digest(name),
                draft_digest=rows.draft(name).digest,
                preview_digest=rows.digest("preview"),
            )
            for release_id, name in zip(ids, ("b", "a"), strict=True)
        ]

    def test_say_what_was_approved_for_whom(self, db: Writing) -> None:
        """
        Of each delivery there is the addressee, the slip and what was approved, and of no other release.
        """
        release_id, other = rows.add_release(db, "a"), rows.add_release(db, "b")
        rows.add_delivery(db, "a", "KOR", release_id, [1, 3], precedence=FLASH)
        rows.add_delivery(db, "b", "KOR", other, [2])
        rows.add_delivery(db, "a", "AUS", release_id)
        assert deliveries.approved(db, release_id) == [
            ("KOR", rows.slip("KOR", FLASH), frozenset({1, 3})),
            ("AUS", rows.slip("AUS"), frozenset()),
        ]


class TestPassedOn:
    """Deliveries of another office's item: item `a` of AUS, of which two views are held."""

    @pytest.fixture
    def views(self, db: Writing) -> tuple[int, int]:
        """
        The keys of the two views.
        """
        rows.add_item(db, "a", office="AUS")
        first, second = (
            rows.add_view(db, "a", data, rows.interned(db, "OPEN"), source="AUS") for data in (b"one", b"two")
        )
        return first, second

    @staticmethod
    def passed(db: Writing, view_key: int, labels: Iterable[int] = (1,)) -> int:
        """
        Pass a view on to KOR, by a release of its own; the key of the delivery.
        """
        release_id = deliveries.add_release(
            db, item_id=rows.digest("a"), draft_digest=None, preview_digest=rows.digest("seen"), by="x", at=5
        )
        return deliveries.add_delivery(
            db,
            office="KOR",
            item_id=rows.digest("a"),
            release_id=release_id,
            slip=rows.slip("KOR"),
            labels=labels,
            state=DeliveryState.WAITING,
            because=Because.NONE,
            epoch=1,
            at=5,
            view_key=view_key,
        )

    def test_waits_with_the_view_that_was_approved(self, db: Writing, views: tuple[int, int]) -> None:
        """
        Also anew, when it was taken back; and it is no version of what is ours.
        """
        rows.add_item(db, "ours", office=rows.OURS, is_own=True)
        db.run("UPDATE item SET document = zeroblob(16)")
        delivery_id = self.passed(db, views[1])
        [each] = deliveries.waiting(db, "KOR", 9)
        assert (each.delivery_id, each.view_key, each.versions_of) == (delivery_id, views[1], None)
        rows.numbered(db, rows.begun(db), [delivery_id])
        deliveries.move(db, delivery_id, DeliveryEvent.TAKE_BACK, Because.TAKEN_BACK, epoch=1, at=7)
        again = deliveries.again(db, delivery_id, epoch=1, at=7)
        [each] = deliveries.waiting(db, "KOR", 9)
        assert (each.delivery_id, each.view_key) == (again, views[1])
        assert [one.delivery_id for one in deliveries.passed_on(db, "KOR", rows.digest("a"))] == [again]

    def test_are_told_in_the_order_in_which_they_were_approved(
        self, db: Writing, views: tuple[int, int]
    ) -> None:
        """
        Two releases of one item to one office stand beside each other; of one release it has one.
        """
        ids = [self.passed(db, view_key, [number]) for number, view_key in enumerate(views, 1)]
        found = deliveries.passed_on(db, "KOR", rows.digest("a"))
        assert [(each.delivery_id, each.labels) for each in found] == [
            (ids[0], frozenset({1})),
            (ids[1], frozenset({2})),
        ]
        assert deliveries.passed_on(db, "AUS", rows.digest("a")) == []
        assert deliveries.passed_views(db, found[1].release_id) == {"KOR": views[1]}
        with pytest.raises(StoreError, match="breaks a rule"):
            db.run("UPDATE delivery SET release_id = ?", (found[0].release_id,))

    def test_stop_when_their_view_is_held_no_more(self, db: Writing, views: tuple[int, int]) -> None:
        """
        Whatever other view is held; what is ours goes on.
        """
        passed = [self.passed(db, view_key) for view_key in views]
        [ours] = rows.released(db, "b")
        everything = [*passed, ours]
        assert deliveries.stopped_among(db, everything) == set()
        items.set_view_state(db, views[0], ViewState.QUARANTINED, "a reason")
        assert deliveries.stopped_among(db, everything) == {passed[0]}
        assert deliveries.stopped_among(db, []) == set()


class TestAddDelivery:
    def test_waits_with_what_was_approved(self, db: Writing) -> None:
        """
        What the approver saw and what concerns the addressee come back with it.
        """
        release_id = rows.add_release(db, "a")
        delivery_id = rows.add_delivery(db, "a", "KOR", release_id, [3, 1], precedence=FLASH)
        assert deliveries.waiting(db, "KOR", 10) == [
            Waiting(
                delivery_id=delivery_id,
                item_id=rows.digest("a"),
                slip=rows.slip("KOR", FLASH),
                labels=frozenset({1, 3}),
            )
        ]

    def test_without_anything_approved_is_a_delivery_too(self, db: Writing) -> None:
        """
        An addressee for whom no label was approved has a delivery without labels.
        """
        rows.released(db, "a")
        assert [each.labels for each in deliveries.waiting(db, "KOR", 10)] == [frozenset()]

    def test_an_addressee_need_not_be_a_peer(self, db: Writing) -> None:
        """
        What is for an office without a card waits until it has one.
        """
        rows.released(db, "a", office="FRA@NATO")
        assert deliveries.has_waiting(db, "FRA@NATO")

    def test_an_empty_copy_is_withheld_from_the_start(self, db: Writing) -> None:
        """
        What says nothing does not wait, and why is written down.
        """
        release_id = rows.add_release(db, "a")
        delivery_id = rows.add_delivery(db, "a", "KOR", release_id, [1], because=Because.EMPTY_CUT)
        assert rows.state_of(db, delivery_id) == ("withheld", "empty-cut", None)
        assert not deliveries.has_waiting(db, "KOR")
        assert deliveries.withheld_access(db, "KOR") == [1]
        assert mirrored(db)

    def test_an_item_goes_to_an_office_once(self, db: Writing) -> None:
        """
        A second delivery of an item to an office is refused while the first lives.
        """
        release_id = rows.add_release(db, "a")
        rows.add_delivery(db, "a", "KOR", release_id)
        rows.add_delivery(db, "a", "AUS", release_id)
        with pytest.raises(StoreError, match="breaks a rule"):
            rows.add_delivery(db, "a", "KOR", release_id)
        assert rows.count(db, "delivery") == 2


class TestWaiting:
    def test_the_most_urgent_goes_first_then_the_oldest(self, db: Writing) -> None:
        """
        Flash before immediate before priority before routine, and each in the order of release.
        """
        order = [ROUTINE, FLASH, PRIORITY, IMMEDIATE, FLASH, ROUTINE]
        for place, precedence in enumerate(order):
            rows.add_delivery(db, f"{place}", "KOR", rows.add_release(db, f"{place}"), precedence=precedence)
        found = [int(each.delivery_id) - 1 for each in deliveries.waiting(db, "KOR", 10)]
        assert found == [1, 4, 3, 2, 0, 5]
        assert [each.delivery_id for each in deliveries.waiting(db, "KOR", 2)] == [2, 5]

    def test_is_one_offices(self, db: Writing) -> None:
        """
        What waits for one office is nothing for another, and nothing but what waits is given.
        """
        for place, state in enumerate(DeliveryState):
            in_state(db, f"{place}", state)
        in_state(db, "other", DeliveryState.WAITING, "AUS")
        assert [each.item_id for each in deliveries.waiting(db, "KOR", 10)] == [rows.digest("0")]
        assert deliveries.has_waiting(db, "KOR")
        assert not deliveries.has_waiting(db, "JPN@NATO")
        assert deliveries.waiting(db, "JPN@NATO", 10) == []


class TestNothingNew:
    """A pull that brings nothing costs the same, however much was refused, sent or waits for others."""

    PROBE = "SELECT 1 FROM delivery WHERE office = ? AND state = 'waiting' LIMIT 1"

    def test_is_one_look_at_an_index(self, db: Writing) -> None:
        """
        Whether anything waits is one search in the index of what waits, and nothing else.
        """
        (statement,) = rows.statements(db, lambda: deliveries.has_waiting(db, "KOR"))
        assert statement[0] == self.PROBE
        plan = rows.plan(db, self.PROBE, ("KOR",))
        assert plan == "SEARCH delivery USING COVERING INDEX delivery_waiting (office=?)"

    def test_costs_the_same_with_ten_and_with_many_withheld(self) -> None:
        """
        What is withheld, numbered or receipted is not visited, be it 10 or 20,000.
        """
        costs = {}
        for count in (10, MANY):
            db = rows.furnished()
            rows.interned(db, "A")
            self._withhold(db, count)
            costs[count] = [
                rows.steps(db, partial(deliveries.has_waiting, db, "KOR")),
                rows.steps(db, partial(deliveries.waiting, db, "KOR", 500)),
            ]
        assert costs[10] == costs[MANY]

    def test_takes_up_one_that_waits_behind_many_that_do_not(self) -> None:
        """
        The one that waits costs the same, whatever stands before it.
        """
        costs = []
        for count in (10, MANY):
            db = rows.furnished()
            rows.interned(db, "A")
            self._withhold(db, count)
            rows.released(db, "new", labels=[1])
            costs.append(rows.steps(db, partial(deliveries.waiting, db, "KOR", 500)))
            assert len(deliveries.waiting(db, "KOR", 500)) == 1
        assert costs[0] == costs[1]

    def _withhold(self, db: Writing, count: int) -> None:
        """Many deliveries of many items that are withheld."""
        release_id = rows.add_release(db, "one")
        for place in range(count):
            rows.add_item(db, f"item {place}", office=rows.OURS, is_own=True)
        db.run(
            "INSERT INTO delivery (office, item_id, release_id, slip, precedence, state, because, epoch, "
            "changed_at) SELECT 'KOR', item_id, ?, x'7b7d', 3, 'withheld', 'refused-by-rule', 1, 0 FROM item "
            "WHERE item_id <> ?",
            (release_id, rows.digest("one")),
        )
        db.run(
            "INSERT INTO delivery_label (delivery_id, access_id, office, is_withheld) "
            "SELECT delivery_id, 1, 'KOR', 1 FROM delivery"
        )
        assert rows.count(db, "delivery") == count


class TestMove:
    @pytest.mark.parametrize(
        ("state", "event"),
        [pair for pair in product(DeliveryState, DeliveryEvent) if pair not in TRANSITIONS],
    )
    def test_what_cannot_happen_changes_nothing(
        self, db: Writing, state: DeliveryState, event: DeliveryEvent
    ) -> None:
        """
        In every state every event that is not in the table is refused, and all is as it was.
        """
        delivery_id = in_state(db, "a", state)
        before = rows.everything(db)
        with pytest.raises(LocalProtocolError):
            go(db, delivery_id, event)
        assert rows.everything(db) == before

    @pytest.mark.parametrize(
        ("state", "event"), [pair for pair in TRANSITIONS if pair[1] is not DeliveryEvent.NUMBER]
    )
    def test_what_can_happen_happens(self, db: Writing, state: DeliveryState, event: DeliveryEvent) -> None:
        """
        Every event in the table leads where the table says, and what is noted with the labels follows.
        """
        delivery_id, other = in_state(db, "a", state), in_state(db, "b", state, "AUS")
        before = rows.state_of(db, delivery_id)
        after = go(db, delivery_id, event)
        assert after is move_on(state, event)
        assert rows.state_of(db, delivery_id) == (after.value, REASONS.get(event, ""), before[2])
        assert rows.state_of(db, other)[0] == state.value
        assert mirrored(db)
        assert db.one("SELECT epoch, changed_at FROM delivery WHERE delivery_id = ?", (delivery_id,)) == (
            2,
            50,
        )

    def test_nothing_is_numbered_without_an_entry(self, db: Writing) -> None:
        """
        That a delivery was numbered is said with the number, not by this.
        """
        delivery_id = in_state(db, "a", DeliveryState.WAITING)
        with pytest.raises(StoreError, match="breaks a rule"):
            go(db, delivery_id, DeliveryEvent.NUMBER)
        assert rows.state_of(db, delivery_id)[0] == "waiting"

    def test_nothing_is_withheld_without_a_reason(self, db: Writing) -> None:
        """
        A person can always read why something does not go.
        """
        delivery_id = in_state(db, "a", DeliveryState.WAITING)
        with pytest.raises(StoreError, match="breaks a rule"):
            deliveries.move(db, delivery_id, DeliveryEvent.REFUSE, Because.NONE, epoch=1, at=1)
        assert rows.state_of(db, delivery_id)[0] == "waiting"

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(DeliveryEvent)), max_size=20))
    def test_however_things_go_the_rows_stay_true(self, acts: list[tuple[int, DeliveryEvent]]) -> None:
        """
        After any row of events the states are those of the table, and the labels say the same.
        """
        db = rows.furnished()
        rows.interned(db, "A", "B")
        ids = rows.released(db, "a", "b", labels=[1, 2]) + rows.released(
            db, "c", "d", office="AUS", labels=[2]
        )
        wanted = dict.fromkeys(ids, DeliveryState.WAITING)
        streams = {office: rows.begun(db, office) for office in ("KOR", "AUS")}
        for place, event in acts:
            each, office = ids[place], "KOR" if place < 2 else "AUS"
            after = TRANSITIONS.get((wanted[each], event))
            if after is None:
                continue
            if event is DeliveryEvent.NUMBER:
                streams[office] = rows.numbered(db, streams[office], [each])
            else:
                go(db, each, event)
            wanted[each] = after
        assert {each: rows.state_of(db, each)[0] for each in ids} == wanted
        assert mirrored(db)
        withheld = [each for each, state in wanted.items() if state is DeliveryState.WITHHELD]
        found = [deliveries.withheld_by_access(db, office, [1, 2]) for office in ("KOR", "AUS")]
        assert sorted(found[0] + found[1]) == withheld


class TestNumber:
    def test_has_the_number_of_its_entry(self, db: Writing) -> None:
        """
        What was appended is numbered, with its stream, and waits no more.
        """
        ids = rows.released(db, "a", "b")
        stream = rows.numbered(db, rows.begun(db), ids)
        assert [rows.state_of(db, each) for each in ids] == [("numbered", "", 1), ("numbered", "", 2)]
        assert not deliveries.has_waiting(db, "KOR")
        rows.numbered(db, stream, rows.released(db, "c"))
        assert [each.number for each in deliveries.deliveries(db)] == [3, 2, 1]

    @pytest.mark.parametrize("state", [each for each in DeliveryState if each is not DeliveryState.WAITING])
    def test_refuses_one_that_does_not_wait(self, db: Writing, state: DeliveryState) -> None:
        """
        Nothing is handed over that was withheld, sent or withdrawn, also not among others.
        """
        (good,) = rows.released(db, "good")
        bad = in_state(db, "bad", state)
        stream = outgoing.stream(db, "KOR") or rows.begun(db)
        stream = rows.append(db, stream, [(EntryKind.VIEW, b"1", good), (EntryKind.VIEW, b"2", None)])
        size = stream.frontier.size
        before = rows.everything(db)
        db.run("SAVEPOINT act")
        with pytest.raises(LocalProtocolError, match="does not wait"):
            deliveries.number(db, [(good, size - 2), (bad, size - 1)], stream.stream_id, epoch=1, at=1)
        db.run("ROLLBACK TO act")
        assert rows.everything(db) == before

    def test_refuses_an_entry_that_is_not_there(self, db: Writing) -> None:
        """
        A number means an entry of the stream.
        """
        (delivery_id,) = rows.released(db, "a")
        stream = rows.begun(db)
        with pytest.raises(StoreError, match="breaks a rule"):
            deliveries.number(db, [(delivery_id, 5)], stream.stream_id, epoch=1, at=1)

    def test_of_nothing_is_nothing(self, db: Writing) -> None:
        """
        When nothing was appended nothing changes.
        """
        stream = rows.numbered(db, rows.begun(db), rows.released(db, "a"))
        before = rows.everything(db)
        deliveries.number(db, [], stream.stream_id, epoch=1, at=1)
        assert rows.everything(db) == before

    def test_looks_at_nothing_that_was_numbered_before(self, db: Writing) -> None:
        """
        To number one costs the same after one and after two thousand.
        """
        stream = rows.numbered(db, rows.begun(db), rows.released(db, "a"))
        ids = rows.released(db, "b", "c")
        stream = rows.append(db, stream, [(EntryKind.VIEW, b"1", ids[0])])
        few = rows.steps(db, lambda: deliveries.number(db, [(ids[0], 2)], stream.stream_id, epoch=1, at=1))
        stream = rows.numbered(db, stream, rows.released(db, *map(str, range(2000))))
        stream = rows.append(db, stream, [(EntryKind.VIEW, b"2", ids[1])])
        size = stream.frontier.size
        many = rows.steps(
            db, lambda: deliveries.number(db, [(ids[1], size - 1)], stream.stream_id, epoch=1, at=1)
        )
        assert few == many


class TestReceipted:
    def test_is_for_every_entry_below(self, db: Writing) -> None:
        """
        A receipt over so many entries is for all of them, once, and for no other stream.
        """
        ids = rows.released(db, "a", "b", "c")
        stream = rows.numbered(db, rows.begun(db), ids)
        (other,) = rows.released(db, "d", office="AUS")
        rows.numbered(db, rows.begun(db, "AUS"), [other])
        assert deliveries.receipted(db, stream.stream_id, 3, 60) == 2
        assert [rows.state_of(db, each)[0] for each in (*ids, other)] == [
            "receipted",
            "receipted",
            "numbered",
            "numbered",
        ]
        assert deliveries.receipted(db, stream.stream_id, 3, 61) == 0
        assert deliveries.receipted(db, stream.stream_id, 4, 62) == 1
        assert [each.changed_at for each in deliveries.deliveries(db, office="KOR")] == [62, 60, 60]

    def test_is_not_for_what_was_taken_back(self, db: Writing) -> None:
        """
        A receipt that covers a void entry does not make it received.
        """
        ids = rows.released(db, "a", "b")
        stream = rows.numbered(db, rows.begun(db), ids)
        go(db, ids[0], DeliveryEvent.TAKE_BACK)
        assert deliveries.receipted(db, stream.stream_id, 3, 60) == 1
        assert [rows.state_of(db, each)[0] for each in ids] == ["void", "receipted"]

    def test_goes_through_nothing_that_was_receipted_before(self, db: Writing) -> None:
        """
        The cost of a receipt is that of what is new in it.
        """
        stream = rows.numbered(db, rows.begun(db), rows.released(db, "a"))
        few = rows.steps(db, lambda: deliveries.receipted(db, stream.stream_id, 2, 1))
        stream = rows.numbered(db, stream, rows.released(db, *map(str, range(2000))))
        deliveries.receipted(db, stream.stream_id, stream.frontier.size, 1)
        stream = rows.numbered(db, stream, rows.released(db, "b"))
        many = rows.steps(db, lambda: deliveries.receipted(db, stream.stream_id, stream.frontier.size, 1))
        assert few == many


class TestAgain:
    def test_waits_anew_with_what_was_approved(self, db: Writing) -> None:
        """
        After a take-back the same approval waits as another delivery, and the first stays void.
        """
        delivery_id = in_state(db, "a", DeliveryState.VOID)
        anew = deliveries.again(db, delivery_id, epoch=3, at=70)
        assert anew != delivery_id
        assert rows.state_of(db, delivery_id) == ("void", "taken-back", 1)
        assert deliveries.waiting(db, "KOR", 10) == [
            Waiting(
                delivery_id=anew, item_id=rows.digest("a"), slip=rows.slip("KOR"), labels=frozenset({1, 2})
            )
        ]
        assert mirrored(db)

    @pytest.mark.parametrize("state", [each for each in DeliveryState if each is not DeliveryState.VOID])
    def test_is_only_for_what_is_void(self, db: Writing, state: DeliveryState) -> None:
        """
        While a delivery lives there is no second one of it, and what was withdrawn does not come back.
        """
        delivery_id = in_state(db, "a", state)
        before = rows.everything(db)
        with pytest.raises(LocalProtocolError, match="not void"):
            deliveries.again(db, delivery_id, epoch=3, at=70)
        assert rows.everything(db) == before


class TestWake:
    @pytest.fixture
    def withheld(self, db: Writing) -> list[int]:
        """Deliveries withheld from one office, for whom different labels were approved; and others."""
        made = []
        for name, labels in (("a", [1]), ("b", [1, 2]), ("c", [3]), ("d", [])):
            (delivery_id,) = rows.released(db, name, labels=labels)
            go(db, delivery_id, DeliveryEvent.REFUSE)
            made.append(delivery_id)
        in_state(db, "waits", DeliveryState.WAITING)
        in_state(db, "void", DeliveryState.VOID)
        in_state(db, "other", DeliveryState.WITHHELD, "AUS")
        return made

    def test_finds_those_that_a_decision_touches(self, db: Writing, withheld: list[int]) -> None:
        """
        From the labels about which a decision has turned follow the deliveries, and no others.
        """
        a, b, c, _ = withheld
        assert deliveries.withheld_access(db, "KOR") == [1, 2, 3]
        for turned, wanted in (([1], [a, b]), ([2], [b]), ([2, 3], [b, c]), ([], []), ([9], [])):
            assert deliveries.withheld_by_access(db, "KOR", turned) == wanted
        assert deliveries.withheld_access(db, "JPN@NATO") == []

    def test_what_is_woken_waits(self, db: Writing, withheld: list[int]) -> None:
        """
        Woken deliveries wait to be decided anew; the others stay withheld.
        """
        deliveries.wake(db, withheld[:2], 80)
        assert [rows.state_of(db, each)[:2] for each in withheld] == [
            ("waiting", ""),
            ("waiting", ""),
            ("withheld", "refused-by-rule"),
            ("withheld", "refused-by-rule"),
        ]
        assert deliveries.withheld_access(db, "KOR") == [3]
        assert mirrored(db)

    @pytest.mark.parametrize("state", [each for each in DeliveryState if each is not DeliveryState.WITHHELD])
    def test_wakes_only_what_is_withheld(self, db: Writing, state: DeliveryState) -> None:
        """
        A delivery that has gone on meanwhile is left as it is.
        """
        delivery_id = in_state(db, "a", state)
        before = rows.everything(db)
        deliveries.wake(db, [delivery_id], 80)
        assert rows.everything(db) == before

    def test_the_labels_are_found_without_going_through_the_deliveries(self) -> None:
        """
        Which labels are concerned costs as much as there are labels, not deliveries.
        """
        costs = []
        for count in (10, 1000):
            db = rows.furnished()
            rows.interned(db, "A", "B", "C")
            for each in rows.released(db, *map(str, range(count)), labels=[1, 3]):
                go(db, each, DeliveryEvent.REFUSE)
            costs.append(rows.steps(db, partial(deliveries.withheld_access, db, "KOR")))
        assert costs[0] == costs[1]


class TestList:
    def test_gives_the_newest_release_first(self, db: Writing) -> None:
        """
        Releases from the newest to the oldest, and within one by addressee.
        """
        for name in ("a", "b"):
            release_id = rows.add_release(db, name)
            for office in ("KOR", "AUS", "FRA@NATO"):
                rows.add_delivery(db, name, office, release_id)
        found = deliveries.deliveries(db)
        assert [(each.item_id, each.office) for each in found] == [
            (rows.digest(name), office) for name in ("b", "a") for office in ("AUS", "FRA@NATO", "KOR")
        ]
        assert found[0] == StoredDelivery(
            delivery_id=5,
            office="AUS",
            item_id=rows.digest("b"),
            reference=f"{rows.OURS} B",
            state=DeliveryState.WAITING,
            because=Because.NONE,
            number=None,
            copy=None,
            changed_at=10,
        )

    def test_gives_those_of_an_item_or_an_office(self, db: Writing) -> None:
        """
        Asked about an item, an office or both, it gives those and no others.
        """
        for name in ("a", "b"):
            release_id = rows.add_release(db, name)
            for office in ("KOR", "AUS"):
                rows.add_delivery(db, name, office, release_id)
        item_id = rows.digest("a")
        assert [each.office for each in deliveries.deliveries(db, item_id=item_id)] == ["AUS", "KOR"]
        assert [each.delivery_id for each in deliveries.deliveries(db, office="KOR")] == [3, 1]
        assert [each.delivery_id for each in deliveries.deliveries(db, item_id=item_id, office="KOR")] == [1]
        assert deliveries.deliveries(db, item_id=rows.digest("c")) == []
