# SPDX-License-Identifier: Apache-2.0
"""
A run: so many inputs for one decoder, each drawn from the seed and its own number.
"""

import json
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from random import Random

from tests.fuzz.judge import Decoder, Finding, judge
from tests.fuzz.mutation import mutated

KEPT = Path(__file__).parent / "kept"
"""Inputs that once found something; each is tried again in every test run."""

TRACED_EVERY = 50  # inputs: to look closely at memory takes several times as long
TRIALS_MAX = 2000  # while a finding is made smaller


@dataclass(kw_only=True)
class Tally:
    """
    What came of a run.

    Args:
        inputs: How many were tried.
        read: How many were read.
        refused_at: How many were refused, by the place in the program.
        findings: The first finding of each kind.
    """

    inputs: int = 0
    read: int = 0
    refused_at: Counter[str] = field(default_factory=Counter)
    findings: dict[tuple[str, str, str], Finding] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Count another run to this one."""
        self.inputs += other.inputs
        self.read += other.read
        self.refused_at += other.refused_at
        self.findings = {**other.findings, **self.findings}

    def note(self, finding: Finding) -> None:
        """Keep a finding, if it is the first of its kind."""
        self.findings.setdefault(finding.kind, finding)


def input_of(decoder: Decoder, seed: str, number: int) -> bytes:
    """Draw one input: the same for the same seed and number, whatever was tried before."""
    draw = Random(f"{seed}/{decoder.name}/{number}")
    return mutated(draw, decoder.corpus, decoder.syntax, decoder.words, decoder.mark)


def is_traced(number: int) -> bool:
    """Whether the memory of this input is looked at closely."""
    return number % TRACED_EVERY == TRACED_EVERY - 1


def run(
    decoder: Decoder, seed: str, numbers: range, *, began: Callable[[int], None] = lambda _: None
) -> Tally:
    """
    Try the inputs of these numbers.

    Args:
        decoder: What is tried.
        seed: From which inputs are drawn.
        numbers: Of the inputs.
        began: Told the number of each input before it is tried.
    """
    tally = Tally()
    for number in numbers:
        began(number)
        verdict = judge(decoder, input_of(decoder, seed, number), traced=is_traced(number))
        tally.inputs += 1
        if verdict.refused_at:
            tally.refused_at[verdict.refused_at] += 1
        else:
            tally.read += 1
        if verdict.finding is not None:
            tally.note(replace(verdict.finding, origin=f"seed {seed}, input {number}"))
    return tally


def smaller(decoder: Decoder, finding: Finding) -> Finding:
    """Leave out of an input what the finding does not need, half by half and at last byte by byte."""
    size, trials = max(1, len(finding.data) // 2), 0
    while size and trials < TRIALS_MAX and finding.what not in {"slow", "memory"}:
        for data in _without_a_part(finding.data, size):
            trials += 1
            found = judge(decoder, data).finding
            if found is not None and found.kind == finding.kind:
                finding = replace(found, origin=finding.origin)
                break
        else:
            size //= 2
    return finding


def _without_a_part(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[:start] + data[start + size :]


def keep(finding: Finding, folder: Path = KEPT) -> Path:
    """Write a finding where every test run tries it again."""
    name = "".join(letter if letter.isalnum() else "-" for letter in finding.decoder)
    path = folder / f"{name}-{sha256(finding.data).hexdigest()[:8]}.json"
    told = {"decoder": finding.decoder, "what": finding.what, "why": finding.why, "origin": finding.origin}
    folder.mkdir(exist_ok=True)
    path.write_text(json.dumps({**told, "input": b64encode(finding.data).decode()}, indent=2) + "\n")
    return path


def kept(folder: Path = KEPT) -> Iterator[tuple[str, bytes]]:
    """Read all that was kept: of which decoder, and the input."""
    for path in sorted(folder.glob("*.json")):
        told = json.loads(path.read_bytes())
        yield told["decoder"], b64decode(told["input"], validate=True)


def found_again(known: Mapping[str, Decoder], folder: Path = KEPT) -> list[Finding]:
    """Try all that was kept, and say what still does not hold."""
    verdicts = [judge(known[name], data, traced=True) for name, data in kept(folder)]
    return [each.finding for each in verdicts if each.finding is not None]
