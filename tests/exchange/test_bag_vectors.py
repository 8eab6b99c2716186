# SPDX-License-Identifier: Apache-2.0
"""
``vectors/bag/bag.json`` and ``docs/spec/bag.md`` say what the code does.
"""

import json
import re
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from legation.encoding import encode
from legation.errors import (
    EquivocationError,
    LegationError,
    MalformedError,
    ProofError,
    RemoteProtocolError,
    SealError,
    SignatureError,
)
from legation.exchange import (
    BAG_SIZE_BYTES_MAX,
    Accepted,
    Bag,
    Enclosed,
    Held,
    accept_unasked,
    binding_of,
    read_envelope,
    read_view,
    write_envelope,
)
from legation.exchange import bag as bag_module
from legation.exchange import envelope as envelope_module
from legation.exchange.envelope import _BAG, check_spoken
from legation.item import inspect
from legation.item.portion import Attachment
from legation.keys.seal import HPKEOpener
from legation.keys.sign import Ed25519Signer
from legation.log import Frontier
from legation.merkle import leaf_hash
from tests.exchange.made import RECEIVER, SENDER, key_of, stream_keys
from tools import vectors_bag

STORED = json.loads(vectors_bag.FILE.read_bytes())
BAGS = {each["name"]: each for each in STORED["bags"]}
PAGE = vectors_bag.PAGE.read_text(encoding="utf-8")
ERRORS: dict[str, type[LegationError]] = {
    "malformed": MalformedError,
    "seal": SealError,
    "signature": SignatureError,
    "proof": ProofError,
    "protocol": RemoteProtocolError,
    "gap": RemoteProtocolError,
    "fork": EquivocationError,
}
LEAVES = [
    leaf_hash(json.dumps(each["header"], sort_keys=True, separators=(",", ":")).encode())
    for each in STORED["stream"]
]


def opener(office: str) -> HPKEOpener:
    """
    The seal key of an office, from the seeds of the file.
    """
    seeds = STORED["seeds"]
    return HPKEOpener(
        mlkem_seed=bytes.fromhex(seeds[f"{office} seal ml-kem-768"]),
        x25519_seed=bytes.fromhex(seeds[f"{office} seal x25519"]),
    )


class _Kept:
    """
    Seals as it was sealed when the vector was made.
    """

    def __init__(self, name: str) -> None:
        self.sealed = bytes.fromhex(STORED["kept"][f"sealed secret of {name}"])

    def seal_secret(self, *given: object) -> bytes:
        """
        Give what is kept.
        """
        return self.sealed


def written_by_hand(name: str) -> bytes:
    """
    The file of a vector, as the generator puts it together.
    """
    found = vectors_bag.kept()
    parcels = {each.name: each for each in [*vectors_bag.good(found), *vectors_bag.bad(found)]}
    return parcels[name].written(found)


def opens(name: str) -> tuple[Accepted | None, list[tuple[Enclosed, bytes]]]:
    """
    What the program makes of a bag, with the attachments that came out of it.
    """
    vector, data = BAGS[name], written_by_hand(name)
    receiver = RECEIVER if json.loads(letter_of(vector))["sender"] == SENDER else SENDER
    came: list[tuple[Enclosed, bytes]] = []
    found = read_envelope(
        [data],
        Bag,
        openers=[opener(receiver)],
        receiver=receiver,
        key_of=key_of,
        size_bytes_max=BAG_SIZE_BYTES_MAX,
        size_bytes=len(data),
        take=lambda each, pieces: came.append((each, b"".join(pieces))),
    )
    size = vector["held"]
    frontier = Frontier().extend(LEAVES[:size])
    held = Held(incarnation=vectors_bag.INCARNATION if size else None, frontier=frontier)
    accepted = accept_unasked(
        found, held, keys=stream_keys(found.letter.sender), leaves=lambda start, stop: LEAVES[start:stop]
    )
    return accepted, came


def letter_of(vector: Any) -> str:
    """
    The letter of a vector.
    """
    return str(STORED["letters"][vector["letter"]]["letter"])


class TestVectors:
    @pytest.mark.parametrize("name", [each for each in BAGS if BAGS[each]["expect"] in {"opens", "nothing"}])
    def test_the_program_writes_it_byte_for_byte(self, name: str) -> None:
        """
        With the same secret and sealing the file is the one that was put together by hand.
        """
        vector, told = BAGS[name], STORED["letters"][BAGS[name]["letter"]]
        letter = _BAG.decode(told["letter"].encode())
        pieces = write_envelope(
            letter,
            [b64decode(each) for each in vector["payloads"]],
            signer=Ed25519Signer(bytes.fromhex(STORED["seeds"][f"{letter.sender} stream ed25519"])),
            to=opener(vector["opener"]).public_key,
            secret=bytes.fromhex(told["secret"]),
            sealer=_Kept(f"{vector['letter']} to {vector['opener']}"),
            attached=[[b64decode(each)] for each in vector["attached"]],
        )
        data = b"".join(pieces)
        assert (len(data), sha256(data).hexdigest()) == (vector["size_bytes"], vector["sha256"])
        assert binding_of(letter).hex() == told["binding"]
        assert encode(letter).decode() == told["letter"]

    @pytest.mark.parametrize("name", BAGS)
    def test_it_is_judged_as_the_file_says(self, name: str) -> None:
        """
        Opened, found to be held, or refused for its one defect.
        """
        vector = BAGS[name]
        data = written_by_hand(name)
        assert (len(data), sha256(data).hexdigest()) == (vector["size_bytes"], vector["sha256"])
        if vector["expect"] in ERRORS:
            with pytest.raises(LegationError) as caught:
                opens(name)
            assert type(caught.value) is ERRORS[vector["expect"]]
            return
        accepted, came = opens(name)
        assert (accepted is not None) is (vector["expect"] == "opens")
        assert [data for _, data in came] == [b64decode(each) for each in vector["attached"]]
        if accepted is not None:
            assert accepted.held.frontier == Frontier().extend(LEAVES[: accepted.held.frontier.size])

    def test_what_is_enclosed_is_what_the_view_shows(self) -> None:
        """
        The example is a whole item with its file.
        """
        accepted, [(each, data)] = opens("first")
        assert accepted is not None
        contents = inspect(read_view(accepted.entries[1][1])[1])
        [portion] = [one.portion for one in contents.portions if isinstance(one.portion, Attachment)]
        assert (portion.root, portion.size) == (each.root, each.size)
        assert data.startswith(b"Table 1")

    @pytest.mark.parametrize("what", [each["what"] for each in STORED["malformed"]])
    def test_the_program_refuses_what_is_no_letter(self, what: str) -> None:
        """
        Each has one defect, and is refused for it.
        """
        [letter] = [each["letter"] for each in STORED["malformed"] if each["what"] == what]
        with pytest.raises(MalformedError):
            check_spoken(_BAG.decode(letter.encode()), [1])

    def test_no_two_defects_are_alike(self) -> None:
        """
        Each is another one, and none is a good one.
        """
        letters = {each["letter"] for each in STORED["malformed"]}
        assert len(letters) == len(STORED["malformed"])
        assert letters.isdisjoint(each["letter"] for each in STORED["letters"].values())
        assert {each["expect"] for each in BAGS.values()} == {*ERRORS, "opens", "nothing"}


class TestGenerator:
    def test_it_would_make_the_same_file(self) -> None:
        """
        What is in the folder is what the generator makes, byte for byte, and nothing else is there.
        """
        assert vectors_bag.FILE.read_bytes() == vectors_bag.made()
        assert [path.name for path in vectors_bag.FILE.parent.iterdir()] == ["bag.json"]

    def test_the_page_shows_the_vectors(self) -> None:
        """
        The examples in the specification are those of the file.
        """
        assert vectors_bag.rendered(PAGE) == PAGE
        for name in ("first", "back", "second"):
            assert STORED["letters"][name]["binding"] in PAGE

    def test_it_writes_what_it_makes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Run as a program without a file it draws what is randomised anew, and a second time no more.
        """
        page = tmp_path / "bag.md"
        page.write_text("<!-- example: first -->\n", encoding="utf-8")
        monkeypatch.setattr(vectors_bag, "FILE", tmp_path / "vectors" / "bag.json")
        monkeypatch.setattr(vectors_bag, "PAGE", page)
        vectors_bag.main()
        first, shown = (tmp_path / "vectors" / "bag.json").read_bytes(), page.read_text(encoding="utf-8")
        assert "<!-- /example -->" in shown
        assert json.loads(first)["kept"].keys() == STORED["kept"].keys()
        vectors_bag.main()
        assert (tmp_path / "vectors" / "bag.json").read_bytes() == first


class TestPage:
    def test_every_field_is_named(self) -> None:
        """
        Whatever may stand in a bag is on the page.
        """
        section = PAGE.split("\n## Letter\n")[1].split("\n## ")[0]
        drawn = " ".join(line.split(" | ")[0] for line in section.splitlines() if line.startswith("| "))
        assert [each for each in Bag.__struct_fields__ if f"`{each}`" not in drawn] == []
        assert [each for each in Enclosed.__struct_fields__ if f"`{each}`" not in section] == []

    def test_limits_are_those_of_the_code(self) -> None:
        """
        Each row of the table of limits is the constant of that name, and none is missing.
        """
        constants = vars(envelope_module) | vars(bag_module)
        drawn = dict(re.findall(r"^\| `(\w+_MAX)` \| (\d+) \|", PAGE, re.MULTILINE))
        assert drawn == {name: str(constants[name]) for name in drawn}
        assert drawn.keys() == {"BAG_SIZE_BYTES_MAX", "BAG_LETTER_SIZE_BYTES_MAX", "ENCLOSED_MAX"}
