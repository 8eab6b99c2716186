# SPDX-License-Identifier: Apache-2.0

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest

from legation.encoding import encode
from legation.errors import MalformedError
from legation.item import verify
from legation.keys.card import read
from legation.release import disclosure
from tests.release.redaction import (
    CARD,
    Case,
    at_hand,
    case_of,
    cases,
    expected,
    fields_of,
    reader_of,
    seen,
    texts,
)


@pytest.mark.parametrize("name", cases())
class TestCases:
    def test_the_reader_sees_what_the_case_says(self, name: str) -> None:
        """
        The whole way: the banner, every portion that is shown in its order, and all else that the view holds.
        """
        assert seen(cases()[name]).outcome == expected(cases()[name])

    def test_nothing_else_is_in_the_bytes(self, name: str) -> None:
        """
        No text of a portion that the view does not hold is in what is handed over.
        """
        case = cases()[name]
        found = seen(case)
        if found.draft is None:
            return
        told = {text for each in (*case.expect.portions, *case.expect.besides) for text in texts(each)}
        hidden = {text for each in found.draft.portions for text in texts(fields_of(each.portion))} - told
        assert [text for text in hidden if encode(text) in found.copy] == []

    def test_the_reader_may_see_every_layer_of_the_view(self, name: str) -> None:
        """
        Asked again about each label in the copy, the answer is yes.
        """
        case = cases()[name]
        found = seen(case)
        for layer in found.view.layers if found.view else ():
            assert disclosure.decide_label(
                at_hand(case), reader_of(case), layer.policy, layer.label
            ).permitted

    def test_the_whole_item_verifies_whatever_its_labels_are(self, name: str) -> None:
        """
        Verifying asks who signed, not what is valid; so a case that shows nothing shows it for another reason.
        """
        found = seen(cases()[name])
        if found.draft is not None:
            assert len(verify(found.item, [read(CARD)]).portions) == len(found.draft.portions)


def bent(told: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Other expectations than this one, each wrong in one place."""
    if "portions" not in told:
        yield (
            "another outcome",
            {"nothing": "unreadable" not in told} if "nothing" not in told else {"unreadable": [1]},
        )
        return
    portions, besides = told["portions"], told["besides"]
    yield "nothing", {"nothing": True}
    yield "another banner", {**told, "banner": told["banner"] + "X"}
    for number, each in enumerate(portions):
        rest = portions[:number], portions[number + 1 :]
        yield "a portion less", {**told, "portions": [*rest[0], *rest[1]]}
        yield "a portion twice", {**told, "portions": [*rest[0], each, each, *rest[1]]}
        yield "not shown", {**told, "portions": [*rest[0], *rest[1]], "besides": [*besides, each]}
        yield "another mark", {**told, "portions": [*rest[0], {**each, "mark": "(X)"}, *rest[1]]}
        for field in each.keys() - {"mark"}:
            lacking = {key: value for key, value in each.items() if key != field}
            yield "a field less", {**told, "portions": [*rest[0], lacking, *rest[1]]}
    for number, (one, other) in enumerate(pairwise(portions)):
        swapped = [*portions[:number], other, one, *portions[number + 2 :]]
        yield "another order", {**told, "portions": swapped}
    for number in range(len(besides)):
        yield "held and not told", {**told, "besides": besides[:number] + besides[number + 1 :]}


class TestTheCases:
    @pytest.mark.parametrize("name", cases())
    def test_an_expectation_that_is_changed_fails(self, name: str) -> None:
        """
        Whichever part of it is changed: so each part of each case is compared.
        """
        outcome = seen(cases()[name]).outcome
        for what, other in bent(expected(cases()[name])):
            assert outcome != other, what

    def test_every_way_out_is_taken(self) -> None:
        """
        Cases end in a view, in nothing, and in a document that cannot be read; most of them in a view.
        """
        outcomes = [expected(case) for case in cases().values()]
        ways = [next(iter(outcome.keys() - {"banner", "besides"})) for outcome in outcomes]
        assert (ways.count("portions") >= 40, ways.count("nothing") >= 6, ways.count("unreadable") >= 2) == (
            True,
        ) * 3

    def test_each_case_says_why_in_one_line_of_its_own(self) -> None:
        """
        And no two are the same document, reader and instant.
        """
        assert all(case.why and "\n" not in case.why for case in cases().values())
        assert len({case.why for case in cases().values()}) == len(cases())
        asked = [
            (case.policy, case.document, case.reader, case.at_hand, case.instead) for case in cases().values()
        ]
        assert all(asked.count(each) == 1 for each in asked)


GOOD = """\
why: It is so.
policy: exercise-1
document: |
  kind: report
  policy: EXERCISE

  (O) For everybody.
reader:
  at: "2026-12-01T09:00:00Z"
expect:
  nothing: true
"""


class TestReading:
    def test_a_case_is_read(self) -> None:
        """
        As it stands, and a list of one is one.
        """
        assert isinstance(case_of(GOOD), Case)
        assert case_of(GOOD) == case_of(GOOD.replace("policy: exercise-1", "policy: [exercise-1]"))

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("expect:", "expects:"),
            ("why: It is so.", "why: It is so.\nwhy: It is not."),
            ("  nothing: true", "  nothing: true\n  nothing: false"),
            ("  nothing: true", "  nothing: false"),
            ("  nothing: true", "  nothing: true\n  unreadable: [1]"),
            ("  nothing: true", "  portions: [{mark: (O), text: For everybody.}]"),
            ("  nothing: true", "  nothing: true\n  banner: OPEN"),
            ("policy: exercise-1", "policy: [exercise-1, tlp-2.0]"),
        ],
    )
    def test_what_is_no_case_is_refused(self, old: str, new: str) -> None:
        """
        A field that is unknown, missing or twice; an expectation of none or of two things.
        """
        assert GOOD.count(old) == 1
        with pytest.raises(ValueError, match=r"."):
            case_of(GOOD.replace(old, new))


class TestPlantedBugs:
    @pytest.mark.parametrize(
        "name", ["levels-end", "release-list", "two-policies", "policy-unknown", "label-not-valid"]
    )
    def test_a_decision_that_is_always_yes_is_found(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        If nobody decided, these cases would fail.
        """
        original = disclosure.decide_label

        def always(*asked: Any) -> Any:
            return type(original(*asked))(permitted=True, reasons=())

        monkeypatch.setattr(disclosure, "decide_label", always)
        try:
            outcome = seen(cases()[name]).outcome
        except MalformedError:
            return  # what is no label cannot be marked: it was found too
        assert outcome != expected(cases()[name])
