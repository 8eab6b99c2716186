# SPDX-License-Identifier: Apache-2.0

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.errors import StoreError
from legation.exchange import EntryKind, Held, header_of, write_view
from legation.log import Frontier
from legation.merkle import Hash, root
from legation.store.blobs import INLINE_SIZE_BYTES_MAX
from legation.store.sqlite import incoming
from legation.store.sqlite.database import Writing
from legation.store.sqlite.incoming import EntryState, Incoming, NewIncoming
from tests.store import rows

VIEWS = 4  # of the item that every stream here brings


def of_kind(number: int, kind: EntryKind, payload: bytes) -> NewIncoming:
    """An entry that came and is no view."""
    header = header_of(number, kind, payload)
    return NewIncoming(number=number, leaf=header.leaf, state=EntryState.HELD, header=header, payload=payload)


def start() -> NewIncoming:
    """The first entry of a stream."""
    return of_kind(0, EntryKind.START, b"{}")


def view(number: int, view_key: int | None) -> NewIncoming:
    """A view that came; refused for ever if it is not stored."""
    slip = rows.slip(rows.OURS)
    header = header_of(number, EntryKind.VIEW, write_view(slip, b"view %d" % number))
    return NewIncoming(
        number=number,
        leaf=header.leaf,
        state=EntryState.REFUSED if view_key is None else EntryState.HELD,
        header=header,
        view_key=view_key,
        slip=slip,
    )


def leaf(number: int) -> NewIncoming:
    """An entry of which only the leaf came."""
    return NewIncoming(number=number, leaf=rows.digest(f"leaf {number}"), state=EntryState.TAKEN_BACK)


def frontier_of(*entries: NewIncoming) -> Frontier:
    """What a stream of these entries is continued from."""
    return Frontier().extend([Hash(each.leaf) for each in entries])


def stocked() -> Writing:
    """A node with an item, some views of it, and its own whole item."""
    db = rows.furnished()
    rows.interned(db, "OPEN")
    rows.add_item(db, "a")
    for number in range(VIEWS):
        rows.add_view(db, "a", b"view %d" % number, [1])
    rows.add_item(db, "ours", office=rows.OURS, is_own=True)
    rows.add_view(db, "ours", b"whole", [1], source="")
    return db


OWN = VIEWS + 1  # the key of our own view


@pytest.fixture
def db() -> Writing:
    """A node with an item, some views of it, and its own whole item."""
    return stocked()


def begin(db: Writing, office: str = "KOR") -> Incoming:
    """The stream of an office to us, with nothing in it."""
    return incoming.start_stream(db, office, rows.drawn(f"stream of {office}", 16), 1)


def take_in(
    db: Writing,
    stream: Incoming,
    new: list[NewIncoming],
    *,
    void: tuple[int, ...] = (),
    blobs: rows.MemoryBlobs | None = None,
) -> Incoming:
    """Append entries, void others, and give the stream as it is then."""
    before = stream.held
    taken_back = before.taken_back | {each.number for each in new if each.state is EntryState.TAKEN_BACK}
    held = Held(
        incarnation=stream.incarnation,
        frontier=before.frontier.extend([Hash(each.leaf) for each in new]),
        taken_back=taken_back - set(void),
        receipt_size=before.receipt_size,
    )
    incoming.append(db, stream, new, held, 2, blobs=blobs or rows.MemoryBlobs())
    for number in void:
        incoming.void(db, stream.stream_id, number)
    after = incoming.stream(db, stream.office)
    assert after is not None
    assert after.held == held
    return after


def read(db: Writing, stream: Incoming, blobs: rows.MemoryBlobs | None = None) -> list[NewIncoming]:
    """Every entry."""
    return incoming.entries(db, stream.stream_id, 0, count_max=1000, blobs=blobs or rows.MemoryBlobs())


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[NewIncoming], list[int]]:
    """A stream after its start, and where it is cut into answers."""
    count = draw(st.integers(0, 10))
    entries = []
    for number in range(1, count + 1):
        kind = draw(st.sampled_from([None, *EntryKind]))
        if kind is None:
            entries.append(leaf(number))
        elif kind is EntryKind.VIEW:
            entries.append(view(number, draw(st.sampled_from([None, *range(1, VIEWS + 1)]))))
        else:
            size = draw(st.sampled_from([1, 100, INLINE_SIZE_BYTES_MAX, INLINE_SIZE_BYTES_MAX + 1]))
            sent = EntryKind.VOID if kind is EntryKind.START else kind
            entries.append(of_kind(number, sent, rows.drawn(str(number), size)))
    return entries, sorted({0, count, *draw(st.lists(st.integers(0, count), max_size=3))})


class TestStreams:
    def test_begin_with_nothing_held(self, db: Writing) -> None:
        """
        A stream has its incarnation, and nothing of it is here.
        """
        begun = begin(db)
        assert begun.held == Held(incarnation=rows.drawn("stream of KOR", 16))
        assert incoming.stream(db, "KOR") == begun
        assert incoming.stream(db, "AUS") is None
        assert read(db, begun) == []

    def test_of_an_office_are_present_one_at_a_time(self, db: Writing) -> None:
        """
        Another incarnation is not begun beside the present one.
        """
        begun = begin(db)
        with pytest.raises(StoreError, match="breaks a rule"):
            incoming.start_stream(db, "KOR", rows.drawn("another", 16), 1)
        assert incoming.stream(db, "KOR") == begun


class TestAppend:
    @settings(max_examples=60, deadline=None)
    @given(streams())
    def test_what_was_appended_is_read(self, drawn: tuple[list[NewIncoming], list[int]]) -> None:
        """
        In however many answers, entries come back as they were, and the tree is theirs.
        """
        entries, cuts = drawn
        db, blobs = stocked(), rows.MemoryBlobs()
        stream = take_in(db, begin(db), [start()])
        for first, end in pairwise(cuts):
            stream = take_in(db, stream, entries[first:end], blobs=blobs)
        wanted = [start(), *entries]
        assert read(db, stream, blobs) == wanted
        assert list(incoming.leaves(db, stream.stream_id)) == [(each.number, each.leaf) for each in wanted]
        assert stream.held.frontier.root == root([Hash(each.leaf) for each in wanted])
        for each in wanted:
            kind = incoming.kind(db, stream.stream_id, each.number)
            assert kind == (None if each.header is None else each.header.kind.value)

    def test_streams_do_not_touch_each_other(self, db: Writing) -> None:
        """
        What one office sends changes nothing of what is held of another, also where both are as long.
        """
        others = [take_in(db, begin(db, office), [start()]) for office in ("AUS", "JPN@NATO")]
        stream = take_in(db, begin(db), [start()])
        take_in(db, stream, [view(1, 1), leaf(2)])
        assert [incoming.stream(db, each.office) for each in others] == others

    def test_of_what_never_came_there_is_no_kind(self, db: Writing) -> None:
        """
        An entry that is not there has no kind.
        """
        stream = take_in(db, begin(db), [start()])
        assert incoming.kind(db, stream.stream_id, 0) == "start"
        assert incoming.kind(db, stream.stream_id, 1) is None

    def test_a_part_is_given_from_a_number_on(self, db: Writing) -> None:
        """
        A stream is gone through piece by piece.
        """
        entries = [start(), view(1, 1), view(2, 2), leaf(3)]
        stream = take_in(db, begin(db), entries)
        assert (
            incoming.entries(db, stream.stream_id, 1, count_max=2, blobs=rows.MemoryBlobs()) == entries[1:3]
        )

    def test_refuses_what_does_not_follow(self, db: Writing) -> None:
        """
        Entries that leave a gap, a position that is not theirs, or that of another incarnation, are mistakes.
        """
        stream = begin(db)
        good = Held(incarnation=stream.incarnation, frontier=frontier_of(start(), view(1, 1)))
        other = Held(incarnation=rows.drawn("another", 16), frontier=good.frontier)
        before = rows.everything(db)
        for entries, held in (
            ([start()], good),
            ([view(1, 1), start()], good),
            ([start(), view(1, 1)], stream.held),
            ([start(), view(1, 1)], other),
        ):
            with pytest.raises(AssertionError):
                incoming.append(db, stream, entries, held, 2)
        assert rows.everything(db) == before

    def test_refuses_a_stream_as_it_was_before(self, db: Writing) -> None:
        """
        Of two pulls at one time the slower one stores nothing.
        """
        seen = begin(db)
        take_in(db, seen, [start()])
        db.run("SAVEPOINT act")
        with pytest.raises((StoreError, AssertionError)):
            take_in(db, seen, [start()])
        db.run("ROLLBACK TO act")
        assert read(db, seen) == [start()]

    def test_no_row_names_a_blob_that_is_not_there(self, db: Writing) -> None:
        """
        When a blob cannot be written nothing is appended.
        """
        stream, blobs = begin(db), rows.MemoryBlobs()
        blobs.is_full = True
        before = rows.everything(db)
        with pytest.raises(StoreError, match="full"):
            take_in(
                db,
                stream,
                [start(), of_kind(1, EntryKind.POLICY, bytes(INLINE_SIZE_BYTES_MAX + 1))],
                blobs=blobs,
            )
        assert rows.everything(db) == before

    def test_without_a_place_for_blobs_a_long_payload_stays_in_its_row(self, db: Writing) -> None:
        """
        A long payload is never lost.
        """
        stream = begin(db)
        long = of_kind(1, EntryKind.POLICY, bytes(INLINE_SIZE_BYTES_MAX + 1))
        held = Held(incarnation=stream.incarnation, frontier=frontier_of(start(), long))
        incoming.append(db, stream, [start(), long], held, 2)
        assert read(db, stream) == [start(), long]


class TestVoid:
    def test_what_was_taken_back_waits_for_its_void(self, db: Writing) -> None:
        """
        A leaf alone is counted as taken back until a void names it.
        """
        stream = take_in(db, begin(db), [start(), leaf(1), view(2, 2), leaf(3)])
        assert stream.held.taken_back == {1, 3}
        assert incoming.void(db, stream.stream_id, 3) is None
        found = incoming.stream(db, "KOR")
        assert found is not None
        assert found.held.taken_back == {1}
        assert [each.state for each in read(db, found)] == [
            EntryState.HELD,
            EntryState.TAKEN_BACK,
            EntryState.HELD,
            EntryState.VOID,
        ]

    def test_names_the_view_that_is_to_be_hidden(self, db: Writing) -> None:
        """
        A void of what is held tells which view is not to be shown any more.
        """
        stream = take_in(db, begin(db), [start(), view(1, 1), view(2, 2)])
        assert incoming.void(db, stream.stream_id, 2) == 2
        assert [each.state for each in read(db, stream)][1:] == [EntryState.HELD, EntryState.VOID]

    def test_speaks_only_for_its_own_entry(self, db: Writing) -> None:
        """
        What another office handed over too, or the same one a second time, stays as it is.
        """
        stream = take_in(db, begin(db), [start(), view(1, 1), view(2, 2), view(3, 2)])
        other = take_in(db, begin(db, "AUS"), [start(), view(1, 1)])
        assert incoming.void(db, stream.stream_id, 1) is None
        assert incoming.void(db, stream.stream_id, 2) is None
        assert incoming.void(db, other.stream_id, 1) == 1, "now nobody stands for it"
        assert incoming.void(db, stream.stream_id, 3) == 2

    def test_never_hides_our_own_item(self, db: Writing) -> None:
        """
        A peer who hands our own whole item back and takes it back again hides nothing from us.
        """
        stream = take_in(db, begin(db), [start(), view(1, OWN)])
        assert incoming.void(db, stream.stream_id, 1) is None

    def test_of_what_was_refused_or_is_not_there_hides_nothing(self, db: Writing) -> None:
        """
        Where no view was stored there is none to hide.
        """
        stream = take_in(db, begin(db), [start(), view(1, None)])
        assert incoming.void(db, stream.stream_id, 1) is None
        assert incoming.void(db, stream.stream_id, 99) is None
        assert read(db, stream)[1].state is EntryState.VOID

    def test_costs_the_same_however_much_is_held(self, db: Writing) -> None:
        """
        Whether anybody else stands for a view is one look at an index.
        """
        stream = take_in(db, begin(db), [start(), view(1, 1), view(2, 2)])
        few = rows.steps(db, lambda: incoming.void(db, stream.stream_id, 1))
        take_in(db, stream, [view(number, 3) for number in range(3, 2000)])
        assert rows.steps(db, lambda: incoming.void(db, stream.stream_id, 2)) == few


class TestReceipts:
    def test_every_receipt_is_kept_and_the_highest_is_reported(self, db: Writing) -> None:
        """
        What we signed is kept, once for a size, and how far it reaches is what is held.
        """
        stream = take_in(db, begin(db), [start(), view(1, 1), view(2, 2)])
        assert incoming.receipt(db, stream.stream_id) is None
        for size in (1, 3):
            incoming.save_receipt(db, stream.stream_id, size, b"%d" % -size, 3)
        with pytest.raises(StoreError, match="breaks a rule"):
            incoming.save_receipt(db, stream.stream_id, 3, b"made again", 4)
        found = incoming.stream(db, "KOR")
        assert found is not None
        assert found.held.receipt_size == 3
        assert incoming.receipt(db, stream.stream_id) == b"-3"
        assert list(incoming.receipts(db, stream.stream_id)) == [(1, b"-1"), (3, b"-3")]

    def test_refuses_one_for_more_than_is_held(self, db: Writing) -> None:
        """
        We never say that we hold what we do not.
        """
        stream = take_in(db, begin(db), [start()])
        db.run("SAVEPOINT act")
        with pytest.raises(StoreError, match="breaks a rule"):
            incoming.save_receipt(db, stream.stream_id, 2, b"receipt", 3)
        db.run("ROLLBACK TO act")
        assert incoming.receipt(db, stream.stream_id) is None


def test_where_a_stream_stands_costs_the_same_however_long_it_is(db: Writing) -> None:
    """
    A pull asks for the position before it is sent, and goes through nothing for it.
    """
    stream = take_in(db, begin(db), [start(), leaf(1)])
    few = rows.steps(db, lambda: incoming.stream(db, "KOR"))
    take_in(db, stream, [view(number, 1) for number in range(2, 3000)])
    assert rows.steps(db, lambda: incoming.stream(db, "KOR")) == few
