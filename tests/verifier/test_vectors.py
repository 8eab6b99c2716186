# SPDX-License-Identifier: Apache-2.0

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as changed

from legation.encoding import encode
from legation.exchange import EntryKind, header_of
from legation.keys.card import KeyState, fingerprint, read
from legation.keys.fingerprint_words import WORDS
from legation.log.growth import Growth, write_growth
from legation.log.proof import Proof, write_proof
from legation.merkle import Hash, consistency_proof, inclusion_proof
from tests.exchange.made import view_payload
from tests.keys.edwards import P, spell, torsion
from tests.keys.office import Keys, forge
from tests.log import handmade as notes
from tests.verifier.agreement import with_cards
from tests.verifier.given import FILE, HIDDEN, b64, given, proof_of
from tests.verifier.node import MODULE, NODE, Verifier
from tests.verifier.vectors import CARD, LOG, Vector, prepared, vectors, wrong

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "verifying.md"
ATTACHMENT = json.loads(
    (ROOT / "docs" / "spec" / "attachment.md").read_text().split("```json\n")[1].split("```")[0]
)

SEAL_KEY = Keys.of("KOR@NATO").seals[0][0].public_key.key

# The points whose order divides 8, as Ed25519 spells them and, by their u, as X25519 does.
WEAK_ED25519 = [
    *map(spell, torsion()),
    *(y.to_bytes(32, "little") for y in (P, P + 1, P + 5, 2**255 - 1, 2**255 + P)),
]
WEAK_X25519 = sorted(
    {
        *(((1 + y) * pow(1 - y, -1, P) % P).to_bytes(32, "little") for _, y in torsion() if y != 1),
        *(u.to_bytes(32, "little") for u in (P, P + 1, P + 9, 2**255 + 9)),
    }
)


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    """The second verifier, which has read the pinned cards."""
    with Verifier() as started:
        yield prepared(started)


@pytest.mark.parametrize("vector", [pytest.param(each, id=each.name) for each in vectors()])
def test_a_vector_is_judged_as_it_must_be(vector: Vector, verifier: Verifier) -> None:
    """
    The verdict, its family and its step, and of what verifies all that the index says.
    """
    (answer,) = verifier.ask_all([vector.question])
    assert vector.is_answered(answer), answer


class TestCards:
    def test_its_words_are_the_list_of_the_program(self) -> None:
        """
        Both lists of words are one, in one order.
        """
        text = MODULE.read_text(encoding="utf-8").split("const WORDS = `")[1].split("`")[0]
        assert tuple(text.split()) == tuple(WORDS)

    def test_cards_follow_each_other_from_the_first(self, verifier: Verifier) -> None:
        """
        In order and whole; neither backwards nor from the middle.
        """
        first, second = (verifier.card(each["card"].encode()) for each in CARD["cards"])
        assert verifier.ask("chain", cards=[first, second])["value"]["number"] == 1
        for cards in ([second, first], [second], [first, first], []):
            assert verifier.ask("chain", cards=cards)["family"] == "malformed"

    @pytest.mark.parametrize(
        ("before", "after", "is_lawful"),
        [(9, 9, True), (9, 8, True), (9, None, True), (9, 10, False), (None, None, True), (None, 0, False)],
    )
    def test_since_when_a_key_is_revoked_moves_to_an_earlier_instant_only(
        self, verifier: Verifier, before: int | None, after: int | None, is_lawful: bool
    ) -> None:
        """
        As the program has it: nobody takes a revocation back.
        """
        keys = Keys.of("KOR@NATO").with_new_item_key(KeyState.REVOKED)
        chain = [Keys.of("KOR@NATO").card()]
        for number, since in enumerate((before, after), 1):
            listed = tuple(
                changed(each, since=since) if each.state is KeyState.REVOKED else each
                for each in keys.body(number=1, previous=bytes(32)).item_keys
            )
            digest = sha256(chain[-1]).digest()
            chain.append(keys.card(number=number, previous=digest, item_keys=listed))
        found = verifier.ask("chain", cards=[verifier.card(each) for each in chain])
        assert found.get("family") == (None if is_lawful else "malformed")

    def test_cards_that_share_a_key_or_an_office_do_not_stand_together(self, verifier: Verifier) -> None:
        """
        Whose key it is must be one office; and of an office there is one card.
        """
        theirs = Keys.of("KOR@NATO")
        ours = Keys.of("AUS@NATO")
        mixed = Keys(
            office="AUS@NATO", root=ours.root, items=theirs.items, streams=ours.streams, seals=ours.seals
        )
        for other in (mixed.card(), theirs.card()):
            cards = [verifier.card(theirs.card()), verifier.card(other)]
            answer = verifier.ask("view", data=given().view, cards=cards)
            assert answer["family"] == "malformed"

    @pytest.mark.parametrize("key", WEAK_ED25519, ids=lambda key: key.hex()[:8])
    def test_an_ed25519_key_that_is_weak_or_spelt_otherwise_is_refused(
        self, key: bytes, verifier: Verifier
    ) -> None:
        """
        Points of small order in every spelling, and a y that is not below the prime.
        """
        answer = _card_with(verifier, root={"algorithm": "ed25519", "key": b64(key)})
        assert answer["message"] == "an Ed25519 key is not canonical, or of small order"

    @pytest.mark.parametrize("key", WEAK_X25519, ids=lambda key: key.hex()[:8])
    def test_an_x25519_key_that_is_weak_or_spelt_otherwise_is_refused(
        self, key: bytes, verifier: Verifier
    ) -> None:
        """
        Points of low order, and what is not below the prime.
        """
        answer = _card_with(verifier, seal_keys=[_seal_key(SEAL_KEY[:-32] + key)])
        assert answer["message"] == "an X25519 key is not canonical, or of low order"

    @pytest.mark.parametrize("low", [b"\x01\x0d\x00", b"\xff\xff\x0f", b"\x00\x10\xd0"], ids=bytes.hex)
    def test_an_ml_kem_key_out_of_range_is_refused(self, low: bytes, verifier: Verifier) -> None:
        """
        Either of the two coefficients in three bytes is 3329 or more.
        """
        answer = _card_with(verifier, seal_keys=[_seal_key(low + SEAL_KEY[3:])])
        assert answer["message"] == "an ML-KEM key has a coefficient out of range"


def _card_with(verifier: Verifier, **changes: Any) -> Mapping[str, Any]:
    """What is said of the second card of the vectors with other fields, signed again."""
    body = json.loads(CARD["cards"][1]["card"])["body"] | changes
    return verifier.ask("card", data=forge(body, Keys.of("KOR@NATO").with_new_item_key().signers))


def _seal_key(key: bytes) -> dict[str, Any]:
    return {"key": {"algorithm": "mlkem768-x25519", "key": b64(key)}, "state": "current"}


class TestProofs:
    def test_a_proof_of_every_entry_holds_and_of_no_other(self, verifier: Verifier) -> None:
        """
        Of the three entries of the vectors, each under its own number alone.
        """
        leaves = [Hash(each) for each in notes.LEAVES]
        for number in range(3):
            file = write_proof(
                Proof(
                    index=number,
                    hashes=tuple(inclusion_proof(leaves, number)),
                    note=LOG["receipt"].encode(),
                )
            )
            found = [
                verifier.ask("proof", data=file, entry=bytes.fromhex(entry), cards=[0, 2]).get("family")
                for entry in LOG["entries"]
            ]
            assert found == [None if number == other else "proof" for other in range(3)]

    def test_what_was_handed_over_is_tied_to_the_receipt(self, verifier: Verifier) -> None:
        """
        Entry, payload and view hold together; another payload does not.
        """
        cards = [0, 2]
        found = verifier.ask("proof", data=given().proof, payload=given().payload, cards=cards)["value"]
        assert (found["index"], found["entry"]["kind"], found["note"]["receiver"]) == (1, "view", "JPN@NATO")
        assert found["payload"]["slip"] == {"addressee": "JPN@NATO"}
        other = view_payload(text=given().view, addressee="AUS@NATO")
        assert verifier.ask("proof", data=given().proof, payload=other, cards=cards)["family"] == "proof"

    def test_an_entry_that_says_that_it_has_another_number_is_refused(self, verifier: Verifier) -> None:
        """
        Its sender signed a stream in which entry 1 says that it is entry 5.
        """
        lying = encode(header_of(5, EntryKind.VIEW, given().payload))
        file = proof_of([given().entry, lying], 1)
        answer = verifier.ask("proof", data=file, cards=[0, 2])
        assert answer == {"family": "proof", "message": "the entry says that it has another number"}

    def test_a_receipt_without_the_card_of_the_receiver_is_not_taken_for_a_checkpoint(
        self, verifier: Verifier
    ) -> None:
        """
        Two good lines are not enough where there are four.
        """
        assert verifier.ask("proof", data=given().proof, cards=[0])["family"] == "signature"


class TestHistories:
    def test_every_growth_holds_between_its_own_sizes_and_from_no_other(self, verifier: Verifier) -> None:
        """
        Of a log of eleven entries from each size to each later one, and not with a hash less, more or another.
        """
        leaves = [Hash(sha256(bytes([0, number])).digest()) for number in range(11)]
        heads = [_head(leaves[:size]) for size in range(1, 12)]
        for old, new in combinations(range(1, 12), 2):
            hashes = tuple(consistency_proof(leaves[:new], old))
            note, older = heads[new - 1], heads[old - 1]
            assert _grown(verifier, old, hashes, note, older) is None
            other = heads[old] if old + 1 < new else heads[old - 2]
            assert _grown(verifier, old, hashes, note, other) == "proof"
            for bent in (hashes[1:], (*hashes, hashes[-1]), (*hashes[:-1], Hash(bytes(32)))):
                assert _grown(verifier, old, bent, note, older) == "proof"

    def test_a_growth_of_another_log_or_without_its_older_checkpoint_shows_nothing(
        self, verifier: Verifier
    ) -> None:
        """
        Of another origin it is refused; alone, it is said that nothing is known of the growth.
        """
        file = write_growth(Growth(old_size=3, hashes=(), note=notes.checkpoint()))
        found = verifier.ask("growth", data=file, cards=[0], older=notes.checkpoint(notes.LOG_HEAD))
        assert found["family"] == "origin"
        alone = verifier.ask("growth", data=file, cards=[0])["value"]
        assert "that it has only grown: the older checkpoint is not here" in alone["notChecked"]

    def test_two_roots_over_one_size_are_two_histories(self, verifier: Verifier) -> None:
        """
        Whether in a checkpoint or a receipt; neither another size nor another stream is one.
        """
        fork = replace(notes.HEAD, root=bytes(32))
        longer = replace(notes.HEAD, root=bytes(32), size=4)
        given = [
            notes.checkpoint(),
            notes.receipt(),
            notes.checkpoint(fork),
            notes.checkpoint(longer),
            notes.checkpoint(replace(notes.LOG_HEAD, root=bytes(32))),
        ]
        assert verifier.ask("forks", notes=given, cards=[0, 2])["value"] == {"forks": [[0, 2], [1, 2]]}


def _head(leaves: Sequence[bytes]) -> bytes:
    return notes.checkpoint(replace(notes.HEAD, size=len(leaves), root=notes.tree_root(list(leaves))))


def _grown(verifier: Verifier, old: int, hashes: tuple[Hash, ...], note: bytes, older: bytes) -> str | None:
    """Hold a growth against an older checkpoint; the family of the refusal, if it is refused."""
    data = write_growth(Growth(old_size=old, hashes=hashes, note=note))
    family: str | None = verifier.ask("growth", data=data, cards=[0], older=older).get("family")
    return family


class TestAttachments:
    @pytest.mark.parametrize("source", ["bytes", "blob", "stream"])
    def test_its_bytes_hold_however_they_come(self, source: str, verifier: Verifier) -> None:
        """
        The example of the page, as bytes, as a file and as a stream of odd pieces.
        """
        answer = verifier.ask("attachment", portion=ATTACHMENT, data=FILE, **{"as": source})
        assert answer["value"]["size"] == len(FILE)

    @pytest.mark.parametrize(
        "data", [b"", FILE[:-1], FILE + b"\n", b"b" + FILE[1:], FILE[:-2] + b"\n\n"], ids=range(5)
    )
    def test_other_bytes_do_not(self, data: bytes, verifier: Verifier) -> None:
        """
        Fewer, more, and others.
        """
        assert verifier.ask("attachment", portion=ATTACHMENT, data=data)["family"] == "proof"

    def test_an_empty_file_has_the_root_of_nothing(self, verifier: Verifier) -> None:
        """
        No chunk at all.
        """
        empty = ATTACHMENT | {"size": 0, "root": b64(sha256().digest())}
        assert verifier.ask("attachment", portion=empty, data=b"")["value"]["size"] == 0


class TestWithoutMLDSA44:
    def test_says_what_it_could_not_check(self) -> None:
        """
        Where a browser has no ML-DSA-44, a receipt counts by Ed25519 alone, and it is said of each line.
        """
        with Verifier(MODULE, "--without-ml-dsa") as started:
            verifier = with_cards(started)
            found = verifier.ask("receipt", data=LOG["receipt"].encode(), writer=0, receiver=2)["value"]
            assert found["checked"] == [
                "the ed25519 signature of KOR@NATO holds",
                "the ed25519 signature of JPN@NATO holds",
            ]
            missing = "the ml-dsa-44 signature of {}: there is no ML-DSA-44 here"
            assert found["notChecked"][:2] == [missing.format(each) for each in ("KOR@NATO", "JPN@NATO")]
            card = verifier.ask("card", data=given().writer)["value"]
            assert "the ml-dsa-44 signature: there is no ML-DSA-44 here" in card["notChecked"]

    def test_differs_from_others_only_where_that_signature_is_the_defect(self) -> None:
        """
        Every other vector is judged alike.
        """
        with Verifier(MODULE, "--without-ml-dsa") as started:
            assert set(wrong(started)) == {
                "checkpoint ml-dsa-44-over-another-root",
                "checkpoint another-key-with-our-hash-in-the-second-line",
                "proof second-line-altered",
                "proof fourth-line-altered",
                "statement text-changed-for-one",
            }


def test_invisible_characters_are_spelt_out(verifier: Verifier) -> None:
    """
    What changes directions, joins or fills is seen; lines and tabs stay.
    """
    text = f"a{HIDDEN}b\u200b\u3164\ufeff\n\tc\U000e0041"
    spelt = "a<U+202E>b<U+200B><U+3164><U+FEFF>\n\tc<U+E0041>"
    assert verifier.ask("visible", text=text)["value"] == spelt


def test_the_module_stands_alone() -> None:
    """
    It imports nothing, fetches nothing and keeps nothing.
    """
    source = MODULE.read_text(encoding="utf-8")
    assert not re.search(r"\bimport\b[^e]|\brequire\(|\bfetch\(|XMLHttpRequest|localStorage|\beval\(", source)


class TestDocument:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """The files that the auditors' page speaks of."""
        files = {
            "kor.card": given().writer,
            "jpn.card": given().receiver,
            "copy.json": given().view,
            "item.payload": given().payload,
            "item.tlog-proof": given().proof,
            "withdrawal.json": given().withdrawal,
            "may.checkpoint": given().older,
            "june.growth": given().growth,
        }
        for name, data in files.items():
            (tmp_path / name).write_bytes(data)
        return tmp_path

    def test_the_program_for_node_runs(self, folder: Path) -> None:
        """
        As it stands on the page, beside the verifier.
        """
        (folder / "verifier").symlink_to(MODULE.parent)
        program = PAGE.read_text(encoding="utf-8").split("```js\n")[1].split("```")[0]
        (folder / "program.mjs").write_text(program, encoding="utf-8")
        done = subprocess.run([NODE, "program.mjs"], cwd=folder, capture_output=True, text=True, check=True)
        lines = done.stdout.splitlines()
        assert lines[0] == f"KOR@NATO {' '.join(fingerprint(read(given().writer)))}"
        assert lines[2].startswith("KOR@NATO KOR@NATO 2026-")
        assert any(line.startswith("JPN@NATO 2026-") for line in lines)
        assert done.stderr == ""

    def test_the_commands_run(self, folder: Path) -> None:
        """
        Each that the page names verifies the same files.
        """
        text = PAGE.read_text(encoding="utf-8").split("```console\n")[1].split("```")[0]
        commands = [
            shlex.split(line.removeprefix("$ legation "), comments=True) for line in text.splitlines()
        ]
        assert len(commands) == 4
        for command in commands:
            run = [sys.executable, "-m", "legation", *command]
            done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, "")
            assert "KOR@NATO" in done.stdout
