# SPDX-License-Identifier: Apache-2.0

import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from legation.errors import LegationError, MalformedError, SignatureError, StoreError
from legation.keys.card import Office, read
from legation.labels import decide, parse_mark
from legation.node import disk, home
from legation.node.home import ROOT, STORE, create_home, open_home
from legation.node.keys.keyring import OFFICE_KEYS, ROOT_KEY
from legation.node.keys.settling import CARD, KEYS
from legation.node.rules import mission_reader, received_reader
from legation.store.sqlite import node
from legation.store.sqlite.database import Database
from tests.cli.toy import TOY
from tests.cli.toy import clearance as toy_clearance
from tests.formats.drafts import EXERCISE
from tests.node.pair import Village, next_card
from tests.stories.cast import around, clearance, root_of

KOR = Office.parse("KOR@NATO")


def state(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class TestCreate:
    def test_makes_keys_card_and_store_for_their_owner_alone(self, tmp_path: Path) -> None:
        """
        What is secret is nobody else's to read; the card is for everybody.
        """
        card = create_home(tmp_path / "kor", KOR, around(), addresses=["192.0.2.17:8443"])
        names = {path.name for path in (tmp_path / "kor").iterdir()}
        assert names == {KEYS, ROOT, CARD, STORE}
        modes = {name: stat.S_IMODE((tmp_path / "kor" / name).stat().st_mode) for name in names}
        assert modes == {KEYS: 0o600, ROOT: 0o600, CARD: 0o644, STORE: 0o600}
        assert stat.S_IMODE((tmp_path / "kor").stat().st_mode) == 0o700
        assert read((tmp_path / "kor" / CARD).read_bytes()) == card
        assert (str(card.office), card.body.addresses) == ("KOR@NATO", ("192.0.2.17:8443",))

    def test_the_partys_root_key_may_come_from_elsewhere(self, tmp_path: Path) -> None:
        """
        A second office of a party is under the same root, whose secret does not come into its folder.
        """
        card = create_home(tmp_path / "kor", KOR, around(), root=ROOT_KEY.encode(root_of("KOR")))
        assert not (tmp_path / "kor" / ROOT).exists()
        assert card.body.root.key_id is not None

    def test_an_empty_folder_is_taken(self, tmp_path: Path) -> None:
        """
        Whoever made the folder first may have it.
        """
        create_home(tmp_path, KOR, around())
        assert (tmp_path / STORE).is_file()

    def test_a_folder_with_something_in_it_is_refused(self, tmp_path: Path) -> None:
        """
        Nothing is put beside what is there, least of all beside a node.
        """
        create_home(tmp_path / "kor", KOR, around())
        before = state(tmp_path)
        with pytest.raises(StoreError, match="`kor` is not empty"):
            create_home(tmp_path / "kor", KOR, around())
        assert state(tmp_path) == before

    @pytest.mark.parametrize(
        "more",
        [
            {"addresses": ["not an address"]},
            {"addresses": ["http://192.0.2.17"]},
            {"addresses": ["192.0.2.17:8443", "192.0.2.17:8443"]},
            {"root": b"nonsense"},
            {"root": ROOT_KEY.encode(root_of("JPN"))},
            {"spifs": [b"<SPIF/>"]},
            {"spifs": [TOY, TOY.replace(b"HIGH", b"TOP")]},
            {"clearances": [b"<nothing/>"]},
            {"clearances": [toy_clearance("LOW")]},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("is_there", [True, False])
    def test_what_cannot_be_made_leaves_nothing(
        self, tmp_path: Path, more: dict[str, Any], is_there: bool
    ) -> None:
        """
        A wrong address, root, policy or clearance is told, and there is no half of a node.
        """
        folder = tmp_path / "new" / "kor"
        if is_there:
            folder.mkdir(parents=True)
        with pytest.raises(LegationError):
            create_home(folder, KOR, around(), **more)
        assert list(tmp_path.rglob("*")) == ([folder.parent, folder] if is_there else [])

    def test_a_store_that_cannot_be_made_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        The disk fills up after the keys were written: they go too, for nothing was signed with them.
        """

        def full(*_: object, **__: object) -> Database:
            raise StoreError("the disk is full")

        monkeypatch.setattr(Database, "create", full)
        with pytest.raises(StoreError, match="disk is full"):
            create_home(tmp_path / "kor", KOR, around())
        assert list(tmp_path.iterdir()) == []

    def test_of_two_at_once_one_is_made_and_stays(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Both found the folder empty; whoever comes second takes nothing of the first away.
        """
        honest, first = disk.write_file, [True]

        def write(path: Path, data: bytes, **more: bool) -> None:
            if first and first.pop():
                create_home(tmp_path / "kor", KOR, around(7))
            honest(path, data, **more)

        monkeypatch.setattr(home, "write_file", write)
        # The other one is made between the look at the folder and the first file.
        monkeypatch.setattr(home, "any", lambda _: False, raising=False)
        with pytest.raises(FileExistsError):
            create_home(tmp_path / "kor", KOR, around())
        with open_home(tmp_path / "kor", around()) as made:
            assert made.office == "KOR@NATO"

    def test_a_store_that_cannot_be_filled_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Likewise when it fills up a moment later.
        """

        def full(*_: object, **__: object) -> None:
            raise StoreError("the disk is full")

        monkeypatch.setattr(node, "create_node", full)
        with pytest.raises(StoreError, match="disk is full"):
            create_home(tmp_path / "kor", KOR, around())
        assert list(tmp_path.iterdir()) == []


class TestClearances:
    """What a new node's people hold, and what others may hand to it."""

    def permits(self, village: Village, mark: str, *, received: bool) -> bool:
        """Whether a label is permitted by what the mission has from the start."""
        kor = village.nodes["KOR@NATO"]
        with kor.database.read() as db:
            reader = (received_reader if received else mission_reader)(db, "KOR@NATO", kor.clock())
        [held] = [each for each in reader.clearances if each.policy_id == EXERCISE.id]
        return decide(EXERCISE, parse_mark(EXERCISE, mark), held).permitted

    @pytest.mark.parametrize(
        ("mark", "own", "received"),
        [
            ("(O)", True, True),
            ("(S)", True, False),
            ("(S//REL KOR)", True, True),
            ("(S//REL JPN)", False, False),
            ("(L//REL KOR, JPN//ONLY KOR)", True, True),
            ("(L//REL KOR, JPN//ONLY JPN)", False, False),
            ("(C//HERON//REL KOR)", False, False),
        ],
    )
    def test_the_defaults_of_the_fictional_policy(
        self, village: Village, mark: str, own: bool, received: bool
    ) -> None:
        """
        Own people hold their own party's everything; others hand over what is releasable to it, and no
        more, be it that somebody's own words got into the stream by mistake.
        """
        village.node("KOR@NATO")
        assert self.permits(village, mark, received=False) == own
        assert self.permits(village, mark, received=True) == received

    def test_what_is_given_takes_the_place_of_the_default(self, village: Village) -> None:
        """
        A mission that is cleared to LIMITED sees no more; what may come in stays as it was.
        """
        limited = clearance(["KOR"], highest="LIMITED", context=("Own", "Releasable"))
        village.node("KOR@NATO", clearances=[limited])
        assert not self.permits(village, "(S//REL KOR)", received=False)
        assert self.permits(village, "(L//REL KOR)", received=False)
        assert self.permits(village, "(S//REL KOR)", received=True)

    def test_a_policy_of_ones_own_comes_with_what_is_held_under_it(self, village: Village) -> None:
        """
        A policy in a file is in force from the start, and its clearance holds for what comes in too.
        """
        kor = village.node("KOR@NATO", spifs=[TOY], clearances=[toy_clearance("LOW")])
        with kor.database.read() as db:
            for readers in (mission_reader, received_reader):
                found = readers(db, "KOR@NATO", kor.clock()).clearances
                assert [each.classifications for each in found if each.policy_id == "2.25.7007"] == [("LOW",)]
        assert kor.faults() == ()


class TestOpen:
    def test_what_was_made_is_opened(self, tmp_path: Path) -> None:
        """
        Keys, card and store are those of one office.
        """
        card = create_home(tmp_path / "kor", KOR, around())
        with open_home(tmp_path / "kor", around()) as made:
            assert (made.office, made.card) == ("KOR@NATO", card)
            assert made.signing.item.public_key in {each.key for each in card.body.item_keys}

    @pytest.mark.parametrize("name", ["nowhere", "."])
    def test_a_folder_without_a_node_is_refused(self, tmp_path: Path, name: str) -> None:
        """
        Nothing is made by looking.
        """
        with pytest.raises(StoreError, match="there is no node"):
            open_home(tmp_path / name, around())
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("name", [KEYS, CARD])
    def test_a_missing_file_is_told(self, tmp_path: Path, name: str) -> None:
        """
        Without keys or card there is no node.
        """
        create_home(tmp_path / "kor", KOR, around())
        (tmp_path / "kor" / name).unlink()
        with pytest.raises(FileNotFoundError):
            open_home(tmp_path / "kor", around())

    @pytest.mark.parametrize("name", [KEYS, CARD])
    def test_a_damaged_file_is_told(self, tmp_path: Path, name: str) -> None:
        """
        A file that is not what it must be is no file of a node.
        """
        create_home(tmp_path / "kor", KOR, around())
        data = (tmp_path / "kor" / name).read_bytes()
        (tmp_path / "kor" / name).write_bytes(data[:-2] + b"x}")
        with pytest.raises((MalformedError, SignatureError)):
            open_home(tmp_path / "kor", around())

    def test_a_card_of_another_office_is_refused(self, tmp_path: Path) -> None:
        """
        Nobody signs under another's card.
        """
        create_home(tmp_path / "kor", KOR, around())
        create_home(tmp_path / "jpn", Office.parse("JPN@NATO"), around(7))
        shutil.copy(tmp_path / "jpn" / CARD, tmp_path / "kor" / CARD)
        with pytest.raises(MalformedError, match="of two offices"):
            open_home(tmp_path / "kor", around())

    def test_keys_that_the_card_does_not_list_are_refused(self, tmp_path: Path) -> None:
        """
        What they sign nobody could verify.
        """
        create_home(tmp_path / "kor", KOR, around())
        create_home(tmp_path / "other", KOR, around(7))
        shutil.copy(tmp_path / "other" / KEYS, tmp_path / "kor" / KEYS)
        with pytest.raises(MalformedError, match="not the current ones of its card"):
            open_home(tmp_path / "kor", around())

    def test_a_newer_card_with_the_same_current_keys_is_taken(self, village: Village) -> None:
        """
        A card that adds a key is the card of the node from when it lies there.
        """
        kor = village.node("KOR@NATO")
        (kor.folder / CARD).write_bytes(next_card(kor).data)
        kor.reopen()
        assert kor.card.body.number == 1

    def test_a_store_of_another_office_is_refused(self, tmp_path: Path) -> None:
        """
        What one office received is not shown to another.
        """
        create_home(tmp_path / "kor", KOR, around())
        create_home(tmp_path / "jpn", Office.parse("JPN@NATO"), around(7))
        shutil.copy(tmp_path / "jpn" / STORE, tmp_path / "kor" / STORE)
        with pytest.raises(StoreError, match="of two offices"):
            open_home(tmp_path / "kor", around())

    def test_what_is_no_store_is_refused(self, tmp_path: Path) -> None:
        """
        A file of another program is not touched.
        """
        create_home(tmp_path / "kor", KOR, around())
        (tmp_path / "kor" / STORE).write_bytes(b"not a database, by far" * 1000)
        before = state(tmp_path)
        with pytest.raises(StoreError):
            open_home(tmp_path / "kor", around())
        assert state(tmp_path) == before

    def test_no_secret_is_shown_by_whatever_prints_it(self, village: Village) -> None:
        """
        An opened node in a trace tells no key.
        """
        kor = village.node("KOR@NATO")
        keys = OFFICE_KEYS.decode((kor.folder / KEYS).read_bytes())
        shown = repr(kor.home) + repr(kor.home.signing)
        for secret in (keys.item, keys.stream_ed25519, keys.stream_mldsa44, keys.seal_mlkem768, keys.draws):
            assert repr(secret) not in shown
            assert secret.hex() not in shown
