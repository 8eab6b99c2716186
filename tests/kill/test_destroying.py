# SPDX-License-Identifier: Apache-2.0
"""
A process is killed before every step that a destruction takes on the disk; whoever opens the node next ends it.

The steps are counted where Python meets the system: each sync and removal, each change of the store, and the clearing of
its log. No certificate is there while a byte is, and in the end there is one.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from legation.node.home import Home, open_home
from legation.node.surroundings import HERE
from tests.cli.ends import CANARY
from tests.node.pair import Village, report
from tests.node.withdrawal.test_destroying import LONG, files_with

CHILD = """
import os, signal, sys
from pathlib import Path

folder, item, at, bug = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
from legation.node.withdrawal.destroying import Destroying
from legation.node.home import open_home
from legation.node.surroundings import HERE
from legation.store.sqlite.database import Database

count = 0


def step(whole):
    def counted(*told, **more):
        global count
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(*told, **more)

    return counted


home = open_home(folder, HERE)
if bug == "certify first":
    finish, certify = Destroying._finish, Destroying._certify

    def early(self, act):
        self.database.write(lambda db: certify(self, db, act))
        finish(self, act)

    Destroying._finish = early
for name in ("fsync", "unlink"):
    setattr(os, name, step(getattr(os, name)))
Database.write = step(Database.write)
Database.clear_log = step(Database.clear_log)
home.destroying(HERE).destroy(item, by="registrar", witness="security officer")
print(count)
os._exit(0)
"""


def child(folder: Path, item: str, at: int, bug: str = "") -> subprocess.CompletedProcess[str]:
    """Destroy an item in a process of its own, to be killed at a step; none if that is 0."""
    told = [sys.executable, "-c", CHILD, str(folder), item, str(at), bug]
    return subprocess.run(told, capture_output=True, text=True, timeout=60, check=False, env=os.environ)


@pytest.fixture
def held(tmp_path: Path) -> tuple[Path, str]:
    """
    The folder of an office that holds an item, longer than a row and with an attachment; and that item.
    """
    with Village(tmp_path) as village:
        kor, jpn = village.pair("KOR@NATO", "JPN@NATO")
        mark = "(S//REL KOR, JPN)"
        data = report(f"{mark} {LONG}", f"{mark} {{attachment: {CANARY}}}", to=["JPN@NATO"])
        item = kor.lets_go(kor.writes_text(data, files={CANARY: CANARY.encode()})).item_id.hex()
        jpn.catches_up(kor)
        folder = jpn.folder
    return folder, item


def certificates(home: Home) -> int:
    """How many certificates a node has signed."""
    with home.database.read() as db:
        row = db.one("SELECT count(*) FROM destruction")
    assert row is not None
    return int(row[0])


def early(folder: Path, item: str, at: int, bug: str = "") -> bool:
    """
    Kill a destruction at a step, open the node, and see that it is done or not begun.

    Tells whether there was a certificate while there was a byte.
    """
    assert child(folder, item, at, bug).returncode == -signal.SIGKILL
    # As the disk is then: the store's log counts, and nobody has opened the node yet.
    is_there = bool(files_with(folder, CANARY)) or any((folder / "attachments").rglob("*.sealed"))
    is_signed = any(b"legation/destruction/v1" in path.read_bytes() for path in folder.glob("node.db*"))
    with open_home(folder, HERE) as home:
        with home.database.read() as db:
            begun = db.one("SELECT count(*) FROM destroyed")
        assert begun is not None
        assert certificates(home) == begun[0]
        if begun[0]:
            assert files_with(folder, CANARY) == []
            assert not any((folder / "attachments").rglob("*.sealed"))
        else:
            home.destroying(HERE).destroy(item, by="registrar", witness="security officer")
            assert files_with(folder, CANARY) == []
    return is_there and is_signed


def test_killed_at_any_step_it_is_ended_by_the_next_process(held: tuple[Path, str], tmp_path: Path) -> None:
    """
    Not begun, or done; and never certified before.
    """
    folder, item = held
    steps = int(child(_copy(folder, "whole", tmp_path), item, 0).stdout)
    assert steps >= 6
    for at in range(1, steps + 1):
        assert not early(_copy(folder, f"{at}", tmp_path), item, at)


def test_a_certificate_that_is_signed_first_is_found(held: tuple[Path, str], tmp_path: Path) -> None:
    """
    The planted bug: what certifies before it erases is seen by some kill.
    """
    folder, item = held

    def finds(at: int) -> bool:
        try:
            return early(_copy(folder, f"{at}", tmp_path), item, at, "certify first")
        except AssertionError:
            return True  # bytes are left for good: nobody goes on with what is certified

    assert any(map(finds, range(3, 7)))


def _copy(folder: Path, name: str, beside: Path) -> Path:
    return Path(shutil.copytree(folder, beside / f"copy {name}" / folder.name))
