# SPDX-License-Identifier: Apache-2.0

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from legation import exchange
from legation.errors import GapError, LocalProtocolError, RefusedError, StoreError
from legation.log import LogKind
from legation.node import disk
from legation.node.courier import bags, packing
from legation.node.home import ATTACHMENTS
from tests.node.pair import Node, Village, report, unchanged

KOR, JPN, AUS = "KOR@NATO", "JPN@NATO", "AUS@NATO"
SECRET = "(S//REL KOR, JPN)"
FILES = {"Plan.pdf": bytes(range(256)) * 5000}


def attaches(kor: Node, text: str = "Attached.", files: dict[str, bytes] = FILES) -> str:
    """
    Release a report with a file; its item id.
    """
    told = report(f"{SECRET} {text}", f"{SECRET} {{attachment: Plan.pdf}}", to=[JPN])
    return kor.lets_go(kor.writes_text(told, files=files)).item_id.hex()


class TestPack:
    def test_what_waits_is_handed_over_in_a_file(self, village: Village) -> None:
        """
        It is numbered, logged and written down; the name of the file says nothing.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} By courier.", to=[JPN])
        [path] = kor.packs(jpn)
        assert kor.states(item) == {JPN: "numbered"}
        assert path.suffix == ".bag"
        assert len(bytes.fromhex(path.stem)) == 8
        assert [each.kind for each in kor.log()].count(LogKind.PACKED) == 1
        [row] = bags.read_bags(database=kor.database).packed
        assert (row.office, row.number, row.start, row.stop, row.state) == (JPN, 1, 0, 2, "packed")
        assert row.file == path.name
        assert kor.faults() == ()

    def test_the_next_bag_goes_on_where_the_last_ended(self, village: Village) -> None:
        """
        And where the wire was faster, behind the receipt.
        """
        kor, jpn = village.pair(KOR, JPN)
        for text in "AB":
            kor.releases(f"{SECRET} {text}", to=[JPN])
            kor.packs(jpn)
        kor.releases(f"{SECRET} C", to=[JPN])
        jpn.catches_up(kor)
        kor.releases(f"{SECRET} D", to=[JPN])
        kor.packs(jpn)
        packed = bags.read_bags(JPN, database=kor.database).packed
        assert [(each.number, each.start, each.stop) for each in packed] == [(1, 0, 2), (2, 2, 3), (3, 4, 5)]
        assert [each.state for each in packed] == ["receipted", "receipted", "packed"]

    def test_more_than_fits_goes_in_several_bags(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Each with its number, and each can be opened behind the one before.
        """
        kor, jpn = village.pair(KOR, JPN)
        monkeypatch.setattr("legation.node.streams.handing_over.ENTRIES_MAX", 2)
        items = [kor.releases(f"{SECRET} {text}", to=[JPN]) for text in "ABCDE"]
        paths = kor.packs(jpn)
        assert len(paths) == 3
        jpn.unpacks(*paths)
        assert sorted(jpn.listed()) == sorted(items)

    def test_long_attachments_begin_another_bag(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        An entry that is too long alone goes alone.
        """
        kor, jpn = village.pair(KOR, JPN)
        items = [attaches(kor, text) for text in "ABC"]
        monkeypatch.setattr(packing, "FILL_SIZE_BYTES", 2 * len(FILES["Plan.pdf"]))
        paths = kor.packs(jpn)
        assert [len(jpn.unpacking.inspect(each).file) for each in paths] == [20] * 3
        assert [jpn.unpacking.inspect(each).attachments for each in paths] == [1, 1, 1]
        jpn.unpacks(*paths)
        assert sorted(jpn.listed()) == sorted(items)

    def test_nothing_new_is_no_bag(self, village: Village) -> None:
        """
        Neither an entry nor a receipt: no bag is written down, and nobody carries anything.
        """
        kor, jpn = village.pair(KOR, JPN)
        with pytest.raises(RefusedError, match="nothing new"):
            kor.packs(jpn)
        assert bags.read_bags(database=kor.database).packed == ()
        assert LogKind.PACKED not in {each.kind for each in kor.log()}
        kor.releases(f"{SECRET} A", to=[JPN])
        jpn.unpacks(*kor.packs(jpn))
        kor.unpacks(*jpn.packs(kor))
        with unchanged(kor, jpn):
            for node, other in ((kor, jpn), (jpn, kor)):
                with pytest.raises(RefusedError, match="nothing new"):
                    node.packs(other)

    def test_a_receipt_alone_rides_back(self, village: Village) -> None:
        """
        Once: then there is nothing new.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} A", to=[JPN])
        jpn.unpacks(*kor.packs(jpn))
        [back] = jpn.packs(kor)
        found = kor.unpacking.inspect(back)
        assert (found.start, found.stop, found.has_receipt) == (0, 0, True)
        kor.unpacks(back)
        assert kor.states(item) == {JPN: "receipted"}
        assert bags.read_bags(JPN, database=kor.database).packed[0].state == "receipted"

    def test_who_is_not_confirmed_gets_no_bag(self, village: Village) -> None:
        """
        Nor whoever's link is stopped.
        """
        kor, jpn, aus = village.node(KOR), village.node(JPN), village.node(AUS)
        kor.adds(jpn.card)
        with unchanged(kor), pytest.raises(RefusedError, match="not confirmed"):
            kor.packs(jpn)
        with unchanged(kor), pytest.raises(RefusedError, match="not confirmed"):
            kor.packs(aus)
        kor.confirms(JPN)
        kor.grants(JPN)
        kor.releases(f"{SECRET} A", to=[JPN])
        kor.runs("UPDATE peer SET link = 'paused', because = 'a test' WHERE office = ?", [JPN])
        with unchanged(kor), pytest.raises(RefusedError, match="paused"):
            kor.packs(jpn)

    def test_what_is_not_permitted_any_more_is_not_packed(self, village: Village) -> None:
        """
        It is decided when it is packed, and not when it was approved.
        """
        kor, jpn = village.pair(KOR, JPN)
        secret = kor.releases(f"{SECRET} A", to=[JPN])
        shown = kor.releases("(C//REL KOR, JPN) B", to=[JPN])
        kor.grants(JPN, "CONFIDENTIAL")
        jpn.unpacks(*kor.packs(jpn))
        assert jpn.listed() == [shown]
        assert kor.states(secret) == {JPN: "withheld"}

    def test_an_attachment_that_is_lost_is_told_and_nothing_is_packed(self, village: Village) -> None:
        """
        Half an item is none.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor)
        kor.runs("DELETE FROM attachment")
        with unchanged(kor), pytest.raises(StoreError, match="attachment"):
            kor.packs(jpn)


def spellings(text: str) -> Iterator[bytes]:
    """
    A text as it could stand in a file: plain, in wide letters, in base64 at each offset, in hexadecimal.
    """
    data = text.encode()
    yield from (data, text.encode("utf-16-le"), text.encode("utf-32-be"), data.hex().encode(), data[::-1])
    for offset in range(3):
        whole = b64encode(bytes(offset) + data)
        yield whole[4 if offset else 0 : len(whole) // 4 * 4 - 4]


class TestCarried:
    def test_whoever_finds_a_bag_learns_nothing_but_about_how_long_it_is(self, village: Village) -> None:
        """
        No content, label, party, name or key id, in any spelling.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor, "Zq7wanderer was here.", files={"Plan.pdf": b"Zq7wanderer is attached." * 99})
        [path] = kor.packs(jpn)
        data = path.read_bytes()
        for secret in (
            "Zq7wanderer",
            "Plan.pdf",
            "SECRET",
            "Releasable",
            KOR,
            JPN,
            "report",
            "legation/stream",
        ):
            for spelled in spellings(secret):
                assert spelled not in data, (secret, spelled)
        assert data.startswith(b"legation/envelope/v1\n")
        assert data.count(b"legation") == 1
        for card in (kor.card, jpn.card):
            for key_id in (card.seal_key.key_id, *(key.key_id for key in card.stream_keys)):
                assert data.find(key_id) == -1
        assert len(data) == 66_773

    def test_bags_of_about_one_length_are_of_one_length(self, village: Village) -> None:
        """
        What is longer by a few bytes is padded to the same.
        """
        kor, jpn = village.pair(KOR, JPN)
        sizes = set()
        for size in (200_000, 200_001, 200_700):
            attaches(kor, files={"Plan.pdf": bytes(size)})
            [path] = kor.packs(jpn)
            sizes.add(path.stat().st_size)
        assert len(sizes) == 1


class TestTheFile:
    def cut_off(self, kor: Node, monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
        """
        Let something happen between the first chunk of a bag and the second.
        """
        write = exchange.write_envelope

        def slowly(*given: Any, **more: Any) -> Iterator[bytes]:
            for place, piece in enumerate(write(*given, **more)):
                if place == 1:
                    act()
                yield piece

        monkeypatch.setattr(packing, "write_envelope", slowly)

    def test_rules_that_change_on_the_way_leave_no_file(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        What was begun is removed; its number is used up, and what may still go goes in the next.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor)
        shown = kor.releases("(C//REL KOR, JPN) B", to=[JPN])
        with monkeypatch.context() as patch:
            self.cut_off(kor, patch, lambda: kor.grants(JPN, "CONFIDENTIAL"))
            with pytest.raises(RefusedError, match="bag 1 was written: its file was removed"):
                kor.packs(jpn)
        assert list((village.folder / f"bags of {KOR}").iterdir()) == []
        assert [each.state for each in bags.read_bags(database=kor.database).packed] == ["not written"]
        [path] = kor.packs(jpn)
        found = jpn.unpacks(path)
        assert (found.number, found.start, found.attachments) == (2, 0, 0)
        assert jpn.listed() == [shown]
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_rules_that_change_for_others_leave_the_file_whole(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        The outcome is the same: it is decided again, and goes on.
        """
        kor, jpn, _ = village.star(KOR, JPN, AUS)
        item = attaches(kor)
        self.cut_off(kor, monkeypatch, lambda: kor.grants(AUS, "CONFIDENTIAL"))
        jpn.unpacks(*kor.packs(jpn))
        assert jpn.listed() == [item]

    def test_a_link_that_is_stopped_on_the_way_leaves_no_file(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Whoever stops a link stops what is being packed.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor)

        def stop() -> None:
            kor.runs("UPDATE peer SET link = 'paused', because = 'a test'")
            kor.runs("UPDATE epoch SET number = number + 1")

        self.cut_off(kor, monkeypatch, stop)
        with pytest.raises(RefusedError, match="removed"):
            kor.packs(jpn)
        assert list((village.folder / f"bags of {KOR}").iterdir()) == []

    def test_a_disk_that_is_full_leaves_no_file_and_the_entries_go_again(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        What was not written is not handed over.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} A", to=[JPN])

        def full() -> None:
            raise OSError(28, "no space left on device")

        with monkeypatch.context() as patch:
            self.cut_off(kor, patch, full)
            with pytest.raises(OSError, match="no space"):
                kor.packs(jpn)
        assert list((village.folder / f"bags of {KOR}").iterdir()) == []
        jpn.unpacks(*kor.packs(jpn))
        assert jpn.listed() == [item]
        assert kor.faults() == ()

    def test_a_damaged_attachment_leaves_no_file(self, village: Village) -> None:
        """
        Its bytes are looked at as they pass.
        """
        kor, jpn = village.pair(KOR, JPN)
        attaches(kor)
        [sealed] = (kor.folder / ATTACHMENTS).rglob("*.sealed")
        data = bytearray(sealed.read_bytes())
        data[70_000] ^= 1
        sealed.write_bytes(data)
        with pytest.raises((StoreError, LocalProtocolError)):
            kor.packs(jpn)
        assert list((village.folder / f"bags of {KOR}").iterdir()) == []

    def test_nothing_is_in_the_file_before_it_is_committed(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Decide, commit, then write: at the first byte bag, checkpoint and log entry are there.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} A", to=[JPN])
        seen: list[Any] = []
        write = disk.write_file

        def looking(path: Path, pieces: Any) -> None:
            seen.extend(
                kor.rows(
                    "SELECT number, written_at, (SELECT count(*) FROM outgoing_checkpoint), "
                    "(SELECT count(*) FROM log_entry WHERE kind = 'packed') FROM packed_bag"
                )
            )
            write(path, pieces)

        monkeypatch.setattr(packing, "write_file", looking)
        kor.packs(jpn)
        assert seen == [(1, None, 1, 1)]
        assert kor.rows("SELECT written_at IS NOT NULL FROM packed_bag") == [(1,)]


class TestAgain:
    def test_a_bag_that_was_lost_is_packed_anew(self, village: Village) -> None:
        """
        With the same entries under another number; those that were waiting for it can be opened then.
        """
        kor, jpn = village.pair(KOR, JPN)
        items, paths = [], []
        for text in "ABC":
            items.append(kor.releases(f"{SECRET} {text}", to=[JPN]))
            paths += kor.packs(jpn)
        jpn.unpacks(paths[0])
        with unchanged(jpn), pytest.raises(GapError, match="bag 2 is missing: entry 2"):
            jpn.unpacks(paths[2])
        [anew] = kor.packs(jpn, again=2)
        found = jpn.unpacks(anew)
        assert (found.number, found.start, found.stop) == (4, 2, 3)
        jpn.unpacks(paths[2])
        assert sorted(jpn.listed()) == sorted(items)

    def test_what_may_not_go_any_more_goes_as_its_leaf_and_its_void_follows(self, village: Village) -> None:
        """
        Retransmission only narrows, and no receipt is given without the void.
        """
        kor, jpn = village.pair(KOR, JPN)
        lost = kor.releases(f"{SECRET} A", "(C//REL KOR, JPN) B", to=[JPN])
        kept = kor.releases("(C//REL KOR, JPN) C", to=[JPN])
        kor.packs(jpn)
        kor.grants(JPN, "CONFIDENTIAL")
        paths = kor.packs(jpn, again=1)
        first, second = map(jpn.unpacking.inspect, paths)
        assert (first.start, first.stop, first.views, first.taken_back) == (0, 3, 1, 1)
        assert (second.start, second.others) == (3, 1)
        jpn.unpacks(paths[0])
        assert jpn.rows("SELECT count(*) FROM incoming_receipt") == [(0,)]
        jpn.unpacks(paths[1])
        assert jpn.rows("SELECT max(size) > 3 FROM incoming_receipt") == [(1,)]
        assert sorted(jpn.listed()) == sorted([lost, kept])
        assert jpn.reads(lost) == ["B"]
        assert b"(S//" not in b"".join(path.read_bytes() for path in paths)

    def test_what_is_receipted_is_not_packed_anew(self, village: Village) -> None:
        """
        Nor is what never was.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} A", to=[JPN])
        jpn.unpacks(*kor.packs(jpn))
        kor.unpacks(*jpn.packs(kor))
        with unchanged(kor):
            with pytest.raises(RefusedError, match="receipted all of bag 1"):
                kor.packs(jpn, again=1)
            with pytest.raises(RefusedError, match="no bag 7"):
                kor.packs(jpn, again=7)

    def test_what_is_new_follows(self, village: Village) -> None:
        """
        In a bag of its own.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} A", to=[JPN])
        kor.packs(jpn)
        second = kor.releases(f"{SECRET} B", to=[JPN])
        jpn.unpacks(*kor.packs(jpn, again=1))
        assert sorted(jpn.listed()) == sorted([first, second])


class TestNoWayBack:
    def test_a_delivery_says_that_no_receipt_is_possible(self, village: Village) -> None:
        """
        It is handed over, and nothing more is to be heard of it.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} A", to=[JPN])
        kor.packs(jpn, has_way_back=False)
        [delivery] = kor.deliveries()
        assert (delivery.state, delivery.why) == ("numbered", "handed over in a bag; no receipt is possible")
        assert bags.read_bags(database=kor.database).packed[0].state == "no receipt possible"
        assert kor.faults() == ()

    def test_a_receipt_that_comes_after_all_counts(self, village: Village) -> None:
        """
        Somebody found a way.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} A", to=[JPN])
        jpn.unpacks(*kor.packs(jpn, has_way_back=False))
        kor.unpacks(*jpn.packs(kor))
        [delivery] = kor.deliveries()
        assert (delivery.state, delivery.why) == ("receipted", "received by their registry; receipt held")

    def test_what_was_handed_over_for_good_can_be_taken_back_and_withdrawn(self, village: Village) -> None:
        """
        As anything that nobody has receipted.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} A", to=[JPN])
        kor.packs(jpn, has_way_back=False)
        kor.withdraws(item)
        assert kor.states(item) == {JPN: "withdrawn"}
        assert kor.faults() == ()
