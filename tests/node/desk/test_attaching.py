# SPDX-License-Identifier: Apache-2.0

import os
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from legation.errors import (
    LegationError,
    MalformedError,
    ProofError,
    RefusedError,
    RemoteProtocolError,
    StoreError,
    UnreachableError,
)
from legation.exchange import Answer, Fetch
from legation.formats.stanag4774 import read_clearance
from legation.item.attachment import CHUNK_SIZE_BYTES
from legation.item.portion import Attachment
from legation.item.view import inspect
from legation.node.desk import attaching
from legation.node.desk.attaching import attached_in, files_in
from legation.node.desk.saving import open_attachment
from legation.node.rules import begin_epoch, named_clearance
from legation.node.service.serving import pulling
from legation.node.streams.fetching import Coming, Fetching
from legation.store.sqlite import attachments, incoming, items, outgoing
from legation.store.sqlite.node import set_mission_clearance
from tests.formats.drafts import POLICIES
from tests.node.pair import Node, Village, Way
from tests.stories.cast import clearance as clearance_of

CANARY = "canary-7f3a.pdf"
LONG = random.Random(4).randbytes(9 * CHUNK_SIZE_BYTES + 17)
"""Ten chunks: three answers."""


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    """A village without nodes."""
    with Village(tmp_path) as found:
        yield found


def report(*blocks: str, to: str = "JPN@NATO") -> str:
    """A report with these blocks."""
    return f"kind: report\npolicy: EXERCISE\naction: {to}\n\n" + "\n\n".join(blocks) + "\n"


ONE = report("(C//REL KOR, JPN) The seating plan is attached.", "(C//REL KOR, JPN) {attachment: Plan.pdf}")


def attached(node: Node, data: bytes = LONG, text: str = ONE) -> str:
    """Release a report with an attachment; the item's id."""
    return node.lets_go(node.writes_text(text, files={"Plan.pdf": data})).item_id.hex()


def saved(node: Node, item: str, which: str = "") -> bytes:
    """The bytes of an attachment, as whoever reads at a node gets them."""
    found = open_attachment(
        item,
        which,
        node.office,
        card=node.card,
        database=node.database,
        blobs=node.home.blobs,
        store=node.home.attachments,
        around=node.around,
    )
    return b"".join(found.pieces)


def files(node: Node) -> dict[str, bytes]:
    """What lies in the folder of attachments."""
    folder = node.folder / "attachments"
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def kept(node: Node) -> list[int]:
    """The sizes of the attachments that a node holds whole."""
    with node.database.read() as db:
        return [each.wanted.size_bytes for each in attachments.kept(db)]


def arriving(node: Node) -> list[int]:
    """How many chunks have come of each attachment that is still coming."""
    with node.database.read() as db:
        return [len(each.leaves) for each in attachments.all_arriving(db)]


class TestComposing:
    def test_a_file_that_is_named_is_measured_sealed_and_kept(self, village: Village) -> None:
        """
        The draft says name, type, size and root; the bytes lie sealed under a name that says nothing.
        """
        kor, _ = village.pair("KOR@NATO", "JPN@NATO")
        draft = kor.writes_text(ONE, files={"Plan.pdf": LONG})
        [portion] = [each.portion for each in draft.portions if isinstance(each.portion, Attachment)]
        assert (portion.name, portion.media_type, portion.size) == ("Plan.pdf", "application/pdf", len(LONG))
        [(name, sealed)] = files(kor).items()
        assert "Plan" not in name
        assert len(sealed) == len(LONG) + 10 * 16
        assert LONG[:64] not in sealed
        assert kept(kor) == [len(LONG)]

    def test_the_same_draft_again_keeps_nothing_twice(self, village: Village) -> None:
        """
        Composing is the same act however often it is done.
        """
        kor, _ = village.pair("KOR@NATO", "JPN@NATO")
        drafts = {kor.writes_text(ONE, files={"Plan.pdf": b"a"}).digest for _ in range(3)}
        assert len(drafts) == len(files(kor)) == 1

    def test_one_file_under_two_labels_is_kept_twice(self, village: Village) -> None:
        """
        Each label has a key of its own, so that one can be destroyed without the other.
        """
        kor, _ = village.pair("KOR@NATO", "JPN@NATO")
        both = report("(C//REL KOR, JPN) {attachment: Plan.pdf}", "(O) {attachment: Plan.pdf}")
        kor.writes_text(both, files={"Plan.pdf": b"the same"})
        assert len(set(files(kor).values())) == 2

    @pytest.mark.parametrize(
        "name", ["../Plan.pdf", "/etc/passwd", "a/b", "..", ".hidden", "CON", "nul.txt", "a\\\\b", "x."]
    )
    def test_what_is_no_plain_name_is_never_looked_for(self, village: Village, name: str) -> None:
        """
        A report cannot reach beyond its folder, nor name what is something else on another system.
        """
        kor, _ = village.pair("KOR@NATO", "JPN@NATO")
        with pytest.raises(MalformedError, match="plain name"):
            kor.writes_text(report(f"(O) {{attachment: {name}}}"), files={name: b"a"})

    def test_a_file_that_is_not_there_is_named_by_its_line(self, village: Village) -> None:
        """
        The fault says where it stands in the report, and not what it is called.
        """
        kor, _ = village.pair("KOR@NATO", "JPN@NATO")
        with pytest.raises(MalformedError) as caught:
            kor.writes_text(report("(O) Seen.", f"(O) {{attachment: {CANARY}}}"))
        assert caught.value.faults[0].startswith("line 7: the file to be attached is not there")
        assert CANARY not in str(caught.value)
        assert not files(kor)

    def test_a_file_that_changes_meanwhile_is_refused_and_leaves_nothing(self, village: Village) -> None:
        """
        What is sealed is what was measured, or there is no draft.
        """
        kor, _ = village.pair("KOR@NATO", "JPN@NATO")

        class Changing(dict[str, bytes]):
            def __getitem__(self, name: str) -> bytes:
                self.count = getattr(self, "count", 0) + 1
                return b"a" * self.count

        with pytest.raises(MalformedError, match="changed while"):
            kor.writes_text(ONE, files=Changing({"Plan.pdf": b""}))
        assert not files(kor)
        assert not kept(kor)

    def test_folders_and_pipes_are_no_files(self, tmp_path: Path) -> None:
        """
        What would never end, or is no file, is as if it were not there.
        """
        (tmp_path / "folder").mkdir()
        os.mkfifo(tmp_path / "pipe")
        for name in ("folder", "pipe", "nothing"):
            with pytest.raises(MalformedError, match="is not there"):
                attaching.measure_in(files_in(tmp_path))(name)

    def test_without_its_file_a_draft_is_not_released(self, village: Village) -> None:
        """
        What cannot be handed over whole is not signed.
        """
        kor, _ = village.pair("KOR@NATO", "JPN@NATO")
        draft = kor.writes_text(ONE, files={"Plan.pdf": b"a"})
        kor.database.write(lambda db: db.run("DELETE FROM attachment"))
        with pytest.raises(RefusedError, match="is not here"):
            kor.lets_go(draft)

    def test_an_item_with_attachments_is_written_as_a_report_again(self, village: Village) -> None:
        """
        A new version is written from it like from any other, with the file beside it.
        """
        kor, jpn = village.pair("KOR@NATO", "JPN@NATO")
        item = attached(kor, b"first")
        kor.clock.move(minutes=1)
        newer = kor.lets_go(kor.writes_text(ONE, replaces=item, files={"Plan.pdf": b"second"})).item_id.hex()
        jpn.catches_up(kor)
        assert saved(jpn, newer) == b"second"


class TestExchange:
    @pytest.mark.parametrize("size", [0, 1, CHUNK_SIZE_BYTES, CHUNK_SIZE_BYTES + 1, len(LONG)])
    def test_it_arrives_with_its_item_byte_for_byte(self, village: Village, size: int) -> None:
        """
        Of every length, also none, the peer saves the same bytes, and its receipt covers them.
        """
        kor, jpn = village.pair("KOR@NATO", "JPN@NATO")
        item = attached(kor, LONG[:size])
        assert jpn.catches_up(kor).views == 1
        assert saved(jpn, item) == saved(kor, item) == LONG[:size]
        assert kor.states(item) == {"JPN@NATO": "receipted"}
        assert not arriving(jpn)
        assert not kor.faults()
        assert not jpn.faults()

    def test_it_goes_on_where_it_stopped(self, village: Village) -> None:
        """
        The line breaks with every second answer: no chunk is fetched twice, and all of it comes.
        """
        kor, jpn = village.pair("KOR@NATO", "JPN@NATO")
        item = attached(kor)
        asked: list[int] = []

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            envelope = b"".join(pieces)
            fetch = kor.opens(envelope, jpn).fetch
            if fetch is not None:
                asked.append(fetch.first)
                if len(asked) % 2 == 0:
                    raise UnreachableError("the line broke")
            return kor.answers([envelope])

        for _ in range(2):
            with pytest.raises(UnreachableError):
                jpn.pulls(kor, way)
            assert jpn.listed() == []
            jpn.reopen()
        jpn.pulls(kor, way)
        assert asked == [0, 4, 4, 8, 8]
        assert saved(jpn, item) == LONG

    def test_nothing_is_receipted_before_all_of_it_is_there(self, village: Village) -> None:
        """
        While the attachment comes, neither item nor receipt is anywhere.
        """
        kor, jpn = village.pair("KOR@NATO", "JPN@NATO")
        item = attached(kor)

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            envelope = b"".join(pieces)
            fetch = kor.opens(envelope, jpn).fetch
            if fetch is not None and fetch.first == 8:
                raise UnreachableError("the line broke")
            return kor.answers([envelope])

        with pytest.raises(UnreachableError):
            jpn.pulls(kor, way)
        with jpn.database.read() as db:
            assert incoming.stream(db, "KOR@NATO") is None
        assert arriving(jpn) == [8]
        assert kor.states(item) == {"JPN@NATO": "numbered"}
        assert not jpn.faults()

    def test_what_is_held_already_is_fetched_all_the_same(self, village: Village) -> None:
        """
        Whoever sends cannot see what is here; on the disk it lies once.
        """
        kor, jpn = village.pair("KOR@NATO", "JPN@NATO")
        first, second = attached(kor, b"the same"), attached(kor, b"the same", ONE.replace("plan", "list"))
        fetched: list[Fetch] = []

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            envelope = b"".join(pieces)
            fetch = kor.opens(envelope, jpn).fetch
            fetched.extend([fetch] if fetch else [])
            return kor.answers([envelope])

        jpn.pulls(kor, way)
        assert [each.number for each in fetched] == [1, 2]
        assert len(files(jpn)) == 1
        assert saved(jpn, first) == saved(jpn, second) == b"the same"

    def test_a_peer_who_may_not_see_the_portion_is_told_of_no_file(self, village: Village) -> None:
        """
        The copy without the attachment is a copy like any other, and nothing is fetched.
        """
        kor, jpn = village.pair("KOR@NATO", "JPN@NATO")
        text = report("(C//REL KOR, JPN) The plan.", "(S//REL KOR) {attachment: Plan.pdf}")
        item = attached(kor, text=text)
        jpn.catches_up(kor)
        assert jpn.reads(item) == ["The plan."]
        assert not files(jpn)
        with pytest.raises(MalformedError, match="no attachment"):
            saved(jpn, item, "Plan.pdf")

    def test_what_is_set_apart_comes_whole_too(self, village: Village) -> None:
        """
        An item of a policy that is not at hand is shown to nobody, and receipted: so its attachment has to be here.
        """
        kor, jpn = village.pair("KOR@NATO", "JPN@NATO")
        item = attached(kor, b"a")
        jpn.database.write(lambda db: db.run("UPDATE policy SET accepted_by = NULL, accepted_at = NULL"))
        jpn.database.write(lambda db: begin_epoch(db, jpn.around))
        assert jpn.catches_up(kor).views == 0
        assert kept(jpn) == [1]
        assert kor.states(item) == {"JPN@NATO": "receipted"}

    def test_what_has_not_come_whole_is_never_taken_in(self, village: Village) -> None:
        """
        Whatever happened in between: an entry whose file is not all here is not stored.
        """
        kor, jpn = village.pair("KOR@NATO", "JPN@NATO")
        item = attached(kor)
        with pytest.raises(UnreachableError):
            jpn.pulls(kor, TestWhoMayFetch.way_with(kor, jpn, chunks=1))
        with kor.database.read() as db:
            stream = outgoing.stream(db, "JPN@NATO")
            own = items.own_view(db, bytes.fromhex(item))
            assert stream is not None
            assert own is not None
            contents = inspect(items.view_data(db, own.view_key, kor.home.blobs))
        coming = Coming(
            incarnation=stream.incarnation,
            attached=tuple((1, each) for each in attached_in(contents)),
            items={1: contents.item_id},
        )
        fetching = Fetching(
            peer="KOR@NATO", store=jpn.home.attachments, database=jpn.database, around=jpn.around
        )
        with pytest.raises(RemoteProtocolError, match="while attachments came"):
            jpn.database.write(lambda db: list(fetching.take_in(db, coming)))
        assert not kept(jpn)

    def test_two_processes_that_pull_at_once_do_no_harm(self, village: Village) -> None:
        """
        A command pulls while the node does: one of the two takes it in, and the file is whole.
        """
        kor, jpn = village.pair("KOR@NATO", "JPN@NATO")
        item = attached(kor)
        other = pulling(jpn.home, "KOR@NATO", jpn.around)

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            envelope = b"".join(pieces)
            fetch = kor.opens(envelope, jpn).fetch
            if fetch is not None and fetch.first == 4:
                other.pull(kor.answers)
            return kor.answers([envelope])

        with pytest.raises(RemoteProtocolError, match="another pull was faster"):
            jpn.pulls(kor, way)
        jpn.catches_up(kor)
        assert saved(jpn, item) == LONG
        assert not arriving(jpn)
        assert not jpn.faults()


class TestWhoMayFetch:
    def fetches(self, asker: Node, sender: Node, **changes: object) -> Answer:
        """Ask for the first chunk of the attachment of entry 1, or what a test makes of that."""
        with sender.database.read() as db:
            stream = outgoing.stream(db, "JPN@NATO")
            assert stream is not None
            [found] = attachments.kept(db)
        told: dict[str, Any] = {
            "incarnation": stream.incarnation,
            "number": 1,
            "root": found.wanted.root,
            "size": found.wanted.size_bytes,
        }
        fetch = Fetch(**(told | changes))
        return sender.hears(asker.asks_with(sender, fetch=fetch))

    @pytest.fixture
    def pair(self, village: Village) -> tuple[Node, Node]:
        """Two nodes, and an item with an attachment numbered from the one to the other."""
        kor, jpn = village.pair("KOR@NATO", "JPN@NATO")
        attached(kor)
        with pytest.raises(UnreachableError):
            jpn.pulls(kor, self.first_only(kor, jpn))
        return kor, jpn

    @staticmethod
    def first_only(kor: Node, jpn: Node) -> Way:
        """A way on which entries come, and no chunk."""

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            envelope = b"".join(pieces)
            if kor.opens(envelope, jpn).fetch is not None:
                raise UnreachableError("the line broke")
            return kor.answers([envelope])

        return way

    def test_whoever_was_handed_the_entry(self, pair: tuple[Node, Node]) -> None:
        """
        Four chunks at a time, with their proofs.
        """
        kor, jpn = pair
        assert [each.number for each in self.fetches(jpn, kor).chunks] == [0, 1, 2, 3]
        assert [each.number for each in self.fetches(jpn, kor, first=8).chunks] == [8, 9]

    @pytest.mark.parametrize(
        "changes",
        [
            {"number": 2},
            {"number": 1 << 40},
            {"incarnation": bytes(16)},
            {"root": bytes(32)},
            {"size": len(LONG) - 1},
        ],
        ids=str,
    )
    def test_what_there_is_not_is_answered_with_nothing(
        self, pair: tuple[Node, Node], changes: dict[str, object]
    ) -> None:
        """
        Another entry, stream, file or size: no chunks, and no word why.
        """
        kor, jpn = pair
        assert self.fetches(jpn, kor, **changes).chunks == ()

    def test_nobody_else(self, village: Village, pair: tuple[Node, Node]) -> None:
        """
        Another peer who knows every name of it gets what is answered to nonsense.
        """
        kor, _ = pair
        aus = village.node("AUS@NATO")
        village.joins(kor, aus)
        assert self.fetches(aus, kor).chunks == ()

    def test_nobody_any_more_once_a_grant_is_narrowed(self, pair: tuple[Node, Node]) -> None:
        """
        It is decided again with every request.
        """
        kor, jpn = pair
        assert self.fetches(jpn, kor).chunks
        kor.clock.move(seconds=1)
        kor.grants("JPN@NATO", "OPEN")
        assert self.fetches(jpn, kor).chunks == ()

    def test_a_grant_that_is_narrowed_in_the_middle_ends_the_answer(self, pair: tuple[Node, Node]) -> None:
        """
        Of the chunks that were promised only those are sent that were on their way.
        """
        kor, jpn = pair
        with kor.database.read() as db:
            stream = outgoing.stream(db, "JPN@NATO")
            [found] = attachments.kept(db)
        assert stream is not None
        fetch = Fetch(
            incarnation=stream.incarnation, number=1, root=found.wanted.root, size=found.wanted.size_bytes
        )
        pieces = kor.answers([jpn.asks_with(kor, fetch=fetch)])
        sent = [next(pieces) for _ in range(20)]
        kor.grants("JPN@NATO", "OPEN")
        with pytest.raises(RemoteProtocolError, match="the rules changed"):
            list(pieces)
        assert sum(map(len, sent)) < 2 * CHUNK_SIZE_BYTES

    def test_what_came_of_it_goes_when_it_is_taken_back(self, pair: tuple[Node, Node]) -> None:
        """
        Half a file that is not to be had any more does not stay.
        """
        kor, jpn = pair
        with pytest.raises(UnreachableError):
            jpn.pulls(kor, self.way_with(kor, jpn, chunks=1))
        assert arriving(jpn) == [4]
        kor.grants("JPN@NATO", "OPEN")
        jpn.catches_up(kor)
        assert not arriving(jpn)
        assert not files(jpn)

    @staticmethod
    def way_with(kor: Node, jpn: Node, *, chunks: int) -> Way:
        """A way on which so many answers with chunks come."""
        left = [chunks]

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            envelope = b"".join(pieces)
            if kor.opens(envelope, jpn).fetch is not None:
                if not left[0]:
                    raise UnreachableError("the line broke")
                left[0] -= 1
            return kor.answers([envelope])

        return way


class TestLies:
    def test_other_bytes_than_were_signed_are_refused(self, village: Village) -> None:
        """
        A peer that changes a file it passes on is found at the first chunk, and nothing is taken in.
        """
        kor, jpn = village.pair("KOR@NATO", "JPN@NATO")
        attached(kor, b"a" * 100)
        with kor.database.read() as db:
            [found] = attachments.kept(db)
        kor.home.attachments.write(found.file, 0, [b"b" * 100])
        with pytest.raises(LegationError):
            jpn.pulls(kor)
        assert jpn.listed() == []
        assert arriving(jpn) == [0]

    def test_a_damaged_file_is_named_and_handed_to_nobody(self, village: Village) -> None:
        """
        One bit on our own disk: neither saved nor sent.
        """
        kor, jpn = village.pair("KOR@NATO", "JPN@NATO")
        item = attached(kor, b"a" * 100)
        [path] = (kor.folder / "attachments").rglob("*.sealed")
        data = bytearray(path.read_bytes())
        data[50] ^= 1
        path.write_bytes(data)
        with pytest.raises(StoreError, match="damaged"):
            saved(kor, item)
        with pytest.raises(LegationError):
            jpn.pulls(kor)


class TestSaving:
    def test_it_is_found_by_name_by_code_or_alone(self, village: Village) -> None:
        """
        With two of one name the code tells them apart.
        """
        kor, _ = village.pair("KOR@NATO", "JPN@NATO")
        text = report("(C//REL KOR, JPN) {attachment: Plan.pdf}", "(O) {attachment: List.txt}")
        item = kor.lets_go(
            kor.writes_text(text, files={"Plan.pdf": b"plan", "List.txt": b"list"})
        ).item_id.hex()
        assert saved(kor, item, "Plan.pdf") == b"plan"
        code = next(
            each.code for each in kor.shows(item).portions if getattr(each.portion, "name", "") == "List.txt"
        )
        assert saved(kor, item, code) == b"list"
        with pytest.raises(MalformedError, match="more than one attachment"):
            saved(kor, item)

    def test_of_a_withdrawn_item_nothing_is_saved(self, village: Village) -> None:
        """
        What it said is shown to nobody, and that is part of what it said.
        """
        kor, _ = village.pair("KOR@NATO", "JPN@NATO")
        item = attached(kor, b"a")
        kor.withdraws(item)
        with pytest.raises(RefusedError, match="withdrawn"):
            saved(kor, item)

    def test_what_the_reader_may_not_see_is_not_there(self, village: Village) -> None:
        """
        Of an item that is forbidden, and of one that there is not, the answer is the same.
        """
        kor, _ = village.pair("KOR@NATO", "JPN@NATO")
        item = attached(kor, b"a")
        own = clearance_of(["KOR"], highest="OPEN")
        kor.database.write(
            lambda db: set_mission_clearance(db, named_clearance(read_clearance(own), POLICIES))
        )
        kor.database.write(lambda db: begin_epoch(db, kor.around))
        with pytest.raises(MalformedError) as forbidden:
            saved(kor, item)
        with pytest.raises(MalformedError) as missing:
            saved(kor, "0" * 64)
        assert str(forbidden.value) == str(missing.value)

    def test_bytes_that_do_not_hold_are_not_given_to_the_end(self, village: Village) -> None:
        """
        Another file that was put in its place, even with its key, is noticed before the last byte.
        """
        kor, _ = village.pair("KOR@NATO", "JPN@NATO")
        item = attached(kor, b"a" * 100)
        with kor.database.read() as db:
            [found] = attachments.kept(db)
        kor.home.attachments.write(found.file, 0, [b"b" * 100])
        with pytest.raises(ProofError):
            saved(kor, item)
