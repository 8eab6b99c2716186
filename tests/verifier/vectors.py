# SPDX-License-Identifier: Apache-2.0
"""
The vectors as questions for a verifier, and what each must be answered.
"""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from legation.log.growth import Growth, write_growth
from legation.merkle import consistency_proof, leaf_hash
from tests.item.test_vectors import VECTORS, bytes_of
from tests.log import handmade as notes
from tests.verifier.agreement import with_cards
from tests.verifier.given import b64
from tests.verifier.node import Verifier
from tests.verifier.stated import AUTHORITY, CHAIN, KNOWN, beside_views
from tests.verifier.subject import cards
from tests.verifier.subjects import ORIGIN

FOLDER = Path(__file__).parents[2] / "vectors"
PROOF = json.loads((FOLDER / "proof.json").read_bytes())
LOG = json.loads((FOLDER / "log.json").read_bytes())
DESTRUCTION = json.loads((FOLDER / "destruction" / "index.json").read_bytes())
WITHDRAWAL = json.loads((FOLDER / "withdrawal" / "index.json").read_bytes())
AUTHOR = {
    "office": WITHDRAWAL["keys"][0]["office"],
    "key": WITHDRAWAL["keys"][0]["key_id"],
    "state": "current",
}
CARD = json.loads((FOLDER / "card" / "kor-nato.json").read_bytes())


@dataclass(frozen=True, kw_only=True)
class Vector:
    """
    One vector: what is asked, and what of the answer must be so.

    ``expected`` holds ``family``, and ``step`` of a view; or fields of the value.
    """

    name: str
    question: Mapping[str, Any]
    expected: Mapping[str, Any]

    def is_answered(self, answer: Mapping[str, Any]) -> bool:
        """Whether an answer is as it must be."""
        found = answer if "family" in self.expected else answer.get("value", {})
        return all(found.get(name) == wanted for name, wanted in self.expected.items())


def vectors() -> Iterator[Vector]:
    """All vectors of items, cards, logs, proofs, withdrawals and statements, and of histories."""
    yield from _items()
    for number, each in enumerate(CARD["cards"]):
        expected = {
            "number": number,
            "words": each["fingerprint"],
            "digest": b64(bytes.fromhex(each["digest"])),
        }
        question = {"ask": "card", "data": each["card"].encode(), "forget": True}
        yield Vector(name=f"card {number}", question=question, expected=expected)
    yield from _notes("checkpoint", writer=0)
    yield from _notes("receipt", writer=0, receiver=2)
    yield from _proofs()
    yield from _histories()
    yield from _withdrawals()
    yield from _destructions()
    yield from _statements()


def _items() -> Iterator[Vector]:
    for name, told in VECTORS.items():
        shown = told.get("shown", [])
        question = {
            "ask": "view",
            "data": bytes_of(name),
            "cards": list(range(len(cards()))),
            "languages": [each["languages"] for each in shown],
        }
        if told["expect"] == "verifies":
            expected = {"item": told["item"], "reference": told["reference"]}
            expected |= {"reading": told["reading"], "shown": [each["codes"] for each in shown]}
        else:
            expected = {"family": told["expect"], "step": told["step"]}
        yield Vector(name=f"item {name}", question=question, expected=expected)


def _notes(what: str, **given: int) -> Iterator[Vector]:
    common = {"ask": what, "origin": ORIGIN, **given}
    expected = {"size": len(LOG["entries"]), "root": b64(bytes.fromhex(LOG["root"]))}
    expected |= {"time": LOG["time"]} if what == "receipt" else {}
    yield Vector(name=what, question={**common, "data": LOG[what].encode()}, expected=expected)
    for name, told in LOG[f"refused_{what}s"].items():
        question = {**common, "data": told["note"].encode()}
        yield Vector(name=f"{what} {name}", question=question, expected={"family": told["expect"]})


def _proofs() -> Iterator[Vector]:
    common = {"ask": "proof", "cards": [len(cards()) + number for number in range(2)]}
    for name in ("proof", "by_checkpoint"):
        question = {**common, "data": PROOF[name].encode()}
        if name == "proof":
            question["payload"] = b64decode(PROOF["payload"])
        yield Vector(name=name, question=question, expected={"index": 1, "entry": PROOF["entry"]})
    for name, told in PROOF["refused"].items():
        question = {**common, "data": told["proof"].encode()}
        if "payload" in told:
            question["payload"] = b64decode(told["payload"])
        yield Vector(name=f"proof {name}", question=question, expected={"family": told["expect"]})


def _destructions() -> Iterator[Vector]:
    common = {"ask": "destruction", "cards": list(range(len(cards())))}
    for each in DESTRUCTION["vectors"]:
        data = (FOLDER / "destruction" / each["file"]).read_bytes()
        if each["expect"] == "verifies":
            told = json.loads(data)
            expected = {name: told[name] for name in ("item", "time", "withdrawal") if name in told}
            expected |= {"holder": AUTHOR}
        else:
            expected = {"family": each["expect"], "step": each["step"]}
        yield Vector(name=f"destruction {each['file']}", question={**common, "data": data}, expected=expected)


def _withdrawals() -> Iterator[Vector]:
    common = {"ask": "withdrawal", "cards": list(range(len(cards())))}
    for each in WITHDRAWAL["vectors"]:
        data = (FOLDER / "withdrawal" / each["file"]).read_bytes()
        if each["expect"] == "verifies":
            expected = {"item": json.loads(data)["item"], "author": AUTHOR}
        else:
            expected = {"family": each["expect"], "step": each["step"]}
        yield Vector(name=f"withdrawal {each['file']}", question={**common, "data": data}, expected=expected)
    # Which of them count for a view: by its author, also with another key; of this item; and by nobody else.
    common = {"ask": "withdrawals", "cards": common["cards"]}
    for name, view, withdrawals, counting in beside_views():
        question = {**common, "view": view, "withdrawals": withdrawals}
        yield Vector(name=f"withdrawn {name}", question=question, expected={"counting": counting})


def _statements() -> Iterator[Vector]:
    common = {"ask": "statement", "authority": AUTHORITY}
    for each in CHAIN["chain"]:
        expected = {name: each[name] for name in ("version", "digest", "previous") if each[name] is not None}
        question = {**common, "data": each["note"].encode()}
        yield Vector(name=f"statement {each['version']}", question=question, expected=expected)
    for each in CHAIN["refused"]:
        question = {**common, "data": each["note"].encode()}
        yield Vector(name=f"statement {each['name']}", question=question, expected={"family": each["expect"]})
    notes = [each["note"].encode() for each in CHAIN["chain"]]
    common = {"ask": "succession", "authority": AUTHORITY}
    yield Vector(name="chain", question={**common, "statements": notes}, expected={"version": 4})
    for each in CHAIN["not_next"]:
        question = {**common, "statements": [*KNOWN, each["note"].encode()]}
        yield Vector(name=f"chain {each['name']}", question=question, expected={"family": each["expect"]})


def _histories() -> Iterator[Vector]:
    """Growths and pairs of checkpoints, of a log of five entries; no file holds them."""
    leaves = [leaf_hash(b"entry %d" % number) for number in range(5)]
    heads = {
        size: replace(notes.HEAD, size=size, root=notes.tree_root(leaves[:size])) for size in range(1, 6)
    }
    before, other = notes.checkpoint(heads[3]), notes.checkpoint(replace(heads[3], root=bytes(32)))
    elsewhere = notes.checkpoint(replace(heads[3], origin=notes.LOG_HEAD.origin))
    whole, fork = notes.checkpoint(heads[5]), notes.checkpoint(replace(heads[5], root=bytes(32)))
    good = Growth(old_size=3, hashes=tuple(consistency_proof(leaves, 3)), note=whole)
    for name, family, growth, older in (
        ("that holds", None, good, before),
        ("alone", None, good, None),
        ("to another root", "proof", replace(good, note=fork), before),
        ("from another root", "proof", good, other),
        ("from another size than it says", "proof", replace(good, old_size=2), before),
        ("of another log", "origin", good, elsewhere),
        ("that shrinks", "proof", replace(good, note=notes.checkpoint(heads[2])), None),
    ):
        question = {"ask": "growth", "data": write_growth(growth), "cards": [0, 2]}
        question |= {} if older is None else {"older": older}
        expected = {"oldSize": 3} if family is None else {"family": family}
        yield Vector(name=f"growth {name}", question=question, expected=expected)
    for name, given, found in (
        ("two roots", [whole, fork], [[0, 1]]),
        ("two sizes", [whole, before], []),
        ("two logs", [other, elsewhere], []),
        ("the same twice", [whole, notes.receipt(heads[5])], []),
    ):
        question = {"ask": "forks", "notes": given, "cards": [0, 2]}
        yield Vector(name=f"histories: {name}", question=question, expected={"forks": found})


def prepared(verifier: Verifier) -> Verifier:
    """Have the pinned cards read by a verifier that has read none, and behind them those of the proofs."""
    with_cards(verifier)
    numbers = [verifier.card(b64decode(card)) for card in PROOF["cards"].values()]
    assert numbers[0] == len(cards())
    return verifier


def wrong(verifier: Verifier) -> list[str]:
    """Name the vectors of which a verifier that has read no cards yet makes something else."""
    every = list(vectors())
    answers = prepared(verifier).ask_all([each.question for each in every])
    return [each.name for each, answer in zip(every, answers, strict=True) if not each.is_answered(answer)]
