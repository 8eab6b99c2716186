# SPDX-License-Identifier: Apache-2.0
"""
Whether two verifiers agree: bent inputs for both, and what each made of them.
"""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.fuzz.mutation import Syntax, canonical, mutated
from tests.verifier.node import Verifier
from tests.verifier.subject import Subject, Verdict, cards
from tests.verifier.subjects import subjects

ODD_SHARE = 0.3  # of bent JSON
IN_ONE_GO = 50  # questions that are written before answers are read


@dataclass(frozen=True, kw_only=True)
class Difference:
    """An input of which two verifiers make different things."""

    subject: str
    origin: str
    data: bytes
    here: Verdict
    there: Verdict

    @property
    def is_grave(self) -> bool:
        """One accepts what the other refuses, or they read different things."""
        return self.here.accepted or self.there.accepted

    def __str__(self) -> str:
        """Where it came from and what it is."""
        return (
            f"{self.subject}, {self.origin}: here {self.here.family}, there {self.there.family}: "
            f"{b64encode(self.data).decode()}"
        )


@dataclass(kw_only=True)
class Tally:
    """What came of a run: inputs by subject and verdict, and where the two differ."""

    inputs: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Add what came of another part."""
        self.inputs += other.inputs
        self.accepted += other.accepted
        self.differences += other.differences


def spliced(draw: Random, corpus: Sequence[bytes], syntax: Syntax) -> bytes:
    """Put a part of one input in the place of the same part of another."""
    data, other = draw.choice(corpus), draw.choice(corpus)
    if syntax is not Syntax.JSON:
        lines, theirs = data.split(b"\n"), other.split(b"\n")
        start, stop = sorted(draw.randrange(len(lines) + 1) for _ in range(2))
        lines[start:stop] = theirs[start:stop]
        return b"\n".join(lines)
    value, donor = json.loads(data), json.loads(other)
    holders: list[tuple[Any, Any]] = [(value, donor)]
    spots: list[tuple[Any, Any, Any]] = []
    while holders:
        here, there = holders.pop()
        if isinstance(here, dict) and isinstance(there, dict):
            keys: list[Any] = sorted(here.keys() & there.keys())
        elif isinstance(here, list) and isinstance(there, list):
            keys = list(range(min(len(here), len(there))))
        else:
            continue
        spots += [(here, there, key) for key in keys]
        holders += [(here[key], there[key]) for key in keys]
    here, there, key = draw.choice(spots)
    here[key] = there[key]
    return canonical(value)


# What two languages, or two versions of Unicode, tend to see differently.
ODD_CHARACTERS = (
    *("\t", "\n", " ", "\x7f", "\x85", "\xa0", "\xad", "\u1680", "\u180e", "\u200b", "\u200e", "\u2028"),
    *("\u202e", "\u2060", "\u3000", "\u3164", "\ufeff", "\ufffe", "\ue000", "\U0010ffff", "\U000e0041"),
    *("\u0301", "e\u0301", "\u212b", "\u0130", "\u017f", "\ufb01", "\u0378", "\U0001f1f0", "ß", "가", "ﷺ"),
    *("A", "z", "0", "-", "_", ".", "..", "/", ":", "@", "+", "~", "%41", '"', "\\", "'", "?", "|", "=", ","),
)


def oddly_spelt(draw: Random, data: bytes) -> bytes:
    """Put an odd character into one of the texts, at its edge or inside, or make it the text."""
    value = json.loads(data)
    holders, spots = [value], []
    while holders:
        here = holders.pop()
        for key in list(here) if isinstance(here, dict) else range(len(here)):
            if isinstance(here[key], str):
                spots.append((here, key))
            elif isinstance(here[key], dict | list):
                holders.append(here[key])
    # Bytes in base64 are by far the most, and have few rules.
    told = [(here, key) for here, key in spots if not here[key].endswith("=")]
    here, key = draw.choice(told or spots)
    text, odd = here[key], draw.choice(ODD_CHARACTERS)
    at = draw.choice((0, len(text), draw.randrange(len(text) + 1)))
    here[key] = draw.choice((text[:at] + odd + text[at:], text[:at] + odd + text[at + 1 :], odd))
    return canonical(value)


def bent(draw: Random, corpus: Sequence[bytes], syntax: Syntax) -> bytes:
    """Do something to an input: what fuzzing does, or what people do to texts."""
    if syntax is Syntax.JSON and draw.random() < ODD_SHARE:
        return oddly_spelt(draw, draw.choice(corpus))
    return mutated(draw, corpus, syntax)


def inputs(subject: Subject, seed: str, mutations: int, splices: int) -> Iterator[tuple[str, bytes]]:
    """Each input that a seed gives, with what gives it again; whole ones first."""
    for number, data in enumerate(subject.corpus):
        yield f"whole/{number}", subject.made(data)
    for number in range(mutations):
        origin = f"{seed}/mutation/{number}"
        yield origin, subject.made(bent(Random(f"{subject.name}/{origin}"), subject.corpus, subject.syntax))
    for number in range(splices):
        origin = f"{seed}/splice/{number}"
        yield (
            origin,
            subject.made(spliced(Random(f"{subject.name}/{origin}"), subject.corpus, subject.syntax)),
        )


def is_documented(difference: Difference) -> bool:
    """
    Whether it is a difference that the specification allows.

    "An origin that is not of a form above is another one too; to call it malformed is as right." (docs/spec/log.md)
    "Whoever verifies first calls a text that is none, and is not signed, a signature that does not hold; that is as
    right." (docs/spec/policy-chain.md)
    """
    families = (difference.here.family, difference.there.family)
    if difference.subject.startswith(("checkpoint", "receipt", "proof", "growth")):
        return families == ("origin", "malformed")
    return difference.subject.startswith("statement") and families == ("signature", "malformed")


def compare(verifier: Verifier, seed: str, mutations: int, splices: int, *, only: str | None = None) -> Tally:
    """
    Judge that many inputs twice, shared out evenly among the subjects.

    Args:
        verifier: The other verifier; it has read the pinned cards and no others.
        seed: Of all choices.
        mutations: How many inputs are bent.
        splices: How many are put together of two.
        only: The name of the one subject; all of them if there is none.
    """
    tally = Tally()
    every = [each for each in subjects() if only in (None, each.name)]
    for place, subject in enumerate(every):
        some = [total // len(every) + (place < total % len(every)) for total in (mutations, splices)]
        _compare(tally, verifier, subject, list(inputs(subject, seed, *some)))
    return tally


def _compare(tally: Tally, verifier: Verifier, subject: Subject, given: list[tuple[str, bytes]]) -> None:
    for start in range(0, len(given), IN_ONE_GO):
        some = given[start : start + IN_ONE_GO]
        answers = verifier.ask_all([subject.question(data) for _, data in some])
        for (origin, data), answer in zip(some, answers, strict=True):
            here, there = subject.judged_here(data), subject.judged_there(answer)
            tally.inputs[subject.name] += 1
            tally.accepted[subject.name] += here.accepted and there.accepted
            if here != there:
                tally.differences.append(
                    Difference(subject=subject.name, origin=origin, data=data, here=here, there=there)
                )


def with_cards(verifier: Verifier) -> Verifier:
    """Have the pinned cards read by a verifier that has read none."""
    assert [verifier.card(data) for data in cards()] == list(range(len(cards())))
    return verifier
