# SPDX-License-Identifier: Apache-2.0
"""
Bugs that were planted around true decoders: the harness comes upon each, by the right name.

``test_fuzz`` shows that it finds nothing in the decoders as they are.
"""

from functools import cache

import pytest

from tests.fuzz import judge as judging
from tests.fuzz.bugs import BUGS, deadly, unlucky
from tests.fuzz.decoders import decoders
from tests.fuzz.judge import Decoder, judge
from tests.fuzz.pool import Pool, Task
from tests.fuzz.run import Tally, input_of, is_traced

SEED = "planted"
INPUTS_MAX = 2000  # what a test run tries of each decoder


@cache
def planted(name: str) -> tuple[Decoder, str]:
    """
    A decoder with its bug, and what it should be found to be.
    """
    decoder, what, bug = BUGS[name]
    return bug(decoders()[decoder]), what


@pytest.fixture(autouse=True)
def soon_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What never ends is stopped sooner than in a true search.
    """
    monkeypatch.setattr(judging, "HANG_S", 0.3)


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name: str) -> None:
    """
    No more inputs are needed than a test run has, and the finding says what is wrong.
    """
    decoder, what = planted(name)
    for number in range(INPUTS_MAX):
        found = judge(decoder, input_of(decoder, SEED, number), traced=is_traced(number)).finding
        if found is not None:
            assert found.what in what.split(" or ")
            assert found.decoder == decoder.name
            return
    raise AssertionError(f"{INPUTS_MAX} inputs found nothing")


@pytest.mark.parametrize("name", BUGS)
def test_the_same_decoder_without_its_bug_is_right(name: str) -> None:
    """
    What is found above is the bug, and not the decoder.
    """
    decoder = decoders()[BUGS[name][0]]
    for number in range(20):
        assert judge(decoder, input_of(decoder, SEED, number), traced=True).finding is None


def test_every_rule_has_its_bug() -> None:
    """
    There is a planted bug for each thing that can be found.
    """
    named = {each for _, what, _ in BUGS.values() for each in what.split(" or ")}
    assert named == {"error", "slow", "memory", "said", "form"}


def only_unlucky(name: str) -> int:
    """
    The number of an input that is unlucky, with none such in the five before and behind it.
    """
    decoder = deadly()[name]
    found = [number for number in range(500) if unlucky(input_of(decoder, SEED, number))]
    lonely = (
        b for a, b, c in zip([-9, *found], found, found[1:], strict=False) if b - a > 5 < c - b and b > 5
    )
    return next(lonely)


@pytest.mark.parametrize(
    ("name", "why", "time_s"),
    [("dies", "ends its process", 60.0), ("sleeps", "hangs", 1.0), ("grows", "raises MemoryError", 60.0)],
)
def test_what_takes_its_process_along_is_found(name: str, why: str, time_s: float) -> None:
    """
    An input that kills its process, never comes back from a library, or takes all memory is named.
    """
    number, total = only_unlucky(name), Tally()
    task = Task(decoder=name, seed=SEED, start=number - 5, stop=number + 5)
    with Pool(1, deadly, time_s=time_s) as pool:
        for _, tally in pool.tallies([task]):
            total.add(tally)
    [finding] = total.findings.values()
    assert why in finding.why
    assert finding.data == input_of(deadly()[name], SEED, number)
    assert finding.origin == f"seed {SEED}, input {number}"
    assert total.inputs == 10
