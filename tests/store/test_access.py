# SPDX-License-Identifier: Apache-2.0

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.errors import MalformedError, StoreError
from legation.keys.card import PolicyReference
from legation.labels import Label, TagType, category
from legation.store.sqlite import access, inbox, items
from legation.store.sqlite.database import Database, Writing
from tests.store import rows

OTHER_VERSION = PolicyReference(id=rows.POLICY.id, version=2, digest=rows.POLICY.digest)
OTHER_BYTES = PolicyReference(id=rows.POLICY.id, version=1, digest=rows.digest("other bytes"))
SECRET = Label(
    policy_id=rows.POLICY.id,
    classification="SECRET",
    categories=(category("Releasable To", TagType.PERMISSIVE, ["KOR", "JPN"]),),
)


@pytest.fixture
def db() -> Writing:
    """A node with peers and nothing else."""
    return rows.furnished()


class TestIntern:
    def test_a_label_has_one_id_for_ever(self, db: Writing) -> None:
        """
        The same label under the same policy keeps its id, however often and between what it is asked.
        """
        first = access.intern(db, rows.POLICY, SECRET)
        others = rows.interned(db, "OPEN", "LIMITED")
        assert access.intern(db, rows.POLICY, SECRET) == first
        assert rows.interned(db, "OPEN", "LIMITED") == others
        assert rows.count(db, "access") == 3

    def test_whatever_differs_has_another_id(self, db: Writing) -> None:
        """
        Another label, version, edition or group never shares an id: a decision for one is none for the other.
        """
        db.run("INSERT INTO need_to_know (group_id, name) VALUES (1, 'team')")
        ids = [
            access.intern(db, reference, label, group)
            for reference in (rows.POLICY, OTHER_VERSION, OTHER_BYTES)
            for label in (SECRET, rows.label("SECRET"))
            for group in (access.NO_GROUP, 1)
        ]
        assert len(set(ids)) == len(ids) == 12

    def test_refuses_a_group_that_is_none(self, db: Writing) -> None:
        """
        A need-to-know group is made before anything is labelled for it.
        """
        with pytest.raises(StoreError, match="breaks a rule"):
            access.intern(db, rows.POLICY, SECRET, 7)
        assert rows.count(db, "access") == 0

    def test_is_found_by_its_index(self, db: Writing) -> None:
        """
        A known label costs the same with three labels and with three thousand.
        """
        rows.interned(db, "OPEN", "SECRET")
        few = rows.steps(db, lambda: rows.interned(Writing(db._connection), "SECRET"))
        rows.interned(db, *(f"LEVEL {number}" for number in range(3000)))
        assert rows.steps(db, lambda: rows.interned(Writing(db._connection), "SECRET")) == few > 0

    def test_is_looked_up_once_in_a_change(self, db: Writing) -> None:
        """
        A thousand views under one label ask the database once.
        """
        [first] = rows.interned(db, "SECRET")
        assert rows.steps(db, lambda: rows.interned(db, "SECRET")) == 0
        assert rows.interned(db, "SECRET") == [first]

    def test_is_forgotten_with_a_change_that_is_undone(self, tmp_path: Path) -> None:
        """
        The number of an id that was never committed goes to the next label, and stands for that one alone.
        """
        database = Database.create(tmp_path / "node.db", now=0)

        def fail(db: Writing) -> None:
            rows.interned(db, "SECRET")
            raise MalformedError("no")

        with pytest.raises(MalformedError):
            database.write(fail)
        [taken] = database.write(lambda db: rows.interned(db, "OPEN"))
        [other] = database.write(lambda db: rows.interned(db, "SECRET"))
        with database.read() as db:
            found = {number: each.label.classification for number, each in access.accesses(db)}
        database.close()
        assert found == {taken: "OPEN", other: "SECRET"}


class TestAccesses:
    def test_give_back_what_was_put_in(self, db: Writing) -> None:
        """
        Every id comes with its policy, its label and its group, ascending.
        """
        db.run("INSERT INTO need_to_know (group_id, name) VALUES (1, 'team')")
        first = access.intern(db, rows.POLICY, SECRET)
        second = access.intern(db, OTHER_VERSION, rows.label("OPEN"), 1)
        assert list(access.accesses(db)) == [
            (first, access.Access(reference=rows.POLICY, label=SECRET, group=0)),
            (second, access.Access(reference=OTHER_VERSION, label=rows.label("OPEN"), group=1)),
        ]

    def test_give_only_what_came_since(self, db: Writing) -> None:
        """
        Whoever knows all ids up to one asks for those above it.
        """
        ids = rows.interned(db, "A", "B", "C")
        assert [number for number, _ in access.accesses(db, after=ids[0])] == ids[1:]
        assert list(access.accesses(db, after=ids[-1])) == []

    def test_refuse_a_label_that_is_damaged(self, db: Writing) -> None:
        """
        A label that is not in canonical form any more is an error, and no label.
        """
        rows.interned(db, "OPEN")
        db.run("UPDATE access SET label = ?", (b'{"classification": "OPEN"}',))
        with pytest.raises(MalformedError):
            list(access.accesses(db))


class TestAllow:
    def test_is_the_reader_from_then_on(self, db: Writing) -> None:
        """
        What is allowed takes the place of what was allowed before.
        """
        for ids in ([1, 2, 3], [2], [], [7, 5]):
            access.allow(db, ids)
            assert [number for (number,) in db.rows("SELECT access_id FROM allowed")] == sorted(ids)

    def test_takes_what_is_named_twice_once(self, db: Writing) -> None:
        """
        A reader who may see something for two reasons may see it.
        """
        access.allow(db, iter([3, 1, 3]))
        assert list(db.rows("SELECT access_id FROM allowed")) == [(1,), (3,)]

    @settings(max_examples=20, deadline=None)
    @given(st.sets(st.integers(1, 2**53 - 1), max_size=50))
    def test_takes_any_ids(self, ids: set[int]) -> None:
        """
        Whatever number an id has, it is that number which is allowed.
        """
        db = rows.memory()
        access.allow(db, ids)
        assert {number for (number,) in db.rows("SELECT access_id FROM allowed")} == ids

    def test_binds_one_snapshot_of_a_database(self, tmp_path: Path) -> None:
        """
        In a store on the disk each snapshot has its own reader, and the next begins with none.
        """
        Database.create(tmp_path / "node.db", now=0).close()
        store = Database.open(tmp_path / "node.db", now=0)
        try:
            store.write(shelved)
            with store.read() as one, store.read() as other:
                access.allow(one, [1, 2])
                access.allow(other, [2])
                assert [len(inbox.rows(each)) for each in (one, other)] == [2, 1]
                assert items.find_items(other, rows.digest("a").hex()) == []
            with store.read() as db:
                assert inbox.rows(db) == []
        finally:
            store.close()


def shelved(db: Writing) -> None:
    """Two items, each under a label of its own."""
    rows.furnish(db)
    for name, layer in zip(("a", "b"), rows.interned(db, "OPEN", "SECRET"), strict=True):
        rows.add_item(db, name)
        rows.fold_layers(db, name, rows.add_view(db, name, name.encode(), [layer]), [(layer, True, None)])
