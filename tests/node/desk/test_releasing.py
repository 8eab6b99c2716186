# SPDX-License-Identifier: Apache-2.0

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from legation.errors import MalformedError, RefusedError, StoreError
from legation.item.view import inspect
from legation.log import LogKind
from legation.node.desk.drafting import preview_draft
from legation.node.desk.releasing import release, released_record
from legation.node.home import STORE
from legation.store.sqlite import items
from legation.store.sqlite.database import Database
from tests.node.pair import Node, Village, unchanged
from tests.store.disks import Disk, Sync, Write, full_error, sync_error, write_error

KOR, JPN, AUS = "KOR@NATO", "JPN@NATO", "AUS@NATO"
SECRET = "(S//REL KOR, JPN)"


def seen(node: Node, digest: bytes) -> bytes:
    """The id of the preview of a draft, as it is now."""
    found = preview_draft(
        digest.hex(), card=node.card, database=node.database, blobs=node.home.blobs, around=node.around
    )
    return bytes.fromhex(found.preview)


class TestRelease:
    def test_a_release_writes_down_everything_in_one_transaction(self, village: Village) -> None:
        """
        The item, its log entries, who released what, and a delivery for each addressee with its labels.
        """
        kor, _, _ = village.star(KOR, JPN, AUS)
        draft = kor.writes(f"{SECRET} Words.", "(L//REL KOR, JPN, AUS) Noon.", to=[JPN, AUS])
        before = kor.database.data_version()
        logged = len(kor.log())
        other = Node(kor.folder, kor.clock, "another process", {})
        version = other.database.data_version()
        found = kor.lets_go(draft, seen=seen(kor, draft.digest))
        assert other.database.data_version() == version + 1
        assert kor.database.data_version() != before
        other.close()
        assert [each.kind for each in kor.log()[logged:]] == [LogKind.RELEASED, LogKind.APPROVED]
        assert [each.hash for each in kor.log()[logged:]] == [found.item_id, found.approvable.digest]
        assert kor.rows("SELECT released_by, draft_digest, preview_digest FROM released") == [
            ("releasing officer", draft.digest, found.approvable.digest)
        ]
        labels = kor.rows("SELECT office, count(*) FROM delivery_label GROUP BY office ORDER BY office", ())
        assert labels == [(AUS, 1), (JPN, 2)]
        assert kor.states() == {JPN: "waiting", AUS: "waiting"}
        with kor.database.read() as db:
            own = items.own_view(db, found.item_id)
            assert own is not None
            contents = inspect(items.view_data(db, own.view_key, kor.home.blobs))
        assert contents.time == kor.around.seconds()
        assert len(contents.layers) == 2
        assert kor.inbox() == ()
        assert kor.faults() == ()

    def test_the_record_names_each_addressee(self, village: Village) -> None:
        """
        Whoever released is told the banner of each copy, or why there is none.
        """
        kor, _, _ = village.star(KOR, JPN, AUS)
        kor.grants(AUS, "OPEN")
        found = kor.lets_go(kor.writes("(L//REL KOR, JPN, AUS) Noon.", to=[JPN, AUS]))
        record = released_record(found)
        assert [(each.addressee, each.banner, each.why) for each in record.addressees] == [
            (JPN, "LIMITED REL KOR, JPN, AUS", ""),
            (AUS, "", "nothing is sent: what they may see holds no paragraph"),
        ]
        assert record.reference.startswith("KOR@NATO 2022-")
        assert kor.states() == {JPN: "waiting", AUS: "withheld"}

    def test_an_office_that_is_no_peer_yet_may_be_an_addressee(self, village: Village) -> None:
        """
        Nothing goes to it, and that is said; the others get theirs.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Words.", to=[JPN, "FRA@NATO"])
        assert kor.states(item) == {JPN: "waiting", "FRA@NATO": "withheld"}
        assert jpn.catches_up(kor).views == 1

    def test_two_items_of_one_second_are_two(self, village: Village) -> None:
        """
        A clock that stands still makes no two items alike.
        """
        kor, _ = village.pair(KOR, JPN)
        found = {kor.releases(f"{SECRET} Words {number}.", to=[JPN]) for number in range(3)}
        assert len(found) == 3

    @pytest.mark.parametrize("days", [-1, 1, -3650, 3650])
    def test_a_clock_that_jumps_changes_no_order(self, village: Village, days: int) -> None:
        """
        An item has the time of its release, whatever came before; its number says when it went.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} First.", to=[JPN])
        kor.clock.move(days=days)
        second = kor.releases(f"{SECRET} Second.", to=[JPN])
        jpn.catches_up(kor)
        assert [kor.deliveries(item)[0].number for item in (first, second)] == [1, 2]
        assert (kor.faults(), jpn.faults()) == ((), ())


class TestRefused:
    def test_an_older_preview_is_refused(self, village: Village) -> None:
        """
        A grant changed since it was looked at: what would go out is not what was seen.
        """
        kor, _ = village.pair(KOR, JPN)
        draft = kor.writes(f"{SECRET} Words.", "(L//REL KOR, JPN) Noon.", to=[JPN])
        older = seen(kor, draft.digest)
        kor.grants(JPN, "LIMITED")
        with unchanged(kor), pytest.raises(RefusedError, match="no longer what was previewed"):
            kor.lets_go(draft, seen=older)
        kor.lets_go(draft, seen=seen(kor, draft.digest))

    def test_a_preview_of_another_draft_is_refused(self, village: Village) -> None:
        """
        What was seen of one draft is no approval of another.
        """
        kor, _ = village.pair(KOR, JPN)
        one, other = (kor.writes(f"{SECRET} {text}", to=[JPN]) for text in ("One.", "Other."))
        with unchanged(kor), pytest.raises(RefusedError, match="no longer what was previewed"):
            kor.lets_go(one, seen=seen(kor, other.digest))

    def test_a_change_that_changes_no_copy_leaves_the_preview_valid(self, village: Village) -> None:
        """
        What counts is what each addressee would get, not that somebody touched a grant.
        """
        kor, _ = village.pair(KOR, JPN)
        draft = kor.writes("(L//REL KOR, JPN) Noon.", to=[JPN])
        older = seen(kor, draft.digest)
        kor.grants(JPN, "CONFIDENTIAL")
        kor.lets_go(draft, seen=older)

    def test_a_draft_is_released_once(self, village: Village) -> None:
        """
        The same words again are a draft of their own.
        """
        kor, _ = village.pair(KOR, JPN)
        draft = kor.writes(f"{SECRET} Words.", to=[JPN])
        kor.lets_go(draft)
        with unchanged(kor), pytest.raises(RefusedError, match="released before"):
            kor.lets_go(draft)

    def test_a_release_for_nobody_is_refused(self, village: Village) -> None:
        """
        If every copy is empty there is nothing to release.
        """
        kor, _, _ = village.star(KOR, JPN, AUS)
        draft = kor.writes("(S) Ours alone.", title="(O) Seating", to=[JPN, AUS])
        with unchanged(kor), pytest.raises(RefusedError, match="nobody would receive anything"):
            kor.lets_go(draft)

    @pytest.mark.parametrize(
        ("to", "told"), [((), "no addressees"), ((KOR,), "its own office"), ((JPN, KOR), "its own office")]
    )
    def test_a_draft_to_nobody_or_to_its_own_office_is_refused(
        self, village: Village, to: tuple[str, ...], told: str
    ) -> None:
        """
        An item goes to other offices.
        """
        kor, _ = village.pair(KOR, JPN)
        draft = kor.writes(f"{SECRET} Words.", to=to)
        with unchanged(kor), pytest.raises(MalformedError, match=told):
            kor.lets_go(draft)

    @pytest.mark.parametrize("text", ["", "00", "0" * 64, "zz" * 32, "0" * 65, "\u0660" * 8, "KOR@NATO 2022"])
    def test_a_draft_that_is_not_there_is_refused(self, village: Village, text: str) -> None:
        """
        No id, a beginning that is too short, and nonsense are answered alike.
        """
        kor, _ = village.pair(KOR, JPN)
        kor.writes(f"{SECRET} Words.", to=[JPN])
        with unchanged(kor), pytest.raises(MalformedError, match="no draft of this id"):
            release_text(kor, text)

    @pytest.mark.parametrize("name", ["", " ", "a\nb", "a\u202eb", "x" * 257, "\x1b[2J"])
    def test_whoever_releases_has_a_name(self, village: Village, name: str) -> None:
        """
        What is written down as a name can be read as one.
        """
        kor, _ = village.pair(KOR, JPN)
        draft = kor.writes(f"{SECRET} Words.", to=[JPN])
        with unchanged(kor), pytest.raises(MalformedError, match="name"):
            release_text(kor, draft.digest.hex(), by=name)

    def test_more_labels_than_an_item_can_have_are_refused(self, village: Village) -> None:
        """
        What cannot be signed is not half released.
        """
        kor, _ = village.pair(KOR, JPN)
        parties = ["JPN", "AUS", "NATO", "USA", "FRA", "DEU"]
        marks = [
            f"({level}//REL KOR, {', '.join(each for place, each in enumerate(parties) if bits >> place & 1)})"
            for level in "LC"
            for bits in range(1, 32)
        ]
        draft = kor.writes(*(f"{mark} Words." for mark in marks), to=[JPN])
        with unchanged(kor), pytest.raises(MalformedError):
            kor.lets_go(draft)


def release_text(node: Node, text: str, *, by: str = "releasing officer") -> None:
    """Release whatever a person typed."""
    release(
        text,
        by=by,
        seen=None,
        card=node.card,
        database=node.database,
        blobs=node.home.blobs,
        signing=node.home.signing,
        around=node.around,
    )


@contextmanager
def on_a_disk(node: Node) -> Iterator[Disk]:
    """Have a node's store on a disk that can be told to fail."""
    disk = Disk()
    node.close()
    node.open(database=Database.open(node.folder / STORE, now=0, vfs=disk.name))
    yield disk
    disk.fault = lambda _: None
    node.reopen()


class TestDisk:
    @pytest.mark.parametrize("error", [full_error, write_error], ids=["full", "failing"])
    def test_a_release_that_does_not_fit_leaves_nothing(
        self, village: Village, error: type[Exception]
    ) -> None:
        """
        The store says so, nothing is half done, and when there is room again all goes on.
        """
        kor, jpn = village.pair(KOR, JPN)
        draft = kor.writes(f"{SECRET} {'word ' * 9_000}", to=[JPN])
        with on_a_disk(kor) as disk:
            before = kor.state()
            disk.fault = lambda step: error() if isinstance(step, Write) else None
            with pytest.raises(StoreError):
                kor.lets_go(draft)
            disk.fault = lambda _: None
            assert kor.state() == before
            assert kor.database.is_broken == (error is write_error)
        kor.lets_go(draft)
        assert jpn.catches_up(kor).views == 1
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_a_sync_that_fails_ends_the_writing(self, village: Village) -> None:
        """
        After it nobody knows what the disk has: nothing more is written until a restart, which finds out.
        """
        kor, jpn = village.pair(KOR, JPN)
        draft = kor.writes(f"{SECRET} Words.", to=[JPN])
        with on_a_disk(kor) as disk:
            disk.fault = lambda step: sync_error() if isinstance(step, Sync) else None
            with pytest.raises(StoreError):
                kor.lets_go(draft)
            disk.fault = lambda _: None
            with pytest.raises(StoreError, match="closed for writing"):
                kor.lets_go(draft)
        if kor.deliveries() == ():
            kor.lets_go(draft)
        assert jpn.catches_up(kor).views == 1
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_a_pull_that_does_not_fit_leaves_nothing_and_is_asked_again(self, village: Village) -> None:
        """
        What could not be stored was not received: no receipt, no row, no file that anybody names.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} {'word ' * 9_000}", to=[JPN])
        with on_a_disk(jpn) as disk:
            before = jpn.state()
            disk.fault = lambda step: full_error() if isinstance(step, Write) else None
            with pytest.raises(StoreError, match="disk is full"):
                jpn.pulls(kor)
            disk.fault = lambda _: None
            assert jpn.state() == before
            assert kor.states() == {JPN: "numbered"}
            assert jpn.pulls(kor).views == 1
        jpn.catches_up(kor)
        assert kor.states() == {JPN: "receipted"}
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_an_answer_that_does_not_fit_numbers_nothing(self, village: Village) -> None:
        """
        What could not be committed is not sent.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} {'word ' * 9_000}", to=[JPN])
        with on_a_disk(kor) as disk:
            before = kor.state()
            disk.fault = lambda step: full_error() if isinstance(step, Write) else None
            with unchanged(jpn), pytest.raises(StoreError, match="disk is full"):
                jpn.pulls(kor)
            disk.fault = lambda _: None
            assert kor.state() == before
        assert jpn.catches_up(kor).views == 1

    def test_a_blob_that_does_not_fit_is_no_release(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A long item is a file; without room for it there is no release.
        """
        kor, _ = village.pair(KOR, JPN)
        draft = kor.writes(f"{SECRET} {'word ' * 15_000}", to=[JPN])

        def full(*_: object) -> bytes:
            raise StoreError("the disk is full")

        with unchanged(kor), monkeypatch.context() as patched:
            patched.setattr("legation.store.blobs.Blobs.put", full)
            with pytest.raises(StoreError, match="disk is full"):
                kor.lets_go(draft)
        kor.lets_go(draft)
        assert kor.faults() == ()


PROCESS = """
import sys
from legation.cli import main
main(["release", sys.argv[1], "--dir", sys.argv[2], "--by", "releasing officer", "--json"])
"""


class TestAtOnce:
    def test_two_processes_release_at_once(self, village: Village) -> None:
        """
        Different drafts are both released; one and the same is released once.
        """
        kor, jpn = village.pair(KOR, JPN)
        one, two = (kor.writes(f"{SECRET} {text}", to=[JPN]).digest.hex() for text in ("One.", "Two."))
        with ThreadPoolExecutor(3) as threads:
            found = list(threads.map(lambda draft: process(draft, kor.folder), [one, two, two]))
        assert sorted(each.returncode for each in found) == [0, 0, 1]
        assert jpn.catches_up(kor).views == 2
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_fifty_releases_while_a_peer_pulls_arrive_once_and_in_order(self, village: Village) -> None:
        """
        Two threads release and the peer pulls all the while: each item arrives once, in the stream's order.
        """
        kor, jpn = village.pair(KOR, JPN)
        drafts = [kor.writes(f"{SECRET} Words {number}.", to=[JPN]) for number in range(50)]
        pulled = 0
        with ThreadPoolExecutor(2) as threads:
            working = [threads.submit(kor.lets_go, each) for each in drafts]
            while not all(each.done() for each in working):
                pulled += jpn.pulls(kor).views
        released = [each.result().item_id.hex() for each in working]
        pulled += jpn.catches_up(kor).views
        assert pulled == 50
        numbered = sorted(kor.deliveries(), key=lambda each: each.number or 0)
        assert [each.state for each in numbered] == ["receipted"] * 50
        assert [each.number for each in numbered] == list(range(1, 51))
        assert sorted(released) == sorted(jpn.listed())
        came = jpn.rows("SELECT hex(item_id) FROM incoming_entry JOIN view USING (view_key) ORDER BY number")
        assert [item.lower() for (item,) in came] == [each.item for each in numbered]
        assert (kor.faults(), jpn.faults()) == ((), ())


def process(draft: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Release a draft in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", PROCESS, draft, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
