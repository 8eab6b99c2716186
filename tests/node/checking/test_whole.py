# SPDX-License-Identifier: Apache-2.0

import re

import pytest

from legation.errors import StoreError
from tests.cli.ends import CANARY
from tests.node.damages import JPN, KOR, REPEATED, TRUTH, Damage, Opened
from tests.node.pair import unchanged


@pytest.mark.parametrize("damage", [*TRUTH.values(), *REPEATED.values()], ids=[*TRUTH, *REPEATED])
def test_finds_a_damage_and_says_where(opened: Opened, damage: Damage) -> None:
    """
    Whatever is altered behind the program's back is found, with where it is, and without content.
    """
    node = opened.damaged(damage.office, damage.statement)
    with unchanged(node):
        faults = node.faults()
    told = [(each.where, each.what) for each in faults]
    assert any(re.fullmatch(damage.where, each) and re.match(damage.what, said) for each, said in told), told
    assert CANARY not in repr(told)
    assert all(each.repairable for each in faults) is (damage in REPEATED.values()), faults


@pytest.mark.parametrize("office", [KOR, JPN])
def test_finds_nothing_where_everything_holds(opened: Opened, office: str) -> None:
    """
    After a life with everything in it everything holds, and each kind of thing was looked at.
    """
    found = opened.damaged(office).checks()
    assert found.faults == ()
    assert (found.more, found.repaired, found.more_repaired) == (0, (), 0)
    assert {name for name, count in found.checked.items() if count == 0} == set()
    assert {
        "views",
        "releases",
        "deliveries",
        "entries sent",
        "entries received",
        "chunks",
    } <= found.checked.keys()


@pytest.mark.parametrize("office", [KOR, JPN])
@pytest.mark.parametrize("damage", ["altered", "missing", "longer", "shorter", "swapped"])
def test_finds_a_damaged_blob(opened: Opened, office: str, damage: str) -> None:
    """
    What is too long for a row is looked at too.
    """
    folder = opened.folder(office)
    for blob in (folder / "blobs").rglob("*.blob"):
        data = blob.read_bytes()
        match damage:
            case "missing":
                blob.unlink()
            case "altered":
                blob.write_bytes(data[:70] + bytes([data[70] ^ 1]) + data[71:])
            case "longer":
                blob.write_bytes(data + b" ")
            case "shorter":
                blob.write_bytes(data[:-1])
            case _:
                blob.write_bytes(bytes(len(data)))
    faults = opened.opens(folder).faults()
    told = {each.where for each in faults}
    assert any(where.startswith("view ") for where in told)
    assert not any(each.repairable for each in faults if each.where.startswith("view "))
    if office == KOR:
        assert "stream to JPN@NATO, entry 2" in told


@pytest.mark.parametrize("damage", ["altered", "missing", "shorter"])
def test_finds_a_damaged_attachment(opened: Opened, damage: str) -> None:
    """
    Every chunk is opened and hashed; the first one still holds.
    """
    folder = opened.folder(JPN)
    [file] = (folder / "attachments").rglob("*.sealed")
    data = file.read_bytes()
    match damage:
        case "missing":
            file.unlink()
        case "altered":
            file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case _:
            file.write_bytes(data[:-1])
    found = opened.opens(folder).checks()
    chunks = [0, 1] if damage == "missing" else [1]
    assert [each.where[-7:] for each in found.faults] == [f"chunk {number}" for number in chunks]
    assert found.checked["chunks"] == 2


def test_files_that_nothing_names_are_no_fault(opened: Opened) -> None:
    """
    They are counted: what was put, and never committed.
    """
    node = opened.damaged(KOR)
    before = node.checks().leftovers
    node.home.blobs.put(b"x")
    folder = node.folder / "attachments" / "00"
    folder.mkdir()
    (folder / f"{'00' * 16}.sealed").write_bytes(b"x")
    (node.folder / "blobs" / "nonsense.blob").write_bytes(b"x")
    found = node.checks()
    assert (found.faults, found.leftovers) == ((), before + 2)


@pytest.mark.parametrize("page", range(1, 20, 3))
def test_finds_a_page_that_was_torn(opened: Opened, page: int) -> None:
    """
    A page of the store with other bytes is told, by the check or already when the store is opened.
    """
    folder = opened.folder(KOR)
    with (folder / "node.db").open("r+b") as file:
        file.seek(8192 * page)
        file.write(b"\xff" * 8192)
    try:
        node = opened.opens(folder)
    except StoreError:
        return
    [fault] = node.faults()
    assert not fault.repairable
    assert node.repairs().faults == (fault,)


@pytest.mark.parametrize(
    "entry",
    [
        "UPDATE log_entry SET time = time + 1 WHERE number = 1",
        "UPDATE outgoing_entry SET payload_hash = zeroblob(32) WHERE number = 1",
    ],
)
def test_hashes_beside_entries_that_do_not_hold_cannot_be_made_again(opened: Opened, entry: str) -> None:
    """
    What they were made of is not there any more: they may be the last that says what it was.
    """
    hashes = [
        each for each in opened.damaged(KOR, entry).faults() if "hash" in each.what or "root" in each.what
    ]
    assert len(hashes) > 1
    assert not any(each.repairable for each in hashes)


def test_what_cannot_be_judged_is_said(opened: Opened) -> None:
    """
    Without a policy that can be read not everything can be looked at; that is a fault of its own.
    """
    node = opened.damaged(KOR, "UPDATE policy SET spif = x'00' WHERE name = 'EXERCISE'")
    assert node.faults()[-1].what == "not everything could be looked at"
