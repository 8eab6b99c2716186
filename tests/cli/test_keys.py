# SPDX-License-Identifier: Apache-2.0

import os
import stat

import pytest

from legation.keys.card import fingerprint, listed_keys, read
from legation.node.keys.keyring import OFFICE_KEYS, ROOT_KEY
from tests.cli.ends import as_json, done, refused
from tests.stories.cast import AUTHOR, Desk, card_bytes_of, keys_of, root_of


def mode(desk: Desk, name: str) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE((desk.folder / name).stat().st_mode)


class TestKeygen:
    def test_draws_the_keys_of_an_office_and_its_partys_root(self, desk: Desk) -> None:
        """
        Two secrets are written, for their owner alone, and the output names both.
        """
        before = set(desk.state())
        said = done(desk, "keygen", "JPN@NATO", "-o", "jpn.keys").out
        assert said == (
            "keys of JPN@NATO: jpn.keys\nnew root key of JPN: jpn.keys.root, to be kept offline\n"
            "if JPN has a root key already, remove both files and give it with --root\n"
        )
        assert set(desk.state()) - before == {"jpn.keys", "jpn.keys.root"}
        assert OFFICE_KEYS.decode(desk.read("jpn.keys")).office == "JPN@NATO"
        assert ROOT_KEY.decode(desk.read("jpn.keys.root")).party == "JPN"
        assert mode(desk, "jpn.keys") == mode(desk, "jpn.keys.root") == 0o600

    def test_names_the_files_in_json(self, desk: Desk) -> None:
        """
        A script learns where the keys are.
        """
        found = as_json(desk, "keygen", "JPN", "-o", "jpn.keys", "--root", "jpn.root")
        assert found == {"office": "JPN", "keys": "jpn.keys", "root": "jpn.root"}

    def test_uses_a_root_key_that_is_there(self, desk: Desk) -> None:
        """
        A second office of a party comes under the party's one root key, which stays as it is.
        """
        before = desk.read("kor.keys.root")
        done(desk, "keygen", "KOR@EU", "-o", "eu.keys", "--root", "kor.keys.root")
        assert desk.read("kor.keys.root") == before
        assert "eu.keys.root" not in desk.state()

    def test_no_two_offices_have_one_key(self, desk: Desk) -> None:
        """
        Every drawing is a new one.
        """
        done(desk, "keygen", "KOR", "-o", "a")
        done(desk, "keygen", "KOR", "-o", "b")
        a, b = OFFICE_KEYS.decode(desk.read("a")), OFFICE_KEYS.decode(desk.read("b"))
        assert a.item != b.item
        assert a.draws != b.draws

    def test_refuses_to_overwrite_keys(self, desk: Desk) -> None:
        """
        Keys that are there stay, with their root key, and the file is named.
        """
        told = refused(desk, 2, "keygen", AUTHOR, "-o", "kor.keys")
        assert told == "legation: `kor.keys`: file exists\n"

    def test_refuses_to_overwrite_any_other_file(self, desk: Desk) -> None:
        """
        Neither file takes the place of another, and no root key is left behind.
        """
        refused(desk, 2, "keygen", "JPN", "-o", "report.md")
        refused(desk, 2, "keygen", "JPN", "-o", "report.md", "--root", "new.root")
        refused(desk, 2, "keygen", "JPN", "-o", "new.keys", "--root", "report.md")

    def test_refuses_the_root_key_of_another_party(self, desk: Desk) -> None:
        """
        No party vouches for another's office; no key is drawn.
        """
        told = refused(desk, 2, "keygen", "JPN@NATO", "-o", "jpn.keys", "--root", "kor.keys.root")
        assert told == "legation: root key of `KOR`, expected one of `JPN`\n"

    def test_leaves_nothing_if_the_root_key_cannot_be_written(self, desk: Desk) -> None:
        """
        Keys without a root key are of no use, so neither is written.
        """
        refused(desk, 2, "keygen", "JPN", "-o", "jpn.keys", "--root", "nowhere/jpn.root")

    def test_leaves_nothing_if_the_keys_cannot_be_written(self, desk: Desk) -> None:
        """
        A root key that nothing was made under is taken away again.
        """
        refused(desk, 2, "keygen", "JPN", "-o", "nowhere/jpn.keys", "--root", "jpn.root")

    def test_refuses_one_file_for_both(self, desk: Desk) -> None:
        """
        Two secrets do not go into one file.
        """
        refused(desk, 2, "keygen", "JPN", "-o", "jpn", "--root", "jpn")

    @pytest.mark.parametrize(
        "office", ["kor", "KOR@", "@NATO", "KOR@KOR", "../KOR", "KOR@NATO@EU", "K", "KÖR", ""]
    )
    def test_refuses_what_is_no_office(self, desk: Desk, office: str) -> None:
        """
        An office is a party, or a party at another.
        """
        refused(desk, 2, "keygen", office, "-o", "new.keys")

    def test_refuses_an_option_where_a_file_is_wanted(self, desk: Desk) -> None:
        """
        A forgotten name does not make a secret with the name of the next option.
        """
        refused(desk, 2, "keygen", "KOR", "-o", "--root")
        refused(desk, 2, "keygen", "KOR", "--root", "--output", "-o", "new.keys")


class TestCard:
    def test_makes_a_card_that_verifies(self, desk: Desk) -> None:
        """
        The card of a key file is whole, its own, and shown with its twelve words.
        """
        said = done(desk, "card", "kor.keys", "-o", "new.card").out
        card = read(desk.read("new.card"))
        words = fingerprint(card)
        assert str(card.office) == AUTHOR
        [item] = card.body.item_keys
        lines = said.splitlines()
        assert lines[:4] == [
            "card 0 of KOR@NATO",
            f"  {' '.join(words[:6])}",
            f"  {' '.join(words[6:])}",
            f"  item    {item.key.key_id.hex()[:16]}  current  ed25519",
        ]
        assert lines[7:] == [
            "compare these words with the other office by another way before you trust the card",
        ]

    def test_never_puts_another_card_in_the_place_of_one(self, desk: Desk) -> None:
        """
        A card that is there stays: a second first card would have other words than were compared.
        """
        refused(desk, 2, "card", "kor.keys", "-o", "kor.card")

    def test_looks_at_a_card(self, desk: Desk) -> None:
        """
        Without an output the file is read as a card, and nothing is written.
        """
        before = desk.state()
        card = read(desk.read("kor.card"))
        found = as_json(desk, "card", "kor.card")
        listed = [each["key"] for each in found.pop("keys")]
        assert sorted(listed) == sorted(each.key.key_id.hex() for each in listed_keys(card.body))
        assert found == {
            "office": AUTHOR,
            "number": 0,
            "digest": card.digest.hex(),
            "fingerprint": list(fingerprint(card)),
        }
        assert desk.state() == before

    def test_a_card_can_be_read_by_all(self, desk: Desk) -> None:
        """
        A card is for everybody, and holds no secret.
        """
        done(desk, "card", "kor.keys", "-o", "new.card")
        assert mode(desk, "new.card") & 0o444 == 0o444 & ~_umask()
        assert b"seed" not in desk.read("new.card")

    def test_refuses_the_root_key_of_another_party(self, desk: Desk) -> None:
        """
        A card signed with another party's root key is not made.
        """
        desk.write("jpn.root", ROOT_KEY.encode(root_of("JPN")))
        told = refused(desk, 2, "card", "kor.keys", "-o", "new.card", "--root", "jpn.root")
        assert told == "legation: root key of `JPN`, expected one of `KOR`\n"

    def test_refuses_keys_without_a_root_key(self, desk: Desk) -> None:
        """
        The root key is looked for beside the keys, and is missed by name.
        """
        desk.write("jpn.keys", OFFICE_KEYS.encode(keys_of("JPN@NATO")))
        told = refused(desk, 2, "card", "jpn.keys", "-o", "new.card")
        assert told == "legation: `jpn.keys.root`: no such file or directory\n"

    def test_refuses_to_write_over_the_keys(self, desk: Desk) -> None:
        """
        A card does not take the place of the keys or the root key that it is made of.
        """
        refused(desk, 2, "card", "kor.keys", "-o", "kor.keys")
        refused(desk, 2, "card", "kor.keys", "-o", "kor.keys.root")
        refused(desk, 2, "card", "kor.keys", "-o", "./kor.keys")

    def test_refuses_what_is_no_card(self, desk: Desk) -> None:
        """
        Keys, reports and cards that were altered are no cards: bad bytes are 2, a bad signature is 3.
        """
        for name in ("kor.keys", "report.md", "own.xml"):
            refused(desk, 2, "card", name)
        other = card_bytes_of(AUTHOR).replace(b'"number":0', b'"number":0,"x":1')
        desk.write("other.card", other)
        refused(desk, 2, "card", "other.card")
        time = read(card_bytes_of(AUTHOR)).body.time
        desk.write("later.card", card_bytes_of(AUTHOR).replace(b"%d" % time, b"%d" % (time + 1)))
        refused(desk, 3, "card", "later.card")

    def test_refuses_to_make_a_card_of_a_card(self, desk: Desk) -> None:
        """
        A card holds no secret to sign with.
        """
        refused(desk, 2, "card", "kor.card", "-o", "new.card", "--root", "kor.keys.root")


def _umask() -> int:
    """What this process takes away from the files it makes."""
    found = os.umask(0)
    os.umask(found)
    return found
