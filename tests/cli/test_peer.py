# SPDX-License-Identifier: Apache-2.0

import re
from collections.abc import Callable

import pytest

from legation.keys.card import fingerprint, read
from tests.cli.offices import ONE, TWO, document, refused, run, unchanged
from tests.cli.toy import clearance as toy_clearance
from tests.stories.cast import Desk

JPN = ("--dir", "jpn")
NEXT = (
    "compare these words with KOR@NATO by another way; then a second person: "
    "legation peer confirm KOR@NATO --by NAME"
)


@pytest.fixture
def strangers(desk: Desk) -> Desk:
    """
    Two nodes that know nothing of each other.
    """
    for office, folder in (("KOR@NATO", "kor"), ("JPN@NATO", "jpn")):
        run(desk, "init", office, "--dir", folder)
    return desk


def words_of(desk: Desk, folder: str) -> list[str]:
    """The words of a node's card, as its own people read them out."""
    return list(fingerprint(read((desk.folder / folder / "office.card").read_bytes())))


class TestAdd:
    def test_prints_the_words_and_says_what_is_next(self, strangers: Desk) -> None:
        """
        The words are there to be compared, and the command for the second person is told.
        """
        said = run(strangers, "peer", "add", "kor/office.card", *ONE, *JPN)
        words = words_of(strangers, "kor")
        assert said.splitlines() == [
            "card 0 of KOR@NATO, not confirmed",
            f"  {' '.join(words[:6])}",
            f"  {' '.join(words[6:])}",
            "what it says and changes: legation peer show KOR@NATO",
            NEXT,
        ]

    def test_gives_the_same_in_json(self, strangers: Desk) -> None:
        """
        A script learns whose card it is.
        """
        found = document(strangers, "peer", "add", "kor/office.card", *ONE, *JPN)
        assert found == {"office": "KOR@NATO", "number": 0, "fingerprint": words_of(strangers, "kor")}

    @pytest.mark.parametrize("file", ["jpn/office.card", "report.md", "kor.keys", "nowhere", "."])
    def test_refuses_what_is_no_card_of_another_office(self, strangers: Desk, file: str) -> None:
        """
        Its own card, another file, no file: nothing is added.
        """
        refused(strangers, 2, "peer", "add", file, *ONE, *JPN)

    def test_refuses_an_altered_card(self, strangers: Desk) -> None:
        """
        A card whose signatures do not hold is nobody's.
        """
        card = (strangers.folder / "kor" / "office.card").read_bytes()
        strangers.write("altered.card", re.sub(rb'"time":\d', b'"time":9', card))
        refused(strangers, 3, "peer", "add", "altered.card", *ONE, *JPN)

    @pytest.mark.parametrize("by", [[], ["--by", ""], ["--by", "a\nb"]])
    def test_refuses_without_a_name(self, strangers: Desk, by: list[str]) -> None:
        """
        Somebody acts, and is written down.
        """
        refused(strangers, 2, "peer", "add", "kor/office.card", *by, *JPN)


class TestConfirm:
    @pytest.fixture(autouse=True)
    def added(self, strangers: Desk) -> None:
        """
        The card was added by one person.
        """
        run(strangers, "peer", "add", "kor/office.card", *ONE, *JPN)

    def test_with_the_words_that_were_read_out(self, strangers: Desk) -> None:
        """
        Compared by the program, in whatever letters they were typed.
        """
        words = " ".join(words_of(strangers, "kor")).upper()
        said = run(strangers, "peer", "confirm", "KOR@NATO", "--words", words, *TWO, *JPN)
        assert said == "card 0 of KOR@NATO is confirmed\n"
        found = document(strangers, "peer", "confirm", "KOR@NATO", *TWO, *JPN)
        assert found == {"office": "KOR@NATO", "number": 0, "confirmed": True}

    def test_refuses_the_same_person_with_1(self, strangers: Desk) -> None:
        """
        It takes a second one.
        """
        told = refused(strangers, 1, "peer", "confirm", "KOR@NATO", *ONE, *JPN)
        assert told.splitlines() == [
            "legation: `security officer` added this card",
            "          it takes a second person: --by NAME",
        ]

    @pytest.mark.parametrize(
        "change", [lambda words: words[::-1], lambda words: words[:11], lambda _: ["zoo"] * 12]
    )
    def test_refuses_wrong_words_with_3(
        self, strangers: Desk, change: Callable[[list[str]], list[str]]
    ) -> None:
        """
        Words that do not fit mean that somebody stands between, and nothing is trusted.
        """
        words = " ".join(change(words_of(strangers, "kor")))
        told = refused(strangers, 3, "peer", "confirm", "KOR@NATO", "--words", words, *TWO, *JPN)
        assert told.splitlines() == [
            "legation: these are not the words of the card",
            "          trust neither; ask the other office by another way",
        ]

    @pytest.mark.parametrize("office", ["FRA@NATO", "JPN@NATO", "nonsense"])
    def test_refuses_an_office_whose_card_was_never_added(self, strangers: Desk, office: str) -> None:
        """
        There is nothing to confirm.
        """
        refused(strangers, 2, "peer", "confirm", office, *TWO, *JPN)


class TestGrant:
    GRANT = ("peer", "grant", "KOR@NATO", "--clearance", "KOR.xml")

    @pytest.fixture(autouse=True)
    def trusted(self, strangers: Desk) -> None:
        """
        The card is confirmed, and nothing granted.
        """
        run(strangers, "peer", "add", "kor/office.card", *ONE, *JPN)
        run(strangers, "peer", "confirm", "KOR@NATO", *TWO, *JPN)

    def test_holds_with_the_second_person(self, strangers: Desk) -> None:
        """
        The first proposes, the second says exactly the same.
        """
        levels = "KOR@NATO may see OPEN, LIMITED, CONFIDENTIAL, SECRET of "
        first = run(strangers, *self.GRANT, *ONE, *JPN)
        assert first.startswith(levels)
        assert first.splitlines()[0].endswith(": proposed; a second person says the same with --by NAME")
        assert "what it would change:" in first.splitlines()
        assert run(strangers, *self.GRANT, *TWO, *JPN).endswith(": in force\n")

    def test_gives_the_same_in_json(self, strangers: Desk) -> None:
        """
        A script learns who stands for it.
        """
        assert document(strangers, *self.GRANT, *ONE, *JPN)["in_force"] is False
        found = document(strangers, *self.GRANT, *TWO, *JPN)
        assert (found["proposed_by"], found["confirmed_by"]) == ("security officer", "administrator")
        assert found["in_force"] is True

    def test_refuses_the_same_person_with_1(self, strangers: Desk) -> None:
        """
        Saying it twice is not saying it by two.
        """
        run(strangers, *self.GRANT, *ONE, *JPN)
        told = refused(strangers, 1, *self.GRANT, *ONE, *JPN)
        assert told.startswith("legation: `security officer` proposed this grant\n")

    def test_dates_and_agreement_are_part_of_what_both_say(self, strangers: Desk) -> None:
        """
        A day ends with its last second; another way to write an instant is the same instant.
        """
        one = ("--from", "2026-12-01T09:00+09:00", "--until", "2099-12-31", "--agreement", "exercise")
        two = ("--from", "2026-12-01", "--until", "2099-12-31T23:59:59Z", "--agreement", "exercise")
        run(strangers, *self.GRANT, *one, *ONE, *JPN)
        assert document(strangers, *self.GRANT, *two, *TWO, *JPN)["in_force"] is True

    @pytest.mark.parametrize(
        "more",
        [
            ["--until", "tomorrow"],
            ["--until", "2026-02-30"],
            ["--until", "9999-12-31T23:59:59-12:00"],
            ["--from", "2027-01-01", "--until", "2026-01-01"],
            ["--agreement", "a\nb"],
        ],
        ids=" ".join,
    )
    def test_refuses_dates_and_agreements_that_are_none(self, strangers: Desk, more: list[str]) -> None:
        """
        What cannot be read, or would never hold, is not proposed.
        """
        refused(strangers, 2, *self.GRANT, *more, *ONE, *JPN)

    @pytest.mark.parametrize("file", ["report.md", "kor.card", "toy.xml", "nowhere"])
    def test_refuses_what_is_no_clearance_here(self, strangers: Desk, file: str) -> None:
        """
        Another file, or a clearance under a policy that is not at hand.
        """
        strangers.write("toy.xml", toy_clearance("LOW"))
        refused(strangers, 2, "peer", "grant", "KOR@NATO", "--clearance", file, *ONE, *JPN)

    def test_refuses_whom_nobody_has_confirmed(self, strangers: Desk) -> None:
        """
        What is granted is granted to a card.
        """
        for office in ("FRA@NATO", "JPN@NATO"):
            told = refused(strangers, 2, "peer", "grant", office, "--clearance", "KOR.xml", *ONE, *JPN)
            assert "is not confirmed" in told


class TestList:
    def test_a_node_without_peers_says_so(self, strangers: Desk) -> None:
        """
        There are none yet.
        """
        assert run(strangers, "peer", "list", *JPN) == "there are no peers yet\n"
        assert document(strangers, "peer", "list", *JPN) == {"peers": []}

    def test_says_how_each_is_trusted_and_how_the_link_stands(self, offices: Desk) -> None:
        """
        Card and words, what it may see, how far both sides are.
        """
        with unchanged(offices):
            said = run(offices, "peer", "list", "--dir", "kor").splitlines()
        assert said[0] == "JPN@NATO   card 0, added by security officer, confirmed by administrator"
        assert said[1:3] == [
            f"  {' '.join(part)}" for part in (words_of(offices, "jpn")[:6], words_of(offices, "jpn")[6:])
        ]
        assert said[3].startswith("  may see OPEN, LIMITED, CONFIDENTIAL, SECRET of 2.25.")
        assert said[3].endswith(": in force, by security officer and administrator")
        assert said[4] == "  link active; sent 0, receipted 0, received 0"

    def test_says_what_waits_for_a_second_person(self, strangers: Desk) -> None:
        """
        In capitals, so that nobody takes it for done.
        """
        run(strangers, "peer", "add", "kor/office.card", *ONE, *JPN)
        said = run(strangers, "peer", "list", *JPN)
        assert "KOR@NATO   card 0, added by security officer, NOT CONFIRMED\n" in said
        assert "  may see nothing: no grant\n" in said
        run(strangers, "peer", "confirm", "KOR@NATO", *TWO, *JPN)
        run(strangers, "peer", "grant", "KOR@NATO", "--clearance", "KOR.xml", *ONE, *JPN)
        assert ": proposed by security officer, NOT CONFIRMED\n" in run(strangers, "peer", "list", *JPN)
