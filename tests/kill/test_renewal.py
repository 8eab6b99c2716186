# SPDX-License-Identifier: Apache-2.0
"""
A process is killed before every step that a renewal takes on the disk; what was after one is before the next.

The steps are counted where Python meets the system: each sync, link, rename and removal. A child runs the renewal
and kills itself, by SIGKILL, at the n-th of them; whoever opens the folder next finds keys and card that fit.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from legation.keys.card import Card, Office
from legation.log import LogKind
from legation.node.home import ROOT, create_home, open_home
from legation.node.keys.keyring import OFFICE_KEYS, ROOT_KEY
from legation.node.keys.renewing import Wanted, install_card, prepare_renewal, vouch_renewal
from legation.node.keys.settling import KEYS
from legation.node.surroundings import HERE
from legation.store.sqlite import logbook

CHILD = """
import os, signal, sys
from pathlib import Path

folder, act, at = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
from legation.node.home import open_home
from legation.node.keys.renewing import Wanted, install_card, prepare_renewal
from legation.node.surroundings import HERE

count = 0


def step(whole):
    def counted(*told, **more):
        global count
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(*told, **more)

    return counted


from legation.store.sqlite.database import Database

for name in ("fsync", "link", "unlink", "replace", "rename"):
    setattr(os, name, step(getattr(os, name)))
Database.write = step(Database.write)
if act == "prepare":
    home = open_home(folder, HERE)
    data = prepare_renewal(home, Wanted(item=True, stream=True, seal=True), HERE)
    home.close()
else:
    install_card(folder, (folder.parent.parent / "next.card").read_bytes(), HERE)
print(count)
"""


def child(folder: Path, act: str, at: int) -> subprocess.CompletedProcess[str]:
    """Run one act in a process of its own, to be killed at a step; none if that is 0."""
    told = [sys.executable, "-c", CHILD, str(folder), act, str(at)]
    return subprocess.run(told, capture_output=True, text=True, timeout=60, check=False, env=os.environ)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """
    A node's folder.
    """
    create_home(tmp_path / "kor", Office.parse("KOR@NATO"), HERE)
    return tmp_path / "kor"


def vouched(folder: Path, data: bytes) -> Card:
    """Have the root sign the next card."""
    return vouch_renewal(data, ROOT_KEY.decode((folder / ROOT).read_bytes()), HERE)


def number_of(folder: Path) -> int:
    """
    Open a folder as the next process does; the number of its card, of which all fits.
    """
    with open_home(folder, HERE) as home:
        home.signing.check_fits(home.card)
        number = home.card.body.number
        with home.database.read() as db:
            kinds = [each.kind for each in logbook.entries(db, 0, 1_000)]
        assert kinds.count(LogKind.RENEWED) == number
    keys = OFFICE_KEYS.decode((folder / KEYS).read_bytes())
    assert len(keys.former) == number
    assert number == 0 or keys.next is None
    return number


class TestKilled:
    def test_while_a_renewal_is_prepared_nothing_is_another(self, made: Path) -> None:
        """
        The folder opens with the card that it had, and the renewal can be prepared.
        """
        steps = int(child(_copy(made, "whole"), "prepare", 0).stdout)
        assert steps >= 3
        for at in range(1, steps + 1):
            folder = _copy(made, f"{at}")
            assert child(folder, "prepare", at).returncode == -signal.SIGKILL
            assert number_of(folder) == 0
            with open_home(folder, HERE) as home:
                data = prepare_renewal(home, Wanted(item=True), HERE, instead=True)
            install_card(folder, vouched(folder, data).data, HERE)
            with open_home(folder, HERE) as home:
                assert home.card.body.number == 1

    def test_while_a_card_is_installed_it_is_or_is_not(self, made: Path) -> None:
        """
        From one step on the new card is the one, with all that follows, whoever finishes it; never one without keys.
        """
        with open_home(made, HERE) as home:
            data = prepare_renewal(home, Wanted(item=True, stream=True, seal=True), HERE)
        (made.parent / "next.card").write_bytes(vouched(made, data).data)
        steps = int(child(_copy(made, "whole"), "install", 0).stdout)
        assert steps >= 7
        numbers = []
        for at in range(1, steps + 1):
            folder = _copy(made, f"{at}")
            assert child(folder, "install", at).returncode == -signal.SIGKILL
            numbers.append(number_of(folder))
            install_card(folder, (made.parent / "next.card").read_bytes(), HERE)
            assert number_of(folder) == 1
        assert numbers == sorted(numbers)
        assert set(numbers) == {0, 1}


def _copy(folder: Path, name: str) -> Path:
    return Path(shutil.copytree(folder, folder.parent / f"copy {name}" / folder.name))
