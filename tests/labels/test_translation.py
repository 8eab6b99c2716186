# SPDX-License-Identifier: Apache-2.0

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from legation.errors import RefusedError
from legation.labels import (
    Category,
    Clearance,
    FaultCode,
    Label,
    Policy,
    Succession,
    TagType,
    TranslationCode,
    TranslationFault,
    category,
    compile_clearance,
    compile_label,
    gathered,
    permits,
    translate,
    validate,
)
from legation.labels.policy import (
    Applied,
    CategoryReference,
    EquivalentCategory,
    EquivalentClassification,
    EquivalentPolicy,
    EquivalentTagSet,
    Operation,
    Requirement,
    TagCategory,
    Window,
)
from tests.labels.equivalents import copy_of, mapped_to_itself, naming, simple, with_entries
from tests.labels.naive import Plain
from tests.labels.small import (
    AFTER,
    BEFORE,
    DAY,
    POLICIES,
    all_clearances,
    all_labels,
    clearance_of,
    label_of,
    policy_of,
)

P, R, N = TagType.PERMISSIVE, TagType.RESTRICTIVE, TagType.INFORMATIVE
ENCRYPT, DECRYPT, BOTH = Applied.ENCRYPT, Applied.DECRYPT, Applied.BOTH
LATER = datetime(2030, 1, 1, tzinfo=UTC)


class TestCopy:
    """
    A policy and a copy of it that are the same in all but their names.
    """

    @pytest.mark.parametrize("plain", POLICIES, ids=lambda plain: plain.name)
    @pytest.mark.parametrize("side", ["source", "target", "both"])
    def test_label_has_the_same_readers_and_comes_back(self, plain: Plain, side: str) -> None:
        """
        Whichever side says so, each valid label has the readers in the copy that it has at home, and
        the copy of the copy is the label.
        """
        policy, copy = policy_of(plain), copy_of(policy_of(plain))
        source = mapped_to_itself(policy, copy, BOTH) if side != "target" else policy
        target = mapped_to_itself(copy, policy, BOTH) if side != "source" else copy
        clearances = [clearance_of(each, policy) for each in all_clearances(plain)][::9]
        here = [compile_clearance(source, each, at=DAY) for each in clearances]
        there = [compile_clearance(target, changed(each, policy_id=copy.id), at=DAY) for each in clearances]
        seen = 0
        for label in (label_of(each, policy) for each in all_labels(plain)):
            if validate(source, label, at=DAY, new=True):
                continue
            seen += 1
            moved = translate(label, source, target, at=DAY)
            ours, theirs = compile_label(source, label, at=DAY), compile_label(target, moved, at=DAY)
            assert [permits(ours, held) for held in here] == [permits(theirs, held) for held in there]
            assert translate(moved, target, source, at=DAY) == source.normalize(label)
        assert seen > 20

    def test_direction_is_kept(self) -> None:
        """
        What is said of writing for the other says nothing of reading from it.
        """
        policy, copy = (
            simple("A", "s", lists=[("to", P, "x")]),
            copy_of(simple("A", "s", lists=[("to", P, "x")])),
        )
        label = Label(policy="A", classification="s", categories=(category("to", P, ["x"]),))
        there, back = label, changed(label, policy="COPY")
        for applied, written, read in ((ENCRYPT, True, False), (DECRYPT, False, True), (BOTH, True, True)):
            one = mapped_to_itself(policy, copy, applied)
            assert is_translated(there, one, copy) == written
            assert is_translated(back, copy, one) == read

    def test_translation_is_not_of_the_source_any_more(self) -> None:
        """
        The result is a label of the target alone: it is not translated a second time.
        """
        policy, copy = simple("A", "s"), copy_of(simple("A", "s"))
        source = mapped_to_itself(policy, copy, BOTH)
        moved = translate(Label(policy="A", classification="s"), source, copy)
        assert (moved.policy_id, moved.policy) == (copy.id, "")
        assert codes(moved, source, copy) == [TranslationCode.LABEL_INVALID]

    def test_original_stays_as_it_is(self) -> None:
        """
        A translation is another label; the originator's is not touched.
        """
        policy, copy = simple("A", "s"), copy_of(simple("A", "s"))
        label = Label(policy="A", classification="s")
        kept = changed(label)
        assert translate(label, mapped_to_itself(policy, copy, BOTH), copy) != label
        assert label == kept


def is_translated(label: Label, source: Policy, target: Policy) -> bool:
    """
    Whether there is a translation.
    """
    try:
        translate(label, source, target, at=DAY)
    except RefusedError:
        return False
    return True


def faults(label: Label, source: Policy, target: Policy, at: datetime | None = DAY) -> list[TranslationFault]:
    """
    Why there is no translation.
    """
    with pytest.raises(RefusedError) as caught:
        translate(label, source, target, at=at)
    found = [each for each in caught.value.faults if isinstance(each, TranslationFault)]
    assert found
    assert all(each.code.value in caught.value.message for each in found)
    assert all((each.fault is not None) == (each.code in ABOUT_A_LABEL) for each in found)
    return found


ABOUT_A_LABEL = {TranslationCode.LABEL_INVALID, TranslationCode.RESULT_INVALID}


def codes(label: Label, source: Policy, target: Policy, at: datetime | None = DAY) -> list[TranslationCode]:
    """
    The codes of why there is no translation.
    """
    return [each.code for each in faults(label, source, target, at)]


# --- One pair, HOME and AWAY, and what HOME says of it

HOME = simple(
    "HOME",
    "low",
    "high",
    lists=[("to", P, "x y z"), ("only", P, "x y"), ("caveat", R, "r s t"), ("note", N, "n m")],
)
AWAY = simple(
    "AWAY",
    "unten",
    "oben",
    lists=[("an", P, "X Y Z"), ("nur", P, "X Y"), ("vorbehalt", R, "R S T"), ("notiz", N, "N M")],
)
IDS = {"to": "an", "only": "nur", "caveat": "vorbehalt", "note": "notiz"}
TYPES = {"an": P, "nur": P, "vorbehalt": R, "notiz": N}


def entry(
    place: str, *, applied: Applied = ENCRYPT, discard: bool = False, of: Policy = AWAY
) -> EquivalentCategory:
    """
    An entry that means a value as "list value", with the value's place for lacv.
    """
    tag, _, name = place.partition(" ")
    tag_set = of.tag_set(tag)
    found = [
        (tag.type, each.lacv)
        for tag in (tag_set.tags if tag_set else ())
        for each in tag.categories
        if each.name == name
    ]
    type_, lacv = found[0] if found else (P, "99")
    return EquivalentCategory(
        policy=f"its {of.name}",
        tag_set_id=tag_set.id if tag_set else "",
        type=type_,
        lacv=lacv,
        applied=applied,
        discard=discard,
    )


SAME_LEVELS = {"low": 0, "high": 1}


def home(levels: dict[str, int] | None = None, /, **said: Iterable[EquivalentCategory]) -> Policy:
    """
    HOME with what it says: levels by the lacv of the other's, and entries by "list_value".
    """
    levels = SAME_LEVELS if levels is None else levels
    return with_entries(
        naming(HOME, AWAY),
        lambda each: (
            [EquivalentClassification(policy="its AWAY", lacv=levels[each.name], applied=ENCRYPT)]
            if each.name in levels
            else []
        ),
        lambda tag_set, _, each: said.get(f"{tag_set.name}_{each.name}", ()),
    )


def away(**said: Iterable[EquivalentCategory]) -> Policy:
    """
    AWAY with what it says of reading from HOME.
    """
    return with_entries(
        naming(AWAY, HOME), lambda _: [], lambda tag_set, _, each: said.get(f"{tag_set.name}_{each.name}", ())
    )


def labelled(*parts: Category, level: str = "low") -> Label:
    """
    A label of HOME.
    """
    return Label(policy="HOME", classification=level, categories=gathered(parts))


def abroad(*parts: Category, level: str = "unten") -> Label:
    """
    A label of AWAY in its normal form.
    """
    return Label(policy_id=AWAY.id, classification=level, categories=gathered(parts))


TO_X = category("to", P, ["x"])
TO_XY = category("to", P, ["x", "y"])
R_S = category("caveat", R, ["r", "s"])


class TestNames:
    def test_other_policy_is_known_by_its_identifier(self) -> None:
        """
        The name by which a policy refers to another is its own affair.
        """
        assert translate(labelled(level="high"), home(), AWAY) == abroad(level="oben")
        wrong = replace(home(), equivalents=(EquivalentPolicy(name="its AWAY", id="2.25.9"),))
        assert codes(labelled(), wrong, AWAY) == [TranslationCode.POLICY_NOT_EQUIVALENT]

    def test_policies_that_do_not_know_each_other_have_no_translation(self) -> None:
        """
        The same words are no equivalence.
        """
        assert codes(labelled(), HOME, copy_of(HOME)) == [TranslationCode.POLICY_NOT_EQUIVALENT]

    def test_one_policy_has_no_translation_into_itself(self) -> None:
        """
        Nothing is to be translated there, and another version is another matter.
        """
        assert codes(labelled(), home(), home()) == [TranslationCode.POLICY_IS_THE_SAME]

    def test_label_must_be_valid_at_home(self) -> None:
        """
        A label with an unknown value, of no value, or of another policy is not translated.
        """
        for label in (
            labelled(category("to", P, ["nowhere"])),
            labelled(category("to", P, [])),
            labelled(level="nowhere"),
            changed(labelled(), policy="AWAY"),
        ):
            assert set(codes(label, home(), AWAY)) == {TranslationCode.LABEL_INVALID}

    def test_numbers_are_compared_as_numbers(self) -> None:
        """
        One policy writes 036 and the other 36; letters are compared as they are.
        """

        def spelled(policy: Policy, lacv: str) -> Policy:
            (first, *rest) = policy.tag_sets
            (tag,) = first.tags
            value, *others = tag.categories
            tag = replace(tag, categories=(replace(value, lacv=lacv), *others))
            return replace(
                policy, digest=policy.digest + lacv.encode(), tag_sets=(replace(first, tags=(tag,)), *rest)
            )

        for theirs, ours, is_same in (
            ("036", "36", True),
            ("36", "0036", True),
            ("0", "00", True),
            ("36", "360", False),
            ("A1", "A1", True),
            ("0A", "A", False),
            ("\u0663\u0666", "36", False),
        ):
            target = spelled(AWAY, theirs)
            said = replace(entry("an X"), lacv=ours)
            assert is_translated(labelled(TO_X), home(to_x=[said]), target) == is_same, (theirs, ours)

    def test_value_is_known_by_list_and_type(self) -> None:
        """
        The same number under another list, or of another type, is another value.
        """
        good = entry("an X")
        assert translate(labelled(TO_X), home(to_x=[good]), AWAY) == abroad(category("an", P, ["X"]))
        for wrong in (replace(good, tag_set_id="2.25.1"), replace(good, type=R), replace(good, lacv="9")):
            assert codes(labelled(TO_X), home(to_x=[wrong]), AWAY) == [TranslationCode.VALUE_UNMAPPED]

    def test_order_and_repetition_change_nothing(self) -> None:
        """
        However a label is typed, and in whatever order entries stand, it is one translation.
        """
        one, other = entry("an X"), entry("an Y")
        label = labelled(category("to", P, ["y", "x", "y"]))
        found = {
            translate(label, home(to_x=x, to_y=y), AWAY)
            for x, y in product(([one], [one, one]), ([other], [other, other]))
        }
        assert found == {abroad(category("an", P, ["X", "Y"]))}


class TestClassification:
    def test_level_without_an_equivalent_stops(self) -> None:
        """
        A level is never guessed from its height, nor taken from the one beside it.
        """
        assert codes(labelled(level="high"), home({"low": 0}), AWAY) == [
            TranslationCode.CLASSIFICATION_UNMAPPED
        ]
        assert codes(labelled(), home({"low": 7}), AWAY) == [TranslationCode.CLASSIFICATION_UNMAPPED]

    def test_level_with_two_equivalents_is_not_chosen(self) -> None:
        """
        Two entries of one side that differ are no answer.
        """
        both = with_entries(
            home(),
            lambda each: [EquivalentClassification(policy="its AWAY", lacv=1, applied=BOTH)],
            lambda *_: [],
        )
        assert codes(labelled(), both, AWAY) == [TranslationCode.CLASSIFICATION_AMBIGUOUS]
        assert translate(labelled(level="high"), both, AWAY) == abroad(level="oben")

    @pytest.mark.parametrize(
        ("levels", "outcome"),
        [
            ({"low": 0}, "unten"),
            ({"low": 1}, None),
            ({}, "unten"),
        ],
        ids=["agree", "disagree", "one side"],
    )
    def test_two_sides_must_agree(self, levels: dict[str, int], outcome: str | None) -> None:
        """
        What the target reads a level as is enough, and is never overruled.
        """
        target = with_entries(
            naming(AWAY, HOME),
            lambda each: [EquivalentClassification(policy="its HOME", lacv=each.lacv, applied=DECRYPT)],
            lambda *_: [],
        )
        if outcome is None:
            assert codes(labelled(), home(levels), target) == [TranslationCode.CLASSIFICATION_AMBIGUOUS]
        else:
            assert translate(labelled(), home(levels), target).classification == outcome

    def test_level_that_reads_as_two_is_not_chosen(self) -> None:
        """
        Where two levels of the target are read from one of the source, nobody says which is meant.
        """
        target = with_entries(
            naming(AWAY, HOME),
            lambda _: [EquivalentClassification(policy="its HOME", lacv=0, applied=BOTH)],
            lambda *_: [],
        )
        assert codes(labelled(), HOME, target) == [TranslationCode.CLASSIFICATION_AMBIGUOUS]


class TestValues:
    def test_value_without_an_equivalent_stops(self) -> None:
        """
        Of two values one that is mapped does not carry the other.
        """
        source = home(to_x=[entry("an X")])
        (fault,) = faults(labelled(TO_XY), source, AWAY)
        assert (fault.code, fault.subject, fault.tag) == (TranslationCode.VALUE_UNMAPPED, "y", "to")

    def test_value_may_have_several_equivalents_where_its_owner_says(self) -> None:
        """
        The label's own policy may say that one value is two over there: it gets both.
        """
        source = home(to_x=[entry("an X"), entry("an Y")])
        assert translate(labelled(TO_X), source, AWAY) == abroad(category("an", P, ["X", "Y"]))

    def test_half_of_several_equivalents_is_not_taken(self) -> None:
        """
        If the target has but one of the two, the value has no equivalent.
        """
        source = home(caveat_r=[entry("vorbehalt R"), replace(entry("vorbehalt R"), lacv="9")])
        assert codes(labelled(category("caveat", R, ["r"])), source, AWAY) == [TranslationCode.VALUE_UNMAPPED]

    def test_value_that_reads_as_two_is_not_chosen(self) -> None:
        """
        Where two values of the target are read from one of the source, nobody says which is meant.
        """
        said = [entry("to x", applied=DECRYPT, of=HOME)]
        assert codes(labelled(TO_X), home(), away(an_X=said, an_Y=said)) == [TranslationCode.VALUE_AMBIGUOUS]
        assert translate(labelled(TO_X), home(), away(an_X=said)) == abroad(category("an", P, ["X"]))

    def test_two_sides_must_agree(self) -> None:
        """
        If the source writes X and the target reads Y, nobody chooses; if both mean X, X it is.
        """
        reads = [entry("to x", applied=BOTH, of=HOME)]
        agreed = home(to_x=[entry("an X")])
        assert translate(labelled(TO_X), agreed, away(an_X=reads)) == abroad(category("an", P, ["X"]))
        assert codes(labelled(TO_X), agreed, away(an_Y=reads)) == [TranslationCode.VALUE_AMBIGUOUS]
        several = home(to_x=[entry("an X"), entry("an Y")])
        assert codes(labelled(TO_X), several, away(an_X=reads)) == [TranslationCode.VALUE_AMBIGUOUS]

    def test_entry_that_means_two_values_says_nothing(self) -> None:
        """
        A published policy gives two values one number: an entry for it is for neither.
        """
        (first, *rest) = AWAY.tag_sets
        (tag,) = first.tags
        twin = TagCategory(name="TWIN", lacv="00")
        target = replace(
            AWAY,
            digest=b"twin",
            tag_sets=(replace(first, tags=(replace(tag, categories=(*tag.categories, twin)),)), *rest),
        )
        assert codes(labelled(TO_X), home(to_x=[entry("an X")]), target) == [TranslationCode.VALUE_AMBIGUOUS]
        source = replace(naming(target, HOME), name="TWINS", id="2.25.TWINS")
        reading = with_entries(
            naming(HOME, source),
            lambda each: (
                [EquivalentClassification(policy="its TWINS", lacv=0, applied=DECRYPT)]
                if each.name == "low"
                else []
            ),
            lambda tag_set, _, each: (
                [replace(entry("an X", applied=DECRYPT), policy="its TWINS")]
                if (tag_set.name, each.name) == ("to", "x")
                else []
            ),
        )
        for name in ("X", "TWIN"):
            label = Label(policy="TWINS", classification="unten", categories=(category("an", P, [name]),))
            assert codes(label, source, reading) == [TranslationCode.VALUE_AMBIGUOUS]


class TestDiscard:
    gone = (entry("", discard=True),)

    def test_value_is_left_out_where_its_owner_says(self) -> None:
        """
        A caveat, a note, or one of several parties may go, if the label's own policy lets it.
        """
        source = home(to_x=[entry("an X")], to_y=self.gone, caveat_r=self.gone, note_n=self.gone)
        label = labelled(TO_XY, category("caveat", R, ["r"]), category("note", N, ["n"]))
        assert translate(label, source, AWAY) == abroad(category("an", P, ["X"]))

    def test_list_is_never_left_out_whole(self) -> None:
        """
        A list of which nothing is left would let everybody in.
        """
        source = home(to_x=self.gone, to_y=self.gone)
        for part in (TO_X, TO_XY):
            (fault,) = faults(labelled(part), source, AWAY)
            assert (fault.code, fault.tag) == (TranslationCode.LIST_LOST, "to")

    def test_target_lets_nothing_go(self) -> None:
        """
        Whoever receives does not say what may be dropped of others' labels.
        """
        said = [entry("caveat r", applied=BOTH, discard=True, of=HOME)]
        assert codes(labelled(category("caveat", R, ["r"])), home(), away(vorbehalt_R=said)) == [
            TranslationCode.VALUE_UNMAPPED
        ]

    def test_discarding_on_reception_is_none_at_the_origin(self) -> None:
        """
        What may be dropped when reading the other's labels stays on one's own.
        """
        source = home(caveat_r=[entry("", discard=True, applied=DECRYPT)])
        assert codes(labelled(category("caveat", R, ["r"])), source, AWAY) == [TranslationCode.VALUE_UNMAPPED]

    def test_value_that_may_go_and_stay_is_in_doubt(self) -> None:
        """
        An entry to drop it beside one to keep it, on either side, is no answer.
        """
        part = category("caveat", R, ["r"])
        assert codes(labelled(part), home(caveat_r=[*self.gone, entry("vorbehalt R")]), AWAY) == [
            TranslationCode.VALUE_AMBIGUOUS
        ]
        reads = [entry("caveat r", applied=DECRYPT, of=HOME)]
        assert codes(labelled(part), home(caveat_r=self.gone), away(vorbehalt_R=reads)) == [
            TranslationCode.VALUE_AMBIGUOUS
        ]


class TestConstraints:
    def test_value_that_decides_does_not_become_a_note(self) -> None:
        """
        A caveat or a party that is merely shown over there decides nothing any more.
        """
        for part, said in ((category("caveat", R, ["r"]), "caveat_r"), (TO_X, "to_x")):
            (fault,) = faults(labelled(part), home(**{said: [entry("notiz N")]}), AWAY)
            assert (fault.code, fault.values) == (TranslationCode.CONSTRAINT_LOST, ("N",))

    def test_note_may_decide(self) -> None:
        """
        A note that is a caveat over there narrows.
        """
        source = home(note_n=[entry("vorbehalt R")])
        assert translate(labelled(category("note", N, ["n"])), source, AWAY) == abroad(
            category("vorbehalt", R, ["R"])
        )

    def test_all_of_these_does_not_become_one_of_these(self) -> None:
        """
        Two caveats that are parties of one list would be for holders of either; one alone may be.
        """
        source = home(caveat_r=[entry("an X")], caveat_s=[entry("an Y")])
        (fault,) = faults(labelled(R_S), source, AWAY)
        assert (fault.code, fault.tag, fault.values) == (TranslationCode.LISTS_JOINED, "an", ("X", "Y"))
        assert translate(labelled(category("caveat", R, ["r"])), source, AWAY) == abroad(
            category("an", P, ["X"])
        )

    def test_two_lists_do_not_become_one(self) -> None:
        """
        Of this list and of that one is more than of either; save where both are the very same.
        """
        source = home(to_x=[entry("an X")], only_x=[entry("an X")], only_y=[entry("an Y")])
        both = labelled(TO_X, category("only", P, ["y"]))
        assert codes(both, source, AWAY) == [TranslationCode.LISTS_JOINED]
        same = labelled(TO_X, category("only", P, ["x"]))
        assert translate(same, source, AWAY) == abroad(category("an", P, ["X"]))

    def test_one_list_may_become_two(self) -> None:
        """
        One of these becomes one of these and one of those, which is narrower.
        """
        source = home(to_x=[entry("an X"), entry("nur X")], to_y=[entry("an Y")])
        assert translate(labelled(TO_XY), source, AWAY) == abroad(
            category("an", P, ["X", "Y"]), category("nur", P, ["X"])
        )


def reference(place: str) -> CategoryReference:
    """
    A value of AWAY as "list value", or all of a list.
    """
    tag, _, name = place.partition(" ")
    lacv = entry(place).lacv if name else ""
    return CategoryReference(tag_set=tag, type=TYPES.get(tag, P), lacv=lacv)


def needs(operation: Operation, *places: str) -> Requirement:
    """
    A requirement of an equivalence.
    """
    return Requirement(operation=operation, groups=tuple(map(reference, places)))


def requiring(policy: Policy, level: str, requirement: Requirement) -> Policy:
    """
    A policy that requires something of the target: for the policy, for a level, for a list.
    """
    if level == "policy":
        named = tuple(replace(each, required=(requirement,)) for each in policy.equivalents)
        return replace(policy, digest=policy.digest + b"!", equivalents=named)
    if level == "class":
        classes = tuple(
            replace(
                each, equivalents=tuple(replace(said, required=(requirement,)) for said in each.equivalents)
            )
            for each in policy.classifications
        )
        return replace(policy, digest=policy.digest + b"!", classifications=classes)
    first, *rest = policy.tag_sets
    said = EquivalentTagSet(policy="its AWAY", name="an", required=(requirement,))
    return replace(policy, digest=policy.digest + b"!", tag_sets=(replace(first, equivalents=(said,)), *rest))


class TestRequired:
    base = home(to_x=[entry("an X")], to_y=[entry("an Y")])

    @pytest.mark.parametrize("level", ["policy", "class", "list"])
    def test_what_leaves_no_choice_is_added(self, level: str) -> None:
        """
        All of some values, or one that is the only one, stand on the result beside the rest.
        """
        for requirement in (
            needs(Operation.ALL, "vorbehalt R"),
            needs(Operation.ONE_OR_MORE, "vorbehalt R"),
            needs(Operation.ONLY_ONE, "vorbehalt R"),
        ):
            source = requiring(self.base, level, requirement)
            assert translate(labelled(TO_X), source, AWAY) == abroad(
                category("an", P, ["X"]), category("vorbehalt", R, ["R"])
            )

    def test_requirement_of_a_list_that_is_not_there_is_not_asked(self) -> None:
        """
        What a list requires concerns labels with that list.
        """
        source = requiring(self.base, "list", needs(Operation.ALL, "vorbehalt R"))
        assert translate(labelled(), source, AWAY) == abroad()

    def test_all_of_a_list_is_added(self) -> None:
        """
        Without a value the whole list is required.
        """
        source = requiring(self.base, "policy", needs(Operation.ALL, "vorbehalt"))
        assert translate(labelled(), source, AWAY) == abroad(category("vorbehalt", R, ["R", "S", "T"]))

    @pytest.mark.parametrize("operation", [Operation.ONLY_ONE, Operation.ONE_OR_MORE])
    def test_choice_is_left_to_people(self, operation: Operation) -> None:
        """
        One of two is not chosen; where the label has brought one already, nothing is asked.
        """
        source = requiring(self.base, "policy", needs(operation, "an X", "nur X"))
        (fault,) = faults(labelled(), source, AWAY)
        assert (fault.code, fault.values) == (TranslationCode.REQUIREMENT_OPEN, ("X", "X"))
        assert translate(labelled(TO_X), source, AWAY) == abroad(category("an", P, ["X"]))

    def test_choice_that_another_requirement_makes_is_made(self) -> None:
        """
        All of one value meets one of several, whichever stands first.
        """
        pair = (needs(Operation.ONE_OR_MORE, "vorbehalt"), needs(Operation.ALL, "vorbehalt S"))
        for required in (pair, pair[::-1]):
            named = tuple(replace(each, required=required) for each in self.base.equivalents)
            source = replace(self.base, digest=str(required).encode(), equivalents=named)
            assert translate(labelled(), source, AWAY) == abroad(category("vorbehalt", R, ["S"]))

    def test_more_than_one_is_not_only_one(self) -> None:
        """
        A label that brings two where one is wanted has no translation.
        """
        source = requiring(self.base, "policy", needs(Operation.ONLY_ONE, "an"))
        assert codes(labelled(TO_XY), source, AWAY) == [TranslationCode.REQUIREMENT_UNMET]
        assert translate(labelled(TO_X), source, AWAY) == abroad(category("an", P, ["X"]))

    def test_list_of_the_label_is_not_opened(self) -> None:
        """
        A required party is put on a new list, and never on one that the label has brought.
        """
        source = requiring(self.base, "policy", needs(Operation.ALL, "an Z"))
        assert translate(labelled(), source, AWAY) == abroad(category("an", P, ["Z"]))
        (fault, *_) = faults(labelled(TO_X), source, AWAY)
        assert (fault.code, fault.subject, fault.values) == (TranslationCode.WOULD_WIDEN, "Z", ("X",))

    def test_requirement_of_a_list_in_a_third_policy_is_not_asked(self) -> None:
        """
        What a list requires in another policy is not required here.
        """
        source = requiring(self.base, "list", needs(Operation.ALL, "vorbehalt R"))
        first, *rest = source.tag_sets
        (said,) = first.equivalents
        other = replace(first, equivalents=(replace(said, policy="its THIRD"),))
        source = replace(source, digest=b"third", tag_sets=(other, *rest))
        assert translate(labelled(TO_X), source, AWAY) == abroad(category("an", P, ["X"]))

    def test_requirement_that_the_target_knows_in_part_stops(self) -> None:
        """
        All of a known and an unknown value is not all of the known one.
        """
        required = needs(Operation.ALL, "vorbehalt R", "vorbehalt nowhere")
        source = requiring(self.base, "policy", required)
        assert codes(labelled(), source, AWAY) == [TranslationCode.REQUIREMENT_UNMET]

    @pytest.mark.parametrize("place", ["nowhere", "vorbehalt nowhere"])
    def test_requirement_that_the_target_does_not_know_stops(self, place: str) -> None:
        """
        What is required and not there is not left out.
        """
        for operation in Operation:
            source = requiring(self.base, "policy", needs(operation, place))
            assert codes(labelled(), source, AWAY) == [TranslationCode.REQUIREMENT_UNMET]

    def test_requirement_of_the_target_side_is_not_added(self) -> None:
        """
        What the target requires when it writes for the source names values of the source.
        """
        target = replace(
            AWAY,
            digest=b"asks",
            equivalents=(
                EquivalentPolicy(
                    name="its HOME", id=HOME.id, required=(needs(Operation.ALL, "vorbehalt R"),)
                ),
            ),
        )
        assert translate(labelled(TO_X), self.base, target) == abroad(category("an", P, ["X"]))


class TestResult:
    def test_result_must_be_valid_over_there(self) -> None:
        """
        A level that needs a list there, or a name that is obsolete, leaves no translation.
        """
        strict = replace(
            AWAY,
            digest=b"strict",
            classifications=tuple(
                replace(each, required=(needs(Operation.ONE_OR_MORE, "an"),)) for each in AWAY.classifications
            ),
        )
        source = home(to_x=[entry("an X")])
        (fault,) = faults(labelled(), source, strict)
        assert fault.code is TranslationCode.RESULT_INVALID
        assert fault.fault is not None
        assert fault.fault.code is FaultCode.CATEGORY_REQUIRED
        assert is_translated(labelled(TO_X), source, strict)
        old = replace(
            AWAY,
            digest=b"old",
            classifications=tuple(replace(each, obsolete=True) for each in AWAY.classifications),
        )
        assert codes(labelled(), source, old) == [TranslationCode.RESULT_INVALID]

    def test_both_policies_are_asked_at_the_instant(self) -> None:
        """
        Neither policy says anything outside its time, and without an instant neither.
        """
        for window, at, is_good in (
            (Window(not_before=BEFORE, not_after=AFTER), DAY, True),
            (Window(not_before=AFTER), DAY, False),
            (Window(not_before=BEFORE, not_after=AFTER), None, False),
        ):
            for source, target in (
                (replace(home(), window=window, digest=str(window).encode()), AWAY),
                (home(), replace(AWAY, window=window, digest=str(window).encode())),
            ):
                if is_good:
                    assert translate(labelled(), source, target, at=at) == abroad()
                else:
                    assert codes(labelled(), source, target, at)

    def test_instant_without_a_zone_is_a_mistake(self) -> None:
        """
        An instant without a zone is nobody's instant.
        """
        with pytest.raises(TypeError):
            translate(labelled(), home(), AWAY, at=DAY.replace(tzinfo=None))

    def test_refusal_says_every_reason_once_and_names_no_value(self) -> None:
        """
        All that stands in the way is told as codes and values; the message names policies and codes.
        """
        label = labelled(TO_X, category("caveat", R, ["r"]), level="high")
        with pytest.raises(RefusedError) as caught:
            translate(label, home({}), AWAY, at=DAY)
        assert caught.value.message == (
            "the label has no translation from HOME to AWAY: classification-unmapped, value-unmapped"
        )
        assert len(caught.value.faults) == 3


class TestSuccession:
    def becoming(self, *later: Label) -> Label:
        """
        A label of the low level that becomes another one in 2030.
        """
        return changed(labelled(), succession=Succession(at=LATER, label=later[0], review_at=AFTER))

    def test_what_a_label_becomes_is_translated_with_it(self) -> None:
        """
        A label that is to be raised does not lose that on its way.
        """
        moved = translate(self.becoming(labelled(level="high")), home(), AWAY, at=DAY)
        assert moved == changed(
            abroad(), succession=Succession(at=LATER, label=abroad(level="oben"), review_at=AFTER)
        )

    def test_what_a_label_was_is_left_behind(self) -> None:
        """
        From its date on the successor is translated alone.
        """
        assert translate(self.becoming(labelled(level="high")), home(), AWAY, at=LATER) == abroad(
            level="oben"
        )

    def test_successor_without_a_translation_stops(self) -> None:
        """
        A label of which only the present could be said over there has no translation.
        """
        found = codes(self.becoming(labelled(level="high")), home({"low": 0}), AWAY)
        assert found == [TranslationCode.CLASSIFICATION_UNMAPPED]

    def test_without_an_instant_there_is_none(self) -> None:
        """
        Which of its labels counts depends on a date.
        """
        (fault,) = faults(self.becoming(labelled()), home(), AWAY, None)
        assert fault.code is TranslationCode.LABEL_INVALID
        assert fault.fault is not None
        assert fault.fault.code is FaultCode.DATE_NEEDED


# --- Whatever two policies say, nobody is let in who was not, save where a caveat was let go

NAMES = [
    (tag_set.name, value.name)
    for tag_set in HOME.tag_sets
    for tag in tag_set.tags
    for value in tag.categories
]
TARGETS = [
    f"{tag_set.name} {value.name}"
    for tag_set in AWAY.tag_sets
    for tag in tag_set.tags
    for value in tag.categories
]


@st.composite
def dictionaries(draw: st.DrawFn) -> dict[tuple[str, str], str]:
    """
    A dictionary: each value of HOME is one of AWAY, and no two are one.
    """
    targets = draw(st.permutations(TARGETS))
    return dict(zip(NAMES, targets, strict=True))


@st.composite
def labels(draw: st.DrawFn) -> Label:
    """
    A label of HOME.
    """
    parts = [
        category(tag_set.name, tag.type, some)
        for tag_set in HOME.tag_sets
        for tag in tag_set.tags
        if (some := draw(st.sets(st.sampled_from([each.name for each in tag.categories]))))
    ]
    return labelled(*parts, level=draw(st.sampled_from(["low", "high"])))


@st.composite
def persons(draw: st.DrawFn) -> set[tuple[str, str]]:
    """
    Somebody who holds some values of HOME.
    """
    return draw(st.sets(st.sampled_from(NAMES)))


class TestNeverWidens:
    @given(dictionaries(), labels(), st.lists(persons(), min_size=8, max_size=8))
    def test_whoever_holds_the_same_there_sees_no_more(
        self, dictionary: dict[tuple[str, str], str], label: Label, people: list[set[tuple[str, str]]]
    ) -> None:
        """
        Values are equivalent to values of any list and type. Whoever holds in AWAY exactly what they
        hold in HOME, and may see the translation, may see the label.
        """
        said = {f"{tag}_{name}": [entry(place)] for (tag, name), place in dictionary.items()}
        source = home(**said)
        try:
            moved = translate(label, source, AWAY)
        except RefusedError:
            return
        for held in people:
            here = clearance(source, [f"{tag} {name}" for tag, name in held])
            there = clearance(AWAY, [dictionary[each] for each in held])
            if permits(compile_label(AWAY, moved), compile_clearance(AWAY, there)):
                assert permits(compile_label(source, label), compile_clearance(source, here))


def clearance(policy: Policy, places: Iterable[str]) -> Clearance:
    """
    A clearance for all levels and some values, as "list value".
    """
    parts = []
    for place in places:
        tag, _, name = place.partition(" ")
        found = [field for field in policy.fields.values() if field.tag_set.name == tag]
        parts.append(category(tag, found[0].type, [name]))
    return Clearance(
        policy_id=policy.id,
        classifications=tuple(each.name for each in policy.classifications),
        categories=gathered(parts),
    )
