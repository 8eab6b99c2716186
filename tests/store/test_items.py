# SPDX-License-Identifier: Apache-2.0

from hashlib import sha256

import pytest

from legation.errors import StoreError
from legation.item.portion import Kind
from legation.store.blobs import INLINE_SIZE_BYTES_MAX
from legation.store.sqlite import access, items, versions
from legation.store.sqlite.database import Writing
from legation.store.sqlite.items import StoredItem, StoredView, ViewState
from tests.store import rows

AUTHOR, RELAY = "KOR", "JPN@NATO"
TAKEN_BACK = "taken back by its sender"


@pytest.fixture
def db() -> Writing:
    """A node with peers and nothing else."""
    return rows.furnished()


def item_row(db: Writing, name: str) -> tuple[object, ...] | None:
    """What is kept of an item."""
    return db.one(
        "SELECT office, reference, is_own, received_at FROM item WHERE item_id = ?", (rows.digest(name),)
    )


def stored(db: Writing, view_key: int) -> StoredView:
    """A view as it is stored."""
    return items.view(db, view_key)


class TestSaveItem:
    def test_is_kept_once(self, db: Writing) -> None:
        """
        An item that is there stays as it was, whatever comes later.
        """
        rows.add_item(db, "a", office=AUTHOR, reference="KOR 2026-0000-0000")
        before = rows.everything(db)
        items.save_item(
            db,
            item_id=rows.digest("a"),
            document=rows.drawn("other", 16),
            time=1,
            kind=Kind.MESSAGE,
            author=rows.digest("other"),
            office="AUS",
            reference="AUS 2026-0000-0000",
            is_own=False,
            at=9999,
        )
        assert rows.everything(db) == before

    def test_an_author_becomes_known(self, db: Writing) -> None:
        """
        An item whose author was not known takes the name once it is.
        """
        rows.add_item(db, "a", office="")
        rows.add_item(db, "a", office=AUTHOR, reference="KOR 2026-0000-0000")
        assert item_row(db, "a") == (AUTHOR, "KOR 2026-0000-0000", 0, 2000)

    def test_an_author_is_never_forgotten(self, db: Writing) -> None:
        """
        That a card is not pinned any more does not take the name off what came before.
        """
        rows.add_item(db, "a", office=AUTHOR)
        before = item_row(db, "a")
        rows.add_item(db, "a", office="")
        assert item_row(db, "a") == before

    def test_our_versions_of_a_document_are_known_and_no_others(self, db: Writing) -> None:
        """
        In the order of their times; what others write under the same document id is none of them.
        """
        document = rows.drawn("document", 16)
        for name, time in (("a", 5), ("b", 9), ("c", 7)):
            rows.add_item(db, name, time=time, is_own=True)
        rows.add_item(db, "another's", time=20)
        db.run("UPDATE item SET document = ?", (document,))
        found = versions.own_versions(db, document)
        assert found == [(rows.digest(name), time) for name, time in (("a", 5), ("c", 7), ("b", 9))]
        assert versions.own_versions(db, rows.drawn("another", 16)) == []


class TestSaveView:
    def test_comes_back_byte_for_byte(self, db: Writing) -> None:
        """
        A view has its bytes, its hash, its layers and where it came from.
        """
        ids = rows.interned(db, "OPEN", "SECRET")
        rows.add_item(db, "a")
        view_key = rows.add_view(db, "a", b"a view", reversed(ids), at=7)
        assert items.view_data(db, view_key, rows.MemoryBlobs()) == b"a view"
        assert items.layers(db, view_key) == ids
        assert items.view(db, view_key) == StoredView(
            view_key=view_key,
            hash=sha256(b"a view").digest(),
            item_id=rows.digest("a"),
            size_bytes=6,
            source=AUTHOR,
            state=ViewState.HELD,
            because="",
            received_at=7,
        )

    @pytest.mark.parametrize("more", [0, 1])
    def test_a_long_one_is_a_blob(self, db: Writing, more: int) -> None:
        """
        What is too long for a row is a file, and comes back the same.
        """
        blobs, data = rows.MemoryBlobs(), bytes(INLINE_SIZE_BYTES_MAX + more)
        rows.add_item(db, "a")
        view_key = rows.add_view(db, "a", data, rows.interned(db, "OPEN"), blobs=blobs)
        assert len(blobs.kept) == more
        assert items.view_data(db, view_key, blobs) == data
        assert db.one("SELECT data IS NULL FROM view") == (more,)

    def test_no_row_names_a_blob_that_is_not_there(self, db: Writing) -> None:
        """
        When the blob cannot be written there is no view.
        """
        blobs = rows.MemoryBlobs()
        blobs.is_full = True
        rows.add_item(db, "a")
        before = rows.everything(db)
        with pytest.raises(StoreError, match="full"):
            rows.add_view(db, "a", bytes(INLINE_SIZE_BYTES_MAX + 1), rows.interned(db), blobs=blobs)
        assert rows.everything(db) == before

    def test_is_stored_once_by_its_hash(self, db: Writing) -> None:
        """
        The same bytes are one view, whoever brings them and when.
        """
        ids = rows.interned(db, "OPEN")
        rows.add_item(db, "a")
        first = rows.add_view(db, "a", b"a view", ids, source=AUTHOR, at=1)
        before = rows.everything(db)
        assert rows.add_view(db, "a", b"a view", ids, source=RELAY, at=2) == first
        assert rows.everything(db) == before

    def test_is_the_authors_once_the_author_hands_it_over(self, db: Writing) -> None:
        """
        What a relay brought first is the author's from when it comes from the author; it came when it came.
        """
        rows.add_item(db, "a")
        view_key = rows.add_view(db, "a", b"a view", rows.interned(db), source=RELAY, at=1)
        rows.add_view(db, "a", b"a view", [], source=AUTHOR, at=2)
        assert (stored(db, view_key).source, stored(db, view_key).received_at) == (AUTHOR, 1)
        rows.add_view(db, "a", b"a view", [], source=RELAY, at=3)
        assert stored(db, view_key).source == AUTHOR

    @pytest.mark.parametrize("first", [RELAY, "AUS"])
    def test_of_two_in_one_second_the_first_by_name_is_the_source(self, db: Writing, first: str) -> None:
        """
        Which of two came first within a second is nobody's to know, so it does not count.
        """
        rows.add_item(db, "a")
        view_key = rows.add_view(db, "a", b"a view", rows.interned(db), source=first, at=5)
        for source, at in ((RELAY, 5), ("AUS", 5), ("AAA", 6)):
            rows.add_view(db, "a", b"a view", [], source=source, at=at)
        assert (stored(db, view_key).source, stored(db, view_key).received_at) == ("AUS", 5)

    def test_what_is_held_is_not_set_apart_by_a_copy(self, db: Writing) -> None:
        """
        That somebody else hands over the same bytes for whom they are not trusted changes nothing.
        """
        rows.add_item(db, "a")
        view_key = rows.add_view(db, "a", b"a view", rows.interned(db))
        before = rows.everything(db)
        for source in (RELAY, AUTHOR):
            rows.add_view(db, "a", b"a view", [], source=source, because="its author's key is retired")
        assert rows.everything(db) == before
        assert stored(db, view_key).state is ViewState.HELD

    def test_what_was_set_apart_is_judged_anew(self, db: Writing) -> None:
        """
        Bytes that come again are held or set apart as they are judged now, and came when they were held.
        """
        rows.add_item(db, "a")
        view_key = rows.add_view(db, "a", b"a view", rows.interned(db), because="no policy", at=1)
        rows.add_view(db, "a", b"a view", [], source=RELAY, because="no card", at=2)
        assert (stored(db, view_key).because, stored(db, view_key).received_at) == ("no card", 1)
        rows.add_view(db, "a", b"a view", [], source=AUTHOR, at=3)
        found = stored(db, view_key)
        assert (found.state, found.because, found.source, found.received_at) == (
            ViewState.HELD,
            "",
            AUTHOR,
            3,
        )

    def test_what_was_taken_back_can_be_handed_over_again(self, db: Writing) -> None:
        """
        The same cut may become lawful again; then it comes as a new entry with the same bytes.
        """
        rows.add_item(db, "a")
        view_key = rows.add_view(db, "a", b"a view", rows.interned(db))
        items.set_view_state(db, view_key, ViewState.QUARANTINED, TAKEN_BACK)
        rows.add_view(db, "a", b"a view", [])
        assert stored(db, view_key).state is ViewState.HELD

    def test_our_own_item_is_never_set_apart(self, db: Writing) -> None:
        """
        A peer who hands our own whole item back changes nothing of it.
        """
        rows.add_item(db, "a", office=rows.OURS, is_own=True)
        view_key = rows.add_view(db, "a", b"whole", rows.interned(db, "OPEN"), source="")
        before = rows.everything(db)
        for because in ("", "its author's key is retired"):
            assert rows.add_view(db, "a", b"whole", [], source=AUTHOR, because=because) == view_key
        assert rows.everything(db) == before
        with pytest.raises(StoreError, match="breaks a rule"):
            items.set_view_state(db, view_key, ViewState.QUARANTINED, TAKEN_BACK)

    def test_of_an_item_of_ours_there_is_one_whole(self, db: Writing) -> None:
        """
        The whole of an own item is found, and there is no second one.
        """
        rows.add_item(db, "a", office=rows.OURS, is_own=True)
        assert items.own_view(db, rows.digest("a")) is None
        rows.add_view(db, "a", b"cut", rows.interned(db, "OPEN"), source=AUTHOR)
        view_key = rows.add_view(db, "a", b"whole", rows.interned(db, "OPEN"), source="")
        found = items.own_view(db, rows.digest("a"))
        assert found is not None
        assert found.view_key == view_key
        with pytest.raises(StoreError, match="breaks a rule"):
            rows.add_view(db, "a", b"another whole", rows.interned(db, "OPEN"), source="")


class TestItems:
    def test_what_is_known_comes_back(self, db: Writing) -> None:
        """
        An item is given as it was stored; of an unknown one there is nothing.
        """
        rows.add_item(db, "a", office=AUTHOR, reference="KOR 2026-0000-0000", time=7)
        rows.add_item(db, "b", office="")
        rows.add_item(db, "c", office=rows.OURS, is_own=True)
        assert items.item(db, rows.digest("a")) == StoredItem(
            item_id=rows.digest("a"),
            document=rows.drawn("document of a", 16),
            time=7,
            kind=Kind.REPORT,
            author=rows.digest("key of KOR"),
            office=AUTHOR,
            reference="KOR 2026-0000-0000",
            is_own=False,
        )
        for name, wanted in (("b", ("", "", False)), ("c", (rows.OURS, f"{rows.OURS} C", True))):
            found = items.item(db, rows.digest(name))
            assert found is not None
            assert (found.office, found.reference, found.is_own) == wanted
        assert items.item(db, rows.digest("d")) is None

    def test_views_are_found_by_the_key_that_signed(self, db: Writing) -> None:
        """
        When a key is not trusted any more, what it signed and is held here is found: not our own items, not
        those of others, not what is set apart already.
        """
        (open_,) = rows.interned(db, "OPEN")
        for name, office in (("a", AUTHOR), ("b", "AUS"), ("c", AUTHOR)):
            rows.add_item(db, name, office=office)
        rows.add_item(db, "ours", office=rows.OURS, is_own=True)
        rows.add_view(db, "ours", b"whole", [open_], source="")
        for name, data, because in (
            ("c", b"3", ""),
            ("a", b"1", ""),
            ("b", b"2", ""),
            ("a", b"4", "no policy"),
        ):
            rows.add_view(db, name, data, [open_], because=because)
        key = rows.digest(f"key of {AUTHOR}")
        assert [each.hash for each in items.held_by_author(db, key)] == [
            sha256(data).digest() for data in (b"3", b"1")
        ]
        assert items.held_by_author(db, rows.digest(f"key of {rows.OURS}")) == []


class TestQuarantine:
    def test_lists_what_is_set_apart_by_source(self, db: Writing) -> None:
        """
        What is shown to nobody is listed for those who look after it, with the reason.
        """
        rows.add_item(db, "a")
        for source, data in ((AUTHOR, b"1"), (RELAY, b"2"), (AUTHOR, b"3")):
            rows.add_view(db, "a", data, rows.interned(db), source=source, because="no policy")
        rows.add_view(db, "a", b"4", rows.interned(db))
        found = items.quarantined(db)
        assert [(each.source, each.because) for each in found] == [
            (RELAY, "no policy"),
            (AUTHOR, "no policy"),
            (AUTHOR, "no policy"),
        ]
        assert found[1].view_key < found[2].view_key

    def test_a_view_goes_in_and_out(self, db: Writing) -> None:
        """
        A view that was set apart is not listed any more once it may be shown.
        """
        rows.add_item(db, "a")
        view_key = rows.add_view(db, "a", b"1", rows.interned(db))
        items.set_view_state(db, view_key, ViewState.QUARANTINED, TAKEN_BACK)
        assert [each.because for each in items.quarantined(db)] == [TAKEN_BACK]
        items.set_view_state(db, view_key, ViewState.HELD, "")
        assert items.quarantined(db) == []


class TestFindItems:
    @pytest.fixture
    def shelf(self, db: Writing) -> Writing:
        """Three items: one for all, one for few, one set apart."""
        open_, secret = rows.interned(db, "OPEN", "SECRET")
        for name, layer, because in (("a", open_, ""), ("b", secret, ""), ("c", open_, "no policy")):
            rows.add_item(db, name, reference=f"KOR 2026-000{name.upper()}-0000")
            rows.add_view(db, name, name.encode(), [layer], because=because)
        access.allow(db, [open_])
        return db

    def test_finds_by_id_and_by_reference(self, shelf: Writing) -> None:
        """
        An id, the beginning of one, and a reference lead to an item that may be seen.
        """
        typed = rows.digest("a").hex()
        for text in (typed, typed.upper(), typed[:8], f" {typed[:33]}\n", "KOR 2026-000A-0000"):
            assert items.find_items(shelf, text) == [rows.digest("a")]

    @pytest.mark.parametrize("text", ["kor 2026-000a-0000", "  KOR  2026-000A-0000 ", "KOR\t2026-000A-0000"])
    def test_takes_a_reference_as_people_type_it(self, shelf: Writing, text: str) -> None:
        """
        Small letters and spaces make no difference.
        """
        assert items.find_items(shelf, text) == [rows.digest("a")]

    @pytest.mark.parametrize("name", ["b", "c", "d"])
    def test_what_may_not_be_seen_is_not_there(self, shelf: Writing, name: str) -> None:
        """
        What has no layer for the reader, or is set apart, is as absent as what never was.
        """
        typed = rows.digest(name).hex()
        for text in (typed, typed[:8], f"KOR 2026-000{name.upper()}-0000"):
            assert items.find_items(shelf, text) == []

    def test_what_means_nothing_finds_nothing(self, shelf: Writing) -> None:
        """
        Too few digits, more than an id has, and what no person means by anything, find nothing.
        """
        typed = rows.digest("a").hex()
        for text in (typed[:7], typed + "0", typed[:8] + "g", "", " ", "%", "KOR%", "\udc80", "\u0661" * 8):
            assert items.find_items(shelf, text) == []

    def test_an_odd_number_of_digits_is_a_beginning(self, shelf: Writing) -> None:
        """
        The beginning of an id may end in the middle of a byte.
        """
        assert items.find_items(shelf, rows.digest("a").hex()[:9]) == [rows.digest("a")]

    def test_one_that_may_be_seen_is_found_behind_many_that_may_not(self, db: Writing) -> None:
        """
        What is hidden takes no place among the few that are looked up.
        """
        open_, secret = rows.interned(db, "OPEN", "SECRET")
        ids = [b"\xab" * 31 + bytes([last]) for last in range(20)]
        for place, item_id in enumerate(ids):
            rows.add_item(db, f"item {place}", reference="KOR 2026-0000-0000")
            db.run("UPDATE item SET item_id = ? WHERE item_id = ?", (item_id, rows.digest(f"item {place}")))
            items.save_view(
                db,
                data=item_id,
                item_id=item_id,
                source=AUTHOR,
                layers=[open_ if place in {7, 15, 19} else secret],
                blobs=rows.MemoryBlobs(),
                at=0,
            )
        access.allow(db, [open_])
        assert items.find_items(db, "ab" * 8) == [ids[7], ids[15]]
        assert items.find_items(db, "KOR 2026-0000-0000") == [ids[7], ids[15]]
        access.allow(db, [])
        assert items.find_items(db, "ab" * 8) == []


@pytest.fixture
def shelf(db: Writing) -> Writing:
    """One item."""
    rows.interned(db, "A", "B", "C", "D")
    rows.add_item(db, "a", office=AUTHOR)
    return db


class TestReadableView:
    def test_shows_most_of_what_may_be_seen(self, shelf: Writing) -> None:
        """
        What counts are the layers for this reader, not how many there are.
        """
        rows.add_view(shelf, "a", b"wide", [1, 2])
        rows.add_view(shelf, "a", b"deep", [1, 3, 4])
        for allowed, wanted in (
            ([1, 2], b"wide"),
            ([3, 4], b"deep"),
            ([2], b"wide"),
            ([1, 2, 3, 4], b"deep"),
        ):
            access.allow(shelf, allowed)
            assert items.readable_view(shelf, rows.digest("a"), rows.MemoryBlobs()) == wanted

    def test_says_who_passed_it_on(self, shelf: Writing) -> None:
        """
        Nobody, if it is ours or its author handed over what the reader cannot tell from it; else the first.
        """
        access.allow(shelf, [1])
        rows.add_view(shelf, "a", b"1", [1, 2], source="NATO", at=5)
        assert items.passed_on_by(shelf, rows.digest("a")) == "NATO"
        rows.add_view(shelf, "a", b"2", [1, 3], source=RELAY, at=4)
        assert items.passed_on_by(shelf, rows.digest("a")) == RELAY
        rows.add_view(shelf, "a", b"3", [1, 4], source=AUTHOR, at=9)
        assert items.passed_on_by(shelf, rows.digest("a")) == ""

    def test_at_a_tie_it_is_the_authors_then_the_first(self, shelf: Writing) -> None:
        """
        Of two that show as much, the author's own is taken, and then the one that came first.
        """
        access.allow(shelf, [1, 2, 3])
        for layers, source, at in (([1], RELAY, 5), ([2], RELAY, 4), ([3], AUTHOR, 9)):
            data = b"%d" % at
            rows.add_view(shelf, "a", data, layers, source=source, at=at)
            assert items.readable_view(shelf, rows.digest("a"), rows.MemoryBlobs()) == data

    def test_what_shows_the_same_is_one(self, shelf: Writing) -> None:
        """
        Views that differ only in what this reader may not see count together: from whom and when they came.
        """
        access.allow(shelf, [1, 2])
        rows.add_view(shelf, "a", b"1", [1, 3], source=RELAY, at=4)
        rows.add_view(shelf, "a", b"2", [2], source=RELAY, at=5)
        assert items.readable_view(shelf, rows.digest("a"), rows.MemoryBlobs()) == b"1"
        rows.add_view(shelf, "a", b"3", [2, 4], source=AUTHOR, at=6)
        assert items.readable_view(shelf, rows.digest("a"), rows.MemoryBlobs()) in {b"2", b"3"}

    def test_what_is_set_apart_is_not_taken(self, shelf: Writing) -> None:
        """
        A fuller view that is set apart is as if it were not there.
        """
        access.allow(shelf, [1, 2])
        rows.add_view(shelf, "a", b"full", [1, 2], because="no policy")
        rows.add_view(shelf, "a", b"less", [1])
        assert items.readable_view(shelf, rows.digest("a"), rows.MemoryBlobs()) == b"less"

    def test_something_to_read_goes_before_many_layers(self, shelf: Writing) -> None:
        """
        As in the inbox: a view without a paragraph for the reader gives way to one with.
        """
        access.allow(shelf, [1, 2, 3])
        empty = rows.add_view(shelf, "a", b"two without", [1, 2])
        rows.fold_layers(shelf, "a", empty, [(1, False, "a title"), (2, False, None)])
        full = rows.add_view(shelf, "a", b"one with", [3])
        rows.fold_layers(shelf, "a", full, [(3, True, None)])
        assert items.readable_view(shelf, rows.digest("a"), rows.MemoryBlobs()) == b"one with"

    def test_our_own_whole_item_goes_before_its_cuts(self, db: Writing) -> None:
        """
        Of two that show as much the item that was written here is taken, not what came back of it.
        """
        open_, limited = rows.interned(db, "OPEN", "LIMITED")
        rows.add_item(db, "a", office=rows.OURS, is_own=True)
        rows.add_view(db, "a", b"came back", [open_], source=AUTHOR, at=1)
        rows.add_view(db, "a", b"whole", [limited], source="", at=2)
        access.allow(db, [open_, limited])
        assert items.readable_view(db, rows.digest("a"), rows.MemoryBlobs()) == b"whole"

    def test_there_is_none_to_ask_for_unless_one_was_found(self, shelf: Writing) -> None:
        """
        To ask for the view of an item that the reader has none of is a mistake of the program.
        """
        rows.add_view(shelf, "a", b"hidden", [4])
        access.allow(shelf, [1])
        with pytest.raises(AssertionError):
            items.readable_view(shelf, rows.digest("a"), rows.MemoryBlobs())


class TestFullestView:
    """The view to pass on from: of given access ids, whoever asks."""

    def test_is_that_with_most_of_what_is_wanted(self, shelf: Writing) -> None:
        """
        Whatever else is in it; what is set apart is none.
        """
        rows.add_view(shelf, "a", b"wide", [1, 2, 3], source=RELAY)
        rows.add_view(shelf, "a", b"deep", [3, 4], source=RELAY)
        rows.add_view(shelf, "a", b"apart", [1, 2, 3, 4], source=RELAY, because="a reason")
        for wanted, data in (([1, 2, 4], b"wide"), ([3, 4], b"deep"), ([4], b"deep")):
            found = items.fullest_view(shelf, rows.digest("a"), wanted)
            assert found is not None
            assert items.view_data(shelf, found.view_key, rows.MemoryBlobs()) == data
        assert items.fullest_view(shelf, rows.digest("a"), []) is None
        assert items.held_layers(shelf, rows.digest("a")) == {1, 2, 3, 4}

    def test_at_a_tie_it_is_the_authors_then_the_first(self, shelf: Writing) -> None:
        """
        As for a reader.
        """
        for layers, source, at in (([1], RELAY, 5), ([2], RELAY, 4), ([3], AUTHOR, 9)):
            data = b"%d" % at
            rows.add_view(shelf, "a", data, layers, source=source, at=at)
            found = items.fullest_view(shelf, rows.digest("a"), [1, 2, 3])
            assert found is not None
            assert items.view_data(shelf, found.view_key, rows.MemoryBlobs()) == data


class TestViewsNaming:
    def test_are_those_of_an_office_and_those_that_may_quote_it(self, shelf: Writing) -> None:
        """
        Its name as an origin, or a blob; not what is set apart, and not our own whole items.
        """
        rows.add_item(shelf, "by EU", office="EU")
        rows.add_item(shelf, "ours", office=rows.OURS, is_own=True)
        quotes = b'{"origin":"KOR"}'
        wanted = [
            rows.add_view(shelf, "a", b"any", [1], source=RELAY),
            rows.add_view(shelf, "by EU", quotes, [1], source=RELAY),
            rows.add_view(shelf, "by EU", b"x" * 70_000, [1], source=RELAY),
        ]
        rows.add_view(shelf, "by EU", b'{"origin":"KOR@NATO"}', [1], source=RELAY)
        rows.add_view(shelf, "by EU", quotes + b"!", [1], source=RELAY, because="a reason")
        rows.add_view(shelf, "ours", quotes + b".", [1], source="")
        assert [key for key, _ in items.views_naming(shelf, AUTHOR)] == wanted
