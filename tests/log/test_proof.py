# SPDX-License-Identifier: Apache-2.0

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.errors import MalformedError, ProofError, SignatureError, VerificationError
from legation.keys.card import Card, read
from legation.log import Checkpoint, LogEntry, LogKind, open_checkpoint, sign_checkpoint
from legation.log.proof import (
    EXTRA_SIZE_BYTES_MAX,
    PROOF_SIZE_BYTES_MAX,
    Proof,
    read_proof,
    verify_proof,
    write_proof,
)
from legation.merkle import PROOF_HASHES_MAX, Hash, inclusion_proof, leaf_hash
from tests.keys.office import Keys
from tests.log import handmade
from tests.log.handmade import HEAD, LEAVES, LOG_HEAD, SENDER
from tests.log.test_checkpoint import GOOD, OURS, RECEIPT, THEIRS, read_receipt


@pytest.fixture(scope="module")
def card() -> Card:
    """The card of the office that writes the example's stream."""
    return read(Keys.of(SENDER.office).card())


LEAF_HASHES = [Hash(each) for each in LEAVES]

proofs = st.builds(
    Proof,
    index=st.integers(0, 2**53 - 2),
    hashes=st.lists(st.binary(min_size=32, max_size=32), max_size=PROOF_HASHES_MAX).map(tuple),
    note=st.just(RECEIPT),
    extra=st.binary(max_size=40),
)


def proof_of(entry: int, **changes: Any) -> Proof:
    """The proof for one entry of the example's stream, with the receipt for it."""
    hashes = tuple(inclusion_proof(LEAF_HASHES, entry))
    fields: dict[str, Any] = {"index": entry, "hashes": hashes, "note": RECEIPT}
    return Proof(**(fields | changes))


class TestFiles:
    @given(proof=proofs)
    def test_is_read_as_it_was_written(self, proof: Proof) -> None:
        """Index, hashes, note and whatever else was put in."""
        assert read_proof(write_proof(proof)) == proof

    @settings(max_examples=300)
    @given(data=st.data(), proof=proofs)
    def test_a_changed_file_is_refused_or_written_the_same(self, data: st.DataObject, proof: Proof) -> None:
        """There is one spelling of what is read."""
        whole = bytearray(write_proof(proof))
        place = data.draw(st.integers(0, min(len(whole) - 1, 400)))
        whole[place] = data.draw(st.integers(0, 255))
        with contextlib.suppress(MalformedError):
            assert write_proof(read_proof(bytes(whole))) == whole

    @pytest.mark.parametrize(
        "head",
        [
            "",
            "index 0",
            "c2sp.org/tlog-proof@v1",
            "c2sp.org/tlog-proof@v2\nindex 0",
            "c2sp.org/tlog-proof@v1\nindex 00",
            "c2sp.org/tlog-proof@v1\nindex 01",
            "c2sp.org/tlog-proof@v1\nindex -1",
            "c2sp.org/tlog-proof@v1\nindex 1 ",
            "c2sp.org/tlog-proof@v1\nindex ٣",
            "c2sp.org/tlog-proof@v1\nindex 9007199254740991",
            "c2sp.org/tlog-proof@v1\nextra \nindex 0",
            "c2sp.org/tlog-proof@v1\nextra AA\nindex 0",
            "c2sp.org/tlog-proof@v1\nindex 0\nextra AA==",
            "c2sp.org/tlog-proof@v1\nindex 0\nAAAA",
            "c2sp.org/tlog-proof@v1\r\nindex 0",
            "c2sp.org/tlog-proof@v1\nindex 0\n" + "\n".join([handmade.b64(bytes(32))] * 65),
        ],
    )
    def test_another_head_is_refused(self, head: str) -> None:
        """No version, no index, an index spelled otherwise, hashes of another size, too many of them."""
        with pytest.raises(MalformedError):
            read_proof(head.encode() + b"\n\n" + RECEIPT)

    @pytest.mark.parametrize("note", [b"", b"words\n", b"words\n\n", bytes(PROOF_SIZE_BYTES_MAX)])
    def test_what_follows_is_a_note(self, note: bytes) -> None:
        """Nothing, no note, and too long."""
        with pytest.raises(MalformedError):
            read_proof(b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + note)

    def test_cannot_exist_wrong(self) -> None:
        """What could not be read is not made either."""
        for changes in ({"index": -1}, {"hashes": (b"short",)}, {"extra": bytes(EXTRA_SIZE_BYTES_MAX + 1)}):
            with pytest.raises(MalformedError):
                proof_of(0, **changes)


class TestSpecification:
    PAGE = (Path(__file__).parents[2] / "docs" / "spec" / "log.md").read_text()

    def test_shows_the_proof_of_the_example(self) -> None:
        """The page's example is the vector, as it is written; a long line is cut."""
        vector = json.loads((Path(__file__).parents[2] / "vectors" / "proof.json").read_bytes())
        data = vector["proof"].encode()
        assert write_proof(read_proof(data)) == data
        shown = self.PAGE.split("## Proof of one entry")[1].split("```text\n")[1].split("```")[0].splitlines()
        assert shown.pop() == "..."
        written = data.decode().splitlines()[: len(shown)]
        assert [line.removesuffix("...") for line in shown] == [
            line[: len(drawn) - 3] if drawn.endswith("...") else line
            for line, drawn in zip(written, shown, strict=True)
        ]

    def test_names_every_kind_of_a_log(self) -> None:
        """Whatever may stand in a node's own log is on the page."""
        section = self.PAGE.split("## Proof of one entry")[1].split("\n## ")[0]
        assert [each.value for each in LogKind if f"`{each.value}`" not in section] == []
        assert [name for name in LogEntry.__struct_fields__ if f"`{name}`" not in section] == []


class TestProofs:
    @pytest.mark.parametrize("index", range(len(LEAVES)))
    def test_proves_its_entry_and_no_other(self, index: int) -> None:
        """By a receipt: that the other office holds this very entry."""
        proof = read_proof(write_proof(proof_of(index)))
        checkpoint = read_receipt(proof.note).checkpoint
        verify_proof(proof, LEAF_HASHES[index], checkpoint)
        for other in (*LEAF_HASHES[:index], *LEAF_HASHES[index + 1 :], leaf_hash(b"")):
            with pytest.raises(ProofError):
                verify_proof(proof, other, checkpoint)

    def test_of_another_place_proves_nothing(self) -> None:
        """An index outside, and the hashes of one entry under the index of another."""
        checkpoint = read_receipt(RECEIPT).checkpoint
        for index in (1, 3, 2**53 - 2):
            with pytest.raises(ProofError):
                verify_proof(proof_of(0, index=index), LEAF_HASHES[0], checkpoint)


class TestCheckpointsByCard:
    @pytest.mark.parametrize("head", [HEAD, LOG_HEAD], ids=["stream", "log"])
    def test_any_stream_and_log_of_the_office_opens(self, head: handmade.Head, card: Card) -> None:
        """Whichever it is, the card says whose it must be."""
        checkpoint = Checkpoint(origin=head.origin, size=head.size, root=Hash(head.root))
        assert (
            open_checkpoint(sign_checkpoint(checkpoint, name=SENDER.name, signers=OURS), card) == checkpoint
        )

    def test_a_stream_of_another_office_is_refused(self, card: Card) -> None:
        """Though its signatures were this office's."""
        origin = HEAD.origin.replace("KOR@NATO/JPN@NATO", "JPN@NATO/KOR@NATO")
        assert origin != HEAD.origin
        checkpoint = Checkpoint(origin=origin, size=1, root=GOOD.root)
        with pytest.raises(VerificationError, match="another office"):
            open_checkpoint(sign_checkpoint(checkpoint, name=SENDER.name, signers=OURS), card)

    @pytest.mark.parametrize(
        "origin",
        [
            "legation/stream/v1/KOR@NATO",
            "legation/stream/v1/KOR@NATO/x/00",
            f"legation/stream/v1/KOR@NATO/KOR@NATO/{'0' * 32}",
            f"legation/stream/v1/KOR@NATO/JPN@NATO/{'A' * 32}",
            f"legation/stream/v1/KOR@NATO/{'0' * 32}",
            f"legation/log/v1/KOR@NATO/JPN@NATO/{'0' * 32}",
            f"legation/log/v1/KOR@NATO/{'0' * 31}",
            f"legation/log/v1/KOR@NATO/{'0' * 32}/",
        ],
    )
    def test_an_origin_of_another_form_is_refused(self, origin: str, card: Card) -> None:
        """Nobody expected it, so that its form is all that can be asked."""
        checkpoint = Checkpoint(origin=origin, size=1, root=GOOD.root)
        with pytest.raises(MalformedError):
            open_checkpoint(sign_checkpoint(checkpoint, name=SENDER.name, signers=OURS), card)

    def test_another_key_and_another_name_are_refused(self, card: Card) -> None:
        """The card's keys alone, under its office's name."""
        for name, signers in ((SENDER.name, THEIRS), ("AUS/stream", OURS)):
            with pytest.raises(SignatureError):
                open_checkpoint(sign_checkpoint(GOOD, name=name, signers=signers), card)

    def test_a_receipt_is_no_checkpoint(self, card: Card) -> None:
        """Two lines, and no others."""
        with pytest.raises(MalformedError):
            open_checkpoint(RECEIPT, card)
