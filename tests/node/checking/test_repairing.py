# SPDX-License-Identifier: Apache-2.0

import os
from pathlib import Path

import apsw
import pytest

from legation.errors import StoreError
from legation.node.checking import findings
from legation.node.checking import whole as checking
from legation.store.lock import FolderLock
from legation.store.sqlite.database import Writing
from tests.cli.ends import CANARY
from tests.node.damages import JPN, KOR, REPEATED, TRUTH, Damage, Opened, damage
from tests.node.pair import Node, Village, unchanged


def damaged(opened: Opened, done: Damage) -> tuple[Node, dict[str, object]]:
    """A node to which something was done, and all that it held before."""
    node = opened.damaged(done.office)
    before = node.state()
    node.close()
    damage(node.folder, done.statement)
    node.open()
    return node, dict(before)


@pytest.mark.parametrize("done", REPEATED.values(), ids=REPEATED)
def test_what_only_repeats_is_made_again(opened: Opened, done: Damage) -> None:
    """
    The store is what it was before the damage, row by row; it is said what was made again, and everything holds.
    """
    node, before = damaged(opened, done)
    found = node.repairs()
    assert (found.faults, found.more) == ((), 0)
    assert any(each.what.startswith(done.what) for each in found.repaired)
    assert CANARY not in repr(found)
    now = node.state()
    assert {name: rows for name, rows in now.items() if rows != before[name]} == {}
    assert node.faults() == ()


@pytest.mark.parametrize("done", TRUTH.values(), ids=TRUTH)
def test_where_truth_is_damaged_nothing_is_touched(opened: Opened, done: Damage) -> None:
    """
    What could be made again is not either: the backup is restored, and has it right.
    """
    node = opened.damaged(done.office, done.statement, "DELETE FROM inbox_layer", "DELETE FROM log_subtree")
    node.home.blobs.put(b"x")
    with unchanged(node):
        found = node.repairs()
    assert any(not each.repairable for each in found.faults)
    assert found.repaired == ()
    assert found.faults


def test_a_date_that_is_forgotten_is_worked_out_again(opened: Opened) -> None:
    """
    A grant that ends would go on. A new epoch begins, so that nothing that was worked out without the date is used.
    """
    node = opened.damaged(KOR)
    [(number, changes_at)] = node.rows("SELECT number, changes_at FROM epoch")
    assert changes_at is not None
    node.runs("UPDATE epoch SET changes_at = NULL")
    [fault] = node.faults()
    assert (fault.where, fault.repairable) == ("epoch", True)
    assert node.repairs().repaired == (fault,)
    assert node.rows("SELECT number, changes_at FROM epoch") == [(number + 1, changes_at)]
    assert node.faults() == ()


def test_a_label_that_is_another_is_made_again_if_nothing_was_approved_by_it(opened: Opened) -> None:
    """
    What came is found under its own label again; the one that was altered stays, and stands for nothing.
    """
    change = (
        "UPDATE access SET label = cast(replace(label, 'OPEN', 'LIMITED') AS BLOB) WHERE instr(label, 'OPEN')"
    )
    node = opened.damaged(JPN)
    listed, shown = node.inbox(), [node.shows(each) for each in node.listed()]
    node.close()
    damage(node.folder, change)
    node.open()
    assert node.faults()
    found = node.repairs()
    assert (found.faults, node.faults()) == ((), ())
    assert (node.inbox(), [node.shows(each) for each in node.listed()]) == (listed, shown)


def test_a_row_of_what_is_set_apart_is_made_again(opened: Opened) -> None:
    """
    What was listed and then set apart keeps its row, in case it is held again; and it is the right one.
    """
    node = opened.damaged(JPN)
    [(view_key,)] = node.rows("SELECT view_key FROM view WHERE state = 'quarantined'")
    node.runs("INSERT INTO inbox SELECT view_key, item_id FROM view WHERE view_key = ?", (view_key,))
    assert [(each.where, each.repairable) for each in node.faults()] == [("inbox", True)]
    node.repairs()
    assert node.faults() == ()
    assert node.rows("SELECT has_body FROM inbox_layer WHERE view_key = ?", (view_key,)) == [(1,)]


class TestIndexes:
    def damaged(self, opened: Opened, index: str, *statements: str) -> Node:
        """A node of which an index missed what was done to its table."""
        folder = opened.folder(KOR)
        for steps in (
            [
                f"CREATE TABLE aside AS SELECT * FROM sqlite_schema WHERE name = '{index}'",  # noqa: S608 - a test
                f"DELETE FROM sqlite_schema WHERE name = '{index}'",  # noqa: S608 - a test
            ],
            statements,
            ["INSERT INTO sqlite_schema SELECT * FROM aside", "DROP TABLE aside"],
        ):
            connection = apsw.Connection(str(folder / "node.db"))
            connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 0)
            for each in ("PRAGMA writable_schema = 1", "PRAGMA foreign_keys = 0", *steps):
                connection.execute(each)
            connection.close()
        return opened.opens(folder)

    def test_is_made_again(self, opened: Opened) -> None:
        """
        The rows are whole; they are found again.
        """
        node = self.damaged(opened, "item_reference", "UPDATE item SET reference = reference || 'x'")
        [fault] = node.faults()
        assert (fault.where, fault.what, fault.repairable) == ("store", "an index is damaged", True)
        found = node.repairs()
        assert found.faults == ()
        assert found.repaired[0] == fault
        # The rows were wrong as well, and only now could that be seen.
        assert "its row names another author than it has" in {each.what for each in found.repaired}
        assert node.faults() == ()
        [(reference,)] = node.rows("SELECT reference FROM item ORDER BY item_id LIMIT 1")
        assert node.rows("SELECT count(*) FROM item WHERE reference = ?", (reference,)) == [(1,)]

    def test_is_not_made_where_the_rows_do_not_allow_it(self, opened: Opened) -> None:
        """
        Two rows where there may be one: which is right, nobody knows.
        """
        node = self.damaged(
            opened,
            "view_own",
            "UPDATE view SET item_id = (SELECT item_id FROM view WHERE view_key = 1) WHERE view_key = 2",
        )
        with unchanged(node):
            found = node.repairs()
        assert [each.repairable for each in found.faults] == [False]


class TestLeftovers:
    def test_are_removed(self, opened: Opened) -> None:
        """
        Blobs at once; attachments, which are there before anything names them, after a day.
        """
        node = opened.damaged(KOR)
        before = sorted(path.name for path in node.folder.rglob("*") if path.is_file())
        first = node.repairs()
        assert [each.where for each in first.repaired] in ([], ["files"])
        digest = node.home.blobs.put(b"x")
        old, young = (self.sealed(node, name) for name in ("00", "01"))
        os.utime(old, (0, node.around.seconds() - 86_400))
        os.utime(young, (0, node.around.seconds() - 86_399))
        assert node.checks().leftovers == 3
        found = node.repairs()
        assert [(each.where, each.what) for each in found.repaired] == [("files", "2 that nothing named")]
        assert (found.faults, found.leftovers) == ((), 1)
        assert not node.home.blobs.has(digest)
        assert (old.exists(), young.exists()) == (False, True)
        young.unlink()
        left = sorted(path.name for path in node.folder.rglob("*") if path.is_file())
        assert set(before) - set(left) <= {each for each in before if each.endswith(".blob")}
        assert node.faults() == ()

    def sealed(self, node: Node, name: str) -> Path:
        """A file of an attachment that nothing names."""
        path = node.folder / "attachments" / name / f"{name * 16}.sealed"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
        return path


def test_nothing_is_repaired_while_somebody_serves(opened: Opened) -> None:
    """
    One of the two would work with what the other changes.
    """
    node = opened.damaged(KOR, "DELETE FROM log_subtree")
    with FolderLock(node.folder), unchanged(node), pytest.raises(StoreError, match="in use by another"):
        node.repairs()
    assert node.repairs().faults == ()


def test_where_everything_holds_nothing_is_written(opened: Opened) -> None:
    """
    A repair of what is whole is a check.
    """
    node = opened.damaged(JPN)
    with unchanged(node):
        found = node.repairs()
    assert found == node.checks()


def test_what_goes_wrong_on_the_way_leaves_nothing(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    All of it is one change: when the disk is full in the middle, nothing was made again.
    """
    node = opened.damaged(JPN, "DELETE FROM inbox_layer", "DELETE FROM log_subtree")
    made = list[str]()
    run_many = Writing.run_many

    def fails(self: Writing, sql: str, rows: object) -> None:
        made.append(sql)
        if len(made) == 5:
            raise StoreError("the disk is full")
        run_many(self, sql, rows)  # type: ignore[arg-type]

    monkeypatch.setattr(Writing, "run_many", fails)
    with unchanged(node), pytest.raises(StoreError, match="full"):
        node.repairs()
    assert len(made) == 5
    monkeypatch.undo()
    assert node.repairs().faults == ()


def test_what_was_not_looked_at_again_is_not_kept(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What is made again counts only once everything was found to hold after it.
    """
    node = opened.damaged(JPN, "DELETE FROM inbox_layer", "DELETE FROM log_subtree")
    faults = node.faults()
    monkeypatch.setattr(checking, "TURNS_MAX", 1)
    with unchanged(node):
        found = node.repairs()
    assert found.faults == faults
    assert found.repaired == ()


def test_more_than_are_listed_are_counted(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Those that cannot be made again are listed first, however many others there are.
    """
    node = opened.damaged(JPN, "DELETE FROM inbox_layer", "DELETE FROM layer")
    count = len(node.faults())
    monkeypatch.setattr(findings, "LISTED_MAX", 2)
    found = node.checks()
    assert (len(found.faults), found.more, found.repairable) == (2, count - 2, True)
    node.runs("DELETE FROM withdrawal")
    node.runs("UPDATE peer SET link = 'frozen'")
    found = node.checks()
    assert [each.repairable for each in found.faults] == [False, True, True]
    assert (found.more, found.repairable) == (count - 2, False)
    with unchanged(node):
        found = node.repairs()
    assert not found.faults[0].repairable
    node.runs("UPDATE peer SET link = 'active'")
    found = node.repairs()
    assert (len(found.repaired), found.more, found.faults) == (2, 0, ())
    assert found.more_repaired > count - 2


def test_two_nodes_go_on_after_a_repair(village: Village) -> None:
    """
    What was made again serves: it is listed, read, proved, and the exchange goes on where it was.
    """
    kor, jpn = village.pair(KOR, JPN)
    item = kor.releases("(C//REL KOR, JPN) One.", to=[JPN])
    jpn.catches_up(kor)
    kor.catches_up(jpn)
    listed = jpn.inbox()
    for node in (kor, jpn):
        for table in ("inbox_layer", "inbox", "layer"):
            node.runs(f"DELETE FROM {table}")  # noqa: S608 - a test
        assert node.faults()
        assert node.repairs().faults == ()
    assert jpn.inbox() == listed
    assert jpn.reads(item) == ["One."]
    again = kor.releases("(C//REL KOR, JPN) Two.", to=[JPN])
    jpn.catches_up(kor)
    kor.catches_up(jpn)
    assert jpn.reads(again) == ["Two."]
    assert kor.states(again) == {JPN: "receipted"}
    assert (kor.faults(), jpn.faults()) == ((), ())
