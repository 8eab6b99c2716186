# SPDX-License-Identifier: Apache-2.0

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from legation.encoding import encode
from tests.release.redaction import CARD, cases, expected, seen
from tests.verifier.node import Verifier

WITH_A_VIEW = [name for name, case in cases().items() if case.expect.portions]


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    """The second verifier, which has read the author's card."""
    with Verifier() as started:
        assert started.card(CARD) == 0
        yield started


@pytest.mark.parametrize("name", WITH_A_VIEW)
def test_the_second_verifier_shows_the_same_of_the_copy(name: str, verifier: Verifier) -> None:
    """
    The portions that the case tells, in their order and with their labels, and what else the copy holds.

    It knows no policies and so no marks; the labels are those that the first verifier reads.
    """
    case = cases()[name]
    found = seen(case)
    assert found.view is not None
    answer = verifier.ask("view", data=found.copy, cards=[0], languages=[list(case.reader.languages)])[
        "value"
    ]
    portions = {each["code"]: each for each in answer["portions"]}
    (shown,) = answer["shown"]
    besides = [code for code in answer["reading"] if code not in shown]
    wanted = expected(case)
    assert [_unmarked(portions[code]["portion"]) for code in shown] == list(
        map(_unmarked, wanted["portions"])
    )
    assert [_unmarked(portions[code]["portion"]) for code in besides] == list(
        map(_unmarked, wanted["besides"])
    )
    labels = [
        {
            "policy": json.loads(encode(each.policy)),
            "classification": each.label.classification,
            "categories": json.loads(encode(each.label.categories)),
        }
        for each in found.view.portions
    ]
    assert [portions[code]["label"] for code in answer["reading"]] == labels


def _unmarked(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """A portion as a case tells it, without the mark and with the type that goes without saying."""
    return {"type": "text", **{name: value for name, value in told.items() if name != "mark"}}


def test_the_whole_item_is_another_copy(verifier: Verifier) -> None:
    """
    Where the reader may see less than all, the item shows more: so the cases are about what is cut.
    """
    more = 0
    for name in WITH_A_VIEW:
        found = seen(cases()[name])
        assert found.view is not None
        whole = verifier.ask("view", data=found.item, cards=[0])["value"]
        more += len(whole["portions"]) > len(found.view.portions)
    assert more >= 25
