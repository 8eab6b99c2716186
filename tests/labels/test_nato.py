# SPDX-License-Identifier: Apache-2.0
"""
Markings of the NATO policy, as the standard's examples have them.

The policies here are made for these tests, one in each manner of the published SPIFs: with phrases that
replace the policy's name, and without. The published one itself is read where it is at hand.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

import pytest

from legation.errors import MalformedError
from legation.formats import spif
from legation.labels import (
    Label,
    Policy,
    TagType,
    banner,
    category,
    gathered,
    marking,
    parse_mark,
    portion_mark,
    validate,
)
from legation.labels.nato import (
    ADMINISTRATIVE_ID,
    CONTEXT_ID,
    POLICY_ID,
    RELEASABLE_TO_ID,
)
from legation.labels.policy import Classification, Marking, Qualifier, Tag, TagCategory, TagSet
from tests.formats.standards import standard

P, N = TagType.PERMISSIVE, TagType.INFORMATIVE
PAGE = frozenset({"pageTopBottom"})
NAME_REPLACED = frozenset({"noNameDisplay", "replacePolicy"})


def phrase(text: str, codes: frozenset[str] = PAGE, language: str = "") -> Marking:
    """
    A phrase for the pages.
    """
    return Marking(codes=codes, phrase=text, language=language)


def level(name: str, french: str, *more: Marking) -> Classification:
    """
    A classification with its French name.
    """
    height = LEVELS.index(name)
    return Classification(
        name=name, lacv=height, hierarchy=height, markings=(*more, phrase(french, PAGE, "fr"))
    )


LEVELS = ("UNCLASSIFIED", "RESTRICTED", "CONFIDENTIAL", "SECRET", "TOP SECRET")
STATES = {"JPN": ("Japan", "Japon"), "CHE": ("Switzerland", "Suisse"), "UKR": ("Ukraine", "Ukraine")}


def states() -> list[TagCategory]:
    """
    Values with the names that are printed of them.
    """
    return [
        TagCategory(
            name=name,
            lacv=name,
            markings=(phrase(english, PAGE, "en"), phrase(french, PAGE, "fr")),
        )
        for name, (english, french) in STATES.items()
    ]


def tag_set(
    name: str, id: str, type_: TagType, values: Iterable[TagCategory], *qualifiers: Qualifier
) -> TagSet:
    """
    A list.
    """
    tag = Tag(name=name, type=type_, categories=tuple(values), qualifiers=qualifiers)
    return TagSet(name=name, id=id, tags=(tag,))


def qualifier(code: str, text: str, place: str = "pageTop", language: str = "") -> Qualifier:
    """
    What stands around a list.
    """
    return Qualifier(place=place, code=code, text=text, language=language)


def policy(*, replacing: bool) -> Policy:
    """
    The policy in one manner or the other.
    """
    codes = NAME_REPLACED if replacing else PAGE
    cosmic = (phrase("COSMIC", frozenset({"replacePolicy"})),) if replacing else ()
    hidden = Marking(codes=frozenset({"noNameDisplay"})) if replacing else phrase("")
    return Policy(
        name="NATO",
        id=POLICY_ID,
        version=79 if replacing else 88,
        digest=b"",
        classifications=(
            level("UNCLASSIFIED", "SANS CLASSIFICATION"),
            level("RESTRICTED", "DIFFUSION RESTREINTE"),
            level("CONFIDENTIAL", "CONFIDENTIEL"),
            level("SECRET", "SECRET"),
            level("TOP SECRET", "TRES SECRET", *cosmic),
        ),
        tag_sets=(
            tag_set(
                "Releasable To",
                RELEASABLE_TO_ID,
                P,
                [*states(), TagCategory(name="NATO", lacv="1001"), TagCategory(name="KFOR", lacv="2007")],
                qualifier("prefix", "Releasable to"),
                qualifier("prefix", "Communicable a", language="fr"),
                qualifier("separator", ", "),
            ),
            tag_set(
                "Only",
                "1.3.26.1.4.5",
                P,
                [*states(), TagCategory(name="NATO", lacv="1001")],
                qualifier("suffix", "ONLY "),
                qualifier("separator", ", "),
            ),
            tag_set("Administrative", ADMINISTRATIVE_ID, N, [TagCategory(name="STAFF", lacv="2")]),
            tag_set(
                "Context",
                CONTEXT_ID,
                P,
                [
                    TagCategory(name="NATO", lacv="1001", markings=(phrase("NATO", codes),)),
                    TagCategory(name="EAPC", lacv="1002", markings=(phrase("NATO/EAPC", codes),)),
                    TagCategory(name="KFOR", lacv="1005", markings=(phrase("NATO/KFOR", codes),)),
                    TagCategory(name="Releasable", lacv="10000", markings=(hidden,)),
                ],
            ),
        ),
    )


OLD, NEW = policy(replacing=True), policy(replacing=False)


def label(
    level: str,
    context: Collection[str] = (),
    to: Collection[str] = (),
    only: Collection[str] = (),
    note: Collection[str] = (),
) -> Label:
    """
    A label of the policy.
    """
    lists = (
        ("Context", P, context),
        ("Releasable To", P, to),
        ("Only", P, only),
        ("Administrative", N, note),
    )
    parts = [category(name, type_, values) for name, type_, values in lists if values]
    return Label(policy="NATO", classification=level, categories=gathered(parts))


RELEASED = ("NATO", "Releasable")
PRINTED = {
    "NATO UNCLASSIFIED": label("UNCLASSIFIED", ["NATO"]),
    "NATO SECRET": label("SECRET", ["NATO"]),
    "COSMIC TOP SECRET": label("TOP SECRET", ["NATO"]),
    "NATO UNCLASSIFIED - STAFF": label("UNCLASSIFIED", ["NATO"], note=["STAFF"]),
    "NATO RESTRICTED Releasable to Japan, Switzerland, Ukraine": label(
        "RESTRICTED", RELEASED, to=["NATO", "CHE", "JPN", "UKR"]
    ),
    "NATO/KFOR CONFIDENTIAL Ukraine, NATO ONLY": label("CONFIDENTIAL", ["KFOR"], only=["NATO", "UKR"]),
    "NATO/EAPC CONFIDENTIAL": label("CONFIDENTIAL", ["EAPC"]),
    "NATO/EAPC CONFIDENTIAL Releasable to Japan - STAFF": label(
        "CONFIDENTIAL", ["EAPC", "Releasable"], to=["NATO", "JPN"], note=["STAFF"]
    ),
}


class TestBanner:
    @pytest.mark.parametrize("made", [OLD, NEW], ids=["old", "new"])
    @pytest.mark.parametrize("text", PRINTED)
    def test_page_is_marked_as_people_know_it(self, made: Policy, text: str) -> None:
        """
        In both manners of the SPIF, at the top and at the bottom of the page.
        """
        assert banner(made, PRINTED[text]) == text
        assert marking(made, PRINTED[text], place="pageBottom") == text
        assert marking(made, PRINTED[text], place="pageTopBottom") == text

    @pytest.mark.parametrize("made", [OLD, NEW], ids=["old", "new"])
    @pytest.mark.parametrize("lang", ["fr", "FR", "fr-CA", "fr-Latn-CA"])
    def test_page_is_marked_in_french(self, made: Policy, lang: str) -> None:
        """
        The wider form of a language stands in for one that the policy does not have.
        """
        released = PRINTED["NATO RESTRICTED Releasable to Japan, Switzerland, Ukraine"]
        assert banner(made, released, lang=lang) == (
            "NATO DIFFUSION RESTREINTE Communicable a Japon, Suisse, Ukraine"
        )
        assert banner(made, PRINTED["COSMIC TOP SECRET"], lang=lang) == "COSMIC TRES SECRET"

    @pytest.mark.parametrize("made", [OLD, NEW], ids=["old", "new"])
    def test_what_the_rules_do_not_let_expect_is_said(self, made: Policy) -> None:
        """
        No context at all, a release without the word for it, a list without the owner, or two contexts:
        the mark says what decides.
        """
        assert banner(made, label("SECRET")) == "NATO SECRET [Context: none]"
        assert banner(made, label("SECRET", ["NATO"], to=["JPN", "NATO"])) == (
            "NATO SECRET Releasable to Japan [Context: NATO]"
        )
        assert banner(made, label("SECRET", RELEASED, to=["JPN"])) == (
            "NATO SECRET Releasable to Japan [Releasable To: JPN]"
        )
        assert banner(made, label("SECRET", RELEASED)) == "NATO SECRET [Context: NATO, Releasable]"
        assert "[Context: NATO, KFOR]" in banner(made, label("SECRET", ["NATO", "KFOR"]))
        assert "KFOR" in banner(made, label("SECRET", ["EAPC", "KFOR"]))

    @pytest.mark.parametrize("made", [OLD, NEW], ids=["old", "new"])
    def test_context_is_taken_off_its_own_list_only(self, made: Policy) -> None:
        """
        What stands for the policy's name still stands on a list of parties of the same word.
        """
        both = label("SECRET", ["KFOR", "Releasable"], to=["KFOR", "NATO"])
        assert banner(made, both) == "NATO/KFOR SECRET Releasable to KFOR"

    def test_other_policy_of_the_same_words_has_no_such_rules(self) -> None:
        """
        Only the identifier says whose policy it is.
        """
        other = replace(NEW, id="2.25.4")
        text = banner(
            other,
            Label(policy="NATO", classification="SECRET", categories=(category("Context", P, ["NATO"]),)),
        )
        assert text == "NATO SECRET NATO"


class TestPortions:
    @pytest.mark.parametrize("made", [OLD, NEW], ids=["old", "new"])
    def test_every_mark_comes_back(self, made: Policy) -> None:
        """
        For every level, context and some lists: the portion mark reads as the label, and no two labels
        have one mark.
        """
        contexts = [(), ("NATO",), RELEASED, ("KFOR",), ("KFOR", "Releasable"), ("NATO", "KFOR")]
        lists = [(), ("NATO",), ("JPN",), ("NATO", "JPN", "UKR"), ("KFOR", "NATO")]
        found = [
            label(level, context, to, only, note)
            for level in ("SECRET", "TOP SECRET")
            for context in contexts
            for to in lists
            for only in lists[:4]
            for note in ((), ("STAFF",))
        ]
        marks = {portion_mark(made, each): each for each in found}
        assert len(marks) == len(found)
        for mark, each in marks.items():
            assert parse_mark(made, mark) == made.normalize(each), mark

    def test_typed_mark_has_the_context_that_it_implies(self) -> None:
        """
        Nobody types the context NATO, and a label without any would let everybody cleared in.
        """
        for made in (OLD, NEW):
            assert parse_mark(made, "(SECRET)") == made.normalize(label("SECRET", ["NATO"]))
            assert parse_mark(made, "(secret releasable to jpn)") == made.normalize(
                label("SECRET", RELEASED, to=["NATO", "JPN"])
            )

    def test_context_that_the_policy_hides_is_said(self) -> None:
        """
        Where a context has no words for a portion mark, it is named in brackets.
        """
        kfor = label("SECRET", ["KFOR"])
        assert portion_mark(OLD, kfor) == "(SECRET [Context: KFOR])"
        assert portion_mark(NEW, kfor) == "(SECRET KFOR)"


class TestPublished:
    def test_published_policy_prints_as_people_know_it(self) -> None:
        """
        The markings of the published SPIF, and its portion marks, which it has words for.
        """
        published = spif.read(standard("NATO-v88.spif.xml"), lenient=True)
        expected = {
            "NATO SECRET": (label("SECRET", ["NATO"]), "(NS)"),
            "COSMIC TOP SECRET": (label("TOP SECRET", ["NATO"]), "(CTS)"),
            "NATO/EAPC CONFIDENTIAL": (label("CONFIDENTIAL", ["EAPC"]), "(NC EAPC)"),
            "NATO UNCLASSIFIED - STAFF": (label("UNCLASSIFIED", ["NATO"], note=["STAFF"]), "(NU - STAFF)"),
            # In the order of the SPIF, which has partners before others.
            "NATO RESTRICTED Releasable To Switzerland, Ukraine, Japan": (
                label("RESTRICTED", RELEASED, to=["NATO", "CHE", "JPN", "UKR"]),
                "(NR Releasable To CHE, UKR, JPN)",
            ),
            "NATO/KFOR SECRET Ireland, Sweden Only": (
                label("SECRET", ["KFOR"], only=["IRL", "SWE"]),
                "(NS KFOR IRL, SWE Only)",
            ),
        }
        for text, (each, mark) in expected.items():
            assert not validate(published, each)
            assert marking(published, each, place="pageTop") == text
            assert marking(published, each, place="pageBottom") == text
            assert portion_mark(published, each) == mark
            assert parse_mark(published, mark) == published.normalize(each)
        french = label("RESTRICTED", ["NATO"])
        assert banner(published, french, lang="fr") == "NATO DIFFUSION RESTREINTE"

    def test_public_is_not_marked(self) -> None:
        """
        The published PUBLIC policy marks nothing, save what is in confidence.
        """
        published = spif.read(standard("PUBLIC-v1.spif.xml"), lenient=True)
        plain = Label(policy="PUBLIC", classification="UNMARKED")
        assert banner(published, plain) == ""
        noted = Label(
            policy="PUBLIC",
            classification="UNMARKED",
            categories=(category("In Confidence", N, ["STAFF", "LEGAL"]),),
        )
        assert banner(published, noted) == "LEGAL, STAFF In Confidence"
        assert parse_mark(published, portion_mark(published, plain)) == published.normalize(plain)
        with pytest.raises(MalformedError):
            parse_mark(published, "")
