# SPDX-License-Identifier: Apache-2.0

from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.errors import StoreError
from legation.exchange import EntryKind
from legation.log import Frontier, completed_count, prove_consistency, prove_inclusion
from legation.merkle import Hash, consistency_proof, inclusion_proof, root
from legation.release import Because, DeliveryEvent
from legation.store.blobs import INLINE_SIZE_BYTES_MAX, Blobs
from legation.store.sqlite import deliveries, outgoing
from legation.store.sqlite.database import Writing
from legation.store.sqlite.outgoing import Outgoing, OutgoingEntry
from tests.store import rows

Payload = tuple[EntryKind, bytes, int | None]

SIZES = st.sampled_from([1, 2, 100, 5000, INLINE_SIZE_BYTES_MAX, INLINE_SIZE_BYTES_MAX + 1, 200_000])
KINDS = st.sampled_from([each for each in EntryKind if each is not EntryKind.START])


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Payload], list[int]]:
    """The payloads of a stream after its start, and where appends are cut."""
    count = draw(st.integers(0, 12))
    payloads: list[Payload] = [
        (draw(KINDS), rows.drawn(f"payload {place}", draw(SIZES)), None) for place in range(count)
    ]
    cuts = draw(st.lists(st.integers(0, count), max_size=4))
    return payloads, sorted({0, count, *cuts})


def read(db: Writing, stream: Outgoing, start: int = 0, *, blobs: Blobs | None = None) -> list[OutgoingEntry]:
    """All entries from one on."""
    return outgoing.entries(
        db,
        stream.stream_id,
        start,
        size_bytes_max=1 << 30,
        count_max=10_000,
        blobs=blobs or rows.MemoryBlobs(),
    )


@pytest.fixture
def db() -> Writing:
    """A node with peers and nothing else."""
    return rows.furnished()


class TestStreams:
    def test_begin_empty(self, db: Writing) -> None:
        """
        A stream has its incarnation and nothing in it; an office without one has none.
        """
        begun = outgoing.start_stream(db, "KOR", rows.drawn("incarnation", 16), 1)
        assert begun.frontier == Frontier()
        assert (begun.office, begun.incarnation, begun.receipt_size) == (
            "KOR",
            rows.drawn("incarnation", 16),
            0,
        )
        assert outgoing.stream(db, "KOR") == begun
        assert outgoing.stream(db, "AUS") is None
        assert read(db, begun) == []

    def test_of_an_office_are_present_one_at_a_time(self, db: Writing) -> None:
        """
        A second stream to an office is not begun while the first is the present one.
        """
        begun = rows.begun(db)
        with pytest.raises(StoreError, match="breaks a rule"):
            outgoing.start_stream(db, "KOR", rows.drawn("another", 16), 2)
        assert outgoing.stream(db, "KOR") == begun


class TestAppend:
    @settings(max_examples=60, deadline=None)
    @given(streams())
    def test_what_was_appended_is_read(self, drawn: tuple[list[Payload], list[int]]) -> None:
        """
        In however many steps, entries come back as they were, under the roots of their tree.
        """
        payloads, cuts = drawn
        db, blobs = rows.furnished(), rows.MemoryBlobs()
        stream = rows.begun(db)
        for start, end in pairwise(cuts):
            stream = rows.append(db, stream, payloads[start:end], blobs=blobs, epoch=end)
            assert outgoing.stream(db, "KOR") == stream
        found = read(db, stream, 1, blobs=blobs)
        assert [(each.header.kind, each.payload, each.delivery_id) for each in found] == payloads
        everything = list(outgoing.walk(db, stream.stream_id, blobs))
        assert everything[1:] == found
        leaves = [each.header.leaf for each in everything]
        for size in range(1, len(leaves) + 1):
            assert outgoing.root_at(db, stream.stream_id, size) == root(leaves[:size])
            assert everything[size - 1].root == root(leaves[:size])
        assert stream.frontier == Frontier().extend(leaves)

    def test_streams_do_not_touch_each_other(self, db: Writing) -> None:
        """
        What is numbered for one office changes nothing of the stream to another, also where both are as long.
        """
        others = [rows.begun(db, office) for office in ("AUS", "JPN@NATO")]
        rows.append(db, rows.begun(db), [(EntryKind.VIEW, b"a", None)])
        assert [outgoing.stream(db, each.office) for each in others] == others

    def test_an_entry_remembers_at_which_epoch_it_was_decided(self, db: Writing) -> None:
        """
        Whoever sends it later sees whether it has to be decided again.
        """
        stream = rows.append(db, rows.begun(db), [(EntryKind.VIEW, b"a", None)], epoch=7)
        assert [each.epoch for each in read(db, stream)] == [1, 7]

    def test_refuses_what_does_not_follow(self, db: Writing) -> None:
        """
        Entries that leave a gap or repeat a number, and a frontier that is not theirs, are mistakes.
        """
        stream = rows.begun(db)
        new, frontier = rows.new_entries(stream, [(EntryKind.VIEW, b"a", None), (EntryKind.VIEW, b"b", None)])
        before = rows.everything(db)
        for entries, after in (
            (new[1:], frontier),
            (new[:1], frontier),
            (new, stream.frontier),
            (new[::-1], frontier),
        ):
            with pytest.raises(AssertionError):
                outgoing.append(db, stream, entries, after, epoch=1, blobs=None, at=1)
        assert rows.everything(db) == before

    def test_refuses_a_stream_as_it_was_before(self, db: Writing) -> None:
        """
        Whoever looked before another appended does not append beside them.
        """
        seen = rows.begun(db)
        rows.append(db, seen, [(EntryKind.VIEW, b"a", None)])
        db.run("SAVEPOINT act")
        with pytest.raises((StoreError, AssertionError)):
            rows.append(db, seen, [(EntryKind.VIEW, b"b", None)])
        db.run("ROLLBACK TO act")
        with pytest.raises(AssertionError):
            outgoing.append(db, seen, [], seen.frontier, epoch=1, blobs=None, at=1)
        assert [each.payload for each in read(db, seen)] == [b"{}", b"a"]

    def test_a_long_payload_needs_a_place(self, db: Writing) -> None:
        """
        What is too long for a row is never silently left out.
        """
        stream = rows.begun(db)
        with pytest.raises(AssertionError):
            rows.append(db, stream, [(EntryKind.VIEW, bytes(INLINE_SIZE_BYTES_MAX + 1), None)])

    def test_no_row_names_a_blob_that_is_not_there(self, db: Writing) -> None:
        """
        When a blob cannot be written nothing is appended.
        """
        stream, blobs = rows.begun(db), rows.MemoryBlobs()
        blobs.is_full = True
        before = rows.everything(db)
        with pytest.raises(StoreError, match="full"):
            rows.append(db, stream, [(EntryKind.VIEW, bytes(INLINE_SIZE_BYTES_MAX + 1), None)], blobs=blobs)
        assert rows.everything(db) == before


class TestEntries:
    @settings(max_examples=80, deadline=None)
    @given(
        st.lists(st.sampled_from([1, 10, 100, 1000]), min_size=1, max_size=12),
        st.integers(0, 13),
        st.integers(0, 3000),
        st.integers(1, 14),
    )
    def test_as_many_as_fit_and_at_least_one(
        self, sizes: list[int], start: int, size_bytes_max: int, count_max: int
    ) -> None:
        """
        A piece of a stream is the longest that stays within both limits; one entry always goes.
        """
        db = rows.furnished()
        stream = rows.begun(db)
        stream = rows.append(db, stream, [(EntryKind.VIEW, bytes(size), None) for size in sizes])
        found = outgoing.entries(
            db,
            stream.stream_id,
            start,
            size_bytes_max=size_bytes_max,
            count_max=count_max,
            blobs=rows.MemoryBlobs(),
        )
        left = [2, *sizes][start:]
        fitting = [place for place, total in enumerate(accumulate(left), 1) if total <= size_bytes_max]
        wanted = min(count_max, max(fitting, default=1), len(left))
        assert [each.header.number for each in found] == list(range(start, start + wanted))

    def test_reads_nothing_that_does_not_fit(self, db: Writing) -> None:
        """
        A long payload behind the limit is not even looked for.
        """
        blobs = rows.MemoryBlobs()
        stream = rows.append(
            db,
            rows.begun(db),
            [(EntryKind.VIEW, b"a", None), (EntryKind.VIEW, bytes(INLINE_SIZE_BYTES_MAX + 1), None)],
            blobs=blobs,
        )
        blobs.kept.clear()
        found = outgoing.entries(db, stream.stream_id, 1, size_bytes_max=1000, count_max=10, blobs=blobs)
        assert [each.payload for each in found] == [b"a"]

    def test_costs_as_much_at_the_end_of_a_long_stream(self, db: Writing) -> None:
        """
        What was sent before is not gone through again.
        """
        stream = rows.append(db, rows.begun(db), [(EntryKind.VIEW, b"a", None)])
        few = rows.steps(db, lambda: read(db, stream, 1))
        stream = rows.append(db, stream, [(EntryKind.VIEW, b"a", None)] * 5000)
        assert rows.steps(db, lambda: read(db, stream, 5001)) == few


class TestOneEntry:
    @pytest.mark.parametrize("size", [5, INLINE_SIZE_BYTES_MAX + 1])
    def test_is_given_by_its_number(self, db: Writing, size: int) -> None:
        """
        Header, root and payload of one entry are those that a walk comes by.
        """
        blobs = rows.MemoryBlobs()
        payloads: list[Payload] = [(EntryKind.POLICY, rows.drawn(str(each), size), None) for each in range(3)]
        stream = rows.append(db, rows.begun(db), payloads, blobs=blobs)
        assert list(outgoing.numbers(db, stream.stream_id)) == [0, 1, 2, 3]
        for each in outgoing.walk(db, stream.stream_id, blobs):
            number = each.header.number
            assert outgoing.header(db, stream.stream_id, number) == (each.header, each.root)
            assert outgoing.payload(db, stream.stream_id, number, blobs) == each.payload

    def test_that_was_taken_back_has_no_payload(self, db: Writing) -> None:
        """
        What was taken back is given by nobody, long or short.
        """
        blobs = rows.MemoryBlobs()
        ids = rows.released(db, "a", "b")
        payloads: list[Payload] = [
            (EntryKind.VIEW, bytes(size), each)
            for size, each in zip((5, INLINE_SIZE_BYTES_MAX + 1), ids, strict=True)
        ]
        stream = rows.append(db, rows.begun(db), payloads, blobs=blobs)
        for number in (1, 2):
            assert outgoing.take_back(db, stream.stream_id, number) == ids[number - 1]
            assert outgoing.payload(db, stream.stream_id, number, blobs) is None


class TestTakeBack:
    @pytest.fixture
    def stream(self, db: Writing) -> Outgoing:
        """A stream with two deliveries, entries 1 and 2."""
        return rows.numbered(db, rows.begun(db), rows.released(db, "a", "b"))

    def test_leaves_the_header(self, db: Writing, stream: Outgoing) -> None:
        """
        The bytes are gone, the tree is what it was, and it is told whose delivery it was.
        """
        before = read(db, stream)
        assert outgoing.take_back(db, stream.stream_id, 1) == before[1].delivery_id
        after = read(db, stream)
        assert [each.header for each in after] == [each.header for each in before]
        assert [each.root for each in after] == [each.root for each in before]
        assert [each.payload is None for each in after] == [False, True, False]
        assert db.one("SELECT payload FROM outgoing_entry WHERE number = 1") == (None,)
        assert outgoing.stream(db, "KOR") == stream

    def test_a_long_one_is_read_no_more(self, db: Writing) -> None:
        """
        Of an entry whose payload was a blob nothing is given out either.
        """
        (delivery_id,) = rows.released(db, "a")
        blobs = rows.MemoryBlobs()
        payload = bytes(INLINE_SIZE_BYTES_MAX + 1)
        stream = rows.append(db, rows.begun(db), [(EntryKind.VIEW, payload, delivery_id)], blobs=blobs)
        assert outgoing.take_back(db, stream.stream_id, 1) == delivery_id
        assert [each.payload for each in read(db, stream, 1, blobs=blobs)] == [None]

    def test_takes_no_room(self, db: Writing, stream: Outgoing) -> None:
        """
        What is not given out does not count for how much fits.
        """
        outgoing.take_back(db, stream.stream_id, 1)
        found = outgoing.entries(
            db, stream.stream_id, 1, size_bytes_max=100, count_max=10, blobs=rows.MemoryBlobs()
        )
        assert [each.header.number for each in found] == [1, 2]

    def test_happens_once(self, db: Writing, stream: Outgoing) -> None:
        """
        What was taken back is not taken back again.
        """
        assert outgoing.take_back(db, stream.stream_id, 2) is not None
        before = rows.everything(db)
        assert outgoing.take_back(db, stream.stream_id, 2) is None
        assert rows.everything(db) == before

    def test_what_was_receipted_stays(self, db: Writing, stream: Outgoing) -> None:
        """
        The addressee holds it and has said so; there is nothing to take back.
        """
        outgoing.save_receipt(db, stream.stream_id, 2, b"receipt", 1)
        before = rows.everything(db)
        assert outgoing.take_back(db, stream.stream_id, 1) is None
        assert rows.everything(db) == before
        assert outgoing.take_back(db, stream.stream_id, 2) is not None

    def test_what_was_receipted_is_taken_back_only_on_demand(self, db: Writing, stream: Outgoing) -> None:
        """
        A peer that lost what it had receipted does not get it again if it may not have it any more.
        """
        outgoing.save_receipt(db, stream.stream_id, 3, b"receipt", 1)
        for number in (1, 2):
            found = outgoing.take_back(db, stream.stream_id, number, although_receipted=True)
            assert found == read(db, stream)[number].delivery_id
        assert outgoing.take_back(db, stream.stream_id, 0, although_receipted=True) is None
        assert [each.payload is None for each in read(db, stream)] == [False, True, True]

    @pytest.mark.parametrize("number", [0, 3, 99])
    def test_only_a_delivery_is_taken_back(self, db: Writing, stream: Outgoing, number: int) -> None:
        """
        A start, a void and what is not there are no such entries.
        """
        rows.append(db, stream, [(EntryKind.VOID, b"void", None)])
        before = rows.everything(db)
        assert outgoing.take_back(db, stream.stream_id, number) is None
        assert rows.everything(db) == before

    def test_is_not_undone_by_asking_for_another_stream(self, db: Writing, stream: Outgoing) -> None:
        """
        The number of an entry means one only within its stream.
        """
        other = rows.numbered(db, rows.begun(db, "AUS"), rows.released(db, "c", office="AUS"))
        assert outgoing.take_back(db, other.stream_id, 1) is not None
        assert all(each.payload is not None for each in read(db, stream))


class TestSigned:
    def test_a_checkpoint_of_a_size_is_kept_once(self, db: Writing) -> None:
        """
        What was signed over a size is what is given out for it, for ever.
        """
        stream = rows.begun(db)
        assert outgoing.checkpoint(db, stream.stream_id, 1) is None
        outgoing.save_checkpoint(db, stream.stream_id, 1, b"first")
        with pytest.raises(StoreError, match="breaks a rule"):
            outgoing.save_checkpoint(db, stream.stream_id, 1, b"second")
        assert outgoing.checkpoint(db, stream.stream_id, 1) == b"first"
        assert outgoing.checkpoint(db, stream.stream_id, 2) is None
        assert list(outgoing.checkpoints(db, stream.stream_id)) == [(1, b"first")]

    def test_every_receipt_is_kept_and_the_highest_counts(self, db: Writing) -> None:
        """
        Receipts are evidence; one that comes late does not lower what was receipted.
        """
        stream = rows.append(db, rows.begun(db), [(EntryKind.VIEW, b"a", None)] * 3)
        assert outgoing.receipt(db, stream.stream_id) is None
        for size in (2, 4, 3):
            outgoing.save_receipt(db, stream.stream_id, size, b"%d" % (9 - size), 1)
        now = outgoing.stream(db, "KOR")
        assert now is not None
        assert now.receipt_size == 4
        assert outgoing.receipt(db, stream.stream_id) == b"5"
        assert list(outgoing.receipts(db, stream.stream_id)) == [(2, b"7"), (3, b"6"), (4, b"5")]

    def test_refuses_a_receipt_for_what_was_never_sent(self, db: Writing) -> None:
        """
        More than there is cannot be receipted, whoever signed it.
        """
        stream = rows.begun(db)
        db.run("SAVEPOINT act")
        with pytest.raises(StoreError, match="breaks a rule"):
            outgoing.save_receipt(db, stream.stream_id, 2, b"receipt", 1)
        db.run("ROLLBACK TO act")
        assert outgoing.stream(db, "KOR") == stream


def leaves_of(db: Writing, stream: Outgoing) -> list[Hash]:
    """The leaves of a stream."""
    return [each.header.leaf for each in read(db, stream)]


class TestProofs:
    @settings(max_examples=30, deadline=None)
    @given(steps=st.lists(st.integers(0, 40), min_size=1, max_size=5), data=st.data())
    def test_are_those_of_all_leaves(self, steps: list[int], data: st.DataObject) -> None:
        """
        In however many steps a stream has grown, a proof from what is kept is the one from its leaves.
        """
        db = rows.furnished()
        stream = rows.begun(db)
        for step in steps:
            stream = rows.append(db, stream, [(EntryKind.POLICY, b"%d" % each, None) for each in range(step)])
        leaves, size = leaves_of(db, stream), stream.frontier.size
        assert outgoing.leaves(db, stream.stream_id, 0, 1000) == leaves
        assert outgoing.subtree_count(db, stream.stream_id) == completed_count(size)
        end = data.draw(st.integers(1, size))
        index, old = data.draw(st.integers(0, end - 1)), data.draw(st.integers(1, end))
        root_of = outgoing.root_of(db, stream.stream_id)
        assert prove_inclusion(index, end, root_of) == inclusion_proof(leaves[:end], index)
        assert prove_consistency(old, end, root_of) == consistency_proof(leaves[:end], old)

    def test_of_one_stream_are_not_of_another(self, db: Writing) -> None:
        """
        Two streams of one length keep hashes of their own.
        """
        streams = [
            rows.append(db, rows.begun(db, office), [(EntryKind.POLICY, office.encode(), None)] * 40)
            for office in ("KOR", "AUS")
        ]
        for stream in streams:
            root_of = outgoing.root_of(db, stream.stream_id)
            assert prove_inclusion(20, 41, root_of) == inclusion_proof(leaves_of(db, stream), 20)

    def test_cost_as_much_in_a_long_stream(self, db: Writing) -> None:
        """
        Twenty times the entries cost a few rows more, and no payload is read.
        """
        blobs = rows.MemoryBlobs()
        stream = rows.append(
            db,
            rows.begun(db),
            [(EntryKind.POLICY, bytes(INLINE_SIZE_BYTES_MAX + 1), None)] * 300,
            blobs=blobs,
        )
        blobs.kept.clear()
        root_of = outgoing.root_of(db, stream.stream_id)
        few = rows.steps(db, lambda: prove_inclusion(150, 301, root_of))
        stream = rows.append(db, stream, [(EntryKind.POLICY, b"a", None)] * 6000)
        assert rows.steps(db, lambda: prove_inclusion(150, 6301, root_of)) < 2 * few

    @pytest.mark.parametrize("table", ["outgoing_subtree", "outgoing_entry"])
    def test_are_not_made_of_what_is_missing(self, db: Writing, table: str) -> None:
        """
        A hash that is not there is told, with what to do.
        """
        stream = rows.append(db, rows.begun(db), [(EntryKind.POLICY, b"a", None)] * 40)
        db.run(f"DELETE FROM {table}")  # noqa: S608 - a table of ours
        with pytest.raises(StoreError, match="missing") as caught:
            prove_inclusion(20, 41, outgoing.root_of(db, stream.stream_id))
        assert "fsck" in caught.value.hint


class TestReceipted:
    @pytest.fixture
    def stream(self, db: Writing) -> Outgoing:
        """A stream with three deliveries, entries 1 to 3."""
        return rows.numbered(db, rows.begun(db), rows.released(db, "a", "b", "c"))

    def test_is_by_the_first_receipt_that_covers_it(self, db: Writing, stream: Outgoing) -> None:
        """
        The earliest says the most: since when it is held.
        """
        for size in (2, 3, 4):
            outgoing.save_receipt(db, stream.stream_id, size, b"receipt %d" % size, size)
            deliveries.receipted(db, stream.stream_id, size, size)
        for number, name in enumerate("abc", start=1):
            found = outgoing.receipted(db, rows.digest(name), "KOR")
            assert found is not None
            assert (found.size, found.receipt) == (number + 1, b"receipt %d" % (number + 1))
            assert (found.header, found.root) == outgoing.header(db, stream.stream_id, number)
            assert (found.stream_id, found.incarnation) == (stream.stream_id, stream.incarnation)
        assert outgoing.receipted(db, rows.digest("a"), "AUS") is None
        assert outgoing.receipted(db, rows.digest("d"), "KOR") is None

    def test_is_nothing_that_is_on_its_way(self, db: Writing, stream: Outgoing) -> None:
        """
        Above the receipt nothing is proven.
        """
        assert outgoing.receipted(db, rows.digest("a"), "KOR") is None
        outgoing.save_receipt(db, stream.stream_id, 2, b"receipt", 2)
        deliveries.receipted(db, stream.stream_id, 2, 2)
        assert outgoing.receipted(db, rows.digest("a"), "KOR") is not None
        assert outgoing.receipted(db, rows.digest("b"), "KOR") is None

    def test_is_nothing_that_was_taken_back_before(self, db: Writing, stream: Outgoing) -> None:
        """
        It lies below the receipt, and is void.
        """
        delivery_id = outgoing.take_back(db, stream.stream_id, 1)
        assert delivery_id is not None
        deliveries.move(db, delivery_id, DeliveryEvent.TAKE_BACK, Because.TAKEN_BACK, epoch=1, at=1)
        outgoing.save_receipt(db, stream.stream_id, 4, b"receipt", 2)
        deliveries.receipted(db, stream.stream_id, 4, 2)
        assert outgoing.receipted(db, rows.digest("a"), "KOR") is None
        assert outgoing.receipted(db, rows.digest("b"), "KOR") is not None

    def test_is_nothing_that_was_withdrawn_on_its_way(self, db: Writing, stream: Outgoing) -> None:
        """
        The next entry above the receipt is above it.
        """
        outgoing.save_receipt(db, stream.stream_id, 2, b"receipt", 2)
        deliveries.receipted(db, stream.stream_id, 2, 2)
        deliveries.move(db, 2, DeliveryEvent.WITHDRAW, Because.NONE, epoch=1, at=1)
        assert outgoing.receipted(db, rows.digest("b"), "KOR") is None

    def test_stays_when_it_is_withdrawn(self, db: Writing, stream: Outgoing) -> None:
        """
        What was held was held; unless it was taken back, and nobody can tell when.
        """
        outgoing.save_receipt(db, stream.stream_id, 4, b"receipt", 2)
        deliveries.receipted(db, stream.stream_id, 4, 2)
        for delivery_id in (1, 2):
            deliveries.move(db, delivery_id, DeliveryEvent.WITHDRAW, Because.NONE, epoch=1, at=1)
        assert outgoing.receipted(db, rows.digest("a"), "KOR") is not None
        outgoing.take_back(db, stream.stream_id, 1, although_receipted=True)
        outgoing.take_back(db, stream.stream_id, 3, although_receipted=True)
        assert outgoing.receipted(db, rows.digest("a"), "KOR") is None
        assert outgoing.receipted(db, rows.digest("b"), "KOR") is not None
        assert outgoing.receipted(db, rows.digest("c"), "KOR") is not None
