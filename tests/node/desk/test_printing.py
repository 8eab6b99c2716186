# SPDX-License-Identifier: Apache-2.0

import pytest
from msgspec.structs import replace as changed

from legation.errors import MalformedError, RefusedError, StoreError
from legation.item.draft import Slip
from legation.log import LogKind
from legation.node.desk.passing import pass_on
from legation.store.sqlite import logbook
from tests.cli.ends import CANARY
from tests.node.on_paper import knows_on_paper, prints, says, texts
from tests.node.pair import Node, Village, limit, unchanged

AUS, JPN, KOR = "AUS@NATO", "JPN@NATO", "KOR@NATO"
SEEN, MORE = "(L//REL KOR, AUS) Seen.", "(C//REL KOR, AUS) More."


@pytest.fixture
def kor(village: Village) -> Node:
    """KOR at NATO, with AUS at NATO on paper."""
    node = village.node(KOR)
    knows_on_paper(node, AUS)
    return node


def kinds(node: Node) -> list[LogKind]:
    """What stands in the log of a node, without when."""
    return [each.kind for each in node.log()]


def passes_on(node: Node, item: str, office: str) -> None:
    """Pass an item of another office on."""
    pass_on(
        item,
        slips=[Slip(addressee=office)],
        by="releasing officer",
        seen=None,
        card=node.card,
        database=node.database,
        blobs=node.home.blobs,
        around=node.around,
    )


class TestDecision:
    def test_what_goes_is_what_was_approved_and_is_permitted_now(self, kor: Node) -> None:
        """
        Of what was granted since nothing goes that nobody approved; of what was taken away, nothing.
        """
        kor.grants(AUS, "LIMITED")
        item = kor.releases(SEEN, MORE, to=[AUS])
        kor.grants(AUS, "SECRET")
        assert texts(prints(kor, item, AUS)) == ["Seen."]
        other = kor.releases(SEEN, MORE, to=[AUS], title="(O) Another")
        kor.grants(AUS, "LIMITED")
        assert texts(prints(kor, other, AUS)) == ["Another", "Seen."]
        assert kor.faults() == ()

    def test_whoever_prints_reads_it_so_nothing_goes_that_they_may_not_see(self, kor: Node) -> None:
        """
        The mission's own people are cleared to less than the addressee.
        """
        item = kor.releases(SEEN, MORE, to=[AUS])
        limit(kor)
        assert texts(prints(kor, item, AUS)) == ["Seen."]

    def test_a_grant_that_ended_by_its_date_ends_printing(self, kor: Node) -> None:
        """
        Nobody need notice before: it is decided when it is printed, also again.
        """
        kor.grants(AUS, "SECRET", not_after=kor.clock.at.replace(year=kor.clock.at.year + 1))
        first, second = kor.releases(SEEN, to=[AUS]), kor.releases(MORE, to=[AUS])
        prints(kor, first, AUS)
        kor.clock.move(days=400)
        with pytest.raises(RefusedError, match="may not go as it is any more"):
            prints(kor, first, AUS)
        with pytest.raises(RefusedError, match="nothing of what was approved is permitted now"):
            prints(kor, second, AUS)

    def test_a_newer_version_goes_if_it_says_something_new_to_them(self, kor: Node) -> None:
        """
        Held against what stands on the paper that they have.
        """
        first = kor.releases(SEEN, "(S//REL KOR) Hidden.", to=[AUS])
        prints(kor, first, AUS)
        second = kor.corrects(first, SEEN, "(S//REL KOR) Hidden otherwise.", to=[AUS])
        with pytest.raises(RefusedError, match="it says to them what they have"):
            prints(kor, second, AUS)
        third = kor.corrects(second, SEEN, MORE, to=[AUS])
        assert texts(prints(kor, third, AUS)) == ["Seen.", "More."]
        assert kor.faults() == ()

    def test_what_was_destroyed_is_nothing_they_have(self, kor: Node) -> None:
        """
        It waits again, and goes though a newer version says the same to them; withdrawn, the newer one goes.
        """
        first = kor.releases(SEEN, "(S//REL KOR) Hidden.", to=[AUS])
        prints(kor, first, AUS)
        second = kor.corrects(first, SEEN, "(S//REL KOR) Hidden otherwise.", to=[AUS])
        says(kor, first, AUS)
        assert prints(kor, first, AUS).record.copy == 2
        kor.withdraws(first)
        with pytest.raises(RefusedError):
            prints(kor, first, AUS)
        assert texts(prints(kor, second, AUS)) == ["Seen."]
        assert kor.faults() == ()

    def test_an_item_of_another_office_is_passed_on_on_paper(self, village: Village) -> None:
        """
        Cut from the view that was approved, without what its originator controls; and it says who wrote it.
        """
        kor, jpn = village.pair(KOR, JPN)
        knows_on_paper(kor, AUS)
        item = jpn.releases(
            "(L//REL KOR, AUS, JPN) Lunch.",
            "(L//REL KOR, AUS, JPN, NATO) {originator-control} Mine.",
            to=[KOR],
        )
        kor.catches_up(jpn)
        passes_on(kor, item, AUS)
        found = prints(kor, item, AUS)
        assert texts(found) == ["Lunch."]
        assert found.sheet.lines[0] == "From: JPN@NATO; passed on by KOR@NATO"
        assert prints(kor, item, AUS).sheet == found.sheet
        with unchanged(kor), pytest.raises(RefusedError, match="they have all of it already"):
            passes_on(kor, item, AUS)
        assert kor.faults() == ()

    @pytest.mark.parametrize("office", [AUS, JPN])
    def test_other_offices_do_not_show(self, kor: Node, office: str) -> None:
        """
        Each has a copy 1, and the other's name stands on neither.
        """
        knows_on_paper(kor, JPN)
        item = kor.releases("(L//REL KOR, AUS, JPN) Seen.", to=[AUS, JPN])
        found = {each: prints(kor, item, each) for each in (AUS, JPN)}[office]
        assert found.sheet.copy == f"Copy 1 for {office}"
        other = next(each for each in (AUS, JPN) if each != office)
        assert other not in repr(found.sheet)


class TestOrder:
    def test_a_copy_is_in_the_store_and_the_log_before_it_is_given_out(self, kor: Node) -> None:
        """
        And what was said of it is too.
        """
        item = kor.releases(SEEN, to=[AUS])
        before = len(kinds(kor))
        prints(kor, item, AUS)
        says(kor, item, AUS)
        prints(kor, item, AUS)
        says(kor, item, AUS, to="their registry")
        assert kinds(kor)[before:] == [
            LogKind.PRINTED,
            LogKind.DESTROYED,
            LogKind.PRINTED,
            LogKind.HANDED_OVER,
        ]

    def test_if_it_cannot_be_written_down_nothing_is_given_out(
        self, kor: Node, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        All of it is one change.
        """
        item = kor.releases(SEEN, to=[AUS])

        def full(*_: object) -> None:
            raise StoreError("the disk is full")

        with unchanged(kor), monkeypatch.context() as patch:
            patch.setattr(logbook, "append", full)
            with pytest.raises(StoreError):
                prints(kor, item, AUS)
        assert prints(kor, item, AUS).record.copy == 1

    def test_without_the_bytes_of_an_attachment_there_is_no_copy(self, kor: Node) -> None:
        """
        It would be a copy that lacks something.
        """
        text = f"kind: report\npolicy: EXERCISE\naction: {AUS}\n\n{SEEN}\n\n(L//REL KOR, AUS) {{attachment: Plan.pdf}}\n"
        item = kor.lets_go(kor.writes_text(text, files={"Plan.pdf": b"plan"})).item_id.hex()
        kor.runs("DELETE FROM attachment")
        with unchanged(kor), pytest.raises(StoreError, match="bytes of an attachment are not here"):
            prints(kor, item, AUS)

    def test_two_attachments_of_one_name_have_their_codes_before_it(self, kor: Node) -> None:
        """
        Neither takes the place of the other.
        """
        named = "{attachment: Plan.pdf}"
        text = f"kind: report\npolicy: EXERCISE\naction: {AUS}\n\n(O) {named}\n\n(L//REL KOR, AUS) {named}\n"
        item = kor.lets_go(kor.writes_text(text, files={"Plan.pdf": b"plan"})).item_id.hex()
        found = prints(kor, item, AUS)
        codes = [each.code for each in found.sheet.paragraphs]
        assert [each.name for each in found.attached] == [f"{code} Plan.pdf" for code in codes]
        assert [b"".join(each.pieces) for each in found.attached] == [b"plan", b"plan"]


class TestLanguages:
    def test_a_copy_keeps_the_languages_it_was_printed_in(self, kor: Node) -> None:
        """
        Printed again without them it is the same; in others it is refused.
        """
        item = kor.releases("(O) {language: en} In one.", "(O) {translation: ko, 1} In another.", to=[AUS])
        found = prints(kor, item, AUS, languages=("ko",))
        assert texts(found) == ["In another."]
        assert prints(kor, item, AUS).sheet == found.sheet
        with unchanged(kor), pytest.raises(RefusedError, match="in other languages"):
            prints(kor, item, AUS, languages=("en",))

    def test_what_is_no_language_is_refused(self, kor: Node) -> None:
        """
        Before anything is printed.
        """
        item = kor.releases(SEEN, to=[AUS])
        for wrong in (("a b",), ("ü",), ("en",) * 9):
            with unchanged(kor), pytest.raises(MalformedError):
                prints(kor, item, AUS, languages=wrong)


class TestMissing:
    def test_an_item_that_the_printer_may_not_see_is_answered_as_one_that_is_not_there(
        self, kor: Node
    ) -> None:
        """
        Word for word.
        """
        item = kor.releases(f"(S//REL KOR, AUS) {CANARY}.", to=[AUS])
        limit(kor)
        told = []
        for each in (item, "0" * 64):
            with unchanged(kor), pytest.raises(MalformedError) as refused:
                prints(kor, each, AUS)
            told.append((refused.value.message, refused.value.hint))
        assert told[0] == told[1]

    def test_what_is_stopped_is_not_printed(self, kor: Node) -> None:
        """
        What waits goes on to wait.
        """
        item = kor.releases(SEEN, to=[AUS])
        kor.runs("UPDATE peer SET link = 'paused'")
        with unchanged(kor), pytest.raises(RefusedError, match="stopped"):
            prints(kor, item, AUS)
        assert kor.deliveries(item)[0].why == "the link is stopped"


def test_what_was_printed_and_is_another_by_now_is_not_given_out(kor: Node) -> None:
    """
    The copy is cut again and held against what was written down of it.
    """
    item = kor.releases(SEEN, MORE, to=[AUS])
    prints(kor, item, AUS)
    kor.runs("DELETE FROM printed_layer WHERE access_id = (SELECT max(access_id) FROM printed_layer)")
    with pytest.raises(StoreError, match="cannot be made again"):
        prints(kor, item, AUS)


def test_the_same_copy_is_printed_from_the_same_rules(kor: Node) -> None:
    """
    A clock that went on changes nothing on the paper.
    """
    item = kor.releases(SEEN, to=[AUS])
    found = prints(kor, item, AUS)
    kor.clock.move(days=3)
    again = prints(kor, item, AUS)
    assert again.sheet == found.sheet
    assert again.record == changed(found.record, again=True)


def test_what_is_invisible_or_changes_direction_is_spelled_out_on_paper(kor: Node) -> None:
    """
    In texts and in what qualifies them: what is printed is all there is.
    """
    item = kor.releases("(O) {source: an\u2066 officer} Up\u202eside.", to=[AUS])
    [paragraph] = prints(kor, item, AUS).sheet.paragraphs
    assert paragraph.text == "Up<U+202E>side."
    assert paragraph.about == ("source: an<U+2066> officer",)
