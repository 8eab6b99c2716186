# SPDX-License-Identifier: Apache-2.0
"""
``destroy``, ``notice``, and what ``withdraw``, ``deliveries``, ``pull`` and ``verify`` say of that.
"""

import json

from tests.cli.ends import CANARY
from tests.cli.offices import document, refused, run
from tests.cli.test_exchange import JPN, KOR, OFFICER, released
from tests.node.withdrawal.test_destroying import files_with
from tests.stories.cast import Desk

TWO = ("--by", "registrar", "--witness", "security officer")


def pulled(desk: Desk) -> dict[str, str]:
    """An item of KOR@NATO that JPN@NATO has and has receipted."""
    first = released(desk)
    for _ in range(2):
        run(desk, "pull", *JPN)
    return first


class TestDestroy:
    def test_without_names_it_says_what_would_go_and_changes_nothing(self, offices: Desk) -> None:
        """
        What goes, what is out of reach, who is told, and how to go on.
        """
        first = pulled(offices)
        before = run(offices, "inbox", *JPN)
        said = run(offices, "destroy", first["reference"], *JPN)
        found = document(offices, "destroy", first["reference"], *JPN)
        begin, seen = first["item"][:12], found["preview"][:12]
        assert said.splitlines() == [
            f"preview {found['preview']}",
            f"would destroy every copy here of {first['reference']}, author KOR@NATO",
            f"item {first['item']}",
            "  it is NOT withdrawn by its author",
            "  out of reach: backups, bags, and files that were saved or printed from it",
            "  told, with a certificate: KOR@NATO",
            f"then, two persons: legation destroy {begin} --seen {seen} --by NAME --witness NAME",
        ]
        assert run(offices, "inbox", *JPN) == before

    def test_what_is_destroyed_is_certified_to_its_author(self, offices: Desk) -> None:
        """
        From the withdrawal to the certificate at the author, which anybody can verify with a card.
        """
        first = pulled(offices)
        run(offices, "withdraw", first["reference"], *OFFICER, *KOR)
        assert run(offices, "pull", *JPN) == "KOR@NATO: 1 withdrawal\n"
        said = run(offices, "destroy", first["reference"], *TWO, "-o", "jpn.destruction", *JPN)
        assert said.startswith(f"destroyed {first['reference']}, author KOR@NATO, on ")
        assert "  by registrar, witness security officer\n" in said
        assert files_with(offices.folder / "jpn", CANARY) == []
        card = ("--card", "jpn/office.card")
        told = document(offices, "verify", "jpn.destruction", *card)
        assert (told["office"], told["item"], told["verified"]) == ("JPN@NATO", first["item"], True)
        assert "certifies to have destroyed item" in run(offices, "verify", "jpn.destruction", *card)
        # It comes as a file to an author who cannot ask for it.
        heard = run(offices, "notice", "jpn.destruction", *OFFICER, *KOR)
        assert heard == f"taken in: JPN@NATO certifies to have destroyed item {first['item']}\n"
        assert "certificate held" in run(offices, "deliveries", *KOR)
        [delivery] = document(offices, "deliveries", *KOR)["deliveries"]
        assert delivery["certificate"]["office"] == "JPN@NATO"
        run(offices, "deliveries", "--certificates", "certificates", *KOR)
        [file] = (offices.folder / "certificates").iterdir()
        assert file.read_bytes() == (offices.folder / "jpn.destruction").read_bytes()
        assert document(offices, "verify", str(file), *card)["verified"]

    def test_it_takes_two_persons_and_a_free_name_for_the_file(self, offices: Desk) -> None:
        """
        Nothing is destroyed by one, nor without a place for the certificate.
        """
        first = pulled(offices)
        offices.write("there", "already")
        for arguments in (
            ("--by", "registrar"),
            ("--witness", "registrar"),
            ("-o", "x.destruction"),
            (*TWO, "-o", "there"),
        ):
            refused(offices, 2, "destroy", first["reference"], *arguments, *JPN)
        refused(offices, 1, "destroy", first["reference"], "--by", "one", "--witness", "ONE", *JPN)
        refused(offices, 1, "destroy", first["reference"], *TWO, "--seen", "00", *JPN)

    def test_what_is_hidden_or_never_was_or_is_ours_is_refused(self, offices: Desk) -> None:
        """
        A name that leads nowhere, and an item of our own.
        """
        first = pulled(offices)
        assert "no item of this reference" in refused(offices, 2, "destroy", "0" * 64, *TWO, *JPN)
        assert "is ours" in refused(offices, 1, "destroy", first["reference"], *TWO, *KOR)

    def test_afterwards_it_is_said_that_it_was_destroyed(self, offices: Desk) -> None:
        """
        To whoever asks for it by name; it is in no list.
        """
        first = pulled(offices)
        run(offices, "destroy", first["item"], *TWO, *JPN)
        assert "was destroyed here" in refused(offices, 1, "show", first["reference"], *JPN)
        assert "the inbox is empty" in run(offices, "inbox", *JPN)
        assert "was destroyed here on" in refused(offices, 1, "destroy", first["item"], *TWO, *JPN)
        assert run(offices, "fsck", *JPN)


class TestNotice:
    def test_a_withdrawal_comes_as_a_file(self, offices: Desk) -> None:
        """
        Whoever is reached by no stream takes it in, and anybody verifies it.
        """
        first = pulled(offices)
        run(offices, "withdraw", first["reference"], "-o", "kor.withdrawal", *OFFICER, *KOR)
        assert document(offices, "verify", "kor.withdrawal", "--card", "kor/office.card")["verified"]
        heard = run(offices, "notice", "kor.withdrawal", "--by", "registry", *JPN)
        assert heard == f"taken in: KOR@NATO withdraws item {first['item']}\n"
        assert "WITHDRAWN" in run(offices, "show", first["reference"], *JPN)
        assert run(offices, "notice", "kor.withdrawal", "--by", "registry", *JPN) == heard

    def test_what_is_neither_or_altered_is_refused(self, offices: Desk) -> None:
        """
        Other files, and one whose item is another.
        """
        first = pulled(offices)
        run(offices, "withdraw", first["reference"], "-o", "kor.withdrawal", *OFFICER, *KOR)
        said = json.loads((offices.folder / "kor.withdrawal").read_bytes())
        bent = json.dumps(said | {"item": "A" * 43 + "="}, separators=(",", ":"), sort_keys=True)
        offices.write("bent.withdrawal", bent)
        offices.write("other", CANARY)
        refused(offices, 2, "notice", "other", "--by", "registry", *JPN)
        refused(offices, 3, "notice", "bent.withdrawal", "--by", "registry", *JPN)
