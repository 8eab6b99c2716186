# SPDX-License-Identifier: Apache-2.0

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from legation.encoding import Codec, encode
from legation.errors import MalformedError
from legation.exchange import (
    ACTIONS,
    ANSWER_SIZE_BYTES_MAX,
    PULL_SIZE_BYTES_MAX,
    Accepted,
    Action,
    Answer,
    Envelope,
    Held,
    Pull,
    accept,
    binding_of,
    read_envelope,
    read_view,
    weigh,
    write_envelope,
)
from legation.exchange.envelope import check_spoken
from legation.exchange.letter import LETTER_SIZE_BYTES_MAX
from legation.item import inspect
from legation.keys.seal import HPKEOpener
from legation.keys.sign import Ed25519Signer
from legation.log import key_name, stream_origin, verify_receipt
from tests.exchange.made import RECEIVER, SENDER, key_of, stream_keys
from tools import vectors_exchange

STORED = json.loads(vectors_exchange.FILE.read_bytes())
ENVELOPES = {each["name"]: each for each in STORED["envelopes"]}
MALFORMED = {each["what"]: each for each in STORED["malformed"]}


def opener(name: str) -> HPKEOpener:
    """
    The key of this name, from the seeds of the file.
    """
    seeds = STORED["seeds"]
    return HPKEOpener(
        mlkem_seed=bytes.fromhex(seeds[f"{name} ml-kem-768"]),
        x25519_seed=bytes.fromhex(seeds[f"{name} x25519"]),
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


def letter_of(vector: Any) -> Pull | Answer:
    """
    The letter of a vector.
    """
    data = vector["letter"].encode()
    if vector["purpose"] == "pull":
        return Codec(Pull, size_bytes_max=LETTER_SIZE_BYTES_MAX, what="pull").decode(data)
    return Codec(Answer, size_bytes_max=LETTER_SIZE_BYTES_MAX, what="answer").decode(data)


def written(name: str) -> bytes:
    """
    The envelope of a vector, as the program writes it.
    """
    vector = ENVELOPES[name]
    letter = letter_of(vector)
    pieces = write_envelope(
        letter,
        [b64decode(payload) for payload in vector["payloads"]],
        signer=Ed25519Signer(bytes.fromhex(STORED["seeds"][f"{letter.sender} stream ed25519"])),
        to=opener(vector["opener"]).public_key,
        secret=bytes.fromhex(vector["secret"]),
        sealer=_Kept(name),
    )
    return b"".join(pieces)


def read_pull(name: str) -> Envelope[Pull]:
    """
    What the program reads from the envelope of a pull.
    """
    return read_envelope(
        [written(name)],
        Pull,
        openers=[opener(ENVELOPES[name]["opener"])],
        receiver=SENDER,
        key_of=key_of,
        size_bytes_max=PULL_SIZE_BYTES_MAX,
    )


def read_answer(name: str) -> Envelope[Answer]:
    """
    What the program reads from the envelope of an answer.
    """
    return read_envelope(
        [written(name)],
        Answer,
        openers=[opener(ENVELOPES[name]["opener"])],
        receiver=RECEIVER,
        key_of=key_of,
        size_bytes_max=ANSWER_SIZE_BYTES_MAX,
    )


def accepted(name: str, held: Held) -> Accepted:
    """
    What the program makes of an answer.
    """
    pull = bytes.fromhex(ENVELOPES[name.replace("answer", "pull")]["binding"])
    return accept(read_answer(name), held, sender=SENDER, keys=stream_keys(SENDER), pull=pull)


class TestVectors:
    @pytest.mark.parametrize("name", ENVELOPES)
    def test_the_program_writes_it_byte_for_byte(self, name: str) -> None:
        """
        With the same secret and sealing the envelope is the one that was put together by hand.
        """
        data = written(name)
        assert (len(data), sha256(data).hexdigest()) == (
            ENVELOPES[name]["size_bytes"],
            ENVELOPES[name]["sha256"],
        )

    @pytest.mark.parametrize("name", ENVELOPES)
    def test_the_program_reads_it(self, name: str) -> None:
        """
        The letter and the payloads come out, under the binding that is stated.
        """
        vector = ENVELOPES[name]
        found = read_pull(name) if vector["purpose"] == "pull" else read_answer(name)
        assert encode(found.letter).decode() == vector["letter"]
        assert found.payloads == tuple(b64decode(payload) for payload in vector["payloads"])
        assert found.binding.hex() == vector["binding"] == binding_of(found.letter).hex()

    def test_the_example_is_an_exchange(self) -> None:
        """
        Played through: first the start and a view, then the receipt, then what was taken back.
        """
        first = accepted("first-answer", Held())
        assert first.may_receipt
        slip, view = read_view(first.entries[1][1])
        assert slip.addressee == RECEIVER
        assert len(inspect(view).portions) == 2
        pull = read_pull("second-pull").letter
        assert pull.position == first.held.position
        assert pull.receipt is not None
        assert pull.position is not None
        receipt = verify_receipt(
            pull.receipt,
            origin=stream_origin(SENDER, RECEIVER, pull.position.incarnation),
            name=key_name(SENDER),
            keys=stream_keys(SENDER),
            cosigner=key_name(RECEIVER),
            cosigner_keys=stream_keys(RECEIVER),
        )
        assert (receipt.checkpoint.size, receipt.checkpoint.root) == (2, pull.position.root)
        standing = weigh(
            pull.position,
            incarnation=pull.position.incarnation,
            size=4,
            root_at=lambda size: first.held.frontier.root,
            receipt_size=2,
            challenge_holds=False,
        )
        assert ACTIONS[standing] is Action.ANSWER
        second = accepted("second-answer", first.held)
        assert (second.held.frontier.size, second.held.taken_back, second.may_receipt) == (
            4,
            frozenset(),
            True,
        )
        assert [header.number for header, _ in second.entries] == [3]

    @pytest.mark.parametrize("what", MALFORMED)
    def test_the_program_refuses_what_is_no_letter(self, what: str) -> None:
        """
        Each has one defect, and is refused for it.
        """
        with pytest.raises(MalformedError):
            check_spoken(letter_of(MALFORMED[what]), [1])

    def test_no_two_defects_are_alike(self) -> None:
        """
        Each letter that is none is another one, and none is a good one.
        """
        letters = {each["letter"] for each in MALFORMED.values()}
        assert len(letters) == len(STORED["malformed"])
        assert letters.isdisjoint(each["letter"] for each in ENVELOPES.values())


class TestGenerator:
    def test_it_would_make_the_same_file(self) -> None:
        """
        What is in the folder is what the generator makes, byte for byte, and nothing else is there.
        """
        assert vectors_exchange.FILE.read_bytes() == vectors_exchange.made()
        assert [path.name for path in vectors_exchange.FILE.parent.iterdir()] == ["exchange.json"]

    def test_the_page_shows_the_vectors(self) -> None:
        """
        The examples in the specification are those of the file.
        """
        page = vectors_exchange.PAGE.read_text(encoding="utf-8")
        assert vectors_exchange.rendered(page) == page
        for vector in ENVELOPES.values():
            assert vector["binding"] in page

    def test_it_writes_what_it_makes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Run as a program without a file it draws what is randomised anew, and a second time no more.
        """
        page = tmp_path / "exchange.md"
        page.write_text("<!-- example: first-pull -->\n", encoding="utf-8")
        monkeypatch.setattr(vectors_exchange, "FILE", tmp_path / "vectors" / "exchange.json")
        monkeypatch.setattr(vectors_exchange, "PAGE", page)
        vectors_exchange.main()
        first = (tmp_path / "vectors" / "exchange.json").read_bytes()
        shown = page.read_text(encoding="utf-8")
        assert "<!-- /example -->" in shown
        assert json.loads(first)["kept"].keys() == STORED["kept"].keys()
        vectors_exchange.main()
        assert (tmp_path / "vectors" / "exchange.json").read_bytes() == first
        assert page.read_text(encoding="utf-8") == shown
