# SPDX-License-Identifier: Apache-2.0

import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from msgspec.structs import replace as changed

from legation.encoding import encode
from legation.errors import (
    EquivocationError,
    GapError,
    LegationError,
    MalformedError,
    ProofError,
    RefusedError,
    RemoteProtocolError,
    SealError,
    SignatureError,
    StoreError,
)
from legation.exchange import Bag, Enclosed, EntryKind, Position, RefusalCode, write_envelope
from legation.item.attachment import CHUNK_SIZE_BYTES, measured
from legation.log import Frontier
from legation.node import disk
from legation.node.courier import bags, packing, unpacking
from legation.node.home import ATTACHMENTS
from legation.node.streams.incarnations import LOST
from legation.node.streams.judging import Judged
from legation.node.streams.taking_in import TakingIn
from tests.node.courier.test_packing import AUS, FILES, JPN, KOR, SECRET, attaches
from tests.node.pair import Node, Village, report, unchanged
from tests.node.streams.test_pulling import hands_over, item_of


def rewrites(
    path: Path,
    sender: Node,
    receiver: Node,
    change: Callable[[Bag], Bag] = lambda bag: bag,
    *,
    files: Sequence[bytes] | None = None,
    payloads: Sequence[bytes] | None = None,
) -> Path:
    """
    Write a bag anew, with another letter, signed and sealed as only its sender can.
    """
    came: list[bytes] = []
    found = receiver.unpacking._read(path, lambda _, pieces: came.append(b"".join(pieces)))
    pieces = write_envelope(
        change(found.letter),
        found.payloads if payloads is None else payloads,
        signer=sender.home.signing.stream.ed25519,
        to=receiver.card.seal_key,
        secret=sender.around.random(32),
        sealer=sender.around.sealer,
        attached=[[each] for each in (came if files is None else files)],
    )
    other = path.with_name(f"{sender.around.random(8).hex()}.bag")
    other.write_bytes(b"".join(pieces))
    return other


def sealed_files(node: Node) -> set[str]:
    """
    The files of attachments that are there.
    """
    return {path.name for path in (node.folder / ATTACHMENTS).rglob("*.sealed")}


class TestOpen:
    def test_what_came_is_in_the_inbox(self, village: Village) -> None:
        """
        With what is attached to it; and the receipt over it is made.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = attaches(kor)
        [path] = kor.packs(jpn)
        found = jpn.unpacks(path)
        assert (found.state, found.entries, found.views, found.attachments) == ("opened", 2, 1, 1)
        assert jpn.listed() == [item]
        assert jpn.rows("SELECT size_bytes FROM attachment") == [(len(FILES["Plan.pdf"]),)]
        assert jpn.rows("SELECT max(size) FROM incoming_receipt") == [(2,)]
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_a_trial_says_the_same_and_writes_nothing(self, village: Village) -> None:
        """
        Neither a row, nor a blob, nor a file.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor)
        kor.releases(f"{SECRET} {'long ' * 20_000}", to=[JPN])
        [path] = kor.packs(jpn)
        before = sealed_files(jpn)
        with unchanged(jpn):
            tried = jpn.unpacks(path, is_trial=True)
            jpn.unpacking.inspect(path)
        assert sealed_files(jpn) == before
        assert changed(tried, state="opened") == jpn.unpacks(path)

    def test_to_open_a_bag_again_does_nothing_and_says_so(self, village: Village) -> None:
        """
        However often, and also after a copy of its file got another name.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor)
        [path] = kor.packs(jpn)
        jpn.unpacks(path)
        copy = path.with_name("0123456789abcdef.bag")
        copy.write_bytes(path.read_bytes())
        with unchanged(jpn):
            for each in (path, copy, path):
                found = jpn.unpacks(each)
                assert (found.state, found.entries) == ("opened before", 0)

    def test_our_own_bag_on_the_stick_is_known(self, village: Village) -> None:
        """
        It lies beside those that came back; whatever its file is called by now, nothing is done.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor)
        [path] = kor.packs(jpn)
        copy = path.with_name("copy.bag")
        copy.write_bytes(path.read_bytes())
        with unchanged(kor):
            for each in (path, copy):
                assert (kor.unpacks(each).state, kor.unpacks(each).number) == ("packed here", 1)

    def test_what_came_on_the_wire_meanwhile_is_skipped(self, village: Village) -> None:
        """
        Its attachment too: the file that was written for it is not left over.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor)
        paths = kor.packs(jpn)
        jpn.catches_up(kor)
        new = kor.releases(f"{SECRET} New.", to=[JPN])
        paths += kor.packs(jpn)
        before = sealed_files(jpn)
        assert jpn.unpacks(paths[0]).entries == 0
        assert sealed_files(jpn) == before
        assert jpn.unpacks(paths[1]).entries == 1
        assert new in jpn.listed()
        assert jpn.faults() == ()

    def test_what_had_begun_to_come_on_the_wire_is_let_go(self, village: Village) -> None:
        """
        The line broke in the middle of an attachment; the bag brings all of it.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor)

        def breaks(pieces: Any) -> Any:
            found = kor.takes(pieces)
            if found.letter.fetch is not None:
                raise LegationError("the line broke")
            return kor.answering.answer(found)

        with pytest.raises(LegationError, match="broke"):
            jpn.pulls(kor, breaks)
        assert jpn.rows("SELECT count(*) FROM arriving") == [(1,)]
        jpn.unpacks(*kor.packs(jpn))
        assert jpn.rows("SELECT count(*) FROM arriving") == [(0,)]
        assert len(sealed_files(jpn)) == 1
        assert jpn.faults() == ()

    def test_a_file_under_two_labels_is_kept_under_both(self, village: Village) -> None:
        """
        It is in the bag once.
        """
        kor, jpn = village.pair(KOR, JPN)
        text = report(
            f"{SECRET} A",
            f"{SECRET} {{attachment: Plan.pdf}}",
            "(C//REL KOR, JPN) {attachment: Plan.pdf}",
            to=[JPN],
        )
        kor.lets_go(kor.writes_text(text, files=FILES))
        [path] = kor.packs(jpn)
        assert jpn.unpacking.inspect(path).attachments == 1
        jpn.unpacks(path)
        assert jpn.rows("SELECT count(*) FROM attachment") == [(2,)]
        assert jpn.faults() == ()

    @pytest.mark.parametrize("size", [0, 1, CHUNK_SIZE_BYTES, 9 * CHUNK_SIZE_BYTES + 1])
    def test_attachments_of_every_length_arrive(self, village: Village, size: int) -> None:
        """
        Also an empty one, and one that ends with a chunk.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor, files={"Plan.pdf": bytes(size)})
        jpn.unpacks(*kor.packs(jpn))
        assert jpn.rows("SELECT size_bytes FROM attachment") == [(size,)]
        assert jpn.faults() == ()

    def test_a_file_that_changes_while_it_is_opened_is_refused(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        What was looked through first is what is taken in, or nothing is.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor)
        [path] = kor.packs(jpn)
        attaches(kor, "Another.")
        [other] = kor.packs(jpn)
        files = iter([path, path, other])
        true = disk.open_plain
        monkeypatch.setattr(unpacking, "open_plain", lambda _: true(next(files)))
        before = sealed_files(jpn)
        with unchanged(jpn), pytest.raises(MalformedError, match="changed while"):
            jpn.unpacks(path)
        assert sealed_files(jpn) == before

    def test_a_disk_that_is_full_leaves_nothing(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Neither rows nor files; the bag is opened when there is room.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor)
        [path] = kor.packs(jpn)

        def full(*_: Any, **__: Any) -> None:
            raise StoreError("the disk is full")

        before = sealed_files(jpn)
        with monkeypatch.context() as patch:
            patch.setattr("legation.store.sqlite.bags.note_opened", full)
            with unchanged(jpn), pytest.raises(StoreError, match="full"):
                jpn.unpacks(path)
        assert sealed_files(jpn) == before
        assert jpn.unpacks(path).views == 1

    def test_what_is_refused_or_apart_is_as_on_the_wire(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Nonsense is refused in our own stream, what is not for us is set apart.
        """
        kor, jpn = village.pair(KOR, JPN)
        hands_over(kor, item_of(kor, ("(S//REL KOR)", "Ours.")))
        hands_over(kor, b"nonsense")
        monkeypatch.setattr(
            packing, "attached_to", lambda *_: iter(())
        )  # an honest packer reads what it packs
        found = jpn.unpacks(*kor.packs(jpn))
        assert (found.views, found.quarantined, found.refused) == (0, 1, 1)
        [back] = jpn.packs(kor)
        assert kor.unpacking.inspect(back).others == 2
        kor.unpacks(back)
        assert kor.rows("SELECT count(*) FROM incoming_entry WHERE kind = 'refused'") == [(1,)]

    def test_rules_that_change_between_looking_and_writing_count(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        What came is judged again by the rules of the commit.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} A", to=[JPN])
        [path] = kor.packs(jpn)
        take = unpacking.Unpacking._take

        def later(self: Any, *given: Any) -> Any:
            jpn.runs("DELETE FROM mission_clearance WHERE purpose = 'received'")
            jpn.runs("DELETE FROM mission_clearance")
            jpn.runs("UPDATE epoch SET number = number + 1")
            return take(self, *given)

        monkeypatch.setattr(unpacking.Unpacking, "_take", later)
        assert jpn.unpacks(path).quarantined == 1

    def test_a_view_that_is_refused_only_when_it_is_stored_leaves_no_file(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        What was written for it meanwhile serves nobody.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor)
        [path] = kor.packs(jpn)

        def refused(_self: Any, _db: Any, _accepted: Any, rules: Any, judged: Any, _card: Any) -> Any:
            never = Judged(contents=None, state=None, refusal=RefusalCode.SIGNATURE)
            return rules, {number: replace(each, judged=never) for number, each in judged.items()}

        monkeypatch.setattr(TakingIn, "present", refused)
        assert jpn.unpacks(path).refused == 1
        assert sealed_files(jpn) == set()
        assert jpn.rows("SELECT count(*) FROM attachment") == [(0,)]


class TestMissing:
    def test_bags_open_in_their_order_and_name_what_is_missing(self, village: Village) -> None:
        """
        One that came too early is opened later; nothing of it was kept.
        """
        kor, jpn = village.pair(KOR, JPN)
        paths: list[Path] = []
        for text in "ABCDE":
            for part in "12":
                kor.releases(f"{SECRET} {text}{part}", to=[JPN])
            paths += kor.packs(jpn)
        with unchanged(jpn), pytest.raises(GapError, match=r"bags 1 to 2 are missing: entries 0-4$"):
            jpn.unpacks(paths[2])
        jpn.unpacks(paths[0])
        with unchanged(jpn), pytest.raises(GapError, match=r"bag 2 is missing: entries 3-4$") as caught:
            jpn.unpacks(paths[2])
        assert "packed anew" in caught.value.hint
        with pytest.raises(GapError, match=r"bags 2 to 4 are missing: entries 3-8$"):
            jpn.unpacks(paths[4])
        for each in paths[1:]:
            assert jpn.unpacks(each).entries == 2
        assert len(jpn.listed()) == 10
        assert bags.read_bags(database=jpn.database).missing == ()

    def test_what_the_wire_brought_is_not_missing(self, village: Village) -> None:
        """
        The bag that brought it first is listed as missing, and nothing waits for it.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} A", to=[JPN])
        jpn.unpacks(*kor.packs(jpn))
        kor.releases(f"{SECRET} B", to=[JPN])
        kor.packs(jpn)
        kor.releases(f"{SECRET} C", to=[JPN])
        kor.packs(jpn)
        jpn.catches_up(kor)
        kor.releases(f"{SECRET} D", to=[JPN])
        jpn.unpacks(*kor.packs(jpn))
        [missing] = bags.read_bags(KOR, database=jpn.database).missing
        assert (missing.office, missing.first, missing.last) == (KOR, 2, 3)

    def test_entries_can_be_missing_though_no_number_is(self, village: Village) -> None:
        """
        A bag that was packed anew came before others that it did not bring.
        """
        kor, jpn = village.pair(KOR, JPN)
        paths: list[Path] = []
        for text in "ABC":
            kor.releases(f"{SECRET} {text}", to=[JPN])
            paths += kor.packs(jpn)
        [anew] = kor.packs(jpn, again=1)
        jpn.unpacks(anew)
        with unchanged(jpn), pytest.raises(GapError, match=r"bags 1 to 2 are missing: entry 2$"):
            jpn.unpacks(paths[2])
        kor.releases(f"{SECRET} D", to=[JPN])
        [path] = kor.packs(jpn)
        with unchanged(jpn), pytest.raises(GapError, match="entries 2-3 before it did not come"):
            jpn.unpacks(path)


class TestReceiptsBack:
    def test_a_receipt_that_does_not_hold_refuses_the_whole_bag(self, village: Village) -> None:
        """
        What rides back is as much part of it as what it brings.
        """
        kor, jpn = village.pair(KOR, JPN)
        for one, other in ((kor, jpn), (jpn, kor)):
            one.releases(f"(S//REL {one.office[:3]}, {other.office[:3]}) A", to=[other.office])
        jpn.unpacks(*kor.packs(jpn))
        [path] = jpn.packs(kor)
        forged = rewrites(path, jpn, kor, lambda bag: changed(bag, receipt=bag.checkpoint))
        for each in (True, False):
            with unchanged(kor), pytest.raises(LegationError):
                kor.unpacks(forged, is_trial=each)
        kor.unpacks(path)
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_a_receipt_for_what_is_not_here_stops_what_goes_out(self, village: Village) -> None:
        """
        We have lost what we sent, or somebody signs as we do. A trial says so and writes nothing.
        """
        kor, jpn = village.pair(KOR, JPN)
        backup = village.copies(kor)
        kor.releases(f"{SECRET} A", to=[JPN])
        jpn.unpacks(*kor.packs(jpn))
        [back] = jpn.packs(kor)
        village.restores(kor, backup)
        with (
            unchanged(kor),
            pytest.raises(RemoteProtocolError, match="this bag shows that this node has lost"),
        ):
            kor.unpacks(back, is_trial=True)
        kor.unpacks(back)
        assert (kor.peer(jpn).link, kor.peer(jpn).why) == ("paused", LOST)

    def test_a_receipt_for_another_history_freezes_the_link_and_brings_nothing(
        self, village: Village
    ) -> None:
        """
        Both histories are kept; the bag stays closed.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} A", to=[JPN])
        list(kor.answers([jpn.asks(kor)]))
        backup = village.copies(kor)
        kor.releases(f"{SECRET} B", to=[JPN])
        jpn.unpacks(*kor.packs(jpn))
        jpn.releases("(S//REL JPN, KOR) Back.", to=[KOR])
        [back] = jpn.packs(kor)
        village.restores(kor, backup)
        kor.releases(f"{SECRET} C", to=[JPN])
        kor.packs(jpn)
        with pytest.raises(RefusedError, match="frozen"):
            kor.unpacks(back)
        assert kor.peer(jpn).link == "frozen"
        assert kor.rows("SELECT count(*) FROM evidence") == [(1,)]
        assert kor.listed() == []
        assert kor.rows("SELECT count(*) FROM opened_bag") == [(0,)]
        with unchanged(kor), pytest.raises(RefusedError, match="frozen"):
            kor.unpacks(back)

    def test_a_position_of_another_history_freezes_the_link(self, village: Village) -> None:
        """
        As in a pull.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} A", to=[JPN])
        jpn.unpacks(*kor.packs(jpn))
        jpn.releases("(S//REL JPN, KOR) Back.", to=[KOR])
        [path] = jpn.packs(kor)

        def elsewhere(bag: Bag) -> Bag:
            assert bag.position is not None
            return changed(bag, receipt=None, position=changed(bag.position, root=bytes(32)))

        with pytest.raises(RefusedError, match="frozen"):
            kor.unpacks(rewrites(path, jpn, kor, elsewhere))
        assert kor.peer(jpn).link == "frozen"
        assert kor.listed() == []

    @pytest.mark.parametrize(
        "told", [{"size": 99}, {"incarnation": bytes(16)}], ids=["ahead", "another incarnation"]
    )
    def test_a_position_that_is_none_of_ours_is_told(self, village: Village, told: dict[str, Any]) -> None:
        """
        What the bag brings is taken in; a person is told of the rest.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} A", to=[JPN])
        jpn.unpacks(*kor.packs(jpn))
        item = jpn.releases("(S//REL JPN, KOR) Back.", to=[KOR])
        [path] = jpn.packs(kor)

        def elsewhere(bag: Bag) -> Bag:
            assert bag.position is not None
            return changed(bag, position=changed(bag.position, **told))

        kor.unpacks(rewrites(path, jpn, kor, elsewhere))
        assert kor.listed() == [item]
        assert "it says that it holds" in kor.peer(jpn).why
        assert kor.peer(jpn).link == "paused"

    def test_an_old_position_asks_for_nothing(self, village: Village) -> None:
        """
        Whatever it says, nothing is sent on its word: the next bag goes on where the receipt is.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} A", to=[JPN])
        jpn.unpacks(*kor.packs(jpn))
        jpn.releases("(S//REL JPN, KOR) Back.", to=[KOR])
        [old] = jpn.packs(kor)
        kor.releases(f"{SECRET} B", to=[JPN])
        jpn.unpacks(*kor.packs(jpn))
        paths = jpn.packs(kor)
        kor.unpacks(old)
        kor.unpacks(*paths)
        kor.releases(f"{SECRET} C", to=[JPN])
        [path] = kor.packs(jpn)
        assert jpn.unpacking.inspect(path).start == 3


class TestALyingSender:
    def test_another_history_freezes_the_link_and_keeps_both(self, village: Village) -> None:
        """
        A bag shows another entry where one is held: what was signed twice is proof.
        """
        kor, jpn = village.pair(KOR, JPN)
        backup = village.copies(kor)
        kor.releases(f"{SECRET} A", to=[JPN])
        jpn.unpacks(*kor.packs(jpn))
        incarnation = kor.rows("SELECT incarnation FROM outgoing")[0][0]
        village.restores(kor, backup)
        kor.runs(
            "INSERT INTO outgoing (office, incarnation, frontier, started_at) VALUES (?, ?, ?, 0)",
            [JPN, incarnation, encode(Frontier())],
        )
        kor.releases(f"{SECRET} B", to=[JPN])
        [path] = kor.packs(jpn)
        with unchanged(jpn), pytest.raises(EquivocationError, match="two histories"):
            jpn.unpacks(path, is_trial=True)
        with pytest.raises(EquivocationError, match="two histories"):
            jpn.unpacks(path)
        assert jpn.peer(kor).link == "frozen"
        [(ours, theirs)] = jpn.rows("SELECT ours, theirs FROM evidence")
        for each in (ours, theirs):
            assert each.startswith(b"legation/stream/v1/KOR@NATO/JPN@NATO/")
        assert ours != theirs
        with unchanged(jpn), pytest.raises(RefusedError, match="frozen"):
            jpn.unpacks(path)

    def test_an_attachment_too_few_or_too_many_refuses_the_bag(self, village: Village) -> None:
        """
        All that belongs to its views, and nothing besides.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor)
        [path] = kor.packs(jpn)
        fewer = rewrites(path, kor, jpn, lambda bag: changed(bag, enclosed=()), files=[])
        more = Enclosed(number=1, root=measured([b"more"]).root, size=4)

        def too_many(bag: Bag) -> Bag:
            return changed(bag, enclosed=tuple(sorted((*bag.enclosed, more), key=lambda each: each.order)))

        in_order = sorted(
            ((FILES["Plan.pdf"], None), (b"more", more)), key=lambda each: measured([each[0]]).root
        )
        many = rewrites(path, kor, jpn, too_many, files=[each for each, _ in in_order])
        before = sealed_files(jpn)
        with unchanged(jpn):
            with pytest.raises(RemoteProtocolError, match="attachment of entry 1 is not enclosed"):
                jpn.unpacks(fewer)
            with pytest.raises(RemoteProtocolError, match="none of entry 1"):
                jpn.unpacks(many)
        assert sealed_files(jpn) == before

    def test_a_payload_that_is_not_of_its_kind_refuses_the_bag(self, village: Village) -> None:
        """
        As on the wire.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.appends(JPN, (EntryKind.VOID, b'{"number":7}'))
        [path] = kor.packs(jpn)
        with unchanged(jpn), pytest.raises(LegationError):
            jpn.unpacks(path)

    def test_what_is_not_held_nor_pinned_is_refused(self, village: Village) -> None:
        """
        A bag of somebody whose card is not confirmed, one for somebody else, one with another key.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        kor.releases("(S//REL KOR, JPN, AUS) A", to=[JPN, AUS])
        [path] = kor.packs(jpn)
        with unchanged(aus), pytest.raises(SealError, match="does not open") as caught:
            aus.unpacks(path)
        assert "no longer kept: ask for it anew" in caught.value.hint
        forged = rewrites(path, aus, jpn)
        with unchanged(jpn), pytest.raises(SignatureError):
            jpn.unpacks(forged)
        jpn.runs("UPDATE card SET confirmed_by = NULL, confirmed_at = NULL WHERE office = ?", [KOR])
        jpn.runs("UPDATE epoch SET number = number + 1")
        with unchanged(jpn), pytest.raises(SignatureError, match="not known"):
            jpn.unpacks(path)

    def test_a_bag_for_a_key_that_is_gone_is_refused_by_name(self, village: Village) -> None:
        """
        It is to be packed anew for the present card.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} A", to=[JPN])
        [path] = kor.packs(jpn)
        signing = jpn.home.signing
        fresh = jpn.around.opener(bytes(64), bytes(range(32)))
        jpn.home = replace(jpn.home, signing=replace(signing, opener=fresh, former=((signing.opener, 1),)))
        with pytest.raises(SealError) as caught:
            jpn.unpacks(path)
        assert "packed for a key that is no longer kept: ask for it anew" in caught.value.hint
        until = jpn.around.seconds() + 1
        jpn.home = replace(
            jpn.home, signing=replace(signing, opener=fresh, former=((signing.opener, until),))
        )
        assert jpn.unpacks(path).views == 1

    @pytest.mark.parametrize("place", [0, 25, 600, 1300, 30_000, -1])
    def test_an_altered_file_is_refused_and_nothing_is_written(self, village: Village, place: int) -> None:
        """
        Wherever the bit is; and wherever the file is cut off.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor)
        [path] = kor.packs(jpn)
        good = path.read_bytes()
        before = sealed_files(jpn)
        turned = bytearray(good)
        turned[place] ^= 1
        for bad in (bytes(turned), good[: place % len(good)], good + b"x", good[:-66_000]):
            path.write_bytes(bad)
            with unchanged(jpn), pytest.raises((SealError, MalformedError, ProofError, SignatureError)):
                jpn.unpacks(path)
        assert sealed_files(jpn) == before
        path.write_bytes(good)
        assert jpn.unpacks(path).views == 1

    def test_a_file_that_is_cut_short_is_refused_when_its_letter_is_read(self, village: Village) -> None:
        """
        However much would have to be read to miss what is not there.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor)
        [path] = kor.packs(jpn)
        good = path.read_bytes()
        for bad in (good[:200_000], good[:-1], good + b"x"):
            path.write_bytes(bad)
            with unchanged(jpn), pytest.raises(MalformedError, match="cut short or grew"):
                jpn.unpacks(path)

    def test_a_bag_that_declares_too_much_costs_little(self, village: Village) -> None:
        """
        It is refused when its letter has been read, however much it says.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor)
        [path] = kor.packs(jpn)
        letter = jpn.unpacking._read(path).letter
        huge = changed(letter, enclosed=tuple(changed(each, size=1 << 33) for each in letter.enclosed))

        def endless() -> Any:
            yield bytes(1 << 16)
            raise LegationError("it stops here")

        pieces = write_envelope(
            huge,
            jpn.unpacking._read(path).payloads,
            signer=kor.home.signing.stream.ed25519,
            to=jpn.card.seal_key,
            secret=bytes(32),
            sealer=kor.around.sealer,
            attached=[endless()],
        )
        written: list[bytes] = []
        with pytest.raises(LegationError, match="stops here"):
            written.extend(pieces)
        path.write_bytes(b"".join(written) + bytes(8 << 20))
        tracemalloc.start()
        began = monotonic()
        with unchanged(jpn), pytest.raises(LegationError):
            jpn.unpacks(path)
        assert monotonic() - began < 5
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
        tracemalloc.stop()


def test_positions_are_what_a_pull_would_say(village: Village) -> None:
    """
    What the sender holds of our stream rides along.
    """
    kor, jpn = village.pair(KOR, JPN)
    kor.releases(f"{SECRET} A", to=[JPN])
    jpn.unpacks(*kor.packs(jpn))
    [back] = jpn.packs(kor)
    found = kor.unpacking._read(back).letter
    assert isinstance(found.position, Position)
    assert (found.position.size, found.receipt is not None) == (2, True)
    assert sha256(encode(found)).digest()
