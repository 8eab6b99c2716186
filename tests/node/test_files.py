# SPDX-License-Identifier: Apache-2.0

import hashlib
import random
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from legation.errors import MalformedError, ProofError, RefusedError, SignatureError
from legation.formats import markdown
from legation.formats.shipped import shipped, shipped_bytes
from legation.item.draft import Draft, DraftPortion
from legation.item.draws import SecretDraws
from legation.item.portion import Kind, Text, Withheld
from legation.item.signing import sign
from legation.item.view import inspect, verify
from legation.labels import Label, Policies, reference_to
from legation.node import files
from legation.node.files import (
    check_policy,
    compose,
    cut_item,
    find_policy,
    format_report,
    policies_with,
    preview_report,
    show,
)
from legation.node.surroundings import Surroundings
from legation.records import ItemRecord
from tests.stories.cast import (
    ADDRESSEES,
    AUTHOR,
    CAPITAL,
    CLEARANCES,
    COMMENT,
    DETAIL,
    FIRST_DRAFT,
    NOON,
    NOTHING,
    OWN,
    POLICIES,
    REMARKED,
    SUBJECT,
    SUMMARY,
    TEARLINE,
    around,
    card_of,
    keys_of,
)

KEYS = keys_of(AUTHOR)
CARDS = [card_of(AUTHOR)]
TWO_LANGUAGES = b"""kind: report
policy: EXERCISE

(O) {language: en} The seat.

(O) {translation: ko} \xec\xa2\x8c\xec\x84\x9d.

(O) {translation: fr, 2} Le fauteuil.
"""


def item_of(report: str | bytes, seed: int = 2022) -> bytes:
    """A report as the author's item."""
    data = report if isinstance(report, bytes) else report.encode()
    return compose(data, KEYS, POLICIES, around(seed)).item


def texts(record: ItemRecord) -> list[str]:
    """The texts of a record, in order."""
    return [getattr(each.portion, "text", "") for each in record.portions]


class TestCompose:
    def test_makes_an_item_that_the_authors_card_verifies(self) -> None:
        """
        The item says what the report says, in its order, and by whom and when.
        """
        composed = compose(REMARKED.encode(), KEYS, POLICIES, around())
        view = verify(composed.item, CARDS)
        assert [each.portion for each in view.portions] == [each.portion for each in composed.draft.portions]
        assert view.time == int(NOON.timestamp())
        assert str(view.author) == AUTHOR
        assert view.reference == composed.reference
        assert re.fullmatch(r"KOR@NATO 2022-[0-9A-Z]{4}-[0-9A-Z]{4}", composed.reference)

    def test_the_same_dice_give_the_same_bytes(self) -> None:
        """
        Nothing is read from the clock or the dice of this machine.
        """
        assert item_of(REMARKED) == item_of(REMARKED)

    def test_each_time_is_another_document(self) -> None:
        """
        With fresh dice the document, the nonce and every salt are others.
        """
        first, second = inspect(item_of(REMARKED, 1)), inspect(item_of(REMARKED, 2))
        assert first.document != second.document
        assert first.wire.header.nonce != second.wire.header.nonce
        salts = [{each.salt for each in found.wire.leaves} for found in (first, second)]
        assert not salts[0] & salts[1]

    def test_dice_that_repeat_themselves_repeat_no_salt(self) -> None:
        """
        On a cloned machine whose dice fall alike, another report still has other salts.
        """
        first, second = inspect(item_of(REMARKED)), inspect(item_of(FIRST_DRAFT))
        assert not {each.salt for each in first.wire.leaves} & {each.salt for each in second.wire.leaves}

    def test_no_slip_is_in_the_item(self) -> None:
        """
        Who else is addressed, and how soon, is not part of what is signed.
        """
        report = REMARKED.replace("precedence: priority", "precedence: flash\nattention: KOR: Zq7wanderer")
        assert b"Zq7wanderer" not in item_of(report)
        assert b"flash" not in item_of(report)

    def test_refuses_a_report_with_a_fault(self) -> None:
        """
        The faults are those of the report, the author's own party among them.
        """
        report = REMARKED.replace("(S//REL KOR) ", "") + "\n(S//REL JPN) Not ours.\n"
        with pytest.raises(MalformedError) as refused:
            compose(report.encode(), KEYS, POLICIES, around())
        assert refused.value.faults == (
            "line 16: no portion mark",
            "line 18: the list `Releasable To` leaves out KOR, the author's own party",
        )


class TestCutItem:
    @pytest.mark.parametrize("name", ADDRESSEES)
    def test_gives_what_the_clearance_allows(self, name: str) -> None:
        """
        The copy verifies, and a copy of it for the same reader is itself.
        """
        copy = cut_item(item_of(REMARKED), CLEARANCES[name], POLICIES, around())
        assert verify(copy, CARDS).document == inspect(item_of(REMARKED)).document
        assert cut_item(copy, CLEARANCES[name], POLICIES, around()) == copy

    def test_refuses_a_clearance_that_sees_nothing(self) -> None:
        """
        Whoever may see no paragraph is handed no bytes.
        """
        with pytest.raises(RefusedError):
            cut_item(item_of(REMARKED), NOTHING, POLICIES, around())

    def test_refuses_what_is_no_item_or_no_clearance(self) -> None:
        """
        Bytes that are not what they claim to be are refused on either side.
        """
        for item, clearance in ((b"{}", OWN), (OWN, OWN), (item_of(REMARKED), b"<a/>")):
            with pytest.raises(MalformedError):
                cut_item(item, clearance, POLICIES, around())

    def test_refuses_an_item_that_was_altered(self) -> None:
        """
        No copy is cut from bytes that do not lead to their root.
        """
        altered = item_of(REMARKED).replace(b"Tuesday", b"Tueszay")
        with pytest.raises(ProofError):
            cut_item(altered, OWN, POLICIES, around())


class TestShow:
    def test_shows_a_verified_copy(self) -> None:
        """
        With the author's card the record says who signed and how people name it.
        """
        composed = compose(REMARKED.encode(), KEYS, POLICIES, around())
        copy = cut_item(composed.item, CLEARANCES["JPN"], POLICIES, around())
        record = show(copy, POLICIES, CARDS)
        assert texts(record) == [SUBJECT, SUMMARY, DETAIL, COMMENT]
        assert [each.mark for each in record.portions] == [
            "(O)",
            "(L//REL KOR, JPN, AUS, NATO)",
            "(C//REL KOR, JPN, NATO)",
            "(S//REL KOR, JPN)",
        ]
        assert record.banner == "SECRET REL KOR, JPN"
        assert (record.verified, record.author, record.reference) == (True, AUTHOR, composed.reference)
        assert record.key_state == "current"
        assert record.time == "2022-06-24T12:00:00+00:00"
        assert record.item == composed.contents.item_id.hex()

    def test_shows_an_unverified_copy_as_such(self) -> None:
        """
        Without a card nothing is said of an author, for nobody knows.
        """
        record = show(item_of(REMARKED), POLICIES, [])
        assert texts(record) == [SUBJECT, SUMMARY, DETAIL, COMMENT, CAPITAL]
        assert (record.verified, record.author, record.reference, record.key_state) == (False, "", "", "")

    def test_paragraphs_have_one_code_in_every_copy(self) -> None:
        """
        Two readers who speak of a paragraph by its code speak of the same one.
        """
        codes: dict[str, set[str]] = {}
        for name in ADDRESSEES:
            copy = cut_item(item_of(REMARKED), CLEARANCES[name], POLICIES, around())
            for each in show(copy, POLICIES, CARDS).portions:
                codes.setdefault(getattr(each.portion, "text", ""), set()).add(each.code)
        assert [len(found) for found in codes.values()] == [1] * 5

    @pytest.mark.parametrize(
        ("languages", "said"),
        [
            ([], "The seat."),
            (["ko", "fr"], "좌석."),
            (["fr", "ko"], "Le fauteuil."),
            (["de"], "The seat."),
            (["de", "fr"], "Le fauteuil."),
        ],
    )
    def test_shows_the_readers_language(self, languages: list[str], said: str) -> None:
        """
        Of translations the reader's best language is shown, else the original.
        """
        assert texts(show(item_of(TWO_LANGUAGES), POLICIES, CARDS, languages)) == [said]

    def test_refuses_with_another_offices_card(self) -> None:
        """
        A card of somebody else is no card of the author.
        """
        with pytest.raises(SignatureError, match="author is not known"):
            show(item_of(REMARKED), POLICIES, [card_of("JPN@NATO")])

    @pytest.mark.parametrize("cards", [[], CARDS], ids=["unverified", "verified"])
    def test_refuses_an_altered_copy(self, cards: list[object]) -> None:
        """
        With or without a card, a copy that does not lead to its root is not shown.
        """
        with pytest.raises(ProofError):
            show(item_of(REMARKED).replace(b"Tuesday", b"Tueszay"), POLICIES, cards)  # type: ignore[arg-type]

    @pytest.mark.parametrize("cards", [[], CARDS], ids=["unverified", "verified"])
    def test_refuses_what_is_marked_under_an_unknown_policy(self, cards: list[object]) -> None:
        """
        Where the marks cannot be read the text is not shown; the policy is named so that it can be had.
        """
        with pytest.raises(RefusedError) as refused:
            show(item_of(REMARKED), Policies([shipped("tlp-2.0")]), cards)  # type: ignore[arg-type]
        assert refused.value.message == f"the policy {shipped('exercise-1').id} version 1 is not at hand"
        assert "--policy" in refused.value.hint

    def test_refuses_the_whole_if_one_portion_is_under_an_unknown_policy(self) -> None:
        """
        No half of a copy is shown as if it were the copy.
        """
        with pytest.raises(RefusedError):
            show(two_policies(), Policies([shipped("exercise-1")]), CARDS)
        assert texts(show(two_policies(), POLICIES, CARDS)) == ["Open.", "Red."]
        assert show(two_policies(), POLICIES, CARDS).banner == "OPEN / TLP:RED"

    def test_a_label_that_its_policy_does_not_allow_is_shown_to_nobody(self) -> None:
        """
        A signed label without the list that would close it verifies, is not shown and is cut for nobody.
        """
        item = signed(under("exercise-1", "SECRET", "Secret."))
        assert verify(item, CARDS).portions
        with pytest.raises(MalformedError, match="label is not valid in its policy"):
            show(item, POLICIES, CARDS)
        with pytest.raises(RefusedError):
            cut_item(item, OWN, POLICIES, around())

    def test_shows_a_withheld_line(self) -> None:
        """
        A reader who may only know that something is withheld sees that line and nothing else.
        """
        report = "kind: report\npolicy: EXERCISE\n\n(S//REL KOR) Full.\n\n(O) {withheld} Sources.\n"
        copy = cut_item(item_of(report), CLEARANCES["AUS"], POLICIES, around())
        assert [each.portion for each in show(copy, POLICIES, CARDS).portions] == [
            Withheld(reason="Sources.")
        ]


def under(policy: str, classification: str, words: str) -> DraftPortion:
    """A paragraph whose label has a classification and nothing else."""
    label = Label(policy_id=shipped(policy).id, classification=classification)
    return DraftPortion(label=label, portion=Text(text=words))


def signed(*portions: DraftPortion) -> bytes:
    """An item of these portions, by the author."""
    names = ["exercise-1", "tlp-2.0"][: len(portions)]
    draft = Draft(
        kind=Kind.REPORT,
        policies=tuple(reference_to(shipped(name)) for name in names),
        portions=portions,
    )
    return sign(
        draft,
        document=bytes(16),
        time=0,
        signer=KEYS.item_signer,
        draws=SecretDraws(KEYS.draws, bytes(32), draft.digest),
    )


def two_policies() -> bytes:
    """An item with a paragraph under each shipped policy."""
    return signed(under("exercise-1", "OPEN", "Open."), under("tlp-2.0", "RED", "Red."))


class TestFormatReport:
    def test_writes_the_one_form(self) -> None:
        """
        What was typed loosely comes out as it is printed, and does not change again.
        """
        loose = REMARKED.replace("(S//REL KOR, JPN)", "(s//rel jpn,kor)").replace("\n", "\r\n")
        tidy = format_report(loose.encode(), POLICIES)
        assert tidy == REMARKED.encode()
        assert format_report(tidy, POLICIES) == tidy

    def test_does_not_ask_for_anybodys_own_party(self) -> None:
        """
        Formatting has no author, so no list can leave them out.
        """
        report = b"kind: report\npolicy: EXERCISE\n\n(C//REL JPN) Theirs.\n"
        assert format_report(report, POLICIES) == report

    def test_refuses_a_report_with_a_fault(self) -> None:
        """
        What cannot be read is not written.
        """
        with pytest.raises(MalformedError, match="line 4: no portion mark"):
            format_report(b"kind: report\npolicy: EXERCISE\n\nUnmarked.\n", POLICIES)


class TestPreviewReport:
    def test_says_in_words_who_gets_what(self) -> None:
        """
        The record has each copy with its portions, reasons and changes, as the story tells them.
        """
        record = preview_report(FIRST_DRAFT.encode(), list(CLEARANCES.items()), POLICIES, around())
        draft = markdown.read(FIRST_DRAFT.encode(), POLICIES, party=None)
        assert record.draft == draft.digest.hex()
        assert [copy.addressee for copy in record.copies] == list(ADDRESSEES)
        detail, comment = record.copies[3].portions[2:4]
        assert (detail.portion, detail.showing, detail.why, detail.change) == (
            "par. 2",
            "withheld",
            "granted, not on the list",
            "nearest change: add AUS to Releasable To",
        )
        assert (comment.portion, comment.why) == ("par. 3", "list and level")

    def test_what_is_granted_proposes_nothing(self) -> None:
        """
        Only what is withheld has a change to propose.
        """
        record = preview_report(FIRST_DRAFT.encode(), list(CLEARANCES.items()), POLICIES, around())
        for copy in record.copies:
            for each in copy.portions:
                assert (each.why == "granted") is (each.showing != "withheld")
                assert bool(each.change) is (each.showing == "withheld")

    def test_asks_for_the_authors_party_only_if_there_is_an_author(self) -> None:
        """
        With the author's party its own lists are checked before anything is previewed.
        """
        report = b"kind: report\npolicy: EXERCISE\n\n(C//REL JPN) Theirs.\n"
        assert preview_report(report, [("JPN", CLEARANCES["JPN"])], POLICIES, around()).copies
        with pytest.raises(MalformedError, match="leaves out KOR"):
            preview_report(report, [("JPN", CLEARANCES["JPN"])], POLICIES, around(), party="KOR")

    @pytest.mark.parametrize("name", ["", " JPN", "J\u202ePN", "J\nPN", "J" * 257])
    def test_refuses_a_name_that_could_be_read_as_another(self, name: str) -> None:
        """
        An addressee's name is printed beside marks, so nothing invisible may stand in it.
        """
        with pytest.raises(MalformedError, match="reader name"):
            preview_report(REMARKED.encode(), [(name, CLEARANCES["JPN"])], POLICIES, around())


SUCCESSOR = shipped_bytes("exercise-1").replace(b'version="1"\n', b'version="2"\n')


class TestPolicies:
    def test_the_shipped_ones_are_always_there(self) -> None:
        """
        Without a file of one's own the shipped policies are at hand.
        """
        assert {policy.name for policy in policies_with([])} == {"EXERCISE", "TLP 2.0"}

    def test_a_file_stands_beside_them(self) -> None:
        """
        A successor is another policy; what was written under the old one is still read under the old one.
        """
        policies = policies_with([SUCCESSOR])
        assert [policy.version for policy in policies if policy.name == "EXERCISE"] == [1, 2]
        assert show(item_of(REMARKED), policies, CARDS).banner == "SECRET REL KOR"
        newer = compose(REMARKED.encode(), KEYS, policies, around())
        assert {layer.policy.digest for layer in newer.contents.layers} == {
            hashlib.sha256(SUCCESSOR).digest()
        }

    def test_the_same_file_twice_is_one_policy(self) -> None:
        """
        Giving a shipped policy again changes nothing.
        """
        assert len(list(policies_with([shipped_bytes("exercise-1")] * 2))) == 2

    def test_refuses_two_that_claim_to_be_one(self) -> None:
        """
        A file that calls itself a shipped policy and has other bytes is refused.
        """
        with pytest.raises(MalformedError, match="two different policies claim to be EXERCISE 1"):
            policies_with([shipped_bytes("exercise-1") + b"\n"])

    def test_a_policy_is_found_by_name_or_by_path(self, tmp_path: Path) -> None:
        """
        A shipped one by its name, any other by its file.
        """
        (tmp_path / "two.xml").write_bytes(SUCCESSOR)
        assert find_policy("EXERCISE", policies_with([])) == shipped("exercise-1")
        assert find_policy(str(tmp_path / "two.xml"), policies_with([])).version == 2
        with pytest.raises(FileNotFoundError):
            find_policy("exercise", policies_with([]))

    def test_a_strict_reading_refuses_what_a_lenient_one_forgives(self) -> None:
        """
        What was forgiven is listed, and without leave nothing is forgiven.
        """
        odd = shipped_bytes("tlp-2.0").replace(b"#ffc000", b"#FFC000")
        with pytest.raises(MalformedError) as refused:
            check_policy(odd, lenient=False)
        assert refused.value.faults == check_policy(odd, lenient=True).faults
        assert check_policy(shipped_bytes("tlp-2.0"), lenient=False).faults == ()


def test_the_clock_and_the_dice_are_asked_and_nothing_else() -> None:
    """
    Everything that signing needs of the world comes through the surroundings it is given.
    """
    asked: list[int] = []
    dice = random.Random(3)

    def draw(size_bytes: int) -> bytes:
        asked.append(size_bytes)
        return dice.randbytes(size_bytes)

    composed = compose(REMARKED.encode(), KEYS, POLICIES, Surroundings(now=lambda: NOON, random=draw))
    assert sorted(asked) == [16, 32]
    assert TEARLINE.encode() in composed.item


def test_the_module_says_what_it_offers() -> None:
    """
    The use cases on files are those that the command line has.
    """
    offered = {
        "compose",
        "cut_item",
        "show",
        "format_report",
        "preview_report",
        "find_policy",
        "check_policy",
    }
    assert offered <= set(dir(files))


def test_a_clone_that_signs_one_draft_at_two_times_repeats_no_hash() -> None:
    """
    Where the random generator repeats itself, two items of one draft still share no drawn byte.
    """
    report = b"kind: report\npolicy: EXERCISE\n\n(O) For all.\n\n(S) For us.\n"
    times = (datetime.fromtimestamp(at, UTC) for at in (1_790_000_000, 1_790_000_001))
    clock = Surroundings(now=times.__next__, random=bytes)
    made = [compose(report, KEYS, policies_with([]), clock).contents.wire for _ in range(2)]
    drawn = [{wire.header.nonce, *wire.proof, *(each.salt for each in wire.leaves)} for wire in made]
    assert not drawn[0] & drawn[1]
