# SPDX-License-Identifier: Apache-2.0
"""
The vectors as questions for a verifier, and what each must be answered.
"""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.item.test_vectors import VECTORS, bytes_of
from tests.verifier.agreement import with_cards
from tests.verifier.given import b64
from tests.verifier.node import Verifier
from tests.verifier.subjects import ORIGIN, cards

FOLDER = Path(__file__).parents[2] / "vectors"
PROOF = json.loads((FOLDER / "proof.json").read_bytes())
LOG = json.loads((FOLDER / "log.json").read_bytes())
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
    """All vectors of items, cards, logs and proofs."""
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
