# SPDX-License-Identifier: Apache-2.0

from random import Random
from typing import Any

from tests.fuzz.mutation import Syntax
from tests.verifier.agreement import Difference, compare, is_documented, spliced, with_cards
from tests.verifier.node import MODULE, Verifier
from tests.verifier.subject import Verdict
from tests.verifier.subjects import subjects
from tests.verifier.weaknesses import planted

SEED = "agreement"
MUTATIONS, SPLICES = 5000, 850


def test_both_verifiers_make_the_same_of_whatever_is_bent() -> None:
    """
    Neither accepts what the other refuses, both read the same, and refuse as of the same family.
    """
    with Verifier() as verifier:
        tally = compare(with_cards(verifier), SEED, MUTATIONS, SPLICES)
    assert [str(each) for each in tally.differences if not is_documented(each)] == []
    assert tally.inputs.total() == MUTATIONS + SPLICES + sum(len(each.corpus) for each in subjects())
    # Of each subject enough is accepted for the agreement to say something.
    assert all(tally.accepted[each.name] >= 10 for each in subjects())


def test_a_splice_is_made_of_two_inputs() -> None:
    """
    Of JSON the same part of both, of lines some of each.
    """
    one, other = b'{"a":[1,{"b":2}]}', b'{"a":[3,{"b":4}]}'
    made = {spliced(Random(number), [one, other], Syntax.JSON) for number in range(40)}
    assert made == {one, other, b'{"a":[1,{"b":4}]}', b'{"a":[3,{"b":2}]}'}
    lines = {spliced(Random(number), [b"a\nb", b"c\nd"], Syntax.LINES) for number in range(80)}
    assert lines == {b"a\nb", b"c\nd", b"a\nd", b"c\nb"}


def test_only_the_name_of_an_unknown_origin_may_differ() -> None:
    """
    What the page leaves open is one thing: how an origin that is of no form is called.
    """
    here, there = Verdict(family="origin"), Verdict(family="malformed")
    common: dict[str, Any] = {"origin": "", "data": b"legation/stream/v1/KOR@x/JPN/00\n1\n"}
    assert is_documented(Difference(subject="receipt", here=here, there=there, **common))
    assert not is_documented(Difference(subject="view", here=here, there=there, **common))
    assert not is_documented(Difference(subject="receipt", here=here, there=Verdict(), **common))
    assert not is_documented(Difference(subject="receipt", here=there, there=here, **common))


def test_a_verifier_that_is_too_lenient_is_found_by_bent_inputs() -> None:
    """
    One that takes text with space around it, which no vector shows.
    """
    check = 'demand(!/^\\p{White_Space}|\\p{White_Space}$/u.test(value), "a text has space around it");'
    with planted(MODULE, (check, "")) as module, Verifier(module) as verifier:
        tally = compare(with_cards(verifier), SEED, 800, 0, only="view, signed")
    assert any(each.is_grave for each in tally.differences)
