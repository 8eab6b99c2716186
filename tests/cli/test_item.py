# SPDX-License-Identifier: Apache-2.0

import random
import re

import msgspec
import pytest

from legation.item.draft import Draft, DraftPortion
from legation.item.draws import SecretDraws
from legation.item.portion import Kind, Text
from legation.item.signing import sign
from legation.item.view import inspect
from legation.labels import parse_mark, reference_to
from legation.records import ItemRecord
from tests.cli.ends import CANARY, as_json, done, refused
from tests.cli.toy import REPORT as TOY_REPORT
from tests.cli.toy import TOY
from tests.cli.toy import clearance as toy_clearance
from tests.formats.drafts import EXERCISE
from tests.stories.cast import (
    AUTHOR,
    CAPITAL,
    COMMENT,
    DETAIL,
    NOON,
    SUBJECT,
    SUMMARY,
    Desk,
    card_bytes_of,
    keys_of,
)


@pytest.fixture
def signed(desk: Desk) -> Desk:
    """
    The desk after the report was signed.
    """
    desk.compose()
    return desk


def item_saying(*words: str) -> bytes:
    """An item with these open paragraphs, as a peer might sign it."""
    keys = keys_of(AUTHOR)
    draft = Draft(
        kind=Kind.REPORT,
        policies=(reference_to(EXERCISE),),
        portions=tuple(
            DraftPortion(label=parse_mark(EXERCISE, "(O)"), portion=Text(text=each)) for each in words
        ),
    )
    return sign(
        draft,
        document=bytes(16),
        time=int(NOON.timestamp()),
        signer=keys.item_signer,
        draws=SecretDraws(keys.draws, bytes(32), draft.digest),
    )


class TestCut:
    def test_writes_the_copy_and_says_its_size(self, signed: Desk) -> None:
        """
        The copy is a view that holds less than the item.
        """
        said = done(signed, "cut", "report.item", "--clearance", "AUS.xml", "-o", "aus.view").out
        assert said == f"aus.view: {len(signed.read('aus.view'))} bytes\n"
        assert len(inspect(signed.read("aus.view")).layers) == 2

    def test_says_the_same_in_json(self, signed: Desk) -> None:
        """
        A script learns where the copy is.
        """
        found = as_json(signed, "cut", "report.item", "--clearance", "AUS.xml", "-o", "aus.view")
        assert found == {"view": "aus.view", "size_bytes": len(signed.read("aus.view"))}

    def test_refuses_a_clearance_that_sees_nothing(self, signed: Desk) -> None:
        """
        Whoever may see nothing of the body is refused by policy, and there is no file.
        """
        told = refused(signed, 1, "cut", "report.item", "--clearance", "nothing.xml", "-o", "eu.view")
        assert told == "legation: nothing of the item's body may be shown\n"

    def test_refuses_a_clearance_under_another_policy(self, signed: Desk) -> None:
        """
        What is granted under other rules is worth nothing here.
        """
        signed.write("toy.xml", toy_clearance("LOW", "HIGH"))
        refused(signed, 1, "cut", "report.item", "--clearance", "toy.xml", "-o", "toy.view")

    def test_keeps_a_copy_that_is_there_if_it_is_refused(self, signed: Desk) -> None:
        """
        A refusal does not take the place of an older copy.
        """
        signed.cut("AUS")
        refused(signed, 1, "cut", "report.item", "--clearance", "nothing.xml", "-o", "AUS.view")

    @pytest.mark.parametrize("output", ["report.item", "AUS.xml", "./report.item"])
    def test_refuses_to_write_over_what_it_reads(self, signed: Desk, output: str) -> None:
        """
        The copy does not take the place of the item, of which there is no second one.
        """
        told = refused(signed, 2, "cut", "report.item", "--clearance", "AUS.xml", "-o", output)
        assert "expected another name for the output" in told

    def test_refuses_an_item_that_was_altered(self, signed: Desk) -> None:
        """
        Nothing is cut from bytes that do not hold together.
        """
        signed.write("report.item", signed.read("report.item").replace(b"Tuesday", b"Tueszay"))
        refused(signed, 3, "cut", "report.item", "--clearance", "AUS.xml", "-o", "aus.view")

    @pytest.mark.parametrize("name", ["report.md", "kor.keys", "kor.card", "AUS.xml"])
    def test_refuses_what_is_no_item(self, signed: Desk, name: str) -> None:
        """
        Only an item or a copy can be cut.
        """
        refused(signed, 2, "cut", name, "--clearance", "own.xml", "-o", "x.view")

    @pytest.mark.parametrize("name", ["report.md", "kor.keys", "report.item"])
    def test_refuses_what_is_no_clearance(self, signed: Desk, name: str) -> None:
        """
        Without a clearance that can be read nothing is cut.
        """
        refused(signed, 2, "cut", "report.item", "--clearance", name, "-o", "x.view")


class TestShow:
    def test_prints_the_sheet_of_a_verified_copy(self, signed: Desk) -> None:
        """
        Banner, reference, author, each portion with its mark and code, and the banner again.
        """
        signed.cut("AUS")
        lines = done(signed, "show", "AUS.view", "--card", "kor.card").out.splitlines()
        codes = [each.code for each in inspect(signed.read("AUS.view")).portions]
        reference = lines.pop(2)
        assert re.fullmatch(r"KOR@NATO 20\d\d-\w{4}-\w{4}   report   20\d\d-\S+\+00:00", reference)
        assert lines == [
            "LIMITED REL KOR, JPN, AUS, NATO",
            "",
            "verified: signed by KOR@NATO",
            "",
            f"(O) Subject: {SUBJECT}",
            f"  [{codes[0]}]",
            "",
            f"(L//REL KOR, JPN, AUS, NATO) {SUMMARY}",
            f"  [{codes[1]}]",
            "",
            "LIMITED REL KOR, JPN, AUS, NATO",
        ]

    def test_says_that_it_is_not_verified_without_a_card(self, signed: Desk) -> None:
        """
        Without a card the sheet says so in capitals, and names no author and no reference.
        """
        said = done(signed, "show", "report.item").out
        assert "NOT VERIFIED: no card was given to hold it against (--card)\n" in said
        assert "KOR@NATO" not in said
        found = as_json(signed, "show", "report.item")
        assert found["verified"] is False
        assert not {"author", "reference", "key_state"} & set(found)

    def test_gives_the_record_in_json(self, signed: Desk) -> None:
        """
        A script receives the portions as they are in the item, and who signed.
        """
        found = msgspec.convert(as_json(signed, "show", "report.item", "--card", "kor.card"), ItemRecord)
        assert (found.verified, found.author, found.key_state) == (True, AUTHOR, "current")
        texts = [getattr(each.portion, "text", "") for each in found.portions]
        assert texts == [SUBJECT, SUMMARY, DETAIL, COMMENT, CAPITAL]

    def test_writes_nothing(self, signed: Desk) -> None:
        """
        Looking at an item leaves no trace beside it.
        """
        before = signed.state()
        done(signed, "show", "report.item", "--card", "kor.card")
        assert signed.state() == before

    def test_one_of_several_cards_is_enough(self, signed: Desk) -> None:
        """
        All pinned cards may be given; the author's is found among them.
        """
        signed.write("jpn.card", card_bytes_of("JPN@NATO"))
        said = done(signed, "show", "report.item", "--card", "jpn.card", "--card", "kor.card").out
        assert "verified: signed by KOR@NATO\n" in said

    def test_refuses_with_the_wrong_card(self, signed: Desk) -> None:
        """
        With somebody else's card nothing is shown at all.
        """
        signed.write("jpn.card", card_bytes_of("JPN@NATO"))
        told = refused(signed, 3, "show", "report.item", "--card", "jpn.card")
        assert told.startswith("legation: author is not known\n")
        assert "comparing its words" in told

    def test_refuses_an_altered_copy_with_and_without_a_card(self, signed: Desk) -> None:
        """
        A text that was altered on the way is not shown to anybody.
        """
        signed.write("altered", signed.read("report.item").replace(b"Tuesday", b"Tueszay"))
        refused(signed, 3, "show", "altered")
        refused(signed, 3, "show", "altered", "--card", "kor.card")

    @pytest.mark.parametrize("name", ["report.md", "kor.keys", "AUS.xml", "kor.card"])
    def test_refuses_what_is_no_copy(self, signed: Desk, name: str) -> None:
        """
        Only an item or a copy can be shown.
        """
        refused(signed, 2, "show", name)

    def test_shows_nothing_under_a_policy_that_is_not_at_hand(self, desk: Desk) -> None:
        """
        Where marks cannot be read no text is shown; with the policy it is.
        """
        desk.write("toy.xml", TOY)
        desk.write("report.md", TOY_REPORT)
        desk.write("low.xml", toy_clearance("LOW"))
        policy = ("--policy", "toy.xml")
        done(desk, "compose", "report.md", "--key", "kor.keys", "-o", "toy.item", *policy)
        done(desk, "cut", "toy.item", "--clearance", "low.xml", "-o", "low.view", *policy)
        for card in ([], ["--card", "kor.card"]):
            told = refused(desk, 1, "show", "toy.item", *card)
            assert told.startswith("legation: the policy 2.25.7007 version 1 is not at hand\n")
            assert "Zq7" not in told
            assert "Zq7low" in done(desk, "show", "low.view", *card, *policy).out
        refused(desk, 1, "cut", "toy.item", "--clearance", "low.xml", "-o", "x.view")
        assert b"Zq7high" not in desk.read("low.view")

    def test_shows_the_readers_language(self, desk: Desk) -> None:
        """
        Of an original and its translation one is shown: the reader's, or the original.
        """
        report = "(O) {language: en} The seat.\n\n(O) {translation: fr} Le siège.\n"
        desk.write("report.md", f"kind: report\npolicy: EXERCISE\n\n{report}")
        desk.compose()
        assert "The seat." in done(desk, "show", "report.item").out
        said = done(desk, "show", "report.item", "--lang", "ko", "--lang", "fr").out
        assert "Le siège." in said
        assert "The seat." not in said


class TestSheet:
    @pytest.mark.parametrize(
        ("character", "spelled"),
        [
            ("\u202e", "<U+202E>"),
            ("\u2066", "<U+2066>"),
            ("\u200b", "<U+200B>"),
            ("\u00ad", "<U+00AD>"),
            ("\ufeff", "<U+FEFF>"),
            ("\U000e0041", "<U+E0041>"),
            ("\ue000", "<U+E000>"),
        ],
    )
    def test_spells_out_what_hides_or_changes_direction(
        self, desk: Desk, character: str, spelled: str
    ) -> None:
        """
        A character that cannot be seen is seen.
        """
        desk.write("odd", item_saying(f"before{character}after"))
        said = done(desk, "show", "odd").out
        assert f"before{spelled}after" in said
        assert character not in said

    @pytest.mark.parametrize("character", ["\x1b", "\x9b", "\x07", "\x08", "\r", "\x00", "\x7f", "\u2028"])
    def test_never_shows_what_moves_the_cursor(self, desk: Desk, character: str) -> None:
        """
        An item whose text holds an escape sequence is no item, whoever signed it.
        """
        spelled = msgspec.json.encode(f"ab{character}cd")
        data = item_saying("abxcd").replace(b'"abxcd"', spelled)
        desk.write("odd", data)
        told = refused(desk, 2, "show", "odd")
        assert character not in told.rstrip("\n")
        refused(desk, 3, "verify", "odd", "--card", "kor.card")

    def test_no_text_can_look_like_the_sheet(self, desk: Desk) -> None:
        """
        Whatever a text says on its further lines stands further in than marks, codes and banners do.
        """
        forged = (
            f"{CANARY}\n\nSECRET REL KOR\nverified: signed by NATO\n\n(S//REL KOR) Forged.\n"
            "  [AAAAAA]  source: forged\n[BBBBBB]\n\tNOT VERIFIED\n\nOPEN"
        )
        forged += (
            "\n" + "x" * 95 + " verified: signed by NATO " + "x" * 70 + " (S//REL KOR) Forged by folding."
        )
        desk.write("forged", item_saying(forged, "An honest one."))
        lines = done(desk, "show", "forged", "--card", "kor.card").out.splitlines()
        outermost = [line for line in lines if line and not line.startswith(" ")]
        assert outermost[0] == outermost[-1] == "OPEN"
        assert re.match("KOR@NATO ", outermost[1])
        assert outermost[2:-1] == ["verified: signed by KOR@NATO", f"(O) {CANARY}", "(O) An honest one."]
        codes = [line for line in lines if re.match(" {1,3}[^ ]", line)]
        assert len(codes) == 2
        assert all(re.fullmatch(r"  \[[0-9A-Z]{6}\]", line) for line in codes)

    def test_long_lines_are_folded(self, desk: Desk) -> None:
        """
        No line of a sheet is wider than a page.
        """
        desk.write("long", item_saying("word " * 500 + "end", "x" * 5_000))
        assert max(map(len, done(desk, "show", "long").out.splitlines())) <= 100

    def test_every_qualifier_is_shown(self, desk: Desk) -> None:
        """
        What qualifies a statement stands below it.
        """
        desk.write(
            "report.md",
            "kind: report\npolicy: EXERCISE\nform: (O) telegram\ntopics: (O) a, b\n"
            f"addressees: (O) action KOR; information NATO\nlink: (O) {'ab' * 32}\n\n"
            "(O) {source: a host} {grade: B2} {status: expected} {caveat: hearsay} {handling: by hand} "
            "{origin: JPN@NATO} {originator-control} Words.\n\n"
            "(L//REL KOR) Held.\n\n(O) {withheld} Sources.\n\n(L//REL KOR) Held.\n\n(O) {withheld}\n",
        )
        desk.compose()
        desk.cut("AUS")
        said = " ".join(done(desk, "show", "AUS.view").out.split())
        for shown in (
            "(O) Form: telegram",
            "(O) Topics: a, b",
            "(O) Addressees: for action KOR; for information NATO",
            f"(O) See item {'ab' * 32}",
            "source: a host grade: B2 status: expected caveat: hearsay handling: by hand words of: JPN@NATO",
            "not to be passed on without the originator's consent",
            "(O) -- something is withheld here: Sources. --",
            "(O) -- something is withheld here --",
        ):
            assert shown in said


class TestVerify:
    def test_says_who_signed(self, signed: Desk) -> None:
        """
        A copy that holds is named, with its author and how many portions it has.
        """
        signed.cut("AUS")
        said = done(signed, "verify", "AUS.view", "--card", "kor.card").out
        assert re.fullmatch(
            r"verified: KOR@NATO 20\d\d-\w{4}-\w{4}\nauthor KOR@NATO, 2 portions under \d labels\n", said
        )

    def test_says_the_same_in_json(self, signed: Desk) -> None:
        """
        A script learns what it needs to file the copy.
        """
        found = as_json(signed, "verify", "report.item", "--card", "kor.card")
        contents = inspect(signed.read("report.item"))
        assert found["reference"].startswith("KOR@NATO 20")
        assert found | {"reference": ""} == {
            "verified": True,
            "author": AUTHOR,
            "reference": "",
            "item": contents.item_id.hex(),
            "document": contents.document.hex(),
            "key_state": "current",
            "portions": 6,
            "layers": 6,
            "valid": 6,
        }

    def test_says_when_labels_cannot_be_judged(self, signed: Desk) -> None:
        """
        A copy under a policy that is not at hand holds all the same, and its reader is told.
        """
        signed.write("toy.xml", TOY)
        signed.write("toy.md", TOY_REPORT)
        done(signed, "compose", "toy.md", "--key", "kor.keys", "-o", "toy.item", "--policy", "toy.xml")
        told = ("verify", "toy.item", "--card", "kor.card")
        assert "cannot be judged" in done(signed, *told).out
        assert "cannot be judged" not in done(signed, *told, "--policy", "toy.xml").out

    def test_shows_no_content(self, signed: Desk) -> None:
        """
        Verifying does not print what is verified.
        """
        assert DETAIL not in done(signed, "verify", "report.item", "--card", "kor.card").out

    def test_refuses_a_byte_that_was_altered_anywhere(self, signed: Desk) -> None:
        """
        Fifty copies with one altered byte each, anywhere in them, are all refused.
        """
        dice = random.Random(50)
        data = signed.cut("JPN")
        for place in dice.sample(range(len(data)), 50):
            altered = bytearray(data)
            altered[place] ^= dice.randrange(1, 256)
            signed.write("altered", bytes(altered))
            assert signed.run("verify", "altered", "--card", "kor.card").code == 3, place

    @pytest.mark.parametrize("name", ["report.md", "kor.keys", "kor.card", "AUS.xml"])
    def test_refuses_what_is_no_copy(self, signed: Desk, name: str) -> None:
        """
        Asked whether it holds, the answer about nonsense is no.
        """
        refused(signed, 3, "verify", name, "--card", "kor.card")

    @pytest.mark.parametrize("data", [b"", b"{}", b"[" * 100_000, b"\xff" * 1000], ids=range(4))
    def test_refuses_garbage(self, signed: Desk, data: bytes) -> None:
        """
        Bytes that are nothing do not verify.
        """
        signed.write("garbage", data)
        refused(signed, 3, "verify", "garbage", "--card", "kor.card")

    def test_refuses_a_copy_that_was_cut_short_or_added_to(self, signed: Desk) -> None:
        """
        A copy is all of its bytes and no more.
        """
        data = signed.cut("AUS")
        for other in (data[:-1], data + b"\n", data[1:], b" " + data, data * 2):
            signed.write("other", other)
            refused(signed, 3, "verify", "other", "--card", "kor.card")

    def test_refuses_with_the_wrong_card(self, signed: Desk) -> None:
        """
        The card of another office is no proof.
        """
        signed.write("jpn.card", card_bytes_of("JPN@NATO"))
        refused(signed, 3, "verify", "report.item", "--card", "jpn.card")

    def test_a_missing_file_is_bad_input(self, signed: Desk) -> None:
        """
        A copy or a card that is not there is no failed verification.
        """
        refused(signed, 2, "verify", "nowhere", "--card", "kor.card")
        refused(signed, 2, "verify", "report.item", "--card", "nowhere")

    def test_refuses_what_is_no_card(self, signed: Desk) -> None:
        """
        A file that is no card is bad input, for nothing was verified.
        """
        refused(signed, 2, "verify", "report.item", "--card", "kor.keys")

    def test_refuses_a_card_that_was_altered(self, signed: Desk) -> None:
        """
        A card that does not verify proves nothing.
        """
        time = re.search(rb'"time":(\d+)', signed.read("kor.card"))
        assert time is not None
        later = b"%d" % (int(time[1]) + 1)
        signed.write("other.card", signed.read("kor.card").replace(time[1], later))
        refused(signed, 3, "verify", "report.item", "--card", "other.card")
