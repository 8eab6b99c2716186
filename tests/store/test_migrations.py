# SPDX-License-Identifier: Apache-2.0

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from time import monotonic
from typing import Any

import apsw
import pytest

from legation.errors import StoreError
from legation.store.sqlite import migrations
from legation.store.sqlite.connection import Role, connect
from legation.store.sqlite.database import Database
from legation.store.sqlite.migrations import Migration, shipped
from tests.store.disks import Disk, Write, full_error, syncs, write_error
from tests.store.tables import NAME

ROOT = Path(__file__).parents[2]
FIRST = Migration(
    number=1,
    name="0001.sql",
    sql="""
    CREATE TABLE office (name TEXT PRIMARY KEY) STRICT;
    CREATE TABLE letter (
        number INTEGER PRIMARY KEY,
        office TEXT NOT NULL REFERENCES office (name) ON DELETE CASCADE
    ) STRICT;
    INSERT INTO office VALUES ('A'), ('B');
    INSERT INTO letter VALUES (1, 'A'), (2, 'A'), (3, 'B');
    """,
)
# Renews a table that others refer to, as one does where a column has to change.
SECOND = Migration(
    number=2,
    name="0002-rank.sql",
    sql="""
    CREATE TABLE new_office (name TEXT PRIMARY KEY, rank INTEGER NOT NULL) STRICT;
    INSERT INTO new_office SELECT name, unicode(name) FROM office;
    DROP TABLE office;
    ALTER TABLE new_office RENAME TO office;
    """,
)
THIRD = Migration(number=3, name="0003.sql", sql="CREATE INDEX letter_by_office ON letter (office);")
OLD, ALL = (FIRST,), (FIRST, SECOND, THIRD)


def make(folder: Path, migrations: Sequence[Migration] = OLD, *, now: int = 100) -> None:
    """Make a database of some release."""
    Database.create(folder / NAME, now=now, migrations=migrations).close()


def bring_up(folder: Path, migrations: Sequence[Migration] = ALL, *, now: int = 200) -> None:
    """Open a database as another release does."""
    Database.open(folder / NAME, now=now, migrations=migrations).close()


def ask(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """Look into a file without any of our rules."""
    made = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        return list(made.execute(sql))
    finally:
        made.close(True)


def change(folder: Path, sql: str) -> None:
    """Change a database as nobody should."""
    made = apsw.Connection(str(folder / NAME))
    made.execute(sql)
    made.close(True)


def state(folder: Path) -> dict[str, bytes]:
    """Every file in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def backups(folder: Path) -> list[str]:
    """The backups in a folder, by name."""
    return sorted(path.name for path in folder.iterdir() if path.suffix == ".backup")


class TestBringUp:
    def test_a_new_database_has_all_tables(self, tmp_path: Path) -> None:
        """
        Every migration is applied in order, and noted with its time; nothing is backed up.
        """
        make(tmp_path, ALL)
        assert ask(tmp_path / NAME, "SELECT * FROM migration") == [
            (each.number, each.name, each.checksum, 100) for each in ALL
        ]
        assert ask(tmp_path / NAME, "PRAGMA user_version") == [(3,)]
        assert [*state(tmp_path)] == [NAME]

    def test_an_older_database_is_brought_up(self, tmp_path: Path) -> None:
        """
        What is missing is applied, what is there stays, and references still lead where they did.
        """
        make(tmp_path)
        bring_up(tmp_path)
        assert ask(tmp_path / NAME, "SELECT number, applied_at FROM migration") == [
            (1, 100),
            (2, 200),
            (3, 200),
        ]
        assert ask(tmp_path / NAME, "SELECT * FROM office") == [("A", 65), ("B", 66)]
        assert ask(tmp_path / NAME, "SELECT * FROM letter") == [(1, "A"), (2, "A"), (3, "B")]

    def test_references_hold_afterwards(self, tmp_path: Path) -> None:
        """
        What is switched off to renew a table is on again for whoever writes next.
        """
        make(tmp_path)
        store = Database.open(tmp_path / NAME, now=200, migrations=ALL)
        with pytest.raises(StoreError, match="FOREIGNKEY"):
            store.write(lambda db: db.run("INSERT INTO letter VALUES (9, 'Z')"))
        store.close()

    def test_a_database_that_is_up_to_date_is_left_alone(self, tmp_path: Path) -> None:
        """
        Opening again changes no byte and makes no backup.
        """
        make(tmp_path, ALL)
        before = state(tmp_path)
        bring_up(tmp_path)
        assert state(tmp_path) == before

    def test_an_open_database_is_not_changed_under_its_reader(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        While an older release has it open, the newer one waits, and then says what to do.
        """
        monkeypatch.setattr(migrations, "BUSY_TIMEOUT_MS", 50)
        make(tmp_path)
        older = Database.open(tmp_path / NAME, now=150, migrations=OLD)
        with pytest.raises(StoreError, match=r"^the store is in use while it has to be changed") as refused:
            bring_up(tmp_path)
        assert refused.value.hint == "stop every program that has it open, and try again"
        older.write(lambda db: db.run("INSERT INTO letter VALUES (4, 'B')"))
        older.close()
        assert backups(tmp_path) == []
        bring_up(tmp_path)
        assert ask(tmp_path / NAME, "SELECT count(*) FROM letter") == [(4,)]

    def test_whoever_would_be_alone_holds_nobody_up(self, tmp_path: Path) -> None:
        """
        Who finds others there lets go at once: two that wait for each other would wait for ever.
        """
        make(tmp_path)
        older = Database.open(tmp_path / NAME, now=150, migrations=OLD)
        began = monotonic()
        with pytest.raises(StoreError, match=r"^the store is busy$"):
            connect(tmp_path / NAME, Role.MIGRATOR)
        assert monotonic() - began < 2
        older.close()

    def test_a_disk_that_fails_is_told(self, tmp_path: Path) -> None:
        """
        What fails before the first change is no question of who else is there.
        """
        make(tmp_path)
        disk = Disk()
        disk.fault = lambda step: write_error() if isinstance(step, Write) else None
        with pytest.raises(StoreError, match=r"^migration 2 failed$|^the disk fails"):
            Database.open(tmp_path / NAME, now=200, migrations=ALL, vfs=disk.name)
        bring_up(tmp_path)

    def test_two_that_come_at_once_bring_it_up_once(self, tmp_path: Path) -> None:
        """
        Of two processes of the newer release one does the work and the other finds it done.
        """
        make(tmp_path)
        script = """
import sys
from pathlib import Path
from tests.store.test_migrations import bring_up
bring_up(Path(sys.argv[1]))
"""
        arguments = [sys.executable, "-c", script, str(tmp_path)]
        both = [subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        for each in both:
            _, said = each.communicate()
            assert each.returncode == 0, said
        assert ask(tmp_path / NAME, "SELECT number FROM migration") == [(1,), (2,), (3,)]
        assert len(backups(tmp_path)) == 1


class TestBackup:
    def test_is_the_whole_database_as_it_was(self, tmp_path: Path) -> None:
        """
        It is named by its version and time, whole, nobody else's to read, and opens in the old release.
        """
        make(tmp_path)
        before = os.umask(0)
        try:
            bring_up(tmp_path)
        finally:
            os.umask(before)
        assert backups(tmp_path) == [f"{NAME}.v1-200.backup"]
        backup = tmp_path / f"{NAME}.v1-200.backup"
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        assert ask(backup, "SELECT * FROM letter") == [(1, "A"), (2, "A"), (3, "B")]
        restored = tmp_path / "restored"
        restored.mkdir()
        shutil.copy(backup, restored / NAME)
        bring_up(restored, OLD)
        bring_up(restored, ALL)
        assert ask(restored / NAME, "SELECT * FROM office") == [("A", 65), ("B", 66)]

    def test_holds_what_was_only_in_the_log(self, tmp_path: Path) -> None:
        """
        A database whose last process was killed is backed up with all that was confirmed.
        """
        make(tmp_path)
        script = """
import os, sys
from pathlib import Path
from tests.store.test_migrations import NAME, OLD
from legation.store.sqlite.database import Database
store = Database.open(Path(sys.argv[1]) / NAME, now=0, migrations=OLD)
store.write(lambda db: db.run("INSERT INTO letter VALUES (77, 'A')"))
os.kill(os.getpid(), 9)
"""
        subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=False)
        assert (tmp_path / f"{NAME}-wal").stat().st_size > 0
        bring_up(tmp_path)
        for path in (tmp_path / NAME, tmp_path / f"{NAME}.v1-200.backup"):
            assert ask(path, "SELECT count(*) FROM letter WHERE number = 77") == [(1,)]

    def test_without_room_for_it_nothing_is_changed(self, tmp_path: Path) -> None:
        """
        No copy, no change: the database is as it was, and no part of a copy stays.
        """
        make(tmp_path)
        disk = Disk()
        disk.fault = lambda step: (
            full_error() if isinstance(step, Write) and step.file.endswith(".part") else None
        )
        before = ask(tmp_path / NAME, "SELECT * FROM sqlite_schema")
        with pytest.raises(StoreError, match=r"^the disk is full$"):
            Database.open(tmp_path / NAME, now=200, migrations=ALL, vfs=disk.name)
        assert ask(tmp_path / NAME, "SELECT * FROM sqlite_schema") == before
        assert [name for name in state(tmp_path) if "backup" in name] == []
        bring_up(tmp_path)

    def test_is_on_the_disk_before_anything_is_changed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        The copy is synced, and then the folder that names it.
        """
        make(tmp_path)
        seen = syncs(monkeypatch)
        bring_up(tmp_path)
        assert seen == [str(tmp_path / f".{NAME}.v1-200.backup.part"), str(tmp_path)]

    def test_of_a_time_that_was_cut_short_is_made_anew(self, tmp_path: Path) -> None:
        """
        What a killed process left of a copy is in nobody's way.
        """
        make(tmp_path)
        (tmp_path / f".{NAME}.v1-200.backup.part").write_bytes(b"half a copy")
        bring_up(tmp_path)
        assert sorted(state(tmp_path)) == [NAME, f"{NAME}.v1-200.backup"]
        assert ask(tmp_path / f"{NAME}.v1-200.backup", "SELECT count(*) FROM letter") == [(3,)]

    def test_that_cannot_have_its_place_changes_nothing(self, tmp_path: Path) -> None:
        """
        Where something stands in the place of the copy, the database is left as it was.
        """
        make(tmp_path)
        (tmp_path / f"{NAME}.v1-200.backup").mkdir()
        with pytest.raises(StoreError, match=r"^the backup before a migration cannot be written$"):
            bring_up(tmp_path)
        assert ask(tmp_path / NAME, "PRAGMA user_version") == [(1,)]
        assert sorted(state(tmp_path)) == [NAME]

    def test_is_not_made_of_a_database_with_damaged_pages(self, tmp_path: Path) -> None:
        """
        A database in which an index does not fit its table is not changed at all.
        """
        make(tmp_path, (replace(FIRST, sql=FIRST.sql + "CREATE INDEX i ON letter (office);"),))
        change(
            tmp_path,
            "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON letter (number)' "
            "WHERE name = 'i'",
        )
        with pytest.raises(StoreError, match=r"^the store is damaged$"):
            bring_up(tmp_path, (replace(FIRST, sql=FIRST.sql + "CREATE INDEX i ON letter (office);"), SECOND))
        assert ask(tmp_path / NAME, "PRAGMA user_version") == [(1,)]
        assert backups(tmp_path) == []

    def test_is_not_made_of_a_damaged_database(self, tmp_path: Path) -> None:
        """
        A database in which references lead nowhere is not changed at all.
        """
        make(tmp_path)
        change(tmp_path, "INSERT INTO letter VALUES (9, 'nowhere')")
        with pytest.raises(StoreError, match=r"^the store is damaged: a reference leads nowhere$"):
            bring_up(tmp_path)
        assert ask(tmp_path / NAME, "PRAGMA user_version") == [(1,)]
        assert backups(tmp_path) == []


class TestRefusal:
    def test_refuses_a_database_of_a_newer_release(self, tmp_path: Path) -> None:
        """
        There is no way back, and nothing is changed in trying.
        """
        make(tmp_path, ALL)
        before = state(tmp_path)
        with pytest.raises(
            StoreError, match=r"^the store was made by a newer release \(schema 3, expected at most 1\)$"
        ):
            bring_up(tmp_path, OLD)
        assert state(tmp_path) == before

    @pytest.mark.parametrize(
        "tamper",
        [
            "UPDATE migration SET checksum = zeroblob(32) WHERE number = 1",
            "DELETE FROM migration WHERE number = 2",
            "DELETE FROM migration",
            "DROP TABLE migration",
            "UPDATE migration SET number = 7 WHERE number = 2",
            "INSERT INTO migration VALUES (3, '0003.sql', zeroblob(32), 0)",
            "PRAGMA user_version = 1",
        ],
    )
    def test_refuses_a_database_that_had_other_migrations(self, tmp_path: Path, tamper: str) -> None:
        """
        What was applied must be what this release has, byte for byte, with no more and no less noted.
        """
        make(tmp_path, ALL[:2])
        change(tmp_path, tamper)
        before = ask(tmp_path / NAME, "SELECT * FROM sqlite_schema")
        with pytest.raises(StoreError, match=r"^the store has had other migrations than this release has$"):
            bring_up(tmp_path)
        assert ask(tmp_path / NAME, "SELECT * FROM sqlite_schema") == before
        assert backups(tmp_path) == []

    def test_refuses_a_migration_that_was_changed(self, tmp_path: Path) -> None:
        """
        A migration is never edited once it was applied, not even by a space.
        """
        make(tmp_path, ALL[:2])
        edited = replace(FIRST, sql=FIRST.sql + " ")
        with pytest.raises(StoreError, match=r"^the store has had other migrations than this release has$"):
            bring_up(tmp_path, (edited, SECOND, THIRD))


class TestFailure:
    @pytest.mark.parametrize(
        "sql",
        [
            "INSERT INTO office VALUES ('C'); INSERT INTO nowhere VALUES (1)",
            "INSERT INTO office VALUES ('C'); INSERT INTO office VALUES ('C')",
            "INSERT INTO office VALUES ('C'); COMMIT",
            "INSERT INTO office VALUES ('C'); ROLLBACK; INSERT INTO office VALUES ('D')",
            "INSERT INTO office VALUES ('C'); SAVEPOINT s; RELEASE s",
            "INSERT INTO office VALUES ('C'); PRAGMA user_version = 9",
            "INSERT INTO office VALUES ('C'); ATTACH ':memory:' AS other",
        ],
        ids=["table", "rule", "commit", "rollback", "savepoint", "setting", "database"],
    )
    def test_a_migration_that_fails_leaves_the_one_before(self, tmp_path: Path, sql: str) -> None:
        """
        Nothing of it is there, those before it are, and a better release goes on from them.
        """
        make(tmp_path)
        bad = Migration(
            number=3, name="0003.sql", sql=sql.replace("('C')", "('C', 67)").replace("('D')", "('D', 68)")
        )
        with pytest.raises(StoreError, match=r"^migration 3 failed$"):
            bring_up(tmp_path, (FIRST, SECOND, bad))
        assert ask(tmp_path / NAME, "SELECT name FROM office") == [("A",), ("B",)]
        assert ask(tmp_path / NAME, "PRAGMA user_version") == [(2,)]
        bring_up(tmp_path, ALL, now=300)
        assert ask(tmp_path / NAME, "PRAGMA user_version") == [(3,)]
        assert backups(tmp_path) == [f"{NAME}.v1-200.backup", f"{NAME}.v2-300.backup"]

    def test_a_migration_that_breaks_references_fails(self, tmp_path: Path) -> None:
        """
        Though references are not looked at meanwhile, they are before the commit.
        """
        make(tmp_path)
        bad = replace(SECOND, sql="DELETE FROM office WHERE name = 'B'")
        with pytest.raises(StoreError, match=r"^migration 2 failed"):
            bring_up(tmp_path, (FIRST, bad))
        assert ask(tmp_path / NAME, "SELECT * FROM letter") == [(1, "A"), (2, "A"), (3, "B")]
        assert ask(tmp_path / NAME, "SELECT * FROM office") == [("A",), ("B",)]

    def test_a_creation_without_room_leaves_nothing(self, tmp_path: Path) -> None:
        """
        When the log cannot be moved into the database, no database without its log is put in place.
        """
        disk = Disk()
        disk.fault = lambda step: (
            full_error() if isinstance(step, Write) and step.file == NAME and step.offset else None
        )
        with pytest.raises(StoreError, match=r"^the disk is full$"):
            Database.create(tmp_path / NAME, now=200, migrations=ALL, vfs=disk.name)
        assert list(tmp_path.iterdir()) == []

    def test_a_creation_that_fails_leaves_nothing(self, tmp_path: Path) -> None:
        """
        A database that cannot be made whole is not there.
        """
        with pytest.raises(StoreError, match=r"^migration 2 failed"):
            make(tmp_path, (FIRST, replace(SECOND, sql="nonsense")))
        assert list(tmp_path.iterdir()) == []


# Brings a database up again and again, and is killed at its first step, then at its second, and so on.
KILLED = """
import os, shutil, sys
from pathlib import Path
from itertools import count
from legation.store.sqlite.database import Database
from tests.store.disks import Disk
from tests.store.test_migrations import ALL, NAME
place, what = Path(sys.argv[1]), sys.argv[2]

for number in count():
    folder = place / f"killed-{number}"
    folder.mkdir()
    if what == "open":
        shutil.copy(place / NAME, folder / NAME)
    pid = os.fork()
    if pid == 0:
        disk, steps = Disk(), count()

        def fault(step):
            if next(steps) == number:
                os.kill(os.getpid(), 9)

        disk.fault = fault
        getattr(Database, what)(folder / NAME, now=200, migrations=ALL, vfs=disk.name).close()
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if status == 0:
        print(number)
        break
    assert os.WTERMSIG(status) == 9, status
"""


def kill_at_every_step(folder: Path, what: str) -> list[Path]:
    """Kill a process at every step of the disk; give what each left, a folder each."""
    arguments = [sys.executable, "-c", KILLED, str(folder), what]
    ran = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    count = int(ran.stdout)
    assert count > 20, "there are many steps"
    return [folder / f"killed-{number}" for number in range(count)]


class TestKilled:
    def test_at_every_step_of_bringing_up(self, tmp_path: Path) -> None:
        """
        Wherever it is killed, each migration is there whole or not at all, and the next start goes on.
        """
        make(tmp_path)
        versions = set()
        for folder in kill_at_every_step(tmp_path, "open"):
            ((version,),) = ask(folder / NAME, "PRAGMA user_version")
            versions.add(version)
            assert ask(folder / NAME, "SELECT count(*) FROM migration") == [(version,)]
            assert all(ask(folder / name, "PRAGMA integrity_check") == [("ok",)] for name in backups(folder))
            bring_up(folder, now=300)
            assert ask(folder / NAME, "SELECT number FROM migration") == [(1,), (2,), (3,)]
            assert ask(folder / NAME, "SELECT * FROM office") == [("A", 65), ("B", 66)]
            assert ask(folder / NAME, "SELECT * FROM letter") == [(1, "A"), (2, "A"), (3, "B")]
            if version < 3:
                assert f"{NAME}.v{version}-300.backup" in backups(folder)
        assert versions == {1, 2, 3}

    def test_at_every_step_of_creation(self, tmp_path: Path) -> None:
        """
        Wherever it is killed, there is a whole database or none, and it can be made.
        """
        for folder in kill_at_every_step(tmp_path, "create"):
            if not (folder / NAME).exists():
                make(folder, ALL)
            bring_up(folder)
            assert ask(folder / NAME, "SELECT count(*) FROM letter") == [(3,)]


class TestShipped:
    def test_are_numbered_without_gaps(self) -> None:
        """
        The migrations of this release are read from its files, all of them, in order.
        """
        names = sorted(each.name for each in (files("legation.store.sqlite") / "schema").iterdir())
        assert [each.name for each in shipped()] == names
        assert [each.number for each in shipped()] == [*range(1, len(names) + 1)]
        assert names[0].startswith("0001")

    def test_are_known_by_their_bytes(self) -> None:
        """
        The checksum is that of the file.
        """
        for each in shipped():
            data = (files("legation.store.sqlite") / "schema" / each.name).read_bytes()
            assert each.checksum == sha256(data).digest()

    def test_make_a_database(self, tmp_path: Path) -> None:
        """
        A database of this release is made, sound, and opens again without a change.
        """
        store = Database.create(tmp_path / NAME, now=100)
        store.verify()
        store.close()
        before = state(tmp_path)
        Database.open(tmp_path / NAME, now=200).close()
        assert state(tmp_path) == before

    def test_every_table_is_strict(self, tmp_path: Path) -> None:
        """
        No column takes a value of another type than it says.
        """
        Database.create(tmp_path / NAME, now=100).close()
        loose = ask(
            tmp_path / NAME,
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
            "AND NOT strict AND name NOT LIKE 'sqlite_%'",
        )
        assert loose == []
