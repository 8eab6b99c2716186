# SPDX-License-Identifier: Apache-2.0

import random
from collections.abc import Iterable
from dataclasses import replace
from itertools import product

import pytest

from legation.errors import MalformedError
from legation.formats.shipped import shipped
from legation.labels import (
    PLACES,
    Category,
    Label,
    Policy,
    TagType,
    banner,
    banner_of,
    category,
    gathered,
    languages,
    marking,
    parse_mark,
    portion_mark,
    validate,
)
from legation.labels.marking import MARK_LENGTH_MAX
from legation.labels.policy import (
    CategoryReference,
    Classification,
    Marking,
    Operation,
    Qualifier,
    Requirement,
    Tag,
    TagCategory,
    TagSet,
    Window,
)
from tests.labels.exercise import EXERCISE, REPORT, SEEN
from tests.labels.small import AFTER, DAY, subsets

TLP = shipped("tlp-2.0")
P, R, N = TagType.PERMISSIVE, TagType.RESTRICTIVE, TagType.INFORMATIVE


def exercise(classification: str, **lists: Iterable[str]) -> Label:
    """
    A label of EXERCISE, its lists by their names in small letters.
    """
    names = {"caveats": ("Caveats", R), "context": ("Context", P), "to": ("Releasable To", P)}
    names |= {"only": ("Only", P), "handling": ("Handling", N)}
    parts = [category(*names[key], values) for key, values in lists.items()]
    return Label(policy_id=EXERCISE.id, classification=classification, categories=gathered(parts))


BOTH = ("Own", "Releasable")

# As people write them, as they print, at the top of a page, and what they stand for.
MARKS = {
    "(O)": ("OPEN", exercise("OPEN")),
    "(S)": ("SECRET", exercise("SECRET", context=["Own"])),
    "(L//REL KOR, JPN, AUS, NATO)": (
        "LIMITED REL KOR, JPN, AUS, NATO",
        exercise("LIMITED", context=BOTH, to=["KOR", "JPN", "AUS", "NATO"]),
    ),
    "(C//REL KOR, JPN, NATO)": (
        "CONFIDENTIAL REL KOR, JPN, NATO",
        exercise("CONFIDENTIAL", context=BOTH, to=["KOR", "JPN", "NATO"]),
    ),
    "(S//REL KOR, JPN)": ("SECRET REL KOR, JPN", exercise("SECRET", context=BOTH, to=["KOR", "JPN"])),
    "(S//REL KOR)": ("SECRET REL KOR", exercise("SECRET", context=BOTH, to=["KOR"])),
    "(S//REL KOR, JPN//ONLY KOR)": (
        "SECRET REL KOR, JPN ONLY KOR",
        exercise("SECRET", context=BOTH, to=["KOR", "JPN"], only=["KOR"]),
    ),
    "(S//HERON/MAPLE//REL KOR//STAFF/PRESS)": (
        "SECRET HERON/MAPLE REL KOR - STAFF/PRESS",
        exercise("SECRET", caveats=["HERON", "MAPLE"], context=BOTH, to=["KOR"], handling=["PRESS", "STAFF"]),
    ),
    "(O//PRESS)": ("OPEN - PRESS", exercise("OPEN", handling=["PRESS"])),
    "(C//MAPLE)": ("CONFIDENTIAL MAPLE", exercise("CONFIDENTIAL", caveats=["MAPLE"], context=["Own"])),
}


class TestMarks:
    @pytest.mark.parametrize("mark", MARKS)
    def test_mark_stands_for_its_label(self, mark: str) -> None:
        """
        Each mark of the stories is read as the label it means, and prints as it was written.
        """
        top, label = MARKS[mark]
        assert parse_mark(EXERCISE, mark) == label
        assert portion_mark(EXERCISE, label) == mark
        assert banner(EXERCISE, label) == top

    @pytest.mark.parametrize(
        "typed",
        [
            "S//REL KOR, JPN",
            "(s//rel kor, jpn)",
            "( S // REL  JPN ,KOR )",
            "  (S//REL JPN,KOR)\n",
            "(S//REL KOR, JPN, KOR)",
        ],
    )
    def test_case_spacing_and_order_are_forgiven(self, typed: str) -> None:
        """
        However people space, order and capitalise a list, it is the same mark.
        """
        assert parse_mark(EXERCISE, typed) == MARKS["(S//REL KOR, JPN)"][1]

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            "()",
            "(X)",
            "(OPEN)",
            "(S",
            "S)",
            "((S))",
            "(S//)",
            "(S//REL)",
            "(S//REL )",
            "(S//REL KOR JPN)",
            "(S//REL KOR; JPN)",
            "(S//REL KOR,)",
            "(S//REL KORX)",
            "(S//REL KOR, PALISADE)",
            "(S//REL AP4)",
            "(S//KOR)",
            "(S//ONLY KOR)",
            "(S//REL KOR//REL JPN)",
            "(S//REL KOR//ONLY)",
            "(S//HERON//MAPLE)",
            "(S//Own)",
            "(S//Releasable KOR)",
            "(O//REL KOR)",
            "(O//HERON)",
            "(O//ONLY KOR)",
            "(S/REL KOR)",
            "(S//REL KOR) x",
            "(S//REL KOR [Context: Own])",
            "(S//REL KOR [Context: Palisade])",
            "(S [PALISADE])",
            "(\uff33//REL KOR)",
            "(S//REL ＫOR)",
            "(S//REL KО\u0052)",
        ],
    )
    def test_what_is_no_mark_is_refused(self, typed: str) -> None:
        """
        A mark that is not of the policy, or not allowed by it, is an error that repeats nothing of it.
        """
        with pytest.raises(MalformedError) as caught:
            parse_mark(EXERCISE, typed)
        assert "palisade" not in (caught.value.message + caught.value.hint).lower()

    def test_refusal_tells_how_marks_begin(self) -> None:
        """
        Who types a wrong mark is told how the policy's marks begin.
        """
        with pytest.raises(MalformedError) as caught:
            parse_mark(EXERCISE, "(X)")
        assert caught.value.hint == "marks of EXERCISE begin with one of (O), (L), (C), (S)"

    def test_long_marks_end_soon(self) -> None:
        """
        A mark as long as may be is read or refused, one longer is refused unread.
        """
        for ending in ("KOR)", "x)", "KOR"):
            typed = "(S//REL " + "KOR," * 250 + ending
            assert len(typed) <= MARK_LENGTH_MAX
            if ending == "KOR)":
                assert parse_mark(EXERCISE, typed) == MARKS["(S//REL KOR)"][1]
            else:
                with pytest.raises(MalformedError):
                    parse_mark(EXERCISE, typed)
        with pytest.raises(MalformedError):
            parse_mark(EXERCISE, "(S)" + " " * MARK_LENGTH_MAX)

    def test_label_that_is_not_valid_does_not_print(self) -> None:
        """
        Nothing is marked with a label that the policy does not allow.
        """
        for label in (exercise("SECRET"), exercise("OPEN", to=["KOR"]), exercise("NOWHERE")):
            with pytest.raises(MalformedError):
                portion_mark(EXERCISE, label)


def cut(policy: Policy, kept: dict[str, int]) -> Policy:
    """
    A policy with only the first values of each list.
    """
    tag_sets = tuple(
        replace(
            tag_set,
            tags=tuple(
                replace(tag, categories=tag.categories[: kept.get(tag_set.name, 9)]) for tag in tag_set.tags
            ),
        )
        for tag_set in policy.tag_sets
    )
    return replace(policy, tag_sets=tag_sets)


def labels_of(policy: Policy) -> list[Label]:
    """
    Every valid label of a small enough policy.
    """
    options = [
        [
            None,
            *(
                category(*key, some)
                for some in subsets(each.category.name for each in field.members.values())
                if some
            ),
        ]
        for key, field in policy.fields.items()
    ]
    made = [
        Label(policy_id=policy.id, classification=level.name, categories=gathered(filter(None, parts)))
        for level in policy.classifications
        for parts in product(*options)
    ]
    return [label for label in made if not validate(policy, label)]


class TestRoundTrip:
    def test_every_label_of_a_part_of_exercise_comes_back(self) -> None:
        """
        For all valid labels over a few values of each list: the mark reads as the label, and no two
        labels have one mark, or one banner.
        """
        policy = cut(EXERCISE, {"Caveats": 2, "Releasable To": 3, "Only": 2, "Handling": 1})
        labels = labels_of(policy)
        assert len(labels) > 1000
        marks = {portion_mark(policy, label): label for label in labels}
        assert len(marks) == len(labels) == len({banner(policy, label) for label in labels})
        for mark, label in marks.items():
            assert parse_mark(policy, mark) == label

    def test_random_labels_of_exercise_come_back(self) -> None:
        """
        For labels drawn from all of EXERCISE the mark reads as the label.
        """
        draw, tried = random.Random(2026), 0
        names = {
            key: [each.category.name for each in field.members.values()]
            for key, field in EXERCISE.fields.items()
        }
        while tried < 300:
            parts = [
                category(*key, draw.sample(known, draw.randint(1, min(len(known), 12))))
                for key, known in names.items()
                if draw.random() < 0.6
            ]
            level = draw.choice(EXERCISE.classifications).name
            label = Label(policy_id=EXERCISE.id, classification=level, categories=gathered(parts))
            if not validate(EXERCISE, label):
                tried += 1
                assert parse_mark(EXERCISE, portion_mark(EXERCISE, label)) == label

    def test_every_label_of_tlp_comes_back(self) -> None:
        """
        The longest phrase counts: AMBER+STRICT is not AMBER.
        """
        for label in labels_of(TLP):
            mark = portion_mark(TLP, label)
            assert mark == f"(TLP:{label.classification})"
            assert banner(TLP, label) == mark[1:-1]
            assert parse_mark(TLP, mark) == label

    def test_hidden_values_that_are_not_implied_are_said(self) -> None:
        """
        A label for peers and not for own people prints what it leaves out.
        """
        label = exercise("SECRET", context=["Releasable"], to=["KOR"])
        assert portion_mark(EXERCISE, label) == "(S//REL KOR [Context: Releasable])"
        assert parse_mark(EXERCISE, "(S//REL KOR [Context: Releasable])") == label


# --- Other policies, small ones made for one question each


def made(tag_sets: Iterable[TagSet], *classifications: Classification) -> Policy:
    """
    A policy of some tag sets; without classifications there is one, S.
    """
    return Policy(
        name="MADE",
        id="2.25.7",
        version=1,
        digest=b"",
        classifications=classifications or (Classification(name="S", lacv=1, hierarchy=1),),
        tag_sets=tuple(tag_sets),
    )


def tag_set(
    name: str, *values: TagCategory, type_: TagType = P, qualifiers: tuple[Qualifier, ...] = ()
) -> TagSet:
    """
    A tag set of one tag.
    """
    tag = Tag(name="", type=type_, categories=values, qualifiers=qualifiers)
    return TagSet(name=name, id=f"2.25.7.{len(name)}", tags=(tag,))


def value(name: str, phrase: str | None = None, *codes: str, language: str = "") -> TagCategory:
    """
    A value with a phrase for some places.
    """
    markings = (Marking(codes=frozenset(codes), phrase=phrase, language=language),) if codes else ()
    return TagCategory(name=name, lacv=name, markings=markings)


def qualifier(code: str, text: str, place: str = "", language: str = "") -> Qualifier:
    """
    A prefix, suffix or separator.
    """
    return Qualifier(place=place, code=code, text=text, language=language)


def label(policy: Policy, *parts: Category) -> Label:
    """
    A label with the first classification of a policy.
    """
    first = policy.classifications[0].name
    return Label(policy_id=policy.id, classification=first, categories=gathered(parts))


class TestAmbiguity:
    def test_mark_of_two_labels_is_refused(self) -> None:
        """
        Where a policy does not say which of two lists a value stands on, nobody guesses.
        """
        policy = made([tag_set("Releasable To", value("JPN")), tag_set("Only", value("JPN"))])
        assert portion_mark(policy, label(policy, category("Only", P, ["JPN"]))) == "(S JPN)"
        with pytest.raises(MalformedError, match="more than one label"):
            parse_mark(policy, "(S JPN)")
        assert len(parse_mark(policy, "(S JPN JPN)").categories) == 2

    def test_phrase_of_two_values_is_refused(self) -> None:
        """
        Where two values of a list have one phrase, nobody guesses which was meant, and it ends soon.
        """
        values_ = [value(name, "Georgia", "portionMarking") for name in ("GEO", "USG")]
        policy = made([tag_set("To", *values_, value("KOR"))])
        assert parse_mark(policy, "(S KOR)") == label(policy, category("To", P, ["KOR"]))
        for typed in ("(S Georgia)", "(S " + "Georgia, " * 80 + "x)"):
            with pytest.raises(MalformedError):
                parse_mark(policy, typed)

    def test_longest_of_two_values_counts(self) -> None:
        """
        A phrase that begins another is read only where it ends.
        """
        policy = made([tag_set("To", value("NATO"), value("NATO RESPONSE FORCE"), value("NATO+"))])
        for name in ("NATO", "NATO RESPONSE FORCE", "NATO+"):
            assert parse_mark(policy, f"(S {name})") == label(policy, category("To", P, [name]))


class TestQualifiers:
    def test_prefix_and_suffix_do_not_run_into_words(self) -> None:
        """
        Published policies end a prefix without a space and begin a suffix with none.
        """
        policy = made(
            [
                tag_set(
                    "Releasable To",
                    value("JPN"),
                    value("CHE"),
                    qualifiers=(qualifier("prefix", "Releasable To"), qualifier("separator", ", ")),
                ),
                tag_set("Only", value("UKR"), qualifiers=(qualifier("suffix", "Only "),)),
            ]
        )
        both = label(policy, category("Releasable To", P, ["JPN", "CHE"]), category("Only", P, ["UKR"]))
        assert banner(policy, both) == "MADE S Releasable To JPN, CHE UKR Only"
        assert parse_mark(policy, portion_mark(policy, both)) == both

    def test_qualifier_of_both_ends_counts_at_each(self) -> None:
        """
        What is stated for top and bottom of a page is for the top, and for the bottom.
        """
        policy = made(
            [tag_set("To", value("JPN"), qualifiers=(qualifier("prefix", " FOR ", "pageTopBottom"),))]
        )
        marked = label(policy, category("To", P, ["JPN"]))
        assert marking(policy, marked, place="pageTop") == "MADE S FOR JPN"
        assert marking(policy, marked, place="pageBottom") == "MADE S FOR JPN"
        assert marking(policy, marked, place="subject") == "MADE S JPN"


class TestLanguages:
    policy = made(
        [
            tag_set(
                "To",
                TagCategory(
                    name="CHE",
                    lacv="1",
                    markings=(
                        Marking(codes=frozenset({"pageTop"}), phrase="Switzerland", language="en"),
                        Marking(codes=frozenset({"pageTop"}), phrase="Suisse", language="fr"),
                    ),
                ),
                qualifiers=(
                    qualifier("prefix", "for ", language="en"),
                    qualifier("prefix", "pour ", language="fr"),
                ),
            )
        ]
    )

    @pytest.mark.parametrize(
        ("lang", "text"),
        [("en", "MADE S for Switzerland"), ("fr", "MADE S pour Suisse"), ("ko", "MADE S for Switzerland")],
    )
    def test_banner_is_in_the_wanted_language(self, lang: str, text: str) -> None:
        """
        Phrases are in the wanted language where the policy has it, else in English.
        """
        marked = label(self.policy, category("To", P, ["CHE"]))
        assert banner(self.policy, marked, lang=lang) == text

    def test_languages_of_a_policy_are_those_it_has_words_in(self) -> None:
        """
        Every language that a marking or a qualifier is tagged with, once, sorted.
        """
        assert languages(self.policy) == ("en", "fr")
        assert languages(made([])) == ()
        more = replace(
            self.policy,
            markings=(Marking(codes=frozenset({"pageTop"}), phrase="x", language="ko"),),
            qualifiers=(qualifier("prefix", "x", language="de"),),
        )
        assert languages(more) == ("de", "en", "fr", "ko")

    @pytest.mark.parametrize("lang", ["fr-CA", "FR", "fr-Latn-CA"])
    def test_wider_language_stands_in_for_a_narrower(self, lang: str) -> None:
        """
        French of Canada is French where there is no other; case makes no difference.
        """
        marked = label(self.policy, category("To", P, ["CHE"]))
        assert banner(self.policy, marked, lang=lang) == "MADE S pour Suisse"
        assert banner(self.policy, marked, lang="f") == "MADE S for Switzerland"


class TestPlaces:
    @pytest.mark.parametrize("place", ["", "pagetop", "replacePolicy", "noNameDisplay", "page"])
    def test_what_is_no_place_is_refused(self, place: str) -> None:
        """
        A place is one of the schema's, in its spelling; a way of displaying is none.
        """
        policy = made([])
        with pytest.raises(MalformedError, match="no place") as caught:
            marking(policy, label(policy), place=place)
        assert "pageTop" in caught.value.hint

    @pytest.mark.parametrize("place", sorted(PLACES))
    def test_every_place_has_its_phrase(self, place: str) -> None:
        """
        A phrase for one place is printed there, and elsewhere the name is.
        """
        classification = Classification(
            name="S",
            lacv=1,
            hierarchy=1,
            markings=(Marking(codes=frozenset({place}), phrase="HERE"),),
        )
        policy = made([], classification)
        head = "" if place == "portionMarking" else "MADE "
        assert marking(policy, label(policy), place=place) == f"{head}HERE"
        shared = {"pageTop", "pageBottom", "pageTopBottom"}
        for other in PLACES - {place} - (shared if place in shared else set()):
            assert marking(policy, label(policy), place=other).endswith("S")

    def test_words_around_a_list_count_at_both_ends_of_a_page(self) -> None:
        """
        A list never stands at the bottom without the words that it has at the top, or the other way.
        """
        for there in ("pageTop", "pageBottom"):
            policy = made([tag_set("To", value("JPN"), qualifiers=(qualifier("prefix", "FOR ", there),))])
            marked = label(policy, category("To", P, ["JPN"]))
            for place in ("pageTop", "pageBottom", "pageTopBottom"):
                assert marking(policy, marked, place=place) == "MADE S FOR JPN"
        own = (qualifier("prefix", "ABOVE ", "pageTop"), qualifier("prefix", "BELOW ", "pageBottom"))
        policy = made([tag_set("To", value("JPN"), qualifiers=own)])
        marked = label(policy, category("To", P, ["JPN"]))
        assert marking(policy, marked, place="pageBottom") == "MADE S BELOW JPN"

    def test_marking_without_a_place_is_for_all_but_portions(self) -> None:
        """
        A phrase that says only how it is displayed is printed everywhere; people type the name.
        """
        policy = made([tag_set("To", value("x", "LONG", "suppressClassName"))])
        marked = label(policy, category("To", P, ["x"]))
        assert marking(policy, marked, place="waterMark") == "MADE LONG"
        assert portion_mark(policy, marked) == "(S x)"
        assert parse_mark(policy, "(S x)") == marked


def said(*codes: str, phrase: str | None = None, language: str = "") -> Marking:
    """
    A marking.
    """
    return Marking(codes=frozenset(codes), phrase=phrase, language=language)


class TestNames:
    """
    What stands in place of the policy's name and around it.
    """

    def test_value_may_replace_the_name_of_the_policy(self) -> None:
        """
        A value whose phrase replaces the name is printed there, and not a second time in its list.
        """
        context = TagCategory(name="K", lacv="1", markings=(said("replacePolicy", phrase="MADE/K"),))
        policy = made([tag_set("Context", context, value("L"))])
        assert banner(policy, label(policy, category("Context", P, ["K"]))) == "MADE/K S"
        assert banner(policy, label(policy, category("Context", P, ["K", "L"]))) == "MADE/K S L"
        assert banner(policy, label(policy, category("Context", P, ["L"]))) == "MADE S L"
        assert portion_mark(policy, label(policy, category("Context", P, ["K"]))) == "(S K)"

    def test_classification_replaces_before_a_value_and_a_value_before_the_policy(self) -> None:
        """
        The nearest statement counts; what it covers is still said.
        """
        context = TagCategory(
            name="K", lacv="1", markings=(said("replacePolicy", "noNameDisplay", phrase="VALUE"),)
        )
        classes = (
            Classification(name="T", lacv=2, hierarchy=2, markings=(said("replacePolicy", phrase="CLASS"),)),
            Classification(name="S", lacv=1, hierarchy=1),
        )
        policy = replace(
            made([tag_set("Context", context)], *classes), markings=(said("replacePolicy", phrase="ALL"),)
        )
        with_k = (category("Context", P, ["K"]),)
        assert banner(policy, Label(policy="MADE", classification="S")) == "ALL S"
        assert banner(policy, Label(policy="MADE", classification="S", categories=with_k)) == "VALUE S"
        assert banner(policy, Label(policy="MADE", classification="T", categories=with_k)) == (
            "CLASS T [Context: K]"
        )

    def test_policy_puts_its_words_around_the_whole(self) -> None:
        """
        Prefix, suffix and separator of the policy stand around and in a marking, and not in portions.
        """
        policy = replace(
            made([tag_set("To", value("JPN")), tag_set("Note", value("n"))]),
            qualifiers=(
                qualifier("prefix", "<<"),
                qualifier("suffix", ">>"),
                qualifier("separator", " | ", "pageTop"),
            ),
        )
        marked = label(policy, category("To", P, ["JPN"]), category("Note", P, ["n"]))
        assert banner(policy, marked) == "<<MADE | S | JPN | n>>"
        assert marking(policy, marked, place="subject") == "<<MADE S JPN n>>"
        assert parse_mark(policy, portion_mark(policy, marked)) == marked

    def test_classification_and_value_have_words_around_them(self) -> None:
        """
        What qualifies one classification or one value stands around it, in portions too.
        """
        around = (qualifier("prefix", "["), qualifier("suffix", "]", "pageTop"))
        classification = Classification(name="S", lacv=1, hierarchy=1, qualifiers=around)
        policy = made([tag_set("To", replace(value("x"), qualifiers=around), value("y"))], classification)
        marked = label(policy, category("To", P, ["x", "y"]))
        assert banner(policy, marked) == "MADE [S] [x], y"
        assert portion_mark(policy, marked) == "([S [x, y)"
        assert parse_mark(policy, "([S [x, y)") == marked

    def test_value_may_suppress_the_classification(self) -> None:
        """
        On pages a value may stand for the classification; a portion mark keeps it, for it is typed.
        """
        policy = made([tag_set("To", value("x", "S-X", "suppressClassName", "pageTop"))])
        marked = label(policy, category("To", P, ["x"]))
        assert banner(policy, marked) == "MADE S-X"
        assert banner(policy, label(policy)) == "MADE S"
        assert portion_mark(policy, marked) == "(S x)"

    def test_name_and_classification_are_left_out_where_the_policy_says(self) -> None:
        """
        Without a name only the classification is printed; a level that is not marked leaves nothing.
        """

        def banner_with(*codes: str, of_policy: bool = False) -> str:
            marked = (said(*codes),)
            level = Classification(name="S", lacv=1, hierarchy=1, markings=() if of_policy else marked)
            policy = replace(made([], level), markings=marked if of_policy else ())
            return banner(policy, label(policy))

        assert banner_with("noNameDisplay", of_policy=True) == "S"
        assert banner_with("noNameDisplay") == "S"
        assert banner_with("suppressClassName") == "MADE"
        assert banner_with("noMarkingDisplay") == ""

    def test_phrase_for_input_only_is_not_printed(self) -> None:
        """
        What is displayed while typing only, or has no phrase and no name to display, is hidden.
        """
        hidden = [
            said("noMarkingDisplay", "pageTopBottom", phrase="x"),
            said("noMarkingDisplay"),
            said("noNameDisplay"),
        ]
        for each in hidden:
            policy = made([tag_set("To", TagCategory(name="x", lacv="1", markings=(each,)), value("y"))])
            assert banner(policy, label(policy, category("To", P, ["y"]))) == "MADE S y"
            assert banner(policy, label(policy, category("To", P, ["x", "y"]))) == "MADE S y [To: x, y]"


class TestDates:
    def test_label_out_of_date_prints_without_an_instant_only(self) -> None:
        """
        Old labels are still marked; whoever asks for an instant is told that it is not valid then.
        """
        old = replace(value("JPN"), window=Window(not_after=DAY))
        policy = made([tag_set("To", old)])
        marked = label(policy, category("To", P, ["JPN"]))
        assert banner(policy, marked) == banner(policy, marked, at=DAY) == "MADE S JPN"
        with pytest.raises(MalformedError, match="on this date"):
            banner(policy, marked, at=AFTER)


class TestHidden:
    hidden = value("own", None, "noMarkingDisplay")
    need_one = Requirement(
        operation=Operation.ONE_OR_MORE, groups=(CategoryReference(tag_set="Context", type=P),)
    )
    top = Classification(name="S", lacv=1, hierarchy=1, required=(need_one,))

    def test_phrase_without_letters_hides_a_value(self) -> None:
        """
        A value whose phrase is empty is not displayed there under its name either.
        """
        policy = made([tag_set("Context", value("rel", "", "pageTopBottom"), value("all"))])
        marked = label(policy, category("Context", P, ["all", "rel"]))
        assert banner(policy, marked) == "MADE S all [Context: rel, all]"
        assert portion_mark(policy, marked) == "(S rel, all)"

    def test_every_label_with_hidden_values_comes_back(self) -> None:
        """
        Implied or not, hidden or shown: the mark of each label reads as that label.
        """
        lists = [tag_set("Context", self.hidden, value("rel")), tag_set("Note", value("own"), value("n"))]
        for policy in (made(lists, self.top), made(lists)):
            labels = labels_of(policy)
            assert len({portion_mark(policy, each) for each in labels}) == len(labels)
            for each in labels:
                assert parse_mark(policy, portion_mark(policy, each)) == each

    def test_absence_of_an_implied_value_is_said(self) -> None:
        """
        A label without the value that its classification would imply says that there is none.
        """
        either = Requirement(
            operation=Operation.ONE_OR_MORE,
            groups=(CategoryReference(tag_set="Context", type=P), CategoryReference(tag_set="Note", type=P)),
        )
        lists = [tag_set("Context", self.hidden), tag_set("Note", value("n"))]
        policy = made(lists, Classification(name="S", lacv=1, hierarchy=1, required=(either,)))
        bare = label(policy, category("Note", P, ["n"]))
        assert portion_mark(policy, bare) == "(S n [Context: none])"
        assert parse_mark(policy, "(S n [Context: none])") == bare
        assert parse_mark(policy, "(S n)") != bare


class TestBannerOf:
    @pytest.mark.parametrize(
        ("party", "text"),
        [
            ("AUS", "LIMITED REL KOR, JPN, AUS, NATO"),
            ("JPN", "SECRET REL KOR, JPN"),
            ("NATO", "CONFIDENTIAL REL KOR, JPN, NATO"),
            ("KOR", "SECRET REL KOR"),
        ],
    )
    def test_copy_carries_the_roll_up_of_what_it_holds(self, party: str, text: str) -> None:
        """
        Each addressee of story A reads at the top the level and list of what its copy holds.
        """
        labels = [parse_mark(EXERCISE, REPORT[part]) for part in sorted(SEEN[party])]
        assert banner_of(EXERCISE, labels) == text

    def test_parts_without_a_common_reader_send_to_the_portion_marks(self) -> None:
        """
        Where no list is common, the banner names none.
        """
        labels = [parse_mark(EXERCISE, mark) for mark in ("(S//REL KOR)", "(C//REL JPN)")]
        assert banner_of(EXERCISE, labels) == "SECRET - SEE PORTION MARKS"

    def test_nothing_has_no_banner(self) -> None:
        """
        A copy that holds nothing is not marked.
        """
        assert banner_of(EXERCISE, []) == ""
