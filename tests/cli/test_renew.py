# SPDX-License-Identifier: Apache-2.0


import pytest

from legation.keys.card import KeyState, fingerprint, read
from tests.cli.offices import ONE, TWO, document, refused, run, unchanged
from tests.stories.cast import Desk

KOR, JPN = ("--dir", "kor"), ("--dir", "jpn")


@pytest.fixture
def pair(desk: Desk) -> Desk:
    """
    Two nodes; JPN@NATO trusts KOR@NATO.
    """
    for office, folder in (("KOR@NATO", "kor"), ("JPN@NATO", "jpn")):
        run(desk, "init", office, "--dir", folder)
    run(desk, "peer", "add", "kor/office.card", *ONE, *JPN)
    run(desk, "peer", "confirm", "KOR@NATO", *TWO, *JPN)
    return desk


def key(desk: Desk, role: str) -> str:
    """The id of the key of a role that KOR@NATO has in use."""
    keys = document(desk, "card", *KOR)["keys"]
    return next(str(each["key"]) for each in keys if (each["role"], each["state"]) == (role, "current"))


def renewed(desk: Desk, *wanted: str) -> None:
    """Renew KOR@NATO in the three steps; the card is next.card."""
    run(desk, "renew", "prepare", *wanted, "-o", "asked", *KOR)
    run(desk, "renew", "sign", "asked", "--root", "kor/root.key", "-o", "next.card")
    run(desk, "renew", "install", "next.card", *KOR)


def folder_of(desk: Desk) -> dict[str, bytes]:
    """The files of KOR@NATO that hold its keys and its card."""
    return {name: (desk.folder / "kor" / name).read_bytes() for name in ("office.keys", "office.card")}


class TestRenew:
    def test_three_steps_make_the_next_card(self, pair: Desk) -> None:
        """
        Prepared, signed where the root key is, installed; each says what it changes and what is next.
        """
        old = key(pair, "item")
        said = run(pair, "renew", "prepare", "--item", "-o", "asked", *KOR)
        assert f"  item key {old[:16]}: RETIRED" in said
        assert "nothing is another yet" in said
        looked = run(pair, "renew", "sign", "asked")
        assert looked.splitlines()[-1] == "not signed; to sign it: --root ROOT -o CARD"
        assert f"  item key {old[:16]}: RETIRED" in looked
        assert key(pair, "item") == old
        signed = run(pair, "renew", "sign", "asked", "--root", "kor/root.key", "-o", "next.card")
        card = read(pair.read("next.card"))
        assert " ".join(fingerprint(card)[:6]) in signed
        assert key(pair, "item") == old
        installed = run(pair, "renew", "install", "next.card", *KOR)
        assert "nothing is lost" in installed
        assert key(pair, "item") != old
        assert document(pair, "card", *KOR)["number"] == 1
        assert run(pair, "fsck", *KOR).endswith("everything holds\n")

    def test_the_peer_looks_at_it_before_it_confirms(self, pair: Desk) -> None:
        """
        What is revoked, since when, what is new; nothing of it is trusted until a second person says so.
        """
        old = key(pair, "item")
        renewed(pair, "--revoke", old[:8], "--since", "2026-01-02", "--address", "192.0.2.9:8443")
        run(pair, "peer", "add", "next.card", *ONE, *JPN)
        said = run(pair, "peer", "show", "KOR@NATO", *JPN)
        assert (
            f"  item key {old[:16]}: REVOKED: what came since 2026-01-02T00:00:00+00:00 is set apart" in said
        )
        assert "  addresses: 192.0.2.9:8443" in said
        found = document(pair, "peer", "show", "KOR@NATO", *JPN)
        assert [each["confirmed_by"] for each in found["cards"]] == [TWO[1], ""]
        assert {each["state"] for each in found["keys"]} == {"current"}
        assert (found["waits"]["after"], found["waits"]["number"]) == (0, 1)
        listed = run(pair, "peer", "list", *JPN)
        assert "until it is, card 0 is trusted and nothing else" in listed
        run(pair, "peer", "confirm", "KOR@NATO", *TWO, *JPN)
        found = document(pair, "peer", "show", "KOR@NATO", *JPN)
        assert "waits" not in found
        assert [each["state"] for each in found["keys"] if each["key"] == old] == ["revoked"]

    def test_a_peer_that_missed_a_card_gets_it(self, pair: Desk) -> None:
        """
        Older cards are written by their number.
        """
        renewed(pair, "--item")
        (pair.folder / "next.card").unlink()
        renewed(pair, "--seal")
        refused(pair, 3, "peer", "add", "next.card", *ONE, *JPN)
        run(pair, "card", "--number", "1", "-o", "first.card", *KOR)
        refused(pair, 2, "card", "--number", "7", *KOR)
        for card in ("first.card", "next.card"):
            run(pair, "peer", "add", card, *ONE, *JPN)
        run(pair, "peer", "confirm", "KOR@NATO", *TWO, *JPN)
        assert document(pair, "peer", "show", "KOR@NATO", *JPN)["cards"][-1]["confirmed_by"] == TWO[1]

    def test_lost_keys_are_drawn_anew(self, pair: Desk) -> None:
        """
        By the root key; while they are there, they are not touched.
        """
        old = {role: key(pair, role) for role in ("item", "stream", "seal")}
        before = folder_of(pair)
        refused(pair, 1, "renew", "prepare", "--lost", "-o", "asked", *KOR)
        assert folder_of(pair) == before
        (pair.folder / "kor" / "office.keys").unlink()
        renewed(pair, "--lost", "--revoke", old["item"])
        keys = {each["key"]: each["state"] for each in document(pair, "card", *KOR)["keys"]}
        assert keys[old["item"]] == KeyState.REVOKED
        assert keys[old["seal"]] == KeyState.RETIRED
        assert run(pair, "fsck", *KOR).endswith("everything holds\n")

    @pytest.mark.parametrize(
        ("code", "told"),
        [
            (2, ()),
            (2, ("--revoke", "0000000000000000")),
            (2, ("--since", "2026-01-01")),
            (2, ("--item", "--address", "nobody@nowhere")),
            (2, ("--address", "192.0.2.9:1", "--no-address")),
        ],
    )
    def test_what_cannot_be_prepared_leaves_no_file(
        self, pair: Desk, code: int, told: tuple[str, ...]
    ) -> None:
        """
        Nothing new, no such key, no such address: keys and card are as they were.
        """
        before = folder_of(pair)
        refused(pair, code, "renew", "prepare", *told, "-o", "asked", *KOR)
        assert folder_of(pair) == before
        assert not (pair.folder / "asked").exists()

    def test_the_root_of_another_party_signs_nothing(self, pair: Desk) -> None:
        """
        No card is written.
        """
        run(pair, "renew", "prepare", "--item", "-o", "asked", *KOR)
        refused(pair, 2, "renew", "sign", "asked", "--root", "jpn/root.key", "-o", "next.card")
        refused(pair, 2, "renew", "sign", "asked", "-o", "next.card")
        assert not (pair.folder / "next.card").exists()

    def test_a_card_of_another_node_is_not_installed(self, pair: Desk) -> None:
        """
        Neither another office's nor one whose keys were drawn elsewhere.
        """
        before = folder_of(pair)
        refused(pair, 3, "renew", "install", "jpn/office.card", *KOR)
        refused(pair, 2, "renew", "install", "kor/office.keys", *KOR)
        assert folder_of(pair) == before


class TestDrop:
    def test_a_card_that_was_added_by_mistake_is_forgotten(self, pair: Desk) -> None:
        """
        What is trusted stays trusted.
        """
        renewed(pair, "--item")
        run(pair, "peer", "add", "next.card", *ONE, *JPN)
        run(pair, "peer", "drop", "KOR@NATO", *ONE, *JPN)
        assert len(document(pair, "peer", "show", "KOR@NATO", *JPN)["cards"]) == 1
        refused(pair, 2, "peer", "drop", "KOR@NATO", *ONE, *JPN)
        with unchanged(pair):
            refused(pair, 2, "peer", "show", "AUS@NATO", *JPN)


class TestPeers:
    def test_the_peer_takes_it_with_its_next_pull(self, offices: Desk) -> None:
        """
        Whatever is new in it; no person acts there, and the list says who vouches. Its office sees that it arrived.
        """
        renewed(offices, "--item", "--stream", "--seal")
        assert "it comes with its next pull" in run(offices, "peer", "list", *KOR)
        run(offices, "pull", *JPN)
        assert ", added by KOR@NATO, confirmed by its root key" in run(
            offices, "peer", "show", "KOR@NATO", *JPN
        )
        run(offices, "pull", *JPN)
        assert "it comes with its next pull" not in run(offices, "peer", "list", *KOR)
        for folder in (KOR, JPN):
            assert run(offices, "fsck", *folder).endswith("everything holds\n")
