# SPDX-License-Identifier: Apache-2.0

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from legation.errors import MalformedError, RefusedError, StoreError
from legation.exchange import EntryKind, read_view, write_view
from legation.item.destruction import verify_destruction
from legation.item.view import inspect
from legation.keys.card import Cards
from legation.log import LogKind
from legation.store.sqlite.database import Database
from tests.cli.ends import CANARY
from tests.node.desk.test_passing import passes, whole
from tests.node.pair import Node, Village, report, unchanged
from tests.node.streams.test_pulling import hands_over, item_of

KOR, JPN, AUS, NATO = "KOR@NATO", "JPN@NATO", "AUS@NATO", "NATO"
SECRET, ALL = "(S//REL KOR, JPN)", "(L//REL KOR, JPN, AUS)"
LONG = f"{CANARY} " * 7_000 + "end"  # longer than a row


def spellings(text: str) -> Iterator[bytes]:
    """
    A text as it may stand in a file: plain, in 16 bits, in hexadecimal digits, in base64 wherever it begins.
    """
    plain = text.encode()
    yield from (plain, text.encode("utf-16-le"), text.encode("utf-16-be"))
    yield from (plain.hex().encode(), plain.hex().upper().encode())
    for before in range(3):
        padded = b64encode(b"\0" * before + plain)
        yield padded[4 * (before > 0) : -4]


def files_with(folder: Path, text: str) -> list[str]:
    """
    The files of a folder in which a text stands, in whatever spelling.
    """
    wanted = list(spellings(text))
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
        for data in [path.read_bytes()]
        if any(each in data for each in wanted)
    )


def destructions_to(node: Node, office: str) -> list[bytes]:
    """
    The certificates that a node has numbered for an office.
    """
    return [
        bytes(data)
        for (data,) in node.rows(
            "SELECT payload FROM outgoing_entry JOIN outgoing USING (stream_id) "
            "WHERE kind = 'destruction' AND office = ? ORDER BY number",
            (office,),
        )
    ]


def certificates(node: Node) -> list[tuple[str, str, str]]:
    """
    The certificates that a node keeps: of whom, from whom, and how they stand.
    """
    return node.rows("SELECT office, source, state FROM destruction ORDER BY office, source")


def chain(village: Village) -> tuple[Node, Node, Node]:
    """
    KOR@NATO, whose items JPN@NATO passes on to AUS@NATO; the first and the last do not know each other.
    """
    kor, jpn = village.pair(KOR, JPN)
    aus = village.node(AUS)
    village.joins(jpn, aus)
    aus.trusts(kor.card)
    return kor, jpn, aus


class TestDestroy:
    @pytest.mark.parametrize(
        "text", [CANARY, f"{CANARY} " * 2_500 + "end", LONG], ids=["row", "pages", "file"]
    )
    def test_no_byte_of_it_is_left_in_the_folder(self, village: Village, text: str) -> None:
        """
        Neither of its text, be it in a row or in a file, nor of its title, nor of the names of what was attached.
        """
        kor, jpn = village.pair(KOR, JPN)
        data = report(
            f"{SECRET} {text}", f"{SECRET} {{attachment: {CANARY}.txt}}", to=[JPN], title=f"(O) {CANARY}"
        )
        item = kor.lets_go(kor.writes_text(data, files={f"{CANARY}.txt": CANARY.encode()})).item_id.hex()
        jpn.catches_up(kor)
        assert files_with(jpn.folder, CANARY)
        assert len(list((jpn.folder / "attachments").rglob("*.sealed"))) == 1
        found = jpn.destroys(item)
        assert files_with(jpn.folder, CANARY) == []
        assert list((jpn.folder / "attachments").rglob("*.sealed")) == []
        assert list((jpn.folder / "blobs").rglob("*.blob")) == []
        assert found.attachments == (f"{CANARY}.txt",)
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_what_is_left_is_that_there_was_one(self, village: Village) -> None:
        """
        Its id, reference and labels, the entry and the receipt; whoever might see it is told that it was destroyed.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} {CANARY}", to=[JPN])
        jpn.catches_up(kor)
        reference = jpn.shows(item).reference
        entries = jpn.rows("SELECT number, leaf, payload_hash FROM incoming_entry")
        jpn.destroys(item)
        assert jpn.rows("SELECT number, leaf, payload_hash FROM incoming_entry") == entries
        assert jpn.rows("SELECT state, data FROM view") == [("destroyed", None)]
        assert jpn.listed() == []
        for name in (item, reference):
            with pytest.raises(RefusedError, match="was destroyed here"):
                jpn.shows(name)
        assert jpn.catches_up(kor).entries == 0
        assert jpn.faults() == ()

    def test_a_certificate_goes_to_whoever_brought_it_and_is_verified_with_a_card(
        self, village: Village
    ) -> None:
        """
        It says who, what, when and in answer to what; the author has it after one pull.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        kor.withdraws(item)
        jpn.catches_up(kor)
        jpn.clock.move(minutes=40)
        found = jpn.destroys(item)
        [data] = destructions_to(jpn, KOR)
        assert found.certificate is not None
        assert (found.told, found.certificate.data, found.destroyed) == (
            (KOR,),
            data,
            "2022-06-24T12:40:00+00:00",
        )
        verified = verify_destruction(data, Cards([jpn.card]))
        [(withdrawal,)] = kor.rows("SELECT digest FROM withdrawal")
        assert (verified.item_id.hex(), str(verified.holder)) == (item, JPN)
        assert verified.withdrawal == withdrawal
        kor.catches_up(jpn)
        assert certificates(kor) == [(JPN, JPN, "held")]
        [told] = kor.deliveries(item)
        assert told.state == "withdrawn"
        assert told.certificate is not None
        assert (told.certificate.data, told.certificate.destroyed) == (data, "2022-06-24T12:40:00+00:00")
        assert "certif" in told.why
        assert LogKind.DESTROYED in {each.kind for each in jpn.log()}
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_it_takes_two_persons_and_the_preview_that_was_seen(self, village: Village) -> None:
        """
        One person alone, or after something changed, destroys nothing.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        seen = jpn.home.destroying(jpn.around).preview(item).preview
        kor.withdraws(item)
        jpn.catches_up(kor)
        with unchanged(jpn):
            with pytest.raises(RefusedError, match="destroys it"):
                jpn.destroys(item, witness="Registrar")
            with pytest.raises(RefusedError, match="another by now"):
                jpn.destroys(item, seen=seen)
            with pytest.raises(MalformedError):
                jpn.destroys(item, witness=" ")
        assert jpn.destroys(item, seen=jpn.home.destroying(jpn.around).preview(item).preview[:12]).destroyed

    def test_only_what_is_anothers_and_may_be_seen(self, village: Village) -> None:
        """
        Our own is refused; what is hidden is answered as what never was.
        """
        kor, jpn = village.pair(KOR, JPN)
        ours = jpn.releases("(S//REL JPN, KOR) Ours.", to=[KOR])
        hidden = item_of(kor, ("(S//REL KOR)", "Hidden."))
        hands_over(kor, hidden)
        jpn.catches_up(kor)
        told = set()
        with unchanged(jpn):
            with pytest.raises(RefusedError, match="is ours"):
                jpn.destroys(ours)
            for name in (inspect(hidden).item_id.hex(), "0" * 64, "nonsense"):
                with pytest.raises(MalformedError) as found:
                    jpn.destroys(name)
                told.add((found.value.message, found.value.hint))
        assert len(told) == 1

    def test_twice_is_refused(self, village: Village) -> None:
        """
        Everybody was told, and there is nothing left.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        jpn.destroys(item)
        with unchanged(jpn), pytest.raises(RefusedError, match="was destroyed here on 2022"):
            jpn.destroys(item)

    def test_an_attachment_that_something_else_has_too_stays(self, village: Village) -> None:
        """
        The same file under the same label, in another item or in a draft of ours; it is said.
        """
        kor, jpn = village.pair(KOR, JPN)
        one, other = (
            kor.lets_go(
                kor.writes_text(
                    report(f"{SECRET} {text}", f"{SECRET} {{attachment: Plan.txt}}", to=[JPN]),
                    files={"Plan.txt": b"the plan"},
                )
            ).item_id.hex()
            for text in ("First.", "Second.")
        )
        jpn.catches_up(kor)
        found = jpn.destroys(one)
        assert (found.attachments, found.kept_attachments) == ((), ("Plan.txt",))
        assert jpn.faults() == ()
        found = jpn.destroys(other)
        assert (found.attachments, found.kept_attachments) == (("Plan.txt",), ())
        assert list((jpn.folder / "attachments").rglob("*.sealed")) == []
        assert jpn.faults() == ()

    def test_what_the_sender_wrote_beside_it_goes_too(self, village: Village) -> None:
        """
        For whose attention it was is the sender's word on it; whether it was for action stays.
        """
        kor, jpn = village.pair(KOR, JPN)
        text = report(f"{SECRET} Noon.", to=[JPN]).replace(
            b"action: JPN@NATO\n", f"action: JPN@NATO\nattention: JPN@NATO: {CANARY}\n".encode()
        )
        item = kor.lets_go(kor.writes_text(text)).item_id.hex()
        jpn.catches_up(kor)
        assert files_with(jpn.folder, CANARY)
        jpn.destroys(item)
        assert files_with(jpn.folder, CANARY) == []
        assert b'"action":true' in jpn.rows("SELECT slip FROM incoming_entry WHERE kind = 'view'")[0][0]
        assert jpn.faults() == ()

    def test_an_older_version_does_not_come_back(self, village: Village) -> None:
        """
        What was replaced stays so; and no hash is left that is of nothing but what it said.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        second = kor.corrects(first, f"{SECRET} One o'clock.", to=[JPN])
        jpn.catches_up(kor)
        assert jpn.listed() == [second]
        digests = "SELECT digest FROM substance JOIN view USING (view_key) WHERE hex(item_id) = ?"
        [(before,)] = jpn.rows(digests, (second.upper(),))
        jpn.destroys(second)
        assert jpn.listed() == []
        assert before not in {digest for (digest,) in jpn.rows(digests, (second.upper(),))}
        assert jpn.faults() == ()

    def test_where_its_words_are_quoted_is_named(self, village: Village) -> None:
        """
        What was repeated in an item of ours stays, and whoever destroys the source is told where.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} The seating was changed on Tuesday.", to=[JPN])
        jpn.catches_up(kor)
        jpn.clock.move(minutes=1)
        text = f"(S//REL JPN, KOR) {{origin: {KOR}}} The seating was changed on Tuesday."
        ours = jpn.lets_go(jpn.writes_text(report(text, to=[KOR])))
        kept = jpn.writes_text(report(text, text, to=[KOR]))
        draft = f"draft {kept.digest.hex()[:12]}"
        assert jpn.home.destroying(jpn.around).preview(item).quoted_in == (ours.reference, draft)


class TestComingAgain:
    def test_a_peer_that_hands_it_over_again_does_not_bring_it_back(self, village: Village) -> None:
        """
        The same bytes once more, and a larger cut: both receipted, neither kept, no file of it either.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.lets_go(
            kor.writes_text(
                report(f"{SECRET} {CANARY}", f"{SECRET} {{attachment: Plan.txt}}", to=[JPN]),
                files={"Plan.txt": b"the plan"},
            )
        ).item_id.hex()
        jpn.catches_up(kor)
        [(payload,)] = kor.rows("SELECT payload FROM outgoing_entry WHERE kind = 'view'")
        jpn.destroys(item)
        # The next entry brings the same bytes; the one after it a copy that differs, as a wider grant would make it.
        kor.appends(JPN, (EntryKind.VIEW, payload))
        slip, view = read_view(payload)
        assert jpn.pulls(kor).entries == 1
        kor.appends(JPN, (EntryKind.VIEW, write_view(slip, whole(kor, item))))
        jpn.catches_up(kor)
        assert view
        assert files_with(jpn.folder, CANARY) == []
        assert list((jpn.folder / "attachments").rglob("*.sealed")) == []
        assert {state for (state,) in jpn.rows("SELECT state FROM view")} == {"destroyed"}
        assert jpn.rows("SELECT size, receipt_size FROM incoming") == [(4, 4)]
        assert jpn.listed() == []
        assert jpn.faults() == ()

    def test_a_bag_does_not_bring_it_back(self, village: Village) -> None:
        """
        Opened after it was destroyed by another way, it is taken in and nothing of it is kept.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} {CANARY}", to=[JPN])
        [bag] = kor.packs(jpn)
        jpn.pulls(kor)
        jpn.destroys(first)
        jpn.unpacks(bag)
        assert files_with(jpn.folder, CANARY) == []
        assert jpn.rows("SELECT state FROM view") == [("destroyed",)]
        assert jpn.faults() == ()

    def test_a_relay_does_not_bring_it_back_and_is_told_nothing_by_itself(self, village: Village) -> None:
        """
        Who passes it on later cannot tell that it was here; persons may certify it to them too.
        """
        kor, jpn, aus = chain(village)
        village.joins(kor, aus)
        item = kor.releases(f"{ALL} {CANARY}", to=[JPN, AUS])
        jpn.catches_up(kor)
        aus.catches_up(kor)
        aus.destroys(item)
        jpn.clock.move(minutes=5)
        passes(jpn, item, AUS)
        aus.catches_up(jpn)
        assert files_with(aus.folder, CANARY) == []
        assert destructions_to(aus, JPN) == []
        assert aus.faults() == ()
        aus.clock.move(minutes=9)
        assert aus.destroys(item).told == (JPN,)
        assert (len(destructions_to(aus, JPN)), len(destructions_to(aus, KOR))) == (1, 1)
        assert aus.faults() == ()

    def test_a_withdrawal_that_comes_later_changes_nothing(self, village: Village) -> None:
        """
        It is kept; a void of what was destroyed is one too.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} {CANARY}", to=[JPN])
        jpn.pulls(kor)  # no receipt yet: the author will take the entry back
        jpn.destroys(item)
        kor.withdraws(item)
        jpn.catches_up(kor)
        assert jpn.rows("SELECT state FROM view") == [("destroyed",)]
        assert (kor.faults(), jpn.faults()) == ((), ())


class TestCutShort:
    @pytest.mark.parametrize("step", ["clear_log", "_certify", "erase"])
    def test_whoever_opens_the_node_next_goes_on(
        self, village: Village, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        """
        Whatever step it stopped at: no certificate before all is gone, and one certificate in the end.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} {LONG}", to=[JPN])
        jpn.catches_up(kor)
        with monkeypatch.context() as broken:

            def stop(*_: object, **__: object) -> None:
                raise StoreError("the disk fails")

            targets = {"clear_log": Database, "erase": type(jpn.home.blobs)}
            broken.setattr(targets.get(step, type(jpn.home.destroying(jpn.around))), step, stop)
            with pytest.raises(StoreError):
                jpn.destroys(item)
            assert destructions_to(jpn, KOR) == []
            assert [each.what for each in jpn.faults()] == [
                "it was cut short: it goes on when the node is opened next"
            ]
        jpn.reopen()
        assert files_with(jpn.folder, CANARY) == []
        assert len(destructions_to(jpn, KOR)) == 1
        assert jpn.rows("SELECT count(*) FROM erasing") == [(0,)]
        assert jpn.faults() == ()


class TestCheck:
    @pytest.mark.parametrize(
        ("sql", "what"),
        [
            (
                "UPDATE destruction SET destroyed_at = destroyed_at + 1",
                "its row says something else than it does",
            ),
            ("UPDATE destruction SET office = 'KOR@NATO'", "its row names another office than signed it"),
            ("UPDATE destruction SET item_id = zeroblob(32)", "its row says something else than it does"),
            ("DELETE FROM destroyed", "its bytes are missing, and nobody destroyed its item"),
            (
                "UPDATE destroyed SET certificate = NULL",
                "it was cut short: it goes on when the node is opened next",
            ),
            ("UPDATE view SET state = 'held', data = zeroblob(size_bytes)", "something of it is here"),
            ("INSERT INTO inbox SELECT view_key, item_id FROM view", "something of it is here"),
            (
                "UPDATE incoming_entry SET view_key = NULL, state = 'refused' WHERE view_key",
                "it did not come from",
            ),
        ],
    )
    def test_what_is_astray_is_found(self, village: Village, sql: str, what: str) -> None:
        """
        Of an item that was destroyed as of everything else.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        jpn.destroys(item)
        assert jpn.faults() == ()
        jpn.database.write(lambda db: db.run(sql))
        assert any(what in each.what for each in jpn.faults()), jpn.faults()
