# SPDX-License-Identifier: Apache-2.0

import time
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.errors import MalformedError
from legation.formats.shipped import shipped
from legation.labels import Label, Policy, category, parse_mark, portion_mark
from legation.labels.marking import MARK_LENGTH_MAX
from legation.labels.nearest import EDITS_MAX, MARKS_MAX, edits, marks
from legation.labels.policy import CategoryReference, Classification, Operation, Requirement
from tests.labels.exercise import EXERCISE
from tests.labels.test_marking import P, label, made, qualifier, said, tag_set, value


def refusal(policy: Policy, typed: str) -> MalformedError:
    """
    What somebody is told who typed no mark; never what they typed.
    """
    with pytest.raises(MalformedError) as caught:
        parse_mark(policy, typed)
    return caught.value


class TestLanguages:
    policy = made(
        [
            tag_set(
                "To",
                replace(
                    value("CHE"),
                    markings=(
                        said("portionMarking", phrase="Switzerland", language="en"),
                        said("portionMarking", phrase="Suisse", language="fr"),
                        said("portionMarking", phrase="Schweiz", language="de"),
                    ),
                ),
                replace(
                    value("CHI"),
                    markings=(
                        said("portionMarking", phrase="Chile", language="en"),
                        said("portionMarking", phrase="Suisse", language="xx"),
                    ),
                ),
                qualifiers=(
                    qualifier("prefix", " for ", language="en"),
                    qualifier("prefix", " pour ", language="fr"),
                ),
            )
        ],
        Classification(
            name="S",
            lacv=1,
            hierarchy=1,
            markings=(
                said("portionMarking", phrase="S", language="en"),
                said("portionMarking", phrase="É", language="fr"),
            ),
        ),
    )

    def test_mark_in_another_language_is_read(self) -> None:
        """
        A mark of one of the policy's languages is the label, and prints in English.
        """
        expected = label(self.policy, category("To", P, ["CHE"]))
        for typed in ("(S for Switzerland)", "(É pour Suisse)", "(é POUR SUISSE)", "(S for Schweiz)"):
            assert parse_mark(self.policy, typed) == expected
        assert portion_mark(self.policy, expected) == "(S for Switzerland)"

    @pytest.mark.parametrize("typed", ["(S pour Suisse)", "(É for Suisse)", "(S for Suisse pour Suisse)"])
    def test_languages_are_not_mixed(self, typed: str) -> None:
        """
        The words of one mark are of one language, as the policy has them.
        """
        refusal(self.policy, typed)

    def test_mark_of_two_languages_that_differ_is_refused(self) -> None:
        """
        What is no English mark and means one label here and another there is nobody's.
        """
        both = made(
            [
                tag_set(
                    "To",
                    replace(
                        value("a"),
                        markings=(
                            said("portionMarking", phrase="eins", language="de"),
                            said("portionMarking", phrase="un", language="fr"),
                        ),
                    ),
                    replace(value("b"), markings=(said("portionMarking", phrase="eins", language="nl"),)),
                )
            ]
        )
        assert refusal(both, "(S eins)").message == "this mark stands for more than one label of the policy"
        assert parse_mark(both, "(S un)") == label(both, category("To", P, ["a"]))

    def test_english_mark_keeps_its_meaning(self) -> None:
        """
        A word that is English for one party and French for another is the English one, as it prints.
        """
        twins = made(
            [
                tag_set(
                    "To",
                    replace(value("a"), markings=(said("portionMarking", phrase="pain", language="en"),)),
                    replace(
                        value("b"),
                        markings=(
                            said("portionMarking", phrase="bread", language="en"),
                            said("portionMarking", phrase="pain", language="fr"),
                        ),
                    ),
                )
            ]
        )
        for name in ("a", "b"):
            expected = label(twins, category("To", P, [name]))
            assert parse_mark(twins, portion_mark(twins, expected)) == expected
        assert parse_mark(twins, "(S pain)") == label(twins, category("To", P, ["a"]))


class TestNearest:
    @pytest.mark.parametrize(
        ("typed", "near"),
        [
            ("(S//REL KRO, JPN)", "(S//REL KOR, JPN)"),
            ("(S//REL KOR JPN)", "(S//REL KOR, JPN)"),
            ("(S/REL KOR)", "(S//REL KOR)"),
            ("(S//KOR)", "(S//REL KOR)"),
            ("(SECRET//REL KOR)", "(S//REL KOR)"),
            ("S//HERNO/MAPEL//REL KOR", "(S//HERON/MAPLE//REL KOR)"),
            ("(S//REL KOR//ONYL KOR)", "(S//REL KOR//ONLY KOR)"),
            ("(C REL KOR//STAF)", "(C//REL KOR//STAFF)"),
            ("(S//HERONXX//REL KOR)", "(S//HERON//REL KOR)"),
            ("(S//HREN//REL KOR)", "(S//HERON//REL KOR)"),
        ],
    )
    def test_slip_is_answered_with_the_mark(self, typed: str, near: str) -> None:
        """
        A slip of the fingers, or another separator, is told the mark that was probably meant.
        """
        hint = refusal(EXERCISE, typed).hint
        assert hint.removeprefix("nearest marks: ").startswith(near), hint

    @pytest.mark.parametrize(
        "typed",
        [
            "(S//REL KOR, PALISADE)",
            "(S//HERON PALISADE//REL KOR)",
            "PALISADE",
            "(S//HERNO//REL KOR//MAPLEX//ONYL KOR//STAF//PRES)",
            "(S//REL " + "KRO, " * 40 + ")",
        ],
    )
    def test_nothing_is_left_out_of_what_was_typed(self, typed: str) -> None:
        """
        A word that nobody knows, or too many slips, has no suggestion: it would lack something.
        """
        assert refusal(EXERCISE, typed).hint == "marks of EXERCISE begin with one of (O), (L), (C), (S)"

    @given(
        st.text(st.sampled_from("SOLC/ RELKOJPN,HM()[]:xé"), max_size=40)
        | st.lists(
            st.sampled_from(
                [
                    "(S",
                    "(O",
                    "//",
                    "/",
                    ",",
                    "REL",
                    "ONLY",
                    "KOR",
                    "JPN",
                    "KRO",
                    "HERON",
                    "HERNO",
                    "MAPLE",
                    "STAFF",
                    ")",
                    "x",
                ]
            ),
            max_size=9,
        ).map(" ".join)
    )
    def test_suggestions_are_marks_of_the_policy(self, typed: str) -> None:
        """
        Whatever is typed: each suggestion is a mark that prints like that, without a note in brackets,
        and there are few.
        """
        found = marks(EXERCISE, typed.strip("()"))
        assert len(found) <= MARKS_MAX
        for each in found:
            assert portion_mark(EXERCISE, parse_mark(EXERCISE, each)) == each
            assert "[" not in each

    def test_valid_mark_of_words_is_its_own_nearest(self) -> None:
        """
        What needs no repair is found as it is.
        """
        assert marks(EXERCISE, "S//REL KOR, JPN") == ("(S//REL KOR, JPN)",)

    def test_level_is_known_by_all_its_names(self) -> None:
        """
        Who types what stands on the page, or the name itself, is told the portion mark.
        """
        words = (said("portionMarking", phrase="X"), said("pageTop", phrase="SEEN"))
        policy = made([], Classification(name="NAMED", lacv=1, hierarchy=1, markings=words))
        assert [marks(policy, typed) for typed in ("x", "seen", "named")] == [("(X)",)] * 3

    def test_words_after_a_list_are_repaired(self) -> None:
        """
        What stands after a list is one of its words, and belongs to no other list.
        """
        only = (qualifier("suffix", "ONLY"), qualifier("separator", " "))
        policy = made([tag_set("A", value("x"), value("y"), qualifiers=only), tag_set("BB", value("z"))])
        assert marks(policy, "s x,y,onyl,z") == ("(S x y ONLY z)",)
        assert marks(policy, "s z only") == ()

    def test_value_that_another_needs_is_put_in(self) -> None:
        """
        A party that needs a word beside it is suggested with the word, past values that are never shown.
        """
        hidden = [value(f"own{number}", "", "portionMarking") for number in range(4)]
        wants = Requirement(
            operation=Operation.ONE_OR_MORE, groups=(CategoryReference(tag_set="Context", type=P),)
        )
        policy = made(
            [
                tag_set("Context", *hidden, value("REL")),
                tag_set("To", replace(value("JPN"), required=(wants,))),
            ]
        )
        assert marks(policy, "s jpn") == ("(S REL JPN)",)

    def test_mark_that_the_policy_does_not_allow_says_why(self) -> None:
        """
        A mark that can be read and is no valid label names the rule that it breaks, and no value.
        """
        told = refusal(EXERCISE, "(O//REL KOR)")
        assert told.message == "the policy does not allow this mark: class-excluded (Context)"

    def test_values_are_not_put_on_a_list_that_was_not_typed(self) -> None:
        """
        Without its own words a list is read only if nothing else would do.
        """
        policy = made(
            [
                tag_set("A", value("x"), qualifiers=(qualifier("prefix", "FOR "),)),
                tag_set("BB", value("x"), value("y")),
            ]
        )
        assert marks(policy, "s x") == ("(S x)",)
        assert marks(policy, "s for x/y") == ("(S FOR x y)",)
        only = made([tag_set("A", value("xa"), qualifiers=(qualifier("prefix", "FOR "),))])
        assert marks(only, "s xa") == ("(S FOR xa)",)


class TestEdits:
    @pytest.mark.parametrize(
        ("one", "other", "count"),
        [
            ("", "", 0),
            ("kor", "kor", 0),
            ("kro", "kor", 1),
            ("kor", "ko", 1),
            ("kor", "kxor", 1),
            ("kor", "kar", 1),
            ("okr", "kor", 1),
            ("ab", "ba", 1),
            ("abc", "", 3),
            ("heron", "maple", 5),
            ("kitten", "sitting", 3),
        ],
    )
    def test_edits_are_counted(self, one: str, other: str, count: int) -> None:
        """
        A character in, out, changed, or swapped with the next, is one.
        """
        assert edits(one, other) == edits(other, one) == count

    @given(st.text("abc", max_size=6), st.text("abc", max_size=6))
    def test_nothing_is_as_near_as_itself(self, one: str, other: str) -> None:
        """
        The count is nought for the same alone, and never more than the longer of the two.
        """
        assert (edits(one, other) == 0) == (one == other)
        assert abs(len(one) - len(other)) <= edits(one, other) <= max(len(one), len(other))

    def test_short_words_are_near_to_few(self) -> None:
        """
        A word of one letter is no slip for another, or every level would be suggested for every other.
        """
        assert EDITS_MAX == 2
        assert "nearest" not in refusal(EXERCISE, "(X//REL KOR)").hint


class TestTime:
    """
    Marks that have no end of readings are given up, and soon.
    """

    spaced = made(
        [
            tag_set("T" * count, value("a"), value("a a"), qualifiers=(qualifier("separator", " "),))
            for count in (1, 2, 3)
        ]
    )

    @pytest.mark.parametrize("ending", ["x)", ")", "a a)"])
    def test_mark_with_too_many_readings_is_given_up(self, ending: str) -> None:
        """
        A policy that separates values by what stands inside them cannot keep a reader busy.
        """
        began = time.process_time()
        for count in (10, 30, 200, 490):
            refusal(self.spaced, "(S " + "a " * count + ending)
        assert time.process_time() - began < 5

    def test_suggestions_are_given_up(self) -> None:
        """
        Words that are all known and never a mark do not keep the search for a near one busy.
        """
        only = made(
            [
                tag_set("T", value("a"), value("a a"), qualifiers=(qualifier("prefix", "FOR "),)),
                tag_set("UU", value("a"), value("a a a")),
            ]
        )
        began = time.process_time()
        assert marks(only, "s " + "a " * 30 + "for") == ()
        assert time.process_time() - began < 2

    @given(st.text(max_size=MARK_LENGTH_MAX))
    def test_any_text_is_read_or_refused(self, typed: str) -> None:
        """
        Whatever is typed is a label of the policy or the one error.
        """
        for policy in (EXERCISE, self.spaced):
            with suppress(MalformedError):
                assert isinstance(parse_mark(policy, typed), Label)

    def test_longest_list_is_read(self) -> None:
        """
        A mark as long as may be of values as short as may be is read to its end.
        """
        short = made([tag_set("T", value("a"), value("b"), qualifiers=(qualifier("separator", ","),))])
        assert parse_mark(short, "(S " + "a,b," * 254 + "a)") == label(short, category("T", P, ["a", "b"]))


class TestTwins:
    @pytest.mark.parametrize(
        "typed", ["(S//REL \u212aOR)", "(\u017f//REL KOR)", "(S//REL KO\u0052\u0301)", "(S//REL K\u200bOR)"]
    )
    def test_letters_that_fold_alike_are_not_the_letter(self, typed: str) -> None:
        """
        The sign for kelvin, the long s and letters with an accent are no letters of a mark.
        """
        refusal(EXERCISE, typed)

    def test_marks_of_shipped_policies_differ_in_more_than_case(self) -> None:
        """
        No two words of a policy that we ship are one to whoever types.
        """
        for name in ("exercise-1", "tlp-2.0"):
            policy = shipped(name)
            for field in policy.fields.values():
                names = sorted(member.category.name.lower() for member in field.members.values())
                assert all(one != other for one, other in pairwise(names))
