# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from legation.errors import MalformedError
from legation.labels import Category, Clearance, Label, Succession, TagType, category, gathered
from legation.labels.label import CATEGORIES_MAX, NAME_LENGTH_MAX, SUCCESSORS_MAX, VALUES_MAX, check_name
from tests.labels.small import DAY

NAMES = ("SECRET", "Releasable To", "TRÈS SECRET", "대외비", "AMBER+STRICT", "a" * NAME_LENGTH_MAX)

# Each is read differently by two people, or by two programs.
AMBIGUOUS = {
    "empty": "",
    "too long": "a" * (NAME_LENGTH_MAX + 1),
    "space before": " SECRET",
    "space after": "SECRET ",
    "no-break space after": "SECRET\u00a0",
    "line end": "SECRET\n",
    "tab inside": "TOP\tSECRET",
    "null": "SEC\0RET",
    "zero width": "SEC\u200bRET",
    "right to left": "\u202eTERCES",
    "not composed": "TRE\u0300S SECRET",
    "surrogate": "SEC\ud800RET",
    "private use": "SECRET\ue000",
    "line separator": "TOP\u2028SECRET",
}


class TestCheckName:
    @pytest.mark.parametrize("name", NAMES)
    def test_plain_name_is_accepted(self, name: str) -> None:
        """
        A name in any script passes, up to the length that the SPIF allows.
        """
        check_name(name, "name")

    @pytest.mark.parametrize("name", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
    def test_ambiguous_name_is_refused(self, name: str) -> None:
        """
        A name that could be read in two ways is refused, every time it is asked about.
        """
        for _ in range(2):
            with pytest.raises(MalformedError):
                check_name(name, "name")

    def test_empty_name_is_accepted_where_it_may_be(self) -> None:
        """
        Only who says so may leave a name out.
        """
        check_name("", "name", may_be_empty=True)

    def test_message_holds_nothing_of_the_name(self) -> None:
        """
        What was typed may be content, so no message repeats it.
        """
        with pytest.raises(MalformedError) as caught:
            check_name("PALISADE\u200b", "classification")
        assert "PALISADE" not in str(caught.value)


class TestCategory:
    def test_loose_values_become_one_form(self) -> None:
        """
        Order and repetition of values make no difference.
        """
        made = category("To", TagType.PERMISSIVE, ["b", "a", "b"])
        assert made == category("To", TagType.PERMISSIVE, ["a", "b"])
        assert made.values == ("a", "b")

    @pytest.mark.parametrize("values", [("b", "a"), ("a", "a"), ("",), (" a",)])
    def test_other_forms_cannot_exist(self, values: tuple[str, ...]) -> None:
        """
        A category with values out of order, twice, or without a proper name is refused.
        """
        with pytest.raises(MalformedError):
            Category(tag="To", type=TagType.PERMISSIVE, values=values)

    def test_category_without_a_value_can_be_held(self) -> None:
        """
        An empty list is a thing of its own, to be refused with a reason, and not an absent one.
        """
        assert category("To", TagType.PERMISSIVE, []).values == ()

    def test_too_many_values_are_refused(self) -> None:
        """
        The count of values has a limit.
        """
        names = [f"{index:05}" for index in range(VALUES_MAX + 1)]
        category("To", TagType.PERMISSIVE, names[:-1])
        with pytest.raises(MalformedError):
            category("To", TagType.PERMISSIVE, names)


class TestGathered:
    def test_parts_of_one_list_are_joined(self) -> None:
        """
        Several categories of one tag set and type are one list.
        """
        parts = [category("To", TagType.PERMISSIVE, [name]) for name in ("b", "a", "b")]
        assert gathered(parts) == (category("To", TagType.PERMISSIVE, ["a", "b"]),)

    def test_lists_that_decide_differently_stay_apart(self) -> None:
        """
        A restrictive and a permissive list of one tag set are two lists.
        """
        parts = [category("To", type_, ["a"]) for type_ in TagType]
        assert len(gathered(parts)) == len(TagType)


class TestLabel:
    def test_label_without_a_policy_cannot_exist(self) -> None:
        """
        A label names its policy by identifier or name.
        """
        Label(policy="P", classification="S")
        Label(policy_id="2.25.1", classification="S")
        with pytest.raises(MalformedError):
            Label(classification="S")

    def test_list_that_is_there_twice_is_refused(self) -> None:
        """
        One list stands once; who has parts of it joins them first.
        """
        part = category("To", TagType.PERMISSIVE, ["a"])
        with pytest.raises(MalformedError):
            Label(policy="P", classification="S", categories=(part, part))

    def test_too_many_lists_are_refused(self) -> None:
        """
        The count of lists has a limit.
        """
        parts = [category(f"{index:03}", TagType.PERMISSIVE, ["a"]) for index in range(CATEGORIES_MAX + 1)]
        with pytest.raises(MalformedError):
            Label(policy="P", classification="S", categories=tuple(parts))

    @pytest.mark.parametrize("name", ["", " S", "S\u200b"])
    def test_every_name_of_a_label_is_a_proper_one(self, name: str) -> None:
        """
        Classification, policy, tag set and its identifier are names that everybody reads alike.
        """
        made: list[Callable[[], object]] = [
            lambda: Label(policy="P", classification=name),
            lambda: Label(policy_id=name, classification="S"),
            lambda: Category(tag=name, type=TagType.PERMISSIVE, values=()),
        ]
        if name:  # without one it is not stated
            made.append(lambda: Label(policy_id="2.25.1", policy=name, classification="S"))
            made.append(lambda: Category(tag="To", type=TagType.PERMISSIVE, values=(), tag_id=name))
        for make in made:
            with pytest.raises(MalformedError):
                make()

    def test_too_many_successors_are_refused(self) -> None:
        """
        A label has a few successors, one after another, and not more.
        """
        label = Label(policy="P", classification="S")
        for _ in range(SUCCESSORS_MAX):
            label = replace(label, succession=Succession(at=DAY, label=label))
        with pytest.raises(MalformedError, match="successors"):
            replace(label, succession=Succession(at=DAY, label=label))

    def test_succession_without_a_time_zone_is_refused(self) -> None:
        """
        The dates of a succession are instants, both of them.
        """
        label, bare = Label(policy="P", classification="S"), DAY.replace(tzinfo=None)
        Succession(at=DAY, label=label, review_at=DAY)
        for dates in ({"at": bare}, {"at": DAY, "review_at": bare}):
            with pytest.raises(MalformedError, match="time zone"):
                Succession(label=label, **dates)


class TestClearance:
    def test_clearance_without_a_policy_cannot_exist(self) -> None:
        """
        A clearance under no policy would be one under any.
        """
        with pytest.raises(MalformedError):
            Clearance(classifications=("S",))

    def test_bound_without_a_time_zone_is_refused(self) -> None:
        """
        A date without a zone is another one at every post.
        """
        bound = datetime(2026, 1, 1, tzinfo=UTC)
        Clearance(policy="P", classifications=("S",), not_after=bound)
        with pytest.raises(MalformedError):
            Clearance(policy="P", classifications=("S",), not_after=bound.replace(tzinfo=None))
