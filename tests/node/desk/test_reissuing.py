# SPDX-License-Identifier: Apache-2.0
"""
Reissue as own, and what becomes of words that are repeated under a lower mark.
"""

from typing import Any

import pytest

from legation.errors import LegationError, MalformedError, RefusedError
from legation.formats.shipped import shipped_bytes
from legation.node.desk.reissuing import reissue_item
from legation.node.peers.accepting import add_policy
from legation.records import ReissuedRecord
from tests.node.pair import Node, Village, limit, unchanged

NATO, KOR = "NATO", "KOR@NATO"
WIDE, NARROW, HERE_ONLY = "(L//REL NATO, KOR, JPN, AUS)", "(C//REL NATO, KOR, JPN)", "(S//REL NATO, KOR)"
CANARY = "halcyon"


def reissues(node: Node, item: str) -> ReissuedRecord:
    """
    Begin a report with what an item says.
    """
    return reissue_item(
        item,
        node.office,
        card=node.card,
        database=node.database,
        blobs=node.home.blobs,
        around=node.around,
    )


def sent(village: Village, *paragraphs: str, title: str = "") -> tuple[Node, Node, str]:
    """
    Have NATO send KOR at NATO an item.
    """
    nato, kor = village.pair(NATO, KOR)
    item = nato.releases(*paragraphs, to=[KOR], title=title)
    kor.pulls(nato)
    return nato, kor, item


def quoting(mark: str, words: str, origin: str = NATO, more: str = "") -> bytes:
    """
    A report for the capital that repeats words.
    """
    return (
        f"kind: report\npolicy: EXERCISE\naction: KOR\n\n{mark} {{origin: {origin}}} {more}{words}\n".encode()
    )


class TestReissue:
    def test_each_paragraph_keeps_its_mark_and_names_whose_words_it_repeats(self, village: Village) -> None:
        """
        The link leads to the source, under the roll-up; what qualifies a statement stays with it.
        """
        _, kor, item = sent(
            village,
            f"{NARROW} {{grade: B2}} {{status: expected}} Seating.",
            f"{WIDE} Noon.",
            title="(O) Madrid",
        )
        found = reissues(kor, item)
        assert found.report == (
            "kind: report\n"
            "policy: EXERCISE\n"
            f"link: (C//REL KOR, JPN, NATO) {item}\n"
            "\n"
            "(C//REL KOR, JPN, NATO) {grade: B2} {status: expected} {origin: NATO} Seating.\n"
            "\n"
            "(L//REL KOR, JPN, AUS, NATO) {origin: NATO} Noon.\n"
        )
        assert (found.controlled, found.files, found.linked) == (0, 0, True)

    def test_what_is_written_can_be_composed_and_released(self, village: Village) -> None:
        """
        As it stands it keeps every mark.
        """
        _, kor, item = sent(village, f"{NARROW} Seating.", f"{WIDE} Noon.", f"{HERE_ONLY} Ours.")
        report = reissues(kor, item).report.replace("policy: EXERCISE\n", "policy: EXERCISE\naction: NATO\n")
        own = kor.lets_go(kor.writes_text(report)).item_id.hex()
        assert kor.states(own) == {NATO: "waiting"}
        assert kor.reads(own) == ["", "Seating.", "Noon.", "Ours."]

    def test_what_is_under_control_is_left_out_and_counted(self, village: Village) -> None:
        """
        Its tearline may be repeated, if nobody controls that.
        """
        _, kor, item = sent(
            village,
            f"{NARROW} {{originator-control}} {CANARY}.",
            f"{WIDE} {{tearline}} Somebody asked.",
            f"{NARROW} Seating.",
            f"{WIDE} {{tearline}} Places.",
            f"{WIDE} {{withheld}} A reason.",
        )
        found = reissues(kor, item)
        assert found.controlled == 1
        assert "Somebody asked." in found.report
        assert "Seating." in found.report
        for word in (CANARY, "Places.", "A reason.", "withheld", "tearline"):
            assert word not in found.report

    def test_a_quotation_in_it_stays_that_of_whoever_was_quoted(self, village: Village) -> None:
        """
        Their words are not said to be the author's.
        """
        _, kor, item = sent(village, f"{NARROW} {{origin: EU}} Said there.")
        assert "{origin: EU} Said there." in reissues(kor, item).report

    def test_what_the_readers_may_not_see_is_not_in_it(self, village: Village) -> None:
        """
        Nor counted.
        """
        _, kor, item = sent(village, f"{WIDE} Noon.", f"{HERE_ONLY} {{originator-control}} {CANARY}.")
        before = reissues(kor, item)
        assert before.controlled == 1
        limit(kor)
        after = reissues(kor, item)
        assert (after.controlled, CANARY in after.report, "Noon." in after.report) == (0, False, True)

    def test_nothing_to_repeat_what_is_ours_and_what_is_withdrawn_are_refused(self, village: Village) -> None:
        """
        Each by its name; and nothing is changed.
        """
        nato, kor, controlled = sent(village, f"{NARROW} {{originator-control}} {CANARY}.")
        ours = kor.releases(f"{NARROW} Ours.", to=[NATO])
        withdrawn = nato.releases(f"{NARROW} Noon.", to=[KOR])
        kor.pulls(nato)
        nato.withdraws(withdrawn)
        [(data,)] = nato.rows("SELECT data FROM withdrawal")
        kor.takes_in(data, nato)
        for item, match in (
            (controlled, "nothing of this item can be repeated"),
            (ours, "this item is ours"),
            (withdrawn, "withdrawn"),
        ):
            with unchanged(kor), pytest.raises(RefusedError, match=match):
                reissues(kor, item)
        with pytest.raises(MalformedError, match="no item of this reference or id"):
            reissues(kor, "0" * 64)

    def test_what_may_not_be_seen_is_refused_as_what_is_not_there(self, village: Village) -> None:
        """
        Word for word.
        """
        _, kor, item = sent(village, f"{HERE_ONLY} {CANARY}.")
        limit(kor)
        assert told(lambda: reissues(kor, item)) == told(lambda: reissues(kor, "0" * 64))


def told(act: Any) -> tuple[str, str, str]:
    """
    What whoever asked is told when it is refused.
    """
    with pytest.raises(LegationError) as error:
        act()
    return type(error.value).__name__, error.value.message, error.value.hint


class TestQuotations:
    @pytest.mark.parametrize(
        "mark",
        [
            "(O)",
            WIDE,
            "(L//REL NATO, KOR, JPN)",
            "(C//REL NATO, KOR, JPN, AUS)",
            "(S//REL NATO, KOR, JPN, AUS)",
            "(S)",
        ],
    )
    def test_words_under_a_lower_mark_are_refused_and_the_paragraph_named(
        self, village: Village, mark: str
    ) -> None:
        """
        A lower level, a longer list, or one that cannot be compared; nothing is kept.
        """
        _, kor, _ = sent(village, f"{NARROW} The seating was changed.")
        with unchanged(kor), pytest.raises(RefusedError) as error:
            kor.writes_text(quoting(mark, "The seating was changed."))
        assert error.value.message == (
            "par. 1: NATO marked these words (C//REL KOR, JPN, NATO), and they keep at least that"
        )

    @pytest.mark.parametrize(
        "mark",
        [NARROW, "(S//REL NATO, KOR, JPN)", "(C//REL NATO, KOR)", "(C//REL KOR)", "(C//HERON//REL KOR)"],
    )
    def test_words_under_the_same_or_a_narrower_mark_are_kept(self, village: Village, mark: str) -> None:
        """
        Who may see them may see the source.
        """
        _, kor, _ = sent(village, f"{NARROW} The seating was changed.")
        assert kor.writes_text(quoting(mark, "The seating was changed.")).portions

    @pytest.mark.parametrize(
        "words", ["seating was", "The  seating\nwas changed.", "The seating was changed."]
    )
    def test_a_part_of_a_paragraph_and_other_spaces_are_its_words(self, village: Village, words: str) -> None:
        """
        What is repeated need not be the whole of it.
        """
        _, kor, _ = sent(village, f"{NARROW} The seating was changed. Nobody knows why.")
        with pytest.raises(RefusedError, match="NATO marked these words"):
            kor.writes_text(quoting("(O)", words))

    def test_words_that_came_under_two_marks_may_have_either(self, village: Village) -> None:
        """
        Their author has given them to more readers; but not under a third.
        """
        _, kor, _ = sent(
            village, f"{NARROW} The seating was changed.", f"{WIDE} {{tearline}} The seating was changed."
        )
        assert kor.writes_text(quoting(WIDE, "The seating was changed.")).portions
        with pytest.raises(
            RefusedError, match=r"\(C//REL KOR, JPN, NATO\) or \(L//REL KOR, JPN, AUS, NATO\)"
        ):
            kor.writes_text(quoting("(O)", "The seating was changed."))

    def test_words_under_control_are_refused_under_any_mark(self, village: Village) -> None:
        """
        Or a report would carry away what may not be passed on.
        """
        _, kor, _ = sent(village, f"{NARROW} {{originator-control}} The seating was changed.")
        for more in ("", "{originator-control} "):
            with (
                unchanged(kor),
                pytest.raises(RefusedError, match=r"par\. 1: these words are under the control"),
            ):
                kor.writes_text(quoting(NARROW, "The seating was changed.", more=more))

    def test_a_note_for_people_on_the_mark_is_kept_too(self, village: Village) -> None:
        """
        It decides nothing, and is part of what they said.
        """
        _, kor, _ = sent(village, "(C//REL NATO, KOR, JPN//STAFF) The seating was changed.")
        with unchanged(kor), pytest.raises(RefusedError, match=r"\(C//REL KOR, JPN, NATO//STAFF\)"):
            kor.writes_text(quoting(NARROW, "The seating was changed."))
        for notes in ("STAFF", "STAFF/PROTOCOL"):
            mark = f"(C//REL NATO, KOR, JPN//{notes})"
            assert kor.writes_text(quoting(mark, "The seating was changed.")).portions

    def test_words_under_control_stay_so_whatever_narrower_mark_they_came_under_too(
        self, village: Village
    ) -> None:
        """
        What lets them go is a mark that is kept and that nobody controls.
        """
        _, kor, _ = sent(village, f"{NARROW} {{originator-control}} Seating.", f"{HERE_ONLY} Seating.")
        with unchanged(kor), pytest.raises(RefusedError, match="these words are under the control of NATO"):
            kor.writes_text(quoting(NARROW, "Seating."))
        assert kor.writes_text(quoting(HERE_ONLY, "Seating.")).portions

    def test_words_under_another_policy_are_refused(self, village: Village) -> None:
        """
        Marks of two policies are not compared.
        """
        _, kor, _ = sent(village, f"{NARROW} The seating was changed.")
        for by in ("administrator", "security officer"):
            add_policy(
                shipped_bytes("public-1"),
                by=by,
                own=None,
                received=None,
                card=kor.card,
                database=kor.database,
                blobs=kor.home.blobs,
                around=kor.around,
            )
        text = quoting("(P)", "The seating was changed.").replace(b"EXERCISE", b"PUBLIC")
        with unchanged(kor), pytest.raises(RefusedError, match="NATO marked these words"):
            kor.writes_text(text)

    def test_words_of_others_and_of_nobody_are_not_compared(self, village: Village) -> None:
        """
        Only what says whose it is, and what is held of them.
        """
        _, kor, _ = sent(village, f"{NARROW} The seating was changed.")
        assert kor.writes_text(quoting("(O)", "The seating was changed.", origin="EU")).portions
        assert kor.writes_text(quoting("(O)", "The seating was not changed.")).portions

    def test_what_others_quote_of_an_office_counts_as_its_words(self, village: Village) -> None:
        """
        By whichever item they came.
        """
        _, kor, _ = sent(village, f"{NARROW} {{origin: EU}} Said there.")
        with pytest.raises(RefusedError, match=r"par\. 1: EU marked these words"):
            kor.writes_text(quoting("(O)", "Said there.", origin="EU"))
        assert kor.writes_text(quoting("(O)", "Said there.", origin=NATO)).portions

    def test_words_in_a_long_view_are_found(self, village: Village) -> None:
        """
        Where it is a blob.
        """
        _, kor, _ = sent(village, f"{NARROW} {'Long. ' * 12_000}", f"{NARROW} The seating was changed.")
        with pytest.raises(RefusedError, match="NATO marked these words"):
            kor.writes_text(quoting("(O)", "The seating was changed."))

    def test_a_new_version_is_held_to_it_too(self, village: Village) -> None:
        """
        A correction cannot lower what the report before kept.
        """
        _, kor, _ = sent(village, f"{NARROW} Seating.")
        own = kor.lets_go(
            kor.writes_text(quoting(NARROW, "Seating.").replace(b"KOR\n", b"NATO\n"))
        ).item_id.hex()
        with unchanged(kor), pytest.raises(RefusedError, match="NATO marked these words"):
            kor.writes_text(quoting("(O)", "Seating."), replaces=own)

    def test_what_the_readers_may_not_see_is_not_compared(self, village: Village) -> None:
        """
        Or whoever writes could ask for words that they may not know.
        """
        _, kor, _ = sent(village, f"{HERE_ONLY} {CANARY}.")
        with pytest.raises(RefusedError):
            kor.writes_text(quoting("(O)", CANARY))
        limit(kor)
        assert kor.writes_text(quoting("(O)", CANARY)).portions
