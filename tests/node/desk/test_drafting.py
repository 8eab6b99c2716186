# SPDX-License-Identifier: Apache-2.0

import pytest

from legation.errors import MalformedError
from legation.node.desk.approving import approvable
from legation.node.desk.drafting import (
    PREFIX_LENGTH_MIN,
    find_draft,
    preview_draft,
    store_draft,
    typed_digest,
)
from legation.node.rules import RuleBook
from legation.records import PreviewRecord
from legation.store.sqlite.database import Writing
from tests.node.pair import Node, Village, report, unchanged

KOR, JPN, AUS = "KOR@NATO", "JPN@NATO", "AUS@NATO"
SECRET = "(S//REL KOR, JPN)"


def previewed(kor: Node, text: str) -> PreviewRecord:
    """The preview of what a person typed."""
    return preview_draft(text, card=kor.card, database=kor.database, blobs=kor.home.blobs, around=kor.around)


class TestStore:
    def test_the_same_report_is_the_same_draft(self, village: Village) -> None:
        """
        Kept twice it is there once, as it was written first.
        """
        kor, _ = village.pair(KOR, JPN)
        first = kor.writes(f"{SECRET} Words.", to=[JPN])
        with unchanged(kor):
            kor.clock.move(days=1)
            assert kor.writes(f"{SECRET} Words.", to=[JPN]) == first

    def test_a_report_with_faults_is_not_kept(self, village: Village) -> None:
        """
        Every fault is told by its line; nothing is stored, and no word of it is told.
        """
        kor, _ = village.pair(KOR, JPN)
        with unchanged(kor), pytest.raises(MalformedError) as found:
            kor.writes("(S//REL JPN) Zq7wanderer.", "Zq7wanderer unmarked.", to=[JPN])
        assert found.value.faults == (
            "line 5: the list `Releasable To` leaves out KOR, the author's own party",
            "line 7: no portion mark",
        )

    def test_a_report_under_a_policy_that_is_not_accepted_is_refused(self, village: Village) -> None:
        """
        A node writes under its own policies only.
        """
        kor, _ = village.pair(KOR, JPN)
        with unchanged(kor), pytest.raises(MalformedError):
            kor.writes_text(report("(LOW) Words.", policy="TOY", to=[JPN]))

    @pytest.mark.parametrize("name", ["", "a\nb", "\u200b"])
    def test_whoever_writes_has_a_name(self, village: Village, name: str) -> None:
        """
        What is written down as a name can be read as one.
        """
        kor, _ = village.pair(KOR, JPN)
        with unchanged(kor), pytest.raises(MalformedError, match="name"):
            store_draft(
                report(f"{SECRET} Words."),
                by=name,
                card=kor.card,
                database=kor.database,
                blobs=kor.home.blobs,
                around=kor.around,
            )


class TestFind:
    def test_a_draft_is_found_by_the_beginning_of_its_id(self, village: Village) -> None:
        """
        Eight characters are enough, in either case; fewer are not.
        """
        kor, _ = village.pair(KOR, JPN)
        draft = kor.writes(f"{SECRET} Words.", to=[JPN])
        digest = draft.digest.hex()
        with kor.database.read() as db:
            for length in (PREFIX_LENGTH_MIN, 9, 63, 64):
                assert find_draft(db, digest[:length].upper()) == draft
            for text in (digest[: PREFIX_LENGTH_MIN - 1], digest + "0", digest[1:], f" {digest}", ""):
                with pytest.raises(MalformedError, match="no draft of this id"):
                    find_draft(db, text)

    def test_a_beginning_of_two_drafts_names_none(self, village: Village) -> None:
        """
        Which of two is meant is never guessed.
        """
        kor, _ = village.pair(KOR, JPN)
        kor.writes(f"{SECRET} Words.", to=[JPN])
        kor.writes(f"{SECRET} Other words.", to=[JPN])

        def alike(db: Writing) -> None:
            db.run("PRAGMA defer_foreign_keys = 1")
            for place, (digest,) in enumerate(list(db.rows("SELECT digest FROM draft"))):
                new = bytes(31) + bytes([place])
                db.run("UPDATE draft SET digest = ? WHERE digest = ?", (new, digest))
                db.run("UPDATE draft_piece SET digest = ? WHERE digest = ?", (new, digest))

        kor.database.write(alike)
        with kor.database.read() as db, pytest.raises(MalformedError, match="more than one draft"):
            find_draft(db, "0" * 8)


class TestPreview:
    def test_each_addressee_is_shown_what_its_grant_gives(self, village: Village) -> None:
        """
        The preview of a stored draft is worked out from the grants, and has an id of its own.
        """
        kor, _, _ = village.star(KOR, JPN, AUS)
        kor.grants(AUS, "CONFIDENTIAL")
        draft = kor.writes(f"{SECRET} Words.", "(C//REL KOR, JPN, AUS) More.", to=[JPN, AUS, "FRA@NATO"])
        with unchanged(kor):
            found = previewed(kor, draft.digest.hex())
        shown = {copy.addressee: [each.showing for each in copy.portions] for copy in found.copies}
        assert shown == {
            JPN: ["shown", "shown"],
            AUS: ["withheld", "shown"],
            "FRA@NATO": ["withheld", "withheld"],
        }
        assert [copy.empty for copy in found.copies] == [False, False, True]
        assert len(found.preview) == 64

    def test_its_id_changes_with_what_anybody_would_get_and_with_nothing_else(self, village: Village) -> None:
        """
        A wider grant that gives no more is no other preview; one that gives less is.
        """
        kor, _ = village.pair(KOR, JPN)
        draft = kor.writes("(C//REL KOR, JPN) Words.", to=[JPN]).digest.hex()
        first = previewed(kor, draft).preview
        kor.grants(JPN, "CONFIDENTIAL")
        assert previewed(kor, draft).preview == first
        kor.grants(JPN, "LIMITED")
        assert previewed(kor, draft).preview != first

    def test_a_grant_that_has_run_out_counts_no_more(self, village: Village) -> None:
        """
        The preview is of now, also if nobody has noticed the date yet.
        """
        kor, _ = village.pair(KOR, JPN)
        kor.grants(JPN, not_after=kor.clock())
        draft = kor.writes("(C//REL KOR, JPN) Words.", to=[JPN]).digest.hex()
        assert not previewed(kor, draft).copies[0].empty
        kor.clock.move(seconds=1)
        assert previewed(kor, draft).copies[0].empty

    def test_what_is_approved_is_exactly_what_is_shown(self, village: Village) -> None:
        """
        The labels that a release writes down are those of the portions in the copy.
        """
        kor, _, _ = village.star(KOR, JPN, AUS)
        draft = kor.writes(f"{SECRET} Words.", "(C//REL KOR, JPN, AUS) More.", to=[JPN, AUS])
        with kor.database.read() as db:
            found = approvable(draft, RuleBook(kor.card, kor.around).at(db))
        for copy in found.preview.copies:
            shown = {
                each.label
                for each, outcome in zip(draft.portions, copy.portions, strict=True)
                if outcome.decision.permitted
            }
            assert {label for _, label in found.by_office[copy.addressee].layers} == shown

    @pytest.mark.parametrize(("to", "told"), [((), "no addressees"), ((KOR,), "its own office")])
    def test_a_draft_for_nobody_or_for_its_own_office_is_refused(
        self, village: Village, to: tuple[str, ...], told: str
    ) -> None:
        """
        There is nothing to preview.
        """
        kor, _ = village.pair(KOR, JPN)
        draft = kor.writes(f"{SECRET} Words.", to=to)
        with pytest.raises(MalformedError, match=told):
            previewed(kor, draft.digest.hex())


@pytest.mark.parametrize("text", ["", "0" * 63, "0" * 65, "zz" * 32, "0" * 8, "\u0660" * 64])
def test_the_id_of_a_preview_is_typed_whole(text: str) -> None:
    """
    A beginning of it is not enough: it stands for what was seen.
    """
    assert typed_digest("0" * 64) == bytes(32)
    with pytest.raises(MalformedError, match="no id of a preview"):
        typed_digest(text)
